import type { Answer } from '../../src/kam/agreement.js';
import { describe, expect, test } from 'vitest';
import { desiredMark, differenceOf, emptyMark, markFields, markOf, type AccountMark } from '../../src/kam/standing.js';
import { unknown } from '../../src/kam/unknown.js';
import { accountId, aGroup, aPotential, decided, euros, settingsWith } from '../support/builders.js';

const root = accountId(1);
const site = accountId(2);
const settings = settingsWith();
const freshMark = (id: string, group = aGroup(), potential = aPotential()) =>
  markOf(id, group, potential, decided(group, { potential }), settings);

describe('the mark of an account', () => {
  test('carries money, gates and reasons on the root', () => {
    expect(freshMark(root)).toEqual({
      tier: 'standard',
      segment: 'top',
      gate: 'score',
      gateResult: 'failed',
      score: 50,
      confidence: 1,
      revenue: euros(100_000),
      crossSell: euros(40_000),
      upSell: euros(10_000),
      additionalPotential: euros(50_000),
      revenueAtRisk: euros(5_000),
      contributionMargin: euros(30_000),
      walletShare: 0.6667,
      reasons: expect.stringContaining('Score 50 does not exceed 60'),
      nextStep: expect.stringContaining('Offer Service'),
      groupId: root,
      ratedOn: null,
      ratedAs: null,
      tierSince: null,
      belowSince: null,
      assessedOn: null,
    });
  });

  test('carries only group, segment and tier on a member, so that reports do not count twice', () => {
    expect(freshMark(site)).toEqual({ ...emptyMark, tier: 'standard', segment: 'top', groupId: root });
  });

  test('leaves an unknown figure empty, and writes no zero', () => {
    const group = aGroup({ yearlyRevenue: unknown('noSales'), contributionMargin: unknown('noMargin') });
    const nothing = unknown('noSales');
    const potential = aPotential({ crossSell: nothing, upSell: nothing, additional: nothing, walletShare: nothing });
    expect(freshMark(root, group, potential)).toMatchObject({
      revenue: null,
      contributionMargin: null,
      crossSell: null,
      upSell: null,
      additionalPotential: null,
      walletShare: null,
      segment: 'unknown',
    });
  });

  test('is rounded as the CRM keeps it: two decimals for the score, four for fractions', () => {
    // 50 points in three quarters of the weights, two thirds of the way to 50 in the rest.
    const mark = freshMark(root, aGroup({ contributionMargin: euros(20_000) }));
    expect(mark).toMatchObject({ score: 45.83, walletShare: 0.6667 });
    expect(freshMark(root, aGroup(), aPotential({ breadth: unknown('noPotential') })).confidence).toBe(0.9);
  });
});

describe('the day of the last change', () => {
  const fresh = freshMark(root);
  const stands: AccountMark = { ...fresh, tierSince: null, assessedOn: '2026-08-31' };
  const october = { asOf: '2026-10-31', today: '2026-11-24' };
  const november = { asOf: '2026-11-30', today: '2026-12-24' };

  test('stays where nothing else changes', () => {
    expect(desiredMark(stands, fresh, october)).toEqual(stands);
  });

  test('moves to the as-of day with any other field', () => {
    expect(desiredMark({ ...stands, score: 49.99 }, fresh, october)).toEqual({
      ...fresh,
      tierSince: null,
      assessedOn: '2026-10-31',
    });
  });

  test('is set where there was none', () => {
    expect(desiredMark({ ...stands, assessedOn: null }, fresh, october).assessedOn).toBe('2026-10-31');
    expect(desiredMark(emptyMark, fresh, october).assessedOn).toBe('2026-10-31');
  });

  test('does not move again when the same is decided a month later', () => {
    const written = desiredMark(emptyMark, fresh, october);
    expect(differenceOf(written, desiredMark(written, fresh, november))).toBeNull();
  });
});

describe('the day since which the tier stands', () => {
  const days = { asOf: '2026-10-31', today: '2026-11-24' };
  const since = (tier: AccountMark['tier'], before: string | null, id = root) =>
    desiredMark({ ...emptyMark, tier, tierSince: before }, freshMark(id), days).tierSince;

  test('is today when the tier changes, and stays while it does not', () => {
    expect(since('candidate', '2026-02-01')).toBe('2026-11-24');
    expect(since('standard', '2026-02-01')).toBe('2026-02-01');
  });

  test('is empty for the first tier, and on members', () => {
    expect(since(null, null)).toBeNull();
    expect(since('candidate', null, site)).toBeNull();
  });
});

describe('the day since which a key account falls short', () => {
  const answer: Answer = { is: 'accepted', on: '2026-01-15', missing: [] };
  const day = (threshold: number, before: string | null) => {
    const rules = settingsWith({ score: { threshold } });
    const group = aGroup({ answer });
    const decision = decided({ answer, ratings: strategic }, { settings: { score: { threshold } } });
    const fresh = markOf(root, group, aPotential(), decision, rules);
    const stands = { ...emptyMark, tier: 'key', belowSince: before } as const;
    return desiredMark(stands, fresh, { asOf: '2026-10-31', today: '2026-11-24' }).belowSince;
  };
  const strategic = { referenceCustomer: 3, opinionLeader: 1 } as const;

  test('is the first as-of day on which the score of 50 does not exceed the threshold', () => {
    expect(day(60, null)).toBe('2026-10-31');
    expect(day(60, '2026-09-30')).toBe('2026-09-30');
  });

  test('is empty again once it does', () => {
    expect(day(40, '2026-09-30')).toBeNull();
  });
});

describe('the difference of two marks', () => {
  test('has only the fields that differ, before and after', () => {
    expect(differenceOf(emptyMark, { ...emptyMark, tier: 'candidate', score: 61 })).toEqual({
      before: { tier: null, score: null },
      after: { tier: 'candidate', score: 61 },
    });
  });

  test('is none between equal marks', () => {
    expect(differenceOf({ ...emptyMark, reasons: 'a' }, { ...emptyMark, reasons: 'a' })).toBeNull();
  });

  test('looks at every field', () => {
    expect([...markFields].toSorted()).toEqual(Object.keys(emptyMark).toSorted());
  });
});
