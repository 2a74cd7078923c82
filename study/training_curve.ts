/**
 * What a cycle-GAN does to the images in the course of its training: measures of its syntheses after some steps, as a
 * CSV file in the run folder, and their figures in the report.
 *
 * @module
 */

import { linePlot } from "../pictures/line_plot.ts";
import type { Modality } from "../volume/modality.ts";
import type { ImageRegion } from "../workflows/body_region.ts";
import type { Figure } from "./report/report_page.ts";
import { writeText } from "./run_folder.ts";
import { meanOf } from "./scores/mean.ts";
import type { SynthesisScores } from "./scores/synthesis_scores.ts";
import { csvTable } from "./tables/text_table.ts";

/** The file in a run folder. */
export const TRAINING_CURVE_FILE = "training-curve.csv";

/** The trainings that are compared: the paper's, and the one that keeps correspondence. */
export const CURVE_TRAININGS = ["plain", "corrected"] as const;
/** One of {@link CURVE_TRAININGS}. */
export type CurveTraining = typeof CURVE_TRAININGS[number];

/** The measures of a synthesis; NaN where one is not known. */
export const CURVE_MEASURES = [
  "dice",
  "lungVolume",
  "lungDice",
  "correlation",
  "shift",
  "error",
] as const;
/** One of {@link CURVE_MEASURES}. */
export type CurveMeasure = typeof CURVE_MEASURES[number];

/** The measures of one synthesis after some steps. */
export interface CurveRow extends Readonly<Record<CurveMeasure, number>> {
  /** The training: one of {@link CURVE_TRAININGS}, or "corrected without" some of its parts. */
  readonly training: string;
  /** The region. */
  readonly region: ImageRegion;
  /** Seed of the networks. */
  readonly seed: number;
  /** Number of steps of the training. */
  readonly step: number;
  /** Modality of the synthesis. */
  readonly of: Modality;
  /** The subject. */
  readonly subject: string;
}

/** The measures of a synthesis: Dice of the registration in percent, shift in mm, error as a share of the range. */
export function curveMeasures(
  { lungVolume, lungDice, correlation, error, truthEdges }: SynthesisScores,
  dice: number,
): Record<CurveMeasure, number> {
  const { right, front, up } = truthEdges;
  const shift = Math.max(Math.abs(right), Math.abs(front), Math.abs(up));
  return { dice, lungVolume, lungDice, correlation, shift, error };
}

const COLUMNS = ["training", "region", "seed", "step", "of", "subject", ...CURVE_MEASURES] as const;

/** Writes the rows to a run folder. */
export async function writeCurve(out: string, rows: readonly CurveRow[]): Promise<void> {
  const cells = rows.map((row) =>
    COLUMNS.map((column) => {
      const value = row[column];
      if (typeof value === "string") return value;
      return Number.isNaN(value) ? "" : String(Number(value.toPrecision(6)));
    })
  );
  await writeText(`${out}/${TRAINING_CURVE_FILE}`, csvTable([COLUMNS, ...cells]));
}

/**
 * Reads the rows of a run folder; none if it has no file.
 *
 * @throws {Error} if the file has other columns.
 */
export async function readCurve(out: string): Promise<CurveRow[]> {
  const path = `${out}/${TRAINING_CURVE_FILE}`;
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
  const [header, ...lines] = text.trim().split(/\r?\n/);
  // Files of the first version have no seed, which was 1.
  const isFirstVersion = header === COLUMNS.filter((column) => column !== "seed").join(",");
  if (!isFirstVersion && header !== COLUMNS.join(",")) {
    throw new Error(`${path} has other columns than ${COLUMNS.join(", ")}: remove it`);
  }
  return lines.map((line) => {
    const cells = line.split(",");
    if (isFirstVersion) cells.splice(COLUMNS.indexOf("seed"), 0, "1");
    const row = Object.fromEntries(COLUMNS.map((column, i) => [column, cells[i]]));
    const measures = CURVE_MEASURES.map((name) => [name, row[name] === "" ? NaN : +row[name]]);
    return {
      ...row,
      seed: Number(row.seed),
      step: Number(row.step),
      ...Object.fromEntries(measures),
    } as CurveRow;
  });
}

/** A curve: means over the subjects, and over the seeds of the networks, after each number of steps. */
export interface MeanCurve {
  /** The training. */
  readonly training: string;
  /** The region. */
  readonly region: ImageRegion;
  /** Modality of the syntheses. */
  readonly of: Modality;
  /** Numbers of steps, ascending. */
  readonly steps: readonly number[];
  /** The means in the order of the steps; NaN where nothing is known. */
  readonly means: Readonly<Record<CurveMeasure, readonly number[]>>;
}

/** The means over the subjects and the seeds. */
export function meanCurves(rows: readonly CurveRow[]): MeanCurve[] {
  const groups = Map.groupBy(rows, ({ training, region, of }) => `${training} ${region} ${of}`);
  return [...groups.values()].map((own) => {
    const [{ training, region, of }] = own;
    const steps = [...new Set(own.map(({ step }) => step))].sort((a, b) => a - b);
    const means = CURVE_MEASURES.map((name) => [
      name,
      steps.map((step) => meanOf(own.filter((row) => row.step === step).map((row) => row[name]))),
    ]);
    return { training, region, of, steps, means: Object.fromEntries(means) };
  });
}

/** The measures that are drawn; the correlation can be negative and is only in the table. */
const DRAWN: Readonly<Partial<Record<CurveMeasure, string>>> = {
  lungVolume: "Volume of the lungs divided by the true volume",
  shift: "Largest shift along an axis against the true image, mm",
  dice: "Mean Dice of the registration, %",
};

/** Draws the curves of a run folder's plain and corrected training; nothing if it has none. */
export async function curveFigures(out: string): Promise<Figure[]> {
  const all = meanCurves(await readCurve(out)).filter(({ training }) =>
    (CURVE_TRAININGS as readonly string[]).includes(training)
  );
  return [...Map.groupBy(all, ({ region }) => region)].flatMap(([region, curves]) =>
    figuresOf(region, curves)
  );
}

function figuresOf(region: ImageRegion, curves: readonly MeanCurve[]): Figure[] {
  const steps = [...new Set(curves.flatMap((curve) => curve.steps))].sort((a, b) => a - b);
  return Object.entries(DRAWN).map(([measure, title]) => ({
    caption:
      `${region}: ${title}, over the steps of the training; means over the paired subjects and the seeds`,
    png: linePlot({
      title,
      lines: curves.map(({ training, of, steps: own, means }) => ({
        name: `${training} ${of.toUpperCase()}`,
        values: steps.map((step) => {
          const at = own.indexOf(step);
          return at < 0 ? NaN : means[measure as CurveMeasure][at];
        }),
      })),
      x: steps,
      xTitle: "steps",
    }).toPng(),
  }));
}
