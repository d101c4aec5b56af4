/** Ledgers with boring, visible defaults: a case shows only what matters to it. Money in whole euros, kept as cents. */
import type { Ledger } from '../../src/kam/model/ledger.js';
import type { MixLedger } from '../../src/kam/model/mix.js';

/** What one account spent on one family; `net` is all before the cut and `yearly` the last year's, as `trailing` if not said. */
export type SoldFamily = {
  net?: number;
  trailing?: number;
  yearly?: number;
  next?: number;
  level?: number;
  nextLevel?: number;
  lines?: number;
};

/** Sums are those of the families, unless a case says otherwise. */
export type SoldAccount = {
  families?: Record<number, SoldFamily>;
  trailing?: number;
  previous?: number;
  recent?: number;
  yearly?: number;
  next?: number;
  tenure?: number;
  recency?: number;
  orders?: number;
  gap?: number;
  industry?: number;
  employees?: number;
};

/** A ledger at 2026-07-01 over half a year whose next half-year is over. */
export function aLedger(accounts: readonly SoldAccount[], changes: Partial<Ledger> = {}): Ledger {
  const column = (of: (account: SoldAccount) => number): Float64Array => Float64Array.from(accounts, of);
  const sums = (of: keyof SoldFamily, own: (account: SoldAccount) => number | undefined): Float64Array =>
    column((account) => 100 * (own(account) ?? soldIn(account).reduce((sum, [, sold]) => sum + amount(sold, of), 0)));
  const trailing = sums('trailing', (account) => account.trailing);
  const yearly = sums('yearly', (account) => account.yearly);
  const entries = accounts.flatMap(soldIn);
  const pairs = (of: keyof SoldFamily): Float64Array =>
    Float64Array.from(entries, ([, sold]) => 100 * amount(sold, of));
  return {
    cut: '2026-07-01',
    days: 182,
    history: 730,
    isOver: true,
    accounts: {
      count: accounts.length,
      number: Int32Array.from(accounts.keys()),
      trailing,
      previous: column((account) => 100 * (account.previous ?? 0)),
      recent: column((account) => 100 * (account.recent ?? 0)),
      yearly,
      next: sums('next', (account) => account.next),
      tenure: column(({ tenure }) => tenure ?? 365),
      recency: column(({ recency }) => recency ?? 10),
      orders: column(({ orders }) => orders ?? 12),
      gap: column(({ gap }) => gap ?? 30),
      families: column((account) => soldIn(account).filter(([, sold]) => amount(sold, 'net') > 0).length),
      yearFamilies: column((account) => soldIn(account).filter(([, sold]) => amount(sold, 'yearly') > 0).length),
      industry: Int32Array.from(accounts, ({ industry }) => industry ?? -1),
      employees: column(({ employees }) => employees ?? Number.NaN),
    },
    pairs: {
      start: startsOf(accounts),
      family: Int32Array.from(entries, ([family]) => family),
      net: pairs('net'),
      trailing: pairs('trailing'),
      yearly: pairs('yearly'),
      next: pairs('next'),
    },
    ...changes,
  };
}

/** Price levels as the accounts' families say; spend is what was sold in the last horizon. */
export function aMix(accounts: readonly SoldAccount[], without: MixLedger['without'] = new Map()): MixLedger {
  const entries = accounts.flatMap(soldIn);
  return {
    level: Float64Array.from(entries, ([, { level }]) => level ?? Number.NaN),
    lines: Float64Array.from(entries, ([, { level, lines }]) => (level === undefined ? 0 : (lines ?? 1000))),
    spend: Float64Array.from(entries, ([, sold]) => 100 * amount(sold, 'trailing')),
    nextLevel: Float64Array.from(entries, ([, { nextLevel }]) => nextLevel ?? Number.NaN),
    without,
  };
}

function startsOf(accounts: readonly SoldAccount[]): Int32Array {
  const start = new Int32Array(accounts.length + 1);
  accounts.forEach((account, index) => {
    start[index + 1] = (start[index] ?? 0) + soldIn(account).length;
  });
  return start;
}

const soldIn = ({ families = {} }: SoldAccount): [number, SoldFamily][] =>
  Object.entries(families).map(([family, sold]) => [Number(family), sold]);

function amount(sold: SoldFamily, of: keyof SoldFamily): number {
  if (of === 'next') return sold.next ?? 0;
  return sold[of] ?? sold.trailing ?? 0;
}

export const times = <T>(count: number, of: (k: number) => T): T[] => Array.from({ length: count }, (_, k) => of(k));
