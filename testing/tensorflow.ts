/** Opens tfjs in tests. */

import type { TensorflowOptions } from "../gan/tensorflow.ts";

/**
 * The variant of the convolutions for tests of other code. A software adapter compiles the tiles in a small
 * part of the registers' time, and without a choice both are compiled, to be measured. Both are tested by
 * `gan/ops/convolution/convolution_slow_test.ts`, the registers also by the cycle-GAN's gradients and its learning,
 * and the choice by the training's tests.
 */
export const FAST_TO_COMPILE: TensorflowOptions = { convolution: "tiles" };
