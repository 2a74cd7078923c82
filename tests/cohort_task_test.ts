/** The cohort task as a user runs it, on a folder with files that cannot be used. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import * as cohort from "../tasks/cohort.ts";
import { callModule } from "../testing/run_task.ts";
import { Grid, writeVolume } from "../volume/mod.ts";

Deno.test("task cohort lists all problems and writes no manifest, or the rest with --skip-bad", async () => {
  const folder = await Deno.makeTempDir();
  const grid = Grid.axisAligned([4, 4, 4], [2, 2, 2]);
  const image = { grid, data: Float32Array.from({ length: 64 }, (_, i) => 20 * i - 500) };
  for (const name of ["Müller_ct", "Müller_mr", "patient 2_ct", "cut_mr"]) {
    await writeVolume(`${folder}/${name}.nii.gz`, image);
  }
  const bytes = await Deno.readFile(`${folder}/cut_mr.nii.gz`);
  await Deno.writeFile(`${folder}/cut_mr.nii.gz`, bytes.subarray(0, bytes.length - 9));
  await Deno.writeTextFile(`${folder}/text_ct.nii.gz`, "This is no image.");
  await Deno.symlink(`${folder}/gone`, `${folder}/link_ct.nii.gz`);
  const path = `${folder}/cohort.json`;

  const refused = await callModule(cohort, "--from", folder);
  assertEquals(refused.code, 1, refused.text);
  for (
    const words of [
      "3 files of the cohort cannot be used, and no manifest is written",
      "cut_mr.nii.gz: its gzip compression is damaged",
      "text_ct.nii.gz is not a NIfTI, NRRD, MetaImage or Analyze file",
      "link_ct.nii.gz: the link leads to nothing",
      "--skip-bad",
    ]
  ) {
    assertStringIncludes(refused.text, words);
  }
  assertEquals(refused.text.split("link_ct.nii.gz").length, 2, "each problem is named once");
  assertEquals(await Deno.stat(path).catch(() => undefined), undefined);

  const taken = await callModule(cohort, "--from", folder, "--skip-bad");
  assertEquals(taken.code, 0, taken.text);
  assertStringIncludes(taken.text, "1 paired, 1 CT and 0 MR subjects");
  assertStringIncludes(taken.text, "Left out: ");
  const { subjects } = JSON.parse(await Deno.readTextFile(path));
  assertEquals(subjects.map(({ id }: { id: string }) => id), ["Müller", "patient 2"]);

  // The names alone do not show the damage.
  const quick = await callModule(cohort, "--from", folder, "--quick");
  assertEquals(quick.code, 1);
  assertStringIncludes(quick.text, "1 file of the cohort cannot be used");
  await Deno.remove(folder, { recursive: true });
});

Deno.test("task cohort writes no empty manifest with --skip-bad", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/a_ct.nii.gz`, "This is no image.");
  const { code, text } = await callModule(cohort, "--from", folder, "--skip-bad");
  assertEquals(code, 1, text);
  assertStringIncludes(text, "is not a NIfTI, NRRD, MetaImage or Analyze file");
  assertEquals(await Deno.stat(`${folder}/cohort.json`).catch(() => undefined), undefined);
  await Deno.remove(folder, { recursive: true });
});
