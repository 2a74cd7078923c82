/**
 * The volume of a DICOM series: its slices in order, their checks, and the grid.
 *
 * @module
 */

import type { Matrix4, Triple } from "../affine.ts";
import { SHEAR_TOLERANCE } from "../header_geometry.ts";
import { LPS_SIGNS, placementMatrix } from "../formats/placement.ts";
import { printNotice, type ReadOptions } from "../read_options.ts";
import { DicomSeriesError } from "./dicom_errors.ts";
import {
  describeSeries,
  type DicomSeries,
  type DicomSlice,
  hasRepeats,
  heightOf,
  normalOf,
} from "./dicom_series.ts";
import { nameOfOtherSyntax, transferSyntaxOf } from "./transfer_syntaxes.ts";

/** The part of a slice distance by which distances may differ. */
const STEP_TOLERANCE = 0.01;
/** The distance in mm by which positions may differ, because files round them. */
const ROUNDING = 0.02;

/** A series that can be read. */
export interface DicomVolume {
  /** The slices in the order of the third axis. */
  readonly slices: readonly DicomSlice[];
  /** Voxels along each axis. */
  readonly size: Triple;
  /** Voxel index to RAS mm. */
  readonly affine: Matrix4;
}

/**
 * Orders the slices of a series and checks that they are one volume.
 *
 * @param folder - The folder, for messages.
 * @throws {DicomSeriesError} when they are not: pixels of an unknown compression or with colours, no positions, several
 * images per position, missing slices, uneven distances, a gantry tilt.
 * @throws {ImageGeometryError} when the geometry cannot be used.
 */
export function dicomVolume(
  series: DicomSeries,
  folder: string,
  options: ReadOptions,
): DicomVolume {
  const name = `${folder}, series ${describeSeries(series)}`;
  const refuse = (what: string, advice: string) => {
    throw new DicomSeriesError(`${name}: ${what}. ${advice}`);
  };
  const [{ file, frame }] = series.slices;
  const convert = "Convert it with dcm2niix.";
  const unread = series.slices.map((slice) => slice.file.transferSyntax)
    .find((uid) => transferSyntaxOf(uid) === undefined);
  if (unread !== undefined) {
    refuse(
      `its pixels are compressed by ${nameOfOtherSyntax(unread)} (${unread})`,
      "Decompress its files with `gdcmconv --raw` or dcmdjpeg, or convert it with dcm2niix.",
    );
  }
  if (file.modality === "RTDOSE" || file.modality === "SEG") {
    refuse(`it is no image (${file.modality})`, "Give the original images of a CT or MR scanner.");
  }
  if (file.samples !== 1) refuse(`it has ${file.samples} colours per pixel`, "Give a grey image.");
  if (file.isMosaic) refuse("its images are mosaics of slices", convert);
  if (file.hasLookupTable) refuse("its intensities follow from a lookup table", convert);
  if (![8, 16, 32].includes(file.bits.allocated)) {
    refuse(`its pixels have ${file.bits.allocated} bits; 8, 16 and 32 are read`, convert);
  }
  const syntax = transferSyntaxOf(file.transferSyntax)!;
  if (syntax.code === "jpeg" && file.bits.stored > 8) {
    refuse(`its pixels are lossy JPEG of ${file.bits.stored} bits; 8 bits are read`, convert);
  }
  const { orientation, spacing } = frame;
  const heights = series.slices.map((slice) => heightOf(slice.frame) ?? NaN);
  if (orientation === undefined || spacing === undefined || heights.some(Number.isNaN)) {
    refuse(
      file.frames.length > 1
        ? `its file has ${file.frames.length} frames without positions`
        : "its images have no position, orientation or pixel spacing",
      "Give the original images of a CT or MR scanner.",
    );
  }
  if (hasRepeats(series.slices)) {
    refuse(
      "it has several images at the same position, such as time points, echoes or diffusion weightings",
      "Convert it with dcm2niix, and give one of its volumes.",
    );
  }
  const order = series.slices.map((_, i) => i).sort((a, b) => heights[a] - heights[b]);
  const slices = order.map((i) => series.slices[i]);
  const step = checkedStep(slices, order.map((i) => heights[i]), refuse);
  const [column, row] = orientation!;
  const size: Triple = [...file.size, slices.length];
  const affine = placementMatrix(
    {
      dimensions: size,
      steps: [scaled(column, spacing![0]), scaled(row, spacing![1]), step],
      origin: slices[0].frame.position!,
      signs: LPS_SIGNS,
      field: "Image Orientation (Patient)",
    },
    name,
    options,
  );
  const lossy = lossyCompression(slices);
  if (lossy !== undefined) (options.onNotice ?? printNotice)(`${name}: ${lossy}.`);
  return { slices, size, affine };
}

/**
 * Returns true if the pixels of a slice were compressed with loss, by their file or by their transfer syntax. JPEG
 * baseline always has a loss; the other lossy syntaxes can also have frames without one.
 */
function isSliceLossy({ file: { transferSyntax, wasLossy } }: DicomSlice): boolean {
  const syntax = transferSyntaxOf(transferSyntax);
  if (syntax?.code === "jpeg") return true;
  return wasLossy ?? syntax?.isLossy ?? false;
}

/** Returns true if pixels of slices were compressed with loss. */
export function isLossy(slices: readonly DicomSlice[]): boolean {
  return slices.some(isSliceLossy);
}

/** A notice about pixels that were compressed with loss; undefined if no slice has such pixels. */
function lossyCompression(slices: readonly DicomSlice[]): string | undefined {
  const found = slices.find(isSliceLossy);
  if (found === undefined) return undefined;
  const { transferSyntax, lossyRatio } = found.file;
  const syntax = transferSyntaxOf(transferSyntax);
  const how = syntax?.isLossy ? ` by ${syntax.name}` : "";
  const ratio = lossyRatio === undefined ? "" : `, ${Number(lossyRatio.toPrecision(3))} : 1`;
  return `its pixels are lossy compressed${how}${ratio}; they differ from those of the scanner`;
}

/** The step from one slice to the next, LPS mm. */
function checkedStep(
  slices: readonly DicomSlice[],
  heights: readonly number[],
  refuse: (what: string, advice: string) => void,
): Triple {
  const { position, orientation, thickness = 1 } = slices[0].frame;
  const normal = normalOf(orientation!);
  const last = slices.length - 1;
  if (last === 0) return scaled(normal, thickness);
  const steps = heights.slice(1).map((height, i) => height - heights[i]);
  const usual = [...steps].sort((x, y) => x - y)[Math.floor(steps.length / 2)];
  const allowed = Math.max(STEP_TOLERANCE * usual, ROUNDING);
  const wrong = steps.findIndex((step) => Math.abs(step - usual) > allowed);
  if (wrong >= 0) {
    const times = steps[wrong] / usual;
    const isGap = Math.round(times) > 1 && Math.abs(times - Math.round(times)) < 0.05;
    const between = `${slices[wrong].file.path.replace(/^.*[/\\]/, "")} and ${
      slices[wrong + 1].file.path.replace(/^.*[/\\]/, "")
    }`;
    refuse(
      isGap
        ? `${Math.round(times) - 1} of its slices are missing between ${between}`
        : `its slices are unevenly spaced: ${mm(steps[wrong])} between ${between}, and usually ${
          mm(usual)
        }`,
      isGap
        ? "Export it again with all slices."
        : "Resample it to even distances, for example with dcm2niix.",
    );
  }
  const end = slices[last].frame.position!;
  const step = end.map((v, axis) => (v - position![axis]) / last) as unknown as Triple;
  const length = Math.hypot(...step);
  const cosine = Math.abs(step.reduce((sum, v, axis) => sum + v * normal[axis], 0)) / length;
  const tilt = Math.acos(Math.min(1, cosine));
  if (tilt > SHEAR_TOLERANCE) {
    refuse(
      `its slices are displaced against each other, as by a gantry tilt of ${
        (tilt * 180 / Math.PI).toFixed(1)
      } degrees`,
      "Convert it with dcm2niix, which corrects a tilt of CT.",
    );
  }
  return step;
}

function scaled(v: Triple, factor: number): Triple {
  return [v[0] * factor, v[1] * factor, v[2] * factor];
}

function mm(value: number): string {
  return `${Number(value.toFixed(3))} mm`;
}
