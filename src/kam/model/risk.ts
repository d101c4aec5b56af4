/** Revenue at risk: how likely an account will buy less than half of what the season lets expect, and what is lost then. */
import { toCents, type Cents, type Fraction, type IsoDate } from '../units.js';
import { unknown, type Unknown } from '../unknown.js';
import { joined, quantile, scaleOf, type Scale } from './distribution.js';
import type { Ledger } from './ledger.js';
import { fitLogistic, sigmoid } from './logistic.js';
import { correctionFrom, ratioOf } from './season.js';

/**
 * What is looked at in an account; each is the higher the more it speaks for a loss.
 *
 * `silence`: time since the last order in units of the account's own rhythm. `recency`: that time itself. `fading`: the
 * younger half of the horizon below the older one. `rareness`: few orders a year. `surge`: far more revenue than in the
 * horizon before, which rarely lasts. `smallness`: little revenue.
 */
export const riskSignals = ['silence', 'recency', 'fading', 'rareness', 'surge', 'smallness'] as const;
export type RiskSignal = (typeof riskSignals)[number];

/** Weights before anything is learned; smallness has one in the learned half only. Source: model 8. */
const PRIOR: Readonly<Record<RiskSignal, number>> = {
  silence: 0.35,
  recency: 0.25,
  fading: 0.2,
  rareness: 0.45,
  surge: 0.35,
  smallness: 0.15,
};
const FIXED: Readonly<Record<RiskSignal, number>> = { ...PRIOR, smallness: 0 };

/** Counts like this many accounts against moving a weight by 1. Source: model 8. */
const PENALTY = 20;
const PLATT_PENALTY = 2.5;
const HIGHEST_WEIGHT = 3;

/** A loss is a horizon with less than this share of what the season lets expect. Source: model 6. */
export const LOSS_BELOW: Fraction = 0.5;

/** Fewer events, or fewer accounts without one, teach nothing. */
const MINIMUM_EVENTS = 3;

/** An account younger than this has no rate of orders yet. Source: model 3 (cold start). */
const NEW_DAYS = 90;

export type RiskModel = {
  readonly intercept: number;
  /** Per standard deviation of the signal among the accounts of today. */
  readonly weights: Readonly<Record<RiskSignal, number>>;
  readonly scales: Readonly<Record<RiskSignal, Scale>>;
  /** Share of the expected revenue that past losses took: mean, and the middle three fifths of them. */
  readonly loss: { readonly mean: Fraction; readonly low: Fraction; readonly high: Fraction };
  /** Square root of actual over predicted loss on the past horizons, so that half of the fault is mended. */
  readonly correction: number;
  readonly windows: readonly RiskWindow[];
};

/** One past horizon that the model learned from. */
export type RiskWindow = { cut: IsoDate; accounts: number; losses: number; actual: Cents; predicted: Cents };

/** One account's risk; every figure can be computed again from `why`. */
export type AccountRisk = {
  readonly probability: Fraction;
  /** Of the coming horizon: probability × loss × correction × index × trailing revenue. */
  readonly horizon: Cents;
  /** Of a year, in which seasons cancel: probability × loss × correction × revenue of the last year. */
  readonly yearly: Cents;
  /** `yearly` with the smaller and the larger share that past losses took. */
  readonly range: { readonly low: Cents; readonly high: Cents };
  readonly why: RiskWhy;
};

export type RiskWhy = {
  trailing: Cents;
  yearlyRevenue: Cents;
  index: number;
  loss: Fraction;
  correction: number;
  /** Log-odds: the intercept and one part per signal add up to those of `probability`. */
  intercept: number;
  parts: { signal: RiskSignal; logOdds: number }[];
  daysSinceLastOrder: number;
  /** Median days between its orders; null with fewer than two. */
  usualGap: number | null;
  /** Younger than 90 days: its figures rest on little. */
  isNew: boolean;
};

/**
 * Learns from past horizons how losses announce themselves: the mean of a fit with fixed weights and a learned one.
 *
 * Shape:  `past` are ledgers whose next horizon is over, at most the latest two; `now` sets the scale of the signals.
 * Errors: none. `noHistory` without a usable past horizon, `fewEvents` where less than three accounts lost or kept.
 * Source: model 6 and 8 (kam_risk).
 */
export function fitRisk(past: readonly Ledger[], now: Ledger): RiskModel | Unknown {
  const windows = past.filter(({ isOver }) => isOver).flatMap(windowOf);
  if (windows.length === 0) return unknown('noHistory');
  const events = Uint8Array.from(windows.flatMap(({ isLoss }) => [...isLoss]));
  const losses = events.reduce((sum, event) => sum + event, 0);
  if (losses < MINIMUM_EVENTS || events.length - losses < MINIMUM_EVENTS) return unknown('fewEvents');
  const columns = riskSignals.map((_, k) => joined(windows.map(({ standard }) => standard[k] ?? new Float64Array())));
  const learned = fitLogistic({
    columns,
    events,
    prior: riskSignals.map((signal) => PRIOR[signal]),
    penalty: PENALTY,
    lowest: 0,
    highest: HIGHEST_WEIGHT,
  });
  const fixed = fitLogistic({
    columns: [
      sumOf(
        columns,
        riskSignals.map((signal) => FIXED[signal]),
      ),
    ],
    events,
    prior: [1],
    penalty: PLATT_PENALTY,
    lowest: 0,
    highest: HIGHEST_WEIGHT,
  });
  const intercept = (fixed.intercept + learned.intercept) / 2;
  const weights = riskSignals.map((signal, k) => (fixed.weights[0]! * FIXED[signal] + learned.weights[k]!) / 2);
  const lost = Float64Array.from(windows.flatMap(({ lostShares }) => lostShares)).sort();
  const loss = {
    mean: lost.reduce((sum, share) => sum + share, 0) / lost.length,
    low: quantile(lost, 0.2),
    high: quantile(lost, 0.8),
  };
  const told = windows.map((window) => predictedIn(window, intercept, weights, loss.mean));
  return {
    intercept,
    weights: bySignal((k) => weights[k]!),
    scales: scalesOf(now),
    loss,
    correction: Math.exp(
      told.reduce((sum, { actual, predicted }) => sum + Math.log(correctionFrom(actual, predicted)?.factor ?? 1), 0) /
        told.length,
    ),
    windows: told,
  };
}

/**
 * The risk of one account of a ledger.
 *
 * Shape:  `index` is the book index at the ledger's cut; more revenue at the same probability is never less at risk.
 * Errors: none. `noRecentSales` where the account bought nothing, net, in the last horizon: there is nothing to lose.
 */
export function riskOf(model: RiskModel, ledger: Ledger, account: number, index: number): AccountRisk | Unknown {
  const { accounts } = ledger;
  const trailing = accounts.trailing[account]!;
  if (!(trailing > 0)) return unknown('noRecentSales');
  const signals = signalsOf(ledger, account);
  const parts = riskSignals.map((signal) => ({
    signal,
    logOdds: model.weights[signal] * standardised(signals[signal], model.scales[signal]),
  }));
  const probability = sigmoid(parts.reduce((sum, { logOdds }) => sum + logOdds, model.intercept));
  const yearlyRevenue = Math.max(0, accounts.yearly[account]!);
  const yearly = (share: number): Cents => toCents(probability * share * model.correction * yearlyRevenue);
  const gap = accounts.gap[account]!;
  return {
    probability,
    horizon: toCents(probability * model.loss.mean * model.correction * index * trailing),
    yearly: yearly(model.loss.mean),
    range: { low: yearly(model.loss.low), high: yearly(model.loss.high) },
    why: {
      trailing,
      yearlyRevenue,
      index,
      loss: model.loss.mean,
      correction: model.correction,
      intercept: model.intercept,
      parts,
      daysSinceLastOrder: accounts.recency[account]!,
      usualGap: Number.isNaN(gap) ? null : gap,
      isNew: accounts.tenure[account]! < NEW_DAYS,
    },
  };
}

/** Whether an account lost in the horizon after the cut, against a book that moved by `index`. */
export const isLoss = (trailing: number, next: number, index: number): boolean => next < LOSS_BELOW * index * trailing;

type Window = {
  cut: IsoDate;
  isLoss: Uint8Array;
  /** One column per signal, standardised within the window. */
  standard: Float64Array[];
  /** What the season let expect, and what was lost of it where there was a loss. */
  expected: Float64Array;
  lost: number;
  lostShares: number[];
};

/** A past horizon as rows to learn from; its own season is known by now and taken out. */
function windowOf(ledger: Ledger): Window[] {
  const rows = rowsOf(ledger);
  const { trailing, next } = ledger.accounts;
  const total = (column: Float64Array): number => rows.reduce((sum, row) => sum + column[row]!, 0);
  const index = ratioOf({ trailing: total(trailing), next: total(next) });
  if (index === null) return [];
  const signals = rows.map((row) => signalsOf(ledger, row));
  const scales = scalesOf(ledger);
  const events = rows.map((row) => isLoss(trailing[row]!, next[row]!, index));
  const losers = rows.filter((_, i) => events[i]);
  const expectedOf = (row: number): number => index * trailing[row]!;
  return [
    {
      cut: ledger.cut,
      isLoss: Uint8Array.from(events, Number),
      standard: riskSignals.map((signal) =>
        Float64Array.from(signals, (values) => standardised(values[signal], scales[signal])),
      ),
      expected: Float64Array.from(rows, expectedOf),
      lost: losers.reduce((sum, row) => sum + expectedOf(row) - next[row]!, 0),
      // A credit note can take more than everything; a loss is at most all that was expected.
      lostShares: losers.map((row) => Math.min(1, 1 - next[row]! / expectedOf(row))),
    },
  ];
}

function predictedIn(window: Window, intercept: number, weights: readonly number[], loss: Fraction): RiskWindow {
  const logOdds = sumOf(window.standard, weights);
  const predicted = window.expected.reduce(
    (sum, expected, row) => sum + sigmoid(intercept + logOdds[row]!) * loss * expected,
    0,
  );
  return {
    cut: window.cut,
    accounts: window.isLoss.length,
    losses: window.isLoss.reduce((sum, event) => sum + event, 0),
    actual: toCents(window.lost),
    predicted: toCents(predicted),
  };
}

/** Accounts that something can be lost of. */
const rowsOf = ({ accounts }: Ledger): number[] =>
  Array.from({ length: accounts.count }, (_, row) => row).filter((row) => accounts.trailing[row]! > 0);

function signalsOf({ accounts, days }: Ledger, row: number): Record<RiskSignal, number> {
  const recency = accounts.recency[row]!;
  const ownGap = accounts.gap[row]!;
  const trailing = accounts.trailing[row]!;
  const recent = accounts.recent[row]!;
  const years = Math.max(accounts.tenure[row]!, NEW_DAYS) / 365;
  return {
    // Choice: one order is no rhythm; the horizon stands for it.
    silence: Math.log((recency + 1) / ((Number.isNaN(ownGap) ? days : ownGap) + 1)),
    recency: Math.log(1 + recency),
    fading: logMoney(trailing - recent) - logMoney(recent),
    rareness: -Math.log(1 + accounts.orders[row]! / years),
    surge: logMoney(trailing) - logMoney(accounts.previous[row]!),
    smallness: -logMoney(trailing),
  };
}

/** ln(1 + whole currency units); a negative net counts as nothing. */
const logMoney = (cents: number): number => Math.log(1 + Math.max(0, cents) / 100);

function scalesOf(ledger: Ledger): Record<RiskSignal, Scale> {
  const signals = rowsOf(ledger).map((row) => signalsOf(ledger, row));
  return bySignal((k) => scaleOf(Float64Array.from(signals, (values) => values[riskSignals[k] ?? 'silence'])));
}

const standardised = (value: number, { mean, deviation }: Scale): number => (value - mean) / deviation;

const bySignal = <T>(valueOf: (k: number) => T): Record<RiskSignal, T> => ({
  silence: valueOf(0),
  recency: valueOf(1),
  fading: valueOf(2),
  rareness: valueOf(3),
  surge: valueOf(4),
  smallness: valueOf(5),
});

function sumOf(columns: readonly Float64Array[], weights: readonly number[]): Float64Array {
  const sums = new Float64Array(columns[0]?.length ?? 0);
  columns.forEach((column, k) => {
    column.forEach((value, row) => {
      sums[row] = sums[row]! + weights[k]! * value;
    });
  });
  return sums;
}
