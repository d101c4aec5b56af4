import { describe, expect, test } from 'vitest';
import type { GroupFacts } from '../../src/kam/facts.js';
import type { GroupPotential } from '../../src/kam/potential.js';
import { capReviews, reviewsFor, stemOf, type WantedReview } from '../../src/kam/reviews.js';
import type { StandingTask } from '../../src/kam/standing.js';
import { unknown } from '../../src/kam/unknown.js';
import { accountId, aCell, aGroup, aPotential, decided, euros, ownerId, settingsWith } from '../support/builders.js';

const lenient = { score: { threshold: 40 } };
const strategic: Partial<GroupFacts> = { ratings: { referenceCustomer: 2, opinionLeader: 1 } };

function reviews(
  facts: Partial<GroupFacts> = {},
  { potential = {}, settings = lenient }: { potential?: Partial<GroupPotential>; settings?: object } = {},
): WantedReview[] {
  return reviewsFor(
    aGroup(facts),
    aPotential(potential),
    decided(facts, { potential, settings }),
    settingsWith(settings),
    '2026-11-24',
  );
}

const refs = (wanted: readonly WantedReview[]): string[] => wanted.map(({ task }) => task.ref);
const growRef = (family: string): string | undefined =>
  refs(reviews(strategic, { potential: { cells: [aCell({ family })] } })).at(-1);

describe('reviews', () => {
  test('ask for each missing rating that could turn the decision', () => {
    expect(refs(reviews()).slice(0, 2)).toEqual([
      `KAM|${accountId(1)}|rate|referenceCustomer|2026-Q4`,
      `KAM|${accountId(1)}|rate|opinionLeader|2026-Q4`,
    ]);
  });

  test('ask to ask the customer, and to offer the largest whitespace', () => {
    expect(refs(reviews(strategic))).toEqual([
      `KAM|${accountId(1)}|ask|customer|2026`,
      `KAM|${accountId(1)}|grow|Service|2026-Q4`,
    ]);
  });

  test('go to the owner of the root, due some days from today, in the words of the settings', () => {
    const [ask] = reviews(strategic, { settings: { ...lenient, language: 'de' } });
    expect(ask?.task).toEqual({
      ref: `KAM|${accountId(1)}|ask|customer|2026`,
      kind: 'ask',
      accountId: accountId(1),
      ownerId: ownerId(1),
      subject: 'Kunden fragen: Alpha',
      description: expect.stringContaining('Gegenleistung'),
      dueOn: '2026-12-24',
      priority: 'High',
    });
  });

  test('belong to the period of the as-of day, so that a run repeated later asks for the same', () => {
    expect(refs(reviews({ ...strategic, asOf: '2026-09-30' }))).toEqual([
      `KAM|${accountId(1)}|ask|customer|2026`,
      `KAM|${accountId(1)}|grow|Service|2026-Q3`,
    ]);
  });

  test('are as urgent as the score is high and the whitespace large', () => {
    expect(reviews(strategic).map(({ urgency }) => urgency)).toEqual([50, euros(40_000)]);
    const override = { tier: 'candidate', reason: 'Board', until: '2026-12-31' } as const;
    const facts = { override, contributionMargin: unknown('noMargin') } as const;
    const weighted = {
      criterion: { potential: { weight: 0 }, risk: { weight: 0 }, breadth: { weight: 0 }, growth: { weight: 0 } },
    };
    expect(reviews(facts, { settings: weighted })[0]).toMatchObject({ urgency: 0, task: { kind: 'ask' } });
  });

  test('leave alone whose score is not exceeded, but for growing', () => {
    expect(reviews({}, { settings: {} }).map(({ task }) => task.kind)).toEqual(['grow']);
  });

  test('offer only where much potential is left: to top and development customers', () => {
    expect(reviews({}, { settings: {}, potential: { additional: euros(1_000) } })).toEqual([]);
    expect(reviews({ yearlyRevenue: euros(1_000) }, { settings: {} })).toHaveLength(1);
  });

  test('offer what is not bought yet, and nothing where there is no whitespace', () => {
    const upSell = aCell({
      kind: 'upSell',
      family: 'Pumps',
      amount: euros(90_000),
      why: {
        is: 'bought',
        own: 0,
        volume: euros(90_000),
        value: unknown('notModelled'),
        from: { is: 'peers', buyers: 5, peerLevel: 'all', benchmark: euros(360_000), realisation: 0.25 },
      },
    });
    const potential = { cells: [upSell, aCell()] };
    expect(refs(reviews(strategic, { potential })).at(-1)).toContain('|grow|Service|');
    expect(reviews(strategic, { potential: { cells: [upSell] } })).toHaveLength(1);
  });

  test('leave an excluded group alone', () => {
    expect(reviews({ ...strategic, exclusion: { reason: null } })).toEqual([]);
  });

  test.each(['rate', 'ask', 'grow'])('of kind %s are not wanted where the admin switched them off', (kind) => {
    const settings = { ...lenient, review: { [kind]: { active: false } } };
    const kinds = [...reviews({}, { settings }), ...reviews(strategic, { settings })].map(({ task }) => task.kind);
    expect(kinds).not.toContain(kind);
    expect(new Set(kinds).size).toBe(2);
  });
});

describe('the ref of a review', () => {
  test('fits into 80 characters, however long the family', () => {
    const ref = growRef('Präzisionspumpen und Ersatzteile für die chemische Industrie');
    expect(ref).toMatch(/^KAM\|001000000000001AAA\|grow\|Präzisionspumpen-und-Ersatzt-[0-9a-z]+\|2026-Q4$/);
    expect(ref?.length).toBeLessThanOrEqual(80);
  });

  test('tells two families apart that differ only where they are cut, or in a sign', () => {
    const long = 'Pumps for the chemical industry in Europe';
    const families = [`${long} North`, `${long} South`, 'Pumps & Valves', 'Pumps / Valves', 'Pumps-Valves', '🚀', '🛠'];
    expect(new Set(families.map(growRef)).size).toBe(families.length);
  });

  test('is the family itself up to 36 letters', () => {
    expect(growRef('P'.repeat(36))).toContain(`|${'P'.repeat(36)}|`);
    expect(growRef('P'.repeat(37))).not.toContain('P'.repeat(36));
  });

  test('has no bar but between its parts', () => {
    expect(growRef('Pumps|Valves')?.split('|')).toHaveLength(5);
  });

  test('has a stem that is the same in every period', () => {
    expect(stemOf('KAM|001000000000001AAA|ask|customer|2026')).toBe('KAM|001000000000001AAA|ask|customer');
  });
});

describe('the cap per owner', () => {
  const rule = (capPerOwner: number | null) =>
    settingsWith({ review: { ask: { capPerOwner }, grow: { capPerOwner } } });
  const wanted = (n: number, urgency: number, kind: 'ask' | 'grow' = 'ask', owner = 1): WantedReview => ({
    urgency,
    task: {
      ref: `KAM|${accountId(n)}|${kind}|x|2026`,
      kind,
      accountId: accountId(n),
      ownerId: ownerId(owner),
      subject: '',
      description: '',
      dueOn: '2026-12-24',
      priority: 'High',
    },
  });
  const standing = (n: number, period: string, isClosed = false): StandingTask => ({
    id: `00T00000000000${n}AAA`,
    ref: `KAM|${accountId(n)}|ask|x|${period}`,
    accountId: accountId(n),
    ownerId: ownerId(1),
    isClosed,
  });
  const kept = (all: WantedReview[], cap: number | null, stands: StandingTask[] = []): string[] =>
    capReviews(all, stands, rule(cap)).map((task) => task.accountId);

  test('leaves the most urgent, then those with the lower id', () => {
    const all = [wanted(3, 50), wanted(1, 70), wanted(2, 50)];
    expect(kept(all, 2)).toEqual([accountId(1), accountId(2)]);
    expect(kept(all.toReversed(), 2)).toEqual([accountId(1), accountId(2)]);
  });

  test('counts by owner and by kind', () => {
    const all = [wanted(1, 70), wanted(2, 60), wanted(3, 50, 'ask', 2), wanted(4, 40, 'grow')];
    expect(kept(all, 1)).toEqual([accountId(1), accountId(3), accountId(4)]);
  });

  test('prefers what stands open already, also from an earlier period', () => {
    expect(kept([wanted(1, 70), wanted(2, 60)], 1, [standing(2, '2025')])).toEqual([accountId(2)]);
  });

  test('does not prefer what a person has closed', () => {
    expect(kept([wanted(1, 70), wanted(2, 60)], 1, [standing(2, '2026', true)])).toEqual([accountId(1)]);
  });

  test('may be lifted, or be zero', () => {
    const all = [wanted(1, 70), wanted(2, 60)];
    expect(kept(all, null)).toHaveLength(2);
    expect(kept(all, 0)).toEqual([]);
  });
});
