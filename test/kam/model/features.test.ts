/** Each term of the adoption model, on views so small that it can be worked out by hand. */
import { describe, expect, test } from 'vitest';
import { evidenceOf, type Evidence } from '../../../src/kam/model/evidence.js';
import { byFeature, candidatesOf, labelsOf, termsOf, type FeatureName } from '../../../src/kam/model/features.js';
import { logit } from '../../../src/kam/model/logistic.js';
import { aView, times, type SmallAccount, type SmallView } from '../../support/views.js';

const two: SmallView = { families: ['Pumps', 'Valves'] };
const [PUMPS, VALVES] = [0, 1];

const evidence = (accounts: readonly SmallAccount[], view = two, landmarks = 0): Evidence =>
  evidenceOf(aView(accounts, view), { landmarks });

/** The features of one pair. */
function featuresOf(from: Evidence, account: number, family: number): Record<FeatureName, number> {
  const candidates = candidatesOf(from, { from: account, to: account + 1 });
  const pair = candidates.family.indexOf(family);
  if (pair < 0) return expect.fail(`account ${account} and family ${family} are no candidate pair`);
  return byFeature((name) => candidates.features[name][pair] ?? Number.NaN);
}

describe('families', () => {
  test('penetration is the log-odds of the share that owns it', () => {
    const from = evidence([...times(25, { owns: ['Pumps'] }), ...times(75, { owns: ['Valves'] })]);
    expect(featuresOf(from, 99, PUMPS).penetration).toBeCloseTo(Math.log(25 / 75), 12);
  });

  test('the recent rate counts those that came since, of those that could, and ten more at the usual rate', () => {
    // 28 had Pumps only; 8 of them bought Valves since. 10 could not: they had Valves already.
    const from = evidence([
      ...times(20, { owns: ['Pumps'] }),
      ...times(8, { owns: ['Pumps', 'Valves'], before: ['Pumps'] }),
      ...times(10, { owns: ['Pumps', 'Valves'] }),
    ]);
    const usual = (8 + 1) / (28 + 2);
    expect(from.rate[VALVES]).toBeCloseTo((8 + 10 * usual) / (28 + 10), 12);
    expect(from.rate[PUMPS]).toBeCloseTo(usual, 12);
  });

  test('an account without history can neither come nor have come', () => {
    const old = [...times(20, { owns: ['Pumps'] }), ...times(5, { owns: ['Pumps', 'Valves'] })];
    const fresh = times(50, { owns: ['Pumps', 'Valves'], before: [] });
    expect(evidence([...old, ...fresh]).rate).toEqual(evidence(old).rate);
  });

  test('a family that fewer than five own is no candidate, nor is one that the account owns', () => {
    const from = evidence([...times(4, { owns: ['Pumps'] }), ...times(6, { owns: ['Valves'] })]);
    const { account, family } = candidatesOf(from, { from: 0, to: 10 });
    expect([...account]).toEqual([0, 1, 2, 3]);
    expect([...family]).toEqual([VALVES, VALVES, VALVES, VALVES]);
    expect(from.pairs).toBe(4);
  });
});

describe('peers', () => {
  const share = (owners: number, others: number, penetration: number): number =>
    logit((owners + 10 * penetration) / (others + 10)) - logit(penetration);

  test('of the same industry and size count, the account itself does not', () => {
    const from = evidence([
      ...times(9, { owns: ['Pumps', 'Valves'], industry: 'Food' }),
      { owns: ['Pumps'], industry: 'Food' },
      ...times(10, { owns: ['Pumps'], industry: 'Steel' }),
    ]);
    expect(from.groupings.map(({ by }) => by)).toEqual(['industryAndSize']);
    expect(featuresOf(from, 9, VALVES).peers).toBeCloseTo(share(9, 9, 9 / 20), 12);
    expect(featuresOf(from, 10, VALVES).peers).toBeCloseTo(share(0, 9, 9 / 20), 12);
  });

  test('are the mean of all groupings, and one that says nothing of the account counts as 0', () => {
    const from = evidence([
      ...times(9, { owns: ['Pumps', 'Valves'], country: 'DE', parent: 'Group' }),
      { owns: ['Pumps'], country: 'DE' },
      ...times(10, { owns: ['Pumps'], country: 'US', parent: 'Other' }),
    ]);
    expect(from.groupings.map(({ by }) => by)).toEqual(['countryAndSize', 'parent']);
    expect(featuresOf(from, 9, VALVES).peers).toBeCloseTo((share(9, 9, 9 / 20) + 0) / 2, 12);
  });

  test('are of a size by revenue where employees are known of too few, in thirds', () => {
    const from = evidence([
      ...times(5, { owns: ['Pumps'], revenue: 1 }),
      ...times(5, { owns: ['Pumps'], revenue: 2 }),
      ...times(5, { owns: ['Pumps', 'Valves'], revenue: 3, employees: 1 }),
    ]);
    expect(from.groupings.map(({ by, accounts }) => [by, [...accounts]])).toEqual([['size', [5, 5, 5]]]);
    const byEmployees = evidence([
      ...times(10, { owns: ['Pumps'], employees: 10 }),
      ...times(5, { owns: ['Valves'], employees: 500, revenue: 1 }),
    ]);
    expect(byEmployees.groupings.map(({ accounts }) => [...accounts])).toEqual([[10, 0, 5]]);
  });

  test('without an industry are compared with each other where most have one', () => {
    const from = evidence([
      ...times(6, { owns: ['Pumps', 'Valves'], industry: 'Food' }),
      ...times(4, { owns: ['Pumps'] }),
    ]);
    expect(featuresOf(from, 6, VALVES).peers).toBeCloseTo(share(0, 3, 6 / 10), 12);
  });

  test('of a region or parent count where more than a fifth have one', () => {
    const regions = (filled: number) =>
      evidence([...times(filled, { owns: ['Pumps'], region: 'North' }), ...times(10 - filled, { owns: ['Valves'] })]);
    expect(regions(2).groupings.map(({ by }) => by)).toEqual(['size']);
    expect(regions(3).groupings.map(({ by }) => by)).toEqual(['region']);
  });

  test('are right with so many groups that their rows are not kept', () => {
    const families = Array.from({ length: 42 }, (_, f) => `F${f}`);
    const accounts = Array.from({ length: 100_000 }, (_, a) => ({ owns: [`F${a % 7}`], parent: `P${a >> 1}` }));
    const read = termsOf(evidence(accounts, { families }));
    const penetration = Math.ceil(100_000 / 7) / 100_000;
    expect(read(2).peers[0]).toBeCloseTo(share(0, 1, penetration), 12);
    expect(read(7).peers[6]).toBeCloseTo(share(1, 1, Math.floor(100_000 / 7) / 100_000), 12);
    expect(read(2).peers[0]).toBeCloseTo(share(0, 1, penetration), 12);
  });
});

describe('companions', () => {
  test('speak by the ridge regression: 25 owners of both, 50 owners and a ridge of 50 make a quarter', () => {
    const from = evidence([...times(25, { owns: ['Pumps', 'Valves'] }), ...times(25, { owns: ['Pumps'] })]);
    expect(featuresOf(from, 30, VALVES).companions).toBeCloseTo(25 / (50 + 50), 12);
  });

  test('speak half as loud where the family was last bought longer than a horizon ago', () => {
    const both = times(25, { owns: ['Pumps', 'Valves'] });
    const from = evidence([...both, ...times(24, { owns: ['Pumps'] }), { owns: ['Pumps'], faded: ['Pumps'] }]);
    const [recent, faded] = [featuresOf(from, 30, VALVES).companions, featuresOf(from, 49, VALVES).companions];
    expect(faded).toBeCloseTo(recent / 2, 12);
    expect(recent).toBeCloseTo(25 / (49.25 + 50), 12);
  });

  test('never speak for a family out of its own products, which would explain it away', () => {
    const products = { P1: 'Pumps', P2: 'Pumps', P3: 'Pumps', P4: 'Pumps', V1: 'Valves' };
    const from = evidence(
      [
        ...times(30, { owns: ['Pumps', 'Valves'], products: ['P1', 'V1'] }),
        ...times(30, { owns: ['Pumps'], products: ['P2', 'P3', 'P4'] }),
      ],
      { families: ['Pumps', 'Valves'], products },
    );
    expect(from.companions.products).toBe(5);
    const toPumps = [0, 1, 2, 3, 4].map((product) => from.companions.fromProduct[product * 2 + PUMPS]);
    expect(toPumps.slice(0, 4)).toEqual([0, 0, 0, 0]);
    expect(toPumps[4]).not.toBe(0);
    expect(from.companions.fromFamily[PUMPS * 2 + PUMPS]).toBe(0);
  });

  test('of fewer than five products are families only', () => {
    const from = evidence(times(9, { owns: ['Pumps'], products: ['P1'] }), {
      families: ['Pumps', 'Valves'],
      products: { P1: 'Pumps', P2: 'Pumps' },
    });
    expect(from.companions.products).toBe(0);
  });
});

describe('lift', () => {
  test('is how much more often owners of what is owned own the family, less its mean over the pairs', () => {
    const from = evidence(
      [
        ...times(10, { owns: ['Pumps', 'Valves'] }),
        ...times(10, { owns: ['Pumps'] }),
        ...times(20, { owns: ['Seals'] }),
      ],
      { families: ['Pumps', 'Seals', 'Valves'] },
    );
    const usual = 10 / 40;
    const fromPumps = Math.log((10 + 10 * usual) / (20 + 10) / usual);
    const fromSeals = Math.log((0 + 10 * usual) / (20 + 10) / usual);
    const mean = (10 * fromPumps + 20 * fromSeals) / 30;
    expect(featuresOf(from, 10, 2).lift).toBeCloseTo(fromPumps - mean, 12);
    expect(featuresOf(from, 30, 2).lift).toBeCloseTo(fromSeals - mean, 12);
  });
});

describe('look-alikes', () => {
  const accounts = [
    // Ten that had Pumps, of whom five bought Valves since; fifteen that had Seals, of whom none did.
    ...times(5, { owns: ['Pumps', 'Valves'], before: ['Pumps'] }),
    ...times(5, { owns: ['Pumps'] }),
    ...times(15, { owns: ['Seals'] }),
  ];
  const view: SmallView = { families: ['Pumps', 'Seals', 'Valves'] };
  const expected = (adopted: number, could: number, rate: number): number =>
    logit((adopted + 3 * rate) / (could + 3)) - logit(rate);

  test('are those that owned the same a horizon ago; the account itself is none', () => {
    const from = evidence(accounts, view, 2000);
    const rate = from.rate[2] ?? Number.NaN;
    expect(featuresOf(from, 5, 2).lookalikes).toBeCloseTo(expected(5, 9, rate), 12);
    expect(featuresOf(from, 10, 2).lookalikes).toBeCloseTo(expected(0, 14, rate), 12);
  });

  test('say nothing when there are 20 or fewer to compare with, or none are wanted', () => {
    expect(evidence(accounts.slice(5), view, 2000).lookalikes).toBeNull();
    expect(evidence(accounts, view, 0).lookalikes).toBeNull();
    expect(featuresOf(evidence(accounts, view, 0), 5, 2).lookalikes).toBe(0);
  });

  test('are taken evenly over the accounts where there are more than wanted', () => {
    const from = evidence(times(100, { owns: ['Pumps'] }), two, 25);
    expect([...(from.lookalikes?.account ?? [])]).toEqual(Array.from({ length: 25 }, (_, j) => 4 * j));
  });

  test('are the hundred most alike; of those that are equally alike, the first', () => {
    // 150 are equally alike; the first 40 of them have adopted. The account is the last.
    const from = evidence(
      [
        ...times(40, { owns: ['Pumps', 'Valves'], before: ['Pumps'] }),
        ...times(110, { owns: ['Pumps'] }),
        ...times(9, { owns: ['Pumps', 'Seals'] }),
      ],
      view,
      2000,
    );
    const rate = from.rate[2] ?? Number.NaN;
    const alone = featuresOf(from, 149, 2).lookalikes;
    expect(alone).toBeCloseTo(expected(40, 100, rate), 12);
    // To an account with Seals too the nine others are nearer, at 1 of 1; the rest at 1 of the root of 2.
    const near = Math.SQRT1_2;
    expect(featuresOf(from, 158, 2).lookalikes).toBeCloseTo(expected(40 * near, 8 + 92 * near, rate), 12);
  });
});

describe('the account', () => {
  const from = (account: SmallAccount) =>
    featuresOf(evidence([account, ...times(9, { owns: ['Pumps', 'Valves'] })]), 0, VALVES);

  test('breadth, youth, recency and revenue are logarithms; a newcomer is younger than 90 days', () => {
    const account = { owns: ['Pumps'], distinctProducts: 7, sinceFirst: 89, sinceLast: 9, revenue: 999 };
    const features = from(account);
    expect(features.breadth).toBeCloseTo(Math.log(8), 12);
    expect(features.youth).toBeCloseTo(-Math.log(149), 12);
    expect(features.recency).toBeCloseTo(-Math.log(10), 12);
    expect(features.revenue).toBeCloseTo(Math.log(1000), 12);
    expect(features.newcomer).toBe(1);
    expect(from({ ...account, sinceFirst: 90 }).newcomer).toBe(0);
  });

  test('of more credit notes than sales has no revenue, not a negative one', () => {
    expect(from({ owns: ['Pumps'], revenue: -50 }).revenue).toBe(0);
  });

  test('has a pace: families that came over half a horizon, against as many as usually come', () => {
    const accounts = [
      { owns: ['Pumps'], halfway: ['Pumps'] },
      { owns: ['Pumps', 'Seals'], halfway: ['Pumps'] },
      { owns: ['Pumps'], halfway: [] },
      ...times(17, { owns: ['Pumps', 'Seals', 'Valves'] }),
    ];
    const evidenceHere = evidence(accounts, { families: ['Pumps', 'Seals', 'Valves'] });
    const usual = (1 + 1) / (4 + 2);
    const seals = (1 + 10 * usual) / (2 + 10);
    const valves = (0 + 10 * usual) / (2 + 10);
    expect(featuresOf(evidenceHere, 0, 2).pace).toBeCloseTo(Math.log(0.5 / (seals + valves + 0.5)), 12);
    expect(featuresOf(evidenceHere, 1, 2).pace).toBeCloseTo(Math.log(1.5 / (seals + valves + 0.5)), 12);
    expect(featuresOf(evidenceHere, 2, 2).pace).toBe(0);
  });
});

describe('pairs', () => {
  const from = evidence([
    ...times(6, { owns: ['Pumps'], after: { Valves: 500 } }),
    ...times(3, { owns: ['Valves'], after: { Pumps: -200 } }),
    ...times(3, { owns: ['Valves'], after: { Pumps: 0 } }),
  ]);

  test('come by account, then family, in one go or range by range', () => {
    const whole = candidatesOf(from, { from: 0, to: 12 });
    const parts = [candidatesOf(from, { from: 0, to: 5 }), candidatesOf(from, { from: 5, to: 12 })];
    expect([...whole.account]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(parts.flatMap(({ account }) => [...account])).toEqual([...whole.account]);
    expect(parts.flatMap(({ features }) => [...features.peers])).toEqual([...whole.features.peers]);
  });

  test('are the first and each n-th after it where a sample is asked for', () => {
    expect([...candidatesOf(from, { from: 0, to: 12 }, 4).account]).toEqual([0, 4, 8]);
    expect([...candidatesOf(from, { from: 5, to: 12 }, 4).account]).toEqual([5, 9]);
  });

  test('are adopted where net sales after the cut are positive; a credit note is no adoption', () => {
    const labels = labelsOf(from, candidatesOf(from, { from: 0, to: 12 }));
    expect([...(labels?.adopted ?? [])]).toEqual([1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0]);
    expect([...(labels?.spend ?? [])]).toEqual([500, 500, 500, 500, 500, 500, -200, -200, -200, 0, 0, 0]);
  });

  test('have no outcome where the book does not reach beyond the cut', () => {
    const now = evidence(times(9, { owns: ['Pumps'] }));
    expect(labelsOf(now, candidatesOf(now, { from: 0, to: 9 }))).toBeNull();
  });
});
