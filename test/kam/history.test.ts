import { describe, expect, test } from 'vitest';
import { strategyCriteria } from '../../src/kam/criteria.js';
import type { Decision } from '../../src/kam/funnel.js';
import { breakdownOf, forgottenUntil, isRowDue, rowOf, type StandingRow } from '../../src/kam/history.js';
import { emptyMark } from '../../src/kam/standing.js';
import { unknown } from '../../src/kam/unknown.js';
import { KAM_Assessment__c } from '../../src/schema/generated.js';
import { aScale, decided, euros, settingsWith, someLines } from '../support/builders.js';

/** Top, standard, failed at the score with 50 points. */
const top = decided();
const small = decided(
  { yearlyRevenue: euros(1_000) },
  { potential: { additional: euros(1_000) }, standing: { tier: null, segment: null } },
);
const settings = settingsWith({ history: { scoreStep: 2 } });
const october = '2026-10-31';
const november = '2026-11-30';

const rowFor = ({ tier, segment, gate, gateResult }: Decision, score: number | null = 50): StandingRow => ({
  asOf: october,
  tier,
  segment,
  gate,
  gateResult,
  score,
});

describe('a row of history', () => {
  test('is due for every group in the funnel, and for no small customer', () => {
    expect(small).toMatchObject({ segment: 'small', gate: 'segment', tier: 'standard' });
    expect(isRowDue(top, null, october, settings)).toBe(true);
    expect(isRowDue(small, null, october, settings)).toBe(false);
  });

  test('is due again at the end of a month only, as long as nothing changes', () => {
    expect(isRowDue(top, rowFor(top), october, settings)).toBe(false);
    expect(isRowDue(top, rowFor(top), november, settings)).toBe(true);
  });

  test.each([
    ['tier', { tier: 'candidate' }],
    ['segment', { segment: 'base' }],
    ['gate', { gate: 'ask' }],
    ['result', { gateResult: 'open' }],
  ] as const)('is written anew within the month when the %s changes', (_, stood) => {
    expect(isRowDue(top, { ...rowFor(top), ...stood }, october, settings)).toBe(true);
  });

  test('is written anew when the score moves by the step of the settings, and not by less', () => {
    expect(isRowDue(top, rowFor(top, 51.99), october, settings)).toBe(false);
    expect(isRowDue(top, rowFor(top, 52), october, settings)).toBe(true);
    expect(isRowDue(top, rowFor(top, 48), october, settings)).toBe(true);
    expect(isRowDue(top, rowFor(top, null), october, settings)).toBe(true);
  });

  test('is written anew for a hundredth of a point where the step is 0, and never for none', () => {
    const every = settingsWith({ history: { scoreStep: 0 } });
    expect(isRowDue(top, rowFor(top, 50.01), october, every)).toBe(true);
    expect(isRowDue(top, rowFor(top, 50.001), october, every)).toBe(false);
  });

  test('is written once for a group that has left the funnel', () => {
    expect(isRowDue(small, rowFor(top), november, settings)).toBe(true);
    expect(isRowDue(small, rowFor(small, 50), november, settings)).toBe(false);
  });
});

test('as many months are kept as the setting says; empty keeps all', () => {
  const keeping = (retentionMonths: number | null) => settingsWith({ history: { retentionMonths } });
  expect(forgottenUntil('2026-10-31', keeping(36))).toBe('2023-10-31');
  // Of one month, the month before is gone already, whatever its last day.
  expect(forgottenUntil('2027-03-31', keeping(1))).toBe('2027-02-28');
  expect(forgottenUntil('2027-02-28', keeping(12))).toBe('2026-02-28');
  expect(forgottenUntil('2027-02-28', keeping(null))).toBe(null);
});

describe('the breakdown', () => {
  const ground = { revenue: euros(100_000), potential: euros(50_000), lines: someLines, scale: aScale };

  test('gives weights, inputs in euros, points and what they add, which sums to the score', () => {
    const { v, score, segment, strategy } = breakdownOf(top, ground, settings);
    expect(v).toBe(1);
    expect(score).toMatchObject({ points: 50, threshold: 60, confidence: 1, calibrated: true });
    expect(score.parts[0]).toEqual({
      criterion: 'potential',
      weight: 35,
      value: 50_000,
      points: 50,
      adds: 17.5,
      anchors: [0, 50_000, 100_000],
    });
    expect(score.parts.map(({ adds }) => adds)).toEqual([17.5, 12.5, 10, 5, 5]);
    expect(segment).toEqual({
      revenue: { value: 100_000, from: 80_000 },
      potential: { value: 50_000, from: 40_000 },
    });
    // Complexity 2, countries 1, sites 1 of 3; what people have not rated could be 0 or 3.
    expect(strategy).toMatchObject({ needed: 0.5, ratings: { referenceCustomer: null, countries: 1, sites: 1 } });
  });

  test('gives the reason of what is unknown, and no zero for it', () => {
    const decision = decided(
      { contributionMargin: unknown('noMargin') },
      { potential: { additional: unknown('noPeers') } },
    );
    const { score, segment } = breakdownOf(decision, { ...ground, potential: unknown('noPeers') }, settings);
    expect(score.parts[1]).toMatchObject({ value: null, points: null, adds: 0, unknown: 'noMargin' });
    expect(segment.potential).toEqual({ value: null, from: 40_000, unknown: 'noPeers' });
  });

  test('fits its field in the org, however long the numbers are', () => {
    const long = 90_000_000_000_001;
    const third = 100 / 3;
    const wide: Decision = {
      ...top,
      score: {
        ...top.score,
        points: third,
        parts: top.score.parts.map((part) => ({
          ...part,
          weight: 9999.99,
          value: -long,
          points: unknown('onePriceLevel'),
          contribution: third,
        })),
      },
      strategy: {
        ...top.strategy,
        lowest: 1 / 3,
        highest: 2 / 3,
        ratings: { ...top.strategy.ratings, ...Object.fromEntries(strategyCriteria.map((name) => [name, 3])) },
      },
    };
    const far = { zero: -long, half: long - 1, full: long };
    const anchors = { potential: far, margin: far, risk: far, breadth: far, growth: far };
    const text = JSON.stringify(
      breakdownOf(
        wide,
        { revenue: -long, potential: -long, lines: { revenue: long, potential: long }, scale: { ...aScale, anchors } },
        settings,
      ),
    );
    expect(text.length).toBeLessThan(KAM_Assessment__c.fields.Breakdown__c.length / 4);
  });
});

test('a row says what the mark of the root says, and nothing that is not of its day', () => {
  const mark = {
    ...emptyMark,
    tier: 'key' as const,
    score: 61.5,
    revenue: euros(100_000),
    nextStep: 'Offer',
    ratedOn: october,
  };
  expect(rowOf(mark, october, '{}')).toEqual({
    asOf: october,
    tier: 'key',
    segment: null,
    gate: null,
    gateResult: null,
    score: 61.5,
    confidence: null,
    revenue: euros(100_000),
    crossSell: null,
    upSell: null,
    additionalPotential: null,
    revenueAtRisk: null,
    reasons: null,
    breakdown: '{}',
  });
});
