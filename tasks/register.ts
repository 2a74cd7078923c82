/**
 * `deno task register`: registers a moving image to a fixed one.
 *
 * @module
 */

import { Gpu } from "../kernels/gpu/gpu.ts";
import { identifyRun } from "../registration/checkpoint.ts";
import {
  registerImages,
  type RegisterImagesResult,
  type RegisterProgress,
} from "../registration/register.ts";
import type { RegistrationQuality } from "../registration/quality.ts";
import {
  encodeMetrics,
  encodeRegistration,
  paddingNotices,
  readRegisterInputs,
  type RegisterInputs,
  scaleNotices,
} from "../workflows/register_files.ts";
import { targetErrors } from "../workflows/landmarks.ts";
import { VERSION } from "../host/version.ts";
import { CheckpointFile } from "./_checkpoint_file.ts";
import { type FlagsOf, kebabCase, type TaskSpec } from "./_flags.ts";
import { headerNotices } from "./_header_flags.ts";
import { memoryBudget } from "./_memory.ts";
import { checkFolder, writeFolder } from "./_output.ts";
import { Progress } from "./_progress.ts";
import {
  openDicomOut,
  printTargetErrors,
  readLandmarks,
  refuseLonely,
  REGISTER_EXTRAS,
} from "./_register_extras.ts";
import {
  GAUSS_NEWTON_FLAGS,
  refuseUseless,
  REGISTER_FLAGS,
  type RegisterFlags,
  settingsOf,
  usedFlags,
} from "./_register_flags.ts";
import { runTask } from "./_run_task.ts";

/** The declaration of `deno task register`. */
export const TASK = {
  name: "register",
  summary: "Registers a moving image to a fixed image (CT or MR): first rigidly, then deformably.",
  details: `
The task writes these files into the folder of --out. The inverse field is on the grid of the moving
image, all other images are on the grid of the fixed image:
  warped.nii.gz          the warped moving image
  warped_labels.nii.gz   the warped labels of the moving image
  field.nii.gz           the displacement field (LPS mm), for ITK, ANTs, SimpleITK and 3D Slicer
  inverse_field.nii.gz   the displacement field of the inverse map
  jacobian.nii.gz        the Jacobian determinant of the map
  transform.json         the transform, for \`apply\`
  metrics.json           measures of the result, the parameters, and the warnings about the input files
  overview.png           a picture of the result

The task judges its result without labels: as good, doubtful or failed, with the reasons, on the
console and as \`quality\` in metrics.json. It has failed if a displaced copy of the warped image fits the
fixed image as well as the result does, or if the moving image fits clearly better mirrored or turned by
180 degrees. Good means that nothing speaks against the result, not that it is exact.

The defaults in mm are for images of a human body. A fixed image with a diagonal under 95 mm, such as
one of a mouse, is registered as if it were larger by a power of ten. A spacing, resolution or window
that you give keeps its meaning; a weight lambda has the effect that it has on the larger image.

The method control-grid (the default) optimises a similarity over the displacements of control points.
The method mind-gauss-newton is the registration framework of MIND: dense, symmetric, with Gauss-Newton
steps. Among the flags of the deformable registration it accepts only ${GAUSS_NEWTON_FLAGS} and
--resolution. It also writes the inverse-consistency error and the number of folded voxels in both
directions to metrics.json.`,
  examples: [
    "--fixed mr.nii.gz --moving ct.nii.gz --out registered",
    "--fixed mr.nii.gz --moving ct.nii.gz --moving-labels organs.nii.gz --out registered",
  ],
  flags: { ...REGISTER_FLAGS, ...REGISTER_EXTRAS },
} as const satisfies TaskSpec;

type Flags = FlagsOf<typeof TASK>;

/** The exit code of a registration that has failed by its own verdict, with --strict. */
const FAILED = 3;

/** The work of `deno task register`. */
export async function main(flags: Flags, signal: AbortSignal): Promise<number> {
  const began = performance.now();
  refuseUseless(flags);
  refuseLonely(flags);
  const settings = settingsOf(flags);
  await checkFolder(flags.out);
  using progress = new Progress();
  progress.stage("reading");
  const headers = headerNotices(flags.trust, (line) => progress.log(line));
  const inputs = await readRegisterInputs(flags, headers);
  const dicomOut = await openDicomOut(flags);
  const landmarks = await readLandmarks(flags, inputs, headers.onNotice);
  if (!flags.keepPadding) paddingNotices(inputs, flags).forEach(headers.onNotice);
  scaleNotices(inputs, flags).forEach(headers.onNotice);
  signal.throwIfAborted();
  using gpu = await Gpu.open(memoryBudget());
  using checkpoint = await openCheckpoint(flags, inputs, gpu, (line) => progress.log(line));
  const result = await registerImages(gpu, {
    ...inputs,
    ...settings,
    signal,
    resume: checkpoint.found,
    onCheckpoint: (found) => checkpoint.keep(found),
    onProgress: progressShower(progress),
  });
  progress.stage("writing");
  const files = await encodeRegistration(inputs, result);
  const seconds = (performance.now() - began) / 1000;
  const errors = landmarks && targetErrors(result.transform, landmarks);
  files["metrics.json"] = encodeMetrics({
    result,
    gpu,
    version: VERSION,
    parameters: usedFlags(flags),
    notices: headers.notices,
    seconds,
    targetErrors: errors,
  });
  signal.throwIfAborted();
  await writeFolder(flags.out, files);
  await dicomOut?.write(result.warped);
  await checkpoint.remove();
  progress.end();
  await printSummary(flags, result, seconds);
  if (errors !== undefined) printTargetErrors(errors);
  return flags.strict && result.quality.verdict === "failed" ? FAILED : 0;
}

/** Opens the checkpoint file: the intermediate results and the identity of the run. */
async function openCheckpoint(
  { out, resume, strict: _, ...flags }: Flags,
  { fixed, moving, fixedMask, movingMask }: RegisterInputs,
  gpu: Gpu,
  log: (line: string) => void,
): Promise<CheckpointFile> {
  const paths = ["fixed", "moving", "fixedLabels", "movingLabels", "fixedMask", "movingMask"];
  const measures = ["fixedPoints", "movingPoints", "pointSpace", "dicomOut"];
  const parameters = Object.entries(flags)
    .filter(([name]) => ![...paths, ...measures].includes(name))
    .map(([name, value]) => [`--${kebabCase(name)}`, value]);
  const images = {
    "fixed image": fixed,
    "moving image": moving,
    "fixed mask": fixedMask,
    "moving mask": movingMask,
  };
  const identity = await identifyRun(images, {
    ...Object.fromEntries(parameters),
    "the version": VERSION,
    "the adapter": gpu.description,
  });
  return await CheckpointFile.open(out, identity, resume, log);
}

/** Shows the stages, and the levels of the deformable registration. */
function progressShower(progress: Progress): (state: RegisterProgress) => void {
  let shown = -1;
  const showLevel = (level: number, levels: number, steps: number) => {
    if (level === shown) return;
    shown = level;
    progress.stage(`level ${level + 1} of ${levels}`, steps);
  };
  return ({ stage, rigid, deformable, mindGaussNewton }) => {
    if (rigid !== undefined) {
      const { startName, step, iteration, iterations } = rigid;
      progress.update(0, `start ${startName}, ${step} ${iteration}/${iterations}`);
    } else if (deformable !== undefined) {
      showLevel(deformable.level, deformable.levels, deformable.maxIterations);
      progress.update(deformable.iterations, `cost ${deformable.cost.toFixed(5)}`);
    } else if (mindGaussNewton !== undefined) {
      showLevel(mindGaussNewton.level, mindGaussNewton.levels, mindGaussNewton.warps);
      const { warp, difference } = mindGaussNewton;
      progress.update(warp, `difference ${difference.toFixed(4)}`);
    } else {
      progress.stage(stage);
    }
  };
}

/** Prints the verdict, and what to do unless it is good. */
function printQuality({ verdict, reasons }: RegistrationQuality): void {
  if (verdict === "good") {
    console.log("Quality: good, nothing speaks against the result");
    return;
  }
  const advice = verdict === "failed"
    ? "Do not use the result. Check that both images show the same body, in the same orientation."
    : "Look at overview.png before you use the result.";
  console.error(`Quality: ${verdict}. ${reasons.join(" ")} ${advice}`);
}

/** Prints the summary of a finished registration. */
async function printSummary(
  { out, movingLabels }: RegisterFlags,
  { overlap, jacobianStatistics, mindGaussNewton, quality }: RegisterImagesResult,
  seconds: number,
): Promise<void> {
  console.log(`Registered in ${seconds.toFixed(1)} s; results in ${out}`);
  printQuality(quality);
  const labels = `${out}/warped_labels.nii.gz`;
  if (movingLabels === undefined && await Deno.stat(labels).then(() => true, () => false)) {
    console.log(`${labels} is of an earlier run: this one had no --moving-labels`);
  }
  const both = overlap.filter(({ before, after }) => !Number.isNaN(before + after));
  if (both.length > 0) {
    const mean = (values: number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;
    const after = mean(both.map((label) => label.after)).toFixed(3);
    const before = mean(both.map((label) => label.before)).toFixed(3);
    console.log(`Mean Dice of ${both.length} labels: ${after} (${before} before)`);
  }
  const { foldedPercent, sdLog } = jacobianStatistics;
  console.log(`Folded voxels: ${foldedPercent.toFixed(3)} %, SD log J ${sdLog.toFixed(3)}`);
  if (mindGaussNewton !== undefined) {
    const { inverseConsistency: { mean, percentile95 }, foldedVoxels } = mindGaussNewton;
    console.log(
      `Inverse consistency: ${mean.toFixed(3)} mm in the mean, 95 % below ` +
        `${percentile95.toFixed(3)} mm; ${foldedVoxels.forward} working voxels folded forwards, ` +
        `${foldedVoxels.backward} backwards`,
    );
  }
}

if (import.meta.main) await runTask(TASK, main);
