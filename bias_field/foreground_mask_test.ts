import { assertEquals } from "@std/assert";
import { Grid } from "../volume/grid.ts";
import { tissueMask } from "./foreground_mask.ts";

const image = (values: number[]) => ({
  grid: Grid.axisAligned([values.length, 1, 1], [1, 1, 1]),
  data: Float32Array.from(values),
});

Deno.test("tissueMask() parts two groups, whatever their sizes", () => {
  const values = Array.from({ length: 300 }, (_, i) => i < 220 ? i % 9 : 400 + i);
  assertEquals([...tissueMask(image(values)).data], values.map((v) => v > 100 ? 1 : 0));
});

Deno.test("tissueMask() of one value is all of it, and what is not finite is none", () => {
  assertEquals([...tissueMask(image([7, 7, 7])).data], [1, 1, 1]);
  assertEquals([...tissueMask(image([0, NaN, 9, 0])).data], [0, 0, 1, 0]);
});
