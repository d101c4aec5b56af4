/** The book index and what a backtest of money teaches. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bookIndex, correctionFrom, ratioOf } from '../../../src/kam/model/season.js';

const lastYear = { trailing: 200, next: 220 };

describe('the book index', () => {
  test('is what the same horizon brought a year ago: 220 after 200 is 1.1', () => {
    expect(bookIndex(730, 182, '2025-07-01', lastYear)).toEqual({
      is: 'measured',
      factor: 1.1,
      cut: '2025-07-01',
      turnover: lastYear,
    });
  });

  test('needs a year, a horizon and half a month of grace: 532 days will do, 531 are too short', () => {
    expect(bookIndex(532, 182, '2025-07-01', lastYear)).toMatchObject({ is: 'measured' });
    expect(bookIndex(531, 182, '2025-07-01', lastYear)).toEqual({ is: 'notAdjusted', factor: 1, why: 'shortHistory' });
  });

  test.each([
    { trailing: 0, next: 5 },
    { trailing: 5, next: 0 },
    { trailing: 5, next: -1 },
  ])('says nothing where there was no turnover: %o', (turnover) => {
    expect(bookIndex(730, 182, '2025-07-01', turnover)).toEqual({ is: 'notAdjusted', factor: 1, why: 'noTurnover' });
  });

  test('lies between a half and two, whatever the year before was', () => {
    const cents = fc.integer({ min: -1000, max: 1_000_000 });
    fc.assert(
      fc.property(cents, cents, (trailing, next) => {
        const { factor } = bookIndex(730, 182, '2025-07-01', { trailing, next });
        expect(factor).toBeGreaterThanOrEqual(0.5);
        expect(factor).toBeLessThanOrEqual(2);
      }),
    );
  });
});

describe('a correction of money', () => {
  test('mends half of the fault: a quarter of what was predicted halves it', () => {
    expect(correctionFrom(25, 100)).toEqual({ factor: 0.5, actual: 25, predicted: 100 });
  });

  test('is bounded: a tenth of what was predicted counts as a quarter, the tenfold as twice', () => {
    expect(correctionFrom(10, 100)?.factor).toBe(0.5);
    expect(correctionFrom(1000, 100)?.factor).toBeCloseTo(Math.SQRT2, 12);
    expect(correctionFrom(-10, 100)?.factor).toBe(0.5);
  });

  test('needs something predicted', () => {
    expect(correctionFrom(10, 0)).toBeNull();
    expect(correctionFrom(10, Number.NaN)).toBeNull();
  });
});

test('a ratio needs positive turnover on both sides', () => {
  expect(ratioOf({ trailing: 4, next: 3 })).toBe(0.75);
  expect(ratioOf({ trailing: 0, next: 3 })).toBeNull();
});
