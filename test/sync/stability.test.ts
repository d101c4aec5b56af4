/** A programme that holds still: whatever stands in the org, one run leaves nothing for the next, and nobody is promised more than there is. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Decision } from '../../src/kam/funnel.js';
import type { Settings } from '../../src/kam/settings.js';
import { standingAfter } from '../../src/kam/standing.js';
import { assessGroups, decisionsOf, type Assessment, type Groups } from '../../src/sync/assess.js';
import { someAnchors, someRules, someStandingBook, streamedAs, type One } from '../support/someBook.js';

type Night = { decisions: Map<string, Decision>; left: One[]; assessment: Assessment };

async function night(book: readonly One[], settings: Settings): Promise<Night> {
  const groups: Groups = () => streamedAs(book);
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
    fc.asyncProperty(someStandingBook, someRules, async (book, rules) => {
      const first = await night(book, rules);
      const second = await night(first.left, rules);
      expect(second.decisions).toEqual(first.decisions);
    }),
    { numRuns: 100 },
  ));

test('law 5: the order of the groups is irrelevant', () =>
  fc.assert(
    fc.asyncProperty(someStandingBook, someRules, async (book, rules) => {
      const [one, other] = [await night(book, rules), await night(book.toReversed(), rules)];
      expect(new Map([...other.decisions].toReversed())).toEqual(one.decisions);
    }),
    { numRuns: 30 },
  ));

test('law 7: capacity and stability make no key account, and dethrone none', () =>
  fc.assert(
    fc.asyncProperty(someStandingBook, someRules, async (book, rules) => {
      const { decisions } = await night(book, rules);
      for (const { view } of book) {
        const { answer, exclusion, override } = view.facts;
        const isKey = answer.is === 'accepted' && exclusion === null && (override === null || override.tier === 'key');
        expect(decisions.get(view.facts.groupId)?.tier === 'key').toBe(isKey);
      }
    }),
    { numRuns: 30 },
  ));
