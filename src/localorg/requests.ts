/** Request bodies on their way to the engine: plain records of plain values, or a refusal. */
import type { ObjectDefinition } from '../schema/model.js';
import type { Row, Value } from './engine.js';
import { SalesforceError } from './refusal.js';

/**
 * The field values of one record in a body; `attributes` and a null id are left out.
 *
 * Errors: JSON_PARSER_ERROR where the body is no record or a value is neither text, number, boolean nor null. A parent
 *         named by its external id (`Account: { Ref__c: … }`) is not supported here and is refused by name.
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

const isValue = (value: unknown): value is Value =>
  value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
