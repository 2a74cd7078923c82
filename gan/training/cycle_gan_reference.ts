/**
 * The networks and their losses on the processor in double precision, with which tests compare the training.
 *
 * @module
 */

import type { Modality } from "../../volume/modality.ts";
import type { CycleGanSettings } from "../model/settings.ts";
import {
  convolutionReference,
  inputGradientReference,
} from "../ops/convolution/convolution_reference.ts";
import type { ConvolutionShape } from "../ops/convolution/convolution_shape.ts";
import { INSTANCE_NORM_EPSILON } from "../ops/instance_norm/instance_norm.ts";
import {
  type ImageShape,
  instanceNormReference,
} from "../ops/instance_norm/instance_norm_reference.ts";
import { curveLogits } from "../ops/intensity_transfer/intensity_transfer.ts";
import { airTermReference } from "../ops/intensity_transfer/air_term_reference.ts";
import { curvePoint } from "../ops/intensity_transfer/intensity_transfer_reference.ts";
import { type TransferCurves, transfersByNetwork } from "../networks/transfer_curves.ts";
import { structureLossReference } from "../ops/structure_loss/structure_loss_reference.ts";
import { SINGLE_NETWORK } from "../ops/networks_of_images.ts";
import { reflectPadReference } from "../ops/reflect_pad/reflect_pad_reference.ts";

/** A square image; the channel is the fastest axis. */
export interface ReferenceImage {
  /** Number of rows and of columns. */
  readonly size: number;
  /** Number of channels. */
  readonly channels: number;
  /** Values, [size, size, channels]. */
  readonly values: Float64Array;
}

/** Weights by their names in the networks. */
export type ReferenceWeights = ReadonlyMap<string, Float64Array>;

function convolution(
  image: ReferenceImage,
  channels: number,
  [kernel, stride, same]: readonly [number, number, boolean],
): ConvolutionShape {
  const size = image.size;
  const out = same ? Math.ceil(size / stride) : Math.floor((size - kernel) / stride) + 1;
  const pad = same ? Math.floor(Math.max(0, (out - 1) * stride + kernel - size) / 2) : 0;
  return {
    batch: 1,
    stride,
    inHeight: size,
    inWidth: size,
    outHeight: out,
    outWidth: out,
    inChannels: image.channels,
    outChannels: channels,
    kernelHeight: kernel,
    kernelWidth: kernel,
    padTop: pad,
    padLeft: pad,
    networks: SINGLE_NETWORK,
  };
}

/** Layers of a network with its weights. */
class Layers {
  constructor(readonly name: string, readonly weights: ReferenceWeights) {}

  weight(name: string): Float64Array {
    const found = this.weights.get(`${this.name}/${name}`);
    if (found === undefined) throw new RangeError(`No weight ${this.name}/${name}`);
    return found;
  }

  convolve(
    layer: string,
    image: ReferenceImage,
    channels: number,
    how: readonly [number, number, boolean],
  ): ReferenceImage {
    const shape = convolution(image, channels, how);
    const values = convolutionReference(shape, image.values, this.weight(`${layer}/filter`));
    return { size: shape.outHeight, channels, values };
  }

  /** The transpose of a convolution with stride 2 that halves the size. */
  enlarge(layer: string, image: ReferenceImage, channels: number): ReferenceImage {
    const large = { size: 2 * image.size, channels, values: new Float64Array() };
    const shape = convolution(large, image.channels, [3, 2, true]);
    const filter = this.weight(`${layer}/filter`);
    return { ...large, values: inputGradientReference(shape, image.values, filter) };
  }

  norm(layer: string, { size, channels, values }: ReferenceImage, slope: number): ReferenceImage {
    const y = instanceNormReference({
      shape: [1, size, size, channels],
      x: values,
      slope,
      epsilon: INSTANCE_NORM_EPSILON,
      gamma: this.weight(`${layer}/scale`),
      beta: this.weight(`${layer}/offset`),
    });
    return { size, channels, values: y };
  }
}

function padded({ size, channels, values }: ReferenceImage, pad: number): ReferenceImage {
  const y = reflectPadReference([1, size, size, channels], values, pad);
  return { size: size + 2 * pad, channels, values: y };
}

/** Applies the generator of this name to an image. */
function generatorReference(
  name: string,
  { channels, generatorFilters: filters, blocks }: CycleGanSettings,
  weights: ReferenceWeights,
  image: ReferenceImage,
  transfer?: TransferCurves,
): ReferenceImage {
  const layers = new Layers(name, weights);
  const step = (layer: string, x: ReferenceImage, out: number, stride: number, same: boolean) =>
    layers.norm(
      layer,
      layers.convolve(layer, x, out, [layer === "enter" ? 7 : 3, stride, same]),
      0,
    );
  let y = step("enter", padded(image, 3), filters, 1, false);
  y = step("down1", y, 2 * filters, 2, true);
  y = step("down2", y, 4 * filters, 2, true);
  for (let block = 1; block <= blocks; block++) {
    const inner = step(`block${block}a`, padded(y, 1), 4 * filters, 1, false);
    const b = `block${block}b`;
    const outer = layers.convolve(b, padded(inner, 1), 4 * filters, [3, 1, false]);
    const { values } = layers.norm(b, outer, 1);
    const before = y.values;
    y = { ...y, values: values.map((value, i) => value + before[i]) };
  }
  y = layers.norm("up1", layers.enlarge("up1", y, 2 * filters), 0);
  y = layers.norm("up2", layers.enlarge("up2", y, filters), 0);
  const out = layers.convolve("leave", padded(y, 3), channels, [7, 1, false]);
  const transfers = transfersByNetwork(transfer);
  const curve = transfers.transfer?.[name];
  if (curve === undefined) return { ...out, values: out.values.map(Math.tanh) };
  const logits = curveLogits(curve);
  const rule = transfers.air?.[name];
  const air = rule &&
    airTermReference(image.values, [image.size, image.size, channels], rule, curve);
  const values = out.values.map((value, i) =>
    Math.tanh(value + curvePoint(logits, image.values[i]).value + (air?.[i] ?? 0))
  );
  return { ...out, values };
}

/** Applies the discriminator of this name to an image. */
function discriminatorReference(
  name: string,
  { strides, discriminatorFilters, discriminatorNorm }: CycleGanSettings,
  weights: ReferenceWeights,
  image: ReferenceImage,
): ReferenceImage {
  const layers = new Layers(name, weights);
  let y = image;
  strides.forEach((stride, i) => {
    const layer = `layer${i + 1}`;
    const last = i === strides.length - 1;
    const channels = last ? 1 : discriminatorFilters * 2 ** Math.min(i, 3);
    y = layers.convolve(layer, y, channels, [4, stride, true]);
    if (last) return;
    y = i > 0 && discriminatorNorm
      ? layers.norm(layer, y, 0.2)
      : { ...y, values: y.values.map((value) => value > 0 ? value : 0.2 * value) };
  });
  return y;
}

const mean = (values: Float64Array, of: (value: number, i: number) => number) =>
  values.reduce((sum, value, i) => sum + of(value, i), 0) / values.length;

/** A registered pair, the weights of its pixels, and the weight of the regression. */
export interface ReferenceRegression {
  /** The pair and the weights of its pixels. */
  readonly pair: Readonly<Record<Modality | "weight", ReferenceImage>>;
  /** Weight of the regression in the loss. */
  readonly weight: number;
}

/** What a generator's loss may have in addition. */
export interface ReferenceLossOptions {
  /** The regression on a registered pair. */
  readonly regression?: ReferenceRegression | undefined;
  /** The intensity transfer that the generators correct. */
  readonly transfer?: TransferCurves | undefined;
}

/** Computes the whole loss of both generators for a CT and an MR. */
export function generatorLossReference(
  settings: CycleGanSettings,
  weights: ReferenceWeights,
  real: Readonly<Record<Modality, ReferenceImage>>,
  { regression, transfer }: ReferenceLossOptions = {},
): number {
  const { structureWeight, structureMeasure, structureFloors } = settings;
  let loss = 0;
  for (const [here, there] of [["ct", "mr"], ["mr", "ct"]] as const) {
    const generate = (to: Modality, image: ReferenceImage) =>
      generatorReference(`generator_${to}`, settings, weights, image, transfer);
    const fake = generate(there, real[here]);
    const judged = discriminatorReference(`discriminator_${there}`, settings, weights, fake);
    const again = generate(here, fake);
    loss += mean(judged.values, (value) => (value - 1) ** 2);
    const original = real[here].values;
    loss += settings.cycleWeight * mean(again.values, (value, i) => Math.abs(value - original[i]));
    if (structureWeight > 0) {
      const shape: ImageShape = [1, fake.size, fake.size, fake.channels];
      loss += structureWeight * structureLossReference(structureMeasure, shape, {
        source: original,
        synthesis: fake.values,
        floors: [{ source: structureFloors[here], synthesis: structureFloors[there] }],
      });
    }
    if (regression !== undefined) {
      const { pair, weight } = regression;
      const found = generate(there, pair[here]);
      loss += weight * mean(
        found.values,
        (value, i) => pair.weight.values[i] * Math.abs(value - pair[there].values[i]),
      );
    }
  }
  return loss;
}

/** Computes the loss of a discriminator for a real and a synthesised image. */
export function discriminatorLossReference(
  of: Modality,
  settings: CycleGanSettings,
  weights: ReferenceWeights,
  real: ReferenceImage,
  synthesised: ReferenceImage,
): number {
  const judged = (image: ReferenceImage) =>
    discriminatorReference(`discriminator_${of}`, settings, weights, image).values;
  return 0.5 * mean(judged(real), (value) => (value - 1) ** 2) +
    0.5 * mean(judged(synthesised), (value) => value ** 2);
}
