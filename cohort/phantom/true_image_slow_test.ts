import { assert, assertEquals, assertThrows } from "@std/assert";
import type { Modality } from "../../volume/modality.ts";
import { planCohort } from "./cohort_plan.ts";
import { imageGrid, renderImage, renderLabels, trueImagePlan } from "./imaging.ts";
import { trueImage } from "./true_image.ts";

const { subjects } = planCohort({ profile: "smoke", seed: 1 });
const paired = subjects.find(({ kind }) => kind === "paired")!;
const gridOf = (of: Modality) => imageGrid(paired.body, paired.images[of]!);

/** The mean of the voxels whose labels, and those of all their neighbours, are one of some. */
function meanIn(data: Float32Array, labels: Int32Array, size: readonly number[], of: number[]) {
  const [nx, ny] = size;
  const steps = [0, 1, -1, nx, -nx, nx * ny, -nx * ny];
  let sum = 0;
  let count = 0;
  for (let i = 0; i < data.length; i++) {
    if (!steps.every((step) => of.includes(labels[i + step]))) continue;
    sum += data[i];
    count++;
  }
  assert(count > 20, `${count} voxels`);
  return sum / count;
}

Deno.test("trueImage() shows the tissues of one modality in the geometry of the other", () => {
  const { body, images } = paired;
  const grid = gridOf("ct");
  const mr = trueImage(paired, "mr", grid);
  const labels = renderLabels(body, images.ct!, grid);
  const own = renderImage(body, trueImagePlan(images.mr!, images.mr!), gridOf("mr"));
  for (const structure of [[58], [86]]) {
    // Liver and spleen have the signal that they have in the subject's MR, voxel by voxel elsewhere.
    const here = meanIn(mr.data, labels.data, grid.size, structure);
    const there = meanIn(own.image.data, own.labels.data, own.labels.grid.size, structure);
    assert(Math.abs(here - there) < 0.03 * there, `${structure}: ${here} and ${there}`);
  }
});

Deno.test("trueImage() has no noise and no bias field", () => {
  const air = trueImage(paired, "mr", gridOf("ct")).data.subarray(0, 200);
  assertEquals(air, new Float32Array(200));
  assertEquals(trueImage(paired, "ct", gridOf("mr")).data[0], -1000);
  const noisy = renderImage(paired.body, paired.images.mr!, gridOf("mr")).image.data;
  assert(noisy.subarray(0, 200).some((value) => value !== 0));
});

Deno.test("trueImage() refuses a subject with one image", () => {
  const [one] = subjects.filter(({ kind }) => kind === "ct");
  assertThrows(
    () => trueImage(one, "mr", imageGrid(one.body, one.images.ct!)),
    RangeError,
    "ct-01 has not both images",
  );
});
