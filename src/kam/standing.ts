/** What the org says today about one account, and what it shall say: one shape for both, so that a plan is a difference. */
import { inCurrency, type OwnCurrency } from './currency.js';
import type { GroupFacts } from './facts.js';
import {
  shortfalls,
  type Decision,
  type Gate,
  type GateResult,
  type Segment,
  type StandingDecision,
  type Tier,
} from './funnel.js';
import type { GroupPotential } from './potential.js';
import type { Settings } from './settings.js';
import type { Cents, Fraction, IsoDate, Points, RecordId } from './units.js';
import { isKnown, type Unknown } from './unknown.js';
import { nextStepWithLever, reasonsText } from './wording.js';

/**
 * Everything the worker writes on an account; null is an empty field.
 *
 * Units: money in cents (2 decimals in the CRM), score with 2 decimals, fractions with 4 (percent with 2 in the CRM).
 */
export type AccountMark = {
  tier: Tier | null;
  segment: Segment | null;
  gate: Gate | null;
  gateResult: GateResult | null;
  score: Points | null;
  confidence: Fraction | null;
  revenue: Cents | null;
  crossSell: Cents | null;
  upSell: Cents | null;
  additionalPotential: Cents | null;
  revenueAtRisk: Cents | null;
  contributionMargin: Cents | null;
  walletShare: Fraction | null;
  reasons: string | null;
  nextStep: string | null;
  groupId: RecordId | null;
  /** The day of the latest change of a rating, and the worker's memory of all of them. */
  ratedOn: IsoDate | null;
  ratedAs: string | null;
  /** The day on which the tier last changed; empty as long as the first one stands. */
  tierSince: IsoDate | null;
  /** The as-of day since which a key account would not pass by its figures. */
  belowSince: IsoDate | null;
  assessedOn: IsoDate | null;
};

export const emptyMark: AccountMark = {
  tier: null,
  segment: null,
  gate: null,
  gateResult: null,
  score: null,
  confidence: null,
  revenue: null,
  crossSell: null,
  upSell: null,
  additionalPotential: null,
  revenueAtRisk: null,
  contributionMargin: null,
  walletShare: null,
  reasons: null,
  nextStep: null,
  groupId: null,
  ratedOn: null,
  ratedAs: null,
  tierSince: null,
  belowSince: null,
  assessedOn: null,
};

/** A review task as the org has it. */
export type StandingTask = {
  id: RecordId;
  ref: string;
  accountId: RecordId;
  ownerId: RecordId;
  isClosed: boolean;
  /** Closed by the worker because nothing was left to do, not by a person. */
  isMoot: boolean;
  /** As the org's picklist has it; null where it was not read. */
  status: string | null;
  /** What an open task says; null for a closed one. */
  description: string | null;
};

/** A mark before it is held against what stands: `belowSince` as if the key account had fallen short today. */
export type FreshMark = Omit<AccountMark, 'assessedOn' | 'tierSince'>;

/**
 * What an account shall say after this run, but for the days that depend on what it says today.
 *
 * Money, gates and reasons stand on the group's root only, so that reports don't count them twice; members carry
 * group, segment and tier. Figures are rounded as the CRM keeps them, so that a second run sees no difference.
 */
export function markOf(
  accountId: RecordId,
  facts: GroupFacts,
  potential: GroupPotential,
  decision: Decision,
  settings: Settings,
): FreshMark {
  const shared: FreshMark = { ...emptyMark, tier: decision.tier, segment: decision.segment, groupId: facts.groupId };
  if (accountId !== facts.groupId) return shared;
  return {
    ...shared,
    gate: decision.gate,
    gateResult: decision.gateResult,
    score: rounded(decision.score.points, 2),
    confidence: rounded(decision.score.confidence, 4),
    revenue: orNull(facts.yearlyRevenue),
    crossSell: orNull(potential.crossSell),
    upSell: orNull(potential.upSell),
    additionalPotential: orNull(potential.additional),
    revenueAtRisk: orNull(potential.revenueAtRisk),
    contributionMargin: orNull(facts.contributionMargin),
    walletShare: rounded(potential.walletShare, 4),
    reasons: reasonsText(decision, settings),
    nextStep: nextStepWithLever(decision, settings, facts.trust),
    ratedOn: facts.rated.on,
    ratedAs: facts.rated.memory,
    belowSince: isBelow(decision) ? facts.asOf : null,
  };
}

/** The same mark in the account's own currency. */
export function markIn<M extends FreshMark>(mark: M, currency: OwnCurrency): M {
  const money = moneyFields.map((field) => [field, inCurrency(mark[field], currency)]);
  return { ...mark, ...Object.fromEntries(money) };
}

const moneyFields = [
  'revenue',
  'crossSell',
  'upSell',
  'additionalPotential',
  'revenueAtRisk',
  'contributionMargin',
] as const;

/**
 * The desired mark: the day of the assessment moves to the as-of date only when something else changes, that of the tier
 * to today when it changes, and that of falling short stays as long as the key account does.
 */
export function desiredMark(
  stands: AccountMark,
  fresh: FreshMark,
  { asOf, today }: { asOf: IsoDate; today: IsoDate },
): AccountMark {
  const hasMoved = stands.tier !== null && stands.tier !== fresh.tier;
  const desired = {
    ...fresh,
    tierSince: fresh.gate === null ? null : hasMoved ? today : stands.tierSince,
    belowSince: fresh.belowSince === null ? null : (stands.belowSince ?? fresh.belowSince),
    assessedOn: stands.assessedOn,
  };
  return stands.assessedOn !== null && differenceOf(stands, desired) === null
    ? desired
    : { ...desired, assessedOn: asOf };
}

/** What a decision leaves standing once it is written: what the next run finds. */
export function standingAfter(
  decision: Decision,
  stands: StandingDecision,
  { asOf, today }: { asOf: IsoDate; today: IsoDate },
): StandingDecision {
  const { tier, segment, gate, gateResult } = decision;
  const hasMoved = stands.tier !== null && stands.tier !== tier;
  return {
    tier,
    segment,
    gate,
    gateResult,
    tierSince: hasMoved ? today : stands.tierSince,
    belowSince: isBelow(decision) ? (stands.belowSince ?? asOf) : null,
  };
}

const isBelow = (decision: Decision): boolean => decision.tier === 'key' && shortfalls(decision).length > 0;

/** The fields in which two marks differ, before and after; null where they say the same. */
export function differenceOf(
  stands: AccountMark,
  desired: AccountMark,
): { before: Partial<AccountMark>; after: Partial<AccountMark> } | null {
  const changed = markFields.filter((field) => stands[field] !== desired[field]);
  if (changed.length === 0) return null;
  return { before: pick(stands, changed), after: pick(desired, changed) };
}

export const markFields = [
  'tier',
  'segment',
  'gate',
  'gateResult',
  'score',
  'confidence',
  'revenue',
  'crossSell',
  'upSell',
  'additionalPotential',
  'revenueAtRisk',
  'contributionMargin',
  'walletShare',
  'reasons',
  'nextStep',
  'groupId',
  'ratedOn',
  'ratedAs',
  'tierSince',
  'belowSince',
  'assessedOn',
] as const satisfies readonly (keyof AccountMark)[];

function pick(mark: AccountMark, fields: readonly (keyof AccountMark)[]): Partial<AccountMark> {
  return Object.fromEntries(fields.map((field) => [field, mark[field]]));
}

const orNull = (value: Cents | Unknown): Cents | null => (isKnown(value) ? value : null);

function rounded(value: number | Unknown, decimals: number): number | null {
  return isKnown(value) ? Number(value.toFixed(decimals)) : null;
}
