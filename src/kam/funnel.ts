/** Milz's funnel: segment, strategic gate, score, ask the customer; the answer of each gate stays its own. */
import type { PeopleRated, ScoreCriterion, StrategyCriterion } from './criteria.js';
import type { GroupFacts, Override, Rating } from './facts.js';
import type { GroupPotential } from './potential.js';
import { scoreGroup, type Score, type ScoreScale } from './score.js';
import { segmentOf } from './segment.js';
import type { Settings } from './settings.js';
import { answerStrategy, soleReason } from './strategy.js';
import type { Cents, Fraction, IsoDate, Points, RecordId } from './units.js';
import { isKnown, type Unknown, type WhyUnknown } from './unknown.js';

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
  | { is: 'strategyPassed'; mean: Fraction; by: 'mean' | PeopleRated }
  | { is: 'strategyFailed'; highest: Fraction; minimum: Fraction }
  | { is: 'strategyUndecided'; lowest: Fraction; highest: Fraction; minimum: Fraction; missing: PeopleRated[] }
  | { is: 'scoreExceeded'; points: Points; threshold: Points; best: ScoreReason[] }
  | { is: 'scoreNotExceeded'; points: Points; threshold: Points; worst: ScoreReason[] }
  | { is: 'scoreUndecided'; confidence: Fraction; minimum: Fraction; unknown: { criterion: ScoreCriterion; why: WhyUnknown }[] }
  | { is: 'overCapacity'; rank: number; capacity: number }
  | { is: 'uncalibrated' }
  | { is: 'accepted'; on: IsoDate }
  | { is: 'acceptedNotEnough'; on: IsoDate }
  | { is: 'declined'; on: IsoDate; reason: string | null; reaskOn: IsoDate | null }
  | { is: 'asked'; on: IsoDate }
  | { is: 'notAsked' }
  | { is: 'overridden'; tier: Tier; reason: string; until: IsoDate }
  | { is: 'overrideRefused'; tier: Tier; because: 'noAgreement' | 'noReason' | 'noExpiry' | 'expired' };

/** A part of the score that explains it: what it adds, and out of how much it could add. */
export type ScoreReason = { criterion: ScoreCriterion; contribution: Points; possible: Points };

export type NextStep =
  | { is: 'rate'; criteria: PeopleRated[] }
  | { is: 'ask' }
  | { is: 'await' }
  | { is: 'reask'; on: IsoDate | null }
  | { is: 'grow'; families: { family: string; amount: Cents }[] }
  | { is: 'learn'; criterion: ScoreCriterion }
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

/** What the org says about the group's root today, as far as a decision depends on it. */
export type StandingDecision = { tier: Tier | null; segment: Segment | null };

/**
 * Decides one group.
 *
 * Shape:  every gate is answered by itself; `gate` is where the group stands. The machine proposes candidates; only an
 *         accepted agreement with enough commitments makes a key account, and the machine never takes that away.
 * Units:  cents per year, points 0–100, fractions.
 * Errors: none. An unknown that could turn the result makes the gate undecided, never failed.
 * Source: Milz 2022, steps 0–3.
 */
export function decide(
  facts: GroupFacts,
  potential: GroupPotential,
  standing: StandingDecision,
  run: { lines: SegmentLines; scale: ScoreScale },
  settings: Settings,
): Decision {
  const { segment, kept } = segmentOf(
    facts.yearlyRevenue,
    potential.additional,
    run.lines,
    settings,
    standing.segment,
  );
  const strategy = answerStrategy(facts, settings);
  const score = scoreGroup(facts, potential, run.scale, settings);
  const base = { groupId: facts.groupId, segment, strategy, score };
  const way = throughGates({ facts, potential, lines: run.lines, segment, kept, strategy, score }, settings);
  return overridden({ ...base, ...way, ...asked(way, facts, potential) }, facts);
}

type Way = { gate: Gate; gateResult: GateResult; reasons: Reason[] };
type Known = {
  facts: GroupFacts;
  potential: GroupPotential;
  lines: SegmentLines;
  segment: Segment;
  kept: boolean;
  strategy: StrategyAnswer;
  score: Score;
};

/** How far the group gets by computation alone: to the customer (`ask`), or to the gate that stops it. */
function throughGates(known: Known, settings: Settings): Way {
  const { facts, potential, lines, segment, kept, strategy, score } = known;
  if (facts.exclusion !== null) {
    return { gate: 'segment', gateResult: 'failed', reasons: [{ is: 'excluded', reason: facts.exclusion.reason }] };
  }
  const segmentReason: Reason = {
    is: 'segment',
    segment,
    revenue: facts.yearlyRevenue,
    potential: potential.additional,
    lines,
    kept,
  };
  if (segment === 'unknown') return { gate: 'segment', gateResult: 'undecided', reasons: [segmentReason] };
  if (segment === 'small') return { gate: 'segment', gateResult: 'failed', reasons: [segmentReason] };

  const hard = answerScore(score, settings);
  if (strategy.result === 'failed') {
    const { minimumMean: minimum } = settings.strategy;
    const failed: Reason = { is: 'strategyFailed', highest: strategy.highest, minimum };
    return { gate: 'strategy', gateResult: 'failed', reasons: [failed, segmentReason, ...hard.reasons] };
  }
  // Missing ratings matter only where the score would let the group pass; else nobody is asked for them.
  if (strategy.result === 'undecided' && hard.result === 'passed') {
    const undecided: Reason = {
      is: 'strategyUndecided',
      lowest: strategy.lowest,
      highest: strategy.highest,
      minimum: settings.strategy.minimumMean,
      missing: strategy.missing,
    };
    return { gate: 'strategy', gateResult: 'undecided', reasons: [undecided, ...hard.reasons, segmentReason] };
  }
  const passed: Reason[] =
    strategy.result === 'passed'
      ? [{ is: 'strategyPassed', mean: strategy.lowest, by: soleReason(strategy, settings) ?? 'mean' }]
      : [];
  if (hard.result !== 'passed') {
    return { gate: 'score', gateResult: hard.result, reasons: [...hard.reasons, segmentReason, ...passed] };
  }
  return { gate: 'ask', gateResult: 'open', reasons: [...hard.reasons, segmentReason, ...passed] };
}

function answerScore(score: Score, settings: Settings): { result: 'passed' | 'failed' | 'undecided'; reasons: Reason[] } {
  const { threshold, minimumConfidence } = settings.score;
  const { points, confidence } = score;
  if (!isKnown(points) || confidence < minimumConfidence) {
    const missing = score.parts.flatMap(({ criterion, weight, points: part }) =>
      isKnown(part) || weight === 0 ? [] : [{ criterion, why: part.unknown }],
    );
    return {
      result: 'undecided',
      reasons: [{ is: 'scoreUndecided', confidence, minimum: minimumConfidence, unknown: missing }],
    };
  }
  const uncalibrated: Reason[] = score.calibrated ? [] : [{ is: 'uncalibrated' }];
  const parts = scoreReasons(score);
  return points > threshold
    ? { result: 'passed', reasons: [{ is: 'scoreExceeded', points, threshold, best: parts.slice(0, 3) }, ...uncalibrated] }
    : {
        result: 'failed',
        reasons: [
          { is: 'scoreNotExceeded', points, threshold, worst: byShortfall(parts).slice(0, 3) },
          ...uncalibrated,
        ],
      };
}

/** Known parts, largest contribution first. */
function scoreReasons(score: Score): ScoreReason[] {
  const known = score.parts.filter((part) => isKnown(part.points) && part.weight > 0);
  const weights = known.reduce((sum, part) => sum + part.weight, 0);
  return known
    .map(({ criterion, contribution, weight }) => ({ criterion, contribution, possible: (100 * weight) / weights }))
    .toSorted((a, b) => b.contribution - a.contribution);
}

const byShortfall = (parts: readonly ScoreReason[]): ScoreReason[] =>
  parts.toSorted((a, b) => b.possible - b.contribution - (a.possible - a.contribution));

/** What the customer's answer makes of a group: an accepted key account stays one, whatever the figures say today. */
function asked(
  way: Way,
  facts: GroupFacts,
  potential: GroupPotential,
): Way & { tier: Tier; nextStep: NextStep } {
  const { answer } = facts;
  const reached = way.gate === 'ask';
  switch (answer.is) {
    case 'accepted':
      if (answer.isEnough) {
        const reason: Reason = { is: 'accepted', on: answer.on };
        return {
          gate: 'ask',
          gateResult: 'passed',
          reasons: [reason, ...way.reasons],
          tier: 'key',
          nextStep: growStep(potential),
        };
      }
      return {
        ...way,
        reasons: [{ is: 'acceptedNotEnough', on: answer.on }, ...way.reasons],
        tier: reached ? 'candidate' : 'standard',
        nextStep: { is: 'await' },
      };
    case 'declined': {
      const reason: Reason = { is: 'declined', on: answer.on, reason: answer.reason, reaskOn: answer.reaskOn };
      return {
        ...(reached ? { gate: 'ask', gateResult: 'failed' } : { gate: way.gate, gateResult: way.gateResult }),
        reasons: [reason, ...way.reasons],
        tier: 'large',
        nextStep: { is: 'reask', on: answer.reaskOn },
      };
    }
    case 'asked':
      return {
        ...way,
        reasons: [{ is: 'asked', on: answer.on }, ...way.reasons],
        tier: reached ? 'candidate' : 'standard',
        nextStep: { is: 'await' },
      };
    case 'notAsked':
      return {
        ...way,
        reasons: reached ? [...way.reasons, { is: 'notAsked' }] : way.reasons,
        tier: reached ? 'candidate' : 'standard',
        nextStep: reached ? { is: 'ask' } : stepBefore(way, potential),
      };
  }
}

/** The next step for a group that does not reach the customer. */
function stepBefore(way: Way, potential: GroupPotential): NextStep {
  for (const reason of way.reasons) {
    if (reason.is === 'strategyUndecided' && reason.missing.length > 0) return { is: 'rate', criteria: reason.missing };
    if (reason.is === 'scoreUndecided') {
      const [first] = reason.unknown;
      if (first !== undefined) return { is: 'learn', criterion: first.criterion };
    }
    if (reason.is === 'excluded') return { is: 'none' };
    if (reason.is === 'segment' && reason.segment !== 'top' && reason.segment !== 'development') return { is: 'none' };
  }
  return growStep(potential);
}

function growStep(potential: GroupPotential): NextStep {
  const families = potential.cells
    .filter((cell) => cell.kind === 'crossSell')
    .slice(0, 3)
    .map(({ family, amount }) => ({ family, amount }));
  return families.length === 0 ? { is: 'none' } : { is: 'grow', families };
}

/** A person's override sets the tier that it names, if it says why and until when; a key account still needs the customer. */
function overridden(decision: Decision, facts: GroupFacts): Decision {
  const { override } = facts;
  if (override === null) return decision;
  const refusal = refusalOf(override, facts, decision);
  if (refusal !== null) {
    const reason: Reason = { is: 'overrideRefused', tier: override.tier, because: refusal };
    return { ...decision, reasons: [reason, ...decision.reasons] };
  }
  const reason: Reason = {
    is: 'overridden',
    tier: override.tier,
    reason: override.reason ?? '',
    until: override.until ?? facts.asOf,
  };
  return { ...decision, tier: override.tier, reasons: [reason, ...decision.reasons] };
}

function refusalOf(override: Override, facts: GroupFacts, decision: Decision): 'noAgreement' | 'noReason' | 'noExpiry' | 'expired' | null {
  if (override.reason === null || override.reason.trim() === '') return 'noReason';
  if (override.until === null) return 'noExpiry';
  if (override.until < facts.asOf) return 'expired';
  return override.tier === 'key' && decision.tier !== 'key' ? 'noAgreement' : null;
}

/**
 * Keeps the programme within its capacity: a candidate whose rank lies beyond it waits at the score gate.
 *
 * Rank 1 is the best; key accounts are ranked first and are never cut.
 */
export function applyCapacity(decision: Decision, rank: number, capacity: number): Decision {
  const byPerson = decision.reasons.some(({ is }) => is === 'overridden');
  if (rank <= capacity || decision.tier !== 'candidate' || byPerson) return decision;
  return {
    ...decision,
    tier: 'standard',
    gate: 'score',
    gateResult: 'open',
    reasons: [{ is: 'overCapacity', rank, capacity }, ...decision.reasons.filter(({ is }) => is !== 'notAsked')],
    nextStep: { is: 'none' },
  };
}
