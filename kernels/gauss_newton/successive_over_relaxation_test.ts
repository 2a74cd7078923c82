import { assertLess } from "@std/assert";
import type { Triple } from "../../volume/affine.ts";
import { gpuTest } from "../../testing/gpu.ts";
import { random } from "../../testing/random.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { assertNothingLeaks } from "../../testing/failing_allocations.ts";
import { createField, downloadImage, type GpuField, uploadImage } from "../gpu/image.ts";
import { createCheckerboard } from "./checkerboard.ts";
import { ENTRIES, normalEquations, normalEquationsReference } from "./normal_equations.ts";
import { relax, type RelaxationOptions, relaxReference } from "./successive_over_relaxation.ts";

/** A residual, its derivatives and a field to start from. */
function problem(size: Triple, seed: number) {
  const next = random(seed);
  const n = size[0] * size[1] * size[2];
  const noise = (scale: number) => Float32Array.from({ length: n }, () => scale * (next() - 0.5));
  return {
    residual: noise(1),
    derivatives: [noise(1), noise(0.6), noise(0.8)] as const,
    start: [noise(2), noise(2), noise(2)] as const,
  };
}

async function onGpu(
  gpu: Gpu,
  size: Triple,
  { residual, derivatives, start }: ReturnType<typeof problem>,
  sigma: number,
  options: RelaxationOptions,
): Promise<Float32Array[]> {
  const upload = (data: Float32Array) => uploadImage(gpu, "image", size, data);
  const images = { residual: upload(residual), derivatives: derivatives.map(upload) };
  const components = start.map(upload) as unknown as GpuField["components"];
  const equations = normalEquations(gpu, {
    residual: images.residual,
    derivatives: images.derivatives as never,
    sigma,
  });
  relax(gpu, equations, { size, components, destroy: () => {} }, options);
  const found = await Promise.all(components.map((c) => downloadImage(gpu, c)));
  [images.residual, ...images.derivatives, ...components, equations].forEach((r) => r.destroy());
  return found;
}

/** The dense matrix and right-hand side, solved by elimination. */
function solve(
  size: Triple,
  equations: readonly Float32Array[],
  u0: Float64Array[],
  alpha: number,
) {
  const [nx, ny, nz] = size;
  const voxels = nx * ny * nz;
  const n = 3 * voxels;
  const rows = Array.from({ length: n }, () => new Float64Array(n + 1));
  const which = [[0, 1, 2], [1, 3, 4], [2, 4, 5]];
  for (let i = 0; i < voxels; i++) {
    const at = [i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))];
    for (let c = 0; c < 3; c++) {
      const row = rows[3 * i + c];
      for (let other = 0; other < 3; other++) {
        row[3 * i + other] += equations[which[c][other]][i];
        row[n] += equations[which[c][other]][i] * u0[other][i];
      }
      row[n] -= equations[6 + c][i];
      [1, nx, nx * ny].forEach((step, axis) => {
        for (const sign of [-1, 1]) {
          if (at[axis] + sign < 0 || at[axis] + sign >= size[axis]) continue;
          row[3 * i + c] += alpha;
          row[3 * (i + sign * step) + c] -= alpha;
        }
      });
    }
  }
  for (let k = 0; k < n; k++) {
    for (let i = k + 1; i < n; i++) {
      const factor = rows[i][k] / rows[k][k];
      if (factor !== 0) { for (let j = k; j <= n; j++) rows[i][j] -= factor * rows[k][j]; }
    }
  }
  const u = new Float64Array(n);
  for (let k = n - 1; k >= 0; k--) {
    u[k] = rows[k][n];
    for (let j = k + 1; j < n; j++) u[k] -= rows[k][j] * u[j];
    u[k] /= rows[k][k];
  }
  return u;
}

const largest = (a: readonly ArrayLike<number>[], b: readonly ArrayLike<number>[]) =>
  Math.max(...a.map((component, c) => {
    let maximum = 0;
    for (let i = 0; i < component.length; i++) {
      maximum = Math.max(maximum, Math.abs(component[i] - b[c][i]));
    }
    return maximum;
  }));

const doubles = (arrays: readonly Float32Array[]) => arrays.map((a) => Float64Array.from(a));

async function check(gpu: Gpu, size: Triple): Promise<void> {
  const options = { alpha: 0.1, iterations: 6, omega: 1.7 };
  const sigma = 0.5;
  const data = problem(size, 3);
  const field = doubles(data.start);
  const equations = normalEquationsReference(size, data.residual, data.derivatives, sigma);
  relaxReference(size, equations, field, options);
  assertLess(largest(await onGpu(gpu, size, data, sigma, options), field), 2e-4, size.join(" x "));
}

gpuTest("normalEquations() and relax() agree with their twins", async (gpu) => {
  const sizes: Triple[] = [[1, 1, 1], [5, 4, 3], [63, 7, 5], [64, 5, 6], [65, 8, 4], [13, 1, 9]];
  for (const size of sizes) await check(gpu, size);
});

gpuTest("normalEquations() and relax() work beyond one binding", async (gpu) => {
  await check(gpu, [20, 16, 60]);
  await check(gpu, [31, 9, 50]);
}, { maxBindingBytes: 1 << 18 });

gpuTest("relax() converges to the solution of the dense equations", async (gpu) => {
  const size: Triple = [5, 4, 6];
  const alpha = 0.1;
  const sigma = 0.5;
  const data = problem(size, 4);
  const equations = normalEquationsReference(size, data.residual, data.derivatives, sigma);
  const u = solve(size, equations, doubles(data.start), alpha);
  const exact = [0, 1, 2].map((c) => u.filter((_, i) => i % 3 === c));
  for (const omega of [1, 1.6]) {
    const found = await onGpu(gpu, size, data, sigma, { alpha, omega, iterations: 150 });
    assertLess(largest(found, exact), 1e-4, `omega ${omega}`);
  }
});

gpuTest("relax() leaks nothing when an allocation fails", async (gpu) => {
  const size: Triple = [9, 5, 4];
  const equations = createCheckerboard(gpu, "equations", size, ENTRIES);
  const field = createField(gpu, "u", size);
  await assertNothingLeaks(gpu, () => {
    relax(gpu, equations, field, { alpha: 0.1, iterations: 2, omega: 1.7 });
    return { destroy: () => {} };
  });
  [equations, field].forEach((resource) => resource.destroy());
});
