/** SOQL's date literals as ranges of days, by the org's own clock (UTC). Weeks start on Sunday, as in a US org. */

/** `from` inclusive, `until` exclusive, as ISO days. */
export type Range = { from: string; until: string };

/** The range of a literal such as `LAST_MONTH` or `LAST_N_DAYS:30`; undefined where it is not supported. */
export function rangeOf(literal: string, now: Date): Range | undefined {
  // The fiscal year of this org begins in January.
  const [name = '', count] = literal.toUpperCase().replace('FISCAL_', '').split(':');
  const n = count === undefined ? undefined : Number(count);
  if (n !== undefined && !Number.isSafeInteger(n)) return undefined;
  const today = day(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate());
  return n === undefined ? fixed(name, today) : counted(name, n, today);
}

type Unit = 'DAY' | 'WEEK' | 'MONTH' | 'QUARTER' | 'YEAR';

function fixed(name: string, today: Date): Range | undefined {
  switch (name) {
    case 'YESTERDAY':
      return span(today, 'DAY', -1, 0);
    case 'TODAY':
      return span(today, 'DAY', 0, 1);
    case 'TOMORROW':
      return span(today, 'DAY', 1, 2);
    // Salesforce: the 90 days up to and including today; the 90 days that begin tomorrow.
    case 'LAST_90_DAYS':
      return span(today, 'DAY', -89, 1);
    case 'NEXT_90_DAYS':
      return span(today, 'DAY', 1, 91);
  }
  const match = /^(LAST|THIS|NEXT)_(WEEK|MONTH|QUARTER|YEAR)$/.exec(name);
  if (match === null) return undefined;
  const at = match[1] === 'LAST' ? -1 : match[1] === 'THIS' ? 0 : 1;
  return span(today, unitOf(match[2] ?? ''), at, at + 1);
}

function counted(name: string, n: number, today: Date): Range | undefined {
  const match = /^(?:(LAST|NEXT)_N_(DAY|WEEK|MONTH|QUARTER|YEAR)S|N_(DAY|WEEK|MONTH|QUARTER|YEAR)S_AGO)$/.exec(name);
  if (match === null || n < 0) return undefined;
  const [, direction, unitName, ago] = match;
  if (ago !== undefined) return span(today, unitOf(ago), -n, -n + 1);
  const unit = unitOf(unitName ?? '');
  if (unit === 'DAY') {
    // LAST_N_DAYS:n starts n days before today and includes today.
    return direction === 'LAST' ? span(today, 'DAY', -n, 1) : span(today, 'DAY', 1, n + 1);
  }
  return direction === 'LAST' ? span(today, unit, -n, 0) : span(today, unit, 1, n + 1);
}

const unitOf = (name: string): Unit =>
  name === 'WEEK' || name === 'MONTH' || name === 'QUARTER' || name === 'YEAR' ? name : 'DAY';

const span = (today: Date, unit: Unit, from: number, until: number): Range => ({
  from: iso(moved(today, unit, from)),
  until: iso(moved(today, unit, until)),
});

/** The first day of the unit that lies `by` units from the one that `today` lies in. */
function moved(today: Date, unit: Unit, by: number): Date {
  const [year, month, date] = [today.getUTCFullYear(), today.getUTCMonth(), today.getUTCDate()];
  switch (unit) {
    case 'DAY':
      return day(year, month, date + by);
    case 'WEEK':
      return day(year, month, date - today.getUTCDay() + 7 * by);
    case 'MONTH':
      return day(year, month + by, 1);
    case 'QUARTER':
      return day(year, Math.floor(month / 3) * 3 + 3 * by, 1);
    case 'YEAR':
      return day(year + by, 0, 1);
  }
}

const day = (year: number, month: number, date: number): Date => new Date(Date.UTC(year, month, date));

const iso = (date: Date): string => (Number.isNaN(date.getTime()) ? '0000-01-01' : date.toISOString().slice(0, 10));
