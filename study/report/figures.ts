/**
 * The report's pictures: syntheses and registrations with contours, samples and losses of the trainings.
 *
 * @module
 */

import { readVolume } from "../../volume/read_nifti.ts";
import { writeWholeFile } from "../../host/write_file.ts";
import type { ImageRegion } from "../../workflows/body_region.ts";
import { StudyCases } from "../cases.ts";
import { COLUMNS, isSynthesised, SYNTHESISED_COLUMNS } from "../columns.ts";
import type { StudyContext } from "../context.ts";
import { stepsOf, type TrainedModel } from "../models.ts";
import { StudySyntheses } from "../syntheses.ts";
import { curveFigures } from "../training_curve.ts";
import type { ScoredPair } from "../tables/table2.ts";
import type { Figure } from "./report_page.ts";
import { synthesisPicture } from "./synthesis_picture.ts";

/**
 * Reads the pictures that a study left in its run folder, and draws the syntheses.
 *
 * @returns Pictures under their headings.
 */
export async function studyFigures(
  study: StudyContext,
  models: readonly TrainedModel[],
  pairs: readonly ScoredPair[],
): Promise<Record<string, Figure[]>> {
  const { out } = study;
  const samples: Figure[] = [];
  const losses: Figure[] = [];
  for (const model of models) {
    const name = model.folder.replace("models/", "").replaceAll("_", ", ");
    const last = `step-${String(stepsOf(model)).padStart(7, "0")}.png`;
    samples.push({
      caption: `${name}: training images, their syntheses and the way back, slice in the middle`,
      png: await Deno.readFile(`${out}/${model.folder}/samples/${last}`),
    });
    losses.push({
      caption: `${name}: losses, running means`,
      png: await Deno.readFile(`${out}/${model.folder}/losses.png`),
    });
  }
  return {
    "Figures 1 and 2: syntheses of the first pair": await synthesisFigures(study, models),
    "Figure 3: registrations of the first pair": await registrationFigures(
      out,
      pairs,
      study.regions,
    ),
    "What the cycle-GANs learned": samples,
    // Of `bench:training-curve`, if it was run.
    "Bias over the training": await curveFigures(out),
    "Losses": losses,
  };
}

/** Each image of the first pair with its synthesis by each cycle-GAN. */
async function synthesisFigures(
  study: StudyContext,
  models: readonly TrainedModel[],
): Promise<Figure[]> {
  const cases = new StudyCases(study);
  using syntheses = new StudySyntheses(cases, models);
  const first = cases.all[0].subject.id;
  const figures: Figure[] = [];
  for (const one of cases.all.filter(({ subject }) => subject.id === first)) {
    const { region } = one;
    const { fixed, moving } = await cases.read(one);
    for (const to of ["mr", "ct"] as const) {
      const source = to === "mr" ? moving : fixed;
      const from = to === "mr" ? "CT" : "MR";
      const images = [{ title: from, image: source.image }];
      for (const column of SYNTHESISED_COLUMNS.filter(({ synthesis }) => synthesis.of === to)) {
        const { path } = await syntheses.make(one, column);
        images.push({ title: column.title, image: await readVolume(path) });
      }
      const labels = region === "all" ? undefined : source.labels;
      const caption = `${first}, ${region}: the ${from} and the ${to.toUpperCase()} that each ` +
        `cycle-GAN makes of it${labels ? `, with contours of the labels of the ${from}` : ""}`;
      const png = synthesisPicture({ images, labels, caption }).toPng();
      await writeWholeFile(`${study.out}/synthesis/${first}_${region}_${to}.png`, png);
      figures.push({ caption, png });
    }
  }
  return figures;
}

/** For each region the first pair by the best column on original images, and by the best on synthesised ones. */
async function registrationFigures(
  out: string,
  pairs: readonly ScoredPair[],
  regions: readonly ImageRegion[],
): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const region of regions) {
    const here = pairs.filter((pair) => pair.region === region);
    const [{ subject }] = here;
    for (const wanted of [false, true]) {
      const [best] = COLUMNS
        .filter((column) => column.similarity && isSynthesised(column) === wanted)
        .sort((a, b) => goodness(here, b.name) - goodness(here, a.name));
      figures.push({
        caption:
          `${subject}, ${region}, ${best.title} (the best of its kind in this region): fixed image, ` +
          "moving image before and after, checkerboards, contours, log of the Jacobian determinant",
        png: await Deno.readFile(`${out}/registrations/${subject}_${region}_${best.name}.png`),
      });
    }
  }
  return figures;
}

/** Mean Dice, or NMI where there are no labels. */
function goodness(pairs: readonly ScoredPair[], column: string): number {
  const values = pairs.flatMap(({ results: { [column]: result } }) => {
    const dice = Object.values(result.dice).filter((value) => value !== null);
    return dice.length > 0 ? dice : [result.nmi ?? 0];
  });
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
