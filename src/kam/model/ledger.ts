/** What every account turned over before a cut, and after it where that is known: all that the money models look at. */
import type { IsoDate } from '../units.js';

/**
 * A look at the book from one day, the cut.
 *
 * Shape:  accounts with a positive line in the year before the cut, ascending by number; their families in CSR form,
 *         pairs `start[i]` to `start[i + 1]` belong to account i, ascending by family.
 * Units:  net cents (credit notes subtracted); days. Trailing: the horizon before the cut; next: the one from it on.
 */
export type Ledger = {
  readonly cut: IsoDate;
  /** Length of the horizon after the cut. */
  readonly days: number;
  /** Days from the first line of the book to the cut. */
  readonly history: number;
  /** Whether the horizon after the cut lies wholly in the data; only then `next` says anything. */
  readonly isOver: boolean;
  readonly accounts: LedgerAccounts;
  readonly pairs: LedgerPairs;
};

export type LedgerAccounts = {
  readonly count: number;
  /** The book's number of the account. */
  readonly number: Int32Array;
  readonly trailing: Float64Array;
  /** The horizon before the trailing one. */
  readonly previous: Float64Array;
  /** The younger half of the trailing horizon. */
  readonly recent: Float64Array;
  readonly yearly: Float64Array;
  readonly next: Float64Array;
  /** Days since the first and since the last positive line. */
  readonly tenure: Float64Array;
  readonly recency: Float64Array;
  /** Days with a positive line, ever. */
  readonly orders: Float64Array;
  /** Median days between two order days; NaN with fewer than two. */
  readonly gap: Float64Array;
  /** Families ever bought, and bought in the year before the cut, net-positive. */
  readonly families: Float64Array;
  readonly yearFamilies: Float64Array;
  /** Numbered industry, -1 where missing. */
  readonly industry: Int32Array;
  /** NaN where missing. */
  readonly employees: Float64Array;
};

export type LedgerPairs = {
  readonly start: Int32Array;
  readonly family: Int32Array;
  /** All lines before the cut; a family is owned where this is positive. */
  readonly net: Float64Array;
  readonly trailing: Float64Array;
  readonly yearly: Float64Array;
  readonly next: Float64Array;
};
