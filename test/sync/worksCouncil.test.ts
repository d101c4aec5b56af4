/** Works-council safe in a living org: whoever owns accounts and tasks appears in no text, report or figure. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { z } from 'zod';
import { argumentLines } from '../../src/report/argument.js';
import { auditLines } from '../../src/report/audit.js';
import { calibrationLines } from '../../src/report/calibration.js';
import { runLines } from '../../src/report/terminal.js';
import { whatIfLines } from '../../src/report/whatIf.js';
import { textFindings } from '../support/perPerson.js';
import { withSmallOrg } from '../support/smallOrg.js';
import { machineBuilders, margins, roundAnchors } from './machineBuilders.js';

const scratch = mkdtempSync(join(tmpdir(), 'kam-council-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const screen = { width: 100, styled: false };
const created = z.object({ id: z.string() });
const petra = {
  Username: 'petra.muster@localorg.example',
  LastName: 'Musterfrau',
  FirstName: 'Petra',
  Alias: 'pmuster',
  Email: 'petra.muster@localorg.example',
  IsActive: true,
};

const given = { Wants_Care__c: 'Yes', In_Return__c: 'Joint planning' };

/** Names of all values in a result that somebody could read a person from. */
function personKeys(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    ...(/owner|manager|user|employee/i.test(key) ? [key] : []),
    ...personKeys(inner),
  ]);
}

/** Petra owns Alpha, is its key account manager, has its tasks and is late with what we promised. */
test('her name and id are in no task, field, report or file, and no result counts anything of hers', () =>
  withSmallOrg(machineBuilders, { settings: roundAnchors, families: margins }, async (org) => {
    const { id } = created.parse(await org.client.send('POST', 'sobjects/User', petra));
    for (const name of ['Alpha', 'Gamma', 'Delta', 'Alpha France']) await org.enter(name, { OwnerId: id });
    await org.enter('Alpha', { KAM_Lighthouse__c: 3, KAM_Manager__c: id, Type: 'Other' });
    await org.enter('Alpha', { KAM_Override_Tier__c: 'Candidate', KAM_Override_Reason__c: 'New plant' });
    await org.enter('Alpha', { KAM_Override_Until__c: '2026-11-30' });
    await org.agree(
      'Alpha',
      { State__c: 'Accepted', Asked_On__c: '2026-09-01', Answered_On__c: '2026-09-15', ...given },
      [{ Side__c: 'Give', Type__c: 'Joint Strategy', Our_Owner__c: id, Due_On__c: '2026-10-01' }],
    );
    await org.enterOnFamily('Alpha', 'Valves', { Target__c: 10_000, Target_Year__c: 2026 });
    const run = await org.sync();
    const page = join(scratch, 'audit.html');
    const audit = await org.audit({ field: 'Type', values: ['Other'] }, { quietMonths: 0, output: page });
    const whatIf = await org.whatIf(['score.threshold=49']);
    const calibration = await org.calibrate();
    const [runRecord] = await org.client.query('SELECT Summary__c, Message__c, Anchors__c FROM KAM_Run__c');
    const tasks = await org.client.query(`SELECT Subject, Description FROM Task WHERE OwnerId = '${id}'`);
    const accounts = await org.client.query('SELECT KAM_Reasons__c, KAM_Next_Step__c, KAM_Task_Refs__c FROM Account');
    const families = await org.families(['Why__c']);
    expect(tasks.length).toBeGreaterThan(2);

    const texts: Record<string, unknown> = {
      run: runLines(run, screen),
      argument: argumentLines(await org.explain('Alpha'), screen),
      audit: auditLines(audit, screen),
      page: readFileSync(page, 'utf8'),
      whatIf: whatIfLines(whatIf, screen),
      calibration: calibrationLines(calibration, screen),
      json: [run, audit, whatIf, calibration],
      runRecord,
      tasks,
      accounts,
      families,
    };
    const names = [petra.FirstName, petra.LastName, petra.Username, petra.Alias, id, id.slice(0, 15)];
    const found = Object.entries(texts).flatMap(([where, text]) => textFindings(where, JSON.stringify(text), names));
    expect(found).toEqual([]);
    // The login that the job runs as is named; nobody else has a place in any result.
    expect(new Set([run, audit, whatIf, calibration].flatMap(personKeys))).toEqual(new Set(['username']));
    expect(personKeys({ tasks: { byOwner: { [id]: 3 } } })).toEqual(['byOwner']);
    const [folder] = readdirSync(join(org.stateHome, 'sf-plugin-kam')).filter((name) => name.startsWith('00D'));
    const left = readFileSync(join(org.stateHome, 'sf-plugin-kam', folder ?? '', 'run.json'), 'utf8');
    expect(textFindings('run.json', left, names)).toEqual([]);
  }));
