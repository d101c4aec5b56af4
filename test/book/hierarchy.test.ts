/** The ultimate parent of every node of a parent table. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NO_PARENT, rootsOf } from '../../src/book/hierarchy.js';

const climb = (...parents: number[]): { roots: number[]; onCycle: number[] } => {
  const { roots, onCycle } = rootsOf(Int32Array.from(parents));
  return { roots: [...roots], onCycle: [...onCycle.entries()].flatMap(([node, is]) => (is === 1 ? [node] : [])) };
};

test('a chain has one root', () => {
  expect(climb(NO_PARENT, 0, 1, 2)).toEqual({ roots: [0, 0, 0, 0], onCycle: [] });
});

test('nodes on a cycle are each a root, and those below hang on the one they reach', () => {
  // 0 → 1 → 2 → 0 is the cycle; 3 hangs on 1, and 4 on 3.
  expect(climb(1, 2, 0, 1, 3)).toEqual({ roots: [0, 1, 2, 1, 1], onCycle: [0, 1, 2] });
});

test('a node that is its own parent is a cycle of one', () => {
  expect(climb(0, 0)).toEqual({ roots: [0, 0], onCycle: [0] });
});

test('a chain of a million is climbed at once, whichever end comes first', () => {
  const size = 1_000_000;
  const down = Int32Array.from({ length: size }, (_, node) => node - 1);
  const up = Int32Array.from({ length: size }, (_, node) => (node === size - 1 ? NO_PARENT : node + 1));
  expect(rootsOf(down).roots.every((root) => root === 0)).toBe(true);
  expect(rootsOf(up).roots.every((root) => root === size - 1)).toBe(true);
});

test('agrees with walking up from every node, step by step', () => {
  const parentTables = fc
    .integer({ min: 1, max: 12 })
    .chain((size) => fc.array(fc.integer({ min: NO_PARENT, max: size - 1 }), { minLength: size, maxLength: size }));
  fc.assert(
    fc.property(parentTables, (parents) => {
      const { roots, onCycle } = climb(...parents);
      expect(roots).toEqual(parents.map((_, node) => walkedRoot(parents, node)));
      expect(onCycle).toEqual([...parents.keys()].filter((node) => isOnCycle(parents, node)));
    }),
  );
});

const above = (parents: number[], node: number): number => parents[node] ?? NO_PARENT;

function isOnCycle(parents: number[], node: number): boolean {
  let top = above(parents, node);
  for (let step = 0; step < parents.length && top !== NO_PARENT; step++) {
    if (top === node) return true;
    top = above(parents, top);
  }
  return false;
}

const walkedRoot = (parents: number[], node: number): number =>
  isOnCycle(parents, node) || above(parents, node) === NO_PARENT ? node : walkedRoot(parents, above(parents, node));
