/**
 * Eight clients at once for a minute: queries, upserts, describes and single records, without one error.
 *
 *   npx vitest run --config vitest.long.config.ts test/long/load.test.ts      KAM_LOAD_SECONDS=10 for a shorter one
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { openClient, type LocalClient } from '../../src/localorg/client.js';
import { sequenceOf } from '../../src/localorg/faults.js';

const seconds = Number(process.env['KAM_LOAD_SECONDS'] ?? 60);
const bin = new URL('../../bin/run.js', import.meta.url).pathname;
const CLIENTS = 8;
const ACCOUNTS = 2000;

let server: ChildProcess;
let org: { instanceUrl: string; accessToken: string };

beforeAll(async () => {
  server = spawn(process.execPath, [bin, 'kam', 'local', 'start', '--memory', '--port', '0', '--no-login', '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (server.stdout === null) throw new Error('The local org has no output.');
  for await (const line of createInterface({ input: server.stdout })) {
    org = z.object({ instanceUrl: z.string(), accessToken: z.string() }).parse(JSON.parse(line));
    break;
  }
});

afterAll(() => {
  server.kill('SIGTERM');
});

const saved = z.array(z.object({ success: z.literal(true), id: z.string() }));

async function accountsIn(client: LocalClient): Promise<string[]> {
  const ids: string[] = [];
  for (let from = 0; from < ACCOUNTS; from += 200) {
    const records = Array.from({ length: 200 }, (_, n) => ({
      attributes: { type: 'Account' },
      Name: `Account ${from + n}`,
    }));
    ids.push(...saved.parse(await client.send('POST', 'composite/sobjects', { records })).map(({ id }) => id));
  }
  return ids;
}

type Step = (client: LocalClient, random: () => number, ids: readonly string[]) => Promise<unknown>;

const pick = (ids: readonly string[], random: () => number): string => ids[Math.floor(random() * ids.length)] ?? '';

/** Four queries, three upserts of 25 tasks, two records and one describe in ten requests. */
const steps: readonly Step[] = [
  (client) => client.send('GET', `query?q=${encodeURIComponent('SELECT Id, Name, Owner.Name FROM Account LIMIT 200')}`),
  (client, random) => {
    const name = `Account ${Math.floor(random() * 100)}`;
    return client.send('GET', `query?q=${encodeURIComponent(`SELECT Id FROM Account WHERE Name LIKE '${name}%'`)}`);
  },
  (client, random, ids) =>
    client.send(
      'GET',
      `query?q=${encodeURIComponent(`SELECT COUNT() FROM Task WHERE WhatId = '${pick(ids, random)}'`)}`,
    ),
  (client) =>
    client.send(
      'GET',
      `query?q=${encodeURIComponent('SELECT Status, COUNT(Id) n FROM Task GROUP BY Status ORDER BY Status')}`,
    ),
  upsert,
  upsert,
  upsert,
  (client, random, ids) => client.send('GET', `sobjects/Account/${pick(ids, random)}`),
  (client, random, ids) =>
    client.send('PATCH', `sobjects/Account/${pick(ids, random)}`, { NumberOfEmployees: Math.floor(random() * 1000) }),
  (client) => client.send('GET', 'sobjects/Account/describe'),
];

async function upsert(client: LocalClient, random: () => number, ids: readonly string[]): Promise<void> {
  const first = Math.floor(random() * 10_000);
  const records = Array.from({ length: 25 }, (_, n) => ({
    attributes: { type: 'Task' },
    KAM_Task_Ref__c: `load|${first + n}`,
    Subject: 'Ask the customer',
    WhatId: pick(ids, random),
  }));
  saved.parse(await client.send('PATCH', 'composite/sobjects/Task/KAM_Task_Ref__c', { records }));
}

/** Peak memory of the server's process in MB, where the system tells it. */
function peakOf(pid: number | undefined): string {
  try {
    return `${Math.round(Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024)} MB`;
  } catch {
    return 'unknown here';
  }
}

test(`${CLIENTS} clients for ${seconds} s meet no error`, async () => {
  const first = openClient(org.instanceUrl, org.accessToken);
  const ids = await accountsIn(first);
  await first.close();
  const durations: number[] = [];
  const until = performance.now() + seconds * 1000;
  await Promise.all(
    Array.from({ length: CLIENTS }, async (_, n) => {
      const client = openClient(org.instanceUrl, org.accessToken);
      const random = sequenceOf(n + 1);
      while (performance.now() < until) {
        const step = steps[Math.floor(random() * steps.length)];
        const started = performance.now();
        await step?.(client, random, ids);
        durations.push(performance.now() - started);
      }
      await client.close();
    }),
  );
  const sorted = durations.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? Number.NaN).toFixed(0);
  process.stdout.write(
    `load: ${CLIENTS} clients, ${seconds} s: ${sorted.length} requests without an error, ${(sorted.length / seconds).toFixed(0)}/s; median ${at(0.5)} ms, p99 ${at(0.99)} ms; peak of the server ${peakOf(server.pid)}\n`,
  );
  expect(sorted.length).toBeGreaterThan(seconds);
});
