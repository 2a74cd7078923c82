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
  let i = 0;
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, i++) {
        const px = m[0] * x + m[1] * y + m[2] * z + m[3];
        const py = m[4] * x + m[5] * y + m[6] * z + m[7];
        const pz = m[8] * x + m[9] * y + m[10] * z + m[11];
        const a = Math.floor(px);
        const b = Math.floor(py);
        const c = Math.floor(pz);
        let hu = 0;
        for (let corner = 0; corner < 8; corner++) {
          const qx = a + (corner & 1);
          const qy = b + (corner >> 1 & 1);
          const qz = c + (corner >> 2);
          const inside = qx >= 0 && qy >= 0 && qz >= 0 && qx < nx && qy < ny && qz < nz;
          const weight = (1 - Math.abs(px - qx)) * (1 - Math.abs(py - qy)) *
            (1 - Math.abs(pz - qz));
          hu += weight * (inside ? data[(qz * ny + qy) * nx + qx] : -1000);
        }
        out[i] = remap(hu) + 20 * (next() + next() + next() - 1.5);
      }
    }
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
