/** What happened in one run: the value that the terminal, `--json`, the state folder and the org's run record all tell from. */
import type { BookNote } from '../book/book.js';
import type { Gate, GateResult, NextStep, Reason, Segment, SegmentLines, Tier } from '../kam/funnel.js';
import type { MoveCause, MovedGroup } from '../kam/runDiff.js';
import type { ScoreScale } from '../kam/score.js';
import type { ReviewKind } from '../kam/settings.js';
import type { AccountMark } from '../kam/standing.js';
import type { Cents, Fraction, IsoDate, Points, RecordId } from '../kam/units.js';
import type { Unknown } from '../kam/unknown.js';

/** A group that a person should look at: a candidate to ask, or one that only a rating keeps undecided. */
export type RunGroup = {
  groupId: RecordId;
  name: string;
  segment: Segment;
  tier: Tier;
  score: Points | Unknown;
  confidence: Fraction;
  revenue: Cents | Unknown;
  additionalPotential: Cents | Unknown;
  /** Of a candidate: the share of weights within ±20 % of those set under which it stays one. */
  robustness: Fraction | null;
  reasons: Reason[];
  nextStep: NextStep;
  /** The reasons in words, in the language of the settings, as they stand on the account. */
  text: string;
};

/** Fewer rights or fields than the full job wants; the job runs and says what it cannot see. */
export type Loss = { what: string; remedy: string };

/** `since`: the run in which the org refused the same first, where the row was therefore not sent; null where it was. */
export type FailedRow = {
  object: 'account' | 'potential' | 'task' | 'assessment' | 'record';
  key: string;
  errors: string[];
  since: string | null;
};

export type RunOutcome =
  | { is: 'done' }
  | { is: 'nothingToDo' }
  | { is: 'planned' }
  | { is: 'refused'; moved: number; classified: number; limit: Fraction }
  | { is: 'tooMany'; rows: number; limit: number }
  /** `left`: rows that were not sent, as too many others were refused. */
  | { is: 'partial'; failed: number; left: number };

/** What became of rows that were written outside of a night. */
export type Rewritten = {
  /** How this run is called in the org and in the journal. */
  ref: string;
  orgId: RecordId;
  username: string;
  /** The run, or the hash of the plan, that the rows come from. */
  of: string;
  written: number;
  /** Rows that the org had already as they should be. */
  already: number;
  /** Rows that were left alone, as somebody changed the record meanwhile. */
  moved: Pick<FailedRow, 'object' | 'key'>[];
  failed: FailedRow[];
  /** Rows that were not sent, as too many others were refused. */
  left: number;
  apiCalls: number;
};

/** Who stands elsewhere than after the run `since`, and why; a group with several causes counts under each. */
export type RunDiff = {
  since: string;
  groups: number;
  causes: Record<MoveCause, number>;
  moved: MovedGroup[];
  /** Groups that moved beside those. */
  leftOff: number;
};

/** Units: money in cents, durations in milliseconds, times as ISO instants by the org's own clock. */
export type Run = {
  ref: string;
  orgId: RecordId;
  username: string;
  asOf: IsoDate;
  startedAt: string;
  finishedAt: string;
  dryRun: boolean;
  firstRun: boolean;
  outcome: RunOutcome;
  accounts: number;
  groups: number;
  segments: Record<Segment, number>;
  tiers: Record<Tier, number>;
  /** Groups by the gate where they stand and its result. */
  gates: Record<Gate, Record<GateResult, number>>;
  lines: SegmentLines;
  scale: ScoreScale;
  threshold: Points;
  candidates: RunGroup[];
  undecided: RunGroup[];
  /** Null on the first run, and where the last one wrote nothing. */
  diff: RunDiff | null;
  plan: {
    accounts: number;
    fields: Partial<Record<keyof AccountMark, number>>;
    /** Records of accounts' families: new ones, those that change, and of these the ones that lose their figures. */
    families: { added: number; changed: number; emptied: number };
    /** Rows of history: new ones, those written anew, and those whose time is over. */
    history: { added: number; changed: number; forgotten: number };
    opened: Partial<Record<ReviewKind, number>>;
    closed: number;
    /** Roots that remember tasks that they did not know of. */
    remembers: number;
    /** Accounts whose tier or segment changes, of those that had one. */
    moved: number;
    classified: number;
    /** All that would be written, and the API calls that it takes, about. */
    rows: number;
    apiCalls: number;
    hash: string;
  };
  written: number;
  failed: FailedRow[];
  /** Failed rows by the org's error code. */
  errors: Record<string, number>;
  /** Rows that were sent more than once, and requests that were. */
  retried: { rows: number; requests: number };
  notes: BookNote[];
  losses: Loss[];
  apiCalls: number;
  rowsRead: number;
  durations: Record<'pull' | 'derive' | 'assess' | 'decide' | 'write', number>;
  settingsFingerprint: string;
  currency: string | null;
  version: string;
};
