/**
 * What SOQL means, met over HTTP. Sources: SOQL and SOSL Reference (comparison operators, date formats, ORDER BY,
 * aggregate functions) as gathered in the project's Salesforce notes, 4.4 and 4.2; `[K]` is general knowledge.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { z } from 'zod';
import { openClient, LocalOrgRefusal, type LocalClient } from '../../../src/localorg/client.js';
import { defaultSources, startLocalOrg } from '../../../src/localorg/localOrg.js';
import type { LocalOrg } from '../../../src/localorg/server.js';
import { withLocalOrg } from '../../support/localOrg.js';

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

describe('groups', () => {
  test('HAVING keeps the groups that an aggregate or a grouped field passes', async () => {
    const having = async (clause: string): Promise<unknown[]> =>
      (
        await client.query(
          `SELECT StageName, COUNT(Id) n FROM Opportunity GROUP BY StageName HAVING ${clause} ORDER BY StageName`,
        )
      ).map((record) => [record['StageName'], record['n']]);
    expect(await having('COUNT(Id) > 1')).toEqual([['Closed Won', 4]]);
    expect(await having("COUNT(Id) > 0 AND StageName LIKE 'pros%'")).toEqual([['Prospecting', 1]]);
    expect(await having('(SUM(Amount) > 100 OR MAX(Amount) = null) AND NOT COUNT(Id) = 1')).toEqual([
      ['Closed Won', 4],
    ]);
  });

  test('may be sorted by an aggregate, and by one that is not selected', async () => {
    const records = await client.query(
      'SELECT StageName FROM Opportunity GROUP BY StageName ORDER BY COUNT(Id) DESC, MAX(Amount)',
    );
    expect(records.map((record) => record['StageName'])).toEqual(['Closed Won', 'Prospecting']);
  });

  test('are made of parts of dates', async () => {
    const records = await client.query(
      'SELECT CALENDAR_YEAR(CloseDate) y, CALENDAR_MONTH(CloseDate), COUNT(Id) n FROM Opportunity GROUP BY CALENDAR_YEAR(CloseDate), CALENDAR_MONTH(CloseDate) ORDER BY CALENDAR_YEAR(CloseDate) DESC, CALENDAR_MONTH(CloseDate)',
    );
    expect(records.map(({ y, expr0, n }) => [y, expr0, n])).toEqual([
      [2024, 1, 1],
      [2024, 2, 2],
      [2024, 3, 1],
      [2023, 12, 1],
    ]);
  });
});

describe('parts of dates', () => {
  // 29 February 2024 was a Thursday, the 60th day of its year.
  test.each([
    ['CALENDAR_QUARTER(CloseDate) = 4', ['lastYear']],
    ['FISCAL_YEAR(CloseDate) = 2023', ['lastYear']],
    ['DAY_IN_MONTH(CloseDate) = 29', ['today']],
    ['DAY_IN_WEEK(CloseDate) = 5', ['today']],
    ['DAY_IN_YEAR(CloseDate) = 60', ['today']],
    ['WEEK_IN_MONTH(CloseDate) = 5 AND CALENDAR_MONTH(CloseDate) = 2', ['today']],
    ['WEEK_IN_YEAR(CloseDate) = 9', ['yesterday', 'today', 'tomorrow']],
    ['DAY_ONLY(CreatedDate) = 2024-02-29', ['lastYear', 'january', 'yesterday', 'today', 'tomorrow']],
    ['DAY_ONLY(convertTimezone(CreatedDate)) = YESTERDAY', []],
    ['HOUR_IN_DAY(CreatedDate) != 12', []],
    ['CloseDate = LAST_FISCAL_YEAR', ['lastYear']],
  ])('%s', async (where, expected) => {
    expect(await deals(where)).toEqual(expected);
  });
});

describe('semi-joins', () => {
  test('keep records whose id another query finds, or does not find', async () => {
    expect(await accounts("Id IN (SELECT AccountId FROM Contact WHERE LastName = 'Kim')")).toEqual(['Ärzte GmbH']);
    expect(await accounts('Id NOT IN (SELECT AccountId FROM Contact)')).toEqual(['beta AG', 'Gamma 100%_x']);
    expect(
      await deals("AccountId IN (SELECT Id FROM Account WHERE Parent.Industry = 'Healthcare') AND Amount > 1"),
    ).toEqual(['tomorrow']);
  });

  test('keep the order of their values among other conditions', async () => {
    expect(
      await accounts(
        "Name LIKE '%a%' AND Id IN (SELECT AccountId FROM Opportunity WHERE StageName = 'Prospecting') AND Industry = 'energy'",
      ),
    ).toEqual(['beta AG']);
  });
});

describe('what a field reads like', () => {
  test('FIELDS() selects all, the standard or the custom fields', async () => {
    const keys = async (which: string): Promise<string[]> =>
      Object.keys((await client.query(`SELECT FIELDS(${which}) FROM Account LIMIT 1`))[0] ?? {});
    const [all, standard, custom] = [await keys('ALL'), await keys('STANDARD'), await keys('CUSTOM')];
    expect(custom.filter((name) => name !== 'attributes').every((name) => name.endsWith('__c'))).toBe(true);
    expect([standard.includes('Name'), standard.some((name) => name.endsWith('__c'))]).toEqual([true, false]);
    expect(all.length).toBe(standard.length + custom.length - 1);
  });

  test('FORMAT() shows amounts and days as a page does, under an alias or in place of the value [K]', async () => {
    const [record] = await client.query(
      "SELECT Amount, FORMAT(Amount) shown, FORMAT(CloseDate) FROM Opportunity WHERE Name = 'lastYear'",
    );
    expect(record).toMatchObject({ Amount: 1000, shown: '$1,000.00', CloseDate: '12/31/2023' });
    const [sum] = await client.query('SELECT FORMAT(MAX(Amount)) most FROM Opportunity');
    expect(sum).toMatchObject({ most: '$1,000.00' });
  });

  test('toLabel() gives the label of a choice, and compares with it', async () => {
    const [record] = await client.query(
      "SELECT toLabel(StageName) FROM Opportunity WHERE toLabel(StageName) = 'prospecting'",
    );
    expect(record).toMatchObject({ StageName: 'Prospecting' });
  });

  test('FOR VIEW, FOR REFERENCE and FOR UPDATE change nothing in the answer', async () => {
    for (const purpose of ['VIEW', 'REFERENCE', 'UPDATE']) {
      expect(await client.query(`SELECT Name FROM Account WHERE Name = 'beta AG' FOR ${purpose}`)).toHaveLength(1);
    }
  });
});

describe('a field that leads to several objects', () => {
  test("tells its parent's name and kind, selects and sorts by them, and is null where there is none", async () => {
    const add = async (subject: string, what?: string): Promise<unknown> =>
      client.send('POST', 'sobjects/Task', {
        Subject: subject,
        ...(what === undefined ? {} : { WhatId: ids.get(what) }),
      });
    await add('about an account', 'beta');
    await add('about a deal', 'today');
    await add('about nothing');
    const records = await client.query('SELECT Subject, What.Name, What.Type, What.Id FROM Task ORDER BY What.Name');
    expect(records.map((record) => [record['Subject'], record['What']])).toMatchObject([
      ['about nothing', null],
      ['about an account', { attributes: { type: 'Name' }, Name: 'beta AG', Type: 'Account', Id: ids.get('beta') }],
      ['about a deal', { Name: 'today', Type: 'Opportunity' }],
    ]);
    expect(records[1]?.['What']).toMatchObject({
      attributes: { url: expect.stringContaining(`/sobjects/Account/${ids.get('beta')}`) },
    });
    expect(await client.query("SELECT Subject FROM Task WHERE What.Type IN ('Opportunity')")).toMatchObject([
      { Subject: 'about a deal' },
    ]);
    expect(await refusal('SELECT What.Industry FROM Task')).toMatchObject({ code: 'INVALID_FIELD' });
  });
});

describe('records in the recycle bin', () => {
  test('are found by queryAll and by no query', async () => {
    const id = created.parse(await client.send('POST', 'sobjects/Product2', { Name: 'gone' })).id;
    await client.send('DELETE', `sobjects/Product2/${id}`);
    const q = encodeURIComponent('SELECT Name, IsDeleted FROM Product2');
    expect(await client.send('GET', `query?q=${q}`)).toMatchObject({ totalSize: 0 });
    expect(await client.send('GET', `queryAll?q=${q}`)).toMatchObject({
      totalSize: 1,
      records: [{ Name: 'gone', IsDeleted: true }],
    });
  });
});

describe('choices of a multi-select picklist', () => {
  test('INCLUDES finds all of one alternative or any of several, EXCLUDES the rest', async () => {
    const source = mkdtempSync(join(tmpdir(), 'kam-multi-'));
    const fields = join(source, 'objects', 'Account', 'fields');
    mkdirSync(fields, { recursive: true });
    const values = ['A', 'B', 'C'].map(
      (name) => `<value><fullName>${name}</fullName><default>false</default><label>${name}</label></value>`,
    );
    writeFileSync(
      join(fields, 'Uses__c.field-meta.xml'),
      `<?xml version="1.0" encoding="UTF-8"?><CustomField xmlns="http://soap.sforce.com/2006/04/metadata"><fullName>Uses__c</fullName><label>Uses</label><type>MultiselectPicklist</type><visibleLines>4</visibleLines><valueSet><restricted>true</restricted><valueSetDefinition><sorted>false</sorted>${values.join('')}</valueSetDefinition></valueSet></CustomField>`,
    );
    try {
      await withLocalOrg({ sources: [source] }, async (other) => {
        for (const uses of ['B;A', 'B', 'C', null]) {
          await other.client.send('POST', 'sobjects/Account', { Name: uses ?? 'none', Uses__c: uses });
        }
        const found = async (where: string): Promise<unknown[]> =>
          (await other.client.query(`SELECT Name FROM Account WHERE Uses__c ${where} ORDER BY Name`)).map(
            (r) => r['Name'],
          );
        expect(await found("INCLUDES ('a;b', 'C')")).toEqual(['B;A', 'C']);
        expect(await found("INCLUDES ('B')")).toEqual(['B', 'B;A']);
        expect(await found("EXCLUDES ('B')")).toEqual(['C', 'none']);
        expect(await found("= 'A;B'")).toEqual(['B;A']);
      });
    } finally {
      rmSync(source, { recursive: true, force: true });
    }
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
    'SELECT Name, COUNT(Id) FROM Account GROUP BY Name HAVING Industry = null',
    'SELECT Name FROM Account HAVING Name = null',
    'SELECT Name FROM Account GROUP BY Name HAVING NOT (COUNT(Id) > 1 OR Name = null)',
    'SELECT COUNT(Id) FROM Account GROUP BY ROLLUP(Name)',
    'SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact) OR Name = null',
    'SELECT Id FROM Account WHERE Id IN (SELECT AccountId, Id FROM Contact)',
    'SELECT Id FROM Account WHERE Id IN (SELECT LastName FROM Contact)',
    'SELECT Id FROM Account WHERE Name IN (SELECT AccountId FROM Contact)',
    'SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact WHERE AccountId IN (SELECT Id FROM Account))',
    'SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact LIMIT 1)',
    'SELECT FIELDS(ALL) FROM Account',
    'SELECT FIELDS(CUSTOM) FROM Account LIMIT 201',
    'SELECT FIELDS(MINE) FROM Account LIMIT 1',
    'SELECT Name, FIELDS(NOTHING) FROM Account',
    'SELECT toLabel(Name) FROM Account',
    'SELECT convertCurrency(AnnualRevenue) FROM Account',
    'SELECT DISTANCE(Name) FROM Account',
    'SELECT CALENDAR_YEAR(CreatedDate) FROM Account',
    'SELECT Id FROM Account WHERE CALENDAR_YEAR(Name) = 2024',
    'SELECT Id FROM Account WHERE HOUR_IN_DAY(Name) = 1',
    'SELECT Id FROM Account ORDER BY COUNT(Id)',
    'SELECT Id FROM Account ORDER BY Name FOR UPDATE',
    'SELECT COUNT(Id) FROM Account FOR VIEW',
    'SELECT Id FROM Account UPDATE TRACKING',
    "SELECT Id FROM Account WHERE Industry INCLUDES ('Energy')",
    'SELECT Name, (SELECT Id FROM Contacts FOR VIEW) FROM Account',
    'SELECT Id FROM Account USING SCOPE mine',
    'SELECT Id FROM Account WITH SECURITY_ENFORCED',
    'SELECT Id FROM Account WHERE Name = :name',
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
