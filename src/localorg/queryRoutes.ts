/** SOQL by REST: answers in pages behind opaque locators. */
import { randomBytes } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { QueryAnswer } from './engine.js';
import { hitOf } from './faults.js';
import { SalesforceError } from './refusal.js';
import { versionOf } from './requests.js';
import { ok, type Call, type Resource } from './resources.js';

const MAXIMUM_CURSORS = 1000;
/** Rows behind all cursors together; each costs eight bytes. */
const MAXIMUM_ROWS = 10_000_000;
const DEFAULT_BATCH = 2000;

/** Opens the routes; returns what of them may stand inside a composite request. */
export function queryRoutes(api: FastifyInstance): readonly Resource[] {
  const cursors = new Map<string, { answer: QueryAnswer; batch: number }>();
  let rows = 0;
  const page = (
    answer: QueryAnswer,
    from: number,
    batch: number,
    apiVersion: string,
    key: string | undefined,
  ): Record<string, unknown> => {
    const until = Math.min(answer.totalSize, from + batch);
    const done = until >= answer.totalSize;
    const name = done ? undefined : (key ?? keep(answer, batch));
    return {
      totalSize: answer.totalSize,
      done,
      ...(name === undefined ? {} : { nextRecordsUrl: `/services/data/v${apiVersion}/query/${name}-${until}` }),
      records: answer.records(from, batch),
    };
  };
  const keep = (answer: QueryAnswer, batch: number): string => {
    const name = `0r8${randomBytes(11).toString('base64url').replaceAll(/[-_]/g, 'x')}`.slice(0, 18);
    // The oldest cursors go first, so that clients that never finish cost little memory.
    rows += answer.totalSize;
    for (const [oldest, cursor] of cursors) {
      if (cursors.size < MAXIMUM_CURSORS && rows <= MAXIMUM_ROWS) break;
      rows -= cursor.answer.totalSize;
      cursors.delete(oldest);
    }
    cursors.set(name, { answer, batch });
    return name;
  };
  const first = (
    { org, version }: Pick<Call, 'org' | 'version'>,
    q: unknown,
    withDeleted: boolean,
    batch: number,
  ): Record<string, unknown> =>
    page(org.query(asked(q), { apiVersion: version, purpose: 'rest', withDeleted }), 0, batch, version, undefined);
  const run = (request: FastifyRequest, withDeleted: boolean): Record<string, unknown> => {
    const { q, columns } = z.object({ q: z.string().optional(), columns: z.string().optional() }).parse(request.query);
    const version = versionOf(request);
    if (columns === 'true') return request.org.queryColumns(asked(q));
    return first({ org: request.org, version }, q, withDeleted, batchSizeOf(request));
  };
  api.get('/query', (request) => run(request, false));
  api.get('/queryAll', (request) => run(request, true));
  const more = (request: FastifyRequest): Record<string, unknown> => {
    const { locator } = z.object({ locator: z.string() }).parse(request.params);
    const [, key = '', from = ''] = /^(0r8\w+)-(\d+)$/.exec(locator) ?? [];
    const cursor = cursors.get(key);
    if (cursor === undefined || Number(from) >= cursor.answer.totalSize) {
      throw new SalesforceError(400, 'INVALID_QUERY_LOCATOR', 'invalid query locator');
    }
    return page(cursor.answer, Number(from), atMost(request, cursor.batch), versionOf(request), key);
  };
  api.get('/query/:locator', more);
  api.get('/queryAll/:locator', more);
  const inside = (url: string, withDeleted: boolean): Resource => ({
    method: 'GET',
    url,
    answer: (call) => ok(first(call, call.query['q'], withDeleted, DEFAULT_BATCH)),
  });
  return [inside('/query', false), inside('/queryAll', true)];
}

function asked(q: unknown): string {
  if (typeof q === 'string') return q;
  throw new SalesforceError(400, 'MALFORMED_QUERY', 'SOQL query is missing: expected the parameter q.');
}

function batchSizeOf(request: FastifyRequest): number {
  const match = /batchSize\s*=\s*(\d+)/i.exec(String(request.headers['sforce-query-options'] ?? ''));
  return atMost(request, match === null ? DEFAULT_BATCH : Math.min(2000, Math.max(200, Number(match[1]))));
}

/** The org may return fewer rows than were asked for, below the smallest size that a client may ask for too. */
function atMost(request: FastifyRequest, batch: number): number {
  const smaller = hitOf(request.hits, 'page-size');
  if (smaller === undefined) return batch;
  smaller.fired(`${smaller.fault.rows} rows a page`);
  return Math.min(batch, smaller.fault.rows);
}
