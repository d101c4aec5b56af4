/** What other settings would change: the value that `--json` gives, and the lines for a terminal. */
import type { Cause, Held, Move, PartChange, Stand } from '../kam/effect.js';
import type { Segment, SegmentLines, Tier } from '../kam/funnel.js';
import type { Cents, Fraction, IsoDate, Points, RecordId } from '../kam/units.js';
import { isKnown, type Unknown } from '../kam/unknown.js';
import { criterionName, resultName, segmentName, tierName } from '../kam/wording.js';
import { money, percent, table, type Screen } from './terminal.js';

/** Who stands where under one set of settings. */
export type Counts = {
  segments: Record<Segment, number>;
  tiers: Record<Tier, number>;
  /** Groups that an answer by people, or a figure, keeps undecided. */
  undecided: number;
  /** Groups that do not move, whatever their figures say. */
  held: Record<Held, number>;
  capacity: number | null;
  lines: SegmentLines;
  threshold: Points;
  calibrated: boolean;
};

export type WhatIfCandidate = {
  groupId: RecordId;
  name: string;
  score: Points | Unknown;
  robustness: { before: Fraction; after: Fraction };
};

export type WhatIf = {
  orgId: RecordId;
  username: string;
  asOf: IsoDate;
  /** When the run ended whose book this rests on. */
  run: string;
  currency: string | null;
  changes: { key: string; before: string; after: string }[];
  /** Parts of the settings that were changed in the org since that run; both sides are decided with them. */
  changedSince: string[];
  /** Whether facts and potentials had to be derived anew. */
  derived: boolean;
  before: Counts;
  after: Counts;
  moves: Record<Move['is'], number>;
  /** The moves by name: into and out of the programme first, then by revenue; `leftOff` more are only counted. */
  moved: Move[];
  leftOff: number;
  /** Candidates under the changed settings, best first; those beyond the first hundred are only counted. */
  candidates: WhatIfCandidate[];
  /** What the safety valve would say: accounts that change tier or segment, of those that have one. */
  valve: { moved: number; classified: number; limit: Fraction; refuses: boolean };
  /** Files for deployment. */
  written: string[];
};

/** Rows beyond these are in `--json`. */
const SHOWN = 15;

export function whatIfLines(result: WhatIf, screen: Screen): string[] {
  return [
    `With ${result.changes.map(({ key, before, after }) => `${key} = ${after} (now ${before})`).join(', ')}:`,
    `the book of the run of ${result.run}, as of ${result.asOf}${result.derived ? ', derived anew' : ''}. Nothing was written to the org.`,
    ...(result.changedSince.length === 0
      ? []
      : [`Changed in the org since that run, and counted on both sides: ${result.changedSince.join(', ')}.`]),
    '',
    countsTable(result.before, result.after, screen, ['now', 'then'], result.currency),
    ...heldLines(result.after.held),
    ...moveLines(result, screen),
    ...candidateLines(result, screen),
    '',
    valveLine(result),
    ...result.written.map((file) => `Written: ${file}`),
  ];
}

/** Two or more sets of counts side by side. */
export function countsTable(
  before: Counts,
  after: Counts,
  screen: Screen,
  [now, then]: readonly [string, string],
  currency: string | null,
): string {
  const rows: [string, (counts: Counts) => string | number][] = [
    ['Key accounts', ({ tiers }) => tiers.key],
    ['Candidates', ({ tiers }) => tiers.candidate],
    ['Places taken', (counts) => placesText(counts)],
    ['Undecided', ({ undecided }) => undecided],
    ...(['top', 'development', 'base', 'small', 'unknown'] as const).map((segment): [string, (c: Counts) => number] => [
      segmentName(segment, 'en'),
      ({ segments }) => segments[segment],
    ]),
    ['High revenue from', ({ lines }) => money(lines.revenue, currency)],
    ['High potential from', ({ lines }) => money(lines.potential, currency)],
    ['Score to exceed', ({ threshold }) => threshold],
  ];
  return table(screen, {
    data: rows.map(([name, of]) => ({
      name,
      now: of(before),
      then: of(after),
      change: difference(of(before), of(after)),
    })),
    columns: [
      { key: 'name', name: 'Groups' },
      { key: 'now', name: now, horizontalAlignment: 'right' },
      { key: 'then', name: then, horizontalAlignment: 'right' },
      { key: 'change', name: '', horizontalAlignment: 'right' },
    ],
  });
}

/** Who would move if nothing held the programme still, and how to look at that. */
function heldLines({ hysteresis, stay, moves, waits }: Counts['held']): string[] {
  const keep = [
    ...(hysteresis > 0 ? [`${hysteresis} by hysteresis of the score`] : []),
    ...(stay > 0 ? [`${stay} for the minimum stay`] : []),
    ...(moves > 0 ? [`${moves} until the next quarter`] : []),
  ];
  if (keep.length === 0 && waits === 0) return [];
  const kept =
    keep.length === 0 ? [] : [`kept as candidates although the figures no longer carry them: ${keep.join(', ')}`];
  const waiting = waits === 0 ? [] : [`waiting for the next quarter to become candidates: ${waits}`];
  return [
    `Then held where they are – ${[...kept, ...waiting].join('; ')}.`,
    'Where the figures alone lead: --set score.hysteresis=0 --set stability.minimumStayMonths=0 --set stability.movesPerQuarter=',
  ];
}

function placesText({ tiers, capacity }: Counts): string {
  const taken = tiers.key + tiers.candidate;
  return capacity === null ? `${taken}, no cap` : `${taken} of ${capacity}`;
}

function difference(before: string | number, after: string | number): string {
  if (typeof before !== 'number' || typeof after !== 'number' || before === after) return '';
  const more = Number((after - before).toFixed(2));
  return more > 0 ? `+${more}` : `−${-more}`;
}

const headings: Record<Move['is'], string> = {
  enters: 'Enter the programme',
  leaves: 'Leave the programme',
  segment: 'Change segment',
  gate: 'Change gate only',
};

function moveLines({ moves, moved, currency }: WhatIf, screen: Screen): string[] {
  const kinds = (['enters', 'leaves', 'segment', 'gate'] as const).filter((is) => moves[is] > 0);
  if (kinds.length === 0) return ['', 'Nobody moves.'];
  return kinds.flatMap((kind) => {
    const named = moved.filter(({ is }) => is === kind);
    const shown = named.slice(0, SHOWN);
    const more = moves[kind] > shown.length ? `, ${shown.length} shown; more with --json` : '';
    return ['', `${headings[kind]} (${moves[kind]}${more}):`, table(screen, moveRows(shown, currency))];
  });
}

function moveRows(moves: readonly Move[], currency: string | null): Parameters<typeof table>[1] {
  return {
    data: moves.map(({ name, before, after, because }) => ({
      name,
      move: stands(before, after),
      why: because.map((cause) => causeText(cause, currency)).join('; '),
    })),
    columns: [
      { key: 'name', name: 'Group', width: '25%' },
      { key: 'move', name: 'Now → then', width: '30%' },
      { key: 'why', name: 'Because', width: '45%' },
    ],
  };
}

/** Where a group stands before and after; what stays is said once. */
function stands(before: Stand, after: Stand): string {
  const segments = arrow({ before: before.segment, after: after.segment }, String);
  return `${segments}: ${arrow({ before, after }, whereText)}`;
}

const whereText = ({ tier, gate, gateResult }: Stand): string =>
  tier === 'standard' ? `${gate} ${resultName(gateResult, 'en')}` : tierName(tier, 'en');

/** Which line made the difference, with the value that is held against it. */
export function causeText(cause: Cause, currency: string | null): string {
  const amount = (value: Cents | Unknown): string => money(value, currency);
  switch (cause.is) {
    case 'revenue':
    case 'potential':
      return `${cause.is} ${arrow(cause.value, amount)}, high from ${arrow(cause.line, amount)}`;
    case 'strategy': {
      const ratings = arrow(cause.answer, ({ lowest, highest, result }) =>
        lowest === highest
          ? `${percent(lowest)} ${resultName(result, 'en')}`
          : `${percent(lowest)}–${percent(highest)} ${resultName(result, 'en')}`,
      );
      return `strategic criteria ${ratings}, needed ${arrow(cause.line, percent)}`;
    }
    case 'confidence':
      return `${arrow(cause.value, percent)} of the weights known, needed ${arrow(cause.line, percent)}`;
    case 'score':
      return `score ${arrow(cause.value, pointsText)}, to exceed ${arrow(cause.line, String)}${partsText(cause.parts)}`;
    case 'stability':
      return arrow(cause.value, (held) => (held === null ? 'not held' : heldWords[held]));
    case 'manager':
      return `capacity of key account managers, points per manager ${arrow(cause.line, (most) => (most === null ? 'no limit' : String(most)))}`;
    case 'place':
      return `rank ${arrow(cause.value, (rank) => (rank === null ? 'none' : String(rank)))}, places ${arrow(cause.line, (places) => (places === null ? 'no cap' : String(places)))}`;
  }
}

const heldWords: Record<Held, string> = {
  hysteresis: 'held by hysteresis',
  stay: 'held for the minimum stay',
  moves: 'held until the next quarter',
  waits: 'waits for the next quarter',
};

function arrow<T>({ before, after }: { before: T; after: T }, say: (value: T) => string): string {
  return say(before) === say(after) ? say(after) : `${say(before)} → ${say(after)}`;
}

/** Two decimals, as scores are compared. */
const pointsText = (points: Points | Unknown): string => (isKnown(points) ? points.toFixed(2) : 'unknown');

const PARTS = 2;

function partsText(parts: readonly PartChange[]): string {
  if (parts.length === 0) return '';
  const shown = parts.slice(0, PARTS).map(({ criterion, before, after }) => {
    return `${criterionName(criterion, 'en')} ${before.toFixed(1)} → ${after.toFixed(1)}`;
  });
  return ` (${shown.join(', ')})`;
}

function candidateLines({ candidates, after }: WhatIf, screen: Screen): string[] {
  if (candidates.length === 0) return [];
  const shown = candidates.slice(0, SHOWN);
  const more = after.tiers.candidate > shown.length ? `, ${shown.length} shown` : '';
  return [
    '',
    `Candidates then (${after.tiers.candidate}${more}), and under how many of the weights within ±20 % they stay:`,
    table(screen, {
      data: shown.map(({ name, score, robustness }) => ({
        name,
        score: pointsText(score),
        now: percent(robustness.before),
        stays: percent(robustness.after),
      })),
      columns: [
        { key: 'name', name: 'Group' },
        { key: 'score', name: 'Score', horizontalAlignment: 'right' },
        { key: 'now', name: 'Now', horizontalAlignment: 'right' },
        { key: 'stays', name: 'Then', horizontalAlignment: 'right' },
      ],
    }),
  ];
}

function valveLine({ valve: { moved, classified, limit, refuses } }: WhatIf): string {
  const share = classified === 0 ? '' : ` (${percent(moved / classified)})`;
  return `${moved} of ${classified} classified accounts${share} would change tier or segment; the safety valve's limit is ${percent(limit)}${refuses ? ', so a sync would refuse without --max-moves' : ''}.`;
}
