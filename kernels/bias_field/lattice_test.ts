import { assertEquals } from "@std/assert";
import { assertCloseTo, seededValues } from "../../testing/float_values.ts";
import { assertNothingLeaks } from "../../testing/failing_allocations.ts";
import { gpuTest } from "../../testing/gpu.ts";
import type { Triple } from "../../volume/affine.ts";
import type { Dispatch, Gpu } from "../gpu/gpu.ts";
import { createImage, downloadImage, uploadImage } from "../gpu/image.ts";
import {
  latticeExpansionReference,
  latticeFitReference,
  latticePoints,
  prepareLatticeExpansion,
  prepareLatticeFit,
} from "./lattice.ts";
import { type SplineAxes, splineAxis } from "./spline.ts";

function run(gpu: Gpu, dispatches: readonly Dispatch[]): void {
  const recorder = gpu.record("test");
  dispatches.forEach((dispatch) => recorder.run(dispatch));
  recorder.submit();
}

async function check(gpu: Gpu, size: Triple, mesh: Triple): Promise<void> {
  const axes = size.map((length, axis) =>
    splineAxis({ length, spans: mesh[axis] })
  ) as unknown as SplineAxes;
  const voxels = size[0] * size[1] * size[2];
  const knots = latticePoints(axes);
  const inside = seededValues(voxels, 1).map((value) => value < 0.2 ? 1 : 0);
  const data = seededValues(voxels, 2).map((value, i) => value * inside[i]);
  const before = seededValues(knots, 3);
  const images = [
    uploadImage(gpu, "values", size, data),
    uploadImage(gpu, "inside", size, inside),
    createImage(gpu, "field", size),
  ];
  const lattice = gpu.upload("lattice", before);
  const fit = prepareLatticeFit(gpu, { axes, values: images[0], inside: images[1], lattice });
  run(gpu, [...fit.confidence, ...fit.dispatches]);
  const fitted = new Float32Array(await gpu.download(lattice, 0, 4 * knots));
  const added = latticeFitReference(axes, data, inside);
  assertCloseTo(fitted, before.map((value, i) => value + added[i]), `fit ${size}`, 1e-5);

  const expansion = prepareLatticeExpansion(gpu, { axes, lattice, destination: images[2] });
  run(gpu, expansion.dispatches);
  const field = await downloadImage(gpu, images[2]);
  assertCloseTo(field, latticeExpansionReference(axes, fitted), `expansion ${size}`);

  gpu.write(lattice, before);
  run(gpu, fit.dispatches);
  const again = new Float32Array(await gpu.download(lattice, 0, 4 * knots));
  assertEquals(again, fitted, "two runs");
  [fit, expansion, lattice, ...images].forEach((resource) => resource.destroy());
}

gpuTest("prepareLatticeFit() and prepareLatticeExpansion() agree with their twins", async (gpu) => {
  await check(gpu, [1, 1, 1], [1, 1, 1]);
  await check(gpu, [63, 7, 5], [1, 2, 3]);
  await check(gpu, [64, 9, 6], [8, 8, 8]);
  await check(gpu, [65, 5, 9], [5, 1, 2]);
  await check(gpu, [9, 40, 17], [40, 2, 8]);
});

gpuTest("prepareLatticeFit() and the expansion go beyond one binding", async (gpu) => {
  await check(gpu, [33, 16, 40], [2, 2, 5]);
}, { maxBindingBytes: 20_000 });

gpuTest("lattices leak nothing when an allocation fails", async (gpu) => {
  const axes = [9, 8, 7].map((length) => splineAxis({ length, spans: 2 })) as unknown as SplineAxes;
  const image = createImage(gpu, "image", [9, 8, 7]);
  const lattice = gpu.buffer("lattice", 4 * latticePoints(axes));
  const fit = { axes, values: image, inside: image, lattice };
  await assertNothingLeaks(gpu, () => prepareLatticeFit(gpu, fit));
  const expansion = { axes, lattice, destination: image };
  await assertNothingLeaks(gpu, () => prepareLatticeExpansion(gpu, expansion));
  [image, lattice].forEach((resource) => resource.destroy());
});
