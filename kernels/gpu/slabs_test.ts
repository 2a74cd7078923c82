import { assert, assertEquals, assertThrows } from "@std/assert";
import { gpuTest } from "../../testing/gpu.ts";
import { cellWindows, cutSlabs, imageSlabs } from "./slabs.ts";

gpuTest("imageSlabs() covers every plane once and starts aligned", (gpu) => {
  // Rows of 5 voxels are padded to 8: 96 bytes per plane, and 8 planes are a multiple of 256 bytes.
  const cut = imageSlabs(gpu, [5, 3, 50]);
  assertEquals(cut.map(({ begin, end }) => [begin, end]), [
    [0, 8],
    [8, 16],
    [16, 24],
    [24, 32],
    [32, 40],
    [40, 48],
    [48, 50],
  ]);
}, { maxBindingBytes: 1024 });

gpuTest("cutSlabs() reads a halo from an aligned plane, within the binding's size", (gpu) => {
  const planeBytes = 128; // 2 planes are aligned
  const options = { planes: 40, bound: [planeBytes], read: [planeBytes], before: 3, after: 1 };
  const cut = cutSlabs(gpu, options);
  assertEquals(cut[0].begin, 0);
  assertEquals(cut.at(-1)!.end, 40);
  cut.forEach(({ begin, end, from, to }, i) => {
    if (i > 0) assertEquals(begin, cut[i - 1].end);
    assert(from <= Math.max(begin - 3, 0) && to === Math.min(end + 1, 40));
    assertEquals(from % 2, 0);
    assert((to - from) * planeBytes <= 2048, `${from} to ${to}`);
  });
  assertThrows(
    () => cutSlabs(gpu, { ...options, before: 20 }),
    RangeError,
    "choose a coarser resolution",
  );
}, { maxBindingBytes: 2048 });

gpuTest("cellWindows() puts every cell into one window with both its planes", (gpu) => {
  for (const planes of [1, 2, 9, 17, 33]) {
    const windows = cellWindows(gpu, [5, 3, planes]);
    assertEquals(windows[0].begin, 0);
    assertEquals(windows.at(-1)!.end, Math.max(planes - 1, 1));
    windows.forEach(({ begin, end, to }, i) => {
      if (i > 0) assertEquals(begin, windows[i - 1].end);
      assertEquals(to, Math.min(end + 1, planes));
    });
  }
}, { maxBindingBytes: 1024 });
