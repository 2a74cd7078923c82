/**
 * The findings about the bias of the lungs: syntheses show the lungs of the population that the networks learned.
 *
 * @module
 */

import type { Modality } from "../../volume/modality.ts";
import { ganSettings } from "../../workflows/gan_profiles.ts";
import { PLAIN_COLUMNS } from "../columns.ts";
import { PAPER_TABLE_1 } from "../tables/paper_tables.ts";
import { fixed } from "../tables/text_table.ts";
import type { Finding, Judgement } from "./finding.ts";
import { judge, missingScores, type Part } from "./judge.ts";
import { LUNG_VOLUME, lungBorders, POPULATIONS_DIFFER, STEPS_TO_BIAS } from "./measures.ts";
import {
  lungsOf,
  populationLungs,
  type StudyScores,
  type SynthesisedLungs,
} from "./study_scores.ts";

/** The sign of the paper's bias: lungs are too small in a synthesised MR and too large in a synthesised CT. */
const DIRECTION = { mr: -1, ct: 1 } as const;
const MODALITIES = ["mr", "ct"] as const;

/** The lungs of the plain syntheses by modality. */
type PlainLungs = Readonly<Record<Modality, SynthesisedLungs>>;

/**
 * The lungs of the syntheses have the bias of the populations. Volume and borders must both show it: a synthesis that
 * keeps or omits the vessels of the lungs changes the volume and does not move the borders.
 */
export function lungBias(scores: StudyScores): Finding {
  const lungs = plainLungs(scores);
  return {
    sentence:
      "The lungs of the syntheses have the bias of the populations: they are too small in a " +
      "synthesised MR and too large in a synthesised CT.",
    paper: `no volumes of syntheses; the populations' volumes would give ${populationVolumes()}`,
    ours: `${textOf(lungs)}; ${populationText(scores)}`,
    ...equalPopulations(scores) ?? judge(MODALITIES.flatMap((of) => biasParts(scores, lungs, of))),
  };
}

/** With equal populations, plain syntheses do not have the bias of finding 4; undefined in other cohorts. */
export function noBiasIfBalanced(scores: StudyScores): Finding | undefined {
  if (scores.breathing !== "balanced") return undefined;
  const lungs = plainLungs(scores);
  return {
    sentence:
      "If both populations breathe alike, the bias of the lungs vanishes with the plain training.",
    paper: "no numbers; the conclusion asks for balanced populations",
    ours: `${textOf(lungs)}; ${populationText(scores)}`,
    ...judgeBalanced(scores, lungs),
  };
}

function judgeBalanced(scores: StudyScores, lungs: PlainLungs): Judgement {
  const parts = MODALITIES.map((of) => biasParts(scores, lungs, of));
  const missing = missingScores(parts.flat().flatMap((part) => part.scores));
  if (missing !== undefined) return missing;
  const biased = MODALITIES.filter((_, i) =>
    parts[i].every(({ value, measure }) => value > measure.limit)
  );
  if (biased.length > 0) {
    const images = biased.map((of) => `synthesised ${of.toUpperCase()} images`).join(" and the ");
    return {
      verdict: "does not hold",
      reason: `Volume and borders both show the bias in the ${images}.`,
    };
  }
  const { epochs, stepsPerEpoch } = ganSettings(scores.profile);
  const steps = epochs * stepsPerEpoch;
  if (steps < STEPS_TO_BIAS) {
    return {
      verdict: "not at this size",
      reason:
        `There is no bias, but the training has ${steps} steps. A training with populations that differ ` +
        `shows the bias from about ${STEPS_TO_BIAS} steps on.`,
    };
  }
  return {
    verdict: "holds",
    reason:
      "In no modality do volume and borders both show the bias. Compare this with finding 4 of a study whose " +
      "populations differ.",
  };
}

/** Volume and borders as parts of the claim that a modality's syntheses have the bias. */
function biasParts({ profile }: StudyScores, lungs: PlainLungs, of: Modality): Part[] {
  const { volume, borders } = lungs[of];
  const direction = DIRECTION[of];
  const images = `the synthesised ${of.toUpperCase()} images`;
  return [
    {
      difference: of === "mr"
        ? `1 minus the lung volume of ${images}`
        : `The lung volume of ${images} minus 1`,
      value: direction * (volume.value - 1),
      measure: LUNG_VOLUME,
      scores: [volume],
    },
    {
      difference: `The displacement of the lung borders of ${images} ${
        of === "mr" ? "inward" : "outward"
      }`,
      value: direction * borders.value,
      measure: lungBorders(profile.voxel),
      scores: [borders],
    },
  ];
}

/** The judgement on finding 4 if the populations do not differ; undefined if they do, or are not known. */
function equalPopulations({ volumes }: StudyScores): Judgement | undefined {
  const ratio = populationLungs(volumes, "ct") / populationLungs(volumes, "mr");
  if (!(ratio <= POPULATIONS_DIFFER)) return undefined;
  return {
    verdict: "not in this cohort",
    reason:
      `By Table 1, the lungs of the CT images have ${
        fixed(100 * ratio, 0)
      } % of the volume of the MR's. ` +
      "There is no bias to learn.",
  };
}

function plainLungs(scores: StudyScores): PlainLungs {
  const [mr, ct] = MODALITIES.map((of) =>
    lungsOf(
      scores,
      PLAIN_COLUMNS.filter(({ synthesis }) => synthesis.of === of),
      `the synthesised ${of.toUpperCase()} images`,
    )
  );
  return { mr, ct };
}

function textOf(lungs: PlainLungs): string {
  return MODALITIES.map((of) => {
    const { volume, borders } = lungs[of];
    return `${of.toUpperCase()}: volume ${fixed(volume.value, 2)}, borders ${
      fixed(borders.value, 1)
    } mm`;
  }).join("; ");
}

function populationText({ volumes }: StudyScores): string {
  const percent = 100 * populationLungs(volumes, "ct") / populationLungs(volumes, "mr");
  return Number.isNaN(percent)
    ? "the volumes of the populations' lungs are not known"
    : `lungs of the CT population ${fixed(percent, 0)} % of the MR population's`;
}

/** The volumes of syntheses that reproduced the paper's populations. */
function populationVolumes(): string {
  const volumes = (["right lung", "left lung"] as const).map((structure) => ({
    structure,
    ...PAPER_TABLE_1[structure],
  }));
  const ratio = populationLungs(volumes, "ct") / populationLungs(volumes, "mr");
  return `MR: volume ${fixed(1 / ratio, 2)}; CT: volume ${fixed(ratio, 2)}`;
}
