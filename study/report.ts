/**
 * The study's report: its tables beside the paper's numbers, and what was run.
 *
 * @module
 */

import type { Manifest } from "../cohort/manifest.ts";
import type { Regulariser } from "../kernels/regulariser.ts";
import { type Ablation, ablationMethods } from "./ablations.ts";
import type { BestSettings } from "./best_settings.ts";
import { comparisonCells } from "./comparison_table.ts";
import { REGIONS } from "./grid_search_plan.ts";
import { lungCells } from "./lung_table.ts";
import { METHODS } from "./methods.ts";
import { type Profile, withSetting } from "./profiles.ts";
import type { LungRow } from "./study_lungs.ts";
import { SEARCHES } from "./study_search.ts";
import type { StudyRegion } from "./study_regions.ts";
import {
  ablationCells,
  registrationCells,
  structureCells,
  surfaceCells,
  table2Cells,
} from "./score_tables.ts";
import { table1Cells, type Table1Row } from "./table1.ts";
import { type ScoredPair, structureTable, table2 } from "./table2.ts";
import { type Cells, markdownTable } from "./text_table.ts";

/** What a report is made of. */
export interface ReportInputs {
  /** The scale. */
  readonly profile: Profile;
  /** The seed. */
  readonly seed: number;
  /** The program's version. */
  readonly version: string;
  /** The GPU adapter. */
  readonly adapter: string;
  /** The cohort. */
  readonly manifest: Manifest;
  /** Whether that is the phantom. */
  readonly isPhantom: boolean;
  /** The regions that were studied. */
  readonly regions: readonly StudyRegion[];
  /** A grid search's settings that were used, where there are any. */
  readonly settings: BestSettings | undefined;
  /** Whether the study's own search found them. */
  readonly searched: boolean;
  /** Table 1. */
  readonly volumes: readonly Table1Row[];
  /** The registrations. */
  readonly pairs: readonly ScoredPair[];
  /** What the cycle-GANs do to the lungs. */
  readonly lungs: readonly LungRow[];
  /** Which ablations were run. */
  readonly ablations: readonly Ablation[];
}

/** A table of the report. */
export interface ReportTable {
  /** Its file's name. */
  readonly name: string;
  /** Its heading. */
  readonly title: string;
  /** How it is read. */
  readonly note?: string;
  /** Whether cells end in ** where they are the best of their row, and in * where they are near it. */
  readonly isMarked?: boolean;
  /** Its cells. */
  readonly cells: Cells;
}

/** A report in its forms. */
export interface StudyReport {
  /** Its heading. */
  readonly title: string;
  /** What its numbers can and cannot say. */
  readonly caution: string;
  /** The tables, ours beside the paper's. */
  readonly tables: readonly ReportTable[];
  /** What was run, a sentence each. */
  readonly setup: readonly string[];
  /** The whole report. */
  readonly markdown: string;
  /** The whole report as data. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** What numbers from a phantom can and cannot say. */
export const PHANTOM_CAUTION =
  "These numbers come from a phantom cohort, not from patients. They show that the methods run, and how " +
  "they order when anatomy, contrast and motion are as modelled; their size says nothing of " +
  "patients, and they neither confirm nor refute the paper's numbers beside them.";

/** Makes the report. */
export function reportOf(inputs: ReportInputs): StudyReport {
  const { profile, pairs, regions, isPhantom, manifest } = inputs;
  const count = manifest.subjects.filter(({ kind }) => kind === "paired").length;
  const tables = tablesOf(inputs), setup = setupOf(inputs);
  const title = isPhantom
    ? "MR-CT deformable registration: the study on a phantom cohort"
    : `MR-CT deformable registration: the study on the cohort "${manifest.profile}"`;
  const caution = isPhantom ? PHANTOM_CAUTION : cohortCaution(count, regions);
  const markdown = [
    `# ${title}`,
    caution,
    ...setup,
    ...tables.flatMap(({ title, note, isMarked, cells }) => [
      `## ${title}`,
      ...(isMarked ? ["** marks the best method of a row, * those within 5 % of it."] : []),
      ...(note === undefined ? [] : [note]),
      markdownTable(cells),
    ]),
    ...pairs.flatMap(({ subject, region, results }) =>
      [...METHODS, ...ablationMethods(inputs.ablations)]
        .filter(({ name, similarity }) => similarity && results[name] !== undefined)
        .map(({ name, title }) =>
          `![${subject} ${region} ${title}](registrations/${subject}_${region}_${name}.png)`
        )
    ),
  ].join("\n\n") + "\n";
  const data = {
    ...{ crosswarp: inputs.version, adapter: inputs.adapter, deno: Deno.version.deno },
    ...{ profile, seed: inputs.seed, cohort: manifest.profile, caution },
    ...(inputs.settings && { settings: inputs.settings.settings }),
    ...{ table1: inputs.volumes, table2: table2(pairs), structures: structureTable(pairs) },
    ...{ lungs: inputs.lungs, registrations: pairs },
  };
  return { title, caution, tables, setup, markdown, data };
}

function cohortCaution(pairs: number, regions: readonly StudyRegion[]): string {
  const size = `${pairs} pair${pairs === 1 ? "" : "s"} of images`;
  return regions[0] === "all"
    ? `These numbers come from ${size} without labels. Normalised mutual information tells whether the ` +
      "images agree, folds whether the deformation is one; neither tells whether it is right, and a method " +
      "that optimises NMI has more of it. Look at the pictures."
    : `These numbers come from ${size}, too few to rank methods that differ by some percent.`;
}

function tablesOf(inputs: ReportInputs): ReportTable[] {
  const { pairs, regions, volumes, lungs, ablations } = inputs, isLabelled = regions[0] !== "all";
  const extra = ablationMethods(ablations);
  const tables: (ReportTable | false)[] = [
    isLabelled && {
      ...{ name: "table1", title: "Table 1: mean volumes of the unpaired subjects" },
      cells: table1Cells(volumes),
    },
    isLabelled && {
      ...{ name: "table2", title: "Table 2: mean Dice of the paired subjects, %" },
      note: "A region's Dice is the mean over its structures and the paired subjects.",
      isMarked: true,
      cells: table2Cells(pairs),
    },
    isLabelled && {
      ...{ name: "comparisons", title: "Do the columns differ? Exact signed-rank tests" },
      note:
        "Two-sided p of a row's method against a column's, over the Dice of all structures of all paired " +
        "subjects. Structures of one subject are not independent and the p are not corrected for their " +
        "number: small ones are overstated.",
      cells: comparisonCells(pairs),
    },
    isLabelled && {
      ...{ name: "structures", title: "Dice by structure, %" },
      cells: structureCells(pairs),
    },
    isLabelled && {
      ...{ name: "surfaces", title: "Distance of the surfaces by structure, 95th percentile, mm" },
      cells: surfaceCells(pairs),
    },
    lungs.length > 0 && {
      ...{ name: "lungs", title: "What the cycle-GANs do to the lungs" },
      note:
        "The paper's explanation of its thorax results: volume of the lungs in an image and in its " +
        "synthesis, and their overlap, both found by threshold; means over the paired subjects. A faithful " +
        "synthesis has 100 %. By Table 1 the lungs of CT images are larger, which the networks can learn.",
      cells: lungCells(lungs),
    },
    {
      ...{ name: "registrations", title: "The registrations" },
      note:
        "TRE: distance to the true correspondence inside the scored structures, where it is known. " +
        "NMI: of the original images, before (rigid) and after.",
      cells: registrationCells(pairs, METHODS),
    },
    extra.length > 0 && {
      ...{ name: "ablations", title: "Ablations" },
      note: "Table 2's methods with one thing changed; means over the paired subjects.",
      cells: ablationCells(pairs, extra),
    },
  ];
  return tables.filter((table) => table !== false);
}

function setupOf(inputs: ReportInputs): string[] {
  const { profile, manifest, isPhantom } = inputs, { attribution } = manifest;
  const subjects = (kind: string) => manifest.subjects.filter((one) => one.kind === kind).length;
  return [
    `Cohort: ${isPhantom ? "phantom, " : ""}${subjects("ct")} CT and ${
      subjects("mr")
    } MR images for the ` +
    `training, ${subjects("paired")} pairs to register.`,
    ...(attribution === undefined ? [] : [`Images: ${attribution}`]),
    "MR images corrected for their bias fields by N4 (ITK's defaults, four levels; from samples of the " +
    "tissue about 8 mm apart, every fourth voxel at most).",
    `Profile ${profile.name}: voxels of ${profile.voxel} mm (paper: 1.25 mm), seed ${inputs.seed}.`,
    `Fixed image MR, moving image CT (the paper does not say which). Rigid: Mattes mutual information. ` +
    `Deformable: ${deformableSetup(inputs)}.`,
    `Synthesised images are registered by local correlation, lambda ${profile.synthesisLambda}: a ` +
    "synthesised MR in the place of the CT, or a synthesised CT in that of the MR. C and P are the paper's, at 1.25 mm; coarser voxels keep their " +
    "lengths in the body.",
    `crosswarp ${inputs.version}, ${inputs.adapter}, Deno ${Deno.version.deno}.`,
  ];
}

const REGULARISER_WORDS: Readonly<Record<Regulariser, string>> = {
  tv: "total variation",
  l2: "squared L2",
  bending: "bending energy",
};

/** Regulariser, lambda, spacing and levels in words, and where they come from. */
function deformableSetup({ profile, settings, searched, regions }: ReportInputs): string {
  const words = ({ deformable: { regulariser, lambda, spacing, levels } }: Profile) =>
    `${REGULARISER_WORDS[regulariser]}, lambda ${lambda}, control points every ${spacing} mm, ` +
    `${levels} levels`;
  const steps = `at most ${profile.deformable.iterations} steps a level`;
  if (settings === undefined || regions[0] === "all") {
    return `${words(profile)}, ${steps} (the paper chose lambda, spacing and levels by a grid ` +
      "search; these lie within its grid)";
  }
  const found = METHODS.filter(({ synthesis }) => !synthesis).flatMap(({ title, similarity }) =>
    similarity === undefined ? [] : REGIONS.flatMap((region) => {
      const asked = { ...profile, deformable: { ...profile.deformable, similarity } };
      const used = withSetting(asked, region, settings);
      return used === asked ? [] : [`${title} ${region}: ${words(used)}`];
    })
  );
  const { lambda, spacing, levels, subjects } = SEARCHES[profile.name];
  const grid = `lambda ${lambda.join(", ")}; spacing ${spacing.join(", ")} pixels of 1.25 mm; ` +
    `${levels.join(", ")} levels; ${subjects === undefined ? "all pairs" : "the first pair only"}`;
  const source = searched
    ? profile.name === "paper" ? "the paper's grid search" : `a grid search reduced to ${grid}`
    : `the best settings of ${settings.path}`;
  return `${found.join("; ")}; all else: ${words(profile)}; ${steps} (by ${source})`;
}
