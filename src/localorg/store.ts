/** The local org's records on disk or in memory: one SQLite table per object, and nothing of Salesforce's behaviour. */
import type { DatabaseSync as Database, StatementSync } from 'node:sqlite';
import type { FieldDefinition, ObjectDefinition } from '../schema/model.js';
import { fold, isReference, isTextual, quoted, table } from './soql.js';
import type { Stored } from './values.js';

/** Node 22 warns at the import that its SQLite may change; we pin Node and know, and a user of the local org need not. */
const { DatabaseSync } = withoutWarnings(() => process.getBuiltinModule('node:sqlite'));

function withoutWarnings<T>(work: () => T): T {
  const { emitWarning } = process;
  process.emitWarning = () => undefined;
  try {
    return work();
  } finally {
    process.emitWarning = emitWarning;
  }
}

export type StoredRow = Record<string, Stored>;

export type Store = {
  /** Runs a query; the statement is kept for the next one with the same text. */
  all(sql: string, parameters: readonly Stored[]): StoredRow[];
  get(sql: string, parameters: readonly Stored[]): StoredRow | undefined;
  run(sql: string, parameters: readonly Stored[]): void;
  insert(object: ObjectDefinition, row: StoredRow): void;
  update(object: ObjectDefinition, id: string, row: StoredRow): void;
  /** A row by id, deleted or not. */
  byId(object: ObjectDefinition, id: string): StoredRow | undefined;
  /** Runs `work` in a savepoint, which nests; rolled back where it throws or says so. */
  transaction<T>(work: () => { result: T; rollback: boolean }): T;
  remember(key: string, value: string): void;
  recall(key: string): string | undefined;
  empty(): void;
  close(): void;
};

/**
 * Opens a store for a schema; a file that an earlier schema wrote gets the new fields.
 *
 * Errors: throws where a field has changed its type since: its stored values could not be read.
 */
export function openStore(file: string, objects: readonly ObjectDefinition[]): Store {
  const database = new DatabaseSync(file);
  database.function('fold', { deterministic: true }, (value: unknown) =>
    typeof value === 'string' ? fold(value) : null,
  );
  database.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -65536;',
  );
  database.exec('CREATE TABLE IF NOT EXISTS "_org" (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT');
  const statements = new Map<string, StatementSync>();
  const prepared = (sql: string): StatementSync => {
    const known = statements.get(sql);
    if (known !== undefined) return known;
    // Every query text is another statement; the oldest goes first.
    if (statements.size > 500) statements.clear();
    const statement = database.prepare(sql);
    statements.set(sql, statement);
    return statement;
  };
  let depth = 0;
  const store: Store = {
    all: (sql, parameters) =>
      prepared(sql)
        .all(...parameters)
        .map(asRow),
    get: (sql, parameters) => {
      const row = prepared(sql).get(...parameters);
      return row === undefined ? undefined : asRow(row);
    },
    run: (sql, parameters) => {
      prepared(sql).run(...parameters);
    },
    insert: (object, row) => {
      const names = Object.keys(row);
      prepared(
        `INSERT INTO ${table(object)} (${names.map(quoted).join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
      ).run(...Object.values(row));
    },
    update: (object, id, row) => {
      const names = Object.keys(row);
      prepared(
        `UPDATE ${table(object)} SET ${names.map((name) => `${quoted(name)} = ?`).join(', ')} WHERE "Id" = ?`,
      ).run(...Object.values(row), id);
    },
    byId: (object, id) => store.get(`SELECT * FROM ${table(object)} WHERE "Id" = ?`, [id]),
    transaction: (work) => {
      const name = `s${depth}`;
      database.exec(`SAVEPOINT ${name}`);
      depth += 1;
      let keep = false;
      try {
        const { result, rollback } = work();
        keep = !rollback;
        return result;
      } finally {
        depth -= 1;
        database.exec(keep ? `RELEASE ${name}` : `ROLLBACK TO ${name}; RELEASE ${name}`);
      }
    },
    remember: (key, value) => {
      prepared('INSERT INTO "_org" VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value').run(
        key,
        value,
      );
    },
    recall: (key) => {
      const value = prepared('SELECT value FROM "_org" WHERE key = ?').get(key)?.['value'];
      return typeof value === 'string' ? value : undefined;
    },
    empty: () => {
      for (const object of objects) database.exec(`DELETE FROM ${table(object)}`);
      database.exec('DELETE FROM "_org" WHERE key LIKE \'next %\'');
    },
    close: () => {
      statements.clear();
      database.close();
    },
  };
  for (const object of objects) prepareTable(database, store, object);
  return store;
}

function prepareTable(database: Database, store: Store, object: ObjectDefinition): void {
  const fields = Object.values(object.fields);
  database.exec(
    `CREATE TABLE IF NOT EXISTS ${table(object)} (seq INTEGER PRIMARY KEY, ${fields.map(columnOf).join(', ')})`,
  );
  const there = new Set(
    store.all(`SELECT name FROM pragma_table_info(${literal(object.api)})`, []).map((row) => row['name']),
  );
  for (const field of fields) {
    if (!there.has(field.api)) database.exec(`ALTER TABLE ${table(object)} ADD COLUMN ${columnOf(field)}`);
    checkType(store, object, field);
    if (field.api === 'Id') addIndex(database, object, field, 'UNIQUE', quoted('Id'), '');
    else if (isReference(field))
      addIndex(database, object, field, '', quoted(field.api), `WHERE ${quoted(field.api)} IS NOT NULL`);
    else if (field.unique || field.externalId) {
      const term = isTextual(field) && !field.caseSensitive ? `fold(${quoted(field.api)})` : quoted(field.api);
      addIndex(database, object, field, '', term, `WHERE ${quoted(field.api)} IS NOT NULL`);
    }
  }
}

function addIndex(
  database: Database,
  object: ObjectDefinition,
  field: FieldDefinition,
  kind: string,
  term: string,
  where: string,
): void {
  // References to the user are on every record and no query needs them; an index would only slow writes.
  if (field.referenceTo?.length === 1 && field.referenceTo[0] === 'User') return;
  database.exec(
    `CREATE ${kind} INDEX IF NOT EXISTS ${quoted(`${object.api}.${field.api}`)} ON ${table(object)} (${term}) ${where}`,
  );
}

/** The type decides how a value is stored; a field that changed it would be misread. */
function checkType(store: Store, object: ObjectDefinition, field: FieldDefinition): void {
  const key = `type ${object.api}.${field.api}`;
  const isNumber = field.type === 'Number' || field.type === 'Currency' || field.type === 'Percent';
  const now = isNumber
    ? `number ${field.scale ?? 0}`
    : isTextual(field)
      ? 'text'
      : isReference(field)
        ? 'reference'
        : field.type;
  const before = store.recall(key);
  if (before === undefined) store.remember(key, now);
  else if (before !== now) {
    throw new Error(
      `Field ${object.api}.${field.api} was stored as ${before} and is now ${now}: expected the same type. Reset the local org, or keep the old type.`,
    );
  }
}

function columnOf(field: FieldDefinition): string {
  const isInteger = ['Checkbox', 'Number', 'Currency', 'Percent', 'DateTime'].includes(field.type);
  return `${quoted(field.api)} ${isInteger ? 'INTEGER' : 'TEXT'}`;
}

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

function asRow(row: Record<string, unknown>): StoredRow {
  const stored: StoredRow = {};
  for (const [name, value] of Object.entries(row)) {
    stored[name] = typeof value === 'string' || typeof value === 'number' ? value : null;
  }
  return stored;
}
