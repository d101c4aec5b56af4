/** What people write on the CRM's potentials, what sister sites buy, and how accounts become customers. */
import { describe, expect, test } from 'vitest';
import type { AccountFacts } from '../../src/kam/facts.js';
import { allAccounts, only, salesOf, someSettings, withBook, type CrmRecord, type SmallCrm } from './smallBook.js';

const aCell = (changes: CrmRecord): CrmRecord => ({
  id: 'P1',
  accountId: 'A',
  family: 'Bikes',
  statedWallet: 900,
  statedOn: '2026-03-01',
  statedBy: 'customer',
  ...changes,
});

const crm = (cells: CrmRecord[], more: Partial<SmallCrm> = {}): SmallCrm => ({
  accounts: [{ id: 'A' }],
  cells,
  ...salesOf([['A', '2026-10-01', 'Bikes', 100]]),
  ...more,
});

const wordsIn = (given: SmallCrm): Promise<AccountFacts['words']> =>
  withBook(given, async (book) => only(await allAccounts(book)).account.words);

const notesOf = (given: SmallCrm): Promise<unknown> =>
  withBook(given, async (_, notes) => notes.map(({ is, count, examples }) => [is, count, ...examples]));

describe('what people wrote', () => {
  test('is read with wallet, day, source and who serves the demand', async () => {
    expect(await wordsIn(crm([aCell({ servedBy: 'competitor', competitor: 'ACME' })]))).toEqual([
      {
        family: 'Bikes',
        wallet: { amount: 900_00, on: '2026-03-01', by: 'customer' },
        servedBy: 'competitor',
        competitor: 'ACME',
      },
    ]);
  });

  test('means the family that settings or products mean by its name', async () => {
    const settings = someSettings({ families: [{ family: 'Velos', aliasOf: 'Bikes' }] });
    const named = async (family: string) =>
      (await wordsIn(crm([aCell({ family })], { settings }))).map((word) => word.family);
    expect(await named('velos')).toEqual(['Bikes']);
    expect(await named(' bikes')).toEqual(['Bikes']);
    expect(await named('Boats')).toEqual(['Boats']);
  });

  test('counts for nothing where the family takes no part', async () => {
    const settings = someSettings({ families: [{ family: 'Bikes', inScope: false }] });
    expect(await wordsIn(crm([aCell({})], { settings }))).toEqual([]);
  });

  test('is the latest wallet where two records speak of one family, and the run says so', async () => {
    const twice = crm([aCell({ statedWallet: 500, statedOn: '2025-01-01' }), aCell({ id: 'P2', family: 'bikes' })]);
    expect((await wordsIn(twice)).map(({ wallet }) => wallet?.amount)).toEqual([900_00]);
    expect(await notesOf(twice)).toEqual([['potentialTwice', 1, 'P2']]);
  });

  test.each<[string, CrmRecord, string, number | undefined]>([
    ['a wallet below zero', { statedWallet: -1 }, 'walletNegative', undefined],
    ['a wallet of tomorrow', { statedOn: '2026-11-25' }, 'walletInFuture', undefined],
    ['a wallet without a day', { statedOn: null }, 'walletUndated', 900_00],
    ['a wallet without a source', { statedBy: null }, 'walletUnsourced', 900_00],
    ['a wallet below our own sales', { statedWallet: 99 }, 'walletBelowRevenue', 99_00],
    ['a target for last year', { target: 5, targetYear: 2025 }, 'targetInPast', 900_00],
  ])('%s is named', async (_, changes, is, amount) => {
    const given = crm([aCell(changes)], { today: '2026-11-24' });
    expect(await notesOf(given)).toEqual([[is, 1, 'P1']]);
    expect((await wordsIn(given))[0]?.wallet?.amount).toBe(amount);
  });

  test('without a family is named and counts for nothing', async () => {
    expect(await notesOf(crm([aCell({ family: null })]))).toEqual([['potentialWithoutFamily', 1, 'P1']]);
    expect(await wordsIn(crm([aCell({ family: null })]))).toEqual([]);
  });
});

test('records of an account come with what they mean, who wrote on them and what they say', async () => {
  const cells = [
    {
      id: 'P2',
      accountId: 'A',
      ref: 'A|Bikes',
      family: 'Bikes',
      expected: '12.50',
      probability: '33.33',
      source: 'peers',
    },
    { id: 'P1', accountId: 'A', family: 'bikes', nextStep: 'Call' },
    { id: 'P0', accountId: 'Z', family: 'Bikes' },
  ];
  await withBook(crm(cells), async (book) => {
    const { standing, name } = only(await book.accountFamilies(0, 1));
    expect(name).toBe('A');
    expect(standing.map(({ id, ref, means, hasWord }) => [id, ref, means, hasWord])).toEqual([
      ['P1', null, 'Bikes', true],
      ['P2', 'A|Bikes', 'Bikes', false],
    ]);
    expect(standing[1]?.mark).toMatchObject({ expected: 12_50, probability: 0.3333, source: 'peers', why: null });
    expect(await book.accountFamilies(1, 5)).toEqual([]);
  });
});

describe('sister sites', () => {
  test('lend an account the families that it does not buy itself', async () => {
    const sites: CrmRecord[] = [
      { id: 'A' },
      ...['B', 'C', 'D', 'E'].map((id) => ({ id, name: `Site ${id}`, parentId: 'A' })),
    ];
    // Of five sites A, B, C and D have sales; helmets are bought by B, C and D for 10, 20 and 60.
    const sales = salesOf([
      ['A', '2026-10-01', 'Bikes', 100],
      ['B', '2026-10-01', 'Helmets', 10],
      ['C', '2026-10-01', 'Helmets', 20],
      ['D', '2026-10-01', 'Helmets', 60],
    ]);
    await withBook({ accounts: sites, ...sales }, async (book) => {
      const accounts = (await allAccounts(book)).map(({ account }) => account);
      expect(accounts[0]?.sisters).toEqual([
        { family: 'Helmets', name: 'Site D', most: 60_00, typical: 20_00, least: 10_00, sites: 4, buyers: 3 },
      ]);
      expect(accounts[1]?.sisters.map(({ family }) => family)).toEqual(['Bikes']);
      expect(accounts[4]?.sisters.map(({ family }) => family)).toEqual(['Bikes', 'Helmets']);
    });
  });

  test('are of one group, and a group of one has none', async () => {
    await withBook(
      { accounts: [{ id: 'A' }, { id: 'B' }], ...salesOf([['B', '2026-10-01', 'Bikes', 1]]) },
      async (book) => {
        expect((await allAccounts(book)).map(({ account }) => account.sisters)).toEqual([[], []]);
      },
    );
  });
});

test('accounts become customers with their first sale: one in three within the last year', async () => {
  const accounts = ['A', 'B', 'C', 'D'].map((id) => ({ id }));
  const sales = salesOf([
    ['A', '2024-10-01', 'Bikes', 1],
    ['A', '2026-10-01', 'Bikes', 1],
    ['B', '2026-10-01', 'Bikes', 1],
  ]);
  await withBook({ accounts, ...sales }, async (book) => {
    expect(await book.conversion()).toEqual({ became: 1, of: 3 });
  });
});
