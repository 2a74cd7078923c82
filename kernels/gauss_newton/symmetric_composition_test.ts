import { assertLess } from "@std/assert";
import type { Triple } from "../../volume/affine.ts";
import { gpuTest } from "../../testing/gpu.ts";
import { composeFields, composeFieldsReference } from "../image/field_operations.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { assertNothingLeaks } from "../../testing/failing_allocations.ts";
import { downloadImage, type GpuField, uploadImage } from "../gpu/image.ts";
import {
  composeSymmetrically,
  composeSymmetricallyReference,
  scaleField,
} from "./symmetric_composition.ts";

/** Smooth displacements of up to `amplitude` voxels, 0 at the border. */
function bump(size: Triple, amplitude: number): Float32Array[] {
  return [0, 1, 2].map((c) =>
    Float32Array.from({ length: size[0] * size[1] * size[2] }, (_, i) => {
      const at = [i % size[0], Math.floor(i / size[0]) % size[1]];
      at.push(Math.floor(i / (size[0] * size[1])));
      return amplitude * at.reduce((product, v, axis) =>
        product * (size[axis] < 3 ? 1 : Math.sin(Math.PI * v / (size[axis] - 1))), c - 1.4);
    })
  );
}

function upload(gpu: Gpu, size: Triple, arrays: readonly Float32Array[]): GpuField {
  const components = arrays.map((a) =>
    uploadImage(gpu, "u", size, a)
  ) as unknown as GpuField["components"];
  return { size, components, destroy: () => components.forEach((c) => c.destroy()) };
}

const download = (gpu: Gpu, { components }: GpuField) =>
  Promise.all(components.map((c) => downloadImage(gpu, c)));

const largest = (a: readonly Float32Array[], b?: readonly Float32Array[]) =>
  Math.max(
    ...a.map((u, c) =>
      u.reduce((maximum, v, i) => Math.max(maximum, Math.abs(v - (b?.[c][i] ?? 0))), 0)
    ),
  );

async function check(gpu: Gpu, size: Triple): Promise<void> {
  const arrays = [bump(size, 1.2), bump(size, -0.7)] as const;
  const fields = arrays.map((a) => upload(gpu, size, a)) as [GpuField, GpuField];
  const result = composeSymmetrically(gpu, fields);
  const twin = composeSymmetricallyReference(size, arrays);
  for (const [i, field] of result.entries()) {
    assertLess(largest(await download(gpu, field), twin[i]), 1e-3, size.join(" x "));
  }
  const scaled = scaleField(gpu, fields[0], [0.5, 2, -1]);
  const expected = arrays[0].map((u, c) => u.map((v) => v * [0.5, 2, -1][c]));
  assertLess(largest(await download(gpu, scaled), expected), 1e-6);
  [...fields, ...result, scaled].forEach((field) => field.destroy());
}

gpuTest("composeSymmetrically() and scaleField() agree with their twins", async (gpu) => {
  const sizes: Triple[] = [[1, 1, 1], [63, 5, 7], [64, 6, 1], [65, 9, 6]];
  for (const size of sizes) await check(gpu, size);
});

gpuTest("composeSymmetrically() leaves two fields each other's inverse", async (gpu) => {
  const size: Triple = [25, 22, 20];
  const arrays = [bump(size, 2), bump(size, -0.9)] as const;
  assertLess(1, largest(composeFieldsReference(size, arrays[0], arrays[1])), "not at first");
  const fields = arrays.map((a) => upload(gpu, size, a)) as [GpuField, GpuField];
  const [first, second] = composeSymmetrically(gpu, fields);
  const there = composeFields(gpu, { first, second });
  // The interpolation of curved fields leaves this error.
  assertLess(largest(await download(gpu, there)), 0.03);
  [...fields, first, second, there].forEach((field) => field.destroy());
});

gpuTest("scaleField() leaks nothing when an allocation fails", async (gpu) => {
  const field = upload(gpu, [9, 5, 4], bump([9, 5, 4], 1));
  await assertNothingLeaks(gpu, () => scaleField(gpu, field, [1, 2, 3]));
  field.destroy();
});
