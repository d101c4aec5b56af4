/** What an audit of today's labels found: the value that `--json` gives, the lines for a terminal, and the words of both. */
import { auditKinds, type AuditKind, type Finding, type LabelledAccount } from '../kam/audit.js';
import type { SegmentLines } from '../kam/funnel.js';
import type { Cents, IsoDate } from '../kam/units.js';
import { reasonText, segmentName, type Speech } from '../kam/wording.js';
import { money, table, type Screen } from './terminal.js';

/** Money over the groups of one kind, of those where it is known; a group may stand in two kinds. */
export type AuditTotal = {
  groups: number;
  revenue: Cents;
  potential: Cents;
  unknownRevenue: number;
  unknownPotential: number;
};

export type Audit = {
  orgId: string;
  username: string;
  asOf: IsoDate;
  /** When the run ended whose book this rests on. */
  run: string;
  currency: string | null;
  /** No values for a checkbox. */
  label: { field: string; values: string[] };
  groups: number;
  /** `notInBook`: labelled accounts that the run has not seen; `key`: labelled groups whose customer has agreed. */
  labelled: { accounts: number; notInBook: number; groups: number; key: number };
  lines: SegmentLines;
  /**
   * What counts as work: an opportunity won, a visit or a call after `since`. `onlyBuying` groups would be hidden but for
   * an opportunity won.
   */
  work: { months: number; since: IsoDate; readsVisits: boolean; readsCalls: boolean; onlyBuying: number };
  totals: Record<AuditKind, AuditTotal>;
  /** In order of kind, then most money first. */
  findings: Finding[];
  /** The file that was asked for. */
  written: string | null;
};

/** Rows beyond these are in the file and in `--json`. */
const SHOWN = 10;

/** Reasons that a row has room for; of one without an agreement, that it was not asked says little by itself. */
const TOLD: Record<AuditKind, number> = { falseKey: 1, hidden: 1, withoutAgreement: 2, labelledApart: 1 };

export const kindTitles: Record<AuditKind, string> = {
  falseKey: 'False key accounts',
  hidden: 'Hidden development customers',
  withoutAgreement: 'Without an agreement',
  labelledApart: 'Labelled differently per site',
};

export const kindMeanings: Record<AuditKind, string> = {
  falseKey: 'labelled, but the funnel has decided against them',
  hidden: 'much additional potential, not labelled, and nobody works them',
  withoutAgreement: 'labelled and not ruled out, but the customer has not agreed to give and take',
  labelledApart: 'some accounts of the group carry the label, others do not',
};

export function auditLines(audit: Audit, screen: Screen): string[] {
  return [
    ...headTexts(audit),
    '',
    table(screen, {
      data: auditKinds.map((kind) => ({ kind: kindTitles[kind], ...totalCells(audit.totals[kind], audit.currency) })),
      columns: [
        { key: 'kind', name: 'Finding' },
        { key: 'groups', name: 'Groups', horizontalAlignment: 'right' },
        { key: 'revenue', name: 'Revenue', horizontalAlignment: 'right' },
        { key: 'potential', name: 'Potential', horizontalAlignment: 'right' },
      ],
    }),
    ...auditKinds.flatMap((kind) => kindLines(kind, audit, screen)),
    '',
    ...workTexts(audit),
    ...(audit.written === null ? [] : [`Written: ${audit.written}`]),
  ];
}

/** What was held against what. */
export function headTexts({ label, labelled, groups, asOf, run }: Audit): string[] {
  const { accounts, notInBook } = labelled;
  const unseen =
    notInBook === 0
      ? ''
      : ` ${count(notInBook, 'labelled account is', 'labelled accounts are')} not in the book: newer than the run, or a person account.`;
  const carried =
    accounts === 0
      ? 'No account carries it, so there is nothing to hold against the funnel.'
      : `${count(accounts, 'account', 'accounts')} in ${labelled.groups} of ${count(groups, 'group', 'groups')} ${accounts === 1 ? 'carries' : 'carry'} it; ${agreedText(labelled)}.`;
  return [
    `Label: ${labelText(label)}. ${carried}${unseen}`,
    `Held against the run of ${run}, as of ${asOf}. Nothing was written to the org.`,
  ];
}

const labelText = ({ field, values }: Audit['label']): string =>
  values.length === 0 ? `${field} is checked` : `${field} is ${values.join(' or ')}`;

const agreedText = ({ key }: Audit['labelled']): string =>
  key > 1
    ? `${key} of these groups have an accepted agreement`
    : `${key === 0 ? 'none' : 'one'} of these groups has an accepted agreement`;

/** Money of a kind in words; what is unknown is said, not counted as nothing. */
export function totalCells(
  { groups, revenue, potential, unknownRevenue, unknownPotential }: AuditTotal,
  currency: string | null,
): { groups: string; revenue: string; potential: string } {
  const known = (sum: Cents, unknown: number): string =>
    groups === 0
      ? ''
      : unknown === groups
        ? 'unknown'
        : `${money(sum, currency)}${unknown === 0 ? '' : ` (${unknown} unknown)`}`;
  return {
    groups: String(groups),
    revenue: known(revenue, unknownRevenue),
    potential: known(potential, unknownPotential),
  };
}

function kindLines(kind: AuditKind, { findings, totals, currency }: Audit, screen: Screen): string[] {
  const { groups } = totals[kind];
  if (groups === 0) return [];
  const shown = findings.filter(({ is }) => is === kind).slice(0, SHOWN);
  const more = groups > shown.length ? `, ${shown.length} shown; all with --output or --json` : '';
  return [
    '',
    `${kindTitles[kind]} (${groups}${more}): ${kindMeanings[kind]}.`,
    table(screen, {
      data: shown.map((finding) => ({
        name: finding.name,
        segment: finding.segment,
        revenue: money(finding.revenue, currency),
        potential: money(finding.potential, currency),
        because: becauseTexts(finding, currency).slice(0, TOLD[kind]).join(' '),
      })),
      columns: [
        { key: 'name', name: 'Group', width: '22%' },
        { key: 'segment', name: 'Segment' },
        { key: 'revenue', name: 'Revenue', horizontalAlignment: 'right' },
        { key: 'potential', name: 'Potential', horizontalAlignment: 'right' },
        { key: 'because', name: 'Because', width: '40%' },
      ],
    }),
  ];
}

/** Why label and funnel are at odds, the most decisive first. */
export function becauseTexts(finding: Finding, currency: string | null): string[] {
  const speech: Speech = { language: 'en', currency };
  switch (finding.is) {
    case 'falseKey':
    case 'withoutAgreement':
      return finding.because.map((reason) => reasonText(reason, speech));
    case 'hidden':
      return [
        finding.lastWon === null
          ? 'Nothing under way, and nothing won that is known.'
          : `Nothing under way; last won on ${finding.lastWon}.`,
        ...finding.because.map((reason) => reasonText(reason, speech)),
      ];
    case 'labelledApart':
      return [apartText(finding)];
  }
}

function apartText({ accounts, isRootLabelled }: Extract<Finding, { is: 'labelledApart' }>): string {
  const carrying = accounts.filter(({ label }) => label !== null);
  const others = accounts.filter(({ label }) => label === null);
  const where =
    isRootLabelled && carrying.length === 1
      ? 'Labelled at the top only'
      : `${carrying.length} of ${accounts.length} accounts are labelled${isRootLabelled ? '' : ', not the top'}: ${namesText(carrying)}`;
  return `${where}; not labelled: ${namesText(others)}.`;
}

const NAMED = 3;

function namesText(accounts: readonly LabelledAccount[]): string {
  const names = accounts.slice(0, NAMED).map(({ name }) => name);
  return `${names.join(', ')}${accounts.length > NAMED ? ` and ${accounts.length - NAMED} more` : ''}`;
}

/** What counts as work here, and what this book can't see. */
export function workTexts({ work: { months, since, readsVisits, readsCalls, onlyBuying } }: Audit): string[] {
  const contacts = [...(readsVisits ? ['a visit'] : []), ...(readsCalls ? ['a call'] : [])];
  const unread = [...(readsVisits ? [] : ['visits']), ...(readsCalls ? [] : ['calls']), 'lost opportunities'];
  const lately =
    months === 0 ? '' : `, or since ${since} an opportunity won${contacts.map((contact) => ` or ${contact}`).join('')}`;
  const buying =
    onlyBuying === 0
      ? []
      : [
          `${count(onlyBuying, 'more group is', 'more groups are')} taken as worked only because an opportunity was won since then; where orders come in by themselves, --quiet-months 0 names them.`,
        ];
  return [
    `Worked means: an open opportunity, a target or next step on a product family, a talk about an agreement${lately}. The book does not hold ${listText(unread)}.`,
    ...buying,
  ];
}

const listText = (words: readonly string[]): string =>
  new Intl.ListFormat('en-GB', { type: 'disjunction' }).format(words);

const count = (n: number, one: string, many: string): string => `${n.toLocaleString('en-GB')} ${n === 1 ? one : many}`;

export const segmentText = ({ segment }: Finding): string => segmentName(segment, 'en');
