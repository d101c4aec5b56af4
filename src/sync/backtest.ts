/** How good the models would have been on this book: cut by cut, each from what was known then. */
import { createWriteStream, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Messages, type Org } from '@salesforce/core';
import { openBook, type Book, type BookNote } from '../book/book.js';
import { addDays, addMonths, horizonText, isDay, shift } from '../kam/calendar.js';
import { score } from '../kam/model/adoption.js';
import {
  adoptionTrial,
  baselineScores,
  crossSellTrial,
  riskTrial,
  verdictsOf,
  walletTrial,
  warningsOf,
  type AdoptionScores,
  type CutReport,
} from '../kam/model/backtest.js';
import { cutAt, latestCut, rollingCuts, usualHorizon, type Cut, type SalesSpan } from '../kam/model/cuts.js';
import { candidatesOf, labelsOf } from '../kam/model/features.js';
import type { Bootstrap } from '../kam/model/metrics.js';
import { fitMoney } from '../kam/model/money.js';
import { settingsSchema, type Settings } from '../kam/settings.js';
import type { Horizon, IsoDate } from '../kam/units.js';
import { unknown } from '../kam/unknown.js';
import { connect } from '../org/connect.js';
import { readSettings } from '../org/read.js';
import type { Backtest } from '../report/backtest.js';
import { predictionLines, type PredictedPairs } from '../report/predictions.js';
import { adoptionAt, adoptionSettings } from './adoption.js';
import { moneyCorrection } from './money.js';
import { stateOf } from './state.js';

Messages.importMessagesDirectoryFromMetaUrl(import.meta.url);
const messages = Messages.loadMessages('sf-plugin-kam', 'backtest');

export type BacktestSource =
  { is: 'org'; login: Org; apiVersion: string | undefined; env: NodeJS.ProcessEnv } | { is: 'files'; folder: string };

export type BacktestOptions = {
  /** Null for rolling cuts. */
  cut: IsoDate | null;
  /** Null for what the org's sync estimates for, of files for half a year. */
  horizon: Horizon | null;
  /** So many products stand as families; null for the families of the book. */
  topProducts: number | null;
  /** CSV file for every candidate pair of the (latest) cut. */
  predictions: string | null;
  /** HTML file for the report. */
  page: string | null;
  /** Sales after this day count as not known yet. */
  today: IsoDate;
  bootstrap: Bootstrap;
  version: string;
};

export type OnBacktest = (stage: 'read' | 'lookBack', done: number, total: number | null) => void;

const WRONG_USAGE = 2;
const MOST_CUTS = 4;

/** Resampled books per interval; fewer where each costs millions of steps. */
export const usualBootstrap: Bootstrap = { resamples: 200, seed: 42 };
const LARGE = { pairs: 200_000, resamples: 50 } as const;

/**
 * Looks back at one book from one cut or from up to four, and judges every model by what then happened.
 *
 * Shape:  nothing from a cut on enters what is said at it. From an org the book of its last sync is read; nothing is
 *         written to the org.
 * Errors: usage errors (exit 2) for a cut that is no day or lies outside the data; `NoRunYetError`, `NoHistoryError`,
 *         `HistoryTooShortError` where there is nothing to look back on. What can't be estimated at a cut is data.
 */
export async function backtest(
  source: BacktestSource,
  options: BacktestOptions,
  onProgress: OnBacktest,
): Promise<Backtest> {
  if (options.cut !== null && !isDay(options.cut)) {
    throw messages.createError('error.CutNotADay', [options.cut], [], WRONG_USAGE);
  }
  const scratch = mkdtempSync(join(tmpdir(), 'kam-backtest-'));
  onProgress('read', 0, null);
  const opened = await openSource(source, options, scratch);
  try {
    return await lookBack(opened, source, options, scratch, onProgress);
  } finally {
    await opened.book.close();
    rmSync(scratch, { recursive: true, force: true });
  }
}

type Opened = { book: Book; settings: Settings; notes: BookNote[]; source: Backtest['source'] };

async function openSource(source: BacktestSource, { today }: BacktestOptions, scratch: string): Promise<Opened> {
  switch (source.is) {
    case 'org':
      return openSynced(source);
    case 'files':
      return openFolder(source.folder, today, scratch);
  }
}

/** The book of the last finished sync, as every reader opens it. */
async function openSynced({ login, apiVersion, env }: Extract<BacktestSource, { is: 'org' }>): Promise<Opened> {
  const org = await connect(login, apiVersion);
  const state = stateOf(org.orgId, env);
  if (!existsSync(state.book)) throw messages.createError('error.NoRunYet', [org.orgId], [org.username]);
  const settings = await readSettings(org);
  const book = await openBook(state.book, { readOnly: true });
  return { book, settings, notes: [], source: { is: 'org', orgId: org.orgId, username: org.username } };
}

async function openFolder(folder: string, today: IsoDate, scratch: string): Promise<Opened> {
  const settings = settingsSchema.parse({});
  const book = await openBook(join(scratch, 'book.duckdb'));
  try {
    const { span } = await book.readFolder(folder);
    const notes = await book.derive(settings, knownUntil(span, today), today);
    return { book, settings, notes, source: { is: 'files', folder } };
  } catch (error) {
    await book.close();
    throw error;
  }
}

/** Where dates are as coarse as months, the last month is known to its end. */
function knownUntil({ last, isMonthly }: SalesSpan, today: IsoDate): IsoDate {
  const end = isMonthly ? addDays(addMonths(`${last.slice(0, 7)}-01`, 1), -1) : last;
  return end < today ? end : today;
}

async function lookBack(
  { book, settings, notes, source }: Opened,
  from: BacktestSource,
  options: BacktestOptions,
  scratch: string,
  onProgress: OnBacktest,
): Promise<Backtest> {
  const span = await book.salesSpan();
  if (span === null) throw messages.createError('error.NoHistory', [placeOf(from)]);
  const horizon = options.horizon ?? horizonFor(source, settings, span);
  const cuts = cutsFor(span, horizon, options.cut);
  const { bootstrap } = options;
  const reports: CutReport[] = [];
  for (const [index, cut] of cuts.entries()) {
    onProgress('lookBack', index, cuts.length);
    const tried = await inBookOf(book, settings, cut, horizon, options, scratch, (at) =>
      tryCut(at, settings, cut, horizon, bootstrap),
    );
    reports.push(tried.report);
    if (index === 0 && options.predictions !== null) await writePredictions(options.predictions, tried.predictions);
  }
  const found: Backtest = {
    source,
    knownUntil: span.asOf,
    first: span.first,
    last: span.last,
    isMonthly: span.isMonthly,
    horizon,
    families: options.topProducts === null ? { is: 'families' } : { is: 'products', top: options.topProducts },
    largestSale: span.largestSale,
    bootstrap,
    cuts: reports,
    verdicts: verdictsOf(reports),
    warnings: warningsOf(reports),
    notes,
    currency: settings.currency,
    version: options.version,
  };
  if (options.page !== null) await writePage(options.page, found);
  return found;
}

/** Of an org the horizon that its sync estimates for; of files half a year. */
const horizonFor = (source: Backtest['source'], settings: Settings, span: SalesSpan): Horizon =>
  source.is === 'org' ? adoptionSettings(settings).horizon : usualHorizon(span);

const placeOf = (source: BacktestSource): string =>
  source.is === 'files' ? source.folder : (source.login.getUsername() ?? source.login.getOrgId());

function cutsFor(span: SalesSpan & { asOf: IsoDate }, horizon: Horizon, day: IsoDate | null): Cut[] {
  const latest = latestCut(span.asOf, horizon);
  if (day === null) {
    const cuts = rollingCuts(span, span.asOf, horizon, MOST_CUTS);
    if (cuts.length > 0) return cuts;
    throw messages.createError('error.HistoryTooShort', [span.first, span.asOf, horizonText(horizon)]);
  }
  if (day <= span.first || day > latest) {
    const earliest = addDays(span.first, 1);
    const tokens = [day, span.first, span.asOf, horizonText(horizon)];
    throw earliest <= latest
      ? messages.createError('error.CutOutsideData', tokens, [earliest, latest], WRONG_USAGE)
      : messages.createError('error.NoCutPossible', tokens, [], WRONG_USAGE);
  }
  return [cutAt(span, horizon, day)];
}

/** The book as it is, or one of its own for a cut whose families are the products most widely bought until then. */
async function inBookOf<T>(
  book: Book,
  settings: Settings,
  cut: Cut,
  horizon: Horizon,
  { topProducts, today }: BacktestOptions,
  scratch: string,
  work: (book: Book) => Promise<T>,
): Promise<T> {
  if (topProducts === null) return work(book);
  const span = await book.salesSpan();
  const file = join(scratch, `${cut.day}.duckdb`);
  await book.publish(file);
  const own = await openBook(file);
  try {
    await own.productsAsFamilies(topProducts, shift(cut.day, horizon, -1));
    await own.derive(settings, span?.asOf ?? today, today);
    return await work(own);
  } finally {
    await own.close();
    rmSync(file, { force: true });
  }
}

/** A cut's report, and every pair that it rests on. */
export type Tried = { report: CutReport; predictions: PredictedPairs | null };

/** Judges all models at one cut of a derived book; nothing from the cut on enters what they say. */
export async function tryCut(
  book: Book,
  settings: Settings,
  cut: Cut,
  horizon: Horizon,
  bootstrap: Bootstrap,
): Promise<Tried> {
  const { options } = adoptionSettings(settings);
  const adoption = await adoptionAt(book, cut.day, horizon, options);
  const view = adoption.is === 'estimated' ? adoption.evidence.view : await book.salesView(cut.day, horizon);
  const reading = await book.moneyHistory(cut.day, horizon);
  const { ledger } = reading.now;
  const models = fitMoney(reading, settings.potential);
  const about = {
    ...cut,
    accounts: view.accounts.count,
    families: view.families.length,
    index: models.index,
    wallet: walletTrial(models, ledger, settings.potential.quantile, bootstrap),
    risk: riskTrial(models, ledger, bootstrap),
  };
  if (adoption.is === 'notEstimable') {
    const crossSell = unknown('noPotential');
    const report = {
      ...about,
      learnedFrom: [],
      weights: null,
      adoption: { notEstimable: adoption.because },
      crossSell,
    };
    return { report, predictions: null };
  }
  const { evidence, model } = adoption;
  const candidates = candidatesOf(evidence, { from: 0, to: view.accounts.count });
  const labels = labelsOf(evidence, candidates);
  if (labels === null) throw new RangeError(`The horizon of the cut ${cut.day} is not over on the last known day.`);
  const scores = score(model, candidates);
  const correction = await moneyCorrection(
    book,
    { adoption, cut: cut.day, horizon },
    { money: settings.potential, adoption: options },
  );
  const resamples =
    candidates.count > LARGE.pairs ? Math.min(LARGE.resamples, bootstrap.resamples) : bootstrap.resamples;
  const ranked: AdoptionScores = {
    probability: scores.p,
    scores: {
      model: scores.z,
      priorWeights: score({ ...model, weights: options.prior }, candidates).z,
      ...baselineScores(view, candidates, ledger),
    },
  };
  return {
    report: {
      ...about,
      learnedFrom: [...model.learnedFrom],
      weights: model.weights,
      adoption: adoptionTrial(view, candidates, ranked, labels, { ...bootstrap, resamples }),
      crossSell: crossSellTrial(view, candidates, scores.p, labels, { models, ledger, correction }, bootstrap),
    },
    predictions: { view, ids: await book.accountIds(), candidates, scores, labels },
  };
}

async function writePage(file: string, found: Backtest): Promise<void> {
  const { backtestPage } = await import('../report/backtestPage.js');
  const page = await backtestPage(found);
  try {
    writeFileSync(file, page);
  } catch (error) {
    throw messages.createError('error.FileNotWritten', [file, String(error)], [], WRONG_USAGE);
  }
}

async function writePredictions(file: string, predictions: PredictedPairs | null): Promise<void> {
  try {
    await pipeline(Readable.from(predictionLines(predictions)), createWriteStream(file));
  } catch (error) {
    throw messages.createError('error.FileNotWritten', [file, String(error)], [], WRONG_USAGE);
  }
}
