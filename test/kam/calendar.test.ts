import { expect, test } from 'vitest';
import {
  addDays,
  addMonths,
  daysBetween,
  horizonText,
  isDay,
  lastMonthEnd,
  parseHorizon,
  periodOf,
  shift,
} from '../../src/kam/calendar.js';

test('the last month end is the end of the month before today', () => {
  expect(lastMonthEnd('2026-11-24')).toBe('2026-10-31');
  expect(lastMonthEnd('2026-11-01')).toBe('2026-10-31');
});

test('a month is not over on its last day', () => {
  expect(lastMonthEnd('2026-10-31')).toBe('2026-09-30');
});

test('in January the last month end lies in the old year, in March of a leap year on the 29th', () => {
  expect(lastMonthEnd('2026-01-15')).toBe('2025-12-31');
  expect(lastMonthEnd('2028-03-01')).toBe('2028-02-29');
});

test('days are added over months, leap days and years', () => {
  expect(addDays('2026-12-25', 7)).toBe('2027-01-01');
  expect(addDays('2028-02-28', 1)).toBe('2028-02-29');
  expect(addDays('2026-03-01', -1)).toBe('2026-02-28');
});

test('only real days are days', () => {
  expect(['2026-11-24', '2028-02-29'].every(isDay)).toBe(true);
  expect(['2026-02-29', '2026-02-30', '2026-13-01', '2026-1-1', '24.11.2026', ''].some(isDay)).toBe(false);
});

test('a day lies in a month, a quarter and a year', () => {
  expect(periodOf('2026-11-24', 'Month')).toBe('2026-11');
  expect(periodOf('2026-11-24', 'Year')).toBe('2026');
  expect(['2026-01-01', '2026-03-31', '2026-04-01', '2026-12-31'].map((day) => periodOf(day, 'Quarter'))).toEqual([
    '2026-Q1',
    '2026-Q1',
    '2026-Q2',
    '2026-Q4',
  ]);
});

test('a month later is the same day of the month, or its last day', () => {
  expect(addMonths('2026-01-15', 1)).toBe('2026-02-15');
  expect(addMonths('2026-01-31', 1)).toBe('2026-02-28');
  expect(addMonths('2024-01-31', 1)).toBe('2024-02-29');
  expect(addMonths('2026-02-28', -2)).toBe('2025-12-28');
});

test('a horizon of days counts days, one of months keeps the first of the month', () => {
  expect(shift('2019-07-01', { months: 6 }, -1)).toBe('2019-01-01');
  expect(shift('2019-07-01', { months: 6 }, -2)).toBe('2018-07-01');
  expect(shift('2019-07-01', { days: 184 }, -1)).toBe('2018-12-29');
  expect(daysBetween('2018-12-29', '2019-07-01')).toBe(184);
});

test('a horizon is written as days or months, and nothing else is one', () => {
  expect([parseHorizon('182d'), parseHorizon(' 6MO ')]).toEqual([{ days: 182 }, { months: 6 }]);
  expect(['0d', '6', '6m', '-1mo', '1.5d', ''].map(parseHorizon)).toEqual([null, null, null, null, null, null]);
  expect([horizonText({ days: 92 }), horizonText({ months: 6 })]).toEqual(['92d', '6mo']);
});
