/** The job as the user whom ops give it: API only, with no rights but those of one permission set. */
import { expect, test } from 'vitest';
import { z } from 'zod';
import { smallOrgOn, withSmallOrg, type SmallOrg } from '../support/smallOrg.js';
import { machineBuilders, margins, roundAnchors } from './machineBuilders.js';

const admin = { settings: roundAnchors, families: margins };
const idOf = z.object({ Id: z.string() });

/** The same org met as the integration user, with the named permission sets. */
async function asIntegration(org: SmallOrg, sets: readonly string[]): Promise<SmallOrg> {
  const one = async (soql: string): Promise<string> => idOf.parse((await org.client.query(soql))[0]).Id;
  const username = org.username.replace(/^admin@/, 'integration@');
  const user = await one(`SELECT Id FROM User WHERE Username = '${username}'`);
  for (const set of sets) {
    const id = await one(`SELECT Id FROM PermissionSet WHERE Name = '${set}'`);
    await org.client.send('POST', 'sobjects/PermissionSetAssignment', { AssigneeId: user, PermissionSetId: id });
  }
  const accessToken = org.sessionOf(username);
  if (accessToken === undefined) throw new Error(`${username} can't log in.`);
  return smallOrgOn({ ...org, accessToken }, `${org.stateHome}-integration`);
}

const fields = [
  'KAM_Tier__c',
  'KAM_Segment__c',
  'KAM_Revenue__c',
  'KAM_Score__c',
  'KAM_Next_Step__c',
  'KAM_Reasons__c',
];

/** What a sync has left on the accounts and as tasks. */
async function outcomeOf(org: SmallOrg): Promise<unknown> {
  const accounts = await org.client.query(`SELECT Name, ${fields.join(', ')} FROM Account ORDER BY Name`);
  const plain = accounts.map((account) => ['Name', ...fields].map((field) => account[field]));
  return { accounts: plain, tasks: (await org.tasks()).map(({ ref, subject }) => ({ ref, subject })) };
}

test('with KAM_Integration and nothing else a sync does what it does as an administrator', async () => {
  const byAdmin = await withSmallOrg(machineBuilders, admin, async (org) => {
    const run = await org.sync();
    expect(run).toMatchObject({ outcome: { is: 'done' }, losses: [] });
    return outcomeOf(org);
  });
  await withSmallOrg(machineBuilders, admin, async (org) => {
    const robot = await asIntegration(org, ['KAM_Integration']);
    const run = await robot.sync();
    expect(run).toMatchObject({ outcome: { is: 'done' }, accounts: 11, failed: [], losses: [] });
    expect(run.username).toBe(org.username.replace(/^admin@/, 'integration@'));
    expect(await outcomeOf(org)).toEqual(byAdmin);
    expect((await robot.sync()).outcome).toEqual({ is: 'nothingToDo' });
  });
});

test('without it nothing is written: the preflight names what is missing', () =>
  withSmallOrg(machineBuilders, admin, async (org) => {
    const robot = await asIntegration(org, []);
    await expect(robot.sync()).rejects.toMatchObject({ name: 'PreflightFailedError', exitCode: 3 });
    expect(await org.client.query('SELECT Id FROM KAM_Run__c')).toEqual([]);
  }));

test('the fields that people enter are closed to it', () =>
  withSmallOrg(machineBuilders, admin, async (org) => {
    const robot = await asIntegration(org, ['KAM_Integration']);
    const [account] = await org.client.query("SELECT Id FROM Account WHERE Name = 'Alpha'");
    const answer = await fetch(`${org.instanceUrl}/services/data/v67.0/sobjects/Account/${String(account?.['Id'])}`, {
      method: 'PATCH',
      headers: { authorization: `Bearer ${robot.accessToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ KAM_Lighthouse__c: 3 }),
    });
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('KAM_Lighthouse__c')]);
  }));
