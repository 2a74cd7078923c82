import { assertEquals } from "@std/assert";
import { airTermReference } from "../gan/ops/intensity_transfer/air_term_reference.ts";
import { curvePoint } from "../gan/ops/intensity_transfer/intensity_transfer_reference.ts";
import { airRuleToMr } from "./air_rule_to_mr.ts";

/** The linear scale of CT, and muscle on it. */
const options = { scale: { low: -1000, high: 1000 }, muscle: 0.05, radius: [2, 2] } as const;
/** Curve of 20 nodes at -0.95, -0.85, ...: air is -0.95, a lung -0.85, muscle and all else -0.25. */
const CURVE = [-0.95, -0.85, -0.85, ...new Array<number>(17).fill(-0.25)];

Deno.test("airRuleToMr()'s curve is that of the MR, but not brighter than lungs", () => {
  const { dark, curve } = airRuleToMr(CURVE, options)!;
  assertEquals(dark, [-0.5, -0.3]);
  assertEquals(curve, [-0.95, ...new Array<number>(19).fill(-0.85)]);
  // Without lungs in the images they are midway from air to muscle.
  const flat = [-0.95, ...new Array<number>(19).fill(-0.25)];
  assertEquals(Math.max(...airRuleToMr(flat, options)!.curve), -0.6);
});

Deno.test("airRuleToMr() has no rule if the scale of CT does not tell air from tissue", () => {
  for (const low of [-300, -250]) {
    assertEquals(airRuleToMr(CURVE, { ...options, scale: { low, high: 350 } }), undefined);
  }
  assertEquals(airRuleToMr(CURVE, { ...options, scale: { low: -320, high: 350 } })?.dark[0], -1);
});

Deno.test("airRuleToMr() makes vessels of a lung dark, and not the chest wall", () => {
  const rule = airRuleToMr(CURVE, options)!;
  // Tissue from column 8 on, and in it a vessel of 1 x 2 pixels and one of 3 x 3 pixels, as wide as the window's half.
  const size = 12;
  const isTissue = (x: number, y: number) =>
    x >= 8 || (x === 3 && y >= 2 && y < 4) || (x >= 2 && x < 5 && y >= 7 && y < 10);
  const image = Float64Array.from(
    { length: size * size },
    (_, i) => isTissue(i % size, Math.floor(i / size)) ? 0.05 : -0.8,
  );
  const term = airTermReference(image, [size, size, 1], rule, CURVE);
  const logits = CURVE.map(Math.atanh);
  const shown = (x: number, y: number) => {
    const i = y * size + x;
    return Number(Math.tanh(curvePoint(logits, image[i]).value + term[i]).toFixed(5));
  };
  assertEquals([shown(3, 2), shown(3, 3)], [-0.85, -0.85]);
  // The middle of the wide vessel has 16 pixels of lung around it, three quarters of the way.
  const part = 0.75 * (Math.atanh(-0.85) - Math.atanh(-0.25)) + Math.atanh(-0.25);
  assertEquals(shown(3, 8), Number(Math.tanh(part).toFixed(5)));
  // Beside the chest wall 10 pixels are lung, and at its end fewer, because pixels outside of the image do not count.
  assertEquals([shown(8, 5), shown(8, 0), shown(9, 5)], [-0.25, -0.25, -0.25]);
  assertEquals([shown(7, 5), shown(0, 0)], [-0.85, -0.85]);
});
