import { assertEquals } from "@std/assert";
import { gpuTest } from "../testing/gpu.ts";
import { Grid } from "../volume/grid.ts";
import { maskedUploadBytes, uploadMasked } from "./masked_image.ts";

gpuTest("maskedUploadBytes() is the memory that uploadMasked() takes at once", (gpu) => {
  const grid = Grid.axisAligned([40, 36, 32], [1, 1, 1]);
  const data = new Float32Array(grid.voxels).fill(3);
  const mask = Int32Array.from({ length: grid.voxels }, (_, i) => i % 5 === 0 ? 0 : 1);
  const before = gpu.liveBytes;
  gpu.peakBytes = before;
  const image = uploadMasked(gpu, { grid, data, mask });
  const taken = gpu.peakBytes - before;
  image.destroy();
  // Small buffers, such as those of the weights of a Gaussian, come on top.
  assertEquals(Math.floor(taken / maskedUploadBytes(grid.size) * 100), 100);
});
