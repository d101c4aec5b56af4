/** A plan as a file: what would be changed, row by row with before and after, to be read, kept and applied later. */
import { once } from 'node:events';
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, renameSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';
import { Messages } from '@salesforce/core';
import { z } from 'zod';
import { REFUSED } from '../org/exitCodes.js';
import type { Change } from '../org/row.js';

Messages.importMessagesDirectoryFromMetaUrl(import.meta.url);
const messages = Messages.loadMessages('sf-plugin-kam', 'rewrite');

const VERSION = 1;

/** What a plan was made of; it can be applied as long as this is still so. */
export type PlanHead = {
  orgId: string;
  username: string;
  asOf: string;
  /** Up to when the org was read, by its own clock: what was changed later is not overwritten. */
  readAt: string;
  settingsFingerprint: string;
  version: string;
};

const head = z.object({
  kamPlan: z.literal(VERSION),
  orgId: z.string(),
  username: z.string(),
  asOf: z.string(),
  readAt: z.string(),
  settingsFingerprint: z.string(),
  version: z.string(),
});
const foot = z.object({ rows: z.number(), hash: z.string() });
const verbed = z.looseObject({ verb: z.string() });

/**
 * Writes a plan as JSON lines: the head, one line per row, and rows and SHA-256 at the end. Private (0600), all or nothing.
 *
 * Errors: those of the file system.
 */
export async function writePlanFile(
  file: string,
  of: PlanHead,
  batches: AsyncIterable<readonly Change[]>,
): Promise<{ rows: number; hash: string }> {
  const fresh = `${file}.new`;
  const stream = createWriteStream(fresh, { mode: 0o600 });
  try {
    const hash = createHash('sha256');
    let rows = 0;
    const put = async (line: string): Promise<void> => {
      if (!stream.write(`${line}\n`)) await once(stream, 'drain');
    };
    const headLine = JSON.stringify({ kamPlan: VERSION, ...of });
    hash.update(headLine);
    await put(headLine);
    for await (const changes of batches) {
      for (const change of changes) {
        const line = JSON.stringify(change);
        hash.update(line);
        rows += 1;
        await put(line);
      }
    }
    const end = { rows, hash: hash.digest('hex') };
    await put(JSON.stringify(end));
    stream.end();
    await finished(stream);
    renameSync(fresh, file);
    return end;
  } catch (error) {
    stream.destroy();
    rmSync(fresh, { force: true });
    throw error;
  }
}

/**
 * Reads the head of a plan, once the whole file is seen to be as it was written.
 *
 * Errors: `NoPlanError` and `PlanDamagedError` (exit 2) name file, line and what was expected.
 */
export async function readPlanHead(file: string): Promise<PlanHead & { rows: number; hash: string }> {
  const hash = createHash('sha256');
  let first: PlanHead | null = null;
  let waiting: string | null = null;
  let line = 0;
  for await (const text of linesOf(file)) {
    line += 1;
    if (line === 1) {
      const parsed = head.safeParse(jsonIn(text));
      if (!parsed.success) throw messages.createError('error.NoPlan', [file, VERSION], [], REFUSED);
      first = parsed.data;
    }
    if (waiting !== null) hash.update(waiting);
    waiting = text;
  }
  const end = foot.safeParse(jsonIn(waiting ?? ''));
  if (first === null) throw messages.createError('error.NoPlan', [file, VERSION], [], REFUSED);
  if (!end.success || end.data.rows !== line - 2 || end.data.hash !== hash.digest('hex')) {
    throw messages.createError('error.PlanDamaged', [file, line], [], REFUSED);
  }
  return { ...first, ...end.data };
}

/** The rows of a plan whose head was read. */
export async function* changesIn(file: string): AsyncIterable<Change> {
  let line = 0;
  for await (const text of linesOf(file)) {
    line += 1;
    if (line === 1 || !verbed.safeParse(jsonIn(text)).success) continue;
    // Written by `writePlanFile` from a `Change`: the hash was right.
    const change: Change = JSON.parse(text);
    yield change;
  }
}

async function* linesOf(file: string): AsyncIterable<string> {
  const stream = createReadStream(file, 'utf8');
  try {
    yield* createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY });
  } catch (error) {
    throw messages.createError(
      'error.PlanUnreadable',
      [file, error instanceof Error ? error.message : String(error)],
      [],
      REFUSED,
    );
  } finally {
    stream.destroy();
  }
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
