/** What an org would refuse, or a user would miss, in apps, record pages and list views. */
import type { FieldDefinition, ObjectDefinition, PermissionSetDefinition } from '../../src/schema/model.js';
import type { XmlElement } from '../../src/schema/xml.js';

export type PageComponent = { kind: string; name: string; path: string; xml: XmlElement };

type Org = { objects: readonly ObjectDefinition[]; permissionSets: readonly PermissionSetDefinition[] };

export function pageFaults(components: readonly PageComponent[], org: Org): string[] {
  const of = (kind: string): PageComponent[] => components.filter((component) => component.kind === kind);
  const faultsOf = (list: PageComponent[], faults: (component: PageComponent) => string[]): string[] =>
    list.flatMap((component) => faults(component).map((fault) => `${component.path}: ${fault}`));
  return [
    ...faultsOf(of('CustomApplication'), (app) => appFaults(app, components)),
    ...faultsOf(of('FlexiPage'), (page) => recordPageFaults(page, components, org)),
    ...faultsOf(of('ListView'), (view) => listViewFaults(view, org.objects)),
  ];
}

const texts = (xml: XmlElement, name: string): string[] => xml.all(name).map(({ text }) => text);
const repeated = (names: readonly string[]): string[] => [
  ...new Set(names.filter((name, index) => names.indexOf(name) !== index)),
];

/** Tabs that every org with sales has. */
const standardTabs = ['standard-Account', 'standard-Contact', 'standard-Opportunity', 'standard-Task', 'standard-report'];

function appFaults({ name, xml }: PageComponent, components: readonly PageComponent[]): string[] {
  const named = (kind: string): PageComponent[] => components.filter((one) => one.kind === kind);
  const tabs = texts(xml, 'tabs');
  const known = [...standardTabs, ...named('CustomTab').map((tab) => tab.name)];
  const isVisible = named('PermissionSet').some((set) =>
    set.xml
      .all('applicationVisibilities')
      .some((one) => one.string('application') === name && one.string('visible') === 'true'),
  );
  return [
    ...(xml.string('uiType') === 'Lightning' ? [] : ['is no Lightning app']),
    ...(texts(xml, 'formFactors').includes('Large') ? [] : ['has no desktop']),
    ...(xml.string('description') === undefined ? ['description is missing'] : []),
    ...tabs.filter((tab) => !known.includes(tab)).map((tab) => `no tab ${tab}`),
    ...repeated(tabs).map((tab) => `tab ${tab} stands twice`),
    ...named('CustomTab')
      .filter((tab) => !tabs.includes(tab.name))
      .map((tab) => `tab ${tab.name} is not in the app`),
    ...(isVisible ? [] : ['no permission set lets anybody see it']),
    ...xml.all('actionOverrides').flatMap((override) => overrideFaults(override, named('FlexiPage'))),
  ];
}

/** Pages are activated in the app alone: the org's default pages are the admin's. */
function overrideFaults(override: XmlElement, pages: readonly PageComponent[]): string[] {
  const [content, object] = [override.string('content'), override.string('pageOrSobjectType')];
  const page = pages.find(({ name }) => name === content);
  if (page === undefined) return [`no page ${content}`];
  return [
    ...(override.string('actionName') === 'View' && override.string('type') === 'Flexipage'
      ? []
      : ['overrides something else than View by a page']),
    ...(page.xml.string('sobjectType') === object ? [] : [`${content} is no page of ${object}`]),
  ];
}

/** Templates of record pages, and their regions. */
const templates: Readonly<Record<string, readonly string[]>> = {
  'flexipage:recordHomeTemplateDesktop': ['header', 'main', 'sidebar'],
};

/** Standard components in use, and the properties that each must be given; those that name a facet come by `facets`. */
const standardComponents: Readonly<Record<string, readonly string[]>> = {
  'flexipage:column': ['body'],
  'flexipage:fieldSection': ['columns', 'horizontalAlignment', 'label'],
  'flexipage:tab': ['active', 'body', 'title'],
  'flexipage:tabset': ['tabs'],
  'force:detailPanel': [],
  'force:highlightsPanel': [],
  'force:relatedListContainer': [],
  'lst:dynamicRelatedList': [
    'actionNames',
    'adminFilters',
    'maxRecordsToDisplay',
    'parentFieldApiName',
    'relatedListApiName',
    'relatedListDisplayType',
    'relatedListFieldAliases',
    'relatedListLabel',
    'showActionBar',
    'sortFieldAlias',
    'sortFieldOrder',
  ],
  'runtime_sales_activities:activityPanel': ['showLegacyActivityComposer'],
};
const facets = ['body', 'columns', 'tabs'];

/** The worker's own memory, which says nothing to people. */
const memory = ['KAM_Rated_As__c', 'KAM_Task_Refs__c'];

function recordPageFaults({ name, xml }: PageComponent, components: readonly PageComponent[], org: Org): string[] {
  const object = org.objects.find(({ api }) => api === xml.string('sobjectType'));
  if (object === undefined) return [`no object ${xml.string('sobjectType')}`];
  const template = xml.one('template')?.string('name') ?? '';
  const regions = xml.all('flexiPageRegions');
  const items = regions.flatMap((region) => region.all('itemInstances'));
  const instances = items.flatMap((item) => item.all('componentInstance'));
  const placed = items.flatMap((item) => item.all('fieldInstance'));
  const identifiers = [...instances, ...placed].map((one) => one.string('identifier') ?? '');
  const activated = components
    .filter(({ kind }) => kind === 'CustomApplication')
    .flatMap((app) => app.xml.all('actionOverrides').map((override) => override.string('content')));
  return [
    ...(xml.string('type') === 'RecordPage' ? [] : ['is no record page']),
    ...(activated.includes(name) ? [] : ['no app shows it']),
    ...regionFaults(regions, instances, template),
    ...identifiers.filter((id) => id === '').map(() => 'an item has no identifier'),
    ...repeated(identifiers).map((id) => `identifier ${id} stands twice`),
    ...items.filter(({ children }) => children.length !== 1).map(() => 'an itemInstances does not hold one thing'),
    ...instances.flatMap((instance) => componentFaults(instance, object, org.objects)),
    ...fieldFaults(placed, object, org.permissionSets),
  ];
}

function regionFaults(regions: readonly XmlElement[], instances: readonly XmlElement[], template: string): string[] {
  const wanted = templates[template];
  if (wanted === undefined) return [`template ${template} is not in use here`];
  const named = (type: string): string[] =>
    regions.filter((region) => region.string('type') === type).map((region) => region.string('name') ?? '');
  const used = instances.flatMap((instance) => facets.flatMap((facet) => propertyOf(instance, facet) ?? []));
  return [
    ...named('Region')
      .filter((region) => !wanted.includes(region))
      .map((region) => `the template has no region ${region}`),
    ...wanted.filter((region) => !named('Region').includes(region)).map((region) => `region ${region} is missing`),
    ...repeated(regions.map((region) => region.string('name') ?? '')).map((region) => `region ${region} stands twice`),
    ...used.filter((facet) => !named('Facet').includes(facet)).map((facet) => `no facet ${facet}`),
    ...named('Facet')
      .filter((facet) => used.filter((one) => one === facet).length !== 1)
      .map((facet) => `facet ${facet} is not used once`),
  ];
}

function propertyOf(instance: XmlElement, name: string): string | undefined {
  return instance
    .all('componentInstanceProperties')
    .find((property) => property.string('name') === name)
    ?.string('value');
}

function componentFaults(instance: XmlElement, object: ObjectDefinition, objects: readonly ObjectDefinition[]): string[] {
  const component = instance.string('componentName') ?? '';
  const wanted = standardComponents[component];
  if (wanted === undefined) return [`component ${component} is not in use here`];
  const given = instance.all('componentInstanceProperties').map((property) => property.string('name') ?? '');
  const where = instance.string('identifier');
  return [
    ...wanted.filter((name) => !given.includes(name)).map((name) => `${where}: ${name} is missing`),
    ...given.filter((name) => !wanted.includes(name)).map((name) => `${where}: ${component} has no ${name}`),
    ...(component === 'lst:dynamicRelatedList' ? relatedListFaults(instance, object, objects) : []),
  ];
}

function relatedListFaults(
  instance: XmlElement,
  object: ObjectDefinition,
  objects: readonly ObjectDefinition[],
): string[] {
  const list = propertyOf(instance, 'relatedListApiName') ?? '';
  const child = objects.find(({ fields }) =>
    Object.values(fields).some(
      ({ referenceTo, childRelationshipName }) =>
        referenceTo?.includes(object.api) === true && childRelationshipName === list,
    ),
  );
  if (child === undefined) return [`no list ${list} of ${object.api}`];
  const columns = instance
    .all('componentInstanceProperties')
    .filter((property) => property.string('name') === 'relatedListFieldAliases')
    .flatMap((property) => property.all('valueList'))
    .flatMap((values) => values.all('valueListItems'))
    .map((item) => item.string('value') ?? '');
  const sorted = propertyOf(instance, 'sortFieldAlias') ?? '';
  return [
    ...(propertyOf(instance, 'parentFieldApiName') === `${object.api}.Id` ? [] : [`${list} hangs on another record`]),
    ...[...columns, ...(sorted === '__DEFAULT__' ? [] : [sorted])]
      .filter((column) => column !== 'NAME' && child.fields[column] === undefined)
      .map((column) => `${list}: no field ${column}`),
  ];
}

/** Every field of ours is there once, and can be edited where the users' permission set lets it be. */
function fieldFaults(
  placed: readonly XmlElement[],
  object: ObjectDefinition,
  permissionSets: readonly PermissionSetDefinition[],
): string[] {
  const user = permissionSets.find(({ api }) => api === 'KAM_User');
  const shown = placed.map((field) => ({
    api: (field.string('fieldItem') ?? '').replace(/^Record\./, ''),
    behavior: field.all('fieldInstanceProperties').map((property) => property.string('value') ?? '').join(),
  }));
  const names = shown.map(({ api }) => api);
  const own = Object.values(object.fields).filter(({ custom }) => custom);
  return [
    ...names.filter((api) => object.fields[api] === undefined).map((api) => `no field ${api}`),
    ...repeated(names).map((api) => `${api} is on it twice`),
    ...own.filter(({ api }) => !names.includes(api) && !memory.includes(api)).map(({ api }) => `${api} is not on it`),
    ...memory.filter((api) => names.includes(api)).map((api) => `${api} says nothing to people`),
    ...shown.flatMap(({ api, behavior }) => {
      const wanted = user?.fields[`${object.api}.${api}`]?.editable === true ? 'none' : 'readonly';
      return object.fields[api] === undefined || behavior === wanted ? [] : [`${api} is ${behavior}, not ${wanted}`];
    }),
  ];
}

/** Standard columns by the names that list views have for them; everything else is a field. */
const listColumns: Readonly<Record<string, readonly string[]>> = {
  Account: ['ACCOUNT.NAME', 'ACCOUNT.INDUSTRY', 'ACCOUNT.ADDRESS1_COUNTRY_CODE', 'CORE.USERS.ALIAS'],
};
const customColumns = ['NAME', 'CREATED_DATE', 'LAST_UPDATE', 'OWNER.ALIAS'];

/** Salesforce shows at most so many. */
const MOST_COLUMNS = 15;
const MOST_FILTERS = 10;

function listViewFaults({ name, xml }: PageComponent, objects: readonly ObjectDefinition[]): string[] {
  const [objectName = '', api = ''] = name.split('.');
  const fields = objects.find((one) => one.api === objectName)?.fields ?? {};
  const standard = listColumns[objectName] ?? customColumns;
  const columns = texts(xml, 'columns');
  const filters = xml.all('filters');
  const used = [...columns, ...filters.map((filter) => filter.required('field'))];
  const label = xml.string('label') ?? '';
  return [
    ...(xml.string('fullName') === api ? [] : [`fullName ${xml.string('fullName')} is not the name of the file`]),
    ...(objectName.startsWith('KAM_') || label.startsWith('KAM ')
      ? []
      : [`label "${label}" does not start with KAM, so our lists do not sort together`]),
    ...used.filter((field) => !standard.includes(field) && fields[field] === undefined).map((field) => `no field ${field}`),
    ...repeated(columns).map((column) => `column ${column} stands twice`),
    ...(columns.length <= MOST_COLUMNS ? [] : [`more than ${MOST_COLUMNS} columns`]),
    ...(filters.length <= MOST_FILTERS ? [] : [`more than ${MOST_FILTERS} filters`]),
    ...filters.flatMap((filter) => filterFaults(filter, fields[filter.string('field') ?? ''])),
    ...logicFaults(xml.string('booleanFilter'), filters.length),
  ];
}

/** What a filter can ask of a field: an empty value asks for records in which it is empty, or is not. */
function filterFaults(filter: XmlElement, field: FieldDefinition | undefined): string[] {
  if (field === undefined) return [];
  const [operation = '', value] = [filter.string('operation'), filter.string('value')];
  const ordered = ['lessThan', 'lessOrEqual', 'greaterThan', 'greaterOrEqual'].includes(operation);
  const fault = (expected: string): string[] => [`${field.api} ${operation} "${value}": expected ${expected}`];
  if (value === undefined) return ordered ? fault('a value') : [];
  if (field.type === 'Picklist') {
    const values = (field.values ?? []).map(({ api }) => api);
    const isOne = value.split(',').every((one) => values.includes(one));
    return ordered ? fault('equals or notEqual') : isOne ? [] : fault(`some of ${values.join(', ')}`);
  }
  const form = valueForms[field.type];
  return form === undefined || form.is.test(value) ? [] : fault(form.said);
}

const aNumber = { is: /^-?\d+(\.\d+)?$/, said: 'a number' };

/** How a filter says values of a type; text may be anything. */
const valueForms: Partial<Record<FieldDefinition['type'], { is: RegExp; said: string }>> = {
  Checkbox: { is: /^[01]$/, said: '1 or 0' },
  Number: aNumber,
  Currency: aNumber,
  Percent: aNumber,
  Date: {
    is: /^(TODAY|YESTERDAY|TOMORROW|(LAST|THIS|NEXT)_(WEEK|MONTH|QUARTER|YEAR)|(LAST|NEXT)_N_DAYS:\d+)$/,
    said: 'a day that moves with the calendar',
  },
};

function logicFaults(logic: string | undefined, filters: number): string[] {
  if (logic === undefined) return [];
  const numbers = [...logic.matchAll(/\d+/g)].map(([number]) => Number(number));
  const isWhole = Array.from({ length: filters }, (_, n) => n + 1).every((n) => numbers.includes(n));
  const isSound = /^[\d() ANDOR]+$/.test(logic) && Math.max(...numbers) <= filters && isWhole;
  return isSound ? [] : [`"${logic}" does not join all ${filters} filters`];
}
