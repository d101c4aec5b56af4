/** Views of a few accounts for tests: what each owns, and boring, visible defaults for the rest. */
import { BLANK, held, traits, type Trait, type View } from '../../src/kam/model/view.js';

export type SmallAccount = {
  /** Families owned at the cut. */
  owns?: readonly string[];
  /** Owned one horizon ago, and half a horizon ago; by default as at the cut. */
  before?: readonly string[];
  halfway?: readonly string[];
  /** Owned families last bought longer than a horizon ago; by default none. */
  faded?: readonly string[];
  /** Products owned, all bought of late. */
  products?: readonly string[];
  /** Net sales after the cut, in cents. */
  after?: Readonly<Record<string, number>>;
  sinceFirst?: number;
  sinceLast?: number;
  /** In euros. */
  revenue?: number;
  distinctProducts?: number;
  employees?: number;
} & Partial<Record<Trait, string>>;

export type SmallView = {
  families: readonly string[];
  /** Products by the family that they belong to. */
  products?: Readonly<Record<string, string>>;
  cut?: string;
  historyDays?: number;
};

export function aView(accounts: readonly SmallAccount[], { families, products = {}, ...rest }: SmallView): View {
  const bits = (account: SmallAccount, family: string): number =>
    (has(account.owns, family) ? held.now : 0) |
    (has(account.before ?? account.owns, family) ? held.before : 0) |
    (has(account.halfway ?? account.owns, family) ? held.halfway : 0) |
    (has(account.owns, family) && !has(account.faded, family) ? held.recent : 0);
  const holdings = accounts.map((account) =>
    families.flatMap((family, number) =>
      bits(account, family) === 0 ? [] : [{ number, state: bits(account, family) }],
    ),
  );
  const names = Object.keys(products);
  const owned = accounts.map((account) =>
    names.flatMap((name, number) => (has(account.products, name) ? [number] : [])),
  );
  const outcomes = accounts.map(({ after = {} }) =>
    families.flatMap((family, number) => (after[family] === undefined ? [] : [{ number, cents: after[family] }])),
  );
  const knowsAfter = accounts.some(({ after }) => after !== undefined);
  return {
    cut: rest.cut ?? '2026-01-01',
    horizon: { months: 6 },
    horizonDays: 184,
    historyDays: rest.historyDays ?? 1000,
    accounts: {
      count: accounts.length,
      no: Int32Array.from(accounts.keys()),
      sinceFirst: Int32Array.from(accounts, ({ sinceFirst = 700 }) => sinceFirst),
      sinceLast: Int32Array.from(accounts, ({ sinceLast = 30 }) => sinceLast),
      revenue: Float64Array.from(accounts, ({ revenue = 1000 }) => revenue * 100),
      products: Int32Array.from(accounts, ({ distinctProducts = 3 }) => distinctProducts),
      employees: Float64Array.from(accounts, ({ employees = Number.NaN }) => employees),
      traits: traitColumns(accounts),
    },
    families,
    holdings: {
      start: startsOf(holdings),
      family: Int32Array.from(holdings.flat(), ({ number }) => number),
      state: Uint8Array.from(holdings.flat(), ({ state }) => state),
    },
    products: {
      names,
      family: Int32Array.from(names, (name) => families.indexOf(products[name] ?? '')),
      start: startsOf(owned),
      product: Int32Array.from(owned.flat()),
      recent: new Uint8Array(owned.flat().length).fill(1),
    },
    after: knowsAfter
      ? {
          start: startsOf(outcomes),
          family: Int32Array.from(outcomes.flat(), ({ number }) => number),
          cents: Float64Array.from(outcomes.flat(), ({ cents }) => cents),
        }
      : null,
  };
}

/** The same account a number of times. */
export const times = (count: number, account: SmallAccount): SmallAccount[] =>
  Array.from({ length: count }, () => account);

const has = (list: readonly string[] | undefined, name: string): boolean => list?.includes(name) ?? false;

function startsOf(lists: readonly (readonly unknown[])[]): Int32Array {
  const start = new Int32Array(lists.length + 1);
  lists.forEach((list, index) => (start[index + 1] = (start[index] ?? 0) + list.length));
  return start;
}

function traitColumns(accounts: readonly SmallAccount[]): View['accounts']['traits'] {
  const column = (trait: Trait) => {
    const labels = [...new Set(accounts.flatMap((account) => account[trait] ?? []))].toSorted();
    const numbers = new Map(labels.map((label, number) => [label, number]));
    const code = Int32Array.from(accounts, (account) => numbers.get(account[trait] ?? '') ?? BLANK);
    return { code, labels };
  };
  const [industry, country, region, parent] = traits.map(column);
  if (industry === undefined || country === undefined || region === undefined || parent === undefined) {
    throw new Error('a trait has no column');
  }
  return { industry, country, region, parent };
}
