import type { Kernel } from "../../../kernels/gpu/gpu.ts";
import {
  CORRELATION_PART_PARAMETERS,
  imageArray,
  loadQuad,
  pixelArray,
  storeQuad,
} from "./_parameters.wgsl.ts";

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
        let at = weight + ${kx} * p.filterColumn + ${t} * p.filterOutQuad;
        let w = mat4x4f(${
          range(4).map((i) => `filters${block}[at + ${i} * p.filterChannel]`).join(", ")
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

${loadQuad("loadInput", "input", tile.inWhole)}
${loadQuad("loadOutput", "output", tile.outWhole)}
${storeQuad("storeOutput", "output", tile.outWhole)}

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
  let outQuads = (p.outChannels + 3) / 4;
  let outQuad = p.outQuadFrom + quad;
  let outRow = (image * p.outHeight + y * p.outStride + p.outY) * p.outWidth + p.outX;
  let first = i32(x) * ${stride} - p.padLeft;
  // Columns outside the image are read at its border and count nothing.
  ${
      window.map((j) =>
        `let c${j} = clamp(first + ${j}, 0, p.inWidth - 1); let i${j} = select(0.0, 1.0, c${j} == first + ${j});`
      ).join("\n  ")
    }
  ${each((m, t) => `var s${m}_${t} = vec4f(0);`)}
  if (p.continued != 0) {
    ${
      each((m, t) =>
        `s${m}_${t} = loadOutput(outRow + min(x + ${m}, p.columns - 1) * p.outStride, min(outQuad + ${t}, outQuads - 1), p.outChannels, outQuads);`
      )
    }
  }
  let tapRows = p.tapTo - p.tapFrom;
  ${
      blocks.map((block) =>
        `for (var r = 0u; r < tapRows; r++) {
    let row = i32(y) * ${stride} + i32(p.tapFrom + ${block} * tapRows + r) - p.padTop;
    let inside = select(0.0, 1.0, row >= 0 && row < p.inHeight);
    let base = (i32(image) * p.inHeight + clamp(row, 0, p.inHeight - 1)) * p.inWidth;
    var weight = p.filterOrigin + i32(r) * p.filterRow + i32(quad) * p.filterOutQuad
      + i32(p.quadFrom) * p.filterInQuad;
    for (var q = p.quadFrom; q < p.quadTo; q++) {
      ${
          window.map((j) =>
            `let v${j} = loadInput(u32(base + c${j}), q, p.inChannels, p.inQuads) * (inside * i${j});`
          ).join("\n      ")
        }
      ${sums(block)}
      weight += p.filterInQuad;
    }
  }`
      ).join("\n  ")
    }
  ${
      range(pixels).map((m) =>
        `if (x + ${m} < p.columns) { ${
          range(outQuads).map((t) =>
            `if (outQuad + ${t} < outQuads) { storeOutput(outRow + (x + ${m}) * p.outStride, outQuad + ${t}, p.outChannels, outQuads, s${m}_${t}); }`
          ).join(" ")
        } }`
      ).join("\n  ")
    }
}
`,
  };
}
