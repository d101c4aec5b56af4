import { expect, test } from 'vitest';
import { movedSince, type Night, type UnderNewRules } from '../../src/kam/runDiff.js';
import {
  accountId,
  aGroup,
  aPotential,
  aScale,
  decided,
  euros,
  noStanding,
  settingsWith,
  someLines,
} from '../support/builders.js';

/** 50 points against a threshold of 60: failed at the score. */
const aNight = (changes: Partial<Night> = {}): Night => {
  const night = {
    facts: aGroup({ ratings: { referenceCustomer: 3, opinionLeader: 3 } }),
    potential: aPotential(),
    standing: noStanding,
    lines: someLines,
    scale: aScale,
    settings: settingsWith(),
    ...changes,
  };
  const { facts, potential, standing, lines, scale, settings } = night;
  return {
    ...night,
    decision:
      changes.decision ??
      decided(facts, {
        potential,
        standing,
        lines,
        scale,
        settings: { score: { threshold: settings.score.threshold } },
      }),
  };
};
const plain: UnderNewRules = { lines: someLines, reachFacts: false, atOldRates: null };
const causes = (after: Partial<Night>, rules = plain): unknown => movedSince(aNight(), aNight(after), rules)?.causes;

const lower = settingsWith({ score: { threshold: 40 } });
const richer = aPotential({ additional: euros(100_000) });
const easier = {
  ...aScale,
  anchors: { ...aScale.anchors, potential: { zero: 0, half: euros(10_000), full: euros(20_000) } },
};

test('a group that stands as before has not moved, whatever changed', () => {
  expect(movedSince(aNight(), aNight({ settings: settingsWith({ score: { threshold: 55 } }) }), plain)).toBe(null);
});

test('each cause alone', () => {
  expect(causes({ settings: lower })).toEqual(['rules']);
  // 100 points of potential add 35 in place of 17.5: 67.5.
  expect(causes({ scale: easier })).toEqual(['calibration']);
  expect(causes({ potential: richer })).toEqual(['data']);
  const facts = { ...aNight().facts, accountIds: [accountId(1), accountId(2)] };
  expect(causes({ potential: richer, facts })).toEqual(['hierarchy']);
  expect(causes({ lines: { revenue: euros(200_000), potential: euros(200_000) } })).toEqual(['others']);
});

test('rates: what the facts at the old ones do not explain', () => {
  const { facts, potential } = aNight();
  expect(causes({ potential: richer }, { ...plain, atOldRates: { facts, potential } })).toEqual(['currency']);
  expect(causes({ potential: richer }, { ...plain, atOldRates: { facts, potential: richer } })).toEqual(['data']);
});

test('a step of the facts is put down to rules that reach them', () => {
  expect(causes({ potential: richer }, { ...plain, reachFacts: true })).toEqual(['rules']);
});

test('two causes where each moves the group', () => {
  const facts = { ...aNight().facts, exclusion: { reason: 'Credit block' } };
  expect(causes({ settings: lower, facts })).toEqual(['rules', 'data']);
});

test('a group that only lost its place to others', () => {
  const before = aNight({ potential: richer });
  const { decision } = before;
  const after = { ...before, decision: { ...decision, tier: 'standard' as const } };
  expect(decision.tier).toBe('candidate');
  expect(movedSince(before, after, plain)).toMatchObject({ is: 'leaves', causes: ['others'] });
});
