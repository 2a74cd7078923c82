import { assertAlmostEquals, assertEquals } from "@std/assert";
import { assertCloseTo, seededValues } from "../../testing/float_values.ts";
import { gpuTest } from "../../testing/gpu.ts";
import type { Triple } from "../../volume/affine.ts";
import {
  costBytes,
  displacementCostsReference,
  recordDisplacementCosts,
} from "./displacement_costs.ts";
import { displacementOf, PADDING_COST, searchWindow } from "./search_window.ts";

/** Seeded descriptors of blocks, of which every seventh does not count. */
function blocksOf(size: Triple, seed: number) {
  const data = seededValues(12 * size[0] * size[1] * size[2], seed)
    .map((v, i) => Math.floor(i / 12) % 7 === 3 ? -1 : v + 0.5);
  return { size, data };
}

gpuTest("recordDisplacementCosts() agrees with its twin", async (gpu) => {
  for (const [nx, radius] of [[1, 1], [63, 1], [65, 1], [5, 3]]) {
    const points: Triple = [nx, 3, 2];
    const window = searchWindow(radius);
    const blocks = {
      points,
      from: blocksOf([nx + 2, 4, 4], 1),
      fromOrigin: [2, 1, 0] as Triple,
      to: blocksOf([nx + 1, 5, 3], 2),
      toOrigin: [0, 1, 1] as Triple,
      window,
    };
    const upload = ({ size, data }: ReturnType<typeof blocksOf>) => {
      const buffer = gpu.upload("blocks", data);
      return { size, buffer, destroy: () => buffer.destroy() };
    };
    const from = upload(blocks.from);
    const to = upload(blocks.to);
    const costs = gpu.buffer("costs", costBytes(nx * 6, window));
    const recorder = gpu.record("costs");
    recordDisplacementCosts(recorder, { ...blocks, from, to }, costs);
    recorder.submit();
    const found = new Float32Array(await gpu.download(costs));
    const expected = displacementCostsReference(blocks);
    assertEquals(found.length, expected.length);
    const counted = (values: ArrayLike<number>) =>
      Array.from(values).filter((_, i) => displacementOf(window, i % (4 * window.quads)));
    assertCloseTo(counted(found), counted(expected), `${nx} points, radius ${radius}`);
    assertEquals(
      found.filter((cost) => cost > 0.9 * PADDING_COST).length,
      found.length - counted(found).length,
    );
    [from, to, costs].forEach((resource) => resource.destroy());
  }
});

Deno.test("displacementCostsReference() sums squared differences of 12 channels, by hand", () => {
  // Two blocks in a row: the point is the first one, with 0.5 in all channels.
  const from = { size: [1, 1, 1] as Triple, data: new Float64Array(12).fill(0.5) };
  const data = new Float64Array(24).fill(0.25, 0, 12).fill(1, 12);
  const costs = displacementCostsReference({
    points: [1, 1, 1],
    from,
    fromOrigin: [0, 0, 0],
    to: { size: [2, 1, 1], data },
    toOrigin: [0, 0, 0],
    window: searchWindow(1),
  });
  // Rows of 3 costs and one of padding; the row without a displacement along y and z is the fifth.
  assertAlmostEquals(costs[17], 12 * 0.25 ** 2); // 0.75, no displacement
  assertAlmostEquals(costs[18], 12 * 0.5 ** 2); // 3, one block along x
  assertAlmostEquals(costs[16], (0.75 + 3) / 2); // beyond the image: the mean of the others
  assertEquals(costs[19], PADDING_COST);
});
