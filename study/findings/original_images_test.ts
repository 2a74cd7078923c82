import { assertEquals, assertStringIncludes } from "@std/assert";
import { paperScores, withDice } from "../../testing/study_scores.ts";
import { bestColumns, mindBelowNmi } from "./original_images.ts";

Deno.test("bestColumns() holds with the paper's scores and shows them on both sides", () => {
  const { verdict, paper, ours, reason } = bestColumns(paperScores());
  assertEquals(verdict, "holds");
  assertEquals(paper, "NMI 76.7, NMI+MIND 76.9, best other 69.1 (MR C=12 P=34)");
  assertEquals(ours, paper);
  assertStringIncludes(reason, "minus the best other column (MR C=12 P=34) is 7.6 points");
});

Deno.test("bestColumns() compares the lower of both with the best of the paper's other columns", () => {
  const verdict = (dice: Record<string, number>) =>
    bestColumns(withDice(paperScores(), dice)).verdict;
  assertEquals(verdict({ mind: 75.5 }), "not at this size");
  assertEquals(verdict({ mind: 78.3 }), "does not hold");
  assertEquals(verdict({ nmi: 67 }), "does not hold");
  assertEquals(verdict({ "corrected-mr": 99 }), "holds", "our columns are not in the finding");
});

Deno.test("mindBelowNmi() has each verdict", () => {
  const judged = (mind: number) => mindBelowNmi(withDice(paperScores(), { mind, nmi: 90 }));
  assertEquals(judged(88.4).verdict, "holds");
  assertEquals(judged(88.6).verdict, "not at this size");
  assertEquals(judged(91.6).verdict, "does not hold");
  assertEquals(judged(91.6).ours, "MIND 91.6, NMI 90.0");
  assertEquals(judged(91.6).paper, "MIND 67.7, NMI 76.7");
  assertEquals(judged(NaN), {
    sentence: "MIND is below NMI.",
    paper: "MIND 67.7, NMI 76.7",
    ours: "MIND -, NMI 90.0",
    verdict: "not in this cohort",
    reason: "These scores are missing: Dice of MIND (both regions).",
  });
});
