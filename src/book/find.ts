/** One account by id or name, with its group and the whole argument. */
import { accountsIn } from './accounts.js';
import type { FoundAccount } from './book.js';
import type { Duck, Row } from './duck.js';
import { groupsIn } from './groups.js';
import type { Reading } from './reading.js';
import { decisionsIn, notAssessed, potentialsIn } from './results.js';
import { numberOf, textOf } from './rows.js';

/** How many candidates a person is shown: matches of one name, and names that come near. */
const SHOWN = { matches: 20, near: 3 };

/** Finds by id (15 or 18 characters), else by exact name in any casing; see `Book.find`. */
export async function find(duck: Duck, idOrName: string, reading: Reading): Promise<FoundAccount> {
  const wanted = idOrName.trim();
  const byId = await duck.rows(
    `SELECT id, name, group_no FROM member
     WHERE id = $wanted OR (LENGTH($wanted) = 15 AND LENGTH(id) = 18 AND LEFT(id, 15) = $wanted)`,
    { wanted },
  );
  const matches = byId.length > 0 ? byId : await namedExactly(duck, wanted);
  const [match, another] = matches;
  if (match === undefined) return { is: 'notFound', near: await namesNear(duck, wanted) };
  if (another !== undefined) {
    return {
      is: 'ambiguous',
      matches: matches.map((row) => ({ accountId: textOf(row, 'id'), name: textOf(row, 'name') })),
    };
  }
  return found(duck, match, reading);
}

const namedExactly = (duck: Duck, wanted: string): Promise<Row[]> =>
  duck.rows(
    `SELECT id, name, group_no FROM member WHERE LOWER(TRIM(name)) = LOWER($wanted) ORDER BY id LIMIT ${SHOWN.matches}`,
    { wanted },
  );

/** Names that contain the words come first, the shortest ahead; then names that are spelled alike. */
async function namesNear(duck: Duck, wanted: string): Promise<string[]> {
  const rows = await duck.rows(
    `SELECT name FROM (
       SELECT DISTINCT name, CONTAINS(LOWER(name), LOWER($wanted)) AS holds,
         JARO_WINKLER_SIMILARITY(LOWER(name), LOWER($wanted)) AS likeness
       FROM member
     ) AS n
     WHERE holds OR likeness >= 0.8
     ORDER BY holds DESC, CASE WHEN holds THEN LENGTH(name) ELSE 0 END, likeness DESC, name
     LIMIT ${SHOWN.near}`,
    { wanted },
  );
  return rows.map((row) => textOf(row, 'name'));
}

async function found(duck: Duck, match: Row, reading: Reading): Promise<FoundAccount> {
  const groupNo = numberOf(match, 'group_no');
  const range = { from: groupNo, to: groupNo };
  const [group] = await groupsIn(duck, range, reading);
  const [bounds] = await duck.rows(
    `SELECT first_account_no AS first, last_account_no AS last FROM group_fact WHERE group_no = ${groupNo}`,
  );
  if (group === undefined || bounds === undefined) throw new TypeError(`The book has lost group ${groupNo}.`);
  const accountRange = { from: numberOf(bounds, 'first'), to: numberOf(bounds, 'last') };
  const potentials = await potentialsIn(duck, accountRange);
  const [decision] = await decisionsIn(duck, range);
  return {
    is: 'found',
    accountId: textOf(match, 'id'),
    group,
    accounts: (await accountsIn(duck, accountRange, reading)).map(({ accountNo, account }) => {
      return { account, potential: potentials.get(accountNo) ?? notAssessed(account.accountId) };
    }),
    decision: decision ?? null,
  };
}
