import { assert, assertAlmostEquals, assertEquals, assertGreater, assertLess } from "@std/assert";
import { transformPoint, type Triple } from "../../volume/affine.ts";
import { Anatomy, TISSUE } from "./anatomy.ts";
import { planCohort } from "./cohort_plan.ts";
import { imageGrid, renderImage, renderLabels, trueDisplacement } from "./imaging.ts";
import { STRUCTURES } from "../label_scheme.ts";
import { RandomStream } from "./random.ts";
import { ctContrast, mrContrast } from "./tissue_contrast.ts";

const pair = planCohort({ profile: "smoke", seed: 3 }).subjects.find((s) => s.kind === "paired")!;
const ct = pair.images.ct!;
const mr = pair.images.mr!;

Deno.test("trueDisplacement() leads each MR label to the same label in CT", () => {
  const fine = { ...ct, voxel: [3, 3, 3] as Triple };
  const coarse = { ...mr, voxel: [4, 4, 4] as Triple };
  const grid = imageGrid(pair.body, coarse);
  const ctGrid = imageGrid(pair.body, fine);
  const fixed = renderLabels(pair.body, coarse, grid).data;
  const moving = renderLabels(pair.body, fine, ctGrid).data;
  const { components } = trueDisplacement(pair.body, coarse, fine, grid);
  const toCt = ctGrid.inverse;
  const [nx, ny] = grid.size;
  const size = ctGrid.size;
  const pulled = fixed.map((_, i) => {
    const x = grid.world([i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))]);
    const y: Triple = [x[0] + components[0][i], x[1] + components[1][i], x[2] + components[2][i]];
    const at = transformPoint(toCt, y).map(Math.round);
    if (at.some((n, axis) => n < 0 || n >= size[axis])) return 0;
    return moving[(at[2] * size[1] + at[1]) * size[0] + at[0]];
  });
  const dice = STRUCTURES.map(({ name, label }) => {
    let a = 0;
    let b = 0;
    let both = 0;
    fixed.forEach((value, i) => {
      if (value === label) a++;
      if (pulled[i] === label) b++;
      if (value === label && pulled[i] === label) both++;
    });
    return { name, dice: 2 * both / (a + b) };
  });
  // The difference to 1 is due to the rounding to voxels of 3 and 4 mm; a vertebra's processes are thin.
  for (const { name, dice: value } of dice) {
    assertGreater(value, name === "lumbar vertebra 1" ? 0.85 : 0.92, name);
  }
  assertGreater(dice.reduce((sum, d) => sum + d.dice, 0) / dice.length, 0.95);
});

Deno.test("MR signal is not a function of the CT number, even without noise", () => {
  const anatomy = new Anatomy(pair.body.measures);
  const random = new RandomStream(4);
  const hu = ctContrast(ct.seed, 1);
  const t1 = mrContrast(mr.seed);
  const seen: { hu: number; t1: number }[] = [];
  while (seen.length < 30000) {
    const p = [random.between(-170, 170), random.between(-110, 110), random.between(-250, 330)];
    const tissue = anatomy.tissueAt(p[0], p[1], p[2]);
    if (tissue === TISSUE.air) continue;
    seen.push({ hu: hu(tissue, p[0], p[1], p[2]), t1: t1(tissue, p[0], p[1], p[2]) });
  }
  const soft = seen.filter((s) => s.hu > 20 && s.hu < 90);
  // Over the whole body fat against all else decides, in real T1 images too.
  assertLess(correlationRatio(soft), 0.5);
  // The order of tissues differs: fat is dark in CT and bright in MR, cortical bone the reverse.
  const at = (contrast: typeof hu, tissue: number) => contrast(tissue, 3, 5, 7);
  assert(at(hu, TISSUE.fat) < at(hu, TISSUE.muscle) && at(t1, TISSUE.fat) > at(t1, TISSUE.muscle));
  assert(at(hu, TISSUE.cortical) > 300 && at(t1, TISSUE.cortical) < at(t1, TISSUE.muscle));
  assert(at(hu, TISSUE.marrow) > 90 && at(t1, TISSUE.marrow) > at(t1, TISSUE.spleen));
});

Deno.test("renderImage() keeps the whole skin in the field of view, CT stored the other way round", () => {
  for (const plan of [ct, mr]) {
    const grid = imageGrid(pair.body, plan);
    const [nx, ny, nz] = grid.size;
    const { image, labels } = renderImage(pair.body, plan, grid);
    const { image: again } = renderImage(pair.body, plan, grid);
    assertEquals(image.data, again.data);
    assertEquals(labels.data, renderLabels(pair.body, plan, grid).data);
    let sum = 0;
    let count = 0;
    for (let k = 0; k < nz; k++) {
      for (let j = 0; j < ny; j++) {
        for (let i = 0; i < nx; i++) {
          if (i > 0 && i < nx - 1 && j > 0 && j < ny - 1) continue;
          sum += image.data[(k * ny + j) * nx + i];
          count++;
        }
      }
    }
    // Air is -1000 HU in CT; in MR the mean of Rician noise over nothing, 1.25 deviations.
    if (plan.modality === "ct") assertAlmostEquals(sum / count, -1000, 2);
    else assertLess(sum / count, 25);
    assertEquals(Math.sign(grid.affine[0]), plan.modality === "ct" ? -1 : 1);
  }
});

/** The part of the variance of the T1 signal that the CT number (in steps of 5 HU) explains: 1 for a function. */
function correlationRatio(seen: readonly { hu: number; t1: number }[]): number {
  const bins = Map.groupBy(seen, (s) => Math.round(s.hu / 5));
  const mean = (v: readonly { t1: number }[]) => v.reduce((sum, s) => sum + s.t1, 0) / v.length;
  const middle = mean(seen);
  let between = 0;
  for (const values of bins.values()) between += values.length * (mean(values) - middle) ** 2;
  return between / seen.reduce((sum, s) => sum + (s.t1 - middle) ** 2, 0);
}
