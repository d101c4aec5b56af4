/** Reads settings and sales: REST for few rows, Bulk API 2.0 for many, both spooled to disk in one form. */
import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { Messages } from '@salesforce/core';
import { stringify } from 'csv-stringify';
import { z } from 'zod';
import type { BookTable, Spooled } from '../book/book.js';
import { parseSettings, type Settings } from '../kam/settings.js';
import { PREFLIGHT_FAILED, type KamOrg } from './connect.js';
import { shapeOf } from './preflight.js';
import {
  costFieldIn,
  lineObject,
  metadataQueries,
  opportunityObject,
  problemText,
  productObject,
  pullsOf,
  rawSettings,
  serviceObjects,
  type MetadataRecord,
  type Pull,
  type Wants,
} from './records.js';

Messages.importMessagesDirectoryFromMetaUrl(import.meta.url);
const messages = Messages.loadMessages('sf-plugin-kam', 'org');

/** Salesforce recommends Bulk from 2,000 rows on; up to here REST is as many calls or fewer. */
export const restRows = 10_000;
const BULK_PAGE = 50_000;
const PARALLEL_PAGES = 4;
const SECOND = 1000;
const POLL_PAUSES = [0.1, 0.2, 0.5, 1, 2, 3, 5, 8, 13, 21, 30].map((seconds) => seconds * SECOND);
const POLL_ERRORS = 5;
const JOB_MINUTES = 120;

/**
 * Reads and checks all settings.
 *
 * Errors: `SettingsMissingError`; `SettingsInvalidError` listing every problem with record, field and value.
 */
export async function readSettings(org: KamOrg): Promise<Settings> {
  return (await readSettingRecords(org)).settings;
}

/** All settings, checked as by `readSettings`, with the records that they stand in. */
export async function readSettingRecords(org: KamOrg): Promise<{ settings: Settings; records: MetadataRecord[] }> {
  const records: MetadataRecord[] = [];
  for (const { type, soql } of metadataQueries) {
    for (const record of await queryAll(org, soql)) {
      records.push({ type, developerName: String(record['DeveloperName']), values: record });
    }
  }
  records.sort((a, b) => (`${a.type} ${a.developerName}` < `${b.type} ${b.developerName}` ? -1 : 1));
  if (!records.some(({ type, developerName }) => type === metadataQueries[0]?.type && developerName === 'Default')) {
    throw messages.createError('error.SettingsMissing', [], [], PREFLIGHT_FAILED);
  }
  const parsed = parseSettings(rawSettings(records));
  if ('settings' in parsed) {
    await refuseUnknownNames(org, parsed.settings, records);
    return { settings: parsed.settings, records };
  }
  throw invalid(parsed.problems.map((problem) => problemText(problem, records)));
}

const invalid = (lines: readonly string[]): Error =>
  messages.createError(
    'error.SettingsInvalid',
    [lines.length === 1 ? 'One' : String(lines.length), lines.map((line) => `  ${line}`).join('\n')],
    [],
    PREFLIGHT_FAILED,
  );

/**
 * What the settings name must be there: fields plain, because a formula changes without the record's time stamp moving,
 * and objects that a rate asks for readable, because what is not seen would count as nothing.
 */
async function refuseUnknownNames(org: KamOrg, settings: Settings, records: readonly MetadataRecord[]): Promise<void> {
  const { source, margin, service } = settings;
  const fields = [
    { object: opportunityObject, path: ['source', 'opportunityFamilyField'], name: source.opportunityFamilyField },
    ...(margin.source === 'line'
      ? [{ object: lineObject, path: ['margin', 'lineCostField'], name: costFieldIn(margin) }]
      : []),
    ...(margin.source === 'product'
      ? [{ object: productObject, path: ['margin', 'productCostField'], name: margin.productCostField ?? '' }]
      : []),
  ];
  const problems: string[] = [];
  const refuse = (path: string[], value: unknown, expected: string): void => {
    problems.push(problemText({ path, value, expected }, records));
  };
  for (const { object, path, name } of fields) {
    if (name === null) continue;
    const field = (await org.describe(object))?.fields.get(name);
    if (field === undefined) refuse(path, name, `a field of ${object} that this user can read`);
    else if (field.calculated) refuse(path, name, 'a field that is no formula');
  }
  const rates = [
    { path: 'visitCost', kind: 'visit', rate: service.visitCost },
    { path: 'callCost', kind: 'call', rate: service.callCost },
    { path: 'caseCost', kind: 'case', rate: service.caseCost },
  ] as const;
  for (const { path, kind, rate } of rates) {
    if (rate === null || (await org.describe(serviceObjects[kind])) !== null) continue;
    refuse(['service', path], rate, `nothing, as this user can't read ${serviceObjects[kind]}`);
  }
  if (problems.length > 0) throw invalid(problems);
}

export type Pulled = { table: BookTable; spooled: Spooled };
export type OnRows = (table: BookTable, done: number, total: number) => void;

/**
 * Pulls what the book needs, one table after the other.
 *
 * Shape:  CSV files in `folder`, whatever way the rows came; columns in the same order with a header each.
 * Errors: those of the transport; `QueryJobFailedError`, `QueryJobTimeoutError`; `RowsMissingError` where fewer rows
 *         came than were announced. A job that still runs is never deleted.
 */
export async function* pull(
  org: KamOrg,
  folder: string,
  options: { wants: Wants; restUpTo?: number },
  onRows: OnRows,
): AsyncGenerator<Pulled> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const each of pullsOf(await shapeOf(org), options.wants)) {
    if (!each.isThere) {
      yield { table: each.table, spooled: { files: [], columns: columnsOf(each), rows: 0 } };
      continue;
    }
    const total = await countOf(org, each);
    const few = total <= (options.restUpTo ?? restRows);
    const progress = (done: number): void => onRows(each.table, done, total);
    const spooled = few ? await overRest(org, each, folder, progress) : await overBulk(org, each, folder, progress);
    yield { table: each.table, spooled };
  }
}

const whereOf = ({ where }: Pull): string => (where === '' ? '' : ` WHERE ${where}`);
const soqlOf = (each: Pull): string =>
  `SELECT ${each.sources.map(({ path }) => path).join(', ')} FROM ${each.object}${whereOf(each)}`;
const columnsOf = (each: Pull): Spooled['columns'] => each.sources.map(({ name, type }) => ({ name, type }));

async function countOf(org: KamOrg, each: Pull): Promise<number> {
  const page = queryPage.parse(
    (await org.transport.send('GET', queryPath(org, `SELECT COUNT() FROM ${each.object}${whereOf(each)}`, each.all)))
      .body,
  );
  return page.totalSize;
}

const queryPage = z.object({
  totalSize: z.number(),
  done: z.boolean(),
  nextRecordsUrl: z.string().optional(),
  records: z.array(z.record(z.string(), z.unknown())),
});

const queryPath = (org: KamOrg, soql: string, all = false): string =>
  org.path(`${all ? 'queryAll' : 'query'}?q=${encodeURIComponent(soql)}`);

async function* pagesOf(org: KamOrg, soql: string, all = false): AsyncGenerator<z.infer<typeof queryPage>> {
  let path: string | undefined = queryPath(org, soql, all);
  while (path !== undefined) {
    const page: z.infer<typeof queryPage> = queryPage.parse((await org.transport.send('GET', path)).body);
    yield page;
    path = page.done ? undefined : page.nextRecordsUrl;
  }
}

/** All records of a small query. */
export async function queryAll(org: KamOrg, soql: string): Promise<Record<string, unknown>[]> {
  const records: Record<string, unknown>[] = [];
  for await (const page of pagesOf(org, soql)) records.push(...page.records);
  return records;
}

async function overRest(org: KamOrg, each: Pull, folder: string, progress: (done: number) => void): Promise<Spooled> {
  const file = join(folder, `${each.table}.csv`);
  const csv = stringify({ header: true, columns: each.sources.map(({ path }) => path), quoted_string: true });
  const writing = pipeline(csv, createWriteStream(file, { mode: 0o600 }));
  let rows = 0;
  let announced = 0;
  for await (const page of pagesOf(org, soqlOf(each), each.all)) {
    announced = page.totalSize;
    for (const record of page.records) csv.write(each.sources.map(({ path }) => cell(record, path)));
    rows += page.records.length;
    progress(rows);
  }
  csv.end();
  await writing;
  if (rows !== announced) throw messages.createError('error.RowsMissing', [each.object, announced, rows]);
  return { files: [file], columns: columnsOf(each), rows };
}

/** A value at its path, as the Bulk API writes it; an absent parent and null are an empty cell. */
function cell(record: Record<string, unknown>, path: string): string {
  let value: unknown = record;
  for (const step of path.split('.')) value = isRecord(value) ? value[step] : null;
  return value === null || value === undefined ? '' : String(value);
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

const jobState = z.object({
  id: z.string(),
  state: z.enum(['UploadComplete', 'InProgress', 'JobComplete', 'Failed', 'Aborted']),
  numberRecordsProcessed: z.number().optional(),
  errorMessage: z.string().optional(),
});
type JobState = z.infer<typeof jobState>;

async function overBulk(org: KamOrg, each: Pull, folder: string, progress: (done: number) => void): Promise<Spooled> {
  const created = await org.transport.send('POST', org.path('jobs/query'), {
    operation: each.all === true ? 'queryAll' : 'query',
    query: soqlOf(each),
  });
  const job = await finished(org, each, jobState.parse(created.body).id);
  const pages = await downloadPages(org, each, job, folder, progress);
  const rows = pages.reduce((sum, page) => sum + page.rows, 0);
  const announced = job.numberRecordsProcessed ?? rows;
  if (rows !== announced) throw messages.createError('error.RowsMissing', [each.object, announced, rows]);
  await org.transport.send('DELETE', org.path(`jobs/query/${job.id}`));
  return { files: pages.map(({ file }) => file), columns: columnsOf(each), rows };
}

async function finished(org: KamOrg, each: Pull, id: string): Promise<JobState> {
  const pauses = POLL_PAUSES.values();
  let pause = 0;
  let waited = 0;
  let errors = 0;
  while (waited < JOB_MINUTES * 60 * SECOND) {
    pause = pauses.next().value ?? pause;
    await sleep(pause);
    waited += pause;
    try {
      const job = jobState.parse((await org.transport.send('GET', org.path(`jobs/query/${id}`))).body);
      errors = 0;
      if (job.state === 'JobComplete') return job;
      if (job.state === 'Failed' || job.state === 'Aborted') {
        throw messages.createError('error.QueryJobFailed', [
          id,
          each.object,
          job.state,
          job.errorMessage ?? 'no message',
        ]);
      }
    } catch (error) {
      errors += 1;
      const isFinal =
        error instanceof Error && (error.name === 'QueryJobFailedError' || error.name === 'SessionExpiredError');
      if (isFinal || errors > POLL_ERRORS) throw error;
    }
  }
  throw messages.createError('error.QueryJobTimeout', [id, each.object, JOB_MINUTES]);
}

type Page = { file: string; rows: number };

/** Pages in parallel where the org offers links to them (v58 and later), else one after the other. */
async function downloadPages(
  org: KamOrg,
  each: Pull,
  job: JobState,
  folder: string,
  progress: (done: number) => void,
): Promise<Page[]> {
  const pages: Page[] = [];
  let done = 0;
  const download = async (path: string, number: number): Promise<{ page: Page; locator: string | null }> => {
    const raw = join(folder, `${each.table}-${String(number).padStart(6, '0')}.csv`);
    const { file, headers } = await saved(org, path, raw);
    const rows = Number(headers['sforce-numberofrecords'] ?? Number.NaN);
    if (!Number.isSafeInteger(rows))
      throw messages.createError('error.BadAnswer', ['GET', path, 'result page', 'no Sforce-NumberOfRecords']);
    done += rows;
    progress(done);
    const locator = headers['sforce-locator'];
    return { page: { file, rows }, locator: locator === undefined || locator === 'null' ? null : locator };
  };
  if (Number(org.apiVersion) >= 58) {
    let next: string | null = org.path(`jobs/query/${job.id}/resultPages?maxRecords=${BULK_PAGE}`);
    while (next !== null) {
      const links: z.infer<typeof pageLinks> = pageLinks.parse((await org.transport.send('GET', next)).body);
      for (let from = 0; from < links.resultPages.length; from += PARALLEL_PAGES) {
        const batch = links.resultPages.slice(from, from + PARALLEL_PAGES);
        const first = pages.length;
        const got = await Promise.all(batch.map(({ resultUrl }, index) => download(resultUrl, first + index)));
        pages.push(...got.map(({ page }) => page));
      }
      next = links.done ? null : links.nextRecordsUrl;
    }
    return pages;
  }
  let locator: string | null = null;
  do {
    const from: string = locator === null ? '' : `&locator=${encodeURIComponent(locator)}`;
    const got: Awaited<ReturnType<typeof download>> = await download(
      org.path(`jobs/query/${job.id}/results?maxRecords=${BULK_PAGE}${from}`),
      pages.length,
    );
    pages.push(got.page);
    locator = got.locator;
  } while (locator !== null);
  return pages;
}

const pageLinks = z.object({
  resultPages: z.array(z.object({ resultUrl: z.string().startsWith('/services/data/') })),
  nextRecordsUrl: z.string().nullable(),
  done: z.boolean(),
});

/** Saves a body as it comes; a gzip body keeps its ending, by which the book knows it. */
async function saved(
  org: KamOrg,
  path: string,
  file: string,
): Promise<{ file: string; headers: Readonly<Record<string, string>> }> {
  const { headers, isGzip } = await org.transport.download(path, file);
  if (!isGzip) return { file, headers };
  const { rename } = await import('node:fs/promises');
  await rename(file, `${file}.gz`);
  return { file: `${file}.gz`, headers };
}
