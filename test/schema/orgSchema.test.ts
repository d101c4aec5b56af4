import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { orgSchema } from '../../src/schema/orgSchema.js';
import { METADATA_NAMESPACE } from '../../src/schema/xml.js';

const forceApp = ['main', 'seed'].map((name) => new URL(`../../force-app/${name}`, import.meta.url).pathname);

test('an org without source has the standard objects only', () => {
  const { objects, records, permissionSets } = orgSchema([]);
  expect(objects.map(({ api }) => api)).toContain('Account');
  expect(objects.every(({ kind }) => kind === 'standard')).toBe(true);
  expect([records, permissionSets]).toEqual([[], []]);
});

test('our package adds fields to Account, Task and Event, its objects, records and permission set', () => {
  const { objects, records, permissionSets } = orgSchema(forceApp);
  const named = (name: string) => objects.find(({ api }) => api === name);
  expect(named('Account')?.fields).toMatchObject({ Name: { custom: false }, KAM_Tier__c: { custom: true } });
  expect(named('Account')?.fields['KAM_Group__c']).toMatchObject({
    relationshipName: 'KAM_Group__r',
    childRelationshipName: 'KAM_Group_Members__r',
  });
  expect(named('Task')?.fields['KAM_Task_Ref__c']).toEqual(named('Event')?.fields['KAM_Task_Ref__c']);
  expect(named('KAM_Run__c')).toMatchObject({ kind: 'custom', keyPrefix: 'a04' });
  expect(records.map(({ developerName }) => developerName)).toContain('Default');
  expect(permissionSets.map(({ api }) => api)).toEqual(['KAM_Integration', 'KAM_User']);
});

test('the ids of no two objects start alike', () => {
  const prefixes = orgSchema(forceApp).objects.map(({ keyPrefix }) => keyPrefix);
  expect(new Set(prefixes).size).toBe(prefixes.length);
});

test.each([
  [
    'an object that the org lacks',
    'Spaceship',
    'Account',
    /the object is \"Spaceship\"; expected an object that the org has/,
  ],
  [
    'a parent that the org lacks',
    'Account',
    'Spaceship',
    /referenceTo is \"Spaceship\"; expected an object that the org has/,
  ],
])('a field on or to %s is refused', (_, object, parent, expected) => {
  const dir = mkdtempSync(join(tmpdir(), 'kam-schema-'));
  const fields = join(dir, 'objects', object, 'fields');
  mkdirSync(fields, { recursive: true });
  writeFileSync(
    join(fields, 'Dock__c.field-meta.xml'),
    `<CustomField xmlns="${METADATA_NAMESPACE}"><fullName>Dock__c</fullName><label>Dock</label>
     <referenceTo>${parent}</referenceTo><relationshipName>Docks</relationshipName><type>Lookup</type></CustomField>`,
  );
  expect(() => orgSchema([dir])).toThrow(expected);
  rmSync(dir, { recursive: true });
});
