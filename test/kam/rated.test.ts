import { describe, expect, test } from 'vitest';
import { ratingsAt, seenRatings, type PeoplesRatings } from '../../src/kam/rated.js';
import { unknown } from '../../src/kam/unknown.js';
import { settingsWith } from '../support/builders.js';

const notRated = unknown('notRated');
const ratings = (
  referenceCustomer: PeoplesRatings['referenceCustomer'],
  opinionLeader: PeoplesRatings['opinionLeader'],
) => ({
  referenceCustomer,
  opinionLeader,
});

/** Looks at the ratings on one day after the other, each time with what was remembered the day before. */
function lookedAt(days: readonly [day: string, PeoplesRatings, evidence: string | null][]) {
  let seen = seenRatings(ratings(notRated, notRated), null, { memory: null, ratedOn: null }, '2026-01-01');
  return days.map(([day, entered, evidence]) => {
    seen = seenRatings(entered, evidence, { memory: seen.memory, ratedOn: seen.on }, day);
    return [seen.since.referenceCustomer, seen.since.opinionLeader, seen.on];
  });
}

describe('a rating', () => {
  test('stands since the day on which it was first seen so; the other keeps its own day', () => {
    expect(
      lookedAt([
        ['2026-02-01', ratings(2, notRated), null],
        ['2026-03-01', ratings(2, 1), null],
        ['2026-04-01', ratings(2, 1), null],
        ['2026-05-01', ratings(3, 1), null],
      ]),
    ).toEqual([
      ['2026-02-01', null, '2026-02-01'],
      ['2026-02-01', '2026-03-01', '2026-03-01'],
      ['2026-02-01', '2026-03-01', '2026-03-01'],
      ['2026-05-01', '2026-03-01', '2026-05-01'],
    ]);
  });

  test('is confirmed by new evidence, but not by other spaces or line ends', () => {
    expect(
      lookedAt([
        ['2026-02-01', ratings(2, notRated), 'Trade fair\n2025'],
        ['2026-03-01', ratings(2, notRated), 'Trade fair\r\n2025 '],
        ['2026-04-01', ratings(2, notRated), 'Trade fair 2026'],
      ]).map(([since]) => since),
    ).toEqual(['2026-02-01', '2026-02-01', '2026-04-01']);
  });

  test('that is taken back and entered again stands since it was entered again', () => {
    expect(
      lookedAt([
        ['2026-02-01', ratings(2, notRated), null],
        ['2026-03-01', ratings(notRated, notRated), null],
        ['2026-04-01', ratings(2, notRated), null],
      ]).map(([since]) => since),
    ).toEqual(['2026-02-01', null, '2026-04-01']);
  });

  test('from before there was a memory stands since the day that the account gives', () => {
    const stood = { memory: null, ratedOn: '2024-06-30' };
    expect(seenRatings(ratings(2, notRated), null, stood, '2026-11-24').on).toBe('2024-06-30');
  });

  test('counts until its months are over', () => {
    const seen = { memory: null, on: null, since: { referenceCustomer: '2024-10-31', opinionLeader: '2024-11-01' } };
    expect(ratingsAt(ratings(2, 1), seen, '2026-10-31', settingsWith())).toEqual(ratings(unknown('ratingOld'), 1));
    const never = settingsWith({ strategy: { ratingMonths: null } });
    expect(ratingsAt(ratings(2, 1), seen, '2036-10-31', never)).toEqual(ratings(2, 1));
  });
});
