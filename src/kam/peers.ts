/** What an account could buy, judged by what comparable accounts do: the estimate where no model says more. */
import type { AccountFacts, Benchmark } from './facts.js';
import type { FamilyEstimate } from './potential.js';
import type { Settings } from './settings.js';
import { toCents, type Cents, type Fraction } from './units.js';
import { isKnown, unknown, type Unknown } from './unknown.js';

/** Fewer buyers than this say nothing about an upper benchmark. Choice: half of the usual minimum peer group. */
const MINIMUM_BUYERS = 5;

/** How far a peer benchmark can be trusted: a tender would be 0.9, the customer's own word 1. */
const PEER_CONFIDENCE = 0.4;

/**
 * One estimate per family that comparable accounts buy.
 *
 * Shape:  ranges are what the middle half of the buyers spends, and the gap to the middle and to the top tenth of them.
 * Units:  cents per year; each product is rounded to the cent once.
 * Errors: none. Unknown without own revenue to scale by, or without peers.
 * Source: peer benchmark with share of wallet; Lawrence et al. 2007, Perlich et al. 2007 (upper quantile as wallet).
 */
export function peerEstimates(
  account: AccountFacts,
  benchmarks: readonly Benchmark[],
  settings: Settings,
): FamilyEstimate[] | Unknown {
  const revenue = account.yearlyRevenue;
  if (!isKnown(revenue) || revenue <= 0) return unknown('noSales');
  const { accounts, level } = account.peerGroup;
  if (accounts < 2 || benchmarks.length === 0) return unknown('noPeers');
  const confidence = PEER_CONFIDENCE * Math.min(1, accounts / (2 * settings.potential.minimumPeers));
  const bought = new Map(account.families.map(({ family, yearly }) => [family, yearly]));
  const scaled = (share: Fraction): Cents => toCents(share * revenue);
  return benchmarks.map((benchmark): FamilyEstimate => {
    const { family, buyers, peers } = benchmark;
    const own = bought.get(family);
    if (own === undefined) {
      return {
        is: 'whitespace',
        family,
        probability: peers === 0 ? 0 : buyers / peers,
        spend: scaled(benchmark.medianShare),
        range: { low: scaled(benchmark.lowShare), high: scaled(benchmark.highShare) },
        source: 'peers',
        confidence,
        why: { is: 'peers', buyers, peers, peerLevel: level },
      };
    }
    const { realisation } = settings.potential;
    const wonOf = (spend: Cents): Cents =>
      buyers < MINIMUM_BUYERS ? 0 : toCents(Math.max(0, spend - own) * realisation);
    const spend = scaled(benchmark.upperShare);
    const volume = wonOf(spend);
    const range = {
      low: Math.min(volume, wonOf(scaled(benchmark.medianShare))),
      high: Math.max(volume, wonOf(scaled(benchmark.topShare))),
    };
    return {
      is: 'bought',
      family,
      own,
      volume,
      value: unknown('notModelled'),
      range,
      source: 'peers',
      confidence,
      why: { is: 'peers', buyers, peerLevel: level, benchmark: spend, realisation },
    };
  });
}
