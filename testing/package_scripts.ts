/** Programs that use the npm package, for projects of Deno, Node and Bun. Each prints one line of JSON. */

import { ROOT } from "./run_task.ts";

/** Uses entries that need no GPU. */
export const BASICS = `
import { Gpu, Grid, readVolume, writeVolume } from "@crosswarp/crosswarp";
import { diceCoefficient } from "@crosswarp/crosswarp/volume";
import { readManifest, STRUCTURES, writeManifest, writePhantomCohort } from "@crosswarp/crosswarp/cohort";
const grid = Grid.axisAligned([4, 3, 2], [1, 1, 5]);
await writeVolume("x.nii.gz", { grid, data: Float32Array.from({ length: 24 }, (_, i) => i + 0.5) });
const { data } = await readVolume("x.nii.gz");
const dice = diceCoefficient({ label: 1, a: 4, b: 4, both: 2 });
await writeManifest("cohort.json", {
  format: "crosswarp-cohort", version: 1, profile: "mine",
  subjects: [{ id: "a", kind: "ct", images: { ct: "x.nii.gz" }, labels: {} }],
});
const { subjects } = await readManifest("./cohort.json");
// Without WebGPU, as in Node, the error reports this.
const gpu = globalThis.Deno ? "" : await Gpu.open().catch(({ name, message }) => name + ": " + message);
console.log(JSON.stringify([data[23], dice, STRUCTURES.length, subjects[0].images.ct, gpu]));
`;

/** The entries that need tfjs or Deno: the study keeps files by Deno's interface, and the phantom renders on threads. */
export const DENO_ONLY = BASICS + `
import { PAPER_SETTINGS } from "@crosswarp/crosswarp/gan";
import { signedRankTest } from "@crosswarp/crosswarp/study";
const phantom = { out: "phantom", profile: "smoke", subjects: "paired", workers: 2 };
console.log((await readManifest(await writePhantomCohort(phantom))).subjects.length);
console.log(signedRankTest([2, 3, 4, 5, 6], [1, 1, 1, 1, 1]).p, PAPER_SETTINGS.blocks);
`;

/** Makes a pair, writes and reads it, registers it, and prints hashes. Its arithmetic is exact in every engine. */
export const REGISTER = `
import { Gpu, Grid, readVolume, registerImages, writeVolume } from "@crosswarp/crosswarp";
import { createHash } from "node:crypto";
const grid = Grid.axisAligned([20, 18, 16], [10, 10, 10], [-95, -85, -75]);
const image = (shift, intensities) => ({
  grid,
  data: Float32Array.from({ length: grid.voxels }, (_, i) => {
    const x = i % 20 - 9.5 + shift, y = Math.floor(i / 20) % 18 - 8.5, z = Math.floor(i / 360) - 7.5;
    const r = x * x / 64 + y * y / 49 + z * z / 36;
    return intensities[r < (x > 0 ? 0.3 : 0.2) ? 2 : r < 1 ? 1 : 0];
  }),
});
await writeVolume("fixed.nii.gz", image(0, [0, 500, 200]));
await writeVolume("moving.nii", image(1, [-1000, 0, 300]), { type: "int16" });
const gpu = await Gpu.open();
const { field, warped } = await registerImages(gpu, {
  fixed: await readVolume("fixed.nii.gz"),
  moving: await readVolume("moving.nii"),
});
gpu[Symbol.dispose]();
const hash = ({ buffer, byteOffset, byteLength }) =>
  createHash("sha256").update(new Uint8Array(buffer, byteOffset, byteLength)).digest("hex");
console.log(JSON.stringify({
  adapter: gpu.description,
  hashes: [...field.components, warped.data].map(hash),
  shift: field.components[0].reduce((sum, mm) => sum + mm, 0) / grid.voxels,
}));
`;

/** Registers two files twice, as `bench:runtimes` asks. It uses only interfaces that browsers have, too. */
const TIMED = `
import { Gpu, readVolume, registerImages } from "@crosswarp/crosswarp";
async function registerTwice(fixedFile, movingFile) {
  const fixed = await readVolume(fixedFile);
  const moving = await readVolume(movingFile);
  const gpu = await Gpu.open();
  const [seconds, hashes] = [[], []];
  for (let run = 0; run < 2; run++) {
    const began = performance.now();
    const { field, warped } = await registerImages(gpu, { fixed, moving });
    seconds.push((performance.now() - began) / 1000);
    const bytes = await new Blob([...field.components, warped.data]).arrayBuffer();
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    hashes.push(Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join(""));
  }
  gpu[Symbol.dispose]();
  return { adapter: gpu.description, seconds, hashes };
}
`;

/** Registers fixed.nii.gz and moving.nii.gz of a folder. */
export const TIMED_IN_FOLDER = TIMED + `
const folder = process.argv[2];
console.log(JSON.stringify(await registerTwice(folder + "/fixed.nii.gz", folder + "/moving.nii.gz")));
`;

/** Registers fixed.nii.gz and moving.nii.gz of the server of the page. */
export const TIMED_IN_BROWSER = TIMED + `
const file = (name) => new URL(name, location.href);
globalThis.registration = registerTwice(file("fixed.nii.gz"), file("moving.nii.gz"));
`;

/** Makes a small model where there is none, reads it in three ways, and prints the hashes of syntheses. */
export const SYNTHESISE = `
import { Gpu, PLANES } from "@crosswarp/crosswarp/kernels";
import { CycleGan, loadGenerator, PAPER_SETTINGS, RandomState, synthesiseVolume, Tensorflow, writeCheckpoint }
  from "@crosswarp/crosswarp/gan";
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
const folder = process.argv[2];
const gpu = await Gpu.open();
const tensorflow = await Tensorflow.open(gpu, { convolution: "registers" });
const files = await readdir(folder);
if (files.length === 0) {
  const gan = new CycleGan(tensorflow, {
    ...PAPER_SETTINGS, crop: 16, channels: 1, generatorFilters: 4, blocks: 1, discriminatorFilters: 4, strides: [2, 1],
  });
  const state = (name) => RandomState.of(1, name).save();
  const scale = { ct: { low: -1000, high: 1000 }, mr: { low: 0, high: 1 } };
  await writeCheckpoint(folder, gan, {
    step: 1, ops: "own", convolution: "registers",
    data: { plane: "coronal", spacing: [1, 1, 1], region: "all", flips: false, scale, images: { ct: [], mr: [] } },
    random: { ct: state("ct"), mr: state("mr"), pool: state("pool") },
  });
  gan.dispose();
}
const [tensors] = (await readdir(folder)).filter((name) => name.endsWith(".safetensors"));
const parts = {
  header: new Blob([await readFile(folder + "/checkpoint.json")]),
  tensors: await readFile(folder + "/" + tensors),
};
const hashes = [];
for (const model of [folder, new URL("file://" + folder), parts]) {
  const { generator } = await loadGenerator(model, "mr");
  const image = Float32Array.from({ length: 20 * 3 * 18 }, (_, i) => (i * 37 % 201) / 100 - 1);
  const mr = await synthesiseVolume({
    tensorflow, generator, size: [20, 3, 18], axes: PLANES.coronal, image, crop: 16,
  });
  hashes.push(createHash("sha256").update(new Uint8Array(mr.buffer, mr.byteOffset, mr.byteLength)).digest("hex"));
  generator.dispose();
}
tensorflow[Symbol.dispose]();
gpu[Symbol.dispose]();
console.log(JSON.stringify(hashes));
`;

/** The script with the sources in place of the package. */
export const ofSources = (script: string) =>
  script.replace(/"@crosswarp\/crosswarp(\/\w+)?"/g, (_, entry = "") => `"${ROOT}${entry}/mod.ts"`);
