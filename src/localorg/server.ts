/** The local org's HTTP doors: Salesforce's REST and Bulk API 2.0 paths on 127.0.0.1, and nothing beside them. */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { Readable } from 'node:stream';
import { createGzip, gzipSync } from 'node:zlib';
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { z } from 'zod';
import { jobJson, queryJobs, resultPage, resultPages, type QueryJobs } from './bulkQuery.js';
import { createAll, deleteAll, retrieveAll, updateAll, upsertAll } from './collections.js';
import { describeBriefly, describeFully } from './describe.js';
import type { ApiRecord, Engine, QueryAnswer, RowError, RowResult } from './engine.js';
import { SalesforceError } from './refusal.js';
import { valuesOf } from './requests.js';
import { fieldOf } from './soql.js';

export type ServerOptions = {
  engine: Engine;
  /** 0 takes any free port. */
  port: number;
  /** Everything but the version list and the login routes needs it. */
  accessToken: string;
  /** API calls that the org grants in a day; only counted and shown. */
  dailyCalls?: number;
  /** Called when a client asks the org to stop. */
  onStop?: () => void;
  /** Where an unexpected failure is told; never with a token. */
  onError?: (text: string) => void;
};

export type LocalOrg = {
  instanceUrl: string;
  accessToken: string;
  username: string;
  orgId: string;
  userId: string;
  /** Requests that counted as API calls, and how many of them wrote. */
  calls(): { all: number; writes: number };
  stop(): Promise<void>;
};

export const oldestVersion = 50;
export const newestVersion = 68;

const MAXIMUM_BODY = 50 * 1024 * 1024;

/** A token as Salesforce writes it: the org's id, an exclamation mark, and what nobody can guess. */
export const newAccessToken = (orgId: string): string =>
  `${orgId.slice(0, 15)}!${randomBytes(48).toString('base64url').replaceAll(/[-_]/g, '.')}`;

/** Starts the server; it listens on the loopback interface only. */
export async function startServer(options: ServerOptions): Promise<LocalOrg> {
  const { engine, accessToken } = options;
  const traffic = { all: 0, writes: 0 };
  const app = Fastify({
    bodyLimit: MAXIMUM_BODY,
    forceCloseConnections: true,
    rewriteUrl: (request) => cleaned(request.url ?? '/'),
    routerOptions: { ignoreTrailingSlash: true, caseSensitive: false, maxParamLength: 2000 },
  });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(/^application\/json/, { parseAs: 'string' }, (_request, body, done) => {
    try {
      const parsed: unknown = body === '' ? undefined : JSON.parse(String(body));
      done(null, parsed);
    } catch (error) {
      const where = error instanceof Error ? error.message : '';
      done(new SalesforceError(400, 'JSON_PARSER_ERROR', `The HTTP entity body is not well-formed JSON: ${where}`));
    }
  });

  app.addHook('onRequest', async (request, reply) => {
    void reply.header('Date', engine.now().toUTCString());
    if (isOpen(request.url)) return;
    if (!hasToken(request, accessToken)) {
      throw new SalesforceError(401, 'INVALID_SESSION_ID', 'Session expired or invalid');
    }
    if (request.url.startsWith('/services/data/')) {
      traffic.all += 1;
      if (request.method !== 'GET' && request.method !== 'HEAD') traffic.writes += 1;
    }
  });
  app.addHook('onSend', async (request, reply, payload: unknown) => {
    if (!isVersionList(request.url)) {
      void reply.header('Sforce-Limit-Info', `api-usage=${traffic.all}/${options.dailyCalls ?? 100_000}`);
    }
    return compressed(request, reply, payload);
  });
  app.setErrorHandler((error: FastifyError | SalesforceError, request, reply) =>
    refuse(error, request, reply, options.onError),
  );
  app.setNotFoundHandler(() => {
    throw new SalesforceError(404, 'NOT_FOUND', 'The requested resource does not exist');
  });

  const address = (): string => instanceUrlOf(app);
  loginRoutes(app, engine, address);
  app.get('/services/data', () => versions());
  await app.register(
    async (api) => {
      api.addHook('onRequest', async (request) => {
        versionOf(request);
      });
      resourceRoutes(api, engine, traffic, options);
      recordRoutes(api, engine);
      queryRoutes(api, engine);
      collectionRoutes(api, engine);
      bulkRoutes(api, engine, queryJobs(engine));
    },
    { prefix: '/services/data/v:version' },
  );
  adminRoutes(app, engine, traffic, options);

  await app.listen({ host: '127.0.0.1', port: options.port });
  return {
    instanceUrl: address(),
    accessToken,
    username: engine.username,
    orgId: engine.orgId,
    userId: engine.userId,
    calls: () => ({ ...traffic }),
    stop: async () => {
      await app.close();
      engine.close();
    },
  };
}

/** The sf CLI puts a slash too many before its paths; what follows `//` must not be read as a host. */
function cleaned(url: string): string {
  const [path = '/', ...query] = url.split('?');
  const single = path.replaceAll(/\/{2,}/g, '/');
  const trimmed = single.length > 1 && single.endsWith('/') ? single.slice(0, -1) : single;
  return query.length === 0 ? trimmed : `${trimmed}?${query.join('?')}`;
}

const pathOf = (url: string): string => url.split('?')[0] ?? '/';
const isVersionList = (url: string): boolean => pathOf(url) === '/services/data';
const isOpen = (url: string): boolean => isVersionList(url) || pathOf(url) === '/services/oauth2/token';

function hasToken(request: FastifyRequest, token: string): boolean {
  const given = /^(?:Bearer|OAuth) (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
  const [a, b] = [Buffer.from(given), Buffer.from(token)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function instanceUrlOf(app: FastifyInstance): string {
  const address = app.server.address();
  if (address === null || typeof address === 'string') throw new Error('The local org has no port.');
  return `http://127.0.0.1:${address.port}`;
}

function compressed(request: FastifyRequest, reply: FastifyReply, payload: unknown): unknown {
  const accepts = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
  if (!accepts || reply.hasHeader('content-encoding')) return payload;
  if (typeof payload === 'string' && payload.length > 1024) {
    void reply.header('content-encoding', 'gzip').removeHeader('content-length');
    return gzipSync(payload);
  }
  return payload;
}

function refuse(
  error: FastifyError | SalesforceError,
  request: FastifyRequest,
  reply: FastifyReply,
  tell: ((text: string) => void) | undefined,
): FastifyReply {
  if (error instanceof SalesforceError) return answerError(reply, error);
  const refusal = fastifyRefusal(error);
  if (refusal !== undefined) return answerError(reply, refusal);
  const reference = randomBytes(4).toString('hex');
  tell?.(`${request.method} ${pathOf(request.url)} failed (${reference}): ${error.stack ?? error.message}`);
  return answerError(
    reply,
    new SalesforceError(
      500,
      'UNKNOWN_EXCEPTION',
      `An unexpected error occurred. Please include this ErrorId if you contact support: ${reference}`,
    ),
  );
}

/** What the HTTP layer refuses by itself, in Salesforce's words. */
function fastifyRefusal(error: FastifyError): SalesforceError | undefined {
  if (error.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return new SalesforceError(415, 'UNSUPPORTED_MEDIA_TYPE', 'Content type is not supported; send application/json.');
  if (error.code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new SalesforceError(413, 'REQUEST_ENTITY_TOO_LARGE', `The request body exceeds ${MAXIMUM_BODY} bytes.`);
  const status = error.statusCode ?? 500;
  return status >= 400 && status < 500 ? new SalesforceError(status, 'INVALID_REQUEST', error.message) : undefined;
}

const answerError = (reply: FastifyReply, { status, message, errorCode, fields }: SalesforceError): FastifyReply =>
  reply
    .code(status)
    .type('application/json; charset=utf-8')
    .send([{ message, errorCode, ...(fields === undefined ? {} : { fields }) }]);

const notFound = (): SalesforceError => new SalesforceError(404, 'NOT_FOUND', 'The requested resource does not exist');

function versions(): unknown[] {
  const seasons = ['Spring', 'Summer', 'Winter'];
  return Array.from({ length: newestVersion - oldestVersion + 1 }, (_, index) => {
    const version = oldestVersion + index;
    // v50 was Winter '21; three releases a year.
    const release = version - 50 + 2;
    return {
      label: `${seasons[release % 3]} '${21 + Math.floor((version - 50 + (release % 3 === 2 ? 0 : 2)) / 3)}`,
      url: `/services/data/v${version}.0`,
      version: `${version}.0`,
    };
  });
}

/** The version in the path, such as `67.0`; an unknown one is an unknown path. */
function versionOf(request: FastifyRequest): string {
  const { version } = z.object({ version: z.string() }).parse(request.params);
  const match = /^(\d{2})\.0$/.exec(version);
  const number = Number(match?.[1] ?? 0);
  if (number < oldestVersion || number > newestVersion) throw notFound();
  return version;
}

function loginRoutes(app: FastifyInstance, engine: Engine, address: () => string): void {
  const identity = (): Record<string, unknown> => ({
    id: `${address()}/id/${engine.orgId}/${engine.userId}`,
    asserted_user: true,
    user_id: engine.userId,
    organization_id: engine.orgId,
    username: engine.username,
    preferred_username: engine.username,
    nick_name: 'admin',
    name: 'Org Admin',
    display_name: 'Org Admin',
    email: 'admin@localorg.example',
    active: true,
    user_type: 'STANDARD',
    language: 'en_US',
    locale: 'en_US',
    utcOffset: 0,
    urls: {
      rest: `${address()}/services/data/v{version}/`,
      sobjects: `${address()}/services/data/v{version}/sobjects/`,
      query: `${address()}/services/data/v{version}/query/`,
    },
  });
  app.get('/services/oauth2/userinfo', () => ({ sub: identity()['id'], ...identity() }));
  app.get('/id/:org/:user', (request) => {
    const { org, user } = z.object({ org: z.string(), user: z.string() }).parse(request.params);
    if (org.slice(0, 15) !== engine.orgId.slice(0, 15) || user.slice(0, 15) !== engine.userId.slice(0, 15))
      throw notFound();
    return identity();
  });
  // Logging in for a token is another issue's work; until then an honest refusal, as an app that is not installed gets.
  app.post('/services/oauth2/token', { bodyLimit: 64 * 1024 }, (_request, reply) =>
    reply.code(400).send({ error: 'unsupported_grant_type', error_description: 'grant type not supported' }),
  );
}

function resourceRoutes(api: FastifyInstance, engine: Engine, traffic: { all: number }, options: ServerOptions): void {
  api.get('', (request) => {
    const base = `/services/data/v${versionOf(request)}`;
    return {
      sobjects: `${base}/sobjects`,
      query: `${base}/query`,
      limits: `${base}/limits`,
      composite: `${base}/composite`,
      jobs: `${base}/jobs`,
    };
  });
  api.get('/limits', () => {
    const max = options.dailyCalls ?? 100_000;
    const full = (Max: number): { Max: number; Remaining: number } => ({ Max, Remaining: Max });
    return {
      DailyApiRequests: { Max: max, Remaining: Math.max(0, max - traffic.all) },
      DailyBulkApiBatches: full(15_000),
      DailyBulkV2QueryJobs: full(10_000),
      DailyBulkV2QueryFileStorageMB: full(976_562),
      DataStorageMB: full(1024),
      FileStorageMB: full(1024),
    };
  });
  api.get('/sobjects', (request) => ({
    encoding: 'UTF-8',
    maxBatchSize: 200,
    sobjects: engine.objects().map((object) => describeBriefly(object, versionOf(request))),
  }));
  api.get('/sobjects/:object', (request) => {
    const object = objectIn(request, engine);
    return { objectDescribe: describeBriefly(object, versionOf(request)), recentItems: [] };
  });
  api.get('/sobjects/:object/describe', (request) =>
    describeFully(objectIn(request, engine), engine.objects(), versionOf(request)),
  );
}

const inObject = z.object({ object: z.string() });
const inRecord = z.object({ object: z.string(), id: z.string() });
const inExternal = z.object({ object: z.string(), field: z.string(), value: z.string() });

function objectIn(request: FastifyRequest, engine: Engine): NonNullable<ReturnType<Engine['object']>> {
  const object = engine.object(inObject.parse(request.params).object);
  if (object === undefined) throw notFound();
  return object;
}

function recordRoutes(api: FastifyInstance, engine: Engine): void {
  api.post('/sobjects/:object', (request, reply) => {
    const object = objectIn(request, engine);
    const result = engine.insert(object.api, valuesOf(request.body, object));
    if (!result.success) throw rowRefused(result.errors);
    return reply
      .code(201)
      .header('Location', `/services/data/v${versionOf(request)}/sobjects/${object.api}/${result.id}`)
      .send(savedJson(result));
  });
  api.get('/sobjects/:object/:id', (request) => {
    const { object, id } = inRecord.parse(request.params);
    return found(engine.retrieve(object, id, fieldsIn(request), versionOf(request)));
  });
  api.patch('/sobjects/:object/:id', (request, reply) => {
    const object = objectIn(request, engine);
    const { id } = inRecord.parse(request.params);
    const result = engine.update(object.api, id, valuesOf(request.body, object));
    if (!result.success) throw rowRefused(result.errors);
    return reply.code(204).send();
  });
  api.delete('/sobjects/:object/:id', (request, reply) => {
    const { object, id } = inRecord.parse(request.params);
    const result = engine.delete(object, id);
    if (!result.success) throw rowRefused(result.errors);
    return reply.code(204).send();
  });
  api.get('/sobjects/:object/:field/:value', (request) => {
    const { object, field, value } = inExternal.parse(request.params);
    return found(engine.retrieve(object, heldBy(engine, object, field, value), fieldsIn(request), versionOf(request)));
  });
  api.patch('/sobjects/:object/:field/:value', (request, reply) => {
    const object = objectIn(request, engine);
    const { field, value } = inExternal.parse(request.params);
    const values = valuesOf(request.body, object);
    const key = fieldOf(object, field);
    if (key !== undefined && Object.hasOwn(values, key.api)) {
      throw new SalesforceError(
        400,
        'INVALID_FIELD',
        `The ${key.api} field should not be specified in the sobject data.`,
        [key.api],
      );
    }
    const result = engine.upsert(object.api, field, value, values);
    if (!result.success) throw rowRefused(result.errors);
    return reply.code(result.created ? 201 : 200).send({ ...savedJson(result), created: result.created });
  });
  api.delete('/sobjects/:object/:field/:value', (request, reply) => {
    const { object, field, value } = inExternal.parse(request.params);
    const result = engine.delete(object, heldBy(engine, object, field, value));
    if (!result.success) throw rowRefused(result.errors);
    return reply.code(204).send();
  });
}

const savedJson = (result: Extract<RowResult, { success: true }>): Record<string, unknown> => ({
  id: result.id,
  success: true,
  errors: [],
});

function rowRefused(errors: readonly RowError[]): SalesforceError {
  const [first] = errors;
  const missing = first?.statusCode === 'INVALID_CROSS_REFERENCE_KEY' && first.fields.length === 0;
  const status = missing || first?.statusCode === 'ENTITY_IS_DELETED' ? 404 : 400;
  const code = missing ? 'NOT_FOUND' : (first?.statusCode ?? 'UNKNOWN_EXCEPTION');
  return new SalesforceError(
    status,
    code,
    missing ? 'The requested resource does not exist' : (first?.message ?? ''),
    first?.fields ?? [],
  );
}

function found(record: ApiRecord | undefined): ApiRecord {
  if (record === undefined) throw notFound();
  return record;
}

function fieldsIn(request: FastifyRequest): string[] | undefined {
  const { fields } = z.object({ fields: z.string().optional() }).parse(request.query);
  return fields === undefined
    ? undefined
    : [
        'Id',
        ...fields
          .split(',')
          .map((name) => name.trim())
          .filter((name) => name.toLowerCase() !== 'id'),
      ];
}

function heldBy(engine: Engine, objectName: string, fieldName: string, value: string): string {
  const object = engine.object(objectName);
  const field = object === undefined ? undefined : fieldOf(object, fieldName);
  if (object === undefined || field?.externalId !== true) throw notFound();
  const escaped = value.replaceAll('\\', '\\\\').replaceAll("'", "\\'");
  const answer = engine.query(`SELECT Id FROM ${object.api} WHERE ${field.api} = '${escaped}'`, {
    apiVersion: `${newestVersion}.0`,
    purpose: 'rest',
  });
  const [record] = answer.records(0, 1);
  if (typeof record?.['Id'] !== 'string') throw notFound();
  return record['Id'];
}

const MAXIMUM_CURSORS = 1000;
const DEFAULT_BATCH = 2000;

function queryRoutes(api: FastifyInstance, engine: Engine): void {
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
  const run = (request: FastifyRequest): Record<string, unknown> => {
    const { q } = z.object({ q: z.string().optional() }).parse(request.query);
    if (q === undefined)
      throw new SalesforceError(400, 'MALFORMED_QUERY', 'SOQL query is missing: expected the parameter q.');
    const apiVersion = versionOf(request);
    const answer = engine.query(q, { apiVersion, purpose: 'rest' });
    return page(answer, 0, batchSizeOf(request), apiVersion, undefined);
  };
  api.get('/query', run);
  api.get('/query/:locator', (request) => {
    const { locator } = z.object({ locator: z.string() }).parse(request.params);
    const [, key = '', from = ''] = /^(0r8\w+)-(\d+)$/.exec(locator) ?? [];
    const cursor = cursors.get(key);
    if (cursor === undefined || Number(from) >= cursor.answer.totalSize) {
      throw new SalesforceError(400, 'INVALID_QUERY_LOCATOR', 'invalid query locator');
    }
    return page(cursor.answer, Number(from), cursor.batch, versionOf(request), key);
  });
}

function batchSizeOf(request: FastifyRequest): number {
  const match = /batchSize\s*=\s*(\d+)/i.exec(String(request.headers['sforce-query-options'] ?? ''));
  return match === null ? DEFAULT_BATCH : Math.min(2000, Math.max(200, Number(match[1])));
}

function collectionRoutes(api: FastifyInstance, engine: Engine): void {
  const path = '/composite/sobjects';
  api.post(path, (request) => createAll(engine, request.body));
  api.patch(path, (request) => updateAll(engine, request.body));
  api.delete(path, (request) => deleteAll(engine, request.query));
  api.patch(`${path}/:object/:field`, (request) => {
    const { object, field } = z.object({ object: z.string(), field: z.string() }).parse(request.params);
    return upsertAll(engine, object, field, request.body);
  });
  api.get(`${path}/:object`, (request) => {
    const { ids, fields } = z.object({ ids: z.string(), fields: z.string() }).parse(request.query);
    return retrieveAll(
      engine,
      objectIn(request, engine),
      { ids: ids.split(','), fields: fields.split(',') },
      versionOf(request),
    );
  });
  api.post(`${path}/:object`, (request) =>
    retrieveAll(engine, objectIn(request, engine), request.body, versionOf(request)),
  );
}

function bulkRoutes(api: FastifyInstance, engine: Engine, jobs: QueryJobs): void {
  const idIn = (request: FastifyRequest): string => z.object({ job: z.string() }).parse(request.params).job;
  const pageIn = (request: FastifyRequest): { locator: string | undefined; maxRecords: number | undefined } => {
    const query = z
      .object({ locator: z.string().optional(), maxRecords: z.coerce.number().int().min(1).optional() })
      .safeParse(request.query);
    if (!query.success)
      throw new SalesforceError(400, 'INVALID_PARAMETER', 'maxRecords must be a whole number above 0');
    return { locator: query.data.locator, maxRecords: query.data.maxRecords };
  };
  api.post('/jobs/query', (request) => {
    const body = z.record(z.string(), z.unknown()).safeParse(request.body);
    if (!body.success) throw new SalesforceError(400, 'JSON_PARSER_ERROR', 'The HTTP entity body is required');
    return jobJson(jobs.create(body.data, versionOf(request)), engine.userId, false);
  });
  api.get('/jobs/query', () => ({
    done: true,
    records: jobs.list().map((job) => jobJson(job, engine.userId, false)),
    nextRecordsUrl: null,
  }));
  api.get('/jobs/query/:job', (request) => jobJson(jobs.get(idIn(request), versionOf(request)), engine.userId, true));
  api.patch('/jobs/query/:job', (request) => {
    const body = z.object({ state: z.literal('Aborted') }).safeParse(request.body);
    if (!body.success) throw new SalesforceError(400, 'INVALIDJOB', 'expected {"state": "Aborted"}');
    return jobJson(jobs.abort(idIn(request), versionOf(request)), engine.userId, false);
  });
  api.delete('/jobs/query/:job', (request, reply) => {
    jobs.delete(idIn(request));
    return reply.code(204).send();
  });
  const sameVersion = (request: FastifyRequest): ReturnType<QueryJobs['get']> => {
    const job = jobs.get(idIn(request), versionOf(request));
    if (job.apiVersion !== versionOf(request)) {
      throw new SalesforceError(
        409,
        'API_VERSION_MISMATCH',
        `The job was created with API version ${job.apiVersion}; get its results with the same version.`,
      );
    }
    return job;
  };
  api.get('/jobs/query/:job/results', (request, reply) => {
    const { locator, maxRecords } = pageIn(request);
    const page = resultPage(sameVersion(request), locator, maxRecords);
    void reply
      .type('text/csv; charset=utf-8')
      .header('Sforce-NumberOfRecords', page.rows)
      .header('Sforce-Locator', page.locator ?? 'null');
    const csv = Readable.from(page.csv());
    if (!/\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))) return reply.send(csv);
    return reply.header('content-encoding', 'gzip').send(csv.pipe(createGzip({ level: 1 })));
  });
  api.get('/jobs/query/:job/resultPages', (request) => {
    const { locator, maxRecords } = pageIn(request);
    if (Number(versionOf(request)) < 58) throw notFound();
    return resultPages(sameVersion(request), locator, maxRecords);
  });
}

/** What only a local org has: its clock, its reset, its end. Same token. */
function adminRoutes(
  app: FastifyInstance,
  engine: Engine,
  traffic: { all: number; writes: number },
  options: ServerOptions,
): void {
  const status = (): Record<string, unknown> => ({
    localOrg: true,
    orgId: engine.orgId,
    username: engine.username,
    clock: engine.now().toISOString(),
    apiCalls: traffic.all,
    writes: traffic.writes,
    records: Object.fromEntries(
      engine
        .objects()
        .filter(({ kind, createable }) => kind !== 'customMetadata' && createable)
        .map(({ api }): [string, number] => [
          api,
          engine.query(`SELECT COUNT() FROM ${api}`, { apiVersion: `${newestVersion}.0`, purpose: 'rest' }).totalSize,
        ])
        .filter(([, count]) => count > 0),
    ),
  });
  app.get('/local/status', status);
  app.post('/local/clock', (request) => {
    const body = z.object({ to: z.iso.datetime({ offset: true }) }).safeParse(request.body);
    if (!body.success) throw new SalesforceError(400, 'INVALID_PARAMETER', 'expected {"to": "2026-11-24T12:00:00Z"}');
    engine.setClock(new Date(body.data.to));
    return status();
  });
  app.post('/local/reset', () => {
    engine.reset();
    return status();
  });
  app.post('/local/stop', (_request, reply) => {
    setImmediate(() => options.onStop?.());
    return reply.code(202).send({ stopping: true });
  });
}
