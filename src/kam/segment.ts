/** Step 0: which groups are poured into the funnel, by revenue and by additional potential. */
import type { Segment, SegmentLines } from './funnel.js';
import type { Settings } from './settings.js';
import { toCents, type Cents, type Fraction } from './units.js';
import { isKnown, type Unknown } from './unknown.js';

/**
 * Where "high" begins on both axes.
 *
 * Shape:  one number per group; NaN stands for unknown and takes no part, nor does a total of zero or less.
 * Units:  cents per year.
 * Errors: none. In a book without any revenue or potential the line is the minimum amount.
 * Source: Milz, customer segmentation (revenue share × additional potential); the 80 % line is ABC practice.
 */
export function segmentLines(
  totals: { revenue: Float64Array; potential: Float64Array },
  settings: Settings,
): SegmentLines {
  const { segment } = settings;
  switch (segment.method) {
    case 'amount':
      return {
        revenue: segment.revenueLine ?? segment.minimumRevenue,
        potential: segment.potentialLine ?? segment.minimumPotential,
      };
    case 'share':
      return {
        revenue: Math.max(lineAtShare(totals.revenue, segment.revenueShare), segment.minimumRevenue),
        potential: Math.max(lineAtShare(totals.potential, segment.potentialShare), segment.minimumPotential),
      };
  }
}

/** The value of the last group in the smallest set of largest groups that makes `share` of the total; 0 for no total. */
function lineAtShare(values: Float64Array, share: Fraction): Cents {
  const descending = values.filter((value) => value > 0).sort((a, b) => b - a);
  const wanted = toCents(share * descending.reduce((sum, value) => sum + value, 0));
  let reached = 0;
  let line = 0;
  for (const value of descending) {
    if (reached >= wanted) break;
    reached += value;
    line = value;
  }
  return line;
}

/**
 * The segment of one group, and whether it is kept above a line that it no longer reaches.
 *
 * Prospects that take part by setting have no revenue, and that is known. A group that stands high on an axis today stays high down to `keepShare` of the line, so that it does not flap.
 */
export function segmentOf(
  revenue: Cents | Unknown,
  potential: Cents | Unknown,
  lines: SegmentLines,
  settings: Settings,
  standing: Segment | null,
): { segment: Segment; kept: boolean } {
  const isProspect = settings.potential.prospects && !isKnown(revenue) && revenue.unknown === 'noSales';
  const earned = isProspect ? 0 : revenue;
  if (!isKnown(earned) || !isKnown(potential)) return { segment: 'unknown', kept: false };
  const keep = settings.segment.keepShare;
  const revenueAxis = axis(earned, lines.revenue, keep, standing === 'top' || standing === 'base');
  const potentialAxis = axis(potential, lines.potential, keep, standing === 'top' || standing === 'development');
  const segment = revenueAxis.high
    ? potentialAxis.high
      ? 'top'
      : 'base'
    : potentialAxis.high
      ? 'development'
      : 'small';
  return { segment, kept: revenueAxis.kept || potentialAxis.kept };
}

function axis(value: Cents, line: Cents, keep: Fraction, stoodHigh: boolean): { high: boolean; kept: boolean } {
  const reaches = value > 0 && value >= line;
  const kept = !reaches && stoodHigh && value > 0 && value >= keep * line;
  return { high: reaches || kept, kept };
}
