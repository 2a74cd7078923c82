/**
 * With which parameters a method registers a region: the profile's, and in their place what grid searches
 * found best.
 *
 * @module
 */

import type { DeformableOptions } from "../registration/deformable/register_deformable.ts";
import { SIMILARITIES } from "../registration/similarity/similarities.ts";
import { type BestSetting, type BestSettings, settingOf } from "./grid_search/best_settings.ts";
import type { Method } from "./methods.ts";
import type { Profile } from "../workflows/profiles.ts";
import type { StudyRegion } from "./regions.ts";

/** What grid searches found. */
export interface StudySettings {
  /** For the original images, and where they name local correlation, for all syntheses; none when absent. */
  readonly originals?: BestSettings | undefined;
  /** For the synthesised columns of Table 2, by their names. */
  readonly syntheses?: Readonly<Record<string, BestSettings>> | undefined;
}

/** A method's parameters, without the images. */
export type MethodParameters = Profile["deformable"] & Partial<DeformableOptions>;

/**
 * A method's parameters in a region. A regulariser of the method's own comes with the similarity's own
 * weight beside it.
 */
export function methodParameters(
  profile: Profile,
  method: Method,
  region: StudyRegion,
  settings: StudySettings,
): MethodParameters {
  const { deformable, synthesisLambda, synthesisAbsolute } = profile;
  const { similarity = deformable.similarity, synthesis, regulariser, options } = method;
  const lambda = synthesis === undefined ? deformable.lambda : synthesisLambda;
  const found = foundSetting(method, region, settings);
  let parameters: MethodParameters = { ...deformable, similarity, lambda };
  if (found !== undefined) parameters = { ...parameters, ...valuesOf(found) };
  if (synthesis !== undefined) parameters = { ...parameters, absolute: synthesisAbsolute };
  parameters = { ...parameters, ...options };
  if (regulariser === undefined) return parameters;
  return { ...parameters, regulariser, lambda: SIMILARITIES[similarity].lambda[regulariser] };
}

/** What a grid search found for a method in a region; nothing where the profile's parameters stand. */
export function foundSetting(
  { name, similarity }: Method,
  region: StudyRegion,
  { originals, syntheses }: StudySettings,
): BestSetting | undefined {
  if (region === "all" || similarity === undefined) return undefined;
  return settingOf(syntheses?.[name] ?? originals, similarity, region);
}

function valuesOf({ regulariser, lambda, spacing, levels }: BestSetting) {
  return { regulariser, lambda, spacing, levels };
}
