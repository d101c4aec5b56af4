/** The incremental pull: whatever happens in the CRM between two nights, the book is what a fresh full pull makes of it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { connect, type KamOrg } from '../../src/org/connect.js';
import type { PulledTable } from '../../src/org/pull.js';
import { machineBuilders } from '../sync/machineBuilders.js';
import { tablesOf } from '../support/bookTables.js';
import { soap } from '../support/metadata.js';
import { quickPace, withSmallOrg, type SmallOrg } from '../support/smallOrg.js';
import { bookOnDisk, nights, wantedOn } from './nights.js';

/** The machine builders, an hour after they were entered. */
const machines = (work: (small: SmallOrg) => Promise<void>): Promise<void> =>
  withSmallOrg(machineBuilders, {}, async (small) => {
    await small.moveClock('2026-11-24T13:00:00Z');
    await work(small);
  });
const orgOf = (small: SmallOrg): Promise<KamOrg> => connect(small.login, undefined, quickPace);
const fault = (small: SmallOrg, settings: Record<string, unknown>): Promise<unknown> =>
  small.client.send('POST', '/local/faults', settings);
const noFaults = (small: SmallOrg): Promise<unknown> => small.client.send('DELETE', '/local/faults');
/** Tables that the org has: it has one currency only. */
const there = (tables: readonly PulledTable[]): PulledTable[] => tables.filter(({ how }) => how !== 'left out');
const hows = (tables: readonly PulledTable[]): Record<string, string> =>
  Object.fromEntries(there(tables).map(({ table, how }) => [table, how]));
const tomorrow = (small: SmallOrg): Promise<void> => small.moveClock('2026-11-25T12:00:00Z');

test.each([1, 2])('a book that is kept up equals a fresh pull, row for row, through the edits of seed %i', (seed) =>
  nights(seed, 4, ({ kept, fresh, log }) => expect(kept, log).toEqual(fresh)),
);

describe('what a night reads', () => {
  test('is nothing where nothing changed; one row where one did, and its table only', () =>
    machines(async (small) => {
      const book = bookOnDisk();
      expect(new Set(Object.values(hows(await book.pull(await orgOf(small)))))).toEqual(new Set(['all']));
      await tomorrow(small);
      const org = await orgOf(small);
      expect(new Set(Object.values(hows(await book.pull(org))))).toEqual(new Set(['unchanged']));
      await small.enter('Beta', { Name: 'Beta Ltd' });
      await small.moveClock('2026-11-25T13:00:00Z');
      const tables = await book.pull(org);
      expect(hows(tables)).toMatchObject({ account: 'changes', opportunity: 'unchanged', line: 'unchanged' });
      expect(tables.find(({ table }) => table === 'account')?.rows).toBe(1);
    }));

  test('is everything of a table that is read in another way, and of all with full', () =>
    machines(async (small) => {
      const book = bookOnDisk();
      const org = await orgOf(small);
      await book.pull(org);
      await tomorrow(small);
      const wants = { ...wantedOn(await org.now()), familyField: 'Type' };
      expect(hows(await book.pull(org, { wants }))).toMatchObject({ opportunity: 'all', account: 'unchanged' });
      const all = hows(await book.pull(org, { wants, full: true }));
      expect(new Set(Object.values(all))).toEqual(new Set(['all']));
    }));

  test('of a product that changes its family are its lines', () =>
    machines(async (small) => {
      const book = bookOnDisk();
      const org = await orgOf(small);
      await book.pull(org);
      await tomorrow(small);
      const [product] = await small.client.query("SELECT Id FROM Product2 WHERE Family = 'Service'");
      await small.client.send('PATCH', `sobjects/Product2/${String(product?.['Id'])}`, { Family: 'Care' });
      await small.moveClock('2026-11-25T13:00:00Z');
      const tables = await book.pull(org);
      // Nine accounts buy service, three years each.
      expect(tables.find(({ table }) => table === 'line')?.rows).toBe(27);
      const { line = [] } = await tablesOf(book.file);
      expect(line.filter((row) => row.includes('"Care"'))).toHaveLength(27);
    }));

  test('is compared by id once a week, and where a count differs', () =>
    machines(async (small) => {
      const book = bookOnDisk();
      const org = await orgOf(small);
      await book.pull(org);
      await small.moveClock('2026-12-01T12:00:00Z');
      expect(there(await book.pull(org)).every(({ compared }) => compared)).toBe(true);
      await small.moveClock('2026-12-02T12:00:00Z');
      // As if a row had been lost on the way: nothing in the org tells of it but the count.
      await book.open(async (open) => {
        const mark = await open.pullMark('opportunity');
        if (mark === null) throw new Error('No mark.');
        const [first = ''] = await open.pointingTo('line', 'opportunityId', await ids(small, 'Opportunity'));
        const change = { touched: [], touchedIds: [first], rows: [], since: mark.watermark };
        const own = await open.pullMark('line');
        if (own === null) throw new Error('No mark.');
        await open.change('line', change, own);
        expect(await open.rowCount('line')).toBe(83);
      });
      const tables = await book.pull(org);
      expect(tables.filter(({ compared }) => compared).map(({ table }) => table)).toEqual(['line']);
      expect((await tablesOf(book.file))['line']).toHaveLength(84);
    }));
});

const ids = async (small: SmallOrg, object: string): Promise<string[]> =>
  (await small.client.query(`SELECT Id FROM ${object} ORDER BY Id`)).map((record) => String(record['Id']));

test('deals that a merge has moved without a stamp of their own are read again', () =>
  machines(async (small) => {
    const [book, fresh] = [bookOnDisk(), bookOnDisk()];
    const org = await orgOf(small);
    await book.pull(org);
    await tomorrow(small);
    const [gamma, delta] = await small.client.query(
      "SELECT Id FROM Account WHERE Name IN ('Gamma', 'Delta') ORDER BY Name DESC",
    );
    const [master, loser] = [String(gamma?.['Id']), String(delta?.['Id'])];
    const request = `<masterRecord><type>Account</type><Id>${master}</Id></masterRecord><recordToMergeIds>${loser}</recordToMergeIds>`;
    await soap(small, 'u', `<merge><request>${request}</request></merge>`);
    await small.moveClock('2026-11-25T13:00:00Z');
    const tables = await book.pull(withoutStamps(org, 'Opportunity'));
    // Three deals of the loser by their ids, and all six that the master has now.
    const deals = { how: 'changes', compared: false, rows: 9 };
    expect(tables.find(({ table }) => table === 'opportunity')).toMatchObject(deals);
    await fresh.pull(org);
    expect(await tablesOf(book.file)).toEqual(await tablesOf(fresh.file));
  }));

/** The org as if records of an object were never stamped anew. */
const withoutStamps = (org: KamOrg, object: string): KamOrg => {
  const unstamped = (url: string): string =>
    url.includes(encodeURIComponent(`FROM ${object} `))
      ? url.replaceAll(/(SystemModstamp%20%3E%3D%20)[^)]*/g, '$12099-01-01T00%3A00%3A00.000Z')
      : url;
  const together = z.object({ allOrNone: z.boolean(), compositeRequest: z.array(z.looseObject({ url: z.string() })) });
  return {
    ...org,
    transport: {
      ...org.transport,
      send: (method, path, body) => {
        const several = together.safeParse(body);
        if (!several.success) return org.transport.send(method, unstamped(path), body);
        const compositeRequest = several.data.compositeRequest.map((each) => ({ ...each, url: unstamped(each.url) }));
        return org.transport.send(method, path, { ...several.data, compositeRequest });
      },
    },
  };
};

describe('a pull that is disturbed', () => {
  const disturbed = async (small: SmallOrg, faults: Record<string, unknown>[]): Promise<void> => {
    const [calm, hard] = [bookOnDisk(), bookOnDisk()];
    const org = await orgOf(small);
    await calm.pull(org);
    for (const each of faults) await fault(small, each);
    await hard.pull(org);
    const { log } = z
      .object({ log: z.array(z.object({ kind: z.string() })) })
      .parse(await small.client.send('GET', '/local/faults'));
    for (const each of faults) expect(log.map(({ kind }) => kind)).toContain(each['kind']);
    await noFaults(small);
    expect(await tablesOf(hard.file)).toEqual(await tablesOf(calm.file));
  };

  test('goes on after the last row where the org has lost its place', () =>
    machines((small) =>
      disturbed(small, [
        { kind: 'page-size', rows: 10 },
        { kind: 'locator-expired', every: 3 },
      ]),
    ));

  test('asks for half as long a time where the org runs out of it, for all days of 27 years if need be', () =>
    machines((small) => disturbed(small, [{ kind: 'query-timeout', above: 20, every: 1 }])));

  test('keeps what it had: a run that breaks off is taken up where it was', () =>
    machines(async (small) => {
      const book = bookOnDisk();
      const org = await orgOf(small);
      await fault(small, { kind: 'reset-before', path: 'jobs/query', methods: ['POST'], after: 2, next: 6 });
      await expect(book.pull(org, { restUpTo: 0 })).rejects.toThrow();
      await noFaults(small);
      expect(hows(await book.pull(org))).toMatchObject({ account: 'unchanged', opportunity: 'unchanged', line: 'all' });
    }));
});

describe('a query job', () => {
  const jobs = async (small: SmallOrg): Promise<{ id: string; object: string; state: string }[]> =>
    z
      .object({ records: z.array(z.object({ id: z.string(), object: z.string(), state: z.string() })) })
      .parse(await small.client.send('GET', 'jobs/query')).records;

  test('that takes too long is left running, and the next run takes the same one up', () =>
    machines(async (small) => {
      const book = bookOnDisk();
      const org = await orgOf(small);
      await fault(small, { kind: 'bulk-job-stuck', every: 1 });
      await expect(book.pull(org, { restUpTo: 0, jobMinutes: 0.01 })).rejects.toMatchObject({
        name: 'QueryJobTimeoutError',
        exitCode: 69,
      });
      await noFaults(small);
      const [left] = await jobs(small);
      expect(left).toMatchObject({ object: 'Account', state: 'InProgress' });
      expect(existsSync(join(book.spool, 'account.job.json'))).toBe(true);
      await tomorrow(small);
      await small.enter('Beta', { Name: 'Beta Ltd' });
      await small.moveClock('2026-11-25T13:00:00Z');
      const calls: string[] = [];
      await book.pull(watched(org, calls));
      expect(calls.filter((call) => call.startsWith('POST'))).toEqual([]);
      expect(calls).toContain(`GET ${left?.id}`);
      // Its rows may be older than the change: what changed since is read on top.
      const { account = [] } = await tablesOf(book.file);
      expect(account.filter((row) => row.includes('"Beta Ltd"'))).toHaveLength(1);
      expect(await jobs(small)).toEqual([]);
    }));

  test('keeps every page that came: the next run reads the others only', () =>
    machines(async (small) => {
      const book = bookOnDisk();
      const org = await orgOf(small);
      // Eleven accounts in pages of two are six pages; the fifth breaks off, and the retries of the transport too.
      await fault(small, { kind: 'truncated-body', path: '/results', after: 4, share: 0.5, ending: 'reset', every: 1 });
      await expect(book.pull(org, { restUpTo: 0, pageRows: 2 })).rejects.toThrow();
      await noFaults(small);
      const pages: string[] = [];
      await book.pull(watched(org, pages), { restUpTo: 10_000, pageRows: 2 });
      expect(pages.filter((call) => call.startsWith('page'))).toHaveLength(2);
      expect((await tablesOf(book.file))['account']).toHaveLength(11);
    }));

  test('whose page was cut off as if it were whole is not taken in, and not kept for the next run', () =>
    machines(async (small) => {
      const book = bookOnDisk();
      const org = await orgOf(small);
      await fault(small, { kind: 'truncated-body', path: '/results', share: 0.5, ending: 'clean', next: 1 });
      await expect(book.pull(org, { restUpTo: 0 })).rejects.toMatchObject({
        name: 'PageUnusableError',
        exitCode: 69,
      });
      expect(hows(await book.pull(org, { restUpTo: 0 }))).toMatchObject({ account: 'all' });
      expect((await tablesOf(book.file))['account']).toHaveLength(11);
    }));

  test('that fails is followed by another one', () =>
    machines(async (small) => {
      const book = bookOnDisk();
      const org = await orgOf(small);
      await fault(small, { kind: 'bulk-job-failed', next: 1 });
      expect(hows(await book.pull(org, { restUpTo: 0 }))).toMatchObject({ account: 'all' });
      expect((await tablesOf(book.file))['account']).toHaveLength(11);
    }));
});

/** The org with a list of the query jobs that are started, by object, or looked at, by id, and of the pages read. */
const watched = (org: KamOrg, calls: string[]): KamOrg => ({
  ...org,
  transport: {
    ...org.transport,
    download: (path, file) => {
      calls.push(`page ${path}`);
      return org.transport.download(path, file);
    },
    send: (method, path, body) => {
      const job = /jobs\/query\/(\w+)$/.exec(path)?.[1];
      const object = / FROM (\w+)/.exec(JSON.stringify(body ?? ''))?.[1];
      if (path.endsWith('jobs/query')) calls.push(`${method} ${object}`);
      else if (job !== undefined) calls.push(`${method} ${job}`);
      return org.transport.send(method, path, body);
    },
  },
});
