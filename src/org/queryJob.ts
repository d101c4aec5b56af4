/** Bulk API 2.0 query jobs: a job outlives the run that started it, and so does every page that was downloaded of it. */
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Messages } from '@salesforce/core';
import { z } from 'zod';
import type { KamOrg } from './connect.js';
import { STOPPED } from './exitCodes.js';
import type { Soql } from './query.js';
import { refusalCode } from './transport.js';

Messages.importMessagesDirectoryFromMetaUrl(import.meta.url);
const messages = Messages.loadMessages('sf-plugin-kam', 'org');

const BULK_PAGE = 50_000;
const PARALLEL_PAGES = 4;
const SECOND = 1000;
const POLL_PAUSES = [0.1, 0.2, 0.5, 1, 2, 3, 5, 8, 13, 21, 30].map((seconds) => seconds * SECOND);
const POLL_ERRORS = 5;
const JOB_MINUTES = 120;

/** How patient a run is with a job. */
export type Patience = { pageRows?: number; jobMinutes?: number };

export type Downloaded = {
  files: string[];
  rows: number;
  /** What the job was started with: until when its answer is known to be complete. */
  covered: string;
  /** Deletes the job and its files; called once the rows are safe in the book. */
  release(): Promise<void>;
};

/**
 * Reads a query by a job: the one that an earlier run left for the same query, or a new one.
 *
 * Shape:  beside the pages at `base` stands what is known of the job, written before it is first looked at and after
 *         each page, so that the next run goes on where this one ends.
 * Errors: those of the transport; `QueryJobFailedError`; `QueryJobTimeoutError` (exit 69), which leaves the job running;
 *         `RowsMissingError`. A job that failed, is gone or gave too few rows is followed by one new job. A job that still
 *         runs is never deleted.
 */
export async function readByJob(
  org: KamOrg,
  query: Soql & { object: string },
  base: string,
  covered: string,
  { pageRows = BULK_PAGE, jobMinutes = JOB_MINUTES }: Patience,
  progress: (done: number) => void,
  isLast = false,
): Promise<Downloaded> {
  const kept = keptJob(org, query, base, pageRows);
  const record = kept ?? (await startJob(org, query, base, covered, pageRows));
  try {
    const job = await finished(org, query.object, record.id, jobMinutes);
    await downloadPages(org, job, record, base, progress);
    const rows = record.pages.reduce((sum, page) => sum + page.rows, 0);
    const announced = job.numberRecordsProcessed ?? rows;
    if (rows !== announced) throw messages.createError('error.RowsMissing', [query.object, announced, rows]);
    return {
      files: record.pages.toSorted((a, b) => a.number - b.number).map(({ file }) => file),
      rows,
      covered: record.covered,
      release: () => release(org, record, base),
    };
  } catch (error) {
    if (!isDead(error)) throw error;
    forget(record, base);
    if (kept === null && isLast) throw error;
    const patience = { pageRows, jobMinutes };
    return readByJob(org, query, base, covered, patience, progress, kept === null);
  }
}

/** The job will never give all its rows: it failed, it is gone, or its pages don't add up. */
function isDead(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error.name === 'QueryJobFailedError' || error.name === 'RowsMissingError') return true;
  if (error.name !== 'RequestRefusedError' || !('data' in error)) return false;
  const status = z.object({ status: z.number() }).safeParse(error.data).data?.status ?? 0;
  return DEAD.includes(status) && refusalCode(error) !== 'REQUEST_LIMIT_EXCEEDED';
}

/** Bad request, not found, and the conflict of an answer that belongs to another API version. */
const DEAD = [400, 404, 409];

const page = z.object({ number: z.number(), url: z.string(), file: z.string(), rows: z.number() });
const jobRecord = z.object({
  id: z.string(),
  soql: z.string(),
  all: z.boolean(),
  apiVersion: z.string(),
  userId: z.string(),
  pageRows: z.number(),
  covered: z.string(),
  pages: z.array(page),
});
type JobRecord = z.infer<typeof jobRecord>;

const recordFile = (base: string): string => `${base}.job.json`;

/** Is there a job of an earlier run that answers this query? */
export const isUnderWay = (org: KamOrg, query: Soql, base: string, { pageRows = BULK_PAGE }: Patience): boolean =>
  keptJob(org, query, base, pageRows) !== null;

/** Written beside and renamed, so that a run that dies here leaves the old one or the new one. */
function keep(record: JobRecord, base: string): void {
  const file = recordFile(base);
  writeFileSync(`${file}.new`, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

function keptJob(org: KamOrg, { soql, all }: Soql, base: string, pageRows: number): JobRecord | null {
  const file = recordFile(base);
  if (!existsSync(file)) return null;
  const parsed = jobRecord.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  const isSame =
    parsed.success &&
    parsed.data.soql === soql &&
    parsed.data.all === all &&
    parsed.data.apiVersion === org.apiVersion &&
    parsed.data.userId === org.userId &&
    parsed.data.pageRows === pageRows;
  if (isSame) return parsed.data;
  if (parsed.success) forget(parsed.data, base);
  else rmSync(file, { force: true });
  return null;
}

/** Leaves the job to Salesforce, which deletes its results after seven days. */
function forget(record: JobRecord, base: string): void {
  for (const { file } of record.pages) rmSync(file, { force: true });
  rmSync(recordFile(base), { force: true });
}

async function release(org: KamOrg, record: JobRecord, base: string): Promise<void> {
  forget(record, base);
  try {
    await org.transport.send('DELETE', org.path(`jobs/query/${record.id}`));
  } catch (error) {
    // Its rows are in the book; a job that stays is deleted by Salesforce after seven days.
    if (!(error instanceof Error) || error.name !== 'RequestRefusedError') throw error;
  }
}

const jobState = z.object({
  id: z.string(),
  state: z.enum(['UploadComplete', 'InProgress', 'JobComplete', 'Failed', 'Aborted']),
  numberRecordsProcessed: z.number().optional(),
  errorMessage: z.string().optional(),
});
type JobState = z.infer<typeof jobState>;

async function startJob(
  org: KamOrg,
  { soql, all }: Soql,
  base: string,
  covered: string,
  pageRows: number,
): Promise<JobRecord> {
  const created = await org.transport.send(
    'POST',
    org.path('jobs/query'),
    {
      operation: all ? 'queryAll' : 'query',
      query: soql,
      // A job whose answer was lost reads what nobody fetches, and changes nothing.
    },
    { again: true },
  );
  const { id } = jobState.parse(created.body);
  const { apiVersion, userId } = org;
  const record: JobRecord = { id, soql, all, apiVersion, userId, pageRows, covered, pages: [] };
  keep(record, base);
  return record;
}

async function finished(org: KamOrg, object: string, id: string, minutes: number): Promise<JobState> {
  const pauses = POLL_PAUSES.values();
  let pause = 0;
  let waited = 0;
  let errors = 0;
  while (waited < minutes * 60 * SECOND) {
    pause = pauses.next().value ?? pause;
    await sleep(pause);
    waited += pause;
    try {
      const job = jobState.parse((await org.transport.send('GET', org.path(`jobs/query/${id}`))).body);
      errors = 0;
      if (job.state === 'JobComplete') return job;
      if (job.state === 'Failed' || job.state === 'Aborted') {
        throw messages.createError('error.QueryJobFailed', [id, object, job.state, job.errorMessage ?? 'no message']);
      }
    } catch (error) {
      errors += 1;
      const isFinal = error instanceof Error && ['QueryJobFailedError', 'SessionExpiredError'].includes(error.name);
      if (isFinal || refusalCode(error) === 'NOT_FOUND' || errors > POLL_ERRORS) throw error;
    }
  }
  throw messages.createError('error.QueryJobTimeout', [id, object, minutes], [], STOPPED);
}

/** Pages in parallel where the org offers links to them (v58 and later), else one after the other. */
async function downloadPages(
  org: KamOrg,
  job: JobState,
  record: JobRecord,
  base: string,
  progress: (done: number) => void,
): Promise<void> {
  const done = (): number => record.pages.reduce((sum, { rows }) => sum + rows, 0);
  const download = async (url: string, number: number): Promise<string | null> => {
    const { page: got, locator } = await downloaded(org, url, `${base}-${String(number).padStart(6, '0')}.csv`);
    record.pages.push({ number, url, ...got });
    keep(record, base);
    progress(done());
    return locator;
  };
  const has = (url: string): boolean => record.pages.some((each) => each.url === url && existsSync(each.file));
  record.pages = record.pages.filter(({ file }) => existsSync(file));
  const path = `jobs/query/${job.id}`;
  if (Number(org.apiVersion) >= 58) {
    let next: string | null = org.path(`${path}/resultPages?maxRecords=${record.pageRows}`);
    let number = 0;
    while (next !== null) {
      const links: z.infer<typeof pageLinks> = pageLinks.parse((await org.transport.send('GET', next)).body);
      const wanted = links.resultPages.map(({ resultUrl }) => ({ url: resultUrl, number: number++ }));
      const open = wanted.filter(({ url }) => !has(url));
      for (let from = 0; from < open.length; from += PARALLEL_PAGES) {
        await Promise.all(open.slice(from, from + PARALLEL_PAGES).map((each) => download(each.url, each.number)));
      }
      next = links.done ? null : links.nextRecordsUrl;
    }
    return;
  }
  // Without links the next locator is known from the page before, so a download starts from the first page.
  record.pages = [];
  let locator: string | null = null;
  let number = 0;
  do {
    const from: string = locator === null ? '' : `&locator=${encodeURIComponent(locator)}`;
    locator = await download(org.path(`${path}/results?maxRecords=${record.pageRows}${from}`), number++);
  } while (locator !== null);
}

const pageLinks = z.object({
  resultPages: z.array(z.object({ resultUrl: z.string().startsWith('/services/data/') })),
  nextRecordsUrl: z.string().nullable(),
  done: z.boolean(),
});

/** Saves a page as it comes; a gzip body keeps its ending, by which the book knows it. */
async function downloaded(
  org: KamOrg,
  path: string,
  file: string,
): Promise<{ page: { file: string; rows: number }; locator: string | null }> {
  const { headers, isGzip } = await org.transport.download(path, file);
  const rows = Number(headers['sforce-numberofrecords'] ?? Number.NaN);
  if (!Number.isSafeInteger(rows)) {
    throw messages.createError('error.BadAnswer', ['GET', path, 'result page', 'no Sforce-NumberOfRecords']);
  }
  const locator = headers['sforce-locator'];
  if (isGzip) renameSync(file, `${file}.gz`);
  return {
    page: { file: isGzip ? `${file}.gz` : file, rows },
    locator: locator === undefined || locator === 'null' ? null : locator,
  };
}
