/**
 * What SOQL means, met over HTTP. Sources: SOQL and SOSL Reference (comparison operators, date formats, ORDER BY,
 * aggregate functions) as gathered in the project's Salesforce notes, 4.4 and 4.2; `[K]` is general knowledge.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { z } from 'zod';
import { openClient, LocalOrgRefusal, type LocalClient } from '../../../src/localorg/client.js';
import { defaultSources, startLocalOrg } from '../../../src/localorg/localOrg.js';
import type { LocalOrg } from '../../../src/localorg/server.js';

let org: LocalOrg;
let client: LocalClient;
const ids = new Map<string, string>();

const created = z.object({ id: z.string() });

beforeAll(async () => {
  org = await startLocalOrg({
    port: 0,
    keep: { in: 'memory' },
    clock: new Date('2024-02-29T12:00:00Z'),
    sources: defaultSources,
  });
  client = openClient(org.instanceUrl, org.accessToken);
  const create = async (object: string, key: string, values: Record<string, unknown>): Promise<void> => {
    ids.set(key, created.parse(await client.send('POST', `sobjects/${object}`, values)).id);
  };
  await create('Account', 'Ärzte', {
    Name: 'Ärzte GmbH',
    Industry: 'Healthcare',
    NumberOfEmployees: 20,
    AnnualRevenue: 100,
  });
  await create('Account', 'beta', { Name: 'beta AG', Industry: 'energy', ParentId: ids.get('Ärzte') });
  await create('Account', 'Gamma', { Name: 'Gamma 100%_x', NumberOfEmployees: 5, AnnualRevenue: 300 });
  await create('Contact', 'Kim', { LastName: 'Kim', AccountId: ids.get('Ärzte') });
  await create('Contact', 'Lee', { LastName: 'Lee', AccountId: ids.get('Ärzte') });
  const deal = async (
    key: string,
    account: string,
    closeDate: string,
    amount: number | null,
    stage = 'Closed Won',
  ): Promise<void> =>
    create('Opportunity', key, {
      Name: key,
      AccountId: ids.get(account),
      CloseDate: closeDate,
      Amount: amount,
      StageName: stage,
    });
  await deal('yesterday', 'Ärzte', '2024-02-28', 0.1);
  await deal('today', 'Ärzte', '2024-02-29', 0.2);
  await deal('tomorrow', 'beta', '2024-03-01', 10.55, 'Prospecting');
  await deal('january', 'beta', '2024-01-31', null);
  await deal('lastYear', 'Gamma', '2023-12-31', 1000);
});

afterAll(async () => {
  await client.close();
  await org.stop();
});

const names = async (soql: string): Promise<unknown[]> => (await client.query(soql)).map((record) => record['Name']);
const accounts = (where: string): Promise<unknown[]> => names(`SELECT Name FROM Account WHERE ${where} ORDER BY Name`);
const deals = (where: string): Promise<unknown[]> =>
  names(`SELECT Name FROM Opportunity WHERE ${where} ORDER BY CloseDate`);

async function refusal(soql: string): Promise<{ code: string; message: string }> {
  try {
    await client.query(soql);
  } catch (error) {
    if (error instanceof LocalOrgRefusal) return { code: error.errorCode, message: error.message };
    throw error;
  }
  return { code: 'answered', message: '' };
}

describe('comparison', () => {
  test('text is compared without regard to case, umlauts too', async () => {
    expect(await accounts("Name = 'äRZTE gmbh'")).toEqual(['Ärzte GmbH']);
    expect(await accounts("Industry IN ('ENERGY')")).toEqual(['beta AG']);
  });

  test('unequal returns records without a value too', async () => {
    expect(await accounts("Industry != 'Energy'")).toEqual(['Gamma 100%_x', 'Ärzte GmbH']);
    expect(await accounts("Industry NOT IN ('Energy')")).toEqual(['Gamma 100%_x', 'Ärzte GmbH']);
    expect(await accounts('NumberOfEmployees != 5')).toEqual(['beta AG', 'Ärzte GmbH']);
  });

  test('null is asked for with = and !=', async () => {
    expect(await accounts('Industry = null')).toEqual(['Gamma 100%_x']);
    expect(await accounts('Industry != NULL')).toEqual(['beta AG', 'Ärzte GmbH']);
    expect(await accounts("Industry IN ('Energy', null)")).toEqual(['beta AG', 'Gamma 100%_x']);
  });

  test('numbers compare as numbers, and a value that is not there compares with nothing', async () => {
    expect(await accounts('NumberOfEmployees >= 5')).toEqual(['Gamma 100%_x', 'Ärzte GmbH']);
    expect(await accounts('NumberOfEmployees < 20')).toEqual(['Gamma 100%_x']);
    expect(await deals('Amount > 0.15')).toEqual(['lastYear', 'today', 'tomorrow']);
  });

  test('LIKE knows % and _, escaped ones are themselves, and case does not matter', async () => {
    expect(await accounts("Name LIKE '%A%'")).toEqual(['beta AG', 'Gamma 100%_x']);
    expect(await accounts("Name LIKE 'BETA _G'")).toEqual(['beta AG']);
    expect(await accounts("Name LIKE '%100\\%\\_x'")).toEqual(['Gamma 100%_x']);
    expect(await accounts("Name LIKE '100\\%%'")).toEqual([]);
  });

  test('an id means the same in 15 and 18 characters', async () => {
    const id = ids.get('beta') ?? '';
    expect(await accounts(`Id = '${id}'`)).toEqual(['beta AG']);
    expect(await accounts(`Id = '${id.slice(0, 15)}'`)).toEqual(['beta AG']);
    expect(await accounts(`ParentId IN ('${(ids.get('Ärzte') ?? '').slice(0, 15)}')`)).toEqual(['beta AG']);
  });

  test('AND, OR and NOT nest', async () => {
    expect(await accounts("(Industry = 'Energy' OR NumberOfEmployees = 5) AND NOT(Name LIKE 'beta%')")).toEqual([
      'Gamma 100%_x',
    ]);
    expect(await accounts("NOT (Industry = 'Energy' OR (NumberOfEmployees = 5 AND Name != null))")).toEqual([
      'Ärzte GmbH',
    ]);
  });

  test('AND beside OR without parentheses is refused [K]', async () => {
    expect(await refusal("SELECT Id FROM Account WHERE Name = 'a' AND Name = 'b' OR Name = 'c'")).toMatchObject({
      code: 'MALFORMED_QUERY',
    });
  });

  test('names are read in any case and answered as the schema writes them', async () => {
    const [record] = await client.query("select NAME, owner.NAME from ACCOUNT where INDUSTRY = 'energy'");
    expect(record).toMatchObject({ Name: 'beta AG', Owner: { Name: 'Org Admin' } });
  });
});

describe("dates by the org's own clock (29 February 2024)", () => {
  test.each([
    ['CloseDate = TODAY', ['today']],
    ['CloseDate = YESTERDAY', ['yesterday']],
    ['CloseDate = TOMORROW', ['tomorrow']],
    ['CloseDate = THIS_MONTH', ['yesterday', 'today']],
    ['CloseDate = LAST_MONTH', ['january']],
    ['CloseDate = NEXT_MONTH', ['tomorrow']],
    ['CloseDate = LAST_YEAR', ['lastYear']],
    ['CloseDate < THIS_YEAR', ['lastYear']],
    ['CloseDate = LAST_N_DAYS:1', ['yesterday', 'today']],
    ['CloseDate = NEXT_N_DAYS:1', ['tomorrow']],
    ['CloseDate = LAST_N_MONTHS:1', ['january']],
    ['CloseDate > TODAY', ['tomorrow']],
    ['CloseDate >= 2024-02-29', ['today', 'tomorrow']],
    ['CloseDate != THIS_QUARTER', ['lastYear']],
    ['CreatedDate = TODAY', ['lastYear', 'january', 'yesterday', 'today', 'tomorrow']],
    ['CreatedDate < 2024-02-29T00:00:00Z', []],
  ])('%s', async (where, expected) => {
    expect(await deals(where)).toEqual(expected);
  });
});

describe('paths and nested queries', () => {
  test('a parent is nested, and null where there is none', async () => {
    const records = await client.query('SELECT Name, Parent.Name, Parent.Owner.Name FROM Account ORDER BY Name');
    expect(records.map(({ Parent: parent }) => parent)).toMatchObject([
      { attributes: { type: 'Account' }, Name: 'Ärzte GmbH', Owner: { Name: 'Org Admin' } },
      null,
      null,
    ]);
  });

  test('parents filter and sort', async () => {
    expect(
      await names(
        "SELECT Name FROM Opportunity WHERE Account.Industry = 'energy' ORDER BY Account.Name, CloseDate DESC",
      ),
    ).toEqual(['tomorrow', 'january']);
  });

  test('children come as a nested result, and as null where there are none', async () => {
    const records = await client.query(
      "SELECT Name, (SELECT LastName FROM Contacts WHERE LastName != 'Kim' ORDER BY LastName LIMIT 5) FROM Account ORDER BY Name DESC",
    );
    expect(records.map(({ Contacts: contacts }) => contacts)).toMatchObject([
      { totalSize: 1, done: true, records: [{ LastName: 'Lee' }] },
      null,
      null,
    ]);
  });
});

describe('order and limits', () => {
  test('nulls come first ascending, and where the query says so', async () => {
    const employees = async (order: string): Promise<unknown[]> =>
      (await client.query(`SELECT NumberOfEmployees FROM Account ORDER BY NumberOfEmployees ${order}`)).map(
        (r) => r['NumberOfEmployees'],
      );
    expect(await employees('ASC')).toEqual([null, 5, 20]);
    expect(await employees('NULLS LAST')).toEqual([5, 20, null]);
    expect(await employees('DESC NULLS LAST')).toEqual([20, 5, null]);
  });

  test('LIMIT and OFFSET cut the ordered rows', async () => {
    expect(await names('SELECT Name FROM Opportunity ORDER BY CloseDate LIMIT 2 OFFSET 1')).toEqual([
      'january',
      'yesterday',
    ]);
  });

  test('an offset beyond 2,000 is refused', async () => {
    expect(await refusal('SELECT Id FROM Account OFFSET 2001')).toMatchObject({ code: 'NUMBER_OUTSIDE_VALID_RANGE' });
  });
});

describe('aggregates', () => {
  test('COUNT() answers with its totalSize alone', async () => {
    expect(await client.send('GET', `query?q=${encodeURIComponent('SELECT COUNT() FROM Account')}`)).toEqual({
      totalSize: 3,
      done: true,
      records: [],
    });
  });

  test('sums of cents are exact, and nulls do not count', async () => {
    const [record] = await client.query(
      "SELECT SUM(Amount) total, COUNT(Amount) n, MIN(CloseDate), MAX(Amount) FROM Opportunity WHERE Account.Name != 'Gamma 100%_x'",
    );
    expect(record).toEqual({
      attributes: { type: 'AggregateResult' },
      total: 10.85,
      n: 3,
      expr0: '2024-01-31',
      expr1: 10.55,
    });
  });

  test('GROUP BY groups, also by a parent', async () => {
    const records = await client.query(
      'SELECT Account.Name, COUNT(Id) n, COUNT_DISTINCT(StageName) FROM Opportunity GROUP BY Account.Name ORDER BY Account.Name',
    );
    expect(records).toMatchObject([
      { Name: 'beta AG', n: 2, expr0: 2 },
      { Name: 'Gamma 100%_x', n: 1, expr0: 1 },
      { Name: 'Ärzte GmbH', n: 2, expr0: 1 },
    ]);
  });

  test('a field that is neither grouped nor aggregated is refused', async () => {
    expect(await refusal('SELECT Name, COUNT(Id) FROM Account GROUP BY Industry')).toMatchObject({
      code: 'MALFORMED_QUERY',
    });
  });
});

describe('refusals', () => {
  test('an unknown field is named, with the place where it stands', async () => {
    const { code, message } = await refusal('SELECT Name, Nmae FROM Account');
    expect(code).toBe('INVALID_FIELD');
    expect(message).toContain("No such column 'Nmae' on entity 'Account'");
    expect(message).toContain('ERROR at Row:1:Column:14');
  });

  test('an unknown object and an unknown relationship are named', async () => {
    expect(await refusal('SELECT Id FROM ScratchOrgInfo')).toMatchObject({ code: 'INVALID_TYPE' });
    expect(await refusal('SELECT Boss.Name FROM Account')).toMatchObject({ code: 'INVALID_FIELD' });
    expect(await refusal('SELECT (SELECT Id FROM Bosses) FROM Account')).toMatchObject({ code: 'INVALID_TYPE' });
  });

  test.each([
    ['Name = 5', 'INVALID_FIELD'],
    ["NumberOfEmployees = '5'", 'INVALID_FIELD'],
    ["CreatedDate > 'yesterday'", 'INVALID_FIELD'],
    ["IsDeleted = 'false'", 'INVALID_FIELD'],
    ["Description = 'x'", 'INVALID_FIELD'],
    ["Id = 'nonsense'", 'INVALID_QUERY_FILTER_OPERATOR'],
  ])('a value of another type than its field: %s', async (where, code) => {
    expect(await refusal(`SELECT Id FROM Account WHERE ${where}`)).toMatchObject({ code });
  });

  test.each([
    'SELECT TYPEOF What WHEN Account THEN Name END FROM Task',
    'SELECT Name, COUNT(Id) FROM Account GROUP BY Name HAVING COUNT(Id) > 1',
    'SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact)',
    'SELECT FIELDS(ALL) FROM Account LIMIT 10',
    'SELECT toLabel(Industry) FROM Account',
    'SELECT Id FROM Account FOR UPDATE',
    'SELECT Id FROM Account USING SCOPE mine',
    'SELECT Id FROM Account WITH SECURITY_ENFORCED',
    'SELECT Id FROM Account WHERE Name = :name',
    'SELECT What.Name FROM Task',
    'SELECT CALENDAR_YEAR(CloseDate), COUNT(Id) FROM Opportunity GROUP BY CALENDAR_YEAR(CloseDate)',
    'SELECT FROM Account',
    'DELETE FROM Account',
    'SELECT Id FROM Account; DROP TABLE Account',
    '',
  ])('what is no SOQL or not supported is MALFORMED_QUERY: %s', async (soql) => {
    expect(await refusal(soql)).toMatchObject({ code: 'MALFORMED_QUERY' });
  });

  test('a quote in a value stays a value', async () => {
    expect(await accounts("Name = 'x\\' OR Name != \\'y'")).toEqual([]);
  });

  test('whatever the text, the answer is a result or a refusal with a code', async () => {
    const words = [
      'SELECT',
      'Id',
      'Name',
      'FROM',
      'Account',
      'WHERE',
      '(',
      ')',
      'AND',
      'OR',
      'NOT',
      '=',
      "'x'",
      "'",
      '5',
      'null',
      'IN',
      'LIKE',
      'ORDER BY',
      'LIMIT',
      ',',
      'COUNT()',
      'TODAY',
      '%',
      '\\',
      'Owner.Name',
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string(),
          fc
            .array(fc.constantFrom(...words), { maxLength: 14 })
            .map((list) => `SELECT Id FROM Account ${list.join(' ')}`),
        ),
        async (soql) => {
          const { code } = await refusal(soql);
          expect([
            'answered',
            'MALFORMED_QUERY',
            'INVALID_FIELD',
            'INVALID_TYPE',
            'INVALID_QUERY_FILTER_OPERATOR',
            'NUMBER_OUTSIDE_VALID_RANGE',
          ]).toContain(code);
        },
      ),
      { numRuns: 300, seed: 7 },
    );
  });
});
