/**
 * `deno task bench`: rates of the kernels by GPU timestamps, compared with the targets.
 *
 * @module
 */

import { timeDispatches } from "./gpu_timer.ts";
import { ITERATION_SIZE, ITERATION_STRIDE, timeIteration } from "./iteration.ts";
import { kernelBenchmarks, SIZE } from "./kernel_rates.ts";
import { CONTROL_GRID_INTERPOLATIONS } from "../kernels/control_grid/control_grid.ts";
import { SIMILARITIES, type SimilarityName } from "../registration/similarity/similarities.ts";
import { Gpu } from "../kernels/gpu/gpu.ts";
import { alignedTable } from "../study/tables/text_table.ts";
import type { FlagsOf, TaskSpec } from "../tasks/_flags.ts";
import { runTask } from "../tasks/_run_task.ts";

/** The declaration of `deno task bench`. */
export const TASK = {
  name: "bench",
  summary: "Measures the kernels with GPU timestamps and prints their rates and the target rates.",
  details:
    "The targets are about four fifths of the rates that were measured with Mesa 22.3's software\n" +
    "driver (Debian 12) on two cores. On other machines they are only a scale.",
  flags: {
    similarity: {
      type: "list",
      choices: Object.keys(SIMILARITIES) as SimilarityName[],
      default: Object.keys(SIMILARITIES),
      help: "The similarities whose iterations are measured, per dispatch.",
    },
    interpolation: {
      type: "choice",
      choices: CONTROL_GRID_INTERPOLATIONS,
      default: "linear",
      help: "The interpolation between control points in these iterations.",
    },
    binding: {
      type: "number",
      min: 1,
      unit: "MB",
      help:
        "Maximum size of one binding in these iterations, by default that of the adapter. With less than 8.4 MB the " +
        "moving image has several windows.",
    },
    rounds: {
      type: "integer",
      default: 5,
      min: 1,
      help: "Number of rounds. The result of a kernel is its minimum time.",
    },
  },
} as const satisfies TaskSpec;

/** The work of `deno task bench`. */
export async function main(
  { rounds, interpolation, binding, similarity: similarities }: FlagsOf<typeof TASK>,
  signal: AbortSignal,
): Promise<void> {
  using gpu = await Gpu.open();
  console.log(`Adapter: ${gpu.description}; Deno ${Deno.version.deno}; images ${SIZE.join(" x ")}`);
  const { benchmarks, dispose } = kernelBenchmarks(gpu);
  const min = benchmarks.map(() => Infinity);
  for (let round = 0; round <= rounds; round++) {
    for (const [i, { dispatches }] of benchmarks.entries()) {
      signal.throwIfAborted();
      const milliseconds = (await timeDispatches(gpu, dispatches)).reduce((sum, t) => sum + t, 0);
      // The first round compiles.
      if (round > 0) min[i] = Math.min(min[i], milliseconds);
    }
  }
  console.log(alignedTable([
    ["kernel", "ms", "Mvox/s", "target", "of target"],
    ...benchmarks.map(({ name, megavoxels, target }, i) => {
      const rate = 1000 * megavoxels / min[i];
      return [
        name,
        min[i].toFixed(2),
        rate.toFixed(0),
        target === undefined ? "-" : String(target),
        target === undefined ? "-" : `${(100 * rate / target).toFixed(0)} %`,
      ];
    }),
  ]));
  dispose();
  const maxBindingBytes = binding === undefined ? undefined : 1e6 * binding;
  using limited = await Gpu.open({ device: gpu.device, maxBindingBytes });
  for (const similarity of similarities) {
    const times = await timeIteration(limited, {
      similarity,
      interpolation,
      evaluations: 3 * rounds,
    });
    const sum = times.reduce((total, { milliseconds }) => total + milliseconds, 0);
    console.log(
      `\nOne evaluation of ${similarity} with its gradient and an L-BFGS step, ` +
        `${
          ITERATION_SIZE.join(" x ")
        } voxels, control points every ${ITERATION_STRIDE} voxels, ${interpolation}; ` +
        `medians of ${3 * rounds}`,
    );
    console.log(alignedTable([
      ["dispatch", "ms"],
      ...times.map(({ label, milliseconds }) => [label, milliseconds.toFixed(2)]),
      ["sum", sum.toFixed(1)],
    ]));
  }
}

if (import.meta.main) await runTask(TASK, main);
