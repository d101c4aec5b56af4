/**
 * What a user may see and change. Sources: Metadata API Developer Guide, "PermissionSet" (object and field permissions,
 * custom metadata type accesses); Object Reference, "DescribeSObjectResult" (createable, updateable as the user has
 * them); issue threads as gathered in the project's Salesforce notes 4.2 (INVALID_FIELD,
 * INVALID_FIELD_FOR_INSERT_UPDATE). `[K]` is general knowledge.
 */
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { openClient, type LocalClient } from '../../../src/localorg/client.js';
import { contract, refusal, type ContractOrg } from '../../support/contract.js';

type Worker = { org: ContractOrg; worker: LocalClient; assign(set: string): Promise<void> };

const permissionSets = 'Metadata API Developer Guide, "PermissionSet"';

/** A case of the API-only integration user, who has nothing but the permission sets that it assigns. */
const withWorker = (title: string, source: string, work: (given: Worker) => Promise<void>): void =>
  contract(
    title,
    { source, onlyLocal: 'it needs the session of a user who has nothing but permission sets' },
    async (org) => {
      const [user] = await org.client.query("SELECT Id, Username FROM User WHERE Name = 'KAM Integration'");
      const worker = openClient(org.instanceUrl, org.sessionOf?.(String(user?.['Username'])) ?? '');
      try {
        await work({
          org,
          worker,
          assign: async (set) => {
            const [found] = await org.client.query(`SELECT Id FROM PermissionSet WHERE Name = '${set}'`);
            await org.client.send('POST', 'sobjects/PermissionSetAssignment', {
              AssigneeId: user?.['Id'],
              PermissionSetId: found?.['Id'],
            });
          },
        });
      } finally {
        await worker.close();
      }
    },
  );

const created = z.object({ id: z.string() });
const described = z.object({
  createable: z.boolean(),
  fields: z.array(z.object({ name: z.string(), createable: z.boolean(), updateable: z.boolean() })),
});

describe('a user without permission sets', () => {
  withWorker(
    'meets an org without sales objects: no describe, no query, no record',
    permissionSets +
      ': objectPermissions; REST API Developer Guide: NOT_FOUND and INVALID_TYPE for what a user cannot see',
    async ({ worker }) => {
      expect(await refusal(worker.send('GET', 'sobjects/Account/describe'))).toContain('404 NOT_FOUND');
      expect(await refusal(worker.query('SELECT Id FROM Account'))).toContain('400 INVALID_TYPE');
      expect(await refusal(worker.query('SELECT Id FROM KAM_Settings__mdt'))).toContain('400 INVALID_TYPE');
      expect(await refusal(worker.query('SELECT Id FROM Task'))).toContain('400 INVALID_TYPE');
      expect(await refusal(worker.send('POST', 'sobjects/Account', { Name: 'a' }))).toContain('404 NOT_FOUND');
    },
  );

  withWorker(
    'reads users, profiles and the organization, and changes none of them [K]',
    'general knowledge: what a user without permission sets may read; the code of the refusal',
    async ({ worker, org }) => {
      expect(await worker.query('SELECT Name FROM Organization')).toHaveLength(1);
      expect(await refusal(worker.send('PATCH', `sobjects/User/${org.userId}`, { LastName: 'x' }))).toContain(
        'CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY',
      );
    },
  );
});

describe('a user with KAM_Integration', () => {
  withWorker(
    'reads what it reads and writes what it writes',
    permissionSets + ': fieldPermissions readable, editable; Object Reference, "System Fields"',
    async ({ org, worker, assign }) => {
      await assign('KAM_Integration');
      const { id } = created.parse(
        await org.client.send('POST', 'sobjects/Account', { Name: 'a', KAM_Lighthouse__c: 3 }),
      );
      expect(await worker.query('SELECT Name, KAM_Lighthouse__c, Owner.Name FROM Account')).toMatchObject([
        { Name: 'a', KAM_Lighthouse__c: 3 },
      ]);
      await worker.send('PATCH', `sobjects/Account/${id}`, { KAM_Score__c: 60 });
      expect(await org.client.query('SELECT KAM_Score__c, LastModifiedBy.Name FROM Account')).toMatchObject([
        { KAM_Score__c: 60, LastModifiedBy: { Name: 'KAM Integration' } },
      ]);
      await worker.send('PATCH', 'sobjects/KAM_Run__c/Ref__c/r', { Accounts__c: 1 });
      expect(await worker.query('SELECT CreatedBy.Name FROM KAM_Run__c')).toMatchObject([
        { CreatedBy: { Name: 'KAM Integration' } },
      ]);
    },
  );

  withWorker(
    'is refused a field that it may only read, and the row stays as it was',
    'issue threads as gathered in the notes: INVALID_FIELD_FOR_INSERT_UPDATE, "Please check the security settings"',
    async ({ org, worker, assign }) => {
      await assign('KAM_Integration');
      const { id } = created.parse(await org.client.send('POST', 'sobjects/Account', { Name: 'a' }));
      expect(
        await refusal(worker.send('PATCH', `sobjects/Account/${id}`, { KAM_Score__c: 1, KAM_Lighthouse__c: 3 })),
      ).toContain('400 INVALID_FIELD_FOR_INSERT_UPDATE: Unable to create/update fields: KAM_Lighthouse__c.');
      expect(await org.client.query('SELECT KAM_Score__c FROM Account')).toMatchObject([{ KAM_Score__c: null }]);
    },
  );

  withWorker(
    'does not know a field that no set lets it read: not in queries, filters, describe or writes',
    'SOQL and SOSL Reference: fields that the user cannot read; simple-salesforce issue 808: No such column',
    async ({ org, worker, assign }) => {
      await assign('KAM_Integration');
      const { id } = created.parse(await org.client.send('POST', 'sobjects/Account', { Name: 'a', Site: 's' }));
      const no = /400 INVALID_FIELD: .*No such column 'Site'/s;
      expect(await refusal(worker.query('SELECT Site FROM Account'))).toMatch(no);
      expect(await refusal(worker.query("SELECT Id FROM Account WHERE Site = 's'"))).toMatch(no);
      expect(await refusal(worker.query('SELECT Id FROM Opportunity ORDER BY Account.Site'))).toMatch(no);
      expect(await refusal(worker.send('PATCH', `sobjects/Account/${id}`, { Site: 't' }))).toMatch(no);
      expect(await worker.send('GET', `sobjects/Account/${id}`)).not.toHaveProperty('Site');
      const { createable, fields } = described.parse(await worker.send('GET', 'sobjects/Account/describe'));
      const rights = Object.fromEntries(fields.map((field) => [field.name, field.updateable]));
      expect([createable, rights['KAM_Score__c'], rights['KAM_Lighthouse__c'], rights['Site']]).toEqual([
        false,
        true,
        false,
        undefined,
      ]);
    },
  );

  withWorker(
    'reads an address as a whole: its country comes with BillingAddress',
    permissionSets + ', FieldPermissions: compound address fields are named by the compound field',
    async ({ org, worker, assign }) => {
      await assign('KAM_Integration');
      await org.client.send('POST', 'sobjects/Account', { Name: 'a', BillingCountry: 'DE', ShippingCountry: 'AT' });
      expect(await worker.query('SELECT BillingCountry FROM Account')).toMatchObject([{ BillingCountry: 'DE' }]);
      expect(await refusal(worker.query('SELECT ShippingCountry FROM Account'))).toContain('INVALID_FIELD');
    },
  );

  withWorker(
    'may not create or delete accounts, nor write opportunities [K]',
    'general knowledge: the codes for an object permission that is not there',
    async ({ org, worker, assign }) => {
      await assign('KAM_Integration');
      const { id } = created.parse(await org.client.send('POST', 'sobjects/Account', { Name: 'a' }));
      expect(await refusal(worker.send('POST', 'sobjects/Account', { Name: 'b' }))).toContain(
        'CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY: entity type cannot be inserted: Account',
      );
      expect(await refusal(worker.send('DELETE', `sobjects/Account/${id}`))).toContain(
        'INSUFFICIENT_ACCESS_OR_READONLY',
      );
      const deal = { Name: 'o', StageName: 'Prospecting', CloseDate: '2026-12-01' };
      expect(await refusal(worker.send('POST', 'sobjects/Opportunity', deal))).toContain(
        'CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY',
      );
      expect(await org.client.query('SELECT Id FROM Account')).toHaveLength(1);
    },
  );

  withWorker(
    'loses what a permission set gave when the assignment goes',
    'Object Reference, PermissionSetAssignment: deleting it takes the permissions',
    async ({ org, worker, assign }) => {
      await assign('KAM_Integration');
      expect(await worker.query('SELECT Id FROM Account')).toEqual([]);
      const [assignment] = await org.client.query('SELECT Id FROM PermissionSetAssignment');
      await org.client.send('DELETE', `sobjects/PermissionSetAssignment/${String(assignment?.['Id'])}`);
      expect(await refusal(worker.query('SELECT Id FROM Account'))).toContain('INVALID_TYPE');
    },
  );
});

withWorker(
  'a user who was switched off has no session any more',
  'Salesforce Help, "Deactivate Users": sessions end; 401, INVALID_SESSION_ID',
  async ({ org, worker }) => {
    const [user] = await org.client.query("SELECT Id FROM User WHERE Name = 'KAM Integration'");
    await org.client.send('PATCH', `sobjects/User/${String(user?.['Id'])}`, { IsActive: false });
    expect(await refusal(worker.query('SELECT Id FROM User'))).toContain('401 INVALID_SESSION_ID');
    expect(org.sessionOf?.('nobody@nowhere.example')).toBeUndefined();
  },
);
