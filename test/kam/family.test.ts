import { describe, expect, test } from 'vitest';
import {
  familyChanges,
  familyRef,
  type FamilyChange,
  type FamilyMark,
  type StandingFamily,
} from '../../src/kam/family.js';
import type { Potential, PotentialCell } from '../../src/kam/potential.js';
import { unknown } from '../../src/kam/unknown.js';
import { familyText } from '../../src/kam/wording.js';
import { accountId, aCell, euros, settingsWith } from '../support/builders.js';

const settings = settingsWith();
const asOf = '2026-10-31';

const potentialWith = (cells: PotentialCell[], settled: PotentialCell[] = []): Potential => ({
  accountId: accountId(1),
  crossSell: 0,
  upSell: 0,
  additional: 0,
  elsewhere: 0,
  walletShare: 0.5,
  confidence: 0.4,
  cells,
  settled,
  risk: unknown('noRecentSales'),
});

/** The mark that `aCell` makes. */
const mark: FamilyMark = {
  family: 'Service',
  whitespace: euros(42_000),
  probability: 0.9524,
  volume: null,
  value: null,
  expected: euros(40_000),
  low: euros(20_000),
  high: euros(60_000),
  pipeline: 0,
  own: 0,
  source: 'peers',
  confidence: 0.4,
  why: familyText(aCell(), settings),
  asOf,
};

const standing = (changes: Partial<StandingFamily> = {}): StandingFamily => ({
  id: 'a00000000000001AAA',
  ref: familyRef(accountId(1), 'Service'),
  means: 'Service',
  hasWord: false,
  currency: null,
  mark,
  ...changes,
});

const changesOf = (cells: PotentialCell[], stands: StandingFamily[], keep = 25): FamilyChange[] =>
  familyChanges(potentialWith(cells), stands, keep, asOf, settings);

const nothing = {
  whitespace: null,
  probability: null,
  expected: null,
  low: null,
  high: null,
  pipeline: null,
  own: null,
  source: null,
  confidence: null,
  why: null,
};

describe('a record of a family', () => {
  test('is added with all figures, under a ref of account and family', () => {
    expect(changesOf([aCell()], [])).toEqual([
      { verb: 'addFamily', accountId: accountId(1), ref: `${accountId(1)}|Service`, currency: null, after: mark },
    ]);
  });

  test('is left alone where it says what is to be said, even on a later day', () => {
    expect(changesOf([aCell()], [standing()])).toEqual([]);
    expect(changesOf([aCell()], [standing({ mark: { ...mark, asOf: '2025-01-31' } })])).toEqual([]);
  });

  test('is changed in the fields that differ, and takes the day', () => {
    const stands = standing({ mark: { ...mark, expected: euros(1), asOf: '2026-09-30' } });
    expect(changesOf([aCell()], [stands])).toMatchObject([
      {
        verb: 'setFamily',
        recordId: stands.id,
        ref: null,
        before: { expected: euros(1), asOf: '2026-09-30' },
        after: { expected: euros(40_000), asOf },
        emptied: false,
      },
    ]);
    expect(Object.keys(changesOf([aCell()], [stands])[0]?.after ?? {})).toEqual(['expected', 'asOf']);
  });

  test('is emptied where nothing is left to say, and never deleted; once emptied it is left alone', () => {
    expect(changesOf([], [standing()])).toMatchObject([{ verb: 'setFamily', after: nothing, emptied: true }]);
    expect(changesOf([], [standing({ mark: { ...mark, ...nothing } })])).toEqual([]);
  });

  test('says what a bought family, a wallet and a closed demand are made of', () => {
    const parts = (why: PotentialCell['why'], more: Partial<PotentialCell> = {}) =>
      changesOf([aCell({ why, ...more })], [])[0]?.after;
    const from = { is: 'peers', buyers: 9, peerLevel: 'all', benchmark: euros(9), realisation: 1 } as const;
    const bought = { is: 'bought', own: euros(1), volume: euros(2), value: euros(3), from } as const;
    expect(parts(bought)).toMatchObject({ whitespace: null, volume: euros(2), value: euros(3), own: euros(1) });
    expect(parts({ ...bought, value: unknown('notModelled') })).toMatchObject({ value: null });
    const by = { by: 'customer', on: asOf } as const;
    const stated = {
      is: 'stated',
      own: euros(1),
      wallet: euros(10),
      attainable: 0.65,
      gap: euros(5.5),
      ...by,
    } as const;
    expect(parts(stated)).toMatchObject({ volume: euros(5.5), whitespace: null, probability: null });
    expect(parts({ is: 'closed', own: euros(4), servedBy: 'us' }, { amount: 0 })).toMatchObject({
      volume: 0,
      own: euros(4),
    });
  });
});

describe('which families have a record', () => {
  const cells = ['A', 'B', 'C'].map((family, n) => aCell({ family, amount: euros(30 - n) }));
  const families = (changes: FamilyChange[]) =>
    changes.flatMap((change) => (change.verb === 'addFamily' ? [change.after.family] : []));

  test('the ones with most money, as many as the setting keeps', () => {
    expect(families(changesOf(cells, [], 2))).toEqual(['A', 'B']);
    expect(families(changesOf(cells, [], 0))).toEqual([]);
  });

  test('then those that are bought, most revenue first', () => {
    const closed = (family: string, own: number) =>
      aCell({ family, amount: 0, why: { is: 'closed', own, servedBy: 'us' } });
    const changes = familyChanges(potentialWith(cells, [closed('X', 1), closed('Y', 2)]), [], 4, asOf, settings);
    expect(families(changes)).toEqual(['A', 'B', 'C', 'Y']);
  });

  test('and beyond it every one on which a person wrote', () => {
    const stands = standing({ ref: familyRef(accountId(1), 'C'), means: 'C', hasWord: true });
    const [change] = changesOf(cells, [stands], 1);
    expect(change).toMatchObject({ verb: 'setFamily', after: { family: 'C', expected: euros(28) }, emptied: false });
  });
});

describe('a record that a person created', () => {
  const own = (changes: Partial<StandingFamily> = {}) =>
    standing({ id: 'a00000000000002AAA', ref: null, hasWord: true, ...changes });

  test('becomes the one of its family, however it is spelled', () => {
    const stands = own({ mark: { ...mark, ...nothing, family: 'service ', asOf: null } });
    expect(changesOf([aCell()], [stands])).toMatchObject([
      {
        verb: 'setFamily',
        ref: `${accountId(1)}|Service`,
        after: { family: 'Service', expected: euros(40_000), asOf },
      },
    ]);
  });

  test('stays without figures where the family has a record already', () => {
    expect(changesOf([aCell()], [own({ mark: { ...mark, ...nothing } }), standing()])).toEqual([]);
  });

  test('is left alone where nothing is known of its family', () => {
    expect(changesOf([], [own({ means: 'Boats', mark: { ...mark, ...nothing, family: 'Boats' } })])).toEqual([]);
  });
});

test('a record that came with a merged account is emptied, and that of the family is added', () => {
  const foreign = standing({ ref: familyRef(accountId(2), 'Service') });
  expect(changesOf([aCell()], [foreign])).toMatchObject([
    { verb: 'setFamily', recordId: foreign.id, emptied: true },
    { verb: 'addFamily', ref: `${accountId(1)}|Service` },
  ]);
});
