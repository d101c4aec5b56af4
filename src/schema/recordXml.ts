/** Writes custom metadata records as source files that `sf project deploy start` takes, the inverse of `readSource`. */
import { METADATA_NAMESPACE } from './xml.js';
import type { SObject } from './select.js';

export type RecordValue = string | number | boolean | null;

/**
 * One record as the text of its `.md-meta.xml` file.
 *
 * Shape:  every custom field of the type in order of name, so that a deployed record says all that it says.
 * Errors: throws on a value that the field's type can't hold; whoever calls has checked what people entered.
 */
export function recordXml(type: SObject, label: string, values: Readonly<Record<string, unknown>>): string {
  const fields = Object.entries<FieldShape>(type.fields)
    .filter(([name]) => name.endsWith('__c'))
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<CustomMetadata xmlns="${METADATA_NAMESPACE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema">`,
    `    <label>${escaped(label)}</label>`,
    '    <protected>false</protected>',
    ...fields.flatMap(([name, field]) => [
      '    <values>',
      `        <field>${name}</field>`,
      `        ${valueXml(name, field, values[name] ?? null)}`,
      '    </values>',
    ]),
    '</CustomMetadata>',
    '',
  ].join('\n');
}

/** The file's name below `customMetadata`. */
export const recordFileName = (type: SObject, developerName: string): string =>
  `${type.api.replace(/__mdt$/, '')}.${developerName}.md-meta.xml`;

type FieldShape = { type: string; scale?: number; values?: readonly string[] };

function valueXml(name: string, field: FieldShape, value: unknown): string {
  if (value === null) return '<value xsi:nil="true"/>';
  switch (field.type) {
    case 'Checkbox':
      if (typeof value === 'boolean') return typed('boolean', String(value));
      break;
    case 'Number':
    case 'Currency':
    case 'Percent':
      if (typeof value === 'number') return typed('double', decimal(value, field.scale ?? 0));
      break;
    default:
      if (typeof value === 'string') return typed('string', asListed(value, field.values));
  }
  throw new TypeError(`${name} (${field.type}) can't hold ${JSON.stringify(value)}.`);
}

const typed = (type: string, text: string): string => `<value xsi:type="xsd:${type}">${escaped(text)}</value>`;

/** At least one decimal, as the platform writes a double; never an exponent. */
const decimal = (value: number, scale: number): string =>
  value
    .toFixed(scale)
    .replace(/^(-?\d+)$/, '$1.0')
    .replace(/(\.\d+?)0+$/, '$1');

/** A picklist's own spelling of a value. */
const asListed = (value: string, values: readonly string[] | undefined): string =>
  values?.find((listed) => listed.toLowerCase() === value.toLowerCase()) ?? value;

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string): string => text.replace(/[&<>"]/g, (character) => escapes[character] ?? character);
