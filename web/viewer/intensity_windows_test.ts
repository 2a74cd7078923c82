import { assertAlmostEquals, assertEquals } from "@std/assert";
import { CT_WINDOWS, draggedWindow, levelAndWidth } from "./intensity_windows.ts";

Deno.test("CT_WINDOWS has the usual levels and widths", () => {
  assertEquals(CT_WINDOWS.get("Soft tissue"), [-160, 240]);
  assertEquals(CT_WINDOWS.get("Lung"), [-1350, 150]);
  assertEquals(levelAndWidth([-500, 1300]), { level: 400, width: 1800 });
});

Deno.test("draggedWindow() widens to the right, and lowers the level upwards", () => {
  const [low, high] = draggedWindow([0, 100], 1, 0);
  assertAlmostEquals(high - low, 448.17, 0.01); // 100 e^1.5
  assertAlmostEquals((low + high) / 2, 50, 1e-9);
  assertEquals(draggedWindow([0, 100], 0, -0.5), [-50, 50]);
});
