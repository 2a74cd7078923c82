import type { Kernel } from "../../../kernels/gpu/gpu.ts";
import { CURVE, curveParameters, forEachValue } from "./_curves.wgsl.ts";

const SHARED = curveParameters();

/** y = tanh(residual + curve(x)). */
export const TRANSFER: Kernel = {
  label: "intensity transfer",
  code: /* wgsl */ `
// Some drivers compute the tanh of large numbers as infinity by infinity. That of 15 is 1 in single precision.
const MAX_ARGUMENT = 15f;
${SHARED}
@group(0) @binding(1) var<storage, read> images: array<f32>;
@group(0) @binding(2) var<storage, read> residuals: array<f32>;
@group(0) @binding(3) var<storage, read> curves: array<f32>;
@group(0) @binding(4) var<storage, read_write> output: array<f32>;
${CURVE}
${
    forEachValue(
      `let sum = residuals[at] + curveAt(images[at], at).x;
  output[at] = tanh(clamp(sum, -MAX_ARGUMENT, MAX_ARGUMENT));`,
    )
  }
`,
};

/** The gradient by the residual: dy (1 - y^2). */
export const RESIDUAL_GRADIENT: Kernel = {
  label: "intensity transfer: gradient by the residual",
  code: /* wgsl */ `
${SHARED}
@group(0) @binding(1) var<storage, read> results: array<f32>;
@group(0) @binding(2) var<storage, read> resultGradient: array<f32>;
@group(0) @binding(3) var<storage, read_write> output: array<f32>;
${forEachValue("output[at] = resultGradient[at] * (1 - results[at] * results[at]);")}
`,
};

/** The gradient by the image: dy (1 - y^2) curve'(x). */
export const IMAGE_GRADIENT: Kernel = {
  label: "intensity transfer: gradient by the image",
  code: /* wgsl */ `
${SHARED}
@group(0) @binding(1) var<storage, read> images: array<f32>;
@group(0) @binding(2) var<storage, read> curves: array<f32>;
@group(0) @binding(3) var<storage, read> results: array<f32>;
@group(0) @binding(4) var<storage, read> resultGradient: array<f32>;
@group(0) @binding(5) var<storage, read_write> output: array<f32>;
${CURVE}
${
    forEachValue(
      "output[at] = resultGradient[at] * (1 - results[at] * results[at]) * curveAt(images[at], at).y;",
    )
  }
`,
};
