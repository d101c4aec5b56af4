/** What a command knows of the place where it prints: its width, whether it is a terminal, and how progress shows there. */
import type { Screen } from './terminal.js';

const NARROWEST = 60;
const WIDEST = 140;
const WITHOUT_TERMINAL = 100;

/** Styling only on a terminal, and not where NO_COLOR asks for none. */
export function screenOf(out: { isTTY?: boolean; columns?: number }): Screen {
  const isTerminal = out.isTTY === true;
  const width = isTerminal ? (out.columns ?? WITHOUT_TERMINAL) : WITHOUT_TERMINAL;
  return {
    width: Math.min(WIDEST, Math.max(NARROWEST, width)),
    styled: isTerminal && process.env['NO_COLOR'] === undefined,
  };
}

type Spinner = { start(action: string): void; stop(message?: string): void; status: string | undefined };

const titles = {
  pull: 'Reading the org',
  derive: 'Deriving facts',
  assess: 'Assessing potential',
  decide: 'Deciding',
  write: 'Writing changes',
  read: 'Reading the sales',
  lookBack: 'Looking back',
};

/** Shows the stages of a run one after the other, with a bar where the end is known; only on a terminal. */
export function progressOn(
  spinner: Spinner,
  isTerminal: boolean,
): {
  on: (stage: keyof typeof titles, done: number, total: number | null) => void;
  stop: () => void;
} {
  let current: string | null = null;
  const stop = (): void => {
    if (current !== null) spinner.stop();
    current = null;
  };
  return {
    on: (stage, done, total) => {
      if (!isTerminal) return;
      if (current !== stage) {
        stop();
        spinner.start(titles[stage]);
        current = stage;
      }
      spinner.status =
        total === null || total === 0
          ? ''
          : `${bar(done / total)} ${done.toLocaleString('en-GB')} of ${total.toLocaleString('en-GB')}`;
    },
    stop,
  };
}

const BAR = 24;
const bar = (share: number): string => '█'.repeat(Math.round(Math.min(1, share) * BAR)).padEnd(BAR, '░');

/**
 * Aborts when the user or the system asks the process to stop; the second time ends the process where it is.
 *
 * The CLI's base command answers a signal by throwing inside the listener; a command that has safe points takes over.
 */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.removeAllListeners(signal);
    process.on(signal, () => {
      // 128 and the signal's number is what a shell says of it; the journal knows what was under way.
      if (controller.signal.aborted) process.exit(130);
      controller.abort();
    });
  }
  return controller.signal;
}

/**
 * Resolves when the user or the system asks the process to stop.
 *
 * The CLI's base command answers a signal by throwing inside the listener, which Node prints as a crash; a command that
 * stays up takes the signals over.
 */
export function stopAsked(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.removeAllListeners(signal);
      process.once(signal, () => resolve());
    }
  });
}
