/** From the book's facts to a decision per group: potential per account, lines and scale over all, decision per group. */
import type { Book, GroupView } from '../book/book.js';
import { applyCapacity, decide, type Decision, type SegmentLines } from '../kam/funnel.js';
import { peerEstimates } from '../kam/peers.js';
import { assessPotential } from '../kam/potential.js';
import { anchorsOfEntrants, scaleFrom, type MoneyAnchors, type ScoreScale } from '../kam/score.js';
import { segmentLines, segmentOf } from '../kam/segment.js';
import type { Settings } from '../kam/settings.js';
import type { Cents, Points, RecordId } from '../kam/units.js';
import { isKnown, unknown, type Unknown } from '../kam/unknown.js';

/** Groups and accounts are streamed in batches of this many, so that memory does not grow with the book. */
export const BATCH = 1000;

/** What is the same for all groups of one run. */
export type Assessment = { lines: SegmentLines; scale: ScoreScale; anchors: MoneyAnchors };

/**
 * Assesses the whole book and stores potentials and decisions in it.
 *
 * Shape:  passes over the book in batches; only three numbers per group, and the candidates, are held in memory.
 * Errors: none of its own; an unknown stays an unknown down to the decision.
 */
export async function assessBook(book: Book, settings: Settings, remembered: MoneyAnchors | null): Promise<Assessment> {
  await assessPotentials(book, settings);
  const totals = await groupTotals(book);
  const lines = segmentLines(totals, settings);
  const anchors = remembered ?? anchorsOfEntrants(entrantsOf(totals, lines, settings), settings);
  const assessment = { lines, scale: scaleFrom(settings, anchors), anchors };
  await decideAll(book, settings, assessment);
  return assessment;
}

async function assessPotentials(book: Book, settings: Settings): Promise<void> {
  for await (const batch of book.accounts(BATCH)) {
    await book.storePotentials(
      batch.map(({ account, benchmarks }) => assessPotential(account, peerEstimates(account, benchmarks, settings))),
    );
  }
}

type Totals = { revenue: Float64Array; potential: Float64Array; margin: Float64Array };

/** NaN stands for unknown. */
async function groupTotals(book: Book): Promise<Totals> {
  const totals = { revenue: new Array<number>(), potential: new Array<number>(), margin: new Array<number>() };
  for await (const batch of book.groups(BATCH)) {
    for (const { facts, potential } of batch) {
      if (facts.exclusion !== null) continue;
      totals.revenue.push(orNaN(facts.yearlyRevenue));
      totals.potential.push(orNaN(potential.additional));
      totals.margin.push(orNaN(facts.contributionMargin));
    }
  }
  return {
    revenue: Float64Array.from(totals.revenue),
    potential: Float64Array.from(totals.potential),
    margin: Float64Array.from(totals.margin),
  };
}

/** The groups that the segments pour into the funnel. Hysteresis is left out, so that anchors depend on the book alone. */
function entrantsOf(
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

async function decideAll(book: Book, settings: Settings, run: Assessment): Promise<void> {
  const { capacity } = settings.score;
  const ranks = capacity === null ? new Map<RecordId, number>() : await ranksOf(book, settings, run);
  for await (const batch of book.groups(BATCH)) {
    await book.storeDecisions(
      batch.map((view) => {
        const decision = decideOne(view, settings, run);
        const rank = ranks.get(decision.groupId);
        return rank === undefined || capacity === null ? decision : applyCapacity(decision, rank, capacity);
      }),
    );
  }
}

function decideOne(view: GroupView, settings: Settings, run: Assessment): Decision {
  const root = view.standings.find(({ accountId }) => accountId === view.facts.groupId);
  const standing = { tier: root?.mark.tier ?? null, segment: root?.mark.segment ?? null };
  return decide(view.facts, view.potential, standing, run, settings);
}

/** Rank 1 is the best: key accounts first, then candidates by score, then by revenue, then by id. */
async function ranksOf(book: Book, settings: Settings, run: Assessment): Promise<Map<RecordId, number>> {
  const programme: { groupId: RecordId; isKey: boolean; points: Points; revenue: Cents }[] = [];
  for await (const batch of book.groups(BATCH)) {
    for (const view of batch) {
      const { groupId, tier, score } = decideOne(view, settings, run);
      if (tier !== 'candidate' && tier !== 'key') continue;
      const { yearlyRevenue } = view.facts;
      programme.push({
        groupId,
        isKey: tier === 'key',
        points: isKnown(score.points) ? score.points : 0,
        revenue: isKnown(yearlyRevenue) ? yearlyRevenue : 0,
      });
    }
  }
  const ranked = programme.toSorted(
    (a, b) =>
      Number(b.isKey) - Number(a.isKey) ||
      b.points - a.points ||
      b.revenue - a.revenue ||
      (a.groupId < b.groupId ? -1 : 1),
  );
  return new Map(ranked.map(({ groupId }, index) => [groupId, index + 1]));
}
