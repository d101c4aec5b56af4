/** Where API names and our words meet: the one list of what is read and written, and how each value translates. */
import type { BookTable, ColumnType, Labels } from '../book/book.js';
import { addDays, addMonths } from '../kam/calendar.js';
import {
  agreementStates,
  commitmentTypes,
  declineReasons,
  type AgreementState,
  type CommitmentType,
  type DeclineReason,
} from '../kam/agreement.js';
import {
  contactFunctions,
  contactLevels,
  contactRoles,
  type ContactFunction,
  type ContactLevel,
  type ContactRole,
} from '../kam/coverage.js';
import type { ScoreCriterion } from '../kam/criteria.js';
import type { ServedBy, SolutionTrust, StatedBy } from '../kam/facts.js';
import type { FamilyMark } from '../kam/family.js';
import type { Gate, GateResult, Segment, Tier } from '../kam/funnel.js';
import type { HistoryRow, StandingRow } from '../kam/history.js';
import { serviceKinds, type ServiceKind } from '../kam/margin.js';
import type { PotentialSource } from '../kam/potential.js';
import { projectAreas, type ProjectArea } from '../kam/projects.js';
import type { Benefit } from '../kam/sheet.js';
import type { ReviewTask } from '../kam/reviews.js';
import { settingKeys, type SettingKey, type Settings, type SettingsProblem } from '../kam/settings.js';
import type { AccountMark } from '../kam/standing.js';
import type { Cents, Fraction, IsoDate } from '../kam/units.js';
import {
  Account,
  Case,
  Contact,
  Event,
  KAM_Agreement__c,
  KAM_Assessment__c,
  KAM_Commitment__c,
  KAM_Criterion__mdt,
  KAM_Family__mdt,
  KAM_Service__mdt,
  KAM_Potential__c,
  KAM_Review_Rule__mdt,
  KAM_Run__c,
  KAM_Settings__mdt,
  Opportunity,
  OpportunityLineItem,
  Product2,
  Task,
  User,
} from '../schema/generated.js';
import { lineCostField } from '../schema/options.js';
import { select, type FieldPath, type SObject } from '../schema/select.js';

/** One column of a pull: our word, the path to it, and what it holds. */
export type Source = { name: string; path: string; type: ColumnType };

const sources = <O extends SObject>(
  object: O,
  list: readonly (readonly [string, FieldPath<O>, ColumnType])[],
): Source[] => {
  select(
    object,
    list.map(([, path]) => path),
  );
  return list.map(([name, path, type]) => ({ name, path, type }));
};

/** What review tasks an account remembers to have been opened. */
const taskRefsField = 'KAM_Task_Refs__c' satisfies FieldPath<typeof Account>;

const accountSources = sources(Account, [
  ['id', 'Id', 'id'],
  ['name', 'Name', 'text'],
  ['parentId', 'ParentId', 'id'],
  ['ownerId', 'OwnerId', 'id'],
  ['managerId', 'KAM_Manager__c', 'id'],
  ['industry', 'Industry', 'text'],
  ['employees', 'NumberOfEmployees', 'integer'],
  ['country', 'BillingCountry', 'text'],
  ['region', 'BillingState', 'text'],
  ['groupOverrideId', 'KAM_Group_Override__c', 'id'],
  ['excluded', 'KAM_Exclude__c', 'boolean'],
  ['excludeReason', 'KAM_Exclude_Reason__c', 'text'],
  ['ratingReferenceCustomer', 'KAM_Lighthouse__c', 'number'],
  ['ratingOpinionLeader', 'KAM_Opinion_Leader__c', 'number'],
  ['evidence', 'KAM_Evidence__c', 'text'],
  ['ratedOn', 'KAM_Rated_On__c', 'date'],
  ['ratedAs', 'KAM_Rated_As__c', 'text'],
  ['trust', 'KAM_Solution_Trust__c', 'text'],
  ['overrideTier', 'KAM_Override_Tier__c', 'text'],
  ['overrideReason', 'KAM_Override_Reason__c', 'text'],
  ['overrideUntil', 'KAM_Override_Until__c', 'date'],
  ['tier', 'KAM_Tier__c', 'text'],
  ['segment', 'KAM_Segment__c', 'text'],
  ['gate', 'KAM_Gate__c', 'text'],
  ['gateResult', 'KAM_Gate_Result__c', 'text'],
  ['score', 'KAM_Score__c', 'number'],
  ['confidence', 'KAM_Confidence__c', 'number'],
  ['revenue', 'KAM_Revenue__c', 'money'],
  ['crossSell', 'KAM_Cross_Sell__c', 'money'],
  ['upSell', 'KAM_Up_Sell__c', 'money'],
  ['additionalPotential', 'KAM_Additional_Potential__c', 'money'],
  ['revenueAtRisk', 'KAM_Revenue_At_Risk__c', 'money'],
  ['contributionMargin', 'KAM_Contribution_Margin__c', 'money'],
  ['walletShare', 'KAM_Wallet_Share__c', 'number'],
  ['reasons', 'KAM_Reasons__c', 'text'],
  ['nextStep', 'KAM_Next_Step__c', 'text'],
  ['groupId', 'KAM_Group__c', 'id'],
  ['tierSince', 'KAM_Tier_Since__c', 'date'],
  ['belowSince', 'KAM_Below_Since__c', 'date'],
  ['taskRefs', taskRefsField, 'text'],
  ['assessedOn', 'KAM_Assessed_On__c', 'date'],
]);

/** Only where the org has several currencies. */
const ownCurrency: Source = { name: 'currency', path: 'CurrencyIsoCode', type: 'text' };

/** Only where the org has person accounts; the book leaves them out. */
const personAccount: Source = { name: 'isPersonAccount', path: 'IsPersonAccount', type: 'boolean' };

const opportunitySources = sources(Opportunity, [
  ['id', 'Id', 'id'],
  ['accountId', 'AccountId', 'id'],
  ['closeDate', 'CloseDate', 'date'],
  ['amount', 'Amount', 'money'],
  ['isWon', 'IsWon', 'boolean'],
  ['isClosed', 'IsClosed', 'boolean'],
  ['hasLines', 'HasOpportunityLineItem', 'boolean'],
]);

const lineSources = sources(OpportunityLineItem, [
  ['id', 'Id', 'id'],
  ['opportunityId', 'OpportunityId', 'id'],
  ['family', 'Product2.Family', 'text'],
  ['product', 'Product2.Name', 'text'],
  ['quantity', 'Quantity', 'number'],
  ['amount', 'TotalPrice', 'money'],
]);

const cellSources = sources(KAM_Potential__c, [
  ['id', 'Id', 'id'],
  ['accountId', 'Account__c', 'id'],
  ['ref', 'Ref__c', 'text'],
  ['family', 'Family__c', 'text'],
  ['whitespace', 'Whitespace__c', 'money'],
  ['probability', 'Probability__c', 'number'],
  ['volume', 'Volume_Gap__c', 'money'],
  ['value', 'Value_Gap__c', 'money'],
  ['expected', 'Expected_Amount__c', 'money'],
  ['low', 'Expected_Low__c', 'money'],
  ['high', 'Expected_High__c', 'money'],
  ['pipeline', 'Pipeline__c', 'money'],
  ['own', 'Own_Revenue__c', 'money'],
  ['source', 'Source__c', 'text'],
  ['confidence', 'Confidence__c', 'number'],
  ['why', 'Why__c', 'text'],
  ['asOf', 'As_Of__c', 'date'],
  ['statedWallet', 'Stated_Wallet__c', 'money'],
  ['statedOn', 'Stated_On__c', 'date'],
  ['statedBy', 'Stated_Source__c', 'text'],
  ['servedBy', 'Served_By__c', 'text'],
  ['competitor', 'Competitor__c', 'text'],
  ['target', 'Target__c', 'money'],
  ['targetYear', 'Target_Year__c', 'number'],
  ['nextStep', 'Next_Step__c', 'text'],
]);

const agreementSources = sources(KAM_Agreement__c, [
  ['id', 'Id', 'id'],
  ['accountId', 'Account__c', 'id'],
  ['state', 'State__c', 'text'],
  ['askedOn', 'Asked_On__c', 'date'],
  ['answeredOn', 'Answered_On__c', 'date'],
  ['wantsCare', 'Wants_Care__c', 'text'],
  ['inReturn', 'In_Return__c', 'text'],
  ['declineReason', 'Decline_Reason__c', 'text'],
  ['reaskOn', 'Reask_On__c', 'date'],
  ['reviewOn', 'Review_On__c', 'date'],
]);

const commitmentSources = sources(KAM_Commitment__c, [
  ['id', 'Id', 'id'],
  ['agreementId', 'Agreement__c', 'id'],
  ['side', 'Side__c', 'text'],
  ['type', 'Type__c', 'text'],
  ['what', 'What__c', 'text'],
  ['service', 'Service__c', 'text'],
  ['ourOwnerId', 'Our_Owner__c', 'id'],
  ['ourOwnerIsActive', 'Our_Owner__r.IsActive', 'boolean'],
  ['theirOwner', 'Their_Owner__r.Name', 'text'],
  ['dueOn', 'Due_On__c', 'date'],
  ['doneOn', 'Done_On__c', 'date'],
]);

const assessmentSources = sources(KAM_Assessment__c, [
  ['id', 'Id', 'id'],
  ['accountId', 'Account__c', 'id'],
  ['ref', 'Ref__c', 'text'],
  ['asOf', 'As_Of__c', 'date'],
  ['tier', 'Tier__c', 'text'],
  ['segment', 'Segment__c', 'text'],
  ['gate', 'Gate__c', 'text'],
  ['gateResult', 'Gate_Result__c', 'text'],
  ['score', 'Score__c', 'number'],
]);

const taskSources = sources(Task, [
  ['id', 'Id', 'id'],
  ['ref', 'KAM_Task_Ref__c', 'text'],
  ['accountId', 'AccountId', 'id'],
  ['ownerId', 'OwnerId', 'id'],
  ['isClosed', 'IsClosed', 'boolean'],
  ['isMoot', 'KAM_Moot__c', 'boolean'],
  ['status', 'Status', 'text'],
  ['description', 'Description', 'text'],
]);

const visitSources = sources(Event, [
  ['id', 'Id', 'id'],
  ['accountId', 'AccountId', 'id'],
  ['startedAt', 'StartDateTime', 'datetime'],
]);

const callSources = sources(Task, [
  ['id', 'Id', 'id'],
  ['accountId', 'AccountId', 'id'],
  ['day', 'ActivityDate', 'date'],
]);

const caseSources = sources(Case, [
  ['id', 'Id', 'id'],
  ['accountId', 'AccountId', 'id'],
  ['startedAt', 'CreatedDate', 'datetime'],
]);

/** Objects that an org has only with several currencies, and with rates for days; the package does not know them. */
export const currencyObject = 'CurrencyType';
export const datedRateObject = 'DatedConversionRate';

const currencySources: Source[] = [
  { name: 'id', path: 'Id', type: 'id' },
  { name: 'iso', path: 'IsoCode', type: 'text' },
  { name: 'rate', path: 'ConversionRate', type: 'number' },
];

const datedRateSources: Source[] = [
  { name: 'id', path: 'Id', type: 'id' },
  { name: 'iso', path: 'IsoCode', type: 'text' },
  { name: 'startDate', path: 'StartDate', type: 'date' },
  { name: 'nextStartDate', path: 'NextStartDate', type: 'date' },
  { name: 'rate', path: 'ConversionRate', type: 'number' },
];

/** People at the customer: where they work, never who they are. */
const contactSources = sources(Contact, [
  ['id', 'Id', 'id'],
  ['accountId', 'AccountId', 'id'],
  ['function', 'KAM_Function__c', 'text'],
  ['level', 'KAM_Level__c', 'text'],
  ['role', 'KAM_Role__c', 'text'],
  ['lastOn', 'LastActivityDate', 'date'],
]);

/** Only where the org lets a contact belong to several accounts. */
const relationSources: Source[] = [
  { name: 'id', path: 'Id', type: 'id' },
  { name: 'contactId', path: 'ContactId', type: 'id' },
  { name: 'accountId', path: 'AccountId', type: 'id' },
  { name: 'isActive', path: 'IsActive', type: 'boolean' },
];

/** Only where the org keeps account teams. */
const teammateSources: Source[] = [
  { name: 'id', path: 'Id', type: 'id' },
  { name: 'accountId', path: 'AccountId', type: 'id' },
  { name: 'userId', path: 'UserId', type: 'id' },
];

const projectSources = sources(Opportunity, [
  ['id', 'Id', 'id'],
  ['accountId', 'AccountId', 'id'],
  ['name', 'Name', 'text'],
  ['area', 'KAM_Project_Area__c', 'text'],
  ['saving', 'KAM_Customer_Saving__c', 'money'],
  ['closeDate', 'CloseDate', 'date'],
  ['isWon', 'IsWon', 'boolean'],
  ['isClosed', 'IsClosed', 'boolean'],
]);

const projectAreaField: FieldPath<typeof Opportunity> = 'KAM_Project_Area__c';

/** The opportunity field that marks a joint project: the admin's own, else the one that the package has. */
export const projectFieldIn = ({ opportunityField }: Settings['project']): string =>
  opportunityField ?? projectAreaField;

/** What a joint project has in that field, as a condition. */
function marks(field: string, value: string | null, isFlag: boolean): string {
  if (isFlag) return `${field} = ${value?.toLowerCase() === 'false' ? 'false' : 'true'}`;
  return value === null ? `${field} != null` : `${field} = '${value.replaceAll(/['\\]/g, '\\$&')}'`;
}

/**
 * What records of a table hang on by a lookup.
 *
 * `when`: `changed` where fields of the other record are read, or decide whether this one is; `gone` where only losing it,
 * or a merge, makes a difference.
 */
export type Follow = { object: string; lookup: string; when: 'gone' | 'changed' };

/**
 * What one table of the book is pulled with; what this org does not have, or no setting asks for, is an empty table.
 *
 * `all`:     archived records too, as activities are archived after a year; those in the recycle bin are left out.
 * `reach`:   the days that stand in `where`, both included, as they move with the as-of day; null for no end.
 * `follows`: what changes a row without a stamp of its own.
 * `lasting`: the part of `where` that is true of a record for good, or almost: changes are looked for among those.
 * `merges`:  records of the object can take each other in.
 * `isShort`: a list that is read as a whole every night; the org keeps no log of its changes.
 */
export type Pull = {
  table: BookTable;
  object: string;
  sources: Source[];
  where: string;
  isThere: boolean;
  all?: true;
  reach?: { field: string; type: 'date' | 'datetime'; from: IsoDate; until: IsoDate | null };
  follows?: readonly Follow[];
  lasting?: string;
  merges?: true;
  isShort?: true;
};

/** What a list of changed records tells of each. */
export const touchedSources = ({ merges }: Pull): Source[] => [
  { name: 'id', path: 'Id', type: 'id' },
  { name: 'isDeleted', path: 'IsDeleted', type: 'boolean' },
  { name: 'createdAt', path: 'CreatedDate', type: 'datetime' },
  ...(merges === true ? [{ name: 'masterId', path: 'MasterRecordId', type: 'id' } as const] : []),
];

/** What the org has beyond the least that the job needs. */
export type OrgShape = {
  hasPersonAccounts: boolean;
  hasLines: boolean;
  hasCurrencies: boolean;
  hasDatedRates: boolean;
  hasContacts: boolean;
  hasRelations: boolean;
  hasTeams: boolean;
  /** Checkboxes of opportunities, which a condition compares otherwise. */
  opportunityFlags: readonly string[];
};

/** What the settings of one run want to be read; services are counted from `from` to `until`, both included. */
export type Wants = {
  since: IsoDate;
  familyField: string | null;
  lineCost: string | null;
  productCost: string | null;
  services: readonly ServiceKind[];
  /** Account field that names owners of review tasks. */
  ownerField: string | null;
  project: { field: string; value: string | null };
  from: IsoDate;
  until: IsoDate;
};

/** The field of a line that holds its cost: the admin's own, else the one that the package offers. */
export const costFieldIn = ({ lineCostField: own }: Settings['margin']): string => own ?? lineCostField;

/** What a run on a day wants, that assesses the book at another. */
export function wantsOf({ source, margin, service, tasks, project }: Settings, today: IsoDate, asOf: IsoDate): Wants {
  const rates = { visit: service.visitCost, call: service.callCost, case: service.caseCost };
  return {
    since: `${Number(today.slice(0, 4)) - source.years}${today.slice(4, 7)}-01`,
    familyField: source.opportunityFamilyField,
    lineCost: margin.source === 'line' ? costFieldIn(margin) : null,
    productCost: margin.source === 'product' ? margin.productCostField : null,
    services: serviceKinds.filter((kind) => rates[kind] !== null),
    ownerField: tasks.ownerField,
    project: { field: projectFieldIn(project), value: project.opportunityValue },
    from: addDays(addMonths(asOf, -12), -1),
    until: addDays(asOf, 1),
  };
}

const ofAccount = (lookup: string): Follow => ({ object: Account.api, lookup, when: 'gone' });

/** The queries of one run; sales from `since` on, and everything that is still open. */
export function pullsOf(shape: OrgShape, wants: Wants): Pull[] {
  const { since, familyField, lineCost, productCost, services, ownerField, project, from, until } = wants;
  const costs: Source[] = [
    ...(lineCost === null ? [] : [{ name: 'cost', path: lineCost, type: 'money' } as const]),
    ...(productCost === null ? [] : [{ name: 'unitCost', path: `Product2.${productCost}`, type: 'money' } as const]),
    ...(productCost === null || !shape.hasCurrencies
      ? []
      : [{ name: 'unitCurrency', path: 'Product2.CurrencyIsoCode', type: 'text' } as const]),
  ];
  const currency = shape.hasCurrencies ? [ownCurrency] : [];
  const namedOwner: Source[] = ownerField === null ? [] : [{ name: 'namedOwnerId', path: ownerField, type: 'id' }];
  const served = 'IsDeleted = false AND AccountId != null AND';
  const within = (field: string): string => `${field} >= ${from}T00:00:00Z AND ${field} <= ${until}T23:59:59Z`;
  const family: Source[] = familyField === null ? [] : [{ name: 'family', path: familyField, type: 'text' }];
  const wanted = (prefix: string): string =>
    `((${prefix}IsWon = true AND ${prefix}CloseDate >= ${since}) OR ${prefix}IsClosed = false)`;
  return [
    {
      table: 'account',
      object: Account.api,
      sources: [...accountSources, ...namedOwner, ...currency, ...(shape.hasPersonAccounts ? [personAccount] : [])],
      where: '',
      isThere: true,
      follows: [ofAccount('ParentId'), ofAccount('KAM_Group_Override__c'), ofAccount('KAM_Group__c')],
      merges: true,
    },
    {
      table: 'opportunity',
      object: Opportunity.api,
      sources: [...opportunitySources, ...currency, ...family],
      where: `AccountId != null AND ${wanted('')}`,
      isThere: true,
      reach: { field: 'CloseDate', type: 'date', from: since, until: null },
      follows: [ofAccount('AccountId')],
    },
    {
      table: 'line',
      object: OpportunityLineItem.api,
      sources: [...lineSources, ...costs],
      where: `Opportunity.AccountId != null AND ${wanted('Opportunity.')}`,
      isThere: shape.hasLines,
      reach: { field: 'Opportunity.CloseDate', type: 'date', from: since, until: null },
      follows: [
        { object: Opportunity.api, lookup: 'OpportunityId', when: 'changed' },
        { object: Product2.api, lookup: 'Product2Id', when: 'changed' },
      ],
    },
    {
      table: 'cell',
      object: KAM_Potential__c.api,
      sources: [...cellSources, ...currency],
      where: '',
      isThere: true,
      follows: [ofAccount('Account__c')],
    },
    {
      table: 'agreement',
      object: KAM_Agreement__c.api,
      sources: agreementSources,
      where: '',
      isThere: true,
      follows: [ofAccount('Account__c')],
    },
    {
      table: 'commitment',
      object: KAM_Commitment__c.api,
      sources: commitmentSources,
      where: '',
      isThere: true,
      follows: [
        { object: KAM_Agreement__c.api, lookup: 'Agreement__c', when: 'changed' },
        { object: User.api, lookup: 'Our_Owner__c', when: 'changed' },
        { object: Contact.api, lookup: 'Their_Owner__c', when: 'changed' },
      ],
    },
    {
      table: 'assessment',
      object: KAM_Assessment__c.api,
      sources: assessmentSources,
      where: 'Ref__c != null AND As_Of__c != null',
      isThere: true,
      follows: [ofAccount('Account__c')],
      lasting: 'Ref__c != null',
    },
    {
      table: 'task',
      object: Task.api,
      sources: taskSources,
      where: 'KAM_Task_Ref__c != null',
      isThere: true,
      follows: [ofAccount('AccountId')],
      lasting: 'KAM_Task_Ref__c != null',
    },
    {
      table: 'visit',
      object: Event.api,
      sources: visitSources,
      where: `${served} ${within('StartDateTime')}`,
      isThere: services.includes('visit'),
      all: true,
      reach: { field: 'StartDateTime', type: 'datetime', from, until },
      follows: [ofAccount('AccountId')],
    },
    {
      table: 'phone_call',
      object: Task.api,
      sources: callSources,
      where: `${served} TaskSubtype = 'Call' AND IsClosed = true AND ActivityDate >= ${from} AND ActivityDate <= ${until}`,
      isThere: services.includes('call'),
      all: true,
      reach: { field: 'ActivityDate', type: 'date', from, until },
      follows: [ofAccount('AccountId')],
      lasting: "TaskSubtype = 'Call'",
    },
    {
      table: 'service_case',
      object: Case.api,
      sources: caseSources,
      where: `${served} ${within('CreatedDate')}`,
      isThere: services.includes('case'),
      all: true,
      reach: { field: 'CreatedDate', type: 'datetime', from, until },
      follows: [ofAccount('AccountId')],
    },
    {
      table: 'currency_type',
      object: currencyObject,
      sources: currencySources,
      where: '',
      isThere: shape.hasCurrencies,
      isShort: true,
    },
    {
      table: 'dated_rate',
      object: datedRateObject,
      sources: datedRateSources,
      where: '',
      isThere: shape.hasCurrencies && shape.hasDatedRates,
      isShort: true,
    },
    {
      table: 'contact',
      object: Contact.api,
      sources: contactSources,
      where: 'AccountId != null',
      isThere: shape.hasContacts,
      follows: [ofAccount('AccountId')],
      merges: true,
    },
    {
      table: 'relation',
      object: relationObject,
      sources: relationSources,
      where: '',
      isThere: shape.hasRelations,
      follows: [ofAccount('AccountId'), { object: Contact.api, lookup: 'ContactId', when: 'gone' }],
    },
    {
      table: 'teammate',
      object: teammateObject,
      sources: teammateSources,
      where: '',
      isThere: shape.hasTeams,
      follows: [ofAccount('AccountId')],
    },
    {
      table: 'project',
      object: Opportunity.api,
      sources: projectSources,
      where: `AccountId != null AND ${wanted('')} AND ${marks(project.field, project.value, shape.opportunityFlags.includes(project.field))}`,
      isThere: true,
      reach: { field: 'CloseDate', type: 'date', from: since, until: null },
      follows: [ofAccount('AccountId')],
    },
  ];
}

export const tierLabels: Record<Tier, string> = {
  key: 'Key Account',
  candidate: 'Candidate',
  large: 'Large Account',
  standard: 'Standard',
};
const segmentLabels: Record<Segment, string> = {
  top: 'Top',
  development: 'Development',
  base: 'Base',
  small: 'Small',
  unknown: 'Unknown',
};
const gateLabels: Record<Gate, string> = { segment: 'Segment', strategy: 'Strategy', score: 'Score', ask: 'Ask' };
const resultLabels: Record<GateResult, string> = {
  passed: 'Passed',
  failed: 'Failed',
  open: 'Open',
  undecided: 'Undecided',
};

const sourceLabels: Record<PotentialSource, string> = {
  model: 'Model',
  peers: 'Peers',
  sisterSite: 'Sister Site',
  accountTeam: 'Account Team',
  tender: 'Tender or Contract',
  customer: 'Customer',
};
const statedByLabels: Record<StatedBy, string> = {
  customer: 'Customer in Writing',
  tender: 'Tender or Contract',
  accountTeam: 'Account Team',
};
const servedByLabels: Record<ServedBy, string> = {
  us: 'Us',
  competitor: 'Competitor',
  internal: 'Internal',
  nobody: 'Nobody',
  unknown: 'Unknown',
};

const agreementStateLabels: Record<AgreementState, string> = {
  planned: 'Planned',
  asked: 'Asked',
  accepted: 'Accepted',
  declined: 'Declined',
  noAnswer: 'No Answer',
  incubator: 'Incubator',
  ended: 'Ended',
};
const declineReasonLabels: Record<DeclineReason, string> = {
  supplierOnly: 'Supplier Only',
  priceOnly: 'Price Only',
  timing: 'Timing',
  contactTooLow: 'Contact Too Low',
  competitorPreferred: 'Competitor Preferred',
  compliance: 'Compliance',
};
const commitmentTypeLabels: Record<CommitmentType, string> = {
  accessToCountries: 'Access to Countries',
  accessToSites: 'Access to Sites',
  accessToPeople: 'Access to People',
  jointStrategy: 'Joint Strategy',
  jointMarketing: 'Joint Marketing',
  development: 'Development',
  volume: 'Volume',
  earlyProduct: 'Early Product',
  dataTransparency: 'Data Transparency',
};
const trustLabels: Record<SolutionTrust, string> = {
  comesToUs: 'Comes to us',
  asksUsToo: 'Asks us and competitors',
  asksOthers: 'Asks only competitors',
};
const functionLabels: Record<ContactFunction, string> = {
  management: 'Management',
  purchasing: 'Purchasing',
  production: 'Production',
  logistics: 'Logistics',
  it: 'IT',
  research: 'R&D',
  administration: 'Administration',
  quality: 'Quality',
  sales: 'Sales',
};
const levelLabels: Record<ContactLevel, string> = { board: 'Board', head: 'Head', specialist: 'Specialist' };
const roleLabels: Record<ContactRole, string> = {
  sponsor: 'Sponsor',
  decisionMaker: 'Decision Maker',
  champion: 'Champion',
};
const areaLabels: Record<ProjectArea, string> = {
  logistics: 'Logistics',
  it: 'IT',
  research: 'R&D',
  administration: 'Administration',
  production: 'Production',
  valueCreationStep: 'Value-Creation Step',
};

const flipped = <W extends string>(labelOf: Record<W, string>, words: readonly W[]): Record<string, W> =>
  Object.fromEntries(words.map((word) => [labelOf[word], word]));

/** What the picklists' labels mean, for the book. */
export const labels: Labels = {
  tier: flipped(tierLabels, ['key', 'candidate', 'large', 'standard']),
  segment: flipped(segmentLabels, ['top', 'development', 'base', 'small', 'unknown']),
  gate: flipped(gateLabels, ['segment', 'strategy', 'score', 'ask']),
  gateResult: flipped(resultLabels, ['passed', 'failed', 'open', 'undecided']),
  source: flipped(sourceLabels, ['model', 'peers', 'sisterSite', 'accountTeam', 'tender', 'customer']),
  statedBy: flipped(statedByLabels, ['customer', 'tender', 'accountTeam']),
  servedBy: flipped(servedByLabels, ['us', 'competitor', 'internal', 'nobody', 'unknown']),
  agreementState: flipped(agreementStateLabels, agreementStates),
  declineReason: flipped(declineReasonLabels, declineReasons),
  commitmentType: flipped(commitmentTypeLabels, commitmentTypes),
  side: { Give: 'give', Get: 'get' },
  trust: flipped(trustLabels, ['comesToUs', 'asksUsToo', 'asksOthers']),
  function: flipped(functionLabels, contactFunctions),
  level: flipped(levelLabels, contactLevels),
  role: flipped(roleLabels, contactRoles),
  area: flipped(areaLabels, projectAreas),
};

type Json = string | number | boolean | null;
export type Record_ = Record<string, Json | { type: string }>;

/** Cents as the number of currency units that JSON carries; exact, as a double keeps 15 digits and two decimals fit. */
const units = (cents: Cents | null): number | null => (cents === null ? null : cents / 100);
/** A fraction of four decimals as percent of two. */
const percent = (share: Fraction | null): number | null => (share === null ? null : Math.round(share * 10_000) / 100);
const labelled = <W extends string>(labelOf: Record<W, string>, word: W | null): string | null =>
  word === null ? null : labelOf[word];

/** Each field of a mark: the field that holds it, and its value as JSON. */
const markWriters: {
  [K in keyof AccountMark]: { field: FieldPath<typeof Account>; json: (mark: Partial<AccountMark>) => Json };
} = {
  tier: { field: 'KAM_Tier__c', json: ({ tier = null }) => labelled(tierLabels, tier) },
  segment: { field: 'KAM_Segment__c', json: ({ segment = null }) => labelled(segmentLabels, segment) },
  gate: { field: 'KAM_Gate__c', json: ({ gate = null }) => labelled(gateLabels, gate) },
  gateResult: { field: 'KAM_Gate_Result__c', json: ({ gateResult = null }) => labelled(resultLabels, gateResult) },
  score: { field: 'KAM_Score__c', json: ({ score = null }) => score },
  confidence: { field: 'KAM_Confidence__c', json: ({ confidence = null }) => percent(confidence) },
  revenue: { field: 'KAM_Revenue__c', json: ({ revenue = null }) => units(revenue) },
  crossSell: { field: 'KAM_Cross_Sell__c', json: ({ crossSell = null }) => units(crossSell) },
  upSell: { field: 'KAM_Up_Sell__c', json: ({ upSell = null }) => units(upSell) },
  additionalPotential: {
    field: 'KAM_Additional_Potential__c',
    json: ({ additionalPotential = null }) => units(additionalPotential),
  },
  revenueAtRisk: { field: 'KAM_Revenue_At_Risk__c', json: ({ revenueAtRisk = null }) => units(revenueAtRisk) },
  contributionMargin: {
    field: 'KAM_Contribution_Margin__c',
    json: ({ contributionMargin = null }) => units(contributionMargin),
  },
  walletShare: { field: 'KAM_Wallet_Share__c', json: ({ walletShare = null }) => percent(walletShare) },
  reasons: { field: 'KAM_Reasons__c', json: ({ reasons = null }) => reasons },
  nextStep: { field: 'KAM_Next_Step__c', json: ({ nextStep = null }) => nextStep },
  groupId: { field: 'KAM_Group__c', json: ({ groupId = null }) => groupId },
  ratedOn: { field: 'KAM_Rated_On__c', json: ({ ratedOn = null }) => ratedOn },
  ratedAs: { field: 'KAM_Rated_As__c', json: ({ ratedAs = null }) => ratedAs },
  tierSince: { field: 'KAM_Tier_Since__c', json: ({ tierSince = null }) => tierSince },
  belowSince: { field: 'KAM_Below_Since__c', json: ({ belowSince = null }) => belowSince },
  assessedOn: { field: 'KAM_Assessed_On__c', json: ({ assessedOn = null }) => assessedOn },
};

/** Account fields that the worker writes; all other fields of an account belong to people. */
export const workerWritten: readonly string[] = [
  ...Object.values(markWriters).map(({ field }) => field),
  taskRefsField,
];

/** An update of one account: its id and what changes, nothing else. */
export function accountUpdate(accountId: string, after: Partial<AccountMark>): Record_ {
  const record: Record_ = { attributes: { type: Account.api }, Id: accountId };
  for (const [key, { field, json }] of Object.entries(markWriters)) if (key in after) record[field] = json(after);
  return record;
}

/** What an account remembers of its review tasks. */
export const taskRefsUpdate = (accountId: string, refs: string | null): Record_ => ({
  attributes: { type: Account.api },
  Id: accountId,
  [taskRefsField]: refs,
});

/** Each field of a family's mark, as `markWriters`. */
const familyWriters: {
  [K in keyof FamilyMark]: { field: FieldPath<typeof KAM_Potential__c>; json: (mark: Partial<FamilyMark>) => Json };
} = {
  family: { field: 'Family__c', json: ({ family = null }) => family },
  whitespace: { field: 'Whitespace__c', json: ({ whitespace = null }) => units(whitespace) },
  probability: { field: 'Probability__c', json: ({ probability = null }) => percent(probability) },
  volume: { field: 'Volume_Gap__c', json: ({ volume = null }) => units(volume) },
  value: { field: 'Value_Gap__c', json: ({ value = null }) => units(value) },
  expected: { field: 'Expected_Amount__c', json: ({ expected = null }) => units(expected) },
  low: { field: 'Expected_Low__c', json: ({ low = null }) => units(low) },
  high: { field: 'Expected_High__c', json: ({ high = null }) => units(high) },
  pipeline: { field: 'Pipeline__c', json: ({ pipeline = null }) => units(pipeline) },
  own: { field: 'Own_Revenue__c', json: ({ own = null }) => units(own) },
  source: { field: 'Source__c', json: ({ source = null }) => labelled(sourceLabels, source) },
  confidence: { field: 'Confidence__c', json: ({ confidence = null }) => percent(confidence) },
  why: { field: 'Why__c', json: ({ why = null }) => why },
  asOf: { field: 'As_Of__c', json: ({ asOf = null }) => asOf },
};

export const familyRefField: FieldPath<typeof KAM_Potential__c> = 'Ref__c';
export const familyObject = KAM_Potential__c.api;

/** Fields of a family's record that the worker writes; all others belong to people. */
export const workerWrittenOfFamilies: readonly string[] = [
  familyRefField,
  ...Object.values(familyWriters).map(({ field }) => field),
];

function familyFields(after: Partial<FamilyMark>): Record_ {
  const fields: Record_ = {};
  for (const [key, { field, json }] of Object.entries(familyWriters)) if (key in after) fields[field] = json(after);
  return fields;
}

/** A new record of one family of one account, under its ref; in the account's currency where the org has several. */
export function familyUpsert(accountId: string, ref: string, after: FamilyMark, currency: string | null): Record_ {
  const identity = { Account__c: accountId, Ref__c: ref } satisfies Partial<
    Record<FieldPath<typeof KAM_Potential__c>, Json>
  >;
  const own = currency === null ? {} : { CurrencyIsoCode: currency };
  return { attributes: { type: familyObject }, ...identity, ...own, ...familyFields(after) };
}

/** What changes on a record that stands, and the ref where it has none yet. */
export function familyUpdate(recordId: string, ref: string | null, after: Partial<FamilyMark>): Record_ {
  const identity = ref === null ? {} : { [familyRefField]: ref };
  return { attributes: { type: familyObject }, Id: recordId, ...identity, ...familyFields(after) };
}

/** Each field of a row of history, as `markWriters`. */
const rowWriters: {
  [K in keyof HistoryRow]: { field: FieldPath<typeof KAM_Assessment__c>; json: (row: HistoryRow) => Json };
} = {
  asOf: { field: 'As_Of__c', json: ({ asOf }) => asOf },
  tier: { field: 'Tier__c', json: ({ tier }) => labelled(tierLabels, tier) },
  segment: { field: 'Segment__c', json: ({ segment }) => labelled(segmentLabels, segment) },
  gate: { field: 'Gate__c', json: ({ gate }) => labelled(gateLabels, gate) },
  gateResult: { field: 'Gate_Result__c', json: ({ gateResult }) => labelled(resultLabels, gateResult) },
  score: { field: 'Score__c', json: ({ score }) => score },
  confidence: { field: 'Confidence__c', json: ({ confidence }) => percent(confidence) },
  revenue: { field: 'Revenue__c', json: ({ revenue }) => units(revenue) },
  crossSell: { field: 'Cross_Sell__c', json: ({ crossSell }) => units(crossSell) },
  upSell: { field: 'Up_Sell__c', json: ({ upSell }) => units(upSell) },
  additionalPotential: {
    field: 'Additional_Potential__c',
    json: ({ additionalPotential }) => units(additionalPotential),
  },
  revenueAtRisk: { field: 'Revenue_At_Risk__c', json: ({ revenueAtRisk }) => units(revenueAtRisk) },
  reasons: { field: 'Reasons__c', json: ({ reasons }) => reasons },
  breakdown: { field: 'Breakdown__c', json: ({ breakdown }) => breakdown },
};

export const assessmentRefField: FieldPath<typeof KAM_Assessment__c> = 'Ref__c';
export const assessmentObject = KAM_Assessment__c.api;

/** Fields of a row of history that the worker writes: all but the account that it hangs on. */
export const workerWrittenOfHistory: readonly string[] = [
  assessmentRefField,
  ...Object.values(rowWriters).map(({ field }) => field),
];

/** What is known of a row of history that stands. */
export function assessmentKnown({ asOf, tier, segment, gate, gateResult, score }: StandingRow): Record_ {
  const fields = {
    As_Of__c: asOf,
    Tier__c: labelled(tierLabels, tier),
    Segment__c: labelled(segmentLabels, segment),
    Gate__c: labelled(gateLabels, gate),
    Gate_Result__c: labelled(resultLabels, gateResult),
    Score__c: score,
  } satisfies Partial<Record<FieldPath<typeof KAM_Assessment__c>, Json>>;
  return { attributes: { type: assessmentObject }, ...fields };
}

/** A whole row of history under its ref; in the account's currency where the org has several. */
export function assessmentUpsert(accountId: string, ref: string, row: HistoryRow, currency: string | null): Record_ {
  const identity = { Account__c: accountId, Ref__c: ref } satisfies Partial<
    Record<FieldPath<typeof KAM_Assessment__c>, Json>
  >;
  const own = currency === null ? {} : { CurrencyIsoCode: currency };
  const fields = Object.values(rowWriters).map(({ field, json }) => [field, json(row)]);
  return { attributes: { type: assessmentObject }, ...identity, ...own, ...Object.fromEntries(fields) };
}

export const taskRefField: FieldPath<typeof Task> = 'KAM_Task_Ref__c';

export function taskUpsert(task: ReviewTask): Record_ {
  const fields = {
    KAM_Task_Ref__c: task.ref,
    WhatId: task.accountId,
    OwnerId: task.ownerId,
    Subject: task.subject,
    Description: task.description,
    ActivityDate: task.dueOn,
    Priority: task.priority,
    Status: 'Not Started',
    KAM_Moot__c: false,
  } satisfies Partial<Record<FieldPath<typeof Task>, Json>>;
  return { attributes: { type: Task.api }, ...fields };
}

export function taskClose(taskId: string, description: string): Record_ {
  const fields = { Status: 'Completed', Description: description, KAM_Moot__c: true } satisfies Partial<
    Record<FieldPath<typeof Task>, Json>
  >;
  return { attributes: { type: Task.api }, Id: taskId, ...fields };
}

/** A task that was closed as moot, as it was before. */
export function taskReopen(taskId: string, status: string, description: string | null): Record_ {
  const fields = { Status: status, Description: description, KAM_Moot__c: false } satisfies Partial<
    Record<FieldPath<typeof Task>, Json>
  >;
  return { attributes: { type: Task.api }, Id: taskId, ...fields };
}

/** What the org keeps of a run. */
export type RunRecord = {
  ref: string;
  asOf: string;
  startedAt: string;
  finishedAt: string;
  status: 'Done' | 'Refused' | 'Partial';
  accounts: number;
  groups: number;
  candidates: number;
  changes: number;
  writes: number;
  failedRows: number;
  apiCalls: number;
  summary: string;
  anchors: string;
  anchorsOn: string;
  settingsFingerprint: string;
  version: string;
  message: string;
};

export const runRefField: FieldPath<typeof KAM_Run__c> = 'Ref__c';

export function runUpsert(run: RunRecord): Record_ {
  const fields = {
    Ref__c: run.ref,
    As_Of__c: run.asOf,
    Started_At__c: run.startedAt,
    Finished_At__c: run.finishedAt,
    Status__c: run.status,
    Accounts__c: run.accounts,
    Groups__c: run.groups,
    Candidates__c: run.candidates,
    Changes__c: run.changes,
    Writes__c: run.writes,
    Failed_Rows__c: run.failedRows,
    Api_Calls__c: run.apiCalls,
    Summary__c: run.summary,
    Anchors__c: run.anchors,
    Anchors_On__c: run.anchorsOn,
    Settings_Fingerprint__c: run.settingsFingerprint,
    Version__c: run.version,
    Message__c: run.message === '' ? null : run.message,
  } satisfies Partial<Record<FieldPath<typeof KAM_Run__c>, Json>>;
  return { attributes: { type: KAM_Run__c.api }, ...fields };
}

/** What is written of a run that is not over: what is not given stays as it is. */
export function leaseRecord(run: {
  status: 'Running' | 'Done' | 'Partial' | 'Failed' | 'Stopped';
  finishedAt?: Date;
  writes?: number;
  failedRows?: number;
  apiCalls?: number;
  version?: string;
  ref?: string;
  startedAt?: Date;
  holder?: string;
  message?: string;
}): Record_ {
  return {
    Status__c: run.status,
    ...(run.ref === undefined ? {} : { Ref__c: run.ref }),
    ...(run.startedAt === undefined ? {} : { Started_At__c: run.startedAt.toISOString() }),
    ...(run.holder === undefined ? {} : { Holder__c: run.holder.slice(0, KAM_Run__c.fields.Holder__c.length) }),
    ...(run.message === undefined ? {} : { Message__c: run.message.slice(0, 32_000) }),
    ...(run.finishedAt === undefined ? {} : { Finished_At__c: run.finishedAt.toISOString() }),
    ...(run.writes === undefined ? {} : { Writes__c: run.writes }),
    ...(run.failedRows === undefined ? {} : { Failed_Rows__c: run.failedRows }),
    ...(run.apiCalls === undefined ? {} : { Api_Calls__c: run.apiCalls }),
    ...(run.version === undefined ? {} : { Version__c: run.version }),
  } satisfies Partial<Record<FieldPath<typeof KAM_Run__c>, Json>>;
}

/** All runs that say they run, the first created first. */
export const leaseQuery = `SELECT ${select(KAM_Run__c, ['Id', 'Ref__c', 'Holder__c', 'SystemModstamp']).join(', ')} FROM ${KAM_Run__c.api} WHERE Status__c = 'Running' ORDER BY CreatedDate, Id`;

/** The newest run whose anchors still hold on a day: those taken at most a year before. */
export const anchorsQuery = (from: string, until: string): string =>
  `SELECT ${select(KAM_Run__c, ['Anchors__c', 'Anchors_On__c']).join(', ')} FROM ${KAM_Run__c.api} WHERE Anchors_On__c >= ${from} AND Anchors_On__c <= ${until} AND Status__c IN ('Done', 'Partial') ORDER BY Anchors_On__c DESC, Started_At__c DESC LIMIT 1`;

/** The anchors of such a run as text, and the day since which they hold. */
export const anchorsIn = (record: Readonly<Record<string, unknown>>): { text: unknown; since: unknown } => ({
  text: record['Anchors__c'],
  since: record['Anchors_On__c'],
});

export const benefitObject = KAM_Service__mdt.api;
export const benefitFields: string[] = customFields(KAM_Service__mdt);

export const benefitQuery = `SELECT DeveloperName, ${benefitFields.join(', ')} FROM ${benefitObject}`;

/** The service catalogue as customers read it: what is offered, by rank, what has none last. */
export function benefitsIn(records: readonly Readonly<Record<string, unknown>>[]): Benefit[] {
  const textIn = (value: unknown): string | null => (typeof value === 'string' && value.trim() !== '' ? value : null);
  const rankIn = (value: unknown): number => (typeof value === 'number' ? value : Number.MAX_SAFE_INTEGER);
  return records
    .filter((record) => record['Active__c'] === true)
    .toSorted(
      (a, b) =>
        rankIn(a['Rank__c']) - rankIn(b['Rank__c']) ||
        (String(a['DeveloperName']) < String(b['DeveloperName']) ? -1 : 1),
    )
    .map((record) => ({
      key: String(record['DeveloperName']),
      name: { en: textIn(record['Name_En__c']), de: textIn(record['Name_De__c']) },
      text: { en: textIn(record['Text_En__c']), de: textIn(record['Text_De__c']) },
    }))
    .filter(({ name }) => name.en !== null || name.de !== null);
}

/** Everything that preflight looks for: objects, the fields to read, and those to write. */
export type Need = {
  object: string;
  label: string;
  reads: string[];
  writes: string[];
  /** What a run without it does not know; null where there is no run without it. */
  loss: string | null;
};

const productLoss = 'sales are taken from opportunities, and families only from Source_Opportunity_Family_Field__c.';

export const needs: readonly Need[] = [
  {
    object: Account.api,
    label: 'Account',
    reads: accountSources.map(({ path }) => path),
    writes: [...workerWritten],
    loss: null,
  },
  {
    object: Opportunity.api,
    label: 'Opportunity',
    reads: [...new Set([...opportunitySources, ...projectSources].map(({ path }) => path))],
    writes: [],
    loss: null,
  },
  {
    object: OpportunityLineItem.api,
    label: 'Opportunity Product',
    reads: lineSources.map(({ path }) => path).filter((path) => !path.includes('.')),
    writes: [],
    loss: productLoss,
  },
  { object: Product2.api, label: 'Product', reads: ['Family', 'Name'], writes: [], loss: productLoss },
  {
    object: Task.api,
    label: 'Task',
    reads: taskSources.map(({ path }) => path),
    writes: [
      'KAM_Task_Ref__c',
      'WhatId',
      'Subject',
      'Status',
      'Priority',
      'ActivityDate',
      'Description',
      'KAM_Moot__c',
    ],
    loss: null,
  },
  {
    object: familyObject,
    label: 'KAM Potential',
    reads: cellSources.map(({ path }) => path),
    writes: [...workerWrittenOfFamilies],
    loss: null,
  },
  {
    object: Contact.api,
    label: 'Contact',
    reads: contactSources.map(({ path }) => path),
    writes: [],
    loss: 'how broadly we know the people of a customer stays unknown.',
  },
  {
    object: KAM_Agreement__c.api,
    label: 'KAM Agreement',
    reads: agreementSources.map(({ path }) => path),
    writes: [],
    loss: null,
  },
  {
    object: KAM_Commitment__c.api,
    label: 'KAM Commitment',
    reads: commitmentSources.map(({ path }) => path).filter((path) => !path.includes('.')),
    writes: [],
    loss: null,
  },
  {
    object: assessmentObject,
    label: 'KAM Assessment',
    reads: assessmentSources.map(({ path }) => path),
    writes: [...workerWrittenOfHistory],
    loss: null,
  },
  {
    object: KAM_Run__c.api,
    label: 'KAM Run',
    reads: ['Id', 'Status__c', 'Holder__c'],
    writes: [...Object.keys(runUpsert(emptyRun())).filter((name) => name !== 'attributes'), 'Holder__c'],
    loss: null,
  },
  {
    object: KAM_Settings__mdt.api,
    label: 'KAM Settings',
    reads: customFields(KAM_Settings__mdt),
    writes: [],
    loss: null,
  },
  {
    object: KAM_Criterion__mdt.api,
    label: 'KAM Criterion',
    reads: customFields(KAM_Criterion__mdt),
    writes: [],
    loss: null,
  },
  {
    object: KAM_Review_Rule__mdt.api,
    label: 'KAM Review Rule',
    reads: customFields(KAM_Review_Rule__mdt),
    writes: [],
    loss: null,
  },
  {
    object: KAM_Family__mdt.api,
    label: 'KAM Family',
    reads: customFields(KAM_Family__mdt),
    writes: [],
    loss: null,
  },
  {
    object: KAM_Service__mdt.api,
    label: 'KAM Service',
    reads: benefitFields,
    writes: [],
    loss: 'the conversation sheet names nothing that key accounts get.',
  },
];

/** The active user of a name. */
export const activeUserQuery = (username: string): string =>
  `SELECT Id FROM ${User.api} WHERE Username = ${quoted(username)} AND IsActive = true`;

/** Accounts that carry a label today: the admin's own field holds one of these values. */
export function labelledQuery(field: string, is: 'text' | 'picklists' | 'flag', values: readonly string[]): string {
  const wanted = values.map(quoted).join(', ');
  const where = {
    text: `${field} IN (${wanted})`,
    picklists: `${field} INCLUDES (${wanted})`,
    flag: `${field} = true`,
  };
  return `SELECT Id, ${field} FROM ${Account.api} WHERE ${where[is]}`;
}

const quoted = (text: string): string => `'${text.replaceAll(/['\\]/g, String.raw`\$&`)}'`;

/** Whoever can own accounts and has left; users of portals are far more, and own none. */
export const inactiveUsersQuery = `SELECT Id FROM ${User.api} WHERE IsActive = false AND UserType NOT IN ('CspLitePortal', 'CustomerSuccess', 'PowerCustomerSuccess', 'Guest')`;

/** Fields of people whom every rule can name without a setting. */
export const ownOwners: readonly string[] = ['OwnerId', 'KAM_Manager__c'] satisfies FieldPath<typeof Account>[];

export const userObject = User.api;
export const lineObject = OpportunityLineItem.api;
export const taskObject = Task.api;
export const runObject = KAM_Run__c.api;
export const accountObject = Account.api;
export const opportunityObject = Opportunity.api;
export const productObject = Product2.api;
export const contactObject = Contact.api;
export const contactFields: readonly string[] = contactSources.map(({ path }) => path);
export const relationObject = 'AccountContactRelation';
export const teammateObject = 'AccountTeamMember';
export const serviceObjects: Record<ServiceKind, string> = { visit: Event.api, call: Task.api, case: Case.api };

function customFields(object: SObject): string[] {
  return Object.keys(object.fields).filter((name) => name.endsWith('__c'));
}

function emptyRun(): RunRecord {
  return {
    ref: '',
    asOf: '',
    startedAt: '',
    finishedAt: '',
    status: 'Done',
    accounts: 0,
    groups: 0,
    candidates: 0,
    changes: 0,
    writes: 0,
    failedRows: 0,
    apiCalls: 0,
    summary: '',
    anchors: '',
    anchorsOn: '',
    settingsFingerprint: '',
    version: '',
    message: '',
  };
}

/** Custom metadata types in the order that they are read, with the query of each. */
const metadataTypes = [KAM_Settings__mdt, KAM_Criterion__mdt, KAM_Review_Rule__mdt, KAM_Family__mdt] as const;

export const metadataQueries = metadataTypes.map((type) => ({
  type: type.api,
  soql: `SELECT DeveloperName, MasterLabel, ${customFields(type).join(', ')} FROM ${type.api}`,
}));

export type MetadataRecord = { type: string; developerName: string; values: Readonly<Record<string, unknown>> };

/** The record and field that hold one setting. */
export type SettingPlace = { type: string; developerName: string; field: string };

/** `segment.minimumRevenue` stands in `Segment_Minimum_Revenue__c`: words of the path, capitalised, joined. */
const fieldNameOf = (path: readonly string[]): string =>
  `${path.map((part) => part.replaceAll(/([a-z])([A-Z])/g, '$1_$2').replaceAll(/(^|_)([a-z])/g, (_, before: string, letter: string) => `${before}${letter.toUpperCase()}`)).join('_')}__c`;

const developerNameOf = (word: string): string => fieldNameOf([word]).slice(0, -'__c'.length);

/** Where a setting stands; a family's record is known only by its place in the list. */
export function placeOf(key: string): SettingPlace {
  const [head = '', ...rest] = key.split('.');
  switch (head) {
    case 'criterion':
      return {
        type: KAM_Criterion__mdt.api,
        developerName: developerNameOf(rest[0] ?? ''),
        field: fieldNameOf(rest.slice(1)),
      };
    case 'review':
      return {
        type: KAM_Review_Rule__mdt.api,
        developerName: developerNameOf(rest[0] ?? ''),
        field: fieldNameOf(rest.slice(1)),
      };
    case 'families':
      return { type: KAM_Family__mdt.api, developerName: '', field: fieldNameOf(rest) };
    default:
      return { type: KAM_Settings__mdt.api, developerName: 'Default', field: fieldNameOf([head, ...rest]) };
  }
}

/**
 * Settings as the method's parser takes them, from the records as they were read.
 *
 * Shape:  nested by key; an empty field is left out, so that it takes its default, but for those that may be empty.
 * Units:  percent fields to fractions; money stays in whole currency units.
 */
export function rawSettings(records: readonly MetadataRecord[]): Record<string, unknown> {
  const raw: Record<string, unknown> = {};
  for (const key of settingKeys().filter(({ key: path }) => !path.startsWith('families.'))) {
    const place = placeOf(key.key);
    const record = records.find(
      ({ type, developerName }) => type === place.type && developerName === place.developerName,
    );
    if (record !== undefined) put(raw, key.key.split('.'), inside(key, record.values[place.field]));
  }
  const familyKeys = settingKeys().filter(({ key }) => key.startsWith('families.'));
  raw['families'] = familyRecords(records).map((record) => {
    const family: Record<string, unknown> = {};
    for (const key of familyKeys)
      put(family, key.key.split('.').slice(1), inside(key, record.values[placeOf(key.key).field]));
    return family;
  });
  return raw;
}

const familyRecords = (records: readonly MetadataRecord[]): MetadataRecord[] =>
  records.filter(({ type }) => type === KAM_Family__mdt.api);

function put(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  if (value === undefined) return;
  const [head = '', ...rest] = path;
  if (rest.length === 0) {
    target[head] = value;
    return;
  }
  const inner = target[head];
  const next: Record<string, unknown> = isObject(inner) ? inner : {};
  target[head] = next;
  put(next, rest, value);
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** One field's value in our units; an empty one is null where the setting may be empty, else it takes its default. */
function inside(key: SettingKey, value: unknown): unknown {
  if (value === null || value === undefined) return key.nullable ? null : undefined;
  if (isPercent(key) && typeof value === 'number') return value / 100;
  if (key.kind === 'choice')
    return key.choices.find((choice) => choice.toLowerCase() === String(value).toLowerCase()) ?? value;
  return value;
}

const fractionCriteria: readonly ScoreCriterion[] = ['breadth', 'growth'];

/** Shares are percent in the CRM, and so are the anchors of the criteria that are shares. */
export const isPercent = ({ key, kind }: SettingKey): boolean =>
  kind === 'fraction' || (kind === 'anchor' && fractionCriteria.some((name) => key.startsWith(`criterion.${name}.`)));

/** The type of a metadata record, and the field of it that holds a setting. */
export function metadataType(api: string): SObject {
  const type = metadataTypes.find((each) => each.api === api);
  if (type === undefined) throw new Error(`${api} is no metadata type of this package.`);
  return type;
}

export const familyType = KAM_Family__mdt.api;

/** A product family as a record that says nothing but its name: all else takes its default. */
export const familyRecord = (developerName: string, family: string): MetadataRecord => ({
  type: familyType,
  developerName,
  values: {
    ...Object.fromEntries(customFields(KAM_Family__mdt).map((field) => [field, null])),
    MasterLabel: family.slice(0, 40),
    [placeOf('families.family').field]: family,
    [placeOf('families.inScope').field]: true,
  },
});

/** A problem in the admin's own words: value as entered, record and field, what was expected. */
export function problemText(problem: SettingsProblem, records: readonly MetadataRecord[]): string {
  const [head, index] = problem.path;
  const family = head === 'families' && typeof index === 'number' ? familyRecords(records)[index] : undefined;
  const path = problem.path.filter((part) => typeof part === 'string').join('.');
  const place = placeOf(path);
  const developerName = family?.developerName ?? place.developerName;
  const key = settingKeys().find((each) => each.key === path);
  const record = family ?? records.find((each) => each.type === place.type && each.developerName === developerName);
  const entered = record?.values[place.field] ?? null;
  const shown = entered === null ? 'Nothing' : String(entered);
  const expected = key !== undefined && isPercent(key) ? asPercent(problem.expected) : problem.expected;
  return `“${shown}” in ${place.type.replace('__mdt', '')}.${developerName} (${place.field}): expected ${expected}.`;
}

/** The bounds of a share, as the percent that the admin enters. */
const asPercent = (expected: string): string =>
  expected.replaceAll(/-?\d+(\.\d+)?/g, (number) => `${Number((Number(number) * 100).toFixed(6))} %`);
