/** Cuts of a book: where a backtest may look forward from, and what lies before. */
import { expect, test } from 'vitest';
import { cutAt, latestCut, rollingCuts, usualHorizon } from '../../../src/kam/model/cuts.js';

const daily = { first: '2009-12-01', last: '2011-12-09', isMonthly: false };
const monthly = { first: '2017-01-01', last: '2019-12-01', isMonthly: true };

test('the latest cut is the day whose horizon ends with the last day that is known', () => {
  expect(latestCut('2011-12-09', { days: 182 })).toBe('2011-06-11');
  expect(latestCut('2019-12-31', { months: 6 })).toBe('2019-07-01');
});

test('a month that is not over takes no part in a horizon of months', () => {
  expect(latestCut('2019-12-30', { months: 6 })).toBe('2019-06-01');
});

test('two years allow two cuts half a year apart, as the third would have nothing to learn from', () => {
  const cuts = rollingCuts(daily, '2011-12-09', { days: 182 }, 4);
  expect(cuts).toEqual([
    { day: '2011-06-11', until: '2011-12-10', learns: true },
    { day: '2010-12-11', until: '2011-06-11', learns: true },
  ]);
});

test('three years of months allow four cuts, the most that are asked for', () => {
  const days = rollingCuts(monthly, '2019-12-31', { months: 6 }, 4).map(({ day }) => day);
  expect(days).toEqual(['2019-07-01', '2019-01-01', '2018-07-01', '2018-01-01']);
});

test('ten months allow one cut that learns nothing, four months none', () => {
  const span = { first: '2017-03-01', last: '2017-12-31', isMonthly: false };
  expect(rollingCuts(span, span.last, { days: 182 }, 4)).toEqual([
    { day: '2017-07-03', until: '2018-01-01', learns: false },
  ]);
  expect(rollingCuts({ ...span, last: '2017-06-30' }, '2017-06-30', { days: 182 }, 4)).toEqual([]);
});

test('a past window teaches where history reaches four fifths of a horizon before it', () => {
  // 100 days: the window starts on 1 April, 80 days after 11 January.
  const horizon = { days: 100 };
  const learns = (first: string): boolean => cutAt({ ...daily, first }, horizon, '2010-07-10').learns;
  expect(learns('2010-01-11')).toBe(true);
  expect(learns('2010-01-12')).toBe(false);
});

test('half a year is usual, in months where dates are as coarse as months', () => {
  expect([usualHorizon(daily), usualHorizon(monthly)]).toEqual([{ days: 182 }, { months: 6 }]);
});
