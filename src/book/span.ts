/** How far the sales reach, and how fine their dates are. */
import type { SalesSpan } from '../kam/model/cuts.js';
import type { Fraction } from '../kam/units.js';
import type { Statements } from './duck.js';
import { flagOf, numberOf, textOrNull } from './rows.js';

export type { SalesSpan } from '../kam/model/cuts.js';

/** The span of the sales in a table; null where there is none. */
export async function spanOf(duck: Statements, table: string, day: string): Promise<SalesSpan | null> {
  const [row] = await duck.rows(`
    SELECT
      CAST(MIN(day) AS VARCHAR) AS first_day,
      CAST(MAX(day) AS VARCHAR) AS last_day,
      COUNT(DISTINCT day) = COUNT(DISTINCT DATE_TRUNC('month', day)) AS is_monthly
    FROM (SELECT DISTINCT ${day} AS day FROM ${table}) AS d`);
  const [first, last] = row === undefined ? [null, null] : [textOrNull(row, 'first_day'), textOrNull(row, 'last_day')];
  return row === undefined || first === null || last === null
    ? null
    : { first, last, isMonthly: flagOf(row, 'is_monthly') };
}

/** What the largest sale (an account's lines of one day) makes of all that was sold; 0 where the sum is not positive. */
export async function largestSale(duck: Statements): Promise<Fraction> {
  const [row] = await duck.rows(`
    SELECT COALESCE(CAST(MAX(net) AS DOUBLE) / CAST(NULLIF(GREATEST(SUM(net), 0), 0) AS DOUBLE), 0) AS share
    FROM (SELECT SUM(cents) AS net FROM sale GROUP BY account_no, day) AS s`);
  return row === undefined ? 0 : Math.min(1, numberOf(row, 'share'));
}
