/** What becomes of deleted records: they lie in the recycle bin with what went with them, come back, or go for good. */
import type { FieldDefinition, ObjectDefinition } from '../schema/model.js';
import type { Derivations } from './behaviour.js';
import type { RowError } from './engine.js';
import { quoted, table, type ListedCatalog } from './soql.js';
import type { Store, StoredRow } from './store.js';

export type RecycleBin = {
  /** Deletes a record and its details, and clears lookups to them; all of it comes back together. */
  throwIn(object: ObjectDefinition, id: string, at: number): void;
  /** Keeps the log for a record that a merge deleted; its children have moved, so nothing goes with it. */
  logMerged(object: ObjectDefinition, id: string, at: number): void;
  /** Brings back what was deleted by itself, with all that went with it; a refusal leaves everything as it is. */
  takeOut(object: ObjectDefinition, id: string, at: number): RowError[];
  /** Removes what lies in the bin for good; false where it does not lie there. */
  purge(id: string): boolean;
  /** Removes what has lain there for 15 days. */
  purgeOld(now: number): void;
  /** The log of deletions, purged ones too, oldest first: `from` and `until` inclusive. */
  deletedBetween(object: ObjectDefinition, from: number, until: number): { id: string; at: number }[];
  empty(): void;
};

const DAY = 24 * 60 * 60 * 1000;
/** Salesforce keeps deleted records, and the log of deletions, for 15 days. */
export const KEPT = 15 * DAY;

/** Makes the tables of the bin in a store that has none. */
export function prepareBin(store: Store): void {
  store.run(
    'CREATE TABLE IF NOT EXISTS "_deleted" (id TEXT PRIMARY KEY, root TEXT NOT NULL, object TEXT NOT NULL, at INTEGER NOT NULL, purged INTEGER NOT NULL DEFAULT 0) STRICT',
    [],
  );
  store.run('CREATE INDEX IF NOT EXISTS "_deleted.root" ON "_deleted" (root)', []);
  store.run('CREATE INDEX IF NOT EXISTS "_deleted.at" ON "_deleted" (object, at)', []);
  store.run(
    'CREATE TABLE IF NOT EXISTS "_unlinked" (root TEXT NOT NULL, object TEXT NOT NULL, id TEXT NOT NULL, field TEXT NOT NULL, value TEXT NOT NULL) STRICT',
    [],
  );
  store.run('CREATE INDEX IF NOT EXISTS "_unlinked.root" ON "_unlinked" (root)', []);
}

export function recycleBinOf(store: Store, catalog: ListedCatalog, derive: Derivations): RecycleBin {
  const log = (root: string, object: ObjectDefinition, id: string, at: number): void =>
    store.run('INSERT OR REPLACE INTO "_deleted" (id, root, object, at) VALUES (?, ?, ?, ?)', [
      id,
      root,
      object.api,
      at,
    ]);

  const remove = (root: string, object: ObjectDefinition, id: string, at: number): void => {
    store.update(object, id, { IsDeleted: 1, LastModifiedDate: at, SystemModstamp: at });
    log(root, object, id, at);
    for (const { child, field } of referencesTo(catalog, object)) {
      const rows = store.all(`SELECT "Id" FROM ${table(child)} WHERE ${quoted(field.api)} = ? AND "IsDeleted" = 0`, [
        id,
      ]);
      const cascades = field.type === 'MasterDetail' || derive.cascades(object, child, field);
      for (const row of rows) {
        const childId = String(row['Id']);
        if (cascades) remove(root, child, childId, at);
        else {
          store.update(child, childId, { [field.api]: null, SystemModstamp: at });
          store.run('INSERT INTO "_unlinked" VALUES (?, ?, ?, ?, ?)', [root, child.api, childId, field.api, id]);
        }
      }
    }
    const gone = store.byId(object, id);
    if (gone !== undefined) derive.afterDelete(object, gone);
  };

  const group = (root: string): { object: ObjectDefinition; id: string }[] =>
    store.all('SELECT id, object FROM "_deleted" WHERE root = ? AND purged = 0', [root]).flatMap((row) => {
      const object = catalog.object(String(row['object']));
      return object === undefined ? [] : [{ object, id: String(row['id']) }];
    });

  const restore = (object: ObjectDefinition, id: string, at: number): void => {
    const merged = 'MasterRecordId' in object.fields ? { MasterRecordId: null } : {};
    store.update(object, id, { IsDeleted: 0, LastModifiedDate: at, SystemModstamp: at, ...merged });
    store.run('DELETE FROM "_deleted" WHERE id = ?', [id]);
  };

  /** A parent that was deleted by itself stays away: a detail can't come back without it, a lookup to it is emptied. */
  const settleParents = (object: ObjectDefinition, id: string): RowError[] => {
    const row = store.byId(object, id);
    const emptied: StoredRow = {};
    for (const field of Object.values(object.fields)) {
      const value = row?.[field.api];
      if (field.referenceTo === undefined || field.calculated || typeof value !== 'string') continue;
      const parent = catalog.list.find(({ keyPrefix }) => keyPrefix === value.slice(0, 3));
      if (parent === undefined || store.byId(parent, value)?.['IsDeleted'] === 0) continue;
      if (field.type === 'MasterDetail') {
        return [{ statusCode: 'ENTITY_IS_DELETED', message: 'entity is deleted', fields: [field.api] }];
      }
      emptied[field.api] = null;
    }
    if (Object.keys(emptied).length > 0) store.update(object, id, emptied);
    return [];
  };

  return {
    throwIn: (object, id, at) => remove(id, object, id, at),
    logMerged: (object, id, at) => log(id, object, id, at),
    takeOut: (object, id, at) => {
      const entry = store.get('SELECT root FROM "_deleted" WHERE id = ? AND purged = 0', [id]);
      if (entry?.['root'] !== id) {
        return [{ statusCode: 'UNDELETE_FAILED', message: 'Entity is not in the recycle bin', fields: [] }];
      }
      const all = group(id);
      for (const each of all) restore(each.object, each.id, at);
      const links = store.all('SELECT object, id, field, value FROM "_unlinked" WHERE root = ?', [id]);
      for (const link of links) relink(store, catalog, link, at);
      store.run('DELETE FROM "_unlinked" WHERE root = ?', [id]);
      const errors = all.flatMap((each) => settleParents(each.object, each.id));
      for (const each of all) {
        const row = store.byId(each.object, each.id);
        if (row !== undefined) derive.after(each.object, row, null);
      }
      return errors;
    },
    purge: (id) => {
      const entry = store.get('SELECT root FROM "_deleted" WHERE id = ? AND purged = 0', [id]);
      if (entry?.['root'] !== id) return false;
      for (const each of group(id)) store.run(`DELETE FROM ${table(each.object)} WHERE "Id" = ?`, [each.id]);
      store.run('UPDATE "_deleted" SET purged = 1 WHERE root = ?', [id]);
      store.run('DELETE FROM "_unlinked" WHERE root = ?', [id]);
      return true;
    },
    purgeOld: (now) => {
      const old = now - KEPT;
      const roots = store.all('SELECT id, object FROM "_deleted" WHERE at < ?', [old]);
      for (const { id, object } of roots) {
        const of = catalog.object(String(object));
        if (of !== undefined) store.run(`DELETE FROM ${table(of)} WHERE "Id" = ?`, [id ?? null]);
        store.run('DELETE FROM "_unlinked" WHERE root = ?', [id ?? null]);
      }
      if (roots.length > 0) store.run('DELETE FROM "_deleted" WHERE at < ?', [old]);
    },
    deletedBetween: (object, from, until) =>
      store
        .all('SELECT id, at FROM "_deleted" WHERE object = ? AND at >= ? AND at <= ? ORDER BY at, id', [
          object.api,
          from,
          until,
        ])
        .map((row) => ({ id: String(row['id']), at: Number(row['at']) })),
    empty: () => {
      store.run('DELETE FROM "_deleted"', []);
      store.run('DELETE FROM "_unlinked"', []);
    },
  };
}

/** The fields of all objects that may point to a record of this object and that people or the platform fill. */
export function referencesTo(
  catalog: ListedCatalog,
  object: ObjectDefinition,
): { child: ObjectDefinition; field: FieldDefinition }[] {
  return catalog.list.flatMap((child) =>
    child.kind === 'customMetadata'
      ? []
      : Object.values(child.fields)
          .filter((field) => field.referenceTo?.includes(object.api) === true && !field.calculated)
          .map((field) => ({ child, field })),
  );
}

/** A lookup comes back unless it was given another parent meanwhile. */
function relink(store: Store, catalog: ListedCatalog, link: StoredRow, at: number): void {
  const object = catalog.object(String(link['object']));
  const field = String(link['field']);
  if (object === undefined) return;
  const row = store.byId(object, String(link['id']));
  if (row === undefined || row[field] !== null) return;
  store.update(object, String(link['id']), { [field]: link['value'] ?? null, SystemModstamp: at });
}
