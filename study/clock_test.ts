import { assertAlmostEquals, assertEquals } from "@std/assert";
import { StudyClock } from "./clock.ts";
import type { StageName, StagePlan } from "./plan.ts";

const stage = (name: StageName, items: number, seconds: number): StagePlan => ({
  name,
  title: name,
  items,
  unit: "items",
  seconds,
  megabytes: 0,
});
const PLAN = [stage("cohort", 10, 20), stage("originals", 10, 100), stage("report", 1, 5)];

Deno.test("the clock starts with the estimates and goes over to what is measured", () => {
  let now = 0;
  const clock = new StudyClock(PLAN, () => now);
  clock.update("cohort", 0);
  assertEquals(clock.left, 125);
  // Half as fast as estimated.
  now = 20;
  clock.update("cohort", 5);
  assertAlmostEquals(clock.left, 20 + 200 + 10);
  now = 40;
  clock.update("cohort", 10);
  clock.update("originals", 0);
  assertAlmostEquals(clock.left, 210);
  now = 70;
  clock.update("originals", 3);
  assertAlmostEquals(clock.left, 70 + 5 * 70 / 50);
});

Deno.test("what was there already does not count for the time", () => {
  let now = 0;
  const clock = new StudyClock(PLAN, () => now);
  clock.update("cohort", 0);
  clock.update("cohort", 10);
  clock.update("originals", 0);
  now = 0.004;
  clock.update("originals", 6);
  assertAlmostEquals(clock.left, 40 + 5);
  now = 8.004;
  clock.update("originals", 8);
  assertAlmostEquals(clock.left, 8 + 5 * 0.4);
});

Deno.test("a long wait before the first item makes no days of the rest", () => {
  let now = 0;
  const clock = new StudyClock([stage("cycle-gans", 400, 100)], () => now);
  clock.update("cycle-gans", 0);
  // A minute of other work, then two steps of a quarter of a second.
  now = 60.5;
  clock.update("cycle-gans", 2);
  assertAlmostEquals(clock.left, 398 * 0.25);
  // 40 steps are 10 s of estimated work: enough to believe the measurement.
  now = 70;
  clock.update("cycle-gans", 40);
  assertAlmostEquals(clock.left, 360 * 70 / 40);
});
