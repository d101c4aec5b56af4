/** The local org's records on disk or in memory: one SQLite table per object, and nothing of Salesforce's behaviour. */
import type { DatabaseSync as Database, StatementSync } from 'node:sqlite';
import { z } from 'zod';
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
  /** The first column of each row as numbers, and nothing else of it in memory. */
  numbers(sql: string, parameters: readonly Stored[]): Float64Array;
  /** The columns of the first row in order, without their names: the cheapest way to read many rows. */
  cells(sql: string, parameters: readonly Stored[]): readonly Stored[] | undefined;
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
  /**
   * Makes room for these objects, where there was room for those before: new tables and columns are added, and custom
   * objects and fields that are no longer among them go with their values.
   *
   * Errors: fields that cannot become what they shall, with the reason; the caller rolls back.
   */
  define(objects: readonly ObjectDefinition[], before: readonly ObjectDefinition[]): Undefinable[];
  /** The components of the org's metadata. */
  components(): StoredComponent[];
  putComponent(component: StoredComponent): void;
  dropComponent(component: Pick<StoredComponent, 'type' | 'fullName'>): void;
  /** Removes every record of these objects. */
  empty(objects: readonly ObjectDefinition[]): void;
  close(): void;
};

/** A field that stored values stand against, and why, in Salesforce's words. */
export type Undefinable = { object: string; field: string; reason: string };

export type StoredComponent = {
  type: string;
  fullName: string;
  id: string;
  file: string;
  xml: string;
  /** The files of a bundle, by path. */
  bundle: Readonly<Record<string, Buffer>> | null;
  createdAt: number;
  modifiedAt: number;
};

/** Opens a store; `define` says what it shall hold. */
export function openStore(file: string): Store {
  const database = new DatabaseSync(file);
  database.function('fold', { deterministic: true }, (value: unknown) =>
    typeof value === 'string' ? fold(value) : null,
  );
  database.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -65536;',
  );
  database.exec('CREATE TABLE IF NOT EXISTS "_org" (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT');
  database.exec(
    `CREATE TABLE IF NOT EXISTS "_component" (type TEXT NOT NULL, name TEXT NOT NULL, full_name TEXT NOT NULL, id TEXT NOT NULL,
     file TEXT NOT NULL, xml TEXT NOT NULL, bundle TEXT, created INTEGER NOT NULL, modified INTEGER NOT NULL,
     PRIMARY KEY (type, name)) STRICT`,
  );
  const statements = { objects: new Map<string, StatementSync>(), arrays: new Map<string, StatementSync>() };
  const prepared = (sql: string, as: keyof typeof statements = 'objects'): StatementSync => {
    const known = statements[as].get(sql);
    if (known !== undefined) return known;
    // Every query text is another statement, and they cost memory.
    if (statements[as].size > 500) statements[as].clear();
    const statement = database.prepare(sql);
    statement.setReturnArrays(as === 'arrays');
    statements[as].set(sql, statement);
    return statement;
  };
  const forget = (): void => {
    statements.objects.clear();
    statements.arrays.clear();
  };
  let depth = 0;
  const store: Store = {
    all: (sql, parameters) =>
      prepared(sql)
        .all(...parameters)
        .map(asRow),
    numbers: (sql, parameters) => {
      let found = new Float64Array(1024);
      let count = 0;
      for (const row of prepared(sql, 'arrays').iterate(...parameters)) {
        if (count === found.length) {
          const longer = new Float64Array(2 * count);
          longer.set(found);
          found = longer;
        }
        found[count] = Number(asCells(row)[0]);
        count += 1;
      }
      return found.slice(0, count);
    },
    cells: (sql, parameters) => {
      const row = prepared(sql, 'arrays').get(...parameters);
      return row === undefined ? undefined : asCells(row);
    },
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
      prepared(`SAVEPOINT ${name}`).run();
      depth += 1;
      let keep = false;
      try {
        const { result, rollback } = work();
        keep = !rollback;
        return result;
      } finally {
        depth -= 1;
        if (!keep) prepared(`ROLLBACK TO ${name}`).run();
        prepared(`RELEASE ${name}`).run();
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
    define: (objects, before) => {
      // Statements that were prepared for the old columns would go on answering with them.
      forget();
      const old = new Map(before.map((object) => [object.api, object]));
      const refused = objects.flatMap((object) => prepareTable(database, store, object, old.get(object.api)));
      if (refused.length === 0) dropWhatIsGone(database, store, objects);
      forget();
      return refused;
    },
    components: () => store.all('SELECT * FROM "_component" ORDER BY type, name', []).map(asComponent),
    putComponent: ({ type, fullName, id, file: from, xml, bundle, createdAt, modifiedAt }) => {
      store.run('INSERT OR REPLACE INTO "_component" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)', [
        type,
        fullName.toLowerCase(),
        fullName,
        id,
        from,
        xml,
        bundle === null ? null : packed(bundle),
        createdAt,
        modifiedAt,
      ]);
    },
    dropComponent: ({ type, fullName }) => {
      store.run('DELETE FROM "_component" WHERE type = ? AND name = ?', [type, fullName.toLowerCase()]);
    },
    empty: (objects) => {
      for (const object of objects) database.exec(`DELETE FROM ${table(object)}`);
      database.exec('DELETE FROM "_org" WHERE key LIKE \'next %\'');
    },
    close: () => {
      forget();
      database.close();
    },
  };
  return store;
}

const packed = (bundle: Readonly<Record<string, Buffer>>): string =>
  JSON.stringify(Object.fromEntries(Object.entries(bundle).map(([path, bytes]) => [path, bytes.toString('base64')])));

const packedBundle = z.record(z.string(), z.base64());

function asComponent(row: StoredRow): StoredComponent {
  const text = (name: string): string => String(row[name] ?? '');
  const files = row['bundle'] == null ? null : Object.entries(packedBundle.parse(JSON.parse(text('bundle'))));
  return {
    type: text('type'),
    fullName: text('full_name'),
    id: text('id'),
    file: text('file'),
    xml: text('xml'),
    bundle: files && Object.fromEntries(files.map(([path, base64]) => [path, Buffer.from(base64, 'base64')])),
    createdAt: Number(row['created']),
    modifiedAt: Number(row['modified']),
  };
}

/** Custom fields and objects that were deleted: their columns, tables and what was noted about them. */
function dropWhatIsGone(database: Database, store: Store, objects: readonly ObjectDefinition[]): void {
  const byName = new Map(objects.map((object) => [object.api, object]));
  for (const row of store.all('SELECT key FROM "_org" WHERE key LIKE \'type %\'', [])) {
    const key = String(row['key']);
    const [name = '', field = ''] = key.slice('type '.length).split('.');
    const object = byName.get(name);
    const isGone = object === undefined ? /__(c|mdt)$/.test(name) : field.endsWith('__c') && !(field in object.fields);
    if (!isGone) continue;
    if (object === undefined) database.exec(`DROP TABLE IF EXISTS ${quoted(name)}`);
    else {
      database.exec(`DROP INDEX IF EXISTS ${quoted(`${name}.${field}`)}`);
      database.exec(`ALTER TABLE ${quoted(name)} DROP COLUMN ${quoted(field)}`);
    }
    store.run('DELETE FROM "_org" WHERE key = ?', [key]);
  }
}

function prepareTable(
  database: Database,
  store: Store,
  object: ObjectDefinition,
  before: ObjectDefinition | undefined,
): Undefinable[] {
  const fields = Object.values(object.fields);
  database.exec(
    `CREATE TABLE IF NOT EXISTS ${table(object)} (seq INTEGER PRIMARY KEY, ${fields.map(columnOf).join(', ')})`,
  );
  const there = new Set(
    store.all(`SELECT name FROM pragma_table_info(${literal(object.api)})`, []).map((row) => row['name']),
  );
  return fields.flatMap((field): Undefinable[] => {
    if (!there.has(field.api)) database.exec(`ALTER TABLE ${table(object)} ADD COLUMN ${columnOf(field)}`);
    const reason = typeChange(store, object, field) ?? repeated(store, object, field, before?.fields[field.api]);
    if (reason !== undefined) return [{ object: object.api, field: field.api, reason }];
    if (field.api === 'Id') addIndex(database, object, field, 'UNIQUE', quoted('Id'), '');
    else if (isReference(field))
      addIndex(database, object, field, '', quoted(field.api), `WHERE ${quoted(field.api)} IS NOT NULL`);
    else if (field.unique || field.externalId) {
      const term = isTextual(field) && !field.caseSensitive ? `fold(${quoted(field.api)})` : quoted(field.api);
      addIndex(database, object, field, '', term, `WHERE ${quoted(field.api)} IS NOT NULL`);
    }
    return [];
  });
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
function typeChange(store: Store, object: ObjectDefinition, field: FieldDefinition): string | undefined {
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
  return before === undefined || before === now
    ? undefined
    : `Cannot change the field from ${before} to ${now}: its stored values could not be read. Delete it first, or keep its type.`;
}

/** A field that becomes unique must not hold a value twice. */
function repeated(
  store: Store,
  object: ObjectDefinition,
  field: FieldDefinition,
  before: FieldDefinition | undefined,
): string | undefined {
  if (!field.unique || before === undefined || before.unique || object.kind === 'customMetadata') return undefined;
  const term = isTextual(field) && !field.caseSensitive ? `fold(${quoted(field.api)})` : quoted(field.api);
  const twice = store.get(
    `SELECT 1 AS twice FROM ${table(object)} WHERE ${quoted(field.api)} IS NOT NULL AND "IsDeleted" = 0 GROUP BY ${term} HAVING COUNT(*) > 1 LIMIT 1`,
    [],
  );
  return twice === undefined ? undefined : 'Cannot make the field unique: records hold a value of it more than once.';
}

function columnOf(field: FieldDefinition): string {
  const isInteger = ['Checkbox', 'Number', 'Currency', 'Percent', 'DateTime'].includes(field.type);
  return `${quoted(field.api)} ${isInteger ? 'INTEGER' : 'TEXT'}`;
}

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** SQLite's own row, unchanged: copying each would take longer than reading it. */
function asRow(row: Record<string, unknown>): StoredRow {
  if (isStored(row)) return row;
  throw new Error(`The store holds what it never wrote: ${Object.keys(row).join(', ')}.`);
}

function asCells(row: unknown): readonly Stored[] {
  if (Array.isArray(row) && row.every(isStoredValue)) return row;
  throw new Error('The store holds what it never wrote.');
}

const isStoredValue = (value: unknown): value is Stored =>
  typeof value === 'string' || typeof value === 'number' || value === null;

function isStored(row: Record<string, unknown>): row is StoredRow {
  for (const name in row) {
    if (!isStoredValue(row[name])) return false;
  }
  return true;
}
