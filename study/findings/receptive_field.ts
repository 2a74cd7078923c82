/**
 * The finding about the receptive field of the discriminators.
 *
 * @module
 */

import type { Modality } from "../../volume/modality.ts";
import { ganSettings } from "../../workflows/gan_profiles.ts";
import type { PAPER_FIELDS } from "../../workflows/gan_scales.ts";
import { receptiveField } from "../../gan/networks/discriminator.ts";
import { PLAIN_COLUMNS, type SynthesisedColumn } from "../columns.ts";
import { meanOf } from "../scores/mean.ts";
import { PAPER_TABLE_2 } from "../tables/paper_tables.ts";
import { fixed } from "../tables/text_table.ts";
import type { Finding, Judgement } from "./finding.ts";
import { judge, type Score } from "./judge.ts";
import { IMAGE_ERROR, LUNG_VOLUME } from "./measures.ts";
import { lungsOf, meanScore, type StudyScores } from "./study_scores.ts";

type Field = typeof PAPER_FIELDS[number];

const FIELDS = [70, 34, 22] as const;

/** A smaller receptive field gives less bias of the lungs and a poorer image: P=34 against P=70, as in the paper. */
export function smallerField(scores: StudyScores): Finding {
  const [bias70, bias34, bias22] = FIELDS.map((field) => biasOf(scores, field));
  const [error70, error34, error22] = FIELDS.map((field) => errorOf(scores, field));
  const thorax = FIELDS.map((field) => fixed(paperDice(field), 1)).join(", ");
  return {
    sentence:
      "A smaller receptive field (P=34 instead of 70, C=12) gives less bias of the lungs, but a poorer image.",
    paper: `no numbers ("sometimes"); Dice of the thorax with P=70, 34, 22: ${thorax}`,
    ours: `deviation of the lung volume with P=70, 34, 22: ${
      [bias70, bias34, bias22].map(({ value }) => fixed(value, 2)).join(", ")
    }; error: ${[error70, error34, error22].map(({ value }) => fixed(value, 1)).join(", ")} %`,
    ...sameFields(scores) ?? judge([
      {
        difference: "The deviation of the lung volume with P=70 minus that with P=34",
        value: bias70.value - bias34.value,
        measure: LUNG_VOLUME,
        scores: [bias70, bias34],
      },
      {
        difference: "The error with P=34 minus that with P=70",
        value: error34.value - error70.value,
        measure: IMAGE_ERROR,
        scores: [error70, error34],
      },
    ]),
  };
}

/** The judgement if the profile's voxels give both fields one network. */
function sameFields({ profile }: StudyScores): Judgement | undefined {
  const [large, small] = ([70, 34] as const).map((field) =>
    receptiveField(ganSettings(profile, { channels: 12, field }).strides)
  );
  if (large !== small) return undefined;
  return {
    verdict: "not at this size",
    reason: `In voxels of ${profile.voxel} mm, P=70 and P=34 are both ${large} pixels.`,
  };
}

/** The mean over MR and CT of the deviation of the lung volume from 1. */
function biasOf(scores: StudyScores, field: Field): Score {
  const deviations = (["mr", "ct"] as const).map((of) =>
    Math.abs(lungsOf(scores, columnsOf(field, of), "").volume.value - 1)
  );
  return {
    name: `lung volume with C=12 P=${field}`,
    value: (deviations[0] + deviations[1]) / 2,
  };
}

/** The mean over MR and CT of the error, percent of the range. */
function errorOf(scores: StudyScores, field: Field): Score {
  const errors = (["mr", "ct"] as const).map((of) =>
    100 * meanScore(scores, columnsOf(field, of), ({ error }) => error)
  );
  return {
    name: `error against the true images with C=12 P=${field}`,
    value: (errors[0] + errors[1]) / 2,
  };
}

function paperDice(field: Field): number {
  const columns = (["mr", "ct"] as const).flatMap((of) => columnsOf(field, of));
  return meanOf(columns.map(({ name }) => PAPER_TABLE_2.thorax[name]));
}

function columnsOf(field: Field, of: Modality): SynthesisedColumn[] {
  return PLAIN_COLUMNS.filter(({ synthesis }) =>
    synthesis.channels === 12 && synthesis.field === field && synthesis.of === of
  );
}
