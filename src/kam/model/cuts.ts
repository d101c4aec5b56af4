/** The days from which a backtest looks forward: what lies before such a cut is known, what lies after it is judged. */
import { addDays, daysBetween, shift } from '../calendar.js';
import type { Fraction, Horizon, IsoDate } from '../units.js';

/** First and last day with a sale; monthly where no month has sales on two days, so that only months can be told apart. */
export type SalesSpan = { first: IsoDate; last: IsoDate; isMonthly: boolean };

/** Half a year: long enough for adoptions to be many, short enough for several cuts. */
const USUAL: Readonly<Record<'daily' | 'monthly', Horizon>> = { daily: { days: 182 }, monthly: { months: 6 } };

export const usualHorizon = ({ isMonthly }: SalesSpan): Horizon => (isMonthly ? USUAL.monthly : USUAL.daily);

/** History that a past window needs for the models to learn from it, in horizons. Source: model-adoption 2.4. */
const LEAST_HISTORY: Fraction = 0.8;

/** Cuts that a book allows: each has its whole horizon in the data; `learns` where a past window lies before it. */
export type Cut = { day: IsoDate; until: IsoDate; learns: boolean };

/**
 * The latest cuts, one horizon apart, latest first; their horizons do not overlap.
 *
 * Shape:  at most `most`; only the latest may be without a past window to learn from, and only where it is the only one.
 *         `knownUntil` is the last day that the book knows of; horizons of months end with a whole month.
 */
export function rollingCuts(span: SalesSpan, knownUntil: IsoDate, horizon: Horizon, most: number): Cut[] {
  const latest = latestCut(knownUntil, horizon);
  const cuts: Cut[] = [];
  for (let back = 0; back < most; back++) {
    const cut = cutAt(span, horizon, shift(latest, horizon, -back));
    if (!cut.learns) break;
    cuts.push(cut);
  }
  return cuts.length > 0 || latest <= span.first ? cuts : [cutAt(span, horizon, latest)];
}

export function cutAt(span: SalesSpan, horizon: Horizon, day: IsoDate): Cut {
  const before = shift(day, horizon, -1);
  const learns = daysBetween(span.first, before) >= LEAST_HISTORY * daysBetween(before, day);
  return { day, until: shift(day, horizon, 1), learns };
}

/** The latest day whose horizon the book knows to its end. */
export function latestCut(knownUntil: IsoDate, horizon: Horizon): IsoDate {
  const end = addDays(knownUntil, 1);
  return shift('months' in horizon ? `${end.slice(0, 7)}-01` : end, horizon, -1);
}
