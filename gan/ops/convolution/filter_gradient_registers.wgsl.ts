import type { Kernel } from "../../../kernels/gpu/gpu.ts";
import { imageArray, loadQuad, partOfQuad } from "../_quads.wgsl.ts";
import { range } from "../range.ts";
import { FILTER_GRADIENT_PARAMETERS } from "./_parameters.wgsl.ts";

/** The properties of a convolution for which the code of {@link filterGradientRegisters} is generated. */
export interface FilterGradientTile {
  /** Columns of taps. */
  readonly tapColumns: number;
  /** Pixels from one output's window to the next. */
  readonly stride: number;
  /** Rows of taps per invocation. */
  readonly tapRows: number;
  /** Quads of output channels per invocation. */
  readonly outQuads: number;
  /** True if the input's channels fill whole quads. */
  readonly inWhole: boolean;
  /** True if the output's channels fill whole quads. */
  readonly outWhole: boolean;
  /** Number of input channels if there are fewer than four, otherwise 4. The others of a quad need no sums. */
  readonly inPerQuad: number;
  /** Number of output channels if there are fewer than four, otherwise 4. */
  readonly outPerQuad: number;
  /** True if the sums are added to the earlier contents. A branch in the shader would be slow. */
  readonly accumulate: boolean;
  /** Number of quads of the input if they fit a uniform block, otherwise 0. */
  readonly uniformInput: number;
  /** Number of quads of the gradient if they fit a uniform block, otherwise 0. */
  readonly uniformGradient: number;
}

/** Neighbouring output pixels that are read together; their gradients are the columns of a matrix. */
const PIXELS = 4;

/** One sum of an invocation: the gradient of a tap, an input channel and a quad of output channels. */
interface Sum {
  readonly name: string;
  /** Row of the tap. */
  readonly r: number;
  /** Column of the tap. */
  readonly kx: number;
  readonly channel: string;
  /** Index of the channel in its quad. */
  readonly i: number;
  /** Quad of output channels. */
  readonly t: number;
}

function sumsOf({ tapRows, tapColumns, outQuads, inPerQuad }: FilterGradientTile): Sum[] {
  return range(tapRows).flatMap((r) =>
    range(tapColumns).flatMap((kx) =>
      ["x", "y", "z", "w"].slice(0, inPerQuad).flatMap((channel, i) =>
        range(outQuads).map((t) => ({ name: `s${r}_${kx}_${i}_${t}`, r, kx, channel, i, t }))
      )
    )
  );
}

/**
 * A part of a filter's gradient. An invocation holds the sums of a few rows of taps, a quad of input channels and a
 * few quads of output channels, and adds over some of the output's rows. It reads and writes each sum once per four
 * pixels.
 */
export function filterGradientRegisters(tile: FilterGradientTile): Kernel {
  const { tapRows, outQuads } = tile;
  const sums = sumsOf(tile);
  const { type } = partOfQuad(tile.outPerQuad);
  return {
    label: `filter gradient: in registers ${JSON.stringify(Object.values(tile))}`,
    code: /* wgsl */ `
override lanes: u32 = 8;
override inQuads: u32 = 8;
override tapGroups: u32 = 1;

${FILTER_GRADIENT_PARAMETERS}
${imageArray(1, "input", tile.inWhole, tile.uniformInput)}
${imageArray(2, "gradient", tile.outWhole, tile.uniformGradient)}
@group(0) @binding(3) var<storage, read_write> sums: array<vec4f>;

${loadQuad("loadInput", "input", tile.inWhole)}
${loadQuad("loadGradient", "gradient", tile.outWhole)}

// In one dimension, since software Vulkan computes eight invocations along x at once.
@compute @workgroup_size(8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  let n = id.x % lanes * ${outQuads};
  let q = id.x / lanes % inQuads;
  let ky = id.x / (lanes * inQuads) % tapGroups * ${tapRows};
  let partOfAll = id.x / (lanes * inQuads * tapGroups);
  let group = partOfAll / p.parts;
  let part = partOfAll - group * p.parts;
  let groupLine = group * p.groupImages * p.outHeight;
  let begin = groupLine + part * p.partRows;
  let last = select(
    0,
    groupLine + min((part + 1) * p.partRows, p.groupImages * p.outHeight),
    group * p.groupImages < p.batch,
  );
  ${sums.map(({ name }) => `var ${name} = ${type}(0);`).join(" ")}
  ${range(outQuads).map((t) => `let n${t} = min(n + ${t}, p.outQuads - 1);`).join(" ")}
  let firstImage = begin / p.outHeight;
  let imageCount = select(0, (last + p.outHeight - 1) / p.outHeight - firstImage, last > begin);
  // One loop over images and columns: loops around loops copy all sums, and software Vulkan compiles them slowly.
  let blocks = (p.outWidth + ${PIXELS - 1}) / ${PIXELS};
  for (var block = 0u; block < imageCount * blocks; block++) {
    let image = firstImage + block / blocks;
    let x = block % blocks * ${PIXELS};
    ${addColumns(tile, sums)}
  }
  ${storeSums(tile, sums)}
}
`,
  };
}

/**
 * Adds the products of four columns of the part's rows of one image. The rows of the input that the next row of the
 * output needs again stay in registers: a load from storage memory costs software Vulkan as much as twenty products.
 */
function addColumns(tile: FilterGradientTile, sums: readonly Sum[]): string {
  const { tapColumns, stride, tapRows, outQuads, outPerQuad } = tile;
  const { swizzle } = partOfQuad(outPerQuad);
  const gradients = outPerQuad === 1 ? "vec4f" : `mat4x${outPerQuad}f`;
  const window = range(stride * (PIXELS - 1) + tapColumns);
  const kept = range(Math.max(0, tapRows - stride));
  const moveRows = (rows: readonly number[], step: number) =>
    rows.map((r) => window.map((j) => `v${r}_${j} = v${r + step}_${j};`).join(" ")).join(
      "\n      ",
    );
  const loadRow = (r: number, offset: number | string = r) =>
    /* wgsl */ `{
        let row = y * ${stride} + i32(ky) + ${offset} - p.padTop;
        let inside = select(0.0, 1.0, row >= 0 && row < p.inHeight);
        let base = (i32(image) * p.inHeight + clamp(row, 0, p.inHeight - 1)) * p.inWidth;
        ${
      window.map((j) =>
        `v${r}_${j} = loadInput(u32(base + c${j}), q, p.inChannels, p.inQuads) * (inside * i${j});`
      ).join("\n        ")
    }
      }`;
  return /* wgsl */ `let firstLine = image * p.outHeight;
    let yFrom = i32(max(begin, firstLine) - firstLine);
    let yTo = i32(min(last, firstLine + p.outHeight) - firstLine);
      let first = i32(x) * ${stride} - p.padLeft;
      ${
    window.map((j) =>
      `let c${j} = clamp(first + ${j}, 0, p.inWidth - 1); let i${j} = select(0.0, 1.0, c${j} == first + ${j});`
    ).join("\n      ")
  }
      ${
    range(tapRows).map((r) => window.map((j) => `var v${r}_${j} = vec4f(0);`).join(" ")).join(
      "\n      ",
    )
  }
      var y = yFrom;
      ${
    kept.length > 0
      ? /* wgsl */ `for (var r = 0; r < select(${kept.length}, 0, last <= begin); r++) {
        ${moveRows(kept.slice(0, -1), 1)}
        ${loadRow(kept.length - 1, "r")}
      }`
      : ""
  }
      for (; y < yTo; y++) {
      ${range(tapRows).slice(kept.length).map((r) => loadRow(r)).join("\n      ")}
      let line = firstLine + u32(y);
      ${
    // Loads between the products of the quads cut the code into pieces, which compile faster than one.
    range(outQuads).map((t) =>
      /* wgsl */ `{
        let g = ${gradients}(${
        range(PIXELS).map((m) =>
          `loadGradient(line * p.outWidth + min(x + ${m}, p.outWidth - 1), n${t}, p.outChannels, p.outQuads)${swizzle} * select(0.0, 1.0, x + ${m} < p.outWidth)`
        ).join(", ")
      });
        ${
        sums.filter((sum) => sum.t === t).map(({ name, r, kx, channel }) => {
          const pixels = range(PIXELS).map((m) => `v${r}_${m * stride + kx}.${channel}`).join(", ");
          return outPerQuad === 1
            ? `${name} += dot(g, vec4f(${pixels}));`
            : `${name} += g * vec4f(${pixels});`;
        }).join("\n        ")
      }
      }`
    ).join("\n      ")}
      ${moveRows(kept, stride)}
      }`;
}

/** Writes the sums of the part. */
function storeSums(
  { tapRows, tapColumns, accumulate, outPerQuad }: FilterGradientTile,
  sums: readonly Sum[],
): string {
  const assign = accumulate ? "+=" : "=";
  const { quad } = partOfQuad(outPerQuad);
  return range(tapRows).map((r) =>
    /* wgsl */
    `if (last > begin && ky + ${r} < p.tapRows) {
    let at = p.sumOrigin + i32(group) * p.sumGroup + i32(part) * p.sumPart
      + i32((ky + ${r}) * ${tapColumns}) * p.sumTap + i32(4 * q * p.outQuads + n);
    ${
      sums.filter((sum) => sum.r === r).map(({ name, kx, i, t }) =>
        `if (n + ${t} < p.outQuads) { sums[u32(at + ${kx} * p.sumTap) + ${i} * p.outQuads + ${t}] ${assign} ${
          quad(name)
        }; }`
      ).join("\n    ")
    }
  }`
  ).join("\n  ");
}
