/** The real `sf` CLI against a fresh local org, through all that it does with records. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { openClient, type LocalClient } from '../../src/localorg/client.js';
import { defaultSources, startLocalOrg } from '../../src/localorg/localOrg.js';
import type { LocalOrg } from '../../src/localorg/server.js';
import { cliIn, installCli, type Cli } from '../support/sfCli.js';

const home = mkdtempSync(join(tmpdir(), 'kam-sf-'));
const failures: string[] = [];
let org: LocalOrg;
let client: LocalClient;
let sf: Cli;

beforeAll(async () => {
  installCli();
  sf = cliIn(home);
  org = await startLocalOrg({
    port: 0,
    keep: { in: 'memory' },
    clock: new Date('2026-11-24T12:00:00Z'),
    sources: defaultSources,
    onError: (text) => failures.push(text),
  });
  client = openClient(org.instanceUrl, org.accessToken);
});

afterAll(async () => {
  await client.close();
  await org.stop();
  rmSync(home, { recursive: true, force: true });
  expect(failures).toEqual([]);
});

const enveloped = z.object({ status: z.number(), result: z.unknown() });

/** Runs a command with --json and returns its result; what went wrong is in the failure's text. */
async function json(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<unknown> {
  const { code, stdout, stderr } = await sf([...args, '--json'], { env });
  if (code !== 0)
    throw new Error(`sf ${args.join(' ')} ended with ${code}: ${stdout.slice(0, 3000)} ${stderr.slice(0, 1000)}`);
  return enveloped.parse(JSON.parse(stdout)).result;
}

const onOrg = (...args: string[]): Promise<unknown> => json([...args, '--target-org', 'local']);
const file = (name: string, text: string): string => {
  writeFileSync(join(home, name), text);
  return join(home, name);
};
const names = async (): Promise<unknown[]> =>
  (await client.query('SELECT Name FROM Account ORDER BY Name')).map((record) => record['Name']);
const withId = z.object({ id: z.string() });
const records = z.object({ records: z.array(z.record(z.string(), z.unknown())), totalSize: z.number() });

describe('logging in', () => {
  test('org login access-token', async () => {
    const args = ['org', 'login', 'access-token', '--instance-url', org.instanceUrl, '--alias', 'local', '--no-prompt'];
    expect(await json(args, { SF_ACCESS_TOKEN: org.accessToken })).toMatchObject({
      username: org.username,
      orgId: org.orgId,
    });
  });

  test('org login jwt, with the key of the app', async () => {
    const app = z
      .object({ consumerKey: z.string(), privateKey: z.string() })
      .parse(await client.send('GET', '/local/app'));
    const key = file('jwt.key', app.privateKey);
    const [user] = await client.query("SELECT Username FROM User WHERE Username LIKE 'integration@%'");
    const username = String(user?.['Username']);
    const login = [
      'org',
      'login',
      'jwt',
      '--client-id',
      app.consumerKey,
      '--jwt-key-file',
      key,
      '--username',
      username,
    ];
    expect(await json([...login, '--instance-url', org.instanceUrl, '--alias', 'robot'])).toMatchObject({
      username,
      orgId: org.orgId,
    });
    // A session that has ended is renewed by the key, and the command does not notice.
    await client.send('POST', '/local/sessions/expire');
    await client.send('POST', '/local/sessions/restore');
    expect(
      await json(['data', 'query', '--query', 'SELECT Id FROM Organization', '--target-org', 'robot']),
    ).toMatchObject({
      totalSize: 1,
    });
  });

  test('org display, org list, org list limits', async () => {
    expect(await onOrg('org', 'display')).toMatchObject({ id: org.orgId, connectedStatus: 'Connected' });
    const list = JSON.stringify(await json(['org', 'list']));
    expect(list).toContain(org.username);
    expect(await onOrg('org', 'list', 'limits')).toEqual(
      expect.arrayContaining([expect.objectContaining({ name: 'DailyApiRequests', max: 100_000 })]),
    );
  });

  test('org assign permset', async () => {
    expect(await onOrg('org', 'assign', 'permset', '--name', 'KAM_Integration')).toMatchObject({
      failures: [],
      successes: [{ name: org.username, value: 'KAM_Integration' }],
    });
  });
});

describe('one record', () => {
  test('data create, get, update and delete record', async () => {
    const { id } = withId.parse(
      await onOrg(
        'data',
        'create',
        'record',
        '--sobject',
        'Account',
        '--values',
        "Name='Acme One' NumberOfEmployees=7",
      ),
    );
    const record = ['--sobject', 'Account', '--record-id', id];
    expect(await onOrg('data', 'get', 'record', ...record)).toMatchObject({ Name: 'Acme One', NumberOfEmployees: 7 });
    await onOrg('data', 'update', 'record', ...record, '--values', 'NumberOfEmployees=8');
    expect(await onOrg('data', 'get', 'record', '--sobject', 'Account', '--where', "Name='Acme One'")).toMatchObject({
      NumberOfEmployees: 8,
    });
    await onOrg('data', 'delete', 'record', ...record);
    expect(await names()).toEqual([]);
  });

  test('data query as JSON and as a table, with the columns of parents and sums', async () => {
    await client.send('POST', 'sobjects/Account', { Name: 'Acme', NumberOfEmployees: 7 });
    const soql = 'SELECT Name, NumberOfEmployees, Owner.Name FROM Account';
    expect(records.parse(await onOrg('data', 'query', '--query', soql)).records).toMatchObject([
      { Name: 'Acme', NumberOfEmployees: 7, Owner: { Name: 'Org Admin' } },
    ]);
    const table = await sf(['data', 'query', '--query', soql, '--target-org', 'local']);
    expect([table.code, table.stdout]).toEqual([0, expect.stringMatching(/Acme.+7.+Org Admin/)]);
    expect(table.stdout).toMatch(/NAME.+NUMBEROFEMPLOYEES.+OWNER\.NAME/i);
    const sums = await sf(['data', 'query', '--query', 'SELECT COUNT(Id) n FROM Account', '--target-org', 'local']);
    expect([sums.code, sums.stdout]).toEqual([0, expect.stringMatching(/n\b[\s\S]*1/i)]);
  });

  test('a query that is none fails with the org’s words', async () => {
    const wrong = await sf(['data', 'query', '--query', 'SELECT Nope FROM Account', '--target-org', 'local']);
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining("No such column 'Nope'")]);
  });

  test('sobject list, sobject describe, api request rest', async () => {
    expect(await onOrg('sobject', 'list', '--sobject', 'custom')).toEqual(expect.arrayContaining(['KAM_Run__c']));
    expect(await onOrg('sobject', 'describe', '--sobject', 'Account')).toMatchObject({
      name: 'Account',
      keyPrefix: '001',
    });
    const limits = await sf(['api', 'request', 'rest', '/services/data/v67.0/limits', '--target-org', 'local']);
    expect([limits.code, JSON.parse(limits.stdout)]).toMatchObject([0, { DailyApiRequests: { Max: 100_000 } }]);
  });
});

test('data query and sobject describe by the Tooling API', async () => {
  const soql = "SELECT Id FROM CustomField WHERE DeveloperName = 'KAM_Tier'";
  const answer = records.parse(await onOrg('data', 'query', '--query', soql, '--use-tooling-api'));
  expect(answer.records).toMatchObject([{ Id: expect.stringMatching(/^00N/) }]);
  const described = await onOrg('sobject', 'describe', '--sobject', 'EntityDefinition', '--use-tooling-api');
  expect(described).toMatchObject({ name: 'EntityDefinition', createable: false });
});

describe('many records', () => {
  const wait = ['--wait', '2'];

  test('data import, update, upsert and delete bulk, and data export bulk', async () => {
    await client.send('POST', '/local/reset');
    const rows = Array.from({ length: 3 }, (_, n) => `Acme ${n},${n}`);
    const created = file('new.csv', `Name,NumberOfEmployees\n${rows.join('\n')}\n`);
    expect(
      await onOrg('data', 'import', 'bulk', '--sobject', 'Account', '--file', created, '--line-ending', 'LF', ...wait),
    ).toMatchObject({ processedRecords: 3, successfulRecords: 3, failedRecords: 0 });
    const ids = (await client.query('SELECT Id FROM Account ORDER BY Name')).map((record) => String(record['Id']));
    const changed = file('changed.csv', `Id,NumberOfEmployees\n${ids.map((id) => `${id},10`).join('\n')}\n`);
    expect(
      await onOrg('data', 'update', 'bulk', '--sobject', 'Account', '--file', changed, '--line-ending', 'LF', ...wait),
    ).toMatchObject({ successfulRecords: 3 });
    const keyed = file('keyed.csv', `Id,Description\n${ids.map((id) => `${id},upserted`).join('\n')}\n`);
    await onOrg(
      'data',
      'upsert',
      'bulk',
      '--sobject',
      'Account',
      '--file',
      keyed,
      '--external-id',
      'Id',
      '--line-ending',
      'LF',
      ...wait,
    );
    const out = join(home, 'out.csv');
    const soql = 'SELECT Name, NumberOfEmployees, Description FROM Account ORDER BY Name';
    // Without --line-ending: whatever it is given, this version of the CLI asks for CRLF.
    await onOrg('data', 'export', 'bulk', '--query', soql, '--output-file', out, ...wait);
    expect(readFileSync(out, 'utf8').trimEnd().split('\n')).toEqual([
      '"Name","NumberOfEmployees","Description"',
      '"Acme 0","10","upserted"',
      '"Acme 1","10","upserted"',
      '"Acme 2","10","upserted"',
    ]);
    const gone = file('gone.csv', `Id\n${ids.join('\n')}\n`);
    await onOrg('data', 'delete', 'bulk', '--sobject', 'Account', '--file', gone, '--line-ending', 'LF', ...wait);
    expect(await names()).toEqual([]);
  });

  test('a bulk job with a row that fails says which', async () => {
    await client.send('POST', '/local/reset');
    const rows = file('bad.csv', 'Name,NumberOfEmployees\nGood,1\nBad,many\n');
    const { code, stdout } = await sf([
      'data',
      'import',
      'bulk',
      '--sobject',
      'Account',
      '--file',
      rows,
      '--line-ending',
      'LF',
      ...wait,
      '--json',
      '--target-org',
      'local',
    ]);
    expect([code, JSON.parse(stdout)]).toMatchObject([1, { name: 'FailedRecordDetailsError' }]);
    expect(await names()).toEqual(['Good']);
  });

  test('data export tree with a plan, and data import tree by files and by plan', async () => {
    await client.send('POST', '/local/reset');
    const account = withId.parse(await client.send('POST', 'sobjects/Account', { Name: 'Parent' }));
    await client.send('POST', 'sobjects/Contact', { LastName: 'Child', AccountId: account.id });
    const folder = join(home, 'tree');
    mkdirSync(folder);
    const soql = 'SELECT Name, (SELECT LastName FROM Contacts) FROM Account';
    await onOrg('data', 'export', 'tree', '--query', soql, '--output-dir', folder, '--plan');
    const plan = readdirSync(folder).find((name) => name.endsWith('plan.json')) ?? '';
    await client.send('POST', '/local/reset');
    await onOrg('data', 'import', 'tree', '--plan', join(folder, plan));
    expect(await client.query('SELECT LastName, Account.Name FROM Contact')).toMatchObject([
      { LastName: 'Child', Account: { Name: 'Parent' } },
    ]);
    const tree = file(
      'accounts.json',
      JSON.stringify({ records: [{ attributes: { type: 'Account', referenceId: 'a1' }, Name: 'From a file' }] }),
    );
    await onOrg('data', 'import', 'tree', '--files', tree);
    expect(await names()).toEqual(['From a file', 'Parent']);
  });
});
