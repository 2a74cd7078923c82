/** Opens tfjs in tests. */

import type { TensorflowOptions } from "../gan/tensorflow.ts";

/**
 * For tests in which the convolutions are not the point. A software adapter compiles and runs the registers in
 * a small part of the tiles' time, and without a choice both are compiled, to be measured. Both are tested by
 * `gan/ops/convolution/convolution_slow_test.ts` and by the cycle-GAN's gradients, and the choice by the
 * training's tests.
 */
export const FAST_TO_COMPILE: TensorflowOptions = { convolution: "registers" };
