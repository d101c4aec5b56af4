/** The few review tasks that can change a decision or earn money; each is told apart by its ref. */
import type { ReviewKind } from './settings.js';
import type { IsoDate, RecordId } from './units.js';

/**
 * A task that shall stand open in the org.
 *
 * Shape: `ref` is `KAM|<accountId18>|<kind>|<subject>|<period>`, at most 80 characters, unique in the org.
 */
export type ReviewTask = {
  ref: string;
  kind: ReviewKind;
  accountId: RecordId;
  ownerId: RecordId;
  subject: string;
  description: string;
  dueOn: IsoDate;
  priority: 'High' | 'Normal' | 'Low';
};
