/** Figures are reckoned in the corporate currency and stand on a record in the record's own. */
import type { Cents } from './units.js';

/**
 * The currency of a record on a day; null where the org has one currency only.
 *
 * `millionths`: how many millionths of it one unit of the corporate currency is; null where no rate is known.
 */
export type OwnCurrency = { iso: string; millionths: number | null } | null;

const MILLION = 1_000_000n;

/** A figure in a record's currency, halves away from zero; null, an empty field, where it or the rate is not known. */
export function inCurrency(cents: Cents | null, currency: OwnCurrency): Cents | null {
  if (cents === null || currency === null) return cents;
  if (currency.millionths === null) return null;
  const sign = cents < 0 ? -1 : 1;
  const exact = BigInt(Math.abs(cents)) * BigInt(currency.millionths);
  return sign * Number((2n * exact + MILLION) / (2n * MILLION));
}
