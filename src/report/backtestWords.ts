/** The words of a backtest: what may be said, what to beware of, and what could not be estimated. */
import {
  wasTried,
  type AdoptionRanker,
  type CrossSellRanker,
  type Question,
  type RiskRanker,
  type Warning,
} from '../kam/model/backtest.js';
import type { NotEstimable } from '../kam/model/estimable.js';
import type { Measured, RankingMeasures } from '../kam/model/metrics.js';
import { LEAST_EVENTS, type Verdict } from '../kam/model/verdict.js';
import type { Horizon, IsoDate } from '../kam/units.js';
import { isKnown, type Unknown, type WhyUnknown } from '../kam/unknown.js';
import type { Backtest } from './backtest.js';
import { money, noteText, percent } from './terminal.js';

/** What was looked back on. */
export function headText(found: Backtest): string[] {
  const { cuts, first, last, horizon, families } = found;
  const where = found.source.is === 'files' ? found.source.folder : found.source.username;
  const as =
    families.is === 'products'
      ? ` The ${families.top} products most widely bought before each training window stand as families.`
      : '';
  return [
    `Backtest of ${where}: sales from ${first} to ${last}, known until ${found.knownUntil}.`,
    `${cuts.length === 1 ? 'One cut' : `${cuts.length} cuts`}, each judged by the ${horizonWords(horizon)} that followed it, knowing only what lay before.${as}`,
    `In brackets: where 95 of 100 books of as many accounts, drawn anew from these (${found.bootstrap.resamples} times, seed ${found.bootstrap.seed}), come to lie.`,
  ];
}

export const horizonWords = (horizon: Horizon): string => {
  const [n, unit] = 'days' in horizon ? [horizon.days, 'day'] : [horizon.months, 'month'];
  return `${n} ${unit}${n === 1 ? '' : 's'}`;
};

const titles: Record<Question, string> = {
  adoption: 'Who will buy a family for the first time',
  crossSell: 'How much they will spend on it',
  wallet: 'Where spend in families already bought can grow',
  risk: 'Who will buy less than half',
};

export const titleOf = (question: Question): string => titles[question];

/** The verdict on one model, in a sentence that a sales controller can use. */
export function verdictText(question: Question, found: Backtest): string {
  return `${titles[question]}: ${verdictWords(found.verdicts[question])} ${evidenceWords(question, found)}`.trim();
}

export function verdictWords(verdict: Verdict): string {
  switch (verdict.is) {
    case 'holds':
      return `holds here (${verdict.at.length === 1 ? `at the cut ${dates(verdict.at)}` : `at all ${verdict.at.length} cuts with enough events`}).`;
    case 'sometimes':
      return `holds at ${dates(verdict.at)}, but not at ${dates(verdict.notAt)}.`;
    case 'notValidated':
      return `not validated here: ${notValidated[verdict.because]}`;
  }
}

const notValidated: Record<Extract<Verdict, { is: 'notValidated' }>['because'], string> = {
  noCut: 'at no cut could it be tried.',
  tooFewEvents: `fewer than ${LEAST_EVENTS} events at each cut, too few to tell a model from a coin.`,
  notBetterThanChance: 'what it says can not be told from chance.',
};

const dates = (days: readonly IsoDate[]): string =>
  new Intl.ListFormat('en-GB', { type: 'conjunction' }).format([...days].sort());

/** What the latest cut that could be tried says, with the figure behind it. */
function evidenceWords(question: Question, { cuts, currency }: Backtest): string {
  switch (question) {
    case 'adoption': {
      const latest = cuts.map(({ day, adoption }) => ({ day, adoption })).find(({ adoption }) => wasTried(adoption));
      if (latest === undefined || !wasTried(latest.adoption)) return '';
      const { rankers, adopted, candidates } = latest.adoption;
      const model = rankingOf(rankers, 'model');
      if (model.auc === null)
        return `${counted(adopted, 'first purchase')} among ${counted(candidates, 'pair')} at ${latest.day}.`;
      return `At ${latest.day}: of two pairs of account and family, one bought and one not, the one bought was ranked first in ${share(model.auc)} of cases, by popularity alone in ${share(rankingOf(rankers, 'popularity').auc)}; the best tenth of pairs held ${times(model.lift)} as many first purchases as chance.`;
    }
    case 'crossSell': {
      const latest = cuts.map(({ day, crossSell }) => ({ day, crossSell })).find(({ crossSell }) => isKnown(crossSell));
      if (latest === undefined || !isKnown(latest.crossSell)) return '';
      const { predicted, actual, rankers } = latest.crossSell;
      const own = rankers.find(({ name }) => name === 'model');
      return `At ${latest.day}: expected ${money(predicted, currency)}, spent ${money(actual, currency)}; rank correlation over accounts ${interval(own?.money.spearman ?? null)}.`;
    }
    case 'wallet': {
      const latest = cuts.map(({ day, wallet }) => ({ day, wallet })).find(({ wallet }) => isKnown(wallet));
      if (latest === undefined || !isKnown(latest.wallet)) return '';
      const { withGap, withoutGap, coverage } = latest.wallet;
      return `At ${latest.day}: spend grew faster than the book in ${share(withGap.grew)} of cases with a gap to comparable customers, in ${share(withoutGap.grew)} without; ${share(coverage)} stayed below the ceiling that 80 % should stay below.`;
    }
    case 'risk': {
      const latest = cuts.map(({ day, risk }) => ({ day, risk })).find(({ risk }) => isKnown(risk));
      if (latest === undefined || !isKnown(latest.risk)) return '';
      const { rankers, money: sums, captured } = latest.risk;
      return `At ${latest.day}: of two accounts, one lost and one kept, the one lost was ranked first in ${share(rankingOf(rankers, 'model').auc)} of cases; expected to be lost ${money(sums.predicted, currency)}, lost ${money(sums.actual, currency)}, ${share(captured.model)} of it by the fifth with most at risk.`;
    }
  }
}

export const adoptionNames: Record<AdoptionRanker, string> = {
  model: 'P(adopt)',
  priorWeights: 'P(adopt), unlearned',
  popularity: 'popularity',
  peers: 'popular with peers',
  revenue: 'revenue',
  trend: 'trend of revenue',
  products: 'products bought',
  families: 'families bought',
};

export const crossSellNames: Record<CrossSellRanker, string> = {
  model: 'P(adopt) × spend',
  revenue: 'revenue',
  rateTimesRevenue: 'rate × revenue',
  families: 'families bought',
};

export const riskNames: Record<RiskRanker, string> = {
  model: 'P(loss)',
  recency: 'days since order',
  trend: 'falling revenue',
  smallRevenue: 'little revenue',
  fewFamilies: 'few families',
};

/** What to beware of, one sentence per kind of warning and question, with the cuts at which it applies. */
export function warningTexts({ warnings }: Backtest): string[] {
  const kinds = Map.groupBy(warnings, (warning) =>
    'question' in warning ? `${warning.is} ${warning.question}` : warning.is,
  );
  return [...kinds.values()].map(([first, ...others]) => (first === undefined ? '' : warningText([first, ...others])));
}

type Some<T> = readonly [T, ...T[]];

function warningText(some: Some<Warning>): string {
  const [first] = some;
  switch (first.is) {
    case 'breadthBeatsModel':
      return `how much an account buys already, whatever the family, ranked better than P(adopt) ${at(some, (one) => (one.is === 'breadthBeatsModel' ? `${one.by} bought ${figure(one.breadth)} against ${figure(one.model)}` : ''))}. Families may have been launched, retired or brought back: look at what was new then before you trust P(adopt) per family.`;
    case 'baselineBeatsModel':
      return `${titles[first.question]}: a simple ranking did better than the model ${at(some, (one) => (one.is === 'baselineBeatsModel' ? `${rankerName(one.question, one.by)} ${figure(one.baseline)} against ${figure(one.model)}` : ''))}.`;
    case 'levelOff':
      return `${first.question === 'adoption' ? 'first purchases' : 'losses'} were not as many as the probabilities add up to ${at(some, saidOver)}: trust their order more than their level. (Said / happened.)`;
    case 'moneyOff':
      return `the money ${first.question === 'crossSell' ? 'of first purchases' : 'at risk'} was off by more than a factor of two ${at(some, saidOver)}. (Expected / actual.)`;
    case 'coverageOff':
      return `75 to 85 % of spends should stay below their ceiling; they did not ${at(some, (one) => (one.is === 'coverageOff' ? percent(one.coverage) : ''))}.`;
    case 'nothingLearned':
      return `no past window was long enough to learn from ${at(some)}: P(adopt) stands on its usual weights.`;
    case 'notSeasonallyAdjusted':
      return `history was too short to know the season ${at(some)}: the money is not seasonally adjusted.`;
  }
}

const saidOver = (warning: Warning): string => ('ratio' in warning ? warning.ratio.toFixed(2) : '');

/** `at 2012-06-02 (96 %) and 2012-12-01 (70.9 %)`, oldest first. */
function at(warnings: readonly Warning[], detailOf: (warning: Warning) => string = () => ''): string {
  const byCut = Map.groupBy(warnings, ({ cut }) => cut);
  const parts = [...byCut]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([cut, own]) => {
      const details = own.map(detailOf).filter((detail) => detail !== '');
      return details.length === 0 ? cut : `${cut} (${details.join('; ')})`;
    });
  return `at ${new Intl.ListFormat('en-GB', { type: 'conjunction' }).format(parts)}`;
}

function rankerName(question: Question, by: string): string {
  const names: Record<string, string> =
    question === 'adoption' ? adoptionNames : question === 'crossSell' ? crossSellNames : riskNames;
  return names[by] ?? by;
}

/** A single sale above this share of all revenue makes sums of money rest on it. */
const MEGA_DEAL = 0.25;

export function noteTexts({ notes, largestSale, cuts }: Backtest): string[] {
  return [
    ...notes.map(noteText),
    ...(largestSale > MEGA_DEAL
      ? [`One sale makes ${percent(largestSale)} of all revenue; sums of money rest on it, rankings do not.`]
      : []),
    ...cuts.flatMap(({ day, adoption }) =>
      wasTried(adoption) ? [] : [`At ${day} P(adopt) can't be estimated: ${notEstimableText(adoption.notEstimable)}`],
    ),
    ...cuts.flatMap(({ day, crossSell, wallet, risk }) =>
      [
        { name: 'spend on new families', value: crossSell },
        { name: 'growth in families already bought', value: wallet },
        { name: 'risk', value: risk },
      ].flatMap(({ name, value }) =>
        isKnown(value) ? [] : [`At ${day} ${name} can't be estimated: ${whyText(value)}`],
      ),
    ),
  ];
}

function notEstimableText(because: NotEstimable): string {
  switch (because.is) {
    case 'noHistory':
      return 'no sale lies before the cut.';
    case 'noBuyers':
      return 'no account has a sale with a positive amount in the year before the cut.';
    case 'oneAccount':
      return 'only one account bought in the year before the cut, and there is nobody to compare it with.';
    case 'oneFamily':
      return 'fewer than two families were ever bought, so that there is nothing to cross-sell.';
    case 'nothingOpen':
      return `every account already buys each family that ${because.minimumOwners} or more accounts buy: there is no whitespace to rank.`;
  }
}

const whyTexts: Partial<Record<WhyUnknown, string>> = {
  noHistory: 'no past window with a known outcome lies before the cut.',
  fewEvents: 'the past windows hold too few events to learn from.',
  noSales: 'nobody bought anything in the horizon before the cut.',
  noPotential: 'there is no P(adopt) to multiply it with.',
};

const whyText = (value: Unknown): string => whyTexts[value.unknown] ?? `${value.unknown}.`;

export const rankingOf = <N>(rankers: readonly { name: N; ranking: RankingMeasures }[], name: N): RankingMeasures =>
  rankers.find((ranker) => ranker.name === name)?.ranking ?? { auc: null, prAuc: null, lift: null, recall: null };

/** `.826 (.811–.839)`; a dash where the figure is not defined. */
export function interval(measured: Measured, digits = 3): string {
  if (measured === null) return '–';
  const between = measured.low < 0 ? ' to ' : '–';
  return `${figure(measured.value, digits)} (${figure(measured.low, digits)}${between}${figure(measured.high, digits)})`;
}

/** A fraction without its leading zero, as statistics are written; a real minus. */
export const figure = (value: number, digits = 3): string =>
  value
    .toFixed(digits)
    .replace(/^(-?)0\./, '$1.')
    .replace('-', '−');

const share = (measured: Measured): string =>
  measured === null ? 'an unknown share' : `${(measured.value * 100).toFixed(0)} %`;
const times = (measured: Measured): string => (measured === null ? 'about' : `${measured.value.toFixed(1)} times`);

const counted = (n: number, one: string): string => `${n.toLocaleString('en-GB')} ${one}${n === 1 ? '' : 's'}`;
