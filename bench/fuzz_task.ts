/**
 * `deno task bench:fuzz`: reads thousands of damaged files. Each must be read or refused with an error of this library,
 * in 2 s at most and without more than 1 GB of memory.
 *
 * @module
 */

import { RandomStream } from "../cohort/phantom/random.ts";
import { alignedTable } from "../study/tables/text_table.ts";
import type { FlagsOf, TaskSpec } from "../tasks/_flags.ts";
import { runTask } from "../tasks/_run_task.ts";
import { fuzzOne, fuzzSeeds, mutated } from "./fuzz.ts";

/** Maximum of the process's memory, bytes. */
const MAX_MEMORY = 2 ** 30;

/** The declaration of `deno task bench:fuzz`. */
export const TASK = {
  name: "bench:fuzz",
  summary: "Reads thousands of damaged files; each must be read, or refused with a clear error.",
  flags: {
    count: { type: "integer", default: 10_000, min: 1, help: "Number of damaged files." },
    seed: { type: "integer", default: 1, min: 0, help: "Seed of the damage." },
  },
} as const satisfies TaskSpec;

/** The work of `deno task bench:fuzz`. */
export async function main(flags: FlagsOf<typeof TASK>, signal: AbortSignal): Promise<number> {
  const folder = await Deno.makeTempDir();
  try {
    const seeds = await fuzzSeeds(folder);
    const random = new RandomStream(flags.seed, 31);
    const rows = new Map(
      seeds.map(({ name }) => [name, { files: 0, read: 0, refused: 0, slowest: 0 }]),
    );
    const faults: string[] = [];
    let memory = 0;
    for (let i = 0; i < flags.count; i++) {
      signal.throwIfAborted();
      const seed = seeds[i % seeds.length];
      const bytes = mutated(seed.bytes, random);
      const { outcome, isFault, milliseconds } = await fuzzOne(seed, bytes);
      const row = rows.get(seed.name)!;
      row.files++;
      if (outcome === "read") row.read++;
      else if (!isFault) row.refused++;
      row.slowest = Math.max(row.slowest, milliseconds);
      if (isFault) faults.push(`${seed.name}, file ${i}: ${outcome}`);
      memory = Math.max(memory, Deno.memoryUsage().rss);
    }
    const cells = [...rows].map((
      [name, { files, read, refused, slowest }],
    ) => {
      const counts = [files, read, refused, files - read - refused, Math.ceil(slowest)];
      return [name, ...counts.map(String)];
    });
    console.log(
      alignedTable([["file", "files", "read", "refused", "faults", "ms at most"], ...cells]),
    );
    console.log(`Memory of the process: ${(memory / 2 ** 20).toFixed(0)} MiB at most`);
    for (const fault of faults.slice(0, 20)) console.log(`Fault: ${fault}`);
    return faults.length === 0 && memory <= MAX_MEMORY ? 0 : 1;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) await runTask(TASK, main);
