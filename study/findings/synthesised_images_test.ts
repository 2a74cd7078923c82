import { assertEquals, assertStringIncludes } from "@std/assert";
import { paperScores, withDice } from "../../testing/study_scores.ts";
import { PLAIN_COLUMNS } from "../columns.ts";
import type { StudyScores } from "./study_scores.ts";
import { ctBelowMr, thoraxAndAbdomen } from "./synthesised_images.ts";

/** The paper's scores, with NMI 90 and one Dice of all synthesised images in each region. */
function levels(thorax: number, abdomen: number): StudyScores {
  const scores = paperScores();
  const dice = { thorax, abdomen, both: 80 };
  return {
    ...scores,
    table2: scores.table2.map((row) => ({
      ...row,
      dice: Object.fromEntries([
        ["nmi", 90],
        ...PLAIN_COLUMNS.map(({ name }) => [name, dice[row.region]]),
      ]),
    })),
  };
}

Deno.test("thoraxAndAbdomen() holds with the paper's scores", () => {
  const { verdict, paper, ours, reason } = thoraxAndAbdomen(paperScores());
  assertEquals(verdict, "holds");
  assertEquals(
    paper,
    "thorax: 65.2 (MR C=3 P=70), NMI 75.2; abdomen: 77.4 (MR C=12 P=34), NMI 78.8",
  );
  assertEquals(ours, paper);
  // 0.95 * 75.2 - 65.2 and 77.4 - 0.95 * 78.8.
  assertStringIncludes(reason, "In the thorax, 95 % of NMI minus the best synthesis is 6.2 points");
  assertStringIncludes(reason, "In the abdomen, the best synthesis minus 95 % of NMI is 2.5");
});

Deno.test("thoraxAndAbdomen() needs both regions", () => {
  // 95 % of NMI is 85.5.
  assertEquals(thoraxAndAbdomen(levels(83.9, 87.1)).verdict, "holds");
  assertEquals(thoraxAndAbdomen(levels(84.1, 87.1)).verdict, "not at this size");
  assertEquals(thoraxAndAbdomen(levels(83.9, 86.9)).verdict, "not at this size");
  assertEquals(thoraxAndAbdomen(levels(87.1, 89)).verdict, "does not hold");
  const { verdict, reason } = thoraxAndAbdomen(levels(70, 80));
  assertEquals(verdict, "does not hold");
  assertEquals(
    reason,
    "In the abdomen, the best synthesis minus 95 % of NMI is -5.5 points; a finding needs more than 1.5 points.",
  );
});

Deno.test("ctBelowMr() compares the means over the paper's columns", () => {
  const { verdict, ours } = ctBelowMr(paperScores());
  assertEquals([verdict, ours], ["holds", "mean of the columns: MR 65.1, CT 59.5"]);
  const judged = (ct: number) =>
    ctBelowMr(withDice(
      levels(80, 80),
      Object.fromEntries(
        PLAIN_COLUMNS.filter(({ synthesis }) => synthesis.of === "ct").map((one) => [one.name, ct]),
      ),
    )).verdict;
  // The MR columns have 80.
  assertEquals(judged(79), "not at this size");
  assertEquals(judged(82), "does not hold");
});

Deno.test("the findings about synthesised images name the missing Dice", () => {
  const scores = { ...paperScores(), table2: [] };
  assertEquals(
    thoraxAndAbdomen(scores).reason,
    "These scores are missing: Dice of NMI (thorax); Dice of the synthesised images (thorax); " +
      "Dice of NMI (abdomen); Dice of the synthesised images (abdomen).",
  );
  assertEquals(ctBelowMr(scores).verdict, "not in this cohort");
});
