import { describe, expect, test } from 'vitest';
import { coverageOf, type Contact } from '../../src/kam/coverage.js';
import { accountId, settingsWith } from '../support/builders.js';

const asOf = '2026-10-31';
const rules = settingsWith({
  contact: { minimumContacts: 2, minimumFunctions: 2, minimumLevels: 2, minimumTeam: 2, recentDays: 90 },
}).contact;
const contact = (n: number, changes: Partial<Contact> = {}): Contact => ({
  id: accountId(n),
  function: null,
  level: null,
  role: null,
  lastOn: null,
  ...changes,
});

const broad = [
  contact(1, { function: 'purchasing', level: 'head', role: 'decisionMaker', lastOn: '2026-10-30' }),
  contact(2, { function: 'logistics', level: 'board', role: 'sponsor' }),
  contact(3, { function: 'logistics', level: 'board', role: 'champion', lastOn: '2026-01-01' }),
];

describe('contact coverage', () => {
  test('a broad relationship has no gap', () => {
    expect(coverageOf(broad, 2, rules, asOf)).toEqual({
      contacts: 3,
      recent: 1,
      functions: ['purchasing', 'logistics'],
      levels: ['board', 'head'],
      roles: ['sponsor', 'decisionMaker', 'champion'],
      lastOn: '2026-10-30',
      unplaced: 0,
      team: 2,
      gaps: [],
    });
  });

  test('one buyer alone leaves every door to ask for', () => {
    const { gaps } = coverageOf([contact(1, { function: 'purchasing', level: 'specialist' })], 1, rules, asOf);
    expect(gaps).toEqual([
      { is: 'contacts', has: 1, needs: 2 },
      {
        is: 'functions',
        has: 1,
        needs: 2,
        missing: ['management', 'production', 'logistics', 'it', 'research', 'administration', 'quality', 'sales'],
      },
      { is: 'levels', has: 1, needs: 2, missing: ['board', 'head'] },
      { is: 'role', role: 'sponsor' },
      { is: 'role', role: 'decisionMaker' },
      { is: 'role', role: 'champion' },
      { is: 'silent', last: null, days: 90 },
      { is: 'team', has: 1, needs: 2 },
    ]);
  });

  test('a contact whose place nobody entered counts as a contact and for nothing else', () => {
    expect(coverageOf([contact(1), contact(2)], null, rules, asOf)).toMatchObject({
      contacts: 2,
      unplaced: 2,
      functions: [],
    });
  });

  test.each([
    ['2026-08-03', 1],
    ['2026-08-02', 0],
  ])('89 days ago is lately, 90 days ago is silence (%s)', (lastOn, recent) => {
    expect(coverageOf([contact(1, { lastOn })], null, rules, asOf).recent).toBe(recent);
  });

  test('an org without account teams lacks nobody in them', () => {
    expect(coverageOf(broad, null, rules, asOf).gaps).toEqual([]);
    expect(coverageOf(broad, 0, rules, asOf).gaps).toEqual([{ is: 'team', has: 0, needs: 2 }]);
  });
});
