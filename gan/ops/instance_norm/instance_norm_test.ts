import { assertThrows } from "@std/assert";
import { gpuTest } from "../../../testing/gpu.ts";
import { FAST_TO_COMPILE } from "../../../testing/tensorflow.ts";
import { assertCloseTo, seededValues } from "../../../testing/float_values.ts";
import { TestLayer } from "../../../testing/layer_weights.ts";
import { Tensorflow, tf } from "../../tensorflow.ts";
import { type NetworksOfImages, SINGLE_NETWORK } from "../networks_of_images.ts";
import { INSTANCE_NORM_EPSILON, instanceNorm } from "./instance_norm.ts";
import {
  type ImageShape,
  instanceNormGradientReference,
  instanceNormReference,
  type InstanceNormValues,
} from "./instance_norm_reference.ts";

const inOrder: NetworksOfImages = { networks: 2, first: 0, step: 1, groups: 2 };
const swapped: NetworksOfImages = { networks: 2, first: 1, step: -1, groups: 2 };

const cases: [string, ImageShape, number, NetworksOfImages?][] = [
  ["one pixel", [1, 1, 1, 4], 0],
  ["odd sizes, two images, ReLU", [2, 7, 5, 12], 0],
  ["without an activation", [1, 9, 8, 16], 1],
  ["leaky ReLU, more pixels than parts", [1, 67, 65, 8], 0.2],
  ["many channels", [1, 4, 3, 132], 0.2],
  ["whole images, no multiple of what is read at once", [2, 9, 7, 64], 0],
  ["whole images, larger than a uniform block", [1, 23, 25, 68], 0.2],
  ["parts, two networks of two images each", [4, 7, 5, 12], 0.2, inOrder],
  ["whole images, two networks", [2, 9, 7, 64], 0, swapped],
  ["whole images, two networks of two images each", [4, 5, 4, 64], 0.2, swapped],
];

function valuesOf(
  shape: ImageShape,
  slope: number,
  networks: NetworksOfImages = SINGLE_NETWORK,
): InstanceNormValues & { dy: Float32Array; networks: NetworksOfImages } {
  const scales = networks.networks * shape[3];
  const count = shape.reduce((a, b) => a * b);
  return {
    shape,
    slope,
    networks,
    epsilon: INSTANCE_NORM_EPSILON,
    // An offset far from 0 shows sums that lose digits.
    x: seededValues(count, 1).map((value, i) => 3 * value + 10 * (i % shape[3] % 4)),
    gamma: seededValues(scales, 2).map((value) => 1 + value),
    beta: seededValues(scales, 3),
    dy: seededValues(count, 4),
  };
}

for (const ops of ["own", "stock"] as const) {
  gpuTest(`instanceNorm(), ${ops}: value and gradients equal double precision`, async (gpu, t) => {
    using _ = await Tensorflow.open(gpu, { ...FAST_TO_COMPILE, ops });
    for (const [name, shape, slope, networks] of cases) {
      await t.step(name, async () => {
        const values = valuesOf(shape, slope, networks);
        const x = tf.tensor4d(values.x as Float32Array, [...shape]);
        const layer = layerOf(values);
        const dy = tf.tensor4d(values.dy, [...shape]);
        const run = ([x]: tf.Tensor[]) =>
          instanceNorm(x as tf.Tensor4D, layer, values.networks, slope);
        const y = run([x]);
        assertCloseTo(await y.data(), instanceNormReference(values), "value", 1e-5);
        const { byX, byWeights } = await layer.gradients(run, [x], dy);
        const wanted = instanceNormGradientReference(values, values.dy);
        assertCloseTo(await byX[0].data(), wanted.dx, "dx", 2e-5);
        const weights = interleaved(wanted.dgamma, wanted.dbeta, shape[3]);
        assertCloseTo(byWeights, weights, "weights", 2e-5);
        if (ops === "own") {
          layer.accumulate();
          tf.dispose((await layer.gradients(run, [x], dy)).byX);
          const twice = weights.map((value) => 2 * value);
          assertCloseTo(await layer.written(), twice, "weights, added", 2e-5);
        }
        tf.dispose([x, dy, y, ...byX]);
        layer.dispose();
      });
    }
  });
}

/** Scales and offsets of each network in turn. */
function interleaved(gamma: ArrayLike<number>, beta: ArrayLike<number>, channels: number) {
  return Float64Array.from({ length: 2 * gamma.length }, (_, i) => {
    const channel = i % channels + Math.floor(i / (2 * channels)) * channels;
    return (Math.floor(i / channels) % 2 === 0 ? gamma : beta)[channel];
  });
}

function layerOf({ shape, gamma, beta, networks }: ReturnType<typeof valuesOf>): TestLayer {
  const channels = shape[3];
  return new TestLayer(
    [networks.networks, 2, channels],
    interleaved(gamma, beta, channels),
  );
}

gpuTest("instanceNorm() refuses channels that are no quads", async (gpu) => {
  using _ = await Tensorflow.open(gpu, FAST_TO_COMPILE);
  const x = tf.zeros<tf.Rank.R4>([1, 4, 4, 3]);
  const layer = new TestLayer([1, 2, 3], new Float32Array(6));
  assertThrows(() => instanceNorm(x, layer, SINGLE_NETWORK, 0), RangeError, "multiple of 4");
  x.dispose();
  layer.dispose();
});

Deno.test("instance normalisation's gradient equals central differences", () => {
  const shape: ImageShape = [2, 3, 5, 2];
  const { dy, ...values } = valuesOf(shape, 0.2, swapped);
  const loss = (changed: Partial<InstanceNormValues>) =>
    instanceNormReference({ ...values, ...changed }).reduce((sum, y, i) => sum + y * dy[i], 0);
  const gradient = instanceNormGradientReference(values, dy);
  for (const [of, by] of [["x", "dx"], ["gamma", "dgamma"], ["beta", "dbeta"]] as const) {
    const differences = Float64Array.from(values[of], (_, i) => {
      const moved = (h: number) => Float64Array.from(values[of], (v, j) => i === j ? v + h : v);
      return (loss({ [of]: moved(1e-5) }) - loss({ [of]: moved(-1e-5) })) / 2e-5;
    });
    assertCloseTo(gradient[by], differences, by, 1e-6);
  }
});
