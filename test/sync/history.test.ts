/** Rows of history in an org: who gets them, what brings them back, and when they go. */
import { describe, expect, test } from 'vitest';
import { textsOf, soap } from '../support/metadata.js';
import { withSmallOrg, type AdminEdits, type SmallOrg } from '../support/smallOrg.js';
import { machineBuilders, margins, roundAnchors } from './machineBuilders.js';

/** Ten machine builders, and a shop that buys for 100 a year. */
const book = {
  accounts: [...machineBuilders.accounts, { name: 'Shop', industry: 'Machinery', employees: 1, country: 'Germany' }],
  sales: [...machineBuilders.sales, ['Shop', '2026-06-15', 'Pumps', '100.00'] as const],
};

const withHistory = (history: Record<string, string | null>, work: (org: SmallOrg) => Promise<void>): Promise<void> => {
  const settings: AdminEdits = {
    ...roundAnchors,
    'KAM_Settings.Default': { ...roundAnchors['KAM_Settings.Default'], ...history },
  };
  return withSmallOrg(book, { settings, families: margins }, work);
};

type Past = { id: string; name: string; asOf: string; ref: string };

async function rowsIn(org: SmallOrg, name?: string): Promise<Past[]> {
  const accounts = await org.client.query('SELECT Id, Name FROM Account');
  const nameOf = new Map(accounts.map((account) => [String(account['Id']), String(account['Name'])]));
  const rows = await org.client.query('SELECT Id, Account__c, As_Of__c, Ref__c FROM KAM_Assessment__c');
  return rows
    .map((row) => ({
      id: String(row['Id']),
      name: nameOf.get(String(row['Account__c'])) ?? '',
      asOf: String(row['As_Of__c']),
      ref: String(row['Ref__c']).replace(/001\w{15}/, (id) => nameOf.get(id) ?? id),
    }))
    .filter((row) => name === undefined || row.name === name)
    .toSorted((a, b) => (`${a.name} ${a.ref}` < `${b.name} ${b.ref}` ? -1 : 1));
}

const daysOf = async (org: SmallOrg, name: string): Promise<string[]> =>
  (await rowsIn(org, name)).map(({ asOf }) => asOf).toSorted();

describe('history', () => {
  test('stands on roots in the funnel, is written again where somebody deleted it, ends with a row that says so, and goes in time', () =>
    withHistory({ History_Retention_Months__c: '2' }, async (org) => {
      expect((await org.sync()).plan.history).toEqual({ added: 10, changed: 0, forgotten: 0 });
      const rows = await rowsIn(org);
      expect(rows.map(({ name }) => name)).not.toContain('Shop');
      expect(rows.map(({ name }) => name)).not.toContain('Alpha France');
      expect(rows.find(({ name }) => name === 'Alpha')?.ref).toBe('KAM|Alpha|2026-10-31');

      await org.client.send('DELETE', `sobjects/KAM_Assessment__c/${rows[0]?.id}`);
      // Somebody's own row, without a ref, is not the worker's to delete.
      const [alpha] = await org.client.query("SELECT Id FROM Account WHERE Name = 'Alpha'");
      await org.client.send('POST', 'sobjects/KAM_Assessment__c', {
        Account__c: alpha?.['Id'],
        As_Of__c: '2020-01-31',
      });
      await org.moveClock('2026-11-25T12:00:00Z');
      const second = await org.sync();
      expect([second.written, second.plan.history]).toEqual([1, { added: 1, changed: 0, forgotten: 0 }]);

      // Gamma leaves the funnel: one row says so, the next month has none.
      await org.enter('Gamma', { KAM_Exclude__c: true, KAM_Exclude_Reason__c: 'Credit block' });
      await org.moveClock('2026-12-02T12:00:00Z');
      expect((await org.sync()).plan.history).toEqual({ added: 10, changed: 0, forgotten: 0 });
      await org.moveClock('2027-01-02T12:00:00Z');
      const fourth = await org.sync();
      expect([fourth.failed, fourth.plan.history]).toEqual([[], { added: 9, changed: 0, forgotten: 10 }]);
      expect(await daysOf(org, 'Gamma')).toEqual(['2026-11-30']);
      expect(await daysOf(org, 'Alpha')).toEqual(['2020-01-31', '2026-11-30', '2026-12-31']);
      expect((await org.sync()).outcome).toEqual({ is: 'nothingToDo' });
    }));

  test('of an account that was merged stays with the other, beside its own', () =>
    withHistory({}, async (org) => {
      await org.sync();
      const idOf = async (name: string): Promise<string> => {
        const [account] = await org.client.query(`SELECT Id FROM Account WHERE Name = '${name}'`);
        return String(account?.['Id']);
      };
      const [gamma, delta] = [await idOf('Gamma'), await idOf('Delta')];
      const merge = `<merge><request><masterRecord><type>Account</type><Id>${gamma}</Id></masterRecord><recordToMergeIds>${delta}</recordToMergeIds></request></merge>`;
      expect(textsOf((await soap(org, 'u', merge)).text, 'success')).toEqual(['true']);
      await org.moveClock('2026-12-02T12:00:00Z');
      expect((await org.sync({ maximumMoves: 1 })).failed).toEqual([]);
      expect((await rowsIn(org, 'Gamma')).map(({ ref }) => ref)).toEqual([
        `KAM|${delta}|2026-10-31`,
        'KAM|Gamma|2026-10-31',
        'KAM|Gamma|2026-11-30',
      ]);
      expect((await org.sync()).outcome).toEqual({ is: 'nothingToDo' });
    }));
});
