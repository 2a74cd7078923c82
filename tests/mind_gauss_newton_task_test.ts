/** `deno task register --method mind-gauss-newton` as a user runs it. */

import { assert, assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import { readVolume, writeVolume } from "../volume/mod.ts";
import { decodeTransform } from "../registration/mod.ts";
import { Scene } from "../testing/scene.ts";
import * as apply from "../tasks/apply.ts";
import * as register from "../tasks/register.ts";
import { SKIPS_GPU } from "../testing/gpu.ts";
import { callModule } from "../testing/run_task.ts";

Deno.test({
  name: "task register registers files with --method mind-gauss-newton",
  ignore: SKIPS_GPU,
  fn: async () => {
    const folder = await Deno.makeTempDir();
    const scene = new Scene(2);
    const out = `${folder}/out`;
    const [fixed, moving] = [`${folder}/mr.nii.gz`, `${folder}/ct.nii.gz`];
    await writeVolume(fixed, scene.image("mr"));
    await writeVolume(moving, scene.image("ct", (p) => p[0] += 5 * Math.sin(p[1] / 25)));
    const common = ["--method", "mind-gauss-newton", "--out", out, "--fixed", fixed];
    const args = [...common, "--moving", moving];

    const refused = await callModule(register, ...args, "--lambda", "3");
    assertEquals(refused.code, 2, refused.text);
    assertStringIncludes(refused.text, "--lambda does nothing with --method mind-gauss-newton");
    const option = await callModule(register, ...args, "--beta", "0.5");
    assertEquals(option.code, 2, option.text);
    assertStringIncludes(option.text, "--beta does nothing with --method mind-gauss-newton");
    const other = await callModule(register, ...args.slice(2), "--alpha", "1");
    assertEquals(other.code, 2, other.text);
    assertStringIncludes(other.text, "--alpha does nothing with --method control-grid");

    const { code, text } = await callModule(register, ...args, "--resolution", "5");
    assertEquals(code, 0, text);
    assertStringIncludes(text, "Inverse consistency: ");
    assertStringIncludes(text, "0 working voxels folded forwards, 0 backwards");
    const metrics = JSON.parse(await Deno.readTextFile(`${out}/metrics.json`));
    const { parameters, deformable } = metrics;
    assertEquals(parameters.method, "mind-gauss-newton");
    assertEquals(
      "similarity" in parameters,
      false,
      "an unused flag is among the parameters",
    );
    assertEquals(parameters.deformable.warps, [8, 4, 2]);
    assert(parameters.deformable.resolution > 4.9, "the resolution as used");
    assertEquals(deformable.levels.length, 3);
    assertEquals(deformable.foldedVoxels, { forward: 0, backward: 0 });
    assertLess(deformable.inverseConsistencyMm.mean, 0.5);
    assertEquals(metrics.jacobian.foldedPercent, 0);

    const transform = decodeTransform(await Deno.readTextFile(`${out}/transform.json`));
    assertEquals(transform.controlGrid!.size, deformable.levels[2].size);
    const applied = await callModule(
      apply,
      "--transform",
      `${out}/transform.json`,
      "--image",
      moving,
      "--like",
      fixed,
      "--out",
      `${folder}/applied.nii.gz`,
    );
    assertEquals(applied.code, 0, applied.text);
    assertEquals(
      (await readVolume(`${folder}/applied.nii.gz`)).data,
      (await readVolume(`${out}/warped.nii.gz`)).data,
    );
    await Deno.remove(folder, { recursive: true });
  },
});
