/** Revenue at risk, on books whose losses can be counted by hand. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sigmoid } from '../../../src/kam/model/logistic.js';
import { fitRisk, isLoss, riskOf, type RiskModel } from '../../../src/kam/model/risk.js';
import { isKnown } from '../../../src/kam/unknown.js';
import { aLedger, times, type SoldAccount } from '../../support/ledgers.js';

const keeps: SoldAccount = { trailing: 100, previous: 100, recent: 50, yearly: 200, next: 100, recency: 10 };
const loses: SoldAccount = { ...keeps, next: 0, recency: 150 };

function fitted(accounts: readonly SoldAccount[], now = accounts): RiskModel {
  const model = fitRisk([aLedger(accounts)], aLedger(now));
  return isKnown(model) ? model : expect.fail(model.unknown);
}

const riskIn = (model: RiskModel, account: SoldAccount, index = 1) => {
  const risk = riskOf(model, aLedger([account]), 0, index);
  return isKnown(risk) ? risk : expect.fail(risk.unknown);
};

describe('a loss', () => {
  test('is less than half of what the season lets expect: of 100 in a book that doubles, 99 is lost and 100 is not', () => {
    expect(isLoss(100, 99, 2)).toBe(true);
    expect(isLoss(100, 100, 2)).toBe(false);
  });

  test('is judged against the whole book: where everyone falls alike, nobody is lost', () => {
    const halved = times(10, () => ({ ...keeps, next: 30 }));
    expect(fitRisk([aLedger(halved)], aLedger(halved))).toEqual({ unknown: 'fewEvents' });
  });
});

describe('revenue at risk', () => {
  const alike = [...times(20, () => ({ ...keeps, next: 100 })), ...times(5, () => ({ ...keeps, next: 0 }))];

  test('of accounts that look alike is the share that was lost: 5 of 25 lost all, a fifth of 200 a year is 40', () => {
    const model = fitted(alike);
    // The book fell to 0.8, so that 80 was expected of each: 5 × 80 lost, 25 × 0.2 × 80 predicted, no correction.
    expect(model.loss).toEqual({ mean: 1, low: 1, high: 1 });
    expect(model.windows).toMatchObject([{ accounts: 25, losses: 5, actual: 40_000 }]);
    const risk = riskIn(model, keeps, 0.8);
    expect(risk.probability).toBeCloseTo(0.2, 6);
    expect(risk.yearly).toBe(4_000);
    expect(risk.horizon).toBe(1_600);
    expect(risk.range).toEqual({ low: 4_000, high: 4_000 });
  });

  test('is explained exactly: intercept and parts add up to the log-odds', () => {
    const model = fitted([
      ...times(20, (k) => ({ ...keeps, trailing: 80 + k })),
      ...times(6, (k) => ({ ...loses, trailing: 90 + k })),
    ]);
    const { probability, why } = riskIn(model, { ...keeps, recency: 90, trailing: 70 });
    const logOdds = why.parts.reduce((sum, part) => sum + part.logOdds, why.intercept);
    expect(sigmoid(logOdds)).toBe(probability);
    expect(why.parts.map(({ signal }) => signal)).toEqual([
      'silence',
      'recency',
      'fading',
      'rareness',
      'surge',
      'smallness',
    ]);
  });

  test('ranks an account that fell silent above one that ordered last week', () => {
    const model = fitted([...times(20, () => keeps), ...times(6, () => loses)]);
    expect(riskIn(model, loses).probability).toBeGreaterThan(0.5);
    expect(riskIn(model, keeps).probability).toBeLessThan(0.2);
  });

  test('takes half of a past fault back: twice the predicted loss lifts it by the square root of two at most', () => {
    // Nine small accounts lose, and one of a hundred times their size that nothing tells apart: more money than expected.
    const small = { ...keeps, yearly: 200 };
    const model = fitted([
      ...times(40, () => small),
      ...times(3, () => ({ ...small, next: 0 })),
      { ...small, trailing: 10_000, next: 0, previous: 10_000, recent: 5_000 },
    ]);
    expect(model.windows[0]?.actual).toBeGreaterThan(2 * (model.windows[0]?.predicted ?? 0));
    expect(model.correction).toBeCloseTo(Math.SQRT2, 12);
  });

  test('grows with what there is to lose, at the same probability', () => {
    const model = fitted(alike);
    const yearly = fc.integer({ min: 0, max: 1_000_000 });
    fc.assert(
      fc.property(yearly, yearly, (a, b) => {
        const [less, more] = [Math.min(a, b), Math.max(a, b)];
        expect(riskIn(model, { ...keeps, yearly: more }).yearly).toBeGreaterThanOrEqual(
          riskIn(model, { ...keeps, yearly: less }).yearly,
        );
      }),
    );
  });

  test('marks an account younger than 90 days and one without a rhythm', () => {
    const model = fitted(alike);
    expect(riskIn(model, { ...keeps, tenure: 89, gap: Number.NaN }).why).toMatchObject({ isNew: true, usualGap: null });
    expect(riskIn(model, { ...keeps, tenure: 90 }).why).toMatchObject({ isNew: false, usualGap: 30 });
  });
});

describe('what cannot be said', () => {
  test('has no past horizon, or fewer than three accounts that lost or kept', () => {
    expect(fitRisk([], aLedger([keeps]))).toEqual({ unknown: 'noHistory' });
    expect(fitRisk([aLedger([keeps], { isOver: false })], aLedger([keeps]))).toEqual({ unknown: 'noHistory' });
    const two = [...times(9, () => keeps), loses, loses];
    expect(fitRisk([aLedger(two)], aLedger(two))).toEqual({ unknown: 'fewEvents' });
  });

  test('has a past in which nobody bought, or only credit notes came back', () => {
    const silent = times(9, () => ({ ...keeps, trailing: 0 }));
    expect(fitRisk([aLedger(silent)], aLedger(silent))).toEqual({ unknown: 'noHistory' });
    const returns = times(9, () => ({ ...keeps, next: -100 }));
    expect(fitRisk([aLedger(returns)], aLedger(returns))).toEqual({ unknown: 'noHistory' });
  });

  test('is an account that bought nothing in the last horizon: there is nothing left to lose', () => {
    const model = fitted([...times(20, () => keeps), ...times(6, () => loses)]);
    expect(riskOf(model, aLedger([{ ...keeps, trailing: 0 }]), 0, 1)).toEqual({ unknown: 'noRecentSales' });
    expect(riskOf(model, aLedger([{ ...keeps, trailing: -5 }]), 0, 1)).toEqual({ unknown: 'noRecentSales' });
  });

  test('is never a NaN: one mega deal, credit notes above sales, no previous horizon', () => {
    const model = fitted([...times(20, () => keeps), ...times(6, () => loses)]);
    const odd: SoldAccount[] = [
      { ...keeps, trailing: 1e9, yearly: 1e9 },
      { ...keeps, recent: 500, trailing: 100 },
      { ...keeps, previous: -300, yearly: -5 },
      { ...keeps, tenure: 0, recency: 0, orders: 1, gap: Number.NaN },
    ];
    for (const account of odd) {
      const { probability, yearly, horizon, range } = riskIn(model, account);
      expect(
        [probability, yearly, horizon, range.low, range.high].every((figure) => figure >= 0 && Number.isFinite(figure)),
      ).toBe(true);
    }
  });
});
