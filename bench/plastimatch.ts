/**
 * Runs plastimatch (Sharp et al. 2010), where it is installed, as a yardstick.
 *
 * @module
 */

import { readDisplacementField } from "../volume/mod.ts";
import { hasCommand, runCommand } from "./command.ts";
import type { PeerResult } from "./elastix.ts";

/** Options of a plastimatch run. */
export interface PlastimatchOptions {
  /** Fixed image file. */
  readonly fixed: string;
  /** Moving image file. */
  readonly moving: string;
  /** An existing folder for its parameter and output files. */
  readonly directory: string;
  /** Weight of the curvature penalty against MI (1e-5). */
  readonly regularization?: number | undefined;
  /** Spacing of the finest control grid, mm (15); the stages before have 2 and 4 times as much. */
  readonly spacing?: number | undefined;
  /** Iterations per B-spline stage (100). */
  readonly iterations?: number | undefined;
  /** Threads (2). */
  readonly threads?: number | undefined;
  /** Ends the child process. */
  readonly signal?: AbortSignal | undefined;
}

/** Returns true if the plastimatch command is installed. */
export async function hasPlastimatch(): Promise<boolean> {
  return await hasCommand("plastimatch", ["--version"]);
}

/**
 * Registers rigidly by Mattes MI, then by MI and B-splines in three stages, coarse to fine.
 *
 * @throws {Error} with the end of its output when plastimatch fails.
 */
export async function runPlastimatch(options: PlastimatchOptions): Promise<PeerResult> {
  const { directory, threads = 2, signal } = options;
  const field = `${directory}/field.nii.gz`;
  const stages = `${directory}/stages.txt`;
  await Deno.writeTextFile(stages, plastimatchStages({ ...options, field }));
  const cost = await runCommand("plastimatch", ["register", stages], {
    signal,
    env: {
      OMP_NUM_THREADS: `${threads}`,
      ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS: `${threads}`,
    },
  });
  return { ...cost, field: await readDisplacementField(field) };
}

/** The command file of plastimatch. */
export function plastimatchStages(
  options:
    & Pick<
      PlastimatchOptions,
      "fixed" | "moving" | "regularization" | "spacing" | "iterations"
    >
    & { readonly field: string },
): string {
  const { fixed, moving, field, regularization = 1e-5, spacing = 15, iterations = 100 } = options;
  const rigid = (maxStep: number, steps: number, resolution: number) =>
    stage({
      xform: "rigid",
      impl: "itk",
      optim: "rsg",
      metric: "mattes",
      mi_histogram_bins: 50,
      num_samples: 100000,
      max_its: steps,
      max_step: maxStep,
      min_step: 0.001,
      res: three(resolution),
    });
  const bSpline = (gridSpacing: number, resolution: number) =>
    stage({
      xform: "bspline",
      impl: "plastimatch",
      threading: "openmp",
      metric: "mi",
      mi_histogram_bins: 32,
      regularization_lambda: regularization,
      grid_spac: three(gridSpacing),
      res: three(resolution),
      max_its: iterations,
    });
  return [
    section("GLOBAL", { fixed, moving, vf_out: field, default_value: -1000 }),
    stage({ xform: "align_center" }),
    rigid(4, 200, 4),
    rigid(1, 100, 2),
    bSpline(4 * spacing, 4),
    bSpline(2 * spacing, 2),
    bSpline(spacing, 1),
  ].join("\n");
}

function three(value: number): string {
  return `${value} ${value} ${value}`;
}

function stage(values: Readonly<Record<string, string | number>>): string {
  return section("STAGE", values);
}

function section(name: string, values: Readonly<Record<string, string | number>>): string {
  return `[${name}]\n` + Object.entries(values).map(([k, v]) => `${k}=${v}\n`).join("");
}
