/** One run at a time per org, across machines: a lease that is a run's own record, kept alive by touching it. */
import { Messages } from '@salesforce/core';
import { z } from 'zod';
import type { RecordId } from '../kam/units.js';
import type { KamOrg } from './connect.js';
import { STOPPED } from './exitCodes.js';
import { leaseQuery, leaseRecord, runObject } from './records.js';
import { refusalCode } from './transport.js';

Messages.importMessagesDirectoryFromMetaUrl(import.meta.url);
const messages = Messages.loadMessages('sf-plugin-kam', 'org');

const SECOND = 1000;

/** A holder that has not touched its record for so long is dead. Source: the issue that asks for the lease. */
const STALE = 300 * SECOND;
/** Five touches may fail before another run takes over. */
const TOUCH_EVERY = 60 * SECOND;
/** Before another may take over, a holder that can't touch its record must have stopped by itself. */
const SURE_FOR = 240 * SECOND;

/** Who holds a lease: the machine, so that a dead run of the same machine is known to be dead, and who to look for. */
export type Holder = { machine: string; host: string; process: number };

export type Lease = {
  /** What the run is called: when it started by the org's clock, and a thousandth more where that name is taken. */
  readonly ref: string;
  /**
   * Reads the lease anew.
   *
   * Errors: `LeaseLostError` (exit 69) where another run has it; then nothing more may be written.
   */
  check(): Promise<void>;
  /** Stops touching the record; what the run became is written by whoever holds it. */
  release(): void;
  /** Ends the run's record with what became of it; for runs that assess nothing. */
  finish(result: RunEnd): Promise<void>;
  /** Ends the run's record with a reason; for runs that come to no result. Never throws: there is an error already. */
  abandon(status: 'Failed' | 'Stopped', reason: string): Promise<void>;
};

export type RunEnd = {
  status: 'Done' | 'Partial';
  finishedAt: Date;
  writes: number;
  failedRows: number;
  apiCalls: number;
  version: string;
  message: string;
};

type LeaseRow = { id: RecordId; ref: string; holder: string; touchedAt: Date };

/**
 * Takes the org for one run, or says who has it.
 *
 * Shape:  the run's record is created as `Running`; of all that run the first created holds the lease, so two that begin
 *         together agree on the winner whatever each sees first. Time is the org's: when a record was last touched is its
 *         SystemModstamp, and now is the answer's `Date`.
 *         A holder is dead where nothing touched its record for five minutes, or where it ran on this machine: the caller
 *         holds the machine's own lock on the org, so no other run lives here. A dead one's record is ended.
 * Errors: `LeaseHeldError` (exit 69) where another run has the org; `LeaseLostError` where two began together and the
 *         other was first: the record of this one then says so.
 */
export async function takeLease(org: KamOrg, startedAt: Date, holder: Holder): Promise<Lease> {
  const isDead = (row: LeaseRow, now: Date): boolean =>
    now.getTime() - row.touchedAt.getTime() >= STALE || holderIn(row.holder).machine === holder.machine;
  const { rows, now } = await readLease(org);
  const alive = rows.find((row) => !isDead(row, now));
  if (alive !== undefined) throw held(alive, now);
  const own = await begin(org, startedAt, holder, rows);
  for (const row of rows) await end(org, row.id, 'Stopped', `Ended without a word; run ${own.ref} took over.`);
  const lease = leaseOn(org, own, isDead);
  try {
    await lease.check();
  } catch (error) {
    await lease.abandon('Stopped', error instanceof Error ? error.message : String(error));
    throw error;
  }
  return lease;
}

function leaseOn(
  org: KamOrg,
  { id, ref }: { id: RecordId; ref: string },
  isDead: (row: LeaseRow, now: Date) => boolean,
): Lease {
  let touched = performance.now();
  const touch = async (): Promise<void> => {
    await org.transport.send('PATCH', org.path(`sobjects/${runObject}/${id}`), leaseRecord({ status: 'Running' }));
    touched = performance.now();
  };
  // What fails here shows in `check`: a lease that was not touched for long is not used.
  const timer = setInterval(() => void touch().catch(() => undefined), TOUCH_EVERY);
  timer.unref();
  return {
    ref,
    check: async () => {
      if (performance.now() - touched > SURE_FOR) await touch();
      const { rows, now } = await readLease(org);
      const first = rows.find((row) => row.id === id || !isDead(row, now));
      if (first?.id !== id) throw lost(first, now);
    },
    release: () => clearInterval(timer),
    finish: async (result) => {
      clearInterval(timer);
      await org.transport.send('PATCH', org.path(`sobjects/${runObject}/${id}`), leaseRecord(result));
    },
    abandon: async (status, reason) => {
      clearInterval(timer);
      await end(org, id, status, reason).catch(() => undefined);
    },
  };
}

/** An org whose every change waits until the lease is seen to be still ours; reading does not. */
export function guarded(org: KamOrg, lease: Lease): KamOrg {
  return {
    ...org,
    transport: {
      ...org.transport,
      send: async (method, path, body, options) => {
        if (method !== 'GET') await lease.check();
        return org.transport.send(method, path, body, options);
      },
    },
  };
}

const answer = z.object({ records: z.array(z.record(z.string(), z.unknown())) });
const leaseRow = z.object({
  Id: z.string(),
  Ref__c: z.string().nullable(),
  Holder__c: z.string().nullable(),
  SystemModstamp: z.string(),
});

/** All runs that say they run, the first created first. */
async function readLease(org: KamOrg): Promise<{ rows: LeaseRow[]; now: Date }> {
  const { body, headers } = await org.transport.send('GET', org.path(`query?q=${encodeURIComponent(leaseQuery)}`));
  const rows = answer.parse(body).records.map((record): LeaseRow => {
    const { Id, Ref__c, Holder__c, SystemModstamp } = leaseRow.parse(record);
    return { id: Id, ref: Ref__c ?? '', holder: Holder__c ?? '', touchedAt: new Date(SystemModstamp) };
  });
  const now = Date.parse(headers['date'] ?? '');
  // Without the org's time nobody can be called dead.
  return { rows, now: Number.isNaN(now) ? new Date(0) : new Date(now) };
}

const created = z.object({ id: z.string() });

/** Runs that may begin within one second, which is all that the org's clock tells apart. */
const MOST_REFS = 100;

async function begin(
  org: KamOrg,
  startedAt: Date,
  holder: Holder,
  dead: readonly LeaseRow[],
): Promise<{ id: RecordId; ref: string }> {
  for (let more = 0; ; more += 1) {
    const ref = new Date(startedAt.getTime() + more).toISOString();
    const record = leaseRecord({ status: 'Running', ref, startedAt, holder: holderText(holder) });
    try {
      const { body } = await org.transport.send('POST', org.path(`sobjects/${runObject}`), record, { again: true });
      return { id: created.parse(body).id, ref };
    } catch (error) {
      if (refusalCode(error) !== 'DUPLICATE_VALUE' || more === MOST_REFS) throw error;
      const { rows, now } = await readLease(org);
      const other = rows.find((row) => row.ref === ref && dead.every(({ id }) => id !== row.id));
      // The first answer was lost, and the record of it is ours.
      if (other?.holder === holderText(holder)) return { id: other.id, ref };
      if (other !== undefined) throw held(other, now);
    }
  }
}

async function end(org: KamOrg, id: RecordId, status: 'Failed' | 'Stopped', reason: string): Promise<void> {
  const record = leaseRecord({ status, message: reason });
  await org.transport.send('PATCH', org.path(`sobjects/${runObject}/${id}`), record);
}

const holderText = ({ machine, host, process }: Holder): string => `${host} process ${process} (${machine})`;

function holderIn(text: string): { machine: string } {
  return { machine: /\(([^()]+)\)$/.exec(text)?.[1] ?? '' };
}

const secondsSince = (row: LeaseRow, now: Date): number =>
  Math.max(0, Math.round((now.getTime() - row.touchedAt.getTime()) / SECOND));

function held(row: LeaseRow, now: Date): Error {
  return messages.createError('error.LeaseHeld', [row.ref, row.holder, secondsSince(row, now)], [], STOPPED);
}

function lost(row: LeaseRow | undefined, now: Date): Error {
  return row === undefined
    ? messages.createError('error.LeaseEnded', [], [], STOPPED)
    : messages.createError('error.LeaseLost', [row.ref, row.holder, secondsSince(row, now)], [], STOPPED);
}
