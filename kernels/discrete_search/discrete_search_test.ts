import { assertAlmostEquals, assertEquals, assertLess, assertThrows } from "@std/assert";
import { assertCloseTo, seededValues } from "../../testing/float_values.ts";
import { gpuTest } from "../../testing/gpu.ts";
import type { Triple } from "../../volume/affine.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { uploadImage } from "../gpu/image.ts";
import { NO_VALUE } from "../gpu/no_value.ts";
import { mindDescriptors, unpackDescriptors } from "../mind/descriptor.ts";
import { poolDescriptorsReference } from "./pooled_descriptors.ts";
import { CHANNELS } from "./pooled_descriptors.wgsl.ts";
import { discreteSearch, discreteSearchBytes, discreteSearchReference } from "./discrete_search.ts";

/** MIND-SSC descriptors of an image, and their entries as the twin takes them. */
async function describe(gpu: Gpu, size: Triple, data: Float32Array) {
  const source = uploadImage(gpu, "image", size, data);
  const descriptors = mindDescriptors(gpu, {
    source,
    neighbourhood: "ssc",
    sigma: 0.8,
    scale: 1,
    bits: 5,
  });
  source.destroy();
  const words = new Uint32Array(await gpu.download(descriptors.buffer));
  return { descriptors, entries: unpackDescriptors(words, descriptors) };
}

/** Smooth blobs at seeded places, moved by `shift` voxels. */
function blobs(size: Triple, shift: Triple): Float32Array {
  const places = seededValues(120, 3);
  return Float32Array.from({ length: size[0] * size[1] * size[2] }, (_, i) => {
    const at = [i % size[0], Math.floor(i / size[0]) % size[1], Math.floor(i / (size[0] * size[1]))]
      .map((v, axis) => (v - shift[axis] - size[axis] / 2) / 36);
    let value = 0;
    for (let k = 0; k < places.length; k += 3) {
      const square = at.reduce((sum, v, axis) => sum + (v - places[k + axis]) ** 2, 0);
      value += (k % 2 ? 150 : 80) * Math.exp(-square * 100);
    }
    return value;
  });
}

gpuTest(
  "discreteSearch() agrees with its twin, and needs the bytes that it states",
  async (gpu) => {
    const size: Triple = [15, 12, 9];
    const larger: Triple = [21, 15, 12];
    const fixedData = seededValues(15 * 12 * 9, 1).map((v, i) => i % 15 > 12 ? NO_VALUE : 200 * v);
    const fixed = await describe(gpu, size, fixedData);
    const moving = await describe(gpu, larger, seededValues(21 * 15 * 12, 2).map((v) => 200 * v));
    const common = { origin: [1, 1, 0] as Triple, edge: 3, radius: 2 };
    const before = gpu.liveBytes;
    gpu.peakBytes = before;
    const found = await discreteSearch(gpu, {
      ...common,
      fixed: fixed.descriptors,
      moving: moving.descriptors,
    });
    const estimate = discreteSearchBytes({
      points: found.points,
      movingBlocks: [7, 5, 4],
      radius: common.radius,
    });
    // Uniform blocks are not part of the estimate.
    assertAlmostEquals((gpu.peakBytes - before) / estimate, 1, 0.05);
    assertEquals(found.points, [5, 4, 3]);
    // Blocks at the right of the fixed image have too few values.
    const reference = poolDescriptorsReference({ size, entries: fixed.entries, edge: 3 });
    const valid = reference.data.filter((v, i) => i % CHANNELS === 0 && v >= 0).length;
    assertEquals([found.fixedBlocks, found.movingBlocks], [valid, 7 * 5 * 4]);
    assertLess(valid, 5 * 4 * 3);
    const expected = discreteSearchReference({
      ...common,
      fixed: { size, entries: fixed.entries },
      moving: { size: larger, entries: moving.entries },
    });
    assertCloseTo(found.displacements.filter((_, i) => i % 4 < 3), expected, "field", 1e-5);
    fixed.descriptors.destroy();
    moving.descriptors.destroy();
  },
);

gpuTest(
  "discreteSearch() finds a shift of whole blocks, and gives the same bytes twice",
  async (gpu) => {
    const size: Triple = [36, 36, 36];
    const shift: Triple = [6, -3, 3];
    const fixed = await describe(gpu, size, blobs(size, [0, 0, 0]));
    const moving = await describe(gpu, size, blobs(size, shift));
    const options = {
      fixed: fixed.descriptors,
      moving: moving.descriptors,
      origin: [0, 0, 0] as Triple,
      edge: 3,
      radius: 3,
    };
    const { displacements } = await discreteSearch(gpu, options);
    assertEquals((await discreteSearch(gpu, options)).displacements, displacements);
    // Moving(x + shift) = fixed(x), away from the border.
    const centre = 4 * ((6 * 12 + 6) * 12 + 6);
    shift.forEach((voxels, c) => assertAlmostEquals(displacements[centre + c], voxels / 3, 0.25));
    fixed.descriptors.destroy();
    moving.descriptors.destroy();
  },
);

Deno.test("discreteSearchReference() refuses images that do not consist of whole blocks", () => {
  const image = { size: [4, 3, 3] as Triple, entries: new Float64Array(12 * 36) };
  assertThrows(
    () =>
      discreteSearchReference({
        fixed: image,
        moving: image,
        origin: [0, 0, 0],
        edge: 3,
        radius: 1,
      }),
    RangeError,
    "4 x 3 x 3 voxels are not whole blocks of 3",
  );
});
