/** A programme that holds still: whatever stands in the org, one run leaves nothing for the next, and nobody is promised more than there is. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { GroupView } from '../../src/book/book.js';
import type { Decision, Gate, GateResult, Segment, StandingDecision, Tier } from '../../src/kam/funnel.js';
import type { Settings } from '../../src/kam/settings.js';
import { standingAfter } from '../../src/kam/standing.js';
import { assessGroups, decisionsOf, type Assessment, type Groups } from '../../src/sync/assess.js';
import { noStanding, ownerId } from '../support/builders.js';
import { someAnchors, someSettings, someViews } from '../support/someBook.js';

type One = { view: GroupView; standing: StandingDecision };

/** Where groups can stand: most in or before the programme, some since this quarter, some for long. */
const standings: fc.Arbitrary<StandingDecision[]> = fc.array(
  fc.oneof(
    { weight: 1, arbitrary: fc.constant(noStanding) },
    {
      weight: 8,
      arbitrary: fc.record({
        tier: fc.constantFrom<Tier[]>('candidate', 'candidate', 'candidate', 'standard', 'standard', 'large', 'key'),
        segment: fc.constantFrom<Segment[]>('top', 'base', 'development', 'small'),
        gate: fc.constantFrom<Gate[]>('ask', 'ask', 'score', 'strategy', 'segment'),
        gateResult: fc.constantFrom<GateResult[]>('open', 'failed', 'undecided', 'passed'),
        // Today is 24 November: held for the minimum stay, moved in this quarter only, neither.
        tierSince: fc.constantFrom('2026-11-20', '2026-10-02', '2026-08-30', '2026-03-01', null),
        belowSince: fc.constantFrom(null, null, '2026-09-30'),
      }),
    },
  ),
  { minLength: 12, maxLength: 12 },
);

/** What people did to the groups of a book: who looks after them, and when they rated them. */
const people = fc.array(
  fc.record({
    manager: fc.constantFrom(null, ownerId(1), ownerId(2)),
    ratedOn: fc.constantFrom(null, null, '2026-11-24', '2026-11-20'),
  }),
  { minLength: 12, maxLength: 12 },
);

const someBook: fc.Arbitrary<One[]> = fc.tuple(someViews, standings, people).map(([views, stands, did]) =>
  views.map((view, n) => {
    const { manager, ratedOn } = did[n] ?? { manager: null, ratedOn: null };
    const facts = {
      ...view.facts,
      rated: { ...view.facts.rated, on: ratedOn },
      people: { ...view.facts.people, manager },
    };
    return { view: { ...view, facts }, standing: stands[n] ?? noStanding };
  }),
);

const someRules: fc.Arbitrary<Settings> = fc
  .record({
    settings: someSettings,
    hysteresis: fc.constantFrom(0, 3, 10),
    perManager: fc.constantFrom(null, 1, 2, 4),
    stability: fc.record({
      minimumStayMonths: fc.constantFrom(0, 1, 3),
      movesPerQuarter: fc.constantFrom(0, 0.25, 0.5, null),
    }),
  })
  .map(({ settings, hysteresis, perManager, stability }) => ({
    ...settings,
    score: { ...settings.score, hysteresis },
    capacity: { ...settings.capacity, perManager },
    stability,
  }));

type Night = { decisions: Map<string, Decision>; left: One[]; assessment: Assessment };

async function night(book: readonly One[], settings: Settings): Promise<Night> {
  const groups: Groups = async function* () {
    for (const one of book) yield await Promise.resolve([one]);
  };
  const assessment = await assessGroups(groups, settings, someAnchors);
  const decisions = new Map<string, Decision>();
  for await (const batch of decisionsOf(groups, settings, assessment))
    for (const { decision } of batch) decisions.set(decision.groupId, decision);
  const left = book.map(({ view, standing }) => {
    const decision = decisions.get(view.facts.groupId);
    if (decision === undefined) throw new Error('A group is lost.');
    return { view, standing: standingAfter(decision, standing, view.facts) };
  });
  return { decisions, left, assessment };
}

test('law 1: what one night decides, the next decides again, to the last word', () =>
  fc.assert(
    fc.asyncProperty(someBook, someRules, async (book, rules) => {
      const first = await night(book, rules);
      const second = await night(first.left, rules);
      expect(second.decisions).toEqual(first.decisions);
    }),
    { numRuns: 150 },
  ));

test('law 5: the order of the groups is irrelevant', () =>
  fc.assert(
    fc.asyncProperty(someBook, someRules, async (book, rules) => {
      const [one, other] = [await night(book, rules), await night(book.toReversed(), rules)];
      expect(new Map([...other.decisions].toReversed())).toEqual(one.decisions);
    }),
    { numRuns: 50 },
  ));

test('law 7: capacity and stability make no key account, and dethrone none', () =>
  fc.assert(
    fc.asyncProperty(someBook, someRules, async (book, rules) => {
      const { decisions } = await night(book, rules);
      for (const { view } of book) {
        const { answer, exclusion, override } = view.facts;
        const isKey = answer.is === 'accepted' && exclusion === null && (override === null || override.tier === 'key');
        expect(decisions.get(view.facts.groupId)?.tier === 'key').toBe(isKey);
      }
    }),
    { numRuns: 50 },
  ));
