/**
 * Similarities on small images, for tests: the gradient by the displacements against differences of the value.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Triple } from "../volume/affine.ts";
import {
  type ControlGridGeometry,
  controlGridGeometry,
  type ControlGridInterpolation,
  controlPoints,
} from "../kernels/control_grid/control_grid.ts";
import type { Gpu } from "../kernels/gpu/gpu.ts";
import { uploadImage } from "../kernels/gpu/image.ts";
import { Owned } from "../kernels/gpu/owned.ts";
import type { SimilarityOptions } from "../registration/similarity/similarities.ts";
import {
  createSimilarity,
  type Similarity,
  type SimilarityInputs,
  type SimilarityKind,
} from "../registration/similarity/similarity.ts";
import { random } from "./random.ts";

/** A smooth image with bumps, shifted along x by so many voxels. */
function bumps(size: Triple, shift: number): Float32Array {
  const [nx, ny, nz] = size;
  const data = new Float32Array(nx * ny * nz);
  for (let z = 0, i = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, i++) {
        const s = x + shift;
        data[i] = Math.sin(s * 0.31) + Math.sin(y * 0.27 + 0.1 * s) + Math.cos(z * 0.33 - 0.07 * y);
      }
    }
  }
  return data;
}

/** A similarity on two images with bumps, of which the second is remapped and shifted. */
export interface SimilarityCase {
  /** The similarity. */
  readonly kind: SimilarityKind;
  /** The options of the similarity. */
  readonly options?: SimilarityOptions | undefined;
  /** True if the fixed image has a mask with holes. */
  readonly masked?: boolean | undefined;
  /** The interpolation of the control grid. Default "linear". */
  readonly interpolation?: ControlGridInterpolation | undefined;
}

/** The control grid of the cases. */
export function similarityGeometry(interpolation?: ControlGridInterpolation): ControlGridGeometry {
  return controlGridGeometry([41, 38, 35], [5, 4, 6], interpolation);
}

/**
 * The inputs of a similarity case, and the similarity.
 *
 * @param owned - Owner of the images and buffers.
 */
export function similarityCase(
  gpu: Gpu,
  { kind, options, masked = false, interpolation }: SimilarityCase,
  owned: Owned,
): { similarity: Similarity; inputs: SimilarityInputs } {
  const geometry = similarityGeometry(interpolation);
  const size = geometry.image;
  const spacing: Triple = [2, 3, 2.5];
  const margin: Triple = [3, 3, 3];
  const padded = size.map((n) => n + 6) as unknown as Triple;
  const count = controlPoints(geometry);
  const upload = (label: string, at: Triple, data: Float32Array) =>
    owned.add(uploadImage(gpu, label, at, data));
  // A non-monotone remap, a little apart.
  const remapped = bumps(padded, -2.6).map((v) => 100 * Math.abs(v - 0.4));
  const inside = (n: number) => Float32Array.from({ length: n }, (_, i) => i % 11 === 0 ? 0 : 1);
  const inputs = {
    geometry,
    fixed: upload("fixed", size, bumps(size, 0)),
    fixedMask: masked ? upload("mask", size, inside(size[0] * size[1] * size[2])) : undefined,
    moving: upload("moving", padded, remapped),
    movingMask: undefined,
    origin: margin,
    perVoxel: spacing.map((h) => 1 / h) as unknown as Triple,
    displacements: owned.add(gpu.buffer("displacements", 16 * count)),
    gradient: owned.add(gpu.buffer("gradient", 16 * count)),
    scalars: owned.add(gpu.buffer("scalars", 32)),
  };
  const ranges = {
    fixedRange: { low: -2.5, high: 2.5, bins: 32 },
    movingRange: { low: 0, high: 300, bins: 32 },
  };
  return { similarity: createSimilarity(kind, ranges, options), inputs };
}

/** Seeds of the two points. */
const SEEDS = [4, 5];
/** Steps of the central differences along the gradient, mm. */
const STEPS_ALONG = [0.06, 0.07, 0.08, 0.1, 0.12, 0.14];
/** Steps of the central differences along a random direction, as multiples of it. */
const STEPS_ACROSS = [0.06, 0.08, 0.1];

/**
 * The largest relative error of three directional derivatives: along the gradient and along a random direction at
 * one point, and along another random direction at a second point. Along the gradient alone, a gradient that lacks
 * an axis, or the control points of the border, would be right.
 *
 * A derivative is the mean of central differences over several steps, since a value in 32-bit floats is known to
 * 1e-7 only. The errors are relative to the norm of the gradient; the derivatives along the random directions are
 * some percent of it.
 */
export async function gradientError(gpu: Gpu, similarityOf: SimilarityCase): Promise<number> {
  using owned = new Owned();
  const { similarity, inputs } = similarityCase(gpu, similarityOf, owned);
  const { displacements, gradient, scalars, geometry } = inputs;
  const prepared = owned.add(similarity.prepare(gpu, inputs));
  const evaluate = async (values: Float32Array) => {
    gpu.write(displacements, values);
    const recorder = gpu.record("evaluate");
    prepared.dispatches.forEach((dispatch) => recorder.run(dispatch));
    recorder.submit();
    return new Float32Array(await gpu.download(scalars))[0];
  };
  const derivative = async (at: Float32Array, direction: Float32Array, steps: number[]) => {
    const moved = (by: number) => at.map((k, i) => k + by * direction[i]);
    let sum = 0;
    for (const h of steps) {
      sum += (await evaluate(moved(h)) - await evaluate(moved(-h))) / (2 * h * steps.length);
    }
    return sum;
  };
  let worst = 0;
  for (const seed of SEEDS) {
    const at = randomDisplacements(geometry, 2, seed);
    gpu.write(displacements, at);
    await prepared.begin?.(at);
    await evaluate(at);
    const slopes = new Float32Array(await gpu.download(gradient));
    const norm = Math.sqrt(slopes.reduce((sum, g) => sum + g * g, 0));
    assertEquals(norm > 0, true);
    const across = randomDisplacements(geometry, 0.15, seed + 10);
    const expected = across.reduce((sum, d, i) => sum + d * slopes[i], 0);
    const errors = [await derivative(at, across, STEPS_ACROSS) - expected];
    if (seed === SEEDS[0]) {
      const along = slopes.map((g) => g / norm);
      errors.push(await derivative(at, along, STEPS_ALONG) - norm);
    }
    worst = Math.max(worst, ...errors.map((error) => Math.abs(error) / norm));
  }
  return worst;
}

/** Random displacements of up to half of `extent` mm along each axis, one vec4 (x, y, z, 0) per control point. */
export function randomDisplacements(
  geometry: ControlGridGeometry,
  extent: number,
  seed: number,
): Float32Array {
  const next = random(seed);
  return Float32Array.from(
    { length: 4 * controlPoints(geometry) },
    (_, i) => i % 4 === 3 ? 0 : extent * (next() - 0.5),
  );
}
