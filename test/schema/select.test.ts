import { expect, test } from 'vitest';
import { Account, OpportunityLineItem, Task } from '../../src/schema/generated.js';
import { select } from '../../src/schema/select.js';

test('a field list is what was asked for, in order, so that it joins into SOQL', () => {
  expect(select(Account, ['Id', 'Name', 'KAM_Tier__c']).join(', ')).toBe('Id, Name, KAM_Tier__c');
});

test('fields of a parent are asked for by path', () => {
  expect(select(OpportunityLineItem, ['Opportunity.AccountId', 'Product2.Family', 'TotalPrice'])).toHaveLength(3);
  expect(select(Account, ['Owner.IsActive', 'KAM_Group__r.Name'])).toEqual(['Owner.IsActive', 'KAM_Group__r.Name']);
});

test('a name that the object does not have does not compile', () => {
  // @ts-expect-error Account has no such field.
  select(Account, ['Id', 'KAM_Teir__c']);
  // @ts-expect-error Product2 has no such field.
  select(OpportunityLineItem, ['Product2.Famly']);
  // @ts-expect-error A task's parent is of several kinds: no path leads through it.
  select(Task, ['What.Name']);
  expect('KAM_Teir__c' in Account.fields).toBe(false);
});
