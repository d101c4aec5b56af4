import { describe, expect, test } from 'vitest';
import { structureFault } from '../../src/schema/structure.js';
import { METADATA_NAMESPACE, parseXml } from '../../src/schema/xml.js';

const fault = (kind: string, inner: string): string | undefined =>
  structureFault(parseXml(`<${kind} xmlns="${METADATA_NAMESPACE}">${inner}</${kind}>`, 'a.xml', kind));
const element = (name: string, state: string, type: string): string =>
  `Error parsing file: Element {${METADATA_NAMESPACE}}${name} ${state} at this location in type ${type}`;

test('what Salesforce describes is taken, however deep', () => {
  expect(fault('CustomField', '<fullName>A__c</fullName><label>A</label><length>9</length><type>Text</type>')).toBe(
    undefined,
  );
  expect(
    fault(
      'CustomField',
      '<valueSet><valueSetDefinition><sorted>false</sorted><value><fullName>a</fullName><default>false</default></value></valueSetDefinition></valueSet>',
    ),
  ).toBe(undefined);
});

describe('refused is', () => {
  test.each([
    ['an unknown element', '<lable>A</lable>', element('lable', 'invalid', 'CustomField')],
    [
      'an unknown element further down',
      '<valueSet><sorted>true</sorted></valueSet>',
      element('sorted', 'invalid', 'ValueSet'),
    ],
    ['an element in a value', '<label><b>A</b></label>', element('b', 'invalid', 'string')],
    ['an element given twice', '<label>A</label><label>B</label>', element('label', 'is duplicated', 'CustomField')],
    [
      'a word that is none of its enum',
      '<type>Txt</type>',
      "Error parsing file: 'Txt' is not a valid value for the enum 'FieldType'",
    ],
    [
      'a flag in words',
      '<unique>yes</unique>',
      "Error parsing file: 'yes' is not a valid value for the type xsd:boolean",
    ],
    [
      'a number in words',
      '<length>ten</length>',
      "Error parsing file: 'ten' is not a valid value for the type xsd:double",
    ],
  ])('%s', (_, inner, expected) => expect(fault('CustomField', inner)).toBe(expected));

  test('a list that is torn apart', () => {
    const list = '<fields><fullName>A__c</fullName></fields>';
    expect(fault('CustomObject', `${list}${list}`)).toBe(undefined);
    expect(fault('CustomObject', `${list}<label>A</label>${list}`)).toBe(
      element('fields', 'is duplicated', 'CustomObject'),
    );
  });

  test('a missing element that has no default', () => {
    expect(fault('PermissionSet', '')).toBe('Required field is missing: label');
    expect(fault('PermissionSet', '<label>A</label>')).toBe(undefined);
  });
});
