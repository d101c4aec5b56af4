import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { faultsIn } from './gate.js';

const forceApp = new URL('../../force-app', import.meta.url).pathname;

test('the package is fit to deploy', () => {
  expect(faultsIn(forceApp)).toEqual([]);
});

const field = (name: string): string => `main/default/objects/${name.replace('.', '/fields/')}.field-meta.xml`;
const run = 'main/default/objects/KAM_Run__c/KAM_Run__c.object-meta.xml';
const growth = 'seed/default/customMetadata/KAM_Criterion.Growth.md-meta.xml';
const layout = 'main/default/layouts/KAM_Family__mdt-KAM Family Layout.layout-meta.xml';
const potential = 'main/default/objects/KAM_Potential__c/KAM_Potential__c.object-meta.xml';
const list = 'main/default/objects/KAM_Potential__c/listViews/KAM_To_Win.listView-meta.xml';
const user = 'main/default/permissionsets/KAM_User.permissionset-meta.xml';
const set = 'main/default/permissionsets/KAM_Integration.permissionset-meta.xml';

/** A file, what is replaced in it, by what, and words of the fault that must be reported. */
const injected: [string, string, string | RegExp, string, RegExp][] = [
  ['an element that is not closed', field('Account.KAM_Score__c'), '</label>', '', /well-formed XML/],
  ['a missing namespace', field('Account.KAM_Score__c'), / xmlns="[^"]*"/, '', /xmlns/],
  ['a document type', field('Account.KAM_Score__c'), '<CustomField', '<!DOCTYPE x>\n<CustomField', /document type/],
  ['a comment before the root', field('Account.KAM_Score__c'), '<CustomField', '<!-- x -->\n<CustomField', /does not follow/],
  ['Windows line ends', field('Account.KAM_Score__c'), '</fullName>\n', '</fullName>\r\n', /line feed/],
  ['an unknown element', field('Account.KAM_Score__c'), /label>/g, 'lable>', /lable: no such element/],
  ['an unknown type', field('Account.KAM_Score__c'), '>Number<', '>Numeric<', /Numeric/],
  ['a boolean in words', field('Account.KAM_Score__c'), '<required>false', '<required>no', /true or false/],
  ['a scale beyond the precision', field('Account.KAM_Score__c'), '<scale>2', '<scale>6', /from 0 to 5/],
  ['a number without precision', field('Account.KAM_Score__c'), /<precision>5<\/precision>/, '', /needs precision/],
  ['another name in the file', field('Account.KAM_Score__c'), 'KAM_Score__c<', 'KAM_Skore__c<', /name of the file/],
  ['a label without KAM', field('Account.KAM_Score__c'), '<label>KAM Score', '<label>Score', /does not start with KAM/],
  ['a label over 40', field('KAM_Run__c.As_Of__c'), '<label>As of', `<label>${'As of'.repeat(9)}`, /longer than 40/],
  ['no help text', field('Account.KAM_Tier__c'), /<inlineHelpText>.*<\/inlineHelpText>\n/, '', /inlineHelpText has 0/],
  ['a length on a text area', field('Account.KAM_Next_Step__c'), '<required>', '<length>255</length>\n<required>', /no length/],
  ['elements out of order', field('Account.KAM_Tier__c'), /(<label>KAM Tier<.*\n)([\s\S]*)(<\/CustomField>)/, '$2$1$3', /order/],
  ['a value that stands twice', field('Account.KAM_Gate__c'), /Strategy/g, 'Segment', /each value once/],
  ['a reference to nothing', field('Account.KAM_Group__c'), '<referenceTo>Account', '<referenceTo>KAM_Club__c', /KAM_Club__c/],
  ['a child list named twice', field('Account.KAM_Group_Override__c'), 'KAM_Group_Override_M', 'KAM_Group_M', /two relations/],
  ['an external id that is not unique', field('KAM_Run__c.Ref__c'), '<unique>true', '<unique>false', /View All Data/],
  ['an object without a name field', run, /<nameField>[\s\S]*<\/nameField>/, '', /nameField/],
  ['a sharing model that is none', run, '<sharingModel>Private', '<sharingModel>Privat', /sharingModel/],
  ['a metadata field with money', field('KAM_Criterion__mdt.Weight__c'), '>Number<', '>Currency<', /no Currency/],
  ['a value for a missing field', growth, '>Weight__c<', '>Weigth__c<', /Weigth__c/],
  ['a value of another xsi:type', growth, 'xsd:boolean', 'xsd:string', /xsi:type/],
  ['a value outside the picklist', growth, '>Score<', '>Skore<', /Skore/],
  ['a value with too many digits', growth, '>1.5<', '>1.555<', /1.555/],
  ['a record without xsd', growth, / xmlns:xsd="[^"]*"/, '', /xmlns:xsd/],
  ['a field on no layout', layout, '>Margin__c<', '>Alias_Of__c<', /Margin__c is not on it/],
  ['a missing field on a layout', layout, '>Margin__c<', '>Marge__c<', /no field Marge__c/],
  ['a permission for a missing field', set, 'Account.KAM_Tier__c', 'Account.KAM_Teir__c', /no field Account.KAM_Teir__c/],
  ['a permission for a required field', set, 'Product2.Family', 'Product2.Name', /is required/],
  ['edit of what is computed', set, /false(<\/editable>\s*<field>OpportunityLineItem\.)TotalPrice/, 'true$1ListPrice', /cannot be edited/],
  ['object permissions of a line item', set, '<object>Product2', '<object>OpportunityLineItem', /OpportunityLineItem/],
  ['a detail that is shared by itself', potential, '<sharingModel>ControlledByParent', '<sharingModel>Private', /sharing model of details/],
  ['a detail that blocks a merge', field('KAM_Potential__c.Account__c'), /<reparentableMasterDetail>.*\n/, '', /needs reparentable/],
  ['a list that shows a missing field', list, '<columns>Family__c', '<columns>Famili__c', /no field Famili__c/],
  ['a tab of nothing', user, '<tab>KAM_Potential__c', '<tab>KAM_Potentials__c', /no tab KAM_Potentials__c/],
  ['edit without read', set, /(<allowEdit>true<\/allowEdit>\s*<allowRead>)true/, '$1false', /without read/],
  ['access to a missing type', set, 'KAM_Family__mdt', 'KAM_Famili__mdt', /no type KAM_Famili__mdt/],
  ['a user permission with a typo', set, 'EditTask', 'EditTasks', /EditTasks/],
  ['the same permission twice', set, 'Account.KAM_Gate__c', 'Account.KAM_Tier__c', /each once/],
]; // prettier-ignore

/** A sound file, where a copy of it does not belong, and words of the fault that must be reported. */
const misplaced: [string, string, string, RegExp][] = [
  ['a record of a missing type', growth, growth.replace('Criterion.', 'Kriterion.'), /KAM_Kriterion__mdt/],
  ['the same field in two directories', field('Account.KAM_Tier__c'), field('Account.KAM_Tier__c').replace('main', 'seed'), /stands in .* too/],
  ['a field beside the fields folder', field('Account.KAM_Tier__c'), field('Account.KAM_Tier__c').replace('fields/', 'field/'), /no such component/],
  ['a layout of the customer’s object', layout, 'main/default/layouts/Account-Account Layout.layout-meta.xml', /no such component/],
  ['a profile', set, 'main/default/profiles/Admin.profile-meta.xml', /no such component/],
  ['the Account object itself', run, 'main/default/objects/Account/Account.object-meta.xml', /no such component/],
  ['a record in main', growth, growth.replace('seed', 'main'), /no such component/],
  ['a file without -meta.xml', set, set.replace('-meta.xml', ''), /no such component/],
]; // prettier-ignore

const app = 'main/default/applications/KAM.app-meta.xml';
const page = 'main/default/flexipages/KAM_Account_Record_Page.flexipage-meta.xml';
const candidates = 'main/default/objects/Account/listViews/KAM_Candidates.listView-meta.xml';
const undecided = 'main/default/objects/Account/listViews/KAM_Undecided.listView-meta.xml';
const due = 'main/default/objects/KAM_Agreement__c/listViews/KAM_Reask_Due.listView-meta.xml';

/** Faults that do not hide one another, injected at once. */
const together: [string, [string, string | RegExp, string, RegExp][]][] = [
  ['an app', [
    [app, '>standard-Task<', '>standard-Taks<', /no tab standard-Taks/],
    [app, '>KAM_Potential__c<', '>KAM_Agreement__c<', /KAM_Agreement__c stands twice.*[\s\S]*KAM_Potential__c is not in the app/],
    [app, '>Lightning<', '>Aloha<', /is no Lightning app/],
    [app, '>Large</formFactors', '>Small</formFactors', /has no desktop/],
    [app, '>Account</pageOr', '>Opportunity</pageOr', /KAM_Account_Record_Page is no page of Opportunity/],
    [user, '<application>KAM<', '<application>KAN<', /no permission set lets anybody see it[\s\S]*no app KAN/],
  ]],
  ['a page that no app shows', [
    [app, '>KAM_Account_Record_Page<', '>KAM_Account_Page<', /no page KAM_Account_Page/],
    [page, '>RecordPage<', '>AppPage<', /is no record page[\s\S]*no app shows it/],
  ]],
  ['a record page', [
    [page, '>Record.KAM_Tier__c<', '>Record.KAM_Teir__c<', /no field KAM_Teir__c/],
    [page, '>Record.KAM_Segment__c<', '>Record.KAM_Gate__c<', /KAM_Gate__c is on it twice[\s\S]*KAM_Segment__c is not on it/],
    [page, '>Record.KAM_Below_Since__c<', '>Record.KAM_Task_Refs__c<', /KAM_Task_Refs__c says nothing to people/],
    [page, />readonly(<\/value>\s*<\/fieldInstanceProperties>\s*<fieldItem>Record.KAM_Score__c)/, '>none$1', /KAM_Score__c is none, not readonly/],
    [page, '<identifier>RecordKAMGroupField<', '<identifier>RecordKAMScoreField<', /RecordKAMScoreField stands twice/],
    [page, '<value>kamMoneyLeft<', '<value>kamMoneyLost<', /no facet kamMoneyLost[\s\S]*facet kamMoneyLeft is not used once/],
    [page, '<name>sidebar<', '<name>side<', /no region side[\s\S]*region sidebar is missing/],
    [page, '>force:detailPanel<', '>force:detailPannel<', /force:detailPannel is not in use here/],
    [page, '<name>title</name>', '<name>label</name>', /title is missing[\s\S]*flexipage:tab has no label/],
    [page, '>KAM_Agreements__r<', '>KAM_Agreement__r<', /no list KAM_Agreement__r of Account/],
    [page, '<value>Served_By__c<', '<value>Serves__c<', /KAM_Potentials__r: no field Serves__c/],
  ]],
  ['list views', [
    [candidates, '>Candidate<', '>Kandidat<', /expected some of Key Account, Candidate/],
    [candidates, '<columns>ACCOUNT.NAME<', '<columns>ACCOUNT_NAME<', /no field ACCOUNT_NAME/],
    [candidates, 'KAM Candidates', 'Candidates', /does not start with KAM/],
    [undecided, '<columns>KAM_Score__c<', '<columns>KAM_Revenue__c<', /KAM_Revenue__c stands twice/],
    [undecided, '<operation>equals<', '<operation>lessThan<', /expected equals or notEqual/],
    [due, '>TODAY<', '>today<', /expected a day that moves/],
    [due, '<columns>NAME', '<booleanFilter>1 AND 3</booleanFilter>\n<columns>NAME', /does not join all 2 filters/],
  ]],
]; // prettier-ignore

describe('the gate reports', () => {
  let copy = '';
  beforeAll(() => {
    copy = mkdtempSync(join(tmpdir(), 'kam-gate-'));
    cpSync(forceApp, copy, { recursive: true });
  });
  afterAll(() => rmSync(copy, { recursive: true }));

  test.each(injected)('%s', (_, path, what, by, expected) => {
    const file = join(copy, path);
    const sound = readFileSync(file, 'utf8');
    const faulty = sound.replace(what, by);
    expect(faulty).not.toBe(sound);
    writeFileSync(file, faulty);
    expect(faultsIn(copy).join('\n')).toMatch(expected);
    writeFileSync(file, sound);
  });

  test.each(together)('all that is wrong with %s', (_, faults) => {
    const sound = new Map(faults.map(([path]) => [path, readFileSync(join(copy, path), 'utf8')]));
    for (const [path, what, by] of faults) {
      const file = join(copy, path);
      const before = readFileSync(file, 'utf8');
      const after = before.replace(what, by);
      expect(after).not.toBe(before);
      writeFileSync(file, after);
    }
    const found = faultsIn(copy).join('\n');
    for (const [, , , expected] of faults) expect(found).toMatch(expected);
    for (const [path, text] of sound) writeFileSync(join(copy, path), text);
  });

  test.each(misplaced)('%s', (_, from, to, expected) => {
    const file = join(copy, to);
    mkdirSync(dirname(file), { recursive: true });
    cpSync(join(copy, from), file);
    expect(faultsIn(copy).join('\n')).toMatch(expected);
    rmSync(file);
  });

  test('nothing once all of it is undone', () => {
    expect(faultsIn(copy)).toEqual([]);
  });
});
