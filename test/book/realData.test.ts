/** Real sales histories through the book, against the same figures computed line by line in plain TypeScript. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import groupBy from 'lodash/groupBy.js';
import sumBy from 'lodash/sumBy.js';
import { describe, expect, test } from 'vitest';
import { openBook, type GroupView } from '../../src/book/book.js';
import type { AccountFacts, Benchmark } from '../../src/kam/facts.js';
import { isKnown } from '../../src/kam/unknown.js';
import { hasSharedData, sharedData } from '../support/announceShared.js';
import { drained, inFolder, someSettings, spool } from './smallBook.js';

type RawAccount = { id: string; name: string; industry: string; employees: string; country: string };
type RawLine = { accountId: string; day: string; family: string; cents: number };
type Histories = { accounts: RawAccount[]; lines: RawLine[] };

const readRows = (file: string): string[][] => parse(readFileSync(file, 'utf8'), { from_line: 2 });

function readSet(name: string): Histories {
  const accounts = readRows(join(sharedData, name, 'accounts.csv')).map(
    ([id = '', accountName = '', industry = '', employees = '', country = '']) => ({
      id,
      name: accountName,
      industry,
      employees,
      country,
    }),
  );
  const lines = readRows(join(sharedData, name, 'sales.csv')).map(
    ([accountId = '', day = '', family = '', , , amount = '']) => ({ accountId, day, family, cents: centsOf(amount) }),
  );
  return { accounts, lines };
}

/** Cents by text alone, so that no rounding of ours can hide one of the book's. */
function centsOf(amount: string): number {
  const [, sign = '', whole = '0', fraction = ''] = /^(-?)(\d+)\.?(\d*)$/.exec(amount) ?? expect.fail(amount);
  const cents =
    Number(whole) * 100 + Number(fraction.slice(0, 2).padEnd(2, '0')) + (Number(fraction[2] ?? '0') >= 5 ? 1 : 0);
  return sign === '-' ? -cents : cents;
}

type Reading = {
  accounts: Map<string, { account: AccountFacts; benchmarks: Benchmark[] }>;
  groups: Map<string, GroupView>;
};

/** One won opportunity per account and day with its lines, as `local load` does. */
const readThroughBook = ({ accounts, lines }: Histories, asOf: string): Promise<Reading> =>
  inFolder(async (folder) => {
    const book = await openBook(join(folder, 'book.duckdb'));
    try {
      const deals = Object.entries(groupBy(lines, ({ accountId, day }) => `${accountId} ${day}`));
      await book.ingest(
        'account',
        spool(
          folder,
          'account',
          accounts.map((account) => ({ ...account, ownerId: 'U' })),
        ),
      );
      await book.ingest(
        'opportunity',
        spool(
          folder,
          'opportunity',
          deals.map(([id, [first]]) => ({
            id,
            accountId: first?.accountId ?? null,
            closeDate: first?.day ?? null,
            isWon: true,
            isClosed: true,
          })),
        ),
      );
      await book.ingest(
        'line',
        spool(
          folder,
          'line',
          lines.map(({ accountId, day, family, cents }, n) => ({
            id: `L${n}`,
            opportunityId: `${accountId} ${day}`,
            family,
            amount: (cents / 100).toFixed(2),
          })),
        ),
      );
      expect(await book.derive(someSettings(), asOf)).toEqual([]);
      return {
        accounts: new Map((await drained(book.accounts(100))).map((entry) => [entry.account.accountId, entry])),
        groups: new Map((await drained(book.groups(100))).map((view) => [view.facts.groupId, view])),
      };
    } finally {
      await book.close();
    }
  });

/** The windows that end on the same day of the year as `asOf`, latest first; month ends at hand need no care. */
const windowOf = (day: string, asOf: string): number =>
  Number(asOf.slice(0, 4)) - Number(day.slice(0, 4)) - (day.slice(5) > asOf.slice(5) ? 1 : 0);

const rounded = (amount: number): number => Math.sign(amount) * Math.round(Math.abs(amount));

/** Yearly revenue and families of one account, from its lines. */
function byHand(lines: RawLine[], asOf: string): { yearly: number; families: Map<string, number> } {
  const windows = Math.min(3, Math.max(...lines.map(({ day }) => windowOf(day, asOf))) + 1);
  const counted = lines.filter(({ day }) => windowOf(day, asOf) < windows);
  const families = Object.entries(groupBy(counted, 'family'))
    .map(([family, own]): [string, number] => [family, sumBy(own, 'cents')])
    .filter(([, net]) => net > 0);
  return {
    yearly: rounded(sumBy(counted, 'cents') / windows),
    families: new Map(families.map(([family, net]) => [family, rounded(net / windows)])),
  };
}

/** The share that `fraction` of the sorted shares lie below, linear between two of them. */
function quantile(shares: number[], fraction: number): number {
  const sorted = shares.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * fraction;
  const [low = Number.NaN, high = low] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return low + (high - low) * (at - Math.floor(at));
}

describe.skipIf(!hasSharedData)('real histories', () => {
  test.each([
    ['adventureworks', '2013-10-31'],
    ['northwind', '1998-04-30'],
  ])('%s: revenue, families and benchmarks are what its lines add up to', async (name, asOf) => {
    const set = readSet(name);
    const known = groupBy(
      set.lines.filter(({ day }) => day <= asOf),
      'accountId',
    );
    const { accounts, groups } = await readThroughBook({ ...set, lines: Object.values(known).flat() }, asOf);
    expect(accounts.size).toBe(set.accounts.length);
    const expected = new Map(Object.entries(known).map(([id, lines]) => [id, byHand(lines, asOf)]));

    for (const [id, { account }] of accounts) {
      const own = expected.get(id);
      expect(account.yearlyRevenue).toEqual(own?.yearly ?? { unknown: 'noSales' });
      expect(new Map(account.families.map(({ family, yearly }) => [family, yearly]))).toEqual(
        own?.families ?? new Map(),
      );
      expect(groups.get(id)?.facts.yearlyRevenue).toEqual(account.yearlyRevenue);
    }

    let compared = 0;
    const peerGroups = groupBy([...accounts.values()], ({ account }) => JSON.stringify(account.peerGroup));
    for (const peers of Object.values(peerGroups)) {
      const [{ account, benchmarks } = expect.fail()] = peers;
      // Only where nobody fell through to a wider peer group are its members all that are compared.
      const members = peers.filter(({ account: { yearlyRevenue } }) => isKnown(yearlyRevenue) && yearlyRevenue > 0);
      if (account.peerGroup.accounts !== peers.filter(({ account: peer }) => isKnown(peer.yearlyRevenue)).length)
        continue;
      for (const { family, peers: count, buyers, medianShare, upperShare } of benchmarks) {
        const shares = members.flatMap(({ account: { accountId } }) => {
          const own = expected.get(accountId) ?? expect.fail();
          const spent = own.families.get(family);
          return spent === undefined ? [] : [spent / own.yearly];
        });
        compared += 1;
        expect([count, buyers]).toEqual([members.length, shares.length]);
        expect(medianShare).toBeCloseTo(quantile(shares, 0.5), 12);
        expect(upperShare).toBeCloseTo(quantile(shares, 0.8), 12);
      }
    }
    expect(compared).toBeGreaterThan(20);
  });
});
