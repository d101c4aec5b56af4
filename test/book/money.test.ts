/** Ledgers, seasons and price levels out of a small book, against sums that one can do in the head. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { Book } from '../../src/book/book.js';
import type { MoneyBatch } from '../../src/book/money.js';
import type { Ledger } from '../../src/kam/model/ledger.js';
import { fitMoney } from '../../src/kam/model/money.js';
import { salesOf, withBook, type CrmRecord, type Sale, type SmallCrm } from './smallBook.js';

const halfYear = { months: 6 } as const;
const asOf = '2026-06-30';
/** The cut of a run: the day after the as-of day. */
const cut = '2026-07-01';

const crm = (sales: readonly Sale[], accounts: CrmRecord[] = [{ id: 'A1' }, { id: 'A2' }]): SmallCrm => ({
  accounts,
  ...salesOf(sales),
  asOf,
});

const ledgerOf = (sales: readonly Sale[], at = cut): Promise<Ledger> =>
  withBook(crm(sales), async (book) => (await book.moneyHistory(at, halfYear)).now.ledger);

const euros = (column: Float64Array): number[] => Array.from(column, (cents) => cents / 100);

describe('a ledger', () => {
  const sales: Sale[] = [
    ['A1', '2025-01-01', 'Pumps', 1000], // before the year
    ['A1', '2025-07-01', 'Pumps', 10], // first day of the year and of the previous horizon
    ['A1', '2025-12-31', 'Pumps', 20], // last day of the previous horizon
    ['A1', '2026-01-01', 'Pumps', 40], // first day of the trailing horizon
    ['A1', '2026-06-30', 'Seals', 80], // last day before the cut
  ];

  let whole: Ledger;
  beforeAll(async () => {
    whole = await ledgerOf(sales);
  });

  test('counts a day into the horizon that begins with it', () => {
    const { accounts } = whole;
    expect(euros(accounts.trailing)).toEqual([120]);
    expect(euros(accounts.previous)).toEqual([30]);
    expect(euros(accounts.recent)).toEqual([80]);
    expect(euros(accounts.yearly)).toEqual([150]);
  });

  test('has sums per family, ascending, and families owned', () => {
    const { accounts, pairs } = whole;
    expect([...pairs.start]).toEqual([0, 2]);
    // Family 0 is that of sales without one.
    expect([...pairs.family]).toEqual([1, 2]);
    expect(euros(pairs.net)).toEqual([1070, 80]);
    expect(euros(pairs.trailing)).toEqual([40, 80]);
    expect(euros(pairs.yearly)).toEqual([70, 80]);
    expect([...accounts.families, ...accounts.yearFamilies]).toEqual([2, 2]);
  });

  test('knows the rhythm of order days: 181, 183, 1 and 180 days apart, 180.5 in the middle', () => {
    const { accounts } = whole;
    expect([...accounts.orders]).toEqual([5]);
    expect([...accounts.gap]).toEqual([180.5]);
    expect([...accounts.recency]).toEqual([1]);
    expect([...accounts.tenure]).toEqual([546]);
  });

  test('subtracts credit notes, and an order day with nothing else is none', async () => {
    const { accounts, pairs } = await ledgerOf([
      ['A1', '2026-02-01', 'Pumps', 100],
      ['A1', '2026-02-01', 'Pumps', -100],
      ['A1', '2026-05-01', 'Pumps', -30],
    ]);
    expect(euros(accounts.trailing)).toEqual([-30]);
    expect([...accounts.orders, ...accounts.families]).toEqual([1, 0]);
    expect([...accounts.gap]).toEqual([Number.NaN]);
    expect(euros(pairs.net)).toEqual([-30]);
  });

  test('leaves out who bought nothing in the year, and is empty for credit notes only', async () => {
    const old = await ledgerOf([
      ['A1', '2025-06-30', 'Pumps', 100],
      ['A2', '2025-07-01', 'Pumps', 100],
    ]);
    expect([...old.accounts.number]).toEqual([1]);
    const returns = await ledgerOf([['A1', '2026-05-01', 'Pumps', -30]]);
    expect([returns.accounts.count, returns.pairs.family.length]).toEqual([0, 0]);
  });

  test('looks ahead with next alone: it is over when the book knows its last day', async () => {
    const known: Sale[] = [...sales, ['A2', '2025-02-01', 'Pumps', 5]];
    const then = await ledgerOf(known, '2026-01-01');
    expect(then.isOver).toBe(true);
    expect(euros(then.accounts.next)).toEqual([120, 0]);
    const { accounts, pairs } = await ledgerOf(
      known.filter(([, day]) => day < '2026-01-01'),
      '2026-01-01',
    );
    expect(accounts).toEqual({ ...then.accounts, next: Float64Array.of(0, 0) });
    expect(euros(pairs.net)).toEqual([1030, 5]);
    expect((await ledgerOf(known, '2026-01-02')).isOver).toBe(false);
  });

  test('is empty at a cut outside the data, and there nothing can be estimated', async () => {
    await withBook(crm(sales), async (book) => {
      for (const at of ['1999-01-01', '2099-01-01']) {
        const history = await book.moneyHistory(at, halfYear);
        expect(history.now.ledger.accounts.count).toBe(0);
        expect(fitMoney(history, { quantile: 0.8, realisation: 0.25 })).toMatchObject({
          index: { is: 'notAdjusted', factor: 1 },
          risk: { unknown: 'noHistory' },
          spend: { unknown: 'noHistory' },
          wallet: { unknown: 'noSales' },
          mix: { unknown: 'fewBuyers' },
        });
      }
    });
  });

  test('has no sales of the future, and no history without sales', async () => {
    const future = await ledgerOf([['A1', '2026-07-01', 'Pumps', 100]]);
    expect([future.history, future.accounts.count]).toEqual([0, 0]);
  });

  test('numbers industries whatever their casing, and knows employees above zero', async () => {
    const accounts = [
      { id: 'A1', industry: 'Retail', employees: 5 },
      { id: 'A2', industry: ' retail ', employees: 0 },
      { id: 'A3', industry: '' },
    ];
    const sold = accounts.map(({ id }): Sale => [id, '2026-05-01', 'Pumps', 1]);
    await withBook(crm(sold, accounts), async (book) => {
      const { ledger } = (await book.moneyHistory(cut, halfYear)).now;
      expect([...ledger.accounts.industry]).toEqual([0, 0, -1]);
      expect([...ledger.accounts.employees]).toEqual([5, Number.NaN, Number.NaN]);
    });
  });
});

describe('a history', () => {
  test('has the season of a year ago, of those who bought before it: 60 after 50 is 1.2', async () => {
    const sales: Sale[] = [
      ['A1', '2024-09-01', 'Pumps', 1],
      ['A1', '2025-02-01', 'Pumps', 50],
      ['A1', '2025-08-01', 'Pumps', 60],
      ['A2', '2025-08-01', 'Pumps', 900],
      ['A1', '2026-02-01', 'Pumps', 70],
    ];
    await withBook(crm(sales), async (book) => {
      const { index } = await book.moneyHistory(cut, halfYear);
      expect(index).toEqual({
        is: 'measured',
        factor: 1.2,
        cut: '2025-07-01',
        turnover: { trailing: 5_000, next: 6_000 },
      });
    });
  });

  test('has two past windows where there is history for them, latest first', async () => {
    const sales: Sale[] = [
      ['A1', '2025-02-01', 'Pumps', 50],
      ['A1', '2025-08-01', 'Pumps', 60],
      ['A1', '2026-02-01', 'Pumps', 70],
    ];
    await withBook(crm(sales), async (book) => {
      const { past } = await book.moneyHistory(cut, halfYear);
      expect(past.map(({ ledger }) => [ledger.cut, ledger.isOver])).toEqual([
        ['2026-01-01', true],
        ['2025-07-01', true],
      ]);
      const short = await book.moneyHistory('2026-01-01', halfYear);
      expect(short.past.map(({ ledger }) => ledger.cut)).toEqual(['2025-07-01']);
    });
  });

  test('knows what a year is to those who began a year ago: 10 at once, 25 in the year', async () => {
    const sales: Sale[] = [
      ['A1', '2025-02-01', 'Pumps', 50],
      ['A1', '2025-08-01', 'Seals', 10],
      ['A1', '2026-02-01', 'Seals', 15],
      ['A1', '2026-03-01', 'Valves', 99],
      ['A2', '2025-08-01', 'Seals', 77],
    ];
    await withBook(crm(sales), async (book) => {
      const { firstYears } = await book.moneyHistory(cut, halfYear);
      expect(firstYears).toEqual({ beginners: 1, horizon: 1_000, year: 2_500 });
    });
  });

  test('comes in batches that say together what the whole does', async () => {
    const accounts = ['A1', 'A2', 'A3', 'A4', 'A5'].map((id) => ({ id }));
    const sold = ['A1', 'A3', 'A5'].map((id, k): Sale => [id, '2026-05-01', 'Pumps', 10 * (k + 1)]);
    await withBook(crm(sold, accounts), async (book) => {
      const reading = await book.moneyHistory(cut, halfYear);
      const batches = await all(book, reading);
      expect(batches.map(({ ids }) => ids)).toEqual([['A1'], ['A3'], ['A5']]);
      expect(batches.flatMap(({ ledger }) => euros(ledger.accounts.trailing))).toEqual(
        euros(reading.now.ledger.accounts.trailing),
      );
    });
  });
});

async function all(book: Book, reading: Parameters<Book['moneyBatches']>[0]): Promise<MoneyBatch[]> {
  const batches: MoneyBatch[] = [];
  for await (const batch of book.moneyBatches(reading, 2)) batches.push(batch);
  return batches;
}

describe('price levels', () => {
  /** Three lines each: a basic product at 10 and a better one at 40 a unit, in quantities that vary. */
  const line = (
    accountId: string,
    product: string | null,
    amount: number,
    quantity: number | null,
    closeDate = '2026-05-01',
  ) => ({
    accountId,
    product,
    amount,
    quantity,
    closeDate,
  });
  const priced = [
    ...[1, 2, 3].map((units) => line('A1', 'Basic', 10 * units, units)),
    ...[1, 2, 3].map((units) => line('A2', 'Better', 40 * units, units)),
  ];

  const mixIn = (lines: readonly ReturnType<typeof line>[], at = cut) =>
    withBook(
      {
        accounts: [{ id: 'A1' }, { id: 'A2' }],
        asOf,
        opportunities: lines.map(({ accountId, closeDate }, k) => ({
          id: `O${k}`,
          accountId,
          closeDate,
          hasLines: true,
        })),
        lines: lines.map(({ product, amount, quantity }, k) => ({
          id: `L${k}`,
          opportunityId: `O${k}`,
          family: 'Pumps',
          product,
          amount,
          quantity,
        })),
      },
      async (book) => (await book.moneyHistory(at, halfYear)).now.mix,
    );

  test('are four times apart where unit prices are 10 and 40, but for the outer twentieths that are drawn in', async () => {
    const { level, lines, spend, without } = await mixIn(priced);
    // Two products: prices are drawn in to 5 % and 95 % of the way between them, nine tenths of ln 4.
    expect((level[1] ?? 0) - (level[0] ?? 0)).toBeCloseTo(0.9 * Math.log(4), 12);
    expect([...lines]).toEqual([3, 3]);
    expect(euros(spend)).toEqual([60, 240]);
    expect([...without]).toEqual([]);
  });

  test('are the book’s prices: a discount for one customer is no lower level', async () => {
    const cheap = [...priced, line('A2', 'Better', 20, 1)];
    const { level } = await mixIn(cheap);
    expect((level[1] ?? 0) - (level[0] ?? 0)).toBeCloseTo(0.9 * Math.log(4), 12);
  });

  test('take no notice of credit notes, and none of lines without quantity or product', async () => {
    const more = [...priced, line('A1', 'Better', -40, -1), line('A1', 'Better', 40, null), line('A1', null, 40, 1)];
    const { lines, level } = await mixIn(more);
    expect([...lines]).toEqual([3, 3]);
    expect((level[1] ?? 0) - (level[0] ?? 0)).toBeCloseTo(0.9 * Math.log(4), 12);
  });

  test('are none without quantities, and none of one price', async () => {
    const bare = priced.map((one) => ({ ...one, quantity: null }));
    expect([...(await mixIn(bare)).without]).toEqual([[1, 'noQuantities']]);
    const single = priced.filter(({ product }) => product === 'Basic');
    expect([...(await mixIn(single)).without]).toEqual([[1, 'onePriceLevel']]);
    const alike = priced.map((one) => ({ ...one, amount: 10 * (one.quantity ?? 1) }));
    expect([...(await mixIn(alike)).without]).toEqual([[1, 'onePriceLevel']]);
  });
});
