/** Bulk API 2.0 ingest: many rows of one object in one job, each with its own outcome. */
import { createReadStream, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGunzip } from 'node:zlib';
import { Messages, SfError } from '@salesforce/core';
import { CsvError, parse } from 'csv-parse';
import { stringify } from 'csv-stringify/sync';
import { z } from 'zod';
import type { KamOrg } from './connect.js';
import { STOPPED } from './exitCodes.js';
import type { Row } from './row.js';
import { mayPass } from './transport.js';

Messages.importMessagesDirectoryFromMetaUrl(import.meta.url);
const messages = Messages.loadMessages('sf-plugin-kam', 'org');

/** Rows of one job: Salesforce takes 150 MB as base64, and this keeps far below it whatever the rows say. */
export const JOB_ROWS = 20_000;

export type JobOutcome = { success: boolean; errors: { statusCode: string; message: string }[] };

const SECOND = 1000;
const POLL_PAUSES = [0.1, 0.5, 1, 2, 3, 5, 8, 13, 21, 30];
const JOB_MINUTES = 120;
const TRIES = 3;

const job = z.object({
  id: z.string(),
  state: z.enum(['Open', 'UploadComplete', 'InProgress', 'JobComplete', 'Failed', 'Aborted']),
  numberRecordsProcessed: z.number().optional(),
  numberRecordsFailed: z.number().optional(),
  errorMessage: z.string().optional(),
});
type Job = z.infer<typeof job>;

/**
 * Updates or upserts rows of one object and one key, in their order.
 *
 * Shape:  one outcome per row; null where the job ended without having come to it, or nobody can tell: look, then send
 *         it again. `file` is where results land before they are read; `unit` is what the job is waited for in, in ms.
 * Errors: those of the transport; `IngestJobTimeoutError` (exit 69), which leaves the job running.
 */
export async function ingest(
  org: KamOrg,
  rows: readonly Row[],
  file: string,
  unit: number = SECOND,
): Promise<(JobOutcome | null)[]> {
  const id = await uploaded(org, rows, file);
  const ended = await endOf(org, id, unit);
  rmSync(noteOf(file), { force: true });
  const { numberRecordsProcessed: processed, numberRecordsFailed: refused } = ended;
  const failed = await resultsOf(org, id, 'failedResults', refused, file);
  const left = await resultsOf(
    org,
    id,
    'unprocessedrecords',
    processed === undefined ? undefined : rows.length - processed,
    file,
  );
  const keyField = rows[0]?.keyField ?? '';
  const errorOf = new Map(failed.map((each) => [each[keyField] ?? '', each['sf__Error'] ?? '']));
  const unprocessed = new Set(left.map((each) => each[keyField] ?? ''));
  await org.transport.send('DELETE', org.path(`jobs/ingest/${id}`)).catch((error: unknown) => {
    // Its outcomes are known; a job that stays is deleted by Salesforce after seven days.
    if (!(error instanceof SfError) || error.name !== 'RequestRefusedError') throw error;
  });
  // Results that don't add up say nothing of the rows that they leave out.
  const adds =
    (processed === undefined || processed + left.length === rows.length) &&
    (refused === undefined || refused === failed.length);
  return rows.map(({ key }): JobOutcome | null => {
    const error = errorOf.get(key);
    if (error !== undefined) return { success: false, errors: [errorIn(error)] };
    return unprocessed.has(key) || !adds ? null : { success: true, errors: [] };
  });
}

const noteOf = (file: string): string => `${file}.job`;

/** Ends the job that a run which broke off left under way, so that it does not write behind the back of the next one. */
export async function endLeftJob(org: KamOrg, file: string): Promise<void> {
  if (!existsSync(noteOf(file))) return;
  const id = readFileSync(noteOf(file), 'utf8');
  try {
    await org.transport.send('PATCH', org.path(`jobs/ingest/${id}`), { state: 'Aborted' });
  } catch (error) {
    // It has ended by itself, or Salesforce has forgotten it.
    if (!(error instanceof SfError) || error.name !== 'RequestRefusedError') throw error;
  }
  rmSync(noteOf(file), { force: true });
}

/** Creates the job, uploads the rows and closes it; where the answer to an upload is lost, another job takes its place. */
async function uploaded(org: KamOrg, rows: readonly Row[], file: string): Promise<string> {
  const [first] = rows;
  if (first === undefined) throw new Error('A job needs rows.');
  const { object, keyField } = first;
  const csv = csvOf(rows);
  for (let tried = 1; ; tried += 1) {
    const { id } = job.parse(
      (
        await org.transport.send(
          'POST',
          org.path('jobs/ingest'),
          {
            object,
            contentType: 'CSV',
            lineEnding: 'LF',
            ...(keyField === 'Id' ? { operation: 'update' } : { operation: 'upsert', externalIdFieldName: keyField }),
          },
          // A job whose answer was lost stays open and empty, and changes nothing.
          { again: true },
        )
      ).body,
    );
    try {
      await org.transport.send('PUT', org.path(`jobs/ingest/${id}/batches`), csv, {
        again: false,
        contentType: 'text/csv',
      });
    } catch (error) {
      if (!(error instanceof Error) || !mayPass(error) || tried === TRIES) throw error;
      await org.transport.send('PATCH', org.path(`jobs/ingest/${id}`), { state: 'Aborted' });
      continue;
    }
    // Before it begins to write, so that a run after this one knows of it.
    writeFileSync(noteOf(file), id, { mode: 0o600 });
    await close(org, id);
    return id;
  }
}

/** Closing it twice is refused: where the first answer was lost, the job says that it was closed. */
async function close(org: KamOrg, id: string): Promise<void> {
  try {
    await org.transport.send('PATCH', org.path(`jobs/ingest/${id}`), { state: 'UploadComplete' });
  } catch (error) {
    const { state } = job.parse((await org.transport.send('GET', org.path(`jobs/ingest/${id}`))).body);
    if (state === 'Open') throw error;
  }
}

async function endOf(org: KamOrg, id: string, unit: number): Promise<Job> {
  const pauses = POLL_PAUSES.values();
  let pause = 0;
  let waited = 0;
  while (waited < JOB_MINUTES * 60) {
    pause = pauses.next().value ?? pause;
    await sleep(pause * unit);
    waited += pause;
    const looked = job.parse((await org.transport.send('GET', org.path(`jobs/ingest/${id}`))).body);
    if (looked.state === 'JobComplete' || looked.state === 'Failed' || looked.state === 'Aborted') return looked;
  }
  throw messages.createError('error.IngestJobTimeout', [id, JOB_MINUTES], [], STOPPED);
}

const resultRow = z.record(z.string(), z.string());

/** Rows of a result file; one that was cut off on its way, by its form or by the rows announced, is read again. */
async function resultsOf(
  org: KamOrg,
  id: string,
  what: 'failedResults' | 'unprocessedrecords',
  announced: number | undefined,
  file: string,
): Promise<z.infer<typeof resultRow>[]> {
  const path = org.path(`jobs/ingest/${id}/${what}`);
  for (let tried = 1; ; tried += 1) {
    try {
      const { isGzip } = await org.transport.download(path, file);
      const bytes = createReadStream(file);
      const rows: z.infer<typeof resultRow>[] = [];
      const lines = (isGzip ? bytes.pipe(createGunzip()) : bytes).pipe(parse({ columns: true, bom: true }));
      for await (const line of lines) rows.push(resultRow.parse(line));
      if (rows.length === (announced ?? rows.length) || tried === TRIES) return rows;
    } catch (error) {
      if (!(error instanceof CsvError)) throw error;
      if (tried === TRIES) {
        throw messages.createError('error.BadAnswer', ['GET', path, 'CSV', error.message], [], STOPPED, error);
      }
    } finally {
      rmSync(file, { force: true });
    }
  }
}

/** `CODE:what happened:fields --`. */
function errorIn(text: string): JobOutcome['errors'][number] {
  const [, statusCode = 'UNKNOWN', message = text] = /^([A-Z_]+):(.*)$/s.exec(text) ?? [];
  return { statusCode, message: message.replace(/:[^:]*--\s*$/, '').trim() };
}

/** An empty cell leaves a field as it is; `#N/A` empties it. */
function csvOf(rows: readonly Row[]): string {
  const keyField = rows[0]?.keyField ?? 'Id';
  const columns = [...new Set(rows.flatMap(({ after }) => Object.keys(after ?? {})))];
  return stringify([
    [keyField, ...columns],
    ...rows.map(({ key, after }) => [
      key,
      ...columns.map((column) => {
        const value = after?.[column];
        if (value === undefined) return '';
        return value === null || value === '' ? '#N/A' : String(value);
      }),
    ]),
  ]);
}
