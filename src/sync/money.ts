/** The money models of a book at a cut, the new business that they expect, and what an earlier backtest says of its sum. */
import type { Book } from '../book/book.js';
import type { MoneyReading } from '../book/money.js';
import { shift } from '../kam/calendar.js';
import { rangesOf, score, type Adoption, type AdoptionOptions } from '../kam/model/adoption.js';
import { candidatesOf, labelsOf } from '../kam/model/features.js';
import { fitMoney, spendBy, type MoneyModels, type MoneyOptions } from '../kam/model/money.js';
import { correctionFrom, type Correction } from '../kam/model/season.js';
import type { Horizon, IsoDate } from '../kam/units.js';
import { isKnown, unknown, type Unknown } from '../kam/unknown.js';
import { adoptionAt } from './adoption.js';

export type Money = { readonly reading: MoneyReading; readonly models: MoneyModels };

type MoneyBook = Pick<Book, 'moneyHistory' | 'salesView'>;

/** Errors: none of its own; what can't be learned is unknown in the models. */
export async function moneyAt(
  book: Pick<Book, 'moneyHistory'>,
  cut: IsoDate,
  horizon: Horizon,
  options: MoneyOptions,
): Promise<Money> {
  const reading = await book.moneyHistory(cut, horizon);
  return { reading, models: fitMoney(reading, options) };
}

/**
 * What accounts are expected to spend in the horizon on families that they do not own yet.
 *
 * Shape:  the accounts of the money ledger (of a large book a sample), by the book's numbers, with the sum over families
 *         of probability × spend; `actual` is what they did spend, null where that lies beyond the book.
 * Units:  cents of the horizon.
 */
export type NewBusiness = {
  readonly account: Int32Array;
  readonly predicted: Float64Array;
  readonly actual: Float64Array | null;
};

/** Errors: none; unknown where adoption or spend is. */
export function newBusiness(adoption: Adoption, { reading, models }: Money): NewBusiness | Unknown {
  if (!isKnown(models.spend)) return models.spend;
  if (adoption.is === 'notEstimable') return unknown('notModelled');
  const { evidence, model } = adoption;
  const { ledger } = reading.now;
  const { view } = evidence;
  const places = new Map(Array.from(ledger.accounts.number, (number, place) => [number, place]));
  const numbers = new Map(models.families.map(({ name }, number) => [name, number]));
  const families = view.families.map((name) => numbers.get(name));
  const predicted = new Float64Array(ledger.accounts.count);
  const actual = new Float64Array(ledger.accounts.count);
  for (const range of rangesOf(evidence)) {
    const candidates = candidatesOf(evidence, range);
    const { p } = score(model, candidates);
    const labels = labelsOf(evidence, candidates);
    for (let pair = 0; pair < candidates.count; pair++) {
      const place = places.get(view.accounts.no[candidates.account[pair]!]!);
      const family = families[candidates.family[pair]!];
      if (place === undefined || family === undefined) continue;
      const spend = spendBy(models, ledger, place, family);
      if (isKnown(spend)) predicted[place]! += p[pair]! * spend.horizon;
      if (labels !== null) actual[place]! += Math.max(0, labels.spend[pair]!);
    }
  }
  return { account: ledger.accounts.number, predicted, actual: view.after === null ? null : actual };
}

/** In larger books the backtest of an earlier year would take as long as all else; sums stay as they are. */
const MOST_CORRECTED = 200_000;

/**
 * The factor for sums of new business at a cut: from the backtest two horizons before it, which has the same season.
 *
 * Shape:  `adoption` is the cut's own. Null where that backtest does not exist, because nothing could be learned before
 *         it, or the book is too large for one more: sums stay as they are.
 * Source: model-adoption 8.
 */
export async function moneyCorrection(
  book: MoneyBook,
  { adoption: now, cut, horizon }: { adoption: Adoption; cut: IsoDate; horizon: Horizon },
  options: { money: MoneyOptions; adoption: AdoptionOptions },
): Promise<Correction | null> {
  if (now.is === 'notEstimable' || now.evidence.view.accounts.count > MOST_CORRECTED) return null;
  const then = shift(cut, horizon, -2);
  const adoption = await adoptionAt(book, then, horizon, options.adoption);
  if (adoption.is === 'notEstimable' || adoption.model.learnedFrom.length === 0) return null;
  const expected = newBusiness(adoption, await moneyAt(book, then, horizon, options.money));
  if (!isKnown(expected) || expected.actual === null) return null;
  return correctionFrom(sum(expected.actual), sum(expected.predicted));
}

const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
