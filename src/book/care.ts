/** What the book knows of a group beside its figures: plans, people at the customer, and joint projects. */
import { addMonths } from '../kam/calendar.js';
import type { Contact } from '../kam/coverage.js';
import type { FamilyAim } from '../kam/penetration.js';
import type { JointProject } from '../kam/projects.js';
import type { Settings } from '../kam/settings.js';
import type { RecordId } from '../kam/units.js';
import type { BookTable, Care } from './book.js';
import { literal, type Duck, type Row } from './duck.js';
import { ownWords, wordOf, type Reading } from './reading.js';
import { flagOf, numberOf, numberOrNull, textOf, textOrNull } from './rows.js';

/** Reads one group by its root; `unread` are the tables that the org did not let the run read. */
export async function careOf(
  duck: Duck,
  groupId: RecordId,
  reading: Reading,
  unread: readonly BookTable[],
  rules: Settings['project'],
): Promise<Care> {
  const members = `SELECT account_no, id FROM member WHERE root_id = ${literal(groupId)}`;
  const words = reading.labels ?? ownWords;
  const contacts = (): Promise<Row[]> => duck.rows(contactsQuery(members));
  return {
    aims: (await duck.rows(aimsQuery(members))).map(aimOf),
    outOfScope: (await duck.rows(outOfScopeQuery)).map((row) => textOf(row, 'family')),
    people: unread.includes('contact')
      ? null
      : {
          contacts: (await contacts()).map((row): Contact => ({
            id: textOf(row, 'id'),
            function: wordOf(words.function, row, 'function'),
            level: wordOf(words.level, row, 'level'),
            role: wordOf(words.role, row, 'role'),
            lastOn: textOrNull(row, 'last_day'),
          })),
          team: unread.includes('teammate') ? null : await teamOf(duck, members),
        },
    projects: (await duck.rows(projectsQuery(members))).map((row): JointProject => {
      const saving = numberOrNull(row, 'saving');
      return {
        id: textOf(row, 'id'),
        name: textOf(row, 'name'),
        area: wordOf(words.area, row, 'area'),
        saving: saving === null || saving < 0 ? null : saving,
        state: flagOf(row, 'is_won') ? 'won' : 'open',
        closeOn: textOf(row, 'close_day'),
      };
    }),
    deals: await dealsOf(duck, members, reading, rules),
  };
}

/** Of several records of one family the one with the latest year. */
const aimsQuery = (members: string): string => `
  SELECT a.account_id, a.family, a.target, a.target_year, a.next_step, CAST(COALESCE(SUM(s.cents), 0) AS BIGINT) AS actual
  FROM (
    SELECT
      m.account_no,
      m.id AS account_id,
      c.means AS family,
      c.target,
      CAST(c.target_year AS INTEGER) AS target_year,
      c.next_step,
      ROW_NUMBER() OVER (PARTITION BY c.account_no, c.means ORDER BY c.target_year DESC NULLS LAST, c.id) AS place
    FROM account_cell AS c
    JOIN (${members}) AS m ON m.account_no = c.account_no
    WHERE c.takes_part AND c.means IS NOT NULL
      AND (c.target IS NOT NULL OR c.target_year IS NOT NULL OR c.next_step IS NOT NULL)
  ) AS a
  LEFT JOIN sale_family AS f ON f.family = a.family
  LEFT JOIN sale AS s
    ON s.account_no = a.account_no AND s.family_no = f.family_no AND EXTRACT(YEAR FROM s.day) = a.target_year
  WHERE a.place = 1
  GROUP BY a.account_no, a.account_id, a.family, a.target, a.target_year, a.next_step
  ORDER BY a.account_no, a.family`;

const outOfScopeQuery = 'SELECT family FROM family WHERE NOT takes_part ORDER BY family';

function aimOf(row: Row): FamilyAim {
  const target = numberOrNull(row, 'target');
  return {
    accountId: textOf(row, 'account_id'),
    family: textOf(row, 'family'),
    target: target === null || target < 0 ? null : target,
    year: numberOrNull(row, 'target_year'),
    actual: numberOf(row, 'actual'),
    nextStep: textOrNull(row, 'next_step'),
  };
}

/** Contacts of the group's accounts, but for those that have left them; and those related to one of them. */
const contactsQuery = (members: string): string => `
  SELECT DISTINCT c.id, c.function, c.level, c.role, CAST(c.last_on AS VARCHAR) AS last_day
  FROM contact AS c
  WHERE (
    c.account_id IN (SELECT id FROM (${members}) AS m)
    AND NOT EXISTS (
      SELECT 1 FROM relation AS r WHERE r.contact_id = c.id AND r.account_id = c.account_id AND NOT r.is_active
    )
  ) OR EXISTS (
    SELECT 1 FROM relation AS r
    WHERE r.contact_id = c.id AND r.is_active AND r.account_id IN (SELECT id FROM (${members}) AS m)
  )
  ORDER BY c.id`;

/** A number of people, never who they are. */
async function teamOf(duck: Duck, members: string): Promise<number> {
  const [row] = await duck.rows(
    `SELECT COUNT(DISTINCT user_id) AS people FROM teammate WHERE account_id IN (SELECT id FROM (${members}) AS m)`,
  );
  return row === undefined ? 0 : numberOf(row, 'people');
}

const projectsQuery = (members: string): string => `
  SELECT id, name, area, saving, is_won, CAST(close_date AS VARCHAR) AS close_day
  FROM project
  WHERE account_id IN (SELECT id FROM (${members}) AS m)
  ORDER BY id`;

async function dealsOf(
  duck: Duck,
  members: string,
  { asOf }: Reading,
  { months }: Settings['project'],
): Promise<Care['deals']> {
  const [row] = await duck.rows(`
    SELECT COUNT(*) AS won, COUNT(p.id) AS joint
    FROM opportunity AS o
    LEFT JOIN project AS p ON p.id = o.id
    WHERE o.is_won AND o.account_id IN (SELECT id FROM (${members}) AS m)
      AND o.close_date > CAST(${literal(addMonths(asOf, -months))} AS DATE)
      AND o.close_date <= CAST(${literal(asOf)} AS DATE)`);
  return row === undefined ? { won: 0, joint: 0 } : { won: numberOf(row, 'won'), joint: numberOf(row, 'joint') };
}
