/**
 * Registers every pair of a labelled cohort rigidly and by NMI, and prints Dice, surface distances and
 * whether the two differ.
 *
 *     deno run -A examples/score_a_cohort.ts cohort.json
 *
 * Without an argument it makes a phantom cohort. On Linux set DENO_WEBGPU_BACKEND=vulkan.
 */

import { readManifest, STRUCTURES, writePhantomCohort } from "@crosswarp/crosswarp/cohort";
import { Gpu } from "@crosswarp/crosswarp";
import {
  alignedTable,
  pairedSubjects,
  readRegionPair,
  registerPairBy,
  registerPairRigidly,
  signedRankTest,
} from "@crosswarp/crosswarp/study";

const path = Deno.args[0] ??
  await writePhantomCohort({
    out: await Deno.makeTempDir(),
    profile: "smoke",
    subjects: "paired",
  });
// The phantom is coarse, and few steps are enough to see it run.
const isPhantom = Deno.args[0] === undefined;
const voxel = isPhantom ? 8 : 2.5;
const effort = isPhantom ? { levels: 2, spacing: 20, iterations: 30 } : { spacing: 15 };

using gpu = await Gpu.open();
const rows = [["Structure", "rigid, %", "NMI, %", "NMI, 95 % surface distance, mm"]];
const dice = { rigid: [] as number[], nmi: [] as number[] };
for (const subject of pairedSubjects(await readManifest(path))) {
  const pair = await readRegionPair(gpu, subject, "thorax", voxel);
  const { rigid, result: before } = await registerPairRigidly(gpu, pair, { seed: 1 });
  const { result: after } = await registerPairBy(gpu, pair, {
    rigid,
    deformable: { similarity: "nmi", regulariser: "tv", lambda: 0.05, ...effort },
  });
  for (const { name, label } of STRUCTURES) {
    const [a, b, distance] = [before.dice[label], after.dice[label], after.hausdorff95[label]];
    if (a == null || b == null) continue;
    dice.rigid.push(a);
    dice.nmi.push(b);
    rows.push([
      `${subject.id} ${name}`,
      (100 * a).toFixed(1),
      (100 * b).toFixed(1),
      distance?.toFixed(1) ?? "-",
    ]);
  }
}
console.log(alignedTable(rows));
const { p, pairs } = signedRankTest(dice.nmi, dice.rigid);
console.log(`NMI against rigid, signed-rank test of ${pairs} structures: p = ${p.toPrecision(2)}`);
