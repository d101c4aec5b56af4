/** Real sales histories, loaded into a local org and synced: every account is classified, and a second sync has nothing to do. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Org } from '@salesforce/core';
import jsforce from 'jsforce';
import { describe, expect, test } from 'vitest';
import { loadBook } from '../../src/localorg/load.js';
import { sync } from '../../src/sync/sync.js';
import { hasSharedData, sharedData } from '../support/announceShared.js';
import { withLocalOrg } from '../support/localOrg.js';

describe.skipIf(!hasSharedData)('a real sales history', () => {
  test.each([
    { set: 'adventureworks', accounts: 701 },
    { set: 'northwind', accounts: 91 },
  ])(
    '$set: all $accounts accounts get segment and tier, and a second sync writes nothing but its run',
    async ({ set, accounts }) => {
      const state = mkdtempSync(join(tmpdir(), 'kam-real-'));
      await withLocalOrg({}, async (org) => {
        await loadBook(join(sharedData, set), org.client, () => undefined);
        process.env['SF_ORG_INSTANCE_URL'] = org.instanceUrl;
        const login = await Org.create({ aliasOrUsername: org.accessToken });
        const options = {
          dryRun: false,
          full: false,
          asOf: null,
          maximumMoves: null,
          maximumWrites: null,
          planFile: null,
          version: '0',
          env: { XDG_STATE_HOME: state },
        };
        const first = await sync(login, undefined, options, () => undefined);
        expect(first.accounts).toBe(accounts);
        expect(first.failed).toEqual([]);

        const plain = new jsforce.Connection({
          instanceUrl: org.instanceUrl,
          accessToken: org.accessToken,
          version: '67.0',
        });
        const marked = await plain.query(
          'SELECT COUNT() FROM Account WHERE KAM_Tier__c != null AND KAM_Segment__c != null AND KAM_Group__c != null',
        );
        expect(marked.totalSize).toBe(accounts);
        const tasks = await plain.query("SELECT KAM_Task_Ref__c FROM Task WHERE KAM_Task_Ref__c LIKE 'KAM|001%'");
        expect(tasks.totalSize).toBe(Object.values(first.plan.opened).reduce((sum, n) => sum + n, 0));
        expect((await plain.query('SELECT COUNT() FROM KAM_Potential__c')).totalSize).toBe(first.plan.families.added);
        const stamp = async (object: string): Promise<unknown> =>
          (await plain.query(`SELECT MAX(SystemModstamp) newest FROM ${object}`)).records[0]?.['newest'];
        const objects = ['Account', 'KAM_Potential__c', 'Task'];
        const before = await Promise.all(objects.map(stamp));

        await org.client.send('POST', '/local/clock', {
          to: new Date(Date.parse(first.finishedAt) + 60_000).toISOString(),
        });
        const second = await sync(login, undefined, options, () => undefined);
        expect(second.outcome).toEqual({ is: 'nothingToDo' });
        expect(second.written).toBe(0);
        expect(await Promise.all(objects.map(stamp))).toEqual(before);
        expect((await plain.query('SELECT COUNT() FROM KAM_Run__c')).totalSize).toBe(2);
      });
      rmSync(state, { recursive: true, force: true });
    },
    120_000,
  );
});
