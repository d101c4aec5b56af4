/** Order statistics and scales. */
import { expect, test } from 'vitest';
import { clip, quantile, scaleOf } from '../../../src/kam/model/distribution.js';

test('a quantile lies between two figures as its share says', () => {
  expect(quantile([0, 10, 20], 0.5)).toBe(10);
  expect(quantile([0, 10, 20], 0.75)).toBe(15);
  expect(quantile([7], 0.8)).toBe(7);
});

test('a scale is mean and deviation: 2 and 4 lie one apart from 3', () => {
  expect(scaleOf(Float64Array.of(2, 4))).toEqual({ mean: 3, deviation: 1 });
});

test('a column that does not vary, or is empty, has a deviation of 1', () => {
  expect(scaleOf(Float64Array.of(5, 5))).toEqual({ mean: 5, deviation: 1 });
  expect(scaleOf(new Float64Array())).toEqual({ mean: 0, deviation: 1 });
});

test('clipping keeps to both ends', () => {
  expect([clip(-1, 0, 1), clip(0.5, 0, 1), clip(2, 0, 1)]).toEqual([0, 0.5, 1]);
});
