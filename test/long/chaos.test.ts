/**
 * Many mixes of faults over two nights, every fourth with jobs in place of REST: the org ends as after quiet nights.
 *
 *   npx vitest run --config vitest.long.config.ts test/long/chaos.test.ts      KAM_CHAOS_SEEDS=1000 for more
 */
import { beforeAll, expect, test } from 'vitest';
import { mixOf, nightsUnder, type Nights } from '../sync/chaos.js';

const seeds = Number(process.env['KAM_CHAOS_SEEDS'] ?? 200);

let quiet: Nights;
beforeAll(async () => {
  quiet = await nightsUnder([]);
});

test.each(Array.from({ length: seeds }, (_, n) => 100 + n))('the mix of seed %i', async (seed) => {
  const byJobs = seed % 4 === 0;
  const mix = mixOf(seed, byJobs);
  const nights = await nightsUnder(mix, { byJobs });
  expect(nights.state, `${JSON.stringify(mix)} ended ${nights.endings.join(', ')}`).toEqual(quiet.state);
});
