/**
 * Seeded randomness for the phantom. The phantom's images depend on these streams; they therefore stay as they are
 * and do not use `host/random.ts`.
 *
 * @module
 */

/** A well-mixed 32-bit hash of three whole numbers. */
export function hash(a: number, b: number, c = 0): number {
  let h = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(b + 0x7f4a7c15, 0xc2b2ae35) ^
    Math.imul(c ^ 0x165667b1, 0x27d4eb2f);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
  return (h ^ (h >>> 15)) >>> 0;
}

/** A stream of numbers that depends on nothing but its seeds. */
export class RandomStream {
  #seed: number;
  #count = 0;

  /** Seeds are whole numbers; each and their order count. */
  constructor(...seeds: readonly number[]) {
    this.#seed = seeds.reduce((mixed, seed, i) => hash(mixed, seed, i), 0x2545f491);
  }

  /** Uniform in [0, 1). */
  uniform(): number {
    return hash(this.#seed, this.#count++) / 4294967296;
  }

  /** Uniform in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.uniform();
  }

  /** Standard normal (Box-Muller). */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Normal with this mean and deviation, held within 2 deviations. */
  around(mean: number, deviation: number): number {
    return mean + deviation * Math.min(Math.max(this.normal(), -2), 2);
  }
}

/**
 * The standard deviation of {@link smoothNoise}: 1 / sqrt(3) at the lattice, times the mean of
 * (1 - f)^2 + f^2 = 26 / 35 for each axis, with f(t) = 3 t^2 - 2 t^3.
 */
export const SMOOTH_NOISE_DEVIATION: number = Math.sqrt((26 / 35) ** 3 / 3);

/** Smooth noise in [-1, 1] with features of about one unit (interpolated lattice values). */
export function smoothNoise(seed: number, x: number, y: number, z: number): number {
  const x0 = Math.floor(x);
  const y0 = Math.floor(y);
  const z0 = Math.floor(z);
  const fade = (t: number) => t * t * (3 - 2 * t);
  const tx = fade(x - x0);
  const ty = fade(y - y0);
  const tz = fade(z - z0);
  const at = (i: number, j: number, k: number) =>
    hash(seed + 0x51ed27 * (z0 + k), x0 + i, y0 + j) * 4.656612873e-10 - 1;
  const row = (j: number, k: number) => {
    const a = at(0, j, k);
    return a + tx * (at(1, j, k) - a);
  };
  const plane = (k: number) => {
    const a = row(0, k);
    return a + ty * (row(1, k) - a);
  };
  const near = plane(0);
  return near + tz * (plane(1) - near);
}
