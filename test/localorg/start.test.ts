/** What a start makes of the source directories that it is given, and of none. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openClient } from '../../src/localorg/client.js';
import { defaultSources, NotBareError, startLocalOrg } from '../../src/localorg/localOrg.js';
import { pack } from '../../src/localorg/metadata/archive.js';
import { filesOf, manifestOf } from '../../src/localorg/metadata/package.js';
import type { LocalOrg } from '../../src/localorg/server.js';
import { sourceComponents } from '../../src/schema/source.js';
import { refusal } from '../support/contract.js';
import { deploy, failures, file } from '../support/metadata.js';

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

describe('an org that begins with standard objects only', () => {
  test('takes our whole package, and is what it became after a restart', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kam-empty-'));
    const start = (sources?: readonly string[]): Promise<LocalOrg> =>
      startLocalOrg({
        port: 0,
        keep: { in: 'folder', path: folder },
        clock: new Date('2026-11-24T12:00:00Z'),
        ...(sources === undefined ? {} : { sources }),
      });
    const components = sourceComponents(defaultSources);
    const files = filesOf(components);
    files.set('package.xml', manifestOf(components, '67.0'));
    const first = await start([]);
    const client = openClient(first.instanceUrl, first.accessToken);
    expect(await refusal(client.query('SELECT Id FROM KAM_Run__c'))).toMatch(/INVALID_TYPE/);
    const result = await deploy(first, await pack(files, new Date('2026-11-24T12:00:00Z')));
    expect(failures(result)).toEqual([]);
    expect(result.numberComponentsDeployed).toBe(components.length);
    const criteria = 'SELECT Id, DeveloperName FROM KAM_Criterion__mdt';
    const before = await client.query(criteria);
    expect(before.length).toBeGreaterThan(0);
    await client.close();
    await first.stop();

    const second = await start();
    const again = openClient(second.instanceUrl, second.accessToken);
    expect(await again.query(criteria)).toEqual(before);
    await again.close();
    await second.stop();
    rmSync(folder, { recursive: true });
  });

  test('cannot be had in a folder whose org has more', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kam-full-'));
    const options = { port: 0, keep: { in: 'folder', path: folder }, clock: new Date('2026-11-24T12:00:00Z') } as const;
    await (await startLocalOrg(options)).stop();
    await expect(startLocalOrg({ ...options, sources: [] })).rejects.toThrow(NotBareError);
    rmSync(folder, { recursive: true });
  });
});
