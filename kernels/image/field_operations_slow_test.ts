import { assertAlmostEquals, assertLess } from "@std/assert";
import { IDENTITY, type Matrix4, type Triple } from "../../volume/affine.ts";
import { gpuTest } from "../../testing/gpu.ts";
import {
  composeFields,
  composeFieldsReference,
  invertField,
  invertFieldReference,
  jacobianDeterminant,
  jacobianDeterminantReference,
} from "./field_operations.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { downloadImage, type GpuField, uploadImage } from "../gpu/image.ts";

/** Smooth displacements of up to `amplitude` voxels. */
function waves(size: Triple, amplitude: number, phase: number): Float32Array[] {
  return [0, 1, 2].map((c) =>
    Float32Array.from({ length: size[0] * size[1] * size[2] }, (_, i) => {
      const x = i % size[0];
      const y = Math.floor(i / size[0]) % size[1];
      const z = Math.floor(i / (size[0] * size[1]));
      return amplitude * Math.sin(0.21 * x + 0.17 * y + 0.19 * z + 2 * c + phase);
    })
  );
}

function upload(gpu: Gpu, size: Triple, arrays: readonly Float32Array[]): GpuField {
  const components = arrays.map((a) =>
    uploadImage(gpu, "u", size, a)
  ) as unknown as GpuField["components"];
  return { size, components, destroy: () => components.forEach((c) => c.destroy()) };
}

function download(gpu: Gpu, field: GpuField): Promise<Float32Array[]> {
  return Promise.all(field.components.map((c) => downloadImage(gpu, c)));
}

function assertClose(got: readonly Float32Array[], want: readonly Float32Array[], by: number) {
  got.forEach((a, c) => a.forEach((v, i) => assertAlmostEquals(v, want[c][i], by)));
}

const SIZES: Triple[] = [[1, 1, 1], [63, 5, 7], [64, 6, 1], [65, 9, 6]];

async function check(gpu: Gpu, size: Triple): Promise<void> {
  const a = waves(size, 1.1, 0);
  const b = waves(size, 0.8, 1);
  const first = upload(gpu, size, a);
  const second = upload(gpu, size, b);
  const composed = composeFields(gpu, { first, second });
  assertClose(await download(gpu, composed), composeFieldsReference(size, a, b), 1e-4);
  const determinant = jacobianDeterminant(gpu, { field: first });
  assertClose(
    [await downloadImage(gpu, determinant)],
    [jacobianDeterminantReference(size, a)],
    1e-4,
  );
  [first, second, composed, determinant].forEach((r) => r.destroy());
}

gpuTest("composeFields() and jacobianDeterminant() agree with their twins", async (gpu, t) => {
  for (const size of SIZES) await t.step(size.join("x"), () => check(gpu, size));
});

gpuTest("composeFields() and jacobianDeterminant() work beyond one binding", async (gpu) => {
  await check(gpu, [20, 16, 60]);
}, { maxBindingBytes: 30000 });

gpuTest("invertField() agrees with its twin, on another grid and in slabs", async (gpu, t) => {
  const matrix: Matrix4 = [0.8, 0.1, 0, 1.3, -0.1, 0.9, 0, 0.7, 0, 0.05, 0.7, 0.4, 0, 0, 0, 1];
  const cases: [Triple, Triple, Matrix4][] = [
    [[12, 11, 10], [12, 11, 10], IDENTITY],
    [[12, 11, 10], [20, 16, 24], matrix],
    [[1, 1, 1], [65, 2, 2], IDENTITY],
  ];
  for (const [from, size, index] of cases) {
    await t.step(`${from.join("x")} to ${size.join("x")}`, async () => {
      const arrays = waves(from, 1.2, 0.3);
      const field = upload(gpu, from, arrays);
      const { inverse, residual } = invertField(gpu, { field, size, matrix: index });
      const left = await downloadImage(gpu, residual);
      assertLess(left.reduce((a, b) => Math.max(a, b)), 2e-3);
      const twin = invertFieldReference({ size: from, components: arrays }, size, index);
      assertClose(await download(gpu, inverse), twin, 5e-3);
      [field, inverse, residual].forEach((r) => r.destroy());
    });
  }
}, { maxBindingBytes: 25600 });

gpuTest(
  "jacobianDeterminant() of a linear field is that of its matrix, and counts folds",
  async (gpu) => {
    const size: Triple = [9, 8, 7];
    const linear = [0, 1, 2].map((c) =>
      Float32Array.from({ length: 9 * 8 * 7 }, (_, i) => {
        const x = i % 9;
        const y = Math.floor(i / 9) % 8;
        const z = Math.floor(i / 72);
        return c === 0 ? -1.5 * x + 0.1 * y : c === 1 ? 0.2 * z : 0.3 * z;
      })
    );
    const field = upload(gpu, size, linear);
    const determinant = jacobianDeterminant(gpu, { field });
    for (const v of await downloadImage(gpu, determinant)) assertAlmostEquals(v, -0.5 * 1.3, 1e-4);
    field.destroy();
    determinant.destroy();
  },
);
