import type { Kernel } from "../../../kernels/gpu/gpu.ts";
import { imageArray } from "../convolution/_parameters.wgsl.ts";

/** What is done beside normalising. */
export interface NormOutputs {
  /** An image is added behind the activation. */
  readonly skip: boolean;
  /** The value itself is wanted. */
  readonly keep: boolean;
  /** The value surrounded by its reflection is wanted. */
  readonly padded: boolean;
}

/** Pixels that are read at once, for their moments. */
const AT_ONCE = Array.from({ length: 8 }, (_, i) => i);

/**
 * Sizes are constants: software Vulkan would compile a kernel again at each dispatch where these come from a
 * uniform block and bound loops in loops.
 */
const SHARED = /* wgsl */ `
override images: u32 = 1;
override height: u32 = 2;
override width: u32 = 2;
override quads: u32 = 1;
override pad: u32 = 0;

struct Parameters {
  epsilon: f32,
  // Of the activation below 0: 1 without one, 0 for ReLU.
  slope: f32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;

fn reflected(at: u32, size: u32) -> u32 {
  let inside = abs(i32(at) - i32(pad));
  let last = i32(size) - 1;
  return u32(last - abs(last - inside));
}

// The quad at a row and column of the images, and of the padded ones.
fn pixel(image: u32, row: u32, column: u32, quad: u32) -> u32 {
  return ((image * height + row) * width + column) * quads + quad;
}
fn paddedPixel(image: u32, row: u32, column: u32, quad: u32) -> u32 {
  return ((image * (height + 2 * pad) + row) * (width + 2 * pad) + column) * quads + quad;
}
`;

/** Loops over the border of a padded image, with \`row\` and \`column\` in it. */
function eachBorderPixel(body: string): string {
  return /* wgsl */ `
  for (var row = 0u; row < height + 2 * pad; row++) {
    let isBorder = row < pad || row >= height + pad;
    // Columns at both ends, or all.
    let step = select(width + pad, 1u, isBorder);
    for (var first = 0u; first < width + 2 * pad; first += step) {
      for (var column = first; column < select(first + pad, first + 1, isBorder); column++) {
        ${body}
      }
    }
  }`;
}

/**
 * Statistics, values and their reflection in one dispatch, an invocation for a quad of channels of an image:
 * for small images on a processor, where a dispatch costs more than the sums.
 *
 * @param uniformQuads - Of the input, where it fits a uniform block, else 0.
 */
export function normWholeImages(parts: NormOutputs, uniformQuads: number): Kernel {
  const { skip, keep, padded } = parts;
  let binding = 6;
  const optional = (name: string, access: string) =>
    `@group(0) @binding(${binding++}) var<storage, ${access}> ${name}: array<vec4f>;`;
  const own = padded ? "output[paddedPixel(image, row + pad, column + pad, quad)]" : "output[at]";
  return {
    label: `instance norm, whole images ${JSON.stringify([skip, keep, padded, uniformQuads])}`,
    code: /* wgsl */ `
${SHARED}
${imageArray(1, "input", true, uniformQuads)}
@group(0) @binding(2) var<storage, read> gamma: array<vec4f>;
@group(0) @binding(3) var<storage, read> beta: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> statistics: array<vec4f>;
// The padded values where they are wanted, else the values.
@group(0) @binding(5) var<storage, read_write> output: array<vec4f>;
${keep && padded ? optional("value", "read_write") : ""}
${skip ? optional("added", "read") : ""}

@compute @workgroup_size(8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  let quad = id.x;
  let image = id.y;
  if (quad >= quads) { return; }
  let pixels = height * width;
  let base = image * pixels * quads + quad;
  var mean = vec4f(0);
  var squares = vec4f(0);
  for (var first = 0u; first < pixels; first += ${AT_ONCE.length}) {
    ${
      AT_ONCE.map((i) =>
        `let v${i} = input[base + min(first + ${i}, pixels - 1) * quads];
    let w${i} = select(0.0, 1.0, first + ${i} < pixels);`
      ).join("\n    ")
    }
    let here = ${AT_ONCE.map((i) => `w${i}`).join(" + ")};
    // From the first value on, so that an offset that all have costs no digits.
    let meanHere = v0 + (${AT_ONCE.map((i) => `w${i} * (v${i} - v0)`).join(" + ")}) / here;
    ${AT_ONCE.map((i) => `let d${i} = v${i} - meanHere;`).join(" ")}
    // Joined as in the statistics of parts.
    let difference = meanHere - mean;
    let total = f32(first) + here;
    mean += difference * (here / total);
    squares += ${AT_ONCE.map((i) => `w${i} * d${i} * d${i}`).join(" + ")}
      + difference * difference * (f32(first) * here / total);
  }
  let inverse = inverseSqrt(squares / f32(pixels) + p.epsilon);
  let ofImage = 2 * image * quads + quad;
  statistics[ofImage] = mean;
  statistics[ofImage + quads] = inverse;
  let g = gamma[quad];
  let b = beta[quad];
  var at = base;
  for (var row = 0u; row < height; row++) {
    for (var column = 0u; column < width; column++) {
      let y = fma((input[at] - mean) * inverse, g, b);
      let result = max(y, vec4f(0)) + p.slope * min(y, vec4f(0))${skip ? " + added[at]" : ""};
      ${own} = result;
      ${keep && padded ? "value[at] = result;" : ""}
      at += quads;
    }
  }
  ${
      padded
        ? eachBorderPixel(
          "output[paddedPixel(image, row, column, quad)] = output[paddedPixel(image, " +
            "reflected(row, height) + pad, reflected(column, width) + pad, quad)];",
        )
        : ""
    }
}
`,
  };
}

/**
 * The gradients in one dispatch, an invocation for a quad of channels of all images: by the input, gamma,
 * beta, and the image that is added.
 *
 * @param uniformQuads - Of the input, where it fits a uniform block, else 0.
 */
export function normWholeImagesGradient(parts: NormOutputs, uniformQuads: number): Kernel {
  const { skip, keep, padded } = parts;
  let binding = 8;
  const optional = (name: string, access: string) =>
    `@group(0) @binding(${binding++}) var<storage, ${access}> ${name}: array<vec4f>;`;
  // The sum of what comes back from the value and its copies; the added image's gradient is that sum.
  const isSummed = padded || skip;
  const sum = skip ? "addedGradient" : padded ? "output" : "gradient";
  return {
    label: `instance norm gradient, whole images ${
      JSON.stringify([skip, keep, padded, uniformQuads])
    }`,
    code: /* wgsl */ `
${SHARED}
${imageArray(1, "input", true, uniformQuads)}
@group(0) @binding(2) var<storage, read> statistics: array<vec4f>;
@group(0) @binding(3) var<storage, read> gamma: array<vec4f>;
@group(0) @binding(4) var<storage, read> beta: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> output: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> gammaGradient: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> betaGradient: array<vec4f>;
${padded ? optional("paddedGradient", "read") : ""}
${
      keep && isSummed
        ? optional("gradient", "read")
        : keep
        ? imageArray(binding++, "gradient", true, uniformQuads)
        : ""
    }
${skip ? optional("addedGradient", "read_write") : ""}

@compute @workgroup_size(8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  let quad = id.x;
  if (quad >= quads) { return; }
  let g = gamma[quad];
  let b = beta[quad];
  let pixels = height * width;
  var allSums = vec4f(0);
  var allProducts = vec4f(0);
  for (var image = 0u; image < images; image++) {
    let ofImage = 2 * image * quads + quad;
    let mean = statistics[ofImage];
    let inverse = statistics[ofImage + quads];
    let base = image * pixels * quads + quad;
    ${
      isSummed
        ? `var at = base;
    for (var row = 0u; row < height; row++) {
      for (var column = 0u; column < width; column++) {
        ${sum}[at] = ${
          [
            padded ? "paddedGradient[paddedPixel(image, row + pad, column + pad, quad)]" : "",
            keep ? "gradient[at]" : "",
          ].filter((term) => term !== "").join(" + ")
        };
        at += quads;
      }
    }`
        : ""
    }
    ${
      padded
        ? eachBorderPixel(
          `let copied = pixel(image, reflected(row, height), reflected(column, width), quad);
        ${sum}[copied] += paddedGradient[paddedPixel(image, row, column, quad)];`,
        )
        : ""
    }
    var sum = vec4f(0);
    var product = vec4f(0);
    for (var i = 0u; i < pixels; i++) {
      let normal = (input[base + i * quads] - mean) * inverse;
      let slope = select(vec4f(p.slope), vec4f(1), fma(normal, g, b) > vec4f(0));
      let d = ${sum}[base + i * quads] * slope;
      sum += d;
      product = fma(d, normal, product);
    }
    allSums += sum;
    allProducts += product;
    let scale = g * inverse;
    let meanSum = sum / f32(pixels);
    let meanProduct = product / f32(pixels);
    for (var i = 0u; i < pixels; i++) {
      let normal = (input[base + i * quads] - mean) * inverse;
      let slope = select(vec4f(p.slope), vec4f(1), fma(normal, g, b) > vec4f(0));
      let d = ${sum}[base + i * quads] * slope;
      output[base + i * quads] = scale * (d - meanSum - normal * meanProduct);
    }
  }
  gammaGradient[quad] = allProducts;
  betaGradient[quad] = allSums;
}
`,
  };
}
