/** The standard objects that the product touches, as data: the fields that matter, as Salesforce describes them. */
import type { FieldDefinition, FieldType, ObjectDefinition, PicklistValue } from './model.js';

type Options = Partial<Omit<FieldDefinition, 'api' | 'type' | 'custom' | 'values' | 'referenceTo'>> & {
  values?: readonly string[];
  referenceTo?: string | readonly string[];
};

const field = (api: string, type: FieldType, options: Options = {}): FieldDefinition => {
  const { values, referenceTo, ...rest } = options;
  const calculated = rest.calculated ?? false;
  return {
    api,
    label: rest.label ?? labelOf(api),
    type,
    required: false,
    unique: false,
    caseSensitive: false,
    externalId: false,
    createable: !calculated,
    updateable: !calculated,
    calculated,
    custom: false,
    ...rest,
    ...(values === undefined
      ? {}
      : {
          values: values.map((value): PicklistValue => ({
            api: value,
            label: value,
            isDefault: value === rest.defaultValue,
          })),
        }),
    ...(referenceTo === undefined
      ? {}
      : { referenceTo: typeof referenceTo === 'string' ? [referenceTo] : referenceTo }),
  };
};

const labelOf = (api: string): string => api.replace(/Id$/, '').replace(/([a-z])([A-Z])/g, '$1 $2');

const text = (api: string, length: number, options: Options = {}): FieldDefinition =>
  field(api, 'Text', { length, ...options });
const computedText = (api: string, length: number): FieldDefinition => text(api, length, { calculated: true });
const picklist = (api: string, values: readonly string[], options: Options = {}): FieldDefinition =>
  field(api, 'Picklist', { length: 255, restricted: false, values, ...options });
const number = (api: string, precision: number, scale: number, options: Options = {}): FieldDefinition =>
  field(api, 'Number', { precision, scale, ...options });
const money = (api: string, options: Options = {}): FieldDefinition =>
  field(api, 'Currency', { precision: 18, scale: 2, ...options });
const flag = (api: string, options: Options = {}): FieldDefinition =>
  field(api, 'Checkbox', { defaultValue: 'false', ...options });
const lookup = (
  api: string,
  referenceTo: string | readonly string[],
  relationshipName: string,
  childRelationshipName?: string,
  options: Options = {},
): FieldDefinition =>
  field(api, 'Lookup', {
    referenceTo,
    relationshipName,
    ...(childRelationshipName === undefined ? {} : { childRelationshipName }),
    ...options,
  });

/** The fields that the platform keeps on every record. */
export const systemFields: readonly FieldDefinition[] = [
  field('Id', 'Id', { length: 18, calculated: true }),
  flag('IsDeleted', { calculated: true }),
  field('CreatedDate', 'DateTime', { calculated: true }),
  lookup('CreatedById', 'User', 'CreatedBy', undefined, { calculated: true }),
  field('LastModifiedDate', 'DateTime', { calculated: true }),
  lookup('LastModifiedById', 'User', 'LastModifiedBy', undefined, { calculated: true }),
  field('SystemModstamp', 'DateTime', { calculated: true }),
];

const owner = lookup('OwnerId', 'User', 'Owner');

const address = (prefix: string): FieldDefinition[] => [
  field(`${prefix}Street`, 'TextArea', { length: 255 }),
  text(`${prefix}City`, 40),
  text(`${prefix}State`, 80),
  text(`${prefix}PostalCode`, 20),
  text(`${prefix}Country`, 80),
];

const object = (
  api: string,
  keyPrefix: string,
  fields: readonly FieldDefinition[],
  options: Partial<Pick<ObjectDefinition, 'label' | 'pluralLabel' | 'createable' | 'updateable' | 'deletable'>> = {},
): ObjectDefinition => {
  const label = options.label ?? labelOf(api);
  return {
    api,
    label,
    pluralLabel: options.pluralLabel ?? `${label}s`,
    keyPrefix,
    kind: 'standard',
    createable: options.createable ?? true,
    updateable: options.updateable ?? true,
    deletable: options.deletable ?? true,
    fields: Object.fromEntries([...systemFields, ...fields].map((each) => [each.api, each])),
  };
};

const setup = { createable: false, updateable: false, deletable: false };

const industries = [
  'Agriculture', 'Apparel', 'Banking', 'Biotechnology', 'Chemicals', 'Communications', 'Construction', 'Consulting',
  'Education', 'Electronics', 'Energy', 'Engineering', 'Entertainment', 'Environmental', 'Finance', 'Food & Beverage',
  'Government', 'Healthcare', 'Hospitality', 'Insurance', 'Machinery', 'Manufacturing', 'Media', 'Not For Profit',
  'Other', 'Recreation', 'Retail', 'Shipping', 'Technology', 'Telecommunications', 'Transportation', 'Utilities',
]; // prettier-ignore

/** Stages of a new org: name, whether closed, whether won, probability in percent, forecast category. */
export const opportunityStages = [
  ['Prospecting', false, false, 10, 'Pipeline'],
  ['Qualification', false, false, 10, 'Pipeline'],
  ['Needs Analysis', false, false, 20, 'Pipeline'],
  ['Value Proposition', false, false, 50, 'Pipeline'],
  ['Id. Decision Makers', false, false, 60, 'Pipeline'],
  ['Perception Analysis', false, false, 70, 'Pipeline'],
  ['Proposal/Price Quote', false, false, 75, 'Pipeline'],
  ['Negotiation/Review', false, false, 90, 'Pipeline'],
  ['Closed Won', true, true, 100, 'Closed'],
  ['Closed Lost', true, false, 0, 'Omitted'],
] as const;

const taskStatuses = ['Not Started', 'In Progress', 'Completed', 'Waiting on someone else', 'Deferred'];

const activityParents = ['Account', 'Opportunity', 'Case', 'Product2'];

const account = object('Account', '001', [
  text('Name', 255, { required: true, label: 'Account Name' }),
  lookup('MasterRecordId', 'Account', 'MasterRecord', undefined, { calculated: true }),
  picklist('Type', [
    'Prospect',
    'Customer - Direct',
    'Customer - Channel',
    'Channel Partner / Reseller',
    'Installation Partner',
    'Technology Partner',
    'Other',
  ]),
  lookup('ParentId', 'Account', 'Parent', 'ChildAccounts', { label: 'Parent Account' }),
  ...address('Billing'),
  ...address('Shipping'),
  field('Phone', 'Phone', { length: 40 }),
  field('Website', 'Url', { length: 255 }),
  text('AccountNumber', 40),
  text('Site', 80),
  picklist('Industry', industries),
  money('AnnualRevenue', { precision: 18, scale: 0 }),
  number('NumberOfEmployees', 8, 0, { label: 'Employees' }),
  picklist('Ownership', ['Public', 'Private', 'Subsidiary', 'Other']),
  picklist('Rating', ['Hot', 'Warm', 'Cold']),
  picklist('AccountSource', ['Web', 'Phone Inquiry', 'Partner Referral', 'Purchased List', 'Other']),
  field('Description', 'LongTextArea', { length: 32_000 }),
  owner,
]);

const contact = object('Contact', '003', [
  lookup('MasterRecordId', 'Contact', 'MasterRecord', undefined, { calculated: true }),
  lookup('AccountId', 'Account', 'Account', 'Contacts'),
  text('LastName', 80, { required: true }),
  text('FirstName', 40),
  computedText('Name', 121),
  text('Title', 128),
  text('Department', 80),
  field('Email', 'Email', { length: 80 }),
  field('Phone', 'Phone', { length: 40 }),
  lookup('ReportsToId', 'Contact', 'ReportsTo', 'Contacts'),
  field('LastActivityDate', 'Date', { calculated: true, label: 'Last Activity' }),
  ...address('Mailing'),
  field('Description', 'LongTextArea', { length: 32_000 }),
  owner,
]);

const caseObject = object('Case', '500', [
  field('CaseNumber', 'AutoNumber', { displayFormat: '{00000000}', calculated: true, length: 30 }),
  lookup('AccountId', 'Account', 'Account', 'Cases'),
  lookup('ContactId', 'Contact', 'Contact', 'Cases'),
  text('Subject', 255),
  picklist('Status', ['New', 'Working', 'Escalated', 'Closed'], { defaultValue: 'New' }),
  picklist('Priority', ['High', 'Medium', 'Low'], { defaultValue: 'Medium' }),
  picklist('Origin', ['Phone', 'Email', 'Web']),
  flag('IsClosed', { calculated: true }),
  field('Description', 'LongTextArea', { length: 32_000 }),
  owner,
]);

const opportunity = object(
  'Opportunity',
  '006',
  [
    lookup('AccountId', 'Account', 'Account', 'Opportunities'),
    text('Name', 120, { required: true, label: 'Opportunity Name' }),
    field('Description', 'LongTextArea', { length: 32_000 }),
    picklist(
      'StageName',
      opportunityStages.map(([name]) => name),
      { required: true, label: 'Stage' },
    ),
    money('Amount'),
    field('Probability', 'Percent', { precision: 3, scale: 0 }),
    field('CloseDate', 'Date', { required: true }),
    picklist('Type', [
      'Existing Customer - Upgrade',
      'Existing Customer - Replacement',
      'Existing Customer - Downgrade',
      'New Customer',
    ]),
    text('NextStep', 255),
    picklist('LeadSource', ['Web', 'Phone Inquiry', 'Partner Referral', 'Purchased List', 'Other']),
    flag('IsClosed', { calculated: true }),
    flag('IsWon', { calculated: true }),
    picklist('ForecastCategoryName', ['Omitted', 'Pipeline', 'Best Case', 'Commit', 'Closed'], { calculated: true }),
    flag('HasOpportunityLineItem', { calculated: true }),
    lookup('Pricebook2Id', 'Pricebook2', 'Pricebook2', 'Opportunities'),
    owner,
  ],
  { pluralLabel: 'Opportunities' },
);

const opportunityLineItem = object(
  'OpportunityLineItem',
  '00k',
  [
    field('OpportunityId', 'MasterDetail', {
      referenceTo: 'Opportunity',
      relationshipName: 'Opportunity',
      childRelationshipName: 'OpportunityLineItems',
      required: true,
      updateable: false,
    }),
    number('SortOrder', 9, 0),
    lookup('PricebookEntryId', 'PricebookEntry', 'PricebookEntry', 'OpportunityLineItems', { updateable: false }),
    lookup('Product2Id', 'Product2', 'Product2', 'OpportunityLineItems', { updateable: false }),
    text('ProductCode', 255, { calculated: true }),
    text('Name', 376, { calculated: true }),
    number('Quantity', 12, 2, { required: true }),
    money('UnitPrice', { label: 'Sales Price' }),
    money('TotalPrice'),
    money('ListPrice', { calculated: true }),
    field('ServiceDate', 'Date'),
    text('Description', 255),
  ],
  { label: 'Opportunity Product', pluralLabel: 'Opportunity Products' },
);

const opportunityStage = object(
  'OpportunityStage',
  '01J',
  [
    text('MasterLabel', 255),
    text('ApiName', 255),
    flag('IsActive'),
    number('SortOrder', 9, 0),
    flag('IsClosed'),
    flag('IsWon'),
    field('DefaultProbability', 'Percent', { precision: 3, scale: 0 }),
    text('ForecastCategoryName', 255),
  ],
  setup,
);

const product2 = object(
  'Product2',
  '01t',
  [
    text('Name', 255, { required: true, label: 'Product Name' }),
    text('ProductCode', 255),
    field('Description', 'TextArea', { length: 4000 }),
    flag('IsActive'),
    picklist('Family', ['None'], { label: 'Product Family' }),
    text('StockKeepingUnit', 180),
  ],
  { label: 'Product', pluralLabel: 'Products' },
);

const pricebook2 = object(
  'Pricebook2',
  '01s',
  [
    text('Name', 255, { required: true, label: 'Price Book Name' }),
    flag('IsActive'),
    flag('IsStandard', { calculated: true }),
    text('Description', 255),
  ],
  { label: 'Price Book', pluralLabel: 'Price Books' },
);

const pricebookEntry = object(
  'PricebookEntry',
  '01u',
  [
    computedText('Name', 255),
    lookup('Pricebook2Id', 'Pricebook2', 'Pricebook2', 'PricebookEntries', { required: true, updateable: false }),
    lookup('Product2Id', 'Product2', 'Product2', 'PricebookEntries', { required: true, updateable: false }),
    money('UnitPrice', { required: true, label: 'List Price' }),
    flag('IsActive'),
    flag('UseStandardPrice'),
    computedText('ProductCode', 255),
  ],
  { label: 'Price Book Entry', pluralLabel: 'Price Book Entries' },
);

const task = object('Task', '00T', [
  lookup('WhoId', ['Contact'], 'Who', 'Tasks', { label: 'Name' }),
  lookup('WhatId', activityParents, 'What', 'Tasks', { label: 'Related To' }),
  lookup('AccountId', 'Account', 'Account', undefined, { calculated: true }),
  text('Subject', 255),
  field('ActivityDate', 'Date', { label: 'Due Date Only' }),
  picklist('Status', taskStatuses, { defaultValue: 'Not Started', required: true }),
  picklist('Priority', ['High', 'Normal', 'Low'], { defaultValue: 'Normal', required: true }),
  field('Description', 'LongTextArea', { length: 32_000, label: 'Comments' }),
  flag('IsClosed', { calculated: true }),
  flag('IsHighPriority', { calculated: true }),
  picklist('TaskSubtype', ['Task', 'Email', 'Call'], { defaultValue: 'Task', updateable: false }),
  owner,
]);

const event = object('Event', '00U', [
  lookup('WhoId', ['Contact'], 'Who', 'Events', { label: 'Name' }),
  lookup('WhatId', activityParents, 'What', 'Events', { label: 'Related To' }),
  lookup('AccountId', 'Account', 'Account', undefined, { calculated: true }),
  text('Subject', 255),
  field('StartDateTime', 'DateTime', { required: true }),
  field('EndDateTime', 'DateTime', { required: true }),
  text('Location', 255),
  field('Description', 'LongTextArea', { length: 32_000 }),
  owner,
]);

const user = object('User', '005', [
  text('Username', 80, { required: true, unique: true }),
  text('LastName', 80, { required: true }),
  text('FirstName', 40),
  computedText('Name', 121),
  field('Email', 'Email', { length: 128, required: true }),
  text('Alias', 8, { required: true }),
  flag('IsActive'),
  picklist('UserType', ['Standard'], { calculated: true }),
  lookup('ProfileId', 'Profile', 'Profile', 'Users'),
  text('TimeZoneSidKey', 40),
  text('LocaleSidKey', 40),
  text('LanguageLocaleKey', 40),
]);

const profile = object('Profile', '00e', [text('Name', 255), text('UserType', 40)], setup);

const organization = object(
  'Organization',
  '00D',
  [
    text('Name', 80),
    text('InstanceName', 5),
    flag('IsSandbox'),
    text('OrganizationType', 40),
    field('TrialExpirationDate', 'DateTime'),
    text('NamespacePrefix', 15),
    text('LanguageLocaleKey', 40),
    text('TimeZoneSidKey', 40),
    number('FiscalYearStartMonth', 2, 0),
  ],
  setup,
);

const permissionSet = object(
  'PermissionSet',
  '0PS',
  [text('Name', 80), text('Label', 80), flag('IsCustom'), flag('IsOwnedByProfile'), text('NamespacePrefix', 15)],
  setup,
);

const permissionSetAssignment = object('PermissionSetAssignment', '0Pa', [
  lookup('AssigneeId', 'User', 'Assignee', 'PermissionSetAssignments', { required: true, updateable: false }),
  lookup('PermissionSetId', 'PermissionSet', 'PermissionSet', 'Assignments', { required: true, updateable: false }),
]);

/** An org with several currencies: each record's own, the rates of today, and those of a day. */
export const currencyIsoCode = picklist('CurrencyIsoCode', ['AUD', 'CAD', 'CHF', 'CNY', 'CZK', 'DKK', 'EUR', 'GBP', 'HUF', 'JPY', 'NOK', 'PLN', 'SEK', 'USD'], { restricted: true, label: 'Currency ISO Code' }); // prettier-ignore

export const currencyObjects: readonly ObjectDefinition[] = [
  object(
    'CurrencyType',
    '01L',
    [
      text('IsoCode', 3, { required: true, unique: true, updateable: false }),
      number('ConversionRate', 18, 6, { required: true }),
      number('DecimalPlaces', 1, 0, { required: true }),
      flag('IsActive'),
      flag('IsCorporate'),
    ],
    { deletable: false },
  ),
  object('DatedConversionRate', '04w', [
    text('IsoCode', 3, { required: true, updateable: false }),
    field('StartDate', 'Date', { required: true, updateable: false }),
    field('NextStartDate', 'Date', { calculated: true }),
    number('ConversionRate', 18, 6, { required: true }),
  ]),
];

/** An org whose accounts may be people: each such account has a contact of its own. */
export const recordType = object(
  'RecordType',
  '012',
  [text('Name', 80), text('DeveloperName', 80), text('SobjectType', 40), flag('IsActive'), flag('IsPersonType')],
  setup,
);

export const personAccountFields: readonly FieldDefinition[] = [
  lookup('RecordTypeId', 'RecordType', 'RecordType'),
  flag('IsPersonAccount', { calculated: true }),
  text('LastName', 80),
  text('FirstName', 40),
  lookup('PersonContactId', 'Contact', 'PersonContact', undefined, { calculated: true }),
  field('PersonEmail', 'Email', { length: 80 }),
];

/** Contacts of several accounts: the one of their own, which is direct, and others. */
export const accountContactRelation = object('AccountContactRelation', '07k', [
  lookup('AccountId', 'Account', 'Account', 'AccountContactRelations', { required: true, updateable: false }),
  lookup('ContactId', 'Contact', 'Contact', 'AccountContactRelations', { required: true, updateable: false }),
  flag('IsActive', { defaultValue: 'true' }),
  flag('IsDirect', { calculated: true }),
  field('StartDate', 'Date'),
  field('EndDate', 'Date'),
]);

/** Who else of our own people cares for an account. */
export const accountTeamMember = object('AccountTeamMember', '01M', [
  lookup('AccountId', 'Account', 'Account', 'AccountTeamMembers', { required: true, updateable: false }),
  lookup('UserId', 'User', 'User', 'AccountTeamMembers', { required: true, updateable: false }),
  picklist('TeamMemberRole', ['Account Manager', 'Executive Sponsor', 'Sales Rep', 'Pre-Sales Consultant']),
]);

export const personContactFields: readonly FieldDefinition[] = [flag('IsPersonAccount', { calculated: true })];

export const standardObjects: readonly ObjectDefinition[] = [
  account,
  contact,
  caseObject,
  opportunity,
  opportunityLineItem,
  opportunityStage,
  product2,
  pricebook2,
  pricebookEntry,
  task,
  event,
  user,
  profile,
  organization,
  permissionSet,
  permissionSetAssignment,
];
