/** What accounts without sales could buy: by their sister sites, else by comparable customers, and rarely certain. */
import type { AccountFacts, Benchmark } from './facts.js';
import type { FamilyEstimate } from './potential.js';
import type { Settings } from './settings.js';
import type { Fraction } from './units.js';
import { unknown, type Unknown } from './unknown.js';

/** How many accounts without sales a year ago became customers since, out of all that were without. */
export type Conversion = { became: number; of: number };

/** Choice: half of what a comparison of customers is trusted. */
const PROSPECT_CONFIDENCE = 0.2;

/**
 * Estimates for an account that has never bought.
 *
 * Shape:  families that sister sites buy come from these sites, all others from comparable customers. A probability is
 *         the share of accounts that become customers in a year, times the share of buyers that buy the family. Spend is
 *         theirs in money, as there is no revenue to scale it by.
 * Errors: none. Unknown where prospects take no part by setting, and where nobody is comparable.
 */
export function prospectEstimates(
  account: AccountFacts,
  benchmarks: readonly Benchmark[],
  conversion: Conversion,
  settings: Settings,
): FamilyEstimate[] | Unknown {
  if (!settings.potential.prospects) return unknown('noSales');
  const { accounts, level: peerLevel } = account.peerGroup;
  const isSold = new Set(account.sisters.map(({ family }) => family));
  const compared = accounts < 2 ? [] : benchmarks.filter(({ family }) => !isSold.has(family));
  if (account.sisters.length + compared.length === 0) return unknown('noPeers');
  const converts: Fraction = conversion.of === 0 ? 0 : conversion.became / conversion.of;
  const fromSisters = account.sisters.map(({ family, buyers, sites, typical, least, most }): FamilyEstimate => {
    return {
      is: 'whitespace',
      family,
      probability: converts * (buyers / sites),
      spend: typical,
      range: { low: least, high: most },
      source: 'sisterSite',
      confidence: PROSPECT_CONFIDENCE,
      why: { is: 'sisters', buyers, sites, conversion },
    };
  });
  const confidence = PROSPECT_CONFIDENCE * Math.min(1, accounts / (2 * settings.potential.minimumPeers));
  const fromPeers = compared.map(({ family, buyers, peers, lowSpend, medianSpend, highSpend }): FamilyEstimate => {
    return {
      is: 'whitespace',
      family,
      probability: peers === 0 ? 0 : converts * (buyers / peers),
      spend: medianSpend,
      range: { low: lowSpend, high: highSpend },
      source: 'peers',
      confidence,
      why: { is: 'prospect', buyers, peers, peerLevel, conversion },
    };
  });
  return [...fromSisters, ...fromPeers];
}
