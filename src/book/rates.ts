/** The pulled rates of currencies, read out of one book and put into another. */
import snakeCase from 'lodash/snakeCase.js';
import type { Rates } from './book.js';
import { literal, type Duck } from './duck.js';
import { pulledTables } from './ingest.js';
import { textOrNull } from './rows.js';

const tables = ['currency_type', 'dated_rate'] as const;

const columnsOf = (table: (typeof tables)[number]): string[] =>
  Object.keys(pulledTables[table]).map((name) => snakeCase(name));

export async function ratesIn(duck: Duck): Promise<Rates> {
  const rates: Record<(typeof tables)[number], string[][]> = { currency_type: [], dated_rate: [] };
  for (const table of tables) {
    const columns = columnsOf(table);
    const texts = columns.map((column) => `CAST(${column} AS VARCHAR) AS ${column}`).join(', ');
    const rows = await duck.rows(`SELECT ${texts} FROM ${table} ORDER BY id`);
    rates[table] = rows.map((row) => columns.map((column) => textOrNull(row, column) ?? ''));
  }
  return rates;
}

export async function takeRates(duck: Duck, rates: Rates): Promise<void> {
  for (const table of tables) {
    const rows = rates[table].map(
      (row) => `(${row.map((value) => (value === '' ? 'NULL' : literal(value))).join(', ')})`,
    );
    await duck.run(`DELETE FROM ${table}`);
    if (rows.length > 0)
      await duck.run(`INSERT INTO ${table} (${columnsOf(table).join(', ')}) VALUES ${rows.join(', ')}`);
  }
}
