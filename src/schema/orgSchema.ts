/** What an org with our package looks like: the standard objects, and what source directories add to them. */
import type {
  CustomMetadataRecord,
  FieldDefinition,
  ObjectDefinition,
  PermissionSetDefinition,
  ValidationRule,
} from './model.js';
import type { Component } from './components.js';
import { withFeatures, type Feature } from './features.js';
import { isCustom, schemaFrom, sourceComponents, type Fault } from './source.js';
import { standardObjects } from './standard.js';
import { SourceError } from './xml.js';

export type OrgSchema = {
  objects: readonly ObjectDefinition[];
  records: readonly CustomMetadataRecord[];
  permissionSets: readonly PermissionSetDefinition[];
  rules: readonly ValidationRule[];
};

/**
 * The schema of an org into which the source directories are deployed.
 *
 * Errors: those of `readSource`, and for what a deploy would refuse: a field on an object that is not there, or a
 *         relation to one.
 */
export function orgSchema(dirs: readonly string[]): OrgSchema {
  const { schema, faults } = orgSchemaFrom(sourceComponents(dirs));
  const [first] = faults;
  if (first !== undefined) throw first.error;
  return schema;
}

/**
 * The schema of an org that has these components.
 *
 * `prefixes` are the key prefixes that its objects already have; `features` what it has beyond the least.
 * Errors: none are thrown; what does not fit is a fault, and left out of the schema.
 */
export function orgSchemaFrom(
  components: readonly Component[],
  prefixes: Readonly<Record<string, string>> = {},
  features: readonly Feature[] = [],
): { schema: OrgSchema; faults: Fault[] } {
  const { schema: declared, faults } = schemaFrom(components, prefixes);
  const standard = standardObjects.map((object) => extended(object, declared.extensions[object.api] ?? []));
  const objects = withFeatures([...standard, ...declared.objects], features);
  const names = new Set(objects.map(({ api }) => api));
  const fields = new Map(
    components.filter(({ type }) => type === 'CustomField').map((component) => [component.fullName, component]),
  );
  for (const component of fields.values()) {
    const [object = ''] = component.fullName.split('.');
    const known = object === 'Activity' || names.has(object) || isCustom(object);
    if (!known) {
      const error = new SourceError(component.file, 'the object', object, 'an object that the org has');
      faults.push({ component, error });
    }
  }
  for (const { api, fields: own } of objects) {
    for (const field of Object.values(own).filter(({ custom }) => custom)) {
      const missing = field.referenceTo?.find((target) => !names.has(target));
      const component = fields.get(`${api}.${field.api}`) ?? fields.get(`Activity.${field.api}`);
      if (missing === undefined || component === undefined) continue;
      faults.push({ component, error: component.xml.refuse(missing, 'an object that the org has', 'referenceTo') });
    }
  }
  const { records, permissionSets, rules } = declared;
  return { schema: { objects, records, permissionSets, rules }, faults };
}

function extended(object: ObjectDefinition, fields: readonly FieldDefinition[]): ObjectDefinition {
  return { ...object, fields: { ...object.fields, ...Object.fromEntries(fields.map((field) => [field.api, field])) } };
}
