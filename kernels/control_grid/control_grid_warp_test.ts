import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { Triple } from "../../volume/affine.ts";
import { gpuTest } from "../../testing/gpu.ts";
import { random } from "../../testing/random.ts";
import {
  CONTROL_GRID_INTERPOLATIONS,
  controlGridGeometry,
  type ControlGridInterpolation,
  controlGridSlabs,
  controlPoints,
  prepareColumns,
} from "./control_grid.ts";
import { controlGridWarpReference, prepareControlGridWarp } from "./control_grid_warp.ts";
import { voxelPairsReference } from "./voxel_pairs.ts";
import { Gpu } from "../gpu/gpu.ts";
import { createImage, downloadImage, uploadImage } from "../gpu/image.ts";
import { hasValue, NO_VALUE } from "../gpu/no_value.ts";

/** Images hold multiples of this, as their 16-bit form does. */
const STEP = 1 / 65534;

interface Case {
  readonly image: Triple;
  readonly stride: Triple;
  readonly movingSize: Triple;
  readonly interpolation: ControlGridInterpolation;
  /** Range of the displacements, mm. */
  readonly reach?: number | undefined;
}

async function check(
  gpu: Gpu,
  { image, stride, movingSize, interpolation, reach = 6 }: Case,
): Promise<Float32Array[]> {
  const next = random(7);
  const geometry = controlGridGeometry(image, stride, interpolation);
  // Displacements that leave the moving image on every side.
  const knots = Float32Array.from(
    { length: 3 * controlPoints(geometry) },
    () => reach * (next() - 0.5),
  );
  const moving = {
    size: movingSize,
    data: Float32Array.from(
      { length: movingSize[0] * movingSize[1] * movingSize[2] },
      () => next() < 0.02 ? NO_VALUE : Math.fround(Math.round(next() / STEP) * STEP),
    ),
  };
  const origin: Triple = [1, 0, 2];
  const perVoxel: Triple = [1, 0.5, 1.5];
  const expected = controlGridWarpReference({ geometry, knots, moving, origin, perVoxel });

  const vec4 = new Float32Array(4 * controlPoints(geometry));
  for (let k = 0; k < controlPoints(geometry); k++) {
    vec4.set(knots.subarray(3 * k, 3 * k + 3), 4 * k);
  }
  const knotBuffer = gpu.upload("knots", vec4);
  const source = uploadImage(
    gpu,
    "moving",
    movingSize,
    voxelPairsReference(movingSize, moving.data, STEP),
  );
  const warped = createImage(gpu, "warped", image);
  const gradient = ["x", "y", "z"].map((axis) => createImage(gpu, axis, image));
  const columns = prepareColumns(gpu, {
    geometry,
    knots: knotBuffer,
    slabs: controlGridSlabs(gpu, geometry),
  });
  const prepared = prepareControlGridWarp(gpu, {
    geometry,
    columns,
    moving: source,
    step: STEP,
    origin,
    perVoxel,
    warped,
    gradient: gradient as unknown as [typeof warped, typeof warped, typeof warped],
  });
  const recorder = gpu.record("warp");
  for (const dispatch of [...columns.dispatches, ...prepared.dispatches]) recorder.run(dispatch);
  recorder.submit();
  const values = await downloadImage(gpu, warped);
  const slopes = await Promise.all(gradient.map((g) => downloadImage(gpu, g)));
  let different = 0;
  values.forEach((value, i) => {
    const twin = expected.warped[i];
    // A point on a cell's face may fall on either side of it in single precision.
    if (hasValue(value) !== hasValue(twin)) return void different++;
    if (!hasValue(value)) return;
    assertAlmostEquals(value, twin, 2e-5);
    const off = slopes.some((s, c) => Math.abs(s[i] - expected.gradient[c][i]) > 1e-4);
    if (off) different++;
  });
  assertEquals(different <= Math.ceil(values.length / 2000), true, `${different} differ`);
  [knotBuffer, source, warped, ...gradient, columns, prepared].forEach((r) => r.destroy());
  return [values, ...slopes];
}

gpuTest("control grid warp agrees with its twin", async (gpu, t) => {
  const cases: [Triple, Triple, Triple][] = [
    [[1, 1, 1], [4, 4, 4], [3, 3, 3]],
    [[63, 6, 5], [4, 4, 4], [65, 8, 9]],
    [[64, 5, 7], [5, 3, 2], [64, 5, 1]],
    [[65, 7, 4], [1, 2, 3], [70, 9, 8]],
    [[66, 5, 6], [7, 3, 2], [70, 9, 8]],
  ];
  for (const interpolation of CONTROL_GRID_INTERPOLATIONS) {
    for (const [image, stride, movingSize] of cases) {
      await t.step(
        `${interpolation} ${image.join("x")}`,
        async () => void await check(gpu, { image, stride, movingSize, interpolation }),
      );
    }
  }
});

gpuTest("control grid warp works in slabs beyond one binding", async (gpu) => {
  for (const interpolation of CONTROL_GRID_INTERPOLATIONS) {
    await check(gpu, {
      image: [17, 20, 40],
      stride: [4, 4, 4],
      movingSize: [20, 22, 44],
      interpolation,
    });
  }
}, { maxBindingBytes: 42000 });

gpuTest("control grid warp in windows has the bytes of one window", async (gpu) => {
  for (const interpolation of CONTROL_GRID_INTERPOLATIONS) {
    for (const reach of [6, 90]) {
      const options: Case = {
        image: [17, 20, 40],
        stride: [4, 4, 4],
        movingSize: [20, 24, 104],
        interpolation,
        reach,
      };
      const whole = await check(gpu, options);
      // The fixed image and the columns fit into one binding; 104 planes of the moving image have 199,680 bytes.
      for (const maxBindingBytes of [110_000, 140_000]) {
        using inParts = await Gpu.open({ device: gpu.device, maxBindingBytes });
        assertEquals(await check(inParts, options), whole, `${maxBindingBytes}`);
      }
    }
  }
});
