/** Bodies of regions: their thickness, and the warnings about their planes. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { circle, type MadeRoi, structureSetFile } from "../../testing/structure_set_file.ts";
import { Grid } from "../grid.ts";
import { roiBodies } from "./roi_bodies.ts";
import { readStructureSet } from "./structure_set.ts";

const disc = (z: number) => ({ points: circle([0, 0, z], 10) });
const roi = (name: string, ...heights: number[]): MadeRoi => ({
  name,
  contours: heights.map(disc),
});

/** Slices of a distance, with pixels that are larger. */
const slicesOf = (distance: number) =>
  Grid.axisAligned([20, 20, 40], [4, 4, distance], [-40, -40, -20]);

async function bodiesOf(rois: readonly MadeRoi[], slices?: Grid) {
  const structures = await readStructureSet(structureSetFile({ rois }));
  const notices: string[] = [];
  const onNotice = (notice: string) => notices.push(notice);
  const bodies = roiBodies(structures, { pixel: 0.5, slices, others: slicesOf(2), onNotice });
  return { bodies, steps: bodies.map((body) => Number(body!.step.toFixed(6))), notices };
}

Deno.test("roiBodies() gives one plane the thickness of its slices, of other regions, or of any slices", async () => {
  const [one, stack] = [roi("One", 5), roi("Stack", 0, 3, 6)];
  const known = await bodiesOf([one, stack], slicesOf(2.5));
  assertEquals([known.steps, known.notices], [[2.5, 3], []]);
  const inferred = await bodiesOf([one, stack]);
  assertEquals([inferred.steps, inferred.notices], [[3, 3], []]);
  const { steps, notices } = await bodiesOf([one]);
  assertEquals(steps, [2]);
  assertEquals(notices.length, 1);
  assertStringIncludes(notices[0], 'ROI "One": its contours lie in one plane');
  assertStringIncludes(notices[0], "is taken as 2 mm thick");
});

Deno.test("roiBodies() separates two planes that are far apart, if the distance of slices is known", async () => {
  const far = roi("Far", 0, 30);
  for (
    const found of [
      await bodiesOf([far], slicesOf(3)),
      await bodiesOf([far, roi("Stack", 0, 3, 6)]),
    ]
  ) {
    assertEquals(found.steps[0], 3);
    assert(found.bodies[0]!.solid.depth(0, 0, 15) < 0);
    assertEquals(found.notices.length, 1);
    assertStringIncludes(found.notices[0], "9 planes between its contours have no contour");
  }
  // Perhaps the contours of a region in thick slices.
  const { steps, notices } = await bodiesOf([far]);
  assertEquals(steps, [30]);
  assertStringIncludes(notices.join(), 'ROI "Far": its planes are 30 mm apart');
});

Deno.test("roiBodies() takes equal contours of a plane once, and says so", async () => {
  const { bodies: [body], notices } = await bodiesOf([roi("Twice", 0, 3, 3, 6)]);
  assert(body!.solid.depth(0, 0, 3) > 0);
  assertEquals(notices.map((line) => line.replace("the structure set, ", "")), [
    'ROI "Twice": 1 contours equal another one of their plane and are left out.',
  ]);
});
