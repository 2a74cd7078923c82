import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertLess,
  assertStringIncludes,
} from "@std/assert";
import { random } from "../testing/random.ts";
import { Scene } from "../testing/scene.ts";
import type { Triple } from "../volume/affine.ts";
import { Grid } from "../volume/grid.ts";
import type { Modality } from "../volume/modality.ts";
import type { Volume } from "../volume/volume.ts";
import {
  doubtfulContrast,
  edgeAgreement,
  FAILED_CONTRAST,
  registrationQuality,
} from "./quality.ts";

const grid = Grid.axisAligned([46, 40, 36], [5, 5, 5], [-112, -97, -88]);
const scene = new Scene(2);

/** The scene, displaced. */
function image(contrast: Modality, [dx, dy, dz]: Triple = [0, 0, 0]): Volume {
  const data = Float32Array.from({ length: grid.voxels }, (_, i) => {
    const [x, y, z] = grid.world([i % 46, Math.floor(i / 46) % 40, Math.floor(i / 1840)]);
    return scene.signal(contrast, x + dx, y + dy, z + dz);
  });
  return { grid, data };
}

const fixed = image("mr");
const zeros = () => new Float32Array(grid.voxels);
/** The quality where the warped image is the given one. */
const judged = (warped: Volume, change: Partial<Parameters<typeof registrationQuality>[0]> = {}) =>
  registrationQuality({
    fixed,
    movingGrid: grid,
    warped,
    before: image("ct", [10, 0, 0]),
    field: { grid, components: [zeros(), zeros(), zeros()] },
    foldedPercent: 0,
    overlapPercent: 95,
    steps: 50,
    ...change,
  });

Deno.test("registrationQuality() is good for aligned images of two contrasts", () => {
  const { verdict, reasons, contrastOfFit, gain } = judged(image("ct"));
  assertEquals([verdict, reasons], ["good", []]);
  assertGreater(contrastOfFit, 0.28);
  assertGreater(gain, 0);
});

Deno.test("registrationQuality() has failed for noise, for another place and for a turned image", () => {
  const next = random(3);
  const noise = { grid, data: zeros().map(() => next()) };
  const turned = { grid, data: image("ct").data.toReversed() };
  for (const [name, warped] of Object.entries({ noise, far: image("ct", [15, 15, 0]) })) {
    const { verdict, reasons, contrastOfFit } = judged(warped);
    assertLess(contrastOfFit, FAILED_CONTRAST, name);
    assertEquals(verdict, "failed", name);
    assertStringIncludes(reasons[0], "displaced by 14 mm fits the fixed image as well");
  }
  assert(judged(turned).verdict !== "good", "turned");
});

Deno.test("registrationQuality() has half the local fit where half of the body is another one", () => {
  const other = new Scene(5);
  const data = Float32Array.from({ length: grid.voxels }, (_, i) => {
    const [x, y, z] = grid.world([i % 46, Math.floor(i / 46) % 40, Math.floor(i / 1840)]);
    return (i % 46 < 23 ? scene : other).signal("ct", x, y, z);
  });
  const whole = judged(image("ct"));
  const half = judged({ grid, data });
  assertGreater(whole.localFit, 0.6);
  assertAlmostEquals(half.localFit, whole.localFit / 2, 0.1);
  assertGreater(half.contrastOfFit, FAILED_CONTRAST);
});

Deno.test("registrationQuality() names the cause of a low local fit", () => {
  const beside = image("ct", [5, 0, 0]);
  const reasons = (change: Parameters<typeof judged>[1]) =>
    judged(beside, change).reasons.join(" ");
  const patient =
    "Another body does this, or much noise: check that both images show the same patient.";
  assertStringIncludes(reasons({}), "displaced by one voxel (5 x 5 x 5 mm). Another body");
  // The Gauss-Newton method, which deforms, has no steps of a control grid.
  assertStringIncludes(reasons({ steps: undefined }), patient);
  const rigid = reasons({ steps: undefined, isRigid: true });
  assertStringIncludes(
    rigid,
    "A deformation of the body may be left, because the registration was rigid.",
  );
  assert(!rigid.includes(patient));
});

Deno.test("registrationQuality() names each doubt", () => {
  const far = zeros().fill(120);
  const quality = judged(image("ct"), {
    before: image("ct"),
    foldedPercent: 2.5,
    overlapPercent: 30,
    steps: 0,
  });
  assertEquals(quality.verdict, "doubtful");
  assertEquals(quality.reasons, [
    "Only 30 % of the fixed image lie in the moving image.",
    "The deformable registration found no better displacement.",
    "The map folds in 2.5 % of the voxels.",
  ]);
  const moved = judged(image("ct"), { field: { grid, components: [zeros(), zeros(), far] } });
  assertEquals(moved.reasons.at(-1), "The deformation moves points by up to 120 mm.");
  const apart = judged(image("ct"), {
    movingGrid: Grid.axisAligned([9, 9, 9], [5, 5, 5], [500, 0, 0]),
  });
  assertEquals(apart.reasons[0], "The images have too little in common to judge the result.");
});

Deno.test("registrationQuality() takes a large rigid displacement for granted", () => {
  const far = new Float32Array(grid.voxels).fill(300);
  const place = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0];
  const movingGrid = Grid.axisAligned([46, 40, 36], [5, 5, 5], [-112, -97, 212]);
  const { verdict, gain } = judged(image("ct"), {
    movingGrid,
    before: { grid, data: zeros() },
    field: { grid, components: [zeros(), zeros(), far] },
    rigid: place.map((value, i) => i === 11 ? 300 : value).concat([0, 0, 0, 1]),
  });
  assertEquals([verdict, gain], ["good", NaN]);
});

Deno.test("registrationQuality() leaves out what the masks leave out", () => {
  const left = (i: number) => i % 46 < 23;
  const next = random(5);
  const aligned = image("ct");
  const spoilt = { grid, data: aligned.data.map((value, i) => left(i) ? 2000 * next() : value) };
  const mask = { grid, data: Int32Array.from(aligned.data, (_, i) => left(i) ? 0 : 1) };
  const whole = judged(spoilt).contrastOfFit;
  for (const masks of [{ fixedMask: mask }, { movingMask: mask }]) {
    assertGreater(judged(spoilt, masks).contrastOfFit, whole + 0.05, Object.keys(masks)[0]);
  }
});

Deno.test("registrationQuality() sees no edge of an artefact next to the mask", () => {
  // The same bright block in both images, outside both masks: its edges would agree wherever the bodies are.
  const isBlock = (i: number) => i % 46 > 30 && Math.floor(i / 46) % 40 > 10 && i / 1840 > 10;
  const spoiltBy = (value: number, one: Volume) => ({
    grid,
    data: one.data.map((v, i) => isBlock(i) ? value : v),
  });
  const mask = { grid, data: Int32Array.from(fixed.data, (_, i) => isBlock(i) ? 0 : 1) };
  const masks = { fixedMask: mask, movingMask: mask };
  for (const warped of [image("ct"), image("ct", [15, 15, 0])]) {
    const [clean, spoilt] = [0, 1e5].map((value) =>
      judged(value === 0 ? warped : spoiltBy(value, warped), {
        ...masks,
        fixed: value === 0 ? fixed : spoiltBy(value, fixed),
      }).contrastOfFit
    );
    assert(Math.abs(clean - spoilt) < 1e-6, `${clean} and ${spoilt}`);
  }
});

Deno.test("edgeAgreement() of a ramp: 1/4 with itself, 0 across, whatever the contrast", () => {
  const size = 20;
  const cube = Grid.axisAligned([size, size, size], [2, 2, 2]);
  const ramp = (axis: number, slope: number): Volume => ({
    grid: cube,
    data: Float32Array.from(
      { length: cube.voxels },
      (_, i) => slope * [i % size, Math.floor(i / size) % size, Math.floor(i / size ** 2)][axis],
    ),
  });
  // Each gradient has the mean length, so that g^2 g^2 / ((g^2 + g^2) (g^2 + g^2)) = 1/4.
  for (const slope of [1, -3]) {
    const value = edgeAgreement(ramp(0, 1), ramp(0, slope))([0, 0, 0]);
    assert(Math.abs(value - 0.25) < 1e-6, `${value}`);
  }
  assertEquals(edgeAgreement(ramp(0, 1), ramp(1, 1))([0, 0, 0]), 0);
});

Deno.test("doubtfulContrast() falls with the voxels that the copies are displaced by, at every scale", () => {
  // 4 % of the diagonal of n cubic voxels along each axis are 0.04 sqrt(3) n voxels.
  const limit = (n: number, voxel: number) =>
    doubtfulContrast(Grid.axisAligned([n, n, n], [voxel, voxel, voxel]));
  assertEquals([limit(20, 8), limit(400, 1)], [0.14, 0.28]);
  // n = 72: 4.98831 voxels, which is 0.28237 of the way from 4 to 7.5, and 0.115 times that above 0.165.
  assertAlmostEquals(limit(72, 3), 0.197473, 1e-6);
  assertEquals(limit(90, 0.3), limit(90, 3));
});
