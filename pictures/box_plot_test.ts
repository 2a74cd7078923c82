import { assertEquals, assertStringIncludes } from "@std/assert";
import { boxOf, boxPlot } from "./box_plot.ts";

Deno.test("boxOf() gives quartiles, whiskers and outliers", () => {
  assertEquals(boxOf([5, 1, 2, 3, 4]), {
    quartiles: [2, 3, 4],
    whiskers: [1, 5],
    outliers: [],
  });
  assertEquals(boxOf([1, 2, 3, 4, 30]), {
    quartiles: [2, 3, 4],
    whiskers: [1, 4],
    outliers: [30],
  });
  assertEquals(boxOf([7]), { quartiles: [7, 7, 7], whiskers: [7, 7], outliers: [] });
});

Deno.test("boxPlot() names what it shows and escapes it", () => {
  const svg = boxPlot({
    title: "a < b",
    unit: "%",
    range: [0, 100],
    groups: [{ name: "NMI", values: [50, 60, 70] }, { name: "none", values: [] }],
  });
  assertStringIncludes(svg, "a &lt; b");
  assertEquals(svg.match(/class="box"/g)?.length, 1);
  assertEquals(svg.match(/<text class="tick"/g)?.length, 8);
});
