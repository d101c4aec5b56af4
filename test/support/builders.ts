/** Facts with boring, visible defaults: a case shows only what matters to it. */
import type { AccountFacts, Benchmark, GroupFacts } from '../../src/kam/facts.js';
import {
  decide,
  nothingStands,
  type Decision,
  type SegmentLines,
  type StandingDecision,
} from '../../src/kam/funnel.js';
import type { Contribution } from '../../src/kam/margin.js';
import type { ValueWhy } from '../../src/kam/model/mix.js';
import type { AccountRisk, RiskWhy } from '../../src/kam/model/risk.js';
import type { SpendWhy } from '../../src/kam/model/spend.js';
import type { VolumeWhy } from '../../src/kam/model/wallet.js';
import type { ChanceWhy } from '../../src/kam/modelled.js';
import type { GroupPotential, PotentialCell } from '../../src/kam/potential.js';
import type { ScoreScale } from '../../src/kam/score.js';
import { parseSettings, type Settings } from '../../src/kam/settings.js';
import type { Cents, RecordId } from '../../src/kam/units.js';
import { unknown } from '../../src/kam/unknown.js';

export const euros = (amount: number): Cents => Math.round(amount * 100);

/** The nth account id, 18 characters. */
export const accountId = (n: number): RecordId => `001${String(n).padStart(12, '0')}AAA`;

export const ownerId = (n: number): RecordId => `005${String(n).padStart(12, '0')}AAA`;

/** The default settings but for some, in the admin's units: money in whole euros, shares as fractions. */
export function settingsWith(changes: object = {}): Settings {
  const parsed = parseSettings(changes);
  if ('problems' in parsed) throw new Error(`Not valid settings: ${JSON.stringify(parsed.problems)}`);
  return parsed.settings;
}

/** An account with 100,000 a year among 16 comparable ones, 40,000 of it in Pumps. */
export const anAccount = (changes: Partial<AccountFacts> = {}): AccountFacts => ({
  accountId: accountId(1),
  name: 'Alpha',
  groupId: accountId(1),
  asOf: '2026-10-31',
  yearlyRevenue: euros(100_000),
  families: [{ family: 'Pumps', yearly: euros(40_000) }],
  pipeline: [],
  words: [],
  sisters: [],
  peerGroup: { level: 'industry', industry: 'Machinery', size: 'medium', accounts: 16 },
  ...changes,
});

/** Half of the peers buy the family, typically for a tenth of what they spend, the stronger for a fifth or a quarter. */
export const aBenchmark = (changes: Partial<Benchmark> = {}): Benchmark => ({
  family: 'Service',
  peers: 16,
  buyers: 8,
  lowShare: 0.08,
  medianShare: 0.1,
  highShare: 0.16,
  upperShare: 0.2,
  topShare: 0.25,
  lowSpend: euros(6_000),
  medianSpend: euros(9_000),
  highSpend: euros(12_000),
  ...changes,
});

/** 70,000 of 100,000 go into goods, and care is not counted. */
const aContribution = (): Contribution => ({
  revenue: euros(100_000),
  costOfGoods: euros(70_000),
  deductions: 0,
  deductionShare: 0,
  first: euros(30_000),
  services: [],
  costToServe: 0,
  second: euros(30_000),
  uncosted: { families: [], revenue: 0 },
});

/** A group that earns exactly 50 points in each criterion on `aScale`, and whose ratings nobody has given. */
export const aGroup = (changes: Partial<GroupFacts> = {}): GroupFacts => ({
  groupId: accountId(1),
  name: 'Alpha',
  people: { accountOwner: ownerId(1), manager: null, named: null },
  asOf: '2026-10-31',
  today: '2026-11-24',
  accountIds: [accountId(1)],
  yearlyRevenue: euros(100_000),
  windows: [euros(100_000), euros(100_000), euros(100_000)],
  contributionMargin: euros(30_000),
  contribution: aContribution(),
  growth: 0.01,
  familiesBought: 4,
  countries: 2,
  sites: 2,
  ratings: { referenceCustomer: unknown('notRated'), opinionLeader: unknown('notRated') },
  rated: { memory: null, on: null, since: { referenceCustomer: null, opinionLeader: null } },
  trust: null,
  exclusion: null,
  override: null,
  answer: { is: 'notAsked' },
  ...changes,
});

export const aCell = (changes: Partial<PotentialCell> = {}): PotentialCell => ({
  family: 'Service',
  kind: 'crossSell',
  amount: euros(40_000),
  range: { low: euros(20_000), high: euros(60_000) },
  pipeline: 0,
  source: 'peers',
  confidence: 0.4,
  why: {
    is: 'whitespace',
    probability: 20 / 21,
    spend: euros(42_000),
    from: { is: 'peers', buyers: 20, peers: 21, peerLevel: 'industryAndSize' },
  },
  sister: null,
  rival: null,
  ...changes,
});

export const aPotential = (changes: Partial<GroupPotential> = {}): GroupPotential => ({
  crossSell: euros(40_000),
  upSell: euros(10_000),
  additional: euros(50_000),
  walletShare: 2 / 3,
  breadth: 0.3,
  cells: [aCell()],
  revenueAtRisk: euros(5_000),
  ...changes,
});

/** High revenue from 80,000, high potential from 40,000: `aGroup` with `aPotential` is a top customer. */
export const someLines: SegmentLines = { revenue: euros(80_000), potential: euros(40_000) };

export const aScale: ScoreScale = {
  anchors: {
    potential: { zero: 0, half: euros(50_000), full: euros(100_000) },
    margin: { zero: 0, half: euros(30_000), full: euros(60_000) },
    risk: { zero: 0, half: euros(100_000), full: euros(200_000) },
    breadth: { zero: 0, half: 0.3, full: 0.6 },
    growth: { zero: 0, half: 0.01, full: 0.02 },
  },
  calibrated: true,
};

export const noStanding: StandingDecision = nothingStands;

/** Decides a group, given what differs from `aGroup`, `aPotential` and the default settings. */
export function decided(
  changes: Partial<GroupFacts> = {},
  { potential = {}, standing = {}, lines = someLines, scale = aScale, settings = {} }: DecidedWith = {},
): Decision {
  const stands = { ...noStanding, ...standing };
  return decide(aGroup(changes), aPotential(potential), stands, { lines, scale }, settingsWith(settings));
}

type DecidedWith = {
  potential?: Partial<GroupPotential>;
  standing?: Partial<StandingDecision>;
  lines?: SegmentLines;
  scale?: ScoreScale;
  settings?: object;
};

/** Why a chance is what it is: 14 of 18 comparable accounts that buy the same buy the family too. */
export const aChance = (changes: Partial<ChanceWhy> = {}): ChanceWhy => ({
  is: 'model',
  horizonMonths: 6,
  logOdds: -1.2,
  base: -2,
  terms: [
    { feature: 'companions', part: 0.6 },
    { feature: 'peers', part: 0.2 },
  ],
  owned: [{ name: 'Pumps', part: 0.4 }],
  together: { families: ['Pumps', 'Valves'], among: 'industryAndSize', buyers: 18, alsoBuy: 14 },
  peers: { by: 'countryAndSize', accounts: 60, owners: 30 },
  lookalikes: { accounts: 20, adopted: 4 },
  spend: aSpendWhy,
  correction: null,
  ...changes,
});

const aSpendWhy: SpendWhy = {
  typical: euros(20_000),
  beginners: 12,
  sizeFactor: 1,
  smear: 1.05,
  year: { is: 'assumed', factor: 2, beginners: 0 },
};

/** A gap of 19,000 a year in a family that gets 12 % of 100,000 where comparable buyers give 31 %. */
export const aVolume = (changes: Partial<VolumeWhy> = {}): VolumeWhy => ({
  level: 'peers',
  buyers: 34,
  ownShare: 0.12,
  benchmarkShare: 0.31,
  yearlyRevenue: euros(100_000),
  gap: euros(19_000),
  realisation: { is: 'measured', share: 0.22, gap: euros(100_000), filled: euros(22_000), pairs: 40 },
  state: 'active',
  ...changes,
});

/** A step up from 0.91 to 1.2 of the typical price level, of which a tenth was taken in the past. */
export const aStep = (changes: Partial<ValueWhy> = {}): ValueWhy => ({
  level: 'family',
  buyers: 22,
  ownLevel: 0.91,
  benchmarkLevel: 1.2,
  lines: 8,
  own: euros(12_000),
  gap: euros(3_800),
  realisation: { share: 0.1, gap: euros(50_000), moved: euros(5_000), pairs: 30 },
  ...changes,
});

/** 3,000 of 100,000 a year at risk. */
export const aRisk = (changes: Partial<RiskWhy> = {}): AccountRisk => ({
  probability: 0.12,
  horizon: euros(1_500),
  yearly: euros(3_000),
  range: { low: euros(2_000), high: euros(4_000) },
  why: {
    trailing: euros(50_000),
    yearlyRevenue: euros(100_000),
    index: 1,
    loss: 0.25,
    correction: 1,
    intercept: -2.4,
    parts: [
      { signal: 'silence', logOdds: 0.5 },
      { signal: 'smallness', logOdds: -0.1 },
    ],
    daysSinceLastOrder: 45,
    usualGap: 30,
    isNew: false,
    ...changes,
  },
});
