/** The book as a file: results, finding, remembering, publishing, and what happens to a file that is none. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openBook, type Book } from '../../src/book/book.js';
import type { Decision } from '../../src/kam/funnel.js';
import type { Potential } from '../../src/kam/potential.js';
import { unknown } from '../../src/kam/unknown.js';
import { allGroups, asOf, drained, fill, inFolder, only, salesOf, someSettings, withBook } from './smallBook.js';

const aDecision = (groupId: string, changes: Partial<Decision> = {}): Decision => ({
  groupId,
  segment: 'top',
  tier: 'candidate',
  gate: 'ask',
  gateResult: 'open',
  strategy: {
    mean: 0.1 + 0.2,
    lowest: 0,
    highest: 1,
    ratings: {
      referenceCustomer: 1,
      opinionLeader: unknown('notRated'),
      complexity: 0,
      countries: 2,
      sites: 3,
    },
    result: 'passed',
    missing: [],
  },
  score: { points: 61.23, confidence: 0.9, parts: [], calibrated: false },
  reasons: [{ is: 'uncalibrated' }],
  nextStep: { is: 'ask' },
  ...changes,
});

const aPotential = (accountId: string, amount: number): Potential => ({
  accountId,
  crossSell: amount,
  upSell: unknown('noPeers'),
  additional: amount,
  elsewhere: amount,
  walletShare: 1 / 3,
  confidence: 0.4,
  cells: [
    {
      family: 'Bikes',
      kind: 'crossSell',
      amount,
      range: { low: 0, high: amount },
      pipeline: 0,
      source: 'peers',
      confidence: 0.4,
      why: {
        is: 'whitespace',
        probability: 2 / 3,
        spend: amount,
        from: { is: 'peers', buyers: 2, peers: 3, peerLevel: 'all' },
      },
      sister: null,
      rival: null,
    },
  ],
  settled: [],
  risk: unknown('noRecentSales'),
});

const five = { accounts: ['A', 'B', 'C', 'D', 'E'].map((id) => ({ id })) };

test('decisions come back as they were stored, ordered by group, in batches', async () => {
  await withBook(five, async (book) => {
    const decisions = ['D', 'A', 'C', 'B', 'E'].map((id) => aDecision(id));
    await book.storeDecisions(decisions.slice(0, 3));
    await book.storeDecisions(decisions.slice(3));
    const sizes: number[] = [];
    const ids: string[] = [];
    for await (const batch of book.decisions(2)) {
      sizes.push(batch.length);
      ids.push(...batch.map(({ groupId }) => groupId));
    }
    expect(sizes).toEqual([2, 2, 1]);
    expect(ids).toEqual(['A', 'B', 'C', 'D', 'E']);
    expect((await drained(book.decisions(9)))[0]).toEqual(aDecision('A'));
  });
});

test('what is stored again replaces what stood, and nothing else', async () => {
  await withBook(five, async (book) => {
    await book.storePotentials([aPotential('A', 1), aPotential('B', 2)]);
    await book.storePotentials([aPotential('B', 3)]);
    await book.storeDecisions([aDecision('A'), aDecision('B')]);
    await book.storeDecisions([aDecision('B', { tier: 'large' })]);
    const groups = await allGroups(book);
    expect(groups.slice(0, 3).map(({ potential }) => potential.crossSell)).toEqual([1, 3, unknown('notModelled')]);
    expect((await drained(book.decisions(9))).map(({ tier }) => tier)).toEqual(['candidate', 'large']);
  });
});

test('storing while reading is what a run does, batch by batch', async () => {
  await withBook(five, async (book) => {
    for await (const batch of book.accounts(2)) {
      await book.storePotentials(batch.map(({ account }) => aPotential(account.accountId, 7)));
    }
    expect((await allGroups(book)).map(({ potential }) => potential.additional)).toEqual([7, 7, 7, 7, 7]);
  });
});

test('a result for an account that the book does not have is refused', async () => {
  await withBook(five, async (book) => {
    await expect(book.storePotentials([aPotential('A', 1), aPotential('X', 1)])).rejects.toThrow('The book has no X');
    expect(only((await allGroups(book)).slice(0, 1)).potential.crossSell).toEqual(unknown('notModelled'));
  });
});

test('deriving anew forgets what was made of the old facts', async () => {
  await withBook(five, async (book) => {
    await book.storePotentials([aPotential('A', 1)]);
    await book.storeDecisions([aDecision('A')]);
    await book.derive(someSettings(), asOf);
    expect(await drained(book.decisions(9))).toEqual([]);
    expect((await allGroups(book))[0]?.potential.crossSell).toEqual(unknown('notModelled'));
  });
});

const companies = {
  accounts: [
    { id: '001000000000001AAA', name: 'Acme Holding' },
    { id: '001000000000002AAA', name: 'Acme Bremen', parentId: '001000000000001AAA' },
    { id: '001000000000003AAA', name: 'Zweirad Süd' },
    { id: '001000000000004AAA', name: 'Twin' },
    { id: '001000000000005AAA', name: 'twin ' },
  ],
  ...salesOf([['001000000000002AAA', '2026-10-01', 'Bikes', 5]]),
};

test('finds a group by any member: by id of 18 or 15 characters, or by name in any casing', async () => {
  await withBook(companies, async (book) => {
    await book.storePotentials([aPotential('001000000000002AAA', 9)]);
    await book.storeDecisions([aDecision('001000000000001AAA')]);
    for (const wanted of ['001000000000002AAA', '001000000000002', 'ACME bremen', ' Acme Bremen ']) {
      expect(await book.find(wanted)).toMatchObject({
        is: 'found',
        accountId: '001000000000002AAA',
        group: { facts: { groupId: '001000000000001AAA', yearlyRevenue: 5_00 } },
        accounts: [
          { account: { name: 'Acme Holding' }, potential: { additional: unknown('notModelled') } },
          { account: { name: 'Acme Bremen' }, potential: aPotential('001000000000002AAA', 9) },
        ],
        decision: { tier: 'candidate' },
      });
    }
    expect(await book.find('zweirad SÜD')).toMatchObject({ is: 'found', decision: null });
  });
});

test('a name that two accounts bear is ambiguous', async () => {
  await withBook(companies, async (book) => {
    expect(await book.find('Twin')).toEqual({
      is: 'ambiguous',
      matches: [
        { accountId: '001000000000004AAA', name: 'Twin' },
        { accountId: '001000000000005AAA', name: 'twin ' },
      ],
    });
  });
});

test('a name that nobody bears is answered with names that contain it or sound like it', async () => {
  await withBook(companies, async (book) => {
    expect(await book.find('acme')).toEqual({ is: 'notFound', near: ['Acme Bremen', 'Acme Holding'] });
    expect(await book.find('Zweirat Süd')).toEqual({ is: 'notFound', near: ['Zweirad Süd'] });
    expect(await book.find("Robert'); DROP TABLE member;--")).toEqual({ is: 'notFound', near: [] });
  });
});

test('remembers small values by name', async () => {
  await withBook(five, async (book) => {
    expect(await book.recall('lines')).toBeNull();
    await book.remember('lines', { revenue: 1, "it's": [null] });
    await book.remember('lines', { revenue: 2, "it's": [null] });
    expect(await book.recall('lines')).toEqual({ revenue: 2, "it's": [null] });
  });
});

test('a book that was not derived says so', async () => {
  await inFolder(async (folder) => {
    const book = await openBook(join(folder, 'book.duckdb'));
    await expect(drained(book.groups(1))).rejects.toThrow('pulled but not derived');
    await expect(drained(book.accounts(1))).rejects.toThrow('pulled but not derived');
    await expect(book.find('A')).rejects.toThrow('pulled but not derived');
    await book.close();
  });
});

const withDerived = (work: (book: Book, folder: string) => Promise<void>): Promise<void> =>
  inFolder(async (folder) => {
    const book = await openBook(join(folder, 'work.duckdb'));
    try {
      await fill(book, five, folder);
      await book.derive(someSettings(), asOf);
      await work(book, folder);
    } finally {
      await book.close();
    }
  });

test('a published book is read while the next one is made and published over it', async () => {
  await withDerived(async (book, folder) => {
    const published = join(folder, 'book.duckdb');
    await book.remember('run', 1);
    await book.publish(published);
    const reader = await openBook(published, { readOnly: true });
    await book.remember('run', 2);
    await book.publish(published);
    const later = await openBook(published, { readOnly: true });
    expect([await reader.recall('run'), await later.recall('run')]).toEqual([1, 2]);
    expect(await allGroups(reader)).toHaveLength(5);
    expect(await reader.find('C')).toMatchObject({ is: 'found', accountId: 'C' });
    await expect(reader.remember('run', 3)).rejects.toThrow(/read-only/);
    await reader.close();
    await later.close();
    expect(
      readdirSync(folder)
        .filter((name) => /duckdb/.test(name))
        .sort(),
    ).toEqual(['book.duckdb', 'work.duckdb']);
  });
});

test('the files are private to the user', async () => {
  await withDerived(async (book, folder) => {
    await book.publish(join(folder, 'book.duckdb'));
    for (const name of ['work.duckdb', 'book.duckdb']) expect(statSync(join(folder, name)).mode & 0o077).toBe(0);
    const own = await openBook(join(folder, 'new', 'book.duckdb'));
    await own.close();
    expect(statSync(join(folder, 'new')).mode & 0o077).toBe(0);
  });
});

/** Tries to open a database file for writing in another process; says what happened. */
function openElsewhere(file: string): string {
  const script = `
    import { DuckDBInstance } from '@duckdb/node-api';
    try { await DuckDBInstance.create(${JSON.stringify(file)}); console.log('open'); }
    catch (error) { console.log(/lock/.test(error.message) ? 'locked' : error.message); }`;
  const root = new URL('../..', import.meta.url).pathname;
  return execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd: root, encoding: 'utf8' }).trim();
}

test('one writer: another process finds the book locked, also after it was published', async () => {
  await withDerived(async (book, folder) => {
    expect(openElsewhere(book.file)).toBe('locked');
    await book.publish(join(folder, 'book.duckdb'));
    expect(openElsewhere(book.file)).toBe('locked');
  });
});

test('a book survives being closed', async () => {
  await withDerived(async (book) => {
    await book.storeDecisions([aDecision('A')]);
    await book.close();
    const again = await openBook(book.file);
    expect(await drained(again.decisions(9))).toEqual([aDecision('A')]);
    await again.close();
  });
});

test('a file that is no book is a lost cache to the writer, and an error to the reader', async () => {
  await inFolder(async (folder) => {
    const file = join(folder, 'book.duckdb');
    await expect(openBook(file, { readOnly: true })).rejects.toThrow(`There is no book at ${file}.`);
    expect(existsSync(file)).toBe(false);
    writeFileSync(file, 'not a database');
    await expect(openBook(file, { readOnly: true })).rejects.toThrow(`The book at ${file} can't be read`);
    const book = await openBook(file);
    expect(await book.recall('run')).toBeNull();
    await book.close();
  });
});
