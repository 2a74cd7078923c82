/**
 * Masks of the body and of its soft tissue, found by CT numbers.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";
import { clearOuterAir } from "./flood_fill.ts";

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
  const inner = Uint8Array.from(ct, (hu) => hu < AIR ? 1 : 0);
  clearOuterAir(inner, size);
  const body = Uint8Array.from(ct, (hu, i) => hu >= AIR || inner[i] === 1 ? 1 : 0);
  const [low, high] = SOFT_TISSUE;
  const softTissue = Uint8Array.from(ct, (hu) => hu >= low && hu <= high ? 1 : 0);
  return { body, softTissue };
}
