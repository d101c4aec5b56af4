/** Requests on their way to the engine: the version and object that a path names, and bodies as plain records of plain values. */
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ObjectDefinition } from '../schema/model.js';
import type { Engine, Row, Value } from './engine.js';
import { SalesforceError } from './refusal.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The org as the caller sees it. */
    org: Engine;
  }
}

/**
 * The field values of one record in a body; `attributes` and a null id are left out.
 *
 * Shape:  a parent named by its external id, `Account: { Ref__c: 'a' }`, becomes the value `Account.Ref__c`.
 * Errors: JSON_PARSER_ERROR where the body is no record or a value is neither text, number, boolean nor null.
 */
export function valuesOf(body: unknown, object: ObjectDefinition): Row {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new SalesforceError(
      400,
      'JSON_PARSER_ERROR',
      'The HTTP entity body is required, but this request has no entity body.',
    );
  }
  const values: Record<string, Value> = {};
  for (const [name, value] of Object.entries(body)) {
    if (name === 'attributes') continue;
    const parent = parentIn(value);
    if (parent !== null) {
      values[`${name}.${parent.field}`] = parent.key;
      continue;
    }
    if (!isValue(value)) {
      throw new SalesforceError(
        400,
        'JSON_PARSER_ERROR',
        `Field ${name} of ${object.api}: expected text, a number, true, false or null; this org takes no nested values.`,
        [name],
      );
    }
    values[name] = value;
  }
  return values;
}

/** The one field that names a parent. */
function parentIn(value: unknown): { field: string; key: Value } | null {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const entries: [string, unknown][] = Object.entries(value);
  const [first, ...more] = entries.filter(([name]) => name !== 'attributes');
  if (first === undefined || more.length > 0 || !isValue(first[1])) return null;
  return { field: first[0], key: first[1] };
}

const isValue = (value: unknown): value is Value =>
  value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

/** Salesforce has retired those below. */
export const oldestVersion = 31;
export const newestVersion = 68;

export const notFound = (): SalesforceError =>
  new SalesforceError(404, 'NOT_FOUND', 'The requested resource does not exist');

/** The version in the path, such as `67.0`; an unknown one is an unknown path. */
export function versionOf(request: FastifyRequest): string {
  const { version } = z.object({ version: z.string() }).parse(request.params);
  const match = /^(\d{2})\.0$/.exec(version);
  const number = Number(match?.[1] ?? 0);
  if (number < oldestVersion || number > newestVersion) throw notFound();
  return version;
}
