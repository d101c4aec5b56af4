/** Groups: who belongs together, and what is known about them as one. */
import { expect, test } from 'vitest';
import type { Labels } from '../../src/book/book.js';
import type { Potential, PotentialCell } from '../../src/kam/potential.js';
import { emptyMark } from '../../src/kam/standing.js';
import { unknown } from '../../src/kam/unknown.js';
import { allGroups, inFolder, only, salesOf, someSettings, spool, withBook, type CrmRecord } from './smallBook.js';

/** Group id to the ids of its accounts. */
const groupsOf = (accounts: CrmRecord[]): Promise<Record<string, string[]>> =>
  withBook({ accounts }, async (book) =>
    Object.fromEntries((await allGroups(book)).map(({ facts }) => [facts.groupId, facts.accountIds])),
  );

test('a group is the ultimate parent and all below it', async () => {
  expect(
    await groupsOf([
      { id: 'A', parentId: 'B' },
      { id: 'B', parentId: 'C' },
      { id: 'C' },
      { id: 'D', parentId: 'C' },
      { id: 'E' },
    ]),
  ).toEqual({ C: ['C', 'A', 'B', 'D'], E: ['E'] });
});

test('a group override moves an account and everything below it', async () => {
  expect(
    await groupsOf([
      { id: 'A' },
      { id: 'B', parentId: 'A', groupOverrideId: 'Y' },
      { id: 'C', parentId: 'B' },
      { id: 'X' },
      { id: 'Y', parentId: 'X' },
    ]),
  ).toEqual({ A: ['A'], X: ['X', 'B', 'C', 'Y'] });
});

test('an override that names the account itself cuts it loose', async () => {
  expect(await groupsOf([{ id: 'A' }, { id: 'B', parentId: 'A', groupOverrideId: 'B' }])).toEqual({
    A: ['A'],
    B: ['B'],
  });
});

test('accounts on a cycle each stand alone, and the cycle is noted, not followed', async () => {
  const accounts = [
    { id: 'A', parentId: 'B' },
    { id: 'B', parentId: 'A' },
    { id: 'C', parentId: 'B' },
    { id: 'D', parentId: 'C' },
  ];
  await withBook({ accounts }, async (book, notes) => {
    const groups = await allGroups(book);
    expect(groups.map(({ facts }) => facts.accountIds)).toEqual([['A'], ['B', 'C', 'D']]);
    expect(notes).toEqual([{ is: 'parentCycle', count: 2, examples: ['A', 'B'] }]);
  });
});

test('an account whose parent was not pulled is a group of its own, and noted', async () => {
  await withBook({ accounts: [{ id: 'A', parentId: 'GONE' }] }, async (book, notes) => {
    expect(only(await allGroups(book)).facts.groupId).toBe('A');
    expect(notes).toEqual([{ is: 'parentMissing', count: 1, examples: ['A'] }]);
  });
});

test('an override that names nobody falls back to the parent, and is noted', async () => {
  const accounts = [{ id: 'A' }, { id: 'B', parentId: 'A', groupOverrideId: 'GONE' }];
  await withBook({ accounts }, async (book, notes) => {
    expect(only(await allGroups(book)).facts.accountIds).toEqual(['A', 'B']);
    expect(notes).toEqual([{ is: 'parentMissing', count: 1, examples: ['B'] }]);
  });
});

test('person accounts are left out with their sales', async () => {
  const accounts = [
    { id: 'A', isPersonAccount: false },
    { id: 'P', isPersonAccount: true },
  ];
  await withBook({ accounts, ...salesOf([['P', '2026-10-01', 'Bikes', 5]]) }, async (book, notes) => {
    expect(only(await allGroups(book)).facts.groupId).toBe('A');
    expect(notes).toEqual([{ is: 'personAccountsLeftOut', count: 1, examples: ['P'] }]);
  });
});

test('a chain ten thousand deep is one group', async () => {
  const id = (n: number): string => `A${String(n).padStart(5, '0')}`;
  const accounts = Array.from({ length: 10_000 }, (_, n) => ({ id: id(n), parentId: n === 0 ? null : id(n - 1) }));
  await withBook({ accounts }, async (book) => {
    expect(only(await allGroups(book)).facts).toMatchObject({ groupId: id(0), sites: 10_000 });
  });
});

test('money is summed over the group, and a window counts from the first sale of any member', async () => {
  const accounts = [{ id: 'A' }, { id: 'B', parentId: 'A' }];
  const sales = salesOf([
    ['A', '2026-10-01', 'Bikes', 100],
    ['B', '2026-10-01', 'Bikes', 20],
    ['B', '2025-10-01', 'Helmets', 60],
  ]);
  await withBook({ accounts, ...sales }, async (book) => {
    expect(only(await allGroups(book)).facts).toMatchObject({
      windows: [120_00, 60_00],
      yearlyRevenue: 90_00,
      growth: 1,
      familiesBought: 2,
      sites: 2,
    });
  });
});

test('countries are counted once, whatever their casing', async () => {
  const accounts = [
    { id: 'A', country: 'Germany' },
    { id: 'B', parentId: 'A', country: ' germany' },
    { id: 'C', parentId: 'A', country: 'France' },
    { id: 'D', parentId: 'A' },
  ];
  await withBook({ accounts }, async (book) => {
    expect(only(await allGroups(book)).facts.countries).toBe(2);
  });
});

test('what people say about the group stands on its root', async () => {
  const root = {
    id: 'A',
    name: 'Acme',
    ownerId: 'U7',
    ratingReferenceCustomer: 2,
    ratingOpinionLeader: '0.0',
    overrideTier: 'large',
    overrideReason: 'Board',
    overrideUntil: '2027-01-31',
    excluded: true,
    excludeReason: 'Competitor',
  };
  const member = { id: 'B', parentId: 'A', ratingOpinionLeader: 3, excluded: false };
  await withBook({ accounts: [root, member] }, async (book) => {
    expect(only(await allGroups(book)).facts).toMatchObject({
      groupId: 'A',
      name: 'Acme',
      people: { accountOwner: 'U7', manager: null, named: null },
      asOf: '2026-10-31',
      ratings: { referenceCustomer: 2, opinionLeader: 0 },
      override: { tier: 'large', reason: 'Board', until: '2027-01-31' },
      exclusion: { reason: 'Competitor' },
      answer: { is: 'notAsked' },
    });
  });
});

test('a rating off the scale is not rated, and noted', async () => {
  const accounts = [{ id: 'A', ratingReferenceCustomer: 7, ratingOpinionLeader: 1 }];
  await withBook({ accounts }, async (book, notes) => {
    const { facts } = only(await allGroups(book));
    expect(facts.ratings).toEqual({ referenceCustomer: unknown('notRated'), opinionLeader: 1 });
    expect(facts.override).toBeNull();
    expect(facts.exclusion).toBeNull();
    expect(notes).toEqual([{ is: 'ratingOutOfRange', count: 1, examples: ['A'] }]);
  });
});

const labels: Labels = {
  tier: { 'Key Account': 'key', 'Large Account': 'large' },
  segment: { Top: 'top' },
  gate: { Ask: 'ask' },
  gateResult: { Open: 'open' },
  source: { Peers: 'peers' },
  statedBy: { 'Customer in Writing': 'customer' },
  servedBy: { Us: 'us' },
  agreementState: { Declined: 'declined' },
  declineReason: { Timing: 'timing' },
  commitmentType: { 'Access to Sites': 'accessToSites' },
  side: { Get: 'get' },
  trust: { 'Comes to us': 'comesToUs' },
  function: { IT: 'it' },
  level: { Head: 'head' },
  role: { Sponsor: 'sponsor' },
  area: { IT: 'it' },
};

test('what stands is read in our words and units, root first', async () => {
  const accounts = [
    { id: 'B', ownerId: 'U1', name: 'Root' },
    {
      id: 'A',
      ownerId: 'U1',
      name: 'Site',
      parentId: 'B',
      tier: 'Large Account',
      segment: 'Top',
      gate: 'Ask',
      gateResult: 'Strange',
      score: '61.25',
      confidence: '83.33',
      revenue: '1234567.89',
      walletShare: '0.07',
      reasons: 'one,\n"two"',
      groupId: 'B',
      assessedOn: '2026-09-30',
    },
  ];
  await withBook({ accounts: [] }, async (book) => {
    await inFolder((folder) => book.ingest('account', spool(folder, 'account', accounts), labels));
    await book.derive(someSettings(), '2026-10-31');
    expect(only(await allGroups(book)).standings).toEqual([
      { accountId: 'B', name: 'Root', currency: null, mark: emptyMark },
      {
        accountId: 'A',
        name: 'Site',
        currency: null,
        mark: {
          ...emptyMark,
          tier: 'large',
          segment: 'top',
          gate: 'ask',
          score: 61.25,
          confidence: 0.8333,
          revenue: 1_234_567_89,
          walletShare: 0.0007,
          reasons: 'one,\n"two"',
          groupId: 'B',
          assessedOn: '2026-09-30',
        },
      },
    ]);
  });
});

test('review tasks of any member belong to the group', async () => {
  const accounts = [{ id: 'A' }, { id: 'B', parentId: 'A' }];
  const tasks = [
    { id: 'T2', ref: 'KAM|B|grow', accountId: 'B', isClosed: true },
    { id: 'T1', ref: 'KAM|A|ask', accountId: 'A' },
    { id: 'T3', ref: 'KAM|X|ask', accountId: 'GONE' },
  ];
  await withBook({ accounts, tasks }, async (book) => {
    expect(only(await allGroups(book)).tasks).toEqual([
      {
        id: 'T1',
        ref: 'KAM|A|ask',
        accountId: 'A',
        ownerId: 'U1',
        isClosed: false,
        isMoot: false,
        status: null,
        description: null,
      },
      {
        id: 'T2',
        ref: 'KAM|B|grow',
        accountId: 'B',
        ownerId: 'U1',
        isClosed: true,
        isMoot: false,
        status: null,
        description: null,
      },
    ]);
  });
});

const cell = (family: string, kind: PotentialCell['kind'], amount: number, confidence = 0.4): PotentialCell => ({
  family,
  kind,
  amount,
  range: { low: amount - 1, high: amount + 1 },
  pipeline: 1,
  source: 'peers',
  confidence,
  why: {
    is: 'whitespace',
    probability: 1,
    spend: amount,
    from: { is: 'peers', buyers: 9, peers: 9, peerLevel: 'all' },
  },
  sister: null,
  rival: null,
});

const potentialWith = (accountId: string, cells: PotentialCell[]): Potential => {
  const sum = (kind: PotentialCell['kind']): number =>
    cells.filter((one) => one.kind === kind).reduce((total, one) => total + one.amount, 0);
  const additional = sum('crossSell') + sum('upSell');
  return {
    accountId,
    crossSell: sum('crossSell'),
    upSell: sum('upSell'),
    additional,
    elsewhere: additional,
    walletShare: 0.5,
    confidence: 0.4,
    cells,
    settled: [],
    risk: unknown('noRecentSales'),
  };
};

const nothingKnown = (accountId: string): Potential => {
  const nothing = unknown('noPeers');
  return {
    accountId,
    crossSell: nothing,
    upSell: nothing,
    additional: nothing,
    elsewhere: nothing,
    walletShare: nothing,
    confidence: 0,
    cells: [],
    settled: [],
    risk: unknown('noRecentSales'),
  };
};

test('the potential of a group is the sum of what is known of its accounts', async () => {
  const accounts = [{ id: 'A' }, { id: 'B', parentId: 'A' }, { id: 'C', parentId: 'A' }];
  const sales = salesOf([
    ['A', '2026-10-01', 'Bikes', 70],
    ['B', '2026-10-01', 'Helmets', 30],
  ]);
  await withBook({ accounts, ...sales }, async (book) => {
    await book.storePotentials([
      potentialWith('A', [cell('Helmets', 'crossSell', 20_00), cell('Tyres', 'crossSell', 10_00, 0.1)]),
      potentialWith('B', [cell('Tyres', 'crossSell', 30_00, 0.3), cell('Helmets', 'upSell', 40_00)]),
      nothingKnown('C'),
    ]);
    const { potential } = only(await allGroups(book));
    expect(potential).toMatchObject({ crossSell: 60_00, upSell: 40_00, additional: 100_00, walletShare: 0.5 });
    // Bikes and helmets are bought somewhere in the group; tyres alone are white.
    expect(potential.breadth).toBeCloseTo(1 / 3, 12);
    expect(potential.cells.map(({ family, kind, amount, pipeline }) => [family, kind, amount, pipeline])).toEqual([
      ['Helmets', 'upSell', 40_00, 1],
      ['Tyres', 'crossSell', 40_00, 2],
      ['Helmets', 'crossSell', 20_00, 1],
    ]);
    const tyres = potential.cells[1];
    expect(tyres?.why).toMatchObject({ spend: 30_00 });
    expect(tyres?.range).toEqual({ low: 39_98, high: 40_02 });
    expect(tyres?.confidence).toBeCloseTo((10 * 0.1 + 30 * 0.3) / 40, 12);
  });
});

test('where no account has a known potential, the group has none either, and the root says why', async () => {
  const accounts = [{ id: 'B' }, { id: 'A', parentId: 'B' }];
  await withBook({ accounts }, async (book) => {
    const before = only(await allGroups(book)).potential;
    expect(before).toMatchObject({ additional: unknown('notModelled'), cells: [] });
    await book.storePotentials([
      nothingKnown('A'),
      { ...nothingKnown('B'), additional: unknown('noSales'), elsewhere: unknown('noSales') },
    ]);
    expect(only(await allGroups(book)).potential).toEqual({
      revenueAtRisk: unknown('noRecentSales'),
      crossSell: unknown('noPeers'),
      upSell: unknown('noPeers'),
      additional: unknown('noSales'),
      walletShare: unknown('noSales'),
      breadth: unknown('noSales'),
      cells: [],
    });
  });
});
