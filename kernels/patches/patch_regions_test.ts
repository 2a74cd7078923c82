import { assertEquals, assertThrows } from "@std/assert";
import { gpuTest } from "../../testing/gpu.ts";
import {
  checkedOptions,
  type PatchAverageOptions,
  regionLayout,
  regionsBetween,
} from "./patch_regions.ts";
import { PLANES } from "./plane_stack.ts";

Deno.test("regionsBetween() orders regions by columns, then rows, then slices", () => {
  const { starts } = regionLayout({
    size: [6, 5, 4],
    image: new Float32Array(6 * 5 * 4),
    axes: PLANES.axial,
    patch: 4,
    channels: 3,
    stride: 2,
    sliceStride: 3,
  });
  assertEquals(starts, [[0, 2], [0, 1], [0, 1]]);
  assertEquals(regionsBetween(starts, [0, 2], [1, 2]), [
    { index: [0, 0, 1], start: [0, 0, 1] },
    { index: [1, 0, 1], start: [2, 0, 1] },
    { index: [0, 1, 1], start: [0, 1, 1] },
    { index: [1, 1, 1], start: [2, 1, 1] },
  ]);
});

gpuTest("checkedOptions() says which option is wrong", (gpu) => {
  const right: PatchAverageOptions = {
    size: [21, 13, 18],
    image: new Float32Array(21 * 13 * 18),
    axes: PLANES.coronal,
    patch: 8,
    channels: 3,
    stride: 3,
    sliceStride: 2,
  };
  const wrong: [Partial<PatchAverageOptions>, string][] = [
    [{ size: [0, 13, 18] }, "`size[0]` must be a whole number of at least 1, got 0"],
    [{ image: new Float32Array(3) }, "`image` has 3 values, 21 x 13 x 18 needs 4914"],
    [{ patch: 7.5 }, "`patch` must be a whole number of at least 1, got 7.5"],
    [{ channels: 0 }, "`channels` must be a whole number of at least 1, got 0"],
    [{ stride: 9 }, "`stride` must be a whole number from 1 to `patch` = 8, got 9"],
    [{ sliceStride: 4 }, "`sliceStride` must be a whole number from 1 to `channels` = 3, got 4"],
    [{ weights: "none" as "uniform" }, '`weights` must be "uniform" or "feather", got "none"'],
    [{ fill: NaN }, "`fill` must be a finite number, got NaN"],
    [{ batch: 0 }, "`batch` must be a whole number of at least 1, got 0"],
    [{ batch: 6 }, "more than the 4000 that one binding holds: choose a batch of at most 5"],
    [{ patch: 20 }, "choose a smaller `patch` or fewer `channels`"],
  ];
  for (const [option, message] of wrong) {
    assertThrows(() => checkedOptions(gpu, { ...right, ...option }), RangeError, message);
  }
}, { maxBindingBytes: 4000 });
