/**
 * The parameters with which a column registers a region: those of the profile, replaced by the best ones
 * of grid searches where there are any.
 *
 * @module
 */

import type { DeformableOptions } from "../registration/deformable/deformable_options.ts";
import { SIMILARITIES } from "../registration/similarity/similarities.ts";
import { type BestSetting, type BestSettings, settingOf } from "./grid_search/best_settings.ts";
import type { Column } from "./columns.ts";
import type { Profile } from "../workflows/profiles.ts";
import type { ImageRegion } from "../workflows/body_region.ts";

/** The settings that grid searches found. */
export interface StudySettings {
  /**
   * The settings of the original images. Those of local correlation hold for all syntheses without
   * settings of their own.
   */
  readonly originals?: BestSettings | undefined;
  /** The settings of the synthesised columns of Table 2, by the columns' names. */
  readonly syntheses?: Readonly<Record<string, BestSettings>> | undefined;
}

/** A column's parameters, without the images. */
export type ColumnParameters = Profile["deformable"] & Partial<DeformableOptions>;

/** A column's parameters in a region. A column with its own regulariser takes the similarity's weight for it. */
export function columnParameters(
  profile: Profile,
  column: Column,
  region: ImageRegion,
  settings: StudySettings,
): ColumnParameters {
  const { deformable, synthesisLambda, synthesisAbsolute, similarityOptions } = profile;
  const { similarity = deformable.similarity, synthesis, regulariser, options } = column;
  const isAsSyntheses = synthesis !== undefined || column.asSyntheses === true;
  const lambda = isAsSyntheses ? synthesisLambda : deformable.lambda;
  const found = foundSetting(column, region, settings);
  let parameters: ColumnParameters = {
    ...deformable,
    ...similarityOptions[similarity],
    similarity,
    lambda,
  };
  if (found !== undefined) parameters = { ...parameters, ...valuesOf(found) };
  if (found?.window !== undefined) parameters = { ...parameters, window: found.window };
  if (isAsSyntheses) parameters = { ...parameters, absolute: synthesisAbsolute };
  parameters = { ...parameters, ...options };
  if (regulariser === undefined) return parameters;
  return { ...parameters, regulariser, lambda: SIMILARITIES[similarity].lambda[regulariser] };
}

/** The setting that a grid search found for a column in a region; undefined where the profile's hold. */
export function foundSetting(
  { name, similarity }: Column,
  region: ImageRegion,
  { originals, syntheses }: StudySettings,
): BestSetting | undefined {
  if (region === "all" || similarity === undefined) return undefined;
  return settingOf(syntheses?.[name] ?? originals, similarity, region);
}

function valuesOf({ regulariser, lambda, spacing, levels }: BestSetting) {
  return { regulariser, lambda, spacing, levels };
}
