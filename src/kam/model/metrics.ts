/** How good a ranking, a probability or an amount was, each with an interval from a bootstrap over accounts. */
import type { Fraction } from '../units.js';
import { drawsFrom } from '../random.js';

/** Rows that belong to accounts, those of one account side by side; accounts are numbered from 0. */
export type Owned = { readonly account: Int32Array; readonly accounts: number };

/** A figure with the interval that 95 of 100 resampled books fall into; null where it is not defined for these rows. */
export type Measured = { readonly value: number; readonly low: number; readonly high: number } | null;

export type Bootstrap = { readonly resamples: number; readonly seed: number };

export const LIFT_SHARE: Fraction = 0.1;
export const RECALL_AT = 5;
const BINS = 10;

export type RankingMeasures = {
  /** Chance that a row with an event is ranked above one without; 0.5 is a coin. */
  auc: Measured;
  /** Average precision: the mean, over the events, of the share of events down to them. */
  prAuc: Measured;
  /** Share of events in the top tenth, over that in all rows. */
  lift: Measured;
  /** Of what each account with events had, the share among its best five; at most five count. Mean over those accounts. */
  recall: Measured;
};

/**
 * Measures how well scores put the rows with events first.
 *
 * Shape:  scores on any scale; rows with equal scores count as being in random order, so that row order is irrelevant.
 * Source: interval of Efron's percentile bootstrap over accounts, as rows of one account are not independent.
 */
export function rankingMeasures(
  rows: Owned,
  score: Float64Array,
  event: Uint8Array,
  bootstrap: Bootstrap,
): RankingMeasures {
  const ranked = descending(score);
  const placed: Placed = {
    ends: ranked.ends,
    account: ranked.order.map((row) => rows.account[row]!),
    event: Uint8Array.from(ranked.order, (row) => event[row]!),
  };
  const recalls = recallPerAccount(rows, score, event, RECALL_AT);
  const [auc = null, prAuc = null, lift = null, recall = null] = withIntervals(rows.accounts, bootstrap, (times) => [
    ...rankingOf(placed, times),
    weightedMean(recalls, times),
  ]);
  return { auc, prAuc, lift, recall };
}

/** Rows from the highest score down, with the place where each run of equal scores ends. */
type Ranked = { order: Int32Array; ends: Int32Array };

/** Account and event of each place of a ranking: side by side, as they are gone through once per resampled book. */
type Placed = { ends: Int32Array; account: Int32Array; event: Uint8Array };

function descending(score: Float64Array): Ranked {
  const order = Int32Array.from(score.keys()).sort((a, b) => score[b]! - score[a]!);
  const ends: number[] = [];
  order.forEach((row, place) => {
    if (place + 1 === order.length || score[order[place + 1]!] !== score[row]) ends.push(place + 1);
  });
  return { order, ends: Int32Array.from(ends) };
}

/** AUC, average precision and lift in one pass, each row counted as often as its account was drawn. */
function rankingOf({ ends, account, event }: Placed, times: Uint32Array): (number | null)[] {
  let [rows, events] = [0, 0];
  for (let place = 0; place < account.length; place++) {
    const count = times[account[place]!]!;
    rows += count;
    events += count * event[place]!;
  }
  if (events === 0 || events === rows) return [null, null, null];
  const top = LIFT_SHARE * rows;
  let [passed, hits, pairs, precision, topHits] = [0, 0, 0, 0, 0];
  let from = 0;
  for (const end of ends) {
    let [here, hitsHere] = [0, 0];
    for (let place = from; place < end; place++) {
      const count = times[account[place]!]!;
      here += count;
      hitsHere += count * event[place]!;
    }
    from = end;
    if (here === 0) continue;
    pairs += (here - hitsHere) * (hits + hitsHere / 2);
    if (passed < top) topHits += hitsHere * Math.min(1, (top - passed) / here);
    passed += here;
    hits += hitsHere;
    precision += hitsHere * (hits / passed);
  }
  return [pairs / (events * (rows - events)), precision / events, topHits / top / (events / rows)];
}

/** Share of all events among the best k of `steps` equal parts of the rows, k from 0 to `steps`; all 0 without events. */
export function gainsOf(score: Float64Array, event: Uint8Array, steps: number): Fraction[] {
  const { order, ends } = descending(score);
  const found = new Float64Array(order.length + 1);
  let from = 0;
  for (const end of ends) {
    let hits = 0;
    for (let place = from; place < end; place++) hits += event[order[place]!]!;
    // Among equal scores each row counts as the mean of them.
    for (let place = from; place < end; place++) found[place + 1] = found[place]! + hits / (end - from);
    from = end;
  }
  const all = found[order.length]!;
  return Array.from({ length: steps + 1 }, (_, k) =>
    all === 0 ? 0 : found[Math.round((k * order.length) / steps)]! / all,
  );
}

/** NaN for an account without an event. */
function recallPerAccount(rows: Owned, score: Float64Array, event: Uint8Array, most: number): Float64Array {
  const recalls = new Float64Array(rows.accounts).fill(Number.NaN);
  let from = 0;
  while (from < score.length) {
    const account = rows.account[from]!;
    let to = from;
    let events = 0;
    for (; to < score.length && rows.account[to] === account; to++) events += event[to]!;
    if (events > 0) {
      const { order, ends } = descending(score.subarray(from, to));
      let hits = 0;
      let start = 0;
      for (const end of ends) {
        if (start >= most) break;
        let hitsHere = 0;
        for (let place = start; place < end; place++) hitsHere += event[from + order[place]!]!;
        hits += hitsHere * Math.min(1, (most - start) / (end - start));
        start = end;
      }
      recalls[account] = hits / Math.min(most, events);
    }
    from = to;
  }
  return recalls;
}

function weightedMean(values: Float64Array, times: ArrayLike<number>): number | null {
  let [sum, count] = [0, 0];
  values.forEach((value, index) => {
    if (Number.isNaN(value)) return;
    sum += value * times[index]!;
    count += times[index]!;
  });
  return count === 0 ? null : sum / count;
}

/** Rows of about equal probability: what was said of them and what happened. */
export type ReliabilityBin = { rows: number; predicted: Fraction; observed: Fraction };

export type Calibration = {
  /** Expected calibration error: mean distance of predicted and observed share over ten bins of equally many rows. */
  error: Measured;
  /** Sum of probabilities over number of events. */
  ratio: Measured;
  bins: ReliabilityBin[];
};

/** Measures whether, of the rows said to have a chance of a tenth, a tenth had the event. */
export function calibrationOf(
  rows: Owned,
  probability: Float64Array,
  event: Uint8Array,
  bootstrap: Bootstrap,
): Calibration {
  const count = probability.length;
  const bins = Math.min(BINS, count);
  const order = Int32Array.from(probability.keys()).sort((a, b) => probability[a]! - probability[b]!);
  const bin = new Uint8Array(count);
  order.forEach((row, place) => (bin[row] = Math.floor((place * bins) / count)));
  const sumsOf = (times: ArrayLike<number>): { rows: Float64Array; said: Float64Array; seen: Float64Array } => {
    const sums = { rows: new Float64Array(bins), said: new Float64Array(bins), seen: new Float64Array(bins) };
    for (let row = 0; row < count; row++) {
      const weight = times[rows.account[row]!]!;
      sums.rows[bin[row]!]! += weight;
      sums.said[bin[row]!]! += weight * probability[row]!;
      sums.seen[bin[row]!]! += weight * event[row]!;
    }
    return sums;
  };
  const [error = null, ratio = null] = withIntervals(rows.accounts, bootstrap, (times) => {
    const sums = sumsOf(times);
    const seen = total(sums.seen);
    const gap = total(sums.said.map((said, index) => Math.abs(said - sums.seen[index]!)));
    const all = total(sums.rows);
    return [all === 0 ? null : gap / all, seen === 0 ? null : total(sums.said) / seen];
  });
  const sums = sumsOf(new Uint8Array(rows.accounts).fill(1));
  return {
    error,
    ratio,
    bins: Array.from(sums.rows, (inBin, index) => ({
      rows: inBin,
      predicted: sums.said[index]! / inBin,
      observed: sums.seen[index]! / inBin,
    })),
  };
}

const total = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0);

export type MoneyMeasures = {
  /** Rank correlation of predicted and actual amounts, from −1 to 1. */
  spearman: Measured;
  /** Sum of predicted over sum of actual amounts. */
  ratio: Measured;
};

/** Measures amounts per account: whether the order is right, and whether the total is. */
export function moneyMeasures(predicted: Float64Array, actual: Float64Array, bootstrap: Bootstrap): MoneyMeasures {
  const byPredicted = descending(predicted);
  const byActual = descending(actual);
  const [spearman = null, ratio = null] = withIntervals(predicted.length, bootstrap, (times) => {
    const sold = weightedSum(actual, times);
    return [
      correlation(midRanks(byPredicted, times), midRanks(byActual, times), times),
      sold <= 0 ? null : weightedSum(predicted, times) / sold,
    ];
  });
  return { spearman, ratio };
}

function weightedSum(values: Float64Array, times: ArrayLike<number>): number {
  return values.reduce((sum, value, index) => sum + value * times[index]!, 0);
}

function midRanks({ order, ends }: Ranked, times: ArrayLike<number>): Float64Array {
  const ranks = new Float64Array(order.length);
  let [from, passed] = [0, 0];
  for (const end of ends) {
    let here = 0;
    for (let place = from; place < end; place++) here += times[order[place]!]!;
    for (let place = from; place < end; place++) ranks[order[place]!] = passed + here / 2;
    passed += here;
    from = end;
  }
  return ranks;
}

function correlation(x: Float64Array, y: Float64Array, times: ArrayLike<number>): number | null {
  const meanX = weightedMean(x, times);
  const meanY = weightedMean(y, times);
  if (meanX === null || meanY === null) return null;
  let [xy, xx, yy] = [0, 0, 0];
  x.forEach((value, index) => {
    const [dx, dy] = [value - meanX, y[index]! - meanY];
    xy += times[index]! * dx * dy;
    xx += times[index]! * dx * dx;
    yy += times[index]! * dy * dy;
  });
  return xx === 0 || yy === 0 ? null : xy / Math.sqrt(xx * yy);
}

/** Share of an amount that the best ranked accounts hold; accounts with equal scores count as in random order. */
export function capturedBy(score: Float64Array, amount: Float64Array, share: Fraction, bootstrap: Bootstrap): Measured {
  const { order, ends } = descending(score);
  const [captured = null] = withIntervals(score.length, bootstrap, (times) => {
    const top = share * times.reduce((sum, count) => sum + count, 0);
    let [passed, held, all, from] = [0, 0, 0, 0];
    for (const end of ends) {
      let [here, amountHere] = [0, 0];
      for (let place = from; place < end; place++) {
        here += times[order[place]!]!;
        amountHere += times[order[place]!]! * amount[order[place]!]!;
      }
      if (here > 0 && passed < top) held += amountHere * Math.min(1, (top - passed) / here);
      passed += here;
      all += amountHere;
      from = end;
    }
    return [all <= 0 ? null : held / all];
  });
  return captured;
}

/** The share of rows with a hit: coverage of a range, hit rates. */
export function shareOf(rows: Owned, isHit: Uint8Array, bootstrap: Bootstrap): Measured {
  const [share = null] = withIntervals(rows.accounts, bootstrap, (times) => {
    let [hits, all] = [0, 0];
    isHit.forEach((hit, row) => {
      all += times[rows.account[row]!]!;
      hits += hit * times[rows.account[row]!]!;
    });
    return [all === 0 ? null : hits / all];
  });
  return share;
}

/** Figures of all accounts once each, and the 2.5th and 97.5th of 100 figures of accounts drawn with replacement. */
function withIntervals(
  accounts: number,
  { resamples, seed }: Bootstrap,
  figures: (times: Uint32Array) => (number | null)[],
): Measured[] {
  const values = figures(new Uint32Array(accounts).fill(1));
  const draw = drawsFrom(seed);
  const drawn = values.map((): number[] => []);
  for (let sample = 0; sample < resamples; sample++) {
    const times = new Uint32Array(accounts);
    for (let i = 0; i < accounts; i++) times[Math.floor(draw() * accounts)]!++;
    figures(times).forEach((figure, index) => {
      if (figure !== null) drawn[index]!.push(figure);
    });
  }
  return values.map((value, index) => {
    if (value === null) return null;
    const sorted = drawn[index]!.toSorted((a, b) => a - b);
    const [low, high] = [quantile(sorted, 0.025), quantile(sorted, 0.975)];
    return low === null || high === null ? null : { value, low, high };
  });
}

/** The value that a share of sorted values lie below, linear between two of them. */
function quantile(sorted: readonly number[], share: Fraction): number | null {
  const at = (sorted.length - 1) * share;
  const [low, high] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return low === undefined || high === undefined ? null : low + (high - low) * (at - Math.floor(at));
}
