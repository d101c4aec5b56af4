/** Who gets a review task: the person whom its rule names, and whoever stands in where that person has left. */
import type { ReviewKind, Settings } from './settings.js';
import type { RecordId } from './units.js';

/** The people of one group's root; `named` stands in the account field that the settings name. */
export type Responsible = { accountOwner: RecordId; manager: RecordId | null; named: RecordId | null };

/** Users who have left, and who gets what they should own. */
export type Staff = { inactive: ReadonlySet<RecordId>; fallback: RecordId | null };

/** Who gets a task; `standsIn` where the person who should get it has left. */
export type TaskOwner = { id: RecordId; standsIn: boolean };

/**
 * The owner of a task of one kind.
 *
 * Shape:  the person whom the rule names, else the account owner. Where that one has left: the account owner, then the
 *         fallback from the settings. Null where nobody is left: such a task can't be opened.
 */
export function ownerOf(
  kind: ReviewKind,
  { accountOwner, manager, named }: Responsible,
  { inactive, fallback }: Staff,
  { review }: Settings,
): TaskOwner | null {
  const wanted = { owner: accountOwner, manager, field: named }[review[kind].owner] ?? accountOwner;
  if (!inactive.has(wanted)) return { id: wanted, standsIn: false };
  const standIn = inactive.has(accountOwner) ? fallback : accountOwner;
  return standIn === null ? null : { id: standIn, standsIn: true };
}
