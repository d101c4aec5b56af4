/** Ten machine builders that buy 100,000 a year each: a book whose figures can be added in the head. */
import type { AdminEdits, SmallBook } from '../support/smallOrg.js';

const years = ['2024', '2025', '2026'];
const others = ['Gamma', 'Delta', 'Epsilon', 'Zeta', 'Eta', 'Theta', 'Iota', 'Kappa'];

const baskets: Record<string, Record<string, string>> = {
  // Alpha buys pumps only: valves and service are white, and the others say how much.
  Alpha: { Pumps: '100000.00' },
  // Beta buys fewer pumps than the others.
  Beta: { Pumps: '20000.00', Valves: '60000.00', Service: '20000.00' },
  ...Object.fromEntries(others.map((name) => [name, { Pumps: '60000.00', Valves: '30000.00', Service: '10000.00' }])),
};

/** Alpha has a site in France that buys nothing by itself. */
export const machineBuilders: SmallBook = {
  accounts: [
    ...Object.keys(baskets).map((name) => ({ name, industry: 'Machinery', employees: 100, country: 'Germany' })),
    { name: 'Alpha France', industry: 'Machinery', country: 'France', parent: 'Alpha' },
  ],
  sales: Object.entries(baskets).flatMap(([name, basket]) =>
    years.flatMap((year) =>
      Object.entries(basket).map(([family, amount]) => [name, `${year}-06-15`, family, amount] as const),
    ),
  ),
};

/** Anchors in round amounts, and a threshold that Alpha exceeds. */
export const roundAnchors: AdminEdits = {
  'KAM_Settings.Default': { Currency__c: 'EUR', Score_Threshold__c: '40' },
  'KAM_Criterion.Potential': { Zero_At__c: '0', Half_At__c: '50000', Full_At__c: '100000' },
  'KAM_Criterion.Margin': { Zero_At__c: '0', Half_At__c: '30000', Full_At__c: '60000' },
  'KAM_Criterion.Risk': { Zero_At__c: '0', Half_At__c: '100000', Full_At__c: '200000' },
};

export const margins: AdminEdits = {
  Pumps: { Margin__c: '30' },
  Valves: { Margin__c: '40' },
  Service: { Margin__c: '50' },
};
