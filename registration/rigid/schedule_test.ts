import { assertEquals } from "@std/assert";
import { MATTES_BINS } from "../../kernels/rigid/mattes_constants.ts";
import { Grid } from "../../volume/grid.ts";
import { rigidSchedule } from "./schedule.ts";

/** Voxels of the paper's MR and CT images. */
const FIXED = Grid.axisAligned([300, 40, 400], [1.25, 6, 1.25]);
const MOVING = Grid.axisAligned([400, 300, 500], [0.9, 0.9, 1.5]);

Deno.test('rigidSchedule("imregister") has the numbers of imregconfig("multimodal")', () => {
  const schedule = rigidSchedule({ preset: "imregister", fixed: FIXED, moving: MOVING });
  assertEquals(MATTES_BINS, 50);
  const level = (factor: number, radius: number, epsilon: number) => ({
    factors: { fixed: [factor, factor, factor], moving: [factor, factor, factor] },
    search: { growth: 1.05, iterations: 100, radius, epsilon },
    refinementRounds: 0,
  });
  const { levels, ...others } = schedule;
  const significant = JSON.parse(
    JSON.stringify(levels),
    (_, value) => typeof value === "number" ? Number(value.toPrecision(12)) : value,
  );
  // InitialRadius 6.25e-3 times the square of the shrink factor; Epsilon 1.5e-6 times 100, 10 and 1.
  assertEquals(significant, [
    level(4, 0.1, 1.5e-4),
    level(2, 0.025, 1.5e-5),
    level(1, 0.00625, 1.5e-6),
  ]);
  assertEquals(others, { range: "full", weighOverlap: false, minOverlap: 1 / 16, minOfStart: 0 });
});

Deno.test('rigidSchedule("imregister") does not shrink large images further', () => {
  const huge = Grid.axisAligned([600, 600, 600], [1, 1, 1]);
  const { levels } = rigidSchedule({ preset: "imregister", fixed: huge, moving: huge });
  assertEquals(levels.at(-1)!.factors.fixed, [1, 1, 1]);
});
