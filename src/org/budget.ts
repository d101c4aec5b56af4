/** What a run may take of the org's daily API calls, so that it never costs other integrations theirs. */
import { Messages } from '@salesforce/core';
import type { Fraction } from '../kam/units.js';
import type { KamOrg } from './connect.js';
import { STOPPED } from './exitCodes.js';

Messages.importMessagesDirectoryFromMetaUrl(import.meta.url);
const messages = Messages.loadMessages('sf-plugin-kam', 'org');

export type Budget = {
  /** Of the day's calls, what one run may make. */
  run: Fraction;
  /** Of the day's calls, whoever made them, from where on a run stops. */
  stop: Fraction;
};

/**
 * An org that is asked only as long as the budget lasts.
 *
 * Shape:  the org says with every answer how many of the day's calls are used; before the first answer nothing is known,
 *         and nothing is refused. Between two requests is a safe point: what is written stays, and a rerun goes on.
 * Errors: `DayUsedError` and `RunUsedError` (exit 69) in place of the request.
 */
export function withinBudget(org: KamOrg, budget: Budget): KamOrg {
  const check = (): void => {
    const usage = org.transport.usage();
    if (usage === null) return;
    const { used, max } = usage;
    if (used >= budget.stop * max) {
      throw messages.createError('error.DayUsed', [used, max, percent(budget.stop)], [], STOPPED);
    }
    const own = org.apiCalls();
    if (own >= budget.run * max) {
      throw messages.createError('error.RunUsed', [own, max, percent(budget.run)], [], STOPPED);
    }
  };
  return asking(org, check);
}

/** An org that is asked only after a check, which throws where it shall not be: between two requests is a safe point. */
export function asking(org: KamOrg, check: () => void): KamOrg {
  const { transport } = org;
  return {
    ...org,
    transport: {
      ...transport,
      send: async (...request) => {
        check();
        return transport.send(...request);
      },
      download: async (...request) => {
        check();
        return transport.download(...request);
      },
    },
  };
}

const percent = (share: Fraction): string => `${Number((share * 100).toFixed(2))} %`;
