import { assert, assertAlmostEquals, assertEquals, assertGreater } from "@std/assert";
import type { Manifest, ManifestSubject } from "../cohort/manifest.ts";
import type { Ablation } from "./ablations.ts";
import { estimateWork } from "./work_estimates.ts";
import { type ProfileName, profileOf, PROFILES } from "../workflows/profiles.ts";
import type { Shard } from "../workflows/shard.ts";
import { neededStages, planStudy, type StagePlan, STAGES, stagesFrom } from "./plan.ts";

const planOf = (name: ProfileName, shard?: Shard) =>
  planStudy({
    shard,
    profile: profileOf(name),
    seed: 1,
    settings: undefined,
    stages: STAGES,
    ablations: ["framework", "correspondence"],
  });

Deno.test("neededStages() adds what a stage needs, and no more", () => {
  assertEquals(neededStages(["table1"]), ["cohort", "table1"]);
  assertEquals(neededStages(["syntheses"]), [
    "cohort",
    "n4",
    "cycle-gans",
    "synthesis-search",
    "syntheses",
  ]);
  assertEquals(neededStages(["report"]), [...STAGES]);
  assertEquals(neededStages(), [...STAGES]);
  assertEquals(stagesFrom("syntheses"), [
    "syntheses",
    "ablations",
    "report",
  ]);
  assertEquals(stagesFrom(undefined), []);
});

Deno.test("planStudy() counts the work of the phantom's study", () => {
  const items = Object.fromEntries(planOf("quick").map(({ name, items }) => [name, items]));
  assertEquals(items, {
    cohort: 40,
    n4: 20,
    table1: 1,
    gridsearch: 12,
    originals: 24,
    "cycle-gans": 8 * 200 + 2 * 400,
    "synthesis-search": 10 * 2 * 2,
    syntheses: 60,
    "ablation-cycle-gans": 12 * 400,
    ablations: 6 + 6 * 14,
    report: 1,
  });
});

Deno.test("estimateWork() counts each training once, and a registered pair for each training image", () => {
  const estimate = (ablations: Ablation[], cts = 17) => {
    const of = (kind: ManifestSubject["kind"], count: number) =>
      Array.from(
        { length: count },
        (_, i) => ({ id: `${kind}${i}`, kind, images: {}, labels: {} }),
      );
    const subjects = [...of("ct", cts), ...of("mr", 17), ...of("paired", 3)];
    const manifest: Manifest = {
      format: "crosswarp-cohort",
      version: 1,
      profile: "mine",
      subjects,
    };
    const profile = profileOf("quick");
    return estimateWork({ profile, seed: 1, manifest, settings: undefined, ablations });
  };
  // Six parts off in two regions; all parts on is a training of Table 2.
  const parts = estimate(["correspondence"]);
  assertEquals(parts.ablationTrainingJobs.length, 12);
  const sum = parts.ablationTrainingJobs.reduce((a, b) => a + b);
  assertAlmostEquals(parts.ablationTrainingSeconds, sum, 1e-9);
  assertEquals(estimate(["framework"]).ablationTrainingSeconds, 0);
  assertEquals(estimate([], 3).trainingSeconds, estimate([]).trainingSeconds);
});

Deno.test("planStudy() estimates more time and space at finer scales", () => {
  const totals = PROFILES.map((name) => {
    const plan = planOf(name);
    assert(plan.every(({ seconds, megabytes }) => seconds >= 0 && megabytes >= 0));
    return plan.reduce((sum, { seconds, megabytes }) => [sum[0] + seconds, sum[1] + megabytes], [
      0,
      0,
    ]);
  });
  for (let i = 1; i < totals.length; i++) {
    assertGreater(totals[i][0], 3 * totals[i - 1][0]);
    assertGreater(totals[i][1], 2 * totals[i - 1][1]);
  }
});

Deno.test("planStudy() divides the work of every stage between shards", () => {
  const stages = planOf("quick");
  for (const count of [2, 3, 8]) {
    const shards = Array.from(
      { length: count },
      (_, i) => planOf("quick", { index: i + 1, count }),
    );
    for (const { name, items, seconds, megabytes } of stages) {
      const parts = shards.flatMap((plan) => plan.filter((stage) => stage.name === name));
      const sum = (value: (stage: StagePlan) => number) =>
        parts.reduce((all, part) => all + value(part), 0);
      assertAlmostEquals(sum((part) => part.seconds), seconds, 1e-6 * seconds, name);
      assertAlmostEquals(sum((part) => part.megabytes), megabytes, 1e-6 * megabytes, name);
      // Parts of items are rounded up.
      assert(sum((part) => part.items) >= items && sum((part) => part.items) < items + count, name);
    }
    const [first, second] = shards;
    assert(first.some(({ name }) => name === "table1"), "the first shard has the single jobs");
    assert(!second.some(({ name }) => name === "table1"));
  }
  // Of two shards, each has half of the trainings: there is the same model for each of two regions.
  const [one, two] = [1, 2].map((index) => planOf("quick", { index, count: 2 }));
  const seconds = (plan: readonly StagePlan[]) =>
    plan.find(({ name }) => name === "cycle-gans")!.seconds;
  assertAlmostEquals(seconds(one), seconds(two), 1e-6 * seconds(one));
});

Deno.test("planStudy() estimates less time on a faster adapter, except for the processor's work", () => {
  const secondsOf = (registration: number, networks: number) => {
    const plan = planStudy({
      profile: profileOf("quick"),
      seed: 1,
      settings: undefined,
      stages: STAGES,
      ablations: [],
      speed: { registration, networks },
    });
    return Object.fromEntries(plan.map(({ name, seconds }) => [name, seconds]));
  };
  const [slow, registers, learns] = [secondsOf(1, 1), secondsOf(10, 1), secondsOf(1, 10)];
  assertEquals([registers.cohort, learns.cohort], [slow.cohort, slow.cohort]);
  assertEquals([registers.report, learns.gridsearch], [slow.report, slow.gridsearch]);
  // A registration of 1.5 s and a part for its voxels, and a tenth of that part.
  const constant = 1.5 * 24;
  assertAlmostEquals(registers.originals - constant, (slow.originals - constant) / 10, 1e-9);
  assertGreater(slow["cycle-gans"], 3 * learns["cycle-gans"]);
});
