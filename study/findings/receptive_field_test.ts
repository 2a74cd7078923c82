import { assertEquals, assertStringIncludes } from "@std/assert";
import { paperScores, synthesisRows } from "../../testing/study_scores.ts";
import { profileOf } from "../../workflows/profiles.ts";
import { smallerField } from "./receptive_field.ts";

/** Syntheses with P=70 and P=34: the deviation of the lung volume, down for MR and up for CT, and the error. */
function fields(
  large: readonly [deviation: number, error: number],
  small: readonly [deviation: number, error: number],
) {
  return {
    ...paperScores(),
    syntheses: synthesisRows((column) => {
      if (!column.includes("-c12-")) return undefined;
      const [deviation, error] = column.endsWith("p70") ? large : small;
      return { lungVolume: 1 + (column.includes("-mr-") ? -deviation : deviation), error };
    }),
  };
}

Deno.test("smallerField() has each verdict", () => {
  const { verdict, ours, paper } = smallerField(fields([0.3, 0.1], [0.1, 0.15]));
  assertEquals(verdict, "holds");
  assertEquals(
    ours,
    "deviation of the lung volume with P=70, 34, 22: 0.30, 0.10, 0.10; error: 10.0, 15.0, 15.0 %",
  );
  // Means of 62.2 and 59.3, of 62.3 and 54.6, and of 55.4 and 55.2.
  assertStringIncludes(paper, "P=70, 34, 22: 60.8, 58.5, 55.3");
  assertEquals(smallerField(fields([0.3, 0.1], [0.28, 0.15])).verdict, "not at this size");
  assertEquals(smallerField(fields([0.3, 0.1], [0.1, 0.105])).verdict, "not at this size");
  assertEquals(smallerField(fields([0.3, 0.15], [0.1, 0.1])).verdict, "does not hold");
  assertEquals(smallerField(fields([0.1, 0.1], [0.3, 0.15])).verdict, "does not hold");
});

Deno.test("smallerField() names the missing scores", () => {
  assertStringIncludes(
    smallerField(fields([0.3, NaN], [0.1, NaN])).reason,
    "error against the true images with C=12 P=34",
  );
});

Deno.test("smallerField() says that a profile has one network for both fields", () => {
  const smoke = profileOf("smoke");
  const profile = { ...smoke, gan: { ...smoke.gan, fields: { 70: 10, 34: 10, 22: 4 } as const } };
  const { verdict, reason } = smallerField({ ...fields([0.3, 0.1], [0.1, 0.15]), profile });
  assertEquals(verdict, "not at this size");
  assertEquals(reason, "In voxels of 8 mm, P=70 and P=34 are both 10 pixels.");
});
