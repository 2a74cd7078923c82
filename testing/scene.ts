/** A body of random blobs that can be imaged in two contrasts, at any position: no interpolation, no file. */

import { Grid, type Triple, type Volume } from "../volume/mod.ts";
import { Random } from "./random.ts";

interface Blob {
  centre: Triple;
  radii: Triple;
  tissue: number;
}

/** Signal of the tissues in each contrast: the one is not a monotone function of the other. */
const contrasts = {
  ct: [-900, -100, 50, 250, 0, 120],
  mr: [20, 900, 500, 150, 280, 700],
} as const;

/** Random blobs of five tissues in a fat ellipsoid with air around it. */
export class Scene {
  /** 64 x 56 x 48 voxels of 4 mm. */
  readonly grid: Grid = Grid.axisAligned([64, 56, 48], [4, 4, 4], [-126, -110, -94]);
  readonly #blobs: Blob[] = [];
  readonly #texture: { wave: Triple; phase: number }[] = [];

  constructor(seed: number) {
    const random = new Random(seed, 3);
    // The body is first; a later blob covers the earlier ones.
    this.#blobs.push({ centre: [0, 0, 0], radii: [112, 96, 130], tissue: 1 });
    for (let n = 0; n < 260; n++) {
      this.#blobs.push({
        centre: [random.uniform(-105, 105), random.uniform(-90, 90), random.uniform(-94, 94)],
        radii: [random.uniform(9, 24), random.uniform(9, 24), random.uniform(9, 24)],
        tissue: 1 + Math.floor(random.uniform(0, 5)),
      });
    }
    for (let n = 0; n < 6; n++) {
      const wave = () => random.normal() * 0.25;
      this.#texture.push({ wave: [wave(), wave(), wave()], phase: random.uniform(0, 7) });
    }
  }

  /** The signal at a point in RAS mm. Edges are 4 mm wide. */
  signal(contrast: keyof typeof contrasts, x: number, y: number, z: number): number {
    const values = contrasts[contrast];
    let value: number = values[0];
    let inBody = 0;
    for (const { centre, radii, tissue } of this.#blobs) {
      const dx = (x - centre[0]) / radii[0];
      const dy = (y - centre[1]) / radii[1];
      const dz = (z - centre[2]) / radii[2];
      const depth = (1 - Math.sqrt(dx * dx + dy * dy + dz * dz)) *
        Math.min(radii[0], radii[1], radii[2]);
      if (depth < -8) continue;
      const cover = 1 / (1 + Math.exp(-depth));
      value += cover * (values[tissue] - value);
      if (inBody === 0) inBody = cover;
    }
    let texture = 0;
    for (const { wave, phase } of this.#texture) {
      texture += Math.sin(wave[0] * x + wave[1] * y + wave[2] * z + phase);
    }
    return value + inBody * 6 * texture;
  }

  /** The image on the scene's grid; `position` moves the points (RAS mm, in place) before they are looked up. */
  image(contrast: keyof typeof contrasts, position?: (point: Float64Array) => void): Volume {
    const { grid } = this;
    const [nx, ny, nz] = grid.size;
    const data = new Float32Array(grid.voxels);
    const p = new Float64Array(3);
    let i = 0;
    for (let z = 0; z < nz; z++) {
      for (let y = 0; y < ny; y++) {
        for (let x = 0; x < nx; x++, i++) {
          p.set(grid.world([x, y, z]));
          position?.(p);
          data[i] = this.signal(contrast, p[0], p[1], p[2]);
        }
      }
    }
    return { grid, data };
  }

  /** 1 inside the body's ellipsoid. */
  body(): Int32Array {
    const { grid } = this;
    const [nx, ny] = grid.size;
    const { radii } = this.#blobs[0];
    return Int32Array.from({ length: grid.voxels }, (_, i) => {
      const p = grid.world([i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))]);
      return Math.hypot(p[0] / radii[0], p[1] / radii[1], p[2] / radii[2]) < 1 ? 1 : 0;
    });
  }
}
