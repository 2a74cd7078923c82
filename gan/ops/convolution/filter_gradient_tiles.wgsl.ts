import type { Kernel } from "../../../kernels/gpu/gpu.ts";
import { loadQuad, pixelArray } from "../_quads.wgsl.ts";
import { range } from "../range.ts";
import { FILTER_GRADIENT_PARAMETERS } from "./_parameters.wgsl.ts";

/** The properties of a convolution for which the code of {@link filterGradientTiles} is generated. */
export interface FilterGradientWorkgroupTile {
  /** Columns of taps. */
  readonly tapColumns: number;
  /** Pixels from one output's window to the next. */
  readonly stride: number;
  /** True if the input's channels fill whole quads. */
  readonly inWhole: boolean;
  /** True if the output's channels fill whole quads. */
  readonly outWhole: boolean;
  /** True if the sums are added to the earlier contents. A branch in the shader would be slow. */
  readonly accumulate: boolean;
}

/**
 * A part of a filter's gradient as a matrix product of tiles in workgroup memory, for graphics processors. A
 * workgroup computes 64 input by 64 output channels of one tap and adds over some of the output's rows, 32 pixels at
 * a time. An invocation computes 8 by 4 channels.
 */
export function filterGradientTiles(tile: FilterGradientWorkgroupTile): Kernel {
  const { tapColumns, stride } = tile;
  return {
    label: `filter gradient: in tiles ${JSON.stringify(Object.values(tile))}`,
    code: /* wgsl */ `
${FILTER_GRADIENT_PARAMETERS}
${pixelArray(1, "input", tile.inWhole)}
${pixelArray(2, "gradient", tile.outWhole)}
@group(0) @binding(3) var<storage, read_write> sums: array<vec4f>;

${loadQuad("loadInput", "input", tile.inWhole)}
${loadQuad("loadGradient", "gradient", tile.outWhole)}

// 32 pixels by 16 quads of channels.
var<workgroup> inputTile: array<vec4f, 512>;
var<workgroup> gradientTile: array<vec4f, 512>;

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let p = parameters;
  let taps = p.tapRows * ${tapColumns}u;
  let partOfAll = group.z / taps;
  let tap = group.z - partOfAll * taps;
  let imageGroup = partOfAll / p.parts;
  let part = partOfAll - imageGroup * p.parts;
  let firstLine = imageGroup * p.groupImages * p.outHeight;
  let ky = i32(tap / ${tapColumns}u);
  let kx = i32(tap % ${tapColumns}u);
  let across = lane % 16;
  let along = lane / 16;
  let q = 16 * group.y + across;
  let n = 16 * group.x + across;
  let toLine = firstLine + min((part + 1) * p.partRows, p.groupImages * p.outHeight);
  let toPixel = toLine * p.outWidth;
  ${range(8).map((m) => `var s${m} = vec4f(0);`).join(" ")}
  for (var fromPixel = (firstLine + part * p.partRows) * p.outWidth; fromPixel < toPixel; fromPixel += 32) {
    ${
      range(4).map((j) =>
        `{
      let pixel = fromPixel + along + ${8 * j};
      let line = pixel / p.outWidth;
      let image = line / p.outHeight;
      let row = i32(line - image * p.outHeight) * ${stride} + ky - p.padTop;
      let column = i32(pixel - line * p.outWidth) * ${stride} + kx - p.padLeft;
      var value = vec4f(0);
      if (pixel < toPixel && q < p.inQuads && row >= 0 && row < p.inHeight && column >= 0 && column < p.inWidth) {
        value = loadInput(u32((i32(image) * p.inHeight + row) * p.inWidth + column), q, p.inChannels, p.inQuads);
      }
      inputTile[(along + ${8 * j}) * 16 + across] = value;
      value = vec4f(0);
      if (pixel < toPixel && n < p.outQuads) {
        value = loadGradient(pixel, n, p.outChannels, p.outQuads);
      }
      gradientTile[(along + ${8 * j}) * 16 + across] = value;
    }`
      ).join("\n    ")
    }
    workgroupBarrier();
    for (var k = 0u; k < 32; k++) {
      let a = inputTile[k * 16 + 2 * along];
      let b = inputTile[k * 16 + 2 * along + 1];
      let g = gradientTile[k * 16 + across];
      ${
      ["a.x", "a.y", "a.z", "a.w", "b.x", "b.y", "b.z", "b.w"].map((v, m) =>
        `s${m} = fma(vec4f(${v}), g, s${m});`
      ).join("\n      ")
    }
    }
    workgroupBarrier();
  }
  if (n >= p.outQuads) { return; }
  let at = u32(p.sumOrigin + i32(imageGroup) * p.sumGroup + i32(part) * p.sumPart
    + i32(tap) * p.sumTap);
  ${
      range(8).map((m) =>
        `if (64 * group.y + 8 * along + ${m} < 4 * p.inQuads) {
    sums[at + (64 * group.y + 8 * along + ${m}) * p.outQuads + n] ${
          tile.accumulate ? "+=" : "="
        } s${m};
  }`
      ).join("\n  ")
    }
}
`,
  };
}
