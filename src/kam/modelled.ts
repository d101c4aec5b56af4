/** What the potential models say of one account, as estimates per family; where they can't tell, comparison speaks. */
import type { AdoptionWhy, Together } from './model/why.js';
import type { FeatureName } from './model/features.js';
import type { BoughtMoney } from './model/money.js';
import type { Correction } from './model/season.js';
import type { Spend, SpendWhy } from './model/spend.js';
import type { ValueWhy } from './model/mix.js';
import type { VolumeWhy } from './model/wallet.js';
import type { FamilyEstimate } from './potential.js';
import { toCents, type Cents, type Fraction } from './units.js';
import { isKnown, type Unknown } from './unknown.js';

/** One account's answers from all models. */
export type ModelVoice = {
  /** Families that it does not own, the likeliest first; null where the chance can't be estimated. */
  white: readonly { why: AdoptionWhy; spend: Spend | Unknown }[] | null;
  /** Families that it owns. */
  bought: readonly BoughtMoney[];
  /** A customer for less than 90 days. */
  isNew: boolean;
  /** Whether the weights or the level of the chances were learned from past windows of this book. */
  isLearned: boolean;
  /** Months that a chance looks ahead. */
  horizonMonths: number;
  /** What the same season's backtest made of sums of new business: spend is multiplied by it; null where there is none. */
  correction: Correction | null;
};

/** Why a family is likely to be bought: the log-odds are `base` plus the parts of all terms. */
export type ChanceWhy = {
  is: 'model';
  horizonMonths: number;
  logOdds: number;
  base: number;
  terms: { feature: FeatureName; part: number }[];
  /** What the account owns that speaks loudest for the family, products among it, with what it adds to the log-odds. */
  owned: { name: string; part: number }[];
  together: Together | null;
  peers: AdoptionWhy['peers'][number] | null;
  lookalikes: AdoptionWhy['lookalikes'];
  spend: SpendWhy;
  /** See `ModelVoice`. */
  correction: Correction | null;
};

/** Why more could be bought of a family, by volume and by price level. */
export type GapWhy = { is: 'model'; volume: VolumeWhy | Unknown; value: ValueWhy | Unknown };

/** How far statistics of comparable customers can be trusted. Source: key account practice, as a proposed default. */
const MODEL_CONFIDENCE: Fraction = 0.4;

/** Things owned that an explanation names. */
const NAMED = 3;

/**
 * Joins what the models say with what a plain comparison says.
 *
 * Shape:  the models come first, family by family. Where they can estimate no chance or no spend, the comparison stands
 *         for all white families; where they can tell no gap in a family that is bought, for that family.
 * Units:  cents per year; a chance is rounded to four decimals, so that a reader gets the same product.
 * Errors: none. Unknown only where neither says anything, then for the comparison's reason.
 */
export function modelledEstimates(
  voice: ModelVoice,
  compared: readonly FamilyEstimate[] | Unknown,
): FamilyEstimate[] | Unknown {
  const white = whiteEstimates(voice);
  const bought = voice.bought.flatMap((money) => boughtEstimate(money) ?? []);
  const told = new Set(bought.map(({ family }) => family));
  const rest = (isKnown(compared) ? compared : []).filter(({ is, family }) =>
    is === 'bought' ? !told.has(family) : white === null && !told.has(family),
  );
  const all = [...(white ?? []), ...bought, ...rest];
  return all.length === 0 && white === null && !isKnown(compared) ? compared : all;
}

/** Null where chance or spend can't be estimated at all. */
function whiteEstimates(voice: ModelVoice): FamilyEstimate[] | null {
  const { white, isNew, isLearned, correction } = voice;
  if (white === null || white.some(({ spend }) => !isKnown(spend))) return null;
  // Choice: a chance that no past window has calibrated, and one of a customer of less than 90 days, is half as sure.
  const confidence = MODEL_CONFIDENCE * (isLearned ? 1 : 0.5) * (isNew ? 0.5 : 1);
  const corrected = (amount: Cents): Cents => toCents(amount * (correction?.factor ?? 1));
  return white.flatMap(({ why, spend }): FamilyEstimate[] => {
    if (!isKnown(spend)) return [];
    return [
      {
        is: 'whitespace',
        family: why.family,
        probability: Math.round(why.probability * 10_000) / 10_000,
        spend: corrected(spend.yearly),
        range: { low: corrected(spend.range.low), high: corrected(spend.range.high) },
        source: 'model',
        confidence,
        why: chanceWhy(why, spend.why, voice),
      },
    ];
  });
}

function chanceWhy(why: AdoptionWhy, spend: SpendWhy, { horizonMonths, correction }: ModelVoice): ChanceWhy {
  const { logOdds, base, terms, owned, together, peers, lookalikes } = why;
  return {
    is: 'model',
    horizonMonths,
    logOdds,
    base,
    terms: terms.map(({ feature, part }) => ({ feature, part })),
    owned: owned
      .map((one) => ({ name: one.name, part: one.companions + (one.is === 'family' ? one.lift : 0) }))
      .slice(0, NAMED),
    together,
    peers: peers[0] ?? null,
    lookalikes,
    spend,
    correction,
  };
}

/**
 * Null where the model can't tell the volume by buyers of the same family.
 *
 * Choice: what all families together get says nothing of one that few buy; a comparison with five of its buyers does.
 */
function boughtEstimate({ family, own, volume, value, confidence }: BoughtMoney): FamilyEstimate | null {
  if (!isKnown(volume) || volume.why.level === 'book') return null;
  const more = isKnown(value) ? value.range : { low: 0, high: 0 };
  return {
    is: 'bought',
    family,
    own,
    volume: volume.volume,
    value: isKnown(value) ? value.value : value,
    range: { low: volume.range.low + more.low, high: volume.range.high + more.high },
    source: 'model',
    confidence,
    why: { is: 'model', volume: volume.why, value: isKnown(value) ? value.why : value },
  };
}
