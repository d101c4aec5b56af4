/** Several currencies: amounts are reckoned in the corporate one, and written in each account's own. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openBook, type BookTable } from '../../src/book/book.js';
import { allAccounts, inFolder, only, someSettings, spool, type CrmRecord } from '../book/smallBook.js';
import { withSmallOrg, type SmallOrg } from '../support/smallOrg.js';
import { machineBuilders, margins, roundAnchors } from './machineBuilders.js';

const factsOf = async (
  tables: Partial<Record<BookTable, CrmRecord[]>>,
): Promise<{ revenue: unknown; notes: unknown }> =>
  inFolder(async (folder) => {
    const book = await openBook(join(folder, 'book.duckdb'));
    try {
      for (const table of ['account', 'opportunity', 'line', 'currency_type', 'dated_rate'] as const) {
        const rows = tables[table] ?? [];
        if (rows.length > 0) await book.ingest(table, spool(folder, table, rows, rows));
      }
      const notes = await book.derive(someSettings(), '2026-10-31');
      return { revenue: only(await allAccounts(book)).account.yearlyRevenue, notes };
    } finally {
      await book.close();
    }
  });

const account = [{ id: 'A', name: 'A', ownerId: 'U', currency: 'EUR' }];
const deal = (id: string, closeDate: string, amount: string, currency: string): CrmRecord => ({
  id,
  accountId: 'A',
  closeDate,
  amount,
  currency,
  isWon: true,
  isClosed: true,
});
const named = (notes: unknown): unknown =>
  Array.isArray(notes) ? notes.filter(({ is }: { is: string }) => is === 'rateMissing') : [];

describe('amounts in several currencies', () => {
  const today = [{ id: 'R1', iso: 'EUR', rate: 0.8 }];
  const dated = [{ id: 'D1', iso: 'EUR', startDate: '2026-01-01', nextStartDate: '2026-06-01', rate: 0.5 }];

  test('count by the rate of the close date, and by today’s where that day has none', async () => {
    const { revenue, notes } = await factsOf({
      account,
      opportunity: [deal('O1', '2026-05-31', '100.00', 'EUR'), deal('O2', '2026-06-01', '100.00', 'EUR')],
      currency_type: today,
      dated_rate: dated,
    });
    // 100 at half a euro, 100 at four fifths: 200 + 125.
    expect(revenue).toBe(325_00);
    expect(named(notes)).toEqual([]);
  });

  test('without a rate are unknown: named, and not taken for zero or for the corporate currency', async () => {
    const { revenue, notes } = await factsOf({
      account,
      opportunity: [deal('O1', '2026-05-31', '100.00', 'EUR'), deal('O2', '2026-06-01', '100.00', 'CHF')],
      currency_type: today,
      dated_rate: dated,
    });
    expect(revenue).toBe(200_00);
    expect(named(notes)).toEqual([{ is: 'rateMissing', count: 1, examples: ['CHF'] }]);
  });

  test('of lines and their cost have the currency of their deal, to the cent', async () => {
    const { revenue } = await factsOf({
      account,
      opportunity: [deal('O1', '2026-05-31', '0', 'EUR')],
      line: [{ id: 'L1', opportunityId: 'O1', amount: '33.33', family: 'Pumps' }],
      currency_type: [{ id: 'R1', iso: 'EUR', rate: 3 }],
    });
    // 33.33 / 3
    expect(revenue).toBe(11_11);
  });
});

describe('a sync of an org with several currencies', () => {
  const withEuros = (work: (org: SmallOrg) => Promise<void>): Promise<void> =>
    withSmallOrg(
      machineBuilders,
      { settings: roundAnchors, families: margins, features: ['MultiCurrency'] },
      async (org) => {
        const euro = { IsoCode: 'EUR', ConversionRate: 0.8, DecimalPlaces: 2, IsActive: true };
        await org.client.send('POST', 'sobjects/CurrencyType', euro);
        for (const [StartDate, ConversionRate] of [
          ['2026-01-01', 0.5],
          ['2026-11-01', 0.25],
        ]) {
          await org.client.send('POST', 'sobjects/DatedConversionRate', { IsoCode: 'EUR', StartDate, ConversionRate });
        }
        await org.enter('Beta', { CurrencyIsoCode: 'EUR' });
        await work(org);
      },
    );

  test('writes an account’s figures in its own currency by the rate of the as-of day, and its families’ too', () =>
    withEuros(async (org) => {
      await org.sync();
      // Both buy for 100,000 dollars a year; on 31 October a dollar was half a euro.
      expect(await org.account('Gamma', ['KAM_Revenue__c'])).toEqual({ KAM_Revenue__c: 100_000 });
      expect(await org.account('Beta', ['KAM_Revenue__c'])).toEqual({ KAM_Revenue__c: 50_000 });
      const pumps = (await org.families(['Own_Revenue__c', 'CurrencyIsoCode'])).filter(
        ({ account: name, family }) => family === 'Valves' && (name === 'Beta' || name === 'Gamma'),
      );
      expect(pumps).toEqual([
        { account: 'Beta', family: 'Valves', Own_Revenue__c: 30_000, CurrencyIsoCode: 'EUR' },
        { account: 'Gamma', family: 'Valves', Own_Revenue__c: 30_000, CurrencyIsoCode: 'USD' },
      ]);
    }));

  test('has nothing left to do the second time', () =>
    withEuros(async (org) => {
      await org.sync();
      expect(await org.sync()).toMatchObject({ outcome: { is: 'nothingToDo' }, written: 0 });
    }));
});

test('an account that is a person is left out, and said so', () =>
  withSmallOrg(
    machineBuilders,
    { settings: roundAnchors, families: margins, features: ['PersonAccounts'] },
    async (org) => {
      const [type] = await org.client.query('SELECT Id FROM RecordType WHERE IsPersonType = true');
      await org.client.send('POST', 'sobjects/Account', {
        RecordTypeId: type?.['Id'],
        FirstName: 'Ada',
        LastName: 'King',
      });
      const run = await org.sync();
      expect(run).toMatchObject({ accounts: 11, groups: 10 });
      expect(run.notes.find(({ is }) => is === 'personAccountsLeftOut')?.count).toBe(1);
      expect(await org.account('Ada King', ['KAM_Tier__c'])).toEqual({ KAM_Tier__c: null });
    },
  ));
