/** What the scheduled service starts, with the real `sf` CLI: log in by key as the integration user, then sync. */
import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { machineBuilders } from '../sync/machineBuilders.js';
import { cliEntry, cliIn, installCli } from '../support/sfCli.js';
import { withSmallOrg } from '../support/smallOrg.js';

const service = readFileSync(new URL('../../docs/schedule/kam-sync@.service', import.meta.url), 'utf8');
const commandOf = (name: string): string => new RegExp(`^${name}=(.+)$`, 'm').exec(service)?.[1] ?? '';
const app = z.object({ consumerKey: z.string(), privateKey: z.string() });
const idOf = z.object({ Id: z.string() });

test('the service logs in by key as the integration user, and the night is written', async () => {
  installCli();
  const home = mkdtempSync(join(tmpdir(), 'kam-night-'));
  try {
    const sf = cliIn(home);
    const linked = await sf(['plugins', 'link', new URL('../..', import.meta.url).pathname, '--no-install']);
    expect(linked.code, linked.stderr).toBe(0);
    await withSmallOrg(machineBuilders, {}, async (org) => {
      const one = async (soql: string): Promise<string> => idOf.parse((await org.client.query(soql))[0]).Id;
      const username = org.username.replace(/^admin@/, 'integration@');
      await org.client.send('POST', 'sobjects/PermissionSetAssignment', {
        AssigneeId: await one(`SELECT Id FROM User WHERE Username = '${username}'`),
        PermissionSetId: await one("SELECT Id FROM PermissionSet WHERE Name = 'KAM_Integration'"),
      });
      const { consumerKey, privateKey } = app.parse(await org.client.send('GET', '/local/app'));
      writeFileSync(join(home, 'jwt.key'), privateKey, { mode: 0o600 });
      const shim = join(home, 'sf');
      writeFileSync(shim, `#!/bin/sh\nexec '${process.execPath}' '${cliEntry}' "$@"\n`);
      chmodSync(shim, 0o700);
      const start = async (name: string): Promise<void> => {
        // systemd puts in the instance's name for %i and the service's environment for ${…}; sh does the latter as well.
        const command = commandOf(name).replaceAll('/usr/local/bin/sf', shim).replaceAll('%i', 'production');
        // It throws, with what was printed, on any exit code but 0. Not synchronous: the org is served by this process.
        await promisify(execFile)('sh', ['-c', command], {
          env: {
            ...sf.environment,
            KAM_USERNAME: username,
            KAM_CLIENT_ID: consumerKey,
            KAM_LOGIN_URL: org.instanceUrl,
            CREDENTIALS_DIRECTORY: home,
          },
        });
      };
      await start('ExecStartPre');
      await start('ExecStart');
      const tiers = await org.client.query('SELECT KAM_Tier__c FROM Account WHERE KAM_Tier__c = null');
      expect(tiers).toEqual([]);
      expect(await org.client.query("SELECT Id FROM KAM_Run__c WHERE Status__c = 'Done'")).toHaveLength(1);
    });
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
});
