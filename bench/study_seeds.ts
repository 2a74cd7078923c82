/**
 * The tables of several studies that differ only in their seed: means, ranges, and verdicts on the findings.
 *
 * @module
 */

import { STRUCTURES } from "../cohort/label_scheme.ts";
import { ablationColumns, ABLATIONS } from "../study/ablations.ts";
import { type Column, COLUMNS, CORRECTED_COLUMNS, isSynthesised } from "../study/columns.ts";
import type { BestSetting } from "../study/grid_search/best_settings.ts";
import type { Finding } from "../study/findings/finding.ts";
import { findingsOf } from "../study/findings/findings.ts";
import { meanOf } from "../study/scores/mean.ts";
import type { SynthesisScores } from "../study/scores/synthesis_scores.ts";
import { type SynthesisRow, withNaN } from "../study/synthesis_measures.ts";
import { PAPER_TABLE_2 } from "../study/tables/paper_tables.ts";
import type { Table1Row } from "../study/tables/table1.ts";
import { meanDice, type ScoredPair, table2 } from "../study/tables/table2.ts";
import { type Cells, fixed } from "../study/tables/text_table.ts";
import type { ImageRegion } from "../workflows/body_region.ts";
import type { Profile } from "../workflows/profiles.ts";

/** The parts of a study's `report.json` that the tables need. */
export interface StudyData {
  /** The program's version. */
  readonly crosswarp: string;
  /** The adapter. */
  readonly adapter: string;
  /** The name of the cohort. */
  readonly cohort: string;
  /** True if the cohort is the phantom. */
  readonly isPhantom: boolean;
  /** The breathing states of a phantom's populations; absent where they are not recorded. */
  readonly breathing?: string | undefined;
  /** Settings that were given and not searched. */
  readonly given?: readonly BestSetting[] | undefined;
  /** The profile. */
  readonly profile: Profile;
  /** The seed. */
  readonly seed: number;
  /** Table 1. */
  readonly table1: readonly Table1Row[];
  /** The scores of the registrations. */
  readonly registrations: readonly ScoredPair[];
  /** The scores of the syntheses. */
  readonly syntheses: readonly SynthesisRow[];
  /** The scores of the ablations' syntheses. */
  readonly ablationSyntheses: readonly SynthesisRow[];
  /** The verdicts on the findings. */
  readonly findings: readonly Finding[];
}

/**
 * The data of a `report.json`.
 *
 * @throws {RangeError} if a part is missing.
 */
export function studyData(report: unknown): StudyData {
  const data = (report ?? {}) as StudyData;
  const lists = [
    "table1",
    "registrations",
    "syntheses",
    "ablationSyntheses",
    "findings",
  ] as const;
  const missing = lists.find((name) => !Array.isArray(data[name]));
  if (missing !== undefined) throw new RangeError(`it has no list \`${missing}\``);
  // A score that is not known is null in the file.
  const known = (rows: readonly SynthesisRow[]) =>
    rows.map((row) => ({ ...row, scores: withNaN(row.scores) }));
  return {
    ...data,
    syntheses: known(data.syntheses),
    ablationSyntheses: known(data.ablationSyntheses),
  };
}

/** The regions of the tables. */
export const REGIONS = ["thorax", "abdomen"] as const;
const L1 = STRUCTURES.find(({ name }) => name === "lumbar vertebra 1")!.label;

/**
 * Checks that studies differ only in their seed.
 *
 * @throws {RangeError} if there are fewer than two, or they differ in something else.
 */
export function checkStudies(studies: readonly StudyData[]): void {
  const [first, ...others] = studies;
  if (others.length === 0) throw new RangeError("The tables need at least two studies.");
  if (new Set(studies.map(({ seed }) => seed)).size < studies.length) {
    throw new RangeError("Two studies have the same seed.");
  }
  const columns = (study: StudyData) => shownColumns([study]).map(({ name }) => name);
  const parts = [
    "crosswarp",
    "adapter",
    "cohort",
    "isPhantom",
    "breathing",
    "given",
    "profile",
  ] as const;
  for (const other of others) {
    const part = parts.find((name) => !isEqual(first[name], other[name])) ??
      (isEqual(columns(first), columns(other)) ? undefined : "columns");
    if (part === undefined) continue;
    throw new RangeError(
      `The studies of the seeds ${first.seed} and ${other.seed} differ in: ${part}.`,
    );
  }
}

function isEqual(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** The columns of the ablation "correspondence" of each modality: with all parts, then without one after the other. */
const PARTS = (["mr", "ct"] as const).map((of) =>
  ablationColumns(["correspondence"]).filter(isSynthesised)
    .filter(({ synthesis }) => synthesis.of === of)
);

/**
 * Table 2 and the ablations of whole methods: the mean over the studies, their range, and the paper's values; then L1
 * alone.
 */
export function diceCells(studies: readonly StudyData[]): Cells {
  const parts = PARTS.flat().map(({ name }) => name);
  const columns = shownColumns(studies).filter(({ name }) => !parts.includes(name));
  const row = (title: string, cell: (column: Column) => string) => [title, ...columns.map(cell)];
  const dice = (region: ImageRegion, column: Column) =>
    studies.map((study) => meanDice(study.registrations, region, column.name));
  return [
    ["", ...columns.map(({ title }) => title)],
    ...REGIONS.flatMap((region) => [
      row(region, (column) => fixed(meanOf(dice(region, column)), 1)),
      row(`${region}, range`, (column) => rangeOf(dice(region, column))),
      row(`${region}, paper`, ({ name }) => fixed(PAPER_TABLE_2[region][name] ?? NaN, 1)),
    ]),
    row("L1", ({ name }) => fixed(meanOf(studies.map((study) => vertebra(study, name))), 1)),
    row("L1, range", ({ name }) => rangeOf(studies.map((study) => vertebra(study, name)))),
  ];
}

/** What the corrected syntheses must show, with the value of each study. */
export function correctedCells(studies: readonly StudyData[]): Cells {
  const places = REGIONS.flatMap((region) =>
    CORRECTED_COLUMNS.map((column) => ({ region, column }))
  );
  const row = (title: string, value: StudyScore, digits: number, isSigned = false) => [
    title,
    ...places.map(({ region, column }) =>
      listOf(studies.map((study) => value(study, region, column)), digits, isSigned)
    ),
  ];
  const against = (name: string): StudyScore => (study, region, column) =>
    meanDice(study.registrations, region, column.name) -
    meanDice(study.registrations, region, name);
  return [
    ["", ...places.map(({ region, column }) => `${region}: ${column.title}`)],
    row("Dice minus NMI's, points", against("nmi"), 1, true),
    row("Dice minus that without a synthesis, points", against("no-synthesis"), 1, true),
    row("soft-tissue correlation", correlationOf, 2),
    row("largest shift along an axis, mm", shiftOf, 2),
    row("lung volume / truth", lungVolumeOf, 3),
    row("Dice of the lungs, %", lungDiceOf, 1),
    row(
      "Dice of L1, %",
      (study, region, { name }) => region === "abdomen" ? vertebra(study, name) : NaN,
      1,
    ),
  ];
}

/**
 * The parts of the corrected training: a row for each part that is off. Dice is the mean over the studies with the
 * difference to all parts in each study; other scores are means over the studies. Undefined if no study has them.
 */
export function partCells(
  studies: readonly StudyData[],
  region: typeof REGIONS[number],
): Cells | undefined {
  const shown = shownColumns(studies).map(({ name }) => name);
  if (!PARTS.flat().every(({ name }) => shown.includes(name))) return undefined;
  const scores = [
    ["correlation", correlationOf, 2],
    ["shift, mm", shiftOf, 2],
    ...(region === "thorax" ? [["lung volume", lungVolumeOf, 3] as const] : []),
  ] as const;
  const titles = PARTS.map(([all]) => all.title.replace(", all parts", ""));
  return [
    [
      "without",
      ...titles.flatMap((title) => [`${title}: Dice, %`, "difference"]),
      ...scores.flatMap(([name]) => titles.map((title) => `${title}: ${name}`)),
    ],
    ...PARTS[0].map(({ title }, i) => [
      i === 0 ? "nothing (all parts)" : title.replace(/^.* without /, ""),
      ...PARTS.flatMap((columns) => {
        const [all, own] = [columns[0], columns[i]].map(({ name }) =>
          studies.map((study) => meanDice(study.registrations, region, name))
        );
        return [
          fixed(meanOf(own), 1),
          i === 0 ? "-" : listOf(own.map((value, j) => value - all[j]), 1, true),
        ];
      }),
      ...scores.flatMap(([, value, digits]) =>
        PARTS.map((columns) =>
          fixed(meanOf(studies.map((study) => value(study, region, columns[i]))), digits)
        )
      ),
    ]),
  ];
}

/** The verdict of each study on the findings, and that of all studies together. */
export function findingCells(studies: readonly StudyData[]): Cells {
  const together = findingsOf({
    profile: studies[0].profile,
    breathing: studies[0].breathing,
    volumes: meanVolumes(studies),
    table2: table2(studies.flatMap(({ registrations }) => registrations)),
    syntheses: studies.flatMap(({ syntheses }) => syntheses),
  });
  return [
    ["Finding", ...studies.map(({ seed }) => `seed ${seed}`), "together", "together, in numbers"],
    ...together.map(({ sentence, verdict, ours }) => [
      sentence,
      ...studies.map(({ findings }) =>
        findings.find((one) => one.sentence === sentence)?.verdict ?? "-"
      ),
      verdict,
      ours,
    ]),
  ];
}

function meanVolumes(studies: readonly StudyData[]): Table1Row[] {
  return studies[0].table1.map(({ structure }) => {
    const rows = studies.map(({ table1 }) => table1.find((row) => row.structure === structure));
    return {
      structure,
      ct: meanOf(rows.map((row) => row?.ct)),
      mr: meanOf(rows.map((row) => row?.mr)),
    };
  });
}

/** The columns that any of the studies has, in the order of the report. */
function shownColumns(studies: readonly StudyData[]): Column[] {
  const pairs = studies.flatMap(({ registrations }) => registrations);
  return [...COLUMNS, ...ablationColumns(ABLATIONS)]
    .filter(({ name }) => pairs.some(({ results }) => results[name] !== undefined));
}

type StudyScore = (study: StudyData, region: ImageRegion, column: Column) => number;

/** The mean of a score of the syntheses over the subjects of a study. */
function scoreOf(value: (scores: SynthesisScores) => number): StudyScore {
  return ({ syntheses, ablationSyntheses }, region, { name }) => {
    const rows = [syntheses, ablationSyntheses].flat()
      .filter((one) => one.region === region && one.method === name);
    return meanOf(rows.map(({ scores }) => value(scores)));
  };
}

const correlationOf = scoreOf(({ correlation }) => correlation);
const lungVolumeOf = scoreOf(({ lungVolume }) => lungVolume);
const lungDiceOf = scoreOf(({ lungDice }) => 100 * lungDice);
const SHIFTS = (["right", "front", "up"] as const)
  .map((axis) => scoreOf(({ truthEdges }) => truthEdges[axis]));

/** The largest shift along an axis. */
function shiftOf(...of: Parameters<StudyScore>): number {
  const shifts = SHIFTS.map((shift) => Math.abs(shift(...of)));
  return Math.max(...shifts);
}

/** Mean Dice of the first lumbar vertebra in a column, percent. */
function vertebra({ registrations }: StudyData, column: string): number {
  return 100 * meanOf(registrations.map(({ results }) => results[column]?.dice[L1]));
}

function rangeOf(values: readonly number[]): string {
  const known = values.filter(Number.isFinite);
  if (known.length === 0) return "-";
  return `${fixed(Math.min(...known), 1)} to ${fixed(Math.max(...known), 1)}`;
}

function listOf(values: readonly number[], digits: number, isSigned: boolean): string {
  if (!values.some(Number.isFinite)) return "-";
  return values.map((value) => (isSigned && value >= 0 ? "+" : "") + fixed(value, digits)).join(
    ", ",
  );
}
