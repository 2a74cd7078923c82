import type { Kernel } from "../../kernels/gpu/gpu.ts";
import { FILTER_GRADIENT_PARAMETERS, loadQuad, pixelArray } from "./_convolution.wgsl.ts";

/** What the code of {@link filterGradientTiles} is written out for. */
export interface FilterGradientWorkgroupTile {
  /** Columns of taps. */
  readonly tapColumns: number;
  readonly stride: number;
  /** Whether the input's channels are whole quads. */
  readonly inWhole: boolean;
  /** Whether the output's channels are whole quads. */
  readonly outWhole: boolean;
}

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

/**
 * A part of the filter's gradient as a matrix product of tiles in workgroup memory, for graphics
 * processors: 64 input by 64 output channels of one tap a workgroup, summed over some of the output's
 * rows, 32 pixels at a time; 8 by 4 channels an invocation.
 */
export function filterGradientTiles(tile: FilterGradientWorkgroupTile): Kernel {
  const { tapColumns, stride } = tile;
  return {
    label: `filter gradient, tiles ${JSON.stringify(Object.values(tile))}`,
    code: /* wgsl */ `
${FILTER_GRADIENT_PARAMETERS}
${pixelArray(1, "input", tile.inWhole)}
${pixelArray(2, "gradient", tile.outWhole)}
@group(0) @binding(3) var<storage, read_write> sums: array<vec4f>;

${loadQuad("load_input", "input", tile.inWhole)}
${loadQuad("load_gradient", "gradient", tile.outWhole)}

// 32 pixels by 16 quads of channels.
var<workgroup> input_tile: array<vec4f, 512>;
var<workgroup> gradient_tile: array<vec4f, 512>;

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let p = parameters;
  let taps = p.tap_rows * ${tapColumns}u;
  let part = group.z / taps;
  let tap = group.z - part * taps;
  let ky = i32(tap / ${tapColumns}u);
  let kx = i32(tap % ${tapColumns}u);
  let across = lane % 16;
  let along = lane / 16;
  let q = 16 * group.y + across;
  let n = 16 * group.x + across;
  let to_pixel = min((part + 1) * p.part_rows, p.batch * p.out_height) * p.out_width;
  ${range(8).map((m) => `var s${m} = vec4f(0);`).join(" ")}
  for (var from_pixel = part * p.part_rows * p.out_width; from_pixel < to_pixel; from_pixel += 32) {
    ${
      range(4).map((j) =>
        `{
      let pixel = from_pixel + along + ${8 * j};
      let line = pixel / p.out_width;
      let image = line / p.out_height;
      let row = i32(line - image * p.out_height) * ${stride} + ky - p.pad_top;
      let column = i32(pixel - line * p.out_width) * ${stride} + kx - p.pad_left;
      var value = vec4f(0);
      if (pixel < to_pixel && q < p.in_quads && row >= 0 && row < p.in_height && column >= 0 && column < p.in_width) {
        value = load_input(u32((i32(image) * p.in_height + row) * p.in_width + column), q, p.in_channels, p.in_quads);
      }
      input_tile[(along + ${8 * j}) * 16 + across] = value;
      value = vec4f(0);
      if (pixel < to_pixel && n < p.out_quads) {
        value = load_gradient(pixel, n, p.out_channels, p.out_quads);
      }
      gradient_tile[(along + ${8 * j}) * 16 + across] = value;
    }`
      ).join("\n    ")
    }
    workgroupBarrier();
    for (var k = 0u; k < 32; k++) {
      let a = input_tile[k * 16 + 2 * along];
      let b = input_tile[k * 16 + 2 * along + 1];
      let g = gradient_tile[k * 16 + across];
      ${
      ["a.x", "a.y", "a.z", "a.w", "b.x", "b.y", "b.z", "b.w"].map((v, m) =>
        `s${m} = fma(vec4f(${v}), g, s${m});`
      ).join("\n      ")
    }
    }
    workgroupBarrier();
  }
  if (n >= p.out_quads) { return; }
  ${
      range(8).map((m) =>
        `if (64 * group.y + 8 * along + ${m} < 4 * p.in_quads) {
    sums[((part * taps + tap) * 4 * p.in_quads + 64 * group.y + 8 * along + ${m}) * p.out_quads + n] = s${m};
  }`
      ).join("\n  ")
    }
}
`,
  };
}
