import { assert, assertEquals, assertThrows } from "@std/assert";
import { PLANES, PlaneStack } from "../../kernels/patches/plane_stack.ts";
import { Grid } from "../../volume/grid.ts";
import { reorient } from "../../volume/orientation.ts";
import { RandomState } from "../../host/random.ts";
import { PatchSampler, type PatchSamplerOptions } from "./patch_sampler.ts";

/** An image in which every voxel has another bright value. */
function numbered(size: [number, number, number], name = "numbered") {
  const grid = Grid.axisAligned(size, [1, 1, 1]);
  const data = Float32Array.from({ length: grid.voxels }, (_, i) => i / grid.voxels);
  return { name, grid, data };
}

const sampler = (options: Partial<PatchSamplerOptions> = {}) =>
  new PatchSampler({
    volumes: [numbered([23, 9, 31])],
    plane: "coronal",
    crop: 16,
    channels: 3,
    random: RandomState.of(1, "roi"),
    ...options,
  });

Deno.test("PatchSampler gives pieces of the volume, in every plane", () => {
  for (const plane of ["axial", "coronal", "sagittal"] as const) {
    const volume = numbered([23, 24, 31]);
    const stack = new PlaneStack([23, 24, 31], PLANES[plane]);
    const patches = sampler({ volumes: [volume], plane });
    const starts = new Set<string>();
    for (let n = 0; n < 50; n++) {
      const patch = patches.next();
      assertEquals(patch.length, 16 * 16 * 3);
      // The first value determines the position, and that determines all other values.
      const at = volume.data.indexOf(patch[0]);
      let start: number[] | undefined;
      for (let s = 0; s < stack.extent[2] && !start; s++) {
        for (let y = 0; y < stack.extent[1] && !start; y++) {
          for (let x = 0; x < stack.extent[0]; x++) {
            if (stack.voxel(x, y, s) === at) start = [x, y, s];
          }
        }
      }
      const [x, y, s] = start!;
      starts.add(start!.join());
      for (let i = 0; i < patch.length; i++) {
        const c = i % 3;
        const column = Math.floor(i / 3) % 16;
        const row = Math.floor(i / 48);
        assertEquals(patch[i], volume.data[stack.voxel(x + column, y + row, s + c)]);
      }
    }
    assert(starts.size > 40, `${starts.size} places of 50`);
  }
});

Deno.test("PatchSampler draws the same from the same state", () => {
  const one = sampler();
  const other = sampler();
  const first = [one.next(), one.next()];
  assertEquals([other.next(), other.next()], first);
  const saved = one.save();
  const next = one.next();
  other.restore(saved);
  assertEquals(other.next(), next);
});

Deno.test("PatchSampler draws the same from another storage order", () => {
  const volume = numbered([23, 24, 31]);
  const turned = { name: volume.name, ...reorient(volume, "SLP") };
  for (const plane of ["axial", "coronal", "sagittal"] as const) {
    const one = sampler({ volumes: [volume], plane });
    const other = sampler({ volumes: [turned], plane });
    for (let n = 0; n < 5; n++) assertEquals(other.next(), one.next(), plane);
  }
});

Deno.test("PatchSampler shows the middle of its volumes without drawing", () => {
  const volumes = [numbered([22, 9, 30]), numbered([20, 3, 20])];
  const patches = sampler({ volumes, load: 18 });
  const state = patches.save();
  const central = patches.central(5);
  assertEquals(patches.save(), state);
  assertEquals(central.length, 2);
  const stack = new PlaneStack([22, 9, 30], PLANES.coronal);
  assertEquals(central[0][0], volumes[0].data[stack.voxel(2 + 1, 6 + 1, 3)]);
});

Deno.test("PatchSampler leaves out dark patches", () => {
  // The body is the middle third; patches with less than a quarter of it are dark.
  const grid = Grid.axisAligned([120, 3, 20], [1, 1, 1]);
  const data = Float32Array.from(
    { length: grid.voxels },
    (_, i) => i % 120 >= 50 && i % 120 < 70 ? 1 : -1,
  );
  const patches = sampler({ volumes: [{ name: "body", grid, data }], load: 20, channels: 1 });
  const minimum = Math.min(...Array.from({ length: 200 }, () => {
    const patch = patches.next();
    return patch.filter((value) => value > 0).length / patch.length;
  }));
  // A crop of 16 of 20 columns with 5 bright ones keeps at least one of them.
  assert(minimum >= 1 / 16, `${minimum} of a patch is bright`);
});

Deno.test("PatchSampler takes a patch from a quarter of the central mean on", () => {
  // The body is as wide as a patch, and the patch in the middle is all bright.
  const grid = Grid.axisAligned([120, 1, 20], [1, 1, 1]);
  const data = Float32Array.from(
    { length: grid.voxels },
    (_, i) => i % 120 >= 50 && i % 120 < 70 ? 1 : -1,
  );
  const volumes = [{ name: "body", grid, data }];
  const patches = sampler({ volumes, crop: 20, load: 20, channels: 1 });
  const seen = new Set<number>();
  for (let n = 0; n < 600; n++) {
    const patch = patches.next();
    seen.add(patch.filter((value) => value > 0).length / 20);
  }
  // 5 of 20 columns are a quarter: not dark. 4 are dark.
  const columns = Array.from({ length: 16 }, (_, i) => i + 5);
  assertEquals([...seen].sort((a, b) => a - b), columns);
});

Deno.test("PatchSampler gives up on a volume that is dark almost everywhere", () => {
  const grid = Grid.axisAligned([1001, 1, 1001], [1, 1, 1]);
  const data = new Float32Array(grid.voxels).fill(-1);
  data[500 * 1001 + 500] = 1;
  const patches = sampler({
    volumes: [{ name: "speck", grid, data }],
    crop: 4,
    load: 4,
    channels: 1,
  });
  assertThrows(() => patches.next(), Error, "speck: 1000 patches one after the other are dark");
});

Deno.test("PatchSampler surrounds volumes that are smaller than a patch", () => {
  const patches = sampler({ volumes: [numbered([10, 2, 12])], load: 16 });
  const patch = patches.next();
  // The last of the three slices is beyond the volume, and so is the first row.
  assertEquals(patch.filter((value) => value === -1).length, 16 * 16 * 3 - 10 * 12 * 2);
  assert(patch[3 * (16 * 8 + 8)] > 0);
});

Deno.test("PatchSampler mirrors half of the patches when asked to", () => {
  const grid = Grid.axisAligned([16, 1, 16], [1, 1, 1]);
  const data = Float32Array.from({ length: 256 }, (_, i) => i % 16 / 16);
  const options = { volumes: [{ name: "ramp", grid, data }], load: 16, channels: 1 };
  const mirrored = (flips: boolean) => {
    const patches = sampler({ ...options, flips });
    return Array.from({ length: 100 }, () => patches.next()).filter((r) => r[0] > r[15]).length;
  };
  assertEquals(mirrored(false), 0);
  const count = mirrored(true);
  assert(count > 30 && count < 70, `${count} of 100`);
});

Deno.test("PatchSampler says what is wrong with its options", () => {
  const wrong: [Partial<PatchSamplerOptions>, string][] = [
    [{ volumes: [] }, "`volumes` is empty"],
    [{ crop: 0 }, "`crop` must be a whole number of at least 1, got 0"],
    [{ channels: 1.5 }, "`channels` must be a whole number of at least 1, got 1.5"],
    [{ load: 15 }, "`load` must be at least `crop` = 16, got 15"],
    [{ flips: true, plane: "sagittal" }, "`flips` mirrors left and right"],
  ];
  for (const [change, message] of wrong) {
    assertThrows(() => sampler(change), RangeError, message);
  }
  const dark = numbered([20, 4, 20], "night");
  dark.data.fill(-1);
  assertThrows(() => sampler({ volumes: [dark] }), RangeError, "night: the patch in the middle");
});
