/** What is known about one account and one group at the as-of date. */
import type { Answer } from './agreement.js';
import type { Contribution } from './margin.js';
import type { Responsible } from './owners.js';
import type { SeenRatings } from './rated.js';
import type { Cents, Fraction, IsoDate, RecordId } from './units.js';
import type { Unknown } from './unknown.js';

/** A person's rating of a strategic criterion: 0 none … 3 the whole industry. */
export type Rating = 0 | 1 | 2 | 3;

/** What one account (site) bought in one product family, yearly. */
export type FamilySales = { family: string; yearly: Cents };

/** What the other sites of an account's group buy in a family that the account itself does not buy, yearly. */
export type SisterSales = {
  family: string;
  /** The site that buys most of it. */
  name: string;
  most: Cents;
  /** What the buying sites spend in the middle, and the least of them. */
  typical: Cents;
  least: Cents;
  /** Sites of the group with sales, and those of them that buy the family. */
  sites: number;
  buyers: number;
};

/** Who serves a demand today, as people know it. */
export type ServedBy = 'us' | 'competitor' | 'internal' | 'nobody' | 'unknown';

/** Who or what states a wallet, from the customer's written word down to our own estimate. */
export type StatedBy = 'customer' | 'tender' | 'accountTeam';

/** What people know of one family of one account; each part may be missing. */
export type FamilyWord = {
  family: string;
  /** What the account buys of the family per year from all suppliers; 0 where it needs none. Never in the future. */
  wallet: { amount: Cents; on: IsoDate | null; by: StatedBy | null } | null;
  servedBy: ServedBy | null;
  competitor: string | null;
};

/** One account (site) as the potential models see it. */
export type AccountFacts = {
  accountId: RecordId;
  name: string;
  groupId: RecordId;
  asOf: IsoDate;
  /** Mean of the last 12-month windows that the account has; unknown without sales. */
  yearlyRevenue: Cents | Unknown;
  /** Families bought net-positive inside the windows, most revenue first, then by name. */
  families: FamilySales[];
  /** Open pipeline per family: shown, and subtracted from potential. */
  pipeline: FamilySales[];
  /** At most one per family. */
  words: FamilyWord[];
  /** Families that other sites of the group buy and this one does not. */
  sisters: SisterSales[];
  peerGroup: PeerGroupKey;
};

/** Which accounts one account is compared with, from the narrowest level that has enough of them. */
export type PeerGroupKey = {
  level: 'industryAndSize' | 'industry' | 'size' | 'all';
  industry: string | null;
  size: 'small' | 'medium' | 'large' | null;
  /** Accounts with sales in this peer group. */
  accounts: number;
};

/** What the peers of one peer group do in one family; shares are of a peer's own yearly revenue. */
export type Benchmark = {
  family: string;
  /** Accounts in the peer group that have sales, and those of them that buy the family. */
  peers: number;
  buyers: number;
  /** Share of wallet that buyers give the family: in the middle, and at a quarter and three quarters of them. */
  medianShare: Fraction;
  lowShare: Fraction;
  highShare: Fraction;
  /** The benchmark quantile (setting, default 0.8) of that share. */
  upperShare: Fraction;
  /** From which the top tenth of the buyers begins. */
  topShare: Fraction;
  /** What buyers spend on the family, whatever their size: in the middle, and at a quarter and three quarters of them. */
  medianSpend: Cents;
  lowSpend: Cents;
  highSpend: Cents;
};

/** Where the customer takes a new challenge: shown and talked about, never scored. */
export const solutionTrusts = ['comesToUs', 'asksUsToo', 'asksOthers'] as const;
export type SolutionTrust = (typeof solutionTrusts)[number];

/** One group: the ultimate parent and all that belongs to it. Money, gates and tier are decided here. */
export type GroupFacts = {
  groupId: RecordId;
  name: string;
  people: Responsible;
  asOf: IsoDate;
  /** The day of the run: overrides, promises and tasks go by it, while figures stand still within a month. */
  today: IsoDate;
  accountIds: RecordId[];
  /** Mean of the last 12-month windows that the group has; unknown without sales. */
  yearlyRevenue: Cents | Unknown;
  /** Revenue of each 12-month window that the group has, latest first (at most `settings.revenue.windows`). */
  windows: Cents[];
  /** Yearly, the last known step of `contribution`. Unknown where the cost of a family that was sold is. */
  contributionMargin: Cents | Unknown;
  contribution: Contribution;
  /** Yearly growth rate of revenue over the windows that the group has; unknown with fewer than two. */
  growth: Fraction | Unknown;
  familiesBought: number;
  /** Distinct billing countries; unknown when no account has one. */
  countries: number | Unknown;
  /** Accounts in the group. */
  sites: number;
  ratings: { referenceCustomer: Rating | Unknown; opinionLeader: Rating | Unknown };
  /** Since when they stand so. */
  rated: SeenRatings;
  trust: SolutionTrust | null;
  exclusion: { reason: string | null } | null;
  override: Override | null;
  answer: Answer;
};

/** A person's word over the machine's: it needs a reason and an expiry, and sets the tier that it names. */
export type Override = {
  tier: 'key' | 'candidate' | 'large' | 'standard';
  reason: string | null;
  until: IsoDate | null;
};
