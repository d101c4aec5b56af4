/** Whatever settings are changed to: who moves is told why, and who does not move is not named. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { moveOf, type Side } from '../../src/kam/effect.js';
import type { Settings } from '../../src/kam/settings.js';
import { assessGroups, decisionsOf, type Groups } from '../../src/sync/assess.js';
import { someAnchors, someRules, someStandingBook, streamedAs, type One } from '../support/someBook.js';

async function sides(list: readonly One[], settings: Settings): Promise<Side[]> {
  const groups: Groups = () => streamedAs(list);
  const assessment = await assessGroups(groups, settings, someAnchors);
  const found: Side[] = [];
  for await (const batch of decisionsOf(groups, settings, assessment)) {
    for (const { view, decision } of batch) {
      const rank = assessment.programme.ranks.get(decision.groupId) ?? null;
      found.push({ facts: view.facts, potential: view.potential, decision, lines: assessment.lines, rank, settings });
    }
  }
  return found;
}

/** Lines elsewhere, other needs of the strategic gate, and more or fewer known weights. */
const otherLines = fc.record({
  revenueLine: fc.constantFrom(0, 3_000_000, 5_000_000, 9_000_000),
  potentialLine: fc.constantFrom(0, 3_000_000, 5_000_000, 9_000_000),
  minimumMean: fc.constantFrom(0.2, 0.5, 0.7),
  oneIsEnough: fc.boolean(),
  minimumConfidence: fc.constantFrom(0, 0.5, 0.9),
});

test('a group that moves has a cause, and one that stands as before has no move', () =>
  fc.assert(
    fc.asyncProperty(someStandingBook, someRules, someRules, otherLines, async (list, before, other, lines) => {
      const { revenueLine, potentialLine, minimumMean, oneIsEnough, minimumConfidence } = lines;
      const after: Settings = {
        ...other,
        segment: { ...other.segment, revenueLine, potentialLine },
        strategy: { ...other.strategy, minimumMean, oneIsEnough },
        score: { ...other.score, minimumConfidence },
      };
      const [now, then] = [await sides(list, before), await sides(list, after)];
      for (const [index, first] of now.entries()) {
        const second = then[index];
        if (second === undefined) throw new Error('A group is lost.');
        const move = moveOf(first, second);
        const stand = ({ decision: { segment, tier, gate, gateResult } }: Side) => ({
          segment,
          tier,
          gate,
          gateResult,
        });
        if (move === null) expect(stand(second)).toEqual(stand(first));
        else expect(move.because).not.toEqual([]);
        expect(moveOf(first, first)).toBeNull();
      }
    }),
    { numRuns: 150 },
  ));
