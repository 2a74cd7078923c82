/**
 * `crosswarp`: runs the command that the first argument names. cli.ts is its program.
 *
 * @module
 */

import { VERSION } from "../host/version.ts";
import { COMMANDS } from "./_commands.ts";
import { completionHelp, completionScript, isShell, SHELLS } from "./completions/completions.ts";
import { didYouMean } from "./_did_you_mean.ts";
import { HelpRequest, UsageError } from "./_flags.ts";
import { catchErrors, EXIT_CODES, print } from "./_run_task.ts";

/** The descriptions of the commands, and of the two that are no tasks. */
const SUMMARIES: ReadonlyMap<string, string> = new Map([
  ...[...COMMANDS].map(([name, { summary }]) => [name, summary] as const),
  ["completions", "Print a script with which bash, zsh or fish completes commands and flags"],
  ["help", "Show the flags of a command, as in `crosswarp help register`"],
]);

const FLAGS = ["help", "version"];

/**
 * Runs a command line, without ending the process.
 *
 * @param args - The command line, without `crosswarp`.
 * @param signal - Aborted when the user presses Ctrl-C.
 * @returns The exit code, as {@link EXIT_CODES} lists them. The messages are on standard error.
 */
export async function callCommand(args: readonly string[], signal: AbortSignal): Promise<number> {
  return await catchErrors(signal, async () => await dispatch(args, signal));
}

async function dispatch(
  [first, ...rest]: readonly string[],
  signal: AbortSignal,
): Promise<number> {
  const command = COMMANDS.get(first);
  if (command !== undefined) return await command.call(rest, signal);
  switch (first) {
    case undefined:
      console.error(overview().trimEnd());
      return EXIT_CODES.usage;
    case "--help":
    case "-h":
      throw new HelpRequest(overview());
    case "--version":
      refuseMore(rest);
      print(`crosswarp ${VERSION}\n`);
      return EXIT_CODES.ok;
    case "help":
      return await showHelp(rest, signal);
    case "completions":
      return await showCompletions(rest);
    default:
      throw unknownCommand(first);
  }
}

async function showHelp(
  [name, ...more]: readonly string[],
  signal: AbortSignal,
): Promise<number> {
  refuseMore(more);
  if (name === undefined || name === "help" || /^(-h|--help)$/.test(name)) {
    throw new HelpRequest(overview());
  }
  if (name === "completions") throw new HelpRequest(completionHelp());
  const command = COMMANDS.get(name);
  if (command === undefined) throw unknownCommand(name);
  return await command.call(["--help"], signal);
}

async function showCompletions([shell, ...more]: readonly string[]): Promise<number> {
  if ([shell, ...more].some((arg) => arg === "--help" || arg === "-h")) {
    throw new HelpRequest(completionHelp());
  }
  if (shell === undefined) throw usage("Name a shell: bash, zsh or fish");
  if (!isShell(shell)) throw usage(`Unknown shell "${shell}"${didYouMean(shell, SHELLS)}`);
  refuseMore(more);
  const commands = [];
  for (const [name, summary] of SUMMARIES) {
    commands.push({ name, summary, spec: await COMMANDS.get(name)?.spec() });
  }
  print(completionScript(shell, commands));
  return EXIT_CODES.ok;
}

function refuseMore(args: readonly string[]): void {
  if (args.length > 0) throw usage(`Unexpected argument "${args[0]}"`);
}

function unknownCommand(text: string): UsageError {
  if (!text.startsWith("-")) {
    return usage(`Unknown command "${text}"${didYouMean(text, [...SUMMARIES.keys()])}`);
  }
  return usage(`Unknown flag ${text}${didYouMean(text.replace(/^--?/, ""), FLAGS, "--")}`);
}

function usage(message: string): UsageError {
  return new UsageError(`${message}\nRun \`crosswarp --help\` to see the commands.`);
}

/** The text of `crosswarp --help`. */
function overview(): string {
  const column = 2 + Math.max(...[...SUMMARIES.keys()].map((name) => name.length));
  return [
    "Registers CT and MR images of the same body, and synthesises one modality from the other.",
    "",
    "Usage: crosswarp COMMAND [flags]",
    "",
    ...[...SUMMARIES].map(([name, summary]) => `  ${name.padEnd(column)}${summary}`),
    "",
    "  --help".padEnd(column + 2) + "Show this text; after a command, show its flags",
    "  --version".padEnd(column + 2) + "Print the version",
    "",
  ].join("\n");
}
