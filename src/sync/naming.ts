/** How a report names the rows of a run. */
import type { Change } from '../org/row.js';
import type { FailedChange } from '../org/write.js';
import type { FailedRow } from '../report/run.js';

/** What a change is about. */
export function nameOf(change: Change): Pick<FailedRow, 'object' | 'key'> {
  switch (change.verb) {
    case 'set':
    case 'remember':
      return { object: 'account', key: `${change.name} (${change.accountId})` };
    case 'setFamily':
      return { object: 'potential', key: `${change.recordId} of ${change.accountId}` };
    case 'addFamily':
      return { object: 'potential', key: change.ref };
    case 'assess':
    case 'forget':
      return { object: 'assessment', key: change.ref };
    case 'open':
      return { object: 'task', key: change.task.ref };
    case 'close':
      return { object: 'task', key: change.ref };
    case 'restore':
      return { object: 'record', key: `${change.row.object} ${change.row.key}` };
  }
}

export const failedRow = ({ change, errors, since }: FailedChange): FailedRow => ({
  ...nameOf(change),
  errors: errors.map(({ code, message }) => `${code}: ${message}`),
  since,
});
