/** Who a token stands for, how to get one, and how to give it back. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { decodeJwt, errors, jwtVerify } from 'jose';
import { z } from 'zod';
import type { ApiRecord, Engine } from './engine.js';
import { publicKeyOf, type AppKeeper, type ExternalApp } from './externalApp.js';
import { newestVersion, notFound } from './requests.js';
import type { Sessions } from './sessions.js';

export type Login = { engine: Engine; sessions: Sessions; apps: AppKeeper; address: () => string };

/** Why the token endpoint gives no token; its errors are an object, not the REST API's list. */
class LoginRefused extends Error {
  public constructor(
    public readonly error: string,
    description: string,
  ) {
    super(description);
    this.name = 'LoginRefused';
  }
}

const MAXIMUM_FORM = 64 * 1024;

/** Login routes need no session; their bodies are forms. */
export async function loginRoutes(app: FastifyInstance, login: Login): Promise<void> {
  app.get('/services/oauth2/userinfo', (request) => {
    const identity = identityOf(login, request.org.userId);
    return { sub: identity['id'], ...identity };
  });
  app.get('/id/:org/:user', (request) => {
    const { org, user } = z.object({ org: z.string(), user: z.string() }).parse(request.params);
    if (org.slice(0, 15) !== login.engine.orgId.slice(0, 15)) throw notFound();
    if (user.slice(0, 15) !== request.org.userId.slice(0, 15)) throw notFound();
    return identityOf(login, request.org.userId);
  });
  await app.register(async (forms) => {
    forms.removeAllContentTypeParsers();
    // Whatever the body is called, it is read as a form: what is none has no grant_type, and is refused for that.
    forms.addContentTypeParser('*', { parseAs: 'string', bodyLimit: MAXIMUM_FORM }, (_request, body, done) => {
      done(null, new URLSearchParams(String(body)));
    });
    forms.post('/services/oauth2/token', (request, reply) =>
      answered(reply, async () => tokenFor(login, formIn(request), basicIn(request))),
    );
    const revoke = (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> =>
      answered(reply, () => {
        const token = formIn(request).get('token') ?? '';
        if (!login.sessions.end(token)) throw new LoginRefused('invalid_token', 'token is invalid');
        return Promise.resolve('');
      });
    forms.post('/services/oauth2/revoke', revoke);
    forms.get('/services/oauth2/revoke', revoke);
  });
}

async function answered(reply: FastifyReply, work: () => Promise<object | string>): Promise<FastifyReply> {
  void reply.header('Cache-Control', 'no-store');
  try {
    return reply.send(await work());
  } catch (error) {
    if (!(error instanceof LoginRefused)) throw error;
    return reply.code(400).send({ error: error.error, error_description: error.message });
  }
}

/** The parameters of a form, or of the query where there is no form. */
function formIn(request: FastifyRequest): URLSearchParams {
  if (request.body instanceof URLSearchParams) return request.body;
  const [, query = ''] = request.url.split('?');
  return new URLSearchParams(query);
}

type Credentials = { id: string; secret: string };

/** A client may name itself in the header instead of the form. */
function basicIn(request: FastifyRequest): Credentials | null {
  const encoded = /^Basic (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (encoded === undefined) return null;
  const [, id = '', secret = ''] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, 'base64').toString()) ?? [];
  return { id, secret };
}

async function tokenFor(login: Login, form: URLSearchParams, basic: Credentials | null): Promise<object> {
  switch (form.get('grant_type') ?? '') {
    case 'urn:ietf:params:oauth:grant-type:jwt-bearer': {
      const app = appNamed(login, issuerOf(form.get('assertion') ?? ''));
      const userId = await userVouchedFor(login, app, form.get('assertion') ?? '');
      return tokenJson(login, app, userId, login.sessions.open(userId));
    }
    case 'client_credentials': {
      const app = authenticated(login, form, basic);
      const userId = activeUser(login, app.runAs);
      if (userId === null) throw new LoginRefused('invalid_grant', 'no client credentials user enabled');
      return tokenJson(login, app, userId, login.sessions.open(userId));
    }
    case 'refresh_token': {
      const app = authenticated(login, form, basic);
      const refreshToken = form.get('refresh_token') ?? '';
      const userId = login.sessions.grantedTo(refreshToken);
      if (userId === undefined) throw new LoginRefused('invalid_grant', 'expired access/refresh token');
      return tokenJson(login, app, userId, login.sessions.open(userId, refreshToken));
    }
    case 'password':
      // External Client Apps have no username-password flow; the answer is that of a wrong password.
      throw new LoginRefused('invalid_grant', 'authentication failure');
    case 'authorization_code':
      // There is no login page here that could have given out a code.
      throw new LoginRefused('invalid_grant', 'invalid authorization code');
    default:
      throw new LoginRefused('unsupported_grant_type', 'grant type not supported');
  }
}

function appNamed(login: Login, consumerKey: string): ExternalApp {
  const app = login.apps.current();
  if (app === null || !same(consumerKey, app.consumerKey))
    throw new LoginRefused('invalid_client_id', 'client identifier invalid');
  return app;
}

/** The app that a client names and proves to be by its secret. */
function authenticated(login: Login, form: URLSearchParams, basic: Credentials | null): ExternalApp {
  const given = basic ?? { id: form.get('client_id') ?? '', secret: form.get('client_secret') ?? '' };
  const app = appNamed(login, given.id);
  if (!same(given.secret, app.consumerSecret)) throw new LoginRefused('invalid_client', 'invalid client credentials');
  return app;
}

function issuerOf(assertion: string): string {
  try {
    return decodeJwt(assertion).iss ?? '';
  } catch (error) {
    if (!(error instanceof errors.JWTInvalid) && !(error instanceof TypeError)) throw error;
    throw new LoginRefused('invalid_grant', 'invalid assertion');
  }
}

/** Seconds by which the clocks of client and server may differ. */
const LEEWAY = 180;

/**
 * The user whom an assertion names, if the app's certificate vouches for it.
 *
 * The machine's clock decides on its expiry, not the org's: the client signs by it. Core writes `exp` in milliseconds
 * and Salesforce takes it, so a far future is no error.
 */
async function userVouchedFor(login: Login, app: ExternalApp, assertion: string): Promise<string> {
  const own = login.address();
  try {
    const { payload } = await jwtVerify(assertion, publicKeyOf(app.certificate), {
      algorithms: ['RS256'],
      audience: [own, `${own}/`, own.replace('127.0.0.1', 'localhost'), 'https://login.salesforce.com'],
      requiredClaims: ['exp', 'sub'],
      clockTolerance: LEEWAY,
    });
    const userId = activeUser(login, payload.sub ?? '');
    if (userId === null) throw new LoginRefused('invalid_grant', "user hasn't approved this consumer");
    return userId;
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw new LoginRefused('invalid_grant', 'expired authorization code');
    if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'aud')
      throw new LoginRefused('invalid_grant', 'audience is invalid');
    if (error instanceof errors.JOSEError) throw new LoginRefused('invalid_grant', 'invalid assertion');
    throw error;
  }
}

/** The id of the active user with a username, in any casing; null where there is none. */
function activeUser({ engine }: Login, username: string): string | null {
  const quoted = username.replaceAll('\\', '\\\\').replaceAll("'", "\\'");
  const answer = engine.query(`SELECT Id FROM User WHERE Username = '${quoted}' AND IsActive = true`, {
    apiVersion: `${newestVersion}.0`,
    purpose: 'rest',
  });
  return textOf(answer.records(0, 1)[0], 'Id');
}

function tokenJson({ engine, address }: Login, app: ExternalApp, userId: string, token: string): object {
  const id = `${address()}/id/${engine.orgId}/${userId}`;
  const issuedAt = String(engine.now().getTime());
  return {
    access_token: token,
    signature: createHmac('sha256', app.consumerSecret).update(`${id}${issuedAt}`).digest('base64'),
    scope: 'api refresh_token',
    instance_url: address(),
    id,
    token_type: 'Bearer',
    issued_at: issuedAt,
  };
}

function identityOf({ engine, address }: Login, userId: string): Record<string, unknown> {
  const user = engine.retrieve('User', userId, undefined, `${newestVersion}.0`);
  const username = textOf(user, 'Username');
  const rest = `${address()}/services/data/v{version}/`;
  const photo = `${address()}/profilephoto/005`;
  return {
    id: `${address()}/id/${engine.orgId}/${userId}`,
    asserted_user: true,
    user_id: userId,
    organization_id: engine.orgId,
    username,
    preferred_username: username,
    nick_name: textOf(user, 'Alias'),
    name: textOf(user, 'Name'),
    display_name: textOf(user, 'Name'),
    email: textOf(user, 'Email'),
    active: true,
    user_type: 'STANDARD',
    language: textOf(user, 'LanguageLocaleKey'),
    locale: textOf(user, 'LocaleSidKey'),
    utcOffset: 0,
    photos: { picture: `${photo}/F`, thumbnail: `${photo}/T` },
    urls: { rest, sobjects: `${rest}sobjects/`, query: `${rest}query/` },
  };
}

function textOf(record: ApiRecord | undefined, field: string): string | null {
  const value = record?.[field];
  return typeof value === 'string' ? value : null;
}

/** Compares without telling by its time how much was right. */
function same(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
