/** A small history that the project made, with the features and probabilities that it gave when the model was checked. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { expect, test } from 'vitest';
import { openBook } from '../../src/book/book.js';
import { score } from '../../src/kam/model/adoption.js';
import { candidatesOf, columnNames, featureNames, labelsOf } from '../../src/kam/model/features.js';
import { adoptionAt, adoptionSettings } from '../../src/sync/adoption.js';
import { inFolder, someSettings } from './smallBook.js';

const vectors = new URL('vectors/', import.meta.url).pathname;
const expected: Record<string, string>[] = parse(readFileSync(join(vectors, 'expected.csv'), 'utf8'), {
  columns: true,
});

test('40 accounts and five families give the features, outcomes and probabilities that they always gave', async () => {
  await inFolder(async (folder) => {
    const book = await openBook(join(folder, 'book.duckdb'));
    try {
      await book.readFolder(vectors);
      await book.derive(someSettings(), '2025-06-30');
      const { horizon, options } = adoptionSettings(someSettings());
      const adoption = await adoptionAt(book, '2025-01-01', horizon, options);
      if (adoption.is !== 'estimated') return expect.fail(adoption.because.is);
      const { evidence, model } = adoption;
      expect(model.learnedFrom).toEqual(['2024-07-01', '2024-01-01']);
      const candidates = candidatesOf(evidence, { from: 0, to: evidence.view.accounts.count });
      const labels = labelsOf(evidence, candidates) ?? expect.fail('the horizon lies in the data');
      const { z, p } = score(model, candidates);
      const families = Array.from(candidates.family, (family) => evidence.view.families[family]);
      expect(families).toEqual(expected.map((row) => row['product_family']));
      for (const name of featureNames) expectColumn(columnNames[name], candidates.features[name]);
      expectColumn('z', z);
      expectColumn('p', p);
      expectColumn('adopted', labels.adopted);
    } finally {
      await book.close();
    }
  });
});

function expectColumn(name: string, ours: ArrayLike<number>): void {
  expected.forEach((row, i) => {
    expect(ours[i], `${name} of row ${i + 2}`).toBeCloseTo(Number(row[name]), 5);
  });
}
