/** Mixes of the local org's faults: the org ends as after a quiet night. Each fault by itself, and more mixes: test/long. */
import { beforeAll, expect, test } from 'vitest';
import { mixOf, nightsUnder, type Nights } from './chaos.js';

let quiet: Nights;
beforeAll(async () => {
  quiet = await nightsUnder([], { count: 1 });
});

test('a quiet night writes accounts, potentials, history and tasks', () => {
  expect(quiet).toMatchObject({ endings: ['done'], fired: 0 });
  expect(new Set(quiet.state.map((line) => line.split(' ')[0]))).toEqual(
    new Set(['Account', 'KAM_Assessment__c', 'KAM_Potential__c', 'Task']),
  );
});

test.each(Array.from({ length: 20 }, (_, n) => n + 1))(
  'the mix of seed %i leaves the org as after a quiet night',
  async (seed) => {
    const mix = mixOf(seed);
    const { state, endings } = await nightsUnder(mix, { count: 1 });
    expect(state, `${JSON.stringify(mix)} ended ${endings.join(', ')}`).toEqual(quiet.state);
  },
);
