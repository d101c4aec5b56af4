/** What shows that somebody works a customer, as far as the book holds it. */
import type { Work } from '../kam/audit.js';
import type { RecordId } from '../kam/units.js';
import { literal, type Duck } from './duck.js';
import type { Reading } from './reading.js';
import { numberOf, textOf, textOrNull, within, type Range } from './rows.js';

/** One entry per group, in order; opportunities that were lost are not in the book. */
export async function workIn(duck: Duck, range: Range, { today }: Reading): Promise<(Work & { groupId: RecordId })[]> {
  const rows = await duck.rows(workQuery(range, `CAST(${literal(today)} AS DATE)`));
  return rows.map((row) => ({
    groupId: textOf(row, 'id'),
    openOpportunities: numberOf(row, 'open'),
    lastWon: textOrNull(row, 'last_won'),
    lastContact: textOrNull(row, 'last_contact'),
    isPlanned: numberOf(row, 'planned') > 0,
  }));
}

const workQuery = (range: Range, today: string): string => `
  WITH own AS (
    SELECT id, account_no, group_no FROM member WHERE ${within('group_no', range)}
  ),
  sign AS (
    SELECT
      m.group_no,
      CASE WHEN o.is_closed THEN 0 ELSE 1 END AS open,
      CASE WHEN o.is_won AND o.close_date <= ${today} THEN o.close_date END AS won,
      CAST(NULL AS DATE) AS contact,
      0 AS planned
    FROM opportunity AS o JOIN own AS m ON m.id = o.account_id
    UNION ALL
    SELECT m.group_no, 0, NULL, CAST(v.started_at AS DATE), 0
    FROM visit AS v JOIN own AS m ON m.id = v.account_id
    WHERE CAST(v.started_at AS DATE) <= ${today}
    UNION ALL
    SELECT m.group_no, 0, NULL, p.day, 0
    FROM phone_call AS p JOIN own AS m ON m.id = p.account_id
    WHERE p.day <= ${today}
    UNION ALL
    SELECT m.group_no, 0, NULL, NULL, 1
    FROM account_cell AS c JOIN own AS m ON m.account_no = c.account_no
    WHERE c.target IS NOT NULL OR c.next_step IS NOT NULL
  )
  SELECT
    r.id,
    CAST(COALESCE(SUM(s.open), 0) AS INTEGER) AS open,
    CAST(MAX(s.won) AS VARCHAR) AS last_won,
    CAST(MAX(s.contact) AS VARCHAR) AS last_contact,
    CAST(COALESCE(SUM(s.planned), 0) AS INTEGER) AS planned
  FROM member AS r
  LEFT JOIN sign AS s ON s.group_no = r.group_no
  WHERE r.is_root AND ${within('r.group_no', range)}
  GROUP BY r.group_no, r.id
  ORDER BY r.group_no`;
