import type { Kernel } from "../../../kernels/gpu/gpu.ts";
import { loadQuad, pixelArray, storeQuad } from "../_quads.wgsl.ts";
import { range } from "../range.ts";
import { CORRELATION_PARAMETERS } from "./_parameters.wgsl.ts";

/** The properties of a correlation for which the code of {@link convolutionTiles} is generated. */
export interface WorkgroupTile {
  /** Columns of taps. */
  readonly tapColumns: number;
  /** Pixels from one output's window to the next. */
  readonly stride: number;
  /** True if the input's channels fill whole quads. */
  readonly inWhole: boolean;
  /** True if the output's channels fill whole quads. */
  readonly outWhole: boolean;
}

/**
 * A correlation as a matrix product of tiles in workgroup memory, for graphics processors. A workgroup computes
 * 64 pixels by 64 output channels and adds 32 products at a time; an invocation computes 8 pixels by 4 channels.
 */
export function convolutionTiles(tile: WorkgroupTile): Kernel {
  return {
    label: `convolution: in tiles ${JSON.stringify(Object.values(tile))}`,
    code: /* wgsl */ `
${CORRELATION_PARAMETERS}
@group(0) @binding(1) var<storage, read> filters: array<vec4f>;
${pixelArray(2, "input", tile.inWhole)}
${pixelArray(3, "output", tile.outWhole, "read_write")}

${loadQuad("loadInput", "input", tile.inWhole)}
${storeQuad("storeOutput", "output", tile.outWhole)}

// 32 products by 64 pixels and by 64 channels, in quads of pixels and of channels.
var<workgroup> imageTile: array<vec4f, 512>;
var<workgroup> filterTile: array<vec4f, 512>;

@compute @workgroup_size(128)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let p = parameters;
  // Pixels of the images of a group, which pass through the same network.
  let pixels = p.groupImages * p.rows * p.columns;
  let firstImage = group.z * p.groupImages;
  let network = u32(p.firstNetwork + p.networkStep * i32(group.z));
  let outQuads = (p.outChannels + 3) / 4;

  // Loading: quad lane % 8 of the products, pixels 4 (lane / 8) and the three after.
  let deep = lane % 8;
  let loaded = lane / 8;
  var rows: array<i32, 4>;
  var columns: array<i32, 4>;
  var images: array<i32, 4>;
  ${loadedPixels(tile.stride)}
  // Multiplying: pixels 8 (lane / 16) and the seven after, quad lane % 16 of the block's channels.
  let across = lane % 16;
  let along = lane / 16;
  ${range(8).map((m) => `var s${m} = vec4f(0);`).join(" ")}

  let units = ${tile.tapColumns}u * p.inQuads;
  for (var ky = 0u; ky < p.tapTo; ky++) {
    let packed = (group.y * p.tapTo + ky) * p.inQuads;
    for (var fromUnit = 0u; fromUnit < units; fromUnit += 8) {
      ${LOAD_IMAGE_TILE}
      ${LOAD_FILTER_TILE}
      workgroupBarrier();
      for (var k = 0u; k < 32; k++) {
        let a = imageTile[k * 16 + 2 * along];
        let b = imageTile[k * 16 + 2 * along + 1];
        let w = filterTile[k * 16 + across];
        ${
      ["a.x", "a.y", "a.z", "a.w", "b.x", "b.y", "b.z", "b.w"].map((v, m) =>
        `s${m} = fma(vec4f(${v}), w, s${m});`
      ).join("\n        ")
    }
      }
      workgroupBarrier();
    }
  }

  let outQuad = 16 * group.y + across;
  if (outQuad >= outQuads) { return; }
  ${STORE_SUMS}
}
`,
  };
}

/** Image, row and column of the four pixels that an invocation loads. */
function loadedPixels(stride: number): string {
  return range(4).map((m) =>
    /* wgsl */
    `{
    let pixel = min(64 * group.x + 4 * loaded + ${m}, pixels - 1);
    let row = pixel / p.columns;
    images[${m}] = i32(firstImage + row / p.rows);
    rows[${m}] = i32(row % p.rows) * ${stride} - p.padTop;
    columns[${m}] = i32(pixel % p.columns) * ${stride} - p.padLeft;
  }`
  ).join("\n  ");
}

/** Loads the quads of four pixels and stores them transposed, as four quads of pixels. */
const LOAD_IMAGE_TILE = /* wgsl */ `let unit = fromUnit + deep;
      let kx = unit / p.inQuads;
      let q = unit - kx * p.inQuads;
      ${
  range(4).map((m) =>
    `var v${m} = vec4f(0);
      {
        let row = rows[${m}] + i32(ky);
        let column = columns[${m}] + i32(kx);
        if (unit < units && row >= 0 && row < p.inHeight && column >= 0 && column < p.inWidth) {
          v${m} = loadInput(u32((images[${m}] * p.inHeight + row) * p.inWidth + column), q, p.inChannels, p.inQuads);
        }
      }`
  ).join("\n      ")
}
      ${
  ["x", "y", "z", "w"].map((channel, i) =>
    `imageTile[(4 * deep + ${i}) * 16 + loaded] = vec4f(${
      range(4).map((m) => `v${m}.${channel}`).join(", ")
    });`
  ).join("\n      ")
}`;

/** Loads four quads of the packed filter. */
const LOAD_FILTER_TILE = range(4).map((j) =>
  /* wgsl */
  `{
        let row = along + ${8 * j};
        let filterUnit = fromUnit + row / 4;
        let filterKx = filterUnit / p.inQuads;
        let filterQ = filterUnit - filterKx * p.inQuads;
        var value = vec4f(0);
        if (filterUnit < units) {
          value = filters[((packed + filterQ) * p.networks + network) * p.unit + (4 * filterKx + row % 4) * 16 + across];
        }
        filterTile[row * 16 + across] = value;
      }`
).join("\n      ");

/** Writes the sums of the eight pixels of an invocation. */
const STORE_SUMS = range(8).map((m) =>
  /* wgsl */
  `{
    let pixel = 64 * group.x + 8 * along + ${m};
    if (pixel < pixels) {
      let row = pixel / p.columns;
      let y = (row % p.rows) * p.outStride + p.outY;
      let x = (pixel % p.columns) * p.outStride + p.outX;
      storeOutput(((firstImage + row / p.rows) * p.outHeight + y) * p.outWidth + x, outQuad, p.outChannels, outQuads, s${m});
    }
  }`
).join("\n  ");
