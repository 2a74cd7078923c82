/**
 * The finding about the consistency of syntheses across slices.
 *
 * @module
 */

import { ganSettings } from "../../workflows/gan_profiles.ts";
import type { PAPER_CHANNELS } from "../../workflows/gan_scales.ts";
import { PLAIN_COLUMNS } from "../columns.ts";
import { fixed } from "../tables/text_table.ts";
import type { Finding, Judgement } from "./finding.ts";
import { judge, type Score } from "./judge.ts";
import { SLICE_JUMPS } from "./measures.ts";
import { meanScore, type StudyScores } from "./study_scores.ts";

type Channels = typeof PAPER_CHANNELS[number];

/** Syntheses of three slices are inconsistent across slices: they jump more than the reference and than C=12. */
export function inconsistentSlices(scores: StudyScores): Finding {
  const few = jumpsOf(scores, 3);
  const many = jumpsOf(scores, 12);
  return {
    sentence:
      "Syntheses of few slices (C=3) are inconsistent across slices; those of many slices (C=12) are less so.",
    paper: "no numbers; shown in figures 1 and 2",
    ours: `slice jumps (1 in a consistent image), P=70: C=3 ${fixed(few.value, 2)}, C=12 ${
      fixed(many.value, 2)
    }${slicesText(scores)}`,
    ...sameSlices(scores) ?? judge([
      {
        difference: "The ratio of slice jumps with C=3 minus 1",
        value: few.value - 1,
        measure: SLICE_JUMPS,
        scores: [few],
      },
      {
        difference: "The ratio of slice jumps with C=3 minus that with C=12",
        value: few.value - many.value,
        measure: SLICE_JUMPS,
        scores: [few, many],
      },
    ]),
  };
}

/** The judgement if the profile's voxels give both the same number of slices. */
function sameSlices({ profile }: StudyScores): Judgement | undefined {
  const [few, many] = slicesOf(profile);
  if (few !== many) return undefined;
  return {
    verdict: "not at this size",
    reason:
      `In voxels of ${profile.voxel} mm, the number of slices is ${few} for C=3 and for C=12.`,
  };
}

function slicesText({ profile }: StudyScores): string {
  const [few, many] = slicesOf(profile);
  return few === 3 && many === 12 ? "" : `; the numbers of slices here are ${few} and ${many}`;
}

function slicesOf(profile: StudyScores["profile"]): number[] {
  return ([3, 12] as const).map((channels) => ganSettings(profile, { channels }).channels);
}

function jumpsOf(scores: StudyScores, channels: Channels): Score {
  const columns = PLAIN_COLUMNS.filter(({ synthesis }) =>
    synthesis.channels === channels && synthesis.field === 70
  );
  return {
    name: `slice jumps with C=${channels} P=70`,
    value: meanScore(scores, columns, ({ sliceJumps }) => sliceJumps),
  };
}
