/** Query answers: ids are fixed when the query runs, records are read page by page. */
import type { ApiRecord, QueryAnswer, Value } from './engine.js';
import {
  quoted,
  type ChildQuery,
  type Column,
  type Compiled,
  type CompiledAggregate,
  type CompiledRows,
} from './soql.js';
import type { Store, StoredRow } from './store.js';
import { decode, type Stored } from './values.js';

/**
 * Answers a compiled query.
 *
 * Shape: of a row query only the row numbers are held, so that a cursor over a million records stays small and keeps
 *        its order and length while records change. An aggregate is held whole.
 */
export function answerQuery(compiled: Compiled, store: Store, apiVersion: string): QueryAnswer {
  return compiled.kind === 'rows' ? answerRows(compiled, store, apiVersion) : answerAggregate(compiled, store);
}

function answerRows(query: CompiledRows, store: Store, apiVersion: string): QueryAnswer {
  const alias = 't';
  const order = store.numbers(
    `SELECT ${alias}.seq ${query.from} ${query.where} ${query.orderBy} ${query.limit}`,
    query.parameters,
  );
  const seqs = (offset: number, count: number): Float64Array => order.subarray(offset, offset + count);
  return {
    object: query.object.api,
    totalSize: order.length,
    columns: query.columns.map(({ path }) => path.join('.')),
    records: (offset, count) => {
      const sql = selectBySeq(query, alias);
      const records: ApiRecord[] = [];
      for (const seq of seqs(offset, count)) {
        const row = store.get(sql, [seq]);
        if (row !== undefined) records.push(recordOf(row, query, store, apiVersion));
      }
      return records;
    },
    *rows(offset, count) {
      const columns = query.columns.map(({ sql }) => sql);
      const sql = `SELECT ${columns.join(', ')} ${query.from} WHERE ${alias}.seq = ?`;
      for (const seq of seqs(offset, count)) {
        const cells = store.cells(sql, [seq]);
        if (cells !== undefined) yield query.columns.map((column, index) => shown(column, cells[index] ?? null));
      }
    },
  };
}

/** The columns of one row by its number, and its parents' ids, so that the record can be nested. */
function selectBySeq(query: CompiledRows, alias: string): string {
  const columns = query.columns.map(({ sql }, index) => `${sql} AS c${index}`);
  const parents = query.columns.flatMap((column, index) =>
    column.parents.map(({ idSql }, depth) => `${idSql} AS p${index}_${depth}`),
  );
  const own = `${alias}.${quoted('Id')} AS id`;
  return `SELECT ${[own, ...columns, ...parents].join(', ')} ${query.from} WHERE ${alias}.seq = ?`;
}

type Nested = Record<string, unknown>;

function recordOf(row: StoredRow, query: CompiledRows, store: Store, apiVersion: string): ApiRecord {
  const id = String(row['id']);
  const record: ApiRecord = { attributes: attributesOf(query.object.api, id, apiVersion) };
  query.columns.forEach((column, index) => {
    const holder = parentRecord(record, column, index, row, apiVersion);
    if (holder !== null) holder[column.path.at(-1) ?? column.field.api] = shown(column, row[`c${index}`] ?? null);
  });
  for (const child of query.children) record[child.name] = childAnswer(child, id, store, apiVersion);
  return record;
}

/** The nested parent record that a column belongs to; null where the record has no such parent. */
function parentRecord(
  record: Nested,
  column: Column,
  index: number,
  row: StoredRow,
  apiVersion: string,
): Nested | null {
  let holder = record;
  for (const [depth, parent] of column.parents.entries()) {
    const id = row[`p${index}_${depth}`] ?? null;
    if (id === null) {
      holder[parent.name] ??= null;
      return null;
    }
    const standing = holder[parent.name];
    const next = isNested(standing)
      ? standing
      : {
          attributes: {
            ...attributesOf(parent.kinds?.[String(id).slice(0, 3)] ?? parent.object, String(id), apiVersion),
            type: parent.object,
          },
        };
    holder[parent.name] = next;
    holder = next;
  }
  return holder;
}

const isNested = (value: unknown): value is Nested => typeof value === 'object' && value !== null;

function childAnswer(child: ChildQuery, parentId: string, store: Store, apiVersion: string): Nested | null {
  const { query } = child;
  const alias = 'tc';
  const rows = store.all(
    `SELECT ${alias}.seq AS seq ${query.from} ${query.where} AND ${alias}.${quoted(child.foreignKey)} = ? ${query.orderBy} ${query.limit}`,
    [...query.parameters, parentId],
  );
  if (rows.length === 0) return null;
  const sql = selectBySeq(query, alias);
  const records = rows
    .map(({ seq }) => store.get(sql, [seq ?? null]))
    .filter((row) => row !== undefined)
    .map((row) => recordOf(row, query, store, apiVersion));
  return { totalSize: records.length, done: true, records };
}

function answerAggregate(query: CompiledAggregate, store: Store): QueryAnswer {
  const rows = store.all(query.sql, query.parameters);
  const valueOf = (row: StoredRow, index: number): Value => {
    const { read, show = same } = query.columns[index] ?? { read: 'count' };
    const stored: Stored = row[`c${index}`] ?? null;
    return show(read === 'count' ? stored : decode(read, stored));
  };
  const names = query.columns.map(({ name }) => name);
  if (query.isBareCount) {
    const [first] = rows;
    return {
      object: query.object.api,
      totalSize: Number(first?.['c0'] ?? 0),
      columns: [],
      records: () => [],
      rows: () => [],
    };
  }
  return {
    object: query.object.api,
    totalSize: rows.length,
    columns: names,
    records: (offset, count) =>
      rows.slice(offset, offset + count).map((row) => ({
        attributes: { type: 'AggregateResult' },
        ...Object.fromEntries(names.map((name, index) => [name, valueOf(row, index)])),
      })),
    rows: (offset, count) =>
      rows.slice(offset, offset + count).map((row) => names.map((_, index) => valueOf(row, index))),
  };
}

const same = (value: Value): Value => value;

const shown = ({ field, show = same }: Column, stored: Stored): Value => show(decode(field, stored));

const attributesOf = (type: string, id: string, apiVersion: string): { type: string; url: string } => ({
  type,
  url: `/services/data/v${apiVersion}/sobjects/${type}/${id}`,
});
