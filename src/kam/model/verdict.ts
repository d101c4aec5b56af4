/** What a backtest allows to be said of a model: it holds here, it does not always, or this book can't tell. */
import type { Measured } from './metrics.js';
import type { IsoDate } from '../units.js';

/** Fewer events than this can't tell a model from a coin. Source: model 9 (self-gate). */
export const LEAST_EVENTS = 20;

/** One model at one cut: what it scored, what chance would, and how many events there were to find. */
export type Trial = { cut: IsoDate; events: number; score: Measured; chance: number };

export type CutVerdict = 'holds' | 'tooFewEvents' | 'notBetterThanChance';

/**
 * Over all cuts, latest first.
 *
 * `holds`: at every cut with enough events. `sometimes`: at some of them. `notValidated`: at none, and why.
 */
export type Verdict =
  | { is: 'holds'; at: IsoDate[] }
  | { is: 'sometimes'; at: IsoDate[]; notAt: IsoDate[] }
  | { is: 'notValidated'; because: 'noCut' | Exclude<CutVerdict, 'holds'> };

/** Whether the whole interval lies above what chance would score; one that includes it has not shown anything. */
export function judgeCut({ events, score, chance }: Trial): CutVerdict {
  if (events < LEAST_EVENTS || score === null) return 'tooFewEvents';
  return score.low > chance ? 'holds' : 'notBetterThanChance';
}

/**
 * Judges a model over several cuts.
 *
 * Shape:  cuts with too few events say neither yes nor no, unless there is no other.
 */
export function judge(trials: readonly Trial[]): Verdict {
  const judged = trials.map((trial) => ({ cut: trial.cut, verdict: judgeCut(trial) }));
  const at = judged.filter(({ verdict }) => verdict === 'holds').map(({ cut }) => cut);
  const notAt = judged.filter(({ verdict }) => verdict === 'notBetterThanChance').map(({ cut }) => cut);
  if (at.length > 0) return notAt.length === 0 ? { is: 'holds', at } : { is: 'sometimes', at, notAt };
  if (notAt.length > 0) return { is: 'notValidated', because: 'notBetterThanChance' };
  return { is: 'notValidated', because: judged.length === 0 ? 'noCut' : 'tooFewEvents' };
}
