/** The book of business as the CRM holds it: a disposable DuckDB file per org. */
import { randomUUID } from 'node:crypto';
import { chmodSync, existsSync, renameSync, rmSync } from 'node:fs';
import type { Agreement, AgreementRules, AgreementState, CommitmentType, DeclineReason } from '../kam/agreement.js';
import type { Work } from '../kam/audit.js';
import type { OwnCurrency } from '../kam/currency.js';
import type { AccountFacts, Benchmark, GroupFacts, ServedBy, SolutionTrust, StatedBy } from '../kam/facts.js';
import type { StandingFamily } from '../kam/family.js';
import type { ContactFunction, ContactLevel, ContactRole, Contact } from '../kam/coverage.js';
import type { FamilyAim } from '../kam/penetration.js';
import type { JointProject, ProjectArea } from '../kam/projects.js';
import type { Decision, Gate, GateResult, Segment, Tier } from '../kam/funnel.js';
import type { StandingRow } from '../kam/history.js';
import type { GroupPotential, Potential, PotentialSource } from '../kam/potential.js';
import type { Conversion } from '../kam/prospects.js';
import type { Settings } from '../kam/settings.js';
import type { AccountMark, StandingTask } from '../kam/standing.js';
import type { View } from '../kam/model/view.js';
import type { Fraction, Horizon, IsoDate, RecordId } from '../kam/units.js';
import { agreementNotes } from './agreements.js';
import { accountsIn, benchmarksByPeerGroup, conversionIn } from './accounts.js';
import { derive } from './derive.js';
import { BookError, literal, openDuck, UnreadableBook, type Duck, type DuckOptions } from './duck.js';
import { productsAsFamilies, readFolder, type FolderContents } from './files.js';
import { familiesIn } from './families.js';
import { find } from './find.js';
import { ratesIn, takeRates } from './rates.js';
import { groupsIn } from './groups.js';
import { careOf } from './care.js';
import { oldRows } from './pastRows.js';
import { countOf, createTable } from './ingest.js';
import {
  compareIds,
  forgetMarks,
  markOf,
  mergeChange,
  pointingTo,
  putMark,
  replaceMarked,
  settle,
  turnoverOf,
  type Change,
  type PullMark,
  type Turnover,
} from './merge.js';
import type { Reading } from './reading.js';
import { moneyBatch, moneyHistory, type MoneyBatch, type MoneyReading } from './money.js';
import { createResults, decisionsIn, storeDecisions, storePotentials } from './results.js';
import { numberOf, textOf, type Range } from './rows.js';
import { largestSale, spanOf, type SalesSpan } from './span.js';
import { readView } from './views.js';
import { workIn } from './work.js';

export { BookError } from './duck.js';
export type { FolderContents } from './files.js';
export { listed, touchedColumns, type Change, type PullMark, type Turnover } from './merge.js';

/** The tables that a pull fills, in our words. */
export const bookTables = [
  'account',
  'opportunity',
  'line',
  'cell',
  'agreement',
  'commitment',
  'assessment',
  'task',
  'visit',
  'phone_call',
  'service_case',
  'currency_type',
  'dated_rate',
  'contact',
  'relation',
  'teammate',
  'project',
] as const;
export type BookTable = (typeof bookTables)[number];

export type ColumnType = 'id' | 'text' | 'number' | 'integer' | 'money' | 'date' | 'datetime' | 'boolean';

/** Query results on disk, CSV with one header line per file, plain or gzip, columns in this order whatever the header says. */
export type Spooled = { files: string[]; columns: { name: string; type: ColumnType }[]; rows: number };

/** What the CRM's picklist labels mean in our words; a label that is not listed reads as an empty field. */
export type Labels = {
  tier: Readonly<Record<string, Tier>>;
  segment: Readonly<Record<string, Segment>>;
  gate: Readonly<Record<string, Gate>>;
  gateResult: Readonly<Record<string, GateResult>>;
  source: Readonly<Record<string, PotentialSource>>;
  statedBy: Readonly<Record<string, StatedBy>>;
  servedBy: Readonly<Record<string, ServedBy>>;
  agreementState: Readonly<Record<string, AgreementState>>;
  declineReason: Readonly<Record<string, DeclineReason>>;
  commitmentType: Readonly<Record<string, CommitmentType>>;
  side: Readonly<Record<string, 'give' | 'get'>>;
  trust: Readonly<Record<string, SolutionTrust>>;
  function: Readonly<Record<string, ContactFunction>>;
  level: Readonly<Record<string, ContactLevel>>;
  role: Readonly<Record<string, ContactRole>>;
  area: Readonly<Record<string, ProjectArea>>;
};

/** Something in the data that a person should know; never an error by itself. */
export type BookNote = {
  is:
    | 'parentCycle'
    | 'parentMissing'
    | 'wonWithoutAmount'
    | 'rateMissing'
    | 'negativeAmount'
    | 'saleInFuture'
    | 'saleWithoutAccount'
    | 'noLineItems'
    | 'noFamily'
    | 'personAccountsLeftOut'
    | 'ratingOutOfRange'
    | 'overrideWithoutReason'
    | 'overrideWithoutExpiry'
    | 'overrideExpired'
    | 'overrideOnSite'
    | 'excludedWithoutReason'
    | 'ownerInactive'
    | 'taskWithoutOwner'
    | 'moveWaits'
    | 'walletNegative'
    | 'walletInFuture'
    | 'walletUndated'
    | 'walletUnsourced'
    | 'walletBelowRevenue'
    | 'targetInPast'
    | 'targetNegative'
    | 'savingNegative'
    | 'potentialWithoutFamily'
    | 'potentialTwice'
    | 'agreementWithoutAccount'
    | 'agreementsOpen'
    | 'agreementOnSite'
    | 'agreementUnread'
    | 'commitmentTooEarly'
    | 'commitmentWithoutOwner'
    | 'trialOver'
    | 'rootExcludedAlone'
    | 'siteExcludedAlone';
  count: number;
  /** Up to five record ids or names to look at. */
  examples: string[];
};

/** A group with all that a decision, a plan and an explanation need. */
export type GroupView = {
  facts: GroupFacts;
  potential: GroupPotential;
  /** What stands on each member today, root first, then by id. */
  standings: { accountId: RecordId; name: string; currency: OwnCurrency; mark: AccountMark }[];
  /** Review tasks on any member. */
  tasks: StandingTask[];
  /** The agreement that `facts.answer` comes from; null where there is none. */
  agreement: Agreement | null;
  /** What tasks the root remembers to have been opened; see `reviews.ts`. */
  taskRefs: string | null;
  /** The group's latest row of history up to the as-of day. */
  lastRow: StandingRow | null;
};

/** One account with its potential and with the records that the CRM keeps of its families. */
export type AccountFamilies = {
  accountId: RecordId;
  name: string;
  currency: OwnCurrency;
  potential: Potential;
  standing: StandingFamily[];
};

/** What is known of a group beside its figures. */
export type Care = {
  aims: FamilyAim[];
  /** Families that were sold and take no part: out of scope by a setting, or sales without a family. */
  outOfScope: string[];
  /** Null where the org let nobody read contacts; `team` is null where it keeps no account teams. */
  people: { contacts: Contact[]; team: number | null } | null;
  projects: JointProject[];
  /** Opportunities won in the months that the settings name, and the joint projects among them. */
  deals: { won: number; joint: number };
};

export type Book = {
  readonly file: string;
  /**
   * Replaces a table by what was spooled, all or nothing; returns the rows that the table then has.
   *
   * Shape:  a column that is not spooled is empty. Where an id comes twice, the later file wins, as it was pulled later.
   *         Picklists are kept as labels; `labels`, given with the accounts, is kept beside them for `groups`.
   * Errors: `BookError` naming file, column and value; also where the rows read are not as many as were spooled.
   */
  ingest(table: BookTable, spooled: Spooled, labels?: Labels, mark?: PullMark): Promise<number>;
  /**
   * Takes changes into a table by id, all or nothing and together with its mark.
   *
   * Errors: as `ingest`.
   */
  change(table: BookTable, change: Change, mark: PullMark): Promise<void>;
  /** Until when a table is covered and what it was pulled with; null where it must be pulled as a whole. */
  pullMark(table: BookTable): Promise<PullMark | null>;
  /** A mark by itself, where nothing but time has passed. */
  mark(table: BookTable, mark: PullMark): Promise<void>;
  /** Records of a table that left it, came back or took others in, since the last `settle`. */
  turnover(table: BookTable): Promise<Turnover>;
  settle(): Promise<void>;
  rowCount(table: BookTable): Promise<number>;
  pointingTo(table: BookTable, column: string, ids: readonly RecordId[]): Promise<RecordId[]>;
  /** Compares a table's ids with those that were spooled; null where more than `listed` differ. */
  compareIds(table: BookTable, ids: Spooled): Promise<{ missing: RecordId[]; extra: RecordId[] } | null>;
  /**
   * Replaces all pulled tables by a folder of files: `accounts.csv` and `sales.csv[.gz]` in the neutral layout.
   *
   * Errors: `BookError` naming file, line, column, value and what was expected.
   */
  readFolder(dir: string): Promise<FolderContents>;
  /** Lets the `top` products that most accounts bought before a day stand as the only families; derive anew afterwards. */
  productsAsFamilies(top: number, before: IsoDate): Promise<void>;
  /**
   * Groups, windows, sales per family, peer groups and benchmarks as of a day. Pure in the tables and its arguments.
   * Sales after `asOf` are left out; those after `today` (default: `asOf`) are noted.
   */
  derive(settings: Settings, asOf: IsoDate, today?: IsoDate): Promise<BookNote[]>;
  accounts(batchSize: number): AsyncIterable<{ account: AccountFacts; benchmarks: Benchmark[] }[]>;
  /** The last day that the book was derived for. Errors: `BookError` where it was not derived yet. */
  asOf(): Promise<IsoDate>;
  /** How accounts without sales fared in the last of the 12-month windows. */
  conversion(): Promise<Conversion>;
  storePotentials(potentials: readonly Potential[]): Promise<void>;
  groups(batchSize: number): AsyncIterable<GroupView[]>;
  /** Accounts in the order of `groups`, `count` of them after the first `from`. */
  accountFamilies(from: number, count: number): Promise<AccountFamilies[]>;
  /** Rows of history up to a day, the oldest first. */
  oldRows(until: IsoDate, batchSize: number): AsyncIterable<{ id: RecordId; accountId: RecordId; ref: string }[]>;
  storeDecisions(decisions: readonly Decision[]): Promise<void>;
  decisions(batchSize: number): AsyncIterable<Decision[]>;
  /** What shows that somebody works a group, for all groups in the order of `groups`. */
  work(batchSize: number): AsyncIterable<(Work & { groupId: RecordId })[]>;
  /**
   * What the adoption model sees at a cut; the book must have been derived.
   *
   * Shape:  only sales before the cut enter, but for `after`, which is null unless a whole horizon from the cut on lies
   *         within the days up to the as-of day. A cut outside the data gives a view without accounts.
   */
  salesView(cut: IsoDate, horizon: Horizon): Promise<View>;
  /** The ids of all accounts by the book's number. */
  accountIds(): Promise<RecordId[]>;
  /** How far the sales reach that the models look back on; null where there is none. The book is known up to `asOf`. */
  salesSpan(): Promise<(SalesSpan & { asOf: IsoDate; largestSale: Fraction }) | null>;
  /** Product families that take part in potential or not, as the data and the settings name them, in order of name. */
  families(): Promise<string[]>;
  /** What the money models of a cut learn from; of a large book a sample of its accounts. */
  moneyHistory(cut: IsoDate, horizon: Horizon): Promise<MoneyReading>;
  /**
   * What the money models are asked about, in batches by the book's numbers; a batch has its active accounts only.
   *
   * Shape:  of a reading of this open book, made since the last `publish`: price levels are kept with the connection.
   */
  moneyBatches(reading: MoneyReading, batchSize: number): AsyncIterable<MoneyBatch>;
  /** The pulled rates, those of today and those of days, in order of their ids. */
  rates(): Promise<Rates>;
  /** Lets other rates stand; derive anew afterwards. */
  takeRates(rates: Rates): Promise<void>;
  /** One group by any member's id (15 or 18) or exact name (any casing), with the potential of each account. */
  find(idOrName: string): Promise<FoundAccount>;
  /**
   * Plans, people and joint projects of the group with this root.
   *
   * Shape:  what the run remembered as `unread` is not known, rather than empty.
   */
  care(groupId: RecordId, rules: Settings['project']): Promise<Care>;
  /** Small named values of the last run (lines, scale, notes …) as JSON. */
  remember(key: string, value: unknown): Promise<void>;
  recall(key: string): Promise<unknown>;
  /** Copies the book to `file` atomically, for readers. */
  publish(file: string): Promise<void>;
  close(): Promise<void>;
};

export type FoundAccount =
  | {
      is: 'found';
      accountId: RecordId;
      group: GroupView;
      accounts: { account: AccountFacts; potential: Potential }[];
      decision: Decision | null;
    }
  | { is: 'ambiguous'; matches: { accountId: RecordId; name: string }[] }
  | { is: 'notFound'; near: string[] };

/** Rates as text, as they stand in the tables. */
export type Rates = Readonly<Record<'currency_type' | 'dated_rate', string[][]>>;

export type BookOptions = { memoryLimit?: string; threads?: number; readOnly?: boolean };

/** Raised when tables or stored JSON change their shape; the book is a cache, so one of another format is pulled anew. */
const FORMAT = 12;

/**
 * Opens the book in `file`, creating it (private to the user) unless `readOnly`.
 *
 * Shape:  one writer per file, any number of readers of a published one. The engine keeps to `memoryLimit` (512MB);
 *         the process needs some 250 MB more. A file that can't be read is a lost cache: the writer starts anew.
 * Errors: `BookError` where another run has the file open, or where a reader finds none that it can read.
 */
export async function openBook(file: string, options: BookOptions = {}): Promise<Book> {
  const { memoryLimit = '512MB', threads = 2, readOnly = false } = options;
  if (readOnly && !existsSync(file)) throw new BookError(`There is no book at ${file}.`, ['Run a sync first.']);
  const open = async (): Promise<Book> => bookOn(file, await openCurrent(file, { memoryLimit, threads, readOnly }));
  try {
    return await open();
  } catch (error) {
    if (readOnly || !(error instanceof UnreadableBook)) throw error;
    rmSync(file, { force: true });
    rmSync(`${file}.wal`, { force: true });
    return open();
  }
}

async function openCurrent(file: string, options: DuckOptions): Promise<Duck> {
  const isNew = !existsSync(file);
  const duck = await openDuck(file, options);
  try {
    if (isNew) await create(duck);
    else if ((await formatOf(duck)) !== FORMAT) throw new UnreadableBook(file, 'another version wrote it.');
    return duck;
  } catch (error) {
    await duck.close();
    throw error;
  }
}

async function create(duck: Duck): Promise<void> {
  await duck.run('CREATE TABLE remembered (key VARCHAR, value VARCHAR)');
  for (const table of bookTables) await duck.run(createTable(table));
  await duck.run(createResults);
  await remember(duck, 'format', FORMAT);
}

async function formatOf(duck: Duck): Promise<unknown> {
  const tables = await duck.rows(
    "SELECT table_name FROM information_schema.tables WHERE table_catalog = 'book' AND table_name = 'remembered'",
  );
  return tables.length === 0 ? null : recall(duck, 'format');
}

function bookOn(file: string, duck: Duck): Book {
  return {
    file,
    ingest: async (table, spooled, labels, mark) => {
      const rows = await replaceMarked(duck, table, spooled, mark ?? null);
      if (labels !== undefined) await remember(duck, 'labels', labels);
      return rows;
    },
    change: (table, change, mark) => mergeChange(duck, table, change, mark),
    pullMark: (table) => markOf(duck, table),
    mark: (table, mark) => duck.transaction((inside) => putMark(inside, table, mark)),
    turnover: (table) => turnoverOf(duck, table),
    settle: () => settle(duck),
    rowCount: (table) => countOf(duck, table),
    pointingTo: (table, column, ids) => pointingTo(duck, table, column, ids),
    compareIds: (table, ids) => compareIds(duck, table, ids),
    readFolder: async (dir) => {
      const contents = await readFolder(duck, dir);
      await duck.run(forgetMarks);
      return contents;
    },
    productsAsFamilies: (top, before) => productsAsFamilies(duck, top, before),
    derive: async (settings, asOf, today = asOf) => {
      const notes = await derive(duck, settings, asOf, today);
      await remember(duck, 'asOf', asOf);
      await remember(duck, 'today', today);
      await remember(duck, 'costs', { margin: settings.margin, service: settings.service });
      await remember(duck, 'agreement', settings.agreement);
      return [...notes, ...(await agreementNotes(duck, await readingOf(duck)))];
    },
    accounts: (batchSize) => accounts(duck, batchSize),
    conversion: () => conversionIn(duck),
    storePotentials: (potentials) => storePotentials(duck, potentials),
    groups: (batchSize) => groups(duck, batchSize),
    accountFamilies: async (from, count) => familiesIn(duck, { from, to: from + count - 1 }, await readingOf(duck)),
    oldRows: (until, batchSize) => oldRows(duck, until, batchSize),
    storeDecisions: (decisions) => storeDecisions(duck, decisions),
    decisions: (batchSize) => batches(duck, 'group_no', batchSize, (range) => decisionsIn(duck, range)),
    work: (batchSize) => work(duck, batchSize),
    moneyHistory: async (cut, horizon) => moneyHistory(duck, cut, horizon, (await readingOf(duck)).asOf),
    moneyBatches: (reading, batchSize) =>
      batches(duck, 'account_no', batchSize, (range) => moneyBatch(duck, reading, range)),
    salesView: async (cut, horizon) => readView(duck, cut, horizon, (await readingOf(duck)).asOf),
    accountIds: async () =>
      (await duck.rows('SELECT id FROM member ORDER BY account_no')).map((row) => textOf(row, 'id')),
    salesSpan: async () => {
      const { asOf } = await readingOf(duck);
      const span = await spanOf(duck, 'sale', 'day');
      return span === null ? null : { ...span, asOf, largestSale: await largestSale(duck) };
    },
    families: async () => {
      const rows = await duck.rows(
        "SELECT family FROM family WHERE family <> '(unspecified)' UNION SELECT TRIM(raw) AS family FROM family_name WHERE TRIM(raw) <> '' ORDER BY family",
      );
      return rows.map((row) => textOf(row, 'family'));
    },
    rates: () => ratesIn(duck),
    takeRates: (rates) => takeRates(duck, rates),
    asOf: async () => (await readingOf(duck)).asOf,
    find: async (idOrName) => find(duck, idOrName, await readingOf(duck)),
    care: async (groupId, rules) =>
      careOf(duck, groupId, await readingOf(duck), unreadIn(await recall(duck, 'run.unread')), rules),
    remember: (key, value) => remember(duck, `run.${key}`, value),
    recall: (key) => recall(duck, `run.${key}`),
    publish: (target) => publish(duck, target),
    close: () => duck.close(),
  };
}

async function* accounts(duck: Duck, batchSize: number): ReturnType<Book['accounts']> {
  const reading = await readingOf(duck);
  const benchmarks = await benchmarksByPeerGroup(duck);
  for await (const batch of batches(duck, 'account_no', batchSize, (range) => accountsIn(duck, range, reading))) {
    yield batch.map(({ account, peerNo }) => ({ account, benchmarks: benchmarks.get(peerNo) ?? [] }));
  }
}

async function* groups(duck: Duck, batchSize: number): ReturnType<Book['groups']> {
  const reading = await readingOf(duck);
  yield* batches(duck, 'group_no', batchSize, (range) => groupsIn(duck, range, reading));
}

async function* work(duck: Duck, batchSize: number): ReturnType<Book['work']> {
  const reading = await readingOf(duck);
  yield* batches(duck, 'group_no', batchSize, (range) => workIn(duck, range, reading));
}

/** Accounts and groups are numbered from 0 without gaps, so that a batch is a range, and no cursor stays open. */
async function* batches<T>(
  duck: Duck,
  number: 'account_no' | 'group_no',
  batchSize: number,
  read: (range: Range) => Promise<T>,
): AsyncIterable<T> {
  const [row] = await duck.rows(`SELECT COALESCE(MAX(${number}), -1) AS last FROM member`);
  const last = row === undefined ? -1 : numberOf(row, 'last');
  for (let from = 0; from <= last; from += batchSize) {
    yield await read({ from, to: Math.min(from + batchSize - 1, last) });
  }
}

/** A book that was filled otherwise than from an org has nothing but accounts and sales. */
const unreadIn = (remembered: unknown): readonly BookTable[] =>
  Array.isArray(remembered) ? bookTables.filter((table) => remembered.includes(table)) : bookTables;

/** Asked for with every batch, so what was remembered comes in one query. */
async function readingOf(duck: Duck): Promise<Reading> {
  const rows = await duck.rows(
    "SELECT key, value FROM remembered WHERE key IN ('asOf', 'today', 'labels', 'costs', 'agreement')",
  );
  const texts = new Map(rows.map((row) => [textOf(row, 'key'), textOf(row, 'value')]));
  const asOf: unknown = JSON.parse(texts.get('asOf') ?? 'null');
  if (typeof asOf !== 'string') throw new BookError('The book was pulled but not derived yet.', ['Run a sync first.']);
  const today: unknown = JSON.parse(texts.get('today') ?? 'null');
  // Written by `ingest` from a `Labels`.
  const labels: Labels | null = JSON.parse(texts.get('labels') ?? 'null');
  // Written by `derive` from the settings.
  const costs: Reading['costs'] = JSON.parse(texts.get('costs') ?? 'null');
  const agreement: AgreementRules = JSON.parse(texts.get('agreement') ?? 'null');
  return { asOf, today: typeof today === 'string' ? today : asOf, labels, costs, agreement };
}

async function remember(duck: Duck, key: string, value: unknown): Promise<void> {
  await duck.run(`
    BEGIN TRANSACTION;
    DELETE FROM remembered WHERE key = ${literal(key)};
    INSERT INTO remembered VALUES (${literal(key)}, ${literal(JSON.stringify(value ?? null))});
    COMMIT`);
}

async function recall(duck: Duck, key: string): Promise<unknown> {
  const text = await recallText(duck, key);
  return text === null ? null : JSON.parse(text);
}

async function recallText(duck: Duck, key: string): Promise<string | null> {
  const [row] = await duck.rows('SELECT value FROM remembered WHERE key = $key', { key });
  return row === undefined ? null : textOf(row, 'value');
}

/** Readers see the old book or the new one, never half of one. */
async function publish(duck: Duck, target: string): Promise<void> {
  const fresh = `${target}.${randomUUID()}`;
  try {
    await duck.copyTo(fresh);
    chmodSync(fresh, 0o600);
    renameSync(fresh, target);
  } finally {
    rmSync(fresh, { force: true });
  }
}
