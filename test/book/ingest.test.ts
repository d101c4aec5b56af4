/** From spooled CSV to the book's tables: every form a value may take, and what is refused. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { BookError, openBook, type Book, type BookTable, type ColumnType } from '../../src/book/book.js';
import { allAccounts, allGroups, inFolder, only, someSettings } from './smallBook.js';

type Columns = { name: string; type: ColumnType }[];

const accountColumns: Columns = [
  { name: 'id', type: 'id' },
  { name: 'name', type: 'text' },
  { name: 'ownerId', type: 'id' },
];

const lineColumns: Columns = [
  { name: 'amount', type: 'money' },
  { name: 'id', type: 'id' },
  { name: 'opportunityId', type: 'id' },
];

/** Writes each text as a file (gzip where its name says so) and gives them to the book as one table. */
type Give = (table: BookTable, columns: Columns, files: Record<string, string>, rows: number) => Promise<number>;

const withEmptyBook = <T>(work: (book: Book, give: Give) => Promise<T>): Promise<T> =>
  inFolder(async (folder) => {
    const book = await openBook(join(folder, 'book.duckdb'));
    const give: Give = (table, columns, files, rows) => {
      for (const [name, text] of Object.entries(files)) {
        writeFileSync(join(folder, name), name.endsWith('.gz') ? gzipSync(text) : text);
      }
      return book.ingest(table, { files: Object.keys(files).map((name) => join(folder, name)), columns, rows });
    };
    try {
      return await work(book, give);
    } finally {
      await book.close();
    }
  });

const namesIn = async (book: Book): Promise<Record<string, string>> => {
  await book.derive(someSettings(), '2026-10-31');
  return Object.fromEntries((await allAccounts(book)).map(({ account }) => [account.accountId, account.name]));
};

test('several files, plain and gzip, quoted and not, make one table', async () => {
  await withEmptyBook(async (book, give) => {
    const rows = await give(
      'account',
      accountColumns,
      {
        'a.csv': 'Id,Name,OwnerId\nA1,Plain,U1\n',
        'b.csv.gz': '"Id","Name","OwnerId"\n"A2","Two\nlines, ""quoted""","U1"\n"A3","Ünïcode","U1"',
        'c.csv': 'Id,Name,OwnerId\n',
      },
      3,
    );
    expect(rows).toBe(3);
    expect(await namesIn(book)).toEqual({ A1: 'Plain', A2: 'Two\nlines, "quoted"', A3: 'Ünïcode' });
  });
});

test('a text that looks like rows stays one value', async () => {
  await withEmptyBook(async (book, give) => {
    const name = Array.from({ length: 2000 }, (_, n) => `X${n},not a row,U1`).join('\n');
    const many = Array.from({ length: 100 }, (_, n) => `"A${n}","${name}","U1"`).join('\n');
    expect(await give('account', accountColumns, { 'a.csv': `Id,Name,OwnerId\n${many}\n` }, 100)).toBe(100);
    expect(Object.values(await namesIn(book)).every((text) => text === name)).toBe(true);
  });
});

test('line ends of rows and of texts need not be the same', async () => {
  await withEmptyBook(async (book, give) => {
    const unix = 'a,b,c\n"A1","x\r\ny","U"\n"A2","x","U"\n';
    const dos = 'a,b,c\r\n"B1","x\ny","U"\r\n"B2","x","U"\r\n';
    await give('account', accountColumns, { 'unix.csv': unix, 'dos.csv': dos }, 4);
    expect(await namesIn(book)).toEqual({ A1: 'x\r\ny', A2: 'x', B1: 'x\ny', B2: 'x' });
  });
});

test('columns come in the order that was spooled, whatever the header says', async () => {
  await withEmptyBook(async (book, give) => {
    const columns = [...accountColumns].reverse();
    await give('account', columns, { 'a.csv': 'x,y,z\nU9,Acme,A1\n' }, 1);
    await book.derive(someSettings(), '2026-10-31');
    expect(only(await allGroups(book)).facts).toMatchObject({
      groupId: 'A1',
      name: 'Acme',
      people: { accountOwner: 'U9' },
    });
  });
});

test.each([
  ['12.5', 12_50],
  ['-0.01', -1],
  ['7', 7_00],
  ['1.0E7', 10_000_000_00],
  ['1.2345678E7', 12_345_678_00],
  ['0.125', 13],
  ['-0.125', -13],
  ['33333333333333.33', 3_333_333_333_333_333],
  ['', null],
])('the amount %j is read to the cent', async (text, cents) => {
  await withEmptyBook(async (book, give) => {
    await give('account', accountColumns, { 'a.csv': 'Id,Name,OwnerId\nA,A,U\n' }, 1);
    const columns: Columns = [
      { name: 'id', type: 'id' },
      { name: 'accountId', type: 'id' },
      { name: 'closeDate', type: 'date' },
      { name: 'isWon', type: 'boolean' },
      { name: 'isClosed', type: 'boolean' },
      { name: 'amount', type: 'money' },
    ];
    await give('opportunity', columns, { 'o.csv': `a,b,c,d,e,f\nO,A,2026-10-01,true,TRUE,${text}\n` }, 1);
    await book.derive(someSettings(), '2026-10-31');
    const { yearlyRevenue } = only(await allAccounts(book)).account;
    expect(yearlyRevenue).toEqual(cents ?? { unknown: 'noSales' });
  });
});

test('figures that would not stay exact are refused', async () => {
  await withEmptyBook(async (book, give) => {
    await give(
      'account',
      [...accountColumns, { name: 'revenue', type: 'money' }],
      { 'a.csv': 'a,b,c,d\nA,A,U,9999999999999999.99\n' },
      1,
    );
    await book.derive(someSettings(), '2026-10-31');
    await expect(allGroups(book)).rejects.toThrow(
      'revenue is 999999999999999999, which is more than figures can be kept exact for',
    );
  });
});

const employees: Columns = [...accountColumns, { name: 'employees', type: 'integer' }];

test.each(['12', '12.0', '1.2E1'])('the whole number %j is read as 12', async (text) => {
  await withEmptyBook(async (_, give) => {
    expect(await give('account', employees, { 'a.csv': `a,b,c,d\nA,A,U,${text}\n` }, 1)).toBe(1);
  });
});

test.each<[string, Columns[number], string, string]>([
  [
    'a word',
    { name: 'revenue', type: 'money' },
    'lots',
    "revenue of account holds 'lots', expected an amount of money.",
  ],
  ['a comma', { name: 'score', type: 'number' }, '"1,5"', "score of account holds '1,5', expected a number."],
  [
    'a fraction',
    { name: 'employees', type: 'integer' },
    '12.5',
    "employees of account holds '12.5', expected a whole number.",
  ],
  [
    'no day',
    { name: 'assessedOn', type: 'date' },
    '2026-02-30',
    "assessedOn of account holds '2026-02-30', expected a day (YYYY-MM-DD).",
  ],
  ['yes', { name: 'excluded', type: 'boolean' }, 'yes', "excluded of account holds 'yes', expected true or false."],
])('%s where something else is expected is refused with file, column and value', async (_, column, text, message) => {
  await withEmptyBook(async (book, give) => {
    await give('account', accountColumns, { 'ok.csv': 'a,b,c\nA,Before,U\n' }, 1);
    const wrong = give(
      'account',
      [...accountColumns, column],
      { 'x.csv': `a,b,c,d\nB,After,U,\nA,After,U,${text}\n` },
      2,
    );
    await expect(wrong).rejects.toThrow(BookError);
    await expect(wrong).rejects.toThrow(`x.csv: ${message}`);
    // All or nothing: the table is what it was.
    expect(await namesIn(book)).toEqual({ A: 'Before' });
  });
});

test('an empty value where one must be is refused', async () => {
  await withEmptyBook(async (_, give) => {
    await expect(give('account', accountColumns, { 'x.csv': 'a,b,c\nA,,U\n' }, 1)).rejects.toThrow(
      'x.csv: name of account is empty, expected a text.',
    );
  });
});

test('a file that is not the CSV that was asked for is refused with file and line', async () => {
  await withEmptyBook(async (_, give) => {
    await expect(give('account', accountColumns, { 'x.csv': 'a,b,c\nA,A,U\nB,B\n' }, 2)).rejects.toThrow(
      /x\.csv.*Line: 3/s,
    );
    await expect(give('account', accountColumns, { 'x.csv.gz': 'a,b,c\nA,A,U,X\n' }, 1)).rejects.toThrow(
      /x\.csv\.gz.*Line: 2/s,
    );
  });
});

test('fewer rows than were spooled are a cut-off file', async () => {
  await withEmptyBook(async (_, give) => {
    await expect(give('account', accountColumns, { 'x.csv': '' }, 1)).rejects.toThrow('hold 0 of the 1 rows');
    await expect(give('account', accountColumns, { 'x.csv': 'a,b,c\nA,"cut' }, 1)).rejects.toThrow(BookError);
    await expect(give('account', accountColumns, { 'x.csv': 'a,b,c\nA,A,U\n' }, 2)).rejects.toThrow(
      'The files of account hold 1 of the 2 rows that were spooled.',
    );
  });
});

test('a column that the book does not know, or of another type, or a missing one is a mistake of the caller', async () => {
  await withEmptyBook(async (_, give) => {
    const line = (columns: Columns): Promise<number> => give('line', columns, {}, 0);
    await expect(line([...lineColumns, { name: 'colour', type: 'text' }])).rejects.toThrow('line has no column colour');
    await expect(line([...lineColumns, { name: 'quantity', type: 'money' }])).rejects.toThrow(
      'spooled as money, expected number',
    );
    await expect(line(lineColumns.slice(0, 2))).rejects.toThrow('line was spooled without opportunityId');
    expect(await line(lineColumns)).toBe(0);
  });
});

test('an id that comes twice is one row: the later file wins, equal rows in one file are one', async () => {
  await withEmptyBook(async (book, give) => {
    const first = 'a,b,c\nA,Old,U\nB,Same,U\nB,Same,U\n';
    const second = 'a,b,c\nA,New,U\n';
    expect(await give('account', accountColumns, { '2.csv': first, '1.csv': second }, 4)).toBe(2);
    expect(await namesIn(book)).toEqual({ A: 'New', B: 'Same' });
  });
});

test('an id that comes twice in one file with different values contradicts itself', async () => {
  await withEmptyBook(async (_, give) => {
    await expect(give('account', accountColumns, { 'x.csv': 'a,b,c\nA,One,U\nA,Two,U\n' }, 2)).rejects.toThrow(
      'account A comes twice in one file, with different values.',
    );
  });
});

test('a second pull replaces the first', async () => {
  await withEmptyBook(async (book, give) => {
    await give('account', accountColumns, { 'x.csv': 'a,b,c\nA,A,U\nB,B,U\n' }, 2);
    await give('account', accountColumns, { 'y.csv': 'a,b,c\nC,C,U\n' }, 1);
    expect(await namesIn(book)).toEqual({ C: 'C' });
    await give('account', accountColumns, {}, 0);
    expect(await namesIn(book)).toEqual({});
  });
});
