/** Every sale, numbered, as the potential models look back on it. */
import { DuckDBInstance } from '@duckdb/node-api';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fill, inFolder, someSettings } from './smallBook.js';
import { openBook } from '../../src/book/book.js';

async function salesIn(crm: Parameters<typeof fill>[1]): Promise<unknown[]> {
  return inFolder(async (folder) => {
    const file = join(folder, 'book.duckdb');
    const book = await openBook(file);
    await fill(book, crm, folder);
    await book.derive(someSettings({ families: crm.settings?.families ?? [] }), '2026-10-31');
    await book.close();
    const instance = await DuckDBInstance.create(file, { access_mode: 'READ_ONLY' });
    const connection = await instance.connect();
    const reader = await connection.runAndReadAll(`
      SELECT m.id, f.family, p.product, CAST(s.day AS VARCHAR) AS day, CAST(s.cents AS INTEGER) AS cents, s.quantity
      FROM sale AS s
      JOIN member AS m ON m.account_no = s.account_no
      JOIN sale_family AS f ON f.family_no = s.family_no
      LEFT JOIN sale_product AS p ON p.product_no = s.product_no
      ORDER BY 1, 4, 2, 3`);
    const rows = reader.getRowsJS();
    connection.closeSync();
    instance.closeSync();
    return rows;
  });
}

test('lines keep their product and quantity, and a sale without lines stands for itself', async () => {
  const rows = await salesIn({
    accounts: [{ id: 'A1' }, { id: 'A2' }],
    opportunities: [
      { id: 'O1', accountId: 'A1', closeDate: '2026-05-01', hasLines: true, amount: 999 },
      { id: 'O2', accountId: 'A2', closeDate: '2026-06-01', family: 'Pumps', amount: 70 },
    ],
    lines: [
      { id: 'L1', opportunityId: 'O1', family: 'Pumps', product: 'P1', amount: 100, quantity: 2 },
      { id: 'L2', opportunityId: 'O1', family: 'Pumps', product: 'P1', amount: -30, quantity: -1 },
      { id: 'L3', opportunityId: 'O1', family: 'Seals', amount: 5 },
    ],
  });
  expect(rows).toEqual([
    ['A1', 'Pumps', 'P1', '2026-05-01', 10_000, 2],
    ['A1', 'Pumps', 'P1', '2026-05-01', -3_000, -1],
    ['A1', 'Seals', null, '2026-05-01', 500, null],
    ['A2', 'Pumps', null, '2026-06-01', 7_000, null],
  ]);
});

test('an old sale counts as history, one after the as-of day does not, and an alias is its family', async () => {
  const settings = someSettings({ families: [{ family: 'Pump', aliasOf: 'Pumps' }] });
  const rows = await salesIn({
    settings,
    accounts: [{ id: 'A1' }],
    opportunities: [
      { id: 'O1', accountId: 'A1', closeDate: '2015-05-01', family: 'Pump', amount: 10 },
      { id: 'O2', accountId: 'A1', closeDate: '2026-10-31', family: 'Pumps', amount: 20 },
      { id: 'O3', accountId: 'A1', closeDate: '2026-11-01', family: 'Pumps', amount: 30 },
    ],
  });
  expect(rows).toEqual([
    ['A1', 'Pumps', null, '2015-05-01', 1_000, null],
    ['A1', 'Pumps', null, '2026-10-31', 2_000, null],
  ]);
});
