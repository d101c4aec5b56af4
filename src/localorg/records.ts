/** Single records by REST: by id and by external id. */
import type { RowError, RowResult } from './engine.js';
import { isId } from './ids.js';
import { SalesforceError } from './refusal.js';
import { newestVersion, notFound, valuesOf } from './requests.js';
import { objectOf, ok, type Answer, type Call, type Resource } from './resources.js';
import { fieldOf } from './soql.js';

const one = '/sobjects/:object/:id';
const byKey = '/sobjects/:object/:field/:value';

export const recordResources: readonly Resource[] = [
  { method: 'POST', url: '/sobjects/:object', answer: create },
  { method: 'GET', url: one, answer: (call) => read(call, part(call, 'id')) },
  { method: 'PATCH', url: one, answer: update },
  { method: 'DELETE', url: one, answer: (call) => done(call.org.delete(objectOf(call).api, part(call, 'id'))) },
  {
    method: 'GET',
    url: byKey,
    answer: (call) => {
      const ids = holdersOf(call);
      return ids.length > 1 ? several(call, ids) : read(call, ids[0] ?? '');
    },
  },
  { method: 'PATCH', url: byKey, answer: upsert },
  { method: 'DELETE', url: byKey, answer: deleteByKey },
];

const part = (call: Call, name: string): string => call.path[name] ?? '';

function create(call: Call): Answer {
  const object = objectOf(call);
  const result = call.org.insert(object.api, valuesOf(call.body, object));
  if (!result.success) throw rowRefused(result.errors);
  const Location = `/services/data/v${call.version}/sobjects/${object.api}/${result.id}`;
  return { status: 201, body: savedJson(result), headers: { Location } };
}

function update(call: Call): Answer {
  const object = objectOf(call);
  return done(call.org.update(object.api, part(call, 'id'), valuesOf(call.body, object)));
}

function deleteByKey(call: Call): Answer {
  const ids = holdersOf(call);
  return ids.length > 1 ? several(call, ids) : done(call.org.delete(objectOf(call).api, ids[0] ?? ''));
}

/** More than one record holds an external id that is not unique: the answer names them all. */
const several = (call: Call, ids: readonly string[]): Answer => ({
  status: 300,
  body: ids.map((id) => `/services/data/v${call.version}/sobjects/${objectOf(call).api}/${id}`),
});

function done(result: RowResult): Answer {
  if (!result.success) throw rowRefused(result.errors);
  return { status: 204 };
}

function upsert(call: Call): Answer {
  const object = objectOf(call);
  const values = valuesOf(call.body, object);
  const key = fieldOf(object, part(call, 'field'));
  if (key !== undefined && Object.hasOwn(values, key.api)) {
    throw new SalesforceError(
      400,
      'INVALID_FIELD',
      `The ${key.api} field should not be specified in the sobject data.`,
      [key.api],
    );
  }
  const result = call.org.upsert(object.api, part(call, 'field'), part(call, 'value'), values);
  if (!result.success) {
    if (result.errors[0]?.statusCode === 'DUPLICATE_EXTERNAL_ID') return several(call, holdersOf(call));
    throw rowRefused(result.errors);
  }
  // Source: REST API Developer Guide, "sObject Rows by External ID": from version 46.0 on an update has a body too.
  if (!result.created && Number(call.version) < 46) return { status: 204 };
  return { status: result.created ? 201 : 200, body: { ...savedJson(result), created: result.created } };
}

const savedJson = (result: Extract<RowResult, { success: true }>): Record<string, unknown> => ({
  id: result.id,
  success: true,
  errors: [],
});

function rowRefused(errors: readonly RowError[]): SalesforceError {
  const [first] = errors;
  const missing = first?.statusCode === 'INVALID_CROSS_REFERENCE_KEY' && first.fields.length === 0;
  const status = missing || first?.statusCode === 'ENTITY_IS_DELETED' ? 404 : 400;
  const code = missing ? 'NOT_FOUND' : (first?.statusCode ?? 'UNKNOWN_EXCEPTION');
  return new SalesforceError(
    status,
    code,
    missing ? 'The requested resource does not exist' : (first?.message ?? ''),
    first?.fields ?? [],
  );
}

function read(call: Call, id: string): Answer {
  const object = objectOf(call);
  const record = call.org.retrieve(object.api, id, fieldsIn(call), call.version);
  if (record !== undefined) return ok(record);
  if (!isId(id) || !object.deletable) throw notFound();
  const inBin = call.org.query(`SELECT Id FROM ${object.api} WHERE Id = '${id}' AND IsDeleted = true`, {
    apiVersion: call.version,
    purpose: 'rest',
    withDeleted: true,
  });
  if (inBin.totalSize === 0) throw notFound();
  throw new SalesforceError(404, 'ENTITY_IS_DELETED', 'entity is deleted');
}

function fieldsIn({ query }: Call): string[] | undefined {
  const { fields } = query;
  if (typeof fields !== 'string') return undefined;
  const names = fields.split(',').map((name) => name.trim());
  return ['Id', ...names.filter((name) => name.toLowerCase() !== 'id')];
}

/** Ids of the records that hold an external id, at least one. */
function holdersOf(call: Call): string[] {
  const object = objectOf(call);
  const field = fieldOf(object, part(call, 'field'));
  if (field === undefined || !(field.externalId || field.api === 'Id')) throw notFound();
  const escaped = part(call, 'value').replaceAll('\\', '\\\\').replaceAll("'", "\\'");
  const answer = call.org.query(`SELECT Id FROM ${object.api} WHERE ${field.api} = '${escaped}'`, {
    apiVersion: `${newestVersion}.0`,
    purpose: 'rest',
  });
  if (answer.totalSize === 0) throw notFound();
  return answer.records(0, 200).map((record) => String(record['Id']));
}
