/** What a backtest found: the value that the terminal, `--json` and the HTML report all tell from. */
import type { BookNote } from '../book/book.js';
import type { CutReport, Question, Warning } from '../kam/model/backtest.js';
import type { Bootstrap } from '../kam/model/metrics.js';
import type { Verdict } from '../kam/model/verdict.js';
import type { Fraction, Horizon, IsoDate } from '../kam/units.js';

/** Units: money in cents of the corporate currency. */
export type Backtest = {
  source: { is: 'org'; orgId: string; username: string } | { is: 'files'; folder: string };
  /** The last day that counts as known. */
  knownUntil: IsoDate;
  first: IsoDate;
  last: IsoDate;
  /** Sales of any two accounts can only be told apart by month. */
  isMonthly: boolean;
  horizon: Horizon;
  /** Families as the book has them, or the products most widely bought before each training window. */
  families: { is: 'families' } | { is: 'products'; top: number };
  /** Share of all revenue that the largest single sale makes. */
  largestSale: Fraction;
  bootstrap: Bootstrap;
  /** Latest first. */
  cuts: CutReport[];
  verdicts: Record<Question, Verdict>;
  warnings: Warning[];
  notes: BookNote[];
  currency: string | null;
  version: string;
};
