/** The door to Salesforce: rows are the same whichever way they come, and what is wrong is said in the admin's words. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openBook } from '../../src/book/book.js';
import { defaultSettings, settingKeys } from '../../src/kam/settings.js';
import { serviceKinds } from '../../src/kam/margin.js';
import { loadBook } from '../../src/localorg/load.js';
import { defaultSources } from '../../src/localorg/localOrg.js';
import { connect, type KamOrg } from '../../src/org/connect.js';
import { preflight, sourceProblems } from '../../src/org/preflight.js';
import { pullInto } from '../../src/org/pull.js';
import { readSettings } from '../../src/org/read.js';
import { labels, placeOf, wantsOf, workerWritten } from '../../src/org/records.js';
import { Account } from '../../src/schema/generated.js';
import { hasSharedData, sharedData } from '../support/announceShared.js';
import { tablesOf } from '../support/bookTables.js';
import { withLocalOrg } from '../support/localOrg.js';
import { editedSeed, smallOrgOn, withSmallOrg, type AdminEdits } from '../support/smallOrg.js';
import { machineBuilders } from '../sync/machineBuilders.js';

const scratch = mkdtempSync(join(tmpdir(), 'kam-org-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** All that a whole pull puts into the book's tables. */
async function pulled(org: KamOrg, restUpTo: number): Promise<Record<string, unknown[]>> {
  const wants = { ...wantsOf(defaultSettings(), '2026-11-24', '2026-10-31'), since: '1990-01-01' };
  const file = join(mkdtempSync(join(scratch, 'book-')), 'book.duckdb');
  const book = await openBook(file);
  try {
    await pullInto(
      org,
      book,
      `${file}.spool`,
      { wants, startedAt: await org.now(), full: false, restUpTo },
      () => undefined,
    );
  } finally {
    await book.close();
  }
  return tablesOf(file);
}

describe('a pull', () => {
  test('brings the same rows by REST and by Bulk', () =>
    withSmallOrg(machineBuilders, {}, async (small) => {
      await small.enter('Beta', { Name: 'Beta, "the" second\nline', NumberOfEmployees: null });
      await small.sync();
      const org = await connect(small.login, undefined);
      const rest = await pulled(org, 10_000);
      const bulk = await pulled(org, 0);
      expect(bulk).toEqual(rest);
      expect(Object.fromEntries(Object.entries(rest).map(([table, rows]) => [table, rows.length]))).toEqual({
        account: 11,
        opportunity: 30,
        line: 84,
        cell: 30,
        agreement: 0,
        commitment: 0,
        assessment: 10,
        task: 3,
        visit: 0,
        phone_call: 0,
        service_case: 0,
        currency_type: 0,
        dated_rate: 0,
        contact: 0,
        relation: 0,
        teammate: 0,
        project: 0,
      });
    }));

  test.skipIf(!hasSharedData)('brings the same rows of a real history by REST and by Bulk, money to the cent', () =>
    withLocalOrg({}, async (test) => {
      await loadBook(join(sharedData, 'northwind'), test.client, () => undefined);
      const { login } = await smallOrgOn(test, scratch);
      const org = await connect(login, undefined);
      const [rest, bulk] = [await pulled(org, 10_000), await pulled(org, 0)];
      expect(bulk).toEqual(rest);
      expect(rest['line']).toHaveLength(2155);
    }),
  );

  test('counts every call that Salesforce counts', () =>
    withSmallOrg(machineBuilders, {}, async (small) => {
      const org = await connect(small.login, undefined);
      const used = async (): Promise<number> =>
        Number(/"apiCalls":(\d+)/.exec(JSON.stringify(await small.client.send('GET', '/local/status')))?.[1]);
      const before = await used();
      const start = org.apiCalls();
      await pulled(org, 0);
      expect((await used()) - before).toBe(org.apiCalls() - start);
    }));
});

const withAdmin = (edits: AdminEdits, families: AdminEdits, work: (org: KamOrg) => Promise<void>): Promise<void> =>
  withLocalOrg({ sources: [defaultSources[0] ?? '', editedSeed(scratch, edits, families)] }, async (test) => {
    const { login } = await smallOrgOn(test, scratch);
    await work(await connect(login, undefined));
  });

describe('settings that cannot be used', () => {
  const zeros = Object.fromEntries(
    ['Potential', 'Margin', 'Risk', 'Breadth', 'Growth'].map((name) => [`KAM_Criterion.${name}`, { Weight__c: '0' }]),
  );
  test.each<[string, AdminEdits, AdminEdits, string]>([
    [
      'a share above 100 %',
      { 'KAM_Settings.Default': { Segment_Revenue_Share__c: '180' } },
      {},
      '“180” in KAM_Settings.Default (Segment_Revenue_Share__c): expected',
    ],
    [
      'a negative weight',
      { 'KAM_Criterion.Margin': { Weight__c: '-3' } },
      {},
      '“-3” in KAM_Criterion.Margin (Weight__c): expected',
    ],
    [
      'weights that are all zero',
      zeros,
      {},
      'a weight above 0 for at least one of potential, margin, risk, breadth, growth',
    ],
    [
      'anchors that fall',
      { 'KAM_Criterion.Growth': { Full_At__c: '1' } },
      {},
      '“1” in KAM_Criterion.Growth (Full_At__c): expected more than',
    ],
    ['a margin above 100 %', {}, { Pumps: { Margin__c: '130' } }, '“130” in KAM_Family.Pumps (Margin__c): expected'],
    [
      'a field that does not exist',
      { 'KAM_Settings.Default': { Source_Opportunity_Family_Field__c: 'Line_of_Business__c' } },
      {},
      '“Line_of_Business__c” in KAM_Settings.Default (Source_Opportunity_Family_Field__c): expected a field of Opportunity',
    ],
  ])('%s: the message names value, record and field', (_, edits, families, message) =>
    withAdmin(edits, families, (org) =>
      expect(readSettings(org)).rejects.toMatchObject({
        name: 'SettingsInvalidError',
        exitCode: 3,
        message: expect.stringContaining(message),
      }),
    ),
  );

  test('all problems are named at once', () =>
    withAdmin(
      { 'KAM_Settings.Default': { Revenue_Windows__c: '0' }, 'KAM_Criterion.Margin': { Weight__c: '-3' } },
      {},
      (org) =>
        expect(readSettings(org)).rejects.toThrow(
          /Revenue_Windows__c[\s\S]*Weight__c|Weight__c[\s\S]*Revenue_Windows__c/,
        ),
    ));

  test('no settings record: the remedy is to deploy the seed', () =>
    withLocalOrg({ sources: defaultSources.slice(0, 1) }, async (test) => {
      const { login } = await smallOrgOn(test, scratch);
      await expect(readSettings(await connect(login, undefined))).rejects.toMatchObject({
        name: 'SettingsMissingError',
        exitCode: 3,
      });
    }));
});

describe('preflight', () => {
  test('finds nothing wrong with an org that has the package', () =>
    withLocalOrg({}, async (test) => {
      const { login } = await smallOrgOn(test, scratch);
      expect(await preflight(await connect(login, undefined))).toEqual([]);
    }));

  test('names every object and field that an org without the package lacks, each with a remedy; sync stops with 3', () =>
    withLocalOrg({ sources: [] }, async (test) => {
      const small = await smallOrgOn(test, scratch);
      const problems = await preflight(await connect(small.login, undefined));
      const text = problems.map(({ what }) => what).join('\n');
      for (const name of ['KAM_Tier__c', 'KAM_Lighthouse__c', 'KAM_Task_Ref__c', 'KAM_Run__c', 'KAM_Settings__mdt'])
        expect(text).toContain(name);
      expect(problems.every(({ remedy }) => /deploy|assign/.test(remedy))).toBe(true);
      expect(problems.filter(({ severity }) => severity === 'loses').map(({ what }) => what)).toEqual([
        'Contact: KAM_Function__c, KAM_Level__c, KAM_Role__c missing or not readable: how broadly we know the people of a customer stays unknown.',
        "KAM Service (KAM_Service__mdt) can't be read: the conversation sheet names nothing that key accounts get.",
      ]);
      await expect(small.sync()).rejects.toMatchObject({ name: 'PreflightFailedError', exitCode: 3 });
    }));
});

describe('what is read from', () => {
  test('is fit in an org that has the package, services and all', () =>
    withLocalOrg({}, async (test) => {
      const { login } = await smallOrgOn(test, scratch);
      const wants = { ...wantsOf(defaultSettings(), '2026-11-24', '2026-10-31'), services: serviceKinds };
      expect(await sourceProblems(await connect(login, undefined), wants)).toEqual([]);
    }));

  test.each([
    [
      'OpportunityLineItem',
      'TotalPrice',
      'type',
      'OpportunityLineItem.TotalPrice is of type string; expected currency',
    ],
    ['Product2', 'Family', 'gone', 'Product2.Family is missing or not readable'],
    ['KAM_Potential__c', 'Stated_Wallet__c', 'type', 'KAM_Potential__c.Stated_Wallet__c is of type string'],
  ])('%s.%s that is %s stops the run before anything is read: exit code 3', (object, field, change, what) =>
    withLocalOrg({}, async (test) => {
      await test.client.send('POST', '/local/faults', { kind: 'describe-change', object, field, change });
      const small = await smallOrgOn(test, scratch);
      const failure = small.sync();
      await expect(failure).rejects.toMatchObject({ name: 'PreflightFailedError', exitCode: 3 });
      await expect(failure).rejects.toThrow(what);
      expect(await test.client.query('SELECT Id FROM KAM_Run__c')).toEqual([]);
    }),
  );
});

describe('an org that cannot be reached', () => {
  test('is named with its address: exit code 3', async () => {
    const login = await withLocalOrg({}, async (test) => (await smallOrgOn(test, scratch)).login);
    await expect(connect(login, undefined)).rejects.toMatchObject({
      name: 'OrgUnreachableError',
      exitCode: 3,
      message: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+ does not answer: ECONNREFUSED/),
    });
  });
});

describe('words', () => {
  test('every setting has a place, and no two share one', () => {
    const places = settingKeys().map(({ key }) => JSON.stringify(placeOf(key)));
    expect(new Set(places).size).toBe(places.length);
  });

  test('every label of a picklist has our word', () => {
    expect(Object.keys(labels.tier)).toEqual(Account.fields.KAM_Tier__c.values);
    expect(Object.keys(labels.segment).toSorted()).toEqual([...Account.fields.KAM_Segment__c.values].toSorted());
    expect(Object.keys(labels.gate)).toEqual(Account.fields.KAM_Gate__c.values);
    expect(Object.keys(labels.gateResult)).toEqual(Account.fields.KAM_Gate_Result__c.values);
  });

  test('the worker writes no field that people enter', () => {
    const people = /Lighthouse|Opinion_Leader|Evidence|Solution_Trust|Manager|Override|Exclude/;
    expect(workerWritten.filter((field) => people.test(field))).toEqual([]);
  });
});
