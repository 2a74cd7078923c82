import { assertEquals } from "@std/assert";
import { NO_EDGES, type SynthesisScores } from "../scores/synthesis_scores.ts";
import type { SynthesisRow } from "../synthesis_measures.ts";
import {
  synthesisCells,
  synthesisSourceCells,
  synthesisTimeCells,
  synthesisTruthCells,
} from "./synthesis_table.ts";

const row = (subject: string, method: string, scores: Partial<SynthesisScores>): SynthesisRow => ({
  subject,
  region: "thorax",
  method,
  seconds: 3,
  scores: {
    error: NaN,
    errorHu: NaN,
    correlation: NaN,
    truthEdges: NO_EDGES,
    sourceTruthEdges: NO_EDGES,
    lungVolume: NaN,
    lungDice: NaN,
    sliceJumps: NaN,
    fatContrast: NaN,
    sourceEdges: NO_EDGES,
    expectedLungVolume: NaN,
    ...scores,
  },
});
const rows = [
  row("a", "synthesised-mr-c3-p70", { error: 0.2, correlation: -0.3 }),
  row("b", "synthesised-mr-c3-p70", { error: 0.3, truthEdges: { ...NO_EDGES, right: -1.5 } }),
  row("a", "synthesised-ct-c3-p70", { error: 0.1, errorHu: 200, expectedLungVolume: 0.9 }),
];

Deno.test("synthesisTruthCells() gives means over the known values, and no column without any", () => {
  assertEquals(synthesisTruthCells(rows), [
    [
      "Synthesis",
      "error, % of the range",
      "error, HU",
      "soft-tissue correlation",
      "shift right, mm",
    ],
    ["thorax, CT to MR C=3 P=70", "25.0", "-", "-0.30", "-1.50"],
    ["thorax, MR to CT C=3 P=70", "10.0", "200", "-", "-"],
  ]);
});

Deno.test("synthesisSourceCells() has the scores of a cohort without true images", () => {
  const known = { sliceJumps: 1.2, fatContrast: -0.08 };
  const real = [row("a", "synthesised-ct-c3-p70", known), row("b", "synthesised-ct-c3-p70", known)];
  assertEquals(synthesisTruthCells(real), undefined);
  assertEquals(synthesisSourceCells(real), [
    ["Synthesis", "fat contrast, %", "slice jumps"],
    ["thorax, MR to CT C=3 P=70", "-8.0", "1.20"],
  ]);
  assertEquals(synthesisSourceCells(rows)[0], ["Synthesis", "lung volume / expected"]);
});

Deno.test("synthesisCells() has a row for each synthesis", () => {
  const cells = synthesisCells(rows);
  assertEquals(cells.length, 4);
  assertEquals(cells[2].slice(0, 4), ["synthesised-mr-c3-p70", "thorax", "b", "30.000"]);
});

Deno.test("synthesisTimeCells() gives the mean seconds of each column", () => {
  assertEquals(synthesisTimeCells(rows), [
    ["Column", "seconds per synthesis"],
    ["MR C=3 P=70", "3.0"],
    ["CT C=3 P=70", "3.0"],
  ]);
});
