/** The one solver for every fit of odds: a logistic regression whose weights are bounded and drawn towards a prior. */
import { clip } from './distribution.js';

/**
 * What to fit: events among rows, explained by columns.
 *
 * Units: `penalty` stands beside the summed log-loss, so it counts like that many rows against moving a weight by 1.
 */
export type LogisticProblem = {
  /** One per weight, all as long as `events`. */
  readonly columns: readonly Float64Array[];
  /** 1 where the event happened, else 0. */
  readonly events: Uint8Array;
  /** Log-odds that a row has before any weight; default 0. */
  readonly offset?: Float64Array;
  /** How much a row counts; default 1. */
  readonly rowWeights?: Float64Array;
  readonly prior: readonly number[];
  /** On each squared distance of a weight to its prior; the intercept has none. */
  readonly penalty: number;
  readonly lowest: number;
  readonly highest: number;
};

export type LogisticFit = { readonly intercept: number; readonly weights: readonly number[] };

export const sigmoid = (logOdds: number): number => 1 / (1 + Math.exp(-logOdds));

/** Log-odds of a share; shares of 0 and 1 are kept finite. Source: model-adoption 2.1 (clip to 1e-6). */
export function logit(share: number): number {
  const p = Math.min(1 - 1e-6, Math.max(1e-6, share));
  return Math.log(p / (1 - p));
}

/** Odds beyond this are as good as certain; it keeps the intercept finite where all rows are events or none is. */
const CERTAIN = 30;

/** Choice: Newton halves its distance many times over in each step, so that this is never reached on a convex problem. */
const MAXIMUM_STEPS = 100;

/** A Newton step this short counts as standing still. */
const STILL = 1e-10;

/** A share of the loss that rounding of a sum over a million rows could make up. */
const NEGLIGIBLE = 1e-10;

/**
 * Minimises the sum of log-loss(intercept + Σ weight × column + offset) + penalty × Σ (weight − prior)².
 *
 * Shape:  the problem is convex and has one answer; projected Newton steps, halved where they overshoot, find it.
 * Errors: throws where columns, prior and events do not fit together.
 */
export function fitLogistic(problem: LogisticProblem): LogisticFit {
  const { columns, events, prior } = problem;
  if (columns.length !== prior.length || columns.some((column) => column.length !== events.length)) {
    throw new RangeError(
      `A fit of ${events.length} rows has columns of ${columns.map(({ length }) => length).join(', ')} rows and ${prior.length} prior weights.`,
    );
  }
  let point: LogisticFit = {
    intercept: 0,
    weights: prior.map((weight) => clip(weight, problem.lowest, problem.highest)),
  };
  let loss = lossAt(problem, point);
  for (let step = 0; step < MAXIMUM_STEPS; step += 1) {
    const { direction, gain } = newtonDirection(problem, point);
    if (direction.every((change) => Math.abs(change) < STILL)) break;
    let length = Math.min(1, lengthToBound(problem, point, direction));
    // So near the answer that the loss can't tell any more: the whole step is better than any that a search would find.
    if (length === 1 && gain < NEGLIGIBLE * (1 + loss)) return moved(problem, point, direction, 1);
    let next = moved(problem, point, direction, length);
    let nextLoss = lossAt(problem, next);
    while (nextLoss > loss && length > 1e-9) {
      length /= 2;
      next = moved(problem, point, direction, length);
      nextLoss = lossAt(problem, next);
    }
    // No step however small helps: rounding is all that is left.
    if (nextLoss > loss) break;
    point = next;
    loss = nextLoss;
  }
  return point;
}

const at = (values: ArrayLike<number>, index: number): number => values[index] ?? 0;

/** How far the step can go until the first weight meets a bound, in lengths of the step. */
function lengthToBound(problem: LogisticProblem, { weights }: LogisticFit, step: Float64Array): number {
  const lengths = weights.map((weight, k) => {
    const change = at(step, k + 1);
    if (change === 0) return Number.POSITIVE_INFINITY;
    return ((change > 0 ? problem.highest : problem.lowest) - weight) / change;
  });
  return Math.min(...lengths);
}

/** `step` has the intercept first, then the weights. */
function moved(problem: LogisticProblem, from: LogisticFit, step: Float64Array, length: number): LogisticFit {
  return {
    intercept: clip(from.intercept + length * at(step, 0), -CERTAIN, CERTAIN),
    weights: from.weights.map((weight, k) => clip(weight + length * at(step, k + 1), problem.lowest, problem.highest)),
  };
}

function logOddsAt({ columns, offset }: LogisticProblem, { intercept, weights }: LogisticFit, row: number): number {
  let logOdds = intercept + (offset === undefined ? 0 : at(offset, row));
  columns.forEach((column, k) => {
    logOdds += at(weights, k) * at(column, row);
  });
  return logOdds;
}

function lossAt(problem: LogisticProblem, fit: LogisticFit): number {
  let loss = 0;
  for (let row = 0; row < problem.events.length; row += 1) {
    const logOdds = logOddsAt(problem, fit, row);
    // ln(1 + e^x) − event × x, written so that it neither overflows nor loses small values.
    const lost = Math.max(logOdds, 0) + Math.log1p(Math.exp(-Math.abs(logOdds))) - at(problem.events, row) * logOdds;
    loss += rowWeight(problem, row) * lost;
  }
  fit.weights.forEach((weight, k) => {
    loss += problem.penalty * (weight - at(problem.prior, k)) ** 2;
  });
  return loss;
}

const rowWeight = ({ rowWeights }: LogisticProblem, row: number): number =>
  rowWeights === undefined ? 1 : at(rowWeights, row);

/**
 * Newton's step over the weights that are free to move; one that would only leave its bounds is held where it is.
 * The gain is by how much the loss falls along it at first.
 */
function newtonDirection(problem: LogisticProblem, fit: LogisticFit): { direction: Float64Array; gain: number } {
  const size = problem.columns.length + 1;
  const { slope, curve } = shapeAt(problem, fit, size);
  const leaves = (i: number, change: number): boolean => {
    const value = i === 0 ? fit.intercept : at(fit.weights, i - 1);
    const [lowest, highest] = i === 0 ? [-CERTAIN, CERTAIN] : [problem.lowest, problem.highest];
    return (value <= lowest && change < 0) || (value >= highest && change > 0);
  };
  let free = Array.from({ length: size }, (_, i) => i).filter((i) => !leaves(i, -at(slope, i)));
  for (;;) {
    const solution = solved(curve, slope, size, free);
    const kept = free.filter((i, k) => !leaves(i, -at(solution, k)));
    if (kept.length === free.length) {
      const direction = new Float64Array(size);
      free.forEach((i, k) => {
        direction[i] = -at(solution, k);
      });
      return { direction, gain: -direction.reduce((sum, change, i) => sum + change * at(slope, i), 0) };
    }
    free = kept;
  }
}

/** Slope and curvature (lower half) of the loss, the intercept first. */
function shapeAt(
  problem: LogisticProblem,
  fit: LogisticFit,
  size: number,
): { slope: Float64Array; curve: Float64Array } {
  const slope = new Float64Array(size);
  const curve = new Float64Array(size * size);
  const x = new Float64Array(size);
  x[0] = 1;
  for (let row = 0; row < problem.events.length; row += 1) {
    problem.columns.forEach((column, k) => {
      x[k + 1] = at(column, row);
    });
    const p = sigmoid(logOddsAt(problem, fit, row));
    const weight = rowWeight(problem, row);
    const error = weight * (p - at(problem.events, row));
    const certainty = weight * p * (1 - p);
    for (let i = 0; i < size; i += 1) {
      slope[i] = at(slope, i) + error * at(x, i);
      for (let j = 0; j <= i; j += 1) curve[i * size + j] = at(curve, i * size + j) + certainty * at(x, i) * at(x, j);
    }
  }
  fit.weights.forEach((weight, k) => {
    slope[k + 1] = at(slope, k + 1) + 2 * problem.penalty * (weight - at(problem.prior, k));
    curve[(k + 1) * size + k + 1] = at(curve, (k + 1) * size + k + 1) + 2 * problem.penalty;
  });
  return { slope, curve };
}

/** Solves the free part of a symmetric system by Cholesky; a hair on the diagonal keeps flat directions solvable. */
function solved(lower: Float64Array, right: Float64Array, size: number, free: readonly number[]): Float64Array {
  const n = free.length;
  const factor = new Float64Array(n * n);
  const entry = (i: number, j: number): number => at(lower, at(free, i) * size + at(free, j));
  for (let i = 0; i < n; i += 1) {
    for (let j = 0; j <= i; j += 1) {
      let sum = entry(i, j) + (i === j ? 1e-12 * (1 + entry(i, i)) : 0);
      for (let k = 0; k < j; k += 1) sum -= at(factor, i * n + k) * at(factor, j * n + k);
      factor[i * n + j] = i === j ? Math.sqrt(Math.max(sum, 1e-12)) : sum / at(factor, j * n + j);
    }
  }
  const solution = Float64Array.from(free, (index) => at(right, index));
  for (let i = 0; i < n; i += 1) {
    for (let k = 0; k < i; k += 1) solution[i] = at(solution, i) - at(factor, i * n + k) * at(solution, k);
    solution[i] = at(solution, i) / at(factor, i * n + i);
  }
  for (let i = n - 1; i >= 0; i -= 1) {
    for (let k = i + 1; k < n; k += 1) solution[i] = at(solution, i) - at(factor, k * n + i) * at(solution, k);
    solution[i] = at(solution, i) / at(factor, i * n + i);
  }
  return solution;
}
