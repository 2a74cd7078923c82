import { assertGreaterOrEqual, assertLessOrEqual } from "@std/assert";
import { readSemiRealCase } from "../bench/semi_real_files.ts";
import { scorePair } from "../bench/score_pair.ts";
import { makeSemiRealPair } from "../bench/semi_real.ts";
import { registerDeformable } from "../registration/deformable.ts";
import { registerRigid } from "../registration/rigid.ts";
import { gpuTest } from "./gpu.ts";
import { hostField } from "./host_field.ts";

const source = await readSemiRealCase();
if (!source) {
  console.warn("No ../shared/data/abdomen: the semi-real MR-CT test is skipped.");
} else {
  gpuTest("NMI with the defaults registers semi-real MR-CT pairs", async (gpu, t) => {
    let dice = 0, tre = 0;
    const seeds = [1, 2, 3];
    for (const seed of seeds) {
      await t.step(`seed ${seed}`, async () => {
        const pair = makeSemiRealPair({ seed, ...source });
        const { fixed, moving } = pair;
        const { matrix } = await registerRigid(gpu, { fixed, moving });
        const { controlGrid } = await registerDeformable(gpu, { fixed, moving, initial: matrix });
        const field = hostField(fixed.grid, { rigid: matrix, controlGrid });
        const score = scorePair({ pair, field });
        console.log(
          `seed ${seed}: Dice ${score.dice.toFixed(4)}, TRE ${score.treMean.toFixed(2)} mm, ` +
            `J <= 0 in ${score.foldedPercent.toFixed(4)} %`,
        );
        dice += score.dice / seeds.length;
        tre += score.treMean / seeds.length;
        assertLessOrEqual(score.foldedPercent, 0.01, "folded voxels, %");
      });
    }
    assertGreaterOrEqual(dice, 0.94, `mean Dice over ten organs is ${dice}`);
    assertLessOrEqual(tre, 1.8, `mean TRE inside the body is ${tre} mm`);
  });
}
