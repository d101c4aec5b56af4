/** Law 5, through the book: the order of records, files and pulls is irrelevant. */
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bookTables, openBook, type BookTable } from '../../src/book/book.js';
import { peerEstimates } from '../../src/kam/peers.js';
import { assessPotential } from '../../src/kam/potential.js';
import { allAccounts, allGroups, asOf, drained, inFolder, someSettings, spool, type CrmRecord } from './smallBook.js';

type Tables = Record<BookTable, CrmRecord[]>;

const families = ['Bikes', 'Helmets', 'Tyres', null];

/** A CRM of few records, so that ties, gaps, cycles and credit notes are frequent. */
const someTables: fc.Arbitrary<Tables> = fc.record({
  account: fc
    .array(
      fc.record({
        parent: fc.option(fc.nat(11), { freq: 2 }),
        employees: fc.option(fc.constantFrom(5, 50, 500)),
        industry: fc.constantFrom('Retail', 'retail', 'Mining', null),
        country: fc.constantFrom('DE', 'de', 'FR', null),
      }),
      { minLength: 6, maxLength: 12 },
    )
    .map((accounts) =>
      accounts.map(({ parent, ...account }, n) => ({
        id: `A${n}`,
        name: `N${n % 3}`,
        ownerId: 'U',
        parentId: parent === null ? null : `A${parent}`,
        ...account,
      })),
    ),
  opportunity: fc
    .array(
      fc.record({
        account: fc.nat(11),
        closeDate: fc.constantFrom('2026-10-01', '2025-10-31', '2025-11-01', '2023-01-01', '2026-12-01'),
        amount: fc.option(fc.integer({ min: -99, max: 999 })),
        isWon: fc.boolean(),
      }),
      { maxLength: 25 },
    )
    .map((deals) =>
      deals.map(({ account, ...deal }, n) => ({
        id: `O${n}`,
        accountId: `A${account}`,
        isClosed: deal.isWon,
        ...deal,
      })),
    ),
  line: fc
    .array(
      fc.record({
        opportunity: fc.nat(24),
        family: fc.constantFrom(...families),
        amount: fc.integer({ min: -999, max: 9999 }).map((cents) => (cents / 100).toFixed(2)),
      }),
      { maxLength: 40 },
    )
    .map((lines) =>
      lines.map(({ opportunity, ...line }, n) => ({ id: `L${n}`, opportunityId: `O${opportunity}`, ...line })),
    ),
  cell: fc
    .array(
      fc.record({
        account: fc.nat(11),
        family: fc.constantFrom('Bikes', 'bikes ', 'Tyres', null),
        statedWallet: fc.option(fc.integer({ min: -9, max: 999 })),
        statedOn: fc.constantFrom('2026-10-01', '2025-10-31', '2027-01-01', null),
        servedBy: fc.constantFrom('us', 'competitor', null),
      }),
      { maxLength: 8 },
    )
    .map((cells) => cells.map(({ account, ...cell }, n) => ({ id: `P${n}`, accountId: `A${account}`, ...cell }))),
  agreement: fc
    .array(
      fc.record({
        account: fc.nat(11),
        state: fc.constantFrom('asked', 'accepted', 'declined', 'incubator', 'strange'),
        answeredOn: fc.constantFrom('2026-06-01', '2025-06-01', null),
      }),
      { maxLength: 5 },
    )
    .map((agreements) =>
      agreements.map(({ account, ...agreement }, n) => ({ id: `G${n}`, accountId: `A${account}`, ...agreement })),
    ),
  commitment: fc
    .array(
      fc.record({
        agreement: fc.nat(4),
        side: fc.constantFrom('give', 'get', null),
        type: fc.constantFrom('accessToSites', 'volume', null),
        theirOwner: fc.constantFrom('Weber', null),
        dueOn: fc.constantFrom('2026-12-01', '2025-01-01', null),
        ourOwnerIsActive: fc.constantFrom(true, false, null),
      }),
      { maxLength: 8 },
    )
    .map((lines) => lines.map(({ agreement, ...line }, n) => ({ id: `C${n}`, agreementId: `G${agreement}`, ...line }))),
  assessment: fc.constant(
    ['2026-09-30', '2026-10-31', '2026-11-30'].map((day) => ({
      id: `H${day}`,
      accountId: 'A1',
      ref: `KAM|A1|${day}`,
      asOf: day,
      segment: 'Top',
    })),
  ),
  visit: fc.constant([
    { id: 'V1', accountId: 'A1', startedAt: '2026-10-31T09:00:00.000+0000' },
    { id: 'V2', accountId: 'A2', startedAt: '2025-10-31T23:00:00.000Z' },
  ]),
  phone_call: fc.constant([{ id: 'C1', accountId: 'A1', day: '2026-05-05' }]),
  service_case: fc.constant([]),
  currency_type: fc.constant([]),
  dated_rate: fc.constant([]),
  contact: fc.constant([]),
  relation: fc.constant([]),
  teammate: fc.constant([]),
  project: fc.constant([]),
  task: fc.constant([
    { id: 'T1', ref: 'R1', accountId: 'A1', ownerId: 'U', isClosed: false },
    { id: 'T2', ref: 'R2', accountId: 'A1', ownerId: 'U', isClosed: true },
  ]),
});

const settings = someSettings({ potential: { minimumPeers: 2 }, families: [{ family: 'Tyres', margin: 0.3 }] });

/** Everything that a book says of these tables, spooled as two files each, in this order. */
const readingOf = (tables: Tables, order: readonly BookTable[]): Promise<unknown> =>
  inFolder(async (folder) => {
    const book = await openBook(join(folder, 'book.duckdb'));
    try {
      for (const table of order) {
        const rows = tables[table];
        const half = Math.floor(rows.length / 3);
        const [one, two] = [rows.slice(0, half), rows.slice(half)].map((part) => spool(folder, table, part, rows));
        if (one === undefined || two === undefined) expect.fail();
        await book.ingest(table, { ...one, files: [...one.files, ...two.files], rows: rows.length });
      }
      const notes = await book.derive(settings, asOf);
      const accounts = await allAccounts(book);
      await book.storePotentials(
        accounts.map(({ account, benchmarks }) =>
          assessPotential(account, peerEstimates(account, benchmarks, settings), settings),
        ),
      );
      return { notes, accounts, groups: await allGroups(book), again: await drained(book.groups(100)) };
    } finally {
      await book.close();
    }
  });

test('the same records in another order say the same', async () => {
  const shuffled = <T>(records: T[]): fc.Arbitrary<T[]> =>
    fc.shuffledSubarray(records, { minLength: records.length, maxLength: records.length });
  const bothOrders = someTables.chain((tables) =>
    fc.record({
      tables: fc.constant(tables),
      account: shuffled(tables.account),
      opportunity: shuffled(tables.opportunity),
      line: shuffled(tables.line),
      cell: shuffled(tables.cell),
      agreement: shuffled(tables.agreement),
      commitment: shuffled(tables.commitment),
      assessment: shuffled(tables.assessment),
      visit: shuffled(tables.visit),
      phone_call: shuffled(tables.phone_call),
      service_case: shuffled(tables.service_case),
      contact: shuffled(tables.contact),
      relation: shuffled(tables.relation),
      teammate: shuffled(tables.teammate),
      project: shuffled(tables.project),
      task: shuffled(tables.task),
      currency_type: fc.constant(tables.currency_type),
      dated_rate: fc.constant(tables.dated_rate),
    }),
  );
  await fc.assert(
    fc.asyncProperty(bothOrders, async ({ tables, ...others }) => {
      const one = await readingOf(tables, bookTables);
      const other = await readingOf(others, bookTables.toReversed());
      expect(other).toEqual(one);
    }),
    { numRuns: 8 },
  );
});
