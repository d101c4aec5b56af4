/** Who may come in, and what a local org touches: loopback only, its token on every door, nothing outside its folder. */
import { mkdtempSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defaultSources, startLocalOrg } from '../../src/localorg/localOrg.js';
import type { LocalOrg } from '../../src/localorg/server.js';

const scratch = mkdtempSync(join(tmpdir(), 'kam-security-'));
const folder = join(scratch, 'org');
const failures: string[] = [];
let org: LocalOrg;

beforeAll(async () => {
  mkdirSync(join(scratch, 'home'));
  org = await startLocalOrg({
    port: 0,
    keep: { in: 'folder', path: folder },
    clock: new Date('2026-11-24T12:00:00Z'),
    sources: defaultSources,
    onError: (text) => failures.push(text),
  });
});

afterAll(async () => {
  await org.stop();
  rmSync(scratch, { recursive: true, force: true });
});

const send = (path: string, method = 'GET', token?: string): Promise<Response> =>
  fetch(`${org.instanceUrl}${path}`, {
    method,
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(method === 'GET' ? {} : { body: '{}' }),
  });

/** Whether something listens at an address. */
const listens = (host: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host, port: Number(new URL(org.instanceUrl).port) });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });

test('it listens on 127.0.0.1 and on no other address of this machine', async () => {
  expect(await listens('127.0.0.1')).toBe(true);
  const others = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .map(({ address }) => address)
    .filter((address) => address !== '127.0.0.1');
  for (const host of [...others, '127.0.0.2', '::1']) expect([host, await listens(host)]).toEqual([host, false]);
});

describe('a door', () => {
  const open = [
    'GET /services/data',
    'POST /services/oauth2/token',
    'POST /services/oauth2/revoke',
    'GET /services/oauth2/revoke',
  ];
  /** SOAP carries its session in the envelope; without one it is refused there. */
  const isSoap = (path: string): boolean => path.toLowerCase().startsWith('/services/soap');

  /** The first Bulk API has a header and words of its own for it. */
  const isAsync = (path: string): boolean => path.startsWith('/services/async');

  test('of the first Bulk API says in its own words that there is no session', async () => {
    const [door, ...more] = org.routes().filter(({ path }) => isAsync(path));
    expect([door?.path, more]).toEqual(['/services/async/:version/job', []]);
    const headers = { 'x-sfdc-session': `${org.accessToken}x`, 'content-type': 'application/xml' };
    const answer = await fetch(`${org.instanceUrl}/services/async/67.0/job`, { method: 'POST', headers, body: '<x/>' });
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('>InvalidSessionId<')]);
  });

  test('without the token is closed, but for the versions and the login', async () => {
    const doors = org
      .routes()
      .filter(({ method, path }) => !isSoap(path) && !isAsync(path) && !open.includes(`${method} ${path}`));
    expect(doors.length).toBeGreaterThan(40);
    for (const { method, path } of doors) {
      const asked = path.replace(':version', '67.0').replaceAll(/:\w+/g, 'x').replaceAll('*', 'x');
      for (const token of [
        undefined,
        'x',
        `${org.orgId.slice(0, 15)}!x`,
        `${org.accessToken}x`,
        org.accessToken.slice(1),
      ]) {
        const { status } = await send(asked, method, token);
        expect([method, path, token, [401, 403].includes(status)]).toEqual([method, path, token, true]);
      }
    }
  });

  test('by SOAP without a session is a fault that says so', async () => {
    const doors = org.routes().filter((route) => isSoap(route.path));
    expect(doors.length).toBeGreaterThan(0);
    for (const { path } of doors) {
      const operation = path.includes('/m/')
        ? '<checkDeployStatus xmlns="http://soap.sforce.com/2006/04/metadata"/>'
        : '<getUserInfo xmlns="urn:partner.soap.sforce.com"/>';
      const envelope = `<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>${operation}</soapenv:Body></soapenv:Envelope>`;
      const answer = await fetch(`${org.instanceUrl}${path.replaceAll(/:\w+/g, '67.0')}`, {
        method: 'POST',
        headers: { 'content-type': 'text/xml', soapaction: '""' },
        body: envelope,
      });
      expect([path, answer.status, await answer.text()]).toEqual([
        path,
        500,
        expect.stringContaining('INVALID_SESSION_ID'),
      ]);
    }
  });

  test('does not open to another site in a browser: no answer allows another origin', async () => {
    const answer = await fetch(`${org.instanceUrl}/services/data`, { headers: { origin: 'http://evil.example' } });
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    const preflight = await fetch(`${org.instanceUrl}/services/data/v67.0/limits`, {
      method: 'OPTIONS',
      headers: { origin: 'http://evil.example', 'access-control-request-method': 'GET' },
    });
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([401, null]);
  });
});

test('paths that climb lead nowhere, with the token too', async () => {
  const climbing = [
    '/services/data/v67.0/../../../etc/passwd',
    '/services/data/v67.0/sobjects/..%2f..%2f..%2fetc%2fpasswd',
    '/services/data/v67.0/sobjects/Account/%2e%2e%2f%2e%2e',
    '/services/data/v67.0/jobs/query/..%2f..%2ftoken/results',
    '/local/..%2ftoken',
    '/token',
    '/app.json',
    '/org.sqlite',
    '//evil.example/services/data',
    `/services/data/v67.0/sobjects/Account/x%00y`,
  ];
  for (const path of climbing) {
    const { status } = await send(path, 'GET', org.accessToken);
    expect([path, status >= 400 && status < 500]).toEqual([path, true]);
  }
  expect(failures).toEqual([]);
});

test('it writes into its own folder only, and for its owner only', async () => {
  await send('/local/app', 'GET', org.accessToken);
  const answer = await fetch(`${org.instanceUrl}/services/data/v67.0/sobjects/Account`, {
    method: 'POST',
    headers: { authorization: `Bearer ${org.accessToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ Name: '../../outside' }),
  });
  expect(answer.status).toBe(201);
  const files = readdirSync(scratch, { recursive: true, encoding: 'utf8' }).toSorted();
  expect(files.filter((file) => !/^(home|org|org\/(app\.json|token|org\.sqlite(-wal|-shm)?))$/.test(file))).toEqual([]);
  expect(files).toContain('org/app.json');
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  for (const file of ['token', 'app.json', 'org.sqlite']) expect(statSync(join(folder, file)).mode & 0o077).toBe(0);
});

describe('what is too much', () => {
  /** Sends a head only, as a client that declares a body and never sends it, and waits for the first line of the answer. */
  const head = (lines: readonly string[]): Promise<string> =>
    new Promise((resolve) => {
      const socket = connect({ host: '127.0.0.1', port: Number(new URL(org.instanceUrl).port) });
      let answer = '';
      const done = (): void => {
        socket.destroy();
        resolve(answer.split('\r\n')[0] ?? '');
      };
      socket.on('data', (bytes: Buffer) => {
        answer += bytes.toString();
        done();
      });
      socket.on('error', done);
      socket.on('close', done);
      socket.write(`${lines.join('\r\n')}\r\n\r\n`);
    });

  test('a body that declares 1 GB is refused before it is sent', async () => {
    for (const type of ['application/json', 'text/csv']) {
      const job = type === 'text/csv' ? 'jobs/ingest/750000000000001AAA/batches' : 'composite/sobjects';
      const answer = await head([
        `${type === 'text/csv' ? 'PUT' : 'POST'} /services/data/v67.0/${job} HTTP/1.1`,
        'Host: 127.0.0.1',
        `Authorization: Bearer ${org.accessToken}`,
        `Content-Type: ${type}`,
        `Content-Length: ${1024 ** 3}`,
      ]);
      expect(answer).toBe('HTTP/1.1 413 Payload Too Large');
    }
  });

  test('a query of 10 MB is refused, in the address and in a body', async () => {
    const soql = `SELECT Id FROM Account WHERE Name = '${'x'.repeat(10_000_000)}'`;
    const address = await head([
      `GET /services/data/v67.0/query?q=${encodeURIComponent(soql).slice(0, 100_000)} HTTP/1.1`,
    ]);
    expect(address).toMatch(/^HTTP\/1\.1 (414|431) /);
    const job = await fetch(`${org.instanceUrl}/services/data/v67.0/jobs/query`, {
      method: 'POST',
      headers: { authorization: `Bearer ${org.accessToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ operation: 'query', query: soql }),
    });
    expect([job.status, await job.text()]).toEqual([400, expect.stringContaining('longer than 100000 characters')]);
  });

  test('JSON nested 100,000 deep is refused, and the org lives on', async () => {
    const answer = await fetch(`${org.instanceUrl}/services/data/v67.0/sobjects/Account`, {
      method: 'POST',
      headers: { authorization: `Bearer ${org.accessToken}`, 'content-type': 'application/json' },
      body: `{"Name":${'['.repeat(100_000)}${']'.repeat(100_000)}}`,
    });
    expect(answer.status).toBe(400);
    expect((await send('/services/data/v67.0/limits', 'GET', org.accessToken)).status).toBe(200);
  });

  test('a login form of more than 64 KB is refused', async () => {
    const answer = await fetch(`${org.instanceUrl}/services/oauth2/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'x'.repeat(70_000) }),
    });
    expect(answer.status).toBe(413);
  });
});
