/** The whole argument for one account, from the book of the last run. */
import { existsSync } from 'node:fs';
import { Messages, type Org } from '@salesforce/core';
import { openBook, type FoundAccount } from '../book/book.js';
import type { Settings } from '../kam/settings.js';
import type { Run } from '../report/run.js';
import { stateOf } from './state.js';

Messages.importMessagesDirectoryFromMetaUrl(import.meta.url);
const messages = Messages.loadMessages('sf-plugin-kam', 'explain');

/** Everything that a decision rests on, for the group of one account; figures as they were decided on. */
export type Explanation = {
  run: Run;
  settings: Settings;
  accountId: string;
} & Pick<Extract<FoundAccount, { is: 'found' }>, 'group' | 'accounts'> & {
    decision: NonNullable<Extract<FoundAccount, { is: 'found' }>['decision']>;
  };
