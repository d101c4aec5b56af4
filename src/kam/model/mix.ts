/** Up-selling by value: the price level that a customer chooses within a family, against comparable customers. */
import { toCents, type Cents, type Fraction } from '../units.js';
import { unknown, type Unknown, type WhyUnknown } from '../unknown.js';
import { clip } from './distribution.js';
import type { Ledger } from './ledger.js';
import {
  benchmarkFor,
  benchmarksFrom,
  peerGroupOf,
  peerRule,
  type Benchmarks,
  type BenchmarkLevel,
  type PeerRule,
} from './benchmarks.js';

/**
 * Price levels chosen, beside a ledger.
 *
 * Shape:  `level` and `nextLevel` are parallel to the ledger's pairs, NaN where nothing with a price level was bought:
 *         the mean, by spend, of ln(price of the product ÷ typical price of the family); prices are the book's own
 *         medians per unit, the same for every customer, so that a discount is no lower level. `lines` says on how many
 *         lines of the last horizon `level` rests, `spend` what they came to in cents.
 */
export type MixLedger = {
  readonly level: Float64Array;
  readonly lines: Float64Array;
  readonly spend: Float64Array;
  readonly nextLevel: Float64Array;
  /** Families without price levels, by the book's number, with the reason. */
  readonly without: ReadonlyMap<number, WhyUnknown>;
};

export type MixModel = {
  readonly rule: PeerRule;
  readonly levels: Benchmarks;
  /** Mean level of each family's buyers, which a level that rests on few lines is drawn towards. */
  readonly means: ReadonlyMap<number, number>;
  readonly realisation: MixRealisation | Unknown;
};

/** What past gaps came to on balance: moves up and moves down, never beyond the benchmark. */
export type MixRealisation = {
  readonly share: Fraction;
  readonly gap: Cents;
  /** Negative where customers moved down; the share is then 0. */
  readonly moved: Cents;
  readonly pairs: number;
};

export type Value = {
  /** Yearly; `gap` × realisation. */
  readonly value: Cents;
  readonly range: { readonly low: Cents; readonly high: Cents };
  readonly why: ValueWhy;
};

export type ValueWhy = {
  level: BenchmarkLevel;
  buyers: number;
  /** Own price level over the family's typical one: 0.9 is a tenth below it. */
  ownLevel: number;
  benchmarkLevel: number;
  lines: number;
  /** Own yearly spend in the family, which the step up to the benchmark is taken of. */
  own: Cents;
  gap: Cents;
  realisation: MixRealisation;
};

/**
 * A level counts as resting on this many lines at the family's mean besides its own. Choice: with none, thin accounts
 * look low or high by chance and half of the gap is noise; with 10, too little is left to move (docs/model.md).
 */
const PSEUDO_LINES = 3;

/** Fewer pairs that bought in both horizons do not tell what part of a gap is won. */
const MINIMUM_GAPS = 20;

/** Choice: above twice its own price a customer does not choose the better product, but another kind of product. */
const HIGHEST_STEP = 1;

/**
 * Learns price levels of comparable customers today, and what came of past gaps.
 *
 * Shape:  `past` pairs ledgers whose next horizon is over with their price levels.
 * Errors: none. `fewBuyers` where no family has enough buyers with a price level; the realisation is unknown where fewer
 *         than twenty past gaps can be followed.
 * Source: own. Choice: realised is what customers below the benchmark moved up on balance; as many drift down by
 *         chance as up, so that counting only the moves up would sell noise as potential.
 */
export function fitMix(
  now: { ledger: Ledger; mix: MixLedger },
  past: readonly { ledger: Ledger; mix: MixLedger }[],
  upperQuantile: Fraction,
): MixModel | Unknown {
  const levels = levelsIn(now.ledger, now.mix, upperQuantile);
  if (levels === null) return unknown('fewBuyers');
  return { ...levels, realisation: realisationIn(past, upperQuantile) };
}

/**
 * What one account could add in a family by choosing the price level of comparable customers for what it buys.
 *
 * Shape:  never negative; at most as much as the account spends on the family. A higher own level never raises it.
 * Errors: none. `noQuantities` or `onePriceLevel` where the family has no price levels, `noRecentSales` where the
 *         account bought nothing with one, `fewBuyers` without a benchmark, `noHistory` where past gaps can't be followed.
 */
export function valueOf(
  model: MixModel | Unknown,
  ledger: Ledger,
  mix: MixLedger,
  account: number,
  pair: number,
): Value | Unknown {
  const family = ledger.pairs.family[pair]!;
  const without = mix.without.get(family);
  if (without !== undefined) return unknown(without);
  if ('unknown' in model) return model;
  if (!(mix.lines[pair]! > 0)) return unknown('noRecentSales');
  const found = gapOf(model, ledger, mix, account, pair);
  if (found === null) return unknown('fewBuyers');
  const { realisation } = model;
  if ('unknown' in realisation) return realisation;
  const own = toCents(Math.max(0, ledger.pairs.yearly[pair]!));
  const gap = toCents(stepUp(found.benchmark - found.own) * own);
  const value = toCents(gap * realisation.share);
  return {
    value,
    range: { low: 0, high: gap },
    why: {
      level: found.level,
      buyers: found.buyers,
      ownLevel: Math.exp(found.own),
      benchmarkLevel: Math.exp(found.benchmark),
      lines: mix.lines[pair]!,
      own,
      gap,
      realisation,
    },
  };
}

type Levels = Pick<MixModel, 'rule' | 'levels' | 'means'>;

function levelsIn(ledger: Ledger, mix: MixLedger, upperQuantile: Fraction): Levels | null {
  const rule = peerRule(ledger);
  const pairs = pairsWithLevel(ledger, mix);
  const sums = new Map<number, { sum: number; count: number }>();
  for (const { pair } of pairs) {
    const family = ledger.pairs.family[pair]!;
    const { sum, count } = sums.get(family) ?? { sum: 0, count: 0 };
    sums.set(family, { sum: sum + mix.level[pair]!, count: count + 1 });
  }
  const means = new Map([...sums].map(([family, { sum, count }]) => [family, sum / count]));
  const observed = pairs.map(({ account, pair }) => ({
    group: peerGroupOf(rule, ledger, account),
    family: ledger.pairs.family[pair]!,
    value: drawnLevel(means, ledger, mix, pair),
  }));
  // A level means something within its family only: the book as a whole is no benchmark.
  const levels = { ...benchmarksFrom(observed, upperQuantile), ofBook: null };
  return levels.byFamily.size === 0 ? null : { rule, levels, means };
}

function pairsWithLevel({ accounts, pairs }: Ledger, mix: MixLedger): { account: number; pair: number }[] {
  const all: { account: number; pair: number }[] = [];
  for (let account = 0; account < accounts.count; account += 1) {
    for (let pair = pairs.start[account]!; pair < pairs.start[account + 1]!; pair += 1) {
      if (mix.lines[pair]! > 0) all.push({ account, pair });
    }
  }
  return all;
}

/** The level of a pair, drawn towards its family's mean by as much as its lines are few. */
function drawnLevel(means: ReadonlyMap<number, number>, { pairs }: Ledger, mix: MixLedger, pair: number): number {
  const lines = mix.lines[pair]!;
  const mean = means.get(pairs.family[pair]!) ?? 0;
  return (lines * mix.level[pair]! + PSEUDO_LINES * mean) / (lines + PSEUDO_LINES);
}

type Gap = { own: number; benchmark: number; level: BenchmarkLevel; buyers: number };

function gapOf(levels: Levels, ledger: Ledger, mix: MixLedger, account: number, pair: number): Gap | null {
  const family = ledger.pairs.family[pair]!;
  const found = benchmarkFor(levels.levels, peerGroupOf(levels.rule, ledger, account), family);
  if (found === null) return null;
  const { level, buyers, upper } = found;
  return { own: drawnLevel(levels.means, ledger, mix, pair), benchmark: upper, level, buyers };
}

/** A step between logarithms of price levels as a share of spend, never negative and never more than doubling it. */
const stepUp = (difference: number): number => clip(Math.exp(difference) - 1, 0, HIGHEST_STEP);

/** One past gap in cents of a horizon, and how far the next horizon moved towards the benchmark (negative: away). */
export type PastStep = { gap: Cents; moved: Cents; hasRisen: boolean };

/** Past pairs with a price level in both horizons. Errors: none; empty where nothing can be followed. */
export function pastSteps({ ledger, mix }: { ledger: Ledger; mix: MixLedger }, upperQuantile: Fraction): PastStep[] {
  const levels = levelsIn(ledger, mix, upperQuantile);
  if (levels === null) return [];
  return pairsWithLevel(ledger, mix).flatMap(({ account, pair }): PastStep[] => {
    const found = gapOf(levels, ledger, mix, account, pair);
    if (found === null || Number.isNaN(mix.nextLevel[pair]!)) return [];
    const difference = found.benchmark - found.own;
    const change = mix.nextLevel[pair]! - mix.level[pair]!;
    const spend = mix.spend[pair]!;
    const moved = change > 0 ? stepUp(Math.min(change, Math.max(0, difference))) : Math.exp(change) - 1;
    return [{ gap: spend * stepUp(difference), moved: spend * moved, hasRisen: change > 0 }];
  });
}

function realisationIn(
  past: readonly { ledger: Ledger; mix: MixLedger }[],
  upperQuantile: Fraction,
): MixRealisation | Unknown {
  const steps = past.flatMap((window) => pastSteps(window, upperQuantile)).filter(({ gap }) => gap > 0);
  // Of whole cents, so that a reader who divides the two gets the share.
  const gap = toCents(steps.reduce((sum, one) => sum + one.gap, 0));
  if (steps.length < MINIMUM_GAPS || gap === 0) return unknown('noHistory');
  const moved = toCents(steps.reduce((sum, one) => sum + one.moved, 0));
  return { share: clip(moved / gap, 0, 1), gap, moved, pairs: steps.length };
}
