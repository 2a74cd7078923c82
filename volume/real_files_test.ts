/** Files from elsewhere, where ../shared/data has them. */

import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { ImageShapeError, NotNiftiError } from "./nifti_errors.ts";
import { orientationOf, reorient } from "./orientation.ts";
import { readDisplacementField } from "./read_displacement_field.ts";
import { readVolume } from "./read_nifti.ts";

const REAL = new URL("../../shared/data/nifti/", import.meta.url);
const isReal = await Deno.stat(REAL).then(() => true, () => false);
/** A test's name, with the reason if the test is skipped. */
const named = (name: string) => isReal ? name : `${name} (not run: no ../shared/data/nifti)`;

Deno.test({
  name: named("all 48 axis orientations are the same image in the world, voxel for voxel"),
  ignore: !isReal,
  fn: async () => {
    const folder = new URL("orientations/", REAL);
    const names: string[] = [];
    for await (const { name } of Deno.readDir(folder)) names.push(name);
    assertEquals(names.length, 48);
    const expected = reorient(await readVolume(new URL("RAS.nii.gz", folder)));
    assert(new Set(expected.data).size > 50, "the image has structure");
    const found = new Set<string>();
    for (const name of names) {
      const volume = await readVolume(new URL(name, folder));
      const turned = reorient(volume);
      found.add(orientationOf(volume.grid));
      assertEquals(orientationOf(turned.grid), "RAS", name);
      assertEquals(turned.grid.size, expected.grid.size, name);
      assert(turned.grid.equals(expected.grid, 1e-3), name);
      assert(turned.data.every((value, i) => value === expected.data[i]), name);
    }
    assertEquals(found.size, 48, "48 different orientations");
  },
});

Deno.test({
  name: named("odd files are read"),
  ignore: !isReal,
  fn: async () => {
    const read = (name: string) => readVolume(new URL(`odd/${name}`, REAL));
    // One image in either byte order; the second has a trailing axis of one.
    const big = await read("big.nii.gz");
    const little = await read("little.nii.gz");
    assertEquals(big, little);
    const second = await read("avg152T1_LR_nifti2.nii.gz");
    const first = await read("avg152T1_LR_nifti.nii.gz");
    assertEquals(second.grid, first.grid);
    assertEquals(await read("avg152T1_LR_nifti.nii"), first);
    // The same head as float32; one is scaled, so that only their ratio is constant.
    const at = first.data.indexOf(first.data.reduce((max, value) => Math.max(max, value)));
    const ratio = second.data[at] / first.data[at];
    for (let i = 0; i < first.data.length; i += 1009) {
      assertAlmostEquals(second.data[i], ratio * first.data[i], 1e-2 * ratio);
    }
    const extended = await read("with_extension.nii.gz");
    assertEquals(extended.grid.size, [161, 191, 151]);
    assertEquals(orientationOf(extended.grid), "LPI");
  },
});

Deno.test({
  name: named("NIfTI pairs (.hdr.gz, .img.gz) are read as nibabel reads them"),
  ignore: !isReal,
  fn: async () => {
    for (const name of ["air.hdr.gz", "air2.hdr.gz"]) {
      const { grid, data } = await readVolume(new URL(`odd/${name}`, REAL));
      assertEquals(grid.size, [79, 67, 64]);
      assertEquals(orientationOf(grid), "AIR");
      // The sum of the voxels and the matrix by nibabel 5.0.0.
      assertAlmostEquals(data.reduce((sum, v) => sum + v, 0), 11398461.247, 1e-2);
      // deno-fmt-ignore
      const affine = [
        0, 0, 2.3852322101593018, -75.76253509521484,
        2.389753818511963, 0, 0, -110.76253509521484,
        0, -2.3664863109588623, 0, 84.4255599975586,
        0, 0, 0, 1,
      ];
      grid.affine.forEach((value, i) => assertAlmostEquals(value, affine[i], 1e-9));
    }
  },
});

Deno.test({
  name: named("odd files that hold no volume are refused by name"),
  ignore: !isReal,
  fn: async () => {
    const read = (name: string) => readVolume(new URL(`odd/${name}`, REAL));
    await assertRejects(() => read("not-nifti.nii"), NotNiftiError, "not-nifti.nii is not a NIfTI");
    for (const name of ["air.img.gz", "air2.img.gz"]) {
      await assertRejects(() => read(name), NotNiftiError, `${name.slice(0, -7)}.hdr.gz`);
    }
    for (const name of ["5D_small.nii", "5D_zeros.nii.gz"]) {
      await assertRejects(() => read(name), ImageShapeError, "holds 3 volumes");
    }
    const field = await readDisplacementField(new URL("odd/5D_small.nii", REAL));
    assertEquals(field.grid.size, [1, 2, 3]);
  },
});
