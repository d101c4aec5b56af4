/** The app, its page and its lists as an org takes them: deployed over HTTP, named wrongly, and retrieved again. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withLocalOrg } from '../support/localOrg.js';
import { deploy, failures, file, manifest, retrieve } from '../support/metadata.js';

const main = new URL('../../force-app/main/default', import.meta.url).pathname;
const source = (...path: string[]): string => readFileSync(join(main, ...path), 'utf8');
const inner = (xml: string): string => xml.replace(/^[\s\S]*?<\w+ xmlns="[^"]*">/, '').replace(/<\/\w+>\s*$/, '');
const listView = (object: string, name: string): string =>
  `<listViews>${inner(source('objects', object, 'listViews', `${name}.listView-meta.xml`))}</listViews>`;

const page = source('flexipages', 'KAM_Account_Record_Page.flexipage-meta.xml');
const types = {
  CustomApplication: 'KAM',
  FlexiPage: 'KAM_Account_Record_Page',
  ListView: 'Account.KAM_Candidates Account.KAM_Undecided Account.KAM_Key_Accounts KAM_Agreement__c.KAM_Reask_Due',
  PermissionSet: 'KAM_User',
};
const parts = {
  'package.xml': manifest(types),
  'applications/KAM.app': source('applications', 'KAM.app-meta.xml'),
  'flexipages/KAM_Account_Record_Page.flexipage': page,
  'objects/Account.object': file(
    'CustomObject',
    ['KAM_Candidates', 'KAM_Key_Accounts', 'KAM_Undecided'].map((name) => listView('Account', name)).join(''),
  ),
  'objects/KAM_Agreement__c.object': file('CustomObject', listView('KAM_Agreement__c', 'KAM_Reask_Due')),
  'permissionsets/KAM_User.permissionset': source('permissionsets', 'KAM_User.permissionset-meta.xml'),
};

test('an org with the fields takes them and gives them back; one wrong name, and it takes nothing', () =>
  withLocalOrg({}, async (org) => {
    const result = await deploy(org, parts);
    expect(failures(result)).toEqual([]);
    expect(result).toMatchObject({ status: 'Succeeded', numberComponentsDeployed: 7 });
    const back = await retrieve(org, { CustomApplication: 'KAM', FlexiPage: 'KAM_Account_Record_Page' });
    expect(inner(back['flexipages/KAM_Account_Record_Page.flexipage'] ?? '').replaceAll(/\s/g, '')).toBe(
      inner(page).replaceAll(/\s/g, ''),
    );
    const wrong = {
      ...parts,
      'applications/KAM.app': parts['applications/KAM.app'].replace('>KAM_Potential__c<', '>KAM_Potentials__c<'),
      'flexipages/KAM_Account_Record_Page.flexipage': page.replace('Record.KAM_Tier__c', 'Record.KAM_Teir__c'),
      'objects/Account.object': parts['objects/Account.object'].replace('>KAM_Score__c<', '>KAM_Skore__c<'),
      'permissionsets/KAM_User.permissionset': parts['permissionsets/KAM_User.permissionset'].replace('>KAM<', '>KAN<'),
    };
    const refused = await deploy(org, wrong);
    expect(refused.status).toBe('Failed');
    expect(failures(refused).toSorted()).toEqual([
      'CustomApplication KAM: In field: tabs - no CustomTab named KAM_Potentials__c found',
      'FlexiPage KAM_Account_Record_Page: In field: fieldItem - no CustomField named Account.KAM_Teir__c found',
      'ListView Account.KAM_Candidates: In field: columns - no CustomField named Account.KAM_Skore__c found',
      'PermissionSet KAM_User: In field: application - no CustomApplication named KAN found',
    ]);
  }));
