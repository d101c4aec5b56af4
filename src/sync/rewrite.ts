/** Writing outside of a night: a plan that was kept, rows that a run could not write, and the way back. */
import { Messages, type Org } from '@salesforce/core';
import { closedDescription } from '../kam/reviews.js';
import { REFUSED } from '../org/exitCodes.js';
import { openJournal, type Journal, type JournalRow, type RowState } from '../org/journal.js';
import { findRows, isSo, rowOf, says, undoOf, type Change, type Found } from '../org/row.js';
import { growingPause, write } from '../org/write.js';
import type { Rewritten } from '../report/run.js';
import { failedRow, nameOf } from './naming.js';
import { changesIn, readPlanHead } from './planFile.js';
import { holding, openSession, type Held, type Session, type SessionOptions } from './session.js';

Messages.importMessagesDirectoryFromMetaUrl(import.meta.url);
const messages = Messages.loadMessages('sf-plugin-kam', 'rewrite');

export type RewriteOptions = SessionOptions & {
  version: string;
  onProgress: (done: number, total: number) => void;
};

const BATCH = 200;
const DAY = 24 * 3600 * 1000;

/**
 * Writes a plan that `kam plan` kept, but for rows whose records were changed since.
 *
 * Errors: `NoPlanError`, `PlanDamagedError`, `OtherOrgError`, `OtherSettingsError` (exit 2): nothing was written.
 */
export async function applyPlan(
  login: Org,
  apiVersion: string | undefined,
  file: string,
  options: RewriteOptions,
): Promise<Rewritten> {
  const head = await readPlanHead(file);
  const session = await openSession(login, apiVersion, options);
  if (head.orgId !== session.org.orgId) {
    throw messages.createError('error.OtherOrg', [file, head.username, head.orgId, session.org.username], [], REFUSED);
  }
  if (head.settingsFingerprint !== session.settingsFingerprint) {
    throw messages.createError('error.OtherSettings', [file, head.readAt], [], REFUSED);
  }
  const readAt = new Date(head.readAt);
  // A local org's clock can be set back; what it stamped before stands in its future.
  const future = session.startedAt.getTime() + DAY;
  const isSince = ({ stamp }: Found): boolean => stamp >= readAt && stamp.getTime() < future;
  const isUntouched = (change: Change, found: Found | null): boolean => {
    const { before } = rowOf(change);
    if (before === null) return found === null;
    return found !== null && !isSince(found) && says(found, before);
  };
  return rewriting(session, options, head.hash, head.rows, changesIn(file), (change, found) =>
    isUntouched(change, found) ? change : null,
  );
}

/**
 * Sends once more what a run could not write, where the record still says what it said before that run.
 *
 * Shape:  `run` is a ref of the journal; null for the latest run that left rows unwritten.
 * Errors: `NoSuchRunError`, `NothingToRetryError` (exit 2).
 */
export async function retryRun(
  login: Org,
  apiVersion: string | undefined,
  run: string | null,
  options: RewriteOptions,
): Promise<Rewritten> {
  const session = await openSession(login, apiVersion, options);
  const { ref, count } = fromJournal(session, (journal) => {
    const unwritten = (each: string): number => counted(rowsOf(journal, each, unwrittenStates));
    const named = run ?? journal.runs().find((each) => unwritten(each) > 0);
    if (named === undefined) throw messages.createError('error.NothingToRetry', [], [], REFUSED);
    return { ref: known(journal, named), count: unwritten(named) };
  });
  const rows = changesOf(session, ref, unwrittenStates);
  return rewriting(session, options, ref, count, rows, (change, found) => {
    const { before } = rowOf(change);
    const stands = before === null ? found === null : found !== null && says(found, before);
    return stands ? change : null;
  });
}

const unwrittenStates: readonly RowState[] = ['planned', 'sent', 'refused', 'unknown', 'held'];
/** What may be in the org; a run that broke off does not know of all its rows. */
const sentStates: readonly RowState[] = ['written', 'sent', 'unknown'];

/**
 * Gives records back what they said before a run, where nobody has changed what the run wrote.
 *
 * Errors: `NoSuchRunError` (exit 2).
 */
export async function rollBack(
  login: Org,
  apiVersion: string | undefined,
  run: string,
  options: RewriteOptions,
): Promise<Rewritten> {
  const session = await openSession(login, apiVersion, options);
  const { settings, today } = session;
  const closing = (description: string): string => closedDescription({ description }, today, settings);
  const count = fromJournal(session, (journal) => counted(rowsOf(journal, known(journal, run), sentStates)));
  return rewriting(session, options, run, count, changesOf(session, run, sentStates), (change, found) => {
    const undo = found === null ? null : undoOf(change, found, closing);
    if (undo === null) return change.verb === 'remember' ? 'nothing' : null;
    if (isSo(found, rowOf(undo))) return 'nothing';
    return isSo(found, rowOf(change)) ? undo : null;
  });
}

function fromJournal<T>({ state }: Session, read: (journal: Journal) => T): T {
  const journal = openJournal(state.journal);
  try {
    return read(journal);
  } finally {
    journal.close();
  }
}

function known(journal: Journal, run: string): string {
  const runs = journal.runs();
  if (runs.includes(run)) return run;
  throw messages.createError('error.NoSuchRun', [run, runs.slice(0, 5).join(', ') || 'none'], [], REFUSED);
}

function* rowsOf(journal: Journal, run: string, states: readonly RowState[]): IterableIterator<JournalRow> {
  for (const row of journal.rows(run)) if (states.includes(row.state)) yield row;
}

const counted = (rows: Iterable<unknown>): number => [...rows].length;

/** Changes of a run, read before anything is written: by a journal of its own, as the run itself is open then. */
async function* changesOf(session: Session, run: string, states: readonly RowState[]): AsyncIterable<Change> {
  const journal = openJournal(session.state.journal);
  try {
    for (const { change } of rowsOf(journal, run, states)) yield change;
  } finally {
    journal.close();
  }
}

async function* inBatches(changes: AsyncIterable<Change>): AsyncIterable<Change[]> {
  let batch: Change[] = [];
  for await (const change of changes) {
    batch.push(change);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** What to do with a row as it is found: write this, leave it to whoever changed it, or nothing, as it is so already. */
type Judge = (change: Change, found: Found | null) => Change | null | 'nothing';

async function rewriting(
  session: Session,
  { version, onProgress }: RewriteOptions,
  of: string,
  total: number,
  changes: AsyncIterable<Change>,
  judge: Judge,
): Promise<Rewritten> {
  return holding(session, async (held) => {
    const { lease, writing, journal } = held;
    journal.begin(lease.ref);
    const result = { already: 0, moved: new Array<Rewritten['moved'][number]>() };
    const receipts = await write(writing, judged(held, changes, judge, result), journal, {
      ref: lease.ref,
      now: session.startedAt,
      onWritten: (done) => onProgress(done, total),
      pause: growingPause(session.pace),
      pace: session.pace,
      file: session.state.results,
      tryRefused: true,
    });
    const failed = receipts.failed.map(failedRow);
    const isPartial = failed.length + receipts.left > 0;
    await lease.finish({
      status: isPartial ? 'Partial' : 'Done',
      finishedAt: await session.atLast.now(),
      writes: receipts.written,
      failedRows: failed.length,
      apiCalls: session.org.apiCalls() + 1,
      version,
      message: `Rows of ${of}: ${receipts.written} written, ${result.already} already so, ${result.moved.length} changed since.`,
    });
    const { orgId, username } = session.org;
    const { written, left } = receipts;
    return { ref: lease.ref, orgId, username, of, written, ...result, failed, left, apiCalls: session.org.apiCalls() };
  });
}

async function* judged(
  { writing }: Held,
  changes: AsyncIterable<Change>,
  judge: Judge,
  result: Pick<Rewritten, 'already' | 'moved'>,
): AsyncIterable<Change[]> {
  for await (const batch of inBatches(changes)) {
    const found = await findRows(
      writing,
      batch.map((change) => rowOf(change)),
    );
    yield batch.flatMap((change, index): Change[] => {
      const record = found[index] ?? null;
      const verdict = judge(change, record);
      if (verdict !== null && verdict !== 'nothing') return [verdict];
      if (verdict === 'nothing' || isSo(record, rowOf(change))) result.already += 1;
      else result.moved.push(nameOf(change));
      return [];
    });
  }
}
