import { describe, expect, test } from 'vitest';
import { contributionOf, type ContributionFacts } from '../../src/kam/margin.js';
import { unknown, type WhyUnknown } from '../../src/kam/unknown.js';
import { euros, settingsWith } from '../support/builders.js';

const noTimes = { visit: 0, call: 0, case: 0 };

/** 100,000 of revenue that leave 30,000 after the cost of goods. */
const facts = (changes: Partial<ContributionFacts> = {}): ContributionFacts => ({
  revenue: euros(100_000),
  margin: euros(30_000),
  uncosted: { families: [], revenue: 0 },
  times: noTimes,
  ...changes,
});

describe('the contribution margin', () => {
  test('is revenue less cost of goods, and that is all where nothing else is set', () => {
    expect(contributionOf(facts(), settingsWith())).toMatchObject({
      costOfGoods: euros(70_000),
      deductions: 0,
      first: euros(30_000),
      services: [],
      second: euros(30_000),
    });
  });

  test('loses what goes off after the invoice: 2 % of 100,000', () => {
    expect(contributionOf(facts(), settingsWith({ margin: { deductionShare: 0.02 } }))).toMatchObject({
      deductions: euros(2_000),
      first: euros(28_000),
      second: euros(28_000),
    });
  });

  test('loses what care costs: 4 visits at 350 and 10 calls at 20', () => {
    const settings = settingsWith({ service: { visitCost: 350, callCost: 20 } });
    expect(contributionOf(facts({ times: { visit: 4, call: 10, case: 99 } }), settings)).toMatchObject({
      first: euros(30_000),
      services: [
        { kind: 'visit', times: 4, rate: euros(350) },
        { kind: 'call', times: 10, rate: euros(20) },
      ],
      costToServe: euros(1_600),
      second: euros(28_400),
    });
  });

  test('can be below zero', () => {
    const settings = settingsWith({ service: { caseCost: 1_000 } });
    expect(contributionOf(facts({ times: { ...noTimes, case: 31 } }), settings).second).toBe(euros(-1_000));
  });

  test.each<[string, Partial<ContributionFacts>, WhyUnknown]>([
    ['without sales', { revenue: unknown('noSales'), margin: null }, 'noSales'],
    ['where no cost is known', { margin: null, uncosted: { families: ['Pumps'], revenue: 1 } }, 'noMargin'],
    ['where one cost is missing', { uncosted: { families: ['Seals'], revenue: euros(5) } }, 'partialMargin'],
  ])('is unknown %s, not zero and not the rest', (_, changes, why) => {
    const settings = settingsWith({ service: { visitCost: 350 } });
    const nothing = unknown(why);
    expect(contributionOf(facts(changes), settings)).toMatchObject({
      costOfGoods: nothing,
      first: nothing,
      second: nothing,
    });
  });
});
