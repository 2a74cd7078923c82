/**
 * `deno task apply`: applies a transform to another image.
 *
 * @module
 */

import { Gpu } from "../kernels/gpu/gpu.ts";
import { applyTransform, applyTransformToLabels } from "../registration/transform.ts";
import { areApart, labelsOutside } from "../registration/input_grids.ts";
import { applyPointTransform } from "../registration/apply_point_transform.ts";
import type { Grid } from "../volume/grid.ts";
import type { LabelVolume, Volume } from "../volume/volume.ts";
import { type ReadTransforms, readTransforms } from "../workflows/transform_files.ts";
import { withPaddingReplaced } from "../volume/padding.ts";
import { readGrid, readLabelVolume, readVolume } from "../volume/read_nifti.ts";
import { ImageGeometryError } from "../volume/nifti_errors.ts";
import { refuseLabels } from "../workflows/label_images.ts";
import { writeLabelVolume, writeVolume } from "../volume/write_nifti.ts";
import { DicomOutput } from "./_dicom_out.ts";
import { dicomOutFlag } from "./_dicom_out_flag.ts";
import { type FlagsOf, type TaskSpec, UsageError } from "./_flags.ts";
import { type HeaderNotices, headerNotices, seriesFlag, TRUST } from "./_header_flags.ts";
import { memoryBudget } from "./_memory.ts";
import { checkImageFile } from "./_output.ts";
import { runTask, throwIfStopped } from "./_run_task.ts";

/** The error of an inverse that is named, mm. */
const MAX_RESIDUAL = 0.1;

/** The declaration of `deno task apply`. */
export const TASK = {
  name: "apply",
  summary: "Applies a transform that `register` wrote to another image.",
  details: `
The task also takes transforms of other programs: ITK's text (.tfm, .txt) and HDF5 (.h5, as ANTs
writes composite transforms) with linear transforms and displacement fields, affine transforms of ANTs
(.mat), and displacement fields (.nii.gz, .nrrd, .mha) of ITK, ANTs and elastix. Several --transform are applied one after another, in the order in which
points go from the fixed image to the moving image: the first belongs to the fixed image, the last to
the moving image. ANTs has the same order: its \`-t 1Warp.nii.gz -t 0GenericAffine.mat\` is
--transform 1Warp.nii.gz --transform 0GenericAffine.mat here.`,
  examples: [
    "--transform registered/transform.json --image ct.nii.gz --like mr.nii.gz --out ct_on_mr.nii.gz",
    "--transform registered/transform.json --image mr_organs.nii.gz --like ct.nii.gz --out organs_on_ct.nii.gz --labels --inverse",
  ],
  flags: {
    transform: {
      type: "paths",
      required: true,
      valueName: "FILE",
      help:
        "The transform.json of `register`, or another transform; see below. Repeat the flag for a chain.",
    },
    image: {
      type: "string",
      required: true,
      valueName: "FILE",
      help:
        "An image in the world coordinates of the moving image (with --inverse, of the fixed image).",
    },
    series: seriesFlag("--image"),
    like: {
      type: "string",
      required: true,
      valueName: "FILE",
      help: "An image whose grid the result has. The task reads only its header.",
    },
    likeSeries: seriesFlag("--like"),
    out: {
      type: "string",
      required: true,
      valueName: "FILE",
      help: "The result (.nii.gz, .nii, .nrrd or .mha).",
    },
    labels: {
      type: "boolean",
      help:
        "Treat the image as labels, with nearest-neighbour interpolation. Without this flag the task refuses an " +
        "image that looks like labels.",
    },
    inverse: {
      type: "boolean",
      help: "Apply the inverse transform, from the fixed to the moving image.",
    },
    keepPadding: {
      type: "boolean",
      help:
        "Keep padding. By default voxels of a value far below the tissue's, such as -8192, count as the lowest " +
        "other intensity, and the task says so.",
    },
    dicomOut: dicomOutFlag("--like"),
    trust: TRUST,
  },
} as const satisfies TaskSpec;

/** The work of `deno task apply`. */
export async function main(flags: FlagsOf<typeof TASK>, signal: AbortSignal): Promise<void> {
  if (flags.labels && flags.dicomOut !== undefined) {
    throw new UsageError(
      "--dicom-out writes intensities, and no labels: leave it out with --labels",
    );
  }
  await checkImageFile("out", flags.out);
  const headers = headerNotices(flags.trust, console.error);
  const transforms = await readTransforms(flags.transform, headers);
  const like = await readGrid(flags.like, { ...headers, series: flags.likeSeries });
  const dicomOut = await DicomOutput.open({
    folder: flags.dicomOut,
    out: flags.out,
    fixed: { flag: "--like", path: flags.like, series: flags.likeSeries },
    moving: { flag: "--image", path: flags.image, series: flags.series },
    derivation: "warped by the transform of a registration",
  });
  const { inverse } = flags;
  const side = inverse ? "fixed" : "moving";
  const sideGrid = transforms[`${side}Grid`];
  if (flags.labels) {
    const image = await readLabelVolume(flags.image, { ...headers, series: flags.series });
    const outside = sideGrid && labelsOutside(image, sideGrid, `${side} image of the transform`);
    const message = `${flags.image} (--image) ${outside?.text}`;
    if (outside?.isFatal) throw new ImageGeometryError(message);
    if (outside !== undefined) headers.onNotice(message);
    await throwIfStopped(signal);
    using gpu = await Gpu.open(memoryBudget());
    const result = await warped(gpu, transforms, image, like, inverse, headers);
    await throwIfStopped(signal);
    await writeLabelVolume(flags.out, result);
  } else {
    const given = await readVolume(flags.image, { ...headers, series: flags.series });
    const image = flags.keepPadding
      ? given
      : withPaddingReplaced(given, (text, { lowest }) =>
        headers.onNotice(
          `${flags.image}: ${text}. They count as ${lowest}, as in \`register\`; --keep-padding keeps them.`,
        ));
    refuseLabels(image, flags.image, "Give --labels, which preserves the ids");
    if (sideGrid !== undefined && areApart(image.grid, sideGrid)) {
      throw new ImageGeometryError(
        `${flags.image} (--image) has no point in common with the ${side} image of the transform. Repair the ` +
          `position in its header, or ${inverse ? "leave out" : "add"} --inverse.`,
      );
    }
    await throwIfStopped(signal);
    using gpu = await Gpu.open(memoryBudget());
    const result = await warped(gpu, transforms, image, like, inverse, headers);
    await throwIfStopped(signal);
    await writeVolume(flags.out, result);
    await dicomOut?.write(result);
  }
  console.log(`Wrote ${flags.out}`);
}

/** The image or the labels through one transform of a registration on the GPU, or through any other map. */
async function warped<T extends Volume | LabelVolume>(
  gpu: Gpu,
  { single, map }: ReadTransforms,
  image: T,
  like: Grid,
  inverse: boolean,
  { onNotice }: HeaderNotices,
): Promise<T> {
  if (single !== undefined) {
    const options = { transform: single, like, inverse };
    const { data } = image;
    const { grid } = image;
    return data instanceof Float32Array
      ? await applyTransform(gpu, { ...options, image: { grid, data } }) as T
      : await applyTransformToLabels(gpu, { ...options, image: { grid, data } }) as T;
  }
  const result = await applyPointTransform(gpu, { map, image, like, inverse });
  if (result.residual > MAX_RESIDUAL) {
    onNotice(
      `The inverse transform has errors up to ${
        result.residual.toFixed(2)
      } mm, because the transform folds.`,
    );
  }
  return result.image;
}

if (import.meta.main) await runTask(TASK, main);
