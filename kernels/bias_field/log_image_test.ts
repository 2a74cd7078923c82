import { assertEquals } from "@std/assert";
import { assertCloseTo, seededValues } from "../../testing/float_values.ts";
import { assertNothingLeaks } from "../../testing/failing_allocations.ts";
import { gpuTest } from "../../testing/gpu.ts";
import type { Triple } from "../../volume/affine.ts";
import type { Dispatch, Gpu } from "../gpu/gpu.ts";
import { hasValue, NO_VALUE } from "../gpu/no_value.ts";
import { createImage, downloadImage, uploadImage } from "../gpu/image.ts";
import {
  createReport,
  createSharpening,
  divideByField,
  divideByFieldReference,
  logImage,
  logImageReference,
  logUpdateReference,
  prepareLogUpdate,
  prepareResidual,
  readReport,
  residualReference,
  writeSharpening,
} from "./log_image.ts";

function run(gpu: Gpu, dispatches: readonly Dispatch[]): void {
  const recorder = gpu.record("test");
  dispatches.forEach((dispatch) => recorder.run(dispatch));
  recorder.submit();
}

async function check(gpu: Gpu, size: Triple): Promise<void> {
  const voxels = size[0] * size[1] * size[2];
  const bins = 7;
  const data = seededValues(voxels, 1).map((value) => 500 * (value + 0.3));
  const field = seededValues(voxels, 2);
  const images = {
    data: uploadImage(gpu, "data", size, data),
    field: uploadImage(gpu, "field", size, field),
    residual: createImage(gpu, "residual", size),
  };
  const original = logImage(gpu, images.data);
  const corrected = logImage(gpu, images.data);
  const logarithms = logImageReference(data);
  assertCloseTo(
    (await downloadImage(gpu, original)).map((v) => hasValue(v) ? v : -1),
    logarithms.map((v) => hasValue(v) ? v : -1),
    `logarithms ${size}`,
  );

  const report = createReport(gpu, 1);
  const sharpening = createSharpening(gpu, bins);
  const steps = { original, field: images.field, corrected, report };
  const update = prepareLogUpdate(gpu, steps);
  run(gpu, update.dispatches);
  const u = logarithms.slice();
  const wanted = logUpdateReference(logarithms, field, u);
  const got = await readReport(gpu, report, 1);
  const range = [wanted.minimum, wanted.maximum];
  assertCloseTo([got.minimum, got.maximum], range.map(Math.fround), `range ${size}`);
  const change = [wanted.sum, wanted.squares];
  assertCloseTo([got.sum, got.squares], change, `change ${size}`, 1e-5);

  const expected = Float64Array.from(seededValues(bins, 3));
  const mapping = { minimum: wanted.minimum + 0.2, maximum: wanted.maximum - 0.1, expected };
  writeSharpening(gpu, sharpening, mapping);
  const { residual } = images;
  const difference = prepareResidual(gpu, { logarithms: corrected, sharpening, bins, residual });
  run(gpu, difference.dispatches);
  assertCloseTo(
    await downloadImage(gpu, residual),
    residualReference(u, mapping),
    `residual ${size}`,
    2e-5,
  );

  divideByField(gpu, images.data, images.field);
  const divided = divideByFieldReference(data, field);
  assertCloseTo(await downloadImage(gpu, images.data), divided.image, `image ${size}`);
  assertCloseTo(await downloadImage(gpu, images.field), divided.field, `field ${size}`);
  [...Object.values(images), original, corrected, update, difference, report, sharpening]
    .forEach((resource) => resource.destroy());
}

gpuTest("logImage(), residual, update and division agree with their twins", async (gpu) => {
  for (const nx of [1, 63, 64, 65]) await check(gpu, [nx, 9, 11]);
});

gpuTest("logImage(), residual, update and division go beyond one binding", async (gpu) => {
  await check(gpu, [33, 16, 40]);
}, { maxBindingBytes: 40_000 });

gpuTest("writeSharpening() leaves a single value as it is", async (gpu) => {
  const image = uploadImage(gpu, "image", [5, 1, 1], new Float32Array([7, 7, 0, 7, 7]));
  const logarithms = logImage(gpu, image);
  const sharpening = createSharpening(gpu, 3);
  const value = Math.log(7);
  const expected = new Float64Array(3).fill(value);
  writeSharpening(gpu, sharpening, { minimum: value, maximum: value, expected });
  const residual = prepareResidual(gpu, { logarithms, sharpening, bins: 3, residual: image });
  run(gpu, residual.dispatches);
  assertCloseTo(
    (await downloadImage(gpu, image)).map((v) => v + 7),
    [7, 7, 7, 7, 7],
    "residual",
  );
  assertEquals((await downloadImage(gpu, logarithms))[2], Math.fround(NO_VALUE));
  [image, logarithms, sharpening, residual].forEach((resource) => resource.destroy());
});

gpuTest("the steps of log images leak nothing when an allocation fails", async (gpu) => {
  const image = uploadImage(gpu, "image", [9, 8, 7], new Float32Array(504).fill(2));
  const report = createReport(gpu, 5);
  const sharpening = createSharpening(gpu, 5);
  const residual = { logarithms: image, sharpening, bins: 5, residual: image };
  const update = { original: image, field: image, corrected: image, report };
  await assertNothingLeaks(gpu, () => logImage(gpu, image));
  await assertNothingLeaks(gpu, () => prepareResidual(gpu, residual));
  await assertNothingLeaks(gpu, () => prepareLogUpdate(gpu, update));
  [image, report, sharpening].forEach((resource) => resource.destroy());
});
