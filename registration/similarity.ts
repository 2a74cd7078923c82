/**
 * What a similarity measure is to the deformable registration.
 *
 * @module
 */

import type { Triple } from "../volume/affine.ts";
import type { ControlGridGeometry } from "../kernels/control_grid.ts";
import type { Prepared } from "../kernels/control_grid_warp.ts";
import type { Gpu, GpuBuffer } from "../kernels/gpu.ts";
import type { GpuImage } from "../kernels/gpu_image.ts";

/** What a similarity works on at one resolution. */
export interface SimilarityInputs {
  /** The control grid over the working grid. */
  readonly geometry: ControlGridGeometry;
  /** The fixed image on the working grid. */
  readonly fixed: GpuImage;
  /** 1 where the fixed image counts, 0 elsewhere; everywhere when absent. */
  readonly fixedMask: GpuImage | undefined;
  /** The moving image on the working grid with a margin, rigidly aligned; below -1e20 where it has no value. */
  readonly moving: GpuImage;
  /** 1 where the moving image counts, on its grid; everywhere when absent. */
  readonly movingMask: GpuImage | undefined;
  /** Where the working grid's voxel (0, 0, 0) lies in the moving image, voxels. */
  readonly origin: Triple;
  /** Voxels per mm along each axis. */
  readonly perVoxel: Triple;
  /** The trial displacements, mm along the grid's axes, one vec4 a control point. */
  readonly knots: GpuBuffer;
  /** Receives dE/dk. */
  readonly gradient: GpuBuffer;
  /** Receives E as its first float and the voxels counted as its second. */
  readonly scalars: GpuBuffer;
}

/** A dissimilarity E and its gradient by the control points. */
export interface Similarity {
  /** Its name in results. */
  readonly name: string;
  /** Bytes of GPU memory a voxel that {@link Similarity.prepare} takes. */
  readonly bytesPerVoxel: number;
  /** Prepares value and gradient at one resolution. */
  prepare(gpu: Gpu, inputs: SimilarityInputs): Prepared;
}
