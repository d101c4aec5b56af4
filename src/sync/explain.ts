/** The whole argument for one account, from the book of the last run. */
import { Messages, type Org } from '@salesforce/core';
import { z } from 'zod';
import type { FoundAccount } from '../book/book.js';
import type { Decision } from '../kam/funnel.js';
import { connect } from '../org/connect.js';
import type { Argument } from '../report/argument.js';
import { careIn } from './care.js';
import { withLastRun } from './lastRun.js';

Messages.importMessagesDirectoryFromMetaUrl(import.meta.url);
const messages = Messages.loadMessages('sf-plugin-kam', 'explain');

/**
 * Finds an account in the last run and everything that its group's decision rests on.
 *
 * Errors: `NoRunYetError` where this machine has no finished run of the org; `AccountNotFoundError` with names that come
 *         near; `AccountAmbiguousError` with the ids to choose from.
 */
export async function explain(
  login: Org,
  apiVersion: string | undefined,
  account: string,
  env: NodeJS.ProcessEnv,
): Promise<Argument> {
  return withLastRun(await connect(login, apiVersion), env, async ({ book, run }) => {
    const found = foundIn(await book.find(account), account);
    const robustness = shares.parse(await book.recall('robustness'))[found.decision.groupId] ?? 0;
    const { accountId, group, accounts, decision } = found;
    return { accountId, group, accounts, decision, robustness, care: await careIn(book, found), run };
  });
}

/** The account that was asked for, with its decision. */
export function foundIn(found: FoundAccount, asked: string): Found & { decision: Decision } {
  switch (found.is) {
    case 'ambiguous':
      throw messages.createError('error.AccountAmbiguous', [
        found.matches.length,
        asked,
        found.matches.map(({ accountId }) => accountId).join(', '),
      ]);
    case 'notFound': {
      const near = found.near.length === 0 ? '' : ` Near it: ${found.near.join(', ')}.`;
      throw messages.createError('error.AccountNotFound', [asked, near]);
    }
    case 'found': {
      const { decision } = found;
      if (decision === null) throw messages.createError('error.AccountNotFound', [asked, '']);
      return { ...found, decision };
    }
  }
}

type Found = Extract<FoundAccount, { is: 'found' }>;

const shares = z.record(z.string(), z.number());
