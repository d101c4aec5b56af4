/** The whole argument for one account, from the book of the last run. */
import { Messages, type Org } from '@salesforce/core';
import { z } from 'zod';
import type { FoundAccount } from '../book/book.js';
import { connect } from '../org/connect.js';
import type { Argument } from '../report/argument.js';
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
    const argument = argumentIn(await book.find(account), account);
    const robustness = shares.parse(await book.recall('robustness'))[argument.decision.groupId] ?? 0;
    return { ...argument, robustness, run };
  });
}

function argumentIn(found: FoundAccount, asked: string): Omit<Argument, 'run' | 'robustness'> {
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
      const { accountId, group, accounts, decision } = found;
      if (decision === null) throw messages.createError('error.AccountNotFound', [asked, '']);
      return { accountId, group, accounts, decision };
    }
  }
}

const shares = z.record(z.string(), z.number());
