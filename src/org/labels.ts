/** Which accounts somebody calls a key account today: a field that only the admin knows, asked for by itself. */
import { Messages } from '@salesforce/core';
import { nearest } from '../kam/nearest.js';
import type { RecordId } from '../kam/units.js';
import type { DescribedField, KamOrg } from './connect.js';
import { queryAll } from './query.js';
import { accountObject, labelledQuery } from './records.js';

Messages.importMessagesDirectoryFromMetaUrl(import.meta.url);
const messages = Messages.loadMessages('sf-plugin-kam', 'audit');

const WRONG_USAGE = 2;

/** The account field that marks key accounts, and the values that do; none for a checkbox. */
export type Label = { field: string; values: readonly string[] };

/** The field as the org spells it, and what each labelled account holds in it. */
export type Labels = { field: string; values: string[]; accounts: ReadonlyMap<RecordId, string> };

const kinds = {
  string: 'text',
  picklist: 'text',
  combobox: 'text',
  multipicklist: 'picklists',
  boolean: 'flag',
} as const;

/**
 * Reads the label of the accounts that carry it; nothing else is read, and nothing written.
 *
 * Errors: `LabelFieldUnknownError`, `LabelFieldUnusableError`, `LabelValueMissingError`, `LabelValueUnknownError`, each
 *         with what can be given instead.
 */
export async function readLabels(org: KamOrg, label: Label): Promise<Labels> {
  const field = await labelField(org, label.field);
  const is = kindOf(field);
  const values = valuesFor(field, is, label.values);
  const records = await queryAll(org, labelledQuery(field.name, is, values));
  const accounts = new Map(
    records.map((record) => [String(record['Id']), is === 'flag' ? 'yes' : String(record[field.name])]),
  );
  if (is !== 'flag') refuseTypingErrors(field, values, [...accounts.values()]);
  return { field: field.name, values, accounts };
}

async function labelField(org: KamOrg, name: string): Promise<DescribedField> {
  const fields = [...((await org.describe(accountObject))?.fields.values() ?? [])];
  const field = fields.find((each) => each.name.toLowerCase() === name.trim().toLowerCase());
  if (field !== undefined) return field;
  const usable = fields.filter(({ type, filterable }) => type in kinds && filterable).map((each) => each.name);
  throw messages.createError('error.LabelFieldUnknown', [name, nearText(nearest(name, usable))], [], WRONG_USAGE);
}

type Kind = (typeof kinds)[keyof typeof kinds];

function kindOf({ name, type, filterable }: DescribedField): Kind {
  const known = Object.entries(kinds).find(([each]) => each === type);
  if (known !== undefined && filterable) return known[1];
  throw messages.createError('error.LabelFieldUnusable', [name, type], [], WRONG_USAGE);
}

function valuesFor({ name, values }: DescribedField, is: Kind, wanted: readonly string[]): string[] {
  const given = [...new Set(wanted.map((value) => value.trim()))].filter((value) => value !== '');
  if (is === 'flag') {
    const other = given.find((value) => value.toLowerCase() !== 'true');
    if (other === undefined) return [];
    throw messages.createError(
      'error.LabelValueUnknown',
      [other, name, ' It is a checkbox: leave it out.'],
      [],
      WRONG_USAGE,
    );
  }
  if (given.length > 0) return given;
  const known = values.length === 0 ? '' : ` ${name} has: ${values.join(', ')}.`;
  throw messages.createError('error.LabelValueMissing', [name, known], [], WRONG_USAGE);
}

/** A value that no account carries is a typing error, unless it is one that the picklist offers. */
function refuseTypingErrors(
  { name, values: offered }: DescribedField,
  wanted: readonly string[],
  held: string[],
): void {
  const lower = (text: string): string => text.trim().toLowerCase();
  const known = new Set([...offered, ...held.flatMap((text) => [text, ...text.split(';')])].map(lower));
  const stray = wanted.find((value) => !known.has(lower(value)));
  if (stray === undefined) return;
  const near = nearest(stray, offered);
  const remedy = near.length > 0 ? nearText(near) : offered.length === 0 ? '' : ` It has: ${offered.join(', ')}.`;
  throw messages.createError('error.LabelValueUnknown', [stray, name, remedy], [], WRONG_USAGE);
}

const nearText = (near: readonly string[]): string => (near.length === 0 ? '' : ` Near it: ${near.join(', ')}.`);
