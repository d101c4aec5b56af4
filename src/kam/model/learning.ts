/** Learning from the org's own past: weights move half-way from the prior to what past windows say, inside families. */
import { joined } from './distribution.js';
import { evidenceOf, type Evidence, type EvidenceOptions } from './evidence.js';
import {
  accountFeatures,
  byFeature,
  candidatesOf,
  familyFeatures,
  featureNames,
  labelsOf,
  type Candidates,
  type FeatureName,
} from './features.js';
import { fitLogistic, logit } from './logistic.js';
import { whyNotEstimable } from './estimable.js';
import type { View } from './view.js';
import type { Weights } from './weights.js';
import type { IsoDate } from '../units.js';

/** Mean and population standard deviation of each feature; a deviation of nothing is 1. */
export type Moments = { readonly mean: Weights; readonly deviation: Weights };

/** A past cut with what came of its pairs; small, whatever the size of the book. */
export type TrainingWindow = {
  readonly cut: IsoDate;
  readonly historyDays: number;
  readonly horizonDays: number;
  /** All pairs of the window; the rows are all of them or an even sample. */
  readonly pairs: number;
  readonly rows: Pick<Candidates, 'count' | 'family' | 'features'>;
  readonly adopted: Uint8Array;
  readonly adoptions: number;
  readonly moments: Moments;
  /** Mean over the pairs of the family's recent rate of adoption. */
  readonly meanRate: number;
};

/** More pairs than this add nothing to a dozen weights. */
export const MOST_ROWS = 200_000;
const FEWEST_ADOPTIONS = 3;

/**
 * What a past cut teaches; null where its outcome is not known or nothing can be estimated at it.
 *
 * Shape:  above 200,000 pairs every n-th in order of account and family, so that about that many are left.
 */
export function trainingWindow(view: View, options: EvidenceOptions): TrainingWindow | null {
  if (view.after === null || whyNotEstimable(view) !== null) return null;
  const evidence = evidenceOf(view, options);
  const rows = candidatesOf(evidence, { from: 0, to: view.accounts.count }, Math.ceil(evidence.pairs / MOST_ROWS));
  const labels = labelsOf(evidence, rows);
  if (labels === null) return null;
  return {
    cut: view.cut,
    historyDays: view.historyDays,
    horizonDays: view.horizonDays,
    pairs: evidence.pairs,
    rows: { count: rows.count, family: rows.family, features: rows.features },
    adopted: labels.adopted,
    adoptions: labels.adopted.reduce((sum, label) => sum + label, 0),
    moments: momentsOf([rows]),
    meanRate: meanRateOf(evidence),
  };
}

export function meanRateOf({ view, open, owners, rate, pairs }: Evidence): number {
  return open.reduce((sum, family) => sum + rate[family]! * (view.accounts.count - owners[family]!), 0) / pairs;
}

/** Below this a feature does not vary. */
const NO_SPREAD = 1e-9;

export function momentsOf(batches: Iterable<Pick<Candidates, 'count' | 'features'>>): Moments {
  const mean = byFeature(() => 0);
  const squares = byFeature(() => 0);
  let seen = 0;
  // Welford's running mean: stays exact where a feature is large and hardly varies.
  for (const { count, features } of batches) {
    for (const name of featureNames) {
      const column = features[name];
      for (let row = 0; row < count; row++) {
        const away = column[row]! - mean[name];
        mean[name] += away / (seen + row + 1);
        squares[name] += away * (column[row]! - mean[name]);
      }
    }
    seen += count;
  }
  const deviation = byFeature((name) => {
    const spread = Math.sqrt(squares[name] / seen);
    return spread > NO_SPREAD ? spread : 1;
  });
  return { mean, deviation };
}

/** How much of a horizon of history the latest window needs, so that a young book can learn. */
const LATEST_HISTORY = 0.8;

/**
 * The past windows that can teach, latest first: one and two horizons before the cut.
 *
 * Shape:  at least three adoptions each, and history for 0.8 horizons before the latest. The earlier one needs a sale
 *         more than a whole horizon before it: without, nobody could have come to buy anything since, and every rate is
 *         the same.
 */
export function usableWindows(latest: TrainingWindow | null, earlier: TrainingWindow | null): TrainingWindow[] {
  const teaches = ({ adoptions }: TrainingWindow): boolean => adoptions >= FEWEST_ADOPTIONS;
  return [
    ...(latest !== null && teaches(latest) && latest.historyDays >= LATEST_HISTORY * latest.horizonDays
      ? [latest]
      : []),
    ...(earlier !== null && teaches(earlier) && earlier.historyDays > earlier.horizonDays ? [earlier] : []),
  ];
}

/** What pulls the learned weights to the prior, and the bounds that they keep. Source: kam12, 2.4. */
const PENALTY = 10;
const BOUNDS = { lowest: 0, highest: 3 } as const;
/** How far the weights follow the past: choice of the reference, against one window misleading. */
const STEP = 0.5;
const PRIOR_PAIRS = 10;

/**
 * Weights learned from past windows; without any, the prior.
 *
 * Shape:  account terms are fitted inside families, so that a launch or a retired family cannot leak into them, then the
 *         two family terms, which the past can only make weaker. Each moves half-way.
 */
export function learnWeights(windows: readonly TrainingWindow[], prior: Weights): Weights {
  if (windows.length === 0) return prior;
  const learned = accountWeights(windows, prior);
  return { ...learned, ...familyWeights(windows, learned) };
}

function accountWeights(windows: readonly TrainingWindow[], prior: Weights): Weights {
  const fit = fitLogistic({
    columns: accountFeatures.map((name) => joined(windows.map((window) => insideFamilies(window, name)))),
    events: labelsIn(windows),
    offset: joined(windows.map(familyOffset)),
    prior: accountFeatures.map((name) => prior[name]),
    penalty: PENALTY,
    ...BOUNDS,
  });
  return { ...prior, ...moved(accountFeatures, prior, fit.weights, (away) => away) };
}

function familyWeights(windows: readonly TrainingWindow[], weights: Weights): Partial<Weights> {
  const fit = fitLogistic({
    columns: familyFeatures.map((name) => joined(windows.map((window) => standardised(window, name)))),
    events: labelsIn(windows),
    offset: joined(windows.map((window) => accountPart(window, weights))),
    prior: familyFeatures.map((name) => weights[name]),
    penalty: PENALTY,
    ...BOUNDS,
  });
  return moved(familyFeatures, weights, fit.weights, (away) => Math.min(0, away));
}

function moved(
  names: readonly FeatureName[],
  prior: Weights,
  fitted: readonly number[],
  allowed: (away: number) => number,
): Partial<Weights> {
  return Object.fromEntries(names.map((name, k) => [name, prior[name] + STEP * allowed(fitted[k]! - prior[name])]));
}

/** A feature less its mean over the pairs of the same family, in units of what spread is left. */
function insideFamilies({ rows }: TrainingWindow, name: FeatureName): Float64Array {
  const column = rows.features[name];
  const { sum, count } = perFamily(rows, (row) => column[row]!);
  const centred = column.map((value, row) => value - sum[rows.family[row]!]! / count[rows.family[row]!]!);
  const spread = Math.sqrt(centred.reduce((squares, value) => squares + value ** 2, 0) / rows.count);
  const unit = spread > NO_SPREAD ? spread : 1;
  return centred.map((value) => value / unit);
}

/** The log-odds at which each pair's family was adopted in this window. */
function familyOffset({ rows, adopted, adoptions }: TrainingWindow): Float64Array {
  const base = adoptions / rows.count;
  const { sum, count } = perFamily(rows, (row) => adopted[row]!);
  const odds = sum.map((adoptedIn, family) => logit((adoptedIn + PRIOR_PAIRS * base) / (count[family]! + PRIOR_PAIRS)));
  return Float64Array.from(rows.family, (family) => odds[family]!);
}

function perFamily(
  { count: rows, family }: Pick<Candidates, 'count' | 'family'>,
  valueOf: (row: number) => number,
): { sum: Float64Array; count: Float64Array } {
  const families = family.reduce((most, value) => Math.max(most, value + 1), 0);
  const sum = new Float64Array(families);
  const count = new Float64Array(families);
  for (let row = 0; row < rows; row++) {
    sum[family[row]!]! += valueOf(row);
    count[family[row]!]!++;
  }
  return { sum, count };
}

function standardised({ rows, moments }: TrainingWindow, name: FeatureName): Float64Array {
  return rows.features[name].map((value) => (value - moments.mean[name]) / moments.deviation[name]);
}

function accountPart(window: TrainingWindow, weights: Weights): Float64Array {
  const part = new Float64Array(window.rows.count).fill(logit(window.adoptions / window.rows.count));
  for (const name of accountFeatures) {
    standardised(window, name).forEach((value, row) => (part[row]! += weights[name] * value));
  }
  return part;
}

const labelsIn = (windows: readonly TrainingWindow[]): Uint8Array => {
  const labels = new Uint8Array(windows.reduce((sum, { rows }) => sum + rows.count, 0));
  let at = 0;
  for (const { adopted } of windows) {
    labels.set(adopted, at);
    at += adopted.length;
  }
  return labels;
};
