/** `deno task bench:verdict`: the verdict on registrations of good and of ruined pairs, with the confusion table. */

import { Gpu } from "../kernels/gpu/gpu.ts";
import { registerImages } from "../registration/register.ts";
import type { Verdict } from "../registration/quality.ts";
import { SIMILARITY_CHOICES } from "../registration/similarity/similarities.ts";
import { type FlagsOf, type TaskSpec, UsageError } from "../tasks/_flags.ts";
import { runTask } from "../tasks/_run_task.ts";
import { readSemiRealCase } from "../testing/semi_real_files.ts";
import {
  knownPhantomPair,
  meanError,
  phantomVerdictPair,
  semiRealVerdictPair,
  verdictCases,
  type VerdictPair,
} from "./verdict_cases.ts";

/** Phantoms with breathing, phantoms with a known deformation, and semi-real pairs. */
const KINDS = ["breathing", "known", "semi-real"] as const;

/** The declaration of `deno task bench:verdict`. */
export const TASK = {
  name: "bench:verdict",
  summary: "Judges registrations of good and of ruined pairs, and prints the confusion table.",
  details: `
The pairs are phantoms with breathing, phantoms with known deformations, and semi-real pairs if ../shared/data/abdomen is there. Each pair is registered
as it is, rigidly only, and with eight changes of the moving image. A result is usable if its mean error is below 3 mm,
and wrong if it is above 8 mm or if the images do not show the same body in the same orientation.`,
  examples: ["--phantoms 11,12 --semi-real 11", "--kinds known,semi-real --changes registered"],
  flags: {
    kinds: {
      type: "string",
      default: KINDS.join(","),
      valueName: "LIST",
      help: `The kinds of pairs: ${KINDS.join(", ")}.`,
    },
    phantoms: { type: "integers", default: [11], min: 0, help: "Seeds of the phantoms." },
    semiReal: { type: "integers", default: [11], min: 0, help: "Seeds of the semi-real pairs." },
    voxel: { type: "number", default: 6, min: 1, unit: "mm", help: "Voxel size of the phantoms." },
    factor: {
      type: "integer",
      default: 2,
      min: 1,
      max: 4,
      help: "Voxels of the semi-real CT (3 mm) that are merged along each axis.",
    },
    iterations: {
      type: "integer",
      default: 50,
      min: 1,
      help: "Maximum number of steps per level.",
    },
    similarity: {
      type: "choice",
      choices: SIMILARITY_CHOICES,
      default: "automatic",
      help: "The similarity of the deformable registration.",
    },
    changes: {
      type: "string",
      valueName: "LIST",
      help: "Judge only the cases whose change contains one of these texts.",
    },
  },
} as const satisfies TaskSpec;

/** The rows of the confusion table. */
const CLASSES = ["usable, below 3 mm", "3 to 8 mm", "wrong, above 8 mm", "ruined"] as const;

function classOf(error: number): typeof CLASSES[number] {
  if (Number.isNaN(error)) return "ruined";
  return error < 3 ? CLASSES[0] : error <= 8 ? CLASSES[1] : CLASSES[2];
}

/** The work of `deno task bench:verdict`. */
export async function main(flags: FlagsOf<typeof TASK>, signal: AbortSignal): Promise<void> {
  const source = await readSemiRealCase();
  const kinds = flags.kinds.split(",");
  const unknown = kinds.find((kind) => !(KINDS as readonly string[]).includes(kind));
  if (unknown !== undefined) {
    throw new UsageError(`--kinds has ${KINDS.join(", ")}, not ${unknown}`);
  }
  const { voxel } = flags;
  const pairs: [VerdictPair, VerdictPair][] = [];
  for (const seed of flags.phantoms) {
    if (kinds.includes("breathing")) {
      pairs.push([phantomVerdictPair(seed, voxel), phantomVerdictPair(seed + 100, voxel)]);
    }
    if (kinds.includes("known")) {
      pairs.push([knownPhantomPair(seed, voxel), knownPhantomPair(seed + 100, voxel)]);
    }
  }
  for (const seed of source !== undefined && kinds.includes("semi-real") ? flags.semiReal : []) {
    const pair = semiRealVerdictPair(seed, source!, flags.factor);
    pairs.push([pair, knownPhantomPair(seed + 100, voxel)]);
  }
  using gpu = await Gpu.open();
  const counts = new Map<string, number>();
  console.log(
    "| pair | case | mean error, mm | contrast of fit | local fit | verdict | orientation |",
  );
  console.log("| --- | --- | ---: | ---: | ---: | --- | --- |");
  for (const [pair, other] of pairs) {
    for (const one of verdictCases(pair, other)) {
      if (!(flags.changes ?? "").split(",").some((part) => one.change.includes(part))) continue;
      const { quality, field } = await registerImages(gpu, {
        fixed: one.fixed,
        moving: one.moving,
        rigidOnly: one.rigidOnly,
        deformable: {
          iterations: flags.iterations,
          similarity: flags.similarity,
        },
        signal,
      });
      const error = meanError(one, field);
      const key = classOf(error) + quality.verdict;
      counts.set(key, (counts.get(key) ?? 0) + 1);
      const shown = Number.isNaN(error) ? "no truth" : error.toFixed(1);
      console.log(
        `| ${pair.name} | ${one.change} | ${shown} | ${quality.contrastOfFit.toFixed(2)} | ` +
          `${quality.localFit.toFixed(2)} | ${quality.verdict} | ${quality.orientation ?? ""} |`,
      );
    }
  }
  const verdicts: Verdict[] = ["good", "doubtful", "failed"];
  console.log(`\n| result | ${verdicts.join(" | ")} |\n| --- | ---: | ---: | ---: |`);
  for (const one of CLASSES) {
    console.log(`| ${one} | ${verdicts.map((v) => counts.get(one + v) ?? 0).join(" | ")} |`);
  }
}

if (import.meta.main) await runTask(TASK, main);
