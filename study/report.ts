/**
 * The study's report: its tables beside the paper's numbers, and what was run.
 *
 * @module
 */

import type { Regulariser } from "../kernels/regulariser.ts";
import type { BestSettings } from "./best_settings.ts";
import { REGIONS } from "./grid_search_plan.ts";
import { METHODS } from "./methods.ts";
import { type Profile, withSetting } from "./profiles.ts";
import { table1Cells, type Table1Row } from "./table1.ts";
import { marked, type ScoredPair, type StructureRow, type Table2Row } from "./table2.ts";
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
  /** A grid search's settings that were used, where there are any. */
  readonly settings?: BestSettings;
  /** Table 1. */
  readonly volumes: readonly Table1Row[];
  /** Table 2. */
  readonly rows: readonly Table2Row[];
  /** Dice by structure. */
  readonly structures: readonly StructureRow[];
  /** The registrations. */
  readonly pairs: readonly ScoredPair[];
  /** How long this run took (steps that were there already took none). */
  readonly seconds: number;
}

/** A report in its forms. */
export interface StudyReport {
  /** The tables by name, ours beside the paper's. */
  readonly tables: Readonly<Record<"table1" | "table2" | "structures" | "registrations", Cells>>;
  /** What was run, a sentence each. */
  readonly setup: readonly string[];
  /** The whole report. */
  readonly markdown: string;
  /** The whole report as data. */
  readonly data: unknown;
}

/** What numbers from a phantom can and cannot say. */
export const PHANTOM_CAUTION =
  "These numbers come from a phantom cohort, not from patients. They show that the methods run, and how " +
  "they order when anatomy, contrast and motion are as modelled; their size says nothing of " +
  "patients, and they neither confirm nor refute the paper's numbers beside them.";

/** Makes the report. */
export function reportOf(inputs: ReportInputs): StudyReport {
  const { profile, pairs, rows, structures } = inputs;
  const percent = (value: number) => Number.isNaN(value) ? "-" : value.toFixed(1);
  const millimetres = (value: number | null) => value === null ? "-" : value.toFixed(2);
  const tables = {
    table1: table1Cells(inputs.volumes),
    table2: [
      ["Mean Dice, %", ...METHODS.map(({ title }) => title)],
      ...rows.flatMap(({ region, dice, paper }) => {
        const { best, near } = marked(dice);
        const mark = (name: string) => best.includes(name) ? "**" : near.includes(name) ? "*" : "";
        return [
          [region, ...METHODS.map(({ name }) => percent(dice[name]) + mark(name))],
          [`${region}, paper`, ...METHODS.map(({ name }) => percent(paper[name]))],
        ];
      }),
    ],
    structures: [
      ["Mean Dice, %", ...METHODS.map(({ title }) => title)],
      ...structures.map(({ structure, dice }) => [
        structure,
        ...METHODS.map(({ name }) => percent(dice[name])),
      ]),
    ],
    registrations: [
      ["Registration", "method", "TRE, mm", "95 %, mm", "J <= 0, %", "SD log J"],
      ...pairs.flatMap(({ subject, region, results }) =>
        METHODS.filter(({ name }) => results[name] !== undefined).map(({ name, title }) => {
          const { treMean, tre95, jacobian } = results[name];
          return [
            ...[`${subject} ${region}`, title, millimetres(treMean), millimetres(tre95)],
            jacobian === null ? "-" : jacobian.foldedPercent.toFixed(3),
            jacobian === null ? "-" : jacobian.sdLog.toFixed(3),
          ];
        })
      ),
    ],
  };
  const setup = [
    `Profile ${profile.name}: voxels of ${profile.voxel} mm (paper: 1.25 mm), seed ${inputs.seed}.`,
    `Fixed image MR, moving image CT (the paper does not say which). Rigid: Mattes mutual ` +
    `information. Deformable: ${
      deformableSetup(profile, inputs.settings)
    }. Synthesised images are ` +
    "registered by local correlation: a synthesised MR in the place of the CT, or a synthesised CT in " +
    "that of the MR. C and P are the paper's, at 1.25 mm; coarser voxels keep their lengths in the body.",
    "** marks the best method of a row, * those within 5 % of it.",
    "A region's Dice is the mean over its structures and the paired subjects. TRE is the distance to " +
    "the phantom's true correspondence inside the scored structures.",
    `crosswarp ${inputs.version}, ${inputs.adapter}, Deno ${Deno.version.deno}.`,
  ];
  const markdown = [
    "# MR-CT deformable registration: the study on a phantom cohort",
    PHANTOM_CAUTION,
    ...setup,
    "## Table 1: mean volumes of the unpaired subjects",
    markdownTable(tables.table1),
    "## Table 2: mean Dice of the paired subjects",
    markdownTable(tables.table2),
    "## Dice by structure",
    markdownTable(tables.structures),
    "## The registrations",
    markdownTable(tables.registrations),
    ...pairs.flatMap(({ subject, region, results }) =>
      METHODS.filter(({ name, similarity }) => similarity && results[name] !== undefined)
        .map(({ name, title }) =>
          `![${subject} ${region} ${title}](registrations/${subject}_${region}_${name}.png)`
        )
    ),
  ].join("\n\n") + "\n";
  const data = {
    ...{ crosswarp: inputs.version, adapter: inputs.adapter, deno: Deno.version.deno },
    ...{ profile, seed: inputs.seed, secondsOfThisRun: inputs.seconds },
    ...(inputs.settings === undefined ? {} : { settings: inputs.settings }),
    ...{ caution: PHANTOM_CAUTION, table1: inputs.volumes },
    ...{ table2: rows, structures, registrations: pairs },
  };
  return { tables, setup, markdown, data };
}

const REGULARISER_WORDS: Readonly<Record<Regulariser, string>> = {
  tv: "total variation",
  l2: "squared L2",
  bending: "bending energy",
};

/** Regulariser, lambda, spacing and levels in words, and where they come from. */
function deformableSetup(profile: Profile, best: BestSettings | undefined): string {
  const words = ({ deformable: { regulariser, lambda, spacing, levels } }: Profile) =>
    `${REGULARISER_WORDS[regulariser]}, lambda ${lambda}, control points every ${spacing} mm, ` +
    `${levels} levels`;
  const steps = `at most ${profile.deformable.iterations} steps a level`;
  if (best === undefined) {
    return `${words(profile)}, ${steps} (the paper chose lambda, spacing and levels by a grid ` +
      "search; these lie within its grid)";
  }
  const regions = REGIONS.map((region) =>
    `${region}: ${words(withSetting(profile, region, best))}`
  );
  const voxels = [...new Set(best.settings.map((setting) => setting.voxel))].join(" and ");
  const rest = best.settings.length < REGIONS.length
    ? "; the other region's are the profile's"
    : "";
  return `${regions.join("; ")}; ${steps} (the best settings of ${best.path}, found by a grid ` +
    `search in voxels of ${voxels} mm${rest})`;
}
