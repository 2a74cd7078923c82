import { assertEquals } from "@std/assert";
import { gpuTest } from "../../testing/gpu.ts";
import { FAST_TO_COMPILE } from "../../testing/tensorflow.ts";
import { assertCloseTo, seededValues } from "../../testing/float_values.ts";
import { RandomState } from "../../host/random.ts";
import { assignValues, NetworkWeights } from "../networks/network_weights.ts";
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

for (
  const [name, ops, limits] of [
    ["own", "own", {}],
    ["own, in several bindings", "own", { maxBindingBytes: 1100 }],
    ["stock", "stock", {}],
  ] as const
) {
  gpuTest(`Adam, ${name}, equals double precision over several steps`, async (gpu) => {
    using tensorflow = await Tensorflow.open(gpu, { ...FAST_TO_COMPILE, ops });
    const names = ["a", "b"];
    const weights = new NetworkWeights(names, names.map((name) => RandomState.of(1, name)));
    weights.addFilter("first", [3, 3, 4, 8]);
    weights.addNorm("first", 8);
    weights.addFilter("last", [7, 7, 3, 1]);
    const start = (await weights.values.data() as Float32Array).slice();
    const adam = new Adam(tensorflow, weights);
    const gradients: Float32Array[] = [];
    for (let step = 0; step < 4; step++) {
      gradients.push(seededValues(start.length, step + 10));
      assignValues(weights.gradient, gradients[step]);
      // The values that were read are outdated after the step.
      await weights.values.data();
      adam.apply(0.01);
    }
    assertEquals(adam.steps, 4);
    const wanted = adamReference(start, gradients, 0.01);
    assertCloseTo(await weights.values.data(), wanted.moved, "weights", 1e-5);
    assertCloseTo(await adam.first.data(), wanted.first, "first moments");
    assertCloseTo(await adam.second.data(), wanted.second, "second moments", 1e-5);
    adam.dispose();
    weights.dispose();
    assertEquals(tf.memory().numTensors, 0);
  }, limits);
}
