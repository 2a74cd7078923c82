import { assert, assertEquals } from "@std/assert";
import { lossCurves, parseLog, tileStrip } from "./training_pictures.ts";

const line = (step: number) =>
  JSON.stringify({
    step,
    epoch: 0,
    generatorCt: 0.5,
    generatorMr: 0.4,
    cycleCt: 1 / step,
    cycleMr: 0.2,
    discriminatorCt: 0.2,
    discriminatorMr: 0.3,
  });

Deno.test("parseLog() reads whole lines only", () => {
  const log = parseLog(`${line(1)}\n${line(2)}\n${line(3).slice(0, 20)}`);
  assertEquals(log.map(({ step }) => step), [1, 2]);
});

Deno.test("lossCurves() shows both panels", () => {
  const log = parseLog(Array.from({ length: 200 }, (_, i) => line(i + 1)).join("\n"));
  const picture = lossCurves(log);
  assertEquals([picture.width, picture.height], [900, 680]);
  const colours = new Set<number>();
  for (let i = 0; i < picture.data.length; i += 3) colours.add(picture.data[i]);
  assert(colours.size > 4, "curves and ticks are drawn");
  assertEquals(lossCurves([]).height, 680);
});

Deno.test("tileStrip() lays tiles out and scales them up", () => {
  const tile = (value: number) => ({ size: 50, values: new Float32Array(2500).fill(value) });
  const picture = tileStrip(["a", "b"], [[tile(-1), tile(0)], [tile(1), tile(3)]], "caption");
  assertEquals([picture.width, picture.height], [6 + 2 * 156, 26 + 2 * 156 + 26]);
  const grey = (x: number, y: number) => picture.data[3 * (y * picture.width + x)];
  assertEquals([grey(50, 60), grey(220, 60), grey(50, 250), grey(220, 250)], [0, 128, 255, 255]);
});
