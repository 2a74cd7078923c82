/**
 * The flags of `register`, with the checks and the options that follow from them. They need no files, so that the
 * page has the same flags as the command line.
 *
 * @module
 */

import { CONTROL_GRID_INTERPOLATIONS } from "../kernels/control_grid/control_grid.ts";
import { REGULARISERS } from "../kernels/regulariser/regulariser.ts";
import {
  DEFORMABLE_DEFAULTS,
  DEFORMABLE_METHODS,
  DEFORMABLE_STARTS,
} from "../registration/deformable_defaults.ts";
import { MIND_GAUSS_NEWTON_OPTIONS } from "../registration/mind_gauss_newton/options.ts";
import type { RegisterImagesOptions } from "../registration/register.ts";
import { RIGID_PRESETS } from "../registration/rigid/schedule.ts";
import {
  AUTOMATIC_SIMILARITY,
  hasMeasuredVoxels,
  SIMILARITIES,
  SIMILARITY_CHOICES,
  similarityOf,
  type SimilarityOptions,
} from "../registration/similarity/similarities.ts";
import { type Flag, type FlagValues, isGiven, kebabCase, UsageError } from "./_flags.ts";
import { TRUST } from "./_header_flags.ts";
import { optionFlags, optionValues } from "./_option_flags.ts";

/** The flags of all similarities and of mind-gauss-newton, from their declared options. */
const OPTION_FLAGS = optionFlags([
  ...Object.values(SIMILARITIES),
  { name: "mind-gauss-newton", options: MIND_GAUSS_NEWTON_OPTIONS },
]) as Record<keyof SimilarityOptions | keyof typeof MIND_GAUSS_NEWTON_OPTIONS, Flag>;

/** The names of the flags of mind-gauss-newton's options, for `--help`. */
export const GAUSS_NEWTON_FLAGS = Object.keys(MIND_GAUSS_NEWTON_OPTIONS)
  .map((name) => `--${kebabCase(name)}`).join(", ");

/** The flags of `register`. */
export const REGISTER_FLAGS = {
  fixed: { type: "string", required: true, valueName: "FILE", help: "The fixed image." },
  moving: {
    type: "string",
    required: true,
    valueName: "FILE",
    help: "The moving image. The task warps it onto the fixed image.",
  },
  out: {
    type: "string",
    required: true,
    valueName: "FOLDER",
    help: "The folder for the results.",
  },
  movingLabels: {
    type: "string",
    valueName: "FILE",
    help:
      "Labels of the moving image, as an image or an RT Structure Set (RTSTRUCT). The task warps them.",
  },
  fixedLabels: {
    type: "string",
    valueName: "FILE",
    help:
      "Labels of the fixed image, as an image or an RT Structure Set, for the Dice coefficients.",
  },
  fixedMask: {
    type: "string",
    valueName: "FILE",
    help: "A mask of the fixed image. The registration ignores voxels where the mask is 0.",
  },
  movingMask: {
    type: "string",
    valueName: "FILE",
    help: "A mask of the moving image. The registration ignores voxels where the mask is 0.",
  },
  method: {
    type: "choice",
    choices: DEFORMABLE_METHODS,
    default: "control-grid",
    help: "The method of the deformable registration; see below.",
  },
  similarity: {
    type: "choice",
    choices: SIMILARITY_CHOICES,
    default: DEFORMABLE_DEFAULTS.similarity,
    help:
      `The similarity: automatic (${AUTOMATIC_SIMILARITY.first}, or ${AUTOMATIC_SIMILARITY.otherwise} for thin ` +
      `images and small masks), ${
        Object.entries(SIMILARITIES).map(([name, { description }]) => `${name} (${description})`)
          .join(", ")
      }.`,
  },
  ...OPTION_FLAGS,
  regulariser: {
    type: "choice",
    choices: REGULARISERS,
    default: DEFORMABLE_DEFAULTS.regulariser,
    help: "The regulariser: total variation, squared L2 norm or bending energy.",
  },
  interpolation: {
    type: "choice",
    choices: CONTROL_GRID_INTERPOLATIONS,
    default: DEFORMABLE_DEFAULTS.interpolation,
    help:
      "Interpolation between control points: linear, or a cubic B-spline. cubic needs --regulariser bending " +
      "and cannot prevent folding.",
  },
  start: {
    type: "choice",
    choices: DEFORMABLE_STARTS,
    default: DEFORMABLE_DEFAULTS.start,
    help:
      "The start of the deformable registration: the rigid result alone, a discrete search of displacements of up " +
      "to 48 mm along each axis in place of the coarsest level, or automatic, which searches if parts of the image " +
      "move far, and takes what it found only if the search back agrees; see below.",
  },
  lambda: {
    type: "number",
    min: 0,
    help:
      `Weight of the regulariser. The default depends on the similarity (automatic has that of ${AUTOMATIC_SIMILARITY.first}; ${
        Object.entries(SIMILARITIES).map(([name, { lambda }]) =>
          `${name} ${lambda[DEFORMABLE_DEFAULTS.regulariser]}`
        ).join(", ")
      } for ${DEFORMABLE_DEFAULTS.regulariser}).`,
  },
  spacing: {
    type: "number",
    default: DEFORMABLE_DEFAULTS.spacing,
    min: 0.1,
    unit: "mm",
    help:
      "Control-point spacing at the finest level. A small image has a smaller default; see below.",
  },
  levels: {
    type: "integer",
    min: 1,
    max: 8,
    help:
      "Number of resolution levels. By default the voxels of the coarsest level measure about 10 mm, " +
      "with a maximum of 4 levels.",
  },
  iterations: {
    type: "integer",
    default: DEFORMABLE_DEFAULTS.iterations,
    min: 1,
    help: "Maximum number of steps per level.",
  },
  resolution: {
    type: "number",
    min: 0.1,
    unit: "mm",
    help: "Minimum voxel size of the working images. By default it is that of the fixed image.",
  },
  noFolding: {
    type: "boolean",
    help: "Prevent folding: the Jacobian determinant of the map is greater than 0 in every voxel.",
  },
  resume: {
    type: "boolean",
    help: "Continue an interrupted run after its last finished level (with mind-gauss-newton, " +
      "after its rigid registration).",
  },
  strict: {
    type: "boolean",
    help: "End with exit code 3 if the registration has failed by its own verdict.",
  },
  rigidOnly: { type: "boolean", help: "Do only the rigid registration." },
  noRigid: {
    type: "boolean",
    help: "Leave out the rigid registration and start from the positions in the files.",
  },
  keepPadding: {
    type: "boolean",
    help:
      "Treat padding as tissue. By default the task leaves out voxels of a value far below the tissue's, such " +
      "as -8192, and says so.",
  },
  keepObjects: {
    type: "boolean",
    help:
      "Register with the objects outside the body in a CT, such as the table. By default the task leaves them out, " +
      "if the image has no mask, and says so.",
  },
  keepInterpolated: {
    type: "boolean",
    help:
      "Register interpolated voxels as if they were measured. By default, with the similarities automatic and " +
      "lncc-mind, the working images have the voxels of the measured image, at most 6 mm, along an axis that was " +
      "interpolated by a factor of about 4 or more, and the task says so; see below.",
  },
  trust: TRUST,
  rigidPreset: {
    type: "choice",
    choices: RIGID_PRESETS,
    default: "robust",
    help:
      "The schedule of the rigid registration. imregister has the numbers of MATLAB's imregister in " +
      "its multimodal configuration, as in the paper.",
  },
  seed: { type: "integer", default: 12345, help: "Seed of the rigid registration." },
} as const satisfies Readonly<Record<string, Flag>>;

/** The values of the flags of `register`. */
export type RegisterFlags = FlagValues<typeof REGISTER_FLAGS>;

/** The flags of files that a registration reads. */
type FileFlag =
  | "fixed"
  | "moving"
  | "fixedLabels"
  | "movingLabels"
  | "fixedMask"
  | "movingMask";

/** Flags, other than the options of the similarities, that only the method "control-grid" has. */
const CONTROL_GRID_FLAGS: readonly string[] = [
  "similarity",
  "regulariser",
  "interpolation",
  "start",
  "lambda",
  "spacing",
  "levels",
  "iterations",
  "noFolding",
  "keepInterpolated",
] satisfies (keyof RegisterFlags)[];

/**
 * Refuses flags that have no effect.
 *
 * @throws {UsageError} when a flag belongs to another method or to another similarity.
 */
export function refuseUseless(flags: Omit<RegisterFlags, FileFlag>): void {
  if (flags.noRigid && isGiven(flags, "rigidPreset")) {
    throw new UsageError("--rigid-preset does nothing with --no-rigid");
  }
  if (flags.rigidOnly && flags.noRigid) {
    throw new UsageError("--rigid-only and --no-rigid together leave nothing to do");
  }
  const given = [...Object.keys(OPTION_FLAGS), ...CONTROL_GRID_FLAGS]
    .filter((name) => isGiven(flags, name));
  const { method, similarity } = flags;
  const withoutMethod = given.find((name) =>
    method === "control-grid" ? isGaussNewtonOnly(name) : isControlGridOnly(name)
  );
  if (withoutMethod !== undefined) {
    throw new UsageError(`--${kebabCase(withoutMethod)} does nothing with --method ${method}`);
  }
  if (method !== "control-grid") return;
  if (flags.keepInterpolated) {
    if (flags.resolution !== undefined) {
      throw new UsageError("--keep-interpolated does nothing with --resolution");
    }
    if (!hasMeasuredVoxels(similarity)) {
      throw new UsageError(`--keep-interpolated does nothing with --similarity ${similarity}`);
    }
  }
  if (flags.interpolation !== "linear") {
    if (flags.regulariser !== "bending") {
      throw new UsageError(`--interpolation ${flags.interpolation} needs --regulariser bending`);
    }
    if (flags.noFolding) {
      throw new UsageError("--no-folding needs --interpolation linear");
    }
  }
  const withoutSimilarity = given.find((name) =>
    name in OPTION_FLAGS && !(name in similarityOf(similarity).options)
  );
  if (withoutSimilarity !== undefined) {
    const having = Object.values(SIMILARITIES).filter(({ options }) =>
      withoutSimilarity in options
    );
    throw new UsageError(
      `--${
        kebabCase(withoutSimilarity)
      } does nothing with --similarity ${similarity}. It needs --similarity ` +
        having.map((kind) => kind.name).join(" or "),
    );
  }
}

/**
 * Says whether a flag has an effect on the deformable registration with a method and a similarity. Flags of other parts
 * have one always.
 */
export function hasEffect(
  name: string,
  { method, similarity }: Pick<RegisterFlags, "method" | "similarity">,
): boolean {
  if (method !== "control-grid") return !isControlGridOnly(name);
  if (name === "keepInterpolated") return hasMeasuredVoxels(similarity);
  return !isGaussNewtonOnly(name) &&
    (!(name in OPTION_FLAGS) || name in similarityOf(similarity).options);
}

function isGaussNewtonOnly(name: string): boolean {
  return name in MIND_GAUSS_NEWTON_OPTIONS &&
    !Object.values(SIMILARITIES).some(({ options }) => name in options);
}

function isControlGridOnly(name: string): boolean {
  return CONTROL_GRID_FLAGS.includes(name) ||
    name in OPTION_FLAGS && !(name in MIND_GAUSS_NEWTON_OPTIONS);
}

/** The options of the registrations. */
export function settingsOf(
  flags: Omit<RegisterFlags, FileFlag>,
): Pick<
  RegisterImagesOptions,
  | "rigid"
  | "rigidOnly"
  | "keepPadding"
  | "keepObjects"
  | "keepInterpolated"
  | "method"
  | "deformable"
  | "mindGaussNewton"
> {
  const { seed, method, rigidOnly, similarity, regulariser, lambda, spacing, levels } = flags;
  const { interpolation, start, iterations, resolution, noFolding } = flags;
  const { keepPadding, keepObjects, keepInterpolated } = flags;
  return {
    rigid: flags.noRigid ? false : { seed, preset: flags.rigidPreset },
    rigidOnly,
    keepPadding,
    keepObjects,
    keepInterpolated,
    method,
    deformable: {
      ...optionValues(similarityOf(similarity).options, flags),
      similarity,
      regulariser,
      interpolation,
      start,
      lambda,
      // The default is that of the library, which depends on the size of the image.
      spacing: isGiven(flags, "spacing") ? spacing : undefined,
      levels,
      iterations,
      resolution,
      noFolding,
    },
    mindGaussNewton: { ...optionValues(MIND_GAUSS_NEWTON_OPTIONS, flags), resolution },
  };
}

/** The flags for metrics.json, without those of other methods and those that do not change the result. */
export function usedFlags(flags: Omit<RegisterFlags, FileFlag>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(flags).filter(([name]) =>
      name !== "resume" && name !== "strict" &&
      // The default depends on the size of the image; the settings of the registration have it.
      (name !== "spacing" || isGiven(flags, name)) &&
      (flags.method === "control-grid" || !isControlGridOnly(name))
    ),
  );
}
