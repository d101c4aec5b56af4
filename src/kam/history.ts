/** What the org keeps of a group month by month: when a row is due, what it says, and until when it is kept. */
import { addMonths, lastMonthEnd } from './calendar.js';
import { moneyCriteria, type ScoreCriterion, type StrategyCriterion } from './criteria.js';
import type { Rating } from './facts.js';
import type { Decision, SegmentLines, StrategyAnswer } from './funnel.js';
import type { ScorePart, ScoreScale } from './score.js';
import type { Settings } from './settings.js';
import type { AccountMark } from './standing.js';
import type { Cents, Fraction, IsoDate, Points, RecordId } from './units.js';
import { isKnown, type Unknown, type WhyUnknown } from './unknown.js';

/** One row, in the units of an account's mark; `breakdown` is a `Breakdown` as JSON. */
export type HistoryRow = Pick<
  AccountMark,
  | 'tier'
  | 'segment'
  | 'gate'
  | 'gateResult'
  | 'score'
  | 'confidence'
  | 'revenue'
  | 'crossSell'
  | 'upSell'
  | 'additionalPotential'
  | 'revenueAtRisk'
  | 'reasons'
> & { asOf: IsoDate; breakdown: string };

/** A row as the org has it, as far as the next one depends on it. */
export type StandingRow = Pick<HistoryRow, 'asOf' | 'tier' | 'segment' | 'gate' | 'gateResult' | 'score'>;

export type HistoryChange =
  | {
      verb: 'assess';
      accountId: RecordId;
      name: string;
      ref: string;
      /** The row that stands for this day; null where there is none. */
      before: StandingRow | null;
      currency: string | null;
      row: HistoryRow;
    }
  | { verb: 'forget'; accountId: RecordId; recordId: RecordId; ref: string };

/** Identity of the row of one group and as-of day. */
export const historyRef = (groupId: RecordId, asOf: IsoDate): string => `KAM|${groupId}|${asOf}`;

/** A row as the root's mark says it. */
export function rowOf(mark: Omit<HistoryRow, 'asOf' | 'breakdown'>, asOf: IsoDate, breakdown: string): HistoryRow {
  const { tier, segment, gate, gateResult, score, confidence, reasons } = mark;
  const { revenue, crossSell, upSell, additionalPotential, revenueAtRisk } = mark;
  const figures = { revenue, crossSell, upSell, additionalPotential, revenueAtRisk };
  return { asOf, tier, segment, gate, gateResult, score, confidence, ...figures, reasons, breakdown };
}

/**
 * Whether a group's row of this day has to be written.
 *
 * Shape:  `stands` is the latest row up to the as-of day. A group in the funnel gets a row per as-of day; within it the
 *         row is written anew when tier, segment, gate or result change, or the score by the step of the settings. A
 *         group that has left the funnel gets one row that says so, and no more until something changes.
 *         Choice: small customers, most of any book, get none: their months would fill the org's storage.
 */
export function isRowDue(
  decision: Decision,
  stands: StandingRow | null,
  asOf: IsoDate,
  { history }: Pick<Settings, 'history'>,
): boolean {
  const isIn = isInFunnel(decision);
  if (stands === null) return isIn;
  if (decided.some((what) => stands[what] !== decision[what])) return true;
  if (!isIn) return false;
  return stands.asOf !== asOf || hasMoved(stands.score, decision.score.points, history.scoreStep);
}

const decided = ['tier', 'segment', 'gate', 'gateResult'] as const;

/** Past the segment, or in a tier that was earned or given. */
const isInFunnel = ({ gate, tier }: Decision): boolean => gate !== 'segment' || tier !== 'standard';

/** In hundredths, as scores are kept. */
function hasMoved(before: Points | null, now: Points | Unknown, step: Points): boolean {
  if (before === null || !isKnown(now)) return isKnown(now) || before !== null;
  return Math.abs(hundredths(now) - hundredths(before)) >= Math.max(1, hundredths(step));
}

const hundredths = (points: Points): number => Math.round(points * 100);

/** The last day whose rows are not kept any longer, so that as many months are kept as the setting says; null keeps all. */
export function forgottenUntil(asOf: IsoDate, { history }: Pick<Settings, 'history'>): IsoDate | null {
  const { retentionMonths } = history;
  return retentionMonths === null ? null : lastMonthEnd(addMonths(`${asOf.slice(0, 7)}-01`, 1 - retentionMonths));
}

/**
 * How a decision was made, for a page that draws it.
 *
 * Shape:  `v` is raised when a key changes its meaning. What was unknown is null, with its reason beside it. An anchor
 *         list is the values that earn 0, 50 and 100 points.
 * Units:  money in corporate currency units, shares as fractions, points 0–100; what parts add sums to the points.
 */
export type Breakdown = {
  v: 1;
  score: {
    points: Points | null;
    threshold: Points;
    confidence: Fraction;
    calibrated: boolean;
    parts: {
      criterion: ScoreCriterion;
      weight: number;
      value: number | null;
      points: Points | null;
      adds: Points;
      anchors: [number, number, number] | null;
      unknown?: WhyUnknown;
    }[];
  };
  segment: Record<'revenue' | 'potential', { value: number | null; from: number; unknown?: WhyUnknown }>;
  strategy: Pick<StrategyAnswer, 'result' | 'lowest' | 'highest'> & {
    needed: Fraction;
    ratings: Record<StrategyCriterion, Rating | null>;
  };
};

/** What a breakdown is made of beside the decision. */
export type Ground = {
  revenue: Cents | Unknown;
  potential: Cents | Unknown;
  lines: SegmentLines;
  scale: ScoreScale;
};

export function breakdownOf(decision: Decision, ground: Ground, settings: Settings): Breakdown {
  const { score, strategy } = decision;
  const { ratings } = strategy;
  const rating = (name: StrategyCriterion): Rating | null => (isKnown(ratings[name]) ? ratings[name] : null);
  return {
    v: 1,
    score: {
      points: isKnown(score.points) ? rounded(score.points) : null,
      threshold: settings.score.threshold,
      confidence: rounded(score.confidence),
      calibrated: score.calibrated,
      parts: score.parts.map((part) => partOf(part, ground.scale)),
    },
    segment: {
      revenue: { ...known(ground.revenue, inUnits), from: inUnits(ground.lines.revenue) },
      potential: { ...known(ground.potential, inUnits), from: inUnits(ground.lines.potential) },
    },
    strategy: {
      result: strategy.result,
      lowest: rounded(strategy.lowest),
      highest: rounded(strategy.highest),
      needed: settings.strategy.minimumMean,
      ratings: {
        referenceCustomer: rating('referenceCustomer'),
        opinionLeader: rating('opinionLeader'),
        complexity: rating('complexity'),
        countries: rating('countries'),
        sites: rating('sites'),
      },
    },
  };
}

function partOf(part: ScorePart, { anchors }: ScoreScale): Breakdown['score']['parts'][number] {
  const isMoney = moneyCriteria.some((name) => name === part.criterion);
  const written = isMoney ? inUnits : rounded;
  const own = anchors[part.criterion];
  return {
    criterion: part.criterion,
    weight: part.weight,
    ...known(part.value, written),
    ...(isKnown(part.points) ? { points: rounded(part.points) } : { points: null, unknown: part.points.unknown }),
    adds: rounded(part.contribution),
    anchors: isKnown(own) ? [written(own.zero), written(own.half), written(own.full)] : null,
  };
}

const known = (value: number | Unknown, written: (value: number) => number) =>
  isKnown(value) ? { value: written(value) } : { value: null, unknown: value.unknown };

const inUnits = (cents: Cents): number => cents / 100;
const rounded = (value: number): number => Number(value.toFixed(4));
