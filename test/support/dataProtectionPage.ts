/** The list in docs/data-protection.md as it must stand: every object and field that the code reads or writes. */
import * as records from '../../src/org/records.js';
import { needs, pullsOf, taskClose, taskObject, taskUpsert, type Pull } from '../../src/org/records.js';

/** Why each object is read or written. A new object needs a reason here before the page can be made. */
const purposes: Readonly<Record<string, string>> = {
  Account:
    'who the customers are and how they belong together; what people rated, excluded or overrode; what the last run wrote. The owner and the key account manager are read only to give tasks to somebody, and to keep to the limit of customers per manager',
  AccountContactRelation: 'which contacts belong to several accounts of a group; only where the org allows it',
  AccountTeamMember:
    'how many people of ours know the customer, as one number per group; only where the org keeps account teams',
  Case: 'how many cases a customer opened in a year, as a cost of serving him; only where the settings give a rate for a case. Neither who answered nor what was said is read',
  Contact:
    'how broadly we know a customer: function, level, role, and the day of the last activity. Address, phone and mail are not read',
  CurrencyType: 'rates, where the org has several currencies',
  DatedConversionRate: 'rates for days, where the org has them',
  Event:
    'how many visits a customer had in a year, as a cost of serving him; only where the settings give a rate for a visit. Neither who visited nor what about is read',
  KAM_Agreement__c: 'what the customer answered when asked for give and get',
  KAM_Assessment__c:
    'where the top account of a group stood month by month: tier, score, figures and reasons of the customer; nothing of a person',
  KAM_Commitment__c:
    'what both sides promised, by when, and which person at the customer; of our own person the id and whether the user is still active, so that a promise does not lie idle',
  KAM_Potential__c: 'potential by product family, and what people know and plan',
  KAM_Run__c: 'what a run did: counts of groups and changes, never of people; which machine runs now',
  KAM_Service__mdt: 'what key accounts get, as the conversation sheet says it',
  Opportunity: 'sales, open offers and joint projects of a customer. The owner is not read',
  OpportunityLineItem: 'what was sold, by product family',
  Product2: 'families of products',
  Task: 'review tasks of this plugin; and, only where the settings give a rate for a call, how many calls a customer had in a year. Neither who called nor what about is read',
  User: 'who has left, so that no task lies with somebody who is gone; and whether the fallback owner of the settings is there',
};

const settingsPurpose = 'settings, each explained in [settings.md](settings.md)';

type Access = { reads: Set<string>; writes: Set<string> };

/** One block per object, in order of name: narrow enough to be printed. */
export function processedList(): string {
  const objects = new Map<string, Access>();
  const add = (object: string, reads: readonly string[], writes: readonly string[] = []): void => {
    const known = objects.get(object) ?? { reads: new Set(), writes: new Set() };
    for (const field of reads) known.reads.add(field);
    for (const field of writes) known.writes.add(field);
    objects.set(object, known);
  };
  for (const { object, sources } of allPulls()) {
    add(
      object,
      sources.map(({ path }) => path),
    );
  }
  for (const { object, reads, writes } of needs) add(object, reads, writes);
  add(taskObject, [], [...keysOf(taskUpsert(aTask)), ...keysOf(taskClose('', ''))]);
  for (const soql of smallQueries()) {
    const { object, fields } = partsOf(soql);
    add(object, fields);
  }
  const blocks = [...objects].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([object, access]) => block(object, access));
  return blocks.join('\n\n');
}

function block(object: string, { reads, writes }: Access): string {
  if (object.endsWith('__mdt')) return `**\`${object}\`**: ${purposes[object] ?? settingsPurpose}.`;
  const why = purposes[object];
  if (why === undefined)
    throw new Error(`${object} is read or written: say why in test/support/dataProtectionPage.ts.`);
  const list = (word: string, fields: ReadonlySet<string>): string[] =>
    fields.size === 0
      ? []
      : [
          `- ${word}: ${[...fields]
            .toSorted()
            .map((field) => `\`${field}\``)
            .join(', ')}`,
        ];
  return [`**\`${object}\`**: ${why}.`, '', ...list('read', reads), ...list('written', writes)].join('\n');
}

/** What is read where org and settings let everything be read that can be; fields that settings name are told in words. */
export const allPulls = (): Pull[] => pullsOf(everything, all);

const everything = {
  hasPersonAccounts: true,
  hasLines: true,
  hasCurrencies: true,
  hasDatedRates: true,
  hasContacts: true,
  hasRelations: true,
  hasTeams: true,
  opportunityFlags: [],
};
const all = {
  since: '2020-01-01',
  familyField: null,
  lineCost: null,
  productCost: null,
  services: ['visit', 'call', 'case'] as const,
  ownerField: null,
  project: { field: 'KAM_Project_Area__c', value: null },
  from: '2026-01-01',
  until: '2026-12-31',
};

const aTask = {
  ref: '',
  kind: 'ask',
  accountId: '',
  ownerId: '',
  subject: '',
  description: '',
  dueOn: '',
  priority: 'Normal',
} as const;

const keysOf = (record: object): string[] => Object.keys(record).filter((key) => key !== 'attributes' && key !== 'Id');

/** All queries beside the pulls, whatever their name; one that takes arguments is asked with some. */
function smallQueries(): string[] {
  return Object.entries(records).flatMap(([name, value]): string[] => {
    if (typeof value === 'string' && /^SELECT /.test(value)) return [value];
    if (name === 'metadataQueries') return records.metadataQueries.map(({ soql }) => soql);
    // The label is a field that only its user knows; the page says so in words.
    if (!/Quer(y|ies)$/.test(name) || name === 'labelledQuery') return [];
    if (value === records.activeUserQuery) return [records.activeUserQuery('')];
    if (value === records.anchorsQuery) return [records.anchorsQuery('2026-01-01', '2026-12-31')];
    throw new Error(`${name} is not looked at: say in test/support/dataProtectionPage.ts what it asks with.`);
  });
}

/** What a query asks for, asks by and sorts by. */
function partsOf(soql: string): { object: string; fields: string[] } {
  const query =
    /^SELECT (?<picked>.+) FROM (?<object>\w+)(?: WHERE (?<where>.+?))?(?: ORDER BY (?<order>.+?))?(?: LIMIT \d+)?$/;
  const { picked = '', object = '', where = '', order = '' } = query.exec(soql)?.groups ?? {};
  if (picked === '') throw new Error(`Not a query that can be read: ${soql}`);
  const asked = [...where.matchAll(/(\w+) (?:=|<=|>=|NOT IN|IN) /g)].map(([, field = '']) => field);
  const sorted = order === '' ? [] : order.split(', ').map((field) => field.replace(/ (?:DESC|ASC)$/, ''));
  return { object, fields: [...picked.split(', '), ...asked, ...sorted] };
}
