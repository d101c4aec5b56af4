/** P(adopt) on real and realistic histories, against features, weights and probabilities that another computed. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { score, type AdoptionModel } from '../../src/kam/model/adoption.js';
import { byFeature, candidatesOf, columnNames, featureNames, labelsOf } from '../../src/kam/model/features.js';
import { priorWeights } from '../../src/kam/model/weights.js';
import { adoptionAt } from '../../src/sync/adoption.js';
import { hasSharedData, sharedData } from '../support/announceShared.js';
import { withHistory } from '../support/histories.js';

const goldenRows = (set: string): Record<string, string>[] =>
  parse(gunzipSync(readFileSync(join(sharedData, 'golden', `adopt2_${set}.csv.gz`))), { columns: true });

const sets = [
  { set: 'northwind', cut: '1997-11-06', horizon: { days: 182 }, asOf: '1998-05-31', daysLater: 0 },
  { set: 'maven_crm', cut: '2017-10-01', horizon: { days: 92 }, asOf: '2017-12-31', daysLater: 0 },
  { set: 'adventureworks', cut: '2013-06-01', horizon: { days: 182 }, asOf: '2013-11-30', daysLater: 0 },
  { set: 'iowa_liquor', cut: '2019-07-01', horizon: { months: 6 }, asOf: '2019-12-31', daysLater: 3 },
];

/** Windows, weights, means and calibration as they were computed there. */
const goldenModel = (set: string) => goldenSchema.parse(readJson(join(sharedData, 'golden', `adopt2_${set}.json`)));
const readJson = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));

const numbers = z.record(z.string(), z.number());
const goldenSchema = z.object({
  windows: z.array(z.string()),
  family_weights: numbers,
  weights: numbers,
  platt: z.object({ b0: z.number(), b1: z.number(), correction: z.number() }),
  mean: numbers,
  sd: numbers,
});

function modelOf(golden: z.infer<typeof goldenSchema>): AdoptionModel {
  const read = (values: Record<string, number>) =>
    byFeature((name) => values[columnNames[name]] ?? expect.fail(`no ${columnNames[name]}`));
  const { b0, b1, correction } = golden.platt;
  const sd = read(golden.sd);
  return {
    weights: read({ ...golden.family_weights, ...golden.weights }),
    moments: { mean: read(golden.mean), deviation: byFeature((name) => (sd[name] <= 1e-9 ? 1 : sd[name])) },
    calibration: { intercept: b0, slope: b1, drift: correction },
    learnedFrom: golden.windows,
  };
}

/** The largest difference between our figures and a column of theirs, row by row. */
const worst = (ours: ArrayLike<number>, rows: readonly Record<string, string>[], column: string): number =>
  Math.max(...rows.map((row, i) => Math.abs((ours[i] ?? Number.NaN) - Number(row[column]))));

describe.skipIf(!hasSharedData)('golden', () => {
  test.each(sets)(
    '$set: pairs, outcomes, features and probabilities, given the weights and learned',
    async ({ set, cut, horizon, asOf, daysLater }) => {
      const rows = goldenRows(set);
      const golden = goldenModel(set);
      const options = { prior: priorWeights, learning: true, lookalikes: 'on' } as const;
      const adoption = await withHistory(set, asOf, (book) => adoptionAt(book, cut, horizon, options), daysLater);
      if (adoption.is !== 'estimated') return expect.fail(adoption.because.is);
      const { evidence, model } = adoption;

      const candidates = candidatesOf(evidence, { from: 0, to: evidence.view.accounts.count });
      expect(candidates.count).toBe(rows.length);
      expect(evidence.pairs).toBe(rows.length);
      expect(Array.from(candidates.family, (family) => evidence.view.families[family])).toEqual(
        rows.map((row) => row['product_family']),
      );
      const labels = labelsOf(evidence, candidates) ?? expect.fail('the horizon lies in the data');
      expect(worst(labels.adopted, rows, 'adopted')).toBe(0);
      const spend = labels.spend.map((cents) => Math.max(0, cents) / 100);
      expect(worst(spend, rows, 'spend')).toBeLessThan(0.01);

      for (const name of featureNames) {
        expect(worst(candidates.features[name], rows, columnNames[name]), name).toBeLessThan(1e-5);
      }
      expect(worst(score(modelOf(golden), candidates).p, rows, 'p')).toBeLessThan(1e-5);

      expect(model.learnedFrom).toEqual(golden.windows);
      expect(worst(score(model, candidates).p, rows, 'p')).toBeLessThan(2e-3);
    },
    180_000,
  );
});
