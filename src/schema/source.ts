/** Reads Salesforce source directories: what objects, fields, metadata records and permission sets they declare. */
import groupBy from 'lodash/groupBy.js';
import { byCode, findSource, keyOf, type Component, type FoundSource } from './components.js';
import type {
  CustomMetadataRecord,
  FieldDefinition,
  FieldType,
  ObjectDefinition,
  PermissionSetDefinition,
  PicklistValue,
  SourceSchema,
  ValidationRule,
} from './model.js';
import { systemFields } from './standard.js';
import { SourceError, type XmlElement } from './xml.js';

/**
 * Reads what one or more source directories declare, as one schema.
 *
 * Shape:  custom objects and metadata types come with their system fields and key prefixes (`a00` …, `m00` … by name);
 *         every record has a value for every field of its type.
 * Errors: `SourceError` naming file, element, value and what was expected: for XML that is not well-formed or of an
 *         unknown kind, for a component that stands twice, and for a record that does not fit its type.
 */
export function readSource(dirs: readonly string[]): SourceSchema {
  const { schema, faults } = schemaFrom(sourceComponents(dirs));
  const [first] = faults;
  if (first !== undefined) throw first.error;
  return schema;
}

/** A component that does not fit, and why. */
export type Fault = { component: Component; error: SourceError };

/**
 * Reads what components declare, as one schema; components that declare no part of a schema are left to others.
 *
 * `prefixes` are the key prefixes that objects already have; the others get the next free ones, by name.
 * Errors: none are thrown; a component that does not fit is a fault and its part is left out of the schema.
 */
export function schemaFrom(
  components: readonly Component[],
  prefixes: Readonly<Record<string, string>> = {},
): { schema: SourceSchema; faults: Fault[] } {
  const faults: Fault[] = [];
  const readAll = <T>(type: string, read: (component: Component) => T): { component: Component; is: T }[] =>
    components
      .filter((component) => component.type === type)
      .flatMap((component) => {
        try {
          return [{ component, is: read(component) }];
        } catch (error) {
          if (!(error instanceof SourceError)) throw error;
          faults.push({ component, error });
          return [];
        }
      });
  const sets = new Map(readAll('GlobalValueSet', readValueSet).map(({ component, is }) => [component.fullName, is]));
  const fields = readAll('CustomField', (component) => readField(component, sets));
  const fieldsOf = groupBy(fields, ({ is: { object } }) => object);
  const declared = readAll('CustomObject', readObject).flatMap(({ is }) => (is === undefined ? [] : [is]));
  const objects = withKeyPrefixes(
    declared.map((object) => ({
      ...object,
      ...withFields(
        object,
        (fieldsOf[object.api] ?? []).map(({ is: { field } }) => field),
      ),
    })),
    prefixes,
  );
  const names = new Set(objects.map(({ api }) => api));
  for (const { component, is } of fields.filter(({ is: { object } }) => isCustom(object) && !names.has(object))) {
    const expected = `an object file ${is.object}.object-meta.xml`;
    faults.push({ component, error: new SourceError(component.file, 'the object', is.object, expected) });
  }
  return {
    schema: {
      objects,
      extensions: extensionsFrom(fields.map(({ is }) => is).filter(({ object }) => !isCustom(object))),
      records: readAll('CustomMetadata', (component) => ({ ...readRecord(component, objects), file: component.file }))
        .map(({ is }) => is)
        .toSorted((a, b) => byCode(a.type, b.type) || byCode(a.developerName, b.developerName)),
      permissionSets: readAll('PermissionSet', readPermissionSet).map(({ is }) => is),
      rules: readAll('ValidationRule', readRule).flatMap(({ is }) => is),
    },
    faults,
  };
}

/** A custom object or metadata type, by its name. */
export const isCustom = (object: string): boolean => /__(c|mdt)$/.test(object);

/** The components that source directories hold; throws for one that stands twice. */
export const sourceComponents = (dirs: readonly string[]): Component[] => sourceFiles(dirs).components;

/** The same, with the files of kinds that no org of ours takes. */
export function sourceFiles(dirs: readonly string[]): FoundSource {
  const found = findSource(dirs);
  const first = new Map<string, Component>();
  for (const one of found.components) {
    const other = first.get(keyOf(one));
    if (other) {
      const expected = `it once, and it stands in ${other.file} too`;
      throw new SourceError(one.file, 'the component', one.fullName, expected);
    }
    first.set(keyOf(one), one);
  }
  return found;
}

type NameField = { label: string; type: 'Text' | 'AutoNumber'; displayFormat?: string };
type DeclaredObject = Omit<ObjectDefinition, 'keyPrefix' | 'fields'> & { nameField?: NameField };

/** Undefined for a file about a standard object, which changes how it looks and not what it is. */
function readObject({ fullName: api, xml, file }: Component): DeclaredObject | undefined {
  if (!api.includes('__')) return undefined;
  const kind = /__(c|mdt)$/.exec(api)?.[1];
  if (kind === undefined)
    throw new SourceError(file, 'the object', api, 'a custom object (__c) or metadata type (__mdt)');
  const labels = { label: xml.required('label'), pluralLabel: xml.string('pluralLabel') ?? xml.required('label') };
  if (kind === 'mdt') {
    return { api, ...labels, kind: 'customMetadata', createable: false, updateable: false, deletable: false };
  }
  if (xml.one('customSettingsType')) throw xml.refuse('a custom setting', 'a custom object', 'customSettingsType');
  const name = xml.one('nameField');
  if (!name) throw xml.refuse('missing', 'the name field of the object', 'nameField');
  const type = name.oneOf('type', ['Text', 'AutoNumber']);
  const nameField: NameField = {
    label: name.string('label') ?? `${labels.label} Name`,
    type,
    ...(type === 'AutoNumber' ? { displayFormat: displayFormatOf(name) } : {}),
  };
  return { api, ...labels, kind: 'custom', createable: true, updateable: true, deletable: true, nameField };
}

function displayFormatOf(xml: XmlElement): string {
  const format = xml.required('displayFormat');
  if (!/\{0+\}/.test(format)) throw xml.refuse(format, 'a format with its number, such as R-{0000}', 'displayFormat');
  return format;
}

function withFields(object: DeclaredObject, fields: readonly FieldDefinition[]): Pick<ObjectDefinition, 'fields'> {
  const all =
    object.kind === 'customMetadata'
      ? [...metadataFields, ...fields.map(readOnly)]
      : [
          ...recordFields(
            object,
            fields.some(({ type }) => type === 'MasterDetail'),
          ),
          ...fields,
        ];
  return { fields: Object.fromEntries(all.map((field) => [field.api, field])) };
}

/** The data API reads metadata records and never writes them. */
const readOnly = (field: FieldDefinition): FieldDefinition => ({ ...field, createable: false, updateable: false });

function computed(api: string, label: string, type: FieldType, more: Partial<FieldDefinition> = {}): FieldDefinition {
  return {
    api,
    label,
    type,
    required: false,
    unique: false,
    caseSensitive: false,
    externalId: false,
    createable: false,
    updateable: false,
    calculated: true,
    custom: false,
    ...more,
  };
}

function recordFields(object: DeclaredObject, isDetail: boolean): FieldDefinition[] {
  const { label, type, displayFormat } = object.nameField ?? { label: 'Name', type: 'Text' };
  const writable = { createable: true, updateable: true, calculated: false };
  return [
    ...systemFields,
    type === 'AutoNumber'
      ? computed('Name', label, 'AutoNumber', { length: 80, ...(displayFormat === undefined ? {} : { displayFormat }) })
      : computed('Name', label, 'Text', { length: 80, ...writable }),
    // Who owns a detail is who owns its master.
    ...(isDetail
      ? []
      : [computed('OwnerId', 'Owner ID', 'Lookup', { referenceTo: ['User'], relationshipName: 'Owner', ...writable })]),
  ];
}

const metadataFields: readonly FieldDefinition[] = [
  ...systemFields.filter(({ api }) => api === 'Id' || api === 'SystemModstamp'),
  computed('DeveloperName', 'Custom Metadata Record Name', 'Text', { length: 40 }),
  computed('MasterLabel', 'Label', 'Text', { length: 40 }),
  computed('Label', 'Label', 'Text', { length: 40 }),
  computed('Language', 'Master Language', 'Picklist', { length: 40 }),
  computed('NamespacePrefix', 'Namespace Prefix', 'Text', { length: 15 }),
  computed('QualifiedApiName', 'Qualified API Name', 'Text', { length: 70 }),
];

function withKeyPrefixes(
  objects: readonly (DeclaredObject & Pick<ObjectDefinition, 'fields'>)[],
  known: Readonly<Record<string, string>>,
): ObjectDefinition[] {
  const taken = new Set(Object.values(known));
  const free = (letter: string): string => {
    for (let number = 0; ; number += 1) {
      const prefix = `${letter}${number.toString(36).padStart(2, '0')}`;
      if (taken.has(prefix)) continue;
      taken.add(prefix);
      return prefix;
    }
  };
  return objects
    .toSorted((a, b) => byCode(a.api, b.api))
    .map(({ nameField: _, ...object }) => ({
      ...object,
      keyPrefix: known[object.api] ?? free(object.kind === 'customMetadata' ? 'm' : 'a'),
    }));
}

/** Task and Event share the fields that are defined on Activity. */
function extensionsFrom(fields: readonly { object: string; field: FieldDefinition }[]): SourceSchema['extensions'] {
  const onObjects = fields.flatMap(({ object, field }) =>
    (object === 'Activity' ? ['Task', 'Event'] : [object]).map((name) => ({ name, field })),
  );
  return Object.fromEntries(
    Object.entries(groupBy(onObjects, ({ name }) => name)).map(([name, found]) => [
      name,
      found.map(({ field }) => field),
    ]),
  );
}

const fieldTypes = [
  'Text',
  'TextArea',
  'LongTextArea',
  'Picklist',
  'MultiselectPicklist',
  'Checkbox',
  'Number',
  'Currency',
  'Percent',
  'Date',
  'DateTime',
  'Lookup',
  'MasterDetail',
  'AutoNumber',
  'Email',
  'Phone',
  'Url',
] as const satisfies readonly FieldType[];

type ValueSets = ReadonlyMap<string, readonly PicklistValue[]>;

function readField({ fullName, xml }: Component, sets: ValueSets): { object: string; field: FieldDefinition } {
  const [object = '', api = ''] = fullName.split('.');
  if (xml.one('formula')) throw xml.refuse('a formula', 'a field that holds its own value', 'formula');
  const type = xml.oneOf('type', fieldTypes);
  const description = xml.string('description');
  const defaultValue = xml.string('defaultValue');
  const field: FieldDefinition = {
    api,
    label: xml.required('label'),
    type,
    required: type === 'MasterDetail' || xml.flag('required', false),
    unique: xml.flag('unique', false),
    caseSensitive: xml.flag('caseSensitive', false),
    externalId: xml.flag('externalId', false),
    createable: type !== 'AutoNumber',
    updateable: type === 'MasterDetail' ? xml.flag('reparentableMasterDetail', false) : type !== 'AutoNumber',
    calculated: type === 'AutoNumber',
    custom: true,
    ...shapeOf(type, api, xml, sets),
    ...(defaultValue === undefined ? {} : { defaultValue }),
    ...(description === undefined ? {} : { description }),
  };
  return { object, field };
}

/** What a field of this type needs beyond its name. */
function shapeOf(
  type: (typeof fieldTypes)[number],
  api: string,
  xml: XmlElement,
  sets: ValueSets,
): Partial<FieldDefinition> {
  switch (type) {
    case 'Text':
      return { length: needed(xml, 'length', 1, 255) };
    case 'LongTextArea':
      return { length: needed(xml, 'length', 256, 131_072) };
    case 'TextArea':
    case 'Url':
      return { length: 255 };
    case 'Email':
      return { length: 80 };
    case 'Phone':
      return { length: 40 };
    case 'Number':
    case 'Currency':
    case 'Percent':
      return numberShape(xml);
    case 'Picklist':
      return { length: 255, ...picklistShape(xml, sets) };
    case 'MultiselectPicklist':
      return { length: 4099, ...picklistShape(xml, sets) };
    case 'Lookup':
    case 'MasterDetail':
      return relationShape(api, xml);
    case 'AutoNumber':
      return { length: 30, displayFormat: displayFormatOf(xml) };
    case 'Checkbox':
      xml.flag('defaultValue', false);
      return {};
    case 'Date':
    case 'DateTime':
      return {};
  }
}

function needed(xml: XmlElement, name: string, from: number, to: number): number {
  const number = xml.whole(name, from, to);
  if (number === undefined) throw xml.refuse('missing', `a whole number from ${from} to ${to}`, name);
  return number;
}

function numberShape(xml: XmlElement): Partial<FieldDefinition> {
  const precision = needed(xml, 'precision', 1, 18);
  return { precision, scale: needed(xml, 'scale', 0, precision) };
}

function picklistShape(xml: XmlElement, sets: ValueSets): Partial<FieldDefinition> {
  const set = xml.one('valueSet');
  const name = set?.string('valueSetName');
  if (set && name !== undefined) {
    const values = sets.get(name);
    if (values === undefined) throw xml.refuse(name, 'a global value set that the org has', 'valueSet/valueSetName');
    // What takes its values from a set takes no others.
    return { values, restricted: true };
  }
  const definition = set?.one('valueSetDefinition');
  if (!set || !definition) throw xml.refuse('missing', 'the values of the picklist', 'valueSet/valueSetDefinition');
  return { values: valuesIn(definition, 'value'), restricted: set.flag('restricted', false) };
}

const readValueSet = ({ xml }: Component): readonly PicklistValue[] => valuesIn(xml, 'customValue');

function valuesIn(xml: XmlElement, element: string): readonly PicklistValue[] {
  const values = xml
    .all(element)
    .filter((value) => value.flag('isActive', true))
    .map((value): PicklistValue => {
      const api = value.required('fullName');
      return { api, label: value.string('label') ?? api, isDefault: value.flag('default', false) };
    });
  const again = values.find(({ api }, index) => values.findIndex((other) => other.api === api) !== index);
  if (again) throw xml.refuse(again.api, 'each value once', element);
  return values;
}

function relationShape(api: string, xml: XmlElement): Partial<FieldDefinition> {
  const children = xml.string('relationshipName');
  return {
    referenceTo: [xml.required('referenceTo')],
    relationshipName: api.replace(/__c$/, '__r'),
    ...(children === undefined ? {} : { childRelationshipName: `${children}__r` }),
  };
}

function readRecord(
  { fullName, xml, file }: Component,
  objects: readonly ObjectDefinition[],
): Omit<CustomMetadataRecord, 'file'> {
  const [typeName = '', developerName = '', ...rest] = fullName.split('.');
  const type = objects.find(({ api }) => api === `${typeName}__mdt`);
  if (!type) throw new SourceError(file, 'the type', `${typeName}__mdt`, 'a custom metadata type of these directories');
  if (rest.length > 0 || !/^[A-Za-z](?!\w*__)\w{0,39}$/.test(developerName) || developerName.endsWith('_')) {
    throw new SourceError(file, 'the record name', developerName, 'at most 40 letters, digits and single underscores');
  }
  const given = new Map<string, CustomMetadataRecord['values'][string]>();
  for (const value of xml.all('values')) {
    const name = value.required('field');
    const field = type.fields[name];
    if (!field?.custom) throw value.refuse(name, `a field of ${type.api}`, 'field');
    if (given.has(name)) throw value.refuse(name, 'each field once', 'field');
    given.set(name, valueOf(value, field));
  }
  const values = Object.values(type.fields)
    .filter(({ custom }) => custom)
    .map((field) => [field.api, given.get(field.api) ?? (field.type === 'Checkbox' ? false : null)] as const);
  return { type: type.api, developerName, label: xml.required('label'), values: Object.fromEntries(values) };
}

function valueOf(xml: XmlElement, field: FieldDefinition): string | number | boolean | null {
  const value = xml.one('value');
  if (!value) throw xml.refuse('missing', `a value for ${field.api}, or xsi:nil`, 'value');
  if (value.attributes['xsi:nil'] === 'true') {
    if (field.required || field.type === 'Checkbox') throw value.refuse('nil', `a value for ${field.api}`);
    return null;
  }
  const { xsd, read } = valueType(field);
  const declared = value.attributes['xsi:type'] ?? '';
  if (!xsd.includes(declared))
    throw value.refuse(declared, `xsi:type ${xsd.join(' or ')} for ${field.api} (${field.type})`);
  return read(value);
}

type ValueType = { xsd: readonly string[]; read: (value: XmlElement) => string | number | boolean };

function valueType(field: FieldDefinition): ValueType {
  switch (field.type) {
    case 'Checkbox':
      return { xsd: ['xsd:boolean'], read: booleanIn };
    case 'Number':
    case 'Currency':
    case 'Percent':
      return { xsd: ['xsd:double', 'xsd:int'], read: (value) => numberIn(value, field) };
    case 'Date':
      return { xsd: ['xsd:date'], read: (value) => matching(value, /^\d{4}-\d\d-\d\d$/, 'a date as 2026-01-31') };
    case 'DateTime':
      return { xsd: ['xsd:dateTime'], read: (value) => matching(value, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/, 'a time in UTC') };
    case 'Id':
    case 'Text':
    case 'TextArea':
    case 'LongTextArea':
    case 'Picklist':
    case 'MultiselectPicklist':
    case 'Lookup':
    case 'MasterDetail':
    case 'AutoNumber':
    case 'Email':
    case 'Phone':
    case 'Url':
      return { xsd: ['xsd:string'], read: (value) => textIn(value, field) };
  }
}

function booleanIn(value: XmlElement): boolean {
  if (value.text !== 'true' && value.text !== 'false') throw value.refuse(value.text, 'true or false');
  return value.text === 'true';
}

function numberIn(value: XmlElement, { api, precision = 18, scale = 0 }: FieldDefinition): number {
  const [, whole = '', decimals = ''] = /^-?(\d+)(?:\.(\d+?)0*)?$/.exec(value.text) ?? [];
  const fits =
    whole !== '' && whole.length <= precision - scale && (Number(decimals) === 0 || decimals.length <= scale);
  if (!fits)
    throw value.refuse(
      value.text,
      `a number for ${api} with ${precision - scale} digits before the point and ${scale} behind it`,
    );
  return Number(value.text);
}

function matching(value: XmlElement, pattern: RegExp, expected: string): string {
  if (!pattern.test(value.text)) throw value.refuse(value.text, expected);
  return value.text;
}

function textIn(value: XmlElement, { api, length = 255, values, restricted }: FieldDefinition): string {
  if (value.text.length > length) throw value.refuse(value.text, `at most ${length} characters for ${api}`);
  if (values && restricted === true && !values.some((one) => one.api === value.text)) {
    throw value.refuse(value.text, `one of ${values.map((one) => one.api).join(', ')} for ${api}`);
  }
  return value.text;
}

function readPermissionSet({ fullName, xml }: Component): PermissionSetDefinition {
  const enabled = (element: string): string[] =>
    xml
      .all(element)
      .filter((access) => access.flag('enabled', false))
      .map((access) => access.required('name'));
  return {
    api: fullName,
    label: xml.required('label'),
    objects: byName(xml.all('objectPermissions'), 'object', (permission) => ({
      read: permission.flag('allowRead', false),
      create: permission.flag('allowCreate', false),
      edit: permission.flag('allowEdit', false),
      delete: permission.flag('allowDelete', false),
      viewAll: permission.flag('viewAllRecords', false),
      modifyAll: permission.flag('modifyAllRecords', false),
    })),
    fields: byName(xml.all('fieldPermissions'), 'field', (permission) => ({
      readable: permission.flag('readable', false),
      editable: permission.flag('editable', false),
    })),
    customMetadata: enabled('customMetadataTypeAccesses'),
    userPermissions: enabled('userPermissions'),
  };
}

function byName<T>(elements: readonly XmlElement[], key: string, read: (element: XmlElement) => T): Record<string, T> {
  const found = new Map<string, T>();
  for (const element of elements) {
    const name = element.required(key);
    if (found.has(name)) throw element.refuse(name, 'each once', key);
    found.set(name, read(element));
  }
  return Object.fromEntries(found);
}

/** A rule that is switched off is none. */
function readRule({ fullName, xml }: Component): ValidationRule[] {
  const [object = '', name = ''] = fullName.split('.');
  const field = xml.string('errorDisplayField');
  const rule = {
    ...{ name, condition: xml.required('errorConditionFormula'), message: xml.required('errorMessage') },
    ...(field === undefined ? {} : { field }),
  };
  if (!xml.flag('active', false)) return [];
  return (object === 'Activity' ? ['Task', 'Event'] : [object]).map((name) => ({ object: name, ...rule }));
}
