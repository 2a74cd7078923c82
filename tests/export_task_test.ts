/** Transforms of other programs in the tasks export, points and apply. */

import { assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import { encodeTransform } from "../registration/transform_file.ts";
import * as apply from "../tasks/apply.ts";
import * as exporting from "../tasks/export.ts";
import * as points from "../tasks/points.ts";
import { dicomFile } from "../testing/dicom_file.ts";
import { SKIPS_GPU } from "../testing/gpu.ts";
import { inFolder } from "../testing/in_folder.ts";
import { callModule } from "../testing/run_task.ts";
import { Grid } from "../volume/grid.ts";
import { readLabelVolume, readVolume } from "../volume/read_nifti.ts";
import { writeDisplacementField, writeLabelVolume, writeVolume } from "../volume/write_nifti.ts";

const GRID = Grid.axisAligned([12, 10, 8], [2, 2, 2]);

/** 4 mm to the right, with a displacement of 2 mm anterior at all control points. */
const TRANSFORM = encodeTransform({
  rigid: [1, 0, 0, 4, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1],
  fixedGrid: GRID,
  movingGrid: GRID,
  controlGrid: {
    size: [2, 2, 2],
    affine: [30, 0, 0, 0, 0, 30, 0, 0, 0, 0, 30, 0, 0, 0, 0, 1],
    displacements: Float32Array.from({ length: 24 }, (_, i) => i % 3 === 1 ? 2 : 0),
  },
});

/** 2 mm to the left in ITK's text format: +2 along the first axis of LPS. */
const LEFT = `#Insight Transform File V1.0
#Transform 0
Transform: TranslationTransform_double_3_3
Parameters: 2 0 0
FixedParameters: 
`;

const flagsOf = (paths: Readonly<Record<string, string>>) =>
  Object.entries(paths).flatMap(([flag, value]) => [`--${flag}`, value]);

Deno.test("task export writes the same map for ITK, and points takes it and chains", async () => {
  await inFolder(async (folder) => {
    const file = (name: string) => `${folder}/${name}`;
    await Deno.writeTextFile(file("t.json"), TRANSFORM);
    await Deno.writeTextFile(file("left, 2.tfm"), LEFT);
    await Deno.writeTextFile(file("p.csv"), "r,a,s\n10,6,4\n");
    const exported = await callModule(
      exporting,
      ...flagsOf({ transform: file("t.json"), out: file("t.tfm") }),
    );
    assertEquals(exported.code, 0, exported.text);
    const run = async (transforms: string[], ...more: string[]) => {
      const { code, text } = await callModule(
        points,
        ...transforms.flatMap((name) => ["--transform", file(name)]),
        ...flagsOf({ points: file("p.csv"), out: file("q.csv") }),
        ...more,
      );
      assertEquals(code, 0, text);
      return await Deno.readTextFile(file("q.csv"));
    };
    const hdf5 = await callModule(
      exporting,
      ...flagsOf({ transform: file("t.json"), out: file("t.h5") }),
    );
    assertEquals(hdf5.code, 0, hdf5.text);
    assertEquals(await run(["t.json"]), "r,a,s\n14,8,4\n");
    assertEquals(await run(["t.h5"]), "r,a,s\n14,8,4\n");
    assertEquals(await run(["t.tfm"]), "r,a,s\n14,8,4\n");
    assertEquals(await run(["t.json", "left, 2.tfm"]), "r,a,s\n12,8,4\n");
    assertEquals(await run(["t.tfm", "left, 2.tfm"], "--inverse"), "r,a,s\n8,4,4\n");
    const wrong = [
      [
        await callModule(exporting, ...flagsOf({ transform: file("t.json"), out: file("t.x5") })),
        2,
      ],
      [
        await callModule(exporting, ...flagsOf({ transform: file("t.tfm"), out: file("u.tfm") })),
        1,
      ],
    ] as const;
    assertEquals(wrong.map(([{ code }, expected]) => code - expected), [0, 0]);
    assertStringIncludes(wrong[0][0].text, "--out must end in .tfm or .h5");
    const x5 = await callModule(
      points,
      ...flagsOf({ transform: file("t.x5"), points: file("p.csv"), out: file("q.csv") }),
    );
    assertEquals(x5.code, 1);
    assertStringIncludes(x5.text, "t.x5 is a transform of a format that is not read");
  });
});

Deno.test({
  name: "task apply takes transforms of ITK, fields and chains, and images of every format",
  ignore: SKIPS_GPU,
  fn: async () => {
    await inFolder(async (folder) => {
      const file = (name: string) => `${folder}/${name}`;
      await Deno.writeTextFile(file("t.json"), TRANSFORM);
      await Deno.writeTextFile(file("left.tfm"), LEFT);
      const n = GRID.voxels;
      // The intensity is the number of the voxel along x plus 0.25: a motion of 2 mm to the right adds 1.
      const data = Float32Array.from({ length: n }, (_, i) => i % 12 + 0.25);
      const ids = Int32Array.from(data, Math.floor);
      await writeVolume(file("image.nrrd"), { grid: GRID, data });
      await writeLabelVolume(file("labels.mha"), { grid: GRID, data: ids });
      const zero = new Float32Array(n);
      await writeDisplacementField(file("right.nii.gz"), {
        grid: GRID,
        components: [zero.map(() => 2), zero, zero],
      });
      const middle = 4 * 120 + 5 * 12 + 5;
      const run = async (transforms: string[], out: string, ...more: string[]) => {
        const { code, text } = await callModule(
          apply,
          ...transforms.flatMap((name) => ["--transform", file(name)]),
          ...flagsOf({ like: file("image.nrrd"), out: file(out) }),
          ...more,
        );
        assertEquals(code, 0, text);
        return file(out);
      };
      const image = ["--image", file("image.nrrd")];
      const value = async (path: string) => (await readVolume(path)).data[middle];
      assertAlmostEquals(await value(await run(["t.json"], "a.mha", ...image)), 7.25, 1e-5);
      assertAlmostEquals(await value(await run(["left.tfm"], "b.nrrd", ...image)), 4.25, 1e-5);
      assertAlmostEquals(await value(await run(["right.nii.gz"], "c.nii", ...image)), 6.25, 1e-4);
      const chain = ["t.json", "left.tfm"];
      assertAlmostEquals(await value(await run(chain, "d.nii.gz", ...image)), 6.25, 1e-4);
      const back = await run(chain, "e.nii.gz", ...image, "--inverse");
      assertAlmostEquals(await value(back), 4.25, 1e-4);
      const labels = await run(chain, "f.nrrd", "--image", file("labels.mha"), "--labels");
      assertEquals((await readLabelVolume(labels)).data[middle], 6);

      // The image as a DICOM folder, next to another series.
      await Deno.mkdir(file("dicom"));
      for (let k = 0; k < 8; k++) {
        const slice = {
          instance: k + 1,
          columns: 12,
          rows: 10,
          spacing: [2, 2] as const,
          orientation: [-1, 0, 0, 0, -1, 0],
          position: [0, 0, 2 * k] as const,
          pixels: Array.from({ length: 120 }, (_, i) => 2 * (i % 12)),
          slope: 0.5,
          intercept: 0.25,
        };
        await Deno.writeFile(file(`dicom/${k}.dcm`), dicomFile(slice));
        const other = dicomFile({ ...slice, series: "1.2.9", number: 9, description: "Other" });
        await Deno.writeFile(file(`dicom/other${k}.dcm`), other);
      }
      const dicom = ["--image", file("dicom")];
      const { code, text } = await callModule(
        apply,
        ...flagsOf({ transform: file("t.json"), like: file("image.nrrd"), out: file("g.nrrd") }),
        ...dicom,
      );
      assertEquals(code, 1);
      assertStringIncludes(text, "holds 2 series");
      const chosen = await run(["t.json"], "g.nrrd", ...dicom, "--series", "1.2.9");
      assertAlmostEquals(await value(chosen), 7.25, 1e-5);
    });
  },
});
