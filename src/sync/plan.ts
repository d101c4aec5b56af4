/** What has to change in the org so that it says what was decided: a value that counts, hashes and refuses. */
import { createHash } from 'node:crypto';
import partition from 'lodash/partition.js';
import sum from 'lodash/sum.js';
import type { Book, BookNote, GroupView } from '../book/book.js';
import { familyChanges, type FamilyChange } from '../kam/family.js';
import { decide, type Decision } from '../kam/funnel.js';
import {
  capReviews,
  closedDescription,
  isOver,
  rememberedRefs,
  reviewsFor,
  stemOf,
  type Reviewed,
  type ReviewTask,
  type WantedReview,
} from '../kam/reviews.js';
import { breakdownOf, forgottenUntil, historyRef, isRowDue, rowOf, type HistoryChange } from '../kam/history.js';
import type { Staff } from '../kam/owners.js';
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
import type { Fraction, IsoDate, RecordId } from '../kam/units.js';
import type { Change, Verb } from '../org/row.js';
import { BATCH, standingOf, type Assessment, type Decided } from './assess.js';

/**
 * Shape: batch by batch of groups, changes of accounts, then of their families' records, then rows of history; then tasks to open, then tasks to close, in order of ref; then what roots remember of the tasks that
 *        were opened; then rows of history whose time is over. But for tasks, changes are derived from the book each
 *        time they are read, so no plan is held in memory as a whole.
 */
export type Plan = {
  accounts: number;
  fields: Partial<Record<keyof AccountMark, number>>;
  /** Records of families: `emptied` ones, which lose their figures, are among the changed. */
  families: { added: number; changed: number; emptied: number };
  /** Rows of history: new ones, those written anew, and those whose time is over. */
  history: { added: number; changed: number; forgotten: number };
  /** Tasks to open and to close. */
  tasks: number;
  opened: Partial<Record<ReviewKind, number>>;
  closed: number;
  /** Roots that remember tasks that they did not know of. */
  remembers: number;
  /** What a person should know about the tasks' owners, and about moves that wait. */
  notes: BookNote[];
  /** Accounts whose tier or segment changes, of those that had one before. */
  moved: number;
  classified: number;
  /** All rows to write, and those of each verb. */
  rows: number;
  rowsOf: Partial<Record<Verb, number>>;
  /** SHA-256 over all changes in order: two plans with one hash do the same. */
  hash: string;
  isEmpty: boolean;
  changes(): AsyncIterable<Change[]>;
};

export type Refusal = { is: 'refused'; moved: number; classified: number; limit: Fraction };

/** What a plan depends on beside book and settings. */
export type PlanGround = {
  asOf: IsoDate;
  today: IsoDate;
  assessment: Assessment;
  staff: Staff;
};

/** Compares every account's decision with what the org says and collects the differences. */
export async function planFor(book: Book, settings: Settings, given: PlanGround): Promise<Plan> {
  const { assessment, staff, ...days } = given;
  const { asOf } = days;
  const ground: RowGround = { asOf, settings, assessment };
  const wanted: WantedReview[] = [];
  const standing: StandingTask[] = [];
  const memories: Memory[] = [];
  const hash = createHash('sha256');
  const fields: Plan['fields'] = {};
  const families = { added: 0, changed: 0, emptied: 0 };
  const history = { added: 0, changed: 0, forgotten: 0 };
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
      wanted.push(...reviewsFor(reviewedIn(view, decision, assessment, settings), staff, settings));
      memories.push(memoryIn(view));
      standing.push(...view.tasks);
      for (const change of historyChanges(view, decision, ground)) {
        hash.update(JSON.stringify(change));
        history[change.before === null ? 'added' : 'changed'] += 1;
      }
      classified += view.standings.filter(({ mark }) => mark.tier !== null).length;
      for (const change of accountChanges(view, decision, settings, days)) {
        hash.update(JSON.stringify(change));
        accounts += 1;
        moved += isMove(change) ? 1 : 0;
        for (const field of markFields) if (field in change.after) fields[field] = (fields[field] ?? 0) + 1;
      }
    }
  }
  for await (const batch of forgetChanges(book, ground)) {
    for (const change of batch) hash.update(JSON.stringify(change));
    history.forgotten += batch.length;
  }
  const issued = new Set(memories.flatMap(({ groupId, memory }) => rememberedRefs(groupId, memory, asOf)));
  const ofTasks = taskChanges(capReviews(wanted, standing, settings), wanted, standing, issued, days.today, settings);
  const remembers = rememberChanges(memories, standing, ofTasks, asOf);
  const tasks = [...ofTasks, ...remembers];
  for (const change of tasks) hash.update(JSON.stringify(change));
  const opened: Plan['opened'] = {};
  for (const change of ofTasks)
    if (change.verb === 'open') opened[change.task.kind] = (opened[change.task.kind] ?? 0) + 1;
  const closed = ofTasks.filter((change) => change.verb === 'close').length;
  const rowsOf: Plan['rowsOf'] = {
    set: accounts,
    setFamily: families.changed,
    addFamily: families.added,
    assess: history.added + history.changed,
    forget: history.forgotten,
    open: ofTasks.length - closed,
    close: closed,
    remember: remembers.length,
  };
  const rows = sum(Object.values(rowsOf));
  return {
    accounts,
    fields,
    families,
    history,
    tasks: ofTasks.length,
    opened,
    closed,
    remembers: remembers.length,
    notes: [...ownerNotes(wanted, standing), ...waitingNote(assessment)],
    moved,
    classified,
    rows,
    rowsOf,
    hash: hash.digest('hex'),
    isEmpty: rows === 0,
    changes: () => changesOf(book, ground, days, tasks),
  };
}

/** The safety valve: null where the plan may be written. A first run has classified nothing and cannot be refused. */
export function refusalOf(plan: Plan, limit: Fraction): Refusal | null {
  if (plan.classified === 0 || plan.moved <= limit * plan.classified) return null;
  return { is: 'refused', moved: plan.moved, classified: plan.classified, limit };
}

async function* changesOf(
  book: Book,
  ground: RowGround,
  days: Days,
  tasks: readonly Change[],
): AsyncIterable<Change[]> {
  const { settings } = ground;
  for await (const { batch, ofFamilies } of withFamilies(book, settings, days.asOf)) {
    yield batch.flatMap(({ view, decision }) => accountChanges(view, decision, settings, days));
    // One request carries one verb: records that stand go together, and so do new ones.
    const [standing, added] = partition(ofFamilies, ({ verb }) => verb === 'setFamily');
    yield standing;
    yield added;
    yield batch.flatMap(({ view, decision }) => historyChanges(view, decision, ground));
  }
  for (let from = 0; from < tasks.length; from += BATCH) yield tasks.slice(from, from + BATCH);
  yield* forgetChanges(book, ground);
}

/** What rows of history depend on beside their group. */
type RowGround = { asOf: IsoDate; settings: Settings; assessment: Assessment };

type AssessChange = Extract<HistoryChange, { verb: 'assess' }>;

/** The group's row of this day, where it is due. */
function historyChanges(view: GroupView, decision: Decision, ground: RowGround): AssessChange[] {
  const { asOf, settings, assessment } = ground;
  const { facts, potential, lastRow } = view;
  const root = view.standings.find(({ accountId }) => accountId === facts.groupId);
  if (root === undefined || !isRowDue(decision, lastRow, asOf, settings)) return [];
  const mark = markIn(markOf(facts.groupId, facts, potential, decision, settings), root.currency);
  const figures = { revenue: facts.yearlyRevenue, potential: potential.additional, ...assessment };
  return [
    {
      verb: 'assess',
      accountId: facts.groupId,
      name: facts.name,
      ref: historyRef(facts.groupId, asOf),
      before: lastRow?.asOf === asOf ? lastRow : null,
      currency: root.currency?.iso ?? null,
      row: rowOf(mark, asOf, JSON.stringify(breakdownOf(decision, figures, settings))),
    },
  ];
}

async function* forgetChanges(book: Book, { asOf, settings }: RowGround): AsyncIterable<HistoryChange[]> {
  const until = forgottenUntil(asOf, settings);
  if (until === null) return;
  for await (const rows of book.oldRows(until, BATCH)) {
    yield rows.map(({ id, ref, accountId }): HistoryChange => ({ verb: 'forget', accountId, recordId: id, ref }));
  }
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

type Days = { asOf: IsoDate; today: IsoDate };

type SetChange = Extract<Change, { verb: 'set' }>;

function accountChanges(view: GroupView, decision: Decision, settings: Settings, days: Days): SetChange[] {
  return view.standings.flatMap(({ accountId, name, currency, mark: stands }) => {
    const fresh = markIn(markOf(accountId, view.facts, view.potential, decision, settings), currency);
    const difference = differenceOf(stands, desiredMark(stands, fresh, days));
    return difference === null ? [] : [{ verb: 'set', accountId, name, ...difference }];
  });
}

function isMove(change: SetChange): boolean {
  const moves = (key: 'tier' | 'segment'): boolean =>
    key in change.after && change.before[key] !== null && change.before[key] !== undefined;
  return moves('tier') || moves('segment');
}

/** A group as its reviews see it: beside the decision, what other answers would make of it. */
function reviewedIn(view: GroupView, decision: Decision, { lines, scale }: Assessment, settings: Settings): Reviewed {
  const { facts, potential } = view;
  const root = view.standings.find(({ accountId }) => accountId === facts.groupId);
  return {
    facts,
    potential,
    decision,
    agreement: view.agreement,
    rules: { lateShare: settings.tasks.lateShare, reviewMonths: settings.agreement.reviewMonths },
    belowSince: root?.mark.belowSince ?? null,
    ifRated: (criterion, rating) => {
      const ratings = { ...facts.ratings, [criterion]: rating };
      const rated = { ...facts.rated, since: { ...facts.rated.since, [criterion]: facts.today } };
      return decide({ ...facts, ratings, rated }, potential, standingOf(view), { lines, scale }, settings);
    },
  };
}

/** What a root remembers of the tasks that were opened for its group. */
type Memory = { groupId: RecordId; name: string; memory: string | null };

const memoryIn = ({ facts: { groupId, name }, taskRefs }: GroupView): Memory => ({ groupId, name, memory: taskRefs });

/**
 * Opens what is wanted and not yet asked, closes what is moot.
 *
 * A wanted review is satisfied by an open task about the same thing from an earlier period, and by any task with its
 * own ref that was ever opened: what a person has closed or deleted stays so for the period. One that the worker itself
 * closed as moot is opened again.
 */
function taskChanges(
  capped: readonly ReviewTask[],
  wanted: readonly WantedReview[],
  standing: readonly StandingTask[],
  issued: ReadonlySet<string>,
  today: IsoDate,
  settings: Settings,
): TaskChange[] {
  const standingRefs = new Map(standing.map((task) => [task.ref, task]));
  const openStems = new Set(standing.filter((task) => !task.isClosed).map((task) => stemOf(task.ref)));
  const wantedStems = new Set(wanted.map(({ task }) => stemOf(task.ref)));
  const isAnswered = ({ ref }: ReviewTask): boolean => {
    const stands = standingRefs.get(ref);
    return stands === undefined ? issued.has(ref) : !(stands.isClosed && stands.isMoot);
  };
  const opens = capped
    .filter((task) => !isAnswered(task) && !openStems.has(stemOf(task.ref)))
    .map((task): TaskChange => ({ verb: 'open', task }));
  const closes = standing
    .filter((task) => !task.isClosed && !wantedStems.has(stemOf(task.ref)))
    .map((task): TaskChange => ({
      verb: 'close',
      accountId: task.accountId,
      taskId: task.id,
      ref: task.ref,
      before: { status: task.status ?? 'Not Started', description: task.description },
      description: closedDescription(task, today, settings),
    }));
  return [...sortByRef(opens), ...sortByRef(closes)];
}

type TaskChange = Extract<Change, { verb: 'open' | 'close' }>;

const refOf = (change: TaskChange): string => (change.verb === 'open' ? change.task.ref : change.ref);

const sortByRef = (changes: TaskChange[]): TaskChange[] =>
  changes.toSorted((a, b) => (refOf(a) < refOf(b) ? -1 : refOf(a) > refOf(b) ? 1 : 0));

/** Roots that have tasks which they don't remember yet: those opened now, and those that a run could not write down. */
function rememberChanges(
  memories: readonly Memory[],
  standing: readonly StandingTask[],
  tasks: readonly TaskChange[],
  asOf: IsoDate,
): RememberChange[] {
  const byGroup = (refs: readonly string[]): Map<string, string[]> =>
    Map.groupBy(
      refs.filter((ref) => !isOver(ref, asOf)),
      (ref) => ref.split('|')[1] ?? '',
    );
  const stands = byGroup(standing.map(({ ref }) => ref));
  const opened = byGroup(tasks.flatMap((change) => (change.verb === 'open' ? [change.task.ref] : [])));
  return memories.flatMap(({ groupId, name, memory }): RememberChange[] => {
    const remembered = rememberedRefs(groupId, memory, asOf);
    const known = [...new Set([...remembered, ...(stands.get(groupId) ?? [])])];
    const opens = (opened.get(groupId) ?? []).filter((ref) => !known.includes(ref));
    if (known.length === remembered.length && opens.length === 0) return [];
    return [{ verb: 'remember', accountId: groupId, name, before: memory, known, opens }];
  });
}

type RememberChange = Extract<Change, { verb: 'remember' }>;

const EXAMPLES = 5;

/** Groups whose move has to wait, since this quarter's are made. */
function waitingNote({ programme: { waiting } }: Assessment): BookNote[] {
  const examples = [...waiting].toSorted().slice(0, EXAMPLES);
  return waiting.size === 0 ? [] : [{ is: 'moveWaits', count: waiting.size, examples }];
}

/** Tasks whose owner has left: somebody stands in, or nobody can. */
function ownerNotes(wanted: readonly WantedReview[], standing: readonly StandingTask[]): BookNote[] {
  const open = new Set(standing.filter(({ isClosed }) => !isClosed).map(({ ref }) => stemOf(ref)));
  const without = wanted.filter(({ owner, task }) => owner === 'nobody' && !open.has(stemOf(task.ref)));
  const groupsOf = (reviews: readonly WantedReview[]): RecordId[] =>
    [...new Set(reviews.map(({ task }) => task.accountId))].toSorted();
  const ownerless = groupsOf(without);
  const stoodIn = groupsOf(wanted.filter(({ owner }) => owner === 'standsIn'));
  const notes: BookNote[] = [
    { is: 'ownerInactive', count: stoodIn.length, examples: stoodIn.slice(0, EXAMPLES) },
    { is: 'taskWithoutOwner', count: ownerless.length, examples: ownerless.slice(0, EXAMPLES) },
  ];
  return notes.filter(({ count }) => count > 0);
}
