import { assert, assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { Grid } from "./grid.ts";
import { findPadding, withoutPadding, withPaddingReplaced } from "./padding.ts";

const grid = Grid.axisAligned([20, 20, 25], [2, 2, 2]);

/** An image whose first voxels, a part of all, have the value `padding`; the others rise from `low` to `high`. */
function image(padding: number, part: number, low: number, high: number) {
  const padded = Math.round(part * grid.voxels);
  const data = Float32Array.from(
    { length: grid.voxels },
    (_, i) => i < padded ? padding : low + (high - low) * (i - padded) / (grid.voxels - padded - 1),
  );
  return { grid, data };
}

Deno.test("findPadding() finds a common minimum far below the other intensities", () => {
  for (const value of [-2000, -3024, -8192, -32768]) {
    const found = findPadding(image(value, 0.1, -1024, 1500))!;
    assertEquals([found.value, found.voxels, found.lowest], [value, 1000, -1024], `CT ${value}`);
  }
  for (const value of [-8192, -32768]) {
    assertEquals(findPadding(image(value, 0.01, 0, 900))!.voxels, 100, `MR ${value}`);
  }
});

Deno.test("findPadding() takes no background, no noise and no rare value for padding", () => {
  assertEquals(findPadding(image(-1024, 0.4, -1000, 1500)), undefined, "air of a CT");
  assertEquals(findPadding(image(0, 0.6, 100, 120)), undefined, "background of an MR");
  assertEquals(findPadding(image(-1.2, 0.5, -0.5, 3)), undefined, "a standardised MR");
  assertEquals(findPadding(image(-8192, 0.004, -1024, 1500)), undefined, "a rare value");
  assertEquals(findPadding(image(-8192, 1, 0, 0)), undefined, "a constant image");
  assertEquals(findPadding(image(-2000, 0.5, 1, 1)), undefined, "an image of two values");
  assertEquals(findPadding(image(-1000, 0.5, -50, 149)), undefined, "air around a masked body");
  assertEquals(findPadding(image(-1024, 0, -1024, 1500)), undefined, "no padding");
});

Deno.test("findPadding() also finds the voxels that interpolation mixed with the padding", () => {
  const { data } = image(-8192, 0.1, -1024, 1500);
  data[1000] = -7000;
  data[1001] = -5000;
  data[1002] = -4000;
  const found = findPadding({ grid, data })!;
  assertEquals(found.voxels, 1002);
  assertEquals(found.lowest, -4000);
  assertAlmostEquals(found.below, (-8192 - 1024) / 2, 20);
});

Deno.test("withoutPadding() replaces the padding and leaves it out of the mask", () => {
  const padded = image(-8192, 0.1, -1024, 1500);
  const padding = findPadding(padded)!;
  const mask = { grid, data: Int32Array.from({ length: grid.voxels }, (_, i) => i % 2) };
  const { image: cleaned, mask: left } = withoutPadding(padded, padding, mask);
  assertEquals(cleaned.data.slice(0, 1000), new Float32Array(1000).fill(-1024));
  assertEquals(cleaned.data.slice(1000), padded.data.slice(1000));
  assertEquals(left.data.slice(998, 1004), Int32Array.of(0, 0, 0, 1, 0, 1));
  assertLess(padded.data[0], -8000, "the image itself stays");
});

Deno.test("withPaddingReplaced() leaves an image without padding as it is", () => {
  const plain = image(-1024, 0.4, -1000, 1500);
  assert(withPaddingReplaced(plain) === plain);
  const { data } = withPaddingReplaced(image(-8192, 0.1, -1024, 1500));
  assertEquals(data[0], -1024);
});
