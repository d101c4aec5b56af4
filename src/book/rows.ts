/** Values out of the book's rows, checked where they enter the code. */
import type { JS } from '@duckdb/node-api';
import type { OwnCurrency } from '../kam/currency.js';
import { BookError, type Row } from './duck.js';

export function textOf(row: Row, column: string): string {
  return textOrNull(row, column) ?? missing(row, column);
}

export function textOrNull(row: Row, column: string): string | null {
  const value = row[column];
  if (value === null || typeof value === 'string') return value;
  throw unexpected(column, value);
}

/** The currency of a record with the rate of the as-of day. */
export function currencyOf(row: Row): OwnCurrency {
  const iso = textOrNull(row, 'currency');
  return iso === null ? null : { iso, millionths: numberOrNull(row, 'millionths') };
}

export function textsOf(row: Row, column: string): string[] {
  const value = row[column];
  if (Array.isArray(value) && value.every((text) => typeof text === 'string')) return value;
  throw unexpected(column, value);
}

/** An integer or double; integers beyond 2^53 are refused, because they would not stay exact. */
export function numberOf(row: Row, column: string): number {
  return numberOrNull(row, column) ?? missing(row, column);
}

export function numberOrNull(row: Row, column: string): number | null {
  const value = row[column];
  if (value === null || typeof value === 'number') return value;
  if (typeof value !== 'bigint') throw unexpected(column, value);
  const number = Number(value);
  if (!Number.isSafeInteger(number)) {
    throw new BookError(`${column} is ${value}, which is more than figures can be kept exact for.`, [
      'Look for an amount with too many digits in the CRM.',
    ]);
  }
  return number;
}

export function flagOf(row: Row, column: string): boolean {
  const value = row[column];
  if (typeof value === 'boolean') return value;
  throw unexpected(column, value);
}

export function bytesOf(row: Row, column: string): Uint8Array {
  const value = row[column];
  if (value instanceof Uint8Array) return value;
  throw unexpected(column, value);
}

function missing(row: Row, column: string): never {
  throw unexpected(column, row[column]);
}

const unexpected = (column: string, value: JS | undefined): Error =>
  new TypeError(`The book's column ${column} holds ${String(value)}.`);

/** Rows by a number that they carry, each list in the order in which its rows came. */
export function collect<T>(rows: readonly Row[], column: string, valueOf: (row: Row) => T): Map<number, T[]> {
  const lists = new Map<number, T[]>();
  for (const row of rows) {
    const number = numberOf(row, column);
    const list = lists.get(number);
    if (list === undefined) lists.set(number, [valueOf(row)]);
    else list.push(valueOf(row));
  }
  return lists;
}

/** Accounts or groups by number, both ends included. */
export type Range = { from: number; to: number };

export const within = (column: string, { from, to }: Range): string => `${column} BETWEEN ${from} AND ${to}`;

export function oneOf<T extends string>(words: readonly T[], word: string): T {
  const found = words.find((known) => known === word);
  if (found === undefined) throw new TypeError(`The book holds '${word}', expected one of ${words.join(', ')}.`);
  return found;
}
