/** The n4 task as a user runs it. */

import { assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import { Grid, readVolume, writeVolume } from "../volume/mod.ts";
import * as n4 from "../tasks/n4.ts";
import { SKIPS_GPU } from "../testing/gpu.ts";
import { callModule, task } from "../testing/run_task.ts";

Deno.test({
  name: "task n4 corrects an image and writes its field, and leaves no file after bad input",
  ignore: SKIPS_GPU,
  fn: async () => {
    const folder = await Deno.makeTempDir();
    const grid = Grid.axisAligned([40, 32, 8], [3, 3, 5]);
    const data = Float32Array.from({ length: grid.voxels }, (_, i) => {
      const x = i % 40;
      const y = Math.floor(i / 40) % 32;
      return ((x >> 2) + (y >> 2)) % 2 === 0 ? 300 * (1 + x / 80) : 800 * (1 + x / 80);
    });
    await writeVolume(`${folder}/mr.nii.gz`, { grid, data });
    const files = ["--image", `${folder}/mr.nii.gz`, "--out", `${folder}/out.nii.gz`];
    const { code, text } = await task("n4", ...files, "--field", `${folder}/f.nii.gz`);
    assertEquals(code, 0, text);
    assertStringIncludes(text, "field from ");
    const out = await readVolume(`${folder}/out.nii.gz`);
    const field = await readVolume(`${folder}/f.nii.gz`);
    assertEquals(out.grid.size, [40, 32, 8]);
    assertLess(Math.abs(field.data[39] / field.data[0] - 1.49), 0.15);
    assertLess(Math.abs(out.data[39] * field.data[39] / data[39] - 1), 1e-4);

    await Deno.remove(`${folder}/out.nii.gz`);
    const none = await callModule(n4, ...files, "--mask", `${folder}/none.nii.gz`);
    assertEquals(none.code, 1);
    assertStringIncludes(none.text, "none.nii.gz");
    const wrong = await callModule(
      n4,
      "--image",
      `${folder}/mr.nii.gz`,
      "--out",
      `${folder}/out.png`,
    );
    assertEquals(wrong.code, 2);
    const left: string[] = [];
    for await (const { name } of Deno.readDir(folder)) left.push(name);
    assertEquals(left.sort(), ["f.nii.gz", "mr.nii.gz"]);
    await Deno.remove(folder, { recursive: true });
  },
});
