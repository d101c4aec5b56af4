/** The larger real histories: loaded over HTTP, pulled by Bulk API, classified, and quiet on a second sync. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Org } from '@salesforce/core';
import { describe, expect, test } from 'vitest';
import { loadBook } from '../../src/localorg/load.js';
import { sync } from '../../src/sync/sync.js';
import { hasSharedData, sharedData } from '../support/announceShared.js';
import { withLocalOrg } from '../support/localOrg.js';

test('says where the histories are looked for', () => {
  expect(sharedData).toMatch(/\/shared\/data\/$/);
});

describe.skipIf(!hasSharedData)('a large sales history', () => {
  test.each([
    { set: 'maven_crm', accounts: 85, lines: 4238 },
    { set: 'online_retail_ii', accounts: 5875, lines: 776_117 },
    { set: 'iowa_liquor', accounts: 1943, lines: 1_042_218 },
  ])(
    '$set: $lines lines load, all $accounts accounts are classified, and a second sync writes nothing',
    async ({ set, accounts, lines }) => {
      const state = mkdtempSync(join(tmpdir(), 'kam-large-'));
      await withLocalOrg({}, async (org) => {
        const started = performance.now();
        const loaded = await loadBook(join(sharedData, set), org.client, () => undefined);
        const seconds = (performance.now() - started) / 1000;
        expect([loaded.accounts, loaded.lines]).toEqual([accounts, lines]);
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
        const second = await sync(login, undefined, options, () => undefined);
        expect(second.outcome).toEqual({ is: 'nothingToDo' });
        process.stdout.write(
          `${set}: load ${seconds.toFixed(1)} s, first sync ${JSON.stringify(first.durations)} ms with ${first.apiCalls} API calls, second ${JSON.stringify(second.durations)} ms; peak ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB for org and job in one process\n`,
        );
      });
      rmSync(state, { recursive: true, force: true });
    },
  );
});
