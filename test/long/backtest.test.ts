/** Backtests of the larger real histories: the pairs that the published table counts, and its bars. */
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { createGunzip } from 'node:zlib';
import { parse } from 'csv-parse';
import { z } from 'zod';
import { describe, expect, test } from 'vitest';
import { parseHorizon } from '../../src/kam/calendar.js';
import { wasTried, type AdoptionTrial } from '../../src/kam/model/backtest.js';
import { isKnown } from '../../src/kam/unknown.js';
import { backtest } from '../../src/sync/backtest.js';
import { hasSharedData, sharedData } from '../support/announceShared.js';

type At = { set: string; cut: string; horizon: string; top?: number };

async function lookBack({ set, cut, horizon, top }: At) {
  const found = await backtest(
    { is: 'files', folder: join(sharedData, set) },
    {
      cut,
      horizon: parseHorizon(horizon),
      topProducts: top ?? null,
      predictions: null,
      page: null,
      today: '2026-11-25',
      bootstrap: { resamples: 20, seed: 42 },
      version: '0',
    },
    () => undefined,
  );
  const [only] = found.cuts;
  if (only === undefined || !wasTried(only.adoption)) return expect.fail('the cut was tried');
  return { ...only, adoption: only.adoption };
}

function reaches(adoption: AdoptionTrial, bars: { auc: number; lift: number; error: number }): void {
  const [model] = adoption.rankers;
  expect(model?.ranking.auc?.value).toBeGreaterThanOrEqual(bars.auc);
  expect(model?.ranking.lift?.value).toBeGreaterThanOrEqual(bars.lift);
  expect(adoption.calibration.error?.value).toBeLessThanOrEqual(bars.error);
}

describe.skipIf(!hasSharedData)('large histories', () => {
  test('iowa 2019-07-01 in whole months: 24,531 pairs, 1,370 bought; all bars', async () => {
    const { adoption, crossSell, wallet, risk } = await lookBack({
      set: 'iowa_liquor',
      cut: '2019-07-01',
      horizon: '6mo',
    });
    expect([adoption.candidates, adoption.adopted]).toEqual([24_531, 1370]);
    reaches(adoption, { auc: 0.821, lift: 3.6, error: 0.018 });
    if (!isKnown(crossSell) || !isKnown(wallet) || !isKnown(risk)) return expect.fail('the money was tried');
    expect(crossSell.rankers[0]?.money.spearman?.value).toBeGreaterThanOrEqual(0.31);
    expect(wallet.coverage?.value).toBeGreaterThanOrEqual(0.75);
    expect(wallet.coverage?.value).toBeLessThanOrEqual(0.85);
    expect(wallet.growthRatio).toBeGreaterThanOrEqual(1.4);
    expect(risk.rankers[0]?.ranking.auc?.value).toBeGreaterThanOrEqual(0.78);
  });

  test('iowa 2018-07-01 in whole months: 25,951 pairs, 1,305 bought', async () => {
    const { adoption } = await lookBack({ set: 'iowa_liquor', cut: '2018-07-01', horizon: '6mo' });
    expect([adoption.candidates, adoption.adopted]).toEqual([25_951, 1305]);
    reaches(adoption, { auc: 0.834, lift: 4.2, error: 0.015 });
  });

  test('retail 2011-06-10: 13 pairs more than published, which are those that binary sums leave a rest of', async () => {
    const { adoption, crossSell, wallet, risk } = await lookBack({
      set: 'online_retail_ii',
      cut: '2011-06-10',
      horizon: '182d',
    });
    expect(await retailPairs((amounts) => amounts.reduce((sum, amount) => sum + amount, 0))).toEqual([60_985, 5844]);
    const exact = await retailPairs((amounts) => amounts.reduce((sum, amount) => sum + Math.round(amount * 100), 0));
    expect(exact).toEqual([60_998, 5846]);
    expect([adoption.candidates, adoption.adopted]).toEqual(exact);
    reaches(adoption, { auc: 0.718, lift: 2.65, error: 0.035 });
    if (!isKnown(crossSell) || !isKnown(wallet) || !isKnown(risk)) return expect.fail('the money was tried');
    expect(crossSell.rankers[0]?.money.spearman?.value).toBeGreaterThanOrEqual(0.22);
    expect(wallet.coverage?.value).toBeGreaterThanOrEqual(0.75);
    expect(wallet.coverage?.value).toBeLessThanOrEqual(0.85);
    expect(wallet.growthRatio).toBeGreaterThanOrEqual(1.4);
    expect(risk.rankers[0]?.ranking.auc?.value).toBeGreaterThanOrEqual(0.68);
  });

  test('retail 2011-06-10, the 300 products most widely bought before: 1,135,127 pairs, 13,437 bought', async () => {
    const { adoption } = await lookBack({ set: 'online_retail_ii', cut: '2011-06-10', horizon: '182d', top: 300 });
    expect([adoption.candidates, adoption.adopted]).toEqual([1_135_127, 13_437]);
    reaches(adoption, { auc: 0.758, lift: 3.8, error: 0.009 });
  });
});

/** Candidate pairs at 2011-06-10 and those then bought, line by line, with a sum of our choice deciding who owns what. */
async function retailPairs(sumOf: (amounts: number[]) => number): Promise<[number, number]> {
  const before = new Map<string, number[]>();
  const after = new Map<string, number[]>();
  const active = new Set<string>();
  const rows = createReadStream(join(sharedData, 'online_retail_ii', 'sales.csv.gz'))
    .pipe(createGunzip())
    .pipe(parse({ from_line: 2 }));
  for await (const parsed of rows) {
    const [account = '', day = '', family = '', , , text = ''] = z.array(z.string()).parse(parsed);
    const amount = Number(text);
    const side = day < '2011-06-10' ? before : day < '2011-12-09' ? after : null;
    if (side === before && day >= '2010-06-10' && amount > 0) active.add(account);
    if (side === null) continue;
    const key = `${account}|${family}`;
    side.set(key, [...(side.get(key) ?? []), amount]);
  }
  const owns = (key: string): boolean => sumOf(before.get(key) ?? []) > 0;
  const families = [...new Set([...before.keys()].map((key) => key.slice(key.indexOf('|') + 1)))].filter(
    (family) => [...active].filter((account) => owns(`${account}|${family}`)).length >= 5,
  );
  const pairs = [...active]
    .flatMap((account) => families.map((family) => `${account}|${family}`))
    .filter((key) => !owns(key));
  return [pairs.length, pairs.filter((key) => sumOf(after.get(key) ?? []) > 0).length];
}
