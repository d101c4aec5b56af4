/** The book of the last run decided under other settings: nothing is written, neither to the org nor to that book. */
import { randomUUID } from 'node:crypto';
import { copyFileSync, constants, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Messages } from '@salesforce/core';
import { openBook, type Book, type GroupView } from '../book/book.js';
import type { MoneyAnchors } from '../kam/score.js';
import { canonicalSettings, settingsSchema, type Settings } from '../kam/settings.js';
import { standingAfter } from '../kam/standing.js';
import type { KamOrg } from '../org/connect.js';
import { readSettingRecords } from '../org/read.js';
import type { MetadataRecord } from '../org/records.js';
import { readAnchors } from '../org/runs.js';
import {
  assessGroups,
  assessPotentials,
  BATCH,
  decisionsOf,
  standingOf,
  type Assessment,
  type Decided,
  type Groups,
  type Placed,
} from './assess.js';
import { withLastRun, type LastRun, type RememberedRun } from './lastRun.js';
import { decidedGroups } from './plan.js';

Messages.importMessagesDirectoryFromMetaUrl(import.meta.url);
const messages = Messages.loadMessages('sf-plugin-kam', 'what-if');

const WRONG_USAGE = 2;

/** The whole book decided under one set of settings. */
export type Scenario = {
  settings: Settings;
  groups: Groups;
  assessment: Assessment;
  decisions: () => AsyncIterable<Decided[]>;
  /** Whether facts or potentials had to be derived anew. */
  derived: boolean;
};

export type Ground = {
  run: RememberedRun;
  /** The org's settings of today, and the records that they stand in. */
  settings: Settings;
  records: MetadataRecord[];
  families: string[];
  /** Parts of the settings that were changed in the org since the last run. */
  changedSince: string[];
  /**
   * Decides under these settings what the next sync would: standings are those that the last run left.
   *
   * Errors: `NeedsPullError` where the settings ask for records that the last run did not read.
   */
  under(settings: Settings): Promise<Scenario>;
};

/** What a part of the settings reaches: decisions alone, facts and potentials too, or what is read from the org. */
export const reach: Readonly<Record<keyof Settings, 'decision' | 'facts' | 'pull'>> = {
  language: 'decision',
  currency: 'decision',
  segment: 'decision',
  strategy: 'decision',
  score: 'decision',
  stability: 'decision',
  capacity: 'decision',
  criterion: 'decision',
  safety: 'decision',
  history: 'decision',
  review: 'decision',
  tasks: 'decision',
  revenue: 'facts',
  potential: 'facts',
  adoption: 'facts',
  families: 'facts',
  source: 'pull',
  agreement: 'facts',
  margin: 'pull',
  service: 'pull',
  contact: 'decision',
  project: 'pull',
};

const parts = settingsSchema.keyof().options;

/** Prepares the last run's book for questions, and cleans up whatever happens. */
export async function withGround<T>(
  org: KamOrg,
  env: NodeJS.ProcessEnv,
  work: (ground: Ground) => Promise<T>,
): Promise<T> {
  return withLastRun(org, env, async (last) => {
    const { settings, records } = await readSettingRecords(org);
    const remembered = (await readAnchors(org, last.run.asOf))?.anchors ?? null;
    const then = settingsThen(await last.book.recall('settings'));
    const copies = new Map<string, Book>();
    try {
      return await work({
        run: last.run,
        settings,
        records,
        families: await last.book.families(),
        changedSince: differing(then, settings),
        under: (wanted) => scenarioUnder(wanted, then, last, copies, remembered),
      });
    } finally {
      for (const { file, close } of copies.values()) {
        await close();
        remove(file);
      }
    }
  });
}

type Then = ReadonlyMap<string, string>;

/** The last run's settings, each part as canonical text. */
function settingsThen(remembered: unknown): Then {
  if (typeof remembered !== 'object' || remembered === null) return new Map();
  return new Map(Object.entries(remembered).map(([part, value]) => [part, canonicalSettings(value)]));
}

const differing = (then: Then, settings: Settings): (keyof Settings)[] =>
  parts.filter((part) => then.get(part) !== canonicalSettings(settings[part]));

async function scenarioUnder(
  settings: Settings,
  then: Then,
  last: LastRun,
  copies: Map<string, Book>,
  remembered: MoneyAnchors | null,
): Promise<Scenario> {
  const changed = differing(then, settings);
  const unread = changed.filter((part) => reach[part] === 'pull');
  if (unread.length > 0) {
    throw messages.createError('error.NeedsPull', [unread.map((part) => `${part}.*`).join(', ')], [], WRONG_USAGE);
  }
  const derived = changed.some((part) => reach[part] === 'facts');
  const book = derived ? await derivedBook(settings, last, copies) : last.book;
  const groups = (): AsyncIterable<Placed[]> => placedGroups(last, book);
  const assessment = await assessGroups(groups, settings, remembered);
  return { settings, groups, assessment, derived, decisions: () => decisionsOf(groups, settings, assessment) };
}

/** A private copy of the book, derived and assessed with other settings; one per such settings. */
async function derivedBook(
  settings: Settings,
  { book, run, state }: LastRun,
  copies: Map<string, Book>,
): Promise<Book> {
  const key = parts
    .filter((part) => reach[part] === 'facts')
    .map((part) => canonicalSettings(settings[part]))
    .join();
  const known = copies.get(key);
  if (known !== undefined) return known;
  const file = join(state.folder, `what-if-${randomUUID()}.duckdb`);
  copyFileSync(book.file, file, constants.COPYFILE_FICLONE);
  const copy = await openBook(file);
  copies.set(key, copy);
  await copy.derive(settings, run.asOf, run.startedAt.slice(0, 10));
  await assessPotentials(copy, settings);
  return copy;
}

function remove(file: string): void {
  for (const ending of ['', '.wal', '.tmp']) rmSync(`${file}${ending}`, { recursive: true, force: true });
}

/**
 * Groups as they stand after the last run: where it wrote, what it decided; else what stood before it.
 *
 * Settings never change who belongs to which group, so a copy's groups are those of the book, in the same order.
 */
async function* placedGroups({ book, run }: LastRun, views: Book): AsyncIterable<Placed[]> {
  const hasWritten = run.outcome.is !== 'planned' && run.outcome.is !== 'refused';
  const others = views === book ? null : views.groups(BATCH)[Symbol.asyncIterator]();
  for await (const batch of decidedGroups(book)) {
    const other = others === null ? null : await nextBatch(others);
    yield batch.map(({ view, decision }, index) => {
      const stood = standingOf(view);
      const standing = hasWritten ? standingAfter(decision, stood, view.facts) : stood;
      const seen = other === null ? view : other[index];
      if (seen?.facts.groupId !== view.facts.groupId) {
        throw new Error(`Group ${view.facts.groupId} is not where it was in the copied book; run the sync again.`);
      }
      return { view: seen, standing };
    });
  }
}

async function nextBatch(views: AsyncIterator<GroupView[]>): Promise<GroupView[]> {
  const next = await views.next();
  return next.done === true ? [] : next.value;
}
