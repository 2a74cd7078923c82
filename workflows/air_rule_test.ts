import { assertAlmostEquals, assertEquals } from "@std/assert";
import { IDENTITY } from "../volume/affine.ts";
import { Grid } from "../volume/grid.ts";
import { airRule } from "./air_rule.ts";

/** The linear scale of CT, on which muscle is 0.05. */
const scale = { low: -1000, high: 1000 };

/** A body of muscle with a lung of five columns of eight voxels, on a grid of 12 x 12 x 2. */
function chest() {
  const grid = new Grid([12, 12, 2], IDENTITY);
  const ct = new Float32Array(grid.voxels).fill(-1);
  const mr = new Float32Array(grid.voxels).fill(-1);
  for (let i = 0; i < grid.voxels; i++) {
    const x = i % 12;
    const y = Math.floor(i / 12) % 12;
    // The skin of the MR lies a voxel further inside.
    if (x >= 1 && x < 11 && y >= 1 && y < 11) ct[i] = 0.05;
    if (x >= 2 && x < 10 && y >= 2 && y < 10) mr[i] = -0.3;
    if (y >= 4 && y < 8 && x >= 3 && x < 8) {
      ct[i] = -0.85;
      mr[i] = -0.9 + (x - 3) / 10;
    }
  }
  return { name: "chest", grid, ct, mr };
}

Deno.test("airRule() takes what is dark beside air for air, as much as the CT shows", () => {
  // Air is -0.95, a lung -0.85, and muscle -0.25.
  const mr = new Array<number>(20).fill(0);
  [mr[0], mr[1], mr[10]] = [-0.95, -0.85, -0.25];
  const options = {
    curves: { mr, ct: new Array<number>(20).fill(0.3) },
    muscle: 0.05,
    scale,
    plane: "axial",
  } as const;
  const pair = chest();
  const { own, beside, depth } = airRule([pair], options);
  // Midway between lung and muscle.
  assertEquals(own, [-0.65, -0.45]);
  // The CT shows 40 voxels of air, and the MR 32 dark ones: so air is as bright as it can be, a tenth of 0.6 above a lung.
  assertEquals(beside, [-0.81, -0.77]);
  // artanh(0.95) + artanh(0.3).
  assertAlmostEquals(depth, 1.83178 + 0.30952, 1e-5);
  // Without the bright columns the CT shows 16 voxels of air. In the MR 16 are beside a pixel of -0.9, in a part of
  // [-1, 1] that ends at -0.890625.
  const isBright = (i: number) => i % 12 > 4 && i % 12 < 8;
  const small = { ...pair, ct: pair.ct.map((value, i) => isBright(i) ? 0.05 : value) };
  for (const weight of [undefined, new Float32Array(pair.ct.length)]) {
    // Weights do not count.
    const [whole, none] = airRule([{ ...small, weight }], options).beside;
    assertAlmostEquals(whole, -0.890625 - 0.02, 1e-5);
    assertAlmostEquals(none, -0.890625 + 0.02, 1e-5);
  }
  // Without air inside the bodies it is as bright as that around them.
  const solid = { ...pair, ct: pair.ct.map((value) => value === -1 ? -1 : 0.05) };
  assertEquals(airRule([solid], options).beside, [-0.95, -0.91]);
});

Deno.test("airRule() never takes muscle for air, however little contrast there is", () => {
  const pair = chest();
  const mr = new Array<number>(20).fill(0);
  [mr[0], mr[1], mr[10]] = [-0.9, -0.8, -0.74];
  const { own } = airRule([pair], {
    curves: { mr, ct: new Array<number>(20).fill(0.3) },
    muscle: 0.05,
    scale,
    plane: "axial",
  });
  // A lung is at most midway from air to muscle.
  assertEquals(own, [-0.82, -0.74]);
});
