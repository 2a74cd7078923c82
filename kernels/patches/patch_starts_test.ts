import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  patchSlabs,
  patchStarts,
  patchWindow,
  startTable,
  VALUES_PER_POSITION,
} from "./patch_starts.ts";

Deno.test("patchStarts() covers every position and ends flush", () => {
  for (
    const [extent, patch, stride] of [[1, 1, 1], [9, 9, 4], [10, 9, 4], [65, 16, 5], [64, 16, 16]]
  ) {
    const starts = patchStarts(extent, patch, stride);
    assertEquals(starts[0], 0);
    assertEquals(starts.at(-1), extent - patch);
    starts.slice(1).forEach((start, i) => {
      assert(start > starts[i] && start - starts[i] <= stride, `${extent} ${patch} ${stride}`);
    });
  }
});

Deno.test("patchWindow() feathers symmetrically and nowhere to 0", () => {
  assertEquals([...patchWindow(3, "uniform")], [1, 1, 1]);
  assertEquals([...patchWindow(1, "feather")], [1]);
  for (const patch of [2, 3, 12, 64, 256]) {
    const window = patchWindow(patch, "feather");
    window.forEach((weight, i) => {
      assert(weight > 0 && weight <= 1);
      assertAlmostEquals(weight, window[patch - 1 - i], 1e-12);
    });
  }
});

Deno.test("startTable() sums the weights before and in all", () => {
  const starts = [0, 2, 3];
  const window = Float64Array.of(1, 2, 1, 0.5);
  const pitch = 20;
  const table = startTable(starts, window, pitch);
  for (let i = 0; i < starts.length; i++) {
    for (let p = 0; p < window.length; p++) {
      const at = i * pitch + VALUES_PER_POSITION * p;
      const position = starts[i] + p;
      const weightAt = (start: number) => window[position - start] ?? 0;
      const sum = (some: number[]) => some.reduce((s, start) => s + weightAt(start), 0);
      assertEquals([...table.subarray(at, at + 4)], [
        window[p],
        sum(starts.slice(0, i)),
        sum(starts),
        starts[i],
      ]);
    }
  }
});

const stack = {
  sliceStarts: [0, 2, 4, 5],
  channels: 3,
  rowStarts: [0, 4, 8, 10],
  patch: 6,
  columns: 10,
  rows: 16,
};

Deno.test("patchSlabs() takes everything at once when it fits", () => {
  assertEquals(patchSlabs({ ...stack, bytes: 4 * 10 * 16 * 8 }), [
    { sliceStarts: [0, 4], rowStarts: [0, 4], slices: [0, 8], rows: [0, 16] },
  ]);
});

Deno.test("patchSlabs() cuts whole planes", () => {
  assertEquals(patchSlabs({ ...stack, bytes: 4 * 10 * 16 * 5 }), [
    { sliceStarts: [0, 2], rowStarts: [0, 4], slices: [0, 5], rows: [0, 16] },
    { sliceStarts: [2, 4], rowStarts: [0, 4], slices: [4, 8], rows: [0, 16] },
  ]);
});

Deno.test("patchSlabs() cuts rows of planes that are too large", () => {
  const slabs = patchSlabs({ ...stack, bytes: 4 * 10 * 3 * 10 });
  assertEquals(slabs.slice(0, 2), [
    { sliceStarts: [0, 1], rowStarts: [0, 2], slices: [0, 3], rows: [0, 10] },
    { sliceStarts: [0, 1], rowStarts: [2, 4], slices: [0, 3], rows: [8, 16] },
  ]);
  assertEquals(slabs.length, 8);
});

Deno.test("patchSlabs() says what is too large", () => {
  assertThrows(
    () => patchSlabs({ ...stack, bytes: 719 }),
    RangeError,
    "A patch's 6 rows of 10 columns in 3 slices take 720 bytes, more than the 719 that one binding",
  );
});
