import { assertAlmostEquals, assertEquals } from "@std/assert";
import { firstEdge, fittingScale, middleAfter, type Side } from "./magnified.ts";

/** 100 pixels of the picture on 400 of the canvas. */
const side: Side = { canvas: 400, count: 100 };

/** The position of the picture at a place of the canvas. */
const positionAt = (scale: number, middle: number, at: number) =>
  (at - firstEdge(side, scale, middle)) / scale - 0.5;

Deno.test("fittingScale() is that of the side that is filled first", () => {
  assertEquals(fittingScale(side, { canvas: 400, count: 50 }), 4);
  assertEquals(fittingScale(side, { canvas: 150, count: 50 }), 3);
});

Deno.test("firstEdge() centres a small picture, and leaves no strip beside a large one", () => {
  assertEquals(firstEdge(side, 3, 0), 50);
  // Pixel 49.5 is the middle of 100 pixels.
  assertEquals(firstEdge(side, 8, 49.5), -200);
  // The centre of pixel 39 is at 8 x 39.5 = 316 of the picture's 800 pixels.
  assertEquals(firstEdge(side, 8, 39), -116);
  assertEquals(firstEdge(side, 8, 0), 0);
  assertEquals(firstEdge(side, 8, 99), -400);
});

Deno.test("middleAfter() holds the point at a place while it magnifies", () => {
  const place = { at: 130, shift: 0 };
  // At scale 4 the place 130 is 32.5 pixels from the edge; at 8 they are 260, and the edge is at -130.
  assertEquals(middleAfter(side, 4, 8, 49.5, place), (200 + 130) / 8 - 0.5);
  // Many small steps hold it as one large step does, also those below a pixel of the picture.
  let middle = 49.5;
  for (let step = 0; step < 100; step++) {
    middle = middleAfter(side, 4 * 2 ** (step / 100), 4 * 2 ** ((step + 1) / 100), middle, place);
  }
  assertAlmostEquals(positionAt(8, middle, 130), positionAt(4, 49.5, 130), 1e-9);
});

Deno.test("middleAfter() moves by several short ways as by their sum", () => {
  const scale = 8 * 4;
  let middle = 49.5;
  for (let move = 0; move < 10; move++) {
    middle = middleAfter(side, scale, scale, middle, { at: 100 + 2 * move, shift: 2 });
  }
  assertAlmostEquals(middle, 49.5 - 20 / scale, 1e-12);
  assertAlmostEquals(
    middle,
    middleAfter(side, scale, scale, 49.5, { at: 100, shift: 20 }),
    1e-12,
  );
});

Deno.test("middleAfter() holds the points under two fingers", () => {
  // The fingers at 100 and 150 go to 90 and 190, one after the other: each step is around their middle.
  let middle = 49.5;
  const points = [100, 150].map((at) => positionAt(8, middle, at));
  middle = middleAfter(side, 8, 8 * 60 / 50, middle, { at: 125, shift: -5 });
  middle = middleAfter(side, 8 * 60 / 50, 16, middle, { at: 120, shift: 20 });
  assertAlmostEquals(positionAt(16, middle, 90), points[0], 1e-9);
  assertAlmostEquals(positionAt(16, middle, 190), points[1], 1e-9);
});

Deno.test("middleAfter() does not go beyond the end, and not at all while the picture fits", () => {
  const beyond = middleAfter(side, 8, 8, 49.5, { at: 0, shift: 1000 });
  assertEquals(firstEdge(side, 8, beyond), 0);
  const back = middleAfter(side, 8, 8, beyond, { at: 0, shift: -16 });
  assertEquals(firstEdge(side, 8, back), -16);
  assertEquals(middleAfter(side, 4, 4, 12, { at: 0, shift: 50 }), 12);
  assertEquals(middleAfter(side, 2, 3, 12, { at: 90, shift: 0 }), 12);
});
