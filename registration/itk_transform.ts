/**
 * Transforms in ITK's text format (.tfm, .txt): composites, matrices and displacement fields. ITK's points are LPS mm.
 *
 * @module
 */

import { printable } from "../host/parse_json.ts";
import { type Matrix4, multiply, transformPoint, type Triple } from "../volume/affine.ts";
import { Grid } from "../volume/grid.ts";
import { chainOf, ofField, ofMatrix, type PointTransform } from "./point_transform.ts";
import { type ControlGrid, displacementMap, type Transform } from "./transform.ts";
import { TransformFileError } from "./transform_file.ts";

/** Between RAS and LPS, in both directions. */
const FLIP: Matrix4 = [-1, 0, 0, 0, 0, -1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];

/** A matrix in the other axes. */
export function flipped(matrix: Matrix4): Matrix4 {
  return multiply(FLIP, multiply(matrix, FLIP)).map((v) => v + 0);
}

/** One transform of a file. */
export interface ItkEntry {
  /** The class with the types of its numbers, such as AffineTransform_double_3_3. */
  readonly kind: string;
  /** The parameters. */
  readonly parameters: ArrayLike<number>;
  /** The fixed parameters. */
  readonly fixed: ArrayLike<number>;
}

/** The class of a list of transforms, which has no parameters. */
export const ITK_COMPOSITE = "CompositeTransform_double_3_3";

/**
 * Decodes ITK's text format.
 *
 * @param name - The file's name, for messages.
 * @throws {TransformFileError} when the text is no such file, or has transforms that are not read, such as B-splines.
 */
export function decodeItkTransform(text: string, name: string): PointTransform {
  if (!/^#Insight Transform File/.test(text)) {
    throw new TransformFileError(
      `${name} is not a transform file of ITK ("#Insight Transform File" is missing).`,
    );
  }
  const entries: ItkEntry[] = [];
  let kind = "";
  let parameters: number[] = [];
  let fixed: number[] = [];
  const finish = () => {
    if (kind !== "") entries.push({ kind, parameters, fixed });
    [kind, parameters, fixed] = ["", [], []];
  };
  for (const line of text.split(/\r?\n/).map(printable)) {
    const [, key, value] = /^\s*(Transform|Parameters|FixedParameters)\s*:(.*)$/.exec(line) ?? [];
    if (key === "Transform") {
      finish();
      kind = value.trim();
    } else if (key === "Parameters") parameters = numbers(value, name);
    else if (key === "FixedParameters") fixed = numbers(value, name);
  }
  finish();
  return mapOfItkEntries(entries, name);
}

/**
 * The map of the transforms of a file, of which ITK applies the last one first.
 *
 * @param name - The file's name, for messages.
 * @throws {TransformFileError} when there is none, or one that is not read.
 */
export function mapOfItkEntries(entries: readonly ItkEntry[], name: string): PointTransform {
  const found = entries.filter(({ kind }) => !kind.startsWith("CompositeTransform"));
  if (found.length === 0) throw new TransformFileError(`${name} has no transform.`);
  return chainOf(found.map((entry) => mapOf(entry, name)).reverse());
}

function numbers(text: string, name: string): number[] {
  const values = text.trim() === "" ? [] : text.trim().split(/\s+/).map(Number);
  if (!values.every(Number.isFinite)) {
    throw new TransformFileError(
      `${name} is damaged: "${text.trim().slice(0, 40)}" are no numbers`,
    );
  }
  return values;
}

function mapOf({ kind, parameters, fixed }: ItkEntry, name: string): PointTransform {
  if (/^DisplacementFieldTransform_\w+_3_3$/.test(kind)) {
    return ofField(decodeField(parameters, Array.from(fixed), name));
  }
  const base = kind.replace(/_(double|float)_3_3$/, "");
  // Fields have millions of parameters, and linear transforms twelve.
  const few = Array.from({ length: Math.min(parameters.length, 12) }, (_, i) => parameters[i]);
  const linear = base === kind ? undefined : linearPart(base, few, Array.from(fixed));
  const isWhole = linear !== undefined &&
    [...linear.rows, ...linear.translation, ...linear.centre].every(Number.isFinite);
  if (!isWhole) {
    throw new TransformFileError(
      linear === undefined
        ? `${name} has a transform of the kind ${kind}, which is not read. Convert it to an affine transform or to a ` +
          "displacement field first."
        : `${name} is damaged: ${kind} lacks parameters`,
    );
  }
  try {
    return ofMatrix(centredMatrix(linear));
  } catch (cause) {
    throw new TransformFileError(`${name}: its matrix is singular`, { cause });
  }
}

/** y = rows (x - centre) + translation + centre, LPS mm. */
export interface CentredMap {
  /** A 3x3 matrix, row by row. */
  readonly rows: readonly number[];
  /** The translation. */
  readonly translation: readonly number[];
  /** The fixed point of the rotation. */
  readonly centre: readonly number[];
}

/** The matrix of a centred map, RAS mm. */
export function centredMatrix({ rows, translation, centre }: CentredMap): Matrix4 {
  const offset = [0, 1, 2].map((k) => {
    const turned = rows[3 * k] * centre[0] + rows[3 * k + 1] * centre[1] +
      rows[3 * k + 2] * centre[2];
    return translation[k] + centre[k] - turned;
  });
  const row = (k: number) => [...rows.slice(3 * k, 3 * k + 3), offset[k]];
  return flipped([...row(0), ...row(1), ...row(2), 0, 0, 0, 1]);
}

/** The linear transforms of ITK, after its classes of the same names; undefined for another. */
function linearPart(
  kind: string,
  p: readonly number[],
  fixed: readonly number[],
): CentredMap | undefined {
  const at = (values: readonly number[], from: number) =>
    [0, 1, 2].map((k) => values[from + k] ?? NaN);
  const centre = fixed.length >= 3 ? at(fixed, 0) : [0, 0, 0];
  const identity = [1, 0, 0, 0, 1, 0, 0, 0, 1];
  switch (kind) {
    case "AffineTransform":
    case "MatrixOffsetTransformBase":
      return { rows: [0, 3, 6].flatMap((from) => at(p, from)), translation: at(p, 9), centre };
    case "Euler3DTransform":
      return { rows: eulerRows(at(p, 0), fixed[3] === 1), translation: at(p, 3), centre };
    case "VersorRigid3DTransform":
      return { rows: versorRows(at(p, 0)), translation: at(p, 3), centre };
    case "Similarity3DTransform":
      return {
        rows: versorRows(at(p, 0)).map((v) => v * (p[6] ?? NaN)),
        translation: at(p, 3),
        centre,
      };
    case "TranslationTransform":
      return { rows: identity, translation: at(p, 0), centre: [0, 0, 0] };
    case "IdentityTransform":
      return { rows: identity, translation: [0, 0, 0], centre: [0, 0, 0] };
    default:
      return undefined;
  }
}

/** The rotation Rz Rx Ry, or with `isZyx` Rz Ry Rx, of three angles in radians. */
function eulerRows([ax, ay, az]: readonly number[], isZyx: boolean): number[] {
  const [c, s] = [Math.cos, Math.sin];
  const rx = [1, 0, 0, 0, 0, c(ax), -s(ax), 0, 0, s(ax), c(ax), 0, 0, 0, 0, 1];
  const ry = [c(ay), 0, s(ay), 0, 0, 1, 0, 0, -s(ay), 0, c(ay), 0, 0, 0, 0, 1];
  const rz = [c(az), -s(az), 0, 0, s(az), c(az), 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
  const m = multiply(rz, isZyx ? multiply(ry, rx) : multiply(rx, ry));
  return [0, 4, 8].flatMap((row) => m.slice(row, row + 3));
}

/** The rotation of a versor: the unit quaternion's x, y and z. */
function versorRows([x, y, z]: readonly number[]): number[] {
  const w = Math.sqrt(Math.max(0, 1 - x * x - y * y - z * z));
  // deno-fmt-ignore
  return [
    1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w),
    2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w),
    2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y),
  ];
}

/** A displacement field of a text: size, origin, spacing and direction are the fixed parameters. */
function decodeField(
  parameters: ArrayLike<number>,
  fixed: readonly number[],
  name: string,
): ControlGrid {
  const size = fixed.slice(0, 3) as unknown as Triple;
  const count = size[0] * size[1] * size[2];
  if (fixed.length < 18 || parameters.length !== 3 * count) {
    throw new TransformFileError(
      `${name} is damaged: a displacement field has ${parameters.length} numbers, where ${
        3 * count
      } are needed`,
    );
  }
  const [origin, spacing, direction] = [fixed.slice(3, 6), fixed.slice(6, 9), fixed.slice(9, 18)];
  const row = (k: number) => [
    direction[3 * k] * spacing[0],
    direction[3 * k + 1] * spacing[1],
    direction[3 * k + 2] * spacing[2],
    origin[k],
  ];
  const affine = multiply(FLIP, [...row(0), ...row(1), ...row(2), 0, 0, 0, 1]);
  const displacements = Float32Array.from(parameters, (v, i) => i % 3 === 2 ? v : 0 - v);
  try {
    return { size, affine: new Grid(size, affine).affine, displacements };
  } catch (cause) {
    throw new TransformFileError(`${name} is damaged: ${(cause as Error).message}`, { cause });
  }
}

/**
 * A transform as ITK has it: a composite of the rigid matrix and of a displacement field on the control points. Inside
 * the fixed image it is the same map to single precision; ITK takes the identity where the field ends, one control point
 * beyond the image.
 */
export function itkEntries(transform: Transform): ItkEntry[] {
  const { rigid, controlGrid } = transform;
  const lps = flipped(rigid);
  const entries: ItkEntry[] = [
    { kind: ITK_COMPOSITE, parameters: [], fixed: [] },
    {
      kind: "AffineTransform_double_3_3",
      parameters: [0, 4, 8].flatMap((k) => lps.slice(k, k + 3)).concat(lps[3], lps[7], lps[11]),
      fixed: [0, 0, 0],
    },
  ];
  if (controlGrid !== undefined) {
    const field = extended(controlGrid, transform.fixedGrid);
    entries.push({
      kind: "DisplacementFieldTransform_double_3_3",
      parameters: Float64Array.from(field.displacements, (v, i) => i % 3 === 2 ? v : 0 - v),
      fixed: fixedParameters(field),
    });
  }
  return entries;
}

/** The text of a transform in ITK's format, which ITK, ANTs, SimpleITK and 3D Slicer read; see {@link itkEntries}. */
export function encodeItkTransform(transform: Transform): string {
  const lines = ["#Insight Transform File V1.0"];
  itkEntries(transform).forEach(({ kind, parameters, fixed }, i) => {
    lines.push(`#Transform ${i}`, `Transform: ${kind}`);
    if (kind === ITK_COMPOSITE) return;
    // Displacements are single precision.
    const numbers = kind.startsWith("Displacement")
      ? Array.from(parameters, (v) => Number(v.toPrecision(9)))
      : Array.from(parameters);
    lines.push(
      `Parameters: ${numbers.join(" ")}`,
      `FixedParameters: ${Array.from(fixed).join(" ")}`,
    );
  });
  return lines.join("\n") + "\n";
}

/** The displacements on control points that reach one beyond the fixed image on all sides. */
function extended(controlGrid: ControlGrid, fixed: Grid): ControlGrid {
  const { affine } = controlGrid;
  const grid = new Grid(controlGrid.size, affine);
  const low = [0, 0, 0];
  const high = controlGrid.size.map((n) => n - 1);
  for (let corner = 0; corner < 8; corner++) {
    const index = fixed.size.map((n, axis) => corner >> axis & 1 ? n - 0.5 : -0.5);
    const place = transformPoint(grid.inverse, fixed.world(index as unknown as Triple));
    place.forEach((v, axis) => {
      low[axis] = Math.min(low[axis], Math.floor(v) - 1);
      high[axis] = Math.max(high[axis], Math.ceil(v) + 1);
    });
  }
  const size = low.map((v, axis) => high[axis] - v + 1) as unknown as Triple;
  const [x, y, z] = grid.world(low as unknown as Triple);
  const moved = affine.map((v, i) => i === 3 ? x : i === 7 ? y : i === 11 ? z : v);
  const u = displacementMap(controlGrid);
  const larger = new Grid(size, moved);
  const displacements = new Float32Array(3 * larger.voxels);
  for (let k = 0; k < larger.voxels; k++) {
    const index: Triple = [
      k % size[0],
      Math.floor(k / size[0]) % size[1],
      Math.floor(k / (size[0] * size[1])),
    ];
    displacements.set(u(larger.world(index)), 3 * k);
  }
  return { size, affine: moved, displacements };
}

/** Size, origin, spacing and direction of a field in LPS. */
function fixedParameters({ size, affine }: ControlGrid): number[] {
  const { spacing } = new Grid(size, affine);
  const lps = multiply(FLIP, affine);
  const direction = [0, 4, 8].flatMap((row) =>
    [0, 1, 2].map((axis) => lps[row + axis] / spacing[axis])
  );
  return [...size, lps[3], lps[7], lps[11], ...spacing, ...direction].map((v) => v + 0);
}
