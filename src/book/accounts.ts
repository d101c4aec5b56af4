/** Accounts as the potential models see them, and what their peers do. */
import type { AccountFacts, Benchmark, FamilySales, PeerGroupKey } from '../kam/facts.js';
import { unknown } from '../kam/unknown.js';
import type { Duck, Row } from './duck.js';
import { collect, numberOf, numberOrNull, oneOf, textOf, textOrNull, within, type Range } from './rows.js';

export type NumberedAccount = { accountNo: number; account: AccountFacts; peerNo: number };

export async function accountsIn(duck: Duck, range: Range): Promise<NumberedAccount[]> {
  const rows = await duck.rows(`
    SELECT f.account_no, m.id, m.name, m.root_id, f.yearly, f.peer_no, g.level, g.industry, g.size, g.accounts
    FROM account_fact AS f
    JOIN member AS m ON m.account_no = f.account_no AND ${within('m.account_no', range)}
    JOIN peer_group AS g ON g.peer_no = f.peer_no
    WHERE ${within('f.account_no', range)}
    ORDER BY f.account_no`);
  const families = await familiesIn(duck, 'account_family', range);
  const pipeline = await familiesIn(duck, 'pipeline', range);
  return rows.map((row) => {
    const accountNo = numberOf(row, 'account_no');
    return {
      accountNo,
      peerNo: numberOf(row, 'peer_no'),
      account: {
        accountId: textOf(row, 'id'),
        name: textOf(row, 'name'),
        groupId: textOf(row, 'root_id'),
        yearlyRevenue: numberOrNull(row, 'yearly') ?? unknown('noSales'),
        families: families.get(accountNo) ?? [],
        pipeline: pipeline.get(accountNo) ?? [],
        peerGroup: peerGroupOf(row),
      },
    };
  });
}

async function familiesIn(duck: Duck, table: string, range: Range): Promise<Map<number, FamilySales[]>> {
  const rows = await duck.rows(`
    SELECT account_no, family, yearly FROM ${table} WHERE ${within('account_no', range)}
    ORDER BY account_no, yearly DESC, family`);
  return collect(rows, 'account_no', (row) => ({ family: textOf(row, 'family'), yearly: numberOf(row, 'yearly') }));
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
  }));
}

/** A quantile between two order statistics, linear as in type 7. */
function between(row: Row, quantile: string): number {
  const below = numberOf(row, `${quantile}_below`);
  return below + (numberOf(row, `${quantile}_above`) - below) * numberOf(row, `${quantile}_fraction`);
}
