import { assertEquals } from "@std/assert";
import { gpuTest } from "../../testing/gpu.ts";
import { FAST_TO_COMPILE } from "../../testing/tensorflow.ts";
import { assertCloseTo, seededValues } from "../../testing/float_values.ts";
import { Adam } from "./adam.ts";
import { Tensorflow, tf } from "../tensorflow.ts";

/** Algorithm 1 of Kingma and Ba 2015 in double precision. */
function adamReference(values: Float32Array, gradients: readonly Float32Array[], rate: number) {
  const [beta1, beta2, epsilon] = [0.5, 0.999, 1e-8];
  const first = new Float64Array(values.length);
  const second = new Float64Array(values.length);
  const moved = Float64Array.from(values);
  gradients.forEach((gradient, step) => {
    for (let i = 0; i < moved.length; i++) {
      first[i] = beta1 * first[i] + (1 - beta1) * gradient[i];
      second[i] = beta2 * second[i] + (1 - beta2) * gradient[i] ** 2;
      const mean = first[i] / (1 - beta1 ** (step + 1));
      const square = second[i] / (1 - beta2 ** (step + 1));
      moved[i] -= rate * mean / (Math.sqrt(square) + epsilon);
    }
  });
  return { moved, first, second };
}

for (const ops of ["own", "stock"] as const) {
  gpuTest(`Adam, ${ops}, equals double precision over several steps`, async (gpu) => {
    using tensorflow = await Tensorflow.open(gpu, { ...FAST_TO_COMPILE, ops });
    const shapes = [[3, 3, 4, 8], [5], [7, 7, 3, 1], [64], [1]];
    const counts = shapes.map((shape) => shape.reduce((a, b) => a * b));
    const start = counts.map((count, i) => seededValues(count, i));
    const variables = start.map((values, i) => tf.variable(tf.tensor(values.slice(), shapes[i])));
    const adam = new Adam(tensorflow, variables);
    const gradients: Float32Array[][] = [];
    for (let step = 0; step < 4; step++) {
      gradients.push(counts.map((count, i) => seededValues(count, 10 * step + i + 10)));
      const tensors = gradients[step].map((values, i) => tf.tensor(values.slice(), shapes[i]));
      // The values that were read are outdated after the step.
      await variables[0].data();
      // In every other step the gradient comes in two parts, as a quarter and three quarters.
      const parts = [0.25, 0.75].map((part) => tensors.map((tensor) => tensor.mul(part)));
      adam.apply(step % 2 === 0 ? [tensors] : [parts[0], parts[1]], 0.01);
      tf.dispose([tensors, ...parts]);
    }
    assertEquals(adam.steps, 4);
    for (const [i, variable] of variables.entries()) {
      const wanted = adamReference(start[i], gradients.map((all) => all[i]), 0.01);
      assertCloseTo(await variable.data(), wanted.moved, `variable ${i}`, 1e-5);
      assertCloseTo(await adam.first[i].data(), wanted.first, `first moment ${i}`);
      assertCloseTo(await adam.second[i].data(), wanted.second, `second moment ${i}`, 1e-5);
    }
    adam.dispose();
    tf.dispose(variables);
  });
}
