import { assertAlmostEquals, assertEquals } from "@std/assert";
import { airTermReference } from "../gan/ops/intensity_transfer/air_term_reference.ts";
import { airRuleToMr } from "./air_rule_to_mr.ts";
import { airRadius, pixelsOf } from "./air_window.ts";

Deno.test("airRadius() gives windows of about 20 mm along rows and columns, with a pixel on each side at least", () => {
  assertEquals(airRadius([4, 4]), [2, 2]);
  assertEquals(airRadius([1.25, 1.25]), [8, 8]);
  // The first number is that of rows, the second of columns.
  assertEquals(airRadius([2, 4]), [2, 5]);
  assertEquals(airRadius([2, 30, 3]), [1, 5]);
});

Deno.test("pixelsOf() is the same share of each window", () => {
  assertEquals([13, 17].map((pixels) => pixelsOf(pixels, [2, 2])), [13, 17]);
  assertAlmostEquals(pixelsOf(13, [6, 6]), 0.52 * 169, 1e-12);
  assertAlmostEquals(pixelsOf(5, [1, 4]), 5.4, 1e-12);
});

Deno.test("a rule shows the same body with pixels of 4 and of 2 mm", () => {
  const curve = [-0.95, -0.85, -0.85, ...new Array<number>(17).fill(-0.25)];
  // A vessel of 12 mm in the middle of a lung of 84 mm, and a chest wall from 64 mm on.
  const shown = (mm: number) => {
    const size = 84 / mm;
    const isVessel = (at: number) => at * mm >= 32 && at * mm < 44;
    const image = Float64Array.from({ length: size * size }, (_, i) => {
      const [x, y] = [i % size, Math.floor(i / size)];
      return x * mm >= 64 || (isVessel(x) && isVessel(y)) ? 0.05 : -0.8;
    });
    const options = { scale: { low: -1000, high: 1000 }, muscle: 0.05 };
    const rule = airRuleToMr(curve, { ...options, radius: airRadius([mm, mm]) })!;
    const term = airTermReference(image, [size, size, 1], rule, curve);
    // The pixels whose tissue the rule changes, and the middle of the vessel.
    const changed = image.filter((value, i) => value > 0 && term[i] < 0).length * mm ** 2;
    return { changed, middle: term[Math.floor(38 / mm) * size + Math.floor(38 / mm)] };
  };
  const [coarse, fine] = [shown(4), shown(2)];
  assertEquals([coarse.changed, fine.changed], [144, 144]);
  // 16 of 25 pixels of 4 mm are lung, and 85 of 121 of 2 mm: three quarters of the way, and all of it. A window of 5 x 5
  // pixels of 2 mm lies in the vessel and leaves it.
  assertAlmostEquals(coarse.middle / fine.middle, 0.75, 1e-12);
});
