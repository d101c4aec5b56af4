/**
 * Metadata without a package, by jsforce as its users write it, and the deploy of what was validated before.
 * Sources: Metadata API Developer Guide, "CRUD-Based Calls" and deployRecentValidation(); jsforce api/metadata.js;
 * each case names its own. `[K]` is general knowledge.
 */
import { Connection } from 'jsforce';
import { describe, expect } from 'vitest';
import { contract, type ContractOrg } from '../../support/contract.js';
import { file, manifest, soap, textsOf, zipOf } from '../../support/metadata.js';

const changesOrg = 'it makes components, which a real org would keep';
const guide = 'Metadata API Developer Guide';

const metadataOf = (org: ContractOrg): Connection['metadata'] =>
  new Connection({ instanceUrl: org.instanceUrl, accessToken: org.accessToken, version: '67.0' }).metadata;

const visit = {
  fullName: 'Visit__c',
  label: 'Visit',
  pluralLabel: 'Visits',
  nameField: { type: 'Text', label: 'Name' },
  deploymentStatus: 'Deployed',
  sharingModel: 'ReadWrite',
};
const score = { fullName: 'Visit__c.Score__c', label: 'Score', type: 'Number', precision: 3, scale: 0 };

describe('components by themselves', () => {
  contract(
    'are created, and are there at once for records and queries',
    { source: `${guide}, createMetadata() and SaveResult; jsforce metadata.create`, onlyLocal: changesOrg },
    async (org) => {
      const metadata = metadataOf(org);
      expect(await metadata.create('CustomObject', visit)).toMatchObject({ fullName: 'Visit__c', success: true });
      expect(await metadata.create('CustomField', [score])).toMatchObject([{ success: true }]);
      await org.client.send('POST', 'sobjects/Visit__c', { Name: 'v', Score__c: 7 });
      expect(await org.client.query('SELECT Score__c FROM Visit__c')).toMatchObject([{ Score__c: 7 }]);
    },
  );

  contract(
    'are read as they are: an object with its fields, a field by itself, and an empty record for what is not there',
    {
      source: `${guide}, readMetadata(); an empty record where there is none: qiita.com/Keiji_otsubo, after apex-mdapi`,
    },
    async (org) => {
      const metadata = metadataOf(org);
      if (!org.isReal) {
        await metadata.create('CustomObject', visit);
        await metadata.create('CustomField', score);
        expect(await metadata.read('CustomObject', 'visit__C')).toMatchObject({
          ...visit,
          fields: [{ fullName: 'Score__c', type: 'Number', precision: 3 }],
        });
        expect(await metadata.read('CustomField', ['Visit__c.Score__c'])).toMatchObject([score]);
      }
      const [none] = await metadata.read('CustomObject', ['KamNobody__c']);
      expect(none?.fullName ?? null).toBeNull();
    },
  );

  contract(
    'are updated, upserted and deleted, with what stands in them',
    {
      source: `${guide}, updateMetadata(), upsertMetadata() and UpsertResult, deleteMetadata()`,
      onlyLocal: changesOrg,
    },
    async (org) => {
      const metadata = metadataOf(org);
      expect(await metadata.upsert('CustomObject', [visit])).toMatchObject([{ created: true, success: true }]);
      expect(await metadata.upsert('CustomObject', [visit])).toMatchObject([{ created: false, success: true }]);
      await metadata.create('CustomField', score);
      expect(await metadata.update('CustomField', { ...score, label: 'Points' })).toMatchObject({ success: true });
      expect(JSON.stringify(await org.client.send('GET', 'sobjects/Visit__c/describe'))).toContain('"label":"Points"');
      expect(await metadata.delete('CustomObject', 'Visit__c')).toMatchObject({ success: true });
      expect(await metadata.read('CustomField', ['Visit__c.Score__c'])).toMatchObject([{}]);
      await expect(org.client.query('SELECT Id FROM Visit__c')).rejects.toThrow(/not supported/);
    },
  );

  contract(
    'of custom metadata keep values of every type',
    { source: `${guide}, CustomMetadata: values with xsi:type`, onlyLocal: changesOrg },
    async (org) => {
      const value = (field: string, type: string, text: string): string =>
        `<values><field>${field}</field><value xsi:type="xsd:${type}">${text}</value></values>`;
      const record = `<metadata xsi:type="CustomMetadata"><fullName>KAM_Family.Rubber</fullName><label>Rubber</label>${value('Family__c', 'string', 'Rubber &amp; Co')}${value('In_Scope__c', 'boolean', 'true')}</metadata>`;
      const answer = await soap(org, 'm', `<createMetadata>${record}</createMetadata>`);
      expect(textsOf(answer.text, 'success')).toEqual(['true']);
      expect(
        await org.client.query("SELECT Family__c, In_Scope__c FROM KAM_Family__mdt WHERE DeveloperName = 'Rubber'"),
      ).toMatchObject([{ Family__c: 'Rubber & Co', In_Scope__c: true }]);
    },
  );

  contract(
    'that stand already are not created, and those that do not are neither updated nor deleted [K]',
    {
      source: 'vlocity_build issue 450 for DUPLICATE_DEVELOPER_NAME; INVALID_CROSS_REFERENCE_KEY is believed',
      onlyLocal: changesOrg,
    },
    async (org) => {
      const metadata = metadataOf(org);
      await metadata.create('CustomObject', visit);
      const codes = (result: { errors?: unknown }): string => JSON.stringify(result.errors);
      expect(codes(await metadata.create('CustomObject', visit))).toContain('DUPLICATE_DEVELOPER_NAME');
      expect(codes(await metadata.update('CustomField', score))).toContain('INVALID_CROSS_REFERENCE_KEY');
      expect(codes(await metadata.delete('CustomField', 'Visit__c.No__c'))).toContain('INVALID_CROSS_REFERENCE_KEY');
    },
  );

  contract(
    'that do not fit are refused with what a deploy says of them, and stop no other',
    { source: `${guide}, SaveResult: errors; the words are those of a deploy`, onlyLocal: changesOrg },
    async (org) => {
      const metadata = metadataOf(org);
      await metadata.create('CustomObject', visit);
      const [bad, good] = await metadata.create('CustomField', [
        { fullName: 'Visit__c.Odd__c', label: 'Odd', type: 'Oddity' },
        score,
      ]);
      expect(JSON.stringify(bad)).toContain("'Oddity' is not a valid value for the enum 'FieldType'");
      expect([bad?.success, good?.success]).toEqual([false, true]);
    },
  );

  contract(
    'are all refused with the one that fails where all or none is asked for',
    { source: `${guide}, createMetadata(): AllOrNoneHeader`, onlyLocal: changesOrg },
    async (org) => {
      const metadata = metadataOf(org);
      await metadata.create('CustomObject', visit);
      const one = (name: string, type: string): string =>
        `<metadata xsi:type="CustomField"><fullName>Visit__c.${name}</fullName><label>x</label><type>${type}</type></metadata>`;
      const headers = '<AllOrNoneHeader><allOrNone>true</allOrNone></AllOrNoneHeader>';
      const body = `<createMetadata>${one('Day__c', 'Date')}${one('Odd__c', 'Oddity')}</createMetadata>`;
      const answer = await soap(org, 'm', body, { headers });
      expect(textsOf(answer.text, 'success')).toEqual(['false', 'false']);
      expect(await metadata.read('CustomField', ['Visit__c.Day__c'])).toMatchObject([{}]);
    },
  );

  contract(
    'come ten in a call and no more; a kind that there is not is a fault',
    { source: `${guide}, readMetadata(): "Limit: 10"` },
    async (org) => {
      const names = Array.from({ length: 11 }, (_, n) => `Kam${n}__c`);
      await expect(metadataOf(org).read('CustomObject', names)).rejects.toThrow(/LIMIT_EXCEEDED/);
      const unknown = await soap(org, 'm', '<readMetadata><type>Oddity</type><fullNames>a</fullNames></readMetadata>');
      expect([unknown.status, textsOf(unknown.text, 'faultcode')]).toEqual([500, ['sf:INVALID_TYPE']]);
    },
  );
});

describe('lists of components', () => {
  contract(
    'have the standard objects too',
    { source: `${guide}, listMetadata(): CustomObject lists standard and custom objects; sf org list metadata` },
    async (org) => {
      const list = await metadataOf(org).list({ type: 'CustomObject' });
      expect(list.find(({ fullName }) => fullName === 'Account')).toMatchObject({
        type: 'CustomObject',
        fileName: 'objects/Account.object',
      });
      expect(new Set(list.map(({ fullName }) => fullName)).size).toBe(list.length);
    },
  );

  contract(
    'are had for three kinds at once; a kind that no org has is refused',
    { source: `${guide}, listMetadata(): up to three queries; INVALID_TYPE: cli issues quote "Unknown type"` },
    async (org) => {
      const metadata = metadataOf(org);
      const types = ['CustomObject', 'PermissionSet', 'Report'].map((type) => ({ type }));
      expect((await metadata.list(types)).length).toBeGreaterThan(0);
      await expect(metadata.list([...types, { type: 'Flow' }])).rejects.toThrow(/LIMIT_EXCEEDED/);
      await expect(metadata.list({ type: 'Oddity' })).rejects.toThrow(/INVALID_TYPE/);
    },
  );
});

describe('the deploy of a recent validation', () => {
  const files = {
    'package.xml': manifest({ CustomField: 'Account.Level__c' }),
    'objects/Account.object': file(
      'CustomObject',
      '<fields><fullName>Level__c</fullName><label>Level</label><length>20</length><type>Text</type></fields>',
    ),
  };
  const hasLevel = async (org: ContractOrg): Promise<boolean> =>
    JSON.stringify(await org.client.send('GET', 'sobjects/Account/describe')).includes('"Level__c"');
  const validated = async (org: ContractOrg): Promise<string> => {
    const zip = await zipOf(files);
    const metadata = metadataOf(org);
    const options = { checkOnly: true, singlePackage: true, rollbackOnError: true };
    metadata.pollInterval = 20;
    return (await metadata.deploy(zip, options).complete()).id;
  };

  for (const [door, rest] of [
    ['SOAP', false],
    ['REST', true],
  ] as const) {
    contract(
      `by ${door} brings what the validation had seen, under an id of its own, once`,
      {
        source: `${guide}, deployRecentValidation(); jsforce metadata.deployRecentValidation; plugin-deploy-retrieve pull request 748 for the other id`,
        onlyLocal: changesOrg,
      },
      async (org) => {
        const id = await validated(org);
        expect(await hasLevel(org)).toBe(false);
        const metadata = metadataOf(org);
        const next = await metadata.deployRecentValidation({ id, rest });
        expect(next).toMatch(/^0Af/);
        expect(next).not.toBe(id);
        for (;;) if ((await metadata.checkDeployStatus(next)).done) break;
        expect(await hasLevel(org)).toBe(true);
        await expect(metadata.deployRecentValidation({ id, rest })).rejects.toThrow(/INVALID_ID_FIELD|no validation/);
      },
    );
  }

  contract(
    'is refused for a deploy that was none, and ten days later',
    {
      source: `${guide}, deployRecentValidation(): "validated … within the last 10 days"; plugin-deploy-retrieve quick.ts reads INVALID_ID_FIELD`,
      onlyLocal: 'it sets the clock',
    },
    async (org) => {
      const metadata = metadataOf(org);
      metadata.pollInterval = 20;
      const { id } = await metadata
        .deploy(await zipOf(files), { singlePackage: true, rollbackOnError: true })
        .complete();
      await expect(metadata.deployRecentValidation({ id })).rejects.toThrow(/INVALID_ID_FIELD/);
      const old = await validated(org);
      await org.client.send('POST', '/local/clock', { to: '2026-12-05T12:00:00Z' });
      await expect(metadata.deployRecentValidation({ id: old })).rejects.toThrow(/INVALID_ID_FIELD/);
    },
  );
});
