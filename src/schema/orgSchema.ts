/** What an org with our package looks like: the standard objects, and what source directories add to them. */
import type { CustomMetadataRecord, FieldDefinition, ObjectDefinition, PermissionSetDefinition } from './model.js';
import { readSource } from './source.js';
import { standardObjects } from './standard.js';

export type OrgSchema = {
  objects: readonly ObjectDefinition[];
  records: readonly CustomMetadataRecord[];
  permissionSets: readonly PermissionSetDefinition[];
};

/**
 * The schema of an org into which the source directories are deployed.
 *
 * Errors: those of `readSource`, and for what a deploy would refuse: a field on an object that is not there, or a
 *         relation to one.
 */
export function orgSchema(dirs: readonly string[]): OrgSchema {
  const { objects: declared, extensions, records, permissionSets } = readSource(dirs);
  const standard = standardObjects.map((object) => extended(object, extensions[object.api] ?? []));
  const objects = [...standard, ...declared];
  const names = new Set(objects.map(({ api }) => api));
  for (const [api, fields] of Object.entries(extensions)) {
    if (!names.has(api))
      throw new Error(`Field ${api}.${fields[0]?.api} extends an object that the org does not have.`);
  }
  for (const { api, fields } of objects) {
    for (const field of Object.values(fields).filter(({ custom }) => custom)) {
      const missing = field.referenceTo?.find((target) => !names.has(target));
      if (missing !== undefined)
        throw new Error(`Field ${api}.${field.api} refers to ${missing}, which the org does not have.`);
    }
  }
  return { objects, records, permissionSets };
}

function extended(object: ObjectDefinition, fields: readonly FieldDefinition[]): ObjectDefinition {
  return { ...object, fields: { ...object.fields, ...Object.fromEntries(fields.map((field) => [field.api, field])) } };
}
