import { assertCloseTo, seededValues } from "../../testing/float_values.ts";
import { gpuTest } from "../../testing/gpu.ts";
import type { Triple } from "../../volume/affine.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { type GpuImage, uploadImage } from "../gpu/image.ts";
import { type Checkerboard, createCheckerboard, toCheckerboard } from "./checkerboard.ts";
import {
  ENTRIES,
  normalEquations,
  normalEquationsReference,
  rightHandSideReference,
  setRightHandSide,
} from "./normal_equations.ts";

const SIGMA = 0.5;

/** The values of all entries of a checkerboard, without its padding. */
async function entriesOf(gpu: Gpu, board: Checkerboard): Promise<Float64Array[]> {
  const { size: [nx, ny, nz], half, entries } = board;
  const found = new Float32Array(await gpu.download(board.buffer));
  return Array.from(
    { length: entries },
    (_, entry) =>
      Float64Array.from({ length: nx * ny * nz }, (_, i) => {
        const x = i % nx;
        const quad = (i - x) / nx * 2 * half + (x % 2) * half + Math.floor(x / 8);
        return found[4 * (quad * entries + entry) + Math.floor(x % 8 / 2)];
      }),
  );
}

async function check(gpu: Gpu, size: Triple): Promise<void> {
  const data = [1, 2, 3, 4, 5, 6, 7].map((seed) => seededValues(size[0] * size[1] * size[2], seed));
  const images = data.map((values) => uploadImage(gpu, "image", size, values));
  const [residual, x, y, z] = images;
  const derivatives = [x, y, z] as [GpuImage, GpuImage, GpuImage];
  const equations = normalEquations(gpu, { residual, derivatives, sigma: SIGMA });
  const expected = normalEquationsReference(size, data[0], data.slice(1, 4), SIGMA);
  const found = await entriesOf(gpu, equations);
  for (let entry = 0; entry < ENTRIES; entry++) {
    assertCloseTo(found[entry], expected[entry], `${size} entry ${entry}`, 1e-5);
  }
  const field = images.slice(4).map((image) => {
    const board = createCheckerboard(gpu, "u0", size);
    toCheckerboard(gpu, image, board);
    return board;
  });
  setRightHandSide(gpu, equations, field);
  const right = rightHandSideReference(expected, data.slice(4));
  const after = await entriesOf(gpu, equations);
  for (let c = 0; c < 3; c++) assertCloseTo(after[6 + c], right[c], `${size} side ${c}`, 1e-5);
  [...images, ...field, equations].forEach((resource) => resource.destroy());
}

gpuTest("normalEquations() and setRightHandSide() agree with their twins", async (gpu) => {
  for (const nx of [1, 63, 64, 65]) await check(gpu, [nx, 5, 4]);
});

gpuTest("normalEquations() and setRightHandSide() go beyond one binding", async (gpu) => {
  await check(gpu, [20, 16, 60]);
}, { maxBindingBytes: 1 << 18 });
