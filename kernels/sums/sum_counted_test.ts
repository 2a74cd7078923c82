import { assertAlmostEquals, assertEquals } from "@std/assert";
import { gpuTest } from "../../testing/gpu.ts";
import { random } from "../../testing/random.ts";
import { COUNTED_PARTS, countedSumReference, prepareCountedSum } from "./sum_counted.ts";

gpuTest("prepareCountedSum() agrees with its twin at every number of quads", async (gpu) => {
  const next = random(8);
  for (const quads of [1, 3, 63, 64, 65, 64 * COUNTED_PARTS + 1]) {
    const values = Float32Array.from({ length: 4 * quads }, () => next() < 0.3 ? -1 : next());
    const source = gpu.upload("values", values);
    const parts = gpu.buffer("parts", 8 * (COUNTED_PARTS + 5));
    const sum = prepareCountedSum(gpu, { values: source, quads, parts, firstPart: 5 });
    gpu.record("counted sum").run(sum).submit();
    const pairs = new Float32Array(await gpu.download(parts, 0, 8 * (COUNTED_PARTS + 5)));
    const expected = countedSumReference(values);
    assertEquals([...pairs.subarray(0, 10)], Array(10).fill(0), "parts before the first");
    const total = (offset: number) => pairs.reduce((t, v, i) => i % 2 === offset ? t + v : t, 0);
    assertAlmostEquals(total(0), expected.sum, 1e-5 * (1 + expected.sum));
    assertEquals(total(1), expected.count);
    [source, parts, sum].forEach((resource) => resource.destroy());
  }
});
