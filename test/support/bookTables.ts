/** What a pull put into a book, table by table, to compare two of them. */
import { bookTables } from '../../src/book/book.js';
import { openDuck, type Row } from '../../src/book/duck.js';

/** All rows of the pulled tables in order of their ids, each as text. The book must not be open. */
export async function tablesOf(file: string): Promise<Record<string, string[]>> {
  const duck = await openDuck(file, { memoryLimit: '256MB', threads: 1, readOnly: true });
  try {
    const tables: Record<string, string[]> = {};
    for (const table of bookTables) {
      const rows = await duck.rows(`SELECT * FROM ${table} ORDER BY ALL`);
      tables[table] = rows.map((row) => textOf(row));
    }
    return tables;
  } finally {
    await duck.close();
  }
}

const textOf = (row: Row): string =>
  JSON.stringify(
    Object.entries(row).filter(([, value]) => value !== null),
    (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value),
  );
