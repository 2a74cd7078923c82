/**
 * Runs the commands that are compared, with their wall time and memory.
 *
 * @module
 */

import { withoutUndefined } from "../host/defaults.ts";

/** Time and memory of a command. */
export interface CommandResult {
  /** Wall-clock time, seconds. */
  readonly seconds: number;
  /**
   * Largest resident set of the command or of one of its child processes, bytes. Measured by GNU time
   * (Debian: `apt-get install time`); undefined where that is not installed.
   */
  readonly peakBytes?: number | undefined;
  /** Processor time of the command and its child processes, seconds; undefined without GNU time. */
  readonly processorSeconds?: number | undefined;
}

/** Options of {@link runCommand}. */
export interface CommandOptions {
  /** The working directory. Default: the current one. */
  readonly cwd?: string | undefined;
  /** Additional environment variables. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Ends the command. */
  readonly signal?: AbortSignal | undefined;
}

/** Runs a command to its end. @throws {Error} with the end of its output when it fails. */
export async function runCommand(
  command: string,
  args: readonly string[],
  { cwd, env, signal }: CommandOptions = {},
): Promise<CommandResult> {
  signal?.throwIfAborted();
  const place = withoutUndefined({ cwd, env });
  const isTimed = await hasGnuTime();
  const report = isTimed ? await Deno.makeTempFile({ prefix: "peak-memory-" }) : "";
  try {
    const start = performance.now();
    const child = new Deno.Command(isTimed ? "time" : command, {
      args: isTimed ? ["-f", "%M %U %S", "-o", report, command, ...args] : [...args],
      ...place,
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    // Ending `time` would leave its child running.
    const stop = () => isTimed ? void endChildren(child.pid) : child.kill();
    signal?.addEventListener("abort", stop);
    const { success, code, stdout, stderr } = await child.output();
    const seconds = (performance.now() - start) / 1000;
    signal?.removeEventListener("abort", stop);
    signal?.throwIfAborted();
    if (!success) {
      const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
      throw new Error(`${command} ended with code ${code}:\n${text.slice(-2000)}`);
    }
    if (!isTimed) return { seconds };
    const line = (await Deno.readTextFile(report)).trim().split("\n").at(-1)!;
    const [kilobytes, user, system] = line.split(" ").map(Number);
    return { seconds, peakBytes: 1024 * kilobytes, processorSeconds: user + system };
  } finally {
    if (isTimed) await Deno.remove(report);
  }
}

/** Returns true if a command is installed and succeeds with these arguments. */
export async function hasCommand(command: string, args: readonly string[]): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(command, {
      args: [...args],
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

let gnuTime: Promise<boolean> | undefined;

function hasGnuTime(): Promise<boolean> {
  return gnuTime ??= hasCommand("time", ["-f", "%M", "true"]);
}

async function endChildren(pid: number): Promise<void> {
  await new Deno.Command("pkill", { args: ["-P", `${pid}`] }).output();
}
