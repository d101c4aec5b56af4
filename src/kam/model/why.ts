/** Why an account is likely to buy a family: parts that add up, and the counts behind them. */
import type { Fraction } from '../units.js';
import type { AdoptionModel } from './adoption.js';
import { familyWeight, productWeight, type Evidence } from './evidence.js';
import { featureNames, nearestOf, termsOf, type AccountTerms, type FeatureName } from './features.js';
import { logit, sigmoid } from './logistic.js';
import type { GroupingKind } from './peers.js';
import { BLANK, isOwned } from './view.js';

/**
 * Why a probability is what it is, exact: the log-odds are `base` plus the parts of all terms.
 *
 * Shape:  the parts of `companions` and `lift` are those of `owned` plus `usual`: what the mean pair has is taken off.
 */
export type AdoptionWhy = {
  readonly family: string;
  readonly probability: Fraction;
  readonly logOdds: number;
  readonly base: number;
  /** In order of the features. */
  readonly terms: readonly { readonly feature: FeatureName; readonly value: number; readonly part: number }[];
  /** What each thing that the account owns speaks for the family, the strongest first. */
  readonly owned: readonly OwnedPart[];
  readonly usual: { readonly companions: number; readonly lift: number };
  /** Comparable accounts that own the family, of all others in the group, per grouping that says something. */
  readonly peers: readonly { readonly by: GroupingKind; readonly accounts: number; readonly owners: number }[];
  /** Accounts that looked like this one a horizon ago: those that could have adopted since, and those that did. */
  readonly lookalikes: { readonly accounts: number; readonly adopted: number } | null;
  /** Of the others that own what speaks loudest, those that own the family too; null where nothing owned speaks for it. */
  readonly together: Together | null;
};

/** “14 of 18 comparable accounts that buy Pumps and Valves also buy Service”: one or two families, and among whom. */
export type Together = {
  readonly families: readonly string[];
  readonly among: GroupingKind | 'all';
  readonly buyers: number;
  readonly alsoBuy: number;
};

export type OwnedPart =
  | {
      readonly is: 'family';
      readonly name: string;
      readonly companions: number;
      readonly lift: number;
      /** Accounts that own it, and those of them that own the family in question too. */
      readonly buyers: number;
      readonly alsoBuy: number;
    }
  | { readonly is: 'product'; readonly name: string; readonly companions: number };

/** Explains the pairs of one account; the family must be one that it does not own. */
export type Explain = (family: number) => AdoptionWhy;

/** A reader of accounts in any order; what it gives for one is good until the next is asked for. */
export function explainer(evidence: Evidence, model: AdoptionModel): (account: number) => Explain {
  const { weights, moments, calibration } = model;
  const { families, accounts } = evidence.view;
  const read = termsOf(evidence);
  const lookalikesOf = lookalikesReader(evidence);
  const countTogether = togetherReader(evidence);
  const step = (name: FeatureName): number => (calibration.slope * weights[name]) / moments.deviation[name];
  const steps = { companions: step('companions'), lift: step('lift') };
  const base = calibration.intercept + calibration.drift;
  return (account) => {
    if (account < 0 || account >= accounts.count) throw new RangeError(`The view has no account ${account}.`);
    const accountTerms = read(account);
    const lookalikes = lookalikesOf(account);
    return (family) => {
      const owned = ownedParts(evidence, account, family, steps);
      const terms = featureNames.map((feature) => {
        const value = valueOf(evidence, accountTerms, feature, family);
        return { feature, value, part: step(feature) * (value - moments.mean[feature]) };
      });
      const logOdds = terms.reduce((sum, { part }) => sum + part, base);
      return {
        family: families[family]!,
        probability: sigmoid(logOdds),
        logOdds,
        base,
        terms,
        owned,
        usual: {
          companions: -steps.companions * moments.mean.companions,
          lift: -steps.lift * (evidence.lifts.mean[family]! + moments.mean.lift),
        },
        peers: peersOf(evidence, account, family),
        lookalikes: lookalikes(family),
        together: countTogether(account, family, owned),
      };
    };
  };
}

function valueOf(evidence: Evidence, terms: AccountTerms, feature: FeatureName, family: number): number {
  if (feature === 'recentRate') return logit(evidence.rate[family]!);
  if (feature === 'penetration') return logit(evidence.penetration[family]!);
  const term = terms[feature];
  return typeof term === 'number' ? term : term[family]!;
}

function ownedParts(
  { view, companions, lifts, together }: Evidence,
  account: number,
  family: number,
  step: { companions: number; lift: number },
): OwnedPart[] {
  const { holdings, products, families } = view;
  const size = families.length;
  const own: { family: number; state: number }[] = [];
  for (let entry = holdings.start[account]!; entry < holdings.start[account + 1]!; entry++) {
    if (isOwned(holdings, entry)) own.push({ family: holdings.family[entry]!, state: holdings.state[entry]! });
  }
  const parts: OwnedPart[] = own.map(({ family: from, state }) => ({
    is: 'family',
    name: families[from]!,
    companions: step.companions * familyWeight(state) * companions.fromFamily[from * size + family]!,
    lift: (step.lift * lifts.of[from * size + family]!) / own.length,
    buyers: together[from * size + from]!,
    alsoBuy: together[from * size + family]!,
  }));
  if (companions.products > 0) {
    for (let entry = products.start[account]!; entry < products.start[account + 1]!; entry++) {
      const product = products.product[entry]!;
      const weight = productWeight(products.recent[entry]!) * companions.fromProduct[product * size + family]!;
      if (weight === 0) continue;
      parts.push({ is: 'product', name: products.names[product]!, companions: step.companions * weight });
    }
  }
  return parts.toSorted((a, b) => strength(b) - strength(a) || (a.name < b.name ? -1 : 1));
}

const strength = (part: OwnedPart): number => part.companions + (part.is === 'family' ? part.lift : 0);

function peersOf({ groupings }: Evidence, account: number, family: number): AdoptionWhy['peers'] {
  return groupings.flatMap(({ by, group, accounts, start, family: families, owners }) => {
    const own = group[account]!;
    if (own === BLANK) return [];
    const at = families.subarray(start[own], start[own + 1]).indexOf(family);
    return [{ by, accounts: accounts[own]! - 1, owners: at < 0 ? 0 : owners[start[own]! + at]! }];
  });
}

/** Of the accounts most alike, how many could have adopted each family, and how many did. */
function lookalikesReader(evidence: Evidence): (account: number) => (family: number) => AdoptionWhy['lookalikes'] {
  const { lookalikes, view } = evidence;
  if (lookalikes === null) return () => () => null;
  const nearest = nearestOf(evidence, lookalikes);
  const had = new Int32Array(view.families.length);
  const adopted = new Int32Array(view.families.length);
  const both = new Int32Array(view.families.length);
  return (account) => {
    const { landmarks, count } = nearest(account);
    for (const tally of [had, adopted, both]) tally.fill(0);
    for (const landmark of landmarks.subarray(0, count)) {
      const before = rowOf(lookalikes.had, landmark);
      for (const family of before) had[family]!++;
      for (const family of rowOf(lookalikes.adopted, landmark)) {
        adopted[family]!++;
        if (before.includes(family)) both[family]!++;
      }
    }
    return (family) => ({ accounts: count - had[family]!, adopted: adopted[family]! - both[family]! });
  };
}

const rowOf = ({ start, of }: { start: Int32Array; of: Int32Array }, row: number): Int32Array =>
  of.subarray(start[row], start[row + 1]);

/** Fewer buyers than this say nothing; then a wider circle is asked. */
const FEWEST_BUYERS = 5;
const LOUDEST = 2;

function togetherReader(
  evidence: Evidence,
): (account: number, family: number, owned: readonly OwnedPart[]) => Together | null {
  const { view, groupings } = evidence;
  const everyone = Int32Array.from({ length: view.accounts.count }, (_, account) => account);
  const circles = groupings.map(({ by, group, accounts }) => {
    return { by, group, members: membersOf(group, accounts.length) };
  });
  const countIn = counter(ownerSets(evidence));
  return (account, family, owned) => {
    const loudest = owned
      .filter((part) => part.is === 'family' && strength(part) > 0)
      .slice(0, LOUDEST)
      .map(({ name }) => name);
    if (loudest.length === 0) return null;
    const bought = loudest.map((name) => view.families.indexOf(name));
    for (const { by, group, members } of circles) {
      const own = group[account]!;
      if (own === BLANK) continue;
      const counted = countIn(`${by} ${own}`, members(own), bought, family);
      if (counted.buyers >= FEWEST_BUYERS) return { families: loudest, among: by, ...counted };
    }
    return { families: loudest, among: 'all', ...countIn('all', everyone, bought, family) };
  };
}

/** Counts kept, some 20 MB: what is asked of one account is mostly asked of its peers too. */
const KEPT_COUNTS = 100_000;

type Counted = Pick<Together, 'buyers' | 'alsoBuy'>;

/** Counts among accounts, for one of them that owns all of `bought` and not `family`: it is left out. */
function counter(
  ownersOf: (family: number) => Uint8Array,
): (name: string, among: Int32Array, bought: readonly number[], family: number) => Counted {
  const kept = new Map<string, Counted>();
  const count = (among: Int32Array, sets: readonly Uint8Array[], adopters: Uint8Array): Counted => {
    let buyers = -1;
    let alsoBuy = 0;
    for (const other of among) {
      if (!sets.every((set) => set[other] === 1)) continue;
      buyers++;
      alsoBuy += adopters[other]!;
    }
    return { buyers, alsoBuy };
  };
  return (name, among, bought, family) => {
    const key = `${name} ${bought.join()} ${family}`;
    const known = kept.get(key);
    if (known !== undefined) return known;
    const counted = count(among, bought.map(ownersOf), ownersOf(family));
    if (kept.size >= KEPT_COUNTS) kept.clear();
    kept.set(key, counted);
    return counted;
  };
}

/** The accounts of each group, ascending. */
function membersOf(group: Int32Array, groups: number): (of: number) => Int32Array {
  const start = new Int32Array(groups + 1);
  for (const of of group) if (of !== BLANK) start[of + 1]!++;
  for (let of = 0; of < groups; of++) start[of + 1]! += start[of]!;
  const members = new Int32Array(start[groups]!);
  const next = start.slice();
  group.forEach((of, account) => {
    if (of !== BLANK) members[next[of]!++] = account;
  });
  return (of) => members.subarray(start[of], start[of + 1]);
}

/** Whether each account owns a family, 1 or 0; each set is made when it is first asked for. */
function ownerSets({ view: { holdings, accounts } }: Evidence): (family: number) => Uint8Array {
  const sets: (Uint8Array | undefined)[] = [];
  const setOf = (family: number): Uint8Array => {
    const owners = new Uint8Array(accounts.count);
    for (let account = 0; account < accounts.count; account++) {
      for (let entry = holdings.start[account]!; entry < holdings.start[account + 1]!; entry++) {
        if (holdings.family[entry] === family && isOwned(holdings, entry)) owners[account] = 1;
      }
    }
    return owners;
  };
  return (family) => (sets[family] ??= setOf(family));
}
