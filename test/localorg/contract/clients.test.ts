/**
 * What jsforce's own test suite does to an org, in short. Sources: github.com/jsforce/jsforce, the files of its test
 * folder that each case names; `[K]` is general knowledge.
 */
import { Connection } from 'jsforce';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { contract, type ContractOrg } from '../../support/contract.js';

const connected = (org: ContractOrg, more: Record<string, unknown> = {}): Connection =>
  new Connection({ instanceUrl: org.instanceUrl, accessToken: org.accessToken, version: '67.0', ...more });

const named = (org: ContractOrg, count: number): { Name: string; BillingState: string }[] =>
  Array.from({ length: count }, (_, n) => ({ Name: `${org.mark}${n}`, BillingState: 'CA' }));

const ids = async (org: ContractOrg, connection: Connection): Promise<string[]> =>
  (
    await connection
      .sobject('Account')
      .find({ Name: { $like: `${org.mark}%` } }, 'Id')
      .execute()
  ).map(({ Id: id }) => String(id));

describe('jsforce', () => {
  contract(
    'finds who it is through the list of resources',
    { source: 'jsforce test/connection-meta.test.ts, "identity"; lib/connection.js identity(): the key `identity`' },
    async (org) => {
      const identity = await connected(org).identity();
      expect(identity).toMatchObject({ user_id: org.userId, organization_id: org.orgId });
      expect([typeof identity.photos, typeof identity.urls]).toEqual(['object', 'object']);
    },
  );

  contract(
    'creates, retrieves, updates and destroys several at once, and gets null for what is gone',
    { source: 'jsforce test/connection-crud.test.ts, "multiple records crud"' },
    async (org) => {
      const account = connected(org).sobject('Account');
      const made = (await account.create(named(org, 2))).map(({ id }) => id ?? '');
      const records = await account.retrieve(made);
      expect(records.map(({ Name: name }) => name)).toEqual([`${org.mark}0`, `${org.mark}1`]);
      const changed = await account.update(made.map((Id) => ({ Id, Site: 's' })));
      expect(changed.every(({ success }) => success)).toBe(true);
      expect((await account.destroy(made)).every(({ success }) => success)).toBe(true);
      expect(await account.retrieve(made)).toEqual([null, null]);
    },
  );

  contract(
    'sends more than 200 at once only when told to, and an org takes no more',
    {
      source:
        'jsforce test/query.test.ts, allowRecursive; lib/connection.js; EXCEEDED_ID_LIMIT: REST API Developer Guide',
    },
    async (org) => {
      const connection = connected(org);
      await expect(connection.sobject('Account').create(named(org, 201))).rejects.toThrow(
        /cannot submit more than 200/,
      );
      const made = await connection.sobject('Account').create(named(org, 201), { allowRecursive: true });
      expect(made.filter(({ success }) => success)).toHaveLength(201);
      await connection.sobject('Account').destroy(await ids(org, connection), { allowRecursive: true });
    },
  );

  contract(
    'updates and destroys what a query finds, by collections and by Bulk API 2.0',
    { source: 'jsforce test/query.test.ts, Query#update; test/bulk2.test.ts, Query#update and Query#destroy' },
    async (org) => {
      const account = connected(org).sobject('Account');
      await account.create(named(org, 3));
      const found = () => account.find({ Name: { $like: `${org.mark}%` } }, 'Id, Name, BillingState');
      const template = '${Name} (Updated)';
      const one = await found().update({ Name: template, BillingState: null }, 'Account');
      expect(one).toHaveLength(3);
      expect(await found()).toMatchObject(
        [0, 1, 2].map((n) => ({ Name: `${org.mark}${n} (Updated)`, BillingState: null })),
      );
      const bulk = { bulkThreshold: 0, bulkApiVersion: 2 } as const;
      const two = await found().update({ Name: template }, 'Account', bulk);
      expect(two.map(({ success }) => success)).toEqual([true, true, true]);
      expect(await found().destroy('Account', bulk)).toHaveLength(3);
      expect(await found()).toEqual([]);
    },
  );

  contract(
    'reads a failed row of a bulk job, and an upload without rows',
    {
      source:
        'jsforce test/bulk2.test.ts, "should bulk insert records": REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --',
    },
    async (org) => {
      const connection = connected(org);
      const load = (input: Record<string, string>[]) =>
        connection.bulk2.loadAndWaitForResults({ object: 'Account', operation: 'insert', input });
      const { successfulResults, failedResults, unprocessedRecords } = await load([
        { Name: `${org.mark}a`, BillingState: 'CA' },
        { Name: '', BillingState: 'CA' },
      ]);
      expect(successfulResults).toMatchObject([{ sf__Created: 'true', Name: `${org.mark}a` }]);
      expect(failedResults).toMatchObject([
        { sf__Id: '', sf__Error: 'REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --' },
      ]);
      expect(unprocessedRecords).toEqual([]);
      expect(await load([])).toEqual({ successfulResults: [], failedResults: [], unprocessedRecords: [] });
      await connection.destroy(
        'Account',
        successfulResults.map(({ sf__Id: id }) => id),
      );
    },
  );

  contract(
    'selects children and parents with asterisks, sorts by parents and counts',
    { source: 'jsforce test/sobject.test.ts, "select records with asterisk", include(), sort(), count()' },
    async (org) => {
      const connection = connected(org);
      const { id = '' } = await connection.create('Account', { Name: `${org.mark}a` });
      const child = await connection.create('Contact', { LastName: `${org.mark}c`, AccountId: id });
      const [record] = await connection
        .sobject('Account')
        .find({ Id: id }, 'Id')
        .include('Contacts')
        .select('*')
        .limit(2)
        .end()
        .execute();
      const shape = z.object({ Contacts: z.object({ records: z.array(z.object({ LastName: z.string() }).loose()) }) });
      expect(shape.parse(record).Contacts.records).toMatchObject([{ LastName: `${org.mark}c` }]);
      const contacts = await connection
        .sobject('Contact')
        .select('*, Account.*, Owner.Name')
        .where({ AccountId: id })
        .sort('Account.Name -LastName')
        .execute();
      expect(contacts).toMatchObject([{ Account: { Name: `${org.mark}a` } }]);
      expect(await connection.sobject('Account').count({ Name: { $like: `${org.mark}%` } })).toBe(1);
      await connection.destroy('Contact', child.id ?? '');
      await connection.destroy('Account', id);
    },
  );

  contract(
    'logs in anew once for several calls at a time when its session is none',
    {
      source:
        'jsforce test/connection-session.test.ts, "make access token invalid and call in parallel"; test/metadata.test.ts, "session refresh"',
    },
    async (org) => {
      let logins = 0;
      const connection = connected(org, {
        accessToken: 'invalid_token',
        refreshFn: (_: unknown, done: (error: null, token: string) => void) => {
          logins += 1;
          done(null, org.accessToken);
        },
      });
      const [users, global] = await Promise.all([connection.query('SELECT Id FROM User'), connection.describeGlobal()]);
      expect([users.records.length > 0, global.sobjects.length > 0, logins]).toEqual([true, true, 1]);
      const soap = connected(org, {
        accessToken: 'invalid_token',
        refreshFn: (_: unknown, done: (error: null, token: string) => void) => done(null, org.accessToken),
      });
      expect((await soap.metadata.list({ type: 'CustomObject' })).length).toBeGreaterThanOrEqual(0);
    },
  );

  contract(
    'meets old versions too, in which an upsert that updates has no body',
    {
      source:
        'jsforce test/metadata.test.ts: version 45.0; test/connection-crud.test.ts: no id after an update by upsert',
    },
    async (org) => {
      expect((await connected(org, { version: '45.0' }).query('SELECT Id FROM User LIMIT 1')).totalSize).toBe(1);
      if (org.isReal) return;
      const run = (version: string) => connected(org, { version }).upsert('KAM_Run__c', { Ref__c: 'r' }, 'Ref__c');
      expect(await run('45.0')).toMatchObject({ success: true, id: expect.stringMatching(/^a/) });
      expect((await run('45.0')).id).toBeUndefined();
      expect(await run('46.0')).toMatchObject({ success: true, id: expect.stringMatching(/^a/) });
    },
  );

  contract(
    'is told that the first Bulk API is switched off',
    {
      source: 'Bulk API Developer Guide, "Errors": FeatureNotEnabled; jsforce lib/api/bulk.js',
      onlyLocal: 'a real org has it',
    },
    async (org) => {
      const { bulk } = connected(org);
      await expect(bulk.createJob('Account', 'insert').open()).rejects.toThrow(/Bulk API is not enabled/);
      const json = await fetch(`${org.instanceUrl}/services/async/67.0/job`, {
        method: 'POST',
        headers: { 'x-sfdc-session': org.accessToken, 'content-type': 'application/json' },
        body: '{}',
      });
      expect([json.status, await json.json()]).toMatchObject([400, { exceptionCode: 'FeatureNotEnabled' }]);
    },
  );

  contract(
    'is told of what an org has no feature for that it is not there',
    {
      source: 'REST API Developer Guide, status 404; jsforce test/analytics, chatter, process, quick-action, apex',
      onlyLocal: 'a real org has most of it',
    },
    async (org) => {
      const connection = connected(org);
      const asked: [string, () => Promise<unknown>][] = [
        ['tabs', () => connection.tabs()],
        ['layouts', () => connection.sobject('Account').layouts()],
        ['list views', () => connection.sobject('Account').listviews()],
        ['quick actions', () => connection.sobject('Account').quickActions()],
        ['search', () => Promise.resolve(connection.search('FIND {x} IN ALL FIELDS RETURNING Account(Id)'))],
        ['process rules', () => connection.process.rule.list()],
        ['reports', () => connection.analytics.reports()],
        ['Apex REST', () => connection.apex.get('/any')],
        ['anonymous Apex', () => connection.tooling.executeAnonymous('x')],
      ];
      for (const [what, ask] of asked) {
        const outcome = await ask().then(
          () => 'answered',
          (error: unknown) => (error instanceof Error ? error.name : 'thrown'),
        );
        expect([what, outcome]).toEqual([what, 'NOT_FOUND']);
      }
      await expect(connection.soap.describeTabs()).rejects.toThrow(/No operation available for request/);
    },
  );
});
