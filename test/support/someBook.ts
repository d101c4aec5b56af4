/** Any book of a few groups and any settings, for properties: round figures, so that ties and scores on a line occur. */
import fc from 'fast-check';
import type { GroupView } from '../../src/book/book.js';
import type { Answer } from '../../src/kam/agreement.js';
import { scoreCriteria, strategyCriteria } from '../../src/kam/criteria.js';
import type { Rating } from '../../src/kam/facts.js';
import type { Gate, GateResult, Segment, StandingDecision, Tier } from '../../src/kam/funnel.js';
import type { MoneyAnchors } from '../../src/kam/score.js';
import type { Settings } from '../../src/kam/settings.js';
import { unknown, type Unknown } from '../../src/kam/unknown.js';
import type { Groups } from '../../src/sync/assess.js';
import { accountId, aGroup, aPotential, euros, noStanding, ownerId, settingsWith } from './builders.js';

const thousands = fc.integer({ min: 0, max: 10 }).map((ten) => euros(10_000 * ten));
const maybe = <T>(known: fc.Arbitrary<T>): fc.Arbitrary<T | Unknown> =>
  fc.oneof({ weight: 5, arbitrary: known }, { weight: 1, arbitrary: fc.constant(unknown('notModelled')) });
const seldom = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.oneof({ weight: 8, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });

const view = fc
  .record({
    revenue: maybe(thousands),
    margin: maybe(thousands),
    potential: maybe(thousands),
    breadth: maybe(fc.constantFrom(0, 0.2, 0.3, 0.6)),
    growth: maybe(fc.constantFrom(-0.1, 0, 0.05, 0.2)),
    ratings: fc.record({
      referenceCustomer: maybe(fc.constantFrom<Rating[]>(0, 1, 2, 3, 3, 3, 3)),
      opinionLeader: maybe(fc.constantFrom<Rating[]>(0, 1, 2, 3)),
    }),
    familiesBought: fc.nat(7),
    sites: fc.integer({ min: 1, max: 16 }),
    exclusion: seldom(fc.constant({ reason: null })),
    override: seldom(
      fc.record({
        tier: fc.constantFrom<Tier[]>('key', 'candidate', 'standard'),
        reason: fc.constant('Board'),
        until: fc.constant('2027-01-31'),
      }),
    ),
    answer: fc.oneof(
      { weight: 6, arbitrary: fc.constant<Answer>({ is: 'notAsked' }) },
      { weight: 2, arbitrary: fc.constant<Answer>({ is: 'asked', on: '2026-09-01' }) },
      { weight: 1, arbitrary: fc.constant<Answer>({ is: 'incubator', on: '2026-09-01', until: null }) },
      { weight: 1, arbitrary: fc.constant<Answer>({ is: 'noAnswer', on: '2026-09-01' }) },
      { weight: 1, arbitrary: fc.constant<Answer>({ is: 'accepted', on: '2026-09-01', missing: [] }) },
    ),
  })
  .map(({ revenue, margin, potential, breadth, growth, ...rest }) => ({
    facts: { yearlyRevenue: revenue, contributionMargin: margin, growth, ...rest },
    potential: { additional: potential, breadth },
  }));

export const someViews: fc.Arbitrary<GroupView[]> = fc.array(view, { minLength: 1, maxLength: 12 }).map((list) =>
  list.map(({ facts, potential }, n) => {
    const groupId = accountId(n + 1);
    return {
      facts: aGroup({ ...facts, groupId, accountIds: [groupId] }),
      potential: aPotential(potential),
      standings: [],
      tasks: [],
      agreement: null,
      taskRefs: null,
      lastRow: null,
    };
  }),
);

const weight = fc.integer({ min: 1, max: 40 });
export const someSettings: fc.Arbitrary<Settings> = fc
  .record({
    weights: fc.array(weight, { minLength: 10, maxLength: 10 }),
    inactive: fc.constantFrom(...scoreCriteria, null, null, null),
    threshold: fc.constantFrom(10, 30, 45),
    capacity: fc.constantFrom(null, 1, 2, 3),
  })
  .map(({ weights, inactive, threshold, capacity }) =>
    settingsWith({
      score: { threshold, capacity },
      segment: { method: 'amount', revenueLine: 30_000, potentialLine: 30_000 },
      criterion: Object.fromEntries(
        [...scoreCriteria, ...strategyCriteria].map((name, n) => [
          name,
          { weight: weights[n], active: name !== inactive },
        ]),
      ),
    }),
  );

export const someAnchors: MoneyAnchors = {
  potential: { zero: 0, half: euros(40_000), full: euros(80_000) },
  margin: { zero: 0, half: euros(40_000), full: euros(80_000) },
  risk: { zero: 0, half: euros(40_000), full: euros(80_000) },
};

/** A group with what stands of it in the org. */
export type One = { view: GroupView; standing: StandingDecision };

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

/** A book of which any nonsense can stand in the org. */
export const someStandingBook: fc.Arbitrary<One[]> = fc
  .tuple(someViews, standings, people)
  .map(([views, stands, did]) =>
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

/** Settings with more or less of what holds a programme still. */
export const someRules: fc.Arbitrary<Settings> = fc
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

/** As a book streams its groups, of which nothing stands in the org yet. */
export async function* streamed(list: readonly GroupView[]): ReturnType<Groups> {
  yield* streamedAs(list.map((view) => ({ view, standing: noStanding })));
}

/** The same of groups of which something stands. */
export async function* streamedAs(list: readonly One[]): ReturnType<Groups> {
  for (const one of list) yield await Promise.resolve([one]);
}
