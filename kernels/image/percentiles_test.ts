import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import type { Triple } from "../../volume/affine.ts";
import { gpuTest } from "../../testing/gpu.ts";
import { random } from "../../testing/random.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { uploadImage } from "../gpu/image.ts";
import { percentiles, percentilesReference } from "./percentiles.ts";

const FRACTIONS = [0, 0.005, 0.6, 0.995];

async function check(gpu: Gpu, size: Triple): Promise<void> {
  const next = random(6);
  const data = Float32Array.from(
    { length: size[0] * size[1] * size[2] },
    () => next() < 0.3 ? -1000 : 400 * (next() - 0.6),
  );
  const source = uploadImage(gpu, "source", size, data);
  const got = await percentiles(gpu, { source, fractions: FRACTIONS });
  percentilesReference(data, FRACTIONS).forEach((v, i) => assertAlmostEquals(got[i], v, 1e-4));
  const inside = data.map((_, i) => i % 3 === 0 ? 1 : 0);
  const mask = uploadImage(gpu, "mask", size, inside);
  const masked = await percentiles(gpu, { source, fractions: FRACTIONS, mask });
  percentilesReference(data.filter((_, i) => i % 3 === 0), FRACTIONS)
    .forEach((v, i) => assertAlmostEquals(masked[i], v, 1e-4));
  source.destroy();
  mask.destroy();
}

gpuTest("percentiles() agrees with its twin", async (gpu, t) => {
  for (const size of [[1, 1, 1], [63, 5, 4], [64, 4, 4], [65, 7, 3]] as Triple[]) {
    await t.step(size.join("x"), () => check(gpu, size));
  }
});

gpuTest("percentiles() works in slabs beyond one binding", async (gpu) => {
  await check(gpu, [21, 16, 60]);
}, { maxBindingBytes: 66000 });

gpuTest("percentiles() refuses an empty mask", async (gpu) => {
  const source = uploadImage(gpu, "source", [4, 1, 1], new Float32Array(4));
  const mask = uploadImage(gpu, "mask", [4, 1, 1], new Float32Array(4));
  await assertRejects(
    () => percentiles(gpu, { source, fractions: [0.5], mask }),
    RangeError,
    "mask",
  );
  source.destroy();
  mask.destroy();
  assertEquals(gpu.liveBytes, 0);
});
