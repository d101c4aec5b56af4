/** Who holds which account: requests that are at work on it, and people whom a fault makes up. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Circumstances, RowError } from './engine.js';
import { sequenceOf, type HitOf } from './faults.js';

type LockHit = HitOf<'account-locks'>;

/** Thrown through a handler that meets a held account while it may still wait; its work is undone and begun again. */
class AccountHeld extends Error {
  public constructor(public readonly account: string) {
    super(`Account ${account} is held.`);
    this.name = 'AccountHeld';
  }
}

export type Locks = {
  /**
   * Does the work of one request under the lock table: waits for accounts that are held, up to the fault's wait by the
   * org's clock; then rows of those that are held still are refused, and the others are held for the fault's hold.
   * An attempt that met a held account is void: its work must be undone. `onHold` hears of the hold before the answer
   * is on its way, which must not go out earlier than the hold is over.
   */
  work<T>(
    hit: LockHit,
    attempt: (circumstances: Circumstances, isVoid: () => boolean) => T | Promise<T>,
    onHold: (held: Promise<void>) => void,
  ): Promise<T>;
  /** What a job in the background meets: nobody waits with it, so its rows are refused at once. */
  refusing(hit: LockHit): Circumstances;
};

/** Real milliseconds between two looks at a held account; the wait itself goes by the org's clock. */
const GLANCE = 5;

export function openLocks(now: () => Date): Locks {
  const holders = new Map<string, number>();
  return {
    refusing: (hit) => ({
      refuses: (accounts) => {
        const account = accounts.find((each) => holders.has(each) || isHeldByOthers(hit, each));
        if (account === undefined) return null;
        hit.fired(`refused a row of ${account}`);
        return lockedRow(account, hit.fault.wrapped);
      },
    }),
    work: async (hit, attempt, onHold) => {
      const { wait, hold, wrapped } = hit.fault;
      const deadline = now().getTime() + wait;
      const isHeld = (account: string): boolean => holders.has(account) || isHeldByOthers(hit, account);
      for (let waited = false; ; waited = true) {
        const touched = new Set<string>();
        const refused = new Set<string>();
        const mayWait = now().getTime() < deadline;
        const state: { met: AccountHeld | null } = { met: null };
        const circumstances: Circumstances = {
          refuses: (accounts) => {
            const account = accounts.find(isHeld);
            if (account === undefined) {
              for (const each of accounts) touched.add(each);
              return null;
            }
            if (mayWait) {
              state.met = new AccountHeld(account);
              throw state.met;
            }
            refused.add(account);
            return lockedRow(account, wrapped);
          },
        };
        try {
          const outcome = attempt(circumstances, () => state.met !== null);
          if (state.met === null) onHold(holdFor(holders, touched, hold));
          const result = await outcome;
          if (refused.size > 0) hit.fired(`refused rows of ${[...refused].join(', ')} after ${wait} ms`);
          else if (waited) hit.fired('waited');
          return result;
        } catch (error) {
          if (!(error instanceof AccountHeld)) throw error;
          while (isHeld(error.account) && now().getTime() < deadline) await pause(GLANCE);
        }
      }
    },
  };
}

async function holdFor(holders: Map<string, number>, accounts: ReadonlySet<string>, hold: number): Promise<void> {
  if (accounts.size === 0 || hold === 0) return;
  for (const account of accounts) holders.set(account, (holders.get(account) ?? 0) + 1);
  try {
    await pause(hold);
  } finally {
    for (const account of accounts) {
      const left = (holders.get(account) ?? 1) - 1;
      if (left === 0) holders.delete(account);
      else holders.set(account, left);
    }
  }
}

/** Whether a person, or another integration, holds an account: named, or drawn by seed and account. */
function isHeldByOthers({ fault: { held, share, seed } }: LockHit, account: string): boolean {
  if (held.some((id) => id.slice(0, 15) === account.slice(0, 15))) return true;
  if (share === 0) return false;
  const number = [...account.slice(0, 15)].reduce((sum, char) => (Math.imul(sum, 31) + char.charCodeAt(0)) >>> 0, seed);
  return sequenceOf(number)() < share;
}

/** The refusal of one row; a trigger that met the lock wraps it into its own words. */
function lockedRow(account: string, wrapped: boolean): RowError {
  const message = `unable to obtain exclusive access to this record or 1 records: ${account}`;
  if (!wrapped) return { statusCode: 'UNABLE_TO_LOCK_ROW', message, fields: [] };
  return {
    statusCode: 'CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY',
    message: `AccountRollup: execution of AfterUpdate\n\ncaused by: System.DmlException: Update failed. First exception on row 0 with id ${account}; first error: UNABLE_TO_LOCK_ROW, ${message}: []\n\nTrigger.AccountRollup: line 7, column 1`,
    fields: [],
  };
}
