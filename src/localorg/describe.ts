/** Objects and fields as describe answers them: the full wire shape, derived from the schema. */
import type { FieldDefinition, ObjectDefinition } from '../schema/model.js';
import { isTextual } from './soql.js';

/** One object in the global describe. */
export function describeBriefly(object: ObjectDefinition, apiVersion: string): Record<string, unknown> {
  const base = `/services/data/v${apiVersion}/sobjects/${object.api}`;
  return {
    activateable: false,
    associateEntityType: null,
    associateParentEntity: null,
    createable: object.createable,
    custom: object.kind !== 'standard',
    customSetting: false,
    deepCloneable: false,
    deletable: object.deletable,
    deprecatedAndHidden: false,
    feedEnabled: false,
    hasSubtypes: false,
    isInterface: false,
    isSubtype: false,
    keyPrefix: object.keyPrefix,
    label: object.label,
    labelPlural: object.pluralLabel,
    layoutable: object.kind !== 'customMetadata',
    mergeable: 'MasterRecordId' in object.fields,
    mruEnabled: object.kind !== 'customMetadata',
    name: object.api,
    queryable: true,
    replicateable: object.kind !== 'customMetadata',
    retrieveable: true,
    searchable: object.kind !== 'customMetadata',
    triggerable: object.kind !== 'customMetadata',
    undeletable: object.deletable,
    updateable: object.updateable,
    urls: { rowTemplate: `${base}/{ID}`, describe: `${base}/describe`, sobject: base },
  };
}

/** One object with its fields and the lists of its children. */
export function describeFully(
  object: ObjectDefinition,
  objects: readonly ObjectDefinition[],
  apiVersion: string,
): Record<string, unknown> {
  return {
    actionOverrides: [],
    ...describeBriefly(object, apiVersion),
    childRelationships: childrenOf(object, objects),
    compactLayoutable: object.kind !== 'customMetadata',
    defaultImplementation: null,
    extendedBy: null,
    extendsInterfaces: null,
    fields: Object.values(object.fields).map(describeField),
    implementedBy: null,
    implementsInterfaces: null,
    listviewable: null,
    lookupLayoutable: null,
    namedLayoutInfos: [],
    networkScopeFieldName: null,
    recordTypeInfos: [
      {
        active: true,
        available: true,
        defaultRecordTypeMapping: true,
        developerName: 'Master',
        master: true,
        name: 'Master',
        recordTypeId: '012000000000000AAA',
        urls: { layout: `/services/data/v${apiVersion}/sobjects/${object.api}/describe/layouts/012000000000000AAA` },
      },
    ],
    searchLayoutable: object.kind !== 'customMetadata',
    sobjectDescribeOption: 'FULL',
    supportedScopes: [{ label: `All ${object.pluralLabel}`, name: 'everything' }],
  };
}

function childrenOf(object: ObjectDefinition, objects: readonly ObjectDefinition[]): Record<string, unknown>[] {
  return objects.flatMap((child) =>
    Object.values(child.fields)
      .filter((field) => field.referenceTo?.includes(object.api) === true)
      .map((field) => ({
        cascadeDelete: field.type === 'MasterDetail',
        childSObject: child.api,
        deprecatedAndHidden: false,
        field: field.api,
        junctionIdListNames: [],
        junctionReferenceTo: [],
        relationshipName: field.childRelationshipName ?? null,
        restrictedDelete: false,
      })),
  );
}

function describeField(field: FieldDefinition): Record<string, unknown> {
  const isNumber = field.type === 'Number' || field.type === 'Currency' || field.type === 'Percent';
  const type = wireTypeOf(field);
  const length = lengthOf(field);
  const filterable = field.type !== 'LongTextArea';
  return {
    aggregatable: isNumber || field.type === 'Date' || field.type === 'DateTime' || (isTextual(field) && filterable),
    aiPredictionField: false,
    autoNumber: field.type === 'AutoNumber',
    byteLength: length * 3,
    calculated: false,
    calculatedFormula: null,
    cascadeDelete: field.type === 'MasterDetail',
    caseSensitive: field.caseSensitive,
    compoundFieldName: null,
    controllerName: null,
    createable: field.createable,
    custom: field.custom,
    defaultValue: field.type === 'Checkbox' ? field.defaultValue === 'true' : null,
    defaultValueFormula: null,
    defaultedOnCreate: isDefaulted(field),
    dependentPicklist: false,
    deprecatedAndHidden: false,
    digits: type === 'int' ? (field.precision ?? 0) : 0,
    displayLocationInDecimal: false,
    encrypted: false,
    externalId: field.externalId,
    extraTypeInfo: field.type === 'LongTextArea' ? 'plaintextarea' : null,
    filterable,
    filteredLookupInfo: null,
    formulaTreatNullNumberAsZero: false,
    groupable: filterable && !isNumber && field.type !== 'DateTime',
    highScaleNumber: false,
    htmlFormatted: false,
    idLookup: field.type === 'Id' || field.externalId,
    inlineHelpText: null,
    label: field.label,
    length,
    mask: null,
    maskType: null,
    name: field.api,
    nameField: field.api === 'Name' || field.type === 'AutoNumber',
    namePointing: (field.referenceTo?.length ?? 0) > 1,
    nillable: !field.required && field.type !== 'Checkbox' && field.type !== 'Id' && !isSystem(field),
    permissionable: field.custom && !field.required && field.type !== 'MasterDetail',
    picklistValues: (field.values ?? []).map(({ api, label, isDefault }) => ({
      active: true,
      defaultValue: isDefault,
      label,
      validFor: null,
      value: api,
    })),
    polymorphicForeignKey: (field.referenceTo?.length ?? 0) > 1,
    precision: isNumber && type !== 'int' ? (field.precision ?? 18) : 0,
    queryByDistance: false,
    referenceTargetField: null,
    referenceTo: field.referenceTo ?? [],
    relationshipName: field.relationshipName ?? null,
    relationshipOrder: field.type === 'MasterDetail' ? 0 : null,
    restrictedDelete: false,
    restrictedPicklist: field.restricted ?? false,
    scale: isNumber && type !== 'int' ? (field.scale ?? 0) : 0,
    searchPrefilterable: field.referenceTo !== undefined,
    soapType: soapTypeOf(type),
    sortable: filterable,
    type,
    unique: field.unique,
    updateable: field.updateable,
    writeRequiresMasterRead: false,
  };
}

const systemNames = [
  'IsDeleted',
  'CreatedDate',
  'CreatedById',
  'LastModifiedDate',
  'LastModifiedById',
  'SystemModstamp',
];
const isSystem = (field: FieldDefinition): boolean => systemNames.includes(field.api);

const isDefaulted = (field: FieldDefinition): boolean =>
  field.type === 'Checkbox' ||
  field.type === 'Id' ||
  field.type === 'AutoNumber' ||
  isSystem(field) ||
  field.api === 'OwnerId' ||
  (field.values?.some(({ isDefault }) => isDefault) ?? false);

/** The type as describe names it. */
export function wireTypeOf(field: FieldDefinition): string {
  switch (field.type) {
    case 'Id':
      return 'id';
    case 'Text':
    case 'AutoNumber':
      return 'string';
    case 'TextArea':
    case 'LongTextArea':
      return 'textarea';
    case 'Picklist':
      return 'picklist';
    case 'MultiselectPicklist':
      return 'multipicklist';
    case 'Checkbox':
      return 'boolean';
    case 'Number':
      // Standard whole numbers are int; a custom Number is a double whatever its decimals.
      return field.scale === 0 && !field.custom ? 'int' : 'double';
    case 'Currency':
      return 'currency';
    case 'Percent':
      return 'percent';
    case 'Date':
      return 'date';
    case 'DateTime':
      return 'datetime';
    case 'Lookup':
    case 'MasterDetail':
      return 'reference';
    case 'Email':
      return 'email';
    case 'Phone':
      return 'phone';
    case 'Url':
      return 'url';
  }
}

function soapTypeOf(type: string): string {
  switch (type) {
    case 'id':
    case 'reference':
      return 'tns:ID';
    case 'boolean':
    case 'int':
    case 'double':
    case 'date':
      return `xsd:${type}`;
    case 'datetime':
      return 'xsd:dateTime';
    case 'currency':
    case 'percent':
      return 'xsd:double';
    default:
      return 'xsd:string';
  }
}

function lengthOf(field: FieldDefinition): number {
  switch (field.type) {
    case 'Id':
    case 'Lookup':
    case 'MasterDetail':
      return 18;
    case 'TextArea':
    case 'Picklist':
      return field.length ?? 255;
    case 'Text':
    case 'LongTextArea':
    case 'MultiselectPicklist':
    case 'AutoNumber':
    case 'Email':
    case 'Phone':
    case 'Url':
      return field.length ?? (field.type === 'AutoNumber' ? 30 : 255);
    case 'Checkbox':
    case 'Number':
    case 'Currency':
    case 'Percent':
    case 'Date':
    case 'DateTime':
      return 0;
  }
}
