/** "What would it take?": the cheapest single change that is enough to move a group over the line it stands before. */
import type { AgreementGap } from './agreement.js';
import { peopleRated, type PeopleRated } from './criteria.js';
import type { GroupFacts, Rating } from './facts.js';
import { isPastScore, type Decision, type NoRoom, type SegmentLines, type StandingDecision } from './funnel.js';
import type { GroupPotential } from './potential.js';
import { exceeds, isDecidable, scoreGroup, type Anchors, type ScoreScale } from './score.js';
import { segmentOf } from './segment.js';
import type { Settings } from './settings.js';
import { answerStrategy } from './strategy.js';
import type { Cents } from './units.js';
import { isKnown, type Unknown } from './unknown.js';

/** Where the change leads: to the agreement that makes a key account, to a place as candidate, or past one gate only. */
export type LeverTarget = 'key' | 'candidate' | 'segment' | 'strategy' | 'score';

export type LeverFigure = 'potential' | 'margin' | 'revenue';

/** One change of one fact; everything else stays as it is. */
export type Lever = {
  to: LeverTarget;
  /** Where a change that passes all gates finds no room as things stand. */
  lacks?: NoRoom;
} & LeverChange;
export type LeverChange =
  | { is: 'rating'; criterion: PeopleRated; from: Rating | Unknown; atLeast: Rating }
  | { is: 'figure'; figure: LeverFigure; from: Cents | Unknown; atLeast: Cents }
  | { is: 'get'; access: boolean };

/** What a decision rests on. */
export type Ground = {
  facts: GroupFacts;
  potential: GroupPotential;
  standing: StandingDecision;
  lines: SegmentLines;
  scale: ScoreScale;
  /** Where a new candidate who just passes would find no room. */
  lacks: NoRoom | null;
};

/**
 * The cheapest single change that takes a group over its line; null where no single one does, or no line is before it.
 *
 * Shape:  a change that makes a candidate comes before one that passes only the gate where the group stands. Among
 *         those, in this order: a rating that is only missing, a figure that is only missing, a higher rating, a higher
 *         figure. Within a kind the smaller change, then the order of the criteria.
 *         The change is the smallest of its kind: a cent or a rating less is not enough.
 * Units:  cents per year, ratings 0–3.
 * Errors: none.
 * Source: Choice: what a question settles is cheaper than what must be earned; figures compare by money to add.
 */
export function cheapestLever(decision: Decision, ground: Ground, settings: Settings): Lever | null {
  const { answer, exclusion } = ground.facts;
  // Neither figures nor answers move a group that a person's word, the customer or the cap holds where it is.
  if (exclusion !== null || isHeld(decision)) return null;
  if (answer.is === 'accepted' && decision.tier !== 'key') {
    const change = missingGet(answer.missing);
    return change === null ? null : { to: 'key', ...change };
  }
  if (answer.is !== 'notAsked' && answer.is !== 'noAnswer') return null;
  if (decision.gate === 'ask') return null;
  const targets: LeverTarget[] = decision.gate === 'segment' ? ['candidate', 'segment'] : ['candidate', decision.gate];
  for (const to of targets) {
    const [cheapest] = leversTo(to, ground, settings);
    if (cheapest === undefined) continue;
    const { lacks } = ground;
    return to === 'candidate' && lacks !== null ? { to, lacks, ...cheapest } : { to, ...cheapest };
  }
  return null;
}

const isHeld = ({ reasons }: Decision): boolean =>
  reasons.some(({ is }) => is === 'overridden' || is === 'overCapacity' || is === 'managerFull' || is === 'waits');

/** One whole commitment more, where that closes all gaps. */
function missingGet(gaps: readonly AgreementGap[]): LeverChange | null {
  if (gaps.some(({ is }) => is === 'doesNotWant')) return null;
  const lacking = gaps.flatMap((gap) => (gap.is === 'gets' || gap.is === 'access' ? [gap] : []));
  if (lacking.length === 0 || lacking.some(({ has, needs }) => needs - has > 1)) return null;
  return { is: 'get', access: lacking.some(({ is }) => is === 'access') };
}

/** All single changes that are enough, the cheapest first. */
export function leversTo(to: LeverTarget, ground: Ground, settings: Settings): LeverChange[] {
  const changes = [
    ...peopleRated.flatMap((criterion) => ratingFor(criterion, to, ground, settings)),
    ...(['potential', 'margin', 'revenue'] as const).flatMap((figure) => figureFor(figure, to, ground, settings)),
  ];
  return changes
    .map((change) => ({ change, cost: costOf(change) }))
    .toSorted((a, b) => a.cost.kind - b.cost.kind || a.cost.size - b.cost.size)
    .map(({ change }) => change);
}

/** Lower is cheaper: first the kind of change, then its size. */
function costOf(change: LeverChange): { kind: number; size: number } {
  switch (change.is) {
    case 'get':
      return { kind: 0, size: 1 };
    case 'rating':
      return isKnown(change.from) ? { kind: 2, size: change.atLeast - change.from } : { kind: 0, size: change.atLeast };
    case 'figure': {
      const { figure, from, atLeast } = change;
      if (isKnown(from)) return { kind: 3, size: atLeast - from };
      // Sales that are not there are not a gap in what is known: they must be earned.
      return { kind: figure === 'revenue' ? 3 : 1, size: atLeast };
    }
  }
}

const steps = [0, 1, 2, 3] as const;

function ratingFor(criterion: PeopleRated, to: LeverTarget, ground: Ground, settings: Settings): LeverChange[] {
  const from = ground.facts.ratings[criterion];
  if (!settings.criterion[criterion].active) return [];
  const atLeast = steps.find(
    (rating) => (!isKnown(from) || rating > from) && isOver(to, rated(ground, criterion, rating), settings),
  );
  return atLeast === undefined ? [] : [{ is: 'rating', criterion, from, atLeast }];
}

const rated = (ground: Ground, criterion: PeopleRated, rating: Rating): Ground => ({
  ...ground,
  facts: { ...ground.facts, ratings: { ...ground.facts.ratings, [criterion]: rating } },
});

/** The least amount that is enough. More of a figure never hurts, so halving finds it, to the cent. */
function figureFor(figure: LeverFigure, to: LeverTarget, ground: Ground, settings: Settings): LeverChange[] {
  // A figure does not change how the strategic gate answers.
  const strategy = answerStrategy(ground.facts, settings).result;
  const isEnough = (amount: Cents): boolean => isOver(to, withFigure(ground, figure, amount), settings, strategy);
  const from = figureOf(ground, figure);
  let enough = highestThatCounts(figure, ground);
  let tooLow = isKnown(from) ? from : -1;
  if (enough <= tooLow || !isEnough(enough)) return [];
  while (enough - tooLow > 1) {
    const middle = tooLow + Math.floor((enough - tooLow) / 2);
    if (isEnough(middle)) enough = middle;
    else tooLow = middle;
  }
  return [{ is: 'figure', figure, from, atLeast: enough }];
}

function figureOf({ facts, potential }: Ground, figure: LeverFigure): Cents | Unknown {
  switch (figure) {
    case 'potential':
      return potential.additional;
    case 'margin':
      return facts.contributionMargin;
    case 'revenue':
      return facts.yearlyRevenue;
  }
}

function withFigure(ground: Ground, figure: LeverFigure, amount: Cents): Ground {
  switch (figure) {
    case 'potential':
      return { ...ground, potential: { ...ground.potential, additional: amount } };
    case 'margin':
      return { ...ground, facts: { ...ground.facts, contributionMargin: amount } };
    case 'revenue':
      return { ...ground, facts: { ...ground.facts, yearlyRevenue: amount } };
  }
}

/** From here on more of a figure changes nothing: it has reached its line and all its points. */
function highestThatCounts(figure: LeverFigure, { lines, scale }: Ground): Cents {
  const full = (anchors: Anchors | Unknown): Cents => (isKnown(anchors) ? Math.ceil(anchors.full) : 0);
  switch (figure) {
    case 'potential':
      return Math.max(1, lines.potential, full(scale.anchors.potential));
    case 'margin':
      return Math.max(1, full(scale.anchors.margin));
    case 'revenue':
      return Math.max(1, lines.revenue, full(scale.anchors.risk));
  }
}

/** Whether a group stands beyond a line; each gate is answered by itself, as in the funnel. */
function isOver(
  to: LeverTarget,
  { facts, potential, standing, lines, scale }: Ground,
  settings: Settings,
  strategy = answerStrategy(facts, settings).result,
): boolean {
  const isIn = (): boolean => {
    const { segment } = segmentOf(facts.yearlyRevenue, potential.additional, lines, settings, standing.segment);
    return segment !== 'small' && segment !== 'unknown';
  };
  const isScored = (): boolean => {
    const score = scoreGroup(facts, potential, scale, settings);
    const { threshold, hysteresis } = settings.score;
    const line = isPastScore(facts, standing) ? threshold - hysteresis : threshold;
    return isKnown(score.points) && isDecidable(score, settings) && exceeds(score.points, line);
  };
  switch (to) {
    case 'key':
    case 'candidate':
      return strategy === 'passed' && isIn() && isScored();
    case 'segment':
      return isIn();
    case 'strategy':
      return strategy === 'passed';
    case 'score':
      return isScored();
  }
}
