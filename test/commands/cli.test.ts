/** The commands as a user runs them: processes of their own, on a local org that is a process too. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';

const bin = new URL('../../bin/run.js', import.meta.url).pathname;
const scratch = mkdtempSync(join(tmpdir(), 'kam-cli-'));
const started = z.object({ instanceUrl: z.string(), accessToken: z.string(), username: z.string(), orgId: z.string() });

type Result = { code: number; stdout: string; stderr: string };

const environment = (more: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
  PATH: process.env['PATH'],
  HOME: scratch,
  XDG_STATE_HOME: join(scratch, 'state'),
  SF_DISABLE_TELEMETRY: 'true',
  SF_USE_GENERIC_UNIX_KEYCHAIN: 'true',
  ...more,
});

function kam(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Result> {
  return new Promise((resolve) => {
    execFile(process.execPath, [bin, 'kam', ...args], { env: environment(env) }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, stdout, stderr });
    });
  });
}

let server: ChildProcess;
let org: z.infer<typeof started>;
const at = (): NodeJS.ProcessEnv => ({ SF_ORG_INSTANCE_URL: org.instanceUrl });
const onOrg = (...args: string[]): Promise<Result> => kam([...args, '--target-org', org.accessToken], at());

beforeAll(async () => {
  mkdirSync(join(scratch, 'book'));
  const accounts = Array.from({ length: 10 }, (_, n) => `A${n},Account ${n},Machinery,100,Germany,`);
  const sales = accounts.map((_, n) => `A${n},2026-06-15,Pumps,Pump,1,20000.00,`);
  writeFileSync(
    join(scratch, 'book', 'accounts.csv'),
    lines('account_id,name,industry,employees,country,parent_id', accounts),
  );
  writeFileSync(
    join(scratch, 'book', 'sales.csv'),
    lines('account_id,date,product_family,product,quantity,amount,cost', sales),
  );
  server = spawn(process.execPath, [bin, 'kam', 'local', 'start', '--memory', '--port', '0', '--no-login', '--json'], {
    env: environment({}),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (server.stdout === null) throw new Error('The local org has no output.');
  for await (const line of createInterface({ input: server.stdout })) {
    org = started.parse(JSON.parse(line));
    break;
  }
});

afterAll(() => {
  server.kill('SIGKILL');
  rmSync(scratch, { recursive: true, force: true });
});

const lines = (header: string, rows: readonly string[]): string => `${[header, ...rows].join('\n')}\n`;

describe('on a local org that runs', () => {
  test('load fills it, and says so as JSON', async () => {
    const { code, stdout } = await onOrg('local', 'load', join(scratch, 'book'), '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ status: 0, result: { accounts: 10, lines: 10 } });
    await onOrg('local', 'clock', '2026-07-24');
  });

  test('check finds it ready: 0', async () => {
    const { code, stdout } = await onOrg('check');
    expect([code, stdout]).toEqual([0, expect.stringContaining(`Ready: ${org.orgId}`)]);
  });

  test('sync marks every account: 0, and a second sync has nothing to do: 0', async () => {
    const first = await onOrg('sync');
    expect([first.code, first.stdout]).toEqual([0, expect.stringContaining('update 10 accounts')]);
    const second = await onOrg('sync', '--json');
    expect(second.code).toBe(0);
    expect(JSON.parse(second.stdout)).toMatchObject({
      result: { outcome: { is: 'nothingToDo' }, written: 0, dryRun: false },
    });
  });

  test('its state is private to the user, and holds no token', () => {
    const folder = join(scratch, 'state', 'sf-plugin-kam', org.orgId);
    expect(statSync(folder).mode & 0o077).toBe(0);
    expect(readFileSync(join(folder, 'run.json'), 'utf8')).not.toContain(org.accessToken);
  });

  test('explain argues for one account by name; a name that is not there fails with near ones: 1', async () => {
    expect((await onOrg('explain', 'Account 3')).stdout).toContain('Account 3 (001');
    const missing = await onOrg('explain', 'Acount 3');
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining('Account 3')]);
  });

  test('sheet writes a page that only its user can read: 0; a file that cannot be is wrong usage: 2', async () => {
    const file = join(scratch, 'sheet.html');
    writeFileSync(file, 'an earlier one', { mode: 0o644 });
    const { code, stdout } = await onOrg('sheet', 'account 3', '--language', 'de', '--output', file, '--json');
    expect([code, JSON.parse(stdout)]).toMatchObject([
      0,
      { result: { file, language: 'de', sheet: { name: 'Account 3' } } },
    ]);
    expect(readFileSync(file, 'utf8')).toContain('<h1>Account 3</h1>');
    expect(statSync(file).mode & 0o077).toBe(0);
    const refused = await onOrg('sheet', 'Account 3', '--output', join(scratch, 'nowhere', 'sheet.html'));
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('nowhere/sheet.html')]);
  });

  test('what-if answers from the book of that sync: 0; a setting that is none: 2, with near ones', async () => {
    const asked = await onOrg('what-if', '--set', 'score.threshold=65', '--json');
    expect([asked.code, JSON.parse(asked.stdout)]).toMatchObject([
      0,
      { result: { moves: { leaves: 0 }, written: [] } },
    ]);
    const missing = await onOrg('what-if', '--set', 'score.treshold=65');
    expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining('Near it: score.threshold')]);
  });

  test('audit holds labels against that sync: 0, also with findings; a label that nobody carries: 2', async () => {
    const checked = await onOrg('audit', '--label-field', 'Type', '--label-value', 'Other');
    expect([checked.code, checked.stdout]).toEqual([0, expect.stringContaining('No account carries it')]);
    const missing = await onOrg('audit', '--label-field', 'Type', '--label-value', 'Othre', '--json');
    expect([missing.code, JSON.parse(missing.stdout)]).toMatchObject([2, { name: 'LabelValueUnknownError' }]);
  });

  test('calibrate proposes amounts and says that the org is untouched: 0', async () => {
    const { code, stdout } = await onOrg('calibrate');
    expect([code, stdout]).toEqual([0, expect.stringContaining('Nothing was written to the org')]);
  });

  test('the safety valve refuses: 2, and the run is in the JSON', async () => {
    const headers = { authorization: `Bearer ${org.accessToken}`, 'content-type': 'application/json' };
    const query = await fetch(`${org.instanceUrl}/services/data/v67.0/query?q=SELECT+Id+FROM+Account`, { headers });
    const { records } = z.object({ records: z.array(z.object({ Id: z.string() })) }).parse(await query.json());
    await fetch(`${org.instanceUrl}/services/data/v67.0/composite/sobjects`, {
      method: 'PATCH',
      headers,
      body: JSON.stringify({
        records: records.map(({ Id }) => ({ attributes: { type: 'Account' }, Id, KAM_Segment__c: 'Unknown' })),
      }),
    });
    const { code, stdout } = await onOrg('sync', '--json');
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ name: 'TooManyMovesError', data: { outcome: { is: 'refused' } } });
    expect((await onOrg('sync', '--max-moves', '100')).code).toBe(0);
  });

  test.each([
    ['a day that is none', ['sync', '--as-of', '2026-02-30'], 2],
    ['a day in the future', ['sync', '--as-of', '2999-01-01'], 2],
    ['a flag that does not exist', ['sync', '--fast'], 2],
    ['a share that is none', ['sync', '--max-moves', '101'], 2],
    ['an entry without a value', ['what-if', '--set', 'score.threshold'], 2],
    ['a programme without places', ['calibrate', '--capacity', '0'], 2],
    ['a folder that is not there', ['local', 'load', join(scratch, 'nothing')], 1],
    ['a time that is none', ['local', 'clock', 'tomorrow'], 1],
  ])('%s is refused', async (_, args, code) => {
    const result = await onOrg(...args);
    expect([result.code, result.stderr]).toEqual([code, expect.stringContaining(args.at(-1) ?? '')]);
  });

  test('the clock moves by days, and status tells it', async () => {
    await onOrg('local', 'clock', '2027-01-10');
    const moved = await onOrg('local', 'clock', '+30d', '--json');
    expect(JSON.parse(moved.stdout)).toMatchObject({ result: { clock: expect.stringMatching(/^2027-02-09T12:00/) } });
    const status = await onOrg('local', 'status', '--json');
    expect(JSON.parse(status.stdout)).toMatchObject({ result: { records: { Account: 10 } } });
  });

  test('app shows what to log in with, and writes the private key for its owner only, not to the screen', async () => {
    const keyFile = join(scratch, 'jwt.key');
    const { code, stdout } = await onOrg('local', 'app', '--key-file', keyFile);
    expect([code, stdout]).toEqual([0, expect.stringContaining(`sf org login jwt --username ${org.username}`)]);
    expect(stdout).not.toContain('PRIVATE KEY');
    expect([statSync(keyFile).mode & 0o777, readFileSync(keyFile, 'utf8').split('\n')[0]]).toEqual([
      0o600,
      '-----BEGIN PRIVATE KEY-----',
    ]);
  });

  test('a fault is switched on, fires, is listed with its log, and is switched off', async () => {
    const set = ['--set', 'status=502', '--set', 'body=json'];
    const on = await onOrg('local', 'fault', 'on', 'server-error', '--next', '1', ...set, '--json');
    expect(JSON.parse(on.stdout)).toMatchObject({ result: { id: 1, fault: { status: 502, next: 1 } } });
    const headers = { authorization: `Bearer ${org.accessToken}` };
    expect((await fetch(`${org.instanceUrl}/services/data/v67.0/limits`, { headers })).status).toBe(502);
    const list = await onOrg('local', 'fault', 'list', '--clear-log');
    expect(list.stdout).toMatch(/server-error.*502 in json, work not-done/s);
    const off = await onOrg('local', 'fault', 'off', '--json');
    expect(JSON.parse(off.stdout)).toMatchObject({ result: { active: [], log: [] } });
    const wrong = await onOrg('local', 'fault', 'on', 'flood');
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('Kinds: latency, reset-before')]);
  });

  test('an expired token: 3, and the message tells what to do but not the token', async () => {
    const token = `${org.orgId.slice(0, 15)}!expired.expired.expired.expired.expired.expired`;
    const result = await kam(['sync', '--target-org', token], at());
    expect([result.code, result.stderr]).toEqual([3, expect.stringContaining('has expired or was revoked')]);
    expect(result.stderr).toContain('sf org login web');
    expect(result.stderr).not.toContain('!expired');
  });

  test('reset empties it, and stop ends the process', async () => {
    const reset = await onOrg('local', 'reset', '--json');
    expect(JSON.parse(reset.stdout)).toMatchObject({ result: { orgId: org.orgId } });
    const ended = new Promise((resolve) => server.once('exit', resolve));
    expect((await onOrg('local', 'stop')).code).toBe(0);
    expect(await ended).toBe(0);
  });
});

test('an org that is told to stop by a signal stops without a complaint', async () => {
  const other = spawn(process.execPath, [bin, 'kam', 'local', 'start', '--memory', '--port', '0', '--no-login'], {
    env: environment({}),
  });
  let told = '';
  other.stderr.on('data', (text: Buffer) => (told += text.toString()));
  const ended = new Promise((resolve) => other.once('exit', (...how) => resolve(how)));
  for await (const line of createInterface({ input: other.stdout })) if (line.startsWith('Stop it')) break;
  other.kill('SIGINT');
  expect(await ended).toEqual([0, null]);
  expect(told).toBe('');
});

describe('where no org answers', () => {
  test('an alias that sf does not know: the message names it', async () => {
    const { code, stderr } = await kam(['sync', '--target-org', 'nowhere']);
    expect([code, stderr]).toEqual([expect.any(Number), expect.stringContaining('nowhere')]);
    expect(code).not.toBe(0);
  });
});
