import { assertAlmostEquals, assertEquals, assertGreater, assertLess } from "@std/assert";
import { gpuTest } from "../../testing/gpu.ts";
import { regulariserReference } from "../../kernels/regulariser/regulariser.ts";
import { spectralScalingReference } from "../../kernels/optimiser/spectral_scaling.ts";
import { lbfgsReference } from "../../kernels/optimiser/lbfgs.ts";
import { Random } from "../../testing/random.ts";
import { createPreconditioner, preconditionerFactors } from "./preconditioner.ts";

Deno.test("preconditionerFactors() keeps the mean, and follows the bending energy by hand", () => {
  // Four points of 10 mm along x: the highest frequency is 3 pi / 4.
  const factors = preconditionerFactors({ lambda: 30, size: [4, 1, 1], spacing: [10, 10, 10] });
  assertEquals(factors[0], 1);
  // Laplacian (2 + sqrt(2)) / 100, squared times 60: 0.0699411. Mass (2 - sqrt(2) / 2) / 3 = 0.430964.
  assertAlmostEquals(factors[3], Math.sqrt(1e-4 / (4.30964e-5 + 0.0699411)), 1e-6);
  // Three times the curvature with three times lambda has the same factors.
  const [size, spacing] = [[4, 1, 1], [10, 10, 10]] as const;
  const tripled = preconditionerFactors({ lambda: 90, curvature: 3e-4, size, spacing });
  factors.forEach((factor, i) => assertAlmostEquals(tripled[i], factor, 1e-7));
});

Deno.test("preconditionerFactors() of a spline is the inverse Hessian at a frequency, by hand", () => {
  const factors = preconditionerFactors({
    interpolation: "cubic",
    lambda: 30,
    size: [4, 1, 1],
    spacing: [10, 10, 10],
  });
  assertAlmostEquals(factors[0], 1, 1e-7);
  // Two pi / 4: the bands 151/315, 397/1680, 1/42, 1/5040 and 8/3, -3/2, 0, 1/6 times 1, 0, -1, 0, twice.
  const mass = 151 / 315 - 2 / 42;
  const bending = 8 / 3 / 1e4;
  assertAlmostEquals(factors[2], Math.sqrt(1e-4 / (1e-4 * mass + 60 * bending)), 1e-7);
});

gpuTest("createPreconditioner() has an operator for the bending energy alone", (gpu) => {
  const options = { lambda: 30, size: [4, 5, 3], spacing: [10, 12, 15] } as const;
  const bending = createPreconditioner(gpu, { ...options, regulariser: "bending" });
  assertEquals(bending === undefined, false);
  bending?.destroy();
  for (const regulariser of ["tv", "l2"] as const) {
    assertEquals(createPreconditioner(gpu, { ...options, regulariser }), undefined);
  }
  const free = { ...options, regulariser: "bending", lambda: 0 } as const;
  assertEquals(createPreconditioner(gpu, free), undefined);
});

Deno.test("the preconditioner lets L-BFGS reach a minimum in a third of the evaluations", () => {
  // E pulls a few control points to known displacements, and the bending energy joins the others.
  const size = [6, 5, 4] as const;
  const spacing = [20, 20, 20] as const;
  const lambda = 30;
  const count = 6 * 5 * 4;
  const random = new Random(3);
  const wanted = Array.from({ length: 4 * count }, (_, i) => i % 4 === 3 ? 0 : 5 * random.normal());
  const cost = (point: Float64Array) => {
    const knots = Array.from({ length: 3 * count }, (_, i) => point[4 * Math.floor(i / 3) + i % 3]);
    const penalty = regulariserReference(
      { regulariser: "bending", size, spacing, weight: lambda / count },
      knots,
    );
    const gradient = new Float64Array(4 * count);
    let value = penalty.value;
    for (let k = 0; k < count; k++) {
      const weight = k % 5 === 0 ? 5e-3 / count : 0;
      for (let c = 0; c < 3; c++) {
        const difference = point[4 * k + c] - wanted[4 * k + c];
        value += weight * difference ** 2;
        gradient[4 * k + c] = 2 * weight * difference + penalty.gradient[3 * k + c];
      }
    }
    return { cost: value, gradient };
  };
  const start = new Float64Array(4 * count);
  const options = { iterations: 400, tolerance: 0, firstMove: 3, maxMove: 6, minMove: 1e-6 };
  const factors = preconditionerFactors({ lambda, size, spacing });
  const plain = lbfgsReference(cost, start, options);
  const preconditioned = lbfgsReference(cost, start, {
    ...options,
    preconditioner: (vector) => spectralScalingReference({ size, factors }, vector),
  });
  const least = Math.min(plain.costs.at(-1)!, preconditioned.costs.at(-1)!);
  const stepsTo = (costs: readonly number[]) => costs.findIndex((F) => F < least * 1.001 + 1e-9);
  assertGreater(stepsTo(preconditioned.costs), 0);
  assertLess(3 * stepsTo(preconditioned.costs), stepsTo(plain.costs));
});
