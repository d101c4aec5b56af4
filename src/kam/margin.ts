/** What a group leaves us, step by step: revenue, less what was sold and deducted, less what its care costs. */
import sumBy from 'lodash/sumBy.js';
import type { Settings } from './settings.js';
import { toCents, type Cents, type Fraction } from './units.js';
import { isKnown, unknown, type Unknown } from './unknown.js';

/** What we do for customers that costs: visits, calls, and cases that they open. */
export const serviceKinds = ['visit', 'call', 'case'] as const;
export type ServiceKind = (typeof serviceKinds)[number];

/** How often a group was served in the last 12 months, and what one time costs. */
export type Service = { kind: ServiceKind; times: number; rate: Cents };

/** The scheme of one group; every line is the one above less what stands between. */
export type Contribution = {
  /** Unknown without sales. */
  revenue: Cents | Unknown;
  /** Unknown where the cost of one family that was sold is. */
  costOfGoods: Cents | Unknown;
  /** What goes off after the invoice, by the share in the settings. */
  deductions: Cents | Unknown;
  deductionShare: Fraction;
  /** DB I. */
  first: Cents | Unknown;
  /** Only what has a rate is counted. */
  services: Service[];
  costToServe: Cents;
  /** DB II; DB I where no service has a rate. */
  second: Cents | Unknown;
  /** Families that were sold and whose cost is not known, in order of name, and their revenue. */
  uncosted: { families: string[]; revenue: Cents };
};

/** What is known of one group's year. `margin` is revenue less cost of goods; null where no family has a cost. */
export type ContributionFacts = {
  revenue: Cents | Unknown;
  margin: Cents | null;
  uncosted: Contribution['uncosted'];
  times: Readonly<Record<ServiceKind, number>>;
};

/**
 * The contribution margin of one group.
 *
 * Shape:  DB I = revenue − cost of goods − deductions; DB II = DB I − cost to serve.
 * Units:  cents per year.
 * Errors: none. An unknown cost makes both margins unknown: it is never read as zero.
 * Source: customer contribution margin accounting (Kundendeckungsbeitragsrechnung), attribution by cause.
 */
export function contributionOf(
  { revenue, margin, uncosted, times }: ContributionFacts,
  { margin: { deductionShare }, service }: Pick<Settings, 'margin' | 'service'>,
): Contribution {
  const rates = { visit: service.visitCost, call: service.callCost, case: service.caseCost };
  const services = serviceKinds.flatMap((kind): Service[] => {
    const rate = rates[kind];
    return rate === null ? [] : [{ kind, times: times[kind], rate }];
  });
  const costToServe = sumBy(services, ({ times: count, rate }) => count * rate);
  const goods = marginKnown(revenue, margin, uncosted);
  const shared = { revenue, deductionShare, services, costToServe, uncosted };
  const deductions = isKnown(revenue) ? toCents(revenue * deductionShare) : revenue;
  if (!isKnown(goods) || !isKnown(revenue) || !isKnown(deductions)) {
    const why = isKnown(goods) ? unknown('noSales') : goods;
    return { ...shared, costOfGoods: why, deductions, first: why, second: why };
  }
  const first = goods - deductions;
  return { ...shared, costOfGoods: revenue - goods, deductions, first, second: first - costToServe };
}

function marginKnown(
  revenue: Cents | Unknown,
  margin: Cents | null,
  uncosted: Contribution['uncosted'],
): Cents | Unknown {
  if (!isKnown(revenue)) return unknown('noSales');
  if (margin === null) return unknown('noMargin');
  return uncosted.families.length > 0 ? unknown('partialMargin') : margin;
}
