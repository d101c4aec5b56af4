import { describe, expect, test } from 'vitest';
import {
  anchorsOfEntrants,
  exceeds,
  isDecidable,
  pointsOn,
  quantile,
  scaleFrom,
  scoreGroup,
  type MoneyAnchors,
} from '../../src/kam/score.js';
import { unknown } from '../../src/kam/unknown.js';
import { aGroup, aPotential, aScale, euros, settingsWith } from '../support/builders.js';

const only = (weights: Record<string, number>): object => ({
  criterion: Object.fromEntries(
    ['potential', 'margin', 'risk', 'breadth', 'growth'].map((name) => [
      name,
      name in weights ? { weight: weights[name] } : { active: false },
    ]),
  ),
});

describe('points', () => {
  const anchors = { zero: 0, half: 100, full: 300 };

  test.each([
    [-1, 0],
    [0, 0],
    [50, 25],
    [100, 50],
    [200, 75],
    [300, 100],
    [1000, 100],
  ])('%d on 0, 100, 300 earns %d points', (value, points) => {
    expect(pointsOn(anchors, value)).toBe(points);
  });

  test('the middle earns exactly 50, wherever it lies', () => {
    expect(pointsOn({ zero: 0.1, half: 0.3, full: 0.7 }, 0.3)).toBe(50);
  });
});

describe('the score', () => {
  test('50 points in each criterion make 50', () => {
    expect(scoreGroup(aGroup(), aPotential(), aScale, settingsWith())).toMatchObject({
      points: 50,
      confidence: 1,
      calibrated: true,
    });
  });

  test('two criteria weighted 3 to 1', () => {
    const settings = settingsWith(only({ potential: 3, margin: 1 }));
    const score = scoreGroup(
      aGroup({ contributionMargin: 0 }),
      aPotential({ additional: euros(100_000) }),
      aScale,
      settings,
    );
    expect(score.points).toBe(75);
    expect(score.parts).toEqual([
      { criterion: 'potential', weight: 3, value: euros(100_000), points: 100, contribution: 75 },
      { criterion: 'margin', weight: 1, value: 0, points: 0, contribution: 0 },
    ]);
  });

  test('an unknown criterion leaves the mean to the others and lowers the confidence by its weight', () => {
    const settings = settingsWith(only({ potential: 75, margin: 25 }));
    const score = scoreGroup(aGroup({ contributionMargin: unknown('noMargin') }), aPotential(), aScale, settings);
    expect(score).toMatchObject({ points: 50, confidence: 0.75 });
    expect(score.parts[1]).toEqual({
      criterion: 'margin',
      weight: 25,
      value: unknown('noMargin'),
      points: unknown('noMargin'),
      contribution: 0,
    });
  });

  test('a criterion without a scale has a value but no points', () => {
    const scale = { ...aScale, anchors: { ...aScale.anchors, potential: unknown('noAnchors') } };
    const score = scoreGroup(aGroup(), aPotential(), scale, settingsWith());
    expect(score.confidence).toBe(0.65);
    expect(score.parts[0]).toMatchObject({ value: euros(50_000), points: unknown('noAnchors'), contribution: 0 });
  });

  test('where nothing weighted is known, the score is unknown', () => {
    const settings = settingsWith(only({ margin: 1, risk: 0 }));
    const score = scoreGroup(aGroup({ contributionMargin: unknown('noMargin') }), aPotential(), aScale, settings);
    expect(score).toMatchObject({ points: unknown('notModelled'), confidence: 0 });
    expect(score.parts.map(({ contribution }) => contribution)).toEqual([0, 0]);
    expect(isDecidable(score, settings)).toBe(false);
  });

  test('without any weight there is no confidence', () => {
    const settings = settingsWith();
    for (const criterion of Object.values(settings.criterion)) criterion.weight = 0;
    expect(scoreGroup(aGroup(), aPotential(), aScale, settings).confidence).toBe(0);
  });

  test('must be exceeded, with the two decimals that people read', () => {
    expect(exceeds(60, 60)).toBe(false);
    expect(exceeds(60.004, 60)).toBe(false);
    expect(exceeds(60.006, 60)).toBe(true);
    expect(exceeds(60.01, 60)).toBe(true);
  });

  test('is an answer from half of the weights on', () => {
    const settings = settingsWith();
    const withConfidence = (confidence: number) => ({
      ...scoreGroup(aGroup(), aPotential(), aScale, settings),
      confidence,
    });
    expect(isDecidable(withConfidence(0.5), settings)).toBe(true);
    expect(isDecidable(withConfidence(0.49), settings)).toBe(false);
  });
});

describe('the scale', () => {
  const given: MoneyAnchors = {
    potential: { zero: 1, half: 2, full: 3 },
    margin: { zero: 4, half: 5, full: 6 },
    risk: unknown('noAnchors'),
  };
  const set = { zeroAt: 10, halfAt: 20, fullAt: 30 };

  test('has the amounts that the admin set, else those given', () => {
    const { anchors, calibrated } = scaleFrom(settingsWith({ criterion: { potential: set } }), given);
    expect(anchors.potential).toEqual({ zero: euros(10), half: euros(20), full: euros(30) });
    expect(anchors.margin).toEqual({ zero: 4, half: 5, full: 6 });
    expect(anchors.risk).toEqual(unknown('noAnchors'));
    expect(anchors.growth).toEqual({ zero: -0.05, half: 0.015, full: 0.1 });
    expect(calibrated).toBe(false);
  });

  test('is calibrated once every money criterion that counts has its own amounts', () => {
    const criterion = { potential: set, margin: { active: false }, risk: { weight: 0 } };
    expect(scaleFrom(settingsWith({ criterion }), given).calibrated).toBe(true);
    expect(scaleFrom(settingsWith({ criterion: { ...criterion, margin: {} } }), given).calibrated).toBe(false);
  });

  test('a criterion in percent has no other anchors than those set', () => {
    const empty = { zeroAt: null, halfAt: null, fullAt: null };
    const { anchors } = scaleFrom(settingsWith({ criterion: { breadth: empty, growth: empty } }), given);
    expect([anchors.breadth, anchors.growth]).toEqual([unknown('noAnchors'), unknown('noAnchors')]);
  });
});

describe('anchors from the entrants', () => {
  const settings = settingsWith({ segment: { minimumRevenue: 10, minimumPotential: 20 } });
  const nobody = new Float64Array();
  // The eleven amounts 100, 200 … 1100: the median is the sixth, the 90th percentile the tenth.
  const eleven = Float64Array.from({ length: 11 }, (_, i) => euros(100 * (i + 1)));

  test('lie at the minimum amount, the median and the 90th percentile', () => {
    const entrants = { potential: eleven, margin: eleven.toReversed(), risk: eleven };
    expect(anchorsOfEntrants(entrants, settings)).toEqual({
      potential: { zero: euros(20), half: euros(600), full: euros(1000) },
      margin: { zero: 0, half: euros(600), full: euros(1000) },
      risk: { zero: euros(10), half: euros(600), full: euros(1000) },
    });
  });

  test('need three entrants whose figure is known', () => {
    const two = Float64Array.of(euros(100), Number.NaN, euros(200));
    const anchors = anchorsOfEntrants({ potential: two, margin: nobody, risk: eleven }, settings);
    expect([anchors.potential, anchors.margin]).toEqual([unknown('noAnchors'), unknown('noAnchors')]);
  });

  test('rise by a hundredth of the minimum even where all entrants are alike', () => {
    const alike = Float64Array.of(euros(20), euros(20), euros(20));
    expect(anchorsOfEntrants({ potential: alike, margin: nobody, risk: nobody }, settings).potential).toEqual({
      zero: euros(20),
      half: euros(20.2),
      full: euros(20.4),
    });
  });

  test('rise by a cent where everybody loses money', () => {
    const losses = Float64Array.of(-300, -200, -100);
    expect(anchorsOfEntrants({ potential: nobody, margin: losses, risk: nobody }, settings).margin).toEqual({
      zero: 0,
      half: 1,
      full: 2,
    });
  });

  test('that an earlier run remembers stand, and only what it did not know is taken now', () => {
    const remembered: MoneyAnchors = {
      potential: { zero: 1, half: 2, full: 3 },
      margin: unknown('noAnchors'),
      risk: { zero: 4, half: 5, full: 6 },
    };
    expect(anchorsOfEntrants({ potential: eleven, margin: eleven, risk: eleven }, settings, remembered)).toEqual({
      ...remembered,
      margin: { zero: 0, half: euros(600), full: euros(1000) },
    });
  });

  test('quantiles are interpolated between the two nearest values', () => {
    expect(quantile(Float64Array.of(1, 2, 3, 4), 0.5)).toBe(2.5);
    expect(quantile(Float64Array.of(1, 2, 3, 4), 1)).toBe(4);
    expect(quantile(nobody, 0.5)).toBeNaN();
  });
});
