/** Yearly money not yet earned, per account and product family, with source, confidence and why. */
import type { Cents, Fraction, RecordId } from './units.js';
import type { Unknown } from './unknown.js';
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

/** The seam that the full models replace: benchmarks of the account's peer group in, potential out. */
export type AssessPotential = (account: AccountFacts, benchmarks: Benchmark[], settings: Settings) => Potential;
