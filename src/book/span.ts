/** How far the sales reach, and how fine their dates are. */
import type { SalesSpan } from '../kam/model/cuts.js';
import type { Statements } from './duck.js';
import { flagOf, textOrNull } from './rows.js';

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
