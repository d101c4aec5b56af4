/** Up-selling by volume: what comparable customers give a family of their spend, and how much of the gap is ever won. */
import { toCents, type Cents, type Fraction } from '../units.js';
import { unknown, type Unknown } from '../unknown.js';
import { clip, quantile } from './distribution.js';
import type { Ledger } from './ledger.js';
import {
  benchmarkFor,
  benchmarksFrom,
  peerGroupOf,
  peerRule,
  type Benchmarks,
  type BenchmarkLevel,
  type PeerGroup,
  type PeerRule,
} from './benchmarks.js';
import { ratioOf } from './season.js';

/** Shares of wallet that the stronger of comparable buyers give each family, and what past gaps came to. */
export type WalletModel = {
  readonly rule: PeerRule;
  readonly shares: Benchmarks;
  /** Buyers of each family in the last horizon, by the book's number. */
  readonly buyers: ReadonlyMap<number, number>;
  readonly realisation: Readonly<Record<PairState, Realisation>>;
  readonly growth: Growth | null;
};

/** `active`: bought in the last horizon. `lapsed`: owned, but not bought in it. */
export type PairState = 'active' | 'lapsed';

/** `measured`: the part of past gaps that the next horizon filled. `assumed`: the setting, for want of a past. */
export type Realisation =
  | {
      readonly is: 'measured';
      readonly share: Fraction;
      readonly gap: Cents;
      readonly filled: Cents;
      readonly pairs: number;
    }
  | { readonly is: 'assumed'; readonly share: Fraction };

/**
 * How much the stronger fifth of pairs grew above the book over the last horizon, by tenths of their spend.
 *
 * Units: `factors[k]` multiplies spend up to `upTo[k]` cents a horizon, the last one all spend above; `season` is what
 *        the book as a whole is expected to move by, or did move by where that is not known.
 */
export type Growth = { readonly upTo: readonly Cents[]; readonly factors: readonly number[]; readonly season: number };

export type Volume = {
  /** Yearly; `gap` × realisation. */
  readonly volume: Cents;
  /** Of `volume`: from nothing to what the growth of the stronger fifth would bring, never beyond the gap. */
  readonly range: { readonly low: Cents; readonly high: Cents };
  readonly why: VolumeWhy;
};

export type VolumeWhy = {
  level: BenchmarkLevel;
  buyers: number;
  /** Of the account's spend in the last horizon. */
  ownShare: Fraction;
  benchmarkShare: Fraction;
  /** All that the account bought in the last year; shares times this are yearly amounts. */
  yearlyRevenue: Cents;
  gap: Cents;
  realisation: Realisation;
  state: PairState;
};

/** A family that nearly nobody buys any more has no benchmark: it may be retired. */
const MINIMUM_BUYERS = 5;

/** Fewer gaps do not tell what part of them is won. */
const MINIMUM_GAPS = 20;

/** Tenths of the pairs by spend, fewer where they would hold less than this many pairs each. */
const TENTHS = 10;
const PAIRS_PER_TENTH = 20;

/**
 * Learns benchmarks from today's ledger and realisation and growth from past ones.
 *
 * Shape:  `past` are ledgers whose next horizon is over, latest first; growth comes from the latest.
 * Units:  `index` is the book index of the coming horizon, null where it is not seasonally adjusted.
 * Errors: none. `noSales` where nobody bought anything in the last horizon.
 * Source: model 5 and 8 (up-sell), model-adoption 6 (season of the growth). Choice: only what fills a gap counts as
 *         realised, never growth beyond it; lapsed families are measured apart, because they come back more rarely.
 */
export function fitWallet(
  now: Ledger,
  past: readonly Ledger[],
  index: number | null,
  options: { quantile: Fraction; realisation: Fraction },
): WalletModel | Unknown {
  const benchmarks = sharesIn(now, options.quantile);
  if (benchmarks === null) return unknown('noSales');
  const windows = past.filter(({ isOver }) => isOver);
  const [latest] = windows;
  return {
    ...benchmarks,
    realisation: realisationIn(windows, options),
    growth: latest === undefined ? null : growthIn(latest, index),
  };
}

/**
 * The volume that one account could add in a family that it owns.
 *
 * Shape:  `pair` is an index into the ledger's pairs. Never negative; more own spend in the family at the same total
 *         never raises it.
 * Errors: none. `noRecentSales` where the account bought nothing in the last horizon, `fewBuyers` without a benchmark.
 */
export function volumeOf(model: WalletModel, ledger: Ledger, account: number, pair: number): Volume | Unknown {
  const total = ledger.accounts.trailing[account]!;
  if (!(total > 0)) return unknown('noRecentSales');
  const group = peerGroupOf(model.rule, ledger, account);
  const gap = gapOf(model, ledger, account, pair, group);
  if (gap === null) return unknown('fewBuyers');
  const yearlyRevenue = Math.max(0, ledger.accounts.yearly[account]!);
  const yearlyGap = toCents(Math.max(0, gap.benchmark - gap.own) * yearlyRevenue);
  const realisation = model.realisation[gap.state];
  const volume = toCents(yearlyGap * realisation.share);
  const trailing = Math.max(0, ledger.pairs.trailing[pair]!);
  const grown =
    model.growth === null || gap.state === 'lapsed'
      ? yearlyGap
      : toCents(gap.own * yearlyRevenue * Math.max(0, growthAt(model.growth, trailing) - 1));
  return {
    volume,
    range: { low: 0, high: clip(grown, volume, Math.max(volume, yearlyGap)) },
    why: {
      level: gap.level,
      buyers: gap.buyers,
      ownShare: gap.own,
      benchmarkShare: gap.benchmark,
      yearlyRevenue,
      gap: yearlyGap,
      realisation,
      state: gap.state,
    },
  };
}

/** Spend in the coming horizon that four of five pairs stay below: trailing × growth of their tenth × season; null without a past. */
export const ceilingOf = (model: WalletModel, trailing: Cents): Cents | null =>
  model.growth === null || !(trailing > 0)
    ? null
    : toCents(trailing * growthAt(model.growth, trailing) * model.growth.season);

type Shares = Pick<WalletModel, 'rule' | 'shares' | 'buyers'>;

function sharesIn(ledger: Ledger, upperQuantile: Fraction): Shares | null {
  const rule = peerRule(ledger);
  const observed = pairsIn(ledger)
    .filter(({ pair }) => ledger.pairs.trailing[pair]! > 0)
    .map(({ account, pair }) => ({
      group: peerGroupOf(rule, ledger, account),
      family: ledger.pairs.family[pair]!,
      value: shareOf(ledger, account, pair),
    }));
  if (observed.length === 0) return null;
  const buyers = new Map<number, number>();
  for (const { family } of observed) buyers.set(family, (buyers.get(family) ?? 0) + 1);
  return { rule, shares: benchmarksFrom(observed, upperQuantile), buyers };
}

/** Pairs that are owned, of accounts that bought in the last horizon. */
function pairsIn({ accounts, pairs }: Ledger): { account: number; pair: number }[] {
  const all: { account: number; pair: number }[] = [];
  for (let account = 0; account < accounts.count; account += 1) {
    if (!(accounts.trailing[account]! > 0)) continue;
    for (let pair = pairs.start[account]!; pair < pairs.start[account + 1]!; pair += 1) {
      if (pairs.net[pair]! > 0) all.push({ account, pair });
    }
  }
  return all;
}

/** Credit notes in one family can make another look like more than everything. */
const shareOf = ({ accounts, pairs }: Ledger, account: number, pair: number): Fraction =>
  clip(pairs.trailing[pair]! / accounts.trailing[account]!, 0, 1);

type Gap = { own: Fraction; benchmark: Fraction; level: BenchmarkLevel; buyers: number; state: PairState };

function gapOf(shares: Shares, ledger: Ledger, account: number, pair: number, group: PeerGroup | null): Gap | null {
  const family = ledger.pairs.family[pair]!;
  if ((shares.buyers.get(family) ?? 0) < MINIMUM_BUYERS) return null;
  const benchmark = benchmarkFor(shares.shares, group, family);
  if (benchmark === null) return null;
  const { level, buyers, upper } = benchmark;
  const state = ledger.pairs.trailing[pair]! > 0 ? 'active' : 'lapsed';
  return { own: shareOf(ledger, account, pair), benchmark: upper, level, buyers, state };
}

/** One gap of a past horizon, and what the next one made of it; in cents of a horizon, the season taken out. */
export type PastGap = { account: number; state: PairState; gap: Cents; uplift: Cents; hasGrown: boolean };

/** The gaps that a past ledger showed, and whether they were filled. Errors: none; empty where nothing can be said. */
export function pastGaps(ledger: Ledger, upperQuantile: Fraction): PastGap[] {
  const shares = sharesIn(ledger, upperQuantile);
  const index = seasonOf(ledger);
  if (shares === null || index === null) return [];
  return pairsIn(ledger).flatMap(({ account, pair }): PastGap[] => {
    const group = peerGroupOf(shares.rule, ledger, account);
    const gap = gapOf(shares, ledger, account, pair, group);
    if (gap === null) return [];
    const trailing = Math.max(0, ledger.pairs.trailing[pair]!);
    const uplift = ledger.pairs.next[pair]! / index - trailing;
    const open = Math.max(0, gap.benchmark - gap.own) * ledger.accounts.trailing[account]!;
    return [{ account, state: gap.state, gap: open, uplift, hasGrown: uplift > 0 }];
  });
}

/** What the accounts of a past ledger turned over in its next horizon, over the last one. */
function seasonOf({ accounts }: Ledger): number | null {
  let trailing = 0;
  let next = 0;
  for (let account = 0; account < accounts.count; account += 1) {
    if (!(accounts.trailing[account]! > 0)) continue;
    trailing += accounts.trailing[account]!;
    next += accounts.next[account]!;
  }
  return ratioOf({ trailing, next });
}

function realisationIn(
  past: readonly Ledger[],
  options: { quantile: Fraction; realisation: Fraction },
): Record<PairState, Realisation> {
  const gaps = past.flatMap((ledger) => pastGaps(ledger, options.quantile)).filter(({ gap }) => gap > 0);
  const of = (state: PairState): Realisation => {
    const own = gaps.filter((one) => one.state === state);
    // Of whole cents, so that a reader who divides the two gets the share.
    const gap = toCents(own.reduce((sum, one) => sum + one.gap, 0));
    if (own.length < MINIMUM_GAPS || gap === 0) return { is: 'assumed', share: options.realisation };
    const filled = toCents(own.reduce((sum, one) => sum + clip(one.uplift, 0, one.gap), 0));
    return { is: 'measured', share: filled / gap, gap, filled, pairs: own.length };
  };
  return { active: of('active'), lapsed: of('lapsed') };
}

/** Growth above the book that four of five pairs stayed below, per tenth of spend. */
function growthIn(ledger: Ledger, index: number | null): Growth | null {
  const { pairs } = ledger;
  const rows = pairsIn(ledger)
    .map(({ pair }) => ({ trailing: pairs.trailing[pair]!, next: pairs.next[pair]! }))
    .filter(({ trailing }) => trailing > 0)
    .toSorted((a, b) => a.trailing - b.trailing);
  if (rows.length === 0) return null;
  const sum = (of: (row: { trailing: number; next: number }) => number): number =>
    rows.reduce((total, row) => total + of(row), 0);
  const realised = ratioOf({ trailing: sum(({ trailing }) => trailing), next: sum(({ next }) => next) });
  const tenths = clip(Math.floor(rows.length / PAIRS_PER_TENTH), 1, TENTHS);
  const parts = Array.from({ length: tenths }, (_, k) =>
    rows.slice(Math.floor((k * rows.length) / tenths), Math.floor(((k + 1) * rows.length) / tenths)),
  );
  return {
    upTo: parts.map((part) => part[part.length - 1]!.trailing),
    factors: parts.map(
      (part) =>
        Math.max(0, quantile(Float64Array.from(part, (row) => row.next / row.trailing).sort(), 0.8)) / (realised ?? 1),
    ),
    season: realised === null ? 1 : (index ?? realised),
  };
}

function growthAt({ upTo, factors }: Growth, trailing: Cents): number {
  const found = upTo.findIndex((limit) => trailing <= limit);
  return factors[found === -1 ? factors.length - 1 : found]!;
}
