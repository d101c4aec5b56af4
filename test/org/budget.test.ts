/** A run never costs other integrations their API calls: it stops in time, and goes on when it is run again. */
import { expect, test } from 'vitest';
import { withSmallOrg, type SmallOrg } from '../support/smallOrg.js';
import { machineBuilders } from '../sync/machineBuilders.js';

// The local org has 100,000 calls a day.
const left = (org: SmallOrg, calls: number): Promise<unknown> =>
  org.client.send('POST', '/local/faults', { kind: 'daily-limit', left: calls });
const allLeft = (org: SmallOrg): Promise<unknown> => org.client.send('DELETE', '/local/faults');

const runs = async (org: SmallOrg): Promise<unknown[]> =>
  (await org.client.query('SELECT Status__c FROM KAM_Run__c ORDER BY Ref__c')).map((run) => run['Status__c']);

const outcome = async (org: SmallOrg): Promise<unknown> => ({
  accounts: await org.client.query('SELECT Name, KAM_Tier__c, KAM_Score__c, KAM_Reasons__c FROM Account ORDER BY Name'),
  families: await org.families(['Expected_Amount__c', 'Why__c']),
  tasks: (await org.tasks()).map(({ ref, subject, status }) => ({ ref, subject, status })),
});

test('beyond the soft stop a run says in its record why it stopped, and does nothing else', () =>
  withSmallOrg(machineBuilders, {}, async (org) => {
    await left(org, 15_000);
    await expect(org.sync()).rejects.toMatchObject({
      name: 'DayUsedError',
      exitCode: 69,
      message: expect.stringMatching(
        /^850\d\d of the org's 100000 daily API calls are used, the setting lets a run go on up to 80 %\./,
      ),
    });
    await allLeft(org);
    expect(await runs(org)).toEqual(['Stopped']);
    expect(await org.client.query('SELECT Id FROM Account WHERE KAM_Tier__c != null')).toEqual([]);
    await org.moveClock('2026-11-24T12:01:00Z');
    expect((await org.sync()).outcome).toEqual({ is: 'done' });
  }));

test('with 500 calls left nothing is asked beyond the preflight, not even for a record', () =>
  withSmallOrg(machineBuilders, {}, async (org) => {
    await left(org, 500);
    await expect(org.sync()).rejects.toMatchObject({ name: 'DayUsedError', exitCode: 69 });
    await allLeft(org);
    expect(await runs(org)).toEqual([]);
  }));

test('a run that has had its share is told so', () =>
  // 0.02 % of 100,000 are 20 calls; the pull alone takes more.
  withSmallOrg(
    machineBuilders,
    { settings: { 'KAM_Settings.Default': { Safety_Api_Run_Share__c: '0.02' } } },
    async (org) => {
      await expect(org.sync()).rejects.toMatchObject({
        name: 'RunUsedError',
        exitCode: 69,
        message: expect.stringMatching(/^This run has made 2\d API calls of the 100000 that the org has a day/),
      });
      expect(await runs(org)).toEqual(['Stopped']);
    },
  ));

test('a run that stops between two writes ends, run again, as one run would', async () => {
  const whole = await withSmallOrg(machineBuilders, {}, async (org) => {
    const { apiCalls: pull } = await org.sync({ dryRun: true });
    await org.sync();
    return { pull, left: await outcome(org) };
  });
  await withSmallOrg(machineBuilders, {}, async (org) => {
    // All the writing takes 12 calls.
    await left(org, 20_000 + whole.pull + 6);
    await expect(org.sync()).rejects.toMatchObject({ name: 'DayUsedError', exitCode: 69 });
    await allLeft(org);
    expect(await org.client.query('SELECT Id FROM Account WHERE KAM_Tier__c != null')).not.toEqual([]);
    expect(await outcome(org)).not.toEqual(whole.left);
    await org.moveClock('2026-11-24T12:01:00Z');
    expect((await org.sync()).outcome).toEqual({ is: 'done' });
    expect(await runs(org)).toEqual(['Stopped', 'Done']);
    expect(await outcome(org)).toEqual(whole.left);
  });
});
