/** The book of business as the CRM holds it: a disposable DuckDB file per org. */
import type { AccountFacts, Benchmark, GroupFacts } from '../kam/facts.js';
import type { Decision } from '../kam/funnel.js';
import type { Potential, PotentialCell } from '../kam/potential.js';
import type { Settings } from '../kam/settings.js';
import type { AccountMark, StandingTask } from '../kam/standing.js';
import type { Cents, Fraction, IsoDate, RecordId } from '../kam/units.js';
import type { Unknown } from '../kam/unknown.js';

/** The tables that a pull fills, in our words. */
export type BookTable = 'account' | 'opportunity' | 'line' | 'task';

export type ColumnType = 'id' | 'text' | 'number' | 'integer' | 'money' | 'date' | 'datetime' | 'boolean';

/** Query results on disk, CSV with one header line per file, plain or gzip, columns in this order whatever the header says. */
export type Spooled = { files: string[]; columns: { name: string; type: ColumnType }[]; rows: number };

/** Something in the data that a person should know; never an error by itself. */
export type BookNote = {
  is:
    | 'parentCycle'
    | 'parentMissing'
    | 'wonWithoutAmount'
    | 'negativeAmount'
    | 'saleInFuture'
    | 'noLineItems'
    | 'noFamily'
    | 'personAccountsLeftOut';
  count: number;
  /** Up to five record ids or names to look at. */
  examples: string[];
};

/** The potential of a group: sums over its accounts, unknown only where every account's is. */
export type GroupPotential = {
  crossSell: Cents | Unknown;
  upSell: Cents | Unknown;
  additional: Cents | Unknown;
  walletShare: Fraction | Unknown;
  /** White families over all families that are bought or white, in the group as one. */
  breadth: Fraction | Unknown;
  /** Cells of all accounts, summed per family and kind, largest first, then by family. */
  cells: PotentialCell[];
};

/** A group with all that a decision, a plan and an explanation need. */
export type GroupView = {
  facts: GroupFacts;
  potential: GroupPotential;
  /** What stands on each member today, root first, then by id. */
  standings: { accountId: RecordId; name: string; mark: AccountMark }[];
  /** Review tasks on any member. */
  tasks: StandingTask[];
};

export type Book = {
  readonly file: string;
  /** Replaces a table by what was spooled, all or nothing; returns the rows that the table then has. */
  ingest(table: BookTable, spooled: Spooled): Promise<number>;
  /** Groups, windows, sales per family, peer groups and benchmarks as of a day. Pure in the tables and its arguments. */
  derive(settings: Settings, asOf: IsoDate): Promise<BookNote[]>;
  accounts(batchSize: number): AsyncIterable<{ account: AccountFacts; benchmarks: Benchmark[] }[]>;
  storePotentials(potentials: readonly Potential[]): Promise<void>;
  groups(batchSize: number): AsyncIterable<GroupView[]>;
  storeDecisions(decisions: readonly Decision[]): Promise<void>;
  decisions(batchSize: number): AsyncIterable<Decision[]>;
  /** One group by any member's id or exact name (any casing), with the potential of each account; null where none matches. */
  find(idOrName: string): Promise<FoundAccount>;
  /** Small named values of the last run (lines, scale, notes …) as JSON. */
  remember(key: string, value: unknown): Promise<void>;
  recall(key: string): Promise<unknown>;
  /** Copies the book to `file` atomically, for readers. */
  publish(file: string): Promise<void>;
  close(): Promise<void>;
};

export type FoundAccount =
  | { is: 'found'; accountId: RecordId; group: GroupView; accounts: { account: AccountFacts; potential: Potential }[]; decision: Decision | null }
  | { is: 'ambiguous'; matches: { accountId: RecordId; name: string }[] }
  | { is: 'notFound'; near: string[] };
