/** What the book knows of somebody working a customer. */
import { expect, test } from 'vitest';
import { drained, withBook } from './smallBook.js';

test('work on any site counts for the group: what is open, the latest win, visit or call up to the day of the run, and plans', async () => {
  const crm = {
    accounts: [{ id: 'A' }, { id: 'B', parentId: 'A' }, { id: 'C' }, { id: 'D' }],
    opportunities: [
      { id: 'O1', accountId: 'A', closeDate: '2026-03-01', amount: 100 },
      { id: 'O2', accountId: 'B', closeDate: '2026-11-10', amount: 100 },
      { id: 'O3', accountId: 'B', closeDate: '2026-11-25', amount: 100 },
      { id: 'O4', accountId: 'B', closeDate: '2026-01-01', amount: 100, isWon: false, isClosed: false },
    ],
    served: {
      visit: [
        { id: 'E1', accountId: 'B', startedAt: '2026-05-05T09:00:00Z' },
        { id: 'E2', accountId: 'B', startedAt: '2026-12-24T09:00:00Z' },
      ],
      phone_call: [
        { id: 'P1', accountId: 'A', day: '2026-06-06' },
        { id: 'P2', accountId: 'C', day: '2026-02-02' },
      ],
    },
    cells: [
      { id: 'W1', accountId: 'C', family: 'Valves', target: 500 },
      { id: 'W2', accountId: 'D', family: 'Valves', competitor: 'Rival' },
    ],
    today: '2026-11-24',
  };
  const nothing = { openOpportunities: 0, lastWon: null, lastContact: null, isPlanned: false };
  await withBook(crm, async (book) => {
    expect(await drained(book.work(2))).toEqual([
      { groupId: 'A', openOpportunities: 1, lastWon: '2026-11-10', lastContact: '2026-06-06', isPlanned: false },
      { ...nothing, groupId: 'C', lastContact: '2026-02-02', isPlanned: true },
      { ...nothing, groupId: 'D' },
    ]);
  });
});
