/** Every fault of a local org, switched on and met by a plain client; and that the log says so. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { request as plainRequest } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { openClient, type LocalClient } from '../../src/localorg/client.js';
import { faultKinds } from '../../src/localorg/faults.js';
import { defaultSources, startLocalOrg } from '../../src/localorg/localOrg.js';
import type { LocalOrg } from '../../src/localorg/server.js';
import { soap, textsOf } from '../support/metadata.js';

const V = '/services/data/v67.0';

const state = z.object({
  active: z.array(z.object({ id: z.number(), met: z.number(), fired: z.number() })),
  log: z.array(z.object({ kind: z.string(), url: z.string(), detail: z.string() })),
});

let org: LocalOrg;
let client: LocalClient;
let failures: string[];

beforeEach(async () => {
  failures = [];
  org = await startLocalOrg({
    port: 0,
    keep: { in: 'memory' },
    clock: new Date('2026-11-24T12:00:00Z'),
    sources: defaultSources,
    onError: (text) => failures.push(text),
  });
  client = openClient(org.instanceUrl, org.accessToken);
});

afterEach(async () => {
  await client.close();
  await org.stop();
  expect(failures).toEqual([]);
});

type Answer = { status: number; headers: Headers; text: string };

async function call(path: string, method = 'GET', body?: unknown): Promise<Answer> {
  const response = await fetch(`${org.instanceUrl}${path.startsWith('/') ? path : `${V}/${path}`}`, {
    method,
    headers: { authorization: `Bearer ${org.accessToken}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

const queryPath = (soql: string): string => `query?q=${encodeURIComponent(soql)}`;
const on = (fault: Record<string, unknown>): Promise<unknown> => client.send('POST', '/local/faults', fault);
const off = (): Promise<unknown> => client.send('DELETE', '/local/faults');
const fired = async (): Promise<string[]> =>
  state.parse(await client.send('GET', '/local/faults')).log.map(({ kind, detail }) => `${kind}: ${detail}`);
const named = async (soql: string): Promise<unknown[]> => (await client.query(soql)).map((record) => record['Name']);
const errorOf = ({ status, text }: Answer): string => {
  const [first] = z.array(z.object({ errorCode: z.string(), message: z.string() })).parse(JSON.parse(text));
  return `${status} ${first?.errorCode}: ${first?.message}`;
};

async function account(name: string): Promise<string> {
  return z.object({ id: z.string() }).parse(await client.send('POST', 'sobjects/Account', { Name: name })).id;
}

async function accounts(count: number): Promise<void> {
  const records = Array.from({ length: count }, (_, n) => ({ attributes: { type: 'Account' }, Name: `A${n}` }));
  await client.send('POST', 'composite/sobjects', { records });
}

/** How the connection ends for a client that only sends bytes and listens. */
function rawGet(path: string): Promise<{ bytes: number; declared: number; end: string }> {
  return new Promise((resolve) => {
    const headers = { authorization: `Bearer ${org.accessToken}` };
    const asked = plainRequest(`${org.instanceUrl}${V}/${path}`, { headers, agent: false }, (response) => {
      const declared = Number(response.headers['content-length'] ?? -1);
      let bytes = 0;
      let end = 'end';
      response.on('data', (chunk: Buffer) => (bytes += chunk.length));
      response.on('error', (error: Error & { code?: string }) => (end = error.code ?? error.message));
      response.on('close', () => resolve({ bytes, declared, end }));
    });
    asked.on('error', (error: Error & { code?: string }) =>
      resolve({ bytes: 0, declared: -1, end: error.code ?? error.message }),
    );
    asked.end();
  });
}

async function refusedConnection(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'answered';
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    return cause instanceof Error && 'code' in cause ? String(cause.code) : String(error);
  }
}

describe('the connection', () => {
  test('latency: the answer comes later by what was asked', async () => {
    await on({ kind: 'latency', ms: 60, next: 1 });
    const started = performance.now();
    expect((await call('limits')).status).toBe(200);
    expect(performance.now() - started).toBeGreaterThanOrEqual(59);
    expect(await fired()).toEqual(['latency: 60 ms']);
  });

  test.each([
    ['reset-before', []],
    ['reset-during', []],
    ['reset-after', ['Acme']],
  ])('%s: the client sees a reset connection, and the org has %j', async (kind, names) => {
    await on({ kind, methods: ['POST'], next: 1 });
    const broken = await refusedConnection(call('sobjects/Account', 'POST', { Name: 'Acme' }));
    expect(broken).toMatch(/ECONNRESET|UND_ERR_SOCKET/);
    expect(await named('SELECT Name FROM Account')).toEqual(names);
    expect(await fired()).toHaveLength(1);
  });

  test('truncated-body: less than was declared, then the connection is gone', async () => {
    await on({ kind: 'truncated-body', share: 0.25, next: 1 });
    const { bytes, declared, end } = await rawGet('limits');
    expect([bytes, end]).toEqual([Math.floor(declared / 4), 'ECONNRESET']);
    expect(await fired()).toEqual([`truncated-body: ${bytes} of ${declared} bytes, then reset`]);
  });

  test('truncated-body, ended clean: an answer that looks whole to HTTP, and is no JSON', async () => {
    await on({ kind: 'truncated-body', ending: 'clean', next: 1 });
    const { status, text } = await call('limits');
    expect(status).toBe(200);
    expect(() => {
      JSON.parse(text);
    }).toThrow(SyntaxError);
  });

  test('stalled-body: a part, then silence until its time is over', async () => {
    await on({ kind: 'stalled-body', ms: 80, next: 1 });
    const started = performance.now();
    const { bytes, declared, end } = await rawGet('limits');
    expect([bytes, end]).toEqual([Math.floor(declared / 2), 'ECONNRESET']);
    expect(performance.now() - started).toBeGreaterThanOrEqual(79);
  });
});

describe('the session', () => {
  test('session-expired after two calls: that token is dead, a new one works', async () => {
    const app = z
      .object({ consumerKey: z.string(), consumerSecret: z.string() })
      .parse(await client.send('GET', '/local/app'));
    await on({ kind: 'session-expired', after: 2 });
    const statuses = [];
    for (let n = 0; n < 4; n += 1) statuses.push((await call('limits')).status);
    expect(statuses).toEqual([200, 200, 401, 401]);
    const login = await fetch(`${org.instanceUrl}/services/oauth2/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: app.consumerKey,
        client_secret: app.consumerSecret,
      }),
    });
    const { access_token } = z.object({ access_token: z.string() }).parse(await login.json());
    const again = await fetch(`${org.instanceUrl}${V}/limits`, {
      headers: { authorization: `Bearer ${access_token}` },
    });
    expect(again.status).toBe(200);
    expect(await fired()).toEqual(['session-expired: session ended']);
  });

  test('session-refused: 401 for ever, whatever the token', async () => {
    await on({ kind: 'session-refused' });
    for (let n = 0; n < 3; n += 1)
      expect(errorOf(await call('limits'))).toBe('401 INVALID_SESSION_ID: Session expired or invalid');
    await off();
    expect((await call('limits')).status).toBe(200);
  });
});

test('by SOAP a refusal is a fault, and the session in the envelope is the one that ends', async () => {
  const ask = async (): Promise<{ status: number; text: string }> => {
    const answer = await fetch(`${org.instanceUrl}/services/Soap/m/67.0`, {
      method: 'POST',
      headers: { 'content-type': 'text/xml', soapaction: '""' },
      body: `<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns="http://soap.sforce.com/2006/04/metadata"><e:Header><SessionHeader><sessionId>${org.accessToken}</sessionId></SessionHeader></e:Header><e:Body><describeMetadata><asOfVersion>67.0</asOfVersion></describeMetadata></e:Body></e:Envelope>`,
    });
    return { status: answer.status, text: await answer.text() };
  };
  await on({ kind: 'concurrent-limit', path: '/services/Soap/', next: 1 });
  expect(await ask()).toEqual({ status: 500, text: expect.stringContaining('<faultcode>sf:REQUEST_LIMIT_EXCEEDED<') });
  await on({ kind: 'session-expired', path: '/services/Soap/', next: 1 });
  expect((await ask()).text).toContain('<faultcode>sf:INVALID_SESSION_ID<');
  expect((await call('limits')).status).toBe(401);
});

describe('the server', () => {
  test.each([
    [500, 'html', 'text/html; charset=UTF-8', '<h1>Internal Server Error</h1>'],
    [502, 'html', 'text/html; charset=UTF-8', '<h1>Bad Gateway</h1>'],
    [503, 'html', 'text/html; charset=UTF-8', '<h1>Service Unavailable</h1>'],
    [500, 'json', 'application/json; charset=utf-8', 'UNKNOWN_EXCEPTION'],
    [503, 'json', 'application/json; charset=utf-8', 'SERVER_UNAVAILABLE'],
  ])('server-error: %i in %s, and nothing is done', async (status, body, type, text) => {
    await on({ kind: 'server-error', status, body, next: 1 });
    const answer = await call('sobjects/Account', 'POST', { Name: 'Acme' });
    expect([answer.status, answer.headers.get('content-type'), answer.text]).toEqual([
      status,
      type,
      expect.stringContaining(text),
    ]);
    expect(await named('SELECT Name FROM Account')).toEqual([]);
    expect(await fired()).toEqual([`server-error: ${status} in ${body}, work not-done`]);
  });

  test('server-error with the work done: the client hears of failure, and the record is there', async () => {
    await on({ kind: 'server-error', status: 504, work: 'done', next: 1 });
    expect((await call('sobjects/Account', 'POST', { Name: 'Acme' })).status).toBe(504);
    expect(await named('SELECT Name FROM Account')).toEqual(['Acme']);
  });

  test.each([406, 420])('empty-answer: %i without a body', async (status) => {
    await on({ kind: 'empty-answer', status, next: 1 });
    const answer = await call('limits');
    expect([answer.status, answer.text]).toEqual([status, '']);
    expect(await fired()).toEqual([`empty-answer: ${status} without a body`]);
  });
});

describe('limits', () => {
  test('daily-limit with two calls left: two are answered, then the day is over, and the header says so', async () => {
    await on({ kind: 'daily-limit', left: 2 });
    expect((await call('limits')).headers.get('sforce-limit-info')).toBe('api-usage=99999/100000');
    expect((await call('limits')).status).toBe(200);
    const refused = await call('limits');
    expect(errorOf(refused)).toBe('403 REQUEST_LIMIT_EXCEEDED: TotalRequests Limit exceeded.');
    expect(refused.headers.get('sforce-limit-info')).toBe('api-usage=100000/100000');
    await off();
    expect((await call('limits')).headers.get('sforce-limit-info')).toBe('api-usage=4/100000');
  });

  test('daily-limit by SOAP: what is left is answered, then each call is a fault of the same code', async () => {
    await on({ kind: 'daily-limit', left: 1 });
    const info = async (): Promise<string> => {
      const { status, text } = await soap(org, 'u', '<getUserInfo/>');
      return `${status} ${textsOf(text, 'faultcode')[0] ?? 'answered'} ${textsOf(text, 'exceptionMessage')[0] ?? ''}`;
    };
    expect(await info()).toBe('200 answered ');
    expect(await info()).toBe('500 sf:REQUEST_LIMIT_EXCEEDED TotalRequests Limit exceeded.');
    expect(await info()).toContain('REQUEST_LIMIT_EXCEEDED');
  });

  test('concurrent-limit on every second call', async () => {
    await on({ kind: 'concurrent-limit', every: 2 });
    const answers = [await call('limits'), await call('limits'), await call('limits'), await call('limits')];
    expect(answers.map(({ status }) => status)).toEqual([200, 403, 200, 403]);
    expect(answers[1]?.text).toContain('ConcurrentRequests (Concurrent API Requests) Limit exceeded.');
  });

  test.each([
    ['per-app', /^api-usage=1\/100000; per-app-api-usage=17\/250\(appName=sample-connected-app\)$/],
    ['bursts', /^api-usage=1\/100000; api-bursts=1\/750$/],
    ['missing', /^null$/],
  ])('limit-header, %s', async (form, pattern) => {
    await on({ kind: 'limit-header', form });
    expect(String((await call('limits')).headers.get('sforce-limit-info'))).toMatch(pattern);
  });
});

describe('queries', () => {
  test.each([
    [1, 3],
    [2, 2],
  ])('page-size %i: three records come in %i pages, and none is lost', async (rows, pages) => {
    await accounts(3);
    await on({ kind: 'page-size', rows });
    expect(await named('SELECT Name FROM Account ORDER BY Name')).toEqual(['A0', 'A1', 'A2']);
    expect(await fired()).toHaveLength(pages);
  });

  test('page-size 250 and 500: what a client gets for 600 records', async () => {
    for (let n = 0; n < 3; n += 1) await accounts(200);
    const page = z.object({ records: z.array(z.unknown()), done: z.boolean() });
    for (const rows of [250, 500]) {
      await on({ kind: 'page-size', rows });
      const { records, done } = page.parse(JSON.parse((await call(queryPath('SELECT Id FROM Account'))).text));
      expect([records.length, done]).toEqual([rows, false]);
      await off();
    }
  });

  test('locator-expired: the page is refused, and so is every page behind that locator from then on', async () => {
    await accounts(3);
    await on({ kind: 'page-size', rows: 1 });
    const { nextRecordsUrl } = z
      .object({ nextRecordsUrl: z.string() })
      .parse(JSON.parse((await call(queryPath('SELECT Id FROM Account'))).text));
    await on({ kind: 'locator-expired', next: 1 });
    expect(errorOf(await call(nextRecordsUrl))).toBe('400 INVALID_QUERY_LOCATOR: invalid query locator');
    expect(errorOf(await call(nextRecordsUrl))).toBe('400 INVALID_QUERY_LOCATOR: invalid query locator');
    expect((await call(queryPath('SELECT Id FROM Account'))).status).toBe(200);
  });

  test('query-timeout: any query; or only one of more rows than so many', async () => {
    await accounts(3);
    await on({ kind: 'query-timeout', next: 1 });
    expect(errorOf(await call(queryPath('SELECT Id FROM Account')))).toBe(
      '400 QUERY_TIMEOUT: Your query request was running for too long.',
    );
    await on({ kind: 'query-timeout', above: 2, every: 1 });
    expect((await call(queryPath('SELECT Id FROM Account'))).status).toBe(400);
    expect((await call(queryPath("SELECT Id FROM Account WHERE Name < 'A2'"))).status).toBe(200);
    expect(await fired()).toEqual(['query-timeout: query timed out', 'query-timeout: 3 rows']);
  });
});

describe('Bulk API 2.0 queries', () => {
  const jobShape = z.object({ id: z.string(), state: z.string(), errorMessage: z.string().optional() });
  const start = async (soql: string): Promise<string> =>
    jobShape.parse(await client.send('POST', 'jobs/query', { operation: 'query', query: soql })).id;
  const look = async (id: string): Promise<z.infer<typeof jobShape>> =>
    jobShape.parse(await client.send('GET', `jobs/query/${id}`));
  const finish = async (id: string): Promise<void> => {
    while ((await look(id)).state !== 'JobComplete');
  };

  test('bulk-pages-unordered: the links lead to all pages, in another order', async () => {
    await accounts(5);
    const id = await start('SELECT Name FROM Account ORDER BY Name');
    await finish(id);
    await on({ kind: 'bulk-pages-unordered' });
    const { resultPages } = z
      .object({ resultPages: z.array(z.object({ resultUrl: z.string() })) })
      .parse(await client.send('GET', `jobs/query/${id}/resultPages?maxRecords=1`));
    const rows = [];
    for (const { resultUrl } of resultPages) rows.push((await call(resultUrl)).text.split('\n')[1]);
    expect(rows).not.toEqual(['"A0"', '"A1"', '"A2"', '"A3"', '"A4"']);
    expect(rows.toSorted()).toEqual(['"A0"', '"A1"', '"A2"', '"A3"', '"A4"']);
  });

  test('bulk-rows-unordered: the header first, then the same rows in another order', async () => {
    await accounts(5);
    const id = await start('SELECT Name FROM Account ORDER BY Name');
    await finish(id);
    await on({ kind: 'bulk-rows-unordered' });
    const lines = (await call(`jobs/query/${id}/results`)).text.trimEnd().split('\n');
    expect(lines[0]).toBe('"Name"');
    expect(lines.slice(1)).not.toEqual(['"A0"', '"A1"', '"A2"', '"A3"', '"A4"']);
    expect(lines.slice(1).toSorted()).toEqual(['"A0"', '"A1"', '"A2"', '"A3"', '"A4"']);
    expect(await fired()).toEqual(['bulk-rows-unordered: 5 rows']);
  });

  test('bulk-job-failed: the job ends as Failed, with a reason', async () => {
    const id = await start('SELECT Id FROM Account');
    await on({ kind: 'bulk-job-failed' });
    expect(await look(id)).toMatchObject({
      state: 'Failed',
      errorMessage: expect.stringContaining('InternalServerError'),
    });
    expect((await call(`jobs/query/${id}/results`)).status).toBe(400);
  });

  test('bulk-version-conflict: 409, then the results', async () => {
    const id = await start('SELECT Id FROM Account');
    await finish(id);
    await on({ kind: 'bulk-version-conflict', next: 1 });
    expect((await call(`jobs/query/${id}/results`)).status).toBe(409);
    expect((await call(`jobs/query/${id}/results`)).status).toBe(200);
  });

  test('bulk-job-stuck: the job stays InProgress for so many looks, and then goes on', async () => {
    const id = await start('SELECT Id FROM Account');
    await on({ kind: 'bulk-job-stuck', next: 3 });
    const states = [];
    for (let n = 0; n < 4; n += 1) states.push((await look(id)).state);
    expect(states).toEqual(['InProgress', 'InProgress', 'InProgress', 'JobComplete']);
    expect(await fired()).toHaveLength(3);
  });
});

describe('Bulk API 2.0 ingest', () => {
  const jobShape = z.object({
    id: z.string(),
    state: z.string(),
    numberRecordsProcessed: z.number().optional(),
    errorMessage: z.string().optional(),
  });
  const upload = async (csv: string): Promise<string> => {
    const { id } = jobShape.parse(await client.send('POST', 'jobs/ingest', { object: 'Account', operation: 'insert' }));
    await fetch(`${org.instanceUrl}${V}/jobs/ingest/${id}/batches`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${org.accessToken}`, 'content-type': 'text/csv' },
      body: csv,
    });
    await client.send('PATCH', `jobs/ingest/${id}`, { state: 'UploadComplete' });
    return id;
  };
  const look = async (id: string): Promise<z.infer<typeof jobShape>> =>
    jobShape.parse(await client.send('GET', `jobs/ingest/${id}`));
  const ended = async (id: string): Promise<z.infer<typeof jobShape>> => {
    for (;;) {
      const job = await look(id);
      if (job.state === 'JobComplete' || job.state === 'Failed') return job;
    }
  };
  const rowsOf = async (id: string, file: string): Promise<string[]> =>
    (await call(`jobs/ingest/${id}/${file}`)).text.trimEnd().split('\n').slice(1);

  test('bulk-job-failed: half of the rows are written, the rest is unprocessed', async () => {
    await on({ kind: 'bulk-job-failed', share: 0.5 });
    const id = await upload('Name\nA0\nA1\nA2\nA3\n');
    expect(await ended(id)).toMatchObject({
      state: 'Failed',
      numberRecordsProcessed: 2,
      errorMessage: expect.stringContaining('InternalServerError'),
    });
    expect(await named('SELECT Name FROM Account ORDER BY Name')).toEqual(['A0', 'A1']);
    expect(await rowsOf(id, 'unprocessedrecords')).toEqual(['"A2"', '"A3"']);
  });

  test('bulk-rows-unordered: each result file has its rows in another order', async () => {
    const id = await upload('Name\nA0\nA1\nA2\nA3\nA4\n');
    await ended(id);
    await on({ kind: 'bulk-rows-unordered' });
    const rows = (await rowsOf(id, 'successfulResults')).map((row) => row.slice(-4));
    expect(rows).not.toEqual(['"A0"', '"A1"', '"A2"', '"A3"', '"A4"']);
    expect(rows.toSorted()).toEqual(['"A0"', '"A1"', '"A2"', '"A3"', '"A4"']);
  });

  test('bulk-job-stuck: a job is shown in progress for as long as the fault is met', async () => {
    await on({ kind: 'bulk-job-stuck', methods: ['GET'], next: 2 });
    const id = await upload('Name\nA0\n');
    expect([(await look(id)).state, (await look(id)).state]).toEqual(['InProgress', 'InProgress']);
    expect((await ended(id)).state).toBe('JobComplete');
  });

  test("account-locks and commit-lag: a job's rows meet them too", async () => {
    const held = await account('held');
    await on({ kind: 'account-locks', held: [held] });
    await on({ kind: 'commit-lag', seconds: 60 });
    const { id } = jobShape.parse(await client.send('POST', 'jobs/ingest', { object: 'Contact', operation: 'insert' }));
    await fetch(`${org.instanceUrl}${V}/jobs/ingest/${id}/batches`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${org.accessToken}`, 'content-type': 'text/csv' },
      body: `LastName,AccountId\nLocked,${held}\nFree,\n`,
    });
    await client.send('PATCH', `jobs/ingest/${id}`, { state: 'UploadComplete' });
    await ended(id);
    expect(await rowsOf(id, 'failedResults')).toEqual([
      `"","UNABLE_TO_LOCK_ROW:unable to obtain exclusive access to this record or 1 records: ${held}:--","Locked","${held}"`,
    ]);
    const [free] = await client.query('SELECT CreatedDate FROM Contact');
    const { clock } = z.object({ clock: z.string() }).parse(await client.send('GET', '/local/status'));
    expect(Date.parse(clock) - Date.parse(String(free?.['CreatedDate']))).toBeGreaterThanOrEqual(60_000);
  });
});

describe('records', () => {
  const stampOf = async (id: string): Promise<number> => {
    const [record] = await client.query(`SELECT SystemModstamp FROM Account WHERE Id = '${id}'`);
    return Date.parse(String(record?.['SystemModstamp']));
  };
  const clock = async (): Promise<number> =>
    Date.parse(z.object({ clock: z.string() }).parse(await client.send('GET', '/local/status')).clock);

  test('commit-lag: a row is seen later than its SystemModstamp says; an update never goes behind the one before', async () => {
    const before = await account('before');
    const first = await stampOf(before);
    await on({ kind: 'commit-lag', seconds: 30 });
    const late = await account('late');
    expect((await clock()) - (await stampOf(late))).toBeGreaterThanOrEqual(30_000);
    await client.send('PATCH', `sobjects/Account/${before}`, { Name: 'again' });
    expect(await stampOf(before)).toBe(first);
    await off();
    const prompt = await account('prompt');
    expect((await clock()) - (await stampOf(prompt))).toBeLessThan(5000);
    expect(await fired()).toEqual(['commit-lag: 1 rows stamped 30 s back', 'commit-lag: 1 rows stamped 30 s back']);
  });

  const upsertBoth = (one: string, other: string): Promise<Answer> =>
    call('composite/sobjects', 'PATCH', {
      records: [one, other].map((Id) => ({ attributes: { type: 'Account' }, Id, Description: 'x' })),
    });
  const outcomes = ({ text }: Answer): string[] =>
    z
      .array(
        z.object({ success: z.boolean(), errors: z.array(z.object({ statusCode: z.string(), message: z.string() })) }),
      )
      .parse(JSON.parse(text))
      .map(({ success, errors }) => (success ? 'saved' : `${errors[0]?.statusCode}: ${errors[0]?.message}`));

  test('account-locks: an account that somebody holds refuses its row after the wait, the other is saved', async () => {
    const [held, free] = [await account('held'), await account('free')];
    await on({ kind: 'account-locks', held: [held], wait: 40, hold: 0 });
    const started = performance.now();
    expect(outcomes(await upsertBoth(held, free))).toEqual([
      `UNABLE_TO_LOCK_ROW: unable to obtain exclusive access to this record or 1 records: ${held}`,
      'saved',
    ]);
    expect(performance.now() - started).toBeGreaterThanOrEqual(39);
    expect(await fired()).toEqual([`account-locks: refused rows of ${held} after 40 ms`]);
  });

  test("account-locks: the wait is by the org's clock, 10 s where nobody says otherwise", async () => {
    const held = await account('held');
    await on({ kind: 'account-locks', held: [held] });
    const answer = call(`sobjects/Account/${held}`, 'PATCH', { Name: 'x' });
    await pause(50);
    const now = await clock();
    await client.send('POST', '/local/clock', { to: new Date(now + 9000).toISOString() });
    expect(await Promise.race([answer.then(() => 'answered'), pause(50, 'waits')])).toBe('waits');
    await client.send('POST', '/local/clock', { to: new Date(now + 10_000).toISOString() });
    expect(errorOf(await answer)).toContain('400 UNABLE_TO_LOCK_ROW');
  });

  test('account-locks: two requests at once on one account; the second waits for the first, or gives up', async () => {
    const id = await account('busy');
    const touch = (): Promise<Answer> => call(`sobjects/Account/${id}`, 'PATCH', { Description: 'x' });
    await on({ kind: 'account-locks', hold: 40, wait: 5000 });
    expect((await Promise.all([touch(), touch()])).map(({ status }) => status)).toEqual([204, 204]);
    expect(await fired()).toEqual(['account-locks: waited']);
    await off();
    await on({ kind: 'account-locks', hold: 80, wait: 10 });
    expect((await Promise.all([touch(), touch()])).map(({ status }) => status).toSorted()).toEqual([204, 400]);
  });

  test("account-locks: an opportunity's and a task's account is locked with them, and a trigger may wrap the text", async () => {
    const held = await account('held');
    await on({ kind: 'account-locks', held: [held], wait: 0, wrapped: true });
    const task = errorOf(await call('sobjects/Task', 'POST', { WhatId: held, Subject: 'Call' }));
    expect(task).toContain('400 CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY: AccountRollup: execution of AfterUpdate');
    expect(task).toContain('UNABLE_TO_LOCK_ROW, unable to obtain exclusive access to this record');
    const deal = { AccountId: held, Name: 'Deal', StageName: 'Prospecting', CloseDate: '2026-12-01' };
    expect(errorOf(await call('sobjects/Opportunity', 'POST', deal))).toContain('UNABLE_TO_LOCK_ROW');
    expect((await call('sobjects/Task', 'POST', { Subject: 'Alone' })).status).toBe(201);
  });

  test('account-locks: a share of all accounts, the same ones for the same seed', async () => {
    await accounts(100);
    const ids = (await client.query('SELECT Id FROM Account ORDER BY Id')).map((record) => String(record['Id']));
    const refusedBy = async (seed: number): Promise<number[]> => {
      await on({ kind: 'account-locks', share: 0.2, wait: 0, seed });
      const answer = await call('composite/sobjects', 'PATCH', {
        records: ids.map((Id) => ({ attributes: { type: 'Account' }, Id, Description: 'x' })),
      });
      await off();
      return outcomes(answer).flatMap((outcome, n) => (outcome === 'saved' ? [] : [n]));
    };
    const first = await refusedBy(7);
    expect(first.length).toBeGreaterThan(5);
    expect(first.length).toBeLessThan(40);
    expect(await refusedBy(7)).toEqual(first);
    expect(await refusedBy(8)).not.toEqual(first);
  });

  test('hard-delete: records are gone in the middle of a run, from the recycle bin too', async () => {
    await accounts(3);
    await on({ kind: 'hard-delete', object: 'Account', rows: 2, after: 1, seed: 5 });
    expect(await named('SELECT Name FROM Account')).toHaveLength(3);
    expect(await named('SELECT Name FROM Account')).toHaveLength(1);
    expect(JSON.parse((await call('queryAll?q=SELECT+Id+FROM+Account')).text)).toMatchObject({ totalSize: 1 });
    expect((await fired())[0]).toMatch(/^hard-delete: 001\w{15}, 001\w{15}$/);
  });

  test('bin-purged: what lay in the recycle bin is gone', async () => {
    const id = await account('gone');
    await client.send('DELETE', `sobjects/Account/${id}`);
    const inBin = async (): Promise<unknown> =>
      z.object({ totalSize: z.number() }).parse(JSON.parse((await call('queryAll?q=SELECT+Id+FROM+Account')).text))
        .totalSize;
    expect(await inBin()).toBe(1);
    await on({ kind: 'bin-purged' });
    expect(await inBin()).toBe(0);
    expect(await fired()).toEqual(['bin-purged: 1 records purged']);
  });
});

describe('the org itself', () => {
  const fieldOf = async (): Promise<unknown> =>
    z
      .object({ fields: z.array(z.looseObject({ name: z.string() })) })
      .parse(await client.send('GET', 'sobjects/Account/describe'))
      .fields.find(({ name }) => name === 'KAM_Score__c');

  test('describe-change, gone after one call: the field leaves describe, queries and writes', async () => {
    const id = await account('Acme');
    await on({ kind: 'describe-change', object: 'Account', field: 'KAM_Score__c', after: 1 });
    expect(await fieldOf()).toMatchObject({ type: 'double' });
    expect(await fieldOf()).toBeUndefined();
    expect(errorOf(await call(queryPath('SELECT KAM_Score__c FROM Account')))).toContain('400 INVALID_FIELD');
    expect(errorOf(await call(`sobjects/Account/${id}`, 'PATCH', { KAM_Score__c: 1 }))).toContain('400 INVALID_FIELD');
    await off();
    expect(await fieldOf()).toMatchObject({ type: 'double' });
  });

  test('describe-change, read-only and another type', async () => {
    const id = await account('Acme');
    await on({ kind: 'describe-change', object: 'Account', field: 'KAM_Score__c', change: 'read-only' });
    expect(await fieldOf()).toMatchObject({ updateable: false });
    expect(errorOf(await call(`sobjects/Account/${id}`, 'PATCH', { KAM_Score__c: 1 }))).toContain(
      'INVALID_FIELD_FOR_INSERT_UPDATE',
    );
    await off();
    await on({ kind: 'describe-change', object: 'Account', field: 'KAM_Score__c', change: 'type' });
    expect(await fieldOf()).toMatchObject({ type: 'string', length: 255 });
  });

  test('clock-skew: the Date header is off by so much', async () => {
    await on({ kind: 'clock-skew', seconds: -300 });
    const date = Date.parse((await call('limits')).headers.get('date') ?? '');
    const { clock } = z.object({ clock: z.string() }).parse(await client.send('GET', '/local/status'));
    expect(Math.round((Date.parse(clock) - date) / 1000 / 10) * 10).toBe(300);
  });
});

describe('when a fault fires', () => {
  const statuses = async (calls: number, path = 'limits'): Promise<number[]> => {
    const list = [];
    for (let n = 0; n < calls; n += 1) list.push((await call(path)).status);
    return list;
  };

  test('on the next two calls; on every third; after two calls; once where nobody says more', async () => {
    const patterns: [Record<string, number>, number[]][] = [
      [{ next: 2 }, [503, 503, 200, 200, 200, 200]],
      [{ every: 3 }, [200, 200, 503, 200, 200, 503]],
      [{ after: 2, next: 1 }, [200, 200, 503, 200, 200, 200]],
      [{}, [503, 200, 200, 200, 200, 200]],
    ];
    for (const [when, expected] of patterns) {
      await on({ kind: 'server-error', ...when });
      expect([when, await statuses(6)]).toEqual([when, expected]);
      await off();
    }
  });

  test('by chance: the same calls for the same seed, others for another', async () => {
    const withSeed = async (seed: number): Promise<number[]> => {
      await on({ kind: 'server-error', chance: 0.5, seed });
      const list = await statuses(20);
      await off();
      return list;
    };
    const first = await withSeed(1);
    expect(await withSeed(1)).toEqual(first);
    expect(await withSeed(2)).not.toEqual(first);
  });

  test('only on calls that the path and the method are about, and never on the local routes', async () => {
    await on({ kind: 'server-error', path: '/sobjects/task', methods: ['GET'], every: 1 });
    expect([(await call('sobjects/Task/describe')).status, (await call('limits')).status]).toEqual([503, 200]);
    expect((await call('sobjects/Task', 'POST', { Subject: 'Call' })).status).toBe(201);
    await on({ kind: 'server-error', path: '/', every: 1 });
    expect((await call('/local/status')).status).toBe(200);
    const { active } = state.parse(await client.send('GET', '/local/faults'));
    expect(active).toMatchObject([
      { id: 1, met: 1, fired: 1 },
      { id: 2, met: 0, fired: 0 },
    ]);
  });

  test('one is switched off by its number, the log is emptied by itself, and a fault that is none is named', async () => {
    await on({ kind: 'server-error', every: 1 });
    await call('limits');
    await client.send('DELETE', '/local/faults/1');
    expect([(await call('limits')).status, (await fired()).length]).toEqual([200, 1]);
    await client.send('DELETE', '/local/faults/log');
    expect(await fired()).toEqual([]);
    await expect(client.send('DELETE', '/local/faults/1')).rejects.toThrow(/does not exist/);
    await expect(on({ kind: 'flood' })).rejects.toThrow(/kind: .*Kinds: latency, reset-before/);
    await expect(on({ kind: 'latency' })).rejects.toThrow(/^ms: /);
    await expect(on({ kind: 'latency', ms: 1, often: 3 })).rejects.toThrow(/often/);
  });
});

test('each kind of fault is met in this file', async () => {
  const { readFileSync } = await import('node:fs');
  const text = readFileSync(new URL(import.meta.url), 'utf8');
  expect(faultKinds).toHaveLength(27);
  expect(faultKinds.filter((kind) => !text.includes(`'${kind}`))).toEqual([]);
});
