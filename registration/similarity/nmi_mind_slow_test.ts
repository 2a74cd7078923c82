import {
  assertAlmostEquals,
  assertEquals,
  assertGreater,
  assertLess,
  assertThrows,
} from "@std/assert";
import type { Gpu } from "../../kernels/gpu/gpu.ts";
import { Owned } from "../../kernels/gpu/owned.ts";
import { Grid } from "../../volume/grid.ts";
import type { Triple } from "../../volume/affine.ts";
import { gpuTest } from "../../testing/gpu.ts";
import {
  gradientError,
  randomDisplacements,
  type SimilarityCase,
  similarityCase,
  similarityGeometry,
} from "../../testing/similarity_gradient.ts";
import { registerDeformable } from "../deformable/register_deformable.ts";
import { MIND } from "./mind.ts";
import { NMI } from "./nmi.ts";
import { type Evaluations, MAX_SCALE, NMI_MIND, scaleOfMind } from "./nmi_mind.ts";
import { createSimilarity } from "./similarity.ts";

gpuTest("the gradient of NMI+MIND by the control points is that of its value", async (gpu) => {
  for (const scaling of [0.3, "gradient", "change"] as const) {
    assertLess(await gradientError(gpu, { kind: NMI_MIND, options: { scaling } }), 1e-3);
  }
  assertLess(await gradientError(gpu, { kind: NMI_MIND, interpolation: "cubic" }), 1e-3);
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

/** E and dE/dk of a similarity's case at these displacements, from the level's start on, and what it found there. */
async function evaluate(
  gpu: Gpu,
  of: SimilarityCase,
  displacements: Float32Array,
  start: Float32Array = displacements,
) {
  using owned = new Owned();
  const { similarity, inputs } = similarityCase(gpu, of, owned);
  const prepared = owned.add(similarity.prepare(gpu, inputs));
  await prepared.begin?.(start);
  gpu.write(inputs.displacements, displacements);
  const recorder = gpu.record("evaluate");
  prepared.dispatches.forEach((dispatch) => recorder.run(dispatch));
  recorder.submit();
  const gradient = new Float32Array(await gpu.download(inputs.gradient));
  const value = new Float32Array(await gpu.download(inputs.scalars))[0];
  return { value, gradient, details: { ...prepared.details } };
}

const norm = (vector: Float32Array) => Math.sqrt(vector.reduce((sum, v) => sum + v * v, 0));

gpuTest("NMI+MIND is eq. 7 with the s of eq. 8 and of eq. 9", async (gpu) => {
  const start = randomDisplacements(similarityGeometry(), 2, 7);
  const at = randomDisplacements(similarityGeometry(), 2, 8);
  const parts = async (where: Float32Array) => ({
    nmi: await evaluate(gpu, { kind: NMI }, where),
    mind: await evaluate(gpu, { kind: MIND }, where),
  });
  const [atStart, unmoved, here] = [
    await parts(start),
    await parts(new Float32Array(start.length)),
    await parts(at),
  ];
  const bySlopes = norm(atStart.nmi.gradient) / norm(atStart.mind.gradient);
  const byChanges = Math.abs(unmoved.nmi.value - atStart.nmi.value) /
    Math.abs(unmoved.mind.value - atStart.mind.value);
  // A constant s of 1, or the inverse of s, differs from s by more than the tolerance below.
  for (const s of [bySlopes, byChanges]) assertGreater(Math.abs(Math.log(s)), 0.05);
  assertLess(bySlopes, MAX_SCALE);
  for (
    const [scaling, beta, s] of [
      ["gradient", 0.8, bySlopes],
      ["gradient", 0.3, bySlopes],
      ["change", 0.8, byChanges],
    ] as const
  ) {
    // Without a limit, so that s may be larger than 30.
    const options = { scaling, beta, unlimitedScale: true };
    const { value, gradient, details } = await evaluate(
      gpu,
      { kind: NMI_MIND, options },
      at,
      start,
    );
    assertAlmostEquals(details.s / s, 1, 1e-3, `s by ${scaling}`);
    const expected = beta * here.nmi.value + (1 - beta) * s * here.mind.value;
    assertAlmostEquals(value / expected, 1, 1e-3, `value, beta ${beta}`);
    const slopes = here.nmi.gradient.map((g, i) =>
      beta * g + (1 - beta) * s * here.mind.gradient[i]
    );
    const error = norm(gradient.map((g, i) => g - slopes[i]));
    assertLess(error, 1e-3 * norm(slopes), `gradient, beta ${beta}`);
  }
});

Deno.test("scaleOfMind() is eq. 8, eq. 9 once E_MIND changed, and at most 30 where it is limited", () => {
  const both = (nmi: [number, number], mind: [number, number]) => ({
    nmi: { value: nmi[0], norm: nmi[1] },
    mind: { value: mind[0], norm: mind[1] },
  });
  const of = (atStart: Evaluations, unmoved?: Evaluations, unlimitedScale = false) =>
    scaleOfMind({ atStart, unmoved, unlimitedScale });
  const start = both([-1.3, 3], [0.25, 2]);
  assertEquals(of(start), { s: 1.5, unlimitedS: 1.5 });
  const { s } = of(start, both([-1.1, 9], [0.75, 9]));
  assertAlmostEquals(s, 0.4, 1e-12);
  assertEquals(of(start, both([-1.1, 9], [0.25, 9])).s, 1.5);
  assertEquals(of(both([-1.3, 3], [0.25, 0])).s, 1);
  const steep = both([-1.3, 40], [0.25, 1]);
  assertEquals(of(steep), { s: 30, unlimitedS: 40 });
  assertEquals(of(steep, undefined, true), { s: 40, unlimitedS: 40 });
});

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
