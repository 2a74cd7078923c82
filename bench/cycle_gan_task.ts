/**
 * `deno task bench:cycle-gan`: measures the time, the memory and the learning of the cycle-GAN.
 *
 * @module
 */

import { PAPER_SETTINGS, receptiveField, STRIDES } from "../gan/mod.ts";
import { Gpu } from "../kernels/gpu/gpu.ts";
import { alignedTable } from "../study/tables/text_table.ts";
import type { FlagsOf, TaskSpec } from "../tasks/_flags.ts";
import { Progress } from "../tasks/_progress.ts";
import { runTask } from "../tasks/_run_task.ts";
import { convolutionRates, layersOf } from "./convolution_rates.ts";
import { inversionError, POPULATION_RATIO, radiusRatios } from "./gan_toys.ts";
import { memoryOverSteps } from "./memory_over_steps.ts";
import { type KernelTime, timeStepKernels } from "./step_kernels.ts";
import { timeSynthesis } from "./synthesis_time.ts";
import { stepOperations, timeSteps, timeTorchSteps } from "./training_step.ts";

const PARTS = ["step", "kernels", "convolutions", "memory", "synthesis", "toys"] as const;

/** The declaration of `deno task bench:cycle-gan`. */
export const TASK = {
  name: "bench:cycle-gan",
  summary:
    "Measures the cycle-GAN: training steps compared with tfjs and PyTorch, rates, memory, toy problems.",
  flags: {
    parts: { type: "list", choices: PARTS, default: PARTS, help: "The parts of the benchmark." },
    crop: {
      type: "integer",
      default: 64,
      min: 16,
      help: "Number of rows and of columns of a patch.",
    },
    channels: { type: "integer", default: 3, min: 1, help: "Number of slices of a patch." },
    filters: {
      type: "integer",
      default: 16,
      min: 4,
      help: "Number of filters of the first convolution.",
    },
    receptiveField: {
      type: "integer",
      default: 70,
      min: 4,
      aliases: ["patch"],
      help: "Receptive field P of the discriminators, in pixels.",
    },
    rounds: {
      type: "integer",
      default: 3,
      min: 1,
      help: "Number of rounds. A round measures each implementation once.",
    },
    steps: { type: "integer", default: 9, min: 1, help: "Number of steps per round." },
    noStock: { type: "boolean", help: "Leave out the kernels of tfjs, which are slow." },
    threads: { type: "integer", default: 2, min: 1, help: "Number of threads of PyTorch." },
    memorySteps: {
      type: "integer",
      default: 500,
      min: 1,
      help: "Number of steps of the memory test.",
    },
    side: {
      type: "integer",
      default: 100,
      min: 8,
      help: "Number of voxels per axis of the synthesised volume.",
    },
    seeds: { type: "integers", default: [1, 2, 3], help: "Seeds of the toy problems." },
    toySteps: {
      type: "integer",
      default: 400,
      min: 1,
      help: "Number of training steps of the toy problems.",
    },
  },
} as const satisfies TaskSpec;

/** The work of `deno task bench:cycle-gan`. */
export async function main(flags: FlagsOf<typeof TASK>, signal: AbortSignal): Promise<void> {
  const settings = {
    ...PAPER_SETTINGS,
    crop: flags.crop,
    channels: flags.channels,
    strides: STRIDES[flags.receptiveField],
    generatorFilters: flags.filters,
    discriminatorFilters: flags.filters,
  };
  using progress = new Progress();
  using gpu = await Gpu.open();
  const size = `${flags.crop} x ${flags.crop} x ${flags.channels}, ${flags.filters} filters, ` +
    `${settings.blocks} blocks, P = ${receptiveField(settings.strides)}`;
  console.log(`Adapter: ${gpu.description}; Deno ${Deno.version.deno}; ${size}`);
  const wants = (part: typeof PARTS[number]) => !signal.aborted && flags.parts.includes(part);

  if (wants("step")) {
    const times: Record<string, number[]> = { own: [], stock: [], torch: [] };
    let version = "";
    for (let round = 0; round < flags.rounds && !signal.aborted; round++) {
      progress.stage(`steps, round ${round + 1}`);
      times.own.push(await timeSteps(gpu, "own", settings, flags.steps));
      const torch = await timeTorchSteps(settings, flags.steps, flags.threads);
      if (torch !== undefined) times.torch.push(torch.median);
      version = torch?.version ?? version;
      if (!flags.noStock) times.stock.push(await timeSteps(gpu, "stock", settings, 2));
    }
    progress.end();
    // The fastest round counts, of each: the machine's speed drifts with its neighbours' load.
    const operations = stepOperations(settings);
    const own = Math.min(...times.own);
    const row = (name: string, values: number[]) => {
      if (values.length === 0) return [];
      const ms = Math.min(...values);
      const rate = `${(operations / ms / 1e6).toFixed(1)}`;
      return [[name, ms.toFixed(0), rate, (ms / own).toFixed(2)]];
    };
    console.log(alignedTable([
      ["one training step", "ms", "GFLOP/s", "times ours"],
      ...row("ours", times.own),
      ...row("tfjs's own kernels", times.stock),
      ...row(`PyTorch ${version}`, times.torch),
    ]));
  }

  if (wants("kernels")) {
    progress.stage("kernels");
    const times = await timeStepKernels(gpu, settings, flags.steps);
    progress.end();
    const row = (label: string, dispatches: number, milliseconds: number) => [
      label,
      String(dispatches),
      milliseconds.toFixed(1),
    ];
    const sum = (of: (time: KernelTime) => number) => times.reduce((a, time) => a + of(time), 0);
    console.log(alignedTable([
      ["kernels of one training step", "dispatches", "ms"],
      ...times.map((time) => row(time.label, time.dispatches, time.milliseconds)),
      row("all", sum((time) => time.dispatches), sum((time) => time.milliseconds)),
    ]));
  }

  if (wants("convolutions")) {
    for (const variant of ["registers", "tiles"] as const) {
      const layers = layersOf(flags.crop, flags.filters, flags.channels);
      const { rates } = await convolutionRates(gpu, layers, variant);
      console.log(alignedTable([
        [`convolutions in ${variant}, GFLOP/s`, "value", "by the input", "by the filter"],
        ...layers.map(({ name }, i) => [name, ...rates[i].map((rate) => rate.toFixed(1))]),
      ]));
    }
  }

  if (wants("memory")) {
    progress.stage("memory");
    const rows = await memoryOverSteps(gpu, settings, flags.memorySteps, 50);
    progress.end();
    const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
    console.log(alignedTable([
      ["step", "tensors", "tensor MiB", "buffer MiB", "scratch MiB", "resident MiB"],
      ...rows.map((row) => [
        String(row.step),
        String(row.tensors),
        mebibytes(row.tensorBytes),
        mebibytes(row.bufferBytes),
        mebibytes(row.ownBytes),
        mebibytes(row.resident),
      ]),
    ]));
  }

  if (wants("synthesis")) {
    const side = flags.side;
    progress.stage("synthesis", 0, "patches");
    const times = await timeSynthesis(
      gpu,
      settings,
      [side, side, side],
      20,
      (done, total) => progress.update(done, "", total),
    );
    progress.end();
    console.log(alignedTable([
      [`synthesis of ${side} x ${side} x ${side}`, "patches", "s", "loop, s", "ratio"],
      ...Object.entries(times).map(([name, { patches, seconds, naiveSeconds }]) => [
        name,
        String(patches),
        seconds.toFixed(1),
        naiveSeconds.toFixed(1),
        (naiveSeconds / seconds).toFixed(2),
      ]),
    ]));
  }

  if (wants("toys")) {
    progress.stage("toys");
    const rows: string[][] = [];
    for (const seed of flags.seeds) {
      signal.throwIfAborted();
      const error = await inversionError(gpu, seed, flags.toySteps);
      const large = await radiusRatios(gpu, 22, seed, flags.toySteps);
      const little = await radiusRatios(gpu, 10, seed, flags.toySteps);
      rows.push([
        String(seed),
        `${(100 * error).toFixed(1)} %`,
        large.mr.toFixed(3),
        large.ct.toFixed(3),
        little.mr.toFixed(3),
        little.ct.toFixed(3),
      ]);
    }
    progress.end();
    const there = POPULATION_RATIO.toFixed(3);
    const back = (1 / POPULATION_RATIO).toFixed(3);
    console.log(alignedTable([
      [
        "seed",
        "inversion",
        `P=22, to ${there}`,
        `to ${back}`,
        `P=10, to ${there}`,
        `to ${back}`,
      ],
      ...rows,
    ]));
  }
}

if (import.meta.main) await runTask(TASK, main);
