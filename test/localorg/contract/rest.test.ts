/**
 * The doors: versions, tokens, headers, paging, describe and Bulk API 2.0 queries. Sources: REST API Developer Guide, Bulk
 * API 2.0 and Bulk API Developer Guide, what clients send; each case names its own. `[K]` is general knowledge.
 */
import { gunzipSync } from 'node:zlib';
import { networkInterfaces } from 'node:os';
import jsforce from 'jsforce';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { contract, type ContractOrg } from '../../support/contract.js';
import { withLocalOrg } from '../../support/localOrg.js';

const V = '/services/data/v67.0';
const guide = 'REST API Developer Guide';
const bulkGuide = 'Bulk API 2.0 and Bulk API Developer Guide';

async function addAccounts(org: ContractOrg, count: number): Promise<void> {
  for (let from = 0; from < count; from += 200) {
    const records = Array.from({ length: Math.min(200, count - from) }, (_, n) => ({
      attributes: { type: 'Account' },
      Name: `${org.mark}${String(from + n).padStart(5, '0')}`,
    }));
    await org.client.send('POST', 'composite/sobjects', { allOrNone: true, records });
  }
}

/** The accounts that a case has made. */
const mine = (org: ContractOrg): string => `Name LIKE '${org.mark}%'`;

describe('doors', () => {
  contract(
    'the version list is open and bare of limits',
    { source: `${guide}, "Versions": no authentication; "Limit Info Header": not on the version URI` },
    async (org) => {
      const versions = await fetch(`${org.instanceUrl}/services/data`);
      const list = z
        .array(z.object({ version: z.string(), url: z.string(), label: z.string() }))
        .parse(await versions.json());
      expect(list.find(({ version }) => version === '60.0')).toEqual({
        version: '60.0',
        label: "Spring '24",
        url: '/services/data/v60.0',
      });
      expect(versions.headers.get('sforce-limit-info')).toBeNull();
    },
  );

  contract(
    'versions 31 to 68 are served, others are unknown paths',
    {
      source: 'Salesforce Help, "Legacy API Retirement": versions 21.0 to 30.0 are retired; NOT_FOUND: status 404',
      onlyLocal: 'a real org has the versions of its release',
    },
    async (org) => {
      const versions = await fetch(`${org.instanceUrl}/services/data`);
      const list = z.array(z.object({ version: z.string(), label: z.string() })).parse(await versions.json());
      expect([list[0], list.at(-1)]).toMatchObject([
        { version: '31.0', label: "Summer '14" },
        { version: '68.0', label: "Winter '27" },
      ]);
      for (const [version, status] of [
        ['30.0', 404],
        ['31.0', 200],
        ['68.0', 200],
        ['69.0', 404],
        ['67', 404],
      ] as const) {
        expect([version, (await org.fetch(`/services/data/v${version}/limits`)).status]).toEqual([version, status]);
      }
    },
  );

  contract(
    'everything else needs a token that is one',
    { source: `${guide}, "Status Codes and Error Responses": 401, INVALID_SESSION_ID, "Session expired or invalid"` },
    async (org) => {
      const paths = [V, `${V}/limits`, `${V}/query?q=x`, `${V}/sobjects/Account/describe`, `${V}/jobs/query`];
      for (const path of org.isReal ? paths : [...paths, '/local/status', '/nowhere']) {
        const closed = await fetch(`${org.instanceUrl}${path}`);
        expect([path, closed.status, await closed.json()]).toMatchObject([
          path,
          401,
          [{ message: 'Session expired or invalid', errorCode: 'INVALID_SESSION_ID' }],
        ]);
        const wrong = { authorization: `Bearer ${org.accessToken}x` };
        expect((await fetch(`${org.instanceUrl}${path}`, { headers: wrong })).status).toBe(401);
      }
    },
  );

  contract(
    'slashes too many do no harm',
    { source: "the sf CLI's requests as seen: a double slash before paths, a trailing one behind them" },
    async (org) => {
      expect((await org.fetch('//services/data/v67.0/limits')).status).toBe(200);
      expect((await org.fetch(`${V}/limits/`)).status).toBe(200);
    },
  );

  contract(
    'an unknown path, broken JSON and a foreign content type are refused',
    { source: `${guide}, "Status Codes and Error Responses": 404, 400 with JSON_PARSER_ERROR, 415` },
    async (org) => {
      const post = (path: string, body: string, type = 'application/json'): Promise<Response> =>
        org.fetch(path, { method: 'POST', body, headers: { 'content-type': type } });
      const unknown = await org.fetch('nothing');
      expect([unknown.status, await unknown.json()]).toEqual([
        404,
        [{ errorCode: 'NOT_FOUND', message: 'The requested resource does not exist' }],
      ]);
      const broken = await post('sobjects/Account', '{"Name":');
      expect([broken.status, await broken.json()]).toMatchObject([400, [{ errorCode: 'JSON_PARSER_ERROR' }]]);
      expect((await post('sobjects/Account', 'x', 'text/plain')).status).toBe(415);
      expect((await post('sobjects/Account', '[1]')).status).toBe(400);
      expect((await post('sobjects/Nothing', '{}')).status).toBe(404);
    },
  );

  contract(
    'a POST may mean PATCH, for clients that cannot send it',
    { source: `${guide}, "Update a Record": override by the parameter _HttpMethod` },
    async (org) => {
      await addAccounts(org, 1);
      const [account] = await org.client.query(`SELECT Id FROM Account WHERE ${mine(org)}`);
      const path = `sobjects/Account/${String(account?.['Id'])}`;
      const answer = await org.fetch(`${path}?_HttpMethod=PATCH`, { method: 'POST', body: { Site: 's' } });
      expect(answer.status).toBe(204);
      expect(await org.client.send('GET', path)).toMatchObject({ Site: 's' });
    },
  );

  contract(
    'a method that a path is not there for is refused with those that it is there for [K]',
    { source: 'status 405: REST API Developer Guide, "Status Codes and Error Responses"; the words are believed' },
    async (org) => {
      const answer = await org.fetch(`sobjects/Account/${org.userId}`, { method: 'PUT', body: {} });
      expect([answer.status, await answer.json()]).toMatchObject([
        405,
        [
          {
            errorCode: 'METHOD_NOT_ALLOWED',
            message: expect.stringMatching(/^HTTP Method 'PUT' not allowed\. Allowed are .*PATCH/),
          },
        ],
      ]);
      expect((await org.fetch('sobjects', { method: 'DELETE' })).status).toBe(405);
      expect((await org.fetch('nothing/here', { method: 'DELETE' })).status).toBe(404);
    },
  );

  contract(
    'answers tell how many API calls the day has seen, and of how many',
    { source: `${guide}, "Limit Info Header": api-usage=10018/100000` },
    async (org) => {
      const used = async (): Promise<number> =>
        Number(/api-usage=(\d+)\/\d+/.exec((await org.fetch('limits')).headers.get('sforce-limit-info') ?? '')?.[1]);
      const first = await used();
      expect(first).toBeGreaterThan(0);
      // A real org counts with a delay.
      if (!org.isReal) expect(await used()).toBe(first + 1);
    },
  );

  contract(
    "answers carry the time of the org's own clock, which ticks on from where it was set",
    { source: 'RFC 9110, "Date"', onlyLocal: 'it sets the clock', clock: '1998-05-07T12:00:00Z' },
    async (org) => {
      expect((await org.fetch('limits')).headers.get('date')).toMatch(/^Thu, 07 May 1998 12:00:0\d GMT$/);
      const status = z.object({ clock: z.string() });
      status.parse(await org.client.send('POST', '/local/clock', { to: '2030-01-01T00:00:00Z' }));
      await new Promise((done) => setTimeout(done, 30));
      const { clock } = status.parse(await org.client.send('GET', '/local/status'));
      expect(Date.parse(clock) - Date.parse('2030-01-01T00:00:00Z')).toBeGreaterThanOrEqual(25);
      expect(clock.startsWith('2030-01-01T00:00:0')).toBe(true);
    },
  );

  contract(
    'nobody reaches a local org from another address of this machine',
    { source: 'docs/local-org.md, "Who may come in"', onlyLocal: 'a real org is there to be reached' },
    async (org) => {
      const addresses = Object.values(networkInterfaces())
        .flatMap((list) => list ?? [])
        .filter(({ family, internal }) => family === 'IPv4' && !internal);
      const port = new URL(org.instanceUrl).port;
      for (const { address } of addresses)
        await expect(fetch(`http://${address}:${port}/services/data`)).rejects.toThrow(/fetch failed/);
      await expect(fetch(`http://127.0.0.2:${port}/services/data`)).rejects.toThrow(/fetch failed/);
    },
  );

  contract(
    'userinfo and identity tell who the token is',
    { source: 'Salesforce Help, "Identity URLs" and "The UserInfo Endpoint"; jsforce lib/connection.js identity()' },
    async (org) => {
      expect(await (await org.fetch('/services/oauth2/userinfo')).json()).toMatchObject({
        user_id: org.userId,
        organization_id: org.orgId,
        preferred_username: org.username,
      });
      expect((await org.fetch(`/id/${org.orgId}/${org.userId}`)).status).toBe(200);
    },
  );

  contract(
    'two orgs in memory are two orgs',
    { source: 'docs/local-org.md: an org in memory gets a new id each time', onlyLocal: 'it starts another org' },
    (one) => withLocalOrg({}, async (other) => expect(one.orgId).not.toBe(other.orgId)),
  );
});

describe('query pages', () => {
  contract(
    'come in the asked size at most, with a locator that can be read again',
    { source: `${guide}, "Query Options Header": batchSize 200 to 2000; "Query More Results": nextRecordsUrl` },
    async (org) => {
      await addAccounts(org, 450);
      const page = z.object({
        totalSize: z.number(),
        done: z.boolean(),
        nextRecordsUrl: z.string().optional(),
        records: z.array(z.object({ Name: z.string() })),
      });
      const read = async (path: string): Promise<z.infer<typeof page>> =>
        page.parse(await (await org.fetch(path, { headers: { 'Sforce-Query-Options': 'batchSize=200' } })).json());
      const soql = `SELECT Name FROM Account WHERE ${mine(org)} ORDER BY Name DESC`;
      const first = await read(`${V}/query?q=${encodeURIComponent(soql)}`);
      expect([first.totalSize, first.done, first.records.length, first.records[0]?.Name]).toEqual([
        450,
        false,
        200,
        `${org.mark}00449`,
      ]);
      const second = await read(first.nextRecordsUrl ?? '');
      expect(await read(first.nextRecordsUrl ?? '')).toEqual(second);
      const last = await read(second.nextRecordsUrl ?? '');
      expect([last.done, last.nextRecordsUrl, last.records.length, last.records.at(-1)?.Name]).toEqual([
        true,
        undefined,
        50,
        `${org.mark}00000`,
      ]);
    },
  );

  contract(
    'with an unknown locator are refused',
    { source: `${guide}, "Query More Results"; SOAP API Developer Guide, StatusCode INVALID_QUERY_LOCATOR` },
    async (org) => {
      expect(await (await org.fetch('query/0r8nothing-2000')).json()).toMatchObject([
        { errorCode: 'INVALID_QUERY_LOCATOR' },
      ]);
    },
  );

  contract(
    'are followed by jsforce',
    { source: 'jsforce test/query.test.ts, "query big table and execute queryMore"' },
    async (org) => {
      await addAccounts(org, 2100);
      const { instanceUrl, accessToken } = org;
      const connection = new jsforce.Connection({ instanceUrl, accessToken, version: '60.0' });
      const first = await connection.query(`SELECT Id, Name FROM Account WHERE ${mine(org)}`);
      expect([first.totalSize, first.done, first.records.length]).toEqual([2100, false, 2000]);
      const rest = await connection.queryMore(first.nextRecordsUrl ?? '');
      expect([rest.done, rest.records.length]).toEqual([true, 100]);
    },
  );
});

describe('describe', () => {
  const described = 'SOAP API Developer Guide, DescribeSObjectResult';

  contract('tells what standard objects have', { source: `${described} and Field` }, async (org) => {
    const { instanceUrl, accessToken } = org;
    const connection = new jsforce.Connection({ instanceUrl, accessToken, version: '67.0' });
    const { fields, keyPrefix, childRelationships } = await connection.describe('Account');
    const field = (name: string): unknown => fields.find((each) => each.name === name);
    expect(keyPrefix).toBe('001');
    expect(field('ParentId')).toMatchObject({
      type: 'reference',
      referenceTo: ['Account'],
      relationshipName: 'Parent',
    });
    expect(field('AnnualRevenue')).toMatchObject({ type: 'currency', soapType: 'xsd:double' });
    expect(field('CreatedDate')).toMatchObject({ type: 'datetime', updateable: false });
    expect(childRelationships).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ childSObject: 'Opportunity', relationshipName: 'Opportunities' }),
      ]),
    );
    await expect(connection.describe('Nothing')).rejects.toThrow(/requested resource does not exist/);
  });

  contract(
    'tells what force-app declares',
    { source: `${described} and Field; Metadata API Developer Guide, CustomField`, needs: 'our package' },
    async (org) => {
      const { instanceUrl, accessToken } = org;
      const connection = new jsforce.Connection({ instanceUrl, accessToken, version: '67.0' });
      const { fields } = await connection.describe('Account');
      const field = (name: string): unknown => fields.find((each) => each.name === name);
      expect(field('KAM_Tier__c')).toMatchObject({ type: 'picklist', restrictedPicklist: true, custom: true });
      expect(field('KAM_Revenue__c')).toMatchObject({ type: 'currency', precision: 18, scale: 2 });
      const task = (await connection.describe('Task')).fields.find(({ name }) => name === 'KAM_Task_Ref__c');
      expect(task).toMatchObject({ externalId: true, unique: true, caseSensitive: true, idLookup: true, length: 80 });
      const { sobjects } = await connection.describeGlobal();
      expect(sobjects.map(({ name }) => name)).toEqual(
        expect.arrayContaining(['Account', 'KAM_Run__c', 'KAM_Settings__mdt']),
      );
    },
  );
});

describe('Bulk API 2.0 query', () => {
  const job = z.object({ id: z.string(), state: z.string(), numberRecordsProcessed: z.number().optional() });
  const post = (org: ContractOrg, query: string): Promise<Response> =>
    org.fetch('jobs/query', { method: 'POST', body: { operation: 'query', query } });
  const start = async (org: ContractOrg, query: string): Promise<z.infer<typeof job>> =>
    job.parse(await (await post(org, query)).json());
  const finish = async (org: ContractOrg, id: string): Promise<z.infer<typeof job>> => {
    for (;;) {
      const now = job.parse(await (await org.fetch(`jobs/query/${id}`)).json());
      if (now.state === 'JobComplete' || now.state === 'Failed') return now;
      if (org.isReal) await new Promise((done) => setTimeout(done, 1000));
    }
  };
  const finished = async (org: ContractOrg, query: string): Promise<string> => {
    const { id } = await start(org, query);
    await finish(org, id);
    return id;
  };

  contract(
    'goes through its states; each page repeats the header and tells its rows and the next locator',
    {
      source: `${bulkGuide}, "Get Results for a Query Job": maxRecords, Sforce-Locator "null", Sforce-NumberOfRecords`,
    },
    async (org) => {
      await addAccounts(org, 5);
      const started = await start(
        org,
        `SELECT Id, Name, Industry, Parent.Name FROM Account WHERE ${mine(org)} ORDER BY Name`,
      );
      expect(started).toMatchObject({ state: 'UploadComplete', id: expect.stringMatching(/^750/) });
      expect(await finish(org, started.id)).toMatchObject({ state: 'JobComplete', numberRecordsProcessed: 5 });
      const first = await org.fetch(`jobs/query/${started.id}/results?maxRecords=3`);
      expect([first.headers.get('sforce-numberofrecords'), first.headers.get('content-type')]).toEqual([
        '3',
        expect.stringMatching(/^text\/csv/),
      ]);
      const lines = (await first.text()).trimEnd().split('\n');
      expect(lines[0]).toBe('"Id","Name","Industry","Parent.Name"');
      expect(lines[1]).toMatch(new RegExp(`^"001\\w{15}","${org.mark}00000","",""$`));
      const locator = first.headers.get('sforce-locator');
      const last = await org.fetch(`jobs/query/${started.id}/results?maxRecords=3&locator=${locator}`);
      expect([
        last.headers.get('sforce-numberofrecords'),
        last.headers.get('sforce-locator'),
        (await last.text()).split('\n')[0],
      ]).toEqual(['2', 'null', lines[0]]);
    },
  );

  contract(
    'gives values with commas, quotes and line breaks back as they were, and an empty result as its header',
    { source: `${bulkGuide}, "Valid CSV Data Rows"; RFC 4180` },
    async (org) => {
      await org.client.send('POST', 'sobjects/Account', { Name: `${org.mark}a, "b"\nc`, Description: 'x\ny, "z"' });
      const id = await finished(org, `SELECT Description, IsDeleted FROM Account WHERE ${mine(org)}`);
      expect(await (await org.fetch(`jobs/query/${id}/results`)).text()).toBe(
        '"Description","IsDeleted"\n"x\ny, ""z""","false"\n',
      );
      const empty = await finished(org, `SELECT Name FROM Account WHERE Name = '${org.mark}nobody'`);
      expect(await (await org.fetch(`jobs/query/${empty}/results`)).text()).toBe('"Name"\n');
    },
  );

  contract(
    'writes instants with Z where REST writes +0000 [K]',
    {
      source: 'general knowledge: the CSV form 2024-02-29T12:00:00.000Z',
    },
    async (org) => {
      await addAccounts(org, 1);
      const id = await finished(org, `SELECT CreatedDate FROM Account WHERE ${mine(org)}`);
      expect(await (await org.fetch(`jobs/query/${id}/results`)).text()).toMatch(
        /^"CreatedDate"\n"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z"\n$/,
      );
    },
  );

  contract(
    'links at most five result pages and more of them',
    { source: `${bulkGuide}, "Get Parallel Results for a Query Job": resultPages, at most five, nextRecordsUrl, done` },
    async (org) => {
      await addAccounts(org, 12);
      const id = await finished(org, `SELECT Id FROM Account WHERE ${mine(org)}`);
      const links = z.object({
        resultPages: z.array(z.object({ resultUrl: z.string() })),
        nextRecordsUrl: z.string().nullish(),
        done: z.boolean(),
      });
      const read = async (path: string): Promise<z.infer<typeof links>> =>
        links.parse(await (await org.fetch(path)).json());
      const first = await read(`${V}/jobs/query/${id}/resultPages?maxRecords=2`);
      expect([first.resultPages.length, first.done]).toEqual([5, false]);
      const rest = await read(first.nextRecordsUrl ?? '');
      expect([rest.resultPages.length, rest.done, rest.nextRecordsUrl ?? null]).toEqual([1, true, null]);
      let rows = 0;
      for (const { resultUrl } of [...first.resultPages, ...rest.resultPages])
        rows += Number((await org.fetch(resultUrl)).headers.get('sforce-numberofrecords'));
      expect(rows).toBe(12);
    },
  );

  contract(
    'compresses results when asked',
    { source: `${bulkGuide}, "Get Results for a Query Job": "The response is compressed" with Accept-Encoding: gzip` },
    async (org) => {
      await addAccounts(org, 3);
      const id = await finished(org, `SELECT Name FROM Account WHERE ${mine(org)} ORDER BY Name`);
      const { request } = await import('undici');
      const answer = await request(`${org.instanceUrl}${V}/jobs/query/${id}/results`, {
        headers: { authorization: `Bearer ${org.accessToken}`, 'accept-encoding': 'gzip' },
      });
      expect(answer.headers['content-encoding']).toBe('gzip');
      const rows = [0, 1, 2].map((n) => `"${org.mark}0000${n}"\n`);
      expect(gunzipSync(Buffer.from(await answer.body.arrayBuffer())).toString()).toBe(`"Name"\n${rows.join('')}`);
    },
  );

  contract(
    'gives results to the version of the job alone, and a running job is not deleted',
    {
      source: `${bulkGuide}, "Get Results for a Query Job": 409 for another API version; "Delete a Query Job": states`,
    },
    async (org) => {
      const { id } = await start(org, `SELECT Id FROM Account WHERE ${mine(org)}`);
      // A real org may be done with it already.
      if (!org.isReal) expect((await org.fetch(`jobs/query/${id}`, { method: 'DELETE' })).status).toBe(400);
      await finish(org, id);
      expect((await org.fetch(`/services/data/v66.0/jobs/query/${id}/results`)).status).toBe(409);
    },
  );

  contract(
    'refuses aggregates, nested queries and offsets',
    { source: `${bulkGuide}, "SOQL Considerations": GROUP BY, OFFSET, aggregate functions, parent-to-child queries` },
    async (org) => {
      for (const query of [
        'SELECT COUNT(Id) FROM Account',
        'SELECT Id, (SELECT Id FROM Contacts) FROM Account',
        'SELECT Id FROM Account OFFSET 1',
      ]) {
        expect((await post(org, query)).status).toBe(400);
      }
    },
  );
});
