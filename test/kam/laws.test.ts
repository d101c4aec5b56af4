/** The laws of the method, for any facts, any settings and any order. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Answer } from '../../src/kam/agreement.js';
import { moneyCriteria, peopleRated, scoreCriteria, type ScoreCriterion } from '../../src/kam/criteria.js';
import type { Benchmark, GroupFacts, Override, Rating } from '../../src/kam/facts.js';
import {
  applyCapacity,
  decide,
  type Decision,
  type Gate,
  type GateResult,
  type Segment,
  type StandingDecision,
  type Tier,
} from '../../src/kam/funnel.js';
import { peerEstimates } from '../../src/kam/peers.js';
import { assessPotential, type GroupPotential } from '../../src/kam/potential.js';
import { capReviews, type WantedReview } from '../../src/kam/reviews.js';
import { anchorsOfEntrants, scoreGroup, type Anchors, type ScoreScale } from '../../src/kam/score.js';
import { segmentLines, segmentOf } from '../../src/kam/segment.js';
import { defaultSettings, type Settings } from '../../src/kam/settings.js';
import { desiredMark, differenceOf, emptyMark, markOf, standingAfter } from '../../src/kam/standing.js';
import { answerStrategy } from '../../src/kam/strategy.js';
import type { Cents } from '../../src/kam/units.js';
import { isKnown, unknown, type Unknown } from '../../src/kam/unknown.js';
import { accountId, aBenchmark, aGroup, anAccount, aPotential, noStanding, ownerId } from '../support/builders.js';

const money = fc.integer({ min: -100_000_00, max: 10_000_000_00 });
const share = fc.double({ min: -1, max: 2, noNaN: true });
const maybe = <T>(known: fc.Arbitrary<T>): fc.Arbitrary<T | Unknown> =>
  fc.oneof({ weight: 4, arbitrary: known }, { weight: 1, arbitrary: fc.constant(unknown('notModelled')) });
const rating = fc.constantFrom<Rating[]>(0, 1, 2, 3);
const tier = fc.constantFrom<Tier[]>('key', 'candidate', 'large', 'standard');
const segment = fc.constantFrom<Segment[]>('top', 'development', 'base', 'small', 'unknown');
const day = fc.constantFrom('2026-01-31', '2026-11-23', '2026-11-24', '2027-06-30');

const answer: fc.Arbitrary<Answer> = fc.oneof(
  fc.record({
    is: fc.constant('accepted'),
    on: day,
    missing: fc.array(fc.constant({ is: 'gets', has: 1, needs: 3 } as const), { maxLength: 1 }),
  } as const),
  fc.record({ is: fc.constant('declined'), on: day, reason: fc.constant(null), reaskOn: fc.option(day) } as const),
  fc.record({ is: fc.constantFrom('asked', 'noAnswer'), on: day } as const),
  fc.record({ is: fc.constant('incubator'), on: day, until: fc.option(day) } as const),
  fc.constant({ is: 'notAsked' } as const),
);

const override: fc.Arbitrary<Override> = fc.record({
  tier,
  reason: fc.constantFrom(null, '', 'Board decision'),
  until: fc.option(day),
});

const facts: fc.Arbitrary<GroupFacts> = fc
  .record({
    yearlyRevenue: maybe(money),
    contributionMargin: maybe(money),
    growth: maybe(share),
    familiesBought: fc.nat(8),
    countries: maybe(fc.integer({ min: 1, max: 12 })),
    sites: fc.integer({ min: 1, max: 20 }),
    ratings: fc.record({ referenceCustomer: maybe(rating), opinionLeader: maybe(rating) }),
    exclusion: fc.oneof(
      { weight: 8, arbitrary: fc.constant(null) },
      { weight: 1, arbitrary: fc.constant({ reason: 'credit block' }) },
    ),
    override: fc.option(override),
    answer,
  })
  .map((some) => aGroup(some));

const potential: fc.Arbitrary<GroupPotential> = fc
  .record({ additional: maybe(fc.nat(1_000_000_00)), breadth: maybe(fc.double({ min: 0, max: 1, noNaN: true })) })
  .map((some) => aPotential(some));

const standing: fc.Arbitrary<StandingDecision> = fc.record({
  tier: fc.option(tier),
  segment: fc.option(segment),
  gate: fc.option(fc.constantFrom<Gate[]>('segment', 'strategy', 'score', 'ask')),
  gateResult: fc.option(fc.constantFrom<GateResult[]>('passed', 'failed', 'open', 'undecided')),
  tierSince: fc.option(day),
  belowSince: fc.option(day),
});

const anchorsIn = (lowest: number, step: fc.Arbitrary<number>): fc.Arbitrary<Anchors> =>
  fc.tuple(step, step).map(([a, b]) => ({ zero: lowest, half: lowest + a, full: lowest + a + b }));
const moneyAnchors = anchorsIn(0, fc.integer({ min: 1, max: 1_000_000_00 }));
const shareAnchors = anchorsIn(-0.1, fc.double({ min: 0.001, max: 1, noNaN: true }));

const scale: fc.Arbitrary<ScoreScale> = fc.record({
  anchors: fc.record({
    potential: maybe(moneyAnchors),
    margin: maybe(moneyAnchors),
    risk: maybe(moneyAnchors),
    breadth: maybe(shareAnchors),
    growth: maybe(shareAnchors),
  }),
  calibrated: fc.boolean(),
});

const weight = fc.integer({ min: 0, max: 10_000 }).map((hundredths) => hundredths / 100);
const settings: fc.Arbitrary<Settings> = fc
  .record({
    weights: fc.array(weight, { minLength: 10, maxLength: 10 }),
    active: fc.array(fc.boolean(), { minLength: 10, maxLength: 10 }),
    threshold: fc.integer({ min: 0, max: 100 }),
    hysteresis: fc.constantFrom(0, 3, 40),
    minimumStayMonths: fc.constantFrom(0, 3),
    minimumConfidence: fc.constantFrom(0, 0.5, 0.8),
    minimumMean: fc.constantFrom(0, 0.3, 0.5, 1),
    oneIsEnough: fc.boolean(),
  })
  .map(({ weights, active, threshold, hysteresis, minimumConfidence, minimumMean, oneIsEnough, minimumStayMonths }) => {
    const changed = defaultSettings();
    Object.values(changed.criterion).forEach((criterion, index) => {
      criterion.weight = weights[index] ?? 0;
      criterion.active = active[index] ?? true;
    });
    // One criterion of each gate always counts, as settings that were read guarantee.
    for (const criterion of [changed.criterion.complexity, changed.criterion.breadth]) {
      criterion.active = true;
      criterion.weight += 0.01;
    }
    Object.assign(changed.score, { threshold, hysteresis, minimumConfidence });
    Object.assign(changed.stability, { minimumStayMonths });
    Object.assign(changed.strategy, { minimumMean, oneIsEnough });
    return changed;
  });

const lines = fc.record({ revenue: fc.nat(5_000_000_00), potential: fc.nat(500_000_00) });

/** The same figures with one of them changed. */
function changed(
  criterion: ScoreCriterion,
  value: number | Unknown,
  [some, of]: readonly [GroupFacts, GroupPotential],
): [GroupFacts, GroupPotential] {
  switch (criterion) {
    case 'potential':
      return [some, { ...of, additional: value }];
    case 'breadth':
      return [some, { ...of, breadth: value }];
    case 'margin':
      return [{ ...some, contributionMargin: value }, of];
    case 'risk':
      return [{ ...some, yearlyRevenue: value }, of];
    case 'growth':
      return [{ ...some, growth: value }, of];
  }
}

const valueOf = (criterion: ScoreCriterion): fc.Arbitrary<number> =>
  moneyCriteria.some((name) => name === criterion) ? money : share;

describe('law 1: what was decided and written is decided again', () => {
  test('a decision stands when it is what the org says', () => {
    fc.assert(
      fc.property(facts, potential, standing, lines, scale, settings, (group, of, stands, high, on, rules) => {
        const first = decide(group, of, stands, { lines: high, scale: on }, rules);
        const left = standingAfter(first, stands, group);
        expect(decide(group, of, left, { lines: high, scale: on }, rules)).toEqual(first);
      }),
      { numRuns: 2000 },
    );
  });

  test('a mark that was written is not written again, also a month later', () => {
    fc.assert(
      fc.property(facts, potential, standing, lines, scale, settings, (group, of, stands, high, on, rules) => {
        const run = { lines: high, scale: on };
        const first = decide(group, of, stands, run, rules);
        const again = decide(group, of, standingAfter(first, stands, group), run, rules);
        const markFor = (decision: Decision) => markOf(group.groupId, group, of, decision, rules);
        const written = desiredMark(emptyMark, markFor(first), { asOf: '2026-10-31', today: '2026-11-24' });
        expect(
          differenceOf(written, desiredMark(written, markFor(again), { asOf: '2026-11-30', today: '2026-12-01' })),
        ).toBeNull();
      }),
    );
  });
});

describe('law 2: an override holds until it expires', () => {
  const held = fc
    .constantFrom<Override['tier'][]>('candidate', 'large', 'standard')
    .map((named): Override => ({ tier: named, reason: 'Board decision', until: '2026-11-24' }));

  test('whatever the figures, the customer and the capacity say', () => {
    fc.assert(
      fc.property(
        facts,
        potential,
        standing,
        lines,
        scale,
        settings,
        held,
        (group, of, stands, high, on, rules, word) => {
          const given = { ...group, exclusion: null, override: word };
          const decision = decide(given, of, stands, { lines: high, scale: on }, rules);
          expect(applyCapacity(decision, 2, 1).tier).toBe(word.tier);
        },
      ),
    );
  });

  test('and once it has expired, the tier is the one without it', () => {
    fc.assert(
      fc.property(
        facts,
        potential,
        standing,
        lines,
        scale,
        settings,
        held,
        (group, of, stands, high, on, rules, word) => {
          const tierWith = (given: Override | null): Tier =>
            decide({ ...group, override: given }, of, stands, { lines: high, scale: on }, rules).tier;
          expect(tierWith({ ...word, until: '2026-11-23' })).toBe(tierWith(null));
        },
      ),
    );
  });
});

describe('law 3: more is never worse', () => {
  test.each(scoreCriteria)('raising %s never lowers the score', (criterion) => {
    const value = valueOf(criterion);
    fc.assert(
      fc.property(facts, potential, scale, settings, value, value, (group, of, on, rules, one, other) => {
        const pointsAt = (at: number): number | Unknown =>
          scoreGroup(...changed(criterion, at, [group, of]), on, rules).points;
        const [less, more] = [pointsAt(Math.min(one, other)), pointsAt(Math.max(one, other))];
        if (isKnown(less) && isKnown(more)) expect(more).toBeGreaterThanOrEqual(less);
        else expect(more).toEqual(less);
      }),
    );
  });

  test('more revenue or potential never leaves a high segment', () => {
    const rank: Record<Segment, number> = { unknown: 0, small: 0, base: 1, development: 1, top: 2 };
    fc.assert(
      fc.property(money, money, fc.nat(), lines, standing, (revenue, of, more, high, { segment: before }) => {
        const at = (r: Cents, p: Cents): number => rank[segmentOf(r, p, high, defaultSettings(), before).segment];
        expect(at(revenue + more, of)).toBeGreaterThanOrEqual(at(revenue, of));
        expect(at(revenue, of + more)).toBeGreaterThanOrEqual(at(revenue, of));
      }),
    );
  });
});

describe('law 4: only the proportion of weights counts', () => {
  test('scaling all of them changes no score, no gate and no tier', () => {
    const factor = fc.double({ min: 0.01, max: 100, noNaN: true });
    fc.assert(
      fc.property(
        facts,
        potential,
        standing,
        lines,
        scale,
        settings,
        factor,
        (group, of, stands, high, on, rules, by) => {
          const scaled = structuredClone(rules);
          for (const criterion of Object.values(scaled.criterion)) criterion.weight *= by;
          const [plain, other] = [rules, scaled].map((s) => decide(group, of, stands, { lines: high, scale: on }, s));
          const points = plain?.score.points ?? 0;
          if (isKnown(points)) {
            // Half a hundredth above the threshold is where people's two decimals turn.
            fc.pre(Math.abs(points - rules.score.threshold - 0.005) > 1e-9);
            expect(other?.score.points).toBeCloseTo(points, 9);
          }
          expect([other?.gate, other?.gateResult, other?.tier]).toEqual([plain?.gate, plain?.gateResult, plain?.tier]);
        },
      ),
    );
  });
});

describe('law 5: the order of records is irrelevant', () => {
  /** A list, and the same in another order. */
  const twice = <T>(lists: fc.Arbitrary<T[]>): fc.Arbitrary<[T[], T[]]> =>
    lists.chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })));
  const amounts = fc.array(fc.oneof(money, fc.constant(Number.NaN)), { maxLength: 30 });

  test('for lines and anchors', () => {
    fc.assert(
      fc.property(twice(amounts), twice(amounts), settings, ([some, turned], [others, turnedOthers], rules) => {
        const drawn = (a: number[], b: number[]) => {
          const [revenue, of] = [Float64Array.from(a), Float64Array.from(b)];
          return [
            segmentLines({ revenue, potential: of }, rules),
            anchorsOfEntrants({ potential: of, margin: of, risk: revenue }, rules),
          ];
        };
        expect(drawn(turned, turnedOthers)).toEqual(drawn(some, others));
      }),
    );
  });

  test('for the potential of an account', () => {
    const families = ['Filters', 'Pumps', 'Service', 'Valves'];
    const fraction = fc.double({ min: 0, max: 1, noNaN: true });
    const benchmarks: fc.Arbitrary<Benchmark[]> = fc
      .array(fc.record({ buyers: fc.nat(16), medianShare: fraction, upperShare: fraction }), { maxLength: 4 })
      .map((list) => list.map((one, index) => aBenchmark({ ...one, family: families[index] ?? '' })));
    const sales = fc
      .array(fc.nat(100_000_00), { maxLength: 4 })
      .map((list) => list.map((yearly, index) => ({ family: families[index] ?? '', yearly })));
    fc.assert(
      fc.property(twice(benchmarks), twice(sales), twice(sales), (comparisons, bought, pipeline) => {
        const [one, other] = ([0, 1] as const).map((order) => {
          const account = anAccount({ families: bought[order], pipeline: pipeline[order] });
          return assessPotential(
            account,
            peerEstimates(account, comparisons[order], defaultSettings()),
            defaultSettings(),
          );
        });
        expect(other).toEqual(one);
      }),
    );
  });

  test('for who gets a task within the cap', () => {
    const tasks = fc
      .array(fc.record({ owner: fc.nat(2), urgency: fc.nat(3) }), { maxLength: 20 })
      .map((list) =>
        list.map(({ owner, urgency }, n): WantedReview => ({ urgency, owner: 'wanted', task: taskFor(n, owner) })),
      );
    const rules = defaultSettings();
    rules.review.ask.capPerOwner = 3;
    fc.assert(
      fc.property(twice(tasks), ([list, turned]) => {
        expect(capReviews(turned, [], rules)).toEqual(capReviews(list, [], rules));
      }),
    );
  });

  const taskFor = (n: number, owner: number): WantedReview['task'] => ({
    ref: `KAM|${accountId(n)}|ask|customer|2026`,
    kind: 'ask',
    accountId: accountId(n),
    ownerId: ownerId(owner),
    subject: '',
    description: '',
    dueOn: '2026-12-24',
    priority: 'High',
  });
});

describe('law 6: a lost fact lowers the confidence and is never read as zero', () => {
  test.each(scoreCriteria)('losing %s', (criterion) => {
    fc.assert(
      fc.property(facts, potential, scale, settings, valueOf(criterion), (group, of, on, rules, value) => {
        const known = scoreGroup(...changed(criterion, value, [group, of]), on, rules);
        const lost = scoreGroup(...changed(criterion, unknown('notModelled'), [group, of]), on, rules);
        const part = known.parts.find((one) => one.criterion === criterion);
        if (part === undefined || !isKnown(part.points) || part.weight === 0) {
          expect(lost.points).toEqual(known.points);
          expect(lost.confidence).toBe(known.confidence);
          return;
        }
        expect(lost.confidence).toBeLessThan(known.confidence);
        if (!isKnown(lost.points) || !isKnown(known.points)) return;
        // Known again, it pulls the score towards its own points; read as zero it could only pull it down.
        const pull = Math.sign(part.points - lost.points);
        expect(pull * (known.points - lost.points)).toBeGreaterThanOrEqual(-1e-9);
      }),
    );
  });

  test('losing a rating leaves the answer or makes it undecided, but never turns it round', () => {
    fc.assert(
      fc.property(facts, settings, fc.constantFrom(...peopleRated), (group, rules, name) => {
        const before = answerStrategy(group, rules);
        const after = answerStrategy({ ...group, ratings: { ...group.ratings, [name]: unknown('notRated') } }, rules);
        expect([before.result, 'undecided']).toContain(after.result);
        expect(after.lowest).toBeLessThanOrEqual(before.lowest);
        expect(after.highest).toBeGreaterThanOrEqual(before.highest);
      }),
    );
  });

  test('the ratings that are asked for can turn the answer, and no others', () => {
    fc.assert(
      fc.property(facts, settings, (group, rules) => {
        const { result, missing } = answerStrategy(group, rules);
        if (result !== 'undecided') expect(missing).toEqual([]);
        for (const name of missing) expect(isKnown(group.ratings[name])).toBe(false);
        const countries = isKnown(group.countries) ? [group.countries] : [1, 2, 4, 10];
        const results = new Set(
          countries.flatMap((count) =>
            fillings(group.ratings).map(
              (ratings) => answerStrategy({ ...group, countries: count, ratings }, rules).result,
            ),
          ),
        );
        expect(results.size > 1).toBe(result === 'undecided');
      }),
    );
  });

  const fillings = (ratings: GroupFacts['ratings']): GroupFacts['ratings'][] => {
    const options = (one: Rating | Unknown): Rating[] => (isKnown(one) ? [one] : [0, 1, 2, 3]);
    return options(ratings.referenceCustomer).flatMap((referenceCustomer) =>
      options(ratings.opinionLeader).map((opinionLeader) => ({ referenceCustomer, opinionLeader })),
    );
  };

  test('an account without revenue has an unknown potential, not none', () => {
    const account = anAccount({ yearlyRevenue: unknown('noSales') });
    expect(
      assessPotential(account, peerEstimates(account, [], defaultSettings()), defaultSettings()).additional,
    ).toEqual(unknown('noSales'));
  });
});

describe('law 7: nobody is a key account without an accepted agreement', () => {
  test('and nobody becomes one without enough commitments', () => {
    fc.assert(
      fc.property(facts, potential, standing, lines, scale, settings, (group, of, stands, high, on, rules) => {
        const decision = applyCapacity(decide(group, of, stands, { lines: high, scale: on }, rules), 1, 1);
        if (decision.tier !== 'key') return;
        expect(group.answer.is).toBe('accepted');
        if (group.answer.is === 'accepted')
          expect(group.answer.missing.length === 0 || stands.tier === 'key').toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test('a key account whose agreement stands is dethroned by people only', () => {
    fc.assert(
      fc.property(facts, potential, lines, scale, settings, fc.boolean(), (group, of, high, on, rules, isEnough) => {
        const missing = isEnough ? [] : [{ is: 'access', has: 0, needs: 1 } as const];
        const accepted = { is: 'accepted' as const, on: '2026-01-31', missing };
        const given = { ...group, answer: accepted, exclusion: null, override: null };
        const stands = { ...noStanding, tier: 'key', segment: 'top' } as const;
        const decision = decide(given, of, stands, { lines: high, scale: on }, rules);
        expect(applyCapacity(decision, 2, 1).tier).toBe('key');
      }),
    );
  });

  test('a candidate has passed every gate but the last, unless a person said so', () => {
    fc.assert(
      fc.property(facts, potential, standing, lines, scale, settings, (group, of, stands, high, on, rules) => {
        const decision = decide({ ...group, override: null }, of, stands, { lines: high, scale: on }, rules);
        expect(decision.tier === 'candidate').toBe(decision.gate === 'ask' && decision.gateResult === 'open');
      }),
      { numRuns: 1000 },
    );
  });
});

describe('law 8: the parts explain the score', () => {
  test('they sum to it within 1e-9, and the confidence is the share of their weights', () => {
    fc.assert(
      fc.property(facts, potential, scale, settings, (group, of, on, rules) => {
        const { points, confidence, parts } = scoreGroup(group, of, on, rules);
        const sum = parts.reduce((total, part) => total + part.contribution, 0);
        expect(Math.abs(sum - (isKnown(points) ? points : 0))).toBeLessThan(1e-9);
        const weights = parts.reduce((total, part) => total + part.weight, 0);
        const known = parts.reduce((total, part) => total + (isKnown(part.points) ? part.weight : 0), 0);
        expect(confidence).toBeCloseTo(known / weights, 12);
        if (isKnown(points)) {
          expect(points).toBeGreaterThanOrEqual(0);
          expect(points).toBeLessThanOrEqual(100);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
