// Measures the money and risk models on the sales histories in ../shared/data, out of time: each model learns from what
// lies before the cut and is compared with the horizon after it. Prints the bars of docs/model.md.
//
//   node_modules/.bin/node scripts/build.mjs && node_modules/.bin/node scripts/bench/money.mjs [SET | SET@CUT …]
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBook } from '../../lib/book/book.js';
import { addDays, addMonths, shift } from '../../lib/kam/calendar.js';

import { moneyMeasures, rankingMeasures } from '../../lib/kam/model/metrics.js';
import { pastSteps } from '../../lib/kam/model/mix.js';
import { boughtBy, riskBy } from '../../lib/kam/model/money.js';
import { isLoss } from '../../lib/kam/model/risk.js';
import { ceilingOf, pastGaps } from '../../lib/kam/model/wallet.js';
import { priorWeights } from '../../lib/kam/model/weights.js';
import { defaultSettings } from '../../lib/kam/settings.js';
import { adoptionAt } from '../../lib/sync/adoption.js';
import { moneyAt, moneyCorrection, newBusiness } from '../../lib/sync/money.js';

const data = new URL('../../../shared/data/', import.meta.url).pathname;
const days = { days: 182 };
const months = { months: 6 };
const cuts = [
  {
    set: 'iowa_liquor',
    cut: '2019-07-01',
    horizon: months,
    bars: { risk: 0.78, spearman: 0.31, wallet: true },
    golden: true,
  },
  { set: 'iowa_liquor', cut: '2019-04-01', horizon: months, bars: {} },
  { set: 'iowa_liquor', cut: '2019-01-01', horizon: months, bars: {} },
  { set: 'iowa_liquor', cut: '2018-07-01', horizon: months, bars: {} },
  { set: 'online_retail_ii', cut: '2011-06-10', horizon: days, bars: { risk: 0.68, spearman: 0.22, wallet: true } },
  { set: 'online_retail_ii', cut: '2011-03-10', horizon: days, bars: {} },
  { set: 'online_retail_ii', cut: '2010-12-10', horizon: days, bars: {} },
  { set: 'adventureworks', cut: '2013-06-01', horizon: days, bars: { risk: 0.74, wallet: true } },
  { set: 'adventureworks', cut: '2013-03-01', horizon: days, bars: {} },
  { set: 'adventureworks', cut: '2012-06-01', horizon: days, bars: {} },
  { set: 'northwind', cut: '1997-11-06', horizon: days, bars: { spearman: 0.58, wallet: true } },
  { set: 'northwind', cut: '1997-08-07', horizon: days, bars: {} },
  { set: 'maven_crm', cut: '2017-10-01', horizon: { days: 92 }, bars: { risk: 0.78, wallet: true } },
];
const options = { quantile: 0.8, realisation: 0.25 };
const adoptionOptions = { prior: priorWeights, learning: true, lookalikes: 'auto' };
const bootstrap = { resamples: 200, seed: 42 };

const asked = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'kam-money-'));
let isBelow = false;
try {
  const wanted = cuts.filter(
    ({ set, cut }) => asked.length === 0 || asked.includes(set) || asked.includes(`${set}@${cut}`),
  );
  const sets = [...new Set(wanted.map(({ set }) => set))];
  for (const set of sets) {
    if (!existsSync(join(data, set))) {
      console.log(`${set}: not in ${data}, skipped`);
      continue;
    }
    const file = join(folder, `${set}.duckdb`);
    const book = await openBook(file, { memoryLimit: '1GB' });
    const { span } = await book.readFolder(join(data, set));
    // Months are known to their end, whatever day stands for them.
    const knownUntil = span.isMonthly ? addDays(addMonths(`${span.last.slice(0, 7)}-01`, 1), -1) : span.last;
    await book.derive(defaultSettings(), knownUntil);
    for (const one of wanted.filter((cut) => cut.set === set)) await measure(book, one);
    await book.close();
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (isBelow) process.exitCode = 1;

async function measure(book, { set, cut, horizon, bars }) {
  console.log(`\n${set} ${cut}`);
  const money = await moneyAt(book, cut, horizon, options);
  const { models, reading } = money;
  const { ledger, mix } = reading.now;
  const realised = realisedIndex(ledger.accounts);
  line('book index', `${models.index.factor.toFixed(3)} (${models.index.is}), realised ${realised.toFixed(3)}`);
  risk(models, ledger, realised, bars.risk);
  volume(models, ledger, bars.wallet === true);
  // The past of the next cut begins with this one, its outcome known.
  const [then] = (await book.moneyHistory(shift(cut, horizon, 1), horizon)).past;
  value(models, mix, then);
  sums(models, reading.now);
  const adoption = await adoptionAt(book, cut, horizon, adoptionOptions);
  const business = newBusiness(adoption, money);
  const correction = await moneyCorrection(
    book,
    { adoption, cut, horizon },
    { money: options, adoption: adoptionOptions },
  );
  spend(models, business, correction, bars.spearman);
}

function realisedIndex({ count, trailing, next }) {
  const buyers = Array.from({ length: count }, (_, account) => account).filter((account) => trailing[account] > 0);
  return sum(buyers, (account) => next[account]) / sum(buyers, (account) => trailing[account]);
}

function risk(models, now, realised, bar) {
  if ('unknown' in models.risk) return line('risk', `unknown: ${models.risk.unknown}`);
  const rows = [];
  for (let account = 0; account < now.accounts.count; account += 1) {
    const found = riskBy(models, now, account);
    if (!('unknown' in found)) rows.push({ account, ...found });
  }
  const { trailing, next } = now.accounts;
  const auc = (factor) =>
    rankingMeasures(
      { account: Int32Array.from(rows, (_, row) => row), accounts: rows.length },
      Float64Array.from(rows, ({ probability }) => probability),
      Uint8Array.from(rows, ({ account }) => Number(isLoss(trailing[account], next[account], factor))),
      bootstrap,
    ).auc;
  const losers = rows.filter(({ account }) => isLoss(trailing[account], next[account], realised));
  const lost = sum(losers, ({ account }) => realised * trailing[account] - next[account]);
  line('risk AUC', measured(auc(realised)), bar, auc(realised).value);
  line('  with past-only index', measured(auc(models.index.factor)));
  line('  revenue at risk / lost', (sum(rows, (row) => row.horizon) / lost).toFixed(2));
}

function volume(models, now, isBarred) {
  const model = models.wallet;
  if ('unknown' in model) return line('wallet', `unknown: ${model.unknown}`);
  const { pairs } = now;
  let covered = 0;
  let all = 0;
  for (let pair = 0; pair < pairs.family.length; pair += 1) {
    const ceiling = pairs.net[pair] > 0 ? ceilingOf(model, pairs.trailing[pair]) : null;
    if (ceiling === null) continue;
    all += 1;
    if (pairs.next[pair] <= ceiling) covered += 1;
  }
  const coverage = covered / all;
  const isCovered = isBarred && models.index.is === 'measured';
  line('wallet coverage', `${coverage.toFixed(3)} of ${all}`, isCovered ? 0.75 : undefined, coverage);
  if (isCovered && coverage > 0.85) fail('  above .85');
  const gaps = pastGaps(now, options.quantile);
  const share = (rows) => sum(rows, ({ hasGrown }) => Number(hasGrown)) / rows.length;
  const active = gaps.filter(({ state }) => state === 'active');
  const withGap = share(active.filter(({ gap }) => gap > 0));
  const without = share(active.filter(({ gap }) => gap === 0));
  line(
    'growth with / without gap',
    `${withGap.toFixed(3)} / ${without.toFixed(3)} = ${(withGap / without).toFixed(2)}`,
    isBarred ? 1.4 : undefined,
    withGap / without,
  );
  for (const state of ['active', 'lapsed']) {
    const { is, share: rho } = model.realisation[state];
    const own = gaps.filter((one) => one.state === state && one.gap > 0);
    const gap = sum(own, (one) => one.gap);
    const filled = sum(own, (one) => Math.min(one.gap, Math.max(0, one.uplift)));
    line(
      `  realisation ${state}`,
      `${rho.toFixed(3)} (${is}), then ${(filled / gap).toFixed(3)}; predicted / filled ${((rho * gap) / filled).toFixed(2)}`,
    );
  }
}

function value(models, mix, then) {
  if ('unknown' in models.mix) {
    return line('price level', `unknown: ${[...new Set([models.mix.unknown, ...mix.without.values()])].join(', ')}`);
  }
  const steps = pastSteps(then, options.quantile);
  const withGap = steps.filter(({ gap }) => gap > 0);
  const { realisation } = models.mix;
  const rho = 'unknown' in realisation ? realisation.unknown : realisation.share.toFixed(3);
  const moved = sum(withGap, (one) => one.moved) / sum(withGap, ({ gap }) => gap);
  line('price level', `realisation ${rho}, then ${moved.toFixed(3)} on balance of ${withGap.length} gaps`);
  const up = (rows) => sum(rows, (one) => Number(one.hasRisen)) / rows.length;
  const rest = up(steps.filter(({ gap }) => gap === 0));
  line('  moved up with / without gap', `${up(withGap).toFixed(3)} / ${rest.toFixed(3)}`);
}

function sums(models, now) {
  let [volume, value, gap, unknowns] = [0, 0, 0, 0];
  for (let account = 0; account < now.ledger.accounts.count; account += 1) {
    for (const found of boughtBy(models, now, account)) {
      if ('unknown' in found.volume) unknowns += 1;
      else volume += found.volume.volume;
      if ('unknown' in found.value) continue;
      value += found.value.value;
      gap += found.value.why.gap;
    }
  }
  const revenue = sum([...now.ledger.accounts.yearly], (one) => one);
  const of = (part) => `${((100 * part) / revenue).toFixed(1)} %`;
  line(
    'of a year of revenue',
    `volume ${of(volume)} (${unknowns} pairs unknown), value ${of(value)} of a gap of ${of(gap)}`,
  );
}

function spend(models, business, correction, bar) {
  const model = models.spend;
  if ('unknown' in model) return line('spend', `unknown: ${model.unknown}`);
  const { allBeginners, slope, year } = model;
  const years = `a year is ${year.factor.toFixed(2)} horizons (${year.is})`;
  line('spend if adopted', `${allBeginners} beginners, slope ${slope.toFixed(2)}, ${years}`);
  if ('unknown' in business) return line('expected value', `unknown: ${business.unknown}`);
  const { spearman, ratio } = moneyMeasures(business.predicted, business.actual, bootstrap);
  line('expected value Spearman', measured(spearman), bar, spearman?.value);
  const corrected = correction === null ? 'no correction' : (ratio.value * correction.factor).toFixed(2);
  line('  predicted / actual', `${measured(ratio)}, corrected for the season ${corrected}`);
}

function line(name, text, bar, figure) {
  const isShort = bar !== undefined && !(figure >= bar);
  if (isShort) isBelow = true;
  const verdict = bar === undefined ? '' : `   bar ${bar}: ${isShort ? 'NOT MET' : 'met'}`;
  console.log(`  ${name.padEnd(28)} ${text}${verdict}`);
}

function fail(text) {
  isBelow = true;
  console.log(`  ${text}: NOT MET`);
}

function measured(figure) {
  if (figure === null) return 'undefined';
  return `${figure.value.toFixed(3)} (${figure.low.toFixed(3)} to ${figure.high.toFixed(3)})`;
}

function sum(rows, of) {
  return rows.reduce((total, row) => total + of(row), 0);
}
