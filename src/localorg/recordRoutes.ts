/** Single records by REST: by id and by external id. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ApiRecord, Engine, RowError, RowResult } from './engine.js';
import { SalesforceError } from './refusal.js';
import { newestVersion, notFound, objectIn, valuesOf, versionOf } from './requests.js';
import { fieldOf } from './soql.js';

const inRecord = z.object({ object: z.string(), id: z.string() });
const inExternal = z.object({ object: z.string(), field: z.string(), value: z.string() });

export function recordRoutes(api: FastifyInstance): void {
  api.post('/sobjects/:object', (request, reply) => {
    const object = objectIn(request);
    const result = request.org.insert(object.api, valuesOf(request.body, object));
    if (!result.success) throw rowRefused(result.errors);
    return reply
      .code(201)
      .header('Location', `/services/data/v${versionOf(request)}/sobjects/${object.api}/${result.id}`)
      .send(savedJson(result));
  });
  api.get('/sobjects/:object/:id', (request) => {
    const { object, id } = inRecord.parse(request.params);
    return found(request.org.retrieve(object, id, fieldsIn(request), versionOf(request)));
  });
  api.patch('/sobjects/:object/:id', (request, reply) => {
    const object = objectIn(request);
    const { id } = inRecord.parse(request.params);
    const result = request.org.update(object.api, id, valuesOf(request.body, object));
    if (!result.success) throw rowRefused(result.errors);
    return reply.code(204).send();
  });
  api.delete('/sobjects/:object/:id', (request, reply) => {
    const { object, id } = inRecord.parse(request.params);
    const result = request.org.delete(object, id);
    if (!result.success) throw rowRefused(result.errors);
    return reply.code(204).send();
  });
  api.get('/sobjects/:object/:field/:value', (request) => {
    const { object, field, value } = inExternal.parse(request.params);
    return found(
      request.org.retrieve(object, heldBy(request.org, object, field, value), fieldsIn(request), versionOf(request)),
    );
  });
  api.patch('/sobjects/:object/:field/:value', (request, reply) => {
    const object = objectIn(request);
    const { field, value } = inExternal.parse(request.params);
    const values = valuesOf(request.body, object);
    const key = fieldOf(object, field);
    if (key !== undefined && Object.hasOwn(values, key.api)) {
      throw new SalesforceError(
        400,
        'INVALID_FIELD',
        `The ${key.api} field should not be specified in the sobject data.`,
        [key.api],
      );
    }
    const result = request.org.upsert(object.api, field, value, values);
    if (!result.success) throw rowRefused(result.errors);
    return reply.code(result.created ? 201 : 200).send({ ...savedJson(result), created: result.created });
  });
  api.delete('/sobjects/:object/:field/:value', (request, reply) => {
    const { object, field, value } = inExternal.parse(request.params);
    const result = request.org.delete(object, heldBy(request.org, object, field, value));
    if (!result.success) throw rowRefused(result.errors);
    return reply.code(204).send();
  });
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

function found(record: ApiRecord | undefined): ApiRecord {
  if (record === undefined) throw notFound();
  return record;
}

function fieldsIn(request: FastifyRequest): string[] | undefined {
  const { fields } = z.object({ fields: z.string().optional() }).parse(request.query);
  return fields === undefined
    ? undefined
    : [
        'Id',
        ...fields
          .split(',')
          .map((name) => name.trim())
          .filter((name) => name.toLowerCase() !== 'id'),
      ];
}

function heldBy(engine: Engine, objectName: string, fieldName: string, value: string): string {
  const object = engine.object(objectName);
  const field = object === undefined ? undefined : fieldOf(object, fieldName);
  if (object === undefined || field?.externalId !== true) throw notFound();
  const escaped = value.replaceAll('\\', '\\\\').replaceAll("'", "\\'");
  const answer = engine.query(`SELECT Id FROM ${object.api} WHERE ${field.api} = '${escaped}'`, {
    apiVersion: `${newestVersion}.0`,
    purpose: 'rest',
  });
  const [record] = answer.records(0, 1);
  if (typeof record?.['Id'] !== 'string') throw notFound();
  return record['Id'];
}
