import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { gpuTest } from "../../testing/gpu.ts";
import { Grid } from "../../volume/grid.ts";
import { registerDeformable } from "../deformable/register_deformable.ts";
import { SIMILARITIES, type SimilarityName } from "./similarities.ts";
import { completeSimilarityOptions } from "./similarity.ts";

Deno.test("SIMILARITIES have their own names", () => {
  for (const [name, kind] of Object.entries(SIMILARITIES)) assertEquals(kind.name, name);
});

Deno.test("completeSimilarityOptions() fills in the defaults and refuses all other options", () => {
  assertEquals(completeSimilarityOptions(SIMILARITIES.nmi, {}), {});
  assertEquals(
    completeSimilarityOptions(SIMILARITIES["nmi+mind"], { beta: 0.5, sigma: undefined }),
    {
      sigma: 0.5,
      neighbourhood: "six",
      fineDescriptors: false,
      beta: 0.5,
      scaling: "gradient",
      unlimitedScale: false,
    },
  );
  const cases: [SimilarityName, object, string][] = [
    ["nmi", { window: 5 }, "`window` does nothing with the similarity nmi"],
    [
      "mind-ssc",
      { neighbourhood: "six" },
      "`neighbourhood` does nothing with the similarity mind-ssc",
    ],
    ["mind", { neighbourhood: "ssc" }, '`neighbourhood` must be "six" or "dense", got ssc'],
    ["mind", { sigma: 3 }, "`sigma` must be 0.1 to 2 voxels, got 3"],
    ["lncc", { absolute: "yes" }, "`absolute` must be true or false, got yes"],
  ];
  for (const [name, options, words] of cases) {
    assertThrows(() => completeSimilarityOptions(SIMILARITIES[name], options), RangeError, words);
  }
});

gpuTest("registerDeformable() refuses an option of another similarity", async (gpu) => {
  const grid = Grid.axisAligned([8, 8, 8], [3, 3, 3]);
  const image = { grid, data: Float32Array.from({ length: grid.voxels }, (_, i) => i) };
  await assertRejects(
    () => registerDeformable(gpu, { fixed: image, moving: image, similarity: "nmi", window: 5 }),
    RangeError,
    "`window` does nothing with the similarity nmi",
  );
});
