/** What was agreed with customers, group by group, and what a person should put right about it. */
import groupBy from 'lodash/groupBy.js';
import {
  answerOf,
  type Agreement,
  type AgreementProblem,
  type AgreementState,
  type Commitment,
} from '../kam/agreement.js';
import type { RecordId } from '../kam/units.js';
import type { BookNote } from './book.js';
import type { Duck, Row } from './duck.js';
import { ownWords, wordOf, type Reading } from './reading.js';
import { collect, numberOf, textOf, textOrNull, within, type Range } from './rows.js';

/** All agreements on any account of each group, with their commitments, by group number. */
export async function agreementsIn(duck: Duck, groups: Range, reading: Reading): Promise<Map<number, Agreement[]>> {
  const rows = await duck.rows(agreementQuery(within('m.group_no', groups)));
  if (rows.length === 0) return new Map();
  const lines = groupBy(await duck.rows(commitmentQuery(within('m.group_no', groups))), (row) =>
    textOf(row, 'agreement_id'),
  );
  return collect(rows, 'group_no', (row) => agreementOf(row, lines[textOf(row, 'id')] ?? [], reading));
}

const agreementQuery = (where: string): string => `
  SELECT m.group_no, a.id, a.account_id, a.state, a.wants_care, a.in_return, a.decline_reason,
    CAST(a.asked_on AS VARCHAR) AS asked_on, CAST(a.answered_on AS VARCHAR) AS answered_on,
    CAST(a.reask_on AS VARCHAR) AS reask_on, CAST(a.review_on AS VARCHAR) AS review_on
  FROM agreement AS a
  JOIN member AS m ON m.id = a.account_id AND ${where}
  ORDER BY m.group_no, a.id`;

const commitmentQuery = (where: string): string => `
  SELECT c.id, c.agreement_id, c.side, c.type, c.what, c.service, c.our_owner_id, c.their_owner,
    CAST(c.due_on AS VARCHAR) AS due_on, CAST(c.done_on AS VARCHAR) AS done_on
  FROM commitment AS c
  JOIN agreement AS a ON a.id = c.agreement_id
  JOIN member AS m ON m.id = a.account_id AND ${where}
  ORDER BY c.agreement_id, c.id`;

function agreementOf(row: Row, lines: readonly Row[], reading: Reading): Agreement {
  const { labels } = reading;
  const words = labels ?? ownWords;
  const wants = textOrNull(row, 'wants_care');
  return {
    id: textOf(row, 'id'),
    accountId: textOf(row, 'account_id'),
    state: wordOf(words.agreementState, row, 'state') ?? UNREAD,
    askedOn: textOrNull(row, 'asked_on'),
    answeredOn: textOrNull(row, 'answered_on'),
    wantsCare: wants === null ? null : wants === 'Yes',
    inReturn: textOrNull(row, 'in_return'),
    declineReason: wordOf(words.declineReason, row, 'decline_reason'),
    reaskOn: textOrNull(row, 'reask_on'),
    reviewOn: textOrNull(row, 'review_on'),
    commitments: lines.flatMap((line) => commitmentOf(line, reading) ?? []),
  };
}

/** A state that the package does not know says nothing yet; the run names it. */
const UNREAD: AgreementState = 'planned';

/** Null for a line that says neither give nor get: nobody promised it. */
function commitmentOf(row: Row, { labels }: Reading): Commitment | null {
  const words = labels ?? ownWords;
  const side = wordOf(words.side, row, 'side');
  if (side === null) return null;
  return {
    id: textOf(row, 'id'),
    side,
    type: wordOf(words.commitmentType, row, 'type'),
    ourOwner: textOrNull(row, 'our_owner_id'),
    theirOwner: textOrNull(row, 'their_owner'),
    dueOn: textOrNull(row, 'due_on'),
    doneOn: textOrNull(row, 'done_on'),
    what: textOrNull(row, 'what'),
    service: textOrNull(row, 'service'),
  };
}

type AgreementNote = Extract<
  BookNote['is'],
  'agreementsOpen' | 'agreementOnSite' | 'commitmentTooEarly' | 'trialOver' | 'agreementUnread'
>;

const NAMED = 5;

/** Notes on the agreements of the whole book, in order of their kind; there are few, whatever the size of the book. */
export async function agreementNotes(duck: Duck, reading: Reading): Promise<BookNote[]> {
  const everyGroup = { from: 0, to: Number.MAX_SAFE_INTEGER };
  const agreements = await agreementsIn(duck, everyGroup, reading);
  const roots = await rootsOf(duck, [...agreements.keys()]);
  const found: [AgreementNote, RecordId][] = [...agreements].flatMap(([groupNo, own]) =>
    answerOf(own, roots.get(groupNo) ?? '', reading.agreement, reading.asOf).problems.map(noteOf),
  );
  const known = Object.keys((reading.labels ?? ownWords).agreementState);
  for (const row of await duck.rows('SELECT id, state FROM agreement ORDER BY id')) {
    if (!known.includes(textOrNull(row, 'state') ?? '')) found.push(['agreementUnread', textOf(row, 'id')]);
  }
  const kinds = [...new Set(found.map(([is]) => is))].toSorted();
  return kinds.map((is) => {
    const ids = found.filter(([kind]) => kind === is).map(([, id]) => id);
    return { is, count: ids.length, examples: ids.toSorted().slice(0, NAMED) };
  });
}

function noteOf(problem: AgreementProblem): [AgreementNote, RecordId] {
  switch (problem.is) {
    case 'severalOpen':
      return ['agreementsOpen', problem.ids[0] ?? ''];
    case 'onSite':
      return ['agreementOnSite', problem.id];
    case 'dueBeforeAgreement':
      return ['commitmentTooEarly', problem.commitmentId];
    case 'incubatorOver':
      return ['trialOver', problem.id];
  }
}

async function rootsOf(duck: Duck, groups: readonly number[]): Promise<Map<number, RecordId>> {
  if (groups.length === 0) return new Map();
  const rows = await duck.rows(`SELECT group_no, id FROM member WHERE is_root AND group_no IN (${groups.join(', ')})`);
  return new Map(rows.map((row) => [numberOf(row, 'group_no'), textOf(row, 'id')]));
}
