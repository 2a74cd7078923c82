/**
 * The study's report: the tables with the paper's numbers, and the setup.
 *
 * @module
 */

import type { Modality } from "../../volume/modality.ts";
import { MAX_SHRINK, SAMPLE_DISTANCE } from "../../bias_field/samples.ts";
import type { Manifest } from "../../cohort/manifest.ts";
import { correctionsOf } from "../../cohort/visceral.ts";
import { type Ablation, ablationColumns } from "../ablations.ts";
import { comparisonCells } from "../tables/comparison_table.ts";
import type { BestSettings } from "../grid_search/best_settings.ts";
import type { StudySettings } from "../column_settings.ts";
import { type Column, COLUMNS, CORRECTED_VARIANT, GAN_VARIANTS } from "../columns.ts";
import type { Finding } from "../findings/finding.ts";
import { findingsOf } from "../findings/findings.ts";
import { receptiveField } from "../../gan/networks/discriminator.ts";
import { ganSettings } from "../../workflows/gan_profiles.ts";
import type { Profile } from "../../workflows/profiles.ts";
import type { SearchScale } from "../../workflows/search_scales.ts";
import type { SynthesisRow } from "../synthesis_measures.ts";
import { isSearched, lackingSimilarities } from "../grid_search/search_scales.ts";
import { areLabelled } from "../regions.ts";
import { differencesCells } from "../tables/differences_table.ts";
import { BALANCED_NOTE, FINDINGS_NOTE, findingsCells } from "../tables/findings_table.ts";
import { invertedSyntheses } from "./inverted_syntheses.ts";
import { settingsCells } from "../tables/settings_table.ts";
import type { ImageRegion } from "../../workflows/body_region.ts";
import {
  ablationCells,
  registrationCells,
  structureCells,
  surfaceCells,
  table2Cells,
} from "../tables/score_tables.ts";
import {
  SOURCE_NOTE,
  synthesisCells,
  synthesisSourceCells,
  synthesisTruthCells,
  TRUTH_NOTE,
} from "../tables/synthesis_table.ts";
import { table1Cells, type Table1Row } from "../tables/table1.ts";
import { jointDice, type ScoredPair, structureTable, table2 } from "../tables/table2.ts";
import { type Cells, fixed, markdownTable } from "../tables/text_table.ts";

/** The inputs of {@link reportOf}. */
export interface ReportInputs {
  /** The profile. */
  readonly profile: Profile;
  /** The seed. */
  readonly seed: number;
  /** The program's version. */
  readonly version: string;
  /** The GPU adapter. */
  readonly adapter: string;
  /** The cohort. */
  readonly manifest: Manifest;
  /** True if the cohort is the phantom. */
  readonly isPhantom: boolean;
  /** The regions that were studied. */
  readonly regions: readonly ImageRegion[];
  /** The settings that grid searches found. */
  readonly settings: StudySettings;
  /** The settings that were given and not searched by the study. */
  readonly given: BestSettings | undefined;
  /** Table 1. */
  readonly volumes: readonly Table1Row[];
  /** The registrations. */
  readonly pairs: readonly ScoredPair[];
  /** The scores of the syntheses. */
  readonly syntheses: readonly SynthesisRow[];
  /** The ablations that were registered. */
  readonly ablations: readonly Ablation[];
  /** The scores of their syntheses. */
  readonly ablationSyntheses: readonly SynthesisRow[];
}

/** The name of a table of the report; the table is written as a CSV file of that name. */
export type TableName =
  | "findings"
  | "table1"
  | "table2"
  | "comparisons"
  | "structures"
  | "surfaces"
  | "synthesis-truth"
  | "synthesis-source"
  | "synthesis"
  | "registrations"
  | "settings"
  | "ablations"
  | "ablation-syntheses"
  | "differences";

/** The names of the tables that a report can have. */
export const TABLE_NAMES: readonly TableName[] = [
  "findings",
  "table1",
  "table2",
  "comparisons",
  "structures",
  "surfaces",
  "synthesis-truth",
  "synthesis-source",
  "synthesis",
  "registrations",
  "settings",
  "ablations",
  "ablation-syntheses",
  "differences",
];

/** A table of the report. */
export interface ReportTable {
  /** The name of its file. */
  readonly name: TableName;
  /** The heading. */
  readonly title: string;
  /** A note that explains the table. */
  readonly note?: string | undefined;
  /** True if the best cells of a row end in ** and those near them in *. Default false. */
  readonly isMarked?: boolean | undefined;
  /** True if the cells are text and not numbers. Default false. */
  readonly isText?: boolean | undefined;
  /** True if the report leaves the table out and only its CSV file has it. Default false. */
  readonly isOnlyFile?: boolean | undefined;
  /** The cells. */
  readonly cells: Cells;
}

/** A report in all its forms. */
export interface StudyReport {
  /** The heading. */
  readonly title: string;
  /** The conclusions that the numbers permit, and those that they do not permit. */
  readonly caution: string;
  /** The tables, with the paper's numbers. */
  readonly tables: readonly ReportTable[];
  /** The setup, one sentence per entry. */
  readonly setup: readonly string[];
  /** The whole report. */
  readonly markdown: string;
  /** The whole report as data. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** The conclusions that the numbers of a phantom permit, and those that they do not permit. */
export const PHANTOM_CAUTION =
  "These numbers come from a phantom cohort, not from patients. They show that the methods run, and how " +
  "the methods rank when anatomy, contrast and motion are as modelled. The values say nothing about " +
  "patients, and they neither confirm nor refute the paper's numbers.";

/** Makes the report. */
export function reportOf(inputs: ReportInputs): StudyReport {
  const { profile, pairs, regions, isPhantom, manifest } = inputs;
  const count = manifest.subjects.filter(({ kind }) => kind === "paired").length;
  const findings = findingsOf({
    profile,
    breathing: manifest.breathing,
    volumes: inputs.volumes,
    table2: table2(pairs),
    syntheses: inputs.syntheses,
  });
  const tables = tablesOf(inputs, findings);
  const setup = setupOf(inputs);
  const title = isPhantom
    ? "MR-CT deformable registration: the study on a phantom cohort"
    : `MR-CT deformable registration: the study on the cohort "${manifest.profile}"`;
  const caution = [
    isPhantom ? PHANTOM_CAUTION : cohortCaution(count, regions),
    invertedSyntheses(
      [...inputs.syntheses, ...inputs.ablationSyntheses],
      [...COLUMNS, ...ablationColumns(inputs.ablations)],
    ),
  ].filter((text) => text !== undefined).join(" ");
  const markdown = [
    `# ${title}`,
    caution,
    ...setup,
    ...tables.filter(({ isOnlyFile }) => !isOnlyFile).flatMap((
      { title, note, isMarked, isText, cells },
    ) => [
      `## ${title}`,
      ...(isMarked ? ["** marks the best method of a row, * those within 5 % of it."] : []),
      ...(note === undefined ? [] : [note]),
      markdownTable(cells, { isText }),
    ]),
    ...pairs.flatMap(({ subject, region, results }) =>
      [...COLUMNS, ...ablationColumns(inputs.ablations)]
        .filter(({ name, similarity }) => similarity && results[name] !== undefined)
        .map(({ name, title }) =>
          `![${subject} ${region} ${title}](registrations/${
            encodeURI(`${subject}_${region}_${name}.png`)
          })`
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
    breathing: manifest.breathing,
    isPhantom,
    caution,
    // Settings that were given and not searched.
    given: inputs.given?.settings,
    findings,
    settings: settingsOf(inputs.settings),
    table1: inputs.volumes,
    table2: table2(pairs),
    jointDice: jointDice(inputs.settings),
    structures: structureTable(pairs),
    syntheses: inputs.syntheses,
    ablationSyntheses: inputs.ablationSyntheses,
    registrations: pairs,
    // All tables as they are printed.
    tables: Object.fromEntries(tables.map(({ name, title, cells }) => [name, { title, cells }])),
  };
  return { title, caution, tables, setup, markdown, data };
}

/** The settings of the searches, without their files. */
function settingsOf({ originals, syntheses = {} }: StudySettings) {
  return {
    originals: originals?.settings ?? [],
    syntheses: Object.fromEntries(
      Object.entries(syntheses).map(([name, { settings }]) => [name, settings]),
    ),
  };
}

/** Fewer pairs than these say little about small differences. */
const MIN_PAIRS = 10;

function cohortCaution(pairs: number, regions: readonly ImageRegion[]): string {
  const size = `${pairs} pair${pairs === 1 ? "" : "s"} of images`;
  return !areLabelled(regions)
    ? `These numbers come from ${size} without labels. Normalised mutual information (NMI) ` +
      "measures whether the images agree, and folds whether the deformation can be inverted. Neither measures " +
      "whether the deformation is right, and a method that optimises NMI has an advantage in it. Look at " +
      "the pictures."
    : `These numbers come from ${size}` +
      (pairs < MIN_PAIRS ? ", too few to rank methods that differ by some percent." : ".");
}

function tablesOf(inputs: ReportInputs, findings: readonly Finding[]): ReportTable[] {
  const { pairs, regions, volumes, syntheses, ablations, ablationSyntheses } = inputs;
  const isLabelled = areLabelled(regions);
  const extra = ablationColumns(ablations);
  const againstTruth = synthesisTruthCells(syntheses);
  const isBalanced = inputs.manifest.breathing === "balanced";
  const tables: (ReportTable | false)[] = [
    {
      name: "findings",
      title: "The paper's findings here",
      note: isBalanced ? `${FINDINGS_NOTE} ${BALANCED_NOTE}` : FINDINGS_NOTE,
      isText: true,
      cells: findingsCells(findings),
    },
    isLabelled && {
      name: "table1",
      title: "Table 1: mean volumes of the unpaired subjects",
      cells: table1Cells(volumes),
    },
    isLabelled && {
      name: "table2",
      title: "Table 2: mean Dice of the paired subjects, %",
      note: table2Note(inputs.settings),
      isMarked: true,
      cells: table2Cells(pairs, jointDice(inputs.settings)),
    },
    isLabelled && {
      name: "comparisons",
      title: "Do the columns differ? Exact signed-rank tests",
      note:
        "Two-sided p of a row's method against a column's, over the Dice of all structures of all paired " +
        "subjects. The structures of one subject are not independent, and the p are not corrected for " +
        "multiple tests: read small values with caution.",
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
    againstTruth !== undefined && {
      name: "synthesis-truth",
      title: "The syntheses against the true images",
      note: TRUTH_NOTE,
      cells: againstTruth,
    },
    syntheses.length > 0 && {
      name: "synthesis-source",
      title: "The syntheses against their sources",
      note: SOURCE_NOTE + (isLabelled ? ` ${populationNote(volumes)}` : ""),
      cells: synthesisSourceCells(syntheses),
    },
    syntheses.length > 0 && {
      name: "synthesis",
      title: "Each synthesis",
      isOnlyFile: true,
      cells: synthesisCells(syntheses),
    },
    {
      name: "registrations",
      title: "The registrations",
      note:
        "TRE: distance to the true correspondence inside the scored structures, where it is known. " +
        "NMI: normalised mutual information of the original images after the registration.",
      cells: registrationCells(pairs, COLUMNS),
    },
    {
      name: "settings",
      title: "Settings of the registrations",
      note: settingsNote(inputs),
      cells: settingsCells(inputs.profile, [...COLUMNS, ...extra], regions, inputs.settings),
    },
    extra.length > 0 && {
      name: "ablations",
      title: "Ablations",
      note:
        "Methods of Table 2 with one thing changed; means over the paired subjects. Squared L2 has its " +
        "default weight, which was not searched.",
      cells: ablationCells(pairs, extra),
    },
    ablationSyntheses.length > 0 && ablationSynthesesTable(ablationSyntheses, extra),
    {
      name: "differences",
      title: "What differs from the paper",
      note:
        "The table follows from the settings of this run. It also has the settings that the paper does not state.",
      isText: true,
      cells: differencesCells(inputs.profile, pairs),
    },
  ];
  return tables.filter((table) => table !== false)
    .map((table) => ({ ...table, title: `${table.title} (profile ${inputs.profile.name})` }));
}

/** The syntheses of the ablations: against the true images where these are known, else against their sources. */
function ablationSynthesesTable(
  rows: readonly SynthesisRow[],
  columns: readonly Column[],
): ReportTable {
  const againstTruth = synthesisTruthCells(rows, columns);
  const against = againstTruth === undefined ? "their sources" : "the true images";
  return {
    name: "ablation-syntheses",
    title: `The syntheses of the ablations against ${against}`,
    note: `The scores are those of the table "The syntheses against ${against}".`,
    cells: againstTruth ?? synthesisSourceCells(rows, columns),
  };
}

/** The meaning of the rows of Table 2. */
function table2Note(settings: StudySettings): string {
  const pooled =
    "A region's Dice is the mean over its structures and the paired subjects. Both is the mean over the " +
    "structures of both regions, each region with its own settings. The paper does not state what its row is; it is " +
    "this mean in none of its columns.";
  const searches = [settings.originals, ...Object.values(settings.syntheses ?? {})];
  const joint = searches.flatMap((search) => search?.joint ?? []);
  if (joint.length === 0) return pooled;
  const subjects = [...new Set(joint.map((one) => one.subjects))].sort((a, b) => a - b);
  return `${pooled} The row "both, one setting" is the same mean with the best common setting of both regions, from ` +
    `the scores of the grid search (${subjects.join(" or ")} pair${
      subjects.at(-1) === 1 ? "" : "s"
    }).`;
}

/** The difference of the populations, which the networks can learn. */
function populationNote(volumes: readonly Table1Row[]): string {
  const lungs = volumes.filter(({ structure }) => structure.endsWith("lung"));
  const sum = (of: Modality) => lungs.reduce((all, row) => all + row[of], 0);
  const percent = 100 * sum("ct") / sum("mr");
  if (!Number.isFinite(percent)) {
    return "The volumes of the lungs in the two populations are not known.";
  }
  return "The paper explains its thorax results by the lungs. By Table 1, the lungs of the CT images have " +
    `${
      fixed(percent, 0)
    } % of the volume of the MR's. A network that reproduced this difference would give ` +
    `${fixed(1e4 / percent, 0)} % from CT to MR and ${fixed(percent, 0)} % from MR to CT.`;
}

function setupOf(inputs: ReportInputs): string[] {
  const { profile, manifest, isPhantom } = inputs;
  const { attribution } = manifest;
  const subjects = (kind: string) => manifest.subjects.filter((one) => one.kind === kind).length;
  return [
    "The paper: Christine Tanner, Firat Ozdemir, Romy Profanter, Valeriy Vishnevsky, Ender Konukoglu, " +
    'Orcun Goksel, "Generative Adversarial Networks for MR-CT Deformable Image Registration", 2018, ' +
    "arXiv:1807.07349.",
    `Cohort: ${isPhantom ? "phantom, " : ""}${subjects("ct")} CT and ${
      subjects("mr")
    } MR images for the ` +
    `training, ${subjects("paired")} pairs to register.`,
    ...breathingSetup(manifest),
    ...(attribution === undefined ? [] : [`Images: ${attribution}`]),
    ...correctionsSetup(manifest),
    "The bias fields of the MR images were corrected by N4 (ITK's defaults, four levels; samples of the " +
    `tissue about ${SAMPLE_DISTANCE} mm apart along each axis, and at most ${MAX_SHRINK} voxels).`,
    `Profile ${profile.name}: voxels of ${profile.voxel} mm (paper: 1.25 mm), seed ${inputs.seed}.`,
    "Fixed image MR, moving image CT (the paper does not say which). Rigid: Mattes mutual information, " +
    `schedule ${profile.rigidPreset} (paper: imregister). ` +
    `Deformable: at most ${profile.deformable.iterations} steps per level.`,
    `Synthesised images are registered by ${
      profile.synthesisAbsolute ? "the absolute value of local" : "local"
    } correlation: a synthesised MR ` +
    "replaces the CT, or a synthesised CT replaces the MR. " + columnsSetup(profile),
    trainingSetup(profile),
    correctedSetup(profile),
    `crosswarp ${inputs.version}, ${inputs.adapter}, Deno ${Deno.version.deno}.`,
  ];
}

/** The corrections of labels; nothing for a cohort without any. */
function correctionsSetup({ subjects }: Manifest): string[] {
  const corrections = correctionsOf(subjects);
  return corrections.length === 0 ? [] : [`Corrections of the labels: ${corrections.join("; ")}.`];
}

/** The breathing states of a phantom's populations; nothing for a cohort that does not name them. */
function breathingSetup({ breathing }: Manifest): string[] {
  switch (breathing) {
    case undefined:
      return [];
    case "by-modality":
      return ["Breathing of the training images: CT at inhale, MR at exhale, as in the paper."];
    case "balanced":
      return [
        "Breathing of the training images: balanced. CT and MR images have the same states, spread from " +
        "exhale to inhale; the pairs are a CT at inhale and an MR at exhale.",
      ];
    default:
      return [`Breathing of the training images: ${breathing}.`];
  }
}

/** The paper's C and P in a profile's voxels. */
function columnsSetup(profile: Profile): string {
  const { name, voxel } = profile;
  if (name === "paper") return "C and P are the paper's.";
  const settings = GAN_VARIANTS.map(({ channels, field }) => {
    const found = ganSettings(profile, { channels, field });
    const slices = `${found.channels} slice${found.channels === 1 ? "" : "s"}`;
    return `C=${channels} P=${field}: ${slices}, ${receptiveField(found.strides)} pixels`;
  });
  return `C and P count the paper's pixels of 1.25 mm. In voxels of ${voxel} mm the nearest values with the ` +
    `same lengths in the body are ${settings.join("; ")}.`;
}

function trainingSetup(profile: Profile): string {
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
      : [`the discriminators learn at ${discriminatorRate} times that rate`]),
    ...(rest.identitySteps === 0
      ? []
      : [`the generators first learn to copy their input for ${rest.identitySteps} steps`]),
  ];
  return `Cycle-GANs: ${epochs} epochs of ${stepsPerEpoch} steps, ${generatorFilters} filters, ` +
    `${blocks} residual blocks, learning rate ${learningRate}` +
    (special.length === 0 ? "." : `; ${special.join(", ")} (unlike the paper's profile).`);
}

/** The training of the corrected columns, which are not in the paper. */
function correctedSetup(profile: Profile): string {
  const { channels, field, correspondence } = CORRECTED_VARIANT;
  const { epochs, stepsPerEpoch, pairSteps, pairWeight, structureMeasure, structureWeight } =
    ganSettings(profile, { channels, field, correspondence });
  return `The columns "corrected" are not in the paper. Their cycle-GAN (C=${channels} P=${field}) is unpaired, ` +
    "too, and uses no labels. Before the training, each CT is registered to the MR of another subject by MIND. " +
    `The generators first learn from these pairs for ${pairSteps} steps (registered start), and in the first half ` +
    `of ${epochs} epochs of ${stepsPerEpoch} steps with a weight that falls from ${pairWeight} to 0. Each subject ` +
    "is also shown in the shape of another. " +
    `A structure loss (${structureMeasure}, weight ${structureWeight}) compares an image with its synthesis.`;
}

/** The origin of the weights, spacings and levels. */
function settingsNote({ profile, given, regions }: ReportInputs): string {
  if (!areLabelled(regions)) {
    return "The paper chose lambda, spacing and levels by a grid search, which needs labels. These settings are " +
      "the profile's.";
  }
  const grid = ({ lambda, spacing, levels, window, subjects }: SearchScale) =>
    `lambda ${lambda.join(", ")}; spacing ${spacing.join(", ")} pixels of 1.25 mm; ` +
    `${levels.join(", ")} levels; ` +
    (window === undefined ? "" : `windows of local correlation ${window.join(", ")} mm; `) +
    `${subjects === undefined ? "all pairs" : "the first pair only"}`;
  const searches = [
    ["on the original images", profile.search],
    ["on the images of each synthesised column", profile.synthesisSearch],
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
    "As in the paper, the settings were chosen by the Dice of pairs that Table 2 also scores.",
  ].join(" ");
}
