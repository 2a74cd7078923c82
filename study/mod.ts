/**
 * The whole study and each of its steps: preparing images, registering and scoring pairs, training cycle-GANs and
 * synthesising with them, tables and tests. Imports tfjs.
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
export * from "./grid_search/best_settings.ts";
export * from "./bias_correction.ts";
export * from "./tables/comparison_table.ts";
export * from "../workflows/gan_profiles.ts";
export * from "./scores/image_agreement.ts";
export * from "./scores/lung_bias.ts";
export * from "./columns.ts";
export * from "../pictures/overview.ts";
export * from "./scores/pair_registration.ts";
export * from "./scores/pair_scores.ts";
export * from "./tables/paper_tables.ts";
export * from "../pictures/picture.ts";
export * from "../workflows/profiles.ts";
export * from "../workflows/body_region.ts";
export * from "./report/report.ts";
export * from "./reproduce.ts";
export * from "./tables/score_tables.ts";
export * from "./scores/signed_rank.ts";
export * from "./subjects.ts";
export * from "./plan.ts";
export * from "./regions.ts";
export * from "./scores/surface_distance.ts";
export * from "../workflows/synthesis_job.ts";
export * from "./tables/table1.ts";
export * from "./tables/table2.ts";
export * from "./tables/text_table.ts";
export * from "../workflows/training_images.ts";
export * from "../workflows/training_job.ts";
