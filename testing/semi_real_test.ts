import { assert, assertEquals, assertGreater, assertLess, assertThrows } from "@std/assert";
import { Grid, type LabelVolume, transformPoint, type Triple, type Volume } from "../volume/mod.ts";
import { breathingProfile, KnownDeformation } from "./known_deformation.ts";
import { Random } from "./random.ts";
import { jacobianOnHost, scorePair } from "./score_pair.ts";
import { makeSemiRealPair, refineCase } from "./semi_real.ts";

/** A fat cylinder with two organs and a table below it. */
function smallCase(): { ct: Volume; labels: LabelVolume } {
  const grid = Grid.axisAligned([31, 26, 20], [12, 12, 14], [-180, 20, 90]);
  const data = new Float32Array(grid.voxels);
  const ids = new Int32Array(grid.voxels);
  let i = 0;
  for (let z = 0; z < 20; z++) {
    for (let y = 0; y < 26; y++) {
      for (let x = 0; x < 31; x++, i++) {
        data[i] = Math.hypot((x - 15) / 12, (y - 14) / 9) < 1 ? -100 : -1000;
        if (y === 1) data[i] = 200;
        const organ = Math.hypot(x - 10, y - 14, z - 10) < 4 ? 5 : 0;
        const other = Math.hypot(x - 20, y - 14, z - 10) < 3 ? 1 : 0;
        ids[i] = organ || other;
        if (ids[i]) data[i] = organ ? 50 : 20;
      }
    }
  }
  return { ct: { grid, data }, labels: { grid, data: ids } };
}
const organs = { liver: 5, spleen: 1 };

Deno.test("KnownDeformation inverts to within 0.01 voxel and does not fold", () => {
  const { ct } = smallCase();
  const grid = Grid.axisAligned([41, 34, 37], [9, 9, 9], [-178, 11, 94]);
  for (const seed of [1, 2, 3, 4]) {
    const deformation = new KnownDeformation(grid, new Random(seed));
    const there = new Float64Array(3);
    const back = new Float64Array(3);
    const random = new Random(seed, 9);
    const components = [0, 1, 2].map(() => new Float32Array(grid.voxels));
    const [nx, ny] = grid.size;
    let largest = 0;
    for (let i = 0; i < grid.voxels; i++) {
      const p = grid.world([i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))]);
      deformation.inverse(...p, there);
      components.forEach((u, c) => u[i] = there[c] - p[c]);
    }
    for (let n = 0; n < 500; n++) {
      const p = grid.world([
        random.uniform(0, grid.size[0] - 1),
        random.uniform(0, grid.size[1] - 1),
        random.uniform(0, grid.size[2] - 1),
      ]);
      deformation.inverse(...p, there);
      deformation.forward(there[0], there[1], there[2], back);
      largest = Math.max(largest, Math.hypot(back[0] - p[0], back[1] - p[1], back[2] - p[2]));
    }
    assertLess(largest, 0.001 * ct.grid.spacing[0]);
    const jacobian = jacobianOnHost({
      grid,
      components: [components[0], components[1], components[2]],
    });
    assertGreater(jacobian.reduce((a, b) => Math.min(a, b)), 0.3);
    assert(deformation.amplitude >= 11 && deformation.amplitude <= 18);
  }
});

Deno.test("KnownDeformation without noise is the rigid motion it was asked for", () => {
  const { grid } = smallCase().ct;
  const rigid = new KnownDeformation(grid, new Random(5), { amplitude: [1e-9, 1e-9] });
  const a = new Float64Array(3);
  const b = new Float64Array(3);
  const c = grid.centre;
  rigid.forward(...c, a);
  for (let axis = 0; axis < 3; axis++) {
    const shift = Math.abs(a[axis] - c[axis]);
    assert(shift >= 6 - 1e-6 && shift <= 8 + 1e-6, `translation of ${shift} mm`);
  }
  // The trace of a rotation by 4 degrees is 1 + 2 cos(4 degrees).
  let trace = 0;
  for (let axis = 0; axis < 3; axis++) {
    rigid.forward(c[0] + +(axis === 0), c[1] + +(axis === 1), c[2] + +(axis === 2), b);
    trace += b[axis] - a[axis];
  }
  assertLess(Math.abs(trace - 1 - 2 * Math.cos(4 * Math.PI / 180)), 1e-6);
});

Deno.test("KnownDeformation breathes along z by so much, within the body, and can be inverted", () => {
  const grid = Grid.axisAligned([41, 34, 37], [9, 9, 9], [-178, 11, 94]);
  const sides = grid.size.map((n) => 9 * n) as unknown as Triple;
  assertEquals(breathingProfile([0, 0, 0], sides), 1);
  // At half the ellipse: (1 - 1/4)^2; a deviation further up: exp(-1/2).
  assertLess(Math.abs(breathingProfile([0.225 * sides[0], 0, 0], sides) - 0.5625), 1e-9);
  assertLess(Math.abs(breathingProfile([0, 0, 70], sides) - Math.exp(-0.5)), 1e-9);
  assertEquals(breathingProfile([0, 0.45 * sides[1], 0], sides), 0);
  const calm = new KnownDeformation(grid, new Random(3));
  const breathing = new KnownDeformation(grid, new Random(3), { breathing: 40 });
  const [a, b, back] = [0, 1, 2].map(() => new Float64Array(3));
  const [x, y, z] = grid.centre;
  const top = z + sides[2] / 4;
  calm.forward(x, y, top, a);
  breathing.forward(x, y, top, b);
  assertLess(Math.abs(Math.hypot(b[0] - a[0], b[1] - a[1], b[2] - a[2]) - 40), 1e-9);
  breathing.inverse(b[0], b[1], b[2], back);
  assertLess(Math.hypot(back[0] - x, back[1] - y, back[2] - top), 1e-4);
});

Deno.test("makeSemiRealPair() cuts planes of the moving image away, and all that they showed", () => {
  const whole = makeSemiRealPair({ seed: 1, ...smallCase() });
  const cut = makeSemiRealPair({ seed: 1, ...smallCase(), cut: 0.25 });
  assertEquals([cut.moving.grid.size, cut.fixed.grid.size], [[31, 26, 15], [31, 26, 20]]);
  // The rest is as it was, in the world.
  const world = cut.moving.grid.world([15, 13, 7]);
  const at = transformPoint(whole.moving.grid.inverse, world).map(Math.round);
  assertEquals(
    cut.moving.data[(7 * 26 + 13) * 31 + 15],
    whole.moving.data[(at[2] * 26 + at[1]) * 31 + at[0]],
  );
  // Errors count only at points that the moving image has.
  const [nx, ny] = cut.fixed.grid.size;
  let measured = 0;
  cut.measured!.data.forEach((counts, i) => {
    if (!counts) return;
    measured++;
    const p = cut.fixed.grid.world([i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))]);
    const q = p.map((v, axis) => v + cut.truth.components[axis][i]) as unknown as Triple;
    const plane = transformPoint(cut.moving.grid.inverse, q)[2];
    assert(plane >= 0 && plane <= 14, `plane ${plane}`);
  });
  const body = cut.body.data.reduce((n, v) => n + v, 0);
  assert(measured > 0.6 * body && measured < 0.9 * body, `${measured} of ${body}`);
});

Deno.test("makeSemiRealPair() gives the same pair for a seed and another for another", () => {
  const one = makeSemiRealPair({ seed: 7, ...smallCase() });
  const again = makeSemiRealPair({ seed: 7, ...smallCase() });
  const other = makeSemiRealPair({ seed: 8, ...smallCase() });
  assertEquals(one, again);
  assert(one.fixed.data.some((v, i) => v !== other.fixed.data[i]));
  assert(one.truth.components[0].some((v, i) => v !== other.truth.components[0][i]));
  assert(one.fixed.data.every(Number.isFinite) && one.moving.data.every(Number.isFinite));
});

Deno.test("makeSemiRealPair() takes the table out of the MR and the body mask", () => {
  const { ct, labels } = smallCase();
  const { fixed, body } = makeSemiRealPair({ seed: 1, ct, labels });
  const [nx, ny, nz] = ct.grid.size;
  let fat = 0;
  let table = 0;
  for (let z = 0; z < nz; z++) {
    table += fixed.data[(z * ny + 1) * nx + 15] / nz;
    fat += fixed.data[(z * ny + 8) * nx + 15] / nz;
    assertEquals(body.data[(z * ny + 1) * nx + 15], 0);
    assertEquals(body.data[(z * ny + 8) * nx + 15], 1);
  }
  assertGreater(fat, 8 * table);
});

Deno.test("scorePair() finds no error in the truth and all of it in a zero field", () => {
  const pair = { ...makeSemiRealPair({ seed: 3, ...smallCase() }), structures: organs };
  const perfect = scorePair({ pair, field: pair.truth });
  assertEquals([perfect.treMean, perfect.treMax, perfect.foldedPercent], [0, 0, 0]);
  assertGreater(perfect.dice, 0.85);
  const zero = new Float32Array(pair.truth.grid.voxels);
  const field = { grid: pair.truth.grid, components: [zero, zero, zero] as const };
  const unregistered = scorePair({ pair, field });
  assertGreater(unregistered.treMean, 8);
  assertLess(unregistered.dice, perfect.dice);
  assertGreater(unregistered.hd95, perfect.hd95 + 1);
  assertEquals([unregistered.sdLogJacobian, unregistered.jacobianMin], [0, 1]);
});

Deno.test("scorePair() measures a fold, an offset and a grid that is not the pair's", () => {
  const pair = { ...makeSemiRealPair({ seed: 3, ...smallCase() }), structures: organs };
  const { grid, components: [x, y, z] } = pair.truth;
  const offset = scorePair({
    pair,
    field: { grid, components: [x.map((v) => v + 3), y, z] },
  });
  assertLess(Math.abs(offset.treMean - 3), 1e-5);
  assertLess(Math.abs(offset.tre95 - 3), 1e-5);
  // Errors elsewhere do not count.
  const measured = { grid, data: Int32Array.from(pair.body.data, (_, i) => i === 1000 ? 1 : 0) };
  const local = { grid, components: [x.map((v, i) => i === 1000 ? v : v + 3), y, z] as const };
  assertEquals(scorePair({ pair: { ...pair, measured }, field: local }).treMax, 0);
  // u_x = -2 x turns the x axis over: J = -1 everywhere.
  const flip = new Float32Array(grid.voxels);
  const zero = new Float32Array(grid.voxels);
  for (let i = 0; i < flip.length; i++) flip[i] = -2 * (i % grid.size[0]) * grid.spacing[0];
  const folded = scorePair({ pair, field: { grid, components: [flip, zero, zero] } });
  assertEquals(folded.foldedPercent, 100);
  assertLess(Math.abs(folded.jacobianMin + 1), 1e-4);
  const elsewhere = Grid.axisAligned(grid.size, grid.spacing);
  assertThrows(
    () => scorePair({ pair, field: { ...pair.truth, grid: elsewhere } }),
    RangeError,
    "fixed grid",
  );
});

Deno.test("jacobianOnHost() holds for turned, anisotropic axes", () => {
  // Voxel x runs along world y, y along -x: u = (0.1 x, 0.2 y, -0.3 z) in the world.
  const grid = new Grid([5, 6, 7], [0, -3, 0, 4, 2, 0, 0, -5, 0, 0, 6, 1, 0, 0, 0, 1]);
  const components = [0, 1, 2].map(() => new Float32Array(grid.voxels));
  for (let i = 0; i < grid.voxels; i++) {
    const p = grid.world([i % 5, Math.floor(i / 5) % 6, Math.floor(i / 30)]);
    [0.1, 0.2, -0.3].forEach((slope, c) => components[c][i] = slope * p[c]);
  }
  const jacobian = jacobianOnHost({
    grid,
    components: [components[0], components[1], components[2]],
  });
  for (const j of jacobian) assertLess(Math.abs(j - 1.1 * 1.2 * 0.7), 1e-5);
});

Deno.test("refineCase() keeps the box and the deformation", () => {
  const coarse = smallCase();
  const fine = refineCase({ ...smallCase(), factor: 2 });
  assertEquals(fine.ct.grid.size, [62, 52, 40]);
  const a = coarse.ct.grid.centre;
  const b = fine.ct.grid.centre;
  assertLess(Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]), 1e-9);
  const first = new KnownDeformation(coarse.ct.grid, new Random(1));
  const p = new Float64Array(3);
  const second = new KnownDeformation(fine.ct.grid, new Random(1));
  const q = new Float64Array(3);
  first.forward(3, 100, 200, p);
  second.forward(3, 100, 200, q);
  assertLess(Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]), 1e-6);
});
