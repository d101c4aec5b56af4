/** Merging accounts or contacts: the losers' children move to the master, and the losers say which record took them in. */
import type { ObjectDefinition } from '../schema/model.js';
import type { Derivations } from './behaviour.js';
import { referencesTo, type RecycleBin } from './recycleBin.js';
import { quoted, table, type ListedCatalog } from './soql.js';
import type { Store } from './store.js';

export type Moved = { updatedRelatedIds: string[] };

/** Salesforce merges these and no other objects that this org has. */
export const isMergeable = (object: ObjectDefinition): boolean => 'MasterRecordId' in object.fields;

/** Moves everything that points to `loser` to `master` and deletes `loser`. */
export function takeIn(
  { store, catalog, derive, bin }: { store: Store; catalog: ListedCatalog; derive: Derivations; bin: RecycleBin },
  object: ObjectDefinition,
  master: string,
  loser: string,
  at: number,
): Moved {
  const updatedRelatedIds: string[] = [];
  for (const { child, field } of referencesTo(catalog, object)) {
    const rows = store.all(`SELECT "Id" FROM ${table(child)} WHERE ${quoted(field.api)} = ? AND "IsDeleted" = 0`, [
      loser,
    ]);
    for (const row of rows) {
      const id = String(row['Id']);
      const old = store.byId(child, id) ?? {};
      const moved = { ...old, [field.api]: master };
      // What the platform derives from the parent follows it: the account of an activity.
      derive.before(child, moved, old);
      const changed = Object.entries(moved).filter(([name, value]) => value !== old[name]);
      store.update(child, id, { ...Object.fromEntries(changed), SystemModstamp: at });
      updatedRelatedIds.push(id);
    }
  }
  store.update(object, loser, { IsDeleted: 1, MasterRecordId: master, LastModifiedDate: at, SystemModstamp: at });
  bin.logMerged(object, loser, at);
  return { updatedRelatedIds };
}
