/** `deno task bench:learn2reg`: registers the pairs of Learn2Reg's AbdomenMRCT and measures as its evaluation does. */

import { withoutUndefined } from "../host/defaults.ts";
import { VERSION } from "../host/version.ts";
import { writeWholeFile } from "../host/write_file.ts";
import { Gpu } from "../kernels/gpu/gpu.ts";
import { registerImages } from "../registration/register.ts";
import { type FlagsOf, type TaskSpec, UsageError } from "../tasks/_flags.ts";
import { memoryBudget } from "../tasks/_memory.ts";
import { checkFolder } from "../tasks/_output.ts";
import { Progress } from "../tasks/_progress.ts";
import { runTask } from "../tasks/_run_task.ts";
import { readLabelVolume, readVolume } from "../volume/read_nifti.ts";
import type { LabelVolume } from "../volume/volume.ts";
import {
  type DatasetPair,
  displacementsName,
  displacementsPath,
  exchanged,
  publicPairs,
  validationPairs,
} from "./learn2reg/dataset.ts";
import { measurePair, summaryOf } from "./learn2reg/measures.ts";
import { type MeasuredPair, pairTable, publishedTable, summaryTable } from "./learn2reg/tables.ts";
import {
  encodeVoxelDisplacements,
  noDisplacements,
  readVoxelDisplacements,
  type VoxelDisplacements,
  voxelDisplacements,
} from "./learn2reg/voxel_displacements.ts";

/** The declaration of `deno task bench:learn2reg`. */
export const TASK = {
  name: "bench:learn2reg",
  summary:
    "Registers the pairs of Learn2Reg's AbdomenMRCT, and measures them as its evaluation does.",
  details: `
The folder of --data is AbdomenMRCT as the challenge distributes it: AbdomenMRCT_dataset.json, imagesTr, labelsTr and
masksTr. The task registers its three validation pairs with the defaults of \`register\`: the MR image (0000) is
fixed, the CT image (0001) moves. It writes the displacements disp_0006_0006.nii.gz, ... into the folder of --out, as
the evaluation of Learn2Reg reads them: 4-D (x, y, z, 3), in voxels on the grid of the fixed image; the voxel x of the
fixed image corresponds to the voxel x + d(x) of the moving image. It also writes measures.json.

Dice is the mean over the labels that both images have. HD95 is in voxels. SDlogJ is that of Learn2Reg, the standard
deviation of log(min(max(J + 3, 1e-9), 1e9)) inside the mask of the fixed image, of voxels; SD log J is that of
log(max(J, 1e-9)), of mm.
The table of published figures is printed for comparison. They were not measured here, and most of them are of other
pairs or of the other direction.`,
  examples: [
    "--data AbdomenMRCT --out results/learn2reg",
    "--data AbdomenMRCT --out results/learn2reg-ct --pairs public --fixed ct --masks",
    "--data AbdomenMRCT --out results/other --fields displacements-of-another-tool",
  ],
  flags: {
    data: {
      type: "string",
      required: true,
      valueName: "DIR",
      help: "The folder of the data set.",
    },
    out: {
      type: "string",
      required: true,
      valueName: "DIR",
      help: "The folder for the displacements and for measures.json.",
    },
    fields: {
      type: "string",
      valueName: "DIR",
      help:
        "Measure the displacements in DIR instead of registering: disp_0006_0006.nii.gz, ... of any tool.",
    },
    pairs: {
      type: "choice",
      choices: ["val", "public"],
      default: "val",
      help:
        "The validation pairs of the JSON file, or all patients of imagesTr with both images and labels.",
    },
    fixed: {
      type: "choice",
      choices: ["mr", "ct"],
      default: "mr",
      help:
        "The fixed image. Learn2Reg has the MR image; with ct the names are disp_0006_0001_0006_0000.nii.gz, ...",
    },
    masks: {
      type: "boolean",
      help:
        "Register inside the masks of the data set. By default the whole images are registered.",
    },
    labels: {
      type: "integers",
      default: [1, 2, 3, 4],
      min: 1,
      help: "The label ids: liver, spleen, right kidney and left kidney.",
    },
  },
} as const satisfies TaskSpec;

type Flags = FlagsOf<typeof TASK>;

/** The work of `deno task bench:learn2reg`. */
export async function main(flags: Flags, signal: AbortSignal): Promise<void> {
  const { data, out, fields, labels } = flags;
  if (fields !== undefined && flags.masks) {
    throw new UsageError("--masks changes the registration, so it has no effect with --fields");
  }
  const found = flags.pairs === "val" ? await validationPairs(data) : await publicPairs(data);
  const pairs = flags.fixed === "mr" ? found : found.map(exchanged);
  await checkFolder(out);
  await Deno.mkdir(out, { recursive: true });
  using progress = new Progress();
  using gpu = fields === undefined ? await Gpu.open(memoryBudget()) : undefined;
  const measured: MeasuredPair[] = [];
  const before: MeasuredPair[] = [];
  for (const [i, pair] of pairs.entries()) {
    signal.throwIfAborted();
    const name = displacementsName(pair);
    progress.stage(`${name}, pair ${i + 1} of ${pairs.length}`);
    const fixedLabels = await readLabelVolume(pair.fixed.labels);
    const movingLabels = await readLabelVolume(pair.moving.labels);
    const mask = await maskOf(pair.fixed.mask);
    if (mask === undefined) {
      progress.log(
        `There is no mask at ${pair.fixed.mask}: the Jacobian of ${name} is measured in the whole image`,
      );
    }
    const of = (displacements: VoxelDisplacements): MeasuredPair => ({
      pair: name,
      ...measurePair({ fixedLabels, movingLabels, displacements, labels, mask }),
    });
    before.push(of(noDisplacements(fixedLabels.grid.size)));
    const displacements = gpu === undefined
      ? await readVoxelDisplacements(
        await displacementsPath(fields!, pair),
        fixedLabels.grid.size,
      )
      : await register(gpu, { pair, path: `${out}/${name}.nii.gz`, masks: flags.masks, signal });
    measured.push(of(displacements));
  }
  progress.end();
  const row = fields ?? "crosswarp";
  const summary = { [row]: summaryOf(measured), "not registered": summaryOf(before) };
  const report = {
    version: VERSION,
    flags: withoutUndefined({ ...flags }),
    summary,
    pairs: measured,
    before,
  };
  // JSON has no Infinity and no NaN.
  const text = JSON.stringify(
    report,
    (_, value) => typeof value === "number" && !Number.isFinite(value) ? String(value) : value,
    2,
  );
  await writeWholeFile(`${out}/measures.json`, new TextEncoder().encode(`${text}\n`));
  const what = flags.pairs === "val" ? "validation pairs" : "public pairs";
  console.log(
    `${pairs.length} ${what}, ${flags.fixed.toUpperCase()} fixed\n\n${
      pairTable(measured, labels)
    }\n` +
      `${summaryTable(summary)}\n${publishedTable()}`,
  );
}

/** The pair, and where its displacements are written. */
interface RegisterOptions {
  readonly pair: DatasetPair;
  readonly path: string;
  readonly masks: boolean;
  readonly signal: AbortSignal;
}

/** Registers a pair and writes its displacements. */
async function register(
  gpu: Gpu,
  { pair, path, masks, signal }: RegisterOptions,
): Promise<VoxelDisplacements> {
  const fixed = await readVolume(pair.fixed.image);
  const moving = await readVolume(pair.moving.image);
  const { field } = await registerImages(gpu, {
    fixed,
    moving,
    fixedMask: masks ? await readLabelVolume(pair.fixed.mask) : undefined,
    movingMask: masks ? await readLabelVolume(pair.moving.mask) : undefined,
    signal,
  });
  // The evaluation warps the labels by their indices alone, which are those of the image.
  const displacements = voxelDisplacements(field, moving.grid);
  await writeWholeFile(path, await encodeVoxelDisplacements(displacements, fixed.grid));
  return displacements;
}

/** A mask; undefined if there is no file. */
async function maskOf(path: string): Promise<LabelVolume | undefined> {
  const isThere = await Deno.stat(path).then(() => true, () => false);
  return isThere ? await readLabelVolume(path) : undefined;
}

if (import.meta.main) await runTask(TASK, main);
