import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { gpuTest } from "../../testing/gpu.ts";
import { random } from "../../testing/random.ts";
import { Scene } from "../../testing/scene.ts";
import { IDENTITY, type Matrix4, transformPoint, type Triple } from "../../volume/affine.ts";
import { Grid } from "../../volume/grid.ts";
import type { LabelVolume, Volume } from "../../volume/volume.ts";
import { ConstantImageError, EmptyMaskError, NoOverlapError } from "../errors.ts";
import { registerRigid, type RigidProgress } from "./register_rigid.ts";
import { rigidDifference, rigidMatrix, type RigidParameters } from "./parameters.ts";

const scene = new Scene(5);
const ct = scene.image("ct");

/** A rotation by `degrees` about a random axis through the centre and a translation of `mm`. */
function motion(seed: number, degrees: number, mm: number, centre: Triple): Matrix4 {
  const next = random(seed);
  const direction = (length: number) => {
    const v = [next() - 0.5, next() - 0.5, next() - 0.5];
    const scale = length / Math.hypot(...v);
    return v.map((value) => value * scale);
  };
  const versor = direction(Math.sin(degrees / 2 * Math.PI / 180));
  return rigidMatrix([...versor, ...direction(mm)] as unknown as RigidParameters, centre);
}

/** An MR image on `grid` whose points lie at `truth` in the world of the CT. */
function mr(grid: Grid, truth: Matrix4): Volume {
  const [nx, ny, nz] = grid.size;
  const data = new Float32Array(grid.voxels);
  for (let z = 0, i = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, i++) {
        data[i] = scene.signal("mr", ...transformPoint(truth, grid.world([x, y, z])));
      }
    }
  }
  return { grid, data };
}

function box(grid: Grid, inside: (x: number, y: number, z: number) => boolean): LabelVolume {
  const [nx, ny] = grid.size;
  const data = Int32Array.from({ length: grid.voxels }, (_, i) => {
    return inside(i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))) ? 1 : 0;
  });
  return { grid, data };
}

gpuTest("registerRigid() recovers 10 degrees and 20 mm between two contrasts", async (gpu) => {
  for (const seed of [1, 2]) {
    const truth = motion(seed, 10, 20, ct.grid.centre);
    const fixed = mr(ct.grid, truth);
    const result = await registerRigid(gpu, { fixed, moving: ct, seed });
    const { degrees, millimetres } = rigidDifference(truth, result.matrix, ct.grid.centre);
    assertLess(degrees, 0.5);
    assertLess(millimetres, 0.3 * 4, "0.3 voxels");
    assertEquals(result.levels.length, 3);
    assertLess(result.levels[0].fixedSize[0], 20);
    assert(
      result.starts.length > 1 && result.starts.some(({ name }) => name === result.start.name),
    );
    assert(result.overlapPercent > 70 && result.overlapPercent <= 100);
  }
});

gpuTest(
  "registerRigid() works across orientations, thick slices and far apart headers",
  async (gpu) => {
    // Axes permuted and mirrored, 6 mm slices, a metre away.
    const far: Triple = [900, -300, 400];
    // deno-fmt-ignore
    const grid = new Grid([48, 24, 56], [
      0, 0, -4, 112 + far[0],
      -4, 0, 0, 100 + far[1],
      0, 6, 0, -70 + far[2],
      0, 0, 0, 1,
    ]);
    const turn = motion(3, 8, 10, [0, 0, 0]);
    const truth = turn.map((value, i) =>
      i % 4 === 3 && i < 12 ? transformPoint(turn, far.map((v) => -v) as never)[(i - 3) / 4] : value
    );
    const result = await registerRigid(gpu, { fixed: mr(grid, truth), moving: ct });
    const { degrees, millimetres } = rigidDifference(truth, result.matrix, grid.centre);
    assertLess(degrees, 0.5);
    assertLess(millimetres, 0.3 * 4);
    for (const level of result.levels) {
      assertEquals(
        level.fixedSize[1],
        24,
        "slices are not shrunk",
      );
    }
  },
);

gpuTest("registerRigid() with masks sees only what is inside them", async (gpu) => {
  const truth = motion(4, 5, 8, ct.grid.centre);
  const fixed = mr(ct.grid, truth);
  // A third of both images is replaced by something unrelated and masked.
  const next = random(9);
  const spoiled = ct.data.slice();
  for (let i = 0; i < fixed.data.length; i++) {
    if (i % 64 >= 44) fixed.data[i] = 3000 * next();
    if (i % 64 < 12) spoiled[i] = -1000 + 3000 * next();
  }
  const result = await registerRigid(gpu, {
    fixed,
    moving: { grid: ct.grid, data: spoiled },
    fixedMask: box(ct.grid, (x) => x < 44),
    movingMask: box(ct.grid, (x) => x >= 12),
    start: "geometric",
  });
  const { degrees, millimetres } = rigidDifference(truth, result.matrix, ct.grid.centre);
  assertLess(degrees, 0.5);
  assertLess(millimetres, 2);
});

gpuTest("registerRigid() leaves aligned images where they are", async (gpu) => {
  const fixed = mr(ct.grid, IDENTITY);
  const { matrix, start } = await registerRigid(gpu, { fixed, moving: ct, start: IDENTITY });
  const { degrees, millimetres } = rigidDifference(IDENTITY, matrix, ct.grid.centre);
  assertEquals(start.name, "given");
  assertLess(degrees, 0.1);
  assertLess(millimetres, 0.4);
});

gpuTest("registerRigid() with the imregister preset improves on its start", async (gpu) => {
  const truth = motion(1, 5, 10, ct.grid.centre);
  const seen: RigidProgress[] = [];
  const result = await registerRigid(gpu, {
    fixed: mr(ct.grid, truth),
    moving: ct,
    preset: "imregister",
    onProgress: (progress) => seen.push(progress),
  });
  assertEquals(result.levels.map(({ iterations }) => iterations), [100, 100, 100]);
  assertEquals(result.levels.map(({ rounds }) => rounds), [0, 0, 0]);
  assertEquals(result.levels[0].fixedSize, [16, 14, 12]);
  assertEquals(result.start.name, "geometric");
  const before = rigidDifference(truth, result.start.matrix, ct.grid.centre);
  const after = rigidDifference(truth, result.matrix, ct.grid.centre);
  assertLess(after.millimetres, before.millimetres / 2);
  assertLess(after.degrees, before.degrees);
  assertEquals(seen.at(-1)!.level, 2);
  assertEquals(seen.at(-1)!.iteration, 100);
});

gpuTest("registerRigid() refuses what cannot be registered and frees everything", async (gpu) => {
  const small = (value: (i: number) => number, at = 0): Volume => ({
    grid: Grid.axisAligned([20, 20, 20], [4, 4, 4], [at, 0, 0]),
    data: Float32Array.from({ length: 8000 }, (_, i) => value(i)),
  });
  const image = small((i) => (i * 7919) % 101);
  await assertRejects(
    () => registerRigid(gpu, { fixed: image, moving: small((i) => i % 17, 500), start: "world" }),
    NoOverlapError,
    "0.0 %",
  );
  await assertRejects(
    () => registerRigid(gpu, { fixed: image, moving: small(() => 4) }),
    ConstantImageError,
    "moving",
  );
  await assertRejects(
    () =>
      registerRigid(gpu, { fixed: image, moving: image, fixedMask: box(image.grid, () => false) }),
    EmptyMaskError,
    "fixedMask",
  );
  await assertRejects(
    () => registerRigid(gpu, { fixed: image, moving: image, start: [2, ...IDENTITY.slice(1)] }),
    RangeError,
    "start",
  );
  await assertRejects(
    () => registerRigid(gpu, { fixed: image, moving: image, start: "middle" as "world" }),
    RangeError,
    "geometric",
  );
  for (const options of [{ levels: 0 }, { iterations: -1 }, { maxVoxels: 3 }]) {
    await assertRejects(
      () => registerRigid(gpu, { fixed: image, moving: image, ...options }),
      RangeError,
      Object.keys(options)[0],
    );
  }
  const thin: Volume = { grid: new Grid([20, 20, 4], IDENTITY), data: image.data.slice(0, 1600) };
  await assertRejects(
    () => registerRigid(gpu, { fixed: thin, moving: image, preset: "imregister" }),
    RangeError,
    "default preset",
  );
  const stop = new AbortController();
  await assertRejects(() =>
    registerRigid(gpu, {
      fixed: image,
      moving: small((i) => (i * 7919 + 13) % 101),
      signal: stop.signal,
      onProgress: () => stop.abort(),
    }), DOMException);
});
