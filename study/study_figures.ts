/**
 * The report's pictures: what the cycle-GANs learned, and registrations with contours.
 *
 * @module
 */

import { METHODS } from "./methods.ts";
import { REGIONS } from "./grid_search_plan.ts";
import type { ProfileName } from "./profiles.ts";
import type { Figure } from "./report_page.ts";
import { studyModels } from "./study_models.ts";
import { type ScoredPair, table2 } from "./table2.ts";

/**
 * Reads the pictures that a study left in its run folder.
 *
 * @returns Pictures under their headings.
 */
export async function studyFigures(
  out: string,
  profile: ProfileName,
  seed: number,
  pairs: readonly ScoredPair[],
): Promise<Record<string, Figure[]>> {
  const syntheses: Figure[] = [], losses: Figure[] = [];
  for (const { folder, settings: { epochs, stepsPerEpoch } } of studyModels(profile, seed)) {
    const name = folder.replace("models/", "").replaceAll("_", ", ");
    const last = `step-${String(epochs * stepsPerEpoch).padStart(7, "0")}.png`;
    syntheses.push({
      caption: `${name}: training images, their syntheses and the way back, slice in the middle`,
      png: await Deno.readFile(`${out}/${folder}/samples/${last}`),
    });
    losses.push({
      caption: `${name}: losses, running means`,
      png: await Deno.readFile(`${out}/${folder}/losses.png`),
    });
  }
  return {
    "Registrations: the first subject": await registrationFigures(out, pairs),
    "Figures 1 and 2: syntheses by each cycle-GAN": syntheses,
    "Losses": losses,
  };
}

/** For the first subject: the best method on original images, and the best synthesised column, by region. */
async function registrationFigures(out: string, pairs: readonly ScoredPair[]): Promise<Figure[]> {
  const rows = table2(pairs), figures: Figure[] = [];
  for (const region of REGIONS) {
    const pair = pairs.find((one) => one.region === region);
    const dice = rows.find((row) => row.region === region)!.dice;
    if (pair === undefined) continue;
    for (const isSynthesised of [false, true]) {
      const [best] = METHODS
        .filter(({ similarity, synthesis }) =>
          similarity && (synthesis !== undefined) === isSynthesised
        )
        .sort((a, b) => dice[b.name] - dice[a.name]);
      figures.push({
        caption:
          `${pair.subject}, ${region}, ${best.title} (the best of its kind there): fixed image, ` +
          "moving image before and after, checkerboards, contours, log of the Jacobian determinant",
        png: await Deno.readFile(`${out}/registrations/${pair.subject}_${region}_${best.name}.png`),
      });
    }
  }
  return figures;
}
