/** The penetration plan of a group: which family each site buys from us, who serves the rest, and what is planned for it. */
import sumBy from 'lodash/sumBy.js';
import type { AccountFacts, ServedBy } from './facts.js';
import type { Potential } from './potential.js';
import type { Cents, Fraction, IsoDate, RecordId } from './units.js';
import { unknown, type Unknown } from './unknown.js';

/** What people plan for one family of one account; each part may be missing. */
export type FamilyAim = {
  accountId: RecordId;
  family: string;
  target: Cents | null;
  /** The calendar year that the target is for. */
  year: number | null;
  /** What the account bought of the family in that year, up to the as-of day. */
  actual: Cents;
  nextStep: string | null;
};

/**
 * Who has a cell: ours where the site buys the family from us, whatever people say besides; then an open offer; then
 * what people know. `notNeeded` where the customer says that he needs none, or makes the family himself: not to be sold.
 */
export type CellState = 'ours' | 'pipeline' | 'competitor' | 'open' | 'notNeeded' | 'unknown';

/** One family at one site. Money per year. */
export type PlanCell = {
  accountId: RecordId;
  site: string;
  family: string;
  state: CellState;
  own: Cents;
  /** What the customer buys of it from everyone, where that was stated. */
  wallet: Cents | null;
  pipeline: Cents;
  servedBy: ServedBy | null;
  competitor: string | null;
  aim: Omit<FamilyAim, 'accountId' | 'family'> | null;
};

export type PenetrationPlan = {
  /** Families of most own revenue first, then by name; sites as in the group. */
  families: string[];
  sites: { accountId: RecordId; name: string }[];
  cells: PlanCell[];
  /** Cells that are ours, of those that could be sold; the rest of `sellable` is served by others or by nobody we know. */
  ours: number;
  sellable: number;
  /** Of the sellable cells, those of which nobody knows who serves them. */
  unknown: number;
  penetration: Fraction | Unknown;
  /** Own revenue over wallet, in the cells with a stated wallet only. */
  walletShare: Fraction | Unknown;
  years: PlanYear[];
};

/** Plan against actual of one year. */
export type PlanYear = {
  year: number;
  target: Cents;
  actual: Cents;
  achieved: Fraction | Unknown;
  /** How much of the year is over at the as-of day. */
  elapsed: Fraction;
};

/**
 * The grid of families and sites of a group.
 *
 * Shape:  a family stands in it where a site buys it, has an offer for it or potential in it, or where people wrote of it;
 *         not those that are `outOfScope`.
 * Units:  cents per year as the facts have them; `penetration` counts cells, not money.
 * Errors: none. Without a sellable cell penetration is unknown, not zero; so is the wallet share without a wallet.
 * Source: Milz 2022 (“Durchdringungspläne”, “Jahrespläne”); which cells count is our choice.
 */
export function penetrationPlan(
  accounts: readonly { account: AccountFacts; potential: Potential }[],
  aims: readonly FamilyAim[],
  asOf: IsoDate,
  outOfScope: readonly string[] = [],
): PenetrationPlan {
  const sites = accounts.map(({ account: { accountId, name } }) => ({ accountId, name }));
  const families = familiesIn(accounts, aims).filter((family) => !outOfScope.includes(family));
  const aimOf = new Map(aims.map((aim) => [cellKey(aim), aim]));
  const cells = accounts.flatMap(({ account }) =>
    families.map((family) => cellOf(account, family, aimOf.get(cellKey({ accountId: account.accountId, family })))),
  );
  const sellable = cells.filter(({ state }) => state !== 'notNeeded');
  const ours = sellable.filter(({ state }) => state === 'ours');
  return {
    families,
    sites,
    cells,
    ours: ours.length,
    sellable: sellable.length,
    unknown: sellable.filter(({ state }) => state === 'unknown').length,
    penetration: sellable.length === 0 ? unknown('noSales') : ours.length / sellable.length,
    walletShare: shareOfWallets(cells),
    years: yearsIn(aims, asOf),
  };
}

/** A separator that no id holds. */
const cellKey = ({ accountId, family }: { accountId: RecordId; family: string }): string => `${accountId}|${family}`;

function familiesIn(
  accounts: readonly { account: AccountFacts; potential: Potential }[],
  aims: readonly FamilyAim[],
): string[] {
  const revenue = new Map<string, Cents>();
  const add = (family: string, amount: Cents): unknown => revenue.set(family, (revenue.get(family) ?? 0) + amount);
  for (const { account, potential } of accounts) {
    for (const { family, yearly } of account.families) add(family, yearly);
    const others = [account.pipeline, account.words, potential.cells, potential.settled].flat();
    for (const { family } of others) add(family, 0);
  }
  for (const { family } of aims) add(family, 0);
  return [...revenue].toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)).map(([family]) => family);
}

function cellOf(account: AccountFacts, family: string, aim: FamilyAim | undefined): PlanCell {
  const word = account.words.find((each) => each.family === family);
  const yearlyIn = (sales: AccountFacts['families']): Cents =>
    sales.find((each) => each.family === family)?.yearly ?? 0;
  const cell = {
    own: Math.max(0, yearlyIn(account.families)),
    wallet: word?.wallet?.amount ?? null,
    pipeline: Math.max(0, yearlyIn(account.pipeline)),
    servedBy: word?.servedBy ?? null,
    competitor: word?.competitor ?? null,
  };
  return {
    accountId: account.accountId,
    site: account.name,
    family,
    state: stateOf(cell),
    ...cell,
    aim: aim === undefined ? null : { target: aim.target, year: aim.year, actual: aim.actual, nextStep: aim.nextStep },
  };
}

function stateOf({
  own,
  wallet,
  pipeline,
  servedBy,
}: Omit<PlanCell, 'state' | 'accountId' | 'site' | 'family' | 'aim'>): CellState {
  if (own > 0) return 'ours';
  if (pipeline > 0) return 'pipeline';
  if (wallet === 0) return 'notNeeded';
  switch (servedBy) {
    case 'us':
      return 'ours';
    case 'competitor':
      return 'competitor';
    case 'internal':
      return 'notNeeded';
    case 'nobody':
      return 'open';
    case 'unknown':
    case null:
      return 'unknown';
  }
}

/** A wallet smaller than what we sell is out of date; our revenue is then all that is known of it. */
function shareOfWallets(cells: readonly PlanCell[]): Fraction | Unknown {
  const stated = cells.flatMap(({ own, wallet }) => (wallet === null ? [] : [{ own, wallet: Math.max(own, wallet) }]));
  const wallets = sumBy(stated, 'wallet');
  return wallets === 0 ? unknown('noWallet') : sumBy(stated, 'own') / wallets;
}

function yearsIn(aims: readonly FamilyAim[], asOf: IsoDate): PlanYear[] {
  const planned = aims.flatMap(({ target, year, actual }) =>
    target === null || year === null ? [] : [{ target, year, actual }],
  );
  const years = [...new Set(planned.map(({ year }) => year))].toSorted((a, b) => a - b);
  return years.map((year) => {
    const lines = planned.filter((line) => line.year === year);
    const [target, actual] = [sumBy(lines, 'target'), sumBy(lines, 'actual')];
    return {
      year,
      target,
      actual,
      achieved: target === 0 ? unknown('noTarget') : actual / target,
      elapsed: elapsedOf(year, asOf),
    };
  });
}

/** By the calendar's days: 0 before the year, 1 after it. */
function elapsedOf(year: number, asOf: IsoDate): Fraction {
  const start = Date.UTC(year, 0, 1);
  const end = Date.UTC(year + 1, 0, 1);
  const day = Date.parse(`${asOf}T00:00:00Z`) + DAY;
  return Math.min(1, Math.max(0, (day - start) / (end - start)));
}

const DAY = 24 * 60 * 60 * 1000;
