/** The engine under the book: one DuckDB file, its settings, and rows in and out of it. */
import { chmodSync, constants, copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  DuckDBInstance,
  type DuckDBAppender,
  type DuckDBConnection,
  type DuckDBResult,
  type JS,
} from '@duckdb/node-api';

export type DuckOptions = { memoryLimit: string; threads: number; readOnly: boolean };

export type Row = Readonly<Record<string, JS>>;

/** What the book could not read or open, and what to do about it. */
export class BookError extends Error {
  public override readonly name: string = 'BookError';
  public constructor(
    message: string,
    public readonly actions: readonly string[] = [],
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The numbers of a result, column by column: NULL is NaN, a flag is 0 or 1. */
export type Columns = {
  readonly rows: number;
  /** Errors: throws for a name that the result has no column of. */
  column(name: string): Float64Array;
};

/** SQL against one connection. */
export type Statements = {
  rows(sql: string, values?: Record<string, string>): Promise<Row[]>;
  /** Streams rows, so that a whole table never stands in memory. */
  each(sql: string, visit: (row: Row) => void): Promise<void>;
  /** A result of numbers by column, for results too long to hold an object per row. */
  columns(sql: string, values?: Record<string, string>): Promise<Columns>;
  run(sql: string): Promise<void>;
  /** Bulk rows, in the order of the table's columns. */
  append<T>(table: string, items: Iterable<T>, addRow: (appender: DuckDBAppender, item: T) => void): Promise<void>;
};

/** One open file; every call awaits its turn. */
export type Duck = Statements & {
  /** All or nothing, with temporary tables of its own. */
  transaction<T>(work: (inside: Statements) => Promise<T>): Promise<T>;
  /** Copies the whole book to another file, which must not be in use. */
  copyTo(target: string): Promise<void>;
  close(): Promise<void>;
};

/** Opens or creates the file, private to the user. */
export async function openDuck(file: string, options: DuckOptions): Promise<Duck> {
  let open = await openFile(file, options);
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = turn.then(work);
    turn = result.catch(() => undefined);
    return result;
  };
  return {
    ...statementsOn(() => open.connection, inTurn),
    transaction: (work) => inTurn(() => inTransaction(open.instance, work)),
    copyTo: (target) =>
      inTurn(async () => {
        // The engine's lock is the process's: reading the file beside it would drop it, so it is closed for the copy.
        close(open);
        try {
          copyFileSync(file, target, constants.COPYFILE_FICLONE);
        } finally {
          open = await openFile(file, options);
        }
      }),
    close: () => inTurn(async () => close(open)),
  };
}

type OpenFile = { instance: DuckDBInstance; connection: DuckDBConnection };

async function openFile(file: string, options: DuckOptions): Promise<OpenFile> {
  if (!options.readOnly) mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: options.memoryLimit,
    threads: String(options.threads),
    temp_directory: `${file}.tmp`,
    preserve_insertion_order: 'false',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    checkpoint_threshold: '64MB',
  });
  const connection = await instance.connect();
  // Results hold a kilobyte per account, and a checkpoint has a whole row group per thread in memory: a quarter of the
  // usual size keeps that small. Measured on 200,000 accounts: 0.7 GB at the peak instead of 1 GB.
  const mode = options.readOnly ? 'READ_ONLY' : 'ROW_GROUP_SIZE 30720';
  try {
    await connection.run(`ATTACH ${literal(file)} AS book (${mode}); USE book`);
  } catch (error) {
    close({ instance, connection });
    throw unopened(file, error);
  }
  if (!options.readOnly) chmodSync(file, 0o600);
  return { instance, connection };
}

function unopened(file: string, error: unknown): Error {
  const message = error instanceof Error ? error.message : String(error);
  if (/could not set lock|being used by another process/i.test(message)) {
    return new BookError(`The book at ${file} is locked by another run.`, ['Wait until it is done.'], { cause: error });
  }
  return new UnreadableBook(file, message, { cause: error });
}

/** A file that is there but is no book that this version can read. */
export class UnreadableBook extends BookError {
  public constructor(file: string, what: string, options?: ErrorOptions) {
    super(`The book at ${file} can't be read: ${what}`, ['Run a sync first.'], options);
  }
}

/** Closing writes what is still in the log into the file, so that the file alone is the book. */
function close({ instance, connection }: OpenFile): void {
  connection.closeSync();
  instance.closeSync();
}

async function inTransaction<T>(instance: DuckDBInstance, work: (inside: Statements) => Promise<T>): Promise<T> {
  const connection = await instance.connect();
  try {
    await connection.run('USE book; BEGIN TRANSACTION');
    const result = await work(
      statementsOn(
        () => connection,
        (statement) => statement(),
      ),
    );
    await connection.run('COMMIT');
    return result;
  } finally {
    // Closing a connection rolls back what was not committed.
    connection.closeSync();
  }
}

type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

function statementsOn(connection: () => DuckDBConnection, inTurn: InTurn): Statements {
  return {
    rows: (sql, values) => inTurn(async () => (await connection().runAndReadAll(sql, values)).getRowObjectsJS()),
    each: (sql, visit) =>
      inTurn(async () => {
        for await (const batch of (await connection().stream(sql)).yieldRowObjectJs()) batch.forEach(visit);
      }),
    columns: (sql, values) => inTurn(async () => columnsOf(await connection().stream(sql, values))),
    run: (sql) =>
      inTurn(async () => {
        await connection().run(sql);
      }),
    append: (table, items, addRow) =>
      inTurn(async () => {
        const appender = await connection().createAppender(table);
        for (const item of items) {
          addRow(appender, item);
          appender.endRow();
        }
        appender.closeSync();
      }),
  };
}

async function columnsOf(result: DuckDBResult): Promise<Columns> {
  const names = result.columnNames();
  const parts = names.map((): Float64Array[] => []);
  let rows = 0;
  for await (const chunk of result) {
    if (chunk.rowCount === 0) continue;
    rows += chunk.rowCount;
    names.forEach((name, index) => {
      const vector = chunk.getColumnVector(index);
      parts[index]?.push(
        Float64Array.from({ length: chunk.rowCount }, (_, row) => toNumber(name, vector.getItem(row))),
      );
    });
  }
  const columns = new Map(names.map((name, index) => [name, joined(parts[index] ?? [], rows)]));
  return {
    rows,
    column: (name) => {
      const column = columns.get(name);
      if (column === undefined) throw new TypeError(`The result has no column ${name}, only ${names.join(', ')}.`);
      return column;
    },
  };
}

function joined(parts: readonly Float64Array[], length: number): Float64Array {
  const all = new Float64Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function toNumber(column: string, value: unknown): number {
  if (typeof value === 'number') return value;
  if (value === null) return Number.NaN;
  if (typeof value === 'boolean') return Number(value);
  if (typeof value === 'bigint' && Number.isSafeInteger(Number(value))) return Number(value);
  throw new TypeError(`Column ${column} holds ${String(value)}, expected a number that stays exact.`);
}

/** The text of an SQL file that lies beside this module. */
export const sqlText = (name: string): string => readFileSync(new URL(`./${name}.sql`, import.meta.url), 'utf8');

/** A text as an SQL literal. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
