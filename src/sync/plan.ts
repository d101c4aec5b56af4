/** What has to change in the org so that it says what was decided: a value that counts, hashes and refuses. */
import { createHash } from 'node:crypto';
import partition from 'lodash/partition.js';
import type { Book, GroupView } from '../book/book.js';
import { familyChanges, type FamilyChange } from '../kam/family.js';
import type { Decision } from '../kam/funnel.js';
import { capReviews, reviewsFor, stemOf, type ReviewTask, type WantedReview } from '../kam/reviews.js';
import type { ReviewKind, Settings } from '../kam/settings.js';
import {
  desiredMark,
  differenceOf,
  markFields,
  markIn,
  markOf,
  type AccountMark,
  type StandingTask,
} from '../kam/standing.js';
import type { Fraction, IsoDate } from '../kam/units.js';
import type { Change } from '../org/write.js';
import { BATCH, type Decided } from './assess.js';

/**
 * Shape: batch by batch of groups, changes of accounts, then of their families' records; then tasks to open, then tasks
 *        to close, in order of ref. But for tasks, changes are derived from the book each time they are read, so no
 *        plan is held in memory as a whole.
 */
export type Plan = {
  accounts: number;
  fields: Partial<Record<keyof AccountMark, number>>;
  /** Records of families: `emptied` ones, which lose their figures, are among the changed. */
  families: { added: number; changed: number; emptied: number };
  /** Tasks to open and to close. */
  tasks: number;
  opened: Partial<Record<ReviewKind, number>>;
  closed: number;
  /** Accounts whose tier or segment changes, of those that had one before. */
  moved: number;
  classified: number;
  /** SHA-256 over all changes in order: two plans with one hash do the same. */
  hash: string;
  isEmpty: boolean;
  changes(): AsyncIterable<Change[]>;
};

export type Refusal = { moved: number; classified: number; limit: Fraction };

/** Compares every account's decision with what the org says and collects the differences. */
export async function planFor(book: Book, settings: Settings, asOf: IsoDate, today: IsoDate): Promise<Plan> {
  const wanted: WantedReview[] = [];
  const standing: StandingTask[] = [];
  const hash = createHash('sha256');
  const fields: Plan['fields'] = {};
  const families = { added: 0, changed: 0, emptied: 0 };
  let accounts = 0;
  let moved = 0;
  let classified = 0;
  for await (const { batch, ofFamilies } of withFamilies(book, settings, asOf)) {
    for (const change of ofFamilies) {
      hash.update(JSON.stringify(change));
      families.added += change.verb === 'addFamily' ? 1 : 0;
      families.changed += change.verb === 'setFamily' ? 1 : 0;
      families.emptied += change.verb === 'setFamily' && change.emptied ? 1 : 0;
    }
    for (const { view, decision } of batch) {
      wanted.push(...reviewsFor(view.facts, view.potential, decision, settings, today));
      standing.push(...view.tasks);
      classified += view.standings.filter(({ mark }) => mark.tier !== null).length;
      for (const change of accountChanges(view, decision, settings, asOf)) {
        hash.update(JSON.stringify(change));
        accounts += 1;
        moved += isMove(change) ? 1 : 0;
        for (const field of markFields) if (field in change.after) fields[field] = (fields[field] ?? 0) + 1;
      }
    }
  }
  const tasks = taskChanges(capReviews(wanted, standing, settings), wanted, standing);
  for (const change of tasks) hash.update(JSON.stringify(change));
  const opened: Plan['opened'] = {};
  for (const change of tasks)
    if (change.verb === 'open') opened[change.task.kind] = (opened[change.task.kind] ?? 0) + 1;
  return {
    accounts,
    fields,
    families,
    tasks: tasks.length,
    opened,
    closed: tasks.filter((change) => change.verb === 'close').length,
    moved,
    classified,
    hash: hash.digest('hex'),
    isEmpty: accounts === 0 && families.added + families.changed === 0 && tasks.length === 0,
    changes: () => changesOf(book, settings, asOf, tasks),
  };
}

/** The safety valve: null where the plan may be written. A first run has classified nothing and cannot be refused. */
export function refusalOf(plan: Plan, limit: Fraction): Refusal | null {
  if (plan.classified === 0 || plan.moved <= limit * plan.classified) return null;
  return { moved: plan.moved, classified: plan.classified, limit };
}

async function* changesOf(
  book: Book,
  settings: Settings,
  asOf: IsoDate,
  tasks: readonly Change[],
): AsyncIterable<Change[]> {
  for await (const { batch, ofFamilies } of withFamilies(book, settings, asOf)) {
    yield batch.flatMap(({ view, decision }) => accountChanges(view, decision, settings, asOf));
    // One request carries one verb: records that stand go together, and so do new ones.
    const [standing, added] = partition(ofFamilies, ({ verb }) => verb === 'setFamily');
    yield standing;
    yield added;
  }
  for (let from = 0; from < tasks.length; from += BATCH) yield tasks.slice(from, from + BATCH);
}

/** Groups with their decisions, and what changes in the records of their accounts' families. */
async function* withFamilies(
  book: Book,
  settings: Settings,
  asOf: IsoDate,
): AsyncIterable<{ batch: Decided[]; ofFamilies: FamilyChange[] }> {
  const { keepFamilies, keepSmall } = settings.potential;
  let from = 0;
  for await (const batch of decidedGroups(book)) {
    const segmentOf = new Map(
      batch.flatMap(({ view, decision }) => view.standings.map(({ accountId }) => [accountId, decision.segment])),
    );
    const accounts = await book.accountFamilies(from, segmentOf.size);
    from += segmentOf.size;
    const ofFamilies = accounts.flatMap(({ accountId, currency, potential, standing }) => {
      const keep = keepSmall || segmentOf.get(accountId) !== 'small' ? keepFamilies : 0;
      return familyChanges(potential, standing, keep, asOf, settings, currency);
    });
    yield { batch, ofFamilies };
  }
}

/** Groups with their decisions; both streams are ordered by group, so they are read side by side. */
export async function* decidedGroups(book: Book): AsyncIterable<Decided[]> {
  const decisions = book.decisions(BATCH)[Symbol.asyncIterator]();
  let ready: Decision[] = [];
  for await (const views of book.groups(BATCH)) {
    const batch: Decided[] = [];
    for (const view of views) {
      if (ready.length === 0) {
        const next = await decisions.next();
        ready = next.done === true ? [] : [...next.value].reverse();
      }
      const decision = ready.pop();
      if (decision?.groupId !== view.facts.groupId) {
        throw new Error(`Group ${view.facts.groupId} has no decision in the book; run the sync again.`);
      }
      batch.push({ view, decision });
    }
    yield batch;
  }
}

type SetChange = Extract<Change, { verb: 'set' }>;

function accountChanges(view: GroupView, decision: Decision, settings: Settings, asOf: IsoDate): SetChange[] {
  return view.standings.flatMap(({ accountId, name, currency, mark: stands }) => {
    const fresh = markIn(markOf(accountId, view.facts, view.potential, decision, settings), currency);
    const difference = differenceOf(stands, desiredMark(stands, fresh, asOf));
    return difference === null ? [] : [{ verb: 'set', accountId, name, ...difference }];
  });
}

function isMove(change: SetChange): boolean {
  const moves = (key: 'tier' | 'segment'): boolean =>
    key in change.after && change.before[key] !== null && change.before[key] !== undefined;
  return moves('tier') || moves('segment');
}

/**
 * Opens what is wanted and not yet asked, closes what is moot.
 *
 * A wanted review is satisfied by an open task about the same thing from an earlier period, and by any task with its
 * own ref, open or closed: what a person has closed stays closed for the period.
 */
function taskChanges(
  capped: readonly ReviewTask[],
  wanted: readonly WantedReview[],
  standing: readonly StandingTask[],
): TaskChange[] {
  const refs = new Set(standing.map((task) => task.ref));
  const openStems = new Set(standing.filter((task) => !task.isClosed).map((task) => stemOf(task.ref)));
  const wantedStems = new Set(wanted.map(({ task }) => stemOf(task.ref)));
  const opens = capped
    .filter((task) => !refs.has(task.ref) && !openStems.has(stemOf(task.ref)))
    .map((task): TaskChange => ({ verb: 'open', task }));
  const closes = standing
    .filter((task) => !task.isClosed && !wantedStems.has(stemOf(task.ref)))
    .map((task): TaskChange => ({ verb: 'close', taskId: task.id, ref: task.ref }));
  return [...sortByRef(opens), ...sortByRef(closes)];
}

type TaskChange = Extract<Change, { verb: 'open' | 'close' }>;

const refOf = (change: TaskChange): string => (change.verb === 'open' ? change.task.ref : change.ref);

const sortByRef = (changes: TaskChange[]): TaskChange[] =>
  changes.toSorted((a, b) => (refOf(a) < refOf(b) ? -1 : refOf(a) > refOf(b) ? 1 : 0));
