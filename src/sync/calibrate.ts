/** Proposes segment lines, anchors and threshold from the last run's book and the programme's capacity. */
import type { Org } from '@salesforce/core';
import { anchorsFor, contend, linesFor, thresholdFor, type Contenders } from '../kam/calibration.js';
import { moneyCriteria } from '../kam/criteria.js';
import { anchorsOfEntrants, type Anchors } from '../kam/score.js';
import { segmentLines } from '../kam/segment.js';
import type { Settings } from '../kam/settings.js';
import type { Cents } from '../kam/units.js';
import { isKnown } from '../kam/unknown.js';
import { withEntries, writeRecords, type ChangedSettings, type Entry } from '../org/changes.js';
import { connect } from '../org/connect.js';
import type { Calibration, CalibrationStep } from '../report/calibration.js';
import type { Counts } from '../report/whatIf.js';
import { entrantsOf, groupTotals, type Totals } from './assess.js';
import { withGround, type Ground } from './scenario.js';
import { count, countsFor } from './whatIf.js';

export type CalibrateOptions = {
  /** Places in the programme; null for the setting's. */
  capacity: number | null;
  write: string | null;
  env: NodeJS.ProcessEnv;
};

/**
 * Proposes what an admin would set for this book.
 *
 * Shape:  three steps that build on each other. What fits stays, so that calibrating again after deploying proposes
 *         nothing new.
 * Errors: those of `withGround` and `writeRecords`.
 */
export async function calibrate(
  login: Org,
  apiVersion: string | undefined,
  options: CalibrateOptions,
): Promise<Calibration> {
  const org = await connect(login, apiVersion);
  return withGround(org, options.env, async (ground) => {
    const start: ChangedSettings = { settings: ground.settings, records: ground.records, changes: [] };
    const scenario = await ground.under(start.settings);
    const totals = await groupTotals(scenario.groups);
    const before = await countsUnder(ground, start.settings);

    const lines = linesStep(totals, start.settings);
    const lined = changedBy(ground, start, lines.entries);
    const afterLines = await countsUnder(ground, lined.settings);

    const anchors = anchorsStep(totals, lined.settings);
    const anchored = changedBy(ground, lined, anchors.entries);
    const afterAnchors = await countsUnder(ground, anchored.settings);

    const threshold = await thresholdStep(ground, anchored.settings, options.capacity);
    const last = changedBy(ground, anchored, threshold.entries);
    const steps: CalibrationStep[] = [
      { changes: lined.changes, why: lines.why, before, after: afterLines },
      { changes: anchored.changes, why: anchors.why, before: afterLines, after: afterAnchors },
      {
        changes: last.changes,
        why: threshold.why,
        before: afterAnchors,
        after: await countsUnder(ground, last.settings),
      },
    ];
    return {
      orgId: org.orgId,
      username: org.username,
      asOf: ground.run.asOf,
      run: ground.run.finishedAt,
      currency: ground.settings.currency,
      changedSince: ground.changedSince,
      steps,
      written: options.write === null ? [] : writeRecords(options.write, ground.records, last.records),
    };
  });
}

type Proposed = { entries: Entry[]; why: CalibrationStep['why'] };

const changedBy = ({ families }: Ground, { records }: ChangedSettings, entries: readonly Entry[]): ChangedSettings =>
  withEntries(records, entries, families);

const units = (cents: Cents): string => String(cents / 100);

function linesStep(totals: Totals, settings: Settings): Proposed {
  const { segment } = settings;
  const shares = segmentLines(totals, { ...settings, segment: { ...segment, method: 'share' } });
  const lines = linesFor(shares, settings);
  const entries: Entry[] = [];
  if (segment.method !== 'amount') entries.push({ key: 'segment.method', text: 'Amount' });
  if (segment.revenueLine !== lines.revenue) entries.push({ key: 'segment.revenueLine', text: units(lines.revenue) });
  if (segment.potentialLine !== lines.potential)
    entries.push({ key: 'segment.potentialLine', text: units(lines.potential) });
  const { revenueShare, potentialShare } = segment;
  return { entries, why: { is: 'lines', shares, revenueShare, potentialShare } };
}

/** Breadth and growth are shares: their anchors come from what is usual, not from this book. */
function anchorsStep(totals: Totals, settings: Settings): Proposed {
  const entrants = entrantsOf(totals, segmentLines(totals, settings), settings);
  const exact = anchorsOfEntrants(entrants, settings);
  const weighed = moneyCriteria.filter(
    (name) => settings.criterion[name].active && settings.criterion[name].weight > 0,
  );
  const entries = weighed.flatMap((name): Entry[] => {
    const from = exact[name];
    if (!isKnown(from)) return [];
    const set = anchorsIn(settings.criterion[name]);
    const to = anchorsFor(from, set);
    return to === set
      ? []
      : (['zero', 'half', 'full'] as const).map((at) => ({ key: `criterion.${name}.${at}At`, text: units(to[at]) }));
  });
  const missing = weighed.filter((name) => !isKnown(exact[name]));
  return { entries, why: { is: 'anchors', exact, entrants: entrants.risk.length, missing } };
}

function anchorsIn({ zeroAt, halfAt, fullAt }: Settings['criterion']['potential']): Anchors | null {
  return zeroAt === null || halfAt === null || fullAt === null ? null : { zero: zeroAt, half: halfAt, full: fullAt };
}

async function thresholdStep(ground: Ground, settings: Settings, wanted: number | null): Promise<Proposed> {
  const { score } = settings;
  const capacity = wanted ?? score.capacity;
  if (capacity === null) return { entries: [], why: { is: 'noCapacity' } };
  const uncapped = await ground.under({
    ...settings,
    // The figures alone: what holds the programme still would also hold a threshold that no longer fits.
    score: { ...score, capacity: null, hysteresis: 0 },
    stability: { minimumStayMonths: 0, movesPerQuarter: null },
    capacity: { ...settings.capacity, perManager: null },
  });
  const contenders: Contenders = { taken: 0, points: [] };
  for await (const batch of uncapped.decisions()) {
    for (const { view, decision } of batch) contend(contenders, view.facts, decision, settings);
  }
  const proposal = thresholdFor(contenders, capacity, score.threshold);
  const entries: Entry[] = [];
  if (proposal.threshold !== score.threshold && proposal.fits)
    entries.push({ key: 'score.threshold', text: String(proposal.threshold) });
  if (capacity !== score.capacity) entries.push({ key: 'score.capacity', text: String(capacity) });
  return { entries, why: { is: 'threshold', ...proposal, capacity } };
}

async function countsUnder(ground: Ground, settings: Settings): Promise<Counts> {
  const scenario = await ground.under(settings);
  const counts = countsFor(scenario);
  for await (const batch of scenario.decisions()) for (const { decision } of batch) count(counts, decision);
  return counts;
}
