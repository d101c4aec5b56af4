/**
 * Deploy and retrieve: what is taken, what is there afterwards, what is refused and in which words, and what is given back.
 * Sources: the Metadata API Developer Guide, what clients of it read (source-deploy-retrieve, jsforce), and issue threads
 * that quote its answers; each case names its own. `[K]` is general knowledge.
 */
import { describe, expect } from 'vitest';
import { contract, refusal, type ContractOrg } from '../../support/contract.js';
import { deploy, failures, file, manifest, retrieve, soap, textsOf, zipOf } from '../../support/metadata.js';

const changesOrg = 'it deploys components, which a real org would keep';

const field = (name: string, inner: string): string =>
  `<fields><fullName>${name}</fullName><label>${name.replace('__c', '')}</label>${inner}</fields>`;
const textField = (name: string): string => field(name, '<length>20</length><type>Text</type>');
const object = (inner: string): string =>
  file(
    'CustomObject',
    `<deploymentStatus>Deployed</deploymentStatus>${inner}<label>Visit</label><nameField><label>Name</label><type>Text</type></nameField><pluralLabel>Visits</pluralLabel><sharingModel>ReadWrite</sharingModel>`,
  );
const accountWith = (inner: string): Record<string, string> => ({
  'package.xml': manifest({ CustomField: 'Account.Level__c' }),
  'objects/Account.object': file('CustomObject', inner),
});
const level = accountWith(textField('Level__c'));

const partsOf = (files: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(files).filter(([path]) => path !== 'package.xml'));

const describedFields = async (org: ContractOrg, name: string): Promise<string> =>
  JSON.stringify(await org.client.send('GET', `sobjects/${name}/describe`));

describe('a deploy', () => {
  contract(
    'makes a field that describe, SOQL and writes know at once',
    { source: 'Metadata API Developer Guide, deploy() and DeployResult', onlyLocal: changesOrg },
    async (org) => {
      const result = await deploy(org, level);
      expect(result).toMatchObject({
        status: 'Succeeded',
        success: true,
        checkOnly: false,
        numberComponentsDeployed: 1,
        numberComponentsTotal: 1,
        numberComponentErrors: 0,
      });
      expect(result.details.componentSuccesses).toMatchObject([
        {
          componentType: 'CustomField',
          fullName: 'Account.Level__c',
          fileName: 'objects/Account.object',
          created: true,
          changed: true,
          deleted: false,
        },
      ]);
      expect(await describedFields(org, 'Account')).toContain('"name":"Level__c"');
      await org.client.send('POST', 'sobjects/Account', { Name: 'a', Level__c: 'high' });
      expect(await org.client.query("SELECT Level__c FROM Account WHERE Level__c = 'high'")).toMatchObject([
        { Level__c: 'high' },
      ]);
      const again = await deploy(org, level);
      expect(again.details.componentSuccesses).toMatchObject([{ created: false, changed: false }]);
    },
  );

  contract(
    'that only checks changes nothing',
    { source: 'Metadata API Developer Guide, DeployOptions checkOnly' },
    async (org) => {
      const name = `KamCase${org.mark.replaceAll(/\W/g, '')}__c`;
      const files = {
        'package.xml': manifest({ CustomObject: name }),
        [`objects/${name}.object`]: object(textField('Note__c')),
      };
      expect(await deploy(org, files, { checkOnly: true })).toMatchObject({ status: 'Succeeded', checkOnly: true });
      expect(await refusal(org.client.send('GET', `sobjects/${name}/describe`))).toMatch(/^404 NOT_FOUND/);
      expect(await refusal(org.client.query(`SELECT Id FROM ${name}`))).toMatch(/^400 INVALID_TYPE/);
    },
  );

  contract(
    'with one component that fails leaves nothing of the others, and says which and why',
    {
      source: 'Metadata API Developer Guide, rollbackOnError and DeployMessage; ForceCLI pull request 457 (enum words)',
    },
    async (org) => {
      const name = `KamCase${org.mark.replaceAll(/\W/g, '')}__c`;
      const result = await deploy(org, {
        'package.xml': manifest({ CustomObject: name }),
        [`objects/${name}.object`]: object(`${textField('Note__c')}${field('Count__c', '<type>Numeric</type>')}`),
      });
      expect(result).toMatchObject({ status: 'Failed', success: false, numberComponentErrors: 1 });
      expect(result.details.componentFailures).toMatchObject([
        {
          componentType: 'CustomField',
          fullName: `${name}.Count__c`,
          fileName: `objects/${name}.object`,
          problemType: 'Error',
          success: false,
        },
      ]);
      expect(failures(result)[0]).toContain("'Numeric' is not a valid value for the enum 'FieldType'");
      expect(await refusal(org.client.send('GET', `sobjects/${name}/describe`))).toMatch(/^404 NOT_FOUND/);
    },
  );

  contract(
    'that may be partial applies what fits, without what leans on what does not',
    { source: 'Metadata API Developer Guide, rollbackOnError false and SucceededPartial', onlyLocal: changesOrg },
    async (org) => {
      const files = {
        'package.xml': manifest({ CustomField: 'Account.Level__c Account.Count__c', PermissionSet: 'Counter' }),
        'objects/Account.object': file(
          'CustomObject',
          `${textField('Level__c')}${field('Count__c', '<type>Numeric</type>')}`,
        ),
        'permissionsets/Counter.permissionset': file(
          'PermissionSet',
          '<fieldPermissions><editable>true</editable><field>Account.Count__c</field><readable>true</readable></fieldPermissions><label>Counter</label>',
        ),
      };
      const result = await deploy(org, files, { rollbackOnError: false });
      expect(result).toMatchObject({
        status: 'SucceededPartial',
        numberComponentErrors: 2,
        numberComponentsDeployed: 1,
      });
      expect(await describedFields(org, 'Account')).toContain('"name":"Level__c"');
    },
  );

  contract(
    'reports components that stand in the way of one another in the words of Salesforce',
    {
      source:
        'forcedotcom/cli issue 2182, Salesforce Stack Exchange 22240, CustomMetadataLoader issue 34, fflib-apex-common-samplecode issue 58, declarative-lookup-rollup-summaries issue 58, cli issue 1272',
    },
    async (org) => {
      const checkOnly = { checkOnly: true };
      const said = async (files: Record<string, string>): Promise<string[]> =>
        failures(await deploy(org, files, checkOnly));
      expect(await said({ 'package.xml': manifest({ CustomObject: 'KamNowhere__c' }) })).toEqual([
        "KamNowhere__c: An object 'KamNowhere__c' of type CustomObject was named in package.xml, but was not found in zipped directory",
      ]);
      expect(await said(partsOf(level))).toEqual(['package.xml: No package.xml found']);
      expect(await said({ ...level, 'package.xml': manifest({ CustomField: 'Account.Other__c' }) })).toContain(
        'CustomField Account.Level__c: Not in package.xml',
      );
      const set = (inner: string): Record<string, string> => ({
        'package.xml': manifest({ PermissionSet: 'KamCase' }),
        'permissionsets/KamCase.permissionset': file('PermissionSet', inner),
      });
      const nowhere =
        '<fieldPermissions><editable>false</editable><field>Product2.KamNo__c</field><readable>true</readable></fieldPermissions>';
      expect(await said(set(`${nowhere}<label>A</label>`))).toEqual([
        'PermissionSet KamCase: In field: field - no CustomField named Product2.KamNo__c found',
      ]);
      const unknown = '<userPermissions><enabled>true</enabled><name>EditTasks</name></userPermissions>';
      expect(await said(set(`<label>A</label>${unknown}`))).toEqual([
        'PermissionSet KamCase: Unknown user permission: EditTasks',
      ]);
    },
  );

  contract(
    'refuses elements that are unknown, repeated or scattered, as it would break a client that counts on them [K]',
    { source: 'general knowledge: the words of the XML parser of a deploy' },
    async (org) => {
      const said = async (inner: string): Promise<string | undefined> =>
        failures(await deploy(org, accountWith(inner), { checkOnly: true }))[0];
      const at = 'CustomField Account.Level__c: Error parsing file: Element {http://soap.sforce.com/2006/04/metadata}';
      expect(await said(field('Level__c', '<lable>x</lable><length>9</length><type>Text</type>'))).toBe(
        `${at}lable invalid at this location in type CustomField`,
      );
      expect(await said(field('Level__c', '<length>9</length><length>9</length><type>Text</type>'))).toBe(
        `${at}length is duplicated at this location in type CustomField`,
      );
    },
  );

  contract(
    'takes no component twice, no field of a missing object, no relation to a missing one and no kind that it lacks [K]',
    { source: 'general knowledge: that these fail; the words are ours but for cli issue 1272' },
    async (org) => {
      const said = async (files: Record<string, string>): Promise<string[]> =>
        failures(await deploy(org, files, { checkOnly: true }));
      expect(await said(accountWith(textField('Level__c') + textField('Level__c')))).toMatchObject([
        expect.stringContaining('stands more than once'),
      ]);
      expect(
        await said({
          'package.xml': manifest({ CustomField: 'KamNowhere__c.A__c' }),
          'objects/KamNowhere__c.object': file('CustomObject', textField('A__c')),
        }),
      ).toMatchObject([expect.stringContaining('KamNowhere__c')]);
      const lookup =
        '<referenceTo>KamNowhere__c</referenceTo><relationshipName>As</relationshipName><type>Lookup</type>';
      expect(await said(accountWith(field('Level__c', lookup)))).toMatchObject([
        expect.stringContaining('KamNowhere__c'),
      ]);
      expect(await said({ 'package.xml': manifest({ ApexTypo: 'A' }) })).toEqual([
        "ApexTypo: Unknown type name 'ApexTypo' specified in package.xml",
      ]);
      expect(await said({ 'package.xml': manifest({ ApexClass: 'A' }), 'classes/A.cls': 'class A {}' })).toContain(
        'ApexClass: ApexClass: Not available for deploy for this organization',
      );
    },
  );

  contract(
    'needs the right to change metadata',
    {
      source: 'Metadata API Developer Guide, user permissions for deploy and retrieve',
      onlyLocal: 'it needs a second user',
    },
    async (org) => {
      const [user] = await org.client.query("SELECT Username FROM User WHERE Profile.Name LIKE 'Minimum%'");
      const accessToken = org.sessionOf?.(String(user?.['Username'])) ?? '';
      await expect(deploy({ ...org, accessToken }, level)).rejects.toThrow(/403.*INSUFFICIENT_ACCESS/);
      const answer = await soap(
        { ...org, accessToken },
        'm',
        '<describeMetadata><asOfVersion>67.0</asOfVersion></describeMetadata>',
      );
      expect([answer.status, textsOf(answer.text, 'faultcode')]).toEqual([500, ['sf:INSUFFICIENT_ACCESS']]);
    },
  );
});

describe('what a deploy takes away', () => {
  const drop = (types: Record<string, string>): Record<string, string> => ({
    'package.xml': manifest({}),
    'destructiveChanges.xml': manifest(types),
  });

  contract(
    'is gone with its values, and a name that leads nowhere is a warning',
    { source: 'Metadata API Developer Guide, destructiveChanges.xml', onlyLocal: changesOrg },
    async (org) => {
      await deploy(org, level);
      await org.client.send('POST', 'sobjects/Account', { Name: 'a', Level__c: 'high' });
      const result = await deploy(org, drop({ CustomField: 'Account.Level__c Account.Never__c' }));
      expect(result.status).toBe('Succeeded');
      expect(result.details.componentSuccesses).toMatchObject([
        { fullName: 'Account.Level__c', deleted: true },
        {
          fullName: 'Account.Never__c',
          problem: 'No CustomField named: Account.Never__c found',
          problemType: 'Warning',
        },
      ]);
      expect(await refusal(org.client.query('SELECT Level__c FROM Account'))).toMatch(/^400 INVALID_FIELD/);
      await deploy(org, level);
      expect(await org.client.query('SELECT Level__c FROM Account')).toMatchObject([{ Level__c: null }]);
    },
  );

  contract(
    'must not be in use elsewhere [K]',
    { source: 'general knowledge: that a delete of what is referenced fails', onlyLocal: changesOrg },
    async (org) => {
      const files = {
        ...level,
        'package.xml': manifest({ CustomField: 'Account.Level__c', ValidationRule: 'Account.Needs_Level' }),
        'objects/Account.object': file(
          'CustomObject',
          `${textField('Level__c')}<validationRules><fullName>Needs_Level</fullName><active>true</active><errorConditionFormula>ISBLANK(Level__c)</errorConditionFormula><errorMessage>Give a level.</errorMessage></validationRules>`,
        ),
      };
      expect(failures(await deploy(org, files))).toEqual([]);
      const result = await deploy(org, drop({ CustomField: 'Account.Level__c' }));
      expect(result.status).toBe('Failed');
      expect(failures(result)[0]).toMatch(
        /^ValidationRule Account\.Needs_Level: .*Level__c does not exist.*still in use here/,
      );
    },
  );
});

describe('validation rules', () => {
  const rule = (condition: string, more = ''): Record<string, string> => ({
    'package.xml': manifest({ ValidationRule: 'Account.Sized' }),
    'objects/Account.object': file(
      'CustomObject',
      `<validationRules><fullName>Sized</fullName><active>true</active><errorConditionFormula>${condition}</errorConditionFormula>${more}<errorMessage>Say how many.</errorMessage></validationRules>`,
    ),
  });

  contract(
    'refuse records on insert and update, at the field that they name',
    { source: 'Salesforce REST API Developer Guide, FIELD_CUSTOM_VALIDATION_EXCEPTION', onlyLocal: changesOrg },
    async (org) => {
      const files = rule('NumberOfEmployees &lt; 10', '<errorDisplayField>NumberOfEmployees</errorDisplayField>');
      expect(failures(await deploy(org, files))).toEqual([]);
      const answer = await org.fetch('sobjects/Account', { method: 'POST', body: { Name: 'a', NumberOfEmployees: 9 } });
      expect(answer.status).toBe(400);
      expect(await answer.json()).toEqual([
        { errorCode: 'FIELD_CUSTOM_VALIDATION_EXCEPTION', message: 'Say how many.', fields: ['NumberOfEmployees'] },
      ]);
      const blank = await org.fetch('sobjects/Account', { method: 'POST', body: { Name: 'a' } });
      expect(blank.status).toBe(201);
      const [account] = await org.client.query('SELECT Id FROM Account');
      const path = `sobjects/Account/${String(account?.['Id'])}`;
      expect(await refusal(org.client.send('PATCH', path, { NumberOfEmployees: 3 }))).toMatch(
        /^400 FIELD_CUSTOM_VALIDATION_EXCEPTION: Say how many\./,
      );
      expect(await refusal(org.client.send('PATCH', path, { NumberOfEmployees: 30 }))).toBe('accepted');
    },
  );

  contract(
    'that this org cannot evaluate are refused at the deploy, not skipped',
    {
      source: 'the issue of this project: "anything else refuses the deploy"',
      onlyLocal: 'a real org knows all functions',
    },
    async (org) => {
      for (const [condition, reason] of [
        ['VLOOKUP(Name, Name, Name)', 'Unknown function VLOOKUP'],
        ['Owner.IsActive', 'Field Owner.IsActive does not exist'],
        ['Industry = &quot;Banking&quot;', 'Picklist fields are only supported in certain functions'],
        ['NumberOfEmployees', 'incompatible with expected data type (true or false)'],
        ['AND(ISBLANK(Name)', "Missing ')'"],
      ] as const) {
        expect(failures(await deploy(org, rule(condition)))[0]).toContain(reason);
      }
    },
  );
});

describe('a retrieve', () => {
  contract(
    'gives back what was deployed, and package.xml names what was asked for',
    { source: 'Metadata API Developer Guide, retrieve(); jsforce api/metadata.js', onlyLocal: changesOrg },
    async (org) => {
      await deploy(org, level);
      const files = await retrieve(org, { CustomField: 'Account.Level__c' });
      expect(Object.keys(files).toSorted()).toEqual(['objects/Account.object', 'package.xml']);
      expect(files['objects/Account.object']).toContain(
        '    <fields>\n        <fullName>Level__c</fullName>\n        <label>Level</label>\n        <length>20</length>\n        <type>Text</type>\n    </fields>\n',
      );
      expect(files['package.xml']).toContain('<members>Account.Level__c</members>');
      const again = await deploy(org, { ...files, 'package.xml': manifest({ CustomField: 'Account.Level__c' }) });
      expect(again.details.componentSuccesses).toMatchObject([{ changed: false }]);
    },
  );

  contract(
    'of a name that is not there says so in a message',
    { source: 'source-deploy-retrieve, metadataApiRetrieve.ts: messages of a RetrieveResult' },
    async (org) => {
      const started = await soap(
        org,
        'm',
        '<retrieve><retrieveRequest><apiVersion>67.0</apiVersion><singlePackage>true</singlePackage><unpackaged><types><members>KamNowhere__c</members><name>CustomObject</name></types><version>67.0</version></unpackaged></retrieveRequest></retrieve>',
      );
      const [id = ''] = textsOf(started.text, 'id');
      const asked = `<checkRetrieveStatus><asyncProcessId>${id}</asyncProcessId><includeZip>true</includeZip></checkRetrieveStatus>`;
      await expect
        .poll(async () => textsOf((await soap(org, 'm', asked)).text, 'problem'), { timeout: 60_000 })
        .toEqual(["Entity of type 'CustomObject' named 'KamNowhere__c' cannot be found"]);
    },
  );
});

describe('the door', () => {
  contract(
    'answers a token that is none with a fault that clients know',
    { source: 'jsforce soap.js: isSessionExpired reads the faultcode' },
    async (org) => {
      const answer = await soap(org, 'm', '<describeMetadata><asOfVersion>67.0</asOfVersion></describeMetadata>', {
        token: `${org.orgId.slice(0, 15)}!nobody`,
      });
      expect([answer.status, textsOf(answer.text, 'faultcode')]).toEqual([500, ['sf:INVALID_SESSION_ID']]);
      expect(textsOf(answer.text, 'faultstring')[0]).toMatch(/^INVALID_SESSION_ID: Invalid Session ID found/);
    },
  );

  for (const [what, body] of [
    ['text that is no XML', 'hello'],
    ['a document type', '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'],
    ['an envelope without a body', '<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"/>'],
    ['nothing', ''],
  ] as const) {
    contract(
      `answers ${what} with a fault of the client`,
      {
        source: 'SOAP 1.1, 4.4.1: fault code Client',
        onlyLocal: 'it is no call that a real org should see',
        sources: [],
      },
      async (org) => {
        const answer = await fetch(`${org.instanceUrl}/services/Soap/m/67.0`, { method: 'POST', body });
        expect([answer.status, textsOf(await answer.text(), 'faultcode')]).toEqual([500, ['soapenv:Client']]);
      },
    );
  }
});

contract(
  'an archive that is none, or not to be trusted, fails its deploy and nothing else [K]',
  { source: 'general knowledge: INVALID_INPUT and that the job fails', onlyLocal: changesOrg, sources: [] },
  async (org) => {
    const result = await deploy(org, Buffer.from('no zip'));
    expect(result).toMatchObject({ status: 'Failed', success: false, errorStatusCode: 'INVALID_INPUT' });
    expect(result.errorMessage).toMatch(/Not a valid zip file/);
    expect((await deploy(org, await zipOf(level))).status).toBe('Succeeded');
  },
);

const anEverything: Record<string, string> = {
  'package.xml': manifest({
    CustomObject: 'Visit__c Grade__mdt',
    CustomField: 'Account.Level__c',
    CustomMetadata: 'Grade.One',
    CustomLabels: 'CustomLabels',
    CustomTab: 'Visit__c',
    CustomApplication: 'Visits',
    FlexiPage: 'Visit_Page',
    QuickAction: 'Account.New_Visit',
    Layout: 'Visit__c-Visit+Layout',
    CustomObjectTranslation: 'Visit__c-de',
    Translations: 'de',
    ReportType: 'Visits',
    Report: 'Visits Visits/All',
    Dashboard: 'Visits Visits/Overview',
    PermissionSet: 'Visitor',
    CustomPermission: 'See_Visits',
    GlobalValueSet: 'Moods',
    PathAssistant: 'Visit_Path',
    LightningComponentBundle: 'visitPanel',
  }),
  'objects/Account.object': file('CustomObject', textField('Level__c')),
  'objects/Visit__c.object': file(
    'CustomObject',
    `<compactLayouts><fullName>Short</fullName><fields>Name</fields><label>Short</label></compactLayouts>
     <deploymentStatus>Deployed</deploymentStatus>
     ${field('Account__c', '<referenceTo>Account</referenceTo><relationshipName>Visits</relationshipName><type>Lookup</type>')}
     ${field('Mood__c', '<type>Picklist</type><valueSet><restricted>true</restricted><valueSetName>Moods</valueSetName></valueSet>')}
     <label>Visit</label>
     <listViews><fullName>All</fullName><columns>NAME</columns><columns>Mood__c</columns><filterScope>Everything</filterScope><label>All</label></listViews>
     <nameField><label>Name</label><type>Text</type></nameField><pluralLabel>Visits</pluralLabel><sharingModel>ReadWrite</sharingModel>
     <validationRules><fullName>Mood_Known</fullName><active>true</active><errorConditionFormula>ISBLANK(Mood__c)</errorConditionFormula><errorMessage>How was it?</errorMessage></validationRules>`,
  ),
  'objects/Grade__mdt.object': file(
    'CustomObject',
    `${field('Rank__c', '<fieldManageability>SubscriberControlled</fieldManageability><precision>3</precision><scale>0</scale><type>Number</type>')}<label>Grade</label><pluralLabel>Grades</pluralLabel><visibility>Public</visibility>`,
  ),
  'customMetadata/Grade.One.md': file(
    'CustomMetadata',
    '<label>One</label><protected>false</protected><values><field>Rank__c</field><value xsi:type="xsd:double">1.0</value></values>',
  ),
  'labels/CustomLabels.labels': file(
    'CustomLabels',
    '<labels><fullName>Hello</fullName><language>en_US</language><protected>false</protected><shortDescription>Hello</shortDescription><value>Hello</value></labels>',
  ),
  'tabs/Visit__c.tab': file('CustomTab', '<customObject>true</customObject><motif>Custom20: Airplane</motif>'),
  'applications/Visits.app': file(
    'CustomApplication',
    '<actionOverrides><actionName>View</actionName><content>Visit_Page</content><formFactor>Large</formFactor><pageOrSobjectType>Visit__c</pageOrSobjectType><skipRecordTypeSelect>false</skipRecordTypeSelect><type>Flexipage</type></actionOverrides><formFactors>Large</formFactors><label>Visits</label><navType>Standard</navType><tabs>standard-Account</tabs><tabs>Visit__c</tabs><uiType>Lightning</uiType>',
  ),
  'flexipages/Visit_Page.flexipage': file(
    'FlexiPage',
    '<flexiPageRegions><itemInstances><componentInstance><componentName>visitPanel</componentName><identifier>panel</identifier></componentInstance></itemInstances><name>main</name><type>Region</type></flexiPageRegions><masterLabel>Visit</masterLabel><sobjectType>Visit__c</sobjectType><template><name>flexipage:recordHomeTemplateDesktop</name></template><type>RecordPage</type>',
  ),
  'quickActions/Account.New_Visit.quickAction': file(
    'QuickAction',
    '<label>New Visit</label><optionsCreateFeedItem>false</optionsCreateFeedItem><targetObject>Visit__c</targetObject><targetParentField>Account__c</targetParentField><type>Create</type>',
  ),
  'layouts/Visit__c-Visit Layout.layout': file(
    'Layout',
    '<layoutSections><customLabel>true</customLabel><layoutColumns><layoutItems><behavior>Required</behavior><field>Name</field></layoutItems></layoutColumns><style>OneColumn</style></layoutSections>',
  ),
  'objectTranslations/Visit__c-de.objectTranslation': file(
    'CustomObjectTranslation',
    '<caseValues><plural>false</plural><value>Besuch</value></caseValues><fields><label>Stimmung</label><name>Mood__c</name></fields>',
  ),
  'translations/de.translation': file(
    'Translations',
    '<customLabels><label>Hallo</label><name>Hello</name></customLabels>',
  ),
  'reportTypes/Visits.reportType': file(
    'ReportType',
    '<baseObject>Account</baseObject><category>accounts</category><deployed>true</deployed><join><outerJoin>false</outerJoin><relationship>Visits__r</relationship></join><label>Visits</label><sections><columns><checkedByDefault>true</checkedByDefault><field>Mood__c</field><table>Account.Visits__r</table></columns><masterLabel>Visits</masterLabel></sections>',
  ),
  'reports/Visits-meta.xml': file('ReportFolder', '<name>Visits</name>'),
  'reports/Visits/All.report': file(
    'Report',
    '<columns><field>Account$Name</field></columns><format>Tabular</format><name>All</name><reportType>Visits__c</reportType><showDetails>true</showDetails>',
  ),
  'dashboards/Visits-meta.xml': file('DashboardFolder', '<name>Visits</name>'),
  'dashboards/Visits/Overview.dashboard': file(
    'Dashboard',
    '<backgroundEndColor>#FFFFFF</backgroundEndColor><backgroundFadeDirection>Diagonal</backgroundFadeDirection><backgroundStartColor>#FFFFFF</backgroundStartColor><dashboardType>SpecifiedUser</dashboardType><isGridLayout>false</isGridLayout><textColor>#000000</textColor><title>Overview</title><titleColor>#000000</titleColor><titleSize>12</titleSize>',
  ),
  'permissionsets/Visitor.permissionset': file(
    'PermissionSet',
    '<applicationVisibilities><application>Visits</application><visible>true</visible></applicationVisibilities><customMetadataTypeAccesses><enabled>true</enabled><name>Grade__mdt</name></customMetadataTypeAccesses><customPermissions><enabled>true</enabled><name>See_Visits</name></customPermissions><fieldPermissions><editable>true</editable><field>Visit__c.Mood__c</field><readable>true</readable></fieldPermissions><label>Visitor</label><objectPermissions><allowCreate>true</allowCreate><allowDelete>false</allowDelete><allowEdit>true</allowEdit><allowRead>true</allowRead><modifyAllRecords>false</modifyAllRecords><object>Visit__c</object><viewAllRecords>false</viewAllRecords></objectPermissions><tabSettings><tab>Visit__c</tab><visibility>Visible</visibility></tabSettings>',
  ),
  'customPermissions/See_Visits.customPermission': file(
    'CustomPermission',
    '<isLicensed>false</isLicensed><label>See Visits</label>',
  ),
  'globalValueSets/Moods.globalValueSet': file(
    'GlobalValueSet',
    '<customValue><fullName>Good</fullName><default>false</default><label>Good</label></customValue><customValue><fullName>Bad</fullName><default>false</default><label>Bad</label></customValue><masterLabel>Moods</masterLabel><sorted>false</sorted>',
  ),
  'pathAssistants/Visit_Path.pathAssistant': file(
    'PathAssistant',
    '<active>true</active><entityName>Visit__c</entityName><fieldName>Mood__c</fieldName><masterLabel>Path</masterLabel><pathAssistantSteps><fieldNames>Account__c</fieldNames><picklistValueName>Good</picklistValueName></pathAssistantSteps><recordTypeName>__MASTER__</recordTypeName>',
  ),
  'lwc/visitPanel/visitPanel.js': "import MOOD from '@salesforce/schema/Visit__c.Mood__c';\nexport default MOOD;\n",
  'lwc/visitPanel/visitPanel.html': '<template></template>\n',
  'lwc/visitPanel/visitPanel.js-meta.xml': file(
    'LightningComponentBundle',
    '<apiVersion>67.0</apiVersion><isExposed>true</isExposed><targets><target>lightning__RecordPage</target></targets><targetConfigs><targetConfig targets="lightning__RecordPage"><objects><object>Visit__c</object></objects></targetConfig></targetConfigs>',
  ),
};

describe('every kind of component', () => {
  contract(
    'is taken, and what describe, SOQL, rules and permissions can show of it is there afterwards',
    { source: 'Metadata API Developer Guide, the page of each metadata type', onlyLocal: changesOrg },
    async (org) => {
      const result = await deploy(org, anEverything);
      expect(failures(result)).toEqual([]);
      expect(result.numberComponentsDeployed).toBe(28);
      expect(await org.client.query('SELECT DeveloperName, Rank__c FROM Grade__mdt')).toMatchObject([
        { DeveloperName: 'One', Rank__c: 1 },
      ]);
      expect(await org.client.query("SELECT Label FROM PermissionSet WHERE Name = 'Visitor'")).toMatchObject([
        { Label: 'Visitor' },
      ]);
      expect(await refusal(org.client.send('POST', 'sobjects/Visit__c', { Name: 'v' }))).toMatch(/How was it\?/);
      expect(await refusal(org.client.send('POST', 'sobjects/Visit__c', { Name: 'v', Mood__c: 'Odd' }))).toMatch(
        /INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST/,
      );
      await org.client.send('POST', 'sobjects/Visit__c', { Name: 'v', Mood__c: 'Good' });
      const back = await retrieve(org, {
        CustomObject: '* Account',
        CustomMetadata: '*',
        CustomLabels: '*',
        CustomTab: '*',
        CustomApplication: '*',
        FlexiPage: '*',
        QuickAction: '*',
        Layout: '*',
        CustomObjectTranslation: '*',
        Translations: '*',
        ReportType: '*',
        Report: 'Visits Visits/All',
        Dashboard: 'Visits Visits/Overview',
        PermissionSet: 'Visitor',
        CustomPermission: '*',
        GlobalValueSet: '*',
        PathAssistant: '*',
        LightningComponentBundle: '*',
      });
      const ours = Object.keys(partsOf(back)).filter((path) => !path.includes('KAM'));
      expect(ours.toSorted()).toEqual(Object.keys(partsOf(anEverything)).toSorted());
      expect(back['lwc/visitPanel/visitPanel.js']).toBe(anEverything['lwc/visitPanel/visitPanel.js']);
    },
  );

  contract(
    'names only what is there [K]',
    {
      source: 'the cross-references: Metadata API Developer Guide; the words are believed, but for the first',
      onlyLocal: changesOrg,
    },
    async (org) => {
      const without = async (path: string, text: string, by: string): Promise<string[]> =>
        failures(
          await deploy(
            org,
            { ...anEverything, [path]: (anEverything[path] ?? '').replace(text, by) },
            { checkOnly: true },
          ),
        );
      expect(await without('layouts/Visit__c-Visit Layout.layout', '<field>Name<', '<field>No__c<')).toEqual([
        'Layout Visit__c-Visit Layout: In field: field - no CustomField named Visit__c.No__c found',
      ]);
      expect(await without('applications/Visits.app', '<tabs>Visit__c<', '<tabs>No__c<')).toEqual([
        'CustomApplication Visits: In field: tabs - no CustomTab named No__c found',
      ]);
      expect(await without('flexipages/Visit_Page.flexipage', '>visitPanel<', '>noPanel<')).toEqual([
        'FlexiPage Visit_Page: In field: componentName - no LightningComponentBundle named noPanel found',
      ]);
      expect(await without('reportTypes/Visits.reportType', '<relationship>Visits__r', '<relationship>No__r')).toEqual([
        'ReportType Visits: In field: relationship - no relationship No__r from Account found',
      ]);
      expect(await without('reports/Visits/All.report', 'Visits__c', 'No__c')).toEqual([
        'Report Visits/All: In field: reportType - no ReportType named No found',
      ]);
      expect(await without('pathAssistants/Visit_Path.pathAssistant', '>Good<', '>Odd<')).toEqual([
        'PathAssistant Visit_Path: In field: picklistValueName - no picklist value Odd of Visit__c.Mood__c found',
      ]);
      expect(await without('lwc/visitPanel/visitPanel.js', 'Visit__c.Mood__c', 'Visit__c.No__c')).toEqual([
        'LightningComponentBundle visitPanel: Invalid reference Visit__c.No__c of type sobjectField in file visitPanel.js',
      ]);
      expect(await without('objectTranslations/Visit__c-de.objectTranslation', '>Mood__c<', '>No__c<')).toEqual([
        'CustomObjectTranslation Visit__c-de: In field: fields - no CustomField named Visit__c.No__c found',
      ]);
      expect(await without('quickActions/Account.New_Visit.quickAction', 'Account__c<', 'No__c<')).toEqual([
        'QuickAction Account.New_Visit: In field: targetParentField - no CustomField named Visit__c.No__c found',
      ]);
    },
  );
});
