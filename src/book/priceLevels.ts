/** Price levels out of the book: what a unit of each product costs, and which levels every account chose. */
import { addDays, shift } from '../kam/calendar.js';
import type { Ledger } from '../kam/model/ledger.js';
import type { MixLedger } from '../kam/model/mix.js';
import type { Horizon, IsoDate } from '../kam/units.js';
import type { WhyUnknown } from '../kam/unknown.js';
import { literal, type Columns, type Statements } from './duck.js';
import { scopeSql, yearBefore, type LedgerScope } from './ledger.js';

/** Price levels of all products over one span of days, ready to be joined. */
export type PriceLevels = { readonly table: string; readonly without: ReadonlyMap<number, WhyUnknown> };

/** A price that was paid fewer times than this is no price of the book. */
const MINIMUM_LINES = 3;

/**
 * Works out the price level of every product from the year before a cut up to, but without, `until`.
 *
 * Shape:  a temporary table of the connection: product, and ln(median unit price ÷ spend-weighted mean of the family),
 *         with prices beyond the outer twentieths of the family's products drawn in to them. Only lines with a product, a
 *         positive quantity and a positive amount count; credit notes have no price.
 * Errors: none. A family without quantities, or with fewer than two priced products, is named with its reason.
 */
export async function priceLevels(
  book: Statements,
  cut: IsoDate,
  until: IsoDate,
  horizon: Horizon,
): Promise<PriceLevels> {
  const from = yearBefore(cut, horizon);
  const table = `price_level_${from.replaceAll('-', '')}_${until.replaceAll('-', '')}`;
  await book.run(`
    CREATE OR REPLACE TEMP TABLE ${table} AS
    WITH price AS (
      SELECT product_no, family_no, LN(MEDIAN(cents / quantity)) AS log_price, CAST(SUM(cents) AS DOUBLE) AS spend
      FROM sale
      WHERE product_no IS NOT NULL AND quantity > 0 AND cents > 0 AND day >= ${date(from)} AND day < ${date(until)}
      GROUP BY product_no, family_no
      HAVING COUNT(*) >= ${MINIMUM_LINES}
    ),
    typical AS (
      SELECT
        family_no,
        SUM(log_price * spend) / SUM(spend) AS log_typical,
        QUANTILE_CONT(log_price, 0.05) AS lowest,
        QUANTILE_CONT(log_price, 0.95) AS highest
      FROM price
      GROUP BY family_no
      HAVING COUNT(*) >= 2 AND MAX(log_price) > MIN(log_price)
    )
    SELECT p.product_no, LEAST(GREATEST(p.log_price, t.lowest), t.highest) - t.log_typical AS level
    FROM price AS p
    JOIN typical AS t ON t.family_no = p.family_no`);
  const families = await book.columns(`
    SELECT f.family_no, l.family_no IS NOT NULL AS has_levels, q.family_no IS NOT NULL AS has_quantities
    FROM sale_family AS f
    LEFT JOIN (
      SELECT DISTINCT p.family_no FROM sale_product AS p JOIN ${table} AS t ON t.product_no = p.product_no
    ) AS l ON l.family_no = f.family_no
    LEFT JOIN (SELECT DISTINCT family_no FROM sale WHERE quantity > 0 AND product_no IS NOT NULL) AS q
      ON q.family_no = f.family_no
    WHERE f.takes_part
    ORDER BY f.family_no`);
  const hasLevels = families.column('has_levels');
  const hasQuantities = families.column('has_quantities');
  const without = new Map<number, WhyUnknown>();
  families.column('family_no').forEach((family, row) => {
    if (hasLevels[row] === 0) without.set(family, hasQuantities[row] === 0 ? 'noQuantities' : 'onePriceLevel');
  });
  return { table, without };
}

/**
 * The levels that the accounts of a ledger chose in the last horizon and in the next one.
 *
 * Shape:  parallel to the ledger's pairs. `until` of the price levels says whether the next horizon may be looked at.
 */
export async function mixAt(
  book: Statements,
  ledger: Ledger,
  horizon: Horizon,
  scope: LedgerScope,
  levels: PriceLevels,
): Promise<MixLedger> {
  const cut = date(ledger.cut);
  const result = await book.columns(`
    SELECT
      s.account_no,
      s.family_no,
      CAST(SUM(CASE WHEN s.day < ${cut} THEN s.cents ELSE 0 END) AS DOUBLE) AS spend,
      SUM(CASE WHEN s.day < ${cut} THEN s.cents * l.level ELSE 0 END) AS spend_level,
      SUM(CASE WHEN s.day < ${cut} THEN 1 ELSE 0 END) AS lines,
      CAST(SUM(CASE WHEN s.day >= ${cut} THEN s.cents ELSE 0 END) AS DOUBLE) AS next_spend,
      SUM(CASE WHEN s.day >= ${cut} THEN s.cents * l.level ELSE 0 END) AS next_level
    FROM sale AS s
    JOIN ${levels.table} AS l ON l.product_no = s.product_no
    WHERE s.quantity > 0 AND s.cents > 0
      AND s.day >= ${date(shift(ledger.cut, horizon, -1))} AND s.day < ${date(addDays(ledger.cut, ledger.days))}
      AND ${scopeSql('s.account_no', scope)}
    GROUP BY s.account_no, s.family_no
    ORDER BY s.account_no, s.family_no`);
  return aligned(ledger, result, levels);
}

/** Walks both in order of account and family; what the ledger has no pair for (an account not active) is passed over. */
function aligned({ accounts, pairs }: Ledger, result: Columns, levels: PriceLevels): MixLedger {
  const account = result.column('account_no');
  const family = result.column('family_no');
  const spend = result.column('spend');
  const spendLevel = result.column('spend_level');
  const lines = result.column('lines');
  const nextSpend = result.column('next_spend');
  const nextLevel = result.column('next_level');
  const mix = {
    level: new Float64Array(pairs.family.length).fill(Number.NaN),
    lines: new Float64Array(pairs.family.length),
    spend: new Float64Array(pairs.family.length),
    nextLevel: new Float64Array(pairs.family.length).fill(Number.NaN),
    without: levels.without,
  };
  let row = 0;
  for (let index = 0; index < accounts.count; index += 1) {
    const number = accounts.number[index]!;
    for (let pair = pairs.start[index]!; pair < pairs.start[index + 1]!; pair += 1) {
      const comesBefore = (): boolean =>
        account[row]! < number || (account[row] === number && family[row]! < pairs.family[pair]!);
      while (row < result.rows && comesBefore()) row += 1;
      if (row >= result.rows || account[row] !== number || family[row] !== pairs.family[pair]) continue;
      if (spend[row]! > 0) {
        mix.level[pair] = spendLevel[row]! / spend[row]!;
        mix.lines[pair] = lines[row]!;
        mix.spend[pair] = spend[row]!;
      }
      if (nextSpend[row]! > 0) mix.nextLevel[pair] = nextLevel[row]! / nextSpend[row]!;
    }
  }
  return mix;
}

const date = (day: IsoDate): string => `CAST(${literal(day)} AS DATE)`;
