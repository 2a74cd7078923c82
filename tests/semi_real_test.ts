import { assertGreaterOrEqual, assertLessOrEqual } from "@std/assert";
import { readSemiRealCase } from "../testing/semi_real_files.ts";
import { scorePair } from "../testing/score_pair.ts";
import { makeSemiRealPair, type SemiRealPair } from "../testing/semi_real.ts";
import { phantomCase } from "../testing/phantom_case.ts";
import type { Gpu } from "../kernels/gpu/gpu.ts";
import { registerDeformable } from "../registration/deformable/register_deformable.ts";
import { registerRigid } from "../registration/rigid/register_rigid.ts";
import type { SimilarityName } from "../registration/similarity/similarities.ts";
import { gpuTest } from "../testing/gpu.ts";
import { hostField } from "../testing/host_field.ts";

/** The CT of an abdomen next to the repository; undefined in a clone alone. */
const real = await readSemiRealCase();
/** The pair of the middle Dice among the seeds 1, 2 and 3, which `deno task bench:semi-real` registers. */
const SEED = 2;

/** The limits of a similarity with its defaults: Dice of all structures, mean TRE in the body in mm. */
interface Limits {
  readonly similarity: SimilarityName;
  readonly dice: number;
  readonly tre: number;
}

async function check(
  gpu: Gpu,
  pair: SemiRealPair,
  asked: readonly Limits[],
  iterations?: number,
): Promise<void> {
  const { fixed, moving } = pair;
  const { matrix } = await registerRigid(gpu, { fixed, moving });
  for (const { similarity, dice, tre } of asked) {
    const { controlGrid } = await registerDeformable(gpu, {
      fixed,
      moving,
      initial: matrix,
      similarity,
      iterations,
    });
    const field = hostField(fixed.grid, { rigid: matrix, controlGrid });
    const score = scorePair({ pair, field });
    console.log(
      `${similarity}: Dice ${score.dice.toFixed(4)}, TRE ${score.treMean.toFixed(2)} mm, ` +
        `J <= 0 in ${score.foldedPercent.toFixed(4)} %`,
    );
    assertGreaterOrEqual(score.dice, dice, `${similarity}: mean Dice of the structures`);
    assertLessOrEqual(score.treMean, tre, `${similarity}: mean TRE inside the body, mm`);
    assertLessOrEqual(score.foldedPercent, 0.01, `${similarity}: folded voxels, %`);
  }
}

gpuTest(
  "registerDeformable() registers a semi-real MR-CT pair with the defaults of three similarities",
  async (gpu) => {
    await check(gpu, makeSemiRealPair({ seed: SEED, ...real! }), [
      { similarity: "nmi", dice: 0.95, tre: 1.2 },
      { similarity: "nmi+mind", dice: 0.96, tre: 1.1 },
      { similarity: "lncc-mind", dice: 0.96, tre: 0.9 },
    ]);
  },
  { skips: real ? undefined : "no ../shared/data/abdomen" },
);

gpuTest(
  "registerDeformable() registers a pair with a known deformation that is made from a phantom",
  async (gpu) => {
    // Organs of a phantom have no texture, so that the error inside them is larger than on the real CT.
    const source = phantomCase(6);
    const pair = { ...makeSemiRealPair({ seed: SEED, ...source }), structures: source.structures };
    await check(gpu, pair, [
      { similarity: "nmi", dice: 0.91, tre: 3.6 },
      { similarity: "nmi+mind", dice: 0.925, tre: 3.2 },
      { similarity: "lncc-mind", dice: 0.925, tre: 3.2 },
    ], 40);
  },
  { skips: real ? "the real pair is there" : undefined },
);
