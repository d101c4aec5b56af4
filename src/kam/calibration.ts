/** Proposals for the lines, anchors and threshold of a book: figures as people would set them, and kept while they fit. */
import type { GroupFacts } from './facts.js';
import type { Decision, SegmentLines } from './funnel.js';
import { exceeds, isDecidable, type Anchors } from './score.js';
import type { Settings } from './settings.js';
import { toCents, type Cents, type Fraction, type Points } from './units.js';
import { isKnown } from './unknown.js';

/** What is set stays while it is this near to what the book says, so that proposals don't follow every month. */
const KEPT_WITHIN: Fraction = 0.1;

/**
 * An amount as people would set it: two digits, the second a 0 or 5 from 50 on; 83,412 becomes 85,000.
 *
 * At most 5 % off, never of another sign, and an amount as it is set stays as it is.
 */
export function roundAmount(amount: Cents): Cents {
  if (amount === 0) return 0;
  const size = 10 ** (Math.floor(Math.log10(Math.abs(amount))) - 1);
  if (size < 1) return amount;
  const step = Math.abs(amount) / size >= 50 ? 5 * size : size;
  return toCents(Math.round(amount / step) * step);
}

const isNear = (set: number, exact: number): boolean => Math.abs(set - exact) <= KEPT_WITHIN * Math.abs(exact);

/** The line to set on an axis: what is set where that is near enough, else the rounded one, but never below the minimum. */
export function lineFor(exact: Cents, set: Cents | null, minimum: Cents): Cents {
  return set !== null && set >= minimum && isNear(set, exact) ? set : Math.max(minimum, roundAmount(exact));
}

/** Anchors to set for a criterion in money; rounded only as far as they stay apart. */
export function anchorsFor(exact: Anchors, set: Anchors | null): Anchors {
  if (set !== null && isNear(set.zero, exact.zero) && isNear(set.half, exact.half) && isNear(set.full, exact.full)) {
    return set;
  }
  const rounded = { zero: exact.zero, half: roundAmount(exact.half), full: roundAmount(exact.full) };
  return rounded.zero < rounded.half && rounded.half < rounded.full ? rounded : exact;
}

/** What the threshold has to fit into the programme: places taken whatever it is, and the scores of all who could come. */
export type Contenders = { taken: number; points: Points[] };

/** Counts one group in: a key account or a person's candidate takes a place; who only lacks ratings or score may come. */
export function contend(contenders: Contenders, facts: GroupFacts, decision: Decision, settings: Settings): void {
  const { tier, reasons, segment, strategy, score } = decision;
  const isOverridden = reasons.some(({ is }) => is === 'overridden');
  if (tier === 'key' || (isOverridden && tier === 'candidate')) {
    contenders.taken += 1;
    return;
  }
  const isOut = isOverridden || facts.exclusion !== null || facts.answer.is === 'declined';
  if (isOut || segment === 'small' || segment === 'unknown' || strategy.result === 'failed') return;
  if (isKnown(score.points) && isDecidable(score, settings)) contenders.points.push(score.points);
}

/** The median entrant earns 50 on calibrated anchors: a key account lies above. */
const LOWEST_THRESHOLD: Points = 50;
const HIGHEST_THRESHOLD: Points = 99;

/** A threshold is left alone while it fits and is at most this much stricter than need be. */
const KEPT_ABOVE: Points = 2;

export type ThresholdProposal = {
  threshold: Points;
  /** Places taken if all who exceed it came: key accounts, and contenders also where ratings are still missing. */
  places: number;
  /** False where no threshold makes them fit. */
  fits: boolean;
};

/**
 * The lowest whole threshold from 50 on at which all who could become candidates fit the capacity.
 *
 * Choice: groups whose ratings are still missing count as if they passed, so that rating them can't overfill the programme.
 */
export function thresholdFor({ taken, points }: Contenders, capacity: number, set: Points): ThresholdProposal {
  const placesAt = (threshold: Points): number => taken + points.filter((each) => exceeds(each, threshold)).length;
  let threshold = LOWEST_THRESHOLD;
  while (threshold < HIGHEST_THRESHOLD && placesAt(threshold) > capacity) threshold += 1;
  const isKept = set >= threshold && set - threshold <= KEPT_ABOVE && placesAt(set) <= capacity;
  const chosen = isKept ? set : threshold;
  return { threshold: chosen, places: placesAt(chosen), fits: placesAt(chosen) <= capacity };
}

/** The lines to set, from those that shares of the book make. */
export function linesFor(shares: SegmentLines, { segment }: Settings): SegmentLines {
  const isAmount = segment.method === 'amount';
  return {
    revenue: lineFor(shares.revenue, isAmount ? segment.revenueLine : null, segment.minimumRevenue),
    potential: lineFor(shares.potential, isAmount ? segment.potentialLine : null, segment.minimumPotential),
  };
}
