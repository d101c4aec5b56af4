/** Field values on their way in and out: as JSON has them, and as the store keeps them. */
import type { FieldDefinition } from '../schema/model.js';
import type { RowError, Value } from './engine.js';
import { isId, to18 } from './ids.js';

/** As SQLite keeps it: numbers as integers scaled by the field's decimals (so that sums are exact), instants as milliseconds. */
export type Stored = string | number | null;

export type Encoded = { stored: Stored } | { error: RowError };

const refused = (statusCode: string, message: string, field: FieldDefinition): Encoded => ({
  error: { statusCode, message, fields: [field.api] },
});

/**
 * Checks one value against its field and turns it into what the store keeps.
 *
 * Errors: returned in Salesforce's codes and words; the caller adds nothing. An empty string is null.
 */
export function encode(field: FieldDefinition, given: Value): Encoded {
  const value = typeof given === 'string' ? given.trim() : given;
  if (value === null || value === '') {
    if (field.type === 'Checkbox') return wrongType(field, 'null');
    return { stored: null };
  }
  switch (field.type) {
    case 'Checkbox':
      return encodeFlag(field, value);
    case 'Number':
    case 'Currency':
    case 'Percent':
      return encodeNumber(field, value);
    case 'Date':
      return encodeDate(field, value);
    case 'DateTime':
      return encodeDateTime(field, value);
    case 'Id':
    case 'Lookup':
    case 'MasterDetail':
      if (typeof value !== 'string' || !isId(value)) {
        return refused('MALFORMED_ID', `${field.label}: id value of incorrect type: ${value}`, field);
      }
      return { stored: to18(value) };
    case 'Picklist':
      return encodeChoice(field, value);
    case 'MultiselectPicklist':
      return encodeChoices(field, value);
    case 'Text':
    case 'TextArea':
    case 'LongTextArea':
    case 'AutoNumber':
    case 'Email':
    case 'Phone':
    case 'Url':
      return encodeText(field, value);
  }
}

const wrongType = (field: FieldDefinition, value: Value): Encoded =>
  refused('INVALID_TYPE_ON_FIELD_IN_RECORD', `${field.label}: value not of required type: ${value}`, field);

function encodeFlag(field: FieldDefinition, value: Value): Encoded {
  if (value === true || value === 'true' || value === '1') return { stored: 1 };
  if (value === false || value === 'false' || value === '0') return { stored: 0 };
  return wrongType(field, value);
}

function encodeNumber(field: FieldDefinition, value: Value): Encoded {
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string' || !/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return wrongType(field, value);
  const scaled = scaledInteger(text, field.scale ?? 0);
  const digits = (field.precision ?? 18) - (field.scale ?? 0);
  const limit = 10 ** digits * 10 ** (field.scale ?? 0);
  if (!Number.isSafeInteger(scaled) || Math.abs(scaled) >= limit) {
    return refused(
      'NUMBER_OUTSIDE_VALID_RANGE',
      `${field.label}: value outside of valid range on numeric field: ${text}`,
      field,
    );
  }
  return { stored: scaled };
}

/** Decimal text to an integer of its `scale`-th decimals, halves away from zero, without passing through a fraction. */
export function scaledInteger(text: string, scale: number): number {
  const plain = /e/i.test(text) ? Number(text).toFixed(Math.min(100, scale + 2)) : text;
  const [, sign = '', whole = '', decimals = ''] = /^([+-]?)(\d*)\.?(\d*)$/.exec(plain) ?? [];
  const padded = `${decimals}${'0'.repeat(scale + 1)}`;
  const kept = Number(`${whole}${padded.slice(0, scale)}` || '0');
  const rounded = Number(padded[scale] ?? '0') >= 5 ? kept + 1 : kept;
  return sign === '-' && rounded !== 0 ? -rounded : rounded;
}

function encodeDate(field: FieldDefinition, value: Value): Encoded {
  const day = typeof value === 'string' ? value.slice(0, 10) : '';
  const time = Date.parse(`${day}T00:00:00Z`);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day) || !Number.isFinite(time) || !new Date(time).toISOString().startsWith(day)) {
    return wrongType(field, value);
  }
  return { stored: day };
}

function encodeDateTime(field: FieldDefinition, value: Value): Encoded {
  const time = typeof value === 'string' ? parseInstant(value) : Number.NaN;
  return Number.isFinite(time) ? { stored: time } : wrongType(field, value);
}

/** ISO instants as Salesforce reads them: `Z`, `+0000` or `+00:00`, with or without fractions; NaN for what is none. */
export function parseInstant(text: string): number {
  if (!/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2}))?$/i.test(text)) return Number.NaN;
  const normal = text.replace(/([+-]\d{2})(\d{2})$/, '$1:$2');
  const time = Date.parse(normal.includes('T') ? normal : `${normal}T00:00:00Z`);
  return Number.isFinite(time) ? Math.floor(time / 1000) * 1000 : Number.NaN;
}

function encodeChoice(field: FieldDefinition, value: Value): Encoded {
  if (typeof value !== 'string') return wrongType(field, value);
  const known = field.values?.some(({ api }) => api === value) ?? false;
  if (field.restricted === true && !known) {
    return refused(
      'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST',
      `${field.label}: bad value for restricted picklist field: ${value}`,
      field,
    );
  }
  return encodeText(field, value);
}

/** Several choices, separated by `;`, kept in the order of the picklist and each once. */
function encodeChoices(field: FieldDefinition, value: Value): Encoded {
  if (typeof value !== 'string') return wrongType(field, value);
  const chosen = value.split(';').map((choice) => choice.trim());
  const known = field.values?.map(({ api }) => api) ?? [];
  const wrong = chosen.find((choice) => !known.includes(choice));
  if (field.restricted === true && wrong !== undefined) {
    return refused(
      'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST',
      `${field.label}: bad value for restricted picklist field: ${wrong}`,
      field,
    );
  }
  const inOrder = [...known.filter((api) => chosen.includes(api)), ...chosen.filter((each) => !known.includes(each))];
  return encodeText(field, [...new Set(inOrder)].join(';'));
}

function encodeText(field: FieldDefinition, value: Value): Encoded {
  const text = String(value);
  const longest = field.length ?? 255;
  if (text.length > longest) {
    const shown = text.length > 60 ? `${text.slice(0, 60)}...` : text;
    return refused('STRING_TOO_LONG', `${field.label}: data value too large: ${shown} (max length=${longest})`, field);
  }
  return { stored: text };
}

/** What the API returns for what is stored. */
export function decode(field: FieldDefinition, stored: Stored): Value {
  if (stored === null) return null;
  switch (field.type) {
    case 'Checkbox':
      return stored === 1;
    case 'Number':
    case 'Currency':
    case 'Percent':
      return typeof stored === 'number' ? stored / 10 ** (field.scale ?? 0) : stored;
    case 'DateTime':
      return typeof stored === 'number' ? restInstant(stored) : stored;
    case 'Date':
    case 'Id':
    case 'Lookup':
    case 'MasterDetail':
    case 'Picklist':
    case 'MultiselectPicklist':
    case 'Text':
    case 'TextArea':
    case 'LongTextArea':
    case 'AutoNumber':
    case 'Email':
    case 'Phone':
    case 'Url':
      return stored;
  }
}

/** `2024-07-24T14:05:58.000+0000`, the REST form. */
export const restInstant = (time: number): string => new Date(time).toISOString().replace('Z', '+0000');
