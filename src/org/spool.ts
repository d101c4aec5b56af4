/** Query results on disk: by REST for few rows, by a job for many, in one form; what breaks off goes on where it was. */
import { createWriteStream, rmSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { Messages } from '@salesforce/core';
import { stringify } from 'csv-stringify';
import type { Spooled } from '../book/book.js';
import type { KamOrg } from './connect.js';
import { countOf, pagesOf, type QueryPage } from './query.js';
import { isUnderWay, readByJob, type Patience } from './queryJob.js';
import type { Source } from './records.js';
import { nightPace, refusalCode } from './transport.js';

Messages.importMessagesDirectoryFromMetaUrl(import.meta.url);
const messages = Messages.loadMessages('sf-plugin-kam', 'org');

/** One query in parts, so that conditions can be added to it. */
export type Query = {
  object: string;
  sources: readonly Source[];
  /** Each of them must hold. */
  where: readonly string[];
  all: boolean;
};

export type SpoolOptions = Patience & { restUpTo?: number };

/** Rows on disk, the instant up to which they are complete, and how to let go of them once they are in the book. */
export type Spool = { spooled: Spooled; covered: string; release(): Promise<void> };

/** A query's text without the fields. */
export const fromWhere = ({ object, where }: Pick<Query, 'object' | 'where'>): string =>
  `FROM ${object}${where.length === 0 ? '' : ` WHERE ${where.map((each) => `(${each})`).join(' AND ')}`}`;

export const countQuery = (query: Pick<Query, 'object' | 'where' | 'all'>): { soql: string; all: boolean } => ({
  soql: `SELECT COUNT() ${fromWhere(query)}`,
  all: query.all,
});

/**
 * Spools the rows of a query into files that begin with `base`.
 *
 * Shape:  `covered` is the instant that the caller knows all rows of; an answer that an earlier run began has its own.
 *         `expected` is how many rows there are about; null to count them.
 * Errors: those of the transport and of `readByJob`; `RowsMissingError` where fewer rows came than were announced.
 */
export async function spool(
  org: KamOrg,
  query: Query,
  base: string,
  { covered, expected, now }: { covered: string; expected: number | null; now: Date },
  options: SpoolOptions,
  progress: (done: number, total: number) => void,
): Promise<Spool> {
  const soql = `SELECT ${query.sources.map(({ path }) => path).join(', ')} ${fromWhere(query)}`;
  const asJob = { soql, all: query.all, object: query.object };
  const goesOn = isUnderWay(org, asJob, base, options);
  const total = expected ?? (await countOrMany(org, query));
  const report = (done: number): void => progress(done, Math.max(done, total));
  if (!goesOn && total <= (options.restUpTo ?? nightPace.readsByRest)) {
    const byRest = await overRest(org, query, base, now, report);
    if (byRest !== null) {
      const release = async (): Promise<void> => byRest.files.forEach((file) => rmSync(file, { force: true }));
      return { spooled: byRest, covered, release };
    }
  }
  const job = await readByJob(org, asJob, base, covered, options, report);
  return {
    spooled: { files: job.files, columns: columnsOf(query), rows: job.rows },
    covered: job.covered,
    release: job.release,
  };
}

/** A count that takes too long is a count of many. */
async function countOrMany(org: KamOrg, query: Query): Promise<number> {
  try {
    return await countOf(org, countQuery(query));
  } catch (error) {
    if (refusalCode(error) === 'QUERY_TIMEOUT') return Number.POSITIVE_INFINITY;
    throw error;
  }
}

const columnsOf = ({ sources }: Query): Spooled['columns'] => sources.map(({ name, type }) => ({ name, type }));

/** Where a reading stands: everything up to this row, in the order of stamp and id, has come. */
type Position = { stamp: string; id: string };

/** Stamps from `from` (included) to `until` (excluded), in milliseconds; open ends are null. */
type Window = { from: number | null; until: number | null };

const MINUTE = 60_000;
/** Nothing in Salesforce is older than Salesforce. */
const FIRST = Date.UTC(1999, 0, 1);
/** So many times a reading may break off without a row more. */
const BREAKS = 3;

/**
 * Reads by REST in the order of stamp and id.
 *
 * Shape:  a lost locator or connection goes on after the last row that came, into a file of its own, as a row that was
 *         changed meanwhile comes again. Where the org runs out of time, the window of stamps is cut in half; null where
 *         it does for a minute's rows.
 */
async function overRest(
  org: KamOrg,
  query: Query,
  base: string,
  now: Date,
  progress: (done: number) => void,
): Promise<Spooled | null> {
  const files: string[] = [];
  const windows: Window[] = [{ from: null, until: null }];
  let rows = 0;
  let position: Position | null = null;
  let breaks = 0;
  while (windows.length > 0) {
    const window = windows[0]!;
    const file = `${base}-rest-${files.length}.csv`;
    const part = await readPart(org, query, window, position, file, (done) => progress(rows + done));
    files.push(file);
    rows += part.rows;
    if (part.end === 'done') {
      windows.shift();
      position = null;
      continue;
    }
    breaks = part.rows > 0 ? 0 : breaks + 1;
    position = part.position ?? position;
    if (part.end === 'timeout' && part.rows === 0) {
      const halves = halved(window, now);
      if (halves === null) return drop(files);
      windows.splice(0, 1, ...halves);
      breaks = 0;
    } else if (breaks >= BREAKS) throw part.error;
  }
  return { files, columns: columnsOf(query), rows };
}

function drop(files: readonly string[]): null {
  files.forEach((file) => rmSync(file, { force: true }));
  return null;
}

/** Two windows in place of one; what is open ends at the time of the run, and rows after that are a window of their own. */
function halved({ from, until }: Window, now: Date): Window[] | null {
  const [start, end] = [from ?? FIRST, until ?? now.getTime()];
  if (end - start <= MINUTE) return null;
  const middle = Math.floor((start + end) / 2);
  const parts = [
    { from, until: middle },
    { from: middle, until: end },
  ];
  return until === null ? [...parts, { from: end, until: null }] : parts;
}

type Part = { rows: number } & (
  { end: 'done' } | { end: 'timeout' | 'broken'; position: Position | null; error: unknown }
);

async function readPart(
  org: KamOrg,
  query: Query,
  window: Window,
  after: Position | null,
  file: string,
  progress: (done: number) => void,
): Promise<Part> {
  const paths = query.sources.map(({ path }) => path);
  const fields = [...new Set([...paths, 'Id', 'SystemModstamp'])].join(', ');
  const where = [...query.where, ...withinWindow(window), ...(after === null ? [] : [beyond(after)])];
  const soql = `SELECT ${fields} ${fromWhere({ object: query.object, where })} ORDER BY SystemModstamp, Id`;
  const csv = stringify({ header: true, columns: paths, quoted_string: true });
  const writing = pipeline(csv, createWriteStream(file, { mode: 0o600 }));
  let rows = 0;
  let last: Position | null = null;
  let announced = 0;
  const pages = pagesOf(org, { soql, all: query.all });
  let end: Part;
  try {
    for await (const page of pages) {
      announced = page.totalSize;
      for (const record of page.records) csv.write(paths.map((path) => cell(record, path)));
      rows += page.records.length;
      last = positionIn(page) ?? last;
      progress(rows);
    }
    end = { rows, end: 'done' };
  } catch (error) {
    const how = breakOf(error);
    if (how === null) throw error;
    end = { rows, end: how, position: last, error };
  } finally {
    csv.end();
    await writing;
  }
  if (end.end === 'done' && rows !== announced) {
    throw messages.createError('error.RowsMissing', [query.object, announced, rows]);
  }
  return end;
}

const withinWindow = ({ from, until }: Window): string[] => [
  ...(from === null ? [] : [`SystemModstamp >= ${new Date(from).toISOString()}`]),
  ...(until === null ? [] : [`SystemModstamp < ${new Date(until).toISOString()}`]),
];

const beyond = ({ stamp, id }: Position): string =>
  `SystemModstamp > ${stamp} OR (SystemModstamp = ${stamp} AND Id > '${id}')`;

function positionIn({ records }: QueryPage): Position | null {
  const record = records.at(-1);
  if (record === undefined) return null;
  return { stamp: new Date(String(record['SystemModstamp'])).toISOString(), id: String(record['Id']) };
}

/** What can be gone on from: the org ran out of time, or the reading was cut off. */
function breakOf(error: unknown): 'timeout' | 'broken' | null {
  const code = refusalCode(error);
  if (code === 'QUERY_TIMEOUT') return 'timeout';
  if (code === 'INVALID_QUERY_LOCATOR') return 'broken';
  return error instanceof Error && error.name === 'OrgUnreachableError' ? 'broken' : null;
}

/** A value at its path, as the Bulk API writes it; an absent parent and null are an empty cell. */
function cell(record: Record<string, unknown>, path: string): string {
  let value: unknown = record;
  for (const step of path.split('.')) value = isRecord(value) ? value[step] : null;
  return value === null || value === undefined ? '' : String(value);
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
