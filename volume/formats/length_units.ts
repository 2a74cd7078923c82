/**
 * The units of length that NRRD and MetaImage headers name.
 *
 * @module
 */

import { ImageGeometryError } from "../nifti_errors.ts";
import { printNotice, type ReadOptions } from "../read_options.ts";

/** Millimetres per unit. NIfTI has codes for metres, millimetres and micrometres. */
const MILLIMETRES: Readonly<Record<string, number>> = { mm: 1, cm: 10, m: 1000, um: 0.001 };

/** The names with which a header says that the unit is not known. Lengths are then millimetres, as with NIfTI. */
const UNKNOWN = ["", "?", "???"];

/**
 * Millimetres per unit of length.
 *
 * @param unit - The unit's name in the header.
 * @param field - The field that names it, for messages.
 * @param name - The file's name, for messages.
 * @throws {ImageGeometryError} when the unit is no length that is read.
 */
export function millimetresPer(unit: string, field: string, name: string): number {
  if (UNKNOWN.includes(unit)) return 1;
  const millimetres = MILLIMETRES[unit.toLowerCase()];
  if (millimetres === undefined) {
    throw new ImageGeometryError(
      `${name} has the ${field} "${unit}"; mm, cm, m and um are read. Write its lengths in mm.`,
    );
  }
  return millimetres;
}

/** Notices that lengths are converted, since ITK and the programs that use it take the numbers as millimetres. */
export function noticeUnits(
  units: readonly string[],
  field: string,
  name: string,
  { onNotice = printNotice }: ReadOptions,
): void {
  const others = new Set(units.filter((unit) => millimetresPer(unit, field, name) !== 1));
  if (others.size === 0) return;
  onNotice(
    `${name} has lengths in ${
      [...others].join(" and ")
    }, by its ${field}. They are converted to mm; ITK ignores ` +
      `${field} and takes the numbers as mm. If they are mm, correct ${field}.`,
  );
}
