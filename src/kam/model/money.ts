/** The money models of one cut as one: learned together from the same past, and asked account by account. */
import { isKnown, type Unknown } from '../unknown.js';
import type { Cents, Fraction } from '../units.js';
import type { Ledger } from './ledger.js';
import { fitMix, valueOf, type MixLedger, type MixModel, type Value } from './mix.js';
import { fitRisk, riskOf, type AccountRisk, type RiskModel } from './risk.js';
import type { BookIndex } from './season.js';
import { fitSpend, spendOf, type FirstYears, type Spend, type SpendModel } from './spend.js';
import { fitWallet, volumeOf, type Volume, type WalletModel } from './wallet.js';

/** Accounts at a cut with the price levels that they chose. */
export type MoneyLedger = { readonly ledger: Ledger; readonly mix: MixLedger };

/** What the models learn from: today, and up to two horizons before it, latest first, whose outcome is known by now. */
export type MoneyHistory = {
  readonly now: MoneyLedger;
  readonly past: readonly MoneyLedger[];
  readonly index: BookIndex;
  readonly firstYears: FirstYears;
  /** By the book's number. */
  readonly families: readonly { readonly name: string; readonly takesPart: boolean }[];
};

export type MoneyModels = {
  readonly index: BookIndex;
  readonly families: MoneyHistory['families'];
  readonly risk: RiskModel | Unknown;
  readonly spend: SpendModel | Unknown;
  readonly wallet: WalletModel | Unknown;
  readonly mix: MixModel | Unknown;
};

export type MoneyOptions = {
  /** Share of wallet, and price level, of comparable buyers that is aimed at, as a quantile. */
  readonly quantile: Fraction;
  /** Share of a gap that is taken to be won where the past does not tell. */
  readonly realisation: Fraction;
};

/** Errors: none; each model that can't be learned is unknown for its own reason, and the others stand without it. */
export const fitMoney = (history: MoneyHistory, options: MoneyOptions): MoneyModels => {
  const { now, past, index, firstYears, families } = history;
  const ledgers = past.map(({ ledger }) => ledger);
  return {
    index,
    families,
    risk: fitRisk(ledgers, now.ledger),
    spend: fitSpend(ledgers, families.length, firstYears),
    wallet: fitWallet(now.ledger, ledgers, index.is === 'measured' ? index.factor : null, options),
    mix: fitMix(now, past, options.quantile),
  };
};

/** What can be won in a family that an account owns, by volume and by value; cents per year. */
export type BoughtMoney = {
  readonly family: string;
  /** Net of the last year. */
  readonly own: Cents;
  readonly volume: Volume | Unknown;
  readonly value: Value | Unknown;
  readonly confidence: Fraction;
};

/**
 * The families that one account of a ledger owns and that take part, in order of the book's numbers.
 *
 * Shape:  one entry per family, also where nothing can be won or estimated: an unknown carries its reason.
 */
export function boughtBy(models: MoneyModels, { ledger, mix }: MoneyLedger, account: number): BoughtMoney[] {
  const { pairs } = ledger;
  const found: BoughtMoney[] = [];
  for (let pair = pairs.start[account]!; pair < pairs.start[account + 1]!; pair += 1) {
    const family = models.families[pairs.family[pair]!];
    if (family === undefined || !family.takesPart || !(pairs.net[pair]! > 0)) continue;
    const volume = isKnown(models.wallet) ? volumeOf(models.wallet, ledger, account, pair) : models.wallet;
    found.push({
      family: family.name,
      own: Math.max(0, pairs.yearly[pair]!),
      volume,
      value: valueOf(models.mix, ledger, mix, account, pair),
      confidence: confidenceOf(volume, ledger, account),
    });
  }
  return found;
}

/** What one account would spend on a family that it does not buy yet, by the book's number of the family. */
export const spendBy = (models: MoneyModels, ledger: Ledger, account: number, family: number): Spend | Unknown =>
  isKnown(models.spend) ? spendOf(models.spend, ledger, account, family) : models.spend;

export const riskBy = (models: MoneyModels, ledger: Ledger, account: number): AccountRisk | Unknown =>
  isKnown(models.risk) ? riskOf(models.risk, ledger, account, models.index.factor) : models.risk;

/** How far a benchmark of comparable customers can be trusted. Source: key-account-management (e) 1. */
const BENCHMARK_CONFIDENCE: Fraction = 0.4;

/** Wider benchmarks compare less alike customers. Choice: a quarter less per step. */
const LEVEL_CONFIDENCE = { peers: 1, family: 0.75, book: 0.5 } as const;

const NEW_DAYS = 90;

function confidenceOf(volume: Volume | Unknown, { accounts }: Ledger, account: number): Fraction {
  if (!isKnown(volume)) return 0;
  const { level, realisation } = volume.why;
  // Choice: an assumed realisation and a customer of less than 90 days each leave half of the trust.
  const measured = realisation.is === 'measured' ? 1 : 0.5;
  const settled = accounts.tenure[account]! < NEW_DAYS ? 0.5 : 1;
  return BENCHMARK_CONFIDENCE * LEVEL_CONFIDENCE[level] * measured * settled;
}
