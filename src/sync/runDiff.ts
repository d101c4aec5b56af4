/** What moved since the last run on this machine: its book is laid beside the new one, group by group. */
import { randomUUID } from 'node:crypto';
import { existsSync, rmSync } from 'node:fs';
import isEqual from 'lodash/isEqual.js';
import { z } from 'zod';
import { BookError, openBook, type Book, type GroupView } from '../book/book.js';
import { movedSince, standIn, type MoveCause, type MovedGroup, type Night } from '../kam/runDiff.js';
import type { ScoreScale } from '../kam/score.js';
import { segmentLines } from '../kam/segment.js';
import { canonicalSettings, settingsSchema, type Settings } from '../kam/settings.js';
import type { SegmentLines } from '../kam/funnel.js';
import type { IsoDate, RecordId } from '../kam/units.js';
import type { RunDiff } from '../report/run.js';
import { assessPotentials, BATCH, groupTotals, standingOf, type Assessment, type Decided } from './assess.js';
import { decidedGroups } from './plan.js';
import { reach } from './scenario.js';

/** How many groups are named, those that enter or leave the programme first. */
const NAMED = 100;

const written = ['done', 'partial', 'nothingToDo'];
const lastRun = z.looseObject({
  ref: z.string(),
  outcome: z.looseObject({ is: z.string() }),
  lines: z.unknown(),
  scale: z.unknown(),
});

/**
 * Compares a book that is decided with that of the last run; null where there is none, where it wrote nothing to the org,
 * or where another version wrote it.
 *
 * Shape: both books are read side by side in order of their groups; only groups that moved are decided again. Where rates
 *        have changed and anybody moved, a copy of the new book is derived at the old rates: as long as a run takes.
 */
export async function runDiff(
  file: string,
  book: Book,
  settings: Settings,
  assessment: Assessment,
  today: IsoDate,
): Promise<RunDiff | null> {
  const before = await lastBook(file);
  if (before === null) return null;
  try {
    const run = lastRun.safeParse(await before.recall('run'));
    if (!run.success || !written.includes(run.data.outcome.is)) return null;
    // Written by the last run from a `Run` and from `Settings`; the book's format number guards against other versions.
    const then: Frame = JSON.parse(JSON.stringify({ ...run.data, settings: await before.recall('settings') }));
    const sides: Sides = [
      { book: before, frame: then },
      { book, frame: { ...assessment, settings } },
    ];
    return await withOldRates(file, sides, today, (atOldRates) => compare(run.data.ref, sides, atOldRates));
  } finally {
    await before.close();
  }
}

async function lastBook(file: string): Promise<Book | null> {
  if (!existsSync(file)) return null;
  try {
    return await openBook(file, { readOnly: true, memoryLimit: '128MB', threads: 1 });
  } catch (error) {
    if (error instanceof BookError) return null;
    throw error;
  }
}

/** What is the same for all groups of one run. */
type Frame = { lines: SegmentLines; scale: ScoreScale; settings: Settings };
type Side = { book: Book; frame: Frame };
type Sides = readonly [before: Side, after: Side];

/** The later book as it would be at the rates of the earlier; null where they are the same, or nobody moved. */
async function withOldRates<T>(
  file: string,
  [before, { book, frame }]: Sides,
  today: IsoDate,
  work: (atOldRates: Book | null) => Promise<T>,
): Promise<T> {
  const rates = await before.book.rates();
  if (isEqual(rates, await book.rates()) || !(await hasMoves(before.book, book))) return work(null);
  const copy = `${file}.rates-${randomUUID()}`;
  await book.publish(copy);
  try {
    const other = await openBook(copy, { memoryLimit: '256MB' });
    try {
      await other.takeRates(rates);
      await other.derive(frame.settings, await book.asOf(), today);
      await assessPotentials(other, frame.settings);
      return await work(other);
    } finally {
      await other.close();
    }
  } finally {
    for (const ending of ['', '.wal', '.tmp']) rmSync(`${copy}${ending}`, { recursive: true, force: true });
  }
}

/** Whether any group of both books stands elsewhere in one than in the other. */
async function hasMoves(before: Book, after: Book): Promise<boolean> {
  const stands = new Map<RecordId, string>();
  for await (const batch of before.decisions(BATCH))
    for (const decision of batch) stands.set(decision.groupId, JSON.stringify(standIn(decision)));
  for await (const batch of after.decisions(BATCH))
    for (const decision of batch) {
      const stood = stands.get(decision.groupId);
      if (stood !== undefined && stood !== JSON.stringify(standIn(decision))) return true;
    }
  return false;
}

async function compare(since: string, [before, after]: Sides, atOldRates: Book | null): Promise<RunDiff> {
  const diff: RunDiff = { since, groups: 0, causes: noCauses(), moved: [], leftOff: 0 };
  const changed = settingsSchema
    .keyof()
    .options.filter(
      (part) => canonicalSettings(before.frame.settings[part]) !== canonicalSettings(after.frame.settings[part]),
    );
  const rules = {
    lines: changed.includes('segment') ? await linesUnder(before.book, after.frame.settings) : before.frame.lines,
    reachFacts: changed.some((part) => reach[part] !== 'decision'),
  };
  const old = oneByOne(before.book)[Symbol.asyncIterator]();
  let standing = await old.next();
  const views = atOldRates === null ? null : viewsOf(atOldRates)[Symbol.asyncIterator]();
  for await (const group of oneByOne(after.book)) {
    const id = group.decision.groupId;
    const other = views === null ? null : await views.next();
    while (standing.done !== true && standing.value.decision.groupId < id) standing = await old.next();
    if (standing.done === true) break;
    if (standing.value.decision.groupId !== id) continue;
    const move = movedSince(nightOf(standing.value, before.frame), nightOf(group, after.frame), {
      ...rules,
      atOldRates: other === null || other.done === true ? null : other.value,
    });
    if (move === null) continue;
    diff.groups += 1;
    for (const cause of move.causes) diff.causes[cause] += 1;
    keep(diff.moved, move);
  }
  return { ...diff, leftOff: diff.groups - diff.moved.length };
}

async function* viewsOf(book: Book): AsyncIterable<GroupView> {
  for await (const batch of book.groups(BATCH)) yield* batch;
}

async function* oneByOne(book: Book): AsyncIterable<Decided> {
  for await (const batch of decidedGroups(book)) yield* batch;
}

const nightOf = ({ view, decision }: Decided, frame: Frame): Night => ({
  facts: view.facts,
  potential: view.potential,
  standing: standingOf(view),
  decision,
  ...frame,
});

/** The lines that other settings draw through the groups of a book. */
async function linesUnder(book: Book, settings: Settings): Promise<SegmentLines> {
  const placed = async function* (): AsyncIterable<{ view: GroupView; standing: Night['standing'] }[]> {
    for await (const views of book.groups(BATCH)) yield views.map((view) => ({ view, standing: standingOf(view) }));
  };
  return segmentLines(await groupTotals(placed), settings);
}

const noCauses = (): Record<MoveCause, number> => ({
  rules: 0,
  calibration: 0,
  hierarchy: 0,
  data: 0,
  currency: 0,
  others: 0,
});

const kinds: readonly MovedGroup['is'][] = ['enters', 'leaves', 'tier', 'segment', 'gate'];

function keep(list: MovedGroup[], move: MovedGroup): void {
  const rank = ({ is }: MovedGroup): number => kinds.indexOf(is);
  list.push(move);
  list.sort((a, b) => rank(a) - rank(b) || (a.groupId < b.groupId ? -1 : 1));
  if (list.length > NAMED) list.pop();
}
