import { assertAlmostEquals, assertEquals, assertLess, assertThrows } from "@std/assert";
import { Grid } from "../../volume/grid.ts";
import type { Triple } from "../../volume/affine.ts";
import { gpuTest } from "../../testing/gpu.ts";
import { gradientError } from "../../testing/similarity_gradient.ts";
import { registerDeformable } from "../deformable/register_deformable.ts";
import { NMI_MIND } from "./nmi_mind.ts";
import { createSimilarity } from "./similarity.ts";

gpuTest("the gradient of NMI+MIND by the control points is that of its value", async (gpu) => {
  for (const scaling of [0.3, "gradient", "change"] as const) {
    assertLess(await gradientError(gpu, { kind: NMI_MIND, options: { scaling } }), 1e-3);
  }
});

/** Two balls of different contrast, the second one moved by 3 mm. */
function pair() {
  const size: Triple = [40, 36, 32];
  const grid = Grid.axisAligned(size, [2, 2, 2]);
  const ball = (centre: number, inside: number, outside: number) => ({
    grid,
    data: Float32Array.from({ length: grid.voxels }, (_, i) => {
      const x = 2 * (i % 40) - centre;
      const y = 2 * (Math.floor(i / 40) % 36) - 36;
      const z = 2 * Math.floor(i / 1440) - 32;
      const r = Math.sqrt(x * x + y * y + z * z);
      const wave = 8 * Math.sin(0.4 * x) * Math.cos(0.3 * y + 0.2 * z);
      return outside + (inside - outside) / (1 + Math.exp((r - 20) / 2)) + wave;
    }),
  });
  return { fixed: ball(40, 100, 20), moving: ball(43, 30, 160) };
}

gpuTest(
  "s: a fixed number, eq. 8's from the second level on too, eq. 9's once something changed",
  async (gpu) => {
    const options = { ...pair(), similarity: "nmi+mind" as const, levels: 2, iterations: 8 };
    const scales = async (scaling: number | "gradient" | "change") => {
      const { levels, parameters } = await registerDeformable(gpu, { ...options, scaling });
      assertEquals(parameters.scaling, scaling);
      return levels.map((level) => level.similarity!.s);
    };
    assertEquals(await scales(0.25), [0.25, 0.25]);
    const gradient = await scales("gradient");
    const change = await scales("change");
    for (const s of [...gradient, ...change]) assertEquals(Number.isFinite(s) && s > 0, true);
    assertAlmostEquals(change[0], gradient[0], 1e-6); // nothing has changed before the first level
    assertEquals(Math.abs(change[1] - gradient[1]) > 1e-6, true);
  },
);

Deno.test("beta beyond 0 to 1 and a scale of 0 are refused", () => {
  const ranges = {
    fixedRange: { low: 0, high: 1, bins: 100 },
    movingRange: { low: 0, high: 1, bins: 100 },
  };
  const refused = (options: object, words: string) =>
    assertThrows(() => createSimilarity(NMI_MIND, ranges, options), RangeError, words);
  refused({ beta: 1.2 }, "`beta` must be 0 to 1, got 1.2");
  refused({ scaling: 0 }, '`scaling` must be "gradient", "change" or a number above 0, got 0');
});
