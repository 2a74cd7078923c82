/**
 * Shapes of convolutions. The forward pass and the input gradient of a convolution are both correlations.
 *
 * @module
 */

import type { NetworksOfImages } from "../networks_of_images.ts";

/**
 * Shape of a 2-D convolution with images [batch, height, width, channels], filters
 * [height, width, networks, in, out] and zeros around the image.
 */
export interface ConvolutionShape {
  readonly batch: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly inChannels: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly outChannels: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly stride: number;
  /** Rows of zeros above the image. */
  readonly padTop: number;
  /** Columns of zeros left of the image. */
  readonly padLeft: number;
  /** Networks whose filters are stored together, and the network of each image. */
  readonly networks: NetworksOfImages;
}

/** Key of a shape in the runner's cache. */
export function shapeKey(shape: ConvolutionShape): string {
  return JSON.stringify(
    Object.values(shape).flatMap((value) =>
      typeof value === "number" ? [value] : Object.values(value)
    ),
  );
}

/**
 * A correlation: out[outStride j + outY, outStride i + outX, n] = sum over ky, kx, c of
 * in[stride j + ky - padTop, stride i + kx - padLeft, c] filter(ky, kx, c, n),
 * for j < rows and i < columns; the input is 0 outside its borders.
 */
export interface Correlation {
  readonly batch: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly inChannels: number;
  readonly rows: number;
  readonly columns: number;
  readonly outChannels: number;
  /** Rows of taps; 0 if no tap reaches these outputs, which are then 0. */
  readonly tapRows: number;
  readonly tapColumns: number;
  readonly stride: number;
  readonly padTop: number;
  readonly padLeft: number;
  readonly outHeight: number;
  readonly outWidth: number;
  readonly outStride: number;
  readonly outY: number;
  readonly outX: number;
  /** Networks whose filters are stored together, and the network of each image. */
  readonly networks: NetworksOfImages;
  /** Positions of filter(ky, kx, c, n) of a network in the filter's array. */
  readonly filter: {
    readonly width: number;
    /** Number of values per tap and network. */
    readonly perTap: number;
    readonly firstRow: number;
    readonly rowStep: number;
    readonly firstColumn: number;
    readonly columnStep: number;
    readonly channelStep: number;
    readonly outStep: number;
  };
}

/** Expresses the forward pass as a correlation. */
export function forwardCorrelation(shape: ConvolutionShape): Correlation {
  const { outHeight, outWidth, inChannels, outChannels } = shape;
  return {
    ...shape,
    rows: outHeight,
    columns: outWidth,
    tapRows: shape.kernelHeight,
    tapColumns: shape.kernelWidth,
    outStride: 1,
    outY: 0,
    outX: 0,
    filter: {
      width: shape.kernelWidth,
      perTap: inChannels * outChannels,
      firstRow: 0,
      rowStep: 1,
      firstColumn: 0,
      columnStep: 1,
      channelStep: outChannels,
      outStep: 1,
    },
  };
}

/** Finds the taps that reach the inputs phase, phase + stride, ... along one axis. */
function phaseOf(phase: number, kernel: number, stride: number, pad: number, size: number) {
  const first = (phase + pad) % stride;
  const taps = Math.max(0, Math.ceil((kernel - first) / stride));
  return {
    taps,
    count: Math.max(0, Math.ceil((size - phase) / stride)),
    pad: taps - 1 - (phase + pad - first) / stride,
    last: first + stride * (taps - 1),
  };
}

/**
 * Expresses the input gradient as correlations of the output's gradient, one per phase of the stride: only every
 * stride-th tap reaches an input pixel.
 */
export function inputGradientCorrelations(shape: ConvolutionShape): Correlation[] {
  const { stride, inChannels, outChannels } = shape;
  const correlations: Correlation[] = [];
  for (let outY = 0; outY < stride; outY++) {
    for (let outX = 0; outX < stride; outX++) {
      const y = phaseOf(outY, shape.kernelHeight, stride, shape.padTop, shape.inHeight);
      const x = phaseOf(outX, shape.kernelWidth, stride, shape.padLeft, shape.inWidth);
      if (y.count === 0 || x.count === 0) continue;
      const none = y.taps === 0 || x.taps === 0;
      correlations.push({
        batch: shape.batch,
        inHeight: shape.outHeight,
        inWidth: shape.outWidth,
        inChannels: outChannels,
        rows: y.count,
        columns: x.count,
        outChannels: inChannels,
        tapRows: none ? 0 : y.taps,
        tapColumns: none ? 1 : x.taps,
        stride: 1,
        padTop: y.pad,
        padLeft: x.pad,
        outHeight: shape.inHeight,
        outWidth: shape.inWidth,
        outStride: stride,
        outY,
        outX,
        networks: shape.networks,
        filter: {
          width: shape.kernelWidth,
          perTap: inChannels * outChannels,
          firstRow: y.last,
          rowStep: -stride,
          firstColumn: x.last,
          columnStep: -stride,
          channelStep: 1,
          outStep: outChannels,
        },
      });
    }
  }
  return correlations;
}
