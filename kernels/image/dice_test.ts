import { assertEquals } from "@std/assert";
import type { Triple } from "../../volume/affine.ts";
import { gpuTest } from "../../testing/gpu.ts";
import { random } from "../../testing/uniform_values.ts";
import { diceCoefficient, diceCounts, diceCountsReference } from "./dice.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { uploadImage } from "../gpu/image.ts";

const LABELS = [58, 32249, -4, 7, ...Array.from({ length: 40 }, (_, i) => 100 + i)];

async function check(gpu: Gpu, size: Triple): Promise<void> {
  const next = random(8);
  const n = size[0] * size[1] * size[2];
  const draw = () => Int32Array.from({ length: n }, () => [0, ...LABELS][Math.floor(6 * next())]);
  const [left, right] = [draw(), draw()];
  const a = uploadImage(gpu, "a", size, left);
  const b = uploadImage(gpu, "b", size, right);
  const counts = await diceCounts(gpu, { a, b, labels: LABELS });
  assertEquals(counts, diceCountsReference(left, right, LABELS));
  a.destroy();
  b.destroy();
}

gpuTest("diceCounts() agrees with its twin for any number of labels", async (gpu) => {
  for (const size of [[1, 1, 1], [63, 4, 3], [64, 3, 3], [65, 3, 5]] as Triple[]) {
    await check(gpu, size);
  }
});

gpuTest("diceCounts() works in slabs beyond one binding", (gpu) => check(gpu, [20, 16, 60]), {
  maxBindingBytes: 30000,
});

Deno.test("diceCoefficient() is 1 for equal labels and NaN for absent ones", () => {
  assertEquals(diceCoefficient({ label: 1, a: 4, b: 4, both: 4 }), 1);
  assertEquals(diceCoefficient({ label: 1, a: 0, b: 0, both: 0 }), NaN);
});
