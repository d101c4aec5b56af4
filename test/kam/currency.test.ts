/** Figures in a record's own currency, to the cent. */
import { expect, test } from 'vitest';
import { inCurrency } from '../../src/kam/currency.js';

test.each([
  [100_00, 500_000, 50_00],
  [-100_00, 500_000, -50_00],
  [1, 500_000, 1],
  [-1, 500_000, -1],
  [1, 499_999, 0],
  [9_007_199_254_740_991, 1_000_000, 9_007_199_254_740_991],
])('%i cents at %i millionths are %i', (cents, millionths, own) => {
  expect(inCurrency(cents, { iso: 'EUR', millionths })).toBe(own);
});

test('an org with one currency converts nothing; without a rate, or a figure, the field is empty', () => {
  expect(inCurrency(12_34, null)).toBe(12_34);
  expect(inCurrency(12_34, { iso: 'CHF', millionths: null })).toBeNull();
  expect(inCurrency(null, { iso: 'EUR', millionths: 500_000 })).toBeNull();
});
