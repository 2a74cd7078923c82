/**
 * The preconditioner of the deformable registration: the inverse of an approximate Hessian of the cost
 * F = E + lambda R, by frequency.
 *
 * Without it, steps of L-BFGS move single control points where the images have edges, and the displacements
 * between the edges follow over many iterations. With it, a step is as smooth as the regulariser demands.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";
import type { ControlGridInterpolation } from "../../kernels/control_grid/control_grid.ts";
import { productsByFrequency } from "../../kernels/control_grid/cubic_b_spline.ts";
import type { Gpu } from "../../kernels/gpu/gpu.ts";
import type { Regulariser } from "../../kernels/regulariser/regulariser.ts";
import { SpectralScaling } from "../../kernels/optimiser/spectral_scaling.ts";

/**
 * The usual curvature of E by a uniform displacement, 1 / mm^2, as the preconditioner assumes it. Images have less
 * between edges and more at edges: a smaller value makes steps smoother (docs/performance.md compares values).
 */
const CURVATURE = 1e-4;

/** Options of {@link createPreconditioner}. */
export interface PreconditionerOptions {
  /** The regulariser of the cost. */
  readonly regulariser: Regulariser;
  /** The interpolation between control points. Default "linear". */
  readonly interpolation?: ControlGridInterpolation | undefined;
  /** The weight lambda of the regulariser. */
  readonly lambda: number;
  /** Curvature of E by a uniform displacement, 1 / mm^2. Default 1e-4. */
  readonly curvature?: number | undefined;
  /** Control points along each axis. */
  readonly size: Triple;
  /** Distance between neighbouring control points along each axis, mm. */
  readonly spacing: Triple;
}

/**
 * The preconditioner; nothing without a weight, and nothing for a regulariser whose Hessian depends on the
 * displacements (total variation) or is no stiffer than E (the squared L2 norm), as in the paper.
 */
export function createPreconditioner(
  gpu: Gpu,
  options: PreconditionerOptions,
): SpectralScaling | undefined {
  if (options.regulariser !== "bending" || options.lambda === 0) return undefined;
  return new SpectralScaling(gpu, { size: options.size, factors: preconditionerFactors(options) });
}

/**
 * The factors by frequency: the inverse square root of the Hessian of E + lambda R, where E has a uniform curvature
 * and the bending energy R is the squared Laplacian; both are exact for a spline, away from the border. The factor
 * of the mean displacement is 1.
 *
 * @returns One factor per frequency, x fastest.
 */
export function preconditionerFactors(
  { interpolation, lambda, curvature = CURVATURE, size, spacing }: Omit<
    PreconditionerOptions,
    "regulariser"
  >,
): Float32Array {
  const hessian = interpolation === "cubic"
    ? splineHessian(size, spacing, curvature)
    : linearHessian(size, spacing, curvature);
  const [nx, ny, nz] = size;
  const factors = new Float32Array(nx * ny * nz);
  let at = 0;
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, at++) {
        const { data, bending } = hessian(x, y, z);
        factors[at] = Math.sqrt(curvature / (data + 2 * lambda * bending));
      }
    }
  }
  return factors;
}

/**
 * At a frequency, per cell: the integral of the square of a displacement, times the curvature of E, and that of the
 * squares of its second derivatives.
 */
type Hessian = (x: number, y: number, z: number) => { data: number; bending: number };

function linearHessian(size: Triple, spacing: Triple, curvature: number): Hessian {
  const angle = (axis: number, k: number) => Math.PI * k / size[axis];
  // The eigenvalues of -d^2/dx^2 by differences, and of the mass matrix of linear interpolation.
  const laplacian = (axis: number, k: number) =>
    (2 - 2 * Math.cos(angle(axis, k))) / spacing[axis] ** 2;
  const mass = (axis: number, k: number) => (2 + Math.cos(angle(axis, k))) / 3;
  return (x, y, z) => ({
    data: curvature * mass(0, x) * mass(1, y) * mass(2, z),
    bending: (laplacian(0, x) + laplacian(1, y) + laplacian(2, z)) ** 2,
  });
}

function splineHessian(size: Triple, spacing: Triple, curvature: number): Hessian {
  // Of each axis and frequency: the integrals of the squares of the function and of its two derivatives.
  const [alongX, alongY, alongZ] = size.map((points, axis) =>
    Array.from(
      { length: points },
      (_, k) =>
        ([0, 1, 2] as const).map((order) =>
          productsByFrequency(order, Math.PI * k / points) / spacing[axis] ** (2 * order)
        ),
    )
  );
  return (x, y, z) => {
    const [a, b, c] = [alongX[x], alongY[y], alongZ[z]];
    return {
      data: curvature * a[0] * b[0] * c[0],
      bending: a[2] * b[0] * c[0] + a[0] * b[2] * c[0] + a[0] * b[0] * c[2] +
        2 * (a[1] * b[1] * c[0] + a[1] * b[0] * c[1] + a[0] * b[1] * c[1]),
    };
  };
}
