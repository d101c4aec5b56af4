/** What an org may have beyond the least: several currencies, and accounts that are people. */
import type { FieldDefinition, ObjectDefinition } from './model.js';
import { currencyIsoCode, currencyObjects, personAccountFields, personContactFields, recordType } from './standard.js';

/** Named as scratch org definitions name them. */
export const features = ['MultiCurrency', 'PersonAccounts'] as const;
export type Feature = (typeof features)[number];

/** The objects of an org with these features. */
export function withFeatures(
  objects: readonly ObjectDefinition[],
  wanted: readonly Feature[],
): readonly ObjectDefinition[] {
  const people = wanted.includes('PersonAccounts') ? [...objects.map(withPeople), recordType] : objects;
  return wanted.includes('MultiCurrency') ? [...people.map(withCurrency), ...currencyObjects] : people;
}

/** Objects that people create records of keep each record's currency. */
const withCurrency = (object: ObjectDefinition): ObjectDefinition =>
  object.kind === 'customMetadata' || !object.createable || unpriced.includes(object.api)
    ? object
    : extended(object, [
        object.api === 'OpportunityLineItem'
          ? { ...currencyIsoCode, createable: false, updateable: false }
          : currencyIsoCode,
      ]);

const unpriced = ['User', 'PermissionSetAssignment', 'Task', 'Event', 'Case'];

function withPeople(object: ObjectDefinition): ObjectDefinition {
  if (object.api === 'Account') return extended(object, personAccountFields);
  return object.api === 'Contact' ? extended(object, personContactFields) : object;
}

const extended = (object: ObjectDefinition, fields: readonly FieldDefinition[]): ObjectDefinition => ({
  ...object,
  fields: { ...object.fields, ...Object.fromEntries(fields.map((field) => [field.api, field])) },
});
