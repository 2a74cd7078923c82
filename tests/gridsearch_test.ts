/** The grid search as a user runs it: alone, as several processes at once, interrupted, with wrong flags. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { writePhantomCohort } from "../cohort/phantom/phantom.ts";
import { writeManifest } from "../cohort/manifest.ts";
import * as gridsearch from "../tasks/gridsearch.ts";
import { SKIPS_GPU } from "../testing/gpu.ts";
import { callModule, task } from "../testing/run_task.ts";
import { readBestSettings } from "../study/grid_search/best_settings.ts";

/** The files below a folder with a digest of their bytes, without times. */
async function contents(folder: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (isDirectory) {
      for (const [inner, hash] of Object.entries(await contents(`${folder}/${name}`))) {
        found[`${name}/${inner}`] = hash;
      }
      continue;
    }
    let bytes = await Deno.readFile(`${folder}/${name}`);
    if (name.endsWith(".json")) {
      const text = new TextDecoder().decode(bytes).replace(/"seconds": [\d.e+-]+/, "");
      bytes = new TextEncoder().encode(text);
    }
    found[name] = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  }
  return found;
}

const paths = (files: Record<string, string>, part: string) =>
  Object.keys(files).filter((path) => path.includes(part));

Deno.test({
  name:
    "task gridsearch gives the same files in one process and in three at once, and repeats no work",
  ignore: SKIPS_GPU,
  fn: async () => {
    const folder = await Deno.makeTempDir();
    const cohort = await writePhantomCohort({
      out: `${folder}/cohort`,
      profile: "smoke",
      subjects: "paired",
    });
    const flags = (out: string) => [
      "--cohort",
      cohort,
      "--out",
      `${folder}/${out}`,
      "--profile",
      "smoke",
      "--resolution",
      "14",
      "--iterations",
      "2",
      "--region",
      "abdomen",
      "--lambda",
      "0.05,0.1",
      "--spacing",
      "10,20",
      "--levels",
      "1",
    ];
    const [alone, ...shards] = await Promise.all([
      task("gridsearch", ...flags("alone")),
      task("gridsearch", ...flags("shared"), "--shard", "1/3"),
      task("gridsearch", ...flags("shared"), "--shard", "2/3"),
      task("gridsearch", ...flags("shared"), "--shard", "3/3"),
    ]);
    for (const { code, text } of [alone, ...shards]) assertEquals(code, 0, text);
    assertMatch(alone.text, /nmi +abdomen +1 +0\.\d+ +\d+ /);

    const expected = await contents(`${folder}/alone`);
    assertEquals(paths(expected, "units/").length, 3 * 2 * 2);
    assertEquals(paths(expected, "rigid/").length, 3);
    assertEquals(Object.keys(expected).filter((path) => !/units|rigid/.test(path)).sort(), [
      "best.json",
      "gridsearch/nmi_abdomen.csv",
      "gridsearch/nmi_abdomen.json",
      "gridsearch/nmi_abdomen.txt",
      "gridsearch/nmi_abdomen_levels1.png",
    ]);
    assertEquals(await contents(`${folder}/shared`), expected);
    const { settings } = await readBestSettings(`${folder}/shared/best.json`);
    assertEquals(settings.map(({ region }) => region), ["abdomen"]);

    // One unit less is one unit to do; the others and the rigid registrations stay.
    const [first] = paths(expected, "units/");
    await Deno.remove(`${folder}/shared/${first}`);
    const partial = await callModule(gridsearch, ...flags("shared"), "--collect");
    assertEquals(partial.code, 1);
    assertStringIncludes(partial.text, "nmi, abdomen: 1 of 12 registrations are missing");
    const again = await callModule(gridsearch, ...flags("shared"));
    assertStringIncludes(again.text, "11 of 12 registrations are there already");
    assertEquals(await contents(`${folder}/shared`), expected);
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test("task gridsearch refuses wrong flags and manifests with a message", async () => {
  const folder = await Deno.makeTempDir();
  const manifest = `${folder}/cohort.json`;
  await Deno.writeTextFile(`${folder}/mr`, "");
  await writeManifest(manifest, {
    format: "crosswarp-cohort",
    version: 1,
    profile: "test",
    subjects: [{ id: "a", kind: "mr", images: { mr: "mr" }, labels: {} }],
  });
  const wrong = [
    [2, "i from 1 to n", "--shard", "4/3"],
    [2, "--similarity must be one of nmi", "--similarity", "nmi,nothing"],
    [2, "--lambda has an empty value", "--lambda", "0.1,"],
    [2, "--levels needs a value", "--levels", ""],
    [2, "--spacing must be above 0", "--spacing", "0"],
    [2, "--collect takes no --shard", "--collect", "--shard", "1/2"],
    [1, 'no subject of kind "paired"', "--cohort", manifest, "--out", `${folder}/out`],
    [1, "There is no manifest", "--cohort", `${folder}/none.json`, "--out", `${folder}/out`],
  ] as const;
  for (const [expected, message, ...args] of wrong) {
    const { code, text } = await callModule(gridsearch, ...args);
    assertStringIncludes(text, message);
    assertEquals(code, expected, text);
  }
  const left = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
  assertEquals(left.sort(), ["cohort.json", "mr"], "no folder is made");
  await Deno.remove(folder, { recursive: true });
});
