import { assertEquals } from "@std/assert";
import { paperScores, synthesisRows } from "../../testing/study_scores.ts";
import { profileOf } from "../../workflows/profiles.ts";
import { inconsistentSlices } from "./slice_consistency.ts";

const jumps = (few: number, many: number) => ({
  ...paperScores(),
  syntheses: synthesisRows((column) =>
    column.startsWith("corrected")
      ? { sliceJumps: 9 }
      : { sliceJumps: column.includes("-c3-") ? few : many }
  ),
});

Deno.test("inconsistentSlices() has each verdict", () => {
  const { verdict, ours } = inconsistentSlices(jumps(1.3, 1.1));
  assertEquals(verdict, "holds");
  assertEquals(ours, "slice jumps (1 in a consistent image), P=70: C=3 1.30, C=12 1.10");
  assertEquals(inconsistentSlices(jumps(1.3, 1.28)).verdict, "not at this size");
  assertEquals(inconsistentSlices(jumps(1.04, 0.9)).verdict, "not at this size");
  assertEquals(inconsistentSlices(jumps(1.1, 1.3)).verdict, "does not hold");
  assertEquals(
    inconsistentSlices(paperScores()).reason,
    "These scores are missing: slice jumps with C=3 P=70; slice jumps with C=12 P=70.",
  );
});

Deno.test("inconsistentSlices() names the slices of a coarse profile, and that they are the same", () => {
  const quick = inconsistentSlices({ ...jumps(1.3, 1.1), profile: profileOf("quick") });
  assertEquals(
    quick.ours,
    "slice jumps (1 in a consistent image), P=70: C=3 1.30, C=12 1.10; the numbers of slices here are 1 and 4",
  );
  const smoke = profileOf("smoke");
  const profile = { ...smoke, gan: { ...smoke.gan, channels: { 3: 1, 12: 1 } } };
  const same = inconsistentSlices({ ...jumps(1.3, 1.1), profile });
  assertEquals([same.verdict, same.reason], [
    "not at this size",
    "In voxels of 8 mm, the number of slices is 1 for C=3 and for C=12.",
  ]);
});
