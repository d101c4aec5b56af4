/** Bulk API 2.0 ingest jobs: an uploaded CSV written row by row in the background, and the three files that tell how it went. */
import { setImmediate } from 'node:timers/promises';
import { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { stringify } from 'csv-stringify/sync';
import type { ObjectDefinition } from '../schema/model.js';
import { delimiters, isDelimiter } from './bulkQuery.js';
import type { Circumstances, Engine, Row, RowError, RowResult, Value } from './engine.js';
import { idOf } from './ids.js';
import { SalesforceError } from './refusal.js';
import { fieldOf } from './soql.js';

export type IngestOperation = 'insert' | 'update' | 'upsert' | 'delete' | 'hardDelete';

export type IngestJob = {
  id: string;
  operation: IngestOperation;
  object: ObjectDefinition;
  externalIdFieldName: string | null;
  apiVersion: string;
  /** The org as the job's user meets it. */
  org: Engine;
  createdAt: Date;
  changedAt: Date;
  state: 'Open' | 'UploadComplete' | 'InProgress' | 'JobComplete' | 'Failed' | 'Aborted';
  lineEnding: 'LF' | 'CRLF';
  columnDelimiter: keyof typeof delimiters;
  upload: Buffer | null;
  /** One per row that was processed, in the order of the upload. */
  outcomes: RowResult[];
  failed: number;
  errorMessage: string | null;
};

/** What goes wrong with a job while it is written. */
export type JobTrouble = {
  circumstances: Circumstances;
  /** The share of its rows after which the job fails; null where it does not. */
  failsAfter: number | null;
};

export type IngestJobs = {
  create(org: Engine, body: Readonly<Record<string, unknown>>, apiVersion: string): IngestJob;
  get(id: string): IngestJob;
  list(): IngestJob[];
  upload(id: string, csv: Buffer): void;
  /** Ends the upload: the job is written in the background, one job after the other. */
  complete(id: string, trouble?: JobTrouble): IngestJob;
  abort(id: string): IngestJob;
  delete(id: string): void;
  /** Resolves when no job is under way; the org may then close. */
  stop(): Promise<void>;
};

/** Salesforce takes 150 MB in base64 characters, about 100 MB as uploaded; see Bulk API 2.0 limits. */
export const MAXIMUM_UPLOAD = 150 * 1024 * 1024;
/** Uploads of finished jobs are kept for their result files as long as they fit; the oldest go first. */
const MAXIMUM_KEPT = 512 * 1024 * 1024;
/** Rows that are written together; Salesforce runs triggers on as many. */
const CHUNK = 200;

export function ingestJobs(): IngestJobs {
  const jobs = new Map<string, IngestJob>();
  let queue: Promise<void> = Promise.resolve();
  let isStopping = false;
  let count = 0;
  const known = (id: string): IngestJob => {
    const job = jobs.get(id) ?? jobs.get([...jobs.keys()].find((each) => each.slice(0, 15) === id) ?? '');
    if (job === undefined) throw new SalesforceError(404, 'NOT_FOUND', 'The requested resource does not exist');
    return job;
  };
  const enter = (job: IngestJob, state: IngestJob['state']): IngestJob => {
    job.state = state;
    job.changedAt = job.org.now();
    return job;
  };
  return {
    create: (org, body, apiVersion) => {
      count += 1;
      const job = newJob(org, body, apiVersion, idOf('750', INGEST_IDS + count));
      jobs.set(job.id, job);
      return job;
    },
    get: known,
    list: () => [...jobs.values()],
    upload: (id, csv) => {
      const job = known(id);
      if (job.state !== 'Open') throw wrongState(`Job data can't be uploaded to a job in state ${job.state}`);
      if (job.upload !== null) throw wrongState('Job data was already uploaded; a job takes one upload');
      job.upload = csv;
    },
    complete: (id, trouble = { circumstances: {}, failsAfter: null }) => {
      const job = known(id);
      if (job.state !== 'Open') throw wrongState(`Transition from ${job.state} to UploadComplete is not allowed`);
      enter(job, 'UploadComplete');
      queue = queue.then(async () => {
        if (job.state !== 'UploadComplete' || isStopping) return;
        enter(job, 'InProgress');
        const end = await write(job, trouble, () => isStopping);
        if (end !== 'aborted') enter(job, end);
        forgetOld(jobs);
      });
      return job;
    },
    abort: (id) => {
      const job = known(id);
      if (job.state === 'JobComplete' || job.state === 'Failed' || job.state === 'Aborted') {
        throw wrongState(`Aborting already ${job.state} Job not allowed`);
      }
      return enter(job, 'Aborted');
    },
    delete: (id) => {
      const job = known(id);
      if (job.state === 'Open' || job.state === 'InProgress') {
        throw wrongState(`Deletion of ${job.state} job is not allowed`);
      }
      jobs.delete(job.id);
    },
    stop: async () => {
      isStopping = true;
      await queue;
    },
  };
}

/** Ids of ingest and query jobs share a prefix and must not meet. */
const INGEST_IDS = 1_000_000;

const wrongState = (message: string): SalesforceError => new SalesforceError(400, 'INVALIDJOBSTATE', message);
const invalid = (message: string): SalesforceError => new SalesforceError(400, 'INVALIDJOB', `InvalidJob : ${message}`);

const operations = ['insert', 'update', 'upsert', 'delete', 'hardDelete'] as const;
const isOperation = (name: unknown): name is IngestOperation => operations.some((each) => each === name);

function newJob(org: Engine, body: Readonly<Record<string, unknown>>, apiVersion: string, id: string): IngestJob {
  const { object: name, operation, externalIdFieldName, contentType = 'CSV' } = body;
  const { lineEnding = 'LF', columnDelimiter = 'COMMA' } = body;
  const unknown = Object.keys(body).find((key) => !jobFields.has(key));
  if (unknown !== undefined) throw invalid(`unknown field ${unknown}`);
  if (!isOperation(operation)) throw invalid(`Invalid operation: ${String(operation)}`);
  if (typeof name !== 'string') throw invalid('object is required');
  const object = org.object(name);
  if (object === undefined) throw invalid(`Unable to find object: ${name}`);
  if (lineEnding !== 'LF' && lineEnding !== 'CRLF') throw invalid(`Invalid lineEnding: ${String(lineEnding)}`);
  if (!isDelimiter(columnDelimiter)) throw invalid(`Invalid columnDelimiter: ${String(columnDelimiter)}`);
  if (contentType !== 'CSV') throw invalid(`Unsupported contentType: ${String(contentType)}`);
  if (operation === 'hardDelete' && !org.hasPermission('BulkApiHardDelete')) {
    throw new SalesforceError(
      400,
      'FEATURENOTENABLED',
      'FeatureNotEnabled : hardDelete operation requires special user profile permission, please contact your system administrator',
    );
  }
  const now = org.now();
  return {
    id,
    operation,
    object,
    externalIdFieldName: operation === 'upsert' ? externalIdOf(object, externalIdFieldName) : null,
    apiVersion,
    org,
    createdAt: now,
    changedAt: now,
    state: 'Open',
    lineEnding,
    columnDelimiter,
    upload: null,
    outcomes: [],
    failed: 0,
    errorMessage: null,
  };
}

const jobFields: ReadonlySet<string> = new Set([
  'object',
  'operation',
  'externalIdFieldName',
  'contentType',
  'lineEnding',
  'columnDelimiter',
  'assignmentRuleId',
]);

function externalIdOf(object: ObjectDefinition, name: unknown): string {
  const field = typeof name === 'string' ? fieldOf(object, name) : undefined;
  if (field === undefined || !(field.externalId || field.api === 'Id')) {
    throw invalid(
      `Field name provided, ${String(name)} does not match an External ID, Salesforce Id, or indexed field for ${object.api}`,
    );
  }
  return field.api;
}

/** What a whole job fails for; rows before it may have been written, the rest stays unprocessed. */
class JobFailure extends Error {}

/** Writes the rows of a job, letting others have their turn between chunks. */
async function write(
  job: IngestJob,
  trouble: JobTrouble,
  isStopping: () => boolean,
): Promise<'JobComplete' | 'Failed' | 'aborted'> {
  const under = (header: readonly string[], chunk: readonly string[][]): void =>
    job.org.under(trouble.circumstances, () => writeChunk(job, header, chunk));
  try {
    const end = await endOf(job, trouble);
    let header: string[] | null = null;
    let chunk: string[][] = [];
    for await (const cells of rowsOf(job)) {
      if (header === null) {
        header = checkedHeader(job, cells);
        continue;
      }
      if (job.outcomes.length + chunk.length === end) {
        under(header, chunk);
        throw new JobFailure('InternalServerError : The batch was retried 20 times and could not be finished');
      }
      chunk.push(cells);
      if (chunk.length < CHUNK) continue;
      under(header, chunk);
      chunk = [];
      await setImmediate();
      // An abort keeps what is written; the rest stays unprocessed.
      if (job.state !== 'InProgress' || isStopping()) return 'aborted';
    }
    if (header !== null && chunk.length > 0) under(header, chunk);
    return 'JobComplete';
  } catch (error) {
    if (error instanceof JobFailure) job.errorMessage = error.message;
    else if (error instanceof CsvError) job.errorMessage = `InvalidBatch : ${error.message}`;
    else throw error;
    return 'Failed';
  }
}

/** The row before which a job in trouble fails; beyond all rows where it does not. */
async function endOf(job: IngestJob, { failsAfter }: JobTrouble): Promise<number> {
  if (failsAfter === null) return Infinity;
  let lines = 0;
  for await (const cells of rowsOf(job)) if (cells.length > 0) lines += 1;
  return Math.floor(Math.max(0, lines - 1) * failsAfter);
}

/** The rows of an upload, header first. */
async function* rowsOf(job: IngestJob): AsyncGenerator<string[]> {
  const { upload, columnDelimiter, lineEnding } = job;
  if (upload === null || upload.length === 0) return;
  const firstLine = upload.subarray(0, upload.indexOf(0x0a) + 1).toString();
  if (firstLine !== '' && firstLine.endsWith('\r\n') !== (lineEnding === 'CRLF')) {
    throw new JobFailure(
      `ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is ${lineEnding}`,
    );
  }
  const parser = parse({
    bom: true,
    delimiter: delimiters[columnDelimiter],
    record_delimiter: lineEnding === 'LF' ? '\n' : '\r\n',
    skip_empty_lines: true,
  });
  const cut = 256 * 1024;
  const pieces = function* (): Generator<Buffer> {
    for (let from = 0; from < upload.length; from += cut) yield upload.subarray(from, from + cut);
  };
  const source = Readable.from(pieces());
  source.once('error', (error: Error) => parser.destroy(error));
  for await (const record of source.pipe(parser)) {
    if (Array.isArray(record)) yield record.map(String);
  }
}

function checkedHeader(job: IngestJob, cells: readonly string[]): string[] {
  const header = cells.map((name) => name.trim());
  const again = header.find((name, index) => header.findIndex((other) => same(name, other)) !== index);
  if (again !== undefined) throw new JobFailure(`InvalidBatch : Duplicate field name : ${again}`);
  const unknown = header.find((name) => !isKnown(job, name));
  if (unknown !== undefined) throw new JobFailure(`InvalidBatch : Field name not found : ${unknown}`);
  const { operation, externalIdFieldName } = job;
  const deletes = operation === 'delete' || operation === 'hardDelete';
  if (deletes && (header.length !== 1 || !same(header[0] ?? '', 'Id'))) {
    throw new JobFailure(`InvalidBatch : The '${operation}' batch must contain only ids`);
  }
  const key = operation === 'update' ? 'Id' : externalIdFieldName;
  if (key !== null && !header.some((name) => same(name, key))) {
    throw new JobFailure(`InvalidBatch : Missing required header field: ${key}`);
  }
  return header;
}

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();

/** A field, or a parent by external id: `Account.Ref__c`, and `What:Account.Ref__c` where there are several kinds of parent. */
function isKnown(job: IngestJob, name: string): boolean {
  const [path, ...rest] = name.split('.');
  if (rest.length === 0) return fieldOf(job.object, name) !== undefined;
  const [relation = ''] = (path ?? '').split(':');
  return Object.values(job.object.fields).some(({ relationshipName }) => same(relationshipName ?? '', relation));
}

function writeChunk(job: IngestJob, header: readonly string[], rows: readonly string[][]): void {
  const values = rows.map((cells) => valuesIn(header, cells));
  const keys = job.externalIdFieldName === null ? null : values.map((row) => keyOf(row, job.externalIdFieldName ?? ''));
  const results = job.org.batch(() => ({
    rollback: false,
    result: values.map((row, index) => {
      const key = keys?.[index];
      if (key !== undefined && key !== null && keys !== null && keys.indexOf(key) !== keys.lastIndexOf(key)) {
        return refused('DUPLICATE_VALUE', `Duplicate external id specified: ${key}`, [job.externalIdFieldName ?? '']);
      }
      return writeRow(job, row);
    }),
  }));
  job.outcomes.push(...results);
  job.failed += results.filter(({ success }) => !success).length;
}

/** An empty cell leaves a field as it is, `#N/A` empties it. */
function valuesIn(header: readonly string[], cells: readonly string[]): Row {
  const row: Record<string, Value> = {};
  header.forEach((name, index) => {
    const cell = cells[index] ?? '';
    if (cell !== '') row[name] = cell === '#N/A' ? null : cell;
  });
  return row;
}

function keyOf(row: Row, name: string): string | null {
  const found = Object.entries(row).find(([key]) => same(key, name))?.[1];
  return typeof found === 'string' ? found : null;
}

function without(row: Row, name: string): Row {
  return Object.fromEntries(Object.entries(row).filter(([key]) => !same(key, name)));
}

function writeRow(job: IngestJob, row: Row): RowResult {
  const { org, object, operation } = job;
  switch (operation) {
    case 'insert':
      return org.insert(object.api, row);
    case 'update': {
      const id = keyOf(row, 'Id');
      if (id === null) return refused('MISSING_ARGUMENT', 'Id not specified in an update call', ['Id']);
      return org.update(object.api, id, without(row, 'Id'));
    }
    case 'upsert': {
      const name = job.externalIdFieldName ?? 'Id';
      const key = keyOf(row, name);
      const rest = without(row, name);
      // By id alone a row without one is new.
      if (key === null && name === 'Id') return org.insert(object.api, rest);
      if (key === null) return refused('MISSING_ARGUMENT', `${name} not specified`, [name]);
      return org.upsert(object.api, name, key, rest);
    }
    case 'delete':
    case 'hardDelete': {
      const id = keyOf(row, 'Id');
      if (id === null) return refused('MISSING_ARGUMENT', 'Id not specified in a delete call', ['Id']);
      const gone = org.delete(object.api, id);
      return gone.success && operation === 'hardDelete' ? org.purge(gone.id) : gone;
    }
  }
}

const refused = (statusCode: string, message: string, fields: string[]): RowResult => ({
  success: false,
  errors: [{ statusCode, message, fields }],
});

/** Uploads of finished jobs go, oldest first, when they take too much memory together; the job's numbers stay. */
function forgetOld(jobs: ReadonlyMap<string, IngestJob>): void {
  let kept = 0;
  for (const job of [...jobs.values()].toReversed()) {
    kept += job.upload?.length ?? 0;
    if (kept > MAXIMUM_KEPT && (job.state === 'JobComplete' || job.state === 'Failed')) job.upload = null;
  }
}

/** The job as the API returns it; its counts stand only in the details of one job. */
export function ingestJobJson(job: IngestJob, detailed: boolean): Record<string, unknown> {
  return {
    id: job.id,
    operation: job.operation,
    object: job.object.api,
    createdById: job.org.userId,
    createdDate: restTime(job.createdAt),
    systemModstamp: restTime(job.changedAt),
    state: job.state,
    ...(job.externalIdFieldName === null ? {} : { externalIdFieldName: job.externalIdFieldName }),
    concurrencyMode: 'Parallel',
    contentType: 'CSV',
    apiVersion: Number(job.apiVersion),
    jobType: 'V2Ingest',
    contentUrl: `services/data/v${job.apiVersion}/jobs/ingest/${job.id}/batches`,
    lineEnding: job.lineEnding,
    columnDelimiter: job.columnDelimiter,
    ...(detailed
      ? {
          retries: 0,
          totalProcessingTime: 0,
          apiActiveProcessingTime: 0,
          apexProcessingTime: 0,
          numberRecordsProcessed: job.outcomes.length,
          numberRecordsFailed: job.failed,
          ...(job.errorMessage === null ? {} : { errorMessage: job.errorMessage }),
        }
      : {}),
  };
}

const restTime = (time: Date): string => time.toISOString().replace('Z', '+0000');

export type ResultFile = 'successfulResults' | 'failedResults' | 'unprocessedrecords';

/** The rows up to the first that can't be read, which the job has failed for. */
async function* readableRowsOf(job: IngestJob): AsyncGenerator<string[]> {
  try {
    yield* rowsOf(job);
  } catch (error) {
    if (!(error instanceof CsvError) && !(error instanceof JobFailure)) throw error;
  }
}

/** One of the three files that tell what became of each row, as CSV in the upload's own delimiter and line ending. */
export async function* resultFile(job: IngestJob, file: ResultFile): AsyncGenerator<string> {
  const options = {
    delimiter: delimiters[job.columnDelimiter],
    record_delimiter: job.lineEnding === 'LF' ? '\n' : '\r\n',
    quoted: true,
    quoted_empty: true,
  };
  let lines: string[][] = [];
  let index = -1;
  for await (const cells of readableRowsOf(job)) {
    const line = index < 0 ? [...added[file], ...cells] : resultLine(file, job.outcomes[index], cells);
    index += 1;
    if (line !== null) lines.push(line);
    if (lines.length < 1000) continue;
    yield stringify(lines, options);
    lines = [];
  }
  if (lines.length > 0) yield stringify(lines, options);
}

const added = {
  successfulResults: ['sf__Id', 'sf__Created'],
  failedResults: ['sf__Id', 'sf__Error'],
  unprocessedrecords: [],
} as const;

function resultLine(file: ResultFile, outcome: RowResult | undefined, cells: readonly string[]): string[] | null {
  switch (file) {
    case 'successfulResults':
      return outcome?.success === true ? [outcome.id, String(outcome.created), ...cells] : null;
    case 'failedResults':
      return outcome?.success === false ? ['', errorText(outcome.errors), ...cells] : null;
    case 'unprocessedrecords':
      return outcome === undefined ? [...cells] : null;
  }
}

/** `REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --`; without fields the last part is `--` alone. [K] */
const errorText = (errors: readonly RowError[]): string =>
  errors.map(({ statusCode, message, fields }) => `${statusCode}:${message}:${[...fields, '--'].join(' ')}`).join(';');
