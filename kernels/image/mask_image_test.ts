import { assertEquals } from "@std/assert";
import type { Triple } from "../../volume/affine.ts";
import { gpuTest } from "../../testing/gpu.ts";
import { random } from "../../testing/uniform_values.ts";
import { downloadImage, uploadImage } from "../gpu/image.ts";
import { maskImage } from "./mask_image.ts";

/** A blob of values in nothing, with holes. */
function blob(size: Triple): Float32Array {
  const next = random(2);
  const [nx, ny, nz] = size;
  return Float32Array.from({ length: nx * ny * nz }, (_, i) => {
    const x = i % nx;
    const y = Math.floor(i / nx) % ny;
    const z = Math.floor(i / (nx * ny));
    const inside = Math.hypot(x / nx - 0.5, y / ny - 0.5, z / nz - 0.5) < 0.3 || nx * ny * nz === 1;
    return inside && next() > 0.1 ? next() : -1e30;
  });
}

gpuTest("a mask takes values away", async (gpu) => {
  const size: Triple = [7, 3, 40];
  const data = blob(size);
  const next = random(9);
  const mask = data.map(() => next());
  const image = uploadImage(gpu, "image", size, data);
  const maskOnGpu = uploadImage(gpu, "mask", size, mask);
  const masked = maskImage(gpu, image, maskOnGpu);
  const expected = data.map((v, i) => mask[i] >= 0.5 ? v : Math.fround(-1e30));
  assertEquals(await downloadImage(gpu, masked), expected);
  [image, maskOnGpu, masked].forEach((one) => one.destroy());
}, { maxBindingBytes: 1024 });
