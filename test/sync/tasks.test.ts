/** Review tasks through the whole job: who gets them, what people do with them, and what never comes back. */
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { withSmallOrg, type AdminEdits, type SmallOrg } from '../support/smallOrg.js';
import { machineBuilders, margins, roundAnchors } from './machineBuilders.js';

const machines = <T>(work: (org: SmallOrg) => Promise<T>, settings: AdminEdits = {}): Promise<T> =>
  withSmallOrg(machineBuilders, { settings: { ...roundAnchors, ...settings }, families: margins }, work);

const created = z.object({ id: z.string() });

async function aUser(org: SmallOrg, name: string): Promise<string> {
  const user = {
    Username: `${name}@localorg.example`,
    LastName: name,
    Alias: name.slice(0, 8),
    Email: `${name}@localorg.example`,
    IsActive: true,
  };
  const { id } = created.parse(await org.client.send('POST', 'sobjects/User', user));
  return id;
}

const leaves = (org: SmallOrg, id: string): Promise<unknown> =>
  org.client.send('PATCH', `sobjects/User/${id}`, { IsActive: false });

/** Refs with the status and owner of each task. */
async function owners(org: SmallOrg): Promise<Record<string, unknown>> {
  const all = await org.client.query('SELECT KAM_Task_Ref__c, OwnerId FROM Task WHERE KAM_Task_Ref__c != null');
  return Object.fromEntries(
    all.map((task) => [String(task['KAM_Task_Ref__c']).split('|').slice(2, 4).join(' '), task['OwnerId']]),
  );
}

const statuses = async (org: SmallOrg): Promise<Record<string, string>> =>
  Object.fromEntries((await org.tasks()).map(({ ref, status }) => [ref.split('|').slice(2).join(' '), status]));

const fixed = (notes: readonly { is: string; count: number }[]) => notes.map(({ is, count }) => [is, count]);

describe('a task that a person', () => {
  test('deletes does not come back in its period, and comes back in the next', () =>
    machines(async (org) => {
      await org.sync();
      const grow = (await org.tasks()).find(({ ref }) => ref.includes('|grow|'));
      await org.client.send('DELETE', `sobjects/Task/${grow?.id}`);
      expect((await org.sync()).outcome).toEqual({ is: 'nothingToDo' });
      // Emptied from the bin, nothing but the account's memory knows of it.
      await org.client.send('POST', '/local/faults', { kind: 'bin-purged' });
      await org.moveClock('2026-12-20T12:00:00Z');
      await org.sync();
      expect(Object.keys(await statuses(org))).not.toContain('grow Valves 2026-Q4');
      // Quarters go by the as-of day: the end of January.
      await org.moveClock('2027-02-02T12:00:00Z');
      await org.sync();
      expect(await statuses(org)).toMatchObject({ 'grow Valves 2027-Q1': 'Not Started' });
    }));

  test('completes stays completed, whatever the figures say, until the next period', () =>
    machines(async (org) => {
      await org.sync();
      const rate = (await org.tasks()).find(({ ref }) => ref.includes('opinionLeader'));
      await org.client.send('PATCH', `sobjects/Task/${rate?.id}`, { Status: 'Completed' });
      expect((await org.sync()).outcome).toEqual({ is: 'nothingToDo' });
      expect(await statuses(org)).toMatchObject({ 'rate opinionLeader 2026-Q4': 'Completed' });
      await org.moveClock('2027-02-02T12:00:00Z');
      await org.sync();
      expect(await statuses(org)).toMatchObject({
        'rate opinionLeader 2026-Q4': 'Completed',
        'rate opinionLeader 2027-Q1': 'Not Started',
      });
    }));

  test('made superfluous is closed with a note below what it said, and opened again if it is needed again', () =>
    machines(async (org) => {
      await org.sync();
      await org.enter('Alpha', { KAM_Lighthouse__c: 3 });
      await org.sync();
      expect(await statuses(org)).toMatchObject({ 'rate referenceCustomer 2026-Q4': 'Completed' });
      const [closed] = await org.client.query(
        "SELECT Description, KAM_Moot__c FROM Task WHERE Subject LIKE 'Rate reference effect%'",
      );
      expect(closed?.['KAM_Moot__c']).toBe(true);
      expect(closed?.['Description']).toMatch(
        /^How strong is the reference effect[^]*\n\nClosed automatically on 24 Nov 2026: nothing is left to do here\.$/,
      );
      await org.enter('Alpha', { KAM_Lighthouse__c: null });
      expect((await org.sync()).plan.opened).toEqual({ rate: 2 });
      expect(await statuses(org)).toMatchObject({
        'rate referenceCustomer 2026-Q4': 'Not Started',
        'ask customer 2026': 'Completed',
      });
      expect((await org.sync()).outcome).toEqual({ is: 'nothingToDo' });
    }));
});

describe('a task to rate', () => {
  test('says what each answer leads to, in German where the settings say so', () =>
    machines(
      async (org) => {
        await org.sync();
        const [task] = await org.client.query("SELECT Description FROM Task WHERE Subject LIKE 'Leuchtturmwirkung%'");
        expect(task?.['Description']).toContain('- 3: bestanden, der Kunde wird Kandidat');
      },
      { 'KAM_Settings.Default': { ...roundAnchors['KAM_Settings.Default'], Language__c: 'de' } },
    ));
});

describe('a rating', () => {
  test('is stamped on the day it changes, each with its own memory, and asked for again when it is too old', () =>
    machines(async (org) => {
      const stamps = ['KAM_Rated_On__c', 'KAM_Tier__c', 'KAM_Tier_Since__c'];
      await org.sync();
      expect(await org.account('Alpha', stamps)).toEqual({
        KAM_Rated_On__c: null,
        KAM_Tier__c: 'Standard',
        KAM_Tier_Since__c: null,
      });
      await org.enter('Alpha', { KAM_Lighthouse__c: 3 });
      await org.sync();
      expect(await org.account('Alpha', stamps)).toEqual({
        KAM_Rated_On__c: '2026-11-24',
        KAM_Tier__c: 'Candidate',
        KAM_Tier_Since__c: '2026-11-24',
      });
      await org.moveClock('2026-12-24T12:00:00Z');
      await org.enter('Alpha', { KAM_Opinion_Leader__c: 1 });
      await org.sync();
      expect(await org.account('Alpha', ['KAM_Rated_On__c', 'KAM_Rated_As__c'])).toEqual({
        KAM_Rated_On__c: '2026-12-24',
        KAM_Rated_As__c: expect.stringMatching(
          /^referenceCustomer 3 2026-11-24; opinionLeader 1 2026-12-24; evidence /,
        ),
      });
    }));

  test('of 7 counts as missing and is named in the run', () =>
    machines(async (org) => {
      await org.enter('Alpha', { KAM_Lighthouse__c: 7 });
      const run = await org.sync();
      expect(fixed(run.notes)).toEqual([['ratingOutOfRange', 1]]);
      expect(await org.account('Alpha', ['KAM_Rated_On__c', 'KAM_Tier__c'])).toEqual({
        KAM_Rated_On__c: null,
        KAM_Tier__c: 'Standard',
      });
    }));
});

describe('an override', () => {
  const override = (until: string | null, reason: string | null = 'Board') => ({
    KAM_Override_Tier__c: 'Candidate',
    KAM_Override_Reason__c: reason,
    KAM_Override_Until__c: until,
  });

  test('holds to its last day, raises a task before, lapses on the day after', () =>
    machines(async (org) => {
      await org.enter('Gamma', override('2026-12-10'));
      await org.sync();
      expect(await org.account('Gamma', ['KAM_Tier__c'])).toEqual({ KAM_Tier__c: 'Candidate' });
      expect(await statuses(org)).toMatchObject({ 'overrideExpiring 2026-12-10 2026': 'Not Started' });
      await org.moveClock('2026-12-10T12:00:00Z');
      await org.sync();
      expect(await org.account('Gamma', ['KAM_Tier__c'])).toEqual({ KAM_Tier__c: 'Candidate' });
      await org.moveClock('2026-12-11T12:00:00Z');
      // Its task says so.
      expect((await org.sync()).notes).toEqual([]);
      expect(await org.account('Gamma', ['KAM_Tier__c', 'KAM_Tier_Since__c'])).toEqual({
        KAM_Tier__c: 'Standard',
        KAM_Tier_Since__c: '2026-12-11',
      });
      expect(await statuses(org)).toMatchObject({ 'overrideExpiring 2026-12-10 2026': 'Not Started' });
      await org.enter('Gamma', { KAM_Override_Tier__c: null, KAM_Override_Until__c: null });
      await org.sync();
      expect(await statuses(org)).toMatchObject({ 'overrideExpiring 2026-12-10 2026': 'Completed' });
    }));

  test('without a reason, without an end, expired or on a site is named in the run and not applied', () =>
    machines(async (org) => {
      await org.enter('Gamma', override('2027-03-31', null));
      await org.enter('Delta', override(null));
      await org.enter('Zeta', override('2026-11-23'));
      await org.enter('Alpha France', override('2027-03-31'));
      const run = await org.sync();
      expect(fixed(run.notes)).toEqual([
        ['overrideExpired', 1],
        ['overrideOnSite', 1],
        ['overrideWithoutExpiry', 1],
        ['overrideWithoutReason', 1],
      ]);
      expect(run.tiers.candidate).toBe(0);
      // Zeta's has a task by now.
      expect(fixed((await org.sync()).notes).map(([is]) => is)).toEqual([
        'overrideOnSite',
        'overrideWithoutExpiry',
        'overrideWithoutReason',
      ]);
    }));
});

describe('a knock-out', () => {
  test('takes the group out with its reason, and is named where it gives none', () =>
    machines(async (org) => {
      await org.enter('Alpha', { KAM_Exclude__c: true, KAM_Exclude_Reason__c: 'Credit block' });
      await org.enter('Beta', { KAM_Exclude__c: true });
      expect(fixed((await org.sync()).notes)).toEqual([
        ['excludedWithoutReason', 1],
        ['rootExcludedAlone', 1],
      ]);
      expect(await org.account('Alpha', ['KAM_Reasons__c'])).toEqual({
        KAM_Reasons__c: 'Excluded from key account selection: Credit block.',
      });
    }));
});

describe('who gets a task', () => {
  test('to ask is the key account manager, and the owner where he has left', () =>
    machines(async (org) => {
      const manager = await aUser(org, 'manager');
      const [alpha] = await org.client.query("SELECT OwnerId FROM Account WHERE Name = 'Alpha'");
      await org.enter('Alpha', { KAM_Lighthouse__c: 3, KAM_Manager__c: manager });
      await org.sync();
      expect(await owners(org)).toEqual({ 'ask customer': manager, 'grow Valves': alpha?.['OwnerId'] });
      await leaves(org, manager);
      const second = await org.sync();
      expect(second.outcome).toEqual({ is: 'nothingToDo' });
      expect(fixed(second.notes)).toEqual([['ownerInactive', 1]]);
    }));

  test('of an inactive owner is the fallback from the settings', () =>
    machines(
      async (org) => {
        const left = await aUser(org, 'left');
        await org.enter('Alpha', { OwnerId: left });
        await leaves(org, left);
        const standIn = await aUser(org, 'standin');
        const run = await org.sync();
        expect(run).toMatchObject({ outcome: { is: 'done' }, failed: [] });
        expect(fixed(run.notes)).toEqual([['ownerInactive', 1]]);
        expect(new Set(Object.values(await owners(org)))).toEqual(new Set([standIn]));
      },
      {
        'KAM_Settings.Default': {
          ...roundAnchors['KAM_Settings.Default'],
          Tasks_Fallback_Owner__c: 'standin@localorg.example',
        },
      },
    ));

  test('of an inactive owner is nobody without a fallback: the run names it', () =>
    machines(async (org) => {
      const left = await aUser(org, 'left');
      await org.enter('Alpha', { OwnerId: left });
      await leaves(org, left);
      const run = await org.sync();
      expect(run).toMatchObject({ outcome: { is: 'done' }, failed: [] });
      expect(fixed(run.notes)).toEqual([['taskWithoutOwner', 1]]);
      expect(await org.tasks()).toEqual([]);
    }));

  test('must be an active user where the settings name one', () =>
    machines(
      (org) => expect(org.sync()).rejects.toThrow(/nobody@example.com.*Tasks_Fallback_Owner__c.*an active user/),
      {
        'KAM_Settings.Default': {
          ...roundAnchors['KAM_Settings.Default'],
          Tasks_Fallback_Owner__c: 'nobody@example.com',
        },
      },
    ));

  test('may be the user in a field of the account', () =>
    withSmallOrg(
      machineBuilders,
      { settings: { ...roundAnchors, ...byField('Steward__c') }, families: margins, files: steward },
      async (org) => {
        const user = await aUser(org, 'steward');
        await org.enter('Alpha', { Steward__c: user });
        await org.sync();
        expect(await owners(org)).toMatchObject({ 'grow Valves': user });
      },
    ));

  test.each(['Industry', 'KAM_Manager__c', 'Nowhere__c'])('can not be in the field %s', (field) =>
    machines(
      (org) => expect(org.sync()).rejects.toThrow(`“${field}” in KAM_Settings.Default (Tasks_Owner_Field__c)`),
      byField(field),
    ),
  );
});

const byField = (field: string): AdminEdits => ({
  'KAM_Settings.Default': { ...roundAnchors['KAM_Settings.Default'], Tasks_Owner_Field__c: field },
  'KAM_Review_Rule.Grow': { Owner__c: 'Field' },
});

const steward = {
  'default/objects/Account/fields/Steward__c.field-meta.xml': `<?xml version="1.0" encoding="UTF-8"?>
<CustomField xmlns="http://soap.sforce.com/2006/04/metadata">
    <fullName>Steward__c</fullName>
    <deleteConstraint>SetNull</deleteConstraint>
    <label>Steward</label>
    <referenceTo>User</referenceTo>
    <relationshipLabel>Stewarded</relationshipLabel>
    <relationshipName>Stewarded</relationshipName>
    <required>false</required>
    <type>Lookup</type>
</CustomField>
`,
};
