/** The nightly run on a small book: what it writes, what it leaves alone, what it refuses. */
import { describe, expect, test } from 'vitest';
import { listed } from '../support/listViews.js';
import { withSmallOrg, type SmallBook } from '../support/smallOrg.js';
import { machineBuilders, margins, roundAnchors } from './machineBuilders.js';

const admin = { settings: roundAnchors, families: margins };
const machines = <T>(work: Parameters<typeof withSmallOrg<T>>[2]): Promise<T> =>
  withSmallOrg(machineBuilders, admin, work);

describe('a first sync', () => {
  test('marks every account; members carry group, segment and tier, money stands on the root only', () =>
    machines(async (org) => {
      await org.enter('Alpha', { KAM_Lighthouse__c: 3 });
      const run = await org.sync();
      expect(run).toMatchObject({ outcome: { is: 'done' }, firstRun: true, accounts: 11, groups: 10, failed: [] });
      const fields = ['KAM_Tier__c', 'KAM_Segment__c', 'KAM_Revenue__c', 'KAM_Score__c', 'KAM_Reasons__c'];
      expect(await org.account('Alpha France', fields)).toEqual({
        KAM_Tier__c: 'Candidate',
        KAM_Segment__c: 'Top',
        KAM_Revenue__c: null,
        KAM_Score__c: null,
        KAM_Reasons__c: null,
      });
      const [alpha] = await org.client.query("SELECT Id FROM Account WHERE Name = 'Alpha'");
      expect(await org.account('Alpha France', ['KAM_Group__c'])).toEqual({ KAM_Group__c: alpha?.['Id'] });
    }));

  test('opens the tasks that can change a decision or earn money, and no other', () =>
    machines(async (org) => {
      const run = await org.sync();
      expect((await org.tasks()).map(({ ref }) => ref)).toEqual([
        'KAM|Alpha|grow|Valves|2026-Q4',
        'KAM|Alpha|rate|opinionLeader|2026-Q4',
        'KAM|Alpha|rate|referenceCustomer|2026-Q4',
      ]);
      expect(run.plan.opened).toEqual({ grow: 1, rate: 2 });
      expect(run.gates.strategy.undecided).toBe(1);
      expect(await listed(org.client, 'Account', 'KAM_Undecided')).toEqual(['Alpha']);
    }));

  test('leaves a record of itself, with the calls that it made', () =>
    machines(async (org) => {
      const before = await org.client.send('GET', 'limits');
      const run = await org.sync();
      const after = await org.client.send('GET', 'limits');
      const [record] = await org.client.query(
        'SELECT Ref__c, Status__c, As_Of__c, Accounts__c, Groups__c, Api_Calls__c, Writes__c, Settings_Fingerprint__c FROM KAM_Run__c',
      );
      expect(record).toMatchObject({
        Ref__c: run.ref,
        Status__c: 'Done',
        As_Of__c: '2026-10-31',
        Accounts__c: 11,
        Groups__c: 10,
        Writes__c: 55,
        Api_Calls__c: run.apiCalls,
        Settings_Fingerprint__c: run.settingsFingerprint,
      });
      // The second look at the limits is a call of its own.
      expect(remaining(before) - remaining(after) - 1).toBe(run.apiCalls);
    }));

  test('writes what sales people read in German where the settings say so', () =>
    withSmallOrg(
      machineBuilders,
      {
        settings: {
          ...roundAnchors,
          'KAM_Settings.Default': { ...roundAnchors['KAM_Settings.Default'], Language__c: 'de' },
        },
      },
      async (org) => {
        await org.sync();
        const { KAM_Next_Step__c: step } = await org.account('Alpha', ['KAM_Next_Step__c']);
        expect(step).toMatch(/bewerten/i);
        expect((await org.tasks())[0]?.subject).toBe('Valves anbieten: Alpha');
      },
    ));
});

const remaining = (limits: unknown): number => {
  const text = JSON.stringify(limits);
  return Number(/"DailyApiRequests":\{"Max":\d+,"Remaining":(\d+)/.exec(text)?.[1]);
};

describe('a second sync', () => {
  test('has nothing left to do, and adds its own record only', () =>
    machines(async (org) => {
      await org.sync();
      await org.moveClock('2026-11-25T12:00:00Z');
      const second = await org.sync();
      expect(second).toMatchObject({ outcome: { is: 'nothingToDo' }, written: 0, firstRun: false });
      expect(await org.client.query('SELECT Id FROM KAM_Run__c')).toHaveLength(2);
    }));

  test("makes a candidate of the group that a person's rating lets through: rate is closed, ask is opened", () =>
    machines(async (org) => {
      await org.sync();
      await org.enter('Alpha', { KAM_Lighthouse__c: 3 });
      const second = await org.sync();
      expect(await org.account('Alpha', ['KAM_Tier__c', 'KAM_Gate__c'])).toEqual({
        KAM_Tier__c: 'Candidate',
        KAM_Gate__c: 'Ask',
      });
      expect((await org.tasks()).map(({ ref, status }) => [ref, status])).toEqual([
        ['KAM|Alpha|ask|customer|2026', 'Not Started'],
        ['KAM|Alpha|grow|Valves|2026-Q4', 'Not Started'],
        ['KAM|Alpha|rate|opinionLeader|2026-Q4', 'Completed'],
        ['KAM|Alpha|rate|referenceCustomer|2026-Q4', 'Completed'],
      ]);
      expect(second.plan).toMatchObject({ moved: 2, opened: { ask: 1 }, closed: 2 });
    }));

  test('leaves a task alone that a person has closed', () =>
    machines(async (org) => {
      await org.sync();
      const grow = (await org.tasks()).find(({ ref }) => ref.includes('|grow|'));
      await org.client.send('PATCH', `sobjects/Task/${grow?.id}`, { Status: 'Completed' });
      expect((await org.sync()).outcome).toEqual({ is: 'nothingToDo' });
      expect((await org.tasks()).find(({ ref }) => ref.includes('|grow|'))?.status).toBe('Completed');
    }));

  test('opens no second task when the period turns while the first stands open', () =>
    machines(async (org) => {
      await org.sync();
      await org.moveClock('2027-02-03T12:00:00Z');
      const later = await org.sync();
      expect(later.asOf).toBe('2027-01-31');
      expect(later.plan.opened).toEqual({});
    }));

  test("never touches a person's field", () =>
    machines(async (org) => {
      const entered = { KAM_Lighthouse__c: 2, KAM_Opinion_Leader__c: 1, KAM_Evidence__c: 'Fair' };
      await org.enter('Alpha', entered);
      await org.sync();
      expect(await org.account('Alpha', Object.keys(entered))).toEqual(entered);
    }));

  test('restores a mark that someone has changed by hand', () =>
    machines(async (org) => {
      await org.sync();
      await org.enter('Beta', { KAM_Score__c: 99 });
      const second = await org.sync();
      expect(second.plan).toMatchObject({ accounts: 1, fields: { score: 1 } });
    }));
});

test('a night on which nothing changed costs few calls, with services too: 60 at most', () =>
  withSmallOrg(
    machineBuilders,
    {
      settings: {
        ...roundAnchors,
        'KAM_Settings.Default': {
          ...roundAnchors['KAM_Settings.Default'],
          Service_Visit_Cost__c: '150',
          Service_Call_Cost__c: '15',
          Service_Case_Cost__c: '80',
        },
      },
      families: margins,
    },
    async (org) => {
      await org.sync();
      await org.moveClock('2026-11-25T12:00:00Z');
      // What the first night wrote is seen again by the second.
      await org.sync();
      await org.moveClock('2026-11-26T12:00:00Z');
      const run = await org.sync();
      expect(run).toMatchObject({ outcome: { is: 'nothingToDo' }, rowsRead: 0, written: 0 });
      expect(run.apiCalls).toBeLessThanOrEqual(60);
    },
  ));

describe('a dry run', () => {
  test('plans the same as the run that follows it, and writes nothing', () =>
    machines(async (org) => {
      const planned = await org.sync({ dryRun: true });
      expect(planned).toMatchObject({ outcome: { is: 'planned' }, written: 0 });
      expect(await org.client.query('SELECT Id FROM Account WHERE KAM_Tier__c != null')).toEqual([]);
      expect(await org.client.query('SELECT Id FROM KAM_Run__c')).toEqual([]);
      expect(await org.client.query('SELECT Id FROM Task')).toEqual([]);
      expect((await org.sync()).plan.hash).toBe(planned.plan.hash);
    }));
});

describe('the as-of day', () => {
  test('can be set: sales after it do not count', () =>
    machines(async (org) => {
      const run = await org.sync({ asOf: '2025-12-31' });
      expect(run.asOf).toBe('2025-12-31');
      // 2024 and 2025 only, in the windows up to the end of 2025.
      expect(await org.account('Alpha', ['KAM_Revenue__c', 'KAM_Assessed_On__c'])).toEqual({
        KAM_Revenue__c: 100_000,
        KAM_Assessed_On__c: '2025-12-31',
      });
    }));

  test.each([
    ['2027-01-01', /2027-01-01.*2026-11-24/],
    ['2026-02-30', /2026-02-30/],
    ['yesterday', /yesterday/],
  ])('%s is refused', (asOf, message) => machines((org) => expect(org.sync({ asOf })).rejects.toThrow(message)));
});

describe('the safety valve', () => {
  test('refuses to reclassify half the book, and writes nothing but the run', () =>
    machines(async (org) => {
      await org.sync();
      const names = ['Gamma', 'Delta', 'Epsilon', 'Zeta', 'Eta'];
      for (const name of names) await org.enter(name, { KAM_Segment__c: 'Small' });
      const refused = await org.sync();
      expect(refused).toMatchObject({ outcome: { is: 'refused', moved: 5, classified: 11, limit: 0.2 }, written: 0 });
      expect(await org.account('Gamma', ['KAM_Segment__c'])).toEqual({ KAM_Segment__c: 'Small' });
      const runs = await org.client.query("SELECT Id FROM KAM_Run__c WHERE Status__c = 'Refused'");
      expect(runs).toHaveLength(1);
      const allowed = await org.sync({ maximumMoves: 0.5 });
      expect(allowed).toMatchObject({ outcome: { is: 'done' }, written: 5 });
      expect(await org.account('Gamma', ['KAM_Segment__c'])).toEqual({ KAM_Segment__c: 'Base' });
    }));
});

describe('what is wrong with the data', () => {
  const troubled: SmallBook = {
    ...machineBuilders,
    sales: [
      ...machineBuilders.sales,
      ['Gamma', '2026-07-01', 'Pumps', '-500.00'],
      ['Delta', '2026-12-24', 'Pumps', '1.00'],
    ],
  };

  test('is named with its records, and stops nothing', () =>
    withSmallOrg(troubled, admin, async (org) => {
      const ids = await org.client.query("SELECT Id, Name FROM Account WHERE Name IN ('Zeta', 'Eta')");
      const idOf = (name: string): unknown => ids.find((each) => each['Name'] === name)?.['Id'];
      await org.enter('Zeta', { ParentId: idOf('Eta') });
      await org.enter('Eta', { ParentId: idOf('Zeta') });
      const bare = await org.client.send('POST', 'sobjects/Opportunity', {
        Name: 'No amount',
        AccountId: idOf('Zeta'),
        StageName: 'Closed Won',
        CloseDate: '2026-08-01',
      });
      const run = await org.sync();
      expect(run.outcome).toEqual({ is: 'done' });
      expect(Object.fromEntries(run.notes.map(({ is, count }) => [is, count]))).toEqual({
        negativeAmount: 1,
        parentCycle: 2,
        saleInFuture: 1,
        wonWithoutAmount: 1,
      });
      const id = JSON.parse(JSON.stringify(bare)).id;
      expect(run.notes.find((note) => note.is === 'wonWithoutAmount')?.examples).toEqual([id]);
      // Each account on the cycle is a group of its own.
      expect(await org.account('Zeta', ['KAM_Group__c'])).toEqual({ KAM_Group__c: idOf('Zeta') });
    }));
});

describe('a row that the org refuses', () => {
  const frozen = `<?xml version="1.0" encoding="UTF-8"?>
<ValidationRule xmlns="http://soap.sforce.com/2006/04/metadata">
    <fullName>Frozen</fullName>
    <active>true</active>
    <errorConditionFormula>AND(Name = "Beta", NOT(ISBLANK(KAM_Score__c)))</errorConditionFormula>
    <errorMessage>Beta is frozen.</errorMessage>
</ValidationRule>
`;
  const files = { 'default/objects/Account/validationRules/Frozen.validationRule-meta.xml': frozen };

  test("is named with the org's message, and the others are written", () =>
    withSmallOrg(machineBuilders, { ...admin, files }, async (org) => {
      const run = await org.sync();
      expect(run).toMatchObject({ outcome: { is: 'partial', failed: 1 }, written: 54 });
      expect(run.failed.map(({ object, key }) => [object, key.replace(/001\w{15}/, 'id')])).toEqual([
        ['account', 'Beta (id)'],
      ]);
      expect(run.failed[0]?.errors).toEqual(['FIELD_CUSTOM_VALIDATION_EXCEPTION: Beta is frozen.']);
      const [record] = await org.client.query('SELECT Status__c, Failed_Rows__c FROM KAM_Run__c');
      expect(record).toMatchObject({ Status__c: 'Partial', Failed_Rows__c: 1 });
    }));
});
