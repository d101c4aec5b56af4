/** What an org may have beyond the least: several currencies, people as accounts, contacts of several accounts, teams. */
import type { FieldDefinition, ObjectDefinition } from './model.js';
import {
  accountContactRelation,
  accountTeamMember,
  currencyIsoCode,
  currencyObjects,
  personAccountFields,
  personContactFields,
  recordType,
} from './standard.js';

/** Named as scratch org definitions name them, but for account teams, which are a setting there (`enableAccountTeams`). */
export const features = ['MultiCurrency', 'PersonAccounts', 'ContactsToMultipleAccounts', 'AccountTeams'] as const;
export type Feature = (typeof features)[number];

/** The objects of an org with these features. */
export function withFeatures(
  objects: readonly ObjectDefinition[],
  wanted: readonly Feature[],
): readonly ObjectDefinition[] {
  const people = wanted.includes('PersonAccounts') ? [...objects.map(withPeople), recordType] : objects;
  const all = [
    ...people,
    ...(wanted.includes('ContactsToMultipleAccounts') ? [accountContactRelation] : []),
    ...(wanted.includes('AccountTeams') ? [accountTeamMember] : []),
  ];
  return wanted.includes('MultiCurrency') ? [...all.map(withCurrency), ...currencyObjects] : all;
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

const unpriced = ['User', 'PermissionSetAssignment', 'Task', 'Event', 'Case', 'AccountContactRelation'];

function withPeople(object: ObjectDefinition): ObjectDefinition {
  if (object.api === 'Account') return extended(object, personAccountFields);
  return object.api === 'Contact' ? extended(object, personContactFields) : object;
}

const extended = (object: ObjectDefinition, fields: readonly FieldDefinition[]): ObjectDefinition => ({
  ...object,
  fields: { ...object.fields, ...Object.fromEntries(fields.map((field) => [field.api, field])) },
});
