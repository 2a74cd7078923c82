/**
 * The frame of every task: it prints an error as one message, sets the exit code and handles Ctrl-C.
 *
 * @module
 */

import { CrosswarpError } from "../host/errors.ts";
import { printable } from "../host/parse_json.ts";
import {
  type FlagsOf,
  HelpRequest,
  parseFlags,
  type Program,
  type TaskSpec,
  UsageError,
} from "./_flags.ts";

/** Exit codes of every task; a task may return others. */
export const EXIT_CODES = {
  ok: 0,
  failed: 1,
  usage: 2,
  interrupted: 130,
  terminated: 143,
} as const;

/**
 * The work of a task. It passes `signal` to long operations, names `program` in the commands that it recommends, and
 * may return an exit code.
 */
export type TaskMain<T extends TaskSpec> = (
  flags: FlagsOf<T>,
  signal: AbortSignal,
  program: Program,
) => Promise<number | void> | number | void;

/**
 * Runs a task by `deno task` and ends the process, as {@link runProcess} does.
 *
 * @param spec - The task's declaration, by which the command line is read.
 * @param main - The work.
 */
export async function runTask<const T extends TaskSpec>(
  spec: T,
  main: TaskMain<T>,
): Promise<never> {
  return await runProcess((signal) => callTask(spec, main, Deno.args, signal));
}

/**
 * Runs work and ends the process: 0 when it went well (or the number that `main` returns), 1 with
 * the error's message when it threw, 2 when the command line was wrong, 130 after Ctrl-C, 143 after SIGTERM, which a
 * scheduler or a shutdown sends.
 *
 * The first of these signals aborts the signal of `call`, so that the task can leave no half-written file; a second one
 * ends the process at once. The stack of an error is shown when CROSSWARP_DEBUG=1.
 *
 * @param call - {@link callTask} or another function that catches all errors and returns the exit code.
 */
export async function runProcess(call: (signal: AbortSignal) => Promise<number>): Promise<never> {
  const controller = new AbortController();
  let endCode: number = EXIT_CODES.interrupted;
  const stop = (code: number, line: string) => {
    if (controller.signal.aborted) Deno.exit(code);
    endCode = code;
    console.error(line);
    controller.abort();
  };
  Deno.addSignalListener("SIGINT", () => {
    stop(EXIT_CODES.interrupted, "\nStopping. Press Ctrl-C again to stop at once.");
  });
  // Windows has no SIGTERM.
  if (Deno.build.os !== "windows") {
    Deno.addSignalListener("SIGTERM", () => {
      stop(EXIT_CODES.terminated, "\nStopping, because the process received SIGTERM.");
    });
  }
  const code = await call(controller.signal);
  // A device or a worker that is still alive would keep the process waiting.
  Deno.exit(code === EXIT_CODES.interrupted ? endCode : code);
}

/**
 * Runs a task like {@link runTask}, but does not end the process.
 *
 * @param args - The command line, without the task's name.
 * @param program - The program that help and errors name.
 * @returns The exit code. The messages are on standard error.
 */
export async function callTask<const T extends TaskSpec>(
  spec: T,
  main: TaskMain<T>,
  args: readonly string[],
  signal: AbortSignal,
  program: Program = "deno task",
): Promise<number> {
  return await catchErrors(
    signal,
    async () => await main(parseFlags(spec, args, program) as FlagsOf<T>, signal, program),
  );
}

/**
 * Runs work, prints its error as a message, and returns the exit code.
 *
 * @param signal - The signal that Ctrl-C aborts.
 */
export async function catchErrors(
  signal: AbortSignal,
  work: () => Promise<number | void>,
): Promise<number> {
  try {
    return await work() ?? EXIT_CODES.ok;
  } catch (error) {
    return report(error, signal.aborted);
  }
}

function report(error: unknown, interrupted: boolean): number {
  if (error instanceof HelpRequest) {
    print(error.message);
    return EXIT_CODES.ok;
  }
  if (error instanceof UsageError) {
    console.error(error.message);
    return EXIT_CODES.usage;
  }
  if (isDebugging()) console.error(error);
  if (interrupted) {
    // The interruption may have come while the work failed for another reason.
    if (error instanceof CrosswarpError && !isDebugging()) console.error(errorMessage(error));
    console.error("Stopped.");
    return EXIT_CODES.interrupted;
  }
  if (!isDebugging()) console.error(errorMessage(error));
  return EXIT_CODES.failed;
}

/**
 * Throws the reason of the signal that Ctrl-C aborts. The process learns of Ctrl-C in a turn of its own, which long
 * work without a wait does not give.
 */
export async function throwIfStopped(signal: AbortSignal): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve));
  signal.throwIfAborted();
}

/** Writes exactly this text to standard output, without a newline after it. */
export function print(text: string): void {
  let rest = new TextEncoder().encode(text);
  while (rest.length > 0) rest = rest.subarray(Deno.stdout.writeSync(rest));
}

/** The message of an error and of its causes, without stacks and control characters. */
export function errorMessage(error: unknown): string {
  const messages: string[] = [];
  for (let cause = error; cause !== undefined && messages.length < 5;) {
    const message = cause instanceof Error ? cause.message || cause.name : String(cause);
    if (!messages.some((earlier) => earlier.includes(message))) messages.push(message);
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return printable(`error: ${messages.join("\n  because: ")}`);
}

function isDebugging(): boolean {
  try {
    return (Deno.env.get("CROSSWARP_DEBUG") ?? "") !== "";
  } catch {
    return false; // a task run by hand without the permission to read it
  }
}
