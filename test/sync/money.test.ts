/** New business expected of a small book, and what its own past corrects. */
import { describe, expect, test } from 'vitest';
import { score } from '../../src/kam/model/adoption.js';
import { candidatesOf } from '../../src/kam/model/features.js';
import { correctionFrom } from '../../src/kam/model/season.js';
import { priorWeights } from '../../src/kam/model/weights.js';
import { adoptionAt } from '../../src/sync/adoption.js';
import { moneyAt, moneyCorrection, newBusiness, type NewBusiness } from '../../src/sync/money.js';
import { salesOf, withBook, type Sale, type SmallCrm } from '../book/smallBook.js';
import { times } from '../support/ledgers.js';

const halfYear = { months: 6 } as const;
const money = { quantile: 0.8, realisation: 0.25 };
const adoption = { prior: priorWeights, learning: true, lookalikes: 'on' } as const;
const days = ['2024-02-01', '2024-08-01', '2025-02-01', '2025-08-01', '2026-02-01'];

/** Thirty-six accounts buy Pumps each half-year; in each half-year six more begin with Seals, for 100 each. */
function crm(): SmallCrm {
  const accounts = times(36, (k) => ({ id: `A${10 + k}` }));
  const pumps = accounts.flatMap(({ id }) => days.map((day): Sale => [id, day, 'Pumps', 50]));
  const seals = days.flatMap((day, half) =>
    accounts.slice(6 * half, 6 * half + 6).map(({ id }): Sale => [id, day, 'Seals', 100]),
  );
  return { accounts, ...salesOf([...pumps, ...seals]), asOf: '2026-06-30' };
}

const known = (business: NewBusiness | object): NewBusiness =>
  'predicted' in business ? business : expect.fail(JSON.stringify(business));

const sum = (values: Float64Array | null): number => (values ?? expect.fail('no outcome')).reduce((a, b) => a + b, 0);

describe('new business', () => {
  test('of an account is the sum over its white families of probability times spend: 100 each, so p × 100', async () => {
    await withBook(crm(), async (book) => {
      const fitted = await adoptionAt(book, '2026-01-01', halfYear, adoption);
      const business = known(newBusiness(fitted, await moneyAt(book, '2026-01-01', halfYear, money)));
      // 24 accounts own Seals, so that 12 may begin; six of them did, with 100 each.
      expect(business.predicted.filter((amount) => amount > 0)).toHaveLength(12);
      expect(sum(business.actual)).toBe(60_000);
      if (fitted.is === 'notEstimable') return expect.fail(fitted.because.is);
      const candidates = candidatesOf(fitted.evidence, { from: 0, to: 36 });
      const { p } = score(fitted.model, candidates);
      expect(business.predicted[35]).toBeCloseTo(10_000 * (p[11] ?? 0), -1);
    });
  });

  test('has no outcome yet where it lies beyond the book', async () => {
    await withBook(crm(), async (book) => {
      const fitted = await adoptionAt(book, '2026-07-01', halfYear, adoption);
      expect(known(newBusiness(fitted, await moneyAt(book, '2026-07-01', halfYear, money))).actual).toBeNull();
    });
  });

  test('is unknown, not zero, where nobody ever began or nothing is open', async () => {
    const single: Sale[] = days.map((day) => ['A1', day, 'Pumps', 50]);
    await withBook({ accounts: [{ id: 'A1' }], ...salesOf(single), asOf: '2026-06-30' }, async (book) => {
      const fitted = await adoptionAt(book, '2026-01-01', halfYear, adoption);
      const figures = await moneyAt(book, '2026-01-01', halfYear, money);
      expect(newBusiness(fitted, figures)).toEqual({ unknown: 'fewEvents' });
    });
    await withBook(crm(), async (book) => {
      const figures = await moneyAt(book, '2026-01-01', halfYear, money);
      const nothing = { is: 'notEstimable', because: { is: 'oneFamily' } } as const;
      expect(newBusiness(nothing, figures)).toEqual({ unknown: 'notModelled' });
    });
  });
});

describe('the correction', () => {
  test('is what the backtest two horizons before came to', async () => {
    await withBook(crm(), async (book) => {
      const options = { money, adoption };
      const then = known(
        newBusiness(
          await adoptionAt(book, '2025-07-01', halfYear, adoption),
          await moneyAt(book, '2025-07-01', halfYear, money),
        ),
      );
      const at = {
        adoption: await adoptionAt(book, '2026-07-01', halfYear, adoption),
        cut: '2026-07-01',
        horizon: halfYear,
      };
      const found = await moneyCorrection(book, at, options);
      expect(found).toEqual(correctionFrom(60_000, sum(then.predicted)));
      expect(found?.actual).toBe(60_000);
    });
  });

  test('does not exist where nothing could be learned before that backtest', async () => {
    await withBook(crm(), async (book) => {
      const at = {
        adoption: await adoptionAt(book, '2025-07-01', halfYear, adoption),
        cut: '2025-07-01',
        horizon: halfYear,
      };
      expect(await moneyCorrection(book, at, { money, adoption })).toBeNull();
    });
  });
});
