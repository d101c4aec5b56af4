/** The engine's results as columns of numbers. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openDuck, type Columns } from '../../src/book/duck.js';
import { inFolder } from './smallBook.js';

const columnsOf = (sql: string, values?: Record<string, string>): Promise<Columns> =>
  inFolder(async (folder) => {
    const duck = await openDuck(join(folder, 'a.duckdb'), { memoryLimit: '128MB', threads: 1, readOnly: false });
    try {
      return await duck.columns(sql, values);
    } finally {
      await duck.close();
    }
  });

test('a result of more than one chunk comes as whole columns, in its order', async () => {
  const result = await columnsOf('SELECT i, 2 * i AS twice FROM range(5000) AS r(i) ORDER BY i');
  expect(result.rows).toBe(5000);
  expect(result.column('i')[4999]).toBe(4999);
  expect(result.column('twice').slice(0, 3)).toEqual(Float64Array.of(0, 2, 4));
});

test('NULL is NaN and never 0, a flag is 0 or 1', async () => {
  const result = await columnsOf('SELECT * FROM (VALUES (NULL, TRUE), (7, FALSE)) AS v(amount, flag)');
  expect(result.column('amount')).toEqual(Float64Array.of(Number.NaN, 7));
  expect(result.column('flag')).toEqual(Float64Array.of(1, 0));
});

test('an empty result has its columns, without rows', async () => {
  const result = await columnsOf('SELECT 1 AS one WHERE $day > $day', { day: '2026-01-01' });
  expect(result.rows).toBe(0);
  expect(result.column('one')).toEqual(new Float64Array(0));
});

test('a number that would not stay exact, a text and a missing column are refused by name', async () => {
  await expect(columnsOf('SELECT 9007199254740993 AS cents')).rejects.toThrow('Column cents holds 9007199254740993');
  await expect(columnsOf("SELECT 'A' AS name")).rejects.toThrow('Column name holds A');
  const result = await columnsOf('SELECT 1 AS one');
  expect(() => result.column('two')).toThrow('no column two, only one');
});
