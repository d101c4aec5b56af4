/** SOQL's functions of one value: parts of dates as SQL, and labels and formats as a reader sees them. */
import type { FieldDefinition } from '../schema/model.js';
import type { Value } from './engine.js';

/** What a function makes of a field: its SQL, and the field that the result reads like. */
export type Term = { sql: string; field: FieldDefinition };

const datePart =
  /^(CALENDAR_(YEAR|QUARTER|MONTH)|FISCAL_(YEAR|QUARTER|MONTH)|(DAY|WEEK)_IN_(YEAR|MONTH)|DAY_IN_WEEK|DAY_ONLY|HOUR_IN_DAY)$/;

export const isDateFunction = (name: string): boolean => datePart.test(name.toUpperCase());

/**
 * A part of a date or an instant; null where the function does not take such a field.
 *
 * Units:  months, days and quarters from 1; Sunday is day 1 of a week; instants by UTC, the users' time zone here.
 * Source: SOQL and SOSL Reference, “Date Functions”. Fiscal years begin in January, as the organization says.
 */
export function partOfDate(name: string, { sql, field }: Term): Term | null {
  if (field.type !== 'Date' && field.type !== 'DateTime') return null;
  const day = field.type === 'Date' ? sql : `date(${sql} / 1000, 'unixepoch')`;
  const part = (format: string): string => `CAST(strftime('${format}', ${day}) AS INTEGER)`;
  const whole = (expression: string): Term => ({ sql: expression, field: wholeNumber(field) });
  switch (name.toUpperCase()) {
    case 'CALENDAR_YEAR':
    case 'FISCAL_YEAR':
      return whole(part('%Y'));
    case 'CALENDAR_QUARTER':
    case 'FISCAL_QUARTER':
      return whole(`(${part('%m')} + 2) / 3`);
    case 'CALENDAR_MONTH':
    case 'FISCAL_MONTH':
      return whole(part('%m'));
    case 'DAY_IN_MONTH':
      return whole(part('%d'));
    case 'DAY_IN_YEAR':
      return whole(part('%j'));
    case 'DAY_IN_WEEK':
      return whole(`${part('%w')} + 1`);
    case 'WEEK_IN_MONTH':
      return whole(`(${part('%d')} + 6) / 7`);
    case 'WEEK_IN_YEAR':
      return whole(`(${part('%j')} + 6) / 7`);
    case 'DAY_ONLY':
      return field.type === 'DateTime' ? { sql: day, field: { ...field, type: 'Date' } } : null;
    case 'HOUR_IN_DAY':
      return field.type === 'DateTime' ? whole(`CAST(strftime('%H', ${sql} / 1000, 'unixepoch') AS INTEGER)`) : null;
    default:
      return null;
  }
}

/** A field as a count or a part of a date reads: a whole number. */
export const wholeNumber = ({ api, label }: Pick<FieldDefinition, 'api' | 'label'>): FieldDefinition => ({
  api,
  label,
  type: 'Number',
  precision: 18,
  scale: 0,
  required: false,
  unique: false,
  caseSensitive: false,
  externalId: false,
  createable: false,
  updateable: false,
  calculated: true,
  custom: false,
});

/** A picklist's value as people read it. */
export const labelled =
  (field: FieldDefinition) =>
  (value: Value): Value =>
    field.values?.find(({ api }) => api === value)?.label ?? value;

/** A value as a page shows it to an American, as the users of this org are; null stays null. */
export const formatted =
  (field: FieldDefinition, currency: string) =>
  (value: Value): Value => {
    if (value === null) return null;
    switch (field.type) {
      case 'Currency':
        return new Intl.NumberFormat('en-US', {
          style: 'currency',
          currency,
          minimumFractionDigits: field.scale ?? 0,
          maximumFractionDigits: field.scale ?? 0,
        }).format(Number(value));
      case 'Number':
      case 'Percent': {
        const digits = { minimumFractionDigits: field.scale ?? 0, maximumFractionDigits: field.scale ?? 0 };
        const text = new Intl.NumberFormat('en-US', digits).format(Number(value));
        return field.type === 'Percent' ? `${text}%` : text;
      }
      case 'Date':
        return new Intl.DateTimeFormat('en-US', { timeZone: 'UTC' }).format(new Date(`${String(value)}T00:00:00Z`));
      case 'DateTime':
        return new Intl.DateTimeFormat('en-US', { dateStyle: 'short', timeStyle: 'short', timeZone: 'UTC' })
          .format(new Date(String(value).replace('+0000', 'Z')))
          .replaceAll('\u202f', ' ');
      case 'Id':
      case 'Lookup':
      case 'MasterDetail':
      case 'Text':
      case 'TextArea':
      case 'LongTextArea':
      case 'AutoNumber':
      case 'Picklist':
      case 'MultiselectPicklist':
      case 'Checkbox':
      case 'Email':
      case 'Phone':
      case 'Url':
        return String(value);
    }
  };
