/**
 * Table 1: mean volumes of the structures, with the paper's.
 *
 * @module
 */

import { type StructureName, STRUCTURES } from "../../cohort/label_scheme.ts";
import type { Manifest } from "../../cohort/manifest.ts";
import { determinant3 } from "../../volume/affine.ts";
import { readLabels } from "../../cohort/read_labels.ts";
import type { LabelVolume } from "../../volume/volume.ts";
import { meanOf } from "../scores/mean.ts";
import { PAPER_TABLE_1 } from "./paper_tables.ts";
import { type Cells, fixed } from "./text_table.ts";

/** Mean volumes of one structure over the subjects with one image. */
export interface Table1Row {
  /** The structure. */
  readonly structure: StructureName;
  /** Mean volume in CT-only subjects, cm3; NaN when none shows it. */
  readonly ct: number;
  /** Mean volume in MR-only subjects, cm3; NaN when none shows it. */
  readonly mr: number;
}

/** Volumes by label id, cm3; an id that does not occur is not there. */
export function labelVolumes({ grid, data }: LabelVolume): Map<number, number> {
  const counts = new Map<number, number>();
  for (const label of data) if (label !== 0) counts.set(label, (counts.get(label) ?? 0) + 1);
  const voxel = Math.abs(determinant3(grid.affine)) / 1000;
  return new Map([...counts].map(([label, count]) => [label, count * voxel]));
}

/**
 * Measures Table 1 on a cohort's unpaired subjects (the paper's training images). Structures that a
 * manifest excludes, or that an image does not show, do not count.
 */
export async function table1(
  manifest: Manifest,
  signal?: AbortSignal,
): Promise<readonly Table1Row[]> {
  const measured = { ct: [] as Map<number, number>[], mr: [] as Map<number, number>[] };
  for (const { kind, labels, exclude, trust } of manifest.subjects) {
    signal?.throwIfAborted();
    if (kind === "paired") continue;
    const path = labels[kind];
    if (path === undefined) continue;
    const volumes = labelVolumes(await readLabels(path, { trust }));
    for (const label of exclude?.[kind] ?? []) volumes.delete(label);
    measured[kind].push(volumes);
  }
  return STRUCTURES.map(({ name, label }) => ({
    structure: name,
    ct: meanOf(measured.ct.map((volumes) => volumes.get(label))),
    mr: meanOf(measured.mr.map((volumes) => volumes.get(label))),
  }));
}

/** Table 1 as text cells: volumes and their ratio, ours and the paper's. */
export function table1Cells(rows: readonly Table1Row[]): Cells {
  const cells = (...values: readonly number[]) => values.map((value) => fixed(value, 0));
  return [
    ["Volume, ml", "CT", "MR", "CT/MR, %", "paper CT", "paper MR", "paper CT/MR, %"],
    ...rows.map(({ structure, ct, mr }) => {
      const paper = PAPER_TABLE_1[structure];
      return [
        structure,
        ...cells(ct, mr, 100 * ct / mr),
        ...cells(paper.ct, paper.mr, paper.ratio),
      ];
    }),
  ];
}
