/** How much the programme hangs on its weights: under which share of weights near those set is a group a candidate? */
import {
  peopleRated,
  scoreCriteria,
  strategyCriteria,
  type ScoreCriterion,
  type StrategyCriterion,
} from './criteria.js';
import type { GroupFacts } from './facts.js';
import { isPromised, type Decision } from './funnel.js';
import type { Draw } from './random.js';
import { exceeds, isConfident } from './score.js';
import type { Settings } from './settings.js';
import { isEnough } from './strategy.js';
import type { Cents, Fraction, Points, RecordId } from './units.js';
import { isKnown } from './unknown.js';

/** Each weight is drawn from this share below what is set to this share above. */
const SPREAD: Fraction = 0.2;

/** With this many draws a share is read to within two or three percentage points. */
export const TRIALS = 1000;

/** Draws differ between settings and books only by what is decided on them. */
export const TRIAL_SEED = 2022;

/** One group that is in the programme, or could be under weights near those set; figures in order of the criteria. */
export type Contestant = {
  groupId: RecordId;
  revenue: Cents;
  /** Whom weights can't move (a key account; kept a candidate by a person or for now), whom only the cap can't cut, and all others. */
  claim: 'key' | 'kept' | 'promised' | 'open';
  /** Points of the score's criteria; NaN where unknown or inactive. */
  points: readonly number[];
  /** Strategic ratings, an unknown one as 0: the gate is passed when it is passed with these. */
  ratings: readonly number[];
  /** The score to exceed: less where hysteresis holds the group. */
  threshold: Points;
  /** Whether one rating by people passes the strategic gate alone. */
  passedByOne: boolean;
};

/**
 * What a group brings to the trials, from its decision before the cap; null where no weights near those set make it a
 * candidate: other segments, excluded or declined groups, and scores or ratings that are out of reach.
 */
export function contestantOf(facts: GroupFacts, decision: Decision, settings: Settings): Contestant | null {
  const claim = claimOf(facts, decision);
  if (claim === null) return null;
  const points = new Map(decision.score.parts.map((part) => [part.criterion, part.points]));
  const { ratings } = decision.strategy;
  const contestant: Contestant = {
    groupId: facts.groupId,
    revenue: isKnown(facts.yearlyRevenue) ? facts.yearlyRevenue : 0,
    claim,
    points: scoreCriteria.map((criterion) => {
      const earned = points.get(criterion);
      return earned === undefined || !isKnown(earned) ? Number.NaN : earned;
    }),
    ratings: strategyCriteria.map((criterion) => {
      const rating = ratings[criterion];
      return isKnown(rating) ? rating : 0;
    }),
    threshold: decision.reasons.some(({ is }) => is === 'scoreHeld')
      ? settings.score.threshold - settings.score.hysteresis
      : settings.score.threshold,
    passedByOne:
      settings.strategy.oneIsEnough &&
      peopleRated.some((criterion) => settings.criterion[criterion].active && ratings[criterion] === 3),
  };
  return couldPass(contestant, settings) ? contestant : null;
}

function claimOf({ exclusion, answer }: GroupFacts, decision: Decision): Contestant['claim'] | null {
  if (decision.tier === 'key') return 'key';
  if (decision.reasons.some(({ is }) => is === 'overridden')) return decision.tier === 'candidate' ? 'kept' : null;
  if (decision.reasons.some(({ is }) => is === 'held')) return 'kept';
  const isOut = exclusion !== null || answer.is === 'declined';
  if (isOut || decision.segment === 'small' || decision.segment === 'unknown') return null;
  return isPromised(decision) ? 'promised' : 'open';
}

function couldPass({ claim, points, ratings, threshold, passedByOne }: Contestant, settings: Settings): boolean {
  if (claim === 'key' || claim === 'kept') return true;
  const weights = weightsOf(settings);
  return (
    exceeds(highestMean(points, weights.score), threshold) &&
    (passedByOne || isEnough(highestMean(ratings, weights.strategy) / 3, settings))
  );
}

/** The highest weighted mean that weights within the spread can make: the best values weigh most, all others least. */
function highestMean(values: readonly number[], weights: readonly number[]): number {
  const known = values
    .map((value, index) => ({ value, weight: weights[index] ?? 0 }))
    .filter(({ value }) => !Number.isNaN(value))
    .toSorted((a, b) => b.value - a.value);
  const means = known.map((_, favoured) => {
    const drawn = known.map(({ value, weight }, index) => {
      return { value, weight: weight * (index <= favoured ? 1 + SPREAD : 1 - SPREAD) };
    });
    const sum = drawn.reduce((total, { weight }) => total + weight, 0);
    return sum === 0 ? 0 : drawn.reduce((total, { value, weight }) => total + weight * value, 0) / sum;
  });
  // A hair more, so that rounding in the last digit keeps nobody out of the trials.
  return Math.max(0, ...means) + 1e-9;
}

type Weights = { score: number[]; strategy: number[] };

const weightsOf = ({ criterion }: Settings): Weights => {
  const weightOf = (name: ScoreCriterion | StrategyCriterion): number =>
    criterion[name].active ? criterion[name].weight : 0;
  return { score: scoreCriteria.map(weightOf), strategy: strategyCriteria.map(weightOf) };
};

/**
 * The share of trials in which each group is a candidate; in each trial all weights of both gates are drawn anew, and
 * the cap is filled by the ranks that they make.
 *
 * Shape:  key accounts take their place in the cap and have no share. Same seed, same shares, in whatever order the
 *         contestants come. Scaling all weights of a gate changes nothing.
 * Errors: none.
 * Choice: uniform and independent draws; lines and anchors stand still, as they are no matter of opinion on weights. The
 *         points of key account managers are left out: who looks after whom is no matter of weights either.
 */
export function robustnessOf(
  contestants: readonly Contestant[],
  settings: Settings,
  draw: Draw,
  trials = TRIALS,
): Map<RecordId, Fraction> {
  const { capacity } = settings.score;
  const keys = contestants.filter(({ claim }) => claim === 'key').length;
  // As ranks are made: equal points go by revenue, then by id.
  const others = contestants
    .filter(({ claim }) => claim !== 'key')
    .toSorted((a, b) => b.revenue - a.revenue || (a.groupId < b.groupId ? -1 : 1));
  const set = weightsOf(settings);
  const stays = new Int32Array(others.length);
  for (let trial = 0; trial < trials; trial += 1) {
    const weights = drawn(set, draw);
    const points = Float64Array.from(others, (contestant) => pointsIn(contestant, weights, settings));
    const room = capacity === null ? Number.POSITIVE_INFINITY : Math.max(0, capacity - keys);
    const isIn = placesIn(points, room);
    others.forEach(({ claim }, index) => {
      const isCandidate = claim === 'open' ? isIn(index) : !Number.isNaN(points[index]);
      stays[index] = (stays[index] ?? 0) + (isCandidate ? 1 : 0);
    });
  }
  return new Map(others.map(({ groupId }, index) => [groupId, (stays[index] ?? 0) / trials]));
}

/** Every weight is drawn, also one of an inactive criterion, so that switching one off does not reshuffle the others. */
function drawn({ score, strategy }: Weights, draw: Draw): Weights {
  const near = (weight: number): number => weight * (1 - SPREAD + 2 * SPREAD * draw());
  return { score: score.map(near), strategy: strategy.map(near) };
}

/** The group's score under these weights; NaN where it does not pass both gates. */
function pointsIn(
  { claim, points, ratings, threshold, passedByOne }: Contestant,
  weights: Weights,
  settings: Settings,
): number {
  let all = 0;
  let known = 0;
  points.forEach((earned, index) => {
    const weight = weights.score[index] ?? 0;
    all += weight;
    if (!Number.isNaN(earned)) known += weight;
  });
  let score = 0;
  points.forEach((earned, index) => {
    if (!Number.isNaN(earned) && known > 0) score += ((weights.score[index] ?? 0) * earned) / known;
  });
  score = Math.min(100, score);
  if (claim === 'kept') return score;
  const isScored = known > 0 && isConfident(known / all, settings) && exceeds(score, threshold);
  if (!isScored || !(passedByOne || isEnough(meanRating(ratings, weights.strategy), settings))) return Number.NaN;
  return score;
}

function meanRating(ratings: readonly number[], weights: readonly number[]): Fraction {
  let sum = 0;
  let all = 0;
  ratings.forEach((rating, index) => {
    const weight = weights[index] ?? 0;
    sum += weight * rating;
    all += weight;
  });
  return all === 0 ? 0 : sum / (3 * all);
}

/** Who finds a place where there is room for only some: the highest points, and of equal points those who come first. */
function placesIn(points: Float64Array, room: number): (index: number) => boolean {
  const passing = points.filter((score) => !Number.isNaN(score)).sort();
  if (passing.length <= room) return (index) => !Number.isNaN(points[index]);
  const last = room === 0 ? Number.POSITIVE_INFINITY : (passing[passing.length - room] ?? Number.POSITIVE_INFINITY);
  let left = room - passing.filter((score) => score > last).length;
  const isIn = points.map((score) => {
    if (score > last) return 1;
    if (score !== last || left === 0) return 0;
    left -= 1;
    return 1;
  });
  return (index) => isIn[index] === 1;
}
