/** The few review tasks that can change a decision or earn money; each is told apart by its ref. */
import { addDays, periodOf } from './calendar.js';
import type { GroupFacts } from './facts.js';
import type { Decision } from './funnel.js';
import type { GroupPotential } from './potential.js';
import type { ReviewKind, Settings } from './settings.js';
import type { StandingTask } from './standing.js';
import type { IsoDate, RecordId } from './units.js';
import { isKnown } from './unknown.js';
import { reviewText } from './wording.js';

/**
 * A task that shall stand open in the org.
 *
 * Shape: `ref` is `KAM|<accountId18>|<kind>|<subject>|<period>`, at most 80 characters, unique in the org.
 */
export type ReviewTask = {
  ref: string;
  kind: ReviewKind;
  accountId: RecordId;
  ownerId: RecordId;
  subject: string;
  description: string;
  dueOn: IsoDate;
  priority: 'High' | 'Normal' | 'Low';
};

/** A review that the decision calls for; `urgency` ranks the reviews of one kind where a cap leaves only some. */
export type WantedReview = { task: ReviewTask; urgency: number };

/** No account is asked more than this at once. */
const MAXIMUM_RATINGS = 3;

/**
 * What people should do about one group: rate what could turn the decision, ask the customer, grow the whitespace.
 *
 * Shape: at most three ratings, one question and one offer. The ref's period is that of the as-of day, so that a run
 *        repeated for that day asks for the same tasks; due dates count from `today`.
 */
export function reviewsFor(
  facts: GroupFacts,
  potential: GroupPotential,
  decision: Decision,
  settings: Settings,
  today: IsoDate,
): WantedReview[] {
  const urgency = isKnown(decision.score.points) ? decision.score.points : 0;
  const review = (
    kind: ReviewKind,
    subject: string,
    words: { subject: string; description: string },
    rank: number,
  ): WantedReview => {
    const rule = settings.review[kind];
    return {
      urgency: rank,
      task: {
        ref: refOf(facts.groupId, kind, subject, periodOf(facts.asOf, rule.period)),
        kind,
        accountId: facts.groupId,
        ownerId: facts.ownerId,
        subject: words.subject,
        description: words.description,
        dueOn: addDays(today, rule.dueDays),
        priority: rule.priority,
      },
    };
  };
  const wanted: WantedReview[] = [];
  const { nextStep } = decision;
  if (nextStep.is === 'rate' && settings.review.rate.active) {
    for (const criterion of nextStep.criteria.slice(0, MAXIMUM_RATINGS)) {
      wanted.push(
        review('rate', criterion, reviewText({ is: 'rate', criterion, name: facts.name, decision }, settings), urgency),
      );
    }
  }
  if (nextStep.is === 'ask' && settings.review.ask.active) {
    wanted.push(review('ask', 'customer', reviewText({ is: 'ask', name: facts.name, decision }, settings), urgency));
  }
  const cell = potential.cells.find(({ kind }) => kind === 'crossSell');
  const grows = decision.segment === 'top' || decision.segment === 'development';
  if (grows && facts.exclusion === null && cell !== undefined && settings.review.grow.active) {
    wanted.push(
      review('grow', shortened(cell.family), reviewText({ is: 'grow', cell, name: facts.name }, settings), cell.amount),
    );
  }
  return wanted;
}

/**
 * Keeps the open tasks of one owner and kind within the rule's cap.
 *
 * Those that stand open already come first, so that the choice is stable from run to run; then the most urgent, then by
 * ref. One that a person has closed keeps its place for the period: closing tasks does not bring more of them.
 */
export function capReviews(
  wanted: readonly WantedReview[],
  standing: readonly StandingTask[],
  settings: Settings,
): ReviewTask[] {
  const open = new Set(standing.filter((task) => !task.isClosed).map((task) => stemOf(task.ref)));
  const stands = ({ task }: WantedReview): number => Number(open.has(stemOf(task.ref)));
  const ranked = wanted.toSorted(
    (a, b) => stands(b) - stands(a) || b.urgency - a.urgency || (a.task.ref < b.task.ref ? -1 : 1),
  );
  const taken = new Map<string, number>();
  return ranked
    .filter(({ task }) => {
      const place = `${task.kind}|${task.ownerId}`;
      const count = taken.get(place) ?? 0;
      const cap = settings.review[task.kind].capPerOwner;
      if (cap !== null && count >= cap) return false;
      taken.set(place, count + 1);
      return true;
    })
    .map(({ task }) => task);
}

/** What a ref is about, whatever the period: `KAM|<account>|<kind>|<subject>`. */
export const stemOf = (ref: string): string => ref.slice(0, ref.lastIndexOf('|'));

/** Leaves room for the rest of a ref within 80 characters. */
const MAXIMUM_SUBJECT = 36;

function refOf(accountId: RecordId, kind: ReviewKind, subject: string, period: string): string {
  return `KAM|${accountId}|${kind}|${subject}|${period}`;
}

/** A family as part of a ref: letters and digits, told apart by a checksum of the full name where it had to be changed. */
function shortened(family: string): string {
  const plain = family
    .replaceAll(/[^\p{L}\p{N}]|[\u{10000}-\u{10FFFF}]/gu, '-')
    .replaceAll(/-+/g, '-')
    .replaceAll(/^-|-$/g, '');
  if (plain.length <= MAXIMUM_SUBJECT && plain === family) return plain;
  const sum = new TextEncoder().encode(family).reduce((hash, byte) => (Math.imul(hash, 31) + byte) >>> 0, 7);
  return `${plain.slice(0, MAXIMUM_SUBJECT - 8)}-${sum.toString(36)}`;
}
