/**
 * What a region of interest loses on its way through a transform.
 *
 * @module
 */

import { determinant3, type Triple } from "../volume/affine.ts";
import type { ContourParts } from "../volume/contours/contour_parts.ts";
import type { RoiBody } from "../volume/dicom/roi_bodies.ts";

/** The number of points of a body at which the change of volumes is computed. */
const SAMPLES = 400;
/** The distance of the points whose map gives the Jacobian determinant, mm. */
const DIFFERENCE = 0.5;
/** The part of the expected volume by which the volume may differ, in addition to the largest slice. */
const TOLERANCE = 0.1;

/**
 * Collects the contours of a region in all slices, and compares them with its body: separate parts that have no contour,
 * and the volume.
 */
export class StructureLosses {
  readonly #body: RoiBody;
  readonly #cell: number;
  readonly #parts: ContourParts;
  readonly #found = new Set<number>();
  #area = 0;
  #largest = 0;

  /**
   * A collection without contours.
   *
   * @param body - The region in its own image.
   * @param cell - The volume in mm3 of an area of 1.
   */
  constructor(body: RoiBody, cell: number) {
    this.#body = body;
    this.#cell = cell;
    this.#parts = body.parts;
  }

  /**
   * Adds a slice.
   *
   * @param area - The area of its contours.
   * @param inside - Points of the body (RAS mm) that these contours enclose.
   */
  add(area: number, inside: () => readonly Triple[]): void {
    this.#area += area;
    this.#largest = Math.max(this.#largest, area);
    if (this.#found.size === this.#parts.volumes.length) return;
    for (const point of inside()) this.#found.add(this.#parts.at(point));
  }

  /**
   * Sentences about losses, without the name of the region.
   *
   * @param back - The map of points of the body to the image of the slices.
   */
  notices(back: (point: Triple) => Triple): string[] {
    const { volumes } = this.#parts;
    const total = volumes.reduce((sum, volume) => sum + volume, 0);
    const missing = volumes.filter((_, part) => !this.#found.has(part));
    const notices: string[] = [];
    if (missing.length > 0) {
      const lost = missing.reduce((sum, volume) => sum + volume, 0);
      notices.push(
        `${missing.length} of its ${volumes.length} separate parts have no contour in the slices of the result, ${
          millilitres(lost)
        } of ${
          millilitres(total)
        }. They are thinner than 1 mm, lie between two slices, or lie outside.`,
      );
    }
    if (this.#parts.crossings > 0) return notices;
    const change = volumeChange(this.#body, total, back);
    const volume = this.#area * this.#cell;
    const expected = total * change;
    // A slice at each end is in the result or not.
    const allowed = TOLERANCE * expected + this.#largest * this.#cell;
    if (Math.abs(volume - expected) > allowed) {
      notices.push(
        `the contours of the result enclose ${millilitres(volume)}, and the transform makes ${
          millilitres(expected)
        } of its ${millilitres(total)}. Compare the result with the image.`,
      );
    }
    return notices;
  }
}

/** The mean Jacobian determinant of a map in a body; 1 if no sample is inside. */
function volumeChange(
  { stack: { planes, axes: [a, b], normal }, solid, step }: RoiBody,
  volume: number,
  map: (point: Triple) => Triple,
): number {
  const distance = Math.sqrt(volume / step / SAMPLES);
  let sum = 0;
  let count = 0;
  for (const { height, rings } of planes) {
    const limits = [0, 1].map((axis) => {
      const values = rings.flatMap((ring) => [...ring.filter((_, i) => i % 2 === axis)]);
      return [values.reduce((x, y) => Math.min(x, y)), values.reduce((x, y) => Math.max(x, y))];
    });
    const [[u0, u1], [v0, v1]] = limits;
    for (let v = v0 + distance / 2; v < v1; v += distance) {
      for (let u = u0 + distance / 2; u < u1; u += distance) {
        const at = (axis: number) => u * a[axis] + v * b[axis] + height * normal[axis];
        const point: Triple = [at(0), at(1), at(2)];
        if (!(solid.depth(...point) > 0)) continue;
        sum += determinant(map, point);
        count++;
      }
    }
  }
  return count === 0 ? 1 : sum / count;
}

/** The Jacobian determinant of a map. */
function determinant(map: (point: Triple) => Triple, [x, y, z]: Triple): number {
  const origin = map([x, y, z]);
  const columns = [
    map([x + DIFFERENCE, y, z]),
    map([x, y + DIFFERENCE, z]),
    map([x, y, z + DIFFERENCE]),
  ].map((moved) => moved.map((value, axis) => (value - origin[axis]) / DIFFERENCE));
  const row = (axis: number) => [columns[0][axis], columns[1][axis], columns[2][axis], 0];
  return determinant3([row(0), row(1), row(2), [0, 0, 0, 1]].flat());
}

function millilitres(volume: number): string {
  return `${Number((volume / 1000).toPrecision(3))} mL`;
}
