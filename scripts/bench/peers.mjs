// What others would rank the same pairs with: neighbours of items, EASE, matrix factors, and a logistic regression that
// is trained on the window before. Small versions of our own, for comparison only; the plugin uses none of them.
import { gram, inverse, solve } from '../../lib/kam/model/kernels.js';
import { featureNames } from '../../lib/kam/model/features.js';
import { momentsOf } from '../../lib/kam/model/learning.js';
import { fitLogistic } from '../../lib/kam/model/logistic.js';
import { rankingMeasures } from '../../lib/kam/model/metrics.js';
import { isOwned } from '../../lib/kam/model/view.js';

/** Of what needs a setting, the one that did best on the window before the cut stands for the method. */
const settings = {
  ease: [5, 50, 500, 5000].map((ridge) => ({ ridge })),
  als: [
    { factors: 16, alpha: 10, ridge: 1 },
    { factors: 8, alpha: 2, ridge: 10 },
    { factors: 4, alpha: 1, ridge: 10 },
    { factors: 16, alpha: 1, ridge: 50 },
  ],
};

/**
 * Scores per pair of candidates, by name.
 *
 * `past` is the window one horizon before the cut: its view, an even sample of its pairs, and which were adopted.
 */
export function peerScores(view, candidates, past) {
  const owned = ownedRows(view);
  const families = view.families.length;
  const before = past === null ? null : { ...past, owned: ownedRows(past.view), families: past.view.families.length };
  const tuned = (all, scoresOf) => {
    const best = before === null ? all[0] : bestOn(before, all, scoresOf);
    return scoresOf(owned, candidates, families, best);
  };
  return {
    ItemKNN: fromItems(owned, candidates, families, cosines(owned, families)),
    EASE: tuned(settings.ease, (rows, pairs, size, { ridge }) =>
      fromItems(rows, pairs, size, easeWeights(rows, size, ridge)),
    ),
    ALS: tuned(settings.als, factorScores),
    ...(past === null ? {} : { logistic: logisticScores(candidates, past) }),
  };
}

function bestOn({ owned, candidates, families, adopted, view }, all, scoresOf) {
  const rows = { account: candidates.account, accounts: view.accounts.count };
  const tried = all.map((setting) => {
    const score = scoresOf(owned, candidates, families, setting);
    const { auc } = rankingMeasures(rows, score, adopted, { resamples: 1, seed: 1 });
    return { setting, auc: auc?.value ?? 0 };
  });
  return tried.reduce((best, one) => (one.auc > best.auc ? one : best)).setting;
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

/** Steck 2019. */
function easeWeights(owned, families, ridge) {
  const matrix = gram(owned, families);
  for (let i = 0; i < families; i++) matrix[i * families + i] += ridge;
  const precision = inverse(matrix, families);
  return precision.map((value, cell) => {
    const [from, to] = [Math.floor(cell / families), cell % families];
    return from === to ? 0 : -value / precision[to * families + to];
  });
}

const ROUNDS = 10;
const SEED = 42;

/** Hu, Koren and Volinsky 2008: implicit feedback, alternating least squares. */
function factorScores(owned, { count, account, family }, families, { alpha, ridge, factors: most }) {
  const accounts = owned.start.length - 1;
  const factors = Math.max(2, Math.min(most, Math.floor(families / 2)));
  let state = SEED;
  const chance = () => (state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0) / 4_294_967_296 - 0.5;
  const ofFamily = Float64Array.from({ length: families * factors }, () => chance() / factors);
  const ofAccount = new Float64Array(accounts * factors);
  const buyers = transposed(owned, families);
  for (let round = 0; round < ROUNDS; round++) {
    halfStep(ofAccount, ofFamily, owned, factors, alpha, ridge);
    halfStep(ofFamily, ofAccount, buyers, factors, alpha, ridge);
  }
  return Float64Array.from({ length: count }, (_, pair) => {
    let sum = 0;
    for (let k = 0; k < factors; k++)
      sum += ofAccount[account[pair] * factors + k] * ofFamily[family[pair] * factors + k];
    return sum;
  });
}

/** Solves each row's factors, the other side's held fast. */
function halfStep(mine, other, { start, column }, factors, alpha, ridge) {
  const all = new Float64Array(factors * factors);
  for (let row = 0; row < other.length / factors; row++) addOuter(all, other, row, factors, 1);
  for (let row = 0; row + 1 < start.length; row++) {
    const matrix = all.slice();
    const right = new Float64Array(factors);
    for (let i = start[row]; i < start[row + 1]; i++) {
      addOuter(matrix, other, column[i], factors, alpha);
      for (let k = 0; k < factors; k++) right[k] += (1 + alpha) * other[column[i] * factors + k];
    }
    for (let k = 0; k < factors; k++) matrix[k * factors + k] += ridge;
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
function logisticScores(candidates, past) {
  const [now, before] = [momentsOf([candidates]), momentsOf([past.candidates])];
  const standard = (features, { mean, deviation }) =>
    featureNames.map((name) => features[name].map((value) => (value - mean[name]) / deviation[name]));
  const { weights } = fitLogistic({
    columns: standard(past.candidates.features, before),
    events: past.adopted,
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
