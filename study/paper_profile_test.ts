/**
 * Every number of the paper in the profile `paper`, as literals that were copied from the paper's text.
 *
 * @module
 */

import { assertAlmostEquals, assertEquals } from "@std/assert";
import { receptiveField } from "../gan/networks/discriminator.ts";
import { DARK_FRACTION, sampleSize } from "../gan/training/patch_sampler.ts";
import { learningRate } from "../gan/training/learning_rate.ts";
import { NMI_BINS } from "../registration/deformable/run_levels.ts";
import { RANGE_PERCENTILES } from "../registration/intensity_range.ts";
import { SIMILARITIES } from "../registration/similarity/similarities.ts";
import { completeSimilarityOptions } from "../registration/similarity/similarity.ts";
import { ganSettings, ganStrides } from "../workflows/gan_profiles.ts";
import { profileOf } from "../workflows/profiles.ts";
import { columnParameters } from "./column_settings.ts";
import { COLUMNS, GAN_VARIANTS, SYNTHESISED_COLUMNS } from "./columns.ts";
import { PAPER_PIXEL } from "./grid_search/plan.ts";
import { searchedUnits } from "./grid_search/search_scales.ts";
import { comparedSettings, NOT_STATED } from "./tables/differences_table.ts";

const paper = profileOf("paper");
const none = { originals: undefined, syntheses: undefined };
const column = (name: string) => COLUMNS.find((one) => one.name === name)!;

Deno.test("paper, section 2: 1.25 mm voxels", () => {
  assertEquals(paper.voxel, 1.25);
  assertEquals(PAPER_PIXEL, 1.25);
});

Deno.test("paper, section 3.1: nine blocks, P = 70 and 34 with the strides of footnote 2", () => {
  assertEquals(GAN_VARIANTS, [
    { channels: 3, field: 70 },
    { channels: 12, field: 70 },
    { channels: 12, field: 34 },
    { channels: 12, field: 22 },
  ]);
  for (const { channels, field } of GAN_VARIANTS) {
    const settings = ganSettings("paper", { channels, field });
    assertEquals([settings.channels, receptiveField(settings.strides)], [channels, field]);
    assertEquals(settings.blocks, 9);
    assertEquals(settings.discriminatorNorm, true);
  }
  assertEquals(ganSettings("paper", { field: 70 }).strides, [2, 2, 2, 1, 1]);
  assertEquals(ganSettings("paper", { field: 34 }).strides, [2, 2, 1, 1]);
});

Deno.test("paper, section 4.1: samples of 286, patches of 256, dark below 1/4", () => {
  const { crop } = ganSettings("paper");
  assertEquals(crop, 256);
  assertEquals(sampleSize(crop), 286);
  assertEquals(DARK_FRACTION, 1 / 4);
});

Deno.test("paper, section 4.1: 200 epochs, 0.0002 and linearly to 0, lambda_cyc 10", () => {
  const settings = ganSettings("paper");
  assertEquals(settings.epochs, 200);
  assertEquals(settings.learningRate, 0.0002);
  assertEquals(settings.discriminatorRate, 1);
  assertEquals(settings.cycleWeight, 10);
  const rate = (epoch: number) => learningRate(settings.learningRate, epoch - 1, settings.epochs);
  // Epochs 1 to 100 are fixed; 101 is the first of the linear ones.
  assertEquals([1, 100, 101].map(rate), [0.0002, 0.0002, 0.0002]);
  assertAlmostEquals(rate(151), 0.0001, 1e-12);
  assertAlmostEquals(rate(200), 0.000002, 1e-12);
  assertEquals(rate(201), 0);
  // Neither the paper nor its base implementation has these.
  const { identitySteps, pairSteps, pairWeight, structureWeight } = settings;
  assertEquals([identitySteps, pairSteps, pairWeight, structureWeight], [0, 0, 0, 0]);
});

Deno.test("paper, the base implementation: 64 filters, a pool of 50", () => {
  const { generatorFilters, discriminatorFilters, pool } = ganSettings("paper");
  assertEquals([generatorFilters, discriminatorFilters, pool], [64, 64, 50]);
});

Deno.test("paper, section 4.1: S = 4, S_C = 2 for C = 3 and 4 for C = 12, all patches", () => {
  assertEquals(ganStrides("paper", 3), { stride: 4, sliceStride: 2 });
  assertEquals(ganStrides("paper", 12), { stride: 4, sliceStride: 4 });
  assertEquals(paper.skipsEmptyPatches, false);
});

Deno.test("paper, section 3.2: imregister, 100 bins between the 0.5 and 99.5 percentiles", () => {
  assertEquals(paper.rigidPreset, "imregister");
  assertEquals(NMI_BINS, 100);
  assertEquals(RANGE_PERCENTILES, [0.005, 0.995]);
});

Deno.test("paper, section 4.2: eq. 8 without a limit, beta 0.8", () => {
  const options = completeSimilarityOptions(
    SIMILARITIES["nmi+mind"],
    paper.similarityOptions["nmi+mind"]!,
  );
  assertEquals(options, {
    sigma: 0.5,
    neighbourhood: "six",
    fineDescriptors: true,
    beta: 0.8,
    scaling: "gradient",
    unlimitedScale: true,
  });
  const { beta, scaling, unlimitedScale, fineDescriptors, regulariser } = columnParameters(
    paper,
    column("nmi+mind"),
    "thorax",
    none,
  );
  assertEquals([unlimitedScale, fineDescriptors, regulariser], [true, true, "tv"]);
  assertEquals([beta, scaling], [undefined, undefined], "the similarity's own");
  assertEquals(columnParameters(paper, column("mind"), "thorax", none).fineDescriptors, true);
});

Deno.test("paper, section 4.2: signed local correlation and total variation for syntheses", () => {
  for (const one of SYNTHESISED_COLUMNS) {
    const { similarity, absolute, regulariser } = columnParameters(paper, one, "abdomen", none);
    assertEquals([similarity, absolute, regulariser], ["lncc", false, "tv"]);
  }
});

Deno.test("paper, section 4.2: the grid search", () => {
  const grid = {
    lambda: [0.0125, 0.025, 0.05, 0.1, 0.2],
    spacing: [8, 10, 12, 14, 16],
    levels: [2, 3, 4],
  };
  assertEquals(paper.search, { similarities: ["nmi", "mind", "nmi+mind"], ...grid });
  // The paper does not state the window of local correlation, so it is searched, too.
  assertEquals(paper.synthesisSearch, { similarities: ["lncc"], ...grid, window: [2.5, 5, 10] });
  // Without labels nothing is searched: these lie in the grid.
  const { deformable, synthesisLambda } = paper;
  for (const lambda of [deformable.lambda, synthesisLambda]) {
    assertEquals(grid.lambda.includes(lambda), true);
  }
  assertEquals(grid.spacing.includes(deformable.spacing / PAPER_PIXEL), true);
  assertEquals(grid.levels.includes(deformable.levels!), true);
  assertEquals(searchedUnits(paper.search, 3, undefined), 3 * 75 * 2 * 3);
  assertEquals(searchedUnits(paper.synthesisSearch, 3, undefined), 3 * 75 * 2 * 3);
});

Deno.test("paper, differences: only what the paper does not state, and named choices", () => {
  const different = comparedSettings(paper).filter((one) =>
    one.paper !== one.here && one.paper !== NOT_STATED
  );
  assertEquals(different.map(({ name }) => name), [
    "Intensities of CT on [0, 255]",
    "Intensities of MR on [0, 255]",
    "Discriminator's layers of P = 70",
    "Discriminators' loss (eq. 2 and 3)",
    "Joint histogram of NMI",
    "Probabilities in the logarithm",
    "E_MIND",
  ]);
});
