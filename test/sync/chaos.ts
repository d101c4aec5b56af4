/** Two nights on an org that misbehaves: whatever goes wrong, the org ends as after two quiet nights. */
import { SfError } from '@salesforce/core';
import { z } from 'zod';
import { drawsFrom } from '../../src/kam/random.js';
import { taskObject } from '../../src/org/records.js';
import type { Pace } from '../../src/org/transport.js';
import { quickPace, withSmallOrg, type SmallOrg } from '../support/smallOrg.js';
import { machineBuilders, margins, roundAnchors } from './machineBuilders.js';

export type FaultBody = Readonly<Record<string, unknown>> & { kind: string };

/** How a sync ended: with its outcome, or with an error's exit code and name. */
type Ending = string;

export type Nights = {
  /** What the worker answers for, and what people entered, line by line. */
  state: string[];
  endings: Ending[];
  /** How often faults fired. */
  fired: number;
};

/** A sync may break off; then the trouble ends and it is run again. So often at most. */
const RERUNS = 3;

/** One night or two; people work between them. */
export async function nightsUnder(
  faults: readonly FaultBody[],
  { count = 2, byJobs = false }: { count?: 1 | 2; byJobs?: boolean } = {},
): Promise<Nights> {
  const pace = byJobs ? { ...quickPace, readsByRest: 0, writesByRest: 0 } : quickPace;
  return withSmallOrg(machineBuilders, { settings: roundAnchors, families: margins }, async (org) => {
    const endings: Ending[] = [];
    const night = async (): Promise<void> => {
      for (const fault of faults) await org.client.send('POST', '/local/faults', fault);
      for (let run = 0; run <= RERUNS; run += 1) {
        const ending = await sync(org, pace);
        endings.push(ending);
        // Whoever is called at night mends what is broken before he runs it again.
        await org.client.send('DELETE', '/local/faults');
        await org.client.send('POST', '/local/sessions/restore');
        if (ending === 'done' || ending === 'nothingToDo') return;
      }
      throw new Error(`The night has not come to an end: ${endings.join(', ')}`);
    };
    await night();
    if (count === 2) {
      await workAtDay(org);
      await night();
    }
    const fired = z.object({ log: z.array(z.unknown()) }).parse(await org.client.send('GET', '/local/faults'))
      .log.length;
    return { state: await stateOf(org), endings, fired };
  });
}

async function workAtDay(org: SmallOrg): Promise<void> {
  await org.moveClock('2026-12-24T12:00:00Z');
  await org.enter('Alpha', { KAM_Lighthouse__c: 3, KAM_Evidence__c: 'They open doors.' });
  await org.enter('Beta', { KAM_Opinion_Leader__c: 1 });
  await org.enter('Gamma', { ParentId: await idOf(org, 'Delta') });
  await org.enterOnFamily('Alpha', 'Valves', { Stated_Wallet__c: 90_000, Stated_On__c: '2026-12-01' });
  const [task] = await org.tasks();
  await org.client.send('PATCH', `sobjects/${taskObject}/${task?.id}`, { Status: 'Completed' });
}

async function sync(org: SmallOrg, pace: Pace): Promise<Ending> {
  try {
    return (await org.sync({ pace })).outcome.is;
  } catch (error) {
    if (error instanceof SfError) return `${error.exitCode} ${error.name}`;
    throw error;
  }
}

const idOf = async (org: SmallOrg, name: string): Promise<unknown> =>
  (await org.client.query(`SELECT Id FROM Account WHERE Name = '${name}'`))[0]?.['Id'];

const ignored = ['attributes', 'Id', 'SystemModstamp'];

/** All that stands in the org, but for ids and times of records that two orgs give in another order. */
export async function stateOf(org: SmallOrg): Promise<string[]> {
  const lines = async (object: string, key: string): Promise<string[]> => {
    const { fields } = z
      .object({ fields: z.array(z.object({ name: z.string(), custom: z.boolean() })) })
      .parse(await org.client.send('GET', `sobjects/${object}/describe`));
    const custom = fields.filter((field) => field.custom).map(({ name }) => name);
    const own = object === taskObject ? ['Subject', 'Status', 'Description', 'ActivityDate', 'OwnerId', 'WhatId'] : [];
    const records = await org.client.query(
      `SELECT ${[...new Set([key, ...own, ...custom])].join(', ')} FROM ${object}`,
    );
    return records.map((record) => {
      const said = Object.entries(record).filter(([name, value]) => !ignored.includes(name) && value !== null);
      return `${object} ${JSON.stringify(Object.fromEntries(said.toSorted(([a], [b]) => (a < b ? -1 : 1))))}`;
    });
  };
  const all = [
    await lines('Account', 'Name'),
    await lines('KAM_Potential__c', 'Ref__c'),
    await lines('KAM_Assessment__c', 'Ref__c'),
    await lines(taskObject, 'KAM_Task_Ref__c'),
  ];
  return all.flat().toSorted();
}

const when = [
  { every: 3 },
  { every: 7 },
  { next: 2 },
  { after: 20, next: 3 },
  { chance: 0.1 },
  { chance: 0.3 },
] as const;

const whats: readonly FaultBody[] = [
  { kind: 'reset-before' },
  { kind: 'reset-during' },
  { kind: 'reset-after' },
  { kind: 'truncated-body', share: 0.5 },
  { kind: 'truncated-body', share: 0.9, ending: 'clean' },
  { kind: 'server-error', status: 503 },
  { kind: 'server-error', status: 500, body: 'json', work: 'done' },
  { kind: 'empty-answer', status: 406 },
  { kind: 'concurrent-limit' },
  { kind: 'locator-expired' },
  { kind: 'query-timeout', above: 5 },
  { kind: 'session-expired' },
];

const ofJobs: readonly FaultBody[] = [
  { kind: 'bulk-job-failed', share: 0.5 },
  { kind: 'bulk-version-conflict' },
  { kind: 'bulk-job-stuck' },
];

const lasting: readonly FaultBody[] = [
  { kind: 'page-size', rows: 3 },
  { kind: 'limit-header', form: 'per-app' },
  { kind: 'commit-lag', seconds: 30 },
  { kind: 'account-locks', share: 0.2, wait: 0, hold: 0 },
  { kind: 'account-locks', share: 0.4, wait: 0, hold: 0, wrapped: true },
];

/** Between one and five faults at once, drawn by a seed; `byJobs`: one of them about jobs. */
export function mixOf(seed: number, byJobs = false): FaultBody[] {
  const random = drawsFrom(seed);
  const drawn = <T>(list: readonly T[]): T => {
    const found = list[Math.floor(random() * list.length)];
    if (found === undefined) throw new Error('Nothing to draw from.');
    return found;
  };
  const some = Array.from({ length: 1 + Math.floor(random() * 3) }, () => ({
    ...drawn(whats),
    ...drawn(when),
    seed: Math.floor(random() * 1000),
  }));
  if (byJobs) some.push({ ...drawn(ofJobs), next: 2, seed: 1 });
  return random() < 0.5 ? some : [...some, { ...drawn(lasting), seed: Math.floor(random() * 1000) }];
}
