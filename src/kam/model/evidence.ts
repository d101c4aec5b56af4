/** What a view says before any account is looked at: rates, penetration, peers, companions, lifts and look-alikes. */
import { gram, inverse, solve } from './kernels.js';
import { groupingsOf, type Grouping } from './peers.js';
import { held, isOwned, MINIMUM_OWNERS, productRule, type View } from './view.js';

/**
 * Everything that the terms of an account are read from.
 *
 * Shape:  per family unless said otherwise; matrices row by row, `from` × `to`.
 */
export type Evidence = {
  readonly view: View;
  /** Accounts that own the family at the cut. */
  readonly owners: Int32Array;
  readonly penetration: Float64Array;
  /** How often accounts that did not own the family one horizon ago own it now. */
  readonly rate: Float64Array;
  /** The same over half a horizon, for the pace of an account. */
  readonly halfRate: Float64Array;
  /** Families that may be recommended, ascending, and their number of account × family pairs not owned yet. */
  readonly open: Int32Array;
  readonly pairs: number;
  readonly groupings: readonly Grouping[];
  /** Owners of both, family × family. */
  readonly together: Float64Array;
  readonly companions: Companions;
  readonly lifts: Lifts;
  readonly lookalikes: Lookalikes | null;
};

/** How much owning one thing speaks for a family, all others being equal. */
export type Companions = {
  /** Family × family; zero from a family to itself. */
  readonly fromFamily: Float64Array;
  /** Product × family; zero from a family's own products to it. */
  readonly fromProduct: Float64Array;
  /** Products whose column took part; 0 where there are too few. */
  readonly products: number;
};

/** How much more often owners of one family own another than all do, as logarithm; and the mean to take off it. */
export type Lifts = { readonly of: Float64Array; readonly mean: Float64Array };

/** Accounts that others are compared with, by what they owned one horizon ago. */
export type Lookalikes = {
  readonly account: Int32Array;
  /** Families owned one horizon ago. */
  readonly owned: Int32Array;
  /** Landmarks by the families that they owned then: from `start[f]` up to `start[f + 1]`. */
  readonly start: Int32Array;
  readonly landmark: Int32Array;
  /** What each landmark owned then, and what it has bought since. */
  readonly had: Lists;
  readonly adopted: Lists;
};

export type Lists = { readonly start: Int32Array; readonly of: Int32Array };

export type EvidenceOptions = {
  /** Accounts to compare with at most; 0 leaves look-alikes out. */
  readonly landmarks: number;
};

/** Pseudo-accounts by which every rate and share is drawn towards its family's or the book's own. */
export const PRIOR_ACCOUNTS = 10;

/** Ridge of the companions' regression. Source: EASE (Steck 2019); the reference found 1 to 1,000 alike. */
const RIDGE = 50;
/** What was last bought longer than a horizon ago speaks half as loud; products half as loud as families. */
const FADED = 0.5;
const PRODUCT_SHARE = 0.5;

/** Fewer landmarks than this say nothing. */
const FEWEST_LANDMARKS = 20;

export function evidenceOf(view: View, { landmarks }: EvidenceOptions): Evidence {
  const families = view.families.length;
  const owners = ownersOf(view);
  const penetration = Float64Array.from(owners, (count) => count / view.accounts.count);
  const owned = ownedRows(view);
  const together = gram(owned, families);
  const open = Int32Array.from(view.families.keys()).filter((family) => owners[family]! >= MINIMUM_OWNERS);
  return {
    view,
    owners,
    penetration,
    rate: ratesSince(view, held.before),
    halfRate: ratesSince(view, held.halfway),
    open,
    pairs: open.reduce((sum, family) => sum + view.accounts.count - owners[family]!, 0),
    groupings: groupingsOf(view),
    together,
    companions: companionsOf(view),
    lifts: liftsOf(view, owned, together, penetration),
    lookalikes: lookalikesOf(view, landmarks),
  };
}

function ownersOf(view: View): Int32Array {
  const owners = new Int32Array(view.families.length);
  const { holdings } = view;
  holdings.family.forEach((family, entry) => {
    if (isOwned(holdings, entry)) owners[family]!++;
  });
  return owners;
}

/** Share of the accounts with history that came to own a family since a day, of those that did not own it then. */
function ratesSince(view: View, then: number): Float64Array {
  const { holdings, families, accounts } = view;
  const came = new Float64Array(families.length);
  const had = new Float64Array(families.length);
  let old = 0;
  for (let account = 0; account < accounts.count; account++) {
    const [from, to] = [holdings.start[account]!, holdings.start[account + 1]!];
    if (!hadAny(view, account, then)) continue;
    old++;
    for (let entry = from; entry < to; entry++) {
      const state = holdings.state[entry]!;
      if ((state & then) !== 0) had[holdings.family[entry]!]!++;
      else if ((state & held.now) !== 0) came[holdings.family[entry]!]!++;
    }
  }
  const all = families.reduce(
    (sum, _, family) => ({ came: sum.came + came[family]!, could: sum.could + old - had[family]! }),
    { came: 0, could: 0 },
  );
  const base = (all.came + 1) / (all.could + 2);
  return came.map((count, family) => (count + PRIOR_ACCOUNTS * base) / (old - had[family]! + PRIOR_ACCOUNTS));
}

/** True where an account owned anything at an earlier day. */
export function hadAny({ holdings }: View, account: number, then: number): boolean {
  for (let entry = holdings.start[account]!; entry < holdings.start[account + 1]!; entry++) {
    if ((holdings.state[entry]! & then) !== 0) return true;
  }
  return false;
}

type Rows = { start: Int32Array; column: Int32Array; value: Float64Array };

/** Families owned at the cut, one row per account, each entry 1. */
function ownedRows(view: View): Rows {
  const { start, column } = listsBy(
    view,
    Int32Array.from({ length: view.accounts.count }, (_, a) => a),
    held.now,
    0,
  );
  return { start, column, value: new Float64Array(column.length).fill(1) };
}

/** For some accounts, their families with some bits set and others not. */
function listsBy(
  view: View,
  accounts: Int32Array,
  has: number,
  lacks: number,
): { start: Int32Array; column: Int32Array } {
  const { holdings } = view;
  const start = new Int32Array(accounts.length + 1);
  const column = new Int32Array(holdings.family.length);
  let length = 0;
  accounts.forEach((account, row) => {
    for (let entry = holdings.start[account]!; entry < holdings.start[account + 1]!; entry++) {
      const state = holdings.state[entry]!;
      if ((state & has) === has && (state & lacks) === 0) column[length++] = holdings.family[entry]!;
    }
    start[row + 1] = length;
  });
  return { start, column: column.slice(0, length) };
}

/**
 * Ridge regression of each family on all other families and products, from one inverse.
 *
 * Source: EASE (Steck 2019), with a family's own products left out of what explains it: they would explain it away.
 */
function companionsOf(view: View): Companions {
  const families = view.families.length;
  const products = view.products.names.length < productRule.least ? 0 : view.products.names.length;
  const size = families + products;
  const matrix = gram(boughtRows(view, products), size);
  for (let i = 0; i < size; i++) matrix[i * size + i]! += RIDGE;
  const precision = inverse(matrix, size);
  const fromFamily = new Float64Array(families * families);
  const fromProduct = new Float64Array(products * families);
  for (let family = 0; family < families; family++) {
    const own = [family, ...ownProducts(view, products, family).map((product) => families + product)];
    const x = solveOwn(precision, size, own);
    for (let other = 0; other < size; other++) {
      if (own.includes(other)) continue;
      const weight = -own.reduce((sum, column, i) => sum + precision[other * size + column]! * x[i]!, 0);
      if (other < families) fromFamily[other * families + family] = weight;
      else fromProduct[(other - families) * families + family] = weight;
    }
  }
  return { fromFamily, fromProduct, products };
}

function ownProducts(view: View, products: number, family: number): number[] {
  const own: number[] = [];
  for (let product = 0; product < products; product++) if (view.products.family[product] === family) own.push(product);
  return own;
}

/** The first column of the inverse of the precision's block of a family and its own products. */
function solveOwn(precision: Float64Array, size: number, own: readonly number[]): Float64Array {
  const block = new Float64Array(own.length ** 2);
  own.forEach((row, i) => own.forEach((column, j) => (block[i * own.length + j] = precision[row * size + column]!)));
  const first = new Float64Array(own.length);
  first[0] = 1;
  return solve(block, own.length, first);
}

/** What an account's entries count for the companions: families in the first columns, products behind them. */
export const familyWeight = (state: number): number => ((state & held.recent) !== 0 ? 1 : FADED);
export const productWeight = (recent: number): number => PRODUCT_SHARE * (recent === 1 ? 1 : FADED);

function boughtRows({ holdings, products, families, accounts }: View, columns: number): Rows {
  const start = new Int32Array(accounts.count + 1);
  const most = holdings.family.length + products.product.length;
  const column = new Int32Array(most);
  const value = new Float64Array(most);
  let length = 0;
  for (let account = 0; account < accounts.count; account++) {
    for (let entry = holdings.start[account]!; entry < holdings.start[account + 1]!; entry++) {
      if (!isOwned(holdings, entry)) continue;
      column[length] = holdings.family[entry]!;
      value[length++] = familyWeight(holdings.state[entry]!);
    }
    if (columns > 0) {
      for (let entry = products.start[account]!; entry < products.start[account + 1]!; entry++) {
        column[length] = families.length + products.product[entry]!;
        value[length++] = productWeight(products.recent[entry]!);
      }
    }
    start[account + 1] = length;
  }
  return { start, column: column.subarray(0, length), value: value.subarray(0, length) };
}

/** Below this share of what is usual, a lift counts as this. */
const SMALLEST_LIFT = 0.001;

function liftsOf(view: View, owned: Rows, together: Float64Array, penetration: Float64Array): Lifts {
  const families = view.families.length;
  const lift = new Float64Array(families * families);
  for (let from = 0; from < families; from++) {
    const buyers = together[from * families + from]! + PRIOR_ACCOUNTS;
    for (let to = 0; to < families; to++) {
      const usual = penetration[to]!;
      if (from === to || usual === 0) continue;
      const share = (together[from * families + to]! + PRIOR_ACCOUNTS * usual) / buyers;
      lift[from * families + to] = Math.log(Math.max(share / usual, SMALLEST_LIFT));
    }
  }
  return { of: lift, mean: meanLifts(view, owned, lift) };
}

/**
 * The mean lift of a family over the accounts that do not own it.
 *
 * An account's lift is the mean over what it owns, so that summing it over the accounts takes one more Gram matrix, in
 * which an account that owns n families counts 1/n, and no pass over the pairs.
 */
function meanLifts(view: View, owned: Rows, lift: Float64Array): Float64Array {
  const families = view.families.length;
  const value = new Float64Array(owned.column.length);
  const without = Float64Array.from({ length: families }, () => view.accounts.count);
  for (let account = 0; account < view.accounts.count; account++) {
    const [from, to] = [owned.start[account]!, owned.start[account + 1]!];
    value.fill(1 / Math.sqrt(to - from), from, to);
    for (let entry = from; entry < to; entry++) without[owned.column[entry]!]!--;
  }
  const shared = gram({ ...owned, value }, families);
  const alone = new Float64Array(families);
  owned.column.forEach((family, entry) => (alone[family]! += value[entry]! ** 2));
  return without.map((accounts, family) => {
    if (accounts === 0) return 0;
    let sum = 0;
    for (let from = 0; from < families; from++) {
      sum += (alone[from]! - shared[from * families + family]!) * lift[from * families + family]!;
    }
    return sum / accounts;
  });
}

/** Up to `most` accounts, evenly spaced in order of id, of which those that owned anything one horizon ago. */
function lookalikesOf(view: View, most: number): Lookalikes | null {
  const { count } = view.accounts;
  const spaced = count <= most ? count : most;
  const account = Int32Array.from({ length: spaced }, (_, j) =>
    count <= most ? j : Math.floor((j * count) / most),
  ).filter((candidate) => hadAny(view, candidate, held.before));
  if (account.length <= FEWEST_LANDMARKS) return null;
  const had = listsBy(view, account, held.before, 0);
  const adopted = listsBy(view, account, held.now, held.before);
  return {
    account,
    owned: account.map((_, l) => had.start[l + 1]! - had.start[l]!),
    ...inverted(had, view.families.length),
    had: { start: had.start, of: had.column },
    adopted: { start: adopted.start, of: adopted.column },
  };
}

/** Rows by column, rows ascending. */
function inverted(
  lists: { start: Int32Array; column: Int32Array },
  columns: number,
): { start: Int32Array; landmark: Int32Array } {
  const start = new Int32Array(columns + 1);
  for (const column of lists.column) start[column + 1]!++;
  for (let next = 1; next <= columns; next++) start[next]! += start[next - 1]!;
  const at = start.slice();
  const landmark = new Int32Array(lists.column.length);
  for (let row = 0; row + 1 < lists.start.length; row++) {
    for (let i = lists.start[row]!; i < lists.start[row + 1]!; i++) landmark[at[lists.column[i]!]!++] = row;
  }
  return { start, landmark };
}
