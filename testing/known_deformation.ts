/**
 * A random invertible deformation of space, known exactly in both directions.
 *
 * @module
 */

import type { Grid, Triple } from "../volume/mod.ts";
import type { Random } from "./random.ts";
import { SmoothNoise } from "./smooth_noise.ts";

/** The random numbers' ranges. */
export interface KnownDeformationOptions {
  /** Angle of the rotation about a random axis through the grid's centre, degrees (4). */
  readonly degrees?: number | undefined;
  /** Translation along each axis: a random sign, and a length between these, mm ([6, 8]). */
  readonly translation?: readonly [number, number] | undefined;
  /** Standard deviation of the Gaussian that smooths the noise, mm (40). */
  readonly sigma?: number | undefined;
  /** Longest displacement of the smoothed noise inside the grid's box, mm: between these ([11, 18]). */
  readonly amplitude?: readonly [number, number] | undefined;
  /**
   * Largest displacement along z (the cranio-caudal axis), mm, of a motion as of the diaphragm, in addition to the noise
   * (0): see {@link breathingProfile}. Its direction, up or down, is random.
   */
  readonly breathing?: number | undefined;
}

/** Standard deviation of the breathing motion along z, mm. */
const BREATHING_SIGMA = 70;
/** Half-axes of the ellipse in which the body breathes, as a share of the box's sides. */
const BREATHING_ELLIPSE = 0.45;

/**
 * The breathing motion at a point relative to its centre, as a share of the largest: a Gaussian of 70 mm along z, which
 * decays to 0 at an ellipse in the axial plane, the body's wall.
 *
 * @param point - x, y, z from the centre of the motion, mm.
 * @param sides - The sides of the grid's box, mm.
 */
export function breathingProfile([x, y, z]: Triple, sides: Triple): number {
  const square = (x / (BREATHING_ELLIPSE * sides[0])) ** 2 +
    (y / (BREATHING_ELLIPSE * sides[1])) ** 2;
  if (square >= 1) return 0;
  return (1 - square) ** 2 * Math.exp(-(z * z) / (2 * BREATHING_SIGMA ** 2));
}

/** `forward(y) = R (y + n(y) - c) + c + t` in RAS mm, with its inverse; n is noise and breathing. */
export class KnownDeformation {
  /** Longest displacement of the smoothed noise, mm. */
  readonly amplitude: number;
  readonly #noise: SmoothNoise;
  readonly #rotation: number[];
  readonly #centre: Triple;
  readonly #translation: Triple;
  readonly #sides: Triple;
  /** The largest displacement of the breathing motion along z, mm. */
  readonly #breath: number;
  readonly #buffer = new Float64Array(3);

  /** Draws a deformation for the box of `grid`. */
  constructor(grid: Grid, random: Random, options: KnownDeformationOptions = {}) {
    const { degrees = 4, translation = [6, 8], sigma = 40, amplitude = [11, 18], breathing = 0 } =
      options;
    const axis = [random.normal(), random.normal(), random.normal()];
    this.#rotation = rotationAbout(axis, degrees * Math.PI / 180);
    const shift = () => (random.uniform() < 0.5 ? -1 : 1) * random.uniform(...translation);
    this.#translation = [shift(), shift(), shift()];
    this.#centre = grid.centre;
    this.amplitude = random.uniform(...amplitude);
    this.#noise = new SmoothNoise({ grid, random, sigma, channels: 3 }).scaleTo(this.amplitude);
    const { size: [nx, ny, nz], spacing: [hx, hy, hz] } = grid;
    this.#sides = [nx * hx, ny * hy, nz * hz];
    // Drawn last, so that the rest does not depend on it.
    this.#breath = breathing > 0 ? (random.uniform() < 0.5 ? -1 : 1) * breathing : 0;
  }

  /** Writes the noise and the breathing motion at a point into `out`. */
  #deform(x: number, y: number, z: number, out: Float64Array): void {
    this.#noise.sample(x, y, z, out);
    if (this.#breath === 0) return;
    // The diaphragm is a quarter of the box below its top.
    const [cx, cy, cz] = this.#centre;
    const at: Triple = [x - cx, y - cy, z - cz - this.#sides[2] / 4];
    out[2] += this.#breath * breathingProfile(at, this.#sides);
  }

  /** The deformed position of `(x, y, z)`, RAS mm, written into `out`. */
  forward(x: number, y: number, z: number, out: Float64Array): void {
    const n = this.#buffer;
    const r = this.#rotation;
    const c = this.#centre;
    const t = this.#translation;
    this.#deform(x, y, z, n);
    const px = x + n[0] - c[0];
    const py = y + n[1] - c[1];
    const pz = z + n[2] - c[2];
    out[0] = r[0] * px + r[1] * py + r[2] * pz + c[0] + t[0];
    out[1] = r[3] * px + r[4] * py + r[5] * pz + c[1] + t[1];
    out[2] = r[6] * px + r[7] * py + r[8] * pz + c[2] + t[2];
  }

  /**
   * The point that the deformation moves to `(x, y, z)`, RAS mm, written into `out`: y = q - n(y) with
   * q = R^T (x - c - t) + c, by fixed-point iteration (Chen et al. 2008, Medical Physics 35:81)
   * until a step is shorter than 1e-6 mm.
   *
   * @throws {Error} when it does not converge: the deformation is not invertible there.
   */
  inverse(x: number, y: number, z: number, out: Float64Array): void {
    const n = this.#buffer;
    const r = this.#rotation;
    const c = this.#centre;
    const t = this.#translation;
    const px = x - c[0] - t[0];
    const py = y - c[1] - t[1];
    const pz = z - c[2] - t[2];
    const qx = r[0] * px + r[3] * py + r[6] * pz + c[0];
    const qy = r[1] * px + r[4] * py + r[7] * pz + c[1];
    const qz = r[2] * px + r[5] * py + r[8] * pz + c[2];
    let ax = qx;
    let ay = qy;
    let az = qz;
    for (let iteration = 0; iteration < 200; iteration++) {
      this.#deform(ax, ay, az, n);
      const step = Math.max(
        Math.abs(qx - n[0] - ax),
        Math.abs(qy - n[1] - ay),
        Math.abs(qz - n[2] - az),
      );
      ax = qx - n[0];
      ay = qy - n[1];
      az = qz - n[2];
      if (step < 1e-6) {
        out[0] = ax;
        out[1] = ay;
        out[2] = az;
        return;
      }
    }
    throw new Error(`the deformation has no inverse at (${x}, ${y}, ${z}) mm`);
  }
}

/** Rotation matrix (3x3, row-major) about `axis` by `angle` radians (Rodrigues' formula). */
function rotationAbout(axis: number[], angle: number): number[] {
  const length = Math.hypot(...axis);
  const [x, y, z] = axis.map((a) => a / length);
  const c = Math.cos(angle);
  const s = Math.sin(angle);
  const d = 1 - c;
  // deno-fmt-ignore
  return [
    c + x * x * d, x * y * d - z * s, x * z * d + y * s,
    y * x * d + z * s, c + y * y * d, y * z * d - x * s,
    z * x * d - y * s, z * y * d + x * s, c + z * z * d,
  ];
}
