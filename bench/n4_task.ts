/**
 * `deno task bench:n4`: our bias fields against ITK's N4 and the phantom's true ones: correlations of the
 * fields' logarithms in the body, and seconds.
 *
 * @module
 */

import { planCohort } from "../cohort/cohort_plan.ts";
import { biasField, imageGrid, renderImage } from "../cohort/imaging.ts";
import { correctBias } from "../cohort/n4.ts";
import { Gpu } from "../kernels/gpu.ts";
import { alignedTable } from "../study/text_table.ts";
import { parseFlags } from "../tasks/_flags.ts";
import { runTask } from "../tasks/_run_task.ts";
import { readVolume, type Volume, writeLabelVolume, writeVolume } from "../volume/mod.ts";

/** Builds ITK's program; nothing where ITK or a compiler is missing. */
async function buildPeer(folder: string): Promise<string | undefined> {
  const source = new URL("n4_itk", import.meta.url).pathname;
  try {
    for (const args of [["-S", source, "-B", folder], ["--build", folder]]) {
      const { success, stderr } = await new Deno.Command("cmake", { args }).output();
      if (!success) throw new Error(new TextDecoder().decode(stderr));
    }
    return `${folder}/n4_itk`;
  } catch (error) {
    console.error(`Without ITK (Debian: libinsighttoolkit5-dev, cmake, g++): ${error}`);
    return undefined;
  }
}

/** The correlation of two fields' logarithms in the mask. */
function correlation(a: Float32Array, b: Float32Array, mask: Int32Array): number {
  const inside = [...mask.keys()].filter((i) => mask[i] !== 0);
  const logarithms = [a, b].map((field) => inside.map((i) => Math.log(field[i])));
  const [x, y] = logarithms.map((values) => {
    const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
    return values.map((v) => v - mean);
  });
  const dot = (u: number[], v: number[]) => u.reduce((sum, value, i) => sum + value * v[i], 0);
  return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
}

/** An MR phantom and its true field. */
function phantom(seed: number): { image: Volume; truth: Float32Array } {
  const subject = planCohort({ profile: "quick", seed }).subjects.find(({ kind }) =>
    kind === "mr"
  )!;
  const plan = subject.images.mr!, bias = biasField(plan.seed);
  const { image } = renderImage(subject.body, plan, imageGrid(subject.body, plan));
  const { grid, data } = image, [nx, ny] = grid.size;
  const truth = data.map((_, i) =>
    bias(...grid.world([i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))]))
  );
  return { image, truth };
}

async function main(): Promise<void> {
  const flags = parseFlags({
    name: "bench:n4",
    summary: "Bias fields of phantoms and of MR images against the truth and ITK's N4.",
    flags: {
      seeds: { type: "list", default: ["1", "2", "3"], help: "Phantoms." },
      images: { type: "list", default: [], help: "MR images." },
    },
  }, Deno.args);
  const folder = await Deno.makeTempDir(), peer = await buildPeer(`${folder}/itk`);
  using gpu = await Gpu.open();
  const rows = [["", "ours : truth", "ITK : truth", "ours : ITK", "ours, s", "ITK, s"]];
  const jobs: [string, { image: Volume; truth?: Float32Array }][] = [];
  for (const seed of flags.seeds) jobs.push([`phantom ${seed}`, phantom(Number(seed))]);
  for (const path of flags.images) {
    jobs.push([path.replace(/^.*\//, ""), { image: await readVolume(path) }]);
  }
  for (const [name, { image, truth }] of jobs) {
    // The body: what is brighter than an eighth of the bright tissue.
    const bright = image.data.toSorted()[Math.floor(0.98 * image.data.length)];
    const mask = {
      grid: image.grid,
      data: Int32Array.from(image.data, (value) => value > bright / 8 ? 1 : 0),
    };
    let began = performance.now();
    const { field: { data: ours } } = await correctBias(gpu, { image, mask });
    const seconds = (performance.now() - began) / 1000;
    let itk: Float32Array | undefined, itkSeconds = NaN;
    if (peer !== undefined) {
      await writeVolume(`${folder}/image.nii.gz`, image);
      await writeLabelVolume(`${folder}/mask.nii.gz`, mask);
      began = performance.now();
      const { success, stderr } = await new Deno.Command(peer, {
        args: ["image", "mask", "field"].map((file) => `${folder}/${file}.nii.gz`),
      }).output();
      if (!success) throw new Error(new TextDecoder().decode(stderr));
      itkSeconds = (performance.now() - began) / 1000;
      itk = (await readVolume(`${folder}/field.nii.gz`)).data;
    }
    const compared = (a: Float32Array | undefined, b: Float32Array | undefined) =>
      a && b ? correlation(a, b, mask.data).toFixed(4) : "-";
    rows.push([
      ...[name, compared(ours, truth), compared(itk, truth), compared(ours, itk)],
      ...[seconds, itkSeconds].map((s) => Number.isNaN(s) ? "-" : s.toFixed(1)),
    ]);
  }
  console.log(alignedTable(rows));
  await Deno.remove(folder, { recursive: true });
}

if (import.meta.main) await runTask(main);
