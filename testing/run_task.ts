/** Runs tasks and commands like a user in a separate process, or faster in this process. */

import type { TaskSpec } from "../tasks/_flags.ts";
import { callCommand } from "../tasks/_cli.ts";
import { callTask, type TaskMain } from "../tasks/_run_task.ts";

/** The project's folder. */
export const ROOT = new URL("../", import.meta.url);

/** The exit code and the output of a task. */
export interface TaskResult {
  /** The exit code. */
  readonly code: number;
  /** The text of standard output and standard error. */
  readonly text: string;
}

/** Runs `deno task name ...args` to its end. */
export async function task(name: string, ...args: string[]): Promise<TaskResult> {
  const { code, stdout, stderr } = await startTask(name, ...args).output();
  return { code, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

/** Starts `deno task name ...args`. */
export function startTask(name: string, ...args: string[]): Deno.ChildProcess {
  return spawnDeno(["task", "--quiet", name, ...args]);
}

/**
 * Starts a task without `deno task`, which would get a signal in the task's place.
 *
 * @param name - The task's name; its command is that of deno.json.
 * @param args - The command line of the task.
 */
export function startScript(name: string, ...args: string[]): Deno.ChildProcess {
  const config = JSON.parse(Deno.readTextFileSync(new URL("deno.json", ROOT)));
  const [, ...words] = config.tasks[name].command.split(" ") as string[];
  return spawnDeno([...words, ...args]);
}

/** Starts Deno with these arguments, in the folder of the project. */
export function spawnDeno(args: string[]): Deno.ChildProcess {
  return new Deno.Command("deno", {
    args,
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/**
 * Runs a task's module in this process, with its own device, to its end. Calls must not overlap.
 *
 * @example Usage
 * ```ts
 * import * as doctor from "../tasks/doctor.ts";
 * import { callModule } from "./run_task.ts";
 *
 * const { code, text } = await callModule(doctor, "--no-such-flag");
 * console.log(code, text);
 * ```
 */
export async function callModule<const T extends TaskSpec>(
  { TASK, main }: { readonly TASK: T; readonly main: TaskMain<T> },
  ...args: string[]
): Promise<TaskResult> {
  const { signal } = new AbortController();
  return await captureOutput(() => callTask(TASK, main, args, signal));
}

/** Runs `crosswarp ...args` in this process to its end, as {@link callModule} runs a task. */
export async function crosswarp(...args: string[]): Promise<TaskResult> {
  const { signal } = new AbortController();
  return await captureOutput(() => callCommand(args, signal));
}

/** The exit code of `work`, and the text that it writes meanwhile to standard output and standard error. */
async function captureOutput(work: () => Promise<number>): Promise<TaskResult> {
  let text = "";
  const { log, error, warn } = console;
  const { stdout, stderr } = Deno;
  const writes = [stdout.writeSync, stderr.writeSync];
  const { isTerminal } = stderr;
  const decoder = new TextDecoder();
  const write = (bytes: Uint8Array) => {
    text += decoder.decode(bytes);
    return bytes.length;
  };
  const print = (...values: unknown[]) => void (text += values.map(String).join(" ") + "\n");
  Object.assign(console, { log: print, error: print, warn: print });
  stdout.writeSync = stderr.writeSync = write;
  stderr.isTerminal = () => false;
  try {
    const code = await work();
    return { code, text };
  } finally {
    Object.assign(console, { log, error, warn });
    [stdout.writeSync, stderr.writeSync] = writes;
    stderr.isTerminal = isTerminal;
  }
}
