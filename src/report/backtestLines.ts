/** A backtest as lines for a terminal: first what may be said in plain words, then the figures that it rests on. */
import {
  adoptionRankers,
  aucOf,
  crossSellRankers,
  questions,
  riskRankers,
  spearmanOf,
  wasTried,
  type AdoptionRanker,
  type AdoptionTrial,
  type CrossSellRanker,
  type CrossSellTrial,
  type CutReport,
  type RiskRanker,
  type RiskTrial,
} from '../kam/model/backtest.js';
import type { Measured, RankingMeasures } from '../kam/model/metrics.js';
import type { IsoDate } from '../kam/units.js';
import { isKnown } from '../kam/unknown.js';
import type { Backtest } from './backtest.js';
import {
  adoptionNames,
  crossSellNames,
  figure,
  headText,
  interval,
  noteTexts,
  rankingOf,
  riskNames,
  titleOf,
  verdictText,
  warningTexts,
} from './backtestWords.js';
import { money, table, type Screen } from './terminal.js';

export function backtestLines(found: Backtest, screen: Screen): string[] {
  return [
    ...headText(found),
    '',
    ...questions.map((question) => verdictText(question, found)),
    ...warningTexts(found).map((text) => `Warning: ${text}`),
    ...noteTexts(found).map((text) => `Note: ${text}`),
    ...backtestTables(found).flatMap(({ title, days, rows }) => ['', title, tableOf(screen, days, rows)]),
  ];
}

/** One line per figure, one column per cut. */
export type CutTable = { title: string; days: IsoDate[]; rows: { name: string; cells: string[] }[] };

function tableOf(screen: Screen, days: readonly IsoDate[], rows: CutTable['rows']): string {
  return table(screen, {
    data: rows.map(({ name, cells }) => ({
      name,
      ...Object.fromEntries(days.map((day, index) => [day, cells[index] ?? ''])),
    })),
    columns: [{ key: 'name', name: 'Cut' }, ...days.map((day) => ({ key: day, name: day }))],
  });
}

/** All figures of a backtest, question by question; a question that could not be tried at any cut has no table. */
export function backtestTables(found: Backtest): CutTable[] {
  return [adoptionTable(found), crossSellTable(found), walletTable(found), riskTable(found)].filter(
    ({ days }) => days.length > 0,
  );
}

type Row<T> = readonly [name: string, cell: (trial: T) => string];

function tableFor<T>(
  title: string,
  cuts: readonly CutReport[],
  trialOf: (cut: CutReport) => T | null,
  rows: readonly Row<{ cut: CutReport; trial: T }>[],
): CutTable {
  const tried = cuts.flatMap((cut) => {
    const trial = trialOf(cut);
    return trial === null ? [] : [{ cut, trial }];
  });
  return {
    title,
    days: tried.map(({ cut }) => cut.day),
    rows: rows.map(([name, cell]) => ({ name, cells: tried.map(cell) })),
  };
}

function rankerRows<T, N extends string>(
  figureName: string,
  names: readonly N[],
  words: Readonly<Record<N, string>>,
  figureOf: (trial: T, name: N) => Measured,
  digits = 3,
): Row<{ cut: CutReport; trial: T }>[] {
  return names.map((name) => [`${figureName} ${words[name]}`, ({ trial }) => interval(figureOf(trial, name), digits)]);
}

const aucIn = <N extends string>(
  { rankers }: { rankers: readonly { name: N; ranking: RankingMeasures }[] },
  name: N,
): Measured => aucOf(rankers, name);

const integer = (n: number): string => n.toLocaleString('en-GB');

function adoptionTable({ cuts }: Backtest): CutTable {
  return tableFor(
    `${titleOf('adoption')}: pairs of an account and a family that it had not bought`,
    cuts,
    ({ adoption }) => (wasTried(adoption) ? adoption : null),
    [
      ['accounts', ({ cut }) => integer(cut.accounts)],
      ['pairs', ({ trial }) => integer(trial.candidates)],
      ['first purchases', ({ trial }) => integer(trial.adopted)],
      ['PR-AUC', ({ trial }) => interval(rankingOf(trial.rankers, 'model').prAuc)],
      ['lift, best 10 %', ({ trial }) => interval(rankingOf(trial.rankers, 'model').lift, 2)],
      ['recall@5', ({ trial }) => interval(rankingOf(trial.rankers, 'model').recall)],
      ['ECE', ({ trial }) => interval(trial.calibration.error)],
      ['said / happened', ({ trial }) => interval(trial.calibration.ratio, 2)],
      ...rankerRows<AdoptionTrial, AdoptionRanker>('AUC', adoptionRankers, adoptionNames, aucIn),
    ],
  );
}

function crossSellTable({ cuts, currency }: Backtest): CutTable {
  return tableFor(
    `${titleOf('crossSell')}: per account, over the families that it had not bought (ρ: rank correlation, Spearman)`,
    cuts,
    ({ crossSell }) => (isKnown(crossSell) ? crossSell : null),
    [
      ['accounts', ({ trial }) => integer(trial.accounts)],
      ['with first purchase', ({ trial }) => integer(trial.buyers)],
      ['expected', ({ trial }) => money(trial.predicted, currency)],
      ['spent', ({ trial }) => money(trial.actual, currency)],
      [
        'season correction',
        ({ trial }) => (trial.correction === null ? '–' : `× ${figure(trial.correction.factor, 2)}`),
      ],
      ['expected / spent', ({ trial }) => interval(trial.rankers.find(isModel)?.money.ratio ?? null, 2)],
      ['spent by best tenth', ({ trial }) => interval(trial.rankers.find(isModel)?.captured ?? null)],
      ...rankerRows<CrossSellTrial, CrossSellRanker>(
        'ρ',
        crossSellRankers,
        crossSellNames,
        ({ rankers }, name) => spearmanOf(rankers, name),
        2,
      ),
    ],
  );
}

const isModel = ({ name }: { name: string }): boolean => name === 'model';

function walletTable({ cuts, currency }: Backtest): CutTable {
  return tableFor(titleOf('wallet'), cuts, ({ wallet }) => (isKnown(wallet) ? wallet : null), [
    ['pairs', ({ trial }) => integer(trial.pairs)],
    ['season (book index)', ({ cut }) => (cut.index.is === 'measured' ? figure(cut.index.factor, 2) : 'not known')],
    ['below ceiling (80 %)', ({ trial }) => interval(trial.coverage)],
    ['grew, with a gap', ({ trial }) => interval(trial.withGap.grew)],
    ['grew, without', ({ trial }) => interval(trial.withoutGap.grew)],
    ['with / without', ({ trial }) => (trial.growthRatio === null ? '–' : figure(trial.growthRatio, 2))],
    ['expected growth', ({ trial }) => money(trial.volume.predicted, currency)],
    ['growth into gaps', ({ trial }) => money(trial.volume.actual, currency)],
  ]);
}

function riskTable({ cuts, currency }: Backtest): CutTable {
  return tableFor(
    `${titleOf('risk')} of what the season lets expect`,
    cuts,
    ({ risk }) => (isKnown(risk) ? risk : null),
    [
      ['accounts', ({ trial }) => integer(trial.accounts)],
      ['lost', ({ trial }) => integer(trial.losses)],
      ['ECE', ({ trial }) => interval(trial.calibration.error)],
      ['said / happened', ({ trial }) => interval(trial.calibration.ratio, 2)],
      ['money at risk', ({ trial }) => money(trial.money.predicted, currency)],
      ['money lost', ({ trial }) => money(trial.money.actual, currency)],
      ['at risk / lost', ({ trial }) => interval(trial.money.ratio, 2)],
      ['lost by top fifth', ({ trial }) => interval(trial.captured.model)],
      ['… by revenue', ({ trial }) => interval(trial.captured.revenue)],
      ...rankerRows<RiskTrial, RiskRanker>('AUC', riskRankers, riskNames, aucIn),
    ],
  );
}
