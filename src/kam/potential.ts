/** Yearly money not yet earned, per account and product family, with source, confidence and why. */
import sumBy from 'lodash/sumBy.js';
import { toCents, type Cents, type Fraction, type RecordId } from './units.js';
import { isKnown, unknown, type Unknown } from './unknown.js';
import type { AccountFacts, Benchmark } from './facts.js';
import type { Settings } from './settings.js';

/** One cell of account × family. `crossSell` where the family is not bought yet, `upSell` where it is. */
export type PotentialCell = {
  family: string;
  kind: 'crossSell' | 'upSell';
  /** Expected money per year after pipeline was subtracted, never negative. */
  amount: Cents;
  /** Open pipeline in the family that was subtracted. */
  pipeline: Cents;
  source: 'peers';
  confidence: Fraction;
  why: PotentialWhy;
};

/** The argument as data: every figure that is needed to compute `amount` again by hand. */
export type PotentialWhy =
  | {
      is: 'crossSell';
      buyers: number;
      peers: number;
      peerLevel: AccountFacts['peerGroup']['level'];
      /** What comparable buyers typically spend, scaled to this account: median share × own yearly revenue. */
      typicalSpend: Cents;
    }
  | {
      is: 'upSell';
      buyers: number;
      peerLevel: AccountFacts['peerGroup']['level'];
      ownSpend: Cents;
      /** Upper share × own yearly revenue. */
      benchmarkSpend: Cents;
      realisation: Fraction;
    };

/** The potential of one account; sums are unknown where the account has no sales to scale by or no peers. */
export type Potential = {
  accountId: RecordId;
  crossSell: Cents | Unknown;
  upSell: Cents | Unknown;
  /** crossSell + upSell. */
  additional: Cents | Unknown;
  /** Own yearly revenue as a share of own revenue plus additional potential. */
  walletShare: Fraction | Unknown;
  confidence: Fraction;
  /** Cells with an amount above zero, largest first, then by family. */
  cells: PotentialCell[];
};

/** The potential of a group: sums over its accounts, unknown only where every account's is. */
export type GroupPotential = {
  crossSell: Cents | Unknown;
  upSell: Cents | Unknown;
  additional: Cents | Unknown;
  walletShare: Fraction | Unknown;
  /** White families over all families that are bought or white, in the group as one. */
  breadth: Fraction | Unknown;
  /** Cells of all accounts, summed per family and kind, largest first, then by family; the why is the largest account's. */
  cells: PotentialCell[];
};

/** Fewer buyers than this say nothing about an upper benchmark. Choice: half of the usual minimum peer group. */
const MINIMUM_BUYERS = 5;

/** How far a peer benchmark can be trusted: a tender would be 0.9, the customer's own word 1. */
const PEER_CONFIDENCE = 0.4;

/**
 * Estimates what one account could buy beyond what it buys, by what comparable accounts do.
 *
 * Shape:  one cell per family with an amount above zero; pipeline is subtracted per family, never below zero.
 * Units:  cents per year; each product is rounded to the cent once, so that a reader can recompute every figure.
 * Errors: none. Without own revenue to scale by, or without peers, all sums are unknown.
 * Source: peer benchmark with share of wallet; Lawrence et al. 2007, Perlich et al. 2007 (upper quantile as wallet).
 */
export function assessPotential(
  account: AccountFacts,
  benchmarks: readonly Benchmark[],
  settings: Settings,
): Potential {
  const revenue = account.yearlyRevenue;
  if (!isKnown(revenue) || revenue <= 0) return nothingKnown(account.accountId, 'noSales');
  if (account.peerGroup.accounts < 2 || benchmarks.length === 0) return nothingKnown(account.accountId, 'noPeers');
  const confidence = PEER_CONFIDENCE * Math.min(1, account.peerGroup.accounts / (2 * settings.potential.minimumPeers));
  const bought = new Map(account.families.map(({ family, yearly }) => [family, yearly]));
  const pipeline = new Map(account.pipeline.map(({ family, yearly }) => [family, yearly]));
  const cells = benchmarks
    .flatMap((benchmark): PotentialCell[] => {
      const own = bought.get(benchmark.family);
      const { gross, why } =
        own === undefined
          ? crossSell(account, revenue, benchmark)
          : upSell(account, revenue, own, benchmark, settings.potential.realisation);
      const inPipeline = Math.max(0, pipeline.get(benchmark.family) ?? 0);
      const amount = Math.max(0, gross - inPipeline);
      return amount === 0
        ? []
        : [{ family: benchmark.family, kind: why.is, amount, pipeline: inPipeline, source: 'peers', confidence, why }];
    })
    .toSorted((a, b) => b.amount - a.amount || (a.family < b.family ? -1 : 1));
  const crossSum = sumOf(cells, 'crossSell');
  const upSum = sumOf(cells, 'upSell');
  return {
    accountId: account.accountId,
    crossSell: crossSum,
    upSell: upSum,
    additional: crossSum + upSum,
    walletShare: revenue / (revenue + crossSum + upSum),
    confidence,
    cells,
  };
}

type Estimate = { gross: Cents; why: PotentialWhy };

function crossSell(account: AccountFacts, revenue: Cents, benchmark: Benchmark): Estimate {
  const typicalSpend = toCents(benchmark.medianShare * revenue);
  const gross = benchmark.peers === 0 ? 0 : toCents((benchmark.buyers / benchmark.peers) * typicalSpend);
  const { buyers, peers } = benchmark;
  return { gross, why: { is: 'crossSell', buyers, peers, peerLevel: account.peerGroup.level, typicalSpend } };
}

function upSell(
  account: AccountFacts,
  revenue: Cents,
  ownSpend: Cents,
  benchmark: Benchmark,
  realisation: Fraction,
): Estimate {
  const benchmarkSpend = toCents(benchmark.upperShare * revenue);
  const gap = benchmark.buyers < MINIMUM_BUYERS ? 0 : Math.max(0, benchmarkSpend - ownSpend);
  const why: PotentialWhy = {
    is: 'upSell',
    buyers: benchmark.buyers,
    peerLevel: account.peerGroup.level,
    ownSpend,
    benchmarkSpend,
    realisation,
  };
  return { gross: toCents(gap * realisation), why };
}

const sumOf = (cells: readonly PotentialCell[], kind: PotentialCell['kind']): Cents =>
  sumBy(
    cells.filter((cell) => cell.kind === kind),
    'amount',
  );

function nothingKnown(accountId: RecordId, why: 'noSales' | 'noPeers'): Potential {
  const nothing = unknown(why);
  return {
    accountId,
    crossSell: nothing,
    upSell: nothing,
    additional: nothing,
    walletShare: nothing,
    confidence: 0,
    cells: [],
  };
}
