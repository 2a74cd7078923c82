import { assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import type { Triple } from "../../volume/affine.ts";
import { gpuTest } from "../../testing/gpu.ts";
import { random } from "../../testing/random.ts";
import { prepareAdjoint } from "./adjoint.ts";
import {
  CONTROL_GRID_INTERPOLATIONS,
  controlGridAdjointReference,
  controlGridDisplacementReference,
  controlGridGeometry,
  type ControlGridInterpolation,
  controlPoints,
} from "./control_grid.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { uploadImage } from "../gpu/image.ts";

const CASES: [Triple, Triple][] = [
  [[1, 1, 1], [4, 4, 4]],
  [[63, 7, 5], [4, 3, 2]],
  [[64, 9, 6], [4, 1, 5]],
  [[65, 5, 9], [5, 4, 4]],
  [[17, 20, 40], [3, 8, 1]],
  [[30, 6, 20], [1, 2, 12]],
  [[66, 5, 4], [7, 3, 3]],
];

async function check(
  gpu: Gpu,
  image: Triple,
  stride: Triple,
  interpolation: ControlGridInterpolation,
): Promise<void> {
  const next = random(1);
  const geometry = controlGridGeometry(image, stride, interpolation);
  const values = (n: number) => Float32Array.from({ length: n }, () => next() - 0.5);
  const knots = values(3 * controlPoints(geometry));
  const voxels = image[0] * image[1] * image[2];
  const scale = values(voxels);
  const v = [values(voxels), values(voxels), values(voxels)];

  const dense = controlGridDisplacementReference(geometry, knots, [1, 2, 3]);
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

  // <A k, v> = <k, A^T v>, the left side by the twin, the right one by the GPU.
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

  [scaleImage, ...images, sums, adjoint].forEach((r) => r.destroy());
}

gpuTest("the adjoint of the control grid's interpolation agrees with its twin", async (gpu, t) => {
  for (const interpolation of CONTROL_GRID_INTERPOLATIONS) {
    for (const [image, stride] of CASES) {
      await t.step(
        `${interpolation}, ${image.join("x")} stride ${stride.join(",")}`,
        () => check(gpu, image, stride, interpolation),
      );
    }
  }
});

gpuTest("the adjoint works in slabs beyond one binding", async (gpu) => {
  for (const interpolation of CONTROL_GRID_INTERPOLATIONS) {
    await check(gpu, [17, 20, 40], [4, 4, 4], interpolation);
  }
}, { maxBindingBytes: 42000 });

gpuTest(
  "the adjoint works in slabs if a cell has so few voxels that its sums are larger",
  async (gpu) => {
    await check(gpu, [40, 24, 20], [1, 1, 2], "linear");
    await check(gpu, [40, 24, 20], [2, 2, 3], "cubic");
  },
  { maxBindingBytes: 1 << 18 },
);

gpuTest("prepareAdjoint() of one voxel, by hand", async (gpu) => {
  const image: Triple = [7, 1, 1];
  const geometry = controlGridGeometry(image, [4, 4, 4]);
  const upload = (values: number[]) => uploadImage(gpu, "values", image, Float32Array.from(values));
  // The voxel 3 lies at 3/4 of the cell between the control points 0 and 1, the voxel 6 at 1/2 of the next cell.
  const v = upload([0, 0, 0, 8, 0, 0, 2]);
  const scale = upload([9, 9, 9, 0.5, 9, 9, 3]);
  const sums = gpu.buffer("sums", 16 * controlPoints(geometry));
  const adjoint = prepareAdjoint(gpu, { geometry, vectors: [v, v, v], scale, sums });
  const recorder = gpu.record("adjoint");
  adjoint.dispatches.forEach((dispatch) => recorder.run(dispatch));
  recorder.submit();
  const got = new Float32Array(await gpu.download(sums));
  assertEquals([...got.subarray(0, 12)], [1, 1, 1, 0, 6, 6, 6, 0, 3, 3, 3, 0]);
  [v, scale, sums, adjoint].forEach((resource) => resource.destroy());
});

Deno.test("controlGridGeometry() puts the last control point at or beyond the end", () => {
  assertEquals(controlGridGeometry([8, 9, 1], [4, 4, 4]).size, [3, 4, 2]);
});

Deno.test("controlGridGeometry() of a spline has one more control point at either end", () => {
  assertEquals(controlGridGeometry([8, 9, 1], [4, 4, 4], "cubic").size, [5, 6, 4]);
});

Deno.test("controlGridDisplacementReference() of a spline, by hand", () => {
  const geometry = controlGridGeometry([9, 1, 1], [4, 4, 4], "cubic");
  const [kx, ky, kz] = geometry.size;
  const at = (value: (j: number) => number) => {
    const knots = new Float32Array(3 * kx * ky * kz);
    for (let k = 0; k < knots.length / 3; k++) knots[3 * k] = value(k % kx);
    return controlGridDisplacementReference(geometry, knots, [1, 1, 1])[0];
  };
  // The control point 2 is at voxel 4: B(1), B(0) and B(1/2) are 1/6, 2/3 and 23/48.
  const bump = at((j) => j === 2 ? 1 : 0);
  [[0, 1 / 6], [4, 2 / 3], [6, 23 / 48], [8, 1 / 6]].forEach(([x, value]) =>
    assertAlmostEquals(bump[x], value, 1e-7)
  );
  // A spline reproduces linear functions: control point j is at voxel 4 (j - 1).
  at((j) => 4 * (j - 1)).forEach((value, x) => assertAlmostEquals(value, x, 1e-6));
});
