import { assertEquals, assertMatch, assertNotEquals, assertRejects } from "@std/assert";
import { GpuMemoryError } from "../kernels/gpu/errors.ts";
import { Gpu } from "../kernels/gpu/gpu.ts";
import { gpuTest } from "../testing/gpu.ts";
import { Grid } from "../volume/grid.ts";
import { findOutsideObjects } from "../volume/outside_objects.ts";
import { registerImages } from "./register.ts";

const grid = Grid.axisAligned([44, 36, 14], [6, 6, 6], [-132, -108, -42]);

/** A body with an organ, `shift` mm to the right, in CT with a table or in MR. */
function body(shift: number, isCt: boolean) {
  const data = Float32Array.from({ length: grid.voxels }, (_, i) => {
    const [x, y, z] = grid.world([i % 44, Math.floor(i / 44) % 36, Math.floor(i / 1584)]);
    const noise = ((i * 2654435761) >>> 0) / 2 ** 32;
    if (isCt && y === -90 && Math.abs(x) < 110) return 200;
    if (Math.hypot((x - shift) / 100, y / 70) > 1) return (isCt ? -1000 : 0) + 20 * noise;
    const isOrgan = Math.hypot((x - shift - 30) / 30, (y - 10) / 25, z / 30) < 1;
    return (isCt ? (isOrgan ? 120 : 0) : (isOrgan ? 200 : 500)) + 20 * noise;
  });
  return { grid, data };
}

gpuTest(
  "registerImages() leaves out the table as a mask does, unless it is told to keep it",
  async (gpu) => {
    const images = { fixed: body(0, false), moving: body(9, true), rigidOnly: true } as const;
    const { objects, transform } = await registerImages(gpu, images);
    const found = findOutsideObjects(images.moving)!;
    // The plate is 37 columns wide: -108 to 108 mm.
    assertEquals(found.millilitres, 37 * 14 * 0.216);
    assertEquals([objects.fixed, objects.moving?.millilitres], [undefined, found.millilitres]);
    const masked = await registerImages(gpu, { ...images, movingMask: found.mask });
    assertEquals(masked.transform.rigid, transform.rigid);
    assertEquals(masked.objects.moving, undefined, "a given mask is taken as it is");
    const kept = await registerImages(gpu, { ...images, keepObjects: true });
    assertNotEquals(kept.transform.rigid, transform.rigid);
    assertEquals(kept.objects.moving, undefined);
  },
);

gpuTest("registerImages() says that the mask of the table needs memory", async () => {
  const images = { fixed: body(0, false), moving: body(9, true), rigidOnly: true } as const;
  using gpu = await Gpu.open({ memoryBytes: 100_000 });
  const refusal = (keepObjects: boolean, words: RegExp) =>
    assertRejects(() => registerImages(gpu, { ...images, keepObjects }), GpuMemoryError)
      .then(({ message }) => assertMatch(message, words));
  await refusal(
    false,
    /voxels first\. A mask leaves out .* --keep-objects \(keepObjects\) registers/,
  );
  await refusal(true, /voxels first\.$/);
});
