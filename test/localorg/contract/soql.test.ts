/**
 * What SOQL means, met over HTTP. Sources: SOQL and SOSL Reference; each case names its page. `[K]` is general knowledge.
 */
import { describe, expect } from 'vitest';
import fc from 'fast-check';
import { z } from 'zod';
import { LocalOrgRefusal } from '../../../src/localorg/client.js';
import { contract, create, sharedContract, type ContractOrg } from '../../support/contract.js';
import { deploy, file, manifest } from '../../support/metadata.js';

/** The page of the SOQL and SOSL Reference that says it. */
const page = (name: string): string => `SOQL and SOSL Reference, "${name}"`;

type Book = {
  /** Ids by key. */
  ids: ReadonlyMap<string, string>;
  /** Names without the mark, in the order of the alphabet where the query gives none. */
  accounts(where: string): Promise<string[]>;
  deals(where: string): Promise<string[]>;
  inOrder(soql: string): Promise<string[]>;
};

/** Three accounts, two contacts and five opportunities, their names behind the mark. */
async function aBook(org: ContractOrg): Promise<Book> {
  const ids = new Map<string, string>();
  const add = async (object: string, key: string, values: Record<string, unknown>): Promise<void> => {
    ids.set(key, await create(org, object, values));
  };
  const account = (key: string, name: string, values: Record<string, unknown>): Promise<void> =>
    add('Account', key, { Name: `${org.mark}${name}`, ...values });
  await account('Ärzte', 'Ärzte GmbH', { Industry: 'Healthcare', NumberOfEmployees: 20, AnnualRevenue: 100 });
  await account('beta', 'beta AG', { Industry: 'Energy', ParentId: ids.get('Ärzte') });
  await account('Gamma', 'Gamma 100%_x', { NumberOfEmployees: 5, AnnualRevenue: 300 });
  await add('Contact', 'Kim', { LastName: `${org.mark}Kim`, AccountId: ids.get('Ärzte') });
  await add('Contact', 'Lee', { LastName: `${org.mark}Lee`, AccountId: ids.get('Ärzte') });
  const deal = (key: string, of: string, CloseDate: string, Amount: number | null, StageName = 'Closed Won') =>
    add('Opportunity', key, { Name: `${org.mark}${key}`, AccountId: ids.get(of), CloseDate, Amount, StageName });
  await deal('yesterday', 'Ärzte', '2024-02-28', 0.1);
  await deal('today', 'Ärzte', '2024-02-29', 0.2);
  await deal('tomorrow', 'beta', '2024-03-01', 10.55, 'Prospecting');
  await deal('january', 'beta', '2024-01-31', null);
  await deal('lastYear', 'Gamma', '2023-12-31', 1000);
  const inOrder = async (soql: string): Promise<string[]> =>
    (await org.client.query(soql)).map((record) => String(record['Name']).replace(org.mark, ''));
  return {
    ids,
    inOrder,
    accounts: async (where) =>
      (await inOrder(`SELECT Name FROM Account WHERE Name LIKE '${org.mark}%' AND (${where})`)).toSorted(),
    deals: (where) =>
      inOrder(`SELECT Name FROM Opportunity WHERE Name LIKE '${org.mark}%' AND (${where}) ORDER BY CloseDate`),
  };
}

async function refusal(org: ContractOrg, soql: string): Promise<{ code: string; message: string }> {
  try {
    await org.client.query(soql);
  } catch (error) {
    if (error instanceof LocalOrgRefusal) return { code: error.errorCode, message: error.message };
    throw error;
  }
  return { code: 'answered', message: '' };
}

const onItsDay = 'its clock stands on 29 February 2024';

sharedContract({ clock: '2024-02-29T12:00:00Z' }, aBook, (the) => {
  describe('comparison', () => {
    the(
      'text is compared without regard to case, umlauts too',
      { source: `${page('Comparison Operators')}: = is case-insensitive but for case-sensitive fields` },
      async ({ mark }, { accounts }) => {
        expect(await accounts(`Name = '${mark}äRZTE gmbh'`)).toEqual(['Ärzte GmbH']);
        expect(await accounts("Industry IN ('ENERGY')")).toEqual(['beta AG']);
      },
    );

    the(
      'unequal returns records without a value too',
      { source: `${page('Comparison Operators')}: !=; ${page('Using NOT IN')}` },
      async (_, { accounts }) => {
        expect(await accounts("Industry != 'Energy'")).toEqual(['Gamma 100%_x', 'Ärzte GmbH']);
        expect(await accounts("Industry NOT IN ('Energy')")).toEqual(['Gamma 100%_x', 'Ärzte GmbH']);
        expect(await accounts('NumberOfEmployees != 5')).toEqual(['beta AG', 'Ärzte GmbH']);
      },
    );

    the(
      'null is asked for with = and !=',
      { source: `${page('Querying for Null')}: no quotes, = and !=` },
      async (_, { accounts }) => {
        expect(await accounts('Industry = null')).toEqual(['Gamma 100%_x']);
        expect(await accounts('Industry != NULL')).toEqual(['beta AG', 'Ärzte GmbH']);
        expect(await accounts("Industry IN ('Energy', null)")).toEqual(['Gamma 100%_x', 'beta AG']);
      },
    );

    the(
      'numbers compare as numbers, and a value that is not there compares with nothing',
      { source: `${page('Comparison Operators')}: <, <=, >, >=` },
      async (_, { accounts, deals }) => {
        expect(await accounts('NumberOfEmployees >= 5')).toEqual(['Gamma 100%_x', 'Ärzte GmbH']);
        expect(await accounts('NumberOfEmployees < 20')).toEqual(['Gamma 100%_x']);
        expect(await deals('Amount > 0.15')).toEqual(['lastYear', 'today', 'tomorrow']);
      },
    );

    the(
      'ids have an order, by which records are read in chunks; what a record points to has none',
      { source: '[K] WHERE Id > the last one ORDER BY Id; Bulk API Developer Guide, PK Chunking: Id >= and Id <' },
      async (org, { ids, accounts }) => {
        const [first = '', second = ''] = [ids.get('Ärzte'), ids.get('beta')].map(String).toSorted();
        expect(await accounts(`Id >= '${first}' AND Id < '${second}'`)).toEqual(['Ärzte GmbH']);
        expect((await refusal(org, `SELECT Id FROM Opportunity WHERE AccountId > '${first}'`)).code).toBe(
          'MALFORMED_QUERY',
        );
      },
    );

    the(
      'LIKE knows % and _, escaped ones are themselves, and case does not matter',
      { source: `${page('Comparison Operators')}: LIKE; ${page('Quoted String Escape Sequences')}: \\_ and \\%` },
      async ({ mark }, { accounts }) => {
        expect(await accounts(`Name LIKE '${mark}%A%'`)).toEqual(['Gamma 100%_x', 'beta AG']);
        expect(await accounts(`Name LIKE '${mark}BETA _G'`)).toEqual(['beta AG']);
        expect(await accounts("Name LIKE '%100\\%\\_x'")).toEqual(['Gamma 100%_x']);
        expect(await accounts(`Name LIKE '${mark}100\\%%'`)).toEqual([]);
      },
    );

    the(
      'an id means the same in 15 and 18 characters',
      { source: 'SOAP API Developer Guide, "ID Field Type": the 15- and the 18-character form' },
      async (_, { accounts, ids }) => {
        const id = ids.get('beta') ?? '';
        expect(await accounts(`Id = '${id}'`)).toEqual(['beta AG']);
        expect(await accounts(`Id = '${id.slice(0, 15)}'`)).toEqual(['beta AG']);
        expect(await accounts(`ParentId IN ('${(ids.get('Ärzte') ?? '').slice(0, 15)}')`)).toEqual(['beta AG']);
      },
    );

    the(
      'AND, OR and NOT nest',
      { source: `${page('Logical Operators')}: parentheses define the order` },
      async ({ mark }, { accounts }) => {
        const some = `(Industry = 'Energy' OR NumberOfEmployees = 5) AND (NOT Name LIKE '${mark}beta%')`;
        expect(await accounts(some)).toEqual(['Gamma 100%_x']);
        const none = "(NOT (Industry = 'Energy' OR (NumberOfEmployees = 5 AND Name != null)))";
        expect(await accounts(none)).toEqual(['Ärzte GmbH']);
      },
    );

    the(
      'AND beside OR without parentheses is refused [K]',
      { source: 'general knowledge: MALFORMED_QUERY, "unexpected token"' },
      async (org) => {
        expect(
          await refusal(org, "SELECT Id FROM Account WHERE Name = 'a' AND Name = 'b' OR Name = 'c'"),
        ).toMatchObject({ code: 'MALFORMED_QUERY' });
      },
    );

    the(
      'names are read in any case and answered as the schema writes them',
      {
        source: 'REST API Developer Guide, "Query": records carry the names of the describe; SOQL is case-insensitive',
      },
      async (org, { ids }) => {
        const [record] = await org.client.query(`select NAME, owner.NAME from ACCOUNT where ID = '${ids.get('beta')}'`);
        expect(record).toMatchObject({ Name: `${org.mark}beta AG`, Owner: { Name: expect.any(String) } });
      },
    );
  });

  describe("dates by the org's own clock (29 February 2024)", () => {
    for (const [where, expected] of [
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
      ['CloseDate != THIS_QUARTER', ['lastYear']],
      ['CloseDate = LAST_FISCAL_YEAR', ['lastYear']],
      ['CreatedDate = TODAY', ['lastYear', 'january', 'yesterday', 'today', 'tomorrow']],
    ] as const) {
      the(where, { source: page('Date Formats and Date Literals'), onlyLocal: onItsDay }, async (_, { deals }) => {
        expect(await deals(where)).toEqual(expected);
      });
    }

    for (const [where, expected] of [
      ['CloseDate >= 2024-02-29', ['today', 'tomorrow']],
      ['CreatedDate < 2024-02-29T00:00:00Z', []],
    ] as const) {
      the(where, { source: page('Date Formats and Date Literals') }, async (_, { deals }) => {
        expect(await deals(where)).toEqual(expected);
      });
    }
  });

  describe('paths and nested queries', () => {
    const relations = page('Using Relationship Queries');

    the('a parent is nested, and null where there is none', { source: relations }, async (org, { ids }) => {
      const parentOf = async (key: string): Promise<unknown> =>
        (await org.client.query(`SELECT Parent.Name, Parent.Owner.Id FROM Account WHERE Id = '${ids.get(key)}'`))[0]?.[
          'Parent'
        ];
      expect(await parentOf('beta')).toMatchObject({
        attributes: { type: 'Account' },
        Name: `${org.mark}Ärzte GmbH`,
        Owner: { Id: org.userId },
      });
      expect(await parentOf('Gamma')).toBeNull();
    });

    the('parents filter and sort', { source: relations }, async (org, { inOrder }) => {
      const from = `FROM Opportunity WHERE Name LIKE '${org.mark}%'`;
      expect(
        await inOrder(`SELECT Name ${from} AND Account.Industry = 'energy' ORDER BY Account.Name, CloseDate DESC`),
      ).toEqual(['tomorrow', 'january']);
    });

    the(
      'children come as a nested result, and as null where there are none',
      { source: `${relations}: "Understanding Query Results"` },
      async (org, { ids }) => {
        const childrenOf = async (key: string): Promise<unknown> =>
          (
            await org.client.query(
              `SELECT Name, (SELECT LastName FROM Contacts WHERE LastName != '${org.mark}Kim' ORDER BY LastName LIMIT 5) FROM Account WHERE Id = '${ids.get(key)}'`,
            )
          )[0]?.['Contacts'];
        expect(await childrenOf('Ärzte')).toMatchObject({
          totalSize: 1,
          done: true,
          records: [{ LastName: `${org.mark}Lee` }],
        });
        expect(await childrenOf('beta')).toBeNull();
      },
    );
  });

  describe('order and limits', () => {
    the(
      'nulls come first ascending, and where the query says so',
      { source: `${page('ORDER BY')}: NULLS FIRST is the default` },
      async (org) => {
        const employees = async (order: string): Promise<unknown[]> =>
          (
            await org.client.query(
              `SELECT NumberOfEmployees FROM Account WHERE Name LIKE '${org.mark}%' ORDER BY NumberOfEmployees ${order}`,
            )
          ).map((record) => record['NumberOfEmployees']);
        expect(await employees('ASC')).toEqual([null, 5, 20]);
        expect(await employees('NULLS LAST')).toEqual([5, 20, null]);
        expect(await employees('DESC NULLS LAST')).toEqual([20, 5, null]);
      },
    );

    the('LIMIT and OFFSET cut the ordered rows', { source: page('OFFSET') }, async (org, { inOrder }) => {
      const from = `FROM Opportunity WHERE Name LIKE '${org.mark}%'`;
      expect(await inOrder(`SELECT Name ${from} ORDER BY CloseDate LIMIT 2 OFFSET 1`)).toEqual([
        'january',
        'yesterday',
      ]);
    });

    the(
      'an offset beyond 2,000 is refused',
      { source: `${page('OFFSET')}: "maximum offset is 2,000 rows", NUMBER_OUTSIDE_VALID_RANGE` },
      async (org) => {
        expect(await refusal(org, 'SELECT Id FROM Account OFFSET 2001')).toMatchObject({
          code: 'NUMBER_OUTSIDE_VALID_RANGE',
        });
      },
    );
  });

  describe('aggregates', () => {
    const aggregates = page('Aggregate Functions');

    the(
      'COUNT() answers with its totalSize alone',
      { source: `${page('COUNT()')}: "records … null", totalSize` },
      async (org) => {
        const soql = `SELECT COUNT() FROM Account WHERE Name LIKE '${org.mark}%'`;
        expect(await org.client.send('GET', `query?q=${encodeURIComponent(soql)}`)).toMatchObject({
          totalSize: 3,
          done: true,
          records: [],
        });
      },
    );

    the('sums of cents are exact, and nulls do not count', { source: aggregates }, async (org, { ids }) => {
      const [record] = await org.client.query(
        `SELECT SUM(Amount) total, COUNT(Amount) n, MIN(CloseDate), MAX(Amount) FROM Opportunity WHERE Name LIKE '${org.mark}%' AND AccountId != '${ids.get('Gamma')}'`,
      );
      expect(record).toMatchObject({
        attributes: { type: 'AggregateResult' },
        total: 10.85,
        n: 3,
        expr0: '2024-01-31',
        expr1: 10.55,
      });
    });

    the(
      'GROUP BY groups, also by a parent',
      { source: `${page('GROUP BY')}; ${aggregates}: expr0 without an alias` },
      async (org) => {
        const records = await org.client.query(
          `SELECT Account.Name, COUNT(Id) n, COUNT_DISTINCT(StageName) FROM Opportunity WHERE Name LIKE '${org.mark}%' GROUP BY Account.Name`,
        );
        const told = records.map(({ Name: name, n, expr0 }) => [String(name).replace(org.mark, ''), n, expr0]);
        expect(told.toSorted()).toEqual([
          ['Gamma 100%_x', 1, 1],
          ['beta AG', 2, 2],
          ['Ärzte GmbH', 2, 1],
        ]);
      },
    );

    the(
      'a field that is neither grouped nor aggregated is refused',
      { source: `${page('GROUP BY')}; StackExchange quotes MALFORMED_QUERY: "Field must be grouped or aggregated"` },
      async (org) => {
        expect(await refusal(org, 'SELECT Name, COUNT(Id) FROM Account GROUP BY Industry')).toMatchObject({
          code: 'MALFORMED_QUERY',
        });
      },
    );
  });

  describe('groups', () => {
    the(
      'HAVING keeps the groups that an aggregate or a grouped field passes',
      { source: page('HAVING') },
      async (org) => {
        const having = async (clause: string): Promise<unknown[]> =>
          (
            await org.client.query(
              `SELECT StageName, COUNT(Id) n FROM Opportunity WHERE Name LIKE '${org.mark}%' GROUP BY StageName HAVING ${clause} ORDER BY StageName`,
            )
          ).map((record) => [record['StageName'], record['n']]);
        expect(await having('COUNT(Id) > 1')).toEqual([['Closed Won', 4]]);
        expect(await having("COUNT(Id) > 0 AND StageName LIKE 'pros%'")).toEqual([['Prospecting', 1]]);
        expect(await having('(SUM(Amount) > 100 OR MAX(Amount) = null) AND (NOT COUNT(Id) = 1)')).toEqual([
          ['Closed Won', 4],
        ]);
      },
    );

    the(
      'may be sorted by an aggregate, and by one that is not selected',
      { source: `${page('ORDER BY')}: "You can use ORDER BY in a query with GROUP BY": aggregate functions` },
      async (org) => {
        const records = await org.client.query(
          `SELECT StageName FROM Opportunity WHERE Name LIKE '${org.mark}%' GROUP BY StageName ORDER BY COUNT(Id) DESC, MAX(Amount)`,
        );
        expect(records.map((record) => record['StageName'])).toEqual(['Closed Won', 'Prospecting']);
      },
    );

    the('are made of parts of dates', { source: page('Date Functions') }, async (org) => {
      const records = await org.client.query(
        `SELECT CALENDAR_YEAR(CloseDate) y, CALENDAR_MONTH(CloseDate), COUNT(Id) n FROM Opportunity WHERE Name LIKE '${org.mark}%' GROUP BY CALENDAR_YEAR(CloseDate), CALENDAR_MONTH(CloseDate) ORDER BY CALENDAR_YEAR(CloseDate) DESC, CALENDAR_MONTH(CloseDate)`,
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
    for (const [where, expected] of [
      ['CALENDAR_QUARTER(CloseDate) = 4', ['lastYear']],
      ['DAY_IN_MONTH(CloseDate) = 29', ['today']],
      ['DAY_IN_WEEK(CloseDate) = 5', ['today']],
      ['DAY_IN_YEAR(CloseDate) = 60', ['today']],
      ['WEEK_IN_MONTH(CloseDate) = 5 AND CALENDAR_MONTH(CloseDate) = 2', ['today']],
      ['WEEK_IN_YEAR(CloseDate) = 9', ['yesterday', 'today', 'tomorrow']],
    ] as const) {
      the(where, { source: page('Date Functions') }, async (_, { deals }) => {
        expect(await deals(where)).toEqual(expected);
      });
    }

    for (const [where, expected] of [
      ['FISCAL_YEAR(CloseDate) = 2023', ['lastYear']],
      ['DAY_ONLY(CreatedDate) = 2024-02-29', ['lastYear', 'january', 'yesterday', 'today', 'tomorrow']],
      ['DAY_ONLY(convertTimezone(CreatedDate)) = YESTERDAY', []],
      ['HOUR_IN_DAY(CreatedDate) != 12', []],
    ] as const) {
      the(where, { source: page('Date Functions'), onlyLocal: onItsDay }, async (_, { deals }) => {
        expect(await deals(where)).toEqual(expected);
      });
    }
  });

  describe('semi-joins', () => {
    const joins = page('Comparison Operators: Semi-Joins with IN and Anti-Joins with NOT IN');

    the(
      'keep records whose id another query finds, or does not find',
      { source: joins },
      async ({ mark }, { accounts, deals }) => {
        expect(await accounts(`Id IN (SELECT AccountId FROM Contact WHERE LastName = '${mark}Kim')`)).toEqual([
          'Ärzte GmbH',
        ]);
        expect(await accounts('Id NOT IN (SELECT AccountId FROM Contact)')).toEqual(['Gamma 100%_x', 'beta AG']);
        expect(
          await deals("AccountId IN (SELECT Id FROM Account WHERE Parent.Industry = 'Healthcare') AND Amount > 1"),
        ).toEqual(['tomorrow']);
      },
    );

    the('keep the order of their values among other conditions', { source: joins }, async (_, { accounts }) => {
      expect(
        await accounts(
          "Name LIKE '%a%' AND Id IN (SELECT AccountId FROM Opportunity WHERE StageName = 'Prospecting') AND Industry = 'energy'",
        ),
      ).toEqual(['beta AG']);
    });
  });

  describe('what a field reads like', () => {
    the(
      'FIELDS() selects all, the standard or the custom fields',
      { source: page('FIELDS()') },
      async (org, { ids }) => {
        const keys = async (which: string): Promise<string[]> =>
          Object.keys(
            (
              await org.client.query(`SELECT FIELDS(${which}) FROM Account WHERE Id = '${ids.get('beta')}' LIMIT 1`)
            )[0] ?? {},
          ).filter((name) => name !== 'attributes' && name !== 'Id');
        const [all, standard] = [await keys('ALL'), await keys('STANDARD')];
        const custom = all.filter((name) => name.endsWith('__c'));
        expect([standard.includes('Name'), standard.some((name) => name.endsWith('__c'))]).toEqual([true, false]);
        expect(all.length).toBe(standard.length + custom.length);
        if (custom.length > 0) expect(await keys('CUSTOM')).toEqual(custom);
      },
    );

    the(
      'FORMAT() shows amounts and days as a page does, under an alias or in place of the value [K]',
      { source: 'general knowledge: the forms of a user in the United States', onlyLocal: 'its user has that locale' },
      async (org) => {
        const [record] = await org.client.query(
          `SELECT Amount, FORMAT(Amount) shown, FORMAT(CloseDate) FROM Opportunity WHERE Name = '${org.mark}lastYear'`,
        );
        expect(record).toMatchObject({ Amount: 1000, shown: '$1,000.00', CloseDate: '12/31/2023' });
        const [sum] = await org.client.query('SELECT FORMAT(MAX(Amount)) most FROM Opportunity');
        expect(sum).toMatchObject({ most: '$1,000.00' });
      },
    );

    the(
      'toLabel() gives the label of a choice, and compares with it',
      { source: page('toLabel()'), onlyLocal: 'a real org may have other labels' },
      async (org) => {
        const [record] = await org.client.query(
          "SELECT toLabel(StageName) FROM Opportunity WHERE toLabel(StageName) = 'prospecting'",
        );
        expect(record).toMatchObject({ StageName: 'Prospecting' });
      },
    );

    the(
      'FOR VIEW, FOR REFERENCE and FOR UPDATE change nothing in the answer',
      { source: `${page('FOR VIEW')}, "FOR REFERENCE", "FOR UPDATE"` },
      async (org, { ids }) => {
        for (const purpose of ['VIEW', 'REFERENCE', 'UPDATE']) {
          expect(
            await org.client.query(`SELECT Name FROM Account WHERE Id = '${ids.get('beta')}' FOR ${purpose}`),
          ).toHaveLength(1);
        }
      },
    );
  });

  describe('a field that leads to several objects', () => {
    the(
      "tells its parent's name and kind, selects and sorts by them, and is null where there is none",
      { source: `${page('Understanding Relationship Fields and Polymorphic Fields')}: What.Type, What.Name` },
      async (org, { ids }) => {
        const add = (subject: string, what?: string): Promise<string> =>
          create(org, 'Task', {
            Subject: `${org.mark}${subject}`,
            ...(what === undefined ? {} : { WhatId: ids.get(what) }),
          });
        await add('about an account', 'beta');
        await add('about a deal', 'today');
        await add('about nothing');
        const from = `FROM Task WHERE Subject LIKE '${org.mark}%'`;
        const records = await org.client.query(
          `SELECT Subject, What.Name, What.Type, What.Id ${from} ORDER BY What.Name`,
        );
        expect(
          records.map((record) => [String(record['Subject']).replace(org.mark, ''), record['What']]),
        ).toMatchObject([
          ['about nothing', null],
          [
            'about an account',
            { attributes: { type: 'Name' }, Name: `${org.mark}beta AG`, Type: 'Account', Id: ids.get('beta') },
          ],
          ['about a deal', { Name: `${org.mark}today`, Type: 'Opportunity' }],
        ]);
        expect(records[1]?.['What']).toMatchObject({
          attributes: { url: expect.stringContaining(`/sobjects/Account/${ids.get('beta')}`) },
        });
        expect(await org.client.query(`SELECT Subject ${from} AND What.Type IN ('Opportunity')`)).toMatchObject([
          { Subject: `${org.mark}about a deal` },
        ]);
        expect(await refusal(org, 'SELECT What.Industry FROM Task')).toMatchObject({ code: 'INVALID_FIELD' });
      },
    );
  });

  describe('records in the recycle bin', () => {
    the(
      'are found by queryAll and by no query',
      { source: 'REST API Developer Guide, "QueryAll": deleted records too; Object Reference: IsDeleted' },
      async (org) => {
        const id = await create(org, 'Product2', { Name: `${org.mark}gone` });
        await org.client.send('DELETE', `sobjects/Product2/${id}`);
        const q = encodeURIComponent(`SELECT Name, IsDeleted FROM Product2 WHERE Name = '${org.mark}gone'`);
        expect(await org.client.send('GET', `query?q=${q}`)).toMatchObject({ totalSize: 0 });
        expect(await org.client.send('GET', `queryAll?q=${q}`)).toMatchObject({
          totalSize: 1,
          records: [{ Name: `${org.mark}gone`, IsDeleted: true }],
        });
      },
    );
  });

  describe('refusals', () => {
    the(
      'an unknown field is named, with the place where it stands',
      { source: 'jsforce and simple-salesforce issues quote it: No such column … ERROR at Row:1:Column:14' },
      async (org) => {
        const { code, message } = await refusal(org, 'SELECT Name, Nmae FROM Account');
        expect(code).toBe('INVALID_FIELD');
        expect(message).toContain("No such column 'Nmae' on entity 'Account'");
        expect(message).toContain('ERROR at Row:1:Column:14');
      },
    );

    the(
      'an unknown object and an unknown relationship are named',
      { source: 'SOAP API Developer Guide, StatusCode INVALID_TYPE, INVALID_FIELD; cli issues quote both' },
      async (org) => {
        expect(await refusal(org, 'SELECT Id FROM NoSuchObject')).toMatchObject({ code: 'INVALID_TYPE' });
        expect(await refusal(org, 'SELECT Boss.Name FROM Account')).toMatchObject({ code: 'INVALID_FIELD' });
        expect(await refusal(org, 'SELECT (SELECT Id FROM Bosses) FROM Account')).toMatchObject({
          code: 'INVALID_TYPE',
        });
      },
    );

    for (const [where, code] of [
      ['Name = 5', 'INVALID_FIELD'],
      ["NumberOfEmployees = '5'", 'INVALID_FIELD'],
      ["CreatedDate > 'yesterday'", 'INVALID_FIELD'],
      ["IsDeleted = 'false'", 'INVALID_FIELD'],
      ["Description = 'x'", 'INVALID_FIELD'],
      ["Id = 'nonsense'", 'INVALID_QUERY_FILTER_OPERATOR'],
    ] as const) {
      the(
        `a value of another type than its field: ${where}`,
        {
          source: 'StackExchange quotes: "must be of type … and should not be enclosed in quotes", "invalid ID field"',
        },
        async (org) => {
          expect(await refusal(org, `SELECT Id FROM Account WHERE ${where}`)).toMatchObject({ code });
        },
      );
    }

    for (const soql of [
      'SELECT Name, COUNT(Id) FROM Account GROUP BY Name HAVING Industry = null',
      'SELECT Name FROM Account HAVING Name = null',
      'SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact) OR Name = null',
      'SELECT Id FROM Account WHERE Id IN (SELECT AccountId, Id FROM Contact)',
      'SELECT Id FROM Account WHERE Id IN (SELECT LastName FROM Contact)',
      'SELECT Id FROM Account WHERE Name IN (SELECT AccountId FROM Contact)',
      'SELECT FIELDS(ALL) FROM Account',
      'SELECT FIELDS(CUSTOM) FROM Account LIMIT 201',
      'SELECT FIELDS(MINE) FROM Account LIMIT 1',
      'SELECT CALENDAR_YEAR(CreatedDate) FROM Account',
      'SELECT Id FROM Account WHERE CALENDAR_YEAR(Name) = 2024',
      'SELECT Id FROM Account WHERE HOUR_IN_DAY(Name) = 1',
      'SELECT Id FROM Account ORDER BY COUNT(Id)',
      'SELECT COUNT(Id) FROM Account FOR VIEW',
      'SELECT FROM Account',
      'DELETE FROM Account',
      'SELECT Id FROM Account; DROP TABLE Account',
      '',
    ]) {
      the(
        `what is no SOQL is refused: ${soql}`,
        { source: `${page('SOQL SELECT Syntax')}: the grammar, and the restrictions of each clause` },
        async (org) => {
          expect((await refusal(org, soql)).code).toMatch(
            /^(MALFORMED_QUERY|INVALID_FIELD|INVALID_QUERY_FILTER_OPERATOR)$/,
          );
          if (!org.isReal) expect((await refusal(org, soql)).code).toBe('MALFORMED_QUERY');
        },
      );
    }

    for (const soql of [
      'SELECT TYPEOF What WHEN Account THEN Name END FROM Task',
      'SELECT Name FROM Account GROUP BY Name HAVING NOT (COUNT(Id) > 1 OR Name = null)',
      'SELECT COUNT(Id) FROM Account GROUP BY ROLLUP(Name)',
      'SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact WHERE AccountId IN (SELECT Id FROM Account))',
      'SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact LIMIT 1)',
      'SELECT Name, FIELDS(NOTHING) FROM Account',
      'SELECT toLabel(Name) FROM Account',
      'SELECT convertCurrency(AnnualRevenue) FROM Account',
      'SELECT DISTANCE(Name) FROM Account',
      'SELECT Id FROM Account ORDER BY Name FOR UPDATE',
      'SELECT Id FROM Account UPDATE TRACKING',
      "SELECT Id FROM Account WHERE Industry INCLUDES ('Energy')",
      'SELECT Name, (SELECT Id FROM Contacts FOR VIEW) FROM Account',
      'SELECT Id FROM Account USING SCOPE mine',
      'SELECT Id FROM Account WITH SECURITY_ENFORCED',
      'SELECT Id FROM Account WHERE Name = :name',
    ]) {
      the(
        `what a local org does not know is MALFORMED_QUERY: ${soql}`,
        { source: 'docs/local-org.md, "SOQL": strict rather than broad', onlyLocal: 'a real org may answer it' },
        async (org) => {
          expect(await refusal(org, soql)).toMatchObject({ code: 'MALFORMED_QUERY' });
        },
      );
    }

    the(
      'a quote in a value stays a value',
      { source: `${page('Quoted String Escape Sequences')}: \\'` },
      async (_, { accounts }) => {
        expect(await accounts("Name = 'x\\' OR Name != \\'y'")).toEqual([]);
      },
    );

    the(
      'whatever the text, the answer is a result or a refusal with a code',
      {
        source: 'REST API Developer Guide, "Status Codes and Error Responses": 400 with an errorCode',
        onlyLocal: 'it takes hundreds of calls',
      },
      async (org) => {
        const words = [
          ...['SELECT', 'Id', 'Name', 'FROM', 'Account', 'WHERE', '(', ')', 'AND', 'OR', 'NOT', '=', "'x'", "'", '5'],
          ...['null', 'IN', 'LIKE', 'ORDER BY', 'LIMIT', ',', 'COUNT()', 'TODAY', '%', '\\', 'Owner.Name'],
        ];
        const made = fc
          .array(fc.constantFrom(...words), { maxLength: 14 })
          .map((list) => `SELECT Id FROM Account ${list.join(' ')}`);
        await fc.assert(
          fc.asyncProperty(fc.oneof(fc.string(), made), async (soql) => {
            const { code } = await refusal(org, soql);
            expect([
              'answered',
              'MALFORMED_QUERY',
              'INVALID_FIELD',
              'INVALID_TYPE',
              'INVALID_QUERY_FILTER_OPERATOR',
              'NUMBER_OUTSIDE_VALID_RANGE',
            ]).toContain(code);
          }),
          { numRuns: 300, seed: 7 },
        );
      },
    );
  });
});

contract(
  'INCLUDES finds all of one alternative or any of several, EXCLUDES the rest',
  { source: page('Querying Multi-Select Picklists'), onlyLocal: 'it deploys a field' },
  async (org) => {
    const values = ['A', 'B', 'C'].map(
      (name) => `<value><fullName>${name}</fullName><default>false</default><label>${name}</label></value>`,
    );
    const { status } = await deploy(org, {
      'package.xml': manifest({ CustomField: 'Account.Uses__c' }),
      'objects/Account.object': file(
        'CustomObject',
        `<fields><fullName>Uses__c</fullName><label>Uses</label><type>MultiselectPicklist</type><valueSet><restricted>true</restricted><valueSetDefinition><sorted>false</sorted>${values.join('')}</valueSetDefinition></valueSet><visibleLines>4</visibleLines></fields>`,
      ),
    });
    expect(status).toBe('Succeeded');
    for (const uses of ['B;A', 'B', 'C', null]) await create(org, 'Account', { Name: uses ?? 'none', Uses__c: uses });
    const found = async (where: string): Promise<unknown[]> => {
      const records = await org.client.query(`SELECT Name FROM Account WHERE Uses__c ${where} ORDER BY Name`);
      return records.map((record) => z.string().parse(record['Name']));
    };
    expect(await found("INCLUDES ('a;b', 'C')")).toEqual(['B;A', 'C']);
    expect(await found("INCLUDES ('B')")).toEqual(['B', 'B;A']);
    expect(await found("EXCLUDES ('B')")).toEqual(['C', 'none']);
    expect(await found("= 'A;B'")).toEqual(['B;A']);
  },
);
