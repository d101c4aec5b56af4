/** The adoption model as a whole: what it learns, what it says, why, and when it says nothing. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  fitAdoption,
  landmarksFor,
  rangesOf,
  score,
  shortlist,
  type Adoption,
  type AdoptionModel,
  type AdoptionOptions,
} from '../../../src/kam/model/adoption.js';
import { calibrate } from '../../../src/kam/model/calibration.js';
import type { Evidence } from '../../../src/kam/model/evidence.js';
import { accountFeatures, candidatesOf, familyFeatures, featureNames } from '../../../src/kam/model/features.js';
import {
  learnWeights,
  momentsOf,
  trainingWindow,
  usableWindows,
  type TrainingWindow,
} from '../../../src/kam/model/learning.js';
import { logit } from '../../../src/kam/model/logistic.js';
import { priorWeights } from '../../../src/kam/model/weights.js';
import { explainer } from '../../../src/kam/model/why.js';
import { aView, times, type SmallAccount, type SmallView } from '../../support/views.js';

const options: AdoptionOptions = { prior: priorWeights, learning: true, lookalikes: 'on' };
const nothingPast = { latest: null, earlier: null };
const two: SmallView = { families: ['Pumps', 'Valves'] };

function estimated(adoption: Adoption): { evidence: Evidence; model: AdoptionModel } {
  return adoption.is === 'estimated' ? adoption : expect.fail(adoption.because.is);
}

const fitted = (accounts: readonly SmallAccount[], view = two, past = nothingPast) =>
  estimated(fitAdoption(aView(accounts, view), past, options));

const windowOf = (accounts: readonly SmallAccount[], view = two): TrainingWindow =>
  trainingWindow(aView(accounts, view), { landmarks: 2000 }) ?? expect.fail('nothing to learn from');

describe('nothing can be estimated', () => {
  const because = (accounts: readonly SmallAccount[], view = two) => {
    const adoption = fitAdoption(aView(accounts, view), nothingPast, options);
    return adoption.is === 'notEstimable' ? adoption.because : expect.fail('it was estimated');
  };

  test.each([
    ['without a sale before the cut', [], { ...two, historyDays: 0 }, { is: 'noHistory' }],
    ['where nobody bought in the year before the cut, or there are only credit notes', [], two, { is: 'noBuyers' }],
    ['of one account', [{ owns: ['Pumps'] }], two, { is: 'oneAccount' }],
    ['of one family', times(9, { owns: ['Pumps'] }), two, { is: 'oneFamily' }],
    ['of accounts that own nothing net of credit notes', times(9, {}), two, { is: 'oneFamily' }],
    [
      'where all accounts own the same',
      times(9, { owns: ['Pumps', 'Valves'] }),
      two,
      { is: 'nothingOpen', minimumOwners: 5 },
    ],
    [
      'where no family has five owners',
      [...times(4, { owns: ['Pumps'] }), ...times(4, { owns: ['Valves'] })],
      two,
      { is: 'nothingOpen', minimumOwners: 5 },
    ],
  ] as const)('%s', (_, accounts, view, reason) => {
    expect(because(accounts, view)).toEqual(reason);
  });
});

describe('without a usable past', () => {
  test('the prior weights stand, and the mean log-odds are those of the recent rate', () => {
    const { model, evidence } = fitted([...times(20, { owns: ['Pumps'] }), ...times(20, { owns: ['Valves'] })]);
    const meanRate = ((evidence.rate[0] ?? 0) + (evidence.rate[1] ?? 0)) / 2;
    expect(model.weights).toEqual(priorWeights);
    expect(model.calibration).toEqual({ intercept: logit(meanRate), slope: 1, drift: 0 });
    expect(model.learnedFrom).toEqual([]);
  });

  test.each([
    ['whose outcome is not known', {}],
    ['of two adoptions', { after: 2 }],
    ['with too short a history', { after: 9, historyDays: 147 }],
  ])(
    'a window %s teaches nothing',
    (_, { after = 0, historyDays = 1000 }: { after?: number; historyDays?: number }) => {
      const accounts = [
        ...times(after, { owns: ['Pumps'], after: { Valves: 100 } }),
        ...times(20 - after, { owns: ['Pumps'] }),
        ...times(20, { owns: ['Valves'] }),
      ];
      const window = trainingWindow(aView(accounts, { ...two, historyDays }), { landmarks: 0 });
      expect(usableWindows(window, null)).toEqual([]);
    },
  );

  test('four fifths of a horizon of history are enough before the latest window, the earlier needs more than one', () => {
    const accounts = [...times(9, { owns: ['Pumps'], after: { Valves: 100 } }), ...times(20, { owns: ['Valves'] })];
    const [short, whole, long] = [148, 184, 185].map((historyDays) => windowOf(accounts, { ...two, historyDays }));
    if (short === undefined || whole === undefined || long === undefined) return expect.fail();
    expect(usableWindows(short, long)).toEqual([short, long]);
    expect(usableWindows(short, whole)).toEqual([short]);
  });

  test('a past at which nothing could be estimated teaches nothing', () => {
    expect(trainingWindow(aView([{ owns: ['Pumps'], after: {} }], two), { landmarks: 0 })).toBeNull();
  });
});

/** Accounts that bought of late adopted the other family, those that did not, did not. */
const recentAdopt = [
  ...times(40, { owns: ['Pumps'], sinceLast: 5, after: { Valves: 100 } }),
  ...times(40, { owns: ['Pumps'], sinceLast: 300 }),
  ...times(40, { owns: ['Valves'], sinceLast: 5, after: { Pumps: 100 } }),
  ...times(40, { owns: ['Valves'], sinceLast: 300 }),
];

describe('learning', () => {
  test('moves a weight half-way to what the past says, and leaves one that the past is silent on', () => {
    const weights = learnWeights([windowOf(recentAdopt)], priorWeights);
    expect(weights.recency).toBeGreaterThan(priorWeights.recency + 0.3);
    expect(weights.breadth).toBeCloseTo(priorWeights.breadth, 6);
  });

  test('what works against a term only takes it to zero, half-way', () => {
    const staleAdopt = recentAdopt.map((account) => ({ ...account, sinceLast: 305 - (account.sinceLast ?? 0) }));
    expect(learnWeights([windowOf(staleAdopt)], priorWeights).recency).toBeCloseTo(priorWeights.recency / 2, 6);
  });

  test('a launch in the past window, bought by everyone, does not make account terms of it', () => {
    const launch = { families: ['Launch', 'Pumps', 'Valves'] };
    const accounts = times(60, { owns: ['Pumps'], after: { Launch: 100 } }).map((account, i) => ({
      ...account,
      owns: i < 6 ? ['Launch', 'Pumps'] : i < 30 ? ['Pumps', 'Valves'] : ['Pumps'],
      sinceLast: 1 + (i % 7),
    }));
    const weights = learnWeights([windowOf(accounts, launch)], priorWeights);
    for (const name of familyFeatures) expect(weights[name]).toBeLessThanOrEqual(priorWeights[name]);
    expect(weights.recency).toBeCloseTo(priorWeights.recency, 1);
  });

  test('switched off keeps the prior, and still calibrates on the past', () => {
    const view = aView(recentAdopt, two);
    const past = { latest: windowOf(recentAdopt), earlier: null };
    const { model } = estimated(fitAdoption(view, past, { ...options, learning: false }));
    expect(model.weights).toEqual(priorWeights);
    expect(model.learnedFrom).toEqual(['2026-01-01']);
    expect(model.calibration.slope).not.toBe(1);
  });

  test('takes every n-th pair of a window with more than 200,000', () => {
    const families = Array.from({ length: 12 }, (_, f) => `F${f}`);
    const accounts = Array.from({ length: 20_001 }, (_, a) => ({ owns: [`F${a % 12}`], after: {} }));
    const window = windowOf(accounts, { families });
    expect(window.pairs).toBe(20_001 * 11);
    expect(window.rows.count).toBe(Math.ceil((20_001 * 11) / 2));
  });
});

describe('calibration', () => {
  test('on the window itself predicts as many adoptions as there were', () => {
    const window = windowOf(recentAdopt);
    const calibration = calibrate([window], priorWeights, 0.5);
    const view = aView(recentAdopt, two);
    const { evidence } = estimated(fitAdoption(view, nothingPast, options));
    const model = { weights: priorWeights, moments: window.moments, calibration, learnedFrom: [] };
    const { p } = score(model, candidatesOf(evidence, { from: 0, to: 160 }));
    expect(p.reduce((sum, value) => sum + value, 0)).toBeCloseTo(80, 6);
  });

  test('of a young history takes back what the rate has fallen since, never what it has risen', () => {
    const young = windowOf(recentAdopt, { ...two, historyDays: 200 });
    const fell = calibrate([young], priorWeights, young.meanRate / 2);
    expect(fell.drift).toBeCloseTo(logit(young.meanRate / 2) - logit(young.meanRate), 12);
    expect(calibrate([young], priorWeights, 2 * young.meanRate).drift).toBe(0);
    expect(calibrate([windowOf(recentAdopt)], priorWeights, 0.0001).drift).toBe(0);
  });

  test('uses an earlier window only where a year of history lies before it', () => {
    const [young, old] = [200, 350].map((historyDays) => windowOf(recentAdopt.slice(20), { ...two, historyDays }));
    const latest = windowOf(recentAdopt);
    if (young === undefined || old === undefined) return expect.fail();
    expect(calibrate([latest, young], priorWeights, 0.5)).toEqual(calibrate([latest], priorWeights, 0.5));
    expect(calibrate([latest, old], priorWeights, 0.5)).not.toEqual(calibrate([latest], priorWeights, 0.5));
  });
});

test('a feature that does not vary has a deviation of 1, so that it says nothing', () => {
  const { evidence } = fitted([...times(20, { owns: ['Pumps'] }), ...times(20, { owns: ['Valves'] })]);
  const { deviation, mean } = momentsOf([candidatesOf(evidence, { from: 0, to: 40 })]);
  expect(deviation.breadth).toBe(1);
  expect(mean.breadth).toBeCloseTo(Math.log(4), 12);
});

test('look-alikes: 2,000 to compare with, 500 above 200,000 accounts, none where switched off', () => {
  const { evidence } = fitted([...times(9, { owns: ['Pumps'] }), ...times(9, { owns: ['Valves'] })]);
  const { view } = evidence;
  const large = { ...view, accounts: { ...view.accounts, count: 200_001 } };
  expect([landmarksFor(view, 'auto'), landmarksFor(large, 'auto'), landmarksFor(large, 'on')]).toEqual([
    2000, 500, 2000,
  ]);
  expect(landmarksFor(view, 'off')).toBe(0);
});

describe('why', () => {
  const products = { P1: 'Pumps', P2: 'Pumps', S1: 'Seals', S2: 'Seals', V1: 'Valves', V2: 'Valves' };
  const accounts: SmallAccount[] = [
    ...times(14, { owns: ['Pumps', 'Seals', 'Valves'], before: ['Pumps'], industry: 'Food', products: ['P1', 'S1'] }),
    ...times(8, { owns: ['Pumps', 'Seals'], industry: 'Food', products: ['P1', 'P2', 'S2'] }),
    ...times(8, { owns: ['Hoses'], industry: 'Steel', sinceLast: 200 }),
    ...times(2, { owns: ['Valves'], industry: 'Steel', products: ['V1', 'V2'] }),
  ];
  const { evidence, model } = fitted(accounts, { families: ['Hoses', 'Pumps', 'Seals', 'Valves'], products });
  const VALVES = 3;
  const why = explainer(evidence, model)(14)(VALVES);

  test('names what the account owns, with how many of those that own it also own the family', () => {
    const families = why.owned.filter((part) => part.is === 'family');
    expect(families.map(({ name, buyers, alsoBuy }) => [name, buyers, alsoBuy]).toSorted()).toEqual([
      ['Pumps', 22, 14],
      ['Seals', 22, 14],
    ]);
    expect(why.owned.filter(({ is }) => is === 'product').map(({ name }) => name)).toContain('P1');
  });

  test('counts comparable accounts and look-alikes without the account itself', () => {
    expect(why.peers).toEqual([{ by: 'industryAndSize', accounts: 21, owners: 14 }]);
    expect(why.lookalikes).toEqual({ accounts: 21, adopted: 14 });
    expect(explainer(evidence, model)(22)(VALVES).peers).toEqual([{ by: 'industryAndSize', accounts: 9, owners: 2 }]);
  });

  test('counts the others that own what speaks loudest, and of them those that own the family too', () => {
    expect(why.together).toMatchObject({ among: 'industryAndSize', buyers: 21, alsoBuy: 14 });
    expect(why.together?.families.toSorted()).toEqual(['Pumps', 'Seals']);
  });

  test('asks all accounts where fewer than five comparable ones own the same', () => {
    const few = accounts.map((account, i) => (i === 14 ? { ...account, industry: 'Paper' } : account));
    const paper = fitted(few, { families: ['Hoses', 'Pumps', 'Seals', 'Valves'], products });
    const { together } = explainer(paper.evidence, paper.model)(14)(VALVES);
    expect(together).toMatchObject({ among: 'all', buyers: 21, alsoBuy: 14 });
  });

  test('is silent on what is bought together where nothing owned speaks for the family', () => {
    expect(explainer(evidence, model)(22)(VALVES).together).toBeNull();
  });

  test('says so where no look-alikes were asked for', () => {
    const without = estimated(fitAdoption(evidence.view, nothingPast, { ...options, lookalikes: 'off' }));
    expect(explainer(without.evidence, without.model)(14)(VALVES).lookalikes).toBeNull();
  });
});

/** Books of a few dozen accounts with up to six families, at random. */
const someFamilies = ['A', 'B', 'C', 'D', 'E', 'F'];
const someProducts = { A1: 'A', A2: 'A', B1: 'B', B2: 'B', C1: 'C', C2: 'C' };
const subset = fc.subarray(someFamilies);
const someAccount: fc.Arbitrary<SmallAccount> = fc.record({
  owns: subset,
  before: subset,
  halfway: subset,
  faded: subset,
  products: fc.subarray(Object.keys(someProducts)),
  after: fc.dictionary(fc.constantFrom(...someFamilies), fc.integer({ min: -100, max: 1000 })),
  sinceFirst: fc.integer({ min: 1, max: 2000 }),
  sinceLast: fc.integer({ min: 1, max: 365 }),
  revenue: fc.integer({ min: -1000, max: 1_000_000 }),
  distinctProducts: fc.integer({ min: 0, max: 50 }),
  employees: fc.constantFrom(1, 10, 100, Number.NaN),
  industry: fc.constantFrom('Food', 'Steel'),
});
const someAccounts = fc.array(someAccount, { minLength: 20, maxLength: 60, size: 'max' });
const someView = { families: someFamilies, products: someProducts };

/** The model at a random view, taught by another random one. */
const someAdoption = fc
  .tuple(someAccounts, someAccounts)
  .map(([now, past]) =>
    fitAdoption(
      aView(now, someView),
      { latest: trainingWindow(aView(past, someView), { landmarks: 2000 }), earlier: null },
      options,
    ),
  );

const always = (law: (adoption: { evidence: Evidence; model: AdoptionModel }) => void): void => {
  let held = 0;
  fc.assert(
    fc.property(someAdoption, (adoption) => {
      if (adoption.is !== 'estimated') return;
      law(adoption);
      held += 1;
    }),
    { numRuns: 25 },
  );
  expect(held).toBeGreaterThan(12);
};

describe('whatever the book holds', () => {
  test('a probability lies between 0 and 1 and is never NaN', () => {
    always(({ evidence, model }) => {
      const { p } = score(model, candidatesOf(evidence, { from: 0, to: evidence.view.accounts.count }));
      expect(p.length).toBe(evidence.pairs);
      expect(p.every((value) => value > 0 && value < 1)).toBe(true);
    });
  });

  test('the parts of an explanation add up to the log-odds, and those of what is owned to their terms', () => {
    always(({ evidence, model }) => {
      const candidates = candidatesOf(evidence, { from: 0, to: evidence.view.accounts.count });
      const { p } = score(model, candidates);
      const explain = explainer(evidence, model);
      for (let pair = 0; pair < candidates.count; pair += 7) {
        const why = explain(candidates.account[pair] ?? -1)(candidates.family[pair] ?? -1);
        const part = (name: string) => why.terms.find(({ feature }) => feature === name)?.part ?? Number.NaN;
        const sum = (of: (own: (typeof why.owned)[number]) => number) =>
          why.owned.reduce((all, own) => all + of(own), 0);
        expect(why.terms.reduce((all, term) => all + term.part, why.base)).toBeCloseTo(why.logOdds, 9);
        expect(why.probability).toBeCloseTo(p[pair] ?? Number.NaN, 9);
        expect(sum((own) => own.companions) + why.usual.companions).toBeCloseTo(part('companions'), 9);
        expect(sum((own) => (own.is === 'family' ? own.lift : 0)) + why.usual.lift).toBeCloseTo(part('lift'), 9);
      }
    });
  });

  test('a shortlist holds the likeliest families of each account, in that order', () => {
    always(({ evidence, model }) => {
      const candidates = candidatesOf(evidence, { from: 0, to: evidence.view.accounts.count });
      const { p } = score(model, candidates);
      const read = shortlist(evidence, model, 2);
      for (const range of rangesOf(evidence)) {
        const { start, p: best } = read(range);
        for (let account = range.from; account < range.to; account++) {
          const all = [...p].filter((_, pair) => candidates.account[pair] === account).toSorted((a, b) => b - a);
          const listed = [...best.subarray(start[account - range.from], start[account - range.from + 1])];
          expect(listed.length).toBe(Math.min(2, all.length));
          listed.forEach((value, i) => expect(value).toBeCloseTo(all[i] ?? Number.NaN, 9));
        }
      }
    });
  });

  test('the lift of a family is 0 on average over its pairs', () => {
    always(({ evidence }) => {
      const { family, features, count } = candidatesOf(evidence, { from: 0, to: evidence.view.accounts.count });
      const sums = new Float64Array(someFamilies.length);
      for (let pair = 0; pair < count; pair++) sums[family[pair] ?? 0]! += features.lift[pair]!;
      sums.forEach((sum) => expect(sum).toBeCloseTo(0, 9));
    });
  });

  test('no learned weight is below 0, and no family term above its prior', () => {
    always(({ model }) => {
      for (const name of accountFeatures) expect(model.weights[name]).toBeGreaterThanOrEqual(0);
      for (const name of familyFeatures) expect(model.weights[name]).toBeLessThanOrEqual(priorWeights[name]);
      expect(featureNames.every((name) => Number.isFinite(model.weights[name]))).toBe(true);
    });
  });
});
