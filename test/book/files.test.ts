/** A folder in the neutral layout becomes a book, or its first fault is named by file, line, column and value. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { openBook, type Book } from '../../src/book/book.js';
import { hasSharedData, sharedData } from '../support/announceShared.js';
import { allGroups, inFolder, someSettings } from './smallBook.js';

const accountsHeader = 'account_id,name,industry,employees,country,parent_id';
const salesHeader = 'account_id,date,product_family,product,quantity,amount,cost';

type Files = { accounts?: string[]; sales?: string[]; header?: string; gz?: boolean; lineEnd?: string };

const twoAccounts = ['A1,Alpha,Retail,10,DE,', 'A2,Beta,,,,A1'];

async function inBook<T>(files: Files, work: (book: Book, dir: string) => Promise<T>): Promise<T> {
  return inFolder(async (folder) => {
    const dir = join(folder, 'data');
    mkdirSync(dir);
    const accounts = [files.header ?? accountsHeader, ...(files.accounts ?? twoAccounts), ''].join(
      files.lineEnd ?? '\n',
    );
    const sales = [salesHeader, ...(files.sales ?? ['A1,2024-05-01,Pumps,P1,1,100,']), ''].join('\n');
    writeFileSync(join(dir, 'accounts.csv'), accounts);
    if (files.gz === true) writeFileSync(join(dir, 'sales.csv.gz'), gzipSync(sales));
    else writeFileSync(join(dir, 'sales.csv'), sales);
    const book = await openBook(join(folder, 'book.duckdb'));
    try {
      return await work(book, dir);
    } finally {
      await book.close();
    }
  });
}

/** The fault without the folder that the test happens to use. */
const faultIn = (files: Files): Promise<string> =>
  inBook(files, async (book, dir) => {
    try {
      await book.readFolder(dir);
    } catch (error) {
      return error instanceof Error ? error.message.replaceAll(`${dir}/`, '') : String(error);
    }
    return 'no fault';
  });

test('sales of one account and day are one opportunity, a child belongs to its parent, and a credit note is netted', () =>
  inBook(
    {
      sales: [
        'A1,2024-05-01,Pumps,P1,2,100.50,70',
        'A1,2024-05-01,Seals,,,9.5,',
        'A2,2024-06-01,Pumps,"P1, blue",1,40,',
        'A2,2024-07-01,Pumps,"P1, blue",-1,-15,',
      ],
    },
    async (book, dir) => {
      expect(await book.readFolder(dir)).toEqual({
        accounts: 2,
        lines: 4,
        span: { first: '2024-05-01', last: '2024-07-01', isMonthly: true },
      });
      await book.derive(someSettings(), '2024-07-01');
      const groups = await allGroups(book);
      expect(groups.map(({ facts }) => [facts.name, facts.sites, facts.yearlyRevenue])).toEqual([
        ['Alpha', 2, 10_050 + 950 + 4_000 - 1_500],
      ]);
    },
  ));

test('a packed file, a region, Windows line ends, empty lines and a nameless account are all read', () =>
  inBook(
    {
      gz: true,
      header: `\uFEFF${accountsHeader},region`,
      lineEnd: '\r\n',
      accounts: ['A1,,Retail,1e3,DE,,North', '', 'A2,"Beta\nand sons",,,,A1,'],
    },
    async (book, dir) => {
      expect((await book.readFolder(dir)).accounts).toBe(2);
      await book.derive(someSettings(), '2024-05-01');
      expect((await allGroups(book)).map(({ facts }) => facts.name)).toEqual(['A1']);
    },
  ));

test.each<[string, Files, string]>([
  [
    'an unknown account',
    { sales: ['A1,2024-05-01,F,P,1,1,', 'A9,2024-05-01,F,P,1,1,'] },
    'sales.csv, line 3, account_id: “A9”: expected an account_id of accounts.csv.',
  ],
  [
    'a day that is none',
    { sales: ['A1,2024-02-30,F,P,1,1,'] },
    'sales.csv, line 2, date: “2024-02-30”: expected a day such as 2024-06-30.',
  ],
  [
    'a German amount',
    { sales: ['A1,2024-02-03,F,P,1,"1,50",'] },
    'sales.csv, line 2, amount: “1,50”: expected an amount such as 1234.56.',
  ],
  [
    'no amount',
    { sales: ['A1,2024-02-03,F,P,1,,'] },
    'sales.csv, line 2, amount: “”: expected an amount such as 1234.56.',
  ],
  [
    'a quantity in words',
    { sales: ['A1,2024-02-03,F,P,two,1,'] },
    'sales.csv, line 2, quantity: “two”: expected a number or nothing.',
  ],
  [
    'a line that is cut off',
    { sales: ['A1,2024-02-03,F,P,1,1,', 'A1,2024-02'] },
    'sales.csv, line 3, the line: “A1,2024-02”: expected 7 values, as the header has.',
  ],
  [
    'the same account twice',
    { accounts: [...twoAccounts, 'A1,Alpha again,,,,'] },
    'accounts.csv, line 4, account_id: “A1”: expected each id once.',
  ],
  [
    'a parent that is missing',
    { accounts: ['A1,Alpha,,,,A7'] },
    'accounts.csv, line 2, parent_id: “A7”: expected the account_id of a line in the same file, or nothing.',
  ],
  [
    'half an employee',
    { accounts: ['A1,Alpha,,2.5,,'] },
    'accounts.csv, line 2, employees: “2.5”: expected a whole number or nothing.',
  ],
  [
    'another header',
    { header: 'id,name,industry,employees,country,parent_id' },
    `accounts.csv, line 1, column 1 of the header: “id”: expected the header ${accountsHeader},[region].`,
  ],
  [
    'a header that goes on',
    { header: `${accountsHeader},region,city` },
    `accounts.csv, line 1, column 8 of the header: “city”: expected the header ${accountsHeader},[region].`,
  ],
  ['no sales', { sales: [] }, 'sales.csv: no sale below the header: there is no history.'],
  ['no accounts', { accounts: [] }, 'accounts.csv: no account below the header.'],
])('%s is named with file, line, column, value and what was expected', async (_, files, message) => {
  expect(await faultIn(files)).toBe(message);
});

test('a folder without sales is told which file was looked for', () =>
  inBook({}, async (book, dir) => {
    await expect(book.readFolder(join(dir, 'elsewhere'))).rejects.toThrow(
      'accounts.csv: no such file; expected accounts.csv in the folder.',
    );
  }));

test('a packed file that is not packed is told apart', () =>
  inFolder(async (dir) => {
    writeFileSync(join(dir, 'accounts.csv'), `${accountsHeader}\nA1,Alpha,,,,\n`);
    writeFileSync(join(dir, 'sales.csv.gz'), `${salesHeader}\n`);
    const book = await openBook(join(dir, 'book.duckdb'));
    await expect(book.readFolder(dir)).rejects.toThrow(/sales\.csv\.gz: not a gzip file/);
    await book.close();
  }));

test('a fault leaves the book as it was', () =>
  inBook({}, async (book, dir) => {
    await book.readFolder(dir);
    writeFileSync(join(dir, 'sales.csv'), `${salesHeader}\nA1,2024-05-01,F,P,1,x,\n`);
    await expect(book.readFolder(dir)).rejects.toThrow(/amount/);
    await book.derive(someSettings(), '2024-05-01');
    expect((await allGroups(book)).map(({ facts }) => facts.yearlyRevenue)).toEqual([10_000]);
  }));

test('the two products that most accounts bought before the day become the families, ties in order of name', () =>
  inBook(
    {
      accounts: ['A1,,,,,', 'A2,,,,,', 'A3,,,,,'],
      sales: [
        'A1,2024-01-01,Pumps,Zeta,1,10,',
        'A2,2024-01-02,Pumps,Zeta,1,10,',
        'A1,2024-01-03,Pumps,Beta,1,20,',
        'A2,2024-01-03,Seals,Alpha,1,30,',
        'A3,2024-06-01,Seals,Alpha,1,5,',
        // From the day on and credit notes do not count as bought.
        'A1,2024-05-01,Pumps,Late,1,10,',
        'A2,2024-05-01,Pumps,Late,1,10,',
        'A3,2024-05-01,Pumps,Late,1,10,',
        'A3,2024-01-01,Pumps,Beta,1,-10,',
      ],
    },
    async (book, dir) => {
      await book.readFolder(dir);
      await book.productsAsFamilies(2, '2024-05-01');
      await book.derive(someSettings(), '2024-06-01');
      const groups = await allGroups(book);
      expect(groups.map(({ facts }) => [facts.groupId, facts.familiesBought, facts.yearlyRevenue])).toEqual([
        ['A1', 1, 1_000],
        ['A2', 2, 4_000],
        ['A3', 1, 500],
      ]);
    },
  ));

describe.skipIf(!hasSharedData)('real histories', () => {
  test.each([
    ['northwind', { accounts: 91, lines: 2155, span: { first: '1996-07-04', last: '1998-05-06', isMonthly: false } }],
    ['maven_crm', { accounts: 85, lines: 4238, span: { first: '2017-03-01', last: '2017-12-31', isMonthly: false } }],
    [
      'adventureworks',
      { accounts: 701, lines: 60_838, span: { first: '2010-12-29', last: '2013-11-29', isMonthly: false } },
    ],
  ])('%s is read whole', (set, expected) =>
    inFolder(async (folder) => {
      const book = await openBook(join(folder, 'book.duckdb'));
      expect(await book.readFolder(join(sharedData, set))).toEqual(expected);
      await book.close();
    }),
  );
});
