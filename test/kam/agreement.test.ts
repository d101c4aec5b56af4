/** What agreements say: who counts, what is missing, and what a person should put right. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  agreementStates,
  answerOf,
  balanceOf,
  type Agreement,
  type AgreementRules,
  type Commitment,
} from '../../src/kam/agreement.js';
import { accountId } from '../support/builders.js';

const root = accountId(1);
const asOf = '2026-10-31';
const rules: AgreementRules = { minimumGets: 3, minimumAccess: 1, reaskMonths: 12, incubatorMonths: 12 };

const aGet = (changes: Partial<Commitment> = {}): Commitment => ({
  id: 'C1',
  side: 'get',
  type: 'jointStrategy',
  service: null,
  ourOwner: 'Owner',
  theirOwner: 'Buyer',
  dueOn: '2027-01-31',
  doneOn: null,
  what: null,
  ...changes,
});

const anAgreement = (changes: Partial<Agreement> = {}): Agreement => ({
  id: 'G1',
  accountId: root,
  state: 'accepted',
  askedOn: '2026-08-01',
  answeredOn: '2026-09-01',
  wantsCare: true,
  inReturn: null,
  declineReason: null,
  reaskOn: null,
  reviewOn: null,
  commitments: [aGet({ id: 'C1', type: 'accessToSites' }), aGet({ id: 'C2' }), aGet({ id: 'C3' })],
  ...changes,
});

const said = (...agreements: Agreement[]): ReturnType<typeof answerOf> => answerOf(agreements, root, rules, asOf);

describe('what counts', () => {
  test('without an agreement the customer has not been asked', () => {
    expect(said()).toEqual({ answer: { is: 'notAsked' }, agreement: null, problems: [] });
  });

  test('three gets, one of them access, each with a person and a date, are enough', () => {
    expect(said(anAgreement()).answer).toEqual({ is: 'accepted', on: '2026-09-01', missing: [] });
  });

  test('a promise of ours is no get', () => {
    const gives = anAgreement().commitments.map((line) => ({ ...line, side: 'give' as const }));
    expect(said(anAgreement({ commitments: gives })).answer).toMatchObject({
      missing: [
        { is: 'gets', has: 0, needs: 3 },
        { is: 'access', has: 0, needs: 1 },
      ],
    });
  });

  test('a get without a person or a date does not count, and says so', () => {
    const commitments = [
      aGet({ id: 'C1', type: 'accessToPeople', theirOwner: ' ' }),
      aGet({ id: 'C2', dueOn: null }),
      aGet({ id: 'C3' }),
    ];
    expect(said(anAgreement({ commitments })).answer).toMatchObject({
      missing: [
        { is: 'gets', has: 1, needs: 3 },
        { is: 'access', has: 0, needs: 1 },
        { is: 'withoutPerson', count: 1 },
        { is: 'withoutDate', count: 1 },
      ],
    });
  });

  test('where enough is promised, one more line without a date is no gap', () => {
    const commitments = [...anAgreement().commitments, aGet({ id: 'C4', dueOn: null })];
    expect(said(anAgreement({ commitments })).answer).toMatchObject({ missing: [] });
  });

  test('a customer who accepts but does not want the care has not accepted', () => {
    expect(said(anAgreement({ wantsCare: false })).answer).toMatchObject({ missing: [{ is: 'doesNotWant' }] });
  });

  test('a decline without a date to ask again is asked again after a year', () => {
    const declined = anAgreement({ state: 'declined', declineReason: 'timing' });
    expect(said(declined).answer).toEqual({
      is: 'declined',
      on: '2026-09-01',
      reason: 'timing',
      reaskOn: '2027-09-01',
    });
    expect(said({ ...declined, reaskOn: '2026-12-01' }).answer).toMatchObject({ reaskOn: '2026-12-01' });
  });

  test('a trial runs for a year from the answer', () => {
    expect(said(anAgreement({ state: 'incubator' })).answer).toEqual({
      is: 'incubator',
      on: '2026-09-01',
      until: '2027-09-01',
    });
  });

  test('a plan to ask leaves an earlier decline standing', () => {
    const declined = anAgreement({ state: 'declined' });
    const planned = anAgreement({ id: 'G2', state: 'planned', askedOn: null, answeredOn: null });
    expect(said(planned, declined).answer.is).toBe('declined');
    expect(said(planned).answer.is).toBe('notAsked');
  });

  test('a decline after an agreement that ended is the last word', () => {
    const ended = anAgreement({ id: 'G1', state: 'ended', answeredOn: '2025-01-01' });
    const declined = anAgreement({ id: 'G2', state: 'declined', answeredOn: '2026-01-01' });
    expect(said(ended, declined).answer.is).toBe('declined');
    expect(said({ ...ended, answeredOn: '2026-02-01' }, declined).answer.is).toBe('notAsked');
  });
});

describe('what a person should put right', () => {
  test('two open agreements are named, and the accepted one counts', () => {
    const asked = anAgreement({ id: 'G0', state: 'asked', answeredOn: null });
    const { agreement, problems } = said(asked, anAgreement());
    expect(agreement?.id).toBe('G1');
    expect(problems).toEqual([{ is: 'severalOpen', ids: ['G0', 'G1'] }]);
  });

  test('an agreement on a site counts for the group and is named', () => {
    const { answer, problems } = said(anAgreement({ accountId: accountId(2) }));
    expect(answer.is).toBe('accepted');
    expect(problems).toEqual([{ is: 'onSite', id: 'G1', accountId: accountId(2) }]);
  });

  test('a commitment due before the agreement is named and does not count', () => {
    const commitments = [aGet({ id: 'C1', type: 'accessToSites', dueOn: '2026-08-31' }), aGet(), aGet()];
    const { answer, problems } = said(anAgreement({ commitments }));
    expect(answer).toMatchObject({ missing: [{ has: 2 }, { is: 'access', has: 0 }, { is: 'withoutDate', count: 1 }] });
    expect(problems).toEqual([{ is: 'dueBeforeAgreement', id: 'G1', commitmentId: 'C1' }]);
  });

  test('a trial that is over is named', () => {
    const trial = anAgreement({ state: 'incubator', answeredOn: '2025-10-30' });
    expect(said(trial).problems).toEqual([{ is: 'incubatorOver', id: 'G1', until: '2026-10-30' }]);
    expect(said({ ...trial, answeredOn: '2025-10-31' }).problems).toEqual([]);
  });
});

test('due yesterday and not done is late; due today is not', () => {
  const commitments = [
    aGet({ dueOn: '2026-10-30' }),
    aGet({ dueOn: '2026-10-31' }),
    aGet({ dueOn: '2026-10-01', doneOn: '2026-10-05' }),
    aGet({ side: 'give', dueOn: '2026-12-01' }),
  ];
  expect(balanceOf(anAgreement({ commitments }), asOf)).toEqual({
    give: { promised: 1, due: 0, done: 0, late: 0 },
    get: { promised: 3, due: 2, done: 1, late: 1 },
  });
});

test('the order of agreements decides nothing', () => {
  const someAgreement = fc.record({
    id: fc.constantFrom('G1', 'G2', 'G3', 'G4'),
    state: fc.constantFrom(...agreementStates),
    answeredOn: fc.constantFrom(null, '2026-01-01', '2026-02-01'),
  });
  fc.assert(
    fc.property(fc.uniqueArray(someAgreement, { selector: ({ id }) => id }), (changes) => {
      const agreements = changes.map((change) => anAgreement(change));
      expect(said(...agreements.toReversed())).toEqual(said(...agreements));
    }),
  );
});
