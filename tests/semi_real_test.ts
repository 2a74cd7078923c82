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
const SEEDS = [1, 2, 3];

/** The limits for each similarity with its defaults: mean Dice over ten organs, mean TRE in the body. */
const asked: readonly { similarity: SimilarityName; dice: number; tre: number }[] = [
  { similarity: "nmi", dice: 0.94, tre: 1.8 },
  { similarity: "nmi+mind", dice: 0.95, tre: 1.2 },
];

gpuTest(
  "registerDeformable() registers semi-real MR-CT pairs with the defaults of NMI and NMI+MIND",
  async (gpu, t) => {
    const sums = asked.map(() => ({ dice: 0, tre: 0 }));
    for (const seed of SEEDS) {
      await t.step(`seed ${seed}`, async () => {
        const pair = makeSemiRealPair({ seed, ...source! });
        const { fixed, moving } = pair;
        const { matrix } = await registerRigid(gpu, { fixed, moving });
        for (const [i, { similarity }] of asked.entries()) {
          const { controlGrid } = await registerDeformable(gpu, {
            fixed,
            moving,
            initial: matrix,
            similarity,
          });
          const field = hostField(fixed.grid, { rigid: matrix, controlGrid });
          const score = scorePair({ pair, field });
          console.log(
            `seed ${seed}, ${similarity}: Dice ${score.dice.toFixed(4)}, ` +
              `TRE ${score.treMean.toFixed(2)} mm, J <= 0 in ${score.foldedPercent.toFixed(4)} %`,
          );
          sums[i].dice += score.dice / SEEDS.length;
          sums[i].tre += score.treMean / SEEDS.length;
          assertLessOrEqual(score.foldedPercent, 0.01, "folded voxels, %");
        }
      });
    }
    asked.forEach(({ similarity, dice, tre }, i) => {
      assertGreaterOrEqual(sums[i].dice, dice, `${similarity}: mean Dice over ten organs`);
      assertLessOrEqual(sums[i].tre, tre, `${similarity}: mean TRE inside the body, mm`);
    });
  },
  { skips: source ? undefined : "no ../shared/data/abdomen" },
);
