/**
 * The scores of the cycle-GANs' syntheses as tables.
 *
 * @module
 */

import { type Column, COLUMNS } from "../columns.ts";
import { meanOf } from "../scores/mean.ts";
import type { EdgeScores, SynthesisScores } from "../scores/synthesis_scores.ts";
import type { SynthesisRow } from "../synthesis_measures.ts";
import { type Cells, fixed } from "./text_table.ts";

/** A score as a column of the tables. */
interface ScoreColumn {
  readonly title: string;
  readonly digits: number;
  readonly value: (scores: SynthesisScores) => number;
}

const SLICE_JUMPS: ScoreColumn = {
  title: "slice jumps",
  digits: 2,
  value: ({ sliceJumps }) => sliceJumps,
};

/** The scores that need a true image. */
const TRUTH_SCORES: readonly ScoreColumn[] = [
  { title: "error, % of the range", digits: 1, value: ({ error }) => 100 * error },
  { title: "error, HU", digits: 0, value: ({ errorHu }) => errorHu },
  { title: "soft-tissue correlation", digits: 2, value: ({ correlation }) => correlation },
  ...edgeColumns("", ({ truthEdges }) => truthEdges),
  {
    title: "shift up of the source, mm",
    digits: 2,
    value: ({ sourceTruthEdges }) => sourceTruthEdges.up,
  },
  { title: "edge spread, mm", digits: 1, value: ({ truthEdges }) => truthEdges.spread },
  {
    title: "edge spread of the truth, mm",
    digits: 1,
    value: ({ truthEdges }) => truthEdges.referenceSpread,
  },
  { title: "lung volume / truth", digits: 2, value: ({ lungVolume }) => lungVolume },
  { title: "lung Dice, %", digits: 1, value: ({ lungDice }) => 100 * lungDice },
];

/** The scores that need only the source. */
const SOURCE_SCORES: readonly ScoreColumn[] = [
  { title: "fat contrast, %", digits: 1, value: ({ fatContrast }) => 100 * fatContrast },
  ...edgeColumns(" from the source", ({ sourceEdges }) => sourceEdges),
  {
    title: "lung volume / expected",
    digits: 2,
    value: ({ expectedLungVolume }) => expectedLungVolume,
  },
];

function edgeColumns(from: string, edges: (scores: SynthesisScores) => EdgeScores): ScoreColumn[] {
  const column = (title: string, name: keyof EdgeScores): ScoreColumn => ({
    title: `${title}${from}, mm`,
    digits: 2,
    value: (scores) => edges(scores)[name],
  });
  return [
    column("shift right", "right"),
    column("shift to the front", "front"),
    column("shift up", "up"),
    column("lung borders outward", "lungs"),
    column("skin outward", "skin"),
    column("edge scatter", "scatter"),
    { title: `edges found${from}, %`, digits: 0, value: (scores) => 100 * edges(scores).found },
  ];
}

/** An explanation of the columns of both tables of means. */
const EDGES_NOTE =
  "The shift is the displacement of the whole image. It comes from the edges on both sides of the body and of the " +
  "lungs. The slices are coronal: right and up lie in their plane, the front lies across them. Lung borders and skin " +
  "outward are the displacements on both sides; they are positive if the lungs or the body are too large. The edge " +
  "scatter is half of the range that holds the middle 68 % of the edges' displacements. The edges found are the " +
  "share of the other image's edges that the synthesis has; if they are few, the shift says little.";

/** An explanation of {@link synthesisTruthCells}, for the report. */
export const TRUTH_NOTE =
  "The table compares each synthesis with the true image of the same body in the same state. It has means over the " +
  "paired subjects. The error is the mean absolute difference in the body. The soft-tissue correlation is " +
  "Pearson's correlation in the body without lungs, gas and bone; it is negative if the contrast is inverted. " +
  `${EDGES_NOTE} The shift up of the source is that of the image that the synthesis was made from, such as the ` +
  "chemical shift of fat in MR; a synthesis cannot know about it. The edge spread is the " +
  "deviation of the Gaussian that blurs a sharp edge as much. One threshold " +
  "finds the lungs in the synthesis and in the true image. Slice jumps are the change from slice to slice divided by " +
  "the change within slices, divided by the same ratio in the true image; above 1 the slices do not fit each other.";

/** An explanation of {@link synthesisSourceCells}, for the report. */
export const SOURCE_NOTE =
  "The table compares each synthesis with the image that it was made from, which needs no true image. It has means " +
  "over the paired subjects. The fat contrast is fat minus muscle in a synthesised MR, and muscle minus fat in a " +
  "synthesised CT, as a share of the range; it is negative if the contrast is inverted. " +
  `${EDGES_NOTE} The lungs are found by a threshold. Their expected volume is the labelled volume, times the share ` +
  "of it that the threshold finds in real images of the modality. Without labels it is the volume that a threshold " +
  "finds in the source.";

/**
 * Means of the scores that need true images; undefined if no row has any.
 *
 * @param columns - The columns whose syntheses are shown. Default: those of Table 2.
 */
export function synthesisTruthCells(
  rows: readonly SynthesisRow[],
  columns: readonly Column[] = COLUMNS,
): Cells | undefined {
  return hasTruth(rows) ? meanCells(rows, [...TRUTH_SCORES, SLICE_JUMPS], columns) : undefined;
}

/**
 * Means of the scores that need only the sources.
 *
 * @param columns - The columns whose syntheses are shown. Default: those of Table 2.
 */
export function synthesisSourceCells(
  rows: readonly SynthesisRow[],
  columns: readonly Column[] = COLUMNS,
): Cells {
  const scores = hasTruth(rows) ? SOURCE_SCORES : [...SOURCE_SCORES, SLICE_JUMPS];
  return meanCells(rows, scores, columns);
}

function hasTruth(rows: readonly SynthesisRow[]): boolean {
  return rows.some(({ scores }) => isKnown(scores.error));
}

/** Means over the subjects: a row for each region and column. Scores that no row has are left out. */
function meanCells(
  rows: readonly SynthesisRow[],
  scores: readonly ScoreColumn[],
  shown: readonly Column[],
): Cells {
  const columns = knownColumns(rows, scores);
  const regions = [...new Set(rows.map(({ region }) => region))];
  const body = regions.flatMap((region) =>
    shown.flatMap(({ name, title, synthesis }) => {
      const found = rows.filter((row) => row.method === name && row.region === region);
      if (synthesis === undefined || found.length === 0) return [];
      return [[
        `${region}, ${synthesis.of === "mr" ? "CT to" : "MR to"} ${title}`,
        ...columns.map(({ value, digits }) =>
          fixed(meanOf(found.map(({ scores }) => value(scores)).filter(isKnown)), digits)
        ),
      ]];
    })
  );
  return [["Synthesis", ...columns.map(({ title }) => title)], ...body];
}

/** One row for each synthesis, with more digits. Scores that no row has are left out. */
export function synthesisCells(rows: readonly SynthesisRow[]): Cells {
  const columns = knownColumns(rows, [...TRUTH_SCORES, SLICE_JUMPS, ...SOURCE_SCORES]);
  return [
    ["method", "region", "subject", ...columns.map(({ title }) => title)],
    ...rows.map(({ method, region, subject, scores }) => [
      method,
      region,
      subject,
      ...columns.map(({ value, digits }) => fixed(value(scores), digits + 2)),
    ]),
  ];
}

/** Seconds per synthesis: the mean over the regions and subjects for each column. */
export function synthesisTimeCells(rows: readonly SynthesisRow[]): Cells {
  const body = COLUMNS.flatMap(({ name, title }) => {
    const found = rows.filter(({ method, seconds }) => method === name && isKnown(seconds));
    return found.length === 0 ? [] : [[title, fixed(meanOf(found.map((row) => row.seconds)), 1)]];
  });
  return [["Column", "seconds per synthesis"], ...body];
}

function knownColumns(
  rows: readonly SynthesisRow[],
  columns: readonly ScoreColumn[],
): ScoreColumn[] {
  return columns.filter(({ value }) => rows.some(({ scores }) => isKnown(value(scores))));
}

function isKnown(value: number): boolean {
  return Number.isFinite(value);
}
