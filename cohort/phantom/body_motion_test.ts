import { assertAlmostEquals, assertGreater, assertLess } from "@std/assert";
import { diaphragm, isMovingColumn } from "./anatomy.ts";
import { BodyMotion } from "./body_motion.ts";
import { planCohort } from "./cohort_plan.ts";
import { RandomStream } from "./random.ts";

const motions = planCohort({ profile: "smoke", seed: 7 }).subjects.flatMap(({ id, body, images }) =>
  Object.values(images).map((image) => ({
    name: `${id} ${image.modality}`,
    modality: image.modality,
    travel: image.state.travel,
    motion: new BodyMotion(body.shape, image.state),
  }))
);

Deno.test("BodyMotion push() undoes pull() and pull() undoes push()", () => {
  const random = new RandomStream(1);
  const p = new Float64Array(3);
  for (const { name, motion } of motions) {
    for (let n = 0; n < 300; n++) {
      const at = [random.between(-190, 190), random.between(-120, 120), random.between(-260, 340)];
      for (const first of ["pull", "push"] as const) {
        p.set(at);
        motion[first](p);
        motion[first === "pull" ? "push" : "pull"](p);
        const error = Math.hypot(p[0] - at[0], p[1] - at[1], p[2] - at[2]);
        assertLess(error, 0.001, `${name}, ${first} at ${at}`);
      }
    }
  }
});

Deno.test("BodyMotion keeps orientation: its Jacobian is positive away from the sliding wall", () => {
  const random = new RandomStream(2);
  const step = 0.01;
  const at = (motion: BodyMotion, x: number, y: number, z: number) => {
    const p = new Float64Array([x, y, z]);
    motion.push(p);
    return p;
  };
  let min = Infinity;
  let max = 0;
  let seen = 0;
  for (const { motion } of motions) {
    for (let n = 0; n < 300; n++) {
      const x = random.between(-190, 190);
      const y = random.between(-120, 120);
      const z = random.between(-260, 340);
      const here = isMovingColumn(x, y);
      if (isMovingColumn(x + step, y) !== here || isMovingColumn(x, y + step) !== here) continue;
      const o = at(motion, x, y, z);
      const [a, b, c] = [
        at(motion, x + step, y, z),
        at(motion, x, y + step, z),
        at(motion, x, y, z + step),
      ].map((p) => [...p].map((v, axis) => (v - o[axis]) / step));
      const j = a[0] * (b[1] * c[2] - b[2] * c[1]) - a[1] * (b[0] * c[2] - b[2] * c[0]) +
        a[2] * (b[0] * c[1] - b[1] * c[0]);
      min = Math.min(min, j);
      max = Math.max(max, j);
      seen++;
    }
  }
  assertGreater(seen, 5000);
  assertGreater(min, 0.2);
  assertLess(max, 4);
});

Deno.test("BodyMotion brings the diaphragm down by 30-40 mm, and the wall beside it does not follow", () => {
  const still = { scale: [1, 1, 1], chestHeight: 0, waves: [] } as const;
  const lie = { rotation: [0, 0, 0], shift: [0, 0, 0], waves: [] } as const;
  for (const { travel } of motions) {
    const motion = new BodyMotion(still, { ...lie, breath: 1, travel });
    for (const [x, y] of [[66, 6], [-66, 4]]) {
      const dome = diaphragm(x, y);
      const p = new Float64Array([x, y, dome]);
      motion.push(p);
      assertGreater(dome - p[2], 29.5);
      assertLess(dome - p[2], 40);
    }
    const rib = new Float64Array([150, 0, 120]);
    motion.push(rib);
    assertAlmostEquals(rib[2], 120, 1e-9);
  }
});
