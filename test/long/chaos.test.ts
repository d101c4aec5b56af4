/**
 * Each fault of the local org by itself, and many mixes over two nights, every fourth with jobs in place of REST: the org
 * ends as after quiet nights.
 *
 *   npx vitest run --config vitest.long.config.ts test/long/chaos.test.ts      KAM_CHAOS_SEEDS=1000 for more
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { mixOf, nightsUnder, type FaultBody, type Nights } from '../sync/chaos.js';

const seeds = Number(process.env['KAM_CHAOS_SEEDS'] ?? 200);

let one: Nights;
let quiet: Nights;
beforeAll(async () => {
  one = await nightsUnder([], { count: 1 });
  quiet = await nightsUnder([]);
});

/** What a run lives through by itself; and what ends it with an exit code, until somebody mends it and runs it again. */
const cases: readonly (readonly [FaultBody, string])[] = [
  [{ kind: 'latency', ms: 2, jitter: 5, every: 1 }, 'done'],
  [{ kind: 'reset-before', every: 4 }, 'done'],
  [{ kind: 'reset-during', methods: ['PATCH'], every: 3 }, 'done'],
  [{ kind: 'reset-after', methods: ['PATCH'], every: 2 }, 'done'],
  [{ kind: 'truncated-body', every: 5 }, 'done'],
  [{ kind: 'truncated-body', ending: 'clean', methods: ['PATCH'], every: 2 }, 'done'],
  [{ kind: 'stalled-body', after: 10, next: 1 }, 'done'],
  [{ kind: 'server-error', every: 4 }, 'done'],
  [{ kind: 'server-error', status: 500, body: 'json', work: 'done', methods: ['PATCH'], every: 2 }, 'done'],
  [{ kind: 'server-error', status: 503, every: 1 }, '69 ServerFailedError, done'],
  [{ kind: 'empty-answer', status: 420, every: 6 }, 'done'],
  [{ kind: 'concurrent-limit', every: 5 }, 'done'],
  [{ kind: 'limit-header', form: 'missing' }, 'done'],
  [{ kind: 'page-size', rows: 2 }, 'done'],
  [{ kind: 'query-timeout', above: 5, path: 'FROM Opportunity', every: 2 }, 'done'],
  [{ kind: 'session-expired', after: 30, next: 1 }, '1 SessionExpiredError, done'],
  [{ kind: 'session-refused' }, '1 SessionExpiredError, done'],
  [{ kind: 'commit-lag', seconds: 20 }, 'done'],
  [{ kind: 'account-locks', share: 0.3, wait: 0, hold: 0 }, 'partial, done'],
  [{ kind: 'account-locks', share: 0.3, wait: 0, hold: 0, wrapped: true }, 'partial, done'],
  [
    { kind: 'describe-change', object: 'Account', field: 'KAM_Tier__c', change: 'gone' },
    '3 PreflightFailedError, done',
  ],
  [
    { kind: 'describe-change', object: 'Account', field: 'KAM_Tier__c', change: 'read-only' },
    '3 PreflightFailedError, done',
  ],
  [{ kind: 'describe-change', object: 'Opportunity', field: 'Amount', change: 'type' }, '3 PreflightFailedError, done'],
  [{ kind: 'clock-skew', seconds: 30 }, 'done'],
];

describe.each(cases)('%o', (fault, endings) => {
  test(`ends ${endings}, and the org is as after a quiet night`, async () => {
    const nights = await nightsUnder([fault], { count: 1 });
    expect(nights.endings.join(', ')).toBe(endings);
    expect(nights.fired).toBeGreaterThan(0);
    expect(nights.state).toEqual(one.state);
  });
});

test('with few calls left a run stops before the org does, and a rerun goes on', async () => {
  const nights = await nightsUnder([{ kind: 'daily-limit', left: 30 }], { count: 1 });
  expect(nights.endings).toEqual(['69 DayUsedError', 'done']);
  expect(nights.state).toEqual(one.state);
});

test('a lost place in pages of a query is found again', async () => {
  const nights = await nightsUnder(
    [
      { kind: 'page-size', rows: 3 },
      { kind: 'locator-expired', every: 3 },
    ],
    { count: 1 },
  );
  // A short list that was read in pages ends the run; a book's table goes on where it was.
  expect(nights.state).toEqual(one.state);
});

const ofJobs: readonly FaultBody[] = [
  { kind: 'bulk-pages-unordered' },
  { kind: 'bulk-rows-unordered' },
  { kind: 'bulk-job-failed', next: 2 },
  { kind: 'bulk-version-conflict', next: 1 },
];

test.each(ofJobs)('jobs under %o leave the org as after a quiet night', async (fault) => {
  const nights = await nightsUnder([fault], { count: 1, byJobs: true });
  expect(nights.fired).toBeGreaterThan(0);
  expect(nights.state).toEqual(one.state);
});

test.each(Array.from({ length: seeds }, (_, n) => 100 + n))('the mix of seed %i', async (seed) => {
  const byJobs = seed % 4 === 0;
  const mix = mixOf(seed, byJobs);
  const nights = await nightsUnder(mix, { byJobs });
  expect(nights.state, `${JSON.stringify(mix)} ended ${nights.endings.join(', ')}`).toEqual(quiet.state);
});
