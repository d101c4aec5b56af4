/** Milz's funnel: segment, strategic gate, score, ask the customer; the answer of each gate stays its own. */
import type { AgreementGap, DeclineReason } from './agreement.js';
import { addMonths } from './calendar.js';
import type { PeopleRated, ScoreCriterion, StrategyCriterion } from './criteria.js';
import type { GroupFacts, Override, Rating } from './facts.js';
import type { Lever } from './lever.js';
import type { GroupPotential } from './potential.js';
import { exceeds, isDecidable, scoreGroup, type Score, type ScoreScale } from './score.js';
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
  | {
      is: 'segment';
      segment: Segment;
      revenue: Cents | Unknown;
      potential: Cents | Unknown;
      lines: SegmentLines;
      kept: boolean;
    }
  | { is: 'excluded'; reason: string | null }
  | { is: 'strategyPassed'; mean: Fraction; by: 'mean' | PeopleRated }
  | { is: 'strategyFailed'; highest: Fraction; minimum: Fraction }
  | { is: 'strategyUndecided'; lowest: Fraction; highest: Fraction; minimum: Fraction; missing: PeopleRated[] }
  | { is: 'scoreExceeded'; points: Points; threshold: Points; best: ScoreReason[] }
  | { is: 'scoreHeld'; points: Points; threshold: Points; downTo: Points; best: ScoreReason[] }
  | { is: 'scoreNotExceeded'; points: Points; threshold: Points; worst: ScoreReason[] }
  | {
      is: 'scoreUndecided';
      confidence: Fraction;
      minimum: Fraction;
      unknown: { criterion: ScoreCriterion; why: WhyUnknown }[];
    }
  | { is: 'overCapacity'; rank: number; capacity: number }
  | { is: 'managerFull' }
  | { is: 'held'; by: 'stay' | 'moves'; until: IsoDate }
  | { is: 'waits'; until: IsoDate }
  | { is: 'uncalibrated' }
  | { is: 'accepted'; on: IsoDate | null }
  | { is: 'acceptedNotEnough'; on: IsoDate | null; missing: AgreementGap[] }
  | { is: 'declined'; on: IsoDate | null; reason: DeclineReason | null; reaskOn: IsoDate | null }
  | { is: 'asked'; on: IsoDate | null }
  | { is: 'noAnswer'; on: IsoDate | null }
  | { is: 'incubator'; on: IsoDate | null; until: IsoDate | null }
  | { is: 'notAsked' }
  | { is: 'overridden'; tier: Tier; reason: string; until: IsoDate }
  | { is: 'overrideRefused'; tier: Tier; because: 'noAgreement' | 'noReason' | 'noExpiry' | 'expired' | 'excluded' };

/** A part of the score that explains it: what it adds, and out of how much it could add. */
export type ScoreReason = { criterion: ScoreCriterion; contribution: Points; possible: Points };

export type NextStep =
  | { is: 'rate'; criteria: PeopleRated[] }
  | { is: 'ask' }
  | { is: 'await' }
  | { is: 'agree'; missing: AgreementGap[] }
  | { is: 'prove'; until: IsoDate | null }
  | { is: 'reask'; on: IsoDate | null }
  | { is: 'grow'; families: { family: string; amount: Cents }[] }
  | { is: 'findRoom'; with: NoRoom }
  | { is: 'learn'; criterion: ScoreCriterion | 'countries'; why: WhyUnknown }
  | { is: 'none' };

/** Where a candidate finds no room: in the programme, or with its key account manager. */
export type NoRoom = 'programme' | 'manager';

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
  /** The cheapest single change that moves the group over its line; missing where there is none. */
  lever?: Lever;
};

/** What the org says about the group's root today, as far as a decision depends on it. */
export type StandingDecision = {
  tier: Tier | null;
  segment: Segment | null;
  gate: Gate | null;
  gateResult: GateResult | null;
  /** The day on which the tier last changed; null as long as the first one stands. */
  tierSince: IsoDate | null;
  /** Since when a key account would not pass by its figures. */
  belowSince: IsoDate | null;
};

/** Of a group that was never decided on. */
export const nothingStands: StandingDecision = {
  tier: null,
  segment: null,
  gate: null,
  gateResult: null,
  tierSince: null,
  belowSince: null,
};

/**
 * Decides one group.
 *
 * Shape:  every gate is answered by itself; `gate` is where the group stands. The machine proposes candidates; only an
 *         accepted agreement with enough commitments makes a key account, and while it is accepted the machine never
 *         takes that away. A person can, by an override or by excluding the group. Where figures alone would take a
 *         candidate's place away, it is kept for its minimum stay, and until the day given by `wait`.
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
  wait: IsoDate | null = null,
): Decision {
  const { segment, kept } = segmentOf(facts.yearlyRevenue, potential.additional, run.lines, settings, standing.segment);
  const strategy = answerStrategy(facts, settings);
  const score = scoreGroup(facts, potential, run.scale, settings);
  const known: Known = { facts, potential, standing, lines: run.lines, segment, kept, strategy, score };
  const base = { groupId: facts.groupId, segment, strategy, score };
  if (facts.exclusion !== null) return { ...base, ...excluded(facts.exclusion, facts.override) };
  const way = keptPlace(throughGates(known, settings), known, settings, wait);
  return overridden({ ...base, ...way, ...asked(way, known) }, known);
}

/** Where a group stands, and what follows from it. */
type Standing = Pick<Decision, 'gate' | 'gateResult' | 'reasons' | 'tier' | 'nextStep'>;

/** People's knock-out: it comes before every gate, and an override does not lift it. */
function excluded({ reason }: NonNullable<GroupFacts['exclusion']>, override: Override | null): Standing {
  const refused: Reason[] =
    override === null || override.tier === 'standard'
      ? []
      : [{ is: 'overrideRefused', tier: override.tier, because: 'excluded' }];
  return {
    gate: 'segment',
    gateResult: 'failed',
    reasons: [{ is: 'excluded', reason }, ...refused],
    tier: 'standard',
    nextStep: { is: 'none' },
  };
}

/** The reason of the gate where the way ends comes first. */
type Way = { gate: Gate; gateResult: GateResult; reasons: Reason[] };
type Known = {
  facts: GroupFacts;
  potential: GroupPotential;
  standing: StandingDecision;
  lines: SegmentLines;
  segment: Segment;
  kept: boolean;
  strategy: StrategyAnswer;
  score: Score;
};

/** How far the group gets by computation alone: to the customer (`ask`), or to the gate that stops it. */
function throughGates(known: Known, settings: Settings): Way {
  const { facts, potential, lines, segment, kept, strategy, score } = known;
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

  // A group that fails by strategy leaves the score gate behind it, so it has to pass that anew.
  const hard = answerScore(score, settings, strategy.result !== 'failed' && isPastScore(facts, known.standing));
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

/**
 * Whether the group passed the score gate before, so that its score may fall below the threshold by the hysteresis.
 *
 * Where it stands today tells: it is asked, or waits for ratings that are asked for only past the score. A key account
 * stands past all gates whatever its figures say; `belowSince` tells how they answered. Choice: as long as something
 * else speaks against it, a person's override too, its score is read without hysteresis, so that the answer does not
 * depend on the night.
 */
export function isPastScore(facts: GroupFacts, standing: StandingDecision): boolean {
  const { gate, gateResult, tier, belowSince } = standing;
  const { answer } = facts;
  if (isDethroned(facts) && isEnoughGiven(answer)) return false;
  const isCrowned = tier === 'key' && answer.is === 'accepted' && !isDethroned(facts);
  if (isCrowned) return belowSince === null && isEnoughGiven(answer);
  return gate === 'ask' || (gate === 'strategy' && gateResult === 'undecided');
}

const isEnoughGiven = (answer: GroupFacts['answer']): boolean =>
  answer.is === 'accepted' && answer.missing.length === 0;

/**
 * Keeps a candidate's place where only its figures would take it away: for the minimum stay, or until moves are allowed.
 *
 * Neither people's ratings nor their override nor the customer's no are figures. Rising is never held here.
 */
function keptPlace(way: Way, known: Known, settings: Settings, wait: IsoDate | null): Way {
  const { standing, strategy, facts } = known;
  const { answer, override, today } = facts;
  const isFigures = (way.gate === 'segment' || way.gate === 'score') && strategy.result === 'passed';
  if (!isFigures || standing.tier !== 'candidate' || standing.gate !== 'ask') return way;
  if (answer.is === 'declined' || isEnoughGiven(answer)) return way;
  if (override !== null && wordOf(override, today).is === 'overridden') return way;
  const stays = staysUntil(standing, settings);
  const held = (by: 'stay' | 'moves', until: IsoDate): Way => ({
    gate: 'ask',
    gateResult: 'open',
    reasons: [{ is: 'held', by, until }, ...way.reasons],
  });
  if (stays > today) return held('stay', stays);
  return wait === null ? way : held('moves', wait);
}

/** The day on which the minimum stay at a tier ends; the beginning of time for the tier that was the first. */
export const staysUntil = ({ tierSince }: StandingDecision, { stability: { minimumStayMonths } }: Settings): IsoDate =>
  tierSince === null ? '0000-01-01' : addMonths(tierSince, minimumStayMonths);

function answerScore(
  score: Score,
  settings: Settings,
  hasPassed: boolean,
): { result: 'passed' | 'failed' | 'undecided'; reasons: Reason[] } {
  const { threshold, minimumConfidence, hysteresis } = settings.score;
  const { points, confidence } = score;
  if (!isKnown(points) || !isDecidable(score, settings)) {
    const missing = score.parts
      .toSorted((a, b) => b.weight - a.weight)
      .flatMap(({ criterion, weight, points: part }) =>
        isKnown(part) || weight === 0 ? [] : [{ criterion, why: part.unknown }],
      );
    return {
      result: 'undecided',
      reasons: [{ is: 'scoreUndecided', confidence, minimum: minimumConfidence, unknown: missing }],
    };
  }
  const uncalibrated: Reason[] = score.calibrated ? [] : [{ is: 'uncalibrated' }];
  const parts = scoreReasons(score);
  const best = parts.slice(0, 3);
  if (exceeds(points, threshold)) {
    return { result: 'passed', reasons: [{ is: 'scoreExceeded', points, threshold, best }, ...uncalibrated] };
  }
  const downTo = threshold - hysteresis;
  if (hasPassed && exceeds(points, downTo)) {
    return { result: 'passed', reasons: [{ is: 'scoreHeld', points, threshold, downTo, best }, ...uncalibrated] };
  }
  const worst = byShortfall(parts).slice(0, 3);
  return { result: 'failed', reasons: [{ is: 'scoreNotExceeded', points, threshold, worst }, ...uncalibrated] };
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

/**
 * What the customer's answer makes of a group: an accepted key account stays one, whatever the figures say today.
 *
 * Choice: commitments that lapse after the crowning are a matter for the review, not for a night's run.
 */
function asked(way: Way, known: Known): Standing {
  const { answer } = known.facts;
  const reached = way.gate === 'ask';
  const waiting: Tier = reached ? 'candidate' : 'standard';
  switch (answer.is) {
    case 'accepted': {
      const { on, missing } = answer;
      const isEnough = missing.length === 0;
      const reason: Reason = isEnough ? { is: 'accepted', on } : { is: 'acceptedNotEnough', on, missing };
      const reasons = [reason, ...way.reasons];
      const nextStep: NextStep = isEnough ? growStep(known) : { is: 'agree', missing };
      return isEnough || keepsCrown(known)
        ? { gate: 'ask', gateResult: 'passed', reasons, tier: 'key', nextStep }
        : { ...way, reasons, tier: waiting, nextStep };
    }
    case 'declined': {
      const reason: Reason = { is: 'declined', on: answer.on, reason: answer.reason, reaskOn: answer.reaskOn };
      return {
        gate: way.gate,
        gateResult: reached ? 'failed' : way.gateResult,
        reasons: [reason, ...way.reasons],
        tier: 'large',
        nextStep: { is: 'reask', on: answer.reaskOn },
      };
    }
    case 'asked':
      return {
        ...way,
        reasons: [{ is: 'asked', on: answer.on }, ...way.reasons],
        tier: waiting,
        nextStep: { is: 'await' },
      };
    case 'noAnswer':
      return {
        ...way,
        reasons: [{ is: 'noAnswer', on: answer.on }, ...way.reasons],
        tier: waiting,
        nextStep: reached ? { is: 'ask' } : stepBefore(way, known),
      };
    case 'incubator':
      return {
        ...way,
        reasons: [{ is: 'incubator', on: answer.on, until: answer.until }, ...way.reasons],
        tier: waiting,
        nextStep: { is: 'prove', until: answer.until },
      };
    case 'notAsked':
      return reached
        ? { ...way, reasons: [...way.reasons, { is: 'notAsked' }], tier: waiting, nextStep: { is: 'ask' } }
        : { ...way, tier: waiting, nextStep: stepBefore(way, known) };
  }
}

/** Whether the group is a key account today and no person says otherwise. */
const keepsCrown = ({ standing, facts }: Known): boolean => standing.tier === 'key' && !isDethroned(facts);

const isDethroned = ({ override, today }: GroupFacts): boolean =>
  override !== null && override.tier !== 'key' && wordOf(override, today).is === 'overridden';

/** The next step for a group that does not reach the customer: the answer that could turn its gate, else whitespace. */
function stepBefore(way: Way, known: Known): NextStep {
  const [first] = way.reasons;
  if (first?.is === 'strategyUndecided') {
    return first.missing.length > 0
      ? { is: 'rate', criteria: first.missing }
      : { is: 'learn', criterion: 'countries', why: 'noCountry' };
  }
  const heaviest = first?.is === 'scoreUndecided' ? first.unknown[0] : undefined;
  return heaviest === undefined ? growStep(known) : { is: 'learn', ...heaviest };
}

/** Only where much potential is left is whitespace worth the effort. */
function growStep({ segment, potential }: Known): NextStep {
  if (segment !== 'top' && segment !== 'development') return { is: 'none' };
  const families = potential.cells
    .filter((cell) => cell.kind === 'crossSell')
    .slice(0, 3)
    .map(({ family, amount }) => ({ family, amount }));
  return families.length === 0 ? { is: 'none' } : { is: 'grow', families };
}

/** A person's override sets the tier that it names, if it says why and until when; a key account still needs the customer. */
function overridden(decision: Decision, known: Known): Decision {
  const { override } = known.facts;
  if (override === null) return decision;
  const { tier } = override;
  const said = wordOf(override, known.facts.today);
  const lacksAgreement = said.is === 'overridden' && tier === 'key' && decision.tier !== 'key';
  const word: Word = lacksAgreement ? { is: 'overrideRefused', tier, because: 'noAgreement' } : said;
  const reasons = [word, ...decision.reasons];
  if (word.is === 'overrideRefused') return { ...decision, reasons };
  return { ...decision, tier, reasons, nextStep: stepAfter(tier, decision.nextStep, known) };
}

/** What an override leaves to do: the customer's answer still counts, but nothing that could only turn a gate. */
function stepAfter(tier: Tier, decided: NextStep, known: Known): NextStep {
  if (tier === 'standard') return growStep(known);
  const { answer } = known.facts;
  if (answer.is !== 'notAsked' && answer.is !== 'noAnswer') return decided;
  return tier === 'candidate' ? { is: 'ask' } : growStep(known);
}

/**
 * Why a key account would not pass today: by its figures, or because too few commitments are left.
 *
 * Its gate stays passed while the agreement holds, so its reasons tell. What is undecided is no shortfall.
 */
export const shortfalls = ({ tier, reasons }: Decision): Reason[] =>
  tier === 'key'
    ? reasons.filter(
        (reason) =>
          reason.is === 'strategyFailed' ||
          reason.is === 'scoreNotExceeded' ||
          reason.is === 'acceptedNotEnough' ||
          (reason.is === 'segment' && reason.segment === 'small'),
      )
    : [];

type Word = Extract<Reason, { is: 'overridden' | 'overrideRefused' }>;

/** What an override says by itself: it needs a reason, and an expiry that has not passed. */
function wordOf({ tier, reason, until }: Override, today: IsoDate): Word {
  const is = 'overrideRefused';
  if (reason === null || reason.trim() === '') return { is, tier, because: 'noReason' };
  if (until === null) return { is, tier, because: 'noExpiry' };
  return until < today ? { is, tier, because: 'expired' } : { is: 'overridden', tier, reason, until };
}

/**
 * Keeps the programme within its capacity: a candidate whose rank lies beyond it waits at the score gate.
 *
 * Rank 1 is the best; key accounts are ranked first and are never cut. Choice: nor is a customer who was asked already,
 * or whom a person's override made a candidate.
 */
export function applyCapacity(decision: Decision, rank: number, capacity: number): Decision {
  if (rank <= capacity || decision.tier !== 'candidate' || isPromised(decision)) return decision;
  const step: NextStep = { is: 'findRoom', with: 'programme' };
  return beforeTheProgramme(decision, { is: 'overCapacity', rank, capacity }, step);
}

/** The same where the key account manager can carry no more: whom and how much is nobody's business here. */
export function withoutManager(decision: Decision): Decision {
  if (decision.tier !== 'candidate' || isPromised(decision)) return decision;
  return beforeTheProgramme(decision, { is: 'managerFull' }, { is: 'findRoom', with: 'manager' });
}

/** A group that its figures make a candidate, and whose move has to wait: it stays before the programme. */
export const waitOutside = (decision: Decision, until: IsoDate): Decision =>
  beforeTheProgramme(decision, { is: 'waits', until }, { is: 'none' });

const beforeTheProgramme = (decision: Decision, reason: Reason, nextStep: NextStep): Decision => ({
  ...decision,
  tier: 'standard',
  gate: 'score',
  gateResult: 'open',
  reasons: [reason, ...decision.reasons.filter(({ is }) => is !== 'notAsked')],
  nextStep,
});

/** A candidate who would leave the programme, and whose move has to wait: the place is kept. */
export function waitInside(decision: Decision, until: IsoDate): Decision {
  if (decision.reasons.some(({ is }) => is === 'held')) return decision;
  return { ...decision, reasons: [{ is: 'held', by: 'moves', until }, ...decision.reasons] };
}

/** Whether a candidate's place is promised: to the customer, who was asked already, or by a person's override. */
export const isPromised = ({ reasons }: Decision): boolean =>
  reasons.some(({ is }) => is === 'overridden' || is === 'asked' || is === 'acceptedNotEnough' || is === 'incubator');
