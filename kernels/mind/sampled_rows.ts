/**
 * The rows of a block whose voxels are compared. Neighbouring voxels show the same structure, so that a part of the
 * rows moves the control points of a fine level as all of them do, in less time. The rows are fixed, so that an
 * optimiser sees one function of the displacements.
 *
 * @module
 */

/** Rows of a block, whose voxels along y and z are counted from 0: all, or every other one (y + z is odd). */
export type SampledRows = "all" | "alternate";

/** WGSL expressions for the rows of a plane of a block, from `k`, the plane in the block, and `width`. */
export const SAMPLED_ROWS: Readonly<Record<SampledRows, { first: string; step: string }>> = {
  all: { first: "0u", step: "1u" },
  // A block of one voxel has one row.
  alternate: { first: "min(1u - (k & 1u), width - 1u)", step: "2u" },
};

/** WGSL: the first sampled row from the row `j` of a block on, counted from `j`. */
export function firstSampledRow(rows: SampledRows): string {
  return rows === "all" ? "0u" : `((${SAMPLED_ROWS[rows].first} + j) & 1u)`;
}

/** Whether the row (y, z) of a block is sampled. */
export function isSampledRow(
  rows: SampledRows,
  { y, z, width }: { readonly y: number; readonly z: number; readonly width: number },
): boolean {
  return rows === "all" || width === 1 || (y + z) % 2 === 1;
}

/** Rows of a block for each one that is sampled. */
export function rowsPerSample(rows: SampledRows, width: number): number {
  let sampled = 0;
  for (let z = 0; z < width; z++) {
    for (let y = 0; y < width; y++) if (isSampledRow(rows, { y, z, width })) sampled++;
  }
  return width ** 2 / sampled;
}
