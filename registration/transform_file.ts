/**
 * Transforms as JSON text.
 *
 * @module
 */

import { CrosswarpError } from "../host/errors.ts";
import { parseJson } from "../host/parse_json.ts";
import { Grid } from "../volume/grid.ts";
import { decodeFloats, encodeFloats } from "./float_text.ts";
import type { ControlGrid, Transform } from "./transform.ts";

/** A text is not a transform. */
export class TransformFileError extends CrosswarpError {
  /** The name of the class. */
  override readonly name = "TransformFileError";
}

const FORMAT = "crosswarp-transform";
const VERSION = 1;
const CONVENTION = "A point x of the fixed image corresponds to the point rigid(x + u(x)) of the " +
  "moving image. All points are RAS millimetres; matrices are 4x4, row by row. u is linear between " +
  "control points and constant beyond; its values are little-endian 32-bit floats in base64, x, y, z " +
  "of each control point, x fastest.";

/** The transform as JSON text, with everything that is needed to apply it. */
export function encodeTransform(transform: Transform): string {
  const { rigid, controlGrid, fixedGrid, movingGrid } = transform;
  const grid = ({ size, affine }: Grid) => ({ size, affine });
  return JSON.stringify(
    {
      format: FORMAT,
      version: VERSION,
      convention: CONVENTION,
      rigid,
      fixedGrid: grid(fixedGrid),
      movingGrid: grid(movingGrid),
      controlGrid: controlGrid === undefined ? null : {
        size: controlGrid.size,
        affine: controlGrid.affine,
        displacements: encodeFloats(controlGrid.displacements),
      },
    },
    null,
    2,
  ) + "\n";
}

/**
 * The transform of a JSON text.
 *
 * @param text - A text from {@link encodeTransform}.
 * @param name - The file's name, for messages.
 * @throws {TransformFileError} when the text is not a complete transform.
 */
export function decodeTransform(text: string, name = "the transform"): Transform {
  let value: Record<string, unknown>;
  try {
    value = parseJson(text) as Record<string, unknown>;
  } catch (cause) {
    throw new TransformFileError(
      `${name} is not JSON (${(cause as Error).message}). Give the transform.json of a ` +
        "registration.",
    );
  }
  if (value?.format !== FORMAT) {
    throw new TransformFileError(
      `${name} is not a crosswarp transform: give the transform.json of a registration`,
    );
  }
  if (value.version !== VERSION) {
    throw new TransformFileError(
      `${name} has version ${value.version}; this program reads version ${VERSION}. Update it.`,
    );
  }
  try {
    const controlGrid = value.controlGrid as Record<string, unknown> | null;
    return {
      rigid: numbers(value.rigid, 16),
      fixedGrid: gridOf(value.fixedGrid),
      movingGrid: gridOf(value.movingGrid),
      controlGrid: controlGrid === null ? undefined : controlGridOf(controlGrid),
    };
  } catch (cause) {
    throw new TransformFileError(`${name} is damaged: ${(cause as Error).message}`, { cause });
  }
}

function numbers(value: unknown, length: number): number[] {
  if (!Array.isArray(value) || value.length !== length || !value.every(Number.isFinite)) {
    throw new RangeError(`expected ${length} numbers`);
  }
  return value;
}

function gridOf(value: unknown): Grid {
  const { size, affine } = value as Record<string, unknown>;
  const [nx, ny, nz] = numbers(size, 3);
  return new Grid([nx, ny, nz], numbers(affine, 16));
}

function controlGridOf(value: Record<string, unknown>): ControlGrid {
  const { size, affine } = gridOf(value);
  const displacements = decodeFloats(value.displacements);
  if (displacements.length !== 3 * size[0] * size[1] * size[2]) {
    throw new RangeError("the displacements do not fit the control grid's size");
  }
  if (!displacements.every(Number.isFinite)) throw new RangeError("a displacement is not finite");
  return { size, affine, displacements };
}
