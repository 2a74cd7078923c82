import { assertEquals } from "@std/assert";
import { gridLines, gridStep } from "./grid_lines.ts";

Deno.test("gridStep() is round and gives about 24 lines", () => {
  assertEquals([gridStep(600), gridStep(230), gridStep(24), gridStep(12)], [50, 10, 1, 0.5]);
});

Deno.test("gridLines() marks the pixels between which a multiple is passed", () => {
  const first = Float32Array.from([0, 4, 8, 12, 0, 4, 8, 12]);
  const second = Float32Array.from([0, 0, 0, 0, 1, 1, 1, 1]);
  // 10 lies between 8 and 12, in both rows.
  assertEquals([...gridLines(first, second, 4, 10)], [0, 0, 1, 0, 0, 0, 1, 0]);
});
