/**
 * The contract against an org that it has not made: the switch KAM_TEST_ORG works, cases find their own records among
 * others, and nothing of theirs is left. The org is another process's; a real one is met in the same way.
 *
 *   npx vitest run --config vitest.long.config.ts test/long/contract.test.ts
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { openClient, type LocalClient } from '../../src/localorg/client.js';

const root = new URL('../..', import.meta.url).pathname;
const home = mkdtempSync(join(tmpdir(), 'kam-contract-'));
const env = {
  ...process.env,
  HOME: home,
  XDG_STATE_HOME: join(home, 'state'),
  SF_DISABLE_TELEMETRY: 'true',
  SF_USE_GENERIC_UNIX_KEYCHAIN: 'true',
  SF_DISABLE_LOG_FILE: 'true',
};
let server: ChildProcess;
let client: LocalClient;

beforeAll(async () => {
  const start = ['kam', 'local', 'start', '--memory', '--port', '0', '--alias', 'another', '--json'];
  server = spawn(process.execPath, [join(root, 'bin', 'run.js'), ...start], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (server.stdout === null) throw new Error('The local org has no output.');
  for await (const line of createInterface({ input: server.stdout })) {
    const org = z.object({ instanceUrl: z.string(), accessToken: z.string() }).parse(JSON.parse(line));
    client = openClient(org.instanceUrl, org.accessToken);
    break;
  }
});

afterAll(async () => {
  await client.close();
  server.kill('SIGTERM');
  rmSync(home, { recursive: true, force: true });
});

test('every case that a real org can run passes in an org of somebody else, and leaves nothing there', async () => {
  await client.send('POST', 'sobjects/Account', { Name: 'Somebody else', Industry: 'Energy', NumberOfEmployees: 5 });
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const { stdout } = await promisify(execFile)(process.execPath, [vitest, 'run', 'test/localorg/contract'], {
    cwd: root,
    env: { ...env, KAM_TEST_ORG: 'another' },
    maxBuffer: 64 * 1024 * 1024,
  });
  expect(stdout).toContain('in the org "another"');
  const left = z.object({ records: z.record(z.string(), z.number()) }).parse(await client.send('GET', '/local/status'));
  expect(left.records).toMatchObject({ Account: 1, User: 2 });
  for (const object of ['Contact', 'Opportunity', 'Product2', 'Task', 'KAM_Run__c'])
    expect([object, await client.query(`SELECT Id FROM ${object}`)]).toEqual([object, []]);
});
