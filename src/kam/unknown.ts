/** An unknown is a value with a reason; it is never read as zero. */

/** Why a figure is not known. Words for people are made from this code in `wording.ts`. */
export type WhyUnknown =
  | 'noSales'
  | 'noHistory'
  | 'noPeers'
  | 'noMargin'
  | 'partialMargin'
  | 'noCountry'
  | 'notRated'
  | 'ratingOld'
  | 'noPotential'
  | 'notModelled'
  | 'noAnchors'
  | 'noRecentSales'
  | 'fewEvents'
  | 'fewBuyers'
  | 'noQuantities'
  | 'onePriceLevel'
  | 'noWallet'
  | 'noTarget'
  | 'noSaving';

export type Unknown = { readonly unknown: WhyUnknown };

export const unknown = (why: WhyUnknown): Unknown => ({ unknown: why });

export const isKnown = <T>(value: T | Unknown): value is Exclude<T, Unknown> =>
  !(typeof value === 'object' && value !== null && 'unknown' in value);
