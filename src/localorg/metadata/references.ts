/** What components say about one another: whether the fields, objects and pages that they name are there. */
import { keyOf, type Component } from '../../schema/components.js';
import type { FieldDefinition, ObjectDefinition } from '../../schema/model.js';
import type { XmlElement } from '../../schema/xml.js';
import { formulaFault } from '../formula.js';

/** The org as it would be with the deploy. */
export type View = {
  object(name: string): ObjectDefinition | undefined;
  has(type: string, fullName: string): boolean;
  /** The object whose records a parent's list holds, such as `Opportunities` of Account. */
  child(parent: string, relationship: string): string | undefined;
};

/**
 * What is wrong with the names in a component, in the words of a deploy; empty where each leads somewhere.
 *
 * Source: fflib-apex-common-samplecode issue 58 (`In field: … - no … named … found`), declarative-lookup-rollup-summaries
 *         issue 58 (`Unknown user permission`); the rest by the same pattern [K].
 */
export function referenceFaults(component: Component, view: View): string[] {
  const { xml, fullName } = component;
  const [object = '', own = ''] = fullName.split('.');
  switch (component.type) {
    case 'CustomObject':
      return objectFaults(component);
    case 'CustomField':
      return fieldFaults(component, view);
    case 'ValidationRule':
      return ruleFaults(component, view);
    case 'ListView':
      return [
        ...missingObject(object, view),
        ...customFields(all(xml, 'columns'), object, 'columns', view),
        ...customFields(each(xml, 'filters', 'field'), object, 'filters', view),
      ];
    case 'CompactLayout':
    case 'FieldSet':
      return [
        ...missingObject(object, view),
        ...fields(
          [...all(xml, 'fields'), ...each(xml, 'displayedFields', 'field'), ...each(xml, 'availableFields', 'field')],
          object,
          'field',
          view,
        ),
      ];
    case 'Layout':
      return layoutFaults(component, view);
    case 'PermissionSet':
      return permissionFaults(component, view);
    case 'CustomTab':
      return tabFaults(component, view);
    case 'CustomApplication':
      return [
        ...all(xml, 'tabs')
          .filter((tab) => !isStandardTab(tab))
          .flatMap((tab) => none('CustomTab', tab, 'tabs', view)),
        ...each(xml, 'actionOverrides', 'content').flatMap((page) => none('FlexiPage', page, 'content', view)),
      ];
    case 'FlexiPage':
      return pageFaults(component, view);
    case 'QuickAction': {
      const target = xml.string('targetObject');
      return [
        ...(own === '' ? [] : missingObject(object, view)),
        ...(target === undefined ? [] : missingObject(target, view)),
        ...(target === undefined ? [] : fields(all(xml, 'targetParentField'), target, 'targetParentField', view)),
      ];
    }
    case 'CustomObjectTranslation': {
      const translated = /^(.+)-[a-z]{2}(_[A-Z]{2})?$/.exec(fullName)?.[1];
      if (translated === undefined) return [`Invalid language in name: ${fullName}`];
      const names = each(xml, 'fields', 'name');
      return [...missingObject(translated, view), ...fields(names, translated, 'fields', view)];
    }
    case 'Translations':
      return [
        ...(/^[a-z]{2}(_[A-Z]{2})?$/.test(fullName) ? [] : [`Invalid language in name: ${fullName}`]),
        ...each(xml, 'customTabs', 'name').flatMap((name) => none('CustomTab', name, 'customTabs', view)),
        ...each(xml, 'customApplications', 'name').flatMap((name) =>
          none('CustomApplication', name, 'customApplications', view),
        ),
        ...each(xml, 'customLabels', 'name').flatMap((name) => none('CustomLabel', name, 'customLabels', view)),
        ...each(xml, 'reportTypes', 'name').flatMap((name) => none('ReportType', name, 'reportTypes', view)),
      ];
    case 'ReportType':
      return reportTypeFaults(component, view);
    case 'Report':
      return reportFaults(component, view);
    case 'Dashboard':
      return [
        ...inFolder(component, 'DashboardFolder', view),
        ...everywhere(xml, 'report').flatMap((report) => none('Report', report, 'report', view)),
      ];
    case 'PathAssistant':
      return pathFaults(component, view);
    case 'LightningComponentBundle':
      return bundleFaults(component, view);
    default:
      return [];
  }
}

const all = (xml: XmlElement, name: string): string[] => xml.all(name).map(({ text }) => text);
const each = (xml: XmlElement, outer: string, inner: string): string[] =>
  xml.all(outer).flatMap((one) => all(one, inner));
/** The texts of all elements of a name, however deep. */
const everywhere = (xml: XmlElement, name: string): string[] =>
  xml.children.flatMap((child) => [...(child.name === name ? [child.text] : []), ...everywhere(child, name)]);

const none = (type: string, name: string, element: string, view: View): string[] =>
  view.has(type, name) ? [] : [`In field: ${element} - no ${type} named ${name} found`];

const missingObject = (name: string, view: View): string[] =>
  view.object(name === 'Activity' ? 'Task' : name) === undefined ? [`no CustomObject named ${name} found`] : [];

/** A field by its name, or by that of the address that it is a part of. */
function fieldNamed(view: View, object: string, name: string): FieldDefinition | undefined {
  const found = view.object(object === 'Activity' ? 'Task' : object)?.fields;
  return found?.[name] ?? found?.[name.replace(/Address$/, 'Street')];
}

const fields = (names: readonly string[], object: string, element: string, view: View): string[] =>
  names
    .filter((name) => fieldNamed(view, object, name) === undefined)
    .map((name) => `In field: ${element} - no CustomField named ${object}.${name} found`);

/** List views name standard fields in a language of their own, custom ones by their API names. */
const customFields = (names: readonly string[], object: string, element: string, view: View): string[] =>
  fields(
    names.filter((name) => name.endsWith('__c')),
    object,
    element,
    view,
  );

function objectFaults({ xml, fullName }: Component): string[] {
  if (!fullName.includes('__')) return [];
  const needs = fullName.endsWith('__mdt')
    ? ['label', 'pluralLabel']
    : ['label', 'pluralLabel', 'deploymentStatus', 'sharingModel'];
  return [
    ...apiNameFaults(fullName),
    ...needs.filter((name) => xml.string(name) === undefined).map((name) => `Required field is missing: ${name}`),
  ];
}

/** Source: salesforce-metadata appendix: names have at most 40 characters, no two underscores, and start with a letter. */
function apiNameFaults(name: string): string[] {
  const bare = name.replace(/__(c|mdt)$/, '');
  const fits = bare.length <= 40 && /^[A-Za-z](?!\w*__)\w*$/.test(bare) && !bare.endsWith('_');
  return fits
    ? []
    : [
        `The API name ${name} can only contain at most 40 letters, digits and underscores; it must begin with a letter, not end with an underscore, and not contain two consecutive underscores`,
      ];
}

function fieldFaults({ xml, fullName }: Component, view: View): string[] {
  const [object = '', name = ''] = fullName.split('.');
  if (!name.endsWith('__c')) return [];
  const label = xml.string('label') ?? '';
  const target = view.object(object === 'Activity' ? 'Task' : object);
  const type = xml.string('type') ?? '';
  return [
    ...apiNameFaults(name),
    ...(label.length > 40 ? [`Label: data value too large: ${label} (max length=40)`] : []),
    ...(target?.kind === 'customMetadata' && !metadataFieldTypes.includes(type)
      ? [`Field type ${type} is not supported on a custom metadata type`]
      : []),
    ...(type === 'MasterDetail' && xml.one('required') !== undefined
      ? ['Can not specify required for a CustomField of type MasterDetail']
      : []),
  ];
}

/** Source: help page platform.custommetadatatypes_fields. */
const metadataFieldTypes =
  'Checkbox Date DateTime Email Number Percent Phone Picklist Text TextArea LongTextArea Url MetadataRelationship'.split(
    ' ',
  );

function ruleFaults({ xml, fullName }: Component, view: View): string[] {
  const [object = ''] = fullName.split('.');
  const definition = view.object(object === 'Activity' ? 'Task' : object);
  if (definition === undefined) return missingObject(object, view);
  const message = xml.string('errorMessage') ?? '';
  const fault = formulaFault(xml.string('errorConditionFormula') ?? '', definition);
  return [
    ...(fault === undefined ? [] : [`Error in formula: ${fault}`]),
    ...(message.length > 255
      ? [`Error Message: data value too large: ${message.slice(0, 60)}... (max length=255)`]
      : []),
    ...fields(all(xml, 'errorDisplayField'), object, 'errorDisplayField', view),
  ];
}

function layoutFaults({ xml, fullName }: Component, view: View): string[] {
  const object = fullName.split('-')[0] ?? '';
  const items = xml
    .all('layoutSections')
    .flatMap((section) => section.all('layoutColumns'))
    .flatMap((column) => column.all('layoutItems'))
    .flatMap((item) => all(item, 'field'));
  const known = items.filter((name) => !layoutOnly.includes(name));
  const twice = items.filter((name, index) => items.indexOf(name) !== index);
  return [
    ...missingObject(object, view),
    ...(view.object(object) === undefined ? [] : fields(known, object, 'field', view)),
    ...twice.map((name) => `Duplicate field on the layout: ${name}`),
  ];
}

/** Of every metadata record and of no query. */
const layoutOnly = ['IsProtected'];

function permissionFaults({ xml }: Component, view: View): string[] {
  const label = xml.string('label') ?? '';
  return [
    ...(label.length > 80 ? [`Label: data value too large: ${label} (max length=80)`] : []),
    ...xml.all('objectPermissions').flatMap((permission) => {
      const name = permission.string('object') ?? '';
      const may = (flag: string): boolean => permission.flag(flag, false);
      const needsRead = may('allowCreate') || may('allowEdit') || may('allowDelete') || may('viewAllRecords');
      return [
        ...(view.object(name) === undefined ? [`In field: field - no CustomObject named ${name} found`] : []),
        ...(needsRead && !may('allowRead')
          ? [`Permission Read ${name} is required by another permission on ${name}`]
          : []),
        ...(may('allowDelete') && !may('allowEdit')
          ? [`Permission Delete ${name} depends on permission(s): Edit ${name}`]
          : []),
        ...(may('modifyAllRecords') && !(may('viewAllRecords') && may('allowEdit') && may('allowDelete'))
          ? [`Permission Modify All ${name} depends on permission(s): Delete ${name}, View All ${name}`]
          : []),
      ];
    }),
    ...xml.all('fieldPermissions').flatMap((permission) => fieldPermissionFaults(permission, view)),
    ...each(xml, 'customMetadataTypeAccesses', 'name')
      .filter((name) => view.object(name)?.kind !== 'customMetadata')
      .map((name) => `In field: customMetadataType - no CustomObject named ${name} found`),
    ...each(xml, 'tabSettings', 'tab')
      .filter((tab) => !isStandardTab(tab))
      .flatMap((tab) => none('CustomTab', tab, 'tab', view)),
    ...each(xml, 'applicationVisibilities', 'application')
      .filter((app) => !app.startsWith('standard__'))
      .flatMap((app) => none('CustomApplication', app, 'application', view)),
    ...each(xml, 'customPermissions', 'name').flatMap((name) =>
      none('CustomPermission', name, 'customPermission', view),
    ),
    ...each(xml, 'userPermissions', 'name')
      .filter((name) => !userPermissions.has(name))
      .map((name) => `Unknown user permission: ${name}`),
  ];
}

function fieldPermissionFaults(permission: XmlElement, view: View): string[] {
  const name = permission.string('field') ?? '';
  const [object = '', own = ''] = name.split('.');
  const field = fieldNamed(view, object, own);
  if (field === undefined || object === 'Activity') return [`In field: field - no CustomField named ${name} found`];
  if (field.required || field.type === 'MasterDetail') return [`You cannot deploy to a required field: ${name}`];
  const edits = permission.flag('editable', false);
  if (edits && !permission.flag('readable', false)) return [`Field ${name} cannot be editable without being readable`];
  return edits && field.calculated ? [`Field ${name} is not editable`] : [];
}

/** Permissions of users that an org without features beyond sales has, as far as the product's readers meet them. [K] */
const userPermissions: ReadonlySet<string> = new Set(
  [
    'ActivitiesAccess ApiEnabled ApiUserOnly AssignPermissionSets AuthorApex BulkApiHardDelete BulkMacrosAllowed ConvertLeads',
    'CustomizeApplication CreateDashboardFolders CreateReportFolders CreateCustomizeReports DataExport DistributeFromPersWksp',
    'EditCaseComments EditEvent EditPublicReports EditReports EditTask EmailMass EmailSingle ExportReport ImportPersonal InstallPackaging',
    'LightningExperienceUser ListEmailSend ManageDashboards ManageReports ManageUsers ModifyAllData ModifyMetadata PasswordNeverExpires',
    'RunReports ScheduleReports TransferAnyEntity TransferAnyLead ViewAllData ViewAllUsers ViewDeveloperName ViewHelpLink',
    'ViewPublicDashboards ViewPublicReports ViewRoles ViewSetup',
  ].flatMap((line) => line.split(' ')),
);

const isStandardTab = (tab: string): boolean => tab.startsWith('standard-');

function tabFaults({ xml, fullName }: Component, view: View): string[] {
  const page = xml.string('flexiPage');
  const bundle = xml.string('lwcComponent');
  const kinds = [xml.string('customObject'), page, bundle, xml.string('url')].filter((kind) => kind !== undefined);
  return [
    ...(kinds.length === 1 ? [] : ['A tab must have one of customObject, flexiPage, lwcComponent and url']),
    ...(xml.string('motif') === undefined ? ['Required field is missing: motif'] : []),
    ...(xml.flag('customObject', false) ? missingObject(fullName, view) : []),
    ...(page === undefined ? [] : none('FlexiPage', page, 'flexiPage', view)),
    ...(bundle === undefined ? [] : none('LightningComponentBundle', bundle, 'lwcComponent', view)),
  ];
}

function pageFaults({ xml }: Component, view: View): string[] {
  const object = xml.string('sobjectType');
  const regions = each(xml, 'flexiPageRegions', 'name');
  const names = everywhere(xml, 'identifier');
  const placed = everywhere(xml, 'fieldItem')
    .filter((name) => /^Record\.\w+$/.test(name))
    .map((name) => name.slice('Record.'.length));
  return [
    ...(object === undefined ? [] : missingObject(object, view)),
    ...(object === undefined || view.object(object) === undefined ? [] : fields(placed, object, 'fieldItem', view)),
    ...everywhere(xml, 'componentName')
      .filter((name) => !name.includes(':'))
      .flatMap((name) => none('LightningComponentBundle', name.replace(/^c__/, ''), 'componentName', view)),
    ...repeats(regions).map((name) => `Duplicate region name: ${name}`),
    ...repeats(names).map((name) => `Duplicate identifier: ${name}`),
  ];
}

const repeats = (names: readonly string[]): string[] => [
  ...new Set(names.filter((name, index) => names.indexOf(name) !== index)),
];

function reportTypeFaults({ xml }: Component, view: View): string[] {
  const base = xml.string('baseObject') ?? '';
  if (view.object(base) === undefined) return missingObject(base, view);
  const paths = new Map([[base, base]]);
  const faults: string[] = [];
  for (let join = xml.one('join'), path = base; join !== undefined; join = join.one('join')) {
    const relationship = join.string('relationship') ?? '';
    const child = view.child(paths.get(path) ?? '', relationship);
    if (child === undefined)
      return [...faults, `In field: relationship - no relationship ${relationship} from ${paths.get(path)} found`];
    path = `${path}.${relationship}`;
    paths.set(path, child);
  }
  for (const column of xml.all('sections').flatMap((section) => section.all('columns'))) {
    const [table = '', field = ''] = [column.string('table'), column.string('field')];
    const object = paths.get(table);
    if (object === undefined) faults.push(`In field: table - no table named ${table} found`);
    else if (!field.includes('.')) faults.push(...fields([field], object, 'field', view));
  }
  return faults;
}

function reportFaults(component: Component, view: View): string[] {
  const { xml } = component;
  const type = xml.string('reportType') ?? '';
  const columns = each(xml, 'columns', 'field');
  const groupings = [...each(xml, 'groupingsDown', 'field'), ...each(xml, 'groupingsAcross', 'field')];
  const custom = type.endsWith('__c') ? none('ReportType', type.replace(/__c$/, ''), 'reportType', view) : [];
  const named = [...columns, ...groupings]
    .map((name) => /^(\w+)\$(\w+__c)$/.exec(name))
    .filter((match) => match !== null);
  return [
    ...inFolder(component, 'ReportFolder', view),
    ...((xml.string('name') ?? '').length > 40 ? ['Report Name: data value too large (max length=40)'] : []),
    ...custom,
    ...named.flatMap(([, object = '', field = '']) => fields([field], object, 'field', view)),
    ...columns.filter((name) => groupings.includes(name)).map((name) => `Column ${name} is used as a grouping`),
  ];
}

function inFolder({ fullName }: Component, type: string, view: View): string[] {
  const folder = fullName.split('/').slice(0, -1).join('/');
  return ['', 'unfiled$public'].includes(folder) || view.has(type, folder) ? [] : [`Cannot find folder:${folder}`];
}

function pathFaults({ xml }: Component, view: View): string[] {
  const [object = '', name = ''] = [xml.string('entityName'), xml.string('fieldName')];
  const field = fieldNamed(view, object, name);
  if (view.object(object) === undefined) return missingObject(object, view);
  if (field === undefined) return fields([name], object, 'fieldName', view);
  const values = (field.values ?? []).map(({ api }) => api);
  return [
    ...each(xml, 'pathAssistantSteps', 'picklistValueName')
      .filter((value) => !values.includes(value))
      .map((value) => `In field: picklistValueName - no picklist value ${value} of ${object}.${name} found`),
    ...fields(each(xml, 'pathAssistantSteps', 'fieldNames'), object, 'fieldNames', view),
  ];
}

function bundleFaults({ fullName, bundle = {} }: Component, view: View): string[] {
  const script = bundle[`${fullName}.js`];
  if (script === undefined) return [`No ${fullName}.js found in the bundle`];
  const imports = [...script.toString('utf8').matchAll(/from\s*['"]@salesforce\/(schema|label)\/([\w.]+)['"]/g)];
  return imports.flatMap(([, module = '', name = '']) => {
    if (module === 'label') return none('CustomLabel', name.replace(/^c\./, ''), `@salesforce/label/${name}`, view);
    const [object = '', ...path] = name.split('.');
    const [field] = path;
    if (view.object(object) === undefined) return [`Invalid reference ${name} of type sobject in file ${fullName}.js`];
    const known = field === undefined || path.length > 1 || fieldNamed(view, object, field) !== undefined;
    return known ? [] : [`Invalid reference ${name} of type sobjectField in file ${fullName}.js`];
  });
}

/** A view of what components and the schema that they make say together. */
export function viewOf(components: readonly Component[], objects: readonly ObjectDefinition[]): View {
  const names = new Set(components.map(keyOf));
  const byName = new Map(objects.map((object) => [object.api.toLowerCase(), object]));
  return {
    object: (name) => byName.get(name.toLowerCase()),
    has: (type, fullName) => names.has(keyOf({ type, fullName })),
    child: (parent, relationship) =>
      objects.find((object) =>
        Object.values(object.fields).some(
          ({ referenceTo, childRelationshipName }) =>
            referenceTo?.includes(parent) === true && childRelationshipName === relationship,
        ),
      )?.api,
  };
}
