import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { recordFileName, recordXml } from '../../src/schema/recordXml.js';
import { sObjects } from '../../src/schema/generated.js';
import { readSource } from '../../src/schema/source.js';
import { METADATA_NAMESPACE } from '../../src/schema/xml.js';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'kam-source-'));
});
afterEach(() => rmSync(dir, { recursive: true }));

function write(path: string, root: string, inner: string): void {
  const file = join(dir, path);
  mkdirSync(dirname(file), { recursive: true });
  const xsi = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema"';
  writeFileSync(
    file,
    `<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns="${METADATA_NAMESPACE}" ${xsi}>${inner}</${root}>\n`,
  );
}

const anObject = (api: string, nameField = '<nameField><label>Name</label><type>Text</type></nameField>'): void =>
  write(
    `objects/${api}/${api}.object-meta.xml`,
    'CustomObject',
    `<label>${api}</label><pluralLabel>${api}s</pluralLabel>${nameField}`,
  );
const aType = (api: string): void => anObject(api, '<visibility>Public</visibility>');
const aField = (object: string, api: string, inner: string, folder = 'objects'): void =>
  write(
    `${folder}/${object}/fields/${api}.field-meta.xml`,
    'CustomField',
    `<fullName>${api}</fullName><label>${api}</label>${inner}`,
  );
const aRecord = (name: string, values: string): void =>
  write(`customMetadata/${name}.md-meta.xml`, 'CustomMetadata', `<label>${name}</label>${values}`);
const value = (field: string, text: string, type: string): string =>
  `<values><field>${field}</field><value xsi:type="xsd:${type}">${text}</value></values>`;
const nil = (field: string): string => `<values><field>${field}</field><value xsi:nil="true"/></values>`;
const text = (length: number): string => `<length>${length}</length><type>Text</type>`;
const number = (precision: number, scale: number): string =>
  `<precision>${precision}</precision><scale>${scale}</scale><type>Number</type>`;
const picklist = (...values: string[]): string =>
  `<type>Picklist</type><valueSet><restricted>true</restricted><valueSetDefinition><sorted>false</sorted>${values
    .map(
      (one, index) =>
        `<value><fullName>${one}</fullName><default>${index === 0}</default><label>${one}!</label></value>`,
    )
    .join('')}</valueSetDefinition></valueSet>`;

const read = () => readSource([dir]);
const fieldOf = (object: string, api: string) => read().objects.find((one) => one.api === object)?.fields[api];

describe('objects', () => {
  test('a custom object comes with the fields that the platform keeps on every record', () => {
    anObject('Visit__c');
    const [visit] = read().objects;
    expect(Object.keys(visit?.fields ?? {}).toSorted()).toEqual(
      'CreatedById CreatedDate Id IsDeleted LastModifiedById LastModifiedDate Name OwnerId SystemModstamp'.split(' '),
    );
    expect(visit).toMatchObject({ kind: 'custom', createable: true, label: 'Visit__c', pluralLabel: 'Visit__cs' });
    expect(visit?.fields['Name']).toMatchObject({ type: 'Text', createable: true, calculated: false });
  });

  test('a name that numbers itself is computed', () => {
    anObject(
      'Run__c',
      '<nameField><displayFormat>RUN-{000}</displayFormat><label>No</label><type>AutoNumber</type></nameField>',
    );
    expect(fieldOf('Run__c', 'Name')).toMatchObject({
      type: 'AutoNumber',
      displayFormat: 'RUN-{000}',
      createable: false,
    });
  });

  test('the owner of a detail is the owner of its master', () => {
    anObject('Line__c');
    aField(
      'Line__c',
      'Visit__c',
      '<referenceTo>Account</referenceTo><relationshipName>Lines</relationshipName><type>MasterDetail</type>',
    );
    expect(fieldOf('Line__c', 'OwnerId')).toBeUndefined();
    expect(fieldOf('Line__c', 'Visit__c')).toMatchObject({
      required: true,
      updateable: false,
      referenceTo: ['Account'],
      relationshipName: 'Visit__r',
      childRelationshipName: 'Lines__r',
    });
  });

  test('a metadata type is read-only for the data API and has the names of its records', () => {
    aType('Level__mdt');
    aField('Level__mdt', 'Rank__c', number(3, 0));
    const [level] = read().objects;
    expect(level).toMatchObject({ kind: 'customMetadata', createable: false, updateable: false, deletable: false });
    expect(Object.keys(level?.fields ?? {}).toSorted()).toEqual(
      'DeveloperName Id Label Language MasterLabel NamespacePrefix QualifiedApiName Rank__c SystemModstamp'.split(' '),
    );
    expect(Object.values(level?.fields ?? {}).some(({ createable, updateable }) => createable || updateable)).toBe(
      false,
    );
  });

  test('key prefixes go by name, whatever the order of directories', () => {
    for (const api of ['B__c', 'A__c', 'Z__mdt', 'Y__mdt']) anObject(api, api.endsWith('c') ? undefined : '');
    expect(Object.fromEntries(read().objects.map(({ api, keyPrefix }) => [api, keyPrefix]))).toEqual({
      A__c: 'a00',
      B__c: 'a01',
      Y__mdt: 'm00',
      Z__mdt: 'm01',
    });
  });

  test.each([
    ['Signal__e', /custom object \(__c\) or metadata type/],
    ['Log__b', /custom object \(__c\) or metadata type/],
  ])('%s is of a kind that is not known here', (api, expected) => {
    anObject(api);
    expect(read).toThrow(expected);
  });

  test('a file about a standard object is left aside', () => {
    anObject('Account', '');
    expect(read().objects).toEqual([]);
  });
});

describe('fields', () => {
  test('a field on a standard object extends it, and one on Activity extends Task and Event', () => {
    aField('Account', 'Level__c', text(20));
    aField('Activity', 'Ref__c', `<externalId>true</externalId><unique>true</unique>${text(80)}`);
    const { extensions, objects } = read();
    expect(objects).toEqual([]);
    expect(Object.keys(extensions).toSorted()).toEqual(['Account', 'Event', 'Task']);
    expect(extensions['Task']).toEqual(extensions['Event']);
    expect(extensions['Task']?.[0]).toMatchObject({
      api: 'Ref__c',
      length: 80,
      unique: true,
      externalId: true,
      custom: true,
    });
  });

  test('a picklist has its values in order, its default, and whether others are refused', () => {
    aField('Account', 'Level__c', picklist('High', 'Low'));
    expect(read().extensions['Account']?.[0]).toMatchObject({
      restricted: true,
      values: [
        { api: 'High', label: 'High!', isDefault: true },
        { api: 'Low', label: 'Low!', isDefault: false },
      ],
    });
  });

  test('a lookup names the way up and the list of children', () => {
    aField(
      'Account',
      'Group__c',
      '<referenceTo>Account</referenceTo><relationshipName>Members</relationshipName><type>Lookup</type>',
    );
    expect(read().extensions['Account']?.[0]).toMatchObject({
      referenceTo: ['Account'],
      relationshipName: 'Group__r',
      childRelationshipName: 'Members__r',
      required: false,
    });
  });

  test.each([
    ['no length', '<type>Text</type>', /length is "missing"; expected a whole number from 1 to 255/],
    ['too great a length', text(256), /length is "256"/],
    ['more digits than a double', number(19, 0), /precision is "19"; expected a whole number from 1 to 18/],
    ['more decimals than digits', number(3, 4), /scale is "4"; expected a whole number from 0 to 3/],
    ['an unknown type', '<type>Colour</type>', /type is "Colour"; expected one of Text, TextArea/],
    ['a sum over children', '<type>Summary</type>', /type is "Summary"/],
    ['a formula', `<formula>1 + 1</formula>${number(3, 0)}`, /formula/],
    ['a picklist without values', '<type>Picklist</type>', /the values of the picklist/],
    ['a value twice', picklist('High', 'High'), /each value once/],
    ['a number without a number', '<displayFormat>R-</displayFormat><type>AutoNumber</type>', /R-\{0000\}/],
    ['a checkbox that is neither', '<defaultValue>maybe</defaultValue><type>Checkbox</type>', /true or false/],
  ])('%s is refused', (_, inner, expected) => {
    aField('Account', 'Level__c', inner);
    expect(read).toThrow(expected);
    expect(read).toThrow(/objects\/Account\/fields\/Level__c\.field-meta\.xml: CustomField\//);
  });

  test('a name other than that of the file is refused', () => {
    write(
      'objects/Account/fields/A__c.field-meta.xml',
      'CustomField',
      `<fullName>B__c</fullName><label>A</label>${text(3)}`,
    );
    expect(read).toThrow(/fullName is "B__c"; expected the name of the file, A__c/);
  });

  test('a field outside of objects/<object>/fields is refused', () => {
    aField('Account', 'A__c', text(3), 'Objects');
    expect(read).toThrow(/objects\/<object>\/fields/);
  });

  test('a field of a custom object that nobody declares is refused', () => {
    aField('Nowhere__c', 'A__c', text(3));
    expect(read).toThrow(/Nowhere__c\.object-meta\.xml/);
  });

  test('a field that stands in two directories is refused, naming both', () => {
    aField('Account', 'A__c', text(3));
    aField('Account', 'A__c', text(3), 'more/objects');
    expect(read).toThrow(/Account\/fields\/A__c.*"Account\.A__c"; expected it once, and it stands in .*more\/objects/);
  });
});

describe('records', () => {
  beforeEach(() => {
    aType('Level__mdt');
    aField('Level__mdt', 'Rank__c', number(5, 2));
    aField('Level__mdt', 'Kind__c', picklist('Hard', 'Soft'));
    aField('Level__mdt', 'Name__c', text(3));
    aField('Level__mdt', 'Active__c', '<defaultValue>true</defaultValue><type>Checkbox</type>');
  });

  test('a record has a value for every field: what is nil or not named is null, a flag false', () => {
    aRecord('Level.One', value('Rank__c', '-12.50', 'double') + value('Kind__c', 'Soft', 'string') + nil('Name__c'));
    aRecord('Level.Two', value('Active__c', 'true', 'boolean'));
    expect(read().records).toMatchObject([
      {
        type: 'Level__mdt',
        developerName: 'One',
        label: 'Level.One',
        values: { Rank__c: -12.5, Kind__c: 'Soft', Name__c: null, Active__c: false },
      },
      { developerName: 'Two', values: { Rank__c: null, Kind__c: null, Name__c: null, Active__c: true } },
    ]);
  });

  test.each([
    ['an unknown field', value('Rnk__c', '1', 'double'), /field is "Rnk__c"; expected a field of Level__mdt/],
    ['a number as text', value('Rank__c', '1', 'string'), /xsi:type xsd:double or xsd:int for Rank__c \(Number\)/],
    ['too many digits', value('Rank__c', '1000', 'double'), /3 digits before the point and 2 behind it/],
    ['too many decimals', value('Rank__c', '0.125', 'double'), /3 digits before the point and 2 behind it/],
    ['no number', value('Rank__c', 'ten', 'double'), /"ten"; expected a number for Rank__c/],
    [
      'a value outside the picklist',
      value('Kind__c', 'Odd', 'string'),
      /"Odd"; expected one of Hard, Soft for Kind__c/,
    ],
    ['too long a text', value('Name__c', 'four', 'string'), /"four"; expected at most 3 characters for Name__c/],
    ['a flag in words', value('Active__c', 'yes', 'boolean'), /"yes"; expected true or false/],
    ['a flag that is nil', nil('Active__c'), /a value for Active__c/],
    ['a field twice', nil('Rank__c') + nil('Rank__c'), /each field once/],
  ])('%s is refused', (_, values, expected) => {
    aRecord('Level.One', values);
    expect(read).toThrow(expected);
    expect(read).toThrow(/customMetadata\/Level\.One\.md-meta\.xml: CustomMetadata\/values\//);
  });

  test('a record of a type that is not there is refused', () => {
    aRecord('Grade.One', '');
    expect(read).toThrow(/the type is "Grade__mdt"/);
  });

  test.each(['1st', 'Too__many', 'Ends_', 'N'.repeat(41)])('%s is no name of a record', (name) => {
    aRecord(`Level.${name}`, '');
    expect(read).toThrow(/single underscores/);
  });
});

test('a permission set says what is granted, and leaves out what is switched off', () => {
  write(
    'permissionsets/Reader.permissionset-meta.xml',
    'PermissionSet',
    `<customMetadataTypeAccesses><enabled>true</enabled><name>Level__mdt</name></customMetadataTypeAccesses>
     <fieldPermissions><editable>false</editable><field>Account.Level__c</field><readable>true</readable></fieldPermissions>
     <label>Reader</label>
     <objectPermissions><allowRead>true</allowRead><object>Account</object><viewAllRecords>true</viewAllRecords></objectPermissions>
     <userPermissions><enabled>true</enabled><name>ApiEnabled</name></userPermissions>
     <userPermissions><enabled>false</enabled><name>EditTask</name></userPermissions>`,
  );
  expect(read().permissionSets).toEqual([
    {
      api: 'Reader',
      label: 'Reader',
      objects: { Account: { read: true, create: false, edit: false, delete: false, viewAll: true, modifyAll: false } },
      fields: { 'Account.Level__c': { readable: true, editable: false } },
      customMetadata: ['Level__mdt'],
      userPermissions: ['ApiEnabled'],
    },
  ]);
});

test('a directory that is not there is refused by name', () => {
  expect(() => readSource([join(dir, 'nowhere')])).toThrow(/nowhere: the source directory is "missing"/);
});

describe('writing records', () => {
  const types = new Map(Object.values(sObjects).map((type): [string, typeof type] => [type.api, type]));
  const main = new URL('../../force-app/main', import.meta.url).pathname;
  const seed = new URL('../../force-app/seed', import.meta.url).pathname;
  const shipped = readSource([main, seed]).records;

  test.each(shipped.map((record) => [record.developerName, record] as const))(
    'the record %s is written as it is shipped',
    (_, { type, developerName, label, values, file }) => {
      const object = types.get(type);
      if (object === undefined) throw new Error(`${type} is not generated.`);
      expect(file.endsWith(recordFileName(object, developerName))).toBe(true);
      expect(recordXml(object, label, values)).toBe(readFileSync(file, 'utf8'));
    },
  );

  test('what XML and picklists spell in their own way comes back as it was', () => {
    const label = 'Pumps & "Valves" <EU>';
    const values = { Family__c: label, Alias_Of__c: null, In_Scope__c: true, Margin__c: -12.5 };
    const text = recordXml(sObjects.KAM_Family__mdt, label, values);
    mkdirSync(join(dir, 'customMetadata'));
    writeFileSync(join(dir, 'customMetadata', recordFileName(sObjects.KAM_Family__mdt, 'Pumps')), text);
    expect(readSource([main, dir]).records).toMatchObject([{ developerName: 'Pumps', label, values }]);
    expect(recordXml(sObjects.KAM_Settings__mdt, 'Default', { Segment_Method__c: 'amount' })).toContain('>Amount<');
  });

  test('a value that the field cannot hold is never written', () => {
    expect(() => recordXml(sObjects.KAM_Family__mdt, 'Pumps', { Margin__c: '12' })).toThrow('Margin__c (Percent)');
  });
});
