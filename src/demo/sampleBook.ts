/** The demo's own book: fictional industrial customers of a fictional supplier, made from a seed, never stored. */
import { drawsFrom } from '../kam/random.js';

/** One account as the neutral layout has it, with what people know of a group's root. */
export type SampleAccount = {
  accountId: string;
  name: string;
  industry: string;
  employees: number | null;
  country: string;
  parentId: string | null;
  ratings: { referenceCustomer: number | null; opinionLeader: number | null; evidence: string } | null;
};

export type SampleSale = {
  accountId: string;
  date: string;
  family: string;
  product: string;
  quantity: number;
  cents: number;
};
export type SamplePipeline = { accountId: string; closeDate: string; family: string; product: string; cents: number };
export type SampleFamily = { family: string; margin: number };

export type SampleBook = {
  accounts: SampleAccount[];
  sales: SampleSale[];
  pipeline: SamplePipeline[];
  families: readonly SampleFamily[];
  /** Accounts that somebody calls key accounts today, as companies do: by revenue, and because they always were. */
  labelled: string[];
};

/** What the supplier sells: contribution margin, and price in euros of three products each. */
const catalogue = [
  { family: 'Pumps', margin: 0.28, prices: [1850, 3400, 7200] },
  { family: 'Valves', margin: 0.31, prices: [240, 610, 1450] },
  { family: 'Seals', margin: 0.42, prices: [38, 95, 210] },
  { family: 'Drives', margin: 0.24, prices: [980, 2300, 5100] },
  { family: 'Sensors', margin: 0.38, prices: [120, 340, 780] },
  { family: 'Control Systems', margin: 0.35, prices: [2900, 6800, 14_500] },
  { family: 'Filters', margin: 0.4, prices: [65, 180, 420] },
  { family: 'Spare Parts', margin: 0.48, prices: [45, 160, 520] },
  { family: 'Maintenance', margin: 0.45, prices: [850, 1900, 4200] },
  { family: 'Training', margin: 0.55, prices: [690, 1250, 2400] },
] as const;

/** How much of its spend an industry gives each family of the catalogue, in the catalogue's order. */
const industries = [
  { name: 'Chemicals', trade: ['Chemie', 'Chemicals'], wants: [24, 18, 8, 8, 9, 14, 7, 5, 5, 2] },
  { name: 'Food & Beverage', trade: ['Lebensmittel', 'Foods'], wants: [18, 12, 10, 10, 8, 12, 12, 6, 9, 3] },
  { name: 'Energy', trade: ['Energie', 'Energy'], wants: [22, 20, 6, 12, 10, 16, 3, 5, 5, 1] },
  { name: 'Machinery', trade: ['Maschinenbau', 'Machinery'], wants: [10, 12, 8, 26, 14, 16, 3, 7, 2, 2] },
  { name: 'Utilities', trade: ['Wasserwerke', 'Water'], wants: [28, 20, 5, 8, 8, 12, 8, 4, 6, 1] },
  { name: 'Transportation', trade: ['Verkehrstechnik', 'Transport'], wants: [6, 8, 10, 24, 16, 10, 6, 12, 6, 2] },
] as const;

const places = [
  { country: 'Germany', form: 'GmbH', german: true },
  { country: 'Austria', form: 'GmbH', german: true },
  { country: 'Switzerland', form: 'AG', german: true },
  { country: 'Netherlands', form: 'B.V.', german: false },
  { country: 'France', form: 'S.A.S.', german: false },
  { country: 'Italy', form: 'S.p.A.', german: false },
  { country: 'Poland', form: 'Sp. z o.o.', german: false },
  { country: 'Sweden', form: 'AB', german: false },
  { country: 'Spain', form: 'S.L.', german: false },
  { country: 'United States', form: 'Inc.', german: false },
] as const;

const stems = ['Norv', 'Kestr', 'Veldr', 'Rivant', 'Tolm', 'Brenv', 'Sundr', 'Alpur', 'Dravn', 'Meridv', 'Falkr', 'Ostr', 'Quelm', 'Harnv', 'Lundr', 'Zelm', 'Marv', 'Trefn', 'Goldr', 'Wintv', 'Astr', 'Corvn', 'Ebelr', 'Fjorm', 'Gravn', 'Hildv', 'Isarn', 'Jorv', 'Kaltr', 'Lombr']; // prettier-ignore
const endings = ['ion', 'ara', 'eth', 'oldt', 'anto', 'wick', 'heim', 'una', 'ix', 'era'];

/** The kinds of groups that a real book has: how many, how large, how broadly they buy, how they develop. */
type Profile = {
  groups: number;
  sites: readonly [number, number];
  /** What all sites would spend a year, in thousands of euros. */
  demand: readonly [number, number];
  /** Share of the families that a site buys, and share of its demand that we get in a family that it buys. */
  breadth: readonly [number, number];
  share: readonly [number, number];
  /** Yearly growth. */
  growth: readonly [number, number];
  /** The strategic ratings of the root that people have entered; null where they have not. */
  rated: (random: Random) => SampleAccount['ratings'];
};

const unrated = (): null => null;

const profiles: readonly Profile[] = [
  {
    groups: 7,
    sites: [3, 5],
    demand: [6000, 8400],
    breadth: [0.55, 0.75],
    share: [0.4, 0.75],
    growth: [0.06, 0.14],
    rated: (random) => rating(random.whole(2, 3), random.whole(1, 3)),
  },
  {
    groups: 10,
    sites: [2, 3],
    demand: [6200, 8600],
    breadth: [0.5, 0.75],
    share: [0.35, 0.75],
    growth: [0.06, 0.14],
    rated: unrated,
  },
  {
    groups: 3,
    sites: [1, 3],
    demand: [1700, 2600],
    breadth: [0.45, 0.65],
    share: [0.35, 0.7],
    growth: [0.03, 0.1],
    rated: (random) => rating(random.whole(0, 1), null),
  },
  {
    groups: 3,
    sites: [1, 2],
    demand: [2900, 3600],
    breadth: [1, 1],
    share: [0.9, 0.95],
    growth: [-0.02, 0.03],
    rated: unrated,
  },
  {
    groups: 6,
    sites: [1, 1],
    demand: [700, 1200],
    breadth: [0.15, 0.3],
    share: [0.35, 0.6],
    growth: [0, 0.12],
    rated: unrated,
  },
  {
    groups: 20,
    sites: [1, 1],
    demand: [30, 260],
    breadth: [0.5, 0.95],
    share: [0.3, 0.8],
    growth: [-0.12, 0.1],
    rated: unrated,
  },
  { groups: 3, sites: [1, 1], demand: [0, 0], breadth: [0, 0], share: [0, 0], growth: [0, 0], rated: unrated },
];

const rating = (referenceCustomer: number | null, opinionLeader: number | null): SampleAccount['ratings'] => ({
  referenceCustomer,
  opinionLeader,
  evidence: `Rated by the account team: reference effect ${referenceCustomer ?? 'open'}, opinion leadership ${opinionLeader ?? 'open'}.`,
});

const YEARS = 5;
const EMPLOYEES_PER_THOUSAND = 0.11;

/**
 * Makes the sample book.
 *
 * Shape:  about 80 accounts in about 45 groups; five years of sales that end with `lastMonth` (`YYYY-MM`); credit
 *         notes, accounts that stopped buying, prospects, and open pipeline in the months after.
 * Units:  cents.
 * Errors: none. The same seed and month make the same book, to the cent.
 */
export function sampleBook(seed: number, lastMonth: string): SampleBook {
  const random = randomFrom(seed);
  const names = namesFrom(random);
  const book: SampleBook = {
    accounts: [],
    sales: [],
    pipeline: [],
    families: catalogue.map(({ family, margin }) => ({ family, margin })),
    labelled: [],
  };
  for (const profile of profiles) {
    for (let n = 0; n < profile.groups; n += 1) addGroup(book, profile, random, names, lastMonth);
  }
  book.sales.sort((a, b) => (`${a.date} ${a.accountId}` < `${b.date} ${b.accountId}` ? -1 : 1));
  return { ...book, labelled: labelledIn(book) };
}

/** How many of the accounts that ever bought most and least are labelled. */
const LABELLED = { largest: 12, smallest: 4 };

function labelledIn({ sales }: SampleBook): string[] {
  const revenue = new Map<string, number>();
  for (const { accountId, cents } of sales) revenue.set(accountId, (revenue.get(accountId) ?? 0) + cents);
  const ranked = [...revenue].toSorted(([a, one], [b, other]) => other - one || (a < b ? -1 : 1)).map(([id]) => id);
  return [...ranked.slice(0, LABELLED.largest), ...ranked.slice(-LABELLED.smallest)];
}

function addGroup(book: SampleBook, profile: Profile, random: Random, nextName: () => string, lastMonth: string): void {
  const industry = random.one(industries);
  const home = random.one(places);
  const stem = nextName();
  const sites = random.whole(...profile.sites);
  const demand = random.between(...profile.demand) * 1000;
  const growth = random.between(...profile.growth);
  const rootId = idOf(book.accounts.length + 1);
  let regionId: string | null = null;
  for (let site = 0; site < sites; site += 1) {
    const place = site === 0 ? home : random.one(places);
    const accountId = idOf(book.accounts.length + 1);
    const share = site === 0 ? 1.6 : random.between(0.5, 1.2);
    const siteDemand = (demand * share) / (sites + 0.6);
    book.accounts.push({
      accountId,
      name: nameOf(stem, industry.trade[place.german ? 0 : 1], place, site),
      industry: industry.name,
      employees: random.chance(0.93)
        ? Math.max(
            4,
            Math.round((siteDemand / 1000) * EMPLOYEES_PER_THOUSAND * random.between(0.7, 1.4) + random.whole(5, 30)),
          )
        : null,
      country: place.country,
      // Larger groups have a region between the root and their later sites: three levels.
      parentId: site === 0 ? null : site >= 4 && regionId !== null ? regionId : rootId,
      ratings: site === 0 ? profile.rated(random) : null,
    });
    if (site === 2) regionId = accountId;
    if (siteDemand > 0)
      sell(book, { accountId, demand: siteDemand, growth, wants: industry.wants }, profile, random, lastMonth);
  }
}

type Site = { accountId: string; demand: number; growth: number; wants: readonly number[] };

function sell(book: SampleBook, site: Site, profile: Profile, random: Random, lastMonth: string): void {
  const breadth = random.between(...profile.breadth);
  const total = site.wants.reduce((sum, weight) => sum + weight, 0);
  // What an industry wants most is bought first, with some chance.
  const ranked = catalogue
    .map((each, index) => ({
      ...each,
      want: (site.wants[index] ?? 0) / total,
      rank: (site.wants[index] ?? 0) * random.between(0.5, 1.5),
    }))
    .sort((a, b) => b.rank - a.rank);
  const bought = ranked.slice(0, Math.max(1, Math.round(breadth * ranked.length)));
  const stopped = random.chance(0.06) ? random.whole(14, 30) : 0;
  for (const [place, family] of bought.entries()) {
    // Families are taken up all the time, up to last month: without beginners nobody could learn who begins.
    const start = place < 2 ? 0 : random.chance(0.75) ? random.whole(0, 30) : random.whole(31, YEARS * 12 - 2);
    const yearly = site.demand * family.want * random.between(...profile.share);
    sellFamily(book, { ...site, family, yearly, from: start, until: YEARS * 12 - stopped }, random, lastMonth);
  }
  const [next] = ranked.slice(bought.length);
  if (next !== undefined && random.chance(0.25)) {
    const [price] = next.prices;
    const cents = Math.max(1, Math.round((site.demand * next.want * 0.4) / price)) * price * 100;
    book.pipeline.push({
      accountId: site.accountId,
      closeDate: day(lastMonth, random.whole(2, 5), random.whole(1, 28)),
      family: next.family,
      product: `${next.family} S`,
      cents,
    });
  }
}

type FamilySale = Site & { family: (typeof catalogue)[number]; yearly: number; from: number; until: number };

function sellFamily(book: SampleBook, sale: FamilySale, random: Random, lastMonth: string): void {
  const { family, yearly } = sale;
  const everyMonths = Math.min(
    6,
    Math.max(1, Math.round((family.prices[0] * 12) / Math.max(yearly, 1)) || 1, random.whole(1, 3)),
  );
  const now = YEARS * 12 - 1;
  for (let month = sale.from + random.whole(0, everyMonths - 1); month < sale.until; month += everyMonths) {
    const trend = (1 + sale.growth) ** ((month - now) / 12);
    const season = 1 + 0.15 * Math.sin((2 * Math.PI * (month % 12)) / 12);
    const wanted = ((yearly * everyMonths) / 12) * trend * season * random.between(0.75, 1.25);
    const size =
      wanted > 20 * family.prices[2] ? 2 : wanted > 12 * family.prices[1] ? random.whole(1, 2) : random.whole(0, 1);
    const price = family.prices[size] ?? family.prices[0];
    const quantity = Math.max(1, Math.round(wanted / price));
    const cents = Math.round(quantity * price * 100 * random.between(0.93, 1));
    const product = `${family.family} ${['S', 'M', 'L'][size] ?? 'S'}`;
    const date = day(lastMonth, month - now, random.whole(1, 28));
    book.sales.push({ accountId: sale.accountId, date, family: family.family, product, quantity, cents });
    if (random.chance(0.012)) {
      book.sales.push({
        accountId: sale.accountId,
        date,
        family: family.family,
        product,
        quantity: 1,
        cents: -Math.round(cents * random.between(0.1, 0.5)),
      });
    }
  }
}

const idOf = (n: number): string => `C${String(n).padStart(4, '0')}`;

/** A day of the month that lies `months` from `lastMonth`. */
function day(lastMonth: string, months: number, dayOfMonth: number): string {
  const [year = 0, month = 1] = lastMonth.split('-').map(Number);
  return new Date(Date.UTC(year, month - 1 + months, dayOfMonth)).toISOString().slice(0, 10);
}

function nameOf(stem: string, trade: string, place: (typeof places)[number], site: number): string {
  return site === 0
    ? `${stem} ${trade} ${place.form}`
    : `${stem} ${trade} ${place.country} ${place.form}${site > 1 ? ` ${['', '', 'II', 'III', 'IV', 'V', 'VI', 'VII'][site] ?? site}` : ''}`;
}

/** Names that no two groups share. */
function namesFrom(random: Random): () => string {
  const left = stems.flatMap((stem) => endings.map((ending) => `${stem}${ending}`));
  return () => {
    const [name = 'Kestrion'] = left.splice(random.whole(0, left.length - 1), 1);
    return name;
  };
}

type Random = {
  /** From 0 up to but not including 1. */
  next(): number;
  between(low: number, high: number): number;
  /** A whole number, both ends included. */
  whole(low: number, high: number): number;
  chance(probability: number): boolean;
  one<T>(list: readonly T[]): T;
};

function randomFrom(seed: number): Random {
  const next = drawsFrom(seed);
  const whole = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));
  return {
    next,
    between: (low, high) => low + next() * (high - low),
    whole,
    chance: (probability) => next() < probability,
    one: (list) => {
      const chosen = list[whole(0, list.length - 1)];
      if (chosen === undefined) throw new RangeError('There is nothing to choose from.');
      return chosen;
    },
  };
}
