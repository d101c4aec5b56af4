import { describe, expect, test } from 'vitest';
import { peerEstimates } from '../../src/kam/peers.js';
import { isKnown, unknown } from '../../src/kam/unknown.js';
import { aBenchmark, anAccount, euros, settingsWith } from '../support/builders.js';

const settings = settingsWith();

describe('a family that is not bought yet', () => {
  test('is bought by the share of peers that buy it, for what they typically spend, scaled to the account', () => {
    expect(peerEstimates(anAccount(), [aBenchmark()], settings)).toEqual([
      {
        is: 'whitespace',
        family: 'Service',
        probability: 0.5,
        spend: euros(10_000),
        range: { low: euros(8_000), high: euros(16_000) },
        source: 'peers',
        confidence: 0.4,
        why: { is: 'peers', buyers: 8, peers: 16, peerLevel: 'industry' },
      },
    ]);
  });

  test('is rounded to the cent', () => {
    // A third of 5 cents is 1.666… cents.
    const benchmark = aBenchmark({ medianShare: 1 / 3 });
    expect(peerEstimates(anAccount({ yearlyRevenue: 5 }), [benchmark], settings)).toMatchObject([{ spend: 2 }]);
  });

  test.each([{ buyers: 0 }, { peers: 0, buyers: 0 }])('is not to be expected with %o', (changes) => {
    expect(peerEstimates(anAccount(), [aBenchmark(changes)], settings)).toMatchObject([{ probability: 0 }]);
  });
});

describe('a family that is bought', () => {
  // Pumps make 40,000 of the account's 100,000.
  const pumps = aBenchmark({ family: 'Pumps', medianShare: 0.5, upperShare: 0.6, topShare: 0.8 });

  test('leaves a quarter of the gap to what the stronger buyers spend', () => {
    expect(peerEstimates(anAccount(), [pumps], settings)).toEqual([
      {
        is: 'bought',
        family: 'Pumps',
        own: euros(40_000),
        volume: euros(5_000),
        value: unknown('notModelled'),
        range: { low: euros(2_500), high: euros(10_000) },
        source: 'peers',
        confidence: 0.4,
        why: { is: 'peers', buyers: 8, peerLevel: 'industry', benchmark: euros(60_000), realisation: 0.25 },
      },
    ]);
  });

  test('leaves nothing above the benchmark, but a chance where the top tenth spends more', () => {
    expect(peerEstimates(anAccount(), [{ ...pumps, upperShare: 0.3 }], settings)).toMatchObject([
      { volume: 0, range: { low: 0, high: euros(10_000) } },
    ]);
  });

  test('needs five buyers for a benchmark', () => {
    const volume = (buyers: number) => peerEstimates(anAccount(), [{ ...pumps, buyers }], settings);
    expect(volume(4)).toMatchObject([{ volume: 0, range: { low: 0, high: 0 } }]);
    expect(volume(5)).toMatchObject([{ volume: euros(5_000) }]);
  });

  test('keeps its range around the estimate where the setting aims above the top tenth', () => {
    expect(peerEstimates(anAccount(), [{ ...pumps, upperShare: 0.9 }], settings)).toMatchObject([
      { volume: euros(12_500), range: { low: euros(2_500), high: euros(12_500) } },
    ]);
  });
});

test('is trusted less where the peer group is small', () => {
  const confidence = (accounts: number): number | undefined => {
    const peerGroup = { level: 'all', industry: null, size: null, accounts } as const;
    const estimates = peerEstimates(anAccount({ peerGroup }), [aBenchmark()], settings);
    return isKnown(estimates) ? estimates[0]?.confidence : undefined;
  };
  expect([4, 8, 16, 100].map(confidence)).toEqual([0.1, 0.2, 0.4, 0.4]);
});

test.each([
  ['without sales', { yearlyRevenue: unknown('noSales') }, 'noSales'],
  ['with sales that were all returned', { yearlyRevenue: 0 }, 'noSales'],
  ['with returns only', { yearlyRevenue: -1 }, 'noSales'],
  ['alone', { peerGroup: { level: 'all', industry: null, size: null, accounts: 1 } as const }, 'noPeers'],
] as const)('nothing can be estimated of an account %s', (_, changes, why) => {
  expect(peerEstimates(anAccount(changes), [aBenchmark()], settings)).toEqual(unknown(why));
});

test('one other account is enough to compare with', () => {
  const peerGroup = { level: 'all', industry: null, size: null, accounts: 2 } as const;
  expect(peerEstimates(anAccount({ peerGroup }), [aBenchmark()], settings)).toMatchObject([{ spend: euros(10_000) }]);
});

test('nothing can be estimated where no family can be compared', () => {
  expect(peerEstimates(anAccount(), [], settings)).toEqual(unknown('noPeers'));
});
