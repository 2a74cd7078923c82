/**
 * The study's report: its tables beside the paper's numbers, and what was run.
 *
 * @module
 */

import type { Modality } from "../../volume/modality.ts";
import type { Manifest } from "../../cohort/manifest.ts";
import { type Ablation, ablationMethods } from "../ablations.ts";
import { comparisonCells } from "../tables/comparison_table.ts";
import { lungCells } from "../tables/lung_table.ts";
import type { BestSettings } from "../grid_search/best_settings.ts";
import type { StudySettings } from "../method_settings.ts";
import { GAN_COLUMNS, METHODS } from "../methods.ts";
import { receptiveField } from "../../gan/networks/discriminator.ts";
import { ganSettings } from "../../workflows/gan_profiles.ts";
import type { Profile, ProfileName } from "../../workflows/profiles.ts";
import type { LungRow } from "../stages/lungs.ts";
import {
  isSearched,
  lackingSimilarities,
  SEARCHES,
  type SearchScale,
  SYNTHESIS_SEARCHES,
} from "../grid_search/search_scales.ts";
import { settingsCells } from "../tables/settings_table.ts";
import type { StudyRegion } from "../regions.ts";
import {
  ablationCells,
  registrationCells,
  structureCells,
  surfaceCells,
  table2Cells,
} from "../tables/score_tables.ts";
import { table1Cells, type Table1Row } from "../tables/table1.ts";
import { type ScoredPair, structureTable, table2 } from "../tables/table2.ts";
import { type Cells, fixed, markdownTable } from "../tables/text_table.ts";

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
  /** The settings that grid searches found. */
  readonly settings: StudySettings;
  /** Those of them that were given, not searched by the study. */
  readonly given: BestSettings | undefined;
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
  readonly note?: string | undefined;
  /** Whether cells end in ** where they are the best of their row, and in * where they are near it. */
  readonly isMarked?: boolean | undefined;
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
  const tables = tablesOf(inputs);
  const setup = setupOf(inputs);
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
    crosswarp: inputs.version,
    adapter: inputs.adapter,
    deno: Deno.version.deno,
    profile,
    seed: inputs.seed,
    cohort: manifest.profile,
    caution,
    settings: settingsOf(inputs.settings),
    table1: inputs.volumes,
    table2: table2(pairs),
    structures: structureTable(pairs),
    lungs: inputs.lungs,
    registrations: pairs,
    // The tables as they are printed, those that nothing above has, too.
    tables: Object.fromEntries(tables.map(({ name, title, cells }) => [name, { title, cells }])),
  };
  return { title, caution, tables, setup, markdown, data };
}

/** The settings that were found, without the files that they come from. */
function settingsOf({ originals, syntheses = {} }: StudySettings) {
  return {
    originals: originals?.settings ?? [],
    syntheses: Object.fromEntries(
      Object.entries(syntheses).map(([name, { settings }]) => [name, settings]),
    ),
  };
}

/** So few pairs say little of small differences. */
const FEW = 10;

function cohortCaution(pairs: number, regions: readonly StudyRegion[]): string {
  const size = `${pairs} pair${pairs === 1 ? "" : "s"} of images`;
  return regions[0] === "all"
    ? `These numbers come from ${size} without labels. Normalised mutual information tells whether the ` +
      "images agree, folds whether the deformation is one; neither tells whether it is right, and a method " +
      "that optimises NMI has more of it. Look at the pictures."
    : `These numbers come from ${size}` +
      (pairs < FEW ? ", too few to rank methods that differ by some percent." : ".");
}

function tablesOf(inputs: ReportInputs): ReportTable[] {
  const { pairs, regions, volumes, lungs, ablations } = inputs;
  const isLabelled = regions[0] !== "all";
  const extra = ablationMethods(ablations);
  const tables: (ReportTable | false)[] = [
    isLabelled && {
      name: "table1",
      title: "Table 1: mean volumes of the unpaired subjects",
      cells: table1Cells(volumes),
    },
    isLabelled && {
      name: "table2",
      title: "Table 2: mean Dice of the paired subjects, %",
      note: "A region's Dice is the mean over its structures and the paired subjects.",
      isMarked: true,
      cells: table2Cells(pairs),
    },
    isLabelled && {
      name: "comparisons",
      title: "Do the columns differ? Exact signed-rank tests",
      note:
        "Two-sided p of a row's method against a column's, over the Dice of all structures of all paired " +
        "subjects. Structures of one subject are not independent and the p are not corrected for their " +
        "number: small ones are overstated.",
      cells: comparisonCells(pairs),
    },
    isLabelled && {
      name: "structures",
      title: "Dice by structure, %",
      cells: structureCells(pairs),
    },
    isLabelled && {
      name: "surfaces",
      title: "Distance of the surfaces by structure, 95th percentile, mm",
      cells: surfaceCells(pairs),
    },
    lungs.length > 0 && {
      name: "lungs",
      title: "What the cycle-GANs do to the lungs",
      note:
        "The paper's explanation of its thorax results: volume of the lungs in a synthesis, found by " +
        "threshold, and their overlap with the labels of its source; means over the paired subjects. A " +
        "faithful synthesis would have the share of the labelled volume that the threshold finds in real " +
        "images of its modality. " + populationNote(volumes),
      cells: lungCells(lungs),
    },
    {
      name: "registrations",
      title: "The registrations",
      note:
        "TRE: distance to the true correspondence inside the scored structures, where it is known. " +
        "NMI: of the original images, before (rigid) and after.",
      cells: registrationCells(pairs, METHODS),
    },
    {
      name: "settings",
      title: "Settings of the registrations",
      note: settingsNote(inputs),
      cells: settingsCells(inputs.profile, [...METHODS, ...extra], regions, inputs.settings),
    },
    extra.length > 0 && {
      name: "ablations",
      title: "Ablations",
      note:
        "Table 2's methods with one thing changed; means over the paired subjects. Squared L2 comes " +
        "with its default weight, which was not searched.",
      cells: ablationCells(pairs, extra),
    },
  ];
  return tables.filter((table) => table !== false)
    .map((table) => ({ ...table, title: `${table.title} (profile ${inputs.profile.name})` }));
}

/** What the populations differ in, which the networks can learn. */
function populationNote(volumes: readonly Table1Row[]): string {
  const lungs = volumes.filter(({ structure }) => structure.endsWith("lung"));
  const sum = (of: Modality) => lungs.reduce((all, row) => all + row[of], 0);
  const percent = 100 * sum("ct") / sum("mr");
  if (!Number.isFinite(percent)) return "The populations' own lungs are not known.";
  return `By Table 1 the lungs of the CT images have ${
    fixed(percent, 0)
  } % of the volume of the MR's: ` +
    `a network that took over all of that would give ${
      fixed(1e4 / percent, 0)
    } % from CT to MR and ` +
    `${fixed(percent, 0)} % back.`;
}

function setupOf(inputs: ReportInputs): string[] {
  const { profile, manifest, isPhantom } = inputs;
  const { attribution } = manifest;
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
    "Fixed image MR, moving image CT (the paper does not say which). Rigid: Mattes mutual information. " +
    `Deformable: at most ${profile.deformable.iterations} steps a level.`,
    `Synthesised images are registered by ${
      profile.synthesisAbsolute ? "the absolute value of local" : "local"
    } correlation: a synthesised MR in ` +
    "the place of the CT, or a synthesised CT in that of the MR. " + columnsSetup(profile),
    trainingSetup(profile.name),
    `crosswarp ${inputs.version}, ${inputs.adapter}, Deno ${Deno.version.deno}.`,
  ];
}

/** What the paper's C and P are in a profile's voxels. */
function columnsSetup({ name, voxel }: Profile): string {
  if (name === "paper") return "C and P are the paper's.";
  const settings = GAN_COLUMNS.map(({ channels, field }) => {
    const found = ganSettings(name, { channels, field });
    const slices = `${found.channels} slice${found.channels === 1 ? "" : "s"}`;
    return `C=${channels} P=${field}: ${slices}, ${receptiveField(found.strides)} pixels`;
  });
  return `C and P are named by the paper's pixels of 1.25 mm; in voxels of ${voxel} mm, to the nearest ` +
    `that keeps their lengths in the body, they are ${settings.join("; ")}.`;
}

function trainingSetup(profile: ProfileName): string {
  const {
    epochs,
    stepsPerEpoch,
    generatorFilters,
    blocks,
    learningRate,
    discriminatorRate,
    ...rest
  } = ganSettings(profile);
  const special = [
    ...(discriminatorRate === 1
      ? []
      : [`the discriminators learn at ${discriminatorRate} times the rate`]),
    ...(rest.identitySteps === 0
      ? []
      : [`the generators begin with ${rest.identitySteps} steps of copying their input`]),
  ];
  return `Cycle-GANs: ${epochs} epochs of ${stepsPerEpoch} steps, ${generatorFilters} filters, ` +
    `${blocks} residual blocks, learning rate ${learningRate}` +
    (special.length === 0 ? "." : `; ${special.join(", ")} (not so in the paper's profile).`);
}

/** Where the weights, spacings and levels come from. */
function settingsNote({ profile, given, regions }: ReportInputs): string {
  if (regions[0] === "all") {
    return "The paper chose lambda, spacing and levels by a grid search, which needs labels; these are the " +
      "profile's own.";
  }
  const grid = ({ lambda, spacing, levels, subjects }: SearchScale) =>
    `lambda ${lambda.join(", ")}; spacing ${spacing.join(", ")} pixels of 1.25 mm; ` +
    `${levels.join(", ")} levels; ${subjects === undefined ? "all pairs" : "the first pair only"}`;
  const searches = [
    ["on the original images", SEARCHES[profile.name]],
    ["on the images of each synthesised column", SYNTHESIS_SEARCHES[profile.name]],
  ] as const;
  const made = searches.filter(([, search]) => isSearched(search, given)).map(([where, search]) =>
    `${where} (${lackingSimilarities(search, given).join(", ")}): ${grid(search)}`
  );
  const own = profile.name === "paper"
    ? "The paper's grid search"
    : "A smaller grid search than the paper's";
  return [
    ...(given === undefined ? [] : [`The best settings of ${given.path}.`]),
    ...(made.length === 0 ? [] : [`${own}, ${made.join("; ")}.`]),
    "As in the paper, settings were chosen by the Dice of pairs that Table 2 scores.",
  ].join(" ");
}
