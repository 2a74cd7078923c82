import { assertEquals } from "@std/assert";
import type { Triple } from "../../volume/affine.ts";
import { gpuTest } from "../../testing/gpu.ts";
import { random } from "../../testing/random.ts";
import { downloadImage, uploadImage } from "../gpu/image.ts";
import { NO_VALUE } from "../gpu/no_value.ts";
import { maskImage, maskImageReference } from "./mask_image.ts";

/** A blob of values, with holes, among voxels without value. */
function blob(size: Triple): Float32Array {
  const next = random(2);
  const [nx, ny, nz] = size;
  return Float32Array.from({ length: nx * ny * nz }, (_, i) => {
    const x = i % nx;
    const y = Math.floor(i / nx) % ny;
    const z = Math.floor(i / (nx * ny));
    const inside = Math.hypot(x / nx - 0.5, y / ny - 0.5, z / nz - 0.5) < 0.3 || nx * ny * nz === 1;
    return inside && next() > 0.1 ? next() : NO_VALUE;
  });
}

gpuTest("maskImage() agrees with its twin, in slabs beyond one binding", async (gpu) => {
  const size: Triple = [7, 3, 40];
  const data = blob(size);
  const next = random(9);
  const mask = data.map(() => next());
  const image = uploadImage(gpu, "image", size, data);
  const maskOnGpu = uploadImage(gpu, "mask", size, mask);
  const masked = maskImage(gpu, image, maskOnGpu);
  assertEquals(await downloadImage(gpu, masked), maskImageReference(data, mask));
  [image, maskOnGpu, masked].forEach((resource) => resource.destroy());
}, { maxBindingBytes: 1024 });
