/** The laws that only the whole job can keep, through book and local org. */
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { withSmallOrg, type AdminEdits, type SmallBook, type SmallOrg } from '../support/smallOrg.js';

/** Amounts that a small org finds high enough, so that every segment occurs. */
const smallMoney: AdminEdits = {
  'KAM_Settings.Default': {
    Segment_Minimum_Revenue__c: '100',
    Segment_Minimum_Potential__c: '50',
    Potential_Minimum_Peers__c: '3',
    Score_Threshold__c: '35',
  },
};

const families = ['Pumps', 'Valves', 'Service', 'Seals'];
const days = ['2023-12-24', '2024-03-01', '2025-07-15', '2026-01-31', '2026-10-31', '2026-11-20'];

type Person = { lighthouse: number | null; leader: number | null; override: string | null; excluded: boolean };
/** What people write on the potential of a site: nothing of it need make sense. */
type Word = { site: number; family: string; wallet: number | null; on: string | null; servedBy: string | null };
type Case = { book: SmallBook; people: Person[]; words: Word[] };

const someCase: fc.Arbitrary<Case> = fc
  .record({
    sites: fc.array(
      fc.record({
        parent: fc.option(fc.nat(9), { freq: 2 }),
        industry: fc.constantFrom('Machinery', 'Food', ''),
        employees: fc.constantFrom(20, 200, 2000),
        country: fc.constantFrom('Germany', 'France', 'Japan', ''),
      }),
      { minLength: 6, maxLength: 10 },
    ),
    sales: fc.array(
      fc.tuple(
        fc.nat(9),
        fc.constantFrom(...days),
        fc.constantFrom(...families),
        fc.integer({ min: -9_999, max: 999_999 }),
      ),
      { minLength: 15, maxLength: 60 },
    ),
    people: fc.array(
      fc.record({
        lighthouse: fc.option(fc.nat(3)),
        leader: fc.option(fc.nat(3)),
        override: fc.option(fc.constantFrom('Key Account', 'Candidate', 'Large Account', 'Standard'), { freq: 4 }),
        excluded: fc.nat(9).map((n) => n === 0),
      }),
      { minLength: 10, maxLength: 10 },
    ),
    words: fc.array(
      fc.record({
        site: fc.nat(9),
        family: fc.constantFrom(...families, 'pumps', 'Boats'),
        wallet: fc.option(fc.integer({ min: -99, max: 99_999 })),
        on: fc.option(fc.constantFrom('2024-05-05', '2026-10-01', '2026-12-24')),
        servedBy: fc.option(fc.constantFrom('Us', 'Competitor', 'Internal', 'Nobody', 'Unknown')),
      }),
      { maxLength: 3 },
    ),
  })
  .map(({ sites, sales, people, words }) => ({
    book: {
      accounts: sites.map(({ parent, ...site }, n) => ({
        name: `Site ${n}`,
        ...site,
        ...(parent !== null && parent < n ? { parent: `Site ${parent}` } : {}),
      })),
      sales: sales.map(([n, day, family, cents]) => [
        `Site ${n % sites.length}`,
        day,
        family,
        (cents / 100).toFixed(2),
      ]),
    },
    people: people.slice(0, sites.length),
    words: words.map((word) => ({ ...word, site: word.site % sites.length })),
  }));

async function peopleEnter(org: SmallOrg, { people, words }: Case): Promise<void> {
  for (const { site, family, wallet, on, servedBy } of words) {
    await org.enterOnFamily(`Site ${site}`, family, {
      Stated_Wallet__c: wallet,
      Stated_On__c: on,
      Served_By__c: servedBy,
      Next_Step__c: 'Ask',
    });
  }
  for (const [n, { lighthouse, leader, override, excluded }] of people.entries()) {
    await org.enter(`Site ${n}`, {
      KAM_Lighthouse__c: lighthouse,
      KAM_Opinion_Leader__c: leader,
      KAM_Exclude__c: excluded,
      ...(override === null
        ? {}
        : { KAM_Override_Tier__c: override, KAM_Override_Reason__c: 'Board', KAM_Override_Until__c: '2027-03-31' }),
    });
  }
}

const marks =
  'SELECT Name, KAM_Tier__c, KAM_Segment__c, KAM_Gate__c, KAM_Gate_Result__c, KAM_Score__c, KAM_Confidence__c, KAM_Revenue__c, KAM_Cross_Sell__c, KAM_Up_Sell__c, KAM_Additional_Potential__c, KAM_Revenue_At_Risk__c, KAM_Contribution_Margin__c, KAM_Wallet_Share__c, KAM_Reasons__c, KAM_Next_Step__c, KAM_Group__r.Name FROM Account ORDER BY Name';
const figures = [
  'Whitespace__c',
  'Probability__c',
  'Volume_Gap__c',
  'Value_Gap__c',
  'Expected_Amount__c',
  'Expected_Low__c',
  'Expected_High__c',
  'Pipeline__c',
  'Own_Revenue__c',
  'Source__c',
  'Confidence__c',
  'Why__c',
];
// Each case is a handful of whole syncs.
vi.setConfig({ testTimeout: 180_000 });

const RUNS = { numRuns: 6, endOnFailure: true };

test("law 1: a second sync finds nothing to do and writes nothing but its own record; people's word stays as it was", () =>
  fc.assert(
    fc.asyncProperty(someCase, (given) =>
      withSmallOrg(given.book, { settings: smallMoney }, async (org) => {
        await peopleEnter(org, given);
        const words = await org.client.query(peoplesWords);
        expect((await org.sync()).failed).toEqual([]);
        expect(await org.client.query(peoplesWords)).toEqual(words);
        await expectMoneyOnce(org);
        const stands = await org.client.query(marks);
        await org.moveClock('2026-11-25T12:00:00Z');
        const second = await org.sync();
        expect(second).toMatchObject({ outcome: { is: 'nothingToDo' }, written: 0 });
        const touched = await org.client.query('SELECT Id FROM Account WHERE SystemModstamp >= 2026-11-25T00:00:00Z');
        const tasks = await org.client.query('SELECT Id FROM Task WHERE SystemModstamp >= 2026-11-25T00:00:00Z');
        const potentials = await org.client.query(
          'SELECT Id FROM KAM_Potential__c WHERE SystemModstamp >= 2026-11-25T00:00:00Z',
        );
        const history = await org.client.query(
          'SELECT Id FROM KAM_Assessment__c WHERE SystemModstamp >= 2026-11-25T00:00:00Z',
        );
        expect([...touched, ...tasks, ...potentials, ...history]).toEqual([]);
        expect(await org.client.query(marks)).toEqual(stands);
      }),
    ),
    RUNS,
  ));

/** What people write on a potential. */
const peoplesWords =
  'SELECT Id, Stated_Wallet__c, Stated_On__c, Served_By__c, Next_Step__c FROM KAM_Potential__c WHERE Next_Step__c != null ORDER BY Id';

/** Potentials of all families add up to the potential of all groups: nothing stands twice, nothing is left out. */
async function expectMoneyOnce(org: SmallOrg): Promise<void> {
  const sum = (records: Record<string, unknown>[], field: string): number =>
    records.reduce((total, record) => total + Number(record[field] ?? 0), 0);
  const accounts = await org.client.query('SELECT KAM_Additional_Potential__c FROM Account');
  const families = await org.families(['Expected_Amount__c']);
  expect(sum(families, 'Expected_Amount__c')).toBeCloseTo(sum(accounts, 'KAM_Additional_Potential__c'), 2);
}

test('laws 2 and 7: an override holds until it expires, and never makes a key account', () =>
  fc.assert(
    fc.asyncProperty(someCase, (given) =>
      withSmallOrg(given.book, { settings: smallMoney }, async (org) => {
        const people = given.people.map((person) => ({ ...person, excluded: false }));
        await peopleEnter(org, {
          ...given,
          words: [],
          people: people.map((person) => ({ ...person, override: null })),
        });
        await org.sync();
        const without = await tiers(org);
        await peopleEnter(org, { ...given, words: [], people });
        await org.sync({ maximumMoves: 1 });
        const during = await tiers(org);
        const roots = new Set((await org.client.query('SELECT KAM_Group__r.Name FROM Account')).map(groupIn));
        for (const [n, { override }] of people.entries()) {
          const name = `Site ${n}`;
          expect(during.get(name)).not.toBe('Key Account');
          if (!roots.has(name)) continue;
          expect(during.get(name)).toBe(override === null || override === 'Key Account' ? without.get(name) : override);
        }
        for (const n of people.keys()) await org.enter(`Site ${n}`, { KAM_Override_Until__c: '2026-10-30' });
        await org.sync({ maximumMoves: 1 });
        expect(await tiers(org)).toEqual(without);
      }),
    ),
    { ...RUNS, numRuns: 5 },
  ));

async function tiers(org: SmallOrg): Promise<Map<string, unknown>> {
  const records = await org.client.query('SELECT Name, KAM_Tier__c FROM Account');
  return new Map(records.map((record) => [String(record['Name']), record['KAM_Tier__c']]));
}

function groupIn(record: Record<string, unknown>): string {
  const group = record['KAM_Group__r'];
  return typeof group === 'object' && group !== null && 'Name' in group ? String(group.Name) : '';
}

test('law 5: the order in which accounts and sales were entered is irrelevant', () =>
  fc.assert(
    fc.asyncProperty(someCase, async (given) => {
      const marked = (book: SmallBook): Promise<Record<string, unknown>[]> =>
        withSmallOrg(book, { settings: smallMoney }, async (org) => {
          await peopleEnter(org, given);
          await org.sync();
          return [...(await org.client.query(marks)).map(withoutLinks), ...(await org.families(figures))];
        });
      const { accounts, sales } = given.book;
      expect(await marked({ accounts: accounts.toReversed(), sales: sales.toReversed() })).toEqual(
        await marked(given.book),
      );
    }),
    { ...RUNS, numRuns: 5 },
  ));

const withoutLinks = (record: Record<string, unknown>): Record<string, unknown> => ({
  ...record,
  attributes: null,
  KAM_Group__r: groupIn(record),
});

test('law 6: losing margins lowers confidence, and no figure becomes zero', () =>
  fc.assert(
    fc.asyncProperty(someCase, async (given) => {
      const margins = Object.fromEntries(families.map((family) => [family, { Margin__c: '40' }]));
      const marked = (known: AdminEdits): Promise<Record<string, unknown>[]> =>
        withSmallOrg(given.book, { settings: smallMoney, families: known }, async (org) => {
          await org.sync();
          return org.client.query(
            'SELECT Name, KAM_Confidence__c, KAM_Contribution_Margin__c, KAM_Revenue__c FROM Account WHERE KAM_Confidence__c != null ORDER BY Name',
          );
        });
      const [full, poor] = [await marked(margins), await marked({})];
      for (const [n, rich] of full.entries()) {
        const record = poor[n];
        expect(record?.['Name']).toBe(rich['Name']);
        expect(record?.['KAM_Revenue__c']).toEqual(rich['KAM_Revenue__c']);
        expect(record?.['KAM_Contribution_Margin__c']).toBeNull();
        // Anchors of three entrants are needed before a margin counts at all.
        expect(Number(record?.['KAM_Confidence__c'])).toBeLessThanOrEqual(Number(rich['KAM_Confidence__c']));
        if (rich['KAM_Contribution_Margin__c'] === null) continue;
        expect(Number(rich['KAM_Confidence__c']) - Number(record?.['KAM_Confidence__c'])).toBeOneOf([0, 25]);
      }
    }),
    { ...RUNS, numRuns: 5 },
  ));
