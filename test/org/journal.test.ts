/** The journal: what is noted, in which order, and what a broken-off run leaves. */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LANES, openJournal, type Journal, type RowState } from '../../src/org/journal.js';
import { accountOf, type Change } from '../../src/org/row.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kam-journal-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const file = (): string => join(folder, 'journal.sqlite');
const rise = (accountId: string): Change => ({
  verb: 'set',
  accountId,
  name: accountId,
  before: { tier: 'standard' },
  after: { tier: 'candidate' },
});
const all = { from: 0, to: LANES - 1 };
const statesOf = (journal: Journal, run: string): RowState[] => [...journal.rows(run)].map(({ state }) => state);
const locked = { code: 'UNABLE_TO_LOCK_ROW', message: 'held' };

test('notes each row with its before-image, its tries and what became of it', () => {
  const journal = openJournal(file());
  journal.begin('night 1');
  journal.plan([rise('A'), rise('B'), rise('C')]);
  expect(journal.waiting('set')).toBe(3);
  const [first = 0, second = 0, third = 0] = journal.next('set', all, 3).map(({ row }) => row);
  journal.send([first, second]);
  journal.settle([
    { row: first, state: 'written', errors: [] },
    { row: second, state: 'refused', errors: [locked] },
  ]);
  journal.send([second]);
  journal.settle([{ row: second, state: 'written', errors: [] }]);
  expect([...journal.rows('night 1')]).toEqual([
    { row: first, state: 'written', tries: 1, change: rise('A'), errors: [] },
    { row: second, state: 'written', tries: 2, change: rise('B'), errors: [] },
    { row: third, state: 'planned', tries: 0, change: rise('C'), errors: [] },
  ]);
  expect(journal.waiting('set')).toBe(1);
  journal.close();
});

test('what was sent and never answered is unknown once the next run begins', () => {
  const broken = openJournal(file());
  broken.begin('night 1');
  broken.plan([rise('A')]);
  broken.send(broken.next('set', all, 1).map(({ row }) => row));
  broken.close();
  const next = openJournal(file());
  expect(statesOf(next, 'night 1')).toEqual(['sent']);
  next.begin('night 2');
  expect(statesOf(next, 'night 1')).toEqual(['unknown']);
  expect(statesOf(next, 'night 2')).toEqual([]);
  next.close();
});

test('keeps 31 runs: the 32nd drops the first with its rows', () => {
  const journal = openJournal(file());
  for (let night = 1; night <= 32; night += 1) {
    journal.begin(`night ${night}`);
    journal.plan([rise('A')]);
  }
  expect(statesOf(journal, 'night 1')).toEqual([]);
  expect(statesOf(journal, 'night 2')).toEqual(['planned']);
  expect(journal.runs()[0]).toBe('night 32');
  journal.close();
});

test('gives the rows of one account together, and each account to one lane', () => {
  const journal = openJournal(file());
  journal.begin('night 1');
  journal.plan(['A', 'B', 'C', 'D', 'A', 'B', 'C', 'D'].map(rise));
  const inLanes = [0, 1, 2, 3].map((lane) =>
    journal.next('set', { from: lane, to: lane }, 8).map(({ change }) => accountOf(change)),
  );
  expect(inLanes.flat().toSorted()).toEqual(['A', 'A', 'B', 'B', 'C', 'C', 'D', 'D']);
  for (const accounts of inLanes) expect(accounts).toEqual(accounts.toSorted());
  for (const account of 'ABCD') expect(inLanes.filter((lane) => lane.includes(account))).toHaveLength(1);
  journal.close();
});

test('what was refused for good is known until it is forgiven', () => {
  const journal = openJournal(file());
  const refusal = { key: 'set A', fingerprint: 'f', schema: 's', stamp: 't', since: 'night 1', errors: [locked] };
  journal.refuse([refusal]);
  expect(journal.refusals(['set A', 'set B'])).toEqual(new Map([['set A', refusal]]));
  journal.forgive(['set A']);
  expect(journal.refusals(['set A'])).toEqual(new Map());
  journal.close();
});

test('is private to its user', () => {
  const journal = openJournal(file());
  journal.begin('night 1');
  for (const end of ['', '-wal', '-shm']) expect(statSync(`${file()}${end}`).mode & 0o777).toBe(0o600);
  journal.close();
});

test('a damaged journal and one of another version are named, and not touched', () => {
  writeFileSync(file(), 'not a database, and long enough to be seen as none'.repeat(20));
  expect(() => openJournal(file())).toThrow(/journal\.sqlite cannot be read: .*not a database/);
  rmSync(file());
  const newer = new DatabaseSync(file());
  newer.exec('PRAGMA user_version = 2');
  newer.close();
  expect(() => openJournal(file())).toThrow('version 2, expected 1');
});
