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

/** Explains pairs one by one; the family must be one that the account does not own. */
export function explainer(evidence: Evidence, model: AdoptionModel): (account: number, family: number) => AdoptionWhy {
  const { weights, moments, calibration } = model;
  const read = termsOf(evidence);
  const nearest = evidence.lookalikes === null ? null : nearestOf(evidence, evidence.lookalikes);
  const countTogether = togetherReader(evidence);
  const step = (name: FeatureName): number => (calibration.slope * weights[name]) / moments.deviation[name];
  return (account, family) => {
    const accountTerms = read(account);
    const owned = ownedParts(evidence, account, family, { companions: step('companions'), lift: step('lift') });
    const terms = featureNames.map((feature) => {
      const value = valueOf(evidence, accountTerms, feature, family);
      return { feature, value, part: step(feature) * (value - moments.mean[feature]) };
    });
    const base = calibration.intercept + calibration.drift;
    const logOdds = terms.reduce((sum, { part }) => sum + part, base);
    return {
      family: evidence.view.families[family]!,
      probability: sigmoid(logOdds),
      logOdds,
      base,
      terms,
      owned,
      usual: {
        companions: -step('companions') * moments.mean.companions,
        lift: -step('lift') * (evidence.lifts.mean[family]! + moments.mean.lift),
      },
      peers: peersOf(evidence, account, family),
      lookalikes: nearest === null ? null : lookalikesOf(evidence, nearest(account), family),
      together: countTogether(account, family, owned),
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

function lookalikesOf(
  { lookalikes }: Evidence,
  { landmarks, count }: { landmarks: Int32Array; count: number },
  family: number,
): AdoptionWhy['lookalikes'] {
  if (lookalikes === null) return null;
  const has = ({ start, of }: { start: Int32Array; of: Int32Array }, landmark: number): boolean =>
    of.subarray(start[landmark], start[landmark + 1]).includes(family);
  const could = [...landmarks.subarray(0, count)].filter((landmark) => !has(lookalikes.had, landmark));
  return { accounts: could.length, adopted: could.filter((landmark) => has(lookalikes.adopted, landmark)).length };
}

/** Fewer buyers than this say nothing; then a wider circle is asked. */
const FEWEST_BUYERS = 5;
const LOUDEST = 2;

function togetherReader(
  evidence: Evidence,
): (account: number, family: number, owned: readonly OwnedPart[]) => Together | null {
  const { view, groupings } = evidence;
  const ownersOf = ownerLists(evidence);
  return (account, family, owned) => {
    const loudest = owned
      .filter((part) => part.is === 'family' && strength(part) > 0)
      .slice(0, LOUDEST)
      .map(({ name }) => name);
    const [first, second] = loudest.map((name) => view.families.indexOf(name));
    if (first === undefined) return null;
    const others = ownersOf(first).filter((other) => other !== account);
    const buyers = second === undefined ? others : common(others, ownersOf(second));
    const adopters = common(buyers, ownersOf(family));
    const circle = groupings.find(({ group }) => {
      const own = group[account]!;
      return own !== BLANK && buyers.filter((other) => group[other] === own).length >= FEWEST_BUYERS;
    });
    const inCircle = (accounts: Int32Array): number =>
      circle === undefined
        ? accounts.length
        : accounts.filter((other) => circle.group[other] === circle.group[account]).length;
    return { families: loudest, among: circle?.by ?? 'all', buyers: inCircle(buyers), alsoBuy: inCircle(adopters) };
  };
}

/** The accounts that own a family, ascending; each list is made when it is first asked for. */
function ownerLists({ view: { holdings, accounts } }: Evidence): (family: number) => Int32Array {
  const lists = new Map<number, Int32Array>();
  const listOf = (family: number): Int32Array => {
    const owners: number[] = [];
    for (let account = 0; account < accounts.count; account++) {
      for (let entry = holdings.start[account]!; entry < holdings.start[account + 1]!; entry++) {
        if (holdings.family[entry] === family && isOwned(holdings, entry)) owners.push(account);
      }
    }
    return Int32Array.from(owners);
  };
  return (family) => {
    const kept = lists.get(family) ?? listOf(family);
    lists.set(family, kept);
    return kept;
  };
}

/** What two ascending lists have in common. */
function common(left: Int32Array, right: Int32Array): Int32Array {
  let at = 0;
  return left.filter((account) => {
    while (at < right.length && right[at]! < account) at++;
    return right[at] === account;
  });
}
