/** Writes changes so that a bad night costs time and no rows: journaled, in lanes of accounts, tried again, every outcome kept. */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import chunk from 'lodash/chunk.js';
import { z } from 'zod';
import type { KamOrg } from './connect.js';
import { ingest, JOB_ROWS } from './ingest.js';
import { LANES, type Journal, type PlannedRow, type Refusal, type RowError } from './journal.js';
import { accountObject } from './records.js';
import { accountOf, findRows, isSo, recordIn, rowOf, verbs, type Change, type Row, type Verb } from './row.js';
import { mayPass, nightPace, type Pace } from './transport.js';

/** `since`: the run that it was refused in first, where it was not even sent this time. */
export type FailedChange = { change: Change; errors: RowError[]; since: string | null };

export type Receipts = {
  written: number;
  failed: FailedChange[];
  /** Rows that were sent more than once. */
  retried: number;
  /** Rows that were not sent, as too many others were refused. */
  left: number;
};

const BATCH = 200;
/** A row that somebody holds is tried again in ever smaller company. */
const RETRY_SIZES = [50, 10];
/** And at the end of the run once more, when nothing else of ours is under way. */
const LAST_SIZES = [10, 1, 1];

/** Where so large a share of the rows is refused for good, something is wrong with the org or with us. */
const BROKEN_SHARE = 0.05;
const BROKEN_FROM = 200;

const SECOND = 1000;

export type WriteOptions = {
  /** What the run is called. */
  ref: string;
  /** By the org's clock. */
  now: Date;
  onWritten: (rows: number) => void;
  /** Waits before rows are tried again for the n-th time; tests need not. */
  pause: (attempt: number) => Promise<void>;
  /** Where results of jobs land before they are read. */
  file: string;
  pace: Pick<Pace, 'writesByRest' | 'job'>;
  /** Tries what the org refused before, whether or not anything has changed. */
  tryRefused?: boolean;
};

/** Salesforce waits 10 s for a lock itself; whoever holds it needs a moment more, and not all who wait the same. */
export const growingPause =
  ({ locked }: Pick<Pace, 'locked'>): WriteOptions['pause'] =>
  async (attempt) => {
    await sleep(Math.random() * Math.min(60, 2 ** attempt) * locked);
  };

/** Half of what a job costs: it is created, filled, closed, looked at, and its results are read. */
const CALLS_PER_JOB = 7;

/** About how many API calls so many rows cost, where none is tried again; the lease is looked at before each request. */
export function callsFor(rows: Partial<Record<Verb, number>>): number {
  const requests = Object.values(rows).map((all) => {
    const jobs = all <= nightPace.writesByRest ? 0 : Math.ceil((all - nightPace.writesByRest) / JOB_ROWS);
    const count = Math.max(0, all - jobs * JOB_ROWS);
    const lanes = lanesFor(count).length;
    const byRest = count === 0 ? 0 : lanes === 1 ? 1 : Math.ceil(count / BATCH) + lanes - 1;
    return byRest + CALLS_PER_JOB * jobs;
  });
  return 2 * requests.reduce((all, each) => all + each, 0);
}

/**
 * Writes all changes.
 *
 * Shape:  all are noted in the journal first, then sent verb by verb: accounts, what hangs on them, tasks, what was
 *         opened. Rows of one account never go out in two requests at once. What stands is updated by id, what is new is
 *         upserted by its ref; where the answer to a request is lost, the org is asked what it has. A row that the org
 *         refuses does not stop the others; rows that are locked are tried six times.
 *         What was refused for good is not sent again until it, its account or the object's fields have changed, or a week
 *         has passed.
 * Errors: those of the transport, once all lanes have come to a halt; rows that were under way then stay `sent` in the
 *         journal. Refused rows are returned with the org's codes.
 */
export async function write(
  org: KamOrg,
  batches: AsyncIterable<readonly Change[]>,
  journal: Journal,
  options: WriteOptions,
): Promise<Receipts> {
  for await (const changes of batches) journal.plan(changes);
  return writer(org, journal, options).all();
}

type Refused = PlannedRow & { errors: RowError[] };

function writer(
  org: KamOrg,
  journal: Journal,
  { ref, now, onWritten, pause, file, pace, tryRefused = false }: WriteOptions,
): { all(): Promise<Receipts> } {
  const receipts: Receipts = { written: 0, failed: [], retried: 0, left: 0 };
  const refusedRefs = new Set<string>();
  const forGood: Refused[] = [];
  let late: PlannedRow[] = [];
  let brokeDown = false;

  const isBroken = (): boolean => {
    const tried = receipts.written + forGood.length;
    return tried >= BROKEN_FROM && forGood.length > BROKEN_SHARE * tried;
  };

  const fail = (rows: readonly Refused[], since: string | null): void => {
    for (const { change, errors } of rows) {
      receipts.failed.push({ change, errors, since });
      if (change.verb === 'open') refusedRefs.add(change.task.ref);
    }
  };

  /** Sends rows of one verb; those that a moment may heal come back. */
  const sendRows = async (rows: readonly PlannedRow[], by = sendBatch): Promise<Refused[]> => {
    journal.send(rows.map(({ row }) => row));
    const refused = await by(org, rows, refusedRefs);
    const gone = new Map(refused.map((each) => [each.row, each]));
    const done = rows.filter(({ row }) => !gone.has(row));
    journal.settle([
      ...done.map(({ row }) => ({ row, state: 'written' as const, errors: [] })),
      ...refused.map(({ row, errors }) => ({ row, state: 'refused' as const, errors })),
    ]);
    receipts.written += done.length;
    if (done.length > 0) onWritten(receipts.written);
    const final = refused.filter((each) => !isPassing(each));
    forGood.push(...final);
    fail(final, null);
    return refused.filter(isPassing);
  };

  const sendAgain = async (rows: readonly PlannedRow[], size: number): Promise<Refused[]> => {
    const locked: Refused[] = [];
    // One request carries one verb, as upsert, update and delete are different resources.
    for (const some of Map.groupBy(rows, ({ change }) => change.verb).values()) {
      for (const part of chunk(some, size)) locked.push(...(await sendRows(part)));
    }
    return locked;
  };

  /** Sends the next rows of some lanes, and those that were locked again; false where there are none. */
  const sendNext = async (verb: Verb, lanes: Lanes, size: number, by = sendBatch): Promise<boolean> => {
    const next = journal.next(verb, lanes, size);
    if (next.length === 0) return false;
    const { open, held } = tryRefused ? { open: next, held: [] } : await heldBack(org, journal, next, now);
    journal.settle(held.map(({ row, errors }) => ({ row, state: 'held' as const, errors })));
    for (const each of held) fail([each], each.since);
    let rest: PlannedRow[] = open.length === 0 ? [] : await sendRows(open, by);
    for (const [index, smaller] of RETRY_SIZES.entries()) {
      if (rest.length === 0) break;
      if (index === 0) receipts.retried += rest.length;
      await pause(index + 1);
      rest = await sendAgain(rest, smaller);
    }
    late.push(...rest);
    return true;
  };

  const lane = async (verb: Verb, lanes: Lanes): Promise<void> => {
    while (!brokeDown && !isBroken() && (await sendNext(verb, lanes, BATCH)));
  };

  const byJob: typeof sendBatch = (_, rows, refused) => sendJob(org, rows, refused, file, pace.job);

  const ofVerb = async (verb: Verb): Promise<void> => {
    // What goes is few: rows of history past their time.
    const byRest = verb === 'forget' ? Number.POSITIVE_INFINITY : pace.writesByRest;
    while (journal.waiting(verb) > byRest && !isBroken()) await sendNext(verb, allLanes, JOB_ROWS, byJob);
    const lanes = lanesFor(journal.waiting(verb)).map((range) =>
      lane(verb, range).catch((error: unknown) => {
        // The others come to a halt at their next safe point.
        brokeDown = true;
        throw error;
      }),
    );
    const broken = (await Promise.allSettled(lanes)).find(({ status }) => status === 'rejected');
    if (broken?.status === 'rejected') throw broken.reason;
  };

  const lastTries = async (): Promise<void> => {
    let rest: Refused[] = late.map((row) => ({ ...row, errors: [] }));
    late = [];
    for (const [index, size] of LAST_SIZES.entries()) {
      if (rest.length === 0) return;
      await pause(RETRY_SIZES.length + 1 + index);
      rest = await sendAgain(rest, size);
    }
    fail(rest, null);
  };

  return {
    all: async () => {
      for (const verb of verbs) {
        // What was opened can be remembered only when it is known what was refused for good.
        if (verb === 'remember') await lastTries();
        await ofVerb(verb);
      }
      await lastTries();
      receipts.left = verbs.reduce((sum, verb) => sum + journal.waiting(verb), 0);
      journal.refuse(await refusalsOf(org, forGood, ref));
      return receipts;
    },
  };
}

/** A range of the journal's lanes. */
type Lanes = { from: number; to: number };

const allLanes: Lanes = { from: 0, to: LANES - 1 };

/** As many lanes as there are requests to fill them. */
function lanesFor(rows: number): Lanes[] {
  const lanes = rows <= BATCH ? 1 : rows <= 2 * BATCH ? 2 : LANES;
  const width = LANES / lanes;
  return Array.from({ length: lanes }, (_, n) => ({ from: n * width, to: (n + 1) * width - 1 }));
}

/** A row that may be written when it is sent again: somebody holds it, the server stumbled, or nothing was said of it. */
function isPassing({ errors }: Refused): boolean {
  return errors.some(({ code, message }) =>
    passingCodes.some((passing) => code === passing || (passing === LOCKED && message.includes(LOCKED))),
  );
}

/** A trigger that meets a locked row wraps this code in its own text. */
const LOCKED = 'UNABLE_TO_LOCK_ROW';
const NO_OUTCOME = 'NO_OUTCOME';
const passingCodes = [LOCKED, NO_OUTCOME, 'SERVER_UNAVAILABLE', 'ALL_OR_NONE_OPERATION_ROLLED_BACK'];

const outcomes = z.array(
  z.object({
    success: z.boolean(),
    errors: z.array(z.object({ statusCode: z.string(), message: z.string() })).default([]),
  }),
);

/** Sends rows of one verb in one request and returns those that were not written. */
async function sendBatch(
  org: KamOrg,
  planned: readonly PlannedRow[],
  refusedRefs: ReadonlySet<string>,
): Promise<Refused[]> {
  const rows = planned.map(({ change }) => rowOf(change, refusedRefs));
  const [first] = rows;
  if (first === undefined) return [];
  const path = first.keyField === 'Id' ? 'composite/sobjects' : `composite/sobjects/${first.object}/${first.keyField}`;
  const sent =
    first.after === null
      ? org.transport.send('DELETE', org.path(removalPath(rows)), undefined, { again: false })
      : org.transport.send(
          'PATCH',
          org.path(path),
          { allOrNone: false, records: rows.map(recordIn) },
          { again: false },
        );
  const results = await sent
    .then(({ body }) => outcomes.parse(body))
    .catch((error: unknown) => {
      if (!(error instanceof Error) || !mayPass(error)) throw error;
      return outcomesByLooking(org, rows, error);
    });
  return refusedOf(planned, results);
}

/** Sends rows of one verb as a job; rows that it did not come to, or says nothing of, are looked for in the org. */
async function sendJob(
  org: KamOrg,
  planned: readonly PlannedRow[],
  refusedRefs: ReadonlySet<string>,
  file: string,
  unit: number,
): Promise<Refused[]> {
  const rows = planned.map(({ change }) => rowOf(change, refusedRefs));
  const results = await ingest(org, rows, file, unit);
  const open = rows.filter((_, index) => results[index] === null);
  const looked = await outcomesByLooking(org, open, new Error('the job ended before it came to this row'));
  const found = looked.values();
  return refusedOf(
    planned,
    results.map((result) => result ?? found.next().value),
  );
}

function refusedOf(
  planned: readonly PlannedRow[],
  results: readonly (z.infer<typeof outcomes>[number] | undefined)[],
): Refused[] {
  return planned.flatMap((each, index): Refused[] => {
    const result = results[index];
    if (result?.success === true || (each.change.verb === 'forget' && isGone(result))) return [];
    const errors = (result?.errors ?? []).map(({ statusCode, message }) => ({ code: statusCode, message }));
    const none = { code: NO_OUTCOME, message: 'the org gave no outcome for this row' };
    return [{ ...each, errors: errors.length > 0 ? errors : [none] }];
  });
}

const removalPath = (rows: readonly Row[]): string =>
  `composite/sobjects?ids=${rows.map(({ key }) => key).join(',')}&allOrNone=false`;

/** Somebody was faster. */
const isGone = (result: z.infer<typeof outcomes>[number] | undefined): boolean =>
  result?.errors.some(({ statusCode }) => statusCode === 'ENTITY_IS_DELETED') === true;

/**
 * Whether rows were written whose answer was lost, by what the org has now.
 *
 * A record that was to be new and is there was written, whatever it says by now: somebody may have gone on with it.
 */
async function outcomesByLooking(org: KamOrg, rows: readonly Row[], lost: Error): Promise<z.infer<typeof outcomes>> {
  const found = await findRows(org, rows);
  return rows.map((row, index) => {
    const record = found[index] ?? null;
    const success = isSo(record, row) || (record !== null && row.before === null);
    return { success, errors: success ? [] : [{ statusCode: NO_OUTCOME, message: lost.message }] };
  });
}

const WEEK = 7 * 24 * 3600 * SECOND;

/** Rows that the org refused before, where nothing has changed since, are not sent. */
async function heldBack(
  org: KamOrg,
  journal: Journal,
  rows: readonly PlannedRow[],
  now: Date,
): Promise<{ open: PlannedRow[]; held: (Refused & { since: string })[] }> {
  const refusals = journal.refusals(rows.map(({ change }) => keyOf(change)));
  const open: PlannedRow[] = [];
  const held: (Refused & { since: string })[] = [];
  const suspects = rows.filter(({ change }) => refusals.has(keyOf(change)));
  const stamps = suspects.length === 0 ? [] : await stampsOf(org, suspects);
  const stampOf = new Map(suspects.map(({ row }, index) => [row, stamps[index]]));
  for (const each of rows) {
    const refusal = refusals.get(keyOf(each.change));
    const isSame =
      refusal !== undefined &&
      refusal.fingerprint === fingerprintOf(each.change) &&
      refusal.stamp === stampOf.get(each.row) &&
      refusal.schema === (await schemaOf(org, each.change)) &&
      now.getTime() - Date.parse(refusal.since) < WEEK;
    if (isSame) held.push({ ...each, errors: refusal.errors, since: refusal.since });
    else open.push(each);
  }
  journal.forgive(suspects.filter((each) => open.includes(each)).map(({ change }) => keyOf(change)));
  return { open, held };
}

const keyOf = (change: Change): string => `${change.verb} ${rowOf(change).key}`;

const hashOf = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex');

const fingerprintOf = (change: Change): string => hashOf(rowOf(change).after);

async function schemaOf(org: KamOrg, change: Change): Promise<string> {
  const described = await org.describe(rowOf(change).object);
  return hashOf([...(described?.fields.values() ?? [])]);
}

/** When the accounts of rows, and the records themselves, were last changed. */
async function stampsOf(org: KamOrg, rows: readonly PlannedRow[]): Promise<string[]> {
  const bare = (object: string, keyField: string, key: string): Row => ({
    object,
    keyField,
    key,
    after: {},
    before: null,
  });
  const accounts = await findRows(
    org,
    rows.map(({ change }) => bare(accountObject, 'Id', accountOf(change))),
  );
  const records = await findRows(
    org,
    rows.map(({ change }) => rowOf(change)).map(({ object, keyField, key }) => bare(object, keyField, key)),
  );
  return rows.map((_, index) =>
    [accounts[index], records[index]].map((found) => found?.stamp.toISOString() ?? 'none').join(' '),
  );
}

async function refusalsOf(org: KamOrg, rows: readonly Refused[], ref: string): Promise<Refusal[]> {
  const stamps = rows.length === 0 ? [] : await stampsOf(org, rows);
  return Promise.all(
    rows.map(async ({ change, errors }, index) => ({
      key: keyOf(change),
      fingerprint: fingerprintOf(change),
      schema: await schemaOf(org, change),
      stamp: stamps[index] ?? '',
      since: ref,
      errors,
    })),
  );
}
