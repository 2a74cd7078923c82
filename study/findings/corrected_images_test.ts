import { assertEquals, assertStringIncludes } from "@std/assert";
import { paperScores, synthesisRows, withDice } from "../../testing/study_scores.ts";
import { correctedNearNmi } from "./corrected_images.ts";

/** NMI 90 in each region; corrected columns with some Dice and lung volume. */
const corrected = (mr: number, ct: number, lungVolume: number) => ({
  ...withDice(paperScores(), { nmi: 90, "corrected-mr": mr, "corrected-ct": ct }),
  syntheses: synthesisRows((column) =>
    column.startsWith("corrected") ? { lungVolume } : { lungVolume: 2 }
  ),
});

Deno.test("correctedNearNmi() gives the points below NMI and the lung volume", () => {
  const { verdict, ours } = correctedNearNmi(corrected(89.5, 90.4, 1.02));
  assertEquals(verdict, "holds");
  assertEquals(
    ours,
    "corrected MR: thorax 0.5 points below NMI, abdomen 0.5 points below NMI, lung volume 1.02; " +
      "corrected CT: thorax 0.4 points above NMI, abdomen 0.4 points above NMI, lung volume 1.02",
  );
});

Deno.test("correctedNearNmi() has each verdict", () => {
  // 95 % of NMI is 85.5.
  assertEquals(correctedNearNmi(corrected(89, 86, 1)).verdict, "not at this size");
  assertEquals(correctedNearNmi(corrected(89, 83, 1)).verdict, "does not hold");
  const { verdict, reason } = correctedNearNmi(corrected(89, 89, 0.9));
  assertEquals(verdict, "does not hold");
  assertStringIncludes(
    reason,
    "The permitted deviation of the lung volume (0.05) minus that of corrected MR is -0.05.",
  );
  assertStringIncludes(
    correctedNearNmi(paperScores()).reason,
    "Dice of corrected MR (thorax)",
  );
});
