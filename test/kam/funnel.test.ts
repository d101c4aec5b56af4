import { describe, expect, test } from 'vitest';
import type { Answer } from '../../src/kam/agreement.js';
import type { GroupFacts, Override } from '../../src/kam/facts.js';
import { applyCapacity, decide, withoutManager, type Decision, type Reason } from '../../src/kam/funnel.js';
import { unknown } from '../../src/kam/unknown.js';
import {
  aCell,
  aGroup,
  aPotential,
  aScale,
  decided,
  euros,
  noStanding,
  settingsWith,
  someLines,
} from '../support/builders.js';

/** Ratings that pass the strategic gate at exactly one half. */
const strategic: Partial<GroupFacts> = { ratings: { referenceCustomer: 2, opinionLeader: 1 } };
const weak: Partial<GroupFacts> = { ratings: { referenceCustomer: 0, opinionLeader: 0 } };
/** 40 is exceeded by the 50 points that the group of the builders has. */
const lenient = { settings: { score: { threshold: 40 } } };
const on = '2026-06-01';
const accepted: Answer = { is: 'accepted', on, missing: [] };
const tooLittle: Answer = { is: 'accepted', on, missing: [{ is: 'gets', has: 1, needs: 3 }] };
const declined: Answer = { is: 'declined', on, reason: 'supplierOnly', reaskOn: '2027-06-01' };

const reasonsOf = (decision: Decision): Reason['is'][] => decision.reasons.map((reason) => reason.is);
const reason = (decision: Decision, is: Reason['is']) => decision.reasons.find((one) => one.is === is);

describe('the way through the gates', () => {
  test('a group that passes all gates is a candidate, to be asked', () => {
    expect(decided(strategic, lenient)).toMatchObject({
      tier: 'candidate',
      segment: 'top',
      gate: 'ask',
      gateResult: 'open',
      nextStep: { is: 'ask' },
    });
    expect(reasonsOf(decided(strategic, lenient))).toEqual(['scoreExceeded', 'segment', 'strategyPassed', 'notAsked']);
  });

  test('a small customer never enters the funnel', () => {
    const small = decided({ ...strategic, yearlyRevenue: euros(10_000) }, { ...lenient, potential: { additional: 0 } });
    expect(small).toMatchObject({ tier: 'standard', segment: 'small', gate: 'segment', gateResult: 'failed' });
    expect(small.nextStep).toEqual({ is: 'none' });
    expect(reasonsOf(small)).toEqual(['segment']);
  });

  test('a customer whose potential is unknown is undecided at the segment, not small', () => {
    const open = decided(strategic, { ...lenient, potential: { additional: unknown('noPeers') } });
    expect(open).toMatchObject({ tier: 'standard', segment: 'unknown', gate: 'segment', gateResult: 'undecided' });
    expect(open.nextStep).toEqual({ is: 'none' });
  });

  test('a customer who stands just below a line is kept, and the reason says so', () => {
    const kept = decided(
      { ...strategic, yearlyRevenue: euros(79_000) },
      { ...lenient, standing: { tier: 'candidate', segment: 'top' } },
    );
    expect(kept.segment).toBe('top');
    expect(reason(kept, 'segment')).toMatchObject({ kept: true, lines: someLines, revenue: euros(79_000) });
  });

  test('who misses the strategic criteria is stopped there, and the score is told all the same', () => {
    const failed = decided(weak, lenient);
    expect(failed).toMatchObject({ tier: 'standard', gate: 'strategy', gateResult: 'failed' });
    expect(failed.reasons[0]).toEqual({ is: 'strategyFailed', highest: 70 / 300, minimum: 0.5 });
    expect(reasonsOf(failed)).toEqual(['strategyFailed', 'segment', 'scoreExceeded']);
  });

  test('a score that is only reached is not exceeded', () => {
    const reached = decided(strategic, { settings: { score: { threshold: 50 } } });
    expect(reached).toMatchObject({ tier: 'standard', gate: 'score', gateResult: 'failed' });
    expect(reasonsOf(reached)).toEqual(['scoreNotExceeded', 'segment', 'strategyPassed']);
  });

  test('the first 3 by people that carries the gate alone is named', () => {
    const alone = { ratings: { referenceCustomer: 0, opinionLeader: 3 } as const, familiesBought: 1, sites: 1 };
    expect(reason(decided(alone, lenient), 'strategyPassed')).toMatchObject({ by: 'opinionLeader' });
  });

  test('reasons name the three strongest and the three weakest parts of the score', () => {
    // Weights 35, 25, 20, 10, 10 and 50 points each: every part misses as much as it brings.
    expect(reason(decided(strategic, lenient), 'scoreExceeded')).toEqual({
      is: 'scoreExceeded',
      points: 50,
      threshold: 40,
      best: [
        { criterion: 'potential', contribution: 17.5, possible: 35 },
        { criterion: 'margin', contribution: 12.5, possible: 25 },
        { criterion: 'risk', contribution: 10, possible: 20 },
      ],
    });
    const short = decided({ ...strategic, growth: -1, contributionMargin: euros(60_000) });
    expect(reason(short, 'scoreNotExceeded')).toMatchObject({
      points: 57.5,
      worst: [
        { criterion: 'potential' },
        { criterion: 'risk' },
        { criterion: 'growth', contribution: 0, possible: 10 },
      ],
    });
  });

  test('a part without weight is no reason, and the strongest comes first', () => {
    // Of 75, revenue brings all its 20, potential 14 of 35, growth 5 of 10.
    const criterion = { margin: { weight: 0 } };
    const exceeded = decided(
      { ...strategic, yearlyRevenue: euros(200_000) },
      { settings: { score: { threshold: 10 }, criterion }, potential: { additional: euros(40_000), breadth: 0 } },
    );
    expect(reason(exceeded, 'scoreExceeded')).toMatchObject({
      best: [{ criterion: 'risk' }, { criterion: 'potential' }, { criterion: 'growth' }],
    });
  });

  test('a scale from percentiles is called uncalibrated', () => {
    const scale = { ...aScale, calibrated: false };
    expect(reasonsOf(decided(strategic, { ...lenient, scale }))).toContain('uncalibrated');
    expect(reasonsOf(decided(strategic, { scale }))).toContain('uncalibrated');
  });
});

describe('what is not known', () => {
  test('missing ratings are asked for where they decide and the score is exceeded', () => {
    const open = decided({}, lenient);
    expect(open).toMatchObject({ tier: 'standard', gate: 'strategy', gateResult: 'undecided' });
    expect(open.nextStep).toEqual({ is: 'rate', criteria: ['referenceCustomer', 'opinionLeader'] });
    expect(open.reasons[0]).toEqual({
      is: 'strategyUndecided',
      lowest: 70 / 300,
      highest: 220 / 300,
      minimum: 0.5,
      missing: ['referenceCustomer', 'opinionLeader'],
    });
  });

  test('nobody is asked to rate where the score is not exceeded anyway', () => {
    expect(decided({})).toMatchObject({ gate: 'score', gateResult: 'failed', nextStep: { is: 'grow' } });
  });

  test('nobody is asked to rate while the score itself is undecided', () => {
    const open = decided(
      { contributionMargin: unknown('noMargin') },
      { settings: { score: { minimumConfidence: 0.8 } } },
    );
    expect(open).toMatchObject({ tier: 'standard', gate: 'score', gateResult: 'undecided' });
    expect(open.nextStep).toEqual({ is: 'learn', criterion: 'margin', why: 'noMargin' });
    expect(open.reasons[0]).toEqual({
      is: 'scoreUndecided',
      confidence: 0.75,
      minimum: 0.8,
      unknown: [{ criterion: 'margin', why: 'noMargin' }],
    });
  });

  test('of several unknown figures the heaviest is looked for first; one without weight not at all', () => {
    const criterion = { growth: { weight: 30 }, breadth: { weight: 0 } };
    const open = decided(
      { ...strategic, contributionMargin: unknown('noMargin'), growth: unknown('noHistory') },
      { settings: { score: { minimumConfidence: 0.6 }, criterion }, potential: { breadth: unknown('noPotential') } },
    );
    expect(open.nextStep).toEqual({ is: 'learn', criterion: 'growth', why: 'noHistory' });
    expect(open.reasons[0]).toMatchObject({ unknown: [{ criterion: 'growth' }, { criterion: 'margin' }] });
  });

  test('where only the countries are missing, they are what to find out', () => {
    const settings = { score: { threshold: 40 }, criterion: { opinionLeader: { active: false } } };
    const open = decided({ ...strategic, countries: unknown('noCountry') }, { settings });
    expect(open).toMatchObject({ gate: 'strategy', gateResult: 'undecided' });
    expect(open.nextStep).toEqual({ is: 'learn', criterion: 'countries', why: 'noCountry' });
  });

  test('without any weight in the score there is nothing to find out', () => {
    const settings = settingsWith();
    for (const name of ['potential', 'margin', 'risk', 'breadth', 'growth'] as const)
      settings.criterion[name].weight = 0;
    const open = decide(aGroup(), aPotential(), noStanding, { lines: someLines, scale: aScale }, settings);
    expect(open).toMatchObject({ gate: 'score', gateResult: 'undecided', nextStep: { is: 'grow' } });
  });
});

describe('the next step of a customer who is no candidate', () => {
  test('is the whitespace, the three largest families', () => {
    const cells = [5, 4, 3, 2].map((amount) => aCell({ family: `Family ${amount}`, amount: euros(amount) }));
    const upSell = aCell({
      family: 'Pumps',
      kind: 'upSell',
      amount: euros(9),
      why: {
        is: 'bought',
        own: 0,
        volume: euros(9),
        value: unknown('notModelled'),
        from: { is: 'peers', buyers: 5, peerLevel: 'all', benchmark: euros(36), realisation: 0.25 },
      },
    });
    expect(decided(weak, { ...lenient, potential: { cells: [upSell, ...cells] } }).nextStep).toEqual({
      is: 'grow',
      families: [
        { family: 'Family 5', amount: euros(5) },
        { family: 'Family 4', amount: euros(4) },
        { family: 'Family 3', amount: euros(3) },
      ],
    });
  });

  test('is nothing where there is no whitespace, or little potential left', () => {
    expect(decided(weak, { ...lenient, potential: { cells: [] } }).nextStep).toEqual({ is: 'none' });
    expect(decided(weak, { ...lenient, potential: { additional: euros(1) } })).toMatchObject({
      segment: 'base',
      nextStep: { is: 'none' },
    });
  });

  test('is no more figures where the strategic criteria are missed anyway', () => {
    const facts = { ...weak, contributionMargin: unknown('noMargin') };
    const failed = decided(facts, { settings: { score: { minimumConfidence: 0.8 } } });
    expect(failed).toMatchObject({ gate: 'strategy', gateResult: 'failed', nextStep: { is: 'grow' } });
  });
});

describe('the answer of the customer', () => {
  test('an accepted agreement with enough commitments makes a key account', () => {
    const key = decided({ ...strategic, answer: accepted }, lenient);
    expect(key).toMatchObject({ tier: 'key', gate: 'ask', gateResult: 'passed', nextStep: { is: 'grow' } });
    expect(key.reasons[0]).toEqual({ is: 'accepted', on });
  });

  test('an accepted key account stays one, whatever the figures say today', () => {
    const poor = decided({ ...weak, yearlyRevenue: euros(1), answer: accepted }, { potential: { additional: 0 } });
    expect(poor).toMatchObject({ tier: 'key', gate: 'ask', gateResult: 'passed', segment: 'small' });
    expect(reasonsOf(poor)).toEqual(['accepted', 'segment']);
  });

  test('who commits to too little stays a candidate', () => {
    expect(decided({ ...strategic, answer: tooLittle }, lenient)).toMatchObject({
      tier: 'candidate',
      gate: 'ask',
      gateResult: 'open',
      nextStep: { is: 'agree' },
      reasons: [{ is: 'acceptedNotEnough', on }, { is: 'scoreExceeded' }, { is: 'segment' }, { is: 'strategyPassed' }],
    });
    expect(decided({ ...weak, answer: tooLittle }, lenient)).toMatchObject({ tier: 'standard', gate: 'strategy' });
  });

  test('a key account whose commitments lapse is not dethroned by the machine', () => {
    const standing = { tier: 'key', segment: 'top' } as const;
    expect(decided({ ...weak, answer: tooLittle }, { standing })).toMatchObject({
      tier: 'key',
      gate: 'ask',
      gateResult: 'passed',
      nextStep: { is: 'agree' },
    });
  });

  test('unless a person takes the crown, and then it stands where the figures put it', () => {
    const override = { tier: 'large', reason: 'Board decision', until: '2026-12-31' } as const;
    const after = (given: Override, tier: Decision['tier']) =>
      decided({ ...weak, answer: tooLittle, override: given }, { standing: { tier, segment: 'top' } });
    expect(after(override, 'key')).toMatchObject({ tier: 'large', gate: 'strategy', gateResult: 'failed' });
    expect(after(override, 'large')).toMatchObject({ tier: 'large', gate: 'strategy', gateResult: 'failed' });
    expect(after({ ...override, until: null }, 'key').tier).toBe('key');
    expect(after({ ...override, tier: 'key' }, 'key').tier).toBe('key');
  });

  test('a label from before that no agreement stands behind is not kept', () => {
    const standing = { tier: 'key', segment: 'top' } as const;
    expect(decided(strategic, { ...lenient, standing }).tier).toBe('candidate');
  });

  test('a candidate who declines becomes a large account, to be asked again', () => {
    const large = decided({ ...strategic, answer: declined }, lenient);
    expect(large).toMatchObject({ tier: 'large', gate: 'ask', gateResult: 'failed' });
    expect(large.nextStep).toEqual({ is: 'reask', on: '2027-06-01' });
    expect(large.reasons[0]).toEqual({ is: 'declined', on, reason: 'supplierOnly', reaskOn: '2027-06-01' });
  });

  test('who declined and would not reach the customer today is a large account that stands where it is stopped', () => {
    expect(decided({ ...weak, answer: declined }, lenient)).toMatchObject({
      tier: 'large',
      gate: 'strategy',
      gateResult: 'failed',
    });
  });

  test('who was asked is waited for', () => {
    const asked: Answer = { is: 'asked', on };
    const waiting = decided({ ...strategic, answer: asked }, lenient);
    expect(waiting).toMatchObject({ tier: 'candidate', gateResult: 'open', nextStep: { is: 'await' } });
    expect(waiting.reasons[0]).toEqual({ is: 'asked', on });
    expect(decided({ ...weak, answer: asked }, lenient).tier).toBe('standard');
  });

  test('who has not answered is to be asked again', () => {
    const silent = decided({ ...strategic, answer: { is: 'noAnswer', on } }, lenient);
    expect(silent).toMatchObject({ tier: 'candidate', gateResult: 'open', nextStep: { is: 'ask' } });
    expect(silent.reasons[0]).toEqual({ is: 'noAnswer', on });
  });

  test('who is on trial stays a candidate, with the day by which the trial proves itself', () => {
    const trial: Answer = { is: 'incubator', on, until: '2027-06-01' };
    expect(decided({ ...strategic, answer: trial }, lenient)).toMatchObject({
      tier: 'candidate',
      nextStep: { is: 'prove', until: '2027-06-01' },
    });
    expect(decided({ ...weak, answer: trial }, lenient).tier).toBe('standard');
  });
});

describe('an override', () => {
  const override = (changes: Partial<Override> = {}): Partial<GroupFacts> => ({
    ...strategic,
    override: { tier: 'large', reason: 'Board decision', until: '2026-12-31', ...changes },
  });

  test('sets the tier that it names, and says so first', () => {
    const set = decided(override(), lenient);
    expect(set).toMatchObject({ tier: 'large', gate: 'ask', gateResult: 'open' });
    expect(set.reasons[0]).toEqual({ is: 'overridden', tier: 'large', reason: 'Board decision', until: '2026-12-31' });
  });

  test('away from the candidates means that nobody is asked or rated', () => {
    expect(decided(override({ tier: 'standard' }), lenient).nextStep.is).toBe('grow');
    const { ratings } = aGroup();
    expect(decided({ ...override({ tier: 'standard' }), ratings }, lenient)).toMatchObject({
      gateResult: 'undecided',
      nextStep: { is: 'grow' },
    });
  });

  test('to candidate means that the customer is to be asked, or waited for', () => {
    const made = { ...override({ tier: 'candidate' }), ...weak };
    expect(decided(made, lenient)).toMatchObject({ tier: 'candidate', gate: 'strategy', nextStep: { is: 'ask' } });
    expect(decided({ ...made, answer: { is: 'asked', on } }, lenient).nextStep.is).toBe('await');
  });

  test('to large account leaves the whitespace, or the day to ask again', () => {
    expect(decided(override(), lenient).nextStep.is).toBe('grow');
    expect(decided({ ...override(), answer: declined }, lenient).nextStep.is).toBe('reask');
  });

  test('to the tier that was decided anyway changes no step', () => {
    const same = decided(override({ tier: 'candidate' }), lenient);
    expect(same).toMatchObject({ tier: 'candidate', nextStep: { is: 'ask' } });
    expect(reasonsOf(same)[0]).toBe('overridden');
  });

  test('takes a crown that only the customer could give', () => {
    expect(decided({ ...override({ tier: 'standard' }), answer: accepted }, lenient).tier).toBe('standard');
  });

  test('holds on its last day itself and no longer, by the day of the run', () => {
    expect(decided(override({ until: '2026-11-24' }), lenient).tier).toBe('large');
    const expired = decided(override({ until: '2026-11-23' }), lenient);
    expect(expired.tier).toBe('candidate');
    expect(expired.reasons[0]).toEqual({ is: 'overrideRefused', tier: 'large', because: 'expired' });
  });

  test.each([
    [{ reason: null }, 'noReason'],
    [{ reason: '  ' }, 'noReason'],
    [{ until: null }, 'noExpiry'],
    [{ tier: 'key' }, 'noAgreement'],
  ] as const)('%o is refused: %s', (changes, because) => {
    const refused = decided(override(changes), lenient);
    expect(refused).toMatchObject({ tier: 'candidate', nextStep: { is: 'ask' } });
    expect(refused.reasons[0]).toMatchObject({ is: 'overrideRefused', because });
  });

  test('to key account stands where the customer has agreed', () => {
    const key = decided({ ...override({ tier: 'key' }), answer: accepted }, lenient);
    expect(key.tier).toBe('key');
    expect(reasonsOf(key).slice(0, 2)).toEqual(['overridden', 'accepted']);
  });
});

describe('an excluded group', () => {
  const exclusion = { reason: 'credit block' };

  test('is standard before any gate, even with an agreement', () => {
    const out = decided({ ...strategic, exclusion, answer: accepted }, lenient);
    expect(out).toMatchObject({ tier: 'standard', gate: 'segment', gateResult: 'failed', nextStep: { is: 'none' } });
    expect(out.reasons).toEqual([{ is: 'excluded', reason: 'credit block' }]);
  });

  test('keeps its segment, as its figures are what they are', () => {
    expect(decided({ exclusion }).segment).toBe('top');
  });

  test('is not brought back by an override', () => {
    const override = { tier: 'candidate', reason: 'Board decision', until: '2026-12-31' } as const;
    expect(decided({ exclusion, override })).toMatchObject({
      tier: 'standard',
      reasons: [{ is: 'excluded' }, { is: 'overrideRefused', tier: 'candidate', because: 'excluded' }],
    });
    expect(reasonsOf(decided({ exclusion, override: { ...override, tier: 'standard' } }))).toEqual(['excluded']);
  });
});

describe('hysteresis of the score', () => {
  /** The group of the builders has 50 points; the default hysteresis is 3. */
  const above = (threshold: number): object => ({ score: { threshold } });
  const past = { tier: 'candidate', gate: 'ask', gateResult: 'open' } as const;

  test('who is past the score gate keeps passing down to three points below it, and the reason says so', () => {
    const held = decided(strategic, { settings: above(52), standing: past });
    expect(held).toMatchObject({ tier: 'candidate', gate: 'ask', gateResult: 'open', nextStep: { is: 'ask' } });
    expect(held.reasons[0]).toMatchObject({ is: 'scoreHeld', points: 50, threshold: 52, downTo: 49 });
  });

  test('the lower line must be exceeded too', () => {
    expect(decided(strategic, { settings: above(53), standing: past }).tier).toBe('standard');
  });

  test('without hysteresis nothing is held', () => {
    const settings = { score: { threshold: 50, hysteresis: 0 } };
    expect(decided(strategic, { settings, standing: past }).tier).toBe('standard');
  });

  test.each([
    ['stands before the score gate', { ...past, gate: 'score' }],
    ['was never decided on', {}],
  ] as const)('who %s has to exceed the threshold itself', (_, standing) => {
    expect(decided(strategic, { settings: above(52), standing })).toMatchObject({ tier: 'standard', gate: 'score' });
  });

  test('who waits for ratings has passed the score, and is asked for them as long as it is held', () => {
    const standing = { tier: 'standard', gate: 'strategy', gateResult: 'undecided' } as const;
    const rated = { ratings: { referenceCustomer: 2, opinionLeader: unknown('notRated') } } as const;
    expect(decided({ ...rated, sites: 1 }, { settings: above(52), standing })).toMatchObject({
      gate: 'strategy',
      gateResult: 'undecided',
      nextStep: { is: 'rate' },
    });
  });

  test('a key account is not below the line before it falls by more, and then not above it before it exceeds it', () => {
    const crowned = { ...strategic, answer: accepted };
    const standing = { tier: 'key', gate: 'ask', gateResult: 'passed' } as const;
    const reasonsAt = (threshold: number, belowSince: string | null) =>
      reasonsOf(decided(crowned, { settings: above(threshold), standing: { ...standing, belowSince } }));
    expect(reasonsAt(52, null)).toContain('scoreHeld');
    expect(reasonsAt(53, null)).toContain('scoreNotExceeded');
    expect(reasonsAt(52, '2026-09-30')).toContain('scoreNotExceeded');
    expect(reasonsAt(49, '2026-09-30')).toContain('scoreExceeded');
  });
});

describe('the minimum stay', () => {
  /** Candidate since 25 August; today is 24 November, and three months end tomorrow. */
  const standing = { tier: 'candidate', segment: 'top', gate: 'ask', tierSince: '2026-08-25' } as const;
  const fallen = { settings: { score: { threshold: 60 } } };

  test('a candidate whose score falls stays one until it is over, is still asked, and the reason says until when', () => {
    const held = decided(strategic, { ...fallen, standing });
    expect(held).toMatchObject({ tier: 'candidate', gate: 'ask', gateResult: 'open', nextStep: { is: 'ask' } });
    expect(held.reasons[0]).toEqual({ is: 'held', by: 'stay', until: '2026-11-25' });
    expect(reasonsOf(held)).toContain('scoreNotExceeded');
  });

  test('and so does one whose revenue and potential fall', () => {
    const poor = decided({ ...strategic, yearlyRevenue: euros(10_000) }, { standing, potential: { additional: 0 } });
    expect(poor).toMatchObject({ tier: 'candidate', segment: 'small', gate: 'ask' });
  });

  test('on the day on which it ends, the figures count', () => {
    const ended = { ...standing, tierSince: '2026-08-24' };
    expect(decided(strategic, { ...fallen, standing: ended })).toMatchObject({ tier: 'standard', gate: 'score' });
  });

  test('the first tier of all has no minimum stay', () => {
    expect(decided(strategic, { ...fallen, standing: { ...standing, tierSince: null } }).tier).toBe('standard');
  });

  test.each([
    ['a knock-out', { ...strategic, exclusion: { reason: 'credit block' } }, 'standard'],
    ['the customer who declines', { ...strategic, answer: declined }, 'large'],
    ["people's low ratings", weak, 'standard'],
    ['an override', { ...strategic, override: { tier: 'standard', reason: 'Board', until: '2026-12-31' } }, 'standard'],
  ] as const)('%s is not held', (_, facts, tier) => {
    const decision = decided(facts, { ...fallen, standing });
    expect(decision.tier).toBe(tier);
    expect(reasonsOf(decision)).not.toContain('held');
  });
});

describe('the capacity of the programme', () => {
  test('a candidate beyond it waits at the score gate', () => {
    const waiting = applyCapacity(decided(strategic, lenient), 36, 35);
    expect(waiting).toMatchObject({ tier: 'standard', gate: 'score', gateResult: 'open' });
    expect(waiting.nextStep).toEqual({ is: 'findRoom', with: 'programme' });
    expect(waiting.reasons[0]).toEqual({ is: 'overCapacity', rank: 36, capacity: 35 });
    expect(reasonsOf(waiting)).not.toContain('notAsked');
  });

  test('a candidate whose key account manager can carry no more waits there too, and no person and no figure is named', () => {
    const waiting = withoutManager(decided(strategic, lenient));
    expect(waiting).toMatchObject({ tier: 'standard', gate: 'score', gateResult: 'open' });
    expect(waiting.reasons[0]).toEqual({ is: 'managerFull' });
    expect(waiting.nextStep).toEqual({ is: 'findRoom', with: 'manager' });
  });

  test('the last place is a place', () => {
    const candidate = decided(strategic, lenient);
    expect(applyCapacity(candidate, 35, 35)).toBe(candidate);
  });

  test.each([
    ['a key account', { ...strategic, answer: accepted }],
    ['who was asked already', { ...strategic, answer: { is: 'asked', on } }],
    ['who has agreed to something', { ...strategic, answer: tooLittle }],
    [
      'whom a person made a candidate',
      { ...weak, override: { tier: 'candidate', reason: 'Board', until: '2026-12-31' } },
    ],
    ['who is standard anyway', weak],
  ] as const)('%s is not cut', (_, facts) => {
    const decision = decided(facts, lenient);
    expect(applyCapacity(decision, 99, 1)).toBe(decision);
    expect(withoutManager(decision)).toBe(decision);
  });
});
