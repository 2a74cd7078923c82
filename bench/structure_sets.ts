/**
 * Compares RT Structure Sets with plastimatch and dicom3tools, for `deno task bench:formats`.
 *
 * @module
 */

import { encodeTransform } from "../registration/transform_file.ts";
import * as points from "../tasks/points.ts";
import { dicomFile } from "../testing/dicom_file.ts";
import { random } from "../testing/random.ts";
import { callModule } from "../testing/run_task.ts";
import { circle, type MadeRoi, structureSetFile } from "../testing/structure_set_file.ts";
import type { Triple } from "../volume/affine.ts";
import { diceCoefficient, diceCounts } from "../volume/dice.ts";
import { readStructureSet } from "../volume/dicom/structure_set.ts";
import { structureLabels } from "../volume/dicom/structure_labels.ts";
import { Grid } from "../volume/grid.ts";
import { readGrid, readLabelVolume } from "../volume/read_nifti.ts";

/** Runs a program and returns its standard output. */
export type Run = (program: string, args: readonly string[]) => Promise<string>;

/** One comparison: what, with which program, the number of files, and 1 - Dice or the number of errors. */
export type StructureRow = readonly [
  what: string,
  peer: string,
  files: number,
  difference: readonly [value: number, allowed: number, unit: string],
];

const SIZE = 96;
const SLICES = 40;

/** The part of a Dice coefficient that may be missing. */
const ALLOWED = 0.005;

const FIXED = {
  axial: { orientation: [1, 0, 0, 0, 1, 0], step: [0, 0, 3], first: [-72, -66, -55] },
  coronal: { orientation: [1, 0, 0, 0, 0, -1], step: [0, 3, 0], first: [-72, -60, 70] },
  oblique: {
    orientation: [1, 0, 0, 0, Math.cos(0.3), Math.sin(0.3)],
    step: [0, -3 * Math.sin(0.3), 3 * Math.cos(0.3)],
    first: [-72, -50, -75],
  },
} as const;

/** Balls, a shell, two parts in one region, a point and a line, LPS. */
function regions(): MadeRoi[] {
  const planes = (of: (z: number) => [number, Triple][]) =>
    Array.from({ length: 25 }, (_, i) => 3 * i - 36).flatMap((z) =>
      of(z).map(([radius, centre]) => ({ points: circle(centre, radius, 120) }))
    );
  const ball = planes((z) => Math.abs(z) < 30 ? [[Math.sqrt(900 - z * z), [0, 0, z]]] : []);
  const shell = planes((z) => Math.abs(z) > 20 ? [] : [[28, [5, 5, z]], [15, [5, 5, z]]]);
  const two = planes((z) => Math.abs(z) > 12 ? [] : [[9, [-25, -20, z]], [6, [25, 20, z]]]);
  return [
    { name: "Ball", contours: ball },
    { name: "Shell", contours: shell },
    { name: "Two", contours: two },
    { name: "Point", contours: [{ kind: "POINT", points: [[3, 4, 6]] }] },
    { name: "Line", contours: [{ kind: "OPEN_PLANAR", points: [[3, 4, 6], [20, 4, 6]] }] },
  ];
}

async function writeSeries(
  folder: string,
  { orientation, step, first }: typeof FIXED[keyof typeof FIXED],
  series: string,
): Promise<void> {
  await Deno.mkdir(folder);
  for (let k = 0; k < SLICES; k++) {
    const file = dicomFile({
      columns: SIZE,
      rows: SIZE,
      spacing: [1.5, 1.5],
      thickness: 3,
      series,
      orientation,
      position: first.map((v, axis) => v + k * step[axis]) as unknown as Triple,
      instance: k + 1,
      pixels: new Array(SIZE * SIZE).fill(100 + k),
      texts: [
        [0x00080020, "DA", "20200102"],
        [0x00080030, "TM", "120000"],
        [0x00200010, "SH", "1"],
        [0x00200052, "UI", `${series}.7`],
        [0x00100010, "PN", "Doe^Jane"],
        [0x00100020, "LO", "P17"],
      ],
    });
    await Deno.writeFile(`${folder}/${k}.dcm`, file);
  }
}

/** 1 minus the smallest Dice coefficient of the regions of a file with masks. */
async function worstOverlap(file: string, masks: string, names: readonly string[]) {
  const structures = await readStructureSet(file);
  let worst = 0;
  for (const name of names) {
    const mask = await readLabelVolume(`${masks}/${name}.nrrd`);
    const rois = structures.rois.filter((roi) => roi.name === name);
    const ours = structureLabels({
      structures: { ...structures, rois },
      grid: mask.grid,
      ids: new Map([[name, 1]]),
      onNotice: () => {},
    });
    const [count] = diceCounts(ours.data, mask.data.map((v) => Number(v > 0)), [1]);
    worst = Math.max(worst, 1 - diceCoefficient(count));
  }
  return worst;
}

/** Maps a structure set into three series, and compares the results. */
export async function compareStructures(folder: string, run: Run): Promise<StructureRow[]> {
  const rows: StructureRow[] = [];
  const plan = `${folder}/plan.dcm`;
  const rois = regions();
  await Deno.writeFile(plan, structureSetFile({ rois }));
  const next = random(5);
  const controls = Grid.axisAligned([7, 7, 7], [30, 30, 30], [-90, -90, -90]);
  const areas = rois.slice(0, 3).map(({ name }) => name);
  for (const [name, place] of Object.entries(FIXED)) {
    const series = `${folder}/fixed ${name}`;
    await writeSeries(series, place, "1.2.3.1");
    const grid = await readGrid(series);
    await Deno.writeTextFile(
      `${folder}/structures.json`,
      encodeTransform({
        rigid: [0.995, -0.0998, 0, 3, 0.0998, 0.995, 0, -2, 0, 0, 1, 4, 0, 0, 0, 1],
        fixedGrid: grid,
        movingGrid: Grid.axisAligned([SIZE, SIZE, SLICES], [1.5, 1.5, 3], [-72, -72, -60]),
        controlGrid: {
          size: controls.size,
          affine: controls.affine,
          displacements: Float32Array.from({ length: 3 * 343 }, () => 8 * (next() - 0.5)),
        },
      }),
    );
    const out = `${folder}/warped ${name}.dcm`;
    const transform = `${folder}/structures.json`;
    const flags = ["--transform", transform, "--points", plan, "--like", series, "--out", out];
    const { code, text } = await callModule(points, "--inverse", ...flags);
    if (code !== 0) throw new Error(text);
    const findings = await run("dciodvfy", ["-new", out]);
    const errors = findings.split("\n").filter((line) => line.startsWith("Error")).length;
    rows.push([`RTSTRUCT written here, ${name}`, "dciodvfy", 1, [errors, 0, "errors"]]);
    // plastimatch reads contours in axial slices only.
    if (name !== "axial") continue;
    const masks = `${folder}/masks`;
    const format = ["--output-prefix", masks, "--prefix-format", "nrrd"];
    await run("plastimatch", ["convert", "--input", out, "--referenced-ct", series, ...format]);
    const written = await worstOverlap(out, masks, areas);
    rows.push(["RTSTRUCT written here", "plastimatch", 1, [
      written,
      ALLOWED,
      "of Dice is missing",
    ]]);
    const theirs = `${folder}/by plastimatch`;
    const input = ["--input", series, "--input-prefix", masks];
    await run("plastimatch", ["convert", ...input, "--output-dicom", theirs]);
    const files = await Array.fromAsync(Deno.readDir(theirs));
    const file = files.find((entry) => entry.name.startsWith("rtss"))!.name;
    const read = await worstOverlap(`${theirs}/${file}`, masks, areas);
    rows.push(["RTSTRUCT written by it", "plastimatch", 1, [read, ALLOWED, "of Dice is missing"]]);
  }
  return rows;
}
