/** The gap to the wallet share of comparable customers, on books that can be counted by hand. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  ceilingOf,
  fitWallet,
  pastGaps,
  volumeOf,
  type Volume,
  type WalletModel,
} from '../../../src/kam/model/wallet.js';
import { isKnown } from '../../../src/kam/unknown.js';
import { aLedger, times, type SoldAccount } from '../../support/ledgers.js';

const options = { quantile: 0.8, realisation: 0.25 };

/** Spends 100 in half a year, so much of it on family 1, and the rest on family 0; 200 a year. */
const gives = (share: number, next = share): SoldAccount => ({
  yearly: 200,
  families: { 0: { trailing: 100 - share, next: 100 - next }, 1: { trailing: share, next } },
});

/** Shares 0 % … 50 % of family 1 in steps of one: the upper fifth begins at 40 %. */
const book = times(51, (k) => gives(k));

function fitted(now: readonly SoldAccount[], past: readonly SoldAccount[] | null = null): WalletModel {
  const model = fitWallet(aLedger(now), past === null ? [] : [aLedger(past)], null, options);
  return isKnown(model) ? model : expect.fail(model.unknown);
}

function volumeIn(model: WalletModel, account: SoldAccount, pair = 1): Volume {
  const volume = volumeOf(model, aLedger([account]), 0, pair);
  return isKnown(volume) ? volume : expect.fail(volume.unknown);
}

describe('the volume gap', () => {
  // The pair of share 0 is no buyer: shares 1 % … 50 %, and the 0.8 quantile of fifty is 40.2 %.
  test('is the missing share of the year’s revenue times what is usually won of gaps: 30.2 % of 200, a quarter', () => {
    const found = volumeIn(fitted(book), gives(10));
    expect(found.why).toMatchObject({
      ownShare: 0.1,
      yearlyRevenue: 20_000,
      gap: 6_040,
      realisation: { is: 'assumed', share: 0.25 },
      state: 'active',
      buyers: 50,
      level: 'peers',
    });
    expect(found.why.benchmarkShare).toBeCloseTo(0.402, 12);
    expect(found.volume).toBe(1_510);
  });

  test('is nothing for who gives more than the benchmark', () => {
    expect(volumeIn(fitted(book), gives(45))).toMatchObject({ volume: 0, range: { low: 0, high: 0 }, why: { gap: 0 } });
  });

  test('never grows with own spend in the family at the same total, and never leaves its range', () => {
    const model = fitted(book, book);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 100 }), fc.integer({ min: 0, max: 100 }), (a, b) => {
        const less = volumeIn(model, gives(Math.min(a, b)));
        const more = volumeIn(model, gives(Math.max(a, b)));
        if (less.why.state === more.why.state) expect(more.volume).toBeLessThanOrEqual(less.volume);
        for (const { volume, range } of [less, more]) {
          expect(range.low).toBeLessThanOrEqual(volume);
          expect(range.high).toBeGreaterThanOrEqual(volume);
        }
      }),
    );
  });

  test('of a family that was owned but not bought of late counts as lapsed', () => {
    const lapsed: SoldAccount = { yearly: 200, families: { 0: { trailing: 100 }, 1: { net: 30, trailing: 0 } } };
    expect(volumeIn(fitted(book), lapsed).why).toMatchObject({ state: 'lapsed', ownShare: 0, gap: 8_040 });
  });
});

describe('realisation', () => {
  test('is the part of past gaps that was filled: fifteen who gave 10 and then 20 filled 150', () => {
    // Thirty accounts at 10, of which half move to 20; the others of the book stay, so that it moves by nothing.
    const past = [...times(20, (k) => gives(60 + k)), ...times(15, () => gives(10, 20)), ...times(15, () => gives(10))];
    const gaps = pastGaps(aLedger(past), 0.8).filter(({ gap }) => gap > 0);
    const model = fitted(book, past);
    const gap = gaps.reduce((sum, one) => sum + one.gap, 0);
    const filled = gaps.reduce((sum, one) => sum + Math.min(one.gap, Math.max(0, one.uplift)), 0);
    expect(filled).toBeCloseTo(15 * 1_000, 6);
    expect(model.realisation.active).toMatchObject({
      is: 'measured',
      gap: Math.round(gap),
      filled: 15_000,
      pairs: gaps.length,
    });
  });

  test('counts nothing beyond the gap, and a fall as nothing', () => {
    const past = [
      ...times(40, () => gives(50)),
      ...times(15, () => ({
        yearly: 200,
        next: 100,
        families: { 0: { trailing: 90, next: 0 }, 1: { trailing: 10, next: 1000 } },
      })),
      ...times(15, () => ({
        yearly: 200,
        next: 100,
        families: { 0: { trailing: 90, next: 0 }, 1: { trailing: 10, next: 0 } },
      })),
    ];
    const { active } = fitted(book, past).realisation;
    const gaps = pastGaps(aLedger(past), 0.8).filter(({ gap }) => gap > 0);
    const smallest = gaps.filter(({ uplift }) => uplift > 0).reduce((sum, { gap }) => sum + gap, 0);
    expect(active).toMatchObject({ is: 'measured', filled: smallest });
  });

  test('takes the season out: in a book that doubles, who doubles has filled nothing', () => {
    const past = book
      .map((_, k) => gives(k, k))
      .map(({ families = {} }) => ({
        yearly: 200,
        families: Object.fromEntries(
          Object.entries(families).map(([family, sold]) => [family, { ...sold, next: 2 * (sold.next ?? 0) }]),
        ),
      }));
    expect(fitted(book, past).realisation.active).toMatchObject({ is: 'measured', share: 0 });
  });

  test('is assumed where fewer than twenty gaps were seen', () => {
    expect(
      fitted(
        book,
        times(5, () => gives(10)),
      ).realisation.active,
    ).toEqual({ is: 'assumed', share: 0.25 });
  });
});

describe('the ceiling', () => {
  test('is what four of five stayed below: growth by 0 % … 40 % in steps of ten, in the season of the past', () => {
    // One family, all spend 100; next 100, 110 … 140, each ten times: the 0.8 quantile lies at 130 to 140.
    const past = times(50, (k) => ({ families: { 0: { trailing: 100, next: 100 + 10 * (k % 5) } } }));
    const model = fitted(past, past);
    expect(ceilingOf(model, 10_000)).toBe(13_200);
    expect(ceilingOf(model, 0)).toBeNull();
  });

  test('moves with the coming season: a book index of 1 instead of the 1.2 that was', () => {
    const past = times(50, (k) => ({ families: { 0: { trailing: 100, next: 100 + 10 * (k % 5) } } }));
    const model = fitWallet(aLedger(past), [aLedger(past)], 1, options);
    expect(isKnown(model) ? ceilingOf(model, 10_000) : null).toBe(11_000);
  });

  test('needs a past', () => {
    expect(ceilingOf(fitted(book), 10_000)).toBeNull();
  });
});

describe('what cannot be estimated', () => {
  test('is a book in which nobody bought, or that has credit notes only', () => {
    expect(fitWallet(aLedger([]), [], null, options)).toEqual({ unknown: 'noSales' });
    const returns = times(9, () => ({ families: { 0: { net: -5, trailing: -5 } } }));
    expect(fitWallet(aLedger(returns), [], null, options)).toEqual({ unknown: 'noSales' });
  });

  test('is a family with fewer than five buyers, which may be retired, and a book with fewer than fifteen', () => {
    const rare = [...book, ...times(4, () => ({ yearly: 200, families: { 2: { trailing: 100 } } }))];
    expect(volumeOf(fitted(rare), aLedger([{ families: { 2: { trailing: 5 } } }]), 0, 0)).toEqual({
      unknown: 'fewBuyers',
    });
    expect(volumeOf(fitted([gives(10)]), aLedger([gives(10)]), 0, 1)).toEqual({ unknown: 'fewBuyers' });
  });

  test('is an account that bought nothing of late', () => {
    const gone: SoldAccount = { families: { 1: { net: 10, trailing: 0 } } };
    expect(volumeOf(fitted(book), aLedger([gone]), 0, 0)).toEqual({ unknown: 'noRecentSales' });
  });

  test('is nothing worse than a gap of nothing where all are alike, or there is one family only', () => {
    const alike = times(30, () => gives(10));
    expect(volumeIn(fitted(alike, alike), gives(10))).toMatchObject({ volume: 0 });
    const single = times(30, (k) => ({ yearly: 200, families: { 0: { trailing: 100 + k, next: 100 } } }));
    expect(volumeIn(fitted(single, single), single[0] ?? {}, 0)).toMatchObject({ volume: 0, why: { ownShare: 1 } });
  });

  test('is not a single mega deal: it raises the benchmark of nobody', () => {
    const mega = { yearly: 1e9, families: { 1: { trailing: 1e9 } } };
    expect(volumeIn(fitted([...book, mega]), gives(10)).why.benchmarkShare).toBeLessThan(0.42);
  });
});
