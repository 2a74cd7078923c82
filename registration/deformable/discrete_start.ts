/**
 * The start of a deformable registration by a discrete search: displacements of up to 48 mm along each axis, which a descent from
 * the rigid registration may not find.
 *
 * @module
 */

import {
  invert,
  type Matrix4,
  multiply,
  transformPoint,
  type Triple,
} from "../../volume/affine.ts";
import type { Grid } from "../../volume/grid.ts";
import type { ControlGridGeometry } from "../../kernels/control_grid/control_grid.ts";
import { costBytes } from "../../kernels/discrete_search/displacement_costs.ts";
import {
  type DiscreteField,
  discreteSearch,
  discreteSearchBytes,
} from "../../kernels/discrete_search/discrete_search.ts";
import { searchWindow } from "../../kernels/discrete_search/search_window.ts";
import type { Gpu } from "../../kernels/gpu/gpu.ts";
import { type GpuImage, imageBytes } from "../../kernels/gpu/image.ts";
import { NO_VALUE } from "../../kernels/gpu/no_value.ts";
import { Owned } from "../../kernels/gpu/owned.ts";
import { pyramidLevel } from "../../kernels/image/pyramid.ts";
import { interpolateClamped, resample } from "../../kernels/image/resample.ts";
import { mindDescriptors } from "../../kernels/mind/descriptor.ts";
import { NoOverlapError } from "../errors.ts";
import type { IntensityRanges } from "../similarity/similarity.ts";
import type { InputImages } from "./level.ts";

/** Edge of a block, mm: the distance of the points and the step of the displacements. */
const BLOCK = 16;
/** Voxels along the edge of a block. */
const EDGE = 4;
/** Largest displacement along each axis, blocks. */
const RADIUS = 3;
/** A search whose directions agree less is not trusted; {@link isTrusted}. */
const LEAST_AGREEMENT = 0.23;
/** The start "automatic" searches if a twentieth of the control points moves further at the coarsest level, mm. */
const LARGE_MOTION = 20;
/** Standard deviation of the patches of MIND-SSC, voxels. */
const SIGMA = 0.8;
/** The costs of all displacements fit into the smallest binding that WebGPU guarantees; blocks grow with the image. */
const MAX_COST_BYTES = 2 ** 27;
/** Factor by which blocks grow. */
const GROWTH = 1.1;
/** Bytes per voxel of the blocks of one image, its mask, its descriptors and their scratch. */
const DESCRIPTOR_BYTES = 72;

/** The blocks of a discrete search over the fixed image. */
interface BlockPlan {
  /** Blocks along each axis; they cover the fixed image. */
  readonly points: Triple;
  /** Blocks of the moving image along each axis: a margin of {@link RADIUS} more on each side. */
  readonly movingBlocks: Triple;
  /** Edge of a block, mm. */
  readonly block: number;
  /** Index of a voxel of a block of the fixed image to fixed RAS mm. */
  readonly affine: Matrix4;
}

/** The displacements that a discrete search found. */
export interface DiscreteStart
  extends Pick<DiscreteField, "points" | "displacements" | "agreement"> {
  /** Edge of a block, mm. */
  readonly block: number;
  /** Index of a point to fixed RAS mm. */
  readonly affine: Matrix4;
}

/** Options of {@link discreteStart}. */
export interface DiscreteStartOptions extends IntensityRanges {
  /** The images on their own grids. */
  readonly images: InputImages;
  /** The fixed image's grid. */
  readonly fixedGrid: Grid;
  /** The moving image's grid. */
  readonly movingGrid: Grid;
  /** Fixed RAS mm to moving RAS mm, applied after the displacement. */
  readonly initial: Matrix4;
}

/** The blocks of 16 mm over a fixed image, or of more for an image of more than a trunk. */
function planBlocks({ size, spacing, affine }: Grid): BlockPlan {
  const window = searchWindow(RADIUS);
  const pointsOf = (edge: number) =>
    size.map((n, axis) => Math.ceil(n * spacing[axis] / edge - 1e-6)) as unknown as Triple;
  let block = BLOCK;
  let points = pointsOf(block);
  while (costBytes(points[0] * points[1] * points[2], window) > MAX_COST_BYTES) {
    block *= GROWTH;
    points = pointsOf(block);
  }
  // The blocks have the centre of the image.
  const [sx, sy, sz] = spacing.map((h) => block / EDGE / h);
  const [ox, oy, oz] = [sx, sy, sz].map((step, axis) =>
    (size[axis] - 1 - step * (EDGE * points[axis] - 1)) / 2
  );
  return {
    points,
    movingBlocks: points.map((n) => n + 2 * RADIUS) as unknown as Triple,
    block,
    affine: multiply(affine, [sx, 0, 0, ox, 0, sy, 0, oy, 0, 0, sz, oz, 0, 0, 0, 1]),
  };
}

const voxelsOf = (blocks: Triple) => blocks.map((n) => EDGE * n) as unknown as Triple;

/** GPU memory that {@link discreteStart} takes in addition to the images, bytes. A test compares it with what is taken. */
export function discreteStartBytes(fixed: Grid, moving: Grid): number {
  const { points, movingBlocks } = planBlocks(fixed);
  const [px, py, pz] = voxelsOf(movingBlocks);
  const [fx, fy, fz] = voxelsOf(points);
  return Math.max(
    // While an image is smoothed, before it is resampled.
    2 * imageBytes(fixed.size),
    // The descriptors of the fixed image are there, and the resampled mask is not there yet.
    2 * imageBytes(moving.size) + 8 * fx * fy * fz,
    // The descriptors of the fixed image are there while those of the moving image are computed.
    (8 + DESCRIPTOR_BYTES) * px * py * pz,
    16 * px * py * pz + discreteSearchBytes({ points, movingBlocks, radius: RADIUS }),
  );
}

/**
 * Searches the displacements from the fixed to the moving image after the rigid registration.
 *
 * @throws {NoOverlapError} when an image has no block with sufficient voxels, so that there is nothing to compare.
 */
export async function discreteStart(
  gpu: Gpu,
  { images, fixedGrid, movingGrid, initial, fixedRange, movingRange }: DiscreteStartOptions,
): Promise<DiscreteStart> {
  const { points, movingBlocks, block, affine } = planBlocks(fixedGrid);
  const owned = new Owned();
  try {
    const describe = (
      image: GpuImage,
      mask: GpuImage | undefined,
      { low, high }: IntensityRanges["fixedRange"],
      to: { readonly size: Triple; readonly matrix: Matrix4 },
    ) =>
      Owned.during((temporary) =>
        owned.add(mindDescriptors(gpu, {
          source: temporary.add(pyramidLevel(gpu, { source: image, outside: NO_VALUE, ...to })),
          mask: mask && temporary.add(resample(gpu, { source: mask, outside: 0, ...to })),
          neighbourhood: "ssc",
          sigma: SIGMA,
          scale: high > low ? 255 / (high - low) : 1,
          bits: 5,
        }))
      );
    const margin = RADIUS * EDGE;
    const shift = [1, 0, 0, -margin, 0, 1, 0, -margin, 0, 0, 1, -margin, 0, 0, 0, 1];
    const fixed = describe(images.fixed, images.fixedMask, fixedRange, {
      size: voxelsOf(points),
      matrix: multiply(fixedGrid.inverse, affine),
    });
    const moving = describe(images.moving, images.movingMask, movingRange, {
      size: voxelsOf(movingBlocks),
      matrix: multiply(movingGrid.inverse, multiply(initial, multiply(affine, shift))),
    });
    const found = await discreteSearch(gpu, {
      fixed,
      moving,
      origin: [RADIUS, RADIUS, RADIUS],
      edge: EDGE,
      radius: RADIUS,
    });
    requireBlocks("fixed", found.fixedBlocks, block);
    requireBlocks("moving", found.movingBlocks, block);
    const centre = (EDGE - 1) / 2;
    const toVoxel = [EDGE, 0, 0, centre, 0, EDGE, 0, centre, 0, 0, EDGE, centre, 0, 0, 0, 1];
    const { displacements, agreement } = found;
    return { points, displacements, agreement, block, affine: multiply(affine, toVoxel) };
  } finally {
    owned.destroy();
  }
}

/** Refuses an image of which no block can be compared: every displacement would have the same cost, and none be found. */
function requireBlocks(name: "fixed" | "moving", blocks: number, block: number): void {
  if (blocks > 0) return;
  throw new NoOverlapError(
    `The discrete search cannot compare any block of the ${name} image. It needs blocks of ${
      Number(block.toPrecision(3))
    } mm along each axis of which a quarter lies in the image and inside its mask. Choose the start "rigid" ` +
      "(--start rigid).",
  );
}

/**
 * True if a level has moved parts of the image so far that a search may find more: the 95th percentile of the lengths
 * of the displacements, mm, is above 20. docs/validation.md has the values of several pairs.
 *
 * @param displacements - One vec4 per control point.
 */
export function isLargeMotion(displacements: Float32Array): boolean {
  const lengths = Float32Array.from(
    { length: displacements.length / 4 },
    (_, i) => Math.hypot(...displacements.subarray(4 * i, 4 * i + 3)),
  ).sort();
  return lengths[Math.floor(0.95 * (lengths.length - 1))] > LARGE_MOTION;
}

/**
 * True if a search can be trusted. On the phantoms by which the limit was chosen, its directions agree on 27 to 36 % of
 * the displaced points where it finds the motion, and on 9 to 18 % where it may lead to a wrong minimum; on others the
 * shares overlap, as docs/validation.md says.
 */
export function isTrusted({ agreement }: Pick<DiscreteStart, "agreement">): boolean {
  return agreement >= LEAST_AGREEMENT;
}

/**
 * The displacements at the control points of a level, in mm along the axes of its grid, one vec4 per control point. A
 * cubic spline takes them as its coefficients, which smooths them.
 */
export function displacementsFrom(
  { points, displacements, block, affine }: Omit<DiscreteStart, "agreement">,
  { size, stride, interpolation }: ControlGridGeometry,
  grid: Grid,
): Float32Array {
  const toPoint = multiply(invert(affine), grid.affine);
  const components = [0, 1, 2].map((c) => displacements.filter((_, i) => i % 4 === c));
  const first = interpolation === "cubic" ? -1 : 0;
  const start = new Float32Array(4 * size[0] * size[1] * size[2]);
  for (let z = 0, at = 0; z < size[2]; z++) {
    for (let y = 0; y < size[1]; y++) {
      for (let x = 0; x < size[0]; x++, at += 4) {
        const point = transformPoint(toPoint, [
          (x + first) * stride[0],
          (y + first) * stride[1],
          (z + first) * stride[2],
        ]);
        components.forEach((data, c) =>
          start[at + c] = block * interpolateClamped({ size: points, data }, point)
        );
      }
    }
  }
  return start;
}
