import { assertAlmostEquals, assertEquals, assertLess, assertThrows } from "@std/assert";
import { channelWindow } from "./channel_window.ts";

Deno.test("a window has the standard deviation that it should have, voxel by voxel", () => {
  for (const sigma of [0.7, 1, 1.5, 2, 2.5, 3, 4, 5.5, 8]) {
    const { width, side } = channelWindow(sigma);
    let variance = 0;
    let total = 0;
    for (let i = 0; i < 3 * width; i++) {
      const weight = Math.floor(i / width) === 1 ? 1 - 2 * side : side;
      total += weight;
      variance += weight * (i - (3 * width - 1) / 2) ** 2;
    }
    assertAlmostEquals(Math.sqrt(variance / total), sigma, 1e-9, `sigma ${sigma}`);
    assertLess(side, 0.25 + 1e-12);
  }
});

Deno.test("the window of 3 voxels, by hand", () => {
  // The variance of a block of 4 voxels is (1.5^2 + 0.5^2) / 2 = 1.25; 9 - 1.25 = 2 side 4^2.
  assertEquals(channelWindow(3), { width: 4, side: 7.75 / 32 });
  assertThrows(() => channelWindow(0), RangeError, "`channelWindow` must be above 0 voxels, got 0");
});
