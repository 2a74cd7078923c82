/** `deno task bench:trace`: a trace of one `register` command. */

import { fileURLToPath } from "node:url";
import { type FlagsOf, type TaskSpec, UsageError } from "../tasks/_flags.ts";
import { runTask } from "../tasks/_run_task.ts";
import { writeWholeFile } from "../host/write_file.ts";
import { chromeEvents, type CommandTrace, traceTables } from "./trace/chrome_trace.ts";

/** The declaration of `deno task bench:trace`. */
export const TASK = {
  name: "bench:trace",
  summary: "Traces one register command: the work of the host and of the GPU on one time axis.",
  details: `
The task runs \`register\` with the arguments of --register in a process of its own. It writes a trace that Perfetto
(https://ui.perfetto.dev) and chrome://tracing show, and prints the seconds of each phase and the longest items. Each
dispatch gets a pass of its own with timestamps, if the adapter has them. \`deno task\` itself, which reads deno.json
first, is not in the trace.`,
  examples: [
    '--register="--fixed mr.nii.gz --moving ct.nii.gz --out registered" --out trace.json',
  ],
  flags: {
    register: {
      type: "string",
      required: true,
      help: "The command line of register. Spaces separate its arguments.",
    },
    out: {
      type: "string",
      valueName: "FILE",
      default: "results/trace.json",
      help: "The file of the trace.",
    },
    longest: { type: "integer", default: 25, min: 1, help: "The number of items in the table." },
  },
} as const satisfies TaskSpec;

/** The words of deno.json's command `register`, without its module. */
async function denoArguments(): Promise<string[]> {
  const config = JSON.parse(await Deno.readTextFile(new URL("../deno.json", import.meta.url)));
  const [, ...words] = config.tasks.register.command.split(" ") as string[];
  return words.slice(0, -1);
}

/**
 * Runs a `register` command, and returns its trace.
 *
 * @throws {Error} with the end of the command's output when it fails.
 */
export async function traceRegister(
  args: readonly string[],
  signal?: AbortSignal | undefined,
): Promise<CommandTrace> {
  const file = await Deno.makeTempFile({ suffix: ".json" });
  try {
    const script = fileURLToPath(new URL("trace/traced_command.ts", import.meta.url));
    const now = () => performance.timeOrigin + performance.now();
    const words = await denoArguments();
    const spawned = now();
    const command = new Deno.Command("deno", {
      args: [...words, script, file, ...args],
      cwd: fileURLToPath(new URL("..", import.meta.url)),
      stdout: "piped",
      stderr: "piped",
    });
    const child = command.spawn();
    const stop = () => child.kill();
    signal?.addEventListener("abort", stop);
    const { success, code, stdout, stderr } = await child.output();
    const exited = now();
    signal?.removeEventListener("abort", stop);
    signal?.throwIfAborted();
    if (!success) {
      const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
      throw new Error(`register ended with code ${code}:\n${text.slice(-2000)}`);
    }
    return { raw: JSON.parse(await Deno.readTextFile(file)), spawned, exited };
  } finally {
    await Deno.remove(file);
  }
}

/** Writes a trace as a file of events; its folder is made if it is missing. */
export async function writeTrace(path: string, trace: CommandTrace): Promise<void> {
  await Deno.mkdir(path.replace(/[^/]*$/, "") || ".", { recursive: true });
  const text = JSON.stringify({ traceEvents: chromeEvents(trace) });
  await writeWholeFile(path, new TextEncoder().encode(text));
}

/** The work of `deno task bench:trace`. */
export async function main(
  { register, out, longest }: FlagsOf<typeof TASK>,
  signal: AbortSignal,
): Promise<void> {
  const args = register.split(" ").filter((word) => word !== "");
  if (args.length === 0) throw new UsageError("--register is empty");
  const trace = await traceRegister(args, signal);
  console.log(traceTables(trace, longest));
  await writeTrace(out, trace);
  console.log(`\nWritten to ${out}: open it in https://ui.perfetto.dev or in chrome://tracing`);
}

if (import.meta.main) await runTask(TASK, main);
