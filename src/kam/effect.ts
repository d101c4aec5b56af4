/** What a change of settings does to one group: where it stands before and after, and which line made the difference. */
import type { GroupFacts } from './facts.js';
import type { Decision, Gate, GateResult, Segment, SegmentLines, StrategyAnswer, Tier } from './funnel.js';
import type { GroupPotential } from './potential.js';
import { exceeds, isConfident } from './score.js';
import type { ScoreCriterion } from './criteria.js';
import type { Settings } from './settings.js';
import type { Cents, Fraction, Points, RecordId } from './units.js';
import { isKnown, type Unknown } from './unknown.js';

/** One group under one set of settings. */
export type Side = {
  facts: GroupFacts;
  potential: GroupPotential;
  decision: Decision;
  lines: SegmentLines;
  /** Its place in the programme before the cap; null where it has none. */
  rank: number | null;
  settings: Settings;
};

export type Stand = { segment: Segment; tier: Tier; gate: Gate; gateResult: GateResult };

/** A group that would stand elsewhere. */
export type Move = {
  groupId: RecordId;
  name: string;
  /** Into the programme of key accounts and candidates, out of it, to another segment, or to another gate only. */
  is: 'enters' | 'leaves' | 'segment' | 'gate';
  before: Stand;
  after: Stand;
  revenue: Cents | Unknown;
  /** Never empty: in the order of the gates. */
  because: Cause[];
};

/** A line that answers differently, with the value that is held against it, before and after. */
export type Cause =
  | { is: 'revenue' | 'potential'; value: Pair<Cents | Unknown>; line: Pair<Cents> }
  | { is: 'strategy'; answer: Pair<Pick<StrategyAnswer, 'lowest' | 'highest' | 'result'>>; line: Pair<Fraction> }
  | { is: 'confidence'; value: Pair<Fraction>; line: Pair<Fraction> }
  | { is: 'score'; value: Pair<Points | Unknown>; line: Pair<Points>; parts: PartChange[] }
  | { is: 'stability'; value: Pair<Held | null> }
  | { is: 'manager'; line: Pair<Points | null> }
  | { is: 'place'; value: Pair<number | null>; line: Pair<number | null> };

/** What keeps a group from moving: a candidate by hysteresis, minimum stay or the quarter's moves; or before the programme. */
export type Held = 'hysteresis' | 'stay' | 'moves' | 'waits';

type Pair<T> = { before: T; after: T };

/** What a criterion adds to the score, where that changes. */
export type PartChange = { criterion: ScoreCriterion; before: Points; after: Points };

/** How a group moves between two sets of settings; null where it stands as before. */
export function moveOf(before: Side, after: Side): Move | null {
  const [from, to] = [standOf(before.decision), standOf(after.decision)];
  const is = kindOf(from, to);
  if (is === null) return null;
  return {
    groupId: after.facts.groupId,
    name: after.facts.name,
    is,
    before: from,
    after: to,
    revenue: after.facts.yearlyRevenue,
    because: causesOf(before, after),
  };
}

const standOf = ({ segment, tier, gate, gateResult }: Decision): Stand => ({ segment, tier, gate, gateResult });

export const isInProgramme = (tier: Tier): boolean => tier === 'key' || tier === 'candidate';

function kindOf(from: Stand, to: Stand): Move['is'] | null {
  if (isInProgramme(from.tier) !== isInProgramme(to.tier)) return isInProgramme(to.tier) ? 'enters' : 'leaves';
  if (from.segment !== to.segment) return 'segment';
  return from.tier !== to.tier || from.gate !== to.gate || from.gateResult !== to.gateResult ? 'gate' : null;
}

function causesOf(before: Side, after: Side): Cause[] {
  const pair = <T>(of: (side: Side) => T): Pair<T> => ({ before: of(before), after: of(after) });
  const differs = (answer: (side: Side) => unknown): boolean => answer(before) !== answer(after);
  const causes: Cause[] = [];
  for (const is of ['revenue', 'potential'] as const) {
    if (!differs((side) => axisAnswer(side, is))) continue;
    causes.push({ is, value: pair((side) => axisValue(side, is)), line: pair(({ lines }) => lines[is]) });
  }
  if (differs(({ decision }) => decision.strategy.result)) {
    const answer = ({ decision }: Side): Pick<StrategyAnswer, 'lowest' | 'highest' | 'result'> => {
      const { lowest, highest, result } = decision.strategy;
      return { lowest, highest, result };
    };
    causes.push({ is: 'strategy', answer: pair(answer), line: pair(({ settings }) => settings.strategy.minimumMean) });
  }
  if (differs(({ decision, settings }) => isConfident(decision.score.confidence, settings))) {
    const value = pair(({ decision }) => decision.score.confidence);
    causes.push({ is: 'confidence', value, line: pair(({ settings }) => settings.score.minimumConfidence) });
  }
  if (differs(scoreAnswer)) {
    const value = pair(({ decision }) => decision.score.points);
    const line = pair(({ settings }) => settings.score.threshold);
    causes.push({ is: 'score', value, line, parts: partChanges(before.decision, after.decision) });
  }
  if (differs(({ decision }) => heldBy(decision))) {
    causes.push({ is: 'stability', value: pair(({ decision }) => heldBy(decision)) });
  }
  if (differs(isWithoutManager)) {
    causes.push({ is: 'manager', line: pair(({ settings }) => settings.capacity.perManager) });
  }
  if (differs(isOverCapacity)) {
    causes.push({
      is: 'place',
      value: pair(({ rank }) => rank),
      line: pair(({ settings }) => settings.score.capacity),
    });
  }
  return causes;
}

const axisValue = ({ facts, potential }: Side, axis: 'revenue' | 'potential'): Cents | Unknown =>
  axis === 'revenue' ? facts.yearlyRevenue : potential.additional;

/** Whether the group stands high on an axis; its segment says so, but for one whose other figure is unknown. */
function axisAnswer(side: Side, axis: 'revenue' | 'potential'): 'high' | 'low' | 'unknown' {
  const value = axisValue(side, axis);
  if (!isKnown(value)) return 'unknown';
  switch (side.decision.segment) {
    case 'top':
      return 'high';
    case 'base':
      return axis === 'revenue' ? 'high' : 'low';
    case 'development':
      return axis === 'potential' ? 'high' : 'low';
    case 'small':
      return 'low';
    case 'unknown':
      return value > 0 && value >= side.lines[axis] ? 'high' : 'low';
  }
}

function scoreAnswer({ decision, settings }: Side): boolean | 'unknown' {
  const { points } = decision.score;
  return isKnown(points) ? exceeds(points, settings.score.threshold) : 'unknown';
}

export function heldBy({ tier, reasons }: Decision): Held | null {
  for (const reason of reasons) {
    if (reason.is === 'held') return reason.by;
    if (reason.is === 'waits') return 'waits';
    if (reason.is === 'scoreHeld' && tier === 'candidate') return 'hysteresis';
  }
  return null;
}

const isWithoutManager = ({ decision }: Side): boolean => decision.reasons.some(({ is }) => is === 'managerFull');

const isOverCapacity = ({ decision }: Side): boolean => decision.reasons.some(({ is }) => is === 'overCapacity');

/** Less than this of a point is not worth a word. */
const NOTICED = 0.005;

/** The parts of the score that add more or less than before, the largest difference first. */
function partChanges(before: Decision, after: Decision): PartChange[] {
  const added = ({ score }: Decision, criterion: ScoreCriterion): Points =>
    score.parts.find((part) => part.criterion === criterion)?.contribution ?? 0;
  const criteria = new Set([...before.score.parts, ...after.score.parts].map(({ criterion }) => criterion));
  return [...criteria]
    .map((criterion) => ({ criterion, before: added(before, criterion), after: added(after, criterion) }))
    .filter((part) => Math.abs(part.after - part.before) >= NOTICED)
    .toSorted((a, b) => Math.abs(b.after - b.before) - Math.abs(a.after - a.before));
}
