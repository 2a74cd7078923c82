import { assertAlmostEquals, assertEquals, assertGreater } from "@std/assert";
import { TISSUE } from "./anatomy.ts";
import { RandomStream } from "./random.ts";
import { type Contrast, ctContrast, FAT_PART, mrContrast } from "./tissue_contrast.ts";

/** Mean and standard deviation of a tissue over the body. */
function statistics(contrast: Contrast, tissue: number): { mean: number; deviation: number } {
  const random = new RandomStream(9);
  const n = 20_000;
  const values = Array.from(
    { length: n },
    () =>
      contrast(
        tissue,
        random.between(-150, 150),
        random.between(-90, 90),
        random.between(-250, 300),
      ),
  );
  const mean = values.reduce((sum, v) => sum + v, 0) / n;
  return { mean, deviation: Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / n) };
}

Deno.test("the psoas has the intensity of the other muscles in both modalities", () => {
  for (const contrast of [ctContrast(11, 0.5), mrContrast(11)]) {
    for (const psoas of [TISSUE.rightPsoas, TISSUE.leftPsoas]) {
      assertEquals(contrast(psoas, 4, 5, 6), contrast(TISSUE.muscle, 4, 5, 6));
    }
  }
});

Deno.test("the liver varies by 4 HU in CT and by 7 % in MR, in addition to its fine texture", () => {
  // Fine texture: 5 HU and 7 % times the deviation 0.37 of smooth noise, 1.8 HU and 2.6 %.
  const ct = statistics(ctContrast(12, 0.5), TISSUE.liver);
  assertAlmostEquals(ct.deviation, Math.hypot(4, 1.85), 0.4);
  const mr = statistics(mrContrast(12), TISSUE.liver);
  assertAlmostEquals(mr.deviation / mr.mean, Math.hypot(0.07, 0.026), 0.008);
});

Deno.test("FAT_PART: fat is nearly all fat, marrow partly, and organs are water", () => {
  assertEquals([FAT_PART[TISSUE.fat], FAT_PART[TISSUE.marrow]], [0.95, 0.6]);
  for (const tissue of [TISSUE.liver, TISSUE.muscle, TISSUE.rightLung, TISSUE.air]) {
    assertEquals(FAT_PART[tissue], 0);
  }
  assertGreater(FAT_PART[TISSUE.mediastinum], 0.5);
});
