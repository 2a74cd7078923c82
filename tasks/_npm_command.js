#!/usr/bin/env node
/**
 * The command `crosswarp` of the npm package, in Node and Bun. `deno task npm` copies this file into the package.
 *
 * The commands use Deno's interface; the package @deno/shim-deno provides it.
 */

import { readFileSync } from "node:fs";
import { availableParallelism, freemem, totalmem } from "node:os";
import process from "node:process";
import { Deno as shim } from "@deno/shim-deno";

/** The commands that run on the threads of Deno. */
const NEEDS_DENO = ["gridsearch", "phantom", "reproduce"];

/** The memory that programs may still take. `freemem()` of older versions of Node does not count the file cache. */
function availableMemory() {
  try {
    const kibibytes = /^MemAvailable:\s+(\d+) kB$/m.exec(readFileSync("/proc/meminfo", "utf8"))
      ?.[1];
    if (kibibytes !== undefined) return 1024 * Number(kibibytes);
  } catch {
    // A system without /proc.
  }
  return freemem();
}

/** What the package lacks. */
const additions = {
  systemMemoryInfo: () => ({ available: availableMemory(), total: totalmem() }),
};

globalThis.Deno = new Proxy(shim, {
  get: (target, name) => additions[name] ?? target[name],
});
// Node 20 has no `navigator`.
globalThis.navigator ??= { hardwareConcurrency: availableParallelism() };

const args = process.argv.slice(2);
if (NEEDS_DENO.includes(args[0])) {
  console.error(
    `\`${args[0]}\` needs Deno (https://deno.com): deno x jsr:@crosswarp/crosswarp/cli ${args[0]}`,
  );
  process.exit(2);
}
const [{ callCommand }, { runProcess }] = await Promise.all([
  import("./tasks/_cli.js"),
  import("./tasks/_run_task.js"),
]);
await runProcess((signal) => callCommand(args, signal));
