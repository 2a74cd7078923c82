import { assertAlmostEquals, assertEquals } from "@std/assert";
import { gpuTest } from "../../testing/gpu.ts";
import { random } from "../../testing/random.ts";
import { prepareWeightedSum, weightedSumParameters, weightedSumReference } from "./weighted_sum.ts";

gpuTest("prepareWeightedSum() agrees with its twin, also with other weights", async (gpu) => {
  const next = random(3);
  for (const count of [1, 63, 64, 65]) {
    const values = (n: number) => Float32Array.from({ length: n }, () => next() - 0.5);
    const make = () => {
      const arrays = { scalars: values(2), gradient: values(4 * count) };
      return {
        arrays,
        scalars: gpu.upload("scalars", arrays.scalars),
        gradient: gpu.upload("gradient", arrays.gradient),
      };
    };
    const first = make();
    const second = make();
    const sum = {
      scalars: gpu.buffer("sum of scalars", 8),
      gradient: gpu.buffer("sum of gradients", 16 * count),
    };
    const dispatch = prepareWeightedSum(gpu, { first, second, weights: [1, 1], count, sum });
    for (const weights of [[0.8, 3], [-0.25, 0]] as [number, number][]) {
      gpu.writeParameters(dispatch, weightedSumParameters(weights, count));
      gpu.record("weighted sum").run(dispatch).submit();
      const [value, voxels] = new Float32Array(await gpu.download(sum.scalars, 0, 8));
      const gradient = new Float32Array(await gpu.download(sum.gradient, 0, 16 * count));
      const expected = (name: "scalars" | "gradient") =>
        weightedSumReference(weights, first.arrays[name], second.arrays[name]);
      assertAlmostEquals(value, expected("scalars")[0], 1e-6);
      assertEquals(voxels, first.arrays.scalars[1], "the first one's number of voxels");
      expected("gradient").forEach((want, i) => assertAlmostEquals(gradient[i], want, 1e-6));
    }
    for (const { scalars, gradient } of [first, second, sum]) {
      scalars.destroy();
      gradient.destroy();
    }
    dispatch.destroy();
  }
});
