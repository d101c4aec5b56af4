/** Yearly money not yet earned, per account and product family, with range, source, confidence and why. */
import sumBy from 'lodash/sumBy.js';
import type { AccountFacts } from './facts.js';
import { toCents, type Cents, type Fraction, type RecordId } from './units.js';
import { isKnown, type Unknown } from './unknown.js';

/** Where money may lie: not below `low`, not above `high`. */
export type MoneyRange = { low: Cents; high: Cents };

/**
 * What is estimated of one account and one family, before pipeline and people's word.
 *
 * Units: cents per year. `range` is that of `spend`, and of `volume` plus what is known of `value`; it holds the estimate.
 */
export type FamilyEstimate =
  | {
      is: 'whitespace';
      family: string;
      /** That the account starts to buy the family. */
      probability: Fraction;
      /** A year's spend, if it does. */
      spend: Cents;
      range: MoneyRange;
      source: 'model' | 'peers';
      confidence: Fraction;
      why: WhitespaceWhy;
    }
  | {
      is: 'bought';
      family: string;
      own: Cents;
      /** What can be won of the gap to what comparable customers spend. */
      volume: Cents;
      /** What can be won of the gap to the price level that comparable customers choose. */
      value: Cents | Unknown;
      range: MoneyRange;
      source: 'model' | 'peers';
      confidence: Fraction;
      why: BoughtWhy;
    };

/** Where a family that is not bought gets its probability from. */
export type WhitespaceWhy = {
  is: 'peers';
  buyers: number;
  peers: number;
  peerLevel: AccountFacts['peerGroup']['level'];
};

/** Where the gap in a family that is bought comes from. */
export type BoughtWhy = {
  is: 'peers';
  buyers: number;
  peerLevel: AccountFacts['peerGroup']['level'];
  /** What the stronger of comparable buyers would spend at this account's size. */
  benchmark: Cents;
  realisation: Fraction;
};

/** One cell of account × family. `crossSell` where the family is not bought yet, `upSell` where it is. */
export type PotentialCell = {
  family: string;
  kind: 'crossSell' | 'upSell';
  /** Expected money per year after pipeline was subtracted, never negative. */
  amount: Cents;
  /** Of `amount`, pipeline subtracted; never negative. */
  range: MoneyRange;
  /** Open pipeline in the family that was subtracted. */
  pipeline: Cents;
  source: PotentialSource;
  confidence: Fraction;
  why: PotentialWhy;
};

export type PotentialSource = 'model' | 'peers';

/** The argument as data: every figure that is needed to compute `amount` again by hand. */
export type PotentialWhy =
  | { is: 'whitespace'; probability: Fraction; spend: Cents; from: WhitespaceWhy }
  | { is: 'bought'; own: Cents; volume: Cents; value: Cents | Unknown; from: BoughtWhy };

/** The potential of one account; sums are unknown where nothing could be estimated. */
export type Potential = {
  accountId: RecordId;
  crossSell: Cents | Unknown;
  upSell: Cents | Unknown;
  /** crossSell + upSell. */
  additional: Cents | Unknown;
  /** Own yearly revenue as a share of own revenue plus additional potential. */
  walletShare: Fraction | Unknown;
  /** Of the cells, weighted by their amounts. */
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

/**
 * What one account could buy beyond what it buys: its estimates, less what is in the pipeline already.
 *
 * Shape:  one cell per family with an amount above zero; pipeline is subtracted per family, never below zero.
 * Units:  cents per year; each product is rounded to the cent once, so that a reader can recompute every figure.
 * Errors: none. Where nothing could be estimated, all sums are unknown for that reason.
 */
export function assessPotential(account: AccountFacts, estimates: readonly FamilyEstimate[] | Unknown): Potential {
  if (!isKnown(estimates)) return nothingKnown(account.accountId, estimates);
  const pipeline = new Map(account.pipeline.map(({ family, yearly }) => [family, yearly]));
  const cells = estimates
    .map((estimate) => cellOf(estimate, Math.max(0, pipeline.get(estimate.family) ?? 0)))
    .filter(({ amount }) => amount > 0)
    .toSorted((a, b) => b.amount - a.amount || (a.family < b.family ? -1 : 1));
  const crossSell = sumOf(cells, 'crossSell');
  const upSell = sumOf(cells, 'upSell');
  const additional = crossSell + upSell;
  const revenue = account.yearlyRevenue;
  return {
    accountId: account.accountId,
    crossSell,
    upSell,
    additional,
    walletShare: isKnown(revenue) ? revenue / (revenue + additional) : revenue,
    confidence: additional > 0 ? sumBy(cells, (cell) => cell.amount * cell.confidence) / additional : 0,
    cells,
  };
}

function cellOf(estimate: FamilyEstimate, pipeline: Cents): PotentialCell {
  const { family, source, confidence } = estimate;
  const open = (gross: Cents): Cents => Math.max(0, gross - pipeline);
  const shared = { family, pipeline, source, confidence };
  switch (estimate.is) {
    case 'whitespace': {
      const { probability, spend, range, why } = estimate;
      const expected = (yearly: Cents): Cents => open(toCents(probability * yearly));
      return {
        ...shared,
        kind: 'crossSell',
        amount: expected(spend),
        range: { low: expected(range.low), high: expected(range.high) },
        why: { is: 'whitespace', probability, spend, from: why },
      };
    }
    case 'bought': {
      const { own, volume, value, range, why } = estimate;
      return {
        ...shared,
        kind: 'upSell',
        amount: open(volume + (isKnown(value) ? value : 0)),
        range: { low: open(range.low), high: open(range.high) },
        why: { is: 'bought', own, volume, value, from: why },
      };
    }
  }
}

const sumOf = (cells: readonly PotentialCell[], kind: PotentialCell['kind']): Cents =>
  sumBy(
    cells.filter((cell) => cell.kind === kind),
    'amount',
  );

const nothingKnown = (accountId: RecordId, why: Unknown): Potential => ({
  accountId,
  crossSell: why,
  upSell: why,
  additional: why,
  walletShare: why,
  confidence: 0,
  cells: [],
});
