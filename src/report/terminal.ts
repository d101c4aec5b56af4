/** A run and an explanation as lines for a terminal. */
import { makeTable, type TableOptions } from '@oclif/table';
import type { BookNote } from '../book/book.js';
import type { Stand } from '../kam/effect.js';
import { moveCauses, type MoveCause } from '../kam/runDiff.js';
import type { Cents, Fraction } from '../kam/units.js';
import { isKnown, type Unknown } from '../kam/unknown.js';
import type { FailedRow, Rewritten, Run, RunGroup } from './run.js';

/** Where the lines will be shown: how wide, and whether styling is wanted (a TTY). */
export type Screen = { width: number; styled: boolean };

/** The summary that a person reads after a sync: what was read, who stands where, who to talk to, what changed. */
export function runLines(run: Run, screen: Screen): string[] {
  return [
    ...headLines(run),
    '',
    table(screen, segmentRows(run)),
    ...candidateLines(run, screen),
    ...undecidedLines(run, screen),
    '',
    ...changeLines(run),
    ...diffLines(run),
    ...noteLines(run),
    ...failedLines(run.failed),
  ];
}

export function headLines(run: Run): string[] {
  const seconds = Object.values(run.durations).reduce((sum, ms) => sum + ms, 0) / 1000;
  return [
    `${count(run.accounts, 'account')} in ${count(run.groups, 'group')}, assessed as of ${run.asOf} in ${seconds.toFixed(1)} s with ${count(run.apiCalls, 'API call')}.`,
    `High revenue starts at ${money(run.lines.revenue, run.currency)} a year, high additional potential at ${money(run.lines.potential, run.currency)}; a score must exceed ${run.threshold}.${run.scale.calibrated ? '' : ' (Scale uncalibrated: anchors come from this book.)'}`,
  ];
}

function segmentRows(run: Run): TableOptions<Record<string, unknown>> {
  const standing = (gate: keyof Run['gates'], result: 'passed' | 'failed' | 'open' | 'undecided'): string =>
    run.gates[gate][result] === 0 ? '' : `${run.gates[gate][result]} ${result}`;
  const gates = (['segment', 'strategy', 'score', 'ask'] as const).map(
    (gate) =>
      [
        gate,
        (['passed', 'open', 'undecided', 'failed'] as const)
          .map((r) => standing(gate, r))
          .filter((t) => t !== '')
          .join(', '),
      ] as const,
  );
  const segments = [
    ['Top', run.segments.top],
    ['Development', run.segments.development],
    ['Base', run.segments.base],
    ['Small', run.segments.small],
    ['Unknown', run.segments.unknown],
  ] as const;
  const tiers = [
    ['Key Account', run.tiers.key],
    ['Candidate', run.tiers.candidate],
    ['Large Account', run.tiers.large],
    ['Standard', run.tiers.standard],
  ] as const;
  return {
    data: segments.map(([segment, groups], row) => ({
      segment,
      groups,
      tier: tiers[row]?.[0] ?? '',
      tierGroups: tiers[row]?.[1] ?? '',
      gate: gates[row]?.[0] ?? '',
      standing: gates[row]?.[1] ?? '',
    })),
    columns: [
      { key: 'segment', name: 'Segment' },
      { key: 'groups', name: 'Groups', horizontalAlignment: 'right' },
      { key: 'tier', name: 'Tier' },
      { key: 'tierGroups', name: 'Groups', horizontalAlignment: 'right' },
      { key: 'gate', name: 'Stands at' },
      { key: 'standing', name: 'Groups' },
    ],
  };
}

function candidateLines(run: Run, screen: Screen): string[] {
  if (run.candidates.length === 0) return [];
  return [
    '',
    `Candidates to ask (${run.tiers.candidate}):`,
    table(screen, groupRows(run, run.candidates)),
    ...whyLines(run.candidates),
  ];
}

function undecidedLines(run: Run, screen: Screen): string[] {
  const total = run.gates.strategy.undecided + run.gates.score.undecided;
  if (run.undecided.length === 0) return [];
  return [
    '',
    `Undecided, an answer is missing (${total}):`,
    table(screen, groupRows(run, run.undecided)),
    ...whyLines(run.undecided),
  ];
}

/** How many groups of a list are given with their first reason. */
const ARGUED = 3;

const whyLines = (groups: readonly RunGroup[]): string[] =>
  groups.slice(0, ARGUED).map(({ name, text }) => `  ${name}: ${text.split('\n')[0] ?? ''}`);

function groupRows(run: Run, groups: readonly RunGroup[]): TableOptions<Record<string, unknown>> {
  return {
    data: groups.map((group) => ({
      name: group.name,
      segment: group.segment,
      score: isKnown(group.score) ? group.score.toFixed(1) : 'unknown',
      confidence: percent(group.confidence),
      revenue: money(group.revenue, run.currency),
      potential: money(group.additionalPotential, run.currency),
      stays: group.robustness === null ? '' : percent(group.robustness),
    })),
    columns: [
      { key: 'name', name: 'Group' },
      { key: 'segment', name: 'Segment' },
      { key: 'score', name: 'Score', horizontalAlignment: 'right' },
      { key: 'confidence', name: 'Known', horizontalAlignment: 'right' },
      { key: 'revenue', name: 'Revenue', horizontalAlignment: 'right' },
      { key: 'potential', name: 'Potential', horizontalAlignment: 'right' },
      ...(groups.some(({ robustness }) => robustness !== null) ? [staysColumn] : []),
    ],
  };
}

/** Robustness: under how many of the weights near those set the group stays a candidate. */
const staysColumn = { key: 'stays', name: 'Stays ±20%', horizontalAlignment: 'right' } as const;

/** What was done, or would be. */
export function changeLines(run: Run): string[] {
  const { plan } = run;
  const opened = Object.values(plan.opened).reduce((sum, n) => sum + n, 0);
  const tasks = [
    ...(opened > 0 ? [`open ${count(opened, 'task')} (${pairs(plan.opened)})`] : []),
    ...(plan.closed > 0 ? [`close ${count(plan.closed, 'task')}`] : []),
  ];
  const { added, changed, emptied } = plan.families;
  const work = [
    ...(plan.accounts > 0 ? [`update ${count(plan.accounts, 'account')}`] : []),
    ...(added > 0 ? [`add ${count(added, 'potential')}`] : []),
    ...(changed > 0 ? [`update ${count(changed, 'potential')}${emptied > 0 ? ` (${emptied} emptied)` : ''}`] : []),
    ...rowsOfHistory(plan.history),
    ...tasks,
    ...(plan.remembers > 0 ? [`note the tasks of ${count(plan.remembers, 'account')}`] : []),
  ];
  switch (run.outcome.is) {
    case 'nothingToDo':
      return ['Nothing to do: the org already says all this.'];
    case 'planned':
      return [
        `Dry run, nothing was written. A sync would ${list(work) || 'change nothing'}, with about ${count(plan.apiCalls, 'API call')} to write ${count(plan.rows, 'row')}.`,
      ];
    case 'refused':
      return [
        `Refused by the safety valve: ${run.outcome.moved} of ${run.outcome.classified} classified accounts would move, the limit is ${percent(run.outcome.limit)}. Nothing was written.`,
      ];
    case 'tooMany':
      return [
        `Refused: ${count(run.outcome.rows, 'row')} would be written, the limit is ${run.outcome.limit.toLocaleString('en-GB')}. Nothing was written.`,
      ];
    case 'done':
    case 'partial':
      return [
        `Wrote ${count(run.written, 'row')}: ${list(work)}.${plan.moved > 0 ? ` ${count(plan.moved, 'account')} moved to another tier or segment.` : ''}`,
      ];
  }
}

const causeWords: Record<MoveCause, string> = {
  rules: 'rules',
  calibration: 'calibration',
  hierarchy: 'hierarchy',
  data: 'data',
  currency: 'currency',
  others: 'other groups',
};

/** How many groups that moved are named. */
const MOVED = 10;

function diffLines({ diff }: Run): string[] {
  if (diff === null || diff.groups === 0) return [];
  const causes = moveCauses.flatMap((cause) =>
    diff.causes[cause] > 0 ? [`${causeWords[cause]} ${diff.causes[cause]}`] : [],
  );
  const shown = diff.moved.slice(0, MOVED);
  const rest = diff.groups - shown.length;
  return [
    '',
    `${count(diff.groups, 'group')} moved since the run of ${diff.since}, by cause: ${causes.join(', ')}.`,
    ...shown.map(({ name, before, after, causes: own }) => {
      const because = own.map((cause) => causeWords[cause]).join(', ');
      return `  ${name}: ${standText(before)} → ${standText(after)} (${because})`;
    }),
    ...(rest > 0 ? [`  and ${rest} more; --json names up to a hundred.`] : []),
  ];
}

const standText = ({ segment, tier, gate, gateResult }: Stand): string => `${tier}, ${segment}, ${gate} ${gateResult}`;

function rowsOfHistory({ added, changed, forgotten }: Run['plan']['history']): string[] {
  return [
    ...(added > 0 ? [`add ${count(added, 'row')} of history`] : []),
    ...(changed > 0 ? [`update ${count(changed, 'row')} of history`] : []),
    ...(forgotten > 0 ? [`delete ${count(forgotten, 'row')} of history`] : []),
  ];
}

/** What a person should know about the data, and what the org does not let the job see. */
export function noteLines(run: Run): string[] {
  return [
    ...run.notes.map((note) => `Note: ${noteText(note)}`),
    ...run.losses.map((loss) => `Loss: ${loss.what} ${loss.remedy}`),
  ];
}

/** What a note about the data means, with examples to look at. */
export function noteText(note: BookNote): string {
  const examples = note.examples.length > 0 ? ` (e.g. ${note.examples.join(', ')})` : '';
  switch (note.is) {
    case 'parentCycle':
      return `${count(note.count, 'account')} stand on a cycle of parents; each was taken as a group of its own${examples}. Correct Parent Account.`;
    case 'parentMissing':
      return `${count(note.count, 'account')} name a parent that could not be read; each was taken as a group of its own${examples}.`;
    case 'wonWithoutAmount':
      return `${count(note.count, 'won opportunity', 'won opportunities')} carry no amount and no products, and count for nothing${examples}.`;
    case 'rateMissing':
      return `${count(note.count, 'record')} stand in a currency without a rate on their day; their amounts are unknown and count for nothing${examples}. Enter the rate in Setup › Manage Currencies.`;
    case 'negativeAmount':
      return `${count(note.count, 'amount is', 'amounts are')} negative and netted as credit notes${examples}.`;
    case 'saleInFuture':
      return `${count(note.count, 'won opportunity', 'won opportunities')} close after the org's today and were left out${examples}.`;
    case 'noLineItems':
      return `${count(note.count, 'won opportunity', 'won opportunities')} have no products; their revenue counts, their families are unknown${examples}. Set Source_Opportunity_Family_Field__c if a field names the family.`;
    case 'noFamily':
      return `${count(note.count, 'sale')} name no product family and take no part in potential${examples}. Fill Product Family.`;
    case 'saleWithoutAccount':
      return `${count(note.count, 'opportunity', 'opportunities')} belong to no account that could be read and were left out${examples}.`;
    case 'ratingOutOfRange':
      return `${count(note.count, 'rating')} lie outside 0 to 3 and count as missing${examples}. Correct them on the account.`;
    case 'overrideWithoutReason':
      return `${count(note.count, 'override gives', 'overrides give')} no reason and is not applied${examples}. Enter the reason on the account.`;
    case 'overrideWithoutExpiry':
      return `${count(note.count, 'override has', 'overrides have')} no end date and is not applied${examples}. Enter until when it shall hold.`;
    case 'overrideExpired':
      return `${count(note.count, 'override has', 'overrides have')} expired and is applied no longer${examples}. Renew it with a reason, or empty it.`;
    case 'overrideOnSite':
      return `${count(note.count, 'override stands', 'overrides stand')} on a site, where it has no effect${examples}. Enter it on the group's root.`;
    case 'excludedWithoutReason':
      return `${count(note.count, 'account is', 'accounts are')} excluded without a reason${examples}. Enter it on the account.`;
    case 'ownerInactive':
      return `${count(note.count, 'group has', 'groups have')} a task whose owner is no active user; somebody stands in${examples}. Give the account an active owner or manager.`;
    case 'taskWithoutOwner':
      return `${count(note.count, 'group lacks', 'groups lack')} tasks that no active user could own${examples}; they were not opened. Set Tasks_Fallback_Owner__c, or give the account an active owner.`;
    case 'moveWaits':
      return `${count(note.count, 'group waits', 'groups wait')} to become a candidate, or to be one no longer, until the next quarter${examples}. Stability_Moves_Per_Quarter__c says how many may move.`;
    case 'walletNegative':
      return `${count(note.count, 'stated wallet is', 'stated wallets are')} below zero and count for nothing${examples}. Enter what the customer buys in a year, or 0 where he needs none.`;
    case 'walletInFuture':
      return `${count(note.count, 'wallet is', 'wallets are')} stated after the org's today and count for nothing yet${examples}. Correct the date of the statement.`;
    case 'walletUndated':
      return `${count(note.count, 'stated wallet has', 'stated wallets have')} no date and count as old${examples}. Enter when it was stated.`;
    case 'walletUnsourced':
      return `${count(note.count, 'stated wallet names', 'stated wallets name')} no source and count as the account team's estimate${examples}. Enter who stated it.`;
    case 'walletBelowRevenue':
      return `${count(note.count, 'stated wallet is', 'stated wallets are')} smaller than what the customer buys from us alone; nothing is left to win there${examples}. Ask for the wallet again.`;
    case 'targetInPast':
      return `${count(note.count, 'target is', 'targets are')} set for a year that is over${examples}. Set a new target or empty it.`;
    case 'targetNegative':
      return `${count(note.count, 'target is', 'targets are')} below zero and count for nothing${examples}. Enter what we aim at in a year.`;
    case 'savingNegative':
      return `${count(note.count, 'joint project says', 'joint projects say')} that the customer saves less than nothing, and their savings count for nothing${examples}. Enter what he saves in a year.`;
    case 'potentialWithoutFamily':
      return `${count(note.count, 'potential names', 'potentials name')} no product family and count for nothing${examples}. Enter the family.`;
    case 'potentialTwice':
      return `${count(note.count, 'potential says', 'potentials say')} something of a family that another record of the account says something of; the latest wallet counts${examples}. Keep one record.`;
    case 'agreementWithoutAccount':
      return `${count(note.count, 'agreement belongs', 'agreements belong')} to an account that could not be read and count for nothing${examples}.`;
    case 'agreementsOpen':
      return `${count(note.count, 'group has', 'groups have')} several open agreements; the furthest counts${examples}. End the others.`;
    case 'agreementOnSite':
      return `${count(note.count, 'agreement stands', 'agreements stand')} on a site and count for the whole group${examples}. Move them to the root of the group.`;
    case 'agreementUnread':
      return `${count(note.count, 'agreement is', 'agreements are')} in a state that is not known and count as planned${examples}. Choose a state of the package.`;
    case 'commitmentTooEarly':
      return `${count(note.count, 'commitment is', 'commitments are')} due before the agreement and count as undated${examples}. Correct the date.`;
    case 'commitmentWithoutOwner':
      return `${count(note.count, 'open commitment has', 'open commitments have')} a person on our side who is inactive${examples}. Name another.`;
    case 'trialOver':
      return `${count(note.count, 'trial is', 'trials are')} over${examples}. Ask for the answer, or end the agreement.`;
    case 'rootExcludedAlone':
      return `${count(note.count, 'group is', 'groups are')} left out with all sites, because the root is excluded and sites are not${examples}. Exclude the sites too, or give them another group.`;
    case 'siteExcludedAlone':
      return `${count(note.count, 'site is', 'sites are')} excluded, which counts only on the root of a group${examples}. Exclude the root, or give the site another group.`;
    case 'personAccountsLeftOut':
      return `${count(note.count, 'person account')} were left out${examples}.`;
  }
}

/** Most rows that are refused are refused for one reason; a few of them are named. */
const FAILED_NAMED = 20;

export function failedLines(failed: readonly FailedRow[]): string[] {
  const more = failed.length - FAILED_NAMED;
  return [
    ...failed.slice(0, FAILED_NAMED).map((row) => `Failed: ${failedText(row)}`),
    ...(more > 0 ? [`… and ${count(more, 'more row')} failed; --json names all.`] : []),
  ];
}

/** A row that the org refused, with its message. */
export const failedText = ({ object, key, errors, since }: FailedRow): string =>
  `${object} ${key}: ${errors.join('; ')}${since === null ? '' : ` (not sent again since run ${since})`}`;

/** What became of a plan, a retry or a rollback. */
export function rewriteLines(rewrite: Rewritten): string[] {
  const { written, already, moved, failed, left, apiCalls, of } = rewrite;
  const named = moved.slice(0, FAILED_NAMED).map(({ object, key }) => `Changed since, left alone: ${object} ${key}`);
  const more = moved.length - FAILED_NAMED;
  return [
    `Rows of ${of}: ${written.toLocaleString('en-GB')} written, ${already.toLocaleString('en-GB')} already so, ${moved.length.toLocaleString('en-GB')} changed since and left alone, ${failed.length.toLocaleString('en-GB')} failed; ${count(apiCalls, 'API call')}.`,
    ...(left > 0 ? [`${count(left, 'row')} not sent, as too many others were refused.`] : []),
    ...named,
    ...(more > 0 ? [`… and ${count(more, 'more row')} changed since; --json names all.`] : []),
    ...failedLines(failed),
  ];
}

/** Renders a table no wider than the screen; long cells wrap. */
export function table(screen: Screen, options: TableOptions<Record<string, unknown>>): string {
  const rendered = makeTable({
    borderStyle: 'headers-only-with-underline',
    overflow: 'wrap',
    maxWidth: screen.width,
    headerOptions: {
      formatter: (header) => header,
      bold: screen.styled,
      ...(screen.styled ? { color: 'blueBright' } : {}),
    },
    noStyle: !screen.styled,
    ...options,
  });
  return rendered
    .split('\n')
    .map((line) => line.trimEnd())
    .filter((line) => line !== '')
    .join('\n');
}

/** Money for people: whole currency units with separators, or the word “unknown”. */
export function money(amount: Cents | Unknown, currency: string | null): string {
  if (!isKnown(amount)) return 'unknown';
  return currencyFormat(currency, 0).format(amount / 100);
}

/** Money to the cent. */
export function exactMoney(amount: Cents | Unknown, currency: string | null): string {
  if (!isKnown(amount)) return 'unknown';
  return currencyFormat(currency, 2).format(amount / 100);
}

const currencyFormat = (currency: string | null, digits: number): Intl.NumberFormat =>
  new Intl.NumberFormat('en-GB', {
    ...(currency === null ? {} : { style: 'currency', currency }),
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });

/** A fraction as percent with at most one decimal. */
export const percent = (share: Fraction | Unknown): string =>
  isKnown(share) ? `${Number((share * 100).toFixed(1))} %` : 'unknown';

const count = (n: number, one: string, many = `${one}s`): string =>
  `${n.toLocaleString('en-GB')} ${n === 1 ? one : many}`;

const list = (parts: readonly string[]): string => new Intl.ListFormat('en-GB', { type: 'conjunction' }).format(parts);

const pairs = (counts: Record<string, number>): string =>
  Object.entries(counts)
    .map(([name, n]) => `${n} ${name}`)
    .join(', ');
