import { assertAlmostEquals, assertEquals } from "@std/assert";
import { LINE_COLOURS, linePlot, ticks } from "./line_plot.ts";

Deno.test("ticks() are round and few", () => {
  const rounded = (low: number, high: number) =>
    ticks(low, high).map((value) => Number(value.toPrecision(6)));
  assertEquals(rounded(0, 1), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assertEquals(rounded(0, 0.034), [0, 0.005, 0.01, 0.015, 0.02, 0.025, 0.03]);
  assertEquals(rounded(0, 30000).length, 7);
  for (const high of [0.011, 7, 13, 99, 1234]) {
    const count = ticks(0, high).length;
    assertEquals(count >= 4 && count <= 10, true, `${count} ticks to ${high}`);
  }
});

Deno.test("linePlot() draws each curve in its colour, and gaps", () => {
  const x = Array.from({ length: 101 }, (_, i) => i);
  const picture = linePlot({
    title: "Test",
    xTitle: "step",
    x,
    lines: [
      { name: "up", values: x.map((value) => value / 100) },
      { name: "gap", values: x.map((value) => value > 40 && value < 60 ? NaN : 0.5) },
    ],
  });
  const columnsOf = (colour: readonly number[], top: number) => {
    const columns = new Set<number>();
    for (let i = picture.width * top; i < picture.width * picture.height; i++) {
      if (colour.every((value, c) => picture.data[3 * i + c] === value)) {
        columns.add(i % picture.width);
      }
    }
    return columns;
  };
  const up = columnsOf(LINE_COLOURS[0], 66);
  const gap = columnsOf(LINE_COLOURS[1], 66);
  assertAlmostEquals(up.size, 790, 5);
  assertAlmostEquals(gap.size, 790 * 0.8, 8);
});

Deno.test("linePlot() of nothing is an empty frame", () => {
  assertEquals(linePlot({ title: "", xTitle: "", x: [], lines: [] }).width, 900);
});
