/** Who moved since the last run, by cause: one org in which people, admins and a new parent change one thing at a time. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { runLines } from '../../src/report/terminal.js';
import type { Run } from '../../src/report/run.js';
import { deploy, failures, retrieve } from '../support/metadata.js';
import { withSmallOrg, type SmallOrg } from '../support/smallOrg.js';
import { machineBuilders, margins, roundAnchors } from './machineBuilders.js';

/** An admin enters a number in Setup. */
async function set(org: SmallOrg, record: string, values: Record<string, number>): Promise<void> {
  const files = await retrieve(org, { CustomMetadata: record });
  const edited = Object.entries(files).map(([path, xml]): [string, string] => [
    path,
    Object.entries(values).reduce(
      (text, [field, value]) =>
        text.replace(
          new RegExp(`(<field>${field}</field>\\s*)<value[^>]*(/>|>[^<]*</value>)`),
          `$1<value xsi:type="xsd:double">${value}</value>`,
        ),
      xml,
    ),
  ]);
  expect(failures(await deploy(org, Object.fromEntries(edited)))).toEqual([]);
}

const moved = ({ diff }: Run): string[] =>
  (diff?.moved ?? []).map(({ name, is, causes }) => `${name} ${is}: ${causes.join(', ')}`).toSorted();

test('data, hierarchy, rules and calibration are told apart', () =>
  withSmallOrg(machineBuilders, { settings: roundAnchors, families: margins }, async (org) => {
    const first = await org.sync();
    expect(first.diff).toBe(null);
    expect((await org.sync()).diff).toMatchObject({ since: first.ref, groups: 0, moved: [] });

    // The whole industry watches Alpha.
    await org.enter('Alpha', { KAM_Lighthouse__c: 3 });
    const rated = await org.sync();
    expect(moved(rated)).toEqual(['Alpha enters: data']);

    // Gamma becomes a site of Delta: what both buy exceeds the threshold.
    const [delta] = await org.client.query("SELECT Id FROM Account WHERE Name = 'Delta'");
    await org.enter('Gamma', { ParentId: delta?.['Id'] });
    expect(moved(await org.sync({ maximumMoves: 1 }))).toContain('Delta gate: hierarchy');

    // The threshold falls to 10: who did not exceed 40 does now.
    await set(org, 'KAM_Settings.Default', { Score_Threshold__c: 10 });
    const lower = await org.sync();
    expect(moved(lower)).toContain('Zeta gate: rules');
    expect(lower.diff?.causes).toMatchObject({ data: 0, calibration: 0, hierarchy: 0 });

    // Points are harder to earn: nobody's sales exceed it any more.
    for (const criterion of ['Potential', 'Margin', 'Risk']) {
      await set(org, `KAM_Criterion.${criterion}`, { Zero_At__c: 900_000, Half_At__c: 950_000, Full_At__c: 990_000 });
    }
    const harder = await org.sync();
    expect(moved(harder)).toContain('Zeta gate: calibration');
    expect(harder.diff?.causes).toMatchObject({ data: 0, rules: 0, hierarchy: 0 });
    expect(runLines(harder, { width: 100, styled: false }).join('\n')).toMatch(
      /moved since the run of .*, by cause: calibration/,
    );

    // A dry run says who would move; it leaves nothing to compare with that is in the org.
    await org.enter('Alpha', { KAM_Exclude__c: true, KAM_Exclude_Reason__c: 'Credit block' });
    expect(moved(await org.sync({ dryRun: true }))).toEqual(['Alpha leaves: data']);
    expect((await org.sync()).diff).toBe(null);
  }));

test('a change of rates is told from new sales', () =>
  withSmallOrg(
    machineBuilders,
    { settings: roundAnchors, families: margins, features: ['MultiCurrency'] },
    async (org) => {
      const euro = { IsoCode: 'EUR', ConversionRate: 1, DecimalPlaces: 2, IsActive: true };
      const made = await org.client.send('POST', 'sobjects/CurrencyType', euro);
      const { id } = z.object({ id: z.string() }).parse(made);
      for (const deal of await org.client.query("SELECT Id FROM Opportunity WHERE Account.Name = 'Gamma'")) {
        await org.client.send('PATCH', `sobjects/Opportunity/${String(deal['Id'])}`, { CurrencyIsoCode: 'EUR' });
      }
      await org.sync();
      // Gamma's 100,000 euros a year are 5,000 dollars from now on; Beta says no to any care.
      await org.client.send('PATCH', `sobjects/CurrencyType/${id}`, { ConversionRate: 20 });
      await org.enter('Beta', { KAM_Exclude__c: true, KAM_Exclude_Reason__c: 'Credit block' });
      const run = await org.sync({ maximumMoves: 1 });
      const causesOf = (name: string): unknown => run.diff?.moved.find((move) => move.name === name)?.causes;
      expect(causesOf('Gamma')).toEqual(['currency']);
      expect(causesOf('Beta')).toEqual(['data']);
    },
  ));
