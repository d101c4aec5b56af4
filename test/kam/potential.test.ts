import { describe, expect, test } from 'vitest';
import { assessPotential } from '../../src/kam/potential.js';
import { unknown } from '../../src/kam/unknown.js';
import { aBenchmark, anAccount, euros, settingsWith } from '../support/builders.js';

const settings = settingsWith();

describe('a family that is not bought yet', () => {
  test('is worth the share of peers that buy it times what they typically spend, scaled to the account', () => {
    const [cell] = assessPotential(anAccount(), [aBenchmark()], settings).cells;
    expect(cell).toEqual({
      family: 'Service',
      kind: 'crossSell',
      amount: euros(5_000),
      pipeline: 0,
      source: 'peers',
      confidence: 0.4,
      why: { is: 'crossSell', buyers: 8, peers: 16, peerLevel: 'industry', typicalSpend: euros(10_000) },
    });
  });

  test('is rounded to the cent twice, so that each figure can be computed again from the one before', () => {
    // A third of 0.05 is 0.01666…, shown as 2 cents; a third of the peers buy: 0.666… cents, shown as 1 cent.
    const account = anAccount({ yearlyRevenue: 5 });
    const benchmark = aBenchmark({ peers: 3, buyers: 1, medianShare: 1 / 3 });
    const [cell] = assessPotential(account, [benchmark], settings).cells;
    expect(cell).toMatchObject({ amount: 1, why: { typicalSpend: 2 } });
  });

  test('counts less what is already in the pipeline', () => {
    const account = anAccount({ pipeline: [{ family: 'Service', yearly: euros(2_000) }] });
    const potential = assessPotential(account, [aBenchmark()], settings);
    expect(potential.crossSell).toBe(euros(3_000));
    expect(potential.cells).toMatchObject([{ amount: euros(3_000), pipeline: euros(2_000) }]);
  });

  test('is no whitespace any more where the pipeline covers it', () => {
    const account = anAccount({ pipeline: [{ family: 'Service', yearly: euros(9_000) }] });
    expect(assessPotential(account, [aBenchmark()], settings)).toMatchObject({ crossSell: 0, cells: [] });
  });

  test('is no less worth where the pipeline is negative', () => {
    const account = anAccount({ pipeline: [{ family: 'Service', yearly: euros(-2_000) }] });
    expect(assessPotential(account, [aBenchmark()], settings)).toMatchObject({
      crossSell: euros(5_000),
      cells: [{ pipeline: 0 }],
    });
  });

  test.each([{ buyers: 0 }, { peers: 0, buyers: 0 }])('is worth nothing with %o', (changes) => {
    expect(assessPotential(anAccount(), [aBenchmark(changes)], settings).crossSell).toBe(0);
  });
});

describe('a family that is bought', () => {
  const pumps = aBenchmark({ family: 'Pumps', upperShare: 0.6 });

  test('is worth a quarter of the gap to what the stronger buyers spend', () => {
    const [cell] = assessPotential(anAccount(), [pumps], settings).cells;
    expect(cell).toMatchObject({
      kind: 'upSell',
      amount: euros(5_000),
      why: {
        is: 'upSell',
        buyers: 8,
        peerLevel: 'industry',
        ownSpend: euros(40_000),
        benchmarkSpend: euros(60_000),
        realisation: 0.25,
      },
    });
  });

  test('is worth nothing more above the benchmark', () => {
    expect(assessPotential(anAccount(), [{ ...pumps, upperShare: 0.3 }], settings).upSell).toBe(0);
  });

  test('needs five buyers for a benchmark', () => {
    expect(assessPotential(anAccount(), [{ ...pumps, buyers: 4 }], settings).upSell).toBe(0);
    expect(assessPotential(anAccount(), [{ ...pumps, buyers: 5 }], settings).upSell).toBe(euros(5_000));
  });

  test('counts less what is already in the pipeline', () => {
    const account = anAccount({ pipeline: [{ family: 'Pumps', yearly: euros(1_000) }] });
    expect(assessPotential(account, [pumps], settings).upSell).toBe(euros(4_000));
  });
});

describe('the potential of an account', () => {
  test('is cross-selling plus up-selling, and the wallet share what it has of both', () => {
    const potential = assessPotential(
      anAccount(),
      [aBenchmark(), aBenchmark({ family: 'Pumps', upperShare: 0.6 })],
      settings,
    );
    expect(potential).toMatchObject({ crossSell: euros(5_000), upSell: euros(5_000), additional: euros(10_000) });
    expect(potential.walletShare).toBeCloseTo(10 / 11, 12);
  });

  test('lists its cells largest first, then by name, whatever the order of the benchmarks', () => {
    const benchmarks = ['Valves', 'Service', 'Filters'].map((family) =>
      aBenchmark({ family, medianShare: family === 'Valves' ? 0.3 : 0.1 }),
    );
    const order = (list: typeof benchmarks) => assessPotential(anAccount(), list, settings).cells.map((c) => c.family);
    expect(order(benchmarks)).toEqual(['Valves', 'Filters', 'Service']);
    expect(order(benchmarks.toReversed())).toEqual(['Valves', 'Filters', 'Service']);
  });

  test('is trusted less where the peer group is small', () => {
    const confidence = (accounts: number) =>
      assessPotential(
        anAccount({ peerGroup: { level: 'all', industry: null, size: null, accounts } }),
        [aBenchmark()],
        settings,
      ).confidence;
    expect([4, 8, 16, 100].map(confidence)).toEqual([0.1, 0.2, 0.4, 0.4]);
  });

  test.each([
    ['without sales', { yearlyRevenue: unknown('noSales') }, 'noSales'],
    ['with sales that were all returned', { yearlyRevenue: 0 }, 'noSales'],
    ['with returns only', { yearlyRevenue: -1 }, 'noSales'],
    ['alone', { peerGroup: { level: 'all', industry: null, size: null, accounts: 1 } as const }, 'noPeers'],
  ] as const)('is unknown %s, not zero', (_, changes, why) => {
    const nothing = unknown(why);
    expect(assessPotential(anAccount(changes), [aBenchmark()], settings)).toEqual({
      accountId: anAccount().accountId,
      crossSell: nothing,
      upSell: nothing,
      additional: nothing,
      walletShare: nothing,
      confidence: 0,
      cells: [],
    });
  });

  test('needs one other account to compare with', () => {
    const peerGroup = { level: 'all', industry: null, size: null, accounts: 2 } as const;
    expect(assessPotential(anAccount({ peerGroup }), [aBenchmark()], settings).crossSell).toBe(euros(5_000));
  });

  test('is unknown where no family can be compared', () => {
    expect(assessPotential(anAccount(), [], settings).additional).toEqual(unknown('noPeers'));
  });
});
