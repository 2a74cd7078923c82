/**
 * The place of a magnified picture along one side of a canvas, and how gestures change it.
 *
 * All lengths along the canvas are in canvas pixels. Positions in the picture are in its pixels, from the centre of the
 * first one, as those of `slicePosition()`.
 *
 * @module
 */

/** A side of a canvas: the width with the columns of the picture, or the height with its rows. */
export interface Side {
  /** The length of the side, canvas pixels. */
  readonly canvas: number;
  /** Number of pixels of the picture along it. */
  readonly count: number;
}

/** A gesture along a side. */
export interface Gesture {
  /** The place whose point of the picture the gesture holds, from the start of the side, canvas pixels. */
  readonly at: number;
  /** The way of this point along the side, canvas pixels. */
  readonly shift: number;
}

/** The canvas pixels per pixel of the picture with which the whole picture fits into the canvas. */
export function fittingScale(width: Side, height: Side): number {
  return Math.min(width.canvas / width.count, height.canvas / height.count);
}

/**
 * The place of the picture's first edge. A picture that fits into the side is in its middle. Of a larger picture, the
 * position `middle` is in the middle of the side, or as near to it as it can be without an empty strip at an end.
 *
 * @param scale - Canvas pixels per pixel of the picture.
 */
export function firstEdge({ canvas, count }: Side, scale: number, middle: number): number {
  const length = scale * count;
  if (length <= canvas) return (canvas - length) / 2;
  return Math.min(0, Math.max(canvas - length, canvas / 2 - scale * (middle + 0.5)));
}

/**
 * The position in the middle of a side after a gesture: the point that was at `at` is then at `at + shift`, or as near
 * to it as {@link firstEdge} permits. The position does not change while the picture fits into the side.
 *
 * @param before - The scale before the gesture.
 * @param after - The scale after it.
 * @param middle - The position in the middle before it.
 */
export function middleAfter(
  side: Side,
  before: number,
  after: number,
  middle: number,
  { at, shift }: Gesture,
): number {
  // A tolerance, because the scale that fits is a rounded quotient.
  if (after * side.count <= side.canvas * (1 + 1e-9)) return middle;
  const held = (at - firstEdge(side, before, middle)) / before;
  const wanted = (side.canvas / 2 - (at + shift) + after * held) / after - 0.5;
  // The position that is shown, so that the way back begins at once after a move beyond the end.
  return (side.canvas / 2 - firstEdge(side, after, wanted)) / after - 0.5;
}
