/** The customer is asked: what he answers makes the tier, and what a person should put right is named in the run. */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { argumentLines } from '../../src/report/argument.js';
import { listed } from '../support/listViews.js';
import { withSmallOrg, type SmallOrg } from '../support/smallOrg.js';
import { machineBuilders, margins, roundAnchors } from './machineBuilders.js';

const admin = { settings: roundAnchors, families: margins };

/** Rates Alpha so that it is a candidate, and says who its people are. */
async function withCandidate(work: (org: SmallOrg, weber: string) => Promise<void>): Promise<void> {
  await withSmallOrg(machineBuilders, admin, async (org) => {
    await org.enter('Alpha', { KAM_Lighthouse__c: 3, KAM_Opinion_Leader__c: 3 });
    await org.sync();
    expect(await tierOf(org)).toEqual(['Candidate', 'Ask', 'Open']);
    // Its site in France is a candidate too, but is asked with the group.
    expect(await listed(org.client, 'Account', 'KAM_Candidates')).toEqual(['Alpha']);
    await work(org, await org.contact('Alpha', 'Weber'));
  });
}

const standing = ['KAM_Tier__c', 'KAM_Gate__c', 'KAM_Gate_Result__c'];
const tierOf = async (org: SmallOrg, name = 'Alpha'): Promise<unknown[]> =>
  Object.values(await org.account(name, standing));
const said = async (org: SmallOrg): Promise<unknown[]> =>
  Object.values(await org.account('Alpha', ['KAM_Reasons__c', 'KAM_Next_Step__c'])).map(
    (text) => String(text).split('\n')[0],
  );

const asked = { State__c: 'Asked', Asked_On__c: '2026-10-01' };
const accepted = {
  State__c: 'Accepted',
  Asked_On__c: '2026-10-01',
  Answered_On__c: '2026-10-15',
  Wants_Care__c: 'Yes',
  In_Return__c: 'Opens the plants in France',
};
const get = (type: string, weber: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({
  Side__c: 'Get',
  Type__c: type,
  Their_Owner__c: weber,
  Due_On__c: '2027-03-31',
  ...more,
});

describe('the answer makes the tier', () => {
  test('asked: the candidate waits', () =>
    withCandidate(async (org) => {
      await org.agree('Alpha', asked);
      await org.sync();
      expect(await tierOf(org)).toEqual(['Candidate', 'Ask', 'Open']);
      expect(await said(org)).toEqual([
        expect.stringContaining('asked on 1 Oct 2026'),
        expect.stringMatching(/answer/i),
      ]);
    }));

  test('accepted with three commitments, one of them access, each with a person and a date: a key account', () =>
    withCandidate(async (org, weber) => {
      await org.agree('Alpha', accepted, [
        get('Access to Sites', weber, { What__c: 'Plant tour in Lyon' }),
        get('Joint Strategy', weber),
        get('Volume', weber),
        { Side__c: 'Give', Type__c: 'Joint Strategy', Service__c: 'Joint_Planning', Due_On__c: '2027-01-31' },
      ]);
      expect((await org.sync()).notes).toEqual([]);
      expect(await tierOf(org)).toEqual(['Key Account', 'Ask', 'Passed']);
      expect(await listed(org.client, 'Account', 'KAM_Key_Accounts')).toEqual(['Alpha']);
      expect(await listed(org.client, 'Account', 'KAM_Candidates')).toEqual([]);
      expect((await tierOf(org, 'Alpha France'))[0]).toBe('Key Account');
      expect((await org.sync()).outcome).toEqual({ is: 'nothingToDo' });
      const found = await org.explain('Alpha');
      const lines = argumentLines(found, { width: 100, styled: false }).join('\n');
      expect(lines).toContain('Agreement: accepted, asked on 2026-10-01, answered on 2026-10-15');
      expect(lines).toContain('The customer gives: 3 promised, 0 done, 0 late');
      expect(lines).toContain('- get: Plant tour in Lyon, Weber; due 2027-03-31');
    }));

  test('accepted with too little: the reasons say what is missing, and the tier stays', () =>
    withCandidate(async (org, weber) => {
      await org.agree('Alpha', accepted, [
        get('Volume', weber),
        get('Joint Strategy', weber, { Their_Owner__c: null }),
      ]);
      await org.sync();
      expect(await tierOf(org)).toEqual(['Candidate', 'Ask', 'Open']);
      const [reason] = await said(org);
      expect(reason).toMatch(/1 of 3/);
      expect(reason).toMatch(/0 of 1/);
    }));

  test('declined: a large account, with the day to ask again', () =>
    withCandidate(async (org) => {
      const declined = { State__c: 'Declined', Decline_Reason__c: 'Timing', Answered_On__c: '2026-10-15' };
      const id = await org.agree('Alpha', { ...asked, ...declined });
      await org.sync();
      expect(await tierOf(org)).toEqual(['Large Account', 'Ask', 'Failed']);
      // Twelve months after the answer, by setting.
      expect(await said(org)).toEqual([expect.stringContaining('declined'), expect.stringContaining('15 Oct 2027')]);
      const due = (): Promise<string[]> => listed(org.client, 'KAM_Agreement__c', 'KAM_Reask_Due');
      await org.agree('Alpha', { Reask_On__c: '2026-11-25' }, [], id);
      expect(await due()).toEqual([]);
      await org.agree('Alpha', { Reask_On__c: '2026-11-24' }, [], id);
      expect(await due()).toHaveLength(1);
    }));

  test('no answer, on trial, ended: a candidate still', () =>
    withCandidate(async (org) => {
      const id = await org.agree('Alpha', { ...asked, State__c: 'No Answer' });
      for (const State__c of ['No Answer', 'Incubator', 'Ended']) {
        await org.agree('Alpha', { State__c }, [], id);
        await org.sync();
        expect(await tierOf(org)).toEqual(['Candidate', 'Ask', 'Open']);
      }
    }));

  test('a group that does not pass the gates may decline or be asked, but the figures still say where it stands', () =>
    withSmallOrg(machineBuilders, admin, async (org) => {
      await org.agree('Beta', {
        ...asked,
        State__c: 'Declined',
        Decline_Reason__c: 'Price Only',
        Answered_On__c: '2026-10-15',
      });
      await org.sync();
      expect((await tierOf(org, 'Beta'))[0]).toBe('Large Account');
    }));
});

describe('the platform holds', () => {
  const refused = (org: SmallOrg, fields: Record<string, unknown>): Promise<unknown> =>
    org.agree('Alpha', fields).then(
      () => 'taken',
      (error: unknown) => String(error),
    );

  test('what makes no sense is refused in words that a person understands', () =>
    withSmallOrg(machineBuilders, admin, async (org) => {
      expect(await refused(org, { ...accepted, In_Return__c: null })).toContain('what the customer gives in return');
      expect(await refused(org, { ...accepted, Wants_Care__c: 'No' })).toContain('“Wants the care” = Yes');
      expect(await refused(org, { State__c: 'Declined', Answered_On__c: '2026-10-15' })).toContain('its reason');
      expect(await refused(org, { State__c: 'Asked' })).toContain('the day on which the customer was asked');
      expect(await refused(org, { ...asked, Answered_On__c: '2026-09-30' })).toContain('earlier than the question');
      expect(await refused(org, { ...asked, Answered_On__c: '2026-10-02', Reask_On__c: '2026-10-01' })).toContain(
        'after the answer',
      );
      expect(await refused(org, accepted)).toBe('taken');
    }));

  test('an agreement without an account is refused', () =>
    withSmallOrg(machineBuilders, admin, async (org) => {
      await expect(org.client.send('POST', 'sobjects/KAM_Agreement__c', asked)).rejects.toThrow(
        /Required fields are missing: \[Account__c\]/,
      );
    }));
});

describe('what a person should put right is named in the run', () => {
  test('two open agreements of one group: the furthest counts', () =>
    withCandidate(async (org, weber) => {
      const gets = ['Access to People', 'Joint Strategy', 'Volume'].map((type) => get(type, weber));
      const first = await org.agree('Alpha', accepted, gets);
      await org.agree('Alpha', { State__c: 'Planned' });
      const { notes } = await org.sync();
      expect(notes).toEqual([{ is: 'agreementsOpen', count: 1, examples: [first] }]);
      expect((await tierOf(org))[0]).toBe('Key Account');
    }));

  test('an agreement on a site counts for the group', () =>
    withCandidate(async (org) => {
      const declined = { ...asked, State__c: 'Declined', Decline_Reason__c: 'Timing', Answered_On__c: '2026-10-15' };
      const id = await org.agree('Alpha France', declined);
      const { notes } = await org.sync();
      expect(notes).toEqual([{ is: 'agreementOnSite', count: 1, examples: [id] }]);
      expect((await tierOf(org))[0]).toBe('Large Account');
    }));

  test('a commitment due before the agreement does not count', () =>
    withCandidate(async (org, weber) => {
      await org.agree('Alpha', accepted, [
        get('Access to Sites', weber, { Due_On__c: '2026-10-14' }),
        get('Joint Strategy', weber),
        get('Volume', weber),
      ]);
      const { notes } = await org.sync();
      expect(notes).toMatchObject([{ is: 'commitmentTooEarly', count: 1 }]);
      expect((await tierOf(org))[0]).toBe('Candidate');
    }));

  test('a person on our side who has left', () =>
    withCandidate(async (org, weber) => {
      const left = z
        .object({ id: z.string() })
        .parse(await org.client.send('POST', 'sobjects/User', await newUser(org))).id;
      await org.agree('Alpha', accepted, [get('Volume', weber, { Our_Owner__c: left })]);
      await org.client.send('PATCH', `sobjects/User/${left}`, { IsActive: false });
      expect((await org.sync()).notes).toMatchObject([{ is: 'commitmentWithoutOwner', count: 1 }]);
    }));

  test('a trial that has lasted for more than twelve months', () =>
    withCandidate(async (org) => {
      const id = await org.agree('Alpha', {
        State__c: 'Incubator',
        Asked_On__c: '2025-09-01',
        Answered_On__c: '2025-10-15',
      });
      expect((await org.sync()).notes).toEqual([{ is: 'trialOver', count: 1, examples: [id] }]);
    }));

  test('a root that is excluded and sites that are not, and the other way round', () =>
    withSmallOrg(machineBuilders, admin, async (org) => {
      await org.enter('Alpha', { KAM_Exclude__c: true, KAM_Exclude_Reason__c: 'Credit block' });
      expect((await org.sync()).notes).toMatchObject([{ is: 'rootExcludedAlone', count: 1 }]);
      expect((await tierOf(org, 'Alpha France'))[0]).toBe('Standard');
      await org.enter('Alpha France', { KAM_Exclude__c: true, KAM_Exclude_Reason__c: 'Closed' });
      expect((await org.sync()).notes).toEqual([]);
      await org.enter('Alpha', { KAM_Exclude__c: false });
      expect((await org.sync()).notes).toMatchObject([{ is: 'siteExcludedAlone', count: 1 }]);
    }));
});

async function newUser(org: SmallOrg): Promise<Record<string, unknown>> {
  const [like = {}] = await org.client.query("SELECT ProfileId FROM User WHERE Username LIKE 'admin@%'");
  return {
    ProfileId: like['ProfileId'],
    Username: 'left@example.com',
    LastName: 'Left',
    Email: 'left@example.com',
    Alias: 'left',
    IsActive: true,
  };
}
