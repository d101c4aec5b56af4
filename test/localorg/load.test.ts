/** The neutral layout on its way into a local org, and what is wrong with files that are wrong. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { loadBook, type Loaded } from '../../src/localorg/load.js';
import { defaultSources } from '../../src/localorg/localOrg.js';
import { withLocalOrg, type TestOrg } from '../support/localOrg.js';

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

const accountsHeader = 'account_id,name,industry,employees,country,parent_id';
const salesHeader = 'account_id,date,product_family,product,quantity,amount,cost';

function folderOf(files: Record<string, string | Buffer>): string {
  const folder = mkdtempSync(join(tmpdir(), 'kam-load-'));
  folders.push(folder);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

const csv = (...lines: string[]): string => `${lines.join('\n')}\n`;
const load = (org: TestOrg, folder: string): Promise<Loaded> => loadBook(folder, org.client, () => undefined);

describe('a folder in the neutral layout', () => {
  test('becomes accounts with parents, products, and one won opportunity per account and day', () =>
    withLocalOrg({}, async (org) => {
      const folder = folderOf({
        'accounts.csv': csv(accountsHeader, 'C,Child,Energy,12,Germany,P', 'P,"Parent, the",,,,', 'G,Grandchild,,,,C'),
        'sales.csv': csv(
          salesHeader,
          'C,2024-02-28,Pumps,Pump A,2,10.10,',
          'C,2024-02-28,Valves,Valve B,,0.20,0.1',
          'P,2023-01-05,Pumps,Pump A,1,-5.00,',
        ),
      });
      expect(await load(org, folder)).toMatchObject({
        accounts: 3,
        products: 2,
        families: 2,
        opportunities: 2,
        lines: 3,
        lastSale: '2024-02-28',
      });
      expect(
        await org.client.query(
          'SELECT Name, AccountNumber, Parent.AccountNumber, NumberOfEmployees FROM Account ORDER BY AccountNumber',
        ),
      ).toMatchObject([
        { Name: 'Child', AccountNumber: 'C', Parent: { AccountNumber: 'P' }, NumberOfEmployees: 12 },
        { AccountNumber: 'G', Parent: { AccountNumber: 'C' }, NumberOfEmployees: null },
        { Name: 'Parent, the', AccountNumber: 'P', Parent: null },
      ]);
      expect(
        await org.client.query('SELECT Amount, IsWon, CloseDate FROM Opportunity ORDER BY CloseDate'),
      ).toMatchObject([
        { Amount: -5, IsWon: true, CloseDate: '2023-01-05' },
        { Amount: 10.3, IsWon: true, CloseDate: '2024-02-28' },
      ]);
      expect(await org.client.send('GET', '/local/status')).toMatchObject({
        clock: expect.stringMatching(/^2024-02-29T12:00/),
      });
    }));

  test('keeps what lines cost where the org has the field for it, and leaves the cost out where it has not', async () => {
    const folder = folderOf({
      'accounts.csv': csv(accountsHeader, 'A,A,,,,'),
      'sales.csv': csv(salesHeader, 'A,2024-01-01,F,P,1,10,6.5', 'A,2024-01-02,F,P,1,10,'),
    });
    await withLocalOrg({}, async (org) => {
      await load(org, folder);
      expect(
        await org.client.query('SELECT KAM_Cost__c FROM OpportunityLineItem ORDER BY Opportunity.CloseDate'),
      ).toMatchObject([{ KAM_Cost__c: 6.5 }, { KAM_Cost__c: null }]);
    });
    await withLocalOrg({ sources: defaultSources.slice(0, 2) }, async (org) => {
      expect(await load(org, folder)).toMatchObject({ lines: 2 });
    });
  });

  test('may be compressed', () =>
    withLocalOrg({}, async (org) => {
      const folder = folderOf({
        'accounts.csv': csv(accountsHeader, 'A,A,,,,'),
        'sales.csv.gz': gzipSync(csv(salesHeader, 'A,2024-01-01,F,P,1,1,')),
      });
      expect((await load(org, folder)).lines).toBe(1);
    }));

  test('is not mixed with what the org already has', () =>
    withLocalOrg({}, async (org) => {
      const folder = folderOf({
        'accounts.csv': csv(accountsHeader, 'A,A,,,,'),
        'sales.csv': csv(salesHeader, 'A,2024-01-01,F,P,1,1,'),
      });
      await load(org, folder);
      await expect(load(org, folder)).rejects.toThrow(/already has accounts.*sf kam local reset/);
      await org.client.send('POST', '/local/reset');
      expect((await load(org, folder)).accounts).toBe(1);
    }));
});

describe('a folder with a fault loads nothing and says where', () => {
  const accounts = csv(accountsHeader, 'A,A,,,,');
  const sale = 'A,2024-01-01,F,P,1,1,';
  test.each([
    ['no sales file', { 'accounts.csv': accounts }, /sales\.csv: no such file; expected sales\.csv or sales\.csv\.gz/],
    [
      'a wrong header',
      { 'accounts.csv': csv('id,name', 'A,A'), 'sales.csv': csv(salesHeader, sale) },
      /accounts\.csv, line 1, column 1: “id”: expected the header account_id,/,
    ],
    [
      'an empty file',
      { 'accounts.csv': '', 'sales.csv': csv(salesHeader, sale) },
      /accounts\.csv: the file is empty; expected the header/,
    ],
    ['a header alone', { 'accounts.csv': accounts, 'sales.csv': csv(salesHeader) }, /sales\.csv: no sale in the file/],
    [
      'an id that comes twice',
      { 'accounts.csv': csv(accountsHeader, 'A,A,,,,', 'A,B,,,,'), 'sales.csv': csv(salesHeader, sale) },
      /accounts\.csv, line 3, account_id: “A”: expected each id once; it already stands in line 2/,
    ],
    [
      'a parent that is not there',
      { 'accounts.csv': csv(accountsHeader, 'A,A,,,,Z'), 'sales.csv': csv(salesHeader, sale) },
      /line 2, parent_id: “Z”/,
    ],
    [
      'employees that are no number',
      { 'accounts.csv': csv(accountsHeader, 'A,A,,some,,'), 'sales.csv': csv(salesHeader, sale) },
      /line 2, employees: “some”: expected a whole number/,
    ],
    [
      'an unreadable amount',
      { 'accounts.csv': accounts, 'sales.csv': csv(salesHeader, sale, 'A,2024-01-01,F,P,1,"1,5",') },
      /sales\.csv, line 3, amount: “1,5”: expected a number such as 1234\.56/,
    ],
    [
      'a day that does not exist',
      { 'accounts.csv': accounts, 'sales.csv': csv(salesHeader, 'A,2024-02-30,F,P,1,1,') },
      /line 2, date: “2024-02-30”: expected a day/,
    ],
    [
      'an account that is not there',
      { 'accounts.csv': accounts, 'sales.csv': csv(salesHeader, 'B,2024-01-01,F,P,1,1,') },
      /line 2, account_id: “B”: expected an account_id of accounts\.csv/,
    ],
    [
      'a line with too few values',
      { 'accounts.csv': accounts, 'sales.csv': csv(salesHeader, 'A,2024-01-01') },
      /line 2.*expected 7 values/,
    ],
    [
      'a quote that never ends',
      { 'accounts.csv': accounts, 'sales.csv': csv(salesHeader, 'A,2024-01-01,"F,P,1,1,') },
      /sales\.csv: /,
    ],
    [
      'a file that is no gzip',
      { 'accounts.csv': accounts, 'sales.csv.gz': 'plain text' },
      /sales\.csv\.gz: not a gzip file/,
    ],
  ])('%s', (_, files, said) =>
    withLocalOrg({}, async (org) => {
      await expect(load(org, folderOf(files))).rejects.toThrow(said);
      expect(await org.client.query('SELECT Id FROM Account')).toEqual([]);
    }),
  );

  test('parents in a circle', () =>
    withLocalOrg({}, async (org) => {
      const folder = folderOf({
        'accounts.csv': csv(accountsHeader, 'A,A,,,,B', 'B,B,,,,A'),
        'sales.csv': csv(salesHeader, sale),
      });
      await expect(load(org, folder)).rejects.toThrow(/the parents of A, B form a cycle/);
    }));
});
