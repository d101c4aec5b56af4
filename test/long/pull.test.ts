/**
 * A book that is kept up equals a fresh pull, row for row: many seeds of edits, every other one with late commits.
 *
 *   npx vitest run --config vitest.long.config.ts test/long/pull.test.ts      KAM_PULL_SEEDS=500 for more
 */
import { expect, test } from 'vitest';
import { nights } from '../org/nights.js';

const seeds = Number(process.env['KAM_PULL_SEEDS'] ?? 200);

test.each(Array.from({ length: seeds }, (_, n) => 100 + n))('through eight nights of seed %i', (seed) =>
  nights(seed, 8, ({ kept, fresh, log }) => expect(kept, log).toEqual(fresh)),
);
