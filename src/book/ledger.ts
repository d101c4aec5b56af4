/** Ledgers out of the book: sums per account, and per account and family, around a cut. */
import { addMonths, addDays, daysBetween, shift } from '../kam/calendar.js';
import type { Ledger, LedgerAccounts, LedgerPairs } from '../kam/model/ledger.js';
import type { FirstYears } from '../kam/model/spend.js';
import type { Turnover } from '../kam/model/season.js';
import type { Horizon, IsoDate } from '../kam/units.js';
import { literal, type Columns, type Statements } from './duck.js';
import { numberOf, textOrNull, within, type Range } from './rows.js';

/** Which accounts a ledger has: a range of the book's numbers, or every nth account as a sample of the book. */
export type LedgerScope = Range | { every: number };

/** The day of the first sale, null where there is none, and the last day that the book knows of. */
export type KnownDays = { readonly first: IsoDate | null; readonly until: IsoDate };

/**
 * Reads the ledger at a cut; only lines before the cut make anything but `next`.
 *
 * Shape:  empty where nobody bought in the year before the cut.
 */
export async function ledgerAt(
  book: Statements,
  cut: IsoDate,
  horizon: Horizon,
  known: KnownDays,
  scope: LedgerScope = { every: 1 },
): Promise<Ledger> {
  const days = ledgerDays(cut, horizon);
  const accounts = accountsOf(await book.columns(accountsSql(days, scope)));
  return {
    cut,
    days: daysBetween(cut, days.after),
    history: known.first === null ? 0 : Math.max(0, daysBetween(known.first, cut)),
    isOver: days.after <= addDays(known.until, 1),
    accounts,
    pairs: pairsOf(await book.columns(pairsSql(days, scope)), accounts.number),
  };
}

/** What a book that is known up to a day knows; reading its first sale goes over all of them. */
export async function knownDays(book: Statements, until: IsoDate): Promise<KnownDays> {
  const [row] = await book.rows('SELECT CAST(MIN(day) AS VARCHAR) AS first FROM sale');
  return { first: row === undefined ? null : textOrNull(row, 'first'), until };
}

/**
 * What the accounts with positive revenue in the horizon before a day turned over in it, and in the horizon from it on.
 *
 * Units: net cents.
 */
export async function turnoverAround(book: Statements, day: IsoDate, horizon: Horizon): Promise<Turnover> {
  const { trailing, cut, after } = ledgerDays(day, horizon);
  const [row] = await book.rows(`
    SELECT COALESCE(SUM(trailing_net), 0) AS trailing_net, COALESCE(SUM(next_net), 0) AS next_net
    FROM (
      SELECT
        ${sumWhere(`day < ${date(cut)}`, 'trailing_net')},
        ${sumWhere(`day >= ${date(cut)}`, 'next_net')}
      FROM sale
      WHERE day >= ${date(trailing)} AND day < ${date(after)}
      GROUP BY account_no
    ) AS a
    WHERE trailing_net > 0`);
  return row === undefined
    ? { trailing: 0, next: 0 }
    : { trailing: numberOf(row, 'trailing_net'), next: numberOf(row, 'next_net') };
}

type LedgerDays = {
  previous: IsoDate;
  trailing: IsoDate;
  recent: IsoDate;
  year: IsoDate;
  cut: IsoDate;
  after: IsoDate;
};

function ledgerDays(cut: IsoDate, horizon: Horizon): LedgerDays {
  const trailing = shift(cut, horizon, -1);
  return {
    previous: shift(cut, horizon, -2),
    trailing,
    recent: addDays(cut, -Math.floor(daysBetween(trailing, cut) / 2)),
    year: yearBefore(cut, horizon),
    cut,
    after: shift(cut, horizon, 1),
  };
}

/** The same day one year ago, 365 days, or twelve months where windows are made of months. */
export const yearBefore = (day: IsoDate, horizon: Horizon): IsoDate =>
  'days' in horizon ? addDays(day, -365) : addMonths(day, -12);

const date = (day: IsoDate): string => `CAST(${literal(day)} AS DATE)`;

const sumWhere = (condition: string, name: string): string =>
  `CAST(SUM(CASE WHEN ${condition} THEN cents ELSE 0 END) AS DOUBLE) AS ${name}`;

/** The condition that an account's number lies in the scope. */
export const scopeSql = (column: string, scope: LedgerScope): string =>
  'every' in scope ? `${column} % ${scope.every} = 0` : within(column, scope);

/** Accounts that the ledger has: those with a positive line in the year before the cut. */
const activeSql = (days: LedgerDays, scope: LedgerScope): string => `
  SELECT DISTINCT account_no FROM sale
  WHERE cents > 0 AND day >= ${date(days.year)} AND day < ${date(days.cut)} AND ${scopeSql('account_no', scope)}`;

function accountsSql(days: LedgerDays, scope: LedgerScope): string {
  const cut = date(days.cut);
  return `
    WITH active AS (${activeSql(days, scope)}),
    sold AS (
      SELECT s.account_no, s.family_no, s.day, s.cents
      FROM sale AS s
      JOIN active AS a ON a.account_no = s.account_no
      WHERE s.day < ${date(days.after)}
    ),
    total AS (
      SELECT
        account_no,
        ${sumWhere(`day >= ${date(days.trailing)} AND day < ${cut}`, 'trailing_net')},
        ${sumWhere(`day >= ${date(days.previous)} AND day < ${date(days.trailing)}`, 'previous')},
        ${sumWhere(`day >= ${date(days.recent)} AND day < ${cut}`, 'recent')},
        ${sumWhere(`day >= ${date(days.year)} AND day < ${cut}`, 'yearly')},
        ${sumWhere(`day >= ${cut}`, 'next_net')}
      FROM sold
      GROUP BY account_no
    ),
    order_day AS (
      SELECT account_no, day, day - LAG(day) OVER (PARTITION BY account_no ORDER BY day) AS gap
      FROM (SELECT DISTINCT account_no, day FROM sold WHERE cents > 0 AND day < ${cut}) AS d
    ),
    rhythm AS (
      SELECT
        account_no,
        ${cut} - MIN(day) AS tenure,
        ${cut} - MAX(day) AS recency,
        CAST(COUNT(*) AS INTEGER) AS orders,
        MEDIAN(gap) AS gap
      FROM order_day
      GROUP BY account_no
    ),
    breadth AS (
      SELECT
        account_no,
        CAST(SUM(CASE WHEN net > 0 THEN 1 ELSE 0 END) AS INTEGER) AS families,
        CAST(SUM(CASE WHEN year_net > 0 THEN 1 ELSE 0 END) AS INTEGER) AS year_families
      FROM (
        SELECT
          account_no,
          SUM(cents) AS net,
          SUM(CASE WHEN day >= ${date(days.year)} THEN cents ELSE 0 END) AS year_net
        FROM sold
        WHERE day < ${cut}
        GROUP BY account_no, family_no
      ) AS f
      GROUP BY account_no
    )
    SELECT t.*, r.tenure, r.recency, r.orders, r.gap, b.families, b.year_families, i.industry_no AS industry,
      CASE WHEN m.employees > 0 THEN CAST(m.employees AS DOUBLE) END AS employees
    FROM total AS t
    JOIN rhythm AS r ON r.account_no = t.account_no
    JOIN breadth AS b ON b.account_no = t.account_no
    JOIN member AS m ON m.account_no = t.account_no
    LEFT JOIN member_industry AS i ON i.account_no = t.account_no
    ORDER BY t.account_no`;
}

function pairsSql(days: LedgerDays, scope: LedgerScope): string {
  const cut = date(days.cut);
  return `
    WITH active AS (${activeSql(days, scope)})
    SELECT
      s.account_no,
      s.family_no,
      ${sumWhere(`day < ${cut}`, 'net')},
      ${sumWhere(`day >= ${date(days.trailing)} AND day < ${cut}`, 'trailing_net')},
      ${sumWhere(`day >= ${date(days.year)} AND day < ${cut}`, 'yearly')},
      ${sumWhere(`day >= ${cut}`, 'next_net')}
    FROM sale AS s
    JOIN active AS a ON a.account_no = s.account_no
    WHERE s.day < ${date(days.after)}
    GROUP BY s.account_no, s.family_no
    ORDER BY s.account_no, s.family_no`;
}

function accountsOf(result: Columns): LedgerAccounts {
  const industry = result.column('industry');
  return {
    count: result.rows,
    number: Int32Array.from(result.column('account_no')),
    trailing: result.column('trailing_net'),
    previous: result.column('previous'),
    recent: result.column('recent'),
    yearly: result.column('yearly'),
    next: result.column('next_net'),
    tenure: result.column('tenure'),
    recency: result.column('recency'),
    orders: result.column('orders'),
    gap: result.column('gap'),
    families: result.column('families'),
    yearFamilies: result.column('year_families'),
    industry: Int32Array.from(industry, (code) => (Number.isNaN(code) ? -1 : code)),
    employees: result.column('employees'),
  };
}

function pairsOf(result: Columns, accounts: Int32Array): LedgerPairs {
  const owner = result.column('account_no');
  const start = new Int32Array(accounts.length + 1);
  let pair = 0;
  accounts.forEach((account, index) => {
    start[index] = pair;
    while (pair < result.rows && owner[pair] === account) pair += 1;
  });
  start[accounts.length] = pair;
  return {
    start,
    family: Int32Array.from(result.column('family_no')),
    net: result.column('net'),
    trailing: result.column('trailing_net'),
    yearly: result.column('yearly'),
    next: result.column('next_net'),
  };
}

/**
 * Families that customers began to buy in the horizon from a year before the cut on, and what the year brought.
 *
 * Shape:  zeros where the book does not reach back so far; nothing from the cut on is looked at.
 * Units:  net cents in that horizon, and in the year up to the cut, summed over the pairs of account and family.
 */
export async function firstYearsBefore(book: Statements, cut: IsoDate, horizon: Horizon): Promise<FirstYears> {
  const start = yearBefore(cut, horizon);
  const { after } = ledgerDays(start, horizon);
  const [row] = await book.rows(`
    WITH customer AS (SELECT DISTINCT account_no FROM sale WHERE cents > 0 AND day < ${date(start)})
    SELECT
      COUNT(*) AS beginners,
      COALESCE(SUM(horizon_net), 0) AS horizon_net,
      COALESCE(SUM(year_net), 0) AS year_net
    FROM (
      SELECT
        ${sumWhere(`s.day < ${date(start)}`, 'before_net')},
        ${sumWhere(`s.day >= ${date(start)} AND s.day < ${date(after)}`, 'horizon_net')},
        ${sumWhere(`s.day >= ${date(start)}`, 'year_net')}
      FROM sale AS s
      JOIN customer AS c ON c.account_no = s.account_no
      WHERE s.day < ${date(cut)}
      GROUP BY s.account_no, s.family_no
    ) AS p
    WHERE before_net <= 0 AND horizon_net > 0`);
  if (row === undefined) return { beginners: 0, horizon: 0, year: 0 };
  return {
    beginners: numberOf(row, 'beginners'),
    horizon: numberOf(row, 'horizon_net'),
    year: numberOf(row, 'year_net'),
  };
}
