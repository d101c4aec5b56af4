/** Field lists that the compiler checks against the schema. */
import type { sObjects } from './generated.js';

type SObjects = typeof sObjects;

export type SObject = SObjects[keyof SObjects];

/** The fields of an object, and those of its parents by path: `KAM_Tier__c`, `Owner.IsActive`. */
export type FieldPath<O extends SObject> = FieldName<O> | ParentPath<O>;

type FieldName<O extends SObject> = keyof O['fields'] & string;

type ParentPath<O extends SObject> = {
  [F in keyof O['fields']]: O['fields'][F] extends {
    to: readonly [infer Parent extends keyof SObjects];
    path: infer Path extends string;
  }
    ? `${Path}.${FieldName<SObjects[Parent]>}`
    : never;
}[keyof O['fields']];

/** The list as it is: what to select, in order; a name that the object does not have does not compile. */
export function select<O extends SObject, const P extends readonly FieldPath<O>[]>(_object: O, fields: P): P {
  return fields;
}
