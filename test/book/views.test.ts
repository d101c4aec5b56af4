/** What the adoption model sees at a cut, on books small enough to check by eye. */
import { expect, test } from 'vitest';
import { halfway } from '../../src/book/views.js';
import { BLANK, held, type View } from '../../src/kam/model/view.js';
import type { Horizon } from '../../src/kam/units.js';
import { salesOf, someSettings, withBook, type Sale, type SmallCrm } from './smallBook.js';

const half: Horizon = { months: 6 };

const viewOf = (crm: SmallCrm, cut: string, horizon = half): Promise<View> =>
  withBook(crm, (book) => book.salesView(cut, horizon));

const sold = (...sales: Sale[]): SmallCrm => ({
  accounts: [...new Set(sales.map(([account]) => account))].map((id) => ({ id })),
  ...salesOf(sales),
});

/** The families of an account with their bits, by name. */
const holdingsOf = ({ holdings, families }: View, account: number): Record<string, number> =>
  Object.fromEntries(
    Array.from(holdings.family.subarray(holdings.start[account], holdings.start[account + 1]), (family, i) => [
      families[family],
      holdings.state[(holdings.start[account] ?? 0) + i] ?? Number.NaN,
    ]),
  );

test('accounts that bought in the year before the cut stand in order of id, families in order of name', async () => {
  const view = await viewOf(
    sold(
      ['B', '2026-05-01', 'Valves', 10],
      ['A', '2026-05-01', 'Pumps', 10],
      ['C', '2024-12-31', 'Seals', 10],
      ['D', '2026-07-01', 'Hoses', 10],
    ),
    '2026-07-01',
  );
  expect(view.accounts.count).toBe(2);
  expect(view.families).toEqual(['Pumps', 'Seals', 'Valves']);
  expect(holdingsOf(view, 0)).toEqual({ Pumps: held.now | held.recent });
  expect(holdingsOf(view, 1)).toEqual({ Valves: held.now | held.recent });
  expect([view.horizonDays, view.historyDays]).toEqual([181, 547]);
});

test('a family is owned where sales net of credit notes are positive, then and now', async () => {
  const view = await viewOf(
    sold(
      ['A', '2025-12-31', 'Returned', 10],
      ['A', '2026-05-01', 'Returned', -10],
      ['A', '2025-12-31', 'Old', 10],
      ['A', '2026-01-01', 'Recent', 10],
      ['A', '2026-04-01', 'New', 10],
      ['A', '2026-05-01', 'Never', -10],
    ),
    '2026-07-01',
  );
  expect(holdingsOf(view, 0)).toEqual({
    Returned: held.before | held.halfway,
    Old: held.now | held.before | held.halfway,
    Recent: held.now | held.halfway | held.recent,
    New: held.now | held.recent,
  });
});

test('revenue is net over 365 days, ages are those of positive sales, and a product counts once', async () => {
  const crm: SmallCrm = {
    accounts: [{ id: 'A' }],
    opportunities: [
      { id: 'O1', accountId: 'A', closeDate: '2025-06-30', hasLines: true },
      { id: 'O2', accountId: 'A', closeDate: '2026-06-01', hasLines: true },
      { id: 'O3', accountId: 'A', closeDate: '2026-06-30', hasLines: true },
    ],
    lines: [
      { id: 'L1', opportunityId: 'O1', family: 'Pumps', product: 'P1', amount: 1000 },
      { id: 'L2', opportunityId: 'O2', family: 'Pumps', product: 'P1', amount: 100 },
      { id: 'L3', opportunityId: 'O2', family: 'Pumps', product: 'P2', amount: 20 },
      { id: 'L4', opportunityId: 'O3', family: 'Pumps', product: 'P3', amount: -30 },
    ],
  };
  const { accounts } = await viewOf(crm, '2026-07-01');
  expect(accounts.revenue).toEqual(Float64Array.of(9_000));
  expect([accounts.sinceFirst[0], accounts.sinceLast[0], accounts.products[0]]).toEqual([366, 30, 2]);
});

test('labels that differ in case are one, and a blank one is blank', async () => {
  const crm = {
    ...sold(['A', '2026-06-01', 'Pumps', 1], ['B', '2026-06-01', 'Pumps', 1], ['C', '2026-06-01', 'Pumps', 1]),
    accounts: [
      { id: 'A', industry: 'Food ', employees: 7 },
      { id: 'B', industry: 'food' },
      { id: 'C', industry: ' ' },
    ],
  };
  const { accounts } = await viewOf(crm, '2026-07-01');
  expect(accounts.traits.industry).toEqual({ code: Int32Array.of(0, 0, BLANK), labels: ['food'] });
  expect(accounts.employees).toEqual(Float64Array.of(7, Number.NaN, Number.NaN));
});

test('a family out of scope is left out, but its sales still count as revenue', async () => {
  const crm = {
    ...sold(['A', '2026-06-01', 'Pumps', 1], ['A', '2026-06-01', 'Freight', 2]),
    settings: someSettings({ families: [{ family: 'Freight', inScope: false }] }),
  };
  const view = await viewOf(crm, '2026-07-01');
  expect(view.families).toEqual(['Pumps']);
  expect(view.accounts.revenue[0]).toBe(300);
});

test('products stand beside families where a family has two and five accounts own the product', async () => {
  const accounts = ['A', 'B', 'C', 'D', 'E'];
  const crm: SmallCrm = {
    accounts: accounts.map((id) => ({ id })),
    opportunities: accounts.map((id) => ({ id: `O${id}`, accountId: id, closeDate: '2026-06-01', hasLines: true })),
    lines: [
      ...accounts.map((id) => ({ id: `1${id}`, opportunityId: `O${id}`, family: 'Pumps', product: 'Big', amount: 1 })),
      ...accounts.map((id) => ({ id: `2${id}`, opportunityId: `O${id}`, family: 'Seals', product: 'One', amount: 1 })),
      { id: '3', opportunityId: 'OA', family: 'Pumps', product: 'Rare', amount: 1 },
    ],
  };
  const { products } = await viewOf(crm, '2026-07-01');
  expect(products.names).toEqual(['Big']);
  expect(products.start).toEqual(Int32Array.of(0, 1, 2, 3, 4, 5));
  expect(products.recent).toEqual(Uint8Array.of(1, 1, 1, 1, 1));
});

test('what came after the cut is known only where a whole horizon lies before the as-of day', async () => {
  const crm = sold(
    ['A', '2026-01-01', 'Pumps', 10],
    ['A', '2026-05-01', 'Seals', 10],
    ['A', '2026-10-31', 'Seals', -4],
    ['A', '2026-10-31', 'Hoses', 1],
  );
  const known = await viewOf(crm, '2026-05-01');
  // Hoses were not sold before the cut, so that nobody could have recommended them.
  expect(known.after).toEqual({
    start: Int32Array.of(0, 0),
    family: new Int32Array(0),
    cents: new Float64Array(0),
  });
  const later = await viewOf(crm, '2026-05-02');
  expect(later.after).toBeNull();
});

test('net sales after the cut count from the cut up to, but not including, the end of the horizon', async () => {
  const crm = sold(
    ['A', '2026-03-31', 'Pumps', 10],
    ['A', '2026-04-01', 'Pumps', 5],
    ['A', '2026-09-30', 'Pumps', -2],
    ['A', '2026-10-01', 'Pumps', 100],
  );
  const view = await viewOf(crm, '2026-04-01');
  expect(view.after?.cents).toEqual(Float64Array.of(300));
});

test('a cut before the first sale gives a view without accounts', async () => {
  const view = await viewOf(sold(['A', '2026-03-31', 'Pumps', 10]), '2020-01-01');
  expect([view.accounts.count, view.families.length, view.historyDays]).toEqual([0, 0, 0]);
});

test.each([
  ['2026-07-01', { months: 6 }, '2026-04-01'],
  ['2026-07-01', { months: 3 }, '2026-06-01'],
  ['2026-07-01', { months: 1 }, '2026-06-16'],
  ['2026-07-01', { days: 183 }, '2026-04-01'],
] as const)('half a horizon before %s, of %o, lies %s', (cut, horizon, day) => {
  expect(halfway(cut, horizon)).toBe(day);
});
