/** What the customer answered when asked for the give and get of key account care (step 3), and what both sides promised. */
import { addMonths } from './calendar.js';
import type { IsoDate, RecordId } from './units.js';

/** How far the talk with the customer has come; people move it, the worker never does. */
export const agreementStates = ['planned', 'asked', 'accepted', 'declined', 'noAnswer', 'incubator', 'ended'] as const;
export type AgreementState = (typeof agreementStates)[number];

/** Why a customer declined. */
export const declineReasons = [
  'supplierOnly',
  'priceOnly',
  'timing',
  'contactTooLow',
  'competitorPreferred',
  'compliance',
] as const;
export type DeclineReason = (typeof declineReasons)[number];

/** What a side can give; the three kinds of access are what the method asks for first. */
export const commitmentTypes = [
  'accessToCountries',
  'accessToSites',
  'accessToPeople',
  'jointStrategy',
  'jointMarketing',
  'development',
  'volume',
  'earlyProduct',
  'dataTransparency',
] as const;
export type CommitmentType = (typeof commitmentTypes)[number];

const accessTypes: readonly CommitmentType[] = ['accessToCountries', 'accessToSites', 'accessToPeople'];

/** What opens doors: countries, sites or people. */
export const isAccess = (type: CommitmentType): boolean => accessTypes.includes(type);

/** One line of the give and get: `give` is what we promise, `get` what the customer does. */
export type Commitment = {
  id: RecordId;
  side: 'give' | 'get';
  type: CommitmentType | null;
  /** The person on our side and the one on the customer's, by name or id. */
  ourOwner: string | null;
  theirOwner: string | null;
  dueOn: IsoDate | null;
  doneOn: IsoDate | null;
  what: string | null;
  /** For a give: the key of the benefit in the service catalogue. */
  service: string | null;
};

export type Agreement = {
  id: RecordId;
  /** The account that it was entered on; it counts for the whole group. */
  accountId: RecordId;
  state: AgreementState;
  askedOn: IsoDate | null;
  answeredOn: IsoDate | null;
  /** Question 1: does the customer want the care? */
  wantsCare: boolean | null;
  /** Question 2, in the customer's words: what does he give in return? */
  inReturn: string | null;
  declineReason: DeclineReason | null;
  reaskOn: IsoDate | null;
  reviewOn: IsoDate | null;
  commitments: Commitment[];
};

/** What an agreement still lacks to make a key account. */
export type AgreementGap =
  | { is: 'doesNotWant' }
  | { is: 'gets'; has: number; needs: number }
  | { is: 'access'; has: number; needs: number }
  | { is: 'withoutPerson'; count: number }
  | { is: 'withoutDate'; count: number };

export type Answer =
  /** `missing` is empty where the customer gives enough. */
  | { is: 'accepted'; on: IsoDate | null; missing: AgreementGap[] }
  | { is: 'declined'; on: IsoDate | null; reason: DeclineReason | null; reaskOn: IsoDate | null }
  | { is: 'asked'; on: IsoDate | null }
  | { is: 'noAnswer'; on: IsoDate | null }
  /** On trial with limited resources; over by `until`. */
  | { is: 'incubator'; on: IsoDate | null; until: IsoDate | null }
  | { is: 'notAsked' };

/** Something about a group's agreements that a person should put right; it never stops a run. */
export type AgreementProblem =
  | { is: 'severalOpen'; ids: RecordId[] }
  | { is: 'onSite'; id: RecordId; accountId: RecordId }
  | { is: 'dueBeforeAgreement'; id: RecordId; commitmentId: RecordId }
  | { is: 'incubatorOver'; id: RecordId; until: IsoDate };

/** What an agreement needs to make a key account, and how long answers hold. */
export type AgreementRules = {
  minimumGets: number;
  minimumAccess: number;
  reaskMonths: number;
  incubatorMonths: number;
};

/**
 * What a group's agreements say together, and the one that says it.
 *
 * Shape:  an accepted agreement comes before one on trial, that before an open question, that before what is over
 *         (declined, no answer, ended); a plan to ask changes nothing yet. Then the latest word counts, then the id.
 * Errors: none; what a person should put right comes back as problems, in order of id.
 * Source: Milz 2022, step 3 (“do ut des”); the minimum of commitments is our choice and a setting.
 */
export function answerOf(
  agreements: readonly Agreement[],
  rootId: RecordId,
  rules: AgreementRules,
  asOf: IsoDate,
): { answer: Answer; agreement: Agreement | null; problems: AgreementProblem[] } {
  const [counts = null] = agreements.toSorted(
    (a, b) =>
      rankOf(a.state) - rankOf(b.state) ||
      (lastWordOf(a) < lastWordOf(b) ? 1 : lastWordOf(a) > lastWordOf(b) ? -1 : 0) ||
      (a.id < b.id ? -1 : 1),
  );
  return {
    answer: counts === null ? { is: 'notAsked' } : answerIn(counts, rules),
    agreement: counts,
    problems: problemsIn(agreements, rootId, rules, asOf),
  };
}

const openStates: readonly AgreementState[] = ['planned', 'asked', 'accepted', 'incubator'];

function rankOf(state: AgreementState): number {
  switch (state) {
    case 'accepted':
      return 0;
    case 'incubator':
      return 1;
    case 'asked':
      return 2;
    case 'declined':
    case 'noAnswer':
    case 'ended':
      return 3;
    case 'planned':
      return 4;
  }
}

const lastWordOf = ({ answeredOn, askedOn }: Agreement): IsoDate => answeredOn ?? askedOn ?? '';

function answerIn(agreement: Agreement, rules: AgreementRules): Answer {
  const { state, askedOn, answeredOn, declineReason, reaskOn } = agreement;
  const on = answeredOn ?? askedOn;
  switch (state) {
    case 'planned':
    case 'ended':
      return { is: 'notAsked' };
    case 'asked':
      return { is: 'asked', on: askedOn };
    case 'noAnswer':
      return { is: 'noAnswer', on: askedOn };
    case 'incubator':
      return { is: 'incubator', on, until: incubatorEnd(agreement, rules) };
    case 'accepted':
      return { is: 'accepted', on, missing: gapsIn(agreement, rules) };
    case 'declined':
      return {
        is: 'declined',
        on,
        reason: declineReason,
        reaskOn: reaskOn ?? (on === null ? null : addMonths(on, rules.reaskMonths)),
      };
  }
}

const incubatorEnd = ({ answeredOn, askedOn }: Agreement, { incubatorMonths }: AgreementRules): IsoDate | null => {
  const since = answeredOn ?? askedOn;
  return since === null ? null : addMonths(since, incubatorMonths);
};

/** Gets that count: of a type, with a named person on the customer's side and a date that the agreement can hold. */
function gapsIn(agreement: Agreement, rules: AgreementRules): AgreementGap[] {
  const gets = agreement.commitments.filter(({ side, type }) => side === 'get' && type !== null);
  const named = gets.filter(({ theirOwner }) => theirOwner !== null && theirOwner.trim() !== '');
  const dated = gets.filter((get) => get.dueOn !== null && !isDueBefore(get, agreement));
  const whole = named.filter((get) => dated.includes(get));
  const access = whole.filter(({ type }) => type !== null && isAccess(type));
  const lacksGets = whole.length < rules.minimumGets;
  const lacksAccess = access.length < rules.minimumAccess;
  const gaps: AgreementGap[] = [];
  if (agreement.wantsCare === false) gaps.push({ is: 'doesNotWant' });
  if (lacksGets) gaps.push({ is: 'gets', has: whole.length, needs: rules.minimumGets });
  if (lacksAccess) gaps.push({ is: 'access', has: access.length, needs: rules.minimumAccess });
  // A line that lacks its person or date matters only where it could close a gap.
  if (lacksGets || lacksAccess) {
    if (named.length < gets.length) gaps.push({ is: 'withoutPerson', count: gets.length - named.length });
    if (dated.length < gets.length) gaps.push({ is: 'withoutDate', count: gets.length - dated.length });
  }
  return gaps;
}

const isDueBefore = ({ dueOn }: Commitment, { answeredOn, askedOn }: Agreement): boolean => {
  const since = answeredOn ?? askedOn;
  return dueOn !== null && since !== null && dueOn < since;
};

function problemsIn(
  agreements: readonly Agreement[],
  rootId: RecordId,
  rules: AgreementRules,
  asOf: IsoDate,
): AgreementProblem[] {
  const sorted = agreements.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const open = sorted.filter(({ state }) => openStates.includes(state));
  return [
    ...(open.length > 1 ? [{ is: 'severalOpen', ids: open.map(({ id }) => id) } as const] : []),
    ...sorted.flatMap((agreement): AgreementProblem[] => {
      const { id, accountId, state, commitments } = agreement;
      const until = state === 'incubator' ? incubatorEnd(agreement, rules) : null;
      return [
        ...(accountId === rootId ? [] : [{ is: 'onSite', id, accountId } as const]),
        ...commitments
          .filter((commitment) => isDueBefore(commitment, agreement))
          .map(({ id: commitmentId }) => ({ is: 'dueBeforeAgreement', id, commitmentId }) as const),
        ...(until !== null && until < asOf ? [{ is: 'incubatorOver', id, until } as const] : []),
      ];
    }),
  ];
}

/** The day on which an agreement is to be looked at again: as agreed, or some months after the customer's answer. */
export function reviewDay({ state, reviewOn, answeredOn, askedOn }: Agreement, months: number): IsoDate | null {
  if (state !== 'accepted') return null;
  const since = answeredOn ?? askedOn;
  return reviewOn ?? (since === null ? null : addMonths(since, months));
}

/** How the two sides keep their promises at a day. */
export type Balance = Record<'give' | 'get', { promised: number; due: number; done: number; late: number }>;

/** Counts of both sides; `late` is due before the day and not done by it. */
export function balanceOf({ commitments }: Agreement, asOf: IsoDate): Balance {
  const of = (side: 'give' | 'get'): Balance['give'] => {
    const lines = commitments.filter((line) => line.side === side);
    const isDone = ({ doneOn }: Commitment): boolean => doneOn !== null && doneOn <= asOf;
    const due = lines.filter(({ dueOn }) => dueOn !== null && dueOn < asOf);
    return {
      promised: lines.length,
      due: due.length,
      done: lines.filter(isDone).length,
      late: due.filter((line) => !isDone(line)).length,
    };
  };
  return { give: of('give'), get: of('get') };
}
