/** A small book in a local org, and the job run on it as a command would run it. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Org } from '@salesforce/core';
import { stringify } from 'csv-stringify/sync';
import { z } from 'zod';
import { loadBook } from '../../src/localorg/load.js';
import { defaultSources } from '../../src/localorg/localOrg.js';
import { nightPace, type Pace } from '../../src/org/transport.js';
import type { Run } from '../../src/report/run.js';
import { audit, type AuditOptions } from '../../src/sync/audit.js';
import { calibrate } from '../../src/sync/calibrate.js';
import { explain } from '../../src/sync/explain.js';
import { writeSheet, type SheetOptions } from '../../src/sync/sheet.js';
import { whatIf } from '../../src/sync/whatIf.js';
import { sync, type SyncOptions } from '../../src/sync/sync.js';
import type { Feature } from '../../src/schema/features.js';
import { withLocalOrg, type TestOrg } from './localOrg.js';

/** One account as `accounts.csv` has it; its id is its name. */
export type SmallAccount = {
  name: string;
  industry?: string;
  employees?: number;
  country?: string;
  parent?: string;
};

/** One sales line: account, day, family and product, amount, and cost where it is known. */
export type SmallSale = readonly [account: string, day: string, family: string, amount: string, cost?: string];

/** Values of custom metadata records as an admin enters them, by record: `{ 'KAM_Settings.Default': { Language__c: 'de' } }`. */
export type AdminEdits = Readonly<Record<string, Readonly<Record<string, string | null>>>>;

export type SmallOrg = TestOrg & {
  login: Org;
  /** The state folder's parent, as `XDG_STATE_HOME`. */
  stateHome: string;
  sync(options?: Partial<SyncOptions>): Promise<Run>;
  explain(account: string): ReturnType<typeof explain>;
  /** The page of the conversation sheet. */
  sheet(account: string, language?: SheetOptions['language']): Promise<string>;
  /** `key=value`, and the folder to write changed records into. */
  whatIf(set: readonly string[], write?: string): ReturnType<typeof whatIf>;
  calibrate(options?: { capacity?: number | null; write?: string | null }): ReturnType<typeof calibrate>;
  audit(label: AuditOptions['label'], options?: Partial<AuditOptions>): ReturnType<typeof audit>;
  /** All fields asked for, of the account with this name. */
  account(name: string, fields: readonly string[]): Promise<Record<string, unknown>>;
  /** What a person enters on an account. */
  enter(name: string, fields: Record<string, unknown>): Promise<void>;
  /** What a person enters on the potential of an account and family, a new record where there is none. */
  enterOnFamily(name: string, family: string, fields: Record<string, unknown>): Promise<void>;
  /** What a person enters of the talk with a customer, with its commitments; a new agreement unless `id` is given. */
  agree(
    name: string,
    fields: Record<string, unknown>,
    commitments?: readonly Record<string, unknown>[],
    id?: string,
  ): Promise<string>;
  /** A person at a customer; the id. */
  contact(account: string, lastName: string): Promise<string>;
  /** Potentials in order of account and family, with the account's name and all fields asked for. */
  families(fields: readonly string[]): Promise<Record<string, unknown>[]>;
  /** Review tasks in order of their refs, with the account's name in place of its id. */
  tasks(): Promise<{ ref: string; status: string; id: string; subject: string }[]>;
  moveClock(to: string): Promise<void>;
};

export type SmallBook = { accounts: readonly SmallAccount[]; sales: readonly SmallSale[] };

/** What an admin sets up: metadata records, and source files of his own by path. */
export type SmallAdmin = {
  settings?: AdminEdits;
  families?: AdminEdits;
  features?: readonly Feature[];
  files?: Readonly<Record<string, string>>;
};

/** Loads a book into a fresh org whose today is 24 November 2026, and hands both over. */
export async function withSmallOrg<T>(
  book: SmallBook,
  { settings = {}, families = {}, features = [], files = {} }: SmallAdmin,
  work: (org: SmallOrg) => Promise<T>,
): Promise<T> {
  const scratch = mkdtempSync(join(tmpdir(), 'kam-small-'));
  try {
    const [main = '', , ...options] = defaultSources;
    const seed = editedSeed(scratch, settings, families);
    const own = ownSource(scratch, files);
    return await withLocalOrg({ sources: [main, seed, ...options, ...own], features }, async (org) => {
      await loadBook(folderOf(book, scratch), org.client, () => undefined);
      const small = await smallOrgOn(org, join(scratch, 'state'));
      await small.moveClock('2026-11-24T12:00:00Z');
      return work(small);
    });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** A night's patience in milliseconds. */
export const quickPace: Pace = {
  ...nightPace,
  firstPause: 1,
  longestPause: 8,
  idle: 1000,
  locked: 1,
  job: 1,
};

/** What a scheduled sync is told. */
const nightly = {
  dryRun: false,
  full: false,
  asOf: null,
  maximumMoves: null,
  maximumWrites: null,
  planFile: null,
  version: '0.0.0',
  pace: quickPace,
};

/** The same org met with a login of its own; state is kept under `stateHome`. */
export async function smallOrgOn(org: TestOrg, stateHome: string): Promise<SmallOrg> {
  process.env['SF_ORG_INSTANCE_URL'] = org.instanceUrl;
  const login = await Org.create({ aliasOrUsername: org.accessToken });
  const env = { XDG_STATE_HOME: stateHome };
  const idOf = async (name: string): Promise<string> => {
    const [record] = await org.client.query(`SELECT Id FROM Account WHERE Name = '${name}'`);
    if (record === undefined) throw new Error(`No account ${name}`);
    return String(record['Id']);
  };
  const create = async (object: string, fields: Record<string, unknown>): Promise<string> =>
    z.object({ id: z.string() }).parse(await org.client.send('POST', `sobjects/${object}`, fields)).id;
  return {
    ...org,
    login,
    stateHome,
    sync: (options = {}) => sync(login, undefined, { ...nightly, env, ...options }, () => undefined),
    explain: (account) => explain(login, undefined, account, env),
    sheet: async (account, language = null) => {
      const output = join(stateHome, 'sheet.html');
      return readFileSync((await writeSheet(login, undefined, account, { language, output, env })).file, 'utf8');
    },
    whatIf: (set, write) => whatIf(login, undefined, { set, write: write ?? null, env }),
    calibrate: ({ capacity = null, write = null } = {}) => calibrate(login, undefined, { capacity, write, env }),
    audit: (label, options = {}) =>
      audit(login, undefined, { label, quietMonths: 6, output: null, version: '0.0.0', env, ...options }),
    account: async (name, fields) => {
      const [record = {}] = await org.client.query(`SELECT ${fields.join(', ')} FROM Account WHERE Name = '${name}'`);
      return Object.fromEntries(fields.map((field) => [field, record[field]]));
    },
    enter: async (name, fields) => {
      await org.client.send('PATCH', `sobjects/Account/${await idOf(name)}`, fields);
    },
    enterOnFamily: async (name, family, fields) => {
      const accountId = await idOf(name);
      const [record] = await org.client.query(
        `SELECT Id FROM KAM_Potential__c WHERE Account__c = '${accountId}' AND Family__c = '${family}'`,
      );
      if (record !== undefined) {
        await org.client.send('PATCH', `sobjects/KAM_Potential__c/${String(record['Id'])}`, fields);
      } else {
        await org.client.send('POST', 'sobjects/KAM_Potential__c', {
          Account__c: accountId,
          Family__c: family,
          ...fields,
        });
      }
    },
    agree: async (name, fields, commitments = [], id) => {
      const made = id ?? (await create('KAM_Agreement__c', { Account__c: await idOf(name), ...fields }));
      if (id !== undefined) await org.client.send('PATCH', `sobjects/KAM_Agreement__c/${id}`, fields);
      for (const commitment of commitments) await create('KAM_Commitment__c', { Agreement__c: made, ...commitment });
      return made;
    },
    contact: async (account, lastName) => create('Contact', { AccountId: await idOf(account), LastName: lastName }),
    families: async (fields) => {
      const records = await org.client.query(
        `SELECT Account__r.Name, Family__c, ${fields.join(', ')} FROM KAM_Potential__c`,
      );
      return records
        .map((record) => ({
          account: nameIn(record['Account__r']),
          family: String(record['Family__c']),
          ...Object.fromEntries(fields.map((field) => [field, record[field]])),
        }))
        .toSorted((a, b) => (`${a.account}|${a.family}` < `${b.account}|${b.family}` ? -1 : 1));
    },
    tasks: async () => {
      const accounts = await org.client.query('SELECT Id, Name FROM Account');
      const nameOf = new Map(accounts.map((each) => [String(each['Id']), String(each['Name'])]));
      const records = await org.client.query(
        'SELECT Id, KAM_Task_Ref__c, Status, Subject FROM Task WHERE KAM_Task_Ref__c != null',
      );
      return records
        .map((record) => ({
          ref: String(record['KAM_Task_Ref__c']).replace(/001\w{15}/, (id) => nameOf.get(id) ?? id),
          status: String(record['Status']),
          id: String(record['Id']),
          subject: String(record['Subject']),
        }))
        .toSorted((a, b) => (a.ref < b.ref ? -1 : 1));
    },
    moveClock: async (to) => {
      await org.client.send('POST', '/local/clock', { to });
    },
  };
}

const nameIn = (parent: unknown): string =>
  typeof parent === 'object' && parent !== null && 'Name' in parent ? String(parent.Name) : '';

function folderOf({ accounts, sales }: SmallBook, scratch: string): string {
  const folder = mkdtempSync(join(scratch, 'book-'));
  const rows = accounts.map(({ name, industry = '', employees = '', country = '', parent = '' }) => [
    name,
    name,
    industry,
    employees,
    country,
    parent,
  ]);
  const lines = sales.map(([account, day, family, amount, cost = '']) => {
    return [account, day, family, `${family} X`, 1, amount, cost];
  });
  const accountsHeader = ['account_id', 'name', 'industry', 'employees', 'country', 'parent_id'];
  const salesHeader = ['account_id', 'date', 'product_family', 'product', 'quantity', 'amount', 'cost'];
  writeFileSync(join(folder, 'accounts.csv'), stringify([accountsHeader, ...rows]));
  writeFileSync(join(folder, 'sales.csv'), stringify([salesHeader, ...lines]));
  return folder;
}

function ownSource(scratch: string, files: Readonly<Record<string, string>>): string[] {
  const folder = mkdtempSync(join(scratch, 'own-'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(folder, dirname(path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return Object.keys(files).length === 0 ? [] : [folder];
}

/** The package's default records with an admin's edits, and records for product families. */
export function editedSeed(scratch: string, settings: AdminEdits, families: AdminEdits): string {
  const [, seed = ''] = defaultSources;
  const copy = mkdtempSync(join(scratch, 'seed-'));
  cpSync(seed, copy, { recursive: true });
  const folder = join(copy, 'default', 'customMetadata');
  for (const [record, values] of Object.entries(settings)) {
    const file = join(folder, `${record}.md-meta.xml`);
    const edited = Object.entries(values).reduce(
      (xml, [field, value]) => withValue(xml, field, value),
      readFileSync(file, 'utf8'),
    );
    writeFileSync(file, edited);
  }
  for (const [name, values] of Object.entries(families)) {
    const blocks = Object.entries({ Family__c: name, In_Scope__c: 'true', ...values }).map(([field, value]) =>
      valueXml(field, value),
    );
    const head =
      '<CustomMetadata xmlns="http://soap.sforce.com/2006/04/metadata" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema">';
    writeFileSync(
      join(folder, `KAM_Family.${name.replaceAll(' ', '_')}.md-meta.xml`),
      `<?xml version="1.0" encoding="UTF-8"?>\n${head}<label>${name}</label><protected>false</protected>${blocks.join('')}</CustomMetadata>\n`,
    );
  }
  return copy;
}

function withValue(xml: string, field: string, value: string | null): string {
  const block = new RegExp(`<values>\\s*<field>${field}</field>[\\s\\S]*?</values>`);
  if (!block.test(xml)) throw new Error(`The seed record has no ${field}.`);
  return xml.replace(block, valueXml(field, value));
}

function valueXml(field: string, value: string | null): string {
  if (value === null) return `<values><field>${field}</field><value xsi:nil="true"/></values>`;
  const type = value === 'true' || value === 'false' ? 'boolean' : /^-?\d+(\.\d+)?$/.test(value) ? 'double' : 'string';
  return `<values><field>${field}</field><value xsi:type="xsd:${type}">${value}</value></values>`;
}
