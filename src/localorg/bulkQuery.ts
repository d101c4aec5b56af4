/** Bulk API 2.0 query jobs: results in pages of CSV, streamed from the answer's cursor. */
import type { Engine, QueryAnswer, Value } from './engine.js';
import { idOf } from './ids.js';
import { SalesforceError } from './refusal.js';

export type QueryJob = {
  id: string;
  operation: 'query' | 'queryAll';
  query: string;
  object: string;
  apiVersion: string;
  org: Engine;
  createdAt: Date;
  state: 'UploadComplete' | 'InProgress' | 'JobComplete' | 'Failed' | 'Aborted';
  lineEnding: 'LF' | 'CRLF';
  columnDelimiter: keyof typeof delimiters;
  /** Set when the job has run; a failed one has a message instead. */
  answer?: QueryAnswer;
  errorMessage?: string;
};

export const delimiters = { COMMA: ',', TAB: '\t', SEMICOLON: ';', PIPE: '|', CARET: '^', BACKQUOTE: '`' } as const;

export const isDelimiter = (name: unknown): name is keyof typeof delimiters =>
  typeof name === 'string' && Object.hasOwn(delimiters, name);

/** Rows of one page where the client doesn't say. */
const PAGE = 50_000;
/** Characters that are handed on at once, so that a page of any size stays small in memory. */
const CHUNK = 64 * 1024;
/** Salesforce offers at most five result pages in one answer. */
const MAXIMUM_PAGE_LINKS = 5;

export type QueryJobs = {
  /** `org` is the org as the job's user meets it. */
  create(org: Engine, body: Readonly<Record<string, unknown>>, apiVersion: string): QueryJob;
  get(id: string, apiVersion: string): QueryJob;
  /** A look at a job that gets no further than InProgress, or that fails for a reason that lies in the org. */
  hold(id: string): QueryJob;
  fail(id: string, reason: string): QueryJob;
  list(): QueryJob[];
  abort(id: string, apiVersion: string): QueryJob;
  delete(id: string): void;
};

/** The jobs of one org; a job runs when it is first looked at, so that a client sees it go through its states. */
export function queryJobs(): QueryJobs {
  const jobs = new Map<string, QueryJob>();
  const known = (id: string): QueryJob => {
    const job = jobs.get(id) ?? jobs.get([...jobs.keys()].find((each) => each.startsWith(id)) ?? '');
    if (job === undefined) throw new SalesforceError(404, 'NOT_FOUND', 'The requested resource does not exist');
    return job;
  };
  return {
    create: (org, body, apiVersion) => {
      const job = newJob(org, body, apiVersion, jobs.size + 1);
      jobs.set(job.id, job);
      return job;
    },
    get: (id) => {
      const job = known(id);
      if (job.state === 'UploadComplete') job.state = 'InProgress';
      else if (job.state === 'InProgress') runJob(job);
      return job;
    },
    hold: (id) => {
      const job = known(id);
      if (job.state === 'UploadComplete') job.state = 'InProgress';
      return job;
    },
    fail: (id, reason) => {
      const job = known(id);
      if (job.state !== 'UploadComplete' && job.state !== 'InProgress') return job;
      job.state = 'Failed';
      job.errorMessage = reason;
      return job;
    },
    list: () => [...jobs.values()],
    abort: (id) => {
      const job = known(id);
      if (job.state === 'JobComplete' || job.state === 'Failed' || job.state === 'Aborted') {
        throw new SalesforceError(400, 'INVALIDJOBSTATE', `Aborting already ${job.state} Job not allowed`);
      }
      job.state = 'Aborted';
      return job;
    },
    delete: (id) => {
      const job = known(id);
      if (job.state === 'UploadComplete' || job.state === 'InProgress') {
        throw new SalesforceError(400, 'INVALIDJOBSTATE', `Deletion of ${job.state} job is not allowed`);
      }
      jobs.delete(job.id);
    },
  };
}

function newJob(org: Engine, body: Readonly<Record<string, unknown>>, apiVersion: string, n: number): QueryJob {
  const { operation, query, lineEnding = 'LF', columnDelimiter = 'COMMA', contentType = 'CSV' } = body;
  if (operation !== 'query' && operation !== 'queryAll') throw invalid(`Invalid operation: ${String(operation)}`);
  if (typeof query !== 'string' || query.trim() === '') throw invalid('query is required');
  if (lineEnding !== 'LF' && lineEnding !== 'CRLF') throw invalid(`Invalid lineEnding: ${String(lineEnding)}`);
  if (!isDelimiter(columnDelimiter)) throw invalid(`Invalid columnDelimiter: ${String(columnDelimiter)}`);
  if (contentType !== 'CSV') throw invalid(`Invalid contentType: ${String(contentType)}`);
  // A query that can't run is refused at once; the rows are read when the job runs.
  const object = org.queriedObject(query, { purpose: 'bulk' });
  return {
    id: idOf('750', n),
    operation,
    query,
    object,
    apiVersion,
    org,
    createdAt: org.now(),
    state: 'UploadComplete',
    lineEnding,
    columnDelimiter,
  };
}

function runJob(job: QueryJob): void {
  try {
    job.answer = job.org.query(job.query, {
      apiVersion: job.apiVersion,
      purpose: 'bulk',
      withDeleted: job.operation === 'queryAll',
    });
    job.state = 'JobComplete';
  } catch (error) {
    if (!(error instanceof SalesforceError)) throw error;
    job.state = 'Failed';
    job.errorMessage = `${error.errorCode}: ${error.message}`;
  }
}

const invalid = (message: string): SalesforceError => new SalesforceError(400, 'INVALIDJOB', message);

/** The job as the API returns it; its counts stand only in the details of one job. */
export function jobJson(job: QueryJob, detailed: boolean): Record<string, unknown> {
  const createdDate = job.createdAt.toISOString().replace('Z', '+0000');
  return {
    id: job.id,
    operation: job.operation,
    object: job.object,
    createdById: job.org.userId,
    createdDate,
    systemModstamp: createdDate,
    state: job.state,
    concurrencyMode: 'Parallel',
    contentType: 'CSV',
    apiVersion: Number(job.apiVersion),
    jobType: 'V2Query',
    lineEnding: job.lineEnding,
    columnDelimiter: job.columnDelimiter,
    ...(detailed
      ? {
          numberRecordsProcessed: job.answer?.totalSize ?? 0,
          retries: 0,
          totalProcessingTime: 0,
          isPkChunkingSupported: true,
          ...(job.errorMessage === undefined ? {} : { errorMessage: job.errorMessage }),
        }
      : {}),
  };
}

export type ResultPage = { rows: number; locator: string | null; csv(): Generator<string> };

/** One page of results; the locator of the next one is null at the end. */
export function resultPage(job: QueryJob, locator: string | undefined, maxRecords: number | undefined): ResultPage {
  const answer = finished(job);
  const size = maxRecords ?? PAGE;
  const from = locator === undefined ? 0 : offsetOf(locator, answer);
  const rows = Math.min(size, answer.totalSize - from);
  const until = from + rows;
  return {
    rows,
    locator: until < answer.totalSize ? locatorOf(until) : null,
    csv: () => csvOf(job, answer, from, until),
  };
}

/** Links to the next result pages, at most five, and to more of them. */
export function resultPages(
  job: QueryJob,
  locator: string | undefined,
  maxRecords: number | undefined,
): Record<string, unknown> {
  const answer = finished(job);
  const size = maxRecords ?? PAGE;
  const base = `/services/data/v${job.apiVersion}/jobs/query/${job.id}`;
  const first = locator === undefined ? 0 : offsetOf(locator, answer);
  const starts: number[] = [];
  for (let from = first; from === first || from < answer.totalSize; from += size) {
    if (starts.length === MAXIMUM_PAGE_LINKS) break;
    starts.push(from);
  }
  const next = (starts.at(-1) ?? 0) + size;
  const done = next >= answer.totalSize;
  return {
    resultPages: starts.map((from) => ({
      resultUrl: `${base}/results?maxRecords=${size}${from === 0 ? '' : `&locator=${locatorOf(from)}`}`,
    })),
    nextRecordsUrl: done ? null : `${base}/resultPages?maxRecords=${size}&locator=${locatorOf(next)}`,
    done,
  };
}

function finished(job: QueryJob): QueryAnswer {
  if (job.answer === undefined || job.state !== 'JobComplete') {
    throw new SalesforceError(
      400,
      'INVALIDJOBSTATE',
      `The job is in state ${job.state}; results are available when it is JobComplete.`,
    );
  }
  return job.answer;
}

const locatorOf = (offset: number): string => Buffer.from(`row ${offset}`).toString('base64url');

function offsetOf(locator: string, answer: QueryAnswer): number {
  const match = /^row (\d+)$/.exec(Buffer.from(locator, 'base64url').toString());
  const offset = Number(match?.[1] ?? Number.NaN);
  if (!Number.isSafeInteger(offset) || offset >= answer.totalSize) {
    throw new SalesforceError(400, 'INVALID_QUERY_LOCATOR', `invalid query locator: ${locator}`);
  }
  return offset;
}

function* csvOf(job: QueryJob, answer: QueryAnswer, from: number, until: number): Generator<string> {
  const delimiter = delimiters[job.columnDelimiter];
  const end = job.lineEnding === 'LF' ? '\n' : '\r\n';
  let text = `${answer.columns.map(quotedCell).join(delimiter)}${end}`;
  for (const row of answer.rows(from, until - from)) {
    row.forEach((value, index) => (text += `${index === 0 ? '' : delimiter}${quotedCell(csvValue(value))}`));
    text += end;
    if (text.length < CHUNK) continue;
    yield text;
    text = '';
  }
  if (text !== '') yield text;
}

/** Every cell stands in quotes, an empty one too. */
const quotedCell = (text: string): string => `"${text.includes('"') ? text.replaceAll('"', '""') : text}"`;

/** Bulk results write instants with `Z` where REST writes `+0000`; null is an empty cell. */
function csvValue(value: Value): string {
  if (value === null) return '';
  if (typeof value !== 'string') return String(value);
  return value.endsWith('+0000') && /^\d{4}-\d{2}-\d{2}T[\d:.]+\+0000$/.test(value)
    ? value.replace('+0000', 'Z')
    : value;
}
