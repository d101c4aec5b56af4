/**
 * Several requests in one, and what has changed since. Sources: REST API Developer Guide ("Composite", "Composite
 * Batch", "sObject Tree", "allOrNone Parameters in Composite and Collections Requests", "Get Updated", "Get Deleted",
 * "Record Count", "sObject Describe" with If-Modified-Since), sf CLI's requests as seen (project's toolchain notes 2);
 * `[K]` is general knowledge.
 */
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { contract, refusal, type ContractOrg } from '../../support/contract.js';

const V = '/services/data/v67.0';
const guide = 'REST API Developer Guide';

const compositeShape = z.object({
  compositeResponse: z.array(
    z.object({
      body: z.unknown(),
      httpHeaders: z.record(z.string(), z.string()),
      httpStatusCode: z.number(),
      referenceId: z.string(),
    }),
  ),
});
type Sub = { method: string; url: string; referenceId: string; body?: unknown };

const composite = async (org: ContractOrg, compositeRequest: Sub[], allOrNone = false) =>
  compositeShape.parse(await org.client.send('POST', 'composite', { allOrNone, compositeRequest })).compositeResponse;

const newAccount = (referenceId: string, body: Record<string, unknown>): Sub => ({
  method: 'POST',
  url: `${V}/sobjects/Account`,
  referenceId,
  body,
});

const namesOf = async (org: ContractOrg): Promise<unknown[]> =>
  (await org.client.query(`SELECT Name FROM Account WHERE Name LIKE '${org.mark}%' ORDER BY Name`)).map(
    (each) => each['Name'],
  );

describe('composite', () => {
  contract(
    'hands the result of one request to the next, in the body and in the path',
    { source: `${guide}, "Composite": referenceId and @{…}` },
    async (org) => {
      const answers = await composite(org, [
        newAccount('parent', { Name: `${org.mark}a` }),
        newAccount('child', { Name: `${org.mark}b`, ParentId: '@{parent.id}' }),
        { method: 'GET', url: `${V}/sobjects/Account/@{child.id}?fields=Name,ParentId`, referenceId: 'read' },
        {
          method: 'GET',
          url: `${V}/query?q=SELECT+Id+FROM+Account+WHERE+ParentId='@{parent.id}'`,
          referenceId: 'found',
        },
        {
          method: 'PATCH',
          url: `${V}/sobjects/Account/@{found.records[0].Id}`,
          referenceId: 'site',
          body: { Site: 's' },
        },
      ]);
      expect(answers.map(({ httpStatusCode }) => httpStatusCode)).toEqual([201, 201, 200, 200, 204]);
      expect(answers[0]?.httpHeaders['Location']).toMatch(/\/sobjects\/Account\/001/);
      expect(answers[2]?.body).toMatchObject({ Name: `${org.mark}b`, ParentId: expect.stringMatching(/^001/) });
      expect(await org.client.query(`SELECT Site FROM Account WHERE Name = '${org.mark}b'`)).toMatchObject([
        { Site: 's' },
      ]);
    },
  );

  contract(
    'goes on after a failure, but not where a later request refers to it',
    { source: `${guide}, "Composite": PROCESSING_HALTED for references to a failed subrequest` },
    async (org) => {
      const answers = await composite(org, [
        newAccount('bad', { Site: 'nameless' }),
        newAccount('child', { Name: `${org.mark}b`, ParentId: '@{bad.id}' }),
        newAccount('good', { Name: `${org.mark}c` }),
      ]);
      expect(answers.map(({ httpStatusCode }) => httpStatusCode)).toEqual([400, 400, 201]);
      expect(answers[0]?.body).toMatchObject([{ errorCode: 'REQUIRED_FIELD_MISSING', fields: ['Name'] }]);
      expect(answers[1]?.body).toMatchObject([{ errorCode: 'PROCESSING_HALTED' }]);
      expect(await namesOf(org)).toEqual([`${org.mark}c`]);
    },
  );

  contract(
    'all or none takes everything back, also what a collection inside it had saved',
    { source: `${guide}, "allOrNone Parameters in Composite and Collections Requests": the outer one overrides` },
    async (org) => {
      const account = (values: Record<string, unknown>): unknown => ({ attributes: { type: 'Account' }, ...values });
      const answers = await composite(
        org,
        [
          newAccount('first', { Name: `${org.mark}a` }),
          {
            method: 'POST',
            url: `${V}/composite/sobjects`,
            referenceId: 'many',
            body: { allOrNone: false, records: [account({ Name: `${org.mark}b` }), account({})] },
          },
          newAccount('last', { Name: `${org.mark}c` }),
        ],
        true,
      );
      expect(answers[0]).toMatchObject({
        httpStatusCode: 400,
        body: [
          {
            errorCode: 'PROCESSING_HALTED',
            message: 'The transaction was rolled back since another operation in the same transaction failed.',
          },
        ],
      });
      expect(answers[2]).toMatchObject({ body: [{ errorCode: 'PROCESSING_HALTED' }] });
      expect(await namesOf(org)).toEqual([]);
    },
  );

  contract(
    'takes 25 requests, five of them queries or collections, and each reference once [K]',
    {
      source: 'limits: REST API Developer Guide, "Composite"; the words of the refusals are believed',
      onlyLocal: 'it reads the words of the refusals',
    },
    async (org) => {
      const many = (count: number): Sub[] =>
        Array.from({ length: count }, (_, n) => newAccount(`r${n}`, { Name: 'a' }));
      expect(await refusal(composite(org, many(26)))).toContain('400 LIMIT_EXCEEDED');
      const query = { method: 'GET', url: `${V}/query?q=SELECT+Id+FROM+Account` };
      const queries = Array.from({ length: 6 }, (_, n) => ({ ...query, referenceId: `q${n}` }));
      expect(await refusal(composite(org, queries))).toContain('400 LIMIT_EXCEEDED');
      expect(await refusal(composite(org, [...many(1), ...many(1)]))).toContain('400 INVALID_INPUT');
      expect(await refusal(org.client.send('POST', 'composite', {}))).toContain('400 JSON_PARSER_ERROR');
      const [lost] = await composite(org, [{ method: 'GET', url: 'sobjects/Account', referenceId: 'x' }]);
      expect(lost?.httpStatusCode).toBe(400);
    },
  );
});

describe('composite/batch', () => {
  const batch = async (org: ContractOrg, batchRequests: unknown[], haltOnError = false): Promise<unknown> =>
    org.client.send('POST', 'composite/batch', { haltOnError, batchRequests });

  contract(
    'answers each request by itself, and halts where it was asked to',
    { source: `${guide}, "Composite Batch": hasErrors, statusCode, haltOnError` },
    async (org) => {
      const post = { method: 'POST', url: 'v67.0/sobjects/Account' };
      const requests = [
        { ...post, richInput: { Name: `${org.mark}a` } },
        { ...post, richInput: {} },
        { method: 'GET', url: 'v67.0/limits/recordCount?sObjects=Account' },
      ];
      expect(await batch(org, requests)).toMatchObject({
        hasErrors: true,
        results: [
          { statusCode: 201, result: { success: true } },
          { statusCode: 400, result: [{ errorCode: 'REQUIRED_FIELD_MISSING' }] },
          { statusCode: 200, result: { sObjects: [{ name: 'Account' }] } },
        ],
      });
      expect(await batch(org, requests, true)).toMatchObject({
        results: [
          { statusCode: 201 },
          { statusCode: 400 },
          { statusCode: 412, result: [{ errorCode: 'BATCH_PROCESSING_HALTED' }] },
        ],
      });
      expect((await namesOf(org)).length).toBe(2);
    },
  );
});

describe('composite/tree', () => {
  const record = (type: string, referenceId: string, values: Record<string, unknown>): Record<string, unknown> => ({
    attributes: { type, referenceId },
    ...values,
  });
  const tree = async (org: ContractOrg, records: unknown[]): Promise<Response> =>
    org.fetch('composite/tree/Account', { method: 'POST', body: { records } });

  contract(
    'creates records with their children, level by level',
    { source: `${guide}, "sObject Tree"; sf data import tree sends it` },
    async (org) => {
      const answer = await tree(org, [
        record('Account', 'a1', {
          Name: `${org.mark}a`,
          Contacts: { records: [record('Contact', 'c1', { LastName: `${org.mark}k` })] },
        }),
        record('Account', 'a2', { Name: `${org.mark}b` }),
      ]);
      const { hasErrors, results } = z
        .object({ hasErrors: z.boolean(), results: z.array(z.object({ referenceId: z.string(), id: z.string() })) })
        .parse(await answer.json());
      expect([answer.status, hasErrors]).toEqual([201, false]);
      expect(results.map(({ referenceId, id }) => [referenceId, id.slice(0, 3)])).toEqual([
        ['a1', '001'],
        ['a2', '001'],
        ['c1', '003'],
      ]);
      expect(await org.client.query(`SELECT Account.Name FROM Contact WHERE LastName = '${org.mark}k'`)).toMatchObject([
        { Account: { Name: `${org.mark}a` } },
      ]);
    },
  );

  contract(
    'creates nothing where one record fails, and names the records that do',
    { source: `${guide}, "sObject Tree": all or nothing, hasErrors, errors by referenceId` },
    async (org) => {
      const answer = await tree(org, [
        record('Account', 'a1', { Name: `${org.mark}a`, Contacts: { records: [record('Contact', 'c1', {})] } }),
      ]);
      expect([answer.status, await answer.json()]).toMatchObject([
        400,
        { hasErrors: true, results: [{ referenceId: 'c1', errors: [{ statusCode: 'REQUIRED_FIELD_MISSING' }] }] },
      ]);
      expect(await namesOf(org)).toEqual([]);
    },
  );

  contract(
    'takes 200 records in five levels, each reference once [K]',
    { source: 'limits: REST API Developer Guide, "sObject Tree"; the error codes are believed' },
    async (org) => {
      const many = Array.from({ length: 201 }, (_, n) => record('Account', `r${n}`, { Name: `${org.mark}${n}` }));
      expect((await tree(org, many)).status).toBe(400);
      expect(
        (await tree(org, [record('Account', 'r', { Name: 'a' }), record('Account', 'r', { Name: 'b' })])).status,
      ).toBe(400);
      const deep = (level: number): Record<string, unknown> =>
        record('Account', `l${level}`, {
          Name: `${org.mark}${level}`,
          ...(level < 6 ? { ChildAccounts: { records: [deep(level + 1)] } } : {}),
        });
      expect((await tree(org, [deep(1)])).status).toBe(400);
      expect(await namesOf(org)).toEqual([]);
    },
  );
});

describe('what has changed', () => {
  const local = 'moves the clock';
  const clock = '2026-11-24T12:00:30Z';
  const at = async (org: ContractOrg, time: string): Promise<unknown> =>
    org.client.send('POST', '/local/clock', { to: time });
  const span = (start: string, end: string): string =>
    `start=${encodeURIComponent(start)}&end=${encodeURIComponent(end)}`;

  contract(
    'updated names records that changed in the window and still are there; deleted those that went',
    { source: `${guide}, "Get Updated" and "Get Deleted"; seconds are ignored`, onlyLocal: local, clock },
    async (org) => {
      const ids: string[] = [];
      for (const name of ['a', 'b']) {
        const made = await org.client.send('POST', 'sobjects/Account', { Name: name });
        ids.push(z.object({ id: z.string() }).parse(made).id);
      }
      const [a = '', b = ''] = ids;
      await at(org, '2026-11-24T13:00:30Z');
      await org.client.send('DELETE', `sobjects/Account/${b}`);
      await at(org, '2026-11-24T14:00:00Z');
      const noon = span('2026-11-24T12:00:59+00:00', '2026-11-24T12:30:00+00:00');
      const day = span('2026-11-24T00:00:00Z', '2026-11-24T14:00:00Z');
      expect(await org.client.send('GET', `sobjects/Account/updated/?${noon}`)).toEqual({
        ids: [a],
        latestDateCovered: '2026-11-24T12:30:00.000+0000',
      });
      expect(await org.client.send('GET', `sobjects/Account/deleted?${noon}`)).toMatchObject({ deletedRecords: [] });
      expect(await org.client.send('GET', `sobjects/Account/deleted?${day}`)).toEqual({
        deletedRecords: [{ id: b, deletedDate: expect.stringMatching(/^2026-11-24T13:00:3\d\.000\+0000$/) }],
        earliestDateAvailable: '2026-11-09T14:00:00.000+0000',
        latestDateCovered: '2026-11-24T14:00:00.000+0000',
      });
    },
  );

  contract(
    'a window must be a minute long, and not older than 30 days, or 15 for deleted records',
    { source: `${guide}, "Get Updated" and "Get Deleted": INVALID_REPLICATION_DATE`, onlyLocal: local, clock },
    async (org) => {
      const ask = async (which: string, start: string, end: string): Promise<string> =>
        refusal(org.client.send('GET', `sobjects/Account/${which}?${span(start, end)}`));
      expect(await ask('updated', '2026-11-24T11:00:10Z', '2026-11-24T11:00:50Z')).toContain(
        'INVALID_REPLICATION_DATE',
      );
      expect(await ask('updated', '2026-10-24T11:00:00Z', '2026-11-24T11:00:00Z')).toContain(
        'INVALID_REPLICATION_DATE',
      );
      expect(await ask('updated', '2026-10-26T11:00:00Z', '2026-11-24T11:00:00Z')).toBe('accepted');
      expect(await ask('deleted', '2026-11-08T11:00:00Z', '2026-11-24T11:00:00Z')).toContain(
        'INVALID_REPLICATION_DATE',
      );
      expect(await ask('deleted', 'yesterday', 'today')).toContain('400 MISSING_ARGUMENT');
    },
  );

  contract(
    'describe answers 304 to a client that knows it already, until a permission changes',
    { source: `${guide}, "sObject Describe": If-Modified-Since`, onlyLocal: local, clock: '2026-11-24T12:00:00Z' },
    async (org) => {
      await at(org, '2026-11-24T13:00:00Z');
      const first = await org.fetch('sobjects/Account/describe');
      const since = first.headers.get('last-modified') ?? '';
      expect(since).toMatch(/^Tue, 24 Nov 2026 12:00:0\d GMT$/);
      const again = await org.fetch('sobjects/Account/describe', { headers: { 'if-modified-since': since } });
      expect([again.status, await again.text()]).toEqual([304, '']);
      expect((await org.fetch('sobjects', { headers: { 'if-modified-since': since } })).status).toBe(304);
      const [set] = await org.client.query("SELECT Id FROM PermissionSet WHERE Name = 'KAM_Integration'");
      await org.client.send('POST', 'sobjects/PermissionSetAssignment', {
        AssigneeId: org.userId,
        PermissionSetId: set?.['Id'],
      });
      const after = await org.fetch('sobjects/Account/describe', { headers: { 'if-modified-since': since } });
      expect(after.status).toBe(200);
    },
  );

  contract('recordCount counts the objects that are asked for', { source: `${guide}, "Record Count"` }, async (org) => {
    expect(await org.client.send('GET', 'limits/recordCount?sObjects=Account,Nothing')).toMatchObject({
      sObjects: [{ name: 'Account', count: expect.any(Number) }],
    });
  });

  contract(
    'recordCount counts all objects where none is asked for, as the sf CLI does not ask',
    { source: 'plugin-limits lib/commands/org/list/sobject/record-counts.js: ?sObjects without a value' },
    async (org) => {
      const counts = z.object({ sObjects: z.array(z.object({ name: z.string(), count: z.number() })) });
      for (const path of ['limits/recordCount', 'limits/recordCount?sObjects']) {
        const { sObjects } = counts.parse(await org.client.send('GET', path));
        expect(sObjects.map(({ name }) => name)).toContain('User');
      }
    },
  );
});

describe('the columns of a query', () => {
  contract(
    'are told without its rows: names, kinds, parents and children nested',
    { source: 'sf CLI, plugin-data: data query asks for columns=true; shape as it reads it (toolchain notes 2)' },
    async (org) => {
      const ask = async (soql: string): Promise<unknown> =>
        org.client.send('GET', `query?q=${encodeURIComponent(soql)}&columns=true`);
      expect(
        await ask('SELECT Id, NumberOfEmployees, Owner.Name, (SELECT LastName FROM Contacts) FROM Account'),
      ).toMatchObject({
        entityName: 'Account',
        keyPrefix: '001',
        idSelected: true,
        groupBy: false,
        columnMetadata: [
          { columnName: 'Id', displayName: 'Id', aggregate: false, joinColumns: [] },
          { columnName: 'NumberOfEmployees', numberType: true, textType: false },
          { columnName: 'Owner', joinColumns: [{ columnName: 'Name', textType: true }] },
          { columnName: 'Contacts', aggregate: true, joinColumns: [{ columnName: 'LastName' }] },
        ],
      });
      expect(await ask('SELECT Industry, COUNT(Id) FROM Account GROUP BY Industry')).toMatchObject({
        groupBy: true,
        columnMetadata: [
          { columnName: 'Industry', aggregate: false },
          { columnName: 'expr0', displayName: 'expr0', aggregate: true, numberType: true },
        ],
      });
    },
  );
});
