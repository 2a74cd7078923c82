import { assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import type { Triple } from "../../volume/affine.ts";
import { gpuTest } from "../../testing/gpu.ts";
import { random } from "../../testing/uniform_values.ts";
import {
  controlGridAdjointReference,
  controlGridDisplacement,
  controlGridDisplacementReference,
  controlGridGeometry,
  controlPoints,
  prepareAdjoint,
} from "./control_grid.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { downloadImage, uploadImage } from "../gpu/image.ts";

const CASES: [Triple, Triple][] = [
  [[1, 1, 1], [4, 4, 4]],
  [[63, 7, 5], [4, 3, 2]],
  [[64, 9, 6], [4, 1, 5]],
  [[65, 5, 9], [5, 4, 4]],
  [[17, 20, 40], [3, 8, 1]],
  [[30, 6, 20], [1, 2, 12]],
  [[66, 5, 4], [7, 3, 3]],
];

/** The vec4 layout of the GPU from 3 values per control point. */
function padded(knots: Float32Array): Float32Array {
  const out = new Float32Array(knots.length / 3 * 4);
  for (let i = 0; i < knots.length / 3; i++) out.set(knots.subarray(3 * i, 3 * i + 3), 4 * i);
  return out;
}

async function check(gpu: Gpu, image: Triple, stride: Triple): Promise<void> {
  const next = random(1);
  const geometry = controlGridGeometry(image, stride);
  const values = (n: number) => Float32Array.from({ length: n }, () => next() - 0.5);
  const knots = values(3 * controlPoints(geometry));
  const voxels = image[0] * image[1] * image[2];
  const scale = values(voxels);
  const v = [values(voxels), values(voxels), values(voxels)];

  const knotBuffer = gpu.upload("knots", padded(knots));
  const field = controlGridDisplacement(gpu, { geometry, knots: knotBuffer, perVoxel: [1, 2, 3] });
  const dense = await Promise.all(field.components.map((c) => downloadImage(gpu, c)));
  const expected = controlGridDisplacementReference(geometry, knots, [1, 2, 3]);
  for (let c = 0; c < 3; c++) {
    dense[c].forEach((u, i) => assertAlmostEquals(u, expected[c][i], 1e-5));
  }

  const scaleImage = uploadImage(gpu, "scale", image, scale);
  const images = v.map((c) => uploadImage(gpu, "v", image, c));
  const sums = gpu.buffer("sums", 16 * controlPoints(geometry));
  const adjoint = prepareAdjoint(gpu, {
    geometry,
    vectors: [images[0], images[1], images[2]],
    scale: scaleImage,
    sums,
  });
  const recorder = gpu.record("adjoint");
  adjoint.dispatches.forEach((dispatch) => recorder.run(dispatch));
  recorder.submit();
  const got = new Float32Array(await gpu.download(sums));
  const reference = controlGridAdjointReference(geometry, scale, v);
  for (let k = 0; k < controlPoints(geometry); k++) {
    for (let c = 0; c < 3; c++) assertAlmostEquals(got[4 * k + c], reference[3 * k + c], 1e-4);
  }

  // <A k, v> = <k, A^T v>, the two sides computed by the two GPU operators.
  let left = 0;
  let right = 0;
  let size = 0;
  for (let c = 0; c < 3; c++) {
    for (let i = 0; i < voxels; i++) {
      left += dense[c][i] / (c + 1) * scale[i] * v[c][i];
      size += Math.abs(dense[c][i] / (c + 1) * scale[i] * v[c][i]);
    }
    for (let k = 0; k < controlPoints(geometry); k++) right += knots[3 * k + c] * got[4 * k + c];
  }
  assertLess(Math.abs(left - right) / size, 1e-5);

  [knotBuffer, field, scaleImage, ...images, sums, adjoint].forEach((r) => r.destroy());
}

gpuTest("control grid interpolation and adjoint agree with their twins", async (gpu, t) => {
  for (const [image, stride] of CASES) {
    await t.step(`${image.join("x")} stride ${stride.join(",")}`, () => check(gpu, image, stride));
  }
});

gpuTest("control grid operators work in slabs beyond one binding", async (gpu) => {
  await check(gpu, [17, 20, 40], [4, 4, 4]);
}, { maxBindingBytes: 31000 });

Deno.test("controlGridGeometry() puts the last control point at or beyond the end", () => {
  assertEquals(controlGridGeometry([8, 9, 1], [4, 4, 4]).size, [3, 4, 2]);
});
