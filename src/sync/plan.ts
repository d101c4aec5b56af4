/** What has to change in the org so that it says what was decided: a value that counts, hashes and refuses. */
import { createHash } from 'node:crypto';
import type { Book, GroupView } from '../book/book.js';
import type { Decision } from '../kam/funnel.js';
import { capReviews, reviewsFor, stemOf, type ReviewTask, type WantedReview } from '../kam/reviews.js';
import type { ReviewKind, Settings } from '../kam/settings.js';
import { desiredMark, differenceOf, markFields, markOf, type AccountMark, type StandingTask } from '../kam/standing.js';
import type { Fraction, IsoDate } from '../kam/units.js';
import type { Change } from '../org/write.js';
import { BATCH, type Decided } from './assess.js';

/**
 * Shape: account changes in order of group and account, then tasks to open, then tasks to close, in order of ref.
 *        Account changes are derived from the book each time they are read, so no plan is held in memory as a whole.
 */
export type Plan = {
  accounts: number;
  fields: Partial<Record<keyof AccountMark, number>>;
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
  let accounts = 0;
  let moved = 0;
  let classified = 0;
  for await (const batch of decidedGroups(book)) {
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
    tasks: tasks.length,
    opened,
    closed: tasks.filter((change) => change.verb === 'close').length,
    moved,
    classified,
    hash: hash.digest('hex'),
    isEmpty: accounts === 0 && tasks.length === 0,
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
  for await (const batch of decidedGroups(book)) {
    yield batch.flatMap(({ view, decision }) => accountChanges(view, decision, settings, asOf));
  }
  for (let from = 0; from < tasks.length; from += BATCH) yield tasks.slice(from, from + BATCH);
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
  return view.standings.flatMap(({ accountId, name, mark: stands }) => {
    const fresh = markOf(accountId, view.facts, view.potential, decision, settings);
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
): Change[] {
  const refs = new Set(standing.map((task) => task.ref));
  const openStems = new Set(standing.filter((task) => !task.isClosed).map((task) => stemOf(task.ref)));
  const wantedStems = new Set(wanted.map(({ task }) => stemOf(task.ref)));
  const opens = capped
    .filter((task) => !refs.has(task.ref) && !openStems.has(stemOf(task.ref)))
    .map((task): Change => ({ verb: 'open', task }));
  const closes = standing
    .filter((task) => !task.isClosed && !wantedStems.has(stemOf(task.ref)))
    .map((task): Change => ({ verb: 'close', taskId: task.id, ref: task.ref }));
  return [...sortByRef(opens), ...sortByRef(closes)];
}

const refOf = (change: Change): string =>
  change.verb === 'open' ? change.task.ref : change.verb === 'close' ? change.ref : change.accountId;

const sortByRef = (changes: Change[]): Change[] =>
  changes.toSorted((a, b) => (refOf(a) < refOf(b) ? -1 : refOf(a) > refOf(b) ? 1 : 0));
