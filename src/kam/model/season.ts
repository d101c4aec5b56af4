/** The season: how the seller's whole book moves from one horizon to the next, and what past forecasts teach. */
import type { IsoDate } from '../units.js';
import { clip } from './distribution.js';

/** What the accounts with positive revenue in a horizon turned over in it, and in the horizon after it; in cents. */
export type Turnover = { readonly trailing: number; readonly next: number };

/**
 * What the coming horizon is to the one before it for the book as a whole, known before it begins.
 *
 * `measured`: the same two horizons a year earlier. `notAdjusted`: figures are not seasonally adjusted, the factor is 1.
 */
export type BookIndex =
  | { readonly is: 'measured'; readonly factor: number; readonly cut: IsoDate; readonly turnover: Turnover }
  | { readonly is: 'notAdjusted'; readonly factor: 1; readonly why: 'shortHistory' | 'noTurnover' };

/** A book that doubled or halved over a year ago says more of that year than of this one. Source: model-adoption 6. */
const LOWEST = 0.5;
const HIGHEST = 2;

/** First invoices rarely fall on the first day: half a month of grace. Source: model-adoption 6. */
const GRACE_DAYS = 15;

/** True where the book reaches back far enough for the two horizons around the day a year before the cut. */
export const reachesYearBack = (history: number, days: number): boolean => history >= 365 + days - GRACE_DAYS;

/**
 * The seller's book index at a cut, from the past alone.
 *
 * Shape:  between 0.5 and 2; 1 where history is too short or there was no turnover to divide by.
 * Units:  `history` and `days` (the horizon) in days; `yearBefore` as turned over around the day a year before the cut.
 * Errors: none.
 * Source: model-adoption 6: the latest ratio is the opposite season, last year's is nearly free.
 */
export function bookIndex(history: number, days: number, cutYearBefore: IsoDate, yearBefore: Turnover): BookIndex {
  if (!reachesYearBack(history, days)) return { is: 'notAdjusted', factor: 1, why: 'shortHistory' };
  const ratio = ratioOf(yearBefore);
  if (ratio === null) return { is: 'notAdjusted', factor: 1, why: 'noTurnover' };
  return { is: 'measured', factor: clip(ratio, LOWEST, HIGHEST), cut: cutYearBefore, turnover: yearBefore };
}

/** Next over trailing; null where one of them is not positive and a ratio would say nothing. */
export const ratioOf = ({ trailing, next }: Turnover): number | null =>
  trailing > 0 && next > 0 ? next / trailing : null;

/** How much a sum was over- or underestimated, and the factor that this earns the next one. */
export type Correction = { readonly factor: number; readonly actual: number; readonly predicted: number };

/** Source: model-adoption 8. */
const LOWEST_CORRECTION = 0.25;
const HIGHEST_CORRECTION = 2;

/**
 * What a backtest of money teaches: the square root of actual over predicted, so that half of the fault is mended.
 *
 * Shape:  a factor from 0.5 to 1.414; null where there was nothing predicted to compare with.
 * Source: model-adoption 8: of the same season (two horizons back) it helps, of the last horizon it harms.
 */
export function correctionFrom(actual: number, predicted: number): Correction | null {
  if (!(predicted > 0)) return null;
  return { factor: Math.sqrt(clip(actual / predicted, LOWEST_CORRECTION, HIGHEST_CORRECTION)), actual, predicted };
}
