/** Works-council safe: nothing in the package, the code or the words is a figure per employee. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { allPulls } from './support/dataProtectionPage.js';
import { codeFindings, metadataFindings, personPath, textFindings } from './support/perPerson.js';

const root = new URL('..', import.meta.url).pathname;
const filesIn = (folder: string, ending: RegExp): string[] =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => ending.test(file))
    .map((file) => join(folder, file));
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

test('no field, report, list view or page of the package holds a figure per employee', () => {
  const files = filesIn('force-app', /\.xml$/);
  expect(files.length).toBeGreaterThan(150);
  expect(files.flatMap((file) => metadataFindings(file, read(file)))).toEqual([]);
});

test('nothing in the code sums, counts or ranks under people, and no report knows who they are', () => {
  const files = filesIn('src', /\.(ts|sql)$/);
  expect(files.length).toBeGreaterThan(150);
  expect(files.flatMap((file) => codeFindings(file, read(file)))).toEqual([]);
});

test('of people only those who answer for a customer are read: not who sold, visited, called or helped', () => {
  const read = allPulls().flatMap(({ table, sources }) =>
    sources.filter(({ path }) => personPath.test(path)).map(({ path }) => `${table} ${path}`),
  );
  expect(read).toEqual([
    'account OwnerId',
    'account KAM_Manager__c',
    'commitment Our_Owner__c',
    'commitment Our_Owner__r.IsActive',
    'task OwnerId',
    'teammate UserId',
  ]);
  expect(allPulls().map(({ table }) => table)).toEqual(
    expect.arrayContaining(['opportunity', 'visit', 'phone_call', 'service_case']),
  );
});

test('no message and no sentence for the CRM speaks of a figure per employee', () => {
  const files = [...filesIn('messages', /\.md$/), ...filesIn('src', /(wording|Words|terminal)\.ts$/)];
  expect(files.flatMap((file) => textFindings(file, read(file), []))).toEqual([]);
});

describe('what would be one is found:', () => {
  const field = (body: string): string => `<CustomField><fullName>X__c</fullName>${body}</CustomField>`;
  const at = (object: string, name = 'X__c'): string =>
    `force-app/main/default/objects/${object}/fields/${name}.field-meta.xml`;

  test.each([
    [
      'a roll-up on the user',
      'is a field on User',
      at('User'),
      field('<label>KAM Accounts</label><type>Summary</type>'),
    ],
    [
      'a figure named after people',
      'is a figure named after people',
      at('Account'),
      field('<label>Revenue of the Manager</label><type>Currency</type>'),
    ],
    [
      'a figure described as one',
      'says “per owner”',
      at('Account'),
      field('<description>Tasks done per owner.</description><type>Number</type>'),
    ],
    [
      'the same in German',
      'says “je Mitarbeiter”',
      at('Account'),
      field('<label>Umsatz je Mitarbeiter</label><type>Currency</type>'),
    ],
    [
      'a record for each person',
      'leads to a person',
      at('KAM_Score__c'),
      field('<type>Lookup</type><referenceTo>User</referenceTo>'),
    ],
    [
      'a formula with the owner',
      'computes with a person in formula',
      at('Account'),
      field('<type>Number</type><formula>Owner.Quota__c / 2</formula>'),
    ],
    [
      'a cap that is no limit',
      'says “per Owner”',
      at('KAM_Settings__mdt', 'Cap'),
      field('<label>Cap per Owner</label><type>Number</type>'),
    ],
    [
      'a report grouped by owner',
      'puts figures under people by field USERS.NAME',
      'force-app/main/default/reports/KAM/R.report-meta.xml',
      '<Report><groupingsDown><field>USERS.NAME</field></groupingsDown></Report>',
    ],
    [
      'a report of accounts grouped by their owner',
      'puts figures under people by field ACCOUNT.OWNER',
      'force-app/main/default/reports/KAM/R.report-meta.xml',
      '<Report><groupingsAcross><field>ACCOUNT.OWNER</field></groupingsAcross></Report>',
    ],
    [
      'a report sorted by key account manager',
      'puts figures under people by sortColumn',
      'force-app/main/default/reports/KAM/R.report-meta.xml',
      '<Report><sortColumn>Account.KAM_Manager__c</sortColumn></Report>',
    ],
    [
      'a dashboard grouped by owner',
      'puts figures under people by groupingColumn',
      'force-app/main/default/dashboards/KAM/D.dashboard-meta.xml',
      '<Dashboard><components><groupingColumn>OWNER_NAME</groupingColumn></components></Dashboard>',
    ],
    [
      'a page with a leaderboard',
      'shows the component home:leaderboard',
      'force-app/main/default/flexipages/P.flexipage-meta.xml',
      '<FlexiPage><componentInstance><componentName>home:leaderboard</componentName></componentInstance></FlexiPage>',
    ],
    [
      'a list view that promises one',
      'says “per manager”',
      'force-app/main/default/objects/Account/listViews/L.listView-meta.xml',
      '<ListView><label>Candidates per manager</label></ListView>',
    ],
  ])('%s', (_, finding, path, xml) => {
    expect(metadataFindings(path, xml)).toContainEqual(expect.stringContaining(`${path}: ${finding}`));
  });

  test('but a report that only shows who owns an account is none, nor is one grouped by segment', () => {
    const path = 'force-app/main/default/reports/KAM/R.report-meta.xml';
    const xml =
      '<Report><columns><field>ACCOUNT.OWNER</field></columns><groupingsDown><field>Account.KAM_Segment__c</field></groupingsDown></Report>';
    expect(metadataFindings(path, xml)).toEqual([]);
  });

  test.each([
    ['src/book/x.sql', 'SELECT owner_id, COUNT(*) FROM task GROUP BY owner_id'],
    ['src/book/x.ts', '`SELECT manager_id FROM member ORDER BY manager_id DESC`'],
    ['src/org/x.ts', '`SELECT OwnerId, COUNT(Id) FROM Account GROUP BY OwnerId`'],
    ['src/sync/x.ts', "const counts = countBy(tasks, 'ownerId');"],
    ['src/kam/x.ts', 'const perHead = groupBy(tasks, ({ ownerId }) => ownerId);'],
    ['src/report/x.ts', 'lines.push(task.ownerId);'],
  ])('in %s: %s', (path, code) => {
    expect(codeFindings(path, code)).toHaveLength(1);
  });

  test('but a comment that speaks of owners is none', () => {
    expect(codeFindings('src/kam/x.ts', '// groupBy(tasks, ownerId) would be a figure per employee')).toEqual([]);
  });

  test('a text that names somebody, or promises a figure about people', () => {
    expect(textFindings('task', 'Ask Petra Muster.', ['Petra Muster'])).toEqual(['task: names Petra Muster']);
    expect(textFindings('task', '5 open tasks per employee.', [])).toEqual(['task: says “per employee”']);
    expect(textFindings('task', 'Drei Aufgaben je Verkäufer.', [])).toHaveLength(1);
  });
});
