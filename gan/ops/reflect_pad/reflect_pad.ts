/**
 * Reflect padding with its exact gradient. The gradient of tfjs omits the contributions of the border.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import type { TensorInfo } from "@tensorflow/tfjs";
import type { OpRunner } from "../op_runner.ts";
import { reflectFold, reflectPad as padKernel } from "./reflect_pad.wgsl.ts";

const FORWARD = "CrosswarpReflectPad";
const GRADIENT = "CrosswarpReflectPadGradient";

/** Adds the kernels to tfjs; the returned function removes them. */
export function addReflectPadToTfjs(runner: OpRunner): () => void {
  const backendName = "webgpu";
  const plan = (kernel: typeof padKernel, shape: readonly number[], pad: number) => {
    const [images, height, width, channels] = shape;
    const whole = channels % 4 === 0;
    const steps = whole ? channels / 4 : channels;
    const padded = kernel === padKernel ? 2 * pad : 0;
    return runner.cached(`${kernel.name} ${shape} ${pad}`, () =>
      runner.plan({
        kernel: kernel(whole ? "vec4f" : "f32"),
        parameters: { height, width, channels: steps, pad, images },
        workgroups: [Math.ceil((width + padded) * steps / 64), height + padded, images],
      }));
  };
  const add = (kernelName: string, kernel: typeof padKernel, grow: number) =>
    tf.registerKernel({
      kernelName,
      backendName,
      kernelFunc: ({ inputs, attrs }) => {
        const { x } = inputs as Record<string, TensorInfo>;
        const { pad } = attrs as unknown as { pad: number };
        const [images, height, width, channels] = x.shape;
        const shape = [images, height + grow * pad, width + grow * pad, channels];
        const output = runner.output(shape);
        const small = grow > 0 ? x.shape : shape;
        runner.run(plan(kernel, small, pad), [x, output]);
        return output;
      },
    });
  add(FORWARD, padKernel, 2);
  add(GRADIENT, reflectFold, -2);
  tf.registerGradient({
    kernelName: FORWARD,
    inputsToSave: [],
    gradFunc: (dy, _saved, attrs) => ({
      x: () => tf.engine().runKernel<tf.Tensor>(GRADIENT, { x: dy as tf.Tensor }, attrs),
    }),
  });
  return () => {
    tf.unregisterKernel(FORWARD, backendName);
    tf.unregisterKernel(GRADIENT, backendName);
    tf.unregisterGradient(FORWARD);
  };
}

/**
 * Surrounds images by `pad` pixels of their reflection; the border pixels are not repeated.
 *
 * @param x - Images, [batch, height, width, channels]; height and width are larger than `pad`.
 * @throws {RangeError} if the images are too small for this border.
 */
export function reflectPad(x: tf.Tensor4D, pad: number): tf.Tensor4D {
  const [, height, width] = x.shape;
  if (pad >= Math.min(height, width)) {
    throw new RangeError(`Images of ${height} x ${width} pixels cannot be padded by ${pad}`);
  }
  if (tf.getKernel(FORWARD, "webgpu") !== undefined) {
    return tf.engine().runKernel<tf.Tensor4D>(FORWARD, { x }, { pad });
  }
  return padWithStockOps(x, pad);
}

/** Computes the same with the kernels of tfjs. */
function padWithStockOps(x: tf.Tensor4D, pad: number): tf.Tensor4D {
  const around: [number, number][] = [[0, 0], [pad, pad], [pad, pad], [0, 0]];
  const padded = tf.customGrad((...inputs) => ({
    value: tf.mirrorPad(inputs[0] as tf.Tensor4D, around, "reflect"),
    gradFunc: (dy: tf.Tensor) => fold(fold(dy as tf.Tensor4D, 1, pad), 2, pad),
  }));
  return padded(x) as tf.Tensor4D;
}

/** Removes the borders of an axis and adds their values to the pixels of which they are copies. */
function fold(dy: tf.Tensor4D, axis: 1 | 2, pad: number): tf.Tensor4D {
  return tf.tidy(() => {
    const size = dy.shape[axis] - 2 * pad;
    const cut = (from: number, count: number) => {
      const begin: [number, number, number, number] = [0, 0, 0, 0];
      const extent = [...dy.shape] as [number, number, number, number];
      begin[axis] = from;
      extent[axis] = count;
      return tf.slice(dy, begin, extent);
    };
    const placed = (border: tf.Tensor4D, before: number) => {
      const around: [number, number][] = [[0, 0], [0, 0], [0, 0], [0, 0]];
      around[axis] = [before, size - pad - before];
      return tf.pad(tf.reverse(border, axis), around);
    };
    return cut(pad, size)
      .add(placed(cut(0, pad), 1))
      .add(placed(cut(pad + size, pad), size - 1 - pad)) as tf.Tensor4D;
  });
}
