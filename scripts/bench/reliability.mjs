// Prints what becomes of the same work on an org that misbehaves: 2,000 review tasks upserted over 500 accounts, and read
// back by a bulk query in pages, done by this worker, by jsforce's bulk2, and by `sf data upsert|export bulk`. Each runs on
// an org of its own, with the fault on from the first request; what is missing or there twice is counted in the org, or in
// the rows that came. Nobody is run a second time.
//
//   node_modules/.bin/node scripts/bench/reliability.mjs [--no-sf]
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Org } from '@salesforce/core';
import { stringify } from 'csv-stringify/sync';
import { parse } from 'csv-parse/sync';
import jsforce from 'jsforce';
import { openBook } from '../../lib/book/book.js';
import { openClient } from '../../lib/localorg/client.js';
import { defaultSources, startLocalOrg } from '../../lib/localorg/localOrg.js';
import { connect } from '../../lib/org/connect.js';
import { openJournal } from '../../lib/org/journal.js';
import { spool } from '../../lib/org/spool.js';
import { nightPace } from '../../lib/org/transport.js';
import { growingPause, write } from '../../lib/org/write.js';

const TASKS = 2000;
const ACCOUNTS = 500;
const PAGE = 500;
const cli = join(tmpdir(), 'sf-plugin-kam-cli', 'node_modules', '@salesforce', 'cli', 'bin', 'run.js');
const home = mkdtempSync(join(tmpdir(), 'kam-reliability-'));
const pace = { ...nightPace, firstPause: 50, longestPause: 1000, job: 200, idle: 5000, writesByRest: 0 };
process.on('uncaughtException', (error) => {
  crash?.(error);
});
let crash = null;

const faults = [
  ['none', null],
  ['every 4th request answered with 503', { kind: 'server-error', every: 4 }],
  ['every 5th connection reset before the request', { kind: 'reset-before', every: 5 }],
  ['answer to the upload lost', { kind: 'reset-after', methods: ['PUT'], next: 1 }, null, 'write'],
  ['answer to the closing of the job lost', { kind: 'reset-after', methods: ['PATCH'], next: 1 }, null, 'write'],
  ['every 3rd body cut off', { kind: 'truncated-body', every: 3 }],
  ['every 3rd body cut off as if whole', { kind: 'truncated-body', every: 3, ending: 'clean' }],
  ['a body that stands still', { kind: 'stalled-body', after: 6, next: 1 }],
  ['job fails half way', { kind: 'bulk-job-failed', share: 0.5, next: 1 }],
  ['rows of a job in another order', { kind: 'bulk-rows-unordered' }],
  ['one account in ten locked for 3 s', { kind: 'account-locks', share: 0.1, wait: 0, hold: 0 }, 3000, 'write'],
  ['job takes longer than it is waited for', { kind: 'bulk-job-stuck', every: 1 }, 15_000],
];

const taskRows = (accounts) =>
  Array.from({ length: TASKS }, (_, n) => ({
    KAM_Task_Ref__c: `KAM|${accounts[n % ACCOUNTS]}|bench|${n}|2026`,
    WhatId: accounts[n % ACCOUNTS],
    Subject: `Task ${n}`,
    Status: 'Not Started',
    Priority: 'Normal',
  }));

const soql = 'SELECT Id, KAM_Task_Ref__c FROM Task WHERE KAM_Task_Ref__c != null';

const tools = {
  'sf-plugin-kam': {
    write: async (org, accounts) => {
      const kam = await connect(await login(org), undefined, pace);
      const journal = openJournal(join(mkdtempSync(join(home, 'journal-')), 'journal.sqlite'));
      journal.begin('bench');
      const changes = taskRows(accounts).map((row) => ({
        verb: 'open',
        task: {
          ref: row.KAM_Task_Ref__c,
          accountId: row.WhatId,
          ownerId: kam.userId,
          subject: row.Subject,
          description: '',
          dueOn: '2026-12-31',
          priority: 'Normal',
        },
      }));
      const receipts = await write(kam, batches(changes), journal, {
        ref: 'bench',
        now: new Date(),
        onWritten: () => undefined,
        pause: growingPause(pace),
        pace,
        file: join(home, 'results.csv'),
      });
      journal.close();
      if (receipts.failed.length + receipts.left > 0) throw new Error(`${receipts.failed.length} rows named`);
    },
    read: async (org) => {
      const kam = await connect(await login(org), undefined, pace);
      const source = (name, path, type) => ({ name, path, type });
      const query = {
        object: 'Task',
        sources: [
          source('id', 'Id', 'id'),
          source('ref', 'KAM_Task_Ref__c', 'text'),
          source('ownerId', 'OwnerId', 'id'),
          source('isClosed', 'IsClosed', 'boolean'),
        ],
        where: ['KAM_Task_Ref__c != null'],
        all: false,
      };
      const now = await kam.now();
      const base = join(mkdtempSync(join(home, 'spool-')), 'task');
      const options = { restUpTo: 0, pageRows: PAGE };
      const { spooled } = await spool(
        kam,
        query,
        base,
        { covered: now.toISOString(), expected: TASKS, now },
        options,
        () => undefined,
      );
      // Into the book, which counts the rows: what was cut off is not taken.
      const book = await openBook(join(mkdtempSync(join(home, 'book-')), 'book.duckdb'));
      try {
        await book.ingest('task', spooled);
      } finally {
        await book.close();
      }
      return spooled.files.flatMap((file) => rowsIn(file).map((row) => row.KAM_Task_Ref__c));
    },
  },
  'jsforce bulk2': {
    write: async (org, accounts) => {
      const results = await jsforceOn(org).bulk2.loadAndWaitForResults({
        object: 'Task',
        operation: 'upsert',
        externalIdFieldName: 'KAM_Task_Ref__c',
        input: taskRows(accounts),
        pollTimeout: 10_000,
        pollInterval: 200,
      });
      const left = results.failedResults.length + results.unprocessedRecords.length;
      if (left > 0) throw new Error(`${left} rows named`);
    },
    read: async (org) => {
      const stream = await jsforceOn(org).bulk2.query(soql, { pollTimeout: 10_000, pollInterval: 200 });
      const rows = await stream.toArray();
      return rows.map((row) => row.KAM_Task_Ref__c);
    },
  },
};
if (!process.argv.includes('--no-sf') && existsSync(cli)) {
  tools['sf data bulk'] = {
    write: async (org, accounts) => {
      const file = join(home, 'tasks.csv');
      writeFileSync(file, stringify(taskRows(accounts), { header: true }));
      const flags = [
        '--sobject',
        'Task',
        '--external-id',
        'KAM_Task_Ref__c',
        '--file',
        file,
        '--line-ending',
        'LF',
        '--wait',
        '1',
      ];
      await sf(org, ['data', 'upsert', 'bulk', ...flags]);
    },
    read: async (org) => {
      const file = join(home, 'export.csv');
      rmSync(file, { force: true });
      await sf(org, [
        'data',
        'export',
        'bulk',
        '--query',
        soql,
        '--output-file',
        file,
        '--result-format',
        'csv',
        '--wait',
        '1',
      ]);
      return rowsIn(file).map((row) => row.KAM_Task_Ref__c);
    },
  };
}

const rowsIn = (file) => parse(file.endsWith('.gz') ? gunzip(file) : readFileSync(file), { columns: true, bom: true });
const gunzip = (file) => process.getBuiltinModule('node:zlib').gunzipSync(readFileSync(file));

async function* batches(changes) {
  yield changes;
}

async function login(org) {
  process.env.SF_ORG_INSTANCE_URL = org.instanceUrl;
  return Org.create({ aliasOrUsername: org.accessToken });
}

const jsforceOn = (org) =>
  new jsforce.Connection({ instanceUrl: org.instanceUrl, accessToken: org.accessToken, version: '67.0' });

function sf(org, args) {
  return new Promise((resolve, reject) => {
    const env = {
      PATH: process.env.PATH,
      HOME: home,
      SF_ORG_INSTANCE_URL: org.instanceUrl,
      SF_DISABLE_TELEMETRY: 'true',
      SF_AUTOUPDATE_DISABLE: 'true',
      SF_USE_GENERIC_UNIX_KEYCHAIN: 'true',
      SF_DISABLE_LOG_FILE: 'true',
      SF_SKIP_NEW_VERSION_CHECK: 'true',
    };
    const options = { env, timeout: 120_000, cwd: home };
    execFile(process.execPath, [cli, ...args, '--target-org', org.accessToken, '--json'], options, (error, stdout) => {
      if (error === null) resolve(stdout);
      else reject(new Error(messageIn(stdout) ?? `exit ${error.code}`));
    });
  });
}

function messageIn(stdout) {
  try {
    return JSON.parse(stdout).message;
  } catch {
    return null;
  }
}

/** A tool at work for at most so long; what it throws where nobody can catch it counts as well. */
async function within(milliseconds, work) {
  const { promise, reject } = Promise.withResolvers();
  crash = (error) => reject(new Error(`uncaught: ${error.message}`));
  const timer = setTimeout(() => reject(new Error('hangs')), milliseconds);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
    crash = null;
  }
}

async function cell(tool, what, fault, until) {
  const org = await startLocalOrg({
    port: 0,
    keep: { in: 'memory' },
    clock: new Date('2026-11-24T12:00:00Z'),
    sources: defaultSources,
    features: [],
    onError: () => undefined,
  });
  const client = openClient(org.instanceUrl, org.accessToken);
  let timer;
  try {
    const accounts = [];
    for (let from = 0; from < ACCOUNTS; from += 100) {
      const records = Array.from({ length: 100 }, (_, n) => ({
        attributes: { type: 'Account' },
        Name: `Firm ${from + n}`,
      }));
      const made = await client.send('POST', 'composite/sobjects', { allOrNone: true, records });
      accounts.push(...made.map(({ id }) => id));
    }
    const wanted = taskRows(accounts);
    if (what === 'read') {
      for (let from = 0; from < TASKS; from += 200) {
        const records = wanted.slice(from, from + 200).map((row) => ({ attributes: { type: 'Task' }, ...row }));
        await client.send('POST', 'composite/sobjects', { allOrNone: true, records });
      }
    }
    if (fault !== null) await client.send('POST', '/local/faults', fault);
    if (until !== null)
      timer = setTimeout(() => void client.send('DELETE', '/local/faults').catch(() => undefined), until);
    let refs = [];
    let end = '';
    try {
      const came = await within(60_000, tools[tool][what](org, accounts));
      if (what === 'read') refs = came;
    } catch (error) {
      end = error instanceof Error ? error.message.split('\n')[0].slice(0, 60) : String(error);
    }
    await client.send('DELETE', '/local/faults');
    if (what === 'write') refs = (await client.query(soql)).map((row) => row.KAM_Task_Ref__c);
    const distinct = new Set(refs.filter((ref) => wanted.some((row) => row.KAM_Task_Ref__c === ref)));
    const lost = TASKS - distinct.size;
    const twice = refs.length - distinct.size;
    const said = end === '' ? (lost + twice > 0 ? ', **says nothing**' : '') : `: ${end.replaceAll('|', '/')}`;
    const counts = [lost > 0 ? `${lost} missing` : '', twice > 0 ? `${twice} too many` : ''].filter(
      (text) => text !== '',
    );
    return `${counts.length === 0 ? 'all' : counts.join(', ')}${said}`;
  } finally {
    clearTimeout(timer);
    await client.close();
    await org.stop();
  }
}

try {
  mkdirSync(home, { recursive: true });
  const names = Object.keys(tools);
  for (const what of ['write', 'read']) {
    console.log(
      `\n| ${what === 'write' ? `${TASKS} tasks upserted` : `${TASKS} tasks read in a job`} | ${names.join(' | ')} |`,
    );
    console.log(`|---|${names.map(() => '---').join('|')}|`);
    for (const [name, fault, until = null, only = what] of faults) {
      if (only !== what) continue;
      const cells = [];
      for (const tool of names) cells.push(await cell(tool, what, fault, until));
      console.log(`| ${name} | ${cells.join(' | ')} |`);
    }
  }
} finally {
  rmSync(home, { recursive: true, force: true });
}
// A request that somebody never gave up keeps the process alive.
process.exit();
