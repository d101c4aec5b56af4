/**
 * Getting a token, showing it and giving it back. Sources: Salesforce Help "OAuth 2.0 JWT Bearer Flow" and "OAuth 2.0
 * Authorization Errors"; Mobile SDK guide "Revoking OAuth Tokens"; source of @salesforce/core 9.4 and jsforce 3.10;
 * issue threads as named; `[K]` is general knowledge.
 */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { importPKCS8, SignJWT } from 'jose';
import jsforce from 'jsforce';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import type { TestOrg } from '../../support/localOrg.js';
import { contract, type ContractOrg } from '../../support/contract.js';

const appShape = z.object({
  consumerKey: z.string(),
  consumerSecret: z.string(),
  refreshToken: z.string(),
  username: z.string(),
  privateKey: z.string(),
});
type App = z.infer<typeof appShape>;

const tokenShape = z.object({
  access_token: z.string(),
  instance_url: z.string(),
  id: z.string(),
  token_type: z.literal('Bearer'),
  scope: z.string(),
  issued_at: z.string(),
  signature: z.string(),
});

type Answer = { status: number; body: unknown };
type Place = { instanceUrl: string };

async function ask(org: Place, form: Record<string, string>, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(`${org.instanceUrl}/services/oauth2/token`, {
    method: 'POST',
    body: new URLSearchParams(form),
    headers,
  });
  return { status: response.status, body: await response.json() };
}

const refusal = (error: string, description: string): Answer => ({
  status: 400,
  body: { error, error_description: description },
});

const appOf = async (org: { client: TestOrg['client'] }): Promise<App> =>
  appShape.parse(await org.client.send('GET', '/local/app'));

type Claims = { iss?: string; sub?: string; aud?: string; exp?: number };
const JWT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

async function assertionOf(org: ContractOrg, app: App, claims: Claims = {}, key?: KeyObject): Promise<string> {
  const { iss = app.consumerKey, sub = app.username, aud = `${org.instanceUrl}/`, exp = soon() } = claims;
  return new SignJWT({ iss, sub, aud, exp })
    .setProtectedHeader({ alg: 'RS256' })
    .sign(key ?? (await importPKCS8(app.privateKey, 'RS256')));
}

const soon = (): number => Math.floor(Date.now() / 1000) + 120;

/** Status of a plain call with a token. */
const callWith = async (org: Place, token: string, path = '/services/data/v67.0/limits'): Promise<number> =>
  (await fetch(`${org.instanceUrl}${path}`, { headers: { authorization: `Bearer ${token}` } })).status;

const needsApp = 'a real org has no app of the test run, and would not hand out its key';
const helpJwt =
  'Salesforce Help, "OAuth 2.0 JWT Bearer Flow for Server-to-Server Integration" (xcloud.remoteaccess_oauth_jwt_flow)';

describe('the JWT bearer flow', () => {
  contract(
    'gives a token of the user whom the assertion names, and no refresh token',
    { source: helpJwt, onlyLocal: needsApp },
    async (org) => {
      const app = await appOf(org);
      const answer = await ask(org, { grant_type: JWT, assertion: await assertionOf(org, app) });
      const token = tokenShape.strict().parse(answer.body);
      expect([answer.status, token.instance_url, token.id]).toEqual([
        200,
        org.instanceUrl,
        `${org.instanceUrl}/id/${org.orgId}/${org.userId}`,
      ]);
      expect(token.access_token).toMatch(new RegExp(`^${org.orgId.slice(0, 15)}![.\\w]+$`));
      expect(await callWith(org, token.access_token)).toBe(200);
    },
  );

  contract(
    'takes an expiry in milliseconds, as @salesforce/core writes it',
    { source: 'source of @salesforce/core 9.4.0, authInfo.js: exp = Date.now() + 300', onlyLocal: needsApp },
    async (org) => {
      const assertion = await assertionOf(org, await appOf(org), { exp: Date.now() + 300 });
      expect((await ask(org, { grant_type: JWT, assertion })).status).toBe(200);
    },
  );

  contract(
    'takes login.salesforce.com as the audience of an org that is no sandbox, and not test.salesforce.com',
    {
      source: 'useparagon.com/integration-error-solutions/salesforce-invalid-grant-audience-is-invalid',
      onlyLocal: needsApp,
    },
    async (org) => {
      const app = await appOf(org);
      const to = async (aud: string): Promise<Answer> =>
        ask(org, { grant_type: JWT, assertion: await assertionOf(org, app, { aud }) });
      expect((await to('https://login.salesforce.com')).status).toBe(200);
      expect(await to('https://test.salesforce.com')).toEqual(refusal('invalid_grant', 'audience is invalid'));
    },
  );

  contract(
    'refuses an assertion that has expired',
    { source: 'salesforce.stackexchange.com/questions/282513: "expired authorization code"', onlyLocal: needsApp },
    async (org) => {
      const assertion = await assertionOf(org, await appOf(org), { exp: soon() - 3600 });
      expect(await ask(org, { grant_type: JWT, assertion })).toEqual(
        refusal('invalid_grant', 'expired authorization code'),
      );
    },
  );

  contract(
    "refuses a user who hasn't approved the app, which a user who does not exist is [K]",
    {
      source: 'wording: salesforce.stackexchange.com/questions/184363; that an unknown user gets the same is believed',
      onlyLocal: needsApp,
    },
    async (org) => {
      const assertion = await assertionOf(org, await appOf(org), { sub: 'nobody@example.com' });
      expect(await ask(org, { grant_type: JWT, assertion })).toEqual(
        refusal('invalid_grant', "user hasn't approved this consumer"),
      );
    },
  );

  contract(
    'refuses an unknown consumer key, and a key that the certificate does not vouch for [K]',
    { source: 'both wordings are believed: client identifier invalid, invalid assertion', onlyLocal: needsApp },
    async (org) => {
      const app = await appOf(org);
      const unknown = await assertionOf(org, app, { iss: '3MVG9nobody' });
      expect(await ask(org, { grant_type: JWT, assertion: unknown })).toEqual(
        refusal('invalid_client_id', 'client identifier invalid'),
      );
      const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
      const forged = await assertionOf(org, app, {}, privateKey);
      for (const assertion of [forged, 'not.a.jwt', '']) {
        const { status, body } = await ask(org, { grant_type: JWT, assertion });
        expect([status, body]).toMatchObject([400, { error: 'invalid_grant', error_description: 'invalid assertion' }]);
      }
    },
  );

  contract(
    'logs in whoever signs with the key of a certificate that the app has been given',
    { source: helpJwt, onlyLocal: needsApp },
    async (org) => {
      const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
      const app = await appOf(org);
      await org.client.send('POST', '/local/app', { certificate: publicKey.export({ type: 'spki', format: 'pem' }) });
      const own = await assertionOf(org, app, {}, privateKey);
      expect((await ask(org, { grant_type: JWT, assertion: own })).status).toBe(200);
      const former = await assertionOf(org, app);
      expect((await ask(org, { grant_type: JWT, assertion: former })).status).toBe(400);
      await expect(org.client.send('POST', '/local/app', { certificate: 'none' })).rejects.toThrow(
        /certificate: expected/,
      );
    },
  );
});

describe('the client credentials flow', () => {
  contract(
    "gives a token of the app's user; the client may name itself in the form or in the header",
    {
      source: 'Salesforce Help, "OAuth 2.0 Client Credentials Flow for Server-to-Server Integration"',
      onlyLocal: needsApp,
    },
    async (org) => {
      const { consumerKey, consumerSecret } = await appOf(org);
      const form = { grant_type: 'client_credentials', client_id: consumerKey, client_secret: consumerSecret };
      const basic = Buffer.from(`${consumerKey}:${consumerSecret}`).toString('base64');
      for (const answer of [
        await ask(org, form),
        await ask(org, { grant_type: 'client_credentials' }, { authorization: `Basic ${basic}` }),
      ]) {
        expect(answer.status).toBe(200);
        expect(await callWith(org, tokenShape.parse(answer.body).access_token)).toBe(200);
      }
    },
  );

  contract(
    'refuses a wrong secret [K]',
    { source: 'invalid_client, invalid client credentials: the wording is believed', onlyLocal: needsApp },
    async (org) => {
      const { consumerKey } = await appOf(org);
      const form = { grant_type: 'client_credentials', client_id: consumerKey, client_secret: 'wrong' };
      expect(await ask(org, form)).toEqual(refusal('invalid_client', 'invalid client credentials'));
    },
  );
});

describe('the refresh token flow', () => {
  contract(
    'gives new tokens again and again, until the refresh token is revoked, and their sessions with it',
    {
      source: 'Mobile SDK guide, "Revoking OAuth Tokens": revokes it and any associated access tokens',
      onlyLocal: needsApp,
    },
    async (org) => {
      const { consumerKey, consumerSecret, refreshToken } = await appOf(org);
      const form = {
        grant_type: 'refresh_token',
        client_id: consumerKey,
        client_secret: consumerSecret,
        refresh_token: refreshToken,
      };
      const first = tokenShape.parse((await ask(org, form)).body).access_token;
      const second = tokenShape.parse((await ask(org, form)).body).access_token;
      expect([first === second, await callWith(org, first), await callWith(org, second)]).toEqual([false, 200, 200]);
      const revoke = new URLSearchParams({ token: refreshToken });
      const revoked = await fetch(`${org.instanceUrl}/services/oauth2/revoke`, { method: 'POST', body: revoke });
      expect(revoked.status).toBe(200);
      expect([await callWith(org, first), await callWith(org, second)]).toEqual([401, 401]);
      expect(await ask(org, form)).toEqual(refusal('invalid_grant', 'expired access/refresh token'));
    },
  );

  contract(
    'carries jsforce over the end of its session',
    { source: 'source of jsforce 3.10, connection.js and session-refresh-delegate.js', onlyLocal: needsApp },
    async (org) => {
      const { consumerKey, consumerSecret, refreshToken } = await appOf(org);
      const connection = new jsforce.Connection({
        instanceUrl: org.instanceUrl,
        oauth2: { loginUrl: org.instanceUrl, clientId: consumerKey, clientSecret: consumerSecret },
        accessToken: org.accessToken,
        refreshToken,
        version: '60.0',
      });
      expect((await connection.query('SELECT Id FROM Organization')).totalSize).toBe(1);
      await org.client.send('POST', '/local/sessions/expire');
      expect((await connection.query('SELECT Id FROM Organization')).totalSize).toBe(1);
      expect(connection.accessToken).not.toBe(org.accessToken);
    },
  );
});

describe('what gives no token', () => {
  contract(
    'the username-password flow, as External Client Apps have none',
    { source: 'github.com/ForceCLI/force/pull/780: invalid_grant, "authentication failure"', onlyLocal: needsApp },
    async (org) => {
      const { consumerKey, consumerSecret, username } = await appOf(org);
      const form = { client_id: consumerKey, client_secret: consumerSecret, username, password: 'secret' };
      expect(await ask(org, { grant_type: 'password', ...form })).toEqual(
        refusal('invalid_grant', 'authentication failure'),
      );
    },
  );

  contract(
    'a grant type that nobody knows, or none',
    { source: 'github.com/omniphx/forrest/issues/352: unsupported_grant_type, "grant type not supported"' },
    async (org) => {
      const expected = refusal('unsupported_grant_type', 'grant type not supported');
      expect(await ask(org, { grant_type: 'magic' })).toEqual(expected);
      expect(await ask(org, {})).toEqual(expected);
    },
  );
});

describe('a token that is no longer good', () => {
  contract(
    'is refused by the API with 401, and by the identity service with 403 and a bare word',
    {
      source:
        'github.com/jsforce/jsforce/pull/736 (403 Bad_OAuth_Token), github.com/forcedotcom/SalesforceMobileSDK-iOS/issues/3398',
    },
    async (org) => {
      const bad = `${org.orgId.slice(0, 15)}!nothing`;
      const api = await fetch(`${org.instanceUrl}/services/data/v67.0/limits`, {
        headers: { authorization: `Bearer ${bad}` },
      });
      expect([api.status, await api.json()]).toEqual([
        401,
        [{ message: 'Session expired or invalid', errorCode: 'INVALID_SESSION_ID' }],
      ]);
      for (const path of ['/services/oauth2/userinfo', `/id/${org.orgId}/${org.userId}`]) {
        const answer = await fetch(`${org.instanceUrl}${path}`, { headers: { authorization: `Bearer ${bad}` } });
        expect([path, answer.status, await answer.text()]).toEqual([path, 403, 'Bad_OAuth_Token']);
      }
    },
  );

  contract(
    'no token at all is named by the identity service as a missing one [K]',
    { source: 'Missing_OAuth_Token: the word is believed' },
    async (org) => {
      const answer = await fetch(`${org.instanceUrl}/services/oauth2/userinfo`);
      expect([answer.status, await answer.text()]).toEqual([403, 'Missing_OAuth_Token']);
    },
  );

  contract(
    'one that is no token cannot be revoked',
    { source: 'Mobile SDK guide, "Revoking OAuth Tokens": 400, invalid_token' },
    async (org) => {
      const answer = await fetch(`${org.instanceUrl}/services/oauth2/revoke?token=none`);
      expect([answer.status, await answer.json()]).toMatchObject([400, { error: 'invalid_token' }]);
    },
  );
});

describe('a local org', () => {
  const onlyLocal = 'only a local org has an owner who steers it';

  contract(
    'is steered by its own token even when the session of that token has ended, and takes it back',
    { source: 'docs/local-org.md: /local/sessions', onlyLocal },
    async (org) => {
      expect(await org.client.send('POST', '/local/sessions/expire')).toEqual({ ended: 1 });
      expect(await callWith(org, org.accessToken)).toBe(401);
      expect(await callWith(org, org.accessToken, '/local/status')).toBe(200);
      await org.client.send('POST', '/local/sessions/restore');
      expect(await callWith(org, org.accessToken)).toBe(200);
    },
  );

  contract(
    'shows the same app each time, and not without the token',
    { source: 'docs/local-org.md: /local/app', onlyLocal },
    async (org) => {
      expect(await appOf(org)).toEqual(await appOf(org));
      expect((await fetch(`${org.instanceUrl}/local/app`)).status).toBe(401);
    },
  );
});
