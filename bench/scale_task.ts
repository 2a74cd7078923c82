/**
 * `deno task bench:scale`: the time and the memory of `n4` and `register` on one phantom pair at several voxel sizes.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { planCohort } from "../cohort/phantom/cohort_plan.ts";
import { imageGrid, renderImage } from "../cohort/phantom/imaging.ts";
import { Gpu } from "../kernels/gpu/gpu.ts";
import { applyTransformToLabels } from "../registration/transform.ts";
import { alignedTable } from "../study/tables/text_table.ts";
import type { FlagsOf, TaskSpec } from "../tasks/_flags.ts";
import { memoryBudget } from "../tasks/_memory.ts";
import { runTask } from "../tasks/_run_task.ts";
import {
  Grid,
  IDENTITY,
  MODALITIES,
  type Modality,
  readLabelVolume,
  readVolume,
  type Triple,
  writeLabelVolume,
  writeVolume,
} from "../volume/mod.ts";
import { resampleTo } from "../workflows/body_region.ts";
import { type CommandResult, runCommand } from "./command.ts";

/** The box around the body that both images show, mm: 400 x 300 x 400 voxels of 1.25 mm. */
const BOX: Triple = [500, 375, 500];

/** The declaration of `deno task bench:scale`. */
export const TASK = {
  name: "bench:scale",
  summary: "Measures the time and the memory of `n4` and `register` at several voxel sizes.",
  details: `
The task renders the MR and the CT of one paired phantom with the voxels of the paper's profile. It cuts a box of
500 x 375 x 500 mm around the body out of both, at each voxel size. Then it runs \`n4\` on the MR, and \`register\`
with both images and their labels. The bytes are the largest resident set of the command, which includes the buffers of
a software adapter, divided by the voxels of one image.`,
  examples: ["--voxels 4.06,2.27,1.25 --keep results/scale"],
  flags: {
    voxels: {
      type: "numbers",
      default: [4.06, 2.27, 1.25],
      unit: "mm",
      help: "The voxel sizes: by default 1.4, 8 and 48 million voxels.",
    },
    seed: { type: "integer", default: 1, min: 0, help: "Seed of the phantom." },
    registerFlags: {
      type: "string",
      help:
        'Additional flags of the register command, for example --register-flags="--spacing 12".',
    },
    keep: {
      type: "string",
      valueName: "DIR",
      help:
        "Keep all files in DIR, and use the images that are there. By default they are in a temporary folder, which " +
        "is removed at the end.",
    },
  },
} as const satisfies TaskSpec;

/** The paths of an image and its labels. */
interface ImagePaths {
  readonly image: string;
  readonly labels: string;
}

const pathsIn = (folder: string, of: Modality): ImagePaths => ({
  image: `${folder}/${of}.nii.gz`,
  labels: `${folder}/${of}_labels.nii.gz`,
});

/** Renders both images of the first paired subject, unless the files exist. */
async function renderPair(folder: string, seed: number): Promise<void> {
  const { body, images } = planCohort({ profile: "paper", seed }).subjects
    .find(({ kind }) => kind === "paired")!;
  for (const of of MODALITIES) {
    const paths = pathsIn(folder, of);
    if (await exists(paths.labels)) continue;
    const plan = images[of]!;
    const { image, labels } = renderImage(body, plan, imageGrid(body, plan));
    await writeVolume(paths.image, image, { type: "int16" });
    await writeLabelVolume(paths.labels, labels);
  }
}

/** Cuts the box out of both images at one voxel size, unless the files exist. */
async function cutPair(from: string, to: string, voxel: number): Promise<void> {
  using gpu = await Gpu.open(memoryBudget());
  for (const of of MODALITIES) {
    const source = pathsIn(from, of);
    const paths = pathsIn(to, of);
    if (await exists(paths.labels)) continue;
    const image = await readVolume(source.image);
    const like = boxAround(image.grid, voxel);
    await writeVolume(paths.image, await resampleTo(gpu, image, like), { type: "int16" });
    const labels = await readLabelVolume(source.labels);
    const transform = { rigid: IDENTITY, fixedGrid: like, movingGrid: labels.grid };
    const onBox = await applyTransformToLabels(gpu, { transform, image: labels, like });
    await writeLabelVolume(paths.labels, onBox);
  }
}

/** The box around the middle of a grid in isotropic voxels. */
function boxAround(grid: Grid, voxel: number): Grid {
  const middle = grid.world(grid.size.map((n) => (n - 1) / 2) as unknown as Triple);
  const size = BOX.map((length) => Math.round(length / voxel)) as unknown as Triple;
  const first = middle.map((at, axis) => at - voxel * (size[axis] - 1) / 2);
  return Grid.axisAligned(size, [voxel, voxel, voxel], first as unknown as Triple);
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

/** The measures of one voxel size. */
interface ScaleRow {
  readonly voxel: number;
  readonly voxels: number;
  readonly n4: CommandResult;
  readonly register: CommandResult;
  readonly metrics: {
    readonly seconds: { total: number; rigid: number; deformable: number; results: number };
    readonly peakGpuBytes: number;
    readonly deformable: { levels: { size: Triple; evaluations: number }[] };
    readonly dice: Record<string, { before: number; after: number }>;
    readonly quality: { verdict: string };
  };
}

async function measure(
  folder: string,
  voxel: number,
  { registerFlags, signal }: { registerFlags: string | undefined; signal: AbortSignal },
): Promise<ScaleRow> {
  const mr = pathsIn(folder, "mr");
  const ct = pathsIn(folder, "ct");
  const corrected = `${folder}/mr_corrected.nii.gz`;
  const out = `${folder}/registered`;
  const options = { cwd: fileURLToPath(new URL("..", import.meta.url)), signal };
  const n4Flags = ["--image", mr.image, "--out", corrected];
  const n4 = await runCommand("deno", ["task", "n4", ...n4Flags], options);
  const register = await runCommand("deno", [
    "task",
    "register",
    "--fixed",
    corrected,
    "--moving",
    ct.image,
    "--fixed-labels",
    mr.labels,
    "--moving-labels",
    ct.labels,
    "--out",
    out,
    ...(registerFlags ?? "").split(" ").filter((flag) => flag !== ""),
  ], options);
  const metrics = JSON.parse(await Deno.readTextFile(`${out}/metrics.json`));
  const voxels = BOX.reduce((product, length) => product * Math.round(length / voxel), 1);
  return { voxel, voxels, n4, register, metrics };
}

/** Million voxels of all evaluations of a deformable registration together. */
function evaluated(levels: ScaleRow["metrics"]["deformable"]["levels"]): number {
  return levels.reduce(
    (sum, { size: [x, y, z], evaluations }) => sum + x * y * z * evaluations,
    0,
  ) /
    1e6;
}

/**
 * The rows as a table: seconds, seconds per million voxels, bytes per voxel, and the milliseconds of the deformable
 * registration per million voxels of its evaluations, whose number differs between the sizes.
 */
function tableOf(rows: readonly ScaleRow[]): string {
  const bytes = (count: number | undefined, voxels: number) =>
    count === undefined ? "-" : (count / voxels).toFixed(0);
  return alignedTable([
    [
      "mm",
      "Mvoxel",
      "n4 s",
      "B/voxel",
      "rigid s",
      "deformable s",
      "results s",
      "files s",
      "whole s",
      "s/Mvoxel",
      "processor s",
      "s/Mvoxel",
      "B/voxel",
      "GPU B/voxel",
      "evaluations",
      "ms/Mvoxel",
      "Dice",
      "verdict",
    ],
    ...rows.map(({ voxel, voxels, n4, register, metrics }) => {
      const { rigid, deformable, results } = metrics.seconds;
      const dice = Object.values(metrics.dice).map(({ after }) => after);
      return [
        voxel.toFixed(2),
        (voxels / 1e6).toFixed(1),
        n4.seconds.toFixed(1),
        bytes(n4.peakBytes, voxels),
        rigid.toFixed(1),
        deformable.toFixed(1),
        results.toFixed(1),
        (register.seconds - rigid - deformable - results).toFixed(1),
        register.seconds.toFixed(1),
        (register.seconds / (voxels / 1e6)).toFixed(2),
        register.processorSeconds?.toFixed(1) ?? "-",
        register.processorSeconds === undefined
          ? "-"
          : (register.processorSeconds / (voxels / 1e6)).toFixed(2),
        bytes(register.peakBytes, voxels),
        bytes(metrics.peakGpuBytes, voxels),
        metrics.deformable.levels.map(({ evaluations }) => evaluations).join("+"),
        (1000 * deformable / evaluated(metrics.deformable.levels)).toFixed(0),
        (dice.reduce((sum, value) => sum + value, 0) / dice.length).toFixed(3),
        metrics.quality.verdict,
      ];
    }),
  ]);
}

/** The work of `deno task bench:scale`. */
export async function main(
  { voxels, seed, keep, registerFlags }: FlagsOf<typeof TASK>,
  signal: AbortSignal,
): Promise<void> {
  const folder = keep ?? await Deno.makeTempDir({ prefix: "scale-" });
  try {
    const native = `${folder}/seed-${seed}/native`;
    await Deno.mkdir(native, { recursive: true });
    await renderPair(native, seed);
    const rows: ScaleRow[] = [];
    for (const voxel of voxels) {
      signal.throwIfAborted();
      const cut = `${folder}/seed-${seed}/${voxel}`;
      await Deno.mkdir(cut, { recursive: true });
      await cutPair(native, cut, voxel);
      rows.push(await measure(cut, voxel, { registerFlags, signal }));
      console.log(tableOf(rows));
    }
  } finally {
    if (keep === undefined) await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) await runTask(TASK, main);
