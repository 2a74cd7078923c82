/** Both images are stacks of few slices: a small shift or tilt would lose most of their voxels. */

import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { planCohort } from "../../cohort/phantom/cohort_plan.ts";
import { imageGrid, renderImage } from "../../cohort/phantom/imaging.ts";
import { gpuTest } from "../../testing/gpu.ts";
import type { Triple } from "../../volume/affine.ts";
import { diceCoefficient, diceCounts } from "../../volume/dice.ts";
import { Grid } from "../../volume/grid.ts";
import type { LabelVolume } from "../../volume/volume.ts";
import { applyTransformToLabels } from "../transform.ts";
import { registerRigid } from "./register_rigid.ts";

const { body, images } = planCohort({ profile: "quick", seed: 1 }).subjects
  .find(({ kind }) => kind === "paired")!;
const whole = imageGrid(body, images.ct!);

/** A stack of `slices` slices of 6 mm through the liver and the lungs. */
function stack(slices: number): Grid {
  const [x, y] = whole.world([whole.size[0] - 1, whole.size[1] - 1, 0])
    .map((
      to,
      axis,
    ) => [Math.min(to, whole.world([0, 0, 0])[axis]), Math.abs(to - whole.world([0, 0, 0])[axis])]);
  return Grid.axisAligned(
    [Math.floor(x[1] / 6), Math.floor(y[1] / 6), slices],
    [6, 6, 6],
    [x[0], y[0], whole.centre[2] + 130] as Triple,
  );
}

/** Mean Dice of all labels that both images have. */
function meanDice(a: LabelVolume, b: LabelVolume): number {
  const labels = [...new Set(a.data)].filter((label) => label !== 0 && b.data.includes(label));
  const values = diceCounts(a.data, b.data, labels).map(diceCoefficient);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

gpuTest(
  "registerRigid() of two thin stacks keeps their overlap and is no worse than its start",
  async (gpu) => {
    for (const slices of [3, 8]) {
      const grid = stack(slices);
      const mr = renderImage(body, images.mr!, grid);
      const ct = renderImage(body, images.ct!, grid);
      const { matrix, overlapPercent, isWorseThanStart } = await registerRigid(gpu, {
        fixed: mr.image,
        moving: ct.image,
      });
      const transform = { rigid: matrix, fixedGrid: grid, movingGrid: grid };
      const warped = await applyTransformToLabels(gpu, { transform, image: ct.labels, like: grid });
      const [before, after] = [ct.labels, warped].map((labels) => meanDice(mr.labels, labels));
      assertGreater(overlapPercent, 90, `${slices} slices`);
      assertGreater(
        after,
        before - 0.01,
        `${slices} slices: Dice ${before} before, ${after} after`,
      );
      assertEquals(isWorseThanStart, false);
    }
  },
);

gpuTest("registerRigid() says if it is worse than its start", async (gpu) => {
  // The imregister preset does not weigh the overlap, and slides.
  const grid = stack(8);
  const [fixed, moving] = [images.mr!, images.ct!]
    .map((plan) => renderImage(body, plan, grid).image);
  const slid = await registerRigid(gpu, { fixed, moving, preset: "imregister", levels: 2 });
  assertLess(slid.overlapPercent, 90);
  assertEquals(slid.isWorseThanStart, true);
});
