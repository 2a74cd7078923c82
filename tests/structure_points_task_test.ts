/** The points task with RT Structure Sets, and structure sets as labels. */

import { assert, assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import { encodeTransform } from "../registration/transform_file.ts";
import * as points from "../tasks/points.ts";
import { dicomFile, type MadeDicom } from "../testing/dicom_file.ts";
import { inFolder } from "../testing/in_folder.ts";
import { callModule } from "../testing/run_task.ts";
import { circle, type MadeStructureSet, structureSetFile } from "../testing/structure_set_file.ts";
import { DicomSeriesError } from "../volume/dicom/dicom_errors.ts";
import { readStructureSet } from "../volume/dicom/structure_set.ts";
import { readGrid } from "../volume/read_nifti.ts";
import { readRegisterInputs } from "../workflows/register_files.ts";

const COLUMNS = 40;
const SLICES = 12;

/** Writes a series of voxels of 2 x 2 x 4 mm that begins at x = -40, y = -40 and z = first (LPS). */
async function writeSeries(
  folder: string,
  first: number,
  frame: string,
  change: Partial<MadeDicom>,
): Promise<void> {
  await Deno.mkdir(folder);
  for (let k = 0; k < SLICES; k++) {
    const file = dicomFile({
      columns: COLUMNS,
      rows: COLUMNS,
      spacing: [2, 2],
      thickness: 4,
      position: [-40, -40, first + 4 * k],
      instance: k + 1,
      pixels: Array.from({ length: COLUMNS * COLUMNS }, (_, i) => (37 * i + 11 * k) % 997),
      texts: [[0x00100020, "LO", "P17"], [0x00200052, "UI", frame]],
      ...change,
    });
    await Deno.writeFile(`${folder}/${k}.dcm`, file);
  }
}

const LIVER = [8, 12, 16, 20, 24].map((z) => ({ points: circle([5, 3, z], 12, 90) }));
const PLAN: MadeStructureSet = { rois: [{ name: "Liver", contours: LIVER }] };

Deno.test("task points maps an RT Structure Set to the fixed series", async (t) => {
  await inFolder(async (folder) => {
    const file = (name: string) => `${folder}/${name}`;
    await writeSeries(file("mr"), 30, "1.2.3.77", { series: "1.2.3.1", modality: "MR" });
    await writeSeries(file("ct"), 0, "1.2.3.88", { series: "1.2.3.2" });
    // From the fixed to the moving image: 30 mm down and 4 mm to the right.
    const transform = encodeTransform({
      rigid: [1, 0, 0, 4, 0, 1, 0, 0, 0, 0, 1, -30, 0, 0, 0, 1],
      fixedGrid: await readGrid(file("mr")),
      movingGrid: await readGrid(file("ct")),
    });
    await Deno.writeTextFile(file("t.json"), transform);
    const write = (name: string, change: Partial<MadeStructureSet>) =>
      Deno.writeFile(file(name), structureSetFile({ ...PLAN, ...change }));
    // Structure sets often have no suffix.
    await write("plan", {});
    const run = (...words: string[]) =>
      callModule(points, "--transform", file("t.json"), "--points", ...words);

    await t.step("contours lie in the slices of the fixed series, 4 mm to the left", async () => {
      const words = [file("plan"), "--like", file("mr"), "--drawn-on", file("ct"), "--inverse"];
      const { code, text } = await run(...words, "--out", file("out.dcm"));
      assertEquals(code, 0, text);
      assertStringIncludes(text, "1 ROI with 5 contours, from the moving to the fixed image");
      assertStringIncludes(text, "is not approved: review it");
      assert(!text.includes("Warning"), text);
      const { rois: [liver], frameOfReference, series } = await readStructureSet(file("out.dcm"));
      assertEquals([frameOfReference, series], ["1.2.3.77", ["1.2.3.1"]]);
      assertEquals(liver.contours.map(({ points }) => points[0][2]), [38, 42, 46, 50, 54]);
      for (const { points } of liver.contours) {
        // In LPS, the centre of the circles moves from 5 to 9.
        for (const [x, y] of points) assertAlmostEquals(Math.hypot(x + 9, y + 3), 12, 0.06);
      }
    });

    await t.step("the other direction takes a plan of the fixed image", async () => {
      const back = [file("out.dcm"), "--like", file("ct"), "--out", file("back.dcm")];
      const { code, text } = await run(...back);
      assertEquals(code, 0, text);
      const { rois: [liver] } = await readStructureSet(file("back.dcm"));
      assertEquals(liver.contours.map(({ points }) => points[0][2]), [8, 12, 16, 20, 24]);
      for (const { points } of liver.contours) {
        for (const [x, y] of points) assertAlmostEquals(Math.hypot(x + 5, y + 3), 12, 0.12);
      }
    });

    await t.step("wrong flags, files and images", async () => {
      await write("other.dcm", { frameOfReference: "1.2.3.99" });
      await write("same.dcm", { frameOfReference: "1.2.3.77" });
      await write("void.dcm", { rois: [{ name: "Void", contours: [] }] });
      await write("record.dcm", { kind: "1.2.840.10008.5.1.4.1.1.481.5" });
      await Deno.writeTextFile(file("a.csv"), "r,a,s\n1,2,33\n");
      const out = ["--out", file("never.dcm")];
      const inverse = ["--inverse", ...out];
      const like = ["--like", file("mr")];
      const cases = [
        [await run(file("plan"), ...inverse), 2, "give --like, the DICOM series of the fixed"],
        [await run(file("plan"), ...out), 2, "give --like, the DICOM series of the moving"],
        [
          await run(file("plan"), ...like, "--inverse", "--out", file("a.csv")),
          2,
          "--out must end in .dcm",
        ],
        [
          await run(file("plan"), ...like, ...inverse, "--point-space", "ras"),
          2,
          "DICOM files are LPS",
        ],
        [
          await run(file("a.csv"), ...like, "--out", file("b.csv")),
          2,
          "--like is for an RT Structure Set",
        ],
        [
          await run(file("plan"), ...like, ...out),
          1,
          "(--like) is the fixed image of the transform, and the contours go to the moving image. Give --inverse",
        ],
        [
          await run(file("plan"), "--like", file("a.csv"), ...inverse),
          1,
          "--like must be a DICOM series",
        ],
        [
          await run(file("other.dcm"), ...like, ...inverse, "--drawn-on", file("ct")),
          1,
          "is in the frame of reference 1.2.3.99, and",
        ],
        [
          await run(file("plan"), ...like, ...inverse, "--drawn-on", file("a.csv")),
          1,
          "--drawn-on must be a DICOM series",
        ],
        [
          await run(file("ct"), ...like, ...inverse),
          2,
          "ct is a folder. Give the file of the points or of the RT Structure Set",
        ],
        [
          await run(file("void.dcm"), ...like, ...inverse),
          1,
          "its ROIs have no contours",
        ],
        [
          await run(file("record.dcm"), ...like, ...inverse),
          1,
          "is no RT Structure Set",
        ],
      ] as const;
      for (const [{ code, text }, expected, message] of cases) {
        assertEquals(code, expected, text);
        assertStringIncludes(text, message);
      }
      assert(await Deno.stat(file("never.dcm")).then(() => false, () => true));
      const { code, text } = await run(file("same.dcm"), ...like, ...inverse);
      assertEquals(code, 0, text);
      assertStringIncludes(text, "is in the frame of reference of");
    });

    await t.step(
      "readRegisterInputs() takes structure sets as labels, matched by names",
      async () => {
        const names = (number: number) => ({ rois: [{ ...PLAN.rois[0], number }] });
        await write("ct_plan.dcm", names(3));
        await write("mr_plan.dcm", {
          rois: [{
            name: "LIVER",
            number: 8,
            contours: LIVER.map(({ points }) => ({
              points: points.map(([x, y, z]) => [x + 4, y, z + 30] as const),
            })),
          }],
          frameOfReference: "1.2.3.77",
          series: "1.2.3.1",
        });
        const notices: string[] = [];
        const paths = {
          fixed: file("mr"),
          moving: file("ct"),
          fixedLabels: file("mr_plan.dcm"),
          movingLabels: file("ct_plan.dcm"),
        };
        const onNotice = (line: string) => notices.push(line);
        const { fixedLabels, movingLabels } = await readRegisterInputs(paths, { onNotice });
        const values = (data: Int32Array) => [...new Set(data)].sort();
        assertEquals(values(fixedLabels!.data), [0, 8]);
        assertEquals(values(movingLabels!.data), [0, 8]);
        const count = (data: Int32Array) => data.reduce((sum, v) => sum + Number(v > 0), 0);
        assertEquals(count(fixedLabels!.data), count(movingLabels!.data));
        assertAlmostEquals(count(movingLabels!.data) * 16 / (Math.PI * 144 * 20), 1, 0.02);
        assert(notices.some((line) => line.endsWith('its ROIs are the labels 8 "Liver".')));
        const wrong = { ...paths, movingLabels: file("mr_plan.dcm") };
        const error = await readRegisterInputs(wrong, { onNotice }).catch((error) => error);
        assert(error instanceof DicomSeriesError);
        assertStringIncludes(error.message, "were not drawn on this series");
      },
    );
  });
});
