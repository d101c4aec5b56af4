/** What the money models learn from and are asked about, out of the book. */
import { addDays, shift } from '../kam/calendar.js';
import type { MoneyHistory, MoneyLedger } from '../kam/model/money.js';
import { bookIndex, reachesYearBack } from '../kam/model/season.js';
import type { Fraction, Horizon, IsoDate, RecordId } from '../kam/units.js';
import type { Statements } from './duck.js';
import {
  firstYearsBefore,
  knownDays,
  ledgerAt,
  turnoverAround,
  yearBefore,
  type KnownDays,
  type LedgerScope,
} from './ledger.js';
import { mixAt, priceLevels, type PriceLevels } from './priceLevels.js';
import { flagOf, numberOf, textOf, type Range } from './rows.js';

/** A history together with what batches of the same cut are read by. */
export type MoneyReading = MoneyHistory & {
  readonly horizon: Horizon;
  readonly known: KnownDays;
  readonly levels: PriceLevels;
};

/** Ledger accounts of one batch with their ids, in the same order. */
export type MoneyBatch = MoneyLedger & { readonly ids: readonly RecordId[] };

/** Choice: benchmarks and weights of this many accounts do not get better by more; memory does not grow with the book. */
const SAMPLE = 50_000;

/** History that a past window needs before it, in horizons. Source: model-adoption 2.4. */
const LEAST_HISTORY: Fraction = 0.8;

/**
 * Reads all that the money models of a cut learn from; nothing from the cut on is looked at but what `now` has as next.
 *
 * Shape:  `knownUntil` is the last day that the book knows of. Up to two past ledgers; none where history is short.
 * Errors: none of its own; a cut outside the data gives empty ledgers.
 */
export async function moneyHistory(
  book: Statements,
  cut: IsoDate,
  horizon: Horizon,
  knownUntil: IsoDate,
): Promise<MoneyReading> {
  const scope = await sampleOf(book);
  const known = await knownDays(book, knownUntil);
  const levels = await priceLevels(book, cut, cut, horizon);
  const ledger = await ledgerAt(book, cut, horizon, known, scope);
  const yearAgo = yearBefore(cut, horizon);
  const isFar = reachesYearBack(ledger.history, ledger.days);
  const yearBack = isFar ? await turnoverAround(book, yearAgo, horizon) : { trailing: 0, next: 0 };
  return {
    now: { ledger, mix: await mixAt(book, ledger, horizon, scope, levels) },
    past: await pastLedgers(book, cut, horizon, known, scope),
    index: bookIndex(ledger.history, ledger.days, yearAgo, yearBack),
    firstYears: await firstYearsBefore(book, cut, horizon),
    families: await familiesOf(book),
    horizon,
    known,
    levels,
  };
}

/** The accounts of a range that were active in the year before the cut, with all that the models ask of them. */
export async function moneyBatch(
  book: Statements,
  { now, horizon, known, levels }: MoneyReading,
  range: Range,
): Promise<MoneyBatch> {
  const ledger = await ledgerAt(book, now.ledger.cut, horizon, known, range);
  const rows = await book.rows(
    `SELECT account_no, id FROM member WHERE account_no BETWEEN ${range.from} AND ${range.to}`,
  );
  const ids = new Map(rows.map((row) => [numberOf(row, 'account_no'), textOf(row, 'id')]));
  return {
    ledger,
    mix: await mixAt(book, ledger, horizon, range, levels),
    ids: Array.from(ledger.accounts.number, (number) => ids.get(number) ?? ''),
  };
}

async function pastLedgers(
  book: Statements,
  cut: IsoDate,
  horizon: Horizon,
  { first }: KnownDays,
  scope: LedgerScope,
): Promise<MoneyLedger[]> {
  const past: MoneyLedger[] = [];
  for (const back of [-1, -2]) {
    const day = shift(cut, horizon, back);
    const until = shift(cut, horizon, back + 1);
    const ledger = await ledgerAt(book, day, horizon, { first, until: addDays(cut, -1) }, scope);
    if (ledger.accounts.count === 0 || ledger.history < LEAST_HISTORY * ledger.days) continue;
    const levels = await priceLevels(book, day, until, horizon);
    past.push({ ledger, mix: await mixAt(book, ledger, horizon, scope, levels) });
  }
  return past;
}

async function sampleOf(book: Statements): Promise<{ every: number }> {
  const [row] = await book.rows('SELECT COUNT(*) AS accounts FROM member');
  return { every: Math.max(1, Math.ceil((row === undefined ? 0 : numberOf(row, 'accounts')) / SAMPLE)) };
}

async function familiesOf(book: Statements): Promise<MoneyHistory['families']> {
  const rows = await book.rows('SELECT family, takes_part FROM sale_family ORDER BY family_no');
  return rows.map((row) => ({ name: textOf(row, 'family'), takesPart: flagOf(row, 'takes_part') }));
}
