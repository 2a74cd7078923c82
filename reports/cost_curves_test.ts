import { assertEquals, assertStringIncludes } from "@std/assert";
import type { RegisterImagesResult } from "../registration/register.ts";
import { costCurves, costPlots } from "./cost_curves.ts";

Deno.test("costPlots() draws a falling curve from the upper left to the lower right", () => {
  const svg = costPlots([{ name: "Level 1", costs: [3, 1.5, 1] }]);
  // The plot is 220 wide from x = 54 and 110 high from y = 24. 1.5 lies three quarters down.
  assertStringIncludes(svg, 'points="54.0,24.0 164.0,106.5 274.0,134.0"');
  assertStringIncludes(svg, "2 steps");
  assertStringIncludes(costPlots([{ name: "one", costs: [2] }]), 'points="54.0,24.0"');
});

Deno.test("costCurves() has one curve for each level, and none after a rigid registration", () => {
  const level = { voxel: [4, 4, 6], costs: [2, 1] };
  const deformable = { levels: [level, level] } as unknown as RegisterImagesResult["deformable"];
  assertEquals(costCurves({ deformable }).map(({ name }) => name), [
    "Level 1, voxels of 4.0 x 4.0 x 6.0 mm",
    "Level 2, voxels of 4.0 x 4.0 x 6.0 mm",
  ]);
  assertEquals(costCurves({}), []);
});
