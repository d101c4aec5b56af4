/** Who stands on top: the ultimate parent of every account, with cycles found and never followed. */

/** Marks an account without a parent. */
export const NO_PARENT = -1;

/**
 * Finds the root of every node of a parent table.
 *
 * Shape:  `parents[i]` is a node or `NO_PARENT`. Nodes on a cycle are each a root; nodes below hang on the one they reach.
 * Errors: none; every node is visited at most twice, so that depth and cycles cost nothing extra.
 */
export function rootsOf(parents: Int32Array): { roots: Int32Array; onCycle: Uint8Array } {
  const roots = new Int32Array(parents.length).fill(NO_PARENT);
  const onCycle = new Uint8Array(parents.length);
  const seenOnClimb = new Int32Array(parents.length).fill(NO_PARENT);
  for (let start = 0; start < parents.length; start++) {
    let top = start;
    while (roots[top] === NO_PARENT && seenOnClimb[top] !== start && at(parents, top) !== NO_PARENT) {
      seenOnClimb[top] = start;
      top = at(parents, top);
    }
    if (roots[top] === NO_PARENT && seenOnClimb[top] === start) settleCycle(parents, top, roots, onCycle);
    settleBranch(parents, start, roots[top] === NO_PARENT ? top : at(roots, top), roots);
  }
  return { roots, onCycle };
}

const at = (nodes: Int32Array, node: number): number => nodes[node] ?? NO_PARENT;

function settleCycle(parents: Int32Array, member: number, roots: Int32Array, onCycle: Uint8Array): void {
  for (let node = member; roots[node] === NO_PARENT; node = at(parents, node)) {
    roots[node] = node;
    onCycle[node] = 1;
  }
}

function settleBranch(parents: Int32Array, start: number, root: number, roots: Int32Array): void {
  for (let node = start; node !== NO_PARENT && roots[node] === NO_PARENT; node = at(parents, node)) {
    roots[node] = root;
  }
}
