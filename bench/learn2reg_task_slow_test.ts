/** The benchmark on a folder of the shape of Learn2Reg's AbdomenMRCT, with two small bodies. */

import { assert, assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import { SKIPS_GPU } from "../testing/gpu.ts";
import { inFolder } from "../testing/in_folder.ts";
import { callModule } from "../testing/run_task.ts";
import { gunzipSync } from "node:zlib";
import type { Triple } from "../volume/affine.ts";
import { Grid } from "../volume/grid.ts";
import { writeLabelVolume, writeVolume } from "../volume/write_nifti.ts";
import * as learn2reg from "./learn2reg_task.ts";

const SIZE: Triple = [32, 32, 32];
const SPACING = 3;

/** The fixed image; the first axis of the moving one runs to the left. */
const fixedGrid = Grid.axisAligned(SIZE, [SPACING, SPACING, SPACING]);
const movingGrid = new Grid(SIZE, [
  -SPACING,
  0,
  0,
  31 * SPACING,
  0,
  SPACING,
  0,
  0,
  0,
  0,
  SPACING,
  0,
  0,
  0,
  0,
  1,
]);

/** The tissue at a place in mm: 0 air, 9 body, 1 liver, 2 spleen. */
function tissueAt([x, y, z]: Triple, shift: number): number {
  const within = (centre: Triple, radii: Triple) =>
    Math.hypot(
      (x - centre[0] - shift) / radii[0],
      (y - centre[1] + shift / 2) / radii[1],
      (z - centre[2]) / radii[2],
    ) <= 1;
  if (within([33, 45, 48], [14, 17, 20])) return 1;
  if (within([66, 52, 42], [8, 11, 14])) return 2;
  return within([48, 48, 48], [40, 36, 42]) ? 9 : 0;
}

/** Writes the images, labels and masks of a patient, whose CT is displaced by `shift` mm. */
async function writePatient(folder: string, patient: string, shift: number): Promise<void> {
  const intensities = [{ 0: 0, 9: 200, 1: 420, 2: 310 }, { 0: -1000, 9: 20, 1: 110, 2: 180 }];
  for (const [modality, grid] of [fixedGrid, movingGrid].entries()) {
    const name = `AbdomenMRCT_${patient}_000${modality}.nii.gz`;
    const tissues = Int32Array.from({ length: grid.voxels }, (_, i) => {
      const index: Triple = [i % 32, Math.floor(i / 32) % 32, Math.floor(i / 1024)];
      return tissueAt(grid.world(index), modality * shift);
    });
    const value = intensities[modality] as Readonly<Record<number, number>>;
    const data = Float32Array.from(tissues, (tissue) => value[tissue]);
    await writeVolume(`${folder}/imagesTr/${name}`, { grid, data });
    await writeLabelVolume(`${folder}/labelsTr/${name}`, {
      grid,
      data: tissues.map((tissue) => tissue === 9 ? 0 : tissue),
    });
    await writeLabelVolume(`${folder}/masksTr/${name}`, {
      grid,
      data: tissues.map((tissue) => tissue === 0 ? 0 : 1),
    });
  }
}

/** The numbers of a .nii.gz file of this library, after its header. */
async function numbersOf(path: string): Promise<Uint8Array> {
  return new Uint8Array(gunzipSync(await Deno.readFile(path))).slice(352);
}

/**
 * The Dice of a label by the formula of the evaluation, written out: the moving label at the rounded index
 * identity + displacement, and 0 outside, against the fixed label.
 */
async function diceByFormula(data: string, disp: string, patient: string, label: number) {
  const d = new Float32Array((await numbersOf(disp)).buffer);
  const [fixed, moving] = await Promise.all(
    [0, 1].map((modality) =>
      numbersOf(`${data}/labelsTr/AbdomenMRCT_${patient}_000${modality}.nii.gz`)
    ),
  );
  const n = 32 ** 3;
  let sum = 0;
  let both = 0;
  for (let k = 0; k < n; k++) {
    const at = [k % 32, (k >> 5) % 32, k >> 10].map((index, axis) => index + d[axis * n + k]);
    const isInside = at.every((p) => p >= 0 && p <= 31);
    const [x, y, z] = at.map((p) => Math.floor(p + 0.5));
    const warped = isInside && moving[x + 32 * (y + 32 * z)] === label;
    const own = fixed[k] === label;
    sum += Number(warped) + Number(own);
    both += Number(warped && own);
  }
  return 2 * both / sum;
}

Deno.test({
  name:
    "bench:learn2reg registers, writes displacements as Learn2Reg reads them, and measures them",
  ignore: SKIPS_GPU,
  fn: () =>
    inFolder(async (folder) => {
      const data = `${folder}/AbdomenMRCT`;
      for (const sort of ["images", "labels", "masks"]) {
        await Deno.mkdir(`${data}/${sort}Tr`, { recursive: true });
      }
      await writePatient(data, "0006", 9);
      await writePatient(data, "0007", -6);
      const pairs = ["0006", "0007"].map((patient) => ({
        fixed: `./imagesTr/AbdomenMRCT_${patient}_0000.nii.gz`,
        moving: `./imagesTr/AbdomenMRCT_${patient}_0001.nii.gz`,
      }));
      await Deno.writeTextFile(
        `${data}/AbdomenMRCT_dataset.json`,
        JSON.stringify({ name: "AbdomenMRCT", registration_val: pairs }),
      );
      const out = `${folder}/out`;
      const { code, text } = await callModule(learn2reg, "--data", data, "--out", out);
      assertEquals(code, 0, text);
      assertStringIncludes(text, "2 validation pairs, MR fixed");
      assertStringIncludes(text, "| published, not measured here |");
      const report = JSON.parse(await Deno.readTextFile(`${out}/measures.json`));
      const { crosswarp, "not registered": before } = report.summary;
      assert(crosswarp.dice > 0.9, `Dice ${crosswarp.dice}`);
      assert(before.dice < 0.75, `Dice before ${before.dice}`);
      assertEquals(crosswarp.foldedPercent, 0);
      assert(crosswarp.hd95 <= 1.5, `HD95 ${crosswarp.hd95}`);
      for (const { pair, diceByLabel } of report.pairs) {
        const patient = pair.slice(-4);
        for (const label of [1, 2]) {
          const expected = await diceByFormula(data, `${out}/${pair}.nii.gz`, patient, label);
          assertAlmostEquals(diceByLabel[label], expected, 1e-12);
        }
        assertEquals([diceByLabel[3], diceByLabel[4]], ["NaN", "NaN"]);
      }

      // The same displacements as those of another tool, and a folder without them.
      const again = ["--data", data, "--out", `${folder}/again`, "--fields"];
      const measured = await callModule(learn2reg, ...again, out);
      assertEquals(measured.code, 0, measured.text);
      const other = JSON.parse(await Deno.readTextFile(`${folder}/again/measures.json`));
      assertEquals(other.pairs, report.pairs);
      const missing = await callModule(learn2reg, ...again, data);
      assertEquals(missing.code, 1);
      assertStringIncludes(missing.text, "disp_0006_0006.nii.gz");
    }),
});

Deno.test("bench:learn2reg refuses --masks with --fields, and a folder that is no data set", () =>
  inFolder(async (folder) => {
    const common = ["--data", folder, "--out", `${folder}/out`];
    const useless = await callModule(learn2reg, ...common, "--fields", folder, "--masks");
    assertEquals(useless.code, 2);
    assertStringIncludes(useless.text, "--masks changes the registration");
    const none = await callModule(learn2reg, ...common);
    assertEquals(none.code, 1);
    assertStringIncludes(none.text, "holds no NAME_dataset.json");
  }));
