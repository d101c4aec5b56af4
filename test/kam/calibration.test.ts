/** What calibration proposes, in figures that people would set, and what it leaves alone. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anchorsFor, contend, lineFor, roundAmount, thresholdFor, type Contenders } from '../../src/kam/calibration.js';
import type { GroupFacts } from '../../src/kam/facts.js';
import { aGroup, decided, euros, settingsWith } from '../support/builders.js';

describe('an amount', () => {
  test.each([
    [83_412, 85_000],
    [12_345, 12_000],
    [1_049, 1_000],
    [52_499, 50_000],
    [999, 1_000],
    [-7_740, -7_500],
    [0, 0],
  ])('of %i is set as %i', (exact, set) => expect(roundAmount(euros(exact))).toBe(euros(set)));

  test('is at most 5 % off, keeps its sign, and is not rounded again', () => {
    fc.assert(
      fc.property(fc.integer({ min: -1_000_000_000_00, max: 1_000_000_000_00 }), (cents) => {
        const rounded = roundAmount(cents);
        expect(Math.abs(rounded - cents)).toBeLessThanOrEqual(0.05 * Math.abs(cents));
        expect(roundAmount(rounded)).toBe(rounded);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a line', () => {
  test('that is set stays while it is within 10 % of the book', () => {
    expect(lineFor(euros(104_000), euros(100_000), 0)).toBe(euros(100_000));
    expect(lineFor(euros(112_000), euros(100_000), 0)).toBe(euros(110_000));
  });

  test('is never rounded below the minimum', () =>
    expect(lineFor(euros(14_100), null, euros(14_050))).toBe(euros(14_050)));

  test('that was proposed is proposed again, whatever the book', () => {
    fc.assert(
      fc.property(
        fc.nat(1_000_000_000_00),
        fc.option(fc.nat(1_000_000_000_00)),
        fc.nat(100_000_00),
        (exact, set, low) => {
          const first = lineFor(exact, set, low);
          expect(lineFor(Math.max(exact, low), first, low)).toBe(first);
        },
      ),
    );
  });
});

describe('anchors', () => {
  const exact = { zero: euros(14_000), half: euros(83_412), full: euros(312_345) };

  test('are rounded', () => {
    expect(anchorsFor(exact, null)).toEqual({ zero: euros(14_000), half: euros(85_000), full: euros(310_000) });
  });

  test('that are set stay while all three are near', () => {
    const near = { zero: euros(14_000), half: euros(80_000), full: euros(300_000) };
    expect(anchorsFor(exact, near)).toBe(near);
    expect(anchorsFor(exact, { ...near, half: euros(60_000) }).half).toBe(euros(85_000));
  });

  test('are left exact where rounding would put one on another', () => {
    const narrow = { zero: euros(14_000), half: euros(100_000), full: euros(100_140) };
    expect(anchorsFor(narrow, null)).toEqual(narrow);
  });
});

describe('the threshold', () => {
  const fifty = (points: number[], taken = 0): Contenders => ({ taken, points });

  test('is the lowest at which all who could come fit', () => {
    // 61, 70 and 80 exceed 60; with room for two, 61 must not be exceeded by the third.
    expect(thresholdFor(fifty([55, 61, 70, 80]), 2, 90)).toEqual({ threshold: 61, places: 2, fits: true });
    expect(thresholdFor(fifty([55, 61, 70, 80]), 4, 90)).toMatchObject({ threshold: 50, places: 4 });
  });

  test('that is set stays while it fits and is at most 2 points too strict', () => {
    expect(thresholdFor(fifty([61, 70, 80]), 2, 63)).toMatchObject({ threshold: 63 });
    expect(thresholdFor(fifty([61, 70, 80]), 2, 64)).toMatchObject({ threshold: 61 });
    expect(thresholdFor(fifty([61, 70, 80]), 2, 60)).toMatchObject({ threshold: 61 });
  });

  test('leaves room for key accounts, and says where no threshold makes them fit', () => {
    expect(thresholdFor(fifty([61, 70], 2), 3, 60)).toMatchObject({ threshold: 61, places: 3, fits: true });
    expect(thresholdFor(fifty([70], 3), 2, 60)).toMatchObject({ places: 3, fits: false });
  });

  test('that was proposed is proposed again', () => {
    const points = fc.array(fc.integer({ min: 0, max: 10_000 }).map((n) => n / 100));
    fc.assert(
      fc.property(points, fc.nat(5), fc.integer({ min: 1, max: 10 }), fc.nat(100), (scores, taken, capacity, set) => {
        const { threshold } = thresholdFor({ taken, points: scores }, capacity, set);
        expect(thresholdFor({ taken, points: scores }, capacity, threshold).threshold).toBe(threshold);
      }),
    );
  });
});

describe('who contends', () => {
  const contenders = (...groups: Partial<GroupFacts>[]): Contenders => {
    const all: Contenders = { taken: 0, points: [] };
    for (const facts of groups) contend(all, aGroup(facts), decided(facts), settingsWith());
    return all;
  };

  test('a group whose ratings are missing does, with its score of 50', () => {
    expect(contenders({}).points).toHaveLength(1);
    expect(contenders({}).points[0]).toBeCloseTo(50, 9);
  });

  test('a key account takes a place; so does one that a person keeps a candidate', () => {
    const override = { tier: 'candidate', reason: 'Board', until: '2027-01-31' } as const;
    expect(contenders({ answer: { is: 'accepted', on: '2026-09-01', missing: [] } }, { override })).toEqual({
      taken: 2,
      points: [],
    });
  });

  test('excluded, declined and strategically failed groups do not', () => {
    const declined = { is: 'declined', on: '2026-09-01', reason: null, reaskOn: null } as const;
    const ratings = { referenceCustomer: 0, opinionLeader: 0 } as const;
    expect(contenders({ exclusion: { reason: null } }, { answer: declined }, { ratings })).toEqual({
      taken: 0,
      points: [],
    });
  });
});
