/** Reads Salesforce source directories: what objects, fields, metadata records and permission sets they declare. */
import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import groupBy from 'lodash/groupBy.js';
import type {
  CustomMetadataRecord,
  FieldDefinition,
  FieldType,
  ObjectDefinition,
  PermissionSetDefinition,
  PicklistValue,
  SourceSchema,
} from './model.js';
import { systemFields } from './standard.js';
import { readXml, SourceError, type XmlElement } from './xml.js';

/**
 * Reads what one or more source directories declare, as one schema.
 *
 * Shape:  custom objects and metadata types come with their system fields and key prefixes (`a00` …, `m00` … by name);
 *         every record has a value for every field of its type.
 * Errors: `SourceError` naming file, element, value and what was expected: for XML that is not well-formed or of an
 *         unknown kind, for a component that stands twice, and for a record that does not fit its type.
 */
export function readSource(dirs: readonly string[]): SourceSchema {
  const files = dirs.flatMap(filesIn);
  const fields = unique(files.filter(isField).map(readField), ({ object, field }) => `${object}.${field.api}`);
  const fieldsOf = groupBy(fields, ({ object }) => object);
  const declared = unique(files.filter(isObject).map(readObject), ({ object }) => object.api);
  const objects = withKeyPrefixes(
    declared.map(({ object }) => ({
      ...object,
      ...withFields(
        object,
        (fieldsOf[object.api] ?? []).map(({ field }) => field),
      ),
    })),
  );
  const names = new Set(objects.map(({ api }) => api));
  const orphan = fields.find(({ object }) => /__(c|mdt)$/.test(object) && !names.has(object));
  if (orphan) {
    throw new SourceError(orphan.file, 'the object', orphan.object, `an object file ${orphan.object}.object-meta.xml`);
  }
  const records = unique(
    files.filter(isRecordFile).map((file) => ({ file, ...readRecord(file, objects) })),
    ({ type, developerName }) => `${type}.${developerName}`,
  );
  const permissionSets = unique(
    files.filter(isPermissionSet).map((file) => ({ file, set: readPermissionSet(file) })),
    ({ set }) => set.api,
  );
  return {
    objects,
    extensions: extensionsFrom(fields.filter(({ object }) => !names.has(object))),
    records: records.toSorted((a, b) => compare(a.type, b.type) || compare(a.developerName, b.developerName)),
    permissionSets: permissionSets.map(({ set }) => set),
  };
}

function filesIn(dir: string): string[] {
  if (!existsSync(dir))
    throw new SourceError(dir, 'the source directory', 'missing', 'a directory with metadata source');
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('-meta.xml'))
    .toSorted(compare)
    .map((name) => join(dir, name));
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function unique<T extends { file: string }>(found: T[], keyOf: (one: T) => string): T[] {
  const first = new Map<string, T>();
  for (const one of found) {
    const key = keyOf(one).toLowerCase();
    const other = first.get(key);
    if (other)
      throw new SourceError(one.file, 'the component', keyOf(one), `it once, and it stands in ${other.file} too`);
    first.set(key, one);
  }
  return found;
}

const isObject = (file: string): boolean => /__\w+\.object-meta\.xml$/.test(file);
/** Files of standard fields (`Industry.field-meta.xml`) change labels, not the schema. */
const isField = (file: string): boolean => /__c\.field-meta\.xml$/.test(file);
const isRecordFile = (file: string): boolean => file.endsWith('.md-meta.xml');
const isPermissionSet = (file: string): boolean => file.endsWith('.permissionset-meta.xml');

type NameField = { label: string; type: 'Text' | 'AutoNumber'; displayFormat?: string };
type DeclaredObject = Omit<ObjectDefinition, 'keyPrefix' | 'fields'> & { nameField?: NameField };

function readObject(file: string): { file: string; object: DeclaredObject } {
  const api = basename(file, '.object-meta.xml');
  const xml = readXml(file, 'CustomObject');
  const kind = /__(c|mdt)$/.exec(api)?.[1];
  if (kind === undefined)
    throw new SourceError(file, 'the object', api, 'a custom object (__c) or metadata type (__mdt)');
  const labels = { label: xml.required('label'), pluralLabel: xml.string('pluralLabel') ?? xml.required('label') };
  if (kind === 'mdt') {
    const object = {
      api,
      ...labels,
      kind: 'customMetadata',
      createable: false,
      updateable: false,
      deletable: false,
    } as const;
    return { file, object };
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
  return {
    file,
    object: { api, ...labels, kind: 'custom', createable: true, updateable: true, deletable: true, nameField },
  };
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

function withKeyPrefixes(objects: readonly (DeclaredObject & Pick<ObjectDefinition, 'fields'>)[]): ObjectDefinition[] {
  const next = { custom: 0, customMetadata: 0, standard: 0 };
  return objects
    .toSorted((a, b) => compare(a.api, b.api))
    .map(({ nameField: _, ...object }) => {
      const number = (next[object.kind]++).toString(36).padStart(2, '0');
      return { ...object, keyPrefix: `${object.kind === 'customMetadata' ? 'm' : 'a'}${number}` };
    });
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

function readField(file: string): { file: string; object: string; field: FieldDefinition } {
  const object = basename(dirname(dirname(file)));
  const api = basename(file, '.field-meta.xml');
  const xml = readXml(file, 'CustomField');
  if (basename(dirname(file)) !== 'fields' || basename(dirname(dirname(dirname(file)))) !== 'objects') {
    throw new SourceError(file, 'the folder', dirname(file), 'objects/<object>/fields');
  }
  if (xml.required('fullName') !== api)
    throw xml.refuse(xml.required('fullName'), `the name of the file, ${api}`, 'fullName');
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
    ...shapeOf(type, api, xml),
    ...(defaultValue === undefined ? {} : { defaultValue }),
    ...(description === undefined ? {} : { description }),
  };
  return { file, object, field };
}

/** What a field of this type needs beyond its name. */
function shapeOf(type: (typeof fieldTypes)[number], api: string, xml: XmlElement): Partial<FieldDefinition> {
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
      return { length: 255, ...picklistShape(xml) };
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

function picklistShape(xml: XmlElement): Partial<FieldDefinition> {
  const set = xml.one('valueSet');
  const definition = set?.one('valueSetDefinition');
  if (!set || !definition) throw xml.refuse('missing', 'the values of the picklist', 'valueSet/valueSetDefinition');
  const values = definition
    .all('value')
    .filter((value) => value.flag('isActive', true))
    .map((value): PicklistValue => {
      const api = value.required('fullName');
      return { api, label: value.string('label') ?? api, isDefault: value.flag('default', false) };
    });
  const again = values.find(({ api }, index) => values.findIndex((other) => other.api === api) !== index);
  if (again) throw definition.refuse(again.api, 'each value once', 'value');
  return { values, restricted: set.flag('restricted', false) };
}

function relationShape(api: string, xml: XmlElement): Partial<FieldDefinition> {
  const children = xml.string('relationshipName');
  return {
    referenceTo: [xml.required('referenceTo')],
    relationshipName: api.replace(/__c$/, '__r'),
    ...(children === undefined ? {} : { childRelationshipName: `${children}__r` }),
  };
}

function readRecord(file: string, objects: readonly ObjectDefinition[]): Omit<CustomMetadataRecord, 'file'> {
  const xml = readXml(file, 'CustomMetadata');
  const [typeName = '', developerName = '', ...rest] = basename(file, '.md-meta.xml').split('.');
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

function readPermissionSet(file: string): PermissionSetDefinition {
  const xml = readXml(file, 'PermissionSet');
  const enabled = (element: string): string[] =>
    xml
      .all(element)
      .filter((access) => access.flag('enabled', false))
      .map((access) => access.required('name'));
  return {
    api: basename(file, '.permissionset-meta.xml'),
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
