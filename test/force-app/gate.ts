/** What a deploy would refuse, or an admin would curse, found without an org. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { FieldDefinition, ObjectDefinition, PermissionSetDefinition } from '../../src/schema/model.js';
import { orgSchema, type OrgSchema } from '../../src/schema/orgSchema.js';
import { parseXml, SourceError, type XmlElement } from '../../src/schema/xml.js';
import { pageFaults } from './pages.js';
import { structureFaults } from './structure.js';

/** Every fault of a package folder with `main`, `seed` and `options`, in words; none for one that is fit to deploy. */
export function faultsIn(root: string): string[] {
  const files = readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .toSorted();
  const read = files.map((path) => readComponent(root, path));
  const components = read.flatMap((one) => (typeof one === 'string' ? [] : [one]));
  return [
    ...read.filter((one) => typeof one === 'string'),
    ...duplicates(components.map(({ kind, name }) => `${kind}:${name}`)).map((name) => `${name} stands twice`),
    ...components.flatMap(({ path, text, xml }) => [
      ...textFaults(text).map((fault) => `${path}: ${fault}`),
      ...structureFaults(xml).map((fault) => `${path}: ${fault}`),
    ]),
    ...components.flatMap((component) => componentFaults(component)),
    ...crossFaults(root, components),
  ];
}

type Component = { kind: Kind; name: string; path: string; text: string; xml: XmlElement };
type Kind = keyof typeof places;

/** What the package may hold, and where; everything else, such as layouts of the customer's objects, may not be in it. */
const places = {
  CustomField:
    /^(?:main\/default\/objects\/((?:Account|Activity|Contact|Opportunity|KAM_\w+__(?:c|mdt))\/fields\/\w+__c)|options\/line-cost\/default\/objects\/(OpportunityLineItem\/fields\/KAM_\w+__c))\.field-meta\.xml$/,
  CustomObject: /^main\/default\/objects\/(KAM_\w+__(?:c|mdt))\/\1\.object-meta\.xml$/,
  CustomTab: /^main\/default\/tabs\/(KAM_\w+__c)\.tab-meta\.xml$/,
  Layout: /^main\/default\/layouts\/(KAM_\w+__(?:c|mdt)-[\w ]+)\.layout-meta\.xml$/,
  CustomApplication: /^main\/default\/applications\/(KAM\w*)\.app-meta\.xml$/,
  FlexiPage: /^main\/default\/flexipages\/(KAM_\w+)\.flexipage-meta\.xml$/,
  ListView: /^main\/default\/objects\/((?:Account|KAM_\w+__c)\/listViews\/KAM_\w+)\.listView-meta\.xml$/,
  ValidationRule: /^main\/default\/objects\/(KAM_\w+__c\/validationRules\/\w+)\.validationRule-meta\.xml$/,
  PermissionSet: /^(?:main|options\/[\w-]+)\/default\/permissionsets\/(KAM_\w+)\.permissionset-meta\.xml$/,
  CustomMetadata: /^seed\/default\/customMetadata\/(KAM_\w+\.\w+)\.md-meta\.xml$/,
} as const;

const kinds = [
  'CustomField',
  'CustomObject',
  'CustomTab',
  'CustomApplication',
  'FlexiPage',
  'Layout',
  'ListView',
  'ValidationRule',
  'PermissionSet',
  'CustomMetadata',
] as const satisfies Kind[];

function readComponent(root: string, path: string): Component | string {
  for (const kind of kinds) {
    const found = places[kind].exec(path);
    const name = found?.[1] ?? found?.[2];
    if (name === undefined) continue;
    const text = readFileSync(join(root, path), 'utf8');
    try {
      return { kind, name: name.replace(/\/(fields|listViews|validationRules)\//, '.'), path, text, xml: parseXml(text, path, kind) };
    } catch (error) {
      if (error instanceof SourceError) return error.message;
      throw error;
    }
  }
  return `${path}: the package holds no such component in this place`;
}

function textFaults(text: string): string[] {
  return [
    ...(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n<\w/.test(text) ? [] : ['the root does not follow the declaration']),
    ...(text.endsWith('>\n') && !text.includes('\r') ? [] : ['lines do not end with a single line feed']),
    ...(text.includes('\uFFFD') ? ['not UTF-8'] : []),
  ];
}

function componentFaults(component: Component): string[] {
  const { kind, path, xml } = component;
  const faults = ((): string[] => {
    switch (kind) {
      case 'CustomField':
        return fieldFaults(component);
      case 'CustomObject':
        return objectFaults(component);
      case 'CustomMetadata':
        return recordFaults(component);
      case 'CustomApplication':
      case 'CustomTab':
      case 'FlexiPage':
      case 'Layout':
      case 'ListView':
      case 'PermissionSet':
      case 'ValidationRule':
        return [];
    }
  })();
  const label = xml.string('label') ?? xml.string('masterLabel') ?? '';
  return [...faults, ...(label.length > 40 ? [`label "${label}" is longer than 40`] : [])].map((fault) => `${path}: ${fault}`);
}

const metadataTypes = 'Checkbox Date DateTime Email Number Percent Phone Picklist Text TextArea LongTextArea Url'.split(' ');

/** For each type, the elements about its values that it needs and may have. */
const valueElements: Readonly<Record<string, { needs: string[]; may: string[] }>> = {
  Text: { needs: ['length'], may: ['caseSensitive', 'defaultValue', 'unique'] },
  TextArea: { needs: [], may: ['defaultValue'] },
  LongTextArea: { needs: ['length', 'visibleLines'], may: ['defaultValue'] },
  Checkbox: { needs: ['defaultValue'], may: [] },
  Number: { needs: ['precision', 'scale'], may: ['defaultValue', 'unique'] },
  Currency: { needs: ['precision', 'scale'], may: ['defaultValue'] },
  Percent: { needs: ['precision', 'scale'], may: ['defaultValue'] },
  Picklist: { needs: ['valueSet'], may: [] },
  Date: { needs: [], may: ['defaultValue'] },
  DateTime: { needs: [], may: ['defaultValue'] },
  Lookup: { needs: ['deleteConstraint', 'referenceTo', 'relationshipLabel', 'relationshipName'], may: [] },
  // Reparentable, so that a merge of accounts is not blocked; who may read the account may write on its children.
  MasterDetail: {
    needs: [
      'referenceTo',
      'relationshipLabel',
      'relationshipName',
      'relationshipOrder',
      'reparentableMasterDetail',
      'writeRequiresMasterRead',
    ],
    may: [],
  },
};
const everyField = 'description externalId fieldManageability fullName inlineHelpText label required type'.split(' ');

function fieldFaults({ name, xml }: Component): string[] {
  const [object = '', api = ''] = name.split('.');
  const type = xml.string('type') ?? '';
  const { needs, may } = valueElements[type] ?? { needs: [], may: [] };
  const given = xml.children.map((child) => child.name);
  const label = xml.string('label') ?? '';
  const ofMetadata = object.endsWith('__mdt');
  return [
    ...(valueElements[type] ? [] : [`type ${type} is not in use here`]),
    ...(xml.string('fullName') === api ? [] : [`fullName ${xml.string('fullName')} is not the name of the file`]),
    ...nameFaults(api),
    ...(label === '' ? ['label is missing'] : []),
    ...(!object.startsWith('KAM_') && !label.startsWith('KAM ')
      ? [`label "${label}" does not start with KAM, so our fields do not sort together`]
      : []),
    ...lengthFaults(xml, 'description', 1000),
    ...lengthFaults(xml, 'inlineHelpText', 510),
    ...needs.filter((element) => !given.includes(element)).map((element) => `${type} needs ${element}`),
    ...given
      .filter((element) => ![...everyField, ...needs, ...may].includes(element))
      .map((element) => `${type} has no ${element}`),
    ...(['Checkbox', 'MasterDetail'].includes(type) && given.includes('required') ? [`${type} has no required`] : []),
    ...(xml.string('externalId') === 'true' && xml.string('unique') !== 'true'
      ? ['an external id that is not unique needs View All Data on upsert']
      : []),
    ...(ofMetadata && !metadataTypes.includes(type) ? [`custom metadata has no ${type}`] : []),
    ...(ofMetadata !== (xml.string('fieldManageability') === 'SubscriberControlled')
      ? ['custom metadata fields, and only they, are SubscriberControlled']
      : []),
  ];
}

function nameFaults(api: string): string[] {
  const bare = api.replace(/__(c|mdt)$/, '');
  return bare.length <= 40 && /^[A-Za-z](?:[A-Za-z0-9]|_(?!_))*$/.test(bare) && !bare.endsWith('_')
    ? []
    : [`${api} is no API name`];
}

function lengthFaults(xml: XmlElement, element: string, longest: number): string[] {
  const { length } = xml.string(element) ?? '';
  return length > 0 && length <= longest ? [] : [`${element} has ${length} characters, not 1 to ${longest}`];
}

function objectFaults({ name, xml }: Component): string[] {
  const given = xml.children.map((child) => child.name);
  const needs = name.endsWith('__mdt')
    ? ['description', 'label', 'pluralLabel', 'visibility']
    : ['deploymentStatus', 'description', 'label', 'nameField', 'pluralLabel', 'sharingModel'];
  return [
    ...nameFaults(name),
    ...needs.filter((element) => !given.includes(element)).map((element) => `${element} is missing`),
    ...(name.endsWith('__mdt')
      ? given.filter((element) => !needs.includes(element)).map((element) => `a metadata type has no ${element}`)
      : []),
  ];
}

function recordFaults({ xml, text }: Component): string[] {
  return [
    ...(text.includes('xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"') ? [] : ['xmlns:xsi is missing']),
    ...(text.includes('xmlns:xsd="http://www.w3.org/2001/XMLSchema"') ? [] : ['xmlns:xsd is missing']),
    ...(xml.string('protected') === 'false' ? [] : ['protected is not false, so the admin cannot see the record']),
  ];
}

function crossFaults(root: string, components: readonly Component[]): string[] {
  const org = schemaOf(root);
  if (typeof org === 'string') return [org];
  const layouts = components.filter(({ kind }) => kind === 'Layout');
  const tabs = components.filter(({ kind }) => kind === 'CustomTab').map(({ name }) => name);
  return [
    ...layouts.flatMap((layout) => layoutFaults(layout, org.objects)),
    ...org.objects
      .filter(({ kind, api }) => kind === 'customMetadata' && !layouts.some(({ name }) => name.startsWith(`${api}-`)))
      .map(({ api }) => `${api} has no layout`),
    ...pageFaults(components, org),
    ...tabs.filter((name) => !org.objects.some(({ api }) => api === name)).map((name) => `tab ${name} shows no object`),
    ...components.flatMap(({ kind, name, xml }) =>
      (kind === 'PermissionSet' ? xml.all('tabSettings') : [])
        .map((setting) => setting.required('tab'))
        .filter((tab) => !tabs.includes(tab))
        .map((tab) => `${name}: no tab ${tab}`),
    ),
    ...components.flatMap(({ kind, name, xml }) =>
      (kind === 'PermissionSet' ? xml.all('applicationVisibilities') : [])
        .map((visibility) => visibility.required('application'))
        .filter((app) => !components.some((one) => one.kind === 'CustomApplication' && one.name === app))
        .map((app) => `${name}: no app ${app}`),
    ),
    ...sharingFaults(components, org.objects),
    ...org.permissionSets.flatMap((set) => permissionFaults(set, org.objects)),
    ...relationFaults(org.objects),
  ];
}

function schemaOf(root: string): OrgSchema | string {
  const dirs = ['main', 'seed', 'options'].map((name) => join(root, name)).filter((dir) => existsSync(dir));
  try {
    return orgSchema(dirs);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function layoutFaults({ name, path, xml }: Component, objects: readonly ObjectDefinition[]): string[] {
  const object = objects.find(({ api }) => api === basename(name).split('-')[0]);
  if (!object) return [`${path}: lays out an object that does not exist`];
  const items = xml
    .all('layoutSections')
    .flatMap((section) => section.all('layoutColumns'))
    .flatMap((column) => column.all('layoutItems'))
    .map((item) => ({ field: item.required('field'), behavior: item.string('behavior') }));
  const placed = items.map(({ field }) => field);
  const own = Object.values(object.fields).filter(({ custom }) => custom);
  // Of every metadata record, though no field of the data API for it.
  const special = ['IsProtected'];
  return [
    ...placed.filter((field) => !object.fields[field] && !special.includes(field)).map((field) => `no field ${field}`),
    ...own.filter(({ api }) => !placed.includes(api)).map(({ api }) => `${api} is not on it`),
    ...duplicates(placed).map((field) => `${field} is on it twice`),
    ...own
      .filter(({ api, required }) => required !== items.some((item) => item.field === api && item.behavior === 'Required'))
      .map(({ api }) => `${api} is required in one place only`),
  ].map((fault) => `${path}: ${fault}`);
}

/** A detail is shared as its master is. */
function sharingFaults(components: readonly Component[], objects: readonly ObjectDefinition[]): string[] {
  const details = objects.filter(({ fields }) => Object.values(fields).some(({ type, custom }) => custom && type === 'MasterDetail'));
  return components.flatMap(({ kind, name, path, xml }) => {
    if (kind !== 'CustomObject' || name.endsWith('__mdt')) return [];
    const isDetail = details.some(({ api }) => api === name);
    const faulty = isDetail !== (xml.string('sharingModel') === 'ControlledByParent');
    return faulty ? [`${path}: ControlledByParent is the sharing model of details, and only of them`] : [];
  });
}

/** Objects whose rights follow from another's, so that a permission set has none for them; null: from a user permission. */
const rightsOf: Readonly<Record<string, string | null>> = {
  OpportunityLineItem: 'Opportunity',
  PricebookEntry: 'Product2',
  Task: null,
  Event: null,
};
const knownUserPermissions = ['ActivitiesAccess', 'ApiEnabled', 'EditTask'];

function permissionFaults(set: PermissionSetDefinition, objects: readonly ObjectDefinition[]): string[] {
  const objectNamed = (name: string): ObjectDefinition | undefined => objects.find(({ api }) => api === name);
  const ofObjects = Object.entries(set.objects).flatMap(([name, may]) => [
    ...(objectNamed(name) && !(name in rightsOf) ? [] : [`no object permissions for ${name}`]),
    ...((may.create || may.edit || may.delete || may.viewAll) && !may.read ? [`${name}: more than read without read`] : []),
    ...(may.delete && !may.edit ? [`${name}: delete without edit`] : []),
    ...(may.modifyAll && !(may.viewAll && may.edit && may.delete) ? [`${name}: modify all without the rest`] : []),
  ]);
  const ofFields = Object.entries(set.fields).flatMap(([name, may]) => {
    const [objectName = '', fieldName = ''] = name.split('.');
    const object = objectNamed(objectName);
    const field = object && fieldNamed(object, fieldName);
    if (!field) return [`no field ${name}`];
    const holder = objectName in rightsOf ? rightsOf[objectName] : objectName;
    return [
      ...(field.required || field.type === 'MasterDetail' ? [`${name} is required, so it has no field permission`] : []),
      ...(may.editable && !may.readable ? [`${name}: edit without read`] : []),
      ...(may.editable && field.calculated ? [`${name} is computed and cannot be edited`] : []),
      ...(typeof holder === 'string' && !set.objects[holder]?.read ? [`${name}: no read on ${holder}`] : []),
      ...(holder === null && !set.userPermissions.includes('ActivitiesAccess') ? [`${name}: no access to activities`] : []),
    ];
  });
  return [
    ...ofObjects,
    ...ofFields,
    ...set.customMetadata.filter((name) => objectNamed(name)?.kind !== 'customMetadata').map((name) => `no type ${name}`),
    ...set.userPermissions.filter((name) => !knownUserPermissions.includes(name)).map((name) => `no permission ${name}`),
  ].map((fault) => `${set.api}: ${fault}`);
}

/** A compound address has one field permission for its parts. */
function fieldNamed(object: ObjectDefinition, name: string): FieldDefinition | undefined {
  return object.fields[name] ?? object.fields[name.replace(/Address$/, 'Street')];
}

function relationFaults(objects: readonly ObjectDefinition[]): string[] {
  const lists = objects.flatMap(({ fields }) =>
    Object.values(fields).flatMap(({ custom, referenceTo, childRelationshipName: list }) =>
      custom && list !== undefined ? (referenceTo ?? []).map((parent) => `${parent}.${list}`) : [],
    ),
  );
  return duplicates(lists).map((list) => `two relations name their children ${list}`);
}

const duplicates = (names: readonly string[]): string[] => names.filter((name, index) => names.indexOf(name) !== index);
