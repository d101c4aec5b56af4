/** Makes the faults that fire on a request happen to it: before its work, around it, and to its answer. */
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import omit from 'lodash/omit.js';

import { z } from 'zod';
import type { FieldDefinition, ObjectDefinition } from '../schema/model.js';
import type { JobTrouble } from './bulkIngest.js';
import type { Circumstances, Engine } from './engine.js';
import { hitOf, shuffled, type FaultTable, type Hit, type HitOf } from './faults.js';
import { openLocks, type Locks } from './locks.js';
import { SalesforceError } from './refusal.js';
import { newestVersion } from './requests.js';
import type { Sessions } from './sessions.js';
import { fieldOf } from './soql.js';
import type { Traffic } from './traffic.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The faults that fire on this request. */
    hits: readonly Hit[];
    /** Until when the request holds the accounts that it wrote to; its answer does not go out earlier. */
    held: Promise<void> | undefined;
    /** What the job that this request sets off will meet. */
    trouble: JobTrouble | undefined;
  }
}

type Weather = { engine: Engine; faults: FaultTable; sessions: Sessions; traffic: Traffic };

/**
 * Lets the faults loose on every route that is registered afterwards but those below `/local/`.
 *
 * Must be called before the routes and after the hooks that check the session and compress the answer.
 */
export function misbehave(app: FastifyInstance, weather: Weather): void {
  const { engine, faults } = weather;
  const locks = openLocks(() => engine.now());
  app.decorateRequest('held');
  app.decorateRequest('trouble');
  const expiredLocators = new Set<string>();
  app.addHook('preHandler', async (request, reply) => {
    if (request.url.startsWith('/local/')) return;
    request.hits = faults.meet({ method: request.method, url: request.url });
    const latency = hitOf(request.hits, 'latency');
    if (latency !== undefined) await delay(latency);
    if (hitOf(request.hits, 'reset-before')) return reset(request, reply);
    refuseIfDue(request, weather, expiredLocators);
    if (answerInstead(request, reply, 'not-done')) return reply;
    disturb(request, engine);
    if (request.method === 'PATCH' && /\/jobs\/ingest\//.test(request.url))
      request.trouble = troubleFor(request, locks);
  });
  app.addHook('onRoute', (route) => {
    const { handler } = route;
    route.handler = function (request, reply) {
      const work = (): unknown => handler.call(this, request, reply);
      return request.hits.length === 0 ? work() : around(request, reply, work, engine, locks);
    };
  });
  app.addHook('preSerialization', async (request, _reply, payload) => altered(request, payload, engine));
  app.addHook('onSend', async (request, reply, payload: unknown) => {
    if (request.hits.length === 0) return payload;
    await request.held;
    spoilHeaders(request, reply, engine);
    return spoiledBody(request, reply, payload);
  });
}

async function delay({ fault, random, fired }: HitOf<'latency'>): Promise<void> {
  const ms = fault.ms + Math.round(random() * fault.jitter);
  fired(`${ms} ms`);
  await pause(ms);
}

/** Ends the connection without a byte of an answer. */
function reset(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  for (const { fault, fired } of request.hits) if (fault.kind.startsWith('reset-')) fired('connection reset');
  reply.hijack();
  request.raw.socket.resetAndDestroy();
  return reply;
}

/** Refusals in Salesforce's words, the session's first. */
function refuseIfDue(request: FastifyRequest, { sessions, traffic }: Weather, expiredLocators: Set<string>): void {
  const { hits } = request;
  const expired = hitOf(hits, 'session-expired');
  expired?.fired('session ended');
  if (expired !== undefined) sessions.end(sessionIn(request));
  const refused = hitOf(hits, 'session-refused');
  refused?.fired('401');
  if (expired !== undefined || refused !== undefined)
    throw new SalesforceError(401, 'INVALID_SESSION_ID', 'Session expired or invalid');

  const daily = hitOf(hits, 'daily-limit');
  // A SOAP call is counted when its envelope has been read.
  const isSoap = /^\/services\/soap\//i.test(request.url);
  if (daily !== undefined && traffic.isOver(isSoap ? 'coming' : 'counted')) {
    daily.fired('daily limit');
    throw limitExceeded('TotalRequests Limit exceeded.');
  }
  const concurrent = hitOf(hits, 'concurrent-limit');
  if (concurrent !== undefined) {
    concurrent.fired('concurrent limit');
    throw limitExceeded('ConcurrentRequests (Concurrent API Requests) Limit exceeded.');
  }

  const locator = /\/(0r8\w+)-\d+/.exec(request.url)?.[1];
  const lost = hitOf(hits, 'locator-expired');
  if (lost !== undefined && locator !== undefined) {
    lost.fired(locator);
    expiredLocators.add(locator);
  }
  if (locator !== undefined && expiredLocators.has(locator))
    throw new SalesforceError(400, 'INVALID_QUERY_LOCATOR', 'invalid query locator');

  const timeout = hitOf(hits, 'query-timeout');
  if (timeout?.fault.above === 0) {
    timeout.fired('query timed out');
    throw timedOut();
  }
  const conflict = hitOf(hits, 'bulk-version-conflict');
  conflict?.fired('409');
  if (conflict !== undefined)
    throw new SalesforceError(
      409,
      'API_VERSION_MISMATCH',
      'The job was created with another API version; get its results with the same version.',
    );
}

/** The token of a request: in its head, or in its SOAP envelope. */
function sessionIn({ headers, body }: FastifyRequest): string {
  const inHead = /^\S+ (.+)$/.exec(headers.authorization ?? '')?.[1];
  if (inHead !== undefined || typeof body !== 'string') return inHead ?? '';
  return /<(?:\w+:)?sessionId>([^<]+)</.exec(body)?.[1] ?? '';
}

const limitExceeded = (message: string): SalesforceError => new SalesforceError(403, 'REQUEST_LIMIT_EXCEEDED', message);

const timedOut = (): SalesforceError =>
  new SalesforceError(400, 'QUERY_TIMEOUT', 'Your query request was running for too long.');

/** Sends a server's failure in place of an answer; true where one is due. */
function answerInstead(request: FastifyRequest, reply: FastifyReply, work: 'done' | 'not-done'): boolean {
  const failure = hitOf(request.hits, 'server-error');
  const empty = hitOf(request.hits, 'empty-answer');
  if (failure !== undefined && failure.fault.work === work) {
    const { status, body } = failure.fault;
    failure.fired(`${status} in ${body}, work ${work}`);
    void reply.code(status);
    if (body === 'html') void reply.type('text/html; charset=UTF-8').send(htmlOf(status));
    else if (status === 503)
      void reply.send([{ errorCode: 'SERVER_UNAVAILABLE', message: 'The server is too busy to handle the request.' }]);
    else void reply.send([{ errorCode: 'UNKNOWN_EXCEPTION', message: 'An unexpected error occurred.' }]);
    return true;
  }
  if (empty === undefined || work === 'done') return false;
  empty.fired(`${empty.fault.status} without a body`);
  void reply.code(empty.fault.status).removeHeader('content-type').send();
  return true;
}

const titles = { 500: 'Internal Server Error', 502: 'Bad Gateway', 503: 'Service Unavailable', 504: 'Gateway Timeout' };

const htmlOf = (status: keyof typeof titles): string =>
  `<html><head><title>${status} ${titles[status]}</title></head><body><h1>${titles[status]}</h1></body></html>`;

/** Changes the org itself before the request sees it. */
function disturb(request: FastifyRequest, engine: Engine): void {
  for (const hit of request.hits) {
    const { fault } = hit;
    if (fault.kind === 'hard-delete') hardDelete(engine, { ...hit, fault });
    if (fault.kind === 'bin-purged') hit.fired(`${purgeAll(engine)} records purged`);
    // By REST only: the caller of a SOAP door is known when its envelope is read.
    if (fault.kind === 'describe-change' && request.url.startsWith('/services/data/v')) {
      const isDescribe = /\/describe(\?|$)/i.test(request.url);
      request.org = request.org.seeing((object) => changedObject(object, fault, isDescribe));
      // Whoever asks whether anything has changed is told that it has.
      delete request.headers['if-modified-since'];
      hit.fired(`${fault.object}.${fault.field} ${fault.change}`);
    }
  }
}

const newest = { apiVersion: `${newestVersion}.0`, purpose: 'rest' } as const;

/** Some records, drawn by the seed, go for good: deleted and out of the recycle bin at once. */
function hardDelete(engine: Engine, { fault, random, fired }: HitOf<'hard-delete'>): void {
  const answer = engine.query(`SELECT Id FROM ${fault.object} ORDER BY Id`, newest);
  const ids = answer.records(0, answer.totalSize).map((record) => String(record['Id']));
  const gone = shuffled(ids, random)
    .slice(0, fault.rows)
    .filter((id) => engine.delete(fault.object, id).success && engine.purge(id).success);
  fired(gone.join(', '));
}

function purgeAll(engine: Engine): number {
  return engine
    .objects()
    .filter(({ deletable }) => deletable)
    .flatMap(({ api }) => {
      const answer = engine.query(`SELECT Id FROM ${api} WHERE IsDeleted = true`, { ...newest, withDeleted: true });
      return answer.records(0, answer.totalSize).map((record) => String(record['Id']));
    })
    .filter((id) => engine.purge(id).success).length;
}

type Change = HitOf<'describe-change'>['fault'];

/** An object as it looks after somebody has changed a field of it; a changed type shows in describe only. */
function changedObject(object: ObjectDefinition, { object: name, field: wanted, change }: Change, isDescribe: boolean) {
  if (object.api.toLowerCase() !== name.toLowerCase()) return object;
  const field = fieldOf(object, wanted);
  if (field === undefined) return object;
  switch (change) {
    case 'gone':
      return { ...object, fields: omit(object.fields, field.api) };
    case 'read-only':
      return {
        ...object,
        fields: { ...object.fields, [field.api]: { ...field, createable: false, updateable: false } },
      };
    case 'type': {
      const text: FieldDefinition = { ...omit(field, 'values', 'scale', 'precision'), type: 'Text', length: 255 };
      return isDescribe ? { ...object, fields: { ...object.fields, [field.api]: text } } : object;
    }
  }
}

/** The work under the circumstances that faults make; what is lost afterwards is lost here. */
async function around(
  request: FastifyRequest,
  reply: FastifyReply,
  work: () => unknown,
  engine: Engine,
  locks: Locks,
): Promise<unknown> {
  const lag = hitOf(request.hits, 'commit-lag');
  const locked = hitOf(request.hits, 'account-locks');
  const during = hitOf(request.hits, 'reset-during');
  const attempt = ({ refuses }: Circumstances, isVoid: () => boolean): unknown => {
    const rows = { written: 0 };
    const circumstances: Circumstances = {
      ...(lag === undefined ? {} : { lag: lag.fault.seconds * 1000 }),
      refuses: (accounts) => {
        rows.written += 1;
        return refuses?.(accounts) ?? null;
      },
    };
    const result = engine.under(circumstances, () =>
      engine.transaction(() => {
        const outcome = work();
        return { result: outcome, rollback: during !== undefined || isVoid() };
      }),
    );
    if (lag !== undefined && rows.written > 0) lag.fired(`${rows.written} rows stamped ${lag.fault.seconds} s back`);
    return result;
  };
  if (during !== undefined) {
    // The answer to work that was undone must not get out: the connection is gone first.
    reset(request, reply);
    await attempt({}, () => false);
    return reply;
  }
  if (locked === undefined) return attempt({}, () => false);
  return locks.work(locked, attempt, (held) => {
    request.held = held;
  });
}

function troubleFor(request: FastifyRequest, locks: Locks): JobTrouble {
  const failing = hitOf(request.hits, 'bulk-job-failed');
  const lag = hitOf(request.hits, 'commit-lag');
  const locked = hitOf(request.hits, 'account-locks');
  failing?.fired('job will fail');
  lag?.fired(`a job's rows stamped ${lag.fault.seconds} s back`);
  return {
    failsAfter: failing?.fault.share ?? null,
    circumstances: {
      ...(lag === undefined ? {} : { lag: lag.fault.seconds * 1000 }),
      ...(locked === undefined ? {} : locks.refusing(locked)),
    },
  };
}

const resultLinks = z.looseObject({ resultPages: z.array(z.unknown()) });
const pageOfRows = z.looseObject({ totalSize: z.number(), records: z.array(z.unknown()) });
const covered = z.looseObject({ latestDateCovered: z.string() });
const composite = z.looseObject({ compositeResponse: z.array(z.looseObject({ body: z.unknown() })) });

/** Answers that are true in their parts and odd as a whole. */
function altered(request: FastifyRequest, payload: unknown, engine: Engine): unknown {
  const links = hitOf(request.hits, 'bulk-pages-unordered');
  const timeout = hitOf(request.hits, 'query-timeout');
  const lag = hitOf(request.hits, 'commit-lag');
  if (links !== undefined) {
    const body = resultLinks.safeParse(payload);
    if (body.success) {
      links.fired(`${body.data.resultPages.length} links`);
      return { ...body.data, resultPages: shuffled(body.data.resultPages, links.random) };
    }
  }
  if (timeout !== undefined) {
    const page = pageOfRows.safeParse(payload);
    if (page.success && page.data.totalSize > timeout.fault.above) {
      timeout.fired(`${page.data.totalSize} rows`);
      throw timedOut();
    }
  }
  if (lag !== undefined && /\/(updated|composite)(\?|$)/.test(request.url)) {
    // What the oldest transaction that is still open will have been stamped with.
    return coveredUntil(payload, engine.now().getTime() - lag.fault.seconds * 1000);
  }
  return payload;
}

/** An answer to `updated`, alone or among others, that covers no more than a time. */
function coveredUntil(payload: unknown, open: number): unknown {
  const several = composite.safeParse(payload);
  if (several.success) {
    const { compositeResponse } = several.data;
    const answers = compositeResponse.map((answer) => ({ ...answer, body: coveredUntil(answer.body, open) }));
    return { ...several.data, compositeResponse: answers };
  }
  const body = covered.safeParse(payload);
  if (!body.success || Date.parse(body.data.latestDateCovered) <= open) return payload;
  return { ...body.data, latestDateCovered: new Date(open).toISOString().replace('Z', '+0000') };
}

function spoilHeaders(request: FastifyRequest, reply: FastifyReply, engine: Engine): void {
  const skew = hitOf(request.hits, 'clock-skew');
  if (skew !== undefined) {
    skew.fired(`${skew.fault.seconds} s`);
    void reply.header('Date', new Date(engine.now().getTime() + skew.fault.seconds * 1000).toUTCString());
  }
  const limits = hitOf(request.hits, 'limit-header');
  const usage = String(reply.getHeader('sforce-limit-info') ?? '');
  if (limits === undefined || usage === '') return;
  limits.fired(limits.fault.form);
  switch (limits.fault.form) {
    case 'missing':
      void reply.removeHeader('sforce-limit-info');
      break;
    case 'per-app':
      void reply.header('Sforce-Limit-Info', `${usage}; per-app-api-usage=17/250(appName=sample-connected-app)`);
      break;
    case 'bursts':
      void reply.header('Sforce-Limit-Info', `${usage}; api-bursts=1/750`);
      break;
  }
}

/** Whatever stands at the end of the way: bytes lost, late, or in another order. */
async function spoiledBody(request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> {
  const { socket } = request.raw;
  if (hitOf(request.hits, 'reset-after') !== undefined) {
    for (const { fault, fired } of request.hits) if (fault.kind === 'reset-after') fired('answer lost, work done');
    socket.resetAndDestroy();
    return payload;
  }
  const failure = hitOf(request.hits, 'server-error');
  if (failure?.fault.work === 'done' && reply.statusCode < 300) {
    failure.fired(`${failure.fault.status} in ${failure.fault.body}, work done`);
    const html = failure.fault.body === 'html';
    void reply
      .code(failure.fault.status)
      .removeHeader('content-encoding')
      .removeHeader('content-length')
      .type(html ? 'text/html; charset=UTF-8' : 'application/json; charset=utf-8');
    return html
      ? htmlOf(failure.fault.status)
      : JSON.stringify([{ errorCode: 'UNKNOWN_EXCEPTION', message: 'An unexpected error occurred.' }]);
  }
  const unordered = hitOf(request.hits, 'bulk-rows-unordered');
  const whole =
    unordered !== undefined && reply.statusCode === 200 ? await disordered(reply, payload, unordered) : payload;
  const truncated = hitOf(request.hits, 'truncated-body');
  const stalled = hitOf(request.hits, 'stalled-body');
  if (truncated === undefined && stalled === undefined) return whole;
  const bytes = await bytesOf(whole);
  if (bytes.length === 0) return whole;
  if (truncated?.fault.ending === 'clean') {
    const plain = isGzip(reply) ? gunzipSync(bytes) : bytes;
    const part = plain.subarray(0, cutOf(plain.length, truncated.fault.share));
    truncated.fired(`${part.length} of ${plain.length} bytes, ended as if whole`);
    void reply.removeHeader('content-length');
    return isGzip(reply) ? gzipSync(part) : part;
  }
  void reply.header('content-length', bytes.length);
  if (truncated !== undefined) {
    const part = bytes.subarray(0, cutOf(bytes.length, truncated.fault.share));
    truncated.fired(`${part.length} of ${bytes.length} bytes, then reset`);
    // Not a reset by the letter: that would take back the part that is still on its way.
    return Readable.from(partThen(part, () => Promise.resolve(socket.end())));
  }
  const part = bytes.subarray(0, cutOf(bytes.length, stalled?.fault.share ?? 0));
  stalled?.fired(`${part.length} of ${bytes.length} bytes, then silence`);
  return Readable.from(
    partThen(part, async () => {
      // Silence lasts until its time is over or the other side has had enough.
      const enough = new AbortController();
      const left = once(socket, 'close').then(() => enough.abort());
      await Promise.race([left, pause(stalled?.fault.ms, undefined, { signal: enough.signal, ref: false })]).catch(
        (error: unknown) => {
          if (!(error instanceof Error && error.name === 'AbortError')) throw error;
        },
      );
      socket.destroy();
    }),
  );
}

async function* partThen(part: Buffer, then: () => Promise<unknown>): AsyncGenerator<Buffer> {
  yield part;
  // The part must be on its way before what follows it.
  await pause(10);
  await then();
}

const cutOf = (length: number, share: number): number => Math.min(length - 1, Math.max(1, Math.floor(length * share)));

const isGzip = (reply: FastifyReply): boolean => reply.getHeader('content-encoding') === 'gzip';

async function bytesOf(payload: unknown): Promise<Buffer> {
  if (typeof payload === 'string') return Buffer.from(payload);
  if (payload instanceof Uint8Array) return Buffer.from(payload);
  if (!(payload instanceof Readable)) return Buffer.alloc(0);
  const chunks: Buffer[] = [];
  for await (const chunk of payload) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

/** The rows of a CSV answer in another order; the header stays where it is. */
async function disordered(reply: FastifyReply, payload: unknown, hit: HitOf<'bulk-rows-unordered'>): Promise<unknown> {
  const bytes = await bytesOf(payload);
  const text = (isGzip(reply) ? gunzipSync(bytes) : bytes).toString();
  const rows = z
    .array(z.object({ raw: z.string() }))
    .parse(parse(text, { raw: true, relax_column_count: true, delimiter: delimiterOf(text) }))
    .map(({ raw }) => raw);
  const [header = '', ...records] = rows;
  hit.fired(`${records.length} rows`);
  const mixed = Buffer.from([header, ...shuffled(records, hit.random)].join(''));
  void reply.removeHeader('content-length');
  return isGzip(reply) ? gzipSync(mixed) : mixed;
}

/** Names of columns hold none of the delimiters, so the header tells which one it is. */
const delimiterOf = (text: string): string => /[,\t;|^`]/.exec(text.split('\n')[0] ?? '')?.[0] ?? ',';
