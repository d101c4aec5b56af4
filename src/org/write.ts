/** Writes changes by sObject Collections: accounts with their families, tasks, what was opened; every row's outcome is kept. */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { FamilyChange } from '../kam/family.js';
import { memoryOf, type ReviewTask } from '../kam/reviews.js';
import type { AccountMark } from '../kam/standing.js';
import type { RecordId } from '../kam/units.js';
import type { KamOrg } from './connect.js';
import {
  accountUpdate,
  familyObject,
  familyRefField,
  familyUpdate,
  familyUpsert,
  taskClose,
  taskObject,
  taskRefField,
  taskRefsUpdate,
  taskUpsert,
} from './records.js';

/** One thing to change in the org. */
export type Change =
  | { verb: 'set'; accountId: RecordId; name: string; before: Partial<AccountMark>; after: Partial<AccountMark> }
  | FamilyChange
  | { verb: 'open'; task: ReviewTask }
  | { verb: 'close'; taskId: RecordId; ref: string; description: string }
  /** The root remembers the refs that it knows of, and those that this run opens: all but those that were refused. */
  | { verb: 'remember'; accountId: RecordId; name: string; known: string[]; opens: string[] };

export type RowError = { code: string; message: string };
export type FailedChange = { change: Change; errors: RowError[] };
export type Receipts = { written: number; failed: FailedChange[] };

const BATCH = 200;
const LOCK_TRIES = 4;
const SECOND = 1000;

/**
 * Writes all changes in order.
 *
 * Shape:  what stands is updated by id, what is new is upserted by its ref, so that a request that is sent twice changes
 *         nothing the second time. A row that the org refuses does not stop the others.
 * Errors: those of the transport. Refused rows are returned with the org's codes; locked rows are tried again first.
 */
export async function write(
  org: KamOrg,
  batches: AsyncIterable<readonly Change[]>,
  onWritten: (rows: number) => void,
): Promise<Receipts> {
  const receipts: Receipts = { written: 0, failed: [] };
  const refused = new Set<string>();
  let waiting: Change[] = [];
  const flush = async (): Promise<void> => {
    const batch = waiting;
    waiting = [];
    if (batch.length === 0) return;
    const failed = await writeBatch(org, batch, refused);
    receipts.failed.push(...failed);
    for (const { change } of failed) if (change.verb === 'open') refused.add(change.task.ref);
    receipts.written += batch.length - failed.length;
    onWritten(receipts.written);
  };
  for await (const changes of batches) {
    for (const change of changes) {
      // One request carries one verb, as upsert and update are different resources.
      if (waiting.length === BATCH || (waiting[0] !== undefined && waiting[0].verb !== change.verb)) await flush();
      waiting.push(change);
    }
  }
  await flush();
  return receipts;
}

const outcomes = z.array(
  z.object({
    success: z.boolean(),
    errors: z.array(z.object({ statusCode: z.string(), message: z.string() })).default([]),
  }),
);

async function writeBatch(
  org: KamOrg,
  batch: readonly Change[],
  refused: ReadonlySet<string>,
): Promise<FailedChange[]> {
  let rest: readonly Change[] = batch;
  const failed: FailedChange[] = [];
  for (let attempt = 1; rest.length > 0; attempt += 1) {
    const results = outcomes.parse(
      (
        await org.transport.send('PATCH', pathFor(org, rest[0]), {
          allOrNone: false,
          records: rest.map((change) => recordOf(change, refused)),
        })
      ).body,
    );
    const locked: Change[] = [];
    for (const [index, change] of rest.entries()) {
      const result = results[index];
      if (result?.success === true) continue;
      const errors = (result?.errors ?? []).map(({ statusCode, message }) => ({ code: statusCode, message }));
      if (
        attempt < LOCK_TRIES &&
        errors.some(({ code, message }) => `${code} ${message}`.includes('UNABLE_TO_LOCK_ROW'))
      )
        locked.push(change);
      else
        failed.push({
          change,
          errors: errors.length > 0 ? errors : [{ code: 'UNKNOWN', message: 'the org gave no outcome for this row' }],
        });
    }
    rest = locked;
    // Salesforce waits 10 s for a lock itself; whoever holds it needs a moment more.
    if (rest.length > 0) await sleep(attempt * SECOND);
  }
  return failed;
}

function pathFor(org: KamOrg, first: Change | undefined): string {
  switch (first?.verb) {
    case 'open':
      return org.path(`composite/sobjects/${taskObject}/${taskRefField}`);
    case 'addFamily':
      return org.path(`composite/sobjects/${familyObject}/${familyRefField}`);
    case 'set':
    case 'setFamily':
    case 'close':
    case 'remember':
    case undefined:
      return org.path('composite/sobjects');
  }
}

function recordOf(change: Change, refused: ReadonlySet<string>): Record<string, unknown> {
  switch (change.verb) {
    case 'set':
      return accountUpdate(change.accountId, change.after);
    case 'setFamily':
      return familyUpdate(change.recordId, change.ref, change.after);
    case 'addFamily':
      return familyUpsert(change.accountId, change.ref, change.after, change.currency);
    case 'open':
      return taskUpsert(change.task);
    case 'close':
      return taskClose(change.taskId, change.description);
    case 'remember':
      return taskRefsUpdate(
        change.accountId,
        memoryOf([...change.known, ...change.opens.filter((ref) => !refused.has(ref))]),
      );
  }
}
