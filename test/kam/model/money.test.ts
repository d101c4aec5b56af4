/** The money models together, account by account. */
import { describe, expect, test } from 'vitest';
import {
  boughtBy,
  fitMoney,
  riskBy,
  spendBy,
  type MoneyHistory,
  type MoneyLedger,
} from '../../../src/kam/model/money.js';
import { aLedger, aMix, times, type SoldAccount } from '../../support/ledgers.js';

const options = { quantile: 0.8, realisation: 0.25 };

const asOf = (accounts: readonly SoldAccount[]): MoneyLedger => ({ ledger: aLedger(accounts), mix: aMix(accounts) });

const aHistory = (now: readonly SoldAccount[], past: readonly SoldAccount[][] = []): MoneyHistory => ({
  now: asOf(now),
  past: past.map(asOf),
  index: { is: 'notAdjusted', factor: 1, why: 'shortHistory' },
  firstYears: { beginners: 0, horizon: 0, year: 0 },
  families: [
    { name: 'Pumps', takesPart: true },
    { name: 'Seals', takesPart: true },
    { name: 'Freight', takesPart: false },
  ],
});

const gives = (share: number): SoldAccount => ({
  yearly: 200,
  families: {
    0: { trailing: 100 - share, next: 100 - share },
    1: { trailing: share, next: share },
    2: { trailing: 0.01 },
  },
});

const book = times(51, gives);

describe('an account', () => {
  test('gets one figure per family that it owns and that takes part', () => {
    const models = fitMoney(aHistory(book), options);
    const [pumps, seals, ...rest] = boughtBy(models, asOf([gives(10)]), 0);
    expect(rest).toEqual([]);
    expect(pumps).toMatchObject({ family: 'Pumps', own: 9_000, volume: { why: { level: 'peers' } } });
    expect(seals).toMatchObject({ family: 'Seals', own: 1_000, value: { unknown: 'fewBuyers' } });
  });

  test('is trusted half as much where realisation is assumed, and half of that in its first 90 days', () => {
    const models = fitMoney(aHistory(book), options);
    expect(boughtBy(models, asOf([gives(10)]), 0)[0]?.confidence).toBe(0.2);
    expect(boughtBy(models, asOf([{ ...gives(10), tenure: 89 }]), 0)[0]?.confidence).toBe(0.1);
    const measured = fitMoney(aHistory(book, [times(51, gives)]), options);
    expect(boughtBy(measured, asOf([gives(10)]), 0)[1]?.confidence).toBe(0.4);
  });

  test('has each unknown for its own reason where there is no past', () => {
    const models = fitMoney(aHistory(book), options);
    const { ledger } = asOf([gives(10)]);
    expect(riskBy(models, ledger, 0)).toEqual({ unknown: 'noHistory' });
    expect(spendBy(models, ledger, 0, 1)).toEqual({ unknown: 'noHistory' });
  });

  test('has its spend and its risk from models that were learned', () => {
    const past = [
      ...times(20, (k) => ({
        yearly: 200,
        families: { 0: { trailing: 100, next: 100 }, 1: { net: 0, trailing: 0, next: 10 + k } },
      })),
      ...times(5, () => ({ yearly: 200, families: { 0: { trailing: 100, next: 0 } } })),
    ];
    const models = fitMoney(aHistory(book, [past]), options);
    const { ledger } = asOf([gives(10)]);
    expect(spendBy(models, ledger, 0, 1)).toMatchObject({ why: { beginners: 20 } });
    expect(riskBy(models, ledger, 0)).toMatchObject({ why: { trailing: 10_001 } });
  });
});

test('a book without sales leaves every figure unknown and none of them zero', () => {
  const models = fitMoney(aHistory([], [[]]), options);
  expect(models).toMatchObject({
    risk: { unknown: 'noHistory' },
    spend: { unknown: 'fewEvents' },
    wallet: { unknown: 'noSales' },
    mix: { unknown: 'fewBuyers' },
  });
  const account = asOf([{ families: { 0: { net: 5, trailing: 0 } } }]);
  expect(boughtBy(models, account, 0)).toEqual([
    { family: 'Pumps', own: 0, volume: { unknown: 'noSales' }, value: { unknown: 'fewBuyers' }, confidence: 0 },
  ]);
});
