import fc from 'fast-check';
import { expect, test } from 'vitest';
import { gram, inverse, NotPositiveDefinite, solve } from '../../../src/kam/model/kernels.js';

test('the Gram matrix sums products of values over rows, for each pair of columns', () => {
  // Rows (1, 2, 0) and (0, 3, 0.5).
  const rows = {
    start: Int32Array.of(0, 2, 4),
    column: Int32Array.of(0, 1, 1, 2),
    value: Float64Array.of(1, 2, 3, 0.5),
  };
  expect([...gram(rows, 3)]).toEqual([1, 2, 0, 2, 13, 1.5, 0, 1.5, 0.25]);
});

test('the inverse of (4 2; 2 3) is (3 -2; -2 4) / 8', () => {
  [...inverse(Float64Array.of(4, 2, 2, 3), 2)].forEach((value, i) => {
    expect(value).toBeCloseTo([3 / 8, -2 / 8, -2 / 8, 4 / 8][i] ?? Number.NaN, 15);
  });
});

test('only the lower half is read', () => {
  expect(inverse(Float64Array.of(4, 99, 2, 3), 2)).toEqual(inverse(Float64Array.of(4, 2, 2, 3), 2));
});

test('4x + 2y = 8 and 2x + 3y = 8 are solved by 1 and 2', () => {
  const [x, y] = solve(Float64Array.of(4, 2, 2, 3), 2, Float64Array.of(8, 8));
  expect(x).toBeCloseTo(1, 14);
  expect(y).toBeCloseTo(2, 14);
});

test('a matrix that is not positive definite, or holds no number, is refused with its pivot', () => {
  expect(() => inverse(Float64Array.of(1, 2, 2, 1), 2)).toThrow(NotPositiveDefinite);
  expect(() => inverse(Float64Array.of(1, 2, 2, 1), 2)).toThrow('Pivot 1 of 2 is -3, expected more than 0.');
  expect(() => inverse(Float64Array.of(Number.NaN), 1)).toThrow(NotPositiveDefinite);
});

test('a matrix times its inverse is the identity, across and within blocks', () => {
  const sizes = fc.constantFrom(1, 2, 5, 47, 48, 49, 97, 130);
  fc.assert(
    fc.property(sizes, fc.integer({ min: 1, max: 1e6 }), (size, seed) => {
      const matrix = someMatrix(size, seed);
      const inverted = inverse(matrix, size);
      for (let i = 0; i < size; i++) {
        for (let j = 0; j < size; j++) {
          let sum = 0;
          for (let k = 0; k < size; k++) sum += (matrix[i * size + k] ?? 0) * (inverted[k * size + j] ?? 0);
          if (Math.abs(sum - (i === j ? 1 : 0)) > 1e-9) return false;
        }
      }
      return true;
    }),
    { numRuns: 20 },
  );
});

/** Symmetric, with a diagonal that outweighs its row. */
function someMatrix(size: number, seed: number): Float64Array {
  const matrix = new Float64Array(size * size);
  let state = seed;
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      state = (state * 48_271) % 2_147_483_647;
      const value = state / 2_147_483_647 - 0.5;
      matrix[i * size + j] = value + (i === j ? size : 0);
      matrix[j * size + i] = matrix[i * size + j] ?? 0;
    }
  }
  return matrix;
}
