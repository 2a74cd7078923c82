import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { Triple } from "../../volume/affine.ts";
import { sliceJumps } from "./slice_jumps.ts";

const size: Triple = [5, 4, 3];
const mask = new Uint8Array(60).fill(1);
/** Intensities that grow by 1 along x, y and z; some slices across y are brighter. */
const ramp = (jump: number) =>
  Float32Array.from({ length: 60 }, (_, i) => {
    const y = Math.floor(i / 5) % 4;
    return i % 5 + y + Math.floor(i / 20) + jump * (y % 2);
  });

Deno.test("sliceJumps() gives the change across the slices against that of the reference", () => {
  const of = (synthesis: Float32Array) =>
    sliceJumps({ size, sliceAxis: 1, synthesis, reference: ramp(0), mask });
  assertEquals(of(ramp(0)), 1);
  // From slice to slice the intensity changes by 1 + 3, 1 - 3 and 1 + 3: 10 / 3 on average.
  assertAlmostEquals(of(ramp(3)), 10 / 3, 1e-6);
  // A weaker contrast has no influence, and a smoother image across the slices gives less than 1.
  assertAlmostEquals(of(ramp(0).map((value) => 7 - value / 4)), 1, 1e-6);
  const flat = ramp(0).map((value, i) => value - Math.floor(i / 5) % 4 / 2);
  assertAlmostEquals(of(flat), 1 / 2, 1e-6);
});

Deno.test("sliceJumps() leaves out voxels outside the mask", () => {
  const inside = mask.map((_, i) => i % 5 < 3 ? 1 : 0);
  const synthesis = ramp(0).map((value, i) => i % 5 < 3 ? value : 100 * value);
  assertEquals(sliceJumps({ size, sliceAxis: 1, synthesis, reference: ramp(0), mask: inside }), 1);
});
