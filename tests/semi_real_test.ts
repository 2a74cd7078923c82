import { assertGreaterOrEqual, assertLessOrEqual } from "@std/assert";
import { readSemiRealCase } from "../testing/semi_real_files.ts";
import { scorePair } from "../testing/score_pair.ts";
import { makeSemiRealPair } from "../testing/semi_real.ts";
import { registerDeformable } from "../registration/deformable/register_deformable.ts";
import { registerRigid } from "../registration/rigid/register_rigid.ts";
import type { SimilarityName } from "../registration/similarity/similarities.ts";
import { gpuTest } from "../testing/gpu.ts";
import { hostField } from "../testing/host_field.ts";

const source = await readSemiRealCase();
/** The pair of the middle Dice among the seeds 1, 2 and 3, which `deno task bench:semi-real` registers. */
const SEED = 2;

/** The limits for each similarity with its defaults: Dice over ten organs, mean TRE in the body. */
const asked: readonly { similarity: SimilarityName; dice: number; tre: number }[] = [
  { similarity: "nmi", dice: 0.95, tre: 1.2 },
  { similarity: "nmi+mind", dice: 0.96, tre: 1.1 },
];

gpuTest(
  "registerDeformable() registers a semi-real MR-CT pair with the defaults of NMI and NMI+MIND",
  async (gpu) => {
    const pair = makeSemiRealPair({ seed: SEED, ...source! });
    const { fixed, moving } = pair;
    const { matrix } = await registerRigid(gpu, { fixed, moving });
    for (const { similarity, dice, tre } of asked) {
      const { controlGrid } = await registerDeformable(gpu, {
        fixed,
        moving,
        initial: matrix,
        similarity,
      });
      const field = hostField(fixed.grid, { rigid: matrix, controlGrid });
      const score = scorePair({ pair, field });
      console.log(
        `${similarity}: Dice ${score.dice.toFixed(4)}, TRE ${score.treMean.toFixed(2)} mm, ` +
          `J <= 0 in ${score.foldedPercent.toFixed(4)} %`,
      );
      assertGreaterOrEqual(score.dice, dice, `${similarity}: mean Dice over ten organs`);
      assertLessOrEqual(score.treMean, tre, `${similarity}: mean TRE inside the body, mm`);
      assertLessOrEqual(score.foldedPercent, 0.01, `${similarity}: folded voxels, %`);
    }
  },
  { skips: source ? undefined : "no ../shared/data/abdomen" },
);
