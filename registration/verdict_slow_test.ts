import { assertEquals, assertGreater, assertLess, assertStringIncludes } from "@std/assert";
import { gpuTest } from "../testing/gpu.ts";
import { phantomCase } from "../testing/phantom_case.ts";
import { makeSemiRealPair } from "../testing/semi_real.ts";
import { doubtfulContrast } from "./quality.ts";
import { doubtfulLocalFit } from "./local_fit.ts";
import { registerImages } from "./register.ts";

const pairOf = (seed: number) => makeSemiRealPair({ seed, ...phantomCase(6, seed) });

gpuTest("registerImages() is good for the same body, and not for another patient", async (gpu) => {
  const { fixed, moving } = pairOf(4);
  const deformable = { iterations: 30 } as const;
  const limit = doubtfulLocalFit(fixed.grid);
  const right = await registerImages(gpu, { fixed, moving, deformable });
  assertEquals([right.quality.verdict, right.quality.reasons], ["good", []]);
  assertGreater(right.quality.localFit, 1.3 * limit);
  const other = pairOf(104).moving;
  const { quality } = await registerImages(gpu, { fixed, moving: other, deformable });
  // The contrast of fit alone does not tell: the deformation made the other body similar.
  assertGreater(quality.contrastOfFit, doubtfulContrast(fixed.grid));
  assertLess(quality.localFit, 0.85 * limit);
  assertEquals(quality.verdict === "good", false);
  assertStringIncludes(quality.reasons.join(" "), "Another body does this");
});
