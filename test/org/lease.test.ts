/** One run at a time per org: who gets it, who waits, and when a dead run is taken over. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { connect, type KamOrg } from '../../src/org/connect.js';
import { guarded, takeLease, type Holder, type Lease } from '../../src/org/lease.js';
import { withLocalOrg } from '../support/localOrg.js';
import { smallOrgOn, withSmallOrg, type SmallOrg } from '../support/smallOrg.js';
import { machineBuilders } from '../sync/machineBuilders.js';

const scratch = mkdtempSync(join(tmpdir(), 'kam-lease-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
afterEach(() => void vi.useRealTimers());

const berlin: Holder = { machine: 'machine-berlin', host: 'berlin', process: 11 };
const lyon: Holder = { machine: 'machine-lyon', host: 'lyon', process: 22 };

const startOf = (second: number): Date => new Date(Date.parse('2026-11-24T12:00:00Z') + second * 1000);
const refOf = (second: number): string => startOf(second).toISOString();

type Ops = {
  small: SmallOrg;
  org: KamOrg;
  /** Takes the org for a run that starts so many seconds after noon. */
  take(second: number, holder: Holder): Promise<Lease>;
  /** Status and message of each run, by ref. */
  runs(): Promise<Record<string, [unknown, unknown]>>;
};

async function withOps(work: (ops: Ops) => Promise<void>): Promise<void> {
  await withLocalOrg({}, async (local) => {
    const small = await smallOrgOn(local, scratch);
    const org = await connect(small.login, undefined);
    const taken: Lease[] = [];
    await work({
      small,
      org,
      take: async (second, holder) => {
        const lease = await takeLease(org, startOf(second), holder);
        taken.push(lease);
        return lease;
      },
      runs: async () =>
        Object.fromEntries(
          (await small.client.query('SELECT Ref__c, Status__c, Message__c FROM KAM_Run__c')).map((run) => [
            String(run['Ref__c']),
            [run['Status__c'], run['Message__c']],
          ]),
        ),
    });
    for (const lease of taken) lease.release();
  });
}

test('while one run has the org, another is told which, where, and that nothing was written', () =>
  withOps(async ({ take, runs }) => {
    await take(1, berlin);
    await expect(take(2, lyon)).rejects.toMatchObject({
      name: 'LeaseHeldError',
      exitCode: 69,
      message: expect.stringMatching(
        /^Another run has this org: 2026-11-24T12:00:01.000Z on berlin process 11 \(machine-berlin\), last heard of \d+ seconds ago\./,
      ),
    });
    expect(await runs()).toEqual({ [refOf(1)]: ['Running', null] });
  }));

test('a run that was not heard of for five minutes is taken over, a second less is not enough', () =>
  withOps(async ({ small, take, runs }) => {
    const first = await take(1, berlin);
    await small.moveClock('2026-11-24T12:04:50Z');
    await expect(take(2, lyon)).rejects.toMatchObject({ name: 'LeaseHeldError' });
    await small.moveClock('2026-11-24T12:05:30Z');
    const second = await take(2, lyon);
    await second.check();
    await expect(first.check()).rejects.toMatchObject({ name: 'LeaseLostError', exitCode: 69 });
    expect(await runs()).toEqual({
      [refOf(1)]: ['Stopped', `Ended without a word; run ${refOf(2)} took over.`],
      [refOf(2)]: ['Running', null],
    });
  }));

test('a dead run of the same machine is taken over at once', () =>
  withOps(async ({ take, runs }) => {
    await take(1, berlin);
    await (await take(2, { ...berlin, process: 12 })).check();
    expect((await runs())[refOf(1)]?.[0]).toBe('Stopped');
  }));

test('of two that begin together one has the org and the other stops, whatever each saw first', () =>
  withOps(async ({ take, runs, small }) => {
    for (let round = 0; round < 10; round += 1) {
      const both = await Promise.allSettled([take(2 * round, berlin), take(2 * round + 1, lyon)]);
      const won = both.filter(({ status }) => status === 'fulfilled');
      const lost = both.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
      expect(won).toHaveLength(1);
      expect(lost).toMatchObject([{ exitCode: 69 }]);
      const states = await runs();
      const now = [states[refOf(2 * round)]?.[0], states[refOf(2 * round + 1)]?.[0]];
      expect(now.filter((state) => state === 'Running')).toHaveLength(1);
      for (const one of both) if (one.status === 'fulfilled') await one.value.abandon('Stopped', 'the round is over');
    }
    expect(await small.client.query("SELECT Id FROM KAM_Run__c WHERE Status__c = 'Running'")).toEqual([]);
  }));

test('two that begin in the same second have one ref between them: the second is told who has the org', () =>
  withOps(async ({ take, org }) => {
    await take(0, berlin);
    // What the second meets that had looked before the first wrote.
    let looks = 0;
    const send: KamOrg['transport']['send'] = async (method, path, body) => {
      const answer = await org.transport.send(method, path, body);
      looks += 1;
      return looks === 1 ? { ...answer, body: { records: [] } } : answer;
    };
    const late = { ...org, transport: { ...org.transport, send } };
    await expect(takeLease(late, startOf(0), lyon)).rejects.toMatchObject({ name: 'LeaseHeldError' });
  }));

test('a run that begins in the second in which another ended has a ref of its own', () =>
  withOps(async ({ take }) => {
    await (await take(0, berlin)).abandon('Stopped', 'over');
    expect((await take(0, lyon)).ref).toBe('2026-11-24T12:00:00.001Z');
  }));

test('a record that a person ends in the org stops the run', () =>
  withOps(async ({ small, take }) => {
    const lease = await take(1, berlin);
    const [run] = await small.client.query('SELECT Id FROM KAM_Run__c');
    await small.client.send('PATCH', `sobjects/KAM_Run__c/${String(run?.['Id'])}`, { Status__c: 'Stopped' });
    await expect(lease.check()).rejects.toMatchObject({ name: 'LeaseEndedError', exitCode: 69 });
  }));

test('a guarded org reads always and writes only while the lease is its own', () =>
  withOps(async ({ small, org, take }) => {
    const mine = guarded(org, await take(1, berlin));
    const create = (name: string): Promise<unknown> =>
      mine.transport.send('POST', mine.path('sobjects/Account'), { Name: name });
    await create('Alpha');
    await take(2, { ...berlin, process: 12 });
    await expect(create('Beta')).rejects.toMatchObject({ name: 'LeaseEndedError', exitCode: 69 });
    const { body } = await mine.transport.send(
      'GET',
      mine.path(`query?q=${encodeURIComponent('SELECT Name FROM Account')}`),
    );
    expect(body).toMatchObject({ totalSize: 1, records: [{ Name: 'Alpha' }] });
    expect(await small.client.query("SELECT Id FROM Account WHERE Name = 'Beta'")).toEqual([]);
  }));

test('a living run touches its record every minute', () =>
  withOps(async ({ small, take }) => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    await take(1, berlin);
    await small.moveClock('2026-11-24T12:04:00Z');
    vi.advanceTimersByTime(60_000);
    await vi.waitFor(async () => {
      const [run] = await small.client.query('SELECT SystemModstamp FROM KAM_Run__c');
      expect(String(run?.['SystemModstamp'])).toMatch(/^2026-11-24T12:04/);
    });
    await small.moveClock('2026-11-24T12:08:00Z');
    await expect(take(2, lyon)).rejects.toMatchObject({ name: 'LeaseHeldError' });
  }));

test('a sync is a running record until it is done, and its rerun another', () =>
  withSmallOrg(machineBuilders, {}, async (small) => {
    const run = await small.sync();
    const [record] = await small.client.query('SELECT Ref__c, Status__c, Holder__c FROM KAM_Run__c');
    expect(record).toMatchObject({ Ref__c: run.ref, Status__c: 'Done' });
    expect(String(record?.['Holder__c'])).toMatch(new RegExp(`process ${process.pid} \\(`));
  }));

test('a sync that meets another run writes nothing, and goes once that is over', () =>
  withSmallOrg(machineBuilders, {}, async (small) => {
    const lease = await takeLease(await connect(small.login, undefined), startOf(0), lyon);
    await expect(small.sync()).rejects.toMatchObject({ name: 'LeaseHeldError', exitCode: 69 });
    expect(await small.client.query('SELECT Id FROM Account WHERE KAM_Tier__c != null')).toEqual([]);
    // A dry run writes nothing and needs no lease.
    expect((await small.sync({ dryRun: true })).outcome).toEqual({ is: 'planned' });
    await lease.abandon('Stopped', 'done');
    expect((await small.sync()).outcome).toEqual({ is: 'done' });
  }));

test('a sync that breaks off says so in its record, and the next one is not held up', () =>
  withSmallOrg(machineBuilders, {}, async (small) => {
    const on = { kind: 'empty-answer', status: 406, path: 'FROM OpportunityLineItem', every: 1 };
    await small.client.send('POST', '/local/faults', on);
    await expect(small.sync()).rejects.toMatchObject({ message: expect.stringContaining(' 406 '), exitCode: 69 });
    await small.client.send('DELETE', '/local/faults');
    const [record] = await small.client.query('SELECT Status__c, Message__c FROM KAM_Run__c');
    expect(record).toMatchObject({ Status__c: 'Stopped', Message__c: expect.stringContaining(' 406 ') });
    await small.moveClock('2026-11-24T12:01:00Z');
    expect((await small.sync()).outcome).toEqual({ is: 'done' });
  }));
