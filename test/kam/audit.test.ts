/** Labels against the funnel, on a top customer with 100,000 a year and 50,000 more to win. */
import { describe, expect, test } from 'vitest';
import {
  findingsIn,
  isOnlyBuying,
  type AuditedGroup,
  type Finding,
  type LabelledAccount,
  type Work,
} from '../../src/kam/audit.js';
import type { GroupFacts } from '../../src/kam/facts.js';
import type { GroupPotential } from '../../src/kam/potential.js';
import { unknown } from '../../src/kam/unknown.js';
import { accountId, aGroup, aPotential, decided, euros } from '../support/builders.js';

const idle: Work = { openOpportunities: 0, lastWon: null, lastContact: null, isPlanned: false };
const root = (label: string | null): LabelledAccount => ({ accountId: accountId(1), name: 'Alpha', label });
const site = (label: string | null): LabelledAccount => ({ accountId: accountId(2), name: 'Alpha France', label });

/** Rated so that the strategic gate is passed; the score of 50 exceeds 40, and not 60. */
const strategic: Partial<GroupFacts> = { ratings: { referenceCustomer: 3, opinionLeader: 0 } };
const agreed: GroupFacts['answer'] = { is: 'accepted', on: '2026-10-01', missing: [] };
const passing = { score: { threshold: 40 } };

type Case = {
  facts?: Partial<GroupFacts>;
  potential?: Partial<GroupPotential>;
  settings?: object;
  accounts?: LabelledAccount[];
  work?: Partial<Work>;
  isInTalk?: boolean;
};

function audited({
  facts = {},
  potential = {},
  settings = {},
  accounts,
  work = {},
  isInTalk = false,
}: Case): AuditedGroup {
  return {
    facts: aGroup(facts),
    potential: aPotential(potential),
    decision: decided(facts, { potential, settings }),
    accounts: accounts ?? [root('Key Account')],
    work: { ...idle, ...work },
    isInTalk,
  };
}

const findings = (group: Case, months = 6): Finding[] => findingsIn(audited(group), { months });
const kinds = (group: Case, months = 6): string[] => findings(group, months).map(({ is }) => is);

describe('a labelled customer', () => {
  test('whose score is not exceeded is a false key account, with the score and no other finding', () => {
    const [found, ...others] = findings({ facts: strategic, settings: { score: { threshold: 60 } } });
    expect(others).toEqual([]);
    expect(found).toMatchObject({
      is: 'falseKey',
      revenue: euros(100_000),
      potential: euros(50_000),
      because: [{ is: 'scoreNotExceeded', points: 50, threshold: 60 }],
    });
  });

  test('that is small is a false key account by its segment', () => {
    const small = { facts: { yearlyRevenue: euros(10_000) }, potential: { additional: euros(1_000) } };
    expect(findings(small)).toMatchObject([{ is: 'falseKey', because: [{ is: 'segment', segment: 'small' }] }]);
  });

  test('that is a base customer and fails the score is told both', () => {
    const base = { facts: strategic, potential: { additional: euros(1_000) }, settings: { score: { threshold: 60 } } };
    expect(findings(base)).toMatchObject([
      { is: 'falseKey', because: [{ is: 'scoreNotExceeded' }, { is: 'segment', segment: 'base' }] },
    ]);
  });

  test('whom a person has excluded is a false key account', () => {
    const excluded = { facts: { exclusion: { reason: 'out of scope' } } };
    expect(findings(excluded)).toMatchObject([
      { is: 'falseKey', because: [{ is: 'excluded', reason: 'out of scope' }] },
    ]);
  });

  test('whose gate only ratings can decide is not false, but lacks an agreement', () => {
    expect(findings({ settings: passing })).toMatchObject([
      { is: 'withoutAgreement', because: [{ is: 'notAsked' }, { is: 'strategyUndecided' }, { is: 'scoreExceeded' }] },
    ]);
  });

  test('whose segment is unknown is not false', () => {
    expect(kinds({ facts: { yearlyRevenue: unknown('noSales') } })).toEqual(['withoutAgreement']);
  });

  test('that passes all gates lacks an agreement, whatever it answered, until it accepts', () => {
    const answering = (answer: GroupFacts['answer']): Finding[] =>
      findings({ facts: { ...strategic, answer }, settings: passing });
    const exceeded = { is: 'scoreExceeded', points: 50, threshold: 40 };
    const lacking = (answer: object): object[] => [{ is: 'withoutAgreement', because: [answer, exceeded] }];
    expect(answering({ is: 'notAsked' })).toMatchObject(lacking({ is: 'notAsked' }));
    expect(answering({ is: 'asked', on: '2026-10-01' })).toMatchObject(lacking({ is: 'asked', on: '2026-10-01' }));
    expect(answering({ is: 'declined', on: '2026-10-01', reason: 'timing', reaskOn: '2027-10-01' })).toMatchObject(
      lacking({ is: 'declined', reason: 'timing' }),
    );
    const tooLittle = [{ is: 'gets', has: 1, needs: 3 } as const];
    expect(answering({ is: 'accepted', on: '2026-10-01', missing: tooLittle })).toMatchObject(
      lacking({ is: 'acceptedNotEnough' }),
    );
    expect(answering(agreed)).toEqual([]);
  });

  test('that has agreed is no false key account, even where its score falls', () => {
    expect(kinds({ facts: { ...strategic, answer: agreed }, settings: { score: { threshold: 60 } } })).toEqual([]);
  });
});

describe('a group whose accounts are labelled differently', () => {
  test('says which carry the label, and whether the top does', () => {
    const facts = { ...strategic, answer: agreed };
    expect(findings({ facts, accounts: [root(null), site('Key Account')] })).toMatchObject([
      { is: 'labelledApart', isRootLabelled: false, accounts: [{ label: null }, { label: 'Key Account' }] },
    ]);
    expect(findings({ facts, accounts: [root('Key Account'), site(null)] })).toMatchObject([
      { is: 'labelledApart', isRootLabelled: true },
    ]);
    expect(kinds({ facts, accounts: [root('Key Account'), site('Strategic')] })).toEqual([]);
  });

  test('is labelled as a whole by one account, so that it is held against the funnel too', () => {
    const accounts = [root(null), site('Key Account')];
    expect(kinds({ facts: strategic, settings: { score: { threshold: 60 } }, accounts })).toEqual([
      'falseKey',
      'labelledApart',
    ]);
  });
});

describe('a customer without the label', () => {
  const unlabelled = [root(null), site(null)];

  test('with much additional potential and nothing under way is hidden, and told when it last bought', () => {
    expect(findings({ accounts: unlabelled, work: { lastWon: '2026-05-23' } })).toMatchObject([
      { is: 'hidden', lastWon: '2026-05-23', because: [{ is: 'segment', segment: 'top' }] },
    ]);
  });

  test('with little additional potential, excluded by a person, or a key account by agreement is not hidden', () => {
    expect(kinds({ accounts: unlabelled, potential: { additional: euros(1_000) } })).toEqual([]);
    expect(kinds({ accounts: unlabelled, facts: { exclusion: { reason: null } } })).toEqual([]);
    expect(kinds({ accounts: unlabelled, facts: { ...strategic, answer: agreed } })).toEqual([]);
  });

  test.each<[string, Pick<Case, 'work' | 'isInTalk'>]>([
    ['an open opportunity', { work: { openOpportunities: 1 } }],
    ['a target or next step', { work: { isPlanned: true } }],
    ['a talk about an agreement', { isInTalk: true }],
    ['an opportunity won within six months', { work: { lastWon: '2026-05-25' } }],
    ['a visit within six months', { work: { lastContact: '2026-05-25' } }],
  ])('is worked by %s', (_, signs) => {
    expect(kinds({ accounts: unlabelled, ...signs })).toEqual([]);
  });

  test('is hidden from the day on which what was won lies six months back', () => {
    expect(kinds({ accounts: unlabelled, work: { lastWon: '2026-05-24' } })).toEqual(['hidden']);
    expect(kinds({ accounts: unlabelled, work: { lastContact: '2026-05-24' } })).toEqual(['hidden']);
  });

  test('is hidden in spite of anything won or visited where that shall not count', () => {
    const recent = { lastWon: '2026-11-23', lastContact: '2026-11-23' };
    expect(kinds({ accounts: unlabelled, work: recent }, 0)).toEqual(['hidden']);
  });

  test('that would be hidden but for an opportunity won only buys', () => {
    const only = (group: Case): boolean => isOnlyBuying(audited({ accounts: unlabelled, ...group }), { months: 6 });
    expect(only({ work: { lastWon: '2026-10-01' } })).toBe(true);
    expect(only({ work: { lastWon: '2026-10-01', openOpportunities: 1 } })).toBe(false);
    expect(only({ work: { lastWon: '2026-01-01' } })).toBe(false);
    expect(only({ work: { lastWon: '2026-10-01' }, accounts: [root('Key Account')] })).toBe(false);
  });
});
