/**
 * A finding of the paper, with the scores of a study that support or contradict it.
 *
 * @module
 */

/**
 * The result of the comparison:
 *
 * - `holds`: each part of the finding is true by more than the limit of its measure.
 * - `does not hold`: a part of the finding is false by more than the limit.
 * - `not at this size`: a difference is within the limit, or the profile cannot show it.
 * - `not in this cohort`: scores are missing, or the cohort lacks what the finding is about.
 */
export type Verdict = "holds" | "does not hold" | "not at this size" | "not in this cohort";

/** A verdict with the numbers that decided it. */
export interface Judgement {
  /** The verdict. */
  readonly verdict: Verdict;
  /** The numbers that decided the verdict, or the missing scores, in sentences. */
  readonly reason: string;
}

/** A finding. */
export interface Finding extends Judgement {
  /** The finding in one sentence. */
  readonly sentence: string;
  /** The paper's numbers. */
  readonly paper: string;
  /** The study's numbers. */
  readonly ours: string;
}
