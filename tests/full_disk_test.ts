/** Tasks on a real disk that is full or read-only: one line, and nothing half-written. */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { encodeTransform } from "../registration/transform_file.ts";
import * as apply from "../tasks/apply.ts";
import * as cohort from "../tasks/cohort.ts";
import * as n4 from "../tasks/n4.ts";
import * as phantom from "../tasks/phantom.ts";
import * as register from "../tasks/register.ts";
import * as reproduce from "../tasks/reproduce.ts";
import { SKIPS_GPU } from "../testing/gpu.ts";
import { inFolder } from "../testing/in_folder.ts";
import { callModule, type TaskResult } from "../testing/run_task.ts";
import { writeSmallCohort } from "../testing/small_cohort.ts";
import { type SmallDisk, smallDisk } from "../testing/small_disk.ts";
import { Grid, IDENTITY, writeVolume } from "../volume/mod.ts";

const BYTES = 256 * 1024;
const disk = SKIPS_GPU ? undefined : await smallDisk(BYTES);
if (disk !== undefined) {
  Deno.test.beforeAll(async () => {
    // Only their names are read.
    await Deno.mkdir(`${disk.folder}/images`);
    for (const name of ["a_mr", "a_ct"]) {
      await Deno.writeTextFile(`${disk.folder}/images/${name}.nii.gz`, "");
    }
  });
  Deno.test.afterAll(() => disk.remove());
}

const grid = Grid.axisAligned([24, 22, 20], [4, 4, 4]);

/** Noise in a blob; it does not compress well. */
function blob(shift: number) {
  const data = Float32Array.from({ length: grid.voxels }, (_, i) => {
    const x = i % 24 - 12 - shift;
    const y = Math.floor(i / 24) % 22 - 11;
    const z = Math.floor(i / 528) - 10;
    return 500 * Math.exp(-(x * x + y * y + z * z) / 50) + (i * 7919) % 101;
  });
  return { grid, data };
}

/** The names of all files in a folder and below it. */
async function contents(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    names.push(name);
    if (isDirectory) {
      names.push(...(await contents(`${folder}/${name}`)).map((n) => `${name}/${n}`));
    }
  }
  return names.sort();
}

/** The calls of the tasks that write into `out`, with their inputs in `folder`. */
async function callsOf(
  folder: string,
  out: string,
): Promise<Record<string, () => Promise<TaskResult>>> {
  const file = (name: string) => `${folder}/${name}`;
  await writeVolume(file("a_mr.nii.gz"), blob(0));
  await writeVolume(file("a_ct.nii.gz"), blob(1));
  const transform = { rigid: IDENTITY, fixedGrid: grid, movingGrid: grid };
  await Deno.writeTextFile(file("transform.json"), encodeTransform(transform));
  const [mr, ct] = [file("a_mr.nii.gz"), file("a_ct.nii.gz")];
  const short = ["--no-rigid", "--levels", "1", "--iterations", "1", "--similarity", "nmi"];
  const image = `${out}/image.nii.gz`;
  return {
    register: () =>
      callModule(register, "--fixed", mr, "--moving", ct, "--out", `${out}/new`, ...short),
    apply: () =>
      callModule(
        apply,
        "--transform",
        file("transform.json"),
        "--image",
        ct,
        "--like",
        mr,
        "--out",
        image,
      ),
    n4: () =>
      callModule(
        n4,
        "--image",
        mr,
        "--out",
        image,
        "--field",
        `${out}/field.nii.gz`,
        "--iterations",
        "1",
      ),
    cohort: () => callModule(cohort, "--quick", "--from", `${out}/images`),
    phantom: () =>
      callModule(phantom, "--profile", "smoke", "--subjects", "paired", "--out", `${out}/phantom`),
  };
}

async function eachTask(
  t: Deno.TestContext,
  { folder }: SmallDisk,
  check: (name: string, result: TaskResult) => void,
): Promise<void> {
  await inFolder(async (inputs) => {
    const before = await contents(folder);
    for (const [name, call] of Object.entries(await callsOf(inputs, folder))) {
      await t.step(name, async () => {
        const result = await call();
        assertEquals(result.code, 1, result.text);
        assert(!result.text.includes("    at "), result.text);
        check(name, result);
        assertEquals(await contents(folder), before);
      });
    }
  });
}

const options = {
  ignore: disk === undefined,
  skips: disk === undefined ? " (not run: no adapter, or no right to mount a disk)" : "",
};

Deno.test({
  name: `tasks leave nothing on a full disk, and say so${options.skips}`,
  ignore: options.ignore,
  fn: async (t) => {
    await disk!.fill(0);
    await eachTask(
      t,
      disk!,
      (_, { text }) => assertStringIncludes(text.toLowerCase(), "no space left"),
    );
  },
});

Deno.test({
  name: `task n4 writes both of its files or none${options.skips}`,
  ignore: options.ignore,
  fn: () =>
    inFolder(async (inputs) => {
      const { n4 } = await callsOf(inputs, disk!.folder);
      const size = (await Deno.stat(`${inputs}/a_mr.nii.gz`)).size;
      // Room for one of the two.
      await disk!.fill(1.5 * size);
      const before = await contents(disk!.folder);
      const { code, text } = await n4();
      assertEquals([code, await contents(disk!.folder)], [1, before], text);
      await disk!.fill(3 * size);
      assertEquals((await n4()).code, 0);
      for (const name of ["image", "field"]) await Deno.remove(`${disk!.folder}/${name}.nii.gz`);
    }),
});

Deno.test({
  name: `tasks refuse a read-only disk${options.skips}`,
  ignore: options.ignore,
  fn: async (t) => {
    await disk!.fill(BYTES / 2);
    await disk!.setReadOnly(true);
    try {
      await eachTask(t, disk!, (name, { text }) => {
        assertStringIncludes(text.toLowerCase(), "read-only file system");
        // Long work does not begin.
        assert(!/level 1|estimating|rendering/.test(text), `${name}: ${text}`);
      });
    } finally {
      await disk!.setReadOnly(false);
    }
  },
});

Deno.test({
  name: `task reproduce continues after the disk was full in the middle${options.skips}`,
  ignore: options.ignore,
  fn: () =>
    inFolder(async (folder) => {
      const cohort = await writeSmallCohort(folder, ["mr-01", "paired-03"]);
      const flags = ["--profile", "smoke", "--only", "n4", "--cohort", cohort];
      const correct = (out: string) => callModule(reproduce, ...flags, "--out", out);
      const [first, second] = ["corrected/mr-01_mr", "corrected/paired-03_mr"];
      const read = async (out: string) => ({
        first: await Deno.readFile(`${out}/${first}.nii.gz`),
        second: await Deno.readFile(`${out}/${second}.nii.gz`),
      });
      assertEquals((await correct(`${folder}/expected`)).code, 0);
      const expected = await read(`${folder}/expected`);
      const small = (await smallDisk(8 * expected.second.length))!;
      try {
        const out = `${small.folder}/study`;
        await small.fill(expected.first.length + expected.second.length / 2);
        const { code, text } = await correct(out);
        assertEquals(code, 1, text);
        const [error, ...others] = text.split("\n").filter((line) => !line.startsWith("[1/2]"));
        assertMatch(error, /^error: Cannot write .*paired-03_mr\.nii\.gz: no space left/i);
        assertEquals(others, [""]);
        const done = [`${first}.json`, `${first}.nii.gz`];
        assertEquals(await contents(out), ["corrected", ...done, "times.json"]);
        const written = async () => (await Deno.stat(`${out}/${first}.nii.gz`)).mtime;
        const before = await written();

        await Deno.remove(`${small.folder}/filler`);
        assertEquals((await correct(out)).code, 0);
        assertEquals(await read(out), expected);
        assertEquals(await written(), before, "finished work is not repeated");
      } finally {
        await small.remove();
      }
    }),
});
