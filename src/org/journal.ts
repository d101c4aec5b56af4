/** What a run means to write, noted on disk before it is sent, with what stood there before; and what the org will not take. */
import { chmodSync, closeSync, openSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { Messages } from '@salesforce/core';
import { z } from 'zod';
import { accountOf, type Change, type Verb } from './row.js';

Messages.importMessagesDirectoryFromMetaUrl(import.meta.url);
const messages = Messages.loadMessages('sf-plugin-kam', 'org');

/** Node 22 warns that its SQLite may change; we pin Node and know, and whoever runs a sync need not. */
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

export type RowError = { code: string; message: string };

/**
 * `sent`:    under way; `unknown` once the run that sent it is known to be dead: only the org can tell.
 * `refused`: the org said no, at the last try.
 * `held`:    not sent, as the org said no to the same before and nothing has changed since.
 * `moved`:   not sent, as somebody changed the record since the change was planned.
 */
const states = ['planned', 'sent', 'written', 'refused', 'unknown', 'held', 'moved'] as const;
export type RowState = (typeof states)[number];

export type PlannedRow = { row: number; change: Change };

/** One row of a run: the change as it was planned, its before-image in it. */
export type JournalRow = PlannedRow & { state: RowState; tries: number; errors: RowError[] };

/** What the org refused for good, and what has to change before it is tried again. */
export type Refusal = {
  key: string;
  /** Of what was sent. */
  fingerprint: string;
  /** Of the fields that the objects had. */
  schema: string;
  /** When the record, or its account, was last changed. */
  stamp: string;
  since: string;
  errors: RowError[];
};

export type Journal = {
  /** Starts a run; what an earlier one sent and never heard of becomes `unknown`. */
  begin(run: string): void;
  /** Notes rows before anything is sent. */
  plan(changes: readonly Change[]): void;
  /** How many rows of a verb wait to be sent. */
  waiting(verb: Verb): number;
  /** The next rows of a verb that wait, of some lanes, those of one account together. */
  next(verb: Verb, lanes: { from: number; to: number }, count: number): PlannedRow[];
  /** Notes that rows go out now; one more try. */
  send(rows: readonly number[]): void;
  settle(rows: readonly { row: number; state: RowState; errors: readonly RowError[] }[]): void;
  /** The rows of a run in the order in which they were planned. */
  rows(run: string): IterableIterator<JournalRow>;
  /** All runs that are kept, the latest first. */
  runs(): string[];
  refusals(keys: readonly string[]): Map<string, Refusal>;
  refuse(refusals: readonly Refusal[]): void;
  /** The org took it, or somebody said to forget it. */
  forgive(keys: readonly string[]): void;
  close(): void;
};

const VERSION = 1;
/** As many runs as can be looked up; a month of nights. */
const KEPT_RUNS = 31;

const PAGE = 1000;

/** Accounts are spread over so many lanes; rows of one lane are sent one request after the other. */
export const LANES = 4;

const tables = `
  CREATE TABLE run (number INTEGER PRIMARY KEY AUTOINCREMENT, ref TEXT NOT NULL UNIQUE);
  CREATE TABLE change_row (
    number INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,
    verb TEXT NOT NULL,
    lane INTEGER NOT NULL,
    account TEXT NOT NULL,
    state TEXT NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    change TEXT NOT NULL,
    errors TEXT NOT NULL DEFAULT '[]'
  );
  CREATE INDEX change_row_next ON change_row (run, state, verb, account, number);
  CREATE TABLE refusal (
    key TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    schema TEXT NOT NULL,
    stamp TEXT NOT NULL,
    since TEXT NOT NULL,
    errors TEXT NOT NULL
  ) WITHOUT ROWID;
  PRAGMA user_version = ${VERSION};`;

const rowErrors = z.array(z.object({ code: z.string(), message: z.string() }));
const numbered = z.object({ number: z.number() });
const stored = z.object({
  number: z.number(),
  state: z.enum(states),
  tries: z.number(),
  change: z.string(),
  errors: z.string(),
});
const storedRefusal = z.object({
  key: z.string(),
  fingerprint: z.string(),
  schema: z.string(),
  stamp: z.string(),
  since: z.string(),
  errors: z.string(),
});

/**
 * Opens the journal, private to the user (0600).
 *
 * Shape:  every note is on disk when the call returns, also where the machine loses its power.
 * Errors: `JournalUnreadableError` where the file is damaged or of another version; deleting it loses nothing in the org.
 */
export function openJournal(file: string): Journal {
  closeSync(openSync(file, 'a', 0o600));
  chmodSync(file, 0o600);
  const database = opened(file);
  const addRow = database.prepare(
    "INSERT INTO change_row (run, verb, lane, account, state, change) VALUES (?, ?, ?, ?, 'planned', ?)",
  );
  const sendRow = database.prepare("UPDATE change_row SET state = 'sent', tries = tries + 1 WHERE number = ?");
  const settleRow = database.prepare('UPDATE change_row SET state = ?, errors = ? WHERE number = ?');
  const nextRows = database.prepare(
    `SELECT number, change FROM change_row
     WHERE run = ? AND state = 'planned' AND verb = ? AND lane BETWEEN ? AND ? ORDER BY account, number LIMIT ?`,
  );
  let current: number | null = null;
  const run = (): number => {
    if (current === null) throw new Error('The journal has no run to note rows for: begin() comes first.');
    return current;
  };
  const atOnce = <T>(work: () => T): T => {
    database.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      database.exec('COMMIT');
      return result;
    } catch (error) {
      database.exec('ROLLBACK');
      throw error;
    }
  };
  return {
    begin: (ref) =>
      atOnce(() => {
        database.exec("UPDATE change_row SET state = 'unknown' WHERE state = 'sent'");
        current = numbered.parse(database.prepare('INSERT INTO run (ref) VALUES (?) RETURNING number').get(ref)).number;
        database
          .prepare('DELETE FROM run WHERE number NOT IN (SELECT number FROM run ORDER BY number DESC LIMIT ?)')
          .run(KEPT_RUNS);
      }),
    plan: (changes) =>
      atOnce(() => {
        for (const change of changes) {
          const account = accountOf(change);
          addRow.run(run(), change.verb, crc32(account) % LANES, account, JSON.stringify(change));
        }
      }),
    waiting: (verb) =>
      numbered.parse(
        database
          .prepare("SELECT COUNT(*) AS number FROM change_row WHERE run = ? AND state = 'planned' AND verb = ?")
          .get(run(), verb),
      ).number,
    next: (verb, { from, to }, count) =>
      nextRows.all(run(), verb, from, to, count).map((row) => {
        const { number, change } = stored.pick({ number: true, change: true }).parse(row);
        return { row: number, change: changeIn(change) };
      }),
    send: (rows) => atOnce(() => rows.forEach((row) => sendRow.run(row))),
    settle: (rows) =>
      atOnce(() => rows.forEach(({ row, state, errors }) => settleRow.run(state, JSON.stringify(errors), row))),
    rows: function* (ref) {
      const page = database.prepare(
        `SELECT number, state, tries, change, errors FROM change_row
         WHERE run = (SELECT number FROM run WHERE ref = ?) AND number > ? ORDER BY number LIMIT ?`,
      );
      let last = 0;
      for (;;) {
        // Page by page, so that rows can be noted while others are read.
        const found = page.all(ref, last, PAGE);
        for (const each of found) {
          const { number: row, change, errors, ...rest } = stored.parse(each);
          last = row;
          yield { row, ...rest, change: changeIn(change), errors: rowErrors.parse(JSON.parse(errors)) };
        }
        if (found.length < PAGE) return;
      }
    },
    runs: () =>
      database
        .prepare('SELECT ref FROM run ORDER BY number DESC')
        .all()
        .map((row) => z.object({ ref: z.string() }).parse(row).ref),
    refusals: (keys) => {
      const find = database.prepare('SELECT * FROM refusal WHERE key = ?');
      const found = keys.flatMap((key): [string, Refusal][] => {
        const row = find.get(key);
        if (row === undefined) return [];
        const { errors, ...refusal } = storedRefusal.parse(row);
        return [[key, { ...refusal, errors: rowErrors.parse(JSON.parse(errors)) }]];
      });
      return new Map(found);
    },
    refuse: (refusals) => {
      const put = database.prepare('INSERT OR REPLACE INTO refusal VALUES (?, ?, ?, ?, ?, ?)');
      atOnce(() => {
        for (const { key, fingerprint, schema, stamp, since, errors } of refusals) {
          put.run(key, fingerprint, schema, stamp, since, JSON.stringify(errors));
        }
      });
    },
    forgive: (keys) => {
      const drop = database.prepare('DELETE FROM refusal WHERE key = ?');
      atOnce(() => keys.forEach((key) => drop.run(key)));
    },
    close: () => database.close(),
  };
}

/** Written by `plan` from a `Change`. */
const changeIn = (text: string): Change => JSON.parse(text);

function opened(file: string): InstanceType<typeof DatabaseSync> {
  const database = new DatabaseSync(file);
  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON');
    const version = z
      .object({ user_version: z.number() })
      .parse(database.prepare('PRAGMA user_version').get()).user_version;
    if (version === 0) database.exec(`BEGIN; ${tables} COMMIT`);
    else if (version !== VERSION) throw new Error(`it is of version ${version}, expected ${VERSION}`);
    return database;
  } catch (error) {
    database.close();
    const cause = error instanceof Error ? error : new Error(String(error));
    throw messages.createError('error.JournalUnreadable', [file, cause.message], [], cause);
  }
}
