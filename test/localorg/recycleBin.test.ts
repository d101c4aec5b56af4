/**
 * Deleted records: what goes with them, what comes back, what is gone for good, and what a merge leaves behind.
 * Sources: Salesforce's "undelete()", "merge()" and "emptyRecycleBin()" pages of the SOAP API Developer Guide and
 * "Restoring Deleted Records" of the Apex Developer Guide; `[K]` is general knowledge.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openEngine, type Engine, type MergeResult, type RowResult } from '../../src/localorg/engine.js';
import { defaultSources } from '../../src/localorg/localOrg.js';
import { sourceComponents } from '../../src/schema/source.js';

const ourPackage = { put: sourceComponents(defaultSources), drop: [] };
let org: Engine;
beforeEach(() => {
  org = openEngine({ file: ':memory:', clock: new Date('2026-11-24T12:00:00Z') });
  expect(org.deploy(ourPackage, 'keep')).toEqual([]);
});
afterEach(() => org.close());

function made(result: RowResult): string {
  if (!result.success) throw new Error(JSON.stringify(result.errors));
  return result.id;
}
const add = (object: string, values: Record<string, string | number>): string => made(org.insert(object, values));
const said = (result: RowResult | MergeResult): string =>
  result.success ? 'done' : `${result.errors[0]?.statusCode}: ${result.errors[0]?.message}`;
const query = (soql: string, withDeleted = false): Record<string, unknown>[] =>
  org.query(soql, { apiVersion: '67.0', purpose: 'rest', withDeleted }).records(0, 100);
const names = (soql: string, withDeleted = false): unknown[] => query(soql, withDeleted).map((each) => each['Name']);
const later = (days: number): void => org.setClock(new Date(org.now().getTime() + days * 24 * 60 * 60 * 1000));

describe('undelete', () => {
  test('brings a record back with what went with it, and the lookups that were emptied', () => {
    const parent = add('Account', { Name: 'parent' });
    add('Account', { Name: 'child', ParentId: parent });
    const deal = add('Opportunity', {
      Name: 'deal',
      AccountId: parent,
      StageName: 'Prospecting',
      CloseDate: '2026-12-01',
    });
    add('Task', { Subject: 'call', WhatId: deal });
    expect(said(org.delete('Account', parent))).toBe('done');
    expect(names('SELECT Name FROM Opportunity')).toEqual([]);
    expect(query('SELECT Id FROM Task')).toEqual([]);
    expect(query('SELECT Name, ParentId FROM Account')).toMatchObject([{ Name: 'child', ParentId: null }]);
    expect(said(org.undelete(parent))).toBe('done');
    expect(names('SELECT Name FROM Opportunity')).toEqual(['deal']);
    expect(query('SELECT AccountId FROM Task')).toMatchObject([{ AccountId: parent }]);
    expect(query("SELECT ParentId FROM Account WHERE Name = 'child'")).toMatchObject([{ ParentId: parent }]);
  });

  test('leaves a lookup alone that points to another record meanwhile', () => {
    const [old, other] = [add('Account', { Name: 'old' }), add('Account', { Name: 'other' })];
    const child = add('Account', { Name: 'child', ParentId: old });
    org.delete('Account', old);
    org.update('Account', child, { ParentId: other });
    org.undelete(old);
    expect(query("SELECT ParentId FROM Account WHERE Name = 'child'")).toMatchObject([{ ParentId: other }]);
  });

  test('takes nothing back that went with another record, or that was deleted before it', () => {
    const account = add('Account', { Name: 'a' });
    const [first, second] = [1, 2].map((n) => add('Contact', { LastName: `c${n}`, AccountId: account }));
    org.delete('Contact', first ?? '');
    org.delete('Account', account);
    expect(said(org.undelete(second ?? ''))).toBe('UNDELETE_FAILED: Entity is not in the recycle bin');
    org.undelete(account);
    expect(names('SELECT Name FROM Contact')).toEqual(['c2']);
  });

  test('of a lookup whose parent is gone empties it [K]', () => {
    const account = add('Account', { Name: 'a' });
    const contact = add('Contact', { LastName: 'c', AccountId: account });
    org.delete('Contact', contact);
    org.delete('Account', account);
    expect(said(org.undelete(contact))).toBe('done');
    expect(query('SELECT AccountId FROM Contact')).toMatchObject([{ AccountId: null }]);
  });

  test('is refused where a unique value belongs to another record by now', () => {
    const first = add('KAM_Run__c', { Ref__c: 'r' });
    org.delete('KAM_Run__c', first);
    const second = add('KAM_Run__c', { Ref__c: 'r' });
    expect(said(org.undelete(first))).toContain(`DUPLICATE_VALUE: duplicate value found: Ref__c`);
    expect(query('SELECT Id FROM KAM_Run__c')).toHaveLength(1);
    org.delete('KAM_Run__c', second);
    expect(said(org.undelete(first))).toBe('done');
  });

  test('adds the products of a deal to its amount again', () => {
    const product = add('Product2', { Name: 'Pump' });
    const [book] = query('SELECT Id FROM Pricebook2 WHERE IsStandard = true');
    const entry = add('PricebookEntry', { Pricebook2Id: String(book?.['Id']), Product2Id: product, UnitPrice: 1 });
    const deal = add('Opportunity', { Name: 'd', StageName: 'Prospecting', CloseDate: '2026-12-01' });
    const line = (total: number): string =>
      add('OpportunityLineItem', { OpportunityId: deal, PricebookEntryId: entry, Quantity: 1, TotalPrice: total });
    line(1);
    const second = line(2);
    org.delete('OpportunityLineItem', second);
    expect(query('SELECT Amount FROM Opportunity')).toMatchObject([{ Amount: 1 }]);
    org.undelete(second);
    expect(query('SELECT Amount FROM Opportunity')).toMatchObject([{ Amount: 3 }]);
  });

  test('of what was never deleted is refused', () => {
    expect(said(org.undelete(add('Account', { Name: 'a' })))).toContain('UNDELETE_FAILED');
    expect(said(org.undelete('nonsense'))).toContain('MALFORMED_ID');
  });
});

describe('the recycle bin', () => {
  test('shows its records to queryAll until they are purged, and then nobody finds them', () => {
    const id = add('Account', { Name: 'gone' });
    add('Contact', { LastName: 'c', AccountId: id });
    org.delete('Account', id);
    expect(query('SELECT Name, IsDeleted FROM Account', true)).toMatchObject([{ Name: 'gone', IsDeleted: true }]);
    expect(said(org.purge(id))).toBe('done');
    expect([names('SELECT Name FROM Account', true), names('SELECT Name FROM Contact', true)]).toEqual([[], []]);
    expect(said(org.undelete(id))).toContain('UNDELETE_FAILED');
    expect(said(org.purge(id))).toContain('Entity is not in the recycle bin');
  });

  test('keeps records for 15 days', () => {
    const id = add('Account', { Name: 'gone' });
    org.delete('Account', id);
    later(14);
    expect(names('SELECT Name FROM Account', true)).toEqual(['gone']);
    later(2);
    expect(names('SELECT Name FROM Account', true)).toEqual([]);
    expect(said(org.undelete(id))).toContain('UNDELETE_FAILED');
  });

  test('logs when a record was deleted, also when it is purged', () => {
    const id = add('Account', { Name: 'gone' });
    const [from, until] = [new Date('2026-11-24T00:00:00Z'), new Date('2026-11-25T00:00:00Z')];
    expect(org.changedBetween('Account', from, until)).toMatchObject({ updated: [id], deleted: [] });
    org.delete('Account', id);
    org.purge(id);
    expect(org.changedBetween('Account', from, until)).toMatchObject({ updated: [], deleted: [{ id }] });
    expect(org.changedBetween('Account', until, until)).toEqual({ updated: [], deleted: [] });
  });

  test('is emptied with the org', () => {
    const id = add('Account', { Name: 'gone' });
    org.delete('Account', id);
    org.reset();
    expect(said(org.undelete(id))).toContain('UNDELETE_FAILED');
  });
});

describe('merge', () => {
  test('moves children to the master, keeps its values but those given, and leaves a trace on the losers', () => {
    const named = (name: string): string => add('Account', { Name: name, Industry: name });
    const [a, b, c] = [named('a'), named('b'), named('c')];
    const contact = add('Contact', { LastName: 'k', AccountId: b });
    const task = add('Task', { Subject: 'call', WhatId: c });
    const site = add('Account', { Name: 'site', ParentId: b });
    const result = org.merge('Account', a, { Site: 'HQ' }, [b, c]);
    expect(result).toMatchObject({ success: true, id: a, mergedRecordIds: [b, c] });
    expect(new Set(result.success ? result.updatedRelatedIds : [])).toEqual(new Set([contact, task, site]));
    expect(query("SELECT Name, Industry, Site FROM Account WHERE Name != 'site'")).toMatchObject([
      { Name: 'a', Industry: 'a', Site: 'HQ' },
    ]);
    expect(query('SELECT AccountId, WhatId FROM Task')).toMatchObject([{ AccountId: a, WhatId: a }]);
    expect(query('SELECT Id, MasterRecordId FROM Account WHERE IsDeleted = true ORDER BY Name', true)).toMatchObject([
      { Id: b, MasterRecordId: a },
      { Id: c, MasterRecordId: a },
    ]);
    expect(query("SELECT ParentId FROM Account WHERE Name = 'site'")).toMatchObject([{ ParentId: a }]);
  });

  test('of contacts moves an activity to the account of the one that stays', () => {
    const account = add('Account', { Name: 'a' });
    const [stays, goes] = [add('Contact', { LastName: 's', AccountId: account }), add('Contact', { LastName: 'g' })];
    add('Task', { Subject: 'call', WhoId: goes });
    expect(said(org.merge('Contact', stays, {}, [goes]))).toBe('done');
    expect(query('SELECT WhoId, AccountId FROM Task')).toMatchObject([{ WhoId: stays, AccountId: account }]);
  });

  test('can be undone for the loser, not for its children', () => {
    const [a, b] = [add('Account', { Name: 'a' }), add('Account', { Name: 'b' })];
    add('Contact', { LastName: 'k', AccountId: b });
    org.merge('Account', a, {}, [b]);
    expect(said(org.undelete(b))).toBe('done');
    expect(query("SELECT MasterRecordId FROM Account WHERE Name = 'b'")).toMatchObject([{ MasterRecordId: null }]);
    expect(query('SELECT AccountId FROM Contact')).toMatchObject([{ AccountId: a }]);
  });

  test('refuses more than three records, other objects, itself, its parent, and a record that is gone', () => {
    const [a, b] = [add('Account', { Name: 'a' }), add('Account', { Name: 'b' })];
    const below = add('Account', { Name: 'c', ParentId: b });
    expect(said(org.merge('Account', a, {}, [b, below, b]))).toContain('INVALID_NUMBER_OF_RECORDS');
    expect(said(org.merge('Opportunity', a, {}, [b]))).toContain('INVALID_TYPE_FOR_OPERATION');
    expect(said(org.merge('Account', a, {}, [a]))).toContain('CIRCULAR_DEPENDENCY');
    expect(said(org.merge('Account', below, {}, [b]))).toContain('CIRCULAR_DEPENDENCY');
    org.delete('Account', b);
    expect(said(org.merge('Account', a, { Site: 'x' }, [b]))).toContain('ENTITY_IS_DELETED');
    expect(query("SELECT Site FROM Account WHERE Name = 'a'")).toMatchObject([{ Site: null }]);
  });
});
