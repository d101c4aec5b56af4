/** Who has a place in the programme: as many as it and each key account manager can care for, and no more moves in a quarter than people can follow. */
import partition from 'lodash/partition.js';
import { addMonths, periodOf } from './calendar.js';
import type { GroupFacts } from './facts.js';
import {
  isPromised,
  staysUntil,
  type Decision,
  type NoRoom,
  type SegmentLines,
  type StandingDecision,
  type Tier,
} from './funnel.js';
import type { GroupPotential } from './potential.js';
import { exceeds } from './score.js';
import type { Settings } from './settings.js';
import type { Cents, Fraction, IsoDate, Points, RecordId } from './units.js';
import { isKnown, type Unknown } from './unknown.js';

/** A group that is in the programme or leaves it, as far as its place goes. */
export type Contender = {
  groupId: RecordId;
  stands: Tier | null;
  /** Before capacity and the limit of moves. */
  tier: Tier;
  points: Points;
  revenue: Cents;
  /** A candidate whom capacity does not cut: promised to the customer or by a person, or within its minimum stay. */
  isSafe: boolean;
  /** A candidate within its minimum stay: its place is not free for others. */
  isFirst: boolean;
  /** Whether a move of it is one by figures alone; those by people and customers are never limited. */
  movesByFigures: boolean;
  /** The key account manager; null where nobody is named. */
  manager: RecordId | null;
  /** Whether its score exceeds the threshold, so that it comes before one that only just does. */
  exceeds: boolean;
  /** How far it stands beyond the line that it would cross, as a share of the scale. */
  distance: number;
  counts: MoveCounts;
};

/** Whether a group counts among those that moved in this quarter, after a run that leaves or that moves it. */
export type MoveCounts = { ifStays: boolean; ifMoved: boolean };

export type Programme = {
  /** Places, 1 the best: key accounts, then candidates within their minimum stay, then others; by score, revenue and id. */
  ranks: ReadonlyMap<RecordId, number>;
  /** Candidates for whom there is no room. */
  over: ReadonlyMap<RecordId, NoRoom>;
  /** Where a new candidate who just exceeds the threshold would find no room. */
  lacksRoom(manager: RecordId | null): NoRoom | null;
  /** Groups whose move waits, in or out. */
  waiting: ReadonlySet<RecordId>;
};

/**
 * What a group brings to the programme; null where it neither is in it nor leaves it by its figures.
 *
 * Shape:  a move is by figures where the group stood before the segment or the score gate and passes now, or stood past
 *         both and fails now. What people changed today (a rating, an exclusion, an override) makes it theirs.
 */
export function contenderOf(
  { facts, potential }: { facts: GroupFacts; potential: GroupPotential },
  decision: Decision,
  standing: StandingDecision,
  lines: SegmentLines,
  settings: Settings,
): Contender | null {
  const falls = fallsByFigures(decision, standing);
  if (decision.tier !== 'key' && decision.tier !== 'candidate' && !falls) return null;
  const { points } = decision.score;
  const above = isKnown(points) ? (points - settings.score.threshold) / 100 : 0;
  const below = decision.gate === 'segment' ? belowLines(facts.yearlyRevenue, potential.additional, lines) : -above;
  const isInStay = decision.tier === 'candidate' && stoodPast(standing) && staysUntil(standing, settings) > facts.today;
  const counts = moveCounts(facts, standing);
  return {
    groupId: facts.groupId,
    stands: standing.tier,
    tier: decision.tier,
    points: isKnown(points) ? points : 0,
    revenue: isKnown(facts.yearlyRevenue) ? facts.yearlyRevenue : 0,
    isSafe: isInStay || isPromised(decision),
    // A promise beyond the capacity takes nobody's place, also not once it has become a minimum stay.
    isFirst: isInStay && !isPromised(decision),
    movesByFigures: counts.ifMoved && (stoodPast(standing) || risesByFigures(decision, standing)),
    manager: facts.people.manager,
    exceeds: isKnown(points) && exceeds(points, settings.score.threshold),
    distance: falls || stoodPast(standing) ? below : above,
    counts,
  };
}

const stoodPast = ({ tier, gate }: StandingDecision): boolean => tier === 'candidate' && gate === 'ask';

function risesByFigures(decision: Decision, { tier, gate, segment }: StandingDecision): boolean {
  const wasSmall = segment === 'small' || segment === 'unknown';
  const wasShort = gate === 'score' || (gate === 'segment' && wasSmall);
  return tier === 'standard' && wasShort && decision.tier === 'candidate' && !isPromised(decision);
}

/** A candidate whose score or segment no longer carries it; what a strategic rating decides is not a figure. */
function fallsByFigures(decision: Decision, standing: StandingDecision): boolean {
  const fails = decision.tier === 'standard' && (decision.gate === 'segment' || decision.gate === 'score');
  return stoodPast(standing) && fails && decision.strategy.result === 'passed' && !decision.reasons.some(isWord);
}

const isWord = ({ is }: Decision['reasons'][number]): boolean => is === 'excluded' || is === 'overridden';

/** How far a group that left the high segments is below the line that is nearest to it. */
function belowLines(revenue: Cents | Unknown, potential: Cents | Unknown, lines: SegmentLines): Fraction {
  const reached = (value: Cents | Unknown, line: Cents): Fraction =>
    isKnown(value) && line > 0 ? Math.min(1, value / line) : 1;
  const values = [reached(revenue, lines.revenue), reached(potential, lines.potential)];
  return isKnown(revenue) && isKnown(potential) ? 1 - Math.max(...values) : 0;
}

/**
 * Whether a group counts as moved by its figures in the quarter of today.
 *
 * What people moved counts too where no trace of it is left; the limit is then reached earlier, never later.
 */
export function moveCounts(facts: GroupFacts, { tier, tierSince }: StandingDecision): MoveCounts {
  const isTheirs = (on: IsoDate): boolean =>
    facts.exclusion !== null || facts.rated.on === on || (facts.override?.until ?? '') >= facts.today;
  const isThisQuarter = tierSince !== null && periodOf(tierSince, 'Quarter') === periodOf(facts.today, 'Quarter');
  return { ifStays: isThisQuarter && isLimited(tier) && !isTheirs(tierSince), ifMoved: !isTheirs(facts.today) };
}

/** Moves between these two are limited; what the customer's answer makes is not. */
const isLimited = (tier: Tier | null): boolean => tier === 'candidate' || tier === 'standard';

/** Whether a group counts as moved in this quarter once it stands at a tier. */
export function countsAt(tier: Tier, stands: Tier | null, counts: MoveCounts): boolean {
  if (stands === null) return false;
  return tier === stands ? counts.ifStays : counts.ifMoved && isLimited(tier);
}

/** The day from which moves that wait are looked at again: the first of the next quarter. */
export function nextQuarter(today: IsoDate): IsoDate {
  const inQuarter = (Number(today.slice(5, 7)) - 1) % 3;
  return addMonths(`${today.slice(0, 7)}-01`, 3 - inQuarter);
}

/** How many moves a quarter allows; null for any number. */
export function movesAllowed(inFunnel: number, { stability: { movesPerQuarter } }: Settings): number | null {
  return movesPerQuarter === null ? null : Math.max(1, Math.floor(movesPerQuarter * inFunnel + 1e-9));
}

/**
 * Gives out the room that there is, and decides which moves wait.
 *
 * Shape:  `budget` is what the quarter allows and what other groups have used of it; null for any number of moves. Of the
 *         moves by figures those farthest from their line are let through, then by id; a group comes in only where there
 *         is a place. Whoever waits stays where it is. The order of the contenders is irrelevant, and once the moves are
 *         written, the rest waits again.
 * Errors: none. Key accounts and safe places are never cut, even beyond the capacity.
 * Choice: candidates in their minimum stay come before newcomers: a new customer takes no place that is not free.
 */
export function programmeOf(
  contenders: readonly Contender[],
  budget: { allowed: number; used: number } | null,
  settings: Settings,
): Programme {
  const ranked = contenders
    .filter(({ tier }) => isInProgramme(tier))
    .toSorted(
      (a, b) =>
        precedence(a) - precedence(b) ||
        b.points - a.points ||
        b.revenue - a.revenue ||
        (a.groupId < b.groupId ? -1 : 1),
    );
  const rooms = roomsIn(settings);
  const [within, beyond] = partition(ranked, (one) => {
    const finds = one.tier === 'key' || one.isSafe || rooms.lack(one, one.tier) === null;
    if (finds) rooms.take(one, one.tier);
    return finds;
  });
  // What is lacking is read when all room is given out, so that it does not depend on who came first.
  const over = new Map(beyond.map((one) => [one.groupId, rooms.lack(one, one.tier) ?? 'programme']));
  const firm = roomsIn(settings);
  const moves = ({ stands, tier }: Contender): boolean => stands !== null && stands !== tier;
  const hasStay = settings.stability.minimumStayMonths > 0;
  for (const one of within) {
    // Who only hysteresis lets pass gives way to a newcomer, unless a minimum stay has begun, or begins tonight.
    const isFirm = one.tier === 'key' || one.isSafe || one.exceeds || (hasStay && moves(one));
    if (isFirm) firm.take(one, one.tier);
  }
  return {
    ranks: new Map(ranked.map(({ groupId }, index) => [groupId, index + 1])),
    over,
    lacksRoom: (manager) => firm.lack({ manager }, 'candidate'),
    waiting: budget === null ? new Set() : waitingOf(contenders, over, budget, settings),
  };
}

const isInProgramme = (tier: Tier | null): boolean => tier === 'key' || tier === 'candidate';

const precedence = ({ tier, isFirst }: Contender): number => (tier === 'key' ? 0 : isFirst ? 1 : 2);

type Cared = Pick<Contender, 'manager'>;

/** Room that is taken: places of the programme, and points of each key account manager. */
type Rooms = {
  take(one: Cared, tier: Tier | null): void;
  leave(one: Cared, tier: Tier | null): void;
  lack(one: Cared, tier: Tier): NoRoom | null;
};

/** Points with two decimals add up to within this. */
const ROUNDING = 1e-6;

/** `atLeast`: room that is given whatever the settings say, since key accounts and promises take it. */
function roomsIn(
  { score, capacity }: Settings,
  atLeast?: { places: number; load: ReadonlyMap<RecordId, number> },
): Rooms & {
  taken(): { places: number; load: ReadonlyMap<RecordId, number> };
} {
  let places = 0;
  const load = new Map<RecordId, number>();
  const cost = (tier: Tier | null): number =>
    tier === 'key' ? capacity.key : tier === 'candidate' ? capacity.candidate : 0;
  const add = ({ manager }: Cared, tier: Tier | null, by: 1 | -1): void => {
    if (!isInProgramme(tier)) return;
    places += by;
    if (manager !== null) load.set(manager, (load.get(manager) ?? 0) + by * cost(tier));
  };
  return {
    take: (one, tier) => add(one, tier, 1),
    leave: (one, tier) => add(one, tier, -1),
    lack: ({ manager }, tier) => {
      if (capacity.perManager !== null && manager !== null) {
        const most = Math.max(capacity.perManager, atLeast?.load.get(manager) ?? 0);
        if ((load.get(manager) ?? 0) + cost(tier) > most + ROUNDING) return 'manager';
      }
      return score.capacity !== null && places >= Math.max(score.capacity, atLeast?.places ?? 0) ? 'programme' : null;
    },
    taken: () => ({ places, load }),
  };
}

function waitingOf(
  contenders: readonly Contender[],
  over: ReadonlyMap<RecordId, NoRoom>,
  { allowed, used }: { allowed: number; used: number },
  settings: Settings,
): Set<RecordId> {
  const goal = ({ groupId, tier }: Contender): Tier => (over.has(groupId) ? 'standard' : tier);
  const [pending, settled] = partition(
    contenders,
    (one) => one.movesByFigures && isInProgramme(one.stands) !== isInProgramme(goal(one)),
  );
  const usedBy = (one: Contender): boolean => countsAt(goal(one), one.stands, one.counts);
  let left = allowed - used - settled.filter(usedBy).length - pending.filter(({ counts }) => counts.ifStays).length;
  const wanted = roomsIn(settings);
  for (const one of contenders) wanted.take(one, goal(one));
  // Until they move, those who would leave take room, and those who would come take none.
  const rooms = roomsIn(settings, wanted.taken());
  for (const one of settled) rooms.take(one, goal(one));
  for (const one of pending) rooms.take(one, one.stands);
  const mayMove = (one: Contender): boolean =>
    (left > 0 || one.counts.ifStays) && (isInProgramme(one.stands) || rooms.lack(one, goal(one)) === null);
  const queue = pending.toSorted((a, b) => b.distance - a.distance || (a.groupId < b.groupId ? -1 : 1));
  for (let next = queue.findIndex(mayMove); next !== -1; next = queue.findIndex(mayMove)) {
    for (const moved of queue.splice(next, 1)) {
      rooms.leave(moved, moved.stands);
      rooms.take(moved, goal(moved));
      left -= moved.counts.ifStays ? 0 : 1;
    }
  }
  return new Set(queue.map(({ groupId }) => groupId));
}
