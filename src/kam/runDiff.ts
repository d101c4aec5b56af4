/** Who moved since the last run, and why: the causes are changed one after the other, each on top of those before. */
import { isInProgramme, type Stand } from './effect.js';
import type { GroupFacts } from './facts.js';
import { decide, type Decision, type SegmentLines, type StandingDecision } from './funnel.js';
import type { GroupPotential } from './potential.js';
import type { ScoreScale } from './score.js';
import type { Settings } from './settings.js';
import type { RecordId } from './units.js';

/**
 * `rules`:       settings other than anchors.
 * `calibration`: the anchors of the score, set or taken from the book.
 * `hierarchy`:   other accounts belong to the group.
 * `data`:        sales, ratings, answers and all else that is known of the group.
 * `currency`:    rates, of whatever day.
 * `others`:      lines, places and limits that hang on other groups.
 */
export const moveCauses = ['rules', 'calibration', 'hierarchy', 'data', 'currency', 'others'] as const;
export type MoveCause = (typeof moveCauses)[number];

/** One group in one run. */
export type Night = {
  facts: GroupFacts;
  potential: GroupPotential;
  standing: StandingDecision;
  decision: Decision;
  lines: SegmentLines;
  scale: ScoreScale;
  settings: Settings;
};

/** What the rules of the later night make of the earlier one. */
export type UnderNewRules = {
  /** Lines of the earlier night's groups. */
  lines: SegmentLines;
  /** Settings have changed that facts and potentials are derived by. */
  reachFacts: boolean;
  /** What would be known of the later night had no rate changed; null where none did. */
  atOldRates: Pick<Night, 'facts' | 'potential'> | null;
};

/** A group that stands elsewhere than after the last run. */
export type MovedGroup = {
  groupId: RecordId;
  name: string;
  is: 'enters' | 'leaves' | 'segment' | 'tier' | 'gate';
  before: Stand;
  after: Stand;
  causes: MoveCause[];
};

/**
 * How a group moved between two runs; null where it stands as before.
 *
 * Shape:  never without a cause. A cause is named where changing it, on top of those before it in `moveCauses`, changes
 *         where the group stands. Choice: where settings have changed that facts are derived by, a step of the facts is
 *         put down to the rules: to tell them from new sales, the earlier night would have to be derived anew.
 */
export function movedSince(before: Night, after: Night, rules: UnderNewRules): MovedGroup | null {
  const [from, to] = [standIn(before.decision), standIn(after.decision)];
  if (isSame(from, to)) return null;
  const ruled: Night = { ...before, settings: after.settings, lines: rules.lines };
  const calibrated: Night = { ...ruled, scale: after.scale };
  const { facts, standing } = after;
  const converted: Night = { ...calibrated, facts, potential: after.potential, standing };
  const known: Night = rules.atOldRates === null ? converted : { ...converted, ...rules.atOldRates };
  const lined: Night = { ...converted, lines: after.lines };
  const ofFacts: MoveCause = isSameGroup(before, after) ? (rules.reachFacts ? 'rules' : 'data') : 'hierarchy';
  const first = decidedIn(before);
  const last = decidedIn(lined);
  const steps: [MoveCause, Stand][] = [
    ['rules', decidedIn(ruled)],
    ['calibration', decidedIn(calibrated)],
    [ofFacts, decidedIn(known)],
    ['currency', decidedIn(converted)],
    ['others', last],
  ];
  const turning = new Set<MoveCause>();
  let stands = first;
  for (const [cause, next] of steps) {
    if (!isSame(stands, next)) turning.add(cause);
    stands = next;
  }
  // A group that was held by the programme, or is held now, and was not before.
  const isAsFree = isSame(last, to) === isSame(first, from);
  if (!isAsFree || turning.size === 0) turning.add('others');
  return {
    groupId: facts.groupId,
    name: facts.name,
    is: kindOf(from, to),
    before: from,
    after: to,
    causes: moveCauses.filter((cause) => turning.has(cause)),
  };
}

export const standIn = ({ segment, tier, gate, gateResult }: Decision): Stand => ({ segment, tier, gate, gateResult });

const isSame = (a: Stand, b: Stand): boolean =>
  a.segment === b.segment && a.tier === b.tier && a.gate === b.gate && a.gateResult === b.gateResult;

const isSameGroup = (before: Night, after: Night): boolean =>
  before.facts.accountIds.toSorted().join() === after.facts.accountIds.toSorted().join();

/** As the group would stand by itself, whatever places the programme has. */
const decidedIn = ({ facts, potential, standing, lines, scale, settings }: Night): Stand =>
  standIn(decide(facts, potential, standing, { lines, scale }, settings));

function kindOf(from: Stand, to: Stand): MovedGroup['is'] {
  if (isInProgramme(from.tier) !== isInProgramme(to.tier)) return isInProgramme(to.tier) ? 'enters' : 'leaves';
  if (from.segment !== to.segment) return 'segment';
  return from.tier === to.tier ? 'gate' : 'tier';
}
