// Prints what the adoption model costs: the inverse for 2,000 families, the Gram matrix, and a book of 1,000,000 synthetic
// accounts and 500 families scored, the 25 likeliest families of each account kept. CPU seconds of this process.
//
//   node_modules/.bin/node scripts/bench/adoption.mjs [accounts [families]]
import { fitAdoption, landmarksFor, rangesOf, shortlist } from '../../lib/kam/model/adoption.js';
import { gram, inverse } from '../../lib/kam/model/kernels.js';
import { trainingWindow } from '../../lib/kam/model/learning.js';
import { BLANK, held } from '../../lib/kam/model/view.js';
import { priorWeights } from '../../lib/kam/model/weights.js';

const accounts = Number(process.argv[2] ?? 1_000_000);
const families = Number(process.argv[3] ?? 500);
const KEPT = 25;

/** The same numbers in every run. */
let state = 20_260_101;
const chance = () => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 4_294_967_296;
};

function measure(name, bar, work) {
  const before = process.cpuUsage();
  const started = performance.now();
  const result = work();
  const { user, system } = process.cpuUsage(before);
  const wall = (performance.now() - started) / 1000;
  const cpu = (user + system) / 1e6;
  console.log(`  ${name.padEnd(58)} ${cpu.toFixed(1).padStart(6)} s CPU ${wall.toFixed(1).padStart(6)} s wall${bar}`);
  return { result, cpu };
}

console.log('kernels');
const size = 2000;
const matrix = new Float64Array(size * size);
for (let i = 0; i < size; i++) {
  for (let j = 0; j <= i; j++) matrix[i * size + j] = matrix[j * size + i] = chance() - 0.5;
  matrix[i * size + i] += size;
}
const { result: inverted } = measure('inverse, 2,000 families', '   (bar: 5 s CPU)', () => inverse(matrix, size));
let residual = 0;
for (let i = 0; i < size; i += 97) {
  for (let j = 0; j < size; j += 89) {
    let sum = 0;
    for (let k = 0; k < size; k++) sum += matrix[i * size + k] * inverted[k * size + j];
    residual = Math.max(residual, Math.abs(sum - (i === j ? 1 : 0)));
  }
}
console.log(`  largest residual on a grid of 483 cells: ${residual.toExponential(1)}`);

console.log(`\n${accounts.toLocaleString('en')} accounts, ${families} families`);
const { result: past } = measure('view of the past window made (not counted)', '', () => syntheticView(true));
const { result: window, cpu: learning } = measure('past window: evidence, sampled features', '', () =>
  trainingWindow(past, { landmarks: landmarksFor(past, 'auto') }),
);
console.log(
  `  ${window.pairs.toLocaleString('en')} pairs, ${window.rows.count.toLocaleString('en')} rows, ${window.adoptions} adoptions`,
);

const { result: view } = measure('view at the cut made (not counted)', '', () => syntheticView(false));
const rows = {
  start: view.holdings.start,
  column: view.holdings.family,
  value: new Float64Array(view.holdings.family.length).fill(1),
};
measure(`Gram matrix, ${rows.column.length.toLocaleString('en')} entries`, '', () => gram(rows, families));
const { result: adoption, cpu: fitting } = measure('fit: evidence, moments, weights, calibration', '', () =>
  fitAdoption(view, { latest: window, earlier: null }, { prior: priorWeights, learning: true, lookalikes: 'auto' }),
);
const { result: kept, cpu: scoring } = measure(`all pairs scored, ${KEPT} kept per account`, '', () => {
  const { evidence, model } = adoption;
  const read = shortlist(evidence, model, KEPT);
  const family = new Uint16Array(accounts * KEPT);
  const p = new Float32Array(accounts * KEPT);
  let at = 0;
  for (const range of rangesOf(evidence)) {
    const best = read(range);
    family.set(best.family, at);
    p.set(best.p, at);
    at += best.p.length;
  }
  return { pairs: evidence.pairs, at, sum: p.subarray(0, at).reduce((sum, value) => sum + value, 0) };
});
console.log(
  `  ${kept.pairs.toLocaleString('en')} pairs, ${kept.at.toLocaleString('en')} kept, mean p ${(kept.sum / kept.at).toFixed(4)}`,
);
console.log(`  learned, fitted and scored: ${(learning + fitting + scoring).toFixed(1)} s CPU   (bar: 150 s)`);
console.log(`  peak memory: ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MB   (bar: under 2,048 MB)`);

/** Nine families per account on average, few of them owned by most; a twentieth is new since a horizon ago. */
function syntheticView(knowsAfter) {
  const start = new Int32Array(accounts + 1);
  const family = new Int32Array(accounts * 14);
  const bits = new Uint8Array(accounts * 14);
  const outcomeStart = new Int32Array(accounts + 1);
  const outcomeFamily = [];
  const owned = new Set();
  let entries = 0;
  for (let account = 0; account < accounts; account++) {
    const breadth = 4 + Math.floor(chance() * 11);
    owned.clear();
    for (let i = 0; i < breadth; i++) owned.add(Math.floor(families * chance() ** 2));
    for (const each of [...owned].sort((a, b) => a - b)) {
      const isNew = chance() < 0.05;
      const state = held.now | (isNew ? 0 : held.before) | (isNew && chance() < 0.5 ? 0 : held.halfway);
      family[entries] = each;
      bits[entries++] = state | (isNew || chance() < 0.7 ? held.recent : 0);
    }
    start[account + 1] = entries;
    if (knowsAfter && chance() < 0.5) outcomeFamily.push(Math.floor(families * chance() ** 2));
    outcomeStart[account + 1] = outcomeFamily.length;
  }
  const codes = (labels, filled) =>
    Int32Array.from({ length: accounts }, () => (chance() < filled ? Math.floor(chance() * labels) : BLANK));
  const names = (count) => Array.from({ length: count }, (_, i) => `${i}`);
  const days = (most) => Int32Array.from({ length: accounts }, () => 1 + Math.floor(chance() * most));
  return {
    cut: knowsAfter ? '2025-07-01' : '2026-01-01',
    horizon: { months: 6 },
    horizonDays: 184,
    historyDays: 1000,
    accounts: {
      count: accounts,
      no: Int32Array.from({ length: accounts }, (_, i) => i),
      sinceFirst: days(1000),
      sinceLast: days(365),
      revenue: Float64Array.from({ length: accounts }, () => 1e7 * chance() ** 4),
      products: days(60),
      employees: new Float64Array(accounts).fill(Number.NaN),
      traits: {
        industry: { code: codes(20, 0.9), labels: names(20) },
        country: { code: codes(30, 1), labels: names(30) },
        region: { code: codes(1, 0), labels: names(1) },
        parent: { code: codes(accounts / 10, 0.3), labels: names(accounts / 10) },
      },
    },
    families: names(families),
    holdings: { start, family: family.slice(0, entries), state: bits.slice(0, entries) },
    products: {
      names: [],
      family: new Int32Array(0),
      start: new Int32Array(accounts + 1),
      product: new Int32Array(0),
      recent: new Uint8Array(0),
    },
    after: knowsAfter
      ? {
          start: outcomeStart,
          family: Int32Array.from(outcomeFamily),
          cents: new Float64Array(outcomeFamily.length).fill(10_000),
        }
      : null,
  };
}
