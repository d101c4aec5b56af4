/** Small books for tests: records in our words, written as the CSV that a pull would spool, and derived. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import {
  openBook,
  type Book,
  type BookNote,
  type BookTable,
  type GroupView,
  type Spooled,
} from '../../src/book/book.js';
import { pulledTables } from '../../src/book/ingest.js';
import type { AccountFacts, Benchmark } from '../../src/kam/facts.js';
import { settingsSchema, type Settings } from '../../src/kam/settings.js';

type Cell = string | number | boolean | null;
export type CrmRecord = Record<string, Cell>;

/** What the test says of the CRM; every opportunity is won and every record owned unless it says otherwise. */
export type SmallCrm = {
  accounts: CrmRecord[];
  opportunities?: CrmRecord[];
  lines?: CrmRecord[];
  tasks?: CrmRecord[];
  /** Visits, calls and cases. */
  served?: Partial<Record<'visit' | 'phone_call' | 'service_case', CrmRecord[]>>;
  /** Families of accounts, as people and the worker wrote on them. */
  cells?: CrmRecord[];
  settings?: Settings;
  asOf?: string;
  today?: string;
};

export const asOf = '2026-10-31';

/** Settings with all defaults, and what the test changes in them. */
export const someSettings = (changes: Record<string, unknown> = {}): Settings => settingsSchema.parse(changes);

/** A folder that is gone when the work is done. */
export async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'book-'));
  try {
    return await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A derived book of a few records. */
export async function withBook<T>(crm: SmallCrm, work: (book: Book, notes: BookNote[]) => Promise<T>): Promise<T> {
  return inFolder(async (folder) => {
    const book = await openBook(join(folder, 'book.duckdb'));
    try {
      await fill(book, crm, folder);
      const notes = await book.derive(crm.settings ?? someSettings(), crm.asOf ?? asOf, crm.today);
      return await work(book, notes);
    } finally {
      await book.close();
    }
  });
}

export async function fill(book: Book, crm: SmallCrm, folder: string): Promise<void> {
  await book.ingest(
    'account',
    spool(
      folder,
      'account',
      crm.accounts.map((account) => ({ name: account['id'] ?? null, ownerId: 'U1', ...account })),
    ),
  );
  await book.ingest(
    'opportunity',
    spool(
      folder,
      'opportunity',
      (crm.opportunities ?? []).map((opportunity) => ({ isWon: true, isClosed: true, ...opportunity })),
    ),
  );
  await book.ingest('line', spool(folder, 'line', crm.lines ?? []));
  await book.ingest('cell', spool(folder, 'cell', crm.cells ?? []));
  for (const table of ['visit', 'phone_call', 'service_case'] as const) {
    await book.ingest(table, spool(folder, table, crm.served?.[table] ?? []));
  }
  await book.ingest(
    'task',
    spool(
      folder,
      'task',
      (crm.tasks ?? []).map((task) => ({ ownerId: 'U1', isClosed: false, ...task })),
    ),
  );
}

/** Records as one CSV file with the columns that any of them (or of `all`) has, and those that the table requires. */
export function spool(folder: string, table: BookTable, records: readonly CrmRecord[], all = records): Spooled {
  const named = new Set(all.flatMap((record) => Object.keys(record)));
  const columns = Object.entries(pulledTables[table])
    .filter(([name, { isRequired }]) => isRequired === true || named.has(name))
    .map(([name, { type }]) => ({ name, type }));
  const file = join(folder, `${table}-${randomUUID()}.csv`);
  const rows = records.map((record) => columns.map(({ name }) => cellText(record[name] ?? null)));
  writeFileSync(file, stringify([columns.map(({ name }) => name), ...rows], { quoted_string: true }));
  return { files: [file], columns, rows: records.length };
}

const cellText = (cell: Cell): string => (cell === null ? '' : String(cell));

/** One opportunity per sale, with one line each: `['A1', '2026-05-01', 'Bikes', 100]`. */
export type Sale = [account: string, day: string, family: string | null, amount: number | string];

export const salesOf = (sales: readonly Sale[]): Pick<SmallCrm, 'opportunities' | 'lines'> => ({
  opportunities: sales.map(([accountId, closeDate], i) => ({ id: `O${i + 1}`, accountId, closeDate, hasLines: true })),
  lines: sales.map(([, , family, amount], i) => ({ id: `L${i + 1}`, opportunityId: `O${i + 1}`, family, amount })),
});

export const allAccounts = (book: Book): Promise<{ account: AccountFacts; benchmarks: Benchmark[] }[]> =>
  drained(book.accounts(2));

export const allGroups = (book: Book): Promise<GroupView[]> => drained(book.groups(2));

export async function drained<T>(batches: AsyncIterable<T[]>): Promise<T[]> {
  const all: T[] = [];
  for await (const batch of batches) all.push(...batch);
  return all;
}

/** The one element of a list that should have one. */
export function only<T>(list: readonly T[]): T {
  const [element] = list;
  if (element === undefined || list.length !== 1) throw new Error(`Expected one element, got ${list.length}.`);
  return element;
}
