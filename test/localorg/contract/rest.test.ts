/** The doors: versions, tokens, headers, paging, describe and Bulk API 2.0 queries. Sources: project's Salesforce notes 4.1–4.6 [D], toolchain notes 2; `[K]` where general knowledge. */
import { gunzipSync } from 'node:zlib';
import { networkInterfaces } from 'node:os';
import jsforce from 'jsforce';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { withLocalOrg, type TestOrg } from '../../support/localOrg.js';

const get = async (org: TestOrg, path: string, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${org.instanceUrl}${path}`, { headers: { authorization: `Bearer ${org.accessToken}`, ...headers } });

const post = async (org: TestOrg, path: string, body: string, type = 'application/json'): Promise<Response> =>
  fetch(`${org.instanceUrl}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${org.accessToken}`, 'content-type': type },
    body,
  });

const V = '/services/data/v67.0';

async function addAccounts(org: TestOrg, count: number): Promise<void> {
  for (let from = 0; from < count; from += 200) {
    const records = Array.from({ length: Math.min(200, count - from) }, (_, n) => ({
      attributes: { type: 'Account' },
      Name: `a${String(from + n).padStart(5, '0')}`,
    }));
    await org.client.send('POST', 'composite/sobjects', { allOrNone: true, records });
  }
}

describe('doors', () => {
  test('the version list is open and bare of limits; everything else needs the token', () =>
    withLocalOrg({}, async (org) => {
      const versions = await fetch(`${org.instanceUrl}/services/data`);
      const list = z
        .array(z.object({ version: z.string(), url: z.string(), label: z.string() }))
        .parse(await versions.json());
      expect([list[0]?.version, list.at(-1)?.version]).toEqual(['31.0', '68.0']);
      expect(list.at(-1)?.label).toBe("Winter '27");
      expect(versions.headers.get('sforce-limit-info')).toBeNull();
      for (const path of [
        V,
        `${V}/limits`,
        `${V}/query?q=x`,
        `${V}/sobjects/Account/describe`,
        `${V}/jobs/query`,
        '/local/status',
        '/nowhere',
      ]) {
        const closed = await fetch(`${org.instanceUrl}${path}`);
        expect([path, closed.status, await closed.json()]).toEqual([
          path,
          401,
          [{ message: 'Session expired or invalid', errorCode: 'INVALID_SESSION_ID' }],
        ]);
        const wrong = await fetch(`${org.instanceUrl}${path}`, {
          headers: { authorization: `Bearer ${org.accessToken}x` },
        });
        expect(wrong.status).toBe(401);
      }
    }));

  test('versions 31 to 68 are served, others are unknown paths', () =>
    withLocalOrg({}, async (org) => {
      for (const [version, status] of [
        ['30.0', 404],
        ['31.0', 200],
        ['68.0', 200],
        ['69.0', 404],
        ['67', 404],
      ] as const) {
        expect([version, (await get(org, `/services/data/v${version}/limits`)).status]).toEqual([version, status]);
      }
    }));

  test('slashes too many do no harm, as the sf CLI sends them', () =>
    withLocalOrg({}, async (org) => {
      expect((await get(org, `//services/data/v67.0/limits`)).status).toBe(200);
      expect((await get(org, `${V}/limits/`)).status).toBe(200);
    }));

  test('an unknown path, broken JSON and a foreign content type are refused as Salesforce refuses them', () =>
    withLocalOrg({}, async (org) => {
      const unknown = await get(org, `${V}/nothing`);
      expect([unknown.status, await unknown.json()]).toEqual([
        404,
        [{ errorCode: 'NOT_FOUND', message: 'The requested resource does not exist' }],
      ]);
      const broken = await post(org, `${V}/sobjects/Account`, '{"Name":');
      expect([broken.status, await broken.json()]).toMatchObject([400, [{ errorCode: 'JSON_PARSER_ERROR' }]]);
      expect((await post(org, `${V}/sobjects/Account`, '<x/>', 'text/xml')).status).toBe(415);
      expect((await post(org, `${V}/sobjects/Account`, '[1]')).status).toBe(400);
      expect((await post(org, `${V}/sobjects/Nothing`, '{}')).status).toBe(404);
    }));

  test("answers carry the org's time and its API usage, which counts up", () =>
    withLocalOrg({ clock: '1998-05-07T12:00:00Z' }, async (org) => {
      const used = async (): Promise<number> =>
        Number(
          /api-usage=(\d+)\/100000/.exec((await get(org, `${V}/limits`)).headers.get('sforce-limit-info') ?? '')?.[1],
        );
      const first = await used();
      expect(await used()).toBe(first + 1);
      expect((await get(org, `${V}/limits`)).headers.get('date')).toMatch(/^Thu, 07 May 1998 12:00:0\d GMT$/);
    }));

  test('nobody reaches it from another address of this machine', () =>
    withLocalOrg({}, async (org) => {
      const addresses = Object.values(networkInterfaces())
        .flatMap((list) => list ?? [])
        .filter(({ family, internal }) => family === 'IPv4' && !internal);
      const port = new URL(org.instanceUrl).port;
      for (const { address } of addresses)
        await expect(fetch(`http://${address}:${port}/services/data`)).rejects.toThrow(/fetch failed/);
      await expect(fetch(`http://127.0.0.2:${port}/services/data`)).rejects.toThrow(/fetch failed/);
    }));

  test('userinfo and identity tell who the token is', () =>
    withLocalOrg({}, async (org) => {
      expect(await (await get(org, '/services/oauth2/userinfo')).json()).toMatchObject({
        user_id: org.userId,
        organization_id: org.orgId,
        preferred_username: org.username,
      });
      expect((await get(org, `/id/${org.orgId}/${org.userId}`)).status).toBe(200);
      expect((await get(org, `/id/${org.orgId}/005000000000999AAA`)).status).toBe(404);
    }));

  test('two orgs in memory are two orgs', () =>
    withLocalOrg({}, async (one) => withLocalOrg({}, async (other) => expect(one.orgId).not.toBe(other.orgId))));
});

describe('query pages', () => {
  test('come in the asked size with a locator that can be read again', () =>
    withLocalOrg({}, async (org) => {
      await addAccounts(org, 450);
      const page = z.object({
        totalSize: z.number(),
        done: z.boolean(),
        nextRecordsUrl: z.string().optional(),
        records: z.array(z.object({ Name: z.string() })),
      });
      const read = async (path: string): Promise<z.infer<typeof page>> =>
        page.parse(await (await get(org, path, { 'Sforce-Query-Options': 'batchSize=200' })).json());
      const first = await read(`${V}/query?q=${encodeURIComponent('SELECT Name FROM Account ORDER BY Name DESC')}`);
      expect([first.totalSize, first.done, first.records.length, first.records[0]?.Name]).toEqual([
        450,
        false,
        200,
        'a00449',
      ]);
      const second = await read(first.nextRecordsUrl ?? '');
      expect(await read(first.nextRecordsUrl ?? '')).toEqual(second);
      const last = await read(second.nextRecordsUrl ?? '');
      expect([last.done, last.nextRecordsUrl, last.records.length, last.records.at(-1)?.Name]).toEqual([
        true,
        undefined,
        50,
        'a00000',
      ]);
    }));

  test('an unknown locator is refused', () =>
    withLocalOrg({}, async (org) => {
      expect(await (await get(org, `${V}/query/0r8nothing-2000`)).json()).toMatchObject([
        { errorCode: 'INVALID_QUERY_LOCATOR' },
      ]);
    }));

  test('jsforce queries and pages', () =>
    withLocalOrg({}, async (org) => {
      await addAccounts(org, 2100);
      const connection = new jsforce.Connection({
        instanceUrl: org.instanceUrl,
        accessToken: org.accessToken,
        version: '60.0',
      });
      const first = await connection.query('SELECT Id, Name FROM Account');
      expect([first.totalSize, first.done, first.records.length]).toEqual([2100, false, 2000]);
      const rest = await connection.queryMore(first.nextRecordsUrl ?? '');
      expect([rest.done, rest.records.length]).toEqual([true, 100]);
      expect(await connection.sobject('Account').create({ Name: 'by jsforce' })).toMatchObject({ success: true });
    }));
});

describe('describe', () => {
  test('tells what force-app and the standard objects declare', () =>
    withLocalOrg({}, async (org) => {
      const connection = new jsforce.Connection({
        instanceUrl: org.instanceUrl,
        accessToken: org.accessToken,
        version: '67.0',
      });
      const { fields, keyPrefix, childRelationships } = await connection.describe('Account');
      const field = (name: string): unknown => fields.find((each) => each.name === name);
      expect(keyPrefix).toBe('001');
      expect(field('KAM_Tier__c')).toMatchObject({
        type: 'picklist',
        restrictedPicklist: true,
        custom: true,
        updateable: true,
      });
      expect(field('KAM_Revenue__c')).toMatchObject({
        type: 'currency',
        precision: 18,
        scale: 2,
        soapType: 'xsd:double',
      });
      expect(field('ParentId')).toMatchObject({
        type: 'reference',
        referenceTo: ['Account'],
        relationshipName: 'Parent',
      });
      expect(field('CreatedDate')).toMatchObject({ type: 'datetime', updateable: false });
      expect(childRelationships).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ childSObject: 'Opportunity', relationshipName: 'Opportunities' }),
        ]),
      );
      const task = (await connection.describe('Task')).fields.find(({ name }) => name === 'KAM_Task_Ref__c');
      expect(task).toMatchObject({ externalId: true, unique: true, caseSensitive: true, idLookup: true, length: 80 });
      const { sobjects } = await connection.describeGlobal();
      expect(sobjects.map(({ name }) => name)).toEqual(
        expect.arrayContaining(['Account', 'KAM_Run__c', 'KAM_Settings__mdt']),
      );
      await expect(connection.describe('Nothing')).rejects.toThrow(/requested resource does not exist/);
    }));
});

describe('Bulk API 2.0 query', () => {
  const job = z.object({ id: z.string(), state: z.string(), numberRecordsProcessed: z.number().optional() });
  const start = async (org: TestOrg, query: string): Promise<z.infer<typeof job>> =>
    job.parse(await (await post(org, `${V}/jobs/query`, JSON.stringify({ operation: 'query', query }))).json());
  const finish = async (org: TestOrg, id: string): Promise<z.infer<typeof job>> => {
    for (;;) {
      const now = job.parse(await (await get(org, `${V}/jobs/query/${id}`)).json());
      if (now.state === 'JobComplete' || now.state === 'Failed') return now;
    }
  };

  test('goes through its states; each page repeats the header and tells its rows and the next locator', () =>
    withLocalOrg({}, async (org) => {
      await addAccounts(org, 5);
      const started = await start(org, 'SELECT Id, Name, Industry, Parent.Name FROM Account ORDER BY Name');
      expect(started).toMatchObject({ state: 'UploadComplete', id: expect.stringMatching(/^750/) });
      expect(await finish(org, started.id)).toMatchObject({ state: 'JobComplete', numberRecordsProcessed: 5 });
      const first = await get(org, `${V}/jobs/query/${started.id}/results?maxRecords=3`);
      expect([first.headers.get('sforce-numberofrecords'), first.headers.get('content-type')]).toEqual([
        '3',
        'text/csv; charset=utf-8',
      ]);
      const lines = (await first.text()).trimEnd().split('\n');
      expect(lines[0]).toBe('"Id","Name","Industry","Parent.Name"');
      expect(lines[1]).toMatch(/^"001\w{15}","a00000","",""$/);
      const last = await get(
        org,
        `${V}/jobs/query/${started.id}/results?maxRecords=3&locator=${first.headers.get('sforce-locator')}`,
      );
      expect([
        last.headers.get('sforce-numberofrecords'),
        last.headers.get('sforce-locator'),
        (await last.text()).split('\n')[0],
      ]).toEqual(['2', 'null', lines[0]]);
    }));

  test('values with commas, quotes and line breaks come back as they were; instants end in Z; an empty result is its header', () =>
    withLocalOrg({ clock: '2024-02-29T12:00:00Z' }, async (org) => {
      await org.client.send('POST', 'sobjects/Account', { Name: 'a, "b"\nc' });
      const { id } = await start(org, 'SELECT Name, CreatedDate, KAM_Exclude__c FROM Account');
      await finish(org, id);
      const text = await (await get(org, `${V}/jobs/query/${id}/results`)).text();
      expect(text).toMatch(
        /^"Name","CreatedDate","KAM_Exclude__c"\n"a, ""b""\nc","2024-02-29T12:00:0\d\.000Z","false"\n$/,
      );
      const empty = await start(org, "SELECT Name FROM Account WHERE Name = 'nobody'");
      await finish(org, empty.id);
      expect(await (await get(org, `${V}/jobs/query/${empty.id}/results`)).text()).toBe('"Name"\n');
    }));

  test('result pages link at most five pages and to more of them', () =>
    withLocalOrg({}, async (org) => {
      await addAccounts(org, 12);
      const { id } = await start(org, 'SELECT Id FROM Account');
      await finish(org, id);
      const links = z.object({
        resultPages: z.array(z.object({ resultUrl: z.string() })),
        nextRecordsUrl: z.string().nullable(),
        done: z.boolean(),
      });
      const read = async (path: string): Promise<z.infer<typeof links>> =>
        links.parse(await (await get(org, path)).json());
      const first = await read(`${V}/jobs/query/${id}/resultPages?maxRecords=2`);
      expect([first.resultPages.length, first.done]).toEqual([5, false]);
      const rest = await read(first.nextRecordsUrl ?? '');
      expect([rest.resultPages.length, rest.done, rest.nextRecordsUrl]).toEqual([1, true, null]);
      let rows = 0;
      for (const { resultUrl } of [...first.resultPages, ...rest.resultPages])
        rows += Number((await get(org, resultUrl)).headers.get('sforce-numberofrecords'));
      expect(rows).toBe(12);
    }));

  test('results are compressed when asked for', () =>
    withLocalOrg({}, async (org) => {
      await addAccounts(org, 3);
      const { id } = await start(org, 'SELECT Name FROM Account ORDER BY Name');
      await finish(org, id);
      const { request } = await import('undici');
      const answer = await request(`${org.instanceUrl}${V}/jobs/query/${id}/results`, {
        headers: { authorization: `Bearer ${org.accessToken}`, 'accept-encoding': 'gzip' },
      });
      expect(answer.headers['content-encoding']).toBe('gzip');
      expect(gunzipSync(Buffer.from(await answer.body.arrayBuffer())).toString()).toBe(
        '"Name"\n"a00000"\n"a00001"\n"a00002"\n',
      );
    }));

  test('results need the version of the job; aggregates and nested queries are refused; a running job is not deleted', () =>
    withLocalOrg({}, async (org) => {
      const { id } = await start(org, 'SELECT Id FROM Account');
      const running = await fetch(`${org.instanceUrl}${V}/jobs/query/${id}`, {
        method: 'DELETE',
        headers: { authorization: `Bearer ${org.accessToken}` },
      });
      expect(running.status).toBe(400);
      await finish(org, id);
      expect((await get(org, `/services/data/v66.0/jobs/query/${id}/results`)).status).toBe(409);
      for (const query of [
        'SELECT COUNT(Id) FROM Account',
        'SELECT Id, (SELECT Id FROM Contacts) FROM Account',
        'SELECT Id FROM Account OFFSET 1',
      ]) {
        expect(
          await (await post(org, `${V}/jobs/query`, JSON.stringify({ operation: 'query', query }))).json(),
        ).toMatchObject([{ errorCode: 'MALFORMED_QUERY' }]);
      }
    }));
});

describe('the clock', () => {
  test('ticks on from where it was set', () =>
    withLocalOrg({}, async (org) => {
      const status = z.object({ clock: z.string() });
      status.parse(await org.client.send('POST', '/local/clock', { to: '2030-01-01T00:00:00Z' }));
      await new Promise((done) => setTimeout(done, 30));
      const { clock } = status.parse(await org.client.send('GET', '/local/status'));
      expect(Date.parse(clock) - Date.parse('2030-01-01T00:00:00Z')).toBeGreaterThanOrEqual(25);
      expect(clock.startsWith('2030-01-01T00:00:0')).toBe(true);
    }));
});
