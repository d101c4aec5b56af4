/** The sales history as the adoption model sees it at a cut, read column by column into typed arrays. */
import { addDays, addMonths, daysBetween, shift } from '../kam/calendar.js';
import {
  BLANK,
  held,
  productRule,
  traits,
  type Holdings,
  type Outcome,
  type ProductHoldings,
  type Trait,
  type TraitColumn,
  type View,
  type ViewAccounts,
} from '../kam/model/view.js';
import type { Horizon, IsoDate } from '../kam/units.js';
import { literal, sqlText, type Duck, type Statements } from './duck.js';
import { numberOrNull, textOf } from './rows.js';

/**
 * Reads the view at a cut; only sales before it enter, but for `after`.
 *
 * Shape:  see `View`. `after` is there where a whole horizon from the cut on lies within the days up to `lastDay`.
 * Errors: none of its own; a cut outside the data gives a view without accounts.
 */
export async function readView(duck: Duck, cut: IsoDate, horizon: Horizon, lastDay: IsoDate): Promise<View> {
  return duck.transaction(async (inside) => {
    const until = shift(cut, horizon, 1);
    const before = shift(cut, horizon, -1);
    await inside.run(cutDay({ cut, before, halfway: halfway(cut, horizon), until }));
    await inside.run(sqlText('views'));
    const accounts = await accountsIn(inside);
    return {
      cut,
      horizon,
      horizonDays: daysBetween(before, cut),
      historyDays: await historyDays(inside),
      accounts,
      families: await namesIn(inside, 'SELECT name FROM seen_family ORDER BY family'),
      holdings: await holdingsIn(inside, accounts.count),
      products: await productsIn(inside, accounts.count),
      after: daysBetween(lastDay, until) <= 1 ? await outcomeIn(inside, accounts.count) : null,
    };
  });
}

/** Half a horizon before a cut: half the days, or half the months where a month does not have to be split. */
export const halfway = (cut: IsoDate, horizon: Horizon): IsoDate =>
  'months' in horizon && horizon.months > 1
    ? addMonths(cut, -Math.floor(horizon.months / 2))
    : addDays(cut, -Math.floor(daysBetween(shift(cut, horizon, -1), cut) / 2));

function cutDay(days: { cut: IsoDate; before: IsoDate; halfway: IsoDate; until: IsoDate }): string {
  const columns = { ...days, year_before: addDays(days.cut, -365) };
  const dates = Object.entries(columns).map(([name, day]) => `CAST(${literal(day)} AS DATE) AS ${name}`);
  return `CREATE TEMP TABLE cut_day AS SELECT ${dates.join(', ')},
    ${productRule.minimumOwners} AS product_owners, ${productRule.most} AS product_most`;
}

async function historyDays(inside: Statements): Promise<number> {
  const [row] = await inside.rows(
    "SELECT DATEDIFF('day', MIN(s.day), MIN(c.cut)) AS days FROM sale AS s CROSS JOIN cut_day AS c WHERE s.day < c.cut",
  );
  return row === undefined ? 0 : (numberOrNull(row, 'days') ?? 0);
}

async function accountsIn(inside: Statements): Promise<ViewAccounts> {
  const codes = traits.map(
    (trait) =>
      `CASE WHEN a.${trait} IS NULL THEN ${BLANK} ELSE DENSE_RANK() OVER (ORDER BY a.${trait} NULLS LAST) - 1 END AS ${trait}`,
  );
  const { rows, column } = await inside.columns(`
    SELECT a.account_no, DATEDIFF('day', a.first_day, c.cut) AS since_first, DATEDIFF('day', a.last_day, c.cut) AS since_last,
      CAST(a.revenue AS DOUBLE) AS revenue, a.products, CAST(a.employees AS DOUBLE) AS employees, ${codes.join(', ')}
    FROM seen_account AS a CROSS JOIN cut_day AS c
    ORDER BY a.account`);
  const traitColumn = async (trait: Trait): Promise<TraitColumn> => ({
    code: Int32Array.from(column(trait)),
    labels: await namesIn(
      inside,
      `SELECT DISTINCT ${trait} AS name FROM seen_account WHERE ${trait} IS NOT NULL ORDER BY 1`,
    ),
  });
  return {
    count: rows,
    no: Int32Array.from(column('account_no')),
    sinceFirst: Int32Array.from(column('since_first')),
    sinceLast: Int32Array.from(column('since_last')),
    revenue: column('revenue'),
    products: Int32Array.from(column('products')),
    employees: column('employees'),
    traits: {
      industry: await traitColumn('industry'),
      country: await traitColumn('country'),
      region: await traitColumn('region'),
      parent: await traitColumn('parent'),
    },
  };
}

async function holdingsIn(inside: Statements, accounts: number): Promise<Holdings> {
  const { column } = await inside.columns(`
    SELECT account, family, ${held.now} * is_now + ${held.before} * is_before + ${held.halfway} * is_halfway
      + ${held.recent} * is_recent AS state
    FROM holding ORDER BY account, family`);
  return {
    start: startsOf(column('account'), accounts),
    family: Int32Array.from(column('family')),
    state: Uint8Array.from(column('state')),
  };
}

async function productsIn(inside: Statements, accounts: number): Promise<ProductHoldings> {
  const { column } = await inside.columns(`
    SELECT h.account, p.product, h.is_recent
    FROM product_holding AS h JOIN seen_product AS p ON p.product_no = h.product_no
    ORDER BY h.account, p.product`);
  const families = await inside.columns('SELECT family FROM seen_product ORDER BY product');
  return {
    names: await namesIn(inside, 'SELECT name FROM seen_product ORDER BY product'),
    family: Int32Array.from(families.column('family')),
    start: startsOf(column('account'), accounts),
    product: Int32Array.from(column('product')),
    recent: Uint8Array.from(column('is_recent')),
  };
}

async function outcomeIn(inside: Statements, accounts: number): Promise<Outcome> {
  const { column } = await inside.columns(
    'SELECT account, family, CAST(net AS DOUBLE) AS cents FROM outcome ORDER BY account, family',
  );
  return {
    start: startsOf(column('account'), accounts),
    family: Int32Array.from(column('family')),
    cents: column('cents'),
  };
}

async function namesIn(inside: Statements, sql: string): Promise<string[]> {
  return (await inside.rows(sql)).map((row) => textOf(row, 'name'));
}

/** Where the entries of each account begin, for accounts in ascending order; the last number is the end. */
function startsOf(account: Float64Array, accounts: number): Int32Array {
  const start = new Int32Array(accounts + 1);
  for (const number of account) start[number + 1]!++;
  for (let next = 1; next <= accounts; next++) start[next]! += start[next - 1]!;
  return start;
}
