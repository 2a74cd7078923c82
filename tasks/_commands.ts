/**
 * The commands of `crosswarp`: each is the task of the same name. A module is loaded when its command is used.
 *
 * @module
 */

import type { TaskSpec } from "./_flags.ts";
import { callTask, type TaskMain } from "./_run_task.ts";

/** A command whose module is not loaded yet. */
export interface Command {
  /** One line that describes the command, as deno.json describes the task. */
  readonly summary: string;
  /** Loads the module and returns the command's declaration. */
  readonly spec: () => Promise<TaskSpec>;
  /** Loads the module, runs the command and returns the exit code, as {@link callTask} does. */
  readonly call: (args: readonly string[], signal: AbortSignal) => Promise<number>;
}

/** The exports of a task's module. */
interface TaskModule<T extends TaskSpec> {
  readonly TASK: T;
  readonly main: TaskMain<T>;
}

/** The command of a task. JSR requires that each import names its file as a text. */
function command<const T extends TaskSpec>(
  summary: string,
  load: () => Promise<TaskModule<T>>,
): Command {
  return {
    summary,
    spec: async () => (await load()).TASK,
    call: async (args, signal) => {
      const { TASK, main } = await load();
      return await callTask(TASK, main, args, signal, "crosswarp");
    },
  };
}

/** The commands by their names, in the order of `--help`. */
export const COMMANDS: ReadonlyMap<string, Command> = new Map([
  [
    "register",
    command(
      "Register a moving image to a fixed image: first rigidly, then deformably",
      () => import("./register.ts"),
    ),
  ],
  [
    "apply",
    command("Apply a transform of `register` to another image", () => import("./apply.ts")),
  ],
  [
    "points",
    command(
      "Map points, a mesh or an RT Structure Set through a transform of `register`",
      () => import("./points.ts"),
    ),
  ],
  [
    "export",
    command(
      "Write a transform of `register` for ITK, ANTs and 3D Slicer",
      () => import("./export.ts"),
    ),
  ],
  ["n4", command("Correct the bias field of an MR image (N4)", () => import("./n4.ts"))],
  [
    "train",
    command(
      "Train a cycle-GAN on unpaired CT and MR images; --resume continues a training",
      () => import("./train.ts"),
    ),
  ],
  [
    "synthesise",
    command(
      "Synthesise an MR image from a CT image, or the reverse, with a model of `train`",
      () => import("./synthesise.ts"),
    ),
  ],
  [
    "cohort",
    command(
      "Make a manifest from a folder of CT and MR images: those of VISCERAL or your own",
      () => import("./cohort.ts"),
    ),
  ],
  [
    "phantom",
    command(
      "Write a phantom cohort of CT and MR subjects as NIfTI files",
      () => import("./phantom.ts"),
    ),
  ],
  [
    "gridsearch",
    command(
      "Search for the best lambda, control-point spacing and number of levels",
      () => import("./gridsearch.ts"),
    ),
  ],
  [
    "reproduce",
    command(
      "Run the whole study on phantoms or your own cohort, next to the paper's numbers",
      () => import("./reproduce.ts"),
    ),
  ],
  [
    "doctor",
    command(
      "Print the GPU adapter with its limits, the memory, and the missing requirements",
      () => import("./doctor.ts"),
    ),
  ],
]);
