/**
 * The compared methods: crosswarp's `register` command and those of other tools, all on the same files.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { SIMILARITIES } from "../registration/similarity/similarities.ts";
import type { Flag, FlagValues } from "../tasks/_flags.ts";
import { type DisplacementField, readDisplacementField } from "../volume/mod.ts";
import { runCommand } from "./command.ts";
import { hasElastix, type PeerResult, runElastix } from "./elastix.ts";
import { canRunItkWasmElastix, runItkWasmElastix } from "./itk_wasm_elastix.ts";
import { hasPlastimatch, runPlastimatch } from "./plastimatch.ts";

/** Every method's name. */
export const METHODS: readonly string[] = [
  "unregistered",
  "truth",
  "crosswarp",
  "crosswarp-rigid",
  ...Object.keys(SIMILARITIES).map((name) => `crosswarp:${name}`),
  "crosswarp:mind-gauss-newton",
  "elastix",
  "elastix-mattes",
  "elastix-rigid",
  "plastimatch",
  "itk-wasm",
  "itk-wasm-default",
];

/** Flags of the methods. */
export const methodFlags = {
  methods: {
    type: "list",
    choices: METHODS,
    default: ["unregistered", "crosswarp", "elastix"],
    help:
      "The methods to run on each pair, in this order. The task leaves out tools that are not " +
      "installed. npm downloads @itk-wasm/elastix.",
  },
  registerFlags: {
    type: "string",
    help: 'Additional flags of the register command, for example --register-flags="--spacing 12".',
  },
  bendingWeight: {
    type: "number",
    default: 50,
    min: 0,
    help:
      "Weight of elastix's bending energy with NMI. With Mattes MI the weight is 4 times as large.",
  },
  elastixIterations: {
    type: "integer",
    default: 500,
    min: 1,
    help: "Number of iterations of elastix per level.",
  },
  threads: {
    type: "integer",
    default: 2,
    min: 1,
    help: "Number of threads of elastix and of plastimatch.",
  },
  packages: {
    type: "string",
    valueName: "DIR",
    help:
      "Folder of @itk-wasm/elastix. The task installs it if it is missing. The default is a temporary folder.",
  },
} as const satisfies Record<string, Flag>;

/** The result, the time and the memory of a method. */
export interface MethodResult extends Partial<PeerResult> {
  /** The map, on the fixed grid. */
  readonly field: DisplacementField;
  /** The maximum of crosswarp's GPU memory, bytes. */
  readonly gpuBytes?: number | undefined;
}

/** The input of a method. */
export interface MethodJob {
  /** Fixed image file. */
  readonly fixed: string;
  /** Moving image file. */
  readonly moving: string;
  /** The true field, on the fixed grid. */
  readonly truth: DisplacementField;
  /** An existing folder for its files. */
  readonly directory: string;
  /** The values of the flags. */
  readonly options: FlagValues<typeof methodFlags>;
  /** Ends the method. */
  readonly signal: AbortSignal;
}

/** The methods whose tools are installed. The missing tools are printed. */
export async function installedMethods(methods: readonly string[]): Promise<readonly string[]> {
  const tools = [
    { prefix: "elastix", has: hasElastix, how: "Debian: apt-get install elastix" },
    { prefix: "plastimatch", has: hasPlastimatch, how: "Debian: apt-get install plastimatch" },
    { prefix: "itk-wasm", has: canRunItkWasmElastix, how: "Node, npm and elastix's transformix" },
  ];
  let left = methods;
  for (const { prefix, has, how } of tools) {
    if (!left.some((name) => name.startsWith(prefix)) || await has()) continue;
    console.warn(`${prefix} cannot run here (${how}): left out`);
    left = left.filter((name) => !name.startsWith(prefix));
  }
  return left;
}

/** Runs a method on a pair. @throws {Error} with the end of the command's output when it fails. */
export async function runMethod(method: string, job: MethodJob): Promise<MethodResult> {
  const { fixed, moving, truth, directory, options, signal } = job;
  const { threads } = options;
  const common = { fixed, moving, directory, signal };
  switch (method) {
    case "truth":
      return { field: truth };
    case "unregistered": {
      const zero = new Float32Array(truth.grid.voxels);
      return { field: { grid: truth.grid, components: [zero, zero, zero] } };
    }
    case "elastix":
    case "elastix-mattes":
    case "elastix-rigid":
      return await runElastix({
        ...common,
        threads,
        metric: method === "elastix-mattes" ? "mattes" : "nmi",
        // Mattes MI changes more than NMI: of 1, 2, 4 and 10 times as much, 4 was best on seed 4.
        bendingWeight: (method === "elastix-mattes" ? 4 : 1) * options.bendingWeight,
        iterations: options.elastixIterations,
        rigidOnly: method === "elastix-rigid",
      });
    case "plastimatch":
      return await runPlastimatch({ ...common, threads });
    case "itk-wasm":
    case "itk-wasm-default":
      return await runItkWasmElastix({
        ...common,
        packageFolder: options.packages ?? `${directory}/../../packages`,
        settings: method === "itk-wasm" ? "tuned" : "default",
      });
    default:
      return await runRegister(method, job);
  }
}

async function runRegister(
  method: string,
  { fixed, moving, directory, options, signal }: MethodJob,
): Promise<MethodResult> {
  const more = (options.registerFlags ?? "").split(" ").filter((flag) => flag !== "");
  const [, variant] = method.split(":");
  if (method === "crosswarp-rigid") more.push("--rigid-only");
  else if (variant === "mind-gauss-newton") more.push("--method", variant);
  else if (variant !== undefined) more.push("--similarity", variant);
  const cost = await runCommand("deno", [
    "task",
    "register",
    "--fixed",
    fixed,
    "--moving",
    moving,
    "--out",
    directory,
    ...more,
  ], { cwd: fileURLToPath(new URL("..", import.meta.url)), signal });
  const metrics = JSON.parse(await Deno.readTextFile(`${directory}/metrics.json`));
  return {
    ...cost,
    gpuBytes: metrics.peakGpuBytes,
    field: await readDisplacementField(`${directory}/field.nii.gz`),
  };
}
