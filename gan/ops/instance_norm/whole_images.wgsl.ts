import type { Kernel } from "../../../kernels/gpu/gpu.ts";
import { imageArray } from "../_quads.wgsl.ts";
import { range } from "../range.ts";

/** Steps in addition to the normalisation, and the values that are wanted. */
export interface NormOutputs {
  /** True if an image is added after the activation. */
  readonly skip: boolean;
  /** True if the value without a border is wanted. */
  readonly keep: boolean;
  /** True if the value surrounded by its reflection is wanted. */
  readonly padded: boolean;
}

/** Pixels that are read together, for their moments. */
const AT_ONCE = range(8);

/**
 * Sizes are constants. If they came from a uniform block and bounded nested loops, software Vulkan would compile the
 * kernel again at each dispatch.
 */
const SHARED = /* wgsl */ `
override groupImages: u32 = 1;
override height: u32 = 2;
override width: u32 = 2;
override quads: u32 = 1;
override pad: u32 = 0;

struct Parameters {
  epsilon: f32,
  // Slope of the activation below 0: 1 for no activation, 0 for ReLU.
  slope: f32,
  // Images of group g pass through the network firstNetwork + networkStep g.
  firstNetwork: i32,
  networkStep: i32,
  // 1 if the gradient is added to the earlier contents.
  accumulate: u32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;

// Index of the first scale of the network of a group; its offsets follow.
fn scales(group: u32) -> u32 {
  let p = parameters;
  return u32(p.firstNetwork + p.networkStep * i32(group)) * 2 * quads;
}

fn reflected(at: u32, size: u32) -> u32 {
  let inside = abs(i32(at) - i32(pad));
  let last = i32(size) - 1;
  return u32(last - abs(last - inside));
}

// Index of the quad at a row and column of the images, and of the padded images.
fn pixel(image: u32, row: u32, column: u32, quad: u32) -> u32 {
  return ((image * height + row) * width + column) * quads + quad;
}
fn paddedPixel(image: u32, row: u32, column: u32, quad: u32) -> u32 {
  return ((image * (height + 2 * pad) + row) * (width + 2 * pad) + column) * quads + quad;
}
`;

/** WGSL of a loop over the border of a padded image; `body` uses `row` and `column`. */
function eachBorderPixel(body: string): string {
  return /* wgsl */ `
  for (var row = 0u; row < height + 2 * pad; row++) {
    let isBorder = row < pad || row >= height + pad;
    // Columns at both ends of a row inside, all columns of a border row.
    let step = select(width + pad, 1u, isBorder);
    for (var first = 0u; first < width + 2 * pad; first += step) {
      for (var column = first; column < select(first + pad, first + 1, isBorder); column++) {
        ${body}
      }
    }
  }`;
}

/**
 * Statistics, values and their reflection in one dispatch, for small images on a software adapter. An invocation
 * computes a quad of channels of one image.
 *
 * @param uniformQuads - Number of quads of the input if it fits a uniform block, otherwise 0.
 */
export function normWholeImages(outputs: NormOutputs, uniformQuads: number): Kernel {
  const { skip, keep, padded } = outputs;
  let binding = 5;
  const optional = (name: string, access: string) =>
    `@group(0) @binding(${binding++}) var<storage, ${access}> ${name}: array<vec4f>;`;
  const result = padded
    ? "output[paddedPixel(image, row + pad, column + pad, quad)]"
    : "output[at]";
  return {
    label: `instance norm: whole images ${JSON.stringify([skip, keep, padded, uniformQuads])}`,
    code: /* wgsl */ `
${SHARED}
${imageArray(1, "input", true, uniformQuads)}
// Scales and offsets of each network.
@group(0) @binding(2) var<storage, read> weights: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> statistics: array<vec4f>;
// The padded values if they are wanted, otherwise the values.
@group(0) @binding(4) var<storage, read_write> output: array<vec4f>;
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
    // Relative to the first value, so that a common offset costs no digits.
    let meanHere = v0 + (${AT_ONCE.map((i) => `w${i} * (v${i} - v0)`).join(" + ")}) / here;
    ${AT_ONCE.map((i) => `let d${i} = v${i} - meanHere;`).join(" ")}
    // Combined as in the statistics of parts.
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
  let ofNetwork = scales(image / groupImages) + quad;
  let g = weights[ofNetwork];
  let b = weights[ofNetwork + quads];
  var at = base;
  for (var row = 0u; row < height; row++) {
    for (var column = 0u; column < width; column++) {
      let y = fma((input[at] - mean) * inverse, g, b);
      let result = max(y, vec4f(0)) + p.slope * min(y, vec4f(0))${skip ? " + added[at]" : ""};
      ${result} = result;
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
 * The gradients by the input, gamma, beta and the added image in one dispatch. An invocation computes a quad of
 * channels of all images of a group.
 *
 * @param uniformQuads - Number of quads of the input if it fits a uniform block, otherwise 0.
 */
export function normWholeImagesGradient(outputs: NormOutputs, uniformQuads: number): Kernel {
  const { skip, keep, padded } = outputs;
  let binding = 6;
  const optional = (name: string, access: string) =>
    `@group(0) @binding(${binding++}) var<storage, ${access}> ${name}: array<vec4f>;`;
  // The gradients by the value and by its padded copy are added; the sum is the gradient by the added image.
  const isSummed = padded || skip;
  const sum = skip ? "addedGradient" : padded ? "output" : "gradient";
  return {
    label: `instance norm: gradient of whole images ${
      JSON.stringify([skip, keep, padded, uniformQuads])
    }`,
    code: /* wgsl */ `
${SHARED}
${imageArray(1, "input", true, uniformQuads)}
@group(0) @binding(2) var<storage, read> statistics: array<vec4f>;
// Scales and offsets of each network.
@group(0) @binding(3) var<storage, read> weights: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> output: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> weightGradient: array<vec4f>;
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
  let ofNetwork = scales(id.y) + quad;
  let g = weights[ofNetwork];
  let b = weights[ofNetwork + quads];
  let pixels = height * width;
  var allSums = vec4f(0);
  var allProducts = vec4f(0);
  for (var i = 0u; i < groupImages; i++) {
    let image = id.y * groupImages + i;
    let ofImage = 2 * image * quads + quad;
    let mean = statistics[ofImage];
    let inverse = statistics[ofImage + quads];
    let base = image * pixels * quads + quad;
    ${isSummed ? sumGradients(outputs, sum) : ""}
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
  if (p.accumulate != 0) {
    allProducts += weightGradient[ofNetwork];
    allSums += weightGradient[ofNetwork + quads];
  }
  weightGradient[ofNetwork] = allProducts;
  weightGradient[ofNetwork + quads] = allSums;
}
`,
  };
}

/** WGSL that adds, per pixel, the gradients by the value and by all of its copies in the padded value. */
function sumGradients({ keep, padded }: NormOutputs, sum: string): string {
  const terms = [];
  if (padded) terms.push("paddedGradient[paddedPixel(image, row + pad, column + pad, quad)]");
  if (keep) terms.push("gradient[at]");
  const addBorder = eachBorderPixel(
    `let copied = pixel(image, reflected(row, height), reflected(column, width), quad);
        ${sum}[copied] += paddedGradient[paddedPixel(image, row, column, quad)];`,
  );
  return /* wgsl */ `var at = base;
    for (var row = 0u; row < height; row++) {
      for (var column = 0u; column < width; column++) {
        ${sum}[at] = ${terms.join(" + ")};
        at += quads;
      }
    }
    ${padded ? addBorder : ""}`;
}
