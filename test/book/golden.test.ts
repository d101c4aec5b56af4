/** P(adopt) on real and realistic histories, against features, weights and probabilities that another computed. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { describe, expect, test } from 'vitest';
import { evidenceOf } from '../../src/kam/model/evidence.js';
import { candidatesOf, columnNames, featureNames, labelsOf } from '../../src/kam/model/features.js';
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

/** The largest difference between our figures and a column of theirs, row by row. */
const worst = (ours: ArrayLike<number>, rows: readonly Record<string, string>[], column: string): number =>
  Math.max(...rows.map((row, i) => Math.abs((ours[i] ?? Number.NaN) - Number(row[column]))));

describe.skipIf(!hasSharedData)('golden', () => {
  test.each(sets)('$set: the same pairs, features and outcomes', async ({ set, cut, horizon, asOf, daysLater }) => {
    const rows = goldenRows(set);
    await withHistory(
      set,
      asOf,
      async (book) => {
        const evidence = evidenceOf(await book.salesView(cut, horizon), { landmarks: 2000 });
        const candidates = candidatesOf(evidence, { from: 0, to: evidence.view.accounts.count });
        expect(candidates.count).toBe(rows.length);
        expect(evidence.pairs).toBe(rows.length);
        expect(Array.from(candidates.family, (family) => evidence.view.families[family])).toEqual(
          rows.map((row) => row['product_family']),
        );
        for (const name of featureNames) {
          expect(worst(candidates.features[name], rows, columnNames[name]), name).toBeLessThan(1e-5);
        }
        const labels = labelsOf(evidence, candidates) ?? expect.fail('the horizon lies in the data');
        expect(worst(labels.adopted, rows, 'adopted')).toBe(0);
        expect(
          worst(
            labels.spend.map((cents) => Math.max(0, cents) / 100),
            rows,
            'spend',
          ),
        ).toBeLessThan(0.01);
      },
      daysLater,
    );
  });
});
