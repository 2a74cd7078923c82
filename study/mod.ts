/**
 * The steps of the study, each by itself: preparing images, registering and scoring pairs, training
 * cycle-GANs and synthesising with them, tables and tests; and the whole of it. Imports tfjs.
 *
 * @example Usage
 * ```ts
 * import { signedRankTest, table2 } from "./mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(signedRankTest([3, 4, 5, 6, 7], [1, 1, 1, 1, 1]).p, 0.0625);
 * assertEquals(table2([]).map(({ region }) => region), ["thorax", "abdomen", "both"]);
 * ```
 *
 * @module
 */

export * from "./ablations.ts";
export * from "./best_settings.ts";
export * from "./bias_correction.ts";
export * from "./comparison_table.ts";
export * from "./gan_profiles.ts";
export * from "./image_agreement.ts";
export * from "./lung_bias.ts";
export * from "./methods.ts";
export * from "./overview.ts";
export * from "./pair_registration.ts";
export * from "./pair_scores.ts";
export * from "./paper_tables.ts";
export * from "./picture.ts";
export * from "./profiles.ts";
export * from "./regions.ts";
export * from "./report.ts";
export * from "./reproduce.ts";
export * from "./score_tables.ts";
export * from "./signed_rank.ts";
export * from "./study_cohort.ts";
export * from "./study_plan.ts";
export * from "./study_regions.ts";
export * from "./surface_distance.ts";
export * from "./synthesis_job.ts";
export * from "./table1.ts";
export * from "./table2.ts";
export * from "./text_table.ts";
export * from "./training_images.ts";
export * from "./training_job.ts";
