/**
 * The acquisition of a coronal T1-weighted MR image: readout from feet to head, phase encoding from left to right,
 * slices from back to front. Chemical shift, slice profile and breathing act on the noise-free signal.
 *
 * @module
 */

import type { Grid } from "../../volume/grid.ts";
import { blurAlong, eachLine, gridAxisAlong, shiftAlong } from "./lines.ts";
import { RandomStream } from "./random.ts";
import type { Realism } from "./realism.ts";

/** The signal of a body on a grid, before the acquisition. */
export interface MrSignal {
  /** The signal of water. */
  readonly water: Float32Array;
  /** The signal of fat. */
  readonly fat: Float32Array;
  /** The part of the diaphragm's motion that the breath gives to each voxel, 0 to 1. */
  readonly moving: Float32Array;
}

/** A complex image. */
export interface ComplexImage {
  /** The real part. */
  readonly real: Float32Array;
  /** The imaginary part; undefined if it is 0 everywhere. */
  readonly imaginary: Float32Array | undefined;
}

/** The noise-free complex image of a signal. The seed draws the place and the phase of the ghosts. */
export function acquireMr(
  signal: MrSignal,
  { grid, realism, seed }: {
    readonly grid: Grid;
    readonly realism: Realism;
    readonly seed: number;
  },
): ComplexImage {
  const { size } = grid;
  const real = withChemicalShift(signal, grid, realism.chemicalShift);
  const slices = gridAxisAlong(grid, 1);
  blurAlong(real, { size, axis: slices.axis, variance: (realism.sliceBlur / slices.step) ** 2 });
  if (realism.breathingMotion === 0) return { real, imaginary: undefined };
  const imaginary = new Float32Array(real.length);
  const random = new RandomStream(seed, 93);
  addBreathing({ real, imaginary }, signal.moving, {
    grid,
    amplitude: realism.breathingMotion,
    distance: random.between(0.15, 0.45),
    phase: random.between(0, 2 * Math.PI),
  });
  return { real, imaginary };
}

/** Water in its place, and fat too far towards the head by a distance in mm. */
export function withChemicalShift(
  { water, fat }: Pick<MrSignal, "water" | "fat">,
  grid: Grid,
  millimetres: number,
): Float32Array {
  const { axis, step } = gridAxisAlong(grid, 2);
  const sum = shiftAlong(fat, grid.size, axis, millimetres / step);
  for (let i = 0; i < sum.length; i++) sum[i] += water[i];
  return sum;
}

/**
 * Adds the effects of a motion a sin(w t) along the body, in place. While the lines of k-space along the
 * phase-encoding axis are acquired, the moving signal I is I - a sin(w t) dI/dz to first order. Its mean over
 * the time is I blurred with the variance a^2 / 2 of the motion; the sine gives two ghosts of (a / 2) dI/dz, moved
 * by the same distance to both sides, with opposite phases. The ghosts wrap around at the ends of the image.
 */
export function addBreathing(
  { real, imaginary }: { readonly real: Float32Array; readonly imaginary: Float32Array },
  moving: Float32Array,
  { grid, amplitude, distance, phase }: {
    readonly grid: Grid;
    /** The amplitude a in mm. */
    readonly amplitude: number;
    /** The distance of the ghosts as a part of the image's width; rounded to whole voxels. */
    readonly distance: number;
    /** The phase of the motion when the centre of k-space is acquired. */
    readonly phase: number;
  },
): void {
  const { size } = grid;
  const along = gridAxisAlong(grid, 2);
  const ghosts = new Float32Array(real.length);
  eachLine(size, along.axis, (first, stride, length) => {
    for (let i = 1; i < length - 1; i++) {
      const here = first + i * stride;
      const slope = (real[here + stride] - real[here - stride]) / (2 * along.step);
      ghosts[here] = amplitude / 2 * moving[here] * slope;
    }
  });
  const share = moving.map((part) => part * part);
  const variance = amplitude ** 2 / 2 / along.step ** 2;
  blurAlong(real, { size, axis: along.axis, variance, share });
  const cos = Math.cos(phase);
  const sin = Math.sin(phase);
  const across = gridAxisAlong(grid, 0).axis;
  const voxels = Math.round(distance * size[across]);
  eachLine(size, across, (first, stride, length) => {
    for (let i = 0; i < length; i++) {
      // -sin(w t + p) = (i/2) (e^(i (w t + p)) - e^(-i (w t + p))): the two ghosts.
      const left = ghosts[first + (i + voxels) % length * stride];
      const right = ghosts[first + (i + length - voxels % length) % length * stride];
      const here = first + i * stride;
      real[here] -= sin * (left + right);
      imaginary[here] += cos * (right - left);
    }
  });
}
