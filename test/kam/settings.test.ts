import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { canonicalSettings, defaultSettings, parseSettings, settingKeys } from '../../src/kam/settings.js';
import { euros } from '../support/builders.js';

const problems = (raw: unknown) => {
  const parsed = parseSettings(raw);
  return 'problems' in parsed ? parsed.problems : [];
};
const settings = (raw: unknown) => {
  const parsed = parseSettings(raw);
  if ('problems' in parsed) throw new Error(JSON.stringify(parsed.problems));
  return parsed.settings;
};

describe('settings', () => {
  test('of an org that set nothing are the defaults', () => {
    expect(settings({})).toEqual(defaultSettings());
    expect(defaultSettings()).toMatchObject({
      language: 'en',
      segment: { method: 'share', revenueShare: 0.8, minimumRevenue: euros(14_000), keepShare: 0.9 },
      score: { threshold: 60, minimumConfidence: 0.5, capacity: 35 },
      criterion: { potential: { weight: 35, zeroAt: null }, growth: { zeroAt: -0.05, halfAt: 0.015, fullAt: 0.1 } },
      review: { rate: { dueDays: 21, priority: 'Normal', period: 'Quarter', capPerOwner: 10 } },
      families: [],
    });
  });

  test('turn money into cents, and the anchors of money criteria too', () => {
    const parsed = settings({
      segment: { minimumRevenue: 9_999.99, revenueLine: 50_000 },
      criterion: { risk: { zeroAt: 10_000, halfAt: 60_000, fullAt: 300_000 } },
    });
    expect(parsed.segment).toMatchObject({ minimumRevenue: 999_999, revenueLine: euros(50_000) });
    expect(parsed.criterion.risk).toMatchObject({
      zeroAt: euros(10_000),
      halfAt: euros(60_000),
      fullAt: euros(300_000),
    });
  });

  test('leave the anchors of other criteria as fractions', () => {
    const anchors = { zeroAt: 0.1, halfAt: 0.2, fullAt: 0.4 };
    expect(settings({ criterion: { breadth: anchors } }).criterion.breadth).toMatchObject(anchors);
  });

  test('read an empty field as its default, or as empty where a setting may be empty', () => {
    const parsed = settings({
      language: null,
      score: { threshold: null, capacity: null },
      review: null,
      families: [{ family: 'Pumps', aliasOf: null, margin: null, inScope: null }],
    });
    expect(parsed.language).toBe('en');
    expect(parsed.score).toMatchObject({ threshold: 60, capacity: null });
    expect(parsed.review).toEqual(defaultSettings().review);
    expect(parsed.families).toEqual([{ family: 'Pumps', aliasOf: null, margin: null, inScope: true }]);
  });

  test('do not mind an empty field that belongs to another kind of criterion', () => {
    const criterion = { sites: { zeroAt: null }, margin: { oneFrom: null } };
    expect(settings({ criterion })).toEqual(defaultSettings());
  });
});

describe('a problem', () => {
  test.each([
    [{ score: { threshold: 101 } }, ['score', 'threshold'], 101, '100 or less'],
    [{ score: { threshold: -1 } }, ['score', 'threshold'], -1, '0 or more'],
    [{ segment: { revenueShare: 80 } }, ['segment', 'revenueShare'], 80, '1 or less'],
    [{ segment: { minimumRevenue: 1e300 } }, ['segment', 'minimumRevenue'], 1e300, '90000000000000 or less'],
    [{ potential: { minimumPeers: 2.5 } }, ['potential', 'minimumPeers'], 2.5, 'a whole number'],
    [{ source: { years: '5' } }, ['source', 'years'], '5', 'a number'],
    [{ language: 'fr' }, ['language'], 'fr', 'one of en, de'],
    [{ currency: 'Euro' }, ['currency'], 'Euro', 'three capital letters, such as EUR'],
    [{ currency: 7 }, ['currency'], 7, 'text'],
    [{ strategy: { oneIsEnough: 'yes' } }, ['strategy', 'oneIsEnough'], 'yes', 'true or false'],
    [{ strategy: [] }, ['strategy'], [], 'settings by name'],
    [{ families: {} }, ['families'], {}, 'a list'],
    [{ families: [{ family: '' }] }, ['families', 0, 'family'], '', 'text that is not empty'],
    [{ families: [{ family: 'P'.repeat(256) }] }, ['families', 0, 'family'], 'P'.repeat(256), 'at most 255 characters'],
    [{ criterion: { charm: {} } }, ['criterion', 'charm'], {}, 'the name of a setting; this is none'],
    [{ colour: 'red' }, ['colour'], 'red', 'the name of a setting; this is none'],
    [null, [], null, 'settings by name'],
  ])('in %o names its place, its value and what was expected', (raw, path, value, expected) => {
    expect(problems(raw)).toEqual([{ path, value, expected }]);
  });

  test('does not hide the next', () => {
    expect(problems({ score: { threshold: 101 }, segment: { keepShare: 2 } })).toHaveLength(2);
  });
});

describe('settings that contradict each other', () => {
  const each = (names: string[], value: object): object => Object.fromEntries(names.map((name) => [name, value]));
  const strategy = ['referenceCustomer', 'opinionLeader', 'complexity', 'countries', 'sites'];
  const score = ['potential', 'margin', 'risk', 'breadth', 'growth'];

  test('all weights of a gate are zero', () => {
    expect(problems({ criterion: each(score, { weight: 0 }) })).toEqual([
      {
        path: ['criterion', 'potential', 'weight'],
        value: 0,
        expected: 'a weight above 0 for at least one of potential, margin, risk, breadth, growth',
      },
    ]);
    expect(problems({ criterion: each(strategy, { weight: 0 }) })).toHaveLength(1);
  });

  test('the only weight left belongs to a criterion that is switched off', () => {
    const criterion = { ...each(score, { weight: 0 }), potential: { active: false, weight: 35 } };
    expect(problems({ criterion })).toMatchObject([{ path: ['criterion', 'margin', 'weight'] }]);
  });

  test('no criterion of a gate is active', () => {
    expect(problems({ criterion: each(strategy, { active: false }) })).toEqual([
      {
        path: ['criterion', 'referenceCustomer', 'active'],
        value: false,
        expected: 'at least one active criterion of referenceCustomer, opinionLeader, complexity, countries, sites',
      },
    ]);
  });

  test('anchors are not rising', () => {
    const anchored = (zeroAt: number | null, halfAt: number | null, fullAt: number | null) =>
      problems({ criterion: { margin: { zeroAt, halfAt, fullAt } } });
    expect(anchored(10, 10, 30)).toEqual([
      { path: ['criterion', 'margin', 'halfAt'], value: 10, expected: 'more than the value for 0 points (10)' },
    ]);
    expect(anchored(10, 20, 15)).toEqual([
      { path: ['criterion', 'margin', 'fullAt'], value: 15, expected: 'more than the value for 50 points (20)' },
    ]);
    expect(anchored(10, 20, 20)).toHaveLength(1);
    expect(anchored(10, 20, 30)).toEqual([]);
  });

  test.each([
    [{ zeroAt: null, halfAt: 1, fullAt: 2 }, 'zeroAt'],
    [{ zeroAt: 0, halfAt: null, fullAt: 2 }, 'halfAt'],
    [{ zeroAt: 0, halfAt: 1, fullAt: null }, 'fullAt'],
  ])('only some anchors are set: %o', (margin, missing) => {
    expect(problems({ criterion: { margin } })).toEqual([
      { path: ['criterion', 'margin', missing], value: null, expected: 'all three anchors, or none' },
    ]);
  });

  test('bands are not rising, also over one that is empty', () => {
    const banded = (oneFrom: number | null, twoFrom: number | null, threeFrom: number | null) =>
      problems({ criterion: { sites: { oneFrom, twoFrom, threeFrom } } });
    expect(banded(2, 2, 15)).toEqual([
      { path: ['criterion', 'sites', 'twoFrom'], value: 2, expected: 'more than the count for rating 1 (2)' },
    ]);
    expect(banded(2, 5, 4)).toEqual([
      { path: ['criterion', 'sites', 'threeFrom'], value: 4, expected: 'more than the count for rating 2 (5)' },
    ]);
    expect(banded(5, null, 4)).toMatchObject([{ path: ['criterion', 'sites', 'threeFrom'] }]);
    expect(banded(null, 5, null)).toEqual([]);
  });

  test('a computed criterion has no band at all', () => {
    const none = { oneFrom: null, twoFrom: null, threeFrom: null };
    expect(problems({ criterion: { sites: none } })).toMatchObject([
      { path: ['criterion', 'sites', 'oneFrom'], value: null },
    ]);
    expect(problems({ criterion: { sites: { ...none, active: false } } })).toEqual([]);
  });

  test('a family has two records', () => {
    expect(problems({ families: [{ family: 'Pumps' }, { family: 'pumps' }] })).toEqual([
      { path: ['families', 1, 'family'], value: 'pumps', expected: 'each family in one record only' },
    ]);
  });

  test('a family is an alias of itself, or of another alias', () => {
    const expected = 'a family that is not itself an alias';
    expect(problems({ families: [{ family: 'Pumps', aliasOf: 'PUMPS' }] })).toEqual([
      { path: ['families', 0, 'aliasOf'], value: 'PUMPS', expected },
    ]);
    const chain = [
      { family: 'Pump', aliasOf: 'Pumps' },
      { family: 'Pumps', aliasOf: 'Machines' },
    ];
    expect(problems({ families: chain })).toEqual([{ path: ['families', 0, 'aliasOf'], value: 'Pumps', expected }]);
    expect(problems({ families: [{ family: 'Pump', aliasOf: 'Pumps' }, { family: 'Pumps' }] })).toEqual([]);
  });
});

describe('the canonical text', () => {
  test('is the same whatever order the records came in', () => {
    const families = [{ family: 'Pumps', margin: 0.3 }, { family: 'Service' }, { family: 'Valves' }];
    const [text, turned] = [families, families.toReversed()].map((list) =>
      canonicalSettings(settings({ families: list })),
    );
    expect(text).toBe(turned);
  });

  test('is another for every other setting', () => {
    const texts = [{}, { language: 'de' }, { score: { threshold: 61 } }, { families: [{ family: 'Pumps' }] }].map(
      (raw) => canonicalSettings(settings(raw)),
    );
    expect(new Set(texts).size).toBe(4);
  });
});

describe('the list of settings', () => {
  const keys = settingKeys();
  const byKey = (name: string) => keys.find(({ key }) => key === name);

  test('has every setting once, with what it means', () => {
    expect(new Set(keys.map(({ key }) => key)).size).toBe(keys.length);
    expect(keys.filter(({ says }) => says.length < 10)).toEqual([]);
  });

  test('knows the kind, the choices and the default of each', () => {
    expect(byKey('segment.minimumRevenue')).toMatchObject({ kind: 'money', default: euros(14_000), nullable: false });
    expect(byKey('segment.method')).toMatchObject({ kind: 'choice', choices: ['share', 'amount'], default: 'share' });
    expect(byKey('score.capacity')).toMatchObject({ kind: 'count', nullable: true, default: 35 });
    expect(byKey('criterion.growth.zeroAt')).toMatchObject({ kind: 'anchor', default: -0.05 });
    expect(byKey('strategy.oneIsEnough')).toMatchObject({ kind: 'flag', choices: [], default: true });
  });

  test('refuses a setting that says nothing about itself', () => {
    expect(() => settingKeys(z.object({ colour: z.string() }))).toThrow('Setting colour has no kind.');
  });

  test('has the settings of a family without defaults, as there is no family by default', () => {
    expect(keys.filter(({ key }) => key.startsWith('families.')).map(({ key, kind }) => [key, kind])).toEqual([
      ['families.family', 'text'],
      ['families.aliasOf', 'text'],
      ['families.margin', 'fraction'],
      ['families.inScope', 'flag'],
    ]);
    expect(byKey('families.inScope')?.default).toBeUndefined();
  });
});
