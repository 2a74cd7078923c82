import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { type PointFile, PointFileError } from "../points/point_file.ts";
import { Grid } from "../volume/grid.ts";
import type { Triple } from "../volume/affine.ts";
import { pairLandmarks, pointsOutside, targetErrors } from "./landmarks.ts";

const NAMES = { fixed: "f.csv", moving: "m.csv" };

function file(points: Triple[], labels: (string | undefined)[]): PointFile {
  return { points, labels, space: "ras", encode: () => Promise.resolve(new Uint8Array()) };
}

Deno.test("pairLandmarks() pairs by name, else by order", () => {
  const fixed = file([[1, 0, 0], [2, 0, 0]], ["a", "b"]);
  const byName = pairLandmarks(fixed, file([[20, 0, 0], [10, 0, 0]], ["b", "a"]), NAMES);
  assertEquals(byName.map(({ moving }) => moving[0]), [10, 20]);
  const byOrder = pairLandmarks(fixed, file([[20, 0, 0], [10, 0, 0]], ["b", undefined]), NAMES);
  assertEquals(byOrder.map(({ moving }) => moving[0]), [20, 10]);
  const refusals = [
    [file([[1, 2, 3]], ["a"]), "f.csv has 2 points and m.csv has 1"],
    [file([[1, 2, 3], [4, 5, 6]], ["a", "c"]), 'm.csv has no point "b"'],
  ] as const;
  for (const [moving, message] of refusals) {
    const error = assertThrows(() => pairLandmarks(fixed, moving, NAMES), PointFileError);
    assertStringIncludes(error.message, message);
  }
});

Deno.test("targetErrors() measures in the moving image: values by hand", () => {
  const grid = Grid.axisAligned([10, 10, 10], [2, 2, 2]);
  // 3 mm to the right.
  const rigid = [1, 0, 0, 3, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
  const landmarks = [
    { name: "a", fixed: [0, 0, 0] as const, moving: [3, 4, 0] as const },
    { name: "b", fixed: [1, 1, 1] as const, moving: [4, 1, 1] as const },
  ];
  const errors = targetErrors({ rigid, fixedGrid: grid, movingGrid: grid }, landmarks);
  assertEquals(errors, {
    unit: "mm",
    mean: { before: 4, after: 2 },
    max: { before: 5, after: 4 },
    points: [{ name: "a", before: 5, after: 4 }, { name: "b", before: 3, after: 0 }],
  });
});

Deno.test("pointsOutside() allows half a voxel around the centres", () => {
  const grid = Grid.axisAligned([10, 10, 10], [2, 2, 2]);
  const points: Triple[] = [[-0.9, 0, 0], [-1.1, 0, 0], [0, 18.9, 0], [0, 19.1, 0], [5, 5, 5]];
  assertEquals(pointsOutside(points, grid), 2);
});
