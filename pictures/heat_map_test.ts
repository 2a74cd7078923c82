import { assert, assertEquals, assertGreater } from "@std/assert";
import { heatColour, heatMap } from "./heat_map.ts";
import type { Picture } from "./picture.ts";

/** Pixels of a colour, and the box around them. */
function find(picture: Picture, colour: readonly number[]) {
  let count = 0;
  let left = Infinity;
  let top = Infinity;
  let right = -1;
  let bottom = -1;
  for (let i = 0; i < picture.width * picture.height; i++) {
    if (!colour.every((value, c) => picture.data[3 * i + c] === value)) continue;
    const x = i % picture.width;
    const y = Math.floor(i / picture.width);
    [left, right] = [Math.min(left, x), Math.max(right, x)];
    [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
    count++;
  }
  return { count, left, top, right, bottom };
}

const OPTIONS = {
  title: "a heat map",
  rows: { title: "down", labels: ["1", "2"] },
  columns: { title: "across", labels: ["x", "y", "z"] },
  values: [[0, 5, null], [2.5, 10, 7.5]],
  range: [0, 10] as const,
  format: (value: number) => value.toFixed(1),
};

Deno.test("heatColour() gets lighter from low to high and stays within its ends", () => {
  const lightness = (t: number) => {
    const [r, g, b] = heatColour(t);
    return 0.299 * r + 0.587 * g + 0.114 * b;
  };
  for (let i = 0; i < 50; i++) assertGreater(lightness((i + 1) / 50), lightness(i / 50));
  assertEquals(heatColour(-1), heatColour(0));
  assertEquals(heatColour(2), heatColour(1));
});

Deno.test("heatMap() colours each cell by its value and frames the marked one", () => {
  const plain = heatMap(OPTIONS);
  const marked = heatMap({ ...OPTIONS, marked: [1, 1] });
  const low = find(plain, heatColour(0.25));
  const high = find(plain, heatColour(1));
  const none = find(plain, [205, 205, 205]);
  for (const cell of [low, none]) assertGreater(cell.count, 5000);
  assert(low.left < none.left && low.top > none.top, "2.5 is lower left, nothing upper right");
  const red = [225, 30, 30];
  const frame = find(marked, red);
  assertEquals(find(plain, red).count, 0);
  // The cell of 10 lies right of that of 2.5, in the same row.
  assert(Math.abs(frame.left - low.right) < 5, `${frame.left} ${low.right}`);
  assert(frame.top < low.top && frame.bottom > low.bottom);
  assertGreater(high.count, 5000);
});

Deno.test("heatMap() draws one value alone, and equal values, and is the same every time", () => {
  const one = {
    ...OPTIONS,
    rows: { title: "down", labels: ["1"] },
    columns: { title: "across", labels: ["x"] },
    values: [[3]],
    range: [3, 3] as const,
    captions: ["a caption that is wider than the map"],
  };
  assertGreater(find(heatMap(one), heatColour(0.5)).count, 5000);
  assertEquals(heatMap(one).toPng(), heatMap(one).toPng());
});
