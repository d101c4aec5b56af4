/** The twelve terms that speak for or against an account buying a family that it does not own yet. */
import { familyWeight, hadAny, PRIOR_ACCOUNTS, productWeight, type Evidence, type Lookalikes } from './evidence.js';
import { logit } from './logistic.js';
import type { Grouping } from './peers.js';
import { BLANK, held, isOwned } from './view.js';

/** Terms of the family, and of the account (with the family or by itself); higher is more likely. */
export const familyFeatures = ['recentRate', 'penetration'] as const;
export const accountFeatures = [
  'peers',
  'companions',
  'lift',
  'lookalikes',
  'breadth',
  'youth',
  'recency',
  'revenue',
  'newcomer',
  'pace',
] as const;
export const featureNames = [...familyFeatures, ...accountFeatures] as const;

export type FamilyFeature = (typeof familyFeatures)[number];
export type AccountFeature = (typeof accountFeatures)[number];
export type FeatureName = (typeof featureNames)[number];

export const byFeature = <T>(of: (name: FeatureName) => T): Record<FeatureName, T> => ({
  recentRate: of('recentRate'),
  penetration: of('penetration'),
  peers: of('peers'),
  companions: of('companions'),
  lift: of('lift'),
  lookalikes: of('lookalikes'),
  breadth: of('breadth'),
  youth: of('youth'),
  recency: of('recency'),
  revenue: of('revenue'),
  newcomer: of('newcomer'),
  pace: of('pace'),
});

/** The names that files of predictions carry: those of the reference, so that figures can be compared. */
export const columnNames: Readonly<Record<FeatureName, string>> = {
  recentRate: 'lp_adopt',
  penetration: 'lp_pen',
  peers: 'd_peer',
  companions: 'ease_k',
  lift: 'lift',
  lookalikes: 'lookalike',
  breadth: 'nprod',
  youth: 'young',
  recency: 'nrec',
  revenue: 'rev',
  newcomer: 'new90',
  pace: 'vel',
};

/** Pairs of an account and a family that it does not own, by account, then family. */
export type Candidates = {
  readonly count: number;
  readonly account: Int32Array;
  readonly family: Int32Array;
  readonly features: Readonly<Record<FeatureName, Float64Array>>;
};

export type Labels = {
  /** 1 where the account's net sales of the family over the horizon are positive. */
  readonly adopted: Uint8Array;
  /** Net over the horizon, in cents. */
  readonly spend: Float64Array;
};

/** Accounts from one up to, but not including, another. */
export type AccountRange = { readonly from: number; readonly to: number };

/**
 * The candidate pairs of a range of accounts with their features.
 *
 * Shape:  every pair, or the first and then each `every`-th of the range, in order of account and family.
 */
export function candidatesOf(evidence: Evidence, range: AccountRange, every = 1): Candidates {
  const pairs = pairsOf(evidence, range, every);
  const features = byFeature(() => new Float64Array(pairs.count));
  const read = termsOf(evidence);
  for (let pair = 0; pair < pairs.count;) {
    const account = pairs.account[pair]!;
    const terms = read(account);
    for (; pair < pairs.count && pairs.account[pair] === account; pair++) {
      const family = pairs.family[pair]!;
      features.recentRate[pair] = logit(evidence.rate[family]!);
      features.penetration[pair] = logit(evidence.penetration[family]!);
      features.peers[pair] = terms.peers[family]!;
      features.companions[pair] = terms.companions[family]!;
      features.lift[pair] = terms.lift[family]!;
      features.lookalikes[pair] = terms.lookalikes[family]!;
      features.breadth[pair] = terms.breadth;
      features.youth[pair] = terms.youth;
      features.recency[pair] = terms.recency;
      features.revenue[pair] = terms.revenue;
      features.newcomer[pair] = terms.newcomer;
      features.pace[pair] = terms.pace;
    }
  }
  return { ...pairs, features };
}

/** What came of each pair, where the view reaches beyond its cut. */
export function labelsOf(
  evidence: Evidence,
  candidates: Pick<Candidates, 'count' | 'account' | 'family'>,
): Labels | null {
  const { after } = evidence.view;
  if (after === null) return null;
  const adopted = new Uint8Array(candidates.count);
  const spend = new Float64Array(candidates.count);
  for (let pair = 0; pair < candidates.count; pair++) {
    const account = candidates.account[pair]!;
    for (let entry = after.start[account]!; entry < after.start[account + 1]!; entry++) {
      if (after.family[entry] !== candidates.family[pair]) continue;
      spend[pair] = after.cents[entry]!;
      adopted[pair] = after.cents[entry]! > 0 ? 1 : 0;
    }
  }
  return { adopted, spend };
}

function pairsOf(evidence: Evidence, { from, to }: AccountRange, every: number): Omit<Candidates, 'features'> {
  const { view, open } = evidence;
  const account: number[] = [];
  const family: number[] = [];
  const owns = new Uint8Array(view.families.length);
  let passed = every - 1;
  for (let a = from; a < to; a++) {
    markOwned(evidence, a, owns, 1);
    for (const f of open) {
      if (owns[f] === 1) continue;
      if (++passed < every) continue;
      passed = 0;
      account.push(a);
      family.push(f);
    }
    markOwned(evidence, a, owns, 0);
  }
  return { count: account.length, account: Int32Array.from(account), family: Int32Array.from(family) };
}

function markOwned({ view: { holdings } }: Evidence, account: number, owns: Uint8Array, mark: 0 | 1): void {
  for (let entry = holdings.start[account]!; entry < holdings.start[account + 1]!; entry++) {
    if (isOwned(holdings, entry)) owns[holdings.family[entry]!] = mark;
  }
}

/** The terms of one account; the arrays are by family and are written over when the next account is read. */
export type AccountTerms = {
  readonly peers: Float64Array;
  readonly companions: Float64Array;
  readonly lift: Float64Array;
  readonly lookalikes: Float64Array;
  readonly breadth: number;
  readonly youth: number;
  readonly recency: number;
  readonly revenue: number;
  readonly newcomer: number;
  readonly pace: number;
};

/** A reader of accounts in any order. Arrays are true for families that the account does not own. */
export function termsOf(evidence: Evidence): (account: number) => AccountTerms {
  const { accounts, families } = evidence.view;
  const peers = new Float64Array(families.length);
  const companions = new Float64Array(families.length);
  const lift = new Float64Array(families.length);
  const lookalikes = new Float64Array(families.length);
  const readPeers = peersReader(evidence);
  const readLookalikes = lookalikesReader(evidence);
  return (account) => {
    readPeers(account, peers);
    readCompanions(evidence, account, companions);
    readLift(evidence, account, lift);
    readLookalikes(account, lookalikes);
    return {
      peers,
      companions,
      lift,
      lookalikes,
      breadth: Math.log(1 + accounts.products[account]!),
      youth: -Math.log(accounts.sinceFirst[account]! + TENURE_OFFSET),
      recency: -Math.log(1 + accounts.sinceLast[account]!),
      revenue: Math.log(1 + Math.max(0, accounts.revenue[account]! / 100)),
      newcomer: accounts.sinceFirst[account]! < NEWCOMER_DAYS ? 1 : 0,
      pace: pace(evidence, account),
    };
  };
}

const TENURE_OFFSET = 60;
const NEWCOMER_DAYS = 90;

/** How much more of the comparable accounts own the family than of all, mean over the groupings. */
function peersReader(evidence: Evidence): (account: number, into: Float64Array) => void {
  const { groupings, penetration } = evidence;
  const usual = penetration.map(logit);
  const rows = groupings.map((grouping) => groupReader(evidence, grouping));
  return (account, into) => {
    into.fill(0);
    groupings.forEach((grouping, g) => {
      const group = grouping.group[account]!;
      if (group === BLANK) return;
      const row = rows[g]!(group);
      for (let family = 0; family < into.length; family++) into[family]! += row[family]! - usual[family]!;
    });
    for (let family = 0; family < into.length; family++) into[family]! /= groupings.length;
  };
}

/** Groups whose rows are worth keeping; beyond, a row is computed each time: memory stays small with 100,000 parents. */
const KEPT_CELLS = 2_000_000;

/** Log-odds of each family among the others of a group: the account itself does not own it, so it is left out. */
function groupReader({ penetration }: Evidence, grouping: Grouping): (group: number) => Float64Array {
  const compute = (group: number, row: Float64Array): Float64Array => {
    const others = grouping.accounts[group]! - 1 + PRIOR_ACCOUNTS;
    for (let family = 0; family < row.length; family++) row[family] = PRIOR_ACCOUNTS * penetration[family]!;
    for (let entry = grouping.start[group]!; entry < grouping.start[group + 1]!; entry++) {
      row[grouping.family[entry]!]! += grouping.owners[entry]!;
    }
    for (let family = 0; family < row.length; family++) row[family] = logit(row[family]! / others);
    return row;
  };
  if (grouping.accounts.length * penetration.length > KEPT_CELLS) {
    const row = new Float64Array(penetration.length);
    return (group) => compute(group, row);
  }
  const kept: (Float64Array | undefined)[] = [];
  return (group) => (kept[group] ??= compute(group, new Float64Array(penetration.length)));
}

function readCompanions({ view, companions }: Evidence, account: number, into: Float64Array): void {
  const { holdings, products } = view;
  into.fill(0);
  for (let entry = holdings.start[account]!; entry < holdings.start[account + 1]!; entry++) {
    if (!isOwned(holdings, entry)) continue;
    addRow(into, companions.fromFamily, holdings.family[entry]!, familyWeight(holdings.state[entry]!));
  }
  if (companions.products === 0) return;
  for (let entry = products.start[account]!; entry < products.start[account + 1]!; entry++) {
    addRow(into, companions.fromProduct, products.product[entry]!, productWeight(products.recent[entry]!));
  }
}

function readLift({ view: { holdings }, lifts }: Evidence, account: number, into: Float64Array): void {
  into.fill(0);
  let owned = 0;
  for (let entry = holdings.start[account]!; entry < holdings.start[account + 1]!; entry++) {
    if (!isOwned(holdings, entry)) continue;
    addRow(into, lifts.of, holdings.family[entry]!, 1);
    owned++;
  }
  const share = 1 / Math.max(owned, 1);
  for (let family = 0; family < into.length; family++) into[family] = into[family]! * share - lifts.mean[family]!;
}

function addRow(into: Float64Array, matrix: Float64Array, row: number, weight: number): void {
  const base = row * into.length;
  for (let column = 0; column < into.length; column++) into[column]! += weight * matrix[base + column]!;
}

/** Landmarks that an account is compared with at most, and pseudo-accounts by which they are drawn to the usual rate. */
const NEAREST = 100;
const PRIOR_LOOKALIKES = 3;

/** What accounts that looked like this one a horizon ago have bought since, against how often all have. */
function lookalikesReader(evidence: Evidence): (account: number, into: Float64Array) => void {
  const { lookalikes, view, rate } = evidence;
  if (lookalikes === null) return (_, into) => void into.fill(0);
  const usual = rate.map(logit);
  const nearest = nearestOf(evidence, lookalikes);
  const had = new Float64Array(view.families.length);
  const adopted = new Float64Array(view.families.length);
  return (account, into) => {
    const { landmarks, weights, count } = nearest(account);
    had.fill(0);
    adopted.fill(0);
    let total = 0;
    for (let i = 0; i < count; i++) {
      const landmark = landmarks[i]!;
      const weight = weights[i]!;
      total += weight;
      addList(had, lookalikes.had, landmark, weight);
      addList(adopted, lookalikes.adopted, landmark, weight);
    }
    for (let family = 0; family < into.length; family++) {
      const could = total - had[family]! + PRIOR_LOOKALIKES;
      into[family] = logit((adopted[family]! + PRIOR_LOOKALIKES * rate[family]!) / could) - usual[family]!;
    }
  };
}

function addList(into: Float64Array, lists: { start: Int32Array; of: Int32Array }, row: number, weight: number): void {
  for (let i = lists.start[row]!; i < lists.start[row + 1]!; i++) into[lists.of[i]!]! += weight;
}

type Nearest = { landmarks: Int32Array; weights: Float64Array; count: number };

/** The landmarks most alike by families shared, over the root of both counts; ties in order of landmark. */
export function nearestOf({ view: { holdings } }: Evidence, lookalikes: Lookalikes): (account: number) => Nearest {
  const count = lookalikes.account.length;
  const most = Math.min(NEAREST, count - 1);
  const shared = new Int32Array(count);
  const met = new Int32Array(count);
  const closeness = new Float64Array(count);
  const landmarks = new Int32Array(most);
  const weights = new Float64Array(most);
  return (account) => {
    let owned = 0;
    let found = 0;
    for (let entry = holdings.start[account]!; entry < holdings.start[account + 1]!; entry++) {
      if (!isOwned(holdings, entry)) continue;
      owned++;
      const family = holdings.family[entry]!;
      for (let i = lookalikes.start[family]!; i < lookalikes.start[family + 1]!; i++) {
        const landmark = lookalikes.landmark[i]!;
        if (lookalikes.account[landmark] === account) continue;
        if (shared[landmark]!++ === 0) met[found++] = landmark;
      }
    }
    for (let i = 0; i < found; i++) closeness[i] = shared[met[i]!]! / Math.sqrt(owned * lookalikes.owned[met[i]!]!);
    const line = found > most ? atRank(closeness.slice(0, found), most - 1) : 0;
    let taken = 0;
    for (let i = 0; i < found; i++) {
      shared[met[i]!] = 0;
      if (closeness[i]! <= line) continue;
      landmarks[taken] = met[i]!;
      weights[taken++] = closeness[i]!;
    }
    const ties = met
      .subarray(0, found)
      .filter((_, i) => closeness[i] === line)
      .sort();
    for (let i = 0; i < ties.length && taken < most; i++) {
      landmarks[taken] = ties[i]!;
      weights[taken++] = line;
    }
    return { landmarks, weights, count: taken };
  };
}

/** The value that stands at a rank when sorted from the largest, 0 first; the array is put in another order. */
function atRank(values: Float64Array, rank: number): number {
  let from = 0;
  let to = values.length - 1;
  for (;;) {
    const pivot = values[(from + to) >> 1]!;
    let left = from;
    let right = to;
    while (left <= right) {
      while (values[left]! > pivot) left++;
      while (values[right]! < pivot) right--;
      if (left > right) break;
      [values[left], values[right]] = [values[right]!, values[left]!];
      left++;
      right--;
    }
    if (rank <= right) to = right;
    else if (rank >= left) from = left;
    else return values[rank]!;
  }
}

/** Families that came in over half a horizon, against as many as usually come to an account that owns what it does. */
function pace(evidence: Evidence, account: number): number {
  const { view, halfRate } = evidence;
  if (!hadAny(view, account, held.halfway)) return 0;
  let came = 0;
  let expected = halfRate.reduce((sum, rate) => sum + rate, 0);
  const { holdings } = view;
  for (let entry = holdings.start[account]!; entry < holdings.start[account + 1]!; entry++) {
    if ((holdings.state[entry]! & held.halfway) !== 0) expected -= halfRate[holdings.family[entry]!]!;
    else if (isOwned(holdings, entry)) came++;
  }
  return Math.log((came + 0.5) / (expected + 0.5));
}
