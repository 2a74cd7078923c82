/** The package for npm, in a fresh Deno project and in a Node project. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { ROOT } from "../testing/run_task.ts";

const SCRIPT = `
import { Gpu, Grid, readVolume, writeVolume } from "@crosswarp/crosswarp";
import { diceCoefficient } from "@crosswarp/crosswarp/volume";
import { readManifest, STRUCTURES, writePhantomCohort } from "@crosswarp/crosswarp/cohort";
import { PAPER_SETTINGS } from "@crosswarp/crosswarp/gan";
const grid = Grid.axisAligned([4, 3, 2], [1, 1, 5]);
await writeVolume("x.nii.gz", { grid, data: Float32Array.from({ length: 24 }, (_, i) => i) });
const { data } = await readVolume("x.nii.gz");
const dice = diceCoefficient({ label: 1, a: 4, b: 4, both: 2 });
// Without WebGPU, as in Node, the error reports this.
const open = Gpu.open.bind(Gpu);
const gpu = globalThis.Deno ? "" : await open().catch(({ name }) => name);
console.log(JSON.stringify([data[23], dice, STRUCTURES.length, PAPER_SETTINGS.blocks, gpu]));
`;

/** The study's entry keeps files by Deno's interface, and is not for Node; so does the phantom, on threads. */
const STUDY_SCRIPT = `
import { signedRankTest } from "@crosswarp/crosswarp/study";
const phantom = { out: "phantom", profile: "smoke", subjects: "paired", workers: 2 };
console.log((await readManifest(await writePhantomCohort(phantom))).subjects.length);
console.log(signedRankTest([2, 3, 4, 5, 6], [1, 1, 1, 1, 1]).p);
`;

/** Runs a program in a folder; nothing where it is not installed. */
async function run(cwd: string, program: string, ...args: string[]) {
  try {
    const { code, stdout, stderr } = await new Deno.Command(program, {
      cwd,
      args,
      env: { NO_COLOR: "1" },
    }).output();
    const text = new TextDecoder();
    return { code, out: text.decode(stdout), all: text.decode(stdout) + text.decode(stderr) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

Deno.test("deno pack makes a package for Deno and Node projects", async (t) => {
  const folder = await Deno.makeTempDir();
  const archive = `${folder}/crosswarp.tgz`;
  const packed = await run(ROOT.pathname, "deno", "pack", "--allow-dirty", "-o", archive);
  assertEquals(packed?.code, 0, packed?.all);
  for (const project of ["node", "deno"]) {
    await Deno.mkdir(`${folder}/${project}`);
    await Deno.writeTextFile(`${folder}/${project}/package.json`, '{ "type": "module" }');
    const script = project === "deno" ? SCRIPT + STUDY_SCRIPT : SCRIPT;
    await Deno.writeTextFile(`${folder}/${project}/script.mjs`, script);
  }
  const install = ["install", "--no-audit", "--no-fund", "--ignore-scripts", archive];
  const installed = await run(`${folder}/node`, "npm", ...install);
  const ignore = installed?.code !== 0;
  if (ignore) console.warn(installed?.all ?? "npm is missing");
  const named = (name: string) =>
    ignore ? `${name} (not run: npm cannot install the package)` : name;
  const inNode = async () => {
    const found = await run(`${folder}/node`, "node", "script.mjs");
    assertEquals(found?.code, 0, found?.all);
    assertStringIncludes(found!.out, '[23,0.5,11,9,"GpuUnavailableError"]');
  };
  const inDeno = async () => {
    await Deno.rename(`${folder}/node/node_modules`, `${folder}/deno/node_modules`);
    const found = await run(
      `${folder}/deno`,
      "deno",
      "run",
      "--node-modules-dir=manual",
      "-A",
      "script.mjs",
    );
    assertEquals(found?.code, 0, found?.all);
    assertStringIncludes(found!.out, '[23,0.5,11,9,""]\n3\n0.0625');
    const command = "node_modules/@crosswarp/crosswarp/cli.js";
    for (const [args, text] of [[["--version"], "crosswarp "], [["apply", "--help"], "Usage: "]]) {
      const called = await run(
        `${folder}/deno`,
        "deno",
        "run",
        "--node-modules-dir=manual",
        "-A",
        command,
        ...args,
      );
      assertEquals(called?.code, 0, called?.all);
      assertStringIncludes(called!.out, String(text));
    }
  };
  await t.step({ name: named("Node"), ignore, fn: inNode });
  await t.step({ name: named("Deno"), ignore, fn: inDeno });
  await Deno.remove(folder, { recursive: true });
});
