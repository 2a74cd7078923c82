/**
 * The colours of the Jacobian determinant.
 *
 * @module
 */

import type { Colour } from "./picture.ts";

/** The colours by their pale parts, made once: an array for each pixel takes longer than its colour. */
const BLUE: readonly Colour[] = Array.from({ length: 246 }, (_, pale) => [pale, pale, 245]);
const RED: readonly Colour[] = Array.from({ length: 246 }, (_, pale) => [245, pale, pale]);
const MAGENTA: Colour = [255, 0, 255];

/** Blue where the map contracts, red where it expands (a factor of 2 at full colour), magenta where it folds. */
export function jacobianColour(j: number): Colour {
  if (!(j > 0)) return MAGENTA;
  const t = Math.min(Math.max(Math.log2(j), -1), 1);
  const pale = Math.round(245 * (1 - Math.abs(t)));
  return (t < 0 ? BLUE : RED)[pale];
}
