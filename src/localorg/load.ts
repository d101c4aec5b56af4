/** Fills a local org with sales in the neutral layout: accounts.csv and sales.csv, over HTTP as any client would. */
import { createReadStream, existsSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { CsvError, parse } from 'csv-parse';
import { z } from 'zod';
import { lineCostField } from '../schema/options.js';
import type { LocalClient } from './client.js';

export type Loaded = {
  accounts: number;
  products: number;
  families: number;
  opportunities: number;
  lines: number;
  lastSale: string;
  clock: string;
};
export type OnLoad = (what: 'checked' | 'accounts' | 'opportunities' | 'lines', done: number) => void;

/** A fault in the files: where, the value, what was expected. Nothing was loaded. */
export class LoadError extends Error {
  public override name = 'LoadError';
}

const accountColumns = ['account_id', 'name', 'industry', 'employees', 'country', 'parent_id'];
const saleColumns = ['account_id', 'date', 'product_family', 'product', 'quantity', 'amount', 'cost'];

/**
 * Loads a folder into an empty local org.
 *
 * Shape:  accounts (parents first), products with a standard price, one won opportunity per account and date with its
 *         line items, with their cost where the org has the field for it; then the org's clock is set to noon of the day after the last sale.
 * Units:  amounts as in the file, at most two decimals kept; a blank or zero quantity becomes 1, as Salesforce takes none.
 * Errors: `LoadError` naming file, line, column, value and what was expected, before anything is written; an org that
 *         already has accounts is refused.
 */
export async function loadBook(dir: string, client: LocalClient, onLoad: OnLoad): Promise<Loaded> {
  const accountsFile = fileIn(dir, 'accounts.csv');
  const salesFile = fileIn(dir, 'sales.csv', 'sales.csv.gz');
  const accounts = await readAccounts(accountsFile);
  const book = await checkSales(salesFile, new Set(accounts.map(({ id }) => id)), onLoad);
  await refuseUnlessEmpty(client);

  const accountIds = await createAccounts(client, accounts, onLoad);
  const entries = await createProducts(client, book.products);
  const target = { accountIds, entries, keepsCost: await keepsCost(client) };
  const counts = await createSales(client, salesFile, target, onLoad);
  const clock = `${dayAfter(book.lastSale)}T12:00:00Z`;
  await client.send('POST', '/local/clock', { to: clock });
  return {
    accounts: accounts.length,
    products: book.products.size,
    families: new Set([...book.products.values()].map(({ family }) => family)).size,
    ...counts,
    lastSale: book.lastSale,
    clock,
  };
}

type Account = {
  id: string;
  name: string;
  industry: string;
  employees: number | null;
  country: string;
  parentId: string;
  region: string;
};
type Product = { family: string; name: string };
type Sale = { accountId: string; date: string; product: Product; quantity: string; amount: string; cost: string };
type Line = { sale: Sale; at: string };

function fileIn(dir: string, ...names: string[]): string {
  const found = names.map((name) => join(dir, name)).find((path) => existsSync(path));
  if (found === undefined)
    throw new LoadError(`${join(dir, names[0] ?? '')}: no such file; expected ${names.join(' or ')} in the folder.`);
  return found;
}

async function readAccounts(file: string): Promise<Account[]> {
  const accounts: Account[] = [];
  const lineOf = new Map<string, number>();
  for await (const { row, line } of rowsOf(file, accountColumns)) {
    const [id = '', name = '', industry = '', employees = '', country = '', parentId = '', region = ''] = row;
    if (id === '') throw fault(file, line, 'account_id', id, 'an id');
    const before = lineOf.get(id);
    if (before !== undefined)
      throw fault(file, line, 'account_id', id, `each id once; it already stands in line ${before}`);
    if (employees !== '' && !/^\d{1,8}$/.test(employees))
      throw fault(file, line, 'employees', employees, 'a whole number or nothing');
    lineOf.set(id, line);
    accounts.push({
      id,
      // Real histories have customers whose name is not known; the CRM needs one.
      name: name === '' ? id : name,
      industry,
      employees: employees === '' ? null : Number(employees),
      country,
      parentId,
      region,
    });
  }
  if (accounts.length === 0)
    throw new LoadError(`${file}: no account in the file; expected at least one line below the header.`);
  for (const { id, parentId } of accounts) {
    if (parentId !== '' && !lineOf.has(parentId))
      throw fault(file, lineOf.get(id) ?? 0, 'parent_id', parentId, 'the account_id of a line in the same file');
  }
  return accounts;
}

/** One pass over all sales, so that a fault in the last line is found before the first one is loaded. */
async function checkSales(
  file: string,
  accountIds: ReadonlySet<string>,
  onLoad: OnLoad,
): Promise<{ products: Map<string, Product>; lastSale: string }> {
  const products = new Map<string, Product>();
  let lastSale = '';
  let count = 0;
  for await (const { sale } of salesOf(file, accountIds)) {
    products.set(productKey(sale.product), sale.product);
    if (sale.date > lastSale) lastSale = sale.date;
    count += 1;
    if (count % 10_000 === 0) onLoad('checked', count);
  }
  if (count === 0) throw new LoadError(`${file}: no sale in the file; expected at least one line below the header.`);
  return { products, lastSale };
}

async function* salesOf(file: string, accountIds: ReadonlySet<string> | null): AsyncGenerator<Line> {
  for await (const { row, line } of rowsOf(file, saleColumns)) {
    const [accountId = '', date = '', family = '', product = '', quantity = '', amount = '', cost = ''] = row;
    if (accountIds?.has(accountId) === false)
      throw fault(file, line, 'account_id', accountId, 'an account_id of accounts.csv');
    if (!isDay(date)) throw fault(file, line, 'date', date, 'a day such as 2024-06-30');
    if (!isNumber(amount)) throw fault(file, line, 'amount', amount, 'a number such as 1234.56');
    if (quantity !== '' && !isNumber(quantity)) throw fault(file, line, 'quantity', quantity, 'a number or nothing');
    if (cost !== '' && !isNumber(cost)) throw fault(file, line, 'cost', cost, 'a number or nothing');
    yield {
      at: `${file}:${line}`,
      sale: { accountId, date, product: { family, name: product === '' ? family : product }, quantity, amount, cost },
    };
  }
}

/** Rows below the header as text, with the line they end on; a wrong header or a broken row is a `LoadError`. */
async function* rowsOf(file: string, columns: readonly string[]): AsyncGenerator<{ row: string[]; line: number }> {
  const parser = parse({ bom: true, relax_column_count: true, skip_empty_lines: true, info: true });
  const source = createReadStream(file);
  const steps = file.endsWith('.gz') ? [source, createGunzip(), parser] : [source, parser];
  const reading = pipeline(steps).catch((error: unknown) => {
    parser.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  let isHeader = true;
  let width = columns.length;
  try {
    for await (const record of parser) {
      const { record: row, info } = csvRow.parse(record);
      if (isHeader) {
        const header = row.map((name) => name.trim().toLowerCase());
        const wrong = columns.findIndex((name, index) => header[index] !== name);
        if (wrong >= 0)
          throw fault(file, 1, `column ${wrong + 1}`, row[wrong] ?? '', `the header ${columns.join(',')}`);
        width = row.length;
        isHeader = false;
        continue;
      }
      if (row.length !== width)
        throw fault(file, info.lines, 'line', row.join(','), `${width} values, as the header has`);
      yield { row, line: info.lines };
    }
    if (isHeader) throw new LoadError(`${file}: the file is empty; expected the header ${columns.join(',')}.`);
  } catch (error) {
    if (error instanceof CsvError) throw new LoadError(`${file}: ${error.message}`, { cause: error });
    if (error instanceof Error && 'code' in error && String(error.code).startsWith('Z_'))
      throw new LoadError(`${file}: not a gzip file (${error.message}).`, { cause: error });
    throw error;
  } finally {
    source.destroy();
    await reading;
  }
}

const csvRow = z.object({ record: z.array(z.string()), info: z.object({ lines: z.number() }) });

const isNumber = (text: string): boolean => /^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text);

function isDay(text: string): boolean {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  return Number.isFinite(time) && new Date(time).toISOString().startsWith(text);
}

const fault = (file: string, line: number, column: string, value: string, expected: string): LoadError =>
  new LoadError(
    `${file}, line ${line}, ${column}: “${value.slice(0, 80)}”: expected ${expected}. Correct the file and load again; nothing was loaded.`,
  );

async function refuseUnlessEmpty(client: LocalClient): Promise<void> {
  const [standing] = await client.query('SELECT Id FROM Account LIMIT 1');
  if (standing !== undefined) {
    throw new LoadError(
      'The local org already has accounts, and a load would mix two books. Empty it with "sf kam local reset", then load again.',
    );
  }
}

const BATCH = 200;
/** Requests under way at once; more would not be faster, as the org writes one after the other. */
const IN_FLIGHT = 2;

/** Accounts level by level, so that each parent is there before its children; returns CRM ids by account_id. */
async function createAccounts(
  client: LocalClient,
  accounts: readonly Account[],
  onLoad: OnLoad,
): Promise<Map<string, string>> {
  const ids = new Map<string, string>();
  let rest = [...accounts];
  while (rest.length > 0) {
    const level = rest.filter(({ parentId }) => parentId === '' || ids.has(parentId));
    if (level.length === 0) {
      throw new LoadError(
        `accounts.csv: the parents of ${rest
          .slice(0, 5)
          .map(({ id }) => id)
          .join(
            ', ',
          )} form a cycle: expected a parent that leads to an account without one. Reset the org with "sf kam local reset", correct the file and load again.`,
      );
    }
    const created = await createInBatches(
      client,
      level.map((account) => accountRecord(account, ids)),
    );
    level.forEach((account, index) => ids.set(account.id, created[index] ?? ''));
    rest = rest.filter(({ id }) => !ids.has(id));
    onLoad('accounts', ids.size);
  }
  return ids;
}

function accountRecord(account: Account, ids: ReadonlyMap<string, string>): Record<string, unknown> {
  return {
    attributes: { type: 'Account' },
    Name: account.name,
    AccountNumber: account.id,
    Industry: account.industry,
    NumberOfEmployees: account.employees,
    BillingCountry: account.country,
    BillingState: account.region,
    ParentId: account.parentId === '' ? null : (ids.get(account.parentId) ?? null),
  };
}

/** Products with a standard price of 0, as the history only knows what was paid; returns price book entries by product. */
async function createProducts(
  client: LocalClient,
  products: ReadonlyMap<string, Product>,
): Promise<Map<string, string>> {
  const [book] = await client.query('SELECT Id FROM Pricebook2 WHERE IsStandard = true LIMIT 1');
  const keys = [...products.keys()];
  const productIds = await createInBatches(
    client,
    [...products.values()].map(({ family, name }) => ({
      attributes: { type: 'Product2' },
      Name: name,
      Family: family,
      IsActive: true,
    })),
  );
  const entryIds = await createInBatches(
    client,
    productIds.map((id) => ({
      attributes: { type: 'PricebookEntry' },
      Pricebook2Id: book?.['Id'],
      Product2Id: id,
      UnitPrice: 0,
      IsActive: true,
    })),
  );
  return new Map(keys.map((key, index) => [key, entryIds[index] ?? '']));
}

/** What sales become records in: CRM ids by account and by product, and whether lines keep their cost. */
type Target = {
  accountIds: ReadonlyMap<string, string>;
  entries: ReadonlyMap<string, string>;
  keepsCost: boolean;
};

async function keepsCost(client: LocalClient): Promise<boolean> {
  const described = z
    .object({ fields: z.array(z.object({ name: z.string() })) })
    .parse(await client.send('GET', 'sobjects/OpportunityLineItem/describe'));
  return described.fields.some(({ name }) => name === lineCostField);
}

/**
 * Opportunities and their lines, streamed. Sales of one account and day that stand apart in the file still make one
 * opportunity, so its id is remembered by account and day.
 */
async function createSales(
  client: LocalClient,
  file: string,
  target: Target,
  onLoad: OnLoad,
): Promise<{ opportunities: number; lines: number }> {
  const opportunityIds = new Map<string, string>();
  let lines = 0;
  const writing = new Set<Promise<void>>();
  for await (const chunk of chunksOf(salesOf(file, null), BATCH * 25)) {
    const fresh = new Map<string, Sale>();
    for (const { sale } of chunk) {
      const key = opportunityKey(sale);
      if (!opportunityIds.has(key)) fresh.set(key, sale);
    }
    const created = await createInBatches(
      client,
      [...fresh.values()].map((sale) => opportunityRecord(sale, target.accountIds)),
    );
    [...fresh.keys()].forEach((key, index) => opportunityIds.set(key, created[index] ?? ''));
    onLoad('opportunities', opportunityIds.size);
    const work = createInBatches(
      client,
      chunk.map((line) => lineRecord(line, opportunityIds, target)),
    ).then((ids) => {
      lines += ids.length;
      onLoad('lines', lines);
    });
    writing.add(work);
    void work.finally(() => writing.delete(work)).catch(() => undefined);
    if (writing.size >= IN_FLIGHT) await Promise.race(writing);
  }
  await Promise.all(writing);
  return { opportunities: opportunityIds.size, lines };
}

const opportunityKey = ({ accountId, date }: Sale): string => `${accountId}\n${date}`;
const productKey = ({ family, name }: Product): string => `${family}\n${name}`;

function opportunityRecord(sale: Sale, accountIds: ReadonlyMap<string, string>): Record<string, unknown> {
  return {
    attributes: { type: 'Opportunity' },
    Name: `${sale.accountId} ${sale.date}`,
    AccountId: accountIds.get(sale.accountId),
    StageName: 'Closed Won',
    CloseDate: sale.date,
  };
}

function lineRecord(
  { sale }: Line,
  opportunityIds: ReadonlyMap<string, string>,
  { entries, keepsCost: withCost }: Target,
): Record<string, unknown> {
  const quantity = Number(sale.quantity);
  return {
    attributes: { type: 'OpportunityLineItem' },
    OpportunityId: opportunityIds.get(opportunityKey(sale)),
    PricebookEntryId: entries.get(productKey(sale.product)),
    Quantity: sale.quantity === '' || Math.abs(quantity) < 0.005 ? 1 : sale.quantity,
    TotalPrice: sale.amount,
    ...(withCost && sale.cost !== '' ? { [lineCostField]: sale.cost } : {}),
  };
}

const outcomes = z.array(
  z.object({
    id: z.string().optional(),
    success: z.boolean(),
    errors: z.array(z.object({ statusCode: z.string(), message: z.string() })),
  }),
);

/** Creates records 200 at a time, in order; the first row that the org refuses ends the load. */
async function createInBatches(client: LocalClient, records: readonly Record<string, unknown>[]): Promise<string[]> {
  const ids: string[] = [];
  for (let from = 0; from < records.length; from += BATCH) {
    const batch = records.slice(from, from + BATCH);
    const results = outcomes.parse(
      await client.send('POST', 'composite/sobjects', { allOrNone: true, records: batch }),
    );
    for (const [index, { id, success, errors }] of results.entries()) {
      const [error] = errors;
      if (!success && error?.statusCode !== 'ALL_OR_NONE_OPERATION_ROLLED_BACK') {
        throw new LoadError(
          `The org refused ${JSON.stringify(batch[index])}: ${error?.statusCode ?? ''} ${error?.message ?? ''}. The load is incomplete; empty the org with "sf kam local reset" and load again.`,
        );
      }
      ids.push(id ?? '');
    }
  }
  return ids;
}

async function* chunksOf<T>(source: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let chunk: T[] = [];
  for await (const each of source) {
    chunk.push(each);
    if (chunk.length === size) {
      yield chunk;
      chunk = [];
    }
  }
  if (chunk.length > 0) yield chunk;
}

const dayAfter = (day: string): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) + 24 * 60 * 60 * 1000).toISOString().slice(0, 10);
