/** Calendar days as ISO strings: month ends, periods and due dates, without a clock or a time zone. */
import type { Horizon, IsoDate } from './units.js';

const DAY = 24 * 60 * 60 * 1000;

/** True for a real calendar day written `YYYY-MM-DD`; 30 February is none. */
export function isDay(text: string): text is IsoDate {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const time = Date.parse(`${text}T00:00:00Z`);
  return Number.isFinite(time) && new Date(time).toISOString().startsWith(text);
}

/** The last day of the last month that is over on `today`: 2026-10-31 from 2026-11-01 to 2026-11-30. */
export const lastMonthEnd = (today: IsoDate): IsoDate => addDays(`${today.slice(0, 7)}-01`, -1);

export const addDays = (day: IsoDate, days: number): IsoDate =>
  new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY).toISOString().slice(0, 10);

/** The month, quarter or year that a day lies in: `2026-11`, `2026-Q4`, `2026`. */
export function periodOf(day: IsoDate, period: 'Month' | 'Quarter' | 'Year'): string {
  const year = day.slice(0, 4);
  const month = Number(day.slice(5, 7));
  switch (period) {
    case 'Month':
      return day.slice(0, 7);
    case 'Quarter':
      return `${year}-Q${Math.ceil(month / 3)}`;
    case 'Year':
      return year;
  }
}

/** Days from one day to another; negative where `to` comes first. */
export const daysBetween = (from: IsoDate, to: IsoDate): number =>
  Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / DAY);

/**
 * The day a number of months later (earlier, where negative), at the same day of the month or at its last day.
 *
 * From a first of a month it is a first of a month again, so that windows of months neither overlap nor leave gaps.
 */
export function addMonths(day: IsoDate, months: number): IsoDate {
  const [year = 0, month = 0, dayOfMonth = 0] = day.split('-').map(Number);
  const first = new Date(Date.UTC(year, month - 1 + months, 1));
  const last = new Date(Date.UTC(year, month + months, 0)).getUTCDate();
  return addDays(first.toISOString().slice(0, 10), Math.min(dayOfMonth, last) - 1);
}

/** Whole months from one day to a later one. */
export function monthsBetween(from: IsoDate, to: IsoDate): number {
  const month = (day: IsoDate): number => Number(day.slice(0, 4)) * 12 + Number(day.slice(5, 7));
  const months = month(to) - month(from);
  return addMonths(from, months) > to ? months - 1 : months;
}

/** The day `times` horizons later; earlier where `times` is negative. */
export const shift = (day: IsoDate, horizon: Horizon, times: number): IsoDate =>
  'days' in horizon ? addDays(day, horizon.days * times) : addMonths(day, horizon.months * times);

const SPAN = /^([1-9]\d{0,3})(d|mo)$/;

/** Reads `182d` or `6mo`; null where the text is neither. */
export function parseHorizon(text: string): Horizon | null {
  const [, number, unit] = SPAN.exec(text.trim().toLowerCase()) ?? [];
  if (number === undefined) return null;
  return unit === 'd' ? { days: Number(number) } : { months: Number(number) };
}

export const horizonText = (horizon: Horizon): string =>
  'days' in horizon ? `${horizon.days}d` : `${horizon.months}mo`;
