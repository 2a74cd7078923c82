/** The study at its smallest, from an empty folder to the report. */

import {
  assert,
  assertEquals,
  assertGreater,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { readCheckpointHeader } from "../gan/model/checkpoint.ts";
import { COLUMNS } from "../study/columns.ts";
import { type Profile, profileOf } from "../workflows/profiles.ts";
import {
  prepareStudy,
  reproduce,
  type ReproduceOptions,
  runShard,
  type StudyOptions,
} from "../study/reproduce.ts";
import { keyOf, once } from "../study/run_folder.ts";
import { ShardSettingsError } from "../study/shard_folder.ts";
import type { Gpu } from "../kernels/gpu/gpu.ts";
import { studyModels } from "../study/models.ts";
import { STAGES } from "../study/plan.ts";
import type { Table2Row } from "../study/tables/table2.ts";
import * as task from "../tasks/reproduce.ts";
import { gpuTest, SKIPS_GPU } from "../testing/gpu.ts";
import { callModule } from "../testing/run_task.ts";
import { writeSmallCohort } from "../testing/small_cohort.ts";

const SMOKE = profileOf("smoke");
/** The paired subject. */
const PAIRED = "paired-03";

/**
 * A study of few voxels, registration steps and training steps. It has every stage and every registration of the
 * smoke profile. The voxels and the pair were chosen so that NMI improves the Dice of both regions by more than 2,
 * which coarse voxels do not show on every pair; the syntheses mean nothing.
 */
const TINY: Profile = {
  ...SMOKE,
  voxel: 10,
  deformable: { ...SMOKE.deformable, spacing: 40, iterations: 12 },
  gan: {
    ...SMOKE.gan,
    crop: 28,
    stride: 14,
    blocks: 1,
    epochs: 1,
    stepsPerEpoch: 2,
    identitySteps: 1,
    pairSteps: 1,
    pairedStepsPerEpoch: 2,
  },
  search: { ...SMOKE.search, spacing: [32] },
  synthesisSearch: { ...SMOKE.synthesisSearch, spacing: [32] },
};

gpuTest(
  "reproduce() makes its tables, and a second time redoes nothing",
  async (gpu) => {
    const root = await Deno.makeTempDir();
    const cohort = await writeSmallCohort(root, ["ct-01", "mr-01", PAIRED]);
    const out = `${root}/out`;
    const profile = TINY;
    const options = { profile, seed: 1, out, version: "test", cohort };
    // The trainings take this variant of the convolutions and do not measure both.
    await Deno.mkdir(`${out}/models`, { recursive: true });
    const adapter = await keyOf({ adapter: gpu.description });
    await once(`${out}/models/convolution.json`, adapter, () => Promise.resolve("registers"));
    // A table that this study does not have is removed.
    await Deno.writeTextFile(`${out}/ablations.csv`, "of an earlier run");
    const stages = new Set<string>();
    const report = (await reproduce(gpu, {
      ...options,
      onProgress: ({ stage, left, done, total }) => {
        stages.add(stage.name);
        assert(left >= 0 && done <= total, `${stage.name}: ${done} of ${total}, ${left} s left`);
      },
    }))!;
    assertEquals([...stages], STAGES.filter((stage) => !/^cohort$|ablation/.test(stage)));
    const rows = (name: string) => report.tables.find((table) => table.name === name)!.cells;
    assertEquals(rows("table1").length, 12);
    assertEquals(rows("registrations").length, 1 + 2 * 14);
    assertEquals(rows("synthesis-truth").length, 1 + 2 * 10);
    assertEquals(rows("synthesis-source").length, 1 + 2 * 10);
    assertEquals(rows("synthesis").length, 1 + 2 * 10);
    assertEquals(rows("comparisons").length, 15);
    assertEquals(rows("findings").length, 1 + 8);
    // Every synthesised column was searched by itself, by the Dice of its own syntheses.
    const searched = rows("settings").filter(([name]) => /^((MR|CT) C=|corrected)/.test(name));
    assertEquals(searched.length, 10 * 2);
    for (const [name, regulariser, lambda, spacing, levels, dice] of searched) {
      assertEquals([regulariser, spacing, levels], ["total variation", "40", "2"], name);
      assert(["0.2", "0.4"].includes(lambda) && Number(dice) > 0, name);
    }
    assertGreater(new Set(searched.map((row) => row.at(-1))).size, 8);
    const { table2 } = report.data as { table2: Table2Row[] };
    for (const { region, dice } of table2) {
      assertEquals(Object.keys(dice), COLUMNS.map(({ name }) => name));
      assertGreater(dice.nmi, dice.rigid + 2, region);
    }
    const names: string[] = [];
    for await (const { name } of Deno.readDir(out)) names.push(name);
    assertEquals(names.sort(), [
      "comparisons.csv",
      "corrected",
      "differences.csv",
      "findings.csv",
      "models",
      "registrations",
      "registrations.csv",
      "report.html",
      "report.json",
      "report.md",
      "rigid",
      "settings",
      "settings.csv",
      "structures.csv",
      "surfaces.csv",
      "synthesis",
      "synthesis-scores.json",
      "synthesis-settings",
      "synthesis-source.csv",
      "synthesis-truth.csv",
      "synthesis.csv",
      "table1.csv",
      "table1.json",
      "table2.csv",
      "times.json",
    ]);
    const text = await Deno.readTextFile(`${out}/report.md`);
    assertStringIncludes(text, "These numbers come from 1 pair of images, too few");
    for (const [, picture] of text.matchAll(/!\[.*?\]\((.*?)\)/g)) {
      assertGreater((await Deno.stat(`${out}/${picture}`)).size, 1000);
    }

    const page = await Deno.readTextFile(`${out}/report.html`);
    assertEquals(page.match(/<table>/g)?.length, report.tables.length);
    assertEquals(page.match(/<svg /g)?.length, 11);
    assertEquals(page.match(/src="data:image\/png;base64,iVBOR/g)?.length, 2 * 2 + 2 * 2 + 2 * 8);
    assertEquals(page.match(/(src|href)="(?!data:)/g), null, "the page needs nothing else");

    const written = async () => {
      const times: Record<string, number> = {};
      const visit = async (folder: string) => {
        for await (const { name, isDirectory } of Deno.readDir(`${out}/${folder}`)) {
          // The manifest is written each time.
          if (folder === "corrected" && !name.endsWith(".gz")) continue;
          // The report draws figures 1 and 2 each time.
          if (folder === "synthesis" && name.endsWith(".png")) continue;
          const path = `${folder}/${name}`;
          if (isDirectory) await visit(path);
          else times[path] = (await Deno.stat(`${out}/${path}`)).mtime!.getTime();
        }
      };
      const settings = ["settings", "synthesis-settings"];
      for (const folder of ["corrected", ...settings, "models"]) await visit(folder);
      for (const folder of ["registrations", "synthesis"]) await visit(folder);
      return times;
    };
    const before = await written();
    const again = (await reproduce(gpu, options))!;
    assertEquals(await written(), before);
    assertEquals(again.markdown, report.markdown);

    // One stage runs again with those that it needs. The others' results stay, and there is no report.
    const table1 = () => Deno.stat(`${out}/table1.json`).then(({ mtime }) => mtime!.getTime());
    const made = await table1();
    assertEquals(await reproduce(gpu, { ...options, only: ["table1"], from: "table1" }), undefined);
    assertGreater(await table1(), made);
    assertEquals(await written(), before);

    // A single missing result is made in this thread, many are made in several threads where the adapter is
    // software. The bytes are the same.
    const [model] = studyModels(TINY, ["thorax"], 1);
    const subject = `${PAIRED}_thorax`;
    const { tensors } = (await readCheckpointHeader(`${out}/${model.folder}`))!;
    const weights = `${out}/${model.folder}/${tensors}`;
    const oneOfEachKind = ["rigid", "nmi+mind", "synthesised-mr-c3-p70", "corrected-ct"];
    const results = oneOfEachKind.map((name) => `${out}/registrations/${subject}_${name}.json`);
    const contents = () => Promise.all([weights, ...results].map((path) => Deno.readFile(path)));
    const inThreads = await contents();
    await Deno.remove(`${out}/${model.folder}`, { recursive: true });
    await Deno.remove(`${out}/${model.folder}.json`);
    for (const path of [...results, `${out}/rigid/${subject}.json`]) await Deno.remove(path);
    await reproduce(gpu, options);
    assertEquals(await contents(), inThreads);

    await checkShards(gpu, options, `${root}/shared`);
    await Deno.remove(root, { recursive: true });
  },
);

/**
 * Compares a study that two shards complete with one of a single process, to the byte. The shards get a copy of the
 * finished run folder without some results of every stage.
 */
async function checkShards(
  gpu: Gpu,
  { out: alone, ...options }: ReproduceOptions,
  out: string,
): Promise<void> {
  const kept = await filesIn(alone);
  const training = studyModels(TINY, ["abdomen"], 1)[0].folder;
  const removed = [
    /^corrected\/\w.*_mr\./,
    /^rigid\//,
    /^registrations\/.*(_rigid|_thorax_(nmi|mind|synthesised-mr-c3-p70|corrected-ct))\./,
    /^settings\/(units\/.*thorax|tables)/,
    /^synthesis\/.*_thorax_synthesised-mr-c3-p70\./,
    /^(table1|times|synthesis-scores)\.json$|^report\.|^[\w-]+\.csv$/,
  ];
  const searched = [...kept.keys()].filter((path) => path.startsWith("synthesis-settings/units/"))
    .sort().slice(0, 2);
  const isRemoved = (path: string) =>
    searched.includes(path) || path.startsWith(`${training}/`) || path === `${training}.json` ||
    removed.some((pattern) => pattern.test(path));
  for (const path of kept.keys()) {
    if (isRemoved(path)) continue;
    await Deno.mkdir(`${out}/${path.slice(0, path.lastIndexOf("/") + 1)}`, { recursive: true });
    await Deno.copyFile(`${alone}/${path}`, `${out}/${path}`);
  }
  const share = async (index: number, others: Partial<StudyOptions> = {}) => {
    const shard = { index, count: 2 };
    const study = await prepareStudy({ ...options, out, shard, ...others });
    return await runShard(gpu, study, options);
  };
  // Each missing result is made by one shard, once.
  const makers = new Map<string, number>();
  const recorded = async (index: number) => {
    const before = await filesIn(out);
    const result = await share(index);
    for (const [path, time] of await filesIn(out)) {
      // Each shard writes its times and the manifest, and the tables of a search when it reads them.
      if (/^shards|^corrected\/cohort|^settings\/[^/]*$/.test(path)) continue;
      if (before.get(path) === time) continue;
      assert(!makers.has(path), `${path} was made twice`);
      makers.set(path, index);
    }
    return result;
  };

  // The second shard stops where it needs the first one, and other settings are refused.
  const start = await recorded(2);
  assertEquals(start.isDone, false);
  assertEquals(start.open.map(({ shard }) => shard), [1, 1]);
  assertEquals(start.open.map(({ name }) => name), ["the correction of mr-01", "Table 1"]);
  const wrong = [
    () => share(1, { seed: 2 }),
    () => share(1, { shard: { index: 1, count: 3 } }),
    () => reproduce(gpu, { ...options, out, ablations: ["framework"] }),
  ];
  for (const attempt of wrong) await assertRejects(attempt, ShardSettingsError, "differ in the");
  await assertRejects(() => share(1, { from: "n4" }), RangeError, "not for a shard");

  const done = [false, false];
  for (let runs = 0; done.includes(false); runs++) {
    assert(runs < 14, "the shards do not end");
    const index = runs % 2;
    if (!done[index]) done[index] = (await recorded(index + 1)).isDone;
  }
  const missing = [...kept.keys()].filter((path) =>
    isRemoved(path) && !/^settings\/[^/]*$|^(times|report)\.|^[\w-]+\.csv$/.test(path)
  );
  assertEquals([...makers.keys()].sort(), missing.sort());
  assertEquals(new Set(makers.values()).size, 2);

  const report = (await reproduce(gpu, { ...options, out }))!;
  for (const { name } of report.tables) {
    const table = (folder: string) => Deno.readTextFile(`${folder}/${name}.csv`);
    assertEquals(await table(out), await table(alone), name);
  }
  const markdown = (folder: string) => Deno.readTextFile(`${folder}/report.md`);
  assertEquals(await markdown(out), await markdown(alone));
  for (const path of missing.filter((path) => /^(registrations|rigid|corrected)\//.test(path))) {
    assertEquals(await Deno.readFile(`${out}/${path}`), await Deno.readFile(`${alone}/${path}`));
  }
}

/** The files below a folder, with the times at which they were written. */
async function filesIn(root: string, folder = ""): Promise<Map<string, number>> {
  const files = new Map<string, number>();
  for await (const { name, isDirectory } of Deno.readDir(`${root}/${folder}`)) {
    const path = `${folder}${name}`;
    if (isDirectory) {
      for (const [inner, time] of await filesIn(root, `${path}/`)) files.set(inner, time);
    } else files.set(path, (await Deno.stat(`${root}/${path}`)).mtime!.getTime());
  }
  return files;
}

Deno.test({
  name: "task reproduce --shard ends with code 4 where it needs other shards, and refuses others",
  ignore: SKIPS_GPU,
  fn: async () => {
    const root = await Deno.makeTempDir();
    const cohort = await writeSmallCohort(root, ["mr-01", PAIRED]);
    const out = `${root}/out`;
    const flags = ["--profile", "smoke", "--cohort", cohort, "--out", out];
    const run = (...more: string[]) => callModule(task, ...flags, ...more);
    const results = [
      [2, "i from 1 to n", "--shard", "3/2"],
      [2, "--from is not for a shard", "--shard", "1/2", "--from", "n4"],
      [0, "Not done yet: shard 1 (Table 1).", "--only", "table1", "--shard", "2/2"],
      [4, "needs shard 1 (the correction of mr-01). Run", "--only", "n4", "--shard", "2/2"],
      [1, "the seed: 1, not 2", "--only", "table1", "--shard", "1/2", "--seed", "2"],
      [1, "the ablations: none, not framework", "--only", "table1", "--ablation", "framework"],
      [0, "Shard 1/2 is done. When all", "--only", "table1", "--shard", "1/2"],
    ] as const;
    for (const [expected, message, ...more] of results) {
      const { code, text } = await run(...more);
      assertStringIncludes(text, message);
      assertEquals(code, expected, text);
      const error = text.split("\n").filter((line) => line.startsWith("error:"));
      assertEquals(error.length, expected === 1 ? 1 : 0, text);
    }
    await Deno.remove(root, { recursive: true });
  },
});

gpuTest("reproduce() without a cohort makes the whole phantom in the run folder", async (gpu) => {
  const out = await Deno.makeTempDir();
  const controller = new AbortController();
  let images = 0;
  const study = reproduce(gpu, {
    profile: SMOKE,
    seed: 1,
    out,
    version: "test",
    signal: controller.signal,
    onProgress: ({ stage, done, total }) => {
      assertEquals(stage.name, "cohort");
      images = total;
      if (done > 0) controller.abort(new Error("enough"));
    },
  });
  await assertRejects(() => study, Error, "enough");
  assertEquals(images, 17 + 17 + 2 * 3);
  await Deno.stat(`${out}/cohort/plan.json`);
  await Deno.remove(out, { recursive: true });
});
