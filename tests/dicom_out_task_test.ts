/** The flag --dicom-out of register and apply; the fixed image of register is a zip file. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  Uint8ArrayReader,
  Uint8ArrayWriter,
  ZipWriter,
} from "@zip.js/zip.js/lib/zip-core-native.js";
import * as apply from "../tasks/apply.ts";
import * as register from "../tasks/register.ts";
import { dicomFile, type MadeDicom } from "../testing/dicom_file.ts";
import { SKIPS_GPU } from "../testing/gpu.ts";
import { inFolder } from "../testing/in_folder.ts";
import { callModule } from "../testing/run_task.ts";
import { readVolume } from "../volume/read_nifti.ts";

const COLUMNS = 16;
const ROWS = 14;
const SLICES = 12;

/** 2 mm to the left in ITK's text format. */
const LEFT = `#Insight Transform File V1.0
#Transform 0
Transform: TranslationTransform_double_3_3
Parameters: 2 0 0
FixedParameters: 
`;

/** Writes a series of 8 mm voxels with an ellipsoid. */
async function writeSeries(folder: string, change: Partial<MadeDicom>): Promise<void> {
  await Deno.mkdir(folder);
  for (let k = 0; k < SLICES; k++) {
    const pixels = Array.from({ length: COLUMNS * ROWS }, (_, i) => {
      const x = (i % COLUMNS - 7) / 5;
      const y = (Math.floor(i / COLUMNS) - 7) / 4;
      const r = Math.hypot(x, y, (k - 5) / 4);
      const noise = (97 * i + 31 * k) % 211;
      return noise + (r < 0.5 ? 900 : r < 1 ? 400 : 20);
    });
    const file = dicomFile({
      columns: COLUMNS,
      rows: ROWS,
      spacing: [8, 8],
      thickness: 8,
      position: [0, 0, 8 * k],
      instance: k + 1,
      pixels,
      intercept: 0,
      texts: [[0x00100010, "PN", "Doe^Jane"], [0x00200052, "UI", "1.2.3.77"]],
      ...change,
    });
    await Deno.writeFile(`${folder}/${k}.dcm`, file);
  }
}

/** Writes a zip file of a folder. */
async function zipFolder(folder: string, path: string): Promise<void> {
  const zip = new ZipWriter(new Uint8ArrayWriter(), { useWebWorkers: false });
  for await (const { name } of Deno.readDir(folder)) {
    await zip.add(`mr/${name}`, new Uint8ArrayReader(await Deno.readFile(`${folder}/${name}`)));
  }
  await Deno.writeFile(path, await zip.close());
}

const flagsOf = (paths: Readonly<Record<string, string>>) =>
  Object.entries(paths).flatMap(([flag, value]) => [`--${flag}`, value]);

Deno.test({
  name: "tasks apply and register write the warped image as a DICOM series with --dicom-out",
  ignore: SKIPS_GPU,
  fn: async () => {
    await inFolder(async (folder) => {
      const file = (name: string) => `${folder}/${name}`;
      await writeSeries(file("mr"), { series: "1.2.3.1", modality: "MR", description: "T1" });
      await writeSeries(file("ct"), { series: "1.2.3.2", intercept: -500 });
      await Deno.writeTextFile(file("left.tfm"), LEFT);
      const applied = (more: Readonly<Record<string, string>>, ...words: string[]) =>
        callModule(
          apply,
          ...flagsOf({ transform: file("left.tfm"), image: file("ct"), ...more }),
          ...words,
        );

      const to = { like: file("mr"), out: file("a.nii.gz") };
      const { code, text } = await applied({ ...to, "dicom-out": file("series") });
      assertEquals(code, 0, text);
      assertStringIncludes(text, "Wrote a DICOM series of 12 files in ");
      const series = await readVolume(file("series"));
      const image = await readVolume(to.out);
      assertEquals(series.grid.affine, image.grid.affine);
      // The range of less than 1200 HU has steps of 0.02 HU.
      image.data.forEach((v, i) => assert(Math.abs(v - series.data[i]) <= 0.0101, `${v}`));

      const refused = async (
        words: string,
        expected: number,
        more: Readonly<Record<string, string>>,
        ...rest: string[]
      ) => {
        const result = await applied(more, ...rest);
        assertEquals(result.code, expected, result.text);
        assertStringIncludes(result.text, words);
      };
      await refused("the folder is not empty. Give a new or an empty folder", 1, {
        ...to,
        "dicom-out": file("series"),
      });
      await refused("--dicom-out needs a --like that is a DICOM series", 1, {
        like: to.out,
        out: file("b.nii.gz"),
        "dicom-out": file("new"),
      });
      await refused(
        "leave it out with --labels",
        2,
        { ...to, "dicom-out": file("new") },
        "--labels",
      );

      await zipFolder(file("mr"), file("mr.zip"));
      const registered = await callModule(
        register,
        ...flagsOf({
          fixed: file("mr.zip"),
          moving: file("ct"),
          resolution: "16",
          out: file("registered"),
          "dicom-out": file("registered series"),
        }),
      );
      assertEquals(registered.code, 0, registered.text);
      const warped = await readVolume(`${file("registered")}/warped.nii.gz`);
      const written = await readVolume(file("registered series"));
      warped.data.forEach((v, i) => assert(Math.abs(v - written.data[i]) <= 0.0101, `${v}`));
      const same = await callModule(
        register,
        ...flagsOf({
          fixed: file("mr"),
          moving: file("ct"),
          out: file("x"),
          "dicom-out": `${file("x")}/.`,
        }),
      );
      assertEquals(same.code, 2);
      assertStringIncludes(same.text, "--dicom-out and --out must be different paths");

      // A case that was registered without its series is not finished with --dicom-out.
      const list = file("pairs.csv");
      await Deno.writeTextFile(list, "case,fixed,moving\na,mr,ct\n");
      const cohort = (...more: string[]) =>
        callModule(
          register,
          ...flagsOf({ cohort: list, resolution: "16", out: file("all") }),
          "--rigid-only",
          "--resume",
          ...more,
        );
      const without = await cohort();
      assertEquals(without.code, 0, without.text);
      const withSeries = await cohort("--dicom-out", file("all series"));
      assertEquals(withSeries.code, 0, withSeries.text);
      assertStringIncludes(withSeries.text, "Wrote a DICOM series of 12 files in ");
      const finished = await cohort("--dicom-out", file("all series"));
      assertStringIncludes(finished.text, "a: it is registered already");
      const both = await cohort("--dicom-out", file("all"));
      assertEquals(both.code, 2, both.text);
    });
  },
});
