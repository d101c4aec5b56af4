/** The pull: of each table what changed since the last run, or all of it where that can't be known. */
import { createHash } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import chunk from 'lodash/chunk.js';
import { Messages } from '@salesforce/core';
import { z } from 'zod';
import {
  BookError,
  listed,
  type Book,
  type BookTable,
  type Change,
  type PullMark,
  type Spooled,
} from '../book/book.js';
import { addDays } from '../kam/calendar.js';
import type { IsoDate, RecordId } from '../kam/units.js';
import type { KamOrg } from './connect.js';
import { STOPPED } from './exitCodes.js';
import { shapeOf } from './preflight.js';
import { askTogether, countsOf } from './query.js';
import { labels, pullsOf, touchedSources, type Follow, type Pull, type Wants } from './records.js';
import { countQuery, spool, type Query, type Spool, type SpoolOptions } from './spool.js';
import { refusalCode } from './transport.js';

Messages.importMessagesDirectoryFromMetaUrl(import.meta.url);
const messages = Messages.loadMessages('sf-plugin-kam', 'org');

export type PullOptions = SpoolOptions & {
  wants: Wants;
  /** The org's time when the run began. */
  startedAt: Date;
  /** Pulls everything as if nothing were known. */
  full: boolean;
};

/** How a table was brought up to date, and how many rows came for it. */
export type PulledTable = {
  table: BookTable;
  how: 'all' | 'changes' | 'unchanged' | 'left out';
  /** Its ids were compared with the CRM's. */
  compared: boolean;
  rows: number;
};

export type OnRows = (table: BookTable, done: number, total: number) => void;

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
/** Where the org can't say up to when it has shown everything. Choice: beyond the ten minutes that Airbyte takes. */
const OVERLAP = 15 * MINUTE;
/** Salesforce keeps deleted records, and the list of them, for 15 days. */
const BIN = 15 * DAY;
const COMPARE_EVERY = 7;
/** Requests that Salesforce takes in one composite, where none of them is a query. */
const QUESTIONS = 25;
/** Ids in one condition, so that an address stays below 16 KB. */
const TOGETHER = 200;

/**
 * Brings the pulled tables of a book up to date.
 *
 * Shape:  a table is pulled as a whole where the book has no mark of it, or one of another fingerprint: other fields,
 *         conditions, version, org or user. Else what changed is read: by stamp, by what a record hangs on, by days that
 *         came into reach or left it; what was deleted is removed; and counts say whether anything was missed. A mark is
 *         stored with the rows that it stands for, so a pull that breaks off is taken up where it was.
 * Errors: those of the transport and of `spool`.
 */
export async function pullInto(
  org: KamOrg,
  book: Book,
  folder: string,
  options: PullOptions,
  onRows: OnRows,
): Promise<PulledTable[]> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const pulls = pullsOf(await shapeOf(org), options.wants);
  const there = pulls.filter(({ isThere }) => isThere);
  const run: PullRun = {
    org,
    book,
    folder,
    options,
    onRows,
    pulls: there,
    covered: await coverage(org, there, options.startedAt),
    deleted: new Map(),
    unsure: new Set(),
  };
  const done: PulledTable[] = [];
  const plans = await plansOf(run);
  const touched = await touchedCounts(run, plans);
  for (const pull of pulls) {
    const plan = plans.find((each) => each.pull === pull);
    if (plan === undefined) {
      await book.ingest(pull.table, { files: [], columns: columnsOf(pull), rows: 0 }, labels);
      done.push({ table: pull.table, how: 'left out', compared: false, rows: 0 });
    } else done.push(await bring(run, plan, touched));
  }
  await settleDifferences(run, plans, done);
  await book.settle();
  rmSync(folder, { recursive: true, force: true });
  return done;
}

type PullRun = {
  org: KamOrg;
  book: Book;
  folder: string;
  options: PullOptions;
  onRows: OnRows;
  pulls: readonly Pull[];
  /** Up to when the org has shown everything, by object. */
  covered: ReadonlyMap<string, number>;
  /** What was asked for already, by object and instant. */
  deleted: Map<string, Promise<RecordId[] | null>>;
  /** Tables of which the org could not say what was deleted: their ids are compared. */
  unsure: Set<BookTable>;
};

type Plan = { pull: Pull; fingerprint: string; mark: PullMark | null };

const columnsOf = ({ sources }: Pull): Spooled['columns'] => sources.map(({ name, type }) => ({ name, type }));

/**
 * Up to when the org has shown everything that it stamped: the start of its oldest open transaction.
 *
 * Asked before anything is read: what was open then and is committed while we read is read again by the next run.
 */
async function coverage(org: KamOrg, pulls: readonly Pull[], startedAt: Date): Promise<Map<string, number>> {
  const logged = pulls.filter(({ isShort }) => isShort !== true);
  const objects = new Set(logged.flatMap((pull) => [pull.object, ...changing(pull).map(({ object }) => object)]));
  const covered = new Map<string, number>();
  const end = Math.floor(startedAt.getTime() / MINUTE) * MINUTE;
  const window = `start=${instant(end - 2 * MINUTE)}&end=${instant(end)}`;
  const pathOf = (object: string): string => org.path(`sobjects/${object}/updated?${window}`);
  const answers: unknown[] = [];
  for (const some of chunk([...objects], QUESTIONS)) answers.push(...(await askTogether(org, some.map(pathOf))));
  for (const [index, object] of [...objects].entries()) {
    try {
      const body = answers[index] ?? (await org.transport.send('GET', pathOf(object))).body;
      const { latestDateCovered } = z.object({ latestDateCovered: z.string() }).parse(body);
      covered.set(object, Math.min(startedAt.getTime(), Date.parse(latestDateCovered)));
    } catch (error) {
      if (refusalCode(error) === null) throw error;
      covered.set(object, startedAt.getTime() - OVERLAP);
    }
  }
  return covered;
}

const instant = (time: number): string => new Date(time).toISOString();
const changing = ({ follows = [] }: Pull): Follow[] => follows.filter(({ when }) => when === 'changed');

/** Up to when a table is covered that is read now: no further than what its records hang on. */
function coveredUntil({ covered }: PullRun, pull: Pull): string {
  const objects = [pull.object, ...changing(pull).map(({ object }) => object)];
  return instant(Math.min(...objects.map((object) => covered.get(object) ?? 0)));
}

async function plansOf(run: PullRun): Promise<Plan[]> {
  const plans: Plan[] = [];
  for (const pull of run.pulls) {
    const fingerprint = await fingerprintOf(run.org, pull);
    const mark = run.options.full || pull.isShort === true ? null : await run.book.pullMark(pull.table);
    plans.push({ pull, fingerprint, mark: mark?.fingerprint === fingerprint ? mark : null });
  }
  return plans;
}

/** Everything that makes rows what they are, but for the days that move with the as-of day. */
async function fingerprintOf(org: KamOrg, pull: Pull): Promise<string> {
  const described = await org.describe(pull.object);
  const { reach } = pull;
  const days = reach === undefined ? [] : [reach.from, ...(reach.until === null ? [] : [reach.until])];
  const facts = {
    org: org.orgId,
    user: org.userId,
    version: org.apiVersion,
    object: pull.object,
    where: days.reduce((text, day) => text.replaceAll(day, '*'), pull.where),
    all: pull.all ?? false,
    sources: pull.sources.map(({ name, path, type }) => [name, path, type, described?.fields.get(path)?.type ?? null]),
    follows: pull.follows ?? [],
  };
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex');
}

type Touched = ReadonlyMap<string, number>;

/** Records stamped since the mark: the table's own, and those that its records hang on. */
function stampedSince(pull: Pull, mark: PullMark): { own: Countable; hung: { follow: Follow; query: Countable }[] } {
  const since = `SystemModstamp >= ${mark.watermark}`;
  return {
    own: { object: pull.object, where: [...kept(pull), since], all: true },
    hung: changing(pull).map((follow) => ({ follow, query: { object: follow.object, where: [since], all: true } })),
  };
}

type Countable = Pick<Query, 'object' | 'where' | 'all'>;
const kept = ({ lasting }: Pull): string[] => (lasting === undefined ? [] : [lasting]);
const keyOf = (query: Countable): string => countQuery(query).soql;

/** How many records were stamped since the marks, asked for all tables at once. */
async function touchedCounts({ org }: PullRun, plans: readonly Plan[]): Promise<Touched> {
  const queries = new Map<string, Countable>();
  for (const { pull, mark } of plans) {
    if (mark === null) continue;
    const { own, hung } = stampedSince(pull, mark);
    for (const query of [own, ...hung.map(({ query: each }) => each)]) queries.set(keyOf(query), query);
  }
  const counts = await countsOf(org, [...queries.values()].map(countQuery));
  return new Map([...queries.keys()].map((key, n) => [key, counts[n] ?? 0]));
}

/** Brings one table up to date. */
async function bring(run: PullRun, plan: Plan, touched: Touched): Promise<PulledTable> {
  const { pull } = plan;
  const parts = plan.mark === null ? null : await changesSince(run, pull, plan.mark, touched);
  if (plan.mark === null || parts === null) return bringAll(run, plan);
  const rows = await merge(run, plan, parts);
  const again = await bringOwn(run, plan);
  if (again === null) return bringAll(run, plan);
  const how = isNothing(parts) && again === 0 ? 'unchanged' : 'changes';
  return { table: pull.table, how, compared: false, rows: rows + again };
}

/** What records of the same table hang on: who left it is known only now. */
async function bringOwn(run: PullRun, plan: Plan): Promise<number | null> {
  const own = (plan.pull.follows ?? []).filter(({ object }) => object === plan.pull.object);
  const parts = await followed(run, plan.pull, own);
  return parts === null ? null : isNothing(parts) ? 0 : merge(run, plan, parts);
}

async function bringAll(run: PullRun, plan: Plan): Promise<PulledTable> {
  const { org, book, options } = run;
  const { pull, fingerprint } = plan;
  const whole = await spool(
    org,
    { object: pull.object, sources: pull.sources, where: whereOf(pull), all: pull.all ?? false },
    join(run.folder, pull.table),
    { covered: coveredUntil(run, pull), expected: null, now: options.startedAt },
    options,
    progressOf(run, pull),
  );
  const mark: PullMark = {
    watermark: whole.covered,
    fingerprint,
    reach: reachOf(pull),
    comparedOn: whole.covered.slice(0, 10),
  };
  await takingIn([whole], () => book.ingest(pull.table, whole.spooled, labels, mark));
  const rows = whole.spooled.rows;
  if (whole.covered === coveredUntil(run, pull)) return { table: pull.table, how: 'all', compared: true, rows };
  // An earlier run asked for these rows: what changed since then is read on top.
  const since: Plan = { ...plan, mark };
  const more = await bring(run, since, await touchedCounts(run, [since]));
  return { table: pull.table, how: 'all', compared: true, rows: rows + more.rows };
}

const whereOf = ({ where }: Pull): string[] => (where === '' ? [] : [where]);
const reachOf = ({ reach }: Pull): PullMark['reach'] =>
  reach === undefined ? null : { from: reach.from, until: reach.until };
const progressOf =
  ({ onRows }: PullRun, { table }: Pull) =>
  (done: number, total: number): void =>
    onRows(table, done, total);

/** What has to be read of a table, and what of it is known to be gone. */
type Parts = {
  /** Records under these conditions may have changed; how many there are. */
  conditions: { name: string; condition: string; count: number }[];
  /** Records by id that may have changed or gone. */
  ids: RecordId[];
  /** Of records that were deleted there is nothing to read. */
  deleted: RecordId[];
  /** Records to take in where they point to one of these. */
  pointing: { lookup: string; ids: RecordId[] }[];
};

const isNothing = ({ conditions, ids, deleted, pointing }: Parts): boolean =>
  conditions.length + ids.length + deleted.length + pointing.length === 0;

/** Null where so much changed that the whole table is as quickly read. */
async function changesSince(run: PullRun, pull: Pull, mark: PullMark, touched: Touched): Promise<Parts | null> {
  const { org, book } = run;
  const { own, hung } = stampedSince(pull, mark);
  const stamped = touched.get(keyOf(own)) ?? 0;
  if (stamped > listed && stamped > (await book.rowCount(pull.table)) / 2) return null;
  const others = await followed(
    run,
    pull,
    (pull.follows ?? []).filter(({ object }) => object !== pull.object),
  );
  const deleted = await deletedSince(run, pull.object, Date.parse(mark.watermark));
  if (deleted === null) run.unsure.add(pull.table);
  if (others === null) return null;
  const conditions = stamped === 0 ? [] : [{ name: 'own', condition: own.where.at(-1) ?? '', count: stamped }];
  for (const { follow, query } of hung) {
    if ((touched.get(keyOf(query)) ?? 0) === 0) continue;
    const condition = `${relationOf(follow)}.SystemModstamp >= ${mark.watermark}`;
    const [count = 0] = await countsOf(org, [countQuery({ object: pull.object, where: [condition], all: true })]);
    if (count > 0) conditions.push({ name: `by-${follow.object}`, condition, count });
  }
  for (const [n, condition] of movedDays(pull, mark).entries()) {
    const [count = 0] = await countsOf(org, [countQuery({ object: pull.object, where: [condition], all: true })]);
    if (count > 0) conditions.push({ name: `days-${n}`, condition, count });
  }
  return {
    conditions: [...conditions, ...others.conditions],
    ids: others.ids,
    deleted: [...others.deleted, ...(deleted ?? [])],
    pointing: others.pointing,
  };
}

/** `OpportunityId` is followed as `Opportunity`, `Account__c` as `Account__r`. */
const relationOf = ({ lookup }: Follow): string =>
  lookup.endsWith('__c') ? lookup.replace(/__c$/, '__r') : lookup.replace(/Id$/, '');

/** Days that came into reach since the mark, and days that left it. */
function movedDays({ reach }: Pull, mark: PullMark): string[] {
  if (reach === undefined || mark.reach === null) return [];
  const at = (day: IsoDate): string => (reach.type === 'date' ? day : `${day}T00:00:00Z`);
  const between = (one: IsoDate, other: IsoDate): string[] => {
    const [from, until] = one < other ? [one, other] : [other, one];
    return from === until ? [] : [`${reach.field} >= ${at(from)} AND ${reach.field} < ${at(until)}`];
  };
  const ends =
    reach.until === null || mark.reach.until === null
      ? []
      : between(addDays(mark.reach.until, 1), addDays(reach.until, 1));
  return [...between(mark.reach.from, reach.from), ...ends];
}

/**
 * What hangs on records that left their table, came back, or took others in: an org moves or clears such lookups
 * without a stamp of their own. Null where there are too many.
 */
async function followed({ book, pulls }: PullRun, pull: Pull, follows: readonly Follow[]): Promise<Parts | null> {
  const parts: Parts = { conditions: [], ids: [], deleted: [], pointing: [] };
  for (const { object, lookup, when } of follows) {
    const table = pulls.find((each) => each.object === object)?.table;
    if (table === undefined) continue;
    const turnover = await book.turnover(table);
    if (turnover === 'many') return null;
    const column = pull.sources.find(({ path }) => path === lookup)?.name;
    const hanging = column === undefined ? [] : await book.pointingTo(pull.table, column, turnover.gone);
    // Where every change of the other record is followed, what is left of its children is read with it.
    if (when === 'changed') parts.deleted.push(...hanging);
    else {
      parts.ids.push(...hanging);
      const taking = [...new Set([...turnover.back, ...turnover.masters])];
      if (taking.length > 0) parts.pointing.push({ lookup, ids: taking });
    }
    if (parts.ids.length + parts.deleted.length > listed) return null;
  }
  return parts;
}

const deletedRecords = z.object({
  deletedRecords: z.array(z.object({ id: z.string() })),
  earliestDateAvailable: z.string(),
});

/** Ids that were deleted since an instant, purged ones too; null where the org does not know that far back. */
async function deletedSince(run: PullRun, object: string, since: number): Promise<RecordId[] | null> {
  const key = `${object} ${since}`;
  const asked = run.deleted.get(key) ?? askDeleted(run, object, since);
  run.deleted.set(key, asked);
  return asked;
}

async function askDeleted({ org, options }: PullRun, object: string, since: number): Promise<RecordId[] | null> {
  const now = options.startedAt.getTime();
  if (since < now - BIN + 2 * MINUTE) return null;
  const start = Math.min(since, now - 2 * MINUTE);
  try {
    const path = `sobjects/${object}/deleted?start=${instant(start)}&end=${instant(now)}`;
    const answer = deletedRecords.parse((await org.transport.send('GET', org.path(path))).body);
    if (Date.parse(answer.earliestDateAvailable) > since) return null;
    return answer.deletedRecords.map(({ id }) => id);
  } catch (error) {
    // An object without such a list, or a list too long: the ids are compared instead.
    if (refusalCode(error) === null) throw error;
    return null;
  }
}

/** Reads the parts and takes them in, with the mark that they make true. */
async function merge(run: PullRun, plan: Plan, parts: Parts, comparedOn?: IsoDate): Promise<number> {
  const { book, org, options } = run;
  const { pull, mark } = plan;
  if (mark === null) throw new TypeError(`${pull.table} has no mark to go on from.`);
  const spools: Spool[] = [];
  const covered = coveredUntil(run, pull);
  const read = async (query: Query, name: string, expected: number): Promise<Spooled> => {
    const base = join(run.folder, `${pull.table}-${name}`);
    const got = await spool(
      org,
      query,
      base,
      { covered, expected, now: options.startedAt },
      options,
      progressOf(run, pull),
    );
    spools.push(got);
    return got.spooled;
  };
  const rowsWhere = (condition: string, name: string, expected: number): Promise<Spooled> =>
    read(
      { object: pull.object, sources: pull.sources, where: [...whereOf(pull), condition], all: pull.all ?? false },
      name,
      expected,
    );
  const change: Change = { touched: [], touchedIds: [...parts.ids, ...parts.deleted], rows: [], since: mark.watermark };
  const [touched, rows]: [Spooled[], Spooled[]] = [[], []];
  for (const { name, condition, count } of parts.conditions) {
    const sources = touchedSources(pull);
    const where = [...kept(pull), condition];
    touched.push(await read({ object: pull.object, sources, where, all: true }, `${name}-ids`, count));
    rows.push(await rowsWhere(condition, name, count));
  }
  for (const [n, ids] of chunks(parts.ids).entries()) rows.push(await rowsWhere(oneOf('Id', ids), `id-${n}`, 0));
  for (const { lookup, ids } of parts.pointing) {
    for (const [n, some] of chunks(ids).entries()) {
      rows.push(await rowsWhere(oneOf(lookup, some), `${lookup}-${n}`, 0));
    }
  }
  const until = [mark.watermark, covered].toSorted().at(-1) ?? covered;
  const earliest = spools.map((each) => each.covered).toSorted()[0] ?? until;
  const next: PullMark = {
    ...mark,
    watermark: earliest < until ? [earliest, mark.watermark].toSorted().at(-1)! : until,
    reach: reachOf(pull),
    comparedOn: comparedOn ?? mark.comparedOn,
  };
  await takingIn(spools, () =>
    isNothing(parts) ? book.mark(pull.table, next) : book.change(pull.table, { ...change, touched, rows }, next),
  );
  plan.mark = next;
  return rows.reduce((sum, each) => sum + each.rows, 0);
}

const oneOf = (field: string, ids: readonly RecordId[]): string =>
  `${field} IN (${ids.map((id) => `'${id}'`).join(', ')})`;

const chunks = (ids: readonly RecordId[]): RecordId[][] =>
  Array.from({ length: Math.ceil(ids.length / TOGETHER) }, (_, n) => ids.slice(n * TOGETHER, (n + 1) * TOGETHER));

/** Counts every table, and compares the ids of those that differ, and of each once a week. */
async function settleDifferences(run: PullRun, plans: Plan[], done: PulledTable[]): Promise<void> {
  const { org, book, options } = run;
  const today = options.startedAt.toISOString().slice(0, 10);
  const counts = await countsOf(
    org,
    plans.map(({ pull }) => countQuery({ object: pull.object, where: whereOf(pull), all: pull.all ?? false })),
  );
  /** Objects of which the comparison found more that left or came. */
  const corrected = new Set<string>();
  for (const [n, plan] of plans.entries()) {
    if (plan.pull.isShort === true) continue;
    const report = done.find(({ table }) => table === plan.pull.table);
    const mark = await book.pullMark(plan.pull.table);
    if (report === undefined || mark === null) continue;
    plan.mark = mark;
    const follows = (plan.pull.follows ?? []).filter(({ object }) => corrected.has(object));
    const parts = await followed(run, plan.pull, follows);
    if (parts === null) {
      report.rows += (await bringAll(run, plan)).rows;
      continue;
    }
    if (!isNothing(parts)) report.rows += await merge(run, plan, parts);
    const isDue = run.unsure.has(plan.pull.table) || addDays(mark.comparedOn, COMPARE_EVERY) <= today;
    if (!isDue && counts[n] === (await book.rowCount(plan.pull.table))) continue;
    const found = await compare(run, plan, today);
    report.rows += found.rows;
    report.compared = true;
    if (found.differs) corrected.add(plan.pull.object);
  }
}

/** Reads all ids of a table; what only one side has is read again or leaves. */
async function compare(run: PullRun, plan: Plan, today: IsoDate): Promise<{ rows: number; differs: boolean }> {
  const { pull } = plan;
  const ids = await spool(
    run.org,
    {
      object: pull.object,
      sources: touchedSources(pull).filter(({ name }) => name === 'id'),
      where: whereOf(pull),
      all: pull.all ?? false,
    },
    join(run.folder, `${pull.table}-all-ids`),
    { covered: coveredUntil(run, pull), expected: null, now: run.options.startedAt },
    run.options,
    () => undefined,
  );
  const found = await takingIn([ids], () => run.book.compareIds(pull.table, ids.spooled));
  if (found === null) return { rows: (await bringAll(run, plan)).rows, differs: true };
  const parts: Parts = { conditions: [], ids: found.missing, deleted: found.extra, pointing: [] };
  return { rows: await merge(run, plan, parts, today), differs: !isNothing(parts) };
}

/**
 * Lets go of what was spooled once it is in the book.
 *
 * Errors: `PageUnusableError` (exit 69) where the book can't read it: it is let go too, as the next run would find it as broken.
 */
async function takingIn<T>(spools: readonly Spool[], work: () => Promise<T>): Promise<T> {
  const release = async (): Promise<void> => {
    for (const each of spools) await each.release();
  };
  try {
    const result = await work();
    await release();
    return result;
  } catch (error) {
    if (!(error instanceof BookError)) throw error;
    await release();
    throw messages.createError('error.PageUnusable', [error.message], [], STOPPED, error);
  }
}
