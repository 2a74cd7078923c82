/**
 * The report's pictures: syntheses with contours, registrations with contours, what the trainings did.
 *
 * @module
 */

import { readVolume } from "../../volume/read_nifti.ts";
import { writeWholeFile } from "../../host/write_file.ts";
import { type Method, METHODS } from "../methods.ts";
import type { RegionPair } from "../scores/pair_registration.ts";
import type { Figure } from "./report_page.ts";
import type { StudyModel } from "../models.ts";
import type { KeptSynthesis, StudyRegistrations } from "../stages/registrations.ts";
import type { StudyRegion } from "../regions.ts";
import { synthesisPicture } from "./synthesis_picture.ts";
import type { ScoredPair } from "../tables/table2.ts";

/** What {@link studyFigures} is made from. */
export interface StudyFiguresOptions {
  /** The run folder. */
  readonly out: string;
  /** The regions that were studied. */
  readonly regions: readonly StudyRegion[];
  /** The trained models. */
  readonly models: readonly StudyModel[];
  /** Keys of the trained models by their folders. */
  readonly keys: ReadonlyMap<string, string>;
  /** The registrations. */
  readonly registrations: StudyRegistrations;
}

/**
 * Reads the pictures that a study left in its run folder, and draws the syntheses.
 *
 * @returns Pictures under their headings.
 */
export async function studyFigures(
  options: StudyFiguresOptions,
): Promise<Record<string, Figure[]>> {
  const { out, models, registrations } = options;
  const samples: Figure[] = [];
  const losses: Figure[] = [];
  for (const { folder, settings: { epochs, stepsPerEpoch } } of models) {
    const name = folder.replace("models/", "").replaceAll("_", ", ");
    const last = `step-${String(epochs * stepsPerEpoch).padStart(7, "0")}.png`;
    samples.push({
      caption: `${name}: training images, their syntheses and the way back, slice in the middle`,
      png: await Deno.readFile(`${out}/${folder}/samples/${last}`),
    });
    losses.push({
      caption: `${name}: losses, running means`,
      png: await Deno.readFile(`${out}/${folder}/losses.png`),
    });
  }
  return {
    "Figures 1 and 2: syntheses of the first pair": await synthesisFigures(options),
    "Figure 3: registrations of the first pair": await registrationFigures(
      out,
      registrations.pairs,
      options.regions,
    ),
    "What the cycle-GANs learned": samples,
    "Losses": losses,
  };
}

/** For the first pair: each image and what each cycle-GAN makes of it. */
async function synthesisFigures(
  { out, regions, keys, registrations }: StudyFiguresOptions,
): Promise<Figure[]> {
  type Synthesis = { readonly method: Method; readonly kept: KeptSynthesis };
  const first = registrations.pairs[0].subject;
  const figures: Figure[] = [];
  const found = new Map<StudyRegion, { read: () => Promise<RegionPair>; all: Synthesis[] }>();
  await registrations.eachSynthesis(keys, ({ subject, region, read }, method, kept) => {
    if (subject !== first) return Promise.resolve();
    if (!found.has(region)) found.set(region, { read, all: [] });
    found.get(region)!.all.push({ method, kept });
    return Promise.resolve();
  });
  for (const region of regions) {
    const { read, all } = found.get(region)!;
    const { fixed, moving } = await read();
    for (const to of ["mr", "ct"] as const) {
      const source = to === "mr" ? moving : fixed;
      const from = to === "mr" ? "CT" : "MR";
      const images = [{ title: from, image: source.image }];
      for (const { method, kept } of all.filter(({ method }) => method.synthesis!.of === to)) {
        images.push({ title: method.title, image: await readVolume(kept.path) });
      }
      const labels = region === "all" ? undefined : source.labels;
      const caption = `${first}, ${region}: the ${from} and the ${to.toUpperCase()} that each ` +
        `cycle-GAN makes of it${labels ? `, with contours of the labels of the ${from}` : ""}`;
      const png = synthesisPicture({ images, labels, caption }).toPng();
      await writeWholeFile(`${out}/synthesis/${first}_${region}_${to}.png`, png);
      figures.push({ caption, png });
    }
  }
  return figures;
}

/** For the first pair: the best method on original images, and the best synthesised column, by region. */
async function registrationFigures(
  out: string,
  pairs: readonly ScoredPair[],
  regions: readonly StudyRegion[],
): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const region of regions) {
    const here = pairs.filter((pair) => pair.region === region);
    const [{ subject }] = here;
    for (const isSynthesised of [false, true]) {
      const [best] = METHODS
        .filter(({ similarity, synthesis }) =>
          similarity && (synthesis !== undefined) === isSynthesised
        )
        .sort((a, b) => goodness(here, b.name) - goodness(here, a.name));
      figures.push({
        caption:
          `${subject}, ${region}, ${best.title} (the best of its kind there): fixed image, ` +
          "moving image before and after, checkerboards, contours, log of the Jacobian determinant",
        png: await Deno.readFile(`${out}/registrations/${subject}_${region}_${best.name}.png`),
      });
    }
  }
  return figures;
}

/** Mean Dice, or NMI where there are no labels. */
function goodness(pairs: readonly ScoredPair[], method: string): number {
  const values = pairs.flatMap(({ results: { [method]: result } }) => {
    const dice = Object.values(result.dice).filter((value) => value !== null);
    return dice.length > 0 ? dice : [result.nmi ?? 0];
  });
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
