/**
 * The order of fat and muscle in a synthesised image: the check of its soft-tissue contrast that needs no true image.
 *
 * CT shows fat darker than muscle, T1-weighted MR shows it brighter. A cycle-GAN that keeps the order of its
 * input has inverted the contrast of soft tissue.
 *
 * @module
 */

import type { Modality } from "../volume/modality.ts";
import type { Triple } from "../volume/affine.ts";
import { selectedValues } from "../volume/selected_values.ts";

/** Options of {@link softTissueOrder}. Both images lie on one grid. */
export interface SoftTissueOrderOptions {
  /** Voxels along each axis, the first fastest. */
  readonly size: Triple;
  /** The modality of the synthesised image. */
  readonly of: Modality;
  /** The source: a CT in HU, or an MR as a share of its range, 0 to 1. */
  readonly source: Float32Array;
  /** The synthesised image as a share of its range, 0 to 1. */
  readonly synthesis: Float32Array;
}

/** The result of {@link softTissueOrder}. */
export interface SoftTissueOrder {
  /** Median of the synthesis in the fat of the source, as a share of the range; NaN without fat. */
  readonly fat: number;
  /** Median of the synthesis in the muscles and organs of the source, as a share of the range. */
  readonly muscle: number;
  /**
   * Contrast of fat and muscle as a share of the range. It is positive if the order is that of the modality
   * (fat brighter in MR, darker in CT), negative if the contrast is inverted, NaN if a tissue is missing.
   */
  readonly contrast: number;
}

/** The intensities of a tissue in the source: CT in HU, T1-weighted MR as a share of the range. */
const TISSUES = {
  ct: { fat: [-150, -50], muscle: [20, 80] },
  mr: { fat: [0.7, Infinity], muscle: [0.2, 0.45] },
} as const;
/** Minimum number of voxels of a tissue. */
const MIN_VOXELS = 20;

/**
 * Finds fat and muscle in the source by their intensities, and their medians in the synthesis. A voxel belongs to
 * a tissue if it and its four neighbours along the first two axes have intensities of the tissue: at a border
 * of air and muscle, partial volume has the intensities of fat.
 *
 * @example Usage
 * ```ts
 * import { softTissueOrder } from "./soft_tissue_order.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const source = Float32Array.from({ length: 400 }, (_, i) => i % 20 < 10 ? -100 : 50);
 * const { contrast } = softTissueOrder({
 *   size: [20, 20, 1],
 *   of: "mr",
 *   source,
 *   synthesis: source.map((hu) => hu < 0 ? 0.75 : 0.25),
 * });
 * assertEquals(contrast, 0.5);
 * ```
 */
export function softTissueOrder(options: SoftTissueOrderOptions): SoftTissueOrder {
  const { of, synthesis } = options;
  const { fat, muscle } = TISSUES[of === "mr" ? "ct" : "mr"];
  const inFat = median(valuesIn(options, synthesis, fat));
  const inMuscle = median(valuesIn(options, synthesis, muscle));
  return {
    fat: inFat,
    muscle: inMuscle,
    contrast: of === "mr" ? inFat - inMuscle : inMuscle - inFat,
  };
}

/** The values of an image where the source and its neighbours are between two intensities. */
function valuesIn(
  { size: [nx, ny], source }: SoftTissueOrderOptions,
  image: Float32Array,
  [low, high]: readonly [number, number],
): Float32Array {
  const isIn = (i: number) => source[i] >= low && source[i] <= high;
  return selectedValues(image, (_, i) => {
    const x = i % nx;
    const y = Math.floor(i / nx) % ny;
    if (x === 0 || y === 0 || x === nx - 1 || y === ny - 1) return false;
    return isIn(i) && isIn(i - 1) && isIn(i + 1) && isIn(i - nx) && isIn(i + nx);
  });
}

/** The median; NaN of few values. */
function median(values: Float32Array): number {
  if (values.length < MIN_VOXELS) return NaN;
  return values.sort()[values.length >> 1];
}
