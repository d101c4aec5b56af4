/** The last run on this machine: its book, open for reading while a sync may write the next, and what it said of itself. */
import { existsSync, readFileSync } from 'node:fs';
import { Messages } from '@salesforce/core';
import { z } from 'zod';
import { openBook, type Book } from '../book/book.js';
import type { KamOrg } from '../org/connect.js';
import { stateOf, type State } from './state.js';

Messages.importMessagesDirectoryFromMetaUrl(import.meta.url);
const messages = Messages.loadMessages('sf-plugin-kam', 'sync');

const rememberedRun = z.looseObject({
  asOf: z.string(),
  startedAt: z.string(),
  finishedAt: z.string(),
  currency: z.string().nullable(),
  threshold: z.number(),
  lines: z.object({ revenue: z.number(), potential: z.number() }),
  outcome: z.looseObject({ is: z.string() }),
});

export type RememberedRun = z.infer<typeof rememberedRun>;

export type LastRun = { book: Book; run: RememberedRun; state: State };

/**
 * Opens the book of an org's last finished run and hands it over; it is closed whatever happens.
 *
 * Errors: `NoRunYetError` where this machine has no finished run of the org; `BookError` where another version of this
 *         plugin wrote its book.
 */
export async function withLastRun<T>(
  { orgId, username }: Pick<KamOrg, 'orgId' | 'username'>,
  env: NodeJS.ProcessEnv,
  work: (last: LastRun) => Promise<T>,
): Promise<T> {
  const state = stateOf(orgId, env);
  if (!existsSync(state.book)) throw messages.createError('error.NoRunYet', [orgId], [username]);
  const book = await openBook(state.book, { readOnly: true });
  try {
    // The file beside the book is for people; the book's own copy is the truth.
    const remembered = (await book.recall('run')) ?? JSON.parse(readFileSync(state.run, 'utf8'));
    return await work({ book, run: rememberedRun.parse(remembered), state });
  } finally {
    await book.close();
  }
}
