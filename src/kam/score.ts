/** The hard figures as one score that must be exceeded (step 2). */
import sumBy from 'lodash/sumBy.js';
import { scoreCriteria, type ScoreCriterion } from './criteria.js';
import type { GroupFacts } from './facts.js';
import type { GroupPotential } from './potential.js';
import type { Settings } from './settings.js';
import type { Fraction, Points } from './units.js';
import { isKnown, unknown, type Unknown } from './unknown.js';

/** Where a criterion earns 0, 50 and 100 points; linear between, flat outside. Cents or fraction, as the criterion. */
export type Anchors = { zero: number; half: number; full: number };

/** Anchors of all criteria; `calibrated` false where a money criterion's anchors came from percentiles of the entrants. */
export type ScoreScale = { anchors: Record<ScoreCriterion, Anchors | Unknown>; calibrated: boolean };

/** Anchors of the money criteria that an earlier run took from its entrants. */
export type MoneyAnchors = Record<'potential' | 'margin' | 'risk', Anchors | Unknown>;

export type ScorePart = {
  criterion: ScoreCriterion;
  weight: number;
  /** The criterion's input: cents per year or a fraction. */
  value: number | Unknown;
  /** 0–100 on the criterion's own scale. */
  points: Points | Unknown;
  /** What the part adds to the score; 0 for an unknown part. All contributions sum to the score within 1e-9. */
  contribution: Points;
};

export type Score = {
  /** Unknown only where no weighted criterion is known. */
  points: Points | Unknown;
  /** Share of the weights whose criteria are known. */
  confidence: Fraction;
  parts: ScorePart[];
  calibrated: boolean;
};

/**
 * Scores one group from 0 to 100: the weighted mean of the criteria that are known.
 *
 * Shape:  one part per active criterion, in the order of `scoreCriteria`; an unknown part has no points and no weight in the mean.
 *         Raising one input never lowers the score; scaling all weights changes nothing.
 * Units:  money in cents per year; points 0–100; weights on any common scale.
 * Errors: none. Below `settings.score.minimumConfidence` the caller reads the answer as undecided.
 * Source: Milz 2022, step 2 (“harte, messbare Kennziffern … Score”).
 */
export function scoreGroup(facts: GroupFacts, potential: GroupPotential, scale: ScoreScale, settings: Settings): Score {
  const values: Record<ScoreCriterion, number | Unknown> = {
    potential: potential.additional,
    margin: facts.contributionMargin,
    risk: facts.yearlyRevenue,
    breadth: potential.breadth,
    growth: facts.growth,
  };
  const parts = scoreCriteria
    .filter((criterion) => settings.criterion[criterion].active)
    .map((criterion) => {
      const value = values[criterion];
      const anchors = scale.anchors[criterion];
      const points = !isKnown(value) ? value : !isKnown(anchors) ? anchors : pointsOn(anchors, value);
      return { criterion, weight: settings.criterion[criterion].weight, value, points };
    });
  const weights = sumBy(parts, 'weight');
  const knownWeights = sumBy(parts, ({ weight, points }) => (isKnown(points) ? weight : 0));
  const scored = parts.map((part): ScorePart => ({
    ...part,
    contribution: isKnown(part.points) && knownWeights > 0 ? (part.weight * part.points) / knownWeights : 0,
  }));
  return {
    points: knownWeights > 0 ? Math.min(100, sumBy(scored, 'contribution')) : unknown('notModelled'),
    confidence: weights > 0 ? knownWeights / weights : 0,
    parts: scored,
    calibrated: scale.calibrated,
  };
}

/**
 * 0 points at and below `zero`, 50 at `half`, 100 at and above `full`; linear between.
 *
 * Each stretch is divided before it is multiplied, so that rounding can't make a higher value earn less.
 */
export function pointsOn({ zero, half, full }: Anchors, value: number): Points {
  if (value <= zero) return 0;
  if (value >= full) return 100;
  return value <= half ? 50 * ((value - zero) / (half - zero)) : 50 + 50 * ((value - half) / (full - half));
}

/**
 * Whether a score beats the threshold: it must be exceeded, not just reached.
 *
 * Choice: compared with the two decimals that people read, so that nobody sees “60 exceeds 60”, and so that rounding
 *         in the last digit of a weight decides nothing.
 */
export const exceeds = (points: Points, threshold: Points): boolean => asRead(points) > asRead(threshold);

const asRead = (points: Points): number => Math.round(points * 100);

/** Whether enough of the weights is known for the score to be an answer, in hundredths of a percent as people read it. */
export const isDecidable = (score: Score, settings: Settings): boolean =>
  isKnown(score.points) && isConfident(score.confidence, settings);

export const isConfident = (confidence: Fraction, { score: { minimumConfidence } }: Settings): boolean =>
  Math.round(confidence * 10_000) >= Math.round(minimumConfidence * 10_000);

/**
 * The scale of a run: the admin's anchors where set, else those given for the money criteria.
 *
 * Uncalibrated as long as one weighted money criterion has no anchors of its own in the settings.
 */
export function scaleFrom(settings: Settings, given: MoneyAnchors): ScoreScale {
  const own = (criterion: ScoreCriterion): Anchors | null => {
    const { zeroAt, halfAt, fullAt } = settings.criterion[criterion];
    return zeroAt === null || halfAt === null || fullAt === null ? null : { zero: zeroAt, half: halfAt, full: fullAt };
  };
  const counts = (criterion: ScoreCriterion): boolean =>
    settings.criterion[criterion].active && settings.criterion[criterion].weight > 0;
  const money = ['potential', 'margin', 'risk'] as const;
  return {
    anchors: {
      potential: own('potential') ?? given.potential,
      margin: own('margin') ?? given.margin,
      risk: own('risk') ?? given.risk,
      breadth: own('breadth') ?? unknown('noAnchors'),
      growth: own('growth') ?? unknown('noAnchors'),
    },
    calibrated: money.every((criterion) => !counts(criterion) || own(criterion) !== null),
  };
}

/**
 * Anchors from the funnel's entrants: 50 points at the median, 100 at the 90th percentile.
 *
 * Shape:  0 points at the minimum amount that segments are cut at (0 for margin); NaN entrants are unknown and left out.
 *         What an earlier run remembers stands; what it could not know is taken now.
 * Errors: none. Unknown with fewer than three known entrants. Choice: two customers have no middle; such an org is told
 *         that its scale is not set, and sets three amounts.
 */
export function anchorsOfEntrants(
  entrants: { potential: Float64Array; margin: Float64Array; risk: Float64Array },
  settings: Settings,
  remembered: MoneyAnchors | null = null,
): MoneyAnchors {
  const of = (criterion: keyof MoneyAnchors, zero: number): Anchors | Unknown => {
    const before = remembered?.[criterion];
    return before !== undefined && isKnown(before) ? before : anchorsOf(entrants[criterion], zero);
  };
  return {
    potential: of('potential', settings.segment.minimumPotential),
    margin: of('margin', 0),
    risk: of('risk', settings.segment.minimumRevenue),
  };
}

const MINIMUM_ENTRANTS = 3;

/**
 * Choice: entrants too alike to tell apart, or below zero points, still need a rising scale: `half` and `full` are set
 * at least 1 % of the amount at zero points (or a cent) apart.
 */
function anchorsOf(values: Float64Array, zero: number): Anchors | Unknown {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort();
  if (sorted.length < MINIMUM_ENTRANTS) return unknown('noAnchors');
  const gap = Math.max(1, Math.round(zero / 100));
  const half = Math.max(Math.round(quantile(sorted, 0.5)), zero + gap);
  const full = Math.max(Math.round(quantile(sorted, 0.9)), half + gap);
  return { zero, half, full };
}

/** Linear interpolation between order statistics (type 7), as DuckDB's quantile_cont. */
export function quantile(sorted: Float64Array, share: Fraction): number {
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? below;
  return below + (above - below) * (position - Math.floor(position));
}
