/** Accounts that are people: an account whose record type says so has a last name, and a contact that follows it. */
import type { RowError } from './engine.js';
import type { Store, StoredRow } from './store.js';

/** Names a person, or refuses a person's name on a company; where the org has person accounts. */
export function settlePerson(store: Store, row: StoredRow, old: StoredRow | null): RowError[] {
  row['RecordTypeId'] ??= store.get('SELECT "Id" FROM "RecordType" WHERE "IsPersonType" = 0', [])?.['Id'] ?? null;
  const type = store.get('SELECT "IsPersonType" AS person FROM "RecordType" WHERE "Id" = ?', [row['RecordTypeId']]);
  const isPerson = type?.['person'] === 1;
  if (old !== null && (old['IsPersonAccount'] === 1) !== isPerson) {
    return [
      refused('INVALID_FIELD_FOR_INSERT_UPDATE', 'Cannot change an account into a person or back', 'RecordTypeId'),
    ];
  }
  row['IsPersonAccount'] = Number(isPerson);
  if (!isPerson) {
    const named = ['LastName', 'FirstName', 'PersonEmail'].find((name) => row[name] != null);
    return named === undefined
      ? []
      : [refused('INVALID_FIELD_FOR_INSERT_UPDATE', `Unable to create/update fields: ${named}`, named)];
  }
  if (row['LastName'] == null)
    return [refused('REQUIRED_FIELD_MISSING', 'Required fields are missing: [LastName]', 'LastName')];
  const name = [row['FirstName'], row['LastName']].filter((part) => typeof part === 'string').join(' ');
  if (row['Name'] != null && row['Name'] !== (old?.['Name'] ?? name)) {
    return [refused('INVALID_FIELD_FOR_INSERT_UPDATE', 'Unable to create/update fields: Name', 'Name')];
  }
  row['Name'] = name;
  return [];
}

const refused = (statusCode: string, message: string, field: string): RowError => ({
  statusCode,
  message,
  fields: [field],
});

/** What the contact of a person has from the account. */
export const contactOf = (account: StoredRow): StoredRow => ({
  AccountId: account['Id'] ?? null,
  LastName: account['LastName'] ?? null,
  FirstName: account['FirstName'] ?? null,
  Name: account['Name'] ?? null,
  Email: account['PersonEmail'] ?? null,
  OwnerId: account['OwnerId'] ?? null,
  IsPersonAccount: 1,
});
