/**
 * The uniform cubic B-spline: the weights of the four control points around a position, and their
 * derivatives.
 *
 * @module
 */

/**
 * The four pieces of the spline as polynomials of the position t in a cell, 0 to 1, constant term first:
 * the weights of the control points at -1, 0, 1 and 2.
 */
const PIECES: readonly (readonly number[])[] = [
  [1 / 6, -1 / 2, 1 / 2, -1 / 6],
  [2 / 3, 0, -1, 1 / 2],
  [1 / 6, 1 / 2, 1 / 2, -1 / 2],
  [0, 0, 0, 1 / 6],
];

/** The order of a derivative: 0 is the function itself. */
export type DerivativeOrder = 0 | 1 | 2;

/**
 * The weights of the control points at -1, 0, 1 and 2 for a position t in the cell from 0 to 1, or their
 * derivatives by t. Outside the cell the polynomials continue.
 */
export function cubicWeights(t: number, order: DerivativeOrder = 0): number[] {
  return PIECES.map((piece) => derivative(piece, order).reduceRight((sum, c) => sum * t + c, 0));
}

/**
 * The integrals over one cell of the products of the pieces' derivatives: entry 4 i + j is that of the
 * pieces i and j.
 */
export function cellProducts(order: DerivativeOrder): number[] {
  const pieces = PIECES.map((piece) => derivative(piece, order));
  return pieces.flatMap((a) =>
    pieces.map((b) => {
      let sum = 0;
      a.forEach((p, i) => b.forEach((q, j) => sum += p * q / (i + j + 1)));
      return sum;
    })
  );
}

/**
 * The integral of the squared derivative of a spline whose coefficients are a wave, per cell and relative to their
 * squares: the spectrum of the matrix of the products, away from the ends of the axis.
 *
 * @param angle - Phase of the wave from one control point to the next, radians.
 */
export function productsByFrequency(order: DerivativeOrder, angle: number): number {
  return cellProducts(order).reduce(
    (sum, product, i) => sum + product * Math.cos((Math.floor(i / 4) - i % 4) * angle),
    0,
  );
}

function derivative(polynomial: readonly number[], order: DerivativeOrder): readonly number[] {
  let result = polynomial;
  for (let i = 0; i < order; i++) result = result.map((c, power) => c * power).slice(1);
  return result;
}
