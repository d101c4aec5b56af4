/** Groups with all that a decision, a plan and an explanation need. */
import { answerOf, type Answer } from '../kam/agreement.js';
import type { GroupFacts, Override, Rating } from '../kam/facts.js';
import { contributionOf, type Contribution } from '../kam/margin.js';
import { walletShareOf, type GroupPotential, type Potential, type PotentialCell } from '../kam/potential.js';
import { seenRatings, type PeoplesRatings } from '../kam/rated.js';
import type { AccountMark, StandingTask } from '../kam/standing.js';
import type { Cents, Fraction } from '../kam/units.js';
import { isKnown, unknown, type Unknown } from '../kam/unknown.js';
import { agreementsIn } from './agreements.js';
import type { GroupView, Labels } from './book.js';
import type { Duck, Row } from './duck.js';
import { fractionOf, ownWords, wordOf, type Reading } from './reading.js';
import { lastRowsIn } from './pastRows.js';
import { potentialsIn } from './results.js';
import { collect, currencyOf, flagOf, numberOf, numberOrNull, textOf, textOrNull, within, type Range } from './rows.js';

export async function groupsIn(duck: Duck, range: Range, reading: Reading): Promise<GroupView[]> {
  const groups = await duck.rows(groupQuery(range));
  const [first, last] = [groups.at(0), groups.at(-1)];
  if (first === undefined || last === undefined) return [];
  const accounts = { from: numberOf(first, 'first_account_no'), to: numberOf(last, 'last_account_no') };
  const members = collect(await duck.rows(memberQuery(accounts)), 'group_no', (row) => memberOf(row, reading));
  const tasks = collect(await duck.rows(taskQuery(range)), 'group_no', taskOf);
  const potentials = await potentialsIn(duck, accounts);
  const agreements = await agreementsIn(duck, range, reading);
  const lastRows = await lastRowsIn(duck, range, reading);
  return groups.map((row) => {
    const groupNo = numberOf(row, 'group_no');
    const own = members.get(groupNo) ?? [];
    const { answer, agreement } = answerOf(
      agreements.get(groupNo) ?? [],
      textOf(row, 'id'),
      reading.agreement,
      reading.asOf,
    );
    const facts = factsOf(row, own, answer, reading);
    return {
      agreement,
      facts,
      potential: potentialOf(
        own.map(({ accountNo }) => potentials.get(accountNo)),
        facts.yearlyRevenue,
        boughtFamilies(row),
      ),
      standings: own.map(({ standing }) => standing),
      tasks: tasks.get(groupNo) ?? [],
      taskRefs: textOrNull(row, 'task_refs'),
      lastRow: lastRows.get(groupNo)?.[0] ?? null,
    };
  });
}

const groupQuery = (range: Range): string => `
  SELECT g.*, m.id, m.name, m.owner_id, m.rating_reference_customer, m.rating_opinion_leader, m.excluded,
    m.exclude_reason, m.override_tier, m.override_reason, CAST(m.override_until AS VARCHAR) AS override_until,
    m.evidence, m.rated_as, CAST(m.rated_on AS VARCHAR) AS rated_on, m.trust, m.task_refs,
    m.manager_id, m.named_owner_id
  FROM group_fact AS g
  JOIN member AS m ON m.group_no = g.group_no AND m.is_root AND ${within('m.group_no', range)}
  WHERE ${within('g.group_no', range)}
  ORDER BY g.group_no`;

const taskQuery = (range: Range): string =>
  `SELECT * FROM member_task WHERE ${within('group_no', range)} ORDER BY group_no, ref, id`;

type Member = { accountNo: number; standing: GroupView['standings'][number] };

const memberQuery = (range: Range): string => `
  SELECT account_no, group_no, id, name, currency, millionths, tier, segment, gate, gate_result, score, confidence, revenue, cross_sell,
    up_sell, additional_potential, revenue_at_risk, contribution_margin, wallet_share, reasons, next_step, group_id,
    CAST(rated_on AS VARCHAR) AS rated_on, rated_as, CAST(tier_since AS VARCHAR) AS tier_since,
    CAST(below_since AS VARCHAR) AS below_since,
    CAST(assessed_on AS VARCHAR) AS assessed_on
  FROM member WHERE ${within('account_no', range)}
  ORDER BY group_no, is_root DESC, account_no`;

const memberOf = (row: Row, { labels }: Reading): Member => ({
  accountNo: numberOf(row, 'account_no'),
  standing: {
    accountId: textOf(row, 'id'),
    name: textOf(row, 'name'),
    currency: currencyOf(row),
    mark: markOf(row, labels),
  },
});

function markOf(row: Row, labels: Labels | null): AccountMark {
  const words = labels ?? ownWords;
  return {
    tier: wordOf(words.tier, row, 'tier'),
    segment: wordOf(words.segment, row, 'segment'),
    gate: wordOf(words.gate, row, 'gate'),
    gateResult: wordOf(words.gateResult, row, 'gate_result'),
    score: numberOrNull(row, 'score'),
    confidence: fractionOf(row, 'confidence'),
    revenue: numberOrNull(row, 'revenue'),
    crossSell: numberOrNull(row, 'cross_sell'),
    upSell: numberOrNull(row, 'up_sell'),
    additionalPotential: numberOrNull(row, 'additional_potential'),
    revenueAtRisk: numberOrNull(row, 'revenue_at_risk'),
    contributionMargin: numberOrNull(row, 'contribution_margin'),
    walletShare: fractionOf(row, 'wallet_share'),
    reasons: textOrNull(row, 'reasons'),
    nextStep: textOrNull(row, 'next_step'),
    groupId: textOrNull(row, 'group_id'),
    ratedOn: textOrNull(row, 'rated_on'),
    ratedAs: textOrNull(row, 'rated_as'),
    tierSince: textOrNull(row, 'tier_since'),
    belowSince: textOrNull(row, 'below_since'),
    assessedOn: textOrNull(row, 'assessed_on'),
  };
}

const taskOf = (row: Row): StandingTask => ({
  id: textOf(row, 'id'),
  ref: textOf(row, 'ref'),
  accountId: textOf(row, 'account_id'),
  ownerId: textOf(row, 'owner_id'),
  isClosed: flagOf(row, 'is_closed'),
  isMoot: row['is_moot'] === true,
  status: textOrNull(row, 'status'),
  description: textOrNull(row, 'description'),
});

function factsOf(
  row: Row,
  members: readonly Member[],
  answer: Answer,
  { labels, asOf, today, costs }: Reading,
): GroupFacts {
  const windows = windowsOf(row);
  const countries = numberOf(row, 'countries');
  const contribution = contributionIn(row, costs);
  const ratings: PeoplesRatings = {
    referenceCustomer: ratingOf(row, 'rating_reference_customer'),
    opinionLeader: ratingOf(row, 'rating_opinion_leader'),
  };
  const stood = { memory: textOrNull(row, 'rated_as'), ratedOn: textOrNull(row, 'rated_on') };
  return {
    groupId: textOf(row, 'id'),
    name: textOf(row, 'name'),
    people: {
      accountOwner: textOf(row, 'owner_id'),
      manager: textOrNull(row, 'manager_id'),
      named: textOrNull(row, 'named_owner_id'),
    },
    asOf,
    today,
    accountIds: members.map(({ standing }) => standing.accountId),
    yearlyRevenue: numberOrNull(row, 'yearly') ?? unknown('noSales'),
    windows,
    contributionMargin: contribution.second,
    contribution,
    growth: growthOf(windows),
    familiesBought: boughtFamilies(row).length,
    countries: countries === 0 ? unknown('noCountry') : countries,
    sites: numberOf(row, 'sites'),
    ratings,
    rated: seenRatings(ratings, textOrNull(row, 'evidence'), stood, today),
    trust: wordOf((labels ?? ownWords).trust, row, 'trust'),
    exclusion: row['excluded'] === true ? { reason: textOrNull(row, 'exclude_reason') } : null,
    override: overrideOf(row, labels),
    answer,
  };
}

/** Latest first; a window without a sale is a zero. */
const windowsOf = (row: Row): Cents[] =>
  Array.from({ length: numberOf(row, 'windows') }, (_, window) => numberOf(row, `window_${window}`));

const contributionIn = (row: Row, costs: Reading['costs']): Contribution =>
  contributionOf(
    {
      revenue: numberOrNull(row, 'yearly') ?? unknown('noSales'),
      margin: numberOrNull(row, 'margin'),
      uncosted: { families: listIn(row, 'uncosted'), revenue: numberOrNull(row, 'uncosted_revenue') ?? 0 },
      times: { visit: numberOf(row, 'visits'), call: numberOf(row, 'calls'), case: numberOf(row, 'cases') },
    },
    costs,
  );

/** Families that take part in potential and that any member buys. */
const boughtFamilies = (row: Row): string[] => listIn(row, 'bought');

const listIn = (row: Row, column: string): string[] => textOrNull(row, column)?.split('\u001f') ?? [];

/** The yearly rate that leads from the oldest window to the latest. */
function growthOf(windows: readonly Cents[]): Fraction | Unknown {
  const [latest, oldest] = [windows.at(0), windows.at(-1)];
  if (windows.length < 2 || latest === undefined || oldest === undefined || latest <= 0 || oldest <= 0) {
    return unknown('noHistory');
  }
  return (latest / oldest) ** (1 / (windows.length - 1)) - 1;
}

function ratingOf(row: Row, column: string): Rating | Unknown {
  const rating = numberOrNull(row, column);
  return rating === 0 || rating === 1 || rating === 2 || rating === 3 ? rating : unknown('notRated');
}

function overrideOf(row: Row, labels: Labels | null): Override | null {
  const tier = wordOf((labels ?? ownWords).tier, row, 'override_tier');
  if (tier === null) return null;
  return { tier, reason: textOrNull(row, 'override_reason'), until: textOrNull(row, 'override_until') };
}

function potentialOf(
  potentials: readonly (Potential | undefined)[],
  revenue: Cents | Unknown,
  bought: readonly string[],
): GroupPotential {
  const sum = (figure: 'crossSell' | 'upSell' | 'additional' | 'elsewhere'): Cents | Unknown =>
    sumOfKnown(potentials.map((potential) => potential?.[figure] ?? unknown('notModelled')));
  const cells = summedCells(potentials.flatMap((potential) => potential?.cells ?? []));
  const additional = sum('additional');
  return {
    crossSell: sum('crossSell'),
    upSell: sum('upSell'),
    additional,
    walletShare: walletShareOf(revenue, sum('elsewhere')),
    breadth: breadthOf(additional, cells, new Set(bought)),
    cells,
    revenueAtRisk: sumOfKnown(
      potentials.map((potential) => {
        if (potential === undefined) return unknown('notModelled');
        return isKnown(potential.risk) ? potential.risk.yearly : potential.risk;
      }),
    ),
  };
}

/** Unknown only where nothing is known; then the first account's reason, the root's, stands for all. */
function sumOfKnown(figures: readonly (Cents | Unknown)[]): Cents | Unknown {
  const known = figures.filter(isKnown);
  if (known.length === 0) return figures[0] ?? unknown('notModelled');
  return known.reduce((sum, figure) => sum + figure, 0);
}

function breadthOf(
  additional: Cents | Unknown,
  cells: readonly PotentialCell[],
  bought: ReadonlySet<string>,
): Fraction | Unknown {
  if (!isKnown(additional)) return additional;
  const white = cells.filter(({ family, kind }) => kind === 'crossSell' && !bought.has(family)).length;
  return white + bought.size === 0 ? unknown('noPotential') : white / (white + bought.size);
}

function summedCells(cells: readonly PotentialCell[]): PotentialCell[] {
  const sums = new Map<string, { sum: PotentialCell; largest: Cents; weighed: number }>();
  for (const cell of cells) {
    const key = `${cell.kind} ${cell.family}`;
    const before = sums.get(key);
    if (before === undefined) {
      sums.set(key, { sum: { ...cell }, largest: cell.amount, weighed: cell.amount * cell.confidence });
      continue;
    }
    before.sum.amount += cell.amount;
    before.sum.pipeline += cell.pipeline;
    before.sum.range = {
      low: before.sum.range.low + cell.range.low,
      high: before.sum.range.high + cell.range.high,
    };
    before.weighed += cell.amount * cell.confidence;
    before.sum.confidence = before.weighed / before.sum.amount;
    if (cell.amount > before.largest) {
      before.largest = cell.amount;
      before.sum.why = cell.why;
      before.sum.source = cell.source;
      before.sum.rival = cell.rival;
      before.sum.sister = cell.sister;
    }
  }
  return [...sums.values()]
    .map(({ sum }) => sum)
    .sort((a, b) => b.amount - a.amount || compare(a.family, b.family) || compare(a.kind, b.kind));
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
