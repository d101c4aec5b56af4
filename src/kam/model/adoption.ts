/** P(adopt): how likely an account buys a family that it does not own yet, within one horizon. */
import type { Fraction, IsoDate } from '../units.js';
import { calibrate, type Calibration } from './calibration.js';
import { whyNotEstimable, type NotEstimable } from './estimable.js';
import { evidenceOf, type Evidence } from './evidence.js';
import {
  candidatesOf,
  featureNames,
  termsOf,
  type AccountRange,
  type Candidates,
  type FeatureName,
} from './features.js';
import {
  learnWeights,
  meanRateOf,
  momentsOf,
  MOST_ROWS,
  usableWindows,
  type Moments,
  type TrainingWindow,
} from './learning.js';
import { logit, sigmoid } from './logistic.js';
import { isOwned, type View } from './view.js';
import type { Weights } from './weights.js';

export type AdoptionOptions = {
  readonly prior: Weights;
  /** Off: the prior stands; probabilities are calibrated on the past all the same. */
  readonly learning: boolean;
  readonly lookalikes: 'on' | 'auto' | 'off';
};

/** All that turns the features of a pair into a probability. */
export type AdoptionModel = {
  readonly weights: Weights;
  readonly moments: Moments;
  readonly calibration: Calibration;
  /** The cuts of the past windows that weights and calibration were learned on, latest first. */
  readonly learnedFrom: readonly IsoDate[];
};

export type Adoption =
  | { readonly is: 'estimated'; readonly evidence: Evidence; readonly model: AdoptionModel }
  | { readonly is: 'notEstimable'; readonly because: NotEstimable };

/** Accounts to compare with: from 200,000 accounts on fewer, or the search would take longer than all else. */
const LANDMARKS = { usual: 2000, many: 500, manyAccounts: 200_000 } as const;

export function landmarksFor(view: View, lookalikes: AdoptionOptions['lookalikes']): number {
  if (lookalikes === 'off') return 0;
  return lookalikes === 'auto' && view.accounts.count > LANDMARKS.manyAccounts ? LANDMARKS.many : LANDMARKS.usual;
}

/**
 * The model at a view's cut.
 *
 * Shape:  `latest` and `earlier` are the windows one and two horizons before the cut, null where there is none.
 * Errors: none; where nothing can be estimated, the reason is the answer.
 */
export function fitAdoption(
  view: View,
  { latest, earlier }: { latest: TrainingWindow | null; earlier: TrainingWindow | null },
  options: AdoptionOptions,
): Adoption {
  const because = whyNotEstimable(view);
  if (because !== null) return { is: 'notEstimable', because };
  const evidence = evidenceOf(view, { landmarks: landmarksFor(view, options.lookalikes) });
  const windows = usableWindows(latest, earlier);
  const weights = options.learning ? learnWeights(windows, options.prior) : options.prior;
  return {
    is: 'estimated',
    evidence,
    model: {
      weights,
      moments: momentsAt(evidence),
      calibration: calibrate(windows, weights, meanRateOf(evidence)),
      learnedFrom: windows.map(({ cut }) => cut),
    },
  };
}

/** Up to here means and deviations are taken over all pairs, beyond over an even sample. */
const MOST_PAIRS = 5_000_000;

function momentsAt(evidence: Evidence): Moments {
  if (evidence.pairs <= MOST_PAIRS) return momentsOf(inBatches(evidence));
  const whole = { from: 0, to: evidence.view.accounts.count };
  return momentsOf([candidatesOf(evidence, whole, Math.ceil(evidence.pairs / MOST_ROWS))]);
}

function* inBatches(evidence: Evidence): Iterable<Candidates> {
  for (const range of rangesOf(evidence)) yield candidatesOf(evidence, range);
}

/** Pairs that stand in memory at a time. */
const BATCH = 200_000;

/** The accounts in ranges of about as many pairs, for whoever goes over all of them. */
export function* rangesOf({ view, open }: Evidence): Iterable<AccountRange> {
  const accounts = Math.max(1, Math.floor(BATCH / Math.max(1, open.length)));
  for (let from = 0; from < view.accounts.count; from += accounts) {
    yield { from, to: Math.min(from + accounts, view.accounts.count) };
  }
}

export type Scores = {
  /** The standardised score. */
  readonly z: Float64Array;
  /** The probability. */
  readonly p: Float64Array;
};

export function score({ weights, moments, calibration }: AdoptionModel, candidates: Candidates): Scores {
  const z = new Float64Array(candidates.count);
  for (const name of featureNames) {
    const step = weights[name] / moments.deviation[name];
    const column = candidates.features[name];
    for (let pair = 0; pair < z.length; pair++) z[pair]! += step * (column[pair]! - moments.mean[name]);
  }
  return { z, p: z.map((value) => probabilityOf(calibration, value)) };
}

const probabilityOf = ({ intercept, slope, drift }: Calibration, z: number): Fraction =>
  sigmoid(intercept + drift + slope * z);

/** The families that each account of a range most likely adopts: from `start[a - from]` on, most likely first. */
export type Shortlist = { readonly start: Int32Array; readonly family: Int32Array; readonly p: Float64Array };

/**
 * The `most` likeliest families of each account, without a matrix of pairs in between.
 *
 * Shape:  equal scores in order of family. The same figures as `score` gives, up to rounding.
 */
export function shortlist(evidence: Evidence, model: AdoptionModel, most: number): (range: AccountRange) => Shortlist {
  const { view, open } = evidence;
  const scoreAccount = accountScorer(evidence, model);
  const owns = new Uint8Array(view.families.length);
  const bestFamily = new Int32Array(most);
  const bestScore = new Float64Array(most);
  return ({ from, to }) => {
    const start = new Int32Array(to - from + 1);
    const family = new Int32Array((to - from) * most);
    const p = new Float64Array((to - from) * most);
    let length = 0;
    for (let account = from; account < to; account++) {
      const z = scoreAccount(account);
      markOwned(account, 1);
      let kept = 0;
      for (const candidate of open) {
        const value = z[candidate]!;
        if (owns[candidate] === 1 || (kept === most && value <= bestScore[most - 1]!)) continue;
        let at = kept < most ? kept++ : most - 1;
        for (; at > 0 && bestScore[at - 1]! < value; at--) {
          bestScore[at] = bestScore[at - 1]!;
          bestFamily[at] = bestFamily[at - 1]!;
        }
        bestScore[at] = value;
        bestFamily[at] = candidate;
      }
      markOwned(account, 0);
      for (let i = 0; i < kept; i++) {
        family[length] = bestFamily[i]!;
        p[length++] = probabilityOf(model.calibration, bestScore[i]!);
      }
      start[account - from + 1] = length;
    }
    return { start, family: family.slice(0, length), p: p.slice(0, length) };
  };

  function markOwned(account: number, mark: 0 | 1): void {
    const { holdings } = view;
    for (let entry = holdings.start[account]!; entry < holdings.start[account + 1]!; entry++) {
      if (isOwned(holdings, entry)) owns[holdings.family[entry]!] = mark;
    }
  }
}

/** The score of every family for one account; true for those that it does not own. */
function accountScorer(evidence: Evidence, { weights, moments }: AdoptionModel): (account: number) => Float64Array {
  const read = termsOf(evidence);
  const step = (name: FeatureName): number => weights[name] / moments.deviation[name];
  const [peers, companions, lift, lookalikes] = [step('peers'), step('companions'), step('lift'), step('lookalikes')];
  const usual = featureNames.reduce((sum, name) => sum - step(name) * moments.mean[name], 0);
  const familyPart = evidence.rate.map(
    (rate, family) =>
      usual + step('recentRate') * logit(rate) + step('penetration') * logit(evidence.penetration[family]!),
  );
  const z = new Float64Array(familyPart.length);
  return (account) => {
    const terms = read(account);
    const own = ownFeatures.reduce((sum, name) => sum + step(name) * terms[name], 0);
    for (let family = 0; family < z.length; family++) {
      z[family] =
        familyPart[family]! +
        own +
        peers * terms.peers[family]! +
        companions * terms.companions[family]! +
        lift * terms.lift[family]! +
        lookalikes * terms.lookalikes[family]!;
    }
    return z;
  };
}

const ownFeatures = ['breadth', 'youth', 'recency', 'revenue', 'newcomer', 'pace'] as const;
