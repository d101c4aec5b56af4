/** Accounts with their potential, beside what the CRM keeps of their families. */
import type { StandingFamily } from '../kam/family.js';
import type { AccountFamilies } from './book.js';
import type { Duck, Row } from './duck.js';
import { fractionOf, ownWords, wordOf, type Reading } from './reading.js';
import { notAssessed, potentialsIn } from './results.js';
import { collect, currencyOf, flagOf, numberOf, numberOrNull, textOf, textOrNull, within, type Range } from './rows.js';

export async function familiesIn(duck: Duck, range: Range, reading: Reading): Promise<AccountFamilies[]> {
  const accounts = await duck.rows(
    `SELECT account_no, id, name, currency, millionths FROM member WHERE ${within('account_no', range)} ORDER BY account_no`,
  );
  const cells = await duck.rows(`
    SELECT *, CAST(as_of AS VARCHAR) AS as_of_day FROM account_cell WHERE ${within('account_no', range)}
    ORDER BY account_no, id`);
  const standing = collect(cells, 'account_no', (row) => standingOf(row, reading));
  const potentials = await potentialsIn(duck, range);
  return accounts.map((row) => {
    const accountNo = numberOf(row, 'account_no');
    const accountId = textOf(row, 'id');
    return {
      accountId,
      name: textOf(row, 'name'),
      currency: currencyOf(row),
      potential: potentials.get(accountNo) ?? notAssessed(accountId),
      standing: standing.get(accountNo) ?? [],
    };
  });
}

const standingOf = (row: Row, { labels }: Reading): StandingFamily => ({
  id: textOf(row, 'id'),
  ref: textOrNull(row, 'ref'),
  means: textOrNull(row, 'means') ?? '',
  hasWord: flagOf(row, 'has_word'),
  currency: currencyOf(row),
  mark: {
    family: textOrNull(row, 'family') ?? '',
    whitespace: numberOrNull(row, 'whitespace'),
    probability: fractionOf(row, 'probability'),
    volume: numberOrNull(row, 'volume'),
    value: numberOrNull(row, 'value'),
    expected: numberOrNull(row, 'expected'),
    low: numberOrNull(row, 'low'),
    high: numberOrNull(row, 'high'),
    pipeline: numberOrNull(row, 'pipeline'),
    own: numberOrNull(row, 'own'),
    source: wordOf((labels ?? ownWords).source, row, 'source'),
    confidence: fractionOf(row, 'confidence'),
    why: textOrNull(row, 'why'),
    asOf: textOrNull(row, 'as_of_day'),
  },
});
