/**
 * The registration of one pair of images by the task `register`, with its summary on the console.
 *
 * @module
 */

import { meanOverlap } from "../registration/mean_overlap.ts";
import type { RegistrationQuality } from "../registration/quality.ts";
import type { RegisterImagesResult } from "../registration/register.ts";
import { type Program, withValues } from "./_flags.ts";
import { checkFolder } from "./_output.ts";
import { Progress } from "./_progress.ts";
import { registerCase } from "./_register_case.ts";
import { commandOf } from "./_register_cohort.ts";
import { printTargetErrors } from "./_register_extras.ts";
import { FAILED_VERDICT, type RegisterTaskFlags } from "./_register_task_flags.ts";

/**
 * Registers the images of the flags --fixed and --moving, which must be given.
 *
 * @returns The exit code.
 * @throws {CrosswarpError} when a file cannot be used, or the registration cannot be done.
 */
export async function registerOne(
  flags: RegisterTaskFlags,
  signal: AbortSignal,
  program: Program,
): Promise<number> {
  const { fixed, moving, out, strict } = flags;
  await checkFolder(out);
  using progress = new Progress();
  const { result, targetErrors, seconds } = await registerCase({
    // They are given: without a cohort they are required.
    flags: withValues(flags, { fixed: fixed!, moving: moving! }),
    command: commandOf(program, flags),
    progress,
    signal,
  });
  progress.end();
  await printSummary(flags, result, seconds);
  if (targetErrors !== undefined) printTargetErrors(targetErrors);
  return strict && result.quality.verdict === "failed" ? FAILED_VERDICT : 0;
}

/** Prints the verdict, and what to do unless it is good. */
function printQuality({ verdict, reasons }: RegistrationQuality): void {
  if (verdict === "good") {
    console.log("Quality: good, nothing speaks against the result");
    return;
  }
  const advice = verdict === "failed"
    ? "Do not use the result. Check that both images show the same body, in the same orientation."
    : "Look at report.html before you use the result.";
  console.error(`Quality: ${verdict}. ${reasons.join(" ")} ${advice}`);
}

/** Prints the summary of a finished registration. */
async function printSummary(
  { out, movingLabels }: RegisterTaskFlags,
  { overlap, jacobianStatistics, mindGaussNewton, quality }: RegisterImagesResult,
  seconds: number,
): Promise<void> {
  console.log(`Registered in ${seconds.toFixed(1)} s; results in ${out}`);
  printQuality(quality);
  const labels = `${out}/warped_labels.nii.gz`;
  if (movingLabels === undefined && await Deno.stat(labels).then(() => true, () => false)) {
    console.log(`${labels} is of an earlier run: this one had no --moving-labels`);
  }
  const dice = meanOverlap(overlap);
  if (dice !== undefined) {
    const { labels, before, after } = dice;
    console.log(
      `Mean Dice of ${labels} labels: ${after.toFixed(3)} (${before.toFixed(3)} before)`,
    );
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
