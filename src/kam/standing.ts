/** What the org says today about one account, and what it shall say: one shape for both, so that a plan is a difference. */
import type { Gate, GateResult, Segment, Tier } from './funnel.js';
import type { Cents, Fraction, IsoDate, Points, RecordId } from './units.js';

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
  assessedOn: IsoDate | null;
};

/** A review task as the org has it. */
export type StandingTask = {
  id: RecordId;
  ref: string;
  accountId: RecordId;
  ownerId: RecordId;
  isClosed: boolean;
};
