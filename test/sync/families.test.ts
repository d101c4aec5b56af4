/** Potentials in the org: what the sync writes on them, what people write, and how each respects the other. */
import { describe, expect, test } from 'vitest';
import { argumentLines } from '../../src/report/argument.js';
import { runLines } from '../../src/report/terminal.js';
import { withSmallOrg, type SmallOrg } from '../support/smallOrg.js';
import { machineBuilders, roundAnchors } from './machineBuilders.js';

const admin = { settings: roundAnchors };
const machines = <T>(work: (org: SmallOrg) => Promise<T>): Promise<T> => withSmallOrg(machineBuilders, admin, work);

const figures = [
  'Whitespace__c',
  'Probability__c',
  'Volume_Gap__c',
  'Expected_Amount__c',
  'Expected_Low__c',
  'Expected_High__c',
  'Pipeline__c',
  'Own_Revenue__c',
  'Source__c',
  'Confidence__c',
  'As_Of__c',
] as const;

const of = async (org: SmallOrg, account: string, family: string): Promise<Record<string, unknown> | undefined> =>
  (await org.families([...figures, 'Why__c', 'Ref__c'])).find(
    (record) => record['account'] === account && record['family'] === family,
  );

const wallet = { Stated_Wallet__c: 50_000, Stated_On__c: '2026-09-01', Stated_Source__c: 'Customer in Writing' };

describe('a first sync', () => {
  test('adds a record for each family with money or revenue in it, with all figures', () =>
    machines(async (org) => {
      const run = await org.sync();
      // Ten companies with three families each; the French site has no sales.
      expect(run.plan.families).toEqual({ added: 30, changed: 0, emptied: 0 });
      expect(await of(org, 'Alpha', 'Valves')).toMatchObject({
        // 9 of 10 buy valves for 30 % of 100,000; each quarter of the buyers too, so that the range is narrow.
        Whitespace__c: 30_000,
        Probability__c: 90,
        Volume_Gap__c: null,
        Expected_Amount__c: 27_000,
        Expected_Low__c: 27_000,
        Expected_High__c: 27_000,
        Pipeline__c: 0,
        Own_Revenue__c: 0,
        Source__c: 'Peers',
        // 10 of the 16 accounts that make a comparison full: 0.4 × 10 / 16.
        Confidence__c: 25,
        As_Of__c: '2026-10-31',
        Why__c: expect.stringMatching(/^9 of 10 accounts of the same industry/),
        Ref__c: expect.stringMatching(/^001\w{15}\|Valves$/),
      });
      expect(await of(org, 'Beta', 'Pumps')).toMatchObject({
        Whitespace__c: null,
        Probability__c: null,
        Volume_Gap__c: 10_000,
        Expected_Amount__c: 10_000,
        Own_Revenue__c: 20_000,
      });
      expect(await of(org, 'Alpha', 'Pumps')).toMatchObject({ Expected_Amount__c: 0, Own_Revenue__c: 100_000 });
      expect(runLines(run, { width: 100, styled: false }).join('\n')).toContain('add 30 potentials');
    }));

  test('adds as many per account as the settings keep', () =>
    withSmallOrg(
      machineBuilders,
      { settings: { 'KAM_Settings.Default': { Potential_Keep_Families__c: '1' } } },
      async (org) => {
        const run = await org.sync();
        expect(run.plan.families).toEqual({ added: 10, changed: 0, emptied: 0 });
        expect(await of(org, 'Alpha', 'Valves')).toBeDefined();
      },
    ));

  test('adds none to small customers where the admin wants it so', () =>
    withSmallOrg(
      machineBuilders,
      { settings: { ...roundAnchors, 'KAM_Settings.Default': { Potential_Keep_Small__c: 'false' } } },
      async (org) => {
        const run = await org.sync();
        const small = run.segments.small;
        const accounts = new Set((await org.families(['Source__c'])).map(({ account }) => account));
        expect(accounts.size).toBe(10 - small - run.segments.unknown);
        expect(accounts).toContain('Alpha');
      },
    ));
});

describe("people's word", () => {
  test('beats the estimate, moves the figures of the account, and is told by explain', () =>
    machines(async (org) => {
      await org.sync();
      await org.enterOnFamily('Alpha', 'Valves', wallet);
      const run = await org.sync();
      // 65 % of 50,000 instead of 27,000; service stays at 9,000. The rest of the wallet is bought elsewhere.
      expect(await org.account('Alpha', ['KAM_Cross_Sell__c', 'KAM_Wallet_Share__c'])).toEqual({
        KAM_Cross_Sell__c: 41_500,
        KAM_Wallet_Share__c: Number(((100 / 159) * 100).toFixed(2)),
      });
      expect(await of(org, 'Alpha', 'Valves')).toMatchObject({
        Expected_Amount__c: 32_500,
        Volume_Gap__c: 32_500,
        Whitespace__c: null,
        Source__c: 'Customer',
        Confidence__c: 100,
      });
      expect(run.plan.families).toEqual({ added: 0, changed: 1, emptied: 0 });
      const printed = argumentLines(await org.explain('Alpha'), { width: 100, styled: false }).join('\n');
      expect(printed).toContain('as the customer wrote on 1 Sept 2026');
      expect(printed).toContain('= 65 % × €50,000.00 − €0.00');
      expect((await org.sync()).outcome).toEqual({ is: 'nothingToDo' });
    }));

  test('is never written by the worker', () =>
    machines(async (org) => {
      await org.sync();
      const words = {
        ...wallet,
        Served_By__c: 'Competitor',
        Competitor__c: 'ACME',
        Target__c: 20_000,
        Target_Year__c: 2027,
        Next_Step__c: 'Show the new valve',
      };
      for (const family of ['Valves', 'Pumps', 'Service']) await org.enterOnFamily('Alpha', family, words);
      await org.sync();
      for (const record of (await org.families(Object.keys(words))).filter(({ account }) => account === 'Alpha')) {
        expect(record).toMatchObject(words);
      }
      expect((await of(org, 'Alpha', 'Valves'))?.['Why__c']).toContain('ACME serves this demand today.');
    }));

  test('on a record of their own makes it the record of the family', () =>
    machines(async (org) => {
      await org.enterOnFamily('Alpha', 'valves', wallet);
      const run = await org.sync();
      expect(run.plan.families).toEqual({ added: 29, changed: 1, emptied: 0 });
      expect(await of(org, 'Alpha', 'Valves')).toMatchObject({
        Expected_Amount__c: 32_500,
        Ref__c: expect.stringMatching(/\|Valves$/),
      });
      expect((await org.sync()).outcome).toEqual({ is: 'nothingToDo' });
    }));

  test('closes a demand that the customer covers itself', () =>
    machines(async (org) => {
      await org.sync();
      await org.enterOnFamily('Alpha', 'Valves', { Served_By__c: 'Internal' });
      await org.sync();
      expect(await org.account('Alpha', ['KAM_Cross_Sell__c'])).toEqual({ KAM_Cross_Sell__c: 9_000 });
      expect(await of(org, 'Alpha', 'Valves')).toMatchObject({ Expected_Amount__c: 0, Source__c: 'Account Team' });
    }));

  test('that cannot be is named in the run and changes nothing', () =>
    machines(async (org) => {
      await org.sync();
      await org.enterOnFamily('Alpha', 'Valves', { ...wallet, Stated_On__c: '2026-12-01' });
      await org.enterOnFamily('Beta', 'Valves', { ...wallet, Stated_Wallet__c: -5 });
      await org.enterOnFamily('Gamma', 'Valves', { Target__c: 5, Target_Year__c: 2025 });
      const run = await org.sync();
      expect(run.notes.map(({ is }) => is)).toEqual(['targetInPast', 'walletInFuture', 'walletNegative']);
      expect(run.outcome).toEqual({ is: 'nothingToDo' });
      const printed = runLines(run, { width: 100, styled: false }).join('\n');
      expect(printed).toContain('1 stated wallet is below zero');
      expect(printed).toContain("stated after the org's today");
      expect(printed).toContain('set for a year that is over');
    }));
});

describe('a family of which nothing is left to say', () => {
  const withoutValves = { ...admin, families: { Valves: { In_Scope__c: 'false' } } };

  test('keeps its record, emptied once, and what people wrote on it', () =>
    withSmallOrg(machineBuilders, withoutValves, async (org) => {
      await org.enterOnFamily('Alpha', 'Valves', { ...wallet, Expected_Amount__c: 7, Source__c: 'Peers' });
      const run = await org.sync();
      expect(run.plan.families).toEqual({ added: 20, changed: 1, emptied: 1 });
      expect(await of(org, 'Alpha', 'Valves')).toMatchObject({ Expected_Amount__c: null, Source__c: null });
      expect(await org.families(['Stated_Wallet__c'])).toContainEqual({
        account: 'Alpha',
        family: 'Valves',
        Stated_Wallet__c: 50_000,
      });
      expect((await org.sync()).outcome).toEqual({ is: 'nothingToDo' });
      expect(runLines(run, { width: 100, styled: false }).join('\n')).toContain('update 1 potential (1 emptied)');
    }));
});

describe('sites and prospects', () => {
  test('a family that a sister site buys names that site', () =>
    withSmallOrg(
      {
        ...machineBuilders,
        sales: [...machineBuilders.sales, ['Alpha France', '2026-06-15', 'Valves', '5000.00']],
      },
      admin,
      async (org) => {
        await org.sync();
        expect((await of(org, 'Alpha', 'Valves'))?.['Why__c']).toMatch(
          /Alpha France, a site of the same group, buys it for €5,000 a year\.$/,
        );
      },
    ));

  test('an account without sales takes part by setting, with little confidence', () =>
    withSmallOrg(
      {
        ...machineBuilders,
        accounts: [
          ...machineBuilders.accounts,
          { name: 'Newcomer', industry: 'Machinery', employees: 100 },
          { name: 'Lambda', industry: 'Machinery', employees: 100 },
        ],
        sales: [...machineBuilders.sales, ['Lambda', '2026-06-15', 'Pumps', '60000.00']],
      },
      { settings: { 'KAM_Settings.Default': { Currency__c: 'EUR', Potential_Prospects__c: 'true' } } },
      async (org) => {
        await org.sync();
        // Lambda became a customer, Newcomer and Alpha's French site did not: one of three. All 11 buy pumps.
        expect(await of(org, 'Newcomer', 'Pumps')).toMatchObject({
          Whitespace__c: 60_000,
          Probability__c: 33.33,
          Expected_Amount__c: 20_000,
          Source__c: 'Peers',
          Why__c: expect.stringMatching(/^No customer yet: 1 of 3 accounts/),
        });
        expect(await of(org, 'Alpha France', 'Pumps')).toMatchObject({
          Whitespace__c: 100_000,
          Source__c: 'Sister Site',
          Confidence__c: 20,
        });
        expect(await org.account('Newcomer', ['KAM_Segment__c', 'KAM_Revenue__c'])).toEqual({
          KAM_Segment__c: 'Development',
          KAM_Revenue__c: null,
        });
      },
    ));
});
