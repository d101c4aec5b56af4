/** Size, peer groups and what the peers do. */
import { expect, test } from 'vitest';
import type { AccountFacts, Benchmark } from '../../src/kam/facts.js';
import { allAccounts, salesOf, someSettings, withBook, type Sale, type SmallCrm } from './smallBook.js';

type Peer = { account: AccountFacts; benchmarks: Benchmark[] };

const peersIn = (crm: SmallCrm): Promise<Map<string, Peer>> =>
  withBook(crm, async (book) => new Map((await allAccounts(book)).map((peer) => [peer.account.accountId, peer])));

const keyOf = (peers: Map<string, Peer>, id: string): AccountFacts['peerGroup'] | undefined =>
  peers.get(id)?.account.peerGroup;

const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

/** Accounts A1 … with one sale each; where `employees` is given, most have it and it makes the size. */
const crmOf = (
  count: number,
  of: (n: number) => { account?: Record<string, string | number>; amount?: number },
): SmallCrm => ({
  accounts: numbers(count).map((n) => ({ id: `A${n}`, ...of(n).account })),
  ...salesOf(numbers(count).map((n): Sale => [`A${n}`, '2026-10-01', 'Bikes', of(n).amount ?? 100])),
});

test('peers are the accounts of the same industry and size, where there are enough of them', async () => {
  const settings = someSettings({ potential: { minimumPeers: 2 } });
  const crm = crmOf(6, (n) => ({ account: { industry: n <= 5 ? 'Retail' : 'Mining', employees: n } }));
  const peers = await peersIn({ ...crm, settings });
  expect(keyOf(peers, 'A1')).toEqual({ level: 'industryAndSize', industry: 'Retail', size: 'small', accounts: 2 });
  expect(keyOf(peers, 'A3')).toEqual({ level: 'industryAndSize', industry: 'Retail', size: 'medium', accounts: 2 });
  // 5 is the only large retailer: the next level is all of retail; 6 is the only miner: the next is all that are large.
  expect(keyOf(peers, 'A5')).toEqual({ level: 'industry', industry: 'Retail', size: null, accounts: 5 });
  expect(keyOf(peers, 'A6')).toEqual({ level: 'size', industry: null, size: 'large', accounts: 2 });
});

test('where no level has enough accounts, all are peers', async () => {
  const peers = await peersIn(crmOf(3, () => ({ account: { industry: 'Retail' } })));
  expect(keyOf(peers, 'A1')).toEqual({ level: 'all', industry: null, size: null, accounts: 3 });
});

test('the spelling of an industry makes no difference', async () => {
  const spelled = ['Retail', 'retail ', 'RETAIL'];
  const settings = someSettings({ potential: { minimumPeers: 3 } });
  const crm = crmOf(3, (n) => ({ account: { industry: spelled[n - 1] ?? '' } }));
  expect(keyOf(await peersIn({ ...crm, settings }), 'A2')).toEqual({
    level: 'industryAndSize',
    industry: 'RETAIL',
    size: 'small',
    accounts: 3,
  });
});

test('sizes are thirds by employees where more than half of the accounts with sales have them', async () => {
  const settings = someSettings({ potential: { minimumPeers: 1 + 1 } });
  const sizes = async (withEmployees: number): Promise<unknown[]> => {
    const crm = crmOf(6, (n) => ({
      ...(n <= withEmployees ? { account: { employees: 1000 - n } } : {}),
      amount: n,
    }));
    const peers = await peersIn({ ...crm, settings });
    return numbers(6).map((n) => keyOf(peers, `A${n}`)?.size);
  };
  // Four of six: by employees, most first here; the two without have no size and are compared with all.
  expect(await sizes(4)).toEqual([null, null, 'small', 'small', null, null]);
  expect(await sizes(6)).toEqual(['large', 'large', 'medium', 'medium', 'small', 'small']);
  // Three of six are not more than half: by revenue.
  expect(await sizes(3)).toEqual(['small', 'small', 'medium', 'medium', 'large', 'large']);
});

test('accounts of one size are all small together', async () => {
  const settings = someSettings({ potential: { minimumPeers: 9 } });
  const peers = await peersIn({ ...crmOf(9, () => ({ amount: 50 })), settings });
  expect(numbers(9).map((n) => keyOf(peers, `A${n}`)?.size)).toEqual(Array(9).fill('small'));
});

test('a prospect is compared with its peers, but is none', async () => {
  const settings = someSettings({ potential: { minimumPeers: 3 } });
  const crm = crmOf(3, () => ({ account: { employees: 10 } }));
  const peers = await peersIn({ ...crm, accounts: [...crm.accounts, { id: 'P', employees: 9 }], settings });
  expect(keyOf(peers, 'P')).toEqual({ level: 'size', industry: null, size: 'small', accounts: 3 });
  expect(peers.get('P')?.benchmarks).toEqual(peers.get('A1')?.benchmarks);
});

test('a benchmark says how many buy a family, and their median and upper share of wallet', async () => {
  // Bikes take 10, 20, 30, 40 and 50 of 100; the rest is helmets. A sixth account buys helmets only.
  const sales = numbers(5).flatMap((n): Sale[] => [
    [`A${n}`, '2026-10-01', 'Bikes', 10 * n],
    [`A${n}`, '2026-10-01', 'Helmets', 100 - 10 * n],
  ]);
  const crm = {
    accounts: numbers(6).map((n) => ({ id: `A${n}` })),
    ...salesOf([...sales, ['A6', '2026-10-01', 'Helmets', 7]]),
  };
  const peers = await peersIn({ ...crm, settings: someSettings({ potential: { quantile: 0.8 } }) });
  const [bikes, helmets, ...others] = peers.get('A1')?.benchmarks ?? [];
  expect(others).toEqual([]);
  expect(bikes).toMatchObject({ family: 'Bikes', peers: 6, buyers: 5, medianShare: 0.3 });
  // Shares 0.1 … 0.5: the 0.8 quantile stands at rank 1 + 4 × 0.8 = 4.2, between 0.4 and 0.5.
  expect(bikes?.upperShare).toBeCloseTo(0.42, 12);
  // A quarter of the way from rank 1 to 5 is rank 2, three quarters rank 4; nine tenths is 4.6.
  expect(bikes?.lowShare).toBeCloseTo(0.2, 12);
  expect(bikes?.highShare).toBeCloseTo(0.4, 12);
  expect(bikes?.topShare).toBeCloseTo(0.46, 12);
  // Spend in money: 10 to 50.
  expect(bikes).toMatchObject({ lowSpend: 20_00, medianSpend: 30_00, highSpend: 40_00 });
  // Shares 0.5 0.6 0.7 0.8 0.9 1: the median lies between 0.7 and 0.8.
  expect(helmets).toMatchObject({ family: 'Helmets', peers: 6, buyers: 6 });
  expect(helmets?.medianShare).toBeCloseTo(0.75, 12);
  expect(helmets?.upperShare).toBeCloseTo(0.9, 12);
});

test('an account that is owed more than it paid sets no benchmark', async () => {
  const crm = {
    accounts: [{ id: 'A1' }, { id: 'A2' }],
    ...salesOf([
      ['A1', '2026-10-01', 'Bikes', 10],
      ['A2', '2026-10-01', 'Bikes', 10],
      ['A2', '2026-10-01', 'Helmets', -20],
    ]),
  };
  const peers = await peersIn(crm);
  expect(peers.get('A2')?.account.yearlyRevenue).toBe(-10_00);
  expect(peers.get('A1')?.account.peerGroup.accounts).toBe(2);
  expect(peers.get('A1')?.benchmarks).toEqual([
    {
      family: 'Bikes',
      peers: 1,
      buyers: 1,
      lowShare: 1,
      medianShare: 1,
      highShare: 1,
      upperShare: 1,
      topShare: 1,
      lowSpend: 10_00,
      medianSpend: 10_00,
      highSpend: 10_00,
    },
  ]);
});

test('families that are out of scope or unnamed set no benchmark, but count as revenue', async () => {
  const settings = someSettings({ families: [{ family: 'Freight', inScope: false }] });
  const crm = {
    accounts: [{ id: 'A1' }],
    settings,
    ...salesOf([
      ['A1', '2026-10-01', 'Bikes', 50],
      ['A1', '2026-10-01', 'freight', 30],
      ['A1', '2026-10-01', null, 20],
    ]),
  };
  const peers = await peersIn(crm);
  expect(peers.get('A1')?.account.yearlyRevenue).toBe(100_00);
  expect(peers.get('A1')?.account.families.map(({ family }) => family)).toEqual(['Bikes', 'Freight', '(unspecified)']);
  expect(peers.get('A1')?.benchmarks).toEqual([
    {
      family: 'Bikes',
      peers: 1,
      buyers: 1,
      lowShare: 0.5,
      medianShare: 0.5,
      highShare: 0.5,
      upperShare: 0.5,
      topShare: 0.5,
      lowSpend: 50_00,
      medianSpend: 50_00,
      highSpend: 50_00,
    },
  ]);
});
