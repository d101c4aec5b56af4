import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Rating } from '../../src/kam/facts.js';
import { applyCapacity, decide, waitOutside, withoutManager, type Decision } from '../../src/kam/funnel.js';
import { cheapestLever, leversTo, type Ground, type Lever, type LeverChange } from '../../src/kam/lever.js';
import { isKnown, unknown, type Unknown } from '../../src/kam/unknown.js';
import { leverText, nextStepWithLever } from '../../src/kam/wording.js';
import { aGroup, aPotential, aScale, euros, noStanding, settingsWith, someLines } from '../support/builders.js';

/** Without growth and breadth, and with equal weights, the score is the mean of potential, margin and revenue. */
const settings = settingsWith({
  criterion: {
    potential: { weight: 30 },
    margin: { weight: 30 },
    risk: { weight: 30 },
    breadth: { active: false },
    growth: { active: false },
  },
});
/** Passes the strategic gate by one rating of 3. */
const strategic = { referenceCustomer: 3, opinionLeader: 0 } as const;

const ground = (
  facts: Parameters<typeof aGroup>[0] = {},
  potential: Parameters<typeof aPotential>[0] = {},
): Ground => ({
  facts: aGroup({ ratings: strategic, ...facts }),
  potential: aPotential(potential),
  standing: noStanding,
  lines: someLines,
  scale: aScale,
  lacks: null,
});

const decisionOn = ({ facts, potential, standing, lines, scale }: Ground): Decision =>
  decide(facts, potential, standing, { lines, scale }, settings);

const leverOn = (on: Ground): Lever | null => cheapestLever(decisionOn(on), on, settings);

/** The ground after a change of one fact. */
function changed(on: Ground, change: LeverChange): Ground {
  const { facts, potential } = on;
  switch (change.is) {
    case 'rating':
      return { ...on, facts: { ...facts, ratings: { ...facts.ratings, [change.criterion]: change.atLeast } } };
    case 'get':
      return { ...on, facts: { ...facts, answer: { is: 'accepted', on: null, missing: [] } } };
    case 'figure':
      switch (change.figure) {
        case 'potential':
          return { ...on, potential: { ...potential, additional: change.atLeast } };
        case 'margin':
          return { ...on, facts: { ...facts, contributionMargin: change.atLeast } };
        case 'revenue':
          return { ...on, facts: { ...facts, yearlyRevenue: change.atLeast } };
      }
  }
}

describe('the cheapest change', () => {
  test('50 points in each of three figures and 60 to exceed: 30 points more margin is 18,000, and a little', () => {
    // Mean 50; it must exceed 60.00 as people read it, so 30.015 points more: 50 points are 30,000, one is 600.
    expect(leverOn(ground())).toEqual({
      to: 'candidate',
      is: 'figure',
      figure: 'margin',
      from: euros(30_000),
      atLeast: euros(48_009),
    });
  });

  test('a missing rating comes before any money', () => {
    // Margin full: the mean is 66.67, exceeded; only ratings are missing.
    const on = ground({
      contributionMargin: euros(60_000),
      ratings: { referenceCustomer: unknown('notRated'), opinionLeader: 0 },
    });
    expect(leverOn(on)).toMatchObject({ to: 'candidate', is: 'rating', criterion: 'referenceCustomer' });
  });

  test('a figure that is only missing comes before one that must grow', () => {
    const on = ground({ contributionMargin: unknown('noMargin'), yearlyRevenue: euros(120_000) });
    expect(leverOn(on)).toMatchObject({ is: 'figure', figure: 'margin', from: unknown('noMargin') });
  });

  test('a higher rating comes before a higher figure', () => {
    const on = ground({ contributionMargin: euros(60_000), ratings: { referenceCustomer: 2, opinionLeader: 0 } });
    const [first] = leversTo('strategy', on, settings);
    expect(first).toEqual({ is: 'rating', criterion: 'referenceCustomer', from: 2, atLeast: 3 });
  });

  test('a small customer who is far from the score is told the line into the funnel', () => {
    const on = ground(
      {
        yearlyRevenue: euros(30_000),
        contributionMargin: euros(1_000),
        ratings: { referenceCustomer: 0, opinionLeader: 0 },
      },
      { additional: euros(25_000) },
    );
    // High potential begins at 40,000, high revenue at 80,000: 15,000 more are cheaper than 50,000 more.
    expect(leverOn(on)).toEqual({
      to: 'segment',
      is: 'figure',
      figure: 'potential',
      from: euros(25_000),
      atLeast: euros(40_000),
    });
  });

  test('an accepted agreement that lacks one get of access needs just that', () => {
    const missing = [
      { is: 'gets', has: 2, needs: 3 },
      { is: 'access', has: 0, needs: 1 },
    ] as const;
    const on = ground({ answer: { is: 'accepted', on: null, missing: [...missing] } });
    expect(leverOn(on)).toEqual({ to: 'key', is: 'get', access: true });
  });

  test.each([
    ['two gets short', [{ is: 'gets', has: 1, needs: 3 } as const]],
    ['does not want the care', [{ is: 'doesNotWant' } as const, { is: 'gets', has: 2, needs: 3 } as const]],
    ['only does not want the care', [{ is: 'doesNotWant' } as const]],
  ])('no single commitment is enough where the customer %s', (_, missing) => {
    expect(leverOn(ground({ answer: { is: 'accepted', on: null, missing } }))).toBeNull();
  });

  test.each([
    ['reaches the customer already', { contributionMargin: euros(60_000) }],
    ['is excluded', { exclusion: { reason: 'Insolvent' } }],
    ['declined', { answer: { is: 'declined', on: null, reason: null, reaskOn: null } as const }],
    ['is held by an override', { override: { tier: 'standard', reason: 'Board', until: '2027-01-31' } as const }],
  ])('nothing is proposed for a group that %s', (_, facts) => {
    expect(leverOn(ground(facts))).toBeNull();
  });
});

describe('where there is no room', () => {
  test.each(['programme', 'manager'] as const)('a change that passes all gates says so (%s)', (lacks) => {
    const on = { ...ground(), lacks };
    expect(leverOn(on)).toMatchObject({ to: 'candidate', lacks, is: 'figure', figure: 'margin' });
    // One gate alone promises no place.
    const far = {
      ...ground({ yearlyRevenue: euros(30_000), contributionMargin: euros(1_000) }, { additional: 0 }),
      lacks,
    };
    expect(leverOn(far)).toEqual({ to: 'segment', is: 'figure', figure: 'potential', from: 0, atLeast: euros(40_000) });
  });

  test('who waits for a place or for the next quarter can change nothing', () => {
    const on = ground({ contributionMargin: euros(60_000) });
    const candidate = decisionOn(on);
    expect(candidate.tier).toBe('candidate');
    for (const waiting of [
      applyCapacity(candidate, 2, 1),
      withoutManager(candidate),
      waitOutside(candidate, '2027-01-01'),
    ])
      expect(cheapestLever(waiting, on, settings)).toBeNull();
  });

  test('who waits for ratings only is held down to the lower line, and a rating is enough', () => {
    // 59 points: 50 of potential and revenue, 77 of margin.
    const on = ground({
      contributionMargin: euros(46_200),
      ratings: { referenceCustomer: unknown('notRated'), opinionLeader: 0 },
    });
    const standing = { ...noStanding, tier: 'standard', gate: 'strategy', gateResult: 'undecided' } as const;
    expect(leverOn({ ...on, standing })).toMatchObject({ to: 'candidate', is: 'rating' });
    expect(leverOn(on)).toMatchObject({ to: 'score', is: 'figure' });
  });
});

describe('for any group', () => {
  const maybe = (most: number): fc.Arbitrary<number | Unknown> =>
    fc.oneof(
      { weight: 5, arbitrary: fc.integer({ min: -1_000_00, max: most }) },
      { weight: 1, arbitrary: fc.constant(unknown('noMargin')) },
    );
  const rating = fc.constantFrom<(Rating | Unknown)[]>(0, 1, 2, 3, unknown('notRated'));
  const anyGround = fc
    .record({
      revenue: maybe(300_000_00),
      margin: maybe(90_000_00),
      potential: maybe(200_000_00),
      a: rating,
      b: rating,
    })
    .map(({ revenue, margin, potential, a, b }) =>
      ground(
        { yearlyRevenue: revenue, contributionMargin: margin, ratings: { referenceCustomer: a, opinionLeader: b } },
        { additional: potential },
      ),
    );

  const isOver = (to: Lever['to'], decision: Decision): boolean => {
    switch (to) {
      case 'key':
        return decision.tier === 'key';
      case 'candidate':
        return decision.tier === 'candidate';
      case 'segment':
        return decision.segment !== 'small' && decision.segment !== 'unknown';
      case 'strategy':
        return decision.strategy.result === 'passed';
      case 'score':
        // Compared with the two decimals that people read.
        return (
          isKnown(decision.score.points) &&
          Math.round(decision.score.points * 100) > 6000 &&
          decision.score.confidence >= 0.5
        );
    }
  };

  test('applying the change really moves it over the line, where it did not stand before', () => {
    let moved = 0;
    fc.assert(
      fc.property(anyGround, (on) => {
        const lever = leverOn(on);
        if (lever === null) return;
        moved += 1;
        expect(isOver(lever.to, decisionOn(on))).toBe(false);
        expect(isOver(lever.to, decisionOn(changed(on, lever)))).toBe(true);
      }),
      { numRuns: 400 },
    );
    expect(moved).toBeGreaterThan(100);
  });

  test('a cent or a rating less is not enough', () => {
    fc.assert(
      fc.property(anyGround, (on) => {
        const lever = leverOn(on);
        if (lever?.is === 'figure' && lever.atLeast > 0) {
          expect(isOver(lever.to, decisionOn(changed(on, { ...lever, atLeast: lever.atLeast - 1 })))).toBe(false);
        }
        if (lever?.is === 'rating') {
          const lower = ([0, 1, 2, 3] as const).filter((each) => each < lever.atLeast);
          for (const atLeast of lower)
            expect(isOver(lever.to, decisionOn(changed(on, { ...lever, atLeast })))).toBe(false);
        }
      }),
      { numRuns: 400 },
    );
  });

  test('no smaller raise of any known figure does it', () => {
    fc.assert(
      fc.property(anyGround, fc.double({ min: 0, max: 0.999, noNaN: true }), (on, share) => {
        const lever = leverOn(on);
        if (lever?.is !== 'figure' || !isKnown(lever.from)) return;
        const raise = Math.floor(share * (lever.atLeast - lever.from));
        const figures = {
          potential: on.potential.additional,
          margin: on.facts.contributionMargin,
          revenue: on.facts.yearlyRevenue,
        };
        for (const figure of ['potential', 'margin', 'revenue'] as const) {
          const from = figures[figure];
          if (!isKnown(from)) continue;
          const smaller = changed(on, { is: 'figure', figure, from, atLeast: from + raise });
          expect(isOver(lever.to, decisionOn(smaller))).toBe(false);
        }
      }),
      { numRuns: 400 },
    );
  });
});

describe('in words', () => {
  const lever: Lever = {
    to: 'candidate',
    is: 'figure',
    figure: 'margin',
    from: euros(30_000),
    atLeast: euros(48_008.01),
  };
  const english = { language: 'en', currency: 'EUR' } as const;
  const german = { language: 'de', currency: 'EUR' } as const;

  test('an amount is rounded up, so that it is enough', () => {
    expect(leverText(lever, english)).toBe(
      'Enough to make this a candidate: contribution margin of €48,009 a year (now €30,000).',
    );
    expect(leverText(lever, german)).toBe(
      'Genügt für Kandidat: Deckungsbeitrag von 48.009\u00a0€ im Jahr (heute 30.000\u00a0€).',
    );
    expect(leverText({ ...lever, from: unknown('noMargin') }, english)).toContain('(now unknown)');
    expect(leverText({ ...lever, from: unknown('noMargin') }, german)).toContain('(heute unbekannt)');
  });

  test('where there is no room today, the sentence promises the gates only', () => {
    expect(leverText({ ...lever, lacks: 'programme' }, english)).toBe(
      'Enough to pass all gates, though all places are taken today: contribution margin of €48,009 a year (now €30,000).',
    );
    expect(leverText({ ...lever, lacks: 'manager' }, german)).toBe(
      'Genügt für alle Hürden, auch wenn der Key-Account-Manager heute keine Kapazität hat: Deckungsbeitrag von 48.009\u00a0€ im Jahr (heute 30.000\u00a0€).',
    );
  });

  test('a rating and a commitment', () => {
    const rating: Lever = { to: 'strategy', is: 'rating', criterion: 'referenceCustomer', from: 1, atLeast: 3 };
    expect(leverText(rating, english)).toBe('Enough to pass the strategic gate: reference effect rated 3 (now 1).');
    expect(leverText({ ...rating, from: unknown('notRated') }, english)).toContain('(now not rated)');
    expect(leverText({ ...rating, from: unknown('notRated') }, german)).toContain(
      'mit 3 bewertet (heute nicht bewertet)',
    );
    expect(leverText({ ...rating, to: 'score' }, german)).toContain('(heute 1)');
    const get: Lever = { to: 'key', is: 'get', access: true };
    expect(leverText(get, english)).toBe(
      'Enough to make this a key account: one more commitment by the customer that gives access, with a person and a date.',
    );
    expect(leverText({ ...get, access: false }, english)).toContain('by the customer, with a person');
    expect(leverText(get, german)).toBe(
      'Genügt für Key Account: eine weitere Zusage des Kunden, die Zugang gibt, mit Person und Termin.',
    );
    expect(leverText({ ...get, access: false }, german)).toContain('Zusage des Kunden mit Person');
  });

  test('it follows the next step, and is left out whole where there is no room', () => {
    const decision = decisionOn(ground());
    const grown = { ...decision, nextStep: { is: 'await' } as const };
    expect(nextStepWithLever({ ...grown, lever }, english)).toBe(
      `Get the customer's answer. ${leverText(lever, english)}`,
    );
    expect(nextStepWithLever({ ...grown, nextStep: { is: 'none' }, lever }, english)).toBe(leverText(lever, english));
    expect(nextStepWithLever(grown, english)).toBe("Get the customer's answer.");
    const long = { is: 'grow', families: [{ family: 'P'.repeat(180), amount: euros(1) }] } as const;
    const full = { ...grown, nextStep: { ...long, families: [...long.families] }, lever };
    expect(nextStepWithLever(full, english)).toBe(`Offer ${'P'.repeat(180)} (€1 a year).`);
  });
});
