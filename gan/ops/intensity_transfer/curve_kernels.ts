/**
 * tfjs kernels that compute a value from each value of images, with a curve for each network.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import type { TensorInfo } from "@tensorflow/tfjs";
import type { Kernel } from "../../../kernels/gpu/gpu.ts";
import { flatWorkgroups } from "../../../kernels/gpu/workgroups.ts";
import { imagesPerGroup, type NetworksOfImages } from "../networks_of_images.ts";
import type { OpRunner } from "../op_runner.ts";
import type { AirRadius } from "./air_rule.ts";

/** Attributes of the kernels. */
export interface CurveAttributes {
  /** The network of each image. */
  readonly networks: NetworksOfImages;
  /** Nodes of a curve. */
  readonly nodes: number;
  /** The window of pixels around a value; of kernels with a window. */
  readonly radius?: AirRadius | undefined;
}

/**
 * Adds a kernel to tfjs whose output has the shape of its first input. If the attributes have the radius of a window,
 * the uniform block ends with the height, the width and the channels of an image, and the radius.
 *
 * @param inputs - Names of the inputs, in the order of their bindings; the output follows.
 */
export function addCurveKernel(
  runner: OpRunner,
  { kernelName, kernel, inputs: names }: {
    readonly kernelName: string;
    readonly kernel: Kernel;
    readonly inputs: readonly string[];
  },
): void {
  const planOf = (shape: readonly number[], { networks, nodes, radius }: CurveAttributes) =>
    runner.cached(
      `${kernel.label} ${[shape, nodes, networks.first, networks.step, networks.groups, radius]}`,
      () => {
        const [images, height, width, channels] = shape;
        const count = images * height * width * channels;
        const { workgroups, stride } = flatWorkgroups(count);
        const window = radius && { height, width, channels, rows: radius[0], columns: radius[1] };
        return runner.plan({
          kernel,
          parameters: {
            group: imagesPerGroup(images, networks) * count / images,
            count,
            stride,
            nodes,
            first: networks.first,
            step: networks.step,
            ...window,
          },
          workgroups,
        });
      },
    );
  tf.registerKernel({
    kernelName,
    backendName: "webgpu",
    kernelFunc: ({ inputs, attrs }) => {
      const read = names.map((name) => (inputs as Record<string, TensorInfo>)[name]);
      const output = runner.output(read[0].shape);
      const plan = planOf(read[0].shape, attrs as unknown as CurveAttributes);
      runner.run(plan, [...read, output]);
      return output;
    },
  });
}
