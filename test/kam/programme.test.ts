import { describe, expect, test } from 'vitest';
import type { GroupFacts } from '../../src/kam/facts.js';
import type { StandingDecision } from '../../src/kam/funnel.js';
import {
  contenderOf,
  moveCounts,
  movesAllowed,
  nextQuarter,
  programmeOf,
  type Contender,
  type Programme,
} from '../../src/kam/programme.js';
import { unknown } from '../../src/kam/unknown.js';
import {
  accountId,
  aGroup,
  aPotential,
  decided,
  euros,
  noStanding,
  ownerId,
  settingsWith,
  someLines,
} from '../support/builders.js';

const free = { ifStays: false, ifMoved: true };
/** A group with an open place that was a candidate already and stays one. */
const one = (n: number, points: number, changes: Partial<Contender> = {}): Contender => ({
  groupId: accountId(n),
  stands: 'candidate',
  tier: 'candidate',
  points,
  revenue: euros(100_000),
  isSafe: false,
  isFirst: false,
  movesByFigures: true,
  manager: null,
  exceeds: points > 60,
  distance: Math.abs(points - 60) / 100,
  counts: free,
  ...changes,
});
const riser = (n: number, points: number, changes: Partial<Contender> = {}): Contender =>
  one(n, points, { stands: 'standard', ...changes });
const faller = (n: number, points: number, changes: Partial<Contender> = {}): Contender =>
  one(n, points, { tier: 'standard', ...changes });

const numbers = (ids: Iterable<string>): number[] =>
  [...ids].map((id) => Number(id.slice(3, 15))).toSorted((a, b) => a - b);
const among = (contenders: readonly Contender[], allowed: number | null, capacity: number | null = null): Programme =>
  programmeOf(contenders, allowed === null ? null : { allowed, used: 0 }, settingsWith({ score: { capacity } }));

describe('places', () => {
  test('go to key accounts, then to candidates in their minimum stay, then by score, revenue and id', () => {
    const { ranks } = among(
      [
        one(1, 70),
        one(2, 80),
        one(3, 80, { revenue: euros(200_000) }),
        one(4, 61, { isFirst: true, isSafe: true }),
        one(5, 10, { tier: 'key' }),
        one(6, 70),
      ],
      null,
    );
    expect(numbers(ranks.keys())).toEqual([1, 2, 3, 4, 5, 6]);
    expect([5, 4, 3, 2, 1, 6].map((n) => ranks.get(accountId(n)))).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('beyond the capacity are none, but for who is promised one', () => {
    const { over } = among([one(1, 90), one(2, 80), one(3, 70), one(4, 65, { isSafe: true })], null, 2);
    expect(numbers(over.keys())).toEqual([3]);
  });

  test('key accounts beyond the capacity leave none to candidates, and keep their own', () => {
    const keys = [1, 2, 3].map((n) => one(n, 0, { tier: 'key', stands: 'key' }));
    expect(numbers(among([...keys, one(4, 99)], null, 2).over.keys())).toEqual([4]);
  });
});

describe('points of a key account manager', () => {
  const [anna, ben] = [ownerId(1), ownerId(2)];
  /** A key account takes two points, a candidate one. */
  const of = (contenders: readonly Contender[], perManager: number | null, capacity: number | null = null): Programme =>
    programmeOf(contenders, null, settingsWith({ score: { capacity }, capacity: { perManager } }));

  test('go to key accounts first, then to the best candidates; who has no manager needs none', () => {
    const all = [
      one(1, 0, { tier: 'key', stands: 'key', manager: anna }),
      one(2, 90, { manager: anna }),
      one(3, 80, { manager: anna }),
      one(4, 70, { manager: ben }),
      one(5, 65),
    ];
    expect([...of(all, 3).over]).toEqual([[accountId(3), 'manager']]);
    expect(of(all, 4).over.size).toBe(0);
    expect(of(all, null).over.size).toBe(0);
  });

  test('key accounts and promised places are never cut', () => {
    const keys = [1, 2].map((n) => one(n, 0, { tier: 'key', stands: 'key', manager: anna }));
    const promised = one(3, 61, { isSafe: true, manager: anna });
    expect([...of([...keys, promised, one(4, 90, { manager: anna })], 2).over.keys()]).toEqual([accountId(4)]);
  });

  test('a candidate without room leaves its place in the programme to the next', () => {
    const all = [one(1, 90, { manager: anna }), one(2, 80, { manager: anna }), one(3, 70, { manager: ben })];
    expect([...of(all, 1, 2).over]).toEqual([[accountId(2), 'manager']]);
  });

  test('with equal scores the room goes by revenue, then by id', () => {
    const equal = [3, 2, 1].map((n) => one(n, 80, { manager: anna, revenue: euros(n === 3 ? 200_000 : 100_000) }));
    expect(numbers(of(equal, 2).over.keys())).toEqual([2]);
  });

  test('who would just pass is told whether there is room', () => {
    const all = [one(1, 90, { manager: anna }), one(2, 80)];
    expect(of(all, 1, 3).lacksRoom(anna)).toBe('manager');
    expect(of(all, 1, 3).lacksRoom(ben)).toBeNull();
    expect(of(all, 1, 2).lacksRoom(ben)).toBe('programme');
    expect(of(all, 1, 2).lacksRoom(null)).toBe('programme');
    // Who is only held by hysteresis gives way to one who passes.
    expect(of([one(1, 90), one(2, 58)], null, 2).lacksRoom(null)).toBeNull();
  });

  test('a move in waits for the room that a move out leaves', () => {
    const rules = settingsWith({ capacity: { perManager: 1 } });
    const swap = [faller(1, 59, { manager: anna }), riser(2, 90, { manager: anna })];
    const waiting = (allowed: number) => numbers(programmeOf(swap, { allowed, used: 0 }, rules).waiting);
    expect(waiting(1)).toEqual([2]);
    expect(waiting(2)).toEqual([]);
  });
});

describe('moves in a quarter', () => {
  test('those farthest from the line go first, and the others wait', () => {
    // 30, 5 and 20 points from the line of 60.
    expect(numbers(among([riser(1, 90), riser(2, 65), faller(3, 40)], 2).waiting)).toEqual([2]);
    expect(numbers(among([riser(1, 90), riser(2, 65), faller(3, 40)], 1).waiting)).toEqual([2, 3]);
  });

  test('of two that are equally far, the smaller id goes', () => {
    expect(numbers(among([riser(2, 90), riser(1, 90)], 1).waiting)).toEqual([2]);
  });

  test('without a limit nobody waits', () => {
    expect(among([riser(1, 90), faller(3, 40)], null).waiting.size).toBe(0);
  });

  test('moves by people go at once, and who stays where it is needs none', () => {
    const theirs = riser(1, 61, { movesByFigures: false });
    expect(numbers(among([theirs, one(2, 70), riser(3, 90)], 1).waiting)).toEqual([3]);
    expect(numbers(among([theirs, one(2, 70), riser(3, 90)], 2).waiting)).toEqual([]);
  });

  test('a group that moved before in this quarter counts once', () => {
    const back = faller(1, 20, { counts: { ifStays: true, ifMoved: true } });
    expect(numbers(among([back, riser(2, 90)], 1).waiting)).toEqual([2]);
    expect(numbers(among([back, riser(2, 90)], 2).waiting)).toEqual([]);
  });

  test('a place that somebody waits to leave is not free', () => {
    // Two places: 1 and 2 have them, 3 would take the place of 2, who is overtaken and has 1 point above the line.
    const overtaken = one(2, 61, { distance: -0.01 });
    expect(numbers(among([one(1, 95), overtaken, riser(3, 90)], 1, 2).waiting)).toEqual([3]);
    expect(numbers(among([one(1, 95), overtaken, riser(3, 90)], 0, 2).waiting)).toEqual([2, 3]);
    expect(numbers(among([one(1, 95), overtaken, riser(3, 90)], 2, 2).waiting)).toEqual([]);
  });

  test('one in ten groups of the funnel may move, and one always', () => {
    expect([0, 9, 10, 19, 20, 300].map((entrants) => movesAllowed(entrants, settingsWith({})))).toEqual([
      1, 1, 1, 1, 2, 30,
    ]);
    expect(movesAllowed(300, settingsWith({ stability: { movesPerQuarter: null } }))).toBeNull();
  });

  test.each([
    ['2026-11-24', '2027-01-01'],
    ['2026-12-31', '2027-01-01'],
    ['2027-01-01', '2027-04-01'],
  ])('who waits on %s waits until %s', (today, until) => expect(nextQuarter(today)).toBe(until));
});

describe('what counts as moved by figures in the quarter of 24 November', () => {
  const stays = (standing: Partial<StandingDecision>, facts: Partial<GroupFacts> = {}): boolean =>
    moveCounts(aGroup(facts), { ...noStanding, tier: 'candidate', tierSince: '2026-10-01', ...standing }).ifStays;

  test('a candidate since 1 October does, one since 30 September does not, nor one who always was', () => {
    expect(stays({})).toBe(true);
    expect(stays({ tier: 'standard' })).toBe(true);
    expect(stays({ tierSince: '2026-09-30' })).toBe(false);
    expect(stays({ tierSince: null })).toBe(false);
  });

  test("a key or large account does not, nor does what people's word explains", () => {
    expect(stays({ tier: 'key' })).toBe(false);
    expect(stays({ tier: 'large' })).toBe(false);
    expect(stays({}, { exclusion: { reason: null } })).toBe(false);
    expect(stays({}, { override: { tier: 'candidate', reason: 'Board', until: '2026-11-24' } })).toBe(false);
    expect(stays({}, { override: { tier: 'candidate', reason: 'Board', until: '2026-11-23' } })).toBe(true);
    expect(stays({}, { rated: { ...aGroup().rated, on: '2026-10-01' } })).toBe(false);
  });
});

describe('a contender', () => {
  const strategic = { ratings: { referenceCustomer: 3, opinionLeader: 0 } } as const;
  const contender = (
    standing: Partial<StandingDecision>,
    facts: Partial<GroupFacts> = {},
    threshold = 40,
  ): Contender | null => {
    const settings = { score: { threshold } };
    const group = aGroup({ ...strategic, ...facts });
    const decision = decided({ ...strategic, ...facts }, { settings, standing });
    const stands = { ...noStanding, ...standing };
    return contenderOf({ facts: group, potential: aPotential() }, decision, stands, someLines, settingsWith(settings));
  };
  const candidate = { tier: 'candidate', segment: 'top', gate: 'ask' } as const;
  const standard = { tier: 'standard', segment: 'top', gate: 'score' } as const;

  test('rises by figures from the score gate: 50 points are 10 of 100 above a line of 40', () => {
    const risen = contender(standard);
    expect(risen).toMatchObject({ tier: 'candidate', movesByFigures: true });
    expect(risen?.distance).toBeCloseTo(0.1, 12);
  });

  test('falls by figures: 50 points are 10 of 100 below a line of 60', () => {
    const fallen = contender(candidate, {}, 60);
    expect(fallen).toMatchObject({ tier: 'standard', movesByFigures: true });
    expect(fallen?.distance).toBeCloseTo(0.1, 12);
  });

  test('falls out of the high segments: 60,000 are a quarter below the line of 80,000', () => {
    const settings = settingsWith({ score: { threshold: 40 } });
    const group = aGroup({ ...strategic, yearlyRevenue: euros(60_000) });
    const potential = aPotential({ additional: euros(20_000) });
    const decision = decided(group, { settings: { score: { threshold: 40 } }, potential, standing: candidate });
    const stands = { ...noStanding, ...candidate };
    expect(contenderOf({ facts: group, potential }, decision, stands, someLines, settings)?.distance).toBe(0.25);
  });

  test.each([
    ['who waited for ratings only', { ...standard, gate: 'strategy' }, {}],
    ['who was excluded before', { ...standard, gate: 'segment' }, {}],
    ['who was asked', standard, { answer: { is: 'asked', on: '2026-11-01' } }],
    ['who is rated today', standard, { rated: { ...aGroup().rated, on: '2026-11-24' } }],
    ['who is put there by hand', standard, { override: { tier: 'candidate', reason: 'Board', until: '2027-01-31' } }],
    ['of whom nothing stands yet', { tier: null, segment: null, gate: null }, {}],
  ] as const)('%s does not move by figures', (_, standing, facts) => {
    expect(contender(standing, facts)).toMatchObject({ tier: 'candidate', movesByFigures: false });
  });

  test('within its minimum stay a candidate has a safe place, and comes before newcomers', () => {
    const since = { ...candidate, tierSince: '2026-11-01' };
    expect(contender(since)).toMatchObject({ isSafe: true, isFirst: true });
    expect(contender({ ...since, tierSince: '2026-08-01' })).toMatchObject({ isSafe: false, isFirst: false });
    expect(contender(since, { answer: { is: 'asked', on: null } })).toMatchObject({ isSafe: true, isFirst: false });
  });

  test('who neither is in the programme nor leaves it by figures is none', () => {
    expect(contender(standard, {}, 60)).toBeNull();
    expect(contender(candidate, { exclusion: { reason: null } }, 60)).toBeNull();
    const unrated = {
      ratings: { referenceCustomer: unknown('notRated'), opinionLeader: unknown('notRated') },
    } as const;
    expect(contender(candidate, { ...unrated, familiesBought: 1 })).toBeNull();
  });
});
