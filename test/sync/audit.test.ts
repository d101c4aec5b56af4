/** Today's labels against the funnel, asked of an org in fields that only its admin knows. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterAll, expect, test } from 'vitest';
import { auditLines } from '../../src/report/audit.js';
import { auditTable } from '../../src/report/auditTable.js';
import { withSmallOrg, type SmallOrg } from '../support/smallOrg.js';
import { machineBuilders, margins, roundAnchors } from './machineBuilders.js';

const scratch = mkdtempSync(join(tmpdir(), 'kam-audit-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const field = (name: string, body: string): [string, string] => [
  `default/objects/Account/fields/${name}.field-meta.xml`,
  `<?xml version="1.0" encoding="UTF-8"?>
<CustomField xmlns="http://soap.sforce.com/2006/04/metadata"><fullName>${name}</fullName><label>${name}</label>${body}</CustomField>`,
];
const values = (...names: string[]): string =>
  `<valueSet><restricted>true</restricted><valueSetDefinition><sorted>false</sorted>${names.map((name) => `<value><fullName>${name}</fullName><default>false</default><label>${name}</label></value>`).join('')}</valueSetDefinition></valueSet>`;

/** An admin's own ways to mark key accounts. */
const files = Object.fromEntries([
  field('Class__c', `<type>Picklist</type>${values('A Key Account', 'B', 'C')}`),
  field(
    'Programmes__c',
    `<type>MultiselectPicklist</type><visibleLines>4</visibleLines>${values('Key', 'Green', 'New')}`,
  ),
  field('Is_Key__c', '<type>Checkbox</type><defaultValue>false</defaultValue>'),
  field('Care__c', '<type>Text</type><length>40</length>'),
  field('Story__c', '<type>LongTextArea</type><length>1000</length><visibleLines>3</visibleLines>'),
]);

/** Visits are read, calls are not. */
const settings = {
  ...roundAnchors,
  'KAM_Settings.Default': { ...roundAnchors['KAM_Settings.Default'], Service_Visit_Cost__c: '100' },
};
const admin = { settings, families: margins, files };
const machines = <T>(work: (org: SmallOrg) => Promise<T>): Promise<T> => withSmallOrg(machineBuilders, admin, work);

/** Alpha has 36,000 to win, and only its site is labelled; Beta has 10,000 to win, Gamma nothing. */
test('labels are held against the first dry run, in every kind of field, and nothing is written', () =>
  machines(async (org) => {
    await org.enter('Alpha France', { Class__c: 'A Key Account', Programmes__c: 'Green;Key', Is_Key__c: true });
    await org.enter('Beta', { Class__c: 'A Key Account', Programmes__c: 'Key', Is_Key__c: true, Care__c: 'KAM' });
    await org.enter('Gamma', { Class__c: 'A Key Account', Programmes__c: 'New;Key', Is_Key__c: true });
    await org.enter('Delta', { Class__c: 'B', Programmes__c: 'Green', Care__c: 'inside sales' });
    await org.sync({ dryRun: true });
    const stands = await org.client.query('SELECT Id, SystemModstamp FROM Account ORDER BY Id');
    const output = join(scratch, 'audit.csv');
    const found = await org.audit({ field: 'class__c', values: ['A KEY ACCOUNT', 'C'] }, { output });
    expect(found).toMatchObject({
      label: { field: 'Class__c', values: ['A KEY ACCOUNT', 'C'] },
      groups: 10,
      labelled: { accounts: 3, notInBook: 0, groups: 3, key: 0 },
      totals: {
        falseKey: { groups: 2, revenue: 200_000_00, potential: 10_000_00 },
        hidden: { groups: 0 },
        withoutAgreement: { groups: 1, revenue: 100_000_00, potential: 36_000_00 },
        labelledApart: { groups: 1 },
      },
      work: { since: '2026-05-24', readsVisits: true, readsCalls: false, onlyBuying: 0 },
    });
    expect(found.findings.map(({ is, name }) => [is, name])).toEqual([
      ['falseKey', 'Beta'],
      ['falseKey', 'Gamma'],
      ['withoutAgreement', 'Alpha'],
      ['labelledApart', 'Alpha'],
    ]);
    const printed = auditLines(found, { width: 100, styled: false });
    expect(printed.join('\n')).toContain('3 accounts in 3 of 10 groups carry it; none of these groups has an accepted');
    expect(printed.join('\n').replaceAll(/\s+/g, ' ')).toContain('1 of 2 accounts are labelled, not the top');
    expect(printed.join('\n')).toContain(
      'an opportunity won or a visit. The book does not hold calls or lost opportunities.',
    );
    const tables = printed.filter((text) => text.startsWith('  ')).flatMap((text) => text.split('\n'));
    expect(tables.filter((line) => line.length > 100)).toEqual([]);
    expect(parse(readFileSync(output, 'utf8'), { columns: true })).toMatchObject([
      { finding: 'False key accounts', group: 'Beta', revenue: '100000.00', additional_potential: '10000.00' },
      { finding: 'False key accounts', group: 'Gamma', additional_potential: '0.00', currency: 'EUR' },
      { finding: 'Without an agreement', group: 'Alpha' },
      { group: 'Alpha', labelled: 'Alpha France (A Key Account)', not_labelled: 'Alpha' },
    ]);
    for (const label of [
      { field: 'Programmes__c', values: ['Key'] },
      { field: 'Is_Key__c', values: [] },
      { field: 'Is_Key__c', values: ['true'] },
    ]) {
      const { findings, labelled } = await org.audit(label);
      expect([labelled.accounts, findings.map(({ name }) => name)]).toEqual([3, ['Beta', 'Gamma', 'Alpha', 'Alpha']]);
    }
    expect((await org.audit({ field: 'Care__c', values: ['kam'] })).labelled.accounts).toBe(1);
    expect(await org.client.query('SELECT Id, SystemModstamp FROM Account ORDER BY Id')).toEqual(stands);
  }));

test('a customer whom nobody works is hidden until something is under way; a page shows it, and no file runs what names say', () =>
  machines(async (org) => {
    await org.enter('Alpha', { Name: '<b>Alpha</b> & "Sons"' });
    await org.enter('Beta', { Is_Key__c: true, Name: '=HYPERLINK("http://evil")' });
    await org.sync({ dryRun: true });
    const hidden = async (quietMonths: number): Promise<[string, string | null][]> => {
      const { findings } = await org.audit({ field: 'Is_Key__c', values: [] }, { quietMonths });
      return findings.flatMap((found) => (found.is === 'hidden' ? [[found.name, found.lastWon]] : []));
    };
    // Everybody bought last on 15 June; five months before the run is 24 June.
    expect(await hidden(6)).toEqual([]);
    expect(await hidden(5)).toEqual([['<b>Alpha</b> & "Sons"', '2026-06-15']]);
    const output = join(scratch, 'audit.html');
    const found = await org.audit({ field: 'Is_Key__c', values: [] }, { quietMonths: 0, output });
    expect(auditLines(found, { width: 100, styled: false }).at(-1)).toBe(`Written: ${output}`);
    const page = readFileSync(output, 'utf8');
    expect(page).toContain('&lt;b&gt;Alpha&lt;/b&gt; &amp; &quot;Sons&quot;');
    expect(page).not.toContain('<b>Alpha');
    expect(page).toContain('Nothing under way; last won on 2026-06-15.');
    // One dot for each group: eight without the label, Beta ruled out, Alpha hidden, and four marks in the legend.
    const marks = (colour: string): number => page.match(new RegExp(`<path[^>]*fill="${colour}"`, 'g'))?.length ?? 0;
    expect(['#999999', '#0072b2', '#d55e00', '#009e73'].map(marks)).toEqual([9, 1, 2, 2]);
    expect(page).not.toMatch(/<script|(?:src|href)="(?!#)/);
    // A spreadsheet shows as text what it would run as a formula; a figure of ours stays a figure.
    expect(auditTable(found)).toContain('"\'=HYPERLINK(""http://evil"")"');
    const [beta] = found.findings;
    if (beta === undefined) throw new Error('Beta is a false key account.');
    const names = ['+1', '-1', '@SUM(1)', '\t=1', ' =1', '＝1', 'A=1', 'Beta'];
    const table = auditTable({ ...found, findings: names.map((name) => ({ ...beta, name, revenue: -100 })) });
    const rows: { group: string; revenue: string }[] = parse(table, { columns: true });
    expect(rows.map(({ group }) => group)).toEqual(["'+1", "'-1", "'@SUM(1)", "'\t=1", "' =1", "'＝1", 'A=1', 'Beta']);
    expect(rows[0]?.revenue).toBe('-1.00');

    await org.enterOnFamily('<b>Alpha</b> & "Sons"', 'Valves', { Next_Step__c: 'Show the new valves.' });
    await org.sync({ dryRun: true });
    expect(await hidden(5)).toEqual([]);
  }));

test('a field or a value that is none is refused with what comes near, and so is a file of another kind', () =>
  machines(async (org) => {
    await org.sync({ dryRun: true });
    const refused = async (name: string, given: string[], output?: string): Promise<string> =>
      org.audit({ field: name, values: given }, output === undefined ? {} : { output }).then(
        () => 'not refused',
        (error: unknown) => String(error),
      );
    expect(await refused('Clas__c', ['A Key Account'])).toMatch(/LabelFieldUnknownError.*Near it: Class__c/);
    expect(await refused('Story__c', ['x'])).toMatch(/LabelFieldUnusableError.*Story__c is of type textarea/);
    expect(await refused('AnnualRevenue', ['1'])).toMatch(/LabelFieldUnusableError/);
    expect(await refused('Class__c', [])).toMatch(/LabelValueMissingError.*Class__c has: A Key Account, B, C/);
    expect(await refused('Class__c', ['A Key Acount'])).toMatch(/LabelValueUnknownError.*Near it: A Key Account/);
    expect(await refused('Care__c', ["Key' OR Name != '"])).toMatch(/LabelValueUnknownError/);
    expect(await refused('Is_Key__c', ['yes'])).toMatch(/LabelValueUnknownError.*checkbox/);
    expect(await refused('Class__c', ['B'], join(scratch, 'audit.txt'))).toMatch(/OutputUnknownError.*\.csv or \.html/);
    expect(await refused('Class__c', ['B'], join(scratch, 'none', 'a.csv'))).toMatch(/FileNotWrittenError/);
    // A value that the picklist offers and nobody carries is no typing error.
    const nobody = await org.audit({ field: 'Class__c', values: ['B'] });
    expect(auditLines(nobody, { width: 100, styled: false })[0]).toBe(
      'Label: Class__c is B. No account carries it, so there is nothing to hold against the funnel.',
    );
    // One that came into being after the run.
    await org.client.send('POST', 'sobjects/Account', { Name: 'Newcomer', Class__c: 'C' });
    expect((await org.audit({ field: 'Class__c', values: ['C'] })).labelled).toMatchObject({
      accounts: 1,
      notInBook: 1,
    });
  }));
