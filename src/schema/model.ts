/** Salesforce's nouns as data: objects and fields, as force-app XML and the standard objects describe them. */

export type FieldType =
  | 'Id'
  | 'Text'
  | 'TextArea'
  | 'LongTextArea'
  | 'Picklist'
  | 'MultiselectPicklist'
  | 'Checkbox'
  | 'Number'
  | 'Currency'
  | 'Percent'
  | 'Date'
  | 'DateTime'
  | 'Lookup'
  | 'MasterDetail'
  | 'AutoNumber'
  | 'Email'
  | 'Phone'
  | 'Url';

export type PicklistValue = { api: string; label: string; isDefault: boolean };

export type FieldDefinition = {
  api: string;
  label: string;
  type: FieldType;
  /** Text types: the longest value in characters. */
  length?: number;
  /** Number types: digits in all, and digits behind the point. */
  precision?: number;
  scale?: number;
  /** Must have a value on create and may not be emptied. */
  required: boolean;
  unique: boolean;
  caseSensitive: boolean;
  externalId: boolean;
  /** Picklist: values, and whether others are refused. */
  values?: readonly PicklistValue[];
  restricted?: boolean;
  /** As the XML has it: `true`, `false`, or a literal. */
  defaultValue?: string;
  /** Lookup and MasterDetail: the parents, the name of the path to the parent (`KAM_Group__r`, `Owner`), and of the children's list. */
  referenceTo?: readonly string[];
  relationshipName?: string;
  childRelationshipName?: string;
  displayFormat?: string;
  createable: boolean;
  updateable: boolean;
  /** Computed by the platform (system fields, sums, derived flags). */
  calculated: boolean;
  custom: boolean;
  description?: string;
};

export type ObjectDefinition = {
  api: string;
  label: string;
  pluralLabel: string;
  /** The three characters that ids of this object start with. */
  keyPrefix: string;
  kind: 'standard' | 'custom' | 'customMetadata';
  createable: boolean;
  updateable: boolean;
  deletable: boolean;
  fields: Readonly<Record<string, FieldDefinition>>;
};

export type CustomMetadataRecord = {
  /** `KAM_Criterion__mdt` and `Margin`. */
  type: string;
  developerName: string;
  label: string;
  values: Readonly<Record<string, string | number | boolean | null>>;
  file: string;
};

export type PermissionSetDefinition = {
  api: string;
  label: string;
  objects: Readonly<
    Record<
      string,
      { read: boolean; create: boolean; edit: boolean; delete: boolean; viewAll: boolean; modifyAll: boolean }
    >
  >;
  /** By `Object.Field`. */
  fields: Readonly<Record<string, { readable: boolean; editable: boolean }>>;
  customMetadata: readonly string[];
  userPermissions: readonly string[];
};

/** A condition that a record of the object must not meet. */
export type ValidationRule = {
  object: string;
  name: string;
  condition: string;
  message: string;
  /** The field that the message stands at. */
  field?: string;
};

/** What one or more source directories declare. Fields that extend standard objects stand under the object's name. */
export type SourceSchema = {
  objects: readonly ObjectDefinition[];
  /** Custom fields on standard objects, by object; `Activity` fields are listed under Task and under Event. */
  extensions: Readonly<Record<string, readonly FieldDefinition[]>>;
  records: readonly CustomMetadataRecord[];
  permissionSets: readonly PermissionSetDefinition[];
  /** Only those that are active. */
  rules: readonly ValidationRule[];
};
