/** Today's labels held against the funnel: who is called a key account and is none, and who is none and should be worked. */
import { addMonths } from './calendar.js';
import type { GroupFacts } from './facts.js';
import type { Decision, Reason, Segment, Tier } from './funnel.js';
import type { GroupPotential } from './potential.js';
import type { Cents, IsoDate, RecordId } from './units.js';
import type { Unknown } from './unknown.js';

export const auditKinds = ['falseKey', 'hidden', 'withoutAgreement', 'labelledApart'] as const;
export type AuditKind = (typeof auditKinds)[number];

/** What shows that somebody works a customer, over all accounts of the group. */
export type Work = {
  openOpportunities: number;
  /** The latest day on which an opportunity was won, up to the day of the run. */
  lastWon: IsoDate | null;
  /** The latest visit or call; null also where the book reads none. */
  lastContact: IsoDate | null;
  /** People have entered a target or a next step for a family. */
  isPlanned: boolean;
};

/** An account and the label that it carries today; null for none. */
export type LabelledAccount = { accountId: RecordId; name: string; label: string | null };

/** One group in which label and funnel are at odds. */
export type Finding = {
  groupId: RecordId;
  name: string;
  segment: Segment;
  tier: Tier;
  revenue: Cents | Unknown;
  potential: Cents | Unknown;
} & (
  | { is: 'falseKey' | 'withoutAgreement'; because: Reason[] }
  | { is: 'hidden'; because: Reason[]; lastWon: IsoDate | null }
  | { is: 'labelledApart'; isRootLabelled: boolean; accounts: LabelledAccount[] }
);

export type AuditedGroup = {
  facts: GroupFacts;
  potential: GroupPotential;
  decision: Decision;
  /** Root first. */
  accounts: LabelledAccount[];
  work: Work;
  /** The talk with the customer has begun or is planned. */
  isInTalk: boolean;
};

/** What counts as work: an opportunity won, a visit or a call within this many months before the run. */
export type WorkRule = { months: number };

/**
 * The findings about one group, in the order of `auditKinds`.
 *
 * Shape:  one account with the label makes the whole group labelled. A false key account is one that the funnel has
 *         decided against; it is not listed again as one without an agreement, as nobody needs to ask it. What is
 *         undecided, a candidate and a key account are never false. A group of one account can't be labelled apart.
 * Units:  cents per year.
 * Errors: none.
 */
export function findingsIn(group: AuditedGroup, rule: WorkRule): Finding[] {
  const { facts, potential, decision, accounts } = group;
  const base = {
    groupId: facts.groupId,
    name: facts.name,
    segment: decision.segment,
    tier: decision.tier,
    revenue: facts.yearlyRevenue,
    potential: potential.additional,
  };
  const findings: Finding[] = [];
  if (!isLabelled(group)) {
    if (isWorthWork(group) && !isWorked(group, rule))
      findings.push({ ...base, is: 'hidden', because: segmentReasons(decision), lastWon: group.work.lastWon });
    return findings;
  }
  if (isRuledOut(decision)) findings.push({ ...base, is: 'falseKey', because: against(decision) });
  else if (decision.tier !== 'key')
    findings.push({ ...base, is: 'withoutAgreement', because: withoutAgreement(decision) });
  if (accounts.some(({ label }) => label === null))
    findings.push({ ...base, is: 'labelledApart', isRootLabelled: isRootLabelled(group), accounts });
  return findings;
}

/** Whether today's label calls any account of the group a key account. */
export const isLabelled = ({ accounts }: Pick<AuditedGroup, 'accounts'>): boolean =>
  accounts.some(({ label }) => label !== null);

const isRootLabelled = ({ facts, accounts }: AuditedGroup): boolean =>
  accounts.some(({ accountId, label }) => accountId === facts.groupId && label !== null);

/** A development or top customer whom nobody calls a key account, and whom no person has ruled out. */
function isWorthWork({ facts, decision: { segment, tier } }: AuditedGroup): boolean {
  return (segment === 'development' || segment === 'top') && tier !== 'key' && facts.exclusion === null;
}

function isWorked(group: AuditedGroup, rule: WorkRule): boolean {
  return isPursued(group, rule) || isWithin(group.work.lastWon, group, rule);
}

/** Work other than an opportunity that was won: of many customers, orders come in by themselves. */
function isPursued(group: AuditedGroup, rule: WorkRule): boolean {
  const { openOpportunities, lastContact, isPlanned } = group.work;
  return openOpportunities > 0 || isPlanned || group.isInTalk || isWithin(lastContact, group, rule);
}

const isWithin = (day: IsoDate | null, { facts: { today } }: AuditedGroup, { months }: WorkRule): boolean =>
  day !== null && months > 0 && day > addMonths(today, -months);

/** A group that would be hidden, but for an opportunity won of late. */
export const isOnlyBuying = (group: AuditedGroup, rule: WorkRule): boolean =>
  !isLabelled(group) && isWorthWork(group) && isWorked(group, rule) && !isPursued(group, rule);

/** The funnel has decided against the group by figures or by a person's knock-out, whatever the customer answered. */
const isRuledOut = ({ tier, gate, gateResult }: Decision): boolean =>
  tier !== 'key' && tier !== 'candidate' && gate !== 'ask' && gateResult === 'failed';

const against = ({ reasons }: Decision): Reason[] =>
  reasons.filter(
    (reason) =>
      reason.is === 'excluded' ||
      reason.is === 'strategyFailed' ||
      reason.is === 'scoreNotExceeded' ||
      (reason.is === 'segment' && (reason.segment === 'small' || reason.segment === 'base')),
  );

const segmentReasons = ({ reasons }: Decision): Reason[] => reasons.filter(({ is }) => is === 'segment');

/** The customer's answer, or that there is none; then how far the figures go. */
function withoutAgreement({ reasons }: Decision): Reason[] {
  const answers = reasons.filter(
    ({ is }) =>
      is === 'acceptedNotEnough' ||
      is === 'declined' ||
      is === 'asked' ||
      is === 'noAnswer' ||
      is === 'incubator' ||
      is === 'overridden',
  );
  const figures = reasons.filter(
    (reason) =>
      reason.is === 'strategyUndecided' ||
      reason.is === 'scoreUndecided' ||
      reason.is === 'overCapacity' ||
      reason.is === 'scoreExceeded' ||
      (reason.is === 'segment' && reason.segment === 'unknown'),
  );
  return [...(answers.length === 0 ? [{ is: 'notAsked' } as const] : answers), ...figures];
}
