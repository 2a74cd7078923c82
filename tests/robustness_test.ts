/** Tests with the defects of real images: bias fields, thick slices, cut-off bodies, masks, partial overlap. */

import type { Modality } from "../volume/modality.ts";
import { assert, assertEquals, assertGreater, assertLess, assertRejects } from "@std/assert";
import { KnownDeformation } from "../testing/known_deformation.ts";
import { Random } from "../testing/random.ts";
import { NoOverlapError, registerDeformable, registerImages } from "../registration/mod.ts";
import { Grid, type LabelVolume, type Triple, type Volume } from "../volume/mod.ts";
import { gpuTest } from "../testing/gpu.ts";
import { Scene } from "../testing/scene.ts";

const VOXEL = 5;
const GRID = Grid.axisAligned([46, 40, 36], [VOXEL, VOXEL, VOXEL], [-112, -97, -88]);
const scene = new Scene(2);
const deformation = new KnownDeformation(GRID, new Random(5), {
  degrees: 0,
  translation: [0, 0] as const,
  amplitude: [10, 10] as const,
});

type Change = (value: number, point: Triple) => number;

/** Visits a grid's voxels with their points, RAS mm. */
function forEachVoxel(grid: Grid, visit: (index: number, point: Triple) => void): void {
  const [nx, ny] = grid.size;
  for (let i = 0; i < grid.voxels; i++) {
    visit(i, grid.world([i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))]));
  }
}

/** The scene where the fixed image sees it. */
function fixedImage(grid: Grid, contrast: Modality, change: Change = (value) => value): Volume {
  const data = new Float32Array(grid.voxels);
  forEachVoxel(grid, (i, p) => data[i] = change(scene.signal(contrast, ...p), p));
  return { grid, data };
}

/** The deformed scene. */
function movingImage(grid: Grid, contrast: Modality, change: Change = (value) => value): Volume {
  const data = new Float32Array(grid.voxels);
  const there = new Float64Array(3);
  forEachVoxel(grid, (i, p) => {
    deformation.forward(...p, there);
    data[i] = change(scene.signal(contrast, there[0], there[1], there[2]), p);
  });
  return { grid, data };
}

/** Some axes cut to a part of their voxels. */
function part(grid: Grid, from: Triple, to: Triple): Grid {
  const size = to.map((end, axis) => end - from[axis]) as unknown as Triple;
  return Grid.axisAligned(size, grid.spacing as Triple, grid.world(from));
}

interface Case {
  fixed: Volume;
  moving: Volume;
  fixedMask?: LabelVolume | undefined;
  movingMask?: LabelVolume | undefined;
  /** True if the rigid registration comes first. */
  rigid?: boolean | undefined;
  /** Mean error allowed inside both images (and masks), voxels. */
  bound: number;
}

const mr = fixedImage(GRID, "mr");
const ct = movingImage(GRID, "ct");
/** A region outside both masks, and the defect of the image in it. */
const isSpoilt = (p: Triple) => Math.hypot(p[0] - 60, p[1] - 10, p[2] + 30) < 40;
const spoilt: Change = (value, p) => isSpoilt(p) ? 3000 + 2000 * Math.sin(p[0] * p[1]) : value;
/** Padding of a value behind a cylinder, as scanners write it. */
const padded = (padding: number): Change => (value, [x, y]) =>
  Math.hypot(x, y) > 105 ? padding : value;
const maskOf = (grid: Grid): LabelVolume => {
  const data = new Int32Array(grid.voxels);
  forEachVoxel(grid, (i, p) => data[i] = isSpoilt(p) ? 0 : 1);
  return { grid, data };
};
const thick = Grid.axisAligned([76, 66, 31], [3, 3, 6], GRID.world([0, 0, 0]));

const cases: Record<string, Case> = {
  "nothing in the way": { fixed: mr, moving: ct, bound: 0.3 },
  "a bias field": {
    fixed: fixedImage(GRID, "mr", (value, [x, y]) => value * Math.exp(0.004 * x - 0.003 * y)),
    moving: ct,
    bound: 0.45,
  },
  "slices of 6 mm": { fixed: mr, moving: movingImage(thick, "ct"), bound: 0.35 },
  "the contrast inverted": {
    fixed: mr,
    moving: movingImage(GRID, "mr", (value) => 1000 - value),
    bound: 0.25,
  },
  "a moving image over 60 % of the fixed one along z": {
    fixed: mr,
    moving: movingImage(part(GRID, [0, 0, 10], [46, 40, 32]), "ct"),
    rigid: true,
    bound: 0.4,
  },
  "a fixed image that is cut off": {
    fixed: fixedImage(part(GRID, [9, 6, 4], [36, 32, 28]), "mr"),
    moving: ct,
    bound: 0.35,
  },
  "padding outside a round field of view": {
    fixed: fixedImage(GRID, "mr", padded(-32768)),
    moving: movingImage(GRID, "ct", padded(-8192)),
    rigid: true,
    bound: 0.4,
  },
  "masks on both sides": {
    fixed: fixedImage(GRID, "mr", spoilt),
    moving: movingImage(GRID, "ct", spoilt),
    fixedMask: maskOf(GRID),
    movingMask: maskOf(GRID),
    bound: 0.35,
  },
};

gpuTest("registerImages() registers images with common defects", async (gpu, t) => {
  for (const [name, { bound, rigid, ...images }] of Object.entries(cases)) {
    await t.step(name, async () => {
      const result = await registerImages(gpu, {
        ...images,
        rigid: rigid ? { levels: 2 } : false,
        deformable: { noFolding: true, iterations: 30 },
      });
      const { mean, before, counted } = errorOf(result.field.components, images);
      assertGreater(counted, 2000);
      assertLess(mean, bound, `mean error of ${mean} voxels, ${before} before`);
      for (const values of [...result.field.components, result.warped.data, result.jacobian.data]) {
        assert(values.every(Number.isFinite), "a value is not finite");
      }
      assertEquals(result.jacobianStatistics.foldedPercent, 0);
    });
  }
});

/** Mean distance to the true place, voxels, where both images (and masks) show the body. */
function errorOf(
  field: readonly Float32Array[],
  { fixed, moving, fixedMask, movingMask }: Omit<Case, "bound">,
) {
  const there = new Float64Array(3);
  const { grid } = moving;
  const [nx, ny] = grid.size;
  let sum = 0;
  let before = 0;
  let counted = 0;
  forEachVoxel(fixed.grid, (i, p) => {
    if (Math.hypot(p[0] / 112, p[1] / 96, p[2] / 130) > 1 || fixedMask?.data[i] === 0) return;
    deformation.inverse(...p, there);
    const index = invertIndex(grid, there);
    if (index.some((v, axis) => v < 0 || v > grid.size[axis] - 1)) return;
    const [x, y, z] = index.map(Math.round);
    if (movingMask?.data[(z * ny + y) * nx + x] === 0) return;
    sum += Math.hypot(...field.map((u, c) => u[i] - (there[c] - p[c]))) / VOXEL;
    before += Math.hypot(...p.map((v, c) => there[c] - v)) / VOXEL;
    counted++;
  });
  return { mean: sum / counted, before: before / counted, counted };
}

function invertIndex(grid: Grid, point: Float64Array): number[] {
  const m = grid.inverse;
  return [0, 1, 2].map((r) =>
    m[4 * r] * point[0] + m[4 * r + 1] * point[1] + m[4 * r + 2] * point[2] + m[4 * r + 3]
  );
}

gpuTest(
  "registerDeformable() refuses images with too little overlap and gives advice",
  async (gpu) => {
    // A corner of 5 x 40 x 4 voxels in common, and nothing.
    for (const [x, z] of [[41, 32], [0, 200]]) {
      const grid = Grid.axisAligned(GRID.size, [VOXEL, VOXEL, VOXEL], GRID.world([x, 0, z]));
      await assertRejects(
        () => registerDeformable(gpu, { fixed: mr, moving: { grid, data: ct.data } }),
        NoOverlapError,
        "Register rigidly first, or check the files' orientation and position",
      );
      assertEquals(gpu.liveBytes, 0);
    }
    // Masks without a voxel in common.
    const half = (keep: (x: number) => boolean): LabelVolume => ({
      grid: GRID,
      data: Int32Array.from(mr.data, (_, i) => keep(i % 46) ? 1 : 0),
    });
    const masks = { fixedMask: half((x) => x < 12), movingMask: half((x) => x > 34) };
    await assertRejects(
      () => registerDeformable(gpu, { fixed: mr, moving: ct, ...masks }),
      NoOverlapError,
      "masks",
    );
  },
);
