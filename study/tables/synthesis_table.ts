/**
 * The scores of the cycle-GANs' syntheses as tables.
 *
 * @module
 */

import { COLUMNS } from "../columns.ts";
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

const SCORES: readonly ScoreColumn[] = [
  { title: "error, % of the range", digits: 1, value: ({ error }) => 100 * error },
  { title: "error, HU", digits: 0, value: ({ errorHu }) => errorHu },
  { title: "soft-tissue correlation", digits: 2, value: ({ correlation }) => correlation },
  ...edgeColumns("", ({ truthEdges }) => truthEdges),
  { title: "edge spread, mm", digits: 1, value: ({ truthEdges }) => truthEdges.spread },
  {
    title: "edge spread of the truth, mm",
    digits: 1,
    value: ({ truthEdges }) => truthEdges.referenceSpread,
  },
  { title: "lung volume / truth", digits: 2, value: ({ lungVolume }) => lungVolume },
  { title: "lung Dice, %", digits: 1, value: ({ lungDice }) => 100 * lungDice },
  { title: "slice jumps", digits: 2, value: ({ sliceJumps }) => sliceJumps },
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
  ];
}

/** An explanation of the columns, for the report. */
export const SYNTHESIS_NOTE =
  "Each row compares the syntheses of one column with the true image of the same body in the same state, or with " +
  "their source; means over the paired subjects. Error: mean absolute difference in the body. Soft-tissue " +
  "correlation: Pearson's correlation in the body without lungs, gas and bone; it is negative if the contrast is " +
  "inverted. Shift: displacement of the whole image, from the edges on both sides of the body and of the lungs; " +
  "the slices are coronal, so right and up are in the plane, and the front is across the slices. Lung borders and " +
  "skin outward: displacement on both sides; it is positive if the lungs or the body are too large. Edge scatter: " +
  "half of the range of the edges' displacements that holds the middle 68 %. Edge spread: deviation of the " +
  "Gaussian that blurs a sharp edge as much. Lung volume and Dice: of the lungs that one threshold finds in the " +
  "synthesis and in the true image. Slice jumps: change from slice to slice divided by the change within slices, " +
  "over the same in the true image (in the source where there is none); above 1 the slices do not fit each other. " +
  "Fat contrast: fat minus muscle as a share of the range, with the sign of the modality; it is negative if " +
  "the contrast is inverted. The columns with the word source compare the synthesis with its source, which " +
  "needs no true image. Expected lung volume: the labelled volume, times the share of it that the threshold finds in " +
  "real images of the modality; without labels, the volume that a threshold finds in the source.";

/** Means over the subjects: a row for each region and column. Scores that no row has are left out. */
export function synthesisSummaryCells(rows: readonly SynthesisRow[]): Cells {
  const columns = knownColumns(rows);
  const regions = [...new Set(rows.map(({ region }) => region))];
  const body = regions.flatMap((region) =>
    COLUMNS.flatMap(({ name, title, synthesis }) => {
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
  const columns = knownColumns(rows);
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

function knownColumns(rows: readonly SynthesisRow[]): ScoreColumn[] {
  return SCORES.filter(({ value }) => rows.some(({ scores }) => isKnown(value(scores))));
}

function isKnown(value: number): boolean {
  return Number.isFinite(value);
}
