/** The price level that customers choose, on families that can be counted by hand. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fitMix, pastSteps, valueOf, type MixModel, type Value } from '../../../src/kam/model/mix.js';
import { isKnown, type Unknown } from '../../../src/kam/unknown.js';
import { aLedger, aMix, times, type SoldAccount } from '../../support/ledgers.js';

/** Spends 100 in half a year and 200 in a year on one family, at a price level of so many times the typical one. */
const chooses = (level: number, next = level, lines = 1e9): SoldAccount => ({
  yearly: 200,
  families: { 0: { trailing: 100, yearly: 200, net: 200, level: Math.log(level), nextLevel: Math.log(next), lines } },
});

const window = (accounts: readonly SoldAccount[]) => ({ ledger: aLedger(accounts), mix: aMix(accounts) });

/** Levels from 1.00 to 1.50 on very many lines: the upper fifth begins at 1.40. */
const levels = times(51, (k) => 1 + k / 100);
const book = levels.map((level) => chooses(level));

function fitted(past: readonly SoldAccount[], now = book): MixModel {
  const model = fitMix(window(now), [window(past)], 0.8);
  return isKnown(model) ? model : expect.fail(model.unknown);
}

const valueIn = (model: MixModel | Unknown, account: SoldAccount): Value | Unknown =>
  valueOf(model, aLedger([account]), aMix([account]), 0, 0);

function known(value: Value | Unknown): Value {
  return isKnown(value) ? value : expect.fail(value.unknown);
}

/** Those at 1.00 move a tenth up, the others stay: as a rule a small part of all gaps is won. */
const past = [...times(30, () => chooses(1, 1.1)), ...times(21, () => chooses(1.4))];

describe('the price level gap', () => {
  test('is what the same purchases would cost at the benchmark: from 1.12 to 1.40 is a quarter of 200', () => {
    const found = known(valueIn(fitted(past), chooses(1.12)));
    expect(found.why).toMatchObject({ level: 'peers', buyers: 51, own: 20_000, gap: 5_000 });
    expect(found.why.ownLevel).toBeCloseTo(1.12, 6);
    expect(found.why.benchmarkLevel).toBeCloseTo(1.4, 6);
  });

  test('counts by as much as past gaps closed: thirty moved a tenth up of four tenths, a quarter is won', () => {
    const found = known(valueIn(fitted(past), chooses(1.12)));
    expect(found.why.realisation).toMatchObject({ pairs: 30, gap: 120_000, moved: 30_000 });
    expect(found.why.realisation.share).toBeCloseTo(0.25, 6);
    expect(found.value).toBe(1_250);
    expect(found.range).toEqual({ low: 0, high: 5_000 });
  });

  test('counts moves down against moves up: where as many fall as rise, nothing is won', () => {
    const drift = [
      ...times(15, () => chooses(1.2, 1.4)),
      ...times(15, () => chooses(1.2, 1)),
      ...times(21, () => chooses(1.4)),
    ];
    expect(known(valueIn(fitted(drift), chooses(1.12)))).toMatchObject({
      value: 0,
      why: { realisation: { share: 0, moved: 0 } },
    });
  });

  test('counts a rise no further than to the benchmark', () => {
    const far = [...times(30, () => chooses(1, 9)), ...times(21, () => chooses(1.4))];
    expect(fitted(far).realisation).toMatchObject({ share: 1 });
  });

  test('is drawn to the family’s mean where it rests on few lines: of three lines half, as if three more were at 1.00', () => {
    const even = [...times(25, () => chooses(1 / 2)), ...times(26, () => chooses(2))];
    const model = fitMix(window([...even, chooses(1 / 2)]), [window(past)], 0.8);
    const thin = known(valueOf(model, aLedger([chooses(0.25)]), aMix([chooses(0.25, 1, 3)]), 0, 0));
    expect(thin.why.ownLevel).toBeCloseTo(0.5, 6);
  });

  test('is never more than what is spent: from 0.1 to 1.4 is another kind of product', () => {
    expect(known(valueIn(fitted(past), chooses(0.1))).why.gap).toBe(20_000);
  });

  test('never grows with the own level, and is nothing above the benchmark', () => {
    const model = fitted(past);
    const level = fc.double({ min: 0.05, max: 20, noNaN: true });
    fc.assert(
      fc.property(level, level, (a, b) => {
        const [lower, higher] = [Math.min(a, b), Math.max(a, b)].map(
          (own) => known(valueIn(model, chooses(own))).value,
        );
        expect(higher).toBeLessThanOrEqual(lower ?? 0);
      }),
    );
    expect(known(valueIn(model, chooses(1.5)))).toMatchObject({ value: 0, range: { low: 0, high: 0 } });
  });
});

describe('what cannot be estimated', () => {
  const model = fitMix(window(book), [window(past)], 0.8);

  test.each(['noQuantities', 'onePriceLevel'] as const)('is a family with %s', (why) => {
    const mix = aMix([chooses(1)], new Map([[0, why]]));
    expect(valueOf(model, aLedger([chooses(1)]), mix, 0, 0)).toEqual({ unknown: why });
  });

  test('is an account that bought nothing with a price level, and a family of which others did not', () => {
    const without: SoldAccount = { families: { 0: { trailing: 100 } } };
    expect(valueIn(model, without)).toEqual({ unknown: 'noRecentSales' });
    const other: SoldAccount = { families: { 1: { trailing: 100, level: 0 } } };
    expect(valueIn(model, other)).toEqual({ unknown: 'fewBuyers' });
  });

  test('is a book with fewer than fifteen buyers, or with none', () => {
    expect(fitMix(window(times(14, () => chooses(1))), [], 0.8)).toEqual({ unknown: 'fewBuyers' });
    expect(fitMix(window([]), [], 0.8)).toEqual({ unknown: 'fewBuyers' });
    expect(valueIn({ unknown: 'fewBuyers' }, chooses(1))).toEqual({ unknown: 'fewBuyers' });
  });

  test('is what part of a gap is won, where fewer than twenty past ones can be followed', () => {
    expect(valueIn(fitMix(window(book), [], 0.8), chooses(1))).toEqual({ unknown: 'noHistory' });
    const gone = times(51, () => ({ yearly: 200, families: { 0: { trailing: 100, level: 0 } } }));
    expect(pastSteps(window(gone), 0.8)).toEqual([]);
    expect(valueIn(fitted(gone), chooses(1))).toEqual({ unknown: 'noHistory' });
  });
});
