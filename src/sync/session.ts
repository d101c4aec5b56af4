/** What every command that writes begins with: the org within its budget, the settings, and the org to itself. */
import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { pid } from 'node:process';
import { Messages, SfError, type Org } from '@salesforce/core';
import { openBook, type Book } from '../book/book.js';
import { canonicalSettings, type Settings } from '../kam/settings.js';
import type { IsoDate } from '../kam/units.js';
import { asking, withinBudget } from '../org/budget.js';
import { connect, type KamOrg } from '../org/connect.js';
import { PREFLIGHT_FAILED, STOPPED } from '../org/exitCodes.js';
import { endLeftJob } from '../org/ingest.js';
import { openJournal, type Journal } from '../org/journal.js';
import { guarded, takeLease, type Lease } from '../org/lease.js';
import { preflight, type Problem } from '../org/preflight.js';
import { readSettings } from '../org/read.js';
import { nightPace, type Pace } from '../org/transport.js';
import type { Loss } from '../report/run.js';
import { stateOf, type State } from './state.js';

Messages.importMessagesDirectoryFromMetaUrl(import.meta.url);
const messages = Messages.loadMessages('sf-plugin-kam', 'sync');

export type SessionOptions = {
  /** The environment, for where state is kept. */
  env: NodeJS.ProcessEnv;
  /** Asks the run to stop at the next safe point. */
  signal?: AbortSignal;
  /** How patient it is with the org; tests are less so. */
  pace?: Pace;
};

export type Session = {
  /** Stops at the end of the budget and where somebody asked for it. */
  org: KamOrg;
  /** Goes on beyond: what a stopped run still has to say of itself. */
  atLast: KamOrg;
  settings: Settings;
  /** SHA-256 of what they mean. */
  settingsFingerprint: string;
  state: State;
  /** By the org's clock. */
  startedAt: Date;
  today: IsoDate;
  losses: Loss[];
  pace: Pace;
  /** Errors: `StoppedError` (exit 69) where somebody asked for it. */
  goOn(): void;
};

/**
 * Connects to an org that is ready for the job.
 *
 * Errors: `PreflightFailedError` (exit 3) where it is not.
 */
export async function openSession(
  login: Org,
  apiVersion: string | undefined,
  { env, signal, pace = nightPace }: SessionOptions,
): Promise<Session> {
  const connected = await connect(login, apiVersion, pace);
  const problems = await preflight(connected);
  stopFor(problems);
  const settings = await readSettings(connected);
  const { apiRunShare, apiSoftStop, apiHardStop } = settings.safety;
  const goOn = (): void => {
    if (signal?.aborted === true) throw messages.createError('error.Stopped', [], [], STOPPED);
  };
  const startedAt = await connected.now();
  return {
    org: asking(withinBudget(connected, { run: apiRunShare, stop: apiSoftStop }), goOn),
    atLast: withinBudget(connected, { run: 1, stop: apiHardStop }),
    settings,
    settingsFingerprint: createHash('sha256').update(canonicalSettings(settings)).digest('hex'),
    state: stateOf(connected.orgId, env),
    startedAt,
    today: startedAt.toISOString().slice(0, 10),
    losses: problems.map(({ what, remedy }) => ({ what, remedy })),
    pace,
    goOn,
  };
}

/** Errors: `PreflightFailedError` (exit 3) where a problem stops the job. */
export function stopFor(problems: readonly Problem[]): void {
  const stopping = problems.filter(({ severity }) => severity === 'stops');
  if (stopping.length === 0) return;
  const list = stopping.map(({ what, remedy }) => `- ${what} ${remedy}`).join('\n');
  throw messages.createError('error.PreflightFailed', [list], [], PREFLIGHT_FAILED);
}

/**
 * The book that is being written; a second run on the same org and machine finds it taken, so it is the machine's lock.
 *
 * Errors: `BookInUseError` where another has it.
 */
export async function openWorkBook(file: string): Promise<Book> {
  try {
    return await openBook(file);
  } catch (error) {
    if (error instanceof Error && /lock/i.test(error.message))
      throw messages.createError('error.BookInUse', [file], [], error);
    throw error;
  }
}

/** An org that nobody else writes to. */
export type Held = {
  lease: Lease;
  /** Whose every change waits until the lease is seen to be still ours. */
  writing: KamOrg;
  journal: Journal;
};

export const leaseFor = ({ atLast, startedAt, state }: Session): Promise<Lease> =>
  takeLease(atLast, startedAt, { machine: state.machine, host: hostname(), process: pid });

/** How a run's own record says that it came to no result. */
export const statusOf = (error: unknown): 'Stopped' | 'Failed' =>
  error instanceof SfError && error.exitCode === STOPPED ? 'Stopped' : 'Failed';

/**
 * Holds the machine's lock, the lease and the journal while `work` is done, and says so in the run's record.
 *
 * Errors: those of the lease and of `work`, which the run's record then names.
 */
export async function holding<T>(session: Session, work: (held: Held) => Promise<T>): Promise<T> {
  const lock = await openWorkBook(session.state.workBook);
  try {
    const lease = await leaseFor(session);
    try {
      const journal = openJournal(session.state.journal);
      try {
        const writing = guarded(session.org, lease);
        await endLeftJob(writing, session.state.results);
        return await work({ lease, writing, journal });
      } finally {
        journal.close();
      }
    } catch (error) {
      await lease.abandon(statusOf(error), error instanceof Error ? error.message : String(error));
      throw error;
    } finally {
      lease.release();
    }
  } finally {
    await lock.close();
  }
}
