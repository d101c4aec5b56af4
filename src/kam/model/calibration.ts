/** From a standardised score to a probability: two numbers fitted on past windows. */
import { featureNames } from './features.js';
import { joined } from './distribution.js';
import type { TrainingWindow } from './learning.js';
import { fitLogistic, logit } from './logistic.js';
import type { Weights } from './weights.js';

/**
 * log-odds = intercept + drift + slope × score.
 *
 * `drift` takes back what young histories overstate: where the first purchases lie before the book begins, later ones
 * look like first ones.
 */
export type Calibration = { readonly intercept: number; readonly slope: number; readonly drift: number };

/** A slope of 1 is what pulls; and the bounds that it keeps. Source: kam12, 2.4. */
const PENALTY = 2.5;
const BOUNDS = { lowest: 0, highest: 3 } as const;
/** Days before a window from which its rates can be trusted. */
const FULL_HISTORY = 350;

/**
 * Platt's calibration on the windows that taught, each counting the same.
 *
 * Shape:  without windows the scores are taken as they are, around the mean recent rate of the view.
 * Source: Platt 1999; kam12, 2.4.
 */
export function calibrate(windows: readonly TrainingWindow[], weights: Weights, meanRate: number): Calibration {
  const [latest, ...earlier] = windows;
  if (latest === undefined) return { intercept: logit(meanRate), slope: 1, drift: 0 };
  const used = [latest, ...earlier.filter(({ historyDays }) => historyDays >= FULL_HISTORY)];
  const meanSize = used.reduce((sum, { rows }) => sum + rows.count, 0) / used.length;
  const fit = fitLogistic({
    columns: [joined(used.map((window) => scoresOf(window, weights)))],
    events: Uint8Array.from(used.flatMap(({ adopted }) => [...adopted])),
    rowWeights: joined(used.map(({ rows }) => new Float64Array(rows.count).fill(meanSize / rows.count))),
    prior: [1],
    penalty: PENALTY,
    ...BOUNDS,
  });
  const isYoung = latest.historyDays < FULL_HISTORY;
  return {
    intercept: fit.intercept,
    slope: fit.weights[0] ?? 1,
    drift: isYoung ? Math.min(0, logit(meanRate) - logit(latest.meanRate)) : 0,
  };
}

function scoresOf({ rows, moments }: TrainingWindow, weights: Weights): Float64Array {
  const scores = new Float64Array(rows.count);
  for (const name of featureNames) {
    const step = weights[name] / moments.deviation[name];
    rows.features[name].forEach((value, row) => (scores[row]! += step * (value - moments.mean[name])));
  }
  return scores;
}
