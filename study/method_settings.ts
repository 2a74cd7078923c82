/**
 * With which parameters a method registers a region: the profile's, and in their place what grid searches
 * found best.
 *
 * @module
 */

import type { Region } from "../cohort/label_scheme.ts";
import type { DeformableOptions } from "../registration/deformable.ts";
import { SIMILARITIES } from "../registration/similarities.ts";
import { type BestSettings, settingOf } from "./best_settings.ts";
import type { Method } from "./methods.ts";
import type { Profile } from "./profiles.ts";
import type { StudyRegion } from "./study_regions.ts";

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
  { name, similarity, synthesis, regulariser, options }: Method,
  region: StudyRegion,
  settings: StudySettings,
): MethodParameters {
  const { deformable, synthesisLambda, synthesisAbsolute } = profile,
    chosen = similarity ?? deformable.similarity;
  const lambda = synthesis === undefined ? deformable.lambda : synthesisLambda;
  const best = settings.syntheses?.[name] ?? settings.originals;
  return {
    ...{ ...deformable, similarity: chosen, lambda },
    ...(region !== "all" && found(best, chosen, region)),
    ...(synthesis && { absolute: synthesisAbsolute }),
    ...options,
    ...(regulariser && { regulariser, lambda: SIMILARITIES[chosen].lambda[regulariser] }),
  };
}

function found(best: BestSettings | undefined, ...of: [Method["similarity"] & string, Region]) {
  const setting = settingOf(best, ...of);
  if (setting === undefined) return {};
  const { regulariser, lambda, spacing, levels } = setting;
  return { regulariser, lambda, spacing, levels };
}
