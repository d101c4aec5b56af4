/** Models and comparison as one voice: who speaks for which family. */
import { describe, expect, test } from 'vitest';
import type { BoughtMoney } from '../../src/kam/model/money.js';
import type { Spend } from '../../src/kam/model/spend.js';
import type { AdoptionWhy } from '../../src/kam/model/why.js';
import { modelledEstimates, type ModelVoice } from '../../src/kam/modelled.js';
import type { FamilyEstimate } from '../../src/kam/potential.js';
import { unknown, type Unknown } from '../../src/kam/unknown.js';
import { aChance, aStep, aVolume, euros } from '../support/builders.js';

const aWhy = (changes: Partial<AdoptionWhy> = {}): AdoptionWhy => ({
  family: 'Service',
  probability: 0.234_149,
  logOdds: -1.185,
  base: -2,
  terms: [{ feature: 'companions', value: 1.5, part: 0.815 }],
  owned: [
    { is: 'family', name: 'Pumps', companions: 0.3, lift: 0.1, buyers: 20, alsoBuy: 15 },
    { is: 'product', name: 'Pump 7', companions: 0.2 },
  ],
  usual: { companions: -0.1, lift: 0 },
  peers: [
    { by: 'industryAndSize', accounts: 18, owners: 14 },
    { by: 'region', accounts: 5, owners: 1 },
  ],
  lookalikes: null,
  together: null,
  ...changes,
});

const spend: Spend = {
  horizon: euros(21_000),
  yearly: euros(42_000),
  range: { low: euros(10_000), high: euros(90_000) },
  why: aChance().spend,
};

const volume = { volume: euros(4_180), range: { low: 0, high: euros(8_000) }, why: aVolume() };
const value = { value: euros(380), range: { low: 0, high: euros(3_800) }, why: aStep() };
const someMoney = (changes: Partial<BoughtMoney> = {}): BoughtMoney => ({
  family: 'Pumps',
  own: euros(12_000),
  volume,
  value,
  confidence: 0.4,
  ...changes,
});

const aVoice = (changes: Partial<ModelVoice> = {}): ModelVoice => ({
  white: [{ why: aWhy(), spend }],
  bought: [someMoney()],
  isNew: false,
  isLearned: true,
  horizonMonths: 6,
  correction: null,
  ...changes,
});

const compared = (is: 'whitespace' | 'bought', family: string): FamilyEstimate => {
  const shared = { family, range: { low: 0, high: 100 }, source: 'peers', confidence: 0.4 } as const;
  return is === 'whitespace'
    ? {
        ...shared,
        is,
        probability: 0.5,
        spend: 100,
        why: { is: 'peers', buyers: 9, peers: 18, peerLevel: 'industry' },
      }
    : {
        ...shared,
        is,
        own: 50,
        volume: 10,
        value: unknown('notModelled'),
        why: { is: 'peers', buyers: 9, peerLevel: 'industry', benchmark: 90, realisation: 0.25 },
      };
};

const spoken = (voice: ModelVoice, others: FamilyEstimate[] | Unknown = []): [string, string, string][] => {
  const estimates = modelledEstimates(voice, others);
  if ('unknown' in estimates) throw new Error(estimates.unknown);
  return estimates.map(({ family, is, source }) => [family, is, source]);
};

describe('the models', () => {
  test('say chance, spend, range and why of a family that is not bought', () => {
    expect(modelledEstimates(aVoice({ bought: [] }), [])).toEqual([
      {
        is: 'whitespace',
        family: 'Service',
        probability: 0.2341,
        spend: euros(42_000),
        range: { low: euros(10_000), high: euros(90_000) },
        source: 'model',
        confidence: 0.4,
        why: {
          is: 'model',
          horizonMonths: 6,
          logOdds: -1.185,
          base: -2,
          terms: [{ feature: 'companions', part: 0.815 }],
          owned: [
            { name: 'Pumps', part: 0.4 },
            { name: 'Pump 7', part: 0.2 },
          ],
          together: null,
          peers: { by: 'industryAndSize', accounts: 18, owners: 14 },
          lookalikes: null,
          spend: aChance().spend,
          correction: null,
        },
      },
    ]);
  });

  test('correct spend and range by what the same season taught', () => {
    const correction = { factor: 0.5, actual: 25, predicted: 100 };
    expect(modelledEstimates(aVoice({ bought: [], correction }), [])).toMatchObject([
      { spend: euros(21_000), range: { low: euros(5_000), high: euros(45_000) }, why: { correction } },
    ]);
  });

  test('add volume and value of a family that is bought, and what they lie between', () => {
    expect(modelledEstimates(aVoice({ white: [] }), [])).toEqual([
      {
        is: 'bought',
        family: 'Pumps',
        own: euros(12_000),
        volume: euros(4_180),
        value: euros(380),
        range: { low: 0, high: euros(11_800) },
        source: 'model',
        confidence: 0.4,
        why: { is: 'model', volume: aVolume(), value: aStep() },
      },
    ]);
  });

  test('leave a value that they do not know unknown', () => {
    const [estimate] = [
      modelledEstimates(aVoice({ white: [], bought: [someMoney({ value: unknown('noQuantities') })] }), []),
    ].flat();
    expect(estimate).toMatchObject({ value: unknown('noQuantities'), range: { low: 0, high: euros(8_000) } });
  });

  test.each([
    ['learned from the past', {}, 0.4],
    ['not learned from any past', { isLearned: false }, 0.2],
    ['of a new customer', { isNew: true }, 0.2],
    ['of a new customer, not learned', { isNew: true, isLearned: false }, 0.1],
  ])('trust a chance %s so far', (_, changes, confidence) => {
    expect(modelledEstimates(aVoice({ ...changes, bought: [] }), [])).toMatchObject([{ confidence }]);
  });
});

describe('the comparison', () => {
  test('is not heard where the models speak', () => {
    const others = [compared('whitespace', 'Service'), compared('whitespace', 'Seals'), compared('bought', 'Pumps')];
    expect(spoken(aVoice(), others)).toEqual([
      ['Service', 'whitespace', 'model'],
      ['Pumps', 'bought', 'model'],
    ]);
  });

  test('speaks for white families where no chance or no spend can be estimated', () => {
    const others = [compared('whitespace', 'Service')];
    const without = [['Service', 'whitespace', 'peers']];
    expect(spoken(aVoice({ white: null, bought: [] }), others)).toEqual(without);
    expect(spoken(aVoice({ white: [{ why: aWhy(), spend: unknown('fewEvents') }], bought: [] }), others)).toEqual(
      without,
    );
  });

  test('speaks for a bought family whose volume is unknown, or known from other families only', () => {
    const others = [compared('bought', 'Pumps')];
    const ofBook = { ...volume, why: aVolume({ level: 'book' }) };
    for (const told of [unknown('fewBuyers'), ofBook]) {
      expect(spoken(aVoice({ white: [], bought: [someMoney({ volume: told })] }), others)).toEqual([
        ['Pumps', 'bought', 'peers'],
      ]);
    }
  });

  test('is not asked for a family that the account once bought, by the models', () => {
    const others = [compared('whitespace', 'Pumps')];
    expect(spoken(aVoice({ white: null }), others)).toEqual([['Pumps', 'bought', 'model']]);
  });

  test('gives its reason where neither says anything', () => {
    expect(modelledEstimates(aVoice({ white: null, bought: [] }), unknown('noPeers'))).toEqual(unknown('noPeers'));
    expect(modelledEstimates(aVoice({ white: [], bought: [] }), unknown('noPeers'))).toEqual([]);
  });
});
