/** A year in a CRM, drawn by a seed: people create, change, move, delete, restore and merge records. */
import { z } from 'zod';
import type { TestOrg } from '../support/localOrg.js';
import { soap, textsOf } from '../support/metadata.js';

const tables = [
  'Account',
  'Opportunity',
  'OpportunityLineItem',
  'KAM_Potential__c',
  'KAM_Agreement__c',
  'KAM_Commitment__c',
  'KAM_Assessment__c',
  'Task',
  'Event',
  'Case',
] as const;
type Table = (typeof tables)[number];

/** Does so many random edits, one after the other; returns what was done, for the message of a test that fails. */
export async function edit(org: TestOrg, random: () => number, count: number, bin: string[]): Promise<string[]> {
  const done: string[] = [];
  for (let n = 0; n < count; n++) {
    const verb = pick(random, verbs);
    const what = await verb.work({ org, random, bin });
    done.push(`${verb.name} ${what ?? '–'}`);
  }
  return done;
}

type Edit = { org: TestOrg; random: () => number; bin: string[] };
type Verb = { name: string; work(edit: Edit): Promise<string | null> };

const verbs: Verb[] = [
  { name: 'create', work: create },
  { name: 'create', work: create },
  { name: 'change', work: change },
  { name: 'change', work: change },
  { name: 'change', work: change },
  { name: 'move', work: move },
  { name: 'delete', work: remove },
  { name: 'undelete', work: restore },
  { name: 'merge', work: merge },
  { name: 'rename product', work: renameProduct },
  { name: 'purge', work: purge },
];

const pick = <T>(random: () => number, list: readonly T[]): T => {
  const found = list[Math.floor(random() * list.length)];
  if (found === undefined) throw new Error('Nothing to pick from.');
  return found;
};

async function some({ org, random }: Edit, object: string): Promise<string | null> {
  const records = await org.client.query(`SELECT Id FROM ${object} ORDER BY Id LIMIT 2000`);
  return records.length === 0 ? null : String(pick(random, records)['Id']);
}

const days = ['2026-10-01', '2026-06-15', '2025-12-31', '2021-11-03', '2020-01-01', '2027-02-01'];
const stages = ['Closed Won', 'Closed Lost', 'Prospecting'];

/** Values that a person may enter on a record of a kind. */
async function values(edit: Edit, object: Table): Promise<Record<string, unknown> | null> {
  const { random, org } = edit;
  const account = await some(edit, 'Account');
  const day = pick(random, days);
  const amount = Math.floor(random() * 100_000) / 100;
  switch (object) {
    case 'Account':
      return { Name: `A${Math.floor(random() * 1000)}`, NumberOfEmployees: Math.floor(random() * 100) };
    case 'Opportunity':
      return { Name: 'deal', AccountId: account, StageName: pick(random, stages), CloseDate: day, Amount: amount };
    case 'OpportunityLineItem': {
      const entries = await org.client.query('SELECT Id FROM PricebookEntry ORDER BY Id');
      const opportunity = await some(edit, 'Opportunity');
      if (opportunity === null || entries.length === 0) return null;
      const entry = String(pick(random, entries)['Id']);
      return { OpportunityId: opportunity, PricebookEntryId: entry, Quantity: 1, UnitPrice: amount };
    }
    case 'KAM_Potential__c':
      return account === null ? null : { Account__c: account, Family__c: pick(random, ['Pumps', 'Valves']) };
    case 'KAM_Assessment__c':
      return account === null
        ? null
        : { Account__c: account, As_Of__c: day, Ref__c: `KAM|${Math.floor(random() * 1e9)}` };
    case 'Task': {
      const ref = `KAM|${Math.floor(random() * 1e9)}`;
      return random() < 0.5
        ? { Subject: 'review', WhatId: account, KAM_Task_Ref__c: ref, Status: 'Not Started' }
        : { Subject: 'call', WhatId: account, TaskSubtype: 'Call', Status: 'Completed', ActivityDate: day };
    }
    case 'Event':
      return { Subject: 'visit', WhatId: account, StartDateTime: `${day}T09:00:00Z`, EndDateTime: `${day}T10:00:00Z` };
    case 'KAM_Agreement__c':
      return account === null
        ? null
        : { Account__c: account, State__c: pick(random, ['Planned', 'Asked']), Asked_On__c: '2026-10-01' };
    case 'KAM_Commitment__c': {
      const agreement = await some(edit, 'KAM_Agreement__c');
      return agreement === null
        ? null
        : { Agreement__c: agreement, Side__c: pick(random, ['Give', 'Get']), Due_On__c: day };
    }
    case 'Case':
      return { Subject: 'case', AccountId: account };
  }
}

async function create(edit: Edit): Promise<string | null> {
  const object = pick(edit.random, tables);
  const fields = await values(edit, object);
  if (fields === null) return null;
  const made = z.object({ id: z.string() }).parse(await edit.org.client.send('POST', `sobjects/${object}`, fields));
  return `${object} ${made.id}`;
}

async function change(edit: Edit): Promise<string | null> {
  const object = pick(edit.random, tables);
  const id = await some(edit, object);
  const fields = await values(edit, object);
  if (id === null || fields === null) return null;
  const fixed = [
    'AccountId',
    'WhatId',
    'Account__c',
    'Agreement__c',
    'OpportunityId',
    'PricebookEntryId',
    'TaskSubtype',
  ];
  const own = Object.fromEntries(Object.entries(fields).filter(([name]) => !fixed.includes(name)));
  return tried(edit, object, id, own);
}

const lookups = [
  ['Account', 'ParentId'],
  ['Account', 'KAM_Group_Override__c'],
  ['Opportunity', 'AccountId'],
  ['Opportunity', 'AccountId'],
  ['Task', 'WhatId'],
  ['Event', 'WhatId'],
  ['Case', 'AccountId'],
] as const;

async function move(edit: Edit): Promise<string | null> {
  const [object, lookup] = pick(edit.random, lookups);
  const [id, account] = [await some(edit, object), await some(edit, 'Account')];
  return id === null || id === account ? null : tried(edit, object, id, { [lookup]: account });
}

/** An org may refuse what was drawn, as a parent below itself; that is an edit that did not happen. */
async function tried(edit: Edit, object: string, id: string, fields: Record<string, unknown>): Promise<string> {
  const text = `${object} ${id} ${JSON.stringify(fields)}`;
  return edit.org.client.send('PATCH', `sobjects/${object}/${id}`, fields).then(
    () => text,
    (error: unknown) => `${text} refused: ${String(error)}`,
  );
}

async function remove(edit: Edit): Promise<string | null> {
  const object = pick(edit.random, tables);
  const id = await some(edit, object);
  if (id === null) return null;
  if (object === 'Account' && edit.random() < 0.5) return null;
  return edit.org.client.send('DELETE', `sobjects/${object}/${id}`).then(
    () => {
      edit.bin.push(id);
      return `${object} ${id}`;
    },
    // As of an account with deals that were won.
    (error: unknown) => `${object} ${id} refused: ${String(error)}`,
  );
}

async function restore({ org, random, bin }: Edit): Promise<string | null> {
  if (bin.length === 0) return null;
  const id = pick(random, bin);
  const { text } = await soap(org, 'u', `<undelete><ids>${id}</ids></undelete>`);
  return `${id} ${textsOf(text, 'success')[0]}`;
}

async function merge(edit: Edit): Promise<string | null> {
  const [master, loser] = [await some(edit, 'Account'), await some(edit, 'Account')];
  if (master === null || loser === null || master === loser || edit.random() < 0.5) return null;
  const body = `<merge><request><masterRecord><type>Account</type><Id>${master}</Id></masterRecord><recordToMergeIds>${loser}</recordToMergeIds></request></merge>`;
  const { text } = await soap(edit.org, 'u', body);
  return `${loser} into ${master}: ${textsOf(text, 'success')[0] ?? text}`;
}

async function renameProduct(edit: Edit): Promise<string | null> {
  const id = await some(edit, 'Product2');
  if (id === null) return null;
  return tried(edit, 'Product2', id, { Family: pick(edit.random, ['Pumps', 'Valves', 'Hoses', null]) });
}

async function purge({ org, random }: Edit): Promise<string | null> {
  if (random() < 0.7) return null;
  await org.client.send('POST', '/local/faults', {
    kind: 'hard-delete',
    object: pick(random, ['Opportunity', 'Event', 'OpportunityLineItem']),
    rows: 1,
    seed: Math.floor(random() * 1000),
  });
  await org.client.query('SELECT Id FROM Account LIMIT 1');
  return 'one record';
}
