import { assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { gpuTest } from "../../testing/gpu.ts";
import type { Kernel } from "../gpu/gpu.ts";
import { assertNothingLeaks } from "../../testing/failing_allocations.ts";
import { SpectralScaling, spectralScalingReference } from "./spectral_scaling.ts";
import { type CostFunction, Lbfgs, lbfgsReference } from "./lbfgs.ts";

// Rosenbrock's valley in every point's x and y, a stiff bowl in z; the mean over all points.
const VALLEYS: Kernel = {
  label: "valleys",
  code: /* wgsl */ `
struct Parameters { count: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> points: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> gradient: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> scalars: array<f32>;
@compute @workgroup_size(1)
fn main() {
  let n = f32(parameters.count);
  var sum = 0.0;
  for (var i = 0u; i < parameters.count; i++) {
    let p = points[i];
    let a = 1 - p.x;
    let b = p.y - p.x * p.x;
    let k = 1 + f32(i % 7);
    sum += a * a + 10 * b * b + k * p.z * p.z;
    gradient[i] = vec4f(-2 * a - 40 * p.x * b, 20 * b, 2 * k * p.z, 0) / n;
  }
  scalars[0] = sum / n;
}`,
};

function valleys(count: number): CostFunction {
  return (p) => {
    const gradient = new Float64Array(4 * count);
    let cost = 0;
    for (let i = 0; i < count; i++) {
      const [x, y, z] = p.subarray(4 * i, 4 * i + 3);
      const k = 1 + i % 7;
      const a = 1 - x;
      const b = y - x * x;
      cost += (a * a + 10 * b * b + k * z * z) / count;
      gradient.set([-2 * a - 40 * x * b, 20 * b, 2 * k * z].map((g) => g / count), 4 * i);
    }
    return { cost, gradient };
  };
}

for (const isPreconditioned of [false, true]) {
  const title = isPreconditioned ? "preconditioned L-BFGS" : "L-BFGS";
  gpuTest(`${title} on the GPU takes the steps of its twin and finds the minimum`, async (gpu) => {
    const count = 130;
    const size = [13, 5, 2] as const;
    const factors = Float32Array.from({ length: count }, (_, k) => 1 / (1 + 0.1 * (k % 3)));
    const start = Float64Array.from(
      { length: 4 * count },
      (_, i) => i % 4 === 3 ? 0 : -0.5 + i % 3,
    );
    const options = {
      memory: 6,
      iterations: 150,
      tolerance: 1e-9,
      firstMove: 0.2,
      maxMove: 1,
      minMove: 1e-5,
    };
    const expected = lbfgsReference(valleys(count), start, {
      ...options,
      preconditioner: isPreconditioned
        ? (vector) => spectralScalingReference({ size, factors }, vector)
        : undefined,
    });
    const preconditioner = isPreconditioned
      ? new SpectralScaling(gpu, { size, factors })
      : undefined;
    const optimiser = new Lbfgs(gpu, { ...options, count, penaltyPartials: 1, preconditioner });
    gpu.write(optimiser.point, Float32Array.from(start));
    gpu.write(optimiser.trial, Float32Array.from(start));
    const evaluate = gpu.prepare(VALLEYS, {
      parameters: { count },
      buffers: [optimiser.trial, optimiser.gradient, optimiser.scalars],
      workgroups: [1],
    });
    const costs: number[] = [];
    let state = await optimiser.read();
    while (state.stopped === "running" && state.evaluations < 300) {
      const recorder = gpu.record("step");
      optimiser.record(recorder, [evaluate]);
      recorder.submit();
      state = await optimiser.read();
      if (state.iterations === costs.length) costs.push(state.cost);
    }
    // Single precision parts ways in the end; the first dozen steps must be the same.
    for (let i = 0; i < 12; i++) {
      assertAlmostEquals(costs[i], expected.costs[i], 1e-3 * expected.costs[i]);
    }
    // The kept costs are those that were read after each step.
    assertEquals(Array.from(await optimiser.costs(state.iterations)), costs);
    assertLess(state.cost, 1e-6);
    assertEquals(state.stopped === "converged" || state.stopped === "no further descent", true);
    const point = new Float32Array(await gpu.download(optimiser.point));
    for (let i = 0; i < count; i++) {
      assertAlmostEquals(point[4 * i], 1, 0.02);
      assertAlmostEquals(point[4 * i + 1], 1, 0.02);
      assertAlmostEquals(point[4 * i + 2], 0, 0.02);
    }
    evaluate.destroy();
    optimiser.destroy();
    preconditioner?.destroy();
  });
}

Deno.test("the twin of L-BFGS stops at the iteration limit", () => {
  const start = new Float64Array(8).fill(0.3);
  const { costs } = lbfgsReference(valleys(2), start, {
    iterations: 3,
    tolerance: 0,
    firstMove: 0.1,
    maxMove: 1,
    minMove: 1e-9,
  });
  assertEquals(costs.length, 4);
});

/** Options of an optimisation of 10 points. */
const SMALL = {
  count: 10,
  penaltyPartials: 1,
  iterations: 3,
  tolerance: 0,
  firstMove: 0.1,
  maxMove: 1,
  minMove: 1e-9,
};

gpuTest("Lbfgs leaks nothing when an allocation fails", async (gpu) => {
  await assertNothingLeaks(gpu, () => new Lbfgs(gpu, SMALL));
});

gpuTest("Lbfgs leaks nothing when an allocation fails with a preconditioner", async (gpu) => {
  const factors = new Float32Array(10).fill(1);
  const preconditioner = new SpectralScaling(gpu, { size: [10, 1, 1], factors });
  await assertNothingLeaks(gpu, () => new Lbfgs(gpu, { ...SMALL, preconditioner }));
  preconditioner.destroy();
});
