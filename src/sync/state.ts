/** Where the worker keeps what it may lose: one private folder per org. */
import { randomUUID } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { RecordId } from '../kam/units.js';

export type State = {
  folder: string;
  /** The book that the running sync writes; one writer. */
  workBook: string;
  /** The book of the last finished run; any number of readers. */
  book: string;
  /** Where query results land before the book reads them; what a run that broke off left is used by the next. */
  spool: string;
  /** Where results of jobs that write land before they are read. */
  results: string;
  /** What runs wrote and what stood there before. */
  journal: string;
  /** The last run as JSON. */
  run: string;
  /** Tells this machine's state from all others'. */
  machine: string;
};

/** Opens the state folder of an org, private to the user (0700). Deleting the folder costs a full pull and the journal. */
export function stateOf(orgId: RecordId, env: NodeJS.ProcessEnv): State {
  const home = env['XDG_STATE_HOME'];
  const base = home !== undefined && isAbsolute(home) ? home : join(homedir(), '.local', 'state');
  const folder = join(base, 'sf-plugin-kam', orgId);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  return {
    folder,
    workBook: join(folder, 'work.duckdb'),
    book: join(folder, 'book.duckdb'),
    spool: join(folder, 'spool'),
    results: join(folder, 'results.csv'),
    journal: join(folder, 'journal.sqlite'),
    run: join(folder, 'run.json'),
    machine: machineOf(join(base, 'sf-plugin-kam', 'machine')),
  };
}

/** A name that is drawn once. Where two draw at once, the first one written is kept. */
function machineOf(file: string): string {
  try {
    writeFileSync(file, randomUUID(), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
  return readFileSync(file, 'utf8');
}
