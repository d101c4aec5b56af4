/** Sales facts: windows, yearly revenue, families, pipeline, margin and growth. */
import { describe, expect, test } from 'vitest';
import type { AccountFacts } from '../../src/kam/facts.js';
import { unknown } from '../../src/kam/unknown.js';
import {
  allAccounts,
  allGroups,
  only,
  salesOf,
  someSettings,
  withBook,
  type CrmRecord,
  type Sale,
  type SmallCrm,
} from './smallBook.js';

const accountOf = (crm: SmallCrm): Promise<AccountFacts> =>
  withBook(crm, async (book) => only(await allAccounts(book)).account);

const accountWith = (...sales: Sale[]): Promise<AccountFacts> =>
  accountOf({ accounts: [{ id: 'A' }], ...salesOf(sales) });

test('yearly revenue is the mean of the three windows up to the as-of day', async () => {
  expect(
    await accountWith(
      ['A', '2026-10-31', 'Bikes', 300],
      ['A', '2025-10-31', 'Bikes', 200],
      ['A', '2024-10-31', 'Bikes', 100],
    ),
  ).toEqual({
    accountId: 'A',
    asOf: '2026-10-31',
    words: [],
    sisters: [],
    name: 'A',
    groupId: 'A',
    yearlyRevenue: 200_00,
    families: [{ family: 'Bikes', yearly: 200_00 }],
    pipeline: [],
    peerGroup: { level: 'all', industry: null, size: null, accounts: 1 },
  });
});

test('a window ends on its last day, and the next day belongs to the window after it', async () => {
  const sales = salesOf([
    ['A', '2025-11-01', 'Bikes', 10],
    ['A', '2025-10-31', 'Bikes', 20],
    ['A', '2024-11-01', 'Bikes', 40],
    ['A', '2024-10-31', 'Bikes', 80],
  ]);
  await withBook({ accounts: [{ id: 'A' }], ...sales }, async (book) => {
    expect(only(await allGroups(book)).facts.windows).toEqual([10_00, 60_00, 80_00]);
  });
});

test('windows end on month ends, also over a 29 February', async () => {
  const sales = salesOf([
    ['A', '2020-02-29', 'Bikes', 1],
    ['A', '2020-03-01', 'Bikes', 2],
  ]);
  const settings = someSettings({ revenue: { windows: 4 } });
  await withBook({ accounts: [{ id: 'A' }], ...sales, settings, asOf: '2023-02-28' }, async (book) => {
    expect(only(await allGroups(book)).facts.windows).toEqual([0, 0, 2_00, 1_00]);
  });
});

test('an as-of day within a month gives windows of 12 months to that day', async () => {
  const sales = salesOf([
    ['A', '2026-05-15', 'Bikes', 1],
    ['A', '2025-05-16', 'Bikes', 2],
    ['A', '2025-05-15', 'Bikes', 4],
  ]);
  await withBook({ accounts: [{ id: 'A' }], ...sales, asOf: '2026-05-15' }, async (book) => {
    expect(only(await allGroups(book)).facts.windows).toEqual([3_00, 4_00]);
  });
});

test('a new customer is measured by the windows since its first sale', async () => {
  expect((await accountWith(['A', '2026-10-01', 'Bikes', 90])).yearlyRevenue).toBe(90_00);
  expect((await accountWith(['A', '2025-10-01', 'Bikes', 90])).yearlyRevenue).toBe(45_00);
});

test('a customer that stopped buying long ago has a revenue of zero, not an unknown one', async () => {
  const { yearlyRevenue, families } = await accountWith(['A', '2020-01-01', 'Bikes', 90]);
  expect(yearlyRevenue).toBe(0);
  expect(families).toEqual([]);
});

test('an account without sales is unknown, not zero', async () => {
  await withBook({ accounts: [{ id: 'A' }] }, async (book, notes) => {
    expect(only(await allAccounts(book))).toEqual({
      account: {
        accountId: 'A',
        asOf: '2026-10-31',
        words: [],
        sisters: [],
        name: 'A',
        groupId: 'A',
        yearlyRevenue: unknown('noSales'),
        families: [],
        pipeline: [],
        peerGroup: { level: 'all', industry: null, size: null, accounts: 0 },
      },
      benchmarks: [],
    });
    const { facts } = only(await allGroups(book));
    expect(facts).toMatchObject({
      yearlyRevenue: unknown('noSales'),
      windows: [],
      contributionMargin: unknown('noSales'),
      growth: unknown('noHistory'),
      familiesBought: 0,
      countries: unknown('noCountry'),
      sites: 1,
    });
    expect(notes).toEqual([]);
  });
});

test('a third of a cent is rounded, halves away from zero, also for credit notes', async () => {
  expect((await accountWith(['A', '2025-10-01', 'Bikes', '0.03'])).yearlyRevenue).toBe(2);
  expect((await accountWith(['A', '2025-10-01', 'Bikes', '-0.03'])).yearlyRevenue).toBe(-2);
  expect((await accountWith(['A', '2024-10-01', 'Bikes', '1.00'])).yearlyRevenue).toBe(33);
});

test('credit notes are netted, and a family that nets to nothing is not bought', async () => {
  const crm = {
    accounts: [{ id: 'A' }],
    ...salesOf([
      ['A', '2026-10-01', 'Bikes', 100],
      ['A', '2026-10-02', 'Bikes', -30],
      ['A', '2026-10-01', 'Helmets', 20],
      ['A', '2026-10-02', 'Helmets', -20],
    ]),
  };
  await withBook(crm, async (book, notes) => {
    const { account } = only(await allAccounts(book));
    expect(account.yearlyRevenue).toBe(70_00);
    expect(account.families).toEqual([{ family: 'Bikes', yearly: 70_00 }]);
    expect(notes).toEqual([{ is: 'negativeAmount', count: 2, examples: ['O2', 'O4'] }]);
  });
});

test('a customer of credit notes alone has a negative revenue and buys nothing', async () => {
  const { yearlyRevenue, families } = await accountWith(['A', '2026-10-01', 'Bikes', -50]);
  expect(yearlyRevenue).toBe(-50_00);
  expect(families).toEqual([]);
});

test('families come with the most revenue first, then by name', async () => {
  const { families } = await accountWith(
    ['A', '2026-10-01', 'Tyres', 5],
    ['A', '2026-10-01', 'Bikes', 5],
    ['A', '2026-10-01', 'Helmets', 7],
  );
  expect(families.map(({ family }) => family)).toEqual(['Helmets', 'Bikes', 'Tyres']);
});

test('an opportunity without products counts by its amount, its family from the field that settings name', async () => {
  const opportunities = [
    { id: 'O1', accountId: 'A', closeDate: '2026-10-01', amount: '12.34', family: 'Bikes' },
    { id: 'O2', accountId: 'A', closeDate: '2026-10-01', amount: '1' },
  ];
  await withBook({ accounts: [{ id: 'A' }], opportunities }, async (book, notes) => {
    const { account } = only(await allAccounts(book));
    expect(account.yearlyRevenue).toBe(13_34);
    expect(account.families).toEqual([
      { family: 'Bikes', yearly: 12_34 },
      { family: '(unspecified)', yearly: 1_00 },
    ]);
    expect(notes).toEqual([{ is: 'noLineItems', count: 1, examples: ['O2'] }]);
    expect(only(await allGroups(book)).facts.familiesBought).toBe(1);
  });
});

test('line items stand for their opportunity, whatever its amount says', async () => {
  const crm = {
    accounts: [{ id: 'A' }],
    opportunities: [{ id: 'O1', accountId: 'A', closeDate: '2026-10-01', amount: 999, hasLines: true }],
    lines: [
      { id: 'L1', opportunityId: 'O1', family: 'Bikes', amount: 10 },
      { id: 'L2', opportunityId: 'O1', family: null, amount: 5 },
    ],
  };
  await withBook(crm, async (book, notes) => {
    expect(only(await allAccounts(book)).account.yearlyRevenue).toBe(15_00);
    expect(notes).toEqual([{ is: 'noFamily', count: 1, examples: ['O1'] }]);
  });
});

test('where line items could not be read, the amount counts', async () => {
  const opportunities = [{ id: 'O1', accountId: 'A', closeDate: '2026-10-01', amount: 10, hasLines: true }];
  expect((await accountOf({ accounts: [{ id: 'A' }], opportunities })).yearlyRevenue).toBe(10_00);
});

test('a won opportunity without amount and products counts for nothing, and is noted', async () => {
  const opportunities = [{ id: 'O1', accountId: 'A', closeDate: '2026-10-01', amount: null }];
  await withBook({ accounts: [{ id: 'A' }], opportunities }, async (book, notes) => {
    expect(only(await allAccounts(book)).account.yearlyRevenue).toEqual(unknown('noSales'));
    expect(notes).toEqual([{ is: 'wonWithoutAmount', count: 1, examples: ['O1'] }]);
  });
});

test('sales after the as-of day wait for their month; those after today are noted', async () => {
  const crm = {
    accounts: [{ id: 'A' }],
    today: '2026-11-15',
    ...salesOf([
      ['A', '2026-10-31', 'Bikes', 1],
      ['A', '2026-11-10', 'Bikes', 10],
      ['A', '2026-11-16', 'Bikes', 100],
    ]),
  };
  await withBook(crm, async (book, notes) => {
    expect(only(await allAccounts(book)).account.yearlyRevenue).toBe(1_00);
    expect(notes).toEqual([{ is: 'saleInFuture', count: 1, examples: ['O3'] }]);
  });
});

test('a sale of an account that was not pulled is noted', async () => {
  await withBook({ accounts: [{ id: 'A' }], ...salesOf([['B', '2026-10-01', 'Bikes', 1]]) }, (_, notes) => {
    expect(notes).toEqual([{ is: 'saleWithoutAccount', count: 1, examples: ['O1'] }]);
    return Promise.resolve();
  });
});

test('a note counts all and shows five', async () => {
  const opportunities = [7, 6, 5, 4, 3, 2, 1].map((n) => ({ id: `O${n}`, accountId: 'A', closeDate: '2026-10-01' }));
  await withBook({ accounts: [{ id: 'A' }], opportunities }, (_, notes) => {
    expect(notes).toEqual([{ is: 'wonWithoutAmount', count: 7, examples: ['O1', 'O2', 'O3', 'O4', 'O5'] }]);
    return Promise.resolve();
  });
});

test('pipeline is what is open, per family, whatever its date; lost opportunities are gone', async () => {
  const open = { accountId: 'A', isWon: false, isClosed: false };
  const account = await accountOf({
    accounts: [{ id: 'A' }],
    opportunities: [
      { id: 'O1', closeDate: '2027-01-01', ...open },
      { id: 'O2', closeDate: '2020-01-01', amount: 30, family: 'Helmets', ...open },
      { id: 'O3', closeDate: '2026-10-01', amount: 99, family: 'Bikes', ...open, isClosed: true },
      { id: 'O4', closeDate: '2026-10-01', amount: -5, family: 'Tyres', ...open },
    ],
    lines: [
      { id: 'L1', opportunityId: 'O1', family: 'Bikes', amount: 10 },
      { id: 'L2', opportunityId: 'O1', family: 'Bikes', amount: 10 },
    ],
  });
  expect(account.yearlyRevenue).toEqual(unknown('noSales'));
  expect(account.pipeline).toEqual([
    { family: 'Helmets', yearly: 30_00 },
    { family: 'Bikes', yearly: 20_00 },
  ]);
});

test('an alias is another name of its family, in any casing and over any number of steps', async () => {
  const settings = someSettings({
    families: [
      { family: 'Cycles', aliasOf: 'Bicycles' },
      { family: 'Bicycles', aliasOf: 'Bikes' },
      { family: 'Left', aliasOf: 'Right' },
      { family: 'Right', aliasOf: 'Left' },
    ],
  });
  const sales = salesOf([
    ['A', '2026-10-01', 'CYCLES ', 1],
    ['A', '2026-10-01', 'Bicycles', 2],
    ['A', '2026-10-01', 'bikes', 4],
    ['A', '2026-10-01', 'Left', 8],
  ]);
  expect((await accountOf({ accounts: [{ id: 'A' }], ...sales, settings })).families).toEqual([
    { family: 'Left', yearly: 8_00 },
    { family: 'Bikes', yearly: 7_00 },
  ]);
});

test('margin is yearly revenue per family times its margin, and unknown as soon as one bought family has none', async () => {
  const marginWith = (families: unknown[]): Promise<unknown> =>
    withBook(
      {
        accounts: [{ id: 'A' }],
        settings: someSettings({ families }),
        ...salesOf([
          ['A', '2026-10-01', 'Bikes', 100],
          ['A', '2025-10-01', 'Helmets', 50],
        ]),
      },
      async (book) => only(await allGroups(book)).facts.contributionMargin,
    );
  // Two windows: 50 a year of bikes at 30 %, 25 a year of helmets at -10 %.
  const [bikes, helmets] = [
    { family: 'bikes', margin: 0.3 },
    { family: 'Helmets', margin: -0.1 },
  ];
  expect(await marginWith([bikes, helmets])).toBe(15_00 - 2_50);
  expect(await marginWith([bikes])).toEqual(unknown('partialMargin'));
  expect(await marginWith([])).toEqual(unknown('noMargin'));
});

describe('the cost of goods', () => {
  const contribution = (lines: CrmRecord[], families: unknown[] = [], more: Partial<SmallCrm> = {}) =>
    withBook(
      {
        accounts: [{ id: 'A' }],
        settings: someSettings({ families }),
        opportunities: [{ id: 'O1', accountId: 'A', closeDate: '2026-10-01' }],
        lines: lines.map((line, n) => ({ id: `L${n}`, opportunityId: 'O1', family: 'Bikes', ...line })),
        ...more,
      },
      async (book) => only(await allGroups(book)).facts.contribution,
    );

  test('is what the lines say, for the whole line or per piece', async () => {
    const lines = [
      { amount: 100, cost: 60 },
      { amount: 50, quantity: 2.5, unitCost: 10 },
    ];
    // 150 sold, 60 + 25 paid.
    expect(await contribution(lines)).toMatchObject({ costOfGoods: 85_00, first: 65_00, uncosted: { families: [] } });
  });

  test('a credit note takes its cost back', async () => {
    const lines = [
      { amount: 100, cost: 60 },
      { amount: -100, cost: -60 },
      { amount: 10, cost: 4 },
    ];
    expect(await contribution(lines)).toMatchObject({ revenue: 10_00, costOfGoods: 4_00, first: 6_00 });
  });

  test('comes from the margin of the family where a line has none', async () => {
    const lines = [{ amount: 100, cost: 60 }, { amount: 50 }];
    // 40 of the first, 30 % of the second.
    expect(await contribution(lines, [{ family: 'Bikes', margin: 0.3 }])).toMatchObject({ first: 55_00 });
    expect(await contribution(lines)).toMatchObject({
      first: unknown('noMargin'),
      uncosted: { families: ['Bikes'], revenue: 50_00 },
    });
  });

  test('is named by family where nothing says it', async () => {
    const lines = [
      { amount: 100, cost: 60 },
      { amount: 7, family: 'Tyres' },
      { amount: 5, family: 'Bells' },
    ];
    expect(await contribution(lines)).toMatchObject({
      first: unknown('partialMargin'),
      uncosted: { families: ['Bells', 'Tyres'], revenue: 12_00 },
    });
  });

  test('of care counts visits, calls and cases of all sites within the last 12 months', async () => {
    const settings = someSettings({ service: { visitCost: 350, callCost: 20, caseCost: 50 } });
    const sites = { accounts: [{ id: 'A' }, { id: 'B', parentId: 'A' }], settings };
    const served = {
      visit: [
        { id: 'V1', accountId: 'A', startedAt: '2026-10-31T23:59:59.000+0000' },
        { id: 'V2', accountId: 'B', startedAt: '2025-11-01T00:00:00.000Z' },
        { id: 'V3', accountId: 'A', startedAt: '2026-11-01T00:00:00.000Z' },
        { id: 'V4', accountId: 'A', startedAt: '2025-10-31T23:59:59.000Z' },
      ],
      phone_call: [{ id: 'C1', accountId: 'A', day: '2026-01-01' }],
      service_case: [{ id: 'S1', accountId: 'B', startedAt: '2026-01-01T08:00:00.000Z' }],
    };
    expect(await contribution([{ amount: 1_000, cost: 0 }], [], { ...sites, served })).toMatchObject({
      services: [{ times: 2 }, { times: 1 }, { times: 1 }],
      costToServe: 770_00,
      second: 230_00,
    });
  });
});

test('growth is the yearly rate from the oldest window to the latest', async () => {
  const growthWith = (...sales: Sale[]): Promise<unknown> =>
    withBook({ accounts: [{ id: 'A' }], ...salesOf(sales) }, async (book) => only(await allGroups(book)).facts.growth);
  const [now, before, first]: Sale[] = [
    ['A', '2026-10-01', 'Bikes', 121],
    ['A', '2025-10-01', 'Bikes', 110],
    ['A', '2024-10-01', 'Bikes', 100],
  ];
  if (now === undefined || before === undefined || first === undefined) expect.fail();
  expect(await growthWith(now, first)).toBeCloseTo(0.1, 12);
  expect(await growthWith(now, before)).toBeCloseTo(0.1, 12);
  expect(await growthWith(now)).toEqual(unknown('noHistory'));
  expect(await growthWith(before)).toEqual(unknown('noHistory'));
});
