/**
 * The commands of `crosswarp`: each is the task of the same name. A module is loaded when its command is used.
 *
 * @module
 */

import type { TaskSpec } from "./_flags.ts";
import { callTask, type TaskMain } from "./_run_task.ts";

/** A command whose module is not loaded yet. */
export interface Command {
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
function command<const T extends TaskSpec>(load: () => Promise<TaskModule<T>>): Command {
  return {
    spec: async () => (await load()).TASK,
    call: async (args, signal) => {
      const { TASK, main } = await load();
      return await callTask(TASK, main, args, signal, "crosswarp");
    },
  };
}

/** The commands by their names, in the order of `--help`. */
export const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ["register", command(() => import("./register.ts"))],
  ["apply", command(() => import("./apply.ts"))],
  ["n4", command(() => import("./n4.ts"))],
  ["train", command(() => import("./train.ts"))],
  ["synthesise", command(() => import("./synthesise.ts"))],
  ["cohort", command(() => import("./cohort.ts"))],
  ["phantom", command(() => import("./phantom.ts"))],
  ["gridsearch", command(() => import("./gridsearch.ts"))],
  ["reproduce", command(() => import("./reproduce.ts"))],
  ["doctor", command(() => import("./doctor.ts"))],
]);
