/** Every task that reads images treats contradictory headers alike. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { TaskSpec } from "../tasks/_flags.ts";
import type { TaskMain } from "../tasks/_run_task.ts";
import * as apply from "../tasks/apply.ts";
import * as cohort from "../tasks/cohort.ts";
import * as n4 from "../tasks/n4.ts";
import * as register from "../tasks/register.ts";
import * as synthesise from "../tasks/synthesise.ts";
import * as train from "../tasks/train.ts";
import { encodeTransform } from "../registration/transform_file.ts";
import { SKIPS_GPU } from "../testing/gpu.ts";
import { gzip, niftiFile } from "../testing/nifti_file.ts";
import { callModule, type TaskResult } from "../testing/run_task.ts";
import { IDENTITY } from "../volume/affine.ts";
import { Grid } from "../volume/grid.ts";
import { readGrid } from "../volume/read_nifti.ts";

type Module = { readonly TASK: TaskSpec; readonly main: TaskMain<TaskSpec> };

const SIZE = [24, 20, 16] as const;

/** An image of a few blobs, as bytes; `change` is the fault of its header. */
async function image(change: Parameters<typeof niftiFile>[0]): Promise<Uint8Array> {
  let i = 0;
  const bytes = niftiFile({ dims: [3, ...SIZE], pixdims: [4, 4, 6], ...change }, (view, at) => {
    const [x, y, z] = [i % 24 - 11, Math.floor(i / 24) % 20 - 9, Math.floor(i / 480) - 7];
    const body = x * x / 90 + y * y / 60 + z * z / 40 < 1 ? 300 : 0;
    const organ = (x - 4) ** 2 + y * y + z * z < 12 ? 500 : 0;
    view.setFloat32(at, body + organ + (Math.imul(i++, 2654435761) >>> 26), true);
  });
  return await gzip(bytes);
}

const sform = (z: number, shift = 0) => [4, 0, 0, shift, 0, 4, 0, 0, 0, 0, z, 0, 0, 0, 0, 1];
const qform = { code: 1, b: 0, c: 0, d: 0, offset: [0, 0, 0], qfac: 1 };
/** The faults: those that are refused without --trust, and those that are named. */
const refused = { sform: sform(8), qform };
const moved = { sform: sform(6, 30), qform };
const nowhere = { sform: null };
const metres = { sform: sform(6), units: 1 };

/** The command lines of every task that reads `image`, which lies in `folder`. */
function commands(folder: string, image: string): [string, Module, string[]][] {
  const good = `${folder}/good.nii.gz`;
  const out = `${folder}/out.nii.gz`;
  const quick = ["--no-rigid", "--levels", "1", "--iterations", "1", "--spacing", "60"];
  const list: [unknown, string[]][] = [
    [register, ["--fixed", image, "--moving", good, "--out", `${folder}/out`, ...quick]],
    [register, ["--fixed", good, "--moving", image, "--out", `${folder}/out`, ...quick]],
    [apply, ["--transform", `${folder}/t.json`, "--image", image, "--like", good, "--out", out]],
    [apply, ["--transform", `${folder}/t.json`, "--image", good, "--like", image, "--out", out]],
    [n4, ["--image", image, "--out", out, "--levels", "1", "--iterations", "2"]],
    [synthesise, ["--model", `${folder}/no-model`, "--image", image, "--to", "mr", "--out", out]],
    [
      train,
      ["--ct", `${folder}/one`, "--mr", `${folder}/text`, "--out", `${folder}/out`],
    ],
    [cohort, ["--from", `${folder}/one`]],
  ];
  return list.map(([module, args]) => {
    const typed = module as Module;
    return [`${typed.TASK.name} ${args[0]}`, typed, args];
  });
}

Deno.test({
  name: "tasks refuse or name contradictory headers, and --trust chooses",
  ignore: SKIPS_GPU,
  fn: async (t) => {
    const folder = await Deno.makeTempDir();
    await Deno.mkdir(`${folder}/one`);
    await Deno.mkdir(`${folder}/text`);
    await Deno.writeTextFile(`${folder}/text/b.nii.gz`, "The training ends here.");
    await Deno.writeFile(`${folder}/good.nii.gz`, await image({ sform: sform(6), qform }));
    const grid = Grid.axisAligned(SIZE, [4, 4, 6]);
    await Deno.writeTextFile(
      `${folder}/t.json`,
      encodeTransform({
        rigid: IDENTITY,
        controlGrid: undefined,
        fixedGrid: grid,
        movingGrid: grid,
      }),
    );
    const path = `${folder}/one/a_ct.nii.gz`;
    const put = async (change: Parameters<typeof niftiFile>[0]) =>
      await Deno.writeFile(path, await image(change));
    const lineWith = ({ text }: TaskResult, words: string) => {
      const line = text.split("\n").find((candidate) => candidate.includes(words));
      assert(line !== undefined, `no line with "${words}" in: ${text}`);
      return line;
    };

    for (const [name, module, args] of commands(folder, path)) {
      // These end with another error, after they have read the images.
      const isRead = !["synthesise", "train"].includes(module.TASK.name);
      await t.step(name, async () => {
        await put(refused);
        const refusal = await callModule(module, ...args);
        assertEquals(refusal.code, 1, refusal.text);
        const line = lineWith(refusal, "4 x 4 x 8 mm by the sform, and 4 x 4 x 6 mm by pixdim");
        assertStringIncludes(line, path.slice(folder.length + 1));
        for (const word of ["--trust sform", "--trust qform"]) assertStringIncludes(line, word);
        const trusted = await callModule(module, ...args, "--trust", "qform");
        assertEquals(trusted.code === 0, isRead, trusted.text);
        lineWith(trusted, "The qform is used, as `trust` demands");

        await put(moved);
        const notice = await callModule(module, ...args);
        assertEquals(notice.code === 0, isRead, notice.text);
        assertStringIncludes(lineWith(notice, "30.0 mm and 0.0 degrees"), "The sform is used");

        await put(nowhere);
        lineWith(await callModule(module, ...args), "codes are 0");

        await put(metres);
        const huge = await callModule(module, ...args);
        assertEquals(huge.code, 1, huge.text);
        lineWith(huge, "4000 x 4000 x 6000 mm, by the units code 1 (metres)");
      });
    }

    await t.step("register writes the notices to metrics.json", async () => {
      await put(moved);
      const [, module, args] = commands(folder, path)[0];
      const run = async (...more: string[]) => {
        assertEquals((await callModule(module, ...args, ...more)).code, 0);
        return JSON.parse(await Deno.readTextFile(`${folder}/out/metrics.json`));
      };
      const { notices, parameters } = await run();
      assertEquals(notices.length, 1);
      assertStringIncludes(notices[0], "30.0 mm and 0.0 degrees");
      assertEquals(parameters.trust, undefined);
      assertEquals((await readGrid(`${folder}/out/warped.nii.gz`)).affine[3], 30);
      assertEquals((await run("--trust", "qform")).parameters.trust, "qform");
      assertEquals((await readGrid(`${folder}/out/warped.nii.gz`)).affine[3], 0);
    });

    await t.step("cohort writes the choice to the manifest", async () => {
      await put(refused);
      const { code, text } = await callModule(
        cohort,
        "--from",
        `${folder}/one`,
        "--trust",
        "qform",
      );
      assertEquals(code, 0, text);
      const { subjects } = JSON.parse(await Deno.readTextFile(`${folder}/one/cohort.json`));
      assertEquals(subjects[0].trust, "qform");
    });
    await Deno.remove(folder, { recursive: true });
  },
});
