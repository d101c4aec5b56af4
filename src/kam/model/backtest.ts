/** What each model said at a past cut against what then happened, beside what simple rankings would have said. */
import { toCents, type Cents, type Fraction, type IsoDate } from '../units.js';
import { isKnown, unknown, type Unknown } from '../unknown.js';
import type { Cut } from './cuts.js';
import type { NotEstimable } from './estimable.js';
import type { Candidates, Labels } from './features.js';
import type { Ledger } from './ledger.js';
import {
  calibrationOf,
  capturedBy,
  gainsOf,
  moneyMeasures,
  rankingMeasures,
  shareOf,
  type Bootstrap,
  type Calibration,
  type Measured,
  type MoneyMeasures,
  type Owned,
  type RankingMeasures,
} from './metrics.js';
import { riskBy, spendBy, type MoneyModels } from './money.js';
import { isLoss } from './risk.js';
import { ratioOf, type BookIndex, type Correction } from './season.js';
import { judge, type Trial, type Verdict } from './verdict.js';
import { isOwned, type View } from './view.js';
import { ceilingOf, pastGaps } from './wallet.js';
import type { Weights } from './weights.js';

/** Who ranks pairs of account and family: the model, the model without learning, and what anyone could do without it. */
export const adoptionRankers = [
  'model',
  'priorWeights',
  'popularity',
  'peers',
  'revenue',
  'trend',
  'products',
  'families',
] as const;
export type AdoptionRanker = (typeof adoptionRankers)[number];

export type AdoptionTrial = {
  /** Pairs of an account and a family that it had not bought, and those that it then bought. */
  candidates: number;
  adopted: number;
  rankers: { name: AdoptionRanker; ranking: RankingMeasures }[];
  calibration: Calibration;
  /** Share of all adoptions among the best k twentieths of the pairs, k from 0 to 20. */
  gains: { name: GainsRanker; shares: Fraction[] }[];
};

const gainsRankers = ['model', 'peers', 'popularity'] as const;
type GainsRanker = (typeof gainsRankers)[number];

/** Scores of all rankers for the same pairs; the model's probability stands by itself. */
export type AdoptionScores = { scores: Record<AdoptionRanker, Float64Array>; probability: Float64Array };

/**
 * What the rankers that need no model say of each pair.
 *
 * `popularity`: share of accounts that own the family. `peers`: the same among comparable accounts. `revenue`: of the last
 * year. `trend`: last horizon against the one before. `products`, `families`: how many the account has bought, whatever
 * the family.
 */
export function baselineScores(
  view: View,
  { account, features }: Candidates,
  ledger: Ledger,
): Omit<Record<AdoptionRanker, Float64Array>, 'model' | 'priorWeights'> {
  const trend = perAccountOf(view, ledger, (row) => trendOf(ledger, row));
  const families = familiesOwned(view);
  return {
    popularity: features.penetration,
    peers: features.peers.map((value, pair) => value + features.penetration[pair]!),
    revenue: features.revenue,
    trend: Float64Array.from(account, (owner) => trend[owner]!),
    products: features.breadth,
    families: Float64Array.from(account, (owner) => families[owner]!),
  };
}

/** A figure of the ledger for each account of the view; 0 where a sample left it out. */
function perAccountOf(view: View, ledger: Ledger, valueOf: (row: number) => number): Float64Array {
  const rows = rowsByNumber(ledger);
  return Float64Array.from(view.accounts.no, (number) => {
    const row = rows.get(number);
    return row === undefined ? 0 : valueOf(row);
  });
}

const rowsByNumber = ({ accounts }: Ledger): Map<number, number> =>
  new Map(Array.from(accounts.number, (number, row) => [number, row]));

const trendOf = ({ accounts }: Ledger, row: number): number =>
  logMoney(accounts.trailing[row]!) - logMoney(accounts.previous[row]!);

/** ln(1 + whole currency units); a negative net counts as nothing. */
const logMoney = (cents: number): number => Math.log(1 + Math.max(0, cents) / 100);

function familiesOwned({ accounts, holdings }: View): Float64Array {
  const owned = new Float64Array(accounts.count);
  for (let account = 0; account < accounts.count; account++) {
    for (let entry = holdings.start[account]!; entry < holdings.start[account + 1]!; entry++) {
      if (isOwned(holdings, entry)) owned[account]!++;
    }
  }
  return owned;
}

export function adoptionTrial(
  view: View,
  candidates: Candidates,
  { scores, probability }: AdoptionScores,
  { adopted }: Labels,
  bootstrap: Bootstrap,
): AdoptionTrial {
  const rows: Owned = { account: candidates.account, accounts: view.accounts.count };
  return {
    candidates: candidates.count,
    adopted: adopted.reduce((sum, event) => sum + event, 0),
    rankers: adoptionRankers.map((name) => ({
      name,
      ranking: rankingMeasures(rows, scores[name], adopted, bootstrap),
    })),
    calibration: calibrationOf(rows, probability, adopted, bootstrap),
    gains: gainsRankers.map((name) => ({ name, shares: gainsOf(scores[name], adopted, GAIN_STEPS) })),
  };
}

const GAIN_STEPS = 20;

export const crossSellRankers = ['model', 'revenue', 'rateTimesRevenue', 'families'] as const;
export type CrossSellRanker = (typeof crossSellRankers)[number];

/** Accounts of about equal expectation: what was expected of them and what they spent. */
export type MoneyBin = { accounts: number; predicted: Cents; actual: Cents };

/** Money of first purchases per account: expected over its open families, and then spent. */
export type CrossSellTrial = {
  accounts: number;
  /** Accounts that then bought a family for the first time. */
  buyers: number;
  predicted: Cents;
  actual: Cents;
  /** What an earlier backtest of the same season made of the sums; `predicted` has it in already. */
  correction: Correction | null;
  /** Share of the money that the tenth of accounts ranked highest then spent. */
  rankers: { name: CrossSellRanker; money: MoneyMeasures; captured: Measured }[];
  /** Tenths of the accounts, least expected first. */
  bins: MoneyBin[];
};

/**
 * Expected against actual first purchases, in cents of one horizon.
 *
 * Shape:  `rateTimesRevenue` is the simple estimate: how often families are taken up × what the account buys anyway.
 * Errors: none; unknown for the reason that no spend could be learned for.
 */
export function crossSellTrial(
  view: View,
  candidates: Candidates,
  probability: Float64Array,
  { adopted, spend }: Labels,
  { models, ledger, correction }: { models: MoneyModels; ledger: Ledger; correction: Correction | null },
  bootstrap: Bootstrap,
): CrossSellTrial | Unknown {
  if (!isKnown(models.spend)) return models.spend;
  const rows = rowsByNumber(ledger);
  const numbers = new Map(models.families.map(({ name }, number) => [name, number]));
  const familyNo = view.families.map((name) => numbers.get(name));
  const { count } = view.accounts;
  const sums = { predicted: new Float64Array(count), actual: new Float64Array(count), rate: new Float64Array(count) };
  for (let pair = 0; pair < candidates.count; pair++) {
    const account = candidates.account[pair]!;
    const row = rows.get(view.accounts.no[account]!);
    const family = familyNo[candidates.family[pair]!];
    if (adopted[pair] === 1) sums.actual[account]! += spend[pair]!;
    sums.rate[account]! += 1 / (1 + Math.exp(-candidates.features.recentRate[pair]!));
    if (row === undefined || family === undefined) continue;
    const expected = spendBy(models, ledger, row, family);
    if (isKnown(expected)) sums.predicted[account]! += probability[pair]! * expected.horizon;
  }
  // Of a large book the money models know a sample; the others have nothing to compare.
  const known = Array.from({ length: count }, (_, a) => a).filter((a) => rows.has(view.accounts.no[a]!));
  const of = (values: Float64Array): Float64Array => Float64Array.from(known, (account) => values[account]!);
  const actual = of(sums.actual);
  const predicted = of(sums.predicted).map((amount) => amount * (correction?.factor ?? 1));
  const revenue = of(view.accounts.revenue);
  const scores: Record<CrossSellRanker, Float64Array> = {
    model: predicted,
    revenue,
    rateTimesRevenue: of(sums.rate).map((rate, index) => rate * Math.max(0, revenue[index]!)),
    families: of(familiesOwned(view)),
  };
  return {
    accounts: known.length,
    buyers: actual.filter((amount) => amount > 0).length,
    predicted: toCents(total(predicted)),
    actual: toCents(total(actual)),
    correction,
    rankers: crossSellRankers.map((name) => ({
      name,
      money: moneyMeasures(scores[name], actual, bootstrap),
      captured: capturedBy(scores[name], actual, 0.1, bootstrap),
    })),
    bins: tenthsOf(predicted, actual),
  };
}

function tenthsOf(predicted: Float64Array, actual: Float64Array): MoneyBin[] {
  const order = Array.from(predicted.keys()).sort((a, b) => predicted[a]! - predicted[b]!);
  const tenths = Math.min(10, order.length);
  return Array.from({ length: tenths }, (_, k) => {
    const inBin = order.slice(Math.floor((k * order.length) / tenths), Math.floor(((k + 1) * order.length) / tenths));
    const sum = (values: Float64Array): Cents => toCents(inBin.reduce((all, account) => all + values[account]!, 0));
    return { accounts: inBin.length, predicted: sum(predicted), actual: sum(actual) };
  });
}

const total = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0);

export type WalletTrial = {
  /** Account and family pairs that were bought in the last horizon. */
  pairs: number;
  /** Share of them that then stayed below the ceiling that four of five should stay below. */
  coverage: Measured;
  /** Pairs with a gap to comparable buyers, and without; how often each grew faster than the book. */
  withGap: { pairs: number; grew: Measured };
  withoutGap: { pairs: number; grew: Measured };
  /** First over second. */
  growthRatio: number | null;
  /** Gap × realisation over what was then filled of the gaps. */
  volume: { predicted: Cents; actual: Cents };
};

/** How far the ceilings of spend held, and whether gaps told where growth was to come. */
export function walletTrial(
  { wallet: model }: MoneyModels,
  ledger: Ledger,
  upperQuantile: Fraction,
  bootstrap: Bootstrap,
): WalletTrial | Unknown {
  if (!isKnown(model)) return model;
  const { pairs, accounts } = ledger;
  const owner: number[] = [];
  const below: number[] = [];
  for (let account = 0; account < accounts.count; account++) {
    for (let pair = pairs.start[account]!; pair < pairs.start[account + 1]!; pair++) {
      const ceiling = pairs.net[pair]! > 0 ? ceilingOf(model, pairs.trailing[pair]!) : null;
      if (ceiling === null) continue;
      owner.push(account);
      below.push(pairs.next[pair]! <= ceiling ? 1 : 0);
    }
  }
  const gaps = pastGaps(ledger, upperQuantile);
  const [withGap, withoutGap] = [gaps.filter(({ gap }) => gap > 0), gaps.filter(({ gap }) => gap === 0)];
  const grew = (some: typeof gaps): { pairs: number; grew: Measured } => ({
    pairs: some.length,
    grew: shareOf(
      { account: Int32Array.from(some, ({ account }) => account), accounts: accounts.count },
      Uint8Array.from(some, ({ hasGrown }) => Number(hasGrown)),
      bootstrap,
    ),
  });
  const [first, second] = [grew(withGap), grew(withoutGap)];
  return {
    pairs: below.length,
    coverage: shareOf({ account: Int32Array.from(owner), accounts: accounts.count }, Uint8Array.from(below), bootstrap),
    withGap: first,
    withoutGap: second,
    growthRatio:
      first.grew === null || second.grew === null || second.grew.value === 0
        ? null
        : first.grew.value / second.grew.value,
    volume: {
      predicted: toCents(withGap.reduce((sum, { gap, state }) => sum + gap * model.realisation[state].share, 0)),
      actual: toCents(withGap.reduce((sum, { gap, uplift }) => sum + Math.min(Math.max(0, uplift), gap), 0)),
    },
  };
}

export const riskRankers = ['model', 'recency', 'trend', 'smallRevenue', 'fewFamilies'] as const;
export type RiskRanker = (typeof riskRankers)[number];

export type RiskTrial = {
  /** Accounts with revenue in the last horizon, and those that then fell below half of what the season let expect. */
  accounts: number;
  losses: number;
  rankers: { name: RiskRanker; ranking: RankingMeasures }[];
  calibration: Calibration;
  /** Revenue at risk against revenue lost, and the share of it lost by the fifth of accounts with most at risk. */
  money: MoneyMeasures & { predicted: Cents; actual: Cents };
  captured: { model: Measured; revenue: Measured };
};

/** Errors: none; unknown where no risk was learned, or where the book turned over nothing that could be lost. */
export function riskTrial(models: MoneyModels, ledger: Ledger, bootstrap: Bootstrap): RiskTrial | Unknown {
  const { accounts } = ledger;
  const rows = Array.from({ length: accounts.count }, (_, row) => row).filter((row) => accounts.trailing[row]! > 0);
  const of = (valueOf: (row: number) => number): Float64Array => Float64Array.from(rows, valueOf);
  const trailing = of((row) => accounts.trailing[row]!);
  const index = ratioOf({ trailing: total(trailing), next: total(of((row) => accounts.next[row]!)) });
  if (!isKnown(models.risk)) return models.risk;
  if (index === null) return unknown('noSales');
  const risks = rows.map((row) => riskBy(models, ledger, row));
  const probability = Float64Array.from(risks, (risk) => (isKnown(risk) ? risk.probability : 0));
  const atRisk = Float64Array.from(risks, (risk) => (isKnown(risk) ? risk.horizon : 0));
  const lost = rows.map((row) => isLoss(accounts.trailing[row]!, accounts.next[row]!, index));
  const events = Uint8Array.from(lost, Number);
  const actual = of((row) => index * accounts.trailing[row]! - accounts.next[row]!).map((gone, place) =>
    lost[place] === true ? gone : 0,
  );
  const owned: Owned = { account: Int32Array.from(rows.keys()), accounts: rows.length };
  const scores: Record<RiskRanker, Float64Array> = {
    model: probability,
    recency: of((row) => accounts.recency[row]!),
    trend: of((row) => -trendOf(ledger, row)),
    smallRevenue: trailing.map((cents) => -cents),
    fewFamilies: of((row) => -accounts.families[row]!),
  };
  return {
    accounts: rows.length,
    losses: events.reduce((sum, event) => sum + event, 0),
    rankers: riskRankers.map((name) => ({ name, ranking: rankingMeasures(owned, scores[name], events, bootstrap) })),
    calibration: calibrationOf(owned, probability, events, bootstrap),
    money: {
      ...moneyMeasures(atRisk, actual, bootstrap),
      predicted: toCents(total(atRisk)),
      actual: toCents(total(actual)),
    },
    captured: {
      model: capturedBy(atRisk, actual, 0.2, bootstrap),
      revenue: capturedBy(trailing, actual, 0.2, bootstrap),
    },
  };
}

/** Everything that was tried at one cut; what could not be tried says why. */
export type CutReport = Cut & {
  /** Accounts with a positive sale in the year before the cut, and families sold before it. */
  accounts: number;
  families: number;
  /** Past windows that P(adopt) learned from, latest first. */
  learnedFrom: IsoDate[];
  weights: Weights | null;
  index: BookIndex;
  adoption: AdoptionTrial | { notEstimable: NotEstimable };
  crossSell: CrossSellTrial | Unknown;
  wallet: WalletTrial | Unknown;
  risk: RiskTrial | Unknown;
};

export const wasTried = (adoption: CutReport['adoption']): adoption is AdoptionTrial => !('notEstimable' in adoption);

export const questions = ['adoption', 'crossSell', 'wallet', 'risk'] as const;
export type Question = (typeof questions)[number];

/** What each question's model may be said to do on this book; cuts latest first. */
export function verdictsOf(cuts: readonly CutReport[]): Record<Question, Verdict> {
  const trials = (trialAt: (cut: CutReport) => Omit<Trial, 'cut'> | null): Verdict =>
    judge(
      cuts.flatMap((cut) => {
        const trial = trialAt(cut);
        return trial === null ? [] : [{ cut: cut.day, ...trial }];
      }),
    );
  return {
    adoption: trials(({ adoption }) =>
      wasTried(adoption) ? { events: adoption.adopted, score: aucOf(adoption.rankers, 'model'), chance: 0.5 } : null,
    ),
    crossSell: trials(({ crossSell }) =>
      isKnown(crossSell)
        ? { events: crossSell.buyers, score: spearmanOf(crossSell.rankers, 'model'), chance: 0 }
        : null,
    ),
    wallet: trials(({ wallet }) =>
      isKnown(wallet) && wallet.withoutGap.grew !== null
        ? { events: wallet.withGap.pairs, score: wallet.withGap.grew, chance: wallet.withoutGap.grew.value }
        : null,
    ),
    risk: trials(({ risk }) =>
      isKnown(risk) ? { events: risk.losses, score: aucOf(risk.rankers, 'model'), chance: 0.5 } : null,
    ),
  };
}

type Ranked<N> = readonly { name: N; ranking: RankingMeasures }[];

export const aucOf = <N>(rankers: Ranked<N>, name: N): Measured =>
  rankers.find((ranker) => ranker.name === name)?.ranking.auc ?? null;

export const spearmanOf = <N>(rankers: readonly { name: N; money: MoneyMeasures }[], name: N): Measured =>
  rankers.find((ranker) => ranker.name === name)?.money.spearman ?? null;

/** What a reader has to know before trusting a figure. */
export type Warning =
  /** How much an account buys already, whatever the family, ranks better than the model: families were retired or came back. */
  | { is: 'breadthBeatsModel'; cut: IsoDate; by: 'products' | 'families'; model: number; breadth: number }
  | { is: 'baselineBeatsModel'; cut: IsoDate; question: Question; by: string; model: number; baseline: number }
  /** Far more or far fewer events than the probabilities add up to. */
  | { is: 'levelOff'; cut: IsoDate; question: 'adoption' | 'risk'; ratio: number }
  | { is: 'moneyOff'; cut: IsoDate; question: 'crossSell' | 'risk'; ratio: number }
  | { is: 'coverageOff'; cut: IsoDate; coverage: number }
  | { is: 'nothingLearned'; cut: IsoDate }
  | { is: 'notSeasonallyAdjusted'; cut: IsoDate };

/** Sums of probabilities and of money within a factor of two of what happened are called right. */
const LEVEL = 2;
/** Source: model 9: coverage of ceilings that four of five should stay below. */
const COVERAGE = { low: 0.75, high: 0.85 };

export const warningsOf = (cuts: readonly CutReport[]): Warning[] =>
  cuts.flatMap((cut) => [
    ...(cut.learns || cut.learnedFrom.length > 0 ? [] : [{ is: 'nothingLearned', cut: cut.day } as const]),
    ...adoptionWarnings(cut),
    ...crossSellWarnings(cut),
    ...walletWarnings(cut),
    ...riskWarnings(cut),
  ]);

function adoptionWarnings({ day: cut, adoption }: CutReport): Warning[] {
  if (!wasTried(adoption)) return [];
  const model = aucOf(adoption.rankers, 'model');
  if (model === null) return [];
  const better = adoption.rankers.flatMap(({ name, ranking: { auc } }): Warning[] => {
    if (auc === null || auc.value <= model.value) return [];
    switch (name) {
      case 'model':
      case 'priorWeights':
        return [];
      case 'products':
      case 'families':
        return [{ is: 'breadthBeatsModel', cut, by: name, model: model.value, breadth: auc.value }];
      case 'popularity':
      case 'peers':
      case 'revenue':
      case 'trend':
        return [
          { is: 'baselineBeatsModel', cut, question: 'adoption', by: name, model: model.value, baseline: auc.value },
        ];
    }
  });
  return [...better, ...levelOff(cut, 'adoption', adoption.calibration.ratio)];
}

const isOff = (ratio: Measured): ratio is NonNullable<Measured> =>
  ratio !== null && (ratio.value > LEVEL || ratio.value < 1 / LEVEL);

const levelOff = (cut: IsoDate, question: 'adoption' | 'risk', ratio: Measured): Warning[] =>
  isOff(ratio) ? [{ is: 'levelOff', cut, question, ratio: ratio.value }] : [];

const moneyOff = (cut: IsoDate, question: 'crossSell' | 'risk', ratio: Measured): Warning[] =>
  isOff(ratio) ? [{ is: 'moneyOff', cut, question, ratio: ratio.value }] : [];

function crossSellWarnings({ day: cut, crossSell }: CutReport): Warning[] {
  if (!isKnown(crossSell)) return [];
  const model = spearmanOf(crossSell.rankers, 'model');
  const own = crossSell.rankers.find(({ name }) => name === 'model');
  return [
    ...crossSell.rankers.flatMap(({ name, money: { spearman } }): Warning[] =>
      name === 'model' || model === null || spearman === null || spearman.value <= model.value
        ? []
        : [
            {
              is: 'baselineBeatsModel',
              cut,
              question: 'crossSell',
              by: name,
              model: model.value,
              baseline: spearman.value,
            },
          ],
    ),
    ...moneyOff(cut, 'crossSell', own?.money.ratio ?? null),
  ];
}

function walletWarnings({ day: cut, wallet, index }: CutReport): Warning[] {
  if (!isKnown(wallet)) return [];
  const { coverage } = wallet;
  return [
    ...(index.is === 'notAdjusted' ? [{ is: 'notSeasonallyAdjusted', cut } as const] : []),
    ...(coverage !== null && (coverage.value < COVERAGE.low || coverage.value > COVERAGE.high)
      ? [{ is: 'coverageOff', cut, coverage: coverage.value } as const]
      : []),
  ];
}

function riskWarnings({ day: cut, risk }: CutReport): Warning[] {
  if (!isKnown(risk)) return [];
  const model = aucOf(risk.rankers, 'model');
  return [
    ...risk.rankers.flatMap(({ name, ranking: { auc } }): Warning[] =>
      name === 'model' || model === null || auc === null || auc.value <= model.value
        ? []
        : [{ is: 'baselineBeatsModel', cut, question: 'risk', by: name, model: model.value, baseline: auc.value }],
    ),
    ...levelOff(cut, 'risk', risk.calibration.ratio),
    ...moneyOff(cut, 'risk', risk.money.ratio),
  ];
}
