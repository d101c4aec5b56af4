/** The local org's HTTP doors: Salesforce's REST and Bulk API 2.0 paths on 127.0.0.1, and nothing beside them. */
import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { adminRoutes, sessionRoutes } from './adminRoutes.js';
import { ingestJobs } from './bulkIngest.js';
import { queryJobs } from './bulkQuery.js';
import { asyncRoutes, bulkRoutes } from './bulkRoutes.js';
import { collectionResources } from './collections.js';
import { compositeResources } from './composite.js';
import { describeResources, resourceRoutes, versions } from './describeRoutes.js';
import type { Engine } from './engine.js';
import { faultRoutes } from './faultRoutes.js';
import { openFaults } from './faults.js';
import { keepApp, type AppKeeper } from './externalApp.js';
import { ingestRoutes } from './ingestRoutes.js';
import { metadataRestRoutes, metadataService } from './metadata/metadataRoutes.js';
import { metadataJobs } from './metadata/jobs.js';
import { loginRoutes } from './loginRoutes.js';
import { misbehave } from './misbehave.js';
import { queryRoutes } from './queryRoutes.js';
import { recordResources } from './records.js';
import { SalesforceError } from './refusal.js';
import { partnerService } from './partnerService.js';
import { soapRoutes, type SoapDoor } from './soap.js';
import { newestVersion, notFound, versionOf } from './requests.js';
import { errorList, serve } from './resources.js';
import { digest, openSessions } from './sessions.js';
import { toolingRoutes } from './tooling.js';
import { openTraffic } from './traffic.js';

export type ServerOptions = {
  engine: Engine;
  /** 0 takes any free port. */
  port: number;
  /** Everything but the version list and the login routes needs it. */
  accessToken: string;
  /** API calls that the org grants in a day; only counted and shown. */
  dailyCalls?: number;
  /** The External Client App to log in with; one that lives as long as the server where none is given. */
  apps?: AppKeeper;
  /** Called when a client asks the org to stop. */
  onStop?: () => void;
  /** Where an unexpected failure is told; never with a token. */
  onError?: (text: string) => void;
};

export type Route = { method: string; path: string };

export type LocalOrg = {
  instanceUrl: string;
  accessToken: string;
  username: string;
  orgId: string;
  userId: string;
  /** A session of one of the org's users, by his username, as a login would open it; undefined where there is none. */
  sessionOf(username: string): string | undefined;
  /** Requests that counted as API calls, and how many of them wrote. */
  calls(): { all: number; writes: number };
  /** Every door that there is: method and path, with parameters as `:name`. */
  routes(): readonly Route[];
  stop(): Promise<void>;
};

const DAILY_CALLS = 100_000;
const MAXIMUM_BODY = 50 * 1024 * 1024;

/** Starts the server; it listens on the loopback interface only. */
export async function startServer(options: ServerOptions): Promise<LocalOrg> {
  const { engine, accessToken } = options;
  const traffic = openTraffic(options.dailyCalls ?? DAILY_CALLS);
  const faults = openFaults(() => engine.now());
  const ingests = ingestJobs();
  const jobs = metadataJobs((error) =>
    options.onError?.(error instanceof Error ? (error.stack ?? error.message) : String(error)),
  );
  const sessions = openSessions(engine.orgId);
  sessions.keep(accessToken, engine.userId);
  const apps = options.apps ?? keepApp(null);
  const { refreshToken } = apps.current() ?? {};
  if (refreshToken !== undefined) sessions.grant(refreshToken, engine.userId);
  const app = Fastify({
    bodyLimit: MAXIMUM_BODY,
    forceCloseConnections: true,
    rewriteUrl: (request) => {
      if (request.method === 'POST') request.method = methodMeant(request.url ?? '/');
      return cleaned(request.url ?? '/');
    },
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

  // Whoever runs the org still steers it when the session of its own token has ended.
  const owner = digest(accessToken);
  const userOf = (request: FastifyRequest): string | undefined => {
    const token = tokenIn(request);
    if (request.url.startsWith('/local/') && digest(token) === owner) return engine.userId;
    return sessions.userOf(token);
  };
  app.decorateRequest('org');
  app.decorateRequest('hits');
  app.addHook('onRequest', async (request, reply) => {
    request.hits = [];
    void reply.header('Date', engine.now().toUTCString());
    if (isOpen(request.url)) return;
    const userId = userOf(request);
    if (userId === undefined) throw noSession(request);
    request.org = engine.as(userId);
    if (request.url.startsWith('/services/data/')) {
      traffic.count(request.method !== 'GET' && request.method !== 'HEAD');
    }
  });
  app.addHook('onSend', async (request, reply, payload: unknown) => {
    if (!isVersionList(request.url)) {
      const { used, max } = traffic.usage();
      void reply.header('Sforce-Limit-Info', `api-usage=${used}/${max}`);
    }
    return compressed(request, reply, payload);
  });
  app.setErrorHandler((error: FastifyError | SalesforceError, request, reply) =>
    refuse(error, request, reply, options.onError),
  );
  const routes: Route[] = [];
  app.setNotFoundHandler((request) => {
    throw refusalOf(request, routes);
  });
  app.addHook('onRoute', ({ method, url }) => {
    for (const each of [method].flat()) if (each !== 'HEAD') routes.push({ method: each, path: url });
  });
  misbehave(app, { engine, faults, sessions, traffic });
  const address = (): string => instanceUrlOf(app);
  await loginRoutes(app, { engine, sessions, apps, address });
  app.get('/services/data', () => versions());
  await app.register(
    async (api) => {
      api.addHook('onRequest', async (request) => {
        versionOf(request);
      });
      resourceRoutes(api, traffic, address);
      const resources = [...describeResources, ...recordResources, ...collectionResources];
      serve(api, [...resources, ...compositeResources([...resources, ...queryRoutes(api)])]);
      bulkRoutes(api, queryJobs());
      ingestRoutes(api, ingests);
      await metadataRestRoutes(api, jobs);
      toolingRoutes(api);
    },
    { prefix: '/services/data/v:version' },
  );
  const door: SoapDoor = {
    nobody: engine,
    orgOf: (token) => {
      const userId = sessions.userOf(token);
      return userId === undefined ? undefined : engine.as(userId);
    },
    counted: (writes) => {
      traffic.count(writes);
      const { used, max } = traffic.usage();
      return { current: used, limit: max };
    },
    onError: (text) => options.onError?.(text),
  };
  await soapRoutes(app, door, [metadataService(jobs), partnerService(sessions)]);
  await asyncRoutes(app, (token) => sessions.userOf(token) !== undefined);
  adminRoutes(app, engine, traffic, options);
  faultRoutes(app, faults, traffic);
  sessionRoutes(app, { engine, sessions, apps, accessToken });

  await app.listen({ host: '127.0.0.1', port: options.port });
  return {
    instanceUrl: address(),
    accessToken,
    username: engine.username,
    orgId: engine.orgId,
    userId: engine.userId,
    sessionOf: (username) => {
      const [user] = engine
        .query(`SELECT Id FROM User WHERE Username = '${username.replaceAll(/['\\]/g, '\\$&')}' AND IsActive = true`, {
          apiVersion: `${newestVersion}.0`,
          purpose: 'rest',
        })
        .records(0, 1);
      return typeof user?.['Id'] === 'string' ? sessions.open(user['Id']) : undefined;
    },
    calls: () => traffic.calls(),
    routes: () => routes,
    stop: async () => {
      await ingests.stop();
      await jobs.settled();
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

/**
 * Clients that cannot send PATCH send a POST that says so.
 *
 * Source: REST API Developer Guide, "Update a Record": the parameter `_HttpMethod`.
 */
const methodMeant = (url: string): string =>
  new URLSearchParams(url.split('?')[1] ?? '').get('_HttpMethod')?.toUpperCase() === 'PATCH' ? 'PATCH' : 'POST';

/** A path that is there, but not for this method, says for which it is. */
function refusalOf({ method, url }: FastifyRequest, routes: readonly Route[]): SalesforceError {
  const parts = pathOf(url).split('/');
  const fits = ({ path }: Route): boolean => {
    const wanted = path.split('/');
    return (
      wanted.length === parts.length && wanted.every((part, n) => part.startsWith(':') || same(part, parts[n] ?? ''))
    );
  };
  const allowed = [...new Set(routes.filter(fits).map((route) => route.method))].toSorted();
  return allowed.length === 0 || allowed.includes(method)
    ? notFound()
    : new SalesforceError(
        405,
        'METHOD_NOT_ALLOWED',
        `HTTP Method '${method}' not allowed. Allowed are ${allowed.join(',')}`,
      );
}

const same = (a: string, b: string): boolean =>
  a.startsWith('v:') ? /^v\d/i.test(b) : a.toLowerCase() === b.toLowerCase();

const pathOf = (url: string): string => url.split('?')[0] ?? '/';
const isVersionList = (url: string): boolean => pathOf(url) === '/services/data';
const isOpen = (url: string): boolean =>
  isVersionList(url) ||
  /^\/services\/(soap|async)\//i.test(url) ||
  ['/services/oauth2/token', '/services/oauth2/revoke'].includes(pathOf(url).toLowerCase());

/** The identity service answers a bad token in its own way, which clients that look for 401 don't see. */
function noSession(request: FastifyRequest): SalesforceError {
  if (/^\/(services\/oauth2\/userinfo|id\/)/i.test(request.url))
    return new SalesforceError(403, tokenIn(request) === '' ? 'Missing_OAuth_Token' : 'Bad_OAuth_Token', '');
  return new SalesforceError(401, 'INVALID_SESSION_ID', 'Session expired or invalid');
}

/** The token in its header; the identity service takes it as a parameter too, as jsforce sends it. */
function tokenIn(request: FastifyRequest): string {
  const inHead = /^(?:Bearer|OAuth) (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (inHead !== undefined || !/^\/id\//i.test(request.url)) return inHead ?? '';
  return new URL(request.url, 'http://local/').searchParams.get('oauth_token') ?? '';
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
  if (error instanceof SalesforceError && error.errorCode.endsWith('_OAuth_Token'))
    return reply.code(error.status).type('text/html; charset=UTF-8').send(error.errorCode);
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

const answerError = (reply: FastifyReply, error: SalesforceError): FastifyReply =>
  reply.code(error.status).type('application/json; charset=utf-8').send(errorList(error));
