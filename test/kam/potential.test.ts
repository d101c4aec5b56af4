import { describe, expect, test } from 'vitest';
import { assessPotential, type FamilyEstimate, type Potential } from '../../src/kam/potential.js';
import type { AccountFacts, FamilyWord } from '../../src/kam/facts.js';
import { unknown } from '../../src/kam/unknown.js';
import { anAccount, euros, settingsWith } from '../support/builders.js';

const settings = settingsWith();

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
  assessPotential(anAccount(changes), estimates, settings);

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
        sister: null,
        rival: null,
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

const aWord = (changes: Partial<FamilyWord> = {}): FamilyWord => ({
  family: 'Service',
  wallet: { amount: euros(40_000), on: '2026-03-01', by: 'customer' },
  servedBy: null,
  competitor: null,
  ...changes,
});

/** The one cell of an account on which people wrote this about service. */
const told = (word: Partial<FamilyWord>, estimates = [service()], changes: Partial<AccountFacts> = {}) => {
  const { cells, settled } = potentialOf(estimates, { words: [aWord(word)], ...changes });
  return [...cells, ...settled];
};

describe('what people know of a family', () => {
  test('a stated wallet beats the estimate: 65 % of it is attainable', () => {
    // 65 % of 40,000; the customer's own fresh word has no range.
    expect(told({})).toMatchObject([
      {
        kind: 'crossSell',
        amount: euros(26_000),
        range: { low: euros(26_000), high: euros(26_000) },
        source: 'customer',
        confidence: 1,
        why: { is: 'stated', own: 0, wallet: euros(40_000), attainable: 0.65, gap: euros(26_000), by: 'customer' },
      },
    ]);
  });

  test('what we have of it already is left out, and so is the pipeline', () => {
    // Pumps: 65 % of 80,000 is 52,000, of which 40,000 are ours, and 2,000 in the pipeline.
    const wallet = { amount: euros(80_000), on: '2026-03-01', by: 'tender' } as const;
    expect(told({ family: 'Pumps', wallet }, [pumps()], inPipeline('Pumps', 2_000))).toMatchObject([
      { kind: 'upSell', amount: euros(10_000), pipeline: euros(2_000), source: 'tender', confidence: 0.9 },
    ]);
  });

  test('an estimate of the account team is taken give or take 40 %, and never beyond the wallet', () => {
    // 26,000 attainable: 60 % of it is 15,600; 140 % would be 36,400, and the wallet is 40,000.
    const wallet = { amount: euros(40_000), on: '2026-03-01', by: 'accountTeam' } as const;
    const range = { low: euros(15_600), high: euros(36_400) };
    expect(told({ wallet })).toMatchObject([{ range, confidence: 0.6 }]);
    const whole = potentialOf([service()], { words: [aWord({ wallet })] });
    expect(whole.cells[0]?.range.high).toBeLessThanOrEqual(euros(40_000));
  });

  test.each([
    ['2025-10-31', 1],
    ['2025-05-01', 1],
    ['2025-04-30', 0.9],
    ['2024-10-31', 0.8],
    ['2021-10-31', 0.2],
  ])("the customer's word of %s counts %d, a year in full and then a tenth less each half-year", (on, confidence) => {
    const cells = told({ wallet: { amount: euros(40_000), on, by: 'customer' } }, []);
    expect(cells).toMatchObject([{ confidence }]);
  });

  test('a statement that is trusted less than the estimate gives way to it', () => {
    // The account team's 0.6 of three years ago: less 0.4 for four half-years.
    const wallet = { amount: euros(40_000), on: '2023-10-31', by: 'accountTeam' } as const;
    expect(told({ wallet })).toMatchObject([{ source: 'peers', amount: euros(5_000) }]);
  });

  test('without a date it counts no more than a comparison, without a source as the account team’s', () => {
    expect(told({ wallet: { amount: euros(40_000), on: null, by: 'customer' } })).toMatchObject([{ confidence: 0.4 }]);
    expect(told({ wallet: { amount: euros(40_000), on: '2026-03-01', by: null } })).toMatchObject([
      { source: 'accountTeam', confidence: 0.6 },
    ]);
  });

  test('a wallet of 0 means that nothing is needed', () => {
    expect(
      potentialOf([service()], { words: [aWord({ wallet: { amount: 0, on: '2026-03-01', by: 'customer' } })] }),
    ).toMatchObject({ crossSell: 0, cells: [], settled: [{ family: 'Service', amount: 0, source: 'customer' }] });
  });

  test.each(['us', 'internal'] as const)('where the demand is served by %s, nothing is left to win', (servedBy) => {
    expect(told({ wallet: null, servedBy })).toMatchObject([
      { amount: 0, range: { low: 0, high: 0 }, source: 'accountTeam', why: { is: 'closed', servedBy } },
    ]);
  });

  test('a wallet tells how much is left beside us, but not where the customer makes the family himself', () => {
    expect(told({ servedBy: 'us' })).toMatchObject([{ amount: euros(26_000) }]);
    expect(told({ servedBy: 'internal' })).toMatchObject([{ amount: 0, why: { is: 'closed' } }]);
  });

  test.each([
    [
      { servedBy: 'competitor', competitor: 'ACME' },
      { is: 'competitor', name: 'ACME' },
    ],
    [{ servedBy: 'nobody' }, { is: 'nobody' }],
    [{ servedBy: 'unknown' }, null],
  ] as const)('%o leaves the estimate and is said beside it', (word, rival) => {
    expect(told({ wallet: null, ...word })).toMatchObject([{ amount: euros(5_000), source: 'peers', rival }]);
  });

  test('a wallet counts where nothing can be estimated; who serves a demand does not make it known', () => {
    const nothing = unknown('noSales');
    const known = (words: FamilyWord[]) =>
      assessPotential(anAccount({ words, families: [] }), nothing, settings).additional;
    expect(known([aWord()])).toBe(euros(26_000));
    expect(known([aWord({ wallet: null, servedBy: 'us' })])).toEqual(nothing);
  });

  test('the wallet share is what we have of all that was stated, not only of what is attainable', () => {
    // 100,000 are ours; pumps: 160,000 of 200,000 are bought elsewhere.
    const wallet = { amount: euros(200_000), on: '2026-03-01', by: 'customer' } as const;
    expect(potentialOf([pumps()], { words: [aWord({ family: 'Pumps', wallet })] })).toMatchObject({
      elsewhere: euros(160_000),
      walletShare: 100 / 260,
    });
  });
});

describe('a family that a sister site buys', () => {
  test('is whitespace with that site named', () => {
    const sister = { name: 'Alpha Lyon', most: euros(30_000), typical: euros(30_000), least: euros(30_000) };
    const sisters = [{ ...sister, family: 'Service', sites: 1, buyers: 1 }];
    expect(potentialOf([service(), pumps()], { sisters }).cells.map((cell) => cell.sister)).toEqual([
      null,
      { name: 'Alpha Lyon', yearly: euros(30_000) },
    ]);
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
    expect(assessPotential(anAccount(), nothing, settings)).toEqual({
      accountId: anAccount().accountId,
      crossSell: nothing,
      upSell: nothing,
      additional: nothing,
      elsewhere: nothing,
      walletShare: nothing,
      confidence: 0,
      cells: [],
      risk: unknown('notModelled'),
      settled: [],
    });
  });
});
