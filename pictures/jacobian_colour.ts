/**
 * The colours of the Jacobian determinant.
 *
 * @module
 */

import type { Colour } from "./picture.ts";

/** Blue where the map contracts, red where it expands (a factor of 2 at full colour), magenta where it folds. */
export function jacobianColour(j: number): Colour {
  if (!(j > 0)) return [255, 0, 255];
  const t = Math.min(Math.max(Math.log2(j), -1), 1);
  const pale = Math.round(245 * (1 - Math.abs(t)));
  return t < 0 ? [pale, pale, 245] : [245, pale, pale];
}
