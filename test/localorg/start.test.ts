/** What a start makes of the source directories that it is given. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { startLocalOrg } from '../../src/localorg/localOrg.js';
import { openClient } from '../../src/localorg/client.js';
import { file } from '../support/metadata.js';

const field = file(
  'CustomField',
  '<fullName>Level__c</fullName><label>Level</label><length>20</length><type>Text</type>',
);

test('source files of kinds that no local org takes are told, and all others are deployed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kam-source-'));
  const files = {
    'objects/Account/fields/Level__c.field-meta.xml': field,
    'classes/Nightly.cls-meta.xml': file('ApexClass', '<apiVersion>67.0</apiVersion><status>Active</status>'),
    'profiles/Admin.profile-meta.xml': file('Profile', '<custom>false</custom>'),
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  let told: readonly string[] = [];
  const org = await startLocalOrg({
    port: 0,
    keep: { in: 'memory' },
    clock: new Date('2026-11-24T12:00:00Z'),
    sources: [folder],
    onLeftAside: (left) => (told = left),
  });
  expect(told).toEqual([join(folder, 'classes/Nightly.cls-meta.xml'), join(folder, 'profiles/Admin.profile-meta.xml')]);
  const client = openClient(org.instanceUrl, org.accessToken);
  expect(await client.query('SELECT Level__c FROM Account')).toEqual([]);
  await client.close();
  await org.stop();
  rmSync(folder, { recursive: true });
});
