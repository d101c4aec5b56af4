/** Dense algebra on Float64Array, row by row: Gram matrix of sparse rows and inverse by blocked Cholesky. */

/** Rows with entries from `start[r]` up to `start[r + 1]`, each a column and its value. */
export type SparseRows = { readonly start: Int32Array; readonly column: Int32Array; readonly value: Float64Array };

/** Sums over rows of value × value for each pair of columns; symmetric, `columns` × `columns`. */
export function gram({ start, column, value }: SparseRows, columns: number): Float64Array {
  const sums = new Float64Array(columns * columns);
  for (let row = 0; row + 1 < start.length; row++) {
    const end = start[row + 1]!;
    for (let i = start[row]!; i < end; i++) {
      const base = column[i]! * columns;
      const left = value[i]!;
      for (let j = start[row]!; j <= i; j++) sums[base + column[j]!]! += left * value[j]!;
    }
  }
  // Columns ascend within a row, so that only the lower half was written.
  for (let i = 0; i < columns; i++) {
    for (let j = 0; j < i; j++) sums[j * columns + i] = sums[i * columns + j]!;
  }
  return sums;
}

/** Raised where a matrix that must be positive definite is not: a figure in it is not a number, or no ridge was added. */
export class NotPositiveDefinite extends Error {
  public override readonly name = 'NotPositiveDefinite';
}

/** Rows and columns that are worked on at a time: three blocks fit a core's cache. */
const BLOCK = 48;

/**
 * The inverse of a symmetric positive definite matrix, `size` × `size`.
 *
 * Shape:  reads the lower half only; about size³ multiplications in cache-sized blocks (2,000: some seconds).
 * Errors: `NotPositiveDefinite`.
 * Source: Cholesky A = LLᵀ, then A⁻¹ = L⁻ᵀL⁻¹; Golub & Van Loan, Matrix Computations, 4.2.
 */
export function inverse(matrix: Float64Array, size: number): Float64Array {
  const lower = choleskyOf(matrix, size);
  const across = inverseTransposed(lower, size);
  return timesTransposed(across, size);
}

/** Solves A x = b for a small symmetric positive definite A. */
export function solve(matrix: Float64Array, size: number, right: Float64Array): Float64Array {
  const lower = choleskyOf(matrix, size);
  const x = Float64Array.from(right);
  for (let i = 0; i < size; i++) {
    let sum = x[i]!;
    for (let k = 0; k < i; k++) sum -= lower[i * size + k]! * x[k]!;
    x[i] = sum / lower[i * size + i]!;
  }
  for (let i = size - 1; i >= 0; i--) {
    let sum = x[i]!;
    for (let k = i + 1; k < size; k++) sum -= lower[k * size + i]! * x[k]!;
    x[i] = sum / lower[i * size + i]!;
  }
  return x;
}

/** L of A = LLᵀ, its upper half zero. */
function choleskyOf(matrix: Float64Array, size: number): Float64Array {
  const lower = new Float64Array(size * size);
  for (let i = 0; i < size; i++) lower.set(matrix.subarray(i * size, i * size + i + 1), i * size);
  for (let from = 0; from < size; from += BLOCK) {
    const to = Math.min(from + BLOCK, size);
    // Left-looking: what the columns before this block explain is taken off, then the block is factored by itself.
    for (let row = from; row < size; row += BLOCK) {
      const below = { from: row, to: Math.min(row + BLOCK, size) };
      for (let k = 0; k < from; k += BLOCK) {
        addProduct(lower, below, lower, { from, to }, lower, { from: k, to: k + BLOCK }, -1, size);
      }
    }
    for (let j = from; j < to; j++) {
      let pivot = lower[j * size + j]!;
      for (let k = from; k < j; k++) pivot -= lower[j * size + k]! ** 2;
      if (!(pivot > 0)) throw new NotPositiveDefinite(`Pivot ${j} of ${size} is ${pivot}, expected more than 0.`);
      const root = Math.sqrt(pivot);
      lower[j * size + j] = root;
      for (let i = j + 1; i < size; i++) {
        let sum = lower[i * size + j]!;
        for (let k = from; k < j; k++) sum -= lower[i * size + k]! * lower[j * size + k]!;
        lower[i * size + j] = sum / root;
      }
    }
    for (let i = from; i < to; i++) lower.fill(0, i * size + i + 1, i * size + to);
  }
  return lower;
}

/** U = (L⁻¹)ᵀ, upper triangular, so that every sum below runs along rows: U[j][i] = -Σ L[i][k] U[j][k] / L[i][i]. */
function inverseTransposed(lower: Float64Array, size: number): Float64Array {
  const upper = new Float64Array(size * size);
  for (let from = 0; from < size; from += BLOCK) {
    const to = Math.min(from + BLOCK, size);
    for (let row = 0; row <= from; row += BLOCK) {
      const rows = { from: row, to: Math.min(row + BLOCK, size) };
      for (let k = row; k < from; k += BLOCK) {
        addProduct(upper, rows, upper, { from, to }, lower, { from: k, to: k + BLOCK }, -1, size);
      }
      for (let j = rows.from; j < rows.to; j++) {
        for (let i = Math.max(from, j); i < to; i++) {
          let sum = i === j ? 1 : upper[j * size + i]!;
          for (let k = Math.max(from, j); k < i; k++) sum -= upper[j * size + k]! * lower[i * size + k]!;
          upper[j * size + i] = sum / lower[i * size + i]!;
        }
      }
    }
  }
  return upper;
}

/** UUᵀ of an upper triangular U. */
function timesTransposed(upper: Float64Array, size: number): Float64Array {
  const product = new Float64Array(size * size);
  for (let row = 0; row < size; row += BLOCK) {
    const rows = { from: row, to: Math.min(row + BLOCK, size) };
    for (let from = 0; from <= row; from += BLOCK) {
      const columns = { from, to: Math.min(from + BLOCK, size) };
      for (let k = row; k < size; k += BLOCK) {
        addProduct(product, rows, upper, columns, upper, { from: k, to: Math.min(k + BLOCK, size) }, 1, size);
      }
    }
  }
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++) product[j * size + i] = product[i * size + j]!;
  }
  return product;
}

type Span = { readonly from: number; readonly to: number };

/** target[i][j] += sign × Σ over k of left[i][k] × right[j][k], for i in `rows`, j in `columns`: four by two at a time. */
function addProduct(
  target: Float64Array,
  rows: Span,
  left: Float64Array,
  columns: Span,
  right: Float64Array,
  inner: Span,
  sign: 1 | -1,
  size: number,
): void {
  const { from, to } = inner;
  let i = rows.from;
  for (; i + 4 <= rows.to; i += 4) {
    const i0 = i * size;
    const i1 = i0 + size;
    const i2 = i1 + size;
    const i3 = i2 + size;
    let j = columns.from;
    for (; j + 2 <= columns.to; j += 2) {
      const j0 = j * size;
      const j1 = j0 + size;
      let s00 = 0;
      let s01 = 0;
      let s10 = 0;
      let s11 = 0;
      let s20 = 0;
      let s21 = 0;
      let s30 = 0;
      let s31 = 0;
      for (let k = from; k < to; k++) {
        const r0 = right[j0 + k]!;
        const r1 = right[j1 + k]!;
        const l0 = left[i0 + k]!;
        s00 += l0 * r0;
        s01 += l0 * r1;
        const l1 = left[i1 + k]!;
        s10 += l1 * r0;
        s11 += l1 * r1;
        const l2 = left[i2 + k]!;
        s20 += l2 * r0;
        s21 += l2 * r1;
        const l3 = left[i3 + k]!;
        s30 += l3 * r0;
        s31 += l3 * r1;
      }
      target[i0 + j]! += sign * s00;
      target[i0 + j + 1]! += sign * s01;
      target[i1 + j]! += sign * s10;
      target[i1 + j + 1]! += sign * s11;
      target[i2 + j]! += sign * s20;
      target[i2 + j + 1]! += sign * s21;
      target[i3 + j]! += sign * s30;
      target[i3 + j + 1]! += sign * s31;
    }
    for (; j < columns.to; j++) {
      for (let row = i; row < i + 4; row++) {
        target[row * size + j]! += sign * dot(left, row * size, right, j * size, from, to);
      }
    }
  }
  for (; i < rows.to; i++) {
    for (let j = columns.from; j < columns.to; j++) {
      target[i * size + j]! += sign * dot(left, i * size, right, j * size, from, to);
    }
  }
}

function dot(left: Float64Array, l0: number, right: Float64Array, r0: number, from: number, to: number): number {
  let sum = 0;
  for (let k = from; k < to; k++) sum += left[l0 + k]! * right[r0 + k]!;
  return sum;
}
