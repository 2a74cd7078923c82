/**
 * The spacing that an image can have been measured with, along each axis.
 *
 * An interpolation with knots every f voxels leaves traces of this period, whatever its kernel:
 *
 * 1. The differences of neighbouring voxels have the period f. The second difference of a linear interpolation is 0
 *    between two knots. For smoother kernels one of the differences up to the fourth order changes with the distance
 *    from the knot. (Gallagher 2005, "Detection of linear and cubic interpolation in JPEG compressed images"; Popescu
 *    and Farid 2005.)
 * 2. The spectrum is repeated around the frequency 1/f. So the component of a line at the frequency 1/f - w depends on
 *    that at w in the same way for all lines: both are coherent. (Gardner 1986, spectral correlation.)
 *
 * Repeated slices are found by the planes between which nothing changes. An image that was only smoothed has no such
 * trace. The period alone does not tell f = 5 from f = 5/4, because voxels are
 * samples: the coherence does, because a factor of 5/4 repeats the spectrum around 4/5.
 *
 * @module
 */

import type { Triple } from "./affine.ts";
import type { Volume } from "./volume.ts";

/** Maximum number of lines along an axis whose differences are averaged. */
const LINES = 2500;
/** Maximum number of lines whose coherence is measured. */
const COHERENT_LINES = 500;
/** Minimum number of lines that are not constant. */
const MIN_LINES = 24;
/** Minimum number of voxels along the axis. */
const MIN_VOXELS = 16;
/** The orders of the differences of which the period is found. */
const ORDERS = [2, 3, 4] as const;
/** A smaller mean number of equal planes is no repetition: two planes can be equal by chance. */
const MIN_REPEATS = 1.1;
/** The smallest and the largest factor that is found. */
const FACTORS = [2, 12] as const;
/** Minimum number of periods along the axis. */
const MIN_PERIODS = 4;
/** Tested frequencies per width of the spectrum's window. */
const OVERSAMPLING = 6;
/** Half the width of the window of the local mean, planes. */
const LOCAL = 12;
/** Planes whose differences are below this share of the largest local mean are left out, such as those of the air. */
const MIN_DIFFERENCE = 0.02;
/** Minimum modulation of the differences: 0 is constant, 1 has one plane per period. */
const MIN_MODULATION = 0.1;
/** The minimum as a multiple of the median over all periods. */
const MIN_PROMINENCE = 4;
/** A longer period is preferred to that with the strongest modulation, of which it can be a multiple, from this on. */
const SHARE_OF_STRONGEST = 0.5;
/** Minimum coherence of the spectrum with its repetition, 0 to 1. */
const MIN_COHERENCE = 0.5;
/** The minimum as a multiple of the coherence at neighbouring periods, which edges in one plane have, too. */
const MIN_COHERENCE_RATIO = 2;
/** Pairs of frequencies whose coherence is averaged. */
const PAIRS = 6;

/**
 * The spacing in mm that an image can have been measured with: that of its voxels, or along an axis a larger one, if the
 * voxels were interpolated along it. Factors from 2 to 12 are found, at four periods and 16 voxels or more. The kernel
 * may be linear, cubic, a B-spline or a windowed sinc; repeated slices are found, too. An image that was resampled to a
 * rotated grid has no period along its axes and is not found.
 *
 * @example Usage
 * ```ts
 * import { effectiveSpacing } from "./effective_spacing.ts";
 * import { Grid } from "./grid.ts";
 * import { assertEquals } from "@std/assert";
 *
 * // Each second plane is the mean of its neighbours, which have random values.
 * const random = (x: number, y: number, z: number) => Math.abs(Math.sin(12.9 * x + 78.2 * y + 37.7 * z) * 43758.5) % 1;
 * const grid = Grid.axisAligned([12, 12, 33], [1, 1, 3]);
 * const data = Float32Array.from({ length: grid.voxels }, (_, i) => {
 *   const [x, y, z] = [i % 12, Math.floor(i / 12) % 12, Math.floor(i / 144)];
 *   return (random(x, y, z - z % 2) + random(x, y, z + z % 2)) / 2;
 * });
 * assertEquals(effectiveSpacing({ grid, data }).map((mm) => Number(mm.toFixed(1))), [1, 1, 6]);
 * ```
 */
export function effectiveSpacing(image: Volume): Triple {
  const { spacing } = image.grid;
  return [
    spacing[0] * interpolationFactor(image, 0),
    spacing[1] * interpolationFactor(image, 1),
    spacing[2] * interpolationFactor(image, 2),
  ];
}

/** A period that the differences may have. */
interface Period {
  /** The frequency, 1 / voxels. */
  readonly frequency: number;
  /** The modulation of the differences. */
  readonly modulation: number;
}

/** The factor by which the voxels along an axis are smaller than measured ones; 1 if none is found. */
function interpolationFactor(image: Volume, axis: number): number {
  const size = image.grid.size[axis];
  const lowest = Math.max(1 / FACTORS[1], MIN_PERIODS / size);
  if (size < MIN_VOXELS || lowest >= 1 / FACTORS[0]) return 1;
  const lines = linesAlong(image, axis);
  if (lines.length < MIN_LINES) return 1;
  const steps = lines.map(differences);
  const repeats = repeatedPlanes(meanMagnitudes(steps));
  if (repeats !== undefined) return repeats >= FACTORS[0] ? repeats : 1;
  const periods = periodsOf(steps, lowest);
  if (periods.length === 0) return 1;
  const every = Math.ceil(steps.length / COHERENT_LINES);
  const some = steps.filter((_, i) => i % every === 0);
  const strongest = Math.max(...periods.map(({ modulation }) => modulation));
  const found = periods
    .filter(({ modulation }) => modulation >= SHARE_OF_STRONGEST * strongest)
    .sort((a, b) => a.frequency - b.frequency)
    .find(({ frequency }) => isCoherent(some, frequency));
  return found === undefined ? 1 : 1 / found.frequency;
}

/** Lines along an axis at regular distances, without those that are constant. */
function linesAlong({ grid: { size }, data }: Volume, axis: number): Float64Array[] {
  const strides = [1, size[0], size[0] * size[1]];
  const [a, b] = [0, 1, 2].filter((other) => other !== axis);
  const step = Math.max(1, Math.sqrt(size[a] * size[b] / LINES));
  const lines: Float64Array[] = [];
  for (let j = (step - 1) / 2; j < size[b]; j += step) {
    for (let i = (step - 1) / 2; i < size[a]; i += step) {
      const start = Math.floor(i) * strides[a] + Math.floor(j) * strides[b];
      const line = new Float64Array(size[axis]);
      let isConstant = true;
      for (let k = 0; k < line.length; k++) {
        line[k] = data[start + k * strides[axis]];
        if (line[k] !== line[0]) isConstant = false;
      }
      if (!isConstant) lines.push(line);
    }
  }
  return lines;
}

/** The differences of neighbours, one fewer than values. */
function differences(values: Float64Array): Float64Array {
  const result = new Float64Array(values.length - 1);
  for (let i = 0; i < result.length; i++) result[i] = values[i + 1] - values[i];
  return result;
}

/**
 * The number of planes that show each measured one, the mean; undefined if planes are not repeated regularly.
 *
 * @param changes - The mean changes from plane to plane.
 */
function repeatedPlanes(changes: Float64Array): number | undefined {
  const places = Array.from(changes.keys()).filter((i) => changes[i] > 0);
  // The first and the last plane can be cut off, or continued by padding.
  const gaps = places.slice(1).map((place, i) => place - places[i]).slice(1, -1);
  if (gaps.length < MIN_PERIODS) return undefined;
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  // Numbers of repeats differ by rounding only.
  const isRegular = Math.max(...gaps) - Math.min(...gaps) <= 1;
  return isRegular && mean >= MIN_REPEATS ? mean : undefined;
}

/** The periods with peaks of the modulation, from a lowest frequency on, of lines of first differences. */
function periodsOf(steps: readonly Float64Array[], lowest: number): Period[] {
  const distance = 1 / (OVERSAMPLING * steps[0].length);
  const count = Math.ceil((0.5 - lowest) / distance) + 1;
  // The last frequency is exactly 1/2, the factor 2.
  const frequencyAt = (i: number) => 0.5 - (count - 1 - i) * distance;
  const periods: Period[] = [];
  let current = steps;
  for (const _order of ORDERS) {
    current = current.map(differences);
    const profile = flattened(meanMagnitudes(current));
    if (profile === undefined) continue;
    const found = Float64Array.from(
      { length: count },
      (_, i) => modulationAt(profile, frequencyAt(i)),
    );
    const least = Math.max(MIN_MODULATION, MIN_PROMINENCE * found.toSorted()[count >> 1]);
    found.forEach((modulation, i) => {
      const before = found[i - 1] ?? 0;
      // The spectrum is symmetric about 1/2.
      const after = found[i + 1] ?? before;
      if (modulation < least || modulation < before || modulation < after) return;
      // The top of the parabola through the three values.
      const top = (before - after) / (2 * (before + after - 2 * modulation) || 1);
      periods.push({ frequency: frequencyAt(i) + top * distance, modulation });
    });
  }
  return periods;
}

/** The mean magnitude of the values of each plane. */
function meanMagnitudes(lines: readonly Float64Array[]): Float64Array {
  const sums = new Float64Array(lines[0].length);
  for (const line of lines) {
    for (let i = 0; i < sums.length; i++) sums[i] += Math.abs(line[i]);
  }
  return sums.map((sum) => sum / lines.length);
}

/** A profile whose slow changes were divided out, with a window that is 0 at its ends and where it is empty. */
interface FlatProfile {
  readonly values: Float64Array;
  readonly weights: Float64Array;
  readonly mean: number;
}

/** Divides a profile by its local mean; undefined if it is 0. */
function flattened(profile: Float64Array): FlatProfile | undefined {
  const n = profile.length;
  const local = localMeans(profile, Math.min(LOCAL, Math.floor(n / 3)));
  const least = MIN_DIFFERENCE * local.reduce((largest, value) => Math.max(largest, value), 0);
  if (least === 0) return undefined;
  const weights = hann(n).map((weight, i) => local[i] > least ? weight : 0);
  const values = profile.map((value, i) => weights[i] > 0 ? value / local[i] : 0);
  const sum = values.reduce((total, value, i) => total + weights[i] * value, 0);
  const mean = sum / weights.reduce((total, weight) => total + weight, 0);
  return { values, weights, mean };
}

/** Means in windows of a raised cosine that reach `half` values to both sides. */
function localMeans(profile: Float64Array, half: number): Float64Array {
  return profile.map((_, i) => {
    let sum = 0;
    let total = 0;
    for (let k = Math.max(-half, -i); k <= half && i + k < profile.length; k++) {
      const weight = 1 + Math.cos(Math.PI * k / (half + 1));
      sum += weight * profile[i + k];
      total += weight;
    }
    return sum / total;
  });
}

/** A window that falls to 0 at both ends. */
function hann(length: number): Float64Array {
  return Float64Array.from(
    { length },
    (_, i) => 1 - Math.cos(2 * Math.PI * (i + 0.5) / length),
  );
}

/** The magnitude of a profile's component at a frequency, relative to its mean. */
function modulationAt({ values, weights, mean }: FlatProfile, frequency: number): number {
  const wave = new Wave(frequency);
  let real = 0;
  let imaginary = 0;
  let sum = 0;
  for (let i = 0; i < values.length; i++, wave.next()) {
    const value = weights[i] * (values[i] - mean);
    real += value * wave.cosine;
    imaginary += value * wave.sine;
    sum += weights[i] * values[i];
  }
  return Math.hypot(real, imaginary) / sum;
}

/** The cosine and the sine of a frequency at 0, 1, 2 and so on. */
class Wave {
  cosine = 1;
  sine = 0;
  readonly #cosine: number;
  readonly #sine: number;

  constructor(frequency: number) {
    this.#cosine = Math.cos(2 * Math.PI * frequency);
    this.#sine = Math.sin(2 * Math.PI * frequency);
  }

  next(): void {
    const { cosine, sine } = this;
    this.cosine = cosine * this.#cosine - sine * this.#sine;
    this.sine = sine * this.#cosine + cosine * this.#sine;
  }
}

/** Says whether the spectra of lines repeat around a frequency, and clearly more than around frequencies next to it. */
function isCoherent(lines: readonly Float64Array[], frequency: number): boolean {
  const found = coherence(lines, frequency);
  if (found < MIN_COHERENCE) return false;
  // A window has no influence on frequencies at two or more times its resolution.
  const beside = [-3, -2, 2, 3].map((steps) =>
    coherence(lines, frequency + steps / lines[0].length)
  );
  const mean = beside.reduce((sum, value) => sum + value, 0) / beside.length;
  return found >= MIN_COHERENCE_RATIO * mean;
}

/**
 * The coherence of the components of lines at the frequencies w and `sum` - w, the mean over several w from a quarter to
 * a half of `sum`: 1 if the second is the same multiple of the first in all lines, about 0 if they are independent.
 */
function coherence(lines: readonly Float64Array[], sum: number): number {
  let common = 0;
  let total = 0;
  for (let pair = 0; pair < PAIRS; pair++) {
    const low = sum * (0.25 + 0.25 * (pair + 0.5) / PAIRS);
    const first = new Component(lines[0].length, low);
    const second = new Component(lines[0].length, sum - low);
    let real = 0;
    let imaginary = 0;
    let power1 = 0;
    let power2 = 0;
    for (const line of lines) {
      const [a, b] = first.of(line);
      const [c, d] = second.of(line);
      real += a * c - b * d;
      imaginary += a * d + b * c;
      power1 += a * a + b * b;
      power2 += c * c + d * d;
    }
    common += Math.hypot(real, imaginary);
    total += Math.sqrt(power1 * power2);
  }
  return total === 0 ? 0 : common / total;
}

/** The component of lines at a frequency, in a window. */
class Component {
  readonly #cosines: Float64Array;
  readonly #sines: Float64Array;

  constructor(length: number, frequency: number) {
    this.#cosines = hann(length);
    this.#sines = this.#cosines.slice();
    const wave = new Wave(frequency);
    for (let i = 0; i < length; i++, wave.next()) {
      this.#cosines[i] *= wave.cosine;
      this.#sines[i] *= wave.sine;
    }
  }

  /** The real and the imaginary part. */
  of(line: Float64Array): readonly [number, number] {
    let real = 0;
    let imaginary = 0;
    for (let i = 0; i < line.length; i++) {
      real += line[i] * this.#cosines[i];
      imaginary += line[i] * this.#sines[i];
    }
    return [real, imaginary];
  }
}
