import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertLess,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { IDENTITY, type Triple } from "../../volume/affine.ts";
import { Grid } from "../../volume/grid.ts";
import type { Volume } from "../../volume/volume.ts";
import { controlGridGeometry } from "../../kernels/control_grid/control_grid.ts";
import { Gpu } from "../../kernels/gpu/gpu.ts";
import { uploadImage } from "../../kernels/gpu/image.ts";
import { GpuMemoryError } from "../../kernels/gpu/errors.ts";
import { seededValues } from "../../testing/float_values.ts";
import { gpuTest } from "../../testing/gpu.ts";
import { NoOverlapError } from "../errors.ts";
import { displacementAt } from "../transform.ts";
import type { DeformableResult, LevelState } from "./deformable_options.ts";
import {
  discreteStart,
  discreteStartBytes,
  displacementsFrom,
  isLargeMotion,
} from "./discrete_start.ts";
import { registerDeformable } from "./register_deformable.ts";

const GRID = Grid.axisAligned([48, 40, 44], [5, 5, 5], [-120, -100, -110]);
/** Blobs of 6 to 10 mm: a descent does not find displacements that are larger than they are. */
const BLOBS = seededValues(4 * 250, 8);

/** A body with blobs; `shift` moves the blobs, mm, and the contrast of the second kind is inverted. */
function image(kind: "mr" | "ct", shift: Triple = [0, 0, 0]): Volume {
  const [nx, ny] = GRID.size;
  const data = Float32Array.from({ length: GRID.voxels }, (_, i) => {
    const p = GRID.world([i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))]);
    if (Math.hypot(p[0] / 112, p[1] / 92, p[2] / 102) > 1) return 0;
    let value = 0;
    for (let k = 0; k < BLOBS.length; k += 4) {
      const square = p.reduce((sum, v, c) => sum + (v - shift[c] - 200 * BLOBS[k + c]) ** 2, 0);
      value += 100 * Math.exp(-square / (2 * (8 + 4 * BLOBS[k + 3]) ** 2));
    }
    return kind === "ct" ? 100 + value : 300 - value;
  });
  return { grid: GRID, data };
}

const SHIFT: Triple = [6, -8, 30];

/** The mean distance of a result from the shift, well inside the body, mm. */
function error(result: DeformableResult): number {
  let sum = 0;
  for (let i = 0; i < 27; i++) {
    const at: Triple = [i % 3, Math.floor(i / 3) % 3, Math.floor(i / 9)].map((v) =>
      30 * (v - 1)
    ) as unknown as Triple;
    const u = displacementAt(result.controlGrid, at);
    sum += Math.hypot(...u.map((v, c) => v - SHIFT[c])) / 27;
  }
  return sum;
}

async function found(
  gpu: Gpu,
  fixedImage: Volume = image("mr"),
  movingImage: Volume = image("ct", SHIFT),
) {
  const [fixed, moving] = [fixedImage, movingImage].map(({ grid, data }) =>
    uploadImage(gpu, "image", grid.size, data)
  );
  const before = gpu.liveBytes;
  gpu.peakBytes = before;
  const start = await discreteStart(gpu, {
    images: { fixed, moving, fixedMask: undefined, movingMask: undefined },
    fixedGrid: fixedImage.grid,
    movingGrid: movingImage.grid,
    initial: IDENTITY,
    fixedRange: { low: 0, high: 300, bins: 100 },
    movingRange: { low: 0, high: 300, bins: 100 },
  });
  const taken = gpu.peakBytes - before;
  fixed.destroy();
  moving.destroy();
  return { start, taken };
}

/** An image of noise around the origin. */
function noise(size: Triple, spacing: Triple): Volume {
  const first = size.map((n, axis) => -n * spacing[axis] / 2) as unknown as Triple;
  const grid = Grid.axisAligned(size, spacing, first);
  return { grid, data: Float32Array.from(seededValues(grid.voxels, 4), (v) => 300 * v) };
}

gpuTest(
  "discreteStart() takes no more than it states while a large moving image is smoothed",
  async (gpu) => {
    const [fixed, moving] = [noise([40, 40, 20], [2, 2, 2]), noise([200, 200, 60], [1, 1, 3])];
    const { taken } = await found(gpu, fixed, moving);
    const estimate = discreteStartBytes(fixed.grid, moving.grid);
    // Uniform blocks are not part of the estimate.
    assert(
      taken <= estimate + 1024 && taken > 0.7 * estimate,
      `${taken} bytes, estimated ${estimate}`,
    );
  },
);

gpuTest("registerDeformable() refuses a discrete search without blocks to compare", async (gpu) => {
  // Two slices of 5 mm; a search without blocks would find displacements of 0 and say nothing.
  const thin = noise([48, 40, 2], [5, 5, 5]);
  const whole = noise([48, 40, 12], [5, 5, 5]);
  const common = { similarity: "nmi", iterations: 1, levels: 1 } as const;
  for (
    const [fixed, moving, name] of [[thin, whole, "fixed"], [whole, thin, "moving"]] as const
  ) {
    await assertRejects(
      () => registerDeformable(gpu, { fixed, moving, start: "discrete", ...common }),
      NoOverlapError,
      `The discrete search cannot compare any block of the ${name} image. It needs blocks of 16 mm`,
    );
  }
  await registerDeformable(gpu, { fixed: thin, moving: whole, ...common });
});

gpuTest(
  "discreteStart() finds a displacement of 30 mm, in the memory that it states",
  async (gpu) => {
    const { start, taken } = await found(gpu);
    assertEquals(start.points, [15, 13, 14]);
    const estimate = discreteStartBytes(GRID, GRID);
    assert(taken <= estimate && taken > 0.7 * estimate, `${taken} bytes, estimated ${estimate}`);
    const geometry = controlGridGeometry(GRID.size, [4, 4, 4]);
    const displacements = displacementsFrom(start, geometry, GRID);
    // Control point (6, 5, 5) is at voxel (24, 20, 20), in the middle of the body.
    const at = 4 * ((5 * geometry.size[1] + 5) * geometry.size[0] + 6);
    SHIFT.forEach((mm, c) => assertAlmostEquals(displacements[at + c], mm, 8));
    assertEquals(displacements[at + 3], 0);
  },
);

Deno.test("discreteStartBytes() stays below 600 MiB for any field of view, because blocks grow", () => {
  const box = (size: Triple) => Grid.axisAligned(size, [10, 10, 10]);
  const trunk = discreteStartBytes(box([50, 37, 50]), box([50, 37, 50]));
  const large = discreteStartBytes(box([60, 60, 400]), box([60, 60, 400]));
  // Sixteen times the volume, and the costs are at their limit.
  assertLess(large, 4 * trunk);
  assertLess(large, 600 * 2 ** 20);
  assertLess(2 ** 28, large);
});

Deno.test("displacementsFrom() interpolates between points, by hand", () => {
  // Two points at x = 0 and 12 mm, with displacements of 1 and 2 blocks of 12 mm.
  const start = {
    points: [2, 1, 1] as Triple,
    displacements: Float32Array.of(1, 0, -1, 0, 2, 0, -1, 0),
    block: 12,
    affine: [12, 0, 0, 0, 0, 12, 0, 0, 0, 0, 12, 0, 0, 0, 0, 1],
  };
  const grid = Grid.axisAligned([4, 1, 1], [3, 3, 3]);
  const linear = displacementsFrom(start, controlGridGeometry(grid.size, [2, 1, 1]), grid);
  // Control points at 0, 6 and 12 mm.
  assertEquals([...linear.subarray(0, 12)], [12, 0, -12, 0, 18, 0, -12, 0, 24, 0, -12, 0]);
  const cubic = displacementsFrom(start, controlGridGeometry(grid.size, [2, 1, 1], "cubic"), grid);
  // One more before 0, where the border continues.
  assertEquals([...cubic.subarray(0, 12)], [12, 0, -12, 0, 12, 0, -12, 0, 18, 0, -12, 0]);
});

gpuTest("registerDeformable() finds 30 mm from a discrete start, and not without", async (gpu) => {
  const images = {
    fixed: image("mr"),
    moving: image("ct", SHIFT),
    // The local correlation of MIND finds these few blobs without a search.
    similarity: "nmi+mind",
    iterations: 30,
  } as const;
  const rigid = await registerDeformable(gpu, { ...images, start: "rigid" });
  const states: LevelState[] = [];
  const discrete = await registerDeformable(gpu, {
    ...images,
    start: "discrete",
    onLevel: (state) => void states.push(state),
  });
  assertEquals([rigid.parameters.start, discrete.parameters.start], ["rigid", "discrete"]);
  // The search takes the place of the coarsest level.
  const counts = ({ levels, parameters }: DeformableResult) => [
    levels.length,
    parameters.levels,
    parameters.replacedLevels,
  ];
  assertEquals([counts(rigid), counts(discrete)], [[2, 2, 0], [1, 2, 1]]);
  assertEquals(discrete.levels[0].voxel, rigid.levels[1].voxel);
  assertLess(10, error(rigid));
  assertLess(error(discrete), 2);
  const resumed = await registerDeformable(gpu, {
    ...images,
    start: "discrete",
    resume: states[0],
  });
  assertEquals(resumed, discrete);
});

gpuTest(
  "registerDeformable() with the automatic start searches where the coarsest level moves far, and takes what is trusted",
  async (gpu) => {
    const images = { fixed: image("mr"), moving: image("ct", SHIFT), iterations: 30 };
    const states: LevelState[] = [];
    const discrete = await registerDeformable(gpu, { ...images, start: "discrete" });
    const automatic = await registerDeformable(gpu, {
      ...images,
      onLevel: (state) => void states.push(state),
    });
    // All displaced blobs move alike, so that the search and the search back agree.
    assertEquals(automatic.parameters.start, "automatic");
    assertEquals(automatic.parameters.replacedLevels, 1);
    assertEquals(automatic.levels, discrete.levels);
    assertEquals(automatic.controlGrid, discrete.controlGrid);
    // The coarsest level, which the search replaced, is no state to continue from.
    assertEquals(states.map(({ records }) => records[0].start?.chosen), ["discrete"]);
    assertEquals(await registerDeformable(gpu, { ...images, resume: states[0] }), automatic);
  },
);

Deno.test("isLargeMotion() is true if a twentieth of the displacements is above 20 mm, by hand", () => {
  // 41 lengths, of which the largest three are 5 % or less of the rest: index 38 of 0 to 40 decides.
  const lengths = (far: number, mm: number) =>
    Float32Array.from({ length: 4 * 41 }, (_, i) => i % 4 === 1 && i < 4 * far ? mm : 0);
  assertEquals(isLargeMotion(lengths(3, 21)), true);
  assertEquals(isLargeMotion(lengths(2, 21)), false);
  assertEquals(isLargeMotion(lengths(41, 19.9)), false);
  // 12, 16 and 5 mm along the axes are 20.6 mm.
  assertEquals(isLargeMotion(Float32Array.of(12, 16, 5, 0)), true);
});

gpuTest("registerDeformable() with one level runs it after the discrete search", async (gpu) => {
  const images = { fixed: image("mr"), moving: image("ct", SHIFT), similarity: "nmi" } as const;
  const common = { ...images, levels: 1, iterations: 2 };
  const { levels, parameters } = await registerDeformable(gpu, { ...common, start: "discrete" });
  assertEquals([levels.length, parameters.levels, parameters.replacedLevels], [1, 1, 0]);
  // A checkpoint keeps the records as JSON, without a change.
  assertEquals(JSON.parse(JSON.stringify(levels)), levels);
});

/** A disc of 30 mm and one of 70 mm, of so many slices: the borders move by 40 mm, and nothing says where along them. */
function discs(slices: number) {
  const grid = Grid.axisAligned([48, 40, slices], [5, 5, 5], [-120, -100, -5]);
  const disc = (radius: number): Volume => ({
    grid,
    data: Float32Array.from({ length: grid.voxels }, (_, i) => {
      const [x, y] = grid.world([i % 48, Math.floor(i / 48) % 40, 0]);
      return 100 / (1 + Math.exp((Math.hypot(x, y) - radius) / 8));
    }),
  });
  const options = { similarity: "nmi", lambda: 1, levels: 2, iterations: 20 } as const;
  return { fixed: disc(30), moving: disc(70), ...options };
}

gpuTest(
  "registerDeformable() with the automatic start keeps the rigid start if a search is not trusted or not possible",
  async (gpu) => {
    // With two slices no block of 16 mm is full enough.
    for (const slices of [3, 2]) {
      const images = discs(slices);
      const automatic = await registerDeformable(gpu, images);
      const rigid = await registerDeformable(gpu, { ...images, start: "rigid" });
      assertEquals(automatic.controlGrid, rigid.controlGrid);
      assertEquals([rigid.levels[0].start, rigid.notices], [undefined, []]);
      const { chosen, agreement, problem } = automatic.levels[0].start!;
      assertEquals(chosen, "rigid");
      assertLess(agreement, 0.23);
      const reason = "it has no block that is full enough in the images and masks";
      assertEquals(problem, slices === 2 ? reason : undefined);
      assertEquals(automatic.notices.length, slices === 2 ? 1 : 0);
      if (slices === 2) assertStringIncludes(automatic.notices[0], `was not possible: ${reason}.`);
    }
  },
);

gpuTest(
  "registerDeformable() with the automatic start does not search without a large motion",
  async (gpu) => {
    const images = { fixed: image("mr"), moving: image("ct", [3, 2, 0]), iterations: 5 };
    const { levels, parameters } = await registerDeformable(gpu, images);
    assertEquals([levels[0].start, parameters.start], [undefined, "automatic"]);
  },
);

gpuTest("registerDeformable() refuses an unknown start", async (gpu) => {
  const images = { fixed: image("mr"), moving: image("ct") };
  await assertRejects(
    () => registerDeformable(gpu, { ...images, start: "random" as "rigid" }),
    RangeError,
    "`start` must be one of rigid, discrete, automatic, got random",
  );
});

gpuTest("registerDeformable() refuses a discrete search that does not fit", async () => {
  // More than the levels need and less than the search does.
  const memoryBytes = 0.9 * discreteStartBytes(GRID, GRID);
  using small = await Gpu.open({ memoryBytes });
  await assertRejects(
    () =>
      registerDeformable(small, {
        fixed: image("mr"),
        moving: image("ct"),
        similarity: "nmi",
        start: "discrete",
      }),
    GpuMemoryError,
    "--start rigid",
  );
});
