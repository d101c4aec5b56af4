/** Nights between which a CRM is edited: a book that is kept up beside one that is pulled afresh. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBook, type Book } from '../../src/book/book.js';
import { defaultSettings } from '../../src/kam/settings.js';
import { sequenceOf } from '../../src/localorg/faults.js';
import { connect, type KamOrg } from '../../src/org/connect.js';
import { pullInto, type PulledTable, type PullOptions } from '../../src/org/pull.js';
import { wantsOf, type Wants } from '../../src/org/records.js';
import { machineBuilders } from '../sync/machineBuilders.js';
import { tablesOf } from '../support/bookTables.js';
import { withSmallOrg } from '../support/smallOrg.js';
import { edit } from './edits.js';

/** Everything that a pull can want on a day: services too. */
export const wantedOn = (today: Date): Wants => ({
  ...wantsOf(defaultSettings(), today.toISOString().slice(0, 10), monthEnd(today)),
  services: ['visit', 'call', 'case'],
});

const monthEnd = (day: Date): string =>
  new Date(Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), 0)).toISOString().slice(0, 10);

export type BookOnDisk = {
  file: string;
  spool: string;
  open<T>(work: (book: Book) => Promise<T>): Promise<T>;
  /** Pulls as a night does. */
  pull(org: KamOrg, more?: Partial<PullOptions>): Promise<PulledTable[]>;
};

export function bookOnDisk(): BookOnDisk {
  const folder = mkdtempSync(join(tmpdir(), 'kam-night-'));
  const file = join(folder, 'book.duckdb');
  const spool = join(folder, 'spool');
  const open = async <T>(work: (book: Book) => Promise<T>): Promise<T> => {
    const book = await openBook(file);
    try {
      return await work(book);
    } finally {
      await book.close();
    }
  };
  return {
    file,
    spool,
    open,
    pull: async (org, more = {}) => {
      const startedAt = await org.now();
      const options = { wants: wantedOn(startedAt), startedAt, full: false, ...more };
      return open((book) => pullInto(org, book, spool, options, () => undefined));
    },
  };
}

export type Night = { kept: unknown; fresh: unknown; log: string };

/**
 * Some nights in the life of a CRM, drawn by a seed; what each made of both books.
 *
 * Shape: with an even seed every write is stamped five minutes before it is seen.
 */
export async function nights(seed: number, count: number, look: (night: Night) => void): Promise<void> {
  await withSmallOrg(machineBuilders, {}, async (small) => {
    const random = sequenceOf(seed);
    const bin: string[] = [];
    const log: string[] = [];
    const kept = bookOnDisk();
    let clock = Date.parse('2026-11-24T12:00:00Z');
    if (seed % 2 === 0) await small.client.send('POST', '/local/faults', { kind: 'commit-lag', seconds: 300 });
    await kept.pull(await connect(small.login, undefined));
    for (let night = 0; night < count; night++) {
      log.push(...(await edit(small, random, 15, bin)));
      const org = await connect(small.login, undefined);
      const tables = await kept.pull(org);
      const fresh = bookOnDisk();
      await fresh.pull(org);
      log.push(tables.map(({ table, how, compared }) => `${table} ${how}${compared ? ', compared' : ''}`).join('; '));
      look({ kept: await tablesOf(kept.file), fresh: await tablesOf(fresh.file), log: log.join('\n') });
      // Now and then a month goes by, so that days come into reach and leave it.
      clock += random() < 0.2 ? 31 * DAY : DAY;
      await small.moveClock(new Date(clock).toISOString());
    }
  });
}

const DAY = 24 * 60 * 60 * 1000;
