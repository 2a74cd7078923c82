import { assertAlmostEquals } from "@std/assert";
import { assertNothingLeaks } from "../../testing/failing_allocations.ts";
import { gpuTest } from "../../testing/gpu.ts";
import { Random } from "../../testing/random.ts";
import type { Triple } from "../../volume/affine.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { SpectralScaling, spectralScalingReference } from "./spectral_scaling.ts";

async function scaledOnGpu(
  gpu: Gpu,
  options: { size: Triple; factors: Float32Array },
  values: Float32Array,
): Promise<Float32Array> {
  const scaling = new SpectralScaling(gpu, options);
  const source = gpu.buffer("source", values.byteLength);
  const target = gpu.buffer("target", values.byteLength);
  gpu.write(source, values);
  const prepared = scaling.prepare(source, target);
  const recorder = gpu.record("spectral scaling");
  prepared.dispatches.forEach((dispatch) => recorder.run(dispatch));
  recorder.submit();
  const result = new Float32Array(await gpu.download(target));
  [prepared, scaling, source, target].forEach((resource) => resource.destroy());
  return result;
}

for (
  const size of [[1, 1, 1], [5, 1, 1], [1, 7, 2], [4, 3, 5], [17, 6, 4], [33, 32, 2], [
    2,
    3,
    70,
  ]] as const
) {
  gpuTest(`SpectralScaling equals its twin on ${size.join(" x ")} points`, async (gpu) => {
    const random = new Random(1);
    const count = size[0] * size[1] * size[2];
    const factors = Float32Array.from({ length: count }, () => random.uniform());
    const values = Float32Array.from({ length: 4 * count }, () => random.normal());
    const result = await scaledOnGpu(gpu, { size, factors }, values);
    const expected = spectralScalingReference({ size, factors }, values);
    expected.forEach((value, i) => assertAlmostEquals(result[i], value, 1e-5));
  });
}

gpuTest(
  "SpectralScaling by hand: the mean is kept, the difference of two points is halved",
  async (gpu) => {
    const options = { size: [1, 2, 1] as Triple, factors: Float32Array.of(1, 0.5) };
    const result = await scaledOnGpu(gpu, options, Float32Array.of(3, 0, -2, 0, 1, 4, 2, 0));
    [2.5, 1, -1, 0, 1.5, 3, 1, 0].forEach((value, i) => assertAlmostEquals(result[i], value, 1e-6));
  },
);

gpuTest("SpectralScaling leaks nothing when an allocation fails", async (gpu) => {
  await assertNothingLeaks(
    gpu,
    () => new SpectralScaling(gpu, { size: [3, 4, 2], factors: new Float32Array(24) }),
  );
});
