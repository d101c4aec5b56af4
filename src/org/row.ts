/** A change as one row of one object: what is sent, what stood there before, and whether the org still says so. */
import type { FamilyChange, FamilyMark } from '../kam/family.js';
import type { HistoryChange } from '../kam/history.js';
import { memoryOf, type ReviewTask } from '../kam/reviews.js';
import type { AccountMark } from '../kam/standing.js';
import type { RecordId } from '../kam/units.js';
import type { KamOrg } from './connect.js';
import { queryAll } from './query.js';
import {
  accountUpdate,
  assessmentKnown,
  assessmentObject,
  assessmentRefField,
  assessmentUpsert,
  familyRefField,
  familyUpdate,
  familyUpsert,
  taskClose,
  taskRefField,
  taskRefsUpdate,
  taskReopen,
  taskUpsert,
} from './records.js';

/** One thing to change in the org. */
export type Change =
  | { verb: 'set'; accountId: RecordId; name: string; before: Partial<AccountMark>; after: Partial<AccountMark> }
  | FamilyChange
  | HistoryChange
  | { verb: 'open'; task: ReviewTask }
  | {
      verb: 'close';
      accountId: RecordId;
      taskId: RecordId;
      ref: string;
      before: { status: string; description: string | null };
      description: string;
    }
  /** The root remembers the refs that it knows of, and those that this run opens: all but those that were refused. */
  | {
      verb: 'remember';
      accountId: RecordId;
      name: string;
      before: string | null;
      known: string[];
      opens: string[];
    }
  /** A record is given back what it said before a run. */
  | { verb: 'restore'; accountId: RecordId; row: Row };

export type Verb = Change['verb'];

/** In the order in which they are written: accounts, what hangs on them, tasks, what was opened, and what has had its time. */
export const verbs = [
  'set',
  'setFamily',
  'addFamily',
  'assess',
  'open',
  'close',
  'remember',
  'forget',
  'restore',
] as const satisfies readonly Verb[];

type Value = string | number | boolean | null;
export type Values = Readonly<Record<string, Value>>;

export type Row = {
  object: string;
  /** What stands is known by its id, what may be new by its ref. */
  keyField: string;
  key: string;
  /** Null where there shall be no record. */
  after: Values | null;
  /** Null where there was no record before. */
  before: Values | null;
};

/** A change in Salesforce's words; `refused` are the refs of tasks that were not opened. */
export function rowOf(change: Change, refused: ReadonlySet<string> = new Set()): Row {
  switch (change.verb) {
    case 'set': {
      const { accountId, before, after } = change;
      return byId(accountUpdate(accountId, after), accountUpdate(accountId, before));
    }
    case 'setFamily': {
      const { recordId, ref, before, after } = change;
      const row = byId(familyUpdate(recordId, ref, after), familyUpdate(recordId, null, before));
      return ref === null ? row : { ...row, before: { ...row.before, [familyRefField]: null } };
    }
    case 'addFamily':
      return byRef(familyRefField, familyUpsert(change.accountId, change.ref, change.after, change.currency));
    case 'assess': {
      const { accountId, ref, row, currency, before } = change;
      const sent = byRef(assessmentRefField, assessmentUpsert(accountId, ref, row, currency));
      return before === null ? sent : { ...sent, before: keyed('Id', assessmentKnown(before)).after };
    }
    case 'forget':
      return {
        object: assessmentObject,
        keyField: 'Id',
        key: change.recordId,
        after: null,
        before: { [assessmentRefField]: change.ref },
      };
    case 'open':
      return byRef(taskRefField, taskUpsert(change.task));
    case 'close': {
      const { taskId, description, before } = change;
      return byId(taskClose(taskId, description), taskReopen(taskId, before.status, before.description));
    }
    case 'remember': {
      const { accountId, before, known, opens } = change;
      const after = memoryOf([...known, ...opens.filter((ref) => !refused.has(ref))]);
      return byId(taskRefsUpdate(accountId, after), taskRefsUpdate(accountId, before));
    }
    case 'restore':
      return change.row;
  }
}

/**
 * The way back: the record as it was before the change, or null where there is nothing to take back.
 *
 * Nothing is deleted that people may have written on: a potential that was new loses its figures, and a task that was new
 * is closed as moot. What a root remembers of its tasks stays, as they do. A row of history that the run wrote goes; the
 * next sync writes it again. One that the run deleted stays in the recycle bin.
 */
export function undoOf(change: Change, found: Found, closing: (description: string) => string): Change | null {
  const { object, keyField, key, after, before } = rowOf(change);
  const accountId = accountOf(change);
  const back = (values: Values): Change => ({
    verb: 'restore',
    accountId,
    row: { object, keyField: 'Id', key: keyField === 'Id' ? key : found.id, after: values, before: after },
  });
  switch (change.verb) {
    case 'set':
    case 'setFamily':
    case 'close':
    case 'restore':
      return before === null ? null : back(before);
    case 'addFamily':
      return back(keyed('Id', familyUpdate(found.id, null, emptied(change.after))).after);
    case 'open':
      return back(keyed('Id', taskClose(found.id, closing(change.task.description))).after);
    case 'assess':
      return { verb: 'forget', accountId, recordId: found.id, ref: change.ref };
    case 'remember':
    case 'forget':
      return null;
  }
}

const emptied = ({ family: _, ...figures }: FamilyMark): Partial<FamilyMark> =>
  Object.fromEntries(Object.keys(figures).map((figure) => [figure, null]));

/** Accounts are what locks are about: rows of one account never go out in two requests at once. */
export function accountOf(change: Change): RecordId {
  return change.verb === 'open' ? change.task.accountId : change.accountId;
}

type Sent = ReturnType<typeof accountUpdate>;

function byId(after: Sent, before: Sent): Row {
  return { ...keyed('Id', after), before: keyed('Id', before).after };
}

const byRef = (field: string, after: Sent): Row => ({ ...keyed(field, after), before: null });

function keyed(keyField: string, record: Sent): Omit<Row, 'before'> & { after: Values } {
  let object = '';
  let key = '';
  const after: Record<string, Value> = {};
  for (const [name, value] of Object.entries(record)) {
    if (name === keyField) key = String(value);
    else if (typeof value === 'object' && value !== null) object = value.type;
    else after[name] = value;
  }
  return { object, keyField, key, after };
}

/** A row as sObject Collections take it. */
export const recordIn = ({ object, keyField, key, after }: Row): Record<string, unknown> => ({
  attributes: { type: object },
  [keyField]: key,
  ...after,
});

/** What the org says now of a row's record: its fields, and when anybody last changed it. */
export type Found = { id: RecordId; stamp: Date; values: Readonly<Record<string, unknown>> };

/** Keeps a query well within the 16,384 characters that a GET may have. */
const MAXIMUM_LIST = 6000;

/**
 * Looks up the records of rows by their keys; null for those that are not there.
 *
 * Errors: those of the transport.
 */
export async function findRows(org: KamOrg, rows: readonly Row[]): Promise<(Found | null)[]> {
  const found = new Map<string, Found>();
  for (const [place, some] of Map.groupBy(rows, ({ object, keyField }) => `${object} ${keyField}`)) {
    const [object = '', keyField = ''] = place.split(' ');
    const fields = [...new Set(some.flatMap(({ after, before }) => Object.keys({ ...after, ...before })))];
    const selected = [...new Set(['Id', 'SystemModstamp', keyField, ...fields])].join(', ');
    for (const keys of listsOf([...new Set(some.map(({ key }) => quoted(key)))])) {
      const soql = `SELECT ${selected} FROM ${object} WHERE ${keyField} IN (${keys})`;
      for (const values of await queryAll(org, soql)) {
        found.set(`${place} ${String(values[keyField]).toLowerCase()}`, {
          id: String(values['Id']),
          stamp: new Date(String(values['SystemModstamp'])),
          values,
        });
      }
    }
  }
  return rows.map(({ object, keyField, key }) => found.get(`${object} ${keyField} ${key.toLowerCase()}`) ?? null);
}

const quoted = (key: string): string => `'${key.replaceAll(/['\\]/g, String.raw`\$&`)}'`;

function listsOf(keys: readonly string[]): string[] {
  const lists: string[] = [];
  let list = '';
  for (const key of keys) {
    if (list !== '' && encodeURIComponent(`${list},${key}`).length > MAXIMUM_LIST) {
      lists.push(list);
      list = '';
    }
    list = list === '' ? key : `${list},${key}`;
  }
  return list === '' ? lists : [...lists, list];
}

/** Whether the org says already what a row shall say. */
export const isSo = (found: Found | null, { after }: Row): boolean =>
  after === null ? found === null : found !== null && says(found, after);

/** Whether a record says all of these values, as far as Salesforce keeps them. */
export const says = ({ values }: Found, wanted: Values): boolean =>
  Object.entries(wanted).every(([field, value]) => kept(values[field]) === kept(value));

/** Salesforce keeps no empty text, no blanks at the ends, and no other line break than the plain one. */
function kept(value: unknown): unknown {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string') return value;
  const text = value.replaceAll('\r\n', '\n').trim();
  return text === '' ? null : text;
}
