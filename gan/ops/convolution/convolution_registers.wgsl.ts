import type { Kernel } from "../../../kernels/gpu/gpu.ts";
import { imageArray, loadQuad, partOfQuad, pixelArray, storeQuad } from "../_quads.wgsl.ts";
import { range } from "../range.ts";
import { CORRELATION_PART_PARAMETERS } from "./_parameters.wgsl.ts";

/** The properties of a correlation for which the code of {@link convolutionRegisters} is generated. */
export interface RegisterTile {
  /** Columns of taps. */
  readonly tapColumns: number;
  /** Pixels from one output's window to the next. */
  readonly stride: number;
  /** Neighbouring output pixels per invocation. */
  readonly pixels: number;
  /** Quads of output channels per invocation. */
  readonly outQuads: number;
  /** True if the input's channels fill whole quads. */
  readonly inWhole: boolean;
  /** True if the output's channels fill whole quads. */
  readonly outWhole: boolean;
  /** Number of input channels if there are fewer than four, otherwise 4. The others of a quad need no products. */
  readonly inPerQuad: number;
  /** Number of output channels if there are fewer than four, otherwise 4. */
  readonly outPerQuad: number;
  /** Number of quads of the input if they fit a uniform block, otherwise 0. */
  readonly uniformInput: number;
  /** Number of groups of rows of taps; each holds the same number of rows. */
  readonly rowBlocks: number;
  /** Number of uniform blocks per group of rows of taps; each holds the same number of columns. */
  readonly columnBlocks: number;
  /** Quads per uniform block of the filter. */
  readonly filterQuads: number;
  /** True if the filter's quads consist of input channels instead of output channels. */
  readonly transposed: boolean;
  /**
   * True if several dispatches add their products to the output. The code that reads earlier sums is a third of the
   * shader, and software Vulkan compiles it for seconds, so it exists only where it is used.
   */
  readonly inParts: boolean;
}

/**
 * A correlation in which an invocation holds its sums in registers. The filter lies in uniform blocks of up to
 * 64 KiB. Software Vulkan reads uniform memory 2 to 3 times as fast as storage memory. Each loaded value takes part
 * in `pixels` or in 4 `outQuads` products. There are too many sums for the registers of a processor, so each sum is
 * read and written once per four products of a quad.
 */
export function convolutionRegisters(tile: RegisterTile): Kernel {
  const { stride, pixels, outQuads } = tile;
  const { type, quad } = partOfQuad(tile.outPerQuad);
  const blocks = range(tile.rowBlocks * tile.columnBlocks);
  const each = (line: (m: number, t: number) => string) =>
    range(pixels).map((m) => range(outQuads).map((t) => line(m, t)).join(" ")).join("\n  ");
  return {
    label: `convolution: in registers ${JSON.stringify(Object.values(tile))}`,
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
  let network = p.firstNetwork + p.networkStep * i32(image / p.groupImages);
  let filterFrom = p.filterOrigin + network * p.filterNetwork + i32(quad) * p.filterOutQuad
    + i32(p.quadFrom) * p.filterInQuad;
  let outQuads = (p.outChannels + 3) / 4;
  let outQuad = p.outQuadFrom + quad;
  let outRow = (image * p.outHeight + y * p.outStride + p.outY) * p.outWidth + p.outX;
  let first = i32(x) * ${stride} - p.padLeft;
  // Columns outside the image are read at its border and count nothing.
  ${
      windowOf(tile).map((j) =>
        `let c${j} = clamp(first + ${j}, 0, p.inWidth - 1); let i${j} = select(0.0, 1.0, c${j} == first + ${j});`
      ).join("\n  ")
    }
  ${each((m, t) => `var s${m}_${t} = ${type}(0);`)}
  ${tile.inParts ? readEarlierSums(tile, each) : ""}
  let tapRows = p.tapTo - p.tapFrom;
  ${
      isLooped(tile)
        // Not a constant, so that software Vulkan does not unroll the loop.
        ? `let columns = select(${tile.tapColumns}, 0, line >= p.batch * p.rows);`
        : ""
    }
  ${range(tile.rowBlocks).map((block) => addBlock(tile, block)).join("\n  ")}
  ${
      range(pixels).map((m) =>
        `if (x + ${m} < p.columns) { ${
          range(outQuads).map((t) =>
            `if (outQuad + ${t} < outQuads) { storeOutput(outRow + (x + ${m}) * p.outStride, outQuad + ${t}, p.outChannels, outQuads, ${
              quad(`s${m}_${t}`)
            }); }`
          ).join(" ")
        } }`
      ).join("\n  ")
    }
}
`,
  };
}

/** Begins with the sums of earlier parts, if there are any. */
function readEarlierSums(
  { outPerQuad }: RegisterTile,
  each: (line: (m: number, t: number) => string) => string,
): string {
  const { swizzle } = partOfQuad(outPerQuad);
  return /* wgsl */ `if (p.continued != 0) {
    ${
    each((m, t) =>
      `s${m}_${t} = loadOutput(outRow + min(x + ${m}, p.columns - 1) * p.outStride, min(outQuad + ${t}, outQuads - 1), p.outChannels, outQuads)${swizzle};`
    )
  }
  }`;
}

/** Columns of the input that the pixels of an invocation depend on, counted from the first. */
function windowOf({ stride, pixels, tapColumns }: RegisterTile): number[] {
  return range(stride * (pixels - 1) + tapColumns);
}

/**
 * True if the columns of taps are a loop in the shader. For many columns the loop is faster than code for each of them,
 * which leaves the processor's cache of instructions; it also compiles faster.
 */
function isLooped({ tapColumns, columnBlocks, inParts }: RegisterTile): boolean {
  return columnBlocks === 1 && tapColumns >= 4 && !inParts;
}

/** Adds the products of a group of rows of taps. */
function addBlock(tile: RegisterTile, block: number): string {
  const declare = isLooped(tile) ? "var" : "let";
  return /* wgsl */ `for (var r = 0u; r < tapRows; r++) {
    let row = i32(y) * ${tile.stride} + i32(p.tapFrom + ${block} * tapRows + r) - p.padTop;
    let inside = select(0.0, 1.0, row >= 0 && row < p.inHeight);
    let base = (i32(image) * p.inHeight + clamp(row, 0, p.inHeight - 1)) * p.inWidth;
    var weight = filterFrom + i32(r) * p.filterRow;
    for (var q = p.quadFrom; q < p.quadTo; q++) {
      ${
    windowOf(tile).map((j) =>
      `${declare} v${j} = loadInput(u32(base + c${j}), q, p.inChannels, p.inQuads) * (inside * i${j});`
    ).join("\n      ")
  }
      ${addProducts(tile, block)}
      weight += p.filterInQuad;
    }
  }`;
}

/** Adds the products of a row of taps and a quad of input channels. */
function addProducts(tile: RegisterTile, block: number): string {
  const { tapColumns, stride, pixels, outQuads, columnBlocks } = tile;
  const columns = tapColumns / columnBlocks;
  /** The products of a column of taps with the pixels from `v` on. */
  const addColumn = (filters: string, column: string | number, v: number) =>
    range(outQuads).map((t) =>
      /* wgsl */
      `{
        let at = weight + ${column} * p.filterColumn + ${t} * p.filterOutQuad;
        ${readFilter(tile, filters)}
        ${
        range(pixels).map((m) => `s${m}_${t} += ${product(tile, `v${m * stride + v}`)};`).join(
          "\n        ",
        )
      }
      }`
    ).join("\n      ");
  if (isLooped(tile)) {
    return /* wgsl */ `for (var kx = 0; kx < columns; kx++) {
      ${addColumn(`filters${block}`, "kx", 0)}
      ${windowOf(tile).slice(1).map((j) => `v${j - 1} = v${j};`).join(" ")}
      }`;
  }
  return range(tapColumns).map((kx) =>
    addColumn(`filters${block * columnBlocks + Math.floor(kx / columns)}`, kx % columns, kx)
  ).join("\n      ");
}

/** Reads the filter of a tap, a quad of input channels and a quad of output channels. */
function readFilter({ inPerQuad, outPerQuad }: RegisterTile, filters: string): string {
  const rows = range(inPerQuad).map((i) => `${filters}[at + ${i} * p.filterChannel]`);
  if (inPerQuad === 4 && outPerQuad === 4) return `let w = mat4x4f(${rows.join(", ")});`;
  const { swizzle } = partOfQuad(outPerQuad);
  return rows.map((row, i) => `let w${i} = ${row}${swizzle};`).join(" ");
}

/** The product of the filter and a pixel. */
function product({ inPerQuad, outPerQuad, transposed }: RegisterTile, pixel: string): string {
  if (inPerQuad < 4 || outPerQuad < 4) {
    return range(inPerQuad).map((i) => `w${i} * ${pixel}.${"xyzw"[i]}`).join(" + ");
  }
  return transposed ? `${pixel} * w` : `w * ${pixel}`;
}
