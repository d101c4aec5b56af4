/** Columns of figures: order statistics, scales, and several as one. */

/**
 * The value that a share of the figures lies below, linear between two of them (type 7).
 *
 * Shape: `sorted` ascends and has at least one figure; of one figure every quantile is that figure.
 */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)]!;
  return low + (sorted[Math.ceil(at)]! - low) * (at - Math.floor(at));
}

/** Mean and population standard deviation; a column that does not vary has a deviation of 1, so that it scores 0. */
export type Scale = { readonly mean: number; readonly deviation: number };

export function scaleOf(values: Float64Array): Scale {
  if (values.length === 0) return { mean: 0, deviation: 1 };
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  const deviation = Math.sqrt(variance);
  return { mean, deviation: deviation > 1e-9 ? deviation : 1 };
}

export const clip = (value: number, lowest: number, highest: number): number =>
  Math.min(highest, Math.max(lowest, value));

/** One column after the other. */
export function joined(parts: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
