import { assertEquals, assertStringIncludes } from "@std/assert";
import { paperScores, synthesisRows } from "../../testing/study_scores.ts";
import { NO_EDGES } from "../scores/synthesis_scores.ts";
import { profileOf } from "../../workflows/profiles.ts";
import { lungBias, noBiasIfBalanced } from "./lung_bias.ts";
import type { StudyScores } from "./study_scores.ts";

/** Lungs of one modality: volume and displacement of the borders. */
type Lungs = readonly [volume: number, borders: number];

/** The paper's scores with voxels of 1.25 mm, and syntheses with some lungs. */
function withLungs(mr: Lungs, ct: Lungs): StudyScores {
  return {
    ...paperScores(),
    syntheses: synthesisRows((column) => {
      // The corrected columns must not count.
      if (column.startsWith("corrected")) return { lungVolume: 9 };
      const [lungVolume, lungs] = column.includes("-mr-") ? mr : ct;
      return { lungVolume, truthEdges: { ...NO_EDGES, lungs } };
    }),
  };
}

Deno.test("lungBias() holds if volume and borders show the populations' bias", () => {
  const { verdict, paper, ours } = lungBias(withLungs([0.8, -2], [1.3, 3]));
  assertEquals(verdict, "holds");
  assertEquals(
    paper,
    "no volumes of syntheses; the populations' volumes would give MR: volume 0.51; CT: volume 1.95",
  );
  assertEquals(
    ours,
    "MR: volume 0.80, borders -2.0 mm; CT: volume 1.30, borders 3.0 mm; " +
      "lungs of the CT population 195 % of the MR population's",
  );
});

Deno.test("lungBias() does not take a volume for a bias if the borders have not moved", () => {
  const { verdict, reason } = lungBias(withLungs([0.86, -0.1], [1.09, 0.3]));
  assertEquals(verdict, "not at this size");
  assertStringIncludes(reason, "synthesised MR images inward is 0.1 mm; a finding needs more than");
});

Deno.test("lungBias() does not hold if the lungs are biased the other way", () => {
  assertEquals(lungBias(withLungs([0.8, -2], [0.9, -1])).verdict, "does not hold");
});

Deno.test("lungBias() uses the source where the true image is not known", () => {
  const scores = {
    ...paperScores(),
    syntheses: synthesisRows((column) => {
      const sign = column.includes("-mr-") ? -1 : 1;
      return {
        expectedLungVolume: 1 + 0.2 * sign,
        sourceEdges: { ...NO_EDGES, lungs: 2 * sign },
      };
    }),
  };
  assertEquals(lungBias(scores).verdict, "holds");
});

Deno.test("lungBias() needs populations that differ, and lungs", () => {
  const equal = withLungs([0.8, -2], [1.3, 3]);
  const volumes = equal.volumes.map((row) => ({ ...row, ct: row.mr }));
  const { verdict, reason } = lungBias({ ...equal, volumes });
  assertEquals(verdict, "not in this cohort");
  assertStringIncludes(reason, "have 100 % of the volume of the MR's. There is no bias to learn.");
  assertStringIncludes(
    lungBias(paperScores()).reason,
    "missing: lung volume of the synthesised MR",
  );
});

Deno.test("noBiasIfBalanced() is a finding of balanced cohorts alone", () => {
  assertEquals(noBiasIfBalanced(paperScores()), undefined);
  assertEquals(noBiasIfBalanced({ ...paperScores(), breathing: "by-modality" }), undefined);
});

Deno.test("noBiasIfBalanced() has each verdict", () => {
  const judged = (mr: Lungs, ct: Lungs, more: Partial<StudyScores> = {}) =>
    noBiasIfBalanced({ ...withLungs(mr, ct), breathing: "balanced", ...more })!;
  assertEquals(judged([0.99, 0.1], [1.02, -0.2]).verdict, "holds");
  assertEquals(judged([0.86, 0.1], [1.02, 3]).verdict, "holds", "one measure alone");
  const biased = judged([0.99, 0.1], [1.2, 2]);
  assertEquals(biased.verdict, "does not hold");
  assertEquals(
    biased.reason,
    "Volume and borders both show the bias in the synthesised CT images.",
  );
  const short = judged([0.99, 0.1], [1.02, -0.2], { profile: profileOf("smoke") });
  assertEquals(short.verdict, "not at this size");
  assertStringIncludes(short.reason, "the training has 20 steps.");
  assertEquals(judged([0.99, 0.1], [1, 0], { syntheses: [] }).verdict, "not in this cohort");
});
