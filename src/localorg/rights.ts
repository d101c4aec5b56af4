/** What a user may see and change: the org's schema as his profile and permission sets leave it to him. */
import type { FieldDefinition, ObjectDefinition, PermissionSetDefinition } from '../schema/model.js';

export type Rights = {
  /** A system administrator sees and changes everything that the data API lets anyone change. */
  isAdministrator: boolean;
  sets: readonly PermissionSetDefinition[];
};

/** Profiles of a new org; the second gives nothing but the API, so that permission sets say everything. */
export const profiles = {
  administrator: 'System Administrator',
  integration: 'Minimum Access - API Only Integrations',
} as const;

export const has = (rights: Rights, permission: string): boolean =>
  rights.sets.some(({ userPermissions }) => userPermissions.includes(permission));

/**
 * An object as a user meets it; undefined where it does not exist for him.
 *
 * Shape:  a field that he may not read is not there; one that he may not edit is neither createable nor updateable.
 * Source: object and field permissions of permission sets, Metadata API Developer Guide; which standard objects and
 *         fields have none is [K].
 */
export function visibleTo(rights: Rights, object: ObjectDefinition): ObjectDefinition | undefined {
  if (rights.isAdministrator) return object;
  const access = accessTo(rights, object);
  if (!access.read) return undefined;
  const fields: Record<string, FieldDefinition> = {};
  for (const field of Object.values(object.fields)) {
    const { readable, editable } = fieldAccess(rights, object, field);
    if (!readable) continue;
    const createable = field.createable && access.create && editable;
    const updateable = field.updateable && access.edit && editable;
    fields[field.api] =
      createable === field.createable && updateable === field.updateable ? field : { ...field, createable, updateable };
  }
  return {
    ...object,
    createable: object.createable && access.create,
    updateable: object.updateable && access.edit,
    deletable: object.deletable && access.delete,
    fields,
  };
}

type Access = { read: boolean; create: boolean; edit: boolean; delete: boolean };

const none: Access = { read: false, create: false, edit: false, delete: false };
const readOnly: Access = { ...none, read: true };

function accessTo(rights: Rights, object: ObjectDefinition): Access {
  if (object.kind === 'customMetadata') {
    const open =
      has(rights, 'CustomizeApplication') ||
      rights.sets.some(({ customMetadata }) => customMetadata.includes(object.api));
    return open ? readOnly : none;
  }
  switch (object.api) {
    // A product on a deal is a part of it.
    case 'OpportunityLineItem': {
      const deal = granted(rights, 'Opportunity');
      return { read: deal.read, create: deal.edit, edit: deal.edit, delete: deal.edit };
    }
    case 'PricebookEntry': {
      const book = granted(rights, 'Pricebook2');
      return { read: book.read, create: book.edit, edit: book.edit, delete: book.edit };
    }
    case 'Task':
      return activity(has(rights, 'ActivitiesAccess'), has(rights, 'EditTask'));
    case 'Event':
      return activity(has(rights, 'ActivitiesAccess'), has(rights, 'EditEvent'));
    default:
      return hasPermissions(object) ? granted(rights, object.api) : readOnly;
  }
}

/** Without activity access even the objects are gone; who may edit may create, and delete what is his. */
const activity = (open: boolean, edits: boolean): Access =>
  open ? { read: true, create: edits, edit: edits, delete: edits } : none;

/** Standard objects that permission sets speak of; the others (users, profiles, stages …) everybody reads and no one but an administrator changes. */
const permissioned = ['Account', 'Contact', 'Case', 'Opportunity', 'Product2', 'Pricebook2'];

const hasPermissions = (object: ObjectDefinition): boolean =>
  object.kind === 'custom' || permissioned.includes(object.api);

function granted(rights: Rights, object: string): Access {
  const all = rights.sets.flatMap(({ objects }) => objects[object] ?? []);
  const any = (right: 'read' | 'create' | 'edit' | 'delete' | 'modifyAll' | 'viewAll'): boolean =>
    all.some((access) => access[right]);
  return {
    read: any('read') || any('viewAll') || any('modifyAll'),
    create: any('create'),
    edit: any('edit') || any('modifyAll'),
    delete: any('delete') || any('modifyAll'),
  };
}

function fieldAccess(
  rights: Rights,
  object: ObjectDefinition,
  field: FieldDefinition,
): { readable: boolean; editable: boolean } {
  if (!isPermissionable(object, field)) return { readable: true, editable: true };
  const name = `${object.api}.${permissionName(field)}`;
  const all = rights.sets.flatMap(({ fields }) => fields[name] ?? []);
  return {
    readable: all.some(({ readable, editable }) => readable || editable),
    editable: all.some(({ editable }) => editable),
  };
}

/** Whether field permissions apply; a field that the platform needs is open to whoever may read the object. */
export function isPermissionable(object: ObjectDefinition, field: FieldDefinition): boolean {
  if (field.required || field.type === 'MasterDetail' || object.kind === 'customMetadata') return false;
  if (field.custom) return true;
  if (!hasPermissions(object) && !['OpportunityLineItem', 'Task', 'Event'].includes(object.api)) return false;
  if (field.calculated && (field.type === 'Checkbox' || field.referenceTo !== undefined)) return false;
  return !alwaysOpen.has(field.api);
}

/** Fields of standard objects that no permission set can close. [K] */
const alwaysOpen: ReadonlySet<string> = new Set([
  'Id',
  'Name',
  'FirstName',
  'LastName',
  'OwnerId',
  'CreatedDate',
  'LastModifiedDate',
  'LastActivityDate',
  'SystemModstamp',
  'CurrencyIsoCode',
  'ForecastCategoryName',
  'PricebookEntryId',
  'Pricebook2Id',
  'Subject',
  'CaseNumber',
  'TaskSubtype',
]);

/** The parts of an address are permitted together. */
const permissionName = ({ api, custom }: FieldDefinition): string =>
  custom ? api : api.replace(/^(Billing|Shipping|Mailing|Other)(Street|City|State|PostalCode|Country)$/, '$1Address');
