/** From the book's facts to a decision per group: potential per account, lines and scale over all, decision per group. */
import type { Book, GroupView } from '../book/book.js';
import {
  applyCapacity,
  decide,
  nothingStands,
  waitInside,
  waitOutside,
  withoutManager,
  type Decision,
  type SegmentLines,
  type StandingDecision,
} from '../kam/funnel.js';
import { cheapestLever } from '../kam/lever.js';
import { modelledEstimates } from '../kam/modelled.js';
import { peerEstimates } from '../kam/peers.js';
import { assessPotential } from '../kam/potential.js';
import { prospectEstimates } from '../kam/prospects.js';
import {
  contenderOf,
  countsAt,
  moveCounts,
  movesAllowed,
  nextQuarter,
  programmeOf,
  type Contender,
  type Programme,
} from '../kam/programme.js';
import { drawsFrom } from '../kam/random.js';
import { contestantOf, robustnessOf, TRIAL_SEED, type Contestant } from '../kam/robustness.js';
import { anchorsOfEntrants, scaleFrom, type MoneyAnchors, type ScoreScale } from '../kam/score.js';
import { segmentLines, segmentOf } from '../kam/segment.js';
import type { Settings } from '../kam/settings.js';
import { standingAfter } from '../kam/standing.js';
import type { Fraction, IsoDate, RecordId } from '../kam/units.js';
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
  /** How many groups entered the funnel, hysteresis aside. */
  entrants: number;
  programme: Programme;
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
  if (root === undefined) return nothingStands;
  const { tier, segment, gate, gateResult, tierSince, belowSince } = root.mark;
  return { tier, segment, gate, gateResult, tierSince, belowSince };
}

/** What all groups together say: the lines, the scale, and who finds a place. Writes nothing. */
export async function assessGroups(
  groups: Groups,
  settings: Settings,
  remembered: MoneyAnchors | null,
): Promise<Assessment> {
  const totals = await groupTotals(groups);
  const lines = segmentLines(totals, settings);
  const entered = entrantsOf(totals, lines, settings);
  const anchors = anchorsOfEntrants(entered, settings, remembered);
  const scale = scaleFrom(settings, anchors);
  const entrants = entered.risk.length;
  return { lines, scale, anchors, entrants, ...(await placesOf(groups, settings, { lines, scale, entrants })) };
}

export type Decided = { view: GroupView; decision: Decision };

/** Decides all groups, within the programme's capacity and the quarter's moves. Writes nothing. */
export async function* decisionsOf(
  groups: Groups,
  settings: Settings,
  assessment: Assessment,
): AsyncIterable<Decided[]> {
  const { lines, scale, programme } = assessment;
  for await (const batch of groups()) {
    yield batch.map((placed) => {
      const { view } = placed;
      const decision = decisionIn(placed, settings, assessment);
      // A change comes after this run: it meets what the run leaves standing.
      const standing = standingAfter(decision, placed.standing, view.facts);
      const lacks = programme.lacksRoom(view.facts.people.manager);
      const lever = cheapestLever(decision, { ...view, standing, lines, scale, lacks }, settings);
      return { view, decision: lever === null ? decision : { ...decision, lever } };
    });
  }
}

function decisionIn({ view, standing }: Placed, settings: Settings, { programme, ...run }: Assessment): Decision {
  const { groupId, today } = view.facts;
  const decided = (stands: StandingDecision, wait: IsoDate | null = null): Decision =>
    decide(view.facts, view.potential, stands, run, settings, wait);
  if (programme.waiting.has(groupId)) {
    const until = nextQuarter(today);
    return standing.tier === 'candidate'
      ? waitInside(decided(standing, until), until)
      : waitOutside(decided(standing), until);
  }
  const lack = programme.over.get(groupId);
  if (lack === undefined) return decided(standing);
  // Without a place nothing is left to hold: what only hysteresis let pass does not pass, tonight and the night after.
  const alone = decided({ ...standing, gate: null });
  const [rank, { capacity }] = [programme.ranks.get(groupId), settings.score];
  if (lack === 'manager' || rank === undefined || capacity === null) return withoutManager(alone);
  return applyCapacity(alone, rank, capacity);
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

async function placesOf(
  groups: Groups,
  settings: Settings,
  { entrants, ...run }: Pick<Assessment, 'lines' | 'scale' | 'entrants'>,
): Promise<Pick<Assessment, 'programme' | 'robustness'>> {
  const contenders: Contender[] = [];
  const contestants: Contestant[] = [];
  let used = 0;
  for await (const batch of groups()) {
    for (const { view, standing } of batch) {
      const decision = decide(view.facts, view.potential, standing, run, settings);
      const contestant = contestantOf(view.facts, decision, settings);
      if (contestant !== null) contestants.push(contestant);
      const contender = contenderOf(view, decision, standing, run.lines, settings);
      if (contender !== null) contenders.push(contender);
      else if (countsAt(decision.tier, standing.tier, moveCounts(view.facts, standing))) used += 1;
    }
  }
  const allowed = movesAllowed(entrants, settings);
  return {
    programme: programmeOf(contenders, allowed === null ? null : { allowed, used }, settings),
    robustness: robustnessOf(contestants, settings, drawsFrom(TRIAL_SEED)),
  };
}
