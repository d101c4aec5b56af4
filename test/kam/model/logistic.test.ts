/** The bounded, prior-drawn logistic fit, where its answer is known by thought. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fitLogistic, logit, sigmoid, type LogisticProblem } from '../../../src/kam/model/logistic.js';

/** Events as 1 and 0 beside one column. */
const problem = (
  rows: readonly [x: number, event: 0 | 1][],
  changes: Partial<LogisticProblem> = {},
): LogisticProblem => ({
  columns: [Float64Array.from(rows, ([x]) => x)],
  events: Uint8Array.from(rows, ([, event]) => event),
  prior: [0],
  penalty: 0,
  lowest: -3,
  highest: 3,
  ...changes,
});

const times = (n: number, row: [number, 0 | 1]): [number, 0 | 1][] => Array.from({ length: n }, () => row);

describe('a fit', () => {
  test('without weights has the log-odds of the share of events: 1 of 4 is ln(1/3)', () => {
    const { intercept } = fitLogistic({ ...problem([[0, 1], ...times(3, [0, 0])]), columns: [], prior: [] });
    expect(intercept).toBeCloseTo(Math.log(1 / 3), 9);
  });

  test('of two groups finds their log odds ratio: 1 of 3 against 2 of 3 is ln 4', () => {
    const rows = [...times(1, [0, 1]), ...times(2, [0, 0]), ...times(2, [1, 1]), ...times(1, [1, 0])];
    const fit = fitLogistic(problem(rows));
    expect(fit.weights[0]).toBeCloseTo(Math.log(4), 8);
    expect(fit.intercept).toBeCloseTo(Math.log(1 / 2), 8);
  });

  test('counts a row of weight 2 twice', () => {
    const weighted = problem([
      [0, 1],
      [0, 0],
      [1, 1],
      [1, 0],
    ]);
    const fit = fitLogistic({ ...weighted, rowWeights: Float64Array.of(1, 2, 2, 1) });
    expect(fit.weights[0]).toBeCloseTo(Math.log(4), 8);
  });

  test('takes an offset as known: what the offset explains is left to no weight', () => {
    const rows = [...times(1, [0, 1]), ...times(2, [0, 0]), ...times(2, [1, 1]), ...times(1, [1, 0])];
    const fit = fitLogistic(problem(rows, { offset: Float64Array.from(rows, ([x]) => x * Math.log(4)) }));
    expect(fit.weights[0]).toBeCloseTo(0, 8);
  });

  test('stays at its prior where the penalty is heavy, and where nothing speaks against it', () => {
    const rows = [...times(5, [0, 0]), ...times(5, [1, 1])];
    expect(fitLogistic(problem(rows, { prior: [0.3], penalty: 1e9 })).weights[0]).toBeCloseTo(0.3, 6);
    const flat = [...times(5, [1, 0]), ...times(5, [1, 1])];
    expect(fitLogistic(problem(flat, { prior: [0.3], penalty: 1 })).weights[0]).toBeCloseTo(0.3, 6);
  });

  test('stops at its bounds: a column that separates perfectly gets the highest weight, a contrary one the lowest', () => {
    const rows = [...times(5, [0, 0]), ...times(5, [1, 1])];
    expect(fitLogistic(problem(rows, { lowest: 0 })).weights).toEqual([3]);
    const contrary = [...times(5, [0, 1]), ...times(5, [1, 0])];
    expect(fitLogistic(problem(contrary, { lowest: 0 })).weights).toEqual([0]);
  });

  test('is finite where every row is an event, where none is, and where there are no rows', () => {
    expect(fitLogistic(problem(times(4, [1, 1]))).intercept).toBeGreaterThan(5);
    expect(fitLogistic(problem(times(4, [1, 0]))).intercept).toBeLessThan(-5);
    expect(fitLogistic(problem([]))).toEqual({ intercept: 0, weights: [0] });
    for (const event of [0, 1] as const) {
      const { intercept, weights } = fitLogistic(problem(times(4, [1, event])));
      expect([intercept, ...weights].every(Number.isFinite)).toBe(true);
    }
  });

  test('refuses columns that do not belong to the rows', () => {
    expect(() => fitLogistic({ ...problem([[1, 1]]), prior: [0, 0] })).toThrow(
      '1 rows has columns of 1 rows and 2 prior',
    );
  });

  test('cannot be improved by any step inside its bounds', () => {
    const row = fc.tuple(
      fc.double({ min: -3, max: 3, noNaN: true }),
      fc.double({ min: -3, max: 3, noNaN: true }),
      fc.boolean(),
    );
    fc.assert(
      fc.property(fc.array(row, { minLength: 3, maxLength: 40 }), (rows) => {
        const asked: LogisticProblem = {
          columns: [Float64Array.from(rows, ([x]) => x), Float64Array.from(rows, ([, y]) => y)],
          events: Uint8Array.from(rows, ([, , event]) => Number(event)),
          prior: [0.3, 0.2],
          penalty: 0.5,
          lowest: 0,
          highest: 3,
        };
        const { intercept, weights } = fitLogistic(asked);
        const best = lossOf(asked, intercept, weights);
        const [w1 = 0, w2 = 0] = weights;
        for (const [d0, d1, d2] of [
          [0.01, 0, 0],
          [-0.01, 0, 0],
          [0, 0.01, 0],
          [0, -0.01, 0],
          [0, 0, 0.01],
          [0, 0, -0.01],
        ] as const) {
          const tried = [Math.max(0, Math.min(3, w1 + d1)), Math.max(0, Math.min(3, w2 + d2))];
          expect(lossOf(asked, intercept + d0, tried)).toBeGreaterThanOrEqual(best - 1e-9);
        }
      }),
    );
  });
});

/** The objective, written as in the docstring. */
function lossOf(
  { columns, events, prior, penalty }: LogisticProblem,
  intercept: number,
  weights: readonly number[],
): number {
  let loss = 0;
  events.forEach((event, row) => {
    const p = sigmoid(intercept + columns.reduce((sum, column, k) => sum + (column[row] ?? 0) * (weights[k] ?? 0), 0));
    loss -= Math.log(event === 1 ? p : 1 - p);
  });
  return weights.reduce((sum, weight, k) => sum + penalty * (weight - (prior[k] ?? 0)) ** 2, loss);
}

test('logit and sigmoid undo each other, and shares of 0 and 1 stay finite', () => {
  expect(sigmoid(logit(0.2))).toBeCloseTo(0.2, 12);
  expect(logit(0)).toBeCloseTo(Math.log(1e-6), 5);
  expect(logit(1)).toBeCloseTo(-Math.log(1e-6), 5);
});
