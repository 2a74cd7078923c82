/**
 * The files of a registration: the images that it reads, and the results that it writes.
 *
 * @module
 */

import { timed } from "../host/timeline.ts";
import type { LabelFiles } from "../cohort/manifest.ts";
import { labelPaths, readLabels } from "../cohort/read_labels.ts";
import type { Gpu } from "../kernels/gpu/gpu.ts";
import { overviewPicture } from "../pictures/overview.ts";
import type { Picture } from "../pictures/picture.ts";
import { encodePng, type PngEncoder, pngEncoderBy } from "../pictures/png.ts";
import type {
  RegisteredImages,
  RegisterImagesOptions,
  RegisterImagesResult,
} from "../registration/register.ts";
import { findPadding, paddingText, withoutPadding } from "../volume/padding.ts";
import { outsideObjectsText } from "../volume/outside_objects.ts";
import { placementProblems } from "../registration/input_grids.ts";
import { workingScale } from "../registration/working_scale.ts";
import { encodeTransform } from "../registration/transform_file.ts";
import { ImageGeometryError } from "../volume/nifti_errors.ts";
import { readVolume } from "../volume/read_nifti.ts";
import { printNotice, type ReadOptions } from "../volume/read_options.ts";
import { hausdorff95s } from "../volume/surface_distance.ts";
import type { TargetErrors } from "./landmarks.ts";
import { refuseLabels } from "./label_images.ts";
import { labelsOfStructures, readLabelStructures } from "./label_structures.ts";
import type { CompressionThread } from "../volume/compression_thread.ts";
import { HEADER_BYTES } from "../volume/nifti_header.ts";
import { encodeDisplacementField, encodeNifti } from "../volume/write_nifti.ts";

/** The paths of the input files. */
export interface RegisterPaths {
  /** The fixed image. */
  readonly fixed: string;
  /** The moving image. */
  readonly moving: string;
  /** The series of the fixed image, if it is a DICOM folder or zip file. */
  readonly fixedSeries?: string | undefined;
  /** The series of the moving image, if it is a DICOM folder or zip file. */
  readonly movingSeries?: string | undefined;
  /** Labels of the moving image: a label image, a mask for each structure, or an RT Structure Set. */
  readonly movingLabels?: LabelFiles | undefined;
  /** Labels of the fixed image: a label image, a mask for each structure, or an RT Structure Set. */
  readonly fixedLabels?: LabelFiles | undefined;
  /** The mask of the fixed image. */
  readonly fixedMask?: string | undefined;
  /** The mask of the moving image. */
  readonly movingMask?: string | undefined;
}

/** The images of a registration, with their labels and masks. */
export type RegisterInputs = Pick<
  RegisterImagesOptions,
  Exclude<keyof RegisterPaths, "fixedSeries" | "movingSeries">
>;

/**
 * Reads the images, labels and masks of a registration.
 *
 * @throws {ImageFileError} when a file cannot be used, when the fixed or moving image is a label image, or when a mask
 * or a label image does not fit its image.
 * @throws {ManifestError} when the masks of structures lie on different grids.
 * @throws {FileAccessError} when a file cannot be read.
 */
export async function readRegisterInputs(
  paths: RegisterPaths,
  options: ReadOptions = {},
): Promise<RegisterInputs> {
  const structures = await readLabelStructures(paths);
  const labels = async (files: LabelFiles | undefined) =>
    files === undefined ? undefined : await readLabels(files, options);
  const [fixed, moving, movingImage, fixedImage, fixedMask, movingMask] = await Promise.all([
    readVolume(paths.fixed, { ...options, series: paths.fixedSeries }),
    readVolume(paths.moving, { ...options, series: paths.movingSeries }),
    labels(structures.moving === undefined ? paths.movingLabels : undefined),
    labels(structures.fixed === undefined ? paths.fixedLabels : undefined),
    labels(paths.fixedMask),
    labels(paths.movingMask),
  ]);
  const onNotice = options.onNotice ?? printNotice;
  const drawn = labelsOfStructures(
    structures,
    { fixed: fixed.grid, moving: moving.grid },
    onNotice,
  );
  const movingLabels = drawn.moving ?? movingImage;
  const fixedLabels = drawn.fixed ?? fixedImage;
  const inputs = { fixed, moving, movingLabels, fixedLabels, fixedMask, movingMask };
  checkRegisterInputs(inputs, paths, options.onNotice);
  return inputs;
}

/**
 * Checks images that were read: that the fixed and the moving image are no label images, and that masks and labels fit
 * their images.
 *
 * @param names - The names of the files, for messages.
 * @param onNotice - Is called with each warning. Default: `console.warn` prints it once.
 * @throws {ImageFileError} when an image cannot be used.
 */
export function checkRegisterInputs(
  inputs: RegisterInputs,
  names: RegisterPaths,
  onNotice: (notice: string) => void = printNotice,
): void {
  const advice = "Give the intensity image, and labels with --fixed-labels or --moving-labels";
  refuseLabels(inputs.fixed, names.fixed, advice);
  refuseLabels(inputs.moving, names.moving, advice);
  for (const { input, isFatal, text } of placementProblems(inputs)) {
    const message = `${labelPaths(names[input] ?? "").join(", ")} (--${
      input.replace(/[A-Z]/, (c) => `-${c.toLowerCase()}`)
    }) ${text}`;
    if (isFatal) throw new ImageGeometryError(message);
    onNotice(message);
  }
}

/** The warnings about padding that a registration leaves out, one line for each image. */
export function paddingNotices({ fixed, moving }: RegisterInputs, paths: RegisterPaths): string[] {
  const notices: string[] = [];
  for (const image of [fixed, moving]) {
    const path = image === fixed ? paths.fixed : paths.moving;
    const padding = findPadding(image);
    if (padding === undefined) continue;
    notices.push(
      `${path}: ${paddingText(image, padding)}. The registration leaves them out` +
        (image === moving ? `, and they count as ${padding.lowest} in the warped image` : "") +
        ". --keep-padding treats them as tissue.",
    );
  }
  return notices;
}

/** The lines about the objects outside the body that a registration left out, one for each image. */
export function objectsNotices(
  { objects }: Pick<RegisterImagesResult, "objects">,
  paths: RegisterPaths,
): string[] {
  return (["fixed", "moving"] as const).flatMap((image) => {
    const found = objects[image];
    return found === undefined ? [] : [
      `${paths[image]}: ${outsideObjectsText(found)}. The registration left them out. ` +
      "--keep-objects registers with them.",
    ];
  });
}

/** The line about the working scale of small images; none for images of normal size. */
export function scaleNotices({ fixed: { grid } }: RegisterInputs, paths: RegisterPaths): string[] {
  const scale = workingScale(grid);
  if (scale === 1) return [];
  const diagonal = Math.hypot(...grid.size.map((n, axis) => n * grid.spacing[axis]));
  return [
    `${paths.fixed}: the diagonal is only ${
      diagonal.toPrecision(2)
    } mm. The registration works as if the images were ` +
    `${scale} times as large, so that its default lengths and weights follow their size.`,
  ];
}

/** Files that are being made, by their names. */
export type BegunFiles = Readonly<Record<string, Promise<Uint8Array>>>;

/**
 * Gives the images of a result to a thread that compresses them.
 *
 * @returns The files of the images, when the thread has all images.
 */
export async function beginImages(
  images: RegisteredImages,
  thread: CompressionThread,
): Promise<BegunFiles> {
  return await beginFiles(imageFiles(images, thread), true);
}

/**
 * The names and bytes of the result files of a registration, except its metrics.
 *
 * @param options - The thread compresses the images and the picture, while the caller can do other work. Default: this
 * thread does. Files that have been begun are not made again.
 * @returns The files, in an object whose promise ends when all are made.
 */
export async function encodeRegistration(
  inputs: RegisterInputs,
  result: RegisterImagesResult,
  { thread, begun = {} }: {
    readonly thread?: CompressionThread | undefined;
    readonly begun?: BegunFiles | undefined;
  } = {},
): Promise<{ readonly files: Promise<Record<string, Uint8Array>> }> {
  const all = Object.entries(registrationFiles(inputs, result, thread));
  const rest = await beginFiles(
    Object.fromEntries(all.filter(([name]) => begun[name] === undefined)),
    thread !== undefined,
  );
  const files = Promise.all(
    all.map(async ([name]) => [name, await (begun[name] ?? rest[name])] as const),
  );
  const named = files.then((entries) => Object.fromEntries(entries));
  named.catch(() => {});
  return { files: named };
}

/** Begins files one after the other. */
async function beginFiles(
  makers: Readonly<Record<string, () => Promise<Uint8Array>>>,
  hasThread: boolean,
): Promise<BegunFiles> {
  const begun: Record<string, Promise<Uint8Array>> = {};
  for (const [name, encode] of Object.entries(makers)) {
    const bytes = timed(`encoding: ${name}`, encode);
    // An error waits for the caller.
    bytes.catch(() => {});
    begun[name] = bytes;
    // The thread gets an image in a later turn of this one.
    await (hasThread ? new Promise((resolve) => setTimeout(resolve)) : bytes);
  }
  return begun;
}

/**
 * The result files of a registration by their names, except its metrics: each function returns the bytes of its file.
 *
 * @param thread - Compresses the images and the picture. Default: this thread does.
 */
export function registrationFiles(
  inputs: RegisterInputs,
  result: RegisterImagesResult,
  thread?: CompressionThread | undefined,
): Record<string, () => Promise<Uint8Array>> {
  const files = imageFiles(result, thread);
  files["transform.json"] = () =>
    Promise.resolve(new TextEncoder().encode(encodeTransform(result.transform)));
  const encode = (thread && pngEncoderOf(thread)) ?? encodePng;
  files["overview.png"] = async () => {
    const { width, height, data } = overviewOf(inputs, result);
    return await encode({ width, height, data, channels: 3 });
  };
  return files;
}

/** Makes PNG files whose pixels a thread compresses. */
export function pngEncoderOf(thread: CompressionThread): PngEncoder | undefined {
  return pngEncoderBy((rows, level) => thread.deflate(rows, level));
}

/** The files of the images of a result by their names: each function returns the bytes of its file. */
function imageFiles(
  { warped, warpedLabels, field, inverseField, jacobian }: RegisteredImages,
  thread: CompressionThread | undefined,
): Record<string, () => Promise<Uint8Array>> {
  const image = async (
    encode: (options: { compressed: boolean }) => Promise<Uint8Array<ArrayBuffer>>,
    isFloat = true,
  ): Promise<Uint8Array> => {
    if (thread === undefined) return await encode({ compressed: true });
    const bytes = await encode({ compressed: false });
    try {
      return await thread.compress({ bytes, headerBytes: HEADER_BYTES.first, isFloat });
    } catch {
      // A thread that has failed, for example without memory, must not cost the result.
      return await encode({ compressed: true });
    }
  };
  const files: Record<string, () => Promise<Uint8Array>> = {
    "warped.nii.gz": () => image((options) => encodeNifti(warped, options)),
  };
  if (warpedLabels !== undefined) {
    files["warped_labels.nii.gz"] = () =>
      image((options) => encodeNifti(warpedLabels, options), false);
  }
  files["field.nii.gz"] = () => image((options) => encodeDisplacementField(field, options));
  files["inverse_field.nii.gz"] = () =>
    image((options) => encodeDisplacementField(inverseField, options));
  files["jacobian.nii.gz"] = () => image((options) => encodeNifti(jacobian, options));
  return files;
}

/** The picture of a registration. */
function overviewOf({ fixed, fixedLabels }: RegisterInputs, result: RegisterImagesResult): Picture {
  const { padding, jacobianStatistics: { foldedPercent, sdLog } } = result;
  return overviewPicture({
    fixed: padding.fixed === undefined ? fixed : withoutPadding(fixed, padding.fixed).image,
    before: result.before,
    after: result.warped,
    jacobian: result.jacobian,
    fixedLabels,
    warpedLabels: result.warpedLabels,
    caption: `FOLDED ${foldedPercent.toFixed(3)} %  SD LOG J ${sdLog.toFixed(3)}`,
  });
}

/**
 * The 95th percentiles of the surface distances of the warped labels to those of the fixed image, mm: for each label
 * that both have. None without labels of both images.
 */
export function hausdorffDistances(
  { fixedLabels }: RegisterInputs,
  { warpedLabels, overlap }: Pick<RegisterImagesResult, "warpedLabels" | "overlap">,
): ReadonlyMap<number, number> {
  const distances = new Map<number, number>();
  if (fixedLabels === undefined || warpedLabels === undefined) return distances;
  // Both lie on the grid of the fixed image; that of the file may differ from it by rounding (placementProblems).
  const fixed = { grid: warpedLabels.grid, data: fixedLabels.data };
  const labels = overlap.map(({ label }) => label);
  for (const [label, distance] of hausdorff95s(fixed, warpedLabels, labels)) {
    if (!Number.isNaN(distance)) distances.set(label, distance);
  }
  return distances;
}

/** Options of {@link encodeMetrics}. */
export interface RegisterMetricsOptions {
  /** The result of the registration. */
  readonly result: RegisterImagesResult;
  /** The GPU that computed it. */
  readonly gpu: Gpu;
  /** The version of the program. */
  readonly version: string;
  /** The parameters as the user gave them. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** The warnings about the input files, one line each. */
  readonly notices: readonly string[];
  /** Time of the whole task, seconds. */
  readonly seconds: number;
  /** The target registration errors of landmarks. */
  readonly targetErrors?: TargetErrors | undefined;
  /** The result of {@link hausdorffDistances}. Default: none. */
  readonly hausdorff95?: ReadonlyMap<number, number> | undefined;
}

/** The parameters of a registration: those that the user gave, and the values that followed from them. */
export function registrationParameters(
  { rigid, deformable, mindGaussNewton }: RegisterImagesResult,
  given: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return {
    ...given,
    rigid: rigid && { seed: rigid.seed, start: rigid.start.name },
    deformable: (deformable ?? mindGaussNewton)?.parameters,
  };
}

/** `metrics.json`: the measures and the parameters of a registration. */
export function encodeMetrics(
  { result, gpu, version, parameters, notices, seconds, targetErrors, hausdorff95 }:
    RegisterMetricsOptions,
): Uint8Array {
  const { rigid, deformable, mindGaussNewton } = result;
  const metrics = {
    crosswarp: version,
    adapter: gpu.description,
    seconds: { total: seconds, ...result.seconds },
    peakGpuBytes: gpu.peakBytes,
    notices,
    workingScale: result.workingScale === 1 ? undefined : result.workingScale,
    parameters: registrationParameters(result, parameters),
    rigid: rigid && {
      mutualInformation: rigid.similarity,
      overlapPercent: rigid.overlapPercent,
      matrix: rigid.matrix,
      levels: rigid.levels,
    },
    deformable: deformable ? { levels: deformable.levels } : mindGaussNewton && {
      levels: mindGaussNewton.levels,
      inverseConsistencyMm: mindGaussNewton.inverseConsistency,
      foldedVoxels: mindGaussNewton.foldedVoxels,
    },
    quality: result.quality,
    targetRegistrationError: targetErrors,
    jacobian: result.jacobianStatistics,
    inverseResidualMm: result.inverseResidual,
    dice: Object.fromEntries(
      result.overlap.map(({ label, before, after }) => [label, { before, after }]),
    ),
    hausdorff95Mm: hausdorff95 && Object.fromEntries(hausdorff95),
  };
  return new TextEncoder().encode(JSON.stringify(metrics, null, 2) + "\n");
}
