import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { CT_SCALE } from "../../gan/synthesis/intensity_scale.ts";
import type { Triple } from "../../volume/affine.ts";
import { Grid } from "../../volume/grid.ts";
import { synthesisScores, type SynthesisScoresOptions } from "./synthesis_scores.ts";

const size: Triple = [56, 40, 20];
const grid = Grid.axisAligned(size, [4, 4, 4]);

/** The share of a voxel at `x` between two borders. */
const cover = (x: number, low: number, high: number) =>
  Math.min(1, Math.max(0, x - low + 0.5)) - Math.min(1, Math.max(0, x - high + 0.5));

/** The intensities of air, lungs, fat and muscle. */
type Tissues = readonly [number, number, number, number];
const CT: Tissues = [-1000, -850, -100, 50];
const MR: Tissues = [0, 50, 1000, 300];

/** A chest with a shell of fat around muscle and two lungs; its voxels have partial volume. */
function chest([air, lung, fat, muscle]: Tissues, [dx, dy, dz]: Triple = [0, 0, 0]) {
  return Float32Array.from({ length: grid.voxels }, (_, i) => {
    const x = i % 56 - dx;
    const y = Math.floor(i / 56) % 40 - dy;
    const z = Math.floor(i / (56 * 40)) - dz;
    const body = cover(x, 4, 52) * cover(y, 4, 36);
    const inner = cover(x, 8, 48) * cover(y, 8, 32);
    const lungs = (cover(x, 12, 25) + cover(x, 31, 44)) * cover(y, 12, 28) * cover(z, 4, 15);
    return air + body * (fat - air) + inner * (muscle - fat) + lungs * (lung - muscle);
  });
}

const mrScale = { low: 0, high: 1000 };
/** From CT to MR, with the true MR. Voxels that the lungs' borders halve have the threshold and are not dark. */
const toMr = (synthesis: Float32Array): SynthesisScoresOptions => ({
  grid,
  of: "mr",
  sliceAxis: 1,
  source: { data: chest(CT), scale: CT_SCALE },
  synthesis: { data: synthesis, scale: mrScale },
  truth: { data: chest(MR), lungThreshold: 175 },
  lungs: { threshold: 0.175, expected: 2 * 12 * 15 * 10 },
});

Deno.test("synthesisScores() finds nothing wrong with the true image", () => {
  const scores = synthesisScores(toMr(chest(MR)));
  assertEquals(scores.error, 0);
  assertEquals(scores.errorHu, NaN);
  assertAlmostEquals(scores.correlation, 1, 1e-6);
  assertEquals([scores.lungVolume, scores.lungDice, scores.sliceJumps], [1, 1, 1]);
  assertAlmostEquals(scores.fatContrast, 0.7, 1e-6);
  for (const name of ["right", "front", "up"] as const) {
    assertEquals(scores.truthEdges[name], 0);
    assertAlmostEquals(scores.sourceEdges[name], 0, 0.05);
  }
  assertEquals(scores.expectedLungVolume, 1);
});

Deno.test("synthesisScores() finds the shift and keeps the lungs of a shifted image", () => {
  const scores = synthesisScores(toMr(chest(MR, [0.25, 0, -0.5])));
  assertAlmostEquals(scores.truthEdges.right, 1, 0.02);
  assertAlmostEquals(scores.truthEdges.front, 0, 0.02);
  assertAlmostEquals(scores.truthEdges.up, -2, 0.02);
  assertAlmostEquals(scores.sourceEdges.right, 1, 0.1);
  assertAlmostEquals(scores.sourceEdges.up, -2, 0.1);
  assertAlmostEquals(scores.truthEdges.lungs, 0, 0.02);
  assert(scores.lungDice < 1 && scores.lungDice > 0.85, `${scores.lungDice}`);
});

Deno.test("synthesisScores() says which shift the source has already", () => {
  const source = { data: chest(CT, [0, 0, 0.25]), scale: CT_SCALE };
  const scores = synthesisScores({ ...toMr(chest(MR, [0, 0, 0.25])), source });
  assertAlmostEquals(scores.truthEdges.up, 1, 0.02);
  assertAlmostEquals(scores.sourceTruthEdges.up, 1, 0.1);
  assertAlmostEquals(scores.sourceEdges.up, 0, 0.05);
});

Deno.test("synthesisScores() finds the inverted soft tissue of a copy", () => {
  const copy = chest(CT).map((hu) => (hu + 1000) / 2);
  const scores = synthesisScores(toMr(copy));
  assert(scores.correlation < -0.5, `${scores.correlation}`);
  assertAlmostEquals(scores.fatContrast, -0.075, 1e-6);
  assertEquals(scores.sourceEdges.right, 0);
});

Deno.test("synthesisScores() measures a CT without a truth against its source", () => {
  const scores = synthesisScores({
    grid,
    of: "ct",
    sliceAxis: 1,
    source: { data: chest(MR), scale: mrScale },
    synthesis: { data: chest(CT, [0.5, 0, 0]), scale: CT_SCALE },
  });
  assertEquals([scores.error, scores.errorHu, scores.correlation, scores.lungVolume], [
    NaN,
    NaN,
    NaN,
    NaN,
  ]);
  assertEquals([scores.truthEdges.right, scores.expectedLungVolume], [NaN, NaN]);
  assertAlmostEquals(scores.sourceEdges.right, 2, 0.1);
  assertAlmostEquals(scores.fatContrast, 0.075, 1e-6);
});

Deno.test("synthesisScores() gives the error of a CT also in HU", () => {
  const scores = synthesisScores({
    grid,
    of: "ct",
    sliceAxis: 1,
    source: { data: chest(MR), scale: mrScale },
    synthesis: { data: chest(CT).map((hu) => hu + 40), scale: CT_SCALE },
    truth: { data: chest(CT), lungThreshold: -400 },
  });
  assertAlmostEquals(scores.errorHu, 40, 1e-3);
  assertAlmostEquals(scores.error, 0.02, 1e-6);
});
