/**
 * `deno task bench:n4`: our bias fields against ITK's N4 and the phantom's true ones: correlations of the
 * fields' logarithms in the body, and seconds.
 *
 * @module
 */

import { planCohort } from "../cohort/phantom/cohort_plan.ts";
import { biasFieldOn, imageGrid, renderImage } from "../cohort/phantom/imaging.ts";
import { correctBias } from "../bias_field/n4.ts";
import { Gpu } from "../kernels/gpu/gpu.ts";
import { alignedTable } from "../study/tables/text_table.ts";
import type { FlagsOf, TaskSpec } from "../tasks/_flags.ts";
import { runTask } from "../tasks/_run_task.ts";
import { transformPoint } from "../volume/affine.ts";
import { readVolume, type Volume, writeLabelVolume, writeVolume } from "../volume/mod.ts";

/** The path of the program that is built with ITK. deno.json permits the task to run it. */
const PEER_FOLDER = new URL("../results/n4_itk", import.meta.url).pathname;

/** Builds ITK's program; nothing where ITK or a compiler is missing. */
async function buildPeer(): Promise<string | undefined> {
  const source = new URL("n4_itk", import.meta.url).pathname;
  try {
    for (const args of [["-S", source, "-B", PEER_FOLDER], ["--build", PEER_FOLDER]]) {
      const { success, stderr } = await new Deno.Command("cmake", { args }).output();
      if (!success) throw new Error(new TextDecoder().decode(stderr));
    }
    return `${PEER_FOLDER}/n4_itk`;
  } catch (error) {
    console.error(`Without ITK (Debian: libinsighttoolkit5-dev, cmake, g++): ${error}`);
    return undefined;
  }
}

/** The voxels at which a field was estimated: those of the full image at the samples' positions, in the mask. */
function samplesOf(
  { grid: samples }: Volume,
  { grid }: Volume,
  mask: Int32Array,
): [number, number][] {
  const [nx, ny] = samples.size;
  const found: [number, number][] = [];
  for (let i = 0; i < samples.voxels; i++) {
    const x = samples.world([i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))]);
    const [a, b, c] = transformPoint(grid.inverse, x).map(Math.round);
    const at = (c * grid.size[1] + b) * grid.size[0] + a;
    if (mask[at] !== 0) found.push([i, at]);
  }
  return found;
}

/** The correlation of two fields' logarithms. */
function correlation(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [a, b].map((values) => {
    const logarithms = values.map(Math.log);
    const mean = logarithms.reduce((sum, v) => sum + v, 0) / values.length;
    return logarithms.map((v) => v - mean);
  });
  const dot = (u: number[], v: number[]) => u.reduce((sum, value, i) => sum + value * v[i], 0);
  return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
}

/** An MR phantom and its true field. */
function phantom(seed: number): { image: Volume; truth: Float32Array } {
  const subject = planCohort({ profile: "quick", seed }).subjects.find(({ kind }) =>
    kind === "mr"
  )!;
  const plan = subject.images.mr!;
  const { image } = renderImage(subject.body, plan, imageGrid(subject.body, plan));
  return { image, truth: biasFieldOn(image.grid, plan.seed) };
}

/** The declaration of `deno task bench:n4`. */
export const TASK = {
  name: "bench:n4",
  summary: "Compares estimated bias fields with the true fields of phantoms and with ITK's N4.",
  flags: {
    seeds: { type: "list", default: ["1", "2", "3"], help: "Seeds of the phantoms." },
    shrink: {
      type: "integers",
      default: [4, 4, 4],
      min: 1,
      help: "Subsampling factors of both estimates along the three axes.",
    },
    iterations: {
      type: "integer",
      default: 50,
      min: 1,
      help: "Maximum number of iterations per level.",
    },
    tolerance: {
      type: "number",
      default: 0.001,
      min: 0,
      help: "Convergence tolerance of a level.",
    },
    images: { type: "list", default: [], help: "Files of MR images, in addition to the phantoms." },
  },
} as const satisfies TaskSpec;

/** The work of `deno task bench:n4`. */
export async function main(flags: FlagsOf<typeof TASK>): Promise<void> {
  const folder = await Deno.makeTempDir();
  const peer = await buildPeer();
  const [x, y = x, z = x] = flags.shrink;
  const shrink = [x, y, z] as const;
  using gpu = await Gpu.open();
  const rows = [["", "ours : truth", "ITK : truth", "ours : ITK", "ours, s", "ITK, s"]];
  const jobs: [string, { image: Volume; truth?: Float32Array | undefined }][] = [];
  for (const seed of flags.seeds) jobs.push([`phantom ${seed}`, phantom(Number(seed))]);
  for (const path of flags.images) {
    jobs.push([path.replace(/^.*\//, ""), { image: await readVolume(path) }]);
  }
  for (const [name, { image, truth }] of jobs) {
    // The body: voxels brighter than an eighth of the bright tissue.
    const bright = image.data.toSorted()[Math.floor(0.98 * image.data.length)];
    const mask = {
      grid: image.grid,
      data: Int32Array.from(image.data, (value) => value > bright / 8 ? 1 : 0),
    };
    let began = performance.now();
    const { field: { data: ours } } = await correctBias(gpu, {
      image,
      mask,
      shrink,
      iterations: flags.iterations,
      tolerance: flags.tolerance,
    });
    const seconds = (performance.now() - began) / 1000;
    const all = [...mask.data.keys()].filter((i) => mask.data[i] !== 0);
    const found = [truth ? correlation(all.map((i) => ours[i]), all.map((i) => truth[i])) : NaN];
    let itkSeconds = NaN;
    if (peer !== undefined) {
      await writeVolume(`${folder}/image.nii.gz`, image);
      await writeLabelVolume(`${folder}/mask.nii.gz`, mask);
      began = performance.now();
      const { success, stderr } = await new Deno.Command(peer, {
        args: [
          `${folder}/image.nii.gz`,
          `${folder}/mask.nii.gz`,
          `${folder}/field.nii.gz`,
          `${flags.iterations}`,
          `${flags.tolerance}`,
          ...shrink.map(String),
        ],
      }).output();
      if (!success) throw new Error(new TextDecoder().decode(stderr));
      itkSeconds = (performance.now() - began) / 1000;
      const itk = await readVolume(`${folder}/field.nii.gz`);
      const samples = samplesOf(itk, image, mask.data);
      const theirs = samples.map(([i]) => itk.data[i]);
      const at = (field: Float32Array) => samples.map(([, voxel]) => field[voxel]);
      found.push(truth ? correlation(theirs, at(truth)) : NaN, correlation(theirs, at(ours)));
    }
    const correlations = [0, 1, 2].map((i) =>
      Number.isFinite(found[i]) ? found[i].toFixed(4) : "-"
    );
    rows.push([
      name,
      ...correlations,
      seconds.toFixed(1),
      Number.isNaN(itkSeconds) ? "-" : itkSeconds.toFixed(1),
    ]);
  }
  console.log(alignedTable(rows));
  await Deno.remove(folder, { recursive: true });
}

if (import.meta.main) await runTask(TASK, main);
