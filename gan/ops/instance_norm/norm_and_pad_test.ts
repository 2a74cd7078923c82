import { assertEquals } from "@std/assert";
import { assertCloseTo, seededValues } from "../../../testing/float_values.ts";
import { gpuTest } from "../../../testing/gpu.ts";
import { FAST_TO_COMPILE } from "../../../testing/tensorflow.ts";
import { TestLayer } from "../../../testing/layer_weights.ts";
import { Tensorflow, tf } from "../../tensorflow.ts";
import { type NetworksOfImages, SINGLE_NETWORK } from "../networks_of_images.ts";
import { INSTANCE_NORM_EPSILON } from "./instance_norm.ts";
import {
  type ImageShape,
  instanceNormGradientReference,
  instanceNormReference,
} from "./instance_norm_reference.ts";
import { normAndPad } from "./norm_and_pad.ts";
import { reflectFoldReference, reflectPadReference } from "../reflect_pad/reflect_pad_reference.ts";

interface Case {
  readonly slope: number;
  readonly added: boolean;
  readonly keep: boolean;
  readonly pad: number;
  readonly networks?: NetworksOfImages | undefined;
}

const swapped: NetworksOfImages = { networks: 2, first: 1, step: -1, groups: 2 };

const cases: [string, ImageShape, Case][] = [
  ["the first of a block", [1, 8, 8, 64], { slope: 0, added: false, keep: false, pad: 1 }],
  ["the second", [1, 8, 8, 64], { slope: 1, added: true, keep: true, pad: 1 }],
  ["of the last block", [2, 5, 7, 64], { slope: 1, added: true, keep: true, pad: 0 }],
  ["ahead of the blocks", [2, 9, 4, 68], { slope: 0, added: false, keep: true, pad: 1 }],
  ["a wide border", [1, 5, 4, 64], { slope: 0.2, added: true, keep: false, pad: 3 }],
  ["the smallest image that can be padded", [1, 2, 2, 64], {
    slope: 0,
    added: true,
    keep: true,
    pad: 1,
  }],
  ["larger than a uniform block", [1, 23, 25, 68], { slope: 0, added: true, keep: true, pad: 1 }],
  ["few channels, of several kernels", [2, 6, 5, 8], {
    slope: 0,
    added: true,
    keep: true,
    pad: 1,
  }],
  ["two networks", [2, 5, 7, 64], {
    slope: 0,
    added: true,
    keep: true,
    pad: 1,
    networks: swapped,
  }],
  ["few channels, two networks", [2, 6, 5, 8], {
    slope: 0,
    added: true,
    keep: true,
    pad: 1,
    networks: swapped,
  }],
];

for (const ops of ["own", "stock"] as const) {
  gpuTest(`normAndPad(), ${ops}: values and gradients equal double precision`, async (gpu, t) => {
    using _ = await Tensorflow.open(gpu, { ...FAST_TO_COMPILE, ops });
    for (const [name, shape, options] of cases) {
      await t.step(name, () => check(shape, options));
    }
  });
}

async function check(
  shape: ImageShape,
  { slope, added: isAdded, keep, pad, networks = SINGLE_NETWORK }: Case,
): Promise<void> {
  const [images, height, width, channels] = shape;
  const count = shape.reduce((a, b) => a * b);
  const larger: ImageShape = [images, height + 2 * pad, width + 2 * pad, channels];
  const x = seededValues(count, 1).map((value, i) => 3 * value + 10 * (i % channels % 4));
  const scales = networks.networks * channels;
  const gamma = seededValues(scales, 2).map((value) => 1 + value);
  const beta = seededValues(scales, 3);
  const weights = (gamma: ArrayLike<number>, beta: ArrayLike<number>) =>
    Float64Array.from({ length: 2 * scales }, (_, i) => {
      const channel = i % channels + Math.floor(i / (2 * channels)) * channels;
      return (Math.floor(i / channels) % 2 === 0 ? gamma : beta)[channel];
    });
  const layer = new TestLayer([networks.networks, 2, channels], weights(gamma, beta));
  const added = seededValues(count, 4);
  const dy = seededValues(count, 5);
  const dpadded = seededValues(larger.reduce((a, b) => a * b), 6);
  const norm = { shape, x, gamma, beta, slope, networks, epsilon: INSTANCE_NORM_EPSILON };

  const value = instanceNormReference(norm).map((v, i) => isAdded ? v + added[i] : v);
  const come = new Float64Array(count);
  if (keep) come.forEach((_, i) => come[i] += dy[i]);
  if (pad > 0) reflectFoldReference(shape, dpadded, pad).forEach((v, i) => come[i] += v);
  const wanted = instanceNormGradientReference(norm, come);

  const tensors = [
    tf.tensor4d(x, [...shape]),
    tf.tensor4d(added, [...shape]),
  ];
  const run = ([x, added]: tf.Tensor[]) =>
    normAndPad({
      x: x as tf.Tensor4D,
      layer,
      networks,
      slope,
      keep,
      pad,
      added: isAdded ? added as tf.Tensor4D : undefined,
    });
  tf.engine().startScope();
  const found = run(tensors);
  if (keep) assertCloseTo(await found.value!.data(), value, "value", 1e-5);
  if (pad > 0) {
    const padded = reflectPadReference(shape, value, pad);
    assertCloseTo(await found.padded!.data(), padded, "padded", 1e-5);
  } else assertEquals(found.padded, undefined);

  // The gradient of the weighted sum of the results.
  const { byX, byWeights } = await layer.gradients((all) => {
    const { value, padded } = run(all);
    let loss = isAdded ? tf.scalar(0) : all[1].mul<tf.Scalar>(0).sum() as tf.Scalar;
    if (keep) loss = loss.add(value!.mul(tf.tensor4d(dy, [...shape])).sum());
    if (pad > 0) loss = loss.add(padded!.mul(tf.tensor4d(dpadded, [...larger])).sum());
    return loss;
  }, tensors);
  assertCloseTo(await byX[0].data(), wanted.dx, "dx", 2e-5);
  assertCloseTo(byWeights, weights(wanted.dgamma, wanted.dbeta), "weights", 2e-5);
  if (isAdded) assertCloseTo(await byX[1].data(), come, "added", 2e-5);
  tf.engine().endScope();
  tf.dispose([...tensors, ...byX]);
  layer.dispose();
}
