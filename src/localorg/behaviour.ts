/** What the platform itself does when a standard record is saved: stages, sums, names, derived parents, cascades. */
import type { FieldDefinition, ObjectDefinition } from '../schema/model.js';
import { settleCurrency, settleRates } from './currencies.js';
import type { RowError } from './engine.js';
import { contactOf, settlePerson } from './people.js';
import { quoted, table, type ListedCatalog } from './soql.js';
import type { Store, StoredRow } from './store.js';
import type { Stored } from './values.js';

export type Derivations = {
  /** Fills what the platform derives into the row that is about to be saved; `old` is null on create. */
  before(object: ObjectDefinition, row: StoredRow, old: StoredRow | null): RowError[];
  after(object: ObjectDefinition, row: StoredRow, old: StoredRow | null): void;
  afterDelete(object: ObjectDefinition, row: StoredRow): void;
  /** Does `work`, and adds up at its end what would be added up after every row. */
  together<T>(work: () => T): T;
  /** Whether a child goes with its parent, other than by master-detail. */
  cascades(parent: ObjectDefinition, child: ObjectDefinition, field: FieldDefinition): boolean;
  /** Why a record may not be deleted, or null. */
  blocksDelete(object: ObjectDefinition, id: string): RowError | null;
};

export function derivationsFor(
  store: Store,
  catalog: ListedCatalog,
  by: { now(): number; userId: string; newRecord(object: ObjectDefinition, values: StoredRow): string },
): Derivations {
  const must = (name: string): ObjectDefinition => {
    const object = catalog.object(name);
    if (object === undefined) throw new Error(`The local org has no ${name}.`);
    return object;
  };
  const find: Find = (name, id, ...columns) =>
    typeof id === 'string'
      ? store.get(`SELECT ${columns.map(quoted).join(', ')} FROM ${table(must(name))} WHERE "Id" = ?`, [id])
      : undefined;

  const unsummed = new Set<string>();
  let isTogether = false;
  /** An opportunity with products is worth their sum; without, what was entered stays. */
  const sumLines = (opportunityId: Stored | undefined): void => {
    if (typeof opportunityId !== 'string') return;
    if (isTogether) {
      unsummed.add(opportunityId);
      return;
    }
    addUp(opportunityId);
  };
  const addUp = (opportunityId: string): void => {
    const opportunity = must('Opportunity');
    const sums = store.get(
      `SELECT COUNT(*) AS lines, SUM("TotalPrice") AS total FROM ${table(must('OpportunityLineItem'))} WHERE "OpportunityId" = ? AND "IsDeleted" = 0`,
      [opportunityId],
    );
    const has = Number(sums?.['lines'] ?? 0) > 0;
    const at = by.now();
    store.update(opportunity, opportunityId, {
      HasOpportunityLineItem: Number(has),
      ...(has ? { Amount: sums?.['total'] ?? 0 } : {}),
      // A sum that changes is a change of the opportunity. [K]
      LastModifiedDate: at,
      LastModifiedById: by.userId,
      SystemModstamp: at,
    });
  };

  const addUpAll = (): void => {
    for (const id of unsummed) addUp(id);
    unsummed.clear();
  };

  const hasCurrencies = (): boolean => catalog.object('CurrencyType') !== undefined;
  const hasPeople = (): boolean => catalog.object('Account')?.fields['IsPersonAccount'] !== undefined;

  /** The contact of a person comes and changes with the account. */
  const followPerson = (account: StoredRow): void => {
    const contact = must('Contact');
    const values = contactOf(account);
    if (typeof account['PersonContactId'] === 'string') {
      store.update(contact, account['PersonContactId'], { ...values, SystemModstamp: by.now() });
      return;
    }
    const id = by.newRecord(contact, values);
    store.update(must('Account'), String(account['Id']), { PersonContactId: id });
  };

  const beforeLine = (row: StoredRow, old: StoredRow | null): RowError[] => {
    const entry = find('PricebookEntry', row['PricebookEntryId'], 'Product2Id', 'UnitPrice', 'Pricebook2Id');
    if (entry === undefined) return [missing('PricebookEntryId')];
    const product = find('Product2', entry['Product2Id'], 'Name', 'ProductCode');
    row['Product2Id'] = entry['Product2Id'] ?? null;
    row['ListPrice'] = entry['UnitPrice'] ?? null;
    row['ProductCode'] = product?.['ProductCode'] ?? null;
    row['Name'] = product?.['Name'] ?? null;
    const opportunity = find('Opportunity', row['OpportunityId'], 'Id', 'Pricebook2Id');
    if (opportunity !== undefined) {
      const book = opportunity['Pricebook2Id'] ?? null;
      if (book === null)
        store.update(must('Opportunity'), String(opportunity['Id']), { Pricebook2Id: entry['Pricebook2Id'] ?? null });
      else if (book !== entry['Pricebook2Id']) {
        return [
          refused(
            'FIELD_INTEGRITY_EXCEPTION',
            'The pricebook entry is in a different pricebook than the one assigned to the opportunity',
            ['PricebookEntryId'],
          ),
        ];
      }
    }
    return priceLine(row, old);
  };

  /**
   * The latest day of an event or a closed task with the contact. Moving it moves SystemModstamp, not the day of the
   * last change. Source: Salesforce Help 000387261 and 000385365.
   */
  const seeContact = (contactId: Stored | undefined): void => {
    const contact = find('Contact', contactId, 'Id', 'LastActivityDate');
    if (contact === undefined) return;
    const id = String(contact['Id']);
    const latest = (activity: string, column: string, isDone: string): Stored | undefined =>
      store.get(
        `SELECT MAX(${quoted(column)}) AS day FROM ${table(must(activity))} WHERE "WhoId" = ? AND "IsDeleted" = 0 ${isDone}`,
        [id],
      )?.['day'];
    const days = [latest('Task', 'ActivityDate', 'AND "IsClosed" = 1'), dayIn(latest('Event', 'StartDateTime', ''))];
    const last =
      days
        .filter((day) => typeof day === 'string')
        .toSorted()
        .at(-1) ?? null;
    if (last === contact['LastActivityDate']) return;
    store.update(must('Contact'), id, { LastActivityDate: last, SystemModstamp: by.now() });
  };
  const isActivity = ({ api }: ObjectDefinition): boolean => api === 'Task' || api === 'Event';

  /** A contact is related to the account of its own, where contacts may have several. */
  const relateContact = (contact: StoredRow): void => {
    const relation = catalog.object('AccountContactRelation');
    if (relation === undefined || typeof contact['AccountId'] !== 'string') return;
    by.newRecord(relation, {
      AccountId: contact['AccountId'],
      ContactId: contact['Id'] ?? null,
      IsActive: 1,
      IsDirect: 1,
    });
  };

  return {
    before: (object, row, old) => {
      // Whoever writes something else meanwhile meets sums that are right.
      if (unsummed.size > 0 && object.api !== 'OpportunityLineItem') addUpAll();
      const wrong = [
        ...inactiveOwner(object, find, row, old),
        ...(hasCurrencies() ? settleCurrency(store, object, row) : []),
        ...(object.api === 'Account' && hasPeople() ? settlePerson(store, row, old) : []),
      ];
      if (wrong.length > 0) return wrong;
      switch (object.api) {
        case 'Opportunity':
          return beforeOpportunity(row, old, stageOf(store, must('OpportunityStage'), row['StageName']));
        case 'OpportunityLineItem':
          return beforeLine(row, old);
        case 'Contact':
        case 'User':
          row['Name'] =
            [row['FirstName'], row['LastName']].filter((part) => typeof part === 'string').join(' ') || null;
          return [];
        case 'Case':
          row['IsClosed'] = Number(row['Status'] === 'Closed');
          return [];
        case 'Task':
          row['IsClosed'] = Number(row['Status'] === 'Completed');
          row['IsHighPriority'] = Number(row['Priority'] === 'High');
          row['AccountId'] = accountOfActivity(find, row);
          return [];
        case 'Event':
          row['AccountId'] = accountOfActivity(find, row);
          return [];
        case 'PricebookEntry':
          return beforeEntry(store, object, find, row, old);
        case 'Account':
          if (row['ParentId'] != null && row['ParentId'] === row['Id']) {
            return [
              refused('CIRCULAR_DEPENDENCY', 'attempt to create an account that is its own parent', ['ParentId']),
            ];
          }
          return [];
        default:
          return [];
      }
    },
    after: (object, row, old) => {
      if (object.api === 'DatedConversionRate') settleRates(store, row['IsoCode']);
      if (object.api === 'Account' && row['IsPersonAccount'] === 1) followPerson(row);
      if (isActivity(object)) for (const id of new Set([old?.['WhoId'], row['WhoId']])) seeContact(id);
      if (object.api === 'Contact' && old === null) relateContact(row);
      if (object.api !== 'OpportunityLineItem') return;
      if (old === null || old['TotalPrice'] !== row['TotalPrice']) sumLines(row['OpportunityId']);
    },
    afterDelete: (object, row) => {
      if (object.api === 'DatedConversionRate') settleRates(store, row['IsoCode']);
      if (object.api === 'OpportunityLineItem') sumLines(row['OpportunityId']);
      if (isActivity(object)) seeContact(row['WhoId']);
    },
    together: (work) => {
      const outer = isTogether;
      isTogether = true;
      try {
        const result = work();
        if (!outer) addUpAll();
        return result;
      } finally {
        isTogether = outer;
        if (!outer) unsummed.clear();
      }
    },
    cascades: (parent, child, field) =>
      (parent.api === 'Account' &&
        ['Contact', 'Opportunity', 'Case', 'AccountContactRelation', 'AccountTeamMember'].includes(child.api) &&
        field.api === 'AccountId') ||
      (parent.api === 'Contact' && child.api === 'AccountContactRelation' && field.api === 'ContactId') ||
      (field.api === 'WhatId' && (child.api === 'Task' || child.api === 'Event')) ||
      (parent.api === 'Product2' && child.api === 'PricebookEntry'),
    blocksDelete: (object, id) => {
      if (object.api !== 'Account') return null;
      const won = store.get(
        `SELECT "Id" FROM ${table(must('Opportunity'))} WHERE "AccountId" = ? AND "IsDeleted" = 0 AND "IsWon" = 1 LIMIT 1`,
        [id],
      );
      if (won === undefined) return null;
      return refused(
        'DELETE_FAILED',
        'Your attempt to delete the account could not be completed because some opportunities in that account were closed won.',
        [],
      );
    },
  };
}

function stageOf(store: Store, stages: ObjectDefinition, name: Stored | undefined): StoredRow | undefined {
  if (typeof name !== 'string') return undefined;
  return store.get(`SELECT * FROM ${table(stages)} WHERE ${quoted('MasterLabel')} = ?`, [name]);
}

function beforeOpportunity(row: StoredRow, old: StoredRow | null, stage: StoredRow | undefined): RowError[] {
  // An unknown stage is neither closed nor won; Salesforce keeps a picklist value that it doesn't know.
  row['IsClosed'] = stage?.['IsClosed'] ?? 0;
  row['IsWon'] = stage?.['IsWon'] ?? 0;
  row['ForecastCategoryName'] = stage?.['ForecastCategoryName'] ?? 'Pipeline';
  const moved = old === null || old['StageName'] !== row['StageName'];
  const asked = old === null ? row['Probability'] != null : old['Probability'] !== row['Probability'];
  if (moved && !asked) row['Probability'] = stage?.['DefaultProbability'] ?? null;
  // The sum of the products stands above what is entered: accepted and ignored, as in Salesforce.
  if (old !== null && old['HasOpportunityLineItem'] === 1) row['Amount'] = old['Amount'] ?? null;
  return [];
}

/** Unit price and total price follow from each other; giving both is refused, as Salesforce refuses it. */
function priceLine(row: StoredRow, old: StoredRow | null): RowError[] {
  const quantity = row['Quantity'];
  if (typeof quantity !== 'number') return [missing('Quantity')];
  if (quantity === 0) return [refused('FIELD_INTEGRITY_EXCEPTION', 'Quantity: quantity must be nonzero', ['Quantity'])];
  const gave = (name: string): boolean => row[name] != null && (old === null || old[name] !== row[name]);
  const [unit, total] = [gave('UnitPrice'), gave('TotalPrice')];
  if (old === null && unit && total) {
    return [
      refused('FIELD_INTEGRITY_EXCEPTION', 'Only one of UnitPrice and TotalPrice may be specified', [
        'UnitPrice',
        'TotalPrice',
      ]),
    ];
  }
  if (old === null && !unit && !total) row['UnitPrice'] = row['ListPrice'] ?? 0;
  if (total) row['UnitPrice'] = Math.round((Number(row['TotalPrice']) * 100) / quantity);
  else row['TotalPrice'] = Math.round((Number(row['UnitPrice'] ?? 0) * quantity) / 100);
  return [];
}

/** Some columns of a record by its id, deleted or not. */
type Find = (name: string, id: Stored | undefined, ...columns: string[]) => StoredRow | undefined;

/** A record that someone owns keeps an owner who has left, but is not given to one. */
function inactiveOwner(object: ObjectDefinition, find: Find, row: StoredRow, old: StoredRow | null): RowError[] {
  const owner = row['OwnerId'];
  if (typeof owner !== 'string' || owner === old?.['OwnerId'] || find('User', owner, 'IsActive')?.['IsActive'] !== 0)
    return [];
  const text = `operation performed with inactive user [${owner}] as owner of ${object.api.toLowerCase()}`;
  return [refused('INACTIVE_OWNER_OR_USER', text, ['OwnerId'])];
}

/** A task's account is what it is about, or that record's account, or its contact's. */
function accountOfActivity(find: Find, row: StoredRow): Stored {
  const what = row['WhatId'];
  if (typeof what === 'string') {
    if (what.startsWith('001')) return what;
    const about = what.startsWith('006')
      ? find('Opportunity', what, 'AccountId')
      : what.startsWith('500')
        ? find('Case', what, 'AccountId')
        : undefined;
    if (about !== undefined) return about['AccountId'] ?? null;
  }
  return find('Contact', row['WhoId'], 'AccountId')?.['AccountId'] ?? null;
}

function beforeEntry(
  store: Store,
  object: ObjectDefinition,
  find: Find,
  row: StoredRow,
  old: StoredRow | null,
): RowError[] {
  const product = find('Product2', row['Product2Id'], 'Name', 'ProductCode');
  row['Name'] = product?.['Name'] ?? null;
  row['ProductCode'] = product?.['ProductCode'] ?? null;
  if (old !== null || row['Pricebook2Id'] == null || row['Product2Id'] == null) return [];
  const standing = (where: string, parameters: Stored[]): StoredRow | undefined =>
    store.get(
      `SELECT e."Id" AS "Id" FROM ${table(object)} e JOIN "Pricebook2" b ON b."Id" = e."Pricebook2Id" WHERE e."IsDeleted" = 0 AND e."Product2Id" = ? AND ${where} LIMIT 1`,
      parameters,
    );
  const inCurrency = 'CurrencyIsoCode' in object.fields ? ' AND e."CurrencyIsoCode" = ?' : '';
  const currency = inCurrency === '' ? [] : [row['CurrencyIsoCode'] ?? null];
  if (
    standing(`e."Pricebook2Id" = ?${inCurrency}`, [row['Product2Id'], row['Pricebook2Id'], ...currency]) !== undefined
  ) {
    return [refused('DUPLICATE_VALUE', 'This price definition already exists in this price book', [])];
  }
  const isStandard = find('Pricebook2', row['Pricebook2Id'], 'IsStandard')?.['IsStandard'] === 1;
  if (!isStandard && standing('b."IsStandard" = 1', [row['Product2Id']]) === undefined) {
    return [refused('STANDARD_PRICE_NOT_DEFINED', 'No standard price defined for this product', [])];
  }
  return [];
}

const refused = (statusCode: string, message: string, fields: string[]): RowError => ({ statusCode, message, fields });

const missing = (field: string): RowError =>
  refused('REQUIRED_FIELD_MISSING', `Required fields are missing: [${field}]`, [field]);

const dayIn = (at: Stored | undefined): string | null =>
  typeof at === 'number' ? new Date(at).toISOString().slice(0, 10) : null;
