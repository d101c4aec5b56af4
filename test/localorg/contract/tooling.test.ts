/**
 * What the Tooling API tells of an org's own making. Sources: Tooling API Developer Guide, "REST Resources",
 * EntityDefinition, FieldDefinition, CustomField, ValidationRule; `@salesforce/core` org.js and plugin-schema for what the
 * sf CLI asks. `[K]` is general knowledge.
 */
import { Connection } from 'jsforce';
import { describe, expect } from 'vitest';
import { openClient } from '../../../src/localorg/client.js';
import { contract, refusal, type ContractOrg } from '../../support/contract.js';

const guide = 'Tooling API Developer Guide';
const ours = 'it asks for the components of our package';

const toolingOf = (org: ContractOrg): Connection['tooling'] =>
  new Connection({ instanceUrl: org.instanceUrl, accessToken: org.accessToken, version: '67.0' }).tooling;

const asked = async (org: ContractOrg, soql: string): Promise<readonly Record<string, unknown>[]> =>
  (await toolingOf(org).query(soql)).records;

describe('tooling queries', () => {
  contract('tell objects with their labels and key prefixes', { source: `${guide}, EntityDefinition` }, async (org) => {
    const soql =
      "SELECT QualifiedApiName, Label, KeyPrefix, IsQueryable FROM EntityDefinition WHERE QualifiedApiName IN ('Account', 'Opportunity') ORDER BY QualifiedApiName";
    expect(await asked(org, soql)).toMatchObject([
      { QualifiedApiName: 'Account', Label: 'Account', KeyPrefix: '001', IsQueryable: true },
      { QualifiedApiName: 'Opportunity', KeyPrefix: '006' },
    ]);
  });

  contract(
    'tell the fields of an object that is named, and of no other [K]',
    { source: 'Tooling API Developer Guide, FieldDefinition; the words of the refusal are believed' },
    async (org) => {
      const soql =
        "SELECT QualifiedApiName, DataType, EntityDefinition.QualifiedApiName FROM FieldDefinition WHERE EntityDefinition.QualifiedApiName = 'Account' AND QualifiedApiName = 'Industry'";
      expect(await asked(org, soql)).toMatchObject([
        { QualifiedApiName: 'Industry', DataType: 'Picklist', EntityDefinition: { QualifiedApiName: 'Account' } },
      ]);
      await expect(asked(org, 'SELECT QualifiedApiName FROM FieldDefinition')).rejects.toThrow(/reified column/);
    },
  );

  contract(
    'tell custom fields and validation rules with the ids of their components',
    { source: `${guide}, CustomField (TableEnumOrId), ValidationRule`, onlyLocal: ours },
    async (org) => {
      const soql = "SELECT Id, TableEnumOrId FROM CustomField WHERE DeveloperName = 'KAM_Tier'";
      expect(await asked(org, soql)).toMatchObject([
        { Id: expect.stringMatching(/^00N\w{15}$/), TableEnumOrId: 'Account' },
      ]);
      const rule = { active: true, errorConditionFormula: 'ISBLANK(Site)', errorMessage: 'Where is it?' };
      const { metadata } = new Connection({ instanceUrl: org.instanceUrl, accessToken: org.accessToken });
      await metadata.create('ValidationRule', { fullName: 'Account.Has_Site', ...rule });
      expect(
        await asked(
          org,
          "SELECT ValidationName, ErrorMessage FROM ValidationRule WHERE EntityDefinition.QualifiedApiName = 'Account' AND Active = true",
        ),
      ).toMatchObject([{ ValidationName: 'Has_Site', ErrorMessage: 'Where is it?' }]);
      expect(await asked(org, "SELECT Id FROM CustomObject WHERE DeveloperName = 'KAM_Run'")).toMatchObject([
        { Id: expect.stringMatching(/^01I/) },
      ]);
    },
  );

  contract(
    'answer in the shape of the Tooling API, with addresses below tooling',
    { source: `${guide}, "REST Resources", query: size, totalSize, done, entityTypeName` },
    async (org) => {
      const soql = "SELECT QualifiedApiName FROM EntityDefinition WHERE QualifiedApiName = 'Account'";
      const answer = await org.fetch(`tooling/query?q=${encodeURIComponent(soql)}`);
      expect(await answer.json()).toMatchObject({
        ...{ size: 1, totalSize: 1, done: true, entityTypeName: 'EntityDefinition' },
        records: [{ attributes: { url: '/services/data/v67.0/tooling/sobjects/EntityDefinition/Account' } }],
      });
    },
  );

  contract(
    'tell their columns, as the sf CLI asks before it prints a table',
    { source: 'plugin-data lib/commands/data/query.js retrieveColumns(): columns=true by the Tooling API too' },
    async (org) => {
      const soql = "SELECT QualifiedApiName FROM EntityDefinition WHERE QualifiedApiName = 'Account'";
      const answer = await org.fetch(`tooling/query?q=${encodeURIComponent(soql)}&columns=true`);
      expect(await answer.json()).toMatchObject({
        entityName: 'EntityDefinition',
        columnMetadata: [{ columnName: 'QualifiedApiName' }],
      });
    },
  );

  contract(
    'find no Apex in an org without any',
    { source: `${guide}, ApexClass`, onlyLocal: 'a real org may have Apex' },
    async (org) => {
      expect(await asked(org, "SELECT Id FROM ApexClass WHERE Name = 'Any'")).toEqual([]);
    },
  );

  contract(
    'refuse an object that is not among them, as an org without source tracking refuses SourceMember',
    {
      source: '@salesforce/core org.js supportsSourceTracking(); refused as any unknown object',
      onlyLocal: 'a sandbox may have source tracking',
    },
    async (org) => {
      await expect(asked(org, 'SELECT Id FROM SourceMember')).rejects.toThrow(/'SourceMember' is not supported/);
      await expect(toolingOf(org).sobject('SourceMember').describe()).rejects.toThrow(/does not exist/);
      expect((await org.fetch('tooling/executeAnonymous?anonymousBody=x')).status).toBe(404);
    },
  );

  contract(
    'describe themselves',
    { source: `${guide}, "REST Resources": sobjects and describe; plugin-schema sobject describe --use-tooling-api` },
    async (org) => {
      const { sobjects } = await toolingOf(org).describeGlobal();
      expect(sobjects.map(({ name }) => name)).toEqual(expect.arrayContaining(['EntityDefinition', 'CustomField']));
      const { fields } = await toolingOf(org).describe('EntityDefinition');
      expect(fields.map(({ name }) => name)).toContain('QualifiedApiName');
    },
  );

  contract(
    'follow what a user may see: no object that he may not read, and no component',
    { source: `${guide}, EntityDefinition: as the user has access`, onlyLocal: 'it needs the session of another user' },
    async (org) => {
      const [user] = await org.client.query("SELECT Username FROM User WHERE Name = 'KAM Integration'");
      const worker = openClient(org.instanceUrl, org.sessionOf?.(String(user?.['Username'])) ?? '');
      const soql = encodeURIComponent("SELECT Id FROM EntityDefinition WHERE QualifiedApiName = 'Account'");
      expect(await worker.send('GET', `tooling/query?q=${soql}`)).toMatchObject({ totalSize: 0 });
      expect(await refusal(worker.send('GET', 'tooling/query?q=SELECT+Id+FROM+CustomField'))).toContain('INVALID_TYPE');
      await worker.close();
    },
  );
});
