/** How much a candidate hangs on the weights: by hand where a head can do it, and as laws. */
import { describe, expect, test } from 'vitest';
import type { Answer } from '../../src/kam/agreement.js';
import type { GroupFacts } from '../../src/kam/facts.js';
import type { GroupPotential } from '../../src/kam/potential.js';
import { drawsFrom } from '../../src/kam/random.js';
import { contestantOf, robustnessOf, type Contestant } from '../../src/kam/robustness.js';
import { unknown } from '../../src/kam/unknown.js';
import { accountId, aGroup, aPotential, decided, euros, settingsWith } from '../support/builders.js';

const asked = { is: 'asked', on: '2026-09-01' } as const satisfies Answer;

/** Only potential and margin count, equally; both people's ratings are there and carry the strategic gate. */
const twoWeights = {
  score: { threshold: 60 },
  criterion: {
    potential: { weight: 50 },
    margin: { weight: 50 },
    risk: { active: false },
    breadth: { active: false },
    growth: { active: false },
  },
};

/** A lighthouse with these points in potential and margin on `aScale`. */
function contestant(
  [potential, margin]: readonly [number, number],
  changes: Partial<GroupFacts> = {},
  settings: object = twoWeights,
): Contestant | null {
  const facts = aGroup({
    ratings: { referenceCustomer: 3, opinionLeader: 0 },
    contributionMargin: euros(600 * margin),
    ...changes,
  });
  const of: GroupPotential = aPotential({ additional: euros(1000 * potential) });
  const standing = { tier: null, segment: 'top' } as const;
  const lines = { revenue: 0, potential: 0 };
  return contestantOf(facts, decided(facts, { potential: of, standing, lines, settings }), settingsWith(settings));
}

const shares = (some: readonly (Contestant | null)[], settings: object = twoWeights, seed = 2022): number[] => {
  const all = some.filter((one) => one !== null);
  const found = robustnessOf(all, settingsWith(settings), drawsFrom(seed));
  return all.filter(({ claim }) => claim !== 'key').map(({ groupId }) => found.get(groupId) ?? Number.NaN);
};

describe('a group by itself', () => {
  test('stays under all weights when every criterion alone is above the threshold', () => {
    expect(shares([contestant([61, 90])])).toEqual([1]);
  });

  test('stays under about half of them when both weights have to be as they are', () => {
    // 100 and 20 make just over 60 with equal weights: whenever potential weighs no less than margin.
    const [share = 0] = shares([contestant([100, 20.01])]);
    expect(share).toBeGreaterThan(0.45);
    expect(share).toBeLessThan(0.55);
  });

  test('that is no candidate today has a share too, where other weights would make it one', () => {
    // 59.9 today; 60.01 from a weight ratio of 1.004 on.
    const [share = 0] = shares([contestant([99.8, 20])]);
    expect(share).toBeGreaterThan(0.4);
    expect(share).toBeLessThan(0.5);
  });

  test('takes no part where no weights near those set could carry it', () => {
    // At best potential weighs 60 and margin 40: 0.6 × 80 + 0.4 × 28 = 59.2.
    expect(contestant([80, 28])).toBeNull();
    // 0.6 × 80 + 0.4 × 30.1 = 60.04.
    expect(contestant([80, 30.1])).not.toBeNull();
  });

  test('takes no part when people keep it out, or when the customer declined', () => {
    expect(contestant([90, 90], { exclusion: { reason: null } })).toBeNull();
    const declined: Answer = { is: 'declined', on: '2026-09-01', reason: null, reaskOn: null };
    expect(contestant([90, 90], { answer: declined })).toBeNull();
    const override = { tier: 'standard', reason: 'Board', until: '2027-01-31' } as const;
    expect(contestant([90, 90], { override })).toBeNull();
  });

  test('hangs on the strategic weights too, unless people rated one criterion 3', () => {
    // References 2 of 3 and nothing else, at weights 75 to 25: a mean of exactly 50 %, so about half of all weights pass.
    const settings = {
      ...twoWeights,
      criterion: {
        ...twoWeights.criterion,
        referenceCustomer: { weight: 75 },
        opinionLeader: { weight: 25 },
        complexity: { weight: 0 },
        countries: { weight: 0 },
        sites: { weight: 0 },
      },
    };
    const [mean = 0] = shares(
      [contestant([90, 90], { ratings: { referenceCustomer: 2, opinionLeader: 0 } }, settings)],
      settings,
    );
    expect(mean).toBeGreaterThan(0.4);
    expect(mean).toBeLessThan(0.6);
    expect(shares([contestant([90, 90], {}, settings)], settings)).toEqual([1]);
  });

  test('with unknown figures is a candidate only while enough of the weights are known', () => {
    // Half of the weights are known where half are needed: about half of all weights leave enough.
    const settings = { ...twoWeights, score: { threshold: 60, minimumConfidence: 0.5 } };
    const [share = 0] = shares([contestant([90, 0], { contributionMargin: unknown('noMargin') }, settings)], settings);
    expect(share).toBeGreaterThan(0.45);
    expect(share).toBeLessThan(0.55);
  });

  test('is given the same share by every run', () => {
    const one = contestant([100, 20.01]);
    expect(shares([one])).toEqual(shares([one]));
    expect(shares([one], twoWeights, 1)).not.toEqual(shares([one], twoWeights, 2));
  });
});

describe('groups under a cap', () => {
  const cap = (capacity: number): object => ({ ...twoWeights, score: { threshold: 60, capacity } });
  const first = contestant([100, 80], { groupId: accountId(1) });
  const second = contestant([80, 99.99], { groupId: accountId(2) });

  test('share one place by how often each ranks first', () => {
    const [one = 0, other = 0] = shares([first, second], cap(1));
    expect(one + other).toBe(1);
    expect(one).toBeGreaterThan(0.45);
    expect(one).toBeLessThan(0.55);
  });

  test('both stay where there is room for two', () => expect(shares([first, second], cap(2))).toEqual([1, 1]));

  test('lose their places to key accounts, which weights do not move', () => {
    const accepted: Answer = { is: 'accepted', on: '2026-09-01', missing: [] };
    const key = contestant([0, 0], { groupId: accountId(3), answer: accepted });
    expect(shares([first, second, key], cap(1))).toEqual([0, 0]);
  });

  test('keep them where the customer was asked already', () => {
    const promised = contestant([80, 99.99], { groupId: accountId(2), answer: asked });
    expect(shares([first, promised], cap(1))[1]).toBe(1);
  });

  test('with equal points rank by revenue', () => {
    const rich = contestant([90, 90], { groupId: accountId(2), yearlyRevenue: euros(200_000) });
    const poor = contestant([90, 90], { groupId: accountId(1), yearlyRevenue: euros(100_000) });
    const found = robustnessOf(
      [poor, rich].filter((one) => one !== null),
      settingsWith(cap(1)),
      drawsFrom(1),
    );
    expect(Object.fromEntries(found)).toEqual({ [accountId(1)]: 0, [accountId(2)]: 1 });
  });
});
