/** When a backtest may say that a model holds, and when it has to say that it can't tell. */
import { expect, test } from 'vitest';
import { judge, judgeCut, type Trial } from '../../../src/kam/model/verdict.js';

const trial = (cut: string, low: number, events = 100): Trial => ({
  cut,
  events,
  score: { value: low + 0.05, low, high: low + 0.1 },
  chance: 0.5,
});

test('an interval above one half holds; one that touches it does not', () => {
  expect(judgeCut(trial('2024-01-01', 0.51))).toBe('holds');
  expect(judgeCut(trial('2024-01-01', 0.5))).toBe('notBetterThanChance');
  expect(judgeCut(trial('2024-01-01', 0.3))).toBe('notBetterThanChance');
});

test('nineteen events are too few, however good the score', () => {
  expect(judgeCut(trial('2024-01-01', 0.9, 19))).toBe('tooFewEvents');
  expect(judgeCut(trial('2024-01-01', 0.9, 20))).toBe('holds');
  expect(judgeCut({ cut: '2024-01-01', events: 30, score: null, chance: 0.5 })).toBe('tooFewEvents');
});

test('two cuts that hold and one that can not tell are a yes', () => {
  expect(judge([trial('2024-07-01', 0.6), trial('2024-01-01', 0.9, 3), trial('2023-07-01', 0.7)])).toEqual({
    is: 'holds',
    at: ['2024-07-01', '2023-07-01'],
  });
});

test('one cut that holds and one that does not are a sometimes', () => {
  expect(judge([trial('2024-07-01', 0.6), trial('2024-01-01', 0.4)])).toEqual({
    is: 'sometimes',
    at: ['2024-07-01'],
    notAt: ['2024-01-01'],
  });
});

test('a model that no cut speaks for is not validated, with the reason', () => {
  expect(judge([])).toEqual({ is: 'notValidated', because: 'noCut' });
  expect(judge([trial('2024-07-01', 0.9, 2)])).toEqual({ is: 'notValidated', because: 'tooFewEvents' });
  expect(judge([trial('2024-07-01', 0.4), trial('2024-01-01', 0.9, 2)])).toEqual({
    is: 'notValidated',
    because: 'notBetterThanChance',
  });
});
