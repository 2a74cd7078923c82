import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Verdict } from "../registration/quality.ts";
import type { CaseState } from "../workflows/case_record.ts";
import { cohortReport, cohortTable, countCases, countsText } from "./cohort_report.ts";

const done = (verdict: Verdict, after: number): CaseState => ({
  kind: "done",
  measures: {
    verdict,
    reasons: verdict === "good" ? [] : ['It is "odd", look.'],
    dice: { before: 0.5, after },
    hausdorff95: 4.25,
    localFit: 0.375,
    foldedPercent: 0.5,
    sdLog: 0.25,
    seconds: 7,
  },
});

const CASES = [
  { id: "fine", state: done("good", 0.9) },
  { id: "later", state: { kind: "open", message: "Not yet." } },
  { id: "a & b", state: done("doubtful", 0.7) },
  { id: "bad", state: done("failed", 0.2) },
  { id: "broken", state: { kind: "error", message: "No file <x>." } },
] as const;

Deno.test("cohortReport() shows the cases that need a look first", () => {
  const page = cohortReport({ cases: CASES, command: "crosswarp register", version: "1" });
  const places = ["broken", "bad", "a &amp; b", "later", "fine"].map((id) =>
    page.indexOf(`${id}<`)
  );
  assert(places.every((place, i) => place > (places[i - 1] ?? 0)), places.join());
  assertStringIncludes(
    page,
    "5 cases: 1 good, 1 doubtful, 1 failed, 1 without a result, 1 not registered.",
  );
  // (0.9 + 0.7 + 0.2) / 3
  assertStringIncludes(page, "Mean Dice of 3 cases: 0.600 (0.500 before)");
  assertStringIncludes(page, '<a href="a%20%26%20b/report.html">');
  assertStringIncludes(page, "No file &lt;x&gt;.");
  // A case without a result has no report.
  assertEquals(page.includes("broken/report.html"), false);
});

Deno.test("cohortTable() has a line for each case, with quotes where a text needs them", () => {
  assertEquals(cohortTable(CASES).split("\n"), [
    "case,verdict,dice_before,dice_after,hd95_after_mm,tre_before_mm,tre_after_mm,local_fit,folded_percent,sd_log_jacobian,seconds,remarks",
    "fine,good,0.5,0.9,4.25,,,0.375,0.5,0.25,7,",
    "later,not registered,,,,,,,,,,Not yet.",
    'a & b,doubtful,0.5,0.7,4.25,,,0.375,0.5,0.25,7,"It is ""odd"", look."',
    'bad,failed,0.5,0.2,4.25,,,0.375,0.5,0.25,7,"It is ""odd"", look."',
    "broken,no result,,,,,,,,,,No file <x>.",
    "",
  ]);
});

Deno.test("countsText() has no zeros", () => {
  assertEquals(countsText(countCases([done("good", 1)])), "1 case: 1 good");
});
