/**
 * Masks of the body and of its soft tissue, found by CT numbers.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";
import { clearOuterAir } from "../../volume/flood_fill.ts";

/** CT number between air and tissue. */
const AIR = -400;
/** CT numbers of soft tissue: fat, fluids, organs and muscle. Below are lungs and gas, above is bone. */
const SOFT_TISSUE = [-200, 150] as const;

/** Masks of one grid: 1 inside, else 0. */
export interface TissueMasks {
  /** Everything within the skin, with the air inside the body. */
  readonly body: Uint8Array;
  /** The body without lungs, gas and bone. */
  readonly softTissue: Uint8Array;
}

/**
 * Finds the body and its soft tissue.
 *
 * @param size - Voxels along x, y and z; z from the feet to the head.
 * @param ct - HU, x fastest.
 */
export function tissueMasks(size: Triple, ct: Float32Array): TissueMasks {
  const where = (isInside: (hu: number, i: number) => boolean) =>
    Uint8Array.from({ length: ct.length }, (_, i) => isInside(ct[i], i) ? 1 : 0);
  const inner = where((hu) => hu < AIR);
  clearOuterAir(inner, size);
  const body = where((hu, i) => hu >= AIR || inner[i] === 1);
  const [low, high] = SOFT_TISSUE;
  const softTissue = where((hu) => hu >= low && hu <= high);
  return { body, softTissue };
}
