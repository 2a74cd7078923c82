import { assertLess } from "@std/assert";
import { registerRigid } from "../registration/rigid/register_rigid.ts";
import { rigidDifference, rigidMatrix } from "../registration/rigid/parameters.ts";
import { type Matrix4, multiply, type Triple } from "../volume/affine.ts";
import { readVolume } from "../volume/read_nifti.ts";
import type { Volume } from "../volume/volume.ts";
import { gpuTest } from "../testing/gpu.ts";
import { random } from "../testing/random.ts";

const file = new URL("../../shared/data/abdomen/ct.nii.gz", import.meta.url);
const present = await Deno.stat(file).then(() => true, () => false);

/** Fat bright, muscle and organs dark to middling, bone dark, air darkest: no monotone function of HU. */
function remap(hu: number): number {
  if (hu < -500) return 0;
  if (hu < -20) return 250 - 0.5 * hu;
  if (hu < 200) return 120 + 0.8 * Math.abs(hu - 40);
  return Math.max(20, 180 - 0.2 * (hu - 200));
}

/** The CT seen through `truth`, remapped, with noise. */
function remapped({ grid, data }: Volume, truth: Matrix4, seed: number): Volume {
  const [nx, ny, nz] = grid.size;
  const m = multiply(grid.inverse, multiply(truth, grid.affine));
  const next = random(seed);
  const out = new Float32Array(grid.voxels);
  for (let i = 0; i < out.length; i++) {
    const x = i % nx;
    const y = Math.floor(i / nx) % ny;
    const z = Math.floor(i / (nx * ny));
    const p = [0, 4, 8].map((r) => m[r] * x + m[r + 1] * y + m[r + 2] * z + m[r + 3]);
    const [a, b, c] = p.map(Math.floor);
    const [f, g, h] = [p[0] - a, p[1] - b, p[2] - c];
    let hu = 0;
    for (let corner = 0; corner < 8; corner++) {
      const [u, v, w] = [corner & 1, (corner >> 1) & 1, corner >> 2];
      const inside = a + u >= 0 && b + v >= 0 && c + w >= 0 && a + u < nx && b + v < ny &&
        c + w < nz;
      const weight = (u ? f : 1 - f) * (v ? g : 1 - g) * (w ? h : 1 - h);
      hu += weight * (inside ? data[((c + w) * ny + b + v) * nx + a + u] : -1000);
    }
    out[i] = remap(hu) + 20 * (next() + next() + next() - 1.5);
  }
  return { grid, data: out };
}

gpuTest("registerRigid() recovers 10 degrees and 20 mm of a real CT", async (gpu) => {
  const ct = await readVolume(file.pathname);
  const centre = ct.grid.centre;
  for (const seed of [1, 2, 3]) {
    const next = random(100 + seed);
    const direction = (length: number): Triple => {
      const v = [next() - 0.5, next() - 0.5, next() - 0.5];
      const scale = length / Math.hypot(...v);
      return v.map((value) => value * scale) as unknown as Triple;
    };
    const versor = direction(Math.sin(5 * Math.PI / 180));
    const truth = rigidMatrix([...versor, ...direction(20)], centre);
    const fixed = remapped(ct, truth, seed);
    const { matrix } = await registerRigid(gpu, { fixed, moving: ct, seed });
    const { degrees, millimetres } = rigidDifference(truth, matrix, centre);
    console.log(
      `seed ${seed}: ${degrees.toFixed(3)} degrees, ${(millimetres / 3).toFixed(3)} voxels`,
    );
    assertLess(degrees, 0.5);
    assertLess(millimetres, 0.3 * 3, "0.3 voxels of 3 mm");
  }
}, { skips: present ? undefined : "no ../shared/data/abdomen" });
