/** Spend if adopted, on beginners that can be counted by hand. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fitSpend, spendOf, type SpendModel } from '../../../src/kam/model/spend.js';
import { isKnown } from '../../../src/kam/unknown.js';
import { aLedger, times, type SoldAccount } from '../../support/ledgers.js';

const noYears = { beginners: 0, horizon: 0, year: 0 };

/** Buys family 0 for 100 a year and begins with another one for so much. */
const beginner = (family: number, spend: number, yearly = 100): SoldAccount => ({
  families: { 0: { trailing: yearly }, [family]: { next: spend } },
});

function fitted(accounts: readonly SoldAccount[], firstYears = noYears): SpendModel {
  const model = fitSpend([aLedger(accounts)], 3, firstYears);
  return isKnown(model) ? model : expect.fail(model.unknown);
}

describe('spend if adopted', () => {
  test('is what all beginners spent where they all spent the same: 80 in 73 days, 400 in a year of five times that', () => {
    const accounts = times(10, () => beginner(1, 80));
    const ledger = aLedger(accounts, { days: 73 });
    const model = fitSpend([ledger], 3, noYears);
    const found = isKnown(model) ? spendOf(model, ledger, 0, 1) : expect.fail(model.unknown);
    expect(found).toMatchObject({
      horizon: 8_000,
      yearly: 40_000,
      range: { low: 40_000, high: 40_000 },
      why: { typical: 8_000, beginners: 10, sizeFactor: 1, year: { is: 'assumed', factor: 5 } },
    });
    expect(found.why.smear).toBeCloseTo(1, 12);
  });

  test('draws a family with few beginners to all of them, as if it had five more at their mean', () => {
    // Mean logarithm of nine at 1 and one at e² (drawn in to the 99th percentile) is a tenth of that one.
    const model = fitted([beginner(2, Math.E ** 2), ...times(9, () => beginner(1, 1))]);
    const most = Math.log(1 + 0.91 * (Math.E ** 2 - 1));
    expect(model.level[2]).toBeCloseTo((most + 5 * (most / 10)) / 6, 10);
    expect(model.level[1]).toBeCloseTo((9 * 0 + 5 * (most / 10)) / 14, 10);
  });

  test('of a family that nobody ever began is that of all', () => {
    const accounts = times(10, () => beginner(1, 80));
    expect(spendOf(fitted(accounts), aLedger(accounts), 0, 2)).toMatchObject({ horizon: 8_000, why: { beginners: 0 } });
  });

  test('sums up to what beginners spent', () => {
    const spends = [10, 20, 40, 400, 30, 25, 15, 60];
    const accounts = spends.map((spend) => beginner(1, spend));
    const model = fitted(accounts);
    const sum = accounts.reduce(
      (total, _, account) => total + spendOf(model, aLedger(accounts), account, 1).horizon,
      0,
    );
    // 400 is drawn in to the 99th percentile of the eight: 60 + 0.93 × 340 = 376.2.
    expect(sum / 100).toBeCloseTo(10 + 20 + 40 + 376.2 + 30 + 25 + 15 + 60, 0);
  });

  test('grows with the account where past beginners did', () => {
    const accounts = times(200, (k) => beginner(1, k % 2 === 0 ? 10 : 1000, k % 2 === 0 ? 100 : 10_000));
    const model = fitted(accounts);
    expect(model.slope).toBeGreaterThan(0.9);
    const small = spendOf(model, aLedger(accounts), 0, 1);
    const large = spendOf(model, aLedger(accounts), 1, 1);
    expect(large.horizon).toBeGreaterThan(50 * small.horizon);
  });

  test('never falls when the account spends more', () => {
    const model = fitted(times(50, (k) => beginner(1, 10 + k, 100 + 10 * k)));
    const yearly = fc.integer({ min: 0, max: 1_000_000 });
    fc.assert(
      fc.property(yearly, yearly, (a, b) => {
        const ledger = aLedger([beginner(1, 0, Math.min(a, b)), beginner(1, 0, Math.max(a, b))]);
        expect(spendOf(model, ledger, 1, 1).yearly).toBeGreaterThanOrEqual(spendOf(model, ledger, 0, 1).yearly);
      }),
    );
  });

  test('of a year is measured where beginners had a first year: 300 after 200 is half as much again', () => {
    const accounts = times(10, () => beginner(1, 80));
    const model = fitted(accounts, { beginners: 20, horizon: 200, year: 300 });
    expect(model.year).toEqual({ is: 'measured', factor: 1.5, beginners: 20 });
    expect(spendOf(model, aLedger(accounts), 0, 1).yearly).toBe(12_000);
  });

  test('of a year is never less than that of its first horizon, and 19 beginners do not tell', () => {
    const accounts = times(10, () => beginner(1, 80));
    expect(fitted(accounts, { beginners: 20, horizon: 200, year: 100 }).year.factor).toBe(1);
    expect(fitted(accounts, { beginners: 19, horizon: 200, year: 300 }).year.is).toBe('assumed');
  });
});

describe('what cannot be estimated', () => {
  test('has no past horizon', () => {
    expect(fitSpend([], 3, noYears)).toEqual({ unknown: 'noHistory' });
    expect(fitSpend([aLedger([beginner(1, 5)], { isOver: false })], 3, noYears)).toEqual({ unknown: 'noHistory' });
  });

  test('has fewer than three beginners, or only credit notes', () => {
    expect(fitSpend([aLedger([beginner(1, 5), beginner(1, 5)])], 3, noYears)).toEqual({ unknown: 'fewEvents' });
    expect(fitSpend([aLedger(times(9, () => beginner(1, -5)))], 3, noYears)).toEqual({ unknown: 'fewEvents' });
  });
});
