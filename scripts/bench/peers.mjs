// What others would rank the same pairs with: neighbours of items, EASE, matrix factors, and a logistic regression that
// is trained on the window before. Small versions of our own, for comparison only; the plugin uses none of them.
import { gram, inverse, solve } from '../../lib/kam/model/kernels.js';
import { featureNames } from '../../lib/kam/model/features.js';
import { momentsOf } from '../../lib/kam/model/learning.js';
import { fitLogistic } from '../../lib/kam/model/logistic.js';
import { isOwned } from '../../lib/kam/model/view.js';

/** Scores per pair of candidates, by name. `window` is the training window one horizon before, or null. */
export function peerScores(view, candidates, window) {
  const owned = ownedRows(view);
  const families = view.families.length;
  return {
    ItemKNN: fromItems(owned, candidates, families, cosines(owned, families)),
    EASE: fromItems(owned, candidates, families, easeWeights(owned, families)),
    ALS: factorScores(owned, candidates, families),
    ...(window === null ? {} : { logistic: logisticScores(candidates, window) }),
  };
}

function ownedRows({ accounts, holdings }) {
  const start = new Int32Array(accounts.count + 1);
  const column = [];
  for (let account = 0; account < accounts.count; account++) {
    for (let entry = holdings.start[account]; entry < holdings.start[account + 1]; entry++) {
      if (isOwned(holdings, entry)) column.push(holdings.family[entry]);
    }
    start[account + 1] = column.length;
  }
  return { start, column: Int32Array.from(column), value: new Float64Array(column.length).fill(1) };
}

/** Sum over what an account owns of how much each speaks for the family. */
function fromItems({ start, column }, { count, account, family }, families, weight) {
  return Float64Array.from({ length: count }, (_, pair) => {
    let sum = 0;
    for (let i = start[account[pair]]; i < start[account[pair] + 1]; i++) {
      sum += weight[column[i] * families + family[pair]];
    }
    return sum;
  });
}

/** Sarwar et al. 2001: cosine between the columns of two families. */
function cosines(owned, families) {
  const together = gram(owned, families);
  return together.map((value, cell) => {
    const [from, to] = [Math.floor(cell / families), cell % families];
    const norm = Math.sqrt(together[from * families + from] * together[to * families + to]);
    return from === to || norm === 0 ? 0 : value / norm;
  });
}

/** Steck 2019, with a ridge of 50. */
function easeWeights(owned, families) {
  const matrix = gram(owned, families);
  for (let i = 0; i < families; i++) matrix[i * families + i] += 50;
  const precision = inverse(matrix, families);
  return precision.map((value, cell) => {
    const [from, to] = [Math.floor(cell / families), cell % families];
    return from === to ? 0 : -value / precision[to * families + to];
  });
}

const ALS = { factors: 16, alpha: 10, ridge: 1, rounds: 10, seed: 42 };

/** Hu, Koren and Volinsky 2008: implicit feedback, alternating least squares. */
function factorScores(owned, { count, account, family }, families) {
  const accounts = owned.start.length - 1;
  const factors = Math.max(2, Math.min(ALS.factors, Math.floor(families / 2)));
  let state = ALS.seed;
  const chance = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 4_294_967_296 - 0.5;
  const ofFamily = Float64Array.from({ length: families * factors }, () => chance() / factors);
  const ofAccount = new Float64Array(accounts * factors);
  const buyers = transposed(owned, families);
  for (let round = 0; round < ALS.rounds; round++) {
    halfStep(ofAccount, ofFamily, owned, factors);
    halfStep(ofFamily, ofAccount, buyers, factors);
  }
  return Float64Array.from({ length: count }, (_, pair) => {
    let sum = 0;
    for (let k = 0; k < factors; k++)
      sum += ofAccount[account[pair] * factors + k] * ofFamily[family[pair] * factors + k];
    return sum;
  });
}

/** Solves each row's factors, the other side's held fast. */
function halfStep(mine, other, { start, column }, factors) {
  const all = new Float64Array(factors * factors);
  for (let row = 0; row < other.length / factors; row++) addOuter(all, other, row, factors, 1);
  for (let row = 0; row + 1 < start.length; row++) {
    const matrix = all.slice();
    const right = new Float64Array(factors);
    for (let i = start[row]; i < start[row + 1]; i++) {
      addOuter(matrix, other, column[i], factors, ALS.alpha);
      for (let k = 0; k < factors; k++) right[k] += (1 + ALS.alpha) * other[column[i] * factors + k];
    }
    for (let k = 0; k < factors; k++) matrix[k * factors + k] += ALS.ridge;
    mine.set(solve(matrix, factors, right), row * factors);
  }
}

function addOuter(matrix, vectors, row, factors, weight) {
  for (let i = 0; i < factors; i++) {
    for (let j = 0; j < factors; j++) {
      matrix[i * factors + j] += weight * vectors[row * factors + i] * vectors[row * factors + j];
    }
  }
}

function transposed({ start, column }, columns) {
  const lists = Array.from({ length: columns }, () => []);
  for (let row = 0; row + 1 < start.length; row++) {
    for (let i = start[row]; i < start[row + 1]; i++) lists[column[i]].push(row);
  }
  const ends = new Int32Array(columns + 1);
  lists.forEach((list, index) => (ends[index + 1] = ends[index] + list.length));
  return { start: ends, column: Int32Array.from(lists.flat()) };
}

/** The same twelve terms, weights trained freely on the window before the cut. */
function logisticScores(candidates, window) {
  const now = momentsOf([candidates]);
  const standard = (features, { mean, deviation }) =>
    featureNames.map((name) => features[name].map((value) => (value - mean[name]) / deviation[name]));
  const { weights } = fitLogistic({
    columns: standard(window.rows.features, window.moments),
    events: window.adopted,
    prior: featureNames.map(() => 0),
    penalty: 1e-3,
    lowest: -20,
    highest: 20,
  });
  const score = new Float64Array(candidates.count);
  standard(candidates.features, now).forEach((column, k) => {
    for (let pair = 0; pair < score.length; pair++) score[pair] += weights[k] * column[pair];
  });
  return score;
}
