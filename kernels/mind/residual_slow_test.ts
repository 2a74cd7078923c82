import { assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import type { Triple } from "../../volume/affine.ts";
import { gpuTest } from "../../testing/gpu.ts";
import { random } from "../../testing/random.ts";
import {
  controlGridAdjointReference,
  controlGridGeometry,
  type ControlGridInterpolation,
  controlGridSlabs,
  controlPoints,
  prepareColumns,
} from "../control_grid/control_grid.ts";
import { Gpu } from "../gpu/gpu.ts";
import { uploadImage } from "../gpu/image.ts";
import { cellWindows } from "../gpu/slabs.ts";
import { NO_VALUE } from "../gpu/no_value.ts";
import { mindDescriptors, unpackDescriptors } from "./descriptor.ts";
import { MIND_LAYOUTS, type MindNeighbourhood } from "./layout.ts";
import { type MindDifference, mindResidualReference, prepareMindResidual } from "./residual.ts";

interface Case {
  readonly image: Triple;
  readonly stride: Triple;
  readonly neighbourhood?: MindNeighbourhood | undefined;
  readonly difference?: MindDifference | undefined;
  readonly reach?: number | undefined;
  readonly bits?: 5 | 10 | undefined;
  readonly interpolation?: ControlGridInterpolation | undefined;
  /** Voxels around the fixed image that the moving image has on each side. */
  readonly margin?: Triple | undefined;
  /** Displacement along z of all control points, mm. */
  readonly shift?: number | undefined;
  /** The bytes of a binding of the residual. Default: those of the descriptors. */
  readonly bindingBytes?: number | undefined;
}

async function check(
  gpu: Gpu,
  options: Case,
): Promise<{ value: number; gradient: Float32Array }> {
  const { image, stride, neighbourhood = "six", difference = "absolute" } = options;
  const { reach = 6, bits = 10, interpolation, margin = [2, 2, 2], shift = 0 } = options;
  const next = random(11);
  const geometry = controlGridGeometry(image, stride, interpolation);
  const count = controlPoints(geometry);
  const movingSize = image.map((n, axis) => n + 2 * margin[axis]) as unknown as Triple;
  const make = (size: Triple) =>
    Float32Array.from(
      { length: size[0] * size[1] * size[2] },
      (_, i) => next() < 0.004 ? NO_VALUE : 100 * Math.sin(0.3 * i) + 50 * next(),
    );
  const source = uploadImage(gpu, "fixed", image, make(image));
  const movingSource = uploadImage(gpu, "moving", movingSize, make(movingSize));
  const descriptors = { neighbourhood, sigma: 0.5, scale: 1, bits };
  const fixed = mindDescriptors(gpu, { source, ...descriptors });
  const moving = mindDescriptors(gpu, { source: movingSource, ...descriptors });
  const knots = Float32Array.from(
    { length: 3 * count },
    (_, i) => reach * (next() - 0.5) + (i % 3 === 2 ? shift : 0),
  );
  const vec4 = new Float32Array(4 * count);
  for (let k = 0; k < count; k++) vec4.set(knots.subarray(3 * k, 3 * k + 3), 4 * k);
  const knotBuffer = gpu.upload("knots", vec4);
  const gradient = gpu.buffer("gradient", 16 * count);
  const scalars = gpu.buffer("scalars", 32);
  const origin = margin;
  const perVoxel: Triple = [1, 0.5, 0.8];
  const { bindingBytes: maxBindingBytes = gpu.maxBindingBytes } = options;
  using inParts = await Gpu.open({ device: gpu.device, maxBindingBytes });
  if (options.bindingBytes !== undefined) {
    assertLess(1, cellWindows(inParts, movingSize, 4 * fixed.words).length);
  }
  const columns = prepareColumns(inParts, {
    geometry,
    knots: knotBuffer,
    slabs: controlGridSlabs(inParts, geometry, 4 * fixed.words),
  });
  const prepared = prepareMindResidual(inParts, {
    geometry,
    columns,
    fixed,
    moving,
    difference,
    origin,
    perVoxel,
    gradient,
    scalars,
  });
  const recorder = gpu.record("residual");
  for (const dispatch of [...columns.dispatches, ...prepared.dispatches]) recorder.run(dispatch);
  recorder.submit();
  const entries = async (d: typeof fixed) =>
    unpackDescriptors(new Uint32Array(await gpu.download(d.buffer)), d);
  const reference = mindResidualReference({
    geometry,
    knots,
    fixed: await entries(fixed),
    difference,
    origin,
    perVoxel,
    moving: { size: movingSize, entries: await entries(moving) },
    channels: MIND_LAYOUTS[neighbourhood].channels.length,
  });
  const [value, voxels] = new Float32Array(await gpu.download(scalars));
  const what = `${neighbourhood}, ${difference}, ${image.join(" x ")}`;
  assertEquals(voxels, reference.voxels, `${what}: voxels`);
  assertAlmostEquals(value, reference.value, 2e-6 + 1e-5 * reference.value, what);
  const expected = controlGridAdjointReference(
    geometry,
    new Float32Array(image[0] * image[1] * image[2]).fill(1),
    reference.forces.map((force) => Float32Array.from(force)) as unknown as [
      Float32Array,
      Float32Array,
      Float32Array,
    ],
  );
  const got = new Float32Array(await gpu.download(gradient));
  let error = 0;
  let size = 0;
  for (let k = 0; k < count; k++) {
    for (let c = 0; c < 3; c++) {
      error += (got[4 * k + c] - expected[3 * k + c]) ** 2;
      size += expected[3 * k + c] ** 2;
    }
  }
  assertLess(Math.sqrt(error), 2e-4 * Math.sqrt(size) + 1e-12, `${what}: gradient`);
  [source, movingSource, fixed, moving, knotBuffer, gradient, scalars, columns, prepared]
    .forEach((resource) => resource.destroy());
  return { value, gradient: got };
}

const CASES: Case[] = [
  { image: [1, 1, 1], stride: [1, 1, 1] },
  { image: [63, 8, 9], stride: [8, 4, 4] },
  { image: [64, 9, 8], stride: [7, 3, 5] },
  { image: [65, 7, 11], stride: [3, 4, 4] },
  { image: [13, 12, 11], stride: [5, 4, 3], difference: "squared" },
  { image: [33, 12, 11], stride: [5, 4, 3], bits: 5 },
  { image: [9, 12, 11], stride: [5, 4, 3], neighbourhood: "ssc", difference: "squared", bits: 5 },
  { image: [20, 11, 9], stride: [4, 4, 4], neighbourhood: "ssc", difference: "squared" },
  { image: [14, 13, 9], stride: [4, 4, 4], neighbourhood: "dense" },
  { image: [1, 1, 1], stride: [1, 1, 1], interpolation: "cubic" },
  { image: [65, 8, 9], stride: [7, 4, 3], interpolation: "cubic" },
];

gpuTest("E_MIND and its gradient are those of the twin", async (gpu, t) => {
  for (const options of CASES) {
    await t.step(
      `${options.neighbourhood ?? "six"} ${options.image.join("x")}, ${options.bits ?? 10} bits, ${
        options.interpolation ?? "linear"
      }`,
      async () => void await check(gpu, options),
    );
  }
});

Deno.test("the twin is eq. 6 and the mean of its squares, by hand", () => {
  const geometry = controlGridGeometry([2, 1, 1], [1, 1, 1]);
  const { value, voxels, forces } = mindResidualReference({
    geometry,
    knots: new Float32Array(3 * controlPoints(geometry)),
    fixed: Float64Array.of(1, 0.5, 0.2, 1),
    moving: { size: [2, 1, 1], entries: Float64Array.of(0.4, 1, 1, 0.6) },
    channels: 2,
    difference: "absolute",
    origin: [0, 0, 0],
    perVoxel: [1, 1, 1],
  });
  // Eq. 6 is (0.6 + 0.5) / 2 = 0.55 at the first voxel and (0.8 + 0.4) / 2 = 0.6 at the second.
  assertEquals(voxels, 2);
  assertAlmostEquals(value, (0.55 ** 2 + 0.6 ** 2) / 2, 1e-12);
  // At the first voxel the slopes of the channels are 0.6 and -0.4, and their differences are -0.6 and 0.5:
  // 2 * 0.55 / 2 * (-0.6 - 0.4), and half of it for the mean of two voxels.
  assertAlmostEquals(forces[0][0], -0.275, 1e-12);
});

gpuTest("E_MIND of images larger than one binding", async (gpu) => {
  await check(gpu, { image: [28, 16, 40], stride: [4, 4, 4] });
  await check(gpu, { image: [28, 16, 40], stride: [4, 4, 4], interpolation: "cubic" });
  await check(gpu, {
    image: [28, 16, 40],
    stride: [4, 4, 4],
    neighbourhood: "ssc",
    difference: "squared",
  });
}, { maxBindingBytes: 150000 });

gpuTest(
  "E_MIND in windows has the bytes of one window, if displacements stay near",
  async (gpu) => {
    for (const interpolation of ["linear", "cubic"] as const) {
      const at: Case = {
        image: [14, 8, 40],
        stride: [4, 4, 4],
        bits: 5,
        interpolation,
        margin: [2, 2, 32],
      };
      const whole = await check(gpu, at);
      // The fixed image and the columns fit into one binding; 104 planes of the moving image have 99,840 bytes.
      for (const bindingBytes of [40_000, 60_000, 80_000]) {
        assertEquals(await check(gpu, { ...at, bindingBytes }), whole, `${bindingBytes}`);
      }
    }
  },
);

gpuTest(
  "E_MIND in windows is that of the twin, if displacements reach all windows",
  async (gpu) => {
    const at: Case = { image: [14, 8, 40], stride: [4, 4, 4], bits: 5, margin: [2, 2, 32] };
    // 160 mm are 128 planes. With 62 mm a part of the voxels leaves the image, with the last shifts all do.
    for (const [reach, shift] of [[160, 0], [6, 62], [6, -47], [6, 1e4], [6, -1e4]]) {
      const whole = await check(gpu, { ...at, reach, shift });
      for (const bindingBytes of [40_000, 80_000]) {
        const { value } = await check(gpu, { ...at, reach, shift, bindingBytes });
        assertAlmostEquals(value, whole.value, 1e-6 * whole.value);
      }
    }
  },
);

gpuTest("E_MIND of 5 bits per channel agrees with that of 10 bits", async (gpu) => {
  const at: Case = { image: [41, 36, 32], stride: [7, 6, 5], reach: 2.1 };
  const coarse = await check(gpu, { ...at, bits: 5 });
  const fine = await check(gpu, { ...at, bits: 10 });
  assertLess(Math.abs(coarse.value - fine.value), 0.01 * fine.value);
  const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, v, i) => sum + v * b[i], 0);
  const { gradient: a } = coarse;
  const { gradient: b } = fine;
  assertLess(0.99, dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b)), "cosine of the gradients");
});
