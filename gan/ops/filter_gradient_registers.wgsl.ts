import type { Kernel } from "../../kernels/gpu/gpu.ts";
import { FILTER_GRADIENT_PARAMETERS, imageArray, loadQuad } from "./_convolution.wgsl.ts";

/** What the code of {@link filterGradientRegisters} is written out for. */
export interface FilterGradientTile {
  /** Columns of taps. */
  readonly tapColumns: number;
  readonly stride: number;
  /** Rows of taps of an invocation. */
  readonly tapRows: number;
  /** Quads of output channels of an invocation. */
  readonly outQuads: number;
  /** Whether the input's channels are whole quads. */
  readonly inWhole: boolean;
  /** Whether the output's channels are whole quads. */
  readonly outWhole: boolean;
  /** The input's quads where they fit a uniform block, else 0. */
  readonly uniformInput: number;
  /** The gradient's quads where they fit a uniform block, else 0. */
  readonly uniformGradient: number;
}

/** Neighbouring output pixels that are read at once: their gradients are the columns of a matrix. */
const PIXELS = 4;
const range = (n: number) => Array.from({ length: n }, (_, i) => i);

/**
 * A part of the filter's gradient: a few rows of taps, a quad of input channels and a few output channels
 * an invocation, summed over some of the output's rows. A sum is read and written once for four pixels.
 */
export function filterGradientRegisters(tile: FilterGradientTile): Kernel {
  const { tapColumns, stride, tapRows, outQuads } = tile;
  const window = range(stride * (PIXELS - 1) + tapColumns);
  const rows = range(tapRows);
  const taps = range(tapColumns);
  const quads = range(outQuads);
  const channels = ["x", "y", "z", "w"];
  const sums = rows.flatMap((r) =>
    taps.flatMap((kx) =>
      channels.flatMap((channel, i) =>
        quads.map((t) => ({ name: `s${r}_${kx}_${i}_${t}`, r, kx, channel, i, t }))
      )
    )
  );
  return {
    label: `filter gradient, registers ${JSON.stringify(Object.values(tile))}`,
    code: /* wgsl */ `
override lanes: u32 = 8;
override in_quads: u32 = 8;
override tap_groups: u32 = 1;

${FILTER_GRADIENT_PARAMETERS}
${imageArray(1, "input", tile.inWhole, tile.uniformInput)}
${imageArray(2, "gradient", tile.outWhole, tile.uniformGradient)}
@group(0) @binding(3) var<storage, read_write> sums: array<vec4f>;

${loadQuad("load_input", "input", tile.inWhole)}
${loadQuad("load_gradient", "gradient", tile.outWhole)}

// In one dimension, since software Vulkan computes eight invocations along x at once.
@compute @workgroup_size(8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  let n = id.x % lanes * ${outQuads};
  let q = id.x / lanes % in_quads;
  let ky = id.x / (lanes * in_quads) % tap_groups * ${tapRows};
  let part = id.x / (lanes * in_quads * tap_groups);
  let last = min((part + 1) * p.part_rows, p.batch * p.out_height);
  ${sums.map(({ name }) => `var ${name} = vec4f(0);`).join(" ")}
  ${quads.map((t) => `let n${t} = min(n + ${t}, p.out_quads - 1);`).join(" ")}
  for (var line = part * p.part_rows; line < last; line++) {
    let image = line / p.out_height;
    let y = i32(line - image * p.out_height);
    ${
      rows.map((r) =>
        `let row${r} = y * ${stride} + i32(ky) + ${r} - p.pad_top;
    let inside${r} = select(0.0, 1.0, row${r} >= 0 && row${r} < p.in_height);
    let base${r} = (i32(image) * p.in_height + clamp(row${r}, 0, p.in_height - 1)) * p.in_width;`
      ).join("\n    ")
    }
    for (var x = 0u; x < p.out_width; x += ${PIXELS}) {
      let first = i32(x) * ${stride} - p.pad_left;
      ${
      window.map((j) =>
        `let c${j} = clamp(first + ${j}, 0, p.in_width - 1); let i${j} = select(0.0, 1.0, c${j} == first + ${j});`
      ).join("\n      ")
    }
      ${
      quads.map((t) =>
        `let g${t} = mat4x4f(${
          range(PIXELS).map((m) =>
            `load_gradient(line * p.out_width + min(x + ${m}, p.out_width - 1), n${t}, p.out_channels, p.out_quads) * select(0.0, 1.0, x + ${m} < p.out_width)`
          ).join(", ")
        });`
      ).join("\n      ")
    }
      ${
      rows.map((r) =>
        `{
        ${
          window.map((j) =>
            `let v${j} = load_input(u32(base${r} + c${j}), q, p.in_channels, p.in_quads) * (inside${r} * i${j});`
          ).join("\n        ")
        }
        ${
          sums.filter((sum) => sum.r === r).map(({ name, kx, channel, t }) =>
            `${name} += g${t} * vec4f(${
              range(PIXELS).map((m) => `v${m * stride + kx}.${channel}`).join(", ")
            });`
          ).join("\n        ")
        }
      }`
      ).join("\n      ")
    }
    }
  }
  ${
      rows.map((r) =>
        `if (last > part * p.part_rows && ky + ${r} < p.tap_rows) {
    let at = (part * p.tap_rows + ky + ${r}) * ${tapColumns};
    ${
          sums.filter((sum) => sum.r === r).map(({ name, kx, i, t }) =>
            `if (n + ${t} < p.out_quads) { sums[((at + ${kx}) * 4 * p.in_quads + 4 * q + ${i}) * p.out_quads + n + ${t}] = ${name}; }`
          ).join("\n    ")
        }
  }`
      ).join("\n  ")
    }
}
`,
  };
}
