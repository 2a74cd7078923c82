/** The train and synthesise tasks as a user runs them: from folders of files to a synthesised file. */

import { readCheckpointHeader } from "../gan/model/checkpoint.ts";
import { Gpu } from "../kernels/gpu/gpu.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Grid, readVolume, writeVolume } from "../volume/mod.ts";
import * as synthesise from "../tasks/synthesise.ts";
import * as train from "../tasks/train.ts";
import { SKIPS_GPU } from "../testing/gpu.ts";
import { smallDisk } from "../testing/small_disk.ts";
import { callModule, startScript, task } from "../testing/run_task.ts";

const namesIn = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

/** Intensities outside the body, at its surface, in it, and in its organ. In `t1Mr` fat is brighter than muscle. */
const CONTRASTS = {
  ct: { ground: -1000, surface: -50, body: -50, organ: 300 },
  mr: { ground: 0, surface: 500, body: 500, organ: 150 },
  fatCt: { ground: -1000, surface: -130, body: 20, organ: 300 },
  t1Mr: { ground: 0, surface: 700, body: 300, organ: 150 },
} as const;

/** A thick-sliced image with two ellipses. */
function ellipses(seed: number, contrast: keyof typeof CONTRASTS) {
  // deno-fmt-ignore
  const grid = new Grid([26, 22, 5], [
    -1, 0, 0, 12,
    0, -1, 0, 10,
    0, 0, 4, 0,
    0, 0, 0, 1,
  ]);
  const { ground, surface, body, organ } = CONTRASTS[contrast];
  const data = Float32Array.from({ length: grid.voxels }, (_, i) => {
    const x = i % 26 - 13;
    const y = Math.floor(i / 26) % 22 - 11;
    const radius = (x / 11) ** 2 + (y / 9) ** 2;
    if (radius > 1) return ground;
    if (Math.hypot(x - (seed % 5) + 2, y) < 4) return organ;
    return (radius > 0.5 ? surface : body) + 10 * (i % 7);
  });
  return { grid, data };
}

Deno.test({
  name: "tasks train and synthesise give a file from folders, and train resumes after a kill",
  ignore: SKIPS_GPU,
  fn: async (t) => {
    const folder = await Deno.makeTempDir();
    for (const modality of ["ct", "mr"] as const) {
      await Deno.mkdir(`${folder}/${modality}`);
      for (const seed of [1, 2]) {
        const path = `${folder}/${modality}/${modality}${seed}.nii.gz`;
        await writeVolume(path, ellipses(seed, modality));
      }
    }
    for (const contrast of ["fatCt", "t1Mr"] as const) {
      await Deno.mkdir(`${folder}/${contrast}`);
      for (const seed of [1, 2]) {
        const path = `${folder}/${contrast}/${contrast}${seed}.nii.gz`;
        await writeVolume(path, ellipses(seed, contrast));
      }
    }
    const training = (out: string, ...more: string[]) => [
      "--ct",
      `${folder}/ct`,
      "--mr",
      `${folder}/mr`,
      "--out",
      `${folder}/${out}`,
      "--profile",
      "smoke",
      "--filters",
      "4",
      "--blocks",
      "1",
      "--channels",
      "2",
      "--epochs",
      "2",
      "--steps-per-epoch",
      "20",
      "--checkpoint-every",
      "4",
      "--convolution",
      "registers",
      ...(more.includes("--crop") ? [] : ["--crop", "16"]),
      ...more,
    ];
    const bytesOf = async (out: string, name: string) =>
      await Deno.readFile(`${folder}/${out}/${name}`);

    await t.step("trains", async () => {
      const { code, text } = await task("train", ...training("model"));
      assertEquals(code, 0, text);
      assertStringIncludes(text, "2 CT and 2 MR; axial patches of 16 x 16 x 2, P = 10; 40 steps");
      using gpu = await Gpu.open();
      assertEquals(text.includes("A software driver needs minutes for it"), gpu.isSoftware);
      for (const modality of ["MR", "CT"]) {
        assertStringIncludes(text, `step 40, synthesised ${modality}: `);
      }
      assertEquals(namesIn(`${folder}/model`), [
        "checkpoint-0000040.safetensors",
        "checkpoint.json",
        "log.jsonl",
        "losses.png",
        "samples",
      ]);
      assertEquals(
        namesIn(`${folder}/model/samples`),
        ["step-0000000.png", "step-0000040.png"],
      );
    });

    await t.step("resumes after SIGKILL to the same bytes", async () => {
      // Not by `deno task`, which would be killed in the task's place.
      const child = startScript("train", ...training("killed"));
      const ended = child.output();
      const log = `${folder}/killed/log.jsonl`;
      const isFar = async () =>
        (await Deno.readTextFile(log).catch(() => "")).split("\n").length > 14;
      while (!await isFar()) await new Promise((go) => setTimeout(go, 20));
      child.kill("SIGKILL");
      await ended;
      const { step } = JSON.parse(await Deno.readTextFile(`${folder}/killed/checkpoint.json`));
      assert(step >= 4 && step < 40, `killed at step ${step}`);
      const refused = await callModule(train, ...training("killed"));
      assertEquals(refused.code, 2, refused.text);
      assertStringIncludes(refused.text, "holds a training: go on with it by --resume");
      const { code, text } = await callModule(train, ...training("killed", "--resume"));
      assertEquals(code, 0, text);
      for (const name of ["checkpoint-0000040.safetensors", "checkpoint.json", "log.jsonl"]) {
        assertEquals(await bytesOf("killed", name), await bytesOf("model", name), name);
      }
    });

    /** A training of two steps with a transfer. */
    const transferTraining = (ct: string, mr: string, ...more: string[]) =>
      training(`transfer-${mr}`, "--intensity-transfer", ...more).map((flag) => {
        if (flag === "20") return "1";
        if (flag === `${folder}/ct`) return `${folder}/${ct}`;
        return flag === `${folder}/mr` ? `${folder}/${mr}` : flag;
      });

    await t.step("stores the curve of --intensity-transfer", async () => {
      const { code, text } = await callModule(train, ...transferTraining("fatCt", "t1Mr"));
      assertEquals(code, 0, text);
      assert(!text.includes("without intensity transfers"), text);
      const { data } = (await readCheckpointHeader(`${folder}/transfer-t1Mr`))!;
      assert(data.transfer!.mr!.length > 1);
      assertEquals(data.transfer!.ct!.length, data.transfer!.mr!.length);
      assertEquals(data.pairs!.length, 2);
    });

    await t.step("says that there is no curve where fat is not brighter than muscle", async () => {
      const flags = transferTraining("ct", "mr");
      const { code, text } = await callModule(train, ...flags);
      assertEquals(code, 0, text);
      const warning =
        "Warning: The MR images of the registered pairs do not show fat brighter than muscle: ";
      assertEquals(text.split(warning).length, 2, text);
      assertStringIncludes(text, "The training goes on without intensity transfers");
      const { data } = (await readCheckpointHeader(`${folder}/transfer-mr`))!;
      assertEquals(data.transfer, undefined);
      assertEquals(data.pairs!.length, 2);
      // The model without a curve continues and synthesises.
      const resumed = await callModule(train, ...flags, "--resume");
      assertEquals(resumed.code, 0, resumed.text);
      const out = `${folder}/without-curve.nii.gz`;
      const synthesis = await callModule(
        synthesise,
        "--model",
        `${folder}/transfer-mr`,
        "--image",
        `${folder}/ct/ct1.nii.gz`,
        "--to",
        "mr",
        "--out",
        out,
      );
      assertEquals(synthesis.code, 0, synthesis.text);
    });

    const disk = await smallDisk(8 * 2 ** 20);
    await t.step({
      name: "a disk that is full ends the training with one line, and --resume goes on",
      ignore: disk === undefined,
      fn: async () => {
        const out = `${disk!.folder}/model`;
        const args = training("model").map((arg) => arg === `${folder}/model` ? out : arg);
        // Room for one checkpoint. The next one is written before the older one is removed.
        const { size } = await Deno.stat(`${folder}/model/checkpoint-0000040.safetensors`);
        await disk!.fill(1.6 * size);
        const full = await callModule(train, ...args);
        assertEquals(full.code, 1, full.text);
        assertMatch(full.text, /\nerror: Cannot write .*[Nn]o space left/);
        assert(!full.text.includes("    at "), full.text);
        // The last whole checkpoint is there, and no part of the next one.
        const { step } = JSON.parse(await Deno.readTextFile(`${out}/checkpoint.json`));
        assert(step >= 4 && step < 40, `full at step ${step}`);
        const found = namesIn(out).filter((name) => name.startsWith("checkpoint"));
        assertEquals(found, [
          `checkpoint-${String(step).padStart(7, "0")}.safetensors`,
          "checkpoint.json",
        ]);
        await Deno.remove(`${disk!.folder}/filler`);
        const { code, text } = await callModule(train, ...args, "--resume");
        assertEquals(code, 0, text);
        const name = "checkpoint-0000040.safetensors";
        assertEquals(await Deno.readFile(`${out}/${name}`), await bytesOf("model", name));
        assertEquals(await Deno.readFile(`${out}/log.jsonl`), await bytesOf("model", "log.jsonl"));
      },
    });
    await disk?.remove();

    await t.step("synthesises on the image's own grid", async () => {
      const [image, out] = [`${folder}/mr/mr1.nii.gz`, `${folder}/ct.nii.gz`];
      const { code, text } = await task(
        "synthesise",
        "--model",
        `${folder}/model`,
        "--image",
        image,
        "--to",
        "ct",
        "--out",
        out,
      );
      assertEquals(code, 0, text);
      assertStringIncludes(text, "the mean of ");
      const found = await readVolume(out);
      const { grid } = await readVolume(image);
      assertEquals(found.grid, grid);
      assert(found.data.every((value) => value >= -1000 && value <= 1000));
      assert(new Set(found.data).size > 100);
      const cheap = await callModule(
        synthesise,
        "--model",
        `${folder}/model`,
        "--image",
        image,
        "--to",
        "ct",
        "--out",
        out,
        "--stitch",
        "cheap",
      );
      assertEquals(cheap.code, 0, cheap.text);
      assertStringIncludes(
        cheap.text,
        "Cheap compared with full average, 2 slices in the middle: mean",
      );
    });

    await t.step("refuses wrong command lines with a message", async () => {
      const wrong: [string, string[], string][] = [
        ["train", ["--ct", "a", "--out", "b"], "both --ct FOLDER and --mr FOLDER"],
        ["train", training("x", "--patch", "50"), "--receptive-field 50 is none of 4, 7, 10"],
        ["train", training("x", "--region", "thorax"), "only a --cohort has"],
        ["train", training("x", "--crop", "18"), "`crop` must be a whole number"],
        ["synthesise", ["--model", "m", "--image", "i", "--to", "ct", "--out", "o"], "must end in"],
        [
          "synthesise",
          [
            "--model",
            folder,
            "--image",
            `${folder}/mr/mr1.nii.gz`,
            "--to",
            "ct",
            "--out",
            "o.nii",
          ],
          "has no checkpoint.json",
        ],
      ];
      for (const [name, args, message] of wrong) {
        const { code, text } = name === "train"
          ? await callModule(train, ...args)
          : await callModule(synthesise, ...args);
        assert(code !== 0, `${name} ${args.join(" ")}`);
        assertStringIncludes(text, message);
      }
    });
    await Deno.remove(folder, { recursive: true });
  },
});
