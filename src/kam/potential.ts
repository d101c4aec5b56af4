/** Yearly money not yet earned, per account and product family, with range, source, confidence and why. */
import sumBy from 'lodash/sumBy.js';
import { monthsBetween } from './calendar.js';
import type { AccountFacts, FamilyWord, SisterSales, StatedBy } from './facts.js';
import type { AccountRisk } from './model/risk.js';
import type { ChanceWhy, GapWhy } from './modelled.js';
import type { Conversion } from './prospects.js';
import type { Settings } from './settings.js';
import { toCents, type Cents, type Fraction, type IsoDate, type RecordId } from './units.js';
import { isKnown, unknown, type Unknown } from './unknown.js';

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
      source: 'model' | 'peers' | 'sisterSite';
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
export type WhitespaceWhy =
  | ChanceWhy
  | { is: 'peers'; buyers: number; peers: number; peerLevel: AccountFacts['peerGroup']['level'] }
  | {
      is: 'prospect';
      buyers: number;
      peers: number;
      peerLevel: AccountFacts['peerGroup']['level'];
      conversion: Conversion;
    }
  | { is: 'sisters'; buyers: number; sites: number; conversion: Conversion };

/** Where the gap in a family that is bought comes from. */
export type BoughtWhy =
  | GapWhy
  | {
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
  /** The site of the same group that buys most of the family, where this account buys none of it. */
  sister: { name: string; yearly: Cents } | null;
  /** Who else serves the demand, where people know it. */
  rival: { is: 'competitor'; name: string | null } | { is: 'nobody' } | null;
};

/** What a figure rests on; a wallet that people state comes from one of the sources that may state it. */
export const potentialSources = ['model', 'peers', 'sisterSite', 'accountTeam', 'tender', 'customer'] as const;
export type PotentialSource = (typeof potentialSources)[number];

/** The argument as data: every figure that is needed to compute `amount` again by hand. */
export type PotentialWhy =
  | { is: 'whitespace'; probability: Fraction; spend: Cents; from: WhitespaceWhy }
  | { is: 'bought'; own: Cents; volume: Cents; value: Cents | Unknown; from: BoughtWhy }
  | {
      is: 'stated';
      own: Cents;
      wallet: Cents;
      attainable: Fraction;
      /** The attainable part of the wallet, less what is ours. */
      gap: Cents;
      by: StatedBy;
      on: IsoDate | null;
    }
  | { is: 'closed'; own: Cents; servedBy: 'us' | 'internal' };

/** The potential of one account; sums are unknown where nothing could be estimated and nobody stated a wallet. */
export type Potential = {
  accountId: RecordId;
  crossSell: Cents | Unknown;
  upSell: Cents | Unknown;
  /** crossSell + upSell. */
  additional: Cents | Unknown;
  /** What the account buys elsewhere: all the rest of a stated wallet, else the potential. */
  elsewhere: Cents | Unknown;
  /** Own yearly revenue as a share of own revenue and what is bought elsewhere. */
  walletShare: Fraction | Unknown;
  /** Of the cells, weighted by their amounts. */
  confidence: Fraction;
  /** Cells with an amount above zero, largest first, then by family. */
  cells: PotentialCell[];
  /** Families that are bought, in the pipeline or known to people, with nothing left to win, by family. */
  settled: PotentialCell[];
  /** What of today's revenue is likely to go. */
  risk: AccountRisk | Unknown;
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
  /** Yearly; the sum over the accounts whose risk is known. */
  revenueAtRisk: Cents | Unknown;
};

/**
 * What one account could buy beyond what it buys: its estimates, overruled by what people know, less the pipeline.
 *
 * Shape:  one cell per family; pipeline is subtracted per family, never below zero. A stated wallet beats the estimate
 *         as long as it is trusted as much. Where the account is served by us alone, or makes the family itself, nothing
 *         is left to win; a competitor changes who must be beaten, not the amount.
 * Units:  cents per year; each product is rounded to the cent once, so that a reader can recompute every figure.
 * Errors: none. Where nothing could be estimated and nothing was stated, all sums are unknown for that reason.
 */
export function assessPotential(
  account: AccountFacts,
  estimates: readonly FamilyEstimate[] | Unknown,
  settings: Settings,
  risk: AccountRisk | Unknown = unknown('notModelled'),
): Potential {
  const estimated = isKnown(estimates) ? estimates : [];
  const known: Known = {
    estimates: new Map(estimated.map((estimate) => [estimate.family, estimate])),
    words: new Map(account.words.map((word) => [word.family, word])),
    sisters: new Map(account.sisters.map((sister) => [sister.family, sister])),
    bought: new Map(account.families.map(({ family, yearly }) => [family, yearly])),
    pipeline: new Map(account.pipeline.map(({ family, yearly }) => [family, Math.max(0, yearly)])),
  };
  const families = [...new Set([...known.estimates.keys(), ...known.words.keys()])].toSorted();
  const all = families.flatMap((family) => cellOf(family, known, account.asOf, settings) ?? []);
  if (!isKnown(estimates) && !all.some(({ why }) => why.is === 'stated')) {
    return nothingKnown(account.accountId, estimates, all, risk);
  }
  const cells = all.filter(({ amount }) => amount > 0).toSorted(largestFirst);
  const settled = all.filter(
    ({ amount, family, pipeline, why }) => amount === 0 && (pipeline > 0 || ownIn(why) > 0 || known.words.has(family)),
  );
  const crossSell = sumOf(cells, 'crossSell');
  const upSell = sumOf(cells, 'upSell');
  const additional = crossSell + upSell;
  const elsewhere = sumBy(all, boughtElsewhere);
  return {
    accountId: account.accountId,
    crossSell,
    upSell,
    additional,
    elsewhere,
    walletShare: walletShareOf(account.yearlyRevenue, elsewhere),
    confidence: additional > 0 ? sumBy(cells, (cell) => cell.amount * cell.confidence) / additional : 0,
    cells,
    settled,
    risk,
  };
}

/** Own revenue over the whole wallet; unknown where either is. */
export function walletShareOf(revenue: Cents | Unknown, elsewhere: Cents | Unknown): Fraction | Unknown {
  if (!isKnown(revenue)) return revenue;
  if (!isKnown(elsewhere)) return elsewhere;
  return revenue > 0 ? revenue / (revenue + elsewhere) : unknown('noSales');
}

export const largestFirst = (a: PotentialCell, b: PotentialCell): number =>
  b.amount - a.amount || (a.family < b.family ? -1 : a.family > b.family ? 1 : a.kind < b.kind ? -1 : 1);

/** What the account buys from us already in the cell's family. */
export const ownIn = (why: PotentialWhy): Cents => (why.is === 'whitespace' ? 0 : why.own);

type Known = {
  estimates: ReadonlyMap<string, FamilyEstimate>;
  words: ReadonlyMap<string, FamilyWord>;
  sisters: ReadonlyMap<string, SisterSales>;
  bought: ReadonlyMap<string, Cents>;
  pipeline: ReadonlyMap<string, Cents>;
};

/** Null where nobody knows more of the family than that it is there. */
function cellOf(family: string, known: Known, asOf: IsoDate, settings: Settings): PotentialCell | null {
  const estimate = known.estimates.get(family);
  const word = known.words.get(family);
  const own = known.bought.get(family) ?? 0;
  const pipeline = known.pipeline.get(family) ?? 0;
  const sister = known.sisters.get(family);
  const shared = {
    family,
    kind: own > 0 ? 'upSell' : 'crossSell',
    pipeline,
    sister: sister === undefined ? null : { name: sister.name, yearly: sister.most },
    rival: rivalIn(word),
  } as const;
  const trusted = word?.wallet == null ? -1 : confidenceOf(word.wallet, asOf);
  if (word?.servedBy === 'internal') return closed(shared, own, 'internal');
  if (word?.wallet != null && trusted >= (estimate?.confidence ?? 0)) {
    return stated(shared, own, word.wallet, trusted, settings);
  }
  if (word?.servedBy === 'us') return closed(shared, own, 'us');
  return estimate === undefined ? null : estimatedCell(shared, estimate);
}

type Shared = Pick<PotentialCell, 'family' | 'kind' | 'pipeline' | 'sister' | 'rival'>;

function rivalIn(word: FamilyWord | undefined): PotentialCell['rival'] {
  switch (word?.servedBy) {
    case 'competitor':
      return { is: 'competitor', name: word.competitor };
    case 'nobody':
      return { is: 'nobody' };
    case 'us':
    case 'internal':
    case 'unknown':
    case null:
    case undefined:
      return null;
  }
}

/** As sure as the account team can be; who serves a demand is theirs to know. */
const closed = (shared: Shared, own: Cents, servedBy: 'us' | 'internal'): PotentialCell => ({
  ...shared,
  amount: 0,
  range: { low: 0, high: 0 },
  source: 'accountTeam',
  confidence: LADDER.accountTeam,
  why: { is: 'closed', own, servedBy },
});

/**
 * The gap between what is attainable of a stated wallet and what is ours.
 *
 * Choice: the range is the attainable amount give or take the share by which the statement is not trusted, and never
 *         more than the whole wallet; the customer's own fresh word has no range.
 */
function stated(
  shared: Shared,
  own: Cents,
  wallet: NonNullable<FamilyWord['wallet']>,
  confidence: Fraction,
  settings: Settings,
): PotentialCell {
  const { attainableShare: attainable } = settings.potential;
  const gapAt = (share: Fraction): Cents =>
    Math.max(0, Math.min(wallet.amount, toCents(wallet.amount * attainable * share)) - own);
  const open = (gross: Cents): Cents => Math.max(0, gross - shared.pipeline);
  const gap = gapAt(1);
  const by = wallet.by ?? 'accountTeam';
  return {
    ...shared,
    amount: open(gap),
    range: { low: open(gapAt(confidence)), high: open(gapAt(2 - confidence)) },
    source: by,
    confidence,
    why: { is: 'stated', own, wallet: wallet.amount, attainable, gap, by, on: wallet.on },
  };
}

/** How far a statement can be trusted on the day that it is made. Source: key account practice, as proposed defaults. */
const LADDER = { customer: 1, tender: 0.9, accountTeam: 0.6 } as const satisfies Record<StatedBy, Fraction>;
/** Choice: no more than a comparison with many accounts, as it may be years old. */
const UNDATED = 0.4;

/** A statement counts in full for a year, then loses a tenth for each half-year more; never below zero. */
function confidenceOf({ on, by }: NonNullable<FamilyWord['wallet']>, asOf: IsoDate): Fraction {
  const fresh = LADDER[by ?? 'accountTeam'];
  if (on === null) return Math.min(fresh, UNDATED);
  const halfYears = Math.floor(Math.max(0, monthsBetween(on, asOf) - 12) / 6);
  return Math.max(0, Math.round(fresh * 10) - halfYears) / 10;
}

function estimatedCell(shared: Shared, estimate: FamilyEstimate): PotentialCell {
  const { source, confidence } = estimate;
  const open = (gross: Cents): Cents => Math.max(0, gross - shared.pipeline);
  switch (estimate.is) {
    case 'whitespace': {
      const { probability, spend, range, why } = estimate;
      const expected = (yearly: Cents): Cents => open(toCents(probability * yearly));
      return {
        ...shared,
        source,
        confidence,
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
        source,
        confidence,
        kind: 'upSell',
        amount: open(volume + (isKnown(value) ? value : 0)),
        range: { low: open(range.low), high: open(range.high) },
        why: { is: 'bought', own, volume, value, from: why },
      };
    }
  }
}

const boughtElsewhere = ({ amount, why }: PotentialCell): Cents =>
  why.is === 'stated' ? Math.max(0, why.wallet - why.own) : amount;

const sumOf = (cells: readonly PotentialCell[], kind: PotentialCell['kind']): Cents =>
  sumBy(
    cells.filter((cell) => cell.kind === kind),
    'amount',
  );

const nothingKnown = (
  accountId: RecordId,
  why: Unknown,
  settled: PotentialCell[],
  risk: AccountRisk | Unknown,
): Potential => ({
  accountId,
  crossSell: why,
  upSell: why,
  additional: why,
  elsewhere: why,
  walletShare: why,
  confidence: 0,
  cells: [],
  settled,
  risk,
});
