/** `deno task bench:semi-real`: the whole `register` command against elastix on semi-real pairs. */

import { fileURLToPath, pathToFileURL } from "node:url";
import { readDisplacementField } from "../volume/mod.ts";
import { type Flag, type FlagValues, parseFlags } from "../tasks/_flags.ts";
import { runTask } from "../tasks/_run_task.ts";
import { SIMILARITIES } from "../registration/similarities.ts";
import { hasElastix, runElastix } from "./elastix.ts";
import { runItkWasmElastix } from "./itk_wasm_elastix.ts";
import { runPlastimatch } from "./plastimatch.ts";
import { type PairScore, scorePair } from "./score_pair.ts";
import { makeSemiRealPair, refineCase, type SemiRealPair } from "./semi_real.ts";
import { type PairFiles, readSemiRealCase, semiRealFolder, writePair } from "./semi_real_files.ts";

const ours = [
  "crosswarp",
  "crosswarp-rigid",
  ...Object.keys(SIMILARITIES).map((name) => `crosswarp:${name}`),
  "crosswarp:mind-gauss-newton",
];
const methodNames = [
  "unregistered",
  "truth",
  ...ours,
  "elastix",
  "elastix-mattes",
  "elastix-rigid",
  "plastimatch",
  "itk-wasm",
  "itk-wasm-default",
];

const flags = {
  seeds: { type: "integers", default: [1, 2, 3], min: 0, help: "Pairs to make, by seed." },
  methods: {
    type: "list",
    choices: methodNames,
    default: ["unregistered", "crosswarp", "elastix"],
    help:
      "What to run on each pair, in turn; other tools must be installed, but @itk-wasm/elastix, " +
      "which npm fetches.",
  },
  registerFlags: {
    type: "string",
    help: 'More flags for the register command, as --register-flags="--spacing 12".',
  },
  factor: {
    type: "integer",
    default: 1,
    min: 1,
    max: 4,
    help: "Voxels an axis for each of the CT's: 2 makes 11 Mvoxel at 1.5 mm.",
  },
  bendingWeight: { type: "number", default: 50, min: 0, help: "Of elastix's bending energy." },
  elastixIterations: { type: "integer", default: 500, min: 1, help: "At each level." },
  threads: { type: "integer", default: 2, min: 1, help: "elastix's threads." },
  packages: {
    type: "string",
    valueName: "DIR",
    help: "Where @itk-wasm/elastix is installed; by default a temporary folder.",
  },
  data: {
    type: "string",
    valueName: "DIR",
    help: "Folder with ct.nii.gz and ct_labels.nii.gz (default ../shared/data/abdomen).",
  },
  keep: {
    type: "string",
    valueName: "DIR",
    help: "Keep all files under DIR. Else they are in a temporary folder, removed at the end.",
  },
  json: { type: "string", valueName: "FILE", help: "Also write the figures to FILE." },
} as const satisfies Record<string, Flag>;
type Flags = FlagValues<typeof flags>;

const spec = {
  name: "bench:semi-real",
  summary: "Registers semi-real MR-CT pairs with known deformations and scores the results.",
  details:
    `Seconds are wall-clock: of the whole \`deno task register\` child process, outputs included, and of
the elastix command alone, without the transformix run that writes its field. The ratio is that of
elastix's (NMI) seconds to the method's on the same pair.`,
  examples: [
    "--seeds 1,2,3 --methods crosswarp,elastix",
    "--seeds 1 --factor 2 --methods crosswarp",
  ],
  flags,
};

/** The figures of one method on one pair. */
interface Row extends PairScore {
  seed: number;
  method: string;
  seconds: number | undefined;
}

async function main(signal: AbortSignal): Promise<void> {
  const options = parseFlags(spec, Deno.args);
  const data = options.data === undefined ? semiRealFolder : pathToFileURL(`${options.data}/`);
  const source = await readSemiRealCase(data);
  if (!source) {
    throw new Error(
      `No ct.nii.gz and ct_labels.nii.gz in ${fileURLToPath(data)}: give their folder by --data`,
    );
  }
  const { factor } = options;
  const { ct, labels } = factor > 1 ? refineCase({ ...source, factor }) : source;
  let methods: readonly string[] = options.methods;
  if (methods.some((m) => m.startsWith("elastix")) && !await hasElastix()) {
    console.warn("elastix is not installed (Debian: apt-get install elastix): left out");
    methods = methods.filter((m) => !m.startsWith("elastix"));
  }
  const folder = options.keep ?? await Deno.makeTempDir({ prefix: "semi-real-" });
  const rows: Row[] = [];
  try {
    console.log(`${ct.grid.size.join(" x ")} voxels of ${ct.grid.spacing.join(" x ")} mm`);
    console.log(header());
    for (const seed of options.seeds) {
      const pair = makeSemiRealPair({ seed, ct, labels });
      const pairFolder = `${folder}/seed-${seed}`;
      await Deno.mkdir(pairFolder, { recursive: true });
      const files = await writePair(pairFolder, pair);
      for (const method of methods) {
        const out = `${pairFolder}/${method}`;
        await Deno.mkdir(out, { recursive: true });
        const result = await run(method, { pair, files, out, options, signal });
        const row = { seed, method, seconds: result.seconds, ...scorePair({ pair, ...result }) };
        rows.push(row);
        console.log(line(row, rows));
      }
    }
    for (const method of methods) console.log(line(meanOf(method, rows), rows, "mean"));
    if (options.json) await Deno.writeTextFile(options.json, JSON.stringify(rows, null, 2) + "\n");
  } finally {
    if (!options.keep) await Deno.remove(folder, { recursive: true });
  }
}

interface Job {
  pair: SemiRealPair;
  files: PairFiles;
  out: string;
  options: Flags;
  signal: AbortSignal;
}

async function run(
  method: string,
  { pair, files, out, options, signal }: Job,
): Promise<{ field: SemiRealPair["truth"]; seconds: number | undefined }> {
  switch (method) {
    case "truth":
      return { field: pair.truth, seconds: undefined };
    case "unregistered": {
      const zero = new Float32Array(pair.truth.grid.voxels);
      return {
        field: { grid: pair.truth.grid, components: [zero, zero, zero] },
        seconds: undefined,
      };
    }
    case "plastimatch":
      return await runPlastimatch({ ...files, directory: out, signal });
    case "itk-wasm":
    case "itk-wasm-default":
      return await runItkWasmElastix({
        ...files,
        directory: out,
        packageFolder: options.packages ?? `${out}/../../packages`,
        settings: method === "itk-wasm" ? "tuned" : "default",
        signal,
      });
    case "elastix":
    case "elastix-mattes":
    case "elastix-rigid":
      return await runElastix({
        ...files,
        directory: out,
        metric: method === "elastix-mattes" ? "mattes" : "nmi",
        // Mattes MI changes more than NMI: tuned to fold as little.
        bendingWeight: (method === "elastix-mattes" ? 4 : 1) * options.bendingWeight,
        iterations: options.elastixIterations,
        threads: options.threads,
        rigidOnly: method === "elastix-rigid",
        signal,
      });
    default: {
      const more = (options.registerFlags ?? "").split(" ").filter((flag) => flag !== "");
      const [, variant] = method.split(":");
      if (method === "crosswarp-rigid") more.push("--rigid-only");
      else if (variant === "mind-gauss-newton") more.push("--method", variant);
      else if (variant !== undefined) more.push("--similarity", variant);
      const start = performance.now();
      const { success, stdout, stderr } = await new Deno.Command("deno", {
        args: [
          "task",
          "register",
          "--fixed",
          files.fixed,
          "--moving",
          files.moving,
          "--out",
          out,
          ...more,
        ],
        cwd: fileURLToPath(new URL("..", import.meta.url)),
        signal,
      }).output();
      const seconds = (performance.now() - start) / 1000;
      if (!success) {
        const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
        throw new Error(`deno task register failed:\n${text.slice(-2000)}`);
      }
      return { field: await readDisplacementField(`${out}/field.nii.gz`), seconds };
    }
  }
}

function meanOf(method: string, rows: readonly Row[]): Row {
  const own = rows.filter((row) => row.method === method);
  const mean = (value: (row: Row) => number) =>
    own.reduce((sum, row) => sum + value(row), 0) / own.length;
  return {
    ...own[0],
    dice: mean((r) => r.dice),
    treMean: mean((r) => r.treMean),
    tre95: mean((r) => r.tre95),
    treMax: mean((r) => r.treMax),
    foldedPercent: mean((r) => r.foldedPercent),
    sdLogJacobian: mean((r) => r.sdLogJacobian),
    seconds: own[0].seconds === undefined ? undefined : mean((r) => r.seconds!),
  };
}

const columns = [
  ["seed", 4],
  ["method", 27],
  ["Dice", 7],
  ["TRE mean", 9],
  ["p95", 6],
  ["max mm", 7],
  ["% J<=0", 8],
  ["SD log J", 9],
  ["seconds", 8],
  ["ratio", 6],
] as const;

function header(): string {
  return columns.map(([name, width]) => name.padStart(width)).join(" ");
}

/** A table's line. The ratio is elastix's seconds over the method's on the same pair, or in the mean. */
function line(row: Row, rows: readonly Row[], label = `${row.seed}`): string {
  const secondsOf = (method: string) => {
    const own = rows.filter((r) =>
      r.method === method && r.seconds !== undefined && (label === "mean" || r.seed === row.seed)
    );
    return own.reduce((sum, r) => sum + r.seconds!, 0) / own.length;
  };
  // elastix's seconds over those of the method.
  const ratio = row.seconds === undefined ? NaN : secondsOf("elastix") / secondsOf(row.method);
  const cells = [
    label,
    row.method,
    row.dice.toFixed(4),
    row.treMean.toFixed(2),
    row.tre95.toFixed(2),
    row.treMax.toFixed(1),
    row.foldedPercent.toFixed(4),
    row.sdLogJacobian.toFixed(3),
    row.seconds?.toFixed(1) ?? "-",
    Number.isFinite(ratio) ? ratio.toFixed(2) : "-",
  ];
  return cells.map((cell, i) => cell.padStart(columns[i][1])).join(" ");
}

if (import.meta.main) await runTask(main);
