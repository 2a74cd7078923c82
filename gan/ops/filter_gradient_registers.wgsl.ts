import type { Kernel } from "../../kernels/gpu.ts";
import { FILTER_GRADIENT_PARAMETERS, loadQuad, pixelArray } from "./_convolution.wgsl.ts";

/** What the code of {@link filterGradientRegisters} is written out for. */
export interface FilterGradientTile {
  /** Columns of taps. */
  readonly tapColumns: number;
  readonly stride: number;
  /** Neighbouring output pixels that are read at once. */
  readonly pixels: number;
  /** Quads of output channels of an invocation. */
  readonly outQuads: number;
  /** Whether the input's channels are whole quads. */
  readonly inWhole: boolean;
  /** Whether the output's channels are whole quads. */
  readonly outWhole: boolean;
}

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

/**
 * A part of the filter's gradient: a row of taps, a quad of input channels and a few output channels an
 * invocation, summed over some of the output's rows.
 */
export function filterGradientRegisters(tile: FilterGradientTile): Kernel {
  const { tapColumns, stride, pixels, outQuads } = tile;
  const window = range(stride * (pixels - 1) + tapColumns);
  const taps = range(tapColumns), quads = range(outQuads), channels = ["x", "y", "z", "w"];
  const sums = taps.flatMap((kx) =>
    channels.flatMap((_, i) => quads.map((t) => ({ name: `s${kx}_${i}_${t}`, kx, i, t })))
  );
  return {
    label: `filter gradient, registers ${JSON.stringify(Object.values(tile))}`,
    code: /* wgsl */ `
override lanes: u32 = 8;
override in_lanes: u32 = 8;

${FILTER_GRADIENT_PARAMETERS}
${pixelArray(1, "input", tile.inWhole)}
${pixelArray(2, "gradient", tile.outWhole)}
@group(0) @binding(3) var<storage, read_write> sums: array<vec4f>;

${loadQuad("load_input", "input", tile.inWhole)}
${loadQuad("load_gradient", "gradient", tile.outWhole)}

// In one dimension, since software Vulkan computes eight invocations along x at once.
@compute @workgroup_size(lanes * in_lanes)
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) index: u32) {
  let p = parameters;
  let n = (id.x * lanes + index % lanes) * ${outQuads};
  let q = id.y * in_lanes + index / lanes;
  if (n >= p.out_quads || q >= p.in_quads) { return; }
  let part = id.z / p.tap_rows;
  let ky = id.z - part * p.tap_rows;
  ${sums.map(({ name }) => `var ${name} = vec4f(0);`).join(" ")}
  ${quads.map((t) => `let n${t} = min(n + ${t}, p.out_quads - 1);`).join(" ")}
  for (var line = part * p.part_rows; line < min((part + 1) * p.part_rows, p.batch * p.out_height); line++) {
    let image = line / p.out_height;
    let y = i32(line - image * p.out_height);
    let row = y * ${stride} + i32(ky) - p.pad_top;
    let inside = select(0.0, 1.0, row >= 0 && row < p.in_height);
    let base = (i32(image) * p.in_height + clamp(row, 0, p.in_height - 1)) * p.in_width;
    for (var x = 0u; x < p.out_width; x += ${pixels}) {
      let first = i32(x) * ${stride} - p.pad_left;
      ${
      window.map((j) =>
        `let c${j} = clamp(first + ${j}, 0, p.in_width - 1);
      let v${j} = load_input(u32(base + c${j}), q, p.in_channels, p.in_quads) * select(0.0, inside, c${j} == first + ${j});`
      )
        .join("\n      ")
    }
      ${
      range(pixels).map((m) =>
        `{
        let at = line * p.out_width + min(x + ${m}, p.out_width - 1);
        let counts = select(0.0, 1.0, x + ${m} < p.out_width);
        ${
          quads.map((t) =>
            `let g${t} = load_gradient(at, n${t}, p.out_channels, p.out_quads) * counts;`
          ).join("\n        ")
        }
        ${
          sums.map(({ name, kx, i, t }) =>
            `${name} = fma(vec4f(v${m * stride + kx}.${channels[i]}), g${t}, ${name});`
          ).join("\n        ")
        }
      }`
      ).join("\n      ")
    }
    }
  }
  ${
      sums.map(({ name, kx, i, t }) =>
        `if (n + ${t} < p.out_quads) { sums[(((part * p.tap_rows + ky) * ${tapColumns} + ${kx}) * 4 * p.in_quads + 4 * q + ${i}) * p.out_quads + n + ${t}] = ${name}; }`
      ).join("\n  ")
    }
}
`,
  };
}
