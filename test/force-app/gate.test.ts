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
