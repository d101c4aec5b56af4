/** What an account spends on a family once it has begun to buy it: learned from those who began in past horizons. */
import { toCents, type Cents } from '../units.js';
import { unknown, type Unknown } from '../unknown.js';
import { clip, quantile } from './distribution.js';
import type { Ledger } from './ledger.js';

/** A family's typical first spend and how it grows with the account; logarithms of whole currency units inside. */
export type SpendModel = {
  /** By the book's number of the family: mean logarithm, drawn towards the mean of all, and beginners seen. */
  readonly level: Float64Array;
  readonly beginners: Int32Array;
  readonly allBeginners: number;
  /** How much of an account's spend per family carries over into a new one; 0 not at all, 1 in proportion. */
  readonly slope: number;
  readonly meanSize: number;
  /** Lifts the typical amount to the mean amount, so that sums come out right. */
  readonly smear: number;
  /** Beginners' amounts over those predicted: the middle three fifths lie between. */
  readonly ratios: { readonly low: number; readonly high: number };
  /** A year's spend over that of the first horizon. */
  readonly year: YearFactor;
};

/** `measured`: of beginners whose first year is over. `assumed`: no such past, a year holds so many horizons. */
export type YearFactor = { readonly is: 'measured' | 'assumed'; readonly factor: number; readonly beginners: number };

export type Spend = {
  /** Of the horizon in which the account begins. */
  readonly horizon: Cents;
  readonly yearly: Cents;
  /** Of `yearly`; holds it. */
  readonly range: { readonly low: Cents; readonly high: Cents };
  readonly why: SpendWhy;
};

export type SpendWhy = {
  /** What beginners in the family typically spend in their first horizon. */
  typical: Cents;
  beginners: number;
  /** This account's size against the beginners': times this. */
  sizeFactor: number;
  /** From the typical to the mean amount: times this. */
  smear: number;
  year: YearFactor;
};

/** Counts like this many beginners of all families when a family has few of its own. Source: model 8. */
const PSEUDO_BEGINNERS = 5;

/** Counts like this much variation of sizes against a slope. Source: model 8. */
const SLOPE_PENALTY = 10;

/** Beginners' amounts above this share of them are taken for deals that do not come back. Source: model 8. */
const WINSORISED = 0.99;

/** Fewer beginners say nothing. */
const MINIMUM_BEGINNERS = 3;

type Beginner = { family: number; spend: number; log: number; size: number };

/**
 * Learns from the accounts that began to buy a family in a past horizon.
 *
 * Shape:  `past` are ledgers whose next horizon is over; `families` is one more than the book's highest family number.
 * Units:  `firstYears` are sums over beginners whose first year is over: their net in the first horizon and in the year.
 * Errors: none. `noHistory` without a past horizon, `fewEvents` with fewer than three beginners.
 * Source: model 8 (spend given adoption): log-mean per family with pseudo-observations, size slope, smearing.
 */
export function fitSpend(past: readonly Ledger[], families: number, firstYears: FirstYears): SpendModel | Unknown {
  const windows = past.filter(({ isOver }) => isOver);
  const [first] = windows;
  if (first === undefined) return unknown('noHistory');
  const beginners = winsorised(windows.flatMap(beginnersIn));
  if (beginners.length < MINIMUM_BEGINNERS) return unknown('fewEvents');
  const global = meanOf(beginners, ({ log }) => log);
  const counts = new Int32Array(families);
  const level = new Float64Array(families).fill(PSEUDO_BEGINNERS * global);
  for (const { family, log } of beginners) {
    level[family]! += log;
    counts[family]! += 1;
  }
  level.forEach((sum, family) => {
    level[family] = sum / (counts[family]! + PSEUDO_BEGINNERS);
  });
  const meanSize = meanOf(beginners, ({ size }) => size);
  const sum = (of: (beginner: Beginner) => number): number => beginners.reduce((total, one) => total + of(one), 0);
  const together = sum(({ size, log, family }) => (size - meanSize) * (log - level[family]!));
  const slope = clip(together / (sum(({ size }) => (size - meanSize) ** 2) + SLOPE_PENALTY), 0, 1);
  const typical = ({ family, size }: Beginner): number => Math.exp(level[family]! + slope * (size - meanSize));
  const smear = sum(({ spend }) => spend) / sum(typical);
  const ratios = Float64Array.from(beginners, (one) => one.spend / (typical(one) * smear)).sort();
  return {
    level,
    beginners: counts,
    allBeginners: beginners.length,
    slope,
    meanSize,
    smear,
    // The mean of skewed amounts can lie above most of them: a range always holds the estimate.
    ratios: { low: Math.min(1, quantile(ratios, 0.2)), high: Math.max(1, quantile(ratios, 0.8)) },
    year: yearFactor(firstYears, first.days),
  };
}

/** Beginners whose first year is over, and what they bought, net, in the first horizon and in that year; cents. */
export type FirstYears = { readonly beginners: number; readonly horizon: number; readonly year: number };

/** Fewer beginners than this do not tell what a year is to a horizon. */
const MINIMUM_FIRST_YEARS = 20;

function yearFactor({ beginners, horizon, year }: FirstYears, days: number): YearFactor {
  const horizons = 365 / days;
  if (beginners < MINIMUM_FIRST_YEARS || !(horizon > 0)) return { is: 'assumed', factor: horizons, beginners };
  // Choice: a year is at least its first horizon, and at most twice as many horizons as it holds.
  return { is: 'measured', factor: clip(year / horizon, 1, 2 * horizons), beginners };
}

/**
 * What one account of a ledger would spend on a family, if it began to buy it.
 *
 * Shape:  never negative; an account that spends more per family is never expected to spend less.
 */
export function spendOf(model: SpendModel, ledger: Ledger, account: number, family: number): Spend {
  const typical = Math.exp(model.level[family]!) * 100;
  const sizeFactor = Math.exp(model.slope * (sizeOf(ledger, account) - model.meanSize));
  const horizon = typical * sizeFactor * model.smear;
  const yearly = horizon * model.year.factor;
  return {
    horizon: toCents(horizon),
    yearly: toCents(yearly),
    range: { low: toCents(yearly * model.ratios.low), high: toCents(yearly * model.ratios.high) },
    why: {
      typical: toCents(typical),
      beginners: model.beginners[family]!,
      sizeFactor,
      smear: model.smear,
      year: model.year,
    },
  };
}

function beginnersIn(ledger: Ledger): Beginner[] {
  const { start, family, net, next } = ledger.pairs;
  return Array.from({ length: ledger.accounts.count }, (_, account) => account).flatMap((account) => {
    const found: Beginner[] = [];
    for (let pair = start[account]!; pair < start[account + 1]!; pair += 1) {
      if (net[pair]! > 0 || !(next[pair]! > 0)) continue;
      const spend = next[pair]! / 100;
      found.push({ family: family[pair]!, spend, log: Math.log(spend), size: sizeOf(ledger, account) });
    }
    return found;
  });
}

function winsorised(beginners: readonly Beginner[]): Beginner[] {
  if (beginners.length === 0) return [];
  const most = quantile(Float64Array.from(beginners, ({ spend }) => spend).sort(), WINSORISED);
  return beginners.map((one) => (one.spend <= most ? one : { ...one, spend: most, log: Math.log(most) }));
}

/** ln(1 + yearly spend per family bought in the year). */
const sizeOf = ({ accounts }: Ledger, account: number): number =>
  Math.log(1 + Math.max(0, accounts.yearly[account]!) / 100 / Math.max(1, accounts.yearFamilies[account]!));

const meanOf = (beginners: readonly Beginner[], of: (beginner: Beginner) => number): number =>
  beginners.reduce((sum, one) => sum + of(one), 0) / beginners.length;
