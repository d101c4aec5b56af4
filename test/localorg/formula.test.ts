import { describe, expect, test } from 'vitest';
import { compileCondition, formulaFault } from '../../src/localorg/formula.js';
import type { FieldDefinition, FieldType, ObjectDefinition } from '../../src/schema/model.js';
import { standardObjects } from '../../src/schema/standard.js';

const account = standardObjects.find(({ api }) => api === 'Account');
if (account === undefined) throw new Error('no Account');
const name = account.fields['Name'];
if (name === undefined) throw new Error('no Name');
const field = (api: string, type: FieldType, more: Partial<FieldDefinition> = {}): [string, FieldDefinition] => [
  api,
  { ...name, api, type, required: false, ...more },
];
const visit: ObjectDefinition = {
  ...account,
  fields: Object.fromEntries([
    field('Count', 'Number', { scale: 0 }),
    field('Price', 'Currency', { scale: 2 }),
    field('Share', 'Percent', { scale: 1 }),
    field('Note', 'Text'),
    field('Mood', 'Picklist'),
    field('Done', 'Checkbox'),
    field('Day', 'Date'),
    field('Until', 'Date'),
    field('Kinds', 'MultiselectPicklist'),
  ]),
};

/** As stored: 5.00 is 500, 50.0 % is 500, a flag 0 or 1. */
const row = {
  Count: 3,
  Price: 500,
  Share: 500,
  Note: 'x',
  Mood: 'Good',
  Done: 1,
  Day: '2026-01-01',
  Until: '2026-02-01',
};
const holds = (condition: string, values: Record<string, string | number | null> = row): boolean | null =>
  compileCondition(condition, visit)(values);

test.each([
  ['Count = 3', true],
  ['count <> 3', false],
  ['Count != 4 && NOT(Count < 3)', true],
  ['Price = 5', true],
  ['Price * 3 + 0.01 > 15', true],
  ['Price / Count > 1.66 && Price / Count < 1.67', true],
  ['2 + 3 * 4 = 14', true],
  ['(2 + 3) * 4 = 20', true],
  ['-Count + 4 = 1', true],
  ['0.1 + 0.2 = 0.3', true],
  ['Share = 0.5', true],
  ['Note = "x"', true],
  ["Note = 'X'", false],
  ['ISPICKVAL(Mood, "Good")', true],
  ['ISPICKVAL(Mood, "")', false],
  ['Done', true],
  ['!Done || FALSE', false],
  ['Day < Until', true],
  ['AND(Done, Count > 1, OR(FALSE, TRUE)) /* all of it */', true],
])('%s is %s', (condition, expected) => expect(holds(condition)).toBe(expected));

describe('a blank', () => {
  const blank = { Count: null, Note: null, Mood: null, Day: null, Until: null, Price: null };
  test.each([
    ['ISBLANK(Count)', true],
    ['ISBLANK(Note)', true],
    ['ISBLANK(Mood)', true],
    ['Note = ""', true],
    ['ISPICKVAL(Mood, "")', true],
    ['Count < 10', null],
    ['NOT(Count < 10)', null],
    ['Count + 1 = 1', null],
    ['AND(Count < 10, TRUE)', false],
    ['OR(Count < 10, TRUE)', true],
    ['NOT(AND(Count < 10, TRUE))', true],
    ['Done', false],
    ['1 / 0 = 1', null],
  ])('makes %s %s', (condition, expected) => expect(holds(condition, blank)).toBe(expected));
});

test.each([
  ['', 'ends too early'],
  ['Count', 'data type (Number)'],
  ['Count = "3"', "operator '='. Expected Number, received Text"],
  ['Note + 1 = 2', "operator '+'. Expected Number, received Text"],
  ['Done < TRUE', 'received Boolean'],
  ['Mood = "Good"', 'Picklist fields are only supported in certain functions'],
  ['ISPICKVAL(Note, "x")', 'Expected Picklist'],
  ['ISBLANK()', 'Expected 1, received 0'],
  ['AND(Done', "Missing ')'"],
  ['Done)', "Extra ')'"],
  ['Done Done', "Extra 'Done'"],
  ['Nowhere = 1', 'Field Nowhere does not exist'],
  ['Owner.IsActive', 'Field Owner.IsActive does not exist'],
  ['TODAY() > Day', 'Unknown function TODAY'],
  ['REGEX(Note, "a")', 'Unknown function REGEX'],
  ['Note & "a" = "xa"', "Extra '&'"],
  ['ISBLANK(Kinds)', 'multi-select picklist'],
  ['Count = 3 # 4', 'Unexpected character'],
  [`${'('.repeat(100)}Done${')'.repeat(100)}`, 'too deeply nested'],
  [`${'!'.repeat(100)}Done`, 'too deeply nested'],
  [`Done ${' '.repeat(5000)}`, 'too long'],
])('%s is refused: %s', (condition, reason) => expect(formulaFault(condition, visit)).toContain(reason));
