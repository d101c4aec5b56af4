/** Who is comparable, and what the stronger of them do. */
import { describe, expect, test } from 'vitest';
import { benchmarkFor, benchmarksFrom, peerGroupOf, peerRule } from '../../../src/kam/model/benchmarks.js';
import { aLedger, times } from '../../support/ledgers.js';

describe('comparable accounts', () => {
  const six = aLedger(times(6, (k) => ({ employees: 10 * (k + 1), industry: k % 2 })));

  test('are of one industry and of one third by employees, where most have both', () => {
    const rule = peerRule(six);
    expect(rule).toMatchObject({ by: 'employees', usesIndustry: true });
    expect(times(6, (k) => peerGroupOf(rule, six, k))).toEqual([
      { industry: 0, size: 'small' },
      { industry: 1, size: 'small' },
      { industry: 0, size: 'medium' },
      { industry: 1, size: 'medium' },
      { industry: 0, size: 'large' },
      { industry: 1, size: 'large' },
    ]);
  });

  test('are of one third by revenue, whatever their industry, where most have neither', () => {
    const ledger = aLedger(
      times(6, (k) => ({ yearly: 10 * (k + 1), ...(k === 0 ? { industry: 3, employees: 5 } : {}) })),
    );
    const rule = peerRule(ledger);
    expect(rule).toMatchObject({ by: 'revenue', usesIndustry: false });
    expect(peerGroupOf(rule, ledger, 0)).toEqual({ industry: null, size: 'small' });
  });

  test('are none for an account without industry or size: there is no group of the unknown', () => {
    const ledger = aLedger([
      ...times(5, (k) => ({ employees: k + 1, industry: 0 })),
      { employees: 3 },
      { industry: 0 },
    ]);
    const rule = peerRule(ledger);
    expect(peerGroupOf(rule, ledger, 5)).toBeNull();
    expect(peerGroupOf(rule, ledger, 6)).toBeNull();
  });

  test('are no trouble where there are no accounts at all', () => {
    expect(peerRule(aLedger([]))).toEqual({ by: 'revenue', smallTo: 0, mediumTo: 0, usesIndustry: false });
  });
});

describe('a benchmark', () => {
  const group = { industry: 1, size: 'small' } as const;
  const values = (count: number, family: number, ofGroup: typeof group | null) =>
    times(count, (k) => ({ group: ofGroup, family, value: k }));

  test('is the upper quantile of the narrowest circle with 15 buyers: of 0 to 15, four fifths are 12', () => {
    const found = benchmarkFor(benchmarksFrom(values(16, 7, group), 0.8), group, 7);
    expect(found).toEqual({ level: 'peers', buyers: 16, upper: 12 });
  });

  test('is the family where the group has 14 buyers, and the book where the family has', () => {
    const mixed = benchmarksFrom([...values(14, 7, group), ...values(2, 7, null), ...values(14, 8, null)], 0.8);
    expect(benchmarkFor(mixed, group, 7)).toMatchObject({ level: 'family', buyers: 16 });
    expect(benchmarkFor(mixed, group, 8)).toMatchObject({ level: 'book', buyers: 30 });
    expect(benchmarkFor(mixed, null, 7)).toMatchObject({ level: 'family' });
  });

  test('is none where the whole book has 14 buyers', () => {
    expect(benchmarkFor(benchmarksFrom(values(14, 7, group), 0.8), group, 7)).toBeNull();
  });
});
