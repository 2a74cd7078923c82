import { assertEquals } from "@std/assert";
import type { Triple } from "../../volume/affine.ts";
import { gpuTest } from "../../testing/gpu.ts";
import { createCheckerboard, fromCheckerboard, toCheckerboard } from "./checkerboard.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { createImage, downloadImage, uploadImage } from "../gpu/image.ts";

async function check(gpu: Gpu, size: Triple): Promise<void> {
  const [nx, ny, nz] = size;
  const data = Float32Array.from({ length: nx * ny * nz }, (_, i) => i + 1);
  const image = uploadImage(gpu, "image", size, data);
  const back = createImage(gpu, "back", size);
  const board = createCheckerboard(gpu, "board", size);
  const two = createCheckerboard(gpu, "two entries", size, 2);
  toCheckerboard(gpu, image, board);
  toCheckerboard(gpu, image, two, 1);
  fromCheckerboard(gpu, board, back);
  assertEquals(await downloadImage(gpu, back), data, size.join(" x "));
  const found = new Float32Array(await gpu.download(two.buffer));
  const { half } = board;
  for (let i = 0; i < data.length; i++) {
    const x = i % nx;
    const row = (i - x) / nx;
    const quad = row * 2 * half + (x % 2) * half + Math.floor(x / 8);
    assertEquals(found[4 * (2 * quad + 1) + Math.floor(x % 8 / 2)], data[i]);
    assertEquals(found[4 * 2 * quad], 0, "the other entry");
  }
  [image, back, board, two].forEach((resource) => resource.destroy());
}

gpuTest("checkerboards hold even voxels first, and give the image back", async (gpu) => {
  const sizes: Triple[] = [[1, 1, 1], [5, 3, 2], [63, 4, 3], [64, 3, 5], [65, 2, 4]];
  for (const size of sizes) await check(gpu, size);
});

gpuTest("checkerboards of images beyond one binding", async (gpu) => {
  await check(gpu, [18, 15, 60]);
}, { maxBindingBytes: 1 << 16 });
