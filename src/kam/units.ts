/** The units that figures are kept in: money is integer cents, shares are fractions, days are ISO dates. */

/** Money in corporate currency, an integer number of cents (safe up to 90 trillion). */
export type Cents = number;

/** A share from 0 to 1; percent is for people and for the CRM only. */
export type Fraction = number;

/** A calendar day, `YYYY-MM-DD`. */
export type IsoDate = string;

/** Score points, 0 to 100. */
export type Points = number;

/** A span that the models' windows are made of: days, or whole calendar months where dates are as coarse as months. */
export type Horizon = { readonly days: number } | { readonly months: number };

/** A record id in its 18-character form. */
export type RecordId = string;

/**
 * Rounds a computed amount to whole cents, halves away from zero, so that a credit note rounds like an invoice.
 *
 * Errors: throws on NaN and infinity; neither may ever reach the CRM.
 */
export function toCents(amount: number): Cents {
  if (!Number.isFinite(amount)) throw new RangeError(`Amount ${amount} is not a number of cents.`);
  const rounded = Math.sign(amount) * Math.round(Math.abs(amount));
  return rounded === 0 ? 0 : rounded;
}
