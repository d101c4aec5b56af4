/** What an org is made of: its versions, resources, limits and the describe of its objects. */
import type { FastifyInstance } from 'fastify';
import { describeBriefly, describeFully } from './describe.js';
import type { Engine } from './engine.js';
import { KEPT } from './recycleBin.js';
import { SalesforceError } from './refusal.js';
import { newestVersion, oldestVersion, versionOf } from './requests.js';
import { objectOf, ok, type Answer, type Call, type Resource } from './resources.js';
import type { Traffic } from './traffic.js';
import { parseInstant, restInstant } from './values.js';

export function versions(): unknown[] {
  const seasons = ['Spring', 'Summer', 'Winter'];
  return Array.from({ length: newestVersion - oldestVersion + 1 }, (_, index) => {
    const version = oldestVersion + index;
    // v51 was Spring '21; three releases a year, and the third is named after the next.
    const year = Math.floor((version + 1) / 3) + 4;
    return {
      label: `${seasons[version % 3]} '${year}`,
      url: `/services/data/v${version}.0`,
      version: `${version}.0`,
    };
  });
}

export function resourceRoutes(api: FastifyInstance, traffic: Traffic, address: () => string): void {
  api.get('', (request) => {
    const base = `/services/data/v${versionOf(request)}`;
    const { orgId, userId } = request.org;
    return {
      identity: `${address()}/id/${orgId}/${userId}`,
      sobjects: `${base}/sobjects`,
      query: `${base}/query`,
      limits: `${base}/limits`,
      composite: `${base}/composite`,
      jobs: `${base}/jobs`,
      metadata: `${base}/metadata`,
      tooling: `${base}/tooling`,
    };
  });
  api.get('/limits', () => {
    const { used, max } = traffic.usage();
    const full = (Max: number): { Max: number; Remaining: number } => ({ Max, Remaining: Max });
    return {
      DailyApiRequests: { Max: max, Remaining: max - used },
      DailyBulkApiBatches: full(15_000),
      DailyBulkV2QueryJobs: full(10_000),
      DailyBulkV2QueryFileStorageMB: full(976_562),
      DataStorageMB: full(1024),
      FileStorageMB: full(1024),
    };
  });
}

/** The org's objects, and what of them has changed. */
export const describeResources: readonly Resource[] = [
  {
    method: 'GET',
    url: '/sobjects',
    answer: ({ org, version }) =>
      dated(org, {
        encoding: 'UTF-8',
        maxBatchSize: 200,
        sobjects: org.objects().map((object) => describeBriefly(object, version)),
      }),
  },
  {
    method: 'GET',
    url: '/sobjects/:object',
    answer: (call) =>
      dated(call.org, { objectDescribe: describeBriefly(objectOf(call), call.version), recentItems: [] }),
  },
  {
    method: 'GET',
    url: '/sobjects/:object/describe',
    answer: (call) => dated(call.org, describeFully(objectOf(call), call.org.objects(), call.version)),
  },
  { method: 'GET', url: '/sobjects/:object/updated', answer: updated },
  { method: 'GET', url: '/sobjects/:object/deleted', answer: deleted },
  { method: 'GET', url: '/limits/recordCount', answer: recordCount },
];

/** An answer that clients may keep until the metadata changes. */
const dated = (org: Engine, body: unknown): Answer => ({
  status: 200,
  body,
  headers: { 'Last-Modified': org.metadataChangedAt().toUTCString() },
});

function updated(call: Call): Answer {
  const { from, until } = window(call, MAXIMUM_UPDATED);
  const { updated: ids } = call.org.changedBetween(objectOf(call).api, from, until);
  if (ids.length > MAXIMUM_CHANGES) throw tooManyChanges();
  return ok({ ids, latestDateCovered: restInstant(until.getTime()) });
}

function deleted(call: Call): Answer {
  const { from, until } = window(call, KEPT);
  const { deleted: gone } = call.org.changedBetween(objectOf(call).api, from, until);
  if (gone.length > MAXIMUM_CHANGES) throw tooManyChanges();
  return ok({
    deletedRecords: gone.map(({ id, at }) => ({ id, deletedDate: restInstant(at.getTime()) })),
    earliestDateAvailable: restInstant(toMinute(call.org.now().getTime() - KEPT)),
    latestDateCovered: restInstant(until.getTime()),
  });
}

const MINUTE = 60_000;
const MAXIMUM_UPDATED = 30 * 24 * 60 * MINUTE;
const MAXIMUM_CHANGES = 600_000;

const toMinute = (time: number): number => Math.floor(time / MINUTE) * MINUTE;

const tooManyChanges = (): SalesforceError =>
  new SalesforceError(400, 'EXCEEDED_ID_LIMIT', `more than ${MAXIMUM_CHANGES} records; ask for a shorter time`);

/** From the minute of `start` until that of `end`, at most until now; the end itself is left to the next window. */
function window({ org, query }: Call, longest: number): { from: Date; until: Date } {
  const [start, end] = [query['start'], query['end']].map((text) =>
    typeof text === 'string' ? parseInstant(text.replace(' ', '+')) : Number.NaN,
  );
  if (start === undefined || end === undefined || Number.isNaN(start) || Number.isNaN(end)) {
    throw new SalesforceError(400, 'MISSING_ARGUMENT', 'expected ?start=2026-11-24T00:00:00Z&end=2026-11-24T12:00:00Z');
  }
  const now = org.now().getTime();
  const [from, until] = [toMinute(start), Math.min(toMinute(end), now)];
  if (until - from < MINUTE) throw badWindow('endDate must be at least one minute greater than startDate');
  if (from < now - longest) throw badWindow('startDate cannot be more than the maximum number of days ago');
  return { from: new Date(from), until: new Date(until) };
}

const badWindow = (message: string): SalesforceError => new SalesforceError(400, 'INVALID_REPLICATION_DATE', message);

/** Rounded as Salesforce's are not: here every record counts at once. */
function recordCount({ org, query }: Call): Answer {
  const named = query['sObjects'];
  // The sf CLI asks for all with an empty list.
  const asked = typeof named === 'string' && named !== '' ? named.split(',').map((name) => name.trim()) : null;
  const objects =
    asked === null
      ? org.objects().filter(({ kind }) => kind !== 'customMetadata')
      : asked.flatMap((name) => org.object(name) ?? []);
  return ok({
    sObjects: objects.map(({ api }) => ({
      count: org.query(`SELECT COUNT() FROM ${api}`, { apiVersion: `${newestVersion}.0`, purpose: 'rest' }).totalSize,
      name: api,
    })),
  });
}
