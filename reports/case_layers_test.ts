import { assertEquals } from "@std/assert";
import { decode } from "fast-png";
import { IDENTITY } from "../volume/affine.ts";
import { Grid } from "../volume/grid.ts";
import { caseLayers } from "./case_layers.ts";

const grid = Grid.axisAligned([20, 16, 12], [2, 2, 2]);
const volume = (value: (x: number, y: number, z: number) => number) => ({
  grid,
  data: Float32Array.from(
    { length: grid.voxels },
    (_, i) => value(i % 20, Math.floor(i / 20) % 16, Math.floor(i / 320)),
  ),
});

Deno.test("caseLayers() gives five slices of each plane, from feet to head", async () => {
  const zero = new Float32Array(grid.voxels);
  const planes = await caseLayers({
    // Brighter from feet to head.
    fixed: volume((_x, _y, z) => z),
    moving: volume(() => 1),
    result: {
      warped: volume((x) => x),
      field: { grid, components: [zero, zero, zero] },
      jacobian: volume(() => 1),
      rigid: IDENTITY,
    },
  });
  assertEquals(planes.map(({ plane, slices }) => [plane, slices.length]), [
    ["axial", 5],
    ["coronal", 5],
    ["sagittal", 5],
  ]);
  const [axial] = planes;
  const middles = axial.slices.map(({ fixed, width, height }) => {
    const { data, channels } = decode(fixed);
    assertEquals([channels, data.length], [1, width * height]);
    return data[Math.floor(height / 2) * width + Math.floor(width / 2)];
  });
  // z = 5.5 - 3.3, 5.5 - 1.65, 5.5, ... of 0 to 11: a fifth, 35 %, half, ... of 255.
  for (const [i, share] of [0.2, 0.35, 0.5, 0.65, 0.8].entries()) {
    assertEquals(Math.abs(middles[i] - 255 * share) < 2, true, `${middles}`);
  }
  // A Jacobian determinant of 1 is pale.
  assertEquals([...decode(axial.slices[0].jacobian).data.subarray(0, 3)], [245, 245, 245]);
  // The axes have 38 mm and 30 mm, and 288 pixels are along the longest.
  assertEquals([axial.slices[0].width, axial.slices[0].height], [289, 228]);
});
