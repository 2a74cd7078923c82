/**
 * Rates of the convolution kernels at the shapes of the networks.
 *
 * @module
 */

import { Tensorflow } from "../gan/mod.ts";
import { tf } from "../gan/tensorflow.ts";
import {
  convolutionFilterGradient,
  convolutionInputGradient,
  type ConvolutionVariant,
  convolve,
} from "../gan/ops/convolution/convolution.ts";
import { SINGLE_NETWORK } from "../gan/ops/networks_of_images.ts";
import type { ConvolutionShape } from "../gan/ops/convolution/convolution_shape.ts";
import type { Gpu } from "../kernels/gpu/gpu.ts";

/** A layer of a network: its name and its shape. */
export interface Layer {
  readonly name: string;
  readonly shape: ConvolutionShape;
}

/** The layers of both networks at `crop` pixels and `filters` filters. */
export function layersOf(crop: number, filters: number, channels: number): Layer[] {
  const layer = (
    name: string,
    [size, inChannels, outChannels]: readonly [number, number, number],
    [kernel, stride, pad, out]: readonly [number, number, number, number],
  ): Layer => ({
    name,
    shape: {
      batch: 1,
      inHeight: size,
      inWidth: size,
      inChannels,
      outChannels,
      stride,
      outHeight: out,
      outWidth: out,
      kernelHeight: kernel,
      kernelWidth: kernel,
      padTop: pad,
      padLeft: pad,
      networks: SINGLE_NETWORK,
    },
  });
  const n = crop;
  const f = filters;
  const c = channels;
  const quarter = crop / 4;
  return [
    layer("residual block 3x3", [quarter + 2, 4 * f, 4 * f], [3, 1, 0, quarter]),
    layer("first 7x7", [n + 6, c, f], [7, 1, 0, n]),
    layer("last 7x7", [n + 6, f, c], [7, 1, 0, n]),
    layer("down 3x3, stride 2", [n, f, 2 * f], [3, 2, 0, n / 2]),
    layer("discriminator 4x4, stride 2", [n / 2, f, 2 * f], [4, 2, 1, n / 4]),
    layer("discriminator 4x4", [n / 8, 4 * f, 8 * f], [4, 1, 1, n / 8]),
  ];
}

const disposed = (info: tf.TensorInfo) => tf.engine().makeTensorFromTensorInfo(info).dispose();

/** GFLOP/s of a layer's value, input gradient and filter gradient, by wall time; the best of some rounds. */
export async function convolutionRates(
  gpu: Gpu,
  layers: readonly Layer[],
  variant?: ConvolutionVariant,
): Promise<{ readonly variant: string; readonly rates: number[][] }> {
  using tensorflow = await Tensorflow.open(
    gpu,
    variant === undefined ? {} : { convolution: variant },
  );
  const { runner } = tensorflow;
  const chosen = tensorflow.convolution!;
  const rates: number[][] = [];
  for (const { shape } of layers) {
    const x = tf.randomNormal([1, shape.inHeight, shape.inWidth, shape.inChannels]);
    const filter = tf.randomNormal([
      shape.kernelHeight,
      shape.kernelWidth,
      1,
      shape.inChannels,
      shape.outChannels,
    ]);
    const dy = tf.randomNormal([1, shape.outHeight, shape.outWidth, shape.outChannels]);
    const range = { tensor: filter, offset: 0, bytes: 4 * filter.size };
    const sums = tf.zerosLike(filter);
    const target = { ...range, tensor: sums, accumulate: false };
    const operations = 2 * filter.size * shape.outHeight * shape.outWidth;
    const kernels = [
      () => disposed(convolve(runner, chosen, shape, x, range)),
      () => disposed(convolutionInputGradient(runner, chosen, shape, dy, range)),
      () => convolutionFilterGradient(runner, chosen, shape, [x, dy], target),
    ];
    const row: number[] = [];
    for (const kernel of kernels) {
      let best = 0;
      let runs = 4;
      for (let round = 0; round < 8; round++) {
        const began = performance.now();
        for (let i = 0; i < runs; i++) kernel();
        await tensorflow.finish();
        const each = (performance.now() - began) / runs;
        best = Math.max(best, operations / each / 1e6);
        // Several runs, so that the wait for the end has little influence.
        runs = Math.max(4, Math.min(400, Math.round(150 / each)));
      }
      row.push(best);
    }
    rates.push(row);
    tf.dispose([x, filter, dy, sums]);
  }
  return { variant: chosen, rates };
}
