import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { Triple } from "../../volume/affine.ts";
import { segmentLungs } from "../../workflows/lung_segmentation.ts";
import { compareLungs, lungThreshold } from "./lungs.ts";

const SIZE: Triple = [24, 16, 6];

/** Air around a body with two lungs up to both ends, and a bubble. */
function chest(lung: (x: number, y: number) => boolean): Float32Array {
  return Float32Array.from({ length: 24 * 16 * 6 }, (_, i) => {
    const x = i % 24;
    const y = Math.floor(i / 24) % 16;
    const z = Math.floor(i / (24 * 16));
    const inside = x >= 2 && x < 22 && y >= 2 && y < 14;
    return !inside || lung(x, y) || (x === 12 && y === 3 && z === 2) ? -900 : 50;
  });
}
const lungs = (low: number) => (x: number, y: number) =>
  y >= low && y < 12 && ((x >= 4 && x < 10) || (x >= 14 && x < 20));

Deno.test("segmentLungs() leaves out the air around the body and a bubble", () => {
  const mask = segmentLungs(SIZE, chest(lungs(4)), -400);
  assertEquals(mask.reduce((sum, on) => sum + on, 0), 2 * 6 * 8 * 6);
  assertEquals(mask[(2 * 16 + 3) * 24 + 12], 0);
  assertEquals(segmentLungs(SIZE, new Float32Array(24 * 16 * 6), -400).includes(1), false);
  assertEquals(segmentLungs(SIZE, new Float32Array(24 * 16 * 6).fill(-900), 0).includes(1), false);
});

Deno.test("compareLungs() gives the ratio of the volumes and the overlap", () => {
  const right = segmentLungs(SIZE, chest(lungs(4)), -400);
  const half = segmentLungs(SIZE, chest(lungs(8)), -400);
  const { volume, dice } = compareLungs(half, right);
  assertEquals(volume, 1 / 2);
  assertAlmostEquals(dice, 2 / 3);
  assertEquals(compareLungs(right, right), { volume: 1, dice: 1 });
});

Deno.test("lungThreshold() lies midway between the lungs and the darkest organ", () => {
  assertEquals(lungThreshold([-900, -850, -800], [[40, 60, 50]]), -400);
  assertEquals(lungThreshold([50], [[450], [], [250]]), 150);
  assertEquals([lungThreshold([50], [[]]), lungThreshold([], [[450]])], [NaN, NaN]);
});
