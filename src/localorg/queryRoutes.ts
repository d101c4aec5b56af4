/** SOQL by REST: answers in pages behind opaque locators. */
import { randomBytes } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { QueryAnswer } from './engine.js';
import { SalesforceError } from './refusal.js';
import { versionOf } from './requests.js';

const MAXIMUM_CURSORS = 1000;
const DEFAULT_BATCH = 2000;

export function queryRoutes(api: FastifyInstance): void {
  const cursors = new Map<string, { answer: QueryAnswer; batch: number }>();
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
    // The oldest cursor goes first, so that clients that never finish cost no memory.
    const [oldest] = cursors.keys();
    if (cursors.size >= MAXIMUM_CURSORS && oldest !== undefined) cursors.delete(oldest);
    cursors.set(name, { answer, batch });
    return name;
  };
  const run = (request: FastifyRequest, withDeleted: boolean): Record<string, unknown> => {
    const { q } = z.object({ q: z.string().optional() }).parse(request.query);
    if (q === undefined)
      throw new SalesforceError(400, 'MALFORMED_QUERY', 'SOQL query is missing: expected the parameter q.');
    const apiVersion = versionOf(request);
    const answer = request.org.query(q, { apiVersion, purpose: 'rest', withDeleted });
    return page(answer, 0, batchSizeOf(request), apiVersion, undefined);
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
    return page(cursor.answer, Number(from), cursor.batch, versionOf(request), key);
  };
  api.get('/query/:locator', more);
  api.get('/queryAll/:locator', more);
}

function batchSizeOf(request: FastifyRequest): number {
  const match = /batchSize\s*=\s*(\d+)/i.exec(String(request.headers['sforce-query-options'] ?? ''));
  return match === null ? DEFAULT_BATCH : Math.min(2000, Math.max(200, Number(match[1])));
}
