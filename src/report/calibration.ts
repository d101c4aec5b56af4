/** What calibration proposes: the value that `--json` gives, and the lines for a terminal. */
import type { MoneyAnchors } from '../kam/score.js';
import type { SegmentLines } from '../kam/funnel.js';
import type { Cents, IsoDate, Points, RecordId } from '../kam/units.js';
import { criterionName } from '../kam/wording.js';
import { money, table, type Screen } from './terminal.js';
import { countsTable, type Counts } from './whatIf.js';

/** One proposal, with the exact figures that it was rounded from, and who stands where before and after it. */
export type CalibrationStep = {
  changes: { key: string; before: string; after: string }[];
  why:
    | { is: 'lines'; shares: SegmentLines; revenueShare: number; potentialShare: number }
    | { is: 'anchors'; exact: MoneyAnchors; entrants: number; missing: (keyof MoneyAnchors)[] }
    | { is: 'threshold'; threshold: Points; places: number; capacity: number; fits: boolean }
    | { is: 'noCapacity' };
  before: Counts;
  after: Counts;
};

export type Calibration = {
  orgId: RecordId;
  username: string;
  asOf: IsoDate;
  run: string;
  currency: string | null;
  changedSince: string[];
  /** In the order in which they build on each other: lines, anchors, threshold. */
  steps: CalibrationStep[];
  written: string[];
};

export function calibrationLines(result: Calibration, screen: Screen): string[] {
  const { steps, currency } = result;
  return [
    `Proposals from the book of the run of ${result.run}, as of ${result.asOf}. Nothing was written to the org.`,
    ...(result.changedSince.length === 0
      ? []
      : [`Changed in the org since that run: ${result.changedSince.join(', ')}.`]),
    ...steps.flatMap((step) => stepLines(step, screen, currency)),
    ...(steps.every(({ changes }) => changes.length === 0)
      ? ['', 'Nothing to propose: what is set fits the book.']
      : []),
    ...result.written.map((file) => `Written: ${file}`),
  ];
}

function stepLines(step: CalibrationStep, screen: Screen, currency: string | null): string[] {
  const heading = headings[step.why.is];
  if (step.changes.length === 0) return ['', `${heading}: no change. ${whyText(step.why, currency)}`];
  return [
    '',
    `${heading}: ${whyText(step.why, currency)}`,
    table(screen, {
      data: step.changes,
      columns: [
        { key: 'key', name: 'Setting' },
        { key: 'before', name: 'Now', horizontalAlignment: 'right' },
        { key: 'after', name: 'Proposed', horizontalAlignment: 'right' },
      ],
    }),
    '',
    countsTable(step.before, step.after, screen, ['before', 'after'], currency),
  ];
}

const headings: Record<CalibrationStep['why']['is'], string> = {
  lines: 'Segment lines',
  anchors: 'Anchors of the score',
  threshold: 'Threshold',
  noCapacity: 'Threshold',
};

function whyText(why: CalibrationStep['why'], currency: string | null): string {
  const amount = (cents: Cents): string => money(cents, currency);
  switch (why.is) {
    case 'lines':
      return `the fewest groups that make ${share(why.revenueShare)} of all revenue begin at ${amount(why.shares.revenue)}, those that make ${share(why.potentialShare)} of all potential at ${amount(why.shares.potential)}. Fixed amounts keep a group's segment from moving because others moved.`;
    case 'anchors': {
      const names = why.missing.map((criterion) => criterionName(criterion, 'en'));
      const missing =
        names.length === 0 ? '' : ` Fewer than three entrants have a known ${names.join(', ')}: no anchors for that.`;
      return `50 points at the median of the ${why.entrants} groups that enter the funnel, 100 at their 90th percentile.${missing}`;
    }
    case 'threshold':
      return why.fits
        ? `above ${why.threshold}, ${why.places} of ${why.capacity} places are taken, groups whose ratings are still missing counted as if they passed.`
        : `${why.places} groups want ${why.capacity} places at any threshold; the cap keeps the others waiting.`;
    case 'noCapacity':
      return 'without a capacity there is nothing to fit; give one with --capacity.';
  }
}

const share = (fraction: number): string => `${Number((100 * fraction).toFixed(1))} %`;
