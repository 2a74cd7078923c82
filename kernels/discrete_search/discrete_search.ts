/**
 * A discrete search of a displacement field: from all displacements in a window, points choose those with which the
 * images look alike around them and which their neighbours choose, too. Unlike a descent along a gradient, it finds
 * displacements that are larger than the structures of the images.
 *
 * It follows ConvexAdam (Siebert, Hansen and Heinrich 2021): mean MIND-SSC descriptors of blocks, their squared
 * differences, a coupled convex optimisation, in both directions, made inverse to each other.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";
import type { Gpu, GpuBuffer } from "../gpu/gpu.ts";
import { Owned } from "../gpu/owned.ts";
import type { Recorder } from "../gpu/recorder.ts";
import type { MindDescriptors } from "../mind/descriptor.ts";
import { agreementOf } from "./agreement.ts";
import { coupledMinimumReference, recordCoupledMinimum } from "./coupled_minimum.ts";
import {
  costBytes,
  displacementCostsReference,
  recordDisplacementCosts,
  type SearchBlocks,
} from "./displacement_costs.ts";
import { inverseConsistencyReference, recordInverseConsistency } from "./inverse_consistency.ts";
import {
  countBlocks,
  poolDescriptors,
  poolDescriptorsReference,
  pooledBytes,
} from "./pooled_descriptors.ts";
import { searchWindow } from "./search_window.ts";
import { recordSmoothCosts, smoothCostsReference } from "./smooth_costs.ts";

/** The weights of the coupling in its iterations, for distances in blocks and squared differences of 12 channels. */
const COUPLINGS: readonly number[] = [0.0003, 0.001, 0.003, 0.01, 0.03, 0.1];
/**
 * The cost of any displacement but 0. A smaller gain says nothing: organs without texture look alike wherever they lie.
 * The costs of a point of a body differ by 1.4.
 */
const MOTION_COST = 0.015;
/** Steps that make the fields of both directions inverse to each other. */
const CONSISTENCY_STEPS = 16;

/** The images of a discrete search, as `Image`. */
export interface DiscreteSearchOptions<Image> {
  /** The fixed image. It consists of whole blocks; each block is a point. */
  readonly fixed: Image;
  /** The moving image, in whole blocks of the same size. */
  readonly moving: Image;
  /** The block of the moving image at block (0, 0, 0) of the fixed image. */
  readonly origin: Triple;
  /** Voxels along an edge of a block. */
  readonly edge: number;
  /** The largest displacement along each axis, blocks. */
  readonly radius: number;
}

/** The result of {@link discreteSearch}. */
export interface DiscreteField {
  /** Points along each axis, one per block of the fixed image. */
  readonly points: Triple;
  /** Displacements in blocks, one vec4 (x, y, z, 0) per point. */
  readonly displacements: Float32Array;
  /**
   * The share of the displaced points (half a block or more) whose displacements in both directions cancel to within a
   * quarter of a block, before they are made inverse to each other: from 0 to 1, and 0 if no point is displaced.
   */
  readonly agreement: number;
  /** Blocks of the fixed image that have sufficient voxels to be compared. If there are none, all displacements are 0. */
  readonly fixedBlocks: number;
  /** The same of the moving image. */
  readonly movingBlocks: number;
}

/** Bytes of GPU memory of a search, in addition to the descriptors of the voxels. */
export function discreteSearchBytes(
  { points, movingBlocks, radius }: {
    /** Points along each axis. */
    readonly points: Triple;
    /** Blocks of the moving image along each axis. */
    readonly movingBlocks: Triple;
    /** The largest displacement along each axis, blocks. */
    readonly radius: number;
  },
): number {
  const count = points[0] * points[1] * points[2];
  const moving = movingBlocks[0] * movingBlocks[1] * movingBlocks[2];
  return 2 * costBytes(count, searchWindow(radius)) + 4 * 16 * count + pooledBytes(count + moving);
}

/**
 * Searches the displacement from each block of the fixed image to the moving image.
 *
 * @throws {RangeError} when the descriptors are not MIND-SSC with 5 bits, or an image does not consist of whole blocks.
 */
export async function discreteSearch(
  gpu: Gpu,
  { fixed, moving, origin, edge, radius }: DiscreteSearchOptions<MindDescriptors>,
): Promise<DiscreteField> {
  const owned = new Owned();
  try {
    const pooled = (descriptors: MindDescriptors) =>
      owned.add(poolDescriptors(gpu, { descriptors, edge }));
    const directions = directionsOf({
      fixed: pooled(fixed),
      moving: pooled(moving),
      origin,
      edge,
      radius,
    });
    const [{ points, window, from, to }] = directions;
    const count = points[0] * points[1] * points[2];
    const buffer = (label: string, bytes: number) => owned.add(gpu.buffer(label, bytes));
    const costs = buffer("costs", costBytes(count, window));
    const smoothed = buffer("smooth costs", costBytes(count, window));
    const fieldBuffers = (label: string) =>
      [buffer(`${label} 1`, 16 * count), buffer(`${label} 2`, 16 * count)] as const;
    const fields = fieldBuffers("discrete field");
    const scratch = fieldBuffers("discrete field, scratch");
    const submit = (label: string, record: (recorder: Recorder) => void) => {
      const recorder = gpu.record(label);
      try {
        record(recorder);
        recorder.submit();
      } finally {
        recorder[Symbol.dispose]();
      }
    };
    const download = async (field: GpuBuffer) =>
      new Float32Array(await gpu.download(field, 0, 16 * count));
    submit("discrete search", (recorder) =>
      directions.forEach((direction, index) => {
        recordDisplacementCosts(recorder, direction, costs);
        recordSmoothCosts(recorder, { points, quads: window.quads, costs, smoothed });
        recordCoupledMinimum(recorder, {
          points,
          window,
          couplings: COUPLINGS,
          motionCost: MOTION_COST,
          costs: smoothed,
          field: fields[index],
          scratch: scratch[index],
        });
      }));
    const [forward, backward] = await Promise.all(fields.map(download));
    submit(
      "inverse consistency",
      (recorder) =>
        recordInverseConsistency(recorder, { points, steps: CONSISTENCY_STEPS, fields, scratch }),
    );
    const [displacements, fixedBlocks, movingBlocks] = await Promise.all([
      download(fields[0]),
      countBlocks(gpu, from),
      countBlocks(gpu, to),
    ]);
    const agreement = agreementOf({ points, forward, backward });
    return { points, displacements, agreement, fixedBlocks, movingBlocks };
  } finally {
    owned.destroy();
  }
}

/** The search from the fixed image to the moving image, and the search back. */
function directionsOf<Image extends { readonly size: Triple }>(
  { fixed, moving, origin, radius }: DiscreteSearchOptions<Image>,
): readonly [SearchBlocks<Image>, SearchBlocks<Image>] {
  const window = searchWindow(radius);
  const points = fixed.size;
  return [
    { points, from: fixed, fromOrigin: [0, 0, 0], to: moving, toOrigin: origin, window },
    { points, from: moving, fromOrigin: origin, to: fixed, toOrigin: [0, 0, 0], window },
  ];
}

/**
 * The plain twin of {@link discreteSearch}, of entries as `mindDescriptorsReference()` returns them.
 *
 * @returns x, y, z of each point, in blocks.
 */
export function discreteSearchReference(
  options: DiscreteSearchOptions<
    { readonly size: Triple; readonly entries: ArrayLike<number> }
  >,
): Float64Array {
  const pooled = (image: { readonly size: Triple; readonly entries: ArrayLike<number> }) =>
    poolDescriptorsReference({ ...image, edge: options.edge });
  const [forward, backward] = directionsOf({
    ...options,
    fixed: pooled(options.fixed),
    moving: pooled(options.moving),
  }).map((blocks) => {
    const { points, window } = blocks;
    const costs = smoothCostsReference(
      displacementCostsReference(blocks),
      points,
      4 * window.quads,
    );
    return coupledMinimumReference({
      points,
      window,
      couplings: COUPLINGS,
      motionCost: MOTION_COST,
      costs,
    });
  });
  const points = poolDescriptorsReference({ ...options.fixed, edge: options.edge }).size;
  return inverseConsistencyReference(points, CONSISTENCY_STEPS, [forward, backward])[0];
}
