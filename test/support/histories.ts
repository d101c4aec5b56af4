/** Real sales histories in the neutral layout, read in place into a book. */
import { join } from 'node:path';
import { openBook, type Book } from '../../src/book/book.js';
import { openDuck } from '../../src/book/duck.js';
import { inFolder, someSettings } from '../book/smallBook.js';
import { sharedData } from './announceShared.js';

/** A derived book of one of the shared histories as of a day; its dates may be taken some days later. */
export async function withHistory<T>(
  set: string,
  asOf: string,
  work: (book: Book) => Promise<T>,
  daysLater = 0,
): Promise<T> {
  return inFolder(async (folder) => {
    const file = join(folder, 'book.duckdb');
    const fresh = await openBook(file);
    await fresh.readFolder(join(sharedData, set));
    await fresh.close();
    if (daysLater > 0) {
      const duck = await openDuck(file, { memoryLimit: '512MB', threads: 2, readOnly: false });
      await duck.run(`UPDATE opportunity SET close_date = close_date + ${daysLater}`);
      await duck.close();
    }
    const book = await openBook(file);
    try {
      await book.derive(someSettings(), asOf);
      return await work(book);
    } finally {
      await book.close();
    }
  });
}
