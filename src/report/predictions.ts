/** Every candidate pair of a cut as CSV lines: its features, what was said of it, and what came of it. */
import { stringify } from 'csv-stringify/sync';
import { columnNames, featureNames, type Candidates, type Labels } from '../kam/model/features.js';
import type { View } from '../kam/model/view.js';

export type PredictedPairs = {
  view: View;
  /** Account ids by the book's number. */
  ids: readonly string[];
  candidates: Candidates;
  scores: { z: Float64Array; p: Float64Array };
  labels: Labels;
};

/**
 * `account_id, product_family`, the features by the names of the reference, `z, p, adopted, spend`.
 *
 * Units:  `spend` in currency units, net over the horizon; `adopted` 1 or 0.
 */
export function* predictionLines(pairs: PredictedPairs | null): Iterable<string> {
  yield `${['account_id', 'product_family', ...featureNames.map((name) => columnNames[name]), 'z', 'p', 'adopted', 'spend'].join(',')}\n`;
  if (pairs === null) return;
  const { view, ids, candidates, scores, labels } = pairs;
  const families = view.families.map((family) => stringify([[family]]).trimEnd());
  for (let pair = 0; pair < candidates.count; pair++) {
    const id = ids[view.accounts.no[candidates.account[pair]!]!] ?? '';
    const features = featureNames.map((name) => figure(candidates.features[name][pair]!));
    yield `${quoted(id)},${families[candidates.family[pair]!]!},${features.join(',')},${figure(scores.z[pair]!)},${figure(scores.p[pair]!)},${labels.adopted[pair]!},${(labels.spend[pair]! / 100).toFixed(2)}\n`;
  }
}

/** Nine digits: more than any comparison needs, and the file stays readable. */
const figure = (value: number): string => String(Number(value.toPrecision(9)));

const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
