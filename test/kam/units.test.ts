import { expect, test } from 'vitest';
import { toCents } from '../../src/kam/units.js';
import { isKnown, unknown } from '../../src/kam/unknown.js';

test('half a cent is rounded away from zero, for invoices and credit notes alike', () => {
  expect([1.5, -1.5, 1.4, -1.4].map(toCents)).toEqual([2, -2, 1, -1]);
});

test('next to nothing is zero, and never minus zero', () => {
  expect(Object.is(toCents(-0.2), 0)).toBe(true);
});

test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])('%s is refused as an amount', (amount) => {
  expect(() => toCents(amount)).toThrow(RangeError);
});

test('zero, false and null are known; an unknown is not', () => {
  expect([0, false, null, {}].map((value) => isKnown<unknown>(value))).toEqual([true, true, true, true]);
  expect(isKnown(unknown('noSales'))).toBe(false);
});
