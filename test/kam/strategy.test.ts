import { describe, expect, test } from 'vitest';
import type { GroupFacts, Rating } from '../../src/kam/facts.js';
import { answerStrategy, soleReason } from '../../src/kam/strategy.js';
import { unknown, type Unknown } from '../../src/kam/unknown.js';
import { aGroup, settingsWith } from '../support/builders.js';

const notRated = unknown('notRated');
const rated = (referenceCustomer: Rating | Unknown, opinionLeader: Rating | Unknown): Partial<GroupFacts> => ({
  ratings: { referenceCustomer, opinionLeader },
});
const answer = (facts: Partial<GroupFacts>, settings: object = {}) =>
  answerStrategy(aGroup(facts), settingsWith(settings));

describe('computed ratings', () => {
  test.each([
    [1, 0],
    [2, 1],
    [3, 1],
    [4, 2],
    [5, 2],
    [6, 3],
    [60, 3],
  ])('%d families are a complexity of %d', (familiesBought, rating) => {
    expect(answer({ familiesBought }).ratings.complexity).toBe(rating);
  });

  test('countries and sites have bands of their own', () => {
    const { ratings } = answer({ countries: 10, sites: 5 });
    expect([ratings.countries, ratings.sites]).toEqual([3, 2]);
  });

  test('a band that is empty is skipped', () => {
    const settings = { criterion: { sites: { oneFrom: null, twoFrom: 5, threeFrom: null } } };
    expect([4, 5, 500].map((sites) => answer({ sites }, settings).ratings.sites)).toEqual([0, 2, 2]);
  });

  test('without a billing country the countries are unknown, not zero', () => {
    expect(answer({ countries: unknown('noCountry') }).ratings.countries).toEqual(unknown('noCountry'));
  });
});

describe('the strategic gate', () => {
  // Of 300: complexity 2 × 20, countries 1 × 15 and sites 1 × 15 make 70; reference counts 30 and opinion 20 a step.
  test('passes at a weighted mean of exactly one half', () => {
    expect(answer(rated(2, 1))).toMatchObject({ result: 'passed', mean: 0.5, lowest: 0.5, highest: 0.5, missing: [] });
  });

  test('fails below', () => {
    const failed = answer(rated(1, 2));
    expect(failed).toMatchObject({ result: 'failed', missing: [] });
    expect(failed.mean).toBeCloseTo(140 / 300, 12);
  });

  test('passes on one 3 by people, whatever the mean', () => {
    const facts = { ...rated(0, 3), familiesBought: 1, countries: 1, sites: 1 };
    const passed = answer(facts);
    expect(passed).toMatchObject({ result: 'passed', lowest: 0.2 });
    expect(soleReason(passed, settingsWith())).toBe('opinionLeader');
  });

  test('a computed 3 is not enough', () => {
    expect(answer({ ...rated(0, 0), familiesBought: 1, countries: 10, sites: 1 }).result).toBe('failed');
  });

  test('nor is a 3 by people where the admin wants the mean', () => {
    const settings = { strategy: { oneIsEnough: false } };
    const facts = { ...rated(0, 3), familiesBought: 1, countries: 1, sites: 1 };
    expect(answer(facts, settings).result).toBe('failed');
    expect(soleReason(answer(facts, settings), settingsWith(settings))).toBeNull();
  });

  test('nor a 3 in a criterion that is switched off', () => {
    const settings = { criterion: { opinionLeader: { active: false } } };
    const facts = { ...rated(0, 3), familiesBought: 1, countries: 1, sites: 1 };
    expect(answer(facts, settings)).toMatchObject({ result: 'failed', highest: 0 });
  });

  test('where no rating is 3, none is named', () => {
    expect(soleReason(answer(rated(1, 1)), settingsWith())).toBeNull();
  });

  test('where the mean passes by itself, no single rating is named', () => {
    expect(soleReason(answer(rated(3, 3)), settingsWith())).toBeNull();
  });

  test('rounding in the last digit of a weight decides nothing', () => {
    // (0.7 × 2 + 0.4 × 1) of 3 × 1.2 is one half, but 0.4999999999999999 in binary.
    const weights = { referenceCustomer: 0.7, opinionLeader: 0.4, complexity: 0.1, countries: 0, sites: 0 };
    const criterion = Object.fromEntries(Object.entries(weights).map(([name, weight]) => [name, { weight }]));
    expect(answer({ ...rated(2, 1), familiesBought: 1 }, { criterion }).result).toBe('passed');
  });
});

describe('a gate with unknown ratings', () => {
  test('is undecided where they could turn it either way, and names those that could', () => {
    expect(answer(rated(notRated, notRated))).toMatchObject({
      result: 'undecided',
      missing: ['referenceCustomer', 'opinionLeader'],
    });
  });

  test('knows how low and how high the mean can still become', () => {
    const { mean, lowest, highest } = answer(rated(notRated, 1));
    expect([lowest, highest].map((share) => Math.round(share * 300))).toEqual([90, 180]);
    expect(mean).toBeCloseTo(90 / 210, 12);
  });

  test('is passed where a 3 stands already', () => {
    expect(answer(rated(3, notRated))).toMatchObject({ result: 'passed', missing: [] });
  });

  test('is passed where even zeros reach the mean', () => {
    const facts = { ...rated(notRated, notRated), familiesBought: 6, countries: 10, sites: 15 };
    expect(answer(facts)).toMatchObject({ result: 'passed', lowest: 0.5 });
  });

  test('is failed where even the best could not reach the mean', () => {
    const settings = { strategy: { oneIsEnough: false } };
    const facts = { ...rated(0, notRated), familiesBought: 1, countries: 1, sites: 1 };
    expect(answer(facts, settings)).toMatchObject({ result: 'failed', highest: 0.2, missing: [] });
  });

  test('leaves out a rating that cannot turn it', () => {
    // Opinion weighs nothing; reference can lift 0 of 240 to 90, where 72 are needed.
    const settings = {
      strategy: { oneIsEnough: false, minimumMean: 0.3 },
      criterion: { opinionLeader: { weight: 0 } },
    };
    const facts = { ...rated(notRated, notRated), familiesBought: 1, countries: 1, sites: 1 };
    expect(answer(facts, settings).missing).toEqual(['referenceCustomer']);
  });

  test('asks nobody to rate a criterion that is switched off', () => {
    const settings = { criterion: { referenceCustomer: { active: false } } };
    expect(answer(rated(notRated, notRated), settings).missing).toEqual(['opinionLeader']);
  });

  test('can hang on the countries alone, which nobody rates', () => {
    // Without opinion, 60 + 40 + 15 of 240 where 120 are needed: one step in countries more would do.
    const facts = { ...rated(2, notRated), countries: unknown('noCountry') };
    const settings = { criterion: { opinionLeader: { active: false } } };
    expect(answer(facts, settings)).toMatchObject({ result: 'undecided', missing: [] });
  });

  test('has no mean where nothing with a weight is known', () => {
    const off = { active: false };
    const settings = { criterion: { complexity: off, countries: off, sites: off } };
    expect(answer(rated(notRated, notRated), settings)).toMatchObject({ mean: notRated, lowest: 0, highest: 1 });
  });

  test('has a mean of zero where no weight is left at all', () => {
    const settings = settingsWith();
    for (const criterion of Object.values(settings.criterion)) criterion.weight = 0;
    expect(answerStrategy(aGroup(rated(1, 1)), settings)).toMatchObject({ lowest: 0, highest: 0, result: 'failed' });
  });
});
