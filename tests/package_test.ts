/**
 * The npm package in fresh projects of Node, Deno and Bun.
 *
 * Deno, Node and Bun must give the same bytes on one driver: the SwiftShader of Debian's package chromium. The npm
 * package `webgpu` refuses Mesa 22, which Debian 12 has.
 */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  BUN,
  makeProject,
  NPM_INSTALL,
  npmProblem,
  outputOf,
  packPackage,
  runIn,
  tfjsPackages,
} from "../testing/npm_project.ts";
import { BASICS, DENO_ONLY, ofSources, REGISTER, SYNTHESISE } from "../testing/package_scripts.ts";
import { inFolder } from "../testing/in_folder.ts";
import { ROOT } from "../testing/run_task.ts";

const NO_WEBGPU =
  "GpuUnavailableError: Node has no WebGPU. Install the package that adds it: `npm i webgpu`.";

/** SwiftShader's description for the Vulkan loader. */
const DRIVER = "/usr/lib/chromium/vk_swiftshader_icd.json";

const ON_DRIVER = {
  VK_DRIVER_FILES: DRIVER,
  DENO_WEBGPU_BACKEND: "vulkan",
  XDG_RUNTIME_DIR: "/tmp",
};

const npmReason = await npmProblem();
const hasDriver = await Deno.stat(DRIVER).then(() => true, () => false);
const noDriver = hasDriver ? "" : " (not run: no SwiftShader; Debian's package chromium has it)";

/** The last line of a script's output. */
async function resultOf(project: string, command: readonly string[], script: string) {
  await Deno.writeTextFile(`${project}/script.mjs`, script);
  const words = [...command, "script.mjs", `${project}/../model`];
  return JSON.parse((await outputOf(project, words, ON_DRIVER)).trim().split("\n").at(-1)!);
}

Deno.test({
  name: `the npm package works in fresh projects${
    npmReason === undefined ? "" : ` (not run: ${npmReason})`
  }`,
  ignore: npmReason !== undefined,
  fn: async (t) =>
    await inFolder(async (folder) => {
      const archive = await packPackage(folder);
      await Deno.mkdir(`${folder}/model`);
      const node = await makeProject(`${folder}/node`);
      const deno = await makeProject(`${folder}/deno`);

      await t.step("Node, without tfjs and WebGPU", async () => {
        await outputOf(node, [...NPM_INSTALL, archive]);
        const installed = await Array.fromAsync(Deno.readDir(`${node}/node_modules`));
        assertEquals(installed.filter(({ name }) => /tensorflow|webgpu/.test(name)), []);
        assertEquals(await resultOf(node, ["node"], BASICS), [
          23.5,
          0.5,
          11,
          "./x.nii.gz",
          NO_WEBGPU,
        ]);
      });

      await t.step("the command crosswarp in Node", async () => {
        const command = ["node", "node_modules/.bin/crosswarp"];
        assertStringIncludes(await outputOf(node, [...command, "--version"]), "crosswarp ");
        const help = await outputOf(node, [...command, "apply", "--help"]);
        assertStringIncludes(help, "Usage: crosswarp apply");
        const refused = async (code: number, words: string, ...args: string[]) => {
          const result = await runIn(node, [...command, ...args]);
          assertEquals(result?.code, code, result?.all);
          assertStringIncludes(result!.all, words);
        };
        await refused(2, "`phantom` needs Deno", "phantom", "--out", "phantom");
        await refused(2, "--image", "apply", "--transform", "none.json");
        await refused(1, "npm i webgpu", "doctor");
        const files = ["--fixed", "x.nii.gz", "--moving", "x.nii.gz", "--out", "out"];
        await refused(1, "npm i webgpu", "register", ...files);
      });

      // One installation of tfjs, which has thousands of files, serves Node and Deno.
      await outputOf(node, [...NPM_INSTALL, archive, "webgpu", ...await tfjsPackages()]);

      await t.step({
        name: `the same bytes in Deno, Node and Bun${noDriver}`,
        ignore: !hasDriver,
        fn: async () => {
          const ofDeno = ["deno", "run", "-A", "--no-check", `--config=${ROOT.pathname}deno.json`];
          const registered = await resultOf(deno, ofDeno, ofSources(REGISTER));
          assertMatch(registered.adapter, /SwiftShader/i);
          // The moving image is displaced by one voxel of 10 mm.
          assertEquals(Math.abs(registered.shift + 10) < 1, true, `${registered.shift}`);
          assertEquals((await resultOf(node, ["node"], REGISTER)).hashes, registered.hashes);

          const synthesised = await resultOf(deno, ofDeno, ofSources(SYNTHESISE));
          assertEquals(
            new Set(synthesised).size,
            1,
            "a folder, an address and bytes are one model",
          );
          assertEquals(await resultOf(node, ["node"], SYNTHESISE), synthesised);

          const bun = await makeProject(`${folder}/bun`);
          await outputOf(bun, [...BUN, "add", "--ignore-scripts", archive, "webgpu"]);
          assertEquals((await resultOf(bun, [...BUN, "run"], REGISTER)).hashes, registered.hashes);
        },
      });

      await t.step("Deno", async () => {
        await Deno.rename(`${node}/node_modules`, `${deno}/node_modules`);
        const ofPackage = ["deno", "run", "--node-modules-dir=manual", "-A"];
        await Deno.writeTextFile(`${deno}/script.mjs`, DENO_ONLY);
        const out = await outputOf(deno, [...ofPackage, "script.mjs"]);
        assertStringIncludes(out, '[23.5,0.5,11,"./x.nii.gz",""]\n3\n0.0625 9');
        const command = [...ofPackage, "node_modules/@crosswarp/crosswarp/cli.js"];
        assertStringIncludes(await outputOf(deno, [...command, "--version"]), "crosswarp ");
        assertStringIncludes(await outputOf(deno, [...command, "apply", "--help"]), "Usage: ");
      });
    }),
});
