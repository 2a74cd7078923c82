import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import type { Kernel } from "../gpu/gpu.ts";
import { Owned } from "../gpu/owned.ts";
import { SEARCH_STATE } from "./search_state.ts";
import { gpuTest } from "../../testing/gpu.ts";
import { assertNothingLeaks } from "../../testing/failing_allocations.ts";
import { normalVariates } from "./normal_variates.ts";
import { onePlusOneReference, Search, type SearchState } from "./one_plus_one.ts";

const TARGET = [0.1, -0.05, 0.2, 12, -8, 20];
const WEIGHT = [100, 80, 60, 0.01, 0.02, 0.005];
const SETTINGS = {
  scales: [1, 1, 1, 1 / 450, 1 / 450, 1 / 450],
  radius: 0.1,
  epsilon: 1.5e-6,
  iterations: 150,
};
const START = [0, 0, 0, 0, 0, 0];
const quadratic = (p: readonly number[]) =>
  p.reduce((sum, x, i) => sum + WEIGHT[i] * (x - TARGET[i]) ** 2, 0);

const QUADRATIC: Kernel = {
  label: "quadratic",
  code: /* wgsl */ `
${SEARCH_STATE.wgsl}
@group(0) @binding(1) var<storage, read> states: array<State>;
@group(0) @binding(2) var<storage, read_write> costs: array<vec4f>;
@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) group: vec3u) {
  let goal = array<f32, 6>(${TARGET.map((x) => x.toFixed(3)).join(", ")});
  let weight = array<f32, 6>(${WEIGHT.map((x) => x.toFixed(3)).join(", ")});
  var sum = 0.0;
  for (var i = 0u; i < 6u; i++) {
    let d = states[group.x].child[i] - goal[i];
    sum += weight[i] * d * d;
  }
  costs[group.x] = vec4f(sum, 0.0, 0.0, 0.0);
}`,
};

Deno.test("onePlusOneReference() finds the minimum of a quadratic", () => {
  for (const seed of [1, 2, 3]) {
    const iterations = 1500;
    const result = onePlusOneReference({
      cost: quadratic,
      start: START,
      settings: { ...SETTINGS, growth: 1.2, iterations },
      variates: normalVariates(seed, 6 * iterations),
    });
    result.parameters.forEach((value, i) =>
      assertAlmostEquals(value, TARGET[i], 1e-2 * Math.abs(TARGET[i]))
    );
    assert(result.cost < 1e-4 * result.initialCost);
  }
});

Deno.test("onePlusOneReference() stops at epsilon and at the number of iterations", () => {
  const run = (epsilon: number, iterations: number) =>
    onePlusOneReference({
      cost: quadratic,
      start: START,
      settings: { ...SETTINGS, epsilon, iterations },
      variates: normalVariates(1, 6 * iterations),
    });
  assertEquals(run(1e9, 50).iterations, 1);
  assertEquals(run(0, 20).iterations, 20);
  assertEquals(run(0, 0).parameters, START);
});

Deno.test("normalVariates() have mean 0 and variance 1 and depend on the seed alone", () => {
  const v = normalVariates(7, 20001);
  const mean = v.reduce((a, b) => a + b) / v.length;
  assertAlmostEquals(mean, 0, 0.03);
  assertAlmostEquals(v.reduce((a, b) => a + b * b, 0) / v.length, 1, 0.05);
  assertEquals(normalVariates(7, 4), v.slice(0, 4));
});

gpuTest("Search takes the twin's steps on a quadratic", async (gpu) => {
  const cost = gpu.buffer("cost", 16);
  const search = new Search(gpu, [START], cost);
  const variates = normalVariates(3, 6 * SETTINGS.iterations);
  const steps: SearchState[] = [];
  onePlusOneReference({
    cost: quadratic,
    start: START,
    settings: SETTINGS,
    variates,
    onStep: (state) => steps.push(state),
  });
  const evaluate = gpu.prepare(QUADRATIC, { buffers: [search.states, cost], workgroups: [1] });
  search.begin(SETTINGS, variates);
  let recorder = gpu.record("steps");
  recorder.run(evaluate);
  search.step(recorder);
  for (let step = 0; step < SETTINGS.iterations; step++) {
    recorder.run(evaluate);
    search.step(recorder);
    if (step % 10 !== 9) continue;
    recorder.submit();
    const [state] = await search.read();
    const twin = steps[step];
    assertEquals(state.accepted, twin.accepted, `children accepted after ${step + 1}`);
    assertAlmostEquals(state.cost, twin.cost, 1e-3 * twin.cost);
    assertAlmostEquals(state.norm, twin.norm, 1e-3 * twin.norm);
    state.parameters.forEach((value, i) =>
      assertAlmostEquals(value, twin.parameters[i], 1e-3 * Math.abs(TARGET[i]))
    );
    recorder = gpu.record("steps");
  }
  const [end] = await search.read();
  assert(end.done);
  assertEquals(end.iterations, SETTINGS.iterations);
  for (let step = 0; step < 5; step++) search.step(recorder);
  recorder.submit();
  assertEquals(await search.read(), [end], "nothing changes once it is done");
  evaluate.destroy();
  search.destroy();
  cost.destroy();
});

gpuTest("Search gives several starts the numbers that each gets by itself", async (gpu) => {
  const starts = [START, [0.2, 0, 0.1, 30, 5, -4], TARGET];
  const variates = normalVariates(5, 6 * SETTINGS.iterations);
  const run = async (some: readonly (readonly number[])[]) => {
    const cost = gpu.buffer("cost", 16 * some.length);
    const search = new Search(gpu, some, cost);
    const evaluate = gpu.prepare(QUADRATIC, {
      buffers: [search.states, cost],
      workgroups: [some.length],
    });
    // The start at the minimum refuses every child, so that its steps become small.
    search.begin({ ...SETTINGS, growth: 1.3, epsilon: 60 }, variates);
    const recorder = gpu.record("steps");
    for (let step = 0; step <= SETTINGS.iterations; step++) {
      recorder.run(evaluate);
      search.step(recorder);
    }
    recorder.submit();
    const states = await search.read();
    for (const one of [evaluate, search, cost]) one.destroy();
    return states;
  };
  const together = await run(starts);
  const alone = [];
  for (const start of starts) alone.push(...await run([start]));
  assertEquals(together, alone);
  assert(new Set(together.map(({ iterations }) => iterations)).size > 1, "they end at other steps");
});

gpuTest("Search leaks nothing when an allocation fails", async (gpu) => {
  const cost = gpu.buffer("cost", 16);
  const variates = normalVariates(3, 6 * SETTINGS.iterations);
  await assertNothingLeaks(gpu, () => {
    return Owned.build((owned) => {
      const search = owned.add(new Search(gpu, [START], cost));
      search.begin(SETTINGS, variates);
      return search;
    });
  });
  cost.destroy();
});
