import { assertAlmostEquals, assertEquals, assertGreater, assertLess } from "@std/assert";
import type { Modality } from "../../volume/modality.ts";
import { STRUCTURES } from "../label_scheme.ts";
import { type Breathing, planCohort, type SubjectPlan } from "./cohort_plan.ts";
import { imageGrid, renderLabels } from "./imaging.ts";

const LUNG_LABELS: readonly number[] = STRUCTURES.filter(({ name }) => name.endsWith("lung")).map((
  s,
) => s.label);

/** The volumes of both lungs of a population's subjects in cm3, sorted. */
function lungVolumes(breathing: Breathing, modality: Modality): number[] {
  return planCohort({ profile: "smoke", seed: 1, breathing }).subjects
    .filter(({ kind }) => kind === modality)
    .map(({ body, images }) => {
      const plan = images[modality]!;
      const { grid, data } = renderLabels(body, plan, imageGrid(body, plan));
      const voxels = data.reduce((sum, label) => sum + (LUNG_LABELS.includes(label) ? 1 : 0), 0);
      return voxels * grid.spacing.reduce((volume, mm) => volume * mm, 1e-3);
    }).toSorted((a, b) => a - b);
}

const mean = (values: readonly number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;
const deviation = (values: readonly number[]) =>
  Math.sqrt(mean(values.map((v) => (v - mean(values)) ** 2)));

/** The greatest difference of two samples' cumulative distributions (Kolmogorov and Smirnov). */
function distributionDistance(a: readonly number[], b: readonly number[]): number {
  const below = (values: readonly number[], limit: number) =>
    values.filter((v) => v <= limit).length / values.length;
  return Math.max(...[...a, ...b].map((limit) => Math.abs(below(a, limit) - below(b, limit))));
}

Deno.test("planCohort() gives the populations' lungs the paper's ratio, or one distribution if balanced", () => {
  const [ct, mr] = [lungVolumes("by-modality", "ct"), lungVolumes("by-modality", "mr")];
  assertEquals([ct.length, mr.length], [17, 17]);
  // Table 1: (1338 + 1144) / (2598 + 2253) = 0.51. No lung of the MR images is as large as one of CT.
  assertGreater(mean(mr) / mean(ct), 0.45);
  assertLess(mean(mr) / mean(ct), 0.55);
  assertEquals(distributionDistance(ct, mr), 1);

  const [ctBalanced, mrBalanced] = [lungVolumes("balanced", "ct"), lungVolumes("balanced", "mr")];
  assertAlmostEquals(mean(mrBalanced) / mean(ctBalanced), 1, 0.05);
  assertAlmostEquals(deviation(mrBalanced) / deviation(ctBalanced), 1, 0.25);
  // A distance above 0.47 would refute equal distributions of 17 and 17 values at the level of 5 %.
  assertLess(distributionDistance(ctBalanced, mrBalanced), 0.3);
  // The states reach from exhale to inhale: the distribution is as wide as the paper's two together.
  assertGreater(ctBalanced.at(-1)! / ctBalanced[0], 1.3);
});

Deno.test("planCohort() leaves the paired subjects and all other organs as they are if balanced", () => {
  const byModality = planCohort({ profile: "smoke", seed: 1 });
  const balanced = planCohort({ profile: "smoke", seed: 1, breathing: "balanced" });
  assertEquals(byModality.breathing, "by-modality");
  const withoutChest = ({ id, body, images }: SubjectPlan) => ({
    id,
    fat: body.measures.fat,
    liver: body.measures.size.liver,
    gallbladder: body.measures.size.gallbladder,
    waves: body.shape.waves,
    rotations: Object.values(images).map(({ state }) => state.rotation),
  });
  assertEquals(balanced.subjects.map(withoutChest), byModality.subjects.map(withoutChest));
  const paired = (plan: typeof balanced) => plan.subjects.filter(({ kind }) => kind === "paired");
  assertEquals(paired(balanced), paired(byModality));
  const breaths = (modality: Modality) =>
    balanced.subjects.filter(({ kind }) => kind === modality)
      .map(({ images }) => images[modality]!.state.breath).toSorted((a, b) => a - b);
  assertEquals(breaths("ct"), breaths("mr"));
  assertAlmostEquals(breaths("ct")[0], 1 / 34, 1e-12);
});
