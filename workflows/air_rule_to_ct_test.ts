import { assertAlmostEquals, assertEquals } from "@std/assert";
import { IDENTITY } from "../volume/affine.ts";
import { Grid } from "../volume/grid.ts";
import { airRuleToCt } from "./air_rule_to_ct.ts";

/** The linear scale of CT, on which fat is -0.1 and muscle 0.05: tissue at a lung is -25 HU. */
const scale = { low: -1000, high: 1000 };
const SIZE = 20;
/** Air in the CT and a lung in the MR, in single precision. */
const AIR = Math.fround(-0.85);
const LUNG = Math.fround(-0.9);

/** A body of muscle with a lung of six by ten voxels, on a grid of 20 x 20 x 2. The MR shows a smaller lung. */
function chest() {
  const grid = new Grid([SIZE, SIZE, 2], IDENTITY);
  const ct = new Float32Array(grid.voxels).fill(-1);
  const mr = new Float32Array(grid.voxels).fill(-1);
  for (let i = 0; i < grid.voxels; i++) {
    const x = i % SIZE;
    const y = Math.floor(i / SIZE) % SIZE;
    // The skin of the MR lies a voxel further inside.
    if (x >= 1 && x < 19 && y >= 1 && y < 19) ct[i] = 0.05;
    if (x >= 2 && x < 18 && y >= 2 && y < 18) mr[i] = -0.3;
    if (y >= 5 && y < 15 && x >= 5 && x < 11) {
      ct[i] = AIR;
      if (x < 10) mr[i] = LUNG;
    }
  }
  return { name: "chest", grid, ct, mr };
}

/** Curves of 20 nodes at -0.95, -0.85, ...: air is -0.95, a lung -0.85, muscle -0.25 and fat 0.4. */
function curves(air = -0.95, lung = -0.85, muscle = -0.25) {
  const mr = new Array<number>(20).fill(0);
  // A lung of -800 HU lies at the border of two nodes.
  [mr[0], mr[1], mr[2], mr[10], mr[9]] = [air, lung, lung, muscle, 0.4];
  return { mr, ct: new Array<number>(20).fill(0.03) };
}

const options = { fat: -0.1, muscle: 0.05, scale, plane: "axial", radius: [2, 2] } as const;

Deno.test("airRuleToCt() takes what is dark for air, as much as the CT shows", () => {
  const pair = chest();
  // The CT shows 120 voxels of air, and the MR 100 dark ones: so air is as bright as it can be, 0.065 of the
  // way of 0.6 above a lung.
  const { dark, pixels } = airRuleToCt([pair], { ...options, curves: curves() });
  assertEquals(dark, [-0.831, -0.791]);
  assertEquals(pixels, [0, 5]);
  // The columns of the lung become brighter by 0.1, from -0.98. With 80 voxels of air in the CT, four of them are air:
  // three have pixels of the first column around them, and the fourth has pixels of -0.88, in a part of [-1, 1] that
  // ends at -0.875.
  const half = {
    ...pair,
    ct: pair.ct.map((value, i) => value === AIR && i % SIZE >= 9 ? 0.05 : value),
    mr: pair.mr.map((value, i) => value === LUNG ? -0.98 + (i % SIZE - 5) * 0.1 : value),
  };
  const least = airRuleToCt([half], { ...options, curves: curves() }).dark;
  for (const weight of [undefined, new Float32Array(pair.ct.length)]) {
    // Weights do not count.
    assertEquals(airRuleToCt([{ ...half, weight }], { ...options, curves: curves() }).dark, least);
  }
  assertAlmostEquals((least[0] + least[1]) / 2, -0.875, 1e-4);
  // Without air inside the bodies it is as bright as that around them.
  const solid = { ...pair, ct: pair.ct.map((value) => value === -1 ? -1 : 0.05) };
  assertEquals(airRuleToCt([solid], { ...options, curves: curves() }).dark, [-0.95, -0.91]);
});

Deno.test("airRuleToCt() does not take the skin for air", () => {
  const pair = chest();
  // A rim of the body is dark, and lies beside the air around it.
  const rim = {
    ...pair,
    mr: pair.mr.map((value, i) => value === Math.fround(-0.3) && i % SIZE < 4 ? -0.7 : value),
  };
  // With it the MR would have more dark voxels than the CT has air.
  assertEquals(airRuleToCt([rim], { ...options, curves: curves() }).dark, [-0.831, -0.791]);
});

Deno.test("airRuleToCt()'s curve is a mixture of lung and tissue, and never brighter than that of tissue", () => {
  const { curve } = airRuleToCt([chest()], { ...options, curves: curves() });
  const at = (mr: number) => curve[Math.round((mr + 0.95) * 10)];
  // Air is -950 HU, the limit of a transfer on this scale, and a lung -800.
  assertAlmostEquals(at(-0.95), -0.95, 1e-5);
  assertAlmostEquals(at(-0.85), -0.8, 1e-5);
  // Tissue at a lung is -25 HU, and 1.4 times as far from it as muscle: at -0.01.
  for (const mr of [-0.75, -0.45, -0.05]) {
    assertAlmostEquals(at(mr), -0.8 + 0.775 * (mr + 0.85) / 0.84, 1e-5);
  }
  // At 0.05 the line through muscle and fat is darker.
  assertEquals(new Set(curve.slice(10)), new Set([0.03]));
});

Deno.test("airRuleToCt() is finite, however little contrast of air and lung there is", () => {
  const { curve, dark } = airRuleToCt([chest()], { ...options, curves: curves(-0.85) });
  assertEquals([...curve, ...dark].every(Number.isFinite), true);
  assertAlmostEquals(curve[0], -0.95, 1e-5);
  // A lung is at most midway from air to muscle.
  const { curve: flat } = airRuleToCt([chest()], { ...options, curves: curves(-0.9, -0.3, -0.5) });
  // A lung is -0.7, and tissue at a lung -0.42. At -0.75 it is a quarter of the way from -800 to -950 HU, and at -0.65
  // 5/28 of the way to -25 HU.
  assertAlmostEquals(flat[2], -0.8375, 1e-5);
  assertAlmostEquals(flat[3], -0.8 + 0.775 * 5 / 28, 1e-5);
});
