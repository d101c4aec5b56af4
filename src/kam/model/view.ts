/** What the adoption model sees at a cut: who buys which families, since when, and who is like whom. */
import type { Horizon, IsoDate } from '../units.js';

/**
 * Everything known before the cut, sparse in accounts and families.
 *
 * Shape:  accounts that bought in the year before the cut, in order of id; families that take part in potential and
 *         were sold before the cut, in order of name. An account's entries stand from `start[a]` up to `start[a + 1]`.
 * Units:  money in cents; ages in days before the cut.
 */
export type View = {
  readonly cut: IsoDate;
  readonly horizon: Horizon;
  /** Days from one horizon before the cut to the cut. */
  readonly horizonDays: number;
  /** Days from the first sale of the book to the cut; 0 where there is none before it. */
  readonly historyDays: number;
  readonly accounts: ViewAccounts;
  readonly families: readonly string[];
  readonly holdings: Holdings;
  readonly products: ProductHoldings;
  /** What the accounts bought after the cut; null where the book does not reach a whole horizon beyond it. */
  readonly after: Outcome | null;
};

export type ViewAccounts = {
  readonly count: number;
  /** The book's number of each account. */
  readonly no: Int32Array;
  /** Days since the first and since the last sale with a positive amount. */
  readonly sinceFirst: Int32Array;
  readonly sinceLast: Int32Array;
  /** Net over the 365 days before the cut. */
  readonly revenue: Float64Array;
  /** Distinct products ever bought; families that take no part count too. */
  readonly products: Int32Array;
  /** NaN where unknown. */
  readonly employees: Float64Array;
  readonly traits: Readonly<Record<Trait, TraitColumn>>;
};

export const traits = ['industry', 'country', 'region', 'parent'] as const;
export type Trait = (typeof traits)[number];

/** One label per account by its code; `BLANK` where the CRM has none. */
export type TraitColumn = { readonly code: Int32Array; readonly labels: readonly string[] };
export const BLANK = -1;

/** Families that an account owns (net-positive over all sales before a day), with the days at which it did. */
export type Holdings = {
  readonly start: Int32Array;
  readonly family: Int32Array;
  /** Bits of `held`. */
  readonly state: Uint8Array;
};

export const held = {
  /** At the cut. */
  now: 1,
  /** One horizon before the cut. */
  before: 2,
  /** Half a horizon before the cut. */
  halfway: 4,
  /** The last positive sale lies within one horizon before the cut. */
  recent: 8,
} as const;

/** Products most widely owned, of families that have at least two: they say more of an account than its families. */
export type ProductHoldings = {
  readonly names: readonly string[];
  /** The family of each product; products come in order of family and name. */
  readonly family: Int32Array;
  readonly start: Int32Array;
  readonly product: Int32Array;
  /** 1 where the last positive sale lies within one horizon before the cut. */
  readonly recent: Uint8Array;
};

/** Net sales from the cut up to one horizon later, per account and family that had any. */
export type Outcome = { readonly start: Int32Array; readonly family: Int32Array; readonly cents: Float64Array };

/** A family can be recommended only where this many accounts own it. */
export const MINIMUM_OWNERS = 5;

/** Products that may stand beside families: how many at most, and owned by how many at least. */
export const productRule = { most: 300, least: MINIMUM_OWNERS, minimumOwners: MINIMUM_OWNERS } as const;

/** True where the account owns the family of this entry at the cut. */
export const isOwned = (holdings: Holdings, entry: number): boolean => (holdings.state[entry]! & held.now) !== 0;
