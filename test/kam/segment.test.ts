import { describe, expect, test } from 'vitest';
import { segmentLines, segmentOf } from '../../src/kam/segment.js';
import { unknown } from '../../src/kam/unknown.js';
import { euros, settingsWith } from '../support/builders.js';

const of = (...amounts: number[]): Float64Array => Float64Array.from(amounts, (amount) => euros(amount));
const none = of();

describe('where high begins', () => {
  test('at the last of the fewest groups that make 80 % of the total', () => {
    const lines = segmentLines({ revenue: of(100_000, 600_000, 200_000, 100_000), potential: none }, settingsWith());
    expect(lines.revenue).toBe(euros(200_000));
  });

  test('one group that has it all draws the line alone', () => {
    const lines = segmentLines({ revenue: of(900_000, 50_000, 50_000), potential: none }, settingsWith());
    expect(lines.revenue).toBe(euros(900_000));
  });

  test('unknown, zero and negative totals take no part', () => {
    const revenue = of(-500_000, 0, Number.NaN, 800_000, 200_000);
    expect(segmentLines({ revenue, potential: none }, settingsWith()).revenue).toBe(euros(800_000));
  });

  test('never below the minimum amount, and there in a book without sales', () => {
    const settings = settingsWith({ segment: { minimumRevenue: 14_000, minimumPotential: 20_000 } });
    expect(segmentLines({ revenue: of(5_000, 4_000), potential: none }, settings)).toEqual({
      revenue: euros(14_000),
      potential: euros(20_000),
    });
  });

  test('at fixed amounts, where the admin wants them', () => {
    const segment = { method: 'amount', revenueLine: 50_000, potentialLine: 30_000 };
    expect(segmentLines({ revenue: of(1), potential: of(1) }, settingsWith({ segment }))).toEqual({
      revenue: euros(50_000),
      potential: euros(30_000),
    });
  });

  test('at the minimum amounts where the admin wants fixed ones and gives none', () => {
    const segment = { method: 'amount', minimumRevenue: 14_000, minimumPotential: 7_000 };
    expect(segmentLines({ revenue: none, potential: none }, settingsWith({ segment }))).toEqual({
      revenue: euros(14_000),
      potential: euros(7_000),
    });
  });

  test('the order of the groups is irrelevant, and the totals are left as they were', () => {
    const revenue = of(1, 3, 2);
    const segment = { minimumRevenue: 0, minimumPotential: 0 };
    const lines = segmentLines({ revenue, potential: of(3, 2, 1) }, settingsWith({ segment }));
    expect(lines.revenue).toBe(lines.potential);
    expect([...revenue]).toEqual([euros(1), euros(3), euros(2)]);
  });
});

describe('the segment', () => {
  const lines = { revenue: euros(100), potential: euros(50) };
  const settings = settingsWith({ segment: { keepShare: 0.9 } });
  const segment = (revenue: number, potential: number, standing: Parameters<typeof segmentOf>[4] = null) =>
    segmentOf(euros(revenue), euros(potential), lines, settings, standing);

  test.each([
    [100, 50, 'top'],
    [99, 50, 'development'],
    [100, 49, 'base'],
    [99, 49, 'small'],
  ] as const)('revenue %d and potential %d, with lines at 100 and 50, is %s', (revenue, potential, expected) => {
    expect(segment(revenue, potential)).toEqual({ segment: expected, kept: false });
  });

  test('nothing is high where lines are at zero', () => {
    expect(segmentOf(0, -1, { revenue: 0, potential: 0 }, settings, 'top').segment).toBe('small');
  });

  test('a top customer stays one down to 90 % of both lines', () => {
    expect(segment(90, 45, 'top')).toEqual({ segment: 'top', kept: true });
    expect(segment(89, 45, 'top')).toEqual({ segment: 'development', kept: true });
    expect(segment(90, 44, 'top')).toEqual({ segment: 'base', kept: true });
  });

  test('a base customer is kept on revenue only, a development customer on potential only', () => {
    expect(segment(90, 45, 'base')).toEqual({ segment: 'base', kept: true });
    expect(segment(90, 45, 'development')).toEqual({ segment: 'development', kept: true });
  });

  test.each([null, 'small', 'unknown'] as const)('who stands at %s must reach the lines', (standing) => {
    expect(segment(99, 49, standing)).toEqual({ segment: 'small', kept: false });
  });

  test('one unknown axis makes the segment unknown, whatever stood before', () => {
    expect(segmentOf(unknown('noSales'), euros(50), lines, settings, 'top').segment).toBe('unknown');
    expect(segmentOf(euros(100), unknown('noPeers'), lines, settings, 'top').segment).toBe('unknown');
  });
});
