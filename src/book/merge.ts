/** What changed in the CRM, merged into the book by id; until when each table is covered stands beside its rows. */
import snakeCase from 'lodash/snakeCase.js';
import { z } from 'zod';
import type { RecordId } from '../kam/units.js';
import type { BookTable, Spooled } from './book.js';
import { literal, type Duck, type Statements } from './duck.js';
import { ingest, pulled, readInto, readRows, type Column } from './ingest.js';
import { textOf } from './rows.js';

const pullMark = z.object({
  /** The table has everything that the CRM stamped before this instant. */
  watermark: z.string(),
  fingerprint: z.string(),
  /** The days that were asked for, where days bound the query. */
  reach: z.object({ from: z.string(), until: z.string().nullable() }).nullable(),
  /** The day on which all ids were last compared with the CRM's. */
  comparedOn: z.string(),
});

/** What a table was pulled with and until when; kept in the transaction that changes its rows. */
export type PullMark = z.infer<typeof pullMark>;

const turnover = z.union([
  z.literal('many'),
  z.object({ gone: z.array(z.string()), back: z.array(z.string()), masters: z.array(z.string()) }),
]);

/**
 * Ids that left a table, came back to it, or took others in: what points to them may have changed without a stamp of its
 * own. It adds up until `settle`, so that a pull that breaks off forgets none.
 */
export type Turnover = z.infer<typeof turnover>;

export type Change = {
  /** Records that may have changed: what of them is not in `rows` leaves the table. Columns as in `touchedColumns`. */
  touched: readonly Spooled[];
  touchedIds: readonly RecordId[];
  /** What stands now, a later spool read later. */
  rows: readonly Spooled[];
  /** A record that is older than this and was not in the table has come back. */
  since: string;
};

/** What a list of touched records tells of each. */
export const touchedColumns: Record<'id' | 'isDeleted' | 'createdAt' | 'masterId', Column> = {
  id: { type: 'id', isRequired: true },
  isDeleted: { type: 'boolean' },
  createdAt: { type: 'datetime' },
  masterId: { type: 'id' },
};

/** More ids than these are not listed: what points to them is pulled as a whole. */
export const listed = 2000;

/** Takes changed rows in by id; see `Book.change`. */
export async function mergeChange(duck: Duck, table: BookTable, change: Change, mark: PullMark): Promise<void> {
  await duck.transaction(async (inside) => {
    await readTouched(inside, change);
    if (change.rows.length > 0) await readRows(inside, table, joined(change.rows));
    else await inside.run(`CREATE TABLE ${pulled(table)} AS SELECT *, 1 AS file_no FROM ${table} WHERE 1 = 0`);
    await inside.run(`
      CREATE TABLE before_change AS
      SELECT id FROM ${table} WHERE id IN (SELECT id FROM touched UNION SELECT id FROM ${pulled(table)});
      DELETE FROM ${table} WHERE id IN (SELECT id FROM before_change);
      INSERT INTO ${table} BY NAME SELECT * EXCLUDE (file_no) FROM ${pulled(table)}`);
    await addTurnover(inside, table, {
      gone: `SELECT id FROM before_change WHERE id NOT IN (SELECT id FROM ${pulled(table)})`,
      back: `SELECT id FROM ${pulled(table)}
        WHERE id NOT IN (SELECT id FROM before_change)
          AND id NOT IN (SELECT id FROM touched WHERE created_at >= CAST(${literal(change.since)} AS TIMESTAMP))`,
      masters: 'SELECT master_id AS id FROM touched WHERE is_deleted AND master_id IS NOT NULL',
    });
    await putMark(inside, table, mark);
    await inside.run(`DROP TABLE touched; DROP TABLE before_change; DROP TABLE ${pulled(table)}`);
  });
}

/** Replaces a table as `ingest` does, with its mark and with what left it or came to it. */
export async function replaceMarked(
  duck: Duck,
  table: BookTable,
  spooled: Spooled,
  mark: PullMark | null,
): Promise<number> {
  return ingest(duck, table, spooled, async (inside) => {
    if (mark === null) {
      await inside.run(`DELETE FROM remembered WHERE key = ${literal(markKey(table))}`);
      return;
    }
    if ((await markOf(inside, table)) !== null) {
      await addTurnover(inside, table, {
        gone: `SELECT id FROM ${table} WHERE id NOT IN (SELECT id FROM ${pulled(table)})`,
        back: `SELECT id FROM ${pulled(table)} WHERE id NOT IN (SELECT id FROM ${table})`,
        masters: `SELECT id FROM ${table} WHERE 1 = 0`,
      });
    }
    await putMark(inside, table, mark);
  });
}

async function readTouched(duck: Statements, { touched, touchedIds }: Change): Promise<void> {
  const all = touched.length > 0 ? joined(touched) : nothing;
  await readInto(duck, 'touched', touchedColumns, all);
  for (const ids of chunks(touchedIds)) {
    await duck.run(`INSERT INTO touched (id) VALUES ${ids.map((id) => `(${literal(id)})`).join(', ')}`);
  }
}

const nothing: Spooled = { files: [], columns: [{ name: 'id', type: 'id' }], rows: 0 };

/** Spools of the same columns as one, in their order. */
const joined = (spools: readonly Spooled[]): Spooled => ({
  files: spools.flatMap(({ files }) => files),
  columns: spools[0]?.columns ?? [],
  rows: spools.reduce((sum, { rows }) => sum + rows, 0),
});

function chunks(ids: readonly RecordId[]): RecordId[][] {
  const size = 1000;
  return Array.from({ length: Math.ceil(ids.length / size) }, (_, n) => ids.slice(n * size, (n + 1) * size));
}

async function addTurnover(
  duck: Statements,
  table: BookTable,
  queries: Record<'gone' | 'back' | 'masters', string>,
): Promise<void> {
  const before = await turnoverOf(duck, table);
  if (before === 'many') return;
  const read = async (kind: keyof typeof queries): Promise<RecordId[]> => {
    const rows = await duck.rows(`SELECT DISTINCT id FROM (${queries[kind]}) AS t ORDER BY id LIMIT ${listed + 1}`);
    return [...new Set([...before[kind], ...rows.map((row) => textOf(row, 'id'))])];
  };
  const after = { gone: await read('gone'), back: await read('back'), masters: await read('masters') };
  const isMany = Object.values(after).some((ids) => ids.length > listed);
  await put(duck, turnoverKey(table), isMany ? 'many' : after);
}

export async function turnoverOf(duck: Statements, table: BookTable): Promise<Turnover> {
  const text = await get(duck, turnoverKey(table));
  return text === null ? { gone: [], back: [], masters: [] } : turnover.parse(JSON.parse(text));
}

/** Forgets what changed hands, once everything that points to it has been read again. */
export async function settle(duck: Statements): Promise<void> {
  await duck.run("DELETE FROM remembered WHERE key LIKE 'turnover.%'");
}

export async function markOf(duck: Statements, table: BookTable): Promise<PullMark | null> {
  const text = await get(duck, markKey(table));
  return text === null ? null : pullMark.parse(JSON.parse(text));
}

export async function putMark(duck: Statements, table: BookTable, mark: PullMark): Promise<void> {
  await put(duck, markKey(table), mark);
}

/** Forgets until when the tables are covered, as their rows come from elsewhere now. */
export const forgetMarks = "DELETE FROM remembered WHERE key LIKE 'pulled.%' OR key LIKE 'turnover.%'";

const markKey = (table: BookTable): string => `pulled.${table}`;
const turnoverKey = (table: BookTable): string => `turnover.${table}`;

async function put(duck: Statements, key: string, value: unknown): Promise<void> {
  await duck.run(`
    DELETE FROM remembered WHERE key = ${literal(key)};
    INSERT INTO remembered VALUES (${literal(key)}, ${literal(JSON.stringify(value))})`);
}

async function get(duck: Statements, key: string): Promise<string | null> {
  const [row] = await duck.rows(`SELECT value FROM remembered WHERE key = ${literal(key)}`);
  return row === undefined ? null : textOf(row, 'value');
}

/** The ids of rows that point to any of some ids. */
export async function pointingTo(
  duck: Statements,
  table: BookTable,
  column: string,
  ids: readonly RecordId[],
): Promise<RecordId[]> {
  const found: RecordId[] = [];
  for (const some of chunks(ids)) {
    const rows = await duck.rows(
      `SELECT id FROM ${table} WHERE ${snakeCase(column)} IN (${some.map(literal).join(', ')}) ORDER BY id`,
    );
    found.push(...rows.map((row) => textOf(row, 'id')));
  }
  return found;
}

/** What the CRM has and the table has not, and the other way round; null where that is too much to list. */
export async function compareIds(
  duck: Duck,
  table: BookTable,
  spooled: Spooled,
): Promise<{ missing: RecordId[]; extra: RecordId[] } | null> {
  return duck.transaction(async (inside) => {
    await readInto(inside, 'compared', { id: touchedColumns.id }, spooled);
    const read = async (sql: string): Promise<RecordId[]> =>
      (await inside.rows(`${sql} ORDER BY id LIMIT ${listed + 1}`)).map((row) => textOf(row, 'id'));
    const missing = await read(`SELECT DISTINCT id FROM compared WHERE id NOT IN (SELECT id FROM ${table})`);
    const extra = await read(`SELECT id FROM ${table} WHERE id NOT IN (SELECT id FROM compared)`);
    await inside.run('DROP TABLE compared');
    return missing.length > listed || extra.length > listed ? null : { missing, extra };
  });
}
