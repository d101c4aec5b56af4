import { expect, test } from 'vitest';
import { METADATA_NAMESPACE, parseXml, SourceError } from '../../src/schema/xml.js';

const field = (inner: string, root = 'CustomField'): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<${root} xmlns="${METADATA_NAMESPACE}">${inner}</${root}>\n`;
const parse = (text: string) => parseXml(text, 'a.field-meta.xml', 'CustomField');

test('an element is read with its text, attributes and children in order', () => {
  const xml = parse(field('<b>2</b><a x="1">one</a><b/>'));
  expect(xml.children.map(({ name, text }) => `${name}=${text}`)).toEqual(['b=2', 'a=one', 'b=']);
  expect(xml.one('a')?.attributes).toEqual({ x: '1' });
});

test('the references of XML itself are resolved, once, and CDATA is taken as it stands', () => {
  expect(parse(field('<a>R&amp;D &lt;&#60;&#x3c; &amp;lt;</a>')).string('a')).toBe('R&D <<< &lt;');
  expect(parse(field('<a><![CDATA[ a < b &amp; c ]]></a>')).string('a')).toBe(' a < b &amp; c ');
});

test.each([
  [
    'a document type with an entity',
    `<!DOCTYPE a [<!ENTITY x "y">]>\n${field('<a>&x;</a>')}`,
    /without a document type/,
  ],
  ['an entity that nobody declared', field('<a>&x;</a>'), /&x;.*no entity/],
  ['a character beyond Unicode', field('<a>&#x110000;</a>'), /no entity/],
  ['an element that is not closed', field('<a>'), /line 2.*well-formed XML/],
  ['a stray ampersand', field('<a>R & D</a>'), /well-formed XML/],
  ['two roots', field('') + field(''), /well-formed XML/],
  ['text after the root', `${field('')}more`, /well-formed XML/],
  ['text after an empty root', `<CustomField xmlns="${METADATA_NAMESPACE}"/>more`, /one element/],
  ['another root', field('', 'CustomObject'), /the root is "CustomObject"; expected one element CustomField/],
  ['another namespace', field('').replace('2006', '2007'), /xmlns/],
  ['no text at all', '', /expected/],
  ['a name that JavaScript reserves', field('<__proto__>x</__proto__>'), /reserved/],
  ['more than a hundred levels', field('<a>'.repeat(101) + '</a>'.repeat(101)), /expected/],
])('%s is refused, naming the file', (_, text, expected) => {
  expect(() => parse(text)).toThrow(SourceError);
  expect(() => parse(text)).toThrow(expected);
  expect(() => parse(text)).toThrow(/^a\.field-meta\.xml: /);
});

test('a file of ten million characters is refused before it is parsed', () => {
  expect(() => parse(field('x'.repeat(10_000_000)))).toThrow(/characters long/);
});

test('a value that does not fit is refused with its place and what was expected', () => {
  const xml = parse(field('<n>7a</n><m>19</m><f>yes</f><e>blue</e><t>1</t><t>2</t>'));
  expect(() => xml.whole('n', 0, 18)).toThrow('CustomField/n is "7a"; expected a whole number from 0 to 18.');
  expect(() => xml.whole('m', 0, 18)).toThrow('CustomField/m is "19"; expected a whole number from 0 to 18.');
  expect(() => xml.flag('f', false)).toThrow('CustomField/f is "yes"; expected true or false.');
  expect(() => xml.oneOf('e', ['red', 'green'])).toThrow('CustomField/e is "blue"; expected one of red, green.');
  expect(() => xml.string('t')).toThrow('CustomField/t is "given 2 times"; expected given once.');
  expect(() => xml.required('missing')).toThrow('CustomField/missing is "missing"; expected a value.');
});
