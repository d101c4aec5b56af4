/** Robustness is what the whole assessment says under each drawn set of weights: the short way against the long one. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { GroupView } from '../../src/book/book.js';
import { scoreCriteria, strategyCriteria } from '../../src/kam/criteria.js';
import { drawsFrom } from '../../src/kam/random.js';
import { contestantOf, robustnessOf, type Contestant } from '../../src/kam/robustness.js';
import type { Settings } from '../../src/kam/settings.js';
import type { Fraction, RecordId } from '../../src/kam/units.js';
import { assessGroups, decisionsOf, type Groups } from '../../src/sync/assess.js';
import { someAnchors, someSettings, someViews, streamed } from '../support/someBook.js';

const TRIALS = 8;
const SEED = 7;

async function candidates(list: readonly GroupView[], with_: Settings): Promise<RecordId[]> {
  const groups: Groups = () => streamed(list);
  const found: RecordId[] = [];
  for await (const batch of decisionsOf(groups, with_, await assessGroups(groups, with_, someAnchors))) {
    found.push(
      ...batch.filter(({ decision }) => decision.tier === 'candidate').map(({ decision }) => decision.groupId),
    );
  }
  return found;
}

/** Each trial in full: settings with every weight drawn anew, and the whole assessment on them. */
async function theLongWay(list: readonly GroupView[], base: Settings): Promise<Map<RecordId, Fraction>> {
  const draw = drawsFrom(SEED);
  const counts = new Map<RecordId, number>();
  for (let trial = 0; trial < TRIALS; trial += 1) {
    const drawn = structuredClone(base);
    for (const name of [...scoreCriteria, ...strategyCriteria]) drawn.criterion[name].weight *= 0.8 + 0.4 * draw();
    for (const id of await candidates(list, drawn)) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return new Map([...counts].map(([id, count]) => [id, count / TRIALS]));
}

async function theShortWay(list: readonly GroupView[], base: Settings): Promise<Map<RecordId, Fraction>> {
  const uncapped = { ...base, score: { ...base.score, capacity: null } };
  const groups: Groups = () => streamed(list);
  const contestants: Contestant[] = [];
  for await (const batch of decisionsOf(groups, uncapped, await assessGroups(groups, uncapped, someAnchors))) {
    for (const { view: of, decision } of batch) {
      const contestant = contestantOf(of.facts, decision, base);
      if (contestant !== null) contestants.push(contestant);
    }
  }
  const found = robustnessOf(contestants.toReversed(), base, drawsFrom(SEED), TRIALS);
  return new Map([...found].filter(([, share]) => share > 0));
}

test('for any book and any settings', () =>
  fc.assert(
    fc.asyncProperty(someViews, someSettings, async (list, base) => {
      expect(sorted(await theShortWay(list, base))).toEqual(sorted(await theLongWay(list, base)));
    }),
    { numRuns: 40 },
  ));

test('and scaling all weights changes nothing', () =>
  fc.assert(
    fc.asyncProperty(someViews, someSettings, async (list, base) => {
      const doubled = structuredClone(base);
      for (const name of [...scoreCriteria, ...strategyCriteria]) doubled.criterion[name].weight *= 2;
      expect(sorted(await theShortWay(list, doubled))).toEqual(sorted(await theShortWay(list, base)));
    }),
  ));

const sorted = (shares: Map<RecordId, Fraction>): [RecordId, Fraction][] =>
  [...shares].toSorted(([a], [b]) => (a < b ? -1 : 1));
