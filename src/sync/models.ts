/** The potential models of a book at its as-of day: fitted once, then asked account by account. */
import type { Book } from '../book/book.js';
import type { MoneyBatch, MoneyReading } from '../book/money.js';
import { addDays } from '../kam/calendar.js';
import { shortlist, type Adoption } from '../kam/model/adoption.js';
import { boughtBy, riskBy, spendBy, type MoneyModels } from '../kam/model/money.js';
import type { AccountRisk } from '../kam/model/risk.js';
import type { Correction } from '../kam/model/season.js';
import { explainer } from '../kam/model/why.js';
import type { ModelVoice } from '../kam/modelled.js';
import type { Settings } from '../kam/settings.js';
import type { RecordId } from '../kam/units.js';
import type { Unknown } from '../kam/unknown.js';
import { adoptionAt, adoptionSettings } from './adoption.js';
import { moneyAt, moneyCorrection } from './money.js';

/** What the models say of an account that bought something in the last year. */
export type Told = { voice: ModelVoice; risk: AccountRisk | Unknown };

export type Models = {
  readonly adoption: Adoption;
  readonly money: MoneyModels;
  /** Accounts in the batches of `Book.accounts`; one that bought nothing in the last year is not in its batch. */
  told(batchSize: number): AsyncIterable<ReadonlyMap<RecordId, Told>>;
};

/**
 * Fits all models on what the book knows up to its as-of day.
 *
 * Errors: none of its own; what can't be estimated says why, and the other models stand without it.
 */
export async function modelsOf(book: Book, settings: Settings): Promise<Models> {
  const { horizon, options } = adoptionSettings(settings);
  // The as-of day is the last that is seen.
  const cut = addDays(await book.asOf(), 1);
  const adoption = await adoptionAt(book, cut, horizon, options);
  const { reading, models: money } = await moneyAt(book, cut, horizon, settings.potential);
  const correction = await moneyCorrection(
    book,
    { adoption, cut, horizon },
    { money: settings.potential, adoption: options },
  );
  const fitted = { adoption, money, reading, correction };
  return { adoption, money, told: (batchSize) => told(book, fitted, settings, batchSize) };
}

type Fitted = { adoption: Adoption; money: MoneyModels; reading: MoneyReading; correction: Correction | null };

async function* told(
  book: Book,
  fitted: Fitted,
  settings: Settings,
  batchSize: number,
): AsyncIterable<ReadonlyMap<RecordId, Told>> {
  const whiteOf = whiteFamilies(fitted);
  const { adoption, money } = fitted;
  const isLearned = adoption.is === 'estimated' && adoption.model.learnedFrom.length > 0;
  for await (const batch of book.moneyBatches(fitted.reading, batchSize)) {
    yield new Map(
      batch.ids.map((id, account): [RecordId, Told] => [
        id,
        {
          voice: {
            white: whiteOf(batch, account),
            bought: boughtBy(money, batch, account),
            isNew: isNewcomer(batch, account),
            isLearned,
            horizonMonths: settings.adoption.horizonMonths,
            correction: fitted.correction,
          },
          risk: riskBy(money, batch.ledger, account),
        },
      ]),
    );
  }
}

/** Families that are looked at for one account: the likeliest; beyond them a chance is too small to sell on. */
const MOST_FAMILIES = 25;

const NEW_DAYS = 90;

const isNewcomer = ({ ledger }: MoneyBatch, account: number): boolean =>
  (ledger.accounts.tenure[account] ?? 0) < NEW_DAYS;

/** The likeliest families that an account does not own; null where it is not known what it owns. */
function whiteFamilies({ adoption, money }: Fitted): (batch: MoneyBatch, account: number) => ModelVoice['white'] {
  if (adoption.is === 'notEstimable') return () => null;
  const { evidence, model } = adoption;
  const { view } = evidence;
  const inView = new Map(Array.from(view.accounts.no, (number, index) => [number, index]));
  const numbers = new Map(money.families.map(({ name }, number) => [name, number]));
  const best = shortlist(evidence, model, MOST_FAMILIES);
  const explain = explainer(evidence, model);
  return ({ ledger }, account) => {
    const index = inView.get(ledger.accounts.number[account] ?? -1);
    if (index === undefined) return null;
    const whyOf = explain(index);
    return Array.from(best({ from: index, to: index + 1 }).family, (family) => {
      const why = whyOf(family);
      return { why, spend: spendBy(money, ledger, account, numbers.get(why.family) ?? -1) };
    });
  };
}
