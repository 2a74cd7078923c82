import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { paperScores } from "../../testing/study_scores.ts";
import { findingsOf } from "../findings/findings.ts";
import { FINDINGS_NOTE, findingsCells } from "./findings_table.ts";

Deno.test("findingsCells() has a row for each finding", () => {
  const finding = { sentence: "It is so.", paper: "1", ours: "2", reason: "A is 1." };
  assertEquals(findingsCells([{ ...finding, verdict: "holds" }]), [
    ["Finding", "paper", "here", "verdict", "reason"],
    ["1. It is so.", "1", "2", "holds", "A is 1."],
  ]);
});

Deno.test("findingsOf() has a row more for a balanced cohort", () => {
  const scores = paperScores();
  const [head, ...rows] = findingsCells(findingsOf(scores));
  assertEquals(rows.length, 8);
  assertEquals(rows.map(([, , , verdict]) => verdict), [
    "holds",
    "holds",
    "holds",
    "not in this cohort",
    "holds",
    "not in this cohort",
    "not in this cohort",
    "not in this cohort",
  ]);
  const balanced = findingsOf({ ...scores, breathing: "balanced" });
  assertEquals(balanced.length, 9);
  assertStringIncludes(balanced[8].sentence, "the bias of the lungs vanishes");
  for (const row of rows) {
    assertEquals(row.length, head.length);
    assert(row.every((cell) => !/[|\n]|NaN|undefined/.test(cell)), row.join("; "));
  }
});

Deno.test("FINDINGS_NOTE names the limits", () => {
  for (const limit of ["1.5 points of Dice", "0.05 of the lung volume", "1 % of the range"]) {
    assertStringIncludes(FINDINGS_NOTE, limit);
  }
});
