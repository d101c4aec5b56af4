/** Who is comparable with whom at a cut: accounts of one industry and size, where there are enough of them. */
import { quantile } from './distribution.js';
import type { Ledger } from './ledger.js';

export type Size = 'small' | 'medium' | 'large';

/** Where sizes begin, by employees where most accounts have them, else by the year's revenue: thirds of the accounts. */
export type PeerRule = {
  readonly by: 'employees' | 'revenue';
  readonly smallTo: number;
  readonly mediumTo: number;
  /** Whether most accounts have an industry; else size alone makes them comparable. */
  readonly usesIndustry: boolean;
};

export type PeerGroup = { readonly industry: number | null; readonly size: Size };

/** Source: model 8 (groupings: industry and size third where most accounts have them). */
export function peerRule({ accounts }: Ledger): PeerRule {
  const half = accounts.count / 2;
  const hasEmployees = accounts.employees.filter((employees) => employees > 0).length > half;
  const measure = hasEmployees ? accounts.employees : accounts.yearly;
  const sorted = measure.filter((value) => value > 0).sort();
  return {
    by: hasEmployees ? 'employees' : 'revenue',
    smallTo: sorted.length === 0 ? 0 : quantile(sorted, 1 / 3),
    mediumTo: sorted.length === 0 ? 0 : quantile(sorted, 2 / 3),
    usesIndustry: accounts.industry.filter((industry) => industry >= 0).length > half,
  };
}

/** The group of one account; null where its industry or size is missing: nothing is comparable by what is not known. */
export function peerGroupOf(rule: PeerRule, { accounts }: Ledger, account: number): PeerGroup | null {
  const measure = rule.by === 'employees' ? accounts.employees[account]! : accounts.yearly[account]!;
  const industry = accounts.industry[account]!;
  if (!(measure > 0) || (rule.usesIndustry && industry < 0)) return null;
  const size = measure <= rule.smallTo ? 'small' : measure <= rule.mediumTo ? 'medium' : 'large';
  return { industry: rule.usesIndustry ? industry : null, size };
}

/** Which accounts a benchmark comes from, from the narrowest that has enough of them. */
export type BenchmarkLevel = 'peers' | 'family' | 'book';

/** An upper quantile of what buyers do. */
export type UpperBenchmark = { readonly level: BenchmarkLevel; readonly buyers: number; readonly upper: number };

/** Fewer buyers make no benchmark of their own. Source: model 8. */
const ENOUGH_BUYERS = 15;

/** Upper quantiles of a figure per family and group, with the wider ones to fall back on. */
export type Benchmarks = {
  readonly byPeers: ReadonlyMap<string, UpperBenchmark>;
  readonly byFamily: ReadonlyMap<number, UpperBenchmark>;
  readonly ofBook: UpperBenchmark | null;
};

export type Observed = { readonly group: PeerGroup | null; readonly family: number; readonly value: number };

/** Source: model 8: at least 15 buyers in industry and size, else in the family, else in the book. */
export function benchmarksFrom(observed: readonly Observed[], upperQuantile: number): Benchmarks {
  const upperOf = (values: readonly number[]): number => quantile(Float64Array.from(values).sort(), upperQuantile);
  const of = <Key>(keyOf: (one: Observed) => Key | null, level: BenchmarkLevel): Map<Key, UpperBenchmark> => {
    const values = new Map<Key, number[]>();
    for (const one of observed) {
      const key = keyOf(one);
      if (key === null) continue;
      const list = values.get(key);
      if (list === undefined) values.set(key, [one.value]);
      else list.push(one.value);
    }
    return new Map(
      [...values]
        .filter(([, { length }]) => length >= ENOUGH_BUYERS)
        .map(([key, list]) => [key, { level, buyers: list.length, upper: upperOf(list) }]),
    );
  };
  return {
    byPeers: of(({ group, family }) => (group === null ? null : keyOf(group, family)), 'peers'),
    byFamily: of(({ family }) => family, 'family'),
    ofBook: of(() => 'book', 'book').get('book') ?? null,
  };
}

/** The narrowest benchmark for an account and a family; null where there are too few buyers anywhere. */
export const benchmarkFor = (benchmarks: Benchmarks, group: PeerGroup | null, family: number): UpperBenchmark | null =>
  (group === null ? undefined : benchmarks.byPeers.get(keyOf(group, family))) ??
  benchmarks.byFamily.get(family) ??
  benchmarks.ofBook;

const keyOf = ({ industry, size }: PeerGroup, family: number): string => `${industry ?? ''}|${size}|${family}`;
