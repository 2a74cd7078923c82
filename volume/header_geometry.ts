/**
 * The voxel-to-world matrix of a NIfTI header, which may contain three statements about it: the sform, the qform and
 * the voxel sizes (pixdim). This file decides which one is used, and notices contradictions.
 *
 * @module
 */

import { determinant3, type Matrix4, transformPoint, type Triple } from "./affine.ts";
import { ImageGeometryError } from "./nifti_errors.ts";
import { matrixOfQform, type Qform } from "./qform.ts";
import { printNotice, type ReadOptions } from "./read_options.ts";

/** The statements of a header about the geometry, in the file's unit of length. */
export interface HeaderGeometry {
  /** Length of each axis. */
  readonly dimensions: readonly number[];
  /** The sform; undefined if its code is 0. */
  readonly sform: Matrix4 | undefined;
  /** The qform; undefined if its code is 0. */
  readonly qform: Qform | undefined;
  /** Voxel sizes (pixdim), 0 where the header has none. */
  readonly pixdim: Triple;
  /** NIfTI's code of the unit of length (the lower three bits of xyzt_units). */
  readonly units: number;
}

/**
 * Cosine between two voxel axes above which a matrix counts as sheared (0.06 degrees: half a millimetre
 * over 500). Below it the matrix is used unchanged.
 */
export const SHEAR_TOLERANCE = 1e-3;

/** The relative difference up to which voxel sizes agree. */
const SIZE_TOLERANCE = 0.01;

/** The distance, in voxels of the smallest size, up to which sform and qform place the corners alike. */
const PLACE_TOLERANCE = 0.25;

/** Voxel sizes that are accepted, mm. Others come from a wrong unit. */
const VOXEL_SIZES = { min: 0.01, max: 50 };

const UNITS: Readonly<Record<number, { readonly name: string; readonly mm: number }>> = {
  0: { name: "unknown, taken as millimetres", mm: 1 },
  1: { name: "metres", mm: 1000 },
  2: { name: "millimetres", mm: 1 },
  3: { name: "micrometres", mm: 0.001 },
};

/**
 * The voxel-to-RAS matrix in mm: the sform when its code is set, else the qform, else the voxel size alone
 * (methods 3, 2 and 1 of the standard). With `trust: "qform"` the qform comes first.
 *
 * @param name - The file's name, for messages.
 * @throws {ImageGeometryError} when sform and pixdim give voxel sizes that differ by more than 1 % and none is
 * trusted, when voxels are larger than 50 mm or smaller than 0.01 mm, or when the matrix is singular, sheared or not
 * finite.
 */
export function headerAffine(
  geometry: HeaderGeometry,
  name: string,
  { trust, onNotice = printNotice }: ReadOptions = {},
): Matrix4 {
  const header = new Header(geometry, name);
  const isQform = trust === "qform";
  const chosen = isQform ? header.byQform() : header.sform ?? header.byQform();
  header.check(chosen, isQform);
  if (header.sform === undefined) {
    const notice = header.missing();
    if (notice !== undefined) onNotice(notice);
  } else if (header.isReliable(header.sform)) {
    const difference = header.difference();
    if (difference?.remedy !== undefined && trust === undefined) {
      throw new ImageGeometryError(`${difference.text} ${difference.remedy}`);
    }
    if (difference !== undefined) onNotice(`${difference.text} ${header.use(trust)}`);
  }
  header.checkSizes(chosen);
  return chosen;
}

/** The remedies for voxel sizes that differ, without and with a qform. */
const CHOOSE =
  "choose one with --trust sform or --trust qform (the option or manifest field `trust`).";
const SCALE_SFORM =
  `Write the right voxel sizes into pixdim and into the columns of the sform, or ${CHOOSE}`;
const COPY_MATRIX =
  "Mend the header (with nibabel, image.set_qform(image.get_sform(), 1) makes both the sform, and " +
  `image.set_sform(image.get_qform(), 1) makes both the qform), or ${CHOOSE}`;

/** A contradiction in a header. */
interface Difference {
  /** The sentence about it. */
  readonly text: string;
  /** The remedy, if the file is refused unless one matrix is trusted. */
  readonly remedy?: string | undefined;
}

/** The statements of one header in mm, and the messages about them. */
class Header {
  readonly sform: Matrix4 | undefined;
  readonly #geometry: HeaderGeometry;
  readonly #name: string;
  readonly #mm: number;

  constructor(geometry: HeaderGeometry, name: string) {
    this.#geometry = geometry;
    this.#name = name;
    this.#mm = UNITS[geometry.units]?.mm ?? 1;
    this.sform = geometry.sform && this.#inMm(geometry.sform);
  }

  /** The qform; without a qform the sform with the voxel sizes of pixdim; without both the voxel sizes alone. */
  byQform(): Matrix4 {
    const { qform, pixdim } = this.#geometry;
    if (qform !== undefined) {
      return this.#inMm(matrixOfQform({ ...qform, spacing: sizesOf(qform.spacing) }));
    }
    if (this.sform !== undefined) {
      const lengths = spacingOf(this.sform);
      const factors = pixdim.map((size, axis) => size > 0 ? size * this.#mm / lengths[axis] : 1);
      return this.sform.map((value, i) => i < 12 && i % 4 < 3 ? value * factors[i % 4] : value);
    }
    const [dx, dy, dz] = sizesOf(pixdim);
    return this.#inMm([dx, 0, 0, 0, 0, dy, 0, 0, 0, 0, dz, 0, 0, 0, 0, 1]);
  }

  /** Returns true if a matrix is finite and invertible. */
  isReliable(m: Matrix4): boolean {
    return isReliable(m);
  }

  /**
   * Refuses a matrix that is not finite, singular or sheared.
   *
   * @throws {ImageGeometryError} when it is.
   */
  check(m: Matrix4, isQform: boolean): void {
    const { qform } = this.#geometry;
    const other = this.sform !== undefined && qform !== undefined
      ? `, or choose the other one with --trust ${isQform ? "sform" : "qform"}`
      : "";
    checkMatrix(m, this.#name, `Repair the sform or qform${other}.`);
  }

  /** The contradiction between the sform and the rest of the header; undefined if they agree. */
  difference(): Difference | undefined {
    const { qform, pixdim } = this.#geometry;
    const sform = this.sform!;
    const sizes = spacingOf(sform);
    const stated = pixdim.map((size) => size * this.#mm);
    const differs = (axis: number) =>
      this.#isLong(axis) && stated[axis] > 0 &&
      Math.abs(sizes[axis] / stated[axis] - 1) > SIZE_TOLERANCE;
    if ([0, 1, 2].some(differs)) {
      const by = qform === undefined ? "pixdim" : "pixdim and the qform";
      const text =
        `${this.#name} contradicts itself: its voxels are ${sizesText(sizes)} by the sform, ` +
        `and ${sizesText(stated)} by ${by}.`;
      return { text, remedy: qform === undefined ? SCALE_SFORM : COPY_MATRIX };
    }
    if (qform === undefined) return undefined;
    const other = this.byQform();
    if (!this.isReliable(other)) return { text: `${this.#name}: its qform is damaged.` };
    const distance = this.#distance(sform, other);
    const allowed = PLACE_TOLERANCE * Math.min(...sizes) + this.#rounding(qform, sizes);
    if (!(distance > allowed)) return undefined;
    const text =
      `${this.#name} contradicts itself: its sform and its qform place the voxels up to ` +
      `${distance.toFixed(1)} mm and ${angle(sform, other).toFixed(1)} degrees apart.`;
    return { text };
  }

  /** The sentences about the matrix that is used. */
  use(trust: ReadOptions["trust"]): string {
    const isMixed = trust === "qform" && this.#geometry.qform === undefined;
    const used = isMixed
      ? "sform is used with the voxel sizes of pixdim"
      : `${trust ?? "sform"} is used`;
    if (trust !== undefined) return `The ${used}, as \`trust\` demands.`;
    return `The ${used}; other programs may use the qform. --trust qform (the option or manifest ` +
      "field `trust`) selects the qform.";
  }

  /** The notice about a header without sform that has no qform or no voxel sizes; undefined if it has both. */
  missing(): string | undefined {
    const { qform, pixdim } = this.#geometry;
    const sizes = qform?.spacing ?? pixdim;
    const hasSizes = sizes.every((size, axis) => size !== 0 || !this.#isLong(axis));
    const size = hasSizes ? undefined : `${this.#name} has ${noVoxelSize("a pixdim of 0")}`;
    const position = qform === undefined ? this.#noPosition() : undefined;
    if (size === undefined || position === undefined) return size ?? position;
    return `${size} ${position}`;
  }

  /** The notice about a header with neither sform nor qform. */
  #noPosition(): string {
    return `${this.#name} has no position: its sform and qform codes are 0. Its voxel axes are taken as right, ` +
      "anterior and superior, and voxel (0, 0, 0) as the origin. Other programs differ: nibabel takes the first " +
      "axis as left, and the middle of the image as the origin. If the image has a position, write it into the " +
      "header.";
  }

  /**
   * Refuses voxels that are too large or too small.
   *
   * @throws {ImageGeometryError} when an axis of several voxels has voxels outside the accepted range.
   */
  checkSizes(m: Matrix4): void {
    const { units, dimensions } = this.#geometry;
    const by = `, by the units code ${units} (${
      UNITS[units]?.name ?? UNITS[0].name
    }) of its header`;
    const remedy = ", or the units code (1 metres, 2 millimetres, 3 micrometres)";
    checkVoxelSizes(m, dimensions, this.#name, { by, remedy });
  }

  /** Returns true if an axis has several voxels, so that their size matters. */
  #isLong(axis: number): boolean {
    return (this.#geometry.dimensions[axis] ?? 1) > 1;
  }

  #inMm(m: Matrix4): Matrix4 {
    return m.map((value, i) => i < 12 ? value * this.#mm : value);
  }

  /** The largest distance between the corners of the image by two matrices, mm. */
  #distance(a: Matrix4, b: Matrix4): number {
    let max = 0;
    for (let corner = 0; corner < 8; corner++) {
      const index = [0, 1, 2].map((axis) =>
        corner >> axis & 1 ? (this.#geometry.dimensions[axis] ?? 1) - 1 : 0
      ) as unknown as Triple;
      const p = transformPoint(a, index);
      const q = transformPoint(b, index);
      max = Math.max(max, Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]));
    }
    return max;
  }

  /**
   * The distance in mm by which a corner may move because NIfTI-1 stores a quaternion in single precision: its angle
   * has an error of 2e-7 / a, and of 7e-4 near a half turn, where a = sqrt(1 - b^2 - c^2 - d^2) is near 0.
   */
  #rounding({ quaternion: [b, c, d] }: Qform, sizes: Triple): number {
    const { dimensions } = this.#geometry;
    const diagonal = Math.hypot(...sizes.map((size, axis) => size * (dimensions[axis] ?? 1)));
    const a = Math.sqrt(Math.max(0, 1 - b * b - c * c - d * d));
    return diagonal * Math.min(7e-4, 2e-7 / a);
  }
}

/** Returns true if a matrix is finite and invertible. */
function isReliable(m: Matrix4): boolean {
  const [x, y, z] = spacingOf(m);
  return m.every(Number.isFinite) && Math.abs(determinant3(m)) > 1e-6 * x * y * z;
}

/**
 * Refuses a voxel-to-world matrix that is not finite, singular or sheared.
 *
 * @param name - The file's name, for messages.
 * @param repair - The sentence that says how to repair a matrix that is not finite or singular.
 * @throws {ImageGeometryError} when it is.
 */
export function checkMatrix(m: Matrix4, name: string, repair: string): void {
  if (!isReliable(m)) {
    const text = [0, 4, 8].map((i) => m.slice(i, i + 4).join(" ")).join(" / ");
    const fault = m.every(Number.isFinite) ? "singular" : "not finite";
    throw new ImageGeometryError(
      `${name}: the voxel-to-world matrix is ${fault} (${text}). ${repair}`,
    );
  }
  const shear = shearOf(m);
  if (shear > SHEAR_TOLERANCE) {
    throw new ImageGeometryError(
      `${name}: its voxel axes are not at right angles (cosine ${shear.toFixed(4)}, allowed ` +
        `${SHEAR_TOLERANCE}). Resample it onto a grid without shear first.`,
    );
  }
}

/** The words of {@link checkVoxelSizes}. */
interface SizeWords {
  /** What states the unit, after the sizes. */
  readonly by: string;
  /** What could be corrected in addition to the sizes. */
  readonly remedy: string;
}

/**
 * Refuses voxels that are too large or too small.
 *
 * @param m - Voxel index to world mm.
 * @param dimensions - Length of each axis.
 * @param name - The file's name, for messages.
 * @throws {ImageGeometryError} when an axis of several voxels has voxels outside the accepted range.
 */
export function checkVoxelSizes(
  m: Matrix4,
  dimensions: readonly number[],
  name: string,
  { by, remedy }: SizeWords = { by: "", remedy: "" },
): void {
  const sizes = spacingOf(m);
  const isOutside = (size: number, axis: number) =>
    (dimensions[axis] ?? 1) > 1 && (size < VOXEL_SIZES.min || size > VOXEL_SIZES.max);
  if (!sizes.some(isOutside)) return;
  throw new ImageGeometryError(
    `${name}: its voxels measure ${
      sizesText(sizes)
    }${by}. Voxels of ${VOXEL_SIZES.min} to ${VOXEL_SIZES.max} mm ` +
      `are accepted. Correct the voxel sizes${remedy}.`,
  );
}

/**
 * The notice about an image without a voxel size, after "has".
 *
 * @param what - What the header lacks, as the object of "its header has".
 */
export function noVoxelSize(what: string): string {
  return `no voxel size: its header has ${what}. 1 mm is taken, as ITK takes it. All lengths in mm depend on it. If ` +
    "the voxels have another size, write it into the header.";
}

/** Voxel sizes of a matrix. */
function spacingOf(m: Matrix4): Triple {
  return [
    Math.hypot(m[0], m[4], m[8]),
    Math.hypot(m[1], m[5], m[9]),
    Math.hypot(m[2], m[6], m[10]),
  ];
}

/** Voxel sizes with 1 where the header has none. */
function sizesOf(pixdim: Triple): Triple {
  return pixdim.map((size) => size === 0 ? 1 : size) as unknown as Triple;
}

/** The largest angle between the same voxel axes of two matrices, degrees. */
function angle(a: Matrix4, b: Matrix4): number {
  const ofA = spacingOf(a);
  const ofB = spacingOf(b);
  const cosines = [0, 1, 2].map((k) =>
    (a[k] * b[k] + a[4 + k] * b[4 + k] + a[8 + k] * b[8 + k]) / (ofA[k] * ofB[k])
  );
  return Math.acos(Math.max(-1, Math.min(1, ...cosines))) * 180 / Math.PI;
}

/** Sizes in mm, to four digits. */
function sizesText(sizes: readonly number[]): string {
  return `${sizes.map((size) => Number(size.toPrecision(4))).join(" x ")} mm`;
}

/** The largest absolute cosine between two columns of a matrix: 0 where its axes are at right angles. */
export function shearOf(m: Matrix4): number {
  const lengths = spacingOf(m);
  const cosine = (i: number, j: number) =>
    Math.abs(m[i] * m[j] + m[4 + i] * m[4 + j] + m[8 + i] * m[8 + j]) / (lengths[i] * lengths[j]);
  return Math.max(cosine(0, 1), cosine(0, 2), cosine(1, 2));
}
