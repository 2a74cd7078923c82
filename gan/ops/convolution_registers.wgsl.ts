import type { Kernel } from "../../kernels/gpu/gpu.ts";
import {
  CORRELATION_PART_PARAMETERS,
  imageArray,
  loadQuad,
  pixelArray,
  storeQuad,
} from "./_convolution.wgsl.ts";

/** What the code of {@link convolutionRegisters} is written out for. */
export interface RegisterTile {
  /** Columns of taps. */
  readonly tapColumns: number;
  readonly stride: number;
  /** Neighbouring output pixels of an invocation. */
  readonly pixels: number;
  /** Quads of output channels of an invocation. */
  readonly outQuads: number;
  /** Whether the input's channels are whole quads. */
  readonly inWhole: boolean;
  /** Whether the output's channels are whole quads. */
  readonly outWhole: boolean;
  /** The input's quads where they fit a uniform block, else 0. */
  readonly uniformInput: number;
  /** Uniform blocks with the filter's rows of taps, the same number in each. */
  readonly filterBlocks: number;
  /** Quads of each. */
  readonly filterQuads: number;
  /** Whether the filter has quads of input channels instead of output channels. */
  readonly transposed: boolean;
}

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

/**
 * A correlation with an invocation's sums in registers and the filter in a uniform block, 64 KiB of it
 * a dispatch. Software Vulkan reads uniform memory 2 to 3 times as fast as storage memory, a loaded value is
 * worth `pixels` or 4 `outQuads` products, and a sum, which there are too many of to stay in its registers,
 * is read and written once for the four products of a quad.
 */
export function convolutionRegisters(tile: RegisterTile): Kernel {
  const { tapColumns, stride, pixels, outQuads } = tile;
  const window = range(stride * (pixels - 1) + tapColumns);
  const blocks = range(tile.filterBlocks);
  const each = (line: (m: number, t: number) => string) =>
    range(pixels).map((m) => range(outQuads).map((t) => line(m, t)).join(" ")).join("\n  ");
  const product = (m: number, kx: number) =>
    tile.transposed ? `v${m * stride + kx} * w` : `w * v${m * stride + kx}`;
  const sums = (block: number) =>
    range(tapColumns).map((kx) =>
      range(outQuads).map((t) =>
        `{
        let at = weight + ${kx} * p.filter_column + ${t} * p.filter_out_quad;
        let w = mat4x4f(${
          range(4).map((i) => `filters${block}[at + ${i} * p.filter_channel]`).join(", ")
        });
        ${range(pixels).map((m) => `s${m}_${t} += ${product(m, kx)};`).join("\n        ")}
      }`
      ).join("\n      ")
    ).join("\n      ");
  return {
    label: `convolution, registers ${JSON.stringify(Object.values(tile))}`,
    code: /* wgsl */ `
override lanes: u32 = 8;
override tiles: u32 = 8;

${CORRELATION_PART_PARAMETERS}
${
      blocks.map((b) =>
        `@group(0) @binding(${1 + b}) var<uniform> filters${b}: array<vec4f, ${tile.filterQuads}>;`
      ).join("\n")
    }
${imageArray(1 + blocks.length, "input", tile.inWhole, tile.uniformInput)}
${pixelArray(2 + blocks.length, "output", tile.outWhole, "read_write")}

${loadQuad("load_input", "input", tile.inWhole)}
${loadQuad("load_output", "output", tile.outWhole)}
${storeQuad("store_output", "output", tile.outWhole)}

// In one dimension, since software Vulkan computes eight invocations along x at once.
@compute @workgroup_size(8)
fn main(
  @builtin(workgroup_id) id: vec3u,
  @builtin(num_workgroups) groups: vec3u,
  @builtin(local_invocation_index) index: u32,
) {
  let p = parameters;
  let at = (id.y * groups.x + id.x) * 8 + index;
  let quad = at % lanes * ${outQuads};
  let x = at / lanes % tiles * ${pixels};
  let line = at / (lanes * tiles);
  if (line >= p.batch * p.rows) { return; }
  let image = line / p.rows;
  let y = line - image * p.rows;
  let out_quads = (p.out_channels + 3) / 4;
  let out_quad = p.out_quad_from + quad;
  let out_row = (image * p.out_height + y * p.out_stride + p.out_y) * p.out_width + p.out_x;
  let first = i32(x) * ${stride} - p.pad_left;
  // Columns outside the image are read at its border and count nothing.
  ${
      window.map((j) =>
        `let c${j} = clamp(first + ${j}, 0, p.in_width - 1); let i${j} = select(0.0, 1.0, c${j} == first + ${j});`
      ).join("\n  ")
    }
  ${each((m, t) => `var s${m}_${t} = vec4f(0);`)}
  if (p.continued != 0) {
    ${
      each((m, t) =>
        `s${m}_${t} = load_output(out_row + min(x + ${m}, p.columns - 1) * p.out_stride, min(out_quad + ${t}, out_quads - 1), p.out_channels, out_quads);`
      )
    }
  }
  let tap_rows = p.tap_to - p.tap_from;
  ${
      blocks.map((block) =>
        `for (var r = 0u; r < tap_rows; r++) {
    let row = i32(y) * ${stride} + i32(p.tap_from + ${block} * tap_rows + r) - p.pad_top;
    let inside = select(0.0, 1.0, row >= 0 && row < p.in_height);
    let base = (i32(image) * p.in_height + clamp(row, 0, p.in_height - 1)) * p.in_width;
    var weight = p.filter_origin + i32(r) * p.filter_row + i32(quad) * p.filter_out_quad
      + i32(p.quad_from) * p.filter_in_quad;
    for (var q = p.quad_from; q < p.quad_to; q++) {
      ${
          window.map((j) =>
            `let v${j} = load_input(u32(base + c${j}), q, p.in_channels, p.in_quads) * (inside * i${j});`
          ).join("\n      ")
        }
      ${sums(block)}
      weight += p.filter_in_quad;
    }
  }`
      ).join("\n  ")
    }
  ${
      range(pixels).map((m) =>
        `if (x + ${m} < p.columns) { ${
          range(outQuads).map((t) =>
            `if (out_quad + ${t} < out_quads) { store_output(out_row + (x + ${m}) * p.out_stride, out_quad + ${t}, p.out_channels, out_quads, s${m}_${t}); }`
          ).join(" ")
        } }`
      ).join("\n  ")
    }
}
`,
  };
}
