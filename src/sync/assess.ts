/** From the book's facts to a decision per group: potential per account, lines and scale over all, decision per group. */
import type { Book, GroupView } from '../book/book.js';
import { applyCapacity, decide, type Decision, type SegmentLines, type StandingDecision } from '../kam/funnel.js';
import { cheapestLever } from '../kam/lever.js';
import { modelledEstimates } from '../kam/modelled.js';
import { peerEstimates } from '../kam/peers.js';
import { assessPotential } from '../kam/potential.js';
import { prospectEstimates } from '../kam/prospects.js';
import { drawsFrom } from '../kam/random.js';
import { contestantOf, robustnessOf, TRIAL_SEED, type Contestant } from '../kam/robustness.js';
import { anchorsOfEntrants, scaleFrom, type MoneyAnchors, type ScoreScale } from '../kam/score.js';
import { segmentLines, segmentOf } from '../kam/segment.js';
import type { Settings } from '../kam/settings.js';
import type { Cents, Fraction, Points, RecordId } from '../kam/units.js';
import { isKnown, unknown, type Unknown } from '../kam/unknown.js';
import { modelsOf, type Told } from './models.js';

/** Groups and accounts are streamed in batches of this many, so that memory does not grow with the book: a group with all its whys is large. */
export const BATCH = 50;

/** A group with what the org says of it today. */
export type Placed = { view: GroupView; standing: StandingDecision };

/** All groups in order, read anew with every call. */
export type Groups = () => AsyncIterable<Placed[]>;

/** What is the same for all groups of one run. */
export type Assessment = {
  lines: SegmentLines;
  scale: ScoreScale;
  anchors: MoneyAnchors;
  /** Places in the programme, 1 the best: key accounts first, then candidates by score, then by revenue, then by id. */
  ranks: ReadonlyMap<RecordId, number>;
  /** The share of weights near those set under which a group is a candidate; a group that is not here never is. */
  robustness: ReadonlyMap<RecordId, Fraction>;
};

/**
 * Assesses the whole book and stores potentials and decisions in it.
 *
 * Shape:  passes over the book in batches; only three numbers per group, and what could be a candidate, are held in
 *         memory.
 * Errors: none of its own; an unknown stays an unknown down to the decision.
 */
export async function assessBook(book: Book, settings: Settings, remembered: MoneyAnchors | null): Promise<Assessment> {
  await assessPotentials(book, settings);
  const groups = (): AsyncIterable<Placed[]> => placedGroups(book);
  const assessment = await assessGroups(groups, settings, remembered);
  for await (const batch of decisionsOf(groups, settings, assessment)) {
    await book.storeDecisions(batch.map(({ decision }) => decision));
  }
  return assessment;
}

export async function assessPotentials(book: Book, settings: Settings): Promise<void> {
  const conversion = await book.conversion();
  const models = await modelsOf(book, settings);
  const answers = models.told(BATCH)[Symbol.asyncIterator]();
  for await (const batch of book.accounts(BATCH)) {
    const next = await answers.next();
    const told: ReadonlyMap<RecordId, Told> = next.done === true ? new Map() : next.value;
    await book.storePotentials(
      batch.map(({ account, benchmarks }) => {
        const compared = isKnown(account.yearlyRevenue)
          ? peerEstimates(account, benchmarks, settings)
          : prospectEstimates(account, benchmarks, conversion, settings);
        const answer = told.get(account.accountId);
        // An account that bought nothing for a year is not modelled: only a comparison can say what it might buy.
        const estimates = answer === undefined ? compared : modelledEstimates(answer.voice, compared);
        return assessPotential(account, estimates, settings, answer?.risk ?? unknown('noRecentSales'));
      }),
    );
  }
}

async function* placedGroups(book: Book): AsyncIterable<Placed[]> {
  for await (const batch of book.groups(BATCH)) {
    yield batch.map((view) => ({ view, standing: standingOf(view) }));
  }
}

/** What stands on the group's root today. */
export function standingOf({ facts, standings }: GroupView): StandingDecision {
  const root = standings.find(({ accountId }) => accountId === facts.groupId);
  return { tier: root?.mark.tier ?? null, segment: root?.mark.segment ?? null };
}

/** What all groups together say: the lines, the scale, and who finds a place. Writes nothing. */
export async function assessGroups(
  groups: Groups,
  settings: Settings,
  remembered: MoneyAnchors | null,
): Promise<Assessment> {
  const totals = await groupTotals(groups);
  const lines = segmentLines(totals, settings);
  const anchors = anchorsOfEntrants(entrantsOf(totals, lines, settings), settings, remembered);
  const scale = scaleFrom(settings, anchors);
  return { lines, scale, anchors, ...(await programmeOf(groups, settings, { lines, scale })) };
}

export type Decided = { view: GroupView; decision: Decision };

/** Decides all groups, within the programme's capacity. Writes nothing. */
export async function* decisionsOf(
  groups: Groups,
  settings: Settings,
  { lines, scale, ranks }: Assessment,
): AsyncIterable<Decided[]> {
  const { capacity } = settings.score;
  for await (const batch of groups()) {
    yield batch.map(({ view, standing }) => {
      const decision = decide(view.facts, view.potential, standing, { lines, scale }, settings);
      const rank = ranks.get(decision.groupId);
      const capped = rank === undefined || capacity === null ? decision : applyCapacity(decision, rank, capacity);
      const lever = cheapestLever(capped, { ...view, standing, lines, scale }, settings);
      return { view, decision: lever === null ? capped : { ...capped, lever } };
    });
  }
}

/** One figure per group; NaN stands for unknown. */
export type Totals = { revenue: Float64Array; potential: Float64Array; margin: Float64Array };

export async function groupTotals(groups: Groups): Promise<Totals> {
  const totals = { revenue: new Array<number>(), potential: new Array<number>(), margin: new Array<number>() };
  for await (const batch of groups()) {
    for (const { view } of batch) {
      if (view.facts.exclusion !== null) continue;
      totals.revenue.push(orNaN(view.facts.yearlyRevenue));
      totals.potential.push(orNaN(view.potential.additional));
      totals.margin.push(orNaN(view.facts.contributionMargin));
    }
  }
  return {
    revenue: Float64Array.from(totals.revenue),
    potential: Float64Array.from(totals.potential),
    margin: Float64Array.from(totals.margin),
  };
}

/** The groups that the segments pour into the funnel. Hysteresis is left out, so that anchors depend on the book alone. */
export function entrantsOf(
  totals: Totals,
  lines: SegmentLines,
  settings: Settings,
): { potential: Float64Array; margin: Float64Array; risk: Float64Array } {
  const entrants = [...totals.revenue.keys()].filter((i) => {
    const { segment } = segmentOf(known(totals.revenue[i]), known(totals.potential[i]), lines, settings, null);
    return segment !== 'small' && segment !== 'unknown';
  });
  const pick = (values: Float64Array): Float64Array => Float64Array.from(entrants, (i) => values[i] ?? Number.NaN);
  return { potential: pick(totals.potential), margin: pick(totals.margin), risk: pick(totals.revenue) };
}

const orNaN = (value: number | Unknown): number => (isKnown(value) ? value : Number.NaN);

const known = (value: number | undefined): number | Unknown =>
  value === undefined || Number.isNaN(value) ? unknown('noPotential') : value;

/** A group that has a place in the programme, as far as its rank goes. */
type Place = { groupId: RecordId; isKey: boolean; points: Points; revenue: Cents };

async function programmeOf(
  groups: Groups,
  settings: Settings,
  run: { lines: SegmentLines; scale: ScoreScale },
): Promise<Pick<Assessment, 'ranks' | 'robustness'>> {
  const places: Place[] = [];
  const contestants: Contestant[] = [];
  for await (const batch of groups()) {
    for (const { view, standing } of batch) {
      const decision = decide(view.facts, view.potential, standing, run, settings);
      const contestant = contestantOf(view.facts, decision, settings);
      if (contestant !== null) contestants.push(contestant);
      if (decision.tier === 'candidate' || decision.tier === 'key') places.push(placeOf(view, decision));
    }
  }
  const ranked = places.toSorted(
    (a, b) =>
      Number(b.isKey) - Number(a.isKey) ||
      b.points - a.points ||
      b.revenue - a.revenue ||
      (a.groupId < b.groupId ? -1 : 1),
  );
  return {
    ranks: new Map(ranked.map(({ groupId }, index) => [groupId, index + 1])),
    robustness: robustnessOf(contestants, settings, drawsFrom(TRIAL_SEED)),
  };
}

const placeOf = ({ facts: { groupId, yearlyRevenue } }: GroupView, { tier, score }: Decision): Place => ({
  groupId,
  isKey: tier === 'key',
  points: isKnown(score.points) ? score.points : 0,
  revenue: isKnown(yearlyRevenue) ? yearlyRevenue : 0,
});
