/**
 * `deno task setup`: looks for a WebGPU adapter, and installs a software adapter if it can.
 *
 * @module
 */

import type { FlagsOf, TaskSpec } from "./_flags.ts";
import { driverAdvice, hidingVariables, readMachine } from "./_driver_advice.ts";
import { runTask } from "./_run_task.ts";

/** The declaration of `deno task setup`. */
export const TASK = {
  name: "setup",
  summary: "Looks for a WebGPU adapter. Without one, it installs Mesa's software driver (on " +
    "Debian or Ubuntu, as root).",
  flags: { check: { type: "boolean", help: "Look for an adapter, but install nothing." } },
  details:
    "The exit code is 0 if there is an adapter. Otherwise it is 1, and the task prints the command\n" +
    "that installs a driver.",
} as const satisfies TaskSpec;

/** The work of `deno task setup`. */
export async function main(flags: FlagsOf<typeof TASK>): Promise<number> {
  const adapter = await navigator.gpu?.requestAdapter();
  if (adapter) {
    const { info } = adapter;
    const name = info.description || `${info.vendor} ${info.architecture}`.trim();
    const isFallback =
      (info as { isFallbackAdapter?: boolean | undefined }).isFallbackAdapter === true;
    console.log(`WebGPU adapter: ${name}${isFallback ? " (software, on the processor)" : ""}`);
    return 0;
  }
  console.error("No WebGPU adapter was found.");
  if (flags.check) return 1;

  const advice = driverAdvice(readMachine());
  if (advice.kind === "message") {
    console.error(advice.text);
    warnOfHidingVariables();
    return 1;
  }
  console.error("Installing Mesa's software Vulkan driver (mesa-vulkan-drivers, libvulkan1) ...");
  for (const command of advice.commands) {
    if (await run(command) !== 0) {
      // An `update` that fails for one broken source need not keep the packages from installing.
      if (command.includes("update")) continue;
      throw new Error(`\`${command.join(" ")}\` failed; see its messages above.`);
    }
  }
  // This process has loaded (or failed to load) the Vulkan loader already: look again in a fresh one.
  const look = ["deno", "run", "-q", "--preload=tasks/_environment.ts", "-P=setup"];
  if (await run([...look, "tasks/setup.ts", "--check"]) === 0) return 0;
  console.error("The driver is installed, but there is still no adapter.");
  warnOfHidingVariables();
  return 1;
}

function warnOfHidingVariables(): void {
  const variables = hidingVariables();
  if (variables.length > 0) {
    console.error(`Drivers may be hidden by ${variables.join(" and ")}: unset it and try again.`);
  }
}

async function run([command, ...args]: readonly string[]): Promise<number> {
  const child = new Deno.Command(command, {
    args: [...args],
    cwd: new URL("..", import.meta.url),
    env: { DEBIAN_FRONTEND: "noninteractive" },
    stdin: "null",
  }).spawn();
  return (await child.status).code;
}

if (import.meta.main) await runTask(TASK, main);
