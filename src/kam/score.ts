/** The hard figures as one score that must be exceeded (step 2). */
import type { ScoreCriterion } from './criteria.js';
import type { Fraction, Points } from './units.js';
import type { Unknown } from './unknown.js';

/** Where a criterion earns 0, 50 and 100 points; linear between, flat outside. Cents or fraction, as the criterion. */
export type Anchors = { zero: number; half: number; full: number };

/** Anchors of all criteria; `calibrated` false where a money criterion's anchors came from percentiles of the entrants. */
export type ScoreScale = { anchors: Record<ScoreCriterion, Anchors | Unknown>; calibrated: boolean };

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
