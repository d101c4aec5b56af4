/** The history that the CRM keeps: the latest row of each group, and rows that have had their time. */
import type { StandingRow } from '../kam/history.js';
import type { IsoDate, RecordId } from '../kam/units.js';
import { literal, type Duck } from './duck.js';
import { ownWords, wordOf, type Reading } from './reading.js';
import { collect, numberOrNull, textOf, within, type Range } from './rows.js';

/** Of each group the latest row up to the as-of day, by group number. */
export async function lastRowsIn(duck: Duck, groups: Range, { labels }: Reading): Promise<Map<number, StandingRow[]>> {
  const words = labels ?? ownWords;
  const rows = await duck.rows(`
    SELECT *, CAST(as_of AS VARCHAR) AS as_of_day FROM group_last_row WHERE ${within('group_no', groups)}
    ORDER BY group_no`);
  return collect(rows, 'group_no', (row) => ({
    asOf: textOf(row, 'as_of_day'),
    tier: wordOf(words.tier, row, 'tier'),
    segment: wordOf(words.segment, row, 'segment'),
    gate: wordOf(words.gate, row, 'gate'),
    gateResult: wordOf(words.gateResult, row, 'gate_result'),
    score: numberOrNull(row, 'score'),
  }));
}

/** See `Book.oldRows`. */
export async function* oldRows(
  duck: Duck,
  until: IsoDate,
  batchSize: number,
): AsyncIterable<{ id: RecordId; accountId: RecordId; ref: string }[]> {
  for (let from = 0; ; from += batchSize) {
    const rows = await duck.rows(`
      SELECT id, account_id, ref FROM assessment WHERE as_of <= CAST(${literal(until)} AS DATE)
      ORDER BY as_of, id LIMIT ${batchSize} OFFSET ${from}`);
    if (rows.length > 0) {
      yield rows.map((row) => ({
        id: textOf(row, 'id'),
        accountId: textOf(row, 'account_id'),
        ref: textOf(row, 'ref'),
      }));
    }
    if (rows.length < batchSize) return;
  }
}
