/** Chance from a seed: the same on every machine and in every run. */

/** A number from 0 up to, but not including, 1; every call draws the next. */
export type Draw = () => number;

/** Mulberry32: small, fast, and good enough to draw samples with; not for secrets. */
export function drawsFrom(seed: number): Draw {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
