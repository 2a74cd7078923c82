/**
 * What every task does around its work: errors as one message, exit codes, Ctrl-C.
 *
 * @module
 */

import { HelpRequest, UsageError } from "./_flags.ts";

/** Exit codes of every task. */
export const exitCodes = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const;

/**
 * Runs a task and ends the process: 0 when it went well (or the number that `main` returns), 1 with
 * the error's message when it threw, 2 when the command line was wrong, 130 after Ctrl-C.
 *
 * The first Ctrl-C aborts the signal, so that the task can leave no half-written file; a second one
 * ends the process at once. The stack of an error is shown when CROSSWARP_DEBUG=1.
 *
 * @param main - The work; it hands `signal` to whatever takes long.
 */
export async function runTask(
  main: (signal: AbortSignal) => Promise<number | void> | number | void,
): Promise<never> {
  const controller = new AbortController();
  const interrupt = () => {
    if (controller.signal.aborted) Deno.exit(exitCodes.interrupted);
    console.error("\nStopping. Press Ctrl-C again to stop at once.");
    controller.abort();
  };
  Deno.addSignalListener("SIGINT", interrupt);
  let code: number;
  try {
    code = await main(controller.signal) ?? exitCodes.ok;
  } catch (error) {
    code = report(error, controller.signal.aborted);
  }
  // A device or a worker that is still alive would keep the process waiting.
  Deno.exit(code);
}

function report(error: unknown, interrupted: boolean): number {
  if (error instanceof HelpRequest) {
    // Exactly the text, without a second newline.
    Deno.stdout.writeSync(new TextEncoder().encode(error.message));
    return exitCodes.ok;
  }
  if (error instanceof UsageError) {
    console.error(error.message);
    return exitCodes.usage;
  }
  if (isDebugging()) console.error(error);
  if (interrupted) {
    console.error("Stopped.");
    return exitCodes.interrupted;
  }
  if (!isDebugging()) console.error(errorMessage(error));
  return exitCodes.failed;
}

/** The message of an error and of what caused it, without stacks. */
export function errorMessage(error: unknown): string {
  const messages: string[] = [];
  for (let cause = error; cause !== undefined && messages.length < 5;) {
    const message = cause instanceof Error ? cause.message || cause.name : String(cause);
    if (!messages.some((earlier) => earlier.includes(message))) messages.push(message);
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return `error: ${messages.join("\n  because: ")}`;
}

function isDebugging(): boolean {
  try {
    return (Deno.env.get("CROSSWARP_DEBUG") ?? "") !== "";
  } catch {
    return false; // a task run by hand without the permission to read it
  }
}
