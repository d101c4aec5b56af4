import { describe, expect, test } from 'vitest';
import type { Agreement, Commitment } from '../../src/kam/agreement.js';
import type { GroupFacts } from '../../src/kam/facts.js';
import type { StandingDecision } from '../../src/kam/funnel.js';
import type { GroupPotential } from '../../src/kam/potential.js';
import {
  capReviews,
  closedDescription,
  memoryOf,
  rememberedRefs,
  reviewsFor,
  stemOf,
  type WantedReview,
} from '../../src/kam/reviews.js';
import type { StandingTask } from '../../src/kam/standing.js';
import { unknown } from '../../src/kam/unknown.js';
import {
  accountId,
  aCell,
  aGroup,
  aPotential,
  decided,
  euros,
  noStanding,
  ownerId,
  settingsWith,
} from '../support/builders.js';

const lenient = { score: { threshold: 40 } };
const strategic: Partial<GroupFacts> = { ratings: { referenceCustomer: 2, opinionLeader: 1 } };

function reviews(
  facts: Partial<GroupFacts> = {},
  {
    potential = {},
    settings = lenient,
    standing = noStanding,
    agreement = null,
    belowSince = null,
    fallback = null,
    inactive = [],
  }: Partial<{
    potential: Partial<GroupPotential>;
    settings: object;
    standing: StandingDecision;
    agreement: Agreement | null;
    belowSince: string | null;
    fallback: string | null;
    inactive: string[];
  }> = {},
): WantedReview[] {
  const rules = settingsWith(settings);
  const group = aGroup(facts);
  return reviewsFor(
    {
      facts: group,
      potential: aPotential(potential),
      decision: decided(facts, { potential, settings, standing }),
      agreement,
      rules: { lateShare: 0.5, reviewMonths: 12 },
      belowSince,
      ifRated: (criterion, rating) =>
        decided({ ...facts, ratings: { ...group.ratings, [criterion]: rating } }, { potential, settings }),
    },
    { inactive: new Set(inactive), fallback },
    rules,
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

  test('to rate name what each answer leads to: here one rating of 3 passes alone', () => {
    // 4 families, 2 countries and 2 sites earn 2, 1 and 1 of 3; with weights 20, 15, 15 that is 70 of 300.
    const [rate] = reviews();
    expect(rate?.task.description).toContain('- 0–2: still open');
    expect(rate?.task.description).toContain('- 3: passed');
    // With the reference effect at 0, opinion leaders at 2 would make 110 of 300: only 3 passes.
    const [second] = reviews({ ratings: { referenceCustomer: 0, opinionLeader: unknown('notRated') } });
    expect(second?.task.description).toContain('- 0–2: not passed');
    expect(second?.task.description).toContain('- 3: passed');
  });

  test('ask for a rating again that is too old, and say what it was', () => {
    const rated = {
      memory: '',
      on: '2024-10-31',
      since: { referenceCustomer: '2024-10-31', opinionLeader: '2026-01-05' },
    };
    const old = reviews({ ratings: { referenceCustomer: 3, opinionLeader: 1 }, rated });
    expect(refs(old)[0]).toBe(`KAM|${accountId(1)}|rate|referenceCustomer|2026-Q4`);
    expect(old[0]?.task.description).toContain('It was rated 3 on 31 Oct 2024');
    const fresh = { ...rated, since: { ...rated.since, referenceCustomer: '2024-11-01' } };
    expect(refs(reviews({ ratings: { referenceCustomer: 3, opinionLeader: 1 }, rated: fresh }))[0]).toContain('|ask|');
  });

  test.each(['rate', 'ask', 'grow'])('of kind %s are not wanted where the admin switched them off', (kind) => {
    const settings = { ...lenient, review: { [kind]: { active: false } } };
    const kinds = [...reviews({}, { settings }), ...reviews(strategic, { settings })].map(({ task }) => task.kind);
    expect(kinds).not.toContain(kind);
    expect(new Set(kinds).size).toBe(2);
  });
});

const declined = (reaskOn: string | null): Partial<GroupFacts> => ({
  ...strategic,
  answer: { is: 'declined', on: '2025-11-24', reason: 'timing', reaskOn },
});
const kinds = (wanted: readonly WantedReview[], kind: string): string[] =>
  refs(wanted).filter((ref) => ref.split('|')[2] === kind);

describe('a customer who declined', () => {
  test('is asked again from the re-ask day on', () => {
    expect(kinds(reviews(declined('2026-11-24')), 'reask')).toEqual([`KAM|${accountId(1)}|reask|2026-11-24|2026`]);
    expect(kinds(reviews(declined('2026-11-25')), 'reask')).toEqual([]);
    expect(kinds(reviews(declined(null)), 'reask')).toHaveLength(1);
  });

  test('is left alone while the score would not make a candidate', () => {
    expect(kinds(reviews(declined('2026-11-24'), { settings: {} }), 'reask')).toEqual([]);
  });
});

describe('revenue at risk', () => {
  const retain = (revenueAtRisk: number, facts: Partial<GroupFacts> = {}) =>
    kinds(reviews(facts, { potential: { revenueAtRisk: euros(revenueAtRisk) } }), 'retain');

  test('is a task from 14,000 a year on', () => {
    expect(retain(14_000)).toEqual([`KAM|${accountId(1)}|retain|revenue|2026-Q4`]);
    expect(retain(13_999)).toEqual([]);
  });

  test('is none where the customer has no high revenue to lose, or nothing is known', () => {
    expect(retain(14_000, { yearlyRevenue: euros(20_000) })).toEqual([]);
    expect(kinds(reviews({}, { potential: { revenueAtRisk: unknown('fewEvents') } }), 'retain')).toEqual([]);
  });
});

const get = (n: number, dueOn: string, doneOn: string | null = null): Commitment => ({
  id: `a0C00000000000${n}AAA`,
  side: 'get',
  type: 'accessToSites',
  service: null,
  ourOwner: 'Kim',
  theirOwner: 'Ada',
  dueOn,
  doneOn,
  what: null,
});
const anAgreement = (changes: Partial<Agreement> = {}): Agreement => ({
  id: 'a0B000000000001AAA',
  accountId: accountId(1),
  state: 'accepted',
  askedOn: '2026-01-10',
  answeredOn: '2026-02-01',
  wantsCare: true,
  inReturn: null,
  declineReason: null,
  reaskOn: null,
  reviewOn: null,
  commitments: [],
  ...changes,
});
const accepted: Partial<GroupFacts> = { ...strategic, answer: { is: 'accepted', on: '2026-02-01', missing: [] } };

describe('a commitment', () => {
  test('is overdue from the day after it was due, until it is done', () => {
    const agreement = anAgreement({
      commitments: [get(1, '2026-11-23'), get(2, '2026-11-24'), get(3, '2026-05-01', '2026-06-01')],
    });
    expect(kinds(reviews(accepted, { agreement }), 'commitmentOverdue')).toEqual([
      `KAM|${accountId(1)}|commitmentOverdue|a0C000000000001AAA|2026-10`,
    ]);
  });

  test("of an agreement that is over is nobody's task", () => {
    const agreement = anAgreement({ state: 'ended', commitments: [get(1, '2026-11-23')] });
    expect(reviews(accepted, { agreement }).map(({ task }) => task.kind)).not.toContain('commitmentOverdue');
  });
});

describe('a key account', () => {
  const requalify = (with_: Parameters<typeof reviews>[1]) => kinds(reviews(accepted, with_), 'requalify');

  test('is looked at again when it fails for the second month in a row', () => {
    expect(requalify({ settings: {}, belowSince: '2026-09-30' })).toEqual([
      `KAM|${accountId(1)}|requalify|agreement|2026-Q4`,
    ]);
    expect(requalify({ settings: {}, belowSince: '2026-10-31' })).toEqual([]);
    expect(requalify({ settings: { tasks: { requalifyMonths: 1 } } })).toHaveLength(1);
    expect(requalify({ belowSince: '2026-09-30' })).toEqual([]);
  });

  test('is looked at again when more than half of what the customer owes by now is late', () => {
    const half = [get(1, '2026-11-23'), get(2, '2026-05-01', '2026-05-01')];
    expect(requalify({ agreement: anAgreement({ commitments: half }) })).toEqual([]);
    expect(requalify({ agreement: anAgreement({ commitments: [...half, get(3, '2026-11-01')] }) })).toHaveLength(1);
  });

  test('is looked at again on its review day, or a year after the answer', () => {
    expect(requalify({ agreement: anAgreement({ reviewOn: '2026-11-24' }) })).toHaveLength(1);
    expect(requalify({ agreement: anAgreement({ reviewOn: '2026-11-25', answeredOn: '2025-01-01' }) })).toEqual([]);
    expect(requalify({ agreement: anAgreement({ answeredOn: '2025-11-24' }) })).toHaveLength(1);
    expect(requalify({ agreement: anAgreement({ answeredOn: '2025-11-25' }) })).toEqual([]);
  });

  test('is looked at again at once when too few commitments are left', () => {
    const answer = { is: 'accepted', on: '2026-02-01', missing: [{ is: 'gets', has: 2, needs: 3 }] } as const;
    const facts: Partial<GroupFacts> = { ...strategic, answer: { ...answer, missing: [...answer.missing] } };
    const standing: StandingDecision = { ...noStanding, tier: 'key' };
    expect(kinds(reviews(facts, { standing }), 'requalify')).toHaveLength(1);
    expect(kinds(reviews(facts), 'requalify')).toEqual([]);
  });
});

describe('an override', () => {
  const expiring = (until: string | null) =>
    reviews({ override: { tier: 'large', reason: 'Board', until } }).filter(
      ({ task }) => task.kind === 'overrideExpiring',
    );

  test('raises a task 30 days before it ends, due on its last day', () => {
    expect(expiring('2026-12-24').map(({ task }) => [task.ref, task.dueOn])).toEqual([
      [`KAM|${accountId(1)}|overrideExpiring|2026-12-24|2026`, '2026-12-24'],
    ]);
    expect(expiring('2026-12-25')).toEqual([]);
  });

  test('that has expired raises one until a person renews or empties it', () => {
    expect(expiring('2025-01-01')[0]?.task).toMatchObject({
      subject: 'Override has expired: Alpha',
      dueOn: '2026-12-24',
    });
  });

  test('without an end has none', () => {
    expect(expiring(null)).toEqual([]);
  });
});

describe('trust in our solutions', () => {
  const trust = (facts: Partial<GroupFacts>) => kinds(reviews({ ...strategic, ...facts }), 'trust');

  test('is a task where a candidate asks only competitors', () => {
    expect(trust({ trust: 'asksOthers' })).toEqual([`KAM|${accountId(1)}|trust|solution|2026`]);
  });

  test.each(['comesToUs', 'asksUsToo', null] as const)('is none where it is %s', (said) => {
    expect(trust({ trust: said })).toEqual([]);
  });

  test('is none for a customer whom nobody wants as a key account', () => {
    const ratings = { referenceCustomer: 0, opinionLeader: 0 } as const;
    expect(trust({ trust: 'asksOthers', ratings })).toEqual([]);
  });

  test('shapes how the customer is asked', () => {
    const [ask] = reviews({ ...strategic, trust: 'comesToUs' });
    expect(ask?.task.description).toContain('With new challenges they come to us');
  });
});

describe('the owner of a task', () => {
  const [owner, manager, named, spare] = [ownerId(1), ownerId(2), ownerId(3), ownerId(4)];
  const owners = (
    people: Partial<GroupFacts['people']>,
    {
      review = {},
      inactive = [],
      fallback = null,
    }: Partial<{ review: object; inactive: string[]; fallback: string | null }> = {},
  ) =>
    reviews(
      { ...strategic, people: { accountOwner: owner, manager: null, named: null, ...people } },
      { settings: { ...lenient, review, tasks: { ownerField: 'Steward__c' } }, inactive, fallback },
    ).map((wanted) => [wanted.task.kind, wanted.task.ownerId, wanted.owner]);

  test('is the manager for asking, and the account owner for offers', () => {
    expect(owners({ manager })).toEqual([
      ['ask', manager, 'wanted'],
      ['grow', owner, 'wanted'],
    ]);
  });

  test('is the user in the account field where the rule says so, else the account owner', () => {
    const review = { grow: { owner: 'field' } };
    expect(owners({ named }, { review })[1]).toEqual(['grow', named, 'wanted']);
    expect(owners({}, { review })[1]).toEqual(['grow', owner, 'wanted']);
  });

  test('is the account owner where the manager has left', () => {
    expect(owners({ manager }, { inactive: [manager] })[0]).toEqual(['ask', owner, 'standsIn']);
  });

  test('is the fallback where the account owner has left, and nobody without one', () => {
    expect(owners({}, { inactive: [owner], fallback: spare })[0]).toEqual(['ask', spare, 'standsIn']);
    expect(owners({}, { inactive: [owner] })[0]).toEqual(['ask', owner, 'nobody']);
  });
});

describe('what a root remembers of its tasks', () => {
  const id = accountId(1);

  test('is read back as the refs of the periods that are not over', () => {
    const opened = ['rate|opinionLeader|2026-Q4', 'ask|customer|2026', 'commitmentOverdue|a0C1|2026-10'];
    const all = [...opened, 'rate|opinionLeader|2026-Q3', 'ask|customer|2025', 'commitmentOverdue|a0C1|2026-09'];
    const memory = memoryOf(all.map((words) => `KAM|${id}|${words}`));
    expect(rememberedRefs(id, memory, '2026-10-31')).toEqual(opened.map((words) => `KAM|${id}|${words}`));
  });

  test('is nothing where nothing was opened', () => {
    expect(memoryOf([])).toBeNull();
    expect(rememberedRefs(id, null, '2026-10-31')).toEqual([]);
  });

  test('loses the oldest where the field is full', () => {
    const memory = memoryOf(Array.from({ length: 200 }, (_, n) => `KAM|${id}|commitmentOverdue|${1000 + n}|2026-10`));
    expect(memory?.length).toBeLessThanOrEqual(4000);
    expect(memory).toContain('|1199|');
    expect(memory).not.toContain('|1000|');
  });
});

describe('what a closed task says', () => {
  const said = (description: string | null) => closedDescription({ description }, '2026-11-24', settingsWith());
  const note = 'Closed automatically on 24 Nov 2026: nothing is left to do here.';

  test('is what it said, what people added, and when it was closed', () => {
    expect(said('Rate it.\nCalled twice.')).toBe(`Rate it.\nCalled twice.\n\n${note}`);
    expect(said(null)).toBe(note);
  });

  test('fits into the field', () => {
    expect(said('x'.repeat(32_000))).toHaveLength(32_000);
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

describe('the caps', () => {
  const rule = (capPerOwner: number | null) =>
    settingsWith({ review: { ask: { capPerOwner }, grow: { capPerOwner } } });
  const wanted = (n: number, urgency: number, kind: 'ask' | 'grow' = 'ask', owner = 1): WantedReview => ({
    urgency,
    owner: 'wanted',
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
    isMoot: false,
    status: null,
    description: null,
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

  test('per account leave the most urgent of its kind', () => {
    const rules = settingsWith({ review: { ask: { capPerAccount: 1 } } });
    const second = wanted(1, 80);
    const all = [
      wanted(1, 70),
      { ...second, task: { ...second.task, ref: `KAM|${accountId(1)}|ask|y|2026` } },
      wanted(2, 60),
    ];
    expect(capReviews(all, [], rules).map(({ ref }) => ref.split('|')[3])).toEqual(['y', 'x']);
  });

  test('give no place to a task that nobody can own', () => {
    expect(kept([{ ...wanted(1, 70), owner: 'nobody' }, wanted(2, 60)], 1)).toEqual([accountId(2)]);
  });

  test('may be lifted, or be zero', () => {
    const all = [wanted(1, 70), wanted(2, 60)];
    expect(kept(all, null)).toHaveLength(2);
    expect(kept(all, 0)).toEqual([]);
  });
});
