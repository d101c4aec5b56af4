/** Accounts as the potential models see them, and what their peers do. */
import type { AccountFacts, Benchmark, FamilySales, FamilyWord, PeerGroupKey, SisterSales } from '../kam/facts.js';
import type { Conversion } from '../kam/prospects.js';
import { toCents } from '../kam/units.js';
import { unknown } from '../kam/unknown.js';
import type { Duck, Row } from './duck.js';
import { ownWords, wordOf, type Reading } from './reading.js';
import { collect, numberOf, numberOrNull, oneOf, textOf, textOrNull, within, type Range } from './rows.js';

export type NumberedAccount = { accountNo: number; account: AccountFacts; peerNo: number };

export async function accountsIn(duck: Duck, range: Range, reading: Reading): Promise<NumberedAccount[]> {
  const rows = await duck.rows(`
    SELECT f.account_no, m.id, m.name, m.root_id, f.yearly, f.peer_no, g.level, g.industry, g.size, g.accounts
    FROM account_fact AS f
    JOIN member AS m ON m.account_no = f.account_no AND ${within('m.account_no', range)}
    JOIN peer_group AS g ON g.peer_no = f.peer_no
    WHERE ${within('f.account_no', range)}
    ORDER BY f.account_no`);
  const families = await salesIn(duck, 'account_family', range);
  const pipeline = await salesIn(duck, 'pipeline', range);
  const words = await wordsIn(duck, range, reading);
  const sisters = await sistersIn(duck, range);
  return rows.map((row) => {
    const accountNo = numberOf(row, 'account_no');
    return {
      accountNo,
      peerNo: numberOf(row, 'peer_no'),
      account: {
        accountId: textOf(row, 'id'),
        name: textOf(row, 'name'),
        groupId: textOf(row, 'root_id'),
        asOf: reading.asOf,
        yearlyRevenue: numberOrNull(row, 'yearly') ?? unknown('noSales'),
        families: families.get(accountNo) ?? [],
        pipeline: pipeline.get(accountNo) ?? [],
        words: words.get(accountNo) ?? [],
        sisters: sisters.get(accountNo) ?? [],
        peerGroup: peerGroupOf(row),
      },
    };
  });
}

async function salesIn(duck: Duck, table: string, range: Range): Promise<Map<number, FamilySales[]>> {
  const rows = await duck.rows(`
    SELECT account_no, family, yearly FROM ${table} WHERE ${within('account_no', range)}
    ORDER BY account_no, yearly DESC, family`);
  return collect(rows, 'account_no', (row) => ({ family: textOf(row, 'family'), yearly: numberOf(row, 'yearly') }));
}

async function wordsIn(duck: Duck, range: Range, { labels }: Reading): Promise<Map<number, FamilyWord[]>> {
  const rows = await duck.rows(`
    SELECT account_no, family, wallet, CAST(stated_on AS VARCHAR) AS stated_on, stated_by, served_by, competitor
    FROM family_word WHERE ${within('account_no', range)}
    ORDER BY account_no, family`);
  const words = labels ?? ownWords;
  return collect(rows, 'account_no', (row) => {
    const amount = numberOrNull(row, 'wallet');
    return {
      family: textOf(row, 'family'),
      wallet:
        amount === null
          ? null
          : { amount, on: textOrNull(row, 'stated_on'), by: wordOf(words.statedBy, row, 'stated_by') },
      servedBy: wordOf(words.servedBy, row, 'served_by'),
      competitor: textOrNull(row, 'competitor'),
    };
  });
}

/** What other sites of the group buy, where the account itself does not. */
async function sistersIn(duck: Duck, range: Range): Promise<Map<number, SisterSales[]>> {
  const rows = await duck.rows(`
    SELECT m.account_no, s.family, b.name, s.most, s.least, s.middle_below, s.middle_above, s.sites, s.buyers
    FROM member AS m
    JOIN sister AS s ON s.group_no = m.group_no
    JOIN member AS b ON b.account_no = s.buyer_no
    LEFT JOIN account_family AS f ON f.account_no = m.account_no AND f.family = s.family
    WHERE ${within('m.account_no', range)} AND f.account_no IS NULL
    ORDER BY m.account_no, s.family`);
  return collect(rows, 'account_no', (row) => ({
    family: textOf(row, 'family'),
    name: textOf(row, 'name'),
    most: numberOf(row, 'most'),
    typical: toCents((numberOf(row, 'middle_below') + numberOf(row, 'middle_above')) / 2),
    least: numberOf(row, 'least'),
    sites: numberOf(row, 'sites'),
    buyers: numberOf(row, 'buyers'),
  }));
}

export async function conversionIn(duck: Duck): Promise<Conversion> {
  const [row] = await duck.rows(`
    SELECT COUNT(s.account_no) AS became, COUNT(*) AS accounts
    FROM member AS m
    LEFT JOIN account_sales AS s ON s.account_no = m.account_no
    WHERE s.account_no IS NULL OR s.windows = 1`);
  return row === undefined ? { became: 0, of: 0 } : { became: numberOf(row, 'became'), of: numberOf(row, 'accounts') };
}

function peerGroupOf(row: Row): PeerGroupKey {
  return {
    level: oneOf(peerLevels, textOf(row, 'level')),
    industry: textOrNull(row, 'industry'),
    size: row['size'] === null ? null : oneOf(sizes, textOf(row, 'size')),
    accounts: numberOf(row, 'accounts'),
  };
}

const peerLevels = ['industryAndSize', 'industry', 'size', 'all'] as const;
const sizes = ['small', 'medium', 'large'] as const;

/** Benchmarks of every peer group in use, by its number; few, whatever the size of the book. */
export async function benchmarksByPeerGroup(duck: Duck): Promise<Map<number, Benchmark[]>> {
  const rows = await duck.rows('SELECT * FROM benchmark ORDER BY peer_no, family');
  return collect(rows, 'peer_no', (row) => ({
    family: textOf(row, 'family'),
    peers: numberOf(row, 'peers'),
    buyers: numberOf(row, 'buyers'),
    medianShare: between(row, 'median'),
    lowShare: between(row, 'low'),
    highShare: between(row, 'high'),
    upperShare: between(row, 'upper'),
    topShare: between(row, 'top'),
    medianSpend: toCents(between(row, 'middle_spend')),
    lowSpend: toCents(between(row, 'low_spend')),
    highSpend: toCents(between(row, 'high_spend')),
  }));
}

/** A quantile between two order statistics, linear as in type 7. */
function between(row: Row, quantile: string): number {
  const below = numberOf(row, `${quantile}_below`);
  return below + (numberOf(row, `${quantile}_above`) - below) * numberOf(row, `${quantile}_fraction`);
}
