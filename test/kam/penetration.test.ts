import { describe, expect, test } from 'vitest';
import { penetrationPlan, type FamilyAim } from '../../src/kam/penetration.js';
import type { AccountFacts } from '../../src/kam/facts.js';
import type { Potential } from '../../src/kam/potential.js';
import { unknown } from '../../src/kam/unknown.js';
import { notAssessed } from '../../src/book/results.js';
import { aCell, accountId, anAccount, euros } from '../support/builders.js';

const asOf = '2026-10-31';
const berlin = accountId(1);
const graz = accountId(2);

const site = (account: Partial<AccountFacts>, potential: Partial<Potential> = {}) => {
  const facts = anAccount({ accountId: berlin, name: 'Berlin', families: [], pipeline: [], words: [], ...account });
  return { account: facts, potential: { ...notAssessed(facts.accountId), ...potential } };
};
const word = { wallet: null, servedBy: null, competitor: null };
const wallet = (amount: number) => ({ amount: euros(amount), on: asOf, by: 'customer' as const });
const aim = (changes: Partial<FamilyAim>): FamilyAim => ({
  accountId: berlin,
  family: 'Pumps',
  target: null,
  year: null,
  actual: 0,
  nextStep: null,
  ...changes,
});

describe('the grid', () => {
  test('has every family that a site buys, may buy, or that people wrote of, at every site', () => {
    const plan = penetrationPlan(
      [
        site({ families: [{ family: 'Pumps', yearly: euros(900) }] }, { cells: [aCell({ family: 'Seals' })] }),
        site({
          accountId: graz,
          name: 'Graz',
          families: [{ family: 'Valves', yearly: euros(1000) }],
          words: [{ ...word, family: 'Drives', servedBy: 'competitor', competitor: 'Rival AG' }],
        }),
      ],
      [aim({ family: 'Filters', nextStep: 'Visit the plant' })],
      asOf,
    );
    expect(plan.families).toEqual(['Valves', 'Pumps', 'Drives', 'Filters', 'Seals']);
    expect(plan.cells).toHaveLength(10);
    expect(plan.cells.find(({ site: at, family }) => at === 'Graz' && family === 'Drives')).toMatchObject({
      state: 'competitor',
      competitor: 'Rival AG',
    });
    expect(plan.cells.find(({ site: at, family }) => at === 'Berlin' && family === 'Filters')?.aim?.nextStep).toBe(
      'Visit the plant',
    );
  });

  test.each([
    ['ours where the site buys it, whoever people say serves it', { yearly: 100, servedBy: 'competitor' }, 'ours'],
    ['in the pipeline where an offer is open', { offered: 100, servedBy: 'competitor' }, 'pipeline'],
    ['not needed where the customer needs none', { wallet: 0, servedBy: 'competitor' }, 'notNeeded'],
    ['not to be sold where he makes it himself', { servedBy: 'internal' }, 'notNeeded'],
    ['served by a competitor', { servedBy: 'competitor' }, 'competitor'],
    ['open where nobody serves it', { servedBy: 'nobody' }, 'open'],
    ['ours where people say that we serve it', { servedBy: 'us' }, 'ours'],
    ['unknown where nobody said anything', {}, 'unknown'],
  ] as const)(
    'a cell is %s',
    (
      _,
      given: {
        yearly?: number;
        offered?: number;
        wallet?: number;
        servedBy?: 'us' | 'competitor' | 'internal' | 'nobody';
      },
      state,
    ) => {
      const plan = penetrationPlan(
        [
          site({
            families: given.yearly === undefined ? [] : [{ family: 'Pumps', yearly: euros(given.yearly) }],
            pipeline: given.offered === undefined ? [] : [{ family: 'Pumps', yearly: euros(given.offered) }],
            words: [
              {
                family: 'Pumps',
                wallet: given.wallet === undefined ? null : wallet(given.wallet),
                servedBy: given.servedBy ?? null,
                competitor: null,
              },
            ],
          }),
        ],
        [],
        asOf,
      );
      expect(plan.cells.map((cell) => cell.state)).toEqual([state]);
    },
  );
});

describe('penetration', () => {
  test('is cells that are ours over cells that could be sold: 2 of 4, as one site of five needs none', () => {
    const plan = penetrationPlan(
      [
        site({
          families: [
            { family: 'Pumps', yearly: euros(10) },
            { family: 'Valves', yearly: euros(10) },
          ],
          words: [
            { ...word, family: 'Drives', servedBy: 'competitor' },
            { ...word, family: 'Seals', wallet: wallet(0) },
            { ...word, family: 'Filters', servedBy: 'unknown' },
          ],
        }),
      ],
      [],
      asOf,
    );
    expect(plan).toMatchObject({ ours: 2, sellable: 4, unknown: 1, penetration: 0.5 });
  });

  test('of nothing is unknown, not zero', () => {
    expect(penetrationPlan([site({})], [], asOf).penetration).toEqual(unknown('noSales'));
  });

  test('wallet share counts only cells with a wallet, and never more than all of one', () => {
    const buys = (family: string, yearly: number): AccountFacts['families'][number] => ({
      family,
      yearly: euros(yearly),
    });
    const { walletShare } = penetrationPlan(
      [
        site({
          families: [buys('Pumps', 30), buys('Valves', 50), buys('Seals', 20)],
          words: [
            { ...word, family: 'Pumps', wallet: wallet(130) },
            // Smaller than what he buys from us alone: we have all of it, not more.
            { ...word, family: 'Seals', wallet: wallet(10) },
          ],
        }),
      ],
      [],
      asOf,
    );
    // (30 + 20) of (130 + 20)
    expect(walletShare).toBeCloseTo(1 / 3);
    expect(penetrationPlan([site({ families: [buys('Pumps', 30)] })], [], asOf).walletShare).toEqual(
      unknown('noWallet'),
    );
  });
});

test('a family that is out of scope is no cell, whoever buys it', () => {
  const bought = [
    site({
      families: [
        { family: 'Pumps', yearly: euros(30) },
        { family: 'Freight', yearly: euros(50) },
      ],
    }),
  ];
  expect(penetrationPlan(bought, [], asOf, ['Freight'])).toMatchObject({ families: ['Pumps'], ours: 1, sellable: 1 });
  expect(penetrationPlan(bought, [], asOf)).toMatchObject({ families: ['Freight', 'Pumps'], ours: 2 });
});

describe('the annual plan', () => {
  test('adds targets and what was sold of them, year by year', () => {
    const { years } = penetrationPlan(
      [site({})],
      [
        aim({ family: 'Pumps', target: euros(300), year: 2026, actual: euros(200) }),
        aim({ family: 'Valves', target: euros(100), year: 2026, actual: euros(100) }),
        aim({ family: 'Seals', target: euros(500), year: 2027 }),
        aim({ family: 'Drives', nextStep: 'Ask for the wallet' }),
      ],
      '2026-12-31',
    );
    expect(years).toEqual([
      { year: 2026, target: euros(400), actual: euros(300), achieved: 0.75, elapsed: 1 },
      { year: 2027, target: euros(500), actual: 0, achieved: 0, elapsed: 0 },
    ]);
  });

  test('knows how much of the year is over: 304 of 365 days at the end of October', () => {
    const { years } = penetrationPlan([site({})], [aim({ target: euros(10), year: 2026 })], asOf);
    expect(years[0]?.elapsed).toBeCloseTo(304 / 365);
  });

  test('does not divide by a target of nothing', () => {
    const { years } = penetrationPlan([site({})], [aim({ target: 0, year: 2026, actual: euros(5) })], asOf);
    expect(years[0]?.achieved).toEqual(unknown('noTarget'));
  });
});
