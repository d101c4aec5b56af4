import { describe, expect, test } from 'vitest';
import { assessPotential, type FamilyEstimate, type Potential } from '../../src/kam/potential.js';
import type { AccountFacts } from '../../src/kam/facts.js';
import { unknown } from '../../src/kam/unknown.js';
import { anAccount, euros } from '../support/builders.js';

/** One of two comparable accounts buys it, for 10,000 a year, the middle half for 8,000 to 16,000. */
const service = (changes: Partial<Extract<FamilyEstimate, { is: 'whitespace' }>> = {}): FamilyEstimate => ({
  is: 'whitespace',
  family: 'Service',
  probability: 0.5,
  spend: euros(10_000),
  range: { low: euros(8_000), high: euros(16_000) },
  source: 'peers',
  confidence: 0.4,
  why: { is: 'peers', buyers: 8, peers: 16, peerLevel: 'industry' },
  ...changes,
});

/** A quarter of the 20,000 between own and benchmark spend. */
const pumps = (changes: Partial<Extract<FamilyEstimate, { is: 'bought' }>> = {}): FamilyEstimate => ({
  is: 'bought',
  family: 'Pumps',
  own: euros(40_000),
  volume: euros(5_000),
  value: unknown('notModelled'),
  range: { low: euros(2_000), high: euros(9_000) },
  source: 'peers',
  confidence: 0.4,
  why: { is: 'peers', buyers: 8, peerLevel: 'industry', benchmark: euros(60_000), realisation: 0.25 },
  ...changes,
});

const potentialOf = (estimates: FamilyEstimate[], changes: Partial<AccountFacts> = {}): Potential =>
  assessPotential(anAccount(changes), estimates);

const inPipeline = (family: string, amount: number): Partial<AccountFacts> => ({
  pipeline: [{ family, yearly: euros(amount) }],
});

describe('a family that is not bought yet', () => {
  test('is worth its probability times what would be spent, and so is the range', () => {
    expect(potentialOf([service()]).cells).toEqual([
      {
        family: 'Service',
        kind: 'crossSell',
        amount: euros(5_000),
        range: { low: euros(4_000), high: euros(8_000) },
        pipeline: 0,
        source: 'peers',
        confidence: 0.4,
        why: {
          is: 'whitespace',
          probability: 0.5,
          spend: euros(10_000),
          from: { is: 'peers', buyers: 8, peers: 16, peerLevel: 'industry' },
        },
      },
    ]);
  });

  test('is rounded to the cent, so that it can be computed again from what is shown', () => {
    // A third of 2 cents is 0.666… cents.
    expect(potentialOf([service({ probability: 1 / 3, spend: 2 })]).cells).toMatchObject([{ amount: 1 }]);
  });

  test('counts less what is already in the pipeline, at both ends of the range', () => {
    const potential = potentialOf([service()], inPipeline('Service', 4_500));
    expect(potential.crossSell).toBe(euros(500));
    expect(potential.cells).toMatchObject([
      { amount: euros(500), range: { low: 0, high: euros(3_500) }, pipeline: euros(4_500) },
    ]);
  });

  test('is no whitespace any more where the pipeline covers it', () => {
    expect(potentialOf([service()], inPipeline('Service', 9_000))).toMatchObject({ crossSell: 0, cells: [] });
  });

  test('is no less worth where the pipeline is negative', () => {
    expect(potentialOf([service()], inPipeline('Service', -2_000))).toMatchObject({
      crossSell: euros(5_000),
      cells: [{ pipeline: 0 }],
    });
  });
});

describe('a family that is bought', () => {
  test('is worth what can be won of the gap, by volume where the price level is unknown', () => {
    expect(potentialOf([pumps()]).cells).toMatchObject([
      {
        kind: 'upSell',
        amount: euros(5_000),
        range: { low: euros(2_000), high: euros(9_000) },
        why: { is: 'bought', own: euros(40_000), volume: euros(5_000), value: unknown('notModelled') },
      },
    ]);
  });

  test('is worth volume plus value where both are known', () => {
    expect(potentialOf([pumps({ value: euros(1_000) })]).upSell).toBe(euros(6_000));
  });

  test('counts less what is already in the pipeline', () => {
    expect(potentialOf([pumps()], inPipeline('Pumps', 1_000)).upSell).toBe(euros(4_000));
  });
});

describe('the potential of an account', () => {
  test('is cross-selling plus up-selling, and the wallet share what it has of both', () => {
    const potential = potentialOf([service(), pumps()]);
    expect(potential).toMatchObject({ crossSell: euros(5_000), upSell: euros(5_000), additional: euros(10_000) });
    expect(potential.walletShare).toBeCloseTo(10 / 11, 12);
  });

  test('is trusted as its cells are, weighted by their amounts', () => {
    // 5,000 at 0.4 and 15,000 at 0.8: a quarter and three quarters.
    const valves = service({ family: 'Valves', spend: euros(30_000), confidence: 0.8 });
    expect(potentialOf([service(), valves]).confidence).toBeCloseTo(0.7, 12);
  });

  test('lists its cells largest first, then by name, whatever the order of the estimates', () => {
    const estimates = ['Valves', 'Service', 'Filters'].map((family) =>
      service({ family, spend: family === 'Valves' ? euros(30_000) : euros(10_000) }),
    );
    const order = (list: FamilyEstimate[]): string[] => potentialOf(list).cells.map(({ family }) => family);
    expect(order(estimates)).toEqual(['Valves', 'Filters', 'Service']);
    expect(order(estimates.toReversed())).toEqual(['Valves', 'Filters', 'Service']);
  });

  test('is unknown where nothing could be estimated, not zero', () => {
    const nothing = unknown('noSales');
    expect(assessPotential(anAccount(), nothing)).toEqual({
      accountId: anAccount().accountId,
      crossSell: nothing,
      upSell: nothing,
      additional: nothing,
      walletShare: nothing,
      confidence: 0,
      cells: [],
    });
  });
});
