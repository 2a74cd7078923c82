import { assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import { slicesInterpolated } from "../testing/slices_interpolated.ts";
import { IDENTITY, type Matrix4 } from "../volume/affine.ts";
import { Grid } from "../volume/grid.ts";
import { findMeasuredVoxels } from "./interpolated_images.ts";

/** Voxels of 1.5 mm from slices of 6 mm along an axis, and an image whose voxels were measured. */
const along = (axis: number, factor: number) =>
  slicesInterpolated({ size: [32, 30, 40], voxel: 1.5, axis, factor, seed: axis });
const measured = along(0, 1);

/** A turn by so many degrees about the axis from feet to head. */
function turned(degrees: number): Matrix4 {
  const [c, s] = [Math.cos(degrees * Math.PI / 180), Math.sin(degrees * Math.PI / 180)];
  return [c, -s, 0, 0, s, c, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
}

Deno.test("findMeasuredVoxels() gives the working voxels of an axis the size that the fixed image was measured with", () => {
  const found = findMeasuredVoxels({
    fixed: along(2, 4),
    moving: measured,
    rigid: IDENTITY,
    scale: 1,
  })!;
  assertEquals(found.voxels.slice(0, 2), [0, 0]);
  assertAlmostEquals(found.voxels[2], 6, 0.1);
  assertEquals(found.notices, [
    "The fixed image has voxels of 1.5 mm from feet to head, but was interpolated from about 6 mm. The working voxels " +
    "of the deformable registration have 6 mm along this axis. --keep-interpolated (keepInterpolated) or a " +
    "--resolution (resolution) changes this.",
  ]);
});

Deno.test("findMeasuredVoxels() finds the axis of the fixed image that is parallel to one of the moving image", () => {
  const voxelsOf = (degrees: number) =>
    findMeasuredVoxels({
      fixed: measured,
      moving: along(1, 4),
      rigid: turned(degrees),
      scale: 1,
    })!;
  for (const degrees of [0, 4, -4, 180]) {
    assertAlmostEquals(voxelsOf(degrees).voxels[1], 6, 0.1, `${degrees}`);
  }
  assertAlmostEquals(voxelsOf(90).voxels[0], 6, 0.1);
  assertEquals(voxelsOf(90).voxels[1], 0);
  const { voxels, notices: [notice] } = voxelsOf(20);
  assertEquals(voxels, [0, 0, 0]);
  assertEquals(
    notice,
    "The moving image has voxels of 1.5 mm from back to front, but was interpolated from about 6 mm. No axis of the " +
      "fixed image is parallel to it, so the working voxels do not change. --resolution (resolution) sets them.",
  );
});

Deno.test("findMeasuredVoxels() names the working voxels that both images give", () => {
  const rigid = IDENTITY;
  const both = findMeasuredVoxels({ fixed: along(2, 4), moving: along(2, 5), rigid, scale: 1 })!;
  // 7.5 mm is above the largest working voxel.
  assertAlmostEquals(both.voxels[2], 6, 0.1);
  assertEquals(both.notices.length, 2);
  for (const notice of both.notices) assertStringIncludes(notice, "have 6 mm along this axis");
  // The fixed image has slices of 8 mm itself: nothing changes, and there is nothing to say.
  const grid = Grid.axisAligned([32, 30, 8], [1.5, 1.5, 8]);
  const thick = { grid, data: measured.data.slice(0, grid.voxels) };
  assertEquals(
    findMeasuredVoxels({ fixed: thick, moving: along(2, 4), rigid, scale: 1 }),
    undefined,
  );
});

Deno.test("findMeasuredVoxels() names lengths without the working scale", () => {
  const { notices: [notice], voxels } = findMeasuredVoxels({
    fixed: along(2, 4),
    moving: measured,
    rigid: IDENTITY,
    scale: 10,
  })!;
  assertAlmostEquals(voxels[2], 6, 0.1);
  assertEquals(notice.slice(0, 98).includes("voxels of 0.15 mm from feet to head"), true);
});

Deno.test("findMeasuredVoxels() makes no working voxel larger than 6 mm", () => {
  const fixed = slicesInterpolated({ size: [32, 30, 60], voxel: 2, axis: 2, factor: 5, seed: 1 });
  const { voxels, notices } = findMeasuredVoxels({
    fixed,
    moving: measured,
    rigid: IDENTITY,
    scale: 1,
  })!;
  assertEquals(voxels, [0, 0, 6]);
  assertEquals(notices[0].includes("interpolated from about 10 mm. "), true);
  assertEquals(notices[0].includes("have 6 mm along this axis"), true);
});

Deno.test("findMeasuredVoxels() finds nothing in measured images and at small factors", () => {
  for (const factor of [1, 2, 3]) {
    const images = { fixed: along(2, factor), moving: along(1, factor) };
    assertEquals(findMeasuredVoxels({ ...images, rigid: IDENTITY, scale: 1 }), undefined);
  }
});
