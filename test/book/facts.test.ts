/** Sales facts: windows, yearly revenue, families, margin, growth. */
import { expect, test } from 'vitest';
import { allAccounts, allGroups, salesOf, withBook } from './smallBook.js';

test('yearly revenue is the mean of the three windows up to the as-of day', async () => {
  const sales = salesOf([
    ['A', '2026-10-31', 'Bikes', 300],
    ['A', '2025-10-31', 'Bikes', 200],
    ['A', '2024-10-31', 'Bikes', 100],
  ]);
  await withBook({ accounts: [{ id: 'A' }], ...sales }, async (book) => {
    const [{ account } = expect.fail()] = await allAccounts(book);
    expect(account).toEqual({
      accountId: 'A',
      name: 'A',
      groupId: 'A',
      yearlyRevenue: 200_00,
      families: [{ family: 'Bikes', yearly: 200_00 }],
      pipeline: [],
      peerGroup: { level: 'all', industry: null, size: null, accounts: 1 },
    });
    const [group = expect.fail()] = await allGroups(book);
    expect(group.facts.windows).toEqual([300_00, 200_00, 100_00]);
    expect(group.facts.growth).toBeCloseTo(Math.sqrt(3) - 1, 12);
  });
});
