import { expect, test } from 'vitest';
import type { AccountFacts } from '../../src/kam/facts.js';
import { prospectEstimates } from '../../src/kam/prospects.js';
import { segmentOf } from '../../src/kam/segment.js';
import { unknown } from '../../src/kam/unknown.js';
import { aBenchmark, anAccount, euros, settingsWith, someLines } from '../support/builders.js';

const settings = settingsWith({ potential: { prospects: true } });
const prospect = (changes: Partial<AccountFacts> = {}): AccountFacts =>
  anAccount({ yearlyRevenue: unknown('noSales'), families: [], ...changes });

/** One account in five became a customer. */
const conversion = { became: 4, of: 20 };

test('an account without sales buys what comparable customers buy, if it becomes a customer', () => {
  // A fifth becomes a customer, half of the customers buy service, for 9,000 in the middle.
  expect(prospectEstimates(prospect(), [aBenchmark()], conversion, settings)).toEqual([
    {
      is: 'whitespace',
      family: 'Service',
      probability: 0.1,
      spend: euros(9_000),
      range: { low: euros(6_000), high: euros(12_000) },
      source: 'peers',
      confidence: 0.2,
      why: { is: 'prospect', buyers: 8, peers: 16, peerLevel: 'industry', conversion },
    },
  ]);
});

test('a site without sales buys what its sister sites buy, before what others buy', () => {
  const sisters = [
    {
      family: 'Service',
      name: 'Lyon',
      most: euros(50_000),
      typical: euros(40_000),
      least: euros(30_000),
      sites: 4,
      buyers: 3,
    },
  ];
  const estimates = prospectEstimates(prospect({ sisters }), [aBenchmark()], conversion, settings);
  expect(estimates).toEqual([
    {
      is: 'whitespace',
      family: 'Service',
      probability: 0.2 * 0.75,
      spend: euros(40_000),
      range: { low: euros(30_000), high: euros(50_000) },
      source: 'sisterSite',
      confidence: 0.2,
      why: { is: 'sisters', buyers: 3, sites: 4, conversion },
    },
  ]);
});

test('nobody who became a customer means nothing to be expected, which is known', () => {
  expect(prospectEstimates(prospect(), [aBenchmark()], { became: 0, of: 20 }, settings)).toMatchObject([
    { probability: 0 },
  ]);
});

test('prospects take no part unless the admin lets them, and none without anybody to compare with', () => {
  expect(prospectEstimates(prospect(), [aBenchmark()], conversion, settingsWith())).toEqual(unknown('noSales'));
  const alone = prospect({ peerGroup: { level: 'all', industry: null, size: null, accounts: 1 } });
  expect(prospectEstimates(alone, [aBenchmark()], conversion, settings)).toEqual(unknown('noPeers'));
});

test('a prospect with much potential is a development customer, as its revenue is known to be none', () => {
  const segment = (potential: number, on = settings) =>
    segmentOf(unknown('noSales'), potential, someLines, on, null).segment;
  expect([segment(euros(40_000)), segment(euros(1_000))]).toEqual(['development', 'small']);
  expect(segment(euros(40_000), settingsWith())).toBe('unknown');
});
