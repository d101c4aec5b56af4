/** Milz's funnel: segment, strategic gate, score, ask the customer; the answer of each gate stays its own. */
import type { PeopleRated, StrategyCriterion } from './criteria.js';
import type { Rating } from './facts.js';
import type { Score } from './score.js';
import type { Cents, Fraction, IsoDate, Points, RecordId } from './units.js';
import type { Unknown, WhyUnknown } from './unknown.js';

export type Tier = 'key' | 'candidate' | 'large' | 'standard';
export type Segment = 'top' | 'development' | 'base' | 'small' | 'unknown';
export type Gate = 'segment' | 'strategy' | 'score' | 'ask';
export type GateResult = 'passed' | 'failed' | 'open' | 'undecided';

/** Lines that make revenue and additional potential "high" in this run. */
export type SegmentLines = { revenue: Cents; potential: Cents };

export type StrategyAnswer = {
  /** Weighted mean of the known ratings as a fraction of 3; the lowest and highest it could still become. */
  mean: Fraction | Unknown;
  lowest: Fraction;
  highest: Fraction;
  ratings: Record<StrategyCriterion, Rating | Unknown>;
  result: 'passed' | 'failed' | 'undecided';
  /** Ratings by people that are missing and could turn the result. */
  missing: PeopleRated[];
};

/** Why a group stands where it stands, as data; `wording.ts` says it in English or German. */
export type Reason =
  | { is: 'segment'; segment: Segment; revenue: Cents | Unknown; potential: Cents | Unknown; lines: SegmentLines; kept: boolean }
  | { is: 'excluded'; reason: string | null }
  | { is: 'strategyPassed'; mean: Fraction; by: 'mean' | StrategyCriterion }
  | { is: 'strategyFailed'; highest: Fraction; minimum: Fraction }
  | { is: 'strategyUndecided'; lowest: Fraction; highest: Fraction; minimum: Fraction; missing: PeopleRated[] }
  | { is: 'scoreExceeded'; points: Points; threshold: Points; best: ScoreReason[] }
  | { is: 'scoreNotExceeded'; points: Points; threshold: Points; worst: ScoreReason[] }
  | { is: 'scoreUndecided'; confidence: Fraction; minimum: Fraction; unknown: { criterion: string; why: WhyUnknown }[] }
  | { is: 'overCapacity'; rank: number; capacity: number }
  | { is: 'uncalibrated' }
  | { is: 'accepted'; on: IsoDate }
  | { is: 'acceptedNotEnough'; on: IsoDate }
  | { is: 'declined'; on: IsoDate; reason: string | null; reaskOn: IsoDate | null }
  | { is: 'asked'; on: IsoDate }
  | { is: 'notAsked' }
  | { is: 'overridden'; tier: Tier; reason: string; until: IsoDate }
  | { is: 'overrideRefused'; tier: Tier; because: 'noAgreement' | 'noReason' | 'noExpiry' | 'expired' };

export type ScoreReason = { criterion: string; contribution: Points };

export type NextStep =
  | { is: 'rate'; criteria: PeopleRated[] }
  | { is: 'ask' }
  | { is: 'await' }
  | { is: 'reask'; on: IsoDate | null }
  | { is: 'grow'; families: { family: string; amount: Cents }[] }
  | { is: 'retain' }
  | { is: 'learn'; criterion: string }
  | { is: 'none' };

export type Decision = {
  groupId: RecordId;
  segment: Segment;
  tier: Tier;
  /** Where the group stands: the first gate that it has not passed, or `ask` passed for a key account. */
  gate: Gate;
  gateResult: GateResult;
  strategy: StrategyAnswer;
  score: Score;
  reasons: Reason[];
  nextStep: NextStep;
};
