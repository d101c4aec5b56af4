/** Sales in files: a folder in the neutral layout becomes a book's accounts, won opportunities and lines. */
import { createReadStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { CsvError, parse } from 'csv-parse';
import snakeCase from 'lodash/snakeCase.js';
import { z } from 'zod';
import { isDay } from '../kam/calendar.js';
import type { IsoDate } from '../kam/units.js';
import { bookTables, type ColumnType } from './book.js';
import { BookError, literal, type Duck, type Statements } from './duck.js';
import { conversions } from './ingest.js';
import { numberOf, textOf } from './rows.js';
import { spanOf, type SalesSpan } from './span.js';

/** What a folder held. */
export type FolderContents = { accounts: number; lines: number; span: SalesSpan };

type FileColumn = {
  name: string;
  type: Extract<ColumnType, 'id' | 'text' | 'integer' | 'number' | 'money' | 'date'>;
  isRequired?: true;
  expected: string;
};

const accountColumns: FileColumn[] = [
  { name: 'account_id', type: 'id', isRequired: true, expected: 'an id' },
  { name: 'name', type: 'text', expected: 'a name or nothing' },
  { name: 'industry', type: 'text', expected: 'an industry or nothing' },
  { name: 'employees', type: 'integer', expected: 'a whole number or nothing' },
  { name: 'country', type: 'text', expected: 'a country or nothing' },
  { name: 'parent_id', type: 'id', expected: 'the account_id of a line in the same file, or nothing' },
];
const regionColumn: FileColumn = { name: 'region', type: 'text', expected: 'a region or nothing' };

const saleColumns: FileColumn[] = [
  { name: 'account_id', type: 'id', isRequired: true, expected: 'an account_id of accounts.csv' },
  { name: 'date', type: 'date', isRequired: true, expected: 'a day such as 2024-06-30' },
  { name: 'product_family', type: 'text', expected: 'a family or nothing' },
  { name: 'product', type: 'text', expected: 'a product or nothing' },
  { name: 'quantity', type: 'number', expected: 'a number or nothing' },
  { name: 'amount', type: 'money', isRequired: true, expected: 'an amount such as 1234.56' },
  { name: 'cost', type: 'money', expected: 'an amount such as 1234.56, or nothing' },
];

type CsvFile = { path: string; columns: FileColumn[] };

/**
 * Replaces accounts, opportunities and lines by those of a folder, and empties all other tables: `accounts.csv` and `sales.csv` or `sales.csv.gz`.
 *
 * Shape:  columns as named above, in that order, `region` optional; one won opportunity per account and day, one line per
 *         sale. A blank is unknown; a negative amount is a credit note; an account without a name goes by its id.
 * Errors: `BookError` naming file, line, column, value and what was expected; the book is then as it was before.
 */
export async function readFolder(duck: Duck, dir: string): Promise<FolderContents> {
  const accounts = await openCsv(fileIn(dir, 'accounts.csv'), accountColumns, regionColumn);
  const sales = await openCsv(fileIn(dir, 'sales.csv', 'sales.csv.gz'), saleColumns);
  return duck.transaction(async (inside) => {
    const accountCount = await read(inside, 'file_account', accounts);
    const lines = await read(inside, 'file_sale', sales);
    if (accountCount === 0) throw new BookError(`${accounts.path}: no account below the header.`, [ADVICE]);
    await checkIds(inside, accounts, sales);
    const hasRegion = accounts.columns.includes(regionColumn);
    await inside.run(`
      ${bookTables.map((table) => `DELETE FROM ${table};`).join(' ')}
      INSERT INTO account BY NAME
      SELECT account_id AS id, COALESCE(name, account_id) AS name, '' AS owner_id, parent_id, industry, employees, country,
        ${hasRegion ? 'region' : 'CAST(NULL AS VARCHAR) AS region'}
      FROM file_account;
      INSERT INTO opportunity BY NAME
      SELECT ${SALE_ID} AS id, account_id, date AS close_date, TRUE AS is_won, TRUE AS is_closed
      FROM file_sale GROUP BY account_id, date;
      INSERT INTO line BY NAME
      SELECT CAST(ROW_NUMBER() OVER () AS VARCHAR) AS id, ${SALE_ID} AS opportunity_id, product_family AS family, product,
        quantity, amount, cost
      FROM file_sale`);
    const span = await spanOf(inside, 'file_sale', 'date');
    if (span === null) throw new BookError(`${sales.path}: no sale below the header: there is no history.`, [ADVICE]);
    await inside.run('DROP TABLE file_account; DROP TABLE file_sale');
    return { accounts: accountCount, lines, span };
  });
}

/** One per account and day: the day has a fixed length, so that no two pairs make the same text. */
const SALE_ID = "account_id || ' ' || CAST(date AS VARCHAR)";

const ADVICE = 'Correct the file and run again.';

/**
 * Lets products stand as families: the `top` that most accounts bought before a day; all other sales leave the book.
 *
 * Shape:  bought is a positive line; equal numbers of buyers in order of name. The book has to be derived anew.
 * Errors: `BookError` where no product was bought before the day.
 */
export async function productsAsFamilies(duck: Duck, top: number, before: IsoDate): Promise<void> {
  await duck.transaction(async (inside) => {
    await inside.run(`
      CREATE TABLE top_product AS
      SELECT TRIM(l.product) AS product
      FROM line AS l
      JOIN opportunity AS o ON o.id = l.opportunity_id
      WHERE o.is_won AND o.close_date < CAST(${literal(before)} AS DATE) AND l.amount > 0 AND TRIM(l.product) <> ''
      GROUP BY TRIM(l.product)
      ORDER BY COUNT(DISTINCT o.account_id) DESC, TRIM(l.product)
      LIMIT ${top}`);
    const [counted] = await inside.rows('SELECT COUNT(*) AS products FROM top_product');
    if (counted === undefined || numberOf(counted, 'products') === 0) {
      throw new BookError(`No product was bought before ${before}, so none can stand as a family.`, [
        'Take a later cut, or leave the families as they are.',
      ]);
    }
    await inside.run(`
      CREATE TABLE top_line AS
      SELECT l.* REPLACE (p.product AS family, p.product AS product)
      FROM line AS l
      JOIN top_product AS p ON p.product = TRIM(l.product);
      DROP TABLE line;
      ALTER TABLE top_line RENAME TO line;
      DELETE FROM opportunity WHERE id NOT IN (SELECT opportunity_id FROM line);
      DROP TABLE top_product`);
  });
}

function fileIn(dir: string, ...names: string[]): string {
  const found = names.map((name) => join(dir, name)).find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new BookError(`${join(dir, names[0] ?? '')}: no such file; expected ${names.join(' or ')} in the folder.`, [
    'Give a folder in the neutral layout: accounts.csv and sales.csv (or sales.csv.gz).',
  ]);
}

/** The file with the columns that its header names, so that a wrong header is told before a million lines are read. */
async function openCsv(path: string, columns: FileColumn[], optionalLast?: FileColumn): Promise<CsvFile> {
  const all = optionalLast === undefined ? columns : [...columns, optionalLast];
  for await (const { row } of rowsIn(path)) {
    const header = row.map((name) => name.trim().toLowerCase());
    const expected = header.length > columns.length ? all : columns;
    const wrong = expected.findIndex(({ name }, index) => header[index] !== name);
    if (wrong >= 0 || header.length !== expected.length) {
      const at = wrong >= 0 ? wrong : expected.length;
      const names = all.map((column) => (column === optionalLast ? `[${column.name}]` : column.name)).join(',');
      throw fault(path, 1, `column ${at + 1} of the header`, header[at] ?? '', `the header ${names}`);
    }
    return { path, columns: expected };
  }
  throw new BookError(`${path}: the file is empty; expected the header ${columns.map(({ name }) => name).join(',')}.`, [
    ADVICE,
  ]);
}

/** Reads a file into a table, every value parsed; a value that can't be is looked for in the file and named. */
async function read(duck: Statements, table: string, file: CsvFile): Promise<number> {
  const raw = (name: string): string => `raw_${snakeCase(name)}`;
  const names = file.columns.map(({ name }) => `${raw(name)}: 'VARCHAR'`).join(', ');
  const values = file.columns.map(({ name, type }) => `${conversions[type](raw(name))} AS ${name}`);
  const faults = file.columns.map(
    ({ name, isRequired }) => `(${name} IS NULL${isRequired === true ? '' : ` AND ${raw(name)} IS NOT NULL`})`,
  );
  try {
    // One scanner: where a value may hold line breaks, a file can't be cut into parts safely.
    await duck.run(`CREATE TABLE ${table} AS
      SELECT *, ${faults.join(' OR ')} AS is_faulty
      FROM (
        SELECT *, ${values.join(', ')}
        FROM read_csv(${literal(file.path)}, columns = {${names}}, header = true, auto_detect = false, delim = ',',
          quote = '"', escape = '"', strict_mode = true, parallel = false)
      ) AS parsed`);
  } catch (error) {
    await locate(file);
    const what = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    throw new BookError(`${file.path} can't be read: ${what}`, [ADVICE], { cause: error });
  }
  const [counted] = await duck.rows(`
    SELECT COUNT(*) AS lines, COUNT(CASE WHEN is_faulty THEN 1 END) AS faults FROM ${table}`);
  if (counted === undefined) return 0;
  if (numberOf(counted, 'faults') > 0) {
    await locate(file);
    throw new BookError(`${file.path} holds a value that can't be read.`, [ADVICE]);
  }
  return numberOf(counted, 'lines');
}

async function checkIds(duck: Statements, accounts: CsvFile, sales: CsvFile): Promise<void> {
  const [twice] = await duck.rows(
    'SELECT account_id FROM file_account GROUP BY account_id HAVING COUNT(*) > 1 ORDER BY account_id LIMIT 1',
  );
  if (twice !== undefined) await point(accounts, 'account_id', textOf(twice, 'account_id'), 'each id once', 2);
  const [orphan] = await duck.rows(`
    SELECT c.parent_id FROM file_account AS c LEFT JOIN file_account AS p ON p.account_id = c.parent_id
    WHERE c.parent_id IS NOT NULL AND p.account_id IS NULL ORDER BY c.parent_id LIMIT 1`);
  if (orphan !== undefined) await point(accounts, 'parent_id', textOf(orphan, 'parent_id'));
  const [stray] = await duck.rows(`
    SELECT s.account_id FROM file_sale AS s LEFT JOIN file_account AS a ON a.account_id = s.account_id
    WHERE a.account_id IS NULL ORDER BY s.account_id LIMIT 1`);
  if (stray !== undefined) await point(sales, 'account_id', textOf(stray, 'account_id'));
}

/** Names the first value of a file that does not parse; returns where there is none. */
async function locate({ path, columns }: CsvFile): Promise<void> {
  let isHeader = true;
  for await (const { row, line } of rowsIn(path)) {
    if (isHeader) {
      isHeader = false;
      continue;
    }
    if (row.length !== columns.length) {
      throw fault(path, line, 'the line', row.join(','), `${columns.length} values, as the header has`);
    }
    for (const [index, column] of columns.entries()) {
      const value = row[index] ?? '';
      const isReadable = value === '' ? column.isRequired !== true : isOf(column.type, value);
      if (!isReadable) throw fault(path, line, column.name, value, column.expected);
    }
  }
}

/** Names the line in which a value of a column comes for the nth time. */
async function point(
  { path, columns }: CsvFile,
  name: string,
  value: string,
  expected = columns.find((column) => column.name === name)?.expected ?? '',
  nth = 1,
): Promise<never> {
  const index = columns.findIndex((column) => column.name === name);
  let seen = 0;
  for await (const { row, line } of rowsIn(path)) {
    if (row[index] === value) seen += 1;
    if (seen === nth) throw fault(path, line, name, value, expected);
  }
  throw new BookError(`${path}: ${name} “${value}”: expected ${expected}.`, [ADVICE]);
}

function isOf(type: FileColumn['type'], value: string): boolean {
  switch (type) {
    case 'integer':
      return /^[-+]?\d{1,18}$/.test(value) || (isNumeral(value) && Number.isInteger(Number(value)));
    case 'number':
    case 'money':
      return isNumeral(value);
    case 'date':
      return isDay(value);
    case 'id':
    case 'text':
      return true;
  }
}

const isNumeral = (value: string): boolean => /^[-+]?\d+(\.\d*)?([eE][-+]?\d+)?$/.test(value);

const fault = (path: string, line: number, column: string, value: string, expected: string): BookError =>
  new BookError(`${path}, line ${line}, ${column}: “${value.slice(0, 80)}”: expected ${expected}.`, [ADVICE]);

const csvRow = z.object({ record: z.array(z.string()), info: z.object({ lines: z.number() }) });

/** Every row as text, the header first, with the line that it ends on. */
async function* rowsIn(path: string): AsyncGenerator<{ row: string[]; line: number }> {
  const parser = parse({ bom: true, relax_column_count: true, skip_empty_lines: true, info: true });
  const source = createReadStream(path);
  const steps = path.endsWith('.gz') ? [source, createGunzip(), parser] : [source, parser];
  const reading = pipeline(steps).catch((error: unknown) => {
    parser.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  try {
    for await (const parsed of parser) {
      const { record, info } = csvRow.parse(parsed);
      yield { row: record, line: info.lines };
    }
  } catch (error) {
    if (error instanceof CsvError) throw new BookError(`${path}: ${error.message}`, [ADVICE], { cause: error });
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('Z_')) {
      throw new BookError(`${path}: not a gzip file (${error.message}).`, [ADVICE], { cause: error });
    }
    throw error;
  } finally {
    source.destroy();
    await reading;
  }
}
