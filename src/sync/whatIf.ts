/** Who would move, and why, if settings were changed: the last run's book decided twice, side by side. */
import type { Org } from '@salesforce/core';
import { heldBy, isInProgramme, moveOf, type Move, type Side } from '../kam/effect.js';
import type { Decision } from '../kam/funnel.js';
import { isKnown } from '../kam/unknown.js';
import { entryIn, withEntries, writeRecords } from '../org/changes.js';
import { connect } from '../org/connect.js';
import type { Counts, WhatIf, WhatIfCandidate } from '../report/whatIf.js';
import type { Assessment, Decided, Placed } from './assess.js';
import { withGround, type Scenario } from './scenario.js';

export type WhatIfOptions = {
  /** `key=value`, the value in the admin's own units. */
  set: readonly string[];
  /** Folder for the changed records as deployable source; null writes none. */
  write: string | null;
  env: NodeJS.ProcessEnv;
};

/** How many groups of a kind are named. */
const NAMED = { moves: 1000, candidates: 100 };

/**
 * Decides the last run's book as it stands and with changed settings.
 *
 * Errors: those of `withEntries`, `withGround` and `writeRecords`; settings of the org that can't be used stop it as
 *         they would stop a sync.
 */
export async function whatIf(login: Org, apiVersion: string | undefined, options: WhatIfOptions): Promise<WhatIf> {
  const entries = options.set.map(entryIn);
  const org = await connect(login, apiVersion);
  return withGround(org, options.env, async (ground) => {
    const changed = withEntries(ground.records, entries, ground.families);
    const before = await ground.under(ground.settings);
    const after = await ground.under(changed.settings);
    const comparison = await compare(before, after);
    return {
      orgId: org.orgId,
      username: org.username,
      asOf: ground.run.asOf,
      run: ground.run.finishedAt,
      currency: changed.settings.currency,
      changes: changed.changes,
      changedSince: ground.changedSince,
      derived: after.derived,
      ...comparison,
      written: options.write === null ? [] : writeRecords(options.write, ground.records, changed.records),
    };
  });
}

type Comparison = Pick<WhatIf, 'before' | 'after' | 'moves' | 'moved' | 'leftOff' | 'candidates' | 'valve'>;

async function compare(before: Scenario, after: Scenario): Promise<Comparison> {
  const [now, then] = [countsFor(before), countsFor(after)];
  const moves = { enters: 0, leaves: 0, segment: 0, gate: 0 };
  const moved: Move[] = [];
  const candidates: WhatIfCandidate[] = [];
  const valve = { moved: 0, classified: 0 };
  for await (const { first, second, standing } of sideBySide(before, after)) {
    count(now, first.decision);
    count(then, second.decision);
    const move = moveOf(sideIn(before, first), sideIn(after, second));
    if (move !== null) {
      moves[move.is] += 1;
      keep(moved, move, byWeight, NAMED.moves);
    }
    if (second.decision.tier === 'candidate')
      keep(candidates, candidateIn(second, before, after), byScore, NAMED.candidates);
    if (standing.tier === null) continue;
    valve.classified += second.view.standings.length;
    const stays = standing.tier === second.decision.tier && standing.segment === second.decision.segment;
    valve.moved += stays ? 0 : second.view.standings.length;
  }
  const { maximumMoves: limit } = after.settings.safety;
  return {
    before: now,
    after: then,
    moves,
    moved,
    leftOff: moves.enters + moves.leaves + moves.segment + moves.gate - moved.length,
    candidates,
    valve: { ...valve, limit, refuses: valve.moved > limit * valve.classified },
  };
}

type Both = { first: Decided; second: Decided; standing: Placed['standing'] };

/** Both scenarios group by group; they hold the same groups in the same order. */
async function* sideBySide(before: Scenario, after: Scenario): AsyncIterable<Both> {
  const seconds = after.decisions()[Symbol.asyncIterator]();
  const placed = before.groups()[Symbol.asyncIterator]();
  for await (const firsts of before.decisions()) {
    const [second, stands] = [await seconds.next(), await placed.next()];
    for (const [index, first] of firsts.entries()) {
      const other = second.done === true ? undefined : second.value[index];
      const place = stands.done === true ? undefined : stands.value[index];
      if (other === undefined || place === undefined) throw new Error('The two scenarios hold different groups.');
      yield { first, second: other, standing: place.standing };
    }
  }
}

const sideIn = ({ settings, assessment }: Scenario, { view, decision }: Decided): Side => ({
  facts: view.facts,
  potential: view.potential,
  decision,
  lines: assessment.lines,
  rank: assessment.programme.ranks.get(decision.groupId) ?? null,
  settings,
});

/** Counts of nobody yet, with the lines of a scenario. */
export function countsFor({
  settings,
  assessment,
}: {
  settings: Scenario['settings'];
  assessment: Assessment;
}): Counts {
  return {
    segments: { top: 0, development: 0, base: 0, small: 0, unknown: 0 },
    tiers: { key: 0, candidate: 0, large: 0, standard: 0 },
    undecided: 0,
    held: { hysteresis: 0, stay: 0, moves: 0, waits: 0 },
    capacity: settings.score.capacity,
    lines: assessment.lines,
    threshold: settings.score.threshold,
    calibrated: assessment.scale.calibrated,
  };
}

export function count(counts: Counts, decision: Decision): void {
  const { segment, tier, gate, gateResult } = decision;
  const held = heldBy(decision);
  if (held !== null) counts.held[held] += 1;
  counts.segments[segment] += 1;
  counts.tiers[tier] += 1;
  if (gateResult === 'undecided' && gate !== 'segment') counts.undecided += 1;
}

function candidateIn({ view, decision }: Decided, before: Scenario, after: Scenario): WhatIfCandidate {
  const share = ({ assessment }: Scenario): number => assessment.robustness.get(decision.groupId) ?? 0;
  return {
    groupId: decision.groupId,
    name: view.facts.name,
    score: decision.score.points,
    robustness: { before: share(before), after: share(after) },
  };
}

/** Sorted and short, however many there are. */
function keep<T>(list: T[], item: T, order: (a: T, b: T) => number, most: number): void {
  const last = list.at(-1);
  if (list.length >= most && last !== undefined && order(last, item) <= 0) return;
  const at = list.findIndex((other) => order(item, other) < 0);
  list.splice(at === -1 ? list.length : at, 0, item);
  if (list.length > most) list.pop();
}

const moveRank = ({ before, after }: Move): number =>
  isInProgramme(before.tier) !== isInProgramme(after.tier) ? 0 : before.segment !== after.segment ? 1 : 2;
const revenueOf = ({ revenue }: Move): number => (isKnown(revenue) ? revenue : Number.NEGATIVE_INFINITY);

const byWeight = (a: Move, b: Move): number =>
  moveRank(a) - moveRank(b) || revenueOf(b) - revenueOf(a) || (a.groupId < b.groupId ? -1 : 1);

const pointsOf = ({ score }: WhatIfCandidate): number => (isKnown(score) ? score : -1);

const byScore = (a: WhatIfCandidate, b: WhatIfCandidate): number =>
  pointsOf(b) - pointsOf(a) || (a.groupId < b.groupId ? -1 : 1);
