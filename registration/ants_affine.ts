/**
 * Affine transforms in MATLAB's format of level 4, as ANTs writes them (0GenericAffine.mat).
 *
 * @module
 */

import { printable } from "../host/parse_json.ts";
import type { Matrix4 } from "../volume/affine.ts";
import { centredMatrix } from "./itk_transform.ts";
import { TransformFileError } from "./transform_file.ts";

/** The kinds of transforms that have nine numbers of a matrix and three of a translation. */
const KINDS = /^(AffineTransform|MatrixOffsetTransformBase)_(double|float)_3_3$/;

/**
 * Decodes an affine transform of ANTs.
 *
 * @param name - The file's name, for messages.
 * @returns The matrix from the fixed to the moving image, RAS mm.
 * @throws {TransformFileError} when the file is damaged, or has another transform.
 */
export function decodeAntsAffine(bytes: Uint8Array, name: string): Matrix4 {
  const variables = matlabVariables(bytes, name);
  const parameters = [...variables].find(([key]) => KINDS.test(key))?.[1];
  const fixed = variables.get("fixed");
  if (parameters?.length !== 12 || fixed?.length !== 3) {
    throw new TransformFileError(
      `${name} has ${
        printable([...variables.keys()].join(", ")) || "no variables"
      }, not an affine transform as ANTs writes it.`,
    );
  }
  return centredMatrix({
    rows: parameters.slice(0, 9),
    translation: parameters.slice(9),
    centre: fixed,
  });
}

/** The matrices of a file by their names: a header of five 32-bit numbers, the name, and the values. */
function matlabVariables(bytes: Uint8Array, name: string): Map<string, number[]> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = new Map<string, number[]>();
  for (let at = 0; at < bytes.length;) {
    if (at + 20 > bytes.length) throw damaged(name);
    const [type, rows, columns, imaginary, length] = [0, 4, 8, 12, 16]
      .map((k) => view.getInt32(at + k, true));
    // 0: little-endian doubles; 10: singles.
    const size = type === 0 ? 8 : type === 10 ? 4 : 0;
    const start = at + 20 + length;
    const end = start + size * rows * columns;
    if (
      size === 0 || imaginary !== 0 || length < 1 || !(rows >= 0 && columns >= 0) ||
      end > bytes.length
    ) {
      throw damaged(name);
    }
    const key = new TextDecoder("latin1").decode(bytes.subarray(at + 20, start)).replace(
      /\0.*/s,
      "",
    );
    found.set(
      key,
      Array.from(
        { length: rows * columns },
        (_, i) =>
          size === 8 ? view.getFloat64(start + 8 * i, true) : view.getFloat32(start + 4 * i, true),
      ),
    );
    at = end;
  }
  return found;
}

function damaged(name: string): TransformFileError {
  return new TransformFileError(
    `${name} is not a MATLAB file of level 4 as ANTs writes it, or it is damaged. Convert it to a text file with ` +
      "ConvertTransformFile.",
  );
}
