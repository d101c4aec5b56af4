/** Writing on a bad night: locked rows, refused rows, lost answers, and the way back; and what the journal says of each. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { connect } from '../../src/org/connect.js';
import { openJournal, type Journal, type JournalRow } from '../../src/org/journal.js';
import type { Change } from '../../src/org/row.js';
import type { Pace } from '../../src/org/transport.js';
import { write, type Receipts } from '../../src/org/write.js';
import { runPage } from '../../src/report/runPage.js';
import { readPlanHead, writePlanFile } from '../../src/sync/planFile.js';
import { applyPlan, retryRun, rollBack } from '../../src/sync/rewrite.js';
import { quickPace, withSmallOrg, type SmallAdmin, type SmallOrg } from '../support/smallOrg.js';
import { machineBuilders, margins, roundAnchors } from './machineBuilders.js';

const admin: SmallAdmin = { settings: roundAnchors, families: margins };

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kam-write-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const idOf = async (org: SmallOrg, name: string): Promise<string> => {
  const [record] = await org.client.query(`SELECT Id FROM Account WHERE Name = '${name}'`);
  return z.object({ Id: z.string() }).parse(record).Id;
};

const fault = (org: SmallOrg, body: Record<string, unknown>): Promise<unknown> =>
  org.client.send('POST', '/local/faults', body);

/** Makes Alpha and Beta Large Accounts, by REST or by a job. */
async function writeBoth(
  org: SmallOrg,
  pause: (attempt: number) => Promise<void>,
  pace: Pace = quickPace,
): Promise<{ receipts: Receipts; rows: JournalRow[] }> {
  const changes = await Promise.all(
    ['Alpha', 'Beta'].map(async (name): Promise<Change> => ({
      verb: 'set',
      accountId: await idOf(org, name),
      name,
      before: { tier: null },
      after: { tier: 'large' },
    })),
  );
  return withJournal(join(folder, 'journal.sqlite'), async (journal) => {
    journal.begin('night 1');
    const batches = (async function* () {
      yield changes;
    })();
    const kam = await connect(org.login, undefined);
    const night = {
      ref: 'night 1',
      now: new Date('2026-11-24T12:00:00Z'),
      onWritten: () => undefined,
      pause,
      pace,
      file: join(folder, 'results.csv'),
    };
    const receipts = await write(kam, batches, journal, night);
    return { receipts, rows: [...journal.rows('night 1')] };
  });
}

async function withJournal<T>(file: string, work: (journal: Journal) => T | Promise<T>): Promise<T> {
  const journal = openJournal(file);
  try {
    return await work(journal);
  } finally {
    journal.close();
  }
}

const tierOf = async (org: SmallOrg, name: string): Promise<unknown> =>
  (await org.account(name, ['KAM_Tier__c']))['KAM_Tier__c'];

const fates = (rows: readonly JournalRow[]): string[] =>
  rows.map(({ state, tries, change }) => `${'name' in change ? change.name : ''} ${state} ${tries}`).toSorted();

const at = (org: SmallOrg) => ({
  version: '0.0.0',
  env: { XDG_STATE_HOME: org.stateHome },
  onProgress: () => undefined,
});

describe('a row that is locked', () => {
  for (const wrapped of [false, true]) {
    const how = wrapped ? 'by a trigger’s text' : 'by its code';
    test(`${how} is written when it is let go, and the other is sent once`, () =>
      withSmallOrg(machineBuilders, admin, async (org) => {
        await fault(org, { kind: 'account-locks', held: [await idOf(org, 'Alpha')], wait: 0, hold: 0, wrapped });
        const { receipts, rows } = await writeBoth(org, async (attempt) => {
          if (attempt === 2) await org.client.send('DELETE', '/local/faults');
        });
        expect(receipts).toEqual({ written: 2, failed: [], retried: 1, left: 0 });
        expect(fates(rows)).toEqual(['Alpha written 3', 'Beta written 1']);
        expect(await tierOf(org, 'Alpha')).toBe('Large Account');
      }));
  }

  test('to the end is refused by name after six tries, the other is written', () =>
    withSmallOrg(machineBuilders, admin, async (org) => {
      await fault(org, { kind: 'account-locks', held: [await idOf(org, 'Alpha')], wait: 0, hold: 0 });
      const { receipts, rows } = await writeBoth(org, async () => undefined);
      expect(receipts.failed.map(({ errors }) => errors.map(({ code }) => code))).toEqual([['UNABLE_TO_LOCK_ROW']]);
      expect(fates(rows)).toEqual(['Alpha refused 6', 'Beta written 1']);
      expect([await tierOf(org, 'Alpha'), await tierOf(org, 'Beta')]).toEqual([null, 'Large Account']);
    }));
});

describe('where the answer is lost', () => {
  for (const [what, kind] of [
    ['after the rows were written', 'reset-after'],
    ['and the rows with it', 'reset-during'],
  ] as const) {
    test(`${what}, the org is asked what it has`, () =>
      withSmallOrg(machineBuilders, admin, async (org) => {
        await fault(org, { kind, methods: ['PATCH'], next: 1 });
        const { receipts, rows } = await writeBoth(org, async () => undefined);
        expect(receipts.written).toBe(2);
        const tries = kind === 'reset-after' ? 1 : 2;
        expect(fates(rows)).toEqual([`Alpha written ${tries}`, `Beta written ${tries}`]);
        expect([await tierOf(org, 'Alpha'), await tierOf(org, 'Beta')]).toEqual(['Large Account', 'Large Account']);
      }));
  }
});

/** Alpha takes no tier as long as it has employees. */
const headless = {
  'objects/Account/validationRules/No_Heads.validationRule-meta.xml': `<?xml version="1.0" encoding="UTF-8"?>
<ValidationRule xmlns="http://soap.sforce.com/2006/04/metadata">
    <fullName>No_Heads</fullName>
    <active>true</active>
    <errorConditionFormula>AND(Name = "Alpha", NumberOfEmployees &gt; 0, NOT(ISBLANK(KAM_Tier__c)))</errorConditionFormula>
    <errorMessage>Alpha has no employees.</errorMessage>
</ValidationRule>
`,
};

describe('many rows', () => {
  const byJob = { ...quickPace, writesByRest: 0 };

  test('are written by a job', () =>
    withSmallOrg(machineBuilders, admin, async (org) => {
      const { receipts, rows } = await writeBoth(org, async () => undefined, byJob);
      expect(receipts).toEqual({ written: 2, failed: [], retried: 0, left: 0 });
      expect(fates(rows)).toEqual(['Alpha written 1', 'Beta written 1']);
      expect([await tierOf(org, 'Alpha'), await tierOf(org, 'Beta')]).toEqual(['Large Account', 'Large Account']);
      // The job is gone with its results.
      expect(await org.client.send('GET', 'jobs/ingest')).toMatchObject({ records: [] });
    }));

  test('that a job did not come to are written by REST', () =>
    withSmallOrg(machineBuilders, admin, async (org) => {
      await fault(org, { kind: 'bulk-job-failed', share: 0.5, next: 1 });
      const { receipts } = await writeBoth(org, async () => undefined, byJob);
      expect(receipts).toMatchObject({ written: 2, failed: [], left: 0 });
      expect([await tierOf(org, 'Alpha'), await tierOf(org, 'Beta')]).toEqual(['Large Account', 'Large Account']);
    }));

  test('are written once where the answer to the upload, or to its end, is lost', () =>
    withSmallOrg(machineBuilders, admin, async (org) => {
      await fault(org, { kind: 'reset-after', methods: ['PUT', 'PATCH'], every: 2, next: 2 });
      const { receipts } = await writeBoth(org, async () => undefined, byJob);
      expect(receipts).toMatchObject({ written: 2, failed: [], left: 0 });
    }));

  test('that are refused are named, also where the list of them is cut off at first', () =>
    withSmallOrg(machineBuilders, { ...admin, files: headless }, async (org) => {
      await fault(org, { kind: 'truncated-body', path: 'failedResults', share: 0.8, ending: 'clean', next: 2 });
      const { receipts, rows } = await writeBoth(org, async () => undefined, byJob);
      expect(receipts.failed.map(({ errors }) => errors)).toEqual([
        [{ code: 'FIELD_CUSTOM_VALIDATION_EXCEPTION', message: 'Alpha has no employees.' }],
      ]);
      expect(fates(rows)).toEqual(['Alpha refused 1', 'Beta written 1']);
    }));

  test('of a job that a killed run left are not written behind the back of the next run', () =>
    withSmallOrg(machineBuilders, admin, async (org) => {
      await fault(org, { kind: 'bulk-job-stuck', every: 1 });
      const asked = new AbortController();
      const job = { ...byJob, job: 50 };
      const run = org.sync({ pace: job, signal: asked.signal });
      const left = join(org.stateHome, 'sf-plugin-kam', org.orgId, 'results.csv.job');
      await expect.poll(() => existsSync(left), { timeout: 30_000 }).toBe(true);
      asked.abort();
      await expect(run).rejects.toMatchObject({ exitCode: 69 });
      await org.client.send('DELETE', '/local/faults');
      expect((await org.sync()).failed).toEqual([]);
      expect(existsSync(left)).toBe(false);
      expect((await org.sync()).outcome).toEqual({ is: 'nothingToDo' });
    }));

  test('fill and empty every field as REST does: a whole sync by jobs leaves nothing to do', () =>
    withSmallOrg(machineBuilders, admin, async (org) => {
      expect((await org.sync({ pace: byJob })).outcome).toEqual({ is: 'done' });
      expect((await org.sync()).outcome).toEqual({ is: 'nothingToDo' });
      await org.moveClock('2026-12-24T12:00:00Z');
      await org.enter('Alpha', { KAM_Exclude__c: true, KAM_Exclude_Reason__c: 'Bankrupt' });
      expect((await org.sync({ pace: byJob })).outcome).toEqual({ is: 'done' });
      expect((await org.sync()).outcome).toEqual({ is: 'nothingToDo' });
    }));
});

/** 900 firms without sales; every second cannot be saved by the package. */
const firms = {
  accounts: Array.from({ length: 900 }, (_, n) => ({ name: `Firm ${n}`, employees: 1 + (n % 2) })),
  sales: [['Firm 0', '2026-06-15', 'Pumps', '1000.00']] as const,
};
const even = {
  'objects/Account/validationRules/Even.validationRule-meta.xml': `<?xml version="1.0" encoding="UTF-8"?>
<ValidationRule xmlns="http://soap.sforce.com/2006/04/metadata">
    <fullName>Even</fullName>
    <active>true</active>
    <errorConditionFormula>AND(NumberOfEmployees = 2, NOT(ISBLANK(KAM_Tier__c)))</errorConditionFormula>
    <errorMessage>No tiers for two.</errorMessage>
</ValidationRule>
`,
};

describe('a row that the org refuses for good', () => {
  test('is named, held back until its account changes, and written then', () =>
    withSmallOrg(machineBuilders, { ...admin, files: headless }, async (org) => {
      const first = await org.sync();
      const alpha = first.failed.find(({ object, key }) => object === 'account' && key.startsWith('Alpha ('));
      expect(alpha).toMatchObject({
        errors: ['FIELD_CUSTOM_VALIDATION_EXCEPTION: Alpha has no employees.'],
        since: null,
      });
      expect(first.outcome).toMatchObject({ is: 'partial', left: 0 });
      expect(first.errors).toEqual({ FIELD_CUSTOM_VALIDATION_EXCEPTION: first.failed.length });
      const page = await runPage({ ...first, username: '<b>ops</b>' });
      expect(page).toContain('FIELD_CUSTOM_VALIDATION_EXCEPTION: Alpha has no employees.');
      expect(page).toContain('as &lt;b&gt;ops&lt;/b&gt;');

      const second = await org.sync();
      expect(second.written).toBe(0);
      expect(second.failed.map(({ since }) => since)).toEqual(second.failed.map(() => first.ref));
      expect(second.failed).toHaveLength(first.failed.length);

      await org.enter('Alpha', { NumberOfEmployees: 0 });
      const third = await org.sync();
      expect(third.failed).toEqual([]);
      expect(await tierOf(org, 'Alpha')).not.toBe(null);
      expect((await org.sync()).outcome).toEqual({ is: 'nothingToDo' });
    }));

  test('is sent again by a retry, whatever has not changed', () =>
    withSmallOrg(machineBuilders, { ...admin, files: headless }, async (org) => {
      const first = await org.sync();
      const stubborn = await retryRun(org.login, undefined, null, at(org));
      expect(stubborn).toMatchObject({ of: first.ref, written: 0, already: 0, moved: [], left: 0 });
      expect(stubborn.failed).toHaveLength(first.failed.length);
      await org.enter('Alpha', { NumberOfEmployees: 0 });
      const mended = await retryRun(org.login, undefined, first.ref, at(org));
      expect(mended).toMatchObject({ of: first.ref, written: first.failed.length, moved: [], failed: [] });
      expect(await retryRun(org.login, undefined, first.ref, at(org))).toMatchObject({
        written: 0,
        already: first.failed.length,
      });
      await expect(retryRun(org.login, undefined, 'night 7', at(org))).rejects.toThrow('knows no run night 7');
    }));
});

test('where more than one row in twenty is refused for good, a run stops and says how many it left', () =>
  withSmallOrg(firms, { ...admin, files: even }, async (org) => {
    const run = await org.sync();
    // The first request of 200 accounts has 100 that are refused; the other lanes stop at their next look.
    expect(run.outcome).toMatchObject({ is: 'partial' });
    const { failed, left } = run.outcome.is === 'partial' ? run.outcome : { failed: 0, left: 0 };
    expect(failed).toBeGreaterThan(10);
    expect(left).toBeGreaterThan(0);
    expect(run.written + failed + left).toBe(run.plan.rows);
  }));

describe('a plan that is kept', () => {
  const planned = async (org: SmallOrg): Promise<string> => {
    const file = join(folder, 'plan.jsonl');
    // Later than the accounts were loaded.
    await org.moveClock('2026-11-26T12:00:00Z');
    const run = await org.sync({ dryRun: true, planFile: file });
    expect(run.outcome).toEqual({ is: 'planned' });
    return file;
  };

  test('is private, says each row, and writes what a sync would', () =>
    withSmallOrg(machineBuilders, admin, async (org) => {
      const file = await planned(org);
      expect(statSync(file).mode & 0o777).toBe(0o600);
      const lines = readFileSync(file, 'utf8').trim().split('\n');
      const applied = await applyPlan(org.login, undefined, file, at(org));
      expect(applied).toMatchObject({ written: lines.length - 2, already: 0, moved: [], failed: [], left: 0 });
      expect((await org.sync()).outcome).toEqual({ is: 'nothingToDo' });
      const again = await applyPlan(org.login, undefined, file, at(org));
      expect(again).toMatchObject({ written: 0, already: lines.length - 2, moved: [] });
    }));

  test('leaves an account alone that a rep has changed since', () =>
    withSmallOrg(machineBuilders, admin, async (org) => {
      const file = await planned(org);
      await org.moveClock('2026-11-26T13:00:00Z');
      await org.enter('Alpha', { NumberOfEmployees: 120 });
      const applied = await applyPlan(org.login, undefined, file, at(org));
      expect(applied.moved.map(({ object, key }) => `${object} ${key.split(' ')[0]}`)).toContain('account Alpha');
      expect([await tierOf(org, 'Alpha'), await tierOf(org, 'Gamma')]).toEqual([null, 'Standard']);
    }));

  test('is refused where it was changed, is none, or was made with other settings or for another org', () =>
    withSmallOrg(machineBuilders, admin, async (org) => {
      const file = await planned(org);
      const text = readFileSync(file, 'utf8');
      const refuses = (content: string, why: string): Promise<void> => {
        writeFileSync(file, content);
        return expect(applyPlan(org.login, undefined, file, at(org))).rejects.toThrow(why);
      };
      await refuses(text.replace('"standard"', '"key"'), 'was changed or cut off');
      await refuses(text.split('\n').slice(0, -3).join('\n'), 'was changed or cut off');
      await refuses('{"a":1}\n', 'is no plan of version 1');
      await refuses('', 'is no plan of version 1');
      writeFileSync(file, text);
      const head = await readPlanHead(file);
      const none = (async function* () {})();
      await writePlanFile(file, { ...head, settingsFingerprint: 'of other settings' }, none);
      await expect(applyPlan(org.login, undefined, file, at(org))).rejects.toThrow('with other settings');
      await writePlanFile(file, { ...head, orgId: '00D000000000000AAA' }, none);
      await expect(applyPlan(org.login, undefined, file, at(org))).rejects.toMatchObject({
        name: 'OtherOrgError',
        exitCode: 2,
      });
      expect(await tierOf(org, 'Gamma')).toBe(null);
    }));
});

test('a rollback gives back what stood before, and leaves alone what somebody has changed', () =>
  withSmallOrg(machineBuilders, admin, async (org) => {
    const history = (): Promise<unknown[]> => org.client.query('SELECT Id FROM KAM_Assessment__c');
    const run = await org.sync();
    expect(await history()).toHaveLength(10);
    const [task] = await org.tasks();
    await org.client.send('PATCH', `sobjects/Task/${task?.id}`, { Status: 'In Progress' });
    await org.client.send('PATCH', `sobjects/Account/${await idOf(org, 'Beta')}`, { KAM_Next_Step__c: 'Call them.' });
    const back = await rollBack(org.login, undefined, run.ref, at(org));
    expect(back).toMatchObject({ of: run.ref, failed: [], left: 0 });
    expect(back.moved.map(({ object, key }) => `${object} ${key.split(' (')[0]}`).toSorted()).toEqual(
      [
        'account Beta',
        `task ${task?.ref.replace(task.ref.split('|')[1] ?? '', await idOf(org, task.ref.split('|')[1] ?? ''))}`,
      ].toSorted(),
    );
    expect(await org.account('Gamma', ['KAM_Tier__c', 'KAM_Segment__c', 'KAM_Reasons__c'])).toEqual({
      KAM_Tier__c: null,
      KAM_Segment__c: null,
      KAM_Reasons__c: null,
    });
    expect(await org.account('Beta', ['KAM_Next_Step__c'])).toEqual({ KAM_Next_Step__c: 'Call them.' });
    const figures = await org.families(['Expected_Amount__c', 'Why__c', 'As_Of__c']);
    expect(figures.length).toBeGreaterThan(0);
    for (const each of figures) expect(each).toMatchObject({ Expected_Amount__c: null, Why__c: null, As_Of__c: null });
    const open = (await org.tasks()).filter(({ status }) => status !== 'Completed');
    expect(open.map(({ status }) => status)).toEqual(['In Progress']);
    expect(await history()).toEqual([]);
    // The next night says all of it again.
    const next = await org.sync();
    expect(await history()).toHaveLength(10);
    expect(next.failed).toEqual([]);
    expect(await tierOf(org, 'Gamma')).toBe('Standard');
    await expect(rollBack(org.login, undefined, 'night 7', at(org))).rejects.toThrow('knows no run night 7');
  }));

test('a plan of more rows than allowed is refused, on a first run by the setting', () =>
  withSmallOrg(
    machineBuilders,
    {
      ...admin,
      settings: {
        ...roundAnchors,
        'KAM_Settings.Default': { ...roundAnchors['KAM_Settings.Default'], Safety_First_Run_Writes__c: '10' },
      },
    },
    async (org) => {
      const first = await org.sync();
      expect(first.outcome).toEqual({ is: 'tooMany', rows: first.plan.rows, limit: 10 });
      expect(first.written).toBe(0);
      expect(await tierOf(org, 'Gamma')).toBe(null);
      expect((await org.sync({ maximumWrites: first.plan.rows })).outcome).toEqual({ is: 'done' });
      await org.enter('Alpha', { KAM_Lighthouse__c: 3 });
      expect((await org.sync({ maximumWrites: 0 })).outcome).toMatchObject({ is: 'tooMany', limit: 0 });
      expect((await org.sync()).outcome).toEqual({ is: 'done' });
    },
  ));

test('a run that is asked to stop ends at a safe point, and the next one goes on', () =>
  withSmallOrg(machineBuilders, admin, async (org) => {
    const asked = new AbortController();
    await fault(org, { kind: 'latency', ms: 1, methods: ['PATCH'] });
    const run = org.sync({ signal: asked.signal });
    asked.abort();
    await expect(run).rejects.toMatchObject({ name: 'StoppedError', exitCode: 69 });
    expect((await org.sync()).outcome).toEqual({ is: 'done' });
    expect((await org.sync()).outcome).toEqual({ is: 'nothingToDo' });
  }));

test('a sync leaves each row it wrote in the journal, and a second one adds none', () =>
  withSmallOrg(machineBuilders, admin, async (org) => {
    const first = await org.sync();
    const second = await org.sync();
    await withJournal(join(org.stateHome, 'sf-plugin-kam', first.orgId, 'journal.sqlite'), (journal) => {
      const rows = [...journal.rows(first.ref)];
      expect(first.written).toBeGreaterThan(0);
      expect(rows).toHaveLength(first.written);
      expect(new Set(rows.map(({ state }) => state))).toEqual(new Set(['written']));
      expect([...journal.rows(second.ref)]).toEqual([]);
    });
  }));
