/** The local org behind its HTTP doors: a database that answers, validates and refuses as Salesforce does. */
import { randomInt } from 'node:crypto';
import { keyOf, type Component } from '../schema/components.js';
import type {
  CustomMetadataRecord,
  FieldDefinition,
  ObjectDefinition,
  PermissionSetDefinition,
  ValidationRule,
} from '../schema/model.js';
import { orgSchemaFrom, type OrgSchema } from '../schema/orgSchema.js';
import { features, type Feature } from '../schema/features.js';
import type { Fault } from '../schema/source.js';
import { parseXml, SourceError, xmlText } from '../schema/xml.js';
import { opportunityStages } from '../schema/standard.js';
import { answerQuery } from './answer.js';
import { z } from 'zod';
import { CORPORATE } from './currencies.js';
import { columnsJson } from './columnMetadata.js';
import { derivationsFor, type Derivations } from './behaviour.js';
import { compileCondition, formulaFault, type Condition } from './formula.js';
import { idOf, to18 } from './ids.js';
import { isMergeable, takeIn } from './merge.js';
import { prepareBin, recycleBinOf, type RecycleBin } from './recycleBin.js';
import { SalesforceError } from './refusal.js';
import { has, profiles, visibleTo, type Rights } from './rights.js';
import { compile, fieldOf, fold, isTextual, ListedCatalog, quoted, table } from './soql.js';
import { openStore, type Store, type StoredComponent, type StoredRow, type Undefinable } from './store.js';
import { decode, encode, type Stored } from './values.js';

/** A refusal in Salesforce's words; routes turn it into a status code and an error body. */
export type RowError = { statusCode: string; message: string; fields: string[] };

export type RowResult =
  { success: true; id: string; created: boolean; errors: [] } | { success: false; errors: RowError[] };

export type MergeResult =
  | { success: true; id: string; mergedRecordIds: string[]; updatedRelatedIds: string[]; errors: [] }
  | { success: false; errors: RowError[] };

/** A value as JSON carries it. */
export type Value = string | number | boolean | null;
export type Row = Readonly<Record<string, Value>>;

/** A record as the REST API returns it: `attributes`, then fields; parents and child lists nested. */
export type ApiRecord = { attributes: { type: string; url?: string } } & Record<string, unknown>;

export type QueryAnswer = {
  /** The entity after FROM. */
  object: string;
  totalSize: number;
  /** Selected columns as flat paths in SELECT order (`Name`, `Account.Name`, `expr0`); child subqueries are left out. */
  columns: string[];
  /** Rows in order from `offset`; read lazily from a snapshot that stays stable for as long as the cursor lives. */
  records(offset: number, count: number): ApiRecord[];
  /** Flat rows in order, for bulk results: one in memory at a time. */
  rows(offset: number, count: number): Iterable<Value[]>;
};

export type QueryOptions = {
  apiVersion: string;
  purpose: 'rest' | 'bulk';
  /** As `queryAll` does: records in the recycle bin too. */
  withDeleted?: boolean;
};

export type Engine = {
  readonly orgId: string;
  /** Who acts: the administrator, or who `as` names. */
  readonly userId: string;
  readonly username: string;
  /** The same org as another of its users meets it. Throws INVALID_SESSION_ID for one who is not an active user. */
  as(userId: string): Engine;
  /** The org's own clock, ticking in real time from the moment it was set. */
  now(): Date;
  setClock(to: Date): void;
  objects(): readonly ObjectDefinition[];
  /** By any casing of the API name. */
  object(name: string): ObjectDefinition | undefined;
  /** Throws `SalesforceError` (MALFORMED_QUERY, INVALID_FIELD, INVALID_TYPE …). */
  query(soql: string, options: QueryOptions): QueryAnswer;
  /** The entity after FROM, without running the query; refused as the query would be. */
  queriedObject(soql: string, options: Pick<QueryOptions, 'purpose'>): string;
  /** What the columns of a query are, without running it; refused as the query would be. */
  queryColumns(soql: string): Record<string, unknown>;
  /** When an object, a field or this user's view of them last changed. */
  metadataChangedAt(): Date;
  /** One record by id with the given fields, or all; undefined where there is none. */
  retrieve(
    object: string,
    id: string,
    fields: readonly string[] | undefined,
    apiVersion: string,
  ): ApiRecord | undefined;
  insert(object: string, values: Row): RowResult;
  update(object: string, id: string, values: Row): RowResult;
  upsert(object: string, externalIdField: string, externalId: Value, values: Row): RowResult;
  delete(object: string, id: string): RowResult;
  /** Brings a deleted record back from the recycle bin, with what went with it. */
  undelete(id: string): RowResult;
  /** Takes a deleted record out of the recycle bin for good. */
  purge(id: string): RowResult;
  /** Merges one or two records into another of the same object; `values` change the master on the way. */
  merge(object: string, master: string, values: Row, losers: readonly string[]): MergeResult;
  /** Whether this user has a permission such as `BulkApiHardDelete`; an administrator has none by being one. */
  hasPermission(name: string): boolean;
  /** Whether this user may deploy: an administrator, or one with the permission for it. */
  mayModifyMetadata(): boolean;
  /** Records that were created or changed, and those that were deleted, from one instant to another, both inclusive. */
  changedBetween(object: string, from: Date, until: Date): { updated: string[]; deleted: { id: string; at: Date }[] };
  /** The same org in which every object looks as `look` has it, to this user and for reading and writing alike. */
  seeing(look: (object: ObjectDefinition) => ObjectDefinition): Engine;
  /** Does `work` while something goes wrong in the org; circumstances last as long as the call. */
  under<T>(circumstances: Circumstances, work: () => T): T;
  /** Runs `work` in a savepoint; rolled back when it returns `rollback: true` or throws. */
  transaction<T>(work: () => { result: T; rollback: boolean }): T;
  /** A transaction of many rows that nobody reads from before its end: what follows from them all is added up once. */
  batch<T>(work: () => { result: T; rollback: boolean }): T;
  /** What the org has beyond the standard objects: its components as they were deployed, by kind and name. */
  components(): readonly OrgComponent[];
  /** What the standard objects and the components together make of the org. */
  schema(): OrgSchema;
  /**
   * Puts and drops components, and makes the org what they say: all or nothing; `check` leaves everything as it was.
   * Faults name the components that do not fit, and nothing has changed then.
   */
  deploy(change: Deployment, purpose: 'keep' | 'check'): Fault[];
  /** What the org keeps for its doors from start to start, by name. */
  recall(key: string): string | undefined;
  remember(key: string, value: string): void;
  /** Empties the org of data; metadata stays. */
  reset(): void;
  close(): void;
};

/** What makes the org misbehave while a request is at work. */
export type Circumstances = {
  /** Milliseconds between the time that a row is stamped with and the moment in which others see it. */
  lag?: number;
  /** Asked before each row is written, with the accounts that the write locks; a refusal is that row's outcome. */
  refuses?: (accounts: readonly string[]) => RowError | null;
};

export { SalesforceError };

/** A component as the org has it. */
export type OrgComponent = Component & { id: string; createdAt: Date; modifiedAt: Date };

export type Deployment = { put: readonly Component[]; drop: readonly Pick<Component, 'type' | 'fullName'>[] };

export type EngineOptions = {
  /** A path, or `:memory:`. */
  file: string;
  /** What the clock shows when a new org opens; a persistent org keeps its own. */
  clock: Date;
  orgId?: string;
  /** What a new org has beyond the least; a persistent org keeps its own. */
  features?: readonly Feature[];
};

const MASTER_OBJECT = 'Organization';
const METADATA_CHANGED = 'metadataChangedAt';

/**
 * Opens the org: its data, its metadata, its clock. A new one has the standard objects only.
 *
 * Errors: throws where metadata that an earlier version kept no longer reads.
 */
export function openEngine(options: EngineOptions): Engine {
  const store = openStore(options.file);
  const clock = openClock(store, options.clock);
  const fresh = store.recall('orgId') === undefined;
  const orgId = store.recall('orgId') ?? to18(options.orgId ?? randomOrgId());
  store.remember('orgId', orgId);
  if (fresh) store.remember('features', JSON.stringify(options.features ?? []));
  prepareBin(store);
  const definition = openDefinition(store);
  const org = new Org(
    { store, clock, orgId, nextNumber: new Map(), circumstances: {}, ...definition },
    {
      userId: idOf('005', 1),
      username: adminOf(orgId),
      rights: { isAdministrator: true, sets: [] },
      seen: definition.catalog,
    },
  );
  if (fresh) org.seed();
  return org;
}

/** What the org is made of; a deploy changes it in place. */
type Definition = {
  catalog: ListedCatalog;
  schema: OrgSchema;
  components: ReadonlyMap<string, OrgComponent>;
  /** Validation rules, ready to ask, by object. */
  rules: ReadonlyMap<string, readonly CompiledRule[]>;
};

type CompiledRule = ValidationRule & { holds: Condition };

const featureNames = z.array(z.enum(features));

/** What the org was started with; an org keeps its features for life. */
const featuresIn = (store: Store): Feature[] => featureNames.parse(JSON.parse(store.recall('features') ?? '[]'));

function openDefinition(store: Store): Definition {
  const components = store.components().map(componentFrom);
  const { schema, faults } = orgSchemaFrom(components, prefixesIn(store), featuresIn(store));
  const [fault] = faults;
  if (fault !== undefined) {
    throw new Error(
      `The local org's metadata no longer reads: ${fault.error.message} Start another org with --state, or deploy what it had into it.`,
      { cause: fault.error },
    );
  }
  store.define(schema.objects, schema.objects);
  const byKey = new Map(components.map((component) => [keyOf(component), component]));
  return { catalog: new ListedCatalog(schema.objects), schema, components: byKey, rules: compiled(schema) };
}

function compiled({ rules, objects }: OrgSchema): Map<string, CompiledRule[]> {
  const byObject = new Map<string, CompiledRule[]>();
  for (const rule of rules) {
    const object = objects.find(({ api }) => api === rule.object);
    if (object === undefined) continue;
    const holds = compileCondition(rule.condition, object);
    byObject.set(rule.object, [...(byObject.get(rule.object) ?? []), { ...rule, holds }]);
  }
  return byObject;
}

/** Rules whose conditions are none of their objects. */
function ruleFaults({ rules, objects }: OrgSchema, components: ReadonlyMap<string, Component>): Fault[] {
  return rules.flatMap(({ object: name, name: rule, condition }) => {
    const object = objects.find(({ api }) => api === name);
    const reason = object === undefined ? `no CustomObject named ${name} found` : formulaFault(condition, object);
    const component =
      components.get(keyOf({ type: 'ValidationRule', fullName: `${name}.${rule}` })) ??
      components.get(keyOf({ type: 'ValidationRule', fullName: `Activity.${rule}` }));
    if (reason === undefined || component === undefined) return [];
    return [{ component, error: component.xml.refuse(condition, `a condition: ${reason}`, 'errorConditionFormula') }];
  });
}

function componentFrom(stored: StoredComponent): OrgComponent {
  const { type, fullName, id, file, bundle, createdAt, modifiedAt } = stored;
  return {
    ...{ type, fullName, id, file, xml: parseXml(stored.xml, file, type) },
    ...(bundle === null ? {} : { bundle }),
    createdAt: new Date(createdAt),
    modifiedAt: new Date(modifiedAt),
  };
}

/** Ids must go on meaning the same object, whatever is deployed beside it. */
function prefixesIn(store: Store): Record<string, string> {
  return Object.fromEntries(
    store
      .all('SELECT key, value FROM "_org" WHERE key LIKE \'prefix %\'', [])
      .map((row) => [String(row['key']).slice('prefix '.length), String(row['value'])]),
  );
}

const randomOrgId = (): string => idOf('00D', randomInt(1, 2 ** 47));

type Clock = { now(): Date; set(to: Date): void };

/** The org's clock is an offset to the machine's, so that it ticks in real time and survives a restart. */
function openClock(store: Store, start: Date): Clock {
  let offset = Number(store.recall('clockOffset') ?? start.getTime() - Date.now());
  const set = (to: Date): void => {
    offset = to.getTime() - Date.now();
    store.remember('clockOffset', String(offset));
  };
  set(new Date(Date.now() + offset));
  return { now: () => new Date(Date.now() + offset), set };
}

const adminOf = (orgId: string): string => `admin@${orgId.toLowerCase()}.localorg.example`;

/** What all users of an org share. */
type Ground = Definition & {
  store: Store;
  clock: Clock;
  orgId: string;
  nextNumber: Map<string, number>;
  circumstances: Circumstances;
};

/** Who acts, and the objects and fields that exist for him. */
type Actor = { userId: string; username: string; rights: Rights; seen: ListedCatalog };

class Org implements Engine {
  public readonly orgId: string;
  public readonly userId: string;
  public readonly username: string;
  private readonly store: Store;
  private readonly catalog: ListedCatalog;
  private readonly derive: Derivations;
  private readonly bin: RecycleBin;

  public constructor(
    private readonly ground: Ground,
    private readonly actor: Actor,
  ) {
    ({ orgId: this.orgId, store: this.store, catalog: this.catalog } = ground);
    ({ userId: this.userId, username: this.username } = actor);
    this.derive = derivationsFor(this.store, this.catalog, {
      now: () => this.stamp(),
      userId: this.userId,
      newRecord: (object, values) => {
        const id = this.nextId(object);
        this.store.insert(object, {
          ...this.defaultsOf(object),
          ...this.systemFieldsOf(object, id, this.stamp()),
          ...values,
        });
        return id;
      },
    });
    this.bin = recycleBinOf(this.store, this.catalog, this.derive);
  }

  public as(userId: string): Engine {
    const user = this.store.byId(this.objectNamed('User'), to18(userId));
    if (user === undefined || user['IsActive'] !== 1) {
      throw new SalesforceError(401, 'INVALID_SESSION_ID', 'Session expired or invalid');
    }
    const rights = this.rightsOf(user);
    const seen = seenBy(rights, this.catalog);
    return new Org(this.ground, { userId: to18(userId), username: String(user['Username']), rights, seen });
  }

  private rightsOf(user: StoredRow): Rights {
    const profile = this.store.byId(this.objectNamed('Profile'), String(user['ProfileId']));
    return { isAdministrator: profile?.['Name'] === profiles.administrator, sets: this.assignedTo(user) };
  }

  private assignedTo(user: StoredRow): PermissionSetDefinition[] {
    const rows = this.store.all(
      'SELECT s."Name" AS name FROM "PermissionSetAssignment" a JOIN "PermissionSet" s ON s."Id" = a."PermissionSetId" WHERE a."AssigneeId" = ? AND a."IsDeleted" = 0 ORDER BY s."Name"',
      [user['Id'] ?? null],
    );
    const names = new Set(rows.map(({ name }) => name));
    return this.ground.schema.permissionSets.filter(({ api }) => names.has(api));
  }

  public now(): Date {
    return this.ground.clock.now();
  }

  public seeing(look: (object: ObjectDefinition) => ObjectDefinition): Engine {
    return new Org(this.ground, { ...this.actor, seen: new ListedCatalog(this.actor.seen.list.map(look)) });
  }

  public under<T>(circumstances: Circumstances, work: () => T): T {
    const before = this.ground.circumstances;
    this.ground.circumstances = { ...before, ...circumstances };
    try {
      return work();
    } finally {
      this.ground.circumstances = before;
    }
  }

  public setClock(to: Date): void {
    this.ground.clock.set(to);
  }

  public objects(): readonly ObjectDefinition[] {
    return this.actor.seen.list;
  }

  public object(name: string): ObjectDefinition | undefined {
    return this.actor.seen.object(name);
  }

  public query(soql: string, { apiVersion, purpose, withDeleted = false }: QueryOptions): QueryAnswer {
    if (withDeleted) this.bin.purgeOld(this.now().getTime());
    return answerQuery(
      compile(soql, this.actor.seen, { now: this.now(), purpose, withDeleted }),
      this.store,
      apiVersion,
    );
  }

  public queriedObject(soql: string, { purpose }: Pick<QueryOptions, 'purpose'>): string {
    return compile(soql, this.actor.seen, { now: this.now(), purpose, withDeleted: false }).object.api;
  }

  public queryColumns(soql: string): Record<string, unknown> {
    return columnsJson(compile(soql, this.actor.seen, { now: this.now(), purpose: 'rest', withDeleted: false }));
  }

  public metadataChangedAt(): Date {
    const assigned = this.store.get('SELECT MAX("SystemModstamp") AS at FROM "PermissionSetAssignment"', []);
    const founded = this.store.get(`SELECT "CreatedDate" AS at FROM ${quoted(MASTER_OBJECT)}`, []);
    const deployed = this.store.recall(METADATA_CHANGED);
    return new Date(Math.max(Number(assigned?.['at'] ?? 0), Number(founded?.['at'] ?? 0), Number(deployed ?? 0)));
  }

  public retrieve(
    name: string,
    id: string,
    fields: readonly string[] | undefined,
    apiVersion: string,
  ): ApiRecord | undefined {
    const object = this.known(name);
    const row = this.store.byId(object, to18(id));
    if (row === undefined || row['IsDeleted'] === 1) return undefined;
    const wanted = fields ?? Object.keys(object.fields);
    const record: ApiRecord = { attributes: attributesOf(object, to18(id), apiVersion) };
    for (const fieldName of wanted) {
      const field = fieldOf(object, fieldName);
      if (field === undefined) throw new SalesforceError(400, 'INVALID_FIELD', noSuchColumn(fieldName, object));
      record[field.api] = decode(field, row[field.api] ?? null);
    }
    return record;
  }

  public insert(name: string, values: Row): RowResult {
    const object = this.known(name);
    const refusal = this.refusedFor('create', object);
    if (refusal !== null) return refusal;
    return this.writeRow(() => this.create(object, values));
  }

  public update(name: string, id: string, values: Row): RowResult {
    const object = this.known(name);
    const refusal = this.refusedFor('update', object);
    if (refusal !== null) return refusal;
    return this.writeRow(() => this.change(object, id, values));
  }

  public upsert(name: string, externalIdField: string, externalId: Value, values: Row): RowResult {
    const object = this.known(name);
    const field = fieldOf(object, externalIdField);
    if (field === undefined || !(field.externalId || field.api === 'Id')) {
      return refusedRow(
        'INVALID_FIELD',
        `Field name provided, ${externalIdField} is not an External ID or indexed field for ${object.api}`,
      );
    }
    if (field.api === 'Id') return this.update(name, String(externalId), values);
    const encoded = encode(field, externalId);
    if ('error' in encoded) return { success: false, errors: [encoded.error] };
    if (encoded.stored === null) return refusedRow('MISSING_ARGUMENT', `${field.api} not specified`, [field.api]);
    const standing = this.holdersOf(object, field, encoded.stored);
    if (standing.length > 1) {
      return refusedRow(
        'DUPLICATE_EXTERNAL_ID',
        `${field.api}: more than one record found for external id field: [${standing.join(', ')}]`,
        [field.api],
      );
    }
    const [id] = standing;
    return id === undefined ? this.insert(name, { ...values, [field.api]: externalId }) : this.update(name, id, values);
  }

  public delete(name: string, id: string): RowResult {
    const object = this.known(name);
    const refusal = this.refusedFor('delete', object);
    if (refusal !== null) return refusal;
    return this.writeRow(() => {
      const found = this.standing(object, id);
      if ('errors' in found) return found;
      const blocked = this.derive.blocksDelete(object, found.id);
      if (blocked !== null) return { success: false, errors: [blocked] };
      const refused = this.refusedNow(object, [found.row]);
      if (refused !== null) return { success: false, errors: [refused] };
      this.bin.throwIn(object, found.id, this.stamp());
      return { success: true, id: found.id, created: false, errors: [] };
    });
  }

  public undelete(id: string): RowResult {
    const object = this.actor.seen.list.find(({ keyPrefix }) => keyPrefix === id.slice(0, 3));
    if (object === undefined) return refusedRow('MALFORMED_ID', `malformed id ${id}`);
    if (!object.deletable) return refusedRow('INVALID_TYPE_FOR_OPERATION', notFor('undelete', object));
    const full = to18(id);
    return this.writeRow(() => {
      this.bin.purgeOld(this.now().getTime());
      const errors = this.bin.takeOut(object, full, this.stamp());
      const row = this.store.byId(object, full);
      const all = errors.length > 0 || row === undefined ? errors : this.duplicates(object, row, full);
      if (all.length > 0) return { success: false, errors: all };
      return { success: true, id: full, created: false, errors: [] };
    });
  }

  public purge(id: string): RowResult {
    const object = this.actor.seen.list.find(({ keyPrefix }) => keyPrefix === id.slice(0, 3));
    if (object === undefined) return refusedRow('MALFORMED_ID', `malformed id ${id}`);
    if (!object.deletable) return refusedRow('INVALID_TYPE_FOR_OPERATION', notFor('delete', object));
    const full = to18(id);
    return this.writeRow(() =>
      this.bin.purge(full)
        ? { success: true, id: full, created: false, errors: [] }
        : refusedRow('INVALID_ID_FIELD', 'Entity is not in the recycle bin'),
    );
  }

  public merge(name: string, master: string, values: Row, losers: readonly string[]): MergeResult {
    const object = this.known(name);
    if (!isMergeable(object)) return refusedRow('INVALID_TYPE_FOR_OPERATION', notFor('merge', object));
    if (!object.updateable || !object.deletable) return refusedRow(noAccess.statusCode, noAccess.message);
    if (losers.length < 1 || losers.length > 2) {
      return refusedRow('INVALID_NUMBER_OF_RECORDS', `expected one or two records to merge, not ${losers.length}`);
    }
    const { store, catalog, derive, bin } = this;
    return this.store.transaction(() => {
      const result = ((): MergeResult => {
        const kept = this.change(object, master, values);
        if (!kept.success) return kept;
        const gone = losers.map((id) => this.standing(object, id));
        const refused = gone.flatMap((each) => ('errors' in each ? each.errors : []));
        if (refused.length > 0) return { success: false, errors: refused };
        const ids = gone.flatMap((each) => ('errors' in each ? [] : [each.id]));
        const parents = Object.values(object.fields).filter(({ referenceTo }) => referenceTo?.includes(object.api));
        const row = store.byId(object, kept.id);
        const circular = parents.find(({ api }) => ids.some((id) => row?.[api] === id));
        if (circular !== undefined || ids.includes(kept.id) || new Set(ids).size < ids.length) {
          return refusedRow(
            'CIRCULAR_DEPENDENCY',
            'the records to merge must be others than the master and its parent',
            [circular?.api ?? 'Id'],
          );
        }
        const at = this.stamp();
        const moved = ids.flatMap(
          (id) => takeIn({ store, catalog, derive, bin }, object, kept.id, id, at).updatedRelatedIds,
        );
        return { success: true, id: kept.id, mergedRecordIds: ids, updatedRelatedIds: moved, errors: [] };
      })();
      return { result, rollback: !result.success };
    });
  }

  public hasPermission(name: string): boolean {
    return has(this.actor.rights, name);
  }

  public changedBetween(
    name: string,
    from: Date,
    until: Date,
  ): { updated: string[]; deleted: { id: string; at: Date }[] } {
    const object = this.known(name);
    const live = this.store.all(
      `SELECT "Id" AS id FROM ${table(object)} WHERE "IsDeleted" = 0 AND "SystemModstamp" >= ? AND "SystemModstamp" <= ? ORDER BY "SystemModstamp", seq`,
      [from.getTime(), until.getTime()],
    );
    this.bin.purgeOld(this.now().getTime());
    const gone = this.bin.deletedBetween(object, from.getTime(), until.getTime());
    return {
      updated: live.map(({ id }) => String(id)),
      deleted: gone.map(({ id, at }) => ({ id, at: new Date(at) })),
    };
  }

  public transaction<T>(work: () => { result: T; rollback: boolean }): T {
    return this.store.transaction(work);
  }

  public batch<T>(work: () => { result: T; rollback: boolean }): T {
    return this.store.transaction(() => this.derive.together(work));
  }

  public reset(): void {
    this.store.transaction(() => {
      this.store.empty(this.catalog.list);
      this.bin.empty();
      this.ground.nextNumber.clear();
      this.seed();
      this.settleRecords();
      this.settlePermissionSets();
      return { result: undefined, rollback: false };
    });
  }

  public close(): void {
    this.store.close();
  }

  /** What a new org has: itself, an administrator, the standard price book and the stages. */
  public seed(): void {
    const at = this.stamp();
    const put = (name: string, values: StoredRow, id?: string): void => {
      const object = this.known(name);
      this.store.insert(object, { ...this.system(id ?? this.nextId(object), at), ...values });
    };
    this.store.transaction(() => {
      put(
        MASTER_OBJECT,
        {
          Name: 'Local Org',
          InstanceName: 'LOCAL',
          IsSandbox: 0,
          OrganizationType: 'Developer Edition',
          LanguageLocaleKey: 'en_US',
          TimeZoneSidKey: 'GMT',
          FiscalYearStartMonth: 1,
        },
        this.orgId,
      );
      put('Profile', { Name: profiles.administrator, UserType: 'Standard' }, idOf('00e', 1));
      put('Profile', { Name: profiles.integration, UserType: 'Standard' }, idOf('00e', 2));
      put(
        'User',
        {
          Username: this.username,
          FirstName: 'Org',
          LastName: 'Admin',
          Name: 'Org Admin',
          Alias: 'admin',
          Email: 'admin@localorg.example',
          IsActive: 1,
          UserType: 'Standard',
          ProfileId: idOf('00e', 1),
          TimeZoneSidKey: 'GMT',
          LocaleSidKey: 'en_US',
          LanguageLocaleKey: 'en_US',
        },
        this.userId,
      );
      put(
        'User',
        {
          Username: this.username.replace(/^admin@/, 'integration@'),
          FirstName: 'KAM',
          LastName: 'Integration',
          Name: 'KAM Integration',
          Alias: 'integr',
          Email: 'integration@localorg.example',
          IsActive: 1,
          UserType: 'Standard',
          ProfileId: idOf('00e', 2),
          TimeZoneSidKey: 'GMT',
          LocaleSidKey: 'en_US',
          LanguageLocaleKey: 'en_US',
        },
        idOf('005', 2),
      );
      if (this.catalog.object('RecordType') !== undefined) {
        const type = { SobjectType: 'Account', IsActive: 1 };
        put('RecordType', { ...type, Name: 'Business Account', DeveloperName: 'Business_Account', IsPersonType: 0 });
        put('RecordType', { ...type, Name: 'Person Account', DeveloperName: 'PersonAccount', IsPersonType: 1 });
      }
      if (this.catalog.object('CurrencyType') !== undefined) {
        put('CurrencyType', {
          IsoCode: CORPORATE,
          ConversionRate: 1_000_000,
          DecimalPlaces: 2,
          IsActive: 1,
          IsCorporate: 1,
        });
      }
      put('Pricebook2', {
        ...(this.catalog.object('CurrencyType') === undefined ? {} : { CurrencyIsoCode: CORPORATE }),
        Name: 'Standard Price Book',
        IsActive: 1,
        IsStandard: 1,
      });
      opportunityStages.forEach(([label, isClosed, isWon, probability, forecast], index) => {
        put('OpportunityStage', {
          MasterLabel: label,
          ApiName: label,
          IsActive: 1,
          SortOrder: index + 1,
          IsClosed: Number(isClosed),
          IsWon: Number(isWon),
          DefaultProbability: probability,
          ForecastCategoryName: forecast,
        });
      });
      return { result: undefined, rollback: false };
    });
  }

  public mayModifyMetadata(): boolean {
    const { rights } = this.actor;
    return rights.isAdministrator || has(rights, 'ModifyMetadata') || has(rights, 'ModifyAllData');
  }

  public components(): readonly OrgComponent[] {
    return [...this.ground.components.values()];
  }

  public schema(): OrgSchema {
    return this.ground.schema;
  }

  public recall(key: string): string | undefined {
    return this.store.recall(`door ${key}`);
  }

  public remember(key: string, value: string): void {
    this.store.remember(`door ${key}`, value);
  }

  public deploy({ put, drop }: Deployment, purpose: 'keep' | 'check'): Fault[] {
    const { ground } = this;
    const before = { schema: ground.schema, components: ground.components, rules: ground.rules };
    const at = this.now();
    const components = new Map(ground.components);
    for (const component of drop) components.delete(keyOf(component));
    for (const component of put) components.set(keyOf(component), this.settled(component, before, at));
    const { schema, faults } = orgSchemaFrom([...components.values()], prefixesIn(this.store), featuresIn(this.store));
    faults.push(...ruleFaults(schema, components));
    if (faults.length > 0) return faults;
    const state = { kept: false };
    try {
      return this.store.transaction(() => {
        const refused = this.store.define(schema.objects, before.schema.objects);
        const faults = refused.map((one) => faultOf(one, components));
        if (faults.length > 0) return { result: faults, rollback: true };
        Object.assign(ground, { schema, components, rules: compiled(schema) });
        ground.catalog.become(schema.objects);
        for (const { api, keyPrefix, kind } of schema.objects)
          if (kind !== 'standard') this.store.remember(`prefix ${api}`, keyPrefix);
        for (const component of drop) this.store.dropComponent(component);
        for (const component of put) this.store.putComponent(storedFrom(components.get(keyOf(component))));
        this.settleRecords();
        this.settlePermissionSets();
        this.store.remember(METADATA_CHANGED, String(this.stamp()));
        state.kept = purpose === 'keep';
        return { result: [], rollback: !state.kept };
      });
    } finally {
      if (!state.kept) {
        Object.assign(ground, before);
        ground.catalog.become(before.schema.objects);
      }
    }
  }

  /** The component with its id and its times; one that is deployed again keeps the first two of them. */
  private settled(component: Component, { components }: Pick<Definition, 'components'>, at: Date): OrgComponent {
    const standing = components.get(keyOf(component));
    const id = standing?.id ?? this.componentId(component);
    return { ...component, id, createdAt: standing?.createdAt ?? at, modifiedAt: at };
  }

  private componentId({ type }: Component): string {
    const next = Number(this.store.recall('components') ?? '0') + 1;
    this.store.remember('components', String(next));
    return idOf(componentPrefixes[type] ?? '0MD', next);
  }

  /** Custom metadata records are what the components say; one that stays keeps its id. */
  private settleRecords(): void {
    const at = this.stamp();
    for (const object of this.catalog.list.filter(({ kind }) => kind === 'customMetadata')) {
      const records = this.ground.schema.records.filter(({ type }) => type === object.api);
      const standing = new Map(
        this.store.all(`SELECT * FROM ${table(object)}`, []).map((row) => [String(row['DeveloperName']), row]),
      );
      for (const record of records) {
        const row = this.recordRow(object, record);
        const old = standing.get(record.developerName);
        standing.delete(record.developerName);
        if (old === undefined)
          this.store.insert(object, { ...this.systemFieldsOf(object, this.nextId(object), at), ...row });
        else if (Object.entries(row).some(([name, value]) => (old[name] ?? null) !== value))
          this.store.update(object, String(old['Id']), { ...row, SystemModstamp: at });
      }
      for (const gone of standing.values())
        this.store.run(`DELETE FROM ${table(object)} WHERE "Id" = ?`, [gone['Id'] ?? null]);
    }
  }

  private recordRow(object: ObjectDefinition, record: CustomMetadataRecord): StoredRow {
    const row: StoredRow = {
      DeveloperName: record.developerName,
      MasterLabel: record.label,
      Label: record.label,
      Language: 'en_US',
      QualifiedApiName: record.developerName,
    };
    for (const [name, value] of Object.entries(record.values)) {
      const field = fieldOf(object, name);
      const encoded = field === undefined ? undefined : encode(field, value);
      if (field === undefined || encoded === undefined || 'error' in encoded) {
        throw new Error(
          `${record.file}: ${name} of ${record.type}.${record.developerName} cannot hold ${String(value)}.`,
        );
      }
      row[field.api] = encoded.stored;
    }
    return row;
  }

  /** A permission set that goes takes its assignments along. */
  private settlePermissionSets(): void {
    const at = this.stamp();
    const [sets, assignments] = [this.objectNamed('PermissionSet'), this.objectNamed('PermissionSetAssignment')];
    const standing = new Map(
      this.store
        .all(`SELECT * FROM ${table(sets)} WHERE "IsOwnedByProfile" = 0 AND "IsDeleted" = 0`, [])
        .map((row) => [String(row['Name']), row]),
    );
    for (const { api, label } of this.ground.schema.permissionSets) {
      const old = standing.get(api);
      standing.delete(api);
      if (old === undefined) {
        const system = this.system(this.nextId(sets), at);
        this.store.insert(sets, { ...system, Name: api, Label: label, IsCustom: 1, IsOwnedByProfile: 0 });
      } else if (old['Label'] !== label)
        this.store.update(sets, String(old['Id']), { Label: label, SystemModstamp: at });
    }
    for (const gone of standing.values()) {
      this.store.run(`DELETE FROM ${table(assignments)} WHERE "PermissionSetId" = ?`, [gone['Id'] ?? null]);
      this.store.run(`DELETE FROM ${table(sets)} WHERE "Id" = ?`, [gone['Id'] ?? null]);
    }
  }

  /** An object of the org, whoever asks. */
  private objectNamed(name: string): ObjectDefinition {
    const object = this.catalog.object(name);
    if (object === undefined) throw new Error(`The org has no ${name}.`);
    return object;
  }

  /** An object as this user meets it. */
  private known(name: string): ObjectDefinition {
    const object = this.actor.seen.object(name);
    if (object === undefined) throw new SalesforceError(404, 'NOT_FOUND', 'The requested resource does not exist');
    return object;
  }

  /** Why an operation is closed: the object does not know it, or this user has no right to it. */
  private refusedFor(
    operation: 'create' | 'update' | 'delete',
    object: ObjectDefinition,
  ): { success: false; errors: RowError[] } | null {
    const right = ({ create: 'createable', update: 'updateable', delete: 'deletable' } as const)[operation];
    if (object[right]) return null;
    if (!this.objectNamed(object.api)[right])
      return refusedRow('INVALID_TYPE_FOR_OPERATION', notFor(operation, object));
    if (operation === 'delete') return refusedRow(noAccess.statusCode, noAccess.message);
    // [K]: what a user without the object permission is told.
    return refusedRow(
      'CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY',
      `entity type cannot be ${operation === 'create' ? 'inserted' : 'updated'}: ${object.label}`,
    );
  }

  /** Why a row can't be written at this moment, though nothing is wrong with it. */
  private refusedNow(object: ObjectDefinition, rows: readonly StoredRow[]): RowError | null {
    const { refuses } = this.ground.circumstances;
    if (refuses === undefined) return null;
    return refuses([...new Set(rows.flatMap((row) => this.accountsLockedBy(object, row)))]);
  }

  /** A write locks the account that it is about: an account itself, or one that a record refers to, by its opportunity too. */
  private accountsLockedBy(object: ObjectDefinition, row: StoredRow): string[] {
    if (object.api === 'Account') return [String(row['Id'])];
    return Object.values(object.fields).flatMap(({ api, referenceTo }): string[] => {
      const value = row[api];
      if (typeof value !== 'string') return [];
      if (referenceTo?.includes('Account') === true && value.startsWith('001')) return [value];
      if (referenceTo?.includes('Opportunity') !== true || !value.startsWith('006')) return [];
      const account = this.store.byId(this.objectNamed('Opportunity'), value)?.['AccountId'];
      return typeof account === 'string' ? [account] : [];
    });
  }

  /** One row is all or nothing, whatever it brings with it. */
  private writeRow(work: () => RowResult): RowResult {
    return this.store.transaction(() => {
      const result = work();
      return { result, rollback: !result.success };
    });
  }

  private create(object: ObjectDefinition, values: Row): RowResult {
    const given = this.encodeAll(object, values, 'createable');
    if (given.errors.length > 0) return { success: false, errors: given.errors };
    return this.createRow(this.objectNamed(object.api), given.row);
  }

  /** Fills, checks and stores a row whose given values are sound; from here on the platform acts, not the user. */
  private createRow(object: ObjectDefinition, given: StoredRow): RowResult {
    const id = this.nextId(object);
    const row: StoredRow = {
      ...this.defaultsOf(object),
      ...this.systemFieldsOf(object, id, this.stamp()),
      ...given,
    };
    if ('OwnerId' in object.fields && row['OwnerId'] == null) row['OwnerId'] = this.userId;
    const derived = this.derive.before(object, row, null);
    if (derived.length > 0) return { success: false, errors: derived };
    const errors = [...this.missing(object, row), ...this.dangling(object, given), ...this.duplicates(object, row, id)];
    if (errors.length === 0) errors.push(...this.brokenRules(object, row));
    if (errors.length > 0) return { success: false, errors };
    const refused = this.refusedNow(object, [row]);
    if (refused !== null) return { success: false, errors: [refused] };
    for (const field of Object.values(object.fields))
      if (field.type === 'AutoNumber') row[field.api] = this.autoNumber(object, field);
    this.store.insert(object, row);
    this.derive.after(object, row, null);
    return { success: true, id, created: true, errors: [] };
  }

  private change(object: ObjectDefinition, id: string, values: Row): RowResult {
    const found = this.standing(object, id);
    if ('errors' in found) return found;
    const given = this.encodeAll(object, values, 'updateable');
    if (given.errors.length > 0) return { success: false, errors: given.errors };
    return this.changeRow(this.objectNamed(object.api), found, given);
  }

  /** Rules are asked last, when the record is sound otherwise; all that are broken speak. */
  private brokenRules(object: ObjectDefinition, row: StoredRow): RowError[] {
    return (this.ground.rules.get(object.api) ?? [])
      .filter(({ holds }) => holds(row) === true)
      .map(({ message, field }) => ({
        statusCode: 'FIELD_CUSTOM_VALIDATION_EXCEPTION',
        message,
        fields: field === undefined ? [] : [field],
      }));
  }

  private changeRow(
    object: ObjectDefinition,
    found: { id: string; row: StoredRow },
    given: { row: StoredRow },
  ): RowResult {
    const row: StoredRow = { ...found.row, ...given.row };
    const derived = this.derive.before(object, row, found.row);
    if (derived.length > 0) return { success: false, errors: derived };
    const errors = [
      ...this.missing(object, row),
      ...this.dangling(object, given.row),
      ...this.duplicates(object, row, found.id),
    ];
    if (errors.length === 0) errors.push(...this.brokenRules(object, row));
    if (errors.length > 0) return { success: false, errors };
    const refused = this.refusedNow(object, [found.row, row]);
    if (refused !== null) return { success: false, errors: [refused] };
    const at = Math.max(this.stamp(), Number(found.row['SystemModstamp'] ?? 0));
    const changed: StoredRow = { LastModifiedDate: at, LastModifiedById: this.userId, SystemModstamp: at };
    for (const name of Object.keys(object.fields)) {
      const value = row[name] ?? null;
      if (value !== (found.row[name] ?? null)) changed[name] = value;
    }
    this.store.update(object, found.id, changed);
    this.derive.after(object, { ...row, ...changed }, found.row);
    return { success: true, id: found.id, created: false, errors: [] };
  }

  private encodeAll(
    object: ObjectDefinition,
    values: Row,
    right: 'createable' | 'updateable',
  ): { row: StoredRow; errors: RowError[] } {
    const row: StoredRow = {};
    const errors: RowError[] = [];
    const denied: string[] = [];
    for (const [name, value] of Object.entries(values)) {
      if (name.includes('.')) {
        const parent = this.parentNamed(object, name, value);
        if ('error' in parent) errors.push(parent.error);
        else if (!parent.field[right]) denied.push(parent.field.api);
        else row[parent.field.api] = parent.id;
        continue;
      }
      const field = fieldOf(object, name);
      if (field === undefined) {
        errors.push({
          statusCode: 'INVALID_FIELD',
          message: noSuchColumn(name, object, 'sobject of type'),
          fields: [],
        });
        continue;
      }
      const isAudit = right === 'createable' && auditFields.has(field.api) && this.hasPermission('CreateAuditFields');
      if (!field[right] && !isAudit) {
        denied.push(field.api);
        continue;
      }
      const encoded = encode(field, value);
      if ('error' in encoded) errors.push(encoded.error);
      else row[field.api] = encoded.stored;
    }
    if (denied.length > 0) {
      errors.push({
        statusCode: 'INVALID_FIELD_FOR_INSERT_UPDATE',
        message: `Unable to create/update fields: ${denied.join(', ')}. Please check the security settings of this field and verify that it is read/write for your profile or permission set.`,
        fields: denied,
      });
    }
    return { row, errors };
  }

  /** A parent by its external id: `Account.Ref__c`, or `What:Account.Ref__c` where a field leads to several objects. */
  private parentNamed(
    object: ObjectDefinition,
    path: string,
    key: Value,
  ): { field: FieldDefinition; id: string | null } | { error: RowError } {
    const [relation = '', name = ''] = path.split('.');
    const [relationName = '', kind] = relation.split(':');
    const field = Object.values(object.fields).find(
      ({ relationshipName }) => relationshipName?.toLowerCase() === relationName.toLowerCase(),
    );
    const targets = field?.referenceTo ?? [];
    const target = this.actor.seen.object(kind ?? (targets.length === 1 ? (targets[0] ?? '') : ''));
    const by = target === undefined || !targets.includes(target.api) ? undefined : fieldOf(target, name);
    if (field === undefined || target === undefined || by === undefined || !(by.externalId || by.api === 'Id')) {
      return {
        error: {
          statusCode: 'INVALID_FIELD',
          message: `No such column '${path}' on sobject of type ${object.api}`,
          fields: [],
        },
      };
    }
    if (key === null || key === '') return { field, id: null };
    const encoded = encode(by, key);
    if ('error' in encoded) return encoded;
    const [id, ...more] = this.holdersOf(target, by, encoded.stored);
    if (id === undefined) {
      return {
        error: {
          statusCode: 'INVALID_FIELD',
          message: `Foreign key external ID: ${String(key)} not found for field ${by.api} in entity ${target.api}`,
          fields: [],
        },
      };
    }
    if (more.length > 0) {
      return {
        error: {
          statusCode: 'DUPLICATE_EXTERNAL_ID',
          message: `${by.api}: more than one record found for external id field: [${[id, ...more].join(', ')}]`,
          fields: [by.api],
        },
      };
    }
    return { field, id };
  }

  private defaultsOf(object: ObjectDefinition): StoredRow {
    const row: StoredRow = {};
    for (const field of Object.values(object.fields)) {
      if (field.type === 'Checkbox') row[field.api] = field.defaultValue === 'true' ? 1 : 0;
      const chosen = field.values?.find(({ isDefault }) => isDefault);
      if (field.type === 'Picklist' && chosen !== undefined) row[field.api] = chosen.api;
    }
    return row;
  }

  private missing(object: ObjectDefinition, row: StoredRow): RowError[] {
    const fields = Object.values(object.fields)
      .filter((field) => field.required && (row[field.api] ?? null) === null)
      .map(({ api }) => api);
    if (fields.length === 0) return [];
    return [
      { statusCode: 'REQUIRED_FIELD_MISSING', message: `Required fields are missing: [${fields.join(', ')}]`, fields },
    ];
  }

  /** References must lead to a record that is there, of an object that the field may point to. */
  private dangling(object: ObjectDefinition, given: StoredRow): RowError[] {
    return Object.entries(given).flatMap(([name, value]): RowError[] => {
      const field = object.fields[name];
      if (field?.referenceTo === undefined || typeof value !== 'string') return [];
      const target = field.referenceTo
        .map((api) => this.catalog.object(api))
        .find((each) => each?.keyPrefix === value.slice(0, 3));
      if (target === undefined) {
        return [
          {
            statusCode: 'FIELD_INTEGRITY_EXCEPTION',
            message: `${field.label}: id value of incorrect type: ${value}`,
            fields: [name],
          },
        ];
      }
      const row = this.store.get(`SELECT "IsDeleted" FROM ${table(target)} WHERE "Id" = ?`, [value]);
      if (row === undefined)
        return [{ statusCode: 'INVALID_CROSS_REFERENCE_KEY', message: 'invalid cross reference id', fields: [name] }];
      if (row['IsDeleted'] === 1)
        return [{ statusCode: 'ENTITY_IS_DELETED', message: 'entity is deleted', fields: [name] }];
      return [];
    });
  }

  private duplicates(object: ObjectDefinition, row: StoredRow, id: string): RowError[] {
    return Object.values(object.fields).flatMap((field): RowError[] => {
      const value = row[field.api] ?? null;
      if (!field.unique || value === null) return [];
      const holder = this.holdersOf(object, field, value).find((each) => each !== id);
      if (holder === undefined) return [];
      return [
        {
          statusCode: 'DUPLICATE_VALUE',
          message: `duplicate value found: ${field.api} duplicates value on record with id: ${holder.slice(0, 15)}`,
          fields: [],
        },
      ];
    });
  }

  /** Ids of the records that hold a value in an indexed field. */
  private holdersOf(object: ObjectDefinition, field: FieldDefinition, value: Stored): string[] {
    const folds = isTextual(field) && !field.caseSensitive;
    const term = folds ? `fold(${quoted(field.api)})` : quoted(field.api);
    return this.store
      .all(
        `SELECT "Id" FROM ${table(object)} WHERE ${term} = ? AND "IsDeleted" = 0 AND ${quoted(field.api)} IS NOT NULL`,
        [folds && typeof value === 'string' ? fold(value) : value],
      )
      .map((row) => String(row['Id']));
  }

  private standing(
    object: ObjectDefinition,
    id: string,
  ): { id: string; row: StoredRow } | { success: false; errors: RowError[] } {
    const full = to18(id);
    if (!/^[a-zA-Z0-9]{18}$/.test(full)) {
      return refusedRow('MALFORMED_ID', `${object.label} ID: id value of incorrect type: ${id}`, ['Id']);
    }
    if (!full.startsWith(object.keyPrefix)) {
      return refusedRow('MALFORMED_ID', `${object.label} ID: id value of incorrect type: ${id}`, ['Id']);
    }
    const row = this.store.byId(object, full);
    if (row === undefined) return refusedRow('INVALID_CROSS_REFERENCE_KEY', 'invalid cross reference id');
    if (row['IsDeleted'] === 1) return refusedRow('ENTITY_IS_DELETED', 'entity is deleted');
    return { id: full, row };
  }

  private systemFieldsOf(object: ObjectDefinition, id: string, at: number): StoredRow {
    const all = this.system(id, at);
    return Object.fromEntries(Object.entries(all).filter(([name]) => name in object.fields));
  }

  private system(id: string, at: number): StoredRow {
    return {
      Id: id,
      IsDeleted: 0,
      CreatedDate: at,
      CreatedById: this.userId,
      LastModifiedDate: at,
      LastModifiedById: this.userId,
      SystemModstamp: at,
    };
  }

  /** Salesforce keeps instants to the second. */
  private stamp(): number {
    return Math.floor((this.now().getTime() - (this.ground.circumstances.lag ?? 0)) / 1000) * 1000;
  }

  private nextId(object: ObjectDefinition): string {
    return idOf(object.keyPrefix, this.next(object, 'Id'));
  }

  private autoNumber(object: ObjectDefinition, field: FieldDefinition): string {
    const n = this.next(object, field.api);
    return (field.displayFormat ?? '{0}').replace(/\{(0+)\}/, (_, zeros: string) =>
      String(n).padStart(zeros.length, '0'),
    );
  }

  /** Counters go on from the highest that was used, and never come back to a number, even after a rollback. */
  private next(object: ObjectDefinition, field: string): number {
    const key = `${object.api}.${field}`;
    const known = this.ground.nextNumber.get(key) ?? this.lastUsed(object) + 1;
    this.ground.nextNumber.set(key, known + 1);
    return known;
  }

  private lastUsed(object: ObjectDefinition): number {
    const row = this.store.get(`SELECT MAX(seq) AS last FROM ${table(object)}`, []);
    return typeof row?.['last'] === 'number' ? row['last'] : 0;
  }
}

/** What the ids of components start with, as far as a client can meet one. Source: general knowledge [K]. */
const componentPrefixes: Readonly<Record<string, string>> = {
  CustomField: '00N',
  CustomObject: '01I',
  ValidationRule: '03d',
  ListView: '00B',
  CompactLayout: '0AH',
  WebLink: '00b',
  PermissionSet: '0PS',
  CustomPermission: '0CP',
  GlobalValueSet: '0Nt',
  CustomLabel: '101',
  CustomTab: '01r',
  CustomApplication: '02u',
  FlexiPage: '0M0',
  QuickAction: '09D',
  Layout: '00h',
  Report: '00O',
  ReportFolder: '00l',
  Dashboard: '01Z',
  DashboardFolder: '00l',
  ReportType: '070',
  LightningComponentBundle: '0Rb',
};

/** Which component stored values stand against. */
function faultOf({ object, field, reason }: Undefinable, components: ReadonlyMap<string, OrgComponent>): Fault {
  const component =
    components.get(keyOf({ type: 'CustomField', fullName: `${object}.${field}` })) ??
    components.get(keyOf({ type: 'CustomField', fullName: `Activity.${field}` }));
  // A standard field comes with the product and cannot be deployed.
  if (component === undefined) throw new Error(`${object}.${field}: ${reason}`);
  return {
    component,
    error: new SourceError(component.file, `${object}.${field}`, reason, 'a field that its records can keep'),
  };
}

function storedFrom(component: OrgComponent | undefined): StoredComponent {
  if (component === undefined) throw new Error('A component was put and dropped at once.');
  const { type, fullName, id, file, xml, bundle, createdAt, modifiedAt } = component;
  const times = { createdAt: createdAt.getTime(), modifiedAt: modifiedAt.getTime() };
  return { type, fullName, id, file, xml: xmlText(xml), bundle: bundle ?? null, ...times };
}

const attributesOf = (object: ObjectDefinition, id: string, apiVersion: string): { type: string; url: string } => ({
  type: object.api,
  url: `/services/data/v${apiVersion}/sobjects/${object.api}/${id}`,
});

const refusedRow = (
  statusCode: string,
  message: string,
  fields: string[] = [],
): { success: false; errors: RowError[] } => ({
  success: false,
  errors: [{ statusCode, message, fields }],
});

const notFor = (operation: string, object: ObjectDefinition): string =>
  `entity type ${object.api} does not support ${operation}`;

/** What the permission “Set Audit Fields upon Record Creation” opens. */
const auditFields: ReadonlySet<string> = new Set([
  'CreatedDate',
  'CreatedById',
  'LastModifiedDate',
  'LastModifiedById',
]);

const noAccess = {
  statusCode: 'INSUFFICIENT_ACCESS_OR_READONLY',
  message: 'insufficient access rights on object id',
} as const;

/** The catalog of a user; users with the same permission sets share it for as long as the org's own stays. */
function seenBy(rights: Rights, catalog: ListedCatalog): ListedCatalog {
  if (rights.isAdministrator) return catalog;
  const views = viewsOf.get(catalog.list) ?? new Map<string, ListedCatalog>();
  viewsOf.set(catalog.list, views);
  const key = rights.sets.map(({ api }) => api).join(' ');
  const known = views.get(key);
  if (known !== undefined) return known;
  const seen = new ListedCatalog(catalog.list.flatMap((object) => visibleTo(rights, object) ?? []));
  views.set(key, seen);
  return seen;
}

const viewsOf = new WeakMap<readonly ObjectDefinition[], Map<string, ListedCatalog>>();

const noSuchColumn = (name: string, object: ObjectDefinition, of = 'entity'): string =>
  of === 'entity'
    ? `No such column '${name}' on entity '${object.api}'`
    : `No such column '${name}' on sobject of type ${object.api}`;
