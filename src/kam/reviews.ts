/** The few review tasks that can change a decision or earn money; each is told apart by its ref. */
import { balanceOf, reviewDay, type Agreement, type Commitment } from './agreement.js';
import { addDays, daysBetween, monthsBetween, periodOf } from './calendar.js';
import type { PeopleRated } from './criteria.js';
import type { GroupFacts, Rating } from './facts.js';
import { shortfalls, type Decision, type Tier } from './funnel.js';
import { ownerOf, type Staff } from './owners.js';
import type { GroupPotential } from './potential.js';
import { reviewKinds, type ReviewKind, type Settings } from './settings.js';
import type { StandingTask } from './standing.js';
import type { Fraction, IsoDate, RecordId } from './units.js';
import { isKnown } from './unknown.js';
import { closingNote, reviewText, type ReviewAbout } from './wording.js';

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
export type WantedReview = {
  task: ReviewTask;
  urgency: number;
  /** Whether the owner stands in for one who has left; `nobody` where no active user is left to give the task to. */
  owner: 'wanted' | 'standsIn' | 'nobody';
};

/** One group, and what is asked about it beyond its decision. */
export type Reviewed = {
  facts: GroupFacts;
  potential: GroupPotential;
  decision: Decision;
  /** The agreement that counts. */
  agreement: Agreement | null;
  rules: ReviewedAgreement;
  /** As-of day since which a key account would not pass by its figures. */
  belowSince: IsoDate | null;
  /** What would be decided if people gave this rating. */
  ifRated(criterion: PeopleRated, rating: Rating): Decision;
};

/** When an agreement calls for a look at it: this share of what the customer owes is late, or so many months are over. */
export type ReviewedAgreement = { lateShare: Fraction; reviewMonths: number };

/** What one answer to a question of rating leads to. */
export type RatingEffect = { ratings: Rating[]; leadsTo: 'out' | 'in' | 'open' | 'elsewhere' };

/** Why a key account should be looked at again. */
export type RequalifyCause =
  | { is: 'fails'; since: IsoDate }
  | { is: 'commitments' }
  | { is: 'late'; late: number; due: number }
  | { is: 'reviewDue'; on: IsoDate };

/** No account is asked more than this at once. */
const MAXIMUM_RATINGS = 3;

/** Offers of one account that can be wanted at once; the rule's cap leaves the best of them. */
const MAXIMUM_OFFERS = 5;

/**
 * What people should do about one group, by the rules that are switched on.
 *
 * Shape:  in order of the kinds. The ref's period is that of the as-of day, so that a run repeated for that day asks for
 *         the same tasks; due dates, and what has fallen due, go by the day of the run.
 * Errors: none. A task that nobody active could own is wanted too, so that one that stands is not closed.
 */
export function reviewsFor(group: Reviewed, staff: Staff, settings: Settings): WantedReview[] {
  const { facts } = group;
  if (facts.exclusion !== null) return [];
  return reviewKinds
    .filter((kind) => settings.review[kind].active)
    .flatMap((kind) => {
      const owner = ownerOf(kind, facts.people, staff, settings);
      const rule = settings.review[kind];
      return wishes[kind](group, settings).map(({ subject, about, urgency, dueOn }): WantedReview => {
        const words = reviewText(about, settings);
        return {
          urgency,
          owner: owner === null ? 'nobody' : owner.standsIn ? 'standsIn' : 'wanted',
          task: {
            ref: refOf(facts.groupId, kind, subject, periodOf(facts.asOf, rule.period)),
            kind,
            accountId: facts.groupId,
            ownerId: owner?.id ?? facts.people.accountOwner,
            subject: words.subject,
            description: words.description,
            dueOn: dueOn ?? addDays(facts.today, rule.dueDays),
            priority: rule.priority,
          },
        };
      });
    });
}

/** One task of a kind, before its rule is applied: what its ref names, what it says, and when it is due if not by rule. */
type Wish = { subject: string; about: ReviewAbout; urgency: number; dueOn?: IsoDate };

const wishes: Record<ReviewKind, (group: Reviewed, settings: Settings) => Wish[]> = {
  rate: ratingWishes,
  ask: ({ facts: { name, trust }, decision }) =>
    decision.nextStep.is === 'ask'
      ? [{ subject: 'customer', about: { is: 'ask', name, decision, trust }, urgency: pointsOf(decision) }]
      : [],
  reask: reaskWishes,
  grow: growWishes,
  retain: retainWishes,
  commitmentOverdue: overdueWishes,
  requalify: requalifyWishes,
  overrideExpiring: overrideWishes,
  trust: ({ facts: { name, trust }, decision }) =>
    trust === 'asksOthers' && isCaredFor(decision.tier)
      ? [{ subject: 'solution', about: { is: 'trust', name, tier: decision.tier }, urgency: pointsOf(decision) }]
      : [],
};

const pointsOf = ({ score }: Decision): number => (isKnown(score.points) ? score.points : 0);

/** Key accounts and those that could become one. */
const isCaredFor = (tier: Tier): boolean => tier === 'key' || tier === 'candidate';

/** Only what could turn the decision is asked: the strategic gate names the ratings that can. */
function ratingWishes({ facts, decision, ifRated }: Reviewed): Wish[] {
  if (decision.nextStep.is !== 'rate') return [];
  return decision.nextStep.criteria.slice(0, MAXIMUM_RATINGS).map((criterion) => ({
    subject: criterion,
    about: {
      is: 'rate',
      criterion,
      name: facts.name,
      decision,
      stood: stoodRating(facts, criterion),
      effects: effectsOf((rating) => ifRated(criterion, rating)),
    },
    urgency: pointsOf(decision),
  }));
}

/** The rating that has become too old, and since when it stands. */
function stoodRating({ ratings, rated }: GroupFacts, criterion: PeopleRated): { rating: Rating; on: IsoDate } | null {
  const [rating, on] = [ratings[criterion], rated.since[criterion]];
  return isKnown(rating) && on !== null ? { rating, on } : null;
}

/** What each answer leads to, neighbours with the same effect together. */
function effectsOf(ifRated: (rating: Rating) => Decision): RatingEffect[] {
  const effects: RatingEffect[] = [];
  for (const rating of [0, 1, 2, 3] as const) {
    const leadsTo = leadOf(ifRated(rating));
    const last = effects.at(-1);
    if (last?.leadsTo === leadsTo) last.ratings.push(rating);
    else effects.push({ ratings: [rating], leadsTo });
  }
  return effects;
}

function leadOf({ gate, gateResult }: Decision): RatingEffect['leadsTo'] {
  if (gate === 'ask') return 'in';
  if (gate !== 'strategy') return 'elsewhere';
  return gateResult === 'undecided' ? 'open' : 'out';
}

/** Asked again only where the group would still be a candidate: else a yes would change nothing. */
function reaskWishes({ facts: { name, today, trust }, decision }: Reviewed): Wish[] {
  const { nextStep, gate } = decision;
  if (nextStep.is !== 'reask' || gate !== 'ask' || (nextStep.on !== null && nextStep.on > today)) return [];
  return [
    {
      subject: nextStep.on ?? 'undated',
      about: { is: 'reask', name, decision, trust },
      urgency: pointsOf(decision),
    },
  ];
}

function growWishes({ facts: { name }, potential, decision: { segment } }: Reviewed): Wish[] {
  if (segment !== 'top' && segment !== 'development') return [];
  return potential.cells
    .filter(({ kind }) => kind === 'crossSell')
    .slice(0, MAXIMUM_OFFERS)
    .map((cell) => ({ subject: shortened(cell.family), about: { is: 'grow', cell, name }, urgency: cell.amount }));
}

/** Revenue at risk is worth a talk where it is an amount that counts, and where the customer has high revenue to lose. */
function retainWishes(
  { facts, potential: { revenueAtRisk }, decision: { segment } }: Reviewed,
  settings: Settings,
): Wish[] {
  const hasMuch = segment === 'top' || segment === 'base';
  if (!hasMuch || !isKnown(revenueAtRisk) || revenueAtRisk < settings.tasks.retainFrom) return [];
  const { name, yearlyRevenue: revenue } = facts;
  return [{ subject: 'revenue', about: { is: 'retain', name, revenueAtRisk, revenue }, urgency: revenueAtRisk }];
}

/** Promises of either side that are due and not done, in an agreement that holds. */
function overdueWishes({ facts: { name, today }, agreement }: Reviewed): Wish[] {
  if (!holds(agreement)) return [];
  return agreement.commitments.flatMap((commitment): Wish[] => {
    const { dueOn } = commitment;
    if (dueOn === null || !isLate(commitment, today)) return [];
    const about = { is: 'commitmentOverdue', name, commitment, dueOn } as const;
    return [{ subject: commitment.id, about, urgency: daysBetween(dueOn, today) }];
  });
}

const holds = (agreement: Agreement | null): agreement is Agreement =>
  agreement?.state === 'accepted' || agreement?.state === 'incubator';

const isLate = ({ dueOn, doneOn }: Commitment, today: IsoDate): boolean =>
  dueOn !== null && dueOn < today && (doneOn === null || doneOn > today);

/** The worker never dethrones a key account; it says what speaks against it and asks people to look. */
function requalifyWishes(group: Reviewed, settings: Settings): Wish[] {
  const { facts, decision } = group;
  if (decision.tier !== 'key') return [];
  const causes = requalifyCauses(group, settings);
  if (causes.length === 0) return [];
  const about = { is: 'requalify', name: facts.name, causes, decision } as const;
  return [{ subject: 'agreement', about, urgency: -pointsOf(decision) }];
}

function requalifyCauses(
  { facts: { asOf, today }, decision, agreement, rules: { lateShare, reviewMonths }, belowSince }: Reviewed,
  { tasks: { requalifyMonths } }: Settings,
): RequalifyCause[] {
  const falls = shortfalls(decision);
  const since = belowSince ?? asOf;
  const causes: RequalifyCause[] = [];
  if (falls.some(({ is }) => is !== 'acceptedNotEnough') && monthsBetween(since, asOf) + 1 >= requalifyMonths)
    causes.push({ is: 'fails', since });
  if (falls.some(({ is }) => is === 'acceptedNotEnough')) causes.push({ is: 'commitments' });
  if (agreement === null) return causes;
  const { due, late } = balanceOf(agreement, today).get;
  if (due > 0 && late / due > lateShare) causes.push({ is: 'late', late, due });
  const reviewOn = reviewDay(agreement, reviewMonths);
  if (reviewOn !== null && reviewOn <= today) causes.push({ is: 'reviewDue', on: reviewOn });
  return causes;
}

/** An override ends, or has ended: a person decides anew. */
function overrideWishes({ facts: { name, override, today } }: Reviewed, { tasks }: Settings): Wish[] {
  const until = override?.until ?? null;
  if (override === null || until === null || daysBetween(today, until) > tasks.overrideLeadDays) return [];
  const about = { is: 'overrideExpiring', name, tier: override.tier, until, hasExpired: until < today } as const;
  return [{ subject: until, about, urgency: -daysBetween(today, until), ...(until < today ? {} : { dueOn: until }) }];
}

/**
 * Keeps the open tasks of one owner and kind, and those of one account and kind, within the rule's caps.
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
  const ranked = wanted
    .filter(({ owner }) => owner !== 'nobody')
    .toSorted((a, b) => stands(b) - stands(a) || b.urgency - a.urgency || (a.task.ref < b.task.ref ? -1 : 1));
  const taken = new Map<string, number>();
  return ranked
    .filter(({ task }) => {
      const { capPerOwner, capPerAccount } = settings.review[task.kind];
      const places = [
        { place: `${task.kind}|${task.ownerId}`, cap: capPerOwner },
        { place: `${task.kind}|${task.accountId}`, cap: capPerAccount },
      ];
      if (places.some(({ place, cap }) => cap !== null && (taken.get(place) ?? 0) >= cap)) return false;
      for (const { place } of places) taken.set(place, (taken.get(place) ?? 0) + 1);
      return true;
    })
    .map(({ task }) => task);
}

/**
 * The refs of tasks that a group has had opened in periods that are not over, as its root remembers them.
 *
 * A task that a person deletes is missed by nobody else: the memory keeps it from coming back within its period.
 */
export const rememberedRefs = (groupId: RecordId, memory: string | null, asOf: IsoDate): string[] =>
  (memory ?? '')
    .split(' ')
    .filter((words) => words !== '' && !isOver(words, asOf))
    .map((words) => `KAM|${groupId}|${words}`);

/** What a root remembers: the refs without what all of them share; the oldest go where the field is full. */
export function memoryOf(refs: readonly string[]): string | null {
  const words = refs.map((ref) => ref.split('|').slice(2).join('|'));
  while (words.join(' ').length > MAXIMUM_MEMORY) words.shift();
  return words.length === 0 ? null : words.join(' ');
}

const MAXIMUM_MEMORY = 4000;

/** Whether the period at the end of a ref was over before the day. */
export function isOver(ref: string, asOf: IsoDate): boolean {
  const period = ref.slice(ref.lastIndexOf('|') + 1);
  return period < periodOf(asOf, period.includes('Q') ? 'Quarter' : period.length === 4 ? 'Year' : 'Month');
}

/** What an open task says once the worker closes it, at most as long as the field. */
export function closedDescription(
  { description }: Pick<StandingTask, 'description'>,
  today: IsoDate,
  settings: Settings,
): string {
  const note = closingNote(today, settings);
  const said = (description ?? '').slice(0, MAXIMUM_DESCRIPTION - note.length - 2);
  return said === '' ? note : `${said}\n\n${note}`;
}

const MAXIMUM_DESCRIPTION = 32_000;

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
