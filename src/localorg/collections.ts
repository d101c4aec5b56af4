/** sObject Collections: up to 200 records in one request, each with its own outcome, or all or none. */
import { z } from 'zod';
import type { ObjectDefinition } from '../schema/model.js';
import type { ApiRecord, Engine, RowError, RowResult } from './engine.js';
import { SalesforceError } from './refusal.js';
import { valuesOf } from './requests.js';
import { objectOf, ok, type Resource } from './resources.js';
import { fieldOf } from './soql.js';

const MAXIMUM_RECORDS = 200;
const MAXIMUM_RETRIEVED = 2000;

export type Outcome =
  | { id: string; success: true; errors: []; created?: boolean }
  | { id?: string; success: false; errors: RowError[]; created?: boolean };

const collection = z.object({
  allOrNone: z.boolean().default(false),
  records: z.array(z.record(z.string(), z.unknown())).min(1),
});

const attributes = z.object({ type: z.string() });

const path = '/composite/sobjects';

export const collectionResources: readonly Resource[] = [
  { method: 'POST', url: path, answer: ({ org, body }) => ok(createAll(org, body)) },
  { method: 'PATCH', url: path, answer: ({ org, body }) => ok(updateAll(org, body)) },
  { method: 'DELETE', url: path, answer: ({ org, query }) => ok(deleteAll(org, query)) },
  {
    method: 'PATCH',
    url: `${path}/:object/:field`,
    answer: ({ org, path: { object = '', field = '' }, body }) => ok(upsertAll(org, object, field, body)),
  },
  {
    method: 'GET',
    url: `${path}/:object`,
    answer: (call) => {
      const { ids, fields } = call.query;
      const lists = { ids: listIn(ids), fields: listIn(fields) };
      return ok(retrieveAll(call.org, objectOf(call), lists, call.version));
    },
  },
  {
    method: 'POST',
    url: `${path}/:object`,
    answer: (call) => ok(retrieveAll(call.org, objectOf(call), call.body, call.version)),
  },
];

const listIn = (text: unknown): string[] => (typeof text === 'string' && text !== '' ? text.split(',') : []);

export function createAll(engine: Engine, body: unknown): Outcome[] {
  return each(engine, body, (record) => {
    const object = typeOf(engine, record);
    return engine.insert(object.api, valuesOf(record, object));
  });
}

export function updateAll(engine: Engine, body: unknown): Outcome[] {
  return each(engine, body, (record) => {
    const object = typeOf(engine, record);
    const { Id, id, ...rest } = record;
    const key = Id ?? id;
    if (typeof key !== 'string') return refusedRow('MISSING_ARGUMENT', 'Id not specified in an update call', ['Id']);
    return engine.update(object.api, key, valuesOf(rest, object));
  });
}

/** Upsert takes records of one object; two rows with the same external id in one request both fail. */
export function upsertAll(engine: Engine, objectName: string, fieldName: string, body: unknown): Outcome[] {
  const object = engine.object(objectName);
  if (object === undefined) throw new SalesforceError(404, 'NOT_FOUND', 'The requested resource does not exist');
  const field = fieldOf(object, fieldName);
  if (field === undefined || !(field.externalId || field.api === 'Id')) {
    throw new SalesforceError(
      404,
      'NOT_FOUND',
      `Provided external ID field does not exist or is not accessible: ${fieldName}`,
    );
  }
  const keyOf = (record: Record<string, unknown>): unknown =>
    Object.entries(record).find(([name]) => name.toLowerCase() === field.api.toLowerCase())?.[1];
  const counts = new Map<string, number>();
  for (const record of parsed(body).records) {
    const key = String(keyOf(record));
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return each(
    engine,
    body,
    (record) => {
      const type = typeOf(engine, record);
      if (type.api !== object.api)
        return refusedRow('INVALID_TYPE', `expected records of type ${object.api}, not ${type.api}`, []);
      const key = keyOf(record);
      if (typeof key !== 'string' && typeof key !== 'number')
        return refusedRow('MISSING_ARGUMENT', `${field.api} not specified`, [field.api]);
      if ((counts.get(String(key)) ?? 0) > 1) {
        return refusedRow('DUPLICATE_VALUE', `Duplicate external id specified: ${String(key)}`, [field.api]);
      }
      const rest = Object.fromEntries(
        Object.entries(record).filter(([name]) => name.toLowerCase() !== field.api.toLowerCase()),
      );
      return engine.upsert(object.api, field.api, key, valuesOf(rest, object));
    },
    true,
  );
}

export function deleteAll(engine: Engine, query: unknown): Outcome[] {
  const given = z
    .object({ ids: z.string().min(1), allOrNone: z.enum(['true', 'false']).default('false') })
    .safeParse(query);
  if (!given.success) {
    throw new SalesforceError(400, 'MISSING_ARGUMENT', 'expected ?ids=001…,001…&allOrNone=false');
  }
  const { ids, allOrNone } = given.data;
  const list = ids.split(',').map((id) => id.trim());
  if (list.length > MAXIMUM_RECORDS) throw tooMany(list.length);
  return settle(engine, allOrNone === 'true', list, (id) => {
    const object = engine.objects().find(({ keyPrefix }) => keyPrefix === id.slice(0, 3));
    if (object === undefined) return refusedRow('MALFORMED_ID', `malformed id ${id}`, []);
    return engine.delete(object.api, id);
  });
}

/** Records in the order of the ids; null where there is none. */
function retrieveAll(
  engine: Engine,
  object: ObjectDefinition,
  body: unknown,
  apiVersion: string,
): (ApiRecord | null)[] {
  const wanted = z.object({ ids: z.array(z.string()).min(1), fields: z.array(z.string()).min(1) }).safeParse(body);
  if (!wanted.success) throw new SalesforceError(400, 'JSON_PARSER_ERROR', 'expected {"ids": [...], "fields": [...]}');
  if (wanted.data.ids.length > MAXIMUM_RETRIEVED) throw tooMany(wanted.data.ids.length, MAXIMUM_RETRIEVED);
  return wanted.data.ids.map((id) => engine.retrieve(object.api, id, wanted.data.fields, apiVersion) ?? null);
}

function parsed(body: unknown): z.infer<typeof collection> {
  const result = collection.safeParse(body);
  if (!result.success)
    throw new SalesforceError(
      400,
      'JSON_PARSER_ERROR',
      'expected {"allOrNone": false, "records": [{"attributes": {"type": "…"}, …}]}',
    );
  if (result.data.records.length > MAXIMUM_RECORDS) throw tooMany(result.data.records.length);
  return result.data;
}

const tooMany = (count: number, maximum = MAXIMUM_RECORDS): SalesforceError =>
  new SalesforceError(
    400,
    'EXCEEDED_ID_LIMIT',
    `record limit reached. cannot submit more than ${maximum} records into this call (${count} given)`,
  );

function each(
  engine: Engine,
  body: unknown,
  write: (record: Record<string, unknown>) => RowResult,
  tellsCreated = false,
): Outcome[] {
  const { records, allOrNone } = parsed(body);
  return settle(engine, allOrNone, records, write, tellsCreated);
}

/** All rows in one transaction; with allOrNone one failure takes the others back, and they say so. */
function settle<T>(
  engine: Engine,
  allOrNone: boolean,
  rows: readonly T[],
  write: (row: T) => RowResult,
  tellsCreated = false,
): Outcome[] {
  return engine.batch(() => {
    const outcomes = rows.map((row): Outcome => {
      const result = write(row);
      if (!result.success)
        return { success: false, errors: result.errors, ...(tellsCreated ? { created: false } : {}) };
      return { id: result.id, success: true, errors: [], ...(tellsCreated ? { created: result.created } : {}) };
    });
    const rollback = allOrNone && outcomes.some(({ success }) => !success);
    return { rollback, result: rollback ? outcomes.map(rolledBack) : outcomes };
  });
}

function rolledBack(outcome: Outcome): Outcome {
  if (!outcome.success) return outcome;
  const error = {
    statusCode: 'ALL_OR_NONE_OPERATION_ROLLED_BACK',
    message: 'Record rolled back because not all records were valid and the request was using AllOrNone header',
    fields: [],
  };
  return { success: false, errors: [error], ...(outcome.created === undefined ? {} : { created: false }) };
}

function typeOf(engine: Engine, record: Record<string, unknown>): ObjectDefinition {
  const type = attributes.safeParse(record['attributes']);
  const object = type.success ? engine.object(type.data.type) : undefined;
  if (object === undefined) {
    throw new SalesforceError(
      400,
      'INVALID_TYPE',
      `sObject type '${type.success ? type.data.type : ''}' is not supported.`,
    );
  }
  return object;
}

const refusedRow = (statusCode: string, message: string, fields: string[]): RowResult => ({
  success: false,
  errors: [{ statusCode, message, fields }],
});
